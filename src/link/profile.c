/* SPDX-License-Identifier: MIT */
/*
 * Named paths.  A published round trip is halved, one half each way.  Rates
 * are those of the access, measured where somebody measured them, and the
 * queue in front of it is as long as a source says or, where none does, what
 * the rate carries in 200 ms.
 */
#include "link/profile.h"

#include <string.h>

#include "base/assert.h"
#include "link/units.h"

#define QUEUE_OURS "the queues: 200 ms at the rate"

static const struct profile profiles[] = {
	{
		.name = "dsl",
		.what = "a good DSL line",
		.down = "delay 18.5ms rate 5660kbit queue 138kb",
		.up = "delay 18.5ms rate 820kbit queue 20kb",
		.source = "FCC, Measuring Broadband America 2016, medians of "
			  "the 3.1-7 Mbit/s tier: 5.66 and 0.82 Mbit/s, "
			  "37.05 ms; as published at "
			  "verizon.com/about/our-company/network-performance",
		.ours = QUEUE_OURS,
	},
	{
		.name = "dsl-bad",
		.what = "a long DSL line with a deep queue",
		.down = "delay 18.6ms rate 910kbit loss 1% queue 22kb",
		.up = "delay 18.6ms rate 350kbit loss 1% queue 26kb",
		.source = "the same, 0.5-1 Mbit/s tier: 0.91 and 0.35 Mbit/s, "
			  "37.22 ms; loss: where the FCC's worst class begins; "
			  "queue up, 600 ms: Dischinger et al., "
			  "Characterizing Residential Broadband Networks, "
			  "IMC 2007",
		.ours = "the queue down: 200 ms at the rate",
	},
	{
		.name = "3g",
		.what = "mobile, third generation",
		.down = "delay 150ms rate 1600kbit queue 40kb",
		.up = "delay 150ms rate 768kbit queue 19kb",
		.source = "WebPageTest, profile 3G: 1.6 Mbit/s and 768 kbit/s, "
			  "300 ms, no loss; connectivity.ini.sample of "
			  "github.com/WPO-Foundation/webpagetest",
		.ours = QUEUE_OURS,
	},
	{
		.name = "lte",
		.what = "mobile, fourth generation",
		.down = "delay 35ms rate 12mbit queue 293kb",
		.up = "delay 35ms rate 12mbit queue 293kb",
		.source = "WebPageTest, profile LTE: 12 Mbit/s both ways, "
			  "70 ms, no loss; the same file",
		.ours = QUEUE_OURS,
	},
	{
		.name = "wifi-edge",
		.what = "Wi-Fi at the edge of its reach",
		.down = "delay 17.5ms jitter 50ms,pareto,ordered "
			"rate 6500kbit loss 0.8% queue 159kb",
		.up = "delay 17.5ms jitter 50ms,pareto,ordered "
		      "rate 6500kbit loss 0.8% queue 159kb",
		.source = "Pei et al., WiFi Can Be the Weakest Link of Round "
			  "Trip Network Latency in the Wild, INFOCOM 2016: "
			  "half of the round trips take more than 20 ms, a "
			  "tenth more than 100 ms; IEEE 802.11n, MCS 0, "
			  "20 MHz: 6.5 Mbit/s",
		.ours = "the shape of the jitter, fitted to those two figures; "
			"loss: half of the frames, seven tries; the queues: "
			"200 ms at the rate",
	},
	{
		.name = "satellite",
		.what = "a geostationary satellite",
		.down = "delay 319ms rate 12mbit queue 935kb",
		.up = "delay 319ms rate 3mbit queue 234kb",
		.source =
			"FCC, Measuring Broadband America, February 2013: "
			"ViaSat, sold as 12 and 3 Mbit/s, 638 ms; RFC 2488 section "
			"2: 558 ms of it are the distance",
		.ours = "the queues: one round trip at the rate",
	},
	{
		.name = "intercontinental",
		.what = "Paris to California",
		.down = "delay 88ms loss 0.1%",
		.up = "delay 88ms loss 0.1%",
		.source = "WonderProxy, Miles per Millisecond, 2011: Paris to "
			  "Fremont 176 ms; ITU-T Y.1541, classes 0 to 4: at "
			  "most one packet in 1000 lost",
	},
	{
		.name = "datacentre",
		.what = "between racks of one datacentre",
		.down = "delay 134us rate 10gbit loss 0.0076%",
		.up = "delay 134us rate 10gbit loss 0.0076%",
		.source = "Guo et al., Pingmesh, SIGCOMM 2015, between pods of "
			  "one datacentre: half of the round trips take at "
			  "most 268 us, 7.55 packets in 100 000 are lost",
		.ours = "the rate",
	},
};

#define PROFILE_N (sizeof(profiles) / sizeof(profiles[0]))

size_t profile_count(void)
{
	return PROFILE_N;
}

const struct profile *profile_at(size_t i)
{
	return &profiles[i];
}

const struct profile *profile_find(const char *name)
{
	for (size_t i = 0; i < PROFILE_N; i++)
		if (!strcmp(profiles[i].name, name))
			return &profiles[i];
	return NULL;
}

void profile_apply(const struct profile *profile, struct cn_impair *up,
		   struct cn_impair *down)
{
	const char *why = units_impair_list(profile->up, up);

	if (!why)
		why = units_impair_list(profile->down, down);
	/* A unit test reads every line of the table. */
	CN_ASSERT(!why);
}

/* Words from the column on, to the end of an ordinary line. */
static void put_words(FILE *out, const char *name, const char *text)
{
	int at = fprintf(out, "  %-9s", name);

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (at > 11 && at + 1 + len > 79)
			at = fprintf(out, "\n%11s", "") - 1;
		at += fprintf(out, " %.*s", len, text);
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

void profile_list(FILE *out)
{
	for (size_t i = 0; i < PROFILE_N; i++) {
		const struct profile *profile = &profiles[i];

		fprintf(out, "%s%s: %s\n", i ? "\n" : "", profile->name,
			profile->what);
		put_words(out, "--down", profile->down);
		put_words(out, "--up", profile->up);
		put_words(out, "source", profile->source);
		if (profile->ours)
			put_words(out, "ours", profile->ours);
	}
}
