/* SPDX-License-Identifier: MIT */
/*
 * What listens inside on a loopback or wildcard address is reachable at the
 * same port of the machine's loopback, across the path, while it listens; -p
 * publishes elsewhere.  What listens on an address of the machine's own is
 * published there: a program that names that address (an FTP client in active
 * mode) means to be reached from outside.
 *
 * The kernel's listener accepts only while the accept queue inside has room,
 * so that a full queue inside is a full queue outside.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/linux_addr.h"
#include "run/world/hosts.h"
#include "run/world/parts.h"
#include "run/world/spare.h"

#define ACCEPT_TURN 64
/* How long it waits for descriptors. */
#define REST_NS (50 * CN_NS_PER_MS)

static void accept_ready(void *ctx, uint32_t events);
static void rest_over(void *ctx, uint64_t now);

/* -------------------------------------------------- the kernel's side -- */

static struct cn_addr localhost(bool v4)
{
	struct cn_addr addr = {{[15] = 1}};

	return v4 ? cn_addr_v4(127, 0, 0, 1) : addr;
}

/* A socket bound there.  TIME-WAIT of the machine's own is no obstacle: ours,
 * inside, is the one that counts.  -errno, or the descriptor. */
static int bound_fd(const struct world *world, const struct cn_endpoint *ep)
{
	struct sockaddr_storage ss;
	socklen_t len = linux_addr_kernel(ep, &ss);
	bool v4 = cn_addr_is_v4(&ep->addr);
	struct sockaddr_in6 in6;
	int one = 1, only = !cn_addr_is_any(&ep->addr);
	int fd = socket(v4 ? AF_INET : AF_INET6,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!v4) {
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only,
				 sizeof(only));
		memcpy(&in6, &ss, sizeof(in6));
		in6.sin6_scope_id = machine_scope(&world->machine, &ep->addr);
		memcpy(&ss, &in6, sizeof(in6));
	}
	if (bind(fd, (struct sockaddr *)&ss, len)) {
		int err = errno;

		close(fd);
		return -err;
	}
	return fd;
}

/* Where the machine listens for a listener bound there: the loopback for a
 * wildcard. */
static struct cn_endpoint host_of(const struct cn_endpoint *bound)
{
	struct cn_endpoint host = *bound;

	if (cn_addr_is_any(&bound->addr))
		host.addr = localhost(cn_addr_is_v4(&bound->addr));
	return host;
}

int publish_reserve(struct world *world, const struct cn_endpoint *bound,
		    bool v6only, uint16_t *port)
{
	struct cn_endpoint host = host_of(bound);
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int fd = bound_fd(world, &host);

	(void)v6only;
	/* A machine without IPv6 has no ::1. */
	if (fd == -EADDRNOTAVAIL && cn_addr_is_any(&bound->addr)) {
		host.addr = localhost(true);
		fd = bound_fd(world, &host);
	}
	if (fd < 0)
		return fd;
	if (getsockname(fd, (struct sockaddr *)&ss, &len) ||
	    !linux_addr_from_kernel(&ss, &host)) {
		close(fd);
		return -EADDRNOTAVAIL;
	}
	*port = host.port;
	return fd;
}

/* ----------------------------------------------------------- published -- */

static struct published *find(struct world *world,
			      const struct cn_endpoint *host)
{
	for (struct list *node = world->published.next;
	     node != &world->published; node = node->next) {
		struct published *pub =
			CN_CONTAINER(node, struct published, node);

		if (pub->host.port == host->port &&
		    cn_addr_equal(&pub->host.addr, &host->addr))
			return pub;
	}
	return NULL;
}

void publish_drop(struct published *published)
{
	struct world *world = published->world;

	/* Connections on their way in know it. */
	for (struct list *node = world->pending.next; node != &world->pending;
	     node = node->next) {
		struct flow *flow = CN_CONTAINER(node, struct flow, pending);

		if (flow->published == published)
			flow->published = NULL;
	}
	loop_unwatch(world->loop, &published->watch);
	loop_cancel(world->loop, &published->rest);
	close(published->watch.fd);
	list_del(&published->node);
	free(published);
}

static struct published *make(struct world *world, int fd,
			      const struct cn_endpoint *host)
{
	struct published *pub = calloc(1, sizeof(*pub));

	if (!pub) {
		close(fd);
		return NULL;
	}
	pub->world = world;
	pub->host = *host;
	pub->watch.fd = fd;
	pub->watch.ready = accept_ready;
	pub->watch.ctx = pub;
	pub->rest.fire = rest_over;
	pub->rest.ctx = pub;
	pub->rest.at = CN_NEVER;
	list_add_tail(&world->published, &pub->node);
	return pub;
}

static void complain(const struct world *world, const struct cn_endpoint *host,
		     uint16_t port, int err)
{
	const unsigned other = host->port < 50000 ? host->port + 10000u :
						    host->port - 10000u;
	const char *why = strerror(err);

	if (world->quiet)
		return;
	if (err == EADDRINUSE)
		why = "is in use";
	else if (err == EACCES)
		why = "is closed to users";
	fprintf(stderr,
		"catenet: port %u of this machine %s; what listens inside is "
		"not reachable there",
		host->port, why);
	/* In a world of many hosts who says -p may have to name one. */
	if (world->hosts)
		fprintf(stderr, " (another one may be free: -p %u:...)\n",
			other);
	else
		fprintf(stderr, " (try -p %u:%u)\n", other, port);
}

static struct published *open_host(struct wsock *listener,
				   const struct cn_endpoint *host, int backlog)
{
	struct world *world = listener->world;
	struct cn_endpoint own = host_of(&listener->bound_to);
	struct published *pub = find(world, host);
	int fd;

	if (pub)
		return pub;
	if (listener->reserved_fd >= 0 &&
	    cn_addr_equal(&own.addr, &host->addr)) {
		fd = listener->reserved_fd;
		listener->reserved_fd = -1;
	} else {
		fd = bound_fd(world, host);
	}
	if (fd >= 0 && listen(fd, backlog)) {
		int err = errno;

		close(fd);
		fd = -err;
	}
	if (fd < 0) {
		/* A machine without IPv6 lacks nothing. */
		if (fd != -EADDRNOTAVAIL && fd != -EAFNOSUPPORT)
			complain(world, host, listener->bound_to.port, -fd);
		return NULL;
	}
	return make(world, fd, host);
}

static bool has_room(const struct published *pub);

static void use(struct wsock *listener, const struct cn_endpoint *host,
		int backlog)
{
	struct published *pub;

	if (listener->published_n == PUBLISHED_MAX)
		return;
	pub = open_host(listener, host, backlog);
	if (!pub)
		return;
	pub->users++;
	listener->published[listener->published_n++] = pub;
	pub->full = !has_room(pub);
	if (!pub->full &&
	    loop_watch(listener->world->loop, &pub->watch, EPOLLIN))
		pub->full = true;
}

static bool use_those(struct wsock *listener, int backlog,
		      const struct world_publish *publish, unsigned n)
{
	bool any = false;

	for (unsigned i = 0; i < n; i++) {
		struct cn_endpoint host = publish[i].host;

		if (publish[i].udp ||
		    publish[i].port != listener->bound_to.port ||
		    (publish[i].node &&
		     strcmp(publish[i].node, listener->on->name) != 0))
			continue;
		/* "every address": of the family that listens inside */
		if (cn_addr_is_any(&host.addr) &&
		    cn_addr_is_v4(&listener->bound_to.addr))
			host.addr = cn_addr_v4(0, 0, 0, 0);
		use(listener, &host, backlog);
		any = true;
	}
	return any;
}

/* -p for this port, of the world or of who has joined it; true when there is
 * any. */
static bool use_asked(struct wsock *listener, int backlog)
{
	const struct world_options *opt = listener->world->options;
	const struct wowner *owner = listener->owner;
	bool any = use_those(listener, backlog, opt->publish, opt->publish_n);

	return use_those(listener, backlog, owner->publish, owner->publish_n) ||
	       any;
}

static bool takes_v4(const struct wsock *listener)
{
	int64_t only = 0;

	(void)cn_sock_get(listener->ls.sock, CN_OPT_V6ONLY, &only);
	return !only;
}

void publish_listen(struct wsock *listener, int backlog)
{
	struct cn_endpoint host = host_of(&listener->bound_to);

	if (listener->published_n) {
		for (unsigned i = 0; i < listener->published_n; i++)
			(void)listen(listener->published[i]->watch.fd, backlog);
		return;
	}
	/* What was asked for by name is published even by the isolated. */
	if (use_asked(listener, backlog) ||
	    listener->world->options->isolated || listener->world->hosts)
		return;
	use(listener, &host, backlog);
	if (cn_addr_is_any(&listener->bound_to.addr) &&
	    !cn_addr_is_v4(&listener->bound_to.addr) && takes_v4(listener)) {
		host.addr = localhost(true);
		use(listener, &host, backlog);
	}
}

void publish_unlisten(struct wsock *listener)
{
	for (unsigned i = 0; i < listener->published_n; i++)
		if (!--listener->published[i]->users)
			publish_drop(listener->published[i]);
	listener->published_n = 0;
}

/* ------------------------------------------------------------ accepting -- */

static const struct wsock *user_of(const struct published *pub,
				   const struct wsock *sock)
{
	for (unsigned i = 0; i < sock->published_n; i++)
		if (sock->published[i] == pub)
			return sock;
	return NULL;
}

static unsigned waiting_of(const struct wsock *sock, unsigned *limit)
{
	return cn_sock_pending(sock->edge ? sock->edge : sock->ls.sock, limit);
}

static unsigned room_of(const struct wsock *sock)
{
	unsigned limit = 0, waiting = waiting_of(sock, &limit);

	return waiting < limit ? limit - waiting : 0;
}

/* Several listeners may share the port (SO_REUSEPORT). */
static bool has_room(const struct published *pub)
{
	const struct world *world = pub->world;
	unsigned room = 0;

	for (const struct list *node = world->listeners.next;
	     node != &world->listeners; node = node->next) {
		const struct wsock *sock =
			CN_CONTAINER(node, struct wsock, kind);

		if (user_of(pub, sock))
			room += room_of(sock);
	}
	return room > pub->coming;
}

/* What has come in needs another descriptor when the program accepts it: or
 * those that wait would keep all of them from each other. */
static bool has_descriptors(const struct published *pub)
{
	const struct world *world = pub->world;
	unsigned n = pub->coming + 1;

	for (const struct list *node = world->listeners.next;
	     node != &world->listeners; node = node->next) {
		const struct wsock *sock =
			CN_CONTAINER(node, struct wsock, kind);

		if (user_of(pub, sock))
			n += waiting_of(sock, NULL);
	}
	return spare_has(2 * n + SPARE_KEPT);
}

static const struct wsock *any_user(const struct published *pub)
{
	const struct world *world = pub->world;

	for (const struct list *node = world->listeners.next;
	     node != &world->listeners; node = node->next) {
		const struct wsock *sock =
			CN_CONTAINER(node, struct wsock, kind);

		if (user_of(pub, sock))
			return sock;
	}
	return NULL;
}

/* Where inside a connection to `local` of the machine goes: to the address
 * that it named where the program's host bears it and listens there, else to
 * the host's name on the path. */
static struct cn_endpoint of_host(const struct wsock *listener, bool v4)
{
	const struct hosts *hosts = listener->world->hosts;
	struct cn_endpoint to = {.port = listener->bound_to.port};

	if (!hosts_addr(hosts, listener->on, v4, &to.addr))
		(void)hosts_addr(hosts, listener->on, !v4, &to.addr);
	return to;
}

static struct cn_endpoint inside_of(const struct wsock *listener,
				    const struct cn_endpoint *local)
{
	const struct cn_addr *bound = &listener->bound_to.addr;
	bool v4 = cn_addr_is_v4(bound);
	struct cn_endpoint to = {.port = listener->bound_to.port};

	if (!cn_addr_is_any(bound)) {
		to.addr = cn_addr_is_loopback(bound) &&
					  !listener->world->hosts ?
				  alias_program(&listener->world->alias, v4) :
				  *bound;
		return to;
	}
	if (!v4)
		v4 = cn_addr_is_v4(&local->addr);
	if (listener->world->hosts)
		return of_host(listener, v4);
	if (machine_find(&listener->world->machine, &local->addr) &&
	    cn_addr_is_v4(&local->addr) == v4)
		to.addr = local->addr;
	else
		to.addr = alias_program(&listener->world->alias, v4);
	return to;
}

static void accepted(struct published *pub, int fd,
		     const struct sockaddr_storage *peer)
{
	const struct wsock *listener = any_user(pub);
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct cn_endpoint from, local, to;

	if (!listener || !linux_addr_from_kernel(peer, &from) ||
	    getsockname(fd, (struct sockaddr *)&ss, &len) ||
	    !linux_addr_from_kernel(&ss, &local)) {
		close(fd);
		return;
	}
	to = inside_of(listener, &local);
	/* A peer of the other family has a name that the listener can see. */
	if (cn_addr_is_v4(&from.addr) != cn_addr_is_v4(&to.addr))
		from.addr = localhost(cn_addr_is_v4(&to.addr));
	flow_inbound(pub, listener, fd, &from, &to);
}

static void take_a_rest(struct published *pub)
{
	struct loop *loop = pub->world->loop;

	loop_unwatch(loop, &pub->watch);
	if (loop_at(loop, &pub->rest, loop_now(loop) + REST_NS))
		pub->full = true;
}

static void rest_over(void *ctx, uint64_t now)
{
	struct published *pub = ctx;

	(void)now;
	pub->full = true; /* until the pump looks */
	world_touch(pub->world);
	publish_room(pub->world);
}

static void accept_ready(void *ctx, uint32_t events)
{
	struct published *pub = ctx;

	(void)events;
	for (int i = 0; i < ACCEPT_TURN && has_room(pub); i++) {
		if (!has_descriptors(pub)) {
			take_a_rest(pub);
			return;
		}
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		int fd;

		memset(&ss, 0, sizeof(ss));
		fd = accept4(pub->watch.fd, (struct sockaddr *)&ss, &len,
			     SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0) {
			if (errno != EAGAIN && errno != ECONNABORTED)
				take_a_rest(pub);
			return;
		}
		accepted(pub, fd, &ss);
	}
	if (!has_room(pub)) {
		loop_unwatch(pub->world->loop, &pub->watch);
		pub->full = true;
	}
}

void publish_room(struct world *world)
{
	for (struct list *node = world->published.next;
	     node != &world->published; node = node->next) {
		struct published *pub =
			CN_CONTAINER(node, struct published, node);

		if (pub->full && has_room(pub) &&
		    !loop_watch(world->loop, &pub->watch, EPOLLIN))
			pub->full = false;
	}
}

int publish_try(const struct world *world, const struct cn_endpoint *wanted)
{
	struct cn_endpoint host = *wanted;
	int fd = bound_fd(world, &host);

	if (fd == -EAFNOSUPPORT && cn_addr_is_any(&host.addr)) {
		host.addr = cn_addr_v4(0, 0, 0, 0);
		fd = bound_fd(world, &host);
	}
	if (fd < 0)
		return -fd;
	close(fd);
	return 0;
}

int publish_check(struct world *world)
{
	const struct world_options *opt = world->options;

	for (unsigned i = 0; i < opt->publish_n; i++) {
		const struct cn_endpoint *host = &opt->publish[i].host;
		char text[CN_ADDR_TEXT];
		int err;

		if (opt->publish[i].udp)
			continue;
		err = publish_try(world, host);
		if (!err)
			continue;
		cn_addr_format(&host->addr, text);
		fprintf(stderr,
			"catenet: -p: port %u of %s cannot be had: %s\n",
			host->port, text, strerror(err));
		return err;
	}
	return 0;
}
