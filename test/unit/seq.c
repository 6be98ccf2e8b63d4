/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/seq.h"

static void sequence_comparisons(void **state)
{
	static const struct {
		uint32_t a, b;
		bool lt, le;
	} row[] = {
		{0, 0, false, true},
		{0, 1, true, true},
		{1, 0, false, false},
		{0xffffffff, 0, true, true},
		{0, 0xffffffff, false, false},
		{0x7fffffff, 0x80000000, true, true},
		{0x80000000, 0x7fffffff, false, false},
		{0xfffffff0, 0x10, true, true},
		{0, 0x7fffffff, true, true},
		{1, 0x80000000, true, true},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint32_t a = row[i].a, b = row[i].b;

		assert_int_equal(seq_lt(a, b), row[i].lt);
		assert_int_equal(seq_le(a, b), row[i].le);
		assert_int_equal(seq_ge(a, b), !row[i].lt);
		assert_int_equal(seq_gt(a, b), !row[i].le);
		assert_int_equal(seq_max(a, b), row[i].lt ? b : a);
		assert_int_equal(seq_min(a, b), row[i].le ? a : b);
	}
}

static void window_wraps(void **state)
{
	static const struct {
		uint32_t seq, left, wnd;
		bool want;
	} row[] = {
		{5, 5, 0, false},
		{5, 5, 1, true},
		{6, 5, 1, false},
		{4, 5, 100, false},
		{0xffffffff, 0xfffffffe, 10, true},
		{7, 0xfffffffe, 10, true},
		{8, 0xfffffffe, 10, false},
		{0x80000001, 0x7fffffff, 3, true},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_int_equal(seq_in_window(row[i].seq, row[i].left,
					       row[i].wnd),
				 row[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequence_comparisons),
		cmocka_unit_test(window_wraps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
