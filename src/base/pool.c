/* SPDX-License-Identifier: MIT */
/*
 * The pool: a stack of free blocks for each size class.  What is taken is what
 * was given back last, and so is warm in the cache.  Blocks beyond
 * POOL_KEEP_MAX octets go back to the allocator at once, so that a flood does
 * not hold memory for ever.
 */
#include "base/pool.h"

#include <string.h>

#include "base/assert.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_BYPASS 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(POOL_BYPASS)
#define POOL_BYPASS 1
#endif
/* Under the address sanitizer nothing is recycled, so that it sees every use
 * after release and every octet past the size asked for. */
#ifndef POOL_BYPASS
#define POOL_BYPASS 0
#endif

#define POOL_GRAIN 8u
#define POOL_OBJECT_MAX 1024u
#define POOL_CLASSES (POOL_OBJECT_MAX / POOL_GRAIN)
#define POOL_BUF_CLASSES 4u
#define POOL_KEEP_MAX (16u << 20)

struct pool_block {
	struct pool_block *next;
};

struct cn_pool {
	struct cn_alloc alloc;
	size_t in_use; /* blocks */
	size_t octets; /* as asked for; buffers at their true size */
	size_t kept; /* octets on the stacks below */
	struct pool_block *object[POOL_CLASSES];
	struct cn_buf *buf[POOL_BUF_CLASSES];
};

static const uint32_t buf_size[POOL_BUF_CLASSES] = {
	CN_BUF_SMALL,
	CN_BUF_MEDIUM,
	CN_BUF_LARGE,
	CN_BUF_SUPER,
};

struct cn_pool *cn_pool_new(const struct cn_alloc *alloc)
{
	struct cn_pool *pool;

	if (!alloc || !alloc->alloc || !alloc->free)
		return NULL;
	pool = alloc->alloc(alloc->ctx, sizeof(*pool));
	if (!pool)
		return NULL;
	memset(pool, 0, sizeof(*pool));
	pool->alloc = *alloc;
	return pool;
}

static size_t object_size(size_t class)
{
	return (class + 1) * POOL_GRAIN;
}

void cn_pool_trim(struct cn_pool *pool)
{
	const struct cn_alloc *alloc = &pool->alloc;

	for (size_t i = 0; i < POOL_CLASSES; i++) {
		while (pool->object[i]) {
			struct pool_block *block = pool->object[i];

			pool->object[i] = block->next;
			alloc->free(alloc->ctx, block, object_size(i));
		}
	}
	for (size_t i = 0; i < POOL_BUF_CLASSES; i++) {
		while (pool->buf[i]) {
			struct cn_buf *buf = pool->buf[i];

			pool->buf[i] = buf->next;
			alloc->free(alloc->ctx, buf, buf_true_size(buf));
		}
	}
	pool->kept = 0;
}

void cn_pool_free(struct cn_pool *pool)
{
	struct cn_alloc alloc;

	if (!pool)
		return;
	CN_ASSERT(pool->in_use == 0 && pool->octets == 0);
	cn_pool_trim(pool);
	alloc = pool->alloc;
	alloc.free(alloc.ctx, pool, sizeof(*pool));
}

size_t cn_pool_in_use(const struct cn_pool *pool)
{
	return pool->in_use;
}

size_t cn_pool_octets(const struct cn_pool *pool)
{
	return pool->octets;
}

size_t cn_pool_kept(const struct cn_pool *pool)
{
	return pool->kept;
}

static void pool_count(struct cn_pool *pool, size_t octets)
{
	pool->in_use++;
	pool->octets += octets;
}

static void pool_uncount(struct cn_pool *pool, size_t octets)
{
	CN_ASSERT(pool->in_use > 0 && pool->octets >= octets);
	pool->in_use--;
	pool->octets -= octets;
}

/* The class of an object, or POOL_CLASSES when it is not recycled. */
static size_t object_class(size_t size)
{
	if (POOL_BYPASS || size > POOL_OBJECT_MAX)
		return POOL_CLASSES;
	return size ? (size - 1) / POOL_GRAIN : 0;
}

void *pool_alloc(struct cn_pool *pool, size_t size)
{
	size_t class = object_class(size);
	void *p;

	if (class == POOL_CLASSES) {
		p = pool->alloc.alloc(pool->alloc.ctx, size);
	} else if (pool->object[class]) {
		p = pool->object[class];
		pool->object[class] = pool->object[class]->next;
		pool->kept -= object_size(class);
	} else {
		p = pool->alloc.alloc(pool->alloc.ctx, object_size(class));
	}
	if (!p)
		return NULL;
	pool_count(pool, size);
	return memset(p, 0, size);
}

void *pool_alloc_raw(struct cn_pool *pool, size_t size)
{
	void *p;

	CN_ASSERT(size > POOL_OBJECT_MAX);
	p = pool->alloc.alloc(pool->alloc.ctx, size);
	if (p)
		pool_count(pool, size);
	return p;
}

void pool_release(struct cn_pool *pool, void *p, size_t size)
{
	size_t class = object_class(size);
	struct pool_block *block = p;

	if (!p)
		return;
	pool_uncount(pool, size);
	if (class == POOL_CLASSES) {
		pool->alloc.free(pool->alloc.ctx, p, size);
	} else if (pool->kept + object_size(class) > POOL_KEEP_MAX) {
		pool->alloc.free(pool->alloc.ctx, p, object_size(class));
	} else {
		block->next = pool->object[class];
		pool->object[class] = block;
		pool->kept += object_size(class);
	}
}

static struct cn_buf *buf_alloc(struct cn_pool *pool, size_t class)
{
	struct cn_buf *buf = pool->buf[class];
	size_t true_size = buf_size[class] + sizeof(*buf);

	if (buf) {
		pool->buf[class] = buf->next;
		pool->kept -= true_size;
		return buf;
	}
	buf = pool->alloc.alloc(pool->alloc.ctx, true_size);
	if (!buf)
		return NULL;
	buf->pool = pool;
	buf->size = buf_size[class];
	buf->data = (uint8_t *)(buf + 1);
	return buf;
}

/* POOL_BUF_CLASSES: none is so large. */
static size_t buf_class_for(size_t size)
{
	size_t class = 0;

	while (class < POOL_BUF_CLASSES && buf_size[class] < size)
		class ++;
	return class;
}

uint32_t buf_true_size_of(size_t len)
{
	size_t class = buf_class_for(len);

	CN_ASSERT(class < POOL_BUF_CLASSES);
	return (uint32_t)(buf_size[class] + sizeof(struct cn_buf));
}

struct cn_buf *cn_buf_new(struct cn_pool *pool, size_t size)
{
	struct cn_buf *buf;
	size_t class = buf_class_for(size);

	if (class == POOL_BUF_CLASSES)
		return NULL;
	buf = buf_alloc(pool, class);
	if (!buf)
		return NULL;
	buf->refs = 1;
	buf->next = NULL;
	pool_count(pool, buf_true_size(buf));
	return buf;
}

struct cn_buf *cn_buf_ref(struct cn_buf *buf)
{
	CN_ASSERT(buf->refs > 0 && buf->refs < UINT32_MAX);
	buf->refs++;
	return buf;
}

static size_t buf_class(const struct cn_buf *buf)
{
	size_t class = 0;

	while (buf_size[class] != buf->size)
		class ++;
	return class;
}

void cn_buf_unref(struct cn_buf *buf)
{
	struct cn_pool *pool;
	size_t class, true_size;

	if (!buf)
		return;
	CN_ASSERT(buf->refs > 0);
	if (--buf->refs > 0)
		return;
	pool = buf->pool;
	true_size = buf_true_size(buf);
	pool_uncount(pool, true_size);
	if (POOL_BYPASS || pool->kept + true_size > POOL_KEEP_MAX) {
		pool->alloc.free(pool->alloc.ctx, buf, true_size);
		return;
	}
	class = buf_class(buf);
	buf->next = pool->buf[class];
	pool->buf[class] = buf;
	pool->kept += true_size;
}

void budget_refund(struct budget *budget, size_t octets)
{
	CN_ASSERT(budget->used >= octets);
	budget->used -= octets;
}
