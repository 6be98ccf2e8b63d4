/* SPDX-License-Identifier: MIT */
/*
 * RFC 7413, both ends, as Linux does it: cookies, data in the SYN, and the way
 * back to an ordinary handshake when anything goes wrong.
 */
#include "fast_open.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
