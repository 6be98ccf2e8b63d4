/* SPDX-License-Identifier: MIT */
/* The network of catenet world.  See world_plan.h. */
#include "cli/world_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/units.h"
#include "run/network/plan.h"

bool world_plan_init(struct world_plan *plan)
{
	memset(plan, 0, sizeof(*plan));
	plan->plan = plan_new();
	return plan->plan != NULL;
}

void world_plan_deinit(struct world_plan *plan)
{
	plan_free(plan->plan);
}

const char *world_plan_file(struct world_plan *plan, const char *name)
{
	int rc = plan_file(plan->plan, name);

	plan->linked = true;
	if (rc == -EILSEQ)
		return "an octet 0 is in it; a description is text";
	if (rc == -EFBIG)
		return "longer than a mebibyte; no description is";
	return rc ? strerror(-rc) : NULL;
}

const char *world_plan_add(struct world_plan *plan, const char *word,
			   const char *rest)
{
	char *text = malloc(strlen(word) + strlen(rest) + 2);
	char where[32];

	rest += strspn(rest, " \t");
	if (!text)
		return "no memory";
	sprintf(text, "%s %s", word, rest);
	snprintf(where, sizeof(where), "--%s", word);
	plan_text(plan->plan, where, text);
	free(text);
	if (!strcmp(word, "link") || !strcmp(word, "segment"))
		plan->linked = true;
	return NULL;
}

const char *world_plan_port(const char *value, struct world_publish *publish)
{
	static const char form[] =
		"write [IP:]HOSTPORT:NODE:PORT, for example 8080:alice:80, "
		"127.0.0.1:8080:alice:80 or 5353:alice:53/udp";
	char *text = strdup(value); /* kept: the node's name is in it */
	char *port, *node, *host_port, *addr = NULL;
	uint64_t number;

	memset(publish, 0, sizeof(*publish));
	if (!text)
		return form;
	port = strrchr(text, '/');
	if (port) {
		publish->udp = !strcmp(port, "/udp");
		if (!publish->udp && strcmp(port, "/tcp") != 0)
			return form;
		*port = 0;
	}
	port = strrchr(text, ':');
	if (!port)
		return form;
	*port++ = 0;
	node = strrchr(text, ':');
	if (!node)
		return form;
	*node++ = 0;
	host_port = strrchr(text, ':');
	if (host_port) {
		*host_port++ = 0;
		addr = text;
	} else {
		host_port = text;
	}
	if (addr && *addr == '[' && addr[strlen(addr) - 1] == ']') {
		addr[strlen(addr) - 1] = 0;
		addr++;
	}
	if ((addr && !cn_addr_parse(addr, &publish->host.addr)) ||
	    units_count(host_port, 1, 65535, &number))
		return form;
	publish->host.port = (uint16_t)number;
	if (units_count(port, 1, 65535, &number))
		return form;
	publish->port = (uint16_t)number;
	publish->node = node;
	return NULL;
}

/* Hosts that nothing joins are joined to one another by plan_finish, and the
 * gateway is then one of them, so that everybody reaches it. */
static void add_gateway(struct world_plan *plan, const char *gateway)
{
	char text[2 * PLAN_NAME + 64];

	plan_text(plan->plan, "--gateway", "host " WORLD_INTERNET);
	if (!plan->linked)
		return;
	snprintf(text, sizeof(text), "link %.*s " WORLD_INTERNET, PLAN_NAME,
		 gateway);
	plan_text(plan->plan, "--gateway", text);
}

static bool tell_mistakes(const struct plan *plan)
{
	for (unsigned i = 0; i < plan_mistake_n(plan); i++)
		fprintf(stderr, "catenet world: %s\n", plan_mistake(plan, i));
	return false;
}

bool world_plan_finish(struct world_plan *plan, const char *gateway,
		       const struct world_publish *publish, unsigned publish_n)
{
	if (gateway)
		add_gateway(plan, gateway);
	if (!plan_finish(plan->plan))
		return tell_mistakes(plan->plan);
	if (!plan_node_n(plan->plan)) {
		fprintf(stderr, "catenet world: no host; write --host NAME, or "
				"-f FILE\n");
		return false;
	}
	if (gateway && (!strcmp(gateway, WORLD_INTERNET) ||
			plan_find_node(plan->plan, gateway) < 0)) {
		fprintf(stderr,
			"catenet world: --gateway: no host or router is called "
			"'%s'; write --host NAME, or name one of those\n",
			gateway);
		return false;
	}
	for (unsigned i = 0; i < publish_n; i++) {
		if (!gateway) {
			fprintf(stderr,
				"catenet world: -p needs --gateway NODE, where "
				"the real network comes in\n");
			return false;
		}
		if (plan_find_node(plan->plan, publish[i].node) >= 0)
			continue;
		fprintf(stderr, "catenet world: -p: no host is called %s\n",
			publish[i].node);
		return false;
	}
	return true;
}
