/* SPDX-License-Identifier: MIT */
/*
 * What a connection tells its observers, and the rule that stands behind each
 * segment (RFC 9293 section 3.10 and what it refers to).
 */
#include "tcp/trace.h"

#include "tcp/congestion.h"
#include "tcp/rack.h"
#include "tcp/recovery.h"
#include "tcp/timeout.h"

void trace_emit(const struct tcb *tcb, struct cn_trace *trace, uint64_t now)
{
	trace->at = now;
	if (trace->kind != CN_TRACE_STATE && trace->kind != CN_TRACE_IN) {
		trace->from = tcb->state;
		trace->to = tcb->state;
	}
	if (trace->kind == CN_TRACE_STATE && trace->to == CN_CLOSED)
		trace->err = tcb->err;
	if (tcb->in_loss)
		trace->recovery = CN_RECOVERY_TIMEOUT;
	else if (tcb->in_recovery)
		trace->recovery = CN_RECOVERY_FAST;
	trace->bbr = congestion_state(tcb);
	trace->iss = tcb->iss;
	trace->irs = tcb->irs;
	trace->cwnd = tcb->cc.cwnd;
	trace->ssthresh = tcb->cc.ssthresh;
	trace->flight = tcp_flight(tcb);
	trace->snd_wnd = tcb->snd_wnd;
	trace->snd_mss = tcb->snd_mss;
	if (seq_lt(tcb->snd_nxt, tcb->snd_end))
		trace->unsent = tcb->snd_end - tcb->snd_nxt;
	trace->srtt_ns = tcb->rtt.srtt_us * CN_NS_PER_US;
	trace->rto_ns = timeout_rto(tcb);
	tcb->env->trace(tcb->env, tcb, trace);
}

void trace_of_seg(struct cn_trace *trace, const struct tcp_seg *seg)
{
	trace->flags = seg->flags;
	trace->ae = seg->ae && seg->flags & TCP_SYN;
	trace->seq = seg->seq;
	trace->ack = seg->ack;
	trace->len = seg->data_len;
	trace->wnd = seg->wnd;
	trace->seg_size = seg->seg_size;
	if (seg->options & TCP_OPT_MSS)
		trace->mss = seg->mss;
	if (seg->options & TCP_OPT_FASTOPEN)
		trace->fastopen = seg->fastopen_len ? CN_FASTOPEN_COOKIE :
						      CN_FASTOPEN_ASKS;
	if (!(seg->options & TCP_OPT_SACK))
		return;
	for (; trace->sack_n < seg->sack_n; trace->sack_n++) {
		trace->sack[trace->sack_n][0] = seg->sack[trace->sack_n].left;
		trace->sack[trace->sack_n][1] = seg->sack[trace->sack_n].right;
	}
}

/* Section 3.2.2: on every segment but SYNs. */
static void trace_ace(const struct tcb *tcb, struct cn_trace *trace,
		      const struct tcp_seg *seg)
{
	trace->has_ace = tcb->accecn && !(seg->flags & TCP_SYN);
	if (trace->has_ace)
		trace->ace = (uint8_t)tcp_ace(seg);
}

void trace_seg_in(const struct tcb *tcb, const struct tcp_seg *seg,
		  uint8_t before, enum cn_drop drop, uint64_t now)
{
	struct cn_trace trace = {.kind = CN_TRACE_IN};

	trace_of_seg(&trace, seg);
	trace_ace(tcb, &trace, seg);
	if (!(seg->flags & TCP_SYN))
		trace.wnd <<= tcb->snd_wscale;
	trace.drop = (uint8_t)drop;
	trace.from = before;
	trace.to = tcb->state;
	trace.rule = trace_seg_rule(&trace, before);
	trace_emit(tcb, &trace, now);
}

void trace_seg_out(const struct tcb *tcb, const struct tcp_seg *seg,
		   enum cn_send why, bool retransmit, uint64_t now)
{
	struct cn_trace trace = {.kind = CN_TRACE_OUT, .why = (uint8_t)why};

	trace_of_seg(&trace, seg);
	trace_ace(tcb, &trace, seg);
	if (!(seg->flags & TCP_SYN))
		trace.wnd <<= tcb->rcv_wscale;
	trace.retransmit = retransmit;
	trace.rule = trace_seg_rule(&trace, tcb->state);
	if (why == CN_SEND_REXMIT && tcb->in_recovery)
		trace.rule = rack_is_on(tcb) ? "RFC 8985 section 6.2" :
					       "RFC 6675 section 5";
	trace_emit(tcb, &trace, now);
}

void trace_undo(const struct tcb *tcb, enum cn_undo why, uint64_t now)
{
	static const char *const rules[CN_UNDO_N] = {
		[CN_UNDO_DSACK] = "RFC 3708 section 3",
		[CN_UNDO_TIMESTAMP] = "RFC 3522 section 3.2",
		[CN_UNDO_FRTO] = "RFC 5682 section 3.1",
	};
	struct cn_trace trace = {.kind = CN_TRACE_CC, .undo = (uint8_t)why};

	if (!trace_is_on(tcb))
		return;
	trace.rule = rules[why];
	trace_emit(tcb, &trace, now);
}

/* ----------------------------------------------------------------- rules -- */

static const char *out_rule(const struct cn_trace *trace, uint8_t state)
{
	switch ((enum cn_send)trace->why) {
	case CN_SEND_SYN:
		if (trace->retransmit)
			return "RFC 6298 section 5.4";
		return trace->flags & TCP_ACK ? "RFC 9293 section 3.5" :
						"RFC 9293 section 3.10.1";
	case CN_SEND_COOKIE:
		return "RFC 4987 section 3.6";
	case CN_SEND_DATA:
		return trace->flags & TCP_FIN ? "RFC 9293 section 3.10.4" :
						"RFC 9293 section 3.10.2";
	case CN_SEND_MTU_PROBE:
		return "RFC 4821 section 7.3";
	case CN_SEND_REXMIT:
		return "RFC 6298 section 5.4";
	case CN_SEND_TLP:
		return "RFC 8985 section 7.3";
	case CN_SEND_RST:
		return state == CN_CLOSED || state == CN_LISTEN ?
			       "RFC 9293 section 3.5.2" :
			       "RFC 9293 section 3.10.5";
	case CN_SEND_CHALLENGE:
		return "RFC 5961 section 7";
	case CN_SEND_PROBE:
		return "RFC 9293 section 3.8.6.1";
	case CN_SEND_KEEPALIVE:
		return "RFC 9293 section 3.8.4";
	case CN_SEND_ACK:
	case CN_SEND_N:
		break;
	}
	if (trace->sack_n)
		return "RFC 2018 section 4";
	return "RFC 9293 section 3.8.6.3";
}

/* Why it was not used; NULL: it was. */
static const char *drop_rule(const struct cn_trace *trace, uint8_t state)
{
	static const struct {
		uint8_t drop;
		const char *rule;
	} rules[] = {
		{CN_DROP_TCP_NO_PORT, "RFC 9293 section 3.10.7.1"},
		{CN_DROP_TCP_CLOSED, "RFC 9293 section 3.10.7.1"},
		{CN_DROP_TCP_SEQUENCE, "RFC 9293 section 3.10.7.4"},
		{CN_DROP_TCP_DUPLICATE, "RFC 9293 section 3.10.7.4"},
		{CN_DROP_TCP_WINDOW, "RFC 9293 section 3.4"},
		{CN_DROP_TCP_PAWS, "RFC 7323 section 5.3"},
		{CN_DROP_TCP_RST_INEXACT, "RFC 5961 section 3.2"},
		{CN_DROP_TCP_SYN_IN_WINDOW, "RFC 5961 section 4.2"},
		{CN_DROP_TCP_NO_ACK, "RFC 9293 section 3.10.7.4"},
		{CN_DROP_TCP_TIME_WAIT, "RFC 9293 section 3.10.7.4"},
		{CN_DROP_TCP_AFTER_CLOSE, "RFC 9293 section 3.6.1"},
		{CN_DROP_TCP_FLAGS, "RFC 9293 section 3.10.7"},
		{CN_DROP_TCP_BACKLOG, "Linux listen(2)"},
		{CN_DROP_TCP_SYN_QUEUE, "RFC 4987 section 3.1"},
		{CN_DROP_TCP_CLIENT_LIMIT, "max_per_client"},
		{CN_DROP_TCP_OOO_LIMIT, "RFC 9293 section 3.4"},
	};

	if (trace->drop == CN_DROP_TCP_ACK_UNACCEPTABLE)
		return state == CN_SYN_SENT || state == CN_SYN_RECEIVED ?
			       "RFC 9293 section 3.5.2" :
			       "RFC 5961 section 5.2";
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].drop == trace->drop)
			return rules[i].rule;
	return NULL;
}

const char *trace_seg_rule(const struct cn_trace *trace, uint8_t state)
{
	const char *rule;

	if (trace->kind == CN_TRACE_OUT)
		return out_rule(trace, state);
	rule = drop_rule(trace, state);
	if (rule || trace->drop)
		return rule;
	if (state == CN_LISTEN)
		return "RFC 9293 section 3.10.7.2";
	if (state == CN_SYN_SENT)
		return "RFC 9293 section 3.10.7.3";
	if (trace->flags & TCP_RST)
		return "RFC 9293 section 3.5.3";
	return "RFC 9293 section 3.10.7.4";
}
