/* SPDX-License-Identifier: MIT */
/*
 * A holding listener (a gateway's) announces its SYNs instead of answering
 * them; its verdicts of refusal stay for two minutes, so that a verdict that
 * the path loses is repeated when the SYN is.
 */
#include <string.h>

#include "base/assert.h"
#include "host/host.h"

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
	syn_enter(host, SYN_RING_REFUSED, entry, now);
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
		syn_enter(host, SYN_RING_SENT, entry, now);
		syn_send_ack(host, entry, FAST_OPTION_NONE, now);
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
	if (syn_ring_of(entry) == SYN_RING_GONE) {
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
	syn_move(host, SYN_RING_HELD, entry);
	return true;
}

/* ------------------------------------------------------------ segments -- */

/* Nothing has been answered yet: all that counts is the SYN again (it is
 * already here) and the peer's change of mind. */
void syn_held_segment(struct cn_host *host, struct syn_entry *entry,
		      const struct arriving *in, uint64_t now)
{
	syn_drop(host, in, CN_DROP_TCP_HELD, now);
	if ((in->seg->flags & TCP_RST) && in->seg->seq == entry->irs + 1)
		syn_forget(host, entry, now);
}

void syn_refused_segment(struct cn_host *host, struct syn_entry *entry,
			 const struct arriving *in, uint64_t now)
{
	if (!syn_is_first(in->seg)) {
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
