/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.10.7: SEGMENT ARRIVES.  SYN-SENT is one function, the
 * synchronized states are the eight steps of section 3.10.7.4 in their order.
 * CLOSED, LISTEN and the compact TIME-WAIT are in syn.c.
 */
#include "tcp/arrive.h"

#include "tcp/accecn.h"
#include "tcp/busy.h"
#include "tcp/fast_open.h"
#include "tcp/options.h"
#include "tcp/recovery.h"
#include "tcp/timeout.h"
#include "tcp/trace.h"

/* RFC 7323 section 5.5: 24 days. */
#define ANSWER_WAITS_NS (200 * CN_NS_PER_MS)
#define TS_STALE_S (24u * 24 * 3600)

void arrive_challenge(struct tcb *tcb, uint64_t now)
{
	uint64_t interval = tcb->env->set->challenge_interval_ns, at = now;
	uint32_t wait_ms = tcb->challenge_ms - ms_of(now);

	/* An instant that is longer ago than milliseconds can tell looks as if
	 * it were far ahead. */
	if (tcb->challenge_ms && wait_ms &&
	    wait_ms <= interval / CN_NS_PER_MS * 5 / 4 + 2) {
		tcb->env->count->drop[CN_DROP_CHALLENGE_RATE]++;
		return;
	}
	/* Up to a quarter more, at random, so that nobody can tell from the
	 * silence what a forged segment did. */
	at += interval;
	if (interval >= 4)
		at += random_u64(tcb->env->random) % (interval / 4);
	tcb->challenge_ms = ms_of(at + CN_NS_PER_MS - 1);
	tcb->owe |= TCP_OWE_CHALLENGE;
}

static void owe_rst_bad(struct tcb *tcb, const struct tcp_seg *seg)
{
	if (seg->flags & TCP_RST)
		return;
	tcb->rst_seq = seg->ack;
	tcb->owe |= TCP_OWE_RST_BAD;
}

/* ------------------------------------------------- section 3.10.7.3 -- */

static enum cn_drop after_syn(struct tcb *tcb, const struct tcp_seg *seg,
			      uint64_t now);

/* "First, check the ACK bit": it must acknowledge our SYN, and what that bore
 * perhaps (RFC 7413). */
static bool syn_sent_ack_is_bad(const struct tcb *tcb,
				const struct tcp_seg *seg)
{
	return (seg->flags & TCP_ACK) &&
	       (seq_le(seg->ack, tcb->iss) || seq_gt(seg->ack, tcb->snd_nxt));
}

/* As Linux: an echo of a time at which no SYN of ours was sent. */
static bool syn_echo_is_bad(const struct tcb *tcb, const struct tcp_seg *seg,
			    uint64_t now)
{
	uint32_t first = ts_clock(tcb->first_tx_ms * CN_NS_PER_MS) +
			 tcb->ts_off;

	if (!(seg->flags & TCP_ACK) || !(seg->options & TCP_OPT_TS) ||
	    !seg->tsecr || !tcb->env->set->timestamps || tcb->was_held)
		return false;
	return ts_clock(now) + tcb->ts_off - first < seg->tsecr - first;
}

static enum cn_drop syn_sent_arrives(struct tcb *tcb, const struct tcp_seg *seg,
				     uint64_t now)
{
	static const char rule[] = "RFC 9293 section 3.10.7.3";

	/* First, check the ACK bit. */
	if (syn_sent_ack_is_bad(tcb, seg) || syn_echo_is_bad(tcb, seg, now)) {
		owe_rst_bad(tcb, seg);
		return CN_DROP_TCP_ACK_UNACCEPTABLE;
	}
	/* Second, check the RST bit: believed only with our SYN's ACK. */
	if (seg->flags & TCP_RST) {
		if (!(seg->flags & TCP_ACK))
			return CN_DROP_TCP_RST_INEXACT;
		tcb_end(tcb, CN_E_CONNREFUSED, rule, now);
		return CN_DROP_NONE;
	}
	/* Third, security: there are no compartments.  Fourth, check the SYN
	 * bit.  Deviation: SYN with FIN is nothing a TCP sends, but to who opened
	 * fast. */
	if (!(seg->flags & TCP_SYN) || (seg->flags & TCP_FIN && !tcb->fast))
		return seg->flags & TCP_SYN ? CN_DROP_TCP_FLAGS :
					      CN_DROP_TCP_NO_ACK;
	tcb->irs = seg->seq;
	tcb->rcv_nxt = seg->seq + 1;
	tcb->last_ack_sent = tcb->rcv_nxt;
	tcb->held = false;
	options_from_syn(tcb, seg, now);
	if (!(seg->flags & TCP_ACK)) {
		/* MUST-10: both ends open at once. */
		tcb_set_state(tcb, CN_SYN_RECEIVED, rule, now);
		tcb->snd_wl1 = seg->seq;
		tcb->owe |= TCP_OWE_SYN;
		return CN_DROP_NONE;
	}
	ack_of_syn(tcb, seg, now);
	fast_syn_acked(tcb);
	tcb_set_state(tcb, CN_ESTABLISHED, rule, now);
	tcb->news |= TCP_NEWS_STATE | TCP_NEWS_OUT;
	timeout_keepalive_restart(tcb, now);
	if (!tcb->quick_n) {
		/* As Linux: the ACK rides on what is about to be sent. */
		tcb->delack_at = now + ANSWER_WAITS_NS;
	} else {
		tcb->owe |= TCP_OWE_ACK;
	}
	return after_syn(tcb, seg, now);
}

/* ------------------------------------------------- section 3.10.7.4 -- */

/* RFC 7323 section 5.5: what is so old says nothing. */
static bool ts_is_stale(const struct tcb *tcb, uint64_t now)
{
	return (uint32_t)(now / CN_NS_PER_SEC) - tcb->ts_recent_age_s >=
	       TS_STALE_S;
}

/*
 * RFC 7323 section 5.3: a segment older than the newest is an old duplicate
 * (PAWS); a reset is exempt.
 *
 * Deviation: data that are awaited are taken if they are older by at most
 * ts_back ticks.  Where the network reorders, a retransmission that repairs the
 * left edge makes TS.Recent newer than what was sent just before it and is
 * still on its way; refused, that is a loss, whose retransmission refuses what
 * was sent just before that, and so on, until little is left of the congestion
 * window.  PAWS guards against numbers of 2^32 octets ago, and ts_back is what
 * TS.Recent has gained since the last 2^31 octets were full (text.c): what is
 * that young was sent less than 2^31 octets and two windows ago, and its number
 * means but one thing.
 */
static bool paws_rejects(const struct tcb *tcb, const struct tcp_seg *seg,
			 uint64_t now)
{
	if (!tcb->ts_ok || !(seg->options & TCP_OPT_TS) ||
	    (seg->flags & TCP_RST))
		return false;
	if (seq_ge(seg->tsval, tcb->ts_recent) || ts_is_stale(tcb, now))
		return false;
	return !seg->data_len ||
	       seq_le(seg->seq + seg->data_len, tcb->rcv_nxt) ||
	       tcb->ts_recent - seg->tsval > tcb->ts_back;
}

/* RFC 7323 section 4.3 (R1 and R2): only what is at the left edge of the last
 * ACK may move TS.Recent, and never back. */
static void update_ts_recent(struct tcb *tcb, const struct tcp_seg *seg,
			     uint64_t now)
{
	if (!tcb->ts_ok || !(seg->options & TCP_OPT_TS) ||
	    seq_gt(seg->seq, tcb->last_ack_sent))
		return;
	if (ts_is_stale(tcb, now)) {
		tcb->ts_back = 0;
	} else {
		uint32_t ahead = seg->tsval - tcb->ts_recent + tcb->ts_back;

		if (seq_lt(seg->tsval, tcb->ts_recent))
			return;
		tcb->ts_back = ahead < UINT8_MAX ? (uint8_t)ahead : UINT8_MAX;
	}
	tcb->ts_recent = seg->tsval;
	tcb->ts_recent_age_s = (uint32_t)(now / CN_NS_PER_SEC);
}

/*
 * RFC 9293 table 6.  Deviation: as Linux, an empty segment at the right edge
 * itself is acceptable: its sender has filled the window, some of that is
 * lost, and its ACKs should still count.  A reset there is outside, as RFC
 * 5961 section 3.2 has it.
 */
static bool is_acceptable(const struct tcb *tcb, const struct tcp_seg *seg)
{
	uint32_t right = tcb->rcv_nxt + tcb->rcv_wnd;

	if (!seg->len && (seg->flags & TCP_RST) && tcb->rcv_wnd)
		return seq_in_window(seg->seq, tcb->rcv_nxt, tcb->rcv_wnd);
	if (!seg->len)
		return seq_ge(seg->seq, tcb->rcv_nxt) &&
		       seq_le(seg->seq, right);
	if (!tcb->rcv_wnd)
		return false;
	return seq_lt(seg->seq, right) &&
	       seq_gt(seg->seq + seg->len, tcb->rcv_nxt);
}

/* What lies outside the window is cut off; what is left of the rest. */
static void trim(const struct tcb *tcb, struct arrival *a)
{
	uint32_t right = tcb->rcv_nxt + tcb->rcv_wnd, end;

	if (seq_lt(a->seq, tcb->rcv_nxt)) {
		uint32_t cut = tcb->rcv_nxt - a->seq;

		if (cut > a->len)
			cut = a->len;
		a->off += cut;
		a->seq += cut;
		a->len -= cut;
	}
	end = a->seq + a->len;
	a->len = seq_min(end, right) - a->seq;
	/* The FIN takes a number of its own, and that must fit too. */
	if (seq_ge(end, right))
		a->fin = false;
}

void arrive_duplicate(struct tcb *tcb, uint32_t left, uint32_t right,
		      uint64_t now)
{
	struct tcp_busy *busy = tcp_busy(tcb, now);

	/* It is a courtesy: without memory it is left out. */
	if (!busy)
		return;
	busy->dsack.left = left;
	busy->dsack.right = right;
	tcb->owe |= TCP_OWE_DSACK;
}

/* RFC 2883: tell the sender what it sent in vain. */
static void note_duplicate(struct tcb *tcb, const struct tcp_seg *seg,
			   uint64_t now)
{
	if (!tcb->sack_ok || !seg->data_len || seq_ge(seg->seq, tcb->rcv_nxt))
		return;
	arrive_duplicate(tcb, seg->seq,
			 seq_min(seg->seq + seg->data_len, tcb->rcv_nxt), now);
}

/* Our ACK of it was lost (RFC 9768 section 3.2.2.1). */
static bool is_syn_ack_again(const struct tcb *tcb, const struct tcp_seg *seg)
{
	return seg->flags & TCP_ACK && seg->seq == tcb->irs && !tcb->passive &&
	       seg->ack == tcb->iss + 1 && !(seg->flags & TCP_RST);
}

/*
 * "First, check sequence number."  Old or wild segments are answered with an
 * ACK; answers to segments without data are rate limited, or two ends out of
 * step would answer each other for ever.
 */
static enum cn_drop step1_sequence(struct tcb *tcb, struct arrival *a)
{
	const struct tcp_seg *seg = a->seg;
	bool zero_window = !tcb->rcv_wnd && seg->seq == tcb->rcv_nxt;

	if (paws_rejects(tcb, seg, a->now)) {
		note_duplicate(tcb, seg, a->now);
		if (seg->data_len)
			tcb->owe |= TCP_OWE_ACK;
		else
			arrive_challenge(tcb, a->now);
		return CN_DROP_TCP_PAWS;
	}
	if (!is_acceptable(tcb, seg)) {
		if (seg->flags & TCP_RST)
			return zero_window ? CN_DROP_NONE :
					     CN_DROP_TCP_SEQUENCE;
		/* A SYN is a challenge wherever it lies (RFC 5961 section
		 * 4.2). */
		if (seg->flags & TCP_SYN) {
			arrive_challenge(tcb, a->now);
			if (tcb->accecn && tcb->owe & TCP_OWE_CHALLENGE &&
			    is_syn_ack_again(tcb, seg))
				accecn_syn_ack_again(tcb, seg);
			return CN_DROP_TCP_SYN_IN_WINDOW;
		}
		if (seg->data_len) {
			note_duplicate(tcb, seg, a->now);
			tcb->owe |= TCP_OWE_ACK;
		} else if (seg->flags & TCP_FIN) {
			tcb->owe |= TCP_OWE_ACK;
		} else {
			arrive_challenge(tcb, a->now);
		}
		/* MUST-66: with a closed window its ACK and URG still count. */
		if (zero_window) {
			a->len = 0;
			a->fin = false;
			return CN_DROP_NONE;
		}
		return CN_DROP_TCP_SEQUENCE;
	}
	if (seq_lt(seg->seq, tcb->rcv_nxt)) {
		note_duplicate(tcb, seg, a->now);
		tcb->owe |= TCP_OWE_ACK;
	}
	trim(tcb, a);
	return CN_DROP_NONE;
}

/*
 * "Second, check the RST bit."  Only the exact next sequence number resets;
 * any other number in the window earns a challenge ACK (RFC 5961 section
 * 3.2), so that a blind attacker needs 2^32 guesses rather than 2^32 / window.
 */
static enum cn_drop step2_rst(struct tcb *tcb, const struct arrival *a)
{
	static const char rule[] = "RFC 9293 section 3.10.7.4, RST";
	int err = CN_E_CONNRESET;

	if (a->seg->seq != tcb->rcv_nxt) {
		arrive_challenge(tcb, a->now);
		return CN_DROP_TCP_RST_INEXACT;
	}
	switch ((enum cn_tcp_state)tcb->state) {
	case CN_SYN_RECEIVED:
		/* MUST-11: a passive open goes back to LISTEN, quietly. */
		err = tcb->passive ? 0 : CN_E_CONNREFUSED;
		/* RFC 7413: the application has it already. */
		if (tcb->fast_child)
			err = CN_E_CONNRESET;
		break;
	case CN_ESTABLISHED:
	case CN_FIN_WAIT_1:
	case CN_FIN_WAIT_2:
		break;
	case CN_CLOSE_WAIT:
		/* Deviation: as Linux, the next write learns EPIPE: the peer
		 * had closed and said so. */
		err = CN_E_PIPE;
		break;
	case CN_CLOSING:
	case CN_LAST_ACK:
	case CN_TIME_WAIT:
	case CN_CLOSED:
	case CN_LISTEN:
	case CN_SYN_SENT:
		err = 0;
		break;
	}
	tcb->env->count->tcp_resets++;
	tcb_end(tcb, err, rule, a->now);
	return CN_DROP_NONE;
}

/* "Fourth, check the SYN bit": a challenge ACK whatever the number
 * (RFC 5961 section 4.2); if the peer did restart, its RST will be exact. */
static enum cn_drop step4_syn(struct tcb *tcb, const struct arrival *a)
{
	arrive_challenge(tcb, a->now);
	return CN_DROP_TCP_SYN_IN_WINDOW;
}

/* In SYN-RECEIVED the peer's SYN may come again, alone (our SYN-ACK was lost)
 * or with an ACK (both opened at once): its number was already counted. */
static bool repeated_syn(struct tcb *tcb, struct arrival *a,
			 struct tcp_seg *copy)
{
	const struct tcp_seg *seg = a->seg;

	if (tcb->state != CN_SYN_RECEIVED || !(seg->flags & TCP_SYN) ||
	    seg->seq != tcb->irs || (seg->flags & (TCP_RST | TCP_FIN)))
		return false;
	*copy = *seg;
	copy->flags &= (uint8_t)~TCP_SYN;
	copy->seq++;
	copy->len--;
	/* RFC 7323 section 2.2: the window of a SYN is not scaled. */
	copy->wnd = (uint16_t)(seg->wnd >> tcb->snd_wscale);
	a->seg = copy;
	a->seq = copy->seq;
	if (!(seg->flags & TCP_ACK)) {
		tcb->owe |= TCP_OWE_SYN;
		if (!ecn_syn_again(tcb, seg))
			tcb->owe |= TCP_OWE_RST;
	} else {
		/* As Linux, for whom the SYN is an octet that came twice. */
		tcb->owe |= TCP_OWE_ACK;
		if (tcb->sack_ok)
			arrive_duplicate(tcb, tcb->irs, tcb->irs + 1, a->now);
	}
	return true;
}

static enum cn_drop steps(struct tcb *tcb, struct arrival *a)
{
	enum cn_drop drop;

	/* RFC 9768 section 3.1.5: its SYNs contradict each other. */
	if (tcb->owe & TCP_OWE_RST) {
		tcb_end(tcb, CN_E_CONNRESET, "RFC 9768 section 3.1.5", a->now);
		return CN_DROP_TCP_SYN_IN_WINDOW;
	}
	drop = step1_sequence(tcb, a);
	if (drop)
		return drop;
	/* SHLD-2: with data or without. */
	if (a->seg->flags & TCP_RST)
		return step2_rst(tcb, a);
	/* Third, check security: no compartments, nothing to check. */
	if (a->seg->flags & TCP_SYN)
		return step4_syn(tcb, a);
	update_ts_recent(tcb, a->seg, a->now);
	drop = step5_ack(tcb, a);
	if (drop || tcb->state == CN_CLOSED)
		return drop;
	if (tcb->accecn)
		accecn_received(tcb, a->seg);
	step6_urg(tcb, a);
	drop = step7_text(tcb, a);
	if (drop == CN_DROP_TCP_AFTER_CLOSE)
		return drop;
	step8_fin(tcb, a);
	return drop;
}

static enum cn_drop synchronized_arrives(struct tcb *tcb,
					 const struct tcp_seg *seg,
					 uint64_t now)
{
	struct arrival a = {
		.seg = seg,
		.now = now,
		.seq = seg->seq,
		.len = seg->data_len,
		.fin = !!(seg->flags & TCP_FIN),
	};
	struct tcp_seg copy;

	repeated_syn(tcb, &a, &copy);
	return steps(tcb, &a);
}

/* Data and FIN that came with the SYN-ACK. */
static enum cn_drop after_syn(struct tcb *tcb, const struct tcp_seg *seg,
			      uint64_t now)
{
	struct arrival a = {
		.seg = seg,
		.now = now,
		.seq = seg->seq + 1,
		.len = seg->data_len,
		.fin = !!(seg->flags & TCP_FIN),
	};
	enum cn_drop drop;

	trim(tcb, &a);
	step6_urg(tcb, &a);
	drop = step7_text(tcb, &a);
	step8_fin(tcb, &a);
	return drop;
}

static enum cn_drop time_wait_arrives(struct tcb *tcb,
				      const struct tcp_seg *seg, uint64_t now)
{
	struct tcp_seg reply;
	struct tcp_tw tw;

	tcp_tw_init(&tw, tcb);
	switch (tcp_tw_arrives(&tw, tcb->env, tcb->ts_off, seg, &reply, now)) {
	case TCP_TW_RESTART:
		timeout_enter_time_wait(tcb, now);
		tcb->owe |= TCP_OWE_ACK;
		break;
	case TCP_TW_ACK:
		if (seg->data_len && !(seg->flags & TCP_SYN))
			tcb->owe |= TCP_OWE_ACK;
		else
			arrive_challenge(tcb, now);
		break;
	case TCP_TW_REUSE:
	case TCP_TW_DROP:
		break;
	}
	return CN_DROP_TCP_TIME_WAIT;
}

static enum cn_drop dispatch(struct tcb *tcb, const struct tcp_seg *seg,
			     uint64_t now)
{
	switch ((enum cn_tcp_state)tcb->state) {
	case CN_CLOSED:
	case CN_LISTEN:
		return CN_DROP_TCP_CLOSED;
	case CN_SYN_SENT:
		return syn_sent_arrives(tcb, seg, now);
	case CN_SYN_RECEIVED:
	case CN_ESTABLISHED:
	case CN_FIN_WAIT_1:
	case CN_FIN_WAIT_2:
	case CN_CLOSE_WAIT:
	case CN_CLOSING:
	case CN_LAST_ACK:
		return synchronized_arrives(tcb, seg, now);
	case CN_TIME_WAIT:
		return time_wait_arrives(tcb, seg, now);
	}
	return CN_DROP_TCP_CLOSED;
}

enum cn_drop tcp_arrives(struct tcb *tcb, const struct tcp_seg *seg,
			 uint64_t now)
{
	uint8_t before = tcb->state;
	enum cn_drop drop;
	uint32_t segs = 1;

	if (seg->seg_size && seg->data_len > seg->seg_size)
		segs = (seg->data_len + seg->seg_size - 1) / seg->seg_size;
	tcb->stat.segs_in += segs;
	if (seg->data_len)
		tcb->stat.data_segs_in += segs;
	drop = dispatch(tcb, seg, now);
	if (drop != CN_DROP_NONE)
		tcb->env->count->drop[drop] += segs;
	trace_in(tcb, seg, before, drop, now);
	timeout_settle(tcb, now);
	return drop;
}

/*
 * RFC 9293 section 3.9.2.2 and RFC 5927: MUST-56, soft errors are noted;
 * hard ones end an attempt that has no connection yet and are soft otherwise.
 * Deviation: as Linux, any unreachable ends SYN-SENT.
 */
void tcp_icmp_error(struct tcb *tcb, int err, bool hard, uint64_t now)
{
	if (tcb->state == CN_CLOSED || tcb->state == CN_TIME_WAIT)
		return;
	if (hard && (tcb->state == CN_SYN_SENT ||
		     (tcb->state == CN_SYN_RECEIVED && tcb->fast_child))) {
		tcb_end(tcb, err, "RFC 9293 section 3.9.2.2", now);
		return;
	}
	/* MUST-47, SHLD-25: the application can ask. */
	tcb->soft_err = (int8_t)err;
}
