/* SPDX-License-Identifier: MIT */
/*
 * RFC 9438: CUBIC in integers.  Windows are octets, the curve's time is
 * milliseconds.  The first slow start ends by HyStart++ (cc_hystart.c), any
 * other by loss.
 *
 * Deviation: slow start counts every acknowledged octet, as Linux does (RFC
 * 3465 stops at two segments an ACK), because a receiver acknowledges a
 * super-segment as one.
 */
#include "tcp/cc.h"

/* C = 0.4 segments per second cubed.  In octets and milliseconds the curve is
 * smss * ms^3 / CURVE, and K^3 is CURVE * octets / smss. */
#define CURVE UINT64_C(2500000000)
/* Far beyond the 1.5 cwnd that a round trip may add; keeps 64 bits enough. */
#define MS_MAX (UINT64_C(1) << 19)
/* In k_ms, without an epoch: what follows is that of before the reduction.
 * (In the first slow start the place is a round trip's, which is shorter.) */
#define K_KEPT (UINT32_C(1) << 31)

/* The largest r with r^3 <= x: three bits of x for each bit of r. */
static uint32_t cube_root(uint64_t x)
{
	uint64_t root = 0;

	for (int shift = 63; shift >= 0; shift -= 3) {
		uint64_t next;

		root *= 2;
		next = 3 * root * (root + 1) + 1; /* (r + 1)^3 - r^3 */
		if (x >> shift >= next) {
			x -= next << shift;
			root++;
		}
	}
	return (uint32_t)root;
}

static void cubic_init(struct cc *cc)
{
	cc->own.cubic = (struct cc_cubic){0};
}

static uint32_t ms_of(uint64_t now)
{
	return (uint32_t)(now / CN_NS_PER_MS);
}

static void note_ack(struct cc_cubic *cubic, uint64_t now)
{
	cubic->last_ms = ms_of(now) ? ms_of(now) : 1;
}

/*
 * Section 4.2: a stage of congestion avoidance begins.  Without a loss to
 * return to (after slow start or a timeout, sections 4.8 and 4.10) the
 * plateau is here and K is zero.
 */
static void begin_epoch(struct cc *cc, const struct cc_event *event)
{
	struct cc_cubic *cubic = &cc->own.cubic;

	cubic->epoch_ms = ms_of(event->now);
	note_ack(cubic, event->now);
	cubic->w_est = cc->cwnd;
	cubic->cwnd_frac = 0;
	cubic->est_frac = 0;
	cubic->origin = cubic->w_max;
	cubic->k_ms = 0;
	if (cubic->w_max > cc->cwnd)
		cubic->k_ms = cube_root((cubic->w_max - cc->cwnd) * CURVE /
					event->smss);
	else
		cubic->origin = cc->cwnd;
}

/*
 * Section 4.2, equation (1): the window at ms of the epoch.  What is missing to
 * the plateau is counted in whole segments, as Linux does: the curve is at the
 * plateau while less than one is missing, which for a window of twenty is the
 * last second of three.
 */
static uint32_t curve_at(const struct cc_cubic *cubic, uint64_t ms,
			 uint32_t smss)
{
	bool before = ms < cubic->k_ms;
	uint64_t d = before ? cubic->k_ms - ms : ms - cubic->k_ms;
	uint64_t octets;

	if (d > MS_MAX)
		d = MS_MAX;
	if (before) {
		octets = d * d * d / CURVE * smss;
		return octets < cubic->origin ?
			       cubic->origin - (uint32_t)octets :
			       0;
	}
	octets = d * d * d / 2500 * smss / (CURVE / 2500);
	octets += cubic->origin;
	return octets < CC_CWND_MAX ? (uint32_t)octets : CC_CWND_MAX;
}

/*
 * Section 4.3, figure 4: what Reno would have.  alpha is 9/17 until the window
 * of the last loss is reached, 1 from there on.
 */
static void estimate_reno(struct cc *cc, uint32_t octets, uint32_t smss)
{
	struct cc_cubic *cubic = &cc->own.cubic;
	uint32_t alpha = cubic->w_est < cc->prior_cwnd ? 9 : 17;
	uint64_t unit = UINT64_C(17) * cc->cwnd;
	uint64_t credit = cubic->est_frac * UINT64_C(17) +
			  (uint64_t)octets * smss * alpha;

	cubic->w_est += (uint32_t)(credit / unit);
	if (cubic->w_est > CC_CWND_MAX)
		cubic->w_est = CC_CWND_MAX;
	cubic->est_frac = (uint32_t)(credit % unit / 17);
}

/* Sections 4.4 and 4.5: towards the curve one round trip from now, by at most
 * half a window a round trip. */
static void follow_curve(struct cc *cc, uint32_t octets, uint64_t ms,
			 const struct cc_event *event)
{
	struct cc_cubic *cubic = &cc->own.cubic;
	uint64_t target =
		curve_at(cubic, ms + event->srtt_us / 1000, event->smss);
	uint64_t most = cc->cwnd + (uint64_t)cc->cwnd / 2;
	uint64_t credit;

	if (target > most)
		target = most;
	if (target <= cc->cwnd)
		return;
	credit = cubic->cwnd_frac + (target - cc->cwnd) * octets;
	cubic->cwnd_frac = (uint32_t)(credit % cc->cwnd);
	cc_grow(cc, (uint32_t)(credit / cc->cwnd));
}

/*
 * Section 5.8: time in which the application or the receiver held us back is
 * no time of the curve, so the epoch moves on with it.
 */
static void pass_unlimited(struct cc_cubic *cubic, uint64_t now)
{
	uint32_t last_ms = cubic->last_ms;

	if (!last_ms)
		return;
	note_ack(cubic, now);
	cubic->epoch_ms += cubic->last_ms - last_ms;
}

static void avoid_congestion(struct cc *cc, uint32_t octets,
			     const struct cc_event *event)
{
	struct cc_cubic *cubic = &cc->own.cubic;
	uint32_t ms;

	if (!cubic->last_ms)
		begin_epoch(cc, event);
	note_ack(cubic, event->now);
	ms = cubic->last_ms - cubic->epoch_ms;
	if (octets > cc->cwnd)
		octets = cc->cwnd;
	estimate_reno(cc, octets, event->smss);
	if (curve_at(cubic, ms, event->smss) < cubic->w_est) {
		if (cc->cwnd < cubic->w_est)
			cc->cwnd = cubic->w_est;
		return;
	}
	follow_curve(cc, octets, ms, event);
}

static void cubic_ack(struct cc *cc, const struct cc_event *event)
{
	uint32_t octets = event->acked, grows = octets;

	if (cc_is_fresh(cc))
		grows = hystart_ack(&cc->own.cubic.hystart, cc, event);
	if (!event->limited) {
		pass_unlimited(&cc->own.cubic, event->now);
		return;
	}
	if (cc->cwnd < cc->ssthresh)
		octets = cc_slow_start(cc, event, grows);
	if (octets)
		avoid_congestion(cc, octets, event);
}

/*
 * Section 4.6: beta is 0.7.  As Linux and as the section allows, of cwnd and
 * not of what is in flight: a window that is not in use does not grow (rate.c),
 * and a thin flow that loses a segment is not left with two.
 */
static void reduce(struct cc *cc, const struct cc_event *event)
{
	struct cc_cubic *cubic = &cc->own.cubic;

	cc->prior_cwnd = cc->cwnd;
	cc->ssthresh =
		cc_floor((uint32_t)((uint64_t)cc->cwnd * 7 / 10), event->smss);
	/* The epoch stays in its place until another begins, for undo; of two
	 * reductions in a row only the second one can be undone. */
	if (cubic->last_ms)
		cubic->k_ms |= K_KEPT;
	else
		cubic->k_ms &= ~K_KEPT;
	cubic->last_ms = 0;
}

/* Section 4.7, fast convergence: a flow that lost before it was back at its
 * last plateau, by a segment or more, makes room for others. */
static void cubic_loss(struct cc *cc, const struct cc_event *event)
{
	struct cc_cubic *cubic = &cc->own.cubic;

	if (cc->cwnd + event->smss <= cubic->w_max)
		cubic->w_max = (uint32_t)((uint64_t)cc->cwnd * 17 / 20);
	else
		cubic->w_max = cc->cwnd;
	reduce(cc, event);
	cc->cwnd = cc->ssthresh;
}

/* Section 4.8: the loss window, and no plateau to return to. */
static void cubic_timeout(struct cc *cc, const struct cc_event *event)
{
	reduce(cc, event);
	cc->own.cubic.w_max = 0;
	cc->cwnd = event->smss;
}

/*
 * Section 4.9.2: window and place on the curve are what they were; the time
 * that recovery took is of the epoch.  The plateau that the reduction has
 * overwritten is the curve's origin, or lay below the window; a window that
 * had made room for others (section 4.7) was a little more.
 */
static void cubic_undo(struct cc *cc, const struct cc_event *event)
{
	struct cc_cubic *cubic = &cc->own.cubic;

	cc_undo(cc, event);
	if (cubic->last_ms || !(cubic->k_ms & K_KEPT))
		return;
	cubic->k_ms &= ~K_KEPT;
	cubic->w_max = cubic->origin;
	/* The window before the reduction that the epoch began with. */
	cc->prior_cwnd = cubic->origin;
	note_ack(cubic, event->now);
}

static void cubic_idle(struct cc *cc, const struct cc_event *event,
		       uint32_t initial_window)
{
	(void)event;
	cc_restart(cc, initial_window);
	cc->own.cubic.last_ms = 0;
}

const struct cc_ops cc_cubic_ops = {
	.name = "cubic",
	.init = cubic_init,
	.ack = cubic_ack,
	.loss = cubic_loss,
	.timeout = cubic_timeout,
	.undo = cubic_undo,
	.idle = cubic_idle,
};
