/* SPDX-License-Identifier: MIT */
/*
 * A frame on its way in: net/ makes a packet of it, one keyed probe finds
 * whose it is, and the owner takes it.
 */
#include "base/assert.h"
#include "host/host.h"

uint32_t flow_hash(const struct cn_host *host, const struct tuple *tuple)
{
	_Static_assert(sizeof(*tuple) == 36, "no padding is hashed");
	return (uint32_t)siphash24(&host->flow_key, tuple, sizeof(*tuple));
}

static bool is_same(const struct tuple *a, const struct tuple *b)
{
	return a->local_port == b->local_port && a->peer_port == b->peer_port &&
	       cn_addr_equal(&a->peer, &b->peer) &&
	       cn_addr_equal(&a->local, &b->local);
}

static bool flow_match(const void *object, const void *key)
{
	const struct flow *flow = object;

	return flow->kind != FLOW_SOCK && is_same(&flow->tuple, key);
}

static uint32_t hash_of_arriving(struct cn_host *host,
				 const struct tuple *tuple)
{
	if (!is_same(&host->hashed, tuple)) {
		host->hashed_to = flow_hash(host, tuple);
		host->hashed = *tuple;
	}
	return host->hashed_to;
}

struct flow *flow_find(const struct cn_host *host, uint32_t hash,
		       const struct tuple *tuple)
{
	return map_find(&host->flows, hash, flow_match, tuple);
}

static void drop(struct cn_host *host, const struct arriving *in, uint8_t state,
		 enum cn_drop why, uint64_t now)
{
	host->count.drop[why]++;
	flow_trace_seg(host, &in->tuple, CN_TRACE_IN, state, in->seg, why, now);
}

void closed_arrives(struct cn_host *host, const struct arriving *in,
		    uint64_t now)
{
	struct tcp_seg reply;

	drop(host, in, CN_CLOSED, CN_DROP_TCP_NO_PORT, now);
	if (!tcp_closed_arrives(in->seg, &reply))
		return;
	if (!net_rst_allowed(&host->net, in->link, &in->tuple.peer, now))
		return;
	reply_send(host, &in->tuple, &reply, CN_CLOSED, now);
}

void listen_arrives(struct cn_host *host, const struct arriving *in,
		    const uint32_t *isn_floor, uint64_t now)
{
	struct listener *listener = listener_find(
		host, &in->tuple.local, in->tuple.local_port, in->hash);

	if (!listener) {
		closed_arrives(host, in, now);
		return;
	}
	switch (tcp_listen_arrives(in->seg)) {
	case TCP_LISTEN_DROP:
		drop(host, in, CN_LISTEN,
		     in->seg->flags & TCP_RST ? CN_DROP_TCP_CLOSED :
						CN_DROP_TCP_FLAGS,
		     now);
		break;
	case TCP_LISTEN_RST:
		if (!cookie_arrives(host, listener, in, now))
			closed_arrives(host, in, now);
		break;
	case TCP_LISTEN_SYN:
		syn_arrives(host, listener, in, isn_floor, now);
		break;
	}
}

static void conn_arrives(struct cn_sock *sock, const struct arriving *in,
			 uint64_t now)
{
	bool asked;

	sock_fetch(sock);
	asked = sock->tcb.fast && sock->tcb.state == CN_SYN_SENT;
	(void)tcp_arrives(&sock->tcb, in->seg, now);
	if (asked)
		fast_answered(sock, in->seg, now);
	sock_settle(sock, now);
}

static void flow_arrives(struct cn_host *host, struct flow *flow,
			 const struct arriving *in, uint64_t now)
{
	switch ((enum flow_kind)flow->kind) {
	case FLOW_CONN:
		conn_arrives((struct cn_sock *)flow, in, now);
		break;
	case FLOW_SYN:
		syn_segment(host, (struct syn_entry *)flow, in, now);
		break;
	case FLOW_TIME_WAIT:
		tw_segment(host, (struct tw_entry *)flow, in, now);
		break;
	case FLOW_SOCK:
		CN_ASSERT(false);
	}
}

static uint32_t packets_of(const struct net_packet *packet,
			   const struct tcp_seg *seg)
{
	if (!packet->seg_size || seg->data_len <= packet->seg_size)
		return 1;
	return (seg->data_len + packet->seg_size - 1) / packet->seg_size;
}

static void tcp_input(struct cn_host *host, const struct net_packet *packet,
		      uint64_t now)
{
	struct tcp_ports ports;
	struct tcp_seg seg;
	struct arriving in = {
		.tuple = {.local = packet->ip.dst, .peer = packet->ip.src},
		.link = packet->link,
		.packet = packet,
		.seg = &seg,
	};
	struct flow *flow;
	uint32_t data_off;
	enum cn_drop why;

	why = tcp_parse(packet->upper, packet->ip.payload_len, &ports, &seg,
			&data_off);
	if (!why) {
		in.tuple.local_port = ports.dst;
		in.tuple.peer_port = ports.src;
		in.hash = hash_of_arriving(host, &in.tuple);
		/* It comes while the octets are summed. */
		map_fetch(&host->flows, in.hash);
	}
	/* MUST-3 */
	if (!why && !net_packet_checksum_ok(packet))
		why = CN_DROP_TCP_CHECKSUM;
	if (why) {
		host->count.drop[why]++;
		return;
	}
	host->count.tcp_in += packets_of(packet, &seg);
	seg.seg_size = packet->seg_size;
	seg.tos = packet->ip.tos;
	seg.is_shared = host->link[packet->link].rx_shared;
	seg.slice_n = (uint8_t)net_packet_slices(packet, data_off, seg.slice);
	flow = flow_find(host, in.hash, &in.tuple);
	/* MUST-41: connections that exist come before listeners. */
	if (flow)
		flow_arrives(host, flow, &in, now);
	else
		listen_arrives(host, &in, NULL, now);
}

/*
 * RFC 5927 section 4: a message about a connection is believed only if it
 * quotes a sequence number that is in flight; to guess one costs as much as to
 * guess a reset.
 */
static bool conn_icmp(struct cn_sock *sock, const struct net_error *error,
		      uint64_t now)
{
	struct cn_host *host = sock_host(sock);
	struct tcb *tcb = &sock->tcb;
	const struct cn_addr *peer = &sock->flow.tuple.peer;
	uint32_t mss;
	bool hard;
	int err;

	if (!seq_in_window(error->quote.seq, tcb->snd_una,
			   tcb->snd_nxt - tcb->snd_una))
		return false;
	if (error->kind == ICMP_PACKET_TOO_BIG) {
		net_pmtu_lower(&host->net, peer, error->mtu, now);
		/* Another connection may have learned it before this one. */
		mss = host_path_mss(host, peer, now);
		if (mss < tcb->path_mss)
			tcp_path_mss(tcb, mss, now);
	} else {
		err = net_error_meaning(error, &hard);
		/* Deviation: as Linux, SHLD-26 is kept in SYN-SENT, and there
		 * for any error, and for what Fast Open took and nobody has
		 * accepted yet; later all are soft (RFC 5927 section 5.2). */
		hard = tcb->state == CN_SYN_SENT ||
		       (tcb->state == CN_SYN_RECEIVED && tcb->fast_child &&
			!sock->owned);
		if (err)
			tcp_icmp_error(tcb, err, hard, now);
	}
	sock_settle(sock, now);
	return true;
}

static bool icmp_arrives(struct cn_host *host, const struct net_packet *packet,
			 uint64_t now)
{
	const struct net_error *error = &packet->error;
	struct tuple tuple = {
		.local = error->quote.ip.src,
		.peer = error->quote.ip.dst,
		.local_port = error->quote.src_port,
		.peer_port = error->quote.dst_port,
	};
	struct flow *flow;

	if (error->quote.ip.protocol != IP_TCP)
		return dgram_icmp(host, error, packet->link, now);
	flow = flow_find(host, flow_hash(host, &tuple), &tuple);
	/* MUST-54: it is for the connection that it quotes. */
	if (flow && flow->kind == FLOW_CONN)
		return conn_icmp((struct cn_sock *)flow, error, now);
	if (flow && flow->kind == FLOW_SYN)
		return syn_icmp(host, (struct syn_entry *)flow, error, now);
	return false;
}

static void packet_arrives(struct cn_host *host,
			   const struct net_packet *packet, uint64_t now)
{
	if (packet->ip.protocol == IP_TCP) {
		tcp_input(host, packet, now);
		return;
	}
	dgram_input(host, packet, now);
}

void host_input(struct cn_host *host, int link, const struct cn_frame *frame,
		uint64_t now)
{
	struct net_packet packet;

	host_relieve(host, now);
	switch (net_input(&host->net, link, frame, &packet, now)) {
	case NET_DONE:
		return;
	case NET_PACKET:
		packet_arrives(host, &packet, now);
		break;
	case NET_ERROR:
		if (!icmp_arrives(host, &packet, now))
			host->count.drop[CN_DROP_ICMP_UNMATCHED]++;
		break;
	}
	net_packet_done(&packet);
}
