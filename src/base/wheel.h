/* SPDX-License-Identifier: MIT */
/*
 * A hierarchical timer wheel (Varghese and Lauck, 1987): set, move and cancel
 * are O(1).  The tick is 2^17 ns (131 us) but instants are kept exactly: a
 * node never fires early, and fires at its instant.
 *
 * A slot remembers the least instant in it.  When the node that had it leaves,
 * at most WHEEL_WALK_MAX others are looked at; if there are more, what is
 * remembered stays as a lower bound.  So wheel_deadline is the exact minimum
 * unless the first slot holds more than that many nodes; then it may be
 * earlier, and the wheel puts that right when the instant has come.
 */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include <stdint.h>

#include "base/list.h"

#define WHEEL_LEVELS 8
#define WHEEL_BITS 6
#define WHEEL_SLOTS (1u << WHEEL_BITS)
#define WHEEL_TICK_SHIFT 17
#define WHEEL_WALK_MAX 64

struct wheel_node {
	struct list node;
	uint64_t at; /* the instant; meaningful while linked */
};

/*
 * A node of a later tick is on the level of the highest group of WHEEL_BITS
 * bits in which its tick differs from now_tick, in the slot of that group's
 * value.  So a lower level is always earlier than a higher one.
 */
struct wheel {
	uint64_t now_tick;
	uint64_t occupied[WHEEL_LEVELS]; /* bit per slot */
	uint64_t exact[WHEEL_LEVELS]; /* bit per slot: least is exact */
	uint64_t least[WHEEL_LEVELS][WHEEL_SLOTS]; /* instant, if occupied */
	struct list slot[WHEEL_LEVELS][WHEEL_SLOTS];
	struct list due; /* of this tick or before, in order of at */
};

void wheel_init(struct wheel *wheel, uint64_t now);
/* Arms or moves the node; at may lie in the past (fires at once), and CN_NEVER
 * cancels. */
void wheel_set(struct wheel *wheel, struct wheel_node *node, uint64_t at);
void wheel_cancel(struct wheel *wheel, struct wheel_node *node);
/* The earliest instant armed (see above), or CN_NEVER. */
uint64_t wheel_deadline(const struct wheel *wheel);
/* The next node with at <= now, unlinked, in order of at; NULL when there is
 * none.  Nodes of one instant come in the order in which they were set. */
struct wheel_node *wheel_expire(struct wheel *wheel, uint64_t now);

#endif
