/* SPDX-License-Identifier: MIT */
/*
 * catenet/posix.h - the calls of sockets(7) over a stack of this library.
 *
 * Each cn_ call takes the arguments of the Linux call of that name, with
 * Linux's numbers, structs and flags, and answers as Linux does: -1 and errno
 * where it fails.  What differs is said here.
 *
 * Descriptors are this library's own.  They are numbered from CN_FD_FIRST, more
 * than the kernel gives out, so that neither is ever taken for the other: the
 * kernel's calls say EBADF to ours, and ours to the kernel's.
 *
 * Threads: every call may be made from any thread at any time.  A call that
 * waits holds no lock.  A call in progress keeps its socket alive: closing the
 * descriptor meanwhile takes effect when it returns, as in Linux.  After
 * fork() only the parent may use them.
 *
 * Signals: a handler interrupts a waiting call as in Linux: EINTR, or, where
 * the handler was installed with SA_RESTART and the call has no time limit, it
 * goes on waiting.  No call is safe inside a handler.
 */
#ifndef CATENET_POSIX_H
#define CATENET_POSIX_H

#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#include <catenet/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CN_FD_FIRST 0x100000

/* domain: AF_INET or AF_INET6; type: SOCK_STREAM or SOCK_DGRAM, with
 * SOCK_NONBLOCK and SOCK_CLOEXEC; protocol: 0, IPPROTO_TCP, IPPROTO_UDP, or
 * IPPROTO_ICMP and IPPROTO_ICMPV6 for echo requests (no privilege needed). */
CN_API int cn_socket(struct cn_stack *stack, int domain, int type,
		     int protocol);
CN_API int cn_bind(int fd, const struct sockaddr *addr, socklen_t len);
CN_API int cn_listen(int fd, int backlog);
CN_API int cn_accept(int fd, struct sockaddr *addr, socklen_t *len);
CN_API int cn_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);
/* AF_UNSPEC dissolves a connection (a reset tells the peer). */
CN_API int cn_connect(int fd, const struct sockaddr *addr, socklen_t len);
CN_API int cn_shutdown(int fd, int how);
/* With SO_LINGER and a time, the last close of a socket waits for the peer's
 * acknowledgement of all that was sent, or so long. */
CN_API int cn_close(int fd);
CN_API int cn_dup(int fd);

CN_API int cn_getsockname(int fd, struct sockaddr *addr, socklen_t *len);
CN_API int cn_getpeername(int fd, struct sockaddr *addr, socklen_t *len);
CN_API int cn_getsockopt(int fd, int level, int opt, void *val, socklen_t *len);
CN_API int cn_setsockopt(int fd, int level, int opt, const void *val,
			 socklen_t len);

/* --------------------------------------------------------------- data -- */

CN_API ssize_t cn_send(int fd, const void *data, size_t len, int flags);
CN_API ssize_t cn_sendto(int fd, const void *data, size_t len, int flags,
			 const struct sockaddr *addr, socklen_t addr_len);
CN_API ssize_t cn_sendmsg(int fd, const struct msghdr *msg, int flags);
CN_API ssize_t cn_write(int fd, const void *data, size_t len);
CN_API ssize_t cn_writev(int fd, const struct iovec *iov, int n);
CN_API ssize_t cn_recv(int fd, void *data, size_t len, int flags);
CN_API ssize_t cn_recvfrom(int fd, void *data, size_t len, int flags,
			   struct sockaddr *addr, socklen_t *addr_len);
CN_API ssize_t cn_recvmsg(int fd, struct msghdr *msg, int flags);
CN_API ssize_t cn_read(int fd, void *data, size_t len);
CN_API ssize_t cn_readv(int fd, const struct iovec *iov, int n);

/* All of it: 0, or -1 and errno, and then an unknown part of it was sent.  On
 * a non-blocking socket they wait like the others. */
CN_API int cn_send_all(int fd, const void *data, size_t len);
/* Exactly len octets, or fewer when the stream ends before (0: at once), or
 * -1 and errno. */
CN_API ssize_t cn_recv_exact(int fd, void *data, size_t len);
/*
 * A stdio stream over the connection, mode as fopen's; fclose closes the
 * descriptor.  One that reads and writes ("r+") is for lockstep: fflush what
 * was written before reading, and read all that has come before writing, as
 * stdio cannot turn round with input in its buffer.  Two streams, of the
 * descriptor and of its cn_dup, are free of that.
 */
CN_API FILE *cn_fdopen(int fd, const char *mode);

/* ------------------------------------------------- ioctl, fcntl, waiting -- */

/*
 * FIONREAD (SIOCINQ), TIOCOUTQ (SIOCOUTQ), SIOCOUTQNSD, SIOCATMARK, FIONBIO:
 * arg points to an int.  SIOCGIFCONF, NAME, INDEX, ADDR, NETMASK, BRDADDR, MTU
 * and FLAGS of the stack's links, as netdevice(7).
 */
CN_API int cn_ioctl(int fd, unsigned long request, void *arg);
/* F_GETFL, F_SETFL (O_NONBLOCK), F_GETFD, F_SETFD, F_DUPFD,
 * F_DUPFD_CLOEXEC. */
CN_API int cn_fcntl(int fd, int cmd, int arg);

/* Descriptors of this library, sockets and epoll instances.  EINVAL: of stacks
 * that were not made with one another. */
CN_API int cn_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
/* timeout NULL: for ever. */
CN_API int cn_ppoll(struct pollfd *fds, nfds_t n,
		    const struct timespec *timeout);

/* select's sets, for descriptors CN_FD_FIRST .. CN_FD_FIRST + CN_FD_SETSIZE -
 * 1.  timeout is left as it was. */
#define CN_FD_SETSIZE 1024
typedef struct {
	uint64_t word[CN_FD_SETSIZE / 64];
} cn_fd_set;

static inline void cn_fd_zero(cn_fd_set *set)
{
	for (size_t i = 0; i < CN_FD_SETSIZE / 64; i++)
		set->word[i] = 0;
}

/* Harmless for descriptors out of range, which are never in a set. */
static inline void cn_fd_put(int fd, cn_fd_set *set, bool in)
{
	unsigned i = (unsigned)fd - CN_FD_FIRST;

	if (i >= CN_FD_SETSIZE)
		return;
	if (in)
		set->word[i / 64] |= UINT64_C(1) << i % 64;
	else
		set->word[i / 64] &= ~(UINT64_C(1) << i % 64);
}

static inline bool cn_fd_isset(int fd, const cn_fd_set *set)
{
	unsigned i = (unsigned)fd - CN_FD_FIRST;

	return i < CN_FD_SETSIZE && (set->word[i / 64] >> i % 64 & 1);
}

#define CN_FD_ZERO(set) cn_fd_zero(set)
#define CN_FD_SET(fd, set) cn_fd_put((fd), (set), true)
#define CN_FD_CLR(fd, set) cn_fd_put((fd), (set), false)
#define CN_FD_ISSET(fd, set) cn_fd_isset((fd), (set))

CN_API int cn_select(int n, cn_fd_set *in, cn_fd_set *out, cn_fd_set *except,
		     const struct timeval *timeout);

/* For the descriptors of that stack and of those made with it (EPERM for
 * others); flags as epoll_create1's. */
CN_API int cn_epoll_create1(struct cn_stack *stack, int flags);
CN_API int cn_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
CN_API int cn_epoll_wait(int epfd, struct epoll_event *events, int n,
			 int timeout_ms);
/* timeout NULL: for ever. */
CN_API int cn_epoll_pwait2(int epfd, struct epoll_event *events, int n,
			   const struct timespec *timeout);
/*
 * A descriptor of the kernel's, readable while cn_epoll_wait has something to
 * tell: for a program whose own loop waits for the kernel's descriptors.  Only
 * to be polled; it is closed with the last descriptor of the instance.
 */
CN_API int cn_epoll_fileno(int epfd);

#ifdef __cplusplus
}
#endif

#endif
