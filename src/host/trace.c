/* SPDX-License-Identifier: MIT */
/*
 * The trace on its way out: a connection's own lines get their endpoints and
 * tag here; what happens to entries that have no connection is told likewise.
 */
#include <string.h>

#include "host/host.h"
#include "tcp/trace.h"

static void tell(const struct cn_host *host, const struct tuple *tuple,
		 struct cn_trace *trace)
{
	const struct cn_trace_sink *sink = host->set.trace;

	trace->local.addr = tuple->local;
	trace->local.port = tuple->local_port;
	trace->peer.addr = tuple->peer;
	trace->peer.port = tuple->peer_port;
	sink->trace(sink->ctx, trace);
}

void host_trace(const struct tcp_env *env, const struct tcb *tcb,
		struct cn_trace *trace)
{
	const struct cn_host *host = CN_CONTAINER(env, struct cn_host, env);
	const struct cn_sock *sock = CN_CONTAINER(tcb, struct cn_sock, tcb);

	trace->tag = sock->tag;
	tell(host, &sock->flow.tuple, trace);
}

void flow_trace_state(const struct cn_host *host, const struct tuple *tuple,
		      uint8_t from, uint8_t to, const char *rule, uint64_t now)
{
	struct cn_trace trace;

	if (!host->set.trace)
		return;
	memset(&trace, 0, sizeof(trace));
	trace.at = now;
	trace.kind = CN_TRACE_STATE;
	trace.from = from;
	trace.to = to;
	trace.rule = rule;
	tell(host, tuple, &trace);
}

void flow_trace_cookie(const struct cn_host *host, const struct arriving *in,
		       const struct tcp_seg *reply, uint64_t now)
{
	struct cn_trace trace;

	if (!host->set.trace)
		return;
	memset(&trace, 0, sizeof(trace));
	trace.at = now;
	trace.kind = CN_TRACE_IN;
	trace.from = CN_LISTEN;
	trace.to = CN_LISTEN;
	trace.rule = "RFC 4987 section 3.6";
	trace_of_seg(&trace, in->seg);
	trace.irs = in->seg->seq;
	tell(host, &in->tuple, &trace);
	trace.kind = CN_TRACE_OUT;
	trace.why = CN_SEND_COOKIE;
	trace_of_seg(&trace, reply);
	trace.iss = reply->seq;
	tell(host, &in->tuple, &trace);
}

static void seg_trace(struct cn_trace *trace, enum cn_trace_kind kind,
		      uint8_t state, const struct tcp_seg *seg,
		      enum cn_drop drop, uint64_t now)
{
	memset(trace, 0, sizeof(*trace));
	trace->at = now;
	trace->kind = (uint8_t)kind;
	trace->from = state;
	trace->to = state;
	trace->drop = (uint8_t)drop;
	trace_of_seg(trace, seg);
	if (seg->flags & TCP_RST)
		trace->why = CN_SEND_RST;
	else if (seg->flags & TCP_SYN)
		trace->why = CN_SEND_SYN;
	trace->rule = trace_seg_rule(trace, state);
	/* The listener goes on; what the SYN made of it is another. */
	if (kind == CN_TRACE_IN && state == CN_LISTEN && !drop)
		trace->to = CN_SYN_RECEIVED;
	if (seg->flags & TCP_SYN) {
		if (kind == CN_TRACE_IN)
			trace->irs = seg->seq;
		else
			trace->iss = seg->seq;
		if (seg->flags & TCP_ACK && kind == CN_TRACE_OUT)
			trace->irs = seg->ack - 1;
	}
}

void flow_trace_time_wait(const struct cn_host *host, const struct tuple *tuple,
			  enum cn_trace_kind kind, const struct tcp_seg *seg,
			  const struct tcp_tw *tw, uint64_t now)
{
	bool out = kind == CN_TRACE_OUT;
	struct cn_trace trace;

	if (!host->set.trace)
		return;
	seg_trace(&trace, kind, CN_TIME_WAIT, seg,
		  out ? CN_DROP_NONE : CN_DROP_TCP_TIME_WAIT, now);
	if (out)
		trace.wnd <<= tw->rcv_wscale;
	trace.has_ace = tw->has_ace && !(seg->flags & TCP_SYN);
	if (trace.has_ace)
		trace.ace = (uint8_t)tcp_ace(seg);
	tell(host, tuple, &trace);
}

void flow_trace_seg(const struct cn_host *host, const struct tuple *tuple,
		    enum cn_trace_kind kind, uint8_t state,
		    const struct tcp_seg *seg, enum cn_drop drop, uint64_t now)
{
	struct cn_trace trace;

	if (!host->set.trace)
		return;
	seg_trace(&trace, kind, state, seg, drop, now);
	tell(host, tuple, &trace);
}

void dgram_trace(const struct cn_host *host, const struct dgram_tale *tale,
		 uint64_t now)
{
	const struct cn_dgram_sink *sink = host->set.dgram_trace;
	bool v4 = cn_addr_is_v4(&tale->tuple->peer);
	struct cn_dgram_trace trace = {
		.at = now,
		.kind = (uint8_t)tale->kind,
		.protocol = IP_UDP,
		.drop = (uint8_t)tale->drop,
		.ttl = tale->ttl,
		.err = (int8_t)tale->err,
		.to_many = tale->to_many,
		.len = tale->len,
		.fragments = tale->fragments,
		.rule = tale->rule,
		.local = {tale->tuple->local, tale->tuple->local_port},
		.peer = {tale->tuple->peer, tale->tuple->peer_port},
		.tag = tale->dgram ? tale->dgram->tag : NULL,
	};

	if (!sink)
		return;
	if (tale->protocol == DGRAM_PING)
		trace.protocol = v4 ? IP_ICMP : IP_ICMP6;
	sink->dgram(sink->ctx, &trace);
}
