/* SPDX-License-Identifier: MIT */
/*
 * A world over the kernel's own TCP, for tests of the supervisor alone: each
 * wsock is a kernel socket, and a connected one is relayed octet for octet.
 * What a program sees under it and what it sees natively should be the same,
 * which is the test.  It is linked in the place of src/run/world/world.c.
 */
#include "run/world/world.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "base/list.h"
#include "loop/loop.h"
#include "run/world/end.h"

#define ROOM 65536

enum kind { IDLE, CONNECTING, LISTENING, READY };

struct pipe {
	char data[ROOM];
	size_t from, to;
	bool ended; /* the source gave its last octet */
	bool told; /* the sink was told so */
};

struct wsock {
	struct world *world;
	struct list all;
	int fd, family;
	enum kind kind;
	void *tag;
	bool orphan; /* the supervisor has given it back */
	bool hung; /* the end has hung up */
	bool urgent; /* an urgent octet has been announced */
	int held; /* accepted, not yet asked for */
	unsigned waiting;
	struct end *end;
	struct loop_watch net, prog;
	struct pipe *up, *down;
	struct list events;
};

struct queued {
	struct list node;
	struct world_event event;
};

struct world {
	struct loop *loop;
	struct list all, events;
};

struct world *world_new(struct loop *loop, const struct run_options *options)
{
	struct world *world = calloc(1, sizeof(*world));

	(void)options;
	if (!world)
		return NULL;
	world->loop = loop;
	list_init(&world->all);
	list_init(&world->events);
	return world;
}

static void tell(struct wsock *sock, struct world_event event)
{
	struct queued *one = calloc(1, sizeof(*one));

	if (!one)
		abort();
	event.sock = sock;
	one->event = event;
	list_add_tail(&sock->world->events, &one->node);
}

/* Every answer comes as an event. */
bool world_is_connected(struct wsock *sock)
{
	(void)sock;
	return false;
}

bool world_event(struct world *world, struct world_event *event)
{
	struct list *first = list_first(&world->events);
	struct queued *one;

	if (!first)
		return false;
	one = CN_CONTAINER(first, struct queued, node);
	*event = one->event;
	event->tag = one->event.sock->tag;
	list_del(&one->node);
	free(one);
	return true;
}

static void forget_events(struct wsock *sock)
{
	struct list *next, *all = &sock->world->events;

	for (struct list *node = all->next; node != all; node = next) {
		struct queued *one = CN_CONTAINER(node, struct queued, node);

		next = node->next;
		if (one->event.sock == sock) {
			list_del(node);
			free(one);
		}
	}
}

static void reset_on_close(int fd)
{
	const struct linger now = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void drop_held(struct wsock *sock)
{
	if (sock->held < 0)
		return;
	reset_on_close(sock->held);
	close(sock->held);
	sock->held = -1;
}

static void destroy(struct wsock *sock)
{
	loop_unwatch(sock->world->loop, &sock->net);
	loop_unwatch(sock->world->loop, &sock->prog);
	end_free(sock->end);
	if (sock->fd >= 0)
		close(sock->fd);
	drop_held(sock);
	list_del(&sock->all);
	free(sock->up);
	free(sock->down);
	free(sock);
}

void world_free(struct world *world)
{
	struct list *node;

	while ((node = list_first(&world->all)))
		destroy(CN_CONTAINER(node, struct wsock, all));
	free(world);
}

static struct wsock *wrap(struct world *world, int fd, int family, void *tag)
{
	struct wsock *sock = calloc(1, sizeof(*sock));

	if (!sock)
		return NULL;
	sock->world = world;
	sock->fd = fd;
	sock->held = -1;
	sock->family = family;
	sock->tag = tag;
	sock->net.fd = fd;
	sock->net.ctx = sock;
	list_add_tail(&world->all, &sock->all);
	return sock;
}

int world_socket(struct world *world, int family, void *tag,
		 struct wsock **sock)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	*sock = wrap(world, fd, family, tag);
	return *sock ? 0 : -ENOMEM;
}

int world_bind(struct wsock *sock, const struct sockaddr *addr, socklen_t len,
	       bool privileged)
{
	if (!privileged)
		return -EACCES;
	return bind(sock->fd, addr, len) < 0 ? -errno : 0;
}

/* ------------------------------------------------------------- accepting -- */

/* One is taken from the kernel at a time; that is enough to be readable. */
static void on_listener(void *ctx, uint32_t events)
{
	struct wsock *sock = ctx;

	(void)events;
	if (sock->held >= 0)
		return;
	sock->held =
		accept4(sock->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (sock->held < 0)
		return;
	loop_unwatch(sock->world->loop, &sock->net);
	tell(sock, (struct world_event){.kind = WORLD_ACCEPTABLE, .n = 1});
}

int world_listen(struct wsock *sock, int backlog)
{
	if (listen(sock->fd, backlog) < 0)
		return -errno;
	sock->kind = LISTENING;
	sock->net.ready = on_listener;
	if (sock->held < 0)
		(void)loop_watch(sock->world->loop, &sock->net, EPOLLIN);
	return 0;
}

int world_accept(struct wsock *listener, void *tag, struct wsock **sock)
{
	if (listener->held < 0)
		return -EAGAIN;
	*sock = wrap(listener->world, listener->held, listener->family, tag);
	if (!*sock)
		return -ENOMEM;
	(*sock)->kind = READY;
	listener->held = -1;
	(void)loop_watch(listener->world->loop, &listener->net, EPOLLIN);
	return 0;
}

void world_set_tag(struct wsock *sock, void *tag)
{
	sock->tag = tag;
}

void world_set_inode(struct wsock *sock, uint64_t inode)
{
	(void)sock;
	(void)inode;
}

/* ------------------------------------------------------------ connecting -- */

static void on_connect(void *ctx, uint32_t events)
{
	struct wsock *sock = ctx;
	int err = 0;
	socklen_t len = sizeof(err);

	(void)events;
	(void)getsockopt(sock->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	loop_unwatch(sock->world->loop, &sock->net);
	sock->kind = err ? IDLE : READY;
	tell(sock,
	     (struct world_event){.kind = err ? WORLD_FAILED : WORLD_CONNECTED,
				  .err = err});
}

static void disconnect(struct wsock *sock)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};

	(void)connect(sock->fd, &none, sizeof(none));
}

int world_connect(struct wsock *sock, const struct sockaddr *addr,
		  socklen_t len)
{
	int err = connect(sock->fd, addr, len) < 0 ? errno : EINPROGRESS;

	/* After a failure the kernel tells of it once more. */
	if (err == ECONNABORTED)
		err = connect(sock->fd, addr, len) < 0 ? errno : EINPROGRESS;
	if (err != EINPROGRESS)
		return -err;
	sock->kind = CONNECTING;
	sock->net.ready = on_connect;
	(void)loop_watch(sock->world->loop, &sock->net, EPOLLOUT);
	return -EINPROGRESS;
}

/* Its connections are the kernel's own, which are not told. */
void world_more(struct wsock *sock, size_t coming)
{
	(void)sock;
	(void)coming;
}

int world_shutdown(struct wsock *sock, int how, int a)
{
	int err = 0;

	if (sock->end) {
		if (how != SHUT_RD)
			err = end_shut_wr(sock->end, a);
		if (err == 0 && how != SHUT_WR)
			err = end_shut_rd(sock->end, a);
		return err;
	}
	loop_unwatch(sock->world->loop, &sock->net);
	forget_events(sock);
	drop_held(sock);
	if (sock->kind == CONNECTING)
		disconnect(sock);
	else if (shutdown(sock->fd, how) < 0)
		return -errno;
	sock->kind = IDLE;
	return 0;
}

/* -------------------------------------------------------------- relaying -- */

static void over(struct wsock *sock, int err, bool gone)
{
	loop_unwatch(sock->world->loop, &sock->net);
	loop_unwatch(sock->world->loop, &sock->prog);
	end_free(sock->end);
	sock->end = NULL;
	sock->up->from = sock->up->to; /* nobody waits for them any more */
	if (err) {
		close(sock->fd);
		sock->fd = -1;
	}
	if (sock->orphan)
		destroy(sock);
	else
		tell(sock, (struct world_event){.kind = WORLD_ENDED,
						.err = err,
						.gone = gone});
}

/* SO_LINGER {1, 0} */
static bool lingers_not(const struct wsock *sock)
{
	struct linger linger;
	socklen_t len = sizeof(linger);

	return getsockopt(sock->fd, SOL_SOCKET, SO_LINGER, &linger, &len) ==
		       0 &&
	       linger.l_onoff && linger.l_linger == 0;
}

/* The urgent octet, when it is the next. */
static void pass_urgent(struct wsock *sock)
{
	uint8_t octet;
	int mark = 0;

	if (!sock->urgent || ioctl(sock->fd, SIOCATMARK, &mark) < 0 || !mark)
		return;
	sock->urgent = false;
	if (recv(sock->fd, &octet, 1, MSG_OOB | MSG_DONTWAIT) == 1)
		(void)end_write_urgent(sock->end, octet);
}

/* Program to network; false: it is over. */
static bool pump_up(struct wsock *sock)
{
	struct pipe *pipe = sock->up;

	for (;;) {
		struct iovec iov = {.iov_base = pipe->data, .iov_len = ROOM};
		ssize_t n;
		bool urgent;

		if (pipe->from < pipe->to) {
			n = send(sock->fd, pipe->data + pipe->from,
				 pipe->to - pipe->from,
				 MSG_NOSIGNAL | MSG_DONTWAIT);
			if (n < 0 && errno == EAGAIN)
				return true;
			if (n < 0) {
				int err = errno == EPIPE ? ECONNRESET : errno;

				end_reset(sock->end);
				over(sock, err, sock->end->gone);
				return false;
			}
			pipe->from += (size_t)n;
			continue;
		}
		if (pipe->ended) {
			if (!pipe->told && sock->end->gone &&
			    lingers_not(sock)) {
				over(sock, ECONNRESET, true);
				return false;
			}
			if (!pipe->told)
				(void)shutdown(sock->fd, SHUT_WR);
			pipe->told = true;
			return true;
		}
		n = end_read(sock->end, &iov, 1, &urgent);
		if (n == -EAGAIN)
			return true;
		if (n < 0) {
			reset_on_close(sock->fd);
			over(sock, ECONNRESET, true);
			return false;
		}
		pipe->ended = n == 0;
		pipe->from = 0;
		pipe->to = (size_t)n;
		if (urgent) {
			(void)send(sock->fd, pipe->data, 1,
				   MSG_OOB | MSG_NOSIGNAL);
			pipe->to = 0;
		}
	}
}

/* Network to program; false: it is over. */
static bool pump_down(struct wsock *sock)
{
	struct pipe *pipe = sock->down;
	ssize_t n;

	for (;;) {
		if (pipe->from < pipe->to) {
			const struct iovec iov = {
				.iov_base = pipe->data + pipe->from,
				.iov_len = pipe->to - pipe->from};

			n = end_write(sock->end, &iov, 1);
			if (n == -EAGAIN)
				return true;
			if (n < 0) { /* closed: data is answered by RST */
				reset_on_close(sock->fd);
				over(sock, ECONNRESET, true);
				return false;
			}
			pipe->from += (size_t)n;
			continue;
		}
		if (pipe->ended) {
			if (!pipe->told)
				end_eof(sock->end);
			pipe->told = true;
			return true;
		}
		pass_urgent(sock);
		n = recv(sock->fd, pipe->data, ROOM, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n < 0) {
			int err = errno;

			end_reset(sock->end);
			over(sock, err, false);
			return false;
		}
		pipe->ended = n == 0;
		pipe->from = 0;
		pipe->to = (size_t)n;
	}
}

static void rewatch(struct wsock *sock)
{
	struct loop *loop = sock->world->loop;
	const bool up = sock->up->from < sock->up->to;
	const bool down = sock->down->from < sock->down->to;
	uint32_t net = EPOLLPRI | EPOLLET, prog = EPOLLPRI | EPOLLET;

	if (up)
		net |= EPOLLOUT;
	else if (!sock->up->ended)
		prog |= EPOLLIN | EPOLLRDHUP;
	if (down)
		prog |= EPOLLOUT;
	else if (!sock->down->ended)
		net |= EPOLLIN | EPOLLRDHUP;
	(void)loop_watch(loop, &sock->net, net);
	if (!sock->hung)
		(void)loop_watch(loop, &sock->prog, prog);
}

static void pump(struct wsock *sock)
{
	if (!pump_up(sock) || !pump_down(sock))
		return;
	if (sock->up->told && (sock->down->told || sock->end->gone)) {
		over(sock, 0, sock->end->gone);
		return;
	}
	rewatch(sock);
}

static void on_net(void *ctx, uint32_t events)
{
	struct wsock *sock = ctx;
	int err = 0;
	socklen_t len = sizeof(err);

	if (events & EPOLLPRI)
		sock->urgent = true;
	/* Also after its FIN a peer may reset. */
	if ((events & EPOLLERR) && sock->down->ended) {
		(void)getsockopt(sock->fd, SOL_SOCKET, SO_ERROR, &err, &len);
		end_reset(sock->end);
		over(sock, err ? err : ECONNRESET, false);
		return;
	}
	pump(sock);
}

static void on_prog(void *ctx, uint32_t events)
{
	struct wsock *sock = ctx;

	if (events & EPOLLPRI)
		sock->end->pri = true;
	if ((events & EPOLLHUP)) {
		(void)end_is_gone(sock->end);
		sock->hung = true;
		loop_unwatch(sock->world->loop, &sock->prog);
	}
	pump(sock);
}

void world_attach(struct wsock *sock, struct end *end)
{
	sock->end = end;
	sock->up = calloc(1, sizeof(*sock->up));
	sock->down = calloc(1, sizeof(*sock->down));
	if (!sock->up || !sock->down)
		abort();
	sock->net.fd = sock->fd;
	sock->net.ready = on_net;
	sock->prog.fd = end->fd;
	sock->prog.ready = on_prog;
	sock->prog.ctx = sock;
	rewatch(sock);
}

void world_close(struct wsock *sock, bool reset)
{
	forget_events(sock);
	sock->orphan = true;
	if (reset && sock->fd >= 0)
		reset_on_close(sock->fd);
	if (reset || !sock->end)
		destroy(sock);
}

/* ------------------------------------------------------ names and options -- */

int world_name(const struct wsock *sock, struct sockaddr *addr, socklen_t *len)
{
	return getsockname(sock->fd, addr, len) < 0 ? -errno : 0;
}

int world_peer(const struct wsock *sock, struct sockaddr *addr, socklen_t *len)
{
	if (sock->fd < 0)
		return -ENOTCONN;
	return getpeername(sock->fd, addr, len) < 0 ? -errno : 0;
}

int world_setsockopt(struct wsock *sock, int level, int name, const void *value,
		     socklen_t len)
{
	return setsockopt(sock->fd, level, name, value, len) < 0 ? -errno : 0;
}

int world_getsockopt(struct wsock *sock, int level, int name, void *value,
		     socklen_t *len)
{
	return getsockopt(sock->fd, level, name, value, len) < 0 ? -errno : 0;
}

static uint64_t ask(const struct wsock *sock, unsigned long what)
{
	int n = 0;

	if (ioctl(sock->fd, what, &n) < 0 || n < 0)
		return 0;
	return (uint64_t)n + (sock->up ? sock->up->to - sock->up->from : 0) +
	       (sock->end ? end_unsent(sock->end) : 0);
}

uint64_t world_outq(const struct wsock *sock)
{
	return ask(sock, SIOCOUTQ);
}

uint64_t world_unsent(const struct wsock *sock)
{
	return ask(sock, SIOCOUTQNSD);
}

bool world_is_idle(struct world *world, uint64_t *octets)
{
	*octets = 0;
	for (const struct list *node = world->all.next; node != &world->all;
	     node = node->next) {
		const struct wsock *sock =
			CN_CONTAINER(node, struct wsock, all);

		if (sock->up)
			*octets += sock->up->to - sock->up->from +
				   (sock->end ? end_unsent(sock->end) : 0);
	}
	return *octets == 0;
}

bool world_netns(struct world *world, struct netns_config *config)
{
	(void)world;
	(void)config;
	return false;
}

bool world_shared(struct world *world, struct netns *ns)
{
	(void)world;
	(void)ns;
	return false;
}

const char *world_hosts_file(struct world *world)
{
	(void)world;
	return NULL;
}

int world_hold(struct world *world, struct netns *ns)
{
	(void)world;
	(void)ns;
	return -ENOSYS;
}

void world_udp_bound(struct world *world, const struct sockaddr *addr,
		     socklen_t len, bool v6only, bool privileged)
{
	(void)world;
	(void)addr;
	(void)len;
	(void)v6only;
	(void)privileged;
}

void world_udp_wanted(struct world *world, const struct sockaddr *addr,
		      socklen_t len)
{
	(void)world;
	(void)addr;
	(void)len;
}

void world_finish(struct world *world)
{
	(void)world;
}
