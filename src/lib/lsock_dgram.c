/* SPDX-License-Identifier: MIT */
/* bind, connect, send and receive of datagrams, after Linux's udp_sendmsg and
 * udp_recvmsg. */
#include "lib/lsock_dgram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cursor.h"
#include "lib/linux_addr.h"
#include "lib/linux_err.h"

#define PIECES 64 /* more are copied together first */
#define DATAGRAM_MAX 65536u

int lsock_dgram_bind(struct lsock *sock, const struct sockaddr *addr,
		     socklen_t len)
{
	struct cn_endpoint ep;
	int rc;

	/* Other than connect and sendto, this wants the socket's family. */
	if (sock->ls.domain == AF_INET6 && len >= sizeof(addr->sa_family) &&
	    addr->sa_family == AF_INET)
		return len < SIN6_SHORT ? EINVAL : EAFNOSUPPORT;
	rc = linux_addr_take(sock->ls.domain, addr, len, &ep);
	return rc ? rc : linux_errno(cn_dgram_bind(sock->dgram, &ep));
}

/* Linux gives a port to whoever tries to send or connect, whether it can or not. */
static int take_port(struct lsock *sock)
{
	struct cn_endpoint ep;

	cn_dgram_name(sock->dgram, &ep);
	if (ep.port)
		return 0;
	return linux_errno(cn_dgram_bind(sock->dgram, &ep));
}

int lsock_dgram_connect(struct lsock *sock, const struct sockaddr *addr,
			socklen_t len)
{
	struct cn_endpoint ep;
	int rc;

	if (addr->sa_family == AF_UNSPEC) {
		cn_dgram_disconnect(sock->dgram);
		return 0;
	}
	rc = take_port(sock);
	if (!rc)
		rc = linux_addr_take(sock->ls.domain, addr, len, &ep);
	return rc ? rc : linux_errno(cn_dgram_connect(sock->dgram, &ep));
}

/* ---------------------------------------------------------------- send -- */

/* The pieces as the engine wants them; how many, or -1: too many. */
static int gather(struct cursor *from, struct cn_slice piece[PIECES])
{
	int n = 0;

	while (from->left) {
		size_t len;
		uint8_t *data = cursor_piece(from, &len);

		if (n == PIECES)
			return -1;
		piece[n++] = (struct cn_slice){
			.data = data,
			.len = len < UINT32_MAX ? (uint32_t)len : UINT32_MAX,
		};
		cursor_pass(from, len);
	}
	return n;
}

/* Many small ones become one; *copy is the caller's to free. */
static int join(struct cursor *from, struct cn_slice *piece, uint8_t **copy)
{
	uint32_t at = 0;

	if (from->left > DATAGRAM_MAX)
		return -EMSGSIZE;
	*copy = malloc(from->left);
	if (!*copy)
		return -ENOMEM;
	while (from->left) {
		size_t len;
		const uint8_t *data = cursor_piece(from, &len);

		memcpy(*copy + at, data, len);
		at += (uint32_t)len;
		cursor_pass(from, len);
	}
	*piece = (struct cn_slice){.data = *copy, .len = at};
	return 1;
}

static ssize_t send_pieces(struct lsock *sock, const struct cn_dgram_msg *to,
			   const struct cn_slice *piece, int n, int flags)
{
	uint64_t until = lsock_until(sock, sock->ls.sndtimeo_ns);
	int ended = 0;
	int64_t done;
	int rc;

	for (;;) {
		done = cn_dgram_send_msg(sock->dgram, to, piece, (unsigned)n,
					 sock->file.hub->now);
		if (done != CN_E_AGAIN)
			return done < 0 ? -linux_errno((int)done) : done;
		hub_run(sock->file.hub);
		if (cn_dgram_ready(sock->dgram) & CN_READY_OUT)
			continue;
		sock->nospace = true;
		if (!lsock_waits(sock, flags))
			return -EAGAIN;
		rc = lsock_wait(sock, until, &ended);
		if (rc)
			return -rc;
	}
}

/* AF_UNSPEC is Linux's old word for AF_INET, and for nobody to a socket of
 * IPv6. */
static int take_peer(const struct lsock *sock, const struct msghdr *msg,
		     struct cn_endpoint *peer)
{
	struct sockaddr_storage addr = {.ss_family = AF_UNSPEC};
	int rc;

	memcpy(&addr, msg->msg_name,
	       msg->msg_namelen < sizeof(addr) ? msg->msg_namelen :
						 sizeof(addr));
	if (addr.ss_family == AF_UNSPEC && sock->ls.domain == AF_INET6)
		return msg->msg_namelen < sizeof(addr.ss_family) ? EINVAL : 0;
	if (addr.ss_family == AF_UNSPEC)
		addr.ss_family = AF_INET;
	rc = linux_addr_take(sock->ls.domain, &addr, msg->msg_namelen, peer);
	return rc || peer->port ? rc : EINVAL;
}

/* Where to, and how. */
static int take_msg(const struct lsock *sock, const struct msghdr *msg,
		    int flags, struct cn_dgram_msg *to)
{
	int rc = 0;

	/* MSG_MORE would make one datagram out of several calls; to MSG_OOB
	 * Linux's IPv6 says nothing. */
	if (flags & (MSG_MORE | MSG_FASTOPEN) ||
	    (flags & MSG_OOB && sock->ls.domain == AF_INET))
		return EOPNOTSUPP;
	if (msg->msg_name && msg->msg_namelen)
		rc = take_peer(sock, msg, &to->peer);
	return rc ? rc : dgram_control_take(sock, msg, to);
}

ssize_t lsock_dgram_send(struct lsock *sock, const struct msghdr *msg,
			 int flags)
{
	struct cn_dgram_msg to = CN_DGRAM_MSG;
	struct cn_slice piece[PIECES];
	struct cursor from, again;
	uint8_t *copy = NULL;
	ssize_t done;
	int n, rc;

	rc = take_port(sock);
	if (!rc)
		rc = take_msg(sock, msg, flags, &to);
	if (!rc)
		rc = cursor_init(&from, msg->msg_iov, msg->msg_iovlen);
	if (rc)
		return -rc;
	again = from;
	n = gather(&from, piece);
	if (n < 0)
		n = join(&again, piece, &copy);
	done = n < 0 ? n : send_pieces(sock, &to, piece, n, flags);
	free(copy);
	return done;
}

/* ------------------------------------------------------------- receive -- */

static void put_name(const struct lsock *sock, struct msghdr *msg,
		     const struct cn_endpoint *ep)
{
	struct sockaddr_storage full;
	socklen_t n = linux_addr_out(sock->ls.domain, ep, &full);

	if (!msg->msg_name)
		return;
	memcpy(msg->msg_name, &full,
	       msg->msg_namelen < n ? msg->msg_namelen : n);
	msg->msg_namelen = n;
}

/* How many octets found room. */
static uint32_t scatter(struct cursor *to, const uint8_t *data, uint32_t size)
{
	uint32_t done = 0;

	while (done < size) {
		size_t len;
		uint8_t *at = cursor_piece(to, &len);

		if (!at)
			break;
		if (len > size - done)
			len = size - done;
		memcpy(at, data + done, len);
		cursor_pass(to, len);
		done += (uint32_t)len;
	}
	return done;
}

static ssize_t take_one(struct lsock *sock, struct msghdr *msg,
			struct cursor *to, int flags,
			const struct cn_slice *slice,
			const struct cn_dgram_msg *from)
{
	uint32_t done = scatter(to, slice->data, slice->len);
	uint32_t whole = slice->len;

	msg->msg_flags = done < whole ? MSG_TRUNC : 0;
	put_name(sock, msg, &from->peer);
	dgram_control_put(sock, msg, from);
	if (!(flags & MSG_PEEK))
		cn_dgram_recv_take(sock->dgram);
	return flags & MSG_TRUNC ? (ssize_t)whole : (ssize_t)done;
}

/* The end after shutdown is nothing from nobody. */
static ssize_t take_end(struct msghdr *msg)
{
	msg->msg_flags = 0;
	msg->msg_namelen = 0;
	msg->msg_controllen = 0;
	return 0;
}

static ssize_t recv_error(struct lsock *sock, struct msghdr *msg,
			  struct cursor *to)
{
	struct cn_dgram_error error;
	uint8_t quote[2048];
	int64_t n =
		cn_dgram_recv_error(sock->dgram, quote, sizeof(quote), &error);

	if (n < 0)
		return -linux_errno((int)n);
	msg->msg_flags = MSG_ERRQUEUE;
	if (scatter(to, quote, (uint32_t)n) < error.len)
		msg->msg_flags |= MSG_TRUNC;
	put_name(sock, msg, &error.to);
	dgram_control_error(sock, msg, &error);
	return (ssize_t)n;
}

ssize_t lsock_dgram_recv(struct lsock *sock, struct msghdr *msg, int flags)
{
	uint64_t until = lsock_until(sock, sock->ls.rcvtimeo_ns);
	struct cn_dgram_msg from;
	struct cn_slice slice;
	struct cursor to;
	int ended = 0;
	int rc = cursor_init(&to, msg->msg_iov, msg->msg_iovlen);

	if (rc)
		return -rc;
	if (flags & MSG_ERRQUEUE)
		return recv_error(sock, msg, &to);
	for (;;) {
		rc = cn_dgram_recv_view(sock->dgram, &slice, &from);
		if (rc == 1)
			return take_one(sock, msg, &to, flags, &slice, &from);
		if (rc && rc != CN_E_AGAIN)
			return -linux_errno(rc);
		/* Even where it was shut down, as Linux has it. */
		if (!lsock_waits(sock, flags))
			return -EAGAIN;
		if (rc == 0)
			return take_end(msg);
		rc = lsock_wait(sock, until, &ended);
		if (rc)
			return -rc;
	}
}
