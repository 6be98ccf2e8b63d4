/* SPDX-License-Identifier: MIT */
/*
 * draft-ietf-ccwg-bbr, "Delivery Rate Samples".  Of an ACK the newest record
 * counts that it delivers and that was sent once; a rate is what arrived in
 * the time since, which is the longer one of sending and acknowledging it, so
 * that neither a burst nor compressed ACKs make it look faster than the path.
 */
#include "tcp/rate.h"

#include "base/seq.h"
#include "tcp/busy.h"
#include "tcp/output.h"
#include "tcp/recovery.h"
#include "tcp/sent.h"
#include "tcp/timeout.h"

static uint32_t instant_us(uint64_t now)
{
	return (uint32_t)(now / CN_NS_PER_US);
}

uint32_t rate_delivered(const struct tcb *tcb)
{
	return tcb->snd_una + tcb->sacked;
}

/*
 * An ACK may make the block when it is half worked on: what it has delivered by
 * then is not counted.  And something may be in flight: the SYN-ACK before
 * which RFC 7413 lets data go.
 */
void rate_init(struct tcb *tcb, uint64_t now)
{
	struct tcp_rate *rate = &tcb->busy->rate;

	rate_ack(tcb, now);
	rate->round_end = rate_delivered(tcb);
	rate->first_us = instant_us(now);
	rate->delivered_us = instant_us(now);
	/* One that has spoken before was idle since, for want of data. */
	if (seq_gt(tcb->snd_una, tcb->iss + 1))
		rate_limited_by_app(tcb);
}

void rate_sent_more(struct tcb *tcb)
{
	if (tcb->busy)
		tcb->busy->rate.usage_sent = true;
}

/* "Transmitting a data packet". */
void rate_sent(struct tcb *tcb, struct sent *rec, uint32_t len, uint64_t now)
{
	struct tcp_busy *busy = tcp_busy(tcb, now);
	struct rate_tx *tx = &rec->tx;
	struct tcp_rate *rate;
	uint32_t pipe = recovery_pipe(tcb);

	if (!busy)
		return;
	rate = &busy->rate;
	rate->usage_sent = true;
	if (!pipe) {
		rate->first_us = instant_us(now);
		rate->delivered_us = instant_us(now);
	}
	tx->is_known = true;
	tx->delivered = rate_delivered(tcb);
	tx->lost = rate->lost;
	tx->in_flight = pipe + len;
	tx->delivered_us = rate->delivered_us;
	tx->first_us = rate->first_us;
	tx->is_app_limited = rate->is_app_limited;
}

static bool is_window_full(const struct tcb *tcb)
{
	return recovery_pipe(tcb) + tcb->snd_mss > tcb->cc.cwnd;
}

/* Data have left, or would if the window let them: how much of it is used? */
static void note_usage(struct tcb *tcb)
{
	struct tcp_rate *rate = &tcb->busy->rate;
	uint32_t flight = tcp_flight(tcb);
	bool full = is_window_full(tcb);

	rate->usage_sent = false;
	if (!full && rate->usage_most &&
	    seq_lt(tcb->snd_una, rate->usage_end) &&
	    (rate->usage_full || flight <= rate->usage_most))
		return;
	rate->usage_full = full;
	rate->usage_most = flight;
	rate->usage_end = tcb->snd_nxt;
}

/*
 * A window that is not used says nothing about the path, so it does not grow.
 * As Linux (tcp_is_cwnd_limited): it is in use if at some time of this flight
 * or the one before nothing more could leave for it; and in slow start if it is
 * less than twice what was in flight then, since so much will be sent next.
 */
bool rate_uses_window(const struct tcb *tcb)
{
	const struct tcp_rate *rate = &tcb->busy->rate;

	return rate->usage_full || (tcb->cc.cwnd < tcb->cc.ssthresh &&
				    tcb->cc.cwnd / 2 < rate->usage_most);
}

uint32_t rate_unused(struct tcb *tcb, uint32_t flight, uint64_t now)
{
	struct tcp_rate *rate = &tcb->busy->rate;
	uint32_t most = rate->decay_most;

	if (most && !rate_uses_window(tcb)) {
		if (flight > most)
			rate->decay_most = most = flight;
		if (ms_of(now) - rate->decay_ms <
		    timeout_rto(tcb) / CN_NS_PER_MS)
			return 0;
	} else {
		most = 0;
	}
	rate->decay_ms = ms_of(now);
	rate->decay_most = flight;
	return most;
}

void rate_ack(struct tcb *tcb, uint64_t now)
{
	struct tcp_rate *rate;

	if (!tcb->busy)
		return;
	rate = &tcb->busy->rate;
	/* A link that is slow never lets us rest. */
	if (rate->usage_sent)
		note_usage(tcb);
	rate->ack_at = now;
	rate->ack_delivered = rate_delivered(tcb);
	rate->ack_lost = rate->lost;
	rate->has_pick = false;
}

void rate_pick(struct tcb *tcb, const struct sent *rec)
{
	struct tcp_rate *rate;

	if (!tcb->busy || !rec->tx.is_known)
		return;
	rate = &tcb->busy->rate;
	if (rate->has_pick && rec->first_at < rate->pick_at)
		return;
	rate->has_pick = true;
	rate->pick_at = rec->first_at;
	rate->pick = rec->tx;
}

static uint32_t longer(uint32_t a_us, uint32_t b_us)
{
	return a_us > b_us ? a_us : b_us;
}

/* "Upon receiving an ACK", for the record that was picked. */
static void measure(struct tcb *tcb, struct rate_sample *sample, uint64_t now)
{
	struct tcp_rate *rate = &tcb->busy->rate;
	const struct rate_tx *tx = &rate->pick;
	uint32_t sent_us = instant_us(rate->pick_at);
	uint32_t interval_us = longer(sent_us - tx->first_us,
				      instant_us(now) - tx->delivered_us);

	rate->first_us = sent_us;
	sample->has_data = true;
	sample->prior_delivered = tx->delivered;
	sample->in_flight = tx->in_flight;
	sample->lost = rate->lost - tx->lost;
	sample->is_app_limited = tx->is_app_limited;
	sample->delivered = rate_delivered(tcb) - tx->delivered;
	sample->rtt_us = longer(instant_us(now) - sent_us, 1);
	if (!interval_us || interval_us < tcb->rtt.min_us)
		return;
	sample->rate = sample->delivered * UINT64_C(1000000) / interval_us;
	/* As Linux shows it: what the application held back is no rate of the
	 * path unless it is a higher one. */
	if (!sample->is_app_limited || sample->rate >= rate->bw) {
		rate->bw = sample->rate;
		rate->bw_is_app_limited = sample->is_app_limited;
	}
}

static void pass_round(struct tcp_rate *rate, const struct tcb *tcb)
{
	uint32_t delivered = rate_delivered(tcb);

	if (seq_lt(delivered, rate->round_end))
		return;
	rate->round_end = delivered + recovery_pipe(tcb);
	rate->was_cwnd_limited = rate->is_cwnd_limited;
	rate->is_cwnd_limited = false;
}

void rate_finish(struct tcb *tcb, struct rate_sample *sample, uint64_t now)
{
	uint32_t delivered = rate_delivered(tcb);
	struct tcp_rate *rate;

	*sample = (struct rate_sample){0};
	if (!tcb->busy)
		return;
	rate = &tcb->busy->rate;
	if (rate->is_app_limited && seq_gt(delivered, rate->app_limited))
		rate->is_app_limited = false;
	/* A receiver that reneges takes octets back. */
	if (seq_gt(delivered, rate->ack_delivered)) {
		sample->newly_acked = delivered - rate->ack_delivered;
		rate->delivered_us = instant_us(now);
	}
	sample->newly_lost = rate->lost - rate->ack_lost;
	if (rate->has_pick)
		measure(tcb, sample, now);
	pass_round(rate, tcb);
}

void rate_limited_by_app(struct tcb *tcb)
{
	struct tcp_rate *rate = &tcb->busy->rate;

	rate->is_app_limited = true;
	rate->app_limited = rate_delivered(tcb) + recovery_pipe(tcb);
}

/* "Detecting application-limited phases". */
void rate_rests(struct tcb *tcb)
{
	bool full, unsent;

	if (!tcb->busy)
		return;
	full = is_window_full(tcb);
	unsent = output_has_unsent(tcb);
	if (tcb->busy->rate.usage_sent || (full && unsent))
		note_usage(tcb);
	if (full)
		tcb->busy->rate.is_cwnd_limited = true;
	else if (!unsent && tcb->lost <= tcb->retrans)
		rate_limited_by_app(tcb);
}
