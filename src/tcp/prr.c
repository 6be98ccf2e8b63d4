/* SPDX-License-Identifier: MIT */
/*
 * RFC 9937, Proportional Rate Reduction: the window comes down to ssthresh in
 * the course of a recovery, in proportion to what is delivered, instead of at
 * once.  Octets that are delivered clock out octets, so that a receiver that
 * cuts its ACKs in pieces or repeats them gains nothing (rows 28 and 29 of the
 * attacks).
 */
#include "tcp/prr.h"

#include "tcp/busy.h"
#include "tcp/recovery.h"

static bool is_on(const struct tcb *tcb)
{
	return tcb->busy && tcb->busy->rec.prr_fs;
}

/* Section 6.1.  What was SACKed before cannot be delivered any more. */
void prr_begin(struct tcb *tcb, uint32_t delivered)
{
	struct tcp_recovery *rec;
	uint32_t flight = tcp_flight(tcb);

	if (!tcb->busy || !tcb->env->set->prr)
		return;
	rec = &tcb->busy->rec;
	rec->prr_delivered = 0;
	rec->prr_out = 0;
	rec->prr_fs = flight + delivered;
	rec->prr_fs -= tcb->sacked < rec->prr_fs ? tcb->sacked : 0;
	if (!rec->prr_fs)
		rec->prr_fs = 1;
}

/* Section 6.2. */
static uint32_t may_send(const struct tcb *tcb, const struct tcp_recovery *rec,
			 uint32_t pipe, uint32_t delivered, bool safe)
{
	uint32_t ssthresh = tcb->cc.ssthresh;
	uint64_t want, room;

	if (pipe > ssthresh) {
		want = ((uint64_t)rec->prr_delivered * ssthresh + rec->prr_fs -
			1) /
		       rec->prr_fs;
		return want > rec->prr_out ? (uint32_t)want - rec->prr_out : 0;
	}
	want = rec->prr_delivered > rec->prr_out ?
		       rec->prr_delivered - rec->prr_out :
		       0;
	if (want < delivered)
		want = delivered;
	if (safe)
		want += tcb->snd_mss;
	room = ssthresh - pipe;
	return (uint32_t)(want < room ? want : room);
}

void prr_ack(struct tcb *tcb, uint32_t delivered, bool safe)
{
	struct tcp_recovery *rec;
	uint32_t pipe = recovery_pipe(tcb), send;

	if (!is_on(tcb) || !delivered)
		return;
	rec = &tcb->busy->rec;
	rec->prr_delivered += delivered;
	send = may_send(tcb, rec, pipe, delivered, safe);
	/* Whatever the rate, what is lost goes out again at once. */
	if (!rec->prr_out && send < tcb->snd_mss)
		send = tcb->snd_mss;
	tcb->cc.cwnd = pipe + send;
}

void prr_sent(struct tcb *tcb, uint32_t octets)
{
	if (is_on(tcb))
		tcb->busy->rec.prr_out += octets;
}

void prr_end(struct tcb *tcb)
{
	if (!is_on(tcb))
		return;
	tcb->busy->rec.prr_fs = 0;
	tcb->cc.cwnd = tcb->cc.ssthresh;
}
