/* SPDX-License-Identifier: MIT */
/*
 * A hierarchical timer wheel (Varghese and Lauck, 1987): set, move and cancel
 * are O(1).  The tick is 2^17 ns (131 us) but instants are kept exactly: a
 * node never fires early, and wheel_deadline is the exact minimum of what is
 * in the first non-empty slot, so that virtual time is exact.
 */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include <stdint.h>

#include "base/list.h"

#define WHEEL_LEVELS 8
#define WHEEL_BITS 6
#define WHEEL_SLOTS (1u << WHEEL_BITS)
#define WHEEL_TICK_SHIFT 17

struct wheel_node {
	struct list node;
	uint64_t at; /* the instant; meaningful while linked */
};

struct wheel {
	uint64_t now_tick;
	uint64_t occupied[WHEEL_LEVELS]; /* bit per slot */
	struct list slot[WHEEL_LEVELS][WHEEL_SLOTS];
	struct list due; /* expired, not yet taken */
};

void wheel_init(struct wheel *wheel, uint64_t now);
/* Arms or moves the node; at may lie in the past (fires at once). */
void wheel_set(struct wheel *wheel, struct wheel_node *node, uint64_t at);
void wheel_cancel(struct wheel *wheel, struct wheel_node *node);
/* The earliest instant armed, or CN_NEVER. */
uint64_t wheel_deadline(const struct wheel *wheel);
/* The next node with at <= now, unlinked, in order of at; NULL when there is
 * none. */
struct wheel_node *wheel_expire(struct wheel *wheel, uint64_t now);

#endif
