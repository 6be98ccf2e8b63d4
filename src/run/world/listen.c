/* SPDX-License-Identifier: MIT */
/* The program's sockets: listen() and accept(). */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lib/linux_err.h"
#include "run/world/parts.h"

/* A loopback address does not travel: what comes across the path to it comes
 * to our name there. */
static void make_edge(struct wsock *sock, int backlog)
{
	uint64_t now = world_now(sock->world);
	struct cn_endpoint ep = {
		.addr = alias_program(&sock->world->alias,
				      cn_addr_is_v4(&sock->bound_to.addr)),
		.port = sock->bound_to.port,
	};
	struct cn_sock *edge;

	if (wsock_engine(sock, &sock->edge_ear, &edge))
		return;
	wsock_copy_options(sock->ls.sock, edge, now);
	if (cn_sock_bind(edge, &ep) || cn_sock_listen(edge, backlog, now)) {
		wsock_release(edge, false, now);
		return;
	}
	sock->edge = edge;
}

static int listen_first(struct wsock *sock, int backlog)
{
	struct world *world = sock->world;
	int rc;

	if (!sock->bound) {
		struct cn_endpoint any = {.port = 0};

		if (sock->ls.domain == AF_INET)
			any.addr = cn_addr_v4(0, 0, 0, 0);
		rc = wsock_bind(sock, &any);
		if (rc)
			return rc;
	}
	rc = cn_sock_listen(sock->ls.sock, backlog, world_now(world));
	if (rc)
		return -linux_errno(rc);
	sock->phase = WSOCK_LISTENING;
	list_add_tail(&world->listeners, &sock->kind);
	if (!world_is_apart(world)) {
		if (cn_addr_is_loopback(&sock->bound_to.addr))
			make_edge(sock, backlog);
		publish_listen(sock, backlog);
	} else if (world->hosts) {
		publish_listen(sock, backlog);
	}
	return 0;
}

int near_listen(struct wsock *sock, int backlog)
{
	uint64_t now = world_now(sock->world);
	int rc;

	world_touch(sock->world);
	switch (sock->phase) {
	case WSOCK_IDLE:
		return listen_first(sock, backlog);
	case WSOCK_LISTENING:
		rc = cn_sock_listen(sock->ls.sock, backlog, now);
		if (!rc && sock->edge)
			rc = cn_sock_listen(sock->edge, backlog, now);
		if (!rc)
			publish_listen(sock, backlog);
		return -linux_errno(rc);
	case WSOCK_CONNECTING:
	case WSOCK_CONNECTED:
	case WSOCK_RELAY:
	case WSOCK_OVER:
		break;
	}
	return -EINVAL;
}

static bool listens_at(const struct wsock *sock, const struct cn_endpoint *to)
{
	const struct cn_addr *own = &sock->bound_to.addr;
	bool v4 = cn_addr_is_v4(&to->addr);

	if (sock->bound_to.port != to->port)
		return false;
	if (!cn_addr_is_any(own))
		return cn_addr_equal(own, &to->addr);
	if (cn_addr_is_v4(own))
		return v4;
	return !v4 || !wsock_v6only(sock);
}

struct wsock *wsock_find_listener(struct world *world,
				  const struct cn_endpoint *to)
{
	for (struct list *node = world->listeners.next;
	     node != &world->listeners; node = node->next) {
		struct wsock *sock = CN_CONTAINER(node, struct wsock, kind);

		if (listens_at(sock, to))
			return sock;
	}
	return NULL;
}

void wsock_unlisten(struct wsock *sock)
{
	publish_unlisten(sock);
	list_del(&sock->kind);
	if (sock->edge)
		wsock_release(sock->edge, false, world_now(sock->world));
	sock->edge = NULL;
}

int near_accept(struct wsock *listener, void *tag, struct wsock **sock)
{
	struct world *world = listener->world;
	uint64_t now = world_now(world);
	struct cn_endpoint ep;
	struct cn_sock *engine = NULL;
	struct wsock *made;
	int rc;

	if (listener->phase != WSOCK_LISTENING)
		return -EINVAL;
	rc = cn_sock_accept(listener->ls.sock, &engine, now);
	if (rc && listener->edge)
		rc = cn_sock_accept(listener->edge, &engine, now);
	if (rc)
		return -linux_errno(rc);
	world_touch(world);
	made = wsock_new(world, listener->on, listener->ls.domain, tag);
	if (!made) {
		wsock_release(engine, true, now);
		return -ENOMEM;
	}
	made->ls.sock = engine;
	made->ls.bits = listener->ls.bits;
	made->ls.sndbuf = listener->ls.sndbuf;
	made->ls.rcvbuf = listener->ls.rcvbuf;
	made->oob_inline = listener->oob_inline;
	made->rcvlowat = listener->rcvlowat;
	cn_sock_set_tag(engine, &made->ear);
	made->phase = WSOCK_CONNECTED;
	made->owner = listener->owner;
	made->row = tally_open(made->owner->tally, now);
	if (made->row) {
		made->row->incoming = true;
		made->row->local = wsock_local(made);
		if (wsock_peer(made, &ep))
			made->row->peer = ep;
		(void)cn_sock_accepted_peer(engine, &ep);
		made->row->path_peer = ep;
		cn_sock_name(engine, &made->row->path_local);
		made->row->inside = cn_addr_is_loopback(&ep.addr);
	}
	*sock = made;
	return 0;
}
