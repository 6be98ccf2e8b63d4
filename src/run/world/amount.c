/* SPDX-License-Identifier: MIT */
/* Amounts as people read them. */
#include "run/world/amount.h"

#include <inttypes.h>
#include <stdio.h>

void amount_octets(char text[AMOUNT_TEXT], uint64_t octets)
{
	if (octets < 10000)
		snprintf(text, AMOUNT_TEXT, "%" PRIu64 " octet%s", octets,
			 octets == 1 ? "" : "s");
	else if (octets < 10000000)
		snprintf(text, AMOUNT_TEXT, "%.1f kB", (double)octets / 1e3);
	else if (octets < UINT64_C(10000000000))
		snprintf(text, AMOUNT_TEXT, "%.1f MB", (double)octets / 1e6);
	else
		snprintf(text, AMOUNT_TEXT, "%.1f GB", (double)octets / 1e9);
}

void amount_time(char text[AMOUNT_TEXT], uint64_t ns)
{
	double value = (double)ns;

	if (value < 1e6)
		snprintf(text, AMOUNT_TEXT, "%.0f us", value / 1e3);
	else if (value < 1e9)
		snprintf(text, AMOUNT_TEXT, "%.1f ms", value / 1e6);
	else
		snprintf(text, AMOUNT_TEXT, "%.2f s", value / 1e9);
}

void amount_rate(char text[AMOUNT_TEXT], uint64_t octets, uint64_t ns)
{
	double rate = ns ? (double)octets * 8e9 / (double)ns : 0;

	if (rate < 1e6)
		snprintf(text, AMOUNT_TEXT, "%.1f kbit/s", rate / 1e3);
	else if (rate < 1e9)
		snprintf(text, AMOUNT_TEXT, "%.1f Mbit/s", rate / 1e6);
	else
		snprintf(text, AMOUNT_TEXT, "%.2f Gbit/s", rate / 1e9);
}
