/* SPDX-License-Identifier: MIT */
/*
 * TIME-WAIT as 64 octets: RFC 9293 section 3.6, RFC 1337 (row 10), RFC 6191,
 * and Linux's rules for who may have the port meanwhile.
 */
#include "../pair.h"

struct census {
	unsigned n[16];
};

static void count_row(void *ctx, const struct cn_sock_row *row)
{
	struct census *census = ctx;

	census->n[row->state]++;
}

static unsigned in_state(struct pair *pair, int host, enum cn_tcp_state state)
{
	struct census census = {{0}};

	cn_host_each(pair->host[host], count_row, &census);
	return census.n[state];
}

static bool lose_syns(struct pair *pair, int from, const struct cn_frame *frame)
{
	(void)pair;
	(void)from;
	return frame->header[33] & TCP_SYN;
}

/* The client closes first and comes to TIME-WAIT. */
static struct duo client_waits(struct pair *pair)
{
	struct duo duo = pair_connect(pair, 80);

	cn_sock_close(duo.client, pair->now);
	pair_run(pair);
	cn_sock_close(duo.server, pair->now);
	pair_run(pair);
	assert_int_equal(in_state(pair, 0, CN_TIME_WAIT), 1);
	return duo;
}

static void orphan_becomes_64_octets(void **state)
{
	struct pair pair;
	size_t before;
	struct duo duo;
	struct cn_event event;

	(void)state;
	pair_init(&pair, NULL);
	before = cn_host_memory(pair.host[0], NULL);
	duo = client_waits(&pair);
	(void)duo;
	while (cn_host_event(pair.host[0], &event))
		;
	/* The store's first chunk is the host's own; no connection. */
	assert_int_equal(cn_host_memory(pair.host[0], NULL), before);
	pair_after(&pair, 59 * S);
	assert_int_equal(in_state(&pair, 0, CN_TIME_WAIT), 1);
	pair_after(&pair, 2 * S);
	assert_int_equal(in_state(&pair, 0, CN_TIME_WAIT), 0);
	assert_int_equal(cn_host_memory(pair.host[0], NULL), before);
	pair_deinit(&pair);
}

/* MUST-13. Notes: row 44. */
static void time_wait_lasts_exactly_2msl(void **state)
{
	struct pair pair;
	struct duo duo;
	uint64_t begin;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	cn_sock_close(duo.client, pair.now);
	pair_after(&pair, S);
	begin = pair.now;
	cn_sock_close(duo.server, pair.now);
	pair_run(&pair);
	assert_int_equal(cn_host_deadline(pair.host[0]), begin + 60 * S);
	pair_deinit(&pair);
}

/* The socket is still held: what it has not read stays readable. */
static void held_socket_reads_on(void **state)
{
	struct pair pair;
	struct duo duo;
	char octet;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	assert_int_equal(cn_sock_shutdown(duo.client, CN_SHUT_WR, pair.now), 0);
	pair_run(&pair);
	send_text(&pair, duo.server, "farewell");
	cn_sock_close(duo.server, pair.now);
	pair_run(&pair);
	assert_int_equal(in_state(&pair, 0, CN_TIME_WAIT), 1);
	assert_int_equal(cn_sock_state(duo.client), CN_CLOSED);
	assert_int_equal(cn_sock_ready(duo.client), CN_READY_IN | CN_READY_OUT |
							    CN_READY_RDHUP |
							    CN_READY_HUP);
	expect_text(&pair, duo.client, "farewell");
	assert_int_equal(cn_sock_recv(duo.client, &octet, 1, 0, pair.now), 0);
	assert_int_equal(cn_sock_send(duo.client, "x", 1, 0, pair.now),
			 CN_E_PIPE);
	cn_sock_close(duo.client, pair.now);
	pair_run(&pair);
	assert_int_equal(in_state(&pair, 0, CN_TIME_WAIT), 1);
	pair_after(&pair, 61 * S);
	assert_int_equal(in_state(&pair, 0, CN_TIME_WAIT), 0);
	pair_deinit(&pair);
}

/* The numbers of a connection in TIME-WAIT at host 0, as its peer has them. */
struct old {
	struct cn_endpoint local, peer;
	uint32_t seq, ack; /* what the peer would send next */
	uint32_t tsval;
};

static struct tcp_seg parse_last(struct pair *pair, int from)
{
	struct tcp_ports ports;
	struct tcp_seg seg;
	uint32_t off;

	assert_int_equal(tcp_parse(pair->last[from] + 20,
				   pair->last_len[from] - 20, &ports, &seg,
				   &off),
			 0);
	return seg;
}

static struct old wait_begins(struct pair *pair)
{
	struct duo duo = pair_connect(pair, 80);
	struct cn_endpoint local;
	struct tcp_seg seg;
	struct old old;

	cn_sock_name(duo.client, &local);
	cn_sock_close(duo.client, pair->now);
	pair_run(pair);
	cn_sock_close(duo.server, pair->now);
	pair_run(pair);
	/* The last segment of host 0 acknowledges the FIN. */
	seg = parse_last(pair, 0);
	old.local = local;
	old.peer = pair_at(1, 80);
	old.seq = seg.ack;
	old.ack = seg.seq;
	seg = parse_last(pair, 1);
	old.tsval = seg.tsval;
	return old;
}

/* RFC 1337 section 3: hazards H1 (old data), H2 (desynchronized ACKs), H3
 * (refused: a reset) all begin with the end of TIME-WAIT. Notes: row 47. */
static void row_10_time_wait_is_not_assassinated(void **state)
{
	struct tcp_seg rst, data, ack;
	struct pair pair;
	struct old old;
	struct tcp_seg got;

	(void)state;
	pair_init(&pair, NULL);
	old = wait_begins(&pair);
	rst = (struct tcp_seg){.seq = old.seq, .flags = TCP_RST};
	for (uint32_t i = 0; i < 3; i++) {
		rst.seq = old.seq + i;
		inject(&pair, 0, old.peer, old.local, &rst);
		expect_silence(&pair, 0);
	}
	/* H1: an old duplicate is answered with where we are, and no more. */
	data = (struct tcp_seg){.seq = old.seq - 100,
				.ack = old.ack,
				.flags = TCP_ACK,
				.wnd = 100};
	inject(&pair, 0, old.peer, old.local, &data);
	assert_true(take_segment(&pair, 0, &got, NULL));
	assert_int_equal(got.flags, TCP_ACK);
	assert_int_equal(got.ack, old.seq);
	/* H2: an ACK of what was never sent changes nothing. */
	ack = (struct tcp_seg){
		.seq = old.seq, .ack = old.ack + 5000, .flags = TCP_ACK};
	inject(&pair, 0, old.peer, old.local, &ack);
	/* H3: what our answer provokes is a reset; it is ignored too. */
	rst.seq = old.seq;
	inject(&pair, 0, old.peer, old.local, &rst);
	assert_int_equal(in_state(&pair, 0, CN_TIME_WAIT), 1);
	pair_deinit(&pair);
}

/* Notes: row 45. */
static void fin_again_restarts_2msl(void **state)
{
	struct tcp_seg fin, got;
	struct pair pair;
	struct old old;

	(void)state;
	pair_init(&pair, NULL);
	old = wait_begins(&pair);
	pair_after(&pair, 30 * S);
	fin = (struct tcp_seg){.seq = old.seq - 1,
			       .ack = old.ack,
			       .len = 1,
			       .flags = TCP_FIN | TCP_ACK,
			       .options = TCP_OPT_TS,
			       .tsval = old.tsval};
	inject(&pair, 0, old.peer, old.local, &fin);
	assert_true(take_segment(&pair, 0, &got, NULL));
	assert_int_equal(got.flags, TCP_ACK);
	assert_int_equal(got.ack, old.seq);
	assert_int_equal(cn_host_deadline(pair.host[0]), pair.now + 60 * S);
	pair_deinit(&pair);
}

/* MAY-2, SHLD-4; measured t9: the peer reconnects from the same port at once.
 * Notes: rows 47, 50. */
static void newer_syn_revives_the_pair(void **state)
{
	struct pair pair;
	struct duo duo;
	struct cn_sock *again;
	struct cn_endpoint name, to = pair_at(1, 80);
	struct tcp_seg last, syn_ack;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	cn_sock_name(duo.client, &name);
	/* The server closes first and waits. */
	cn_sock_close(duo.server, pair.now);
	pair_run(&pair);
	cn_sock_close(duo.client, pair.now);
	pair_run(&pair);
	assert_int_equal(in_state(&pair, 1, CN_TIME_WAIT), 1);
	last = parse_last(&pair, 1);
	pair.now += 5 * MS;
	again = sock_on(&pair, 0);
	assert_int_equal(cn_sock_bind(again, &name), 0);
	assert_int_equal(cn_sock_connect(again, &to, pair.now),
			 CN_E_INPROGRESS);
	pair_move(&pair, 0);
	pair_move(&pair, 1);
	syn_ack = parse_last(&pair, 1);
	assert_int_equal(syn_ack.flags, TCP_SYN | TCP_ACK);
	/* Above all that the old incarnation could have sent. */
	assert_true((int32_t)(syn_ack.seq - (last.seq + 65535)) > 0);
	pair_run(&pair);
	assert_int_equal(cn_sock_state(again), CN_ESTABLISHED);
	assert_int_equal(in_state(&pair, 1, CN_TIME_WAIT), 0);
	assert_int_equal(cn_host_counters(pair.host[1])->tcp_time_wait_reused,
			 1);
	pair_deinit(&pair);
}

static void older_syn_is_told_where_we_are(void **state)
{
	struct tcp_seg syn, got;
	struct pair pair;
	struct old old;

	(void)state;
	pair_init(&pair, NULL);
	old = wait_begins(&pair);
	listener_on(&pair, 0, 99, 1);
	syn = (struct tcp_seg){.seq = old.seq - 1000,
			       .len = 1,
			       .flags = TCP_SYN,
			       .options = TCP_OPT_TS,
			       .tsval = old.tsval - 1000};
	inject(&pair, 0, old.peer, old.local, &syn);
	if (take_segment(&pair, 0, &got, NULL))
		assert_int_equal(got.flags, TCP_ACK);
	assert_int_equal(in_state(&pair, 0, CN_TIME_WAIT), 1);
	pair_deinit(&pair);
}

static void few_wait(struct cn_settings *settings, int host)
{
	(void)host;
	settings->time_wait_max = 100;
}

/* Row 23: the table is bounded, the oldest leaves first. */
static void row_23_the_oldest_leaves_when_the_table_is_full(void **state)
{
	struct cn_sock *listener;
	struct cn_event event;
	struct pair pair;
	size_t peak;

	(void)state;
	pair_init(&pair, few_wait);
	listener = listener_on(&pair, 1, 80, 10);
	for (unsigned i = 0; i < 1000; i++) {
		struct cn_sock *client = connect_from(&pair, 0, pair_at(1, 80));

		pair_run(&pair);
		cn_sock_close(client, pair.now);
		pair_run(&pair);
		cn_sock_close(accept_from(&pair, listener), pair.now);
		pair_run(&pair);
		pair.now += MS;
		for (int h = 0; h < 2; h++)
			while (cn_host_event(pair.host[h], &event))
				;
	}
	assert_int_equal(in_state(&pair, 0, CN_TIME_WAIT), 100);
	assert_int_equal(cn_host_counters(pair.host[0])->tcp_time_wait_overflow,
			 900);
	cn_host_memory(pair.host[0], &peak);
	assert_true(peak < 200000);
	pair_deinit(&pair);
}

static void without_timestamps(struct cn_settings *settings, int host)
{
	(void)host;
	settings->timestamps = false;
}

/* Connects from that port, and closes first. */
static void wait_on_port(struct pair *pair, struct cn_sock *listener,
			 struct cn_sock *client)
{
	struct cn_sock *server;

	pair_run(pair);
	server = accept_from(pair, listener);
	cn_sock_close(client, pair->now);
	pair_run(pair);
	cn_sock_close(server, pair->now);
	pair_run(pair);
}

static struct cn_sock *bound_to(struct pair *pair, uint16_t port)
{
	struct cn_endpoint at = any_at(port);
	struct cn_sock *sock = sock_on(pair, 0);

	assert_int_equal(cn_sock_set(sock, CN_OPT_REUSEADDR, 1, 0), 0);
	assert_int_equal(cn_sock_bind(sock, &at), 0);
	return sock;
}

/* Measured t9: whoever binds the port may connect from it at once; without
 * timestamps it is EADDRNOTAVAIL. Notes: row 50. */
static void bound_port_is_taken_over_by_timestamps(void **state)
{
	struct cn_endpoint to = pair_at(1, 80);
	struct cn_sock *listener, *client;
	struct pair pair;

	(void)state;
	for (int with = 0; with < 2; with++) {
		pair_init(&pair, with ? NULL : without_timestamps);
		listener = listener_on(&pair, 1, 80, 10);
		client = bound_to(&pair, 5000);
		assert_int_equal(cn_sock_connect(client, &to, pair.now),
				 CN_E_INPROGRESS);
		wait_on_port(&pair, listener, client);
		assert_int_equal(in_state(&pair, 0, CN_TIME_WAIT), 1);
		client = bound_to(&pair, 5000);
		assert_int_equal(cn_sock_connect(client, &to, pair.now),
				 with ? CN_E_INPROGRESS : CN_E_ADDRNOTAVAIL);
		pair_run(&pair);
		assert_int_equal(cn_sock_state(client),
				 with ? CN_ESTABLISHED : CN_CLOSED);
		pair_deinit(&pair);
	}
}

static void one_port(struct cn_settings *settings, int host)
{
	if (host == 0)
		settings->port_low = settings->port_high = 40000;
}

/* A port that the host chooses: over loopback, and after a second. */
static void chosen_port_is_taken_over_on_loopback_alone(void **state)
{
	struct cn_sock *listener[2], *client;
	struct cn_endpoint to[2] = {pair_at(1, 80), loop_at(81)};
	struct pair pair;

	(void)state;
	pair_init(&pair, one_port);
	listener[0] = listener_on(&pair, 1, 80, 10);
	listener[1] = listener_on(&pair, 0, 81, 10);
	for (int i = 0; i < 2; i++) {
		client = connect_from(&pair, 0, to[i]);
		wait_on_port(&pair, listener[i], client);
		client = sock_on(&pair, 0);
		assert_int_equal(cn_sock_connect(client, &to[i], pair.now),
				 CN_E_ADDRNOTAVAIL);
		pair_after(&pair, 2 * S);
		assert_int_equal(cn_sock_connect(client, &to[i], pair.now),
				 i ? CN_E_INPROGRESS : CN_E_ADDRNOTAVAIL);
	}
	pair_deinit(&pair);
}

/* Notes: rows 38, 39. */
static void simultaneous_close_leaves_both_waiting(void **state)
{
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	cn_sock_close(duo.client, pair.now);
	cn_sock_close(duo.server, pair.now);
	pair_run(&pair);
	assert_int_equal(in_state(&pair, 0, CN_TIME_WAIT), 1);
	assert_int_equal(in_state(&pair, 1, CN_TIME_WAIT), 1);
	pair.lose = lose_syns;
	pair_after(&pair, 61 * S);
	assert_int_equal(in_state(&pair, 0, CN_TIME_WAIT), 0);
	pair_deinit(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orphan_becomes_64_octets),
		cmocka_unit_test(time_wait_lasts_exactly_2msl),
		cmocka_unit_test(held_socket_reads_on),
		cmocka_unit_test(row_10_time_wait_is_not_assassinated),
		cmocka_unit_test(fin_again_restarts_2msl),
		cmocka_unit_test(newer_syn_revives_the_pair),
		cmocka_unit_test(older_syn_is_told_where_we_are),
		cmocka_unit_test(
			row_23_the_oldest_leaves_when_the_table_is_full),
		cmocka_unit_test(bound_port_is_taken_over_by_timestamps),
		cmocka_unit_test(chosen_port_is_taken_over_on_loopback_alone),
		cmocka_unit_test(simultaneous_close_leaves_both_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
