/* SPDX-License-Identifier: MIT */
/* Named paths: each is what its sources say, and what the list prints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link/impair.h"
#include "link/profile.h"
#include "link/units.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Written down from the sources, apart from the table. */
static void as_published(void **state)
{
	static const struct {
		const char *name;
		uint64_t rtt_us, down, up;
		double loss;
	} want[] = {
		{"dsl", 37000, 5660000, 820000, 0},
		{"dsl-bad", 37200, 910000, 350000, 0.01},
		{"3g", 300000, 1600000, 768000, 0},
		{"lte", 70000, 12000000, 12000000, 0},
		{"wifi-edge", 35000, 6500000, 6500000, 0.008},
		{"satellite", 638000, 12000000, 3000000, 0},
		{"intercontinental", 176000, 0, 0, 0.001},
		{"datacentre", 268, 10000000000, 10000000000, 0.000076},
	};

	(void)state;
	assert_int_equal(profile_count(), COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++) {
		struct cn_impair up = {0}, down = {0};
		const struct profile *profile = profile_find(want[i].name);

		assert_ptr_equal(profile, profile_at(i));
		profile_apply(profile, &up, &down);
		assert_null(cn_impair_error(&up));
		assert_null(cn_impair_error(&down));
		assert_int_equal((up.delay_ns + down.delay_ns) / 1000,
				 want[i].rtt_us);
		assert_int_equal(down.rate, want[i].down);
		assert_int_equal(up.rate, want[i].up);
		assert_true(up.loss > want[i].loss - 1e-9 &&
			    up.loss < want[i].loss + 1e-9);
		assert_true(down.loss > want[i].loss - 1e-9 &&
			    down.loss < want[i].loss + 1e-9);
		assert_true(strlen(profile->source) > 40);
	}
	assert_null(profile_find("list"));
	assert_null(profile_find(""));
}

/* 200 ms at the rate, or what the source says, within a kilobyte. */
static void queues(void **state)
{
	(void)state;
	for (size_t i = 0; i < profile_count(); i++) {
		struct cn_impair way[2] = {{0}};
		const char *name = profile_at(i)->name;

		profile_apply(profile_at(i), &way[0], &way[1]);
		for (int n = 0; n < 2; n++) {
			uint64_t ms = 200, octets;

			if (!way[n].queue_octets)
				continue;
			if (!strcmp(name, "satellite"))
				ms = 638;
			if (!strcmp(name, "dsl-bad") && n == 0)
				ms = 600;
			octets = way[n].rate / 8 * ms / 1000;
			assert_in_range(way[n].queue_octets, octets - 1024,
					octets + 1024);
		}
	}
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Half of the round trips take more than 20 ms, a tenth more than 100 ms. */
static void wifi_jitter(void **state)
{
	enum { N = 20000 };
	static uint64_t rtt[N];
	static const uint8_t seed[16] = "wifi";
	struct cn_impair up = {0}, down = {0};
	struct dice dice;

	(void)state;
	profile_apply(profile_find("wifi-edge"), &up, &down);
	dice_init(&dice, seed);
	for (size_t i = 0; i < N; i++)
		rtt[i] = dice_delay(&dice, &up) + dice_delay(&dice, &down);
	qsort(rtt, N, sizeof(rtt[0]), by_size);
	assert_in_range(rtt[N / 2], 18000000, 22000000);
	assert_in_range(rtt[N / 10 * 9], 90000000, 110000000);
}

/* What the list prints, given to --up and --down, is the same path. */
static void the_list_is_true(void **state)
{
	char *text, *line, *next;
	struct cn_impair up, down, said;
	const struct profile *profile = NULL;
	unsigned seen = 0;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	profile_list(out);
	fclose(out);
	for (line = text; *line; line = next) {
		next = strchr(line, '\n');
		*next++ = '\0';
		assert_true(strlen(line) < 80);
		if (*line && *line != ' ') {
			line[strcspn(line, ":")] = '\0';
			profile = profile_find(line);
			assert_non_null(profile);
			memset(&up, 0, sizeof(up));
			memset(&down, 0, sizeof(down));
			profile_apply(profile, &up, &down);
		}
		memset(&said, 0, sizeof(said));
		if (!strncmp(line, "  --up", 6) ||
		    !strncmp(line, "  --down", 8)) {
			/* One line was not enough. */
			if (!strncmp(next, "            ", 12)) {
				next[-1] = ' ';
				next = strchr(next, '\n') + 1;
				next[-1] = '\0';
			}
			assert_null(units_impair_list(line + 10, &said));
			assert_memory_equal(&said, line[4] == 'u' ? &up : &down,
					    sizeof(said));
			seen++;
		}
	}
	assert_int_equal(seen, 2 * profile_count());
	free(text);
}

/* A single value given by itself replaces that of the profile. */
static void overridden(void **state)
{
	struct cn_impair up = {0}, down = {0};

	(void)state;
	profile_apply(profile_find("wifi-edge"), &up, &down);
	assert_null(units_impair("jitter", "3ms", &up));
	assert_int_equal(up.jitter, CN_JITTER_UNIFORM);
	assert_false(up.keep_order);
	assert_null(units_impair("queue", "100", &up));
	assert_int_equal(up.queue, 100);
	assert_int_equal(up.queue_octets, 0);
	assert_null(units_impair("loss", "0", &up));
	assert_true(up.loss <= 0);
	assert_int_equal(up.rate, 6500000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_published),
		cmocka_unit_test(queues),
		cmocka_unit_test(wifi_jitter),
		cmocka_unit_test(the_list_is_true),
		cmocka_unit_test(overridden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
