/* SPDX-License-Identifier: MIT */
/*
 * RFC 4987 section 3.4: connections in SYN-RECEIVED, 64 octets each, in a
 * bounded store.  A SYN makes an entry; the segment that completes the
 * handshake makes a connection of it; any other segment is judged by the
 * whole of RFC 9293 section 3.10.7.4 on a connection record that exists for
 * that one segment.
 *
 * A holding listener (a gateway's) announces its SYNs instead of answering
 * them; its verdicts of refusal stay for two minutes, so that a verdict that
 * the path loses is repeated when the SYN is.
 */
#include <string.h>

#include "base/assert.h"
#include "host/host.h"

#define SYN_VERDICT_NS (120 * CN_NS_PER_SEC)
/* No connect() of a kernel takes longer with its defaults (127 s). */
#define SYN_HOLD_NS (300 * CN_NS_PER_SEC)

static uint64_t us_of(uint64_t now)
{
	return (now + CN_NS_PER_US - 1) / CN_NS_PER_US;
}

/* -------------------------------------------------------------- packing -- */

static void syn_unpack(const struct syn_entry *entry, struct tcp_syn *syn)
{
	memset(syn, 0, sizeof(*syn));
	syn->irs = entry->irs;
	syn->iss = entry->iss;
	syn->ts_recent = entry->ts_recent;
	syn->peer_mss = entry->peer_mss;
	syn->rcv_wnd = entry->rcv_wnd;
	syn->peer_wscale = entry->wscales & 0xf;
	syn->rcv_wscale = entry->wscales >> 4;
	syn->options = entry->bits & 0xf;
	syn->rexmit_n = entry->bits >> 4;
}

static void syn_pack(struct syn_entry *entry, const struct tcp_syn *syn)
{
	entry->irs = syn->irs;
	entry->iss = syn->iss;
	entry->ts_recent = syn->ts_recent;
	entry->peer_mss = syn->peer_mss;
	entry->rcv_wnd = syn->rcv_wnd;
	entry->wscales =
		(uint8_t)((syn->peer_wscale & 0xf) | syn->rcv_wscale << 4);
	entry->bits = (uint8_t)((syn->options & 0xf) | syn->rexmit_n << 4);
}

static unsigned syn_rexmit_n(const struct syn_entry *entry)
{
	return entry->bits >> 4;
}

/* ---------------------------------------------------------------- rings -- */

static struct syn_entry *syn_at(const struct cn_host *host, uint32_t number)
{
	return shelf_at(&host->syns.shelf, number);
}

static unsigned ring_of(const struct syn_entry *entry)
{
	return entry->flow.mark & SYN_RING_MASK;
}

static bool syn_is_held(const struct syn_entry *entry)
{
	return ring_of(entry) == SYN_RING_NEWS ||
	       ring_of(entry) == SYN_RING_HELD;
}

/* Its neighbour knows an entry's number. */
static uint16_t syn_number(const struct cn_host *host,
			   const struct syn_entry *entry)
{
	if (entry->prev == SYN_NONE)
		return host->syns.ring[ring_of(entry)].first;
	return syn_at(host, entry->prev)->next;
}

static void ring_add(struct cn_host *host, unsigned ring, uint16_t number)
{
	struct syn_ring_head *head = &host->syns.ring[ring];
	struct syn_entry *entry = syn_at(host, number);

	entry->flow.mark =
		(uint8_t)((entry->flow.mark & ~SYN_RING_MASK) | ring);
	entry->prev = head->last;
	entry->next = SYN_NONE;
	if (head->last == SYN_NONE)
		head->first = number;
	else
		syn_at(host, head->last)->next = number;
	head->last = number;
}

static uint16_t ring_remove(struct cn_host *host, struct syn_entry *entry)
{
	struct syn_ring_head *head = &host->syns.ring[ring_of(entry)];
	uint16_t number = syn_number(host, entry);

	if (entry->prev == SYN_NONE)
		head->first = entry->next;
	else
		syn_at(host, entry->prev)->next = entry->next;
	if (entry->next == SYN_NONE)
		head->last = entry->prev;
	else
		syn_at(host, entry->next)->prev = entry->prev;
	return number;
}

static void ring_move(struct cn_host *host, unsigned ring,
		      struct syn_entry *entry)
{
	ring_add(host, ring, ring_remove(host, entry));
}

/* The entry begins to wait in that ring now. */
static void ring_enter(struct cn_host *host, unsigned ring,
		       struct syn_entry *entry, uint64_t now)
{
	ring_move(host, ring, entry);
	host->syns.clock_us = us_of(now);
	entry->at_us = (uint32_t)host->syns.clock_us;
}

void syns_init(struct cn_host *host)
{
	uint32_t max = host->set.syn_backlog;

	max += max / 4 + 1; /* remembered verdicts */
	if (max > SYN_NONE)
		max = SYN_NONE;
	memset(&host->syns, 0, sizeof(host->syns));
	shelf_init(&host->syns.shelf, host->set.pool, &host->budget, max);
	for (unsigned i = 0; i < SYN_RINGS; i++) {
		host->syns.ring[i].first = SYN_NONE;
		host->syns.ring[i].last = SYN_NONE;
	}
}

void syns_deinit(struct cn_host *host)
{
	shelf_deinit(&host->syns.shelf);
}

/* ------------------------------------------------------------ entries -- */

static struct listener *syn_listener(const struct cn_host *host,
				     const struct syn_entry *entry)
{
	const struct tuple *tuple = &entry->flow.tuple;

	return listener_find(host, &tuple->local, tuple->local_port,
			     flow_hash(host, tuple));
}

static void syn_uncount(struct cn_host *host, struct syn_entry *entry)
{
	struct listener *listener;

	if (ring_of(entry) == SYN_RING_REFUSED) {
		host->syns.refused_n--;
		return;
	}
	host->syns.open_n--;
	listener = syn_listener(host, entry);
	if (listener && listener->syn_n)
		listener->syn_n--;
}

/* Out of ring and store; the map is the caller's affair. */
static void syn_discard(struct cn_host *host, struct syn_entry *entry)
{
	uint16_t number = ring_remove(host, entry);

	memset(entry, 0, sizeof(*entry));
	shelf_give(&host->syns.shelf, number);
}

static void syn_unmap(struct cn_host *host, struct syn_entry *entry)
{
	map_remove(&host->flows, flow_hash(host, &entry->flow.tuple), entry);
}

/* It ends without a connection; who was told of it is told that too. */
static void syn_forget(struct cn_host *host, struct syn_entry *entry,
		       uint64_t now)
{
	bool told = entry->flow.mark & SYN_TOLD &&
		    ring_of(entry) != SYN_RING_REFUSED;

	if (ring_of(entry) != SYN_RING_REFUSED)
		flow_trace_state(host, &entry->flow.tuple, CN_SYN_RECEIVED,
				 CN_CLOSED, "RFC 4987 section 3.4", now);
	syn_uncount(host, entry);
	syn_unmap(host, entry);
	if (told)
		ring_move(host, SYN_RING_GONE, entry);
	else
		syn_discard(host, entry);
}

static void syn_evict_verdict(struct cn_host *host, uint64_t now)
{
	uint16_t oldest = host->syns.ring[SYN_RING_REFUSED].first;

	if (oldest != SYN_NONE)
		syn_forget(host, syn_at(host, oldest), now);
}

static uint32_t syn_adv_mss(struct cn_host *host,
			    const struct listener *listener,
			    const struct cn_addr *peer)
{
	const struct tcp_tune *tune = listener->sock->tcb.tune;
	uint32_t mss = host_adv_mss(host, peer);

	return tune && tune->maxseg && tune->maxseg < mss ? tune->maxseg : mss;
}

static void syn_send_ack(struct cn_host *host, const struct syn_entry *entry,
			 uint64_t now)
{
	const struct tuple *tuple = &entry->flow.tuple;
	const struct listener *listener = syn_listener(host, entry);
	struct tcp_syn syn;
	struct tcp_seg reply;

	if (!listener)
		return;
	syn_unpack(entry, &syn);
	tcp_syn_reply(&syn, &host->env,
		      syn_adv_mss(host, listener, &tuple->peer),
		      host_ts_off(host, tuple), &reply, now);
	reply.tos = listener->sock->tcb.tos;
	if (syn.rexmit_n)
		host->count.tcp_retrans++;
	reply_send(host, tuple, &reply, CN_SYN_RECEIVED, now);
}

/* --------------------------------------------------------- a SYN arrives -- */

/*
 * As Linux: both queues of a listener hold one more than the backlog, and the
 * last quarter of the whole cache is not for the asking, so that a flood on
 * one port leaves room for the others.
 */
static enum cn_drop syn_admit(struct cn_host *host,
			      const struct listener *listener)
{
	uint32_t max = host->set.syn_backlog;
	uint32_t n = host->syns.open_n;

	if (listener_is_full(listener))
		return CN_DROP_TCP_BACKLOG;
	if (listener->syn_n > listener->backlog)
		return CN_DROP_TCP_SYN_QUEUE;
	if (n >= max)
		return CN_DROP_TCP_SYN_QUEUE;
	if (listener->syn_n > max - max / 4)
		return CN_DROP_TCP_SYN_QUEUE;
	return CN_DROP_NONE;
}

static struct syn_entry *syn_new(struct cn_host *host,
				 const struct arriving *in, unsigned ring,
				 uint64_t now)
{
	uint32_t number = shelf_take(&host->syns.shelf);
	struct syn_entry *entry;

	if (number == SHELF_NONE) {
		syn_evict_verdict(host, now);
		number = shelf_take(&host->syns.shelf);
	}
	if (number == SHELF_NONE)
		return NULL;
	entry = syn_at(host, number);
	entry->flow.kind = FLOW_SYN;
	entry->flow.tuple = in->tuple;
	ring_add(host, ring, (uint16_t)number);
	ring_enter(host, ring, entry, now);
	if (map_insert(&host->flows, in->hash, entry)) {
		syn_discard(host, entry);
		return NULL;
	}
	return entry;
}

static void syn_drop(struct cn_host *host, const struct arriving *in,
		     enum cn_drop why, uint64_t now)
{
	host->count.drop[why]++;
	flow_trace_seg(host, &in->tuple, CN_TRACE_IN, CN_LISTEN, in->seg, why,
		       now);
}

static uint32_t syn_isn(const struct cn_host *host, const struct tuple *tuple,
			const uint32_t *floor, uint64_t now)
{
	uint32_t isn = host_isn(host, tuple, now);

	if (floor && seq_le(isn, *floor))
		return *floor + 1;
	return isn;
}

void syn_arrives(struct cn_host *host, struct listener *listener,
		 const struct arriving *in, const uint32_t *isn_floor,
		 uint64_t now)
{
	bool hold = listener->sock->hold;
	enum cn_drop why = syn_admit(host, listener);
	struct syn_entry *entry = NULL;
	struct tcp_syn syn;

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
	tcp_syn_init(&syn, &host->env, in->seg,
		     syn_isn(host, &in->tuple, isn_floor, now),
		     listener->sock->tcb.rcvbuf);
	syn_pack(entry, &syn);
	flow_trace_state(host, &in->tuple, CN_LISTEN, CN_SYN_RECEIVED,
			 "RFC 9293 section 3.10.7.2", now);
	flow_trace_seg(host, &in->tuple, CN_TRACE_IN, CN_LISTEN, in->seg,
		       CN_DROP_NONE, now);
	if (!hold)
		syn_send_ack(host, entry, now);
}

/* ------------------------------------------------- held SYNs and verdicts -- */

static uint64_t syn_handle(const struct cn_host *host,
			   const struct syn_entry *entry)
{
	return (uint64_t)entry->iss << 16 |
	       (uint64_t)(syn_number(host, entry) + 1u);
}

static struct syn_entry *syn_by_handle(const struct cn_host *host,
				       uint64_t handle)
{
	const struct shelf *shelf = &host->syns.shelf;
	uint32_t number = (uint32_t)(handle & 0xffff) - 1;
	struct syn_entry *entry;

	if (!(handle & 0xffff) || number >= shelf->chunk_n * SHELF_CHUNK)
		return NULL;
	entry = syn_at(host, number);
	if (entry->iss != (uint32_t)(handle >> 16) ||
	    entry->flow.kind != FLOW_SYN || !syn_is_held(entry))
		return NULL;
	/* A free entry's octets could look like one in use. */
	if (flow_find(host, flow_hash(host, &entry->flow.tuple),
		      &entry->flow.tuple) != &entry->flow)
		return NULL;
	return entry;
}

static void send_reset(struct cn_host *host, const struct syn_entry *entry,
		       uint64_t now)
{
	struct tcp_seg reply;

	memset(&reply, 0, offsetof(struct tcp_seg, slice));
	reply.ack = entry->irs + 1;
	reply.flags = TCP_RST | TCP_ACK;
	reply_send(host, &entry->flow.tuple, &reply, CN_SYN_RECEIVED, now);
}

/* The SYN itself is gone; what an ICMP error must quote of it is not. */
static void send_unreachable(struct cn_host *host,
			     const struct syn_entry *entry, uint64_t now)
{
	const struct tuple *tuple = &entry->flow.tuple;
	struct tcp_ports ports = {tuple->peer_port, tuple->local_port};
	struct tcp_seg seg;
	struct ip_hdr ip;
	uint8_t head[TCP_HEADER_LEN];
	int link = net_route(&host->net, &tuple->peer);

	if (link < 0)
		return;
	memset(&seg, 0, offsetof(struct tcp_seg, slice));
	seg.seq = entry->irs;
	seg.flags = TCP_SYN;
	tcp_emit_header(head, &ports, &seg);
	memset(&ip, 0, sizeof(ip));
	ip.src = tuple->peer;
	ip.dst = tuple->local;
	ip.version = cn_addr_is_v4(&ip.src) ? 4 : 6;
	ip.protocol = IP_TCP;
	ip.ttl = host->set.ttl;
	ip.df = true;
	ip.payload_len = sizeof(head);
	net_icmp_send_about(&host->net, ICMP_UNREACHABLE,
			    (uint8_t)(entry->rcv_wnd & 0xff), link, &ip, head,
			    sizeof(head), now);
	loopback_wants(host, link, now);
}

static void send_verdict(struct cn_host *host, const struct syn_entry *entry,
			 uint64_t now)
{
	if (entry->rcv_wnd >> 8 == CN_SYN_RESET)
		send_reset(host, entry, now);
	else
		send_unreachable(host, entry, now);
}

static void syn_refuse(struct cn_host *host, struct syn_entry *entry,
		       enum cn_syn_verdict verdict, uint8_t icmp_code,
		       uint64_t now)
{
	flow_trace_state(host, &entry->flow.tuple, CN_SYN_RECEIVED, CN_CLOSED,
			 "held SYN refused", now);
	syn_uncount(host, entry);
	entry->rcv_wnd = (uint16_t)(verdict << 8 | icmp_code);
	ring_enter(host, SYN_RING_REFUSED, entry, now);
	host->syns.refused_n++;
	send_verdict(host, entry, now);
	if (host->syns.refused_n > host->set.syn_backlog / 4 + 1)
		syn_evict_verdict(host, now);
}

int cn_syn_answer(struct cn_host *host, uint64_t handle,
		  enum cn_syn_verdict verdict, uint8_t icmp_code, uint64_t now)
{
	struct syn_entry *entry = syn_by_handle(host, handle);

	if (!entry)
		return CN_E_INVAL;
	switch (verdict) {
	case CN_SYN_ACCEPT:
		ring_enter(host, SYN_RING_SENT, entry, now);
		syn_send_ack(host, entry, now);
		return CN_OK;
	case CN_SYN_RESET:
	case CN_SYN_UNREACHABLE:
		syn_refuse(host, entry, verdict, icmp_code, now);
		return CN_OK;
	case CN_SYN_DROP:
		entry->flow.mark &= (uint8_t)~SYN_TOLD;
		syn_forget(host, entry, now);
		return CN_OK;
	}
	return CN_E_INVAL;
}

bool syns_event(struct cn_host *host, struct cn_event *event)
{
	uint16_t number = host->syns.ring[SYN_RING_GONE].first;
	struct syn_entry *entry;
	struct listener *listener;

	if (number == SYN_NONE)
		number = host->syns.ring[SYN_RING_NEWS].first;
	if (number == SYN_NONE)
		return false;
	entry = syn_at(host, number);
	memset(event, 0, sizeof(*event));
	event->syn = syn_handle(host, entry);
	event->local.addr = entry->flow.tuple.local;
	event->local.port = entry->flow.tuple.local_port;
	event->peer.addr = entry->flow.tuple.peer;
	event->peer.port = entry->flow.tuple.peer_port;
	event->iss_peer = entry->irs;
	if (ring_of(entry) == SYN_RING_GONE) {
		event->kind = CN_EVENT_SYN_GONE;
		syn_discard(host, entry);
		return true;
	}
	listener = syn_listener(host, entry);
	CN_ASSERT(listener);
	event->kind = CN_EVENT_SYN;
	event->sock = listener->sock;
	event->tag = listener->sock->tag;
	entry->flow.mark |= SYN_TOLD;
	ring_move(host, SYN_RING_HELD, entry);
	return true;
}

/* ------------------------------------- any other segment for an entry -- */

/* A connection in SYN-RECEIVED from the entry, not yet in the map. */
static struct cn_sock *syn_conn(struct cn_host *host,
				const struct syn_entry *entry,
				const struct listener *listener, uint64_t now)
{
	struct cn_sock *sock = sock_make(host);
	int link = net_route(&host->net, &entry->flow.tuple.peer);
	uint64_t age_us = (uint32_t)((uint32_t)us_of(now) - entry->at_us);
	struct tcp_syn syn;

	if (!sock)
		return NULL;
	sock->flow.tuple = entry->flow.tuple;
	sock->link = (uint8_t)(link < 0 ? 0 : link);
	if (link < 0 || !sock_inherit(sock, listener->sock)) {
		sock_unmake(sock);
		return NULL;
	}
	syn_unpack(entry, &syn);
	sock_set_path(sock, now);
	tcp_from_syn(&sock->tcb, &syn, host_ts_off(host, &entry->flow.tuple),
		     now - age_us * CN_NS_PER_US, now);
	return sock;
}

/* The handshake is complete: the connection takes the entry's place. */
static bool syn_promote(struct cn_host *host, struct syn_entry *entry,
			struct listener *listener, struct cn_sock *sock,
			uint64_t now)
{
	if (listener_is_full(listener)) {
		host->count.drop[CN_DROP_TCP_BACKLOG]++;
		return false;
	}
	/* Behind a gateway's listener every address of the world is local:
	 * its connections are in nobody's way, and are not counted. */
	if (!listener->sock->any_port &&
	    sock_take_port(sock, sock->flow.tuple.local_port, false))
		return false;
	sock->flow.kind = FLOW_CONN;
	sock->phase = SOCK_CONNECTED;
	syn_uncount(host, entry);
	map_replace(&host->flows, flow_hash(host, &sock->flow.tuple), entry,
		    sock);
	syn_discard(host, entry);
	host->count.tcp_passive_opens++;
	listener_push(listener, sock);
	sock_settle(sock, now);
	sock_tell(listener->sock);
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
 * Where the accept queue is full, what the segment would do to a connection is
 * not done: the trace tells of a segment that was dropped.
 */
static void judge_segment(struct cn_host *host, struct cn_sock *sock,
			  bool is_full, const struct arriving *in, uint64_t now)
{
	void (*trace)(const struct tcp_env *env, const struct tcb *tcb,
		      struct cn_trace *t) = host->env.trace;
	enum cn_drop drop;

	if (is_full)
		host->env.trace = NULL;
	drop = tcp_arrives(&sock->tcb, in->seg, now);
	host->env.trace = trace;
	if (!is_full)
		return;
	if (sock->tcb.state == CN_ESTABLISHED ||
	    sock->tcb.state == CN_CLOSE_WAIT)
		drop = CN_DROP_TCP_BACKLOG;
	flow_trace_seg(host, &in->tuple, CN_TRACE_IN, CN_SYN_RECEIVED, in->seg,
		       drop, now);
}

static void syn_judge(struct cn_host *host, struct syn_entry *entry,
		      const struct arriving *in, uint64_t now)
{
	struct listener *listener = syn_listener(host, entry);
	struct cn_sock *sock;

	if (!listener || syn_defers(entry, listener, in->seg))
		return;
	sock = syn_conn(host, entry, listener, now);
	if (!sock) {
		host->count.drop[CN_DROP_MEMORY]++;
		return;
	}
	judge_segment(host, sock, listener_is_full(listener), in, now);
	switch ((enum cn_tcp_state)sock->tcb.state) {
	case CN_SYN_RECEIVED:
		out_last_words(sock, now);
		break;
	case CN_CLOSED:
		out_last_words(sock, now);
		syn_forget(host, entry, now);
		break;
	case CN_ESTABLISHED:
	case CN_CLOSE_WAIT:
		if (syn_promote(host, entry, listener, sock, now))
			return;
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

static bool is_first_syn(const struct tcp_seg *seg)
{
	return (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) ==
	       TCP_SYN;
}

/* Nothing has been answered yet: all that counts is the SYN again (it is
 * already here) and the peer's change of mind. */
static void held_segment(struct cn_host *host, struct syn_entry *entry,
			 const struct arriving *in, uint64_t now)
{
	syn_drop(host, in, CN_DROP_TCP_HELD, now);
	if ((in->seg->flags & TCP_RST) && in->seg->seq == entry->irs + 1)
		syn_forget(host, entry, now);
}

static void refused_segment(struct cn_host *host, struct syn_entry *entry,
			    const struct arriving *in, uint64_t now)
{
	if (!is_first_syn(in->seg)) {
		closed_arrives(host, in, now);
		return;
	}
	if (in->seg->seq == entry->irs) {
		syn_drop(host, in, CN_DROP_TCP_NO_PORT, now);
		send_verdict(host, entry, now);
		return;
	}
	/* A new attempt deserves a new question. */
	syn_forget(host, entry, now);
	listen_arrives(host, in, NULL, now);
}

void syn_segment(struct cn_host *host, struct syn_entry *entry,
		 const struct arriving *in, uint64_t now)
{
	if (syn_is_held(entry)) {
		held_segment(host, entry, in, now);
	} else if (ring_of(entry) == SYN_RING_REFUSED) {
		refused_segment(host, entry, in, now);
	} else if (is_first_syn(in->seg) && in->seg->seq == entry->irs) {
		/* Our SYN-ACK was lost, or is late: again, and the clock of
		 * its repetition starts anew. */
		flow_trace_seg(host, &in->tuple, CN_TRACE_IN, CN_SYN_RECEIVED,
			       in->seg, CN_DROP_TCP_DUPLICATE, now);
		host->count.drop[CN_DROP_TCP_DUPLICATE]++;
		ring_enter(host, ring_of(entry), entry, now);
		syn_send_ack(host, entry, now);
	} else {
		syn_judge(host, entry, in, now);
	}
}

/* As Linux: a hard error about our SYN-ACK ends the attempt. */
bool syn_icmp(struct cn_host *host, struct syn_entry *entry,
	      const struct net_error *error, uint64_t now)
{
	bool hard = false;

	if (ring_of(entry) >= SYN_LEVELS || error->quote.seq != entry->iss)
		return false;
	if (net_error_meaning(error, &hard) && hard)
		syn_forget(host, entry, now);
	return true;
}

/* --------------------------------------------------------------- time -- */

static uint64_t ring_timeout(const struct cn_host *host, unsigned ring)
{
	uint64_t rto;

	if (ring == SYN_RING_REFUSED)
		return SYN_VERDICT_NS;
	if (ring >= SYN_LEVELS)
		return SYN_HOLD_NS;
	rto = host->set.rto_initial_ns << ring;
	return rto < host->set.rto_max_ns ? rto : host->set.rto_max_ns;
}

static uint64_t syn_due_at(const struct cn_host *host,
			   const struct syn_entry *entry)
{
	uint64_t clock = host->syns.clock_us;
	uint64_t began = clock - (uint32_t)((uint32_t)clock - entry->at_us);

	return began * CN_NS_PER_US + ring_timeout(host, ring_of(entry));
}

uint64_t syns_deadline(const struct cn_host *host)
{
	uint64_t at = CN_NEVER;

	if (!host->syns.shelf.n)
		return CN_NEVER;
	for (unsigned i = 0; i < SYN_RING_GONE; i++) {
		uint16_t first = host->syns.ring[i].first;
		uint64_t due;

		if (first == SYN_NONE)
			continue;
		due = syn_due_at(host, syn_at(host, first));
		if (due < at)
			at = due;
	}
	return at;
}

static void syn_timeout(struct cn_host *host, struct syn_entry *entry,
			uint64_t now)
{
	unsigned n = syn_rexmit_n(entry);
	const struct listener *listener;

	if (ring_of(entry) >= SYN_LEVELS || n >= host->set.synack_retries ||
	    n + 1 >= SYN_LEVELS) {
		syn_forget(host, entry, now);
		return;
	}
	listener = syn_listener(host, entry);
	entry->bits = (uint8_t)((entry->bits & 0xf) | (n + 1) << 4);
	ring_enter(host, ring_of(entry) + 1, entry, now);
	/* A deferred handshake is asked about only when its time is up. */
	if (!(entry->flow.mark & SYN_ACKED) || !listener ||
	    n + 1 >= listener->sock->defer_n)
		syn_send_ack(host, entry, now);
}

void syns_advance(struct cn_host *host, uint64_t now)
{
	if (!host->syns.shelf.n)
		return;
	/* From the highest level down, so that none is seen twice. */
	for (unsigned i = SYN_RING_GONE; i-- > 0;) {
		uint16_t first;

		while ((first = host->syns.ring[i].first) != SYN_NONE) {
			struct syn_entry *entry = syn_at(host, first);

			if (syn_due_at(host, entry) > now)
				break;
			syn_timeout(host, entry, now);
		}
	}
}

uint64_t syn_row_timer(const struct cn_host *host,
		       const struct syn_entry *entry)
{
	return syn_due_at(host, entry);
}

/* ----------------------------------------------------------- listeners -- */

static void listeners_zero(struct listener *listener)
{
	for (; listener; listener = listener->next)
		listener->syn_n = 0;
}

static void port_zero(void *object, void *ctx)
{
	struct port *port = object;

	(void)ctx;
	listeners_zero(port->listeners);
}

void syns_recount(struct cn_host *host, uint64_t now)
{
	if (!host->syns.open_n)
		return;
	map_each(&host->ports, port_zero, NULL);
	listeners_zero(host->any_port);
	for (unsigned i = 0; i < SYN_RING_REFUSED; i++) {
		uint16_t number = host->syns.ring[i].first;

		while (number != SYN_NONE) {
			struct syn_entry *entry = syn_at(host, number);
			struct listener *listener = syn_listener(host, entry);

			number = entry->next;
			if (listener)
				listener->syn_n++;
			else
				syn_forget(host, entry, now);
		}
	}
}
