/* SPDX-License-Identifier: MIT */
/* Numbers with units, as typed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "link/rate_trace.h"
#include "link/units.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void times(void **state)
{
	static const struct {
		const char *text;
		uint64_t want;
	} good[] = {
		{"50ms", 50000000},
		{"1s", 1000000000},
		{"200us", 200000},
		{"1.5ms", 1500000},
		{"0", 0},
		{"0ms", 0},
		{"250usecs", 250000},
		{"3ns", 3},
		{"0.5MSEC", 500000},
		{"3600s", 3600000000000},
	};
	static const char *const bad[] = {"50",	    "",	     "ms",    "-5ms",
					  "inf",    "5 ms",  "0x5ms", "nan",
					  "1e999s", "3601s", "5mss"};
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		ns = 7;
		assert_null(units_time(good[i].text, &ns));
		assert_int_equal(ns, good[i].want);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_non_null(units_time(bad[i], &ns));
}

static void shares(void **state)
{
	double share = 7;

	(void)state;
	assert_null(units_share("1%", &share));
	assert_true(share > 0.0099 && share < 0.0101);
	assert_null(units_share("0", &share));
	assert_true(share == 0);
	assert_null(units_share("100%", &share));
	assert_true(share == 1);
	assert_non_null(units_share("1", &share));
	assert_non_null(units_share("101%", &share));
	assert_non_null(units_share("-1%", &share));
	assert_non_null(units_share("1%%", &share));
}

static void rates_and_sizes(void **state)
{
	uint64_t value;

	(void)state;
	assert_null(units_rate("10mbit", &value));
	assert_int_equal(value, 10000000);
	assert_null(units_rate("1.5Gbit", &value));
	assert_int_equal(value, 1500000000);
	assert_null(units_rate("8kbps", &value));
	assert_int_equal(value, 64000);
	assert_null(units_rate("1kibit", &value));
	assert_int_equal(value, 1024);
	assert_non_null(units_rate("10", &value));
	assert_non_null(units_rate("0bit", &value));
	assert_null(units_size("64kb", &value));
	assert_int_equal(value, 65536);
	assert_null(units_size("1500", &value));
	assert_int_equal(value, 1500);
	assert_non_null(units_size("64kbit", &value));
	assert_null(units_count("5", 1, 5, &value));
	assert_non_null(units_count("6", 1, 5, &value));
	assert_non_null(units_count("0", 1, 5, &value));
	assert_non_null(units_count("5x", 1, 5, &value));
	assert_non_null(units_count("-1", 0, 5, &value));
	assert_non_null(units_count("99999999999999999999999", 0, 5, &value));
}

static void with_commas(void **state)
{
	struct cn_impair impair;

	(void)state;
	memset(&impair, 0, sizeof(impair));
	assert_null(units_jitter("10ms,pareto,ordered", &impair));
	assert_int_equal(impair.jitter_ns, 10000000);
	assert_int_equal(impair.jitter, CN_JITTER_PARETO);
	assert_true(impair.keep_order);
	assert_non_null(units_jitter("10ms,round", &impair));
	assert_null(units_burst("1%,20%", &impair));
	assert_true(impair.burst_p > 0.009 && impair.burst_r > 0.19);
	assert_true(impair.burst_bad == 1 && impair.burst_good == 0);
	assert_null(units_burst("10%", &impair));
	assert_true(impair.burst_r > 0.89 && impair.burst_r < 0.91);
	assert_non_null(units_burst("1%,2%,3%,4%,5%", &impair));
	assert_null(units_reorder("5%,3ms", &impair));
	assert_int_equal(impair.reorder_ns, 3000000);
	assert_null(units_queue("100", &impair));
	assert_int_equal(impair.queue, 100);
	assert_null(units_queue("64kb", &impair));
	assert_int_equal(impair.queue_octets, 65536);
	assert_non_null(units_queue("1.5", &impair));
	/* No queue at all would be one without bounds. */
	assert_non_null(units_queue("0kb", &impair));
	assert_int_equal(impair.queue_octets, 65536);
}

static void lists(void **state)
{
	struct cn_impair impair;
	char word[400] = "";

	(void)state;
	memset(&impair, 0, sizeof(impair));
	assert_null(units_impair_list("rtt 10ms loss=5% rate 1mbit", &impair));
	assert_int_equal(impair.delay_ns, 5000000);
	assert_int_equal(impair.rate, 1000000);
	assert_null(units_impair_list("", &impair));
	assert_non_null(units_impair_list("loss", &impair));
	assert_non_null(units_impair_list("mark 0", &impair));
	assert_non_null(units_impair_list("mark 1kb", &impair));
	/* Words that are too long are no end. */
	memset(word, 'x', sizeof(word) - 1);
	assert_non_null(units_impair_list(word, &impair));
	memcpy(word, "trace ", 6);
	assert_non_null(strstr(units_impair_list(word, &impair), "longer"));
	assert_non_null(units_impair_list("slowness 5", &impair));
	assert_ptr_equal(units_impair("slowness", "5", &impair), units_unknown);
}

/* What is written can be read again, and says the same. */
static void impairments_are_written_as_read(void **state)
{
	static const char *const texts[] = {
		"",
		"delay 50ms",
		"delay 1.5ms jitter 250us,pareto,ordered loss 1%",
		"loss 0.0076%",
		"delay 2s burst-loss 1%,20%,100%,0%",
		"reorder 5%,10ms duplicate 2% corrupt 0.5%",
		"rate 10mbit queue 100",
		"rate 1500kbit queue 65536b ecn",
		"rate 10mbit queue 100 mark 20",
		"mark 1 ecn",
	};
	char text[UNITS_IMPAIR_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct cn_impair impair = {0}, again = {0};

		assert_null(units_impair_list(texts[i], &impair));
		units_impair_text(&impair, text);
		assert_string_equal(text, texts[i]);
		assert_null(units_impair_list(text, &again));
		units_impair_text(&again, text);
		assert_string_equal(text, texts[i]);
	}
}

/* All of it at once, with as many digits as there are. */
static void the_longest_is_written_whole(void **state)
{
	static const char all[] =
		"delay 3599.12345678s jitter 3599.12345678s,paretonormal,ordered "
		"loss 12.3456789% burst-loss "
		"12.3456789%,12.3456789%,12.3456789%,12.3456789% "
		"reorder 12.3456789%,345.678901ms duplicate 12.3456789% "
		"corrupt 12.3456789%";
	static const char end[] = " queue 4294967294 mark 4294967294 ecn";
	const size_t longest = UNITS_NAME_SHOWN;
	char text[UNITS_IMPAIR_TEXT], name[300], want[UNITS_IMPAIR_TEXT];
	FILE *file;

	(void)state;
	memset(name, 'x', sizeof(name));
	memcpy(name, "/tmp/", 5);
	for (size_t len = longest; len <= longest + 1; len++) {
		struct cn_impair impair = {0};

		/* Names of files are shorter: a path of two. */
		snprintf(name + len - 30, 31, "/catenet-units-%015d",
			 (int)getpid());
		name[len - 31] = 'x';
		memset(name + 5, 'x', len - 35);
		assert_int_equal(strlen(name), len);
		name[len - 30] = '\0';
		assert_int_equal(mkdir(name, 0700), 0);
		name[len - 30] = '/';
		file = fopen(name, "w");
		assert_non_null(file);
		fputs("1\n", file);
		fclose(file);
		assert_null(units_impair_list(all, &impair));
		assert_null(units_impair("trace", name, &impair));
		assert_null(units_impair_list(end, &impair));
		units_impair_text(&impair, text);
		snprintf(want, sizeof(want), "%s trace %s%s%s", all,
			 len > longest ? "..." : "",
			 len > longest ? name + 4 : name, end);
		assert_string_equal(text, want);
		unlink(name);
		name[len - 30] = '\0';
		rmdir(name);
	}
	rate_trace_forget();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times),
		cmocka_unit_test(impairments_are_written_as_read),
		cmocka_unit_test(the_longest_is_written_whole),
		cmocka_unit_test(shares),
		cmocka_unit_test(rates_and_sizes),
		cmocka_unit_test(with_commas),
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
