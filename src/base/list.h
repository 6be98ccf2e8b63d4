/* SPDX-License-Identifier: MIT */
/* A doubly linked ring of nodes that live inside their objects. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *prev, *next;
};

/* The object that holds member. */
#define CN_CONTAINER(ptr, type, member)                                        \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void list_init(struct list *list)
{
	list->prev = list;
	list->next = list;
}

static inline bool list_is_empty(const struct list *list)
{
	return list->next == list;
}

/* A node out of every list points at itself (or is all zero). */
static inline bool list_is_linked(const struct list *node)
{
	return node->next && node->next != node;
}

static inline void list_add_tail(struct list *list, struct list *node)
{
	node->prev = list->prev;
	node->next = list;
	list->prev->next = node;
	list->prev = node;
}

/* Harmless on a node that is in no list. */
static inline void list_del(struct list *node)
{
	if (node->next) {
		node->prev->next = node->next;
		node->next->prev = node->prev;
	}
	list_init(node);
}

static inline struct list *list_first(const struct list *list)
{
	return list_is_empty(list) ? NULL : list->next;
}

#endif
