/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.8.6: the windows, who may send and when it is worth it. */
#include "spec.h"

/* Notes: rows 63, 65, 66. */
static void established_sends_no_more_than_the_window(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, .wnd = 2500);
	sends(5000);
	out("A", 1, 1, 1000);
	out("A", 1001, 1, 1000);
	/* MUST-38: the rest of the window is no full segment, and less than
	 * half of the largest window. */
	silent();
	in("A", 1, 2001, 0, .wnd = 2500);
	out("A", 2001, 1, 1000);
	out("A", 3001, 1, 1000);
	in("A", 1, 4001, 0, .wnd = 2500);
	out("PA", 4001, 1, 1000);
	silent();
}

/* MUST-36, SHLD-29: the first probe after one RTO; SHLD-30: and then ever
 * less often; MUST-37: for as long as they are answered. */
static void established_closed_window_is_probed(void)
{
	uint64_t wait = RTO;

	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, .wnd = NO_WND);
	sends(100);
	silent();
	for (int i = 0; i < 40; i++) {
		deadline(wait);
		after(wait);
		out("A", 0, 1, 0);
		silent();
		in("A", 1, 1, 0, .wnd = NO_WND);
		state(CN_ESTABLISHED);
		wait = wait * 2 < 120 * SEC ? wait * 2 : 120 * SEC;
	}
	in("A", 1, 1, 0, .wnd = 1000);
	out("PA", 1, 1, 100);
	deadline(RTO);
}

/* MUST-20: a peer that does not answer its probes is gone. */
static void established_closed_window_without_answer_times_out(void)
{
	uint64_t wait = RTO;

	t.set.retries2 = 3;
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, .wnd = NO_WND);
	sends(100);
	for (int i = 0; i < 3; i++, wait *= 2) {
		after(wait);
		out("A", 0, 1, 0);
	}
	after(wait);
	silent();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
}

/* MUST-34: a window that shrinks below what is in flight. */
static void established_window_shrinks(void)
{
	at(CN_ESTABLISHED);
	sends(5000);
	for (int i = 0; i < 4; i++)
		out("A", 1 + 1000 * i, 1, 1000);
	out("PA", 4001, 1, 1000);
	/* SHLD-15: nothing new goes out beyond it. */
	sends(3000);
	t.now += RTT;
	in("A", 1, 1001, 0, .wnd = 1500);
	silent();
	/* SHLD-16: what was sent before is sent again as usual. */
	after(RTO);
	out("A", 1001, 1, 1000);
	silent();
	in("A", 1, 5001, 0, .wnd = 5000);
	out("A", 5001, 1, 1000);
}

/* MUST-35: shrunk to nothing, and nothing in flight any more. */
static void established_window_shrunk_to_nothing_is_probed(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, .wnd = 2000);
	sends(3000);
	out("A", 1, 1, 1000);
	out("A", 1001, 1, 1000);
	t.now += RTT;
	in("A", 1, 1001, 0, .wnd = NO_WND);
	t.now += MS;
	in("A", 1, 2001, 0, .wnd = NO_WND);
	silent();
	after(tcp_deadline(&t.tcb) - t.now);
	out("A", 2000, 1, 0);
	in("A", 1, 2001, 0, .wnd = 1000);
	out("PA", 2001, 1, 1000);
}

/* MUST-34: shrunk to nothing, what is in flight is sent again. */
static void established_window_shrinks_to_nothing(void)
{
	at(CN_ESTABLISHED);
	sends(2000);
	out("A", 1, 1, 1000);
	out("PA", 1001, 1, 1000);
	in("A", 1, 1, 0, .wnd = NO_WND);
	after(RTO);
	out("A", 1, 1, 1000);
	in("A", 1, 1001, 0, .wnd = NO_WND);
	state(CN_ESTABLISHED);
	is(tcp_deadline(&t.tcb) != NEVER, true);
	in("A", 1, 1001, 0, .wnd = 1000);
	is(tcp_deadline(&t.tcb) != NEVER, true);
}

/* SHLD-17: the shrunk window does not time the connection out. */
static void established_window_shrunk_to_nothing_lives_while_answered(void)
{
	t.set.retries2 = 3;
	at(CN_ESTABLISHED);
	sends(1000);
	out("PA", 1, 1, 1000);
	in("A", 1, 1, 0, .wnd = NO_WND);
	for (int i = 0; i < 20; i++) {
		struct tcp_seg seg;

		t.now = tcp_deadline(&t.tcb);
		tcp_advance(&t.tcb, t.now);
		while (spec_emit(&seg)) {
			spec_release(&seg);
		}
		in("A", 1, 1, 0, .wnd = NO_WND);
		state(CN_ESTABLISHED);
	}
}

/* MUST-38: a window too small for a segment is used up only after a while. */
static void established_silly_window_waits(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, .wnd = 300);
	sends(1000);
	silent();
	is(tcp_deadline(&t.tcb) <= t.now + SEC, true);
	after(tcp_deadline(&t.tcb) - t.now);
	out("A", 1, 1, 300);
	silent();
}

/* MUST-38: half of the largest window ever seen is worth it. */
static void established_half_of_the_largest_window_goes(void)
{
	t.path_mss = 20000;
	t.peer.mss = 20000;
	t.rcvbuf = 65535;
	at(CN_ESTABLISHED);
	sends(100000);
	out("A", 1, 1, 20000);
	in("A", 1, 20001, 0, .wnd = PEER_WND / 2 - 1);
	silent();
	in("A", 1, 20001, 0, .wnd = PEER_WND / 2);
	out("A", 20001, 1, PEER_WND / 2);
}

/* MUST-39: the window does not open by less than a segment. */
static void established_small_read_does_not_open_the_window(void)
{
	at(CN_ESTABLISHED);
	fills_window(0);
	reads(1459);
	silent();
	is(t.tcb.rcv_wnd, 0);
	reads(1);
	out("A", 1, OUR_WND + 1, 0, 1460);
	silent();
	reads(1000);
	silent();
}

/* MUST-39: ... or than half of a small buffer. */
static void established_small_buffer_opens_by_half(void)
{
	t.rcvbuf = 1000;
	at(CN_ESTABLISHED);
	fills_window(0);
	reads(499);
	silent();
	reads(1);
	out("A", 1, 1001, 0, 500);
}

/* SHLD-14: the right edge never moves left, whatever is read or not. */
static void established_right_edge_stays(void)
{
	uint32_t edge = 0;

	at(CN_ESTABLISHED);
	for (int i = 0; i < 300; i++) {
		uint32_t nxt = t.tcb.rcv_nxt - t.irs;
		uint32_t len = 1 + random_below(&t.random, 700);
		struct tcp_seg seg;

		if (len > t.tcb.rcv_wnd)
			len = t.tcb.rcv_wnd;
		if (len > 0)
			in("A", nxt, 1, len);
		if (i % 7 == 3)
			tcp_set_rcvbuf(&t.tcb, 2000 + (uint32_t)i * 20);
		if (random_below(&t.random, 3) == 0 && t.tcb.rcv_queued)
			reads(1 + random_below(&t.random, t.tcb.rcv_queued));
		while (spec_emit(&seg)) {
			uint32_t right = seg.ack - t.irs + seg.wnd;

			is(right >= edge, true);
			edge = right;
		}
	}
	is(edge > 2 * OUR_WND, true);
}

/* RFC 7323 section 2.3: scaled on every segment but the SYN. */
static void established_window_is_scaled_both_ways(void)
{
	t.peer.ws = WS(3);
	t.set.window_scaling = true;
	t.rcvbuf = 1 << 20;
	at(CN_SYN_SENT);
	is(t.last.options & TCP_OPT_WSCALE, TCP_OPT_WSCALE);
	is(t.last.wscale, 5);
	is(t.last.wnd, 65535);
	in("SA", 0, 1, 0, .mss = PEER_MSS, .ws = WS(3), .wnd = 1000);
	/* In the SYN it is not scaled. */
	is(t.tcb.snd_wnd, 1000);
	out("A", 1, 1, 0, (1 << 20) >> 5);
	in("A", 1, 1, 0, .wnd = 1001);
	is(t.tcb.snd_wnd, 8008);
}

/* The edge stays although the scale cannot say every octet. */
static void established_scaled_edge_is_rounded_up(void)
{
	t.peer.ws = WS(0);
	t.set.window_scaling = true;
	t.rcvbuf = 1 << 20;
	at(CN_ESTABLISHED);
	in("A", 1, 1, 1);
	out("A", 1, 2, 0, (1 << 20) >> 5);
}

static void established_without_the_peers_scale_nothing_is_scaled(void)
{
	t.set.window_scaling = true;
	t.rcvbuf = 1 << 20;
	at(CN_ESTABLISHED);
	is(t.tcb.rcv_wscale, 0);
	in("A", 1, 1, 1);
	out("A", 1, 2, 0, 65534);
}

/* MUST-1: the largest window there can be. */
static void established_largest_window_is_no_negative_number(void)
{
	t.peer.ws = WS(14);
	t.set.window_scaling = true;
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, .wnd = 65535);
	is(t.tcb.snd_wnd, 65535u << 14);
	sends(1000);
	out("PA", 1, 1, 1000);
}

/* RFC 9293 section 3.10.7.4: the ACK that ends the handshake sets SND.WL1 and
 * SND.WL2; one that says the same again with another window is believed. */
static void established_window_update_after_a_passive_open(void)
{
	at_passive(CN_ESTABLISHED);
	in("A", 1, 1, 0, .wnd = 2500);
	sends(5000);
	out("A", 1, 1, 1000);
	out("A", 1001, 1, 1000);
	silent();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(
			established_sends_no_more_than_the_window),
		cmocka_unit_test_rule(established_closed_window_is_probed),
		cmocka_unit_test_rule(
			established_closed_window_without_answer_times_out),
		cmocka_unit_test_rule(established_window_shrinks),
		cmocka_unit_test_rule(
			established_window_shrunk_to_nothing_is_probed),
		cmocka_unit_test_rule(established_window_shrinks_to_nothing),
		cmocka_unit_test_rule(
			established_window_shrunk_to_nothing_lives_while_answered),
		cmocka_unit_test_rule(established_silly_window_waits),
		cmocka_unit_test_rule(
			established_half_of_the_largest_window_goes),
		cmocka_unit_test_rule(
			established_small_read_does_not_open_the_window),
		cmocka_unit_test_rule(established_small_buffer_opens_by_half),
		cmocka_unit_test_rule(established_right_edge_stays),
		cmocka_unit_test_rule(established_window_is_scaled_both_ways),
		cmocka_unit_test_rule(established_scaled_edge_is_rounded_up),
		cmocka_unit_test_rule(
			established_without_the_peers_scale_nothing_is_scaled),
		cmocka_unit_test_rule(
			established_largest_window_is_no_negative_number),
		cmocka_unit_test_rule(
			established_window_update_after_a_passive_open),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
