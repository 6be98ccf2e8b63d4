/* SPDX-License-Identifier: MIT */
/*
 * RFC 5681: slow start and congestion avoidance, with octets counted instead
 * of ACKs (RFC 3465), so that an ACK cut in pieces gains nothing.  What is
 * lost and when recovery ends is not decided here.
 */
#include "tcp/cc.h"

static void reno_init(struct cc *cc)
{
	cc->own.reno = (struct cc_reno){0};
}

/* RFC 3465 section 2.3: L is two segments, and one after a timeout. */
static uint32_t slow_start_limit(const struct cc *cc, uint32_t smss)
{
	return cc->own.reno.after_timeout ? smss : 2 * smss;
}

/* RFC 3465 section 2.1: a segment for every full window acknowledged. */
static void avoid_congestion(struct cc *cc, uint32_t octets, uint32_t smss)
{
	struct cc_reno *reno = &cc->own.reno;

	reno->after_timeout = false;
	if (octets > cc->cwnd)
		octets = cc->cwnd;
	reno->acked += octets;
	if (reno->acked < cc->cwnd)
		return;
	reno->acked -= cc->cwnd;
	cc_grow(cc, smss);
}

/* A window that was not used says nothing about the path. */
static void reno_ack(struct cc *cc, const struct cc_event *event)
{
	uint32_t octets = event->acked;

	if (!event->limited)
		return;
	if (cc->cwnd < cc->ssthresh)
		octets = cc_slow_start(cc, event,
				       slow_start_limit(cc, event->smss));
	if (octets)
		avoid_congestion(cc, octets, event->smss);
}

/* RFC 5681 equation (4): half of what was in flight, not of cwnd. */
static void halve(struct cc *cc, const struct cc_event *event)
{
	cc->prior_cwnd = cc->cwnd;
	cc->ssthresh = cc_floor(event->flight / 2, event->smss);
	cc->own.reno.acked = 0;
}

static void reno_loss(struct cc *cc, const struct cc_event *event)
{
	halve(cc, event);
	cc->cwnd = cc->ssthresh;
}

static void reno_timeout(struct cc *cc, const struct cc_event *event)
{
	halve(cc, event);
	cc->cwnd = event->smss;
	cc->own.reno.after_timeout = true;
}

static void reno_idle(struct cc *cc, const struct cc_event *event,
		      uint32_t initial_window)
{
	(void)event;
	cc_restart(cc, initial_window);
	cc->own.reno.acked = 0;
}

const struct cc_ops cc_reno_ops = {
	.name = "reno",
	.init = reno_init,
	.ack = reno_ack,
	.loss = reno_loss,
	.timeout = reno_timeout,
	.undo = cc_undo,
	.idle = reno_idle,
};
