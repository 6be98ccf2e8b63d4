/* SPDX-License-Identifier: MIT */
/*
 * Starting the first program under the filter.
 */
#ifndef RUN_LAUNCH_H
#define RUN_LAUNCH_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct netns;

struct launch {
	char *const *argv;
	const sigset_t *mask; /* the program's */
	bool ignore_child; /* SIGCHLD was ignored when we were started */
	bool force_nnp, watch_sendmsg;
	const struct netns *netns; /* to go into, or NULL */
	const char *resolv; /* of /etc/resolv.conf there; "": as it is */
	const char *hostname; /* in there; "": the machine's */
	const char *hosts; /* of /etc/hosts; NULL, "": likewise */
	bool verbose;
	pid_t pid; /* out */
	int listener; /* out: its notified calls */
};

/* 0, or the exit code that says why not (125, 126, 127), having said so. */
int launch(struct launch *launch);

#endif
