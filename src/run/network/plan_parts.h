/* SPDX-License-Identifier: MIT */
/*
 * The parts of a plan, for the files that make it up:
 *
 *	plan.c		what it holds, and its mistakes
 *	plan_read.c	lines to words, files to lines
 *	plan_node.c	statements of nodes
 *	plan_link.c	statements of links, and changes of links
 *	plan_route.c	statements of routes
 *	plan_way.c	the shortest ways, and all routes of a node
 *	plan_finish.c	order, addresses, interfaces
 */
#ifndef RUN_NETWORK_PLAN_PARTS_H
#define RUN_NETWORK_PLAN_PARTS_H

#include "run/network/plan.h"

/* Of one statement: the name of a segment, its stations, their addresses. */
#define WORDS_MAX 400
/* "10.0.0.1" without its length, before plan_finish. */
#define PREFIX_UNSAID 255

struct words {
	char *at[WORDS_MAX];
	unsigned n;
};

struct statement {
	char *text; /* its words, each with its NUL, then an empty one */
	unsigned place;
};

struct place {
	const char *where; /* one of plan->where */
	unsigned line;
};

struct mistake {
	unsigned place;
	char *text;
};

struct plan {
	struct plan_node node[PLAN_NODES];
	struct plan_link link[PLAN_LINKS];
	struct plan_route *route;
	struct statement *statement;
	struct place *place;
	char **where;
	struct mistake mistake[PLAN_MISTAKES];
	unsigned node_n, link_n, route_n, statement_n, place_n, where_n;
	unsigned mistake_n;
	bool no_memory;
};

/* ----------------------------------------------------------- plan.c -- */

/* Once for each mistake: what is wrong, then its cure. */
void plan_wrong(struct plan *plan, unsigned place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* "lab.net:3" of a statement, into a text of size octets. */
void plan_place(const struct plan *plan, unsigned place, char *text,
		size_t size);
/* realloc to n things of size octets, or NULL and plan->no_memory. */
void *plan_grow(struct plan *plan, void *p, unsigned n, size_t size);
/* The node that is called most like this, or NULL. */
const char *plan_like_node(const struct plan *plan, const char *name);
/* "; did you mean NAME?" or "". */
void plan_did_you_mean(const char *name, char *text, size_t size);
/* How many letters differ. */
unsigned plan_distance(const char *a, const char *b);

/* ------------------------------------------------------ plan_read.c -- */

/* The words of one line, in place; false: a quote is not closed, or there are
 * too many. */
bool words_cut(char *line, struct words *words);
/* An address, with its length or without; *why says what is wrong with what
 * looks like one. False: it does not look like one. */
bool words_addr(const char *word, struct plan_addr *addr, const char **why);
/* NULL, or what is wrong with a name. */
const char *words_name(const char *word);

/* -------------------------------------------- plan_node.c and so on -- */

void plan_node_statement(struct plan *plan, const struct words *words,
			 unsigned place);
/* Adds an address; false: it was told what is wrong. */
bool plan_addr_add(struct plan *plan, struct plan_addrs *addrs,
		   const struct plan_addr *addr, unsigned place);

void plan_link_statement(struct plan *plan, const struct words *words,
			 unsigned place);
/* A word that begins an impairment or another property of a link. */
bool plan_is_link_word(const char *word);

/* The first bits of an address, as many as its own family counts. */
struct cn_addr plan_prefix(const struct cn_addr *addr, unsigned prefix_len);
bool plan_in_prefix(const struct cn_addr *addr, const struct cn_addr *prefix,
		    unsigned prefix_len);
/* 32 or 128. */
unsigned plan_full(const struct cn_addr *addr);

/* A static route as a hop.  False: its router is no neighbour of the node. */
bool plan_hop_of(const struct plan *plan, const struct plan_route *route,
		 struct plan_hop *hop);

void plan_route_statement(struct plan *plan, const struct words *words,
			  unsigned place);

#endif
