/* SPDX-License-Identifier: MIT */
/*
 * RFC 4015 (the response), RFC 3522 (timestamps) and RFC 3708 (D-SACK): when
 * everything that was sent again turns out to have been on its way, the window
 * and ssthresh are what they were.
 *
 * Row 31 of the attacks: each reduction is undone once at most, by D-SACKs of
 * what was sent again since and of no more than that.
 */
#include "tcp/undo.h"

#include "tcp/busy.h"
#include "tcp/congestion.h"
#include "tcp/options.h"
#include "tcp/sent.h"
#include "tcp/trace.h"

void undo_begin(struct tcb *tcb, uint64_t now)
{
	struct tcp_busy *busy = tcp_busy(tcb, now);
	struct tcp_recovery *rec;

	if (!busy)
		return;
	rec = &busy->rec;
	rec->prior_ssthresh = tcb->cc.ssthresh;
	rec->undo_can = true;
	rec->undo_una = tcb->snd_una;
	rec->undo_has_sent = false;
	rec->undo_segs = 0;
	rec->undo_ts = 0;
}

void undo_sent(struct tcb *tcb, uint32_t segs, uint64_t now)
{
	struct tcp_recovery *rec;

	if (!tcb->busy || !tcb->busy->rec.undo_can)
		return;
	rec = &tcb->busy->rec;
	if (!rec->undo_has_sent)
		rec->undo_ts = ts_clock(now) + tcb->ts_off;
	rec->undo_has_sent = true;
	rec->undo_segs += segs;
}

void undo_dsack(struct tcb *tcb, const struct ack_news *news)
{
	struct tcp_recovery *rec = &tcb->busy->rec;
	uint32_t len = news->dsack_right - news->dsack_left;
	uint32_t segs = (len + tcb->snd_mss - 1) / tcb->snd_mss;

	if (!rec->undo_can || seq_le(news->dsack_right, rec->undo_una))
		return;
	rec->undo_segs -= segs < rec->undo_segs ? segs : rec->undo_segs;
}

bool undo_all_came_twice(const struct tcb *tcb)
{
	const struct tcp_recovery *rec = &tcb->busy->rec;

	return rec->undo_can && rec->undo_has_sent && !rec->undo_segs;
}

/* RFC 3522 section 3.2: the timestamp it echoes is older than the first
 * retransmission. */
bool undo_is_delayed(const struct tcb *tcb, const struct ack_news *news)
{
	const struct tcp_recovery *rec = &tcb->busy->rec;

	if (!rec->undo_can)
		return false;
	if (!rec->undo_has_sent)
		return true;
	return news->has_tsecr && seq_lt(news->tsecr, rec->undo_ts);
}

bool undo_is_due(const struct tcb *tcb, const struct ack_news *news)
{
	return undo_all_came_twice(tcb) || undo_is_delayed(tcb, news);
}

/* The controller's and PRR's part. */
void undo_reduction(struct tcb *tcb, uint64_t now)
{
	static const struct ack_news none;
	struct cc_event event = congestion_event(tcb, &none, now);
	struct tcp_recovery *rec = tcb->busy ? &tcb->busy->rec : NULL;

	if (rec && !rec->undo_can)
		return;
	cc_ops((enum cn_cc)tcb->cc_kind)->undo(&tcb->cc, &event);
	if (!rec)
		return;
	if (tcb->cc.ssthresh < rec->prior_ssthresh)
		tcb->cc.ssthresh = rec->prior_ssthresh;
	rec->undo_can = false;
	rec->prr_fs = 0;
}

void undo(struct tcb *tcb, enum cn_undo why, uint64_t now)
{
	sent_unlose(tcb);
	undo_reduction(tcb, now);
	trace_undo(tcb, why, now);
}
