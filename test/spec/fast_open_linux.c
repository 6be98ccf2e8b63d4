/* SPDX-License-Identifier: MIT */
/*
 * Fast Open as Linux has it: flags, keys that hosts share, and the experimental
 * option of RFC 6994.
 */
#include "fast_open.h"

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
		cmocka_unit_test(without_cookies_the_first_carries),
		cmocka_unit_test(every_listener_gives_cookies),
		cmocka_unit_test(a_cookie_is_linuxs),
		cmocka_unit_test(the_experimental_option_is_tried_once),
		cmocka_unit_test(a_cookie_comes_as_it_was_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
