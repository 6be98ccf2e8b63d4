/* SPDX-License-Identifier: MIT */
/*
 * Hosts and paths of a plan.  Between two nodes there are two paths of IP
 * packets, over which super-segments pass whole where nothing is impaired; a
 * segment is Ethernet, with a path from each station to a switch that knows
 * where everybody is, so that ARP, neighbour discovery and broadcast are there
 * to be seen.
 */
#include "run/network/network.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "run/network/network_parts.h"
#include "wire/ether.h"

/* Largest payload of a super-segment. */
#define SUPER 65160

enum label { LABEL_HOST = 1 << 16, LABEL_PATH = 2 << 16 };

static void derive_seed(const struct network *network, uint64_t label,
			uint8_t seed[16])
{
	struct random random;

	random_init(&random, network->config.seed, label);
	for (int i = 0; i < 2; i++) {
		uint64_t word = random_u64(&random);

		memcpy(seed + 8 * i, &word, 8);
	}
}

/* ------------------------------------------------------------- looking -- */

void wire_packet(void *ctx, const struct cn_frame *frame, enum cn_fate fate,
		 uint64_t now)
{
	const struct wire *wire = ctx;
	const struct network_config *config = &wire->network->config;
	const struct plan *plan = wire->network->plan;
	struct network_sight sight = {
		.link = plan_link(plan, (unsigned)wire->end->link),
		.from = wire->end,
	};

	taps_sent(wire, frame, fate, now);
	if (!config->packet)
		return;
	sight.ethernet = sight.link->segment;
	if (!sight.ethernet)
		sight.to = plan_peer(plan, wire->end);
	config->packet(config->ctx, &sight, frame, fate, now);
}

/* -------------------------------------------------------------- making -- */

static int make_host(struct network *network, struct node *node, uint64_t now)
{
	const struct plan_node *plan =
		plan_node(network->plan, (unsigned)node->number);
	struct cn_settings set;

	if (plan->kind == PLAN_TUN)
		return CN_OK;
	cn_settings_default(&set);
	set.name = plan->name;
	set.forward = plan->kind == PLAN_ROUTER;
	/* Addresses are known to be nobody else's. */
	set.dad_probes = 0;
	/* Between hosts of ours there is nobody to protect from answers. */
	set.icmp_rate = 1000000;
	node->loopback.frame = taps_loopback;
	node->loopback.ctx = node;
	set.loopback_tap = &node->loopback;
	if (network->config.settings)
		network->config.settings(network->config.ctx, node->number,
					 &set);
	set.pool = network->config.pool;
	set.seeded = true;
	derive_seed(network, LABEL_HOST + (unsigned)node->number, set.seed);
	return cn_host_new(&set, now, &node->host);
}

struct cn_impair wire_impair(const struct wire *wire)
{
	struct cn_impair impair = wire->end->impair;

	if (plan_link(wire->network->plan, (unsigned)wire->end->link)->down)
		impair = (struct cn_impair){.loss = 1};
	return impair;
}

static int make_path(struct network *network, struct wire *wire)
{
	const struct plan_link *link =
		plan_link(network->plan, (unsigned)wire->end->link);
	struct cn_path_config path = {
		.pool = network->config.pool,
		.impair = wire_impair(wire),
		.mtu = link->mtu,
		.drop = link->drop,
		.direction = wire->end == link->end ? 'u' : 'd',
	};
	struct cn_path_sink sink = {
		.packet = wire_packet, .ctx = wire, .whole = true};

	if (link->segment)
		path.mtu += ETHER_HEADER_LEN;
	derive_seed(network, LABEL_PATH + (unsigned)(wire - network->wire),
		    path.seed);
	return cn_path_new(&path, &sink, &wire->path, NULL);
}

static int make_interface(struct network *network, struct wire *wire)
{
	struct node *node = &network->node[wire->end->node];
	const struct plan_link *link =
		plan_link(network->plan, (unsigned)wire->end->link);
	struct cn_link_config config = {
		.mtu = link->mtu,
		.ethernet = link->segment,
	};
	char name[16];
	int rc;

	if (!node->host)
		return CN_OK;
	plan_interface(wire->end, name);
	config.name = name;
	if (link->segment) {
		memcpy(config.mac, wire->mac, CN_MAC_LEN);
	} else {
		config.tx_csum = true;
		config.tx_super = SUPER;
	}
	rc = cn_host_link_add(node->host, &config, &wire->number);
	for (unsigned i = 0; i < wire->end->addrs.n && !rc; i++)
		rc = cn_host_addr_add(node->host, wire->number,
				      &wire->end->addrs.at[i].addr,
				      wire->end->addrs.at[i].prefix_len);
	return rc;
}

/* A station's own (IEEE 802: locally administered), told by its numbers. */
static void name_station(struct wire *wire)
{
	const uint8_t mac[CN_MAC_LEN] = {
		0x02,
		0xca,
		0x7e,
		(uint8_t)wire->end->link,
		(uint8_t)wire->end->node,
		(uint8_t)wire->end->number,
	};

	memcpy(wire->mac, mac, sizeof(mac));
}

static int make_wire(struct network *network, struct wire *wire,
		     const struct plan_end *end)
{
	struct node *node = &network->node[end->node];
	int rc;

	wire->network = network;
	wire->end = end;
	name_station(wire);
	node->wire[node->wire_n++] = wire;
	rc = make_path(network, wire);
	return rc ? rc : make_interface(network, wire);
}

int node_route(struct node *node, const struct plan_hop *hop)
{
	int number = wire_of(node->network, hop->end)->number;

	if (cn_addr_is_any(&hop->router))
		return cn_host_route_add(node->host, number, &hop->prefix,
					 hop->prefix_len);
	return cn_host_route_via(node->host, number, &hop->prefix,
				 hop->prefix_len, &hop->router);
}

static int add_route(void *ctx, const struct plan_hop *hop)
{
	return node_route(ctx, hop);
}

static int allocate(struct network *network)
{
	const struct plan *plan = network->plan;

	network->node_n = plan_node_n(plan);
	for (unsigned l = 0; l < plan_link_n(plan); l++) {
		network->first[l] = network->wire_n;
		network->wire_n += plan_link(plan, l)->end_n;
	}
	network->node = calloc(network->node_n + 1, sizeof(struct node));
	network->wire = calloc(network->wire_n + 1, sizeof(struct wire));
	return network->node && network->wire ? CN_OK : CN_E_NOMEM;
}

static int fail(const char *what, int rc, char *why)
{
	const char *text = cn_err_text(rc);

	if (rc == CN_E_NOBUFS)
		text = "more routes or addresses than a host holds; describe "
		       "fewer networks, or make it 'static' and write its "
		       "routes";
	snprintf(why, PLAN_WHY, "%s: %s", what, text);
	return rc;
}

static int make(struct network *network, uint64_t now, char *why)
{
	const struct plan *plan = network->plan;
	int rc = allocate(network);

	if (rc)
		return fail("the network", rc, why);
	for (unsigned i = 0; i < network->node_n; i++) {
		network->node[i].network = network;
		network->node[i].number = (int)i;
		rc = make_host(network, &network->node[i], now);
		if (rc)
			return fail(plan_node(plan, i)->name, rc, why);
	}
	for (unsigned l = 0, w = 0; l < plan_link_n(plan); l++) {
		const struct plan_link *link = plan_link(plan, l);

		for (unsigned e = 0; e < link->end_n; e++, w++) {
			rc = make_wire(network, &network->wire[w],
				       &link->end[e]);
			if (rc)
				return fail(link->name, rc, why);
		}
	}
	for (unsigned i = 0; i < network->node_n; i++) {
		if (!network->node[i].host)
			continue;
		rc = plan_routes(plan, (int)i, add_route, &network->node[i]);
		if (rc)
			return fail(plan_node(plan, i)->name, rc, why);
	}
	return CN_OK;
}

int network_new(const struct network_config *config, struct plan *plan,
		uint64_t now, struct network **out, char *why)
{
	struct network *network = calloc(1, sizeof(*network));
	int rc;

	*out = NULL;
	if (!network) {
		plan_free(plan);
		return fail("the network", CN_E_NOMEM, why);
	}
	list_init(&network->taps);
	network->config = *config;
	network->plan = plan;
	rc = make(network, now, why);
	if (rc)
		network_free(network);
	else
		*out = network;
	return rc;
}

void network_free(struct network *network)
{
	if (!network)
		return;
	network_tun_close(network);
	for (unsigned i = 0; network->node && i < network->node_n; i++)
		if (network->node[i].host)
			cn_host_free(network->node[i].host);
	for (unsigned i = 0; network->wire && i < network->wire_n; i++)
		cn_path_free(network->wire[i].path);
	free(network->node);
	free(network->wire);
	plan_free(network->plan);
	free(network);
}

/* ------------------------------------------------------- who is there -- */

const struct plan *network_plan(const struct network *network)
{
	return network->plan;
}

int network_find(const struct network *network, const char *name)
{
	return plan_find_node(network->plan, name);
}

struct cn_host *network_host(const struct network *network, int node)
{
	return network->node[node].host;
}

int network_link_of(const struct network *network, const struct plan_end *end)
{
	return wire_of(network, end)->number;
}

void network_stats(const struct network *network, const struct plan_end *from,
		   struct cn_path_stats *stats)
{
	cn_path_stats(wire_of(network, from)->path, stats);
}

bool network_link_local(const struct network *network,
			const struct plan_end *end, struct cn_addr *addr)
{
	const struct wire *wire = wire_of(network, end);

	if (!plan_link(network->plan, (unsigned)end->link)->segment)
		return false;
	*addr = ether_link_local(wire->mac);
	return true;
}
