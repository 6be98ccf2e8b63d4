/* SPDX-License-Identifier: MIT */
/* What limited a sender.  See limits.h. */
#include "tcp/limits.h"

#include "tcp/busy.h"
#include "tcp/output.h"
#include "tcp/sent.h"

static enum tcp_limit limit_of(const struct tcb *tcb)
{
	enum cn_hold hold;

	if (seq_ge(tcb->snd_una, tcb->snd_end) || tcb->state == CN_CLOSED ||
	    tcb->state == CN_SYN_SENT || tcb->state == CN_SYN_RECEIVED)
		return TCP_LIMIT_NONE;
	if (!output_has_unsent(tcb))
		return tcp_send_room(tcb) ? TCP_LIMIT_BUSY : TCP_LIMIT_SNDBUF;
	hold = output_hold(tcb);
	return hold == CN_HOLD_WINDOW || hold == CN_HOLD_SMALL ?
		       TCP_LIMIT_RWND :
		       TCP_LIMIT_BUSY;
}

/* All of it was busy.  Who was ever held back by something else has a record
 * for that; without memory for one it is not told. */
static void account(struct tcb *tcb, uint32_t us, uint8_t kind)
{
	struct tcp_mishaps *mishaps;
	uint32_t before = tcb->busy_us;

	tcb->busy_us += us;
	if (kind == TCP_LIMIT_BUSY && tcb->busy_us >= before)
		return;
	mishaps = tcp_mishaps(tcb);
	if (!mishaps)
		return;
	if (tcb->busy_us < before)
		mishaps->busy_wraps++;
	if (kind == TCP_LIMIT_RWND)
		mishaps->rwnd_us += us;
	else if (kind == TCP_LIMIT_SNDBUF)
		mishaps->sndbuf_us += us;
}

static void turn(struct tcb *tcb, enum tcp_limit kind, uint64_t now)
{
	struct tcp_limits *limits = &tcb->busy->limits;
	uint32_t us = us_of(now) - limits->since_us;

	if (limits->kind != TCP_LIMIT_NONE && us)
		account(tcb, us, limits->kind);
	limits->kind = (uint8_t)kind;
	limits->since_us = us_of(now);
}

/* Instants are microseconds modulo 2^32: what goes on for longer is counted in
 * parts. */
#define PART_US (UINT32_C(1) << 30)

void limits_settle(struct tcb *tcb, uint64_t now)
{
	enum tcp_limit kind = limit_of(tcb);

	/* What is sent makes the block, and sets the pace as it begins; only
	 * what cannot be sent needs one before. */
	if (!tcb->busy && (kind != TCP_LIMIT_RWND || !tcp_busy(tcb, now)))
		return;
	if (kind != tcb->busy->limits.kind ||
	    us_of(now) - tcb->busy->limits.since_us >= PART_US)
		turn(tcb, kind, now);
}

void limits_info(const struct tcb *tcb, struct cn_tcp_info *info)
{
	const struct tcp_mishaps *mishaps = tcp_mishaps_of(tcb);

	info->busy_time = ((uint64_t)mishaps->busy_wraps << 32 | tcb->busy_us) *
			  CN_NS_PER_US;
	info->rwnd_limited = mishaps->rwnd_us * CN_NS_PER_US;
	info->sndbuf_limited = mishaps->sndbuf_us * CN_NS_PER_US;
	if (!tcb->busy)
		return;
	info->limit = tcb->busy->limits.kind;
	info->limit_since_us = tcb->busy->limits.since_us;
}
