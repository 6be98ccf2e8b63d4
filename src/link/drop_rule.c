/* SPDX-License-Identifier: MIT */
/*
 * Matching packets with drop rules.  A packet's connection is its addresses,
 * ports and protocol; a SYN with another initial sequence number begins a new
 * one, so that the counts start again where ports are used again.
 */
#include "link/drop_rule.h"

#include <string.h>

#include "base/list.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/random.h"
#include "wire/glance.h"
#include "wire/ip.h"
#include "wire/tcp_seg.h"

#define KEY_LEN 37

struct connection {
	struct list recent;
	uint32_t hash;
	uint32_t iss; /* octet 1 of the stream is iss + 1 */
	uint32_t number; /* TCP: 1 for the first that this path saw */
	uint8_t key[KEY_LEN];
	uint32_t seen[]; /* packets that fitted, per rule */
};

struct drop_rules {
	struct cn_pool *pool;
	struct sip_key key;
	struct map connections;
	struct list recent; /* the one used last at the end */
	uint32_t numbered;
	uint32_t total[DROP_RULES_MAX];
	unsigned n;
	struct drop_rule rule[DROP_RULES_MAX];
};

static size_t connection_size(const struct drop_rules *rules)
{
	return sizeof(struct connection) + rules->n * sizeof(uint32_t);
}

static void keep_direction(struct drop_rules *rules, char direction)
{
	unsigned i, kept = 0;

	for (i = 0; i < rules->n; i++)
		if (!direction || !rules->rule[i].direction ||
		    rules->rule[i].direction == direction)
			rules->rule[kept++] = rules->rule[i];
	rules->n = kept;
}

int drop_rules_new(struct cn_pool *pool, const char *text, char direction,
		   const uint8_t seed[16], struct drop_error *error,
		   struct drop_rules **out)
{
	struct drop_rules *rules = pool_alloc(pool, sizeof(*rules));
	struct random stream;

	*out = NULL;
	if (!rules)
		return CN_E_NOMEM;
	rules->pool = pool;
	if (!drop_parse(text, rules->rule, &rules->n, error)) {
		pool_release(pool, rules, sizeof(*rules));
		return CN_E_INVAL;
	}
	keep_direction(rules, direction);
	if (!rules->n) {
		pool_release(pool, rules, sizeof(*rules));
		return CN_OK;
	}
	random_init(&stream, seed, 7);
	rules->key = random_key(&stream);
	map_init(&rules->connections, pool);
	list_init(&rules->recent);
	*out = rules;
	return CN_OK;
}

static void forget(struct drop_rules *rules, struct connection *connection)
{
	list_del(&connection->recent);
	map_remove(&rules->connections, connection->hash, connection);
	pool_release(rules->pool, connection, connection_size(rules));
}

void drop_rules_free(struct drop_rules *rules)
{
	struct list *node;

	if (!rules)
		return;
	while ((node = list_first(&rules->recent)))
		forget(rules, CN_CONTAINER(node, struct connection, recent));
	map_deinit(&rules->connections);
	pool_release(rules->pool, rules, sizeof(*rules));
}

static bool has_key(const void *object, const void *key)
{
	const struct connection *connection = object;

	return !memcmp(connection->key, key, KEY_LEN);
}

static void make_key(const struct glance *g, uint8_t key[KEY_LEN])
{
	struct cn_addr src = glance_src(g), dst = glance_dst(g);

	memcpy(key, src.octet, 16);
	memcpy(key + 16, dst.octet, 16);
	memcpy(key + 32, &g->src_port, 2);
	memcpy(key + 34, &g->dst_port, 2);
	key[36] = g->protocol;
}

static void begin(struct drop_rules *rules, struct connection *connection,
		  const struct glance *g)
{
	bool is_syn = g->flags & TCP_SYN;

	connection->iss = is_syn ? g->seq : g->seq - 1;
	if (glance_is_tcp(g))
		connection->number = ++rules->numbered;
	memset(connection->seen, 0, rules->n * sizeof(uint32_t));
}

static struct connection *add(struct drop_rules *rules, uint32_t hash,
			      const uint8_t key[KEY_LEN])
{
	struct connection *connection;

	if (rules->connections.n >= DROP_CONNECTIONS)
		forget(rules, CN_CONTAINER(list_first(&rules->recent),
					   struct connection, recent));
	connection = pool_alloc(rules->pool, connection_size(rules));
	if (!connection)
		return NULL;
	connection->hash = hash;
	memcpy(connection->key, key, KEY_LEN);
	if (map_insert(&rules->connections, hash, connection) == CN_OK)
		return connection;
	pool_release(rules->pool, connection, connection_size(rules));
	return NULL;
}

/* NULL: no memory. */
static struct connection *connection_of(struct drop_rules *rules,
					const struct glance *g)
{
	struct connection *connection;
	uint8_t key[KEY_LEN];
	uint32_t hash;

	make_key(g, key);
	hash = (uint32_t)siphash24(&rules->key, key, sizeof(key));
	connection = map_find(&rules->connections, hash, has_key, key);
	if (!connection) {
		connection = add(rules, hash, key);
		if (connection)
			begin(rules, connection, g);
	} else if (g->flags & TCP_SYN && g->seq != connection->iss) {
		begin(rules, connection, g);
	}
	if (connection) {
		list_del(&connection->recent);
		list_add_tail(&rules->recent, &connection->recent);
	}
	return connection;
}

static unsigned tcp_kinds(const struct glance *g)
{
	unsigned kinds = DROP_TCP;

	if (g->flags & TCP_SYN)
		kinds |= g->flags & TCP_ACK ? DROP_SYNACK : DROP_SYN;
	if (g->flags & TCP_FIN)
		kinds |= DROP_FIN;
	if (g->flags & TCP_RST)
		kinds |= DROP_RST;
	if (g->flags & TCP_PSH)
		kinds |= DROP_PSH;
	if (g->flags & TCP_URG)
		kinds |= DROP_URG;
	if (g->data_len)
		kinds |= DROP_DATA;
	else if ((g->flags & (TCP_ACK | TCP_SYN | TCP_FIN | TCP_RST)) ==
		 TCP_ACK)
		kinds |= DROP_ACK;
	return kinds;
}

static unsigned kinds_of(const struct glance *g)
{
	if (glance_is_tcp(g))
		return tcp_kinds(g);
	if (g->protocol == IP_UDP)
		return DROP_UDP;
	if (g->protocol == IP_ICMP || g->protocol == IP_ICMP6)
		return DROP_ICMP;
	return 0;
}

static bool is_kind(const struct drop_rule *rule, unsigned kinds)
{
	unsigned i;

	for (i = 0; i < rule->kind_n; i++)
		if ((kinds & rule->kind[i]) == rule->kind[i])
			return true;
	return !rule->kind_n;
}

static bool is_in(const struct drop_range *range, uint32_t x)
{
	return range->first <= x && x <= range->last;
}

static bool carries(const struct drop_range *octet, const struct glance *g,
		    const struct connection *connection)
{
	uint32_t first = g->seq - connection->iss;

	if (!octet->first)
		return true;
	if (g->flags & TCP_SYN)
		first++;
	return glance_is_tcp(g) && g->data_len && first <= octet->last &&
	       first + g->data_len - 1 >= octet->first;
}

static bool fits(const struct drop_rule *rule, const struct glance *g,
		 unsigned kinds, const struct connection *connection)
{
	return is_kind(rule, kinds) && is_in(&rule->len, g->data_len) &&
	       (is_in(&rule->port, g->src_port) ||
		is_in(&rule->port, g->dst_port)) &&
	       is_in(&rule->src_port, g->src_port) &&
	       is_in(&rule->dst_port, g->dst_port) &&
	       is_in(&rule->connection, connection->number) &&
	       carries(&rule->octet, g, connection);
}

bool drop_rules_match(struct drop_rules *rules, const struct cn_frame *frame)
{
	struct connection *connection;
	struct glance g;
	unsigned i, kinds;
	bool drop = false;

	glance_at(&g, frame);
	if (!g.version)
		return false;
	connection = connection_of(rules, &g);
	if (!connection)
		return false;
	kinds = kinds_of(&g);
	for (i = 0; i < rules->n; i++) {
		const struct drop_rule *rule = &rules->rule[i];
		uint32_t nth;

		if (!fits(rule, &g, kinds, connection))
			continue;
		nth = ++connection->seen[i];
		rules->total[i]++;
		if (rule->is_total)
			nth = rules->total[i];
		drop |= is_in(&rule->nth, nth);
	}
	return drop;
}
