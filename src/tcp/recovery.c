/* SPDX-License-Identifier: MIT */
/*
 * Loss recovery from its beginning to its end: RACK (rack.c) says what is lost,
 * or RFC 6675 where it is switched off or has no memory, or RFC 6582 (NewReno)
 * without SACK; RFC 9937 (prr.c) how much goes out; RFC 5681 and RFC 5682 what
 * a timeout means; and undo.c whether it was all for nothing.
 *
 * Without SACK each duplicate ACK stands for one segment that has left the
 * network, so that all share the same arithmetic.
 */
#include "tcp/recovery.h"

#include "tcp/busy.h"
#include "tcp/congestion.h"
#include "tcp/ecn.h"
#include "tcp/prr.h"
#include "tcp/rack.h"
#include "tcp/sent.h"
#include "tcp/trace.h"
#include "tcp/undo.h"

uint32_t recovery_pipe(const struct tcb *tcb)
{
	uint32_t flight = tcp_flight(tcb);
	uint32_t left = tcb->sacked + tcb->lost;

	return (left < flight ? flight - left : 0) + tcb->retrans;
}

/* RFC 6582 section 3.2 step 3 and its remark: what the duplicates of the
 * window before told no longer holds. */
static void reno_acked(struct tcb *tcb, const struct ack_news *news)
{
	uint32_t gone;

	tcb->dupack_n = 0;
	if (tcb->sack_ok)
		return;
	if (tcb->busy)
		tcb->busy->rec.dup_room = tcp_flight(tcb);
	gone = news->acked > tcb->snd_mss ? news->acked - tcb->snd_mss : 0;
	tcb->sacked = tcb->sacked > gone ? tcb->sacked - gone : 0;
	if (!tcb->in_recovery && !tcb->in_loss)
		tcb->sacked = 0;
}

/*
 * A duplicate ACK without SACK: one segment has arrived out of order.  Row 29
 * of the attacks: not more of them than were in flight when SND.UNA moved
 * last, nor than two before anything is taken for lost (RFC 3042), and the one
 * that says it is; or whoever repeats himself could have as much as he likes.
 */
static void reno_dup(struct tcb *tcb)
{
	uint32_t flight = tcp_flight(tcb);

	if (tcb->sack_ok || (!tcb->in_recovery && tcb->dupack_n > DUP_THRESH))
		return;
	if (tcb->in_recovery && tcb->busy) {
		if (tcb->busy->rec.dup_room < tcb->snd_mss)
			return;
		tcb->busy->rec.dup_room -= tcb->snd_mss;
	}
	if (tcb->sacked + tcb->snd_mss <= flight)
		tcb->sacked += tcb->snd_mss;
}

/*
 * What an ACK delivers without SACK: a duplicate one segment; and what the
 * duplicates have told of is not news when it is acknowledged, but the hole
 * is that it fills.
 */
static uint32_t reno_delivered(const struct tcb *tcb,
			       const struct ack_news *news, uint32_t sacked)
{
	uint32_t hole = news->acked < tcb->snd_mss ? news->acked : tcb->snd_mss;

	if (!news->acked)
		return tcb->sacked - sacked;
	return news->acked > sacked + hole ? news->acked - sacked : hole;
}

/* ------------------------------------------------- beginning and end -- */

static void reduce(struct tcb *tcb, uint32_t flight, uint64_t now)
{
	struct ack_news news = {.flight = flight};
	struct cc_event event = congestion_event(tcb, &news, now);

	undo_begin(tcb, now);
	tcb->tlp_out = false;
	/* A window that a mark has just reduced is small enough, and was
	 * reduced with reason. */
	if (!tcb->in_cwr)
		cc_ops((enum cn_cc)tcb->cc_kind)->loss(&tcb->cc, &event);
	else if (tcb->busy)
		tcb->busy->rec.undo_can = false;
	tcb->in_cwr = false;
	ecn_reduced(tcb);
}

void recovery_reduce(struct tcb *tcb, uint64_t now)
{
	reduce(tcb, tcp_flight(tcb), now);
	if (tcb->busy)
		tcb->busy->rec.undo_can = false;
}

static void enter(struct tcb *tcb, uint32_t flight, uint32_t delivered,
		  uint64_t now)
{
	reduce(tcb, flight, now);
	tcb->in_recovery = true;
	tcb->in_loss = false;
	tcb->recover = tcb->snd_nxt;
	TCP_MISHAP(tcb, fast_recoveries);
	if (tcb->sack_ok)
		tcb->env->count->tcp_sack_recovery++;
	else
		tcb->env->count->tcp_reno_recovery++;
	if (!cc_ops((enum cn_cc)tcb->cc_kind)->own_recovery)
		prr_begin(tcb, delivered);
	if (tcb->busy)
		tcb->busy->rec.dup_room = tcp_flight(tcb);
	prr_ack(tcb, delivered ? delivered : 1, false);
	tcb->owe |= TCP_OWE_REXMIT;
	trace_cc(tcb,
		 rack_is_on(tcb) ? "RFC 8985 section 6.2" :
				   "RFC 6675 section 5",
		 now);
}

void recovery_marked(struct tcb *tcb, const struct ack_news *news, uint64_t now)
{
	struct cc_event event = congestion_event(tcb, news, now);

	event.is_mark = true;
	cc_ops(tcb->cc_kind)->loss(&tcb->cc, &event);
}

static void leave(struct tcb *tcb, uint64_t now)
{
	if (tcb->in_recovery)
		prr_end(tcb);
	if (rack_is_on(tcb))
		rack_recovered(tcb);
	tcb->in_recovery = false;
	tcb->in_loss = false;
	if (!tcb->sack_ok)
		tcb->sacked = 0;
	trace_cc(tcb, "RFC 6675 section 5", now);
}

/* Nothing was lost: all is as before. */
static void take_back(struct tcb *tcb, enum cn_undo why, uint64_t now)
{
	struct cn_counters *count = tcb->env->count;

	if (why == CN_UNDO_DSACK)
		count->tcp_dsack_undo++;
	else if (why == CN_UNDO_TIMESTAMP)
		count->tcp_ts_undo++;
	if (tcb->in_loss)
		count->tcp_spurious_rtos++;
	if (rack_is_on(tcb))
		rack_recovered(tcb);
	tcb->in_recovery = false;
	tcb->in_loss = false;
	if (!tcb->sack_ok)
		tcb->sacked = 0;
	undo(tcb, why, now);
}

static enum cn_undo why_undo(const struct tcb *tcb)
{
	return undo_all_came_twice(tcb) ? CN_UNDO_DSACK : CN_UNDO_TIMESTAMP;
}

/* ------------------------------------------------------------ timeouts -- */

/*
 * RFC 5682 section 3.1, with SACK or without.  An ACK of something that was
 * sent before the timeout, and not since, tells that the path was slow and not
 * lossy.  Where the first ACK moves SND.UNA without telling that, new data go
 * before what is thought lost: they make the receiver tell.
 */
static void frto_ack(struct tcb *tcb, const struct ack_news *news, uint64_t now)
{
	struct tcp_recovery *rec = &tcb->busy->rec;

	rec->frto_new = false;
	if (!rec->frto)
		return;
	if (news->sent->orig && rec->undo_can) {
		take_back(tcb, CN_UNDO_FRTO, now);
		return;
	}
	if (seq_gt(tcb->snd_nxt, tcb->recover)) {
		/* Step 3a: the new data left a gap behind. */
		if (news->sacked || news->dup)
			rec->frto = false;
		return;
	}
	if (!news->acked || seq_ge(tcb->snd_una, tcb->recover))
		return;
	/* Step 2b */
	tcb->recover = tcb->snd_nxt;
	rec->frto_new = seq_lt(tcb->snd_nxt, tcb->snd_end) &&
			tcb->snd_wnd > tcp_flight(tcb);
	rec->frto = rec->frto_new;
}

bool recovery_holds_lost(const struct tcb *tcb)
{
	return tcb->in_loss && tcb->busy && tcb->busy->rec.frto_new;
}

static void loss_ack(struct tcb *tcb, const struct ack_news *news, uint64_t now)
{
	if (tcb->busy) {
		if (news->acked && undo_is_due(tcb, news))
			take_back(tcb, why_undo(tcb), now);
		else
			frto_ack(tcb, news, now);
	}
	if (tcb->in_loss && seq_ge(tcb->snd_una, tcb->recover))
		leave(tcb, now);
}

/* ------------------------------------------------------- fast recovery -- */

/*
 * An ACK in fast recovery.  True: it shows that the hole was filled by a
 * segment that was late (RFC 3522), and nothing more is taken for lost until
 * what was sent again is accounted for.
 */
static bool fast_ack(struct tcb *tcb, const struct ack_news *news, uint64_t now)
{
	bool over = seq_ge(tcb->snd_una, tcb->recover);

	if (tcb->busy && over && news->acked && undo_is_due(tcb, news)) {
		take_back(tcb, why_undo(tcb), now);
		return false;
	}
	if (over) {
		leave(tcb, now);
		return false;
	}
	if (!tcb->busy)
		return false;
	if (undo_all_came_twice(tcb)) {
		take_back(tcb, CN_UNDO_DSACK, now);
		return false;
	}
	if (!news->acked || !undo_is_delayed(tcb, news))
		return false;
	tcb->busy->rec.reordered = true;
	tcb->busy->keep |= BUSY_KEEP_RECOVERY;
	TCP_MISHAP(tcb, reord_seen);
	if (tcb->retrans)
		return true;
	take_back(tcb, CN_UNDO_TIMESTAMP, now);
	return false;
}

/* What NewReno takes for lost (RFC 6582): the first segment, by the third
 * duplicate ACK, and with each partial acknowledgement the next. */
static void reno_losses(struct tcb *tcb, const struct ack_news *news)
{
	if (tcb->in_recovery && news->acked) {
		sent_lose_first(tcb);
		tcb->owe |= TCP_OWE_REXMIT;
	}
	if (news->dup && tcb->dupack_n == DUP_THRESH && !tcb->in_recovery &&
	    !tcb->in_loss &&
	    (tcb->in_cwr || seq_gt(tcb->snd_una, tcb->recover)))
		sent_lose_first(tcb);
}

/* Finds what is lost; true: a retransmission was. */
static bool find_losses(struct tcb *tcb, const struct ack_news *news,
			uint64_t now)
{
	if (!tcb->sack_ok)
		reno_losses(tcb, news);
	else if (rack_is_on(tcb))
		return rack_has_news(tcb) && rack_detect(tcb, now).lost_again;
	else
		sent_update_lost(tcb);
	return false;
}

/* True: it can be believed. */
static bool note_dsack(struct tcb *tcb, const struct ack_news *news)
{
	struct tcp_recovery *rec = &tcb->busy->rec;

	tcb->env->count->tcp_dsack_recv++;
	TCP_MISHAP(tcb, dsack_dups);
	/* Row 31 of the attacks: more came twice than was ever sent twice. */
	if (++rec->dsack_n > tcb->stat.segs_retransmitted)
		return false;
	undo_dsack(tcb, news);
	return true;
}

/* Something is missing, or the peer says that something came twice. */
static void look(struct tcb *tcb, const struct ack_news *news,
		 uint32_t delivered, uint64_t now)
{
	uint32_t lost = tcb->lost;
	bool again;

	if (tcp_busy(tcb, now)) {
		bool dsack = news->dsack && note_dsack(tcb, news);

		if (rack_is_on(tcb))
			rack_update(tcb, news, dsack, now);
		if (tcb->tlp_out)
			tlp_ack(tcb, news, now);
	}
	if (tcb->in_loss)
		loss_ack(tcb, news, now);
	else if (tcb->in_recovery && fast_ack(tcb, news, now))
		return;
	lost = tcb->lost;
	again = find_losses(tcb, news, now);
	if ((tcb->lost > lost && !tcb->in_recovery && !tcb->in_loss) ||
	    (again && tcb->in_loss))
		enter(tcb, news->flight, delivered, now);
	else if (tcb->in_recovery)
		prr_ack(tcb, delivered,
			news->acked && tcb->lost <= lost && !again);
}

/* The controller learns what came. */
static void raise_window(struct tcb *tcb, const struct ack_news *news,
			 uint32_t octets, uint64_t now)
{
	const struct cc_ops *ops = cc_ops((enum cn_cc)tcb->cc_kind);
	bool fresh = cc_is_fresh(&tcb->cc);
	struct cc_event event;

	if (!ops->ack)
		return;
	event = congestion_event(tcb, news, now);
	event.acked = octets;
	ops->ack(&tcb->cc, &event);
	if (fresh && !cc_is_fresh(&tcb->cc))
		trace_cc(tcb, "RFC 9406 section 4.2", now);
}

/* As Linux: where segments overtake each other, what is SACKed without a loss
 * counts at once, or it would never count. */
static bool sack_raises(const struct tcb *tcb)
{
	return tcb->sack_ok && !tcb->in_recovery && !tcb->in_loss &&
	       !tcb->in_cwr && rack_reordering(tcb) > DUP_THRESH;
}

void recovery_ack(struct tcb *tcb, const struct ack_news *news, uint64_t now)
{
	bool recovering = tcb->in_recovery;
	uint32_t sacked = tcb->sacked, delivered;

	if (news->acked) {
		reno_acked(tcb, news);
	} else if (news->dup && tcb->dupack_n < UINT8_MAX) {
		tcb->dupack_n++;
		reno_dup(tcb);
	}
	delivered = news->delivered;
	if (!tcb->sack_ok)
		delivered = reno_delivered(tcb, news, sacked);
	/* What a recovery sent before it began does not make the window grow at
	 * its end (RFC 6582 section 3.2, full acknowledgements). */
	if (news->acked && !recovering && !tcb->in_cwr)
		raise_window(tcb, news,
			     delivered < news->acked ? delivered : news->acked,
			     now);
	if (news->sent->watch || news->dup || news->dsack)
		look(tcb, news, delivered, now);
	if (!news->acked && news->sacked && !recovering && sack_raises(tcb))
		raise_window(tcb, news, news->sacked, now);
}

void recovery_reordering_over(struct tcb *tcb, uint64_t now)
{
	uint32_t lost = tcb->lost;
	bool again;

	if (!rack_is_on(tcb))
		return;
	rate_ack(tcb, now);
	again = rack_detect(tcb, now).lost_again;
	if (tcb->lost <= lost && !again)
		return;
	if (!tcb->in_recovery && (!tcb->in_loss || again)) {
		enter(tcb, tcp_flight(tcb), 0, now);
	} else if (tcb->in_recovery) {
		prr_ack(tcb, 1, false);
		trace_cc(tcb, "RFC 8985 section 6.2", now);
	}
}

void recovery_sent(struct tcb *tcb, uint32_t octets, uint32_t segs, bool again,
		   uint64_t now)
{
	if (again)
		undo_sent(tcb, segs, now);
	if (tcb->in_recovery)
		prr_sent(tcb, octets);
}

/*
 * RFC 8985 section 6.3: what left less than a round trip ago is not lost for
 * it.  Row 31: a receiver that reneged, or any without RACK, loses it all.
 */
static void lose(struct tcb *tcb, uint64_t now)
{
	if (sent_at(tcb->sent, 0)->sacked & 1)
		tcb->env->count->tcp_sack_reneging++;
	if (rack_is_on(tcb) && tcb->busy->rec.rack_has)
		sent_lose_before(tcb, us_of(now) - tcb->busy->rec.rack_rtt_us);
	else
		sent_lose_all(tcb);
}

/* RFC 5681 section 3.1, and RFC 5682 where it is not one of a series within a
 * recovery that knows better. */
void recovery_timeout(struct tcb *tcb, uint64_t now)
{
	struct ack_news none = {.flight = tcp_flight(tcb)};
	struct cc_event event = congestion_event(tcb, &none, now);
	bool fresh = !tcb->in_recovery && !tcb->in_loss;

	rate_ack(tcb, now);
	/* In a recovery the window has been reduced for this flight. */
	if (fresh || (tcb->in_loss && tcb->rexmit_n <= 1)) {
		undo_begin(tcb, now);
		cc_ops((enum cn_cc)tcb->cc_kind)->timeout(&tcb->cc, &event);
	}
	if (tcb->busy) {
		tcb->busy->rec.prr_fs = 0;
		tcb->busy->rec.frto_new = false;
		tcb->busy->rec.frto = tcb->env->set->frto &&
				      (fresh || tcb->rexmit_n > 1);
	}
	tcb->tlp_out = false;
	tcb->owe &= (uint16_t)~TCP_OWE_TLP;
	tcb->in_loss = true;
	tcb->in_recovery = false;
	tcb->in_cwr = false;
	ecn_reduced(tcb);
	tcb->recover = tcb->snd_nxt;
	tcb->dupack_n = 0;
	if (!tcb->sack_ok)
		tcb->sacked = 0;
	lose(tcb, now);
	tcb->cc.cwnd = recovery_pipe(tcb) + tcb->snd_mss;
	tcb->owe |= TCP_OWE_REXMIT;
	trace_cc(tcb, "RFC 5681 section 3.1", now);
}
