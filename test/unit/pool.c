/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/pool.h"
#include "heap.h"
#include <catenet/base.h>

#if defined(__SANITIZE_ADDRESS__)
#define RECYCLES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RECYCLES 0
#endif
#endif
#ifndef RECYCLES
#define RECYCLES 1
#endif

static struct heap heap;
static struct cn_pool *pool;

static int setup(void **state)
{
	struct cn_alloc words;

	(void)state;
	memset(&heap, 0, sizeof(heap));
	words = heap_words(&heap);
	pool = cn_pool_new(&words);
	return pool ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	cn_pool_free(pool);
	return heap.blocks == 0 && heap.octets == 0 ? 0 : -1;
}

static void new_needs_an_allocator(void **state)
{
	struct heap none = {0};
	struct cn_alloc words = heap_words(&none);

	(void)state;
	assert_null(cn_pool_new(NULL));
	none.fail_after = 0;
	assert_null(cn_pool_new(&words));
	words.free = NULL;
	assert_null(cn_pool_new(&words));
	cn_pool_free(NULL);
}

static void objects_are_zeroed_and_counted(void **state)
{
	static const size_t size[] = {1,    15,	  16,	17,  512,
				      1023, 1024, 1025, 5000};
	void *p[9];
	size_t octets = 0;

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 9; i++) {
			const uint8_t *octet = p[i] = pool_alloc(pool, size[i]);

			assert_non_null(octet);
			for (size_t j = 0; j < size[i]; j++)
				assert_int_equal(octet[j], 0);
			octets += size[i];
			assert_int_equal(cn_pool_in_use(pool), i + 1);
			assert_int_equal(cn_pool_octets(pool), octets);
			memset(p[i], 0xff, size[i]);
		}
		for (unsigned i = 0; i < 9; i++) {
			pool_release(pool, p[i], size[i]);
			octets -= size[i];
			assert_int_equal(cn_pool_in_use(pool), 8 - i);
			assert_int_equal(cn_pool_octets(pool), octets);
		}
	}
	pool_release(pool, NULL, 99);
}

static void objects_come_back_last_in_first_out(void **state)
{
	void *a = pool_alloc(pool, 106), *b = pool_alloc(pool, 112);

	(void)state;
	pool_release(pool, a, 106);
	pool_release(pool, b, 112);
	if (RECYCLES) {
		size_t calls = heap.calls;
		void *first = pool_alloc(pool, 105);
		void *second = pool_alloc(pool, 112);

		assert_ptr_equal(first, b);
		assert_ptr_equal(second, a);
		assert_int_equal(heap.calls, calls);
		pool_release(pool, first, 105);
		pool_release(pool, second, 112);
	}
}

static void buffer_classes(void **state)
{
	static const struct {
		size_t ask;
		uint32_t want;
	} row[] = {
		{0, CN_BUF_SMALL},
		{1, CN_BUF_SMALL},
		{CN_BUF_SMALL, CN_BUF_SMALL},
		{CN_BUF_SMALL + 1, CN_BUF_MEDIUM},
		{CN_BUF_MEDIUM, CN_BUF_MEDIUM},
		{CN_BUF_MEDIUM + 1, CN_BUF_LARGE},
		{CN_BUF_LARGE, CN_BUF_LARGE},
		{CN_BUF_LARGE + 1, CN_BUF_SUPER},
		{CN_BUF_SUPER, CN_BUF_SUPER},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct cn_buf *buf = cn_buf_new(pool, row[i].ask);

		assert_non_null(buf);
		assert_int_equal(buf->size, row[i].want);
		assert_int_equal(buf->refs, 1);
		assert_null(buf->next);
		assert_int_equal((uintptr_t)buf->data % _Alignof(max_align_t),
				 0);
		assert_int_equal(cn_pool_octets(pool), buf_true_size(buf));
		memset(buf->data, 0xff, buf->size);
		cn_buf_unref(buf);
		assert_int_equal(cn_pool_octets(pool), 0);
	}
	assert_null(cn_buf_new(pool, CN_BUF_SUPER + 1));
	assert_null(cn_buf_new(pool, SIZE_MAX));
	cn_buf_unref(NULL);
}

static void buffer_lives_until_its_last_reference(void **state)
{
	struct cn_buf *buf = cn_buf_new(pool, 10), *again;

	(void)state;
	assert_ptr_equal(cn_buf_ref(buf), buf);
	cn_buf_ref(buf);
	assert_int_equal(cn_pool_in_use(pool), 1);
	cn_buf_unref(buf);
	cn_buf_unref(buf);
	assert_int_equal(cn_pool_in_use(pool), 1);
	buf->next = buf;
	cn_buf_unref(buf);
	assert_int_equal(cn_pool_in_use(pool), 0);
	again = cn_buf_new(pool, 10);
	assert_int_equal(again->refs, 1);
	assert_null(again->next);
	if (RECYCLES)
		assert_ptr_equal(again, buf);
	cn_buf_unref(again);
}

/* A flood is not held for ever. */
static void what_is_kept_is_bounded(void **state)
{
	enum { N = 1000 };
	struct cn_buf *buf[N];

	(void)state;
	for (int i = 0; i < N; i++)
		buf[i] = cn_buf_new(pool, CN_BUF_LARGE);
	for (int i = 0; i < N; i++)
		cn_buf_unref(buf[i]);
	assert_int_equal(cn_pool_octets(pool), 0);
	assert_true(heap.octets < 17u << 20);
}

/* What nobody uses goes back, what somebody uses does not. */
static void trim_returns_what_is_kept(void **state)
{
	struct cn_buf *held = cn_buf_new(pool, CN_BUF_LARGE);
	size_t before = heap.octets;
	struct cn_buf *buf[8];
	void *object[8];

	(void)state;
	for (int i = 0; i < 8; i++) {
		buf[i] = cn_buf_new(pool, i < 4 ? CN_BUF_SMALL : CN_BUF_SUPER);
		object[i] = pool_alloc(pool, 8u << i);
	}
	for (int i = 0; i < 8; i++) {
		cn_buf_unref(buf[i]);
		pool_release(pool, object[i], 8u << i);
	}
	assert_int_equal(heap.octets, before + cn_pool_kept(pool));
	assert_true(cn_pool_kept(pool) > 0 || !RECYCLES);
	cn_pool_trim(pool);
	assert_int_equal(cn_pool_kept(pool), 0);
	assert_int_equal(heap.octets, before);
	cn_pool_trim(pool);
	memset(held->data, 1, held->size);
	assert_int_equal(cn_pool_in_use(pool), 1);
	assert_non_null(buf[0] = cn_buf_new(pool, CN_BUF_SUPER));
	cn_buf_unref(buf[0]);
	cn_buf_unref(held);
}

static void short_of_memory_is_said(void **state)
{
	(void)state;
	heap.fail_after = 0;
	assert_null(pool_alloc(pool, 64));
	assert_null(pool_alloc(pool, 4096));
	assert_null(pool_alloc_raw(pool, 4096));
	assert_null(cn_buf_new(pool, 1));
	assert_int_equal(cn_pool_in_use(pool), 0);
	assert_int_equal(cn_pool_octets(pool), 0);
	heap.fail_after = -1;
}

static void budget_remembers_its_peak(void **state)
{
	struct budget budget = {.limit = 100};

	(void)state;
	assert_false(budget_is_over(&budget, 100));
	assert_true(budget_is_over(&budget, 101));
	budget_charge(&budget, 60);
	budget_charge(&budget, 60);
	assert_true(budget_is_over(&budget, 0));
	budget_refund(&budget, 50);
	assert_int_equal(budget.used, 70);
	assert_int_equal(budget.peak, 120);
	assert_false(budget_is_over(&budget, 30));
}

#define POOL_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_needs_an_allocator),
		POOL_TEST(objects_are_zeroed_and_counted),
		POOL_TEST(objects_come_back_last_in_first_out),
		POOL_TEST(buffer_classes),
		POOL_TEST(buffer_lives_until_its_last_reference),
		POOL_TEST(what_is_kept_is_bounded),
		POOL_TEST(trim_returns_what_is_kept),
		POOL_TEST(short_of_memory_is_said),
		cmocka_unit_test(budget_remembers_its_peak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
