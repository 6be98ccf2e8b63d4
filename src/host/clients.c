/* SPDX-License-Identifier: MIT */
/* Row 16 of the attacks: connections by client.  See clients.h. */
#include "host/clients.h"

#include <string.h>

#include "base/assert.h"
#include "host/host.h"

/* What is hashed comes first, without padding. */
struct client {
	struct cn_addr prefix;
	uint16_t port; /* the listener's */
	uint16_t reserved;
	uint32_t n; /* connections */
};
#define CLIENT_KEY_LEN offsetof(struct client, n)

static uint32_t limit_of(const struct listener *listener)
{
	const struct tcp_tune *tune = listener->sock->tcb.tune;
	uint32_t limit = sock_host(listener->sock)->set.max_per_client;

	if (tune && tune->max_per_client)
		limit = tune->max_per_client;
	return limit ? limit : UINT32_MAX;
}

static struct client client_of(const struct cn_host *host,
			       const struct tuple *tuple)
{
	struct client key;
	unsigned keep = cn_addr_is_v4(&tuple->peer) ?
				96u + host->set.client_prefix_v4 :
				host->set.client_prefix_v6;

	memset(&key, 0, sizeof(key));
	key.prefix = tuple->peer;
	key.port = tuple->local_port;
	for (unsigned i = 0; i < sizeof(key.prefix.octet); i++) {
		unsigned bits = keep > 8 * i ? keep - 8 * i : 0;

		if (bits < 8)
			key.prefix.octet[i] &= (uint8_t)(0xff00 >> bits);
	}
	return key;
}

static uint32_t client_hash(const struct cn_host *host,
			    const struct client *client)
{
	return (uint32_t)siphash24(&host->flow_key, client, CLIENT_KEY_LEN);
}

static bool client_match(const void *object, const void *key)
{
	return !memcmp(object, key, CLIENT_KEY_LEN);
}

static struct client *client_find(const struct cn_host *host,
				  const struct client *key)
{
	return map_find(&host->clients, client_hash(host, key), client_match,
			key);
}

bool client_may(const struct cn_host *host, const struct listener *listener,
		const struct tuple *tuple)
{
	uint32_t limit = limit_of(listener);
	const struct client *client;
	struct client key;

	if (limit == UINT32_MAX)
		return true;
	key = client_of(host, tuple);
	client = client_find(host, &key);
	return !client || client->n < limit;
}

static struct client *client_new(struct cn_host *host, const struct client *key)
{
	struct client *client = pool_alloc(host->set.pool, sizeof(*client));

	if (!client)
		return NULL;
	*client = *key;
	if (map_insert(&host->clients, client_hash(host, key), client)) {
		pool_release(host->set.pool, client, sizeof(*client));
		return NULL;
	}
	budget_charge(&host->budget, sizeof(*client));
	return client;
}

static void client_free(struct cn_host *host, struct client *client)
{
	budget_refund(&host->budget, sizeof(*client));
	pool_release(host->set.pool, client, sizeof(*client));
}

int client_add(struct cn_sock *sock, const struct listener *listener)
{
	struct cn_host *host = sock_host(sock);
	struct client key, *client;

	if (limit_of(listener) == UINT32_MAX)
		return CN_OK;
	key = client_of(host, &sock->flow.tuple);
	client = client_find(host, &key);
	if (!client)
		client = client_new(host, &key);
	if (!client)
		return CN_E_NOMEM;
	client->n++;
	sock->client_counted = true;
	return CN_OK;
}

void client_remove(struct cn_sock *sock)
{
	struct cn_host *host = sock_host(sock);
	struct client key, *client;

	if (!sock->client_counted)
		return;
	sock->client_counted = false;
	key = client_of(host, &sock->flow.tuple);
	client = client_find(host, &key);
	CN_ASSERT(client && client->n);
	if (--client->n)
		return;
	map_remove(&host->clients, client_hash(host, &key), client);
	client_free(host, client);
}

static void free_client(void *object, void *ctx)
{
	client_free(ctx, object);
}

void clients_deinit(struct cn_host *host)
{
	map_each(&host->clients, free_client, host);
	map_deinit(&host->clients);
}
