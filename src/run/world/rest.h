/* SPDX-License-Identifier: MIT */
/*
 * A listener whose accept has failed for want of descriptors or memory is
 * readable all the same: it is looked at again after a while, not at once.
 */
#ifndef RUN_WORLD_REST_H
#define RUN_WORLD_REST_H

#include "loop/loop.h"

struct rest {
	struct loop *loop;
	struct loop_watch *watch; /* of the listener, for EPOLLIN */
	struct loop_timer timer;
};

void rest_init(struct rest *rest, struct loop *loop, struct loop_watch *watch);
/* The next connection, close-on-exec and non-blocking, or -1: then the listener
 * may have been given a rest. */
int rest_accept(struct rest *rest);
/* Before the listener is no longer watched. */
void rest_end(struct rest *rest);

#endif
