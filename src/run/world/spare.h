/* SPDX-License-Identifier: MIT */
/*
 * Descriptors are bounded, and a program may take all that there are: one for
 * each of its sockets, and one for what is at the gateway's other end.  Some
 * are kept for what must not fail: looking at a descriptor of the program's
 * needs one of ours (pidfd_getfd), and what waits for accept has no use of its
 * own before that.
 */
#ifndef RUN_WORLD_SPARE_H
#define RUN_WORLD_SPARE_H

#include <stdbool.h>

/* Of the supervisor's, never the program's sockets'. */
#define SPARE_KEPT 32u

/* True while as many may be opened and the kept ones are still there. */
bool spare_has(unsigned n);

#endif
