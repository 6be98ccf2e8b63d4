/* SPDX-License-Identifier: MIT */
/*
 * What packetdrill asks of a shared object that stands in for a kernel
 * (docs/packetdrill.md): one function of a fixed name fills a table of
 * functions in a fixed order.  Each takes the table's first word as its first
 * argument and otherwise means what the Linux call of its name means; none may
 * be NULL.
 */
#ifndef PACKETDRILL_INTERFACE_H
#define PACKETDRILL_INTERFACE_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

struct packetdrill_interface {
	void *userdata;
	/* At the end of a script that went well. */
	void (*free)(void *ctx);
	int (*socket)(void *ctx, int domain, int type, int protocol);
	int (*bind)(void *ctx, int fd, const struct sockaddr *addr,
		    socklen_t len);
	int (*listen)(void *ctx, int fd, int backlog);
	int (*accept)(void *ctx, int fd, struct sockaddr *addr, socklen_t *len);
	int (*connect)(void *ctx, int fd, const struct sockaddr *addr,
		       socklen_t len);
	ssize_t (*read)(void *ctx, int fd, void *data, size_t len);
	ssize_t (*readv)(void *ctx, int fd, const struct iovec *iov, int n);
	ssize_t (*recv)(void *ctx, int fd, void *data, size_t len, int flags);
	ssize_t (*recvfrom)(void *ctx, int fd, void *data, size_t len,
			    int flags, struct sockaddr *addr,
			    socklen_t *addr_len);
	ssize_t (*recvmsg)(void *ctx, int fd, struct msghdr *msg, int flags);
	ssize_t (*write)(void *ctx, int fd, const void *data, size_t len);
	ssize_t (*writev)(void *ctx, int fd, const struct iovec *iov, int n);
	ssize_t (*send)(void *ctx, int fd, const void *data, size_t len,
			int flags);
	ssize_t (*sendto)(void *ctx, int fd, const void *data, size_t len,
			  int flags, const struct sockaddr *addr,
			  socklen_t addr_len);
	ssize_t (*sendmsg)(void *ctx, int fd, const struct msghdr *msg,
			   int flags);
	int (*fcntl)(void *ctx, int fd, int cmd, ...);
	int (*ioctl)(void *ctx, int fd, unsigned long request, ...);
	int (*close)(void *ctx, int fd);
	int (*shutdown)(void *ctx, int fd, int how);
	int (*getsockopt)(void *ctx, int fd, int level, int opt, void *val,
			  socklen_t *len);
	int (*setsockopt)(void *ctx, int fd, int level, int opt,
			  const void *val, socklen_t len);
	int (*poll)(void *ctx, struct pollfd *fds, nfds_t n, int timeout_ms);
	/* An IP packet for the stack: 0, or -1. */
	int (*netdev_send)(void *ctx, const void *packet, size_t len);
	/* The next IP packet out of it: 0, its length and when it left, in
	 * microseconds; length 0 makes the script fail. */
	int (*netdev_receive)(void *ctx, void *packet, size_t *len,
			      long long *time_us);
	int (*usleep)(void *ctx, useconds_t us);
	int (*gettimeofday)(void *ctx, struct timeval *tv, struct timezone *tz);
	int (*epoll_create)(void *ctx, int size);
	int (*epoll_ctl)(void *ctx, int epfd, int op, int fd,
			 struct epoll_event *event);
	int (*epoll_wait)(void *ctx, int epfd, struct epoll_event *events,
			  int n, int timeout_ms);
	int (*pipe)(void *ctx, int fd[2]);
	int (*splice)(void *ctx, int in, off64_t *in_at, int out,
		      off64_t *out_at, size_t len, unsigned flags);
};

__attribute__((visibility("default"))) void packetdrill_interface_init(
	const char *flags, struct packetdrill_interface *interface);

#endif
