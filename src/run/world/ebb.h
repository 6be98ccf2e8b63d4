/* SPDX-License-Identifier: MIT */
/*
 * The calm after traffic: a world's buffers, and the pages of the heap between
 * what is still in use, go back to the kernel.  A heap that had to hold many
 * connections at once is full of holes afterwards, and would stay as large as
 * it ever was.
 */
#ifndef RUN_WORLD_EBB_H
#define RUN_WORLD_EBB_H

#include <stdbool.h>

#include "loop/loop.h"

struct cn_pool;

struct ebb {
	struct loop *loop;
	struct cn_pool *pool;
	struct loop_timer timer;
	unsigned moves; /* since the timer was set */
	bool flood; /* there was much since memory last went back */
};

void ebb_init(struct ebb *ebb, struct loop *loop, struct cn_pool *pool);
void ebb_deinit(struct ebb *ebb);
/* Something was done. */
void ebb_moved(struct ebb *ebb);

#endif
