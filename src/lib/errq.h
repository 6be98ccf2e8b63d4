/* SPDX-License-Identifier: MIT */
/*
 * The error queue of a stream, which Linux uses for more than errors: it tells
 * when octets that were sent with MSG_ZEROCOPY are the program's again, and
 * when octets left and were acknowledged (SO_TIMESTAMPING).
 *
 * Nothing is sent without a copy here: the octets are the program's again at
 * once, and are told of when the peer has them, as copied, which is what Linux
 * says of a loopback.
 */
#ifndef LIB_ERRQ_H
#define LIB_ERRQ_H

#include <sys/socket.h>

#include "lib/lsock.h"

/* SO_ZEROCOPY and SO_TIMESTAMPING: 0 or an errno. */
int errq_set(struct lsock *sock, int opt, int value);
int errq_get(const struct lsock *sock, int opt);
/* A connection has them from its listener; without memory it has none. */
void errq_inherit(struct lsock *sock, const struct lsock *listener);
/* The queue is full: a call with those flags gets ENOBUFS, as on Linux. */
bool errq_refuses(const struct lsock *sock, int flags);
/* So many octets were taken by a call with those flags; sock->queued has them
 * already. */
void errq_sent(struct lsock *sock, size_t octets, int flags);
/* What has left and what has arrived since; under the hub's lock. */
void errq_progress(struct hub *hub);
bool errq_has(const struct lsock *sock);
/* recvmsg with MSG_ERRQUEUE: 0 or -errno. */
ssize_t errq_recv(struct lsock *sock, struct msghdr *msg);
/* When the octets just read came, if the socket wants to know: one control
 * message behind those that take *used octets. */
void errq_put_received(const struct lsock *sock, struct msghdr *msg,
		       size_t *used);
/* Appends a control message, or says that there was no room. */
void errq_put(struct msghdr *msg, size_t *used, int level, int type,
	      const void *data, size_t len);
void errq_free(struct lsock *sock);

#endif
