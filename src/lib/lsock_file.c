/* SPDX-License-Identifier: MIT */
/* read, write and their kin: a socket as a file. */
#include <errno.h>

#include "lib/cursor.h"
#include "lib/lsock.h"

/* What is no socket cannot be read or written: an epoll instance. */
static ssize_t as_file(ssize_t done)
{
	return done < 0 && errno == ENOTSOCK ? lsock_fail(EINVAL) : done;
}

/* To read or write nothing Linux does not ask the socket. */
static ssize_t do_nothing(int fd)
{
	struct lsock *sock;
	int rc = lsock_enter(fd, &sock);

	if (rc)
		return as_file(lsock_fail(rc));
	lsock_leave(sock);
	return 0;
}

static bool is_nothing(const struct iovec *iov, int n)
{
	for (int i = 0; iov && i < n; i++)
		if (iov[i].iov_len)
			return false;
	return iov || !n;
}

ssize_t cn_read(int fd, void *data, size_t len)
{
	return len ? as_file(cn_recv(fd, data, len, 0)) : do_nothing(fd);
}

ssize_t cn_write(int fd, const void *data, size_t len)
{
	return as_file(cn_send(fd, data, len, 0));
}

ssize_t cn_readv(int fd, const struct iovec *iov, int n)
{
	struct msghdr msg = {.msg_iov = unconst(iov), .msg_iovlen = (size_t)n};

	if (n < 0 || n > IOV_MOST)
		return lsock_fail(EINVAL);
	if (is_nothing(iov, n))
		return do_nothing(fd);
	return as_file(cn_recvmsg(fd, &msg, 0));
}

ssize_t cn_writev(int fd, const struct iovec *iov, int n)
{
	const struct msghdr msg = {.msg_iov = unconst(iov),
				   .msg_iovlen = (size_t)n};

	if (n < 0 || n > IOV_MOST)
		return lsock_fail(EINVAL);
	if (is_nothing(iov, n))
		return do_nothing(fd);
	return as_file(cn_sendmsg(fd, &msg, 0));
}
