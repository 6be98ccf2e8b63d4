/* SPDX-License-Identifier: MIT */
/* Memory of a connection that is busy.  See busy.h. */
#include "tcp/busy.h"

#include "tcp/timeout.h"

struct tcp_busy *tcp_busy(struct tcb *tcb, uint64_t now)
{
	struct tcp_busy *busy = tcb->busy;

	if (busy)
		return busy;
	busy = pool_alloc(tcb->env->pool, sizeof(*busy));
	if (!busy)
		return NULL;
	busy->check_at = now + BUSY_IDLE_NS;
	tcb->busy = busy;
	return busy;
}

void busy_free(struct tcb *tcb)
{
	pool_release(tcb->env->pool, tcb->busy, sizeof(*tcb->busy));
	tcb->busy = NULL;
	tcb->owe &= (uint16_t)~TCP_OWE_DSACK;
}

static bool is_idle(const struct tcb *tcb)
{
	return !tcb->sent && !tcb->sendq && !tcb->recvq &&
	       !(tcb->owe & TCP_OWE_DSACK);
}

void busy_settle(struct tcb *tcb, uint64_t now)
{
	struct tcp_busy *busy = tcb->busy;
	uint64_t idle;

	if (!busy)
		return;
	if (!is_idle(tcb)) {
		if (busy->check_at <= now)
			busy->check_at = now + BUSY_IDLE_NS;
		return;
	}
	if (!busy->keep) {
		busy_free(tcb);
		return;
	}
	if (busy->check_at > now)
		return;
	idle = timeout_idle_ns(tcb, now);
	if (idle + CN_NS_PER_MS >= BUSY_IDLE_NS)
		busy_free(tcb);
	else
		busy->check_at = now + BUSY_IDLE_NS - idle;
}
