/* SPDX-License-Identifier: MIT */
/* shutdown, close, errors and options as Linux has them. */
#include "../pair.h"

static int64_t read_one(struct pair *pair, struct cn_sock *sock)
{
	char octet;

	return cn_sock_recv(sock, &octet, 1, 0, pair->now);
}

/* Notes: row 1. */
static void unconnected_calls(void **state)
{
	struct cn_endpoint peer;
	struct cn_sock *sock, *listener, *out;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	sock = sock_on(&pair, 0);
	assert_int_equal(cn_sock_send(sock, "x", 1, 0, pair.now), CN_E_PIPE);
	assert_int_equal(read_one(&pair, sock), CN_E_NOTCONN);
	assert_int_equal(cn_sock_shutdown(sock, CN_SHUT_WR, pair.now),
			 CN_E_NOTCONN);
	assert_int_equal(cn_sock_accept(sock, &out, pair.now), CN_E_INVAL);
	assert_int_equal(cn_sock_peer(sock, &peer), CN_E_NOTCONN);
	assert_int_equal(cn_sock_state(sock), CN_CLOSED);
	listener = listener_on(&pair, 0, 80, 1);
	assert_int_equal(read_one(&pair, listener), CN_E_NOTCONN);
	assert_int_equal(cn_sock_send(listener, "x", 1, 0, pair.now),
			 CN_E_PIPE);
	assert_int_equal(cn_sock_accept(listener, &out, pair.now), CN_E_AGAIN);
	assert_int_equal(cn_sock_state(listener), CN_LISTEN);
	cn_sock_close(sock, pair.now);
	cn_sock_close(listener, pair.now);
	pair_deinit(&pair);
}

/* t2: ['before', '', 'after', '']. Notes: rows 111, 112. */
static void shut_rd_still_delivers(void **state)
{
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	send_text(&pair, duo.client, "before");
	assert_int_equal(cn_sock_shutdown(duo.server, CN_SHUT_RD, pair.now), 0);
	pair_run(&pair);
	expect_text(&pair, duo.server, "before");
	expect_text(&pair, duo.server, "");
	send_text(&pair, duo.client, "after");
	expect_text(&pair, duo.server, "after");
	expect_text(&pair, duo.server, "");
	pair_deinit(&pair);
}

/* t1, t3: all that was queued arrives, then FIN; writing after is EPIPE, and
 * the other direction goes on. Notes: row 113. */
static void shut_wr_sends_everything_first(void **state)
{
	static uint8_t block[1 << 20];
	struct pair pair;
	struct duo duo;
	int64_t n, got = 0;

	(void)state;
	pair_init(&pair, pair_roomy);
	duo = pair_connect(&pair, 80);
	n = cn_sock_send(duo.client, block, sizeof(block), 0, pair.now);
	assert_int_equal(n, sizeof(block));
	assert_int_equal(cn_sock_shutdown(duo.client, CN_SHUT_WR, pair.now), 0);
	assert_int_equal(cn_sock_send(duo.client, "x", 1, 0, pair.now),
			 CN_E_PIPE);
	for (int i = 0; i < 1000 && n; i++) {
		pair_after(&pair, MS);
		n = cn_sock_recv(duo.server, block, sizeof(block), 0, pair.now);
		got += n > 0 ? n : 0;
	}
	assert_int_equal(n, 0);
	assert_int_equal(got, sizeof(block));
	send_text(&pair, duo.server, "reply");
	expect_text(&pair, duo.client, "reply");
	pair_deinit(&pair);
}

/* Row 114: after both, data from the peer is answered by RST.
 * Notes: row 114. */
static void shut_rdwr_resets_what_comes(void **state)
{
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	assert_int_equal(cn_sock_shutdown(duo.client, CN_SHUT_RDWR, pair.now),
			 0);
	pair_run(&pair);
	send_text(&pair, duo.server, "too late");
	assert_int_equal(cn_sock_error(duo.client), CN_E_CONNRESET);
	assert_int_equal(cn_sock_send(duo.server, "x", 1, 0, pair.now),
			 CN_E_PIPE);
	pair_deinit(&pair);
}

/* SHLD-3, t10: unread data makes close a reset. Notes: row 52. */
static void close_with_unread_data_resets(void **state)
{
	struct pair pair;
	struct duo duo;
	struct cn_event event;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	send_text(&pair, duo.client, "unread");
	cn_sock_close(duo.server, pair.now);
	pair_run(&pair);
	assert_int_equal(read_one(&pair, duo.client), CN_E_CONNRESET);
	assert_int_equal(read_one(&pair, duo.client), 0);
	assert_true(event_of(pair.host[1], CN_EVENT_ORPHAN_DONE, &event));
	pair_deinit(&pair);
}

/* Notes: rows 52, 139. */
static void linger_0_resets(void **state)
{
	struct pair pair;
	struct duo duo;
	int64_t value;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	assert_int_equal(cn_sock_get(duo.client, CN_OPT_LINGER, &value), 0);
	assert_int_equal(value, -1);
	assert_int_equal(cn_sock_set(duo.client, CN_OPT_LINGER, 0, 0), 0);
	cn_sock_close(duo.client, pair.now);
	pair_run(&pair);
	assert_int_equal(read_one(&pair, duo.server), CN_E_CONNRESET);
	pair_deinit(&pair);
}

/* MUST-12: data read before the reset stays readable, then the error comes once.
 * Notes: row 2. */
static void data_then_reset(void **state)
{
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	send_text(&pair, duo.client, "last");
	cn_sock_abort(duo.client, pair.now);
	pair_run(&pair);
	expect_text(&pair, duo.server, "last");
	assert_int_equal(read_one(&pair, duo.server), CN_E_CONNRESET);
	assert_int_equal(read_one(&pair, duo.server), 0);
	assert_int_equal(cn_sock_send(duo.server, "x", 1, 0, pair.now),
			 CN_E_PIPE);
	pair_deinit(&pair);
}

/* An orphan goes on until all is acknowledged, and says so. Notes: row 52. */
static void orphan_delivers_everything(void **state)
{
	static uint8_t block[300000];
	struct cn_event event;
	struct pair pair;
	struct duo duo;
	int64_t n, got = 0;
	int tag;

	(void)state;
	pair_init(&pair, pair_roomy);
	duo = pair_connect(&pair, 80);
	cn_sock_set_tag(duo.client, &tag);
	n = cn_sock_send(duo.client, block, sizeof(block), 0, pair.now);
	cn_sock_close(duo.client, pair.now);
	assert_false(event_of(pair.host[0], CN_EVENT_ORPHAN_DONE, &event));
	for (int i = 0; i < 1000 && n; i++) {
		pair_after(&pair, MS);
		n = cn_sock_recv(duo.server, block, sizeof(block), 0, pair.now);
		got += n > 0 ? n : 0;
	}
	assert_int_equal(got, sizeof(block));
	cn_sock_close(duo.server, pair.now);
	pair_run(&pair);
	assert_true(event_of(pair.host[0], CN_EVENT_ORPHAN_DONE, &event));
	assert_ptr_equal(event.tag, &tag);
	assert_int_equal(event.err, 0);
	assert_int_equal(event.octets, 0);
	pair_deinit(&pair);
}

static bool lose_all(struct pair *pair, int from, const struct cn_frame *frame)
{
	(void)pair;
	(void)from;
	(void)frame;
	return true;
}

static void orphan_given_up_counts_what_is_lost(void **state)
{
	struct cn_event event;
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	pair.lose = lose_all;
	assert_int_equal(cn_sock_send(duo.client, "lost", 4, 0, pair.now), 4);
	cn_sock_close(duo.client, pair.now);
	pair_after(&pair, 900 * S);
	assert_true(event_of(pair.host[0], CN_EVENT_ORPHAN_DONE, &event));
	assert_int_equal(event.err, CN_E_TIMEDOUT);
	assert_int_equal(event.octets, 4);
	/* The SYN and the ACK, the data, and the tries, of which some were
	 * made after the close. */
	assert_true(event.segs_retransmitted > 2);
	assert_true(event.segs_out > event.segs_retransmitted + 2);
	pair_deinit(&pair);
}

static void shutdown_while_connecting_disconnects(void **state)
{
	struct cn_endpoint to = pair_at(1, 80);
	struct cn_sock *sock;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	sock = connect_from(&pair, 0, to);
	assert_int_equal(cn_sock_shutdown(sock, CN_SHUT_RDWR, pair.now), 0);
	assert_int_equal(cn_sock_state(sock), CN_CLOSED);
	listener_on(&pair, 1, 80, 1);
	assert_int_equal(cn_sock_connect(sock, &to, pair.now), CN_E_INPROGRESS);
	pair_run(&pair);
	assert_int_equal(cn_sock_state(sock), CN_ESTABLISHED);
	pair_deinit(&pair);
}

static void shutdown_of_a_listener_ends_listening(void **state)
{
	struct cn_sock *listener, *client, *out;
	struct cn_endpoint name;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener = listener_on(&pair, 1, 80, 5);
	assert_int_equal(cn_sock_shutdown(listener, CN_SHUT_WR, pair.now), 0);
	assert_int_equal(cn_sock_state(listener), CN_LISTEN);
	assert_int_equal(cn_sock_shutdown(listener, CN_SHUT_RD, pair.now), 0);
	assert_int_equal(cn_sock_accept(listener, &out, pair.now), CN_E_INVAL);
	client = connect_from(&pair, 0, pair_at(1, 80));
	pair_run(&pair);
	assert_int_equal(cn_sock_error(client), CN_E_CONNREFUSED);
	assert_int_equal(cn_sock_listen(listener, 5, pair.now), 0);
	cn_sock_name(listener, &name);
	assert_int_equal(name.port, 80);
	pair_deinit(&pair);
}

/* A socket that failed to connect may listen after all. */
static void failed_connect_then_listen(void **state)
{
	struct cn_sock *sock;
	struct cn_endpoint to = pair_at(1, 80), name;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	sock = connect_from(&pair, 0, to);
	pair_run(&pair);
	assert_int_equal(cn_sock_connect(sock, &to, pair.now),
			 CN_E_CONNREFUSED);
	assert_int_equal(cn_sock_listen(sock, 5, pair.now), 0);
	cn_sock_name(sock, &name);
	connect_from(&pair, 1, pair_at(0, name.port));
	pair_run(&pair);
	assert_int_equal(cn_sock_pending(sock, NULL), 1);
	pair_deinit(&pair);
}

static void options_are_kept_and_inherited(void **state)
{
	static const struct {
		enum cn_opt opt;
		int64_t value;
	} set[] = {
		{CN_OPT_NODELAY, 1},	      {CN_OPT_KEEPALIVE, 1},
		{CN_OPT_KEEPIDLE, 30},	      {CN_OPT_KEEPINTVL, 7},
		{CN_OPT_KEEPCNT, 3},	      {CN_OPT_OOBINLINE, 1},
		{CN_OPT_TOS, 0x20},	      {CN_OPT_TTL, 17},
		{CN_OPT_LINGER, 5},	      {CN_OPT_LINGER2, 20},
		{CN_OPT_USER_TIMEOUT, 12345}, {CN_OPT_SNDBUF, 50000},
		{CN_OPT_RCVBUF, 60000},	      {CN_OPT_CONGESTION, CN_CC_RENO},
		{CN_OPT_NOTSENT_LOWAT, 4096}, {CN_OPT_WINDOW_CLAMP, 30000},
		{CN_OPT_SYNCNT, 3},	      {CN_OPT_RCVLOWAT, 2},
		{CN_OPT_REUSEADDR, 1},
	};
	struct cn_sock *listener, *child;
	struct pair pair;
	int64_t value;

	(void)state;
	pair_init(&pair, NULL);
	listener = listener_on(&pair, 1, 80, 5);
	for (size_t i = 0; i < sizeof(set) / sizeof(*set); i++)
		assert_int_equal(cn_sock_set(listener, set[i].opt, set[i].value,
					     pair.now),
				 0);
	connect_from(&pair, 0, pair_at(1, 80));
	pair_run(&pair);
	child = accept_from(&pair, listener);
	for (size_t i = 0; i < sizeof(set) / sizeof(*set); i++) {
		assert_int_equal(cn_sock_get(listener, set[i].opt, &value), 0);
		assert_int_equal(value, set[i].value);
		assert_int_equal(cn_sock_get(child, set[i].opt, &value), 0);
		if (value != set[i].value)
			fail_msg("option %u not inherited: %lld", set[i].opt,
				 (long long)value);
	}
	pair_deinit(&pair);
}

/* What is set is what is read, there and back. */
static void options_are_read_back(void **state)
{
	static const enum cn_opt opts[] = {
		CN_OPT_FREEBIND,
		CN_OPT_FRAGMENT,
		CN_OPT_QUICKACK,
	};
	static const int64_t fresh[] = {0, 0, 1};
	struct pair pair;
	struct cn_sock *sock;
	int64_t value;

	(void)state;
	pair_init(&pair, NULL);
	sock = sock_on(&pair, 0);
	for (size_t i = 0; i < sizeof(opts) / sizeof(*opts); i++) {
		assert_int_equal(cn_sock_get(sock, opts[i], &value), 0);
		assert_int_equal(value, fresh[i]);
		for (int64_t want = 1; want >= 0; want--) {
			assert_int_equal(
				cn_sock_set(sock, opts[i], want, pair.now), 0);
			assert_int_equal(cn_sock_get(sock, opts[i], &value), 0);
			assert_int_equal(value, want);
		}
	}
	pair_deinit(&pair);
}

/* Each option of the list can be read; setting it works or says why not. */
static void no_option_is_silently_ignored(void **state)
{
	struct pair pair;
	struct cn_sock *sock;
	int64_t value;

	(void)state;
	pair_init(&pair, NULL);
	assert_int_equal(cn_sock_new(pair.host[0], 6, &sock), 0);
	for (int opt = 0; opt < CN_OPT_N; opt++) {
		int err = cn_sock_set(sock, (enum cn_opt)opt, 1, pair.now);

		assert_int_equal(cn_sock_get(sock, (enum cn_opt)opt, &value),
				 0);
		if (opt == CN_OPT_ATMARK)
			assert_int_equal(err, CN_E_NOPROTOOPT);
		else
			assert_int_equal(err, 0);
		if (opt == CN_OPT_SNDBUF || opt == CN_OPT_RCVBUF)
			assert_int_equal(value, 2304);
		else if (opt == CN_OPT_TOS)
			assert_int_equal(value, 0);
		else if (opt != CN_OPT_ATMARK)
			assert_int_equal(value, 1);
	}
	assert_int_equal(cn_sock_set(sock, CN_OPT_N, 1, pair.now),
			 CN_E_NOPROTOOPT);
	assert_int_equal(cn_sock_set(sock, CN_OPT_TTL, 256, pair.now),
			 CN_E_INVAL);
	assert_int_equal(cn_sock_set(sock, CN_OPT_KEEPCNT, 0, pair.now),
			 CN_E_INVAL);
	pair_deinit(&pair);
}

/* MUST-48, MUST-49, SHLD-22 */
static void ttl_and_tos_are_on_the_wire(void **state)
{
	struct cn_endpoint to = pair_at(1, 80);
	struct cn_sock *sock;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	sock = sock_on(&pair, 0);
	assert_int_equal(cn_sock_set(sock, CN_OPT_TTL, 7, 0), 0);
	assert_int_equal(cn_sock_set(sock, CN_OPT_TOS, 0x48, 0), 0);
	assert_int_equal(cn_sock_connect(sock, &to, pair.now), CN_E_INPROGRESS);
	pair_move(&pair, 0);
	assert_int_equal(pair.last[0][8], 7);
	assert_int_equal(pair.last[0][1], 0x48);
	pair_deinit(&pair);
}

/* SHLD-21: it may change at any time. */
static void tos_changes_during_the_connection(void **state)
{
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	send_text(&pair, duo.client, "a");
	assert_int_equal(pair.last[0][1], 0);
	assert_int_equal(cn_sock_set(duo.client, CN_OPT_TOS, 0x10, pair.now),
			 0);
	send_text(&pair, duo.client, "b");
	assert_int_equal(pair.last[0][1], 0x10);
	pair_deinit(&pair);
}

/* MUST-21: after so long without an acknowledgement it is over. */
static void user_timeout_ends_the_connection(void **state)
{
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	assert_int_equal(cn_sock_set(duo.client, CN_OPT_USER_TIMEOUT, 5000,
				     pair.now),
			 0);
	pair.lose = lose_all;
	assert_int_equal(cn_sock_send(duo.client, "x", 1, 0, pair.now), 1);
	pair_after(&pair, 5 * S - MS);
	assert_int_equal(cn_sock_state(duo.client), CN_ESTABLISHED);
	pair_after(&pair, 2 * MS);
	assert_int_equal(cn_sock_error(duo.client), CN_E_TIMEDOUT);
	pair_deinit(&pair);
}

/* MAY-1: after close, what the peer sends is answered by a reset. */
static void data_after_close_is_reset(void **state)
{
	struct cn_event event;
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	cn_sock_close(duo.client, pair.now);
	pair_run(&pair);
	assert_int_equal(cn_sock_state(duo.server), CN_CLOSE_WAIT);
	send_text(&pair, duo.server, "too late");
	assert_int_equal(cn_sock_error(duo.server), CN_E_PIPE);
	assert_true(event_of(pair.host[0], CN_EVENT_ORPHAN_DONE, &event));
	pair_deinit(&pair);
}

/* MUST-43, MUST-45: the address that bind named is that of every segment. */
static bool from_second_address(struct pair *pair, int from,
				const struct cn_frame *frame)
{
	(void)pair;
	assert_int_equal(frame->header[from ? 19 : 15], 9);
	return false;
}

static void bound_address_is_kept(void **state)
{
	struct cn_addr second = cn_addr_v4(10, 0, 0, 9);
	struct cn_endpoint at = {second, 0}, to = pair_at(1, 80);
	struct cn_sock *client;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	assert_int_equal(cn_host_addr_add(pair.host[0], 0, &second, 24), 0);
	listener_on(&pair, 1, 80, 5);
	client = sock_on(&pair, 0);
	assert_int_equal(cn_sock_bind(client, &at), 0);
	assert_int_equal(cn_sock_connect(client, &to, pair.now),
			 CN_E_INPROGRESS);
	pair.lose = from_second_address;
	pair_run(&pair);
	assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
	send_text(&pair, client, "data");
	cn_sock_close(client, pair.now);
	pair_after(&pair, 2 * S);
	pair_deinit(&pair);
}

/* MUST-41: who begins to listen, and who calls, disturbs no connection. */
static void listening_disturbs_no_connection(void **state)
{
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	assert_int_equal(cn_sock_listen(duo.listener, 3, pair.now), 0);
	connect_from(&pair, 0, pair_at(1, 80));
	pair_run(&pair);
	assert_int_equal(cn_sock_pending(duo.listener, NULL), 1);
	send_text(&pair, duo.client, "still here");
	expect_text(&pair, duo.server, "still here");
	cn_sock_close(duo.listener, pair.now);
	send_text(&pair, duo.server, "and here");
	expect_text(&pair, duo.client, "and here");
	pair_deinit(&pair);
}

/* MUST-42 */
static void port_that_calls_can_be_listened_on(void **state)
{
	struct cn_endpoint at = pair_at(0, 5000), to = pair_at(1, 80);
	struct cn_sock *caller, *listener;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	caller = sock_on(&pair, 0);
	listener = sock_on(&pair, 0);
	assert_int_equal(cn_sock_set(caller, CN_OPT_REUSEADDR, 1, 0), 0);
	assert_int_equal(cn_sock_set(listener, CN_OPT_REUSEADDR, 1, 0), 0);
	assert_int_equal(cn_sock_bind(caller, &at), 0);
	assert_int_equal(cn_sock_connect(caller, &to, pair.now),
			 CN_E_INPROGRESS);
	assert_int_equal(cn_sock_state(caller), CN_SYN_SENT);
	assert_int_equal(cn_sock_bind(listener, &at), 0);
	assert_int_equal(cn_sock_listen(listener, 5, pair.now), 0);
	connect_from(&pair, 1, at);
	pair_run(&pair);
	assert_int_equal(cn_sock_pending(listener, NULL), 1);
	pair_deinit(&pair);
}

/* MUST-67: what this end takes in; MUST-15: what a silent peer takes.
 * Notes: rows 74, 75, 77. */
static void mss_of_both_ends(void **state)
{
	struct tcp_seg syn = {.seq = 5, .len = 1, .flags = TCP_SYN, .wnd = 9};
	struct tcp_seg ack = {.seq = 6, .flags = TCP_ACK, .wnd = 9000};
	struct cn_sock *listener;
	struct tcp_seg reply;
	struct pair pair;
	int64_t value;

	(void)state;
	pair_init(&pair, NULL);
	listener = listener_on(&pair, 1, 80, 5);
	inject(&pair, 1, pair_at(0, 999), pair_at(1, 80), &syn);
	assert_true(take_segment(&pair, 1, &reply, NULL));
	assert_int_equal(reply.mss, 1460);
	ack.ack = reply.seq + 1;
	inject(&pair, 1, pair_at(0, 999), pair_at(1, 80), &ack);
	assert_int_equal(cn_sock_get(accept_from(&pair, listener),
				     CN_OPT_MAXSEG, &value),
			 0);
	assert_int_equal(value, 536);
	pair_deinit(&pair);
}

static void syncnt_bounds_the_tries(void **state)
{
	struct cn_endpoint to = pair_at(1, 80);
	struct cn_sock *sock;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	pair.lose = lose_all;
	sock = sock_on(&pair, 0);
	assert_int_equal(cn_sock_set(sock, CN_OPT_SYNCNT, 1, 0), 0);
	assert_int_equal(cn_sock_connect(sock, &to, pair.now), CN_E_INPROGRESS);
	pair_after(&pair, 3 * S - 1);
	assert_int_equal(cn_sock_state(sock), CN_SYN_SENT);
	pair_after(&pair, 1);
	assert_int_equal(cn_sock_error(sock), CN_E_TIMEDOUT);
	pair_deinit(&pair);
}

/* t16: 536 before, the path's afterwards. Notes: rows 74, 75. */
static void maxseg_follows_the_path(void **state)
{
	struct pair pair;
	struct duo duo;
	int64_t value;

	(void)state;
	pair_init(&pair, NULL);
	assert_int_equal(cn_sock_get(sock_on(&pair, 0), CN_OPT_MAXSEG, &value),
			 0);
	assert_int_equal(value, 536);
	duo = pair_connect(&pair, 80);
	assert_int_equal(cn_sock_get(duo.client, CN_OPT_MAXSEG, &value), 0);
	assert_in_range(value, 1448, 1460);
	pair_deinit(&pair);
}

static void tap(void *ctx, int link, const struct cn_frame *frame, uint64_t now)
{
	(void)frame;
	(void)now;
	assert_int_equal(link, CN_LINK_LOOPBACK);
	(*(unsigned *)ctx)++;
}

/* Programs of one host talk without any link, and the tap sees it all. */
static void loopback_needs_no_driver(void **state)
{
	unsigned seen = 0;
	const struct cn_frame_sink sink = {tap, &seen};
	struct cn_sock *listener, *client, *server;
	struct cn_settings settings;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	cn_host_free(pair.host[0]);
	pair_settings(&pair, &settings, 0);
	settings.loopback_tap = &sink;
	pair_host(&pair, 0, &settings);
	listener = listener_on(&pair, 0, 80, 5);
	client = connect_from(&pair, 0, loop_at(80));
	assert_true(cn_host_deadline(pair.host[0]) <= pair.now);
	cn_host_advance(pair.host[0], pair.now);
	assert_int_equal(seen, 3);
	assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
	server = accept_from(&pair, listener);
	assert_int_equal(cn_sock_send(client, "inside", 6, 0, pair.now), 6);
	cn_host_advance(pair.host[0], pair.now);
	expect_text(&pair, server, "inside");
	assert_int_equal(pair.moved[0], 0);
	pair_deinit(&pair);
}

static void reserve_and_commit(void **state)
{
	struct cn_slice slice[2];
	struct cn_span span[2];
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	assert_true(cn_sock_send_reserve(duo.client, 5, span, 2, pair.now) > 0);
	memcpy(span[0].data, "spans", 5);
	assert_int_equal(cn_sock_send_commit(duo.client, 5, 0, pair.now), 0);
	pair_run(&pair);
	assert_int_equal(cn_sock_recv_view(duo.server, slice, 2), 1);
	assert_int_equal(slice[0].len, 5);
	assert_memory_equal(slice[0].data, "spans", 5);
	assert_int_equal(cn_sock_recv_take(duo.server, 5, pair.now), 0);
	assert_int_equal(cn_sock_readable(duo.server), 0);
	pair_deinit(&pair);
}

static void defaults_are_those_documented(void **state)
{
	struct cn_settings set;

	(void)state;
	cn_settings_default(&set);
	assert_false(set.seeded);
	assert_int_equal(set.memory_limit, 256 << 20);
	assert_int_equal(set.ttl, 64);
	assert_int_equal(set.min_pmtu_v4, 552);
	assert_int_equal(set.icmp_rate, 1000);
	assert_int_equal(set.port_low, 32768);
	assert_int_equal(set.port_high, 60999);
	assert_int_equal(set.somaxconn, 4096);
	assert_int_equal(set.syn_backlog, 4096);
	assert_int_equal(set.time_wait_max, 262144);
	assert_int_equal(set.syn_retries, 6);
	assert_int_equal(set.synack_retries, 5);
	assert_int_equal(set.msl2_ns, 60 * S);
	assert_int_equal(set.rto_min_ns, 200 * MS);
	assert_int_equal(set.rmem.initial, 131072);
	assert_int_equal(set.wmem.initial, 16384);
	assert_int_equal(set.min_snd_mss, 48);
	assert_int_equal(set.initial_window, 10);
	assert_true(set.timestamps && set.sack && set.window_scaling);
}

static void host_refuses_bad_settings(void **state)
{
	struct cn_settings settings;
	struct cn_host *host;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	pair_settings(&pair, &settings, 0);
	settings.port_low = 9;
	settings.port_high = 8;
	assert_int_equal(cn_host_new(&settings, 0, &host), CN_E_RANGE);
	pair_settings(&pair, &settings, 0);
	/* A router, or every address: not both. */
	settings.forward = true;
	settings.any_addr = true;
	assert_int_equal(cn_host_new(&settings, 0, &host), CN_E_INVAL);
	pair_deinit(&pair);
}

static void host_needs_a_seed(void **state)
{
	struct cn_settings settings;
	struct cn_host *host;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	pair_settings(&pair, &settings, 0);
	settings.seeded = false;
	assert_int_equal(cn_host_new(&settings, 0, &host), CN_E_NOENTROPY);
	pair_deinit(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unconnected_calls),
		cmocka_unit_test(shut_rd_still_delivers),
		cmocka_unit_test(shut_wr_sends_everything_first),
		cmocka_unit_test(shut_rdwr_resets_what_comes),
		cmocka_unit_test(close_with_unread_data_resets),
		cmocka_unit_test(linger_0_resets),
		cmocka_unit_test(data_then_reset),
		cmocka_unit_test(orphan_delivers_everything),
		cmocka_unit_test(orphan_given_up_counts_what_is_lost),
		cmocka_unit_test(shutdown_while_connecting_disconnects),
		cmocka_unit_test(shutdown_of_a_listener_ends_listening),
		cmocka_unit_test(failed_connect_then_listen),
		cmocka_unit_test(options_are_kept_and_inherited),
		cmocka_unit_test(options_are_read_back),
		cmocka_unit_test(no_option_is_silently_ignored),
		cmocka_unit_test(ttl_and_tos_are_on_the_wire),
		cmocka_unit_test(tos_changes_during_the_connection),
		cmocka_unit_test(user_timeout_ends_the_connection),
		cmocka_unit_test(data_after_close_is_reset),
		cmocka_unit_test(bound_address_is_kept),
		cmocka_unit_test(listening_disturbs_no_connection),
		cmocka_unit_test(port_that_calls_can_be_listened_on),
		cmocka_unit_test(mss_of_both_ends),
		cmocka_unit_test(syncnt_bounds_the_tries),
		cmocka_unit_test(maxseg_follows_the_path),
		cmocka_unit_test(loopback_needs_no_driver),
		cmocka_unit_test(reserve_and_commit),
		cmocka_unit_test(defaults_are_those_documented),
		cmocka_unit_test(host_refuses_bad_settings),
		cmocka_unit_test(host_needs_a_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
