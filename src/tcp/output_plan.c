/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.8: what goes out next, and what holds back the rest.
 *
 * The plan comes in the order of urgency: a reset, the handshake, what is
 * lost, what is new, a bare ACK, a probe.  output.c carries it out;
 * tcp_has_output() asks the same question without answering it.
 */
#include "tcp/output_plan.h"

#include "tcp/accecn.h"
#include "tcp/limits.h"
#include "tcp/output.h"
#include "tcp/pace.h"
#include "tcp/rate.h"
#include "tcp/recovery.h"
#include "tcp/recvq.h"
#include "tcp/sendq.h"

bool output_fin_sent(const struct tcb *tcb)
{
	return seq_gt(tcb->snd_nxt, tcb->snd_end);
}

bool output_has_unsent(const struct tcb *tcb)
{
	return !output_fin_sent(tcb) &&
	       (tcb->snd_nxt != tcb->snd_end || tcb->fin_queued);
}

bool output_is_corked(const struct tcb *tcb)
{
	return (tcb->cork || tcb->more) && !tcb->fin_queued;
}

/* Octets of options on an ordinary segment.  SACK blocks and D-SACK go on
 * data too: the peer needs them most when both ends send. */
static uint32_t options_len(const struct tcb *tcb, enum accecn_use use)
{
	struct tcp_block block[TCP_SACK_MAX];
	uint32_t len = tcb->ts_ok ? TS_OPTION_LEN : 0;
	unsigned n = 0;

	if (tcb->sack_ok &&
	    (recvq_has_gap(tcb) || (tcb->owe & TCP_OWE_DSACK))) {
		n = recvq_blocks(tcb, block, tcb->ts_ok ? 3 : 4);
		if ((tcb->owe & TCP_OWE_DSACK) && n < (tcb->ts_ok ? 3u : 4u))
			n++;
	}
	if (tcb->accecn)
		len += accecn_option_len(tcb, use, len, &n);
	return n ? len + 4 + 8 * n : len;
}

uint32_t output_mss_for(const struct tcb *tcb, enum accecn_use use)
{
	uint32_t options = options_len(tcb, use);

	/* Row 20 of the attacks: options never leave less than 8 octets. */
	return tcb->snd_mss > options + 8 ? tcb->snd_mss - options : 8;
}

uint32_t output_mss(const struct tcb *tcb)
{
	return output_mss_for(tcb, ACCECN_ON_DATA);
}

/* Minshall's reading of Nagle, as Linux. */
static bool nagle_waits(const struct tcb *tcb)
{
	/* MUST-17 */
	if (tcb->nodelay)
		return false;
	/* SHLD-7, MAY-16: wait only while a small segment is unacknowledged. */
	return seq_gt(tcb->snd_sml, tcb->snd_una) &&
	       seq_le(tcb->snd_sml, tcb->snd_nxt);
}

/* May a segment leave that is smaller than the MSS although it is all there
 * is? */
static bool tail_may_go(const struct tcb *tcb)
{
	if (tcb->fin_queued || (tcb->owe & (TCP_OWE_WAKE | TCP_OWE_TLP)))
		return true;
	if (tcb->urg_out && seq_gt(tcb->snd_up, tcb->snd_nxt))
		return true;
	return !output_is_corked(tcb) && !nagle_waits(tcb);
}

/* SHLD-15: where the window has shrunk, nothing. */
uint32_t output_window_left(const struct tcb *tcb)
{
	uint32_t flight = tcp_flight(tcb);

	return tcb->snd_wnd > flight ? tcb->snd_wnd - flight : 0;
}

/* RFC 5681 section 3.1: the least window is one segment.  Segments may have
 * grown since the controller, or the end of a recovery, set it. */
static uint32_t cwnd_left(const struct tcb *tcb)
{
	uint32_t pipe = recovery_pipe(tcb), cwnd = tcb->cc.cwnd;

	if (cwnd && cwnd < tcb->snd_mss)
		cwnd = tcb->snd_mss;
	return cwnd > pipe ? cwnd - pipe : 0;
}

/*
 * RFC 9293 section 3.8.6.2.1: full segments go; less goes if it is everything
 * and Nagle agrees.
 */
uint32_t output_new_len(const struct tcb *tcb)
{
	uint32_t avail, wnd, cwnd, len, mss;
	bool ends = false;

	if (output_fin_sent(tcb))
		return 0;
	avail = tcb->snd_end - tcb->snd_nxt;
	if (!avail)
		return 0;
	if (tcb->eor) {
		/* A record ends before what is queued does: nothing can ever
		 * be added to its last segment. */
		ends = sendq_record(tcb) < avail;
		avail = sendq_record(tcb);
	}
	wnd = output_window_left(tcb);
	cwnd = cwnd_left(tcb);
	len = avail < wnd ? avail : wnd;
	mss = output_mss(tcb);
	/* RFC 8985 section 7.3: a probe need not fit the window. */
	if ((tcb->owe & TCP_OWE_TLP) && cwnd < mss)
		cwnd = mss;
	if (len > cwnd) {
		/* Held by congestion control: whole segments only. */
		len = cwnd;
		return len - len % mss;
	}
	if (len == avail && (len % mss == 0 || ends || tail_may_go(tcb)))
		return len;
	if (len >= mss)
		return len - len % mss;
	/* MUST-38: of a small window, half of the largest that was ever seen;
	 * or all of it, when the override timer has spoken. */
	if (len < avail && len &&
	    (len >= tcb->max_snd_wnd / 2 || (tcb->owe & TCP_OWE_WAKE)))
		return len;
	return 0;
}

uint32_t output_whole_segs(const struct tcb *tcb, uint32_t mss)
{
	uint32_t len, left;

	if (!seq_lt(tcb->snd_nxt, tcb->snd_end))
		return 0;
	len = tcb->snd_end - tcb->snd_nxt - 1;
	left = output_window_left(tcb);
	len = len < left ? len : left;
	left = cwnd_left(tcb);
	return (len < left ? len : left) / mss;
}

uint32_t output_may_go(const struct tcb *tcb)
{
	uint32_t wnd = output_window_left(tcb), cwnd = cwnd_left(tcb);

	return wnd < cwnd ? wnd : cwnd;
}

/* The FIN goes by itself when all octets are out. */
static bool fin_may_go(const struct tcb *tcb)
{
	return tcb->fin_queued && tcb->state != CN_SYN_RECEIVED &&
	       tcb->snd_nxt == tcb->snd_end && output_window_left(tcb) > 0;
}

/* Only time will send what waits: no ACK is on its way. */
bool output_is_stuck(const struct tcb *tcb)
{
	return output_has_unsent(tcb) && !tcp_flight(tcb) &&
	       !output_new_len(tcb) && !fin_may_go(tcb);
}

/* As output_new_len decides, in the words of a bystander. */
enum cn_hold output_hold(const struct tcb *tcb)
{
	uint32_t avail, wnd, cwnd;

	if (!output_has_unsent(tcb))
		return CN_HOLD_NOTHING;
	if (output_new_len(tcb) || fin_may_go(tcb))
		return pace_deadline(tcb) != CN_NEVER ? CN_HOLD_PACE :
							CN_HOLD_LINK;
	avail = tcb->snd_end - tcb->snd_nxt;
	wnd = output_window_left(tcb);
	cwnd = cwnd_left(tcb);
	if (!wnd)
		return CN_HOLD_WINDOW;
	if (cwnd < avail && cwnd < wnd)
		return CN_HOLD_CWND;
	if (avail > wnd)
		return CN_HOLD_SMALL;
	return output_is_corked(tcb) ? CN_HOLD_CORK : CN_HOLD_NAGLE;
}

static bool rexmit_may_go(struct tcb *tcb, struct sent_stretch *stretch)
{
	uint32_t room = cwnd_left(tcb), segs;

	if (!tcb->lost || recovery_holds_lost(tcb))
		return false;
	if (tcb->owe & TCP_OWE_REXMIT)
		room = room > tcb->snd_mss ? room : tcb->snd_mss;
	segs = room / output_mss_for(tcb, ACCECN_ON_REXMIT);
	if (!sent_next_lost(tcb, segs ? segs : 1, stretch))
		return false;
	/* Many small segments are lost where few large ones would be. */
	return segs || stretch->len <= room;
}

static enum plan plan_handshake(const struct tcb *tcb)
{
	if (tcb->owe & TCP_OWE_SYN)
		return PLAN_SYN;
	if (tcb->state == CN_SYN_RECEIVED && (tcb->owe & OWE_ACKS))
		return PLAN_ACK;
	return PLAN_NONE;
}

/*
 * Data, again or new.  What pacing holds back is for later; what a timeout
 * asks for, and a FIN by itself, are not held back.
 */
static enum plan plan_data(struct tcb *tcb, struct sent_stretch *stretch,
			   uint64_t now)
{
	bool open = pace_room(tcb, now) >= tcb->snd_mss;

	pace_waits(tcb, false);
	/* SHLD-16, MAY-7: whatever the peer's window says now. */
	if (rexmit_may_go(tcb, stretch)) {
		if (open || (tcb->owe & TCP_OWE_REXMIT))
			return PLAN_REXMIT;
		pace_waits(tcb, true);
	} else if (output_new_len(tcb)) {
		if (open || (tcb->owe & TCP_OWE_TLP))
			return PLAN_DATA;
		pace_waits(tcb, true);
	} else if (fin_may_go(tcb)) {
		return PLAN_DATA;
	}
	return PLAN_NONE;
}

static enum plan plan_transfer(struct tcb *tcb, struct sent_stretch *stretch,
			       uint64_t now)
{
	enum plan plan;

	/* RFC 9768 section 3.2.2.1. */
	if (tcb->owe & TCP_OWE_PURE_ACK)
		return PLAN_ACK;
	plan = plan_data(tcb, stretch, now);
	if (plan != PLAN_NONE)
		return plan;
	if ((tcb->owe & TCP_OWE_TLP) && tcb->sent && !tcb->sacked) {
		sent_last(tcb, stretch);
		return PLAN_TLP;
	}
	if (tcb->owe & OWE_ACKS)
		return PLAN_ACK;
	if (tcb->owe & TCP_OWE_PROBE)
		return PLAN_PROBE;
	if (tcb->owe & TCP_OWE_KEEPALIVE)
		return PLAN_KEEPALIVE;
	return PLAN_NONE;
}

enum plan output_plan(struct tcb *tcb, struct sent_stretch *stretch,
		      uint64_t now)
{
	if (tcb->owe & TCP_OWE_RST)
		return PLAN_RST;
	if (tcb->owe & TCP_OWE_RST_BAD)
		return PLAN_RST_BAD;
	switch ((enum cn_tcp_state)tcb->state) {
	case CN_CLOSED:
	case CN_LISTEN:
		return PLAN_NONE;
	case CN_SYN_RECEIVED:
		/* RFC 7413 section 4.2.2: the answer need not wait. */
		if (tcb->fast_child && !(tcb->owe & TCP_OWE_SYN))
			return plan_transfer(tcb, stretch, now);
		return plan_handshake(tcb);
	case CN_SYN_SENT:
		return plan_handshake(tcb);
	case CN_ESTABLISHED:
	case CN_FIN_WAIT_1:
	case CN_FIN_WAIT_2:
	case CN_CLOSE_WAIT:
	case CN_CLOSING:
	case CN_LAST_ACK:
	case CN_TIME_WAIT:
		return plan_transfer(tcb, stretch, now);
	}
	return PLAN_NONE;
}

bool tcp_has_output(const struct tcb *tcb, uint64_t now)
{
	struct sent_stretch stretch;

	/* The search for what is lost moves a cursor, pacing notes that
	 * something waits, and rate samples why nothing does. */
	struct tcb *own = (struct tcb *)(uintptr_t)tcb;

	/* Most often there is nothing at all. */
	if (!tcb->owe && !tcb->lost && !output_has_unsent(tcb))
		pace_waits(own, false);
	else if (output_plan(own, &stretch, now) != PLAN_NONE)
		return true;
	rate_rests(own);
	limits_settle(own, now);
	return false;
}
