/* SPDX-License-Identifier: MIT */
/*
 * Octets in and out, after Linux's tcp_sendmsg and tcp_recvmsg: what was moved
 * is told first, the error that ended it by the next call.
 */
#include <errno.h>
#include <limits.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>

#include "lib/cursor.h"
#include "lib/errq.h"
#include "lib/linux_addr.h"
#include "lib/linux_err.h"
#include "lib/lsock.h"
#include "lib/lsock_dgram.h"

/* ---------------------------------------------------------------- send -- */

static unsigned send_flags(int flags)
{
	return (flags & MSG_OOB ? (unsigned)CN_MSG_OOB : 0) |
	       (flags & MSG_MORE ? (unsigned)CN_MSG_MORE : 0) |
	       (flags & MSG_EOR ? (unsigned)CN_MSG_EOR : 0);
}

/* More than a SYN takes on any link but the loopback. */
#define SYN_MOST 9216

/* Octets that the engine took, or its error when there were none. */
static int64_t push(struct lsock *sock, struct cursor *from, int flags)
{
	int64_t done = 0;

	for (;;) {
		unsigned how = send_flags(flags);
		size_t len;
		uint8_t *data = cursor_piece(from, &len);
		int64_t n;

		/* More pieces follow: this one need not go out alone; nor do
		 * urgent data or a record end before the last. */
		if (len < from->left)
			how = (how & ~(unsigned)(CN_MSG_OOB | CN_MSG_EOR)) |
			      CN_MSG_MORE;
		n = cn_sock_send(sock->ls.sock, data, len, how,
				 sock->file.hub->now);
		if (n < 0)
			return done ? done : n;
		cursor_pass(from, (size_t)n);
		sock->queued += (uint64_t)n;
		done += n;
		if (!from->left || (size_t)n < len)
			return done;
	}
}

/* As Linux: who waits is woken when a good part of the buffer is free, or when
 * it is over. */
static int wait_for_room(struct lsock *sock, uint64_t until, int *ended)
{
	const unsigned enough = CN_READY_OUT | CN_READY_ERR | CN_READY_HUP;
	int rc;

	do {
		rc = lsock_wait(sock, until, ended);
	} while (!rc && !(cn_sock_ready(sock->ls.sock) & enough));
	return rc;
}

static ssize_t send_locked(struct lsock *sock, struct cursor *from, int flags)
{
	bool waits = lsock_waits(sock, flags);
	uint64_t until = lsock_until(sock, sock->ls.sndtimeo_ns);
	ssize_t done = 0;
	int ended = 0;
	int64_t n;
	int rc;

	for (;;) {
		/* A pending error is for the next call to tell. */
		if (done && cn_sock_ready(sock->ls.sock) & CN_READY_ERR)
			return done;
		n = push(sock, from, flags);
		if (n < 0 && n != CN_E_AGAIN)
			return done ? done : -linux_errno((int)n);
		done += n < 0 ? 0 : n;
		if (n >= 0 && !from->left)
			return done;
		hub_run(sock->file.hub);
		if (cn_sock_writable(sock->ls.sock))
			continue;
		sock->nospace = true;
		rc = waits ? wait_for_room(sock, until, &ended) : EAGAIN;
		if (rc)
			return done ? done : -rc;
	}
}

/* The octets of several pieces, as many as there is room for. */
static size_t gather(const struct cursor *from, uint8_t *to, size_t room)
{
	struct cursor at = *from;
	size_t done = 0, len;

	while (done < room && at.left) {
		const uint8_t *piece = cursor_piece(&at, &len);

		if (len > room - done)
			len = room - done;
		memcpy(to + done, piece, len);
		cursor_pass(&at, len);
		done += len;
	}
	return done;
}

static void pass_over(struct cursor *from, size_t octets)
{
	while (octets) {
		size_t len;

		(void)cursor_piece(from, &len);
		if (len > octets)
			len = octets;
		cursor_pass(from, len);
		octets -= len;
	}
}

/* The first octets ride on the SYN, if they can; the rest goes as ever, where
 * the call waits. */
static ssize_t send_fast(struct lsock *sock, const struct msghdr *msg,
			 struct cursor *from, int flags)
{
	uint8_t syn[SYN_MOST];
	size_t len;
	const uint8_t *data = cursor_piece(from, &len);
	ssize_t n, rest;

	if (len < from->left && len < sizeof(syn)) {
		len = gather(from, syn, sizeof(syn));
		data = syn;
	}
	n = lsock_connect_send(sock, msg, data, len, from->left, flags);
	if (n < 0)
		return n;
	pass_over(from, (size_t)n);
	if (!from->left || !lsock_waits(sock, flags))
		return n;
	rest = send_locked(sock, from, flags);
	if (rest >= 0)
		return n + rest;
	return n ? n : rest;
}

/* A stream goes where it is connected to, whatever the address: as Linux. */
static ssize_t send_stream(struct lsock *sock, const struct msghdr *msg,
			   int flags)
{
	struct cursor from;
	int rc = cursor_init(&from, msg->msg_iov, msg->msg_iovlen);

	if (!rc && errq_refuses(sock, flags))
		rc = ENOBUFS;
	if (rc)
		return -rc;
	return flags & MSG_FASTOPEN || cn_sock_defers(sock->ls.sock) ?
		       send_fast(sock, msg, &from, flags) :
		       send_locked(sock, &from, flags);
}

static ssize_t send_msg(int fd, const struct msghdr *msg, int flags)
{
	struct lsock *sock;
	bool signals;
	ssize_t done;
	int rc = lsock_enter(fd, &sock);

	if (rc)
		return lsock_fail(rc);
	rc = linux_addr_check(msg->msg_name, msg->msg_namelen);
	if (rc) {
		lsock_leave(sock);
		return lsock_fail(rc);
	}
	/* Datagrams never raise it. */
	signals = !sock->dgram && sock->stack->sigpipe;
	done = sock->dgram ? lsock_dgram_send(sock, msg, flags) :
			     send_stream(sock, msg, flags);
	if (done > 0 && !sock->dgram)
		errq_sent(sock, (size_t)done, flags);
	lsock_leave(sock);
	if (done == -EPIPE && signals && !(flags & MSG_NOSIGNAL))
		raise(SIGPIPE);
	return done < 0 ? lsock_fail((int)-done) : done;
}

ssize_t cn_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct msghdr copy;

	if (!msg)
		return lsock_fail(EFAULT);
	copy = *msg;
	/* Other than sendto, this takes what is too long, and cuts it. */
	if ((int)copy.msg_namelen > (int)sizeof(struct sockaddr_storage))
		copy.msg_namelen = sizeof(struct sockaddr_storage);
	if (!copy.msg_name)
		copy.msg_namelen = 0;
	return send_msg(fd, &copy, flags);
}

ssize_t cn_sendto(int fd, const void *data, size_t len, int flags,
		  const struct sockaddr *addr, socklen_t addr_len)
{
	struct iovec iov = {unconst(data), len};
	const struct msghdr msg = {.msg_name = unconst(addr),
				   .msg_namelen = addr ? addr_len : 0,
				   .msg_iov = &iov,
				   .msg_iovlen = 1};

	return send_msg(fd, &msg, flags);
}

ssize_t cn_send(int fd, const void *data, size_t len, int flags)
{
	return cn_sendto(fd, data, len, flags, NULL, 0);
}

/* ------------------------------------------------------------- receive -- */

static unsigned recv_flags(int flags)
{
	return (flags & MSG_PEEK ? (unsigned)CN_MSG_PEEK : 0) |
	       (flags & MSG_OOB ? (unsigned)CN_MSG_OOB : 0) |
	       (flags & MSG_TRUNC ? (unsigned)CN_MSG_TRUNC : 0);
}

/* Linux's sock_rcvlowat: what a waiting call waits for. */
static size_t target(const struct lsock *sock, size_t len, int flags)
{
	int64_t low = 1;

	if (flags & MSG_WAITALL)
		return len ? len : 1;
	(void)cn_sock_get(sock->ls.sock, CN_OPT_RCVLOWAT, &low);
	if (low > 1 && (size_t)low < len)
		return (size_t)low;
	return low > 1 && len ? len : 1;
}

/* Nothing more will come, or something is to be told first. */
static bool recv_is_over(const struct lsock *sock)
{
	return cn_sock_ready(sock->ls.sock) &
	       (CN_READY_ERR | CN_READY_HUP | CN_READY_RDHUP);
}

static int64_t pull(struct lsock *sock, struct cursor *to, int flags)
{
	int64_t done = 0;
	size_t before;

	for (;;) {
		size_t len;
		uint8_t *data = cursor_piece(to, &len);
		int64_t n;

		if (done && !cn_sock_readable(sock->ls.sock))
			return done;
		before = cn_sock_readable(sock->ls.sock);
		n = cn_sock_recv(sock->ls.sock, data, len, recv_flags(flags),
				 sock->file.hub->now);
		if (n <= 0)
			return done ? done : n;
		cursor_pass(to, (size_t)n);
		done += n;
		/* Full, or it stopped short: the urgent mark. */
		if (!to->left || (size_t)n < len || (size_t)n == before)
			return done;
	}
}

/* MSG_PEEK into several pieces: the engine looks from the front each time.
 * With MSG_TRUNC it only counts. */
static int64_t peek(struct lsock *sock, struct cursor *to, int flags)
{
	struct cn_slice slice[CN_SLICES_MAX * 16];
	int64_t done = 0;
	int n = cn_sock_recv_view(sock->ls.sock, slice, CN_SLICES_MAX * 16);

	for (int i = 0; i < n; i++) {
		uint32_t off = 0;

		while (off < slice[i].len) {
			size_t len;
			uint8_t *data = cursor_piece(to, &len);

			if (!data)
				return done;
			if (len > slice[i].len - off)
				len = slice[i].len - off;
			if (!(flags & MSG_TRUNC))
				memcpy(data, slice[i].data + off, len);
			cursor_pass(to, len);
			off += (uint32_t)len;
			done += (int64_t)len;
		}
	}
	return done;
}

/* Even to read nothing Linux waits until there is something. */
static int64_t recv_nothing(struct lsock *sock)
{
	uint8_t octet;

	if (cn_sock_readable(sock->ls.sock))
		return 0;
	return cn_sock_recv(sock->ls.sock, &octet, 1, CN_MSG_PEEK,
			    sock->file.hub->now);
}

/* What is there, now: octets, 0 at the end, or the engine's error. */
static int64_t recv_now(struct lsock *sock, struct cursor *to, int flags,
			size_t want)
{
	if (flags & MSG_OOB)
		return pull(sock, to, flags);
	if (!to->left)
		return recv_nothing(sock);
	if (!(flags & MSG_PEEK) || !cn_sock_readable(sock->ls.sock))
		return pull(sock, to, flags);
	if (cn_sock_readable(sock->ls.sock) < want && !recv_is_over(sock))
		return CN_E_AGAIN;
	return peek(sock, to, flags);
}

/* Nothing is left, and an end or an error is for the next call to tell. */
static bool is_at_end(const struct lsock *sock)
{
	return recv_is_over(sock) && !cn_sock_readable(sock->ls.sock);
}

/* The next octet is the urgent one: a read that has something ends here. */
static bool is_at_mark(const struct lsock *sock)
{
	int64_t mark = 0;

	(void)cn_sock_get(sock->ls.sock, CN_OPT_ATMARK, &mark);
	return mark != 0;
}

static ssize_t recv_locked(struct lsock *sock, struct cursor *to, int flags)
{
	/* Urgent data is never waited for. */
	bool waits = lsock_waits(sock, flags) && !(flags & MSG_OOB);
	uint64_t until = lsock_until(sock, sock->ls.rcvtimeo_ns);
	size_t want = waits ? target(sock, to->left, flags) : 1;
	ssize_t done = 0;
	int ended = 0;
	int64_t n;
	int rc;

	for (;;) {
		n = recv_now(sock, to, flags, want);
		if (n > 0)
			done += n;
		if (n == 0 || (size_t)done >= want)
			return done;
		if (n < 0 && n != CN_E_AGAIN)
			return done ? done : -linux_errno((int)n);
		if (flags & (MSG_PEEK | MSG_OOB) && done)
			return done;
		if (done && (is_at_mark(sock) || is_at_end(sock)))
			return done;
		rc = waits ? lsock_wait(sock, until, &ended) : EAGAIN;
		/* Linux waits once to read nothing, and then has read it. */
		if (waits && !to->left && !done)
			return 0;
		if (!rc && done && is_at_end(sock))
			return done;
		/* The stack may be gone. */
		if (rc && want > 1 && flags & MSG_PEEK && sock->ls.sock) {
			waits = false; /* what there is will have to do */
			want = 1;
			if (cn_sock_readable(sock->ls.sock))
				continue;
		}
		if (rc)
			return done ? done : -rc;
	}
}

/* An end that has come counts as one, so that who asks will read it. */
static int left_to_read(const struct lsock *sock)
{
	size_t left = cn_sock_readable(sock->ls.sock);

	left += cn_sock_peer_closed(sock->ls.sock);
	return left < INT_MAX ? (int)left : INT_MAX;
}

static void put_control(struct lsock *sock, struct msghdr *msg, ssize_t done)
{
	size_t used = 0;
	int inq;

	if (done > 0)
		errq_put_received(sock, msg, &used);
	if (sock->inq) {
		inq = left_to_read(sock);
		errq_put(msg, &used, IPPROTO_TCP, TCP_CM_INQ, &inq,
			 sizeof(inq));
	}
	msg->msg_controllen = used;
}

static ssize_t recv_stream(struct lsock *sock, struct msghdr *msg, int flags)
{
	struct cursor to;
	ssize_t done;
	int rc = cursor_init(&to, msg->msg_iov, msg->msg_iovlen);

	if (!rc && flags & MSG_ERRQUEUE)
		return errq_recv(sock, msg);
	done = rc ? -rc : recv_locked(sock, &to, flags);
	if (done < 0)
		return done;
	/* The peer of a stream is known. */
	msg->msg_namelen = 0;
	msg->msg_flags = flags & MSG_OOB;
	if (sock->ls.sock)
		put_control(sock, msg, done);
	else
		msg->msg_controllen = 0;
	return done;
}

static ssize_t recv_msg(int fd, struct msghdr *msg, int flags)
{
	struct lsock *sock;
	ssize_t done;
	int rc = lsock_enter(fd, &sock);

	if (rc)
		return lsock_fail(rc);
	done = sock->dgram ? lsock_dgram_recv(sock, msg, flags) :
			     recv_stream(sock, msg, flags);
	lsock_leave(sock);
	return done < 0 ? lsock_fail((int)-done) : done;
}

ssize_t cn_recvmsg(int fd, struct msghdr *msg, int flags)
{
	return msg ? recv_msg(fd, msg, flags) : lsock_fail(EFAULT);
}

ssize_t cn_recvfrom(int fd, void *data, size_t len, int flags,
		    struct sockaddr *addr, socklen_t *addr_len)
{
	struct iovec iov = {data, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (addr && !addr_len)
		return lsock_fail(EFAULT);
	if (addr) {
		msg.msg_name = addr;
		msg.msg_namelen = *addr_len;
	}
	n = recv_msg(fd, &msg, flags);
	if (n >= 0 && addr)
		*addr_len = msg.msg_namelen;
	return n;
}

ssize_t cn_recv(int fd, void *data, size_t len, int flags)
{
	return cn_recvfrom(fd, data, len, flags, NULL, NULL);
}
