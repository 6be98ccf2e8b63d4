/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"
#include "base/random.h"
#include "heap.h"

struct thing {
	uint32_t key, hash;
	bool in; /* as the oracle has it */
	unsigned seen;
};

static struct heap heap;
static struct cn_pool *pool;
static struct map map;

static int setup(void **state)
{
	struct cn_alloc words;

	(void)state;
	memset(&heap, 0, sizeof(heap));
	words = heap_words(&heap);
	pool = cn_pool_new(&words);
	if (!pool)
		return -1;
	map_init(&map, pool);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	map_deinit(&map);
	if (cn_pool_in_use(pool))
		return -1;
	cn_pool_free(pool);
	return heap.blocks == 0 ? 0 : -1;
}

static bool match(const void *object, const void *key)
{
	const struct thing *thing = object;
	const uint32_t *want = key;

	return thing->key == *want;
}

static struct thing *find(const struct thing *thing)
{
	return map_find(&map, thing->hash, match, &thing->key);
}

static void empty_map_has_nothing(void **state)
{
	struct thing thing = {.key = 1};

	(void)state;
	assert_null(find(&thing));
	assert_false(map_remove(&map, 0, &thing));
	map_each(&map, NULL, NULL);
}

static void insert_find_replace_remove(void **state)
{
	struct thing a = {.key = 1, .hash = 7}, b = {.key = 2, .hash = 7};
	struct thing c = {.key = 2, .hash = 7};

	(void)state;
	assert_int_equal(map_insert(&map, a.hash, &a), CN_OK);
	assert_int_equal(map_insert(&map, b.hash, &b), CN_OK);
	assert_ptr_equal(find(&a), &a);
	assert_ptr_equal(find(&b), &b);
	map_replace(&map, b.hash, &b, &c);
	assert_ptr_equal(find(&b), &c);
	assert_false(map_remove(&map, b.hash, &b));
	assert_true(map_remove(&map, a.hash, &a));
	assert_null(find(&a));
	assert_ptr_equal(find(&c), &c);
	assert_int_equal(map.n, 1);
	assert_true(map_remove(&map, c.hash, &c));
	assert_int_equal(map.n, 0);
}

static void see(void *object, void *ctx)
{
	struct thing *thing = object;

	(void)ctx;
	thing->seen++;
}

static void see_and_remove_odd(void *object, void *ctx)
{
	struct thing *thing = object;

	see(object, ctx);
	if (thing->key & 1) {
		assert_true(map_remove(&map, thing->hash, thing));
		thing->in = false;
	}
}

/* Every object once, whatever is removed on the way. */
static void check_each(struct thing *thing, unsigned n,
		       void (*each)(void *object, void *ctx))
{
	uint32_t in = 0;

	for (unsigned i = 0; i < n; i++) {
		thing[i].seen = 0;
		in += thing[i].in;
	}
	assert_int_equal(map.n, in);
	bool was_in[4096];

	assert_true(n <= 4096);
	for (unsigned i = 0; i < n; i++)
		was_in[i] = thing[i].in;
	map_each(&map, each, NULL);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(thing[i].seen, was_in[i]);
}

/* hash_bits small makes long clusters and many equal hashes. */
static void random_operations(unsigned hash_bits, unsigned n, uint64_t label)
{
	static const uint8_t seed[16] = {44};
	struct thing *thing = calloc(n, sizeof(*thing));
	struct random random;
	unsigned bias = 5, most = 1;

	assert_non_null(thing);
	random_init(&random, seed, label);
	for (unsigned i = 0; i < n; i++) {
		thing[i].key = i;
		thing[i].hash =
			(uint32_t)(random_u64(&random) >> (64 - hash_bits));
		/* Homes at the table's end: clusters that wrap. */
		if (random_below(&random, 3) == 0)
			thing[i].hash |= 0xfffffff0u;
	}
	for (int op = 0; op < 60000; op++) {
		struct thing *one = &thing[random_below(&random, n)];

		/* By turns the map fills and empties. */
		if (op % 5000 == 0)
			bias = random_below(&random, 11);
		if (op % 977 == 0)
			check_each(thing, n, see);
		if (op % 7001 == 0)
			check_each(thing, n, see_and_remove_odd);
		assert_ptr_equal(find(one), one->in ? one : NULL);
		if (random_below(&random, 10) < bias) {
			if (!one->in)
				assert_int_equal(map_insert(&map, one->hash,
							    one),
						 CN_OK);
			one->in = true;
		} else {
			assert_int_equal(map_remove(&map, one->hash, one),
					 one->in);
			one->in = false;
		}
		/* A bucket for each, or up to a third more. */
		assert_true(map.n <= map.bucket_n);
		assert_true(map.bucket_n <= 16 ||
			    most >= map.bucket_n - map.bucket_n / 4);
		most = map.n > most ? map.n : most;
	}
	for (unsigned i = 0; i < n; i++) {
		assert_ptr_equal(find(&thing[i]),
				 thing[i].in ? &thing[i] : NULL);
		if (thing[i].in)
			assert_true(map_remove(&map, thing[i].hash, &thing[i]));
	}
	assert_int_equal(map.n, 0);
	free(thing);
}

static void against_an_oracle(void **state)
{
	(void)state;
	random_operations(32, 4000, 0);
	random_operations(8, 300, 1);
	random_operations(3, 60, 2);
	random_operations(16, 1000, 3);
}

/* The octets that each object costs, at every number of them, and the most
 * that one insertion asks of the allocator. */
static void growth_is_even(void **state)
{
	enum { N = 200000 };
	struct thing *thing = calloc(N, sizeof(*thing));
	size_t base = cn_pool_octets(pool);

	(void)state;
	assert_non_null(thing);
	for (uint32_t i = 0; i < N; i++) {
		size_t before = cn_pool_octets(pool), octets;
		uint32_t buckets = map.bucket_n;

		thing[i].key = i;
		thing[i].hash = i * 0x9e3779b1u;
		assert_int_equal(map_insert(&map, thing[i].hash, &thing[i]),
				 CN_OK);
		octets = cn_pool_octets(pool);
		assert_true(map.bucket_n <= buckets + 1);
		/* A chunk of each kind; or the list of chunks. */
		assert_true(octets <= before + 2 * 2048 + i * MAP_SHARE / 7);
		/* Beside its share, two chunks that are not full. */
		assert_true(octets - base <=
			    (i + 1) * MAP_SHARE * 9 / 8 + 2 * 2048 + 256);
	}
	for (uint32_t i = 0; i < N; i++)
		assert_ptr_equal(find(&thing[i]), &thing[i]);
	assert_int_equal(map.bucket_n, N);
	for (uint32_t i = 0; i < N; i++)
		assert_true(map_remove(&map, thing[i].hash, &thing[i]));
	free(thing);
}

/* No more than a few objects share a bucket, at any number of them. */
static void buckets_are_even(void **state)
{
	static const uint8_t seed[16] = {45};
	enum { N = 5000 };
	struct thing *thing = calloc(N, sizeof(*thing));
	struct random random;
	uint64_t looks = 0;

	(void)state;
	assert_non_null(thing);
	random_init(&random, seed, 9);
	for (uint32_t i = 0; i < N; i++) {
		thing[i].key = i;
		thing[i].hash = (uint32_t)random_u64(&random);
		assert_int_equal(map_insert(&map, thing[i].hash, &thing[i]),
				 CN_OK);
	}
	for (uint32_t i = 0; i < map.bucket_n; i++) {
		uint32_t n = 0;

		/* Whose hash ends as the bucket's number does. */
		for (uint32_t k = 0; k < N; k++) {
			uint32_t at = thing[k].hash & 8191;

			at = at < map.bucket_n ? at : at & 4095;
			n += at == i;
		}
		looks += n * (n + 1) / 2;
		assert_true(n < 16);
	}
	/* 1.5 for an even spread; some buckets are yet to be dealt out. */
	assert_true(looks < 2 * N);
	for (uint32_t i = 0; i < N; i++)
		assert_true(map_remove(&map, thing[i].hash, &thing[i]));
	free(thing);
}

static void shrinks_after_a_flood(void **state)
{
	enum { N = 20000 };
	struct thing *thing = calloc(N, sizeof(*thing));
	size_t octets;

	(void)state;
	assert_non_null(thing);
	for (uint32_t i = 0; i < N; i++) {
		thing[i].key = i;
		thing[i].hash = i * 0x9e3779b1u;
		assert_int_equal(map_insert(&map, thing[i].hash, &thing[i]),
				 CN_OK);
	}
	octets = cn_pool_octets(pool);
	for (uint32_t i = 100; i < N; i++)
		assert_true(map_remove(&map, thing[i].hash, &thing[i]));
	for (uint32_t i = 100; i < N; i++) {
		assert_int_equal(map_insert(&map, thing[i].hash, &thing[i]),
				 CN_OK);
		assert_true(map_remove(&map, thing[i].hash, &thing[i]));
	}
	assert_true(cn_pool_octets(pool) <= octets / 8);
	assert_true(map.bucket_n <= 140);
	for (uint32_t i = 0; i < 100; i++)
		assert_ptr_equal(find(&thing[i]), &thing[i]);
	free(thing);
}

/* Without memory it takes what it has room for, says so, and recovers; who
 * leaves makes room for another. */
static void short_of_memory_is_said(void **state)
{
	struct thing thing[2000] = {0};
	uint32_t in = 0;

	(void)state;
	for (uint32_t i = 0; i < 2000; i++) {
		thing[i].key = i;
		thing[i].hash = i * 0x9e3779b1u;
	}
	heap.fail_after = 0;
	assert_int_equal(map_insert(&map, 1, &thing[0]), CN_E_NOMEM);
	heap.fail_after = -1;
	for (; in < 400; in++)
		assert_int_equal(map_insert(&map, thing[in].hash, &thing[in]),
				 CN_OK);
	heap.fail_after = 0;
	while (map_insert(&map, thing[in].hash, &thing[in]) == CN_OK)
		in++;
	assert_true(in < 2000);
	assert_int_equal(map.n, in);
	for (uint32_t i = 0; i < in; i += 3) {
		assert_true(map_remove(&map, thing[i].hash, &thing[i]));
		assert_int_equal(map_insert(&map, thing[i].hash, &thing[i]),
				 CN_OK);
	}
	for (uint32_t i = 0; i < in; i++)
		assert_ptr_equal(find(&thing[i]), &thing[i]);
	heap.fail_after = -1;
	for (; in < 2000; in++)
		assert_int_equal(map_insert(&map, thing[in].hash, &thing[in]),
				 CN_OK);
	for (uint32_t i = 0; i < in; i++)
		assert_ptr_equal(find(&thing[i]), &thing[i]);
}

static void count_seen(void *object, void *ctx)
{
	struct thing *thing = object;

	thing->key++;
	++*(unsigned *)ctx;
}

/* Looks that follow each other see every object once. */
static void some_of_many(void **state)
{
	struct thing thing[1000] = {0};
	unsigned n = 0;

	(void)state;
	map_some(&map, 0, 10, count_seen, &n);
	for (uint32_t i = 0; i < 1000; i++) {
		thing[i].hash = i * 0x9e3779b1u;
		assert_int_equal(map_insert(&map, thing[i].hash, &thing[i]),
				 CN_OK);
	}
	for (uint32_t from = 0; from < 1000; from += 300)
		map_some(&map, from, 300, count_seen, &n);
	assert_int_equal(n, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(thing[i].key, 1);
	map_some(&map, 1000, 300, count_seen, &n);
	assert_int_equal(n, 1000);
}

#define MAP_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MAP_TEST(empty_map_has_nothing),
		MAP_TEST(insert_find_replace_remove),
		MAP_TEST(against_an_oracle),
		MAP_TEST(growth_is_even),
		MAP_TEST(buckets_are_even),
		MAP_TEST(shrinks_after_a_flood),
		MAP_TEST(short_of_memory_is_said),
		MAP_TEST(some_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
