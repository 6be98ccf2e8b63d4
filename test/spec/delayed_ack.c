/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.8.6.3: when to acknowledge. */
#include "spec.h"

#define DELACK (40 * MS)

static void at_established_delaying(void)
{
	at(CN_ESTABLISHED);
	delays_acks();
}

/* SHLD-18, MUST-40 */
static void established_one_segment_is_acknowledged_later(void)
{
	at_established_delaying();
	in("PA", 1, 1, 1000);
	silent();
	deadline(DELACK);
	after(DELACK);
	out("A", 1, 1001, 0);
	silent();
	deadline(NEVER);
}

/* MUST-40: the clock runs from the first, not from the last. */
static void established_later_segments_do_not_delay_further(void)
{
	at_established_delaying();
	in("PA", 1, 1, 100);
	after(30 * MS);
	in("PA", 101, 1, 100);
	silent();
	deadline(10 * MS);
	after(10 * MS);
	out("A", 1, 201, 0);
	deadline(NEVER);
}

/* SHLD-19 */
static void established_second_full_segment_is_acknowledged_now(void)
{
	at_established_delaying();
	in("PA", 1, 1, 1000);
	silent();
	in("PA", 1001, 1, 1000);
	out("A", 1, 2001, 0);
	silent();
	deadline(NEVER);
	in("PA", 2001, 1, 1000);
	silent();
	in("PA", 3001, 1, 1);
	out("A", 1, 3002, 0);
}

/* SHLD-19: more than one full segment, not exactly one. */
static void established_one_full_segment_in_pieces_waits(void)
{
	at_established_delaying();
	in("PA", 1, 1, 1000);
	silent();
	after(DELACK);
	out("A", 1, 1001, 0);
	in("PA", 1001, 1, 600);
	silent();
	in("PA", 1601, 1, 400);
	silent();
	in("PA", 2001, 1, 1);
	out("A", 1, 2002, 0);
}

/* Until the peer has sent a longer one, 536 octets are a full segment. */
static void established_full_is_536_until_seen_otherwise(void)
{
	at_established_delaying();
	in("PA", 1, 1, 500);
	in("PA", 501, 1, 36);
	silent();
	in("PA", 537, 1, 1);
	out("A", 1, 538, 0);
	is(t.tcb.rcv_mss, 536);
	in("PA", 538, 1, 537);
	silent();
	is(t.tcb.rcv_mss, 537);
}

/* What the peer may not send is not taken for its segment size. */
static void established_full_is_no_more_than_we_announced(void)
{
	at_established_delaying();
	in("PA", 1, 1, 1461);
	out("A", 1, 1462, 0);
	is(t.tcb.rcv_mss, 536);
	in("PA", 1462, 1, 1460);
	is(t.tcb.rcv_mss, 1460);
}

static void established_small_peer_mss_is_a_full_segment(void)
{
	t.peer.mss = 100;
	at_established_delaying();
	is(t.tcb.rcv_mss, 100);
	in("PA", 1, 1, 50);
	in("PA", 51, 1, 50);
	silent();
	in("PA", 101, 1, 1);
	out("A", 1, 102, 0);
}

/* A super-segment counts as the packets it was made of. */
static void established_super_segment_is_many(void)
{
	at_established_delaying();
	in("PA", 1, 1, 3000, .cut = 1000);
	out("A", 1, 3001, 0);
	is(t.tcb.rcv_mss, 1000);
	is(t.tcb.stat.segs_in, 4);
	in("PA", 3001, 1, 1001, .cut = 1000);
	out("A", 1, 4002, 0);
	is(t.tcb.stat.segs_in, 6);
	in("PA", 4002, 1, 1000, .cut = 1000);
	silent();
	is(t.tcb.stat.segs_in, 7);
}

/* MUST-58, MUST-59: all that has arrived, one ACK. */
static void established_queue_is_acknowledged_at_once(void)
{
	at_established_delaying();
	for (uint32_t i = 0; i < 6; i++)
		in("PA", 1 + i * 1000, 1, 1000);
	out("A", 1, 6001, 0);
	silent();
}

static void established_ack_rides_on_data(void)
{
	at_established_delaying();
	in("PA", 1, 1, 100);
	silent();
	sends(10);
	out("PA", 1, 101, 10);
	silent();
	deadline(RTO);
}

/* At first nothing is delayed: the peer is in slow start. The ACK of the
 * SYN was one of four. */
static void established_first_acks_are_quick(void)
{
	at(CN_ESTABLISHED);
	for (uint32_t i = 0; i < 3; i++) {
		in("PA", 1 + i * 10, 1, 10);
		out("A", 1, 11 + i * 10, 0);
	}
	in("PA", 31, 1, 10);
	silent();
	deadline(DELACK);
}

static void established_passively_four_quick_acks(void)
{
	at_passive(CN_ESTABLISHED);
	for (uint32_t i = 0; i < 4; i++) {
		in("PA", 1 + i * 10, 1, 10);
		out("A", 1, 11 + i * 10, 0);
	}
	in("PA", 41, 1, 10);
	silent();
}

/* Who answers will answer again: the ACK can wait for the answer. */
static void established_sending_ends_the_quick_acks(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0);
	sends(10);
	out("PA", 1, 11, 10);
	in("PA", 11, 11, 10);
	silent();
	deadline(DELACK);
}

static void established_quickack_delays_nothing(void)
{
	at_established_delaying();
	in("PA", 1, 1, 10);
	silent();
	tcp_set_quickack(&t.tcb, true, t.now);
	out("A", 1, 11, 0);
	silent();
	for (uint32_t i = 1; i < 10; i++) {
		in("PA", 1 + i * 10, 1, 10);
		out("A", 1, 11 + i * 10, 0);
	}
	tcp_set_quickack(&t.tcb, false, t.now);
	in("PA", 101, 1, 10);
	silent();
}

static void established_quickack_with_nothing_to_acknowledge(void)
{
	at_established_delaying();
	tcp_set_quickack(&t.tcb, true, t.now);
	silent();
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0);
	tcp_set_quickack(&t.tcb, false, t.now);
	in("PA", 11, 1, 10);
	silent();
	tcp_set_quickack(&t.tcb, false, t.now);
	silent();
}

static void established_fin_is_acknowledged_now(void)
{
	at_established_delaying();
	in("PA", 1, 1, 10);
	silent();
	in("FA", 11, 1, 0);
	out("A", 1, 12, 0);
	deadline(NEVER);
}

static void established_end_stops_the_timer(void)
{
	at_established_delaying();
	in("PA", 1, 1, 10);
	in("R", 11, 0, 0);
	state(CN_CLOSED);
	silent();
	deadline(NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(
			established_one_segment_is_acknowledged_later),
		cmocka_unit_test_rule(
			established_later_segments_do_not_delay_further),
		cmocka_unit_test_rule(
			established_second_full_segment_is_acknowledged_now),
		cmocka_unit_test_rule(
			established_one_full_segment_in_pieces_waits),
		cmocka_unit_test_rule(
			established_full_is_536_until_seen_otherwise),
		cmocka_unit_test_rule(
			established_full_is_no_more_than_we_announced),
		cmocka_unit_test_rule(
			established_small_peer_mss_is_a_full_segment),
		cmocka_unit_test_rule(established_super_segment_is_many),
		cmocka_unit_test_rule(
			established_queue_is_acknowledged_at_once),
		cmocka_unit_test_rule(established_ack_rides_on_data),
		cmocka_unit_test_rule(established_first_acks_are_quick),
		cmocka_unit_test_rule(established_passively_four_quick_acks),
		cmocka_unit_test_rule(established_sending_ends_the_quick_acks),
		cmocka_unit_test_rule(established_quickack_delays_nothing),
		cmocka_unit_test_rule(
			established_quickack_with_nothing_to_acknowledge),
		cmocka_unit_test_rule(established_fin_is_acknowledged_now),
		cmocka_unit_test_rule(established_end_stops_the_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
