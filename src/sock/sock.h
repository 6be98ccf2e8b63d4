/* SPDX-License-Identifier: MIT */
/* What the files of this room tell each other. */
#ifndef SOCK_SOCK_H
#define SOCK_SOCK_H

#include <catenet/socket.h>

#include "host/host.h"

/* Has it a connection that segments find? */
static inline bool sock_is_live(const struct cn_sock *sock)
{
	return sock->flow.kind == FLOW_CONN;
}

/* The handshake is not over, and must be before anything is said. */
static inline bool sock_is_opening(const struct cn_sock *sock)
{
	return sock_is_live(sock) &&
	       (sock->tcb.state == CN_SYN_SENT ||
		(sock->tcb.state == CN_SYN_RECEIVED && !sock->tcb.fast_child));
}

/* 0.0.0.0 or ::, as the socket's family has it. */
struct cn_addr sock_any(const struct cn_sock *sock);
/* CN_OK when the address is one of the socket's family. */
int sock_check_family(const struct cn_sock *sock, const struct cn_addr *addr);
/* SO_ERROR: the pending error, once. */
int sock_take_err(struct cn_sock *sock);
/* A port that bind() picks, on the socket's present address. */
int sock_bind_any_port(struct cn_sock *sock);
/* Of an earlier connection nothing stays but the options and the bind. */
void sock_forget_connection(struct cn_sock *sock);
/* Stops listening; the socket is as before cn_sock_listen. */
void sock_unlisten(struct cn_sock *sock, uint64_t now);

#endif
