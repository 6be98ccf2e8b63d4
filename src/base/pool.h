/* SPDX-License-Identifier: MIT */
/*
 * The pool behind cn_pool and cn_buf.  Objects are any size; those up to
 * 1 KiB are recycled by size class (8 octets apart), buffers by their class,
 * each last-in first-out.  Larger blocks go straight to the allocator.  Under
 * the address sanitizer nothing is recycled.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <catenet/base.h>

/* Zeroed memory, or NULL. */
void *pool_alloc(struct cn_pool *pool, size_t size) CN_MUST_CHECK;
/* Memory as the allocator gave it, more than 1 KiB: for tables whose owner
 * clears them little by little.  Or NULL. */
void *pool_alloc_raw(struct cn_pool *pool, size_t size) CN_MUST_CHECK;
/* size as asked for; NULL is allowed. */
void pool_release(struct cn_pool *pool, void *p, size_t size);

/* What a buffer of that size truly costs. */
static inline uint32_t buf_true_size(const struct cn_buf *buf)
{
	return buf->size + (uint32_t)sizeof(*buf);
}

/* What one for so many octets would cost. */
uint32_t buf_true_size_of(size_t len);

/*
 * A memory budget: who holds memory charges it.  used may pass limit by one
 * charge (a charge is never refused halfway); budget_is_over asks first.
 */
struct budget {
	size_t limit;
	size_t used;
	size_t peak;
};

static inline bool budget_is_over(const struct budget *budget, size_t more)
{
	return budget->used + more > budget->limit;
}

static inline void budget_charge(struct budget *budget, size_t octets)
{
	budget->used += octets;
	if (budget->used > budget->peak)
		budget->peak = budget->used;
}

void budget_refund(struct budget *budget, size_t octets);

#endif
