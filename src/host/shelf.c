/* SPDX-License-Identifier: MIT */
/* The store of small entries behind the SYN cache and TIME-WAIT. */
#include "host/shelf.h"

#include <string.h>

#include "base/assert.h"

#define CHUNK_OCTETS ((size_t)SHELF_CHUNK * SHELF_ENTRY)

void shelf_init(struct shelf *shelf, struct cn_pool *pool,
		struct budget *budget, uint32_t max)
{
	memset(shelf, 0, sizeof(*shelf));
	shelf->pool = pool;
	shelf->budget = budget;
	shelf->chunk_max = (max + SHELF_CHUNK - 1) / SHELF_CHUNK;
	shelf->free = SHELF_NONE;
}

/* The first chunk belongs to the host as its other tables do; what a flood of
 * connections adds is charged. */
static uint8_t *chunk_alloc(struct shelf *shelf)
{
	uint8_t *chunk = pool_alloc(shelf->pool, CHUNK_OCTETS);

	if (chunk && shelf->chunk_n > 0)
		budget_charge(shelf->budget, CHUNK_OCTETS);
	return chunk;
}

static void chunk_pop(struct shelf *shelf)
{
	pool_release(shelf->pool, shelf->chunk[--shelf->chunk_n], CHUNK_OCTETS);
	if (shelf->chunk_n > 0)
		budget_refund(shelf->budget, CHUNK_OCTETS);
}

static void free_push(struct shelf *shelf, uint32_t number)
{
	memcpy(shelf_at(shelf, number), &shelf->free, sizeof(shelf->free));
	shelf->free = number;
}

static void free_push_chunk(struct shelf *shelf, uint32_t chunk)
{
	for (uint32_t i = SHELF_CHUNK; i-- > 0;)
		free_push(shelf, chunk * SHELF_CHUNK + i);
}

/* Nothing is in use: the first chunk stays, for the next connection. */
static void shelf_shrink(struct shelf *shelf)
{
	if (shelf->chunk_n <= 1)
		return;
	while (shelf->chunk_n > 1)
		chunk_pop(shelf);
	shelf->free = SHELF_NONE;
	free_push_chunk(shelf, 0);
}

void shelf_deinit(struct shelf *shelf)
{
	while (shelf->chunk_n > 0)
		chunk_pop(shelf);
	if (shelf->chunk)
		pool_release(shelf->pool, shelf->chunk,
			     shelf->chunk_room * sizeof(*shelf->chunk));
	shelf->chunk = NULL;
	shelf->chunk_room = 0;
}

/* Room for one more pointer to a chunk. */
static bool index_grow(struct shelf *shelf)
{
	uint32_t room = shelf->chunk_room ? shelf->chunk_room * 2 : 8;
	uint8_t **index;

	if (shelf->chunk_n < shelf->chunk_room)
		return true;
	index = pool_alloc(shelf->pool, room * sizeof(*index));
	if (!index)
		return false;
	if (shelf->chunk) {
		memcpy(index, shelf->chunk, shelf->chunk_n * sizeof(*index));
		pool_release(shelf->pool, shelf->chunk,
			     shelf->chunk_room * sizeof(*index));
	}
	shelf->chunk = index;
	shelf->chunk_room = room;
	return true;
}

static bool shelf_grow(struct shelf *shelf)
{
	uint8_t *chunk;

	if (shelf->chunk_n == shelf->chunk_max || !index_grow(shelf))
		return false;
	chunk = chunk_alloc(shelf);
	if (!chunk)
		return false;
	shelf->chunk[shelf->chunk_n++] = chunk;
	free_push_chunk(shelf, shelf->chunk_n - 1);
	return true;
}

uint32_t shelf_take(struct shelf *shelf)
{
	uint32_t number;
	void *entry;

	if (shelf->free == SHELF_NONE && !shelf_grow(shelf))
		return SHELF_NONE;
	number = shelf->free;
	entry = shelf_at(shelf, number);
	memcpy(&shelf->free, entry, sizeof(shelf->free));
	memset(entry, 0, SHELF_ENTRY);
	shelf->n++;
	return number;
}

void shelf_give(struct shelf *shelf, uint32_t number)
{
	CN_ASSERT(shelf->n > 0);
	free_push(shelf, number);
	if (--shelf->n == 0)
		shelf_shrink(shelf);
}
