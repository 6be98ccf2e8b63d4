/* SPDX-License-Identifier: MIT */
/* What epoll said on Linux 6.18 (t4 of the oracle), bit for bit. */
#include "../pair.h"

#define IN CN_READY_IN
#define OUT CN_READY_OUT
#define RDHUP CN_READY_RDHUP
#define HUP CN_READY_HUP
#define ERR CN_READY_ERR

struct scene {
	struct pair pair;
	struct duo duo;
};

static void open_scene(struct scene *scene)
{
	pair_init(&scene->pair, NULL);
	scene->duo = pair_connect(&scene->pair, 80);
}

static void do_shut(struct scene *scene, bool peer, enum cn_shut how)
{
	struct cn_sock *sock = peer ? scene->duo.server : scene->duo.client;

	assert_int_equal(cn_sock_shutdown(sock, how, scene->pair.now), 0);
	pair_run(&scene->pair);
}

/* Notes: row 118. */
static void fresh_socket(void **state)
{
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	assert_int_equal(cn_sock_ready(sock_on(&pair, 0)), OUT | HUP);
	pair_deinit(&pair);
}

static void idle(void **state)
{
	struct scene scene;

	(void)state;
	open_scene(&scene);
	assert_int_equal(cn_sock_ready(scene.duo.client), OUT);
	send_text(&scene.pair, scene.duo.server, "x");
	assert_int_equal(cn_sock_ready(scene.duo.client), IN | OUT);
	pair_deinit(&scene.pair);
}

/* Notes: row 118. */
static void peer_fin(void **state)
{
	struct scene scene;

	(void)state;
	open_scene(&scene);
	do_shut(&scene, true, CN_SHUT_WR);
	assert_int_equal(cn_sock_ready(scene.duo.client), IN | OUT | RDHUP);
	assert_true(cn_sock_peer_closed(scene.duo.client));
	do_shut(&scene, false, CN_SHUT_WR);
	assert_int_equal(cn_sock_ready(scene.duo.client),
			 IN | OUT | RDHUP | HUP);
	pair_deinit(&scene.pair);
}

/* Notes: row 118. */
static void own_shut_rd(void **state)
{
	struct scene scene;

	(void)state;
	open_scene(&scene);
	do_shut(&scene, false, CN_SHUT_RD);
	assert_int_equal(cn_sock_ready(scene.duo.client), IN | OUT | RDHUP);
	pair_deinit(&scene.pair);
}

/* Notes: row 118. */
static void own_shut_wr(void **state)
{
	struct scene scene;

	(void)state;
	open_scene(&scene);
	do_shut(&scene, false, CN_SHUT_WR);
	assert_int_equal(cn_sock_ready(scene.duo.client), OUT);
	pair_deinit(&scene.pair);
}

/* Notes: row 118. */
static void own_shut_rdwr(void **state)
{
	struct scene scene;

	(void)state;
	open_scene(&scene);
	do_shut(&scene, false, CN_SHUT_RDWR);
	assert_int_equal(cn_sock_ready(scene.duo.client),
			 IN | OUT | RDHUP | HUP);
	pair_deinit(&scene.pair);
}

/* Notes: row 118. */
static void reset(void **state)
{
	struct scene scene;

	(void)state;
	open_scene(&scene);
	cn_sock_abort(scene.duo.server, scene.pair.now);
	pair_run(&scene.pair);
	assert_int_equal(cn_sock_ready(scene.duo.client),
			 IN | OUT | RDHUP | HUP | ERR);
	assert_int_equal(cn_sock_error(scene.duo.client), CN_E_CONNRESET);
	assert_int_equal(cn_sock_ready(scene.duo.client),
			 IN | OUT | RDHUP | HUP);
	pair_deinit(&scene.pair);
}

static void opening(void **state)
{
	struct cn_sock *client;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	client = connect_from(&pair, 0, pair_at(1, 80));
	assert_int_equal(cn_sock_ready(client), 0);
	pair_deinit(&pair);
}

static void listener(void **state)
{
	struct cn_sock *sock;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	sock = listener_on(&pair, 1, 80, 5);
	assert_int_equal(cn_sock_ready(sock), 0);
	connect_from(&pair, 0, pair_at(1, 80));
	pair_run(&pair);
	assert_int_equal(cn_sock_ready(sock), IN);
	accept_from(&pair, sock);
	assert_int_equal(cn_sock_ready(sock), 0);
	pair_deinit(&pair);
}

/* Writable again when a third of the buffer is free, and told so. */
static void full_buffer(void **state)
{
	static uint8_t block[65536];
	struct scene scene;
	struct cn_event event;
	uint64_t now;

	(void)state;
	open_scene(&scene);
	now = scene.pair.now;
	assert_int_equal(cn_sock_set(scene.duo.client, CN_OPT_SNDBUF, 30000, 0),
			 0);
	while (cn_host_event(scene.pair.host[0], &event))
		;
	assert_int_equal(cn_sock_send(scene.duo.client, block, sizeof(block), 0,
				      now),
			 30000);
	assert_int_equal(cn_sock_send(scene.duo.client, block, 1, 0, now),
			 CN_E_AGAIN);
	assert_int_equal(cn_sock_ready(scene.duo.client), 0);
	pair_after(&scene.pair, S);
	assert_int_equal(cn_sock_ready(scene.duo.client), OUT);
	assert_true(event_of(scene.pair.host[0], CN_EVENT_READY, &event));
	assert_ptr_equal(event.sock, scene.duo.client);
	pair_deinit(&scene.pair);
}

static void low_water_mark(void **state)
{
	struct scene scene;

	(void)state;
	open_scene(&scene);
	assert_int_equal(cn_sock_set(scene.duo.server, CN_OPT_RCVLOWAT, 4, 0),
			 0);
	send_text(&scene.pair, scene.duo.client, "123");
	assert_int_equal(cn_sock_ready(scene.duo.server), OUT);
	send_text(&scene.pair, scene.duo.client, "4");
	assert_int_equal(cn_sock_ready(scene.duo.server), IN | OUT);
	pair_deinit(&scene.pair);
}

/* Few unsent octets make it writable, although the buffer is nearly full of
 * what waits for its acknowledgement. */
static void not_sent_low_water_mark(void **state)
{
	static uint8_t block[8000];
	struct scene scene;
	struct cn_event event;
	struct cn_sock *sock;

	(void)state;
	open_scene(&scene);
	sock = scene.duo.client;
	assert_int_equal(cn_sock_set(sock, CN_OPT_NOTSENT_LOWAT, 4000, 0), 0);
	assert_int_equal(cn_sock_send(sock, block, sizeof(block), 0,
				      scene.pair.now),
			 sizeof(block));
	assert_int_equal(cn_sock_ready(sock), 0);
	while (cn_host_event(scene.pair.host[0], &event))
		;
	for (int i = 0; i < 3; i++) {
		struct tcp_seg seg;

		assert_true(take_segment(&scene.pair, 0, &seg, NULL));
	}
	assert_int_equal(cn_sock_ready(sock), OUT);
	assert_true(event_of(scene.pair.host[0], CN_EVENT_READY, &event));
	assert_ptr_equal(event.sock, sock);
	pair_deinit(&scene.pair);
}

static void urgent_octet(void **state)
{
	struct scene scene;
	char octet;

	(void)state;
	open_scene(&scene);
	assert_int_equal(cn_sock_send(scene.duo.client, "ab!", 3, CN_MSG_OOB,
				      scene.pair.now),
			 3);
	pair_run(&scene.pair);
	assert_true(cn_sock_ready(scene.duo.server) & CN_READY_PRI);
	assert_int_equal(cn_sock_recv(scene.duo.server, &octet, 1, CN_MSG_OOB,
				      scene.pair.now),
			 1);
	assert_int_equal(octet, '!');
	expect_text(&scene.pair, scene.duo.server, "ab");
	pair_deinit(&scene.pair);
}

/* In line it is news until it has been read, and not for ever. */
static void urgent_octet_in_line(void **state)
{
	struct scene scene;
	struct cn_sock *server;

	(void)state;
	open_scene(&scene);
	server = scene.duo.server;
	assert_int_equal(
		cn_sock_set(server, CN_OPT_OOBINLINE, 1, scene.pair.now), 0);
	assert_int_equal(cn_sock_send(scene.duo.client, "ab!", 3, CN_MSG_OOB,
				      scene.pair.now),
			 3);
	pair_run(&scene.pair);
	assert_true(cn_sock_ready(server) & CN_READY_PRI);
	expect_text(&scene.pair, server, "ab");
	assert_true(cn_sock_ready(server) & CN_READY_PRI);
	expect_text(&scene.pair, server, "!");
	assert_false(cn_sock_ready(server) & CN_READY_PRI);
	pair_deinit(&scene.pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fresh_socket),
		cmocka_unit_test(idle),
		cmocka_unit_test(peer_fin),
		cmocka_unit_test(own_shut_rd),
		cmocka_unit_test(own_shut_wr),
		cmocka_unit_test(own_shut_rdwr),
		cmocka_unit_test(reset),
		cmocka_unit_test(opening),
		cmocka_unit_test(listener),
		cmocka_unit_test(full_buffer),
		cmocka_unit_test(low_water_mark),
		cmocka_unit_test(not_sent_low_water_mark),
		cmocka_unit_test(urgent_octet),
		cmocka_unit_test(urgent_octet_in_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
