/* SPDX-License-Identifier: MIT */
/* What catenet ss -s believes of a world (row 48 of the attacks). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/counters.h"

static void lines_add_up(void **state)
{
	struct cn_counters sum = {0};

	(void)state;
	assert_true(counters_take(&sum, "#\tsyncookies_sent\t12"));
	assert_true(counters_take(&sum, "#\tsyncookies_sent\t30"));
	assert_true(counters_take(&sum, "#\tTCP_SYN_QUEUE\t7"));
	assert_true(counters_take(&sum, "#\ttcp_in\t18446744073709551615"));
	assert_int_equal(sum.syncookies_sent, 42);
	assert_int_equal(sum.drop[CN_DROP_TCP_SYN_QUEUE], 7);
	assert_true(sum.tcp_in == UINT64_MAX);
}

static void what_is_no_counter_is_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"#",
		"#\t",
		"#\t\t",
		"#\t\t1",
		"#\ttcp_in",
		"#\ttcp_in\t",
		"#\ttcp_in\t-1",
		"#\ttcp_in\t+1",
		"#\ttcp_in\t 1",
		"#\ttcp_in\t1x",
		"#\ttcp_in\t0x1f",
		"#\ttcp_in\t1\t2",
		"#\ttcp_in\t18446744073709551616",
		"#\ttcp_i\t1",
		"#\ttcp_inn\t1",
		"#\tNONE\t1",
		"#\t\x1b[2J\t1",
		"# tcp_in 1",
		"tcp_in\t1",
	};
	struct cn_counters sum = {0}, none = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(counters_take(&sum, lines[i]));
	assert_memory_equal(&sum, &none, sizeof(sum));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_add_up),
		cmocka_unit_test(what_is_no_counter_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
