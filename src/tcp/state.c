/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 figure 5: the states and the arrows between them.  No other file
 * writes tcb->state.
 */
#include "base/assert.h"
#include "tcp/busy.h"
#include "tcp/congestion.h"
#include "tcp/recovery.h"
#include "tcp/recvq.h"
#include "tcp/sendq.h"
#include "tcp/sent.h"
#include "tcp/trace.h"

#define BIT(state) (1u << CN_##state)

/* Every state may end in CLOSED: reset, abort, timeout. */
static uint32_t arrows_from(enum cn_tcp_state state)
{
	switch (state) {
	case CN_CLOSED:
		return BIT(SYN_SENT) | BIT(LISTEN);
	case CN_LISTEN:
		return BIT(SYN_RECEIVED) | BIT(CLOSED);
	case CN_SYN_SENT:
		return BIT(SYN_RECEIVED) | BIT(ESTABLISHED) | BIT(CLOSED);
	case CN_SYN_RECEIVED:
		return BIT(ESTABLISHED) | BIT(FIN_WAIT_1) | BIT(CLOSED);
	case CN_ESTABLISHED:
		return BIT(FIN_WAIT_1) | BIT(CLOSE_WAIT) | BIT(CLOSED);
	case CN_FIN_WAIT_1:
		return BIT(FIN_WAIT_2) | BIT(CLOSING) | BIT(TIME_WAIT) |
		       BIT(CLOSED);
	case CN_FIN_WAIT_2:
		return BIT(TIME_WAIT) | BIT(CLOSED);
	case CN_CLOSE_WAIT:
		return BIT(LAST_ACK) | BIT(CLOSED);
	case CN_CLOSING:
		return BIT(TIME_WAIT) | BIT(CLOSED);
	case CN_LAST_ACK:
	case CN_TIME_WAIT:
		return BIT(CLOSED);
	}
	return 0;
}

void tcb_set_state(struct tcb *tcb, enum cn_tcp_state state, const char *rule,
		   uint64_t now)
{
	enum cn_tcp_state from = (enum cn_tcp_state)tcb->state;

	CN_ASSERT(arrows_from(from) & 1u << state);
	tcb->state = (uint8_t)state;
	/* Without a rule: a record of this state is taken over, and what led
	 * here has been told. */
	if (rule)
		trace_state(tcb, (uint8_t)from, (uint8_t)state, rule, now);
}

void tcb_end(struct tcb *tcb, int err, const char *rule, uint64_t now)
{
	if (tcb->state == CN_CLOSED)
		return;
	/* MUST-12: the application learns whether it was cut off. */
	tcb->err = (int8_t)err;
	tcb_set_state(tcb, CN_CLOSED, rule, now);
	tcb->rexmit_at = CN_NEVER;
	tcb->delack_at = CN_NEVER;
	tcb->sws_at = CN_NEVER;
	tcb->keep_at = CN_NEVER;
	tcb->owe &= TCP_OWE_RST | TCP_OWE_RST_BAD;
	sent_free(tcb);
	sendq_free(tcb);
	recvq_free_gaps(tcb);
	busy_free(tcb);
	congestion_stop(tcb);
	tcb->news |= TCP_NEWS_STATE | TCP_NEWS_IN | TCP_NEWS_OUT;
}
