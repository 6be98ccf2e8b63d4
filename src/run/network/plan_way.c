/* SPDX-License-Identifier: MIT */
/*
 * The shortest ways by number of links; where two are as short, that of the
 * link described first.  Only routers pass packets on, so a way leads through
 * them alone.  A node with one way out needs no more than a default route.
 */
#include <string.h>

#include "run/network/plan_parts.h"

/* How the node at `from` reaches each other one. */
struct ways {
	const struct plan *plan;
	int from;
	int steps[PLAN_NODES]; /* -1: not at all */
	const struct plan_end *out[PLAN_NODES]; /* of `from` */
	const struct plan_end *next[PLAN_NODES]; /* of the first router */
};

static void reach(struct ways *ways, int queue[PLAN_NODES], unsigned *n, int at,
		  const struct plan_end *end)
{
	const struct plan_link *link = &ways->plan->link[end->link];

	for (unsigned i = 0; i < link->end_n; i++) {
		const struct plan_end *there = &link->end[i];
		int node = there->node;

		if (ways->steps[node] >= 0)
			continue;
		ways->steps[node] = ways->steps[at] + 1;
		ways->out[node] = at == ways->from ? end : ways->out[at];
		ways->next[node] = at == ways->from ? there : ways->next[at];
		queue[(*n)++] = node;
	}
}

static void find_ways(struct ways *ways, const struct plan *plan, int from)
{
	int queue[PLAN_NODES];
	unsigned n = 1;

	ways->plan = plan;
	ways->from = from;
	for (unsigned i = 0; i < PLAN_NODES; i++)
		ways->steps[i] = -1;
	ways->steps[from] = 0;
	queue[0] = from;
	for (unsigned i = 0; i < n; i++) {
		const struct plan_node *node = &plan->node[queue[i]];

		if (queue[i] != from && node->kind != PLAN_ROUTER)
			continue;
		for (unsigned e = 0; e < node->end_n; e++)
			reach(ways, queue, &n, queue[i], node->end[e]);
	}
}

/* ---------------------------------------------------------- the routes -- */

struct adding {
	const struct plan *plan;
	int node;
	struct ways ways;
	int (*add)(void *ctx, const struct plan_hop *hop);
	void *ctx;
	int rc;
};

static bool is_static(const struct adding *adding, const struct cn_addr *prefix,
		      unsigned prefix_len)
{
	const struct plan *plan = adding->plan;

	for (unsigned i = 0; i < plan->route_n; i++)
		if (plan->route[i].node == adding->node &&
		    plan->route[i].prefix_len == prefix_len &&
		    cn_addr_equal(&plan->route[i].prefix, prefix) &&
		    cn_addr_is_v4(&plan->route[i].prefix) ==
			    cn_addr_is_v4(prefix))
			return true;
	return false;
}

static const struct cn_addr *addr_on(const struct plan_end *end, bool v4)
{
	for (unsigned i = 0; i < end->addrs.n; i++)
		if (cn_addr_is_v4(&end->addrs.at[i].addr) == v4)
			return &end->addrs.at[i].addr;
	return NULL;
}

/* By end `out`, to the router whose end there is `next`; NULL: to the
 * destination itself. */
static void add_hop(struct adding *adding, const struct cn_addr *prefix,
		    unsigned prefix_len, const struct plan_end *out,
		    const struct plan_end *next)
{
	struct plan_hop hop = {
		.prefix = plan_prefix(prefix, prefix_len),
		.prefix_len = (uint8_t)prefix_len,
		.end = out,
	};

	if (adding->rc || is_static(adding, &hop.prefix, prefix_len))
		return;
	if (next && adding->plan->link[out->link].segment) {
		const struct cn_addr *router =
			addr_on(next, cn_addr_is_v4(prefix));

		if (!router)
			return;
		hop.router = *router;
	}
	adding->rc = adding->add(adding->ctx, &hop);
}

/* The way to whatever `target` has. */
static void add_way(struct adding *adding, int target,
		    const struct cn_addr *prefix, unsigned prefix_len)
{
	const struct ways *ways = &adding->ways;

	if (ways->steps[target] > 0)
		add_hop(adding, prefix, prefix_len, ways->out[target],
			ways->next[target]);
}

/* The station of a link that is nearest and passes on to the others. */
static int nearest(const struct adding *adding, const struct plan_link *link)
{
	int best = -1;

	for (unsigned i = 0; i < link->end_n; i++) {
		int node = link->end[i].node;
		int steps = adding->ways.steps[node];

		if (node == adding->node)
			return node;
		if (steps < 0 || adding->plan->node[node].kind != PLAN_ROUTER)
			continue;
		if (best < 0 || steps < adding->ways.steps[best])
			best = node;
	}
	return best;
}

/* The end of the node on this link. */
static const struct plan_end *own_end(const struct adding *adding,
				      const struct plan_link *link)
{
	for (unsigned i = 0; i < link->end_n; i++)
		if (link->end[i].node == adding->node)
			return &link->end[i];
	return NULL;
}

static bool is_own_network(const struct plan_end *own,
			   const struct plan_addr *addr)
{
	struct cn_addr prefix = plan_prefix(&addr->addr, addr->prefix_len);

	for (unsigned i = 0; i < own->addrs.n; i++)
		if (own->addrs.at[i].prefix_len == addr->prefix_len &&
		    plan_in_prefix(&own->addrs.at[i].addr, &prefix,
				   addr->prefix_len))
			return true;
	return false;
}

static void add_address(struct adding *adding, const struct plan_link *link,
			const struct plan_end *end,
			const struct plan_addr *addr)
{
	const struct plan_end *own = own_end(adding, link);
	unsigned full = plan_full(&addr->addr);
	int target;

	if (addr->prefix_len < full) {
		target = nearest(adding, link);
		if (own && !is_own_network(own, addr))
			add_hop(adding, &addr->addr, addr->prefix_len, own,
				NULL);
		else if (!own && target >= 0)
			add_way(adding, target, &addr->addr, addr->prefix_len);
	}
	/* What was given may stand anywhere: it is found by itself. */
	if (!addr->given)
		return;
	if (own)
		add_hop(adding, &addr->addr, full, own, NULL);
	else
		add_way(adding, end->node, &addr->addr, full);
}

static bool has_lower(const struct plan_link *link, const struct plan_end *end,
		      const struct plan_addr *addr)
{
	struct cn_addr prefix = plan_prefix(&addr->addr, addr->prefix_len);

	if (addr->given)
		return false;
	for (const struct plan_end *e = link->end; e < end; e++)
		for (unsigned i = 0; i < e->addrs.n; i++)
			if (e->addrs.at[i].prefix_len == addr->prefix_len &&
			    plan_in_prefix(&e->addrs.at[i].addr, &prefix,
					   addr->prefix_len))
				return true;
	return false;
}

static void add_link(struct adding *adding, const struct plan_link *link)
{
	for (unsigned e = 0; e < link->end_n; e++) {
		const struct plan_end *end = &link->end[e];

		if (end->node == adding->node)
			continue;
		for (unsigned i = 0; i < end->addrs.n && !adding->rc; i++)
			if (!has_lower(link, end, &end->addrs.at[i]))
				add_address(adding, link, end,
					    &end->addrs.at[i]);
	}
}

static void add_default(struct adding *adding, const struct plan_end *out,
			const struct plan_end *next)
{
	static const struct cn_addr any6;
	struct cn_addr any4 = cn_addr_v4(0, 0, 0, 0);

	add_hop(adding, &any4, 0, out, next);
	add_hop(adding, &any6, 0, out, next);
}

/* The only neighbour that could pass anything on, where there is one way out;
 * NULL: there is none, or a choice. */
static const struct plan_end *only_router(const struct plan *plan,
					  const struct plan_node *node)
{
	const struct plan_end *found = NULL;
	const struct plan_link *link;

	if (node->end_n != 1)
		return NULL;
	link = &plan->link[node->end[0]->link];
	for (unsigned i = 0; i < link->end_n; i++) {
		const struct plan_end *end = &link->end[i];

		if (end == node->end[0] ||
		    (link->segment &&
		     plan->node[end->node].kind != PLAN_ROUTER))
			continue;
		if (found)
			return NULL;
		found = end;
	}
	return found;
}

static bool seems_near(const struct plan_end *end, const struct cn_addr *addr)
{
	for (unsigned i = 0; i < end->addrs.n; i++) {
		unsigned len = end->addrs.at[i].prefix_len;
		struct cn_addr prefix =
			plan_prefix(&end->addrs.at[i].addr, len);

		if (len < plan_full(&end->addrs.at[i].addr) &&
		    plan_in_prefix(addr, &prefix, len))
			return true;
	}
	return false;
}

static bool seems_on(const struct plan_link *link, const struct cn_addr *addr)
{
	for (unsigned e = 0; e < link->end_n; e++)
		if (seems_near(&link->end[e], addr))
			return true;
	return false;
}

/* Addresses that seem to be in a network of this end's link, and are
 * elsewhere. */
static void add_strays(struct adding *adding, const struct plan_end *own)
{
	const struct plan *plan = adding->plan;
	const struct plan_link *near = &plan->link[own->link];

	for (unsigned l = 0; l < plan->link_n; l++) {
		const struct plan_link *link = &plan->link[l];

		for (unsigned e = 0; (int)l != own->link && e < link->end_n;
		     e++) {
			const struct plan_end *end = &link->end[e];

			for (unsigned i = 0; i < end->addrs.n; i++)
				if (end->addrs.at[i].given &&
				    seems_on(near, &end->addrs.at[i].addr))
					add_way(adding, end->node,
						&end->addrs.at[i].addr,
						plan_full(&end->addrs.at[i]
								   .addr));
		}
	}
}

static void add_shortest(struct adding *adding)
{
	const struct plan *plan = adding->plan;
	const struct plan_node *node = &plan->node[adding->node];
	const struct plan_end *only = only_router(plan, node);

	find_ways(&adding->ways, plan, adding->node);
	if (only && node->kind == PLAN_HOST) {
		add_default(adding, node->end[0], only);
		/* Neighbours on a segment are asked for, not routed to. */
		add_link(adding, &plan->link[node->end[0]->link]);
		add_strays(adding, node->end[0]);
		return;
	}
	for (unsigned l = 0; l < plan->link_n && !adding->rc; l++)
		add_link(adding, &plan->link[l]);
	/* What nobody has is the kernel's. */
	for (unsigned i = 0; i < plan->node_n; i++)
		if (plan->node[i].kind == PLAN_TUN &&
		    adding->ways.steps[i] > 0) {
			add_default(adding, adding->ways.out[i],
				    adding->ways.next[i]);
			break;
		}
}

static void add_neighbours(struct adding *adding)
{
	const struct plan_node *node = &adding->plan->node[adding->node];

	for (unsigned e = 0; e < node->end_n; e++)
		add_link(adding, &adding->plan->link[node->end[e]->link]);
}

int plan_routes(const struct plan *plan, int node,
		int (*add)(void *ctx, const struct plan_hop *hop), void *ctx)
{
	struct adding adding = {
		.plan = plan, .node = node, .add = add, .ctx = ctx};
	struct plan_hop hop;

	if (!plan->node[node].by_hand)
		add_shortest(&adding);
	else
		add_neighbours(&adding);
	for (unsigned i = 0; i < plan->route_n && !adding.rc; i++)
		if (plan->route[i].node == node &&
		    plan_hop_of(plan, &plan->route[i], &hop))
			adding.rc = add(ctx, &hop);
	return adding.rc;
}
