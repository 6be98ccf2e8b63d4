/* SPDX-License-Identifier: MIT */
/*
 * A hash table of pointers by a 32-bit keyed hash: open addressing, linear
 * probing, at most 3/4 full, growth spread over later calls so that no single
 * insertion pays for all.  The map never looks into the objects: the caller's
 * match function does.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <catenet/base.h>

struct map_slot {
	void *object;
	uint32_t hash;
};

/*
 * To grow, the next table is first cleared piece by piece, then takes over,
 * and what the old one holds is moved piece by piece.  Sizes are powers of
 * two; one that grew too large for what it holds is halved in the same way.
 */
struct map {
	struct cn_pool *pool;
	struct map_slot *slot;
	struct map_slot *next; /* being cleared */
	struct map_slot *old; /* being moved over */
	uint32_t size, next_size, old_size;
	uint32_t cleared, moved; /* slots of next, of old */
	uint32_t n;
};

typedef bool map_match(const void *object, const void *key);

void map_init(struct map *map, struct cn_pool *pool);
void map_deinit(struct map *map);
void *map_find(const struct map *map, uint32_t hash, map_match *match,
	       const void *key);
/* CN_OK or CN_E_NOMEM.  The object must not be in the map. */
int map_insert(struct map *map, uint32_t hash, void *object) CN_MUST_CHECK;
/* True when the object was there. */
bool map_remove(struct map *map, uint32_t hash, const void *object);
/* Another object takes the place of one that is there (same hash). */
void map_replace(struct map *map, uint32_t hash, const void *object,
		 void *with);
/* Calls each for every object; the callback may remove the one it is given. */
void map_each(struct map *map, void (*each)(void *object, void *ctx),
	      void *ctx);

#endif
