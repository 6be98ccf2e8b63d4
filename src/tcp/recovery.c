/* SPDX-License-Identifier: MIT */
/*
 * RFC 6675 (SACK) and RFC 6582 (NewReno) loss recovery, RFC 5681 timeouts.
 * Without SACK each duplicate ACK stands for one segment that has left the
 * network, so that both share the same arithmetic.
 */
#include "tcp/recovery.h"

#include "tcp/ecn.h"
#include "tcp/sent.h"
#include "tcp/trace.h"

uint32_t recovery_pipe(const struct tcb *tcb)
{
	uint32_t flight = tcp_flight(tcb);
	uint32_t left = tcb->sacked + tcb->lost;

	return (left < flight ? flight - left : 0) + tcb->retrans;
}

static struct cc_event event_of(const struct tcb *tcb,
				const struct ack_news *news, uint64_t now)
{
	struct cc_event event = {
		.now = now,
		.smss = tcb->snd_mss,
		.acked = news->acked,
		.flight = news->flight,
		.srtt_us = tcb->rtt.srtt_us,
		.rtt_us = news->rtt_us,
		.una = tcb->snd_una,
		.nxt = tcb->snd_nxt,
	};

	/* RFC 9293 leaves it to RFC 7661: a window that is not used does not
	 * grow.  In slow start half a window in flight counts as used. */
	if (tcb->cc.cwnd < tcb->cc.ssthresh)
		event.limited = (uint64_t)news->flight * 2 >= tcb->cc.cwnd;
	else
		event.limited = news->flight + 3 * tcb->snd_mss >= tcb->cc.cwnd;
	return event;
}

/* RFC 6582 section 3.2 step 3 and its remark: what the duplicates of the
 * window before told no longer holds. */
static void reno_acked(struct tcb *tcb, const struct ack_news *news)
{
	uint32_t gone;

	tcb->dupack_n = 0;
	if (tcb->sack_ok)
		return;
	gone = news->acked > tcb->snd_mss ? news->acked - tcb->snd_mss : 0;
	tcb->sacked = tcb->sacked > gone ? tcb->sacked - gone : 0;
	if (!tcb->in_recovery && !tcb->in_loss)
		tcb->sacked = 0;
}

/* A duplicate ACK without SACK: one segment has arrived out of order. */
static void reno_dup(struct tcb *tcb)
{
	uint32_t flight = tcp_flight(tcb);

	if (tcb->sack_ok)
		return;
	if (tcb->sacked + tcb->snd_mss <= flight)
		tcb->sacked += tcb->snd_mss;
}

static void enter(struct tcb *tcb, const struct ack_news *news, uint64_t now)
{
	struct cc_event event = event_of(tcb, news, now);

	tcb->in_recovery = true;
	tcb->recover = tcb->snd_nxt;
	tcb->stat.fast_recoveries++;
	/* A window that a mark has just reduced is small enough. */
	if (!tcb->in_cwr)
		cc_ops(tcb->cc_kind)->loss(&tcb->cc, &event);
	tcb->in_cwr = false;
	ecn_reduced(tcb);
	tcb->owe |= TCP_OWE_REXMIT;
	trace_cc(tcb, "RFC 6675 section 5", now);
}

void recovery_marked(struct tcb *tcb, const struct ack_news *news, uint64_t now)
{
	struct cc_event event = event_of(tcb, news, now);

	cc_ops(tcb->cc_kind)->loss(&tcb->cc, &event);
}

static void leave(struct tcb *tcb, uint64_t now)
{
	tcb->in_recovery = false;
	tcb->in_loss = false;
	if (!tcb->sack_ok)
		tcb->sacked = 0;
	trace_cc(tcb, "RFC 6675 section 5", now);
}

/* New losses by SACK, or by the third duplicate ACK. */
static bool find_losses(struct tcb *tcb, const struct ack_news *news)
{
	uint32_t before = tcb->lost;

	if (tcb->sack_ok) {
		sent_update_lost(tcb);
		return tcb->lost > before;
	}
	if (news->dup && tcb->dupack_n == DUP_THRESH && !tcb->in_recovery &&
	    !tcb->in_loss &&
	    (tcb->in_cwr || seq_gt(tcb->snd_una, tcb->recover)))
		sent_lose_first(tcb);
	return tcb->lost > before;
}

void recovery_ack(struct tcb *tcb, const struct ack_news *news, uint64_t now)
{
	bool recovering = tcb->in_recovery, fresh = cc_is_fresh(&tcb->cc);
	struct cc_event event;

	if (news->acked)
		reno_acked(tcb, news);
	else if (news->dup && tcb->dupack_n < UINT8_MAX) {
		tcb->dupack_n++;
		reno_dup(tcb);
	}
	if ((tcb->in_recovery || tcb->in_loss) &&
	    seq_ge(tcb->snd_una, tcb->recover))
		leave(tcb, now);
	/* What a recovery sent before it began does not make the window grow at
	 * its end (RFC 6582 section 3.2, full acknowledgements). */
	if (news->acked && !recovering && !tcb->in_cwr) {
		event = event_of(tcb, news, now);
		cc_ops(tcb->cc_kind)->ack(&tcb->cc, &event);
		if (fresh && !cc_is_fresh(&tcb->cc))
			trace_cc(tcb, "RFC 9406 section 4.2", now);
	}
	/* RFC 6582: a partial acknowledgement says that the next segment is
	 * lost too. */
	if (news->acked && tcb->in_recovery && !tcb->sack_ok) {
		sent_lose_first(tcb);
		tcb->owe |= TCP_OWE_REXMIT;
	}
	if (find_losses(tcb, news) && !tcb->in_recovery && !tcb->in_loss)
		enter(tcb, news, now);
}

void recovery_timeout(struct tcb *tcb, uint64_t now)
{
	struct ack_news none = {.flight = tcp_flight(tcb)};
	struct cc_event event = event_of(tcb, &none, now);

	if (!tcb->in_loss)
		cc_ops(tcb->cc_kind)->timeout(&tcb->cc, &event);
	else
		tcb->cc.cwnd = tcb->snd_mss;
	tcb->in_loss = true;
	tcb->in_recovery = false;
	tcb->in_cwr = false;
	ecn_reduced(tcb);
	tcb->recover = tcb->snd_nxt;
	tcb->dupack_n = 0;
	if (!tcb->sack_ok)
		tcb->sacked = 0;
	sent_lose_all(tcb);
	tcb->owe |= TCP_OWE_REXMIT;
	trace_cc(tcb, "RFC 5681 section 3.1", now);
}
