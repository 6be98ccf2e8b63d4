/* SPDX-License-Identifier: MIT */
/* socket, bind, listen, accept, connect, shutdown, close, and names. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/linux_addr.h"
#include "lib/linux_err.h"
#include "lib/lsock.h"
#include "lib/lsock_dgram.h"

/* --------------------------------------------------------------- socket -- */

/* Linux's order of complaints. */
static int check_kind(int domain, int type, int protocol)
{
	if (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC | 0xf))
		return EINVAL;
	type &= 0xf;
	if (domain != AF_INET && domain != AF_INET6)
		return EAFNOSUPPORT;
	if (type != SOCK_STREAM && type != SOCK_DGRAM)
		return ESOCKTNOSUPPORT;
	if (protocol < 0 || protocol >= IPPROTO_MAX)
		return EINVAL;
	if (!protocol)
		return 0;
	if (type == SOCK_STREAM)
		return protocol == IPPROTO_TCP ? 0 : EPROTONOSUPPORT;
	if (protocol == (domain == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return 0;
	return protocol == IPPROTO_UDP ? 0 : EPROTONOSUPPORT;
}

static int make(struct cn_stack *stack, int domain, int type, int protocol,
		struct lsock_engine *engine)
{
	int family = domain == AF_INET ? 4 : 6;

	if ((type & 0xf) == SOCK_STREAM)
		return cn_sock_new(stack->host, family, &engine->sock);
	engine->ping = protocol && protocol != IPPROTO_UDP;
	return cn_dgram_new(stack->host, family,
			    engine->ping ? CN_DGRAM_PING : CN_DGRAM_UDP,
			    &engine->dgram);
}

int cn_socket(struct cn_stack *stack, int domain, int type, int protocol)
{
	struct lsock_engine engine = {NULL, NULL, false};
	int rc = check_kind(domain, type, protocol);

	if (rc)
		return lsock_fail(rc);
	hub_enter(stack->hub);
	rc = make(stack, domain, type, protocol, &engine);
	if (rc)
		rc = -linux_errno(rc);
	else
		rc = lsock_install(stack, engine, domain, type, NULL);
	hub_leave(stack->hub);
	return rc < 0 ? lsock_fail(-rc) : rc;
}

/* ------------------------------------------------------- bind and listen -- */

static bool is_v6only(const struct lsock *sock)
{
	int64_t only = 0;

	(void)cn_sock_get(sock->ls.sock, CN_OPT_V6ONLY, &only);
	return only != 0;
}

static int bind_locked(struct lsock *sock, const struct sockaddr *addr,
		       socklen_t len)
{
	struct cn_endpoint ep;
	int rc;

	rc = linux_addr_check(addr, len);
	if (rc)
		return rc;
	if (sock->dgram)
		return lsock_dgram_bind(sock, addr, len);
	rc = linux_addr_bind(sock->ls.domain, is_v6only(sock), addr, len, &ep);
	return rc ? rc : linux_errno(cn_sock_bind(sock->ls.sock, &ep));
}

int cn_bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct lsock *sock;
	int rc = lsock_enter(fd, &sock);

	if (rc)
		return lsock_fail(rc);
	rc = bind_locked(sock, addr, len);
	lsock_leave(sock);
	return rc ? lsock_fail(rc) : 0;
}

int cn_listen(int fd, int backlog)
{
	struct lsock *sock;
	int rc = lsock_enter_stream(fd, &sock);

	if (rc)
		return lsock_fail(rc);
	rc = linux_errno(
		cn_sock_listen(sock->ls.sock, backlog, sock->file.hub->now));
	lsock_leave(sock);
	return rc ? lsock_fail(rc) : 0;
}

/* --------------------------------------------------------------- accept -- */

static int accept_one(struct lsock *listener, struct cn_sock **child)
{
	uint64_t until = lsock_until(listener, listener->ls.rcvtimeo_ns);
	int ended = 0;
	int rc;

	for (;;) {
		rc = cn_sock_accept(listener->ls.sock, child,
				    listener->file.hub->now);
		if (rc != CN_E_AGAIN || !lsock_waits(listener, 0))
			return linux_errno(rc);
		rc = lsock_wait(listener, until, &ended);
		if (rc)
			return rc;
	}
}

static int accept_on(struct lsock *listener, struct sockaddr *addr,
		     socklen_t *len, int flags)
{
	struct cn_sock *child;
	struct cn_endpoint peer = {{{0}}, 0};
	int rc;

	rc = accept_one(listener, &child);
	if (rc)
		return -rc;
	/* One that has been reset meanwhile is handed out all the same. */
	(void)cn_sock_accepted_peer(child, &peer);
	rc = addr ? lsock_put_addr(listener, &peer, addr, len) : 0;
	if (!rc)
		return lsock_install(listener->stack,
				     (struct lsock_engine){child, NULL, false},
				     listener->ls.domain, flags, listener);
	cn_sock_close(child, listener->file.hub->now);
	return -rc;
}

int cn_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	const bool wrong = flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct lsock *listener;
	int rc;

	rc = lsock_enter_stream(fd, &listener);
	if (rc)
		return lsock_fail(wrong && rc != EBADF ? EINVAL : rc);
	if (wrong) {
		lsock_leave(listener);
		return lsock_fail(EINVAL);
	}
	rc = accept_on(listener, addr, len, flags);
	lsock_leave(listener);
	return rc < 0 ? lsock_fail(-rc) : rc;
}

int cn_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	return cn_accept4(fd, addr, len, 0);
}

/* -------------------------------------------------------------- connect -- */

static bool is_opening(const struct lsock *sock)
{
	enum cn_tcp_state state = cn_sock_state(sock->ls.sock);

	return state == CN_SYN_SENT || state == CN_SYN_RECEIVED;
}

/* Linux: who calls again while it is under way waits too, and its time limit
 * is that of sending.  wrong: the address's errno, for which the state comes
 * first. */
static int connect_to(struct lsock *sock, const struct cn_endpoint *peer,
		      int wrong)
{
	struct hub *hub = sock->file.hub;
	uint64_t until = lsock_until(sock, sock->ls.sndtimeo_ns);
	int ended = 0;
	int first, rc;

	first = cn_sock_connect(sock->ls.sock, wrong ? NULL : peer, hub->now);
	if (first == CN_E_AFNOSUPPORT && wrong)
		return wrong;
	if (first != CN_E_INPROGRESS && first != CN_E_ALREADY)
		return linux_errno(first);
	hub_run(hub);
	if (!lsock_waits(sock, 0))
		return linux_errno(first);
	while (is_opening(sock)) {
		rc = lsock_wait(sock, until, &ended);
		if (rc == EAGAIN)
			return linux_errno(first);
		if (rc)
			return rc;
	}
	return linux_errno(cn_sock_connect(sock->ls.sock, peer, hub->now));
}

/* To whom; a socket whose SYN waits knows it. */
static int fast_peer(const struct lsock *sock, const struct msghdr *msg,
		     int flags, struct cn_endpoint *peer)
{
	const struct sockaddr *name = msg->msg_name;

	memset(peer, 0, sizeof(*peer));
	if (flags & MSG_FASTOPEN && name &&
	    msg->msg_namelen >= sizeof(name->sa_family) &&
	    name->sa_family == AF_UNSPEC)
		return EOPNOTSUPP;
	if (cn_sock_defers(sock->ls.sock))
		return 0;
	if (!name)
		return EINVAL;
	return linux_addr_connect(sock->ls.domain, is_v6only(sock), name,
				  msg->msg_namelen, peer);
}

/* Linux's MSG_FASTOPEN: what the SYN took, once the connection is there if the
 * call waits; or -errno. */
ssize_t lsock_connect_send(struct lsock *sock, const struct msghdr *msg,
			   const void *data, size_t len, size_t total,
			   int flags)
{
	struct hub *hub = sock->file.hub;
	uint64_t until = lsock_until(sock, sock->ls.sndtimeo_ns);
	struct cn_endpoint peer;
	int ended = 0, rc;
	int64_t n;

	rc = fast_peer(sock, msg, flags, &peer);
	if (rc)
		return -rc;
	if (flags & MSG_FASTOPEN)
		n = cn_sock_connect_send(sock->ls.sock, &peer, data, len,
					 hub->now);
	else
		n = cn_sock_send(sock->ls.sock, data, len, 0, hub->now);
	if (!n || n == CN_E_AGAIN)
		n = CN_E_INPROGRESS;
	if (n < 0 && n != CN_E_INPROGRESS)
		return -linux_errno((int)n);
	sock->queued += n > 0 ? (uint64_t)n : 0;
	hub_run(hub);
	if (!lsock_waits(sock, flags))
		return n < 0 ? -EINPROGRESS : n;
	if (n < 0 ? total > 0 : (size_t)n < total)
		cn_sock_will_send(sock->ls.sock);
	while (is_opening(sock)) {
		rc = lsock_wait(sock, until, &ended);
		if (rc)
			return n > 0 ? n : rc == EAGAIN ? -EINPROGRESS : -rc;
	}
	rc = linux_errno(cn_sock_connect(sock->ls.sock, &peer, hub->now));
	/* It was connected before. */
	if (rc == EISCONN)
		rc = 0;
	return rc ? -rc : n < 0 ? 0 : n;
}

static int dissolve(struct lsock *sock)
{
	int rc = cn_sock_disconnect(sock->ls.sock, sock->file.hub->now);

	file_wake(&sock->file, 0);
	return linux_errno(rc);
}

static int connect_locked(struct lsock *sock, const struct sockaddr *addr,
			  socklen_t len)
{
	struct cn_endpoint peer;
	int rc;

	rc = linux_addr_check(addr, len);
	if (rc)
		return rc;
	if (len < sizeof(addr->sa_family))
		return EINVAL;
	if (sock->dgram)
		return lsock_dgram_connect(sock, addr, len);
	if (addr->sa_family == AF_UNSPEC)
		return dissolve(sock);
	rc = linux_addr_connect(sock->ls.domain, is_v6only(sock), addr, len,
				&peer);
	return connect_to(sock, &peer, rc);
}

int cn_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct lsock *sock;
	int rc = lsock_enter(fd, &sock);

	/* Linux: the address comes before what the descriptor is. */
	if (rc == ENOTSOCK && linux_addr_check(addr, len))
		rc = linux_addr_check(addr, len);
	if (rc)
		return lsock_fail(rc);
	rc = connect_locked(sock, addr, len);
	lsock_leave(sock);
	return rc ? lsock_fail(rc) : 0;
}

/* --------------------------------------------------- shutdown and names -- */

int cn_shutdown(int fd, int how)
{
	struct lsock *sock;
	int rc = lsock_enter(fd, &sock);

	if (rc)
		return lsock_fail(rc);
	if (how < SHUT_RD || how > SHUT_RDWR)
		rc = EINVAL;
	else if (sock->dgram)
		rc = linux_errno(cn_dgram_shutdown(sock->dgram,
						   (enum cn_shut)(how + 1)));
	else
		rc = linux_errno(cn_sock_shutdown(sock->ls.sock,
						  (enum cn_shut)(how + 1),
						  sock->file.hub->now));
	/* As Linux, also where it says ENOTCONN. */
	if (rc != EINVAL)
		file_wake(&sock->file, 0);
	lsock_leave(sock);
	return rc ? lsock_fail(rc) : 0;
}

int cn_close(int fd)
{
	int rc = file_close(fd);

	return rc ? lsock_fail(rc) : 0;
}

int cn_getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	struct cn_endpoint ep;
	struct lsock *sock;
	int rc = lsock_enter(fd, &sock);

	if (rc)
		return lsock_fail(rc);
	if (sock->dgram)
		cn_dgram_name(sock->dgram, &ep);
	else
		cn_sock_name(sock->ls.sock, &ep);
	rc = lsock_put_addr(sock, &ep, addr, len);
	lsock_leave(sock);
	return rc ? lsock_fail(rc) : 0;
}

int cn_getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
	struct cn_endpoint ep;
	struct lsock *sock;
	int rc = lsock_enter(fd, &sock);

	if (rc)
		return lsock_fail(rc);
	rc = linux_errno(sock->dgram ? cn_dgram_peer(sock->dgram, &ep) :
				       cn_sock_peer(sock->ls.sock, &ep));
	/* A datagram socket may be connected to port 0, and is not. */
	if (!rc && !ep.port)
		rc = ENOTCONN;
	if (!rc)
		rc = lsock_put_addr(sock, &ep, addr, len);
	lsock_leave(sock);
	return rc ? lsock_fail(rc) : 0;
}
