/* SPDX-License-Identifier: MIT */
/* RFC 1191 and RFC 8201 as a connection sees them: the path carries less, or
 * more, than it did. */
#include "spec.h"

static void path_carries(uint32_t mss)
{
	tcp_path_mss(&t.tcb, mss, t.now);
}

/* What was too long is sent again at once; the window stays. Notes: row 76. */
static void established_path_falls_resends_what_was_too_long(void)
{
	at(CN_ESTABLISHED);
	sends(2300);
	out("A", 1, 1, 1000);
	out("A", 1001, 1, 1000);
	out("PA", 2001, 1, 300);
	path_carries(500);
	is(t.tcb.snd_mss, 500);
	is(t.tcb.cc.cwnd, 10000);
	out("A", 1, 1, 500);
	out("A", 501, 1, 500);
	out("A", 1001, 1, 500);
	out("A", 1501, 1, 500);
	silent();
	in("A", 1, 2301, 0);
	deadline(NEVER);
	sends(600);
	out("A", 2301, 1, 500);
	out("PA", 2801, 1, 100);
}

/* A segment that fits exactly was not lost to the path. */
static void established_path_falls_to_what_is_in_flight(void)
{
	at(CN_ESTABLISHED);
	sends(600);
	out("PA", 1, 1, 600);
	path_carries(600);
	silent();
	path_carries(599);
	out("A", 1, 1, 599);
	out("PA", 600, 1, 1);
	silent();
}

static void established_path_falls_with_nothing_in_flight(void)
{
	at(CN_ESTABLISHED);
	path_carries(500);
	silent();
	deadline(NEVER);
	sends(501);
	out("A", 1, 1, 500);
	out("PA", 501, 1, 1);
}

static void established_path_rises_longer_segments_go(void)
{
	t.path_mss = 500;
	at(CN_ESTABLISHED);
	sends(1000);
	out("A", 1, 1, 500);
	out("PA", 501, 1, 500);
	path_carries(1460);
	silent();
	is(t.tcb.snd_mss, 1000);
	in("A", 1, 1001, 0);
	sends(1000);
	out("PA", 1001, 1, 1000);
}

/* One segment of the old size would let no segment of the new size out. */
static void established_path_rises_above_the_congestion_window(void)
{
	t.path_mss = 500;
	at(CN_ESTABLISHED);
	t.tcb.cc.cwnd = 500;
	path_carries(1460);
	sends(3000);
	out("A", 1, 1, 1000);
	silent();
}

/* Row 20 of the attacks: however little the path is said to carry. */
static void established_path_falls_to_the_floor(void)
{
	at(CN_ESTABLISHED);
	path_carries(1);
	is(t.tcb.snd_mss, 48);
	sends(100);
	out("A", 1, 1, 48);
	out("A", 49, 1, 48);
	out("PA", 97, 1, 4);
}

static void established_path_beyond_16_bits_is_16_bits(void)
{
	t.peer.mss = 65535;
	at(CN_ESTABLISHED);
	path_carries(70000);
	is(t.tcb.path_mss, 65535);
	is(t.tcb.snd_mss, 65535);
	path_carries(65535);
	is(t.tcb.path_mss, 65535);
}

/* A FIN that went with data too long for the path goes with the last piece. */
static void fin_wait_1_path_falls_fin_goes_last(void)
{
	at(CN_ESTABLISHED);
	sends(800);
	closes();
	out("FPA", 1, 1, 800);
	path_carries(500);
	out("A", 1, 1, 500);
	out("FPA", 501, 1, 300);
	silent();
	in("A", 1, 802, 0);
	state(CN_FIN_WAIT_2);
}

/* What was SACKed arrived, however long it was. */
static void established_path_falls_sacked_is_not_resent(void)
{
	t.set.sack = true;
	t.peer.sack_ok = true;
	at(CN_ESTABLISHED);
	sends(3000);
	out("A", 1, 1, 1000);
	out("A", 1001, 1, 1000);
	out("PA", 2001, 1, 1000);
	in("A", 1, 1, 0, .sack = {{1001, 2001}});
	path_carries(600);
	out("A", 1, 1, 600);
	out("A", 601, 1, 400);
	out("A", 2001, 1, 600);
	out("PA", 2601, 1, 400);
	silent();
}

/* What was sent again and is too long is sent again once more. */
static void established_path_falls_during_a_retransmission(void)
{
	at(CN_ESTABLISHED);
	sends(2000);
	out("A", 1, 1, 1000);
	out("PA", 1001, 1, 1000);
	after(RTO);
	out("A", 1, 1, 1000);
	silent();
	path_carries(500);
	out("A", 1, 1, 500);
	out("A", 501, 1, 500);
	silent();
	is(t.tcb.retrans, 1000);
	in("A", 1, 1001, 0);
	out("A", 1001, 1, 500);
	out("PA", 1501, 1, 500);
	silent();
}

/* An ACK in the middle of a segment: what is left of it is what goes. */
static void established_ack_within_a_segment_resends_the_rest(void)
{
	at(CN_ESTABLISHED);
	sends(1000);
	out("PA", 1, 1, 1000);
	in("A", 1, 401, 0);
	after(RTO);
	out("PA", 401, 1, 600);
	silent();
	in("A", 1, 1001, 0);
	deadline(NEVER);
}

/* Longer and shorter segments in flight: only the longer are lost to it. */
static void established_path_falls_between_two_sizes(void)
{
	t.path_mss = 500;
	at(CN_ESTABLISHED);
	sends(500);
	out("PA", 1, 1, 500);
	path_carries(1460);
	sends(1000);
	out("PA", 501, 1, 1000);
	path_carries(600);
	out("A", 501, 1, 600);
	out("PA", 1101, 1, 400);
	silent();
	is(t.tcb.lost, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(
			established_path_falls_resends_what_was_too_long),
		cmocka_unit_test_rule(
			established_path_falls_to_what_is_in_flight),
		cmocka_unit_test_rule(
			established_path_falls_with_nothing_in_flight),
		cmocka_unit_test_rule(
			established_path_rises_longer_segments_go),
		cmocka_unit_test_rule(
			established_path_rises_above_the_congestion_window),
		cmocka_unit_test_rule(established_path_falls_to_the_floor),
		cmocka_unit_test_rule(
			established_path_beyond_16_bits_is_16_bits),
		cmocka_unit_test_rule(fin_wait_1_path_falls_fin_goes_last),
		cmocka_unit_test_rule(
			established_path_falls_sacked_is_not_resent),
		cmocka_unit_test_rule(
			established_path_falls_during_a_retransmission),
		cmocka_unit_test_rule(
			established_ack_within_a_segment_resends_the_rest),
		cmocka_unit_test_rule(established_path_falls_between_two_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
