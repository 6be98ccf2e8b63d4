/* SPDX-License-Identifier: MIT */
/*
 * Whether a call that comes again is the same one: a signal had interrupted it,
 * and the kernel, or the program because of EINTR, makes it once more.
 */
#ifndef RUN_RESTART_H
#define RUN_RESTART_H

#include <stdint.h>
#include <sys/types.h>

enum restart {
	RESTART_NO,
	RESTART_YES, /* the kernel makes it once more */
	RESTART_TOLD, /* the program does, having been told EINTR */
	RESTART_UNKNOWN, /* handlers may have a stack of their own, or the task
			    cannot be looked into */
};

/* Of a task that waits in the call nr; args: its first three arguments. */
enum restart restart_look(pid_t tid, int nr, const uint64_t args[3]);

#endif
