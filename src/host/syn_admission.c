/* SPDX-License-Identifier: MIT */
/*
 * What a SYN for a listener gets (RFC 9293 section 3.10.7.2, RFC 4987, RFC
 * 7413): an entry of the cache, a cookie, a connection at once, a reset, or
 * nothing.
 */
#include "host/host.h"
#include "tcp/accecn.h"

/* --------------------------------------------------------------- SYN-ACK -- */

void syn_send_ack(struct cn_host *host, const struct syn_entry *entry,
		  enum fast_option option, uint64_t now)
{
	const struct tuple *tuple = &entry->flow.tuple;
	const struct listener *listener = syn_listener(host, entry);
	uint8_t cookie[FAST_COOKIE_LEN];
	struct tcp_syn syn;
	struct tcp_seg reply;

	if (!listener)
		return;
	syn_unpack(entry, &syn);
	tcp_syn_reply(&syn, &host->env,
		      listener_adv_mss(host, listener, &tuple->peer),
		      host_ts_off(host, tuple), &reply, now);
	reply.tos = listener->sock->tcb.tos;
	if (syn.rexmit_n)
		host->count.tcp_retrans++;
	if (option) {
		fast_cookie(host, tuple, cookie, now);
		reply.options |= TCP_OPT_FASTOPEN;
		reply.fastopen = cookie;
		reply.fastopen_len = FAST_COOKIE_LEN;
		reply.fastopen_exp = option == FAST_OPTION_EXP;
		/* What place is left now. */
		if (reply.options & TCP_OPT_ACCECN)
			accecn_syn_option(&reply);
	}
	reply_of_listener(listener, tuple, &reply, now);
}

/* --------------------------------------------------------- a SYN arrives -- */

/* Entries that the host may hold in all. */
static uint32_t syn_max(const struct cn_settings *set)
{
	if (!set->syncookies && set->syn_backlog < set->syn_cache_max)
		return set->syn_backlog;
	return set->syn_cache_max;
}

/*
 * As Linux: both queues of a listener hold one more than the backlog, and the
 * last quarter of the whole cache is not for the asking, so that a flood on
 * one port leaves room for the others.  One that was in TIME-WAIT with us is
 * no forger: its SYN is not subject to the listener's limit.
 */
static enum cn_drop syn_admit(struct cn_host *host,
			      const struct listener *listener, bool is_known)
{
	uint32_t max = syn_max(&host->set);
	uint32_t n = host->syns.open_n;

	if (listener_is_full(listener))
		return CN_DROP_TCP_BACKLOG;
	if (listener->syn_n > listener->backlog && !is_known)
		return CN_DROP_TCP_SYN_QUEUE;
	if (n >= max)
		return CN_DROP_TCP_SYN_QUEUE;
	if (listener->syn_n > max - max / 4)
		return CN_DROP_TCP_SYN_QUEUE;
	return CN_DROP_NONE;
}

/*
 * RFC 4987 section 3.6.  A gateway's SYN must wait for its verdict, and one
 * that follows a connection in TIME-WAIT needs a number above that one's:
 * a cookie can do neither.
 */
static bool wants_cookie(const struct cn_host *host,
			 const struct listener *listener, bool is_known,
			 enum cn_drop why)
{
	if (!host->set.syncookies || listener->sock->hold || is_known)
		return false;
	return why == CN_DROP_TCP_SYN_QUEUE ||
	       (!why && host->set.syncookies == 2);
}

void syn_drop_in(struct cn_host *host, const struct arriving *in, uint8_t state,
		 enum cn_drop why, uint64_t now)
{
	host->count.drop[why]++;
	flow_trace_seg(host, &in->tuple, CN_TRACE_IN, state, in->seg, why, now);
}

void syn_drop(struct cn_host *host, const struct arriving *in, enum cn_drop why,
	      uint64_t now)
{
	syn_drop_in(host, in, CN_LISTEN, why, now);
}

/* It has as many connections as it may: refused, so that it learns it at
 * once. */
void syn_refuse_client(struct cn_host *host, const struct arriving *in,
		       uint8_t state, uint64_t now)
{
	struct tcp_seg reply;

	host->count.tcp_client_limit++;
	syn_drop_in(host, in, state, CN_DROP_TCP_CLIENT_LIMIT, now);
	if (tcp_closed_arrives(in->seg, &reply) &&
	    net_rst_allowed(&host->net, in->link, &in->tuple.peer, now))
		reply_send(host, &in->tuple, &reply, state, now);
}

static uint32_t syn_isn(const struct cn_host *host, const struct tuple *tuple,
			const uint32_t *floor, uint64_t now)
{
	uint32_t isn = host_isn(host, tuple, now);

	if (floor && seq_le(isn, *floor))
		return *floor + 1;
	return isn;
}

/* RFC 7413: no entry is needed where a cookie proves the address. */
static bool opens_fast(struct cn_host *host, struct listener *listener,
		       const struct arriving *in, const struct tcp_syn *syn,
		       enum fast_option *give, uint64_t now)
{
	enum fast_option form = in->seg->fastopen_exp ? FAST_OPTION_EXP :
							FAST_OPTION_PLAIN;
	enum fast_verdict verdict = fast_judge(host, listener, in, now);

	*give = verdict == FAST_GIVE ? form : FAST_OPTION_NONE;
	if (verdict != FAST_OPEN && verdict != FAST_OPEN_GIVE)
		return false;
	if (half_fast(host, listener, syn, in,
		      verdict == FAST_OPEN_GIVE ? form : FAST_OPTION_NONE, now))
		return true;
	host->count.fastopen_passive_fail++;
	return false;
}

void syn_arrives(struct cn_host *host, struct listener *listener,
		 const struct arriving *in, const uint32_t *isn_floor,
		 uint64_t now)
{
	bool hold = listener->sock->hold;
	bool is_known = isn_floor != NULL;
	enum cn_drop why = syn_admit(host, listener, is_known);
	struct syn_entry *entry = NULL;
	struct tcp_syn syn;
	enum fast_option give = FAST_OPTION_NONE;

	if (!client_may(host, listener, &in->tuple)) {
		syn_refuse_client(host, in, CN_LISTEN, now);
		return;
	}
	if (wants_cookie(host, listener, is_known, why)) {
		cookie_answer(host, listener, in, now);
		return;
	}
	tcp_syn_init(&syn, &host->env, in->seg,
		     syn_isn(host, &in->tuple, isn_floor, now),
		     listener->sock->tcb.rcvbuf);
	if (!why && opens_fast(host, listener, in, &syn, &give, now))
		return;
	if (!why) {
		entry = syn_new(host, in, hold ? SYN_RING_NEWS : SYN_RING_SENT,
				now);
		why = entry ? CN_DROP_NONE : CN_DROP_MEMORY;
	}
	if (!entry) {
		syn_drop(host, in, why, now);
		return;
	}
	host->syns.open_n++;
	listener->syn_n++;
	host->count.tcp_syn_cached++;
	syn_pack(entry, &syn);
	flow_trace_state(host, &in->tuple, CN_LISTEN, CN_SYN_RECEIVED,
			 "RFC 9293 section 3.10.7.2", now);
	flow_trace_seg(host, &in->tuple, CN_TRACE_IN, CN_LISTEN, in->seg,
		       CN_DROP_NONE, now);
	if (!hold)
		syn_send_ack(host, entry, give, now);
}
