/* SPDX-License-Identifier: MIT */
/*
 * Events as JSON lines: one object a line, as docs/events.md describes and
 * docs/events.schema.json demands.
 */
#ifndef SEE_EVENTS_H
#define SEE_EVENTS_H

#include <catenet/engine.h>
#include <catenet/link.h>

#include "see/lang.h"

#define SEE_EVENTS_VERSION 1

struct see_events;

struct see_events_config {
	enum see_lang lang; /* of "text" */
	const char *name[2]; /* of the hosts */
	/* More than two: by their numbers, in place of name (borrowed). */
	const char *const *host;
	unsigned host_n;
	uint64_t start; /* instant 0 of "t" */
	/* Whole lines. */
	void (*write)(void *ctx, const char *text, size_t len);
	void *ctx;
};

/* Writes the first line; NULL: no memory.  Names are copied. */
struct see_events *see_events_new(const struct see_events_config *config);
void see_events_free(struct see_events *events);

void see_events_event(struct see_events *events, int host,
		      const struct cn_trace *trace);
/* What happened to a datagram of that host. */
void see_events_dgram(struct see_events *events, int host,
		      const struct cn_dgram_trace *trace);
/* A packet that is not TCP, read on its way (see/packet.h), and what the path
 * did with it.  sender: whose host it left; -1: nobody's that is known.  skip:
 * octets before its IP header.  Of TCP nothing is written. */
void see_events_packet(struct see_events *events, int sender,
		       const struct cn_frame *frame, uint32_t skip,
		       enum cn_fate fate, uint64_t now);
/* What the path did with a packet of TCP; nothing is written of those that it
 * just carries. */
void see_events_fate(struct see_events *events, const struct cn_frame *frame,
		     enum cn_fate fate, uint64_t now);

#endif
