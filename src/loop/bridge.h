/* SPDX-License-Identifier: MIT */
/*
 * Two interfaces joined by two impaired paths under the real clock: what comes
 * in at one leaves at the other, late, or not at all.
 */
#ifndef LOOP_BRIDGE_H
#define LOOP_BRIDGE_H

#include <catenet/link.h>

#include "link/station.h"
#include "loop/loop.h"

struct bridge {
	/* The owner's, to be set before bridge_begin; they outlive it. */
	struct loop *loop;
	struct cn_pool *pool;
	struct station *station[2];
	struct cn_path *path[2]; /* from station i to the other */
	/* Octets that both paths may hold together: what is long under way and
	 * comes fast would take all that there is. */
	size_t memory_limit;

	/* The bridge's. */
	struct bridge_side {
		struct bridge *bridge;
		int from;
		struct loop_watch watch;
		struct loop_timer timer;
		struct cn_frame held; /* refused for the moment */
		bool holds;
		uint64_t full_n; /* came in, and were beyond the limit */
	} side[2];
	int err; /* an interface is gone: -errno; the loop's owner looks */
};

/* 0 or -errno. */
int bridge_begin(struct bridge *bridge) CN_MUST_CHECK;
/* Lets go of the loop and of frames. */
void bridge_end(struct bridge *bridge);

#endif
