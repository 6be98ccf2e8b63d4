/* SPDX-License-Identifier: MIT */
/* RFC 5681 section 4.1 and RFC 7661: what becomes of a congestion window that
 * nobody uses, or not all of it. */
#include "flight.h"

/* ----------------------------------------------------------- not at all -- */

/* RFC 5681 section 4.1: after an idle timeout the window begins again. */
static void idle_longer_than_the_timeout_restarts_the_window(void)
{
	at(CN_ESTABLISHED);
	n_leave(1);
	in("A", 1, SEG(2), 0);
	t.tcb.cc.cwnd = 20000;
	after(tcp_deadline(&t.tcb) == NEVER ? SEC : 0);
	sends(15000);
	for (uint32_t i = 2; i <= 11; i++)
		out("A", SEG(i), 1, 1000);
	silent();
	is(t.tcb.cc.cwnd, 10000);
	is(t.tcb.cc.ssthresh, UINT32_MAX);
}

/* Exactly the timeout is not longer than it. */
static void idle_for_the_timeout_keeps_the_window(void)
{
	uint64_t rto;

	at(CN_ESTABLISHED);
	n_leave(1);
	rto = tcp_deadline(&t.tcb) - t.now;
	after(RTT);
	in("A", 1, SEG(2), 0);
	t.tcb.cc.cwnd = 20000;
	is(rto, RTO);
	after(t.tcb.rtt.rto_us / 1000 * MS - RTT);
	sends(15000);
	for (uint32_t i = 2; i <= 16; i++)
		out(i < 16 ? "A" : "PA", SEG(i), 1, 1000);
	is(t.tcb.cc.cwnd, 20000);
}

/* What was in flight all the time was not idle. */
static void idle_with_data_in_flight_keeps_the_window(void)
{
	at(CN_ESTABLISHED);
	t.tcb.rtt.srtt_us = 5000000;
	n_leave(1);
	t.tcb.rtt.srtt_us = 100000;
	t.tcb.cc.cwnd = 20000;
	after(SEC);
	sends(15000);
	for (uint32_t i = 2; i <= 16; i++)
		out(i < 16 ? "A" : "PA", SEG(i), 1, 1000);
	is(t.tcb.cc.cwnd, 20000);
}

/* The first data ever sent find the initial window however late they come. */
static void idle_since_the_handshake_keeps_the_window(void)
{
	at(CN_ESTABLISHED);
	t.tcb.cc.cwnd = 20000;
	after(100 * SEC);
	n_leave(15);
	is(t.tcb.cc.cwnd, 20000);
}

/* RFC 5681 section 4.1 with no initial window set: one segment. */
static void idle_with_no_initial_window_restarts_at_one(void)
{
	t.set.initial_window = 0;
	at(CN_ESTABLISHED);
	n_leave(1);
	in("A", 1, SEG(2), 0);
	t.tcb.cc.cwnd = 20000;
	after(10 * SEC);
	sends(3000);
	out("A", SEG(2), 1, 1000);
	silent();
	is(t.tcb.cc.cwnd, 1000);
}

/* ----------------------------------------------------------- not all -- */

/* 16 of 32 segments are in flight all the time, for so many round trips. */
static void half_of_it_is_used(int round_trips)
{
	uint32_t una = 1, nxt = 1;

	at(CN_ESTABLISHED);
	t.tcb.cc.cwnd = 32000;
	t.tcb.cc.ssthresh = 30000;
	for (; nxt <= 16; nxt++) {
		sends(1000);
		out("PA", SEG(nxt), 1, 1000);
	}
	for (; round_trips--; una++, nxt++) {
		after(RTT);
		in("A", 1, SEG(una + 1), 0);
		sends(1000);
		out("PA", SEG(nxt), 1, 1000);
	}
}

/* An application that keeps half of it in flight loses half of what it leaves,
 * a timeout at a time. */
static void window_that_is_not_filled_decays(void)
{
	half_of_it_is_used(40);
	is(t.tcb.cc.cwnd < 32000, true);
	is(t.tcb.cc.cwnd >= 16000, true);
	is(t.tcb.cc.ssthresh, 30000);
}

static void window_that_is_not_filled_for_a_moment_stays(void)
{
	half_of_it_is_used(2);
	is(t.tcb.cc.cwnd, 32000);
}

/* Linux's tcp_slow_start_after_idle switches it off. */
static void window_that_is_not_filled_may_stay(void)
{
	t.set.slow_start_after_idle = false;
	half_of_it_is_used(40);
	is(t.tcb.cc.cwnd, 32000);
}

/* It is not the application that leaves it. */
static void window_that_the_peer_does_not_let_fill_stays(void)
{
	uint32_t una = 1, nxt = 17;

	at(CN_ESTABLISHED);
	t.tcb.cc.cwnd = 32000;
	t.tcb.cc.ssthresh = 30000;
	in("A", 1, 1, 0, .wnd = 16000);
	sends(60000);
	for (uint32_t i = 1; i < nxt; i++)
		out("A", SEG(i), 1, 1000);
	silent();
	for (int i = 0; i < 40; i++, una++, nxt++) {
		after(RTT);
		in("A", 1, SEG(una + 1), 0, .wnd = 16000);
		out("A", SEG(nxt), 1, 1000);
	}
	is(t.tcb.cc.cwnd >= 32000, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(
			idle_longer_than_the_timeout_restarts_the_window),
		cmocka_unit_test_rule(idle_for_the_timeout_keeps_the_window),
		cmocka_unit_test_rule(
			idle_with_data_in_flight_keeps_the_window),
		cmocka_unit_test_rule(
			idle_since_the_handshake_keeps_the_window),
		cmocka_unit_test_rule(
			idle_with_no_initial_window_restarts_at_one),
		cmocka_unit_test_rule(window_that_is_not_filled_decays),
		cmocka_unit_test_rule(
			window_that_is_not_filled_for_a_moment_stays),
		cmocka_unit_test_rule(window_that_is_not_filled_may_stay),
		cmocka_unit_test_rule(
			window_that_the_peer_does_not_let_fill_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
