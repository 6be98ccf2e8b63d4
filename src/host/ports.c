/* SPDX-License-Identifier: MIT */
/*
 * Local ports: who uses which, who may join, and how one is picked.
 *
 * Bind conflicts are Linux's (net/ipv4/inet_connection_sock.c as measured in
 * the tables of test/spec/host_bind.c): sockets that overlap in address share
 * a port if both said SO_REUSEADDR and neither listens, or if both said
 * SO_REUSEPORT.  Connections accepted from a listener and TIME-WAIT entries
 * count like sockets, with the options of the socket they came from.
 *
 * RFC 6056: ephemeral ports are picked at random.
 */
#include <string.h>

#include "base/assert.h"
#include "host/host.h"

static uint32_t port_hash(uint16_t number)
{
	return number * UINT32_C(0x9e3779b1);
}

static bool port_match(const void *object, const void *key)
{
	const struct port *port = object;
	const uint16_t *number = key;

	return port->user.number == *number;
}

struct port *port_find(const struct cn_host *host, uint16_t number)
{
	return map_find(&host->ports, port_hash(number), port_match, &number);
}

uint8_t port_class_of(const struct cn_sock *sock)
{
	uint8_t class = 0;

	if (sock->reuseaddr)
		class |= PORT_REUSEADDR;
	if (sock->reuseport)
		class |= PORT_REUSEPORT;
	if (sock->phase == SOCK_LISTENING)
		class |= PORT_LISTENS;
	if (sock->v6only)
		class |= PORT_V6ONLY;
	return class;
}

static bool addr_covers(const struct cn_addr *any, bool v6only,
			const struct cn_addr *addr)
{
	if (!cn_addr_is_any(any))
		return false;
	if (cn_addr_is_v4(any))
		return cn_addr_is_v4(addr);
	return !v6only || !cn_addr_is_v4(addr);
}

bool port_addr_overlaps(const struct cn_addr *a, bool a_v6only,
			const struct cn_addr *b, bool b_v6only)
{
	return cn_addr_equal(a, b) || addr_covers(a, a_v6only, b) ||
	       addr_covers(b, b_v6only, a);
}

/* Linux's inet_bind_conflict: do the options of both excuse the overlap? */
static bool class_excuses(uint8_t mine, uint8_t other, bool strict)
{
	if (strict)
		return false;
	/* MUST-42: a port whose connections are being set up can be listened
	 * on. */
	if (mine & other & PORT_REUSEADDR && !(other & PORT_LISTENS))
		return true;
	return mine & other & PORT_REUSEPORT;
}

bool port_conflicts(const struct port *port, const struct cn_addr *addr,
		    uint8_t class, bool strict)
{
	for (const struct port_user *user = &port->user; user;
	     user = user->next) {
		if (!user->n || class_excuses(class, user->class, strict))
			continue;
		if (port_addr_overlaps(addr, class & PORT_V6ONLY, &user->addr,
				       user->class & PORT_V6ONLY))
			return true;
	}
	return false;
}

/* The user of that kind on that address, or where one would be linked. */
static struct port_user *user_find(struct port *port,
				   const struct cn_addr *addr, uint8_t class,
				   struct port_user **last)
{
	struct port_user *user = &port->user;

	*last = NULL;
	for (; user; *last = user, user = user->next)
		if (user->n && user->class == class &&
		    cn_addr_equal(&user->addr, addr))
			return user;
	return NULL;
}

static void port_forget_if_unused(struct cn_host *host, struct port *port)
{
	if (port->user.n)
		return;
	CN_ASSERT(!port->listeners);
	map_remove(&host->ports, port_hash(port->user.number), port);
	pool_release(host->set.pool, port, sizeof(*port));
}

static struct port *port_new(struct cn_host *host, uint16_t number)
{
	struct port *port = pool_alloc(host->set.pool, sizeof(*port));

	if (!port)
		return NULL;
	port->user.number = number;
	if (map_insert(&host->ports, port_hash(number), port)) {
		pool_release(host->set.pool, port, sizeof(*port));
		return NULL;
	}
	return port;
}

/* The first lives in the port itself: a client's port has no other. */
static struct port_user *user_new(struct cn_host *host, struct port *port,
				  struct port_user *last)
{
	if (!port->user.n)
		return &port->user;
	last->next = pool_alloc(host->set.pool, sizeof(*last));
	return last->next;
}

/* Nobody is left of that kind; last: the one before it, if there is one. */
static void user_free(struct cn_host *host, struct port_user *user,
		      struct port_user *last)
{
	struct port_user *gone = user;

	if (last) {
		last->next = user->next;
	} else if (user->next) {
		gone = user->next;
		gone->by_bind = user->by_bind;
		*user = *gone;
	} else {
		return;
	}
	pool_release(host->set.pool, gone, sizeof(*gone));
}

int port_add(struct cn_host *host, uint16_t number, const struct cn_addr *addr,
	     uint8_t class, bool by_bind)
{
	struct port *port = port_find(host, number);
	struct port_user *user, *last;

	if (!port)
		port = port_new(host, number);
	if (!port)
		return CN_E_NOMEM;
	user = user_find(port, addr, class, &last);
	if (!user) {
		user = user_new(host, port, last);
		if (!user)
			return CN_E_NOMEM;
		user->addr = *addr;
		user->number = number;
		user->class = class;
	}
	user->n++;
	port->user.by_bind |= by_bind;
	return CN_OK;
}

void port_remove(struct cn_host *host, uint16_t number,
		 const struct cn_addr *addr, uint8_t class)
{
	struct port *port = port_find(host, number);
	struct port_user *user, *last;

	CN_ASSERT(port);
	user = user_find(port, addr, class, &last);
	CN_ASSERT(user);
	if (--user->n)
		return;
	user_free(host, user, last);
	port_forget_if_unused(host, port);
}

int sock_take_port(struct cn_sock *sock, uint16_t number, bool by_bind)
{
	int err = port_add(sock_host(sock), number, &sock->flow.tuple.local,
			   port_class_of(sock), by_bind);

	sock->port_held = !err;
	return err;
}

void sock_drop_port(struct cn_sock *sock)
{
	const struct tuple *tuple = &sock->flow.tuple;

	if (!sock->port_held)
		return;
	port_remove(sock_host(sock), tuple->local_port, &tuple->local,
		    port_class_of(sock));
	sock->port_held = false;
}

static uint32_t gcd(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/*
 * The step has no divisor in common with the number of ports, so that the
 * walk visits each once; where it began and how it goes says nothing about
 * the next walk.
 */
void port_walk_begin(struct cn_host *host, struct port_walk *walk)
{
	walk->low = host->set.port_low;
	walk->n = (uint32_t)host->set.port_high - host->set.port_low + 1;
	walk->left = walk->n;
	walk->at = random_below(&host->random, walk->n);
	do
		walk->step = 1 + random_below(&host->random, walk->n);
	while (gcd(walk->step, walk->n) != 1);
}

bool port_walk_next(struct port_walk *walk, uint16_t *number)
{
	if (!walk->left)
		return false;
	walk->left--;
	*number = (uint16_t)(walk->low + walk->at);
	walk->at = (walk->at + walk->step) % walk->n;
	return true;
}
