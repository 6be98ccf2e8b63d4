/* SPDX-License-Identifier: MIT */
/*
 * A treap (Seidel and Aragon, 1996) of nodes inside their objects, ordered by
 * a 32-bit sequence number (seq_lt).  Priorities are random, so no order of
 * arrival makes it deep: search, insert and remove are O(log n) expected.
 * All keys of one tree lie within 2^31 of each other.
 */
#ifndef BASE_TREE_H
#define BASE_TREE_H

#include <stdint.h>

struct tree_node {
	struct tree_node *left, *right, *parent;
	uint32_t key;
	uint32_t priority;
};

struct tree {
	struct tree_node *root;
	uint32_t n;
};

void tree_insert(struct tree *tree, struct tree_node *node, uint32_t key,
		 uint32_t priority);
void tree_remove(struct tree *tree, struct tree_node *node);
struct tree_node *tree_first(const struct tree *tree);
struct tree_node *tree_last(const struct tree *tree);
struct tree_node *tree_next(const struct tree_node *node);
struct tree_node *tree_prev(const struct tree_node *node);
/* The last node with key <= given (seq_le), or NULL. */
struct tree_node *tree_floor(const struct tree *tree, uint32_t key);

#endif
