/* SPDX-License-Identifier: MIT */
/*
 * catenet world: the process that keeps a world with a name, which supervisors
 * join and leave.
 */
#ifndef RUN_KEEP_H
#define RUN_KEEP_H

#include <stdbool.h>

struct look_ask;
struct world_options;

struct keep_options {
	const char *name;
	bool background; /* return once it runs, and leave the terminal */
	bool quiet, verbose;
	const struct world_options *world;
};

/* Keeps it until it is stopped; the exit code: 125 where it did not begin. */
int keep_main(const struct keep_options *options);

/* Asks the world of that name to end, and waits until it has; exit code. */
int keep_stop(const char *name);
/* Lists it on standard output: who is there, or (enum talk_list) what its
 * network is; exit code. */
int keep_list(const char *name, int which);
/* Changes its network as text says; exit code. */
int keep_change(const char *name, const char *text);
/* What is asked for goes to the file ("-": standard output), until Ctrl-C or
 * the world's end; exit code. */
int keep_capture(const char *name, const char *file,
		 const struct look_ask *look);

#endif
