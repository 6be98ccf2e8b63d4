/* SPDX-License-Identifier: MIT */
/* RFC 768, RFC 1122 section 4.1, and Linux's rules of datagram sockets. */
#include "udp.h"

/* Notes: row 94. */
static void datagram_arrives_with_its_sender_and_destination(void **state)
{
	struct cn_dgram_msg msg;
	struct cn_dgram *a, *b;
	struct cn_addr own;
	struct pair pair;
	char got[8];

	(void)state;
	pair_init(&pair, NULL);
	a = bound_on(&pair, 0, 1000);
	b = bound_on(&pair, 1, 2000);
	dgram_opt(a, CN_DGRAM_OPT_TTL, 9);
	dgram_opt(a, CN_DGRAM_OPT_TOS, 0xb8);
	say(&pair, a, pair_at(1, 2000), "hello");
	assert_int_equal(cn_dgram_ready(b) & CN_READY_IN, CN_READY_IN);
	assert_int_equal(cn_dgram_readable(b), 5);
	assert_int_equal(cn_dgram_recv(b, got, 8, 0, &msg), 5);
	assert_memory_equal(got, "hello", 5);
	own = pair_addr4(0);
	assert_true(cn_addr_equal(&msg.peer.addr, &own));
	assert_int_equal(msg.peer.port, 1000);
	own = pair_addr4(1);
	assert_true(cn_addr_equal(&msg.local.addr, &own));
	assert_int_equal(msg.local.port, 2000);
	assert_int_equal(msg.ttl, 9);
	assert_int_equal(msg.tos, 0xb8);
	assert_int_equal(msg.link, 0);
	assert_false(msg.to_many);
	assert_int_equal(cn_host_counters(pair.host[1])->udp_in, 1);
	assert_int_equal(cn_host_counters(pair.host[0])->udp_out, 1);
	pair_deinit(&pair);
}

static void event_tells_of_what_arrives(void **state)
{
	struct cn_event event;
	struct cn_dgram *a, *b;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	a = bound_on(&pair, 0, 1000);
	b = bound_on(&pair, 1, 2000);
	cn_dgram_set_tag(b, &pair);
	say(&pair, a, pair_at(1, 2000), "x");
	assert_true(event_of(pair.host[1], CN_EVENT_READY, &event));
	assert_ptr_equal(event.dgram, b);
	assert_null(event.sock);
	assert_ptr_equal(event.tag, &pair);
	/* One that is closed tells no more. */
	say(&pair, a, pair_at(1, 2000), "y");
	cn_dgram_close(b);
	assert_false(cn_host_event(pair.host[1], &event));
	pair_deinit(&pair);
}

/* A datagram of no octets is one, and no end of anything. */
static void empty_datagram_is_received(void **state)
{
	struct cn_dgram_msg msg;
	struct cn_dgram *a, *b;
	struct pair pair;
	char got[4];

	(void)state;
	pair_init(&pair, NULL);
	a = bound_on(&pair, 0, 1000);
	b = bound_on(&pair, 1, 2000);
	say(&pair, a, pair_at(1, 2000), "");
	say(&pair, a, pair_at(1, 2000), "z");
	assert_int_equal(cn_dgram_recv(b, got, 4, 0, &msg), 0);
	assert_int_equal(msg.peer.port, 1000);
	hears(b, "z");
	hears_nothing(b);
	pair_deinit(&pair);
}

/* Notes: row 78. */
static void what_is_too_long_for_the_reader_is_lost_and_told(void **state)
{
	struct cn_dgram_msg msg;
	struct cn_dgram *a, *b;
	struct pair pair;
	char got[4];

	(void)state;
	pair_init(&pair, NULL);
	a = bound_on(&pair, 0, 1000);
	b = bound_on(&pair, 1, 2000);
	say(&pair, a, pair_at(1, 2000), "abcdefgh");
	assert_int_equal(cn_dgram_recv(b, got, 2, CN_MSG_PEEK, NULL), 2);
	assert_int_equal(
		cn_dgram_recv(b, got, 0, CN_MSG_PEEK | CN_MSG_TRUNC, NULL), 8);
	assert_int_equal(cn_dgram_recv(b, got, 4, 0, &msg), 4);
	assert_int_equal(msg.len, 8);
	hears_nothing(b);
	pair_deinit(&pair);
}

/* --------------------------------------------------------- demultiplexing -- */

static void connected_socket_hears_its_peer_alone(void **state)
{
	struct cn_endpoint to = pair_at(1, 2000);
	struct cn_dgram *a, *b, *c, *d;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	a = bound_on(&pair, 0, 1000);
	b = bound_on(&pair, 1, 2000);
	assert_int_equal(cn_dgram_connect(a, &to), 0);
	assert_int_equal(cn_dgram_send(a, "q", 1, NULL, pair.now), 1);
	pair_run(&pair);
	hears(b, "q");
	c = bound_on(&pair, 1, 2001);
	say(&pair, c, pair_at(0, 1000), "stranger");
	hears_nothing(a);
	assert_int_equal(drops(&pair, 0, CN_DROP_UDP_NO_PORT), 1);
	say(&pair, b, pair_at(0, 1000), "peer");
	hears(a, "peer");
	/* A second socket of the port gets what the first does not. */
	dgram_opt(a, CN_DGRAM_OPT_REUSEADDR, 1);
	d = dgram_on(&pair, 0, 4);
	dgram_opt(d, CN_DGRAM_OPT_REUSEADDR, 1);
	to = any_at(1000);
	assert_int_equal(cn_dgram_bind(d, &to), 0);
	say(&pair, c, pair_at(0, 1000), "s");
	say(&pair, b, pair_at(0, 1000), "p");
	hears(d, "s");
	hears(a, "p");
	pair_deinit(&pair);
}

static void connect_again_and_disconnect(void **state)
{
	struct cn_endpoint one = pair_at(1, 2000), two = pair_at(1, 2001), name;
	struct cn_dgram *a, *b;
	struct pair pair;
	uint16_t port;

	(void)state;
	pair_init(&pair, NULL);
	a = dgram_on(&pair, 0, 4);
	b = bound_on(&pair, 1, 2001);
	assert_int_equal(cn_dgram_send(a, "x", 1, NULL, pair.now),
			 CN_E_DESTADDRREQ);
	assert_int_equal(cn_dgram_peer(a, &name), CN_E_NOTCONN);
	assert_int_equal(cn_dgram_connect(a, &one), 0);
	port = port_of(a);
	assert_in_range(port, 32768, 60999);
	cn_dgram_name(a, &name);
	assert_int_equal(name.addr.octet[12], 10);
	assert_int_equal(cn_dgram_connect(a, &two), 0);
	assert_int_equal(port_of(a), port);
	assert_int_equal(cn_dgram_peer(a, &name), 0);
	assert_int_equal(name.port, 2001);
	assert_int_equal(cn_dgram_send(a, "x", 1, NULL, pair.now), 1);
	pair_run(&pair);
	hears(b, "x");
	cn_dgram_disconnect(a);
	assert_int_equal(port_of(a), 0);
	cn_dgram_name(a, &name);
	assert_true(cn_addr_is_any(&name.addr));
	pair_deinit(&pair);
}

static void exact_address_comes_before_the_wildcard(void **state)
{
	struct cn_endpoint at = pair_at(1, 2000);
	struct cn_dgram *any, *exact, *a;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	a = bound_on(&pair, 0, 1000);
	any = dgram_on(&pair, 1, 6);
	exact = dgram_on(&pair, 1, 4);
	dgram_opt(any, CN_DGRAM_OPT_REUSEADDR, 1);
	dgram_opt(exact, CN_DGRAM_OPT_REUSEADDR, 1);
	assert_int_equal(cn_dgram_bind(exact, &at), 0);
	memset(&at, 0, sizeof(at));
	at.port = 2000;
	assert_int_equal(cn_dgram_bind(any, &at), 0);
	say(&pair, a, pair_at(1, 2000), "x");
	hears(exact, "x");
	hears_nothing(any);
	cn_dgram_close(exact);
	say(&pair, a, pair_at(1, 2000), "y");
	hears(any, "y");
	pair_deinit(&pair);
}

/* A dual-stack socket tells IPv4 peers by their mapped addresses. */
static void dual_stack_socket_hears_both(void **state)
{
	struct cn_endpoint at = {.port = 2000}, to = {pair_addr6(1), 2000};
	struct cn_dgram *dual, *a4, *a6;
	struct cn_dgram_msg msg;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	dual = dgram_on(&pair, 1, 6);
	assert_int_equal(cn_dgram_bind(dual, &at), 0);
	a4 = bound_on(&pair, 0, 1000);
	a6 = dgram_on(&pair, 0, 6);
	say(&pair, a4, pair_at(1, 2000), "four");
	say(&pair, a6, to, "six");
	assert_int_equal(cn_dgram_recv(dual, NULL, 0, CN_MSG_TRUNC, &msg), 4);
	assert_true(cn_addr_is_v4(&msg.peer.addr));
	say(&pair, dual, msg.peer, "back");
	hears(a4, "back");
	hears(dual, "six");
	/* V6ONLY ends that. */
	cn_dgram_close(dual);
	dual = dgram_on(&pair, 1, 6);
	dgram_opt(dual, CN_DGRAM_OPT_V6ONLY, 1);
	assert_int_equal(cn_dgram_bind(dual, &at), 0);
	say(&pair, a4, pair_at(1, 2000), "four");
	hears_nothing(dual);
	assert_int_equal(cn_dgram_send(dual, "x", 1, &msg.peer, pair.now),
			 CN_E_NETUNREACH);
	assert_int_equal(cn_dgram_send(a4, "x", 1, &to, pair.now),
			 CN_E_AFNOSUPPORT);
	pair_deinit(&pair);
}

/* ----------------------------------------------------------------- ports -- */

/* Linux's udp_lib_lport_inuse. */
static void bind_conflicts_are_linuxs(void **state)
{
	static const struct {
		uint8_t addr, addr2; /* last octet of 10.0.0.x; 0: any */
		uint8_t reuse, reuse2; /* 1: ADDR, 2: PORT */
		int want;
	} row[] = {
		{0, 0, 0, 0, CN_E_ADDRINUSE}, {0, 0, 1, 0, CN_E_ADDRINUSE},
		{0, 0, 1, 1, CN_OK},	      {0, 0, 2, 2, CN_OK},
		{0, 0, 1, 2, CN_E_ADDRINUSE}, {2, 0, 0, 0, CN_E_ADDRINUSE},
		{0, 2, 0, 0, CN_E_ADDRINUSE}, {2, 2, 0, 0, CN_E_ADDRINUSE},
		{2, 2, 3, 2, CN_OK},	      {2, 127, 0, 0, CN_OK},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint8_t last[2] = {row[i].addr, row[i].addr2};
		uint8_t reuse[2] = {row[i].reuse, row[i].reuse2};
		struct pair pair;
		int err = 0;

		pair_init(&pair, NULL);
		for (int k = 0; k < 2; k++) {
			struct cn_dgram *dgram = dgram_on(&pair, 1, 4);
			struct cn_endpoint at = any_at(2000);

			if (last[k] == 127)
				at.addr = cn_addr_v4(127, 0, 0, 1);
			else if (last[k])
				at.addr = cn_addr_v4(10, 0, 0, last[k]);
			dgram_opt(dgram, CN_DGRAM_OPT_REUSEADDR, reuse[k] & 1);
			dgram_opt(dgram, CN_DGRAM_OPT_REUSEPORT, reuse[k] & 2);
			assert_int_equal(err, 0);
			err = cn_dgram_bind(dgram, &at);
		}
		assert_int_equal(err, row[i].want);
		pair_deinit(&pair);
	}
}

static void bind_refuses_what_is_not_here(void **state)
{
	struct cn_endpoint foreign = {cn_addr_v4(192, 0, 2, 9), 5};
	struct cn_endpoint six = {pair_addr6(0), 5}, at = any_at(5);
	struct cn_dgram *a;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	a = dgram_on(&pair, 0, 4);
	assert_int_equal(cn_dgram_bind(a, &foreign), CN_E_ADDRNOTAVAIL);
	assert_int_equal(cn_dgram_bind(a, &six), CN_E_AFNOSUPPORT);
	assert_int_equal(cn_dgram_bind(a, &at), 0);
	assert_int_equal(cn_dgram_bind(a, &at), CN_E_INVAL);
	pair_deinit(&pair);
}

static void few_ports(struct cn_settings *settings, int host)
{
	(void)host;
	settings->port_low = 40000;
	settings->port_high = 40003;
}

static void ephemeral_ports_are_taken_and_run_out(void **state)
{
	struct cn_endpoint any = any_at(0);
	unsigned seen = 0;
	struct pair pair;

	(void)state;
	pair_init(&pair, few_ports);
	for (int i = 0; i < 4; i++) {
		struct cn_dgram *a = dgram_on(&pair, 0, 4);

		assert_int_equal(cn_dgram_bind(a, &any), 0);
		assert_in_range(port_of(a), 40000, 40003);
		seen |= 1u << (port_of(a) - 40000);
	}
	assert_int_equal(seen, 15);
	assert_int_equal(cn_dgram_bind(dgram_on(&pair, 0, 4), &any),
			 CN_E_ADDRINUSE);
	any = pair_at(1, 9);
	assert_int_equal(cn_dgram_connect(dgram_on(&pair, 0, 4), &any),
			 CN_E_AGAIN);
	pair_deinit(&pair);
}

/* Each peer always comes to the same socket, and none of them is left out. */
static void reuseport_spreads_peers(void **state)
{
	enum { GROUP = 4, PEERS = 400 };
	struct cn_dgram *group[GROUP];
	struct cn_endpoint at = any_at(2000);
	unsigned got[GROUP] = {0};
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	for (int i = 0; i < GROUP; i++) {
		group[i] = dgram_on(&pair, 1, 4);
		dgram_opt(group[i], CN_DGRAM_OPT_REUSEPORT, 1);
		assert_int_equal(cn_dgram_bind(group[i], &at), 0);
	}
	for (uint16_t i = 0; i < PEERS; i++) {
		struct cn_dgram *a = bound_on(&pair, 0, (uint16_t)(5000 + i));
		int hit = -1;

		say(&pair, a, pair_at(1, 2000), "x");
		say(&pair, a, pair_at(1, 2000), "x");
		for (int k = 0; k < GROUP; k++)
			if (cn_dgram_readable(group[k]))
				hit = k;
		assert_true(hit >= 0);
		hears(group[hit], "x");
		hears(group[hit], "x");
		got[hit]++;
		cn_dgram_close(a);
	}
	for (int k = 0; k < GROUP; k++)
		assert_in_range(got[k], PEERS / GROUP / 2, PEERS / GROUP * 2);
	pair_deinit(&pair);
}

/* --------------------------------------------------------------- buffers -- */

/* True sizes: datagrams of one octet do not cost a buffer each, and are
 * charged all the same. Notes: row 12. */
static void full_receive_buffer_drops_and_counts(void **state)
{
	struct cn_dgram *a, *b;
	struct cn_dgram_row row;
	struct pair pair;
	unsigned n = 0;

	(void)state;
	(void)row;
	pair_init(&pair, NULL);
	a = bound_on(&pair, 0, 1000);
	b = bound_on(&pair, 1, 2000);
	dgram_opt(b, CN_DGRAM_OPT_RCVBUF, 4096);
	for (int i = 0; i < 200; i++)
		say(&pair, a, pair_at(1, 2000), "x");
	while (cn_dgram_readable(b)) {
		hears(b, "x");
		n++;
	}
	assert_in_range(n, 16, 64);
	assert_int_equal(drops(&pair, 1, CN_DROP_UDP_RCVBUF), 200 - n);
	assert_int_equal(cn_host_counters(pair.host[1])->udp_errors, 200 - n);
	say(&pair, a, pair_at(1, 2000), "again");
	hears(b, "again");
	pair_deinit(&pair);
}

static void full_send_buffer_says_again(void **state)
{
	struct cn_endpoint to = pair_at(1, 2000);
	static char data[1000];
	struct cn_event event;
	struct cn_dgram *a;
	struct pair pair;
	int64_t n;

	(void)state;
	pair_init(&pair, NULL);
	a = bound_on(&pair, 0, 1000);
	dgram_opt(a, CN_DGRAM_OPT_SNDBUF, 8192);
	do
		n = cn_dgram_send(a, data, sizeof(data), &to, pair.now);
	while (n > 0);
	assert_int_equal(n, CN_E_AGAIN);
	assert_false(cn_dgram_ready(a) & CN_READY_OUT);
	assert_true(cn_dgram_unsent(a) >= 8192);
	pair_run(&pair);
	assert_true(event_of(pair.host[0], CN_EVENT_READY, &event));
	assert_int_equal(cn_dgram_ready(a) & CN_READY_OUT, CN_READY_OUT);
	assert_int_equal(cn_dgram_unsent(a), 0);
	pair_deinit(&pair);
}

/* What was sent before close leaves all the same. */
static void close_sends_what_is_queued(void **state)
{
	struct cn_endpoint to = pair_at(1, 2000);
	struct cn_dgram *a, *b;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	a = bound_on(&pair, 0, 1000);
	b = bound_on(&pair, 1, 2000);
	assert_int_equal(cn_dgram_send(a, "x", 1, &to, pair.now), 1);
	cn_dgram_close(a);
	pair_run(&pair);
	hears(b, "x");
	pair_deinit(&pair);
}

/* -------------------------------------------------------------- shutdown -- */

static void shutdown_as_linux(void **state)
{
	struct cn_endpoint to = pair_at(1, 2000);
	struct cn_dgram *a, *b;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	a = bound_on(&pair, 0, 1000);
	b = bound_on(&pair, 1, 2000);
	assert_int_equal(cn_dgram_shutdown(b, CN_SHUT_RD), CN_E_NOTCONN);
	assert_int_equal(cn_dgram_recv(b, NULL, 0, 0, NULL), 0);
	assert_int_equal(cn_dgram_connect(a, &to), 0);
	assert_int_equal(cn_dgram_shutdown(a, CN_SHUT_WR), 0);
	assert_int_equal(cn_dgram_send(a, "x", 1, NULL, pair.now), CN_E_PIPE);
	assert_int_equal(cn_dgram_shutdown(a, CN_SHUT_RD), 0);
	assert_int_equal(cn_dgram_ready(a) & CN_READY_HUP, CN_READY_HUP);
	pair_deinit(&pair);
}

/* -------------------------------------------------------------- loopback -- */

static void loopback_within_the_host(void **state)
{
	struct cn_endpoint zero = any_at(2000);
	struct cn_dgram *a, *b;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	a = bound_on(&pair, 0, 1000);
	b = bound_on(&pair, 0, 2000);
	say(&pair, a, loop_at(2000), "lo");
	hears(b, "lo");
	say(&pair, a, pair_at(0, 2000), "own");
	hears(b, "own");
	say(&pair, a, zero, "zero");
	hears(b, "zero");
	assert_int_equal(pair.moved[0], 0);
	/* A socket may speak to itself. */
	say(&pair, a, loop_at(1000), "me");
	hears(a, "me");
	pair_deinit(&pair);
}

/* Nobody listens: told at once, over the loopback too. */
static void refused_over_loopback(void **state)
{
	struct cn_endpoint to = loop_at(7);
	struct cn_dgram *a;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	a = dgram_on(&pair, 0, 4);
	assert_int_equal(cn_dgram_connect(a, &to), 0);
	assert_int_equal(cn_dgram_send(a, "x", 1, NULL, pair.now), 1);
	pair_run(&pair);
	assert_int_equal(cn_dgram_ready(a) & CN_READY_ERR, CN_READY_ERR);
	assert_int_equal(cn_dgram_recv(a, NULL, 0, 0, NULL), CN_E_CONNREFUSED);
	hears_nothing(a);
	pair_deinit(&pair);
}

static void rows_show_every_socket(void *ctx, const struct cn_dgram_row *row)
{
	unsigned *seen = ctx;

	assert_int_equal(row->protocol, CN_DGRAM_UDP);
	if (row->local.port == 1000)
		*seen |= row->connected ? 1 : 8;
	if (row->local.port == 2000)
		*seen |= row->recv_q ? 2 : 8;
}

static void rows(void **state)
{
	struct cn_endpoint to = loop_at(2000);
	struct cn_dgram *a;
	unsigned seen = 0;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	a = bound_on(&pair, 0, 1000);
	(void)bound_on(&pair, 0, 2000);
	assert_int_equal(cn_dgram_connect(a, &to), 0);
	assert_int_equal(cn_dgram_send(a, "x", 1, NULL, pair.now), 1);
	pair_run(&pair);
	cn_host_each_dgram(pair.host[0], rows_show_every_socket, &seen);
	assert_int_equal(seen, 3);
	pair_deinit(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			datagram_arrives_with_its_sender_and_destination),
		cmocka_unit_test(event_tells_of_what_arrives),
		cmocka_unit_test(empty_datagram_is_received),
		cmocka_unit_test(
			what_is_too_long_for_the_reader_is_lost_and_told),
		cmocka_unit_test(connected_socket_hears_its_peer_alone),
		cmocka_unit_test(connect_again_and_disconnect),
		cmocka_unit_test(exact_address_comes_before_the_wildcard),
		cmocka_unit_test(dual_stack_socket_hears_both),
		cmocka_unit_test(bind_conflicts_are_linuxs),
		cmocka_unit_test(bind_refuses_what_is_not_here),
		cmocka_unit_test(ephemeral_ports_are_taken_and_run_out),
		cmocka_unit_test(reuseport_spreads_peers),
		cmocka_unit_test(full_receive_buffer_drops_and_counts),
		cmocka_unit_test(full_send_buffer_says_again),
		cmocka_unit_test(close_sends_what_is_queued),
		cmocka_unit_test(shutdown_as_linux),
		cmocka_unit_test(loopback_within_the_host),
		cmocka_unit_test(refused_over_loopback),
		cmocka_unit_test(rows),
	};

	return cmocka_run_group_tests_name("udp_socket", tests, NULL, NULL);
}
