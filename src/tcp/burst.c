/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.8: more of the same.  When a full segment of new data has
 * been built, those behind it that both windows let go at the same instant
 * differ from it in sequence number alone: nothing has to be decided again,
 * no option can have changed, every timer runs already.
 *
 * Whoever asks for them must not have let anything else happen to the
 * connection since; test/unit/burst.c proves that octets and records are the
 * same as tcp_emit's.
 */
#include "base/assert.h"
#include "tcp/output.h"
#include "tcp/pace.h"
#include "tcp/recovery.h"
#include "tcp/sent.h"
#include "tcp/timeout.h"

uint32_t tcp_burst(const struct tcb *tcb, const struct tcp_seg *seg,
		   uint64_t now)
{
	uint32_t mss = seg->data_len, n, room;
	/* The count that goes on each (RFC 9768). */
	uint8_t count = tcb->accecn ? TCP_ECE | TCP_CWR : 0;

	if (!mss || seg->seg_size || (seg->flags & ~count) != TCP_ACK ||
	    seg->options & (TCP_OPT_SACK | TCP_OPT_ACCECN) ||
	    seg->seq + mss != tcb->snd_nxt)
		return 0;
	/* What is lost goes first, and debts ask for another plan. */
	if (tcb->lost || tcb->owe || tcb->urg_out || tcb->eor)
		return 0;
	if (mss != output_mss(tcb))
		return 0;
	n = output_whole_segs(tcb, mss);
	room = pace_room(tcb, now) / mss;
	if (n > room)
		n = room;
	return n < SENT_SEGS_MAX ? n : SENT_SEGS_MAX;
}

bool tcp_emit_again(struct tcb *tcb, struct tcp_seg *seg, uint32_t n,
		    uint64_t now)
{
	uint32_t mss = seg->data_len, i;

	CN_ASSERT(n <= SENT_SEGS_MAX);
	if (!sent_push(tcb, tcb->snd_nxt, n * mss, (uint16_t)mss, seg->flags,
		       now))
		return false;
	for (i = 0; i < n; i++) {
		seg->seq = tcb->snd_nxt;
		output_advance(tcb, mss);
		output_account(tcb, seg, CN_SEND_DATA, false, now);
	}
	timeout_sent(tcb, now);
	if (tcb->in_recovery)
		recovery_sent(tcb, n * mss, n, false, now);
	seg->seq -= (n - 1) * mss;
	return true;
}
