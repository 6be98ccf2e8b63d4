/* SPDX-License-Identifier: MIT */
/*
 * A treap (Seidel and Aragon, 1996): a search tree by key that is also a heap
 * by priority.  Equal keys are allowed; the later one comes after.
 */
#include "base/tree.h"

#include <stddef.h>

#include "base/assert.h"
#include "base/seq.h"

/* Puts child where old hangs. */
static void tree_hang(struct tree *tree, struct tree_node *old,
		      struct tree_node *child)
{
	struct tree_node *parent = old->parent;

	if (child)
		child->parent = parent;
	if (!parent)
		tree->root = child;
	else if (parent->left == old)
		parent->left = child;
	else
		parent->right = child;
}

/* Lifts node over its parent; the order of keys stays. */
static void tree_rotate_up(struct tree *tree, struct tree_node *node)
{
	struct tree_node *parent = node->parent;
	struct tree_node *inner;

	tree_hang(tree, parent, node);
	if (parent->left == node) {
		inner = node->right;
		parent->left = inner;
		node->right = parent;
	} else {
		inner = node->left;
		parent->right = inner;
		node->left = parent;
	}
	if (inner)
		inner->parent = parent;
	parent->parent = node;
}

void tree_insert(struct tree *tree, struct tree_node *node, uint32_t key,
		 uint32_t priority)
{
	struct tree_node **link = &tree->root;
	struct tree_node *parent = NULL;

	while (*link) {
		parent = *link;
		link = seq_lt(key, parent->key) ? &parent->left :
						  &parent->right;
	}
	node->left = NULL;
	node->right = NULL;
	node->parent = parent;
	node->key = key;
	node->priority = priority;
	*link = node;
	tree->n++;
	while (node->parent && node->parent->priority < priority)
		tree_rotate_up(tree, node);
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
	CN_ASSERT(tree->n > 0);
	while (node->left && node->right)
		tree_rotate_up(tree,
			       node->left->priority < node->right->priority ?
				       node->right :
				       node->left);
	tree_hang(tree, node, node->left ? node->left : node->right);
	node->left = NULL;
	node->right = NULL;
	node->parent = NULL;
	tree->n--;
}

struct tree_node *tree_first(const struct tree *tree)
{
	struct tree_node *node = tree->root;

	while (node && node->left)
		node = node->left;
	return node;
}

struct tree_node *tree_last(const struct tree *tree)
{
	struct tree_node *node = tree->root;

	while (node && node->right)
		node = node->right;
	return node;
}

struct tree_node *tree_next(const struct tree_node *node)
{
	struct tree_node *up;

	if (node->right) {
		up = node->right;
		while (up->left)
			up = up->left;
		return up;
	}
	up = node->parent;
	while (up && up->right == node) {
		node = up;
		up = up->parent;
	}
	return up;
}

struct tree_node *tree_prev(const struct tree_node *node)
{
	struct tree_node *up;

	if (node->left) {
		up = node->left;
		while (up->right)
			up = up->right;
		return up;
	}
	up = node->parent;
	while (up && up->left == node) {
		node = up;
		up = up->parent;
	}
	return up;
}

struct tree_node *tree_floor(const struct tree *tree, uint32_t key)
{
	struct tree_node *node = tree->root, *best = NULL;

	while (node) {
		if (seq_le(node->key, key)) {
			best = node;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return best;
}
