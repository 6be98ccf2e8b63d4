/* SPDX-License-Identifier: MIT */
/*
 * A path under the virtual clock of spec.h: a bottleneck of a rate with a queue
 * before it, and a receiver that acknowledges each segment, with SACK.  All
 * segments are of 1000 octets.
 */
#ifndef SPEC_BOTTLENECK_H
#define SPEC_BOTTLENECK_H

#include "spec.h"

#define PATH_SEGS 65536u
#define PATH_ACKS 4096u

static struct path {
	uint64_t rate; /* octets a second */
	uint64_t rtt;
	uint32_t queue; /* octets that may wait; 0: any number */
	bool quiet; /* the application has nothing more to say */
	void (*watch)(void); /* after each event */
	/* What came of it */
	uint32_t left; /* segments, lost ones too */
	uint32_t lost;
	uint64_t left_at; /* the last one */

	uint64_t free_at; /* the bottleneck has done its work */
	bool has[PATH_SEGS]; /* the receiver, by segment from 0 */
	uint32_t missing; /* the first that it has not */
	uint32_t recent; /* came last */
	struct {
		uint64_t at;
		struct line line;
	} ack[PATH_ACKS];
	uint32_t ack_first, ack_n;
} path;

static inline void path_begin(uint64_t rate, uint64_t rtt)
{
	memset(&path, 0, sizeof(path));
	path.rate = rate;
	path.rtt = rtt;
}

/* Octets that a round trip of the path's rate is. */
static inline uint32_t path_bdp(void)
{
	return (uint32_t)(path.rate * (path.rtt / MS) / 1000);
}

/* The stretch around that segment as a block. */
static inline void path_block(struct line *line, unsigned n, uint32_t seg)
{
	uint32_t first = seg, end = seg + 1;

	while (first > path.missing && path.has[first - 1])
		first--;
	while (path.has[end])
		end++;
	line->sack[n].left = 1 + (int64_t)first * 1000;
	line->sack[n].right = 1 + (int64_t)end * 1000;
}

/* It reaches the receiver at that time. */
static inline void path_arrives(uint32_t seg, uint64_t at)
{
	struct line line = {.flags = "A", .seq = 1};
	uint32_t i;

	path.has[seg] = true;
	while (path.has[path.missing])
		path.missing++;
	line.ack = 1 + (int64_t)path.missing * 1000;
	if (seg > path.missing)
		path_block(&line, 0, seg);
	if (seg > path.missing && path.recent > path.missing &&
	    path.has[path.recent] &&
	    (line.sack[0].left > 1 + (int64_t)path.recent * 1000 ||
	     line.sack[0].right <= 1 + (int64_t)path.recent * 1000))
		path_block(&line, 1, path.recent);
	path.recent = seg;
	i = (path.ack_first + path.ack_n++) % PATH_ACKS;
	is(path.ack_n < PATH_ACKS, true);
	path.ack[i].at = at;
	path.ack[i].line = line;
}

static inline void path_takes(const struct tcp_seg *sent)
{
	uint64_t waits = path.free_at > t.now ? path.free_at - t.now : 0;
	uint32_t seg = (sent->seq - t.iss - 1) / 1000;

	path.left++;
	path.left_at = t.now;
	is(sent->data_len, 1000);
	is(seg < PATH_SEGS - 1, true);
	if (path.queue && waits * path.rate / SEC > path.queue) {
		path.lost++;
		return;
	}
	path.free_at = t.now + waits + UINT64_C(1000) * SEC / path.rate;
	path_arrives(seg, path.free_at + path.rtt);
}

static inline void path_emits(void)
{
	struct tcp_seg seg;

	if (!path.quiet && t.tcb.snd_end - t.tcb.snd_nxt < 100000)
		sends(100000);
	while (spec_emit(&seg)) {
		path_takes(&seg);
		spec_release(&seg);
	}
	if (path.watch)
		path.watch();
}

/* The next thing that happens, if it does by then. */
static inline bool path_step(uint64_t until)
{
	uint64_t ack = path.ack_n ? path.ack[path.ack_first].at : NEVER;
	uint64_t timer = tcp_deadline(&t.tcb);
	uint64_t next = ack < timer ? ack : timer;

	if (next > until)
		return false;
	if (next > t.now)
		t.now = next;
	if (ack <= t.now) {
		spec_in(path.ack[path.ack_first].line);
		path.ack_first = (path.ack_first + 1) % PATH_ACKS;
		path.ack_n--;
	} else {
		tcp_advance(&t.tcb, t.now);
	}
	path_emits();
	return true;
}

static inline void path_runs(uint64_t ns)
{
	uint64_t until = t.now + ns;

	path_emits();
	while (path_step(until))
		;
	t.now = until;
}

#endif
