/* SPDX-License-Identifier: MIT */
/*
 * RFC 9438 against a model in floating point, written from the RFC's
 * equations alone; its figures are the tables below.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp/cc.h"

#define SMSS 1448u
#define INF UINT32_MAX

static struct cc_event at(uint64_t now, uint32_t acked, uint32_t flight,
			  uint32_t rtt_ms)
{
	return (struct cc_event){
		.now = now,
		.smss = SMSS,
		.acked = acked,
		.flight = flight,
		.srtt_us = rtt_ms * 1000,
		.limited = true,
	};
}

/* A round trip's worth of ACKs, two segments each, spread evenly. */
static void round_trip(struct cc *cc, uint64_t now, uint32_t rtt_ms)
{
	uint32_t n = cc->cwnd / SMSS / 2, each = cc->cwnd / (n ? n : 1);

	for (uint32_t i = 0; i < n; i++) {
		struct cc_event event = at(now + rtt_ms * CN_NS_PER_MS * i / n,
					   each, 0, rtt_ms);

		cc_cubic_ops.ack(cc, &event);
	}
}

/* Loss at w0 segments, then seconds; want: segments after each second. */
struct curve {
	uint32_t w0, w_max, rtt_ms;
	int seconds;
	double want[10];
};

static void grows_along_the_curve(void **state)
{
	static const struct curve curves[] = {
		{100,
		 0,
		 100,
		 8,
		 {86.66, 95.61, 99.26, 99.99, 100.2, 103.16, 113.11, 123.07}},
		{10, 0, 20, 4, {53.36, 103.04, 152.85, 202.71}},
		{1000,
		 0,
		 50,
		 10,
		 {788.52, 857.68, 909.83, 947.37, 972.71, 988.24, 996.37,
		  999.49, 1000.0, 1000.31}},
		/* fast convergence */
		{70,
		 100,
		 100,
		 8,
		 {56.42, 59.54, 64.81, 70.15, 80.11, 90.05, 100.0, 110.38}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++) {
		const struct curve *curve = &curves[i];
		struct cc cc = {.cwnd = curve->w0 * SMSS, .ssthresh = INF};
		uint64_t now = CN_NS_PER_SEC;
		struct cc_event loss = at(now, 0, cc.cwnd, curve->rtt_ms);

		cc_cubic_ops.init(&cc);
		cc.own.cubic.w_max = curve->w_max * SMSS;
		cc_cubic_ops.loss(&cc, &loss);
		for (int s = 0; s < curve->seconds; s++) {
			double got, want = curve->want[s];

			for (uint32_t ms = 0; ms < 1000; ms += curve->rtt_ms) {
				round_trip(&cc, now, curve->rtt_ms);
				now += curve->rtt_ms * CN_NS_PER_MS;
			}
			got = (double)cc.cwnd / SMSS;
			print_message("# %zu: %d s: %.2f, want %.2f\n", i,
				      s + 1, got, want);
			assert_true(got > want * 0.98 && got < want * 1.02);
		}
	}
}

/* K in ms for a plateau so many segments above: cbrt(n / 0.4). */
static void cube_root_is_exact(void **state)
{
	static const struct {
		uint32_t segments, k_ms;
	} table[] = {
		{1, 1357},     {2, 1709},      {30, 4217},	 {400, 10000},
		{3200, 20000}, {50000, 50000}, {700000, 120507},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct cc cc = {.cwnd = 2 * SMSS, .ssthresh = 2 * SMSS};
		struct cc_event event = at(1, SMSS, 0, 10);

		cc_cubic_ops.init(&cc);
		cc.own.cubic.w_max = (table[i].segments + 2) * SMSS;
		cc_cubic_ops.ack(&cc, &event);
		assert_int_equal(cc.own.cubic.k_ms, table[i].k_ms);
	}
}

static void loss_takes_three_tenths(void **state)
{
	static const struct {
		uint32_t cwnd, flight, want;
	} table[] = {
		{100 * SMSS, 100 * SMSS, 70 * SMSS},
		{100 * SMSS, 102 * SMSS, 70 * SMSS},
		{100 * SMSS, 50 * SMSS, 70 * SMSS},
		{3 * SMSS, 3 * SMSS, 3 * SMSS * 7 / 10},
		{2 * SMSS, 2 * SMSS, 2 * SMSS},
		{100 * SMSS, 0, 70 * SMSS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct cc cc = {.cwnd = table[i].cwnd, .ssthresh = INF};
		struct cc_event event = at(5, 0, table[i].flight, 10);

		cc_cubic_ops.init(&cc);
		cc_cubic_ops.loss(&cc, &event);
		assert_int_equal(cc.ssthresh, table[i].want);
		assert_int_equal(cc.cwnd, table[i].want);
		assert_int_equal(cc.prior_cwnd, table[i].cwnd);
	}
}

/* Below the plateau the curve is counted in whole segments: a window of twenty
 * is back at it while less than one is missing. */
static void less_than_a_segment_is_not_missing(void **state)
{
	struct cc cc = {.cwnd = 20 * SMSS, .ssthresh = INF};
	uint64_t now = CN_NS_PER_SEC;
	struct cc_event loss = at(now, 0, cc.cwnd, 300);

	(void)state;
	cc_cubic_ops.init(&cc);
	cc_cubic_ops.loss(&cc, &loss);
	for (int i = 0; i < 8; i++, now += 300 * CN_NS_PER_MS)
		round_trip(&cc, now, 300);
	assert_true(cc.own.cubic.k_ms > 2400);
	assert_in_range(cc.cwnd, 20 * SMSS - SMSS / 4, 20 * SMSS);
}

/* Fast convergence: from a whole segment below the last plateau on. */
static void convergence_begins_at_a_segment(void **state)
{
	static const struct {
		uint32_t cwnd, want;
	} table[] = {
		{30 * SMSS, 30 * SMSS},
		{30 * SMSS - 1, 30 * SMSS - 1},
		{29 * SMSS + 1, 29 * SMSS + 1},
		{29 * SMSS, 29 * SMSS * 17 / 20},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct cc cc = {.cwnd = table[i].cwnd, .ssthresh = INF};
		struct cc_event event = at(5, 0, cc.cwnd, 10);

		cc_cubic_ops.init(&cc);
		cc.own.cubic.w_max = 30 * SMSS;
		cc_cubic_ops.loss(&cc, &event);
		assert_int_equal(cc.own.cubic.w_max, table[i].want);
	}
}

static void timeout_forgets_the_plateau(void **state)
{
	struct cc cc = {.cwnd = 100 * SMSS, .ssthresh = INF};
	struct cc_event event = at(5, 0, 100 * SMSS, 10);

	(void)state;
	cc_cubic_ops.init(&cc);
	cc_cubic_ops.loss(&cc, &event);
	event.flight = cc.cwnd;
	cc_cubic_ops.timeout(&cc, &event);
	assert_int_equal(cc.cwnd, SMSS);
	assert_int_equal(cc.ssthresh, 49 * SMSS);
	assert_int_equal(cc.own.cubic.w_max, 0);
	event = at(6, 48 * SMSS, 0, 10);
	cc_cubic_ops.ack(&cc, &event);
	assert_int_equal(cc.cwnd, 49 * SMSS);
	event = at(7, SMSS, 0, 10);
	cc_cubic_ops.ack(&cc, &event);
	assert_int_equal(cc.own.cubic.k_ms, 0);
	assert_int_equal(cc.own.cubic.origin, 49 * SMSS);
}

static void slow_start_counts_every_octet(void **state)
{
	struct cc cc = {.cwnd = 10 * SMSS, .ssthresh = INF};
	struct cc_event event = at(5, 10 * SMSS, 0, 10);

	(void)state;
	cc_cubic_ops.init(&cc);
	cc_cubic_ops.ack(&cc, &event);
	assert_int_equal(cc.cwnd, 20 * SMSS);
	event.limited = false;
	cc_cubic_ops.ack(&cc, &event);
	assert_int_equal(cc.cwnd, 20 * SMSS);
}

/* Five seconds of a slow application: the curve goes on where it stood. */
static void unused_time_is_no_time_of_the_curve(void **state)
{
	struct cc busy = {.cwnd = 100 * SMSS, .ssthresh = INF}, lazy;
	uint64_t now = CN_NS_PER_SEC, pause = 5 * CN_NS_PER_SEC;
	struct cc_event event = at(now, 0, busy.cwnd, 100);

	(void)state;
	cc_cubic_ops.init(&busy);
	cc_cubic_ops.loss(&busy, &event);
	for (int i = 0; i < 10; i++, now += 100 * CN_NS_PER_MS)
		round_trip(&busy, now, 100);
	lazy = busy;
	for (uint64_t t = 0; t < pause; t += pause / 50) {
		event = at(now + t, SMSS, 0, 100);
		event.limited = false;
		cc_cubic_ops.ack(&lazy, &event);
	}
	assert_int_equal(lazy.cwnd, busy.cwnd);
	for (int i = 0; i < 10; i++, now += 100 * CN_NS_PER_MS) {
		round_trip(&busy, now, 100);
		round_trip(&lazy, now + pause, 100);
	}
	assert_in_range(lazy.cwnd, busy.cwnd - SMSS, busy.cwnd + SMSS);
}

static void an_ack_in_pieces_gains_nothing(void **state)
{
	struct cc whole = {.cwnd = 100 * SMSS, .ssthresh = INF}, pieces;
	struct cc_event event = at(CN_NS_PER_SEC, 0, whole.cwnd, 50);

	(void)state;
	cc_cubic_ops.init(&whole);
	cc_cubic_ops.loss(&whole, &event);
	pieces = whole;
	for (int i = 0; i < 1000; i++) {
		event = at(event.now + CN_NS_PER_MS, SMSS, 0, 50);
		cc_cubic_ops.ack(&whole, &event);
		event.acked = 1;
		for (unsigned j = 0; j < SMSS; j++)
			cc_cubic_ops.ack(&pieces, &event);
	}
	assert_in_range(pieces.cwnd, whole.cwnd - SMSS, whole.cwnd + SMSS);
}

/* The largest numbers that can meet: no overflow, no stall, no shrinking. */
static void extremes_stay_in_range(void **state)
{
	struct cc cc = {.cwnd = CC_CWND_MAX, .ssthresh = 2};
	struct cc_event event = at(1, CC_CWND_MAX, CC_CWND_MAX, 4000000);

	(void)state;
	cc_cubic_ops.init(&cc);
	event.smss = 65495;
	cc_cubic_ops.loss(&cc, &event);
	for (int i = 0; i < 64; i++) {
		uint32_t before = cc.cwnd;

		event.now = UINT64_C(1) << i;
		cc_cubic_ops.ack(&cc, &event);
		assert_in_range(cc.cwnd, before, CC_CWND_MAX);
	}
	assert_int_equal(cc.cwnd, CC_CWND_MAX);
	event = at(0, 1, 1, 0);
	event.smss = 48;
	cc_cubic_ops.timeout(&cc, &event);
	cc_cubic_ops.ack(&cc, &event);
	assert_int_equal(cc.cwnd, 49);
}

/* A loss, then round trips from `start` on; the window after them. */
static uint32_t grown_from(uint64_t start)
{
	struct cc cc = {.cwnd = 100 * SMSS, .ssthresh = INF};
	struct cc_event event = at(start, 0, cc.cwnd, 100);

	cc_cubic_ops.init(&cc);
	cc_cubic_ops.loss(&cc, &event);
	for (int i = 0; i < 40; i++)
		round_trip(&cc, start + i * 100 * CN_NS_PER_MS, 100);
	return cc.cwnd;
}

/* An epoch that begins when the clock says nought is one like others. */
static void the_clock_may_begin_at_nought(void **state)
{
	(void)state;
	assert_int_equal(grown_from(0), grown_from(1000 * CN_NS_PER_SEC));
}

/* Section 4.4: by half a window a round trip at most, however far the curve
 * is ahead. */
static void growth_has_a_limit(void **state)
{
	struct cc cc = {.cwnd = 100 * SMSS, .ssthresh = 2 * SMSS};
	struct cc_event event = at(CN_NS_PER_SEC, SMSS, 100 * SMSS, 100);

	(void)state;
	cc_cubic_ops.init(&cc);
	cc_cubic_ops.ack(&cc, &event);
	cc.cwnd = 100 * SMSS;
	event.now += 1000 * CN_NS_PER_SEC;
	event.acked = cc.cwnd;
	cc_cubic_ops.ack(&cc, &event);
	assert_int_equal(cc.cwnd, 150 * SMSS);
}

/* The path has grown since the epoch began: the curve does not go below
 * nothing, and the window does not fall. */
static void longer_segments_within_an_epoch(void **state)
{
	struct cc cc = {.cwnd = 100 * SMSS, .ssthresh = INF};
	struct cc_event event = at(CN_NS_PER_SEC, 0, 100 * SMSS, 10);
	uint32_t before;

	(void)state;
	cc_cubic_ops.init(&cc);
	cc_cubic_ops.loss(&cc, &event);
	event = at(CN_NS_PER_SEC, SMSS, 0, 10);
	cc_cubic_ops.ack(&cc, &event);
	before = cc.cwnd;
	event.smss = 40 * SMSS;
	event.acked = event.smss;
	cc_cubic_ops.ack(&cc, &event);
	assert_in_range(cc.cwnd, before, before + event.smss);
}

/* A loss, and so long on the curve towards the plateau. */
static struct cc grown(uint32_t w0, uint32_t ms, uint64_t *now)
{
	struct cc cc = {.cwnd = w0 * SMSS, .ssthresh = INF};
	struct cc_event loss = at(*now, 0, cc.cwnd, 50);

	cc_cubic_ops.init(&cc);
	cc_cubic_ops.loss(&cc, &loss);
	for (; ms; ms -= 50) {
		round_trip(&cc, *now, 50);
		*now += 50 * CN_NS_PER_MS;
	}
	return cc;
}

/* RFC 9438 sections 4.9.1 and 4.9.2: a reduction that is undone leaves window,
 * plateau and place on the curve as they were, before the plateau or behind
 * it. */
static void undo_gives_the_place_on_the_curve_back(void **state)
{
	static const uint32_t table[] = {50, 1000, 3000, 5000, 9000};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		for (int timeout = 0; timeout < 2; timeout++) {
			uint64_t now = CN_NS_PER_SEC;
			struct cc plain = grown(100, table[i], &now);
			struct cc cc = plain;
			uint32_t ssthresh = cc.ssthresh;
			struct cc_event event = at(now, 0, cc.cwnd, 50);

			if (timeout)
				cc_cubic_ops.timeout(&cc, &event);
			else
				cc_cubic_ops.loss(&cc, &event);
			event = at(now + 50 * CN_NS_PER_MS, 0, 0, 50);
			cc_cubic_ops.undo(&cc, &event);
			cc.ssthresh = ssthresh; /* as undo.c does */
			assert_int_equal(cc.cwnd, plain.cwnd);
			assert_int_equal(cc.own.cubic.k_ms,
					 plain.own.cubic.k_ms);
			now += 50 * CN_NS_PER_MS;
			for (int n = 0; n < 100; n++) {
				round_trip(&cc, now, 50);
				round_trip(&plain, now, 50);
				assert_int_equal(cc.cwnd, plain.cwnd);
				now += 50 * CN_NS_PER_MS;
			}
		}
	}
}

/* Of two in a row the second alone is undone: there is no place to return
 * to; nor in the first slow start. */
static void undo_of_the_second_reduction_begins_anew(void **state)
{
	uint64_t now = CN_NS_PER_SEC;
	struct cc cc = grown(100, 1000, &now);
	struct cc_event event = at(now, 0, cc.cwnd, 50);

	(void)state;
	cc_cubic_ops.loss(&cc, &event);
	cc_cubic_ops.timeout(&cc, &event);
	cc_cubic_ops.undo(&cc, &event);
	assert_int_equal(cc.own.cubic.last_ms, 0);
	cc = (struct cc){.cwnd = 10 * SMSS, .ssthresh = INF};
	cc_cubic_ops.init(&cc);
	event = at(now, 10 * SMSS, 10 * SMSS, 50);
	event.rtt_us = 50000;
	cc_cubic_ops.ack(&cc, &event);
	cc_cubic_ops.loss(&cc, &event);
	cc_cubic_ops.undo(&cc, &event);
	assert_int_equal(cc.own.cubic.last_ms, 0);
	assert_int_equal(cc.cwnd, 20 * SMSS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_along_the_curve),
		cmocka_unit_test(cube_root_is_exact),
		cmocka_unit_test(loss_takes_three_tenths),
		cmocka_unit_test(less_than_a_segment_is_not_missing),
		cmocka_unit_test(convergence_begins_at_a_segment),
		cmocka_unit_test(timeout_forgets_the_plateau),
		cmocka_unit_test(slow_start_counts_every_octet),
		cmocka_unit_test(unused_time_is_no_time_of_the_curve),
		cmocka_unit_test(an_ack_in_pieces_gains_nothing),
		cmocka_unit_test(the_clock_may_begin_at_nought),
		cmocka_unit_test(growth_has_a_limit),
		cmocka_unit_test(longer_segments_within_an_epoch),
		cmocka_unit_test(extremes_stay_in_range),
		cmocka_unit_test(undo_gives_the_place_on_the_curve_back),
		cmocka_unit_test(undo_of_the_second_reduction_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
