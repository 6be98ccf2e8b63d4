/* SPDX-License-Identifier: MIT */
/*
 * The kernel as a node: what reaches it leaves by a TUN interface, and what the
 * kernel routes into the interface comes out there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "link/netlink.h"
#include "link/tun.h"
#include "loop/loop.h"
#include "run/network/network_parts.h"
#include "run/network/plan_parts.h"

#define TURN 64

struct tunnel {
	struct network_tun *all;
	int node;
	struct tun tun;
	struct loop_watch watch;
	bool open, readable, writable;
	/* Refused by the interface for the moment. */
	struct cn_frame held;
	bool holds;
};

struct network_tun {
	struct loop *loop;
	void (*step)(void *ctx);
	void *ctx;
	unsigned n;
	struct tunnel tunnel[];
};

static void ready(void *ctx, uint32_t events)
{
	struct tunnel *tunnel = ctx;

	if (events & EPOLLIN)
		tunnel->readable = true;
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		tunnel->writable = true;
	tunnel->all->step(tunnel->all->ctx);
}

/* The kernel's way to a network. */
static int add_way(struct netlink *netlink, const struct tunnel *tunnel,
		   const struct plan_addr *addr)
{
	struct cn_addr prefix = plan_prefix(&addr->addr, addr->prefix_len);

	return netlink_route_add(netlink, tunnel->tun.name, &prefix,
				 addr->prefix_len, NULL);
}

static int add_ways(struct netlink *netlink, const struct network *network,
		    const struct tunnel *tunnel)
{
	const struct plan *plan = network->plan;
	const struct plan_end *own =
		plan_node(plan, (unsigned)tunnel->node)->end[0];

	for (unsigned i = 0; i < network->wire_n; i++) {
		const struct plan_end *end = network->wire[i].end;

		for (unsigned a = 0; a < end->addrs.n; a++) {
			int rc = 0;

			/* Its own network comes with its address. */
			if (end != own &&
			    (end->link != own->link || end->addrs.at[a].given))
				rc = add_way(netlink, tunnel,
					     &end->addrs.at[a]);
			if (rc && rc != -EEXIST)
				return rc;
		}
	}
	return 0;
}

static const char *configure(const struct network *network,
			     const struct tunnel *tunnel, char *why)
{
	const struct plan *plan = network->plan;
	const struct plan_node *node = plan_node(plan, (unsigned)tunnel->node);
	const struct plan_end *end = node->end[0];
	struct netlink netlink;
	int rc = netlink_open(&netlink);

	if (!rc)
		rc = netlink_up(&netlink, tunnel->tun.name,
				plan_link(plan, (unsigned)end->link)->mtu);
	for (unsigned i = 0; !rc && i < end->addrs.n; i++)
		rc = netlink_addr_add(&netlink, tunnel->tun.name,
				      &end->addrs.at[i].addr,
				      end->addrs.at[i].prefix_len);
	if (!rc)
		rc = add_ways(&netlink, network, tunnel);
	if (rc)
		snprintf(why, PLAN_WHY, "%s: %s", node->name, netlink.error);
	netlink_close(&netlink);
	return rc ? why : NULL;
}

static const char *open_one(const struct network *network,
			    struct tunnel *tunnel, char *why)
{
	const struct plan_node *node =
		plan_node(network->plan, (unsigned)tunnel->node);
	char error[TUN_ERROR] = "";

	if (!node->end_n) {
		snprintf(why, PLAN_WHY,
			 "%s is joined to nothing; write 'link r1 %s'",
			 node->name, node->name);
		return why;
	}
	if (tun_open(&tunnel->tun, node->device, 0, error)) {
		snprintf(why, PLAN_WHY, "%s: %s", node->name, error);
		return why;
	}
	tunnel->open = true;
	tunnel->writable = true;
	tunnel->watch.fd = tunnel->tun.fd;
	tunnel->watch.ready = ready;
	tunnel->watch.ctx = tunnel;
	if (loop_watch(tunnel->all->loop, &tunnel->watch,
		       EPOLLIN | EPOLLOUT | EPOLLET)) {
		snprintf(why, PLAN_WHY, "%s: no descriptor can be watched",
			 node->name);
		return why;
	}
	return configure(network, tunnel, why);
}

const char *network_tun_open(struct network *network, struct loop *loop,
			     void (*step)(void *ctx), void *ctx,
			     char why[PLAN_WHY])
{
	const struct plan *plan = network->plan;
	struct network_tun *all;
	unsigned n = 0;

	for (unsigned i = 0; i < plan_node_n(plan); i++)
		n += plan_node(plan, i)->kind == PLAN_TUN;
	if (!n)
		return NULL;
	all = calloc(1, sizeof(*all) + n * sizeof(all->tunnel[0]));
	if (!all) {
		snprintf(why, PLAN_WHY, "no memory");
		return why;
	}
	network->tun = all;
	all->loop = loop;
	all->step = step;
	all->ctx = ctx;
	for (unsigned i = 0; i < plan_node_n(plan); i++) {
		struct tunnel *tunnel = &all->tunnel[all->n];

		if (plan_node(plan, i)->kind != PLAN_TUN)
			continue;
		tunnel->all = all;
		tunnel->node = (int)i;
		all->n++;
		if (open_one(network, tunnel, why)) {
			network_tun_close(network);
			return why;
		}
	}
	return NULL;
}

void network_tun_close(struct network *network)
{
	struct network_tun *all = network->tun;

	for (unsigned i = 0; all && i < all->n; i++) {
		struct tunnel *tunnel = &all->tunnel[i];

		if (tunnel->holds)
			cn_frame_release(&tunnel->held);
		if (!tunnel->open)
			continue;
		loop_unwatch(all->loop, &tunnel->watch);
		tun_close(&tunnel->tun);
	}
	free(all);
	network->tun = NULL;
}

/* -------------------------------------------------------------- moving -- */

static bool read_some(struct network *network, struct tunnel *tunnel,
		      uint64_t now)
{
	struct cn_frame frame;
	unsigned n = 0;

	while (n < TURN && tunnel->readable) {
		if (tun_read(&tunnel->tun, network->config.pool, &frame)) {
			tunnel->readable = false;
			break;
		}
		network_give(network, tunnel->node, &frame, now);
		n++;
	}
	return n > 0;
}

static bool write_some(struct network *network, struct tunnel *tunnel,
		       uint64_t now)
{
	unsigned n = 0;

	while (n < TURN && tunnel->writable) {
		if (!tunnel->holds &&
		    !network_take(network, tunnel->node, &tunnel->held, now))
			break;
		tunnel->holds = true;
		if (tun_write(&tunnel->tun, &tunnel->held) == CN_E_AGAIN) {
			tunnel->writable = false;
			break;
		}
		cn_frame_release(&tunnel->held);
		tunnel->holds = false;
		n++;
	}
	return n > 0;
}

bool network_tun_move(struct network *network, uint64_t now)
{
	struct network_tun *all = network->tun;
	bool any = false;

	for (unsigned i = 0; all && i < all->n; i++) {
		any |= read_some(network, &all->tunnel[i], now);
		any |= write_some(network, &all->tunnel[i], now);
	}
	return any;
}

uint64_t network_tun_deadline(const struct network *network)
{
	const struct network_tun *all = network->tun;
	uint64_t next = CN_NEVER;

	for (unsigned i = 0; all && i < all->n; i++) {
		uint64_t at = network_take_at(network, all->tunnel[i].node);

		if (all->tunnel[i].writable && at < next)
			next = at;
	}
	return next;
}
