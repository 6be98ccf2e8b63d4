/* SPDX-License-Identifier: MIT */
/* RFC 9293 sections 3.5 and 3.6 between two hosts: open, talk, close. */
#include "../pair.h"

/* MUST-2: the other end verifies what this one computes. Notes: rows 8, 53. */
static void handshake_data_close(void **state)
{
	struct pair pair;
	struct duo duo;
	struct cn_event event;
	char octet;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	assert_int_equal(pair.moved[0], 2);
	assert_int_equal(pair.moved[1], 1);
	send_text(&pair, duo.client, "hello");
	expect_text(&pair, duo.server, "hello");
	send_text(&pair, duo.server, "HELLO");
	expect_text(&pair, duo.client, "HELLO");

	cn_sock_close(duo.client, pair.now);
	pair_run(&pair);
	assert_int_equal(cn_sock_state(duo.server), CN_CLOSE_WAIT);
	assert_int_equal(cn_sock_recv(duo.server, &octet, 1, 0, pair.now), 0);
	cn_sock_close(duo.server, pair.now);
	pair_run(&pair);
	assert_true(event_of(pair.host[0], CN_EVENT_ORPHAN_DONE, &event));
	assert_int_equal(event.err, 0);
	assert_int_equal(event.octets, 0);
	assert_true(event_of(pair.host[1], CN_EVENT_ORPHAN_DONE, &event));
	assert_int_equal(event.err, 0);
	cn_sock_close(duo.listener, pair.now);
	pair_deinit(&pair);
}

static void connect_to_closed_port_is_refused(void **state)
{
	struct pair pair;
	struct cn_sock *sock;
	struct cn_endpoint to = pair_at(1, 81);

	(void)state;
	pair_init(&pair, NULL);
	sock = connect_from(&pair, 0, to);
	assert_int_equal(cn_sock_connect(sock, &to, pair.now), CN_E_ALREADY);
	pair_run(&pair);
	assert_int_equal(cn_sock_ready(sock),
			 CN_READY_IN | CN_READY_OUT | CN_READY_RDHUP |
				 CN_READY_HUP | CN_READY_ERR);
	assert_int_equal(cn_sock_error(sock), CN_E_CONNREFUSED);
	assert_int_equal(cn_sock_error(sock), 0);
	assert_int_equal(cn_sock_connect(sock, &to, pair.now),
			 CN_E_CONNABORTED);
	assert_int_equal(cn_sock_connect(sock, &to, pair.now), CN_E_INPROGRESS);
	cn_sock_close(sock, pair.now);
	pair_run(&pair);
	pair_deinit(&pair);
}

static void connect_twice_is_connected_once(void **state)
{
	struct pair pair;
	struct duo duo;
	struct cn_endpoint to = pair_at(1, 80);

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	assert_int_equal(cn_sock_connect(duo.client, &to, pair.now), 0);
	assert_int_equal(cn_sock_connect(duo.client, &to, pair.now),
			 CN_E_ISCONN);
	assert_int_equal(cn_sock_connect(duo.server, &to, pair.now),
			 CN_E_ISCONN);
	assert_int_equal(cn_sock_connect(duo.listener, &to, pair.now),
			 CN_E_ISCONN);
	pair_deinit(&pair);
}

/* Notes: row 27. */
static void connect_to_self_is_simultaneous_open(void **state)
{
	struct pair pair;
	struct cn_sock *sock;
	struct cn_endpoint at = loop_at(4000), peer;

	(void)state;
	pair_init(&pair, NULL);
	sock = sock_on(&pair, 0);
	assert_int_equal(cn_sock_bind(sock, &at), 0);
	assert_int_equal(cn_sock_connect(sock, &at, pair.now), CN_E_INPROGRESS);
	pair_run(&pair);
	assert_int_equal(cn_sock_state(sock), CN_ESTABLISHED);
	assert_int_equal(cn_sock_peer(sock, &peer), 0);
	assert_int_equal(peer.port, 4000);
	send_text(&pair, sock, "me");
	expect_text(&pair, sock, "me");
	cn_sock_close(sock, pair.now);
	pair_after(&pair, 200 * S);
	pair_deinit(&pair);
}

/* MUST-10: both ends call, and there is one connection. Notes: row 27. */
static void both_connect_and_meet(void **state)
{
	struct cn_endpoint at[2] = {pair_at(0, 5000), pair_at(1, 6000)};
	struct cn_sock *sock[2];
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	for (int i = 0; i < 2; i++) {
		sock[i] = sock_on(&pair, i);
		assert_int_equal(cn_sock_bind(sock[i], &at[i]), 0);
		assert_int_equal(cn_sock_connect(sock[i], &at[!i], pair.now),
				 CN_E_INPROGRESS);
	}
	pair_run(&pair);
	for (int i = 0; i < 2; i++)
		assert_int_equal(cn_sock_state(sock[i]), CN_ESTABLISHED);
	send_text(&pair, sock[0], "one");
	expect_text(&pair, sock[1], "one");
	send_text(&pair, sock[1], "two");
	expect_text(&pair, sock[0], "two");
	pair_deinit(&pair);
}

static void info_knows_the_path(void **state)
{
	struct cn_tcp_info info;
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	assert_int_equal(cn_sock_info(duo.client, &info), 0);
	assert_int_equal(info.state, CN_ESTABLISHED);
	assert_int_equal(info.pmtu, 1500);
	assert_true(info.has_ts && info.has_sack && info.has_wscale);
	pair_deinit(&pair);
}

/* One mebibyte each way at once, over IPv6. */
static unsigned bulk_both_ways(uint32_t tx_super)
{
	enum { SIZE = 1 << 20 };
	static uint8_t out[2][SIZE], in[2][SIZE];
	size_t sent[2] = {0, 0}, got[2] = {0, 0};
	struct cn_endpoint to = {pair_addr6(1), 80};
	struct cn_endpoint any = {.port = 80};
	struct cn_sock *sock[2], *listener;
	struct pair pair;

	unsigned moved;

	pair_init_super(&pair, tx_super, NULL);
	for (unsigned i = 0; i < SIZE; i++) {
		out[0][i] = (uint8_t)(i * 7 + (i >> 8));
		out[1][i] = (uint8_t)(i * 11 + (i >> 9));
	}
	assert_int_equal(cn_sock_new(pair.host[1], 6, &listener), 0);
	assert_int_equal(cn_sock_bind(listener, &any), 0);
	assert_int_equal(cn_sock_listen(listener, 1, pair.now), 0);
	assert_int_equal(cn_sock_new(pair.host[0], 6, &sock[0]), 0);
	assert_int_equal(cn_sock_connect(sock[0], &to, pair.now),
			 CN_E_INPROGRESS);
	pair_run(&pair);
	sock[1] = accept_from(&pair, listener);
	for (int turn = 0; turn < 10000; turn++) {
		for (int i = 0; i < 2; i++) {
			int64_t n = cn_sock_send(sock[i], out[i] + sent[i],
						 SIZE - sent[i], 0, pair.now);
			if (n > 0)
				sent[i] += (size_t)n;
			n = cn_sock_recv(sock[i], in[i] + got[i], SIZE - got[i],
					 0, pair.now);
			if (n > 0)
				got[i] += (size_t)n;
		}
		if (got[0] == SIZE && got[1] == SIZE)
			break;
		pair_after(&pair, MS);
	}
	assert_int_equal(got[0], SIZE);
	assert_int_equal(got[1], SIZE);
	assert_memory_equal(in[0], out[1], SIZE);
	assert_memory_equal(in[1], out[0], SIZE);
	moved = pair.moved[0] + pair.moved[1];
	pair_deinit(&pair);
	return moved;
}

/* MUST-2 and MUST-3 among others: a link that cuts and completes checksums
 * carries the same octets in far fewer frames. Notes: rows 2, 3, 5, 141. */
static void bulk_is_byte_exact(void **state)
{
	unsigned single = bulk_both_ways(0), super = bulk_both_ways(65536);

	(void)state;
	assert_true(single > 2 * (1 << 20) / 1460);
	assert_true(super < single / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshake_data_close),
		cmocka_unit_test(connect_to_closed_port_is_refused),
		cmocka_unit_test(connect_twice_is_connected_once),
		cmocka_unit_test(connect_to_self_is_simultaneous_open),
		cmocka_unit_test(both_connect_and_meet),
		cmocka_unit_test(info_knows_the_path),
		cmocka_unit_test(bulk_is_byte_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
