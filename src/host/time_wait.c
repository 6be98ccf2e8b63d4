/* SPDX-License-Identifier: MIT */
/*
 * TIME-WAIT (RFC 9293 section 3.6) in 64 octets: what the connection still has
 * to know for 2MSL.  One first-in first-out ring is the timer of all; when
 * the table is full the oldest leaves early.
 */
#include <string.h>

#include "base/assert.h"
#include "host/host.h"

/* RFC 7323 section 5.5: an older timestamp says nothing. */
#define TS_STALE_S (24u * 24 * 3600)
/* tcp_tw_recycle's lesson: connect() takes over only what is older. */
#define TW_REUSE_AFTER_NS CN_NS_PER_SEC

#define TW_NONE 0xffffffu
#define TW_MAX (TW_NONE - 1)

static uint64_t us_of(uint64_t now)
{
	return (now + CN_NS_PER_US - 1) / CN_NS_PER_US;
}

static uint32_t get24(const uint8_t p[3])
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static void put24(uint8_t p[3], uint32_t v)
{
	p[0] = (uint8_t)(v >> 16);
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)v;
}

static struct tw_entry *tw_at(const struct cn_host *host, uint32_t number)
{
	return shelf_at(&host->tws.shelf, number);
}

void tws_init(struct cn_host *host)
{
	uint32_t max = host->set.time_wait_max;

	if (max > TW_MAX)
		max = TW_MAX;
	memset(&host->tws, 0, sizeof(host->tws));
	shelf_init(&host->tws.shelf, host->set.pool, &host->budget, max);
	host->tws.first = TW_NONE;
	host->tws.last = TW_NONE;
}

void tws_deinit(struct cn_host *host)
{
	shelf_deinit(&host->tws.shelf);
}

/* ------------------------------------------------------------------ ring -- */

static void ring_add(struct cn_host *host, uint32_t number, uint64_t now)
{
	struct tw_table *tws = &host->tws;
	struct tw_entry *entry = tw_at(host, number);

	tws->clock_us = us_of(now);
	entry->at_us = (uint32_t)tws->clock_us;
	put24(entry->prev, tws->last);
	put24(entry->next, TW_NONE);
	if (tws->last == TW_NONE)
		tws->first = number;
	else
		put24(tw_at(host, tws->last)->next, number);
	tws->last = number;
}

static uint32_t ring_remove(struct cn_host *host, struct tw_entry *entry)
{
	struct tw_table *tws = &host->tws;
	uint32_t prev = get24(entry->prev), next = get24(entry->next);
	uint32_t number;

	/* Its neighbour knows an entry's number. */
	if (prev == TW_NONE) {
		number = tws->first;
		tws->first = next;
	} else {
		number = get24(tw_at(host, prev)->next);
		put24(tw_at(host, prev)->next, next);
	}
	if (next == TW_NONE)
		tws->last = prev;
	else
		put24(tw_at(host, next)->prev, prev);
	return number;
}

/* --------------------------------------------------------------- packing -- */

static void tw_pack(struct tw_entry *entry, const struct tcp_tw *tw,
		    uint64_t now)
{
	uint32_t age = (uint32_t)(now / CN_NS_PER_SEC) - tw->ts_recent_age_s;

	entry->snd_nxt = tw->snd_nxt;
	entry->rcv_nxt = tw->rcv_nxt;
	entry->ts_recent = tw->ts_recent;
	entry->ts_age_s &= TW_COUNTED;
	entry->ts_age_s |= (uint16_t)(age < TW_AGE_MAX ? age : TW_AGE_MAX);
	entry->rcv_wnd = (uint16_t)(tw->rcv_wnd >> tw->rcv_wscale);
	entry->flow.mark &= TW_CLASS_MASK;
	entry->flow.mark |= (uint8_t)(tw->rcv_wscale << TW_WSCALE_SHIFT);
	entry->flow.ecn = (tw->ace & TW_ACE_MASK) |
			  (tw->has_ace ? TW_HAS_ACE : 0);
	if (tw->options & TCP_OPT_TS && age < TS_STALE_S)
		entry->flow.mark |= TW_TS;
}

static void tw_unpack(const struct tw_entry *entry, struct tcp_tw *tw,
		      uint64_t now)
{
	memset(tw, 0, sizeof(*tw));
	tw->snd_nxt = entry->snd_nxt;
	tw->rcv_nxt = entry->rcv_nxt;
	tw->ts_recent = entry->ts_recent;
	tw->ts_recent_age_s = (uint32_t)(now / CN_NS_PER_SEC) -
			      (entry->ts_age_s & TW_AGE_MAX);
	tw->rcv_wscale = entry->flow.mark >> TW_WSCALE_SHIFT;
	tw->rcv_wnd = (uint32_t)entry->rcv_wnd << tw->rcv_wscale;
	tw->options = entry->flow.mark & TW_TS ? TCP_OPT_TS : 0;
	tw->has_ace = (entry->flow.ecn & TW_HAS_ACE) != 0;
	tw->ace = entry->flow.ecn & TW_ACE_MASK;
}

/* --------------------------------------------------------- life of one -- */

static int tw_count(struct cn_host *host, struct tw_entry *entry)
{
	const struct tuple *tuple = &entry->flow.tuple;
	int err = port_add(host, tuple->local_port, &tuple->local,
			   entry->flow.mark & TW_CLASS_MASK, false);

	if (!err)
		entry->ts_age_s |= TW_COUNTED;
	return err;
}

static void tw_uncount(struct cn_host *host, const struct tw_entry *entry)
{
	const struct tuple *tuple = &entry->flow.tuple;

	if (entry->ts_age_s & TW_COUNTED)
		port_remove(host, tuple->local_port, &tuple->local,
			    entry->flow.mark & TW_CLASS_MASK);
}

static void tw_remove(struct cn_host *host, struct tw_entry *entry,
		      const char *rule, uint64_t now)
{
	const struct tuple *tuple = &entry->flow.tuple;

	flow_trace_state(host, tuple, CN_TIME_WAIT, CN_CLOSED, rule, now);
	map_remove(&host->flows, flow_hash(host, tuple), entry);
	tw_uncount(host, entry);
	shelf_give(&host->tws.shelf, ring_remove(host, entry));
}

static uint32_t tw_take(struct cn_host *host, uint64_t now)
{
	struct tw_table *tws = &host->tws;

	if (tws->shelf.n && tws->shelf.n >= host->set.time_wait_max) {
		host->count.tcp_time_wait_overflow++;
		tw_remove(host, tw_at(host, tws->first), "time_wait_max", now);
	}
	if (!host->set.time_wait_max)
		return SHELF_NONE;
	return shelf_take(&tws->shelf);
}

/* In the map in the orphan's stead, or beside a socket that nothing finds any
 * more. */
static bool tw_map(struct cn_sock *sock, struct tw_entry *entry)
{
	struct cn_host *host = sock_host(sock);
	const struct tuple *tuple = &entry->flow.tuple;
	uint32_t hash = flow_hash(host, tuple);

	if (sock->port_held && tw_count(host, entry))
		return false;
	if (sock->orphan) {
		map_replace(&host->flows, hash, sock, entry);
		return true;
	}
	if (!map_insert(&host->flows, hash, entry))
		return true;
	tw_uncount(host, entry);
	return false;
}

void tw_enter(struct cn_sock *sock, uint64_t now)
{
	struct cn_host *host = sock_host(sock);
	uint32_t number;
	struct tw_entry *entry;
	struct tcp_tw tw;

	out_last_words(sock, now);
	number = tw_take(host, now);
	if (number != SHELF_NONE) {
		entry = tw_at(host, number);
		entry->flow.kind = FLOW_TIME_WAIT;
		entry->flow.tuple = sock->flow.tuple;
		entry->flow.mark = port_class_of(sock) & TW_CLASS_MASK;
		tcp_tw_init(&tw, &sock->tcb);
		tw_pack(entry, &tw, now);
		if (tw_map(sock, entry))
			ring_add(host, number, now);
		else
			shelf_give(&host->tws.shelf, number);
	}
	sock_finish(sock);
}

static void tw_drop(struct cn_host *host, const struct tcp_tw *tw,
		    const struct arriving *in, uint64_t now)
{
	host->count.drop[CN_DROP_TCP_TIME_WAIT]++;
	flow_trace_time_wait(host, &in->tuple, CN_TRACE_IN, in->seg, tw, now);
}

/*
 * RFC 6191, MAY-2: a SYN that is newer than all that the old connection sent
 * opens a new one at once, above its numbers; nobody listening, it is as if
 * nobody had been here.
 */
static void tw_revive(struct cn_host *host, struct tw_entry *entry,
		      const struct arriving *in, uint64_t now)
{
	uint32_t floor = entry->snd_nxt + 65535;
	bool listens = listener_find(host, &in->tuple.local,
				     in->tuple.local_port, in->hash) != NULL;

	if (listens)
		host->count.tcp_time_wait_reused++;
	tw_remove(host, entry, "RFC 6191 section 2", now);
	listen_arrives(host, in, &floor, now);
}

void tw_segment(struct cn_host *host, struct tw_entry *entry,
		const struct arriving *in, uint64_t now)
{
	struct tcp_seg reply;
	struct tcp_tw tw;
	enum tcp_tw_verdict verdict;

	tw_unpack(entry, &tw, now);
	verdict = tcp_tw_arrives(&tw, &host->env, host_ts_off(host, &in->tuple),
				 in->seg, &reply, now);
	if (verdict == TCP_TW_REUSE) {
		tw_revive(host, entry, in, now);
		return;
	}
	tw_drop(host, &tw, in, now);
	if (verdict == TCP_TW_DROP)
		return;
	/* Answers are as limited as resets are: two ends in TIME-WAIT must
	 * not talk for ever. */
	if (!net_rst_allowed(&host->net, in->link, &in->tuple.peer, now))
		return;
	host->count.tcp_out++;
	flow_trace_time_wait(host, &in->tuple, CN_TRACE_OUT, &reply, &tw, now);
	reply_push(host, &in->tuple, &reply, host->set.ttl, now);
	if (verdict == TCP_TW_RESTART) {
		tw_pack(entry, &tw, now);
		ring_add(host, ring_remove(host, entry), now);
	}
}

static bool is_loopback(const struct tuple *tuple)
{
	return cn_addr_is_loopback(&tuple->local) ||
	       cn_addr_is_loopback(&tuple->peer);
}

/*
 * Timestamps tell old segments from new ones.  As Linux: an application that
 * named the port gets it at once; a port that is ours to choose is not taken
 * while there are others, but over loopback after a second (tcp_tw_reuse = 2).
 */
static bool may_take_over(const struct cn_host *host,
			  const struct tw_entry *entry, bool named,
			  uint64_t now)
{
	uint64_t began = tw_ends_at(host, entry) - host->set.msl2_ns;

	if (!(entry->flow.mark & TW_TS))
		return false;
	return named || (is_loopback(&entry->flow.tuple) &&
			 now >= began + TW_REUSE_AFTER_NS);
}

bool tw_give_way(struct cn_host *host, struct tw_entry *entry, bool named,
		 uint32_t *isn, uint64_t now)
{
	if (!may_take_over(host, entry, named, now))
		return false;
	*isn = entry->snd_nxt + 65535 + 2;
	tw_remove(host, entry, "RFC 6191 section 2", now);
	return true;
}

/* ------------------------------------------------------------------ time -- */

/* MUST-13: two segment lifetimes from the last ACK. */
uint64_t tw_ends_at(const struct cn_host *host, const struct tw_entry *entry)
{
	uint64_t clock = host->tws.clock_us;
	uint64_t began = clock - (uint32_t)((uint32_t)clock - entry->at_us);

	return began * CN_NS_PER_US + host->set.msl2_ns;
}

uint64_t tws_deadline(const struct cn_host *host)
{
	if (host->tws.first == TW_NONE)
		return CN_NEVER;
	return tw_ends_at(host, tw_at(host, host->tws.first));
}

void tws_advance(struct cn_host *host, uint64_t now)
{
	while (host->tws.first != TW_NONE) {
		struct tw_entry *entry = tw_at(host, host->tws.first);

		if (tw_ends_at(host, entry) > now)
			return;
		tw_remove(host, entry, "RFC 9293 section 3.10.8", now);
	}
}
