/* SPDX-License-Identifier: MIT */
/* What is changed while it runs: impairments, and routes. */
#include <string.h>

#include "run/network/network_parts.h"

const char *network_set(struct network *network, const char *name,
			const char *words, char why[PLAN_WHY])
{
	int number = plan_find_link(network->plan, name);
	const struct plan_link *link;
	const char *wrong;

	if (number < 0) {
		snprintf(why, PLAN_WHY,
			 "no link is called %.60s; 'show' names them", name);
		return why;
	}
	wrong = plan_set(network->plan, number, words, why);
	if (wrong)
		return wrong;
	link = plan_link(network->plan, (unsigned)number);
	for (unsigned i = 0; i < link->end_n; i++) {
		const struct wire *wire = wire_of(network, &link->end[i]);
		struct cn_impair impair = wire_impair(wire);

		if (!cn_path_set(wire->path, &impair))
			continue;
		snprintf(why, PLAN_WHY, "%s", cn_impair_error(&impair));
		return why;
	}
	return NULL;
}

struct rerouting {
	struct network *network;
	int rc;
};

static void reroute(void *ctx, int node, const struct plan_hop *hop)
{
	struct rerouting *rerouting = ctx;
	struct node *of = &rerouting->network->node[node];

	if (of->host && !rerouting->rc)
		rerouting->rc = node_route(of, hop);
}

const char *network_route(struct network *network, const char *words,
			  char why[PLAN_WHY])
{
	struct rerouting rerouting = {.network = network};
	const char *wrong =
		plan_reroute(network->plan, words, reroute, &rerouting, why);

	if (!wrong && rerouting.rc) {
		snprintf(why, PLAN_WHY, "the route: %s",
			 cn_err_text(rerouting.rc));
		wrong = why;
	}
	return wrong;
}

const char *network_change(struct network *network, const char *statement,
			   char why[PLAN_WHY])
{
	char name[PLAN_NAME];
	size_t len;

	statement += strspn(statement, " ");
	len = strcspn(statement, " ");
	if (len == 5 && !strncmp(statement, "route", len))
		return network_route(network, statement + len, why);
	if (len == 3 && !strncmp(statement, "set", len)) {
		statement += len;
		statement += strspn(statement, " ");
		len = strcspn(statement, " ");
		if (len && len < sizeof(name)) {
			memcpy(name, statement, len);
			name[len] = '\0';
			return network_set(network, name, statement + len, why);
		}
	}
	snprintf(why, PLAN_WHY,
		 "write for example 'set alice-r1 delay 50ms' or 'route r1 bob "
		 "via r2'");
	return why;
}
