/* SPDX-License-Identifier: MIT */
/*
 * Who of this machine's loopback has sent something to a published port of a
 * world's host.  Inside they are the gateway, at the port that they sent from,
 * and answers find them by that port alone; what else the programs send to the
 * gateway does not reach the loopback.
 */
#ifndef RUN_WORLD_UDP_PEERS_H
#define RUN_WORLD_UDP_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include <catenet/frame.h>

/* Of one published port; the one that was silent for longest makes room. */
#define UDP_PEERS 512
/* After that much silence (RFC 4787, REQ-5) it is nobody. */
#define UDP_PEER_IDLE_NS UINT64_C(120000000000)

struct udp_peer {
	struct cn_endpoint at; /* port 0: nobody */
	uint64_t used_at;
};

/* All zero: nobody has. */
struct udp_peers {
	struct udp_peer peer[UDP_PEERS];
};

/* It has sent something.  Of two addresses with one port the later counts. */
void udp_peers_note(struct udp_peers *peers, const struct cn_endpoint *at,
		    uint64_t now);
/* Who is at that port; false: nobody is. */
bool udp_peers_find(struct udp_peers *peers, bool v4, uint16_t port,
		    struct cn_endpoint *at, uint64_t now);

#endif
