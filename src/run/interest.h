/* SPDX-License-Identifier: MIT */
/*
 * What the epoll instances of a process want to hear of one of its sockets.
 */
#ifndef RUN_INTEREST_H
#define RUN_INTEREST_H

#include <stdint.h>
#include <sys/types.h>

struct tasks;

/*
 * Every registration of the socket `old`, whose inode is given, with an epoll
 * instance of the task's process becomes one of `fresh`, under the same number
 * and with the same events and data.  Both are copies of ours.  What cannot be
 * moved stays as it is.
 */
void interest_move(struct tasks *tasks, pid_t tid, uint64_t inode, int old,
		   int fresh);

#endif
