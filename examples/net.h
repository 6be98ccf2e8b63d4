/* SPDX-License-Identifier: MIT */
/*
 * What every example would otherwise repeat: an address out of the command
 * line, a listener, a connection, and the two loops that a stream asks for.
 * Errors end the program and say what failed.
 */
#ifndef EXAMPLES_NET_H
#define EXAMPLES_NET_H

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

__attribute__((noreturn, format(printf, 1, 2))) static inline void fail(
	const char *format, ...)
{
	const int err = errno;
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(err));
	exit(1);
}

static inline struct addrinfo *resolve(const char *host, const char *port,
				       int flags)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = flags};
	struct addrinfo *info;
	int err = getaddrinfo(host, port, &hints, &info);

	if (err) {
		fprintf(stderr, "%s port %s: %s\n", host, port,
			gai_strerror(err));
		exit(1);
	}
	return info;
}

/* A listener that may be restarted while old connections are in TIME-WAIT:
 * SO_REUSEADDR comes before bind. */
static inline int listen_at(const char *host, const char *port, int backlog)
{
	struct addrinfo *info = resolve(host, port, AI_PASSIVE);
	const int one = 1;
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, info->ai_addr, info->ai_addrlen) < 0)
		fail("bind to %s port %s", host, port);
	if (listen(fd, backlog) < 0)
		fail("listen");
	freeaddrinfo(info);
	return fd;
}

/* -1 with errno when the last address failed too. */
static inline int try_connect(const char *host, const char *port)
{
	struct addrinfo *info = resolve(host, port, 0), *one;
	int fd = -1, err = 0;

	for (one = info; one && fd < 0; one = one->ai_next) {
		fd = socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, one->ai_addr, one->ai_addrlen) < 0) {
			err = errno;
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(info);
	errno = err;
	return fd;
}

static inline int connect_to(const char *host, const char *port)
{
	int fd = try_connect(host, port);

	if (fd < 0)
		fail("connect to %s port %s", host, port);
	return fd;
}

/* send may take less than it is given; -1 with errno where the peer is gone.
 * MSG_NOSIGNAL: a reset is an error code here, not SIGPIPE. */
static inline ssize_t send_all(int fd, const void *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = send(fd, (const char *)data + done, len - done,
				 MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* len octets, or fewer where the peer ended first; -1 with errno. */
static inline ssize_t recv_exact(int fd, void *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = recv(fd, (char *)data + done, len - done, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* "address:port", in a buffer that the next call overwrites. */
static inline const char *name_of(const struct sockaddr *addr, socklen_t len)
{
	static char text[NI_MAXHOST + NI_MAXSERV + 4];
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getnameinfo(addr, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		return "?";
	snprintf(text, sizeof(text), strchr(host, ':') ? "[%s]:%s" : "%s:%s",
		 host, port);
	return text;
}

static inline const char *peer_of(int fd)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);

	if (getpeername(fd, (struct sockaddr *)&addr, &len) < 0)
		return "?";
	return name_of((struct sockaddr *)&addr, len);
}

static inline const char *own_of(int fd)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		return "?";
	return name_of((struct sockaddr *)&addr, len);
}

#endif
