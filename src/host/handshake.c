/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a half-open connection (RFC 9293 section 3.10.7.4).  The
 * segment that completes the handshake makes a connection of an entry of the
 * cache, or of a cookie; any other segment is judged by the whole of that
 * section on a connection record that exists for that one segment.
 */
#include <string.h>

#include "base/assert.h"
#include "host/host.h"
#include "tcp/ecn.h"

/* What a connection is made of: an entry, or what a cookie brought back. */
struct half_open {
	struct listener *listener;
	struct syn_entry *entry; /* NULL: a cookie */
	struct tcp_syn syn;
	uint64_t sent_at; /* the SYN-ACK; 0: not known */
};

static struct half_open half_of(struct syn_entry *entry,
				struct listener *listener, uint64_t now)
{
	uint64_t age_us = (uint32_t)((uint32_t)syn_us(now) - entry->at_us);
	struct half_open half = {.listener = listener, .entry = entry};

	syn_unpack(entry, &half.syn);
	half.sent_at = now - age_us * CN_NS_PER_US;
	return half;
}

/* A connection in SYN-RECEIVED, not yet in the map. */
static struct cn_sock *half_conn(struct cn_host *host,
				 const struct half_open *half,
				 const struct tuple *tuple, uint64_t now)
{
	struct cn_sock *sock = sock_make(host);
	int link = net_route(&host->net, &tuple->peer);

	if (!sock)
		return NULL;
	sock->flow.tuple = *tuple;
	sock->link = (uint8_t)(link < 0 ? 0 : link);
	if (link < 0 || !sock_inherit(sock, half->listener->sock)) {
		sock_unmake(sock);
		return NULL;
	}
	sock_set_path(sock, now);
	tcp_from_syn(&sock->tcb, &half->syn, host_ts_off(host, tuple),
		     half->sent_at, now);
	return sock;
}

/* Why a connection cannot come of it although the handshake is complete. */
static enum cn_drop half_bar(const struct cn_host *host,
			     const struct half_open *half,
			     const struct tuple *tuple)
{
	if (listener_is_full(half->listener))
		return CN_DROP_TCP_BACKLOG;
	if (!client_may(host, half->listener, tuple))
		return CN_DROP_TCP_CLIENT_LIMIT;
	return CN_DROP_NONE;
}

/* The connection takes the entry's place in the map, or a new one. */
static bool half_map(struct cn_host *host, const struct half_open *half,
		     struct cn_sock *sock)
{
	uint32_t hash = flow_hash(host, &sock->flow.tuple);

	if (!half->entry)
		return !map_insert(&host->flows, hash, sock);
	syn_uncount(host, half->entry);
	map_replace(&host->flows, hash, half->entry, sock);
	syn_discard(host, half->entry);
	return true;
}

/* The handshake is complete. */
static bool half_promote(struct cn_host *host, const struct half_open *half,
			 struct cn_sock *sock, uint64_t now)
{
	struct listener *listener = half->listener;

	/* Behind a gateway's listener every address of the world is local:
	 * its connections are in nobody's way, and are not counted. */
	if (!listener->sock->any_port &&
	    sock_take_port(sock, sock->flow.tuple.local_port, false))
		return false;
	if (client_add(sock, listener) || !half_map(host, half, sock)) {
		client_remove(sock);
		sock_drop_port(sock);
		return false;
	}
	sock->flow.kind = FLOW_CONN;
	sock->phase = SOCK_CONNECTED;
	host->count.tcp_passive_opens++;
	listener_push(listener, sock);
	sock_settle(sock, now);
	sock_tell(listener->sock);
	return true;
}

bool half_fast(struct cn_host *host, struct listener *listener,
	       const struct tcp_syn *syn, const struct arriving *in,
	       enum fast_option cookie, uint64_t now)
{
	struct half_open half = {
		.listener = listener,
		.syn = *syn,
		.sent_at = now,
	};
	struct cn_sock *sock = half_conn(host, &half, &in->tuple, now);

	if (!sock)
		return false;
	flow_trace_state(host, &in->tuple, CN_LISTEN, CN_SYN_RECEIVED,
			 "RFC 7413 section 4.2.2", now);
	sock->fast_exp = cookie == FAST_OPTION_EXP;
	tcp_fast_accept(&sock->tcb, in->seg, cookie, now);
	if (!half_promote(host, &half, sock, now)) {
		flow_trace_state(host, &in->tuple, CN_SYN_RECEIVED, CN_CLOSED,
				 "no memory", now);
		sock_unmake(sock);
		return false;
	}
	fast_begin(sock, listener);
	return true;
}

/* Linux's TCP_DEFER_ACCEPT: a bare ACK does not complete the handshake. */
static bool syn_defers(struct syn_entry *entry, const struct listener *listener,
		       const struct tcp_seg *seg)
{
	if (syn_rexmit_n(entry) >= listener->sock->defer_n || seg->data_len ||
	    (seg->flags & (TCP_SYN | TCP_RST | TCP_FIN)) ||
	    seg->ack != entry->iss + 1 || seg->seq != entry->irs + 1)
		return false;
	entry->flow.mark |= SYN_ACKED;
	return true;
}

/*
 * Where no connection can come of it, what the segment would do to one is not
 * done: the trace tells of a segment that was dropped.
 */
static void judge_segment(struct cn_host *host, struct cn_sock *sock,
			  enum cn_drop bar, const struct arriving *in,
			  uint64_t now)
{
	void (*trace)(const struct tcp_env *env, const struct tcb *tcb,
		      struct cn_trace *t) = host->env.trace;
	enum cn_drop drop;

	if (bar)
		host->env.trace = NULL;
	drop = tcp_arrives(&sock->tcb, in->seg, now);
	host->env.trace = trace;
	if (!bar || sock->tcb.state == CN_ESTABLISHED ||
	    sock->tcb.state == CN_CLOSE_WAIT)
		return;
	flow_trace_seg(host, &in->tuple, CN_TRACE_IN, CN_SYN_RECEIVED, in->seg,
		       drop, now);
}

/*
 * A good cookie found no memory, or no room in the accept queue.  Its segment
 * will come again; but of the flight behind it every segment would get a reset,
 * as LISTEN gives for an ACK, and end what has hardly begun.  Deviation: for
 * a while they are dropped, where Linux resets.
 */
#define PUT_OFF_NS (3 * CN_NS_PER_SEC)

static void cookie_put_off(struct cn_host *host, enum cn_drop why, uint64_t now)
{
	host->cookies.put_off_at = now;
	host->cookies.put_off_for = (uint8_t)why;
}

static bool cookie_may_come_again(const struct cn_host *host,
				  const struct tcp_seg *seg, uint64_t now)
{
	return host->cookies.put_off_for &&
	       now - host->cookies.put_off_at < PUT_OFF_NS &&
	       (seg->data_len || seg->flags & TCP_FIN);
}

/* The handshake is complete, in vain. */
static void half_barred(struct cn_host *host, const struct half_open *half,
			enum cn_drop bar, const struct arriving *in,
			uint64_t now)
{
	uint8_t state = half->entry ? CN_SYN_RECEIVED : CN_LISTEN;

	if (bar == CN_DROP_TCP_CLIENT_LIMIT) {
		syn_refuse_client(host, in, state, now);
		if (half->entry)
			syn_forget(host, half->entry, now);
		return;
	}
	/* As if the ACK had been lost: the SYN-ACK will be repeated, or what
	 * was sent with a cookie. */
	syn_drop_in(host, in, state, bar, now);
	if (!half->entry)
		cookie_put_off(host, bar, now);
}

static void half_no_memory(struct cn_host *host, const struct half_open *half,
			   uint64_t now)
{
	host->count.drop[CN_DROP_MEMORY]++;
	if (!half->entry)
		cookie_put_off(host, CN_DROP_MEMORY, now);
}

/*
 * What the segment is answered with.  An entry has no place for when it was
 * last challenged: its answers are as limited as resets are (RFC 5961 section
 * 7).
 */
static void half_answer(struct cn_host *host, struct cn_sock *sock,
			const struct arriving *in, uint64_t now)
{
	if (tcp_has_output(&sock->tcb, now) &&
	    net_rst_allowed(&host->net, in->link, &in->tuple.peer, now))
		out_last_words(sock, now);
}

/* The segment meets a connection that exists for it alone, or stays. */
static void half_judge(struct cn_host *host, const struct half_open *half,
		       const struct arriving *in, uint64_t now)
{
	enum cn_drop bar = half_bar(host, half, &in->tuple);
	struct cn_sock *sock = half_conn(host, half, &in->tuple, now);

	if (!sock) {
		half_no_memory(host, half, now);
		return;
	}
	judge_segment(host, sock, bar, in, now);
	switch ((enum cn_tcp_state)sock->tcb.state) {
	case CN_SYN_RECEIVED:
		half_answer(host, sock, in, now);
		break;
	case CN_CLOSED:
		half_answer(host, sock, in, now);
		if (half->entry)
			syn_forget(host, half->entry, now);
		break;
	case CN_ESTABLISHED:
	case CN_CLOSE_WAIT:
		if (bar)
			half_barred(host, half, bar, in, now);
		else if (half_promote(host, half, sock, now))
			return;
		else
			half_no_memory(host, half, now);
		break;
	case CN_LISTEN:
	case CN_SYN_SENT:
	case CN_FIN_WAIT_1:
	case CN_FIN_WAIT_2:
	case CN_CLOSING:
	case CN_LAST_ACK:
	case CN_TIME_WAIT:
		CN_ASSERT(false);
	}
	sock_unmake(sock);
}

static void cookie_accept(struct cn_host *host, const struct half_open *half,
			  const struct arriving *in, uint64_t now)
{
	enum cn_drop bar = half_bar(host, half, &in->tuple);

	if (bar) {
		half_barred(host, half, bar, in, now);
		return;
	}
	flow_trace_state(host, &in->tuple, CN_LISTEN, CN_SYN_RECEIVED,
			 "RFC 4987 section 3.6", now);
	half_judge(host, half, in, now);
}

bool cookie_arrives(struct cn_host *host, struct listener *listener,
		    const struct arriving *in, uint64_t now)
{
	struct half_open half = {.listener = listener};

	if (cookie_check(host, listener, in, &half.syn, now)) {
		cookie_accept(host, &half, in, now);
		return true;
	}
	if (!cookie_may_come_again(host, in->seg, now))
		return false;
	syn_drop(host, in, (enum cn_drop)host->cookies.put_off_for, now);
	return true;
}

/* An ACK that this entry's SYN-ACK did not ask for may be for a cookie that
 * the same peer got before there was room for the entry. */
static bool entry_yields(struct cn_host *host, struct syn_entry *entry,
			 struct listener *listener, const struct arriving *in,
			 uint64_t now)
{
	struct half_open half = {.listener = listener};

	if (in->seg->ack == entry->iss + 1 ||
	    !cookie_check(host, listener, in, &half.syn, now))
		return false;
	syn_forget(host, entry, now);
	cookie_accept(host, &half, in, now);
	return true;
}

static void syn_judge(struct cn_host *host, struct syn_entry *entry,
		      const struct arriving *in, uint64_t now)
{
	struct listener *listener = syn_listener(host, entry);
	struct half_open half;

	if (!listener || syn_defers(entry, listener, in->seg) ||
	    entry_yields(host, entry, listener, in, now))
		return;
	half = half_of(entry, listener, now);
	half_judge(host, &half, in, now);
}

bool syn_is_first(const struct tcp_seg *seg)
{
	return (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) ==
	       TCP_SYN;
}

/* RFC 9768 section 3.1.5: two SYNs of a connection ask for two kinds of ECN,
 * and nobody can know which answer its client heard. */
static void syn_contradicts(struct cn_host *host, struct syn_entry *entry,
			    const struct arriving *in, uint64_t now)
{
	struct tcp_seg reply;

	syn_drop_in(host, in, CN_SYN_RECEIVED, CN_DROP_TCP_FLAGS, now);
	if (tcp_closed_arrives(in->seg, &reply) &&
	    net_rst_allowed(&host->net, in->link, &in->tuple.peer, now))
		reply_send(host, &in->tuple, &reply, CN_SYN_RECEIVED, now);
	syn_forget(host, entry, now);
}

/* Our SYN-ACK was lost, or is late: again, and the clock of its repetition
 * starts anew. */
static void syn_again(struct cn_host *host, struct syn_entry *entry,
		      const struct arriving *in, uint64_t now)
{
	uint8_t agreed = entry->flow.ecn;

	if (!ecn_of_syn_again(&host->set, &agreed, in->seg)) {
		syn_contradicts(host, entry, in, now);
		return;
	}
	entry->flow.ecn = agreed & 0xf;
	entry->flow.mark |= SYN_AGAIN;
	flow_trace_seg(host, &in->tuple, CN_TRACE_IN, CN_SYN_RECEIVED, in->seg,
		       CN_DROP_TCP_DUPLICATE, now);
	host->count.drop[CN_DROP_TCP_DUPLICATE]++;
	syn_enter(host, syn_ring_of(entry), entry, now);
	syn_send_ack(host, entry, FAST_OPTION_NONE, now);
}

void syn_segment(struct cn_host *host, struct syn_entry *entry,
		 const struct arriving *in, uint64_t now)
{
	if (syn_is_held(entry)) {
		syn_held_segment(host, entry, in, now);
	} else if (syn_ring_of(entry) == SYN_RING_REFUSED) {
		syn_refused_segment(host, entry, in, now);
	} else if (syn_is_first(in->seg) && in->seg->seq == entry->irs) {
		syn_again(host, entry, in, now);
	} else {
		syn_judge(host, entry, in, now);
	}
}

/* What of errors about a SYN-ACK ends the attempt: as Linux, which asks other
 * questions of IPv4 than of IPv6. */
static bool ends_half_open(const struct net_error *error)
{
	bool hard = false;
	int err = net_error_meaning(error, &hard);

	if (err && hard)
		return true;
	if (!cn_addr_is_v4(&error->quote.ip.dst))
		return false;
	return error->kind == ICMP_TIME_EXCEEDED ||
	       error->kind == ICMP_PARAMETER_PROBLEM ||
	       (error->kind == ICMP_UNREACHABLE && error->code <= 1);
}

bool syn_icmp(struct cn_host *host, struct syn_entry *entry,
	      const struct net_error *error, uint64_t now)
{
	if (syn_ring_of(entry) >= SYN_LEVELS || error->quote.seq != entry->iss)
		return false;
	if (ends_half_open(error))
		syn_forget(host, entry, now);
	return true;
}
