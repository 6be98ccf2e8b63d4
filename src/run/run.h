/* SPDX-License-Identifier: MIT */
/*
 * catenet run: a program, and all that it starts, on our own TCP.
 */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include <stdbool.h>
#include <stdint.h>

/* Newer features of the kernel that a test may force to be absent. */
enum run_without {
	RUN_WITHOUT_PIDFD_THREAD = 1 << 0, /* before 6.9 */
	RUN_WITHOUT_SYNC_WAKE_UP = 1 << 1, /* before 6.6 */
	RUN_WITHOUT_UNIX_DIAG = 1 << 2, /* no module: /proc/net/unix */
	RUN_WITHOUT_CAP_FILTER = 1 << 3, /* no_new_privs even as root */
	RUN_WITHOUT_TUN = 1 << 4, /* /dev/net/tun is closed */
	RUN_WITHOUT_NAMESPACE = 1 << 5, /* forbidden */
};

struct run_options {
	char *const *argv; /* the program and its arguments, NULL at the end */
	bool quiet, verbose;
	bool no_namespace; /* UDP and ICMP stay the machine's */
	bool watch_sendmsg; /* every sendmsg is looked at */
	unsigned without; /* enum run_without */
	/* A world that has a name, and one of its hosts; NULL: one of our own. */
	const char *world, *host;
	/* What follows is the world's: see world/options.h. */
	const void *path;
};

/* Runs it all; returns the exit code of the first program, by convention: 125
 * catenet itself failed, 126 the program cannot be run, 127 there is none,
 * 128 + n it died of signal n. */
int run_main(const struct run_options *options);

#endif
