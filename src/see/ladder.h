/* SPDX-License-Identifier: MIT */
/*
 * The ladder: time, both hosts, an arrow for each segment, and in words what
 * it did and why.
 *
 * A segment whose arrival is the next thing to happen in its connection is one
 * arrow; where segments cross, the sending and the arrival are two.  Segments
 * that are many alike are folded into a count.
 */
#ifndef SEE_LADDER_H
#define SEE_LADDER_H

#include <catenet/engine.h>
#include <catenet/link.h>

#include "see/lang.h"

struct see_ladder;

struct see_ladder_config {
	unsigned width; /* columns; 60 at least are used */
	enum see_lang lang;
	bool colour;
	bool ascii; /* the terminal has no UTF-8 */
	/* Of the hosts whose events have number 0 (drawn left) and 1; NULL:
	 * client and server. */
	const char *name[2];
	/* More hosts than two: their names by their numbers, in place of name
	 * (borrowed); who opens a connection is drawn left. */
	const char *const *host;
	unsigned host_n;
	unsigned quiet_max; /* segments alike that are shown before folding */
	uint64_t start; /* instant 0 of the time column */
	/* Whole lines. */
	void (*write)(void *ctx, const char *text, size_t len);
	void *ctx;
};

/* NULL: no memory.  The names are copied, and escaped. */
struct see_ladder *see_ladder_new(const struct see_ladder_config *config);
/* Tells what is still held back. */
void see_ladder_free(struct see_ladder *ladder);

/* host: 0 or 1, whose trace it is. */
void see_ladder_event(struct see_ladder *ladder, int host,
		      const struct cn_trace *trace);
/* What the path did with a packet of the segment that was sent last. */
void see_ladder_fate(struct see_ladder *ladder, const struct cn_frame *frame,
		     enum cn_fate fate, uint64_t now);
/* A packet that is not TCP, as see_events_packet: a line of words.  Of many
 * alike the first are drawn, then the powers of two. */
void see_ladder_packet(struct see_ladder *ladder, int sender, int receiver,
		       const struct cn_frame *frame, uint32_t skip,
		       enum cn_fate fate, uint64_t now);
/* A program's call, on the left (0) or on the right. */
void see_ladder_call(struct see_ladder *ladder, unsigned side, const char *text,
		     uint64_t now);
/* Nothing more follows for now: tells what is held back. */
void see_ladder_flush(struct see_ladder *ladder);

#endif
