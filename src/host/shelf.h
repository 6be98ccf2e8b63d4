/* SPDX-License-Identifier: MIT */
/*
 * A store of entries of 64 octets, named by a number: what exists by the
 * hundred thousand has links of two or three octets instead of eight.  Entries
 * never move; chunks are allocated as they are needed and returned, all but the
 * first, when the shelf is empty.
 */
#ifndef HOST_SHELF_H
#define HOST_SHELF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"

#define SHELF_ENTRY 64u
#define SHELF_CHUNK 64u /* entries */
#define SHELF_NONE UINT32_MAX

struct shelf {
	struct cn_pool *pool;
	struct budget *budget;
	uint8_t **chunk;
	uint32_t chunk_n, chunk_max;
	uint32_t chunk_room; /* of the index */
	uint32_t n; /* entries in use */
	uint32_t free; /* first free entry, or SHELF_NONE */
};

/* At most max entries. */
void shelf_init(struct shelf *shelf, struct cn_pool *pool,
		struct budget *budget, uint32_t max);
void shelf_deinit(struct shelf *shelf);
/* A zeroed entry's number, or SHELF_NONE: no memory, or max are there. */
uint32_t shelf_take(struct shelf *shelf);
void shelf_give(struct shelf *shelf, uint32_t number);

static inline void *shelf_at(const struct shelf *shelf, uint32_t number)
{
	return shelf->chunk[number / SHELF_CHUNK] +
	       (number % SHELF_CHUNK) * SHELF_ENTRY;
}

#endif
