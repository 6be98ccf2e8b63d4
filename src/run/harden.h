/* SPDX-License-Identifier: MIT */
/*
 * What the supervisor gives up once the program runs.
 */
#ifndef RUN_HARDEN_H
#define RUN_HARDEN_H

/* All capabilities but those it needs, the power to gain others, and the
 * calls that start programs or change the machine.  Cannot fail: what the
 * kernel does not offer is left out. */
void harden(void);

#endif
