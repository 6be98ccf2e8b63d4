/* SPDX-License-Identifier: MIT */
/*
 * UDP ports of the machine and of the programs' network, where the one reaches
 * the other as if there were no other: what listens inside is published, as
 * TCP's listeners are, and ports of this machine's loopback on which nothing
 * inside listens are reached from inside.
 */
#ifndef RUN_WORLD_UDP_PORTS_H
#define RUN_WORLD_UDP_PORTS_H

#include <stdbool.h>
#include <stdint.h>

struct netns;
struct udp_ports;
struct world;

/* Listeners inside that are published at most. */
#define UDP_PUBLISHED 256

/* Takes lists and spare sockets of ns; publishes what -p says.  0 or -errno,
 * and it was said why. */
int udp_ports_new(struct world *world, struct netns *ns);
void udp_ports_free(struct world *world);
/* Of the namespace's sockets: udp_list.h. */
int udp_ports_list(const struct udp_ports *ports, bool v4);
/* It is one of ours, not of a program's. */
bool udp_ports_has(const struct udp_ports *ports, uint64_t inode);

#endif
