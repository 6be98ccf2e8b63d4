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

/* A reduction is taken back. */
void trace_undo(const struct tcb *tcb, enum cn_undo why, uint64_t now);

/* Path probing changed the MSS to mss. */
static inline void trace_mtu(const struct tcb *tcb, uint32_t mss,
			     const char *rule, uint64_t now)
{
	struct cn_trace trace = {.kind = CN_TRACE_MTU};

	if (!trace_is_on(tcb))
		return;
	trace.mss = mss;
	trace.rule = rule;
	trace_emit(tcb, &trace, now);
}

/* The peer's window closed, or opened again. */
static inline void trace_window(const struct tcb *tcb, uint32_t wnd,
				const char *rule, uint64_t now)
{
	struct cn_trace trace = {.kind = CN_TRACE_WINDOW};

	if (!trace_is_on(tcb))
		return;
	trace.wnd = wnd;
	trace.rule = rule;
	trace_emit(tcb, &trace, now);
}

/* What can be said of a segment without a connection; wnd as in the field. */
void trace_of_seg(struct cn_trace *trace, const struct tcp_seg *seg);
/* The rule by which a segment came or went: state is the one before it came,
 * drop, why and flags are set. */
const char *trace_seg_rule(const struct cn_trace *trace, uint8_t state);

void trace_seg_in(const struct tcb *tcb, const struct tcp_seg *seg,
		  uint8_t before, enum cn_drop drop, uint64_t now);
void trace_seg_out(const struct tcb *tcb, const struct tcp_seg *seg,
		   enum cn_send why, bool retransmit, uint64_t now);

/* One branch when nobody looks. */
static inline void trace_in(const struct tcb *tcb, const struct tcp_seg *seg,
			    uint8_t before, enum cn_drop drop, uint64_t now)
{
	if (trace_is_on(tcb))
		trace_seg_in(tcb, seg, before, drop, now);
}

static inline void trace_out(const struct tcb *tcb, const struct tcp_seg *seg,
			     enum cn_send why, bool retransmit, uint64_t now)
{
	if (trace_is_on(tcb))
		trace_seg_out(tcb, seg, why, retransmit, now);
}

#endif
