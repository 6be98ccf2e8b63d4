/* SPDX-License-Identifier: MIT */
/*
 * Statements of nodes:
 *
 *	host NAME [ADDRESS[/LENGTH] ...]
 *	router NAME [ADDRESS[/LENGTH] ...] [static]
 *	tun NAME [ADDRESS[/LENGTH] ...] [device DEVICE]
 */
#include <string.h>

#include "run/network/plan_parts.h"

#define DEVICE_MAX 15

bool plan_addr_add(struct plan *plan, struct plan_addrs *addrs,
		   const struct plan_addr *addr, unsigned place)
{
	char text[CN_ADDR_TEXT], at[160];
	int other = plan_find_addr(plan, &addr->addr);

	cn_addr_format(&addr->addr, text);
	if (cn_addr_is_any(&addr->addr) || cn_addr_is_multicast(&addr->addr) ||
	    cn_addr_is_loopback(&addr->addr)) {
		plan_wrong(plan, place,
			   "%s is no address of an interface; write one of "
			   "192.168.0.0/16, 172.16.0.0/12, 10.0.0.0/8 or "
			   "fd00::/8, or any other",
			   text);
		return false;
	}
	if (other >= 0) {
		plan_place(plan, plan->node[other].place, at, sizeof(at));
		plan_wrong(plan, place,
			   "%s is the address of %s already (%s); each address "
			   "is one node's",
			   text, plan->node[other].name, at);
		return false;
	}
	if (addrs->n == PLAN_ADDRS) {
		plan_wrong(plan, place,
			   "more than %u addresses; give the rest to another "
			   "interface",
			   PLAN_ADDRS);
		return false;
	}
	addrs->at[addrs->n++] = *addr;
	return true;
}

/* The words after the name; false: something is wrong. */
static bool read_words(struct plan *plan, struct plan_node *node,
		       const struct words *words, unsigned place)
{
	struct plan_addr addr;
	const char *why;

	for (unsigned i = 2; i < words->n; i++) {
		const char *word = words->at[i];

		if (words_addr(word, &addr, &why)) {
			if (why)
				plan_wrong(plan, place, "%s: %s", word, why);
			else
				plan_addr_add(plan, &node->given, &addr, place);
		} else if (node->kind == PLAN_ROUTER &&
			   !strcmp(word, "static")) {
			node->by_hand = true;
		} else if (node->kind == PLAN_TUN && !strcmp(word, "device") &&
			   i + 1 < words->n &&
			   strlen(words->at[i + 1]) <= DEVICE_MAX) {
			strcpy(node->device, words->at[++i]);
		} else {
			plan_wrong(
				plan, place,
				node->kind == PLAN_TUN ?
					"%s: after the name come addresses "
					"and 'device NAME'" :
				node->kind == PLAN_ROUTER ?
					"%s: after the name come addresses, "
					"for example 10.1.0.1, and 'static'" :
					"%s: after the name come addresses, "
					"for example 192.168.0.1",
				word);
			return false;
		}
	}
	return true;
}

static void node_add(struct plan *plan, enum plan_kind kind,
		     const struct words *words, unsigned place)
{
	const char *why = words->n > 1 ? words_name(words->at[1]) : NULL;
	struct plan_node *node = &plan->node[plan->node_n];
	char at[160];
	int other;

	if (words->n < 2) {
		plan_wrong(plan, place,
			   "a name is missing; write for example '%s %s'",
			   words->at[0], kind == PLAN_HOST ? "alice" : "r1");
		return;
	}
	if (why) {
		plan_wrong(plan, place, "%s: %s", words->at[1], why);
		return;
	}
	other = plan_find_node(plan, words->at[1]);
	if (other >= 0) {
		plan_place(plan, plan->node[other].place, at, sizeof(at));
		plan_wrong(plan, place,
			   "%s is described already (%s); choose another name",
			   words->at[1], at);
		return;
	}
	if (plan->node_n == PLAN_NODES) {
		plan_wrong(plan, place, "more than %u hosts and routers",
			   PLAN_NODES);
		return;
	}
	memset(node, 0, sizeof(*node));
	strcpy(node->name, words->at[1]);
	node->kind = (uint8_t)kind;
	node->place = place;
	/* Known by its name even if more is wrong: that is told once. */
	plan->node_n++;
	(void)read_words(plan, node, words, place);
}

void plan_node_statement(struct plan *plan, const struct words *words,
			 unsigned place)
{
	if (!strcmp(words->at[0], "host"))
		node_add(plan, PLAN_HOST, words, place);
	else if (!strcmp(words->at[0], "router"))
		node_add(plan, PLAN_ROUTER, words, place);
	else if (!strcmp(words->at[0], "tun"))
		node_add(plan, PLAN_TUN, words, place);
}
