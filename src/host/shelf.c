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

static void shelf_release(struct shelf *shelf, void *p, size_t octets)
{
	pool_release(shelf->pool, p, octets);
	budget_refund(shelf->budget, octets);
}

static void *shelf_alloc(struct shelf *shelf, size_t octets)
{
	void *p = pool_alloc(shelf->pool, octets);

	if (p)
		budget_charge(shelf->budget, octets);
	return p;
}

static void shelf_clear(struct shelf *shelf)
{
	for (uint32_t i = 0; i < shelf->chunk_n; i++)
		shelf_release(shelf, shelf->chunk[i], CHUNK_OCTETS);
	if (shelf->chunk)
		shelf_release(shelf, shelf->chunk,
			      shelf->chunk_max * sizeof(*shelf->chunk));
	shelf->chunk = NULL;
	shelf->chunk_n = 0;
	shelf->n = 0;
	shelf->free = SHELF_NONE;
}

void shelf_deinit(struct shelf *shelf)
{
	shelf_clear(shelf);
}

static void free_push(struct shelf *shelf, uint32_t number)
{
	memcpy(shelf_at(shelf, number), &shelf->free, sizeof(shelf->free));
	shelf->free = number;
}

static bool shelf_grow(struct shelf *shelf)
{
	uint8_t *chunk;

	if (!shelf->chunk)
		shelf->chunk = shelf_alloc(
			shelf, shelf->chunk_max * sizeof(*shelf->chunk));
	if (!shelf->chunk || shelf->chunk_n == shelf->chunk_max)
		return false;
	chunk = shelf_alloc(shelf, CHUNK_OCTETS);
	if (!chunk)
		return false;
	shelf->chunk[shelf->chunk_n++] = chunk;
	for (uint32_t i = SHELF_CHUNK; i-- > 0;)
		free_push(shelf, (shelf->chunk_n - 1) * SHELF_CHUNK + i);
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
		shelf_clear(shelf);
}
