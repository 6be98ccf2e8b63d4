/* SPDX-License-Identifier: MIT */
/* What the connection tells its observers; one branch when nobody looks. */
#ifndef TCP_TRACE_H
#define TCP_TRACE_H

#include "tcp/tcb.h"

void trace_emit(const struct tcb *tcb, struct cn_trace *trace, uint64_t now);

static inline bool trace_is_on(const struct tcb *tcb)
{
	return tcb->env->trace != NULL;
}

static inline void trace_state(const struct tcb *tcb, uint8_t from, uint8_t to,
			       const char *rule, uint64_t now)
{
	struct cn_trace trace = {.kind = CN_TRACE_STATE};

	if (!trace_is_on(tcb))
		return;
	trace.from = from;
	trace.to = to;
	trace.rule = rule;
	trace_emit(tcb, &trace, now);
}

static inline void trace_timer(const struct tcb *tcb, enum cn_timer_kind timer,
			       const char *rule, uint64_t now)
{
	struct cn_trace trace = {.kind = CN_TRACE_TIMER};

	if (!trace_is_on(tcb))
		return;
	trace.timer = (uint8_t)timer;
	trace.rule = rule;
	trace_emit(tcb, &trace, now);
}

static inline void trace_cc(const struct tcb *tcb, const char *rule,
			    uint64_t now)
{
	struct cn_trace trace = {.kind = CN_TRACE_CC};

	if (!trace_is_on(tcb))
		return;
	trace.rule = rule;
	trace_emit(tcb, &trace, now);
}

/* kind: CN_TRACE_IN or CN_TRACE_OUT */
static inline void trace_seg(const struct tcb *tcb, enum cn_trace_kind kind,
			     const struct tcp_seg *seg, enum cn_drop drop,
			     bool retransmit, uint64_t now)
{
	struct cn_trace trace = {.kind = (uint8_t)kind};
	uint8_t shift = kind == CN_TRACE_IN ? tcb->snd_wscale : tcb->rcv_wscale;

	if (!trace_is_on(tcb))
		return;
	trace.drop = (uint8_t)drop;
	trace.flags = seg->flags;
	trace.retransmit = retransmit;
	trace.seq = seg->seq;
	trace.ack = seg->ack;
	trace.len = seg->data_len;
	trace.wnd = (uint32_t)seg->wnd << (seg->flags & TCP_SYN ? 0 : shift);
	trace_emit(tcb, &trace, now);
}

#endif
