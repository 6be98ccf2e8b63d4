/* SPDX-License-Identifier: MIT */
/* draft-ietf-ccwg-bbr, "Updating Control Parameters". */
#include "tcp/bbr.h"

#define STARTUP_PACING_GAIN 277u /* 4 ln 2 */
#define PACING_MARGIN_PCT 1u
#define PROBE_RTT_CWND_GAIN 50u
#define HEADROOM_PCT 15u
#define QUANTUM_MAX 65536u

/* "Summary of Control Behavior in the State Machine". */
uint32_t bbr_pacing_gain(const struct bbr *bbr)
{
	switch ((enum cn_bbr)bbr->state) {
	case CN_BBR_STARTUP:
		return STARTUP_PACING_GAIN;
	case CN_BBR_DRAIN:
		return 50;
	case CN_BBR_DOWN:
		return 90;
	case CN_BBR_UP:
		return 125;
	case CN_BBR_CRUISE:
	case CN_BBR_REFILL:
	case CN_BBR_PROBE_RTT:
	case CN_BBR_NONE:
	case CN_BBR_N:
		break;
	}
	return 100;
}

static uint32_t cwnd_gain(const struct bbr *bbr)
{
	if (bbr->state == CN_BBR_PROBE_RTT)
		return PROBE_RTT_CWND_GAIN;
	return bbr->state == CN_BBR_UP ? 225 : 200;
}

/* "Pacing Rate". */
void bbr_init_pacing_rate(struct bbr *bbr, const struct cc_event *e)
{
	uint32_t rtt_us = e->srtt_us ? e->srtt_us : 1000;

	bbr->pacing_rate = (uint64_t)e->initial_window * STARTUP_PACING_GAIN *
			   10000 / rtt_us;
}

static void set_quantum(struct bbr *bbr, uint32_t smss)
{
	uint64_t octets = bbr->pacing_rate / 1000;

	if (octets > QUANTUM_MAX)
		octets = QUANTUM_MAX;
	if (octets < 2 * smss)
		octets = 2 * smss;
	bbr->send_quantum = (uint32_t)octets;
}

void bbr_set_pacing_rate(struct bbr *bbr, uint32_t gain)
{
	uint64_t rate = bbr->bw / 100 * gain / 100 * (100 - PACING_MARGIN_PCT);

	if (rate && (bbr->full_bw_reached || rate > bbr->pacing_rate))
		bbr->pacing_rate = rate;
}

static uint32_t min_pipe(uint32_t smss)
{
	return BBR_MIN_PIPE_SEGS * smss;
}

static uint32_t at_least(uint32_t value, uint32_t least)
{
	return value > least ? value : least;
}

/* "Computing BBR.max_inflight". */
uint32_t bbr_bdp(const struct bbr *bbr, uint64_t bw, uint32_t gain,
		 const struct cc_event *e)
{
	uint64_t bdp;

	if (bbr->min_rtt_us == BBR_INFINITE)
		return e->initial_window;
	/* A rate of a Tbit/s and a round trip of ten minutes fit. */
	bdp = bw / 1000 * bbr->min_rtt_us / 1000;
	bdp = bdp * gain / 100;
	return bdp < CC_CWND_MAX ? (uint32_t)bdp : CC_CWND_MAX;
}

static uint32_t quantization_budget(const struct bbr *bbr, uint32_t cap,
				    const struct cc_event *e)
{
	cap = at_least(cap, 3 * bbr->send_quantum);
	cap = at_least(cap, min_pipe(e->smss));
	if (bbr->state == CN_BBR_UP)
		cap += 2 * e->smss;
	return cap;
}

uint32_t bbr_inflight(const struct bbr *bbr, uint64_t bw, uint32_t gain,
		      const struct cc_event *e)
{
	return quantization_budget(bbr, bbr_bdp(bbr, bw, gain, e), e);
}

static uint32_t max_inflight(const struct bbr *bbr, const struct cc_event *e)
{
	uint32_t extra = at_least(bbr->extra_acked[0], bbr->extra_acked[1]);
	uint32_t cap = bbr_bdp(bbr, bbr->bw, cwnd_gain(bbr), e);

	return quantization_budget(bbr, cap + extra, e);
}

uint32_t bbr_inflight_with_headroom(const struct bbr *bbr, uint32_t smss)
{
	uint32_t longterm = bbr->inflight_longterm, headroom;

	if (longterm == BBR_INFINITE)
		return BBR_INFINITE;
	headroom = (uint32_t)((uint64_t)longterm * HEADROOM_PCT / 100);
	headroom = at_least(headroom, smss);
	if (longterm < headroom)
		return min_pipe(smss);
	return at_least(longterm - headroom, min_pipe(smss));
}

/* Our estimate of what fills the path, unless congestion cut the window. */
uint32_t bbr_target_inflight(const struct bbr *bbr, const struct cc *cc,
			     const struct cc_event *e)
{
	uint32_t bdp = bbr_bdp(bbr, bbr->bw, 100, e);

	return bdp < cc->cwnd ? bdp : cc->cwnd;
}

uint32_t bbr_probe_rtt_cwnd(const struct bbr *bbr, const struct cc_event *e)
{
	return at_least(bbr_bdp(bbr, bbr->bw, PROBE_RTT_CWND_GAIN, e),
			min_pipe(e->smss));
}

/* "Modulating cwnd in Loss Recovery". */
void bbr_save_cwnd(struct bbr *bbr, const struct cc *cc)
{
	if (!bbr->recovering && bbr->state != CN_BBR_PROBE_RTT)
		bbr->prior_cwnd = cc->cwnd;
	else
		bbr->prior_cwnd = at_least(bbr->prior_cwnd, cc->cwnd);
}

void bbr_restore_cwnd(const struct bbr *bbr, struct cc *cc)
{
	cc->cwnd = at_least(cc->cwnd, bbr->prior_cwnd);
}

/* "Bounding cwnd Based on Recent Congestion". */
static uint32_t model_cap(const struct bbr *bbr, uint32_t smss)
{
	uint32_t cap = BBR_INFINITE;

	if (bbr->state == CN_BBR_PROBE_RTT || bbr->state == CN_BBR_CRUISE)
		cap = bbr_inflight_with_headroom(bbr, smss);
	else if (bbr_is_probing_bw_state(bbr))
		cap = bbr->inflight_longterm;
	if (bbr->inflight_shortterm < cap)
		cap = bbr->inflight_shortterm;
	return at_least(cap, min_pipe(smss));
}

/* "cwnd Adjustment Mechanism". */
void bbr_set_cwnd(struct bbr *bbr, const struct bbr_ack *a)
{
	const struct cc_event *e = a->e;
	struct cc *cc = a->cc;
	uint32_t max, cap;

	set_quantum(bbr, e->smss);
	max = max_inflight(bbr, e);
	if (bbr->full_bw_reached) {
		cc_grow(cc, a->rs->newly_acked);
		if (cc->cwnd > max)
			cc->cwnd = max;
	} else if (cc->cwnd < max ||
		   e->delivered - bbr->first_delivered < e->initial_window) {
		cc_grow(cc, a->rs->newly_acked);
	}
	cc->cwnd = at_least(cc->cwnd, min_pipe(e->smss));
	cap = bbr_probe_rtt_cwnd(bbr, e);
	if (bbr->state == CN_BBR_PROBE_RTT && cc->cwnd > cap)
		cc->cwnd = cap;
	cap = model_cap(bbr, e->smss);
	if (cc->cwnd > cap)
		cc->cwnd = cap;
}
