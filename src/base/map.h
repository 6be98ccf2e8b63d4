/* SPDX-License-Identifier: MIT */
/*
 * A hash table of pointers by a 32-bit keyed hash: linear hashing (Litwin,
 * 1980), which grows and shrinks by one bucket at a time.  No call pays for
 * all, no number of objects is a bad one: an object costs 20 octets, and an
 * eighth more at most, whatever their number.  The map never looks into the objects:
 * the caller's match function does.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <catenet/base.h>

/* Entries lie side by side in the order of their numbers, in chunks; a bucket
 * is the number of its first entry. */
struct map_entry {
	void *object;
	uint32_t hash;
	uint32_t next; /* of the bucket, or MAP_NONE */
};

#define MAP_NONE UINT32_MAX
#define MAP_ENTRY_CHUNK 128u /* the first ones */
#define MAP_BUCKET_CHUNK 512u
/* Octets of an object's entry and its bucket. */
#define MAP_SHARE (sizeof(struct map_entry) + sizeof(uint32_t))

/* An array that grows by chunks, an eighth at a time, and never moves but for
 * its first, which begins small. */
struct map_array {
	void **chunk;
	uint32_t chunk_n, chunk_room;
	uint32_t first; /* elements of the first chunk */
};

struct map {
	struct cn_pool *pool;
	struct map_array entries, buckets;
	uint32_t n; /* objects */
	uint32_t bucket_n;
};

typedef bool map_match(const void *object, const void *key);

void map_init(struct map *map, struct cn_pool *pool);
void map_deinit(struct map *map);
void *map_find(const struct map *map, uint32_t hash, map_match *match,
	       const void *key);
/* Says that hash will be looked for soon. */
void map_fetch(const struct map *map, uint32_t hash);
/* CN_OK or CN_E_NOMEM; never the latter where an object was removed just
 * before.  The object must not be in the map. */
int map_insert(struct map *map, uint32_t hash, void *object) CN_MUST_CHECK;
/* True when the object was there. */
bool map_remove(struct map *map, uint32_t hash, const void *object);
/* Another object takes the place of one that is there (same hash). */
void map_replace(struct map *map, uint32_t hash, const void *object,
		 void *with);
/* Calls each for at most n objects, those that stand from number `from` on:
 * for a look at some of many.  The callback must not change the map. */
void map_some(const struct map *map, uint32_t from, uint32_t n,
	      void (*each)(void *object, void *ctx), void *ctx);
/* Calls each for every object; the callback may remove the one it is given. */
void map_each(struct map *map, void (*each)(void *object, void *ctx),
	      void *ctx);

#endif
