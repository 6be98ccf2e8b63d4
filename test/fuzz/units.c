/* SPDX-License-Identifier: MIT */
/*
 * Any text as what people type: a number with its unit or a reason that a
 * terminal may show; impairments that a path takes, and that are written so
 * that they can be read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "link/rate_trace.h"
#include "link/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The reason, if any, is a sentence. */
static bool is_good(const char *why)
{
	for (const char *at = why; at && *at; at++)
		CN_ASSERT(*at >= ' ' && *at < 127);
	CN_ASSERT(!why || strlen(why) > 10);
	return !why;
}

static void numbers(const char *text)
{
	uint64_t number;
	double share;
	struct cn_mem mem = {4096, 65536, 1 << 20};

	if (is_good(units_time(text, &number)))
		CN_ASSERT(number <= CN_IMPAIR_DELAY_MAX);
	if (is_good(units_share(text, &share)))
		CN_ASSERT(share >= 0 && share <= 1);
	if (is_good(units_rate(text, &number)))
		CN_ASSERT(number >= 1 && number <= CN_IMPAIR_RATE_MAX);
	if (is_good(units_size(text, &number)))
		CN_ASSERT(number <= UINT64_C(1000000000000));
	if (is_good(units_count(text, 3, 1000, &number)))
		CN_ASSERT(number >= 3 && number <= 1000);
	if (is_good(units_mem(text, &mem)))
		CN_ASSERT(mem.least <= mem.initial && mem.initial <= mem.most);
}

static void one_word(const char *text)
{
	static const char *const words[] = {"jitter", "burst-loss", "reorder",
					    "queue", "mark"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct cn_impair impair = {0};

		if (is_good(units_impair(words[i], text, &impair)))
			CN_ASSERT(!cn_impair_error(&impair));
	}
}

static void many_words(const char *text)
{
	char said[UNITS_IMPAIR_TEXT], again[UNITS_IMPAIR_TEXT];
	struct cn_impair impair = {0}, other = {0};

	/* No files. */
	if (strstr(text, "trace") || !is_good(units_impair_list(text, &impair)))
		return;
	CN_ASSERT(!cn_impair_error(&impair));
	units_impair_text(&impair, said);
	CN_ASSERT(!units_impair_list(said, &other));
	units_impair_text(&other, again);
	CN_ASSERT(!strcmp(said, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	numbers(text);
	one_word(text);
	many_words(text);
	free(text);
	return 0;
}
