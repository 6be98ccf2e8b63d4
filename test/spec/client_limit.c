/* SPDX-License-Identifier: MIT */
/*
 * Row 133 of the claims, rows 14 and 16 of the attacks: so many connections a
 * client may have, and so long one may be silent.
 */
#include "../pair.h"

#include "host/host.h"

static const struct cn_counters *count(const struct pair *pair)
{
	return cn_host_counters(pair->host[1]);
}

static size_t memory(const struct pair *pair)
{
	return cn_host_memory(pair->host[1], NULL);
}

static void two_addresses(struct pair *pair)
{
	struct cn_addr more = cn_addr_v4(10, 0, 0, 3);

	assert_int_equal(cn_host_addr_add(pair->host[0], 0, &more, 24), 0);
}

static struct cn_sock *from_address(struct pair *pair, struct cn_addr addr,
				    uint16_t port)
{
	struct cn_endpoint to = pair_at(1, port), from = {addr, 0};
	struct cn_sock *sock = sock_on(pair, 0);

	assert_int_equal(cn_sock_bind(sock, &from), 0);
	assert_int_equal(cn_sock_connect(sock, &to, pair->now),
			 CN_E_INPROGRESS);
	pair_run(pair);
	return sock;
}

static struct cn_sock *limited_listener(struct pair *pair, uint16_t port,
					int64_t limit)
{
	struct cn_sock *listener = listener_on(pair, 1, port, 64);

	assert_int_equal(cn_sock_set(listener, CN_OPT_MAX_PER_CLIENT, limit, 0),
			 0);
	return listener;
}

/* --------------------------------------------------------------- the limit -- */

/* Notes: row 133. */
static void the_eleventh_is_refused(void **state)
{
	struct cn_sock *listener, *client[11], *server[11], *other;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	two_addresses(&pair);
	listener = limited_listener(&pair, 80, 10);
	for (unsigned i = 0; i < 11; i++)
		client[i] = from_address(&pair, pair_addr4(0), 80);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(cn_sock_state(client[i]), CN_ESTABLISHED);
		server[i] = accept_from(&pair, listener);
	}
	assert_int_equal(cn_sock_error(client[10]), CN_E_CONNREFUSED);
	assert_int_equal(count(&pair)->tcp_client_limit, 1);
	assert_int_equal(drops(&pair, 1, CN_DROP_TCP_CLIENT_LIMIT), 1);
	/* Another address is admitted, and so is the same at another port. */
	other = from_address(&pair, cn_addr_v4(10, 0, 0, 3), 80);
	assert_int_equal(cn_sock_state(other), CN_ESTABLISHED);
	listener_on(&pair, 1, 81, 8);
	other = from_address(&pair, pair_addr4(0), 81);
	assert_int_equal(cn_sock_state(other), CN_ESTABLISHED);
	/* One closes: there is room for one. */
	cn_sock_close(client[3], pair.now);
	pair_run(&pair);
	cn_sock_close(server[3], pair.now);
	pair_run(&pair);
	other = from_address(&pair, pair_addr4(0), 80);
	assert_int_equal(cn_sock_state(other), CN_ESTABLISHED);
	other = from_address(&pair, pair_addr4(0), 80);
	assert_int_equal(cn_sock_error(other), CN_E_CONNREFUSED);
	pair_deinit(&pair);
}

/* However it ends, it counts no more: reset, aborted, in TIME-WAIT here. */
static void every_end_makes_room(void **state)
{
	struct cn_sock *listener, *client, *server;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener = limited_listener(&pair, 80, 1);
	for (unsigned i = 0; i < 6; i++) {
		client = from_address(&pair, pair_addr4(0), 80);
		assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
		server = accept_from(&pair, listener);
		if (i % 3 == 0) {
			cn_sock_abort(client, pair.now);
			pair_run(&pair);
			cn_sock_close(server, pair.now);
		} else if (i % 3 == 1) {
			cn_sock_abort(server, pair.now);
			pair_run(&pair);
			cn_sock_close(client, pair.now);
		} else {
			cn_sock_close(server, pair.now);
			pair_run(&pair);
			cn_sock_close(client, pair.now);
		}
		pair_run(&pair);
	}
	assert_int_equal(count(&pair)->tcp_client_limit, 0);
	pair_deinit(&pair);
}

/* What a client's connections cost beyond themselves goes with the last. */
static void a_client_costs_nothing_when_it_is_gone(void **state)
{
	struct cn_sock *listener, *client, *server;
	struct cn_event event;
	struct pair pair;
	size_t before;

	(void)state;
	pair_init(&pair, NULL);
	listener = limited_listener(&pair, 80, 10);
	before = memory(&pair);
	client = from_address(&pair, pair_addr4(0), 80);
	server = accept_from(&pair, listener);
	assert_true(memory(&pair) > before);
	assert_int_equal(pair.host[1]->clients.n, 1);
	cn_sock_close(client, pair.now);
	pair_run(&pair);
	cn_sock_close(server, pair.now);
	pair_run(&pair);
	assert_int_equal(pair.host[1]->clients.n, 0);
	event_of(pair.host[1], CN_EVENT_SYN, &event);
	assert_int_equal(memory(&pair), before);
	pair_deinit(&pair);
}

/* Forged SYNs in a client's name use up nothing of its share. */
static void half_open_connections_do_not_count(void **state)
{
	const struct tcp_seg syn = {
		.seq = 7000, .flags = TCP_SYN, .wnd = 1000, .len = 1};
	struct cn_endpoint from = pair_at(0, 2000);
	struct cn_sock *client;
	struct pair pair;
	struct tcp_seg seg;

	(void)state;
	pair_init(&pair, NULL);
	limited_listener(&pair, 80, 2);
	for (unsigned i = 0; i < 20; i++, from.port++)
		inject(&pair, 1, from, pair_at(1, 80), &syn);
	while (take_segment(&pair, 1, &seg, NULL))
		;
	client = from_address(&pair, pair_addr4(0), 80);
	assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
	pair_deinit(&pair);
}

/* Many SYNs before the first ACK: the limit holds where they complete. */
static void the_last_ack_is_counted_too(void **state)
{
	struct cn_sock *listener, *client[5];
	struct pair pair;
	unsigned open = 0;

	(void)state;
	pair_init(&pair, NULL);
	listener = limited_listener(&pair, 80, 2);
	for (unsigned i = 0; i < 5; i++)
		client[i] = connect_from(&pair, 0, pair_at(1, 80));
	while (pair_move(&pair, 0))
		;
	pair_run(&pair);
	for (unsigned i = 0; i < 5; i++)
		open += cn_sock_state(client[i]) == CN_ESTABLISHED;
	assert_int_equal(open, 2);
	assert_int_equal(cn_sock_pending(listener, NULL), 2);
	assert_int_equal(count(&pair)->tcp_client_limit, 3);
	pair_deinit(&pair);
}

static void always(struct cn_settings *settings, int host)
{
	(void)host;
	settings->syncookies = 2;
	settings->max_per_client = 1;
}

static void cookies_are_limited_too(void **state)
{
	struct cn_sock *listener, *client[3];
	struct pair pair;

	(void)state;
	pair_init(&pair, always);
	listener = listener_on(&pair, 1, 80, 8);
	for (unsigned i = 0; i < 3; i++)
		client[i] = connect_from(&pair, 0, pair_at(1, 80));
	while (pair_move(&pair, 0))
		;
	pair_run(&pair);
	assert_int_equal(cn_sock_pending(listener, NULL), 1);
	assert_int_equal(count(&pair)->tcp_client_limit, 2);
	assert_int_equal(cn_sock_state(client[2]), CN_CLOSED);
	pair_deinit(&pair);
}

/* ------------------------------------------------------- settings, options -- */

static void ten_each(struct cn_settings *settings, int host)
{
	(void)host;
	settings->max_per_client = 10;
	settings->idle_timeout_ns = 30 * S;
}

static void a_listener_has_the_hosts_limit_or_its_own(void **state)
{
	struct cn_sock *listener;
	struct pair pair;
	int64_t value;

	(void)state;
	pair_init(&pair, ten_each);
	listener = listener_on(&pair, 1, 80, 8);
	assert_int_equal(cn_sock_get(listener, CN_OPT_MAX_PER_CLIENT, &value),
			 0);
	assert_int_equal(value, 10);
	assert_int_equal(cn_sock_get(listener, CN_OPT_IDLE_TIMEOUT, &value), 0);
	assert_int_equal(value, 30000);
	assert_int_equal(cn_sock_set(listener, CN_OPT_MAX_PER_CLIENT, 0, 0), 0);
	assert_int_equal(cn_sock_set(listener, CN_OPT_IDLE_TIMEOUT, 0, 0), 0);
	for (unsigned i = 0; i < 12; i++)
		assert_int_equal(
			cn_sock_state(from_address(&pair, pair_addr4(0), 80)),
			i < 9 ? CN_ESTABLISHED : CN_SYN_SENT);
	assert_int_equal(cn_sock_get(listener, CN_OPT_MAX_PER_CLIENT, &value),
			 0);
	assert_int_equal(value, 0);
	assert_int_equal(cn_sock_get(listener, CN_OPT_IDLE_TIMEOUT, &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(cn_sock_set(listener, CN_OPT_MAX_PER_CLIENT, -1, 0),
			 CN_E_INVAL);
	assert_int_equal(count(&pair)->tcp_client_limit, 0);
	pair_deinit(&pair);
}

static struct cn_addr addr6(uint8_t subnet, uint8_t last)
{
	struct cn_addr addr = {.octet = {0xfd}};

	addr.octet[7] = subnet;
	addr.octet[15] = last;
	return addr;
}

static uint8_t prefix6;

static void prefix(struct cn_settings *settings, int host)
{
	(void)host;
	settings->max_per_client = 1;
	settings->client_prefix_v6 = prefix6;
}

static enum cn_tcp_state connect6(struct pair *pair, struct cn_addr from)
{
	struct cn_endpoint to = {pair_addr6(1), 80}, at = {from, 0};
	struct cn_sock *sock;

	assert_int_equal(cn_sock_new(pair->host[0], 6, &sock), 0);
	assert_int_equal(cn_sock_bind(sock, &at), 0);
	assert_int_equal(cn_sock_connect(sock, &to, pair->now),
			 CN_E_INPROGRESS);
	pair_run(pair);
	return cn_sock_state(sock);
}

struct prefix_row {
	uint8_t prefix;
	bool same_64, same_56, other;
};

/* A host of IPv6 has 2^64 addresses: the client is its network. */
static void an_ipv6_client_is_a_prefix(void **state)
{
	static const struct prefix_row rows[] = {
		{128, true, true, true},
		{64, false, true, true},
		{56, false, false, true},
		{0, false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct prefix_row *row = &rows[i];
		struct cn_endpoint here = {.port = 80};
		struct cn_addr more[] = {addr6(0, 9), addr6(1, 9), addr6(0, 8)};
		struct cn_addr route = addr6(0, 0);
		struct cn_sock *listener;
		struct pair pair;

		prefix6 = row->prefix;
		more[2].octet[1] = 1; /* another /16 */
		pair_init(&pair, prefix);
		for (unsigned j = 0; j < 3; j++)
			assert_int_equal(cn_host_addr_add(pair.host[0], 0,
							  &more[j], 64),
					 0);
		assert_int_equal(cn_host_route_add(pair.host[1], 0, &route, 8),
				 0);
		assert_int_equal(cn_sock_new(pair.host[1], 6, &listener), 0);
		assert_int_equal(cn_sock_bind(listener, &here), 0);
		assert_int_equal(cn_sock_listen(listener, 8, pair.now), 0);
		assert_int_equal(connect6(&pair, pair_addr6(0)),
				 CN_ESTABLISHED);
		assert_int_equal(connect6(&pair, pair_addr6(0)), CN_CLOSED);
		assert_int_equal(connect6(&pair, more[0]) == CN_ESTABLISHED,
				 row->same_64);
		assert_int_equal(connect6(&pair, more[1]) == CN_ESTABLISHED,
				 row->same_56);
		assert_int_equal(connect6(&pair, more[2]) == CN_ESTABLISHED,
				 row->other);
		pair_deinit(&pair);
	}
}

/* ------------------------------------------------------------ idle timeout -- */

static struct duo idle_pair(struct pair *pair, int64_t ms)
{
	struct duo duo;

	duo.listener = listener_on(pair, 1, 80, 16);
	assert_int_equal(cn_sock_set(duo.listener, CN_OPT_IDLE_TIMEOUT, ms, 0),
			 0);
	duo.client = connect_from(pair, 0, pair_at(1, 80));
	pair_run(pair);
	duo.server = accept_from(pair, duo.listener);
	return duo;
}

/* Notes: row 133. */
static void silence_is_cut_off(void **state)
{
	struct pair pair;
	struct duo duo;
	char octet;

	(void)state;
	pair_init(&pair, NULL);
	duo = idle_pair(&pair, 10000);
	pair_after(&pair, 9990 * MS);
	assert_int_equal(cn_sock_state(duo.server), CN_ESTABLISHED);
	pair_after(&pair, 20 * MS);
	assert_int_equal(cn_sock_state(duo.server), CN_CLOSED);
	assert_int_equal(cn_sock_recv(duo.server, &octet, 1, 0, pair.now),
			 CN_E_TIMEDOUT);
	/* The peer learns it. */
	assert_int_equal(cn_sock_recv(duo.client, &octet, 1, 0, pair.now),
			 CN_E_CONNRESET);
	assert_int_equal(count(&pair)->tcp_idle_timeouts, 1);
	pair_deinit(&pair);
}

/* An octet either way begins the wait anew. */
static void data_either_way_keep_it_open(void **state)
{
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	duo = idle_pair(&pair, 10000);
	for (unsigned i = 0; i < 6; i++) {
		pair_after(&pair, 8 * S);
		send_text(&pair, i % 2 ? duo.client : duo.server, "x");
		expect_text(&pair, i % 2 ? duo.server : duo.client, "x");
	}
	assert_int_equal(cn_sock_state(duo.server), CN_ESTABLISHED);
	pair_after(&pair, 10010 * MS);
	assert_int_equal(cn_sock_state(duo.server), CN_CLOSED);
	pair_deinit(&pair);
}

/* Keep-alives show that a machine is there, not that anybody wants
 * something. */
static void keepalives_are_no_data(void **state)
{
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	duo = idle_pair(&pair, 10000);
	assert_int_equal(cn_sock_set(duo.server, CN_OPT_KEEPALIVE, 1, pair.now),
			 0);
	assert_int_equal(cn_sock_set(duo.server, CN_OPT_KEEPIDLE, 3, pair.now),
			 0);
	assert_int_equal(cn_sock_set(duo.client, CN_OPT_KEEPALIVE, 1, pair.now),
			 0);
	assert_int_equal(cn_sock_set(duo.client, CN_OPT_KEEPIDLE, 2, pair.now),
			 0);
	pair_after(&pair, 9 * S);
	assert_true(pair.moved[0] > 3 && pair.moved[1] > 2);
	assert_int_equal(cn_sock_state(duo.server), CN_ESTABLISHED);
	pair_after(&pair, 1010 * MS);
	assert_int_equal(cn_sock_state(duo.server), CN_CLOSED);
	pair_deinit(&pair);
}

/* Row 14: a peer that takes nothing answers every probe, for as long as the
 * idle timeout lets it. */
static void a_closed_window_is_idle(void **state)
{
	static char octets[65536];
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	duo = idle_pair(&pair, 60000);
	assert_int_equal(cn_sock_set(duo.client, CN_OPT_RCVBUF, 4096, 0), 0);
	while (cn_sock_send(duo.server, octets, sizeof(octets), 0, pair.now) >
	       0)
		;
	pair_after(&pair, 59 * S);
	assert_int_equal(cn_sock_state(duo.server), CN_ESTABLISHED);
	pair_after(&pair, 3 * S);
	assert_int_equal(cn_sock_state(duo.server), CN_CLOSED);
	pair_deinit(&pair);
}

static void one_that_nobody_accepts_is_cut_off_too(void **state)
{
	struct cn_sock *listener, *client;
	struct pair pair;

	(void)state;
	pair_init(&pair, ten_each);
	listener = listener_on(&pair, 1, 80, 8);
	client = connect_from(&pair, 0, pair_at(1, 80));
	pair_after(&pair, 31 * S);
	assert_int_equal(cn_sock_state(client), CN_CLOSED);
	assert_int_equal(pair.host[1]->clients.n, 0);
	/* accept() tells of it, as of any connection that was reset. */
	assert_int_equal(cn_sock_error(accept_from(&pair, listener)),
			 CN_E_TIMEDOUT);
	pair_deinit(&pair);
}

/* The host's setting is for those that came; who called may wait. */
static void the_caller_may_be_idle(void **state)
{
	struct cn_sock *client;
	struct pair pair;
	struct cn_sock *listener;

	(void)state;
	pair_init(&pair, ten_each);
	listener = listener_on(&pair, 1, 80, 8);
	assert_int_equal(cn_sock_set(listener, CN_OPT_IDLE_TIMEOUT, 0, 0), 0);
	client = connect_from(&pair, 0, pair_at(1, 80));
	pair_after(&pair, 3600 * S);
	assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
	/* Unless it asks for it itself. */
	assert_int_equal(
		cn_sock_set(client, CN_OPT_IDLE_TIMEOUT, 5000, pair.now), 0);
	pair_after(&pair, 5010 * MS);
	assert_int_equal(cn_sock_state(client), CN_CLOSED);
	pair_deinit(&pair);
}

/* Closed by the application, it has the timeouts of orphans. */
static void an_orphan_is_not_idle(void **state)
{
	struct cn_event event;
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	duo = idle_pair(&pair, 10000);
	cn_sock_close(duo.server, pair.now);
	pair_after(&pair, 30 * S);
	assert_false(event_of(pair.host[1], CN_EVENT_ORPHAN_DONE, &event));
	pair_after(&pair, 31 * S);
	assert_true(event_of(pair.host[1], CN_EVENT_ORPHAN_DONE, &event));
	assert_int_equal(count(&pair)->tcp_idle_timeouts, 0);
	pair_deinit(&pair);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_eleventh_is_refused),
		cmocka_unit_test(every_end_makes_room),
		cmocka_unit_test(a_client_costs_nothing_when_it_is_gone),
		cmocka_unit_test(half_open_connections_do_not_count),
		cmocka_unit_test(the_last_ack_is_counted_too),
		cmocka_unit_test(cookies_are_limited_too),
		cmocka_unit_test(a_listener_has_the_hosts_limit_or_its_own),
		cmocka_unit_test(an_ipv6_client_is_a_prefix),
		cmocka_unit_test(silence_is_cut_off),
		cmocka_unit_test(data_either_way_keep_it_open),
		cmocka_unit_test(keepalives_are_no_data),
		cmocka_unit_test(a_closed_window_is_idle),
		cmocka_unit_test(one_that_nobody_accepts_is_cut_off_too),
		cmocka_unit_test(the_caller_may_be_idle),
		cmocka_unit_test(an_orphan_is_not_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
