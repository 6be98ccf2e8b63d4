/* SPDX-License-Identifier: MIT */
/* The network of catenet world, as options describe it. */
#ifndef CLI_WORLD_PLAN_H
#define CLI_WORLD_PLAN_H

#include <stdbool.h>

#include "run/world/options.h"

#define WORLD_PLAN_PORTS 64

struct world_plan {
	struct plan *plan;
	bool linked; /* something says what is joined to what */
};

bool world_plan_init(struct world_plan *plan);
/* Whatever of it the world has not taken. */
void world_plan_deinit(struct world_plan *plan);
/* NULL, or why not. */
const char *world_plan_file(struct world_plan *plan, const char *name);
/* The statement that begins with that word. */
const char *world_plan_add(struct world_plan *plan, const char *word,
			   const char *rest);
/* "[IP:]HOSTPORT:NODE:PORT"; the node's name is kept for good. */
const char *world_plan_port(const char *value, struct world_publish *publish);
/* False: there are mistakes, and they were told. */
bool world_plan_finish(struct world_plan *plan, const char *gateway,
		       const struct world_publish *publish, unsigned publish_n);

#endif
