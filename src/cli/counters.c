/* SPDX-License-Identifier: MIT */
/* Counters of worlds.  Names come from our own table: what a world calls
 * otherwise is no counter, and nothing of its text is ever printed. */
#include "cli/counters.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *text;
	size_t at; /* in the struct */
} table[] = {
#define CN_X(name, text) {#name, text, offsetof(struct cn_counters, name)},
	CN_COUNTERS(CN_X)
#undef CN_X
};
#define TABLE_N (sizeof(table) / sizeof(table[0]))

static uint64_t *place(struct cn_counters *sum, const char *name, size_t len)
{
	for (size_t i = 0; i < TABLE_N; i++)
		if (strlen(table[i].name) == len &&
		    !memcmp(table[i].name, name, len))
			return (uint64_t *)(void *)((char *)sum + table[i].at);
	for (int i = 1; i < CN_DROP_N; i++) {
		const char *drop = cn_drop_name((enum cn_drop)i);

		if (strlen(drop) == len && !memcmp(drop, name, len))
			return &sum->drop[i];
	}
	return NULL;
}

bool counters_take(struct cn_counters *sum, const char *line)
{
	const char *name = line + 2, *number;
	unsigned long long n;
	uint64_t *to;
	char *end;

	if (strncmp(line, "#\t", 2) != 0)
		return false;
	number = strchr(name, '\t');
	if (!number || number[1] < '0' || number[1] > '9')
		return false;
	to = place(sum, name, (size_t)(number - name));
	errno = 0;
	n = strtoull(number + 1, &end, 10);
	if (!to || errno || *end)
		return false;
	*to += n;
	return true;
}

static uint64_t value(const struct cn_counters *sum, size_t i)
{
	uint64_t n;

	memcpy(&n, (const char *)sum + table[i].at, sizeof(n));
	return n;
}

void counters_json(const struct cn_counters *sum)
{
	putchar('{');
	for (size_t i = 0; i < TABLE_N; i++)
		printf("\"%s\": %" PRIu64 ", ", table[i].name, value(sum, i));
	printf("\"drops\": {");
	for (int i = 1; i < CN_DROP_N; i++)
		printf("%s\"%s\": %" PRIu64, i > 1 ? ", " : "",
		       cn_drop_name((enum cn_drop)i), sum->drop[i]);
	printf("}}\n");
}

void counters_print(const struct cn_counters *sum)
{
	for (size_t i = 0; i < TABLE_N; i++)
		if (value(sum, i))
			printf("%-26s %12" PRIu64 "  %s\n", table[i].name,
			       value(sum, i), table[i].text);
	for (int i = 1; i < CN_DROP_N; i++)
		if (sum->drop[i])
			printf("%-26s %12" PRIu64 "  %s\n",
			       cn_drop_name((enum cn_drop)i), sum->drop[i],
			       cn_drop_text((enum cn_drop)i));
}
