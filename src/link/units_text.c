/* SPDX-License-Identifier: MIT */
/* Impairments in the words that units.c reads. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "link/rate_trace.h"
#include "link/units.h"

struct text {
	char *at;
	size_t len;
};

static void put(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put(struct text *text, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->at + text->len, UNITS_IMPAIR_TEXT - text->len,
		      format, args);
	va_end(args);
	if (n > 0)
		text->len += (size_t)n;
	if (text->len >= UNITS_IMPAIR_TEXT)
		text->len = UNITS_IMPAIR_TEXT - 1;
}

static void put_time(struct text *text, uint64_t ns)
{
	if (ns >= CN_NS_PER_SEC)
		put(text, "%.12gs", (double)ns / 1e9);
	else if (ns >= CN_NS_PER_MS)
		put(text, "%.9gms", (double)ns / 1e6);
	else
		put(text, "%.6gus", (double)ns / 1e3);
}

static void put_share(struct text *text, const char *word, double share)
{
	if (share > 0)
		put(text, " %s %.9g%%", word, share * 100);
}

static void put_rate(struct text *text, uint64_t rate)
{
	static const char *const unit[] = {"bit", "kbit", "mbit", "gbit"};
	unsigned i = 0;

	while (i < 3 && rate % 1000 == 0 && rate) {
		rate /= 1000;
		i++;
	}
	put(text, " rate %llu%s", rate + 0ull, unit[i]);
}

static void put_jitter(struct text *text, const struct cn_impair *impair)
{
	static const char *const shape[] = {"", ",normal", ",pareto",
					    ",paretonormal"};

	put(text, " jitter ");
	put_time(text, impair->jitter_ns);
	put(text, "%s%s",
	    shape[impair->jitter <= CN_JITTER_PARETO_NORMAL ? impair->jitter :
							      0],
	    impair->keep_order ? ",ordered" : "");
}

static void put_burst(struct text *text, const struct cn_impair *impair)
{
	put(text, " burst-loss %.9g%%,%.9g%%,%.9g%%,%.9g%%",
	    impair->burst_p * 100, impair->burst_r * 100,
	    impair->burst_bad * 100, impair->burst_good * 100);
}

static void put_reorder(struct text *text, const struct cn_impair *impair)
{
	put_share(text, "reorder", impair->reorder);
	if (!impair->reorder_ns)
		return;
	put(text, ",");
	put_time(text, impair->reorder_ns);
}

static void put_trace(struct text *text, const struct cn_rate_trace *trace)
{
	const char *name = rate_trace_name(trace);
	size_t len = strlen(name);

	if (len > UNITS_NAME_SHOWN)
		put(text, " trace ...%s", name + len - UNITS_NAME_SHOWN + 3);
	else
		put(text, " trace %s", name);
}

void units_impair_text(const struct cn_impair *impair,
		       char out[UNITS_IMPAIR_TEXT])
{
	struct text text = {out, 0};

	out[0] = '\0';
	if (impair->delay_ns) {
		put(&text, " delay ");
		put_time(&text, impair->delay_ns);
	}
	if (impair->jitter_ns)
		put_jitter(&text, impair);
	put_share(&text, "loss", impair->loss);
	if (impair->burst_p > 0 || impair->burst_good > 0)
		put_burst(&text, impair);
	if (impair->reorder > 0)
		put_reorder(&text, impair);
	put_share(&text, "duplicate", impair->duplicate);
	put_share(&text, "corrupt", impair->corrupt);
	if (impair->rate)
		put_rate(&text, impair->rate);
	if (impair->rate_trace)
		put_trace(&text, impair->rate_trace);
	if (impair->queue_octets)
		put(&text, " queue %llub", impair->queue_octets + 0ull);
	else if (impair->queue)
		put(&text, " queue %u", impair->queue);
	if (impair->mark)
		put(&text, " mark %u", impair->mark);
	if (impair->ecn)
		put(&text, " ecn");
	/* The space in front. */
	memmove(out, out + (text.len > 0), text.len + 1 - (text.len > 0));
}
