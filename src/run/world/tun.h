/* SPDX-License-Identifier: MIT */
/* A real interface in place of the gateway (catenet run --tun). */
#ifndef RUN_WORLD_TUN_H
#define RUN_WORLD_TUN_H

#include <stdbool.h>
#include <stdint.h>

struct world;

/* 0, or an error that was told on stderr. */
int wtun_open(struct world *world);
/* The host's address on it, and its route: 0 or a negative error. */
int wtun_address(struct world *world);
/* Frames to and from the interface; true when any moved. */
bool wtun_move(struct world *world, uint64_t now);
/* The interface takes nothing for the moment: what is on its way up waits. */
bool wtun_is_blocked(const struct world *world);
void wtun_close(struct world *world);

#endif
