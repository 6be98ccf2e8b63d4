/* SPDX-License-Identifier: MIT */
/* The defaults that RFC 9293 and Linux have a word about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <catenet/host.h>

static struct cn_settings set;

/* MUST-28 */
static void keepalive_waits_two_hours(void **state)
{
	(void)state;
	cn_settings_default(&set);
	assert_true(set.keepalive_idle_ns >= 7200 * CN_NS_PER_SEC);
}

/* SHLD-10 */
static void r1_is_three_retransmissions(void **state)
{
	(void)state;
	cn_settings_default(&set);
	assert_true(set.retries1 >= 3);
}

/* SHLD-11: 2^n - 1 timeouts of at least the minimum, none longer than the
 * maximum. */
static void r2_is_100_seconds(void **state)
{
	uint64_t wait, sum = 0;

	(void)state;
	cn_settings_default(&set);
	wait = set.rto_min_ns;
	for (unsigned i = 0; i <= set.retries2; i++) {
		sum += wait;
		wait = wait * 2 < set.rto_max_ns ? wait * 2 : set.rto_max_ns;
	}
	assert_true(sum >= 100 * CN_NS_PER_SEC);
}

static void acks_are_not_delayed_by_half_a_second(void **state)
{
	(void)state;
	cn_settings_default(&set);
	assert_true(set.delack_ns < 500 * CN_NS_PER_MS);
}

/* attacks.md row 7: without entropy a host does not start, and nobody gets a seed by default. */
static void no_seed_by_default(void **state)
{
	struct cn_host *host = NULL;

	(void)state;
	cn_settings_default(&set);
	assert_false(set.seeded);
	assert_int_equal(cn_host_new(&set, 0, &host), CN_E_NOENTROPY);
	assert_null(host);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keepalive_waits_two_hours),
		cmocka_unit_test(r1_is_three_retransmissions),
		cmocka_unit_test(r2_is_100_seconds),
		cmocka_unit_test(acks_are_not_delayed_by_half_a_second),
		cmocka_unit_test(no_seed_by_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
