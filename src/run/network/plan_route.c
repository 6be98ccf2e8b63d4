/* SPDX-License-Identifier: MIT */
/*
 * Statements of routes:
 *
 *	route NODE DESTINATION via ROUTER
 *
 * DESTINATION is a node (each of its addresses), an address, a network such as
 * 10.1.0.0/16, or "default"; ROUTER a neighbour, by name or by address.  Loops
 * are allowed: that is what they are for.
 */
#include <stdlib.h>
#include <string.h>

#include "run/network/plan_parts.h"

unsigned plan_full(const struct cn_addr *addr)
{
	return cn_addr_is_v4(addr) ? 32 : 128;
}

struct cn_addr plan_prefix(const struct cn_addr *addr, unsigned prefix_len)
{
	unsigned bits = prefix_len + 128 - plan_full(addr);
	struct cn_addr prefix = *addr;

	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = bits > i * 8 ? bits - i * 8 : 0;

		if (keep < 8)
			prefix.octet[i] &= (uint8_t)(0xff00 >> keep);
	}
	return prefix;
}

bool plan_in_prefix(const struct cn_addr *addr, const struct cn_addr *prefix,
		    unsigned prefix_len)
{
	struct cn_addr masked;

	if (cn_addr_is_v4(addr) != cn_addr_is_v4(prefix))
		return false;
	masked = plan_prefix(addr, prefix_len);
	return cn_addr_equal(&masked, prefix);
}

/* A statement that is being read. */
struct reading {
	struct plan *plan;
	unsigned place;
	int node, via;
	struct cn_addr router;
	char *why;
	void (*told)(void *ctx, int node, const struct plan_hop *hop);
	void *ctx;
};

static bool is_on(const struct plan_end *end, const struct cn_addr *addr)
{
	for (unsigned i = 0; i < end->addrs.n; i++)
		if (cn_addr_equal(&end->addrs.at[i].addr, addr))
			return true;
	return false;
}

/* The end of `node` by which it reaches node `via` (or the neighbour with that
 * address), and the neighbour's there; NULL: they are no neighbours. */
static const struct plan_end *toward(const struct plan *plan, int node, int via,
				     const struct cn_addr *router,
				     const struct plan_end **there)
{
	for (unsigned e = 0; e < plan->node[node].end_n; e++) {
		const struct plan_end *end = plan->node[node].end[e];
		const struct plan_link *link = &plan->link[end->link];

		for (unsigned i = 0; i < link->end_n; i++) {
			*there = &link->end[i];
			if (*there == end || (*there)->node != via)
				continue;
			if (cn_addr_is_any(router) || is_on(*there, router))
				return end;
		}
	}
	return NULL;
}

bool plan_hop_of(const struct plan *plan, const struct plan_route *route,
		 struct plan_hop *hop)
{
	const struct plan_end *there;

	memset(hop, 0, sizeof(*hop));
	hop->end =
		toward(plan, route->node, route->via, &route->router, &there);
	if (!hop->end)
		return false;
	hop->prefix = route->prefix;
	hop->prefix_len = route->prefix_len;
	hop->given = true;
	if (!plan->link[hop->end->link].segment)
		return true;
	/* On Ethernet somebody must be asked for. */
	for (unsigned i = 0; i < there->addrs.n; i++)
		if (cn_addr_is_v4(&there->addrs.at[i].addr) ==
		    cn_addr_is_v4(&route->prefix)) {
			hop->router = there->addrs.at[i].addr;
			break;
		}
	if (!cn_addr_is_any(&route->router))
		hop->router = route->router;
	return !cn_addr_is_any(&hop->router) || is_on(there, &route->prefix);
}

/* In place of one of the same prefix. */
static void add_route(struct reading *reading, const struct cn_addr *addr,
		      unsigned prefix_len)
{
	struct plan *plan = reading->plan;
	struct plan_route route = {
		.node = reading->node,
		.prefix = plan_prefix(addr, prefix_len),
		.prefix_len = (uint8_t)prefix_len,
		.via = reading->via,
		.router = reading->router,
		.place = reading->place,
	};
	struct plan_route *list = plan->route;
	struct plan_hop hop;
	unsigned i;

	for (i = 0; i < plan->route_n; i++)
		if (list[i].node == route.node &&
		    list[i].prefix_len == route.prefix_len &&
		    cn_addr_equal(&list[i].prefix, &route.prefix) &&
		    cn_addr_is_v4(&list[i].prefix) ==
			    cn_addr_is_v4(&route.prefix))
			break;
	if (!plan_hop_of(plan, &route, &hop))
		return;
	if (i == plan->route_n) {
		list = plan_grow(plan, list, i + 1, sizeof(*list));
		if (!list)
			return;
		plan->route = list;
		plan->route_n++;
	}
	list[i] = route;
	if (reading->told)
		reading->told(reading->ctx, route.node, &hop);
}

static bool wrong(struct reading *reading, const char *word, const char *why,
		  const char *more)
{
	snprintf(reading->why, PLAN_WHY, "%.60s: %s%s", word, why, more);
	return false;
}

static bool no_node(struct reading *reading, const char *word)
{
	char like[PLAN_NAME + 24];

	plan_did_you_mean(plan_like_node(reading->plan, word), like,
			  sizeof(like));
	return wrong(reading, word, "no host or router is called that", like);
}

static bool read_via(struct reading *reading, const char *word)
{
	struct plan *plan = reading->plan;
	const struct plan_end *there;
	struct plan_addr addr;
	const char *why;

	memset(&reading->router, 0, sizeof(reading->router));
	if (words_addr(word, &addr, &why)) {
		if (why)
			return wrong(reading, word, why, "");
		reading->router = addr.addr;
		reading->via = plan_find_addr(plan, &addr.addr);
		if (reading->via < 0)
			return wrong(reading, word, "nobody has that address",
				     "");
	} else {
		reading->via = plan_find_node(plan, word);
		if (reading->via < 0)
			return no_node(reading, word);
	}
	if (toward(plan, reading->node, reading->via, &reading->router, &there))
		return true;
	snprintf(reading->why, PLAN_WHY,
		 "%.60s is no neighbour of %s: no link joins them; a route "
		 "names the next router on the way",
		 word, plan->node[reading->node].name);
	return false;
}

/* Whether it is the neighbour itself that the word means. */
static bool is_for(const struct plan *plan, const char *word, int via)
{
	struct plan_addr addr;
	const char *why;

	if (words_addr(word, &addr, &why))
		return !why && plan_find_addr(plan, &addr.addr) == via;
	return plan_find_node(plan, word) == via;
}

/* A host would drop it: surely a slip of whoever describes a network.  (While
 * it runs it may be meant, by a host that takes what is for anybody.) */
static bool passes_on(struct reading *reading, const char *destination)
{
	const struct plan *plan = reading->plan;
	const struct plan_node *via = &plan->node[reading->via];

	if (via->kind != PLAN_HOST || reading->told ||
	    is_for(plan, destination, reading->via))
		return true;
	snprintf(reading->why, PLAN_WHY,
		 "%s is a host and passes nothing on; describe it as 'router "
		 "%s'",
		 via->name, via->name);
	return false;
}

/* Every address of a node. */
static void add_node(struct reading *reading, const struct plan_node *node)
{
	for (unsigned e = 0; e < node->end_n; e++)
		for (unsigned i = 0; i < node->end[e]->addrs.n; i++) {
			const struct cn_addr *addr =
				&node->end[e]->addrs.at[i].addr;

			add_route(reading, addr, plan_full(addr));
		}
}

static bool read_destination(struct reading *reading, const char *word)
{
	static const struct cn_addr any6;
	struct cn_addr any4 = cn_addr_v4(0, 0, 0, 0);
	struct plan_addr addr;
	const char *why;
	int node;

	if (!strcmp(word, "default")) {
		add_route(reading, &any4, 0);
		add_route(reading, &any6, 0);
		return true;
	}
	if (words_addr(word, &addr, &why)) {
		if (why)
			return wrong(reading, word, why, "");
		add_route(reading, &addr.addr,
			  addr.prefix_len == PREFIX_UNSAID ?
				  plan_full(&addr.addr) :
				  addr.prefix_len);
		return true;
	}
	node = plan_find_node(reading->plan, word);
	if (node < 0)
		return no_node(reading, word);
	if (node == reading->node)
		return wrong(reading, word, "a route leads to another node",
			     "");
	add_node(reading, &reading->plan->node[node]);
	return true;
}

/* The four words after "route". */
static bool read_route(struct reading *reading, const struct words *words,
		       unsigned at)
{
	if (words->n != at + 4 || strcmp(words->at[at + 2], "via"))
		return wrong(reading, "route",
			     "write for example 'route r1 default via r2' or "
			     "'route r1 10.0.3.0/24 via r2'",
			     "");
	reading->node = plan_find_node(reading->plan, words->at[at]);
	if (reading->node < 0)
		return no_node(reading, words->at[at]);
	if (reading->plan->node[reading->node].kind == PLAN_TUN)
		return wrong(reading, words->at[at],
			     "the kernel has its own routes; change them with "
			     "ip-route(8)",
			     "");
	if (!read_via(reading, words->at[at + 3]) ||
	    !passes_on(reading, words->at[at + 1]))
		return false;
	if (reading->plan->route_n >= PLAN_ROUTES)
		return wrong(reading, words->at[at], "too many routes", "");
	return read_destination(reading, words->at[at + 1]);
}

void plan_route_statement(struct plan *plan, const struct words *words,
			  unsigned place)
{
	char why[PLAN_WHY];
	struct reading reading = {.plan = plan, .place = place, .why = why};

	if (!read_route(&reading, words, 1))
		plan_wrong(plan, place, "%s", why);
}

const char *plan_reroute(struct plan *plan, const char *text,
			 void (*told)(void *ctx, int node,
				      const struct plan_hop *hop),
			 void *ctx, char why[PLAN_WHY])
{
	struct reading reading = {
		.plan = plan, .why = why, .told = told, .ctx = ctx};
	char *copy = strdup(text);
	struct words words;
	bool good = false;

	if (!copy)
		snprintf(why, PLAN_WHY, "no memory");
	else if (!words_cut(copy, &words))
		snprintf(why, PLAN_WHY, "a quote is opened and not closed");
	else
		good = read_route(&reading, &words, 0);
	free(copy);
	return good ? NULL : why;
}
