/* SPDX-License-Identifier: MIT */
/*
 * draft-ietf-ccwg-bbr: the states of BBR, version 3, and what moves them.
 *
 * Deviation: an echoed mark of RFC 3168 counts as the loss of a segment in its
 * round trip; the draft leaves the response open.
 */
#include "base/seq.h"
#include "tcp/bbr.h"

#define STARTUP_FULL_LOSSES 6u
#define DRAIN_ROUNDS_MAX 3u
#define PROBE_RTT_NS (200 * CN_NS_PER_MS)
#define BETA_PCT 70u
#define RENO_ROUNDS_MAX 63u

static struct bbr *of(const struct cc *cc)
{
	return cc_block(cc);
}

bool bbr_is_probing_bw_state(const struct bbr *bbr)
{
	switch ((enum cn_bbr)bbr->state) {
	case CN_BBR_DOWN:
	case CN_BBR_CRUISE:
	case CN_BBR_REFILL:
	case CN_BBR_UP:
		return true;
	case CN_BBR_STARTUP:
	case CN_BBR_DRAIN:
	case CN_BBR_PROBE_RTT:
	case CN_BBR_NONE:
	case CN_BBR_N:
		break;
	}
	return false;
}

void bbr_enter_startup(struct bbr *bbr)
{
	bbr->state = CN_BBR_STARTUP;
}

/* "Initialization". */
static void bbr_start(struct cc *cc, const struct cc_event *e)
{
	struct bbr *bbr = of(cc);

	*bbr = (struct bbr){
		.min_rtt_us = e->srtt_us ? e->srtt_us : BBR_INFINITE,
		.min_rtt_stamp = e->now,
		.probe_rtt_min_us = BBR_INFINITE,
		.probe_rtt_min_stamp = e->now,
		.extra_acked_interval_start = e->now,
		.inflight_longterm = BBR_INFINITE,
		.probe_up_acked_per_inc = BBR_INFINITE,
		.undo_state = CN_BBR_NONE,
		.next_round_delivered = e->delivered,
		.loss_round_delivered = e->delivered,
		.first_delivered = e->delivered,
		.send_quantum = 2 * e->smss,
	};
	bbr_reset_shortterm_model(bbr);
	bbr_init_pacing_rate(bbr, e);
	bbr_enter_startup(bbr);
	/* Slow start is nothing that it knows. */
	cc->ssthresh = UINT32_MAX;
}

/* ---------------------------------------------------- Startup and Drain -- */

static void enter_drain(struct bbr *bbr)
{
	bbr->state = CN_BBR_DRAIN;
	bbr->drain_start_round = bbr->round_count;
}

/* "Exiting Startup Based on Packet Loss". */
static void check_startup_high_loss(struct bbr *bbr, const struct bbr_ack *a)
{
	const struct rate_sample *rs = a->rs;
	uint32_t bdp;

	if (bbr->state != CN_BBR_STARTUP || bbr->full_bw_reached ||
	    !a->e->recovering || !bbr->round_start)
		return;
	if (a->e->sack && (bbr->round_count == bbr->recovery_start_round ||
			   bbr->loss_events < STARTUP_FULL_LOSSES))
		return;
	if (!bbr_is_inflight_too_high(a->e, rs->lost, rs->in_flight))
		return;
	bbr->undo_state = CN_BBR_STARTUP;
	bbr->full_bw_reached = true;
	bdp = bbr_bdp(bbr, bbr_max_bw(bbr), 100, a->e);
	bbr->inflight_longterm =
		bdp > bbr->inflight_latest ? bdp : bbr->inflight_latest;
}

static void check_startup_done(struct bbr *bbr, const struct bbr_ack *a)
{
	check_startup_high_loss(bbr, a);
	if (bbr->state == CN_BBR_STARTUP && bbr->full_bw_reached)
		enter_drain(bbr);
}

static void check_drain_done(struct bbr *bbr, const struct cc_event *e)
{
	if (bbr->state != CN_BBR_DRAIN)
		return;
	if (e->pipe <= bbr_inflight(bbr, bbr->bw, 100, e) ||
	    bbr->round_count > bbr->drain_start_round + DRAIN_ROUNDS_MAX)
		bbr_start_down(bbr, e);
}

/* -------------------------------------------------------------- ProbeBW -- */

/* "Time Scale for Bandwidth Probing": 2 to 3 s, at random. */
static void pick_probe_wait(struct bbr *bbr, const struct cc_event *e)
{
	bbr->rounds_since_probe_up = e->random & 1;
	bbr->bw_probe_wait_ns = 2 * CN_NS_PER_SEC + (uint64_t)(e->random >> 1) *
							    CN_NS_PER_SEC /
							    (UINT32_MAX >> 1);
}

void bbr_start_down(struct bbr *bbr, const struct cc_event *e)
{
	bbr_reset_congestion_signals(bbr);
	bbr->probe_up_acked_per_inc = BBR_INFINITE;
	pick_probe_wait(bbr, e);
	bbr->cycle_stamp = e->now;
	bbr->ack_phase = BBR_ACKS_PROBE_STOPPING;
	bbr_start_round(bbr, e);
	bbr->state = CN_BBR_DOWN;
}

void bbr_start_refill(struct bbr *bbr, const struct cc_event *e)
{
	bbr_reset_shortterm_model(bbr);
	bbr->bw_probe_up_rounds = 0;
	bbr->bw_probe_up_acked = 0;
	bbr->prev_probe_precautionary = false;
	bbr->ack_phase = BBR_ACKS_REFILLING;
	bbr_start_round(bbr, e);
	bbr->state = CN_BBR_REFILL;
}

/* By one segment in the first round trip, two in the second, and so on. */
static void raise_longterm_slope(struct bbr *bbr, const struct bbr_ack *a)
{
	uint32_t growth = 1u << bbr->bw_probe_up_rounds;
	uint32_t per_inc = a->cc->cwnd / growth;

	if (bbr->bw_probe_up_rounds < 30)
		bbr->bw_probe_up_rounds++;
	bbr->probe_up_acked_per_inc = per_inc > a->e->smss ? per_inc :
							     a->e->smss;
}

static void start_up(struct bbr *bbr, const struct bbr_ack *a)
{
	bbr->ack_phase = BBR_ACKS_PROBE_STARTING;
	bbr_start_round(bbr, a->e);
	bbr_reset_full_bw(bbr);
	bbr->full_bw = a->rs->rate;
	bbr->state = CN_BBR_UP;
	raise_longterm_slope(bbr, a);
}

static bool has_elapsed(const struct bbr *bbr, uint64_t ns, uint64_t now)
{
	return now > bbr->cycle_stamp + ns;
}

/* "Bandwidth Probing and Coexistence with Reno/CUBIC". */
static bool is_reno_probe_time(const struct bbr *bbr, const struct bbr_ack *a)
{
	uint32_t rounds = bbr_target_inflight(bbr, a->cc, a->e) / a->e->smss;

	if (rounds > RENO_ROUNDS_MAX)
		rounds = RENO_ROUNDS_MAX;
	return bbr->rounds_since_probe_up >= rounds;
}

static bool probes_again(struct bbr *bbr, const struct bbr_ack *a)
{
	if (!has_elapsed(bbr, bbr->bw_probe_wait_ns, a->e->now) &&
	    !is_reno_probe_time(bbr, a))
		return false;
	bbr_start_refill(bbr, a->e);
	return true;
}

static bool is_time_to_cruise(const struct bbr *bbr, const struct bbr_ack *a)
{
	const struct cc_event *e = a->e;

	return e->pipe <= bbr_inflight_with_headroom(bbr, e->smss) &&
	       e->pipe <= bbr_inflight(bbr, bbr_max_bw(bbr), 100, e);
}

/* "Exit Conditions for Bandwidth Probing". */
static bool is_time_to_go_down(struct bbr *bbr, const struct bbr_ack *a)
{
	if (bbr->prev_probe_too_high && a->e->pipe >= bbr->inflight_longterm) {
		bbr->prev_probe_precautionary = true;
		return true;
	}
	if (a->e->cwnd_limited && a->cc->cwnd >= bbr->inflight_longterm) {
		bbr_reset_full_bw(bbr);
		bbr->full_bw = a->rs->rate;
		return false;
	}
	return bbr->full_bw_now;
}

static void probe_longterm_upward(struct bbr *bbr, const struct bbr_ack *a)
{
	uint32_t n;

	if (!a->e->cwnd_limited || a->cc->cwnd < bbr->inflight_longterm)
		return;
	bbr->bw_probe_up_acked += a->rs->newly_acked;
	n = bbr->bw_probe_up_acked / bbr->probe_up_acked_per_inc;
	if (n) {
		bbr->bw_probe_up_acked -= n * bbr->probe_up_acked_per_inc;
		if (bbr->inflight_longterm < CC_CWND_MAX)
			bbr->inflight_longterm += n * a->e->smss;
	}
	if (bbr->round_start)
		raise_longterm_slope(bbr, a);
}

/* The last ACKs of a probe have come: true, if it is followed by another at
 * once ("Precautionary Bandwidth Probing: Acceleration"). */
static bool probe_is_over(struct bbr *bbr, const struct bbr_ack *a)
{
	bool probes = bbr_is_probing_bw_state(bbr);

	bbr->is_bw_probe_sample = false;
	bbr->ack_phase = BBR_ACKS_INIT;
	if (probes && !a->rs->is_app_limited)
		bbr_advance_max_bw(bbr);
	if (!probes || !bbr->prev_probe_precautionary ||
	    bbr->prev_probe_too_high)
		return false;
	bbr_start_refill(bbr, a->e);
	return true;
}

/* True: the state has been decided on. */
static bool adapt_longterm_model(struct bbr *bbr, const struct bbr_ack *a)
{
	const struct rate_sample *rs = a->rs;

	if (bbr->ack_phase == BBR_ACKS_PROBE_STARTING && bbr->round_start)
		bbr->ack_phase = BBR_ACKS_PROBE_FEEDBACK;
	if (bbr->ack_phase == BBR_ACKS_PROBE_STOPPING && bbr->round_start &&
	    probe_is_over(bbr, a))
		return true;
	if (!rs->has_data || bbr->inflight_longterm == BBR_INFINITE ||
	    bbr_is_inflight_too_high(a->e, rs->lost, rs->in_flight))
		return false;
	if (rs->in_flight > bbr->inflight_longterm)
		bbr->inflight_longterm = rs->in_flight;
	if (bbr->state == CN_BBR_UP)
		probe_longterm_upward(bbr, a);
	return false;
}

/* "ProbeBW Algorithm Details". */
static void update_probe_bw(struct bbr *bbr, const struct bbr_ack *a)
{
	if (!bbr->full_bw_reached || adapt_longterm_model(bbr, a))
		return;
	switch ((enum cn_bbr)bbr->state) {
	case CN_BBR_DOWN:
		if (!probes_again(bbr, a) && is_time_to_cruise(bbr, a))
			bbr->state = CN_BBR_CRUISE;
		break;
	case CN_BBR_CRUISE:
		probes_again(bbr, a);
		break;
	case CN_BBR_REFILL:
		if (!bbr->round_start)
			break;
		bbr->is_bw_probe_sample = true;
		start_up(bbr, a);
		break;
	case CN_BBR_UP:
		if (!is_time_to_go_down(bbr, a))
			break;
		bbr->prev_probe_too_high = false;
		bbr_start_down(bbr, a->e);
		break;
	case CN_BBR_STARTUP:
	case CN_BBR_DRAIN:
	case CN_BBR_PROBE_RTT:
	case CN_BBR_NONE:
	case CN_BBR_N:
		break;
	}
}

/* ------------------------------------------------------------- ProbeRTT -- */

static void exit_probe_rtt(struct bbr *bbr, const struct cc_event *e)
{
	bbr_reset_shortterm_model(bbr);
	if (!bbr->full_bw_reached) {
		bbr_enter_startup(bbr);
		return;
	}
	bbr_start_down(bbr, e);
	bbr->state = CN_BBR_CRUISE;
}

static void check_probe_rtt_done(struct bbr *bbr, struct cc *cc,
				 const struct cc_event *e)
{
	if (!bbr->probe_rtt_done_stamp || e->now <= bbr->probe_rtt_done_stamp)
		return;
	bbr->probe_rtt_min_stamp = e->now;
	bbr_restore_cwnd(bbr, cc);
	exit_probe_rtt(bbr, e);
}

static void handle_probe_rtt(struct bbr *bbr, const struct bbr_ack *a)
{
	if (!bbr->probe_rtt_done_stamp) {
		if (a->e->pipe > bbr_probe_rtt_cwnd(bbr, a->e))
			return;
		bbr->probe_rtt_done_stamp = a->e->now + PROBE_RTT_NS;
		bbr->probe_rtt_round_done = false;
		bbr_start_round(bbr, a->e);
		return;
	}
	if (bbr->round_start)
		bbr->probe_rtt_round_done = true;
	if (bbr->probe_rtt_round_done)
		check_probe_rtt_done(bbr, a->cc, a->e);
}

/* "ProbeRTT Logic". */
static void check_probe_rtt(struct bbr *bbr, const struct bbr_ack *a)
{
	if (bbr->state != CN_BBR_PROBE_RTT && bbr->probe_rtt_expired &&
	    !bbr->idle_restart) {
		bbr_save_cwnd(bbr, a->cc);
		bbr->state = CN_BBR_PROBE_RTT;
		bbr->probe_rtt_done_stamp = 0;
		bbr->ack_phase = BBR_ACKS_PROBE_STOPPING;
		bbr_start_round(bbr, a->e);
	}
	if (bbr->state == CN_BBR_PROBE_RTT)
		handle_probe_rtt(bbr, a);
	if (a->rs->newly_acked)
		bbr->idle_restart = false;
}

/* ------------------------------------------------------------ the events -- */

/* Recovery begins, or ends with this ACK. */
static void follow_recovery(struct bbr *bbr, const struct bbr_ack *a)
{
	if (a->e->recovering && !bbr->recovering)
		bbr->recovery_start_round = bbr->round_count;
	if (!a->e->recovering && bbr->recovering)
		bbr_restore_cwnd(bbr, a->cc);
	bbr->recovering = a->e->recovering;
}

/* "Per-ACK Steps". */
static bool bbr_model(struct cc *cc, const struct cc_event *e,
		      const struct rate_sample *rs)
{
	struct bbr *bbr = of(cc);
	struct bbr_ack a = {.e = e, .rs = rs, .cc = cc};

	follow_recovery(bbr, &a);
	bbr_update_latest_signals(bbr, &a);
	bbr_update_congestion_signals(bbr, &a);
	bbr_update_ack_aggregation(bbr, &a);
	bbr_check_full_bw(bbr, &a);
	check_startup_done(bbr, &a);
	check_drain_done(bbr, e);
	update_probe_bw(bbr, &a);
	bbr_update_min_rtt(bbr, &a);
	check_probe_rtt(bbr, &a);
	bbr_advance_latest_signals(bbr, &a);
	bbr_bound_bw(bbr);
	bbr_set_pacing_rate(bbr, bbr_pacing_gain(bbr));
	bbr_set_cwnd(bbr, &a);
	return bbr->state == CN_BBR_PROBE_RTT;
}

/* "Probing for Bandwidth In ProbeBW": the probe has found the limit. */
static void handle_inflight_too_high(struct bbr *bbr, struct cc *cc,
				     const struct cc_lost *lost)
{
	const struct cc_event *e = lost->event;
	uint32_t target, at_loss = bbr_inflight_at_loss(lost);

	bbr->prev_probe_too_high = true;
	bbr->is_bw_probe_sample = false;
	target = (uint32_t)((uint64_t)bbr_target_inflight(bbr, cc, e) *
			    BETA_PCT / 100);
	if (!lost->is_app_limited)
		bbr->inflight_longterm = at_loss > target ? at_loss : target;
	if (bbr->state == CN_BBR_UP) {
		bbr->undo_state = CN_BBR_UP;
		bbr_start_down(bbr, e);
	}
}

static void bbr_lost(struct cc *cc, const struct cc_lost *lost)
{
	struct bbr *bbr = of(cc);

	bbr_note_loss(bbr, cc, lost);
	if (bbr->is_bw_probe_sample &&
	    bbr_is_inflight_too_high(lost->event, lost->lost, lost->in_flight))
		handle_inflight_too_high(bbr, cc, lost);
}

/* Fast recovery begins, or a mark was echoed. */
static void bbr_loss(struct cc *cc, const struct cc_event *event)
{
	struct bbr *bbr = of(cc);
	struct cc_lost mark = {.delivered = event->delivered};

	cc->prior_cwnd = cc->cwnd;
	if (event->is_mark) {
		bbr_note_loss(bbr, cc, &mark);
		bbr->is_mark_in_round = true;
	} else {
		bbr_save_cwnd(bbr, cc);
	}
}

static void bbr_timeout(struct cc *cc, const struct cc_event *event)
{
	struct bbr *bbr = of(cc);

	cc->prior_cwnd = cc->cwnd;
	bbr_save_state_upon_loss(bbr, cc);
	bbr->recovering = true;
	bbr->recovery_start_round = bbr->round_count;
	cc->cwnd = event->smss;
}

/* "Handling a Spurious Loss Recovery". */
static void bbr_undo(struct cc *cc, const struct cc_event *event)
{
	struct bbr *bbr = of(cc);

	bbr_restore_cwnd(bbr, cc);
	bbr->is_loss_in_round = false;
	bbr_reset_full_bw(bbr);
	if (bbr->undo_bw_shortterm > bbr->bw_shortterm)
		bbr->bw_shortterm = bbr->undo_bw_shortterm;
	if (bbr->undo_inflight_shortterm > bbr->inflight_shortterm)
		bbr->inflight_shortterm = bbr->undo_inflight_shortterm;
	if (bbr->undo_inflight_longterm > bbr->inflight_longterm)
		bbr->inflight_longterm = bbr->undo_inflight_longterm;
	if (bbr->undo_state == CN_BBR_STARTUP && bbr->state != CN_BBR_STARTUP) {
		bbr->full_bw_reached = false;
		if (bbr->state != CN_BBR_PROBE_RTT)
			bbr_enter_startup(bbr);
	} else if (bbr->undo_state == CN_BBR_UP && bbr->state != CN_BBR_UP &&
		   bbr->state != CN_BBR_PROBE_RTT) {
		bbr_start_refill(bbr, event);
	}
	bbr->undo_state = CN_BBR_NONE;
}

/* "Restarting From Idle": at the rate that is known, and no burst. */
static void bbr_idle(struct cc *cc, const struct cc_event *event,
		     uint32_t initial_window)
{
	struct bbr *bbr = of(cc);

	(void)initial_window;
	bbr->idle_restart = true;
	bbr->extra_acked_interval_start = event->now;
	if (bbr_is_probing_bw_state(bbr))
		bbr_set_pacing_rate(bbr, 100);
	else if (bbr->state == CN_BBR_PROBE_RTT)
		check_probe_rtt_done(bbr, cc, event);
}

static uint64_t bbr_pacing_rate(const struct cc *cc)
{
	return of(cc)->pacing_rate;
}

static uint8_t bbr_state(const struct cc *cc)
{
	return of(cc)->state;
}

const struct cc_ops cc_bbr_ops = {
	.name = "bbr",
	.own_recovery = true,
	.size = sizeof(struct bbr),
	.start = bbr_start,
	.model = bbr_model,
	.lost = bbr_lost,
	.loss = bbr_loss,
	.timeout = bbr_timeout,
	.undo = bbr_undo,
	.idle = bbr_idle,
	.pacing_rate = bbr_pacing_rate,
	.state = bbr_state,
};
