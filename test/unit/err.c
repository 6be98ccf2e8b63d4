/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <catenet/base.h>

static void every_error_has_its_text_and_name(void **state)
{
	(void)state;
#define CN_X(name, number, kind, text)                                         \
	assert_string_equal(cn_err_text(CN_E_##name), text);                   \
	assert_string_equal(cn_err_name(CN_E_##name), #name);
	CN_ERRORS(CN_X)
#undef CN_X
}

static void other_numbers_are_unknown(void **state)
{
	static const int err[] = {1, 4, -39, -1000, INT32_MIN, INT32_MAX};

	(void)state;
	for (unsigned i = 0; i < sizeof(err) / sizeof(err[0]); i++) {
		assert_string_equal(cn_err_text(err[i]), "unknown error");
		assert_string_equal(cn_err_name(err[i]), "UNKNOWN");
	}
	assert_string_equal(cn_err_text(CN_OK), "success");
	assert_string_equal(cn_err_name(CN_OK), "OK");
}

static void error_numbers_are_all_different(void **state)
{
	static const int err[] = {
#define CN_X(name, number, kind, text) CN_E_##name,
		CN_ERRORS(CN_X)
#undef CN_X
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(err) / sizeof(err[0]); i++) {
		assert_true(err[i] < 0);
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(err[i], err[j]);
	}
}

static void every_drop_has_its_text_and_name(void **state)
{
	(void)state;
#define CN_X(name, text)                                                       \
	assert_string_equal(cn_drop_text(CN_DROP_##name), text);               \
	assert_string_equal(cn_drop_name(CN_DROP_##name), #name);
	CN_DROPS(CN_X)
#undef CN_X
	assert_string_equal(cn_drop_text(CN_DROP_N), "unknown reason");
	assert_string_equal(cn_drop_name((enum cn_drop)9999), "UNKNOWN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_its_text_and_name),
		cmocka_unit_test(other_numbers_are_unknown),
		cmocka_unit_test(error_numbers_are_all_different),
		cmocka_unit_test(every_drop_has_its_text_and_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
