/* SPDX-License-Identifier: MIT */
/*
 * RFC 4987 section 3.4: the store of connections in SYN-RECEIVED, 64 octets
 * each and bounded, in rings by what they wait for.  Which SYN gets one stands
 * in syn_admission.c, what segments do to it in handshake.c.
 */
#include "host/syn_cache.h"

#include <string.h>

#include "host/host.h"

#define SYN_VERDICT_NS (120 * CN_NS_PER_SEC)
/* No connect() of a kernel takes longer with its defaults (127 s). */
#define SYN_HOLD_NS (300 * CN_NS_PER_SEC)

uint64_t syn_us(uint64_t now)
{
	return (now + CN_NS_PER_US - 1) / CN_NS_PER_US;
}

/* -------------------------------------------------------------- packing -- */

void syn_unpack(const struct syn_entry *entry, struct tcp_syn *syn)
{
	memset(syn, 0, sizeof(*syn));
	syn->irs = entry->irs;
	syn->iss = entry->iss;
	syn->ts_recent = entry->ts_recent;
	syn->peer_mss = entry->peer_mss;
	syn->rcv_wnd = entry->rcv_wnd;
	syn->peer_wscale = entry->wscales & 0xf;
	syn->rcv_wscale = entry->wscales >> 4;
	syn->options = entry->bits & (0xf & ~TCP_OPT_MSS);
	if (syn->peer_mss)
		syn->options |= TCP_OPT_MSS;
	syn->rexmit_n = entry->bits >> 4;
	syn->ecn = entry->flow.ecn;
	syn->again = (entry->flow.mark & SYN_AGAIN) != 0;
}

void syn_pack(struct syn_entry *entry, const struct tcp_syn *syn)
{
	entry->irs = syn->irs;
	entry->iss = syn->iss;
	entry->ts_recent = syn->ts_recent;
	entry->peer_mss = syn->peer_mss;
	entry->rcv_wnd = syn->rcv_wnd;
	entry->wscales =
		(uint8_t)((syn->peer_wscale & 0xf) | syn->rcv_wscale << 4);
	entry->bits = (uint8_t)((syn->options & 0xf & ~TCP_OPT_MSS) |
				syn->rexmit_n << 4);
	entry->flow.ecn = syn->ecn & 0xf;
}

unsigned syn_rexmit_n(const struct syn_entry *entry)
{
	return entry->bits >> 4;
}

/* ---------------------------------------------------------------- rings -- */

struct syn_entry *syn_at(const struct cn_host *host, uint32_t number)
{
	return shelf_at(&host->syns.shelf, number);
}

unsigned syn_ring_of(const struct syn_entry *entry)
{
	return entry->flow.mark & SYN_RING_MASK;
}

bool syn_is_held(const struct syn_entry *entry)
{
	return syn_ring_of(entry) == SYN_RING_NEWS ||
	       syn_ring_of(entry) == SYN_RING_HELD;
}

/* Its neighbour knows an entry's number. */
uint16_t syn_number(const struct cn_host *host, const struct syn_entry *entry)
{
	if (entry->prev == SYN_NONE)
		return host->syns.ring[syn_ring_of(entry)].first;
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
	struct syn_ring_head *head = &host->syns.ring[syn_ring_of(entry)];
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

void syn_move(struct cn_host *host, unsigned ring, struct syn_entry *entry)
{
	ring_add(host, ring, ring_remove(host, entry));
}

/* The entry begins to wait in that ring now. */
void syn_enter(struct cn_host *host, unsigned ring, struct syn_entry *entry,
	       uint64_t now)
{
	syn_move(host, ring, entry);
	host->syns.clock_us = syn_us(now);
	entry->at_us = (uint32_t)host->syns.clock_us;
}

void syns_init(struct cn_host *host)
{
	uint32_t max = host->set.syn_cache_max;

	max += host->set.syn_backlog / 4 + 1; /* remembered verdicts */
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

struct listener *syn_listener(const struct cn_host *host,
			      const struct syn_entry *entry)
{
	const struct tuple *tuple = &entry->flow.tuple;

	return listener_find(host, &tuple->local, tuple->local_port,
			     flow_hash(host, tuple));
}

void syn_uncount(struct cn_host *host, struct syn_entry *entry)
{
	struct listener *listener;

	if (syn_ring_of(entry) == SYN_RING_REFUSED) {
		host->syns.refused_n--;
		return;
	}
	host->syns.open_n--;
	listener = syn_listener(host, entry);
	if (listener && listener->syn_n)
		listener->syn_n--;
}

/* Out of ring and store; the map is the caller's affair. */
void syn_discard(struct cn_host *host, struct syn_entry *entry)
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
void syn_forget(struct cn_host *host, struct syn_entry *entry, uint64_t now)
{
	bool told = entry->flow.mark & SYN_TOLD &&
		    syn_ring_of(entry) != SYN_RING_REFUSED;

	if (syn_ring_of(entry) != SYN_RING_REFUSED)
		flow_trace_state(host, &entry->flow.tuple, CN_SYN_RECEIVED,
				 CN_CLOSED, "RFC 4987 section 3.4", now);
	syn_uncount(host, entry);
	syn_unmap(host, entry);
	if (told)
		syn_move(host, SYN_RING_GONE, entry);
	else
		syn_discard(host, entry);
}

void syn_evict_verdict(struct cn_host *host, uint64_t now)
{
	uint16_t oldest = host->syns.ring[SYN_RING_REFUSED].first;

	if (oldest != SYN_NONE)
		syn_forget(host, syn_at(host, oldest), now);
}

struct syn_entry *syn_new(struct cn_host *host, const struct arriving *in,
			  unsigned ring, uint64_t now)
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
	syn_enter(host, ring, entry, now);
	if (map_insert(&host->flows, in->hash, entry)) {
		syn_discard(host, entry);
		return NULL;
	}
	return entry;
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

	return began * CN_NS_PER_US + ring_timeout(host, syn_ring_of(entry));
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

	if (syn_ring_of(entry) >= SYN_LEVELS || n >= host->set.synack_retries ||
	    n + 1 >= SYN_LEVELS) {
		syn_forget(host, entry, now);
		return;
	}
	listener = syn_listener(host, entry);
	entry->bits = (uint8_t)((entry->bits & 0xf) | (n + 1) << 4);
	syn_enter(host, syn_ring_of(entry) + 1, entry, now);
	/* A deferred handshake is asked about only when its time is up. */
	if (!(entry->flow.mark & SYN_ACKED) || !listener ||
	    n + 1 >= listener->sock->defer_n)
		syn_send_ack(host, entry, FAST_OPTION_NONE, now);
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

enum syn_wait syn_waits(const struct cn_host *host,
			const struct syn_entry *entry)
{
	const struct listener *listener = syn_listener(host, entry);

	if (syn_is_held(entry))
		return SYN_WAITS_GATEWAY;
	if (syn_ring_of(entry) >= SYN_LEVELS)
		return SYN_WAITS_NOT;
	if (listener && listener_is_full(listener))
		return SYN_WAITS_ROOM;
	return entry->flow.mark & SYN_ACKED ? SYN_WAITS_DATA : SYN_WAITS_ACK;
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
