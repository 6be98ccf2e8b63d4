/* SPDX-License-Identifier: MIT */
/*
 * Statements of links, and changes of them:
 *
 *	link A [ADDRESS ...] B [ADDRESS ...] [PROPERTY ...]
 *	segment NAME A [ADDRESS ...] B [ADDRESS ...] ... [PROPERTY ...]
 *
 * Properties are the impairments of link/units.h, each with its value, "net
 * PROFILE", "mtu N", "name N", "drop RULES", "down" and "up".  They are both
 * directions'; after "from A" they are of what A sends, after "both" both's.
 */
#include <stdlib.h>
#include <string.h>

#include "link/profile.h"
#include "link/units.h"
#include "run/network/plan_parts.h"

#define MTU_DEFAULT 1500
#define MTU_LOW 576 /* RFC 1122; IPv6 needs 1280 */
#define MTU_HIGH 65535

static const char *const impairments[] = {
	"delay",     "rtt",	"jitter", "loss",  "burst-loss", "reorder",
	"duplicate", "corrupt", "rate",	  "trace", "queue",	 "mark",
};
static const char *const properties[] = {
	"ecn", "net", "mtu", "name", "drop", "down", "up", "from", "both",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool plan_is_link_word(const char *word)
{
	for (size_t i = 0; i < COUNT(impairments); i++)
		if (!strcmp(word, impairments[i]))
			return true;
	for (size_t i = 0; i < COUNT(properties); i++)
		if (!strcmp(word, properties[i]))
			return true;
	return false;
}

/* ---------------------------------------------------------- properties -- */

/* What the words of properties change. */
struct changing {
	struct plan *plan;
	struct plan_link *link;
	struct plan_end *only; /* "from"; NULL: all */
	bool running; /* its name, MTU and rules are settled */
	char *why; /* PLAN_WHY */
};

static bool wrong(struct changing *changing, const char *word, const char *why)
{
	snprintf(changing->why, PLAN_WHY, "%.60s: %s", word, why);
	return false;
}

static bool set_impairment(struct changing *changing, const char *word,
			   const char *value)
{
	struct plan_link *link = changing->link;
	const char *why = NULL;

	for (unsigned i = 0; i < link->end_n && !why; i++)
		if (!changing->only || changing->only == &link->end[i])
			why = units_impair(word, value, &link->end[i].impair);
	if (!why)
		return true;
	snprintf(changing->why, PLAN_WHY, "%s %.60s: %s", word, value, why);
	return false;
}

/* The first end is at home: it sends up. */
static bool set_profile(struct changing *changing, const char *name)
{
	const struct profile *profile = profile_find(name);
	struct plan_link *link = changing->link;

	if (!profile)
		return wrong(changing, name,
			     "no such path; catenet run --net list names them");
	for (unsigned i = 0; i < link->end_n; i++) {
		struct cn_impair up = link->end[i].impair, down = up;

		if (changing->only && changing->only != &link->end[i])
			continue;
		profile_apply(profile, &up, &down);
		link->end[i].impair = i ? down : up;
	}
	return true;
}

static bool set_from(struct changing *changing, const char *name)
{
	struct plan_link *link = changing->link;
	int node = plan_find_node(changing->plan, name);

	for (unsigned i = 0; i < link->end_n; i++)
		if (link->end[i].node == node) {
			changing->only = &link->end[i];
			return true;
		}
	snprintf(
		changing->why, PLAN_WHY,
		"from %.60s: the link does not join %.60s; after 'from' comes one "
		"of those that it joins",
		name, name);
	return false;
}

static bool set_mtu(struct changing *changing, const char *value)
{
	uint64_t mtu;
	const char *why = units_count(value, MTU_LOW, MTU_HIGH, &mtu);

	if (why)
		return wrong(changing, value,
			     "not an MTU; write 576 to 65535, for example "
			     "1400");
	changing->link->mtu = (uint32_t)mtu;
	return true;
}

static bool set_name(struct changing *changing, const char *value)
{
	const char *why = words_name(value);

	if (why)
		return wrong(changing, value, why);
	strcpy(changing->link->name, value);
	return true;
}

static bool set_drop(struct changing *changing, const char *rules)
{
	char error[CN_DROP_ERROR];

	if (cn_drop_error(rules, NULL, error, sizeof(error)))
		return wrong(changing, "drop", error);
	free(changing->link->drop);
	changing->link->drop = strdup(rules);
	if (!changing->link->drop)
		changing->plan->no_memory = true;
	return true;
}

static void mark_instead(struct changing *changing)
{
	struct plan_link *link = changing->link;

	for (unsigned i = 0; i < link->end_n; i++)
		if (!changing->only || changing->only == &link->end[i])
			link->end[i].impair.ecn = true;
}

/* Words that stand by themselves. */
static bool set_flag(struct changing *changing, const char *word)
{
	if (!strcmp(word, "down"))
		changing->link->down = true;
	else if (!strcmp(word, "up"))
		changing->link->down = false;
	else if (!strcmp(word, "both"))
		changing->only = NULL;
	else if (!strcmp(word, "ecn"))
		mark_instead(changing);
	else
		return false;
	return true;
}

static bool set_pair(struct changing *changing, const char *word,
		     const char *value)
{
	if (!strcmp(word, "from"))
		return set_from(changing, value);
	if (!strcmp(word, "net"))
		return set_profile(changing, value);
	if (changing->running &&
	    (!strcmp(word, "mtu") || !strcmp(word, "name") ||
	     !strcmp(word, "drop")))
		return wrong(changing, word,
			     "cannot be changed while the network runs; the "
			     "impairments, 'up' and 'down' can");
	if (!strcmp(word, "mtu"))
		return set_mtu(changing, value);
	if (!strcmp(word, "name"))
		return set_name(changing, value);
	if (!strcmp(word, "drop"))
		return set_drop(changing, value);
	return set_impairment(changing, word, value);
}

static bool set_words(struct changing *changing, const struct words *words,
		      unsigned from)
{
	for (unsigned i = from; i < words->n; i++) {
		const char *word = words->at[i];

		if (set_flag(changing, word))
			continue;
		if (!plan_is_link_word(word))
			return wrong(
				changing, word,
				"no property of a link; there are delay, "
				"rtt, jitter, loss, burst-loss, reorder, "
				"duplicate, corrupt, rate, trace, queue, mark, "
				"ecn, net, mtu, name, drop, from, both, up and "
				"down");
		if (++i == words->n)
			return wrong(changing, word,
				     "its value is missing; write for example "
				     "'delay 10ms loss 1%'");
		if (!set_pair(changing, word, words->at[i]))
			return false;
	}
	return true;
}

const char *plan_set(struct plan *plan, int number, const char *text,
		     char why[PLAN_WHY])
{
	struct plan_link *link = &plan->link[number];
	struct changing changing = {.plan = plan, .running = true, .why = why};
	struct plan_link trial = *link;
	char *copy = strdup(text);
	struct words words;
	bool good;

	trial.end = malloc(link->end_n * sizeof(*link->end));
	good = copy && trial.end;
	if (!good)
		snprintf(why, PLAN_WHY, "no memory");
	if (good) {
		memcpy(trial.end, link->end, link->end_n * sizeof(*link->end));
		changing.link = &trial;
		good = words_cut(copy, &words);
		if (!good || !words.n)
			good = wrong(&changing, "set",
				     "write for example 'delay 50ms'");
	}
	good = good && set_words(&changing, &words, 0);
	for (unsigned i = 0; good && i < trial.end_n; i++) {
		const char *wrong = cn_impair_error(&trial.end[i].impair);

		if (wrong)
			snprintf(why, PLAN_WHY, "%s", wrong);
		good = !wrong;
	}
	if (good) {
		link->down = trial.down;
		memcpy(link->end, trial.end, link->end_n * sizeof(*link->end));
	}
	free(trial.end);
	free(copy);
	return good ? NULL : why;
}

/* ---------------------------------------------------------------- ends -- */

/* The words of ends: [first, after) of words; how many ends they name. */
static unsigned count_ends(const struct words *words, unsigned first,
			   unsigned *after)
{
	struct plan_addr addr;
	const char *why;
	unsigned n = 0, i;

	for (i = first; i < words->n; i++) {
		if (plan_is_link_word(words->at[i]))
			break;
		n += !words_addr(words->at[i], &addr, &why);
	}
	*after = i;
	return n;
}

static bool join(struct plan *plan, struct plan_link *link, const char *name,
		 unsigned place)
{
	int node = plan_find_node(plan, name);
	struct plan_end *end = &link->end[link->end_n];
	char like[PLAN_NAME + 24];

	if (node < 0) {
		plan_did_you_mean(plan_like_node(plan, name), like,
				  sizeof(like));
		if (!*like)
			snprintf(like, sizeof(like),
				 "; write 'host NAME' first");
		plan_wrong(plan, place, "no host or router is called %s%s",
			   name, like);
		return false;
	}
	for (unsigned i = 0; i < link->end_n; i++)
		if (link->end[i].node == node) {
			plan_wrong(plan, place,
				   "%s is joined to itself; name another node",
				   name);
			return false;
		}
	if (plan->node[node].end_n == PLAN_NODE_ENDS) {
		plan_wrong(plan, place,
			   "%s has %u links, which is the most; put a segment "
			   "or another router between",
			   name, PLAN_NODE_ENDS);
		return false;
	}
	if (plan->node[node].kind == PLAN_TUN &&
	    (link->segment || plan->node[node].end_n)) {
		plan_wrong(plan, place,
			   "%s is the kernel: it has one link, to one router "
			   "or host",
			   name);
		return false;
	}
	end->node = node;
	link->end_n++;
	return true;
}

/* An address that this statement has given before. */
static bool is_of(const struct plan_link *link, const struct cn_addr *addr)
{
	for (unsigned i = 0; i < link->end_n; i++)
		for (unsigned j = 0; j < link->end[i].addrs.n; j++)
			if (cn_addr_equal(&link->end[i].addrs.at[j].addr, addr))
				return true;
	return false;
}

static bool read_ends(struct plan *plan, struct plan_link *link,
		      const struct words *words, unsigned first, unsigned after,
		      unsigned place)
{
	struct plan_addr addr;
	const char *why;

	for (unsigned i = first; i < after; i++) {
		if (!words_addr(words->at[i], &addr, &why)) {
			if (!join(plan, link, words->at[i], place))
				return false;
			continue;
		}
		if (!why && !link->end_n)
			why = "an address follows the node that has it: 'link "
			      "alice 10.1.0.1 bob 10.1.0.2'";
		if (!why && is_of(link, &addr.addr))
			why = "each address is one node's";
		if (why) {
			plan_wrong(plan, place, "%s: %s", words->at[i], why);
			return false;
		}
		if (!plan_addr_add(plan, &link->end[link->end_n - 1].addrs,
				   &addr, place))
			return false;
	}
	return true;
}

/* "alice-r1", and "alice-r1.2" for the second. */
static void name_link(const struct plan *plan, struct plan_link *link)
{
	const char *a = plan->node[link->end[0].node].name;
	const char *b = plan->node[link->end[1].node].name;
	char name[PLAN_NAME];
	unsigned n = 1;

	snprintf(name, sizeof(name), "%.30s-%.30s", a, b);
	while (plan_find_link(plan, name) >= 0 && n < PLAN_LINKS)
		snprintf(name, sizeof(name), "%.28s-%.28s.%u", a, b, ++n);
	strcpy(link->name, name);
}

static bool settle_name(struct plan *plan, struct plan_link *link,
			const char *given, unsigned place)
{
	int other;
	char at[160];

	if (!*given) {
		name_link(plan, link);
		return true;
	}
	other = plan_find_link(plan, given);
	if (other < 0)
		return true;
	plan_place(plan, plan->link[other].place, at, sizeof(at));
	plan_wrong(plan, place,
		   "a link is called %s already (%s); choose another name",
		   given, at);
	return false;
}

/* The node has the interface from now on. */
static void plug(struct plan *plan, struct plan_link *link)
{
	for (unsigned i = 0; i < link->end_n; i++) {
		struct plan_end *end = &link->end[i];
		struct plan_node *node = &plan->node[end->node];

		end->link = (int)plan->link_n;
		end->number = node->end_n;
		node->end[node->end_n++] = end;
	}
	plan->link_n++;
}

static bool link_read(struct plan *plan, struct plan_link *link,
		      const struct words *words, unsigned place)
{
	unsigned first = link->segment ? 2 : 1, after, n;
	char why[PLAN_WHY];
	struct changing changing = {.plan = plan, .link = link, .why = why};

	n = count_ends(words, first, &after);
	if (!link->segment && n != 2) {
		plan_wrong(plan, place,
			   n < 2 ? "a link joins two; write for example 'link "
				   "alice bob delay 10ms'" :
				   "a link joins two; for more write 'segment "
				   "NAME alice bob carol', or see the spelling "
				   "of what follows");
		return false;
	}
	if (link->segment && (n < 2 || n > PLAN_LINK_ENDS)) {
		plan_wrong(plan, place,
			   "a segment has a name and two to %u stations; write "
			   "for example 'segment lan alice bob'",
			   PLAN_LINK_ENDS);
		return false;
	}
	link->end = calloc(n, sizeof(*link->end));
	if (!link->end) {
		plan->no_memory = true;
		return false;
	}
	if (!read_ends(plan, link, words, first, after, place))
		return false;
	if (!set_words(&changing, words, after)) {
		plan_wrong(plan, place, "%s", why);
		return false;
	}
	for (unsigned i = 0; i < link->end_n; i++)
		if (cn_impair_error(&link->end[i].impair)) {
			plan_wrong(plan, place, "%s",
				   cn_impair_error(&link->end[i].impair));
			return false;
		}
	return true;
}

void plan_link_statement(struct plan *plan, const struct words *words,
			 unsigned place)
{
	struct plan_link *link = &plan->link[plan->link_n];
	const char *why;

	if (plan->link_n == PLAN_LINKS) {
		plan_wrong(plan, place, "more than %u links", PLAN_LINKS);
		return;
	}
	memset(link, 0, sizeof(*link));
	link->mtu = MTU_DEFAULT;
	link->place = place;
	link->segment = !strcmp(words->at[0], "segment");
	if (link->segment && words->n > 1) {
		why = words_name(words->at[1]);
		if (why) {
			plan_wrong(plan, place, "%s: %s", words->at[1], why);
			return;
		}
		strcpy(link->name, words->at[1]);
	}
	if (link_read(plan, link, words, place)) {
		char given[PLAN_NAME];

		memcpy(given, link->name, sizeof(given));
		if (settle_name(plan, link, given, place)) {
			plug(plan, link);
			return;
		}
	}
	free(link->end);
	free(link->drop);
	memset(link, 0, sizeof(*link));
}
