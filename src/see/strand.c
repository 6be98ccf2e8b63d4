/* SPDX-License-Identifier: MIT */
/* What the ladder keeps of a connection. */
#include "see/strand.h"

#include <string.h>

#include "base/seq.h"
#include "wire/tcp_seg.h"

#define TOGETHER_NS CN_NS_PER_MS

bool strand_is_restless(const struct strand *strand)
{
	const struct fold *fold = &strand->fold;

	return strand->has_pending || strand->has_folded || strand->held_n ||
	       fold->data || fold->acks || fold->dups;
}

void strand_await(struct strand *strand, unsigned end,
		  const struct cn_trace *trace)
{
	struct awaited *to =
		&strand->awaited[strand->awaited_next++ % AWAITED_MAX];

	*to = (struct awaited){
		.used = true,
		.end = (uint8_t)end,
		.sent = *trace,
	};
}

/* Duplicate ACKs differ in what they report. */
static bool is_same_segment(const struct cn_trace *a, const struct cn_trace *b)
{
	return a->seq == b->seq && a->ack == b->ack && a->len == b->len &&
	       a->flags == b->flags && a->sack_n == b->sack_n &&
	       !memcmp(a->sack, b->sack, sizeof(a->sack));
}

/* What left as one and was cut on the way: its first packet and its last stand
 * for all. */
static bool is_end_piece(const struct cn_trace *sent,
			 const struct cn_trace *trace, bool *last)
{
	uint32_t off = trace->seq - sent->seq;

	*last = off + trace->len == sent->len;
	return sent->seg_size && trace->len && trace->len < sent->len &&
	       trace->ack == sent->ack && (!off || *last) &&
	       off <= sent->len - trace->len;
}

bool strand_expects(struct strand *strand, unsigned end,
		    const struct cn_trace *trace)
{
	/* The oldest first: what left first arrives first, mostly. */
	for (unsigned i = 0; i < AWAITED_MAX; i++) {
		struct awaited *a =
			&strand->awaited[(strand->awaited_next + i) %
					 AWAITED_MAX];
		bool last = true;

		if (!a->used || a->end == end ||
		    (!is_same_segment(&a->sent, trace) &&
		     !is_end_piece(&a->sent, trace, &last)))
			continue;
		a->used = !last;
		return true;
	}
	return false;
}

bool strand_is_arrival(const struct strand *strand, unsigned end,
		       const struct cn_trace *trace)
{
	return strand->has_pending && strand->pending_end != end &&
	       !strand->lost && is_same_segment(&strand->pending_trace, trace);
}

/* A call and the segment that it causes are not at the very same instant where
 * the clock is real. */
bool strand_held_are_for(const struct strand *strand, unsigned end,
			 const struct cn_trace *trace)
{
	for (unsigned i = 0; i < strand->held_n; i++)
		if (strand->held[i].end != end ||
		    strand->held[i].trace.at + TOGETHER_NS < trace->at)
			return false;
	return true;
}

void strand_fold(struct strand *strand, enum see_quiet quiet,
		 const struct cn_trace *trace)
{
	unsigned segs = 1;

	strand->fold.at = trace->at;
	if (trace->seg_size && trace->len)
		segs = (trace->len + trace->seg_size - 1) / trace->seg_size;
	switch (quiet) {
	case SEE_QUIET_DATA:
		strand->fold.data += segs;
		strand->fold.octets += trace->len;
		break;
	case SEE_QUIET_ACK:
		strand->fold.acks++;
		break;
	case SEE_QUIET_DUP:
		strand->fold.dups++;
		break;
	case SEE_LOUD:
		break;
	}
}

void strand_loud(struct strand *strand)
{
	memset(strand->quiet_n, 0, sizeof(strand->quiet_n));
}

bool strand_holds(const struct cn_trace *trace, uint32_t seq)
{
	uint32_t len = trace->len + !!(trace->flags & (TCP_SYN | TCP_FIN));

	return seq == trace->seq || seq_in_window(seq, trace->seq, len);
}
