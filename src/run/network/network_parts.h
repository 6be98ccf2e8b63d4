/* SPDX-License-Identifier: MIT */
/*
 * The parts of a network, for the files that make it up:
 *
 *	network.c	hosts and paths, and their end
 *	network_step.c	what moves between them
 *	network_change.c what is changed while it runs
 *	network_tap.c	captures
 *	network_tun.c	the kernel as a node
 *	network_print.c	what people and programs read of it
 */
#ifndef RUN_NETWORK_NETWORK_PARTS_H
#define RUN_NETWORK_NETWORK_PARTS_H

#include "base/list.h"
#include "run/network/network.h"

/* An interface, and the way from it onto its link. */
struct wire {
	struct network *network;
	const struct plan_end *end;
	int number; /* of the host's link */
	struct cn_path *path;
	uint8_t mac[CN_MAC_LEN]; /* on a segment */
};

struct node {
	struct network *network;
	int number;
	struct cn_host *host; /* NULL: PLAN_TUN */
	struct wire *wire[PLAN_NODE_ENDS];
	unsigned wire_n;
	bool busy; /* something was done to it: it may have frames, events */
	struct cn_frame_sink loopback;
};

struct network {
	struct network_config config;
	struct plan *plan;
	unsigned node_n, wire_n;
	struct node *node;
	/* In the order of the links and their ends. */
	struct wire *wire;
	unsigned first[PLAN_LINKS]; /* wire of a link's first end */
	struct list taps;
	struct network_tun *tun; /* NULL: none is open */
};

static inline struct wire *wire_of(const struct network *network,
				   const struct plan_end *end)
{
	const struct plan_link *link =
		plan_link(network->plan, (unsigned)end->link);

	return &network->wire[network->first[end->link] + (end - link->end)];
}

/* The impairment that its path has: what the plan says, or nothing passes. */
struct cn_impair wire_impair(const struct wire *wire);
/* The sink of every path; ctx is the wire. */
void wire_packet(void *ctx, const struct cn_frame *frame, enum cn_fate fate,
		 uint64_t now);
/* ------------------------------------------------------ network_tap.c -- */

/* Sent on its link. */
void taps_sent(const struct wire *wire, const struct cn_frame *frame,
	       enum cn_fate fate, uint64_t now);
/* Arrived at the node that has the wire. */
void taps_came(const struct wire *wire, const struct cn_frame *frame,
	       uint64_t now);
/* The frame function of a struct cn_frame_sink; ctx is the node. */
void taps_loopback(void *ctx, int link, const struct cn_frame *frame,
		   uint64_t now);

/* CN_OK or an error. */
int node_route(struct node *node, const struct plan_hop *hop);

#endif
