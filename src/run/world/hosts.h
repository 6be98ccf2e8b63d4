/* SPDX-License-Identifier: MIT */
/*
 * The network of a world that has a name, as the world drives it: its hosts as
 * places for programs, its events, and the node that is the real network.
 */
#ifndef RUN_WORLD_HOSTS_H
#define RUN_WORLD_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <catenet/frame.h>

struct hosts;
struct look_ask;
struct network;
struct whost;
struct world;

/* As the world's options describe them; 0, or not, and it was said why. */
int hosts_new(struct world *world, struct hosts **hosts);
void hosts_free(struct hosts *hosts);
struct network *hosts_network(const struct hosts *hosts);

/* A host that programs may be on; "": the only one.  NULL: none, why says so in
 * a sentence. */
const struct whost *hosts_find(const struct world *world, const char *name,
			       char *why, size_t size);
/* Every node that has a host, routers too. */
size_t hosts_count(const struct hosts *hosts);
const struct whost *hosts_at(const struct hosts *hosts, size_t i);
/* Whether it makes sense for it to send there: somebody has that address, or
 * may, or a route was described. */
bool hosts_reaches(const struct hosts *hosts, const struct whost *host,
		   const struct cn_addr *addr);
/* Whether that is one of its addresses. */
bool hosts_bears(const struct hosts *hosts, const struct whost *host,
		 const struct cn_addr *addr);
/* Its first address of that family; false: it has none. */
bool hosts_addr(const struct hosts *hosts, const struct whost *host, bool v4,
		struct cn_addr *addr);
/* The same of the node that is the real network. */
bool hosts_gateway_addr(const struct hosts *hosts, bool v4,
			struct cn_addr *addr);
/* One line for each: "host", its name, its addresses, between tabs. */
void hosts_list(const struct world *world, FILE *out);
/* As enum talk_list says. */
void hosts_show(const struct world *world, int which, FILE *out);
/* "set LINK WORDS", "route NODE ...": 0, or a positive errno and a sentence of
 * what is wrong. */
int hosts_change(struct world *world, const char *text, char *sentence,
		 size_t size);

/* As look_new. */
const char *hosts_look(struct world *world, const struct look_ask *ask, int fd,
		       char *why, size_t size);

/* One turn of all; true: anything is left to do. */
bool hosts_move(struct hosts *hosts, uint64_t now);
uint64_t hosts_deadline(const struct hosts *hosts);

#endif
