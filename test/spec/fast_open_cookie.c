/* SPDX-License-Identifier: MIT */
/*
 * RFC 7413 section 4.1.2: the secret that cookies are made with, and cookies that
 * are not the client's.
 */
#include "fast_open.h"

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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_secret_turns_over),
		cmocka_unit_test(a_stolen_cookie_is_refused),
		cmocka_unit_test(forged_cookies_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
