/* SPDX-License-Identifier: MIT */
/* Memory of a connection that is busy.  See busy.h. */
#include "tcp/busy.h"

struct tcp_busy *tcp_busy(struct tcb *tcb, uint64_t now)
{
	struct tcp_busy *busy = tcb->busy;

	if (busy)
		return busy;
	busy = pool_alloc(tcb->env->pool, sizeof(*busy));
	if (!busy)
		return NULL;
	/* Until the end of the verb says better. */
	busy->idle_at = now + BUSY_IDLE_NS;
	tcb->busy = busy;
	rate_init(tcb, now);
	return busy;
}

void busy_free(struct tcb *tcb)
{
	pool_release(tcb->env->pool, tcb->busy, sizeof(*tcb->busy));
	tcb->busy = NULL;
	tcb->tlp_out = false;
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

	if (!busy)
		return;
	limits_settle(tcb, now);
	if (!is_idle(tcb))
		busy->idle_at = CN_NEVER;
	else if (!busy->keep || busy->idle_at <= now)
		busy_free(tcb);
	else if (busy->idle_at == CN_NEVER)
		busy->idle_at = now + BUSY_IDLE_NS;
}
