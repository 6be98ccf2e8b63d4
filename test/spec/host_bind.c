/* SPDX-License-Identifier: MIT */
/*
 * bind() and listen() against the tables measured on Linux 6.18 (t7, t8, t8b),
 * and what may be said about addresses.
 */
#include "../pair.h"

static const char *const words[] = {"none", "reuseaddr", "reuseport"};

static struct cn_sock *sock_with(struct pair *pair, int host, int option)
{
	struct cn_sock *sock = sock_on(pair, host);

	if (option == 1)
		assert_int_equal(cn_sock_set(sock, CN_OPT_REUSEADDR, 1, 0), 0);
	if (option == 2)
		assert_int_equal(cn_sock_set(sock, CN_OPT_REUSEPORT, 1, 0), 0);
	return sock;
}

static int bind_listen(struct pair *pair, struct cn_sock *sock, uint16_t port)
{
	struct cn_endpoint at = any_at(port);
	int err = cn_sock_bind(sock, &at);

	return err ? err : cn_sock_listen(sock, 5, pair->now);
}

/* A server with that option served one client, closed first, and ended. */
static void leave_time_wait(struct pair *pair, uint16_t port, int option)
{
	struct cn_sock *listener = sock_with(pair, 1, option);
	struct cn_sock *client, *server;

	assert_int_equal(bind_listen(pair, listener, port), 0);
	client = connect_from(pair, 0, pair_at(1, port));
	pair_run(pair);
	server = accept_from(pair, listener);
	cn_sock_close(server, pair->now);
	cn_sock_close(listener, pair->now);
	pair_run(pair);
	cn_sock_close(client, pair->now);
	pair_run(pair);
}

/* Notes: rows 102, 106, 107, 108. */
static void t7_restart_while_time_wait(void **state)
{
	struct pair pair;
	uint16_t port = 1000;

	(void)state;
	pair_init(&pair, NULL);
	for (int a = 0; a < 3; a++) {
		for (int b = 0; b < 3; b++) {
			int want = a == b && a ? 0 : CN_E_ADDRINUSE;
			int got;

			leave_time_wait(&pair, ++port, a);
			got = bind_listen(&pair, sock_with(&pair, 1, b), port);
			if (got != want)
				fail_msg("%s then %s: %d", words[a], words[b],
					 got);
		}
	}
	/* After 2MSL nobody is in the way. */
	pair_after(&pair, 61 * S);
	assert_int_equal(bind_listen(&pair, sock_with(&pair, 1, 0), 1002), 0);
	pair_deinit(&pair);
}

/* Notes: rows 102, 109. */
static void t8_second_listener(void **state)
{
	struct pair pair;
	uint16_t port = 1000;

	(void)state;
	pair_init(&pair, NULL);
	for (int a = 0; a < 3; a++) {
		for (int b = 0; b < 3; b++) {
			int want = a == 2 && b == 2 ? 0 : CN_E_ADDRINUSE;
			int got;

			assert_int_equal(bind_listen(&pair,
						     sock_with(&pair, 1, a),
						     ++port),
					 0);
			got = bind_listen(&pair, sock_with(&pair, 1, b), port);
			if (got != want)
				fail_msg("%s and %s: %d", words[a], words[b],
					 got);
		}
	}
	pair_deinit(&pair);
}

/* Two sockets may be bound by REUSEADDR, but only one may listen. */
static void reuseaddr_binds_two_and_one_listens(void **state)
{
	struct cn_endpoint at = any_at(80);
	struct cn_sock *a, *b;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	a = sock_with(&pair, 1, 1);
	b = sock_with(&pair, 1, 1);
	assert_int_equal(cn_sock_bind(a, &at), 0);
	assert_int_equal(cn_sock_bind(b, &at), 0);
	assert_int_equal(cn_sock_listen(a, 5, pair.now), 0);
	assert_int_equal(cn_sock_listen(b, 5, pair.now), CN_E_ADDRINUSE);
	cn_sock_close(a, pair.now);
	assert_int_equal(cn_sock_listen(b, 5, pair.now), 0);
	pair_deinit(&pair);
}

/* truth2: set before bind, after bind or after listen, the restart works.
 * Notes: row 104. */
static void reuseaddr_may_be_set_late(void **state)
{
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	for (int when = 0; when < 3; when++) {
		uint16_t port = (uint16_t)(1000 + when);
		struct cn_endpoint at = any_at(port);
		struct cn_sock *listener = sock_on(&pair, 1), *client, *server;

		for (int step = 0; step < 3; step++) {
			if (step == when)
				assert_int_equal(cn_sock_set(listener,
							     CN_OPT_REUSEADDR,
							     1, 0),
						 0);
			if (step == 0)
				assert_int_equal(cn_sock_bind(listener, &at),
						 0);
			if (step == 1)
				assert_int_equal(cn_sock_listen(listener, 5,
								pair.now),
						 0);
		}
		client = connect_from(&pair, 0, pair_at(1, port));
		pair_run(&pair);
		server = accept_from(&pair, listener);
		cn_sock_close(server, pair.now);
		cn_sock_close(listener, pair.now);
		pair_run(&pair);
		cn_sock_close(client, pair.now);
		pair_run(&pair);
		assert_int_equal(
			bind_listen(&pair, sock_with(&pair, 1, 1), port), 0);
	}
	pair_deinit(&pair);
}

/* After a failed bind the option can be set and bind tried again (t18).
 * Notes: rows 103, 104. */
static void bind_again_after_failure(void **state)
{
	struct cn_endpoint at = any_at(80);
	struct cn_sock *sock;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	leave_time_wait(&pair, 80, 1);
	sock = sock_on(&pair, 1);
	assert_int_equal(cn_sock_bind(sock, &at), CN_E_ADDRINUSE);
	assert_int_equal(cn_sock_set(sock, CN_OPT_REUSEADDR, 1, 0), 0);
	assert_int_equal(cn_sock_bind(sock, &at), 0);
	assert_int_equal(cn_sock_bind(sock, &at), CN_E_INVAL);
	pair_deinit(&pair);
}

/* t8b: 200 connections over two listeners; measured 107 and 93.
 * Notes: row 110. */
static void reuseport_spreads_connections(void **state)
{
	struct cn_sock *listener[2];
	unsigned n[2];
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	for (int i = 0; i < 2; i++) {
		struct cn_endpoint at = any_at(80);

		listener[i] = sock_with(&pair, 1, 2);
		assert_int_equal(cn_sock_bind(listener[i], &at), 0);
		assert_int_equal(cn_sock_listen(listener[i], 500, pair.now), 0);
	}
	for (int i = 0; i < 200; i++) {
		connect_from(&pair, 0, pair_at(1, 80));
		pair_run(&pair);
	}
	n[0] = cn_sock_pending(listener[0], NULL);
	n[1] = cn_sock_pending(listener[1], NULL);
	assert_int_equal(n[0] + n[1], 200);
	assert_in_range(n[0], 60, 140);
	/* One goes: the other gets them all. */
	cn_sock_close(listener[0], pair.now);
	pair_run(&pair);
	for (int i = 0; i < 20; i++)
		connect_from(&pair, 0, pair_at(1, 80));
	pair_run(&pair);
	assert_int_equal(cn_sock_pending(listener[1], NULL), n[1] + 20);
	pair_deinit(&pair);
}

/* Who listens on the address itself goes before the wildcards. */
static void the_most_exact_listener_gets_the_connection(void **state)
{
	struct cn_endpoint exact = pair_at(1, 80), dual = {.port = 80};
	struct cn_sock *any4, *one, *any6, *client;
	struct cn_endpoint to6 = {pair_addr6(1), 80};
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	assert_int_equal(cn_sock_new(pair.host[1], 6, &any6), 0);
	assert_int_equal(cn_sock_set(any6, CN_OPT_REUSEPORT, 1, 0), 0);
	assert_int_equal(cn_sock_bind(any6, &dual), 0);
	assert_int_equal(cn_sock_listen(any6, 5, pair.now), 0);
	connect_from(&pair, 0, exact);
	pair_run(&pair);
	assert_int_equal(cn_sock_pending(any6, NULL), 1);
	any4 = sock_with(&pair, 1, 2);
	assert_int_equal(bind_listen(&pair, any4, 80), 0);
	connect_from(&pair, 0, exact);
	pair_run(&pair);
	assert_int_equal(cn_sock_pending(any4, NULL), 1);
	one = sock_with(&pair, 1, 2);
	assert_int_equal(cn_sock_bind(one, &exact), 0);
	assert_int_equal(cn_sock_listen(one, 5, pair.now), 0);
	connect_from(&pair, 0, exact);
	pair_run(&pair);
	assert_int_equal(cn_sock_pending(one, NULL), 1);
	assert_int_equal(cn_sock_new(pair.host[0], 6, &client), 0);
	assert_int_equal(cn_sock_connect(client, &to6, pair.now),
			 CN_E_INPROGRESS);
	pair_run(&pair);
	assert_int_equal(cn_sock_pending(any6, NULL), 2);
	pair_deinit(&pair);
}

static void bind_refuses_what_is_not_here(void **state)
{
	struct cn_endpoint foreign = {cn_addr_v4(192, 0, 2, 1), 80};
	struct cn_endpoint six = {pair_addr6(0), 80};
	struct cn_endpoint four = pair_at(0, 80);
	struct cn_sock *sock, *sock6;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	sock = sock_on(&pair, 0);
	assert_int_equal(cn_sock_bind(sock, &foreign), CN_E_ADDRNOTAVAIL);
	assert_int_equal(cn_sock_bind(sock, &six), CN_E_AFNOSUPPORT);
	assert_int_equal(cn_sock_new(pair.host[0], 6, &sock6), 0);
	assert_int_equal(cn_sock_set(sock6, CN_OPT_V6ONLY, 1, 0), 0);
	assert_int_equal(cn_sock_bind(sock6, &four), CN_E_INVAL);
	assert_int_equal(cn_sock_bind(sock6, &six), 0);
	assert_int_equal(cn_sock_set(sock6, CN_OPT_V6ONLY, 0, 0), CN_E_INVAL);
	assert_int_equal(cn_sock_set(sock, CN_OPT_V6ONLY, 1, 0),
			 CN_E_NOPROTOOPT);
	assert_int_equal(cn_sock_new(pair.host[0], 5, &sock), CN_E_AFNOSUPPORT);
	pair_deinit(&pair);
}

/* A port that connections alone use is free for no one without options, and
 * an ephemeral one goes back when the connection ends. */
static void ephemeral_port_is_in_use_while_it_lives(void **state)
{
	struct cn_endpoint name;
	struct cn_sock *client, *sock;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	client = connect_from(&pair, 0, pair_at(1, 81));
	cn_sock_name(client, &name);
	sock = sock_on(&pair, 0);
	assert_int_equal(cn_sock_bind(sock, &name), CN_E_ADDRINUSE);
	pair_run(&pair); /* refused */
	assert_int_equal(cn_sock_bind(sock, &name), 0);
	pair_deinit(&pair);
}

/* MUST-46 among others. Notes: row 99. */
static void connect_from_loopback_does_not_travel(void **state)
{
	struct cn_endpoint at = loop_at(0), to = pair_at(1, 80);
	struct cn_sock *sock;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	sock = sock_on(&pair, 0);
	assert_int_equal(cn_sock_bind(sock, &at), 0);
	assert_int_equal(cn_sock_connect(sock, &to, pair.now), CN_E_INVAL);
	to = (struct cn_endpoint){cn_addr_v4(10, 0, 0, 255), 80};
	assert_int_equal(cn_sock_connect(sock_on(&pair, 0), &to, pair.now),
			 CN_E_NETUNREACH);
	to = (struct cn_endpoint){cn_addr_v4(224, 0, 0, 1), 80};
	assert_int_equal(cn_sock_connect(sock_on(&pair, 0), &to, pair.now),
			 CN_E_NETUNREACH);
	to = (struct cn_endpoint){cn_addr_v4(192, 0, 2, 1), 80};
	assert_int_equal(cn_sock_connect(sock_on(&pair, 0), &to, pair.now),
			 CN_E_NETUNREACH);
	pair_deinit(&pair);
}

/* MUST-44 */
static void loopback_source_is_127_0_0_1(void **state)
{
	struct cn_endpoint to = loop_at(80), name;
	struct cn_addr want = cn_addr_v4(127, 0, 0, 1);
	struct cn_sock *sock;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	to.addr = cn_addr_v4(127, 0, 0, 5);
	sock = connect_from(&pair, 0, to);
	cn_sock_name(sock, &name);
	assert_true(cn_addr_equal(&name.addr, &want));
	/* Its own address is its own peer. */
	sock = connect_from(&pair, 0, pair_at(0, 80));
	cn_sock_name(sock, &name);
	want = pair_addr4(0);
	assert_true(cn_addr_equal(&name.addr, &want));
	pair_deinit(&pair);
}

/* A port that bind() named alone goes back to no address with the connection,
 * and serves the next one, or a listener. */
static void named_port_outlives_its_connections(void **state)
{
	struct cn_endpoint to = pair_at(1, 80), at = any_at(5000), name;
	struct cn_endpoint other = pair_at(0, 5000);
	struct cn_sock *sock, *second;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	sock = sock_on(&pair, 0);
	assert_int_equal(cn_sock_bind(sock, &at), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(cn_sock_connect(sock, &to, pair.now),
				 CN_E_INPROGRESS);
		pair_run(&pair);
		assert_int_equal(cn_sock_connect(sock, &to, pair.now),
				 CN_E_CONNREFUSED);
		cn_sock_name(sock, &name);
		assert_int_equal(name.port, 5000);
		assert_true(cn_addr_equal(&name.addr, &at.addr));
		/* It is in the way of whoever wants the port of one address. */
		second = sock_on(&pair, 0);
		assert_int_equal(cn_sock_bind(second, &other), CN_E_ADDRINUSE);
		cn_sock_close(second, pair.now);
	}
	assert_int_equal(cn_sock_connect(sock, &to, pair.now), CN_E_INPROGRESS);
	assert_int_equal(cn_sock_disconnect(sock, pair.now), 0);
	assert_int_equal(cn_sock_listen(sock, 1, pair.now), 0);
	connect_from(&pair, 1, other);
	pair_run(&pair);
	accept_from(&pair, sock);
	cn_sock_close(sock, pair.now);
	pair_deinit(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t7_restart_while_time_wait),
		cmocka_unit_test(t8_second_listener),
		cmocka_unit_test(reuseaddr_binds_two_and_one_listens),
		cmocka_unit_test(reuseaddr_may_be_set_late),
		cmocka_unit_test(bind_again_after_failure),
		cmocka_unit_test(named_port_outlives_its_connections),
		cmocka_unit_test(reuseport_spreads_connections),
		cmocka_unit_test(the_most_exact_listener_gets_the_connection),
		cmocka_unit_test(bind_refuses_what_is_not_here),
		cmocka_unit_test(ephemeral_port_is_in_use_while_it_lives),
		cmocka_unit_test(connect_from_loopback_does_not_travel),
		cmocka_unit_test(loopback_source_is_127_0_0_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
