/* SPDX-License-Identifier: MIT */
/* The two sides: the kernel, and the library under either of its clocks. */
#include <sys/select.h>
#include <time.h>

#include "sides.h"

static void kernel_pause(unsigned ms)
{
	struct timespec ts = {ms / 1000, (long)(ms % 1000) * 1000000};

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static int kernel_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg);
}

static int kernel_fcntl(int fd, int cmd, int arg)
{
	return fcntl(fd, cmd, arg);
}

static int kernel_select(int fd)
{
	struct timeval none = {0, 0};
	fd_set in, out, except;
	int rc;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&except);
	FD_SET(fd, &in);
	FD_SET(fd, &out);
	FD_SET(fd, &except);
	rc = select(fd + 1, &in, &out, &except, &none);
	if (rc < 0)
		return rc;
	return (FD_ISSET(fd, &in) ? 1 : 0) | (FD_ISSET(fd, &out) ? 2 : 0) |
	       (FD_ISSET(fd, &except) ? 4 : 0);
}

static void kernel_threads(int more)
{
	(void)more;
}

const struct api kernel_side = {
	.name = "kernel",
	.socket = socket,
	.bind = bind,
	.listen = listen,
	.accept4 = accept4,
	.connect = connect,
	.shutdown = shutdown,
	.close = close,
	.dup = dup,
	.getsockname = getsockname,
	.getpeername = getpeername,
	.getsockopt = getsockopt,
	.setsockopt = setsockopt,
	.send = send,
	.recv = recv,
	.sendto = sendto,
	.recvfrom = recvfrom,
	.sendmsg = sendmsg,
	.recvmsg = recvmsg,
	.readv = readv,
	.writev = writev,
	.ioctl = kernel_ioctl,
	.fcntl = kernel_fcntl,
	.poll = poll,
	.select = kernel_select,
	.epoll_create1 = epoll_create1,
	.epoll_ctl = epoll_ctl,
	.epoll_wait = epoll_wait,
	.pause_ms = kernel_pause,
	.threads = kernel_threads,
	.signals = true,
};

/* --------------------------------------------------------- the library -- */

static struct cn_stack *stack;

void linked_open(bool virtual_clock)
{
	struct cn_stack_config config = {.virtual_clock = virtual_clock,
					 .sigpipe = true};

	if (cn_stack_new(&config, &stack)) {
		perror("cn_stack_new");
		exit(1);
	}
}

void linked_close(void)
{
	cn_stack_free(stack);
}

static int linked_socket(int domain, int type, int protocol)
{
	return cn_socket(stack, domain, type, protocol);
}

static int linked_epoll_create1(int flags)
{
	return cn_epoll_create1(stack, flags);
}

static int linked_select(int fd)
{
	const struct timeval none = {0, 0};
	cn_fd_set in, out, except;
	int rc;

	CN_FD_ZERO(&in);
	CN_FD_ZERO(&out);
	CN_FD_ZERO(&except);
	CN_FD_SET(fd, &in);
	CN_FD_SET(fd, &out);
	CN_FD_SET(fd, &except);
	rc = cn_select(fd + 1, &in, &out, &except, &none);
	if (rc < 0)
		return rc;
	return (CN_FD_ISSET(fd, &in) ? 1 : 0) |
	       (CN_FD_ISSET(fd, &out) ? 2 : 0) |
	       (CN_FD_ISSET(fd, &except) ? 4 : 0);
}

static void linked_pause(unsigned ms)
{
	cn_stack_sleep(stack, ms * CN_NS_PER_MS);
}

static void linked_threads(int more)
{
	cn_stack_threads(stack, more);
}

#define LINKED                                                                 \
	.socket = linked_socket, .bind = cn_bind, .listen = cn_listen,         \
	.accept4 = cn_accept4, .connect = cn_connect, .shutdown = cn_shutdown, \
	.close = cn_close, .dup = cn_dup, .getsockname = cn_getsockname,       \
	.getpeername = cn_getpeername, .getsockopt = cn_getsockopt,            \
	.setsockopt = cn_setsockopt, .send = cn_send, .recv = cn_recv,         \
	.sendto = cn_sendto, .recvfrom = cn_recvfrom, .sendmsg = cn_sendmsg,   \
	.recvmsg = cn_recvmsg, .readv = cn_readv, .writev = cn_writev,         \
	.ioctl = cn_ioctl, .fcntl = cn_fcntl, .poll = cn_poll,                 \
	.select = linked_select, .epoll_create1 = linked_epoll_create1,        \
	.epoll_ctl = cn_epoll_ctl, .epoll_wait = cn_epoll_wait,                \
	.pause_ms = linked_pause, .threads = linked_threads

const struct api virtual_side = {.name = "virtual clock", LINKED};
const struct api real_side = {.name = "real clock", LINKED, .signals = true};
