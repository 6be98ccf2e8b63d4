/* SPDX-License-Identifier: MIT */
/*
 * The program's sockets: world.h's calls.
 *
 * What the program names and what the path carries differ where the machine
 * itself is meant (run/alias.h).  The program's words are kept (bound_to, to)
 * and told back; the engine's socket has the path's.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/linux_addr.h"
#include "lib/linux_err.h"
#include "run/end.h"
#include "run/parts.h"

#define PORT_TRIES 32

static void sock_ready(struct ear *ear);
static void edge_ready(struct ear *ear);

static int neg(int err)
{
	return -linux_errno(err);
}

static void give_news(struct wsock *sock)
{
	if (!sock->closed && !list_is_linked(&sock->news))
		list_add_tail(&sock->world->news, &sock->news);
}

/* -------------------------------------------------- making, unmaking -- */

static struct wsock *wsock_new(struct world *world, int domain, void *tag)
{
	struct wsock *sock = calloc(1, sizeof(*sock));

	if (!sock)
		return NULL;
	sock->ear.ready = sock_ready;
	sock->edge_ear.ready = edge_ready;
	sock->world = world;
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
static void wsock_free(struct wsock *sock)
{
	if (sock->flow)
		flow_orphan(sock->flow);
	relay_stop(&sock->relay);
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

static int engine_new(struct wsock *sock, struct ear *ear,
		      struct cn_sock **engine)
{
	int rc = cn_sock_new(sock->world->program,
			     sock->ls.domain == AF_INET6 ? 6 : 4, engine);

	if (!rc)
		cn_sock_set_tag(*engine, ear);
	return rc;
}

void world_set_tag(struct wsock *sock, void *tag)
{
	sock->tag = tag;
}

int world_socket(struct world *world, int family, void *tag,
		 struct wsock **sock)
{
	struct wsock *made;
	int rc;

	if (family == AF_INET6 && world->machine.probe6 < 0)
		return -EAFNOSUPPORT;
	made = wsock_new(world, family, tag);
	if (!made)
		return -ENOMEM;
	rc = engine_new(made, &made->ear, &made->ls.sock);
	if (rc) {
		wsock_free(made);
		return neg(rc);
	}
	*sock = made;
	return 0;
}

/* Nobody listens to it any more. */
static void release(struct cn_sock *engine, bool reset, uint64_t now)
{
	cn_sock_set_tag(engine, NULL);
	if (reset)
		cn_sock_abort(engine, now);
	else
		cn_sock_close(engine, now);
}

/* Options that were changed go to the socket that takes over. */
static void copy_options(struct cn_sock *from, struct cn_sock *to, uint64_t now)
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
static int renew(struct wsock *sock, const struct cn_endpoint *local)
{
	uint64_t now = world_now(sock->world);
	struct cn_sock *engine;
	int rc = engine_new(sock, &sock->ear, &engine);

	if (rc)
		return rc;
	copy_options(sock->ls.sock, engine, now);
	release(sock->ls.sock, true, now);
	sock->ls.sock = engine;
	world_touch(sock->world);
	return local ? cn_sock_bind(engine, local) : CN_OK;
}

/* ----------------------------------------------------------- addresses -- */

static bool v6only(const struct wsock *sock)
{
	int64_t value = 0;

	return sock->ls.domain == AF_INET6 &&
	       cn_sock_get(sock->ls.sock, CN_OPT_V6ONLY, &value) == CN_OK &&
	       value;
}

/* Is it this machine that is meant? */
static bool is_here(const struct world *world, const struct cn_addr *addr)
{
	return cn_addr_is_loopback(addr) ||
	       (!world->options->tun && machine_find(&world->machine, addr));
}

static bool is_bearable(struct world *world, const struct cn_addr *addr)
{
	if (cn_addr_is_any(addr) || cn_addr_is_loopback(addr))
		return true;
	if (world->options->tun)
		return cn_addr_equal(addr, &world->options->tun_addr);
	if (machine_find(&world->machine, addr))
		return true;
	/* It may have come since we last looked. */
	(void)machine_refresh(&world->machine);
	world_bear(world);
	return machine_find(&world->machine, addr);
}

static struct cn_endpoint local_seen(const struct wsock *sock)
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

static bool peer_seen(const struct wsock *sock, struct cn_endpoint *ep)
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
	if (cn_sock_peer(sock->ls.sock, ep) != CN_OK)
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

int world_name(const struct wsock *sock, struct sockaddr *addr, socklen_t *len)
{
	struct cn_endpoint ep = local_seen(sock);

	return tell(sock, &ep, addr, len);
}

int world_peer(const struct wsock *sock, struct sockaddr *addr, socklen_t *len)
{
	struct cn_endpoint ep;

	if (!peer_seen(sock, &ep))
		return -ENOTCONN;
	return tell(sock, &ep, addr, len);
}

/* ---------------------------------------------------------------- bind -- */

/* Ports are also the machine's where what listens inside is published there. */
static bool is_shared(const struct world *world)
{
	return !world->options->isolated && !world->options->tun;
}

/* Any port that is free on both sides. */
static int bind_any_port(struct wsock *sock, struct cn_endpoint *ep)
{
	int rc = CN_E_ADDRINUSE;

	for (int i = 0; i < PORT_TRIES && rc == CN_E_ADDRINUSE; i++) {
		int fd = publish_reserve(sock->world, ep, v6only(sock),
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

static int bind_to(struct wsock *sock, const struct cn_endpoint *wanted)
{
	struct cn_endpoint ep = *wanted;
	int rc;

	if (!ep.port && is_shared(sock->world))
		rc = bind_any_port(sock, &ep);
	else
		rc = cn_sock_bind(sock->ls.sock, &ep);
	if (rc)
		return neg(rc);
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

int world_bind(struct wsock *sock, const struct sockaddr *addr, socklen_t len,
	       bool privileged)
{
	struct world *world = sock->world;
	struct cn_endpoint ep;
	int rc = linux_addr_bind(sock->ls.domain, v6only(sock), addr, len, &ep);

	if (rc)
		return -rc;
	if (!is_bearable(world, &ep.addr))
		return -EADDRNOTAVAIL;
	if (ep.port && ep.port < world->machine.port_unprivileged &&
	    !privileged)
		return -EACCES;
	if (sock->bound || sock->phase != WSOCK_IDLE)
		return -EINVAL;
	rc = bind_to(sock, &ep);
	world_touch(world);
	return rc;
}

/* -------------------------------------------------------------- listen -- */

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

	if (engine_new(sock, &sock->edge_ear, &edge))
		return;
	copy_options(sock->ls.sock, edge, now);
	if (cn_sock_bind(edge, &ep) || cn_sock_listen(edge, backlog, now)) {
		release(edge, false, now);
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
		rc = bind_to(sock, &any);
		if (rc)
			return rc;
	}
	rc = cn_sock_listen(sock->ls.sock, backlog, world_now(world));
	if (rc)
		return neg(rc);
	sock->phase = WSOCK_LISTENING;
	list_add_tail(&world->listeners, &sock->kind);
	if (!world->options->tun) {
		if (cn_addr_is_loopback(&sock->bound_to.addr))
			make_edge(sock, backlog);
		publish_listen(sock, backlog);
	}
	return 0;
}

int world_listen(struct wsock *sock, int backlog)
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
		return neg(rc);
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
	return !v4 || !v6only(sock);
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

static void stop_listening(struct wsock *sock)
{
	publish_unlisten(sock);
	list_del(&sock->kind);
	if (sock->edge)
		release(sock->edge, false, world_now(sock->world));
	sock->edge = NULL;
}

int world_accept(struct wsock *listener, void *tag, struct wsock **sock)
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
		return neg(rc);
	world_touch(world);
	made = wsock_new(world, listener->ls.domain, tag);
	if (!made) {
		release(engine, true, now);
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
	made->row = tally_open(&world->tally, now);
	if (made->row) {
		made->row->incoming = true;
		made->row->local = local_seen(made);
		if (peer_seen(made, &ep))
			made->row->peer = ep;
		cn_sock_peer(engine, &ep);
		made->row->inside = cn_addr_is_loopback(&ep.addr);
	}
	*sock = made;
	return 0;
}

/* ------------------------------------------------------------- connect -- */

struct wsock *wsock_find_connecting(struct world *world,
				    const struct cn_endpoint *program,
				    const struct cn_endpoint *far)
{
	for (struct list *node = world->connecting.next;
	     node != &world->connecting; node = node->next) {
		struct wsock *sock = CN_CONTAINER(node, struct wsock, kind);
		struct cn_endpoint local;

		cn_sock_name(sock->ls.sock, &local);
		if (local.port == program->port &&
		    sock->far.port == far->port &&
		    cn_addr_equal(&local.addr, &program->addr) &&
		    cn_addr_equal(&sock->far.addr, &far->addr))
			return sock;
	}
	return NULL;
}

static int engine_connect(struct wsock *sock, const struct cn_endpoint *far)
{
	int rc = cn_sock_connect(sock->ls.sock, far, world_now(sock->world));

	sock->far = *far;
	return rc == CN_E_INPROGRESS ? CN_OK : rc;
}

/*
 * Connects so that the path carries `source`, which is what the machine itself
 * would send from.  The engine's own choice is mostly the same; where it is
 * not, or where the program has bound a loopback address, a new socket bound
 * to the right one takes over.
 */
static int connect_from(struct wsock *sock, const struct cn_endpoint *far,
			const struct cn_addr *source)
{
	struct cn_endpoint name;
	int rc;

	cn_sock_name(sock->ls.sock, &name);
	if (!name.port || cn_addr_is_any(&name.addr) ||
	    cn_addr_equal(&name.addr, source)) {
		rc = engine_connect(sock, far);
		if (rc)
			return rc;
		cn_sock_name(sock->ls.sock, &name);
		if (cn_addr_equal(&name.addr, source))
			return CN_OK;
	}
	name.addr = *source;
	if (!sock->bound)
		name.port = 0;
	rc = renew(sock, &name);
	return rc ? rc : engine_connect(sock, far);
}

/* Where the packets go and come from; 0 or the errno that the kernel gives at
 * once. */
static int find_way(struct wsock *sock, const struct cn_endpoint *to,
		    struct cn_endpoint *far, struct cn_addr *source)
{
	struct world *world = sock->world;
	bool here = is_here(world, &to->addr);
	bool chose = sock->bound && !cn_addr_is_any(&sock->bound_to.addr);
	int rc = 0;

	*far = *to;
	if (here && !alias_of(&world->alias, &to->addr, &far->addr))
		return EADDRNOTAVAIL;
	if (chose &&
	    cn_addr_is_v4(&sock->bound_to.addr) != cn_addr_is_v4(&to->addr))
		return cn_addr_is_v4(&to->addr) ? ENETUNREACH : EINVAL;
	if (!here) {
		rc = machine_probe(&world->machine, to, sock->scope, source);
		if (rc)
			return rc;
		if (!machine_find(&world->machine, source)) {
			(void)machine_refresh(&world->machine);
			world_bear(world);
		}
	} else if (cn_addr_is_loopback(&to->addr)) {
		*source = alias_program(&sock->world->alias,
					cn_addr_is_v4(&to->addr));
	} else {
		*source = to->addr;
	}
	if (!chose)
		return 0;
	if (!cn_addr_is_loopback(&sock->bound_to.addr))
		*source = sock->bound_to.addr;
	else if (!here)
		return EINVAL; /* 127.0.0.1 has no way out of the machine */
	else
		*source = alias_program(&sock->world->alias,
					cn_addr_is_v4(&to->addr));
	return 0;
}

static int connect_out(struct wsock *sock, const struct cn_endpoint *to)
{
	struct cn_endpoint far;
	struct cn_addr source;
	int rc = find_way(sock, to, &far, &source);

	if (rc)
		return rc;
	/* A client's port is not for publishing. */
	close_fd(&sock->reserved_fd);
	return linux_errno(connect_from(sock, &far, &source));
}

static bool is_self(const struct wsock *sock, const struct cn_endpoint *to)
{
	return sock->bound && sock->bound_to.port == to->port &&
	       (cn_addr_is_any(&sock->bound_to.addr) ||
		cn_addr_equal(&sock->bound_to.addr, &to->addr));
}

static int connect_any(struct wsock *sock, const struct cn_endpoint *to)
{
	struct world *world = sock->world;
	const struct world_options *opt = world->options;

	if (opt->tun)
		return linux_errno(engine_connect(sock, to));
	if (is_here(world, &to->addr) &&
	    (opt->isolated || wsock_find_listener(world, to) ||
	     is_self(sock, to)))
		return linux_errno(engine_connect(sock, to));
	return connect_out(sock, to);
}

static uint32_t scope_of(const struct sockaddr *addr, socklen_t len)
{
	struct sockaddr_in6 in6;

	if (addr->sa_family != AF_INET6 || len < sizeof(in6))
		return 0;
	memcpy(&in6, addr, sizeof(in6));
	return in6.sin6_scope_id;
}

static int phase_error(const struct wsock *sock)
{
	switch (sock->phase) {
	case WSOCK_IDLE:
		return 0;
	case WSOCK_CONNECTING:
		return EALREADY;
	case WSOCK_CONNECTED:
	case WSOCK_RELAY:
	case WSOCK_LISTENING:
	case WSOCK_OVER:
		break;
	}
	return EISCONN;
}

int world_connect(struct wsock *sock, const struct sockaddr *addr,
		  socklen_t len)
{
	struct world *world = sock->world;
	struct cn_endpoint to;
	int rc = phase_error(sock);

	if (!rc)
		rc = linux_addr_connect(sock->ls.domain, v6only(sock), addr,
					len, &to);
	if (rc)
		return -rc;
	sock->scope = scope_of(addr, len);
	sock->kernel_errno = 0;
	rc = connect_any(sock, &to);
	if (rc)
		return -rc;
	sock->to = to;
	sock->phase = WSOCK_CONNECTING;
	list_add_tail(&world->connecting, &sock->kind);
	world_touch(world);
	return -EINPROGRESS;
}

static void back_to_idle(struct wsock *sock)
{
	struct cn_endpoint *local = sock->bound ? &sock->bound_to : NULL;

	list_del(&sock->kind);
	if (sock->flow)
		flow_orphan(sock->flow);
	sock->flow = NULL;
	sock->phase = WSOCK_IDLE;
	memset(&sock->to, 0, sizeof(sock->to));
	(void)renew(sock, local);
}

void wsock_fail(struct wsock *sock, int err)
{
	back_to_idle(sock);
	sock->world->tally.failed++;
	sock->news_failed = true;
	sock->news_err = err;
	give_news(sock);
}

static void succeeded(struct wsock *sock)
{
	struct world *world = sock->world;
	uint64_t now = world_now(world);
	struct cn_endpoint far;

	list_del(&sock->kind);
	sock->phase = WSOCK_CONNECTED;
	sock->row = tally_open(&world->tally, now);
	if (sock->row) {
		sock->row->local = local_seen(sock);
		sock->row->peer = sock->to;
		if (cn_sock_peer(sock->ls.sock, &far) == CN_OK)
			sock->row->inside = cn_addr_is_loopback(&far.addr);
		if (sock->flow)
			sock->flow->row = tally_ref(sock->row);
	}
	sock->news_connected = true;
	give_news(sock);
}

static void connect_ready(struct wsock *sock)
{
	int err;

	switch (cn_sock_state(sock->ls.sock)) {
	case CN_SYN_SENT:
	case CN_SYN_RECEIVED:
		return;
	case CN_CLOSED:
		err = linux_errno(cn_sock_error(sock->ls.sock));
		if (sock->kernel_errno)
			err = sock->kernel_errno;
		wsock_fail(sock, err ? err : ECONNREFUSED);
		return;
	case CN_ESTABLISHED:
	case CN_FIN_WAIT_1:
	case CN_FIN_WAIT_2:
	case CN_TIME_WAIT:
	case CN_CLOSE_WAIT:
	case CN_LAST_ACK:
	case CN_LISTEN:
	case CN_CLOSING:
		succeeded(sock);
		return;
	}
}

/* --------------------------------------------------------------- relay -- */

static void sock_ready(struct ear *ear)
{
	struct wsock *sock = CN_CONTAINER(ear, struct wsock, ear);

	switch (sock->phase) {
	case WSOCK_CONNECTING:
		connect_ready(sock);
		break;
	case WSOCK_LISTENING:
		sock->news_acceptable = true;
		give_news(sock);
		break;
	case WSOCK_RELAY:
		relay_touch(&sock->relay);
		break;
	case WSOCK_IDLE:
	case WSOCK_CONNECTED:
	case WSOCK_OVER:
		break;
	}
}

static void edge_ready(struct ear *ear)
{
	struct wsock *sock = CN_CONTAINER(ear, struct wsock, edge_ear);

	sock->news_acceptable = true;
	give_news(sock);
}

static void count_last(struct wsock *sock)
{
	struct cn_tcp_info info;

	if (cn_sock_info(sock->ls.sock, &info) == CN_OK)
		tally_program(&sock->world->tally, sock->row, &info,
			      sock->relay.octets_in, sock->relay.octets_out,
			      world_now(sock->world));
	sock->seen_local = local_seen(sock);
	(void)peer_seen(sock, &sock->seen_peer);
}

/* The end was given back; `gone` as in the event. */
static void ended(struct wsock *sock, bool gone, int err)
{
	relay_stop(&sock->relay);
	end_free(sock->end);
	sock->end = NULL;
	sock->phase = WSOCK_OVER;
	if (sock->row)
		sock->row->err = err;
	if (sock->closed) {
		if (sock->ls.sock)
			release(sock->ls.sock, false, world_now(sock->world));
		wsock_free(sock);
		return;
	}
	sock->news_ended = true;
	sock->ended_gone = gone;
	sock->news_err = err;
	give_news(sock);
}

static void deaf(struct ear *ear)
{
	(void)ear;
}

/* Closes, and hears of the end for the summary. */
static void leave(struct wsock *sock, struct cn_sock *engine)
{
	struct orphan *orphan = calloc(1, sizeof(*orphan));
	uint64_t now = world_now(sock->world);

	if (orphan) {
		orphan->ear.ready = deaf;
		orphan->row = tally_ref(sock->row);
		list_add_tail(&sock->world->orphans, &orphan->node);
	}
	cn_sock_set_tag(engine, orphan);
	cn_sock_close(engine, now);
}

void orphan_done(struct orphan *orphan, uint64_t now)
{
	if (orphan->row)
		orphan->row->ended_at = now;
	tally_unref(orphan->row);
	list_del(&orphan->node);
	free(orphan);
}

/* The program has closed: the engine finishes alone. */
static void left_alone(struct wsock *sock, bool reset)
{
	struct cn_sock *engine = sock->ls.sock;

	count_last(sock);
	sock->ls.sock = NULL;
	if (reset)
		release(engine, true, world_now(sock->world));
	else
		leave(sock, engine);
	world_touch(sock->world);
	ended(sock, true, 0);
}

static bool linger_is_zero(const struct wsock *sock)
{
	int64_t linger = -1;

	return cn_sock_get(sock->ls.sock, CN_OPT_LINGER, &linger) == CN_OK &&
	       linger == 0;
}

void wsock_relay(struct wsock *sock, bool *moved, uint64_t now)
{
	enum relay_state state;
	int err;

	if (sock->end->gone && linger_is_zero(sock)) {
		left_alone(sock, true);
		return;
	}
	state = relay_run(&sock->relay, moved, now);
	switch (state) {
	case RELAY_ON:
		break;
	case RELAY_GONE:
		*moved = true;
		left_alone(sock, false);
		break;
	case RELAY_BOTH:
		*moved = true;
		count_last(sock);
		ended(sock, false, 0);
		break;
	case RELAY_DEAD:
		*moved = true;
		if (sock->relay.by_descriptor) {
			left_alone(sock, true);
			break;
		}
		count_last(sock);
		err = sock->kernel_errno ? sock->kernel_errno : sock->relay.err;
		end_reset(sock->end);
		ended(sock, false, err);
		break;
	}
}

void world_attach(struct wsock *sock, struct end *end)
{
	struct world *world = sock->world;
	int64_t room = 0;

	sock->end = end;
	sock->phase = WSOCK_RELAY;
	world_touch(world);
	if (sock->ls.rcvbuf &&
	    cn_sock_get(sock->ls.sock, CN_OPT_RCVBUF, &room) == CN_OK)
		end_set_room(end, (size_t)room);
	if (relay_start(&sock->relay, world->loop, &world->due, sock->ls.sock,
			end, -1)) {
		end_reset(end);
		ended(sock, false, ENOMEM);
	}
}

int world_shutdown(struct wsock *sock, int how)
{
	(void)how;
	switch (sock->phase) {
	case WSOCK_LISTENING:
		if (how == SHUT_WR)
			return 0; /* a listener sends nothing */
		stop_listening(sock);
		back_to_idle(sock);
		return 0;
	case WSOCK_CONNECTING:
		back_to_idle(sock);
		return 0;
	case WSOCK_IDLE:
	case WSOCK_CONNECTED:
	case WSOCK_RELAY:
	case WSOCK_OVER:
		break;
	}
	return -ENOTCONN;
}

void world_close(struct wsock *sock, bool reset)
{
	uint64_t now = world_now(sock->world);

	sock->closed = true;
	list_del(&sock->news);
	world_touch(sock->world);
	if (sock->phase == WSOCK_RELAY && !reset) {
		if (sock->end)
			(void)end_is_gone(sock->end);
		relay_touch(&sock->relay);
		return;
	}
	if (sock->phase == WSOCK_LISTENING)
		stop_listening(sock);
	if (sock->phase == WSOCK_RELAY)
		count_last(sock);
	if (sock->ls.sock &&
	    (sock->phase == WSOCK_RELAY || sock->phase == WSOCK_CONNECTED))
		release(sock->ls.sock, true, now);
	else if (sock->ls.sock)
		release(sock->ls.sock, false, now);
	wsock_free(sock);
}

/* ------------------------------------------------------------- options -- */

/* The kernel's own socket for this one, for options that only it can keep and
 * check. */
static int kernel_socket(struct wsock *sock)
{
	if (sock->kernel_fd < 0)
		sock->kernel_fd =
			socket(sock->ls.domain,
			       SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return sock->kernel_fd < 0 ? -errno : sock->kernel_fd;
}

static int set_here(struct wsock *sock, int name, const void *value,
		    socklen_t len)
{
	int number;

	if (len < sizeof(number))
		return -EINVAL;
	memcpy(&number, value, sizeof(number));
	if (name == SO_OOBINLINE)
		sock->oob_inline = number != 0;
	else
		sock->rcvlowat = number < 0 ? INT32_MAX : number ? number : 1;
	return 0;
}

static bool is_here_option(int level, int name)
{
	return level == SOL_SOCKET &&
	       (name == SO_OOBINLINE || name == SO_RCVLOWAT);
}

int world_setsockopt(struct wsock *sock, int level, int name, const void *value,
		     socklen_t len)
{
	uint64_t now = world_now(sock->world);
	int64_t room;
	int rc;

	if (!sock->ls.sock)
		return -EINVAL;
	if (is_here_option(level, name))
		return set_here(sock, name, value, len);
	switch (linux_opt_owner(level, name)) {
	case LINUX_OWNER_KERNEL:
		rc = kernel_socket(sock);
		if (rc < 0)
			return rc;
		return setsockopt(rc, level, name, value, len) ? -errno : 0;
	case LINUX_OWNER_NONE:
		return -ENOPROTOOPT;
	case LINUX_OWNER_ENGINE:
		break;
	}
	if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY && sock->bound)
		return -EINVAL;
	rc = linux_opt_set(&sock->ls, level, name, value, len, now);
	world_touch(sock->world);
	if (rc)
		return -rc;
	if (sock->flow)
		flow_set(sock->flow, level, name, value, len);
	if (sock->end && level == SOL_SOCKET && name == SO_RCVBUF &&
	    cn_sock_get(sock->ls.sock, CN_OPT_RCVBUF, &room) == CN_OK)
		end_set_room(sock->end, (size_t)room);
	relay_touch(&sock->relay);
	return 0;
}

int world_getsockopt(struct wsock *sock, int level, int name, void *value,
		     socklen_t *len)
{
	int number;
	int rc;

	if (!sock->ls.sock)
		return -EINVAL;
	if (is_here_option(level, name)) {
		number = name == SO_OOBINLINE ? sock->oob_inline :
						sock->rcvlowat;
		if (*len > sizeof(number))
			*len = sizeof(number);
		memcpy(value, &number, *len);
		return 0;
	}
	switch (linux_opt_owner(level, name)) {
	case LINUX_OWNER_KERNEL:
		rc = kernel_socket(sock);
		if (rc < 0)
			return rc;
		return getsockopt(rc, level, name, value, len) ? -errno : 0;
	case LINUX_OWNER_NONE:
		return -ENOPROTOOPT;
	case LINUX_OWNER_ENGINE:
		break;
	}
	return -linux_opt_get(&sock->ls, level, name, value, len,
			      world_now(sock->world));
}

uint64_t world_outq(const struct wsock *sock)
{
	return sock->ls.sock ? cn_sock_unacked(sock->ls.sock) : 0;
}

uint64_t world_unsent(const struct wsock *sock)
{
	struct cn_tcp_info info;

	if (!sock->ls.sock || cn_sock_info(sock->ls.sock, &info) != CN_OK)
		return 0;
	return info.unsent;
}
