/* SPDX-License-Identifier: MIT */
/* What the tests of Fast Open have in common: a pair of hosts, and a listener that
 * takes data in SYNs. */
#ifndef SPEC_FAST_OPEN_H
#define SPEC_FAST_OPEN_H

#include "../pair.h"

#include "host/host.h"

static inline const struct cn_counters *count(const struct pair *pair, int host)
{
	return cn_host_counters(pair->host[host]);
}

static inline struct cn_sock *fast_listener(struct pair *pair, int64_t limit)
{
	struct cn_sock *listener = listener_on(pair, 1, 80, 16);

	assert_int_equal(cn_sock_set(listener, CN_OPT_FASTOPEN, limit, 0), 0);
	return listener;
}

/* sendto(MSG_FASTOPEN): nothing has moved yet. */
static inline struct cn_sock *send_from(struct pair *pair, const char *text,
					int64_t want)
{
	struct cn_endpoint to = pair_at(1, 80);
	struct cn_sock *sock = sock_on(pair, 0);

	assert_int_equal(cn_sock_connect_send(sock, &to, text, strlen(text),
					      pair->now),
			 want);
	return sock;
}

/* How many servers have given that host a cookie. */
static inline unsigned cookies(const struct pair *pair, int host)
{
	return fast_cookies_known(pair->host[host]);
}

/* A first connection, from which the client has a cookie; it is over. */
static inline void get_cookie(struct pair *pair, struct cn_sock *listener)
{
	struct cn_sock *client = send_from(pair, "hello", CN_E_INPROGRESS);
	struct cn_sock *server;

	pair_run(pair);
	assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
	server = accept_from(pair, listener);
	cn_sock_close(client, pair->now);
	pair_run(pair);
	cn_sock_close(server, pair->now);
	pair_run(pair);
}

static inline struct cn_sock *begin(struct pair *pair,
				    void (*change)(struct cn_settings *, int))
{
	struct cn_sock *listener;

	pair_init(pair, change);
	listener = fast_listener(pair, 8);
	get_cookie(pair, listener);
	return listener;
}

/* Reads the last frame from that host as a segment. */
static inline struct tcp_seg last_of(const struct pair *pair, int host)
{
	struct tcp_ports ports;
	struct tcp_seg seg;
	struct ip_hdr ip;
	uint32_t off;

	assert_int_equal(ip_parse(pair->last[host], pair->last_len[host], &ip),
			 0);
	assert_int_equal(tcp_parse(pair->last[host] + ip.header_len,
				   ip.payload_len, &ports, &seg, &off),
			 0);
	return seg;
}

static inline bool lose_data_in_syn(struct pair *pair, int from,
				    const struct cn_frame *frame)
{
	(void)pair;
	return from == 0 && frame->payload_len && (frame->header[33] & TCP_SYN);
}

static inline void server_off(struct cn_settings *settings, int host)
{
	if (host == 1)
		settings->fastopen = 1;
}

#endif
