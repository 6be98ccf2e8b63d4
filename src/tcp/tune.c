/* SPDX-License-Identifier: MIT */
/*
 * Buffers that tune themselves, after Linux's: the receive buffer by dynamic
 * right-sizing (what the application takes in a round trip is what the sender
 * could fill the window with), the send buffer by the congestion window.
 * Neither grows beyond the host's limits, nor once the application has said a
 * size; and what is left of the host's memory bounds them all alike.
 */
#include "tcp/tune.h"

#include "tcp/busy.h"
#include "tcp/options.h"
#include "tcp/recovery.h"
#include "tcp/trace.h"

/* The measuring begins each time that so much has come: what sends a few
 * octets now and then is not measured. */
#define BEGIN_SHIFT 13
/* As slack for what is late: in every window, beside twice what is taken. */
#define SLACK_SEGS 16u
/* A buffer holds so many segments at least, be they as long as they like. */
#define LEAST_SEGS 4u
/* A round trip that is longer is none (RFC 7323: an echo of long ago). */
#define RTT_MAX_MS 60000u

/* Linux counts twice what its buffers offer: the other half is for its own
 * bookkeeping (tcp_adv_win_scale 1). */
static uint32_t window_of(uint32_t rmem)
{
	return rmem / 2;
}

uint32_t tune_initial_rcvbuf(const struct cn_settings *set)
{
	return window_of(set->rmem.initial);
}

void tune_init(struct tcb *tcb)
{
	const struct cn_settings *set = tcb->env->set;

	tcb->sndbuf_fixed = set->sndbuf != 0;
	tcb->rcvbuf_fixed = set->rcvbuf != 0;
	tcb->sndbuf = set->sndbuf ? set->sndbuf : set->wmem.initial;
	tcb->rcvbuf = set->rcvbuf ? set->rcvbuf : tune_initial_rcvbuf(set);
}

/* ------------------------------------------------------ the host's memory -- */

/*
 * Dynamic thresholds, as switches share their memory: no queue is longer than
 * a quarter of what all of them together have left.  The one that holds most
 * meets its limit first, each has the same, and no list of them is needed.
 * The least is never refused here, so that nobody stalls for ever.
 */
static uint32_t share(const struct tcb *tcb, uint32_t want, uint32_t least)
{
	const struct budget *budget = tcb->env->budget;
	size_t part = budget->limit - budget->limit / 4;
	size_t left = budget->used < part ? (part - budget->used) / 4 : 0;

	if (left >= want)
		return want;
	if (left < least)
		left = least;
	return left < want ? (uint32_t)left : want;
}

uint32_t tune_rcvbuf(const struct tcb *tcb)
{
	uint32_t want = tcb->rcvbuf;

	if (tcb->tune && tcb->tune->window_clamp &&
	    tcb->tune->window_clamp < want)
		want = tcb->tune->window_clamp;
	return share(tcb, want, window_of(tcb->env->set->rmem.least));
}

uint32_t tune_sndbuf(const struct tcb *tcb)
{
	return share(tcb, tcb->sndbuf, tcb->env->set->wmem.least);
}

/* ------------------------------------------------------------- receiving -- */

static void grow_rcvbuf(struct tcb *tcb, uint64_t want, uint64_t now)
{
	uint64_t most = window_of(tcb->env->set->rmem.most);

	if (want > most)
		want = most;
	if (want <= tcb->rcvbuf)
		return;
	tcb->rcvbuf = (uint32_t)want;
	(void)now;
}

static void begin(struct tcb *tcb, uint64_t now)
{
	struct tcp_busy *busy = tcp_busy(tcb, now);
	struct tune_in *in;

	if (!busy)
		return;
	busy->keep |= BUSY_KEEP_RCV;
	in = &busy->in;
	in->on = true;
	in->rtt_us = TUNE_RTT_UNKNOWN;
	in->edge = tcb->rcv_nxt + tcb->rcv_wnd;
	in->edge_us = us_of(now);
	in->space = tcb->rcvbuf / 4;
	in->taken = tcb->rcv_nxt - tcb->rcv_queued;
	in->taken_us = in->edge_us;
}

/* A whole window takes no less than a round trip: that is a bound.  An echoed
 * timestamp is the trip itself, in whole milliseconds. */
static void measure(struct tcb *tcb, struct tune_in *in,
		    const struct tcp_seg *seg, uint64_t now)
{
	uint32_t now_us = us_of(now), us, ms;

	if (seq_ge(tcb->rcv_nxt, in->edge)) {
		us = now_us - in->edge_us;
		if (us < in->rtt_us)
			in->rtt_us = us;
		in->edge = tcb->rcv_nxt + tcb->rcv_wnd;
		in->edge_us = now_us;
	}
	/* What is less than a segment may have waited at its sender. */
	if (!tcb->ts_ok || !(seg->options & TCP_OPT_TS) || !seg->tsecr ||
	    seg->data_len < tcb->rcv_mss)
		return;
	ms = ts_clock(now) + tcb->ts_off - seg->tsecr;
	if (ms > RTT_MAX_MS)
		return;
	us = ms * 1000;
	if (in->rtt_us == TUNE_RTT_UNKNOWN)
		in->rtt_us = us;
	else
		in->rtt_us = in->rtt_us - in->rtt_us / 8 + us / 8;
}

void tune_received(struct tcb *tcb, const struct tcp_seg *seg, uint32_t before,
		   uint64_t now)
{
	if (tcb->busy && tcb->busy->in.on)
		measure(tcb, &tcb->busy->in, seg, now);
	else if ((tcb->rcv_nxt - tcb->irs) >> BEGIN_SHIFT !=
		 (before - tcb->irs) >> BEGIN_SHIFT)
		begin(tcb, now);
}

/*
 * Twice what was taken in a round trip, since a sender in slow start doubles
 * what it sends; and where more was taken than ever before, once more in
 * proportion, so that the window stays ahead of it.
 */
static uint64_t window_for(const struct tcb *tcb, uint64_t copied,
			   uint32_t space)
{
	uint64_t want = 2 * copied + SLACK_SEGS * (uint64_t)tcb->adv_mss;

	return want + 2 * (want * (copied - space) / space);
}

void tune_taken(struct tcb *tcb, uint64_t now)
{
	struct tune_in *in = &tcb->busy->in;
	uint32_t now_us = us_of(now), at, copied;

	if (!in->on || in->rtt_us == TUNE_RTT_UNKNOWN ||
	    now_us - in->taken_us < in->rtt_us)
		return;
	at = tcb->rcv_nxt - tcb->rcv_queued;
	copied = at - in->taken;
	in->taken = at;
	in->taken_us = now_us;
	if (copied <= in->space || !in->space)
		return;
	if (!tcb->rcvbuf_fixed)
		grow_rcvbuf(tcb, window_for(tcb, copied, in->space), now);
	in->space = copied;
}

void tune_want(struct tcb *tcb, uint32_t octets)
{
	if (!tcb->rcvbuf_fixed)
		grow_rcvbuf(tcb, octets, 0);
}

/* --------------------------------------------------------------- sending -- */

/*
 * What Linux reserves for a segment: a power of two with room for headers, and
 * its structures.  Ours cost less; the rest is for what the peer holds beyond a
 * gap, which must not keep back what may be sent in its place.
 */
static uint32_t segment_cost(uint32_t mss)
{
	enum { HEADERS = 640, STRUCTURES = 256 };
	uint32_t size = 1024;

	while (size < mss + HEADERS)
		size *= 2;
	return size + STRUCTURES;
}

/* Two windows: one on its way, and the next ready as soon as the first is
 * acknowledged.  BBR, which goes on through losses, keeps one more. */
static void grow_sndbuf(struct tcb *tcb, uint32_t window)
{
	uint32_t most = tcb->env->set->wmem.most, mss = tcb->snd_mss;
	uint64_t want = (uint64_t)(window / mss) * segment_cost(mss);

	want *= tcb->cc_kind == CN_CC_BBR ? 3 : 2;
	if (want > most)
		want = most;
	if (want > tcb->sndbuf)
		tcb->sndbuf = (uint32_t)want;
}

void tune_acked(struct tcb *tcb, uint64_t now)
{
	uint32_t window = tcb->cc.cwnd;

	(void)now;
	if (tcb->sndbuf_fixed || tcb->sndbuf >= tcb->env->set->wmem.most)
		return;
	/* What the peer does not take is never in flight. */
	if (tcb->snd_wnd < window)
		window = tcb->snd_wnd;
	if (window > tcb->sndbuf / 8)
		grow_sndbuf(tcb, window);
}

void tune_open(struct tcb *tcb)
{
	if (!tcb->rcvbuf_fixed)
		grow_rcvbuf(tcb, LEAST_SEGS * (uint64_t)tcb->adv_mss, 0);
	if (!tcb->sndbuf_fixed)
		grow_sndbuf(tcb, recovery_initial_window(tcb));
}
