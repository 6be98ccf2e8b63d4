/* SPDX-License-Identifier: MIT */
/*
 * What a connection needs only while it is busy: data are in flight, queued
 * or unread.  It is a block of the pool, so that an idle connection does not
 * pay for it (docs/architecture.md, "Memory").
 *
 * Who uses what.  recovery.c owns `rec`; what receives owns `dsack`; the
 * controllers, pacing and rate samples, and the tuning of the receive window
 * each add a struct of their own as one member and touch no other's.
 *
 * How long it lives.  tcp_busy() makes it, whoever needs it first.  It goes as
 * soon as nothing is in flight, queued, unread or beyond a gap, unless somebody
 * set a bit of `keep`: then it stays for BUSY_IDLE_NS of rest.  Afterwards everything is as on the first day but for what the
 * TCB keeps (cwnd, ssthresh, RTT), and RFC 5681 section 4.1 has said what that
 * is worth.
 *
 * Without memory there is none, at any time: whoever reads tcb->busy must do
 * without (RFC 6675 instead of RACK and PRR, no tuning, no undo), and nothing
 * may fail for it.
 */
#ifndef TCP_BUSY_H
#define TCP_BUSY_H

#include "tcp/limits.h"
#include "tcp/pace.h"
#include "tcp/rate.h"
#include "tcp/tcb.h"
#include "tcp/tune.h"

#define BUSY_IDLE_NS (10 * CN_NS_PER_SEC)

/* What is worth keeping through a short rest. */
enum busy_keep {
	BUSY_KEEP_RECOVERY = 1, /* recovery.c: reordering was seen */
	BUSY_KEEP_CC = 2, /* the controller's, pacing's, rate samples' */
	BUSY_KEEP_RCV = 4, /* the receive window's tuning */
};

/* Loss recovery's own (recovery.c). */
struct tcp_recovery {
	/* RFC 8985 section 5.3: RACK.xmit_ts (microseconds), RACK.end_seq,
	 * RACK.rtt, RACK.reordering_seen, and the window's adaptation. */
	uint32_t rack_us, rack_end, rack_rtt_us;
	uint32_t reo_round_end; /* RACK.dsack_round */
	uint16_t reordering; /* the most seen, segments */
	uint8_t reo_more; /* quarters of the smallest RTT beyond the first */
	uint8_t reo_persist;
	/* An ACK delivered something that was not judged by yet. */
	bool rack_news : 1;
	bool rack_has : 1, reordered : 1, reo_round : 1;
	/* TLP (with tcb->tlp_out): it sent something again; TLP.end_seq. */
	bool tlp_again : 1;
	/* The last reduction may be undone; something was sent again since;
	 * when (the timestamp it bore), from where on, and how many of these
	 * segments the peer has not reported as duplicates. */
	bool undo_can : 1, undo_has_sent : 1;
	bool frto : 1; /* RFC 5682: the timeout may have been spurious */
	bool frto_new : 1; /* ... and new data may find out, now */
	uint32_t tlp_high;
	uint32_t undo_ts, undo_una, undo_segs;
	uint32_t prior_ssthresh;
	uint32_t dsack_n; /* segments that came twice, as the peer says */
	uint32_t dup_room; /* octets that duplicate ACKs may yet stand for */
	/* RFC 9937, while prr_fs (RecoverFS) is not 0. */
	uint32_t prr_fs, prr_delivered, prr_out;
	/* While the timer waits for reordering: when it would time out. */
	uint64_t rto_at;
};

struct tcp_busy {
	uint64_t idle_at; /* it has rested long enough; CN_NEVER: it works */
	uint8_t keep; /* enum busy_keep */
	struct tcp_block dsack; /* with TCP_OWE_DSACK: the next to report */
	struct tcp_recovery rec;
	struct tcp_rate rate;
	struct tcp_pace pace;
	struct tune_in in; /* tune.c */
	struct tcp_limits limits;
};

/* The block, made if there is none; NULL without memory. */
struct tcp_busy *tcp_busy(struct tcb *tcb, uint64_t now);
void busy_free(struct tcb *tcb);
/* The end of every verb: a block that nobody needs is given back. */
void busy_settle(struct tcb *tcb, uint64_t now);

#endif
