/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.10.7.4, the last three steps: urgent pointer, segment
 * text, FIN.
 */
#include "tcp/arrive.h"
#include "tcp/ecn.h"
#include "tcp/recvq.h"
#include "tcp/timeout.h"
#include "tcp/trace.h"
#include "tcp/tune.h"

/* States in which the peer may still send. */
static bool takes_text(const struct tcb *tcb)
{
	switch ((enum cn_tcp_state)tcb->state) {
	case CN_ESTABLISHED:
	case CN_FIN_WAIT_1:
	case CN_FIN_WAIT_2:
		return true;
	case CN_SYN_RECEIVED:
		return tcb->fast_child;
	case CN_CLOSED:
	case CN_LISTEN:
	case CN_SYN_SENT:
	case CN_CLOSE_WAIT:
	case CN_CLOSING:
	case CN_LAST_ACK:
	case CN_TIME_WAIT:
		/* The peer has said FIN: what follows it is ignored. */
		return false;
	}
	return false;
}

/*
 * "Sixth, check the URG bit."  0 is read as 1, as Linux does, and no pointer is
 * subtracted from before it is known to lie ahead (row 36 of the attacks).
 */
void step6_urg(struct tcb *tcb, const struct arrival *a)
{
	const struct tcp_seg *seg = a->seg;
	uint32_t up;

	if (!(seg->flags & TCP_URG) || !takes_text(tcb))
		return;
	/* MUST-62, RFC 6093: the pointer names the octet after the urgent one. */
	up = seg->seq + !!(seg->flags & TCP_SYN) + (seg->up ? seg->up : 1);
	if (seq_le(up, tcb->rcv_nxt) ||
	    (tcb->urg_in && seq_le(up, tcb->rcv_up)))
		return;
	tcb->urg_in = true;
	tcb->rcv_up = up;
	tcb->oob_has = false;
	tcb->rcv_mark = UINT32_MAX;
	/* MUST-32: told at once, before the octet itself is here. */
	tcb->news |= TCP_NEWS_PRI;
}

/* The urgent octet has come in order: it is taken out of the stream, or with
 * OOBINLINE stays and is marked. */
static void take_urgent(struct tcb *tcb, uint32_t before)
{
	uint32_t at = tcb->rcv_up - 1, off;

	if (!tcb->urg_in || tcb->rcv_mark != UINT32_MAX || seq_lt(at, before) ||
	    seq_ge(at, tcb->rcv_nxt))
		return;
	off = tcb->rcv_queued - (tcb->rcv_nxt - at);
	tcb->rcv_mark = off; /* MUST-33 */
	/* From here on its number measures nothing: some day it will seem to
	 * lie ahead. */
	tcb->urg_in = false;
	if (tcb->oobinline)
		return;
	recvq_cut(tcb, off, &tcb->oob_octet);
	tcb->oob_has = true;
	tcb->news |= TCP_NEWS_PRI;
}

/*
 * RFC 9293 section 3.8.6.3: an ACK may wait a little; it goes at once where
 * something is out of order (RFC 5681 section 4.2) and where the peer waits.
 */
static void owe_ack(struct tcb *tcb, const struct arrival *a, bool at_once)
{
	const struct tcp_seg *seg = a->seg;
	uint32_t size = seg->seg_size ? seg->seg_size : seg->data_len;

	if (size > tcb->rcv_mss && size <= tcb->adv_mss)
		tcb->rcv_mss = (uint16_t)size;
	/* SHLD-19: every second full segment at the latest. */
	if (tcb->rcv_nxt - tcb->last_ack_sent > tcb->rcv_mss)
		at_once = true;
	/* MAY-13 */
	if (at_once || tcb->quickack || tcb->quick_n) {
		tcb->owe |= TCP_OWE_ACK;
		return;
	}
	/* SHLD-18, MUST-40: not for long. */
	if (tcb->delack_at == CN_NEVER)
		tcb->delack_at = a->now + tcb->env->set->delack_ns;
}

static void advance_window(struct tcb *tcb, uint32_t before)
{
	uint32_t moved = tcb->rcv_nxt - before;

	/* The right edge stays where it was promised. */
	tcb->rcv_wnd -= moved;
}

/* The application is gone: nobody can read it, and the peer must know
 * (RFC 9293 section 3.6.1, RFC 2525 section 2.17).  As Linux, with the number
 * that the peer expects next: what is in flight may never reach it, and it
 * takes no other (RFC 5961 section 3.2). */
static enum cn_drop refuse_text(struct tcb *tcb, const struct arrival *a)
{
	tcb->owe |= TCP_OWE_RST_BAD;
	tcb->rst_seq = a->seg->ack;
	tcb_end(tcb, tcb->orphan ? 0 : CN_E_CONNRESET, "RFC 9293 section 3.6.1",
		a->now);
	return CN_DROP_TCP_AFTER_CLOSE;
}

/* "Seventh, process the segment text." */
enum cn_drop step7_text(struct tcb *tcb, const struct arrival *a)
{
	uint32_t before = tcb->rcv_nxt;
	bool gap = recvq_has_gap(tcb);
	enum cn_drop drop;

	if (!a->len || !takes_text(tcb))
		return CN_DROP_NONE;
	/* As Linux: shutdown both ways is as final as close. */
	if (tcb->orphan || (tcb->rd_shut && tcb->fin_queued))
		return refuse_text(tcb, a);
	ecn_text(tcb, a->seg);
	drop = recvq_insert(tcb, a->seg, a->seq, a->off, a->len);
	advance_window(tcb, before);
	tcb->stat.last_received_ms = ms_of(a->now);
	if (tcb->rcv_nxt - tcb->irs < before - tcb->irs)
		tcb->rcv_wraps++;
	if (((tcb->rcv_nxt - tcb->irs) ^ (before - tcb->irs)) >> 31)
		tcb->ts_back = 0; /* arrive.c, paws_rejects */
	if (drop == CN_DROP_NONE && a->seq != before)
		TCP_MISHAP(tcb, ooo_in);
	if (tcb->rcv_nxt != before) {
		take_urgent(tcb, before);
		tcb->news |= TCP_NEWS_IN;
		tune_received(tcb, a->seg, before, a->now);
	}
	/* RFC 2883: a duplicate beyond the gap. */
	if (drop == CN_DROP_TCP_DUPLICATE && tcb->sack_ok)
		arrive_duplicate(tcb, a->seq, a->seq + a->len, a->now);
	/* Beyond a gap, into one, or in vain: the sender must know now. */
	owe_ack(tcb, a, gap || a->seq != before || drop != CN_DROP_NONE);
	return drop;
}

static void fin_arrives(struct tcb *tcb, uint64_t now)
{
	static const char rule[] = "RFC 9293 section 3.10.7.4, FIN";

	switch ((enum cn_tcp_state)tcb->state) {
	case CN_ESTABLISHED:
		tcb_set_state(tcb, CN_CLOSE_WAIT, rule, now);
		break;
	case CN_FIN_WAIT_1:
		/* Our FIN is not acknowledged yet, or step 5 would have gone
		 * on to FIN-WAIT-2. */
		tcb_set_state(tcb, CN_CLOSING, rule, now);
		break;
	case CN_FIN_WAIT_2:
		tcb_set_state(tcb, CN_TIME_WAIT, rule, now);
		timeout_enter_time_wait(tcb, now);
		break;
	case CN_CLOSED:
	case CN_LISTEN:
	case CN_SYN_SENT:
	case CN_SYN_RECEIVED:
	case CN_CLOSE_WAIT:
	case CN_CLOSING:
	case CN_LAST_ACK:
	case CN_TIME_WAIT:
		return;
	}
	tcb->fin_rcvd = true;
	tcb->ooo_fin = false;
	if (++tcb->rcv_nxt == tcb->irs)
		tcb->rcv_wraps++;
	tcb->rcv_wnd--; /* a FIN beyond the edge was cut off */
	tcb->owe |= TCP_OWE_ACK;
	tcb->news |= TCP_NEWS_IN | TCP_NEWS_STATE;
	/* Whatever lies beyond the FIN was never the peer's. */
	recvq_free_gaps(tcb);
}

/*
 * "Eighth, check the FIN bit."  A FIN beyond a gap waits for its turn; one
 * that octets beyond it contradict is still where the stream ends.
 */
void step8_fin(struct tcb *tcb, const struct arrival *a)
{
	if (tcb->fin_rcvd)
		return;
	if (a->fin && takes_text(tcb)) {
		tcb->ooo_fin = true;
		tcb->ooo_fin_seq = a->seq + a->len;
	}
	if (tcb->ooo_fin && tcb->rcv_nxt == tcb->ooo_fin_seq)
		fin_arrives(tcb, a->now);
	else if (a->fin)
		tcb->owe |= TCP_OWE_ACK;
}
