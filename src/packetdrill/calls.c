/* SPDX-License-Identifier: MIT */
/* The table that packetdrill gets: the calls of catenet/posix.h under the
 * kernel's numbers. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "packetdrill/drill.h"
#include "packetdrill/interface.h"

/* A call that takes a socket's descriptor first: the way there and back. */
#define CALL(type, name, parameters, arguments)                                \
	static type call_##name parameters                                     \
	{                                                                      \
		struct drill *drill = ctx;                                     \
		int ours = drill_fd(drill, fd);                                \
		type rc;                                                       \
                                                                               \
		if (ours < 0)                                                  \
			return -1;                                             \
		drill_sysctls(drill);                                          \
		rc = cn_##name arguments;                                      \
		drill_status(drill);                                           \
		return rc;                                                     \
	}

CALL(int, bind, (void *ctx, int fd, const struct sockaddr *addr, socklen_t len),
     (ours, addr, len))
CALL(ssize_t, read, (void *ctx, int fd, void *data, size_t len),
     (ours, data, len))
CALL(ssize_t, readv, (void *ctx, int fd, const struct iovec *iov, int n),
     (ours, iov, n))
CALL(ssize_t, recv, (void *ctx, int fd, void *data, size_t len, int flags),
     (ours, data, len, flags))
CALL(ssize_t, recvfrom,
     (void *ctx, int fd, void *data, size_t len, int flags,
      struct sockaddr *addr, socklen_t *addr_len),
     (ours, data, len, flags, addr, addr_len))
CALL(ssize_t, recvmsg, (void *ctx, int fd, struct msghdr *msg, int flags),
     (ours, msg, flags))
CALL(ssize_t, write, (void *ctx, int fd, const void *data, size_t len),
     (ours, data, len))
CALL(ssize_t, writev, (void *ctx, int fd, const struct iovec *iov, int n),
     (ours, iov, n))
CALL(ssize_t, send,
     (void *ctx, int fd, const void *data, size_t len, int flags),
     (ours, data, len, flags))
CALL(ssize_t, sendto,
     (void *ctx, int fd, const void *data, size_t len, int flags,
      const struct sockaddr *addr, socklen_t addr_len),
     (ours, data, len, flags, addr, addr_len))
CALL(ssize_t, sendmsg, (void *ctx, int fd, const struct msghdr *msg, int flags),
     (ours, msg, flags))
CALL(int, shutdown, (void *ctx, int fd, int how), (ours, how))
CALL(int, getsockopt,
     (void *ctx, int fd, int level, int opt, void *val, socklen_t *len),
     (ours, level, opt, val, len))
CALL(int, setsockopt,
     (void *ctx, int fd, int level, int opt, const void *val, socklen_t len),
     (ours, level, opt, val, len))

/* ------------------------------------------- those that read the sysctls -- */

static int call_socket(void *ctx, int domain, int type, int protocol)
{
	struct drill *drill = ctx;
	int fd;

	drill_sysctls(drill);
	fd = drill_fd_new(drill,
			  cn_socket(drill->stack, domain, type, protocol));
	drill_status(drill);
	return fd;
}

static int call_listen(void *ctx, int fd, int backlog)
{
	struct drill *drill = ctx;
	int ours = drill_fd(drill, fd);
	int rc;

	if (ours < 0)
		return -1;
	drill_sysctls(drill);
	rc = cn_listen(ours, backlog);
	drill_status(drill);
	return rc;
}

static int call_connect(void *ctx, int fd, const struct sockaddr *addr,
			socklen_t len)
{
	struct drill *drill = ctx;
	int ours = drill_fd(drill, fd);
	int rc;

	if (ours < 0)
		return -1;
	drill_sysctls(drill);
	rc = cn_connect(ours, addr, len);
	drill_status(drill);
	return rc;
}

static int call_accept(void *ctx, int fd, struct sockaddr *addr, socklen_t *len)
{
	struct drill *drill = ctx;
	int ours = drill_fd(drill, fd);
	int rc;

	if (ours < 0)
		return -1;
	rc = drill_fd_new(drill, cn_accept(ours, addr, len));
	drill_status(drill);
	return rc;
}

static int call_close(void *ctx, int fd)
{
	struct drill *drill = ctx;
	int rc;

	if (drill_fd(drill, fd) < 0)
		return close(fd);
	rc = drill_fd_close(drill, fd);
	drill_status(drill);
	return rc;
}

/* ------------------------------------------------------------- variadic -- */

static int call_fcntl(void *ctx, int fd, int cmd, ...)
{
	struct drill *drill = ctx;
	int ours = drill_fd(drill, fd);
	va_list ap;
	int arg;

	va_start(ap, cmd);
	arg = cmd == F_GETFL || cmd == F_GETFD ? 0 : va_arg(ap, int);
	va_end(ap);
	return ours < 0 ? fcntl(fd, cmd, arg) : cn_fcntl(ours, cmd, arg);
}

static int call_ioctl(void *ctx, int fd, unsigned long request, ...)
{
	struct drill *drill = ctx;
	int ours = drill_fd(drill, fd);
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	return ours < 0 ? ioctl(fd, request, arg) :
			  cn_ioctl(ours, request, arg);
}

/* -------------------------------------------------------------- waiting -- */

static int call_poll(void *ctx, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct drill *drill = ctx;
	struct pollfd *ours = calloc(n ? n : 1, sizeof(*ours));
	int rc;

	if (!ours)
		return -1;
	for (nfds_t i = 0; i < n; i++) {
		ours[i] = fds[i];
		ours[i].fd = drill_fd(drill, fds[i].fd);
		if (ours[i].fd < 0)
			ours[i].fd = fds[i].fd;
	}
	rc = cn_poll(ours, n, timeout_ms);
	for (nfds_t i = 0; i < n; i++)
		fds[i].revents = ours[i].revents;
	free(ours);
	return rc;
}

static int call_epoll_create(void *ctx, int size)
{
	struct drill *drill = ctx;

	if (size <= 0) {
		errno = EINVAL;
		return -1;
	}
	drill_sysctls(drill);
	return drill_fd_new(drill, cn_epoll_create1(drill->stack, 0));
}

static int call_epoll_ctl(void *ctx, int fd, int op, int of,
			  struct epoll_event *event)
{
	struct drill *drill = ctx;
	int ours = drill_fd(drill, fd), sock = drill_fd(drill, of);

	if (ours < 0 || sock < 0)
		return -1;
	return cn_epoll_ctl(ours, op, sock, event);
}

static int call_epoll_wait(void *ctx, int fd, struct epoll_event *events, int n,
			   int timeout_ms)
{
	struct drill *drill = ctx;
	int ours = drill_fd(drill, fd);

	return ours < 0 ? -1 : cn_epoll_wait(ours, events, n, timeout_ms);
}

/* ---------------------------------------------------------- the machine -- */

static void call_free(void *ctx)
{
	(void)ctx;
}

static int call_send_packet(void *ctx, const void *packet, size_t len)
{
	struct drill *drill = ctx;
	int rc;

	drill_sysctls(drill);
	rc = drill_input(drill, packet, len);
	drill_status(drill);
	return rc;
}

static int call_receive_packet(void *ctx, void *data, size_t *len,
			       long long *time_us)
{
	struct drill *drill = ctx;
	struct drill_packet *packet;
	size_t room = *len;

	drill_netdev(drill);
	packet = drill_next(drill);
	drill_status(drill);
	*len = 0;
	if (!packet)
		return 0;
	if (packet->len <= room) {
		*len = packet->len;
		memcpy(data, packet->octet, packet->len);
		*time_us = (long long)(packet->left_at / CN_NS_PER_US);
	}
	free(packet);
	return 0;
}

static int call_usleep(void *ctx, useconds_t us)
{
	drill_netdev(ctx);
	drill_sleep(ctx, us * CN_NS_PER_US);
	drill_status(ctx);
	return 0;
}

static int call_gettimeofday(void *ctx, struct timeval *tv, struct timezone *tz)
{
	uint64_t us = drill_clock(ctx) / CN_NS_PER_US;

	(void)tz;
	tv->tv_sec = (time_t)(us / 1000000);
	tv->tv_usec = (suseconds_t)(us % 1000000);
	return 0;
}

static int call_pipe(void *ctx, int fd[2])
{
	(void)ctx;
	return pipe(fd);
}

static int call_splice(void *ctx, int in, off64_t *in_at, int out,
		       off64_t *out_at, size_t len, unsigned flags)
{
	struct drill *drill = ctx;

	if (drill_fd(drill, in) < 0 && drill_fd(drill, out) < 0)
		return (int)splice(in, in_at, out, out_at, len, flags);
	/* It passes no NULL: an offset of 0 is none. */
	if ((in_at && *in_at) || (out_at && *out_at)) {
		errno = ESPIPE;
		return -1;
	}
	return (int)drill_splice(drill, in, out, len);
}

void packetdrill_interface_init(const char *flags,
				struct packetdrill_interface *interface)
{
	*interface = (struct packetdrill_interface){
		.userdata = drill_open(flags),
		.free = call_free,
		.socket = call_socket,
		.bind = call_bind,
		.listen = call_listen,
		.accept = call_accept,
		.connect = call_connect,
		.read = call_read,
		.readv = call_readv,
		.recv = call_recv,
		.recvfrom = call_recvfrom,
		.recvmsg = call_recvmsg,
		.write = call_write,
		.writev = call_writev,
		.send = call_send,
		.sendto = call_sendto,
		.sendmsg = call_sendmsg,
		.fcntl = call_fcntl,
		.ioctl = call_ioctl,
		.close = call_close,
		.shutdown = call_shutdown,
		.getsockopt = call_getsockopt,
		.setsockopt = call_setsockopt,
		.poll = call_poll,
		.netdev_send = call_send_packet,
		.netdev_receive = call_receive_packet,
		.usleep = call_usleep,
		.gettimeofday = call_gettimeofday,
		.epoll_create = call_epoll_create,
		.epoll_ctl = call_epoll_ctl,
		.epoll_wait = call_epoll_wait,
		.pipe = call_pipe,
		.splice = call_splice,
	};
}
