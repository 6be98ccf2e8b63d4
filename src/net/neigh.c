/* SPDX-License-Identifier: MIT */
/*
 * RFC 4861 section 7.3: the states of a neighbour, whichever protocol speaks.
 *
 * Deviation: RFC 4861 section 7.2.5 lets an advertisement with the override
 * flag, and RFC 826 any message at all, replace an address that is known.
 * Here it is a reason to ask the one that was known, and only if that stays
 * silent is the neighbour looked for anew: some three seconds later than a
 * trusting host when a neighbour really moved.
 */
#include "net/neigh.h"

#include <string.h>

#include "net/net.h"

/* A quarter of the table for those that have not answered. */
#define INCOMPLETE_SHARE 4

int neigh_open(struct net *net, uint64_t now)
{
	struct neigh_table *table;

	if (net->neigh)
		return CN_OK;
	table = pool_alloc(net->pool, sizeof(*table));
	if (!table)
		return CN_E_NOMEM;
	budget_charge(net->budget, sizeof(*table));
	map_init(&table->map, net->pool);
	wheel_init(&table->wheel, now);
	for (int i = 0; i < NEIGH_AGES; i++)
		list_init(&table->age[i]);
	net->neigh = table;
	return CN_OK;
}

static struct neigh *of_age(struct list *node)
{
	return node ? CN_CONTAINER(node, struct neigh, age) : NULL;
}

static void set_order(struct net *net, struct neigh *neigh,
		      enum neigh_age order)
{
	struct neigh_table *table = net->neigh;

	if (list_is_linked(&neigh->age) && neigh->order == NEIGH_WAITED)
		table->incomplete_n--;
	if (order == NEIGH_WAITED)
		table->incomplete_n++;
	list_del(&neigh->age);
	neigh->order = (uint8_t)order;
	list_add_tail(&table->age[order], &neigh->age);
}

static void forget(struct net *net, struct neigh *neigh)
{
	struct neigh_table *table = net->neigh;

	held_drop_all(net, &neigh->held);
	wheel_cancel(&table->wheel, &neigh->timer);
	if (neigh->order == NEIGH_WAITED)
		table->incomplete_n--;
	list_del(&neigh->age);
	map_remove(&table->map, neigh->hash, neigh);
	table->n--;
	budget_refund(net->budget, sizeof(*neigh));
	pool_release(net->pool, neigh, sizeof(*neigh));
}

void neigh_deinit(struct net *net)
{
	struct neigh_table *table = net->neigh;

	if (!table)
		return;
	for (int i = 0; i < NEIGH_AGES; i++)
		while (!list_is_empty(&table->age[i]))
			forget(net, of_age(list_first(&table->age[i])));
	map_deinit(&table->map);
	budget_refund(net->budget, sizeof(*table));
	pool_release(net->pool, table, sizeof(*table));
	net->neigh = NULL;
}

/* --------------------------------------------------------------- table -- */

struct neigh_key {
	const struct cn_addr *addr;
	int link;
};

static bool match(const void *object, const void *key)
{
	const struct neigh *neigh = object;
	const struct neigh_key *want = key;

	return neigh->link == want->link &&
	       cn_addr_equal(&neigh->addr, want->addr);
}

static uint32_t hash_of(const struct net *net, const struct cn_addr *addr)
{
	return (uint32_t)siphash24(&net->key, addr->octet, sizeof(addr->octet));
}

struct neigh *neigh_find(const struct net *net, int link,
			 const struct cn_addr *addr)
{
	const struct neigh_key key = {addr, link};

	return map_find(&net->neigh->map, hash_of(net, addr), match, &key);
}

/* Who leaves: of those that never answered when they are many; else whom we
 * never spoke to, whom we wait for, whom we used least. */
static struct neigh *first_to_leave(struct neigh_table *table)
{
	for (int i = 0; i < NEIGH_AGES; i++)
		if (!list_is_empty(&table->age[i]))
			return of_age(list_first(&table->age[i]));
	return NULL;
}

static void make_room(struct net *net, enum neigh_age order)
{
	struct neigh_table *table = net->neigh;
	uint32_t max = net->set->neigh_max;
	struct neigh *out = NULL;

	if (order == NEIGH_WAITED && table->incomplete_n >= max / 4)
		out = of_age(list_first(&table->age[NEIGH_WAITED]));
	else if (table->n >= max)
		out = first_to_leave(table);
	if (!out)
		return;
	net_drop(net, CN_DROP_NEIGH_LIMIT);
	forget(net, out);
}

static struct neigh *add(struct net *net, int link, const struct cn_addr *addr,
			 enum neigh_age order)
{
	struct neigh_table *table = net->neigh;
	struct neigh *neigh;

	make_room(net, order);
	neigh = budget_is_over(net->budget, sizeof(*neigh)) ?
			NULL :
			pool_alloc(net->pool, sizeof(*neigh));
	if (!neigh)
		return NULL;
	neigh->addr = *addr;
	neigh->hash = hash_of(net, addr);
	neigh->link = (uint8_t)link;
	if (map_insert(&table->map, neigh->hash, neigh)) {
		pool_release(net->pool, neigh, sizeof(*neigh));
		return NULL;
	}
	budget_charge(net->budget, sizeof(*neigh));
	table->n++;
	set_order(net, neigh, order);
	return neigh;
}

/* -------------------------------------------------------------- states -- */

static void ask(struct net *net, struct neigh *neigh, uint64_t now)
{
	bool unicast = neigh->state == NEIGH_PROBE;

	neigh->asked_n++;
	wheel_set(&net->neigh->wheel, &neigh->timer,
		  now + net->set->neigh_retrans_ns);
	if (cn_addr_is_v4(&neigh->addr))
		arp_ask(net, neigh->link, &neigh->addr,
			unicast ? neigh->mac : NULL);
	else
		nd_ask(net, neigh->link, &neigh->addr, unicast, now);
}

static void probe(struct net *net, struct neigh *neigh, uint64_t now)
{
	neigh->state = NEIGH_PROBE;
	neigh->asked_n = 0;
	ask(net, neigh, now);
}

/* RFC 4861 section 6.3.2: half of it to one and a half, so that hosts do not
 * ask all at once. */
static void reachable(struct net *net, struct neigh *neigh, uint64_t now)
{
	uint64_t ns = net->set->neigh_reachable_ns;

	ns = ns / 2 + ns / 1024 * random_below(net->random, 1025);
	neigh->state = NEIGH_REACHABLE;
	neigh->asked_n = 0;
	wheel_set(&net->neigh->wheel, &neigh->timer, now + ns);
}

static void stale(struct net *net, struct neigh *neigh)
{
	neigh->state = NEIGH_STALE;
	wheel_cancel(&net->neigh->wheel, &neigh->timer);
}

static void use(struct net *net, struct neigh *neigh, uint64_t now)
{
	set_order(net, neigh, NEIGH_USED);
	if (neigh->state != NEIGH_STALE)
		return;
	neigh->state = NEIGH_DELAY;
	wheel_set(&net->neigh->wheel, &neigh->timer,
		  now + net->set->neigh_delay_ns);
}

/* What waited goes out, in order. */
static void release(struct net *net, struct neigh *neigh, uint64_t now)
{
	struct net_queue *ready = &net->ready[neigh->link];
	struct cn_frame frame;

	while (held_pop(net, &neigh->held, &frame)) {
		use(net, neigh, now);
		ether_put(net, neigh->link, &frame, neigh->mac);
		held_push(net, ready, &frame);
	}
}

/* RFC 1122 section 2.3.2.2: at least the latest is kept. */
static void hold(struct net *net, struct neigh *neigh, struct cn_frame *frame)
{
	struct cn_frame oldest;

	if (neigh->held.n == NEIGH_HELD &&
	    held_pop(net, &neigh->held, &oldest)) {
		net_drop(net, CN_DROP_NEIGH_LIMIT);
		cn_frame_release(&oldest);
	}
	held_push(net, &neigh->held, frame);
}

bool neigh_resolve(struct net *net, int link, const struct cn_addr *addr,
		   struct cn_frame *frame, uint8_t mac[CN_MAC_LEN],
		   uint64_t now)
{
	struct neigh *neigh = neigh_find(net, link, addr);
	bool is_new = !neigh;

	if (is_new)
		neigh = add(net, link, addr, NEIGH_WAITED);
	if (!neigh) {
		net_drop(net, CN_DROP_MEMORY);
		cn_frame_release(frame);
		return false;
	}
	if (neigh->state == NEIGH_INCOMPLETE) {
		hold(net, neigh, frame);
		if (is_new)
			ask(net, neigh, now);
		return false;
	}
	use(net, neigh, now);
	memcpy(mac, neigh->mac, CN_MAC_LEN);
	return true;
}

/* --------------------------------------------------------------- words -- */

static void know(struct net *net, struct neigh *neigh,
		 const uint8_t mac[CN_MAC_LEN], enum neigh_word word,
		 uint64_t now)
{
	memcpy(neigh->mac, mac, CN_MAC_LEN);
	set_order(net, neigh, NEIGH_USED);
	if (word == NEIGH_ANSWER)
		reachable(net, neigh, now);
	else
		stale(net, neigh);
	release(net, neigh, now);
}

void net_doubt(struct net *net, int link, const struct cn_addr *dst,
	       uint64_t now)
{
	struct cn_addr hop;
	struct neigh *neigh;

	if (!net->neigh)
		return;
	hop = net_next_hop(net, link, dst);
	neigh = neigh_find(net, link, &hop);
	if (neigh && neigh->state != NEIGH_INCOMPLETE &&
	    neigh->state != NEIGH_PROBE)
		probe(net, neigh, now);
}

static void contradicted(struct net *net, struct neigh *neigh, uint64_t now)
{
	net_drop(net, CN_DROP_NEIGH_CONTRADICTS);
	/* Who asked us and is not needed may be whom he likes. */
	if (neigh->order == NEIGH_UNASKED)
		forget(net, neigh);
	else if (neigh->state != NEIGH_PROBE)
		probe(net, neigh, now);
}

void neigh_learn(struct net *net, int link, const struct cn_addr *addr,
		 const uint8_t mac[CN_MAC_LEN], enum neigh_word word,
		 uint64_t now)
{
	struct neigh *neigh = neigh_find(net, link, addr);

	if (!neigh) {
		if (word != NEIGH_QUESTION)
			return;
		neigh = add(net, link, addr, NEIGH_UNASKED);
		if (!neigh)
			return;
		memcpy(neigh->mac, mac, CN_MAC_LEN);
		stale(net, neigh);
		return;
	}
	if (neigh->state == NEIGH_INCOMPLETE)
		know(net, neigh, mac, word, now);
	else if (!ether_equal(neigh->mac, mac))
		contradicted(net, neigh, now);
	else if (word == NEIGH_ANSWER && neigh->state == NEIGH_PROBE)
		reachable(net, neigh, now);
}

/* ---------------------------------------------------------------- time -- */

/* RFC 4861 section 7.2.2, RFC 1812 section 3.3.2: each sender is told, this
 * host's own sockets included. */
static void fail(struct net *net, struct neigh *neigh, uint64_t now)
{
	struct cn_frame frame;

	net->count->neigh_failed++;
	while (held_pop(net, &neigh->held, &frame)) {
		net_drop(net, CN_DROP_NEIGH_FAILED);
		icmp_send_unresolved(net, &frame, now);
		cn_frame_release(&frame);
	}
	forget(net, neigh);
}

static void timeout(struct net *net, struct neigh *neigh, uint64_t now)
{
	switch ((enum neigh_state)neigh->state) {
	case NEIGH_REACHABLE:
		stale(net, neigh);
		break;
	case NEIGH_DELAY:
		probe(net, neigh, now);
		break;
	case NEIGH_INCOMPLETE:
	case NEIGH_PROBE:
		if (neigh->asked_n < net->set->neigh_probes)
			ask(net, neigh, now);
		else if (neigh->state == NEIGH_INCOMPLETE)
			fail(net, neigh, now);
		else
			forget(net, neigh);
		break;
	case NEIGH_STALE:
		break;
	}
}

uint64_t neigh_deadline(const struct net *net)
{
	return net->neigh ? wheel_deadline(&net->neigh->wheel) : CN_NEVER;
}

void neigh_advance(struct net *net, uint64_t now)
{
	struct wheel_node *node;

	if (!net->neigh)
		return;
	while ((node = wheel_expire(&net->neigh->wheel, now)))
		timeout(net, CN_CONTAINER(node, struct neigh, timer), now);
}
