/* SPDX-License-Identifier: MIT */
/* What the trace tells of a connection's life, entries included. */
#include <stdio.h>

#include "../pair.h"

struct log {
	char text[4096];
	size_t len;
	unsigned segments;
	uint8_t drop; /* of what came last */
	struct cn_endpoint local, peer;
};

static void note(void *ctx, const struct cn_trace *trace)
{
	struct log *log = ctx;

	if (trace->kind == CN_TRACE_IN)
		log->drop = trace->drop;

	if (trace->kind == CN_TRACE_IN || trace->kind == CN_TRACE_OUT)
		log->segments++;
	if (trace->kind != CN_TRACE_STATE)
		return;
	log->local = trace->local;
	log->peer = trace->peer;
	log->len += (size_t)snprintf(
		log->text + log->len, sizeof(log->text) - log->len, "%s>%s ",
		cn_tcp_state_name((enum cn_tcp_state)trace->from),
		cn_tcp_state_name((enum cn_tcp_state)trace->to));
}

static struct log logs[2];
static const struct cn_trace_sink sinks[2] = {{note, &logs[0]},
					      {note, &logs[1]}};

static void traced(struct cn_settings *settings, int host)
{
	memset(&logs[host], 0, sizeof(logs[host]));
	settings->trace = &sinks[host];
}

/* Notes: rows 21, 22, 36. */
static void a_whole_life_is_told(void **state)
{
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, traced);
	duo = pair_connect(&pair, 80);
	send_text(&pair, duo.client, "x");
	expect_text(&pair, duo.server, "x");
	cn_sock_close(duo.client, pair.now);
	pair_after(&pair, S);
	cn_sock_close(duo.server, pair.now);
	pair_after(&pair, 61 * S);
	assert_string_equal(logs[0].text,
			    "CLOSED>SYN-SENT SYN-SENT>ESTABLISHED "
			    "ESTABLISHED>FIN-WAIT-1 FIN-WAIT-1>FIN-WAIT-2 "
			    "FIN-WAIT-2>TIME-WAIT TIME-WAIT>CLOSED ");
	assert_string_equal(logs[1].text,
			    "LISTEN>SYN-RECEIVED SYN-RECEIVED>ESTABLISHED "
			    "ESTABLISHED>CLOSE-WAIT CLOSE-WAIT>LAST-ACK "
			    "LAST-ACK>CLOSED ");
	assert_int_equal(logs[0].peer.port, 80);
	assert_int_equal(logs[1].local.port, 80);
	/* Both ends saw each segment. */
	assert_int_equal(logs[0].segments, pair.moved[0] + pair.moved[1]);
	assert_int_equal(logs[1].segments, pair.moved[0] + pair.moved[1]);
	pair_deinit(&pair);
}

static void note_ace(void *ctx, const struct cn_trace *trace)
{
	unsigned *n = ctx;

	if (trace->from == CN_TIME_WAIT && trace->to == CN_TIME_WAIT &&
	    trace->kind != CN_TRACE_TIMER)
		n[trace->has_ace]++;
}

static unsigned aces[2];
static const struct cn_trace_sink ace_sink = {note_ace, aces};

static void accurate(struct cn_settings *settings, int host)
{
	settings->ecn = 3;
	if (host == 0)
		settings->trace = &ace_sink;
}

/* RFC 9768 section 3.2.2: on every segment but SYNs, to the last. */
static void time_wait_knows_of_accurate_ecn(void **state)
{
	struct tcp_seg fin = {.flags = TCP_FIN | TCP_ACK, .len = 1, .wnd = 1};
	struct cn_endpoint name;
	struct tcp_ports ports;
	struct tcp_seg last;
	struct pair pair;
	struct duo duo;
	uint32_t off;

	(void)state;
	pair_init(&pair, accurate);
	duo = pair_connect(&pair, 80);
	cn_sock_name(duo.client, &name);
	cn_sock_close(duo.client, pair.now);
	pair_run(&pair);
	cn_sock_close(duo.server, pair.now);
	pair_run(&pair);
	/* The last ACK of host 0 says which FIN it was for. */
	assert_int_equal(tcp_parse(pair.last[0] + 20, pair.last_len[0] - 20,
				   &ports, &last, &off),
			 0);
	fin.seq = last.ack - 1;
	fin.ack = last.seq;
	/* The connection's own record is gone. */
	memset(aces, 0, sizeof(aces));
	inject(&pair, 0, pair_at(1, 80), name, &fin);
	assert_true(take_segment(&pair, 0, &last, NULL));
	assert_int_equal(aces[0], 0);
	assert_int_equal(aces[1], 2);
	pair_deinit(&pair);
}

static void a_refusal_is_told(void **state)
{
	struct pair pair;

	(void)state;
	pair_init(&pair, traced);
	connect_from(&pair, 0, pair_at(1, 80));
	pair_run(&pair);
	assert_string_equal(logs[0].text, "CLOSED>SYN-SENT SYN-SENT>CLOSED ");
	assert_string_equal(logs[1].text, "");
	assert_int_equal(logs[1].segments, 2);
	pair_deinit(&pair);
}

static void a_syn_that_gives_up_is_told(void **state)
{
	const struct tcp_seg syn = {
		.seq = 1, .len = 1, .flags = TCP_SYN, .wnd = 1};
	struct pair pair;

	(void)state;
	pair_init(&pair, traced);
	listener_on(&pair, 1, 80, 5);
	inject(&pair, 1, pair_at(7, 80), pair_at(1, 80), &syn);
	pair_after(&pair, 70 * S);
	assert_string_equal(logs[1].text,
			    "LISTEN>SYN-RECEIVED SYN-RECEIVED>CLOSED ");
	pair_deinit(&pair);
}

/* Both SYNs came before either ACK, and there is room for one more: what is
 * dropped was never established. */
static void a_full_queue_establishes_nothing(void **state)
{
	struct pair pair;

	(void)state;
	pair_init(&pair, traced);
	listener_on(&pair, 1, 80, 1);
	connect_from(&pair, 0, pair_at(1, 80));
	pair_run(&pair);
	memset(&logs[1], 0, sizeof(logs[1]));
	connect_from(&pair, 0, pair_at(1, 80));
	connect_from(&pair, 0, pair_at(1, 80));
	while (pair_move(&pair, 0))
		;
	pair_run(&pair);
	assert_string_equal(logs[1].text,
			    "LISTEN>SYN-RECEIVED LISTEN>SYN-RECEIVED "
			    "SYN-RECEIVED>ESTABLISHED ");
	/* Two SYNs, two SYN-ACKs, two ACKs. */
	assert_int_equal(logs[1].segments, 6);
	pair_deinit(&pair);
}

static void names_of_states(void **state)
{
	(void)state;
	assert_string_equal(cn_tcp_state_name(CN_LAST_ACK), "LAST-ACK");
	assert_string_equal(cn_tcp_state_name((enum cn_tcp_state)0), "UNKNOWN");
	assert_string_equal(cn_tcp_state_name((enum cn_tcp_state)12),
			    "UNKNOWN");
}

/* A reset that comes after its connection has gone is nothing odd. */
static void listen_rst_belongs_to_the_past(void **state)
{
	struct tcp_seg rst = {.seq = 1, .flags = TCP_RST};
	struct tcp_seg fin = {.seq = 1, .flags = TCP_FIN};
	struct cn_sock *listener;
	struct pair pair;

	(void)state;
	pair_init(&pair, traced);
	listener = listener_on(&pair, 1, 80, 8);
	inject(&pair, 1, pair_at(0, 1000), pair_at(1, 80), &rst);
	assert_int_equal(logs[1].drop, CN_DROP_TCP_CLOSED);
	inject(&pair, 1, pair_at(0, 1000), pair_at(1, 80), &fin);
	assert_int_equal(logs[1].drop, CN_DROP_TCP_FLAGS);
	cn_sock_close(listener, pair.now);
	pair_deinit(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listen_rst_belongs_to_the_past),
		cmocka_unit_test(a_whole_life_is_told),
		cmocka_unit_test(time_wait_knows_of_accurate_ecn),
		cmocka_unit_test(a_refusal_is_told),
		cmocka_unit_test(a_syn_that_gives_up_is_told),
		cmocka_unit_test(a_full_queue_establishes_nothing),
		cmocka_unit_test(names_of_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
