/* SPDX-License-Identifier: MIT */
/*
 * What moves: frames from hosts onto their links, frames that are due to where
 * they go, time to hosts, events to the owner.  Everything goes in the order of
 * its number, so that a run depends on its seed and on nothing else.
 */
#include <string.h>

#include "run/network/network_parts.h"
#include "wire/ether.h"

/* Frames that one host may send before the others have their turn, and rounds
 * before the owner has his. */
#define TURN 64
#define ROUNDS 32

/* ---------------------------------------------------------------- hosts -- */

static bool emit(struct node *node, uint64_t now)
{
	struct cn_frame frame;
	bool any = false;

	for (unsigned i = 0; i < node->wire_n; i++) {
		struct wire *wire = node->wire[i];
		unsigned n = 0;

		while (n < TURN &&
		       cn_host_output(node->host, wire->number, &frame, now)) {
			(void)cn_path_send(wire->path, &frame, now);
			n++;
		}
		any |= n > 0;
	}
	return any;
}

static bool tell_events(struct node *node)
{
	const struct network_config *config = &node->network->config;
	struct cn_event event;
	bool any = false;

	while (cn_host_event(node->host, &event)) {
		any = true;
		if (config->event)
			config->event(config->ctx, node->number, &event);
	}
	return any;
}

static bool run_host(struct node *node, uint64_t now)
{
	bool any = false;

	if (cn_host_deadline(node->host) <= now) {
		cn_host_advance(node->host, now);
		node->busy = true;
	}
	if (!node->busy)
		return false;
	node->busy = false;
	any |= tell_events(node);
	any |= emit(node, now);
	/* Whatever it did may have led to more. */
	node->busy = any;
	return any;
}

/* ---------------------------------------------------------------- links -- */

/*
 * After each frame the host says what it has to say, so that an ACK is sent for
 * every second segment and not one for all that came in this turn.
 */
static void arrive(struct wire *wire, const struct cn_frame *frame,
		   uint64_t now)
{
	struct node *node = &wire->network->node[wire->end->node];

	if (!node->host)
		return;
	taps_came(wire, frame, now);
	cn_host_input(node->host, wire->number, frame, now);
	(void)emit(node, now);
	node->busy = true;
}

/* The switch: to the station that is meant, or to all others. */
static void spread(struct wire *from, const struct cn_frame *frame,
		   uint64_t now)
{
	const struct network *network = from->network;
	const struct plan_link *link =
		plan_link(network->plan, (unsigned)from->end->link);
	uint8_t header[ETHER_HEADER_LEN];
	struct ether_hdr ether;

	if (cn_frame_copy(frame, 0, header, sizeof(header)) < sizeof(header) ||
	    ether_parse(header, sizeof(header), &ether))
		return;
	for (unsigned i = 0; i < link->end_n; i++) {
		struct wire *to = wire_of(network, &link->end[i]);

		if (to != from && (ether_is_group(ether.dst) ||
				   ether_equal(ether.dst, to->mac)))
			arrive(to, frame, now);
	}
}

/* NULL: a segment. */
static struct wire *opposite(const struct wire *wire)
{
	const struct plan *plan = wire->network->plan;

	if (plan_link(plan, (unsigned)wire->end->link)->segment)
		return NULL;
	return wire_of(wire->network, plan_peer(plan, wire->end));
}

static bool is_to_tun(const struct wire *wire)
{
	const struct wire *to = opposite(wire);

	return to && !to->network->node[to->end->node].host;
}

static bool deliver(struct wire *wire, uint64_t now)
{
	struct wire *to = opposite(wire);
	struct cn_frame frame;
	unsigned n = 0;

	if (is_to_tun(wire))
		return false;
	while (n < TURN && cn_path_recv(wire->path, &frame, now)) {
		if (to)
			arrive(to, &frame, now);
		else
			spread(wire, &frame, now);
		cn_frame_release(&frame);
		n++;
	}
	return n > 0;
}

/* ------------------------------------------------------------ the world -- */

static bool go_round(struct network *network, uint64_t now)
{
	bool any = false;

	for (unsigned i = 0; i < network->wire_n; i++)
		any |= deliver(&network->wire[i], now);
	for (unsigned i = 0; i < network->node_n; i++)
		if (network->node[i].host)
			any |= run_host(&network->node[i], now);
	return any;
}

bool network_step(struct network *network, uint64_t now)
{
	bool more = true;

	/* The owner may have done something to any of them. */
	for (unsigned i = 0; i < network->node_n; i++)
		network->node[i].busy = true;
	for (unsigned i = 0; i < ROUNDS && more; i++)
		more = go_round(network, now);
	return more;
}

uint64_t network_deadline(const struct network *network)
{
	uint64_t next = CN_NEVER, at;

	for (unsigned i = 0; i < network->node_n; i++) {
		if (!network->node[i].host)
			continue;
		at = cn_host_deadline(network->node[i].host);
		if (at < next)
			next = at;
	}
	for (unsigned i = 0; i < network->wire_n; i++) {
		if (is_to_tun(&network->wire[i]))
			continue;
		at = cn_path_deadline(network->wire[i].path);
		if (at < next)
			next = at;
	}
	return next;
}

/* -------------------------------------------------- nodes without host -- */

/* The path that ends there; NULL: it is joined to nothing. */
static struct wire *wire_to(const struct network *network, int node)
{
	const struct node *of = &network->node[node];

	return of->wire_n ? opposite(of->wire[0]) : NULL;
}

bool network_take(struct network *network, int node, struct cn_frame *frame,
		  uint64_t now)
{
	const struct wire *wire = wire_to(network, node);

	return wire && cn_path_recv(wire->path, frame, now);
}

uint64_t network_take_at(const struct network *network, int node)
{
	const struct wire *wire = wire_to(network, node);

	return wire ? cn_path_deadline(wire->path) : CN_NEVER;
}

void network_give(struct network *network, int node, struct cn_frame *frame,
		  uint64_t now)
{
	const struct node *of = &network->node[node];

	if (of->wire_n)
		(void)cn_path_send(of->wire[0]->path, frame, now);
	else
		cn_frame_release(frame);
}
