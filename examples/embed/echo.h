/* SPDX-License-Identifier: MIT */
/* An echo server: what the application does with the events of its host. */
#ifndef EXAMPLE_ECHO_H
#define EXAMPLE_ECHO_H

#include "host.h"

static inline struct cn_sock *echo_listen(struct cn_host *host, uint16_t port,
					  uint64_t now)
{
	struct cn_endpoint any = {cn_addr_v4(0, 0, 0, 0), port};
	struct cn_sock *listener;

	if (cn_sock_new(host, 4, &listener) || cn_sock_bind(listener, &any) ||
	    cn_sock_listen(listener, 100, now)) {
		fprintf(stderr, "port %u is taken\n", port);
		exit(1);
	}
	return listener;
}

static inline void echo_socket(struct cn_sock *sock, uint64_t now)
{
	char data[4096];
	int64_t n = CN_E_AGAIN;

	/* Read no more than there is room to send back. */
	while (cn_sock_writable(sock) >= sizeof(data) &&
	       (n = cn_sock_recv(sock, data, sizeof(data), 0, now)) > 0)
		cn_sock_send(sock, data, (size_t)n, 0, now);
	if (n != CN_E_AGAIN && n <= 0)
		cn_sock_close(sock, now);
}

static inline void echo_events(struct cn_host *host, struct cn_sock *listener,
			       uint64_t now)
{
	struct cn_event event;
	struct cn_sock *sock;

	while (cn_host_event(host, &event)) {
		if (event.kind != CN_EVENT_READY)
			continue;
		if (event.sock != listener)
			echo_socket(event.sock, now);
		else
			while (cn_sock_accept(listener, &sock, now) == CN_OK)
				echo_socket(sock, now);
	}
}

#endif
