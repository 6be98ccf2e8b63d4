/* SPDX-License-Identifier: MIT */
/*
 * Numbers with units.  A unit is asked for wherever two readings are likely:
 * tc reads a bare time as microseconds, people mean milliseconds.
 */
#include "link/units.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "link/rate_trace.h"

struct unit {
	const char *name;
	double factor;
};

static const struct unit time_units[] = {
	{"ns", 1},    {"us", 1e3},   {"usec", 1e3},  {"usecs", 1e3},
	{"ms", 1e6},  {"msec", 1e6}, {"msecs", 1e6}, {"s", 1e9},
	{"sec", 1e9}, {"secs", 1e9}, {NULL, 0},
};

/* As tc: bit is bits per second, bps octets per second; "Ki" is 1024. */
static const struct unit rate_units[] = {
	{"bit", 1},
	{"kbit", 1e3},
	{"mbit", 1e6},
	{"gbit", 1e9},
	{"tbit", 1e12},
	{"kibit", 1024.0},
	{"mibit", 1048576.0},
	{"gibit", 1073741824.0},
	{"bps", 8},
	{"kbps", 8e3},
	{"mbps", 8e6},
	{"gbps", 8e9},
	{NULL, 0},
};

static const struct unit size_units[] = {
	{"", 1},
	{"b", 1},
	{"k", 1024.0},
	{"kb", 1024.0},
	{"m", 1048576.0},
	{"mb", 1048576.0},
	{"g", 1073741824.0},
	{"gb", 1073741824.0},
	{NULL, 0},
};

/* A number that is not negative, and the rest of the text after it. */
static bool take_number(const char *text, double *number, const char **rest)
{
	char *end;

	/* strtod would take "inf", "nan", hexadecimals and signs */
	if (!strchr("0123456789.", text[0]) || !text[0] ||
	    (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')))
		return false;
	errno = 0;
	*number = strtod(text, &end);
	*rest = end;
	return end != text && errno == 0 && isfinite(*number);
}

static bool with_unit(const char *text, const struct unit *units, double *value,
		      bool *bare)
{
	const char *rest;

	*bare = false;
	if (!take_number(text, value, &rest))
		return false;
	*bare = *rest == '\0';
	for (; units->name; units++)
		if (!strcasecmp(units->name, rest)) {
			*value *= units->factor;
			return true;
		}
	return false;
}

const char *units_time(const char *text, uint64_t *ns)
{
	double value;
	bool bare;

	if (!with_unit(text, time_units, &value, &bare)) {
		if (bare && value == 0)
			return *ns = 0, NULL;
		return bare ? "a time needs a unit: 50ms, 1s, 200us" :
			      "not a time; write for example 50ms";
	}
	if (value > 3600e9)
		return "longer than an hour";
	*ns = (uint64_t)(value + 0.5);
	return NULL;
}

const char *units_share(const char *text, double *share)
{
	const char *rest;
	double value;

	if (!take_number(text, &value, &rest))
		return "not a share; write for example 1%";
	if (*rest == '\0' && value != 0)
		return "a share needs a percent sign: 1%";
	if (*rest != '\0' && strcmp(rest, "%") != 0)
		return "not a share; write for example 1%";
	if (value > 100)
		return "more than 100%";
	*share = value / 100;
	return NULL;
}

const char *units_rate(const char *text, uint64_t *bits)
{
	double value;
	bool bare;

	if (!with_unit(text, rate_units, &value, &bare))
		return bare ? "a rate needs a unit: 10mbit, 100kbit, 1gbit" :
			      "not a rate; write for example 10mbit";
	if (value < 1)
		return "a rate of less than one bit a second";
	if (value > (double)CN_IMPAIR_RATE_MAX)
		return "more than 1 Tbit/s";
	*bits = (uint64_t)(value + 0.5);
	return NULL;
}

const char *units_size(const char *text, uint64_t *octets)
{
	double value;
	bool bare;

	if (!with_unit(text, size_units, &value, &bare))
		return "not a size; write for example 64kb";
	if (value > 1e12)
		return "more than a terabyte";
	*octets = (uint64_t)(value + 0.5);
	return NULL;
}

/* What is wrong with a count, and what would be right. */
static const char *no_count(const char *why, uint64_t low, uint64_t high)
{
	static char text[96];

	if (high == UINT64_MAX)
		return why;
	snprintf(text, sizeof(text), "%s; from %" PRIu64 " to %" PRIu64, why,
		 low, high);
	return text;
}

const char *units_count(const char *text, uint64_t low, uint64_t high,
			uint64_t *count)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (!text[0] || !strchr("0123456789", text[0]) || *end)
		return no_count("not a whole number", low, high);
	if (value < low)
		return no_count("too small", low, high);
	if (value > high || errno)
		return no_count("too large", low, high);
	*count = value;
	return NULL;
}

/* --------------------------------------------------------- with commas -- */

#define PARTS_MAX 4
#define PART_LEN 32
#define WORD_LEN 256 /* names of files among them */

/* Cuts at commas; 0: too many or too long. */
static int split(const char *text, char part[PARTS_MAX][PART_LEN])
{
	int n = 0;

	for (;;) {
		size_t len = strcspn(text, ",");

		if (n == PARTS_MAX || len >= PART_LEN)
			return 0;
		memcpy(part[n], text, len);
		part[n++][len] = '\0';
		if (!text[len])
			return n;
		text += len + 1;
	}
}

static const char *jitter_word(const char *word, struct cn_impair *impair)
{
	static const char *const names[] = {
		[CN_JITTER_UNIFORM] = "uniform",
		[CN_JITTER_NORMAL] = "normal",
		[CN_JITTER_PARETO] = "pareto",
		[CN_JITTER_PARETO_NORMAL] = "paretonormal",
	};

	if (!strcmp(word, "ordered"))
		return impair->keep_order = true, NULL;
	for (uint8_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(word, names[i]))
			return impair->jitter = i, NULL;
	return "after the time comes uniform, normal, pareto, paretonormal or "
	       "ordered";
}

static const char *mem_size(const char *text, uint32_t *octets)
{
	uint64_t value;

	if (units_size(text, &value))
		return "not sizes; write for example 4096,131072,6291456";
	if (value < 2048 || value > 1u << 30)
		return "each is between 2kb and 1gb";
	*octets = (uint32_t)value;
	return NULL;
}

static void no_more(uint32_t *octets, uint32_t most)
{
	if (*octets > most)
		*octets = most;
}

const char *units_mem(const char *text, struct cn_mem *mem)
{
	char part[PARTS_MAX][PART_LEN];
	int n = split(text, part);
	const char *why;

	if (n != 1 && n != 3)
		return "write the least, the first and the most, or the most "
		       "alone";
	why = mem_size(part[n - 1], &mem->most);
	if (n == 3 && !why)
		why = mem_size(part[0], &mem->least);
	if (n == 3 && !why)
		why = mem_size(part[1], &mem->initial);
	if (n == 1) {
		no_more(&mem->least, mem->most);
		no_more(&mem->initial, mem->most);
	}
	if (!why && (mem->least > mem->initial || mem->initial > mem->most))
		why = "the least comes first, the most last";
	return why;
}

const char *units_jitter(const char *text, struct cn_impair *impair)
{
	char part[PARTS_MAX][PART_LEN];
	int n = split(text, part);
	const char *why;

	if (!n)
		return "too many words; write for example 10ms,normal";
	/* What a profile said of its shape is not of this one. */
	impair->jitter = CN_JITTER_UNIFORM;
	impair->keep_order = false;
	why = units_time(part[0], &impair->jitter_ns);
	for (int i = 1; i < n && !why; i++)
		why = jitter_word(part[i], impair);
	return why;
}

const char *units_burst(const char *text, struct cn_impair *impair)
{
	char part[PARTS_MAX][PART_LEN];
	double *value[PARTS_MAX] = {&impair->burst_p, &impair->burst_r,
				    &impair->burst_bad, &impair->burst_good};
	int n = split(text, part);
	const char *why = NULL;

	if (!n)
		return "write ENTER[,LEAVE[,BAD[,GOOD]]], for example 1%,20%";
	impair->burst_bad = 1;
	impair->burst_good = 0;
	for (int i = 0; i < n && !why; i++)
		why = units_share(part[i], value[i]);
	if (n == 1)
		impair->burst_r = 1 - impair->burst_p;
	return why;
}

const char *units_reorder(const char *text, struct cn_impair *impair)
{
	char part[PARTS_MAX][PART_LEN];
	int n = split(text, part);
	const char *why;

	if (!n || n > 2)
		return "write SHARE[,TIME], for example 5%,10ms";
	why = units_share(part[0], &impair->reorder);
	if (!why && n == 2)
		why = units_time(part[1], &impair->reorder_ns);
	return why;
}

static const char *units_mark(const char *text, struct cn_impair *impair)
{
	uint64_t packets;

	if (units_count(text, 1, UINT32_MAX, &packets))
		return "not a number of packets; write for example 20";
	impair->mark = (uint32_t)packets;
	return NULL;
}

const char *units_queue(const char *text, struct cn_impair *impair)
{
	const char *rest;
	uint64_t octets;
	double value;
	const char *why;

	if (take_number(text, &value, &rest) && !*rest) {
		if (value < 1 || value > UINT32_MAX ||
		    value != (double)(uint32_t)value)
			return "not a number of packets; write for example 100 "
			       "or 64kb";
		impair->queue = (uint32_t)value;
		impair->queue_octets = 0;
		return NULL;
	}
	why = units_size(text, &octets);
	if (why || !octets)
		return "write packets (100) or a size (64kb)";
	impair->queue_octets = octets;
	impair->queue = UINT32_MAX;
	return NULL;
}

const char units_unknown[] =
	"no such impairment; there are delay, rtt, jitter, loss, burst-loss, "
	"reorder, duplicate, corrupt, rate, trace, queue, mark and ecn";

const char *units_impair(const char *word, const char *value,
			 struct cn_impair *impair)
{
	const char *why;

	if (!strcmp(word, "delay"))
		return units_time(value, &impair->delay_ns);
	if (!strcmp(word, "rtt")) {
		why = units_time(value, &impair->delay_ns);
		if (!why)
			impair->delay_ns /= 2;
		return why;
	}
	if (!strcmp(word, "jitter"))
		return units_jitter(value, impair);
	if (!strcmp(word, "loss"))
		return units_share(value, &impair->loss);
	if (!strcmp(word, "burst-loss"))
		return units_burst(value, impair);
	if (!strcmp(word, "reorder"))
		return units_reorder(value, impair);
	if (!strcmp(word, "duplicate"))
		return units_share(value, &impair->duplicate);
	if (!strcmp(word, "corrupt"))
		return units_share(value, &impair->corrupt);
	if (!strcmp(word, "rate")) {
		impair->rate_trace = NULL;
		return units_rate(value, &impair->rate);
	}
	if (!strcmp(word, "trace")) {
		impair->rate = 0;
		return rate_trace_read(value, &impair->rate_trace);
	}
	if (!strcmp(word, "queue"))
		return units_queue(value, impair);
	if (!strcmp(word, "mark"))
		return units_mark(value, impair);
	if (!strcmp(word, "ecn")) {
		impair->ecn = true;
		return NULL;
	}
	return units_unknown;
}

/* The next word of *text into word; false at the end, and at a word that is
 * too long, which *text then points to. */
static bool next_word(const char **text, char word[WORD_LEN])
{
	size_t len;

	*text += strspn(*text, " =");
	len = strcspn(*text, " =");
	if (!len || len >= WORD_LEN)
		return false;
	memcpy(word, *text, len);
	word[len] = '\0';
	*text += len;
	return true;
}

const char *units_impair_list(const char *text, struct cn_impair *impair)
{
	static const char no_value[] = "a word without its value; write for "
				       "example 'loss 5% rate 1mbit'";
	char word[WORD_LEN], value[WORD_LEN];
	const char *why = NULL;

	while (!why && next_word(&text, word)) {
		/* The one word that stands by itself. */
		if (!strcmp(word, "ecn"))
			impair->ecn = true;
		else if (!next_word(&text, value))
			why = no_value;
		else
			why = units_impair(word, value, impair);
	}
	if (*text && (!why || why == no_value))
		why = "a word is longer than 255 octets";
	return why;
}
