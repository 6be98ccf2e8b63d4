/* SPDX-License-Identifier: MIT */
/*
 * The hierarchical timer wheel (Varghese and Lauck, 1987): scheme 7, where a
 * slot of a higher level is dealt out to the lower ones when its time begins.
 */
#include "base/wheel.h"

#include <stdbool.h>

#include "base/assert.h"
#include <catenet/base.h>

#define SLOT_MASK (WHEEL_SLOTS - 1)

/* 64 bits of instant less the tick's fit in the levels. */
_Static_assert(WHEEL_LEVELS *WHEEL_BITS >= 64 - WHEEL_TICK_SHIFT,
	       "the wheel spans all of time");

struct place {
	unsigned level, slot;
};

static uint64_t tick_of(uint64_t at)
{
	return at >> WHEEL_TICK_SHIFT;
}

static struct wheel_node *node_of(struct list *list)
{
	return CN_CONTAINER(list, struct wheel_node, node);
}

/* Where a node of that tick is; tick > now_tick. */
static struct place wheel_place(const struct wheel *wheel, uint64_t tick)
{
	uint64_t differ = tick ^ wheel->now_tick;
	struct place place;

	place.level = (63 - (unsigned)__builtin_clzll(differ)) / WHEEL_BITS;
	place.slot = (unsigned)(tick >> place.level * WHEEL_BITS) & SLOT_MASK;
	return place;
}

/* The first occupied slot; false when there is none. */
static bool wheel_first(const struct wheel *wheel, struct place *place)
{
	for (unsigned i = 0; i < WHEEL_LEVELS; i++) {
		if (!wheel->occupied[i])
			continue;
		place->level = i;
		place->slot = (unsigned)__builtin_ctzll(wheel->occupied[i]);
		return true;
	}
	return false;
}

void wheel_init(struct wheel *wheel, uint64_t now)
{
	wheel->now_tick = tick_of(now);
	for (unsigned i = 0; i < WHEEL_LEVELS; i++) {
		wheel->occupied[i] = 0;
		wheel->exact[i] = 0;
		for (unsigned j = 0; j < WHEEL_SLOTS; j++) {
			wheel->least[i][j] = CN_NEVER;
			list_init(&wheel->slot[i][j]);
		}
	}
	list_init(&wheel->due);
}

/* After those of the same instant; nearly always at the tail. */
static void due_add(struct wheel *wheel, struct wheel_node *node)
{
	struct list *after = wheel->due.prev;

	while (after != &wheel->due && node_of(after)->at > node->at)
		after = after->prev;
	list_add_tail(after->next, &node->node);
}

static void slot_add(struct wheel *wheel, struct wheel_node *node)
{
	struct place place = wheel_place(wheel, tick_of(node->at));
	uint64_t *least = &wheel->least[place.level][place.slot];
	uint64_t bit = UINT64_C(1) << place.slot;

	list_add_tail(&wheel->slot[place.level][place.slot], &node->node);
	if (!(wheel->occupied[place.level] & bit)) {
		wheel->occupied[place.level] |= bit;
		wheel->exact[place.level] |= bit;
		*least = node->at;
	} else if (node->at <= *least) {
		wheel->exact[place.level] |= bit;
		*least = node->at;
	}
}

/* The node that was the earliest of its slot has left: who is now? */
static void slot_find_least(struct wheel *wheel, struct place place)
{
	const struct list *head = &wheel->slot[place.level][place.slot];
	uint64_t *least = &wheel->least[place.level][place.slot];
	uint64_t found = CN_NEVER;
	unsigned n = 0;

	for (struct list *i = head->next; i != head; i = i->next) {
		uint64_t at = node_of(i)->at;

		if (at == *least)
			return; /* another of the same instant */
		if (at < found)
			found = at;
		if (++n > WHEEL_WALK_MAX) {
			wheel->exact[place.level] &=
				~(UINT64_C(1) << place.slot);
			return;
		}
	}
	*least = found;
}

static void slot_remove(struct wheel *wheel, struct wheel_node *node)
{
	struct place place = wheel_place(wheel, tick_of(node->at));
	uint64_t bit = UINT64_C(1) << place.slot;

	list_del(&node->node);
	if (list_is_empty(&wheel->slot[place.level][place.slot])) {
		wheel->occupied[place.level] &= ~bit;
		wheel->least[place.level][place.slot] = CN_NEVER;
	} else if (node->at == wheel->least[place.level][place.slot] &&
		   wheel->exact[place.level] & bit) {
		slot_find_least(wheel, place);
	}
}

void wheel_cancel(struct wheel *wheel, struct wheel_node *node)
{
	if (!list_is_linked(&node->node))
		return;
	if (tick_of(node->at) <= wheel->now_tick)
		list_del(&node->node);
	else
		slot_remove(wheel, node);
}

void wheel_set(struct wheel *wheel, struct wheel_node *node, uint64_t at)
{
	wheel_cancel(wheel, node);
	if (at == CN_NEVER)
		return;
	node->at = at;
	if (tick_of(at) <= wheel->now_tick)
		due_add(wheel, node);
	else
		slot_add(wheel, node);
}

uint64_t wheel_deadline(const struct wheel *wheel)
{
	struct place place;

	if (!list_is_empty(&wheel->due))
		return node_of(wheel->due.next)->at;
	if (wheel_first(wheel, &place))
		return wheel->least[place.level][place.slot];
	return CN_NEVER;
}

/* Joins two sorted chains (by next, ending in NULL); a's go first if equal. */
static struct list *chain_merge(struct list *a, struct list *b)
{
	struct list *head = NULL, **tail = &head;

	while (a && b) {
		struct list **from = node_of(b)->at < node_of(a)->at ? &b : &a;

		*tail = *from;
		tail = &(*from)->next;
		*from = *tail;
	}
	*tail = a ? a : b;
	return head;
}

/* Merge sort from below: bin i holds a sorted chain of 2^i nodes, or none. */
static struct list *chain_sort(struct list *chain)
{
	struct list *bin[32] = {NULL};
	struct list *all = NULL;
	unsigned i;

	while (chain) {
		struct list *run = chain;

		chain = chain->next;
		run->next = NULL;
		for (i = 0; i < 31 && bin[i]; i++) {
			run = chain_merge(bin[i], run);
			bin[i] = NULL;
		}
		bin[i] = bin[i] ? chain_merge(bin[i], run) : run;
	}
	for (i = 0; i < 32; i++)
		all = chain_merge(bin[i], all);
	return all;
}

/* Empties a slot; its nodes are the chain returned, in the order set. */
static struct list *slot_take(struct wheel *wheel, struct place place)
{
	struct list *head = &wheel->slot[place.level][place.slot];
	struct list *chain = head->next;

	head->prev->next = NULL;
	list_init(head);
	wheel->occupied[place.level] &= ~(UINT64_C(1) << place.slot);
	wheel->least[place.level][place.slot] = CN_NEVER;
	return chain;
}

/* The tick at which a slot begins, seen from now_tick. */
static uint64_t slot_tick(const struct wheel *wheel, struct place place)
{
	unsigned shift = place.level * WHEEL_BITS;
	uint64_t above = wheel->now_tick >> shift >> WHEEL_BITS;

	return (above << WHEEL_BITS | place.slot) << shift;
}

/* Deals out a slot that has begun: what is of this tick is due, in order. */
static void wheel_deal(struct wheel *wheel, struct list *chain)
{
	struct list *due = NULL, **tail = &due;

	while (chain) {
		struct list *next = chain->next;

		if (tick_of(node_of(chain)->at) == wheel->now_tick) {
			*tail = chain;
			tail = &chain->next;
		} else {
			slot_add(wheel, node_of(chain));
		}
		chain = next;
	}
	*tail = NULL;
	due = chain_sort(due);
	while (due) {
		struct list *next = due->next;

		due_add(wheel, node_of(due));
		due = next;
	}
}

/* Moves to the tick of now.  On the way every slot that begins is dealt out. */
static void wheel_turn(struct wheel *wheel, uint64_t now_tick)
{
	struct place place;

	while (wheel_first(wheel, &place)) {
		uint64_t begins = slot_tick(wheel, place);
		struct list *chain;

		if (begins > now_tick)
			break;
		chain = slot_take(wheel, place);
		wheel->now_tick = begins;
		wheel_deal(wheel, chain);
	}
	if (wheel->now_tick < now_tick)
		wheel->now_tick = now_tick;
}

struct wheel_node *wheel_expire(struct wheel *wheel, uint64_t now)
{
	struct wheel_node *node;

	wheel_turn(wheel, tick_of(now));
	if (list_is_empty(&wheel->due))
		return NULL;
	node = node_of(wheel->due.next);
	if (node->at > now)
		return NULL;
	list_del(&node->node);
	return node;
}
