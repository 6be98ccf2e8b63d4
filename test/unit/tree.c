/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "base/seq.h"
#include "base/tree.h"

#define NODES 200

static const uint8_t seed[16] = {45};

static uint32_t depth(const struct tree_node *node)
{
	uint32_t left, right;

	if (!node)
		return 0;
	left = depth(node->left);
	right = depth(node->right);
	return 1 + (left > right ? left : right);
}

static void check_shape(const struct tree_node *node,
			const struct tree_node *parent)
{
	if (!node)
		return;
	assert_ptr_equal(node->parent, parent);
	if (parent)
		assert_true(node->priority <= parent->priority);
	check_shape(node->left, node);
	check_shape(node->right, node);
}

static void check_order(const struct tree *tree)
{
	const struct tree_node *last = NULL;
	uint32_t n = 0;

	for (struct tree_node *i = tree_first(tree); i; i = tree_next(i)) {
		if (last)
			assert_true(seq_le(last->key, i->key));
		assert_ptr_equal(tree_prev(i), last);
		last = i;
		n++;
	}
	assert_ptr_equal(tree_last(tree), last);
	assert_int_equal(tree->n, n);
}

static void empty_tree_has_no_nodes(void **state)
{
	struct tree tree = {0};

	(void)state;
	assert_null(tree_first(&tree));
	assert_null(tree_last(&tree));
	assert_null(tree_floor(&tree, 5));
}

static void floor_is_the_last_not_after(void **state)
{
	/* Across the wrap: ... fffffff0, fffffffe, 3, 10. */
	static const uint32_t key[] = {0xfffffff0, 0xfffffffe, 3, 10};
	static const struct {
		uint32_t input;
		int want;
	} row[] = {
		{0xffffffe0, -1}, {0xfffffff0, 0}, {0xfffffffd, 0},
		{0xfffffffe, 1},  {0xffffffff, 1}, {0, 1},
		{2, 1},		  {3, 2},	   {9, 2},
		{10, 3},	  {1000, 3},
	};
	struct tree_node node[4];
	struct tree tree = {0};

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		tree_insert(&tree, &node[i], key[i], i * 7 % 4);
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_ptr_equal(tree_floor(&tree, row[i].input),
				 row[i].want < 0 ? NULL : &node[row[i].want]);
}

static void equal_keys_keep_their_order(void **state)
{
	struct tree_node node[20], *at;
	struct tree tree = {0};
	struct random random;

	(void)state;
	random_init(&random, seed, 9);
	for (int i = 0; i < 20; i++)
		tree_insert(&tree, &node[i], 5, (uint32_t)random_u64(&random));
	at = tree_first(&tree);
	for (int i = 0; i < 20; i++, at = tree_next(at))
		assert_ptr_equal(at, &node[i]);
	assert_ptr_equal(tree_floor(&tree, 5), &node[19]);
}

static struct tree_node *oracle_floor(struct tree_node *node, const bool *in,
				      uint32_t key)
{
	struct tree_node *best = NULL;

	for (int i = 0; i < NODES; i++)
		if (in[i] && seq_le(node[i].key, key) &&
		    (!best || seq_lt(best->key, node[i].key)))
			best = &node[i];
	return best;
}

static void against_an_oracle(void **state)
{
	static const uint32_t base[] = {0, 0x7fffff00, 0x80000000, 0xffffff00};

	(void)state;
	for (unsigned b = 0; b < 4; b++) {
		struct tree_node node[NODES];
		bool in[NODES] = {false};
		struct tree tree = {0};
		struct random random;

		random_init(&random, seed, b);
		for (int op = 0; op < 20000; op++) {
			uint32_t i = random_below(&random, NODES);
			uint32_t probe = base[b] +
					 random_below(&random, 100000) - 500;

			if (in[i])
				tree_remove(&tree, &node[i]);
			else
				/* All keys different. */
				tree_insert(&tree, &node[i],
					    base[b] +
						    random_below(&random, 400) *
							    NODES +
						    i,
					    (uint32_t)random_u64(&random));
			in[i] = !in[i];
			assert_ptr_equal(tree_floor(&tree, probe),
					 oracle_floor(node, in, probe));
			if (op % 100 == 0) {
				check_shape(tree.root, NULL);
				check_order(&tree);
			}
		}
	}
}

/* No order of arrival makes it deep: attacks.md row 17. */
static void stays_shallow(void **state)
{
	enum { N = 65536 };
	static struct tree_node node[N];
	static const uint32_t step[] = {1, (uint32_t)-1, 40503};

	(void)state;
	for (unsigned s = 0; s < 3; s++) {
		struct tree tree = {0};
		struct random random;

		random_init(&random, seed, 100 + s);
		for (uint32_t i = 0; i < N; i++)
			tree_insert(&tree, &node[i], i * step[s] % (1u << 30),
				    (uint32_t)random_u64(&random));
		/* About 2.9 log2 n = 47 is to be expected. */
		assert_true(depth(tree.root) < 64);
		check_order(&tree);
		while (tree.root)
			tree_remove(&tree, tree.root);
		assert_int_equal(tree.n, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_tree_has_no_nodes),
		cmocka_unit_test(floor_is_the_last_not_after),
		cmocka_unit_test(equal_keys_keep_their_order),
		cmocka_unit_test(against_an_oracle),
		cmocka_unit_test(stays_shallow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
