/* SPDX-License-Identifier: MIT */
/*
 * The program's sockets: making and unmaking them, their names and bind().
 *
 * What the program names and what the path carries differ where the machine
 * itself is meant (run/world/alias.h).  The program's words are kept (bound_to, to)
 * and told back; the engine's socket has the path's.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/linux_addr.h"
#include "lib/linux_err.h"
#include "run/world/end.h"
#include "run/world/parts.h"

#define PORT_TRIES 32

/* -------------------------------------------------- making, unmaking -- */

void wsock_news(struct wsock *sock)
{
	if (!sock->closed && !list_is_linked(&sock->news))
		list_add_tail(&sock->world->news, &sock->news);
}

struct wsock *wsock_new(struct world *world, const struct whost *on, int domain,
			void *tag)
{
	struct wsock *sock = calloc(1, sizeof(*sock));

	if (!sock)
		return NULL;
	sock->ear.ready = wsock_ready;
	sock->edge_ear.ready = wsock_edge_ready;
	sock->face.ops = world->face.ops;
	sock->world = world;
	sock->on = on;
	sock->owner = &world->owner;
	sock->tag = tag;
	sock->ls.domain = domain;
	sock->ls.limits = &world->limits;
	sock->ls.cookie = ++world->cookie;
	sock->kernel_fd = -1;
	sock->reserved_fd = -1;
	sock->rcvlowat = 1;
	list_init(&sock->kind);
	list_init(&sock->news);
	list_add_tail(&world->socks, &sock->node);
	return sock;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The engine's socket is released or gone before. */
void wsock_free(struct wsock *sock)
{
	if (sock->flow)
		flow_orphan(sock->flow);
	relay_stop(&sock->relay, true);
	end_free(sock->end);
	tally_unref(sock->row);
	close_fd(&sock->kernel_fd);
	close_fd(&sock->reserved_fd);
	list_del(&sock->kind);
	list_del(&sock->news);
	list_del(&sock->node);
	free(sock);
}

void wsock_drop(struct wsock *sock)
{
	publish_unlisten(sock);
	wsock_free(sock);
}

int wsock_engine(struct wsock *sock, struct ear *ear, struct cn_sock **engine)
{
	int rc = cn_sock_new(sock->on->host,
			     sock->ls.domain == AF_INET6 ? 6 : 4, engine);

	if (!rc)
		cn_sock_set_tag(*engine, ear);
	return rc;
}

void near_set_tag(struct wsock *sock, void *tag)
{
	sock->tag = tag;
}

void near_set_inode(struct wsock *sock, uint64_t inode)
{
	sock->inode = inode;
}

int wsock_open(struct world *world, const struct whost *on, int family,
	       void *tag, struct wsock **sock)
{
	struct wsock *made;
	int rc;

	if (family == AF_INET6 && world->machine.probe6 < 0 && !world->hosts)
		return -EAFNOSUPPORT;
	made = wsock_new(world, on, family, tag);
	if (!made)
		return -ENOMEM;
	rc = wsock_engine(made, &made->ear, &made->ls.sock);
	if (rc) {
		wsock_free(made);
		return -linux_errno(rc);
	}
	*sock = made;
	return 0;
}

int near_socket(struct world *world, int family, void *tag, struct wsock **sock)
{
	return wsock_open(world, &world->only, family, tag, sock);
}

/* Nobody listens to it any more. */
void wsock_release(struct cn_sock *engine, bool reset, uint64_t now)
{
	cn_sock_set_tag(engine, NULL);
	if (reset)
		cn_sock_abort(engine, now);
	else
		cn_sock_close(engine, now);
}

/* Options that were changed go to the socket that takes over. */
void wsock_copy_options(struct cn_sock *from, struct cn_sock *to, uint64_t now)
{
	for (int opt = 0; opt < CN_OPT_N; opt++) {
		int64_t was, is;

		if (opt == CN_OPT_ATMARK || opt == CN_OPT_HOLD ||
		    opt == CN_OPT_ANY_PORT)
			continue;
		if (cn_sock_get(from, (enum cn_opt)opt, &was) == CN_OK &&
		    cn_sock_get(to, (enum cn_opt)opt, &is) == CN_OK &&
		    was != is)
			(void)cn_sock_set(to, (enum cn_opt)opt, was, now);
	}
}

/* A new socket of the engine in place of one that has failed, was shut down or
 * must have another address.  local NULL: not bound. */
int wsock_renew(struct wsock *sock, const struct cn_endpoint *local)
{
	uint64_t now = world_now(sock->world);
	struct cn_sock *engine;
	int rc = wsock_engine(sock, &sock->ear, &engine);

	if (rc)
		return rc;
	wsock_copy_options(sock->ls.sock, engine, now);
	wsock_release(sock->ls.sock, true, now);
	sock->ls.sock = engine;
	world_touch(sock->world);
	return local ? cn_sock_bind(engine, local) : CN_OK;
}

/* ----------------------------------------------------------- addresses -- */

bool wsock_v6only(const struct wsock *sock)
{
	int64_t value = 0;

	return sock->ls.domain == AF_INET6 &&
	       cn_sock_get(sock->ls.sock, CN_OPT_V6ONLY, &value) == CN_OK &&
	       value;
}

/* Is it this machine that is meant? */
bool wsock_is_here(const struct world *world, const struct cn_addr *addr)
{
	return cn_addr_is_loopback(addr) ||
	       (!world_is_apart(world) && machine_find(&world->machine, addr));
}

static bool is_bearable(struct world *world, const struct cn_addr *addr)
{
	if (cn_addr_is_any(addr) || cn_addr_is_loopback(addr))
		return true;
	if (world->hosts)
		return true; /* the host itself knows */
	if (world->options->tun)
		return cn_addr_equal(addr, &world->options->tun_addr);
	if (machine_find(&world->machine, addr))
		return true;
	/* It may have come since we last looked. */
	(void)machine_refresh(&world->machine);
	world_bear(world);
	return machine_find(&world->machine, addr);
}

struct cn_endpoint wsock_local(const struct wsock *sock)
{
	struct cn_endpoint ep;

	if (!sock->ls.sock)
		return sock->seen_local;
	cn_sock_name(sock->ls.sock, &ep);
	if (sock->bound && !ep.port)
		ep.port = sock->bound_to.port;
	if (sock->bound && !cn_addr_is_any(&sock->bound_to.addr))
		ep.addr = sock->bound_to.addr;
	else
		ep = world_seen(sock->world, &ep);
	if (sock->ls.domain == AF_INET6 && cn_addr_is_any(&ep.addr) &&
	    !(sock->bound && cn_addr_is_v4(&sock->bound_to.addr)))
		memset(&ep.addr, 0, sizeof(ep.addr));
	return ep;
}

bool wsock_peer(const struct wsock *sock, struct cn_endpoint *ep)
{
	if (!sock->ls.sock) {
		*ep = sock->seen_peer;
		return ep->port != 0;
	}
	if (sock->phase == WSOCK_IDLE || sock->phase == WSOCK_CONNECTING ||
	    sock->phase == WSOCK_LISTENING)
		return false;
	if (sock->to.port) {
		*ep = sock->to;
		return true;
	}
	if (cn_sock_accepted_peer(sock->ls.sock, ep) != CN_OK)
		return false;
	*ep = world_seen(sock->world, ep);
	return true;
}

static int tell(const struct wsock *sock, const struct cn_endpoint *ep,
		struct sockaddr *addr, socklen_t *len)
{
	struct sockaddr_storage ss;
	struct sockaddr_in6 in6;
	socklen_t full = linux_addr_out(sock->ls.domain, ep, &ss);

	if (sock->ls.domain == AF_INET6) {
		memcpy(&in6, &ss, sizeof(in6));
		in6.sin6_scope_id =
			machine_scope(&sock->world->machine, &ep->addr);
		memcpy(&ss, &in6, sizeof(in6));
	}
	memcpy(addr, &ss, *len < full ? *len : full);
	*len = full;
	return 0;
}

int near_name(const struct wsock *sock, struct sockaddr *addr, socklen_t *len)
{
	struct cn_endpoint ep = wsock_local(sock);

	return tell(sock, &ep, addr, len);
}

/* Linux forgets it in CLOSE, and shows a socket in TIME-WAIT as closed; one
 * that waits for accept() has it all the same. */
static bool has_forgotten_peer(const struct wsock *sock)
{
	enum cn_tcp_state state;

	if (sock->phase != WSOCK_RELAY && sock->phase != WSOCK_OVER)
		return false;
	if (!sock->ls.sock)
		return true;
	state = cn_sock_state(sock->ls.sock);
	return state == CN_CLOSED || state == CN_TIME_WAIT;
}

int near_peer(const struct wsock *sock, struct sockaddr *addr, socklen_t *len)
{
	struct cn_endpoint ep;

	if (has_forgotten_peer(sock) || !wsock_peer(sock, &ep))
		return -ENOTCONN;
	return tell(sock, &ep, addr, len);
}

/* ---------------------------------------------------------------- bind -- */

/* Ports are also the machine's where what listens inside is published there. */
bool wsock_is_shared(const struct world *world)
{
	return !world->options->isolated && !world_is_apart(world);
}

/* Any port that is free on both sides. */
static int bind_any_port(struct wsock *sock, struct cn_endpoint *ep)
{
	int rc = CN_E_ADDRINUSE;

	for (int i = 0; i < PORT_TRIES && rc == CN_E_ADDRINUSE; i++) {
		int fd = publish_reserve(sock->world, ep, wsock_v6only(sock),
					 &ep->port);

		if (fd < 0)
			return linux_err_from(-fd);
		rc = cn_sock_bind(sock->ls.sock, ep);
		if (rc) {
			close(fd);
			ep->port = 0;
		} else {
			sock->reserved_fd = fd;
		}
	}
	return rc;
}

int wsock_bind(struct wsock *sock, const struct cn_endpoint *wanted)
{
	struct cn_endpoint ep = *wanted;
	int rc;

	if (!ep.port && wsock_is_shared(sock->world))
		rc = bind_any_port(sock, &ep);
	else
		rc = cn_sock_bind(sock->ls.sock, &ep);
	if (rc)
		return -linux_errno(rc);
	if (!ep.port) {
		struct cn_endpoint name;

		cn_sock_name(sock->ls.sock, &name);
		ep.port = name.port;
	}
	sock->bound = true;
	sock->bound_to = ep;
	sock->chose_port = wanted->port != 0;
	return 0;
}

int near_bind(struct wsock *sock, const struct sockaddr *addr, socklen_t len,
	      bool privileged)
{
	struct world *world = sock->world;
	struct cn_endpoint ep;
	int rc = linux_addr_bind(sock->ls.domain, wsock_v6only(sock), addr, len,
				 &ep);

	if (rc)
		return -rc;
	if (!is_bearable(world, &ep.addr))
		return -EADDRNOTAVAIL;
	if (ep.port && ep.port < world->machine.port_unprivileged &&
	    !privileged && !world->hosts)
		return -EACCES;
	if (sock->bound || sock->phase != WSOCK_IDLE)
		return -EINVAL;
	rc = wsock_bind(sock, &ep);
	world_touch(world);
	return rc;
}
