/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.6, "eighth, check the FIN bit", and 2MSL. */
#include "spec.h"

/* Figure 12: the end that closes first.
 * Notes: rows 28, 30, 31, 33, 143, 147. */
static void established_close_goes_the_whole_way(void)
{
	at(CN_ESTABLISHED);
	closes();
	out("FA", 1, 1, 0);
	state(CN_FIN_WAIT_1);
	in("A", 1, 2, 0);
	state(CN_FIN_WAIT_2);
	in("FA", 1, 2, 0);
	out("A", 2, 2, 0);
	state(CN_TIME_WAIT);
	news(TCP_NEWS_IN | TCP_NEWS_OUT | TCP_NEWS_STATE);
	deadline(60 * SEC);
	after(60 * SEC);
	silent();
	state(CN_CLOSED);
	error(0);
	deadline(NEVER);
}

/* Figure 12: the end that closes second. Notes: rows 29, 31, 35, 43. */
static void established_fin_goes_the_whole_way(void)
{
	at(CN_ESTABLISHED);
	in("FA", 1, 1, 0);
	out("A", 1, 2, 0);
	state(CN_CLOSE_WAIT);
	news(TCP_NEWS_IN | TCP_NEWS_STATE);
	reads(0);
	sends(100);
	out("PA", 1, 2, 100);
	closes();
	out("FA", 101, 2, 0);
	state(CN_LAST_ACK);
	in("A", 2, 102, 0);
	silent();
	state(CN_CLOSED);
	error(0);
	deadline(NEVER);
}

/* Figure 13: both ends close at once. Notes: row 38. */
static void fin_wait_1_fin_crosses(void)
{
	at(CN_FIN_WAIT_1);
	in("FA", 1, 1, 0);
	out("A", 2, 2, 0);
	state(CN_CLOSING);
	in("A", 2, 2, 0);
	silent();
	state(CN_TIME_WAIT);
	deadline(60 * SEC);
}

/* Notes: rows 33, 37. */
static void fin_wait_1_fin_with_ack_goes_to_time_wait(void)
{
	at(CN_FIN_WAIT_1);
	in("FA", 1, 2, 0);
	out("A", 2, 2, 0);
	state(CN_TIME_WAIT);
}

/* The FIN stands behind what is queued, and goes with the last of it.
 * Notes: rows 28, 52, 55. */
static void established_close_sends_what_is_queued_first(void)
{
	at(CN_ESTABLISHED);
	sends(2500);
	closes();
	state(CN_FIN_WAIT_1);
	out("A", 1, 1, 1000);
	out("A", 1001, 1, 1000);
	out("FPA", 2001, 1, 500);
	silent();
	in("A", 1, 2502, 0);
	state(CN_FIN_WAIT_2);
}

/* A FIN that the peer's window does not let go waits, and is not lost. */
static void fin_wait_1_closed_window_holds_the_fin(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, .wnd = NO_WND);
	closes();
	silent();
	state(CN_FIN_WAIT_1);
	deadline(RTO);
	after(RTO);
	out("A", 0, 1, 0);
	in("A", 1, 1, 0, .wnd = 1000);
	out("FA", 1, 1, 0);
}

static void fin_wait_1_fin_is_repeated(void)
{
	at(CN_FIN_WAIT_1);
	deadline(RTO);
	after(RTO);
	out("FA", 1, 1, 0);
	deadline(2 * RTO);
	after(2 * RTO);
	out("FA", 1, 1, 0);
	in("A", 1, 2, 0);
	state(CN_FIN_WAIT_2);
	deadline(NEVER);
}

static void last_ack_fin_is_repeated(void)
{
	at(CN_LAST_ACK);
	after(RTO);
	out("FA", 1, 2, 0);
	in("A", 2, 2, 0);
	state(CN_CLOSED);
}

/* Notes: rows 34, 46. */
static void last_ack_peer_is_gone_gives_up(void)
{
	t.set.orphan_retries = 2;
	at(CN_LAST_ACK);
	orphans();
	after(RTO);
	out("FA", 1, 2, 0);
	after(2 * RTO);
	out("FA", 1, 2, 0);
	after(4 * RTO);
	silent();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
}

/* Beyond a gap a FIN waits for its turn. */
static void established_fin_beyond_a_gap_waits(void)
{
	at(CN_ESTABLISHED);
	in("FA", 101, 1, 50);
	out("A", 1, 1, 0);
	state(CN_ESTABLISHED);
	in("A", 1, 1, 100);
	out("A", 1, 152, 0);
	state(CN_CLOSE_WAIT);
	reads(150);
	reads(0);
}

/* MUST-13: the last ACK may be lost; whoever waits answers again.
 * Notes: row 45. */
static void time_wait_fin_again_is_acked_and_waits_anew(void)
{
	at(CN_TIME_WAIT);
	after(59 * SEC);
	in("FA", 1, 2, 0);
	out("A", 2, 2, 0);
	state(CN_TIME_WAIT);
	deadline(60 * SEC);
}

/* MUST-13: for just so long. Notes: rows 44, 51. */
static void time_wait_lasts_2msl(void)
{
	t.set.msl2_ns = 240 * SEC;
	at(CN_TIME_WAIT);
	deadline(240 * SEC);
	after(240 * SEC - 1);
	state(CN_TIME_WAIT);
	after(1);
	state(CN_CLOSED);
}

/* MUST-13: nothing that merely passes by prolongs it. */
static void time_wait_stray_segments_do_not_prolong(void)
{
	at(CN_TIME_WAIT);
	after(SEC);
	in("A", 2, 2, 0);
	in("S", 1, 0, 0);
	in("PA", 1, 2, 10);
	in("A", 2, 100, 0);
	deadline(59 * SEC);
}

/* The data that were still unread stay readable for the socket. */
static void time_wait_reads_what_was_received(void)
{
	at(CN_FIN_WAIT_2);
	in("FPA", 1, 2, 300);
	out("A", 2, 302, 0);
	state(CN_TIME_WAIT);
	reads(300);
	reads(0);
}

/* attacks.md row 15: a peer that never closes does not hold an orphan.
 * Notes: rows 41, 139. */
static void fin_wait_2_orphan_ends_by_timeout(void)
{
	at(CN_FIN_WAIT_2);
	deadline(NEVER);
	orphans();
	deadline(60 * SEC);
	after(60 * SEC);
	silent();
	state(CN_CLOSED);
}

static void fin_wait_1_orphan_gets_its_timeout_in_fin_wait_2(void)
{
	t.set.fin_wait2_ns = 20 * SEC;
	at(CN_FIN_WAIT_1);
	orphans();
	in("A", 1, 2, 0);
	state(CN_FIN_WAIT_2);
	deadline(20 * SEC);
}

/* A socket that is still held may read for hours. */
static void fin_wait_2_held_waits_without_end(void)
{
	at(CN_FIN_WAIT_2);
	after(24 * 3600 * SEC);
	state(CN_FIN_WAIT_2);
}

/* attacks.md row 38: the FIN takes a number, and that must fit. */
static void established_fin_at_the_edge_is_not_taken(void)
{
	at(CN_ESTABLISHED);
	in("FPA", 1, 1, OUR_WND);
	out("A", 1, OUR_WND + 1, 0, NO_WND);
	state(CN_ESTABLISHED);
	/* A bare one at the closed window: not yet. */
	in("FA", OUR_WND + 1, 1, 0);
	out("A", 1, OUR_WND + 1, 0, NO_WND);
	state(CN_ESTABLISHED);
	reads(OUR_WND);
	out("A", 1, OUR_WND + 1, 0, OUR_WND);
	in("FA", OUR_WND + 1, 1, 0);
	out("A", 1, OUR_WND + 2, 0);
	state(CN_CLOSE_WAIT);
	reads(0);
}

/* An ACK of the data alone does not end the wait for the FIN's. */
static void last_ack_ack_of_the_data_waits_on(void)
{
	at(CN_CLOSE_WAIT);
	sends(100);
	closes();
	out("FPA", 1, 2, 100);
	in("A", 2, 101, 0);
	state(CN_LAST_ACK);
	in("A", 2, 102, 0);
	state(CN_CLOSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_close_goes_the_whole_way),
		cmocka_unit_test_rule(established_fin_goes_the_whole_way),
		cmocka_unit_test_rule(fin_wait_1_fin_crosses),
		cmocka_unit_test_rule(
			fin_wait_1_fin_with_ack_goes_to_time_wait),
		cmocka_unit_test_rule(
			established_close_sends_what_is_queued_first),
		cmocka_unit_test_rule(fin_wait_1_closed_window_holds_the_fin),
		cmocka_unit_test_rule(fin_wait_1_fin_is_repeated),
		cmocka_unit_test_rule(last_ack_fin_is_repeated),
		cmocka_unit_test_rule(last_ack_peer_is_gone_gives_up),
		cmocka_unit_test_rule(established_fin_beyond_a_gap_waits),
		cmocka_unit_test_rule(
			time_wait_fin_again_is_acked_and_waits_anew),
		cmocka_unit_test_rule(time_wait_lasts_2msl),
		cmocka_unit_test_rule(time_wait_stray_segments_do_not_prolong),
		cmocka_unit_test_rule(time_wait_reads_what_was_received),
		cmocka_unit_test_rule(fin_wait_2_orphan_ends_by_timeout),
		cmocka_unit_test_rule(
			fin_wait_1_orphan_gets_its_timeout_in_fin_wait_2),
		cmocka_unit_test_rule(fin_wait_2_held_waits_without_end),
		cmocka_unit_test_rule(established_fin_at_the_edge_is_not_taken),
		cmocka_unit_test_rule(last_ack_ack_of_the_data_waits_on),
	};

	return cmocka_run_group_tests_name("fin", tests, NULL, NULL);
}
