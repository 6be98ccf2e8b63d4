/* SPDX-License-Identifier: MIT */
/*
 * The end of a description.  Statements may stand in any order: nodes are read
 * first, then links, then routes.  Then every interface without an address of
 * a family gets one: on link number N of the description 10.0.N.0/24 and
 * fd00:0:0:N::/64 (RFC 1918, RFC 4193), the first end .1 and ::1, the second .2
 * and ::2.  A host that was given an address of a family keeps to those.
 */
#include <stdlib.h>
#include <string.h>

#include "run/network/plan_parts.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const statements[] = {
	"host", "router", "tun", "link", "segment", "route",
};

struct pass {
	void (*read)(struct plan *plan, const struct words *words,
		     unsigned place);
	unsigned first, last; /* of statements */
};

static const struct pass passes[] = {
	{plan_node_statement, 0, 2},
	{plan_link_statement, 3, 4},
	{plan_route_statement, 5, 5},
};

static unsigned which(const char *word)
{
	unsigned i = 0;

	while (i < COUNT(statements) && strcmp(word, statements[i]))
		i++;
	return i;
}

static void unknown(struct plan *plan, const char *word, unsigned place)
{
	char like[64];
	const char *best = NULL;
	unsigned far = 3;

	for (unsigned i = 0; i < COUNT(statements); i++)
		if (plan_distance(word, statements[i]) < far) {
			far = plan_distance(word, statements[i]);
			best = statements[i];
		}
	plan_did_you_mean(best, like, sizeof(like));
	plan_wrong(plan, place,
		   "%.40s: a statement begins with host, router, tun, link, "
		   "segment or route%s",
		   word, like);
}

static void read_statement(struct plan *plan, const struct pass *pass,
			   const struct statement *statement)
{
	char *copy = strdup(statement->text);
	struct words words;
	unsigned kind;

	if (!copy) {
		plan->no_memory = true;
		return;
	}
	/* What cannot be cut was told before. */
	if (words_cut(copy, &words) && words.n) {
		kind = which(words.at[0]);
		if (kind == COUNT(statements) && pass == passes)
			unknown(plan, words.at[0], statement->place);
		else if (kind >= pass->first && kind <= pass->last)
			pass->read(plan, &words, statement->place);
	}
	free(copy);
}

static bool says_links(const struct plan *plan)
{
	for (unsigned i = 0; i < plan->statement_n; i++) {
		const char *text = plan->statement[i].text;

		text += strspn(text, " \t\r,");
		if (!strncmp(text, "link", 4) || !strncmp(text, "segment", 7))
			return true;
	}
	return false;
}

/* Where no link is described, everybody is joined to everybody. */
static void join_all(struct plan *plan)
{
	static char first[] = "segment", lan[] = "lan", two[] = "link";
	struct words words = {.n = 2, .at = {first, lan}};

	if (plan->node_n < 2 || plan->node_n > PLAN_LINK_ENDS ||
	    says_links(plan))
		return;
	if (plan->node_n == 2) {
		words.n = 1;
		words.at[0] = two;
	}
	for (unsigned i = 0; i < plan->node_n; i++)
		words.at[words.n++] = plan->node[i].name;
	plan_link_statement(plan, &words, plan->node[0].place);
}

/* ----------------------------------------------------------- addresses -- */

/* A node without a link stands in a segment by itself. */
static void plug_alone(struct plan *plan)
{
	for (unsigned i = 0; i < plan->node_n; i++) {
		struct plan_node *node = &plan->node[i];
		struct plan_link *link = &plan->link[plan->link_n];

		if (node->end_n || node->kind == PLAN_TUN ||
		    plan->link_n == PLAN_LINKS)
			continue;
		memset(link, 0, sizeof(*link));
		link->end = calloc(1, sizeof(*link->end));
		if (!link->end) {
			plan->no_memory = true;
			return;
		}
		memcpy(link->name, node->name, PLAN_NAME);
		strcpy(link->name + strnlen(link->name, PLAN_NAME - 6),
		       "-eth0");
		link->segment = true;
		link->mtu = 1500;
		link->place = node->place;
		link->end_n = 1;
		link->end[0].link = (int)plan->link_n++;
		link->end[0].node = (int)i;
		node->end[node->end_n++] = &link->end[0];
	}
}

/* Addresses that came with a node's name are its first interface's. */
static void place_given(struct plan *plan)
{
	for (unsigned i = 0; i < plan->node_n; i++) {
		struct plan_node *node = &plan->node[i];
		struct plan_addrs *addrs;

		if (!node->end_n)
			continue;
		addrs = &node->end[0]->addrs;
		for (unsigned j = 0; j < node->given.n; j++) {
			if (addrs->n == PLAN_ADDRS) {
				plan_wrong(plan, node->place,
					   "%s has more than %u addresses on "
					   "its first interface",
					   node->name, PLAN_ADDRS);
				break;
			}
			addrs->at[addrs->n++] = node->given.at[j];
		}
	}
}

/* "10.0.0.1" on a segment is in a network; between two it stands alone. */
static void settle_len(const struct plan_link *link, struct plan_addr *addr)
{
	bool v4 = cn_addr_is_v4(&addr->addr);

	if (addr->prefix_len != PREFIX_UNSAID)
		return;
	if (link->segment)
		addr->prefix_len = v4 ? 24 : 64;
	else
		addr->prefix_len = (uint8_t)plan_full(&addr->addr);
}

static void settle_lens(struct plan *plan)
{
	for (unsigned l = 0; l < plan->link_n; l++) {
		struct plan_link *link = &plan->link[l];

		for (unsigned e = 0; e < link->end_n; e++)
			for (unsigned i = 0; i < link->end[e].addrs.n; i++)
				settle_len(link, &link->end[e].addrs.at[i]);
	}
}

static bool has_family(const struct plan_addrs *addrs, bool v4)
{
	for (unsigned i = 0; i < addrs->n; i++)
		if (cn_addr_is_v4(&addrs->at[i].addr) == v4)
			return true;
	return false;
}

/* Whether this interface keeps to what was given. */
static bool is_settled(const struct plan *plan, const struct plan_end *end,
		       bool v4)
{
	const struct plan_node *node = &plan->node[end->node];

	if (has_family(&end->addrs, v4))
		return true;
	if (node->kind == PLAN_ROUTER)
		return false;
	for (unsigned e = 0; e < node->end_n; e++)
		for (unsigned i = 0; i < node->end[e]->addrs.n; i++) {
			const struct plan_addr *addr =
				&node->end[e]->addrs.at[i];

			if (addr->given && cn_addr_is_v4(&addr->addr) == v4)
				return true;
		}
	return false;
}

static struct cn_addr network_of(unsigned number, bool v4)
{
	struct cn_addr addr = {{0xfd}};

	if (v4)
		return cn_addr_v4(10, 0, (uint8_t)number, 0);
	addr.octet[6] = (uint8_t)(number >> 8);
	addr.octet[7] = (uint8_t)number;
	return addr;
}

/* Nobody was given an address in that network. */
static bool is_free(const struct plan *plan, unsigned number)
{
	struct cn_addr net4 = network_of(number, true);
	struct cn_addr net6 = network_of(number, false);

	for (unsigned l = 0; l < plan->link_n; l++)
		for (unsigned e = 0; e < plan->link[l].end_n; e++) {
			const struct plan_addrs *addrs =
				&plan->link[l].end[e].addrs;

			for (unsigned i = 0; i < addrs->n; i++)
				if (addrs->at[i].given &&
				    (plan_in_prefix(&addrs->at[i].addr, &net4,
						    24) ||
				     plan_in_prefix(&addrs->at[i].addr, &net6,
						    64)))
					return false;
		}
	return true;
}

static void give(struct plan *plan, struct plan_end *end, unsigned station,
		 const struct cn_addr *network)
{
	bool v4 = cn_addr_is_v4(network);
	struct plan_addr *addr = &end->addrs.at[end->addrs.n];

	if (is_settled(plan, end, v4) || end->addrs.n == PLAN_ADDRS)
		return;
	addr->addr = *network;
	addr->addr.octet[15] = (uint8_t)station;
	addr->prefix_len = v4 ? 24 : 64;
	addr->given = false;
	end->addrs.n++;
}

static void give_all(struct plan *plan)
{
	unsigned number = 0;

	for (unsigned l = 0; l < plan->link_n; l++) {
		struct plan_link *link = &plan->link[l];
		struct cn_addr net4, net6;

		do
			number++;
		while (!is_free(plan, number) && number < 255);
		net4 = network_of(number, true);
		net6 = network_of(number, false);
		for (unsigned e = 0; e < link->end_n; e++) {
			give(plan, &link->end[e], e + 1, &net4);
			/* RFC 8200 section 5 */
			if (link->mtu >= 1280)
				give(plan, &link->end[e], e + 1, &net6);
		}
	}
}

bool plan_finish(struct plan *plan)
{
	for (size_t p = 0; p < COUNT(passes); p++) {
		if (&passes[p] == &passes[2]) {
			join_all(plan);
			plug_alone(plan);
			place_given(plan);
			settle_lens(plan);
			give_all(plan);
		}
		for (unsigned i = 0; i < plan->statement_n; i++)
			read_statement(plan, &passes[p], &plan->statement[i]);
	}
	return !plan->mistake_n && !plan->no_memory;
}
