/* SPDX-License-Identifier: MIT */
/*
 * getsockopt and setsockopt of a stream socket, with Linux's numbers, sizes
 * and errors, over the engine's options.
 */
#ifndef LIB_LINUX_OPT_H
#define LIB_LINUX_OPT_H

#include <catenet/socket.h>

/* A socket of Linux: the engine's, and what Linux keeps beside it. */
struct linux_sock {
	struct cn_sock *sock;
	int domain; /* AF_INET, AF_INET6 */
	int error; /* SO_ERROR when the engine's would say less; 0: ask it */
	uint32_t bits; /* LINUX_BIT_x */
	uint64_t cookie; /* SO_COOKIE */
	/* What getsockopt tells of SO_SNDBUF and SO_RCVBUF; 0: not set. */
	uint32_t sndbuf, rcvbuf;
	uint64_t rcvtimeo_ns, sndtimeo_ns; /* 0: for ever */
	const struct linux_limits *limits;
};

/* What an administrator sets; read from /proc by whoever has a /proc. */
struct linux_limits {
	uint32_t rmem_max, wmem_max;
	bool admin; /* may do what CAP_NET_ADMIN may */
	bool fast_open; /* TCP_FASTOPEN and its kin can be honoured */
};

/* Options that Linux lets one set on a TCP socket, and that mean nothing
 * there: they are kept and read back. */
enum linux_bit {
	LINUX_BIT_BROADCAST = 1,
	LINUX_BIT_PKTINFO = 2,
	LINUX_BIT_PKTINFO6 = 4,
	LINUX_BIT_NO_PORT = 8, /* IP_BIND_ADDRESS_NO_PORT */
	LINUX_BIT_RECVTTL = 16,
	LINUX_BIT_RECVTOS = 32,
	LINUX_BIT_RECVHOPS6 = 64,
	LINUX_BIT_RECVCLASS6 = 128,
	/* Of datagrams. */
	LINUX_BIT_OOBINLINE = 256,
	LINUX_BIT_KEEPALIVE = 512,
};

/* Who answers for an option. */
enum linux_owner {
	LINUX_OWNER_ENGINE, /* linux_opt_set and linux_opt_get do */
	LINUX_OWNER_KERNEL, /* it speaks of the machine's routing and queues:
			       to be set on the kernel's socket, if there is one
			       that carries the connection on */
	LINUX_OWNER_NONE, /* refused: ENOPROTOOPT */
};
enum linux_owner linux_opt_owner(int level, int opt);

/* 0 or a positive errno.  get: *len is the room and then what was written. */
int linux_opt_set(struct linux_sock *ls, int level, int opt, const void *val,
		  uint32_t len, uint64_t now);
int linux_opt_get(struct linux_sock *ls, int level, int opt, void *val,
		  uint32_t *len, uint64_t now);

#endif
