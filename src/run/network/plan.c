/* SPDX-License-Identifier: MIT */
/* What a plan holds, and what is wrong with it. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "run/network/plan_parts.h"
#include "see/text.h"

/* A power of two. */
#define GROW_FIRST 16u

struct plan *plan_new(void)
{
	return calloc(1, sizeof(struct plan));
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (unsigned i = 0; i < plan->link_n; i++) {
		free(plan->link[i].end);
		free(plan->link[i].drop);
	}
	for (unsigned i = 0; i < plan->statement_n; i++)
		free(plan->statement[i].text);
	for (unsigned i = 0; i < plan->where_n; i++)
		free(plan->where[i]);
	for (unsigned i = 0; i < plan->mistake_n; i++)
		free(plan->mistake[i].text);
	free(plan->route);
	free(plan->statement);
	free(plan->place);
	free(plan->where);
	free(plan);
}

void *plan_grow(struct plan *plan, void *p, unsigned n, size_t size)
{
	unsigned used = n - 1;

	/* It doubles, so that a long file costs no square. */
	if (p && (used < GROW_FIRST || (used & (used - 1))))
		return p;
	p = realloc(p, (used < GROW_FIRST ? GROW_FIRST : 2 * used) * size);
	if (!p)
		plan->no_memory = true;
	return p;
}

/* ------------------------------------------------------------ mistakes -- */

void plan_place(const struct plan *plan, unsigned place, char *text,
		size_t size)
{
	const struct place *at = &plan->place[place];

	if (at->line)
		snprintf(text, size, "%s:%u", at->where, at->line);
	else
		snprintf(text, size, "%s", at->where);
}

#define WORD_SHOWN 60 /* of one that is too long to be told whole */

/* What is wrong stands at the end: of a text that is too long the middle is
 * left out. */
static void format_why(char why[PLAN_WHY], const char *format, va_list args)
{
	va_list again;
	char *whole;
	int n;

	va_copy(again, args);
	n = vsnprintf(why, PLAN_WHY, format, args);
	whole = n >= PLAN_WHY ? malloc((size_t)n + 1) : NULL;
	if (whole) {
		const size_t rest = PLAN_WHY - WORD_SHOWN - 4;

		vsnprintf(whole, (size_t)n + 1, format, again);
		memcpy(why + WORD_SHOWN, "...", 3);
		memcpy(why + WORD_SHOWN + 3, whole + (size_t)n - rest,
		       rest + 1);
		free(whole);
	}
	va_end(again);
}

/* A description may come from anywhere: what is said of it is harmless for a
 * terminal. */
void plan_wrong(struct plan *plan, unsigned place, const char *format, ...)
{
	char at[160], text[PLAN_WHY], safe[4 * PLAN_WHY], *whole;
	unsigned i = plan->mistake_n;
	size_t size;
	va_list args;

	if (i == PLAN_MISTAKES)
		return;
	va_start(args, format);
	format_why(text, format, args);
	va_end(args);
	plan_place(plan, place, at, sizeof(at));
	text_escape(text, safe, sizeof(safe));
	size = strlen(at) + strlen(safe) + 3;
	whole = malloc(size);
	if (!whole) {
		plan->no_memory = true;
		return;
	}
	snprintf(whole, size, "%s: %s", at, safe);
	/* In the order of their places. */
	for (; i > 0 && plan->mistake[i - 1].place > place; i--)
		plan->mistake[i] = plan->mistake[i - 1];
	plan->mistake[i] = (struct mistake){place, whole};
	plan->mistake_n++;
}

unsigned plan_mistake_n(const struct plan *plan)
{
	return plan->mistake_n;
}

const char *plan_mistake(const struct plan *plan, unsigned i)
{
	return plan->mistake[i].text;
}

/* Levenshtein's, of names: both are short. */
unsigned plan_distance(const char *a, const char *b)
{
	unsigned row[PLAN_NAME + 1];
	size_t n = strlen(b);

	if (n > PLAN_NAME || strlen(a) > PLAN_NAME)
		return PLAN_NAME;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 0; a[i]; i++) {
		unsigned corner = i;

		row[0] = i + 1;
		for (unsigned j = 0; j < n; j++) {
			unsigned same = corner + (a[i] != b[j]);

			corner = row[j + 1];
			row[j + 1] = row[j] < corner ? row[j] + 1 : corner + 1;
			if (same < row[j + 1])
				row[j + 1] = same;
		}
	}
	return row[n];
}

const char *plan_like_node(const struct plan *plan, const char *name)
{
	unsigned best = strlen(name) > 2 ? 3 : (unsigned)strlen(name);
	const char *like = NULL;

	for (unsigned i = 0; i < plan->node_n; i++) {
		unsigned far = plan_distance(name, plan->node[i].name);

		if (far < best) {
			best = far;
			like = plan->node[i].name;
		}
	}
	return like;
}

void plan_did_you_mean(const char *name, char *text, size_t size)
{
	text[0] = '\0';
	if (name)
		snprintf(text, size, "; did you mean %s?", name);
}

/* ------------------------------------------------------------- looking -- */

unsigned plan_node_n(const struct plan *plan)
{
	return plan->node_n;
}

unsigned plan_link_n(const struct plan *plan)
{
	return plan->link_n;
}

const struct plan_node *plan_node(const struct plan *plan, unsigned i)
{
	return &plan->node[i];
}

const struct plan_link *plan_link(const struct plan *plan, unsigned i)
{
	return &plan->link[i];
}

int plan_find_node(const struct plan *plan, const char *name)
{
	for (unsigned i = 0; i < plan->node_n; i++)
		if (!strcmp(plan->node[i].name, name))
			return (int)i;
	return -1;
}

int plan_find_link(const struct plan *plan, const char *name)
{
	for (unsigned i = 0; i < plan->link_n; i++)
		if (!strcmp(plan->link[i].name, name))
			return (int)i;
	return -1;
}

static bool has_addr(const struct plan_addrs *addrs, const struct cn_addr *addr)
{
	for (unsigned i = 0; i < addrs->n; i++)
		if (cn_addr_equal(&addrs->at[i].addr, addr))
			return true;
	return false;
}

int plan_find_addr(const struct plan *plan, const struct cn_addr *addr)
{
	for (unsigned i = 0; i < plan->node_n; i++) {
		const struct plan_node *node = &plan->node[i];

		if (has_addr(&node->given, addr))
			return (int)i;
		for (unsigned e = 0; e < node->end_n; e++)
			if (has_addr(&node->end[e]->addrs, addr))
				return (int)i;
	}
	return -1;
}

const struct cn_addr *plan_addr_of(const struct plan *plan, int node,
				   int family)
{
	const struct plan_node *of = &plan->node[node];

	for (unsigned e = 0; e < of->end_n; e++) {
		const struct plan_addrs *addrs = &of->end[e]->addrs;

		for (unsigned i = 0; i < addrs->n; i++)
			if (cn_addr_is_v4(&addrs->at[i].addr) == (family == 4))
				return &addrs->at[i].addr;
	}
	return NULL;
}

void plan_interface(const struct plan_end *end, char name[16])
{
	snprintf(name, 16, "eth%u", end->number % 100);
}

const struct plan_end *plan_peer(const struct plan *plan,
				 const struct plan_end *end)
{
	const struct plan_link *link = &plan->link[end->link];

	return &link->end[end == &link->end[0]];
}
