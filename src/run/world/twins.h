/* SPDX-License-Identifier: MIT */
/*
 * The kernel's part of the hosts of a world that has a name: for each host that
 * programs have joined, a network namespace that bears its addresses.  TCP is
 * the engine's; what else the kernel in there sends takes the host's ways
 * (catenet/host.h, enum cn_twin).
 *
 * The first supervisor that joins a host makes the namespace and hands it over;
 * all programs of that host are in it, and it lasts as long as the world, whose
 * descriptors are all that keeps it.
 */
#ifndef RUN_WORLD_TWINS_H
#define RUN_WORLD_TWINS_H

#include <stdbool.h>
#include <stdint.h>

struct netns;
struct netns_config;
struct twins;
struct whost;
struct world;

/* NULL: no memory. */
struct twins *twins_new(struct world *world);
void twins_free(struct twins *twins);

/* What a namespace of that host looks like from inside. */
void twins_config(const struct twins *twins, const struct whost *host,
		  struct netns_config *config);
/* Those of a host's, which stay there: enum talk_twin; -1: there is none. */
int twins_fd(const struct twins *twins, const struct whost *host, int which);
/* Of its UDP sockets: udp_list.h; -1: there is none. */
int twins_list(const struct twins *twins, const struct whost *host, bool v4);
bool twins_has(const struct twins *twins, const struct whost *host);
/* The namespace is the host's from now on, whatever it takes of it.  0 or
 * -errno: -EEXIST when it has one. */
int twins_adopt(struct twins *twins, const struct whost *host,
		struct netns *ns);

/* Packets of all of them, both ways; true: there were some. */
bool twins_move(struct twins *twins, uint64_t now);

#endif
