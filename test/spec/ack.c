/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.10.7.4, "fifth, check the ACK field", section 3.8.6.3
 * (when to acknowledge), RFC 5961 section 5 and RFC 5681 section 4.2.
 */
#include "spec.h"

/* attacks.md row 3: data under a guessed acknowledgement change nothing. */
static void established_blind_data_changes_nothing(void)
{
	unsigned taken = 0;

	at(CN_ESTABLISHED);
	sends(100);
	out("PA", 1, 1, 100);
	for (unsigned i = 0; i < 100000; i++) {
		uint32_t ack = (uint32_t)random_u64(&t.random);
		struct tcp_seg seg;

		in("PA", 1 + i % 9000, ack, 8);
		taken += t.drop == CN_DROP_NONE;
		while (spec_emit(&seg))
			;
	}
	/* SND.UNA - MAX.SND.WND .. SND.NXT is 20101 of 2^32 numbers. */
	is(taken < 5, true);
	is(t.tcb.snd_una - t.iss, 1);
}

/* attacks.md row 3, RFC 5961 section 5.2 (MAY-12): each edge of what is
 * believed. */
static void established_data_need_a_plausible_ack(void)
{
	at(CN_ESTABLISHED);
	sends(100);
	out("PA", 1, 1, 100);
	in("PA", 1, 1 - PEER_WND - 1, 10);
	dropped(CN_DROP_TCP_ACK_UNACCEPTABLE);
	out("A", 101, 1, 0);
	in("PA", 1, 102, 10);
	dropped(CN_DROP_TCP_ACK_UNACCEPTABLE);
	is(t.tcb.rcv_nxt - t.irs, 1);
	in("PA", 1, 1 - PEER_WND, 10);
	dropped(CN_DROP_NONE);
	is(t.tcb.rcv_nxt - t.irs, 11);
	in("PA", 11, 101, 10);
	dropped(CN_DROP_NONE);
	is(t.tcb.rcv_nxt - t.irs, 21);
	is(t.tcb.snd_una - t.iss, 101);
	reads(20);
}

/* attacks.md row 27: an acknowledgement of what was never sent does not open
 * the congestion window. */
static void established_optimistic_ack_grows_nothing(void)
{
	uint32_t cwnd;

	at(CN_ESTABLISHED);
	sends(5000);
	for (int i = 0; i < 4; i++)
		out("A", 1 + i * 1000, 1, 1000);
	out("PA", 4001, 1, 1000);
	cwnd = t.tcb.cc.cwnd;
	in("A", 1, 5002, 0);
	out("A", 5001, 1, 0);
	in("A", 1, 50001, 0);
	in("A", 1, 1000001, 0);
	silent();
	is(t.tcb.cc.cwnd, cwnd);
	is(t.tcb.snd_una - t.iss, 1);
}

/* Notes: row 60. */
static void established_partial_ack_leaves_the_rest(void)
{
	at(CN_ESTABLISHED);
	sends(2000);
	out("A", 1, 1, 1000);
	out("PA", 1001, 1, 1000);
	t.now += RTT;
	in("A", 1, 501, 0);
	is(t.tcb.snd_una - t.iss, 501);
	deadline(RTO);
	in("A", 1, 2001, 0);
	is(t.tcb.snd_una - t.iss, 2001);
	deadline(NEVER);
	news(TCP_NEWS_OUT);
}

/* RFC 9293: SND.WL1 and SND.WL2 keep an old segment from moving the window. */
static void established_old_segment_does_not_move_the_window(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 100, .wnd = 5000);
	out("A", 1, 101, 0);
	is(t.tcb.snd_wnd, 5000);
	sends(100);
	out("PA", 1, 101, 100);
	in("A", 101, 101, 0, .wnd = 6000);
	is(t.tcb.snd_wnd, 6000);
	/* Older by sequence number; older by acknowledgement. */
	in("A", 101, 1, 0, .wnd = 7000);
	is(t.tcb.snd_wnd, 6000);
	in("PA", 1, 101, 100, .wnd = 8000);
	is(t.tcb.snd_wnd, 6000);
	/* The same again, with another window. */
	in("A", 101, 101, 0, .wnd = 9000);
	is(t.tcb.snd_wnd, 9000);
}

/* MUST-40, SHLD-18: a lone segment waits, for 40 ms. Notes: row 56. */
static void established_lone_segment_is_acked_late(void)
{
	at(CN_ESTABLISHED);
	delays_acks();
	in("PA", 1, 1, 100);
	silent();
	deadline(40 * MS);
	after(40 * MS);
	out("A", 1, 101, 0);
	silent();
	deadline(NEVER);
}

/* SHLD-19: every second full-sized segment. */
static void established_second_full_segment_is_acked_at_once(void)
{
	at(CN_ESTABLISHED);
	delays_acks();
	for (int i = 0; i < 5; i++) {
		in("A", 1 + 2920 * i, 1, 1460);
		if (i > 0)
			silent();
		in("A", 1461 + 2920 * i, 1, 1460);
		out("A", 1, 2921 + 2920 * i, 0);
		silent();
		reads(2920);
		while (tcp_has_output(&t.tcb, t.now)) {
			struct tcp_seg seg;

			spec_emit(&seg);
		}
	}
}

/* MUST-58, MUST-59: one ACK for all that came together. */
static void established_burst_is_acked_once(void)
{
	at(CN_ESTABLISHED);
	for (int i = 0; i < 6; i++)
		in("A", 1 + 1000 * i, 1, 1000);
	out("A", 1, 6001, 0);
	silent();
}

/* Data that go out carry the acknowledgement. */
static void established_data_carry_the_ack(void)
{
	at(CN_ESTABLISHED);
	delays_acks();
	in("PA", 1, 1, 100);
	sends(10);
	out("PA", 1, 101, 10);
	silent();
	deadline(RTO);
}

/* MAY-13, RFC 5681 section 4.2: the sender must learn of the gap. */
static void established_gap_is_acked_at_once(void)
{
	at(CN_ESTABLISHED);
	delays_acks();
	in("A", 1001, 1, 1000);
	out("A", 1, 1, 0);
	in("A", 2001, 1, 1000);
	out("A", 1, 1, 0);
	in("A", 1, 1, 1000);
	out("A", 1, 3001, 0);
	silent();
}

static void established_first_acks_are_not_delayed(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0);
	in("PA", 11, 1, 10);
	out("A", 1, 21, 0);
}

static void established_quickack_is_not_delayed(void)
{
	at(CN_ESTABLISHED);
	delays_acks();
	tcp_set_quickack(&t.tcb, true, t.now);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0);
}

static void established_quickack_pays_what_is_delayed(void)
{
	at(CN_ESTABLISHED);
	delays_acks();
	in("PA", 1, 1, 10);
	silent();
	tcp_set_quickack(&t.tcb, true, t.now);
	out("A", 1, 11, 0);
	deadline(NEVER);
}

/* A lone ACK is never acknowledged. Notes: row 56. */
static void established_ack_is_not_acked(void)
{
	at(CN_ESTABLISHED);
	for (int i = 0; i < 10; i++)
		in("A", 1, 1, 0);
	silent();
	deadline(NEVER);
}

/* RFC 2018 section 4, the receiver: the block changed last goes first. */
static void established_gap_is_told_by_sack(void)
{
	t.peer.sack_ok = true;
	t.set.sack = true;
	at(CN_ESTABLISHED);
	in("A", 1001, 1, 1000);
	out("A", 1, 1, 0, .sack = {{1001, 2001}});
	in("A", 3001, 1, 1000);
	out("A", 1, 1, 0, .sack = {{3001, 4001}, {1001, 2001}});
	in("A", 5001, 1, 1000);
	out("A", 1, 1, 0, .sack = {{5001, 6001}, {3001, 4001}, {1001, 2001}});
	in("A", 2001, 1, 1000);
	out("A", 1, 1, 0, .sack = {{1001, 4001}, {5001, 6001}});
	in("A", 1, 1, 1000);
	out("A", 1, 4001, 0, .sack = {{5001, 6001}});
	in("A", 4001, 1, 1000);
	out("A", 1, 6001, 0);
	reads(6000);
}

/* RFC 2018: as many blocks as there is room for. */
static void established_sack_is_cut_to_its_room(void)
{
	t.peer.sack_ok = true;
	t.set.sack = true;
	at(CN_ESTABLISHED);
	for (int i = 0; i < 6; i++) {
		in("A", 101 + 200 * i, 1, 100);
		out("A", 1, 1, 0, .any_options = true);
	}
	is(t.last.sack_n, 4);
	is(t.last.sack[0].left - t.irs, 1101);
	is(t.last.sack[3].left - t.irs, 501);
}

/* RFC 2883: the duplicate goes first. Notes: row 59. */
static void established_duplicate_is_told_by_dsack(void)
{
	t.peer.sack_ok = true;
	t.set.sack = true;
	at(CN_ESTABLISHED);
	in("A", 1, 1, 1000);
	out("A", 1, 1001, 0);
	in("A", 1, 1, 1000);
	out("A", 1, 1001, 0, .sack = {{1, 1001}});
	in("A", 501, 1, 1000);
	out("A", 1, 1501, 0, .sack = {{501, 1001}});
	in("A", 2501, 1, 1000);
	out("A", 1, 1501, 0, .sack = {{2501, 3501}});
	in("A", 2501, 1, 1000);
	out("A", 1, 1501, 0, .sack = {{2501, 3501}, {2501, 3501}});
}

static void established_without_sack_none_is_sent(void)
{
	t.set.sack = true;
	at(CN_ESTABLISHED);
	in("A", 1001, 1, 1000);
	out("A", 1, 1, 0);
	in("A", 1001, 1, 1000);
	out("A", 1, 1, 0);
}

/* attacks.md row 19: blocks that cannot be true mark nothing. */
static void established_false_sack_marks_nothing(void)
{
	t.peer.sack_ok = true;
	t.set.sack = true;
	at(CN_ESTABLISHED);
	sends(3000);
	out("A", 1, 1, 1000);
	out("A", 1001, 1, 1000);
	out("PA", 2001, 1, 1000);
	in("A", 1, 1, 0, .sack = {{3002, 4001}});
	in("A", 1, 1, 0, .sack = {{2001, 3002}});
	in("A", 1, 1, 0, .sack = {{-1000, 1}});
	in("A", 1, 1, 0, .sack = {{2001, 1001}});
	in("A", 1, 1, 0, .sack = {{1 << 30, (1 << 30) + 5}});
	in("A", 1, 1, 0, .sack = {{-5, 2001}});
	is(t.tcb.sacked, 0);
	is(t.tcb.lost, 0);
	in("A", 1, 1, 0, .sack = {{2001, 3001}});
	is(t.tcb.sacked, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_blind_data_changes_nothing),
		cmocka_unit_test_rule(established_data_need_a_plausible_ack),
		cmocka_unit_test_rule(established_optimistic_ack_grows_nothing),
		cmocka_unit_test_rule(established_partial_ack_leaves_the_rest),
		cmocka_unit_test_rule(
			established_old_segment_does_not_move_the_window),
		cmocka_unit_test_rule(established_lone_segment_is_acked_late),
		cmocka_unit_test_rule(
			established_second_full_segment_is_acked_at_once),
		cmocka_unit_test_rule(established_burst_is_acked_once),
		cmocka_unit_test_rule(established_data_carry_the_ack),
		cmocka_unit_test_rule(established_gap_is_acked_at_once),
		cmocka_unit_test_rule(established_first_acks_are_not_delayed),
		cmocka_unit_test_rule(established_quickack_is_not_delayed),
		cmocka_unit_test_rule(
			established_quickack_pays_what_is_delayed),
		cmocka_unit_test_rule(established_ack_is_not_acked),
		cmocka_unit_test_rule(established_gap_is_told_by_sack),
		cmocka_unit_test_rule(established_sack_is_cut_to_its_room),
		cmocka_unit_test_rule(established_duplicate_is_told_by_dsack),
		cmocka_unit_test_rule(established_without_sack_none_is_sent),
		cmocka_unit_test_rule(established_false_sack_marks_nothing),
	};

	return cmocka_run_group_tests_name("ack", tests, NULL, NULL);
}
