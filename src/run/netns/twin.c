/* SPDX-License-Identifier: MIT */
/*
 * Sockets of a namespace that nobody here may enter any more.  One of two that
 * were made there listens for a moment, the other connects to it over the
 * loopback, and what is accepted is a third; the connection is cut at once.
 * Programs' TCP is not the kernel's, so nobody inside meets that listener.
 */
#include "run/netns/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The loopback is asked, where it takes microseconds. */
#define PATIENCE_MS 100

int twin_open(void)
{
	const int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	int fd = socket(AF_INET6, type, 0);

	return fd < 0 ? socket(AF_INET, type, 0) : fd;
}

/* 127.0.0.1, in the words of either family. */
static socklen_t loopback(int fd, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof(*ss);

	if (getsockname(fd, (struct sockaddr *)ss, &len) < 0)
		return 0;
	memcpy(&in, ss, sizeof(in)); /* the port lies at one place in both */
	in6.sin6_port = in.sin_port;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (ss->ss_family == AF_INET) {
		memcpy(ss, &in, sizeof(in));
		return sizeof(in);
	}
	in6.sin6_addr.s6_addr[10] = 0xff;
	in6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(in6.sin6_addr.s6_addr + 12, &in.sin_addr, sizeof(in.sin_addr));
	memcpy(ss, &in6, sizeof(in6));
	return sizeof(in6);
}

static int meet(int listener, int other)
{
	struct pollfd wait = {.fd = listener, .events = POLLIN};
	struct sockaddr_storage ss;
	socklen_t len;
	int made;

	if (listen(listener, 1) < 0)
		return -errno;
	len = loopback(listener, &ss);
	if (!len || (connect(other, (struct sockaddr *)&ss, len) < 0 &&
		     errno != EINPROGRESS))
		return -errno;
	if (poll(&wait, 1, PATIENCE_MS) <= 0)
		return -EAGAIN;
	made = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	return made < 0 ? -errno : made;
}

int netns_tcp(const int twin[2])
{
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
	const int made = meet(twin[0], twin[1]);

	(void)connect(twin[1], &nobody, sizeof(nobody));
	(void)shutdown(twin[0], SHUT_RDWR);
	return made;
}
