/* SPDX-License-Identifier: MIT */
/*
 * The program's sockets: connect().  A destination that is this machine goes
 * to a listener inside or, by another name, across the path; errors that the
 * kernel would give at once are asked of it at once.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/linux_addr.h"
#include "lib/linux_err.h"
#include "run/world/hosts.h"
#include "run/world/parts.h"

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
	rc = wsock_renew(sock, &name);
	return rc ? rc : engine_connect(sock, far);
}

/* Where the packets go and come from; 0 or the errno that the kernel gives at
 * once. */
static int find_way(struct wsock *sock, const struct cn_endpoint *to,
		    struct cn_endpoint *far, struct cn_addr *source)
{
	struct world *world = sock->world;
	bool here = wsock_is_here(world, &to->addr);
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
	if (sock->reserved_fd >= 0)
		close(sock->reserved_fd);
	sock->reserved_fd = -1;
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

	if (world->hosts && !hosts_reaches(world->hosts, sock->on, &to->addr))
		return ENETUNREACH;
	if (world_is_apart(world))
		return linux_errno(engine_connect(sock, to));
	if (wsock_is_here(world, &to->addr) &&
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

int near_connect(struct wsock *sock, const struct sockaddr *addr, socklen_t len)
{
	struct world *world = sock->world;
	struct cn_endpoint to;
	int rc = phase_error(sock);

	if (!rc)
		rc = linux_addr_connect(sock->ls.domain, wsock_v6only(sock),
					addr, len, &to);
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

/* As Linux: a port that the program did not name is given back. */
static void give_port_back(struct wsock *sock)
{
	if (!sock->bound || sock->chose_port ||
	    !cn_addr_is_any(&sock->bound_to.addr))
		return;
	sock->bound = false;
	memset(&sock->bound_to, 0, sizeof(sock->bound_to));
	if (sock->reserved_fd >= 0)
		close(sock->reserved_fd);
	sock->reserved_fd = -1;
}

void wsock_to_idle(struct wsock *sock)
{
	struct cn_endpoint *local;

	give_port_back(sock);
	local = sock->bound ? &sock->bound_to : NULL;
	list_del(&sock->kind);
	if (sock->flow)
		flow_orphan(sock->flow);
	sock->flow = NULL;
	sock->phase = WSOCK_IDLE;
	memset(&sock->to, 0, sizeof(sock->to));
	(void)wsock_renew(sock, local);
}

void wsock_fail(struct wsock *sock, int err)
{
	wsock_to_idle(sock);
	sock->owner->tally->failed++;
	sock->news_failed = true;
	sock->news_err = err;
	wsock_news(sock);
}

static void succeeded(struct wsock *sock)
{
	struct world *world = sock->world;
	uint64_t now = world_now(world);
	struct cn_endpoint far;

	list_del(&sock->kind);
	sock->phase = WSOCK_CONNECTED;
	sock->row = tally_open(sock->owner->tally, now);
	if (sock->row) {
		sock->row->local = wsock_local(sock);
		sock->row->peer = sock->to;
		cn_sock_name(sock->ls.sock, &sock->row->path_local);
		if (cn_sock_peer(sock->ls.sock, &far) == CN_OK) {
			sock->row->path_peer = far;
			sock->row->inside = cn_addr_is_loopback(&far.addr);
		}
		if (sock->flow)
			sock->flow->row = tally_ref(sock->row);
	}
	sock->news_connected = true;
	wsock_news(sock);
}

void wsock_connect_ready(struct wsock *sock)
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
