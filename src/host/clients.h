/* SPDX-License-Identifier: MIT */
/*
 * Row 16 of the attacks: how many connections each client has to a port that
 * limits them.  A client is an address or the prefix that one machine is
 * likely to own; it costs memory only while it has connections.
 */
#ifndef HOST_CLIENTS_H
#define HOST_CLIENTS_H

#include <catenet/host.h>

struct listener;
struct tuple;

/* May that client have one more connection through this listener? */
bool client_may(const struct cn_host *host, const struct listener *listener,
		const struct tuple *tuple);
/* A connection that came through the listener counts, if it limits them.
 * CN_OK or CN_E_NOMEM. */
int client_add(struct cn_sock *sock, const struct listener *listener)
	CN_MUST_CHECK;
/* It counts no more. */
void client_remove(struct cn_sock *sock);
void clients_deinit(struct cn_host *host);

#endif
