/* SPDX-License-Identifier: MIT */
/*
 * The plan of a network: what its description says, checked and complete.
 *
 *	host alice 192.168.0.1
 *	host bob
 *	router r1
 *	link alice r1 delay 10ms loss 1%
 *	link r1 bob rate 10mbit
 *	route r1 default via bob
 *
 * catenet-world(5) documents the language.  Statements come in any order, from
 * files and from flags; plan_finish then resolves names, gives addresses where
 * none were given, and tells every mistake once, with its place and its cure.
 * A plan does nothing: network.h makes hosts and paths of it.
 */
#ifndef RUN_NETWORK_PLAN_H
#define RUN_NETWORK_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <catenet/link.h>

/* A name with its NUL: letters, digits, '-', '_' and '.'. */
#define PLAN_NAME 64
#define PLAN_NODES 200
#define PLAN_LINKS 200
/* Links of one node: the engine's limit, less one. */
#define PLAN_NODE_ENDS 14
/* Stations of one segment. */
#define PLAN_LINK_ENDS 64
#define PLAN_ADDRS 8
#define PLAN_ROUTES 1000
/* Mistakes that are told; what follows is mostly their consequence. */
#define PLAN_MISTAKES 20

enum plan_kind {
	PLAN_HOST,
	PLAN_ROUTER, /* passes on what is for others */
	PLAN_TUN, /* the kernel, behind a TUN interface */
};

struct plan_addr {
	struct cn_addr addr;
	uint8_t prefix_len; /* of its own family; 32 or 128: alone */
	bool given; /* not chosen by plan_finish */
};

struct plan_addrs {
	struct plan_addr at[PLAN_ADDRS];
	unsigned n;
};

/* What a node has on a link: an interface. */
struct plan_end {
	int link, node;
	/* Which of the node's interfaces it is: 0 is "eth0". */
	unsigned number;
	/* Addresses on this interface, those of the node's first included. */
	struct plan_addrs addrs;
	/* Of what this node sends here. */
	struct cn_impair impair;
};

struct plan_link {
	char name[PLAN_NAME];
	bool segment; /* Ethernet, of any number of stations */
	bool down; /* nothing passes */
	uint32_t mtu;
	char *drop; /* rules of docs/drop.md, or NULL */
	struct plan_end *end; /* two, or as many as there are stations */
	unsigned end_n;
	unsigned place; /* where it was described */
};

struct plan_node {
	char name[PLAN_NAME];
	uint8_t kind; /* enum plan_kind */
	bool by_hand; /* no route but those of its links and of the plan */
	char device[16]; /* TUN: of the kernel, "": it chooses */
	struct plan_addrs given; /* with its name; also its first end's */
	struct plan_end *end[PLAN_NODE_ENDS];
	unsigned end_n;
	unsigned place;
};

/* A static route. */
struct plan_route {
	int node;
	struct cn_addr prefix;
	uint8_t prefix_len;
	int via; /* node, or -1: */
	struct cn_addr router; /* its address */
	unsigned place;
};

struct plan;

/* NULL: no memory, as everywhere below unless it says otherwise. */
struct plan *plan_new(void);
void plan_free(struct plan *plan);

/* Statements, one a line.  where: the file's or the flag's name. */
void plan_text(struct plan *plan, const char *where, const char *text);
/* The same from a file; "-": standard input.  0 or -errno: EFBIG, of more than a
 * mebibyte; EILSEQ, an octet 0 is in it. */
int plan_file(struct plan *plan, const char *name) CN_MUST_CHECK;
/* After the last statement.  False: there are mistakes. */
bool plan_finish(struct plan *plan) CN_MUST_CHECK;

/* "lab.net:3: no host or router is called bbo; did you mean bob?" and so on,
 * by place. */
unsigned plan_mistake_n(const struct plan *plan);
const char *plan_mistake(const struct plan *plan, unsigned i);

/* ---------------------------------------------- what it says, finished -- */

unsigned plan_node_n(const struct plan *plan);
unsigned plan_link_n(const struct plan *plan);
const struct plan_node *plan_node(const struct plan *plan, unsigned i);
const struct plan_link *plan_link(const struct plan *plan, unsigned i);
/* -1: there is none. */
int plan_find_node(const struct plan *plan, const char *name);
int plan_find_link(const struct plan *plan, const char *name);
/* The node that has this address, or -1. */
int plan_find_addr(const struct plan *plan, const struct cn_addr *addr);
/* The node's first address of that family (4 or 6); NULL: it has none. */
const struct cn_addr *plan_addr_of(const struct plan *plan, int node,
				   int family);
/* "eth0", into a name of 16. */
void plan_interface(const struct plan_end *end, char name[16]);
/* The end opposite on a link of two. */
const struct plan_end *plan_peer(const struct plan *plan,
				 const struct plan_end *end);

/* One route of a node. */
struct plan_hop {
	struct cn_addr prefix;
	uint8_t prefix_len;
	const struct plan_end *end; /* the node's, that it leaves by */
	struct cn_addr router; /* on a segment; any: the destination itself */
	bool given; /* by a statement */
};

/* All routes of a node beyond those of its own links: the shortest ways by
 * number of links, then the static ones, which take the place of shortest ones
 * of the same prefix.  CN_OK, or the first negative value of add. */
int plan_routes(const struct plan *plan, int node,
		int (*add)(void *ctx, const struct plan_hop *hop), void *ctx);

/* ------------------------------------------------- changes, afterwards -- */

/*
 * Words that may follow a link's ends: "delay 50ms", "from r1 loss 2%",
 * "down".  NULL and the link changed; or, the link unchanged, what is wrong:
 * one sentence in why.
 */
#define PLAN_WHY 400
const char *plan_set(struct plan *plan, int link, const char *words,
		     char why[PLAN_WHY]);
/* "r1 bob via r2": as after "route".  Takes the place of static routes of the
 * same prefixes; each that it came to is told. */
const char *plan_reroute(struct plan *plan, const char *words,
			 void (*told)(void *ctx, int node,
				      const struct plan_hop *hop),
			 void *ctx, char why[PLAN_WHY]);

#endif
