/* SPDX-License-Identifier: MIT */
/* draft-ietf-ccwg-bbr, "Updating Network Path Model Parameters". */
#include "base/seq.h"
#include "tcp/bbr.h"

#define LOSS_THRESH_PCT 2u
#define BETA_PCT 70u
#define MIN_RTT_FILTER_NS (10 * CN_NS_PER_SEC)
#define CONFIRM_DIVISOR 128u
#define PROBE_RTT_INTERVAL_NS (5 * CN_NS_PER_SEC)
/* Half of ExtraAckedFilterLen: two windows follow each other. */
#define EXTRA_ACKED_ROUNDS 5u

static uint64_t more(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint32_t more32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* ---------------------------------------------------------------- rounds -- */

void bbr_start_round(struct bbr *bbr, const struct cc_event *e)
{
	bbr->next_round_delivered = e->delivered;
}

static void update_round(struct bbr *bbr, const struct bbr_ack *a)
{
	bbr->round_start = a->rs->has_data && seq_ge(a->rs->prior_delivered,
						     bbr->next_round_delivered);
	if (!bbr->round_start)
		return;
	bbr_start_round(bbr, a->e);
	bbr->round_count++;
	bbr->rounds_since_probe_up++;
}

/* ------------------------------------------------------------- bandwidth -- */

uint64_t bbr_max_bw(const struct bbr *bbr)
{
	return more(bbr->max_bw[0], bbr->max_bw[1]);
}

/* A probing cycle is over: of two the older one is forgotten. */
void bbr_advance_max_bw(struct bbr *bbr)
{
	if (!bbr->max_bw[1])
		return;
	bbr->max_bw[0] = bbr->max_bw[1];
	bbr->max_bw[1] = 0;
}

static void update_max_bw(struct bbr *bbr, const struct bbr_ack *a)
{
	const struct rate_sample *rs = a->rs;

	update_round(bbr, a);
	if (rs->rate && (rs->rate >= bbr_max_bw(bbr) || !rs->is_app_limited))
		bbr->max_bw[1] = more(bbr->max_bw[1], rs->rate);
}

void bbr_reset_full_bw(struct bbr *bbr)
{
	bbr->full_bw = 0;
	bbr->full_bw_count = 0;
	bbr->full_bw_now = false;
}

/* "Exiting Acceleration Based on Bandwidth Plateau". */
void bbr_check_full_bw(struct bbr *bbr, const struct bbr_ack *a)
{
	if (bbr->full_bw_now || !bbr->round_start || a->rs->is_app_limited)
		return;
	if (a->rs->rate >= bbr->full_bw + bbr->full_bw / 4) {
		bbr_reset_full_bw(bbr);
		bbr->full_bw = a->rs->rate;
		return;
	}
	bbr->full_bw_now = ++bbr->full_bw_count >= 3;
	if (bbr->full_bw_now)
		bbr->full_bw_reached = true;
}

void bbr_bound_bw(struct bbr *bbr)
{
	bbr->bw = bbr_max_bw(bbr);
	if (bbr->bw_shortterm < bbr->bw)
		bbr->bw = bbr->bw_shortterm;
}

/*
 * Deviation: a round trip that is next to as short as the least one shows that
 * the queue was empty just now, so that nobody needs to be slowed down for 200
 * ms to see it (the draft wants a shorter one, or gives up 2 to 5 % of the
 * rate).  Where flows keep a queue standing none is so short, and all drain it
 * together as the draft says.
 */
static bool is_confirmed(const struct bbr *bbr, uint32_t rtt_us)
{
	return rtt_us - bbr->probe_rtt_min_us <=
	       bbr->probe_rtt_min_us / CONFIRM_DIVISOR;
}

/* "Estimated Minimum Round-Trip Time". */
void bbr_update_min_rtt(struct bbr *bbr, const struct bbr_ack *a)
{
	uint64_t now = a->e->now;
	uint32_t rtt_us = a->rs->rtt_us;

	bbr->probe_rtt_expired = now > bbr->probe_rtt_min_stamp +
					       PROBE_RTT_INTERVAL_NS;
	if (rtt_us &&
	    (rtt_us < bbr->probe_rtt_min_us || bbr->probe_rtt_expired)) {
		bbr->probe_rtt_min_us = rtt_us;
		bbr->probe_rtt_min_stamp = now;
	} else if (rtt_us && is_confirmed(bbr, rtt_us)) {
		bbr->probe_rtt_min_stamp = now;
	}
	if (bbr->probe_rtt_min_us < bbr->min_rtt_us ||
	    now > bbr->min_rtt_stamp + MIN_RTT_FILTER_NS) {
		bbr->min_rtt_us = bbr->probe_rtt_min_us;
		bbr->min_rtt_stamp = bbr->probe_rtt_min_stamp;
	}
}

/*
 * "BBR.extra_acked": what ACKs bring beyond the rate that is known, because
 * the path hands them over in heaps.
 */
void bbr_update_ack_aggregation(struct bbr *bbr, const struct bbr_ack *a)
{
	uint64_t us = (a->e->now - bbr->extra_acked_interval_start) /
		      CN_NS_PER_US;
	uint64_t expected = bbr->bw / 1000 * us / 1000;
	uint32_t rounds = bbr->full_bw_reached ? EXTRA_ACKED_ROUNDS : 1;
	uint64_t extra;

	if (bbr->round_start &&
	    bbr->round_count - bbr->extra_acked_round >= rounds) {
		bbr->extra_acked[0] =
			bbr->full_bw_reached ? bbr->extra_acked[1] : 0;
		bbr->extra_acked[1] = 0;
		bbr->extra_acked_round = bbr->round_count;
	}
	if (bbr->extra_acked_delivered <= expected) {
		bbr->extra_acked_delivered = 0;
		bbr->extra_acked_interval_start = a->e->now;
		expected = 0;
	}
	bbr->extra_acked_delivered += a->rs->newly_acked;
	if (bbr->extra_acked_delivered <= expected)
		return;
	extra = bbr->extra_acked_delivered - expected;
	if (extra > a->cc->cwnd)
		extra = a->cc->cwnd;
	bbr->extra_acked[1] = more32(bbr->extra_acked[1], (uint32_t)extra);
}

/* ------------------------------------------------------------ congestion -- */

void bbr_reset_congestion_signals(struct bbr *bbr)
{
	bbr->is_loss_in_round = false;
	bbr->is_mark_in_round = false;
	bbr->lost_in_round = 0;
	bbr->bw_latest = 0;
	bbr->inflight_latest = 0;
}

void bbr_reset_shortterm_model(struct bbr *bbr)
{
	bbr->bw_shortterm = BBR_RATE_INFINITE;
	bbr->inflight_shortterm = BBR_INFINITE;
}

void bbr_update_latest_signals(struct bbr *bbr, const struct bbr_ack *a)
{
	const struct rate_sample *rs = a->rs;

	bbr->loss_round_start = false;
	if (!rs->has_data)
		return;
	bbr->bw_latest = more(bbr->bw_latest, rs->rate);
	bbr->inflight_latest = more32(bbr->inflight_latest, rs->delivered);
	if (seq_ge(rs->prior_delivered, bbr->loss_round_delivered)) {
		bbr->loss_round_delivered = a->e->delivered;
		bbr->loss_round_start = true;
	}
}

void bbr_advance_latest_signals(struct bbr *bbr, const struct bbr_ack *a)
{
	if (!bbr->loss_round_start)
		return;
	bbr->bw_latest = a->rs->rate;
	bbr->inflight_latest = a->rs->delivered;
	bbr->loss_events = 0;
}

static bool accelerates(const struct bbr *bbr)
{
	return bbr->state == CN_BBR_STARTUP || bbr->state == CN_BBR_REFILL ||
	       bbr->state == CN_BBR_UP;
}

/*
 * Deviation: outside of a probe a round trip's losses count where they are
 * more than LossThresh, as they do within one.  By the draft any loss counts;
 * then a path that loses one packet in a hundred, whatever is sent, takes a
 * hundredth of the rate each round trip until the next probe (measured at 100
 * Mbit/s and 20 ms: 79 Mbit/s instead of 92).
 */
static bool is_round_congested(const struct bbr *bbr, const struct cc_event *e)
{
	uint32_t sent = bbr->inflight_latest + bbr->lost_in_round;

	if (!bbr->is_loss_in_round)
		return false;
	return bbr->is_mark_in_round ||
	       bbr_is_inflight_too_high(e, bbr->lost_in_round, sent);
}

/* "When not Probing for Bandwidth": at most once in a round trip. */
static void adapt_lower_bounds(struct bbr *bbr, const struct cc *cc,
			       const struct cc_event *e)
{
	if (accelerates(bbr) || !is_round_congested(bbr, e))
		return;
	if (bbr->bw_shortterm == BBR_RATE_INFINITE)
		bbr->bw_shortterm = bbr_max_bw(bbr);
	if (bbr->inflight_shortterm == BBR_INFINITE)
		bbr->inflight_shortterm = cc->cwnd;
	bbr->bw_shortterm =
		more(bbr->bw_latest, bbr->bw_shortterm / 100 * BETA_PCT);
	bbr->inflight_shortterm = more32(
		bbr->inflight_latest,
		(uint32_t)((uint64_t)bbr->inflight_shortterm * BETA_PCT / 100));
}

void bbr_update_congestion_signals(struct bbr *bbr, const struct bbr_ack *a)
{
	update_max_bw(bbr, a);
	if (!bbr->loss_round_start)
		return;
	adapt_lower_bounds(bbr, a->cc, a->e);
	bbr->is_loss_in_round = false;
	bbr->is_mark_in_round = false;
	bbr->lost_in_round = 0;
}

/* ------------------------------------------------------------------ loss -- */

/*
 * Deviation: more than LossThresh, and by more than chance would have it.  Of
 * 170 segments a path that loses one in a hundred takes four in every tenth
 * round trip; by the draft's plain comparison each such one is the limit of
 * the path, and a seventh less is sent until it is probed again (measured at
 * 100 Mbit/s and 20 ms: 82 Mbit/s instead of 92).  So a standard deviation of
 * as many losses as LossThresh allows is granted besides.
 */
bool bbr_is_inflight_too_high(const struct cc_event *e, uint32_t lost,
			      uint32_t in_flight)
{
	uint64_t most = (uint64_t)in_flight * LOSS_THRESH_PCT / 100;

	if (!e->sack)
		return lost > 0;
	return lost > most && (lost - most) * (lost - most) > most * e->smss;
}

void bbr_save_state_upon_loss(struct bbr *bbr, struct cc *cc)
{
	bbr_save_cwnd(bbr, cc);
	bbr->undo_state = CN_BBR_NONE;
	bbr->undo_bw_shortterm = bbr->bw_shortterm;
	bbr->undo_inflight_shortterm = bbr->inflight_shortterm;
	bbr->undo_inflight_longterm = bbr->inflight_longterm;
}

void bbr_note_loss(struct bbr *bbr, struct cc *cc, const struct cc_lost *lost)
{
	if (!bbr->is_loss_in_round) {
		bbr->loss_round_delivered = lost->delivered;
		bbr_save_state_upon_loss(bbr, cc);
	}
	bbr->is_loss_in_round = true;
	bbr->lost_in_round += lost->size;
	if (bbr->loss_events < UINT8_MAX)
		bbr->loss_events++;
}

/*
 * Of a record that is one burst of many packets: what was in flight when the
 * share of losses passed the threshold.
 */
uint32_t bbr_inflight_at_loss(const struct cc_lost *lost)
{
	uint64_t inflight_prev =
		lost->in_flight > lost->size ? lost->in_flight - lost->size : 0;
	uint64_t lost_prev = lost->lost > lost->size ? lost->lost - lost->size :
						       0;
	uint64_t most = inflight_prev * LOSS_THRESH_PCT;

	if (most <= lost_prev * 100)
		return (uint32_t)inflight_prev;
	return (uint32_t)(inflight_prev +
			  (most - lost_prev * 100) / (100 - LOSS_THRESH_PCT));
}
