/* SPDX-License-Identifier: MIT */
/* An allocator for tests: counts, checks sizes, and fails when told to. */
#ifndef UNIT_HEAP_H
#define UNIT_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <catenet/base.h>

struct heap {
	size_t blocks, octets;
	size_t calls; /* of alloc */
	size_t largest;
	long fail_after; /* this many more succeed; negative: all */
	/* The one reached when this comes down to nought is refused, and those
	 * after it until refuse_n were; 0: none is. */
	size_t refuse_after, refuse_n;
};

static inline bool heap_refuses(struct heap *heap)
{
	if (heap->refuse_after > 0)
		heap->refuse_after--;
	if (heap->refuse_after || !heap->refuse_n)
		return false;
	heap->refuse_n--;
	return true;
}

/* Before each block stands its size. */
union heap_head {
	size_t size;
	max_align_t align;
};

static inline void *heap_alloc(void *ctx, size_t size)
{
	struct heap *heap = ctx;
	union heap_head *head;

	if (heap->fail_after == 0 || heap_refuses(heap))
		return NULL;
	if (heap->fail_after > 0)
		heap->fail_after--;
	head = malloc(sizeof(*head) + size);
	if (!head)
		abort();
	head->size = size;
	heap->blocks++;
	heap->octets += size;
	heap->calls++;
	if (size > heap->largest)
		heap->largest = size;
	/* Not zero: what is read before it is written shows. */
	for (size_t i = 0; i < size; i++)
		((unsigned char *)(head + 1))[i] = 0xa5;
	return head + 1;
}

static inline void heap_free(void *ctx, void *p, size_t size)
{
	struct heap *heap = ctx;
	union heap_head *head = (union heap_head *)p - 1;

	if (head->size != size)
		abort();
	heap->blocks--;
	heap->octets -= size;
	free(head);
}

static inline struct cn_alloc heap_words(struct heap *heap)
{
	heap->fail_after = -1;
	return (struct cn_alloc){heap_alloc, heap_free, heap};
}

#endif
