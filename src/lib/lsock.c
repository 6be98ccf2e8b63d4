/* SPDX-License-Identifier: MIT */
/* Sockets as files: how they come, how they wait, how they go. */
#include "lib/lsock.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lib/epoll.h"
#include "lib/errq.h"
#include "lib/linux_addr.h"
#include "lib/linux_err.h"

int lsock_fail(int number)
{
	errno = number;
	return -1;
}

/* --------------------------------------------------------------- ready -- */

static unsigned engine_ready(const struct lsock *sock)
{
	if (sock->ls.sock)
		return cn_sock_ready(sock->ls.sock);
	if (sock->dgram)
		return cn_dgram_ready(sock->dgram);
	return POLLERR | POLLHUP; /* the stack is gone */
}

/* The bits of poll(2): Linux says everything in two dialects. */
static unsigned lsock_ready(struct file *file)
{
	struct lsock *sock = CN_CONTAINER(file, struct lsock, file);
	unsigned bits = engine_ready(sock);

	if (errq_has(sock))
		bits |= POLLERR;

	if (bits & POLLIN)
		bits |= POLLRDNORM;
	if (bits & POLLOUT)
		bits |= POLLWRNORM | (sock->dgram ? POLLWRBAND : 0);
	else
		sock->nospace = true;
	return bits;
}

/* An ACK is news of room only to who found none, as in Linux. */
static bool is_room(struct lsock *sock)
{
	if (!sock->nospace || !(engine_ready(sock) & CN_READY_OUT))
		return false;
	sock->nospace = false;
	return true;
}

void hub_event(struct cn_stack *stack, const struct cn_event *event)
{
	struct lsock *sock = event->tag;
	unsigned key = 0;

	(void)stack;
	if (event->kind != CN_EVENT_READY || !sock)
		return;
	if (event->news & CN_NEWS_STATE) {
		file_wake(&sock->file, 0);
		return;
	}
	/* News of datagrams is what there is. */
	if (sock->dgram)
		key = engine_ready(sock) & ~(unsigned)CN_READY_OUT;
	if (event->news & (CN_NEWS_IN | CN_NEWS_PRI) || key & CN_READY_IN)
		key |= POLLIN | POLLPRI | POLLRDNORM | POLLRDBAND;
	if ((event->news & CN_NEWS_OUT || sock->dgram) && is_room(sock))
		key |= POLLOUT | POLLWRNORM | POLLWRBAND;
	if (key)
		file_wake(&sock->file, key);
}

/* ------------------------------------------------------------- waiting -- */

bool lsock_waits(const struct lsock *sock, int flags)
{
	return !(sock->file.flags & O_NONBLOCK) && !(flags & MSG_DONTWAIT);
}

uint64_t lsock_until(const struct lsock *sock, uint64_t limit_ns)
{
	return limit_ns ? hub_until(sock->file.hub, limit_ns) : CN_NEVER;
}

int lsock_wait(struct lsock *sock, uint64_t until, int *ended)
{
	if (*ended == ETIMEDOUT)
		return EAGAIN;
	if (*ended)
		return *ended;
	if (until <= sock->file.hub->now)
		return EAGAIN;
	*ended = file_wait(&sock->file, until);
	return sock->stack ? 0 : ENETDOWN;
}

/* -------------------------------------------------------- enter, leave -- */

static void lsock_release(struct file *file);
static const struct file_ops lsock_ops = {lsock_ready, lsock_release};

int lsock_enter(int fd, struct lsock **out)
{
	struct file *file = file_get(fd);
	struct lsock *sock;

	if (!file)
		return EBADF;
	if (file->ops != &lsock_ops) {
		file_put(file);
		return ENOTSOCK;
	}
	sock = CN_CONTAINER(file, struct lsock, file);
	hub_enter(file->hub);
	if (!sock->stack) {
		hub_leave(file->hub);
		file_put(file);
		return ENETDOWN;
	}
	*out = sock;
	return 0;
}

int lsock_enter_stream(int fd, struct lsock **sock)
{
	int rc = lsock_enter(fd, sock);

	if (rc || (*sock)->ls.sock)
		return rc;
	lsock_leave(*sock);
	return EOPNOTSUPP;
}

void lsock_leave(struct lsock *sock)
{
	hub_leave(sock->file.hub);
	file_put(&sock->file);
}

/* ----------------------------------------------------------- the birth -- */

/* A connection has these from its listener. */
static void inherit(struct lsock *sock, const struct lsock *listener)
{
	errq_inherit(sock, listener);
	sock->ls.bits = listener->ls.bits;
	sock->inq = listener->inq;
	sock->discover = listener->discover;
	sock->ls.sndbuf = listener->ls.sndbuf;
	sock->ls.rcvbuf = listener->ls.rcvbuf;
	sock->ls.rcvtimeo_ns = listener->ls.rcvtimeo_ns;
	sock->ls.sndtimeo_ns = listener->ls.sndtimeo_ns;
}

static void adopt(struct lsock *sock, struct cn_stack *stack,
		  struct lsock_engine engine)
{
	sock->stack = stack;
	sock->ls.sock = engine.sock;
	sock->dgram = engine.dgram;
	sock->ping = engine.ping;
	sock->ls.limits = &stack->limits;
	sock->ls.cookie = ++stack->hub->cookie;
	list_add_tail(&stack->socks, &sock->node);
	if (engine.sock)
		cn_sock_set_tag(engine.sock, sock);
	else
		cn_dgram_set_tag(engine.dgram, sock);
	/* As its listener has it. */
	if (engine.sock && sock->discover == IP_PMTUDISC_DONT)
		(void)cn_sock_set(engine.sock, CN_OPT_FRAGMENT, 1,
				  stack->hub->now);
}

static void drop(struct cn_stack *stack, struct lsock_engine engine)
{
	if (engine.sock)
		cn_sock_abort(engine.sock, stack->hub->now);
	else
		cn_dgram_close(engine.dgram);
}

int lsock_install(struct cn_stack *stack, struct lsock_engine engine,
		  int domain, int flags, const struct lsock *listener)
{
	struct lsock *sock = calloc(1, sizeof(*sock));
	int fd;

	if (!sock) {
		drop(stack, engine);
		return -ENOMEM;
	}
	file_init(&sock->file, &lsock_ops, stack->hub);
	if (flags & SOCK_NONBLOCK)
		sock->file.flags = O_NONBLOCK;
	sock->ls.domain = domain;
	sock->discover = IP_PMTUDISC_WANT;
	if (listener)
		inherit(sock, listener);
	adopt(sock, stack, engine);
	fd = file_install(&sock->file, CN_FD_FIRST, flags & SOCK_CLOEXEC);
	if (fd >= 0)
		return fd;
	list_del(&sock->node);
	errq_free(sock);
	drop(stack, engine);
	file_deinit(&sock->file);
	free(sock);
	return fd;
}

/* ------------------------------------------------------------- the end -- */

/* Has the peer acknowledged our FIN, or is it over? */
static bool is_done(const struct lsock *sock)
{
	switch (cn_sock_state(sock->ls.sock)) {
	case CN_FIN_WAIT_1:
	case CN_CLOSING:
	case CN_LAST_ACK:
		return false;
	case CN_ESTABLISHED:
	case CN_SYN_SENT:
	case CN_SYN_RECEIVED:
	case CN_FIN_WAIT_2:
	case CN_TIME_WAIT:
	case CN_CLOSED:
	case CN_CLOSE_WAIT:
	case CN_LISTEN:
		break;
	}
	return true;
}

/* SO_LINGER with a time: the program waits for its words to arrive. */
static void linger(struct lsock *sock)
{
	struct hub *hub = sock->file.hub;
	int64_t seconds = -1;
	int ended = 0;
	uint64_t until;

	(void)cn_sock_get(sock->ls.sock, CN_OPT_LINGER, &seconds);
	if (seconds <= 0 || cn_sock_readable(sock->ls.sock) ||
	    cn_sock_state(sock->ls.sock) == CN_LISTEN ||
	    cn_sock_state(sock->ls.sock) == CN_SYN_SENT)
		return;
	until = hub_until(hub, (uint64_t)seconds * CN_NS_PER_SEC);
	(void)cn_sock_shutdown(sock->ls.sock, CN_SHUT_WR, hub->now);
	while (!is_done(sock) && !cn_sock_readable(sock->ls.sock))
		if (lsock_wait(sock, until, &ended))
			return;
}

static void forget(struct lsock *sock)
{
	list_del(&sock->node);
	sock->ls.sock = NULL;
	sock->dgram = NULL;
	sock->stack = NULL;
}

static void lsock_release(struct file *file)
{
	struct lsock *sock = CN_CONTAINER(file, struct lsock, file);

	hub_enter(file->hub);
	epoll_forget(file);
	if (sock->ls.sock)
		linger(sock);
	if (sock->ls.sock) {
		cn_sock_set_tag(sock->ls.sock, NULL);
		cn_sock_close(sock->ls.sock, file->hub->now);
	}
	if (sock->dgram)
		cn_dgram_close(sock->dgram);
	if (sock->stack)
		forget(sock);
	errq_free(sock);
	hub_leave(file->hub);
	file_deinit(file);
	free(sock);
}

void lsock_forget_all(struct cn_stack *stack)
{
	while (!list_is_empty(&stack->socks)) {
		struct lsock *sock =
			CN_CONTAINER(stack->socks.next, struct lsock, node);

		forget(sock);
		file_wake(&sock->file, 0);
	}
}

/* ----------------------------------------------------------- addresses -- */

int lsock_put_addr(const struct lsock *sock, const struct cn_endpoint *ep,
		   struct sockaddr *addr, socklen_t *len)
{
	struct sockaddr_storage full;
	socklen_t n = linux_addr_out(sock->ls.domain, ep, &full);

	if (!len || !addr)
		return EFAULT;
	if ((int)*len < 0)
		return EINVAL;
	memcpy(addr, &full, *len < n ? *len : n);
	*len = n;
	return 0;
}
