/* SPDX-License-Identifier: MIT */
/*
 * RFC 5681: the controllers by number, and what they share.
 */
#include "tcp/cc.h"

#include "base/assert.h"

const struct cc_ops *cc_ops(enum cn_cc kind)
{
	static const struct cc_ops *const table[CN_CC_N] = {
		[CN_CC_CUBIC] = &cc_cubic_ops,
		[CN_CC_RENO] = &cc_reno_ops,
		[CN_CC_BBR] = &cc_bbr_ops,
	};

	CN_ASSERT((unsigned)kind < CN_CC_N);
	return table[kind];
}

void cc_grow(struct cc *cc, uint32_t octets)
{
	if (cc->cwnd >= CC_CWND_MAX)
		return;
	if (octets > CC_CWND_MAX - cc->cwnd)
		octets = CC_CWND_MAX - cc->cwnd;
	cc->cwnd += octets;
}

uint32_t cc_slow_start(struct cc *cc, const struct cc_event *event,
		       uint32_t most)
{
	uint32_t octets = event->acked < most ? event->acked : most;

	if (octets > cc->ssthresh - cc->cwnd) {
		uint32_t rest = octets - (cc->ssthresh - cc->cwnd);

		cc_grow(cc, octets - rest);
		return rest;
	}
	cc_grow(cc, octets);
	return 0;
}

uint32_t cc_floor(uint32_t octets, uint32_t smss)
{
	return octets > 2 * smss ? octets : 2 * smss;
}

void cc_undo(struct cc *cc, const struct cc_event *event)
{
	(void)event;
	if (cc->cwnd < cc->prior_cwnd)
		cc->cwnd = cc->prior_cwnd;
}

/* As RFC 2861 section 3.2 and Linux: half way down to what is used of it; slow
 * start may take it back to three quarters. */
void cc_decay(struct cc *cc, uint32_t used)
{
	uint32_t known = cc->cwnd / 4 * 3;

	if (used >= cc->cwnd)
		return;
	if (cc->ssthresh < known)
		cc->ssthresh = known;
	cc->cwnd -= (cc->cwnd - used) / 2;
}

/*
 * The window comes down to the initial one, but slow start may take it back
 * to three quarters of what the path has carried (RFC 2861; Linux does so).
 */
void cc_restart(struct cc *cc, uint32_t initial_window)
{
	uint32_t known = cc->cwnd / 4 * 3;

	if (cc->cwnd <= initial_window)
		return;
	if (cc->ssthresh < known)
		cc->ssthresh = known;
	cc->cwnd = initial_window;
}
