/* SPDX-License-Identifier: MIT */
/*
 * Whoever looks at a world: the ladder, the events' file, the comments of a
 * capture, and the account of what limited each transfer.  Looking changes no
 * octet and no decision.
 */
#ifndef RUN_WORLD_WATCH_H
#define RUN_WORLD_WATCH_H

#include <catenet/engine.h>
#include <catenet/link.h>

#include "run/world/options.h"
#include "run/world/tap.h"
#include "see/limits.h"

struct watch;

/* What passes over a path, or within the program's host. */
struct watch_lane {
	struct watch *watch; /* NULL: only the capture looks, or nobody */
	struct tap_sink tap;
	int sender; /* host 0 or 1; -1: both */
};

/* *watch is NULL where nobody looks.  summary: it will be asked for shares.
 * 0 or a positive errno. */
int watch_open(const struct world_options *options, bool summary, uint64_t now,
	       struct watch **watch);
/* Tells what is held back; NULL is allowed. */
void watch_close(struct watch *watch);

/* Tells what is held back: the summary follows. */
void watch_flush(struct watch *watch);

/* For the settings of the program's host (0) and the gateway's (1). */
const struct cn_trace_sink *watch_trace(struct watch *watch, int host);
const struct cn_dgram_sink *watch_dgrams(struct watch *watch, int host);

/* The packet function of a struct cn_path_sink; ctx is a struct watch_lane. */
void watch_packet(void *ctx, const struct cn_frame *frame, enum cn_fate fate,
		  uint64_t now);
/* The frame function of a struct cn_frame_sink; ctx is a struct watch_lane. */
void watch_loopback(void *ctx, int link, const struct cn_frame *frame,
		    uint64_t now);

/* What limited what local sent to peer; false: nobody looked. */
bool watch_share(struct watch *watch, const struct cn_endpoint *local,
		 const struct cn_endpoint *peer, uint64_t now,
		 struct see_share *share);

#endif
