/* SPDX-License-Identifier: MIT */
/* The network of a world that has a name.  See hosts.h. */
#include "run/world/hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "link/capture_file.h"
#include "run/network/network.h"
#include "run/world/beyond.h"
#include "run/world/look.h"
#include "run/world/parts.h"
#include "run/world/talk.h"
#include "run/world/twins.h"

struct hosts {
	struct world *world;
	struct network *network;
	struct looks *looks;
	struct whost *host; /* of each node */
	size_t n;
	int internet; /* node, or -1 */
	bool moved; /* events were taken */
	bool has_tun;
};

/* ---------------------------------------------------------------- making */

static void settle(void *ctx, int node, struct cn_settings *set)
{
	const struct hosts *hosts = ctx;
	const struct world *world = hosts->world;

	world_settle(world, set);
	if (world->options->lab->msl2_ns)
		set->msl2_ns = world->options->lab->msl2_ns;
	set->any_addr = node == hosts->internet;
	if (node != hosts->internet)
		world_guard(world, set);
	set->dgram_trace = looks_dgrams(hosts->looks, node);
}

static void take_event(void *ctx, int node, const struct cn_event *event)
{
	struct hosts *hosts = ctx;

	hosts->moved = true;
	world_take(hosts->world, hosts->host[node].host, event);
}

static void see_packet(void *ctx, const struct network_sight *sight,
		       const struct cn_frame *frame, enum cn_fate fate,
		       uint64_t now)
{
	const struct hosts *hosts = ctx;

	looks_packet(hosts->looks, sight, frame, fate, now);
}

static void see_comment_of(void *ctx, const struct cn_frame *frame,
			   enum cn_fate fate, char *text, size_t size)
{
	const struct hosts *hosts = ctx;

	looks_comment(hosts->looks, frame, fate, text, size);
}

static bool list_nodes(struct hosts *hosts)
{
	const struct plan *plan = network_plan(hosts->network);
	unsigned nodes = plan_node_n(plan);

	hosts->host = calloc(nodes + 1, sizeof(*hosts->host));
	if (!hosts->host)
		return false;
	for (unsigned i = 0; i < nodes; i++)
		hosts->host[hosts->n++] = (struct whost){
			.host = network_host(hosts->network, (int)i),
			.name = plan_node(plan, i)->name,
			.node = (int)i,
		};
	return true;
}

/* Where a node sends what is for its route's prefix. */
struct seeking {
	struct cn_addr to;
	struct plan_hop hop;
	int best;
	bool any_given; /* by a statement */
};

static bool is_in(const struct cn_addr *addr, const struct cn_addr *prefix,
		  unsigned prefix_len)
{
	unsigned bits = prefix_len + (cn_addr_is_v4(addr) ? 96u : 0u);

	if (cn_addr_is_v4(prefix) != cn_addr_is_v4(addr))
		return false;
	for (unsigned i = 0; i < bits; i++)
		if ((addr->octet[i / 8] ^ prefix->octet[i / 8]) &
		    (0x80u >> (i % 8)))
			return false;
	return true;
}

static int seek(void *ctx, const struct plan_hop *hop)
{
	struct seeking *seeking = ctx;

	if (!is_in(&seeking->to, &hop->prefix, hop->prefix_len))
		return 0;
	seeking->any_given |= hop->given;
	if (hop->prefix_len > seeking->best) {
		seeking->hop = *hop;
		seeking->best = hop->prefix_len;
	}
	return 0;
}

/* The neighbour through which a node reaches the real network, or -1. */
static int toward_internet(const struct hosts *hosts, int node)
{
	const struct plan *plan = network_plan(hosts->network);
	const struct plan_node *of = plan_node(plan, (unsigned)node);
	const struct cn_addr *to = plan_addr_of(plan, hosts->internet, 4);
	struct seeking seeking = {.best = -1};

	for (unsigned i = 0; i < of->end_n; i++) {
		const struct plan_link *link =
			plan_link(plan, (unsigned)of->end[i]->link);

		for (unsigned e = 0; e < link->end_n; e++)
			if (link->end[e].node == hosts->internet)
				return hosts->internet;
	}
	if (!to)
		return -1;
	seeking.to = *to;
	(void)plan_routes(plan, node, seek, &seeking);
	if (seeking.best < 0)
		return -1;
	if (!cn_addr_is_any(&seeking.hop.router))
		return plan_find_addr(plan, &seeking.hop.router);
	return plan_peer(plan, seeking.hop.end)->node;
}

/* Everybody's default way leads there. */
static void route_out(const struct hosts *hosts)
{
	const struct plan *plan = network_plan(hosts->network);

	for (unsigned i = 0; i < plan_node_n(plan); i++) {
		const struct plan_node *node = plan_node(plan, i);
		char words[2 * PLAN_NAME + 32], why[PLAN_WHY];
		int via;

		if ((int)i == hosts->internet || node->kind == PLAN_TUN ||
		    node->by_hand)
			continue;
		via = toward_internet(hosts, (int)i);
		if (via < 0)
			continue;
		snprintf(words, sizeof(words), "%s default via %s", node->name,
			 plan_node(plan, (unsigned)via)->name);
		(void)network_route(hosts->network, words, why);
	}
}

static void came_by_tun(void *ctx)
{
	world_touch(ctx);
}

/* Nodes that are the kernel. */
static int open_tun(struct hosts *hosts)
{
	const struct plan *plan = network_plan(hosts->network);
	char why[PLAN_WHY];

	for (unsigned i = 0; i < plan_node_n(plan); i++)
		hosts->has_tun |= plan_node(plan, i)->kind == PLAN_TUN;
	if (!hosts->has_tun ||
	    !network_tun_open(hosts->network, hosts->world->loop, came_by_tun,
			      hosts->world, why))
		return 0;
	fprintf(stderr, "catenet: %s\n", why);
	return -1;
}

static int look_at(struct hosts *hosts, enum look_kind kind, const char *name)
{
	const struct world_screen *screen = &hosts->world->options->screen;
	const struct look_ask what = {
		.kind = kind,
		.width = (uint16_t)screen->width,
		.lang = screen->lang,
		.colour = screen->colour,
		.ascii = screen->ascii,
	};
	bool given = name && strcmp(name, "-") != 0;
	FILE *file =
		given ? fopen(name, "we") :
			fdopen(dup(name ? STDOUT_FILENO : STDERR_FILENO), "w");
	char why[PLAN_WHY];
	int err;

	err = !file ? errno : given ? capture_file_try(fileno(file)) : 0;
	if (err) {
		fprintf(stderr, "catenet: %s: %s\n", given ? name : "looking",
			strerror(err));
		if (file)
			(void)fclose(file);
		return -1;
	}
	if (!look_here(hosts->looks, &what, file, world_now(hosts->world), why,
		       sizeof(why)))
		return 0;
	fprintf(stderr, "catenet: %s\n", why);
	return -1;
}

/* At all of it, as the world's own options ask. */
static int look_at_all(struct hosts *hosts)
{
	const struct world_options *opt = hosts->world->options;

	if (opt->explain && look_at(hosts, LOOK_LADDER, NULL))
		return -1;
	if (opt->events && look_at(hosts, LOOK_EVENTS, opt->events))
		return -1;
	return opt->pcapng ? look_at(hosts, LOOK_PCAPNG, opt->pcapng) : 0;
}

static int begin(struct hosts *hosts)
{
	struct world *world = hosts->world;
	struct world_lab *lab = world->options->lab;
	struct network_config config = {
		.pool = world->pool,
		.settings = settle,
		.event = take_event,
		.packet = see_packet,
		.comment = see_comment_of,
		.ctx = hosts,
	};
	char why[PLAN_WHY];
	struct plan *plan = lab->plan;

	hosts->looks = looks_new(world->loop, plan_node_n(plan));
	if (!hosts->looks)
		return -1;
	lab->plan = NULL;
	hosts->internet = lab->gateway ? plan_find_node(plan, WORLD_INTERNET) :
					 -1;
	memcpy(config.seed, world->options->seed, sizeof(config.seed));
	if (network_new(&config, plan, world_now(world), &hosts->network,
			why)) {
		fprintf(stderr, "catenet: %s\n", why);
		return -1;
	}
	looks_begin(hosts->looks, hosts->network);
	if (!list_nodes(hosts))
		return -1;
	if (hosts->internet >= 0) {
		route_out(hosts);
		world->gateway = hosts->host[hosts->internet].host;
	}
	return open_tun(hosts) ? -1 : look_at_all(hosts);
}

int hosts_new(struct world *world, struct hosts **out)
{
	struct hosts *hosts = calloc(1, sizeof(*hosts));

	*out = hosts;
	if (!hosts)
		return -1;
	hosts->world = world;
	return begin(hosts);
}

void hosts_free(struct hosts *hosts)
{
	if (!hosts)
		return;
	looks_free(hosts->looks);
	network_free(hosts->network);
	free(hosts->host);
	free(hosts);
}

struct network *hosts_network(const struct hosts *hosts)
{
	return hosts->network;
}

/* ---------------------------------------------------------- who is there */

size_t hosts_count(const struct hosts *hosts)
{
	return hosts->n;
}

const struct whost *hosts_at(const struct hosts *hosts, size_t i)
{
	return &hosts->host[i];
}

static bool is_place(const struct hosts *hosts, const struct whost *host)
{
	return host->host && host->node != hosts->internet;
}

static const struct whost *only_one(const struct hosts *hosts)
{
	const struct plan *plan = network_plan(hosts->network);
	const struct whost *only = NULL;

	for (size_t i = 0; i < hosts->n; i++) {
		if (!is_place(hosts, &hosts->host[i]) ||
		    plan_node(plan, (unsigned)i)->kind != PLAN_HOST)
			continue;
		if (only)
			return NULL;
		only = &hosts->host[i];
	}
	return only;
}

const struct whost *hosts_find(const struct world *world, const char *name,
			       char *why, size_t size)
{
	const struct hosts *hosts = world->hosts;
	const struct whost *only = *name ? NULL : only_one(hosts);
	size_t at;

	if (only)
		return only;
	for (size_t i = 0; i < hosts->n; i++)
		if (is_place(hosts, &hosts->host[i]) &&
		    !strcmp(hosts->host[i].name, name))
			return &hosts->host[i];
	at = (size_t)snprintf(why, size,
			      *name ? "no host there is called %s; there are" :
				      "say which host with --host; there "
				      "are%s",
			      name);
	for (size_t i = 0; i < hosts->n && at < size; i++)
		if (is_place(hosts, &hosts->host[i]))
			at += (size_t)snprintf(why + at, size - at, " %s",
					       hosts->host[i].name);
	return NULL;
}

bool hosts_addr(const struct hosts *hosts, const struct whost *host, bool v4,
		struct cn_addr *addr)
{
	const struct cn_addr *found = plan_addr_of(network_plan(hosts->network),
						   host->node, v4 ? 4 : 6);

	if (found)
		*addr = *found;
	return found != NULL;
}

bool hosts_bears(const struct hosts *hosts, const struct whost *host,
		 const struct cn_addr *addr)
{
	const struct plan_node *node =
		plan_node(network_plan(hosts->network), (unsigned)host->node);

	for (unsigned e = 0; e < node->end_n; e++)
		for (unsigned i = 0; i < node->end[e]->addrs.n; i++)
			if (cn_addr_equal(&node->end[e]->addrs.at[i].addr,
					  addr))
				return true;
	return false;
}

static bool is_on_link(const struct plan_node *node, const struct cn_addr *addr)
{
	for (unsigned e = 0; e < node->end_n; e++) {
		const struct plan_addrs *addrs = &node->end[e]->addrs;

		for (unsigned i = 0; i < addrs->n; i++)
			if (is_in(addr, &addrs->at[i].addr,
				  addrs->at[i].prefix_len))
				return true;
	}
	return false;
}

bool hosts_reaches(const struct hosts *hosts, const struct whost *host,
		   const struct cn_addr *addr)
{
	const struct plan *plan = network_plan(hosts->network);
	struct seeking seeking = {.to = *addr, .best = -1};

	if (hosts->internet >= 0 || hosts->has_tun ||
	    cn_addr_is_loopback(addr) || cn_addr_is_any(addr) ||
	    plan_find_addr(plan, addr) >= 0 ||
	    is_on_link(plan_node(plan, (unsigned)host->node), addr))
		return true;
	(void)plan_routes(plan, host->node, seek, &seeking);
	return seeking.any_given;
}

bool hosts_gateway_addr(const struct hosts *hosts, bool v4,
			struct cn_addr *addr)
{
	return hosts->internet >= 0 &&
	       hosts_addr(hosts, &hosts->host[hosts->internet], v4, addr);
}

static void list_addrs(const struct plan_node *node, FILE *out)
{
	char text[CN_ADDR_TEXT];

	for (unsigned e = 0; e < node->end_n; e++)
		for (unsigned i = 0; i < node->end[e]->addrs.n; i++) {
			cn_addr_format(&node->end[e]->addrs.at[i].addr, text);
			fprintf(out, "\t%s", text);
		}
}

void hosts_list(const struct world *world, FILE *out)
{
	const struct plan *plan = network_plan(world->hosts->network);

	for (unsigned i = 0; i < plan_node_n(plan); i++) {
		const struct plan_node *node = plan_node(plan, i);

		fprintf(out, "%s\t%s",
			node->kind == PLAN_ROUTER ? "router" :
			node->kind == PLAN_TUN	  ? "tun" :
						    "host",
			node->name);
		list_addrs(node, out);
		fputc('\n', out);
	}
}

void hosts_show(const struct world *world, int which, FILE *out)
{
	if (which == TALK_LIST_JSON)
		network_json(world->hosts->network, out);
	else if (which == TALK_LIST_NAMES)
		network_names(world->hosts->network, out);
	else
		network_print(world->hosts->network, out);
}

int hosts_change(struct world *world, const char *text, char *sentence,
		 size_t size)
{
	const char *wrong;
	char why[PLAN_WHY];

	wrong = network_change(world->hosts->network, text, why);
	snprintf(sentence, size, "%s", wrong ? wrong : "");
	world_touch(world);
	return wrong ? EINVAL : 0;
}

const char *hosts_look(struct world *world, const struct look_ask *ask, int fd,
		       char *why, size_t size)
{
	return look_new(world->hosts->looks, ask, fd, world_now(world), why,
			size);
}

/* ---------------------------------------------------------------- turning */

bool hosts_move(struct hosts *hosts, uint64_t now)
{
	bool more;

	hosts->moved = false;
	more = network_step(hosts->network, now);
	if (hosts->has_tun)
		more |= network_tun_move(hosts->network, now);
	if (hosts->world->twins)
		more |= twins_move(hosts->world->twins, now);
	more |= beyond_move(hosts->world, now);
	looks_flush(hosts->looks);
	return more || hosts->moved;
}

uint64_t hosts_deadline(const struct hosts *hosts)
{
	uint64_t at = network_deadline(hosts->network);
	uint64_t tun = hosts->has_tun ? network_tun_deadline(hosts->network) :
					CN_NEVER;

	return tun < at ? tun : at;
}
