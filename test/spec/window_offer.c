/* SPDX-License-Identifier: MIT */
/* RFC 9293 sections 3.8.6 and 3.8.6.2.2, RFC 7323 section 2: the window that
 * we offer. */
#include "spec.h"

static void established_window_is_the_room_left(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 1000);
	out("A", 1, 1001, 0, 9000);
	in("PA", 1001, 1, 2000);
	out("A", 1, 3001, 0, 7000);
}

/* MUST-39: a right edge that would move by less than a segment stays. */
static void established_edge_moves_by_a_segment_at_least(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 2000);
	out("A", 1, 2001, 0, 8000);
	reads(1459);
	in("PA", 2001, 1, 100);
	out("A", 1, 2101, 0, 7900);
	reads(1);
	in("PA", 2101, 1, 100);
	out("A", 1, 2201, 0, 9260);
}

/* MUST-39: a closed window opens by a segment, and says so. */
static void closed_window_opens_by_a_segment(void)
{
	at(CN_ESTABLISHED);
	fills_window(0);
	reads(1459);
	silent();
	reads(1);
	out("A", 1, 10001, 0, 1460);
	silent();
	reads(1459);
	silent();
	reads(1);
	out("A", 1, 10001, 0, 2920);
	silent();
}

/* MUST-39: or by half of a small buffer. */
static void closed_window_opens_by_half_the_buffer(void)
{
	t.rcvbuf = 2000;
	at(CN_ESTABLISHED);
	fills_window(0);
	reads(999);
	silent();
	reads(1);
	out("A", 1, 2001, 0, 1000);
}

/* As Linux: an update is worth a segment when the window doubles. */
static void small_window_is_updated_when_it_doubles(void)
{
	at(CN_ESTABLISHED);
	fills_window(2000);
	reads(1999);
	silent();
	reads(1);
	out("A", 1, 8001, 0, 4000);
	reads(3999);
	silent();
	reads(1);
	out("A", 1, 8001, 0, 8000);
	silent();
}

/* MUST-39: doubling a window of nothing much is nothing much. */
static void tiny_window_is_updated_by_a_segment(void)
{
	at(CN_ESTABLISHED);
	fills_window(100);
	reads(1459);
	silent();
	reads(1);
	out("A", 1, 9901, 0, 1560);
}

/* The peer has said FIN: it has no use for a window. */
static void close_wait_window_is_not_updated(void)
{
	at(CN_ESTABLISHED);
	fills_window(10);
	in("FA", 9991, 1, 0);
	out("A", 1, 9992, 0, 9);
	state(CN_CLOSE_WAIT);
	reads(9990);
	silent();
}

static void closed_connection_is_read_without_a_word(void)
{
	at(CN_ESTABLISHED);
	fills_window(0);
	in("R", 10001, 0, 0);
	state(CN_CLOSED);
	reads(10000);
	silent();
}

/* MAY-8: it may stay closed for ever; probes are answered. */
static void closed_window_stays_closed_while_nobody_reads(void)
{
	at(CN_ESTABLISHED);
	fills_window(0);
	for (int i = 0; i < 50; i++) {
		after(60 * SEC);
		in("A", 10000, 1, 0);
		out("A", 1, 10001, 0, NO_WND);
		silent();
	}
	state(CN_ESTABLISHED);
}

/* SHLD-14: a smaller buffer does not take back what was offered. */
static void established_smaller_buffer_keeps_the_edge(void)
{
	at(CN_ESTABLISHED);
	tcp_set_rcvbuf(&t.tcb, 3000);
	in("PA", 1, 1, 1000);
	out("A", 1, 1001, 0, 9000);
	in("PA", 1001, 1, 4000);
	out("A", 1, 5001, 0, 5000);
	reads(5000);
	in("PA", 5001, 1, 3500);
	out("A", 1, 8501, 0, 1500);
	reads(3500);
	in("PA", 8501, 1, 10);
	out("A", 1, 8511, 0, 2990);
}

static void established_larger_buffer_is_offered(void)
{
	at(CN_ESTABLISHED);
	tcp_set_rcvbuf(&t.tcb, 20000);
	in("PA", 1, 1, 1000);
	out("A", 1, 1001, 0, 19000);
}

static void established_clamp_limits_the_window(void)
{
	at(CN_ESTABLISHED);
	tcp_set_quickack(&t.tcb, true, t.now);
	tcp_tune(&t.tcb)->window_clamp = 4000;
	in("PA", 1, 1, 8000);
	out("A", 1, 8001, 0, 2000);
	reads(8000);
	out("A", 1, 8001, 0, 4000);
	tcp_tune(&t.tcb)->window_clamp = 0;
	in("PA", 8001, 1, 10);
	out("A", 1, 8011, 0, 9990);
	tcp_tune(&t.tcb)->window_clamp = 20000;
	in("PA", 8011, 1, 10);
	out("A", 1, 8021, 0, 9980);
}

static void syn_sent_clamp_limits_the_syn(void)
{
	t.set.rcvbuf = t.rcvbuf;
	tcb_init(&t.tcb, &t.env);
	t.where = CN_ESTABLISHED;
	tcp_tune(&t.tcb)->window_clamp = 4000;
	tcp_set_path(&t.tcb, OUR_MSS, OUR_MSS, 536);
	tcp_open(&t.tcb, t.iss, 0, t.now);
	out("S", 0, 0, 0, 4000, .mss = OUR_MSS);
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	out("A", 1, 1, 0, 4000);
}

/* ---------------------------------------------------------------- scale -- */

/* RFC 7323 section 2.2: the SYN's own window is not scaled. */
static void syn_sent_window_is_not_scaled(void)
{
	t.set.window_scaling = true;
	t.rcvbuf = 1 << 20;
	t.peer.ws = WS(2);
	at(CN_SYN_SENT);
	is(t.last.wnd, 65535);
	is(t.last.wscale, 5);
	in("SA", 0, 1, 0, 5000, .mss = PEER_MSS, .ws = WS(2));
	out("A", 1, 1, 0, 32768);
	is(t.tcb.snd_wnd, 5000);
	in("A", 1, 1, 0, 5000);
	is(t.tcb.snd_wnd, 20000);
}

/* Offered and not answered: none of both directions is scaled. */
static void syn_sent_scale_not_answered_is_not_used(void)
{
	t.set.window_scaling = true;
	t.rcvbuf = 1 << 20;
	at(CN_ESTABLISHED);
	in("PA", 1, 1, OUR_MSS);
	out("A", 1, 1 + OUR_MSS, 0, 65535);
	in("A", 1 + OUR_MSS, 1, 0, 5000);
	is(t.tcb.snd_wnd, 5000);
	is(t.tcb.ws_ok, false);
}

/* Not offered: what the peer says of its scale does not count. */
static void syn_sent_scale_not_offered_is_not_used(void)
{
	t.peer.ws = WS(7);
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, 5000);
	is(t.tcb.snd_wnd, 5000);
}

static void scale_is_the_least_that_tells_the_buffer(void)
{
	static const struct {
		uint32_t rcvbuf;
		uint8_t shift;
	} rows[] = {
		{1, 0},		{65535, 0},	  {65536, 1},
		{131071, 1},	{131072, 2},	  {65535u << 14, 14},
		{1u << 31, 14}, {UINT32_MAX, 14},
	};
	struct tcp_seg seg = {
		.flags = TCP_SYN, .options = TCP_OPT_WSCALE, .wscale = 3};

	t.set.window_scaling = true;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct tcp_syn syn;

		t.set.rcvbuf = rows[i].rcvbuf;
		tcp_syn_init(&syn, &t.env, &seg, 1, rows[i].rcvbuf);
		is(syn.rcv_wscale, rows[i].shift);
	}
}

/* SHLD-14: what the scale cannot tell does not take the edge back. */
static void scaled_edge_never_moves_left(void)
{
	uint32_t edge = 0;

	t.set.window_scaling = true;
	t.rcvbuf = 1 << 20;
	t.peer.ws = WS(0);
	at(CN_ESTABLISHED);
	tcp_set_quickack(&t.tcb, true, t.now);
	for (uint32_t i = 0; i < 300; i++) {
		in("PA", 1 + i * 7, 1, 7);
		out("A", 1, 8 + i * 7, 0);
		is(8 + i * 7 + (t.last.wnd << 5) >= edge, true);
		edge = 8 + i * 7 + (t.last.wnd << 5);
		is(t.tcb.rcv_wnd, t.last.wnd << 5);
	}
}

/* More than sixteen scaled bits can say is not offered. */
static void scaled_window_has_a_ceiling(void)
{
	t.set.window_scaling = true;
	t.rcvbuf = 100000;
	t.peer.ws = WS(0);
	at(CN_ESTABLISHED);
	is(t.tcb.rcv_wscale, 1);
	tcp_set_rcvbuf(&t.tcb, 1 << 20);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0, 65535);
	is(t.tcb.rcv_wnd, 131070);
}

/* A SYN-ACK's window is not scaled either, and what it said is what counts. */
static void syn_received_window_is_not_scaled(void)
{
	t.set.window_scaling = true;
	t.rcvbuf = 1 << 20;
	t.peer.ws = WS(2);
	at(CN_SYN_RECEIVED);
	is(t.last.wnd, 65535);
	in("A", 1, 1, 0, 5000);
	state(CN_ESTABLISHED);
	is(t.tcb.snd_wnd, 20000);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0, 32768);
}

static void listen_window_is_not_scaled(void)
{
	t.set.window_scaling = true;
	t.rcvbuf = 1 << 20;
	t.peer.ws = WS(2);
	at_passive(CN_SYN_RECEIVED);
	is(t.last.wnd, 65535);
	is(t.last.wscale, 5);
	in("A", 1, 1, 0, 5000);
	is(t.tcb.snd_wnd, 20000);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0, 32768);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_window_is_the_room_left),
		cmocka_unit_test_rule(
			established_edge_moves_by_a_segment_at_least),
		cmocka_unit_test_rule(closed_window_opens_by_a_segment),
		cmocka_unit_test_rule(closed_window_opens_by_half_the_buffer),
		cmocka_unit_test_rule(small_window_is_updated_when_it_doubles),
		cmocka_unit_test_rule(tiny_window_is_updated_by_a_segment),
		cmocka_unit_test_rule(close_wait_window_is_not_updated),
		cmocka_unit_test_rule(closed_connection_is_read_without_a_word),
		cmocka_unit_test_rule(
			closed_window_stays_closed_while_nobody_reads),
		cmocka_unit_test_rule(
			established_smaller_buffer_keeps_the_edge),
		cmocka_unit_test_rule(established_larger_buffer_is_offered),
		cmocka_unit_test_rule(established_clamp_limits_the_window),
		cmocka_unit_test_rule(syn_sent_clamp_limits_the_syn),
		cmocka_unit_test_rule(syn_sent_window_is_not_scaled),
		cmocka_unit_test_rule(syn_sent_scale_not_answered_is_not_used),
		cmocka_unit_test_rule(syn_sent_scale_not_offered_is_not_used),
		cmocka_unit_test_rule(scale_is_the_least_that_tells_the_buffer),
		cmocka_unit_test_rule(scaled_edge_never_moves_left),
		cmocka_unit_test_rule(scaled_window_has_a_ceiling),
		cmocka_unit_test_rule(syn_received_window_is_not_scaled),
		cmocka_unit_test_rule(listen_window_is_not_scaled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
