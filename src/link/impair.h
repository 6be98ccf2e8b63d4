/* SPDX-License-Identifier: MIT */
/*
 * The dice of a path: what chance does to a packet, in netem's words.  Each
 * kind of chance has a stream of its own out of the one seed, so that adding
 * jitter does not change which packets are lost.
 */
#ifndef LINK_IMPAIR_H
#define LINK_IMPAIR_H

#include <catenet/link.h>

#include "base/random.h"

/* How late a packet chosen for reordering is where there is no delay that it
 * could skip. */
#define IMPAIR_REORDER_NS CN_NS_PER_MS
/* Packets that wait for the rate, when nothing is said. */
#define IMPAIR_QUEUE 1000u

struct dice {
	struct random loss, burst, duplicate, corrupt, reorder, jitter;
	bool is_bad; /* Gilbert-Elliott's state */
};

void dice_init(struct dice *dice, const uint8_t seed[16]);

/* Each is called once for each packet that comes so far. */
bool dice_loses(struct dice *dice, const struct cn_impair *impair);
bool dice_duplicates(struct dice *dice, const struct cn_impair *impair);
bool dice_corrupts(struct dice *dice, const struct cn_impair *impair);
/* Which of n bits; n > 0. */
uint32_t dice_bit(struct dice *dice, uint32_t n);
bool dice_reorders(struct dice *dice, const struct cn_impair *impair);
/* Delay with jitter, never negative. */
uint64_t dice_delay(struct dice *dice, const struct cn_impair *impair);

/* Nothing at all is done to packets. */
bool impair_is_clean(const struct cn_impair *impair);

#endif
