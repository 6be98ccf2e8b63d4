/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.7: one frame of many segments, where the link can cut
 * it: it is the same as many frames. */
#include "spec.h"

static void at_established_with(uint32_t super_max)
{
	t.super_max = super_max;
	t.peer.wnd = 65535;
	t.set.initial_window = 100;
	at(CN_ESTABLISHED);
}

static void established_super_segment_takes_all(void)
{
	at_established_with(65536);
	sends(5500);
	out("PA", 1, 1, 5500, .cut = 1000);
	silent();
	is(t.tcb.stat.segs_out, 8); /* SYN, ACK, six of data */
	is(t.count.tcp_out, 8);
	is(tcp_octets_sent(&t.tcb), 5500);
}

/* One segment is no super-segment. */
static void established_single_segment_is_not_cut(void)
{
	at_established_with(65536);
	sends(1000);
	out("PA", 1, 1, 1000);
	sends(1001);
	out("PA", 1001, 1, 1001, .cut = 1000);
}

/* Whole segments, as many as the link takes; the last bears PSH, as in Linux. */
static void established_super_segment_fits_the_link(void)
{
	at_established_with(3999);
	sends(5500);
	out("PA", 1, 1, 3000, .cut = 1000);
	out("PA", 3001, 1, 2500, .cut = 1000);
	silent();
}

static void established_link_that_takes_less_than_a_segment(void)
{
	at_established_with(999);
	sends(2000);
	out("A", 1, 1, 1000);
	out("PA", 1001, 1, 1000);
}

/* Of 64 segments at most: a bit each. */
static void established_super_segment_of_64_at_most(void)
{
	t.peer.mss = 100;
	at_established_with(65536);
	sends(6450);
	out("PA", 1, 1, 6400, .cut = 100);
	out("PA", 6401, 1, 50);
	silent();
	/* each bit stands for its segment */
	after(RTO);
	out("A", 1, 1, 100);
	in("A", 1, 6401, 0);
	out("PA", 6401, 1, 50);
}

/* Full, and then the tail by Nagle's rule. */
static void established_nagle_holds_the_tail_of_a_super_segment(void)
{
	at_established_with(65536);
	sends(10);
	out("PA", 1, 1, 10);
	sends(2500);
	out("PA", 11, 1, 2000, .cut = 1000);
	silent();
	in("A", 1, 11, 0, 65535);
	out("PA", 2011, 1, 500);
}

static void established_window_ends_a_super_segment(void)
{
	at_established_with(65536);
	in("A", 1, 1, 0, 3500);
	sends(5000);
	out("PA", 1, 1, 3000, .cut = 1000);
	silent();
}

static void fin_wait_1_fin_goes_with_a_super_segment(void)
{
	at_established_with(65536);
	sends(2500);
	closes();
	out("FPA", 1, 1, 2500, .cut = 1000);
	silent();
	in("A", 1, 2502, 0);
	state(CN_FIN_WAIT_2);
}

static void fin_wait_1_fin_waits_for_the_last_frame(void)
{
	at_established_with(2000);
	sends(2500);
	closes();
	out("PA", 1, 1, 2000, .cut = 1000);
	out("FPA", 2001, 1, 500);
	silent();
}

/* What is lost of it goes again, and nothing else. */
static void established_lost_segments_of_a_super_segment(void)
{
	t.set.sack = true;
	t.peer.sack_ok = true;
	at_established_with(65536);
	sends(8500);
	out("PA", 1, 1, 8500, .cut = 1000);
	in("A", 1, 1, 0, 65535, .sack = {{3001, 6001}});
	out("A", 1, 1, 1000);
	silent();
	in("A", 1, 1, 0, 65535, .sack = {{3001, 8501}});
	out("A", 1001, 1, 2000, .cut = 1000);
	silent();
	is(t.tcb.stat.segs_retransmitted, 3);
	in("A", 1, 8501, 0, 65535);
	silent();
	deadline(NEVER);
}

/* All 64 of them lost at once. */
static void established_super_segment_lost_whole(void)
{
	t.peer.mss = 100;
	at_established_with(65536);
	sends(6400);
	out("PA", 1, 1, 6400, .cut = 100);
	after(RTO);
	out("A", 1, 1, 100);
	t.tcb.cc.cwnd = 100000;
	out("PA", 101, 1, 6300, .cut = 100);
	silent();
	is(t.tcb.stat.segs_retransmitted, 64);
	is(t.tcb.retrans, 6400);
	after(tcp_deadline(&t.tcb) - t.now);
	t.tcb.cc.cwnd = 100000;
	out("PA", 1, 1, 6400, .cut = 100);
	silent();
}

/* Retransmissions fit the link as well. */
static void established_retransmission_fits_the_link(void)
{
	at_established_with(65536);
	sends(5500);
	closes();
	out("FPA", 1, 1, 5500, .cut = 1000);
	t.super_max = 2500;
	after(RTO);
	out("A", 1, 1, 1000);
	t.tcb.cc.cwnd = 100000;
	out("A", 1001, 1, 2000, .cut = 1000);
	out("A", 3001, 1, 2000, .cut = 1000);
	out("FPA", 5001, 1, 500);
	silent();
}

/* An ACK within it takes the segments before, and no more. */
static void established_ack_within_a_super_segment(void)
{
	at_established_with(65536);
	sends(4000);
	out("PA", 1, 1, 4000, .cut = 1000);
	after(RTT);
	in("A", 1, 2501, 0, 65535);
	is(t.tcb.rtt.n, 2);
	deadline(RTO);
	after(RTO);
	out("A", 2501, 1, 500);
	silent();
	is(t.tcb.lost, 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_super_segment_takes_all),
		cmocka_unit_test_rule(established_single_segment_is_not_cut),
		cmocka_unit_test_rule(established_super_segment_fits_the_link),
		cmocka_unit_test_rule(
			established_link_that_takes_less_than_a_segment),
		cmocka_unit_test_rule(established_super_segment_of_64_at_most),
		cmocka_unit_test_rule(
			established_nagle_holds_the_tail_of_a_super_segment),
		cmocka_unit_test_rule(established_window_ends_a_super_segment),
		cmocka_unit_test_rule(fin_wait_1_fin_goes_with_a_super_segment),
		cmocka_unit_test_rule(fin_wait_1_fin_waits_for_the_last_frame),
		cmocka_unit_test_rule(
			established_lost_segments_of_a_super_segment),
		cmocka_unit_test_rule(established_super_segment_lost_whole),
		cmocka_unit_test_rule(established_retransmission_fits_the_link),
		cmocka_unit_test_rule(established_ack_within_a_super_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
