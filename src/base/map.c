/* SPDX-License-Identifier: MIT */
/*
 * The hash table.  There is a bucket for each object; with the last one that
 * came, the bucket whose turn it is is dealt out between itself and a new one,
 * and the other way round.  The last entry takes the place of one that leaves,
 * so that entries stay side by side.
 */
#include "base/map.h"

#include <string.h>

#include "base/assert.h"
#include "base/pool.h"

#define FIRST_MIN 16u
#define BUCKETS_MAX (UINT32_C(1) << 30)

/* ----------------------------------------------------------------- arrays -- */

/*
 * Eight chunks of least elements each, eight of twice as many, and so on: an
 * eighth is unused at most, and the list of chunks stays in the first cache.
 */
struct place {
	uint32_t chunk, off, size;
};

static inline struct place array_place(uint32_t least, uint32_t i)
{
	uint32_t steps = i / least + 8;
	uint32_t twice = 28 - (uint32_t)__builtin_clz(steps);
	struct place place;

	place.chunk = 8 * twice + (steps >> twice) - 8;
	place.off = i + 8 * least - (steps >> twice << twice) * least;
	place.size = least << twice;
	return place;
}

static inline void *array_at(const struct map_array *array, uint32_t least,
			     size_t size, uint32_t i)
{
	struct place place = array_place(least, i);

	return (uint8_t *)array->chunk[place.chunk] + place.off * size;
}

static uint32_t chunk_size(uint32_t least, uint32_t chunk)
{
	return least << chunk / 8;
}

/* Room for one more pointer to a chunk. */
static bool index_grow(struct map_array *array, struct cn_pool *pool)
{
	uint32_t room = array->chunk_room ? array->chunk_room * 2 : 2;
	void **index;

	if (array->chunk_n < array->chunk_room)
		return true;
	index = pool_alloc(pool, room * sizeof(*index));
	if (!index)
		return false;
	if (array->chunk)
		memcpy(index, array->chunk, array->chunk_n * sizeof(*index));
	pool_release(pool, array->chunk, array->chunk_room * sizeof(*index));
	array->chunk = index;
	array->chunk_room = room;
	return true;
}

/* The first chunk doubles until it is as large as the next. */
static bool first_grow(struct map_array *array, struct cn_pool *pool,
		       uint32_t least, size_t size)
{
	uint32_t n = array->first ? array->first * 2 : FIRST_MIN;
	void *chunk;

	CN_ASSERT(n <= least);
	if (!index_grow(array, pool))
		return false;
	chunk = pool_alloc(pool, n * size);
	if (!chunk)
		return false;
	if (array->first) {
		memcpy(chunk, array->chunk[0], array->first * size);
		pool_release(pool, array->chunk[0], array->first * size);
	}
	array->chunk[0] = chunk;
	array->chunk_n = 1;
	array->first = n;
	return true;
}

/* Memory for a chunk: what is large is not cleared at once. */
static void *chunk_alloc(struct cn_pool *pool, size_t octets)
{
	return octets > 1024 ? pool_alloc_raw(pool, octets) :
			       pool_alloc(pool, octets);
}

/* Room for element number n; false without memory. */
static bool array_reach(struct map_array *array, struct cn_pool *pool,
			uint32_t least, size_t size, uint32_t n)
{
	struct place place = array_place(least, n);
	void *chunk;

	if (array->first < least)
		return n < array->first || first_grow(array, pool, least, size);
	if (place.chunk < array->chunk_n)
		return true;
	if (!index_grow(array, pool))
		return false;
	chunk = chunk_alloc(pool, place.size * size);
	if (!chunk)
		return false;
	array->chunk[array->chunk_n++] = chunk;
	return true;
}

static void last_free(struct map_array *array, struct cn_pool *pool,
		      uint32_t least, size_t size)
{
	uint32_t last = --array->chunk_n;

	pool_release(pool, array->chunk[last], chunk_size(least, last) * size);
}

/* n elements are left: all chunks but one beyond them go. */
static void array_trim(struct map_array *array, struct cn_pool *pool,
		       uint32_t least, size_t size, uint32_t n)
{
	while (array->chunk_n > array_place(least, n).chunk + 2)
		last_free(array, pool, least, size);
}

static void array_free(struct map_array *array, struct cn_pool *pool,
		       uint32_t least, size_t size)
{
	while (array->chunk_n > 1)
		last_free(array, pool, least, size);
	if (array->first)
		pool_release(pool, array->chunk[0], array->first * size);
	pool_release(pool, array->chunk,
		     array->chunk_room * sizeof(*array->chunk));
	memset(array, 0, sizeof(*array));
}

static struct map_entry *entry_at(const struct map *map, uint32_t i)
{
	return array_at(&map->entries, MAP_ENTRY_CHUNK,
			sizeof(struct map_entry), i);
}

static uint32_t *bucket_at(const struct map *map, uint32_t i)
{
	return array_at(&map->buckets, MAP_BUCKET_CHUNK, sizeof(uint32_t), i);
}

/* ---------------------------------------------------------------- buckets -- */

/* The highest power of two that is not above n; n > 0. */
static uint32_t power_below(uint32_t n)
{
	return UINT32_C(1) << (31 - __builtin_clz(n));
}

/* As many bits of the hash as name a bucket that there is. */
static uint32_t *bucket_of(const struct map *map, uint32_t hash)
{
	uint32_t power = power_below(map->bucket_n);
	uint32_t i = hash & (2 * power - 1);

	return bucket_at(map, i < map->bucket_n ? i : i - power);
}

/* Where the number of the entry that matches is written, or of none. */
static uint32_t *link_of(const struct map *map, uint32_t hash, map_match *match,
			 const void *key)
{
	uint32_t *link = bucket_of(map, hash);

	while (*link != MAP_NONE) {
		struct map_entry *entry = entry_at(map, *link);

		if (entry->hash == hash && match(entry->object, key))
			break;
		link = &entry->next;
	}
	return link;
}

/* One bucket more: what of its elder belongs there moves over. */
static void bucket_add(struct map *map)
{
	uint32_t number = map->bucket_n, power;
	uint32_t *from, *to;

	if (number == BUCKETS_MAX ||
	    !array_reach(&map->buckets, map->pool, MAP_BUCKET_CHUNK,
			 sizeof(uint32_t), number))
		return;
	map->bucket_n++;
	to = bucket_at(map, number);
	*to = MAP_NONE;
	if (!number)
		return;
	power = power_below(number);
	from = bucket_at(map, number - power);
	while (*from != MAP_NONE) {
		struct map_entry *entry = entry_at(map, *from);

		if (!(entry->hash & power)) {
			from = &entry->next;
			continue;
		}
		*to = *from;
		*from = entry->next;
		entry->next = MAP_NONE;
		to = &entry->next;
	}
}

/* One bucket less: its elder takes what it has. */
static void bucket_drop(struct map *map)
{
	uint32_t number = map->bucket_n - 1;
	uint32_t *to = bucket_at(map, number - power_below(number));

	while (*to != MAP_NONE)
		to = &entry_at(map, *to)->next;
	*to = *bucket_at(map, number);
	map->bucket_n = number;
	array_trim(&map->buckets, map->pool, MAP_BUCKET_CHUNK, sizeof(uint32_t),
		   number);
}

/* ---------------------------------------------------------------- the map -- */

void map_init(struct map *map, struct cn_pool *pool)
{
	memset(map, 0, sizeof(*map));
	map->pool = pool;
}

void map_deinit(struct map *map)
{
	array_free(&map->entries, map->pool, MAP_ENTRY_CHUNK,
		   sizeof(struct map_entry));
	array_free(&map->buckets, map->pool, MAP_BUCKET_CHUNK,
		   sizeof(uint32_t));
	map->n = 0;
	map->bucket_n = 0;
}

void *map_find(const struct map *map, uint32_t hash, map_match *match,
	       const void *key)
{
	uint32_t *link;

	if (!map->n)
		return NULL;
	link = link_of(map, hash, match, key);
	return *link == MAP_NONE ? NULL : entry_at(map, *link)->object;
}

void map_fetch(const struct map *map, uint32_t hash)
{
	if (map->bucket_n)
		__builtin_prefetch(bucket_of(map, hash));
}

int map_insert(struct map *map, uint32_t hash, void *object)
{
	struct map_entry *entry;
	uint32_t *bucket;

	CN_ASSERT(object && map->n < MAP_NONE);
	if (map->n >= map->bucket_n)
		bucket_add(map);
	if (!map->bucket_n ||
	    !array_reach(&map->entries, map->pool, MAP_ENTRY_CHUNK,
			 sizeof(*entry), map->n))
		return CN_E_NOMEM;
	bucket = bucket_of(map, hash);
	entry = entry_at(map, map->n);
	entry->object = object;
	entry->hash = hash;
	entry->next = *bucket;
	*bucket = map->n++;
	return CN_OK;
}

static bool match_pointer(const void *object, const void *key)
{
	return object == key;
}

bool map_remove(struct map *map, uint32_t hash, const void *object)
{
	struct map_entry *last;
	uint32_t *link, number;

	if (!map->n)
		return false;
	link = link_of(map, hash, match_pointer, object);
	number = *link;
	if (number == MAP_NONE)
		return false;
	*link = entry_at(map, number)->next;
	map->n--;
	if (number != map->n) {
		last = entry_at(map, map->n);
		link = link_of(map, last->hash, match_pointer, last->object);
		*link = number;
		*entry_at(map, number) = *last;
	}
	array_trim(&map->entries, map->pool, MAP_ENTRY_CHUNK,
		   sizeof(struct map_entry), map->n);
	/* Not at once, since the next may come soon; then two at a time, so
	 * that they come to an end together. */
	for (unsigned i = 0; i < 2; i++)
		if (map->n < map->bucket_n - map->bucket_n / 4 &&
		    map->bucket_n > FIRST_MIN)
			bucket_drop(map);
	return true;
}

void map_replace(struct map *map, uint32_t hash, const void *object, void *with)
{
	uint32_t *link;

	CN_ASSERT(map->n && with);
	link = link_of(map, hash, match_pointer, object);
	CN_ASSERT(*link != MAP_NONE);
	entry_at(map, *link)->object = with;
}

void map_each(struct map *map, void (*each)(void *object, void *ctx), void *ctx)
{
	/* From the end: what takes the place of a removed one was seen. */
	for (uint32_t i = map->n; i-- > 0;)
		each(entry_at(map, i)->object, ctx);
}

void map_some(const struct map *map, uint32_t from, uint32_t n,
	      void (*each)(void *object, void *ctx), void *ctx)
{
	for (; n && from < map->n; n--, from++)
		each(entry_at(map, from)->object, ctx);
}
