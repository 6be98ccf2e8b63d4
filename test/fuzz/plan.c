/* SPDX-License-Identifier: MIT */
/*
 * Descriptions of networks: any text is a network or some mistakes; a network
 * can be made, printed and changed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/heap.h"
#include "run/network/network.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static int count_hop(void *ctx, const struct plan_hop *hop)
{
	unsigned *n = ctx;

	check(hop->end != NULL);
	++*n;
	return 0;
}

/* Whatever was said, an address is one node's. */
static void check_plan(const struct plan *plan)
{
	unsigned hops = 0;

	for (unsigned i = 0; i < plan_node_n(plan); i++) {
		const struct plan_node *node = plan_node(plan, i);

		check(plan_find_node(plan, node->name) == (int)i);
		check(plan_routes(plan, (int)i, count_hop, &hops) == 0);
		for (unsigned e = 0; e < node->end_n; e++)
			for (unsigned a = 0; a < node->end[e]->addrs.n; a++)
				check(plan_find_addr(plan,
						     &node->end[e]
							      ->addrs.at[a]
							      .addr) == (int)i);
	}
}

static void change(struct network *network, const char *line)
{
	char why[PLAN_WHY];

	if (network_change(network, line, why))
		check(strlen(why) > 0 && strlen(why) < PLAN_WHY);
}

/* Lines are also changes of what they describe. */
static void run(struct network *network, char *text, FILE *out)
{
	uint64_t now = 1;
	char *rest;

	for (char *line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		change(network, line);
	for (unsigned i = 0; i < 3; i++) {
		(void)network_step(network, now);
		now = network_deadline(network);
		if (now == CN_NEVER)
			break;
	}
	network_print(network, out);
	network_json(network, out);
	network_names(network, out);
}

static void make(struct plan *plan, char *text)
{
	struct cn_pool *pool = cn_pool_new(&heap_memory);
	struct network_config config = {.pool = pool, .seed = {1}};
	FILE *out = fopen("/dev/null", "w");
	struct network *network;
	char why[PLAN_WHY] = "";

	check(pool && out);
	check_plan(plan);
	if (network_new(&config, plan, 0, &network, why)) {
		check(*why);
	} else {
		run(network, text, out);
		network_free(network);
	}
	check(cn_pool_in_use(pool) == 0);
	cn_pool_free(pool);
	(void)fclose(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plan *plan = plan_new();
	char *text = malloc(size + 1);

	check(plan && text);
	memcpy(text, data, size);
	text[size] = '\0';
	plan_text(plan, "fuzz", text);
	if (plan_finish(plan)) {
		make(plan, text);
	} else {
		check(plan_mistake_n(plan) > 0);
		for (unsigned i = 0; i < plan_mistake_n(plan); i++)
			check(!strncmp(plan_mistake(plan, i), "fuzz", 4));
		plan_free(plan);
	}
	free(text);
	return 0;
}
