/* SPDX-License-Identifier: MIT */
/* Socket addresses of Linux and endpoints of the engine. */
#ifndef LIB_LINUX_ADDR_H
#define LIB_LINUX_ADDR_H

#include <sys/socket.h>

#include <catenet/frame.h>

/* sockaddr_in6 before it had a scope (RFC 2133): Linux still takes it. */
#define SIN6_SHORT 24

/* What any call says to an address before it looks at the socket: 0, or EINVAL
 * to its length, or EFAULT. */
int linux_addr_check(const void *sa, socklen_t len);
/* What bind() and connect() of a TCP socket say to an address.  family:
 * AF_INET or AF_INET6, the socket's.  0 and *ep, or a positive errno.  An
 * AF_UNSPEC that means "disconnect" is the caller's affair. */
int linux_addr_bind(int family, bool v6only, const void *sa, socklen_t len,
		    struct cn_endpoint *ep);
/* What a socket of datagrams makes of an address that it is to bind to or to
 * send to: its form and its family, no more. */
int linux_addr_take(int family, const void *sa, socklen_t len,
		    struct cn_endpoint *ep);
int linux_addr_connect(int family, bool v6only, const void *sa, socklen_t len,
		       struct cn_endpoint *ep);

/* Writes the address in the socket's family; returns its length (16 or 28). */
socklen_t linux_addr_out(int family, const struct cn_endpoint *ep,
			 struct sockaddr_storage *sa);

/* The kernel's own form of an endpoint, by the family of its address. */
socklen_t linux_addr_kernel(const struct cn_endpoint *ep,
			    struct sockaddr_storage *sa);
/* False: neither family. */
bool linux_addr_from_kernel(const struct sockaddr_storage *sa,
			    struct cn_endpoint *ep);

#endif
