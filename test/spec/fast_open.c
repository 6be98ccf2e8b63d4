/* SPDX-License-Identifier: MIT */
/*
 * RFC 7413, both ends, as Linux does it: cookies, data in the SYN, and the way
 * back to an ordinary handshake when anything goes wrong.
 */
#include "../pair.h"

#include "host/host.h"

static const struct cn_counters *count(const struct pair *pair, int host)
{
	return cn_host_counters(pair->host[host]);
}

static struct cn_sock *fast_listener(struct pair *pair, int64_t limit)
{
	struct cn_sock *listener = listener_on(pair, 1, 80, 16);

	assert_int_equal(cn_sock_set(listener, CN_OPT_FASTOPEN, limit, 0), 0);
	return listener;
}

/* sendto(MSG_FASTOPEN): nothing has moved yet. */
static struct cn_sock *send_from(struct pair *pair, const char *text,
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
static unsigned cookies(const struct pair *pair, int host)
{
	return fast_cookies_known(pair->host[host]);
}

/* A first connection, from which the client has a cookie; it is over. */
static void get_cookie(struct pair *pair, struct cn_sock *listener)
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

static struct cn_sock *begin(struct pair *pair,
			     void (*change)(struct cn_settings *, int))
{
	struct cn_sock *listener;

	pair_init(pair, change);
	listener = fast_listener(pair, 8);
	get_cookie(pair, listener);
	return listener;
}

/* Reads the last frame from that host as a segment. */
static struct tcp_seg last_of(const struct pair *pair, int host)
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

/* ------------------------------------------------------ the way it should be */

static void first_asks_second_carries(void **state)
{
	struct cn_sock *listener, *client, *server;
	struct cn_tcp_info info;
	struct pair pair;
	struct tcp_seg seg;

	(void)state;
	pair_init(&pair, NULL);
	listener = fast_listener(&pair, 8);
	client = send_from(&pair, "hello", CN_E_INPROGRESS);
	assert_true(pair_move(&pair, 0));
	seg = last_of(&pair, 0);
	assert_int_equal(seg.flags, TCP_SYN);
	assert_int_equal(seg.data_len, 0);
	assert_true(seg.options & TCP_OPT_FASTOPEN);
	assert_int_equal(seg.fastopen_len, 0);
	assert_true(pair_move(&pair, 1));
	seg = last_of(&pair, 1);
	assert_true(seg.options & TCP_OPT_FASTOPEN);
	assert_int_equal(seg.fastopen_len, 8);
	pair_run(&pair);
	assert_int_equal(count(&pair, 1)->fastopen_cookie_reqd, 1);
	cn_sock_close(accept_from(&pair, listener), pair.now);
	cn_sock_close(client, pair.now);
	pair_run(&pair);

	client = send_from(&pair, "request", 7);
	assert_true(pair_move(&pair, 0));
	seg = last_of(&pair, 0);
	assert_int_equal(seg.flags, TCP_SYN);
	assert_int_equal(seg.data_len, 7);
	assert_int_equal(seg.fastopen_len, 8);
	/* The program reads and answers before anything has come back. */
	server = accept_from(&pair, listener);
	assert_int_equal(cn_sock_state(server), CN_SYN_RECEIVED);
	assert_true(cn_sock_ready(server) & CN_READY_IN);
	assert_true(cn_sock_ready(server) & CN_READY_OUT);
	{
		char got[16] = {0};

		assert_int_equal(
			cn_sock_recv(server, got, sizeof(got), 0, pair.now), 7);
		assert_string_equal(got, "request");
	}
	assert_int_equal(cn_sock_send(server, "answer", 6, 0, pair.now), 6);
	assert_true(pair_move(&pair, 1));
	seg = last_of(&pair, 1);
	assert_int_equal(seg.flags, TCP_SYN | TCP_ACK);
	assert_false(seg.options & TCP_OPT_FASTOPEN);
	assert_int_equal(seg.ack, client->tcb.iss + 8);
	assert_true(pair_move(&pair, 1));
	seg = last_of(&pair, 1);
	assert_int_equal(seg.data_len, 6);
	/* One round trip, and the answer is there. */
	expect_text(&pair, client, "answer");
	assert_int_equal(cn_sock_state(server), CN_ESTABLISHED);
	assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
	assert_int_equal(count(&pair, 0)->fastopen_active, 1);
	assert_int_equal(count(&pair, 1)->fastopen_passive, 1);
	assert_int_equal(cn_sock_info(client, &info), 0);
	assert_true(info.has_syn_data);
	assert_int_equal(cn_sock_info(server, &info), 0);
	assert_true(info.has_syn_data);
	assert_int_equal(info.octets_received, 7);
	/* And on it goes. */
	send_text(&pair, client, "more");
	expect_text(&pair, server, "more");
	cn_sock_close(client, pair.now);
	pair_run(&pair);
	cn_sock_close(server, pair.now);
	pair_run(&pair);
	assert_int_equal(pair.host[1]->fast.child_n, 0);
	assert_int_equal(listener->listener->fast_n, 0);
	pair_deinit(&pair);
}

/* TCP_FASTOPEN_CONNECT: connect says yes, the first send connects. */
static void connect_waits_for_the_first_send(void **state)
{
	struct cn_endpoint to = pair_at(1, 80);
	struct cn_sock *listener, *client;
	struct pair pair;
	struct tcp_seg seg;
	int64_t value;

	(void)state;
	listener = begin(&pair, NULL);
	client = sock_on(&pair, 0);
	assert_int_equal(cn_sock_set(client, CN_OPT_FASTOPEN_CONNECT, 1, 0), 0);
	assert_int_equal(cn_sock_get(client, CN_OPT_FASTOPEN_CONNECT, &value),
			 0);
	assert_int_equal(value, 1);
	assert_int_equal(cn_sock_connect(client, &to, pair.now), 0);
	pair_after(&pair, 30 * S);
	expect_silence(&pair, 0);
	assert_int_equal(cn_sock_state(client), CN_SYN_SENT);
	assert_int_equal(cn_sock_ready(client), CN_READY_OUT);
	assert_int_equal(cn_sock_connect(client, &to, pair.now), CN_E_ISCONN);
	assert_int_equal(cn_sock_recv(client, &value, 1, 0, pair.now),
			 CN_E_AGAIN);
	assert_int_equal(cn_sock_send(client, "now", 3, 0, pair.now), 3);
	assert_int_equal(cn_sock_send(client, "x", 1, 0, pair.now), CN_E_AGAIN);
	assert_true(pair_move(&pair, 0));
	seg = last_of(&pair, 0);
	assert_int_equal(seg.data_len, 3);
	expect_text(&pair, accept_from(&pair, listener), "now");
	assert_int_equal(cn_sock_connect(client, &to, pair.now), 0);
	assert_int_equal(cn_sock_set(client, CN_OPT_FASTOPEN_CONNECT, 1, 0),
			 CN_E_INVAL);
	pair_deinit(&pair);
}

/* Without a cookie it is an ordinary connect that asks for one. */
static void connect_without_a_cookie_asks(void **state)
{
	struct cn_endpoint to = pair_at(1, 80);
	struct cn_sock *listener, *client;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener = fast_listener(&pair, 8);
	for (unsigned i = 0; i < 2; i++) {
		client = sock_on(&pair, 0);
		assert_int_equal(
			cn_sock_set(client, CN_OPT_FASTOPEN_CONNECT, 1, 0), 0);
		assert_int_equal(cn_sock_connect(client, &to, pair.now),
				 i ? 0 : CN_E_INPROGRESS);
		if (i)
			assert_int_equal(
				cn_sock_send(client, "x", 1, 0, pair.now), 1);
		pair_run(&pair);
		assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
		accept_from(&pair, listener);
	}
	assert_int_equal(count(&pair, 0)->fastopen_active, 1);
	pair_deinit(&pair);
}

/* A SYN bears no more than a segment; the rest follows as ever. */
static void a_long_message_is_taken_in_part(void **state)
{
	static char sent[100000], got[100000];
	struct cn_endpoint to = pair_at(1, 80);
	struct cn_sock *listener, *client, *server;
	size_t taken = 0, have = 0;
	struct pair pair;
	int64_t n;

	(void)state;
	listener = begin(&pair, NULL);
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (char)(i * 7 + i / 251);
	client = sock_on(&pair, 0);
	n = cn_sock_connect_send(client, &to, sent, sizeof(sent), pair.now);
	assert_int_equal(n, 1460 - 40);
	taken = (size_t)n;
	pair_run(&pair);
	server = accept_from(&pair, listener);
	while (have < sizeof(sent)) {
		n = cn_sock_send(client, sent + taken, sizeof(sent) - taken, 0,
				 pair.now);
		if (n > 0)
			taken += (size_t)n;
		pair_run(&pair);
		n = cn_sock_recv(server, got + have, sizeof(got) - have, 0,
				 pair.now);
		assert_true(n > 0);
		have += (size_t)n;
	}
	assert_memory_equal(sent, got, sizeof(sent));
	pair_deinit(&pair);
}

static void ipv6_opens_fast(void **state)
{
	struct cn_endpoint here = {.port = 80}, there = {pair_addr6(1), 80};
	struct cn_sock *listener, *client, *server;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	assert_int_equal(cn_sock_new(pair.host[1], 6, &listener), 0);
	assert_int_equal(cn_sock_bind(listener, &here), 0);
	assert_int_equal(cn_sock_listen(listener, 8, pair.now), 0);
	assert_int_equal(cn_sock_set(listener, CN_OPT_FASTOPEN, 8, 0), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(cn_sock_new(pair.host[0], 6, &client), 0);
		assert_int_equal(cn_sock_connect_send(client, &there, "six", 3,
						      pair.now),
				 i ? 3 : CN_E_INPROGRESS);
		if (i) {
			assert_true(pair_move(&pair, 0));
			server = accept_from(&pair, listener);
			assert_int_equal(cn_sock_state(server),
					 CN_SYN_RECEIVED);
			expect_text(&pair, server, "six");
		} else {
			pair_run(&pair);
			accept_from(&pair, listener);
		}
	}
	pair_deinit(&pair);
}

/* The FIN of a server that closes at once follows the handshake. */
static void server_answers_and_closes(void **state)
{
	struct cn_sock *listener, *client, *server;
	struct pair pair;
	char got[16];

	(void)state;
	listener = begin(&pair, NULL);
	client = send_from(&pair, "get", 3);
	assert_true(pair_move(&pair, 0));
	server = accept_from(&pair, listener);
	assert_int_equal(cn_sock_recv(server, got, 16, 0, pair.now), 3);
	assert_int_equal(cn_sock_send(server, "bye", 3, 0, pair.now), 3);
	cn_sock_close(server, pair.now);
	pair_run(&pair);
	assert_int_equal(cn_sock_recv(client, got, 16, 0, pair.now), 3);
	assert_int_equal(cn_sock_recv(client, got, 16, 0, pair.now), 0);
	assert_int_equal(cn_sock_state(client), CN_CLOSE_WAIT);
	cn_sock_close(client, pair.now);
	pair_run(&pair);
	assert_int_equal(pair.host[1]->fast.child_n, 0);
	pair_deinit(&pair);
}

/* -------------------------------------------------------- when it goes wrong */

static bool lose_data_in_syn(struct pair *pair, int from,
			     const struct cn_frame *frame)
{
	(void)pair;
	return from == 0 && frame->payload_len && (frame->header[33] & TCP_SYN);
}

static bool lose_syn_ack(struct pair *pair, int from,
			 const struct cn_frame *frame)
{
	return from == 1 && (frame->header[33] & TCP_SYN) &&
	       pair->moved[1] == 0;
}

/* A path that swallows SYNs with data: the next is a plain one. */
static void lost_syn_is_repeated_plain(void **state)
{
	struct cn_sock *listener, *client;
	struct pair pair;
	struct tcp_seg seg;

	(void)state;
	listener = begin(&pair, NULL);
	pair.lose = lose_data_in_syn;
	client = send_from(&pair, "slow", 4);
	pair_after(&pair, 999 * MS);
	assert_int_equal(cn_sock_pending(listener, NULL), 0);
	pair.now += 2 * MS;
	cn_host_advance(pair.host[0], pair.now);
	assert_true(pair_move(&pair, 0));
	seg = last_of(&pair, 0);
	assert_int_equal(seg.flags, TCP_SYN);
	assert_int_equal(seg.data_len, 0);
	assert_false(seg.options & TCP_OPT_FASTOPEN);
	pair_run(&pair);
	assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
	expect_text(&pair, accept_from(&pair, listener), "slow");
	assert_int_equal(count(&pair, 0)->fastopen_active_fail, 1);
	assert_int_equal(count(&pair, 0)->fastopen_active, 0);
	pair_deinit(&pair);
}

/* Only the answer was lost: the plain SYN is answered as the first was. */
static void lost_syn_ack_is_repeated(void **state)
{
	struct cn_sock *listener, *client, *server;
	struct pair pair;

	(void)state;
	listener = begin(&pair, NULL);
	pair.moved[1] = 0;
	pair.lose = lose_syn_ack;
	client = send_from(&pair, "once", 4);
	assert_true(pair_move(&pair, 0));
	assert_true(pair_move(&pair, 1));
	server = accept_from(&pair, listener);
	assert_int_equal(cn_sock_send(server, "early", 5, 0, pair.now), 5);
	assert_true(pair_move(&pair, 1));
	pair.lose = NULL;
	pair_after(&pair, 5 * S);
	assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
	assert_int_equal(cn_sock_state(server), CN_ESTABLISHED);
	expect_text(&pair, server, "once");
	expect_text(&pair, client, "early");
	assert_int_equal(count(&pair, 0)->fastopen_active, 1);
	pair_deinit(&pair);
}

static bool spoil_cookie(struct pair *pair, int from,
			 const struct cn_frame *frame)
{
	(void)from;
	(void)frame;
	/* The server forgets its secrets. */
	pair->host[1]->fast.secret[0].k0 ^= 1;
	pair->lose = NULL;
	return false;
}

static void wrong_cookie_gets_a_good_one(void **state)
{
	struct cn_sock *listener, *client;
	struct pair pair;
	struct tcp_seg seg;

	(void)state;
	listener = begin(&pair, NULL);
	pair.lose = spoil_cookie;
	client = send_from(&pair, "again", 5);
	assert_true(pair_move(&pair, 0));
	assert_int_equal(cn_sock_pending(listener, NULL), 0);
	assert_true(pair_move(&pair, 1));
	seg = last_of(&pair, 1);
	assert_int_equal(seg.ack, client->tcb.iss + 1);
	assert_int_equal(seg.fastopen_len, 8);
	pair_run(&pair);
	expect_text(&pair, accept_from(&pair, listener), "again");
	assert_int_equal(count(&pair, 1)->fastopen_passive_fail, 1);
	assert_int_equal(count(&pair, 0)->fastopen_active_fail, 1);
	/* The new one is good. */
	send_from(&pair, "third", 5);
	assert_true(pair_move(&pair, 0));
	expect_text(&pair, accept_from(&pair, listener), "third");
	pair_deinit(&pair);
}

static void server_off(struct cn_settings *settings, int host)
{
	if (host == 1)
		settings->fastopen = 1;
}

static void client_off(struct cn_settings *settings, int host)
{
	if (host == 0)
		settings->fastopen = 2;
}

static void a_server_that_does_not_know_it(void **state)
{
	struct cn_sock *listener, *client;
	struct pair pair;

	(void)state;
	pair_init(&pair, server_off);
	listener = fast_listener(&pair, 8);
	for (unsigned i = 0; i < 2; i++) {
		client = send_from(&pair, "x", CN_E_INPROGRESS);
		pair_run(&pair);
		assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
		send_text(&pair, client, "x");
		expect_text(&pair, accept_from(&pair, listener), "x");
	}
	assert_int_equal(cookies(&pair, 0), 0);
	pair_deinit(&pair);
}

static void a_client_that_may_not(void **state)
{
	struct cn_endpoint to = pair_at(1, 80);
	struct cn_sock *client;
	struct pair pair;

	(void)state;
	pair_init(&pair, client_off);
	fast_listener(&pair, 8);
	client = send_from(&pair, "x", CN_E_OPNOTSUPP);
	assert_int_equal(cn_sock_set(client, CN_OPT_FASTOPEN_CONNECT, 1, 0),
			 CN_E_OPNOTSUPP);
	assert_int_equal(cn_sock_connect(client, &to, pair.now),
			 CN_E_INPROGRESS);
	assert_int_equal(cn_sock_connect_send(client, &to, "x", 1, pair.now),
			 CN_E_OPNOTSUPP);
	pair_deinit(&pair);
}

static void states_of_the_call(void **state)
{
	struct cn_endpoint to = pair_at(1, 80);
	struct cn_sock *listener, *client;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener = fast_listener(&pair, 8);
	client = send_from(&pair, "x", CN_E_INPROGRESS);
	assert_int_equal(cn_sock_connect_send(client, &to, "x", 1, pair.now),
			 CN_E_ALREADY);
	pair_run(&pair);
	/* As Linux: it has not heard yet that it is connected. */
	assert_int_equal(cn_sock_connect_send(client, &to, "x", 1, pair.now),
			 1);
	assert_int_equal(cn_sock_connect_send(client, &to, "x", 1, pair.now),
			 CN_E_ISCONN);
	assert_int_equal(cn_sock_connect_send(listener, &to, "x", 1, pair.now),
			 CN_E_ISCONN);
	assert_int_equal(cn_sock_set(client, CN_OPT_FASTOPEN, 1, 0),
			 CN_E_INVAL);
	pair_deinit(&pair);
}

/* Nobody listens there any more. */
static void refused_with_data(void **state)
{
	struct cn_sock *listener, *client;
	struct pair pair;

	(void)state;
	listener = begin(&pair, NULL);
	cn_sock_close(listener, pair.now);
	client = send_from(&pair, "lost", 4);
	pair_run(&pair);
	assert_int_equal(cn_sock_error(client), CN_E_CONNREFUSED);
	pair_deinit(&pair);
}

/* A SYN that never left leaves nothing behind. */
static void closed_before_the_first_send(void **state)
{
	struct cn_endpoint to = pair_at(1, 80);
	struct cn_sock *client;
	struct pair pair;

	(void)state;
	begin(&pair, NULL);
	client = sock_on(&pair, 0);
	assert_int_equal(cn_sock_set(client, CN_OPT_FASTOPEN_CONNECT, 1, 0), 0);
	assert_int_equal(cn_sock_connect(client, &to, pair.now), 0);
	cn_sock_close(client, pair.now);
	expect_silence(&pair, 0);
	pair_deinit(&pair);
}

/* ---------------------------------------------------------- the server's limit */

static bool lose_last_acks(struct pair *pair, int from,
			   const struct cn_frame *frame)
{
	(void)pair;
	return from == 0 && !(frame->header[33] & TCP_SYN);
}

/* RFC 7413 section 5.1: so many connections may be forged, no more. */
static void more_than_the_limit_shake_hands(void **state)
{
	struct cn_sock *listener, *client[3];
	struct pair pair;

	(void)state;
	listener = begin(&pair, NULL);
	assert_int_equal(cn_sock_set(listener, CN_OPT_FASTOPEN, 2, 0), 0);
	pair.lose = lose_last_acks;
	for (unsigned i = 0; i < 3; i++)
		client[i] = send_from(&pair, "x", 1);
	pair_run(&pair);
	assert_int_equal(cn_sock_pending(listener, NULL), 2);
	assert_int_equal(count(&pair, 1)->fastopen_passive, 2);
	assert_int_equal(count(&pair, 1)->fastopen_listen_overflow, 1);
	pair.lose = NULL;
	pair_after(&pair, 3 * S);
	assert_int_equal(cn_sock_pending(listener, NULL), 3);
	assert_int_equal(listener->listener->fast_n, 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(cn_sock_state(client[i]), CN_ESTABLISHED);
	pair_deinit(&pair);
}

static void no_option_no_cookie(void **state)
{
	struct cn_sock *client;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener_on(&pair, 1, 80, 8);
	client = send_from(&pair, "x", CN_E_INPROGRESS);
	pair_run(&pair);
	assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
	assert_int_equal(cookies(&pair, 0), 0);
	pair_deinit(&pair);
}

/* Whoever resets what a cookie opened keeps its place for a minute: else a
 * thief of one cookie could open connections without end. */
static void a_reset_keeps_its_place_for_a_minute(void **state)
{
	struct tcp_seg rst = {.flags = TCP_RST};
	struct cn_sock *listener, *client, *server;
	struct cn_endpoint from;
	struct pair pair;

	(void)state;
	listener = begin(&pair, NULL);
	assert_int_equal(cn_sock_set(listener, CN_OPT_FASTOPEN, 1, 0), 0);
	client = send_from(&pair, "x", 1);
	assert_true(pair_move(&pair, 0));
	server = accept_from(&pair, listener);
	cn_sock_name(client, &from);
	rst.seq = client->tcb.iss + 2;
	inject(&pair, 1, from, pair_at(1, 80), &rst);
	assert_int_equal(cn_sock_state(server), CN_CLOSED);
	assert_int_equal(cn_sock_error(server), CN_E_CONNRESET);
	assert_int_equal(listener->listener->fast_n, 1);
	cn_sock_abort(client, pair.now);
	pair_run(&pair);
	send_from(&pair, "y", 1);
	assert_true(pair_move(&pair, 0));
	assert_int_equal(cn_sock_pending(listener, NULL), 0);
	pair_run(&pair);
	pair_after(&pair, 60 * S);
	send_from(&pair, "z", 1);
	assert_true(pair_move(&pair, 0));
	assert_int_equal(count(&pair, 1)->fastopen_passive, 2);
	pair_deinit(&pair);
}

static void listeners_that_come_and_go(void **state)
{
	struct cn_sock *listener, *client, *server, *more;
	struct cn_endpoint here = any_at(80);
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener = sock_on(&pair, 1);
	assert_int_equal(cn_sock_set(listener, CN_OPT_REUSEPORT, 1, 0), 0);
	assert_int_equal(cn_sock_set(listener, CN_OPT_FASTOPEN, 8, 0), 0);
	assert_int_equal(cn_sock_bind(listener, &here), 0);
	assert_int_equal(cn_sock_listen(listener, 8, pair.now), 0);
	get_cookie(&pair, listener);
	client = send_from(&pair, "x", 1);
	assert_true(pair_move(&pair, 0));
	server = accept_from(&pair, listener);
	more = sock_on(&pair, 1);
	assert_int_equal(cn_sock_set(more, CN_OPT_REUSEPORT, 1, 0), 0);
	assert_int_equal(cn_sock_set(more, CN_OPT_FASTOPEN, 8, 0), 0);
	assert_int_equal(cn_sock_bind(more, &here), 0);
	assert_int_equal(cn_sock_listen(more, 8, pair.now), 0);
	assert_int_equal(listener->listener->fast_n + more->listener->fast_n,
			 1);
	cn_sock_close(listener, pair.now);
	assert_int_equal(more->listener->fast_n, 1);
	cn_sock_close(more, pair.now);
	pair_run(&pair);
	assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
	expect_text(&pair, server, "x");
	assert_int_equal(pair.host[1]->fast.child_n, 0);
	pair_deinit(&pair);
}

static void an_unaccepted_one_is_reset_with_its_listener(void **state)
{
	struct cn_sock *listener, *client;
	struct pair pair;

	(void)state;
	listener = begin(&pair, NULL);
	client = send_from(&pair, "x", 1);
	assert_true(pair_move(&pair, 0));
	assert_int_equal(cn_sock_pending(listener, NULL), 1);
	cn_sock_close(listener, pair.now);
	pair_run(&pair);
	assert_int_equal(cn_sock_state(client), CN_CLOSED);
	assert_int_equal(pair.host[1]->fast.child_n, 0);
	pair_deinit(&pair);
}

/* The client is never heard of again. */
static void a_handshake_that_never_ends_is_given_up(void **state)
{
	struct cn_sock *listener, *client, *server;
	struct pair pair;

	(void)state;
	listener = begin(&pair, NULL);
	client = send_from(&pair, "x", 1);
	assert_true(pair_move(&pair, 0));
	server = accept_from(&pair, listener);
	cn_host_free(pair.host[0]);
	(void)client;
	for (unsigned i = 0; i < 70; i++) {
		struct tcp_seg seg;

		pair.now += S;
		cn_host_advance(pair.host[1], pair.now);
		while (take_segment(&pair, 1, &seg, NULL))
			assert_false(i > 0 && seg.options & TCP_OPT_FASTOPEN);
	}
	assert_int_equal(cn_sock_state(server), CN_CLOSED);
	assert_int_equal(cn_sock_error(server), CN_E_TIMEDOUT);
	assert_int_equal(listener->listener->fast_n, 0);
	{
		struct cn_settings settings;

		pair_settings(&pair, &settings, 0);
		pair_host(&pair, 0, &settings);
	}
	pair_deinit(&pair);
}

/* ---------------------------------------------------------------- secrets -- */

static void the_secret_turns_over(void **state)
{
	struct cn_sock *listener;
	struct pair pair;

	(void)state;
	listener = begin(&pair, NULL);
	/* A day later: the old cookie is good, and a new one comes. */
	pair.now += 25 * 3600 * S;
	send_from(&pair, "old", 3);
	assert_true(pair_move(&pair, 0));
	expect_text(&pair, accept_from(&pair, listener), "old");
	assert_int_equal(count(&pair, 1)->fastopen_passive_alt_key, 1);
	send_from(&pair, "new", 3);
	assert_true(pair_move(&pair, 0));
	expect_text(&pair, accept_from(&pair, listener), "new");
	assert_int_equal(count(&pair, 1)->fastopen_passive_alt_key, 1);
	/* Two days later it is not. */
	pair.now += 49 * 3600 * S;
	send_from(&pair, "late", 4);
	assert_true(pair_move(&pair, 0));
	assert_int_equal(cn_sock_pending(listener, NULL), 0);
	assert_int_equal(count(&pair, 1)->fastopen_passive_fail, 1);
	pair_run(&pair);
	expect_text(&pair, accept_from(&pair, listener), "late");
	pair_deinit(&pair);
}

/* A cookie is its address's: from another it is worth nothing. */
static void a_stolen_cookie_is_refused(void **state)
{
	struct cn_addr more = cn_addr_v4(10, 0, 0, 77);
	struct cn_endpoint from = {more, 0}, to = pair_at(1, 80);
	struct cn_sock *listener, *client;
	struct pair pair;

	(void)state;
	listener = begin(&pair, NULL);
	assert_int_equal(cn_host_addr_add(pair.host[0], 0, &more, 24), 0);
	client = sock_on(&pair, 0);
	assert_int_equal(cn_sock_bind(client, &from), 0);
	assert_int_equal(cn_sock_connect_send(client, &to, "x", 1, pair.now),
			 1);
	assert_true(pair_move(&pair, 0));
	assert_int_equal(cn_sock_pending(listener, NULL), 0);
	assert_int_equal(count(&pair, 1)->fastopen_passive_fail, 1);
	pair_deinit(&pair);
}

static void forged_cookies_are_refused(void **state)
{
	uint8_t seed[16] = {74}, cookie[8];
	struct tcp_seg syn = {.seq = 1,
			      .flags = TCP_SYN,
			      .len = 1,
			      .options = TCP_OPT_FASTOPEN,
			      .fastopen = cookie,
			      .fastopen_len = 8};
	struct cn_sock *listener;
	struct random random;
	struct pair pair;
	struct tcp_seg seg;

	(void)state;
	random_init(&random, seed, 1);
	pair_init(&pair, NULL);
	listener = fast_listener(&pair, 8);
	for (unsigned i = 0; i < 200000; i++) {
		uint64_t guess = random_u64(&random);
		struct cn_endpoint from = pair_at(0, (uint16_t)(1 + i % 60000));

		memcpy(cookie, &guess, sizeof(cookie));
		inject(&pair, 1, from, pair_at(1, 80), &syn);
		while (take_segment(&pair, 1, &seg, NULL))
			;
	}
	assert_int_equal(count(&pair, 1)->fastopen_passive, 0);
	assert_int_equal(cn_sock_pending(listener, NULL), 0);
	pair_deinit(&pair);
}

/* --------------------------------------------------------- the client's cache */

static void small_cache(struct cn_settings *settings, int host)
{
	(void)host;
	settings->fastopen_cache = 4;
}

static void the_cache_is_bounded(void **state)
{
	struct pair pair;
	struct cn_sock *listener, *client;
	size_t memory = 0;

	(void)state;
	pair_init(&pair, small_cache);
	for (unsigned i = 0; i < 20; i++) {
		struct cn_addr addr = cn_addr_v4(10, 0, 0, (uint8_t)(100 + i));

		assert_int_equal(cn_host_addr_add(pair.host[1], 0, &addr, 24),
				 0);
	}
	listener = fast_listener(&pair, 8);
	for (unsigned i = 0; i < 20; i++) {
		struct cn_endpoint to = {
			cn_addr_v4(10, 0, 0, (uint8_t)(100 + i)), 80};
		struct cn_event event;

		client = sock_on(&pair, 0);
		assert_int_equal(cn_sock_connect_send(client, &to, "x", 1,
						      pair.now),
				 CN_E_INPROGRESS);
		pair_run(&pair);
		cn_sock_abort(client, pair.now);
		pair_run(&pair);
		cn_sock_close(accept_from(&pair, listener), pair.now);
		event_of(pair.host[0], CN_EVENT_SYN, &event);
		if (i == 3)
			memory = cn_host_memory(pair.host[0], NULL);
	}
	assert_int_equal(pair.host[0]->fast.peers.n, 4);
	assert_int_equal(cn_host_memory(pair.host[0], NULL), memory);
	pair_deinit(&pair);
}

/* As older Linux: a server whose SYNs with data vanish is spared. */
static void a_server_is_spared_after_two_losses(void **state)
{
	struct cn_sock *listener;
	struct pair pair;

	(void)state;
	listener = begin(&pair, NULL);
	pair.lose = lose_data_in_syn;
	for (unsigned i = 0; i < 2; i++) {
		send_from(&pair, "x", 1);
		pair_after(&pair, 2 * S);
		expect_text(&pair, accept_from(&pair, listener), "x");
	}
	send_from(&pair, "x", CN_E_INPROGRESS);
	assert_true(pair_move(&pair, 0));
	assert_false(last_of(&pair, 0).options & TCP_OPT_FASTOPEN);
	pair_after(&pair, 230 * S);
	send_from(&pair, "x", CN_E_INPROGRESS);
	pair_after(&pair, 20 * S);
	pair.lose = NULL;
	send_from(&pair, "x", 1);
	pair_run(&pair);
	/* It came through: all is forgiven. */
	send_from(&pair, "x", 1);
	pair_deinit(&pair);
}

static void black_hole(struct cn_settings *settings, int host)
{
	(void)host;
	settings->fastopen_blackhole_ns = 3600 * S;
}

static bool lose_all(struct pair *pair, int from, const struct cn_frame *frame)
{
	(void)pair;
	(void)frame;
	return from == 0;
}

static void a_black_hole_is_avoided(void **state)
{
	struct cn_sock *client;
	struct pair pair;

	(void)state;
	begin(&pair, black_hole);
	pair.lose = lose_all;
	client = send_from(&pair, "x", 1);
	pair_after(&pair, 2 * S);
	assert_int_equal(count(&pair, 0)->fastopen_blackhole, 0);
	pair_after(&pair, 2 * S);
	assert_int_equal(count(&pair, 0)->fastopen_blackhole, 1);
	cn_sock_abort(client, pair.now);
	send_from(&pair, "x", CN_E_INPROGRESS);
	pair_after(&pair, 3600 * S);
	client = send_from(&pair, "x", 1);
	pair_after(&pair, 4 * S);
	assert_int_equal(count(&pair, 0)->fastopen_blackhole, 2);
	/* Twice as long now. */
	pair_after(&pair, 3600 * S);
	send_from(&pair, "x", CN_E_INPROGRESS);
	pair_after(&pair, 3600 * S);
	pair.lose = NULL;
	send_from(&pair, "x", 1);
	pair_run(&pair);
	assert_int_equal(pair.host[0]->fast.off_times, 0);
	pair_deinit(&pair);
}

/* A flood takes Fast Open away before it takes connections: as Linux, where
 * the SYN queue is full there are only SYN cookies. */
static void always(struct cn_settings *settings, int host)
{
	(void)host;
	settings->syncookies = 2;
}

static void syn_cookies_come_first(void **state)
{
	struct cn_sock *listener, *client;
	struct pair pair;

	(void)state;
	pair_init(&pair, always);
	listener = fast_listener(&pair, 8);
	client = send_from(&pair, "x", CN_E_INPROGRESS);
	pair_run(&pair);
	assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
	assert_int_equal(count(&pair, 1)->syncookies_recv, 1);
	assert_int_equal(cookies(&pair, 0), 0);
	(void)listener;
	pair_deinit(&pair);
}

/* ------------------------------------------------ Linux's flags and keys -- */

static void server_needs_no_cookie(struct cn_settings *settings, int host)
{
	if (host == 1)
		settings->fastopen |= CN_FASTOPEN_SERVER_NO_COOKIE;
	else
		settings->fastopen |= CN_FASTOPEN_CLIENT_NO_COOKIE;
}

static void without_cookies_the_first_carries(void **state)
{
	struct cn_sock *listener;
	struct pair pair;
	struct tcp_seg seg;

	(void)state;
	pair_init(&pair, server_needs_no_cookie);
	listener = fast_listener(&pair, 8);
	send_from(&pair, "request", 7);
	assert_true(pair_move(&pair, 0));
	seg = last_of(&pair, 0);
	assert_int_equal(seg.data_len, 7);
	assert_false(seg.options & TCP_OPT_FASTOPEN);
	expect_text(&pair, accept_from(&pair, listener), "request");
	pair_deinit(&pair);
}

static void every_listener(struct cn_settings *settings, int host)
{
	(void)host;
	settings->fastopen |= CN_FASTOPEN_ALL_LISTENERS;
}

static void every_listener_gives_cookies(void **state)
{
	struct pair pair;

	(void)state;
	pair_init(&pair, every_listener);
	listener_on(&pair, 1, 80, 8);
	send_from(&pair, "x", CN_E_INPROGRESS);
	pair_run(&pair);
	assert_int_equal(cookies(&pair, 0), 1);
	pair_deinit(&pair);
}

static void known_key(struct cn_settings *settings, int host)
{
	static const uint8_t octets[4] = {0xa1, 0xb2, 0xc3, 0xd4};

	(void)host;
	settings->fastopen_key_n = 1;
	for (unsigned i = 0; i < 16; i++)
		settings->fastopen_key[0][i] = octets[i / 4];
}

/* What Linux makes of the same key and addresses. */
static void a_cookie_is_linuxs(void **state)
{
	static const uint8_t want[] = {0x30, 0x21, 0xb9, 0xd8,
				       0x89, 0x01, 0x7e, 0xeb};
	struct tuple tuple = {.local = cn_addr_v4(192, 168, 0, 1),
			      .peer = cn_addr_v4(192, 0, 2, 1)};
	uint8_t cookie[FAST_COOKIE_LEN];
	struct pair pair;

	(void)state;
	pair_init(&pair, known_key);
	fast_cookie(pair.host[1], &tuple, cookie, pair.now);
	assert_memory_equal(cookie, want, sizeof(want));
	/* It does not turn over. */
	pair_after(&pair, 10 * 24 * 3600 * S);
	fast_cookie(pair.host[1], &tuple, cookie, pair.now);
	assert_memory_equal(cookie, want, sizeof(want));
	pair_deinit(&pair);
}

/* RFC 6994's option for who does not answer the other; once. */
static void the_experimental_option_is_tried_once(void **state)
{
	static const bool want[] = {false, true, false, false};
	struct tcp_seg seg;
	struct pair pair;

	(void)state;
	pair_init(&pair, server_off);
	listener_on(&pair, 1, 80, 8);
	for (unsigned i = 0; i < 4; i++) {
		send_from(&pair, "x", CN_E_INPROGRESS);
		assert_true(pair_move(&pair, 0));
		seg = last_of(&pair, 0);
		assert_true(seg.options & TCP_OPT_FASTOPEN);
		assert_int_equal(seg.fastopen_exp, want[i]);
		pair_run(&pair);
	}
	pair_deinit(&pair);
}

/* A server answers in the form in which it is asked. */
static void a_cookie_comes_as_it_was_asked_for(void **state)
{
	struct tcp_seg syn = {.seq = 5,
			      .len = 1,
			      .flags = TCP_SYN,
			      .wnd = 9,
			      .options = TCP_OPT_FASTOPEN,
			      .fastopen_exp = true};
	struct tcp_seg reply;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	fast_listener(&pair, 8);
	inject(&pair, 1, pair_at(0, 999), pair_at(1, 80), &syn);
	assert_true(take_segment(&pair, 1, &reply, NULL));
	assert_int_equal(reply.fastopen_len, FAST_COOKIE_LEN);
	assert_true(reply.fastopen_exp);
	pair_deinit(&pair);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_asks_second_carries),
		cmocka_unit_test(connect_waits_for_the_first_send),
		cmocka_unit_test(connect_without_a_cookie_asks),
		cmocka_unit_test(a_long_message_is_taken_in_part),
		cmocka_unit_test(ipv6_opens_fast),
		cmocka_unit_test(server_answers_and_closes),
		cmocka_unit_test(lost_syn_is_repeated_plain),
		cmocka_unit_test(lost_syn_ack_is_repeated),
		cmocka_unit_test(wrong_cookie_gets_a_good_one),
		cmocka_unit_test(a_server_that_does_not_know_it),
		cmocka_unit_test(a_client_that_may_not),
		cmocka_unit_test(states_of_the_call),
		cmocka_unit_test(refused_with_data),
		cmocka_unit_test(closed_before_the_first_send),
		cmocka_unit_test(more_than_the_limit_shake_hands),
		cmocka_unit_test(no_option_no_cookie),
		cmocka_unit_test(a_reset_keeps_its_place_for_a_minute),
		cmocka_unit_test(listeners_that_come_and_go),
		cmocka_unit_test(an_unaccepted_one_is_reset_with_its_listener),
		cmocka_unit_test(a_handshake_that_never_ends_is_given_up),
		cmocka_unit_test(the_secret_turns_over),
		cmocka_unit_test(a_stolen_cookie_is_refused),
		cmocka_unit_test(forged_cookies_are_refused),
		cmocka_unit_test(the_cache_is_bounded),
		cmocka_unit_test(a_server_is_spared_after_two_losses),
		cmocka_unit_test(a_black_hole_is_avoided),
		cmocka_unit_test(syn_cookies_come_first),
		cmocka_unit_test(without_cookies_the_first_carries),
		cmocka_unit_test(every_listener_gives_cookies),
		cmocka_unit_test(a_cookie_is_linuxs),
		cmocka_unit_test(the_experimental_option_is_tried_once),
		cmocka_unit_test(a_cookie_comes_as_it_was_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
