/* SPDX-License-Identifier: MIT */
/*
 * The network of a world: hosts, routers and the links between them, alive.
 *
 * It has no clock: time is passed in, so that the same network runs under the
 * loop of a world and under a test's virtual time, where one seed is one run.
 * Whoever owns it uses the hosts' sockets as he likes and then calls
 * network_step, and again when network_deadline has come:
 *
 *	while (network_step(network, now))
 *		;
 *	wait until network_deadline(network), or for something else to do
 */
#ifndef RUN_NETWORK_NETWORK_H
#define RUN_NETWORK_NETWORK_H

#include <catenet/host.h>
#include <catenet/link.h>

#include "run/network/plan.h"

struct network;

/* Where a packet was seen: sent by `from`, on the way to `to` (NULL: to all
 * stations of a segment). */
struct network_sight {
	const struct plan_link *link;
	const struct plan_end *from, *to;
	bool ethernet; /* the frame begins with its header */
};

struct network_config {
	struct cn_pool *pool;
	uint8_t seed[16]; /* hosts and paths have theirs derived from it */
	/* Settings of a host before it is made: all but pool and seed, which
	 * are set, may be changed.  NULL: as cn_settings_default says. */
	void (*settings)(void *ctx, int node, struct cn_settings *settings);
	/* The events of hosts; called inside network_step, after which nothing
	 * of the host is in use: it may call anything of its sockets.  NULL:
	 * they are thrown away. */
	void (*event)(void *ctx, int node, const struct cn_event *event);
	/* Sees each packet as it is sent, with what the path does to it; the
	 * frame is not to be kept.  NULL: nobody looks. */
	void (*packet)(void *ctx, const struct network_sight *sight,
		       const struct cn_frame *frame, enum cn_fate fate,
		       uint64_t now);
	/* The comment of that packet in a capture, UTF-8, into text of size
	 * octets.  NULL: its fate alone. */
	void (*comment)(void *ctx, const struct cn_frame *frame,
			enum cn_fate fate, char *text, size_t size);
	void *ctx;
};

/* Takes the plan, which is finished.  CN_OK and *network, or an error (the plan
 * is freed all the same) and in why, PLAN_WHY octets, what could not be made. */
int network_new(const struct network_config *config, struct plan *plan,
		uint64_t now, struct network **network, char *why)
	CN_MUST_CHECK;
/* Frees the hosts, with their sockets. */
void network_free(struct network *network);

/* ------------------------------------------------------- who is there -- */

const struct plan *network_plan(const struct network *network);
/* The number of the node of that name, or -1 (plan_find_node). */
int network_find(const struct network *network, const char *name);
/* NULL where the node is none (PLAN_TUN). */
struct cn_host *network_host(const struct network *network, int node);
/* The number of that end's link on its host. */
int network_link_of(const struct network *network, const struct plan_end *end);

/* The IPv6 link-local address of a station of a segment (RFC 4291 appendix A);
 * false: that link has none. */
bool network_link_local(const struct network *network,
			const struct plan_end *end, struct cn_addr *addr);

/* --------------------------------------------------------------- time -- */

/* Moves everything that can be moved now, some turns long.  True: there is
 * more to do at this instant. */
bool network_step(struct network *network, uint64_t now);
/* The next instant at which network_step has something to do by itself. */
uint64_t network_deadline(const struct network *network);

/* ------------------------------------------------------------ changes -- */

/* NULL, or what is wrong (in why).  What waits for a rate waits for the new one;
 * what else is on its way keeps its time. */
const char *network_set(struct network *network, const char *link,
			const char *words, char why[PLAN_WHY]);
/* "r1 bob via r2"; takes the place of the node's route to that prefix. */
const char *network_route(struct network *network, const char *words,
			  char why[PLAN_WHY]);
/* A statement of those: "set LINK WORDS ...", "route NODE ...". */
const char *network_change(struct network *network, const char *statement,
			   char why[PLAN_WHY]);

/* ------------------------------------------------------------ looking -- */

/* What passed on the way from that end. */
void network_stats(const struct network *network, const struct plan_end *from,
		   struct cn_path_stats *stats);
/* Tables for people; or JSON lines: one object for each node, link, interface,
 * route, and counter that is not nought. */
void network_print(const struct network *network, FILE *out);
void network_json(const struct network *network, FILE *out);
/* Lines of hosts(5): each address with its node's name. */
void network_names(const struct network *network, FILE *out);

/*
 * A capture, in pcapng: of one node (what it sends and what reaches it, its
 * loopback too), of one link (what is sent on it), or of all links.  Packets
 * are as they were sent, and their comment says what became of them.
 */
struct network_tap;
struct network_tap_config {
	const char *node, *link; /* one of them, or NULL both: every link */
	/* Takes all of it, or says no by a negative error: then nothing more is
	 * written. */
	int (*write)(void *ctx, const void *data, size_t len);
	void *ctx;
	uint64_t epoch_ns; /* of the real clock, at the time 0 */
};
/* NULL, or what is wrong. */
const char *network_tap_open(struct network *network,
			     const struct network_tap_config *config,
			     struct network_tap **tap, char why[PLAN_WHY]);
/* What is gathered is written: 0, or the error of the first write that
 * failed. */
int network_tap_flush(struct network_tap *tap);
int network_tap_close(struct network_tap *tap);

/* ---------------------------------------------------- nodes without host -- */

/*
 * Opens the TUN interface of each PLAN_TUN node, gives it the node's addresses
 * and the kernel the routes into the network; needs CAP_NET_ADMIN.  step is
 * called when the kernel has sent something: it shall step the network.
 * NULL, or what is wrong.
 */
struct loop;
const char *network_tun_open(struct network *network, struct loop *loop,
			     void (*step)(void *ctx), void *ctx,
			     char why[PLAN_WHY]);
/* Moves what can be moved; after each network_step.  True: something was. */
bool network_tun_move(struct network *network, uint64_t now);
/* When network_tun_move has something to do by itself. */
uint64_t network_tun_deadline(const struct network *network);
/* network_free does it too. */
void network_tun_close(struct network *network);

/* Or by hand.  Frames for a PLAN_TUN node that have arrived there, to be released by the
 * caller; false: none yet. */
bool network_take(struct network *network, int node, struct cn_frame *frame,
		  uint64_t now);
/* When the next one arrives; network_deadline does not tell. */
uint64_t network_take_at(const struct network *network, int node);
/* A frame that it sends; takes it. */
void network_give(struct network *network, int node, struct cn_frame *frame,
		  uint64_t now);

#endif
