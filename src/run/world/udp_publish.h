/* SPDX-License-Identifier: MIT */
/*
 * -p of a world that has a name, for datagrams: a port of this machine leads to
 * a port of one of its hosts, whoever is bound there, through the gateway.
 */
#ifndef RUN_WORLD_UDP_PUBLISH_H
#define RUN_WORLD_UDP_PUBLISH_H

struct udp_flow;
struct whost;
struct world;
struct world_publish;

/* One of each family. */
#define UDP_PUBLISH_FLOWS 2

/*
 * flow: NULL where there is none; to be given back by udp_publish_end, before
 * the world is freed.  0 or a positive errno.
 */
int udp_publish(struct world *world, const struct whost *on,
		const struct world_publish *asked,
		struct udp_flow *flow[UDP_PUBLISH_FLOWS]);
void udp_publish_end(struct udp_flow *flow[UDP_PUBLISH_FLOWS]);
/* What the world itself was asked to, for as long as it is; 0 or a positive
 * errno, told on stderr. */
int udp_publish_all(struct world *world);

#endif
