/* SPDX-License-Identifier: MIT */
/* The store of small entries. */
#include "../pair.h"

#include "host/shelf.h"

struct shop {
	struct cn_pool *pool;
	struct budget budget;
	struct shelf shelf;
};

static void shop_open(struct shop *shop, uint32_t max)
{
	memset(shop, 0, sizeof(*shop));
	shop->budget.limit = 1 << 30;
	shop->pool = cn_pool_new(&heap_memory);
	shelf_init(&shop->shelf, shop->pool, &shop->budget, max);
}

static void shop_close(struct shop *shop)
{
	shelf_deinit(&shop->shelf);
	assert_int_equal(shop->budget.used, 0);
	cn_pool_free(shop->pool);
}

static void entries_are_zero_and_distinct(void **state)
{
	static const uint8_t zero[SHELF_ENTRY];
	struct shop shop;

	(void)state;
	shop_open(&shop, 1000);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 1000; i++) {
			uint32_t number = shelf_take(&shop.shelf);

			assert_int_not_equal(number, SHELF_NONE);
			assert_memory_equal(shelf_at(&shop.shelf, number), zero,
					    sizeof(zero));
			memset(shelf_at(&shop.shelf, number), 0xff,
			       SHELF_ENTRY);
		}
		for (unsigned i = 0; i < 1000; i++)
			shelf_give(&shop.shelf, i);
		assert_int_equal(shop.budget.used, 0);
	}
	shop_close(&shop);
}

static void no_more_than_the_limit(void **state)
{
	struct shop shop;
	unsigned n = 0;

	(void)state;
	shop_open(&shop, 100);
	while (shelf_take(&shop.shelf) != SHELF_NONE)
		n++;
	assert_int_equal(n, 128); /* in whole chunks */
	shelf_give(&shop.shelf, 77);
	assert_int_equal(shelf_take(&shop.shelf), 77);
	shop_close(&shop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_zero_and_distinct),
		cmocka_unit_test(no_more_than_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
