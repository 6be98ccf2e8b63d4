/* SPDX-License-Identifier: MIT */
/*
 * A relay between a socket of the engine and a descriptor.
 *
 * What the descriptor's reset means: on the program's side it has closed with
 * octets unread, and our peer is told by RST; on the kernel's side the real
 * peer has reset, and the program's host is told by RST once what came before
 * has left, so that the reset does not overtake it.
 */
#include "run/world/relay.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <linux/sockios.h>

#include "lib/linux_err.h"
#include "run/world/end.h"

#define PIECES 16
/* Octets moved in one direction before others have their turn. */
#define TURN (512u * 1024)
#define READ_MAX (256u * 1024)
/* How long a reset waits for octets that came before it: for the window to let
 * them out, or for the program to read them. */
#define RESET_WAIT_NS (2 * CN_NS_PER_SEC)

static void watch_ready(void *ctx, uint32_t events)
{
	struct relay *relay = ctx;

	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		relay->readable = true;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		relay->is_ending = true;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		relay->writable = true;
	if (!relay->end && (events & EPOLLPRI))
		relay->has_urgent = true;
	if (relay->end && (events & EPOLLPRI))
		relay->end->pri = true;
	if (relay->end && (events & EPOLLHUP))
		(void)end_is_gone(relay->end);
	relay_touch(relay);
}

static void timer_fire(void *ctx, uint64_t now)
{
	(void)now;
	relay_touch(ctx);
}

int relay_start(struct relay *relay, struct loop *loop, struct list *due,
		struct cn_sock *sock, struct end *end, int fd)
{
	const uint32_t events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP |
				EPOLLET;
	int one = 1;
	int rc;

	memset(relay, 0, sizeof(*relay));
	relay->loop = loop;
	relay->due = due;
	relay->sock = sock;
	relay->end = end;
	relay->shared = end && end->shared;
	relay->watch.ready = watch_ready;
	relay->watch.ctx = relay;
	relay->watch.fd = end ? end->fd : fd;
	relay->timer.fire = timer_fire;
	relay->timer.ctx = relay;
	relay->timer.at = CN_NEVER;
	list_init(&relay->node);
	if (!end)
		(void)setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &one,
				 sizeof(one));
	rc = loop_watch(loop, &relay->watch, events);
	if (rc)
		return -rc;
	/* What can be read already makes an event of its own. */
	relay->writable = true;
	relay_touch(relay);
	return 0;
}

void relay_touch(struct relay *relay)
{
	if (relay->due && !list_is_linked(&relay->node))
		list_add_tail(relay->due, &relay->node);
}

void relay_stop(struct relay *relay, bool closing)
{
	if (!relay->loop)
		return;
	if (closing && !relay->shared)
		loop_forget(relay->loop, &relay->watch);
	else
		loop_unwatch(relay->loop, &relay->watch);
	loop_cancel(relay->loop, &relay->timer);
	list_del(&relay->node);
	relay->due = NULL;
}

/* -------------------------------------------- descriptor to socket -- */

/*
 * The urgent octet is in line (SO_OOBINLINE), and Linux never reads past what
 * comes before it: at the mark it is the next.
 */
static ssize_t read_kernel(struct relay *relay, const struct iovec *iov, int n,
			   bool *urgent)
{
	struct iovec one = {iov[0].iov_base, 1};
	struct msghdr msg = {.msg_iov = (struct iovec *)iov,
			     .msg_iovlen = (size_t)n};
	ssize_t got;
	int mark = 0;

	*urgent = !ioctl(relay->watch.fd, SIOCATMARK, &mark) && mark;
	if (*urgent) {
		msg.msg_iov = &one;
		msg.msg_iovlen = 1;
	}
	got = recvmsg(relay->watch.fd, &msg, MSG_DONTWAIT);
	return got < 0 ? -errno : got;
}

static ssize_t read_some(struct relay *relay, const struct cn_span *span, int n,
			 bool *urgent)
{
	struct iovec iov[PIECES];

	for (int i = 0; i < n; i++) {
		iov[i].iov_base = span[i].data;
		iov[i].iov_len = span[i].len;
	}
	if (relay->end)
		return end_read(relay->end, iov, n, urgent);
	return read_kernel(relay, iov, n, urgent);
}

static void wait_to_reset(struct relay *relay, uint64_t now)
{
	if (relay->give_up_at)
		return;
	relay->give_up_at = now + RESET_WAIT_NS;
	(void)loop_at(relay->loop, &relay->timer, relay->give_up_at);
}

/* The descriptor will give no more. */
static void in_ended(struct relay *relay, int err, uint64_t now)
{
	relay->in_over = true;
	if (!err) {
		if (!relay->no_fin)
			(void)cn_sock_shutdown(relay->sock, CN_SHUT_WR, now);
		return;
	}
	relay->err = err;
	relay->by_descriptor = true;
	wait_to_reset(relay, now);
}

/*
 * A stream that gave less than there was room for has no more, and the next
 * octet makes an edge (epoll(7)); but where something else than the lack of
 * octets ends a read, it is read until it says so itself.
 */
static bool has_no_more(const struct relay *relay, const struct cn_span *span,
			int n, size_t got)
{
	const struct end *end = relay->end;
	size_t room = 0;

	for (int i = 0; i < n; i++)
		room += span[i].len;
	return got < room && !relay->is_ending && !relay->has_urgent &&
	       !(end && (end->pri || end->cut || end->shut_wr));
}

static unsigned how_sent(const struct relay *relay, bool urgent)
{
	return (urgent ? (unsigned)CN_MSG_OOB : 0) |
	       (relay->octets_in <= relay->more_until ? (unsigned)CN_MSG_MORE :
							0);
}

static bool pull(struct relay *relay, uint64_t now)
{
	struct cn_span span[PIECES];
	size_t moved = 0;

	while (!relay->in_over && relay->readable && moved < TURN) {
		bool urgent;
		ssize_t got;
		int n;

		/* Asking a dead socket for room takes the error that is_dead()
		 * looks for. */
		if (cn_sock_ready(relay->sock) & CN_READY_ERR)
			break;
		n = cn_sock_send_reserve(relay->sock, READ_MAX, span, PIECES,
					 now);
		if (n <= 0)
			break;
		got = read_some(relay, span, n, &urgent);
		if (got > 0) {
			relay->octets_in += (size_t)got;
			(void)cn_sock_send_commit(relay->sock, (size_t)got,
						  how_sent(relay, urgent), now);
			moved += (size_t)got;
			if (!urgent && has_no_more(relay, span, n, (size_t)got))
				relay->readable = false;
			relay->has_urgent &= !urgent;
		} else if (got == -EAGAIN || got == -EINTR) {
			relay->readable = got == -EINTR;
		} else {
			in_ended(relay, (int)-got, now);
			moved++;
		}
	}
	return moved > 0;
}

/* -------------------------------------------- socket to descriptor -- */

static ssize_t write_some(struct relay *relay, const struct cn_slice *slice,
			  int n)
{
	struct iovec iov[PIECES];
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = (size_t)n};
	ssize_t put;

	for (int i = 0; i < n; i++) {
		iov[i].iov_base = (void *)(uintptr_t)slice[i].data;
		iov[i].iov_len = slice[i].len;
	}
	if (relay->end)
		return end_write(relay->end, iov, n);
	put = sendmsg(relay->watch.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	return put < 0 ? -errno : put;
}

static int write_urgent(struct relay *relay, uint8_t octet)
{
	if (relay->end)
		return end_write_urgent(relay->end, octet);
	if (send(relay->watch.fd, &octet, 1,
		 MSG_OOB | MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
		return 0;
	return -errno;
}

/* The urgent octet, when it is the next: true when it was passed on. */
static bool push_urgent(struct relay *relay, uint64_t now)
{
	uint8_t octet;
	int64_t mark = 0;
	int rc;

	if (!(cn_sock_ready(relay->sock) & CN_READY_PRI) ||
	    cn_sock_get(relay->sock, CN_OPT_ATMARK, &mark) != CN_OK || !mark)
		return false;
	if (cn_sock_recv(relay->sock, &octet, 1, CN_MSG_OOB | CN_MSG_PEEK,
			 now) != 1)
		return false;
	rc = write_urgent(relay, octet);
	if (rc == -EAGAIN) {
		relay->writable = false;
		return false;
	}
	(void)cn_sock_recv(relay->sock, &octet, 1, CN_MSG_OOB, now);
	return true;
}

/* The peer's FIN, everything before it being written. */
static void out_ended(struct relay *relay)
{
	relay->out_over = true;
	if (relay->end)
		end_eof(relay->end);
	else
		(void)shutdown(relay->watch.fd, SHUT_WR);
}

static bool push(struct relay *relay, uint64_t now)
{
	struct cn_slice slice[PIECES];
	size_t moved = 0;

	while (!relay->out_over && relay->writable && moved < TURN) {
		ssize_t put;
		int n;

		if (push_urgent(relay, now)) {
			relay->octets_out++;
			moved++;
			continue;
		}
		n = cn_sock_recv_view(relay->sock, slice, PIECES);
		if (n <= 0) {
			if (cn_sock_peer_closed(relay->sock) &&
			    !cn_sock_readable(relay->sock)) {
				out_ended(relay);
				moved++;
			}
			break;
		}
		put = write_some(relay, slice, n);
		if (put > 0) {
			(void)cn_sock_recv_take(relay->sock, (size_t)put, now);
			relay->octets_out += (size_t)put;
			moved += (size_t)put;
		} else if (put == -EAGAIN || put == -EINTR || put == 0) {
			relay->writable = put == -EINTR;
		} else {
			/* It will take no more: an answer by RST. */
			relay->err = (int)-put;
			relay->by_descriptor = true;
			relay->in_over = true;
			relay->give_up_at = now;
			return true;
		}
	}
	return moved > 0;
}

/* --------------------------------------------------------------- run -- */

/* The connection died under us, and what had arrived is delivered. */
static bool is_dead(struct relay *relay, uint64_t now)
{
	int err;

	if (!(cn_sock_ready(relay->sock) & CN_READY_ERR))
		return false;
	if (cn_sock_readable(relay->sock)) {
		wait_to_reset(relay, now);
		if (now < relay->give_up_at)
			return false;
	}
	err = linux_errno(cn_sock_error(relay->sock));
	relay->err = err ? err : ECONNRESET;
	return true;
}

/* A reset from the descriptor's side waits for what it must not overtake. */
static bool may_reset(struct relay *relay, uint64_t now)
{
	struct cn_tcp_info info;

	if (relay->end || now >= relay->give_up_at)
		return true;
	return cn_sock_info(relay->sock, &info) != CN_OK || !info.unsent;
}

/* As Linux: after SHUT_RDWR nothing more is taken from the peer. */
static void stop_hearing(struct relay *relay, uint64_t now)
{
	if (relay->deaf || !relay->in_over || relay->err || !relay->end ||
	    !relay->end->shut_rd || cn_sock_readable(relay->sock))
		return;
	relay->deaf = true;
	(void)cn_sock_shutdown(relay->sock, CN_SHUT_RD, now);
}

enum relay_state relay_run(struct relay *relay, bool *moved, uint64_t now)
{
	bool pulled, pushed;

	pushed = push(relay, now);
	pulled = pull(relay, now);
	if (pulled || pushed)
		*moved = true;
	if (is_dead(relay, now))
		return RELAY_DEAD;
	if (relay->err && may_reset(relay, now))
		return RELAY_DEAD;
	stop_hearing(relay, now);
	if (relay->in_over && relay->end && relay->end->gone)
		return RELAY_GONE;
	if (relay->in_over && relay->out_over && !relay->err)
		return RELAY_BOTH;
	/* A turn that was cut short goes on in the next. */
	if (pulled || pushed)
		relay_touch(relay);
	return RELAY_ON;
}
