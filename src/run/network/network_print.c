/* SPDX-License-Identifier: MIT */
/* A network in tables, in JSON lines, and as the lines of hosts(5). */
#include <string.h>

#include "link/units.h"
#include "run/network/network_parts.h"
#include "see/json.h"
#include "see/text.h"

static const char *kind_name(const struct plan_node *node)
{
	switch ((enum plan_kind)node->kind) {
	case PLAN_HOST:
		return "host";
	case PLAN_ROUTER:
		return "router";
	case PLAN_TUN:
		return "tun";
	}
	return "?";
}

static void addr_text(const struct plan_addr *addr, char text[64])
{
	char plain[CN_ADDR_TEXT];

	cn_addr_format(&addr->addr, plain);
	snprintf(text, 64, "%s/%u", plain, addr->prefix_len);
}

/* The other of two, or "*". */
static const char *far_name(const struct plan *plan, const struct plan_end *end)
{
	if (plan_link(plan, (unsigned)end->link)->segment)
		return "*";
	return plan_node(plan, (unsigned)plan_peer(plan, end)->node)->name;
}

/* --------------------------------------------------------------- tables -- */

struct widths {
	int node, link;
};

static void widen(int *width, const char *text)
{
	int len = (int)strlen(text);

	if (len > *width)
		*width = len;
}

static struct widths widths_of(const struct plan *plan)
{
	struct widths widths = {4, 4};

	for (unsigned i = 0; i < plan_node_n(plan); i++)
		widen(&widths.node, plan_node(plan, i)->name);
	for (unsigned i = 0; i < plan_link_n(plan); i++)
		widen(&widths.link, plan_link(plan, i)->name);
	return widths;
}

static void print_node(const struct plan *plan, const struct plan_node *node,
		       const struct widths *widths, FILE *out)
{
	if (!node->end_n)
		fprintf(out, "%-*s  %-6s\n", widths->node, node->name,
			kind_name(node));
	for (unsigned e = 0; e < node->end_n; e++) {
		const struct plan_end *end = node->end[e];
		const struct plan_link *link =
			plan_link(plan, (unsigned)end->link);
		char text[64];

		plan_interface(end, text);
		fprintf(out, "%-*s  %-6s  %-5s  %-*s", widths->node,
			e ? "" : node->name, e ? "" : kind_name(node), text,
			widths->link, link->name);
		for (unsigned i = 0; i < end->addrs.n; i++) {
			addr_text(&end->addrs.at[i], text);
			fprintf(out, "  %s", text);
		}
		fputc('\n', out);
	}
}

static void print_way(const struct network *network, const struct plan_end *end,
		      const struct widths *widths, FILE *out)
{
	const struct plan *plan = network->plan;
	const struct plan_link *link = plan_link(plan, (unsigned)end->link);
	char text[UNITS_IMPAIR_TEXT];
	struct cn_path_stats stats;

	network_stats(network, end, &stats);
	units_impair_text(&end->impair, text);
	fprintf(out, "%-*s  %-*s  %-*s  %9llu  %7llu  %s%s\n", widths->link,
		end == link->end ? link->name : "", widths->node,
		plan_node(plan, (unsigned)end->node)->name, widths->node,
		far_name(plan, end), stats.packets + 0ull,
		stats.lost + stats.queue_drops + stats.rule_drops + 0ull,
		link->down ? "down " : "", *text ? text : "clean");
}

struct printing {
	const struct plan *plan;
	const char *node;
	const struct widths *widths;
	FILE *out;
	bool any;
};

static void hop_text(const struct plan_hop *hop, char to[64], char name[16])
{
	const struct plan_addr addr = {.addr = hop->prefix,
				       .prefix_len = hop->prefix_len};

	addr_text(&addr, to);
	if (!hop->prefix_len)
		snprintf(to, 64, "default");
	plan_interface(hop->end, name);
}

/* Those that were chosen; the others follow from the links. */
static int print_route(void *ctx, const struct plan_hop *hop)
{
	struct printing *printing = ctx;
	char to[64], name[16];

	if (!hop->given)
		return 0;
	hop_text(hop, to, name);
	/* Of two that are called default one could not tell which is which. */
	if (!hop->prefix_len && !cn_addr_is_v4(&hop->prefix))
		snprintf(to, sizeof(to), "::/0");
	if (!printing->any)
		fprintf(printing->out, "\n%-*s  %-18s  OUT\n",
			printing->widths->node, "NODE", "ROUTE");
	printing->any = true;
	fprintf(printing->out, "%-*s  %-18s  %s to %s\n",
		printing->widths->node, printing->node, to, name,
		far_name(printing->plan, hop->end));
	return 0;
}

void network_print(const struct network *network, FILE *out)
{
	const struct plan *plan = network->plan;
	struct widths widths = widths_of(plan);
	struct printing printing = {
		.plan = plan, .widths = &widths, .out = out};

	fprintf(out, "%-*s  KIND    IFACE  %-*s  ADDRESSES\n", widths.node,
		"NODE", widths.link, "LINK");
	for (unsigned i = 0; i < plan_node_n(plan); i++)
		print_node(plan, plan_node(plan, i), &widths, out);
	fprintf(out, "\n%-*s  %-*s  %-*s    PACKETS     LOST  IMPAIRMENT\n",
		widths.link, "LINK", widths.node, "FROM", widths.node, "TO");
	for (unsigned l = 0; l < plan_link_n(plan); l++) {
		const struct plan_link *link = plan_link(plan, l);

		for (unsigned e = 0; e < link->end_n; e++)
			print_way(network, &link->end[e], &widths, out);
	}
	for (unsigned i = 0; i < plan_node_n(plan); i++) {
		printing.node = plan_node(plan, i)->name;
		(void)plan_routes(plan, (int)i, print_route, &printing);
	}
}

/* ----------------------------------------------------------------- JSON -- */

static void json_write(struct json *json, FILE *out)
{
	json_end(json);
	fwrite(json->line, 1, json->n, out);
}

static void json_interface(const struct network *network,
			   const struct plan_end *end, FILE *out)
{
	const struct plan *plan = network->plan;
	char text[UNITS_IMPAIR_TEXT], safe[4 * UNITS_IMPAIR_TEXT];
	struct cn_path_stats stats;
	struct json json;

	json_begin(&json);
	plan_interface(end, text);
	json_string(&json, "interface", text);
	json_string(&json, "node", plan_node(plan, (unsigned)end->node)->name);
	json_string(&json, "link", plan_link(plan, (unsigned)end->link)->name);
	json_key(&json, "addresses");
	json_put(&json, "[");
	for (unsigned i = 0; i < end->addrs.n; i++) {
		addr_text(&end->addrs.at[i], text);
		json_put(&json, i ? "," : "");
		json_put_string(&json, text);
	}
	json_put(&json, "]");
	units_impair_text(&end->impair, text);
	text_escape(text, safe, sizeof(safe));
	json_string(&json, "impairment", safe);
	network_stats(network, end, &stats);
	json_number(&json, "packets", stats.packets);
	json_number(&json, "octets", stats.octets);
	json_number(&json, "delivered", stats.delivered);
	json_number(&json, "lost", stats.lost);
	json_number(&json, "queue_drops", stats.queue_drops);
	json_number(&json, "rule_drops", stats.rule_drops);
	json_number(&json, "duplicated", stats.duplicated);
	json_number(&json, "corrupted", stats.corrupted);
	json_number(&json, "reordered", stats.reordered);
	json_number(&json, "queued", stats.queued);
	json_write(&json, out);
}

static void json_link(const struct plan_link *link, FILE *out)
{
	struct json json;

	json_begin(&json);
	json_string(&json, "link", link->name);
	json_string(&json, "kind", link->segment ? "segment" : "link");
	json_number(&json, "mtu", link->mtu);
	json_bool(&json, "down", link->down);
	if (link->drop) {
		char text[512];

		text_escape(link->drop, text, sizeof(text));
		json_string(&json, "drop", text);
	}
	json_write(&json, out);
}

static int json_route(void *ctx, const struct plan_hop *hop)
{
	const struct printing *printing = ctx;
	char to[64], name[16], router[CN_ADDR_TEXT];
	struct json json;

	hop_text(hop, to, name);
	json_begin(&json);
	json_string(&json, "route", to);
	json_number(&json, "family", cn_addr_is_v4(&hop->prefix) ? 4 : 6);
	json_string(&json, "node", printing->node);
	json_string(&json, "interface", name);
	if (!cn_addr_is_any(&hop->router)) {
		cn_addr_format(&hop->router, router);
		json_string(&json, "via", router);
	}
	json_bool(&json, "static", hop->given);
	json_write(&json, printing->out);
	return 0;
}

static void json_counter(const char *node, const char *name, const char *text,
			 uint64_t value, FILE *out)
{
	struct json json;

	if (!value)
		return;
	json_begin(&json);
	json_string(&json, "counter", name);
	json_string(&json, "node", node);
	json_number(&json, "value", value);
	json_string(&json, "text", text);
	json_write(&json, out);
}

/* What it has counted, drops by reason too, if it is not nought. */
static void json_counters(const char *node, const struct cn_host *host,
			  FILE *out)
{
	const struct cn_counters *count = cn_host_counters(host);

#define CN_X(name, text) json_counter(node, #name, text, count->name, out);
	CN_COUNTERS(CN_X)
#undef CN_X
	for (int i = 1; i < CN_DROP_N; i++)
		json_counter(node, cn_drop_name((enum cn_drop)i),
			     cn_drop_text((enum cn_drop)i), count->drop[i],
			     out);
}

void network_json(const struct network *network, FILE *out)
{
	const struct plan *plan = network->plan;
	struct printing printing = {.plan = plan, .out = out};
	struct json json;

	for (unsigned i = 0; i < plan_node_n(plan); i++) {
		json_begin(&json);
		json_string(&json, "node", plan_node(plan, i)->name);
		json_string(&json, "kind", kind_name(plan_node(plan, i)));
		json_write(&json, out);
	}
	for (unsigned l = 0; l < plan_link_n(plan); l++) {
		const struct plan_link *link = plan_link(plan, l);

		json_link(link, out);
		for (unsigned e = 0; e < link->end_n; e++)
			json_interface(network, &link->end[e], out);
	}
	for (unsigned i = 0; i < plan_node_n(plan); i++) {
		printing.node = plan_node(plan, i)->name;
		(void)plan_routes(plan, (int)i, json_route, &printing);
		if (network->node[i].host)
			json_counters(printing.node, network->node[i].host,
				      out);
	}
}

/* --------------------------------------------------------------- names -- */

void network_names(const struct network *network, FILE *out)
{
	const struct plan *plan = network->plan;

	for (unsigned i = 0; i < plan_node_n(plan); i++) {
		const struct plan_node *node = plan_node(plan, i);

		for (unsigned e = 0; e < node->end_n; e++)
			for (unsigned a = 0; a < node->end[e]->addrs.n; a++) {
				char text[CN_ADDR_TEXT];

				cn_addr_format(&node->end[e]->addrs.at[a].addr,
					       text);
				fprintf(out, "%s\t%s\n", text, node->name);
			}
	}
}
