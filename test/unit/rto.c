/* SPDX-License-Identifier: MIT */
/* RFC 6298, by hand. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp/rto.h"

static const struct cn_settings defaults = {
	.rto_initial_ns = CN_NS_PER_SEC,
	.rto_min_ns = 200 * CN_NS_PER_MS,
	.rto_max_ns = 120 * CN_NS_PER_SEC,
};

static void a_sample_moves_the_estimate(void **state)
{
	static const struct {
		uint32_t rtt, srtt, rttvar;
		uint64_t rto;
	} table[] = {
		{100000, 100000, 50000, 300000},
		{100000, 100000, 37500, 300000},
		{180000, 110000, 48125, 310000},
		/* rttvar (3 * 48125 + 290000) / 4, srtt (770000 + 400000) / 8
		 */
		{400000, 146250, 108594, 580626},
		{0, 127969, 118008, 600001},
	};
	struct tcp_rtt rtt = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		rto_sample(&rtt, table[i].rtt);
		assert_int_equal(rtt.srtt_us, table[i].srtt);
		assert_int_equal(rtt.rttvar_us, table[i].rttvar);
		assert_int_equal(rto_us(&rtt, &defaults, 0), table[i].rto);
	}
	assert_int_equal(rtt.n, 5);
	assert_int_equal(rtt.min_us, 1);
	assert_int_equal(rtt.max_us, 400000);
	assert_int_equal(rtt.sum_us, 780001);
}

static void without_a_sample_it_is_one_second(void **state)
{
	const struct tcp_rtt rtt = {0};

	(void)state;
	assert_int_equal(rto_us(&rtt, &defaults, 0), 1000000);
}

static void each_backoff_doubles_up_to_the_maximum(void **state)
{
	static const uint64_t want[] = {1, 2, 4, 8, 16, 32, 64, 120, 120, 120};
	const struct tcp_rtt rtt = {0};

	(void)state;
	for (unsigned i = 0; i < sizeof(want) / sizeof(*want); i++)
		assert_int_equal(rto_us(&rtt, &defaults, i), want[i] * 1000000);
	assert_int_equal(rto_us(&rtt, &defaults, 255), 120000000);
}

static void a_steady_path_is_measured_exactly(void **state)
{
	struct tcp_rtt rtt = {0};

	(void)state;
	for (int i = 0; i < 100; i++)
		rto_sample(&rtt, 12345);
	assert_int_equal(rtt.srtt_us, 12345);
	assert_in_range(rtt.rttvar_us, 0, 2);
	assert_int_equal(rto_us(&rtt, &defaults, 0), 212345);
}

static void the_largest_sample_does_not_overflow(void **state)
{
	struct tcp_rtt rtt = {0};

	(void)state;
	rto_sample(&rtt, UINT32_MAX);
	rto_sample(&rtt, UINT32_MAX);
	assert_int_equal(rtt.srtt_us, UINT32_MAX);
	assert_int_equal(rto_us(&rtt, &defaults, 0), 120000000);
	rto_sample(&rtt, 1);
	assert_int_equal(rto_us(&rtt, &defaults, 200), 120000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_moves_the_estimate),
		cmocka_unit_test(without_a_sample_it_is_one_second),
		cmocka_unit_test(each_backoff_doubles_up_to_the_maximum),
		cmocka_unit_test(a_steady_path_is_measured_exactly),
		cmocka_unit_test(the_largest_sample_does_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
