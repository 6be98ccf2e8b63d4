/* SPDX-License-Identifier: MIT */
/* Ports of this machine for datagrams of a world's hosts.  See udp_publish.h.
 * The sockets are the relay's (udp_relay.c). */
#include "run/world/udp_publish.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "run/world/beyond.h"
#include "run/world/hosts.h"
#include "run/world/parts.h"

static int pin(struct world *world, const struct whost *on,
	       const struct cn_endpoint *host, uint16_t port,
	       struct udp_flow **flow)
{
	struct cn_endpoint inner = {.port = port};

	if (!hosts_addr(world->hosts, on, cn_addr_is_v4(&host->addr),
			&inner.addr))
		return EADDRNOTAVAIL;
	return udp_pin(world, host, &inner, on, flow);
}

int udp_publish(struct world *world, const struct whost *on,
		const struct world_publish *asked,
		struct udp_flow *flow[UDP_PUBLISH_FLOWS])
{
	struct cn_endpoint host = asked->host;
	int err[2];

	flow[0] = flow[1] = NULL;
	if (cn_addr_is_v4(&host.addr) || !cn_addr_is_any(&host.addr))
		return pin(world, on, &host, asked->port, &flow[0]);
	/* Everywhere: what cannot be had of one family is none of this
	 * machine's, or of the host's. */
	err[1] = pin(world, on, &host, asked->port, &flow[1]);
	host.addr = cn_addr_v4(0, 0, 0, 0);
	err[0] = pin(world, on, &host, asked->port, &flow[0]);
	if (err[0] != EADDRINUSE && err[1] != EADDRINUSE &&
	    (flow[0] || flow[1]))
		return 0;
	udp_publish_end(flow);
	return err[0] ? err[0] : err[1];
}

void udp_publish_end(struct udp_flow *flow[UDP_PUBLISH_FLOWS])
{
	for (int i = 0; i < UDP_PUBLISH_FLOWS; i++) {
		if (flow[i])
			udp_unpin(flow[i]);
		flow[i] = NULL;
	}
}

static const struct whost *named(const struct world *world, const char *name)
{
	for (size_t i = 0; i < hosts_count(world->hosts); i++)
		if (!strcmp(hosts_at(world->hosts, i)->name, name))
			return hosts_at(world->hosts, i);
	return NULL;
}

int udp_publish_all(struct world *world)
{
	const struct world_options *opt = world->options;

	for (unsigned i = 0; i < opt->publish_n; i++) {
		const struct world_publish *asked = &opt->publish[i];
		struct udp_flow *flow[UDP_PUBLISH_FLOWS];
		const struct whost *on;
		char text[CN_ADDR_TEXT];
		int err;

		if (!asked->udp)
			continue;
		on = named(world, asked->node);
		err = on && on->host && on->host != world->gateway ?
			      udp_publish(world, on, asked, flow) :
			      EADDRNOTAVAIL;
		if (!err)
			continue;
		cn_addr_format(&asked->host.addr, text);
		fprintf(stderr,
			"catenet: -p: UDP port %u of %s cannot be had: %s\n",
			asked->host.port, text, strerror(err));
		return err;
	}
	return 0;
}
