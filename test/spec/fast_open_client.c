/* SPDX-License-Identifier: MIT */
/*
 * RFC 7413 sections 4.1.3 and 5.2: what a client remembers of servers, and when it
 * leaves it.
 */
#include "fast_open.h"

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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cache_is_bounded),
		cmocka_unit_test(a_server_is_spared_after_two_losses),
		cmocka_unit_test(a_black_hole_is_avoided),
		cmocka_unit_test(syn_cookies_come_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
