/* SPDX-License-Identifier: MIT */
/* RFC 9293 sections 3.8.6.1 and 3.8.6.2.1: windows that are closed, small or
 * shrink, as the sender meets them. */
#include "spec.h"

static void closes_window(void)
{
	in("A", 1, t.tcb.snd_una - t.iss, 0, NO_WND);
}

/* MUST-36, SHLD-29. Notes: row 63. */
static void zero_window_first_probe_after_an_rto(void)
{
	at(CN_ESTABLISHED);
	closes_window();
	sends(100);
	silent();
	deadline(RTO);
	after(RTO);
	out("A", 0, 1, 0);
	silent();
}

/* SHLD-30 */
static void zero_window_probes_back_off_to_the_limit(void)
{
	uint64_t wait = RTO;

	at(CN_ESTABLISHED);
	closes_window();
	sends(100);
	for (int i = 0; i < 12; i++) {
		deadline(wait);
		after(wait);
		out("A", 0, 1, 0);
		silent();
		in("A", 1, 1, 0, NO_WND);
		silent();
		wait = wait * 2 < 120 * SEC ? wait * 2 : 120 * SEC;
	}
}

/* MUST-37: far more probes than R2 would allow. */
static void zero_window_answered_probes_keep_it_open(void)
{
	at(CN_ESTABLISHED);
	closes_window();
	sends(100);
	for (int i = 0; i < 100; i++) {
		after(tcp_deadline(&t.tcb) - t.now);
		out("A", 0, 1, 0);
		in("A", 1, 1, 0, NO_WND);
		silent();
	}
	state(CN_ESTABLISHED);
	in("A", 1, 1, 0);
	out("PA", 1, 1, 100);
}

/* MUST-20 */
static void zero_window_unanswered_probes_end_it_at_r2(void)
{
	at(CN_ESTABLISHED);
	closes_window();
	sends(100);
	for (int i = 0; i < 15; i++) {
		after(tcp_deadline(&t.tcb) - t.now);
		out("A", 0, 1, 0);
		state(CN_ESTABLISHED);
	}
	after(tcp_deadline(&t.tcb) - t.now);
	silent();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
	is(t.count.tcp_timeouts, 1);
}

/* One answer among them: the count begins again. */
static void zero_window_an_answer_starts_the_count_anew(void)
{
	at(CN_ESTABLISHED);
	closes_window();
	sends(100);
	for (int i = 0; i < 29; i++) {
		after(tcp_deadline(&t.tcb) - t.now);
		out("A", 0, 1, 0);
		state(CN_ESTABLISHED);
		if (i == 14)
			in("A", 1, 1, 0, NO_WND);
	}
	after(tcp_deadline(&t.tcb) - t.now);
	out("A", 0, 1, 0);
	after(tcp_deadline(&t.tcb) - t.now);
	state(CN_CLOSED);
}

/* Nobody holds the socket: R2 is the orphan's. */
static void zero_window_orphan_is_given_up_sooner(void)
{
	at(CN_ESTABLISHED);
	closes_window();
	sends(100);
	closes();
	orphans();
	for (int i = 0; i < 8; i++) {
		after(tcp_deadline(&t.tcb) - t.now);
		out("A", 0, 1, 0);
	}
	after(tcp_deadline(&t.tcb) - t.now);
	silent();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
}

/* Probes until the connection is over, each answered; how many. */
static int64_t answered_probes(void)
{
	int64_t n = 0;

	for (; n < 100; n++) {
		after(tcp_deadline(&t.tcb) - t.now);
		if (t.tcb.state == CN_CLOSED)
			return n;
		out("A", 0, 1, 0);
		in("A", 1, 1, 0, NO_WND);
	}
	return n;
}

/* Row 14: who answers every probe and takes nothing holds no orphan for ever.
 * As Linux: until the timeout is at its most (RFC 9293 section 3.8.6.1 speaks
 * of who has a user). */
static void zero_window_orphan_that_is_answered_is_given_up(void)
{
	at(CN_ESTABLISHED);
	closes_window();
	sends(100);
	closes();
	orphans();
	is(answered_probes() < 20, true);
	error(CN_E_TIMEDOUT);
}

/* The same with what is in flight when the window shrinks. */
static void shrunk_window_orphan_that_is_answered_is_given_up(void)
{
	int n;

	at(CN_ESTABLISHED);
	sends(100);
	out("PA", 1, 1, 100);
	in("A", 1, 1, 0, NO_WND);
	closes();
	orphans();
	for (n = 0; n < 100 && t.tcb.state != CN_CLOSED; n++) {
		struct tcp_seg seg;

		t.now = tcp_deadline(&t.tcb);
		tcp_advance(&t.tcb, t.now);
		while (spec_emit(&seg))
			spec_release(&seg);
		in("A", 1, 1, 0, NO_WND);
	}
	is(n < 30, true);
	error(CN_E_TIMEDOUT);
}

/* The wait is a new one, whatever an old retransmission has left (Karn). */
static void zero_window_an_old_backoff_counts_for_nothing(void)
{
	at(CN_ESTABLISHED);
	tcp_tune(&t.tcb)->user_timeout_ns = 30 * SEC;
	sends(100);
	out("PA", 1, 1, 100);
	for (int i = 0; i < 3; i++) {
		after(tcp_deadline(&t.tcb) - t.now);
		out("PA", 1, 1, 100);
	}
	in("A", 1, 101, 0, NO_WND);
	is(t.tcb.backoff > 0, true);
	after(3600 * SEC);
	sends(100);
	silent();
	deadline(RTO);
	for (int i = 0; i < 6; i++) {
		after(tcp_deadline(&t.tcb) - t.now);
		out("A", 100, 1, 0);
		state(CN_ESTABLISHED);
	}
	after(30 * SEC);
	state(CN_CLOSED);
}

/* MUST-21, and Linux: octets that wait for a window are not taken, whatever
 * answers the probes. */
static void zero_window_user_timeout_ends_it(void)
{
	uint64_t began;

	at(CN_ESTABLISHED);
	tcp_tune(&t.tcb)->user_timeout_ns = 30 * SEC;
	closes_window();
	after(3600 * SEC);
	sends(100);
	began = t.now;
	is(answered_probes() < 20, true);
	error(CN_E_TIMEDOUT);
	is(t.now - began >= 30 * SEC && t.now - began < 32 * SEC, true);
}

static void zero_window_opens_data_go_and_backoff_ends(void)
{
	at(CN_ESTABLISHED);
	closes_window();
	sends(100);
	for (int i = 0; i < 3; i++) {
		after(tcp_deadline(&t.tcb) - t.now);
		out("A", 0, 1, 0);
	}
	in("A", 1, 1, 0);
	out("PA", 1, 1, 100);
	silent();
	deadline(RTO);
}

/* A probe that is owed has no purpose once data go. */
static void zero_window_opens_before_the_probe_is_sent(void)
{
	at(CN_ESTABLISHED);
	closes_window();
	sends(100);
	after(RTO);
	in("A", 1, 1, 0);
	out("PA", 1, 1, 100);
	silent();
}

static void zero_window_fin_waits_and_is_probed(void)
{
	at(CN_ESTABLISHED);
	closes_window();
	closes();
	state(CN_FIN_WAIT_1);
	silent();
	deadline(RTO);
	after(RTO);
	out("A", 0, 1, 0);
	in("A", 1, 1, 0, 1);
	out("FA", 1, 1, 0);
	silent();
}

static void zero_window_fin_after_close_wait_is_probed(void)
{
	at(CN_CLOSE_WAIT);
	in("A", 2, 1, 0, NO_WND);
	sends(10);
	closes();
	state(CN_LAST_ACK);
	silent();
	deadline(RTO);
	after(RTO);
	out("A", 0, 2, 0);
	in("A", 2, 1, 0);
	out("FPA", 1, 2, 10);
	silent();
}

static void zero_window_fin_in_closing_is_probed(void)
{
	at(CN_ESTABLISHED);
	closes_window();
	sends(10);
	closes();
	silent();
	in("FA", 1, 1, 0, NO_WND);
	out("A", 1, 2, 0);
	state(CN_CLOSING);
	deadline(RTO);
	after(RTO);
	out("A", 0, 2, 0);
	in("A", 2, 1, 0);
	out("FPA", 1, 2, 10);
	in("A", 2, 12, 0);
	state(CN_TIME_WAIT);
}

/* A window with room for the data and not for the FIN behind them. */
static void exact_window_keeps_the_fin_back(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, 100);
	sends(100);
	closes();
	out("PA", 1, 1, 100);
	silent();
	in("A", 1, 101, 0, 1);
	out("FA", 101, 1, 0);
	silent();
}

static void window_with_room_for_the_fin_carries_it(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, 101);
	sends(100);
	closes();
	out("FPA", 1, 1, 100);
	silent();
}

/* ------------------------------------------------- silly windows, MUST-38 -- */

/* MUST-38 */
static void small_window_is_not_used_before_the_override(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, 999);
	sends(2000);
	silent();
	deadline(RTO);
	after(RTO);
	out("A", 1, 1, 999);
	silent();
	deadline(RTO);
}

/* RFC 9293 section 3.8.6.2.1: the override is a second at most, however long
 * the timeout has grown (Karn keeps it: nothing is measured here). */
static void small_window_waits_no_longer_each_time(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, 300);
	sends(2000);
	for (uint32_t i = 0; i < 4; i++) {
		silent();
		deadline(RTO);
		after(RTO);
		out("A", 1 + 300 * i, 1, 300);
		after(tcp_deadline(&t.tcb) - t.now);
		out("A", 1 + 300 * i, 1, 300);
		in("A", 1, 301 + 300 * i, 0, 300);
	}
	is(t.tcb.backoff, 4);
}

static void small_window_waits_a_second_at_most(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, 300);
	t.set.rto_min_ns = 3 * SEC;
	sends(2000);
	deadline(SEC);
	after(SEC);
	out("A", 1, 1, 300);
}

static void small_window_waits_whatever_the_least_timeout(void)
{
	at(CN_ESTABLISHED);
	t.set.rto_min_ns = MS;
	t.tcb.rtt.srtt_us = 50;
	t.tcb.rtt.rttvar_us = 10;
	in("A", 1, 1, 0, 300);
	sends(2000);
	deadline(200 * MS);
}

/* MUST-38 */
static void small_window_of_one_segment_is_used(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, 1000);
	sends(2000);
	out("A", 1, 1, 1000);
	silent();
}

/* Half of the largest window that the peer ever offered. */
static void window_of_half_the_largest_is_used(void)
{
	t.peer.wnd = 600;
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, 299);
	sends(2000);
	silent();
	in("A", 1, 1, 0, 300);
	out("A", 1, 1, 300);
	silent();
}

static void largest_window_is_remembered(void)
{
	t.peer.wnd = 600;
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, 800);
	in("A", 1, 1, 0, 399);
	sends(2000);
	silent();
	in("A", 1, 1, 0, 400);
	out("A", 1, 1, 400);
}

static void small_window_takes_all_there_is(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, 500);
	sends(500);
	out("PA", 1, 1, 500);
	silent();
}

static void rest_of_a_window_waits_for_more(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, 2500);
	sends(5000);
	out("A", 1, 1, 1000);
	out("A", 1001, 1, 1000);
	silent();
	in("A", 1, 2001, 0, 2500);
	out("A", 2001, 1, 1000);
	out("A", 3001, 1, 1000);
	silent();
}

/* MUST-1: all sixteen bits of the field count, and none is a sign. */
static void window_of_65535_is_used_whole(void)
{
	t.set.initial_window = 100;
	t.peer.wnd = 65535;
	at(CN_ESTABLISHED);
	sends(70000);
	for (uint32_t i = 0; i < 65; i++)
		out("A", 1 + i * 1000, 1, 1000);
	silent();
	is(t.tcb.snd_wnd, 65535);
}

/* REC-1: more than sixteen bits of window, by the scale of the SYN.
 * Notes: rows 66, 67. */
static void scaled_window_is_a_number_of_32_bits(void)
{
	t.set.window_scaling = true;
	t.set.initial_window = 100;
	t.rcvbuf = 1 << 20;
	t.peer.ws = WS(14);
	t.peer.wnd = 65535;
	at(CN_ESTABLISHED);
	is(t.tcb.snd_wnd, 65535);
	in("A", 1, 1, 0, 65535);
	is(t.tcb.snd_wnd, 65535 << 14);
	in("A", 1, 1, 0, 5);
	is(t.tcb.snd_wnd, 5 << 14);
	sends(90000);
	for (uint32_t i = 0; i < 81; i++)
		out("A", 1 + i * 1000, 1, 1000);
	silent();
}

/* -------------------------------------------------- shrinking, MUST-34 -- */

/* SHLD-15, MUST-34 */
static void shrunk_window_no_new_data_beyond_it(void)
{
	at(CN_ESTABLISHED);
	sends(5000);
	for (uint32_t i = 0; i < 5; i++)
		out(i < 4 ? "A" : "PA", 1 + i * 1000, 1, 1000);
	in("A", 1, 1, 0, 2000);
	sends(1000);
	silent();
	in("A", 1, 2001, 0, 2000);
	silent();
	in("A", 1, 4001, 0, 2000);
	out("PA", 5001, 1, 1000);
	silent();
}

/* SHLD-16, MAY-7 */
static void shrunk_window_old_data_are_sent_again(void)
{
	at(CN_ESTABLISHED);
	sends(3000);
	out("A", 1, 1, 1000);
	out("A", 1001, 1, 1000);
	out("PA", 2001, 1, 1000);
	in("A", 1, 1, 0, 500);
	after(RTO);
	out("A", 1, 1, 1000);
	silent();
}

/* MUST-35, SHLD-17, MUST-34: the oldest data are the probe, and a peer that
 * answers is never given up. */
static void shrunk_to_zero_is_probed_by_old_data_for_ever(void)
{
	at(CN_ESTABLISHED);
	sends(100);
	out("PA", 1, 1, 100);
	in("A", 1, 1, 0, NO_WND);
	for (int i = 0; i < 40; i++) {
		after(tcp_deadline(&t.tcb) - t.now);
		out("PA", 1, 1, 100);
		silent();
		in("A", 1, 1, 0, NO_WND);
		silent();
	}
	state(CN_ESTABLISHED);
	in("A", 1, 101, 0);
	deadline(NEVER);
}

/* SHLD-17 says nothing of a peer that does not answer: R2 holds. */
static void shrunk_to_zero_unanswered_ends_at_r2(void)
{
	at(CN_ESTABLISHED);
	sends(100);
	out("PA", 1, 1, 100);
	in("A", 1, 1, 0, NO_WND);
	for (int i = 0; i < 15; i++) {
		after(tcp_deadline(&t.tcb) - t.now);
		out("PA", 1, 1, 100);
	}
	after(tcp_deadline(&t.tcb) - t.now);
	silent();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
}

/* An open window gives no such grace. */
static void open_window_duplicate_acks_do_not_keep_it_open(void)
{
	at(CN_ESTABLISHED);
	sends(100);
	out("PA", 1, 1, 100);
	for (int i = 0; i < 15; i++) {
		after(tcp_deadline(&t.tcb) - t.now);
		out("PA", 1, 1, 100);
		in("A", 1, 1, 0);
		silent();
	}
	after(tcp_deadline(&t.tcb) - t.now);
	state(CN_CLOSED);
}

/* A window update from an older segment than the last says nothing. */
static void window_of_an_older_segment_is_ignored(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 100, 3000);
	out("A", 1, 101, 0);
	is(t.tcb.snd_wnd, 3000);
	in("PA", 101, 1, 100, 2000);
	out("A", 1, 201, 0);
	is(t.tcb.snd_wnd, 2000);
	in("A", 150, 1, 0, 9999);
	is(t.tcb.snd_wnd, 2000);
	in("A", 201, 1, 0, 1500);
	is(t.tcb.snd_wnd, 1500);
}

/* The path falls while the override runs: what fits goes, and its timer is
 * its own. */
static void small_window_path_falls_what_fits_goes(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, 500);
	sends(2000);
	silent();
	after(100 * MS);
	tcp_path_mss(&t.tcb, 400, t.now);
	out("A", 1, 1, 400);
	silent();
	deadline(RTO);
}

/* A window that opens a little is another wait than the one for it. */
static void zero_window_opens_a_little_waits_anew(void)
{
	at(CN_ESTABLISHED);
	closes_window();
	sends(2000);
	after(RTO);
	out("A", 0, 1, 0);
	after(100 * MS);
	in("A", 1, 1, 0, 500);
	silent();
	deadline(RTO);
	after(RTO);
	out("A", 1, 1, 500);
}

/* An ACK of one octet is news enough: its window counts, be its number old. */
static void window_with_a_new_ack_counts_be_it_old(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 100);
	out("A", 1, 101, 0);
	sends(1);
	out("PA", 1, 101, 1);
	in("PA", 101, 1, 100);
	in("PA", 91, 2, 120, 3000);
	is(t.tcb.snd_wnd, 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(zero_window_first_probe_after_an_rto),
		cmocka_unit_test_rule(zero_window_probes_back_off_to_the_limit),
		cmocka_unit_test_rule(zero_window_answered_probes_keep_it_open),
		cmocka_unit_test_rule(
			zero_window_unanswered_probes_end_it_at_r2),
		cmocka_unit_test_rule(
			zero_window_an_answer_starts_the_count_anew),
		cmocka_unit_test_rule(zero_window_orphan_is_given_up_sooner),
		cmocka_unit_test_rule(
			zero_window_orphan_that_is_answered_is_given_up),
		cmocka_unit_test_rule(
			shrunk_window_orphan_that_is_answered_is_given_up),
		cmocka_unit_test_rule(zero_window_user_timeout_ends_it),
		cmocka_unit_test_rule(
			zero_window_an_old_backoff_counts_for_nothing),
		cmocka_unit_test_rule(
			zero_window_opens_data_go_and_backoff_ends),
		cmocka_unit_test_rule(
			zero_window_opens_before_the_probe_is_sent),
		cmocka_unit_test_rule(zero_window_fin_waits_and_is_probed),
		cmocka_unit_test_rule(
			zero_window_fin_after_close_wait_is_probed),
		cmocka_unit_test_rule(zero_window_fin_in_closing_is_probed),
		cmocka_unit_test_rule(exact_window_keeps_the_fin_back),
		cmocka_unit_test_rule(window_with_room_for_the_fin_carries_it),
		cmocka_unit_test_rule(
			small_window_is_not_used_before_the_override),
		cmocka_unit_test_rule(small_window_waits_no_longer_each_time),
		cmocka_unit_test_rule(small_window_waits_a_second_at_most),
		cmocka_unit_test_rule(
			small_window_waits_whatever_the_least_timeout),
		cmocka_unit_test_rule(small_window_of_one_segment_is_used),
		cmocka_unit_test_rule(window_of_half_the_largest_is_used),
		cmocka_unit_test_rule(largest_window_is_remembered),
		cmocka_unit_test_rule(small_window_takes_all_there_is),
		cmocka_unit_test_rule(rest_of_a_window_waits_for_more),
		cmocka_unit_test_rule(window_of_65535_is_used_whole),
		cmocka_unit_test_rule(scaled_window_is_a_number_of_32_bits),
		cmocka_unit_test_rule(shrunk_window_no_new_data_beyond_it),
		cmocka_unit_test_rule(shrunk_window_old_data_are_sent_again),
		cmocka_unit_test_rule(
			shrunk_to_zero_is_probed_by_old_data_for_ever),
		cmocka_unit_test_rule(shrunk_to_zero_unanswered_ends_at_r2),
		cmocka_unit_test_rule(
			open_window_duplicate_acks_do_not_keep_it_open),
		cmocka_unit_test_rule(window_of_an_older_segment_is_ignored),
		cmocka_unit_test_rule(small_window_path_falls_what_fits_goes),
		cmocka_unit_test_rule(zero_window_opens_a_little_waits_anew),
		cmocka_unit_test_rule(window_with_a_new_ack_counts_be_it_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
