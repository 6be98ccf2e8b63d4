/* SPDX-License-Identifier: MIT */
/* A socket of catenet/posix.h: a file over a socket of the engine. */
#ifndef LIB_LSOCK_H
#define LIB_LSOCK_H

#include <sys/socket.h>
#include <sys/uio.h>

#include <catenet/posix.h>

#include "lib/file.h"

struct lsock {
	struct file file;
	struct list node; /* of the stack */
	/* NULL: the stack is gone, and every call fails with ENETDOWN. */
	struct cn_stack *stack;
	/* ls.sock is the engine's stream, or NULL and dgram its datagrams; for
	 * those the rest of ls is used in the same way. */
	struct linux_sock ls;
	struct cn_dgram *dgram;
	/* Somebody found no room to send: room is news.  Linux's
	 * SOCK_NOSPACE. */
	bool nospace;
	bool ping; /* datagrams are ICMP echo */
	bool inq; /* TCP_INQ: recvmsg tells how much is left */
	struct errq *errq; /* NULL: there was no need yet */
	uint64_t queued; /* octets ever taken to be sent */
	int mark, priority; /* SO_MARK, SO_PRIORITY: kept, no more */
	struct linger linger; /* of datagrams: kept, no more */
	int discover; /* IP_MTU_DISCOVER */
};

/*
 * The socket of a descriptor, locked, the clock read: 0, or EBADF, ENOTSOCK or
 * ENETDOWN and nothing to give back.  lsock_leave unlocks and lets go.
 */
int lsock_enter(int fd, struct lsock **sock);
/* The same, and EOPNOTSUPP to a socket of datagrams. */
int lsock_enter_stream(int fd, struct lsock **sock);
void lsock_leave(struct lsock *sock);

/* What a socket is made of: one of the two. */
struct lsock_engine {
	struct cn_sock *sock;
	struct cn_dgram *dgram;
	bool ping;
};
/* A socket with a descriptor; flags: SOCK_NONBLOCK, SOCK_CLOEXEC.  The engine's
 * socket is its own from here on, also when it fails.  Locked. */
int lsock_install(struct cn_stack *stack, struct lsock_engine engine,
		  int domain, int flags, const struct lsock *listener);

/* Non-blocking, by the socket or by MSG_DONTWAIT? */
bool lsock_waits(const struct lsock *sock, int flags);
/* Until when a call waits that has that time limit (0: none). */
uint64_t lsock_until(const struct lsock *sock, uint64_t limit_ns);
/*
 * Waits for something to happen to the socket.  *ended: what ended an earlier
 * wait of this call, 0 at first.  0: look again; EAGAIN: its time has come;
 * EINTR, EDEADLK, ENETDOWN.  The wait that is interrupted lets its call look
 * once more, for what happened at the same moment.
 */
int lsock_wait(struct lsock *sock, uint64_t until, int *ended);

/* The stack goes. */
void lsock_forget_all(struct cn_stack *stack);
/* Writes an address as the kernel does: cut to *len, and *len the whole. */
int lsock_put_addr(const struct lsock *sock, const struct cn_endpoint *ep,
		   struct sockaddr *addr, socklen_t *len);

/* errno, and -1 */
int lsock_fail(int number);
/* Connects, and the first octets go with the SYN: how many, or -errno.  total:
 * what the call has to send in all. */
ssize_t lsock_connect_send(struct lsock *sock, const struct msghdr *msg,
			   const void *data, size_t len, size_t total,
			   int flags);

#endif
