/* SPDX-License-Identifier: MIT */
/*
 * The hash table.  In the current table a removal shifts the rest of its
 * cluster back, so that no trace stays; in the old one, which only empties,
 * a mark is left for the probes that must pass over it.
 */
#include "base/map.h"

#include <string.h>

#include "base/assert.h"
#include "base/pool.h"

#define MAP_SIZE_MIN 16u
#define MAP_SIZE_MAX (1u << 30)
/*
 * The next table is begun at 1/2 full and needed at 3/4, so its 2 x size slots
 * must be clear within size / 4 insertions: 8 each.  The old one, of size
 * slots, must be moved before the next begins: size / 4 insertions again.
 */
#define MAP_CLEAR_STEP 16u
#define MAP_MOVE_STEP 8u

/* Stands for an object that left the old table. */
static const char map_gone = 0;

static bool slot_is_object(const struct map_slot *slot)
{
	return slot->object && slot->object != &map_gone;
}

static size_t table_octets(uint32_t size)
{
	return (size_t)size * sizeof(struct map_slot);
}

/* Small tables come from the recycled objects, large ones uncleared. */
static struct map_slot *table_new(struct cn_pool *pool, uint32_t size,
				  uint32_t *cleared)
{
	size_t octets = table_octets(size);

	if (octets <= 1024) {
		*cleared = size;
		return pool_alloc(pool, octets);
	}
	*cleared = 0;
	return pool_alloc_raw(pool, octets);
}

static void table_free(struct cn_pool *pool, struct map_slot **slot,
		       uint32_t *size)
{
	pool_release(pool, *slot, table_octets(*size));
	*slot = NULL;
	*size = 0;
}

void map_init(struct map *map, struct cn_pool *pool)
{
	memset(map, 0, sizeof(*map));
	map->pool = pool;
}

void map_deinit(struct map *map)
{
	table_free(map->pool, &map->slot, &map->size);
	table_free(map->pool, &map->next, &map->next_size);
	table_free(map->pool, &map->old, &map->old_size);
	map->n = 0;
}

/* The slot of the object that matches, or NULL. */
static struct map_slot *table_find(struct map_slot *table, uint32_t size,
				   uint32_t hash, map_match *match,
				   const void *key)
{
	uint32_t mask = size - 1;

	if (!table)
		return NULL;
	for (uint32_t i = hash & mask; table[i].object; i = (i + 1) & mask)
		if (table[i].hash == hash && slot_is_object(&table[i]) &&
		    match(table[i].object, key))
			return &table[i];
	return NULL;
}

static bool match_pointer(const void *object, const void *key)
{
	return object == key;
}

void *map_find(const struct map *map, uint32_t hash, map_match *match,
	       const void *key)
{
	struct map_slot *slot =
		table_find(map->slot, map->size, hash, match, key);

	if (!slot)
		slot = table_find(map->old, map->old_size, hash, match, key);
	return slot ? slot->object : NULL;
}

static void table_put(struct map_slot *table, uint32_t size, uint32_t hash,
		      void *object)
{
	uint32_t mask = size - 1;
	uint32_t i = hash & mask;

	while (table[i].object)
		i = (i + 1) & mask;
	table[i].object = object;
	table[i].hash = hash;
}

/* Closes the gap at i: whoever probed past it on its way home moves up. */
static void table_shift_back(struct map_slot *table, uint32_t size, uint32_t i)
{
	uint32_t mask = size - 1;

	for (uint32_t j = (i + 1) & mask; table[j].object; j = (j + 1) & mask) {
		uint32_t home = table[j].hash & mask;

		if (((j - home) & mask) < ((j - i) & mask))
			continue;
		table[i] = table[j];
		i = j;
	}
	table[i].object = NULL;
}

static void map_move_step(struct map *map)
{
	for (uint32_t n = 0; n < MAP_MOVE_STEP && map->old; n++) {
		struct map_slot *slot = &map->old[map->moved];

		if (slot_is_object(slot)) {
			table_put(map->slot, map->size, slot->hash,
				  slot->object);
			slot->object = (void *)(uintptr_t)&map_gone;
		}
		if (++map->moved == map->old_size)
			table_free(map->pool, &map->old, &map->old_size);
	}
}

static void map_clear(struct map *map, uint32_t n)
{
	if (n > map->next_size - map->cleared)
		n = map->next_size - map->cleared;
	memset(map->next + map->cleared, 0, table_octets(n));
	map->cleared += n;
}

static void map_switch(struct map *map)
{
	map->old = map->slot;
	map->old_size = map->size;
	map->moved = 0;
	map->slot = map->next;
	map->size = map->next_size;
	map->next = NULL;
	map->next_size = 0;
}

static bool map_is_full(const struct map *map)
{
	return map->n >= map->size - map->size / 4;
}

/* The size that the table should have next; its own when that is right. */
static uint32_t map_wanted_size(const struct map *map)
{
	if (map->size == 0)
		return MAP_SIZE_MIN;
	if (map->n >= map->size / 2 && map->size < MAP_SIZE_MAX)
		return map->size * 2;
	if (map->n < map->size / 16 && map->size > MAP_SIZE_MIN)
		return map->size / 2;
	return map->size;
}

static void map_resize_step(struct map *map)
{
	uint32_t wanted = map_wanted_size(map);

	if (map->old) {
		map_move_step(map);
		return;
	}
	if (map->next && wanted != map->size && wanted != map->next_size)
		table_free(map->pool, &map->next, &map->next_size);
	if (!map->next && wanted != map->size) {
		map->next = table_new(map->pool, wanted, &map->cleared);
		if (map->next)
			map->next_size = wanted;
	}
	if (!map->next)
		return;
	map_clear(map, MAP_CLEAR_STEP);
	/* Only if memory was short until now is there more to clear at once. */
	if (map_is_full(map))
		map_clear(map, map->next_size);
	if (map->cleared == map->next_size)
		map_switch(map);
}

int map_insert(struct map *map, uint32_t hash, void *object)
{
	CN_ASSERT(object);
	map_resize_step(map);
	if (map_is_full(map))
		return CN_E_NOMEM;
	table_put(map->slot, map->size, hash, object);
	map->n++;
	return CN_OK;
}

bool map_remove(struct map *map, uint32_t hash, const void *object)
{
	struct map_slot *slot =
		table_find(map->slot, map->size, hash, match_pointer, object);

	if (slot) {
		table_shift_back(map->slot, map->size,
				 (uint32_t)(slot - map->slot));
	} else {
		slot = table_find(map->old, map->old_size, hash, match_pointer,
				  object);
		if (!slot)
			return false;
		slot->object = (void *)(uintptr_t)&map_gone;
	}
	map->n--;
	return true;
}

void map_replace(struct map *map, uint32_t hash, const void *object, void *with)
{
	struct map_slot *slot =
		table_find(map->slot, map->size, hash, match_pointer, object);

	if (!slot)
		slot = table_find(map->old, map->old_size, hash, match_pointer,
				  object);
	CN_ASSERT(slot && with);
	slot->object = with;
}

/*
 * Begins after an empty slot: a removal shifts objects within one cluster
 * only, so none can slip past the end to be seen twice, or be missed.
 */
static void table_each(struct map_slot *table, uint32_t size,
		       void (*each)(void *object, void *ctx), void *ctx)
{
	uint32_t mask = size - 1;
	uint32_t start = 0;

	while (table[start].object)
		start++;
	for (uint32_t i = 1; i < size; i++) {
		struct map_slot *slot = &table[(start + i) & mask];

		while (slot_is_object(slot)) {
			const void *object = slot->object;

			each(slot->object, ctx);
			if (slot->object == object)
				break;
		}
	}
}

void map_each(struct map *map, void (*each)(void *object, void *ctx), void *ctx)
{
	/* The callback may not insert, so that neither table changes place. */
	if (map->old)
		table_each(map->old, map->old_size, each, ctx);
	if (map->slot)
		table_each(map->slot, map->size, each, ctx);
}
