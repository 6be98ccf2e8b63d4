/* SPDX-License-Identifier: MIT */
/*
 * RFC 7413 section 5.1: how much a server lets in before the handshake is over, and
 * what becomes of those that do not get on.
 */
#include "fast_open.h"

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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_than_the_limit_shake_hands),
		cmocka_unit_test(no_option_no_cookie),
		cmocka_unit_test(a_reset_keeps_its_place_for_a_minute),
		cmocka_unit_test(listeners_that_come_and_go),
		cmocka_unit_test(an_unaccepted_one_is_reset_with_its_listener),
		cmocka_unit_test(a_handshake_that_never_ends_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
