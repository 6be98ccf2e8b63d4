/* SPDX-License-Identifier: MIT */
/*
 * The life of a datagram socket within its host: which port it has, whom it is
 * connected to, and what the application must learn.
 *
 * Who may have a port is Linux's udp_lib_lport_inuse: sockets that overlap in
 * address share it if both said SO_REUSEADDR, or both said SO_REUSEPORT.
 */
#include "host/dgram.h"

#include <string.h>

#include "base/assert.h"
#include "host/host.h"

void dgrams_init(struct cn_host *host)
{
	struct dgram_table *table = &host->dgrams;

	list_init(&table->all);
	for (int i = 0; i < DGRAM_PROTOCOLS; i++) {
		map_init(&table->space[i].ports, host->set.pool);
		map_init(&table->space[i].conns, host->set.pool);
	}
}

static struct cn_dgram *event_pop(struct dgram_table *table)
{
	struct cn_dgram *dgram = table->event_first;

	if (!dgram)
		return NULL;
	table->event_first = dgram->event_next;
	if (!table->event_first)
		table->event_last = NULL;
	dgram->event_next = NULL;
	dgram->event_queued = false;
	return dgram;
}

static void release(struct cn_dgram *dgram)
{
	struct cn_host *host = dgram->host;

	if (!dgram->dead || dgram->event_queued)
		return;
	budget_refund(&host->budget, sizeof(*dgram));
	pool_release(host->set.pool, dgram, sizeof(*dgram));
}

void dgrams_deinit(struct cn_host *host)
{
	struct dgram_table *table = &host->dgrams;
	struct cn_dgram *dgram;

	while (!list_is_empty(&table->all))
		dgram_free(CN_CONTAINER(list_first(&table->all),
					struct cn_dgram, all));
	while ((dgram = event_pop(table)))
		release(dgram);
	dgram_out_drop_all(host);
	for (int i = 0; i < DGRAM_PROTOCOLS; i++) {
		map_deinit(&table->space[i].ports);
		map_deinit(&table->space[i].conns);
	}
}

static struct dgram_space *space_of(const struct cn_dgram *dgram)
{
	return &dgram->host->dgrams.space[dgram->protocol];
}

struct cn_dgram *dgram_alloc(struct cn_host *host, enum dgram_protocol protocol,
			     bool family6)
{
	struct cn_dgram *dgram;

	if (host->budget.used + sizeof(*dgram) > host->set.memory_limit)
		return NULL;
	dgram = pool_alloc(host->set.pool, sizeof(*dgram));
	if (!dgram)
		return NULL;
	budget_charge(&host->budget, sizeof(*dgram));
	dgram->host = host;
	dgram->protocol = (uint8_t)protocol;
	dgram->family6 = family6;
	if (!family6)
		dgram->tuple.local = cn_addr_v4(0, 0, 0, 0);
	dgram->discover = DISCOVER_WANT;
	dgram->many_ttl = 1;
	dgram->many_loop = true;
	dgram->many_all = true;
	dgram->link = -1;
	dgram->many_link = -1;
	dgram->rcvbuf = host->set.dgram_rcvbuf;
	dgram->sndbuf = host->set.dgram_sndbuf;
	if (protocol == DGRAM_PING)
		host->net.echo_ears++;
	list_add_tail(&host->dgrams.all, &dgram->all);
	return dgram;
}

static void leave_groups(struct cn_dgram *dgram)
{
	struct cn_host *host = dgram->host;

	for (unsigned i = 0; i < dgram->group_n; i++)
		net_group_leave(&host->net, dgram->group[i].link,
				&dgram->group[i].addr);
	pool_release(host->set.pool, dgram->group,
		     DGRAM_GROUPS * sizeof(*dgram->group));
	dgram->group = NULL;
	dgram->group_n = 0;
}

static void leave_any(struct cn_dgram *dgram)
{
	struct cn_dgram **at = &space_of(dgram)->any;

	while (*at && *at != dgram)
		at = &(*at)->any_next;
	if (*at)
		*at = dgram->any_next;
}

void dgram_free(struct cn_dgram *dgram)
{
	dgram_drop_port(dgram);
	leave_any(dgram);
	leave_groups(dgram);
	dgram_in_drop_all(dgram);
	while (dgram->fail_first)
		dgram_failure_drop(dgram);
	dgram_out_disown(dgram);
	if (dgram->protocol == DGRAM_PING)
		dgram->host->net.echo_ears--;
	list_del(&dgram->all);
	dgram->dead = true;
	release(dgram);
}

/* --------------------------------------------------------------- ports -- */

static uint32_t port_hash(uint16_t number)
{
	return number * UINT32_C(0x9e3779b1);
}

static bool port_match(const void *object, const void *key)
{
	const struct dgram_port *port = object;
	const uint16_t *number = key;

	return port->number == *number;
}

struct dgram_port *dgram_port_find(const struct dgram_space *space,
				   uint16_t number)
{
	return map_find(&space->ports, port_hash(number), port_match, &number);
}

static struct dgram_port *port_get(struct cn_dgram *dgram, uint16_t number)
{
	struct dgram_space *space = space_of(dgram);
	struct dgram_port *port = dgram_port_find(space, number);

	if (port)
		return port;
	port = pool_alloc(dgram->host->set.pool, sizeof(*port));
	if (!port)
		return NULL;
	port->number = number;
	if (map_insert(&space->ports, port_hash(number), port)) {
		pool_release(dgram->host->set.pool, port, sizeof(*port));
		return NULL;
	}
	return port;
}

static struct cn_dgram **list_of(struct dgram_port *port,
				 const struct cn_dgram *dgram)
{
	return dgram->connected ? &port->connected : &port->bound;
}

static void port_link(struct dgram_port *port, struct cn_dgram *dgram)
{
	struct cn_dgram **list = list_of(port, dgram);

	dgram->port_next = *list;
	*list = dgram;
}

static void port_unlink(struct dgram_port *port, struct cn_dgram *dgram)
{
	struct cn_dgram **at = list_of(port, dgram);

	while (*at != dgram)
		at = &(*at)->port_next;
	*at = dgram->port_next;
}

static bool excused(const struct cn_dgram *a, const struct cn_dgram *b)
{
	return (a->reuseaddr && b->reuseaddr) ||
	       (a->reuseport && b->reuseport) ||
	       (a->link >= 0 && b->link >= 0 && a->link != b->link);
}

static bool conflicts(const struct cn_dgram *dgram, const struct cn_dgram *list,
		      bool strict)
{
	for (const struct cn_dgram *i = list; i; i = i->port_next) {
		if (i == dgram || (!strict && excused(dgram, i)))
			continue;
		if (port_addr_overlaps(&dgram->tuple.local, dgram->v6only,
				       &i->tuple.local, i->v6only))
			return true;
	}
	return false;
}

int dgram_take_port(struct cn_dgram *dgram, uint16_t number, bool strict)
{
	struct dgram_port *port = dgram_port_find(space_of(dgram), number);

	CN_ASSERT(!dgram->port_held && !dgram->connected);
	if (port && (conflicts(dgram, port->bound, strict) ||
		     conflicts(dgram, port->connected, strict)))
		return CN_E_ADDRINUSE;
	port = port_get(dgram, number);
	if (!port)
		return CN_E_NOMEM;
	dgram->tuple.local_port = number;
	dgram->port_held = true;
	port_link(port, dgram);
	return CN_OK;
}

int dgram_take_any_port(struct cn_dgram *dgram)
{
	struct port_walk walk;
	uint16_t number;
	int err = CN_E_ADDRINUSE;

	port_walk_begin(dgram->host, &walk);
	while (err == CN_E_ADDRINUSE && port_walk_next(&walk, &number))
		err = dgram_take_port(dgram, number, true);
	/* Linux: none is free is not the same as this one is not. */
	return err == CN_E_ADDRINUSE ? CN_E_AGAIN : err;
}

void dgram_drop_port(struct cn_dgram *dgram)
{
	struct dgram_space *space = space_of(dgram);
	struct dgram_port *port;

	if (!dgram->port_held)
		return;
	dgram_disconnect(dgram);
	port = dgram_port_find(space, dgram->tuple.local_port);
	CN_ASSERT(port);
	port_unlink(port, dgram);
	dgram->port_held = false;
	dgram->tuple.local_port = 0;
	if (port->bound || port->connected)
		return;
	map_remove(&space->ports, port_hash(port->number), port);
	pool_release(dgram->host->set.pool, port, sizeof(*port));
}

/* ------------------------------------------------------------- connect -- */

int dgram_connect(struct cn_dgram *dgram, const struct tuple *tuple)
{
	struct dgram_space *space = space_of(dgram);
	struct dgram_port *port = dgram_port_find(space, tuple->local_port);

	CN_ASSERT(dgram->port_held && port);
	dgram_disconnect(dgram);
	if (map_insert(&space->conns, flow_hash(dgram->host, tuple), dgram))
		return CN_E_NOMEM;
	port_unlink(port, dgram);
	dgram->tuple = *tuple;
	dgram->connected = true;
	port_link(port, dgram);
	return CN_OK;
}

void dgram_disconnect(struct cn_dgram *dgram)
{
	static const struct cn_addr none;
	struct dgram_space *space = space_of(dgram);
	struct dgram_port *port;

	if (!dgram->connected)
		return;
	port = dgram_port_find(space, dgram->tuple.local_port);
	CN_ASSERT(port);
	map_remove(&space->conns, flow_hash(dgram->host, &dgram->tuple), dgram);
	port_unlink(port, dgram);
	dgram->connected = false;
	dgram->tuple.peer = none;
	dgram->tuple.peer_port = 0;
	port_link(port, dgram);
}

/* By which link: the socket's, that of multicast, or the route's. */
static int link_to(const struct cn_dgram *dgram, const struct cn_addr *peer)
{
	const struct net *net = &dgram->host->net;
	int link = net_route(net, peer);

	if (cn_addr_is_multicast(peer)) {
		if (dgram->link >= 0)
			return dgram->link;
		if (dgram->many_link >= 0)
			return dgram->many_link;
		return link >= 0 ? link : net_first_link(net, peer);
	}
	if (dgram->link < 0 || net_is_local(net, peer))
		return link;
	return dgram->link;
}

int dgram_way(const struct cn_dgram *dgram, const struct cn_addr *peer,
	      struct cn_addr *src, int *link)
{
	const struct net *net = &dgram->host->net;
	int asked = *link;

	*link = asked >= 0 && !net_is_local(net, peer) ? asked :
							 link_to(dgram, peer);
	if (*link < 0)
		return *link;
	if (cn_addr_is_any(src)) {
		if (net_is_local(net, peer)) {
			*src = *peer;
			return CN_OK;
		}
		return net_source_on(net, *link, peer, src);
	}
	if (cn_addr_is_v4(src) != cn_addr_is_v4(peer))
		return CN_E_NETUNREACH;
	/* 127/8 never travels (RFC 1122 section 3.2.1.3 (g)). */
	if (cn_addr_is_loopback(src) && !net->routes.link[*link].loopback)
		return CN_E_INVAL;
	return CN_OK;
}

/* One bit of 64 for each peer: few enough to tell strangers from those whom
 * the socket has spoken to. */
uint64_t dgram_mark(const struct cn_dgram *dgram, const struct cn_addr *peer)
{
	return UINT64_C(1) << (siphash24(&dgram->host->flow_key, peer->octet,
					 sizeof(peer->octet)) %
			       64);
}

/* -------------------------------------------------------------- events -- */

void dgram_tell(struct cn_dgram *dgram)
{
	struct dgram_table *table = &dgram->host->dgrams;

	if (dgram->event_queued || dgram->dead)
		return;
	dgram->event_queued = true;
	dgram->event_next = NULL;
	if (table->event_last)
		table->event_last->event_next = dgram;
	else
		table->event_first = dgram;
	table->event_last = dgram;
}

bool dgrams_event(struct cn_host *host, struct cn_event *event)
{
	struct cn_dgram *dgram;

	while ((dgram = event_pop(&host->dgrams))) {
		if (dgram->dead) {
			release(dgram);
			continue;
		}
		memset(event, 0, sizeof(*event));
		event->kind = CN_EVENT_READY;
		event->dgram = dgram;
		event->tag = dgram->tag;
		return true;
	}
	return false;
}
