/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets: which one a SYN is for, and the queue of connections
 * that wait to be accepted.
 */
#include <string.h>

#include "base/assert.h"
#include "host/host.h"

/*
 * How well a listener fits, as Linux's compute_score: the address itself
 * before a wildcard, and for IPv4 the IPv4 wildcard before the dual one.
 * 0: not at all.
 */
static unsigned listener_score(const struct listener *listener,
			       const struct cn_addr *addr)
{
	const struct cn_sock *sock = listener->sock;
	const struct cn_addr *local = &sock->flow.tuple.local;
	bool v4 = cn_addr_is_v4(addr);

	if (cn_addr_equal(local, addr))
		return 4;
	if (!cn_addr_is_any(local))
		return 0;
	if (cn_addr_is_v4(local))
		return v4 ? 3 : 0;
	if (v4)
		return sock->v6only ? 0 : 2;
	return 3;
}

struct choice {
	struct listener *best;
	unsigned score;
	uint32_t n; /* that share the port with the best */
};

static struct choice listener_best(struct listener *list,
				   const struct cn_addr *addr)
{
	struct choice choice = {NULL, 0, 0};

	for (struct listener *i = list; i; i = i->next) {
		unsigned score = listener_score(i, addr);

		if (score > choice.score) {
			choice.best = i;
			choice.score = score;
			choice.n = 1;
		} else if (score && score == choice.score &&
			   i->sock->reuseport && choice.best->sock->reuseport) {
			choice.n++;
		}
	}
	return choice;
}

/* The keyed hash of the connection spreads them evenly over the group. */
static struct listener *listener_pick(struct choice choice,
				      const struct cn_addr *addr, uint32_t hash)
{
	uint32_t skip = (uint32_t)((uint64_t)hash * choice.n >> 32);
	struct listener *i = choice.best;

	for (; skip; skip--)
		do
			i = i->next;
		while (listener_score(i, addr) != choice.score ||
		       !i->sock->reuseport);
	return i;
}

struct listener *listener_find(const struct cn_host *host,
			       const struct cn_addr *addr, uint16_t number,
			       uint32_t hash)
{
	const struct port *port = port_find(host, number);
	struct choice choice = {NULL, 0, 0};

	if (port)
		choice = listener_best(port->listeners, addr);
	if (!choice.best)
		choice = listener_best(host->any_port, addr);
	return choice.best ? listener_pick(choice, addr, hash) : NULL;
}

uint32_t listener_adv_mss(struct cn_host *host, const struct listener *listener,
			  const struct cn_addr *peer)
{
	const struct tcp_tune *tune = listener->sock->tcb.tune;
	uint32_t mss = host_adv_mss(host, peer);

	return tune && tune->maxseg && tune->maxseg < mss ? tune->maxseg : mss;
}

static struct listener **listener_list(struct cn_sock *sock)
{
	struct cn_host *host = sock_host(sock);
	struct port *port;

	if (sock->any_port)
		return &host->any_port;
	port = port_find(host, sock->flow.tuple.local_port);
	CN_ASSERT(port);
	return &port->listeners;
}

int listener_open(struct cn_sock *sock, uint32_t backlog, uint64_t now)
{
	struct cn_host *host = sock_host(sock);
	struct listener **list, *listener;

	listener = pool_alloc(host->set.pool, sizeof(*listener));
	if (!listener)
		return CN_E_NOMEM;
	listener->sock = sock;
	listener->backlog = backlog;
	list = listener_list(sock);
	listener->next = *list;
	*list = listener;
	CN_ASSERT(!sock->out_queued);
	sock->listener = listener;
	/* Entries may choose anew among those that share the port. */
	syns_recount(host, now);
	fast_recount(host);
	return CN_OK;
}

static void listener_reset_queue(struct listener *listener, uint64_t now)
{
	struct cn_sock *child;

	while ((child = listener_pop(listener))) {
		tcp_abort(&child->tcb, CN_E_CONNABORTED, now);
		sock_settle(child, now);
		sock_free(child);
	}
}

void listener_close(struct cn_sock *sock, uint64_t now)
{
	struct cn_host *host = sock_host(sock);
	struct listener **at = listener_list(sock);
	struct listener *listener = sock->listener;

	while (*at != listener)
		at = &(*at)->next;
	*at = listener->next;
	sock->listener = NULL;
	listener_reset_queue(listener, now);
	fast_unlisten(host, listener);
	pool_release(host->set.pool, listener, sizeof(*listener));
	syns_recount(host, now);
	fast_recount(host);
}

void listener_push(struct listener *listener, struct cn_sock *child)
{
	child->accept_next = NULL;
	if (listener->last)
		listener->last->accept_next = child;
	else
		listener->first = child;
	listener->last = child;
	listener->queued++;
}

struct cn_sock *listener_pop(struct listener *listener)
{
	struct cn_sock *child = listener->first;

	if (!child)
		return NULL;
	listener->first = child->accept_next;
	if (!listener->first)
		listener->last = NULL;
	child->accept_next = NULL;
	listener->queued--;
	return child;
}
