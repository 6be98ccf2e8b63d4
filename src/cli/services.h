/* SPDX-License-Identifier: MIT */
#ifndef CLI_SERVICES_H
#define CLI_SERVICES_H

/* catenet services; argv[0] is its name in messages.  The exit code. */
int services_main(int argc, char **argv);

#endif
