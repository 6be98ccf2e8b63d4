/* SPDX-License-Identifier: MIT */
/* Whole amounts of octets, and stdio over a connection. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include <catenet/posix.h>

#include "lib/lsock.h"

/* Non-blocking sockets wait here as well. */
static bool wait_for(int fd, short events)
{
	struct pollfd poll_fd = {fd, events, 0};

	return cn_poll(&poll_fd, 1, -1) > 0;
}

/* The socket's own time limit has passed, or it would have waited. */
static bool may_wait(int fd)
{
	return errno == EAGAIN && cn_fcntl(fd, F_GETFL, 0) & O_NONBLOCK;
}

int cn_send_all(int fd, const void *data, size_t len)
{
	const char *at = data;
	ssize_t n;

	while (len) {
		n = cn_send(fd, at, len, 0);
		if (n < 0 && (!may_wait(fd) || !wait_for(fd, POLLOUT)))
			return -1;
		if (n < 0)
			continue;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t cn_recv_exact(int fd, void *data, size_t len)
{
	char *at = data;
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = cn_recv(fd, at + done, len - done, MSG_WAITALL);
		if (n == 0)
			break;
		if (n < 0 && (!may_wait(fd) || !wait_for(fd, POLLIN)))
			return -1;
		done += n < 0 ? 0 : (size_t)n;
	}
	return (ssize_t)done;
}

/* --------------------------------------------------------------- stdio -- */

static int cookie_fd(const void *cookie)
{
	return (int)(intptr_t)cookie;
}

static ssize_t cookie_read(void *cookie, char *data, size_t len)
{
	return cn_read(cookie_fd(cookie), data, len);
}

/* 0 tells stdio of an error. */
static ssize_t cookie_write(void *cookie, const char *data, size_t len)
{
	return cn_send_all(cookie_fd(cookie), data, len) ? 0 : (ssize_t)len;
}

static int cookie_close(void *cookie)
{
	return cn_close(cookie_fd(cookie));
}

FILE *cn_fdopen(int fd, const char *mode)
{
	static const cookie_io_functions_t calls = {
		.read = cookie_read,
		.write = cookie_write,
		.close = cookie_close,
	};
	struct lsock *sock;
	int rc = lsock_enter(fd, &sock);

	if (rc) {
		errno = rc;
		return NULL;
	}
	lsock_leave(sock);
	return fopencookie((void *)(intptr_t)fd, mode, calls);
}
