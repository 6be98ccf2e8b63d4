/* SPDX-License-Identifier: MIT */
/*
 * The rare forms of sending and receiving that AF_UNIX would answer unlike
 * TCP: with an address, MSG_TRUNC, MSG_ERRQUEUE, MSG_FASTOPEN.  They are done
 * here on a copy of A, a piece at a time: a blocking send may be short, which
 * POSIX allows.
 */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "run/supervisor.h"
#include "run/world/world.h"

#define PIECE ((size_t)256 << 10)

#define CMSG_COMPAT 0x80000000u /* the kernel's MSG_CMSG_COMPAT */

#ifndef IOV_MAX
#define IOV_MAX 1024 /* the kernel's UIO_MAXIOV */
#endif

#ifndef MSG_FASTOPEN
#define MSG_FASTOPEN 0x20000000
#endif

static size_t piece_of(uint64_t len)
{
	return len < PIECE ? (size_t)len : PIECE;
}

/* ------------------------------------------------------- sendto, sendmsg */

/* What is to be sent: pieces of the task's memory. */
struct message {
	struct iovec iov[IOV_MAX];
	size_t n;
	uint64_t len; /* of all */
	bool named; /* an address comes with it */
	int flags;
};

static void message_of_sendto(const uint64_t args[6], struct message *m)
{
	m->iov[0].iov_base = (void *)(uintptr_t)args[1];
	m->iov[0].iov_len = args[2];
	m->n = 1;
	m->len = args[2];
	m->named = args[4] != 0;
	m->flags = (int)args[3];
}

/* The errors are those of Linux's copy of a header, in its order. */
static long message_of_sendmsg(pid_t tid, const uint64_t args[6],
			       struct message *m)
{
	struct sockaddr_storage addr;
	struct msghdr msg;
	long err = task_read(tid, args[1], &msg, sizeof(msg));

	if (err == 0 && msg.msg_name && (int)msg.msg_namelen < 0)
		err = -EINVAL;
	if (err < 0)
		return err;
	if (msg.msg_namelen > sizeof(addr))
		msg.msg_namelen = sizeof(addr);
	m->named = msg.msg_name && msg.msg_namelen;
	m->flags = (int)args[2];
	if (m->named)
		err = task_read(tid, (uint64_t)(uintptr_t)msg.msg_name, &addr,
				msg.msg_namelen);
	if (err == 0 && msg.msg_iovlen > IOV_MAX)
		err = -EMSGSIZE;
	if (err < 0)
		return err;
	m->n = msg.msg_iovlen;
	err = task_read(tid, (uint64_t)(uintptr_t)msg.msg_iov, m->iov,
			m->n * sizeof(m->iov[0]));
	for (size_t i = 0; i < m->n && err == 0; i++) {
		if (m->iov[i].iov_len > INT64_MAX)
			return -EINVAL;
		m->len += m->iov[i].iov_len;
		if (m->len > INT32_MAX) /* as much as Linux takes, about */
			m->len = INT32_MAX;
	}
	return err;
}

static long message_of(pid_t tid, int nr, const uint64_t args[6],
		       struct message *m)
{
	m->len = 0;
	if (nr == SYS_sendmsg)
		return message_of_sendmsg(tid, args, m);
	message_of_sendto(args, m);
	return 0;
}

static void signal_pipe(pid_t tid, int flags)
{
	if (!(flags & MSG_NOSIGNAL))
		(void)syscall(SYS_tgkill, task_process(tid), tid, SIGPIPE);
}

/* As Linux's sk_stream_error(): an error that waits to be told goes first, and
 * SIGPIPE comes with EPIPE alone. */
static long broken_pipe(struct psock *psock, pid_t tid, int a, int flags)
{
	const int err = take_error(psock, a);

	if (err != 0 && err != EPIPE)
		return -err;
	signal_pipe(tid, flags);
	return -EPIPE;
}

static long send_piece(struct psock *psock, pid_t tid, int a, struct message *m)
{
	const int flags = m->flags & (MSG_OOB | MSG_MORE | MSG_EOR);
	const size_t len = piece_of(m->len);
	char *data = malloc(len ? len : 1);
	long err;

	if (!data)
		return -ENOBUFS;
	err = task_gather(tid, m->iov, m->n, data, len);
	if (err >= 0) {
		ssize_t put = send(a, data, (size_t)err,
				   flags | MSG_DONTWAIT | MSG_NOSIGNAL);

		err = put < 0 ? -errno : put;
	}
	free(data);
	return err == -EPIPE ? broken_pipe(psock, tid, a, m->flags) : err;
}

/* The same; with MSG_MORE the world learns up to where there is more to come,
 * since the octets themselves do not say so. */
static long send_on(struct psock *psock, pid_t tid, int a, struct message *m)
{
	const bool more = (m->flags & MSG_MORE) && m->len &&
			  psock->state == PSOCK_OPEN;
	long err;

	if (more)
		world_more(psock->sock, piece_of(m->len));
	err = send_piece(psock, tid, a, m);
	if (more)
		world_more(psock->sock, 0);
	return err;
}

long send_again(struct waiter *waiter)
{
	struct message m;
	long err = message_of(waiter->tid, waiter->nr, waiter->args, &m);

	if (err == 0)
		err = send_on(waiter->psock, waiter->tid, waiter->watch.fd, &m);
	return err == -EAGAIN ? CALL_LATER : err;
}

/* TCP takes no notice of the address once it is connected. */
static long send_message(struct call *call, struct message *m)
{
	long err;

	switch (call->psock->state) {
	case PSOCK_CLOSED:
	case PSOCK_LISTENING:
	case PSOCK_FAILED:
		/* The signal may take the answer away; not twice for that. */
		call->once = true;
		return broken_pipe(call->psock, call->tid, call->a, m->flags);
	case PSOCK_CONNECTING:
	case PSOCK_OPEN:
	case PSOCK_OVER:
		break;
	}
	/* So many do not wait for more, and are sent whole. */
	if (!m->named && m->len > PIECE)
		return CALL_CONTINUE;
	call->once = true;
	err = send_on(call->psock, call->tid, call->a, m);
	if (err != -EAGAIN || (m->flags & MSG_DONTWAIT) ||
	    is_nonblocking(call->a))
		return err;
	return wait_for_a(call, WAIT_SEND, socket_timeout(call->a, SO_SNDTIMEO),
			  EPOLLOUT);
}

long call_sendto(struct call *call)
{
	struct message m;

	if ((int)call->args[3] & MSG_FASTOPEN)
		return -EOPNOTSUPP;
	m.len = 0;
	message_of_sendto(call->args, &m);
	return send_message(call, &m);
}

/* Nearly all that are called are as they should be natively, and are seen only
 * because an address does not show in the arguments. */
bool sendmsg_is_plain(const struct call *call)
{
	const int flags = (int)call->args[2];
	struct msghdr msg;

	return !(flags & (MSG_FASTOPEN | MSG_MORE)) &&
	       (task_read(call->tid, call->args[1], &msg, sizeof(msg)) < 0 ||
		!msg.msg_name || msg.msg_namelen == 0);
}

long call_sendmsg(struct call *call)
{
	const unsigned flags = (unsigned)call->args[2];
	struct message m;
	long err;

	if (flags & CMSG_COMPAT)
		return CALL_CONTINUE; /* which is EINVAL in any family */
	if (flags & MSG_FASTOPEN)
		return -EOPNOTSUPP; /* programs fall back */
	err = message_of(call->tid, call->nr, call->args, &m);
	return err < 0 ? err : send_message(call, &m);
}

long call_sendmmsg(struct call *call)
{
	(void)call;
	return -EOPNOTSUPP;
}

/* -------------------------------------------------------------- recvfrom */

/* The sender of a stream has no name; how much room there is for one is looked
 * at all the same, and, as natively, after the octets were taken. */
static long tell_no_name(pid_t tid, uint64_t len_at)
{
	const int none = 0;
	int room;
	long err = task_read(tid, len_at, &room, sizeof(room));

	if (err < 0)
		return err;
	if (room < 0)
		return -EINVAL;
	return task_write(tid, len_at, &none, sizeof(none));
}

static long receive_piece(pid_t tid, int a, const uint64_t args[6])
{
	const int flags = (int)args[3] & (MSG_OOB | MSG_PEEK);
	const size_t len = piece_of(args[2]);
	char *data = malloc(len ? len : 1);
	ssize_t got;
	long err;

	if (!data)
		return -ENOBUFS;
	got = recv(a, data, len, flags | MSG_DONTWAIT);
	err = got < 0 ? -errno : got;
	/* MSG_TRUNC: TCP throws them away. */
	if (got > 0 && !((int)args[3] & MSG_TRUNC) &&
	    task_write(tid, args[1], data, (size_t)got) < 0)
		err = -EFAULT;
	free(data);
	if (err >= 0 && args[4]) {
		const long told = tell_no_name(tid, args[5]);

		err = told < 0 ? told : err;
	}
	return err;
}

long receive_again(struct waiter *waiter)
{
	long err = receive_piece(waiter->tid, waiter->watch.fd, waiter->args);

	return err == -EAGAIN ? CALL_LATER : err;
}

/* In the order of Linux's tcp_recvmsg_locked(): what a failed connect left is
 * told once, and then it is as if the peer had ended. */
static long receive_unconnected(struct call *call, int flags)
{
	int err;

	if (call->psock->state == PSOCK_LISTENING)
		return -ENOTCONN;
	if (flags & MSG_OOB)
		return -EINVAL;
	err = take_error(call->psock, call->a);
	call->once = err != 0;
	if (err != 0)
		return -err;
	if (call->psock->state != PSOCK_FAILED)
		return -ENOTCONN;
	return call->args[4] ? tell_no_name(call->tid, call->args[5]) : 0;
}

long call_recvfrom(struct call *call)
{
	const int flags = (int)call->args[3];
	long err;

	if (flags & MSG_ERRQUEUE)
		return -EAGAIN;
	switch (call->psock->state) {
	case PSOCK_CLOSED:
	case PSOCK_LISTENING:
	case PSOCK_FAILED:
		return receive_unconnected(call, flags);
	case PSOCK_CONNECTING:
	case PSOCK_OPEN:
	case PSOCK_OVER:
		break;
	}
	/* An accepted A has a peer without a name: natively right. */
	if (!call->psock->named && !(flags & MSG_TRUNC))
		return CALL_CONTINUE;
	call->once = true;
	err = receive_piece(call->tid, call->a, call->args);
	if (err != -EAGAIN || (flags & MSG_DONTWAIT) || is_nonblocking(call->a))
		return err;
	return wait_for_a(call, WAIT_RECEIVE,
			  socket_timeout(call->a, SO_RCVTIMEO),
			  EPOLLIN | EPOLLRDHUP);
}

/*
 * MSG_TRUNC natively hands the octets over, which is harmless.  The error queue
 * is empty, where the call is right in itself.
 */
long call_recvmsg(struct call *call)
{
	const unsigned flags = (unsigned)call->args[2];
	struct msghdr msg;
	long err;

	if (!(flags & MSG_ERRQUEUE) || (flags & CMSG_COMPAT))
		return CALL_CONTINUE; /* which is EINVAL in any family */
	err = task_read(call->tid, call->args[1], &msg, sizeof(msg));
	if (err < 0)
		return err;
	return (int)msg.msg_namelen < 0 ? -EINVAL : -EAGAIN;
}

long call_recvmmsg(struct call *call)
{
	return (int)call->args[3] & MSG_ERRQUEUE ? -EAGAIN : CALL_CONTINUE;
}
