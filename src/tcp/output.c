/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 sections 3.7 and 3.8: nothing but this file builds a segment of a
 * connection.  output_plan.c says which, and how much of it may go.
 */
#include "tcp/output.h"

#include <string.h>

#include "base/assert.h"
#include "tcp/accecn.h"
#include "tcp/busy.h"
#include "tcp/congestion.h"
#include "tcp/fast_open.h"
#include "tcp/limits.h"
#include "tcp/options.h"
#include "tcp/output_plan.h"
#include "tcp/pace.h"
#include "tcp/plpmtud.h"
#include "tcp/rack.h"
#include "tcp/rate.h"
#include "tcp/recovery.h"
#include "tcp/recvq.h"
#include "tcp/sendq.h"
#include "tcp/sent.h"
#include "tcp/timeout.h"
#include "tcp/trace.h"
#include "tcp/window.h"

#define NO_MEMORY_RETRY_NS (10 * CN_NS_PER_MS)

void output_advance(struct tcb *tcb, uint32_t len)
{
	uint32_t before = tcb->snd_nxt - tcb->iss;

	tcb->snd_nxt += len;
	if (tcb->snd_nxt - tcb->iss < before)
		tcb->snd_wraps++;
}

static unsigned put_blocks(struct tcb *tcb, struct tcp_seg *seg)
{
	unsigned max = tcb->ts_ok ? 3 : 4, n = 0;

	if (!tcb->sack_ok ||
	    !(recvq_has_gap(tcb) || (tcb->owe & TCP_OWE_DSACK)))
		return 0;
	/* RFC 2883 section 4: the duplicate first, then the block around it. */
	if (tcb->owe & TCP_OWE_DSACK)
		seg->sack[n++] = tcb->busy->dsack;
	return n + recvq_blocks(tcb, seg->sack + n, max - n);
}

/* What competes for the place that timestamps leave. */
static void add_options(struct tcb *tcb, struct tcp_seg *seg,
			enum accecn_use use)
{
	unsigned n = put_blocks(tcb, seg);
	uint32_t len = 0;

	if (tcb->accecn)
		len = accecn_option_len(tcb, use,
					tcb->ts_ok ? TS_OPTION_LEN : 0, &n);
	if (n) {
		seg->sack_n = (uint8_t)n;
		seg->options |= TCP_OPT_SACK;
	}
	if (tcb->accecn)
		accecn_build(tcb, seg, len, use);
	else
		ecn_build(tcb, seg);
}

static void add_urgent(const struct tcb *tcb, struct tcp_seg *seg)
{
	uint32_t up = tcb->snd_up - seg->seq;

	if (!tcb->urg_out || seq_le(tcb->snd_up, seg->seq))
		return;
	seg->flags |= TCP_URG;
	seg->up = (uint16_t)(up < 65535 ? up : 65535);
}

static void add_timestamp(const struct tcb *tcb, struct tcp_seg *seg,
			  uint64_t now)
{
	if (!tcb->ts_ok)
		return;
	seg->options |= TCP_OPT_TS;
	seg->tsval = ts_clock(now) + tcb->ts_off;
	seg->tsecr = tcb->ts_recent;
}

/* What every segment of a synchronized connection bears.  It pays the ACKs
 * that are owed. */
static void build(struct tcb *tcb, struct tcp_seg *seg, uint32_t seq,
		  unsigned flags, enum accecn_use use, uint64_t now)
{
	memset(seg, 0, offsetof(struct tcp_seg, slice));
	seg->seq = seq;
	seg->ack = tcb->rcv_nxt;
	seg->flags = (uint8_t)(flags | TCP_ACK);
	seg->tos = tcb->tos; /* SHLD-22, SHLD-23 */
	add_timestamp(tcb, seg, now);
	add_options(tcb, seg, use);
	seg->wnd = window_offer(tcb, false);
	if (tcb->owe & TCP_OWE_CHALLENGE)
		tcb->env->count->tcp_challenge_acks++;
	/* MUST-58, MUST-59: one for all that has come by now. */
	if (tcb->owe & TCP_OWE_DSACK) {
		tcb->owe &= (uint16_t)~TCP_OWE_DSACK;
		busy_settle(tcb, now);
	}
	if (tcb->quick_n && (tcb->owe & OWE_ACKS || tcb->delack_at != CN_NEVER))
		tcb->quick_n--;
	tcb->owe &= (uint16_t)~OWE_ACKS;
	tcb->delack_at = CN_NEVER;
	tcb->last_ack_sent = tcb->rcv_nxt;
}

static uint32_t segs_in(const struct tcp_seg *seg)
{
	if (!seg->seg_size)
		return 1;
	return (seg->data_len + seg->seg_size - 1) / seg->seg_size;
}

void output_account(struct tcb *tcb, const struct tcp_seg *seg,
		    enum cn_send why, bool retransmit, uint64_t now)
{
	uint32_t segs = segs_in(seg);

	pace_sent(tcb, seg->data_len, now);
	tcb->stat.segs_out += segs;
	tcb->env->count->tcp_out += segs;
	if (retransmit) {
		tcb->stat.segs_retransmitted += segs;
		tcb->stat.octets_retransmitted += seg->data_len;
		if (tcb->stat.octets_retransmitted < seg->data_len)
			TCP_MISHAP(tcb, rexmit_wraps);
		if (!seg->data_len && tcb->bare_rexmits < 31)
			tcb->bare_rexmits++;
		tcb->env->count->tcp_retrans += segs;
	}
	if (seg->data_len) {
		tcb->stat.last_sent_ms = ms_of(now);
		tcb->stat.data_segs_out += segs;
	}
	trace_out(tcb, seg, why, retransmit, now);
}

static void put_data(const struct tcb *tcb, struct tcp_seg *seg, uint32_t len,
		     uint32_t cut)
{
	seg->data_len = 0;
	seg->slice_n = 0;
	if (len)
		seg->data_len = sendq_slices(tcb, seg->seq, len, seg->slice,
					     CN_SLICES_MAX, &seg->slice_n);
	/* Slabs are as large as what is queued: a frame of 64 KiB never needs
	 * so many. */
	CN_ASSERT(seg->data_len == len);
	seg->seg_size = (uint16_t)(seg->data_len > cut ? cut : 0);
	seg->len = seg->data_len + !!(seg->flags & (TCP_SYN | TCP_FIN));
}

/* MUST-61, SHLD-27: the last octet that is queued goes with PSH, unless its
 * SEND was one without it (MAY-15: MSG_MORE); and as in Linux the last of a new
 * super-segment, so that who joins them again at the other end need not wait
 * for more. */
static void push_flag(const struct tcb *tcb, struct tcp_seg *seg, bool fresh)
{
	if ((fresh && seg->seg_size && !output_is_corked(tcb)) ||
	    (seg->data_len && seg->seq + seg->data_len == tcb->snd_end &&
	     !tcb->unpushed))
		seg->flags |= TCP_PSH;
}

/* Payload of one frame: the link's limit, whole segments, 64 of them. */
static uint32_t frame_max(const struct tcp_emit_limits *limits, uint32_t mss)
{
	uint32_t max = limits->super_max / mss * mss;

	if (max > SENT_SEGS_MAX * mss)
		max = SENT_SEGS_MAX * mss;
	return max > mss ? max : mss; /* SHLD-28 */
}

/* Linux's tcp_tso_autosize, tcp_bound_to_half_wnd and tcp_cwnd_test: two of
 * them in a window at least. */
static uint32_t linux_max(const struct tcb *tcb, uint32_t max, uint32_t mss)
{
	uint32_t rtt_us = tcb->rtt.srtt_us ? tcb->rtt.srtt_us : 1000000;
	uint32_t least = tcb->env->set->tso_min_segs * mss;
	uint64_t rate = (uint64_t)tcb->cc.cwnd * 1000000 / rtt_us, len;
	uint32_t shift = tcb->rtt.min_us >> 9, half = tcb->max_snd_wnd / 2;
	uint32_t cwnd = tcb->cc.cwnd / mss / 2 * mss;

	if (!least)
		return max;
	rate = tcb->cc.cwnd < tcb->cc.ssthresh / 2 ? 2 * rate : rate * 6 / 5;
	len = (rate >> 10) + (shift < 32 ? UINT32_C(65536) >> shift : 0);
	len = len < least ? least : len;
	len = len < max ? len : max;
	len = len < half ? len : half;
	len = len < cwnd ? len : cwnd;
	return len < mss ? mss : (uint32_t)len / mss * mss;
}

uint32_t output_piece(const struct tcb *tcb, uint32_t mss)
{
	return linux_max(tcb, UINT32_MAX, mss);
}

static bool emit_rst(struct tcb *tcb, struct tcp_seg *seg, uint64_t now)
{
	memset(seg, 0, offsetof(struct tcp_seg, slice));
	if (tcb->owe & TCP_OWE_RST) {
		tcb->owe &= (uint16_t)~TCP_OWE_RST;
		seg->seq = tcb->snd_nxt;
		seg->ack = tcb->rcv_nxt;
		seg->flags = TCP_RST | TCP_ACK;
		/* RFC 7323 section 3.2: it should, as all the others must. */
		add_timestamp(tcb, seg, now);
	} else {
		tcb->owe &= (uint16_t)~TCP_OWE_RST_BAD;
		seg->seq = tcb->rst_seq;
		seg->flags = TCP_RST;
	}
	tcb->env->count->tcp_rst_out++;
	output_account(tcb, seg, CN_SEND_RST, false, now);
	return true;
}

/* RFC 7413: what a first SYN or SYN-ACK has besides.  The host writes the
 * cookie. */
static void add_fast_open(struct tcb *tcb, struct tcp_seg *seg, uint64_t now)
{
	uint32_t len = fast_syn_len(tcb), seq = tcb->iss + 1;

	if (tcb->state == CN_SYN_SENT ? tcb->fast : tcb->fast_cookie)
		seg->options |= TCP_OPT_FASTOPEN;
	if (tcb->fast_data || tcb->fast_cookie)
		seg->fastopen_len = TCP_FAST_COOKIE_MAX; /* at most */
	/* Whenever it goes again, it is pushed: as Linux. */
	if (!len || !sent_push(tcb, seq, len, (uint16_t)len, TCP_PSH, now))
		return;
	seg->data_len = sendq_slices(tcb, seq, len, seg->slice, CN_SLICES_MAX,
				     &seg->slice_n);
	CN_ASSERT(seg->data_len == len);
	seg->len += len;
	tcb->snd_nxt += len;
}

static bool emit_syn(struct tcb *tcb, struct tcp_seg *seg, uint64_t now)
{
	bool again = tcb->syn_rexmitted;

	memset(seg, 0, offsetof(struct tcp_seg, slice));
	seg->seq = tcb->iss;
	seg->len = 1;
	seg->flags = TCP_SYN;
	seg->tos = tcb->tos;
	if (tcb->state == CN_SYN_RECEIVED) {
		seg->flags |= TCP_ACK;
		seg->ack = tcb->rcv_nxt;
		tcb->last_ack_sent = tcb->rcv_nxt;
	}
	seg->wnd = window_offer(tcb, true);
	options_on_syn(tcb, seg, now);
	if (!again)
		add_fast_open(tcb, seg, now);
	ecn_ask(tcb, seg);
	tcb->owe &= (uint16_t) ~(TCP_OWE_SYN | OWE_ACKS);
	if (tcb->sent && again)
		sent_at(tcb->sent, 0)->again = 1;
	output_account(tcb, seg, CN_SEND_SYN, again, now);
	return true;
}

/* What pacing lets go now, in whole segments; some, for it was asked. */
static uint32_t paced(const struct tcb *tcb, uint32_t len, uint32_t mss,
		      uint64_t now)
{
	uint32_t room = pace_room(tcb, now);

	if (len <= room)
		return len;
	if (room > mss)
		return room - room % mss;
	return len < mss ? len : mss;
}

static bool emit_rexmit(struct tcb *tcb, const struct tcp_emit_limits *limits,
			struct sent_stretch *stretch, enum cn_send why,
			struct tcp_seg *seg, uint64_t now)
{
	uint32_t mss = output_mss_for(tcb, ACCECN_ON_REXMIT);
	uint32_t max = paced(tcb, frame_max(limits, mss), mss, now);
	uint32_t cut = stretch->cut < mss ? stretch->cut : mss;
	unsigned flags = stretch->flags & (TCP_FIN | TCP_PSH);
	uint32_t len = stretch->len;

	/* What one frame carries, in whole segments of the record if it can
	 * be: one longer than the MSS of today (its options have grown, or the
	 * path has shrunk) goes in pieces. */
	if (len > max) {
		len = max > stretch->cut ? max - max % stretch->cut : max;
		flags = 0;
	}
	build(tcb, seg, stretch->seq, flags, ACCECN_ON_REXMIT, now);
	put_data(tcb, seg, len, cut);
	/* By Linux's sizes, as Linux: of a super-segment each time. */
	push_flag(tcb, seg, tcb->env->set->tso_min_segs);
	add_urgent(tcb, seg);
	tcb->owe &= (uint16_t)~TCP_OWE_REXMIT;
	if (tcb->tune)
		plpmtud_rexmit(tcb, seg->seq, now);
	sent_rexmitted(tcb, stretch, seg->seq + seg->len, now);
	/* As Linux: the first segment has its whole timeout again. */
	if (seg->seq == tcb->snd_una)
		timeout_put_off(tcb, now);
	output_account(tcb, seg, why, true, now);
	recovery_sent(tcb, seg->len, segs_in(seg), true, now);
	return true;
}

static bool emit_tlp(struct tcb *tcb, const struct tcp_emit_limits *limits,
		     struct sent_stretch *stretch, struct tcp_seg *seg,
		     uint64_t now)
{
	emit_rexmit(tcb, limits, stretch, CN_SEND_TLP, seg, now);
	tlp_sent(tcb, true, now);
	return true;
}

/* As Linux: an application that answers what has just come is interactive, and
 * its ACKs can ride on its data. */
static void note_answer(struct tcb *tcb, uint64_t now)
{
	uint64_t since = (uint64_t)(ms_of(now) - tcb->stat.last_received_ms) *
			 CN_NS_PER_MS;

	if (tcb->quick_n && tcp_octets_received(tcb) &&
	    since < tcb->env->set->delack_ns)
		tcb->quick_n = 0;
}

/* No memory for a record: the octets wait.  The ACK that was to ride on them
 * goes alone, or a peer that only sends would be without any. */
static bool only_ack(struct tcb *tcb, struct tcp_seg *seg, bool owed,
		     uint64_t now)
{
	while (seg->slice_n)
		cn_buf_unref(seg->slice[--seg->slice_n].buf);
	if (!owed)
		return false;
	seg->flags &= (uint8_t)~TCP_FIN;
	seg->data_len = 0;
	seg->seg_size = 0;
	seg->len = 0;
	add_urgent(tcb, seg);
	output_account(tcb, seg, CN_SEND_ACK, false, now);
	return true;
}

static bool emit_data(struct tcb *tcb, const struct tcp_emit_limits *limits,
		      struct tcp_seg *seg, uint64_t now)
{
	bool owed = (tcb->owe & OWE_ACKS) || tcb->delack_at != CN_NEVER;
	uint32_t mss, max, len, probe = 0;
	unsigned flags = 0, closes = 0, apart = 0;

	congestion_idle(tcb, now);
	if (!tcb->busy)
		pace_update(tcb, now);
	note_answer(tcb, now);
	mss = output_mss(tcb);
	max = frame_max(limits, mss);
	if (ecn_owes_cwr(tcb) || (tcb->owe & TCP_OWE_TLP))
		max = mss;
	max = linux_max(tcb, max, mss);
	len = output_new_len(tcb);
	if (len > max)
		len = max;
	len = paced(tcb, len, mss, now);
	if (tcb->tune && len >= mss && !tcb->eor)
		probe = plpmtud_probe(tcb, output_window_left(tcb), now);
	if (probe)
		len = mss = probe;
	if (tcb->fin_queued && tcb->state != CN_SYN_RECEIVED &&
	    tcb->snd_nxt + len == tcb->snd_end && output_window_left(tcb) > len)
		flags = TCP_FIN;
	if (tcb->eor && sendq_record(tcb) == len)
		closes = TCP_PSH;
	/* Linux's packets stay apart, too. */
	else if (tcb->env->set->tso_min_segs && len > mss)
		apart = SENT_APART;
	CN_ASSERT(len || flags);
	CN_ASSERT(len <= tcb->snd_end - tcb->snd_nxt);
	build(tcb, seg, tcb->snd_nxt, flags | closes, ACCECN_ON_DATA, now);
	put_data(tcb, seg, len, mss);
	if (!sent_push(tcb, seg->seq, seg->data_len, (uint16_t)mss,
		       (uint8_t)(seg->flags | apart), now)) {
		tcb->sws_at = now + NO_MEMORY_RETRY_NS;
		return only_ack(tcb, seg, owed, now);
	}
	push_flag(tcb, seg, true);
	add_urgent(tcb, seg);
	ecn_new_data(tcb, seg);
	if (!tcp_flight(tcb))
		tcb->first_tx_ms = ms_of(now);
	output_advance(tcb, seg->len);
	if (tcb->eor)
		sendq_marks_sent(tcb);
	if (probe)
		plpmtud_sent(tcb, seg->seq, probe);
	if (seg->data_len % mss)
		tcb->snd_sml = seg->seq + seg->data_len;
	tcb->owe &= (uint16_t) ~(TCP_OWE_WAKE | TCP_OWE_PROBE);
	tcb->sws_at = CN_NEVER;
	if (tcb->owe & TCP_OWE_TLP)
		tlp_sent(tcb, false, now);
	else if (tcp_flight(tcb) == seg->len)
		timeout_restart(tcb, now);
	else
		timeout_sent(tcb, now);
	output_account(tcb, seg, probe ? CN_SEND_MTU_PROBE : CN_SEND_DATA,
		       false, now);
	if (tcb->in_recovery)
		recovery_sent(tcb, seg->len, segs_in(seg), false, now);
	return true;
}

static bool emit_ack(struct tcb *tcb, uint32_t seq, enum cn_send why,
		     uint64_t now, struct tcp_seg *seg)
{
	build(tcb, seg, seq, 0, ACCECN_ON_ACK, now);
	add_urgent(tcb, seg);
	output_account(tcb, seg, why, false, now);
	return true;
}

bool tcp_emit(struct tcb *tcb, const struct tcp_emit_limits *limits,
	      struct tcp_seg *seg, uint64_t now)
{
	struct sent_stretch stretch;

	switch (output_plan(tcb, &stretch, now)) {
	case PLAN_NONE:
		rate_rests(tcb);
		limits_settle(tcb, now);
		tcb->owe &= (uint16_t) ~(TCP_OWE_WAKE | TCP_OWE_TLP);
		return false;
	case PLAN_RST:
	case PLAN_RST_BAD:
		return emit_rst(tcb, seg, now);
	case PLAN_SYN:
		return emit_syn(tcb, seg, now);
	case PLAN_REXMIT:
		return emit_rexmit(tcb, limits, &stretch, CN_SEND_REXMIT, seg,
				   now);
	case PLAN_TLP:
		return emit_tlp(tcb, limits, &stretch, seg, now);
	case PLAN_DATA:
		return emit_data(tcb, limits, seg, now);
	case PLAN_ACK:
		return emit_ack(tcb, tcb->snd_nxt,
				tcb->owe & TCP_OWE_CHALLENGE ?
					CN_SEND_CHALLENGE :
					CN_SEND_ACK,
				now, seg);
	case PLAN_PROBE:
		/* Deviation: as Linux, a probe is an old sequence number
		 * without data, which every TCP must answer; RFC 9293 would
		 * spend an octet of data. */
		tcb->owe &= (uint16_t)~TCP_OWE_PROBE;
		return emit_ack(tcb, tcb->snd_una - 1, CN_SEND_PROBE, now, seg);
	case PLAN_KEEPALIVE:
		tcb->owe &= (uint16_t)~TCP_OWE_KEEPALIVE;
		/* SHLD-12: without data, SEG.SEQ = SND.NXT - 1. */
		return emit_ack(tcb, tcb->snd_nxt - 1, CN_SEND_KEEPALIVE, now,
				seg);
	}
	return false;
}
