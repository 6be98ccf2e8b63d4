/* SPDX-License-Identifier: MIT */
/*
 * RFC 9406: rounds of ACKs with given round trips, and when slow start becomes
 * conservative, is resumed, and ends.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp/cc.h"

#define SMSS 1000u
#define MS 1000u /* us */

struct path {
	struct cc cc;
	uint64_t now;
	uint8_t hystart;
	uint32_t una, nxt;
};

static struct path begin(uint32_t segs)
{
	struct path path = {.cc = {.cwnd = segs * SMSS, .ssthresh = UINT32_MAX},
			    .una = 1,
			    .nxt = 1 + segs * SMSS};

	cc_cubic_ops.init(&path.cc);
	return path;
}

/* A window's worth of ACKs, one segment each, every one with this round
 * trip; what they let go is sent at once. */
static void round_trip(struct path *path, uint32_t rtt_us, uint32_t samples)
{
	uint32_t end = path->nxt;

	for (uint32_t i = 0; path->una != end; i++) {
		struct cc_event event = {
			.now = CN_NS_PER_SEC + path->now,
			.hystart = path->hystart,
			.smss = SMSS,
			.acked = SMSS,
			.srtt_us = rtt_us,
			.rtt_us = i < samples ? rtt_us : 0,
			.limited = true,
		};

		path->una += SMSS;
		event.una = path->una;
		event.nxt = path->nxt;
		cc_cubic_ops.ack(&path->cc, &event);
		path->nxt = path->una + path->cc.cwnd / SMSS * SMSS;
	}
}

/* The same in Linux's way. */
static struct path begin_linux(uint32_t segs)
{
	struct path path = begin(segs);

	path.hystart = CN_HYSTART_LINUX;
	return path;
}

static bool is_conservative(const struct path *path)
{
	return path->cc.own.cubic.hystart.base_us != 0;
}

/* Section 4.2: RttThresh is an eighth of the last round's least round trip,
 * between 4 and 16 ms. */
static void a_longer_round_trip_is_noticed(void **state)
{
	static const struct {
		uint32_t first_us, then_us;
		bool noticed;
	} table[] = {
		{1 * MS, 4999, false},		 {1 * MS, 5 * MS, true},
		{80 * MS, 90 * MS - 1, false},	 {80 * MS, 90 * MS, true},
		{200 * MS, 216 * MS - 1, false}, {200 * MS, 216 * MS, true},
		{80 * MS, 20 * MS, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct path path = begin(16);

		round_trip(&path, table[i].first_us, UINT_MAX);
		round_trip(&path, table[i].then_us, UINT_MAX);
		assert_int_equal(is_conservative(&path), table[i].noticed);
	}
}

/* N_RTT_SAMPLE: fewer than eight samples prove nothing. */
static void seven_samples_are_too_few(void **state)
{
	(void)state;
	for (uint32_t samples = 7; samples <= 8; samples++) {
		struct path path = begin(16);

		round_trip(&path, 50 * MS, UINT_MAX);
		round_trip(&path, 80 * MS, samples);
		assert_int_equal(is_conservative(&path), samples == 8);
	}
}

/* CSS_GROWTH_DIVISOR: four acknowledged segments give one. */
static void conservative_is_a_quarter_of_the_pace(void **state)
{
	struct path path = begin(64);
	uint32_t before;

	(void)state;
	round_trip(&path, 50 * MS, UINT_MAX);
	round_trip(&path, 80 * MS, UINT_MAX);
	assert_true(is_conservative(&path));
	before = path.cc.cwnd;
	round_trip(&path, 80 * MS, UINT_MAX);
	assert_in_range(path.cc.cwnd, before + before / 4 - 2 * SMSS,
			before + before / 4 + 2 * SMSS);
}

/* CSS_ROUNDS: after five rounds of it ssthresh is the window; the rest of the
 * round in which it began counts as one. */
static void five_rounds_end_slow_start(void **state)
{
	struct path path = begin(64);

	(void)state;
	round_trip(&path, 50 * MS, UINT_MAX);
	for (int i = 0; i < 5; i++) {
		round_trip(&path, 80 * MS, UINT_MAX);
		if (i < 4)
			assert_int_equal(path.cc.ssthresh, UINT32_MAX);
	}
	assert_int_not_equal(path.cc.ssthresh, UINT32_MAX);
	assert_in_range(path.cc.cwnd, path.cc.ssthresh,
			path.cc.ssthresh + 3 * SMSS);
}

/* A round trip below the one that alarmed us: it was noise. */
static void a_shorter_round_trip_resumes_slow_start(void **state)
{
	struct path path = begin(64);
	uint32_t before;

	(void)state;
	round_trip(&path, 50 * MS, UINT_MAX);
	round_trip(&path, 80 * MS, UINT_MAX);
	round_trip(&path, 60 * MS, UINT_MAX);
	assert_false(is_conservative(&path));
	before = path.cc.cwnd;
	round_trip(&path, 60 * MS, UINT_MAX);
	assert_in_range(path.cc.cwnd, 2 * before - SMSS, 2 * before + SMSS);
}

/* ACKs of one segment at these distances and round trips: how many of them
 * until slow start is over; 0: it is not. */
static uint32_t acks_until_over(struct path *path, uint32_t n, uint32_t rtt_us,
				uint32_t every_us)
{
	for (uint32_t i = 1; i <= n; i++) {
		struct cc_event event = {
			.now = CN_NS_PER_SEC + path->now,
			.smss = SMSS,
			.acked = SMSS,
			.rtt_us = rtt_us,
			.hystart = path->hystart,
			.limited = true,
			.una = path->una += SMSS,
			.nxt = path->nxt,
		};

		cc_cubic_ops.ack(&path->cc, &event);
		path->now += every_us * CN_NS_PER_US;
		if (path->cc.ssthresh != UINT32_MAX)
			return i;
	}
	return 0;
}

/* Linux's: the ninth sample that is an eighth longer ends it at once, where
 * the window is of 16 segments at least. */
static void linux_nine_longer_round_trips_end_it(void **state)
{
	static const struct {
		uint32_t segs, then_us, want;
	} table[] = {
		{20, 217 * MS, 9}, {20, 216 * MS, 0},  {20, 200 * MS, 0},
		{4, 240 * MS, 0},  {10, 240 * MS, 15}, {20, 90 * MS, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct path path = begin_linux(table[i].segs);

		path.nxt = path.una + SMSS;
		assert_int_equal(acks_until_over(&path, 1, 200 * MS, 3000), 0);
		path.nxt = path.una + 1000 * SMSS;
		path.cc.cwnd = table[i].segs * SMSS;
		assert_int_equal(acks_until_over(&path, 20, table[i].then_us,
						 3000),
				 table[i].want);
		if (table[i].want == 9)
			assert_int_equal(path.cc.ssthresh,
					 (table[i].segs + 8) * SMSS);
	}
}

/* Linux's: a train of ACKs that is half a round trip long. */
static void linux_a_long_train_ends_it(void **state)
{
	struct path path = begin_linux(20);

	(void)state;
	path.nxt = path.una + 1000 * SMSS;
	assert_int_equal(acks_until_over(&path, 60, 100 * MS, 1000), 52);
	path = begin_linux(20);
	path.nxt = path.una + 1000 * SMSS;
	assert_int_equal(acks_until_over(&path, 60, 100 * MS, 3000), 0);
}

/* Without either slow start goes on until there is a loss. */
static void none_at_all(void **state)
{
	struct path path = begin(64);

	(void)state;
	path.hystart = CN_HYSTART_OFF;
	for (uint32_t i = 1; i < 8; i++)
		round_trip(&path, i * 100 * MS, UINT_MAX);
	assert_int_equal(path.cc.ssthresh, UINT32_MAX);
	assert_false(is_conservative(&path));
}

/* Section 4.3: the first slow start alone. */
static void a_later_slow_start_is_the_standard_one(void **state)
{
	struct path path = begin(64);

	(void)state;
	path.cc.ssthresh = 10000 * SMSS;
	round_trip(&path, 50 * MS, UINT_MAX);
	round_trip(&path, 150 * MS, UINT_MAX);
	assert_int_equal(path.cc.cwnd, 256 * SMSS);
	assert_int_equal(path.cc.ssthresh, 10000 * SMSS);
}

/* A steady path is never left early, however long slow start lasts. */
static void a_steady_path_doubles(void **state)
{
	struct path path = begin(10);

	(void)state;
	for (int i = 0; i < 8; i++)
		round_trip(&path, 30 * MS + (i & 1) * MS, UINT_MAX);
	assert_int_equal(path.cc.cwnd, 2560 * SMSS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_longer_round_trip_is_noticed),
		cmocka_unit_test(seven_samples_are_too_few),
		cmocka_unit_test(conservative_is_a_quarter_of_the_pace),
		cmocka_unit_test(five_rounds_end_slow_start),
		cmocka_unit_test(a_shorter_round_trip_resumes_slow_start),
		cmocka_unit_test(linux_nine_longer_round_trips_end_it),
		cmocka_unit_test(linux_a_long_train_ends_it),
		cmocka_unit_test(none_at_all),
		cmocka_unit_test(a_later_slow_start_is_the_standard_one),
		cmocka_unit_test(a_steady_path_doubles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
