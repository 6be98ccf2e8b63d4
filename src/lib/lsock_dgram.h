/* SPDX-License-Identifier: MIT */
/* Sockets of datagrams: what differs from streams.  All is locked; errnos are
 * positive where an int is returned, negative where a count is. */
#ifndef LIB_LSOCK_DGRAM_H
#define LIB_LSOCK_DGRAM_H

#include "lib/lsock.h"

int lsock_dgram_bind(struct lsock *sock, const struct sockaddr *addr,
		     socklen_t len);
int lsock_dgram_connect(struct lsock *sock, const struct sockaddr *addr,
			socklen_t len);
ssize_t lsock_dgram_send(struct lsock *sock, const struct msghdr *msg,
			 int flags);
ssize_t lsock_dgram_recv(struct lsock *sock, struct msghdr *msg, int flags);
int lsock_dgram_set(struct lsock *sock, int level, int opt, const void *val,
		    socklen_t len);
int lsock_dgram_get(struct lsock *sock, int level, int opt, void *val,
		    socklen_t *len);

/* Control messages: what a datagram came with, as far as the socket asked for
 * it; and what sendmsg is to do otherwise (0 or an errno). */
void dgram_control_put(const struct lsock *sock, struct msghdr *msg,
		       const struct cn_dgram_msg *from);
void dgram_control_error(const struct lsock *sock, struct msghdr *msg,
			 const struct cn_dgram_error *error);
int dgram_control_take(const struct lsock *sock, const struct msghdr *msg,
		       struct cn_dgram_msg *to);

#endif
