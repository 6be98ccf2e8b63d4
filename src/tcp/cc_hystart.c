/* SPDX-License-Identifier: MIT */
/*
 * RFC 9406: HyStart++.  A round trip that is longer than the one before tells
 * that a queue is building up, long before it overflows.  Slow start then goes
 * on at a quarter of its pace for five rounds; if the round trip becomes
 * shorter again, it was noise, and slow start is resumed.
 *
 * Deviation: L, the segments that one ACK may count for, is without limit as
 * in the rest of our slow start, since a receiver acknowledges a super-segment
 * as one.  And conservative slow start ends at once when the least round trip
 * of a round is twice the least of all: five rounds would make three windows
 * of the one that has filled the path, and that much room few queues have.
 *
 * Before it there was Ha and Rhee's HyStart ("Taming the elephants", 2011),
 * which Linux has still: slow start ends at the first such sign, or when the
 * ACKs of a round come in one train for half a round trip.
 */
#include "base/seq.h"
#include "tcp/cc.h"

/* Linux's, hystart_low_window and hystart_ack_delta_us. */
#define LOW_WINDOW 16u
#define TRAIN_US 2000u

/* Section 4.3, the recommended constants. */
#define MIN_RTT_THRESH_US 4000u
#define MAX_RTT_THRESH_US 16000u
#define MIN_RTT_DIVISOR 8u
#define N_RTT_SAMPLE 8u
#define CSS_GROWTH_DIVISOR 4u
#define CSS_ROUNDS 5u

static void begin_round(struct cc_hystart *hystart,
			const struct cc_event *event)
{
	hystart->last_us = hystart->least_us;
	hystart->least_us = 0;
	hystart->samples = 0;
	hystart->window_end = event->nxt;
}

static void take_sample(struct cc_hystart *hystart, uint32_t rtt_us)
{
	if (!rtt_us)
		return;
	if (!hystart->least_us || rtt_us < hystart->least_us)
		hystart->least_us = rtt_us;
	if (!hystart->ever_us || rtt_us < hystart->ever_us)
		hystart->ever_us = rtt_us;
	if (hystart->samples < N_RTT_SAMPLE)
		hystart->samples++;
}

/* An eighth of the round trip, but 4 ms at least and 16 ms at most. */
static uint32_t threshold(uint32_t last_us)
{
	uint32_t us = last_us / MIN_RTT_DIVISOR;

	if (us > MAX_RTT_THRESH_US)
		us = MAX_RTT_THRESH_US;
	return us > MIN_RTT_THRESH_US ? us : MIN_RTT_THRESH_US;
}

static bool is_delayed(const struct cc_hystart *hystart)
{
	return hystart->last_us &&
	       hystart->least_us >=
		       hystart->last_us + threshold(hystart->last_us);
}

/* Slow start becomes conservative, or was so for no reason. */
static void judge(struct cc_hystart *hystart)
{
	if (hystart->samples < N_RTT_SAMPLE)
		return;
	if (!hystart->base_us) {
		if (!is_delayed(hystart))
			return;
		hystart->base_us = hystart->least_us;
		hystart->css_rounds = 0;
	} else if (hystart->least_us < hystart->base_us) {
		hystart->base_us = 0;
	}
}

/* The queue holds as much as the path: that is no noise. */
static bool is_evident(const struct cc_hystart *hystart)
{
	return hystart->base_us && hystart->samples >= N_RTT_SAMPLE &&
	       hystart->least_us / 2 >= hystart->ever_us &&
	       hystart->least_us >= hystart->ever_us + MAX_RTT_THRESH_US;
}

static uint32_t us_of(uint64_t now)
{
	return (uint32_t)(now / CN_NS_PER_US);
}

/* The ACKs follow each other closely, and have for long. */
static bool is_long_train(struct cc_hystart *hystart,
			  const struct cc_event *event)
{
	uint32_t us = us_of(event->now);

	if (us - hystart->ack_us > TRAIN_US)
		return false;
	hystart->ack_us = us;
	return us - hystart->round_us > hystart->ever_us / 2;
}

/* More round trips than eight, and all of them are longer. */
static bool is_longer(struct cc_hystart *hystart, const struct cc_event *event)
{
	if (!hystart->least_us || event->rtt_us < hystart->least_us)
		hystart->least_us = event->rtt_us;
	if (hystart->samples < N_RTT_SAMPLE) {
		hystart->samples++;
		return false;
	}
	return hystart->least_us >
	       hystart->ever_us + threshold(hystart->ever_us);
}

/* Linux's hystart_update(). */
static void linux_ack(struct cc_hystart *hystart, struct cc *cc,
		      const struct cc_event *event)
{
	bool train, longer;

	if (!event->rtt_us)
		return;
	if (!hystart->ever_us || event->rtt_us < hystart->ever_us)
		hystart->ever_us = event->rtt_us;
	if (!hystart->window_end || seq_gt(event->una, hystart->window_end)) {
		begin_round(hystart, event);
		hystart->round_us = us_of(event->now);
		hystart->ack_us = us_of(event->now);
	}
	if (cc->cwnd / event->smss < LOW_WINDOW)
		return;
	train = is_long_train(hystart, event);
	longer = is_longer(hystart, event);
	if (train || longer)
		cc->ssthresh = cc->cwnd;
}

uint32_t hystart_ack(struct cc_hystart *hystart, struct cc *cc,
		     const struct cc_event *event)
{
	bool round_ends;

	if (event->hystart != CN_HYSTART_PLUS) {
		if (event->hystart == CN_HYSTART_LINUX)
			linux_ack(hystart, cc, event);
		return event->acked;
	}
	take_sample(hystart, event->rtt_us);
	judge(hystart);
	/* The first round begins with its first ACK. */
	round_ends = !hystart->window_end ||
		     seq_ge(event->una, hystart->window_end);
	if (round_ends && hystart->window_end && hystart->base_us &&
	    ++hystart->css_rounds >= CSS_ROUNDS)
		cc->ssthresh = cc->cwnd;
	if (is_evident(hystart))
		cc->ssthresh = cc->cwnd;
	if (round_ends)
		begin_round(hystart, event);
	return hystart->base_us ? event->acked / CSS_GROWTH_DIVISOR :
				  event->acked;
}
