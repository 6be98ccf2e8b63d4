/* SPDX-License-Identifier: MIT */
/*
 * RFC 6298: the retransmission timer's length.  When it starts and stops is
 * the business of output and timeout.
 */
#include "tcp/rto.h"

/* Section 2.2: nothing is known but this one. */
static void first_sample(struct tcp_rtt *rtt, uint32_t rtt_us)
{
	rtt->srtt_us = rtt_us;
	rtt->rttvar_us = rtt_us / 2;
	rtt->min_us = rtt_us;
	rtt->max_us = rtt_us;
}

/* Section 2.3: alpha is 1/8, beta 1/4; rttvar first, by the old srtt.  Rounded
 * to the nearest, so that a steady path is measured exactly. */
static void next_sample(struct tcp_rtt *rtt, uint32_t rtt_us)
{
	uint64_t srtt = rtt->srtt_us;
	uint64_t deviation = srtt > rtt_us ? srtt - rtt_us : rtt_us - srtt;

	rtt->rttvar_us =
		(uint32_t)((3 * (uint64_t)rtt->rttvar_us + deviation + 2) / 4);
	rtt->srtt_us = (uint32_t)((7 * srtt + rtt_us + 4) / 8);
	if (rtt_us < rtt->min_us)
		rtt->min_us = rtt_us;
	if (rtt_us > rtt->max_us)
		rtt->max_us = rtt_us;
}

/* A round trip below the clock's grain counts as one microsecond: zero means
 * that there was none. */
void rto_sample(struct tcp_rtt *rtt, uint32_t rtt_us)
{
	if (rtt_us == 0)
		rtt_us = 1;
	if (rtt->srtt_us == 0)
		first_sample(rtt, rtt_us);
	else
		next_sample(rtt, rtt_us);
	while (rtt->n > 1 && rtt->sum_us > UINT32_MAX - rtt_us) {
		rtt->n /= 2;
		rtt->sum_us /= 2;
	}
	if (rtt->sum_us > UINT32_MAX - rtt_us)
		rtt->sum_us = UINT32_MAX - rtt_us;
	rtt->n++;
	rtt->sum_us += rtt_us;
}

/*
 * Sections 2.1, 2.4, 2.5 and 5.5.
 *
 * Deviation: as Linux, the minimum (200 ms) is a floor under 4 * RTTVAR and
 * not under the sum, so that a steady long path keeps a margin; RFC 6298 asks
 * for one second in all.
 */
uint64_t rto_us(const struct tcp_rtt *rtt, const struct cn_settings *set,
		unsigned backoff)
{
	uint64_t most = set->rto_max_ns / CN_NS_PER_US;
	uint64_t margin = 4 * (uint64_t)rtt->rttvar_us;
	uint64_t rto;

	if (margin < set->rto_min_ns / CN_NS_PER_US)
		margin = set->rto_min_ns / CN_NS_PER_US;
	if (rtt->srtt_us)
		rto = rtt->srtt_us + margin;
	else if (rtt->rto_us)
		rto = rtt->rto_us;
	else
		rto = set->rto_initial_ns / CN_NS_PER_US;
	for (; backoff > 0 && rto < most; backoff--)
		rto *= 2;
	return rto < most ? rto : most;
}
