/* SPDX-License-Identifier: MIT */
/*
 * The kernel's network inside: the interface of the programs' namespace, whose
 * other side a world holds.  UDP and ICMP from it travel up the path beside the
 * program's TCP, which is not the kernel's; what comes down the path and is not
 * for our TCP goes to it.
 */
#ifndef RUN_WORLD_INNER_H
#define RUN_WORLD_INNER_H

#include <stdbool.h>
#include <stdint.h>

struct cn_frame;
struct inner;
struct netns;
struct netns_config;
struct world;

/* What a namespace of this world looks like from inside. */
void inner_config(struct world *world, struct netns_config *config);
/* Takes the link of ns.  0 or -errno. */
int inner_new(struct world *world, struct netns *ns);
void inner_free(struct world *world); /* harmless where there is none */

/* Frames from the interface go up the path; true: there were some. */
bool inner_move(struct world *world, uint64_t now);
/* A frame at the program's end of the path: true when it was for the kernel
 * inside, and is gone. */
bool inner_catch(void *world, struct cn_frame *frame, uint64_t now);

#endif
