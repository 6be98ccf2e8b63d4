/* SPDX-License-Identifier: MIT */
/* The namespaces of a world's hosts.  See twins.h. */
#include "run/world/twins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <catenet/host.h>

#include "run/netns/netns.h"
#include "run/netns/side.h"
#include "run/network/network.h"
#include "run/world/hosts.h"
#include "run/world/parts.h"
#include "run/world/resolver.h"
#include "run/world/talk.h"

#define TURN 64

struct twin {
	struct netns ns; /* net_fd -1: nobody has joined this host */
	const struct whost *on;
	unsigned n;
	struct netns_side side[NETNS_INTERFACES];
	int link[NETNS_INTERFACES]; /* of the host */
};

struct twins {
	struct world *world;
	struct twin **twin; /* of each node; NULL: nobody has joined it */
	size_t n;
};

struct twins *twins_new(struct world *world)
{
	struct twins *twins = calloc(1, sizeof(*twins));

	if (!twins)
		return NULL;
	twins->world = world;
	twins->n = hosts_count(world->hosts);
	twins->twin = calloc(twins->n + 1, sizeof(struct twin *));
	if (twins->twin)
		return twins;
	free(twins);
	return NULL;
}

static void twin_free(struct twins *twins, struct twin *twin)
{
	for (unsigned i = 0; i < twin->n; i++)
		netns_side_close(&twin->side[i], twins->world->loop);
	netns_release(&twin->ns);
	free(twin);
}

void twins_free(struct twins *twins)
{
	if (!twins)
		return;
	for (size_t i = 0; i < twins->n; i++)
		if (twins->twin[i])
			twin_free(twins, twins->twin[i]);
	free(twins->twin);
	free(twins);
}

/* --------------------------------------------------------- what it is -- */

static const struct plan_node *node_of(const struct twins *twins,
				       const struct whost *host)
{
	const struct network *network = hosts_network(twins->world->hosts);

	return plan_node(network_plan(network), (unsigned)host->node);
}

static void add_addrs(struct netns_config *config, unsigned on,
		      const struct plan_addrs *addrs)
{
	for (unsigned i = 0; i < addrs->n && config->addr_n < NETNS_ADDRS; i++)
		config->addr[config->addr_n++] = (struct netns_addr){
			.addr = addrs->at[i].addr,
			.prefix_len = addrs->at[i].prefix_len,
			.on = on,
		};
}

/* On a segment a station has one more, of IPv6, that its own made. */
static void add_link_local(const struct world *world,
			   struct netns_config *config, unsigned on,
			   const struct plan_end *end)
{
	struct netns_addr *own = &config->addr[config->addr_n];

	if (config->addr_n == NETNS_ADDRS ||
	    !network_link_local(hosts_network(world->hosts), end, &own->addr))
		return;
	own->prefix_len = 64;
	own->on = on;
	config->addr_n++;
}

static int add_route(void *ctx, const struct plan_hop *hop)
{
	struct netns_config *config = ctx;

	if (config->route_n < NETNS_ROUTES)
		config->route[config->route_n++] = (struct netns_route){
			.prefix = hop->prefix,
			.router = hop->router,
			.prefix_len = hop->prefix_len,
			.on = hop->end->number,
		};
	return 0;
}

/* Where the world has no way out there is nobody to ask but a server on the
 * host itself. */
static void name_resolver(struct world *world, struct netns_config *config)
{
	resolver_file(world, config->resolv, sizeof(config->resolv));
	if (!config->resolv[0])
		strcpy(config->resolv, "nameserver 127.0.0.1\n"
				       "options attempts:1\n");
}

void twins_config(const struct twins *twins, const struct whost *host,
		  struct netns_config *config)
{
	struct world *world = twins->world;
	const struct plan *plan = network_plan(hosts_network(world->hosts));
	const struct plan_node *node = node_of(twins, host);

	memset(config, 0, sizeof(*config));
	config->gateway4 = cn_addr_v4(0, 0, 0, 0);
	config->port_low = world->machine.port_low;
	config->port_high = world->machine.port_high;
	for (unsigned i = 0; i < node->end_n && i < NETNS_INTERFACES; i++) {
		const struct plan_end *end = node->end[i];
		struct netns_interface *interface = &config->interface[i];

		plan_interface(end, interface->name);
		interface->mtu = plan_link(plan, (unsigned)end->link)->mtu;
		add_addrs(config, i, &end->addrs);
		add_link_local(world, config, i, end);
		config->interface_n++;
	}
	(void)plan_routes(plan, host->node, add_route, config);
	snprintf(config->hostname, sizeof(config->hostname), "%s", host->name);
	name_resolver(world, config);
}

bool twins_has(const struct twins *twins, const struct whost *host)
{
	return twins->twin[host->node];
}

int twins_fd(const struct twins *twins, const struct whost *host, int which)
{
	const struct twin *twin = twins->twin[host->node];

	if (!twin)
		return -1;
	switch (which) {
	case TALK_TWIN_NET:
		return twin->ns.net_fd;
	case TALK_TWIN_USER:
		return twin->ns.user_fd;
	case TALK_TWIN_ASK:
		return twin->ns.ask_fd;
	default:
		return -1;
	}
}

int twins_list(const struct twins *twins, const struct whost *host, bool v4)
{
	const struct twin *twin = twins->twin[host->node];

	return twin ? twin->ns.list_fd[!v4] : -1;
}

/* ------------------------------------------------------------- adopting -- */

static void wake(void *ctx)
{
	world_touch(ctx);
}

static int open_sides(struct twins *twins, struct twin *twin)
{
	const struct network *network = hosts_network(twins->world->hosts);
	const struct plan_node *node = node_of(twins, twin->on);

	for (unsigned i = 0; i < node->end_n && i < NETNS_INTERFACES; i++) {
		struct netns_side *side = &twin->side[i];
		int rc;

		side->wake = wake;
		side->ctx = twins->world;
		rc = twin->ns.link[i].fd < 0 ?
			     -EBADF :
			     netns_side_open(side, twins->world->loop,
					     &twin->ns.link[i]);
		if (rc)
			return rc;
		twin->link[i] = network_link_of(network, node->end[i]);
		twin->n++;
	}
	return 0;
}

int twins_adopt(struct twins *twins, const struct whost *host, struct netns *ns)
{
	struct twin *twin;
	int rc;

	if (twins_has(twins, host))
		return -EEXIST;
	twin = calloc(1, sizeof(*twin));
	if (!twin)
		return -ENOMEM;
	twin->ns = *ns;
	netns_init(ns);
	twin->on = host;
	rc = open_sides(twins, twin);
	if (rc) {
		twin_free(twins, twin);
		return rc;
	}
	twins->twin[host->node] = twin;
	cn_host_twin(host->host, CN_TWIN_KERNEL);
	return 0;
}

/* --------------------------------------------------------------- moving -- */

static bool read_some(const struct twins *twins, struct twin *twin,
		      uint64_t now)
{
	struct cn_frame frame;
	bool any = false;

	for (unsigned i = 0; i < twin->n; i++)
		for (unsigned n = 0; n < TURN; n++) {
			if (!netns_side_read(&twin->side[i], twins->world->pool,
					     &frame))
				break;
			cn_host_twin_input(twin->on->host, twin->link[i],
					   &frame, now);
			cn_frame_release(&frame);
			any = true;
		}
	return any;
}

/* What the host says of itself came by no interface: the first will do. */
static struct netns_side *side_of(struct twin *twin, int link)
{
	for (unsigned i = 0; i < twin->n; i++)
		if (twin->link[i] == link)
			return &twin->side[i];
	return &twin->side[0];
}

static bool write_some(struct twin *twin)
{
	struct cn_frame frame;
	bool any = false;
	int link;

	while (cn_host_twin_output(twin->on->host, &link, &frame)) {
		if (twin->n)
			(void)netns_side_write(side_of(twin, link), &frame);
		cn_frame_release(&frame);
		any = true;
	}
	return any;
}

bool twins_move(struct twins *twins, uint64_t now)
{
	bool any = false;

	for (size_t i = 0; i < twins->n; i++) {
		if (!twins->twin[i])
			continue;
		any |= read_some(twins, twins->twin[i], now);
		any |= write_some(twins->twin[i]);
	}
	return any;
}
