/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.10.7.4, "fifth, check the ACK field": what it
 * acknowledges, the window it offers, and the states that wait for it.
 */
#include "tcp/accecn.h"
#include "tcp/arrive.h"
#include "tcp/congestion.h"
#include "tcp/options.h"
#include "tcp/output.h"
#include "tcp/plpmtud.h"
#include "tcp/recovery.h"
#include "tcp/rto.h"
#include "tcp/sendq.h"
#include "tcp/sent.h"
#include "tcp/timeout.h"
#include "tcp/trace.h"
#include "tcp/tune.h"

/* RFC 6928 and RFC 6298 section 5.7: ten segments, or one if the SYN had to
 * be repeated. */
void ack_open_window(struct tcb *tcb, uint64_t now)
{
	tcb->cc.cwnd = recovery_initial_window(tcb);
	if (tcb->syn_rexmitted)
		tcb->cc.cwnd = tcb->snd_mss;
	congestion_start(tcb, now);
	trace_cc(tcb, "RFC 6928 section 2", now);
}

/* RFC 6298 section 5.7: what data begin with after a SYN that was lost. */
#define RTO_AFTER_LOST_SYN_US 3000000u

/*
 * A round trip: exact if the newest segment acknowledged was sent once
 * (Karn's rule, MUST-18), or the newest that is SACKed, else by the timestamp
 * it echoes (RFC 7323 section 4.1), in whole milliseconds.  False: there was
 * nothing to measure.
 */
static bool measure(struct tcb *tcb, const struct tcp_seg *seg, bool is_news,
		    struct sent_acked *acked, uint64_t now)
{
	uint64_t us;

	if (acked->syn && tcb->was_held)
		return false;
	if (acked->rtt_from) {
		us = (now - acked->rtt_from) / CN_NS_PER_US;
	} else if (acked->sack_from) {
		us = (now - acked->sack_from) / CN_NS_PER_US;
	} else if (is_news && tcb->ts_ok && (seg->options & TCP_OPT_TS) &&
		   seg->tsecr) {
		uint32_t ms = ts_clock(now) + tcb->ts_off - seg->tsecr;

		if (ms > 300000)
			return false;
		us = ms * UINT64_C(1000);
	} else {
		return false;
	}
	if (us > UINT32_MAX)
		us = UINT32_MAX;
	acked->rtt_us = (uint32_t)us;
	rto_sample(&tcb->rtt, (uint32_t)us);
	tcb->rtt.rto_us = (uint32_t)rto_us(&tcb->rtt, tcb->env->set, 0);
	return true;
}

/*
 * RFC 9293: take the window unless the segment is older than the last that
 * gave one.
 *
 * Deviation: as Linux, a segment that acknowledges something new is not old,
 * be its sequence number behind the last one's, as a retransmission's is: or
 * the right edge would move with SND.UNA beyond what was ever granted.
 */
static void update_window(struct tcb *tcb, const struct tcp_seg *seg,
			  bool is_news, uint64_t now)
{
	/* MUST-1, REC-1: 16 bits, unsigned, and scaled (RFC 7323). */
	uint32_t wnd = (uint32_t)seg->wnd << tcb->snd_wscale;

	/* SND.WL2 is never beyond SEG.ACK here: an older ACK was returned. */
	if (!is_news && seq_gt(tcb->snd_wl1, seg->seq))
		return;
	if (!wnd && tcb->snd_wnd)
		tcb->closed_ms = ms_of(now);
	tcb->snd_wnd = wnd;
	tcb->snd_wl1 = seq_max(tcb->snd_wl1, seg->seq);
	if (wnd > tcb->max_snd_wnd)
		tcb->max_snd_wnd = wnd;
}

static void timeouts_are_over(struct tcb *tcb, uint64_t now)
{
	struct tcp_mishaps *mishaps = tcp_mishaps(tcb);

	if (!mishaps)
		return;
	mishaps->timeouts_over++;
	mishaps->timeout_ms += ms_of(now) - tcb->first_tx_ms;
}

static void ack_advances(struct tcb *tcb, const struct tcp_seg *seg,
			 struct sent_acked *acked, uint64_t now)
{
	tcb->snd_una = seg->ack;
	sent_acked(tcb, seg->ack, acked);
	sendq_acked(tcb);
	if (tcb->urg_out && seq_ge(tcb->snd_una, tcb->snd_up))
		tcb->urg_out = false;
	if (tcb->rexmit_n)
		timeouts_are_over(tcb, now);
	tcb->rexmit_n = 0;
	tcb->probe_n = 0;
	/* RFC 8985 section 7.2: its timer begins anew; what has not left yet
	 * for want of a turn is not needed any more. */
	tcb->owe &= (uint16_t)~TCP_OWE_TLP;
	tcb->soft_err = 0;
	tcb->first_tx_ms = ms_of(now);
	tcb->news |= TCP_NEWS_OUT;
}

/* MUST-18: the other half of Karn's rule: the timeout stays backed off until
 * there is a sample, or a path slower than it is never measured. */
static void take_sample(struct tcb *tcb, const struct tcp_seg *seg,
			bool is_news, struct sent_acked *acked, uint64_t now)
{
	if (measure(tcb, seg, is_news, acked, now) && is_news)
		tcb->backoff = 0;
}

void ack_of_syn(struct tcb *tcb, const struct tcp_seg *seg, uint64_t now)
{
	struct sent_acked acked = {0};
	uint32_t began = tcb->first_tx_ms;
	uint64_t rtt_from = tcb->sent ? sent_at(tcb->sent, 0)->first_at : 0;

	/* RFC 1191 section 6.5: a SYN that was too long, and was sent again
	 * without its data, tells of no congestion. */
	if (!tcb->passive && !tcb->rexmit_n)
		tcb->syn_rexmitted = false;
	ack_advances(tcb, seg, &acked, now);
	take_sample(tcb, seg, true, &acked, now);
	timeout_restart(tcb, now);
	if (tcb->syn_rexmitted && !tcb->rtt.n) {
		tcb->rtt.rto_us = RTO_AFTER_LOST_SYN_US;
		tcb->backoff = 0;
	}
	if (rtt_from)
		tcb->stat.handshake_us =
			(uint32_t)((now - rtt_from) / CN_NS_PER_US);
	else
		tcb->stat.handshake_us = (ms_of(now) - began) * 1000;
	tcb->snd_wnd = seg->flags & TCP_SYN ?
			       seg->wnd :
			       (uint32_t)seg->wnd << tcb->snd_wscale;
	tcb->max_snd_wnd = tcb->snd_wnd;
	tcb->snd_wl1 = seg->seq;
	tcb->stat.last_ack_ms = ms_of(now);
	/* From here on it is idle. */
	tcb->stat.last_received_ms = ms_of(now);
	tcb->closed_ms = ms_of(now);
	ack_open_window(tcb, now);
	if (tcb->accecn && seg->flags & TCP_SYN)
		accecn_syn_acked(tcb, seg, now);
	else if (tcb->accecn)
		accecn_third_ack(tcb, seg, now);
	tune_open(tcb);
	plpmtud_open(tcb, now);
}

/* SYN-RECEIVED: our SYN must be acknowledged, or the segment is a stranger. */
static enum cn_drop syn_received_ack(struct tcb *tcb, const struct arrival *a)
{
	static const char rule[] = "RFC 9293 section 3.10.7.4, ACK";
	const struct tcp_seg *seg = a->seg;

	if (seq_le(seg->ack, tcb->iss) || seq_gt(seg->ack, tcb->snd_nxt)) {
		tcb->rst_seq = seg->ack;
		/* The reset says it all. */
		tcb->owe &= (uint16_t)~TCP_OWE_ACK;
		tcb->owe |= TCP_OWE_RST_BAD;
		return CN_DROP_TCP_ACK_UNACCEPTABLE;
	}
	ack_of_syn(tcb, seg, a->now);
	tcb_set_state(tcb, CN_ESTABLISHED, rule, a->now);
	tcb->news |= TCP_NEWS_STATE | TCP_NEWS_OUT;
	timeout_keepalive_restart(tcb, a->now);
	/* Closed while the handshake was under way. */
	if (tcb->fin_queued)
		tcb_set_state(tcb, CN_FIN_WAIT_1, "RFC 9293 section 3.10.4",
			      a->now);
	return CN_DROP_NONE;
}

/* What waits for our FIN's acknowledgement. */
static void fin_is_acked(struct tcb *tcb, uint64_t now)
{
	static const char rule[] = "RFC 9293 section 3.10.7.4, ACK of FIN";

	switch ((enum cn_tcp_state)tcb->state) {
	case CN_FIN_WAIT_1:
		tcb_set_state(tcb, CN_FIN_WAIT_2, rule, now);
		tcb->news |= TCP_NEWS_STATE;
		if (tcb->orphan)
			tcb->keep_at = now + timeout_fin_wait2(tcb);
		else
			timeout_keepalive_restart(tcb, now);
		break;
	case CN_CLOSING:
		tcb_set_state(tcb, CN_TIME_WAIT, rule, now);
		tcb->news |= TCP_NEWS_STATE;
		timeout_enter_time_wait(tcb, now);
		break;
	case CN_LAST_ACK:
		tcb_end(tcb, 0, rule, now);
		break;
	case CN_CLOSED:
	case CN_LISTEN:
	case CN_SYN_SENT:
	case CN_SYN_RECEIVED:
	case CN_ESTABLISHED:
	case CN_FIN_WAIT_2:
	case CN_CLOSE_WAIT:
	case CN_TIME_WAIT:
		break;
	}
}

/*
 * RFC 2883 section 4: the first block lies below what is acknowledged, or
 * within the second one.  Row 31 of the attacks: nor is it older or longer
 * than a window.
 */
static void take_dsack(const struct tcb *tcb, const struct tcp_seg *seg,
		       struct ack_news *news)
{
	const struct tcp_block *block = &seg->sack[0], *around = &seg->sack[1];
	bool twice = seq_le(block->right, seg->ack);

	if (seq_ge(block->left, block->right) ||
	    seq_gt(block->right, tcb->snd_nxt))
		return;
	if (!twice && seg->sack_n > 1)
		twice = seq_ge(block->left, around->left) &&
			seq_le(block->right, around->right);
	if (!twice || block->right - block->left > tcb->max_snd_wnd ||
	    seq_lt(block->left, tcb->snd_una - tcb->max_snd_wnd))
		return;
	news->dsack = true;
	news->dsack_left = block->left;
	news->dsack_right = block->right;
}

/* RFC 2018 section 3: blocks between SND.UNA and SND.NXT mark the ring. */
static void take_sack(struct tcb *tcb, const struct tcp_seg *seg,
		      struct sent_acked *acked, struct ack_news *news)
{
	uint32_t fack = tcb->snd_una;
	unsigned i;

	if (!tcb->sack_ok || !(seg->options & TCP_OPT_SACK) || !seg->sack_n)
		return;
	take_dsack(tcb, seg, news);
	for (i = 0; i < seg->sack_n; i++) {
		const struct tcp_block *block = &seg->sack[i];

		if (seq_ge(block->left, block->right) ||
		    seq_gt(block->right, tcb->snd_nxt) ||
		    seq_lt(block->left, tcb->snd_una))
			continue;
		news->sacked +=
			sent_sack(tcb, block->left, block->right, acked);
		fack = seq_max(fack, block->right);
	}
	if (tcb->sent)
		tcb->sent->fack = seq_max(tcb->sent->fack, fack);
}

/*
 * What is SACKed was sent before the oldest segment was sent again, whose answer
 * so cannot be here yet, whatever the timer was set to: a queue has grown since.
 * As Linux; it ends with what was in flight then.
 */
static bool is_before_head(const struct tcb *tcb, uint64_t sack_from)
{
	const struct sent *head;

	if (!sack_from || !tcb->sent || !tcb->sent->n)
		return false;
	head = sent_at(tcb->sent, 0);
	return head->rexmit & 1 && seq_lt(us_of(sack_from), head->from_us);
}

/*
 * RFC 2018 section 8: the segment at the left edge is SACKed, yet not
 * acknowledged: the receiver has thrown it away.  Linux's patience: half a
 * round trip, 10 ms at least, then it is as after a timeout.
 */
static void watch_reneging(struct tcb *tcb, uint64_t now)
{
	uint64_t wait = tcb->rtt.srtt_us / 2 * CN_NS_PER_US;

	if (!tcb->sacked || !tcb->sent || !(sent_at(tcb->sent, 0)->sacked & 1))
		return;
	if (wait < 10 * CN_NS_PER_MS)
		wait = 10 * CN_NS_PER_MS;
	/* Not the instant at which reordering would have had its time. */
	if (tcb->rexmit_kind != TCP_REXMIT_RTO)
		timeout_rto_restart(tcb, now);
	if (now + wait < tcb->rexmit_at)
		tcb->rexmit_at = now + wait;
}

/*
 * RFC 5961 section 5.2 (MAY-12): an ACK for what was never sent, or older
 * than the largest window the peer ever offered, is a guess.
 */
static bool is_blind(const struct tcb *tcb, const struct tcp_seg *seg)
{
	return seq_gt(seg->ack, tcb->snd_nxt) ||
	       seq_lt(seg->ack, tcb->snd_una - tcb->max_snd_wnd);
}

/*
 * An ACK that another has overtaken acknowledges nothing and offers nothing;
 * as Linux, what it SACKs has arrived all the same.
 */
static void old_ack(struct tcb *tcb, const struct arrival *a)
{
	struct sent_acked acked = {.watch = true};
	struct ack_news news = {.flight = tcp_flight(tcb), .sent = &acked};

	if (!tcb->sack_ok || !(a->seg->options & TCP_OPT_SACK))
		return;
	congestion_ack_begins(tcb, a->now);
	take_sack(tcb, a->seg, &acked, &news);
	news.delivered = news.sacked;
	if (news.sacked || news.dsack)
		recovery_ack(tcb, &news, a->now);
	congestion_ack_ends(tcb, &news, a->now);
}

static void established_ack(struct tcb *tcb, const struct arrival *a)
{
	const struct tcp_seg *seg = a->seg;
	struct sent_acked acked = {0};
	struct ack_news news = {.flight = tcp_flight(tcb), .sent = &acked};
	uint32_t una = tcb->snd_una, before = tcb->snd_wnd;
	uint32_t sacked = tcb->sacked;
	bool window_moved;

	if (seq_lt(seg->ack, una)) {
		old_ack(tcb, a);
		return;
	}
	acked.watch = recovery_looks(tcb) || (seg->options & TCP_OPT_SACK);
	congestion_ack_begins(tcb, a->now);
	if (seg->ack != una) {
		ack_advances(tcb, seg, &acked, a->now);
		news.acked = seg->ack - una;
		news.delivered = news.acked - (sacked - tcb->sacked);
		news.has_tsecr = tcb->ts_ok && (seg->options & TCP_OPT_TS) &&
				 seg->tsecr;
		news.tsecr = seg->tsecr;
	}
	update_window(tcb, seg, seg->ack != una, a->now);
	window_moved = tcb->snd_wnd != before;
	if (!before != !tcb->snd_wnd)
		trace_window(tcb, tcb->snd_wnd, "RFC 9293 section 3.8.6",
			     a->now);
	take_sack(tcb, seg, &acked, &news);
	news.delivered += news.sacked;
	if (news.acked || acked.sack_from)
		take_sample(tcb, seg, news.acked, &acked, a->now);
	news.rtt_us = acked.rtt_us;
	/* Until recovery knows better. */
	if (news.acked)
		timeout_rto_restart(tcb, a->now);
	else if (is_before_head(tcb, acked.sack_from))
		timeout_put_off(tcb, a->now);
	news.dup = !news.acked && !seg->len && !window_moved && news.flight;
	if (news.dup)
		TCP_MISHAP(tcb, dup_acks_in);
	/* MUST-37: a peer that answers probes is alive. */
	tcb->probe_n = 0;
	/* MUST-34, SHLD-17: while the peer's shrunk window is zero its ACKs
	 * keep the connection open. */
	if (!tcb->snd_wnd)
		tcb->rexmit_n = 0;
	tcb->stat.last_ack_ms = ms_of(a->now);
	ecn_ack(tcb, seg, &news, a->now);
	recovery_ack(tcb, &news, a->now);
	if (news.acked && tcb->rexmit_kind != TCP_REXMIT_RACK)
		timeout_restart(tcb, a->now);
	if (news.acked)
		watch_reneging(tcb, a->now);
	congestion_ack_ends(tcb, &news, a->now);
	tune_acked(tcb, a->now);
	if (tcb->tune && news.acked)
		plpmtud_acked(tcb, a->now);
	/* A window that opens ends the wait of the persist timer. */
	if (window_moved && !news.flight && tcb->snd_wnd) {
		tcb->rexmit_at = CN_NEVER;
		tcb->backoff = 0;
	}
	/* As Linux: MSG_MORE holds until the peer is heard, no longer. */
	tcb->more = false;
	if (acked.fin)
		fin_is_acked(tcb, a->now);
}

enum cn_drop step5_ack(struct tcb *tcb, struct arrival *a)
{
	const struct tcp_seg *seg = a->seg;

	if (!(seg->flags & TCP_ACK))
		return CN_DROP_TCP_NO_ACK;
	if (tcb->state == CN_SYN_RECEIVED)
		return syn_received_ack(tcb, a);
	if (is_blind(tcb, seg)) {
		arrive_challenge(tcb, a->now);
		return CN_DROP_TCP_ACK_UNACCEPTABLE;
	}
	established_ack(tcb, a);
	return CN_DROP_NONE;
}
