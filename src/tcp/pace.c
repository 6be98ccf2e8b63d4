/* SPDX-License-Identifier: MIT */
/* The rate at which octets leave, and the gate that keeps to it.  See pace.h. */
#include "tcp/pace.h"

#include "tcp/busy.h"
#include "tcp/recovery.h"

/* As Linux's tcp_pacing_ss_ratio and tcp_pacing_ca_ratio: a window that grows
 * fast must not be held back by the rate of the one before. */
#define SLOW_START_PCT 200u
#define AVOIDANCE_PCT 120u
/* As in Linux, a connection's first segments are not paced: the first window
 * is small, and nothing is known yet. */
#define FREE_SEGS 10u
/* A portion: a millisecond, but no more than a super-segment, unless the rate
 * is such that timers would come too close. */
#define PORTION_HZ 1024u
#define PORTION_MAX 65536u
#define FAST_PORTION_HZ 8192u
#define LATE_NS CN_NS_PER_MS
/* A window that leaves within a millisecond is such a portion itself: on paths
 * shorter than that only a controller that asks for pacing is paced. */
#define SHORT_PATH_US 1000u

static uint64_t rate_of_window(const struct tcb *tcb)
{
	const struct cc *cc = &tcb->cc;
	uint32_t pct = cc->cwnd < cc->ssthresh / 2 ? SLOW_START_PCT :
						     AVOIDANCE_PCT;

	if (tcb->rtt.min_us < SHORT_PATH_US)
		return 0;
	return (uint64_t)cc->cwnd * pct * UINT64_C(10000) / tcb->rtt.srtt_us;
}

static uint64_t rate_limit(const struct tcb *tcb)
{
	uint64_t limit = tcb->tune ? tcb->tune->max_pacing_rate : 0;

	return limit ? limit : UINT64_MAX;
}

void pace_update(struct tcb *tcb, uint64_t now)
{
	const struct cc_ops *ops = cc_ops((enum cn_cc)tcb->cc_kind);
	uint64_t limit = rate_limit(tcb), rate = 0;
	struct tcp_busy *busy = tcb->busy;

	/* A model that has not begun, before there is a path, sets no pace. */
	if (ops->pacing_rate)
		rate = cc_block(&tcb->cc) ? ops->pacing_rate(&tcb->cc) : 0;
	else if (tcb->env->set->pacing)
		rate = rate_of_window(tcb);
	if (limit != UINT64_MAX && (!rate || rate > limit))
		rate = limit;
	if (!busy && rate)
		busy = tcp_busy(tcb, now);
	if (!busy)
		return;
	busy->pace.rate = rate;
	/* A rate that was asked for holds through a short rest, too. */
	if (limit != UINT64_MAX)
		busy->keep |= BUSY_KEEP_CC;
	else
		busy->keep &= (uint8_t)~BUSY_KEEP_CC;
}

uint32_t pace_quantum(uint64_t rate, uint32_t mss)
{
	uint64_t octets = rate / PORTION_HZ;

	if (octets > PORTION_MAX)
		octets = PORTION_MAX;
	if (octets < rate / FAST_PORTION_HZ)
		octets = rate / FAST_PORTION_HZ;
	if (octets < 2 * mss)
		octets = 2 * mss;
	return octets < CC_CWND_MAX ? (uint32_t)octets : CC_CWND_MAX;
}

void pace_change(struct tcb *tcb, uint64_t now)
{
	struct tcp_pace *pace;
	uint64_t ns = 0;

	pace_update(tcb, now);
	if (!tcb->busy)
		return;
	pace = &tcb->busy->pace;
	if (pace->rate)
		ns = pace_quantum(pace->rate, tcb->snd_mss) * CN_NS_PER_SEC /
		     pace->rate;
	if (pace->next_at > now + ns)
		pace->next_at = now + ns;
}

static bool is_first_window(const struct tcb *tcb)
{
	return !tcb->snd_wraps &&
	       tcb->snd_nxt - tcb->iss < FREE_SEGS * tcb->snd_mss;
}

uint32_t pace_room(const struct tcb *tcb, uint64_t now)
{
	const struct tcp_pace *pace;

	if (!tcb->busy || !tcb->busy->pace.rate)
		return UINT32_MAX;
	pace = &tcb->busy->pace;
	if (is_first_window(tcb))
		return UINT32_MAX;
	if (pace->next_at <= now)
		return pace_quantum(pace->rate, tcb->snd_mss);
	return pace->left;
}

/* A timer that comes late is forgiven a millisecond, or half of what is sent
 * by then, as in Linux: else each one would cost rate. */
void pace_sent(struct tcb *tcb, uint32_t len, uint64_t now)
{
	struct tcp_pace *pace;
	uint64_t ns, late, most;

	if (!len || !tcb->busy || !tcb->busy->pace.rate)
		return;
	pace = &tcb->busy->pace;
	ns = len * CN_NS_PER_SEC / pace->rate;
	if (pace->next_at <= now) {
		late = now - pace->next_at;
		most = ns / 2 > LATE_NS ? ns / 2 : LATE_NS;
		pace->next_at = now - (late < most ? late : most);
		pace->left = pace_quantum(pace->rate, tcb->snd_mss);
	}
	pace->next_at += ns;
	pace->left -= len < pace->left ? len : pace->left;
}

void pace_waits(struct tcb *tcb, bool waits)
{
	if (tcb->busy)
		tcb->busy->pace.waits = waits;
}

uint64_t pace_deadline(const struct tcb *tcb)
{
	if (!tcb->busy || !tcb->busy->pace.waits)
		return CN_NEVER;
	return tcb->busy->pace.next_at;
}

uint64_t pace_rate(const struct tcb *tcb)
{
	return tcb->busy ? tcb->busy->pace.rate : 0;
}
