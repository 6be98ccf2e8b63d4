/* SPDX-License-Identifier: MIT */
/*
 * RFC 4987 and Linux's two queues: SYN cache, accept queue, held SYNs.
 */
#include "../pair.h"

#include "host/host.h"

struct count {
	uint8_t state;
	unsigned n;
};

static void count_row(void *ctx, const struct cn_sock_row *row)
{
	struct count *count = ctx;

	count->n += row->state == count->state;
}

static unsigned in_state(struct pair *pair, int host, enum cn_tcp_state state)
{
	struct count count = {(uint8_t)state, 0};

	cn_host_each(pair->host[host], count_row, &count);
	return count.n;
}

static struct cn_endpoint stranger(unsigned n)
{
	return (struct cn_endpoint){cn_addr_v4(10, 0, 0,
					       (uint8_t)(100 + n % 100)),
				    (uint16_t)(1024 + n)};
}

static const struct tcp_seg plain_syn = {
	.seq = 7000, .flags = TCP_SYN, .wnd = 1000, .len = 1};

/* ------------------------------------------------------------ backlog -- */

/* Measured t5: listen(1) lets two connect; the others time out.
 * Notes: rows 85, 86. */
static void listen_1_lets_two_connect(void **state)
{
	struct cn_sock *client[6], *listener;
	struct pair pair;
	unsigned n = 0;

	(void)state;
	pair_init(&pair, NULL);
	listener = listener_on(&pair, 1, 80, 1);
	/* One after the other, as over a loopback. */
	for (int i = 0; i < 6; i++) {
		client[i] = connect_from(&pair, 0, pair_at(1, 80));
		pair_run(&pair);
	}
	pair_after(&pair, 10 * S);
	for (int i = 0; i < 6; i++)
		n += cn_sock_state(client[i]) == CN_ESTABLISHED;
	assert_int_equal(n, 2);
	assert_int_equal(in_state(&pair, 0, CN_SYN_SENT), 4);
	assert_int_equal(cn_sock_pending(listener, &n), 2);
	assert_int_equal(n, 2);
	assert_true(drops(&pair, 1, CN_DROP_TCP_BACKLOG) > 0);
	pair_after(&pair, 200 * S);
	for (int i = 0; i < 6; i++)
		if (cn_sock_state(client[i]) != CN_ESTABLISHED)
			assert_int_equal(cn_sock_error(client[i]),
					 CN_E_TIMEDOUT);
	pair_deinit(&pair);
}

/* As Linux: what a listener says of TTL and TOS is on its SYN-ACKs already. */
static void syn_ack_bears_the_listeners_ttl_and_tos(void **state)
{
	struct cn_sock *listener;
	struct cn_frame frame;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener = listener_on(&pair, 1, 80, 1);
	assert_int_equal(cn_sock_set(listener, CN_OPT_TTL, 33, pair.now), 0);
	assert_int_equal(cn_sock_set(listener, CN_OPT_TOS, 0x20, pair.now), 0);
	inject(&pair, 1, stranger(0), pair_at(1, 80), &plain_syn);
	assert_true(cn_host_output(pair.host[1], 0, &frame, pair.now));
	assert_int_equal(frame.header[1], 0x20);
	assert_int_equal(frame.header[8], 33);
	cn_frame_release(&frame);
	pair_deinit(&pair);
}

/* truth2: listen(0) and five connects: one established. */
static void listen_0_lets_one_connect(void **state)
{
	struct cn_sock *listener;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener = listener_on(&pair, 1, 80, 0);
	for (int i = 0; i < 5; i++) {
		connect_from(&pair, 0, pair_at(1, 80));
		pair_run(&pair);
	}
	pair_after(&pair, S / 2);
	assert_int_equal(in_state(&pair, 0, CN_ESTABLISHED), 1);
	assert_int_equal(in_state(&pair, 0, CN_SYN_SENT), 4);
	/* An accept makes room for the next. */
	accept_from(&pair, listener);
	pair_after(&pair, 2 * S);
	assert_int_equal(in_state(&pair, 1, CN_ESTABLISHED), 2);
	pair_deinit(&pair);
}

static void no_cookies(struct cn_settings *settings, int host)
{
	(void)host;
	settings->syncookies = 0;
}

/* Measured: listen(8) and 500 SYNs without a final ACK leave 9 SYN-RECV.
 * Notes: rows 40, 87, 148. */
static void listen_8_holds_nine_syns(void **state)
{
	struct pair pair;

	(void)state;
	pair_init(&pair, no_cookies);
	listener_on(&pair, 1, 80, 8);
	for (unsigned i = 0; i < 500; i++)
		inject(&pair, 1, stranger(i), pair_at(1, 80), &plain_syn);
	assert_int_equal(in_state(&pair, 1, CN_SYN_RECEIVED), 9);
	assert_int_equal(drops(&pair, 1, CN_DROP_TCP_SYN_QUEUE), 491);
	/* After five repetitions and 63 s all are gone. */
	pair_after(&pair, 62 * S);
	assert_int_equal(in_state(&pair, 1, CN_SYN_RECEIVED), 9);
	pair_after(&pair, 2 * S);
	assert_int_equal(in_state(&pair, 1, CN_SYN_RECEIVED), 0);
	pair_deinit(&pair);
}

static void syn_backlog_64(struct cn_settings *settings, int host)
{
	no_cookies(settings, host);
	settings->syn_backlog = 64;
}

/* Measured: listen(1000) with tcp_max_syn_backlog 64 leaves 49 without
 * cookies. Notes: row 87. */
static void syn_backlog_64_holds_forty_nine(void **state)
{
	struct pair pair;

	(void)state;
	pair_init(&pair, syn_backlog_64);
	listener_on(&pair, 1, 80, 1000);
	for (unsigned i = 0; i < 500; i++)
		inject(&pair, 1, stranger(i), pair_at(1, 80), &plain_syn);
	assert_int_equal(in_state(&pair, 1, CN_SYN_RECEIVED), 49);
	/* What is left serves another port. */
	listener_on(&pair, 1, 81, 1000);
	for (unsigned i = 0; i < 500; i++)
		inject(&pair, 1, stranger(i), pair_at(1, 81), &plain_syn);
	assert_int_equal(in_state(&pair, 1, CN_SYN_RECEIVED), 64);
	pair_deinit(&pair);
}

static bool lose_first_ack(struct pair *pair, int from,
			   const struct cn_frame *frame)
{
	(void)frame;
	return from == 0 && pair->moved[0] == 1;
}

/* The queue is full when the final ACK comes: it is dropped, the SYN-ACK is
 * repeated, and the next ACK finds room. Notes: rows 40, 89. */
static void final_ack_waits_for_room(void **state)
{
	struct cn_sock *listener, *a, *b;
	struct pair pair;

	(void)state;
	pair_init(&pair, no_cookies);
	listener = listener_on(&pair, 1, 80, 0);
	a = connect_from(&pair, 0, pair_at(1, 80));
	pair_move(&pair, 0);
	b = connect_from(&pair, 0, pair_at(1, 80));
	pair.lose = NULL;
	pair_run(&pair);
	/* Both SYNs came before either ACK: one of them must wait. */
	assert_int_equal(cn_sock_pending(listener, NULL), 1);
	(void)a;
	(void)b;
	pair_after(&pair, S / 2);
	cn_sock_close(accept_from(&pair, listener), pair.now);
	pair_after(&pair, 4 * S);
	assert_int_equal(cn_sock_pending(listener, NULL), 1);
	pair_deinit(&pair);
}

/* --------------------------------------------------- SYN-ACK and its fate -- */

/* Notes: rows 17, 40, 148. */
static void syn_ack_repeats_after_1_2_4_8_16_s(void **state)
{
	static const unsigned at[] = {0, 1, 3, 7, 15, 31};
	struct pair pair;
	struct tcp_seg seg;
	uint64_t begin;

	(void)state;
	pair_init(&pair, NULL);
	listener_on(&pair, 1, 80, 8);
	begin = pair.now;
	inject(&pair, 1, stranger(0), pair_at(1, 80), &plain_syn);
	for (unsigned i = 0; i < 6; i++) {
		if (i)
			assert_int_equal(cn_host_deadline(pair.host[1]),
					 begin + at[i] * S);
		pair.now = begin + at[i] * S;
		cn_host_advance(pair.host[1], pair.now);
		assert_true(take_segment(&pair, 1, &seg, NULL));
		assert_int_equal(seg.flags, TCP_SYN | TCP_ACK);
		assert_int_equal(seg.ack, 7001);
		expect_silence(&pair, 1);
	}
	assert_int_equal(cn_host_deadline(pair.host[1]), begin + 63 * S);
	pair.now = begin + 63 * S;
	cn_host_advance(pair.host[1], pair.now);
	expect_silence(&pair, 1);
	assert_int_equal(cn_host_deadline(pair.host[1]), CN_NEVER);
	pair_deinit(&pair);
}

static void repeated_syn_gets_the_same_syn_ack(void **state)
{
	struct pair pair;
	struct tcp_seg first, again;

	(void)state;
	pair_init(&pair, NULL);
	listener_on(&pair, 1, 80, 8);
	inject(&pair, 1, stranger(0), pair_at(1, 80), &plain_syn);
	assert_true(take_segment(&pair, 1, &first, NULL));
	pair.now += 100 * MS;
	inject(&pair, 1, stranger(0), pair_at(1, 80), &plain_syn);
	assert_true(take_segment(&pair, 1, &again, NULL));
	assert_int_equal(again.seq, first.seq);
	assert_int_equal(again.flags, TCP_SYN | TCP_ACK);
	assert_int_equal(in_state(&pair, 1, CN_SYN_RECEIVED), 1);
	pair_deinit(&pair);
}

static void syn_received_rst_removes_the_entry(void **state)
{
	struct tcp_seg rst = {.seq = 7001, .flags = TCP_RST};
	struct pair pair;
	struct tcp_seg seg;

	(void)state;
	pair_init(&pair, NULL);
	listener_on(&pair, 1, 80, 8);
	inject(&pair, 1, stranger(0), pair_at(1, 80), &plain_syn);
	assert_true(take_segment(&pair, 1, &seg, NULL));
	/* In the window but not exact: a challenge, the entry stays. */
	rst.seq = 7100;
	inject(&pair, 1, stranger(0), pair_at(1, 80), &rst);
	assert_int_equal(in_state(&pair, 1, CN_SYN_RECEIVED), 1);
	assert_true(take_segment(&pair, 1, &seg, NULL));
	assert_int_equal(seg.flags, TCP_ACK);
	rst.seq = 7001;
	inject(&pair, 1, stranger(0), pair_at(1, 80), &rst);
	assert_int_equal(in_state(&pair, 1, CN_SYN_RECEIVED), 0);
	expect_silence(&pair, 1);
	pair_deinit(&pair);
}

static void syn_received_bad_ack_is_reset(void **state)
{
	struct tcp_seg ack = {.seq = 7001, .ack = 12345, .flags = TCP_ACK};
	struct pair pair;
	struct tcp_seg seg;

	(void)state;
	pair_init(&pair, NULL);
	listener_on(&pair, 1, 80, 8);
	inject(&pair, 1, stranger(0), pair_at(1, 80), &plain_syn);
	assert_true(take_segment(&pair, 1, &seg, NULL));
	inject(&pair, 1, stranger(0), pair_at(1, 80), &ack);
	assert_true(take_segment(&pair, 1, &seg, NULL));
	assert_int_equal(seg.flags, TCP_RST);
	assert_int_equal(seg.seq, 12345);
	assert_int_equal(in_state(&pair, 1, CN_SYN_RECEIVED), 1);
	pair_deinit(&pair);
}

/* Row 25: what is answered on behalf of an entry is as limited as resets are,
 * a challenge as well as a reset. */
static void syn_received_answers_are_limited(void **state)
{
	struct tcp_seg wild = {.flags = TCP_ACK, .wnd = 1000}, reply;
	struct pair pair;
	unsigned n;

	(void)state;
	for (int in_window = 0; in_window < 2; in_window++) {
		pair_init(&pair, NULL);
		listener_on(&pair, 1, 80, 5);
		inject(&pair, 1, stranger(0), pair_at(1, 80), &plain_syn);
		assert_true(take_segment(&pair, 1, &reply, NULL));
		wild.seq = in_window ? 7001 : 7000000;
		wild.ack = reply.seq + 100000;
		for (n = 0; n < 2000; n++)
			inject(&pair, 1, stranger(0), pair_at(1, 80), &wild);
		assert_int_equal(in_state(&pair, 1, CN_SYN_RECEIVED), 1);
		for (n = 0; take_segment(&pair, 1, &reply, NULL); n++)
			;
		assert_int_equal(n, 250);
		assert_int_equal(drops(&pair, 1, CN_DROP_RST_RATE), 1750);
		assert_int_equal(drops(&pair, 1, CN_DROP_MEMORY), 0);
		pair_deinit(&pair);
	}
}

static void data_with_the_final_ack_is_read(void **state)
{
	struct cn_sock *listener, *client;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener = listener_on(&pair, 1, 80, 8);
	client = connect_from(&pair, 0, pair_at(1, 80));
	pair_move(&pair, 0);
	pair_move(&pair, 1);
	assert_int_equal(cn_sock_send(client, "early", 5, 0, pair.now), 5);
	pair_run(&pair);
	expect_text(&pair, accept_from(&pair, listener), "early");
	pair_deinit(&pair);
}

static void the_last_ack_lost_is_repaired_by_data(void **state)
{
	struct cn_sock *listener, *client;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener = listener_on(&pair, 1, 80, 8);
	client = connect_from(&pair, 0, pair_at(1, 80));
	pair.lose = lose_first_ack;
	pair_run(&pair);
	assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
	assert_int_equal(in_state(&pair, 1, CN_SYN_RECEIVED), 1);
	pair.lose = NULL;
	send_text(&pair, client, "data");
	expect_text(&pair, accept_from(&pair, listener), "data");
	pair_deinit(&pair);
}

static void deferred_accept_waits_for_data(void **state)
{
	struct cn_sock *listener, *client;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener = listener_on(&pair, 1, 80, 8);
	assert_int_equal(cn_sock_set(listener, CN_OPT_DEFER_ACCEPT, 5, 0), 0);
	client = connect_from(&pair, 0, pair_at(1, 80));
	pair_after(&pair, 500 * MS);
	assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
	assert_int_equal(cn_sock_pending(listener, NULL), 0);
	send_text(&pair, client, "data");
	expect_text(&pair, accept_from(&pair, listener), "data");
	/* Without data it is accepted when the time is up. */
	connect_from(&pair, 0, pair_at(1, 80));
	pair_after(&pair, 3 * S);
	assert_int_equal(cn_sock_pending(listener, NULL), 0);
	pair_after(&pair, 10 * S);
	assert_int_equal(cn_sock_pending(listener, NULL), 1);
	pair_deinit(&pair);
}

/* Notes: row 97. */
static void closing_the_listener_resets_its_queue(void **state)
{
	struct cn_sock *listener, *client, *late;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener = listener_on(&pair, 1, 80, 8);
	client = connect_from(&pair, 0, pair_at(1, 80));
	pair_run(&pair);
	late = connect_from(&pair, 0, pair_at(1, 80));
	pair_move(&pair, 0);
	assert_int_equal(in_state(&pair, 1, CN_SYN_RECEIVED), 1);
	cn_sock_close(listener, pair.now);
	pair_run(&pair);
	assert_int_equal(cn_sock_error(client), CN_E_CONNRESET);
	assert_int_equal(in_state(&pair, 1, CN_SYN_RECEIVED), 0);
	(void)late;
	pair_deinit(&pair);
}

/* A connection that is reset before it is accepted is accepted all the same,
 * and reading it says so. */
static void reset_before_accept_is_told_by_recv(void **state)
{
	struct cn_sock *listener, *client, *server;
	struct pair pair;
	char octet;

	(void)state;
	pair_init(&pair, NULL);
	listener = listener_on(&pair, 1, 80, 8);
	client = connect_from(&pair, 0, pair_at(1, 80));
	pair_run(&pair);
	cn_sock_abort(client, pair.now);
	pair_run(&pair);
	server = accept_from(&pair, listener);
	assert_int_equal(cn_sock_recv(server, &octet, 1, 0, pair.now),
			 CN_E_CONNRESET);
	assert_int_equal(cn_sock_recv(server, &octet, 1, 0, pair.now), 0);
	cn_sock_close(server, pair.now);
	pair_deinit(&pair);
}

/* ---------------------------------------------------------- held SYNs -- */

static void any_addr(struct cn_settings *settings, int host)
{
	settings->any_addr = host == 1;
}

/* A gateway on host 1, which stands for every address. */
static struct cn_sock *gateway(struct pair *pair)
{
	struct cn_sock *sock;
	struct cn_addr none = cn_addr_v4(0, 0, 0, 0);

	pair_init(pair, any_addr);
	assert_int_equal(cn_host_route_add(pair->host[0], 0, &none, 0), 0);
	assert_int_equal(cn_host_route_add(pair->host[1], 0, &none, 0), 0);
	assert_int_equal(cn_sock_new(pair->host[1], 6, &sock), 0);
	assert_int_equal(cn_sock_set(sock, CN_OPT_ANY_PORT, 1, 0), 0);
	assert_int_equal(cn_sock_set(sock, CN_OPT_HOLD, 1, 0), 0);
	assert_int_equal(cn_sock_listen(sock, 100, pair->now), 0);
	return sock;
}

static struct cn_endpoint far_away(void)
{
	return (struct cn_endpoint){cn_addr_v4(93, 184, 216, 34), 443};
}

static struct cn_event held_syn(struct pair *pair, struct cn_sock *listener)
{
	struct cn_event event;

	assert_true(event_of(pair->host[1], CN_EVENT_SYN, &event));
	assert_ptr_equal(event.sock, listener);
	return event;
}

static void held_syn_accepted_connects(void **state)
{
	struct cn_sock *listener, *client, *server;
	struct cn_endpoint name;
	struct cn_event event;
	struct pair pair;

	(void)state;
	listener = gateway(&pair);
	client = connect_from(&pair, 0, far_away());
	pair_run(&pair);
	event = held_syn(&pair, listener);
	assert_int_equal(event.local.port, 443);
	assert_int_equal(cn_sock_state(client), CN_SYN_SENT);
	assert_int_equal(cn_sock_connect_hold(client, true, pair.now), 0);
	pair_after(&pair, 100 * S);
	assert_int_equal(cn_sock_state(client), CN_SYN_SENT);
	assert_int_equal(pair.moved[0], 1); /* no SYN was repeated */
	assert_int_equal(cn_sock_connect_hold(client, false, pair.now), 0);
	assert_int_equal(cn_syn_answer(pair.host[1], event.syn, CN_SYN_ACCEPT,
				       0, pair.now),
			 0);
	pair_run(&pair);
	assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
	server = accept_from(&pair, listener);
	cn_sock_name(server, &name);
	assert_int_equal(name.port, 443);
	assert_true(cn_addr_equal(&name.addr, &event.local.addr));
	send_text(&pair, server, "from afar");
	expect_text(&pair, client, "from afar");
	assert_int_equal(cn_syn_answer(pair.host[1], event.syn, CN_SYN_ACCEPT,
				       0, pair.now),
			 CN_E_INVAL);
	pair_deinit(&pair);
}

/* A world of destinations makes no list of addresses at the gateway. */
static void gateway_counts_no_ports(void **state)
{
	struct cn_sock *listener, *server;
	struct cn_event event;
	struct pair pair;

	(void)state;
	listener = gateway(&pair);
	for (unsigned i = 0; i < 50; i++) {
		struct cn_endpoint to = far_away();
		struct cn_sock *client;

		to.addr.octet[15] = (uint8_t)i;
		client = connect_from(&pair, 0, to);
		pair_run(&pair);
		event = held_syn(&pair, listener);
		assert_int_equal(cn_syn_answer(pair.host[1], event.syn,
					       CN_SYN_ACCEPT, 0, pair.now),
				 0);
		pair_run(&pair);
		server = accept_from(&pair, listener);
		assert_null(port_find(pair.host[1], 443));
		cn_sock_close(server, pair.now);
		pair_run(&pair);
		cn_sock_close(client, pair.now);
		pair_run(&pair);
		assert_null(port_find(pair.host[1], 443));
	}
	assert_int_equal(in_state(&pair, 1, CN_TIME_WAIT), 50);
	pair_after(&pair, 61 * S);
	assert_int_equal(in_state(&pair, 1, CN_TIME_WAIT), 0);
	pair_deinit(&pair);
}

static void held_syn_is_announced_once(void **state)
{
	struct cn_sock *listener;
	struct cn_event event;
	struct pair pair;

	(void)state;
	listener = gateway(&pair);
	connect_from(&pair, 0, far_away());
	pair_after(&pair, 10 * S);
	held_syn(&pair, listener);
	assert_false(event_of(pair.host[1], CN_EVENT_SYN, &event));
	assert_int_equal(drops(&pair, 1, CN_DROP_TCP_HELD), 3);
	pair_deinit(&pair);
}

static bool lose_all_from_1(struct pair *pair, int from,
			    const struct cn_frame *frame)
{
	(void)pair;
	(void)frame;
	return from == 1;
}

static void held_syn_refused_is_refused_again(void **state)
{
	struct cn_sock *listener, *client;
	struct cn_event event;
	struct pair pair;

	(void)state;
	listener = gateway(&pair);
	client = connect_from(&pair, 0, far_away());
	pair_run(&pair);
	event = held_syn(&pair, listener);
	pair.lose = lose_all_from_1;
	assert_int_equal(cn_syn_answer(pair.host[1], event.syn, CN_SYN_RESET, 0,
				       pair.now),
			 0);
	pair_run(&pair);
	assert_int_equal(cn_sock_state(client), CN_SYN_SENT);
	pair.lose = NULL;
	pair_after(&pair, S);
	assert_int_equal(cn_sock_error(client), CN_E_CONNREFUSED);
	/* The memory of it is neither an event nor a connection, and ends. */
	assert_false(event_of(pair.host[1], CN_EVENT_SYN_GONE, &event));
	pair_after(&pair, 200 * S);
	assert_int_equal(in_state(&pair, 1, CN_SYN_RECEIVED), 0);
	pair_deinit(&pair);
}

static void held_syn_unreachable_is_told_by_icmp(void **state)
{
	static const struct {
		uint8_t code;
		int err;
	} want[] = {{0, CN_E_NETDOWN}, {1, CN_E_HOSTUNREACH}};
	struct cn_sock *listener, *client;
	struct cn_event event;
	struct pair pair;

	(void)state;
	listener = gateway(&pair);
	for (unsigned i = 0; i < 2; i++) {
		client = connect_from(&pair, 0, far_away());
		pair_run(&pair);
		event = held_syn(&pair, listener);
		assert_int_equal(cn_syn_answer(pair.host[1], event.syn,
					       CN_SYN_UNREACHABLE, want[i].code,
					       pair.now),
				 0);
		pair_run(&pair);
		assert_int_equal(cn_sock_state(client), CN_CLOSED);
		assert_int_equal(cn_sock_error(client), want[i].err);
		cn_sock_close(client, pair.now);
	}
	pair_deinit(&pair);
}

static void held_syn_over_ipv6_is_refused_alike(void **state)
{
	static const struct {
		enum cn_syn_verdict verdict;
		uint8_t code;
		int err;
	} want[] = {{CN_SYN_RESET, 0, CN_E_CONNREFUSED},
		    {CN_SYN_UNREACHABLE, 1, CN_E_HOSTUNREACH},
		    {CN_SYN_UNREACHABLE, 3, CN_E_CONNREFUSED}};
	struct cn_endpoint to = {.addr = {.octet = {0x20, 1}}, .port = 443};
	struct cn_addr none = {.octet = {0}};
	struct cn_sock *listener, *client;
	struct cn_event event;
	struct pair pair;

	(void)state;
	listener = gateway(&pair);
	assert_int_equal(cn_host_route_add(pair.host[0], 0, &none, 0), 0);
	assert_int_equal(cn_host_route_add(pair.host[1], 0, &none, 0), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(cn_sock_new(pair.host[0], 6, &client), 0);
		assert_int_equal(cn_sock_connect(client, &to, pair.now),
				 CN_E_INPROGRESS);
		pair_run(&pair);
		event = held_syn(&pair, listener);
		assert_int_equal(cn_syn_answer(pair.host[1], event.syn,
					       want[i].verdict, want[i].code,
					       pair.now),
				 0);
		pair_run(&pair);
		assert_int_equal(cn_sock_error(client), want[i].err);
		cn_sock_close(client, pair.now);
	}
	pair_deinit(&pair);
}

/* A gateway may hold a SYN of its own host too. */
static void held_syn_over_loopback(void **state)
{
	struct cn_endpoint to = loop_at(80);
	struct cn_sock *listener, *client;
	struct cn_event event;
	struct pair pair;

	(void)state;
	listener = gateway(&pair);
	client = connect_from(&pair, 1, to);
	pair_run(&pair);
	event = held_syn(&pair, listener);
	assert_int_equal(cn_syn_answer(pair.host[1], event.syn,
				       CN_SYN_UNREACHABLE, 1, pair.now),
			 0);
	assert_true(cn_host_deadline(pair.host[1]) <= pair.now);
	cn_host_advance(pair.host[1], pair.now);
	assert_int_equal(cn_sock_error(client), CN_E_HOSTUNREACH);
	pair_deinit(&pair);
}

static void held_syn_dropped_is_asked_about_again(void **state)
{
	struct cn_sock *listener;
	struct cn_event event;
	struct pair pair;

	(void)state;
	listener = gateway(&pair);
	connect_from(&pair, 0, far_away());
	pair_run(&pair);
	event = held_syn(&pair, listener);
	assert_int_equal(cn_syn_answer(pair.host[1], event.syn, CN_SYN_DROP, 0,
				       pair.now),
			 0);
	assert_false(event_of(pair.host[1], CN_EVENT_SYN_GONE, &event));
	pair_after(&pair, S);
	held_syn(&pair, listener);
	pair_deinit(&pair);
}

static void held_syn_reset_by_the_peer_is_gone(void **state)
{
	struct tcp_seg rst = {.flags = TCP_RST};
	struct cn_event event, gone;
	struct cn_sock *listener;
	struct pair pair;

	(void)state;
	listener = gateway(&pair);
	connect_from(&pair, 0, far_away());
	pair_run(&pair);
	event = held_syn(&pair, listener);
	rst.seq = event.iss_peer + 1;
	inject(&pair, 1, event.peer, event.local, &rst);
	assert_true(event_of(pair.host[1], CN_EVENT_SYN_GONE, &gone));
	assert_int_equal(gone.peer.port, event.peer.port);
	pair_deinit(&pair);
}

static void held_syn_that_nobody_answers_runs_out(void **state)
{
	struct cn_event event;
	struct cn_sock *listener, *client;
	struct pair pair;

	(void)state;
	listener = gateway(&pair);
	client = connect_from(&pair, 0, far_away());
	pair_run(&pair);
	held_syn(&pair, listener);
	cn_sock_close(client, pair.now);
	pair_after(&pair, 400 * S);
	assert_true(event_of(pair.host[1], CN_EVENT_SYN_GONE, &event));
	assert_int_equal(cn_host_deadline(pair.host[1]), CN_NEVER);
	pair_deinit(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listen_1_lets_two_connect),
		cmocka_unit_test(listen_0_lets_one_connect),
		cmocka_unit_test(listen_8_holds_nine_syns),
		cmocka_unit_test(syn_backlog_64_holds_forty_nine),
		cmocka_unit_test(final_ack_waits_for_room),
		cmocka_unit_test(syn_ack_repeats_after_1_2_4_8_16_s),
		cmocka_unit_test(repeated_syn_gets_the_same_syn_ack),
		cmocka_unit_test(syn_received_rst_removes_the_entry),
		cmocka_unit_test(syn_received_bad_ack_is_reset),
		cmocka_unit_test(syn_received_answers_are_limited),
		cmocka_unit_test(data_with_the_final_ack_is_read),
		cmocka_unit_test(the_last_ack_lost_is_repaired_by_data),
		cmocka_unit_test(deferred_accept_waits_for_data),
		cmocka_unit_test(closing_the_listener_resets_its_queue),
		cmocka_unit_test(reset_before_accept_is_told_by_recv),
		cmocka_unit_test(held_syn_accepted_connects),
		cmocka_unit_test(gateway_counts_no_ports),
		cmocka_unit_test(held_syn_is_announced_once),
		cmocka_unit_test(held_syn_refused_is_refused_again),
		cmocka_unit_test(held_syn_unreachable_is_told_by_icmp),
		cmocka_unit_test(held_syn_over_ipv6_is_refused_alike),
		cmocka_unit_test(held_syn_over_loopback),
		cmocka_unit_test(held_syn_dropped_is_asked_about_again),
		cmocka_unit_test(held_syn_reset_by_the_peer_is_gone),
		cmocka_unit_test(held_syn_that_nobody_answers_runs_out),
		cmocka_unit_test(syn_ack_bears_the_listeners_ttl_and_tos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
