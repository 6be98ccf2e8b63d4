/* SPDX-License-Identifier: MIT */
/* RFC 5681, RFC 6675 (SACK) and RFC 6582 (NewReno): what is lost, what goes
 * out again, and how much may be in flight. */
#include "flight.h"

/* --------------------------------------------------------- slow start -- */

/* RFC 6928 */
static void established_ten_segments_at_first(void)
{
	at(CN_ESTABLISHED);
	sends(15000);
	for (uint32_t i = 1; i <= 10; i++)
		out("A", SEG(i), 1, 1000);
	silent();
	is(t.tcb.cc.cwnd, 10000);
}

/* RFC 6928 section 2: a SYN that was lost leaves one. */
static void established_one_segment_after_a_lost_syn(void)
{
	at(CN_SYN_SENT);
	after(SEC);
	out("S", 0, 0, 0, .mss = OUR_MSS);
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	out("A", 1, 1, 0);
	sends(3000);
	out("A", 1, 1, 1000);
	silent();
}

static void established_no_initial_window_means_one(void)
{
	t.set.initial_window = 0;
	at(CN_ESTABLISHED);
	sends(3000);
	out("A", 1, 1, 1000);
	silent();
}

/* MUST-19: slow start; RFC 3465 counts two segments an ACK at most.
 * Notes: row 64. */
static void slow_start_grows_by_what_is_acknowledged(void)
{
	at(CN_ESTABLISHED);
	sends(20000);
	for (uint32_t i = 1; i <= 10; i++)
		out("A", SEG(i), 1, 1000);
	silent();
	in("A", 1, SEG(2), 0);
	out("A", SEG(11), 1, 1000);
	out("A", SEG(12), 1, 1000);
	silent();
	in("A", 1, SEG(4), 0);
	for (uint32_t i = 13; i <= 16; i++)
		out("A", SEG(i), 1, 1000);
	silent();
	in("A", 1, SEG(8), 0);
	for (uint32_t i = 17; i <= 20; i++)
		out(i < 20 ? "A" : "PA", SEG(i), 1, 1000);
	is(t.tcb.cc.cwnd, 15000);
}

/* A window that is not used does not grow (RFC 7661): half of it is not. */
static void slow_start_unused_window_does_not_grow(void)
{
	at(CN_ESTABLISHED);
	n_leave(5);
	in("A", 1, SEG(3), 0);
	in("A", 1, SEG(6), 0);
	is(t.tcb.cc.cwnd, 10000);
}

/* As Linux: it grows to twice what was in flight, however it is acknowledged,
 * and no further. */
static void slow_start_window_grows_to_twice_the_flight(void)
{
	at(CN_ESTABLISHED);
	n_leave(9);
	for (uint32_t i = 3; i <= 9; i += 2) {
		in("A", 1, SEG(i), 0);
		is(t.tcb.cc.cwnd, 9000 + i * 1000);
	}
	in("A", 1, SEG(10), 0);
	is(t.tcb.cc.cwnd, 18000);
}

/* ... unless it was full once: until that flight is acknowledged. */
static void slow_start_full_window_doubles(void)
{
	at(CN_ESTABLISHED);
	n_leave(10);
	for (uint32_t i = 3; i <= 11; i += 2)
		in("A", 1, SEG(i), 0);
	is(t.tcb.cc.cwnd, 20000);
	n_leave(1);
	in("A", 1, SEG(12), 0);
	is(t.tcb.cc.cwnd, 20000);
}

/* MUST-19: congestion avoidance: a segment for each window. */
static void avoidance_grows_by_a_segment_a_window(void)
{
	at(CN_ESTABLISHED);
	t.tcb.cc.ssthresh = 10000;
	n_leave(10);
	in("A", 1, SEG(6), 0);
	is(t.tcb.cc.cwnd, 10000);
	n_leave(5);
	in("A", 1, SEG(10), 0);
	is(t.tcb.cc.cwnd, 10000);
	n_leave(4);
	in("A", 1, SEG(11), 0);
	is(t.tcb.cc.cwnd, 11000);
}

/* Only a window that was full is in use. */
static void avoidance_unused_window_does_not_grow(void)
{
	at(CN_ESTABLISHED);
	t.tcb.cc.ssthresh = 5000;
	for (uint32_t i = 0; i < 5; i++) {
		n_leave(9);
		in("A", 1, SEG(i * 9 + 10), 0);
	}
	is(t.tcb.cc.cwnd, 10000);
	n_leave(10);
	in("A", 1, SEG(56), 0);
	is(t.tcb.cc.cwnd, 11000);
}

/* A window smaller than a segment lets nothing out but whole segments.
 * Notes: row 66. */
static void congestion_window_holds_part_segments_back(void)
{
	at(CN_ESTABLISHED);
	t.tcb.cc.cwnd = 2500;
	sends(5000);
	out("A", SEG(1), 1, 1000);
	out("A", SEG(2), 1, 1000);
	silent();
	t.tcb.cc.cwnd = 3000;
	out("A", SEG(3), 1, 1000);
	silent();
}

/* ---------------------------------------------------------------- SACK -- */

/* RFC 6675 section 5: the third segment SACKed above says it. */
static void sack_of_three_resends_what_is_missing(void)
{
	at_established_with_sack();
	n_leave(10);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 2)});
	silent();
	in("A", 1, 1, 0, .sack = {BLOCK(2, 3)});
	silent();
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	silent();
	is(t.tcb.in_recovery, true);
	is(tcp_mishaps_of(&t.tcb)->fast_recoveries, 1);
	is(t.tcb.cc.ssthresh, 5000);
	is(t.tcb.cc.cwnd, 5000);
	is(tcp_mishaps_of(&t.tcb)->dup_acks_in, 3);
	in("A", 1, SEG(11), 0);
	is(t.tcb.in_recovery, false);
	is(t.tcb.cc.cwnd, 5000);
	deadline(NEVER);
}

/* Three at once say as much. */
static void sack_of_three_in_one_ack(void)
{
	at_established_with_sack();
	n_leave(10);
	in("A", 1, 1, 0, .sack = {BLOCK(3, 3), BLOCK(5, 5), BLOCK(8, 8)});
	out("A", SEG(1), 1, 1000);
	silent();
	is(t.tcb.lost, 2000);
	/* Now 4 is lost too: 10 in flight, 4 SACKed, 3 lost, 1 sent again */
	in("A", 1, 1, 0, .sack = {BLOCK(8, 9), BLOCK(3, 3), BLOCK(5, 5)});
	out("A", SEG(2), 1, 1000);
	silent();
	/* Now 6 and 7: 10 in flight, 5 SACKed, 5 lost, 2 sent again */
	in("A", 1, 1, 0, .sack = {BLOCK(8, 10), BLOCK(3, 3), BLOCK(5, 5)});
	out("A", SEG(4), 1, 1000);
	out("A", SEG(6), 1, 1000);
	out("A", SEG(7), 1, 1000);
	silent();
}

/* RFC 6675's pipe: what was SACKed or lost is not in the network, what was
 * sent again is. */
static void sack_in_recovery_lets_new_data_out_by_the_pipe(void)
{
	at_established_with_sack();
	n_leave(10);
	sends(5000);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 2)});
	out("A", SEG(11), 1, 1000);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 3)});
	out("A", SEG(12), 1, 1000);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	silent();
	is(t.tcb.cc.cwnd, 6000);
	/* 12 in flight, 3 SACKed, 1 lost and sent again: 9 in the pipe */
	in("A", 1, 1, 0, .sack = {BLOCK(2, 6)});
	silent();
	in("A", 1, 1, 0, .sack = {BLOCK(2, 7)});
	silent();
	in("A", 1, 1, 0, .sack = {BLOCK(2, 8)});
	out("A", SEG(13), 1, 1000);
	silent();
	in("A", 1, 1, 0, .sack = {BLOCK(2, 10)});
	out("A", SEG(14), 1, 1000);
	out("PA", SEG(15), 1, 1000);
	silent();
}

/* Two holes, one reduction. */
static void sack_second_hole_is_the_same_recovery(void)
{
	at_established_with_sack();
	n_leave(10);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	in("A", 1, 1, 0, .sack = {BLOCK(6, 7), BLOCK(2, 4)});
	silent();
	in("A", 1, 1, 0, .sack = {BLOCK(6, 8), BLOCK(2, 4)});
	out("A", SEG(5), 1, 1000);
	silent();
	is(tcp_mishaps_of(&t.tcb)->fast_recoveries, 1);
	is(t.tcb.cc.cwnd, 5000);
	in("A", 1, SEG(5), 0, .sack = {BLOCK(6, 8)});
	silent();
	is(t.tcb.in_recovery, true);
	in("A", 1, SEG(11), 0);
	is(t.tcb.in_recovery, false);
}

/* Data sent during a recovery belong to the next. */
static void sack_loss_after_recovery_is_another(void)
{
	at_established_with_sack();
	n_leave(10);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	in("A", 1, SEG(11), 0);
	n_leave(5);
	in("A", 1, SEG(11), 0, .sack = {BLOCK(12, 14)});
	out("A", SEG(11), 1, 1000);
	is(tcp_mishaps_of(&t.tcb)->fast_recoveries, 2);
	is(t.tcb.cc.cwnd, 2500);
}

/* RFC 2018: blocks that say the impossible say nothing. */
static void sack_of_the_impossible_is_ignored(void)
{
	at_established_with_sack();
	n_leave(5);
	in("A", 1, SEG(2), 0);
	in("A", 1, SEG(2), 0, .sack = {{SEG(4), SEG(3)}});
	in("A", 1, SEG(2), 0, .sack = {BLOCK(4, 6)});
	in("A", 1, SEG(2), 0, .sack = {BLOCK(1, 1)});
	in("A", 1, SEG(2), 0, .sack = {BLOCK(1, 4)});
	in("A", 1, SEG(2), 0, .sack = {{SEG(3) + 1, SEG(5) - 1}});
	silent();
	is(t.tcb.sacked, 0);
	in("A", 1, SEG(2), 0, .sack = {{SEG(3) - 1, SEG(5) + 1}});
	is(t.tcb.sacked, 2000);
	in("A", 1, SEG(2), 0, .sack = {BLOCK(5, 5)});
	is(t.tcb.sacked, 3000);
	out("A", SEG(2), 1, 1000);
}

/* RFC 2883: a duplicate below the ACK marks nothing, the next block does. */
static void dsack_marks_nothing(void)
{
	at_established_with_sack();
	n_leave(5);
	in("A", 1, SEG(2), 0, .sack = {BLOCK(1, 1), BLOCK(3, 3)});
	is(t.tcb.sacked, 1000);
}

/* Not negotiated: not read. */
static void sack_that_was_not_agreed_on_is_ignored(void)
{
	at(CN_ESTABLISHED);
	n_leave(5);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	silent();
	is(t.tcb.sacked, 1000); /* one duplicate ACK */
}

/* As Linux: an ACK that was overtaken tells what has arrived all the same. */
static void sack_of_an_old_ack_counts(void)
{
	at_established_with_sack();
	n_leave(5);
	in("A", 1, SEG(2), 0);
	in("A", 1, 1, 0, .sack = {BLOCK(3, 5)});
	is(t.tcb.sacked, 3000);
	out("A", SEG(2), 1, 1000);
	silent();
	/* Without a block it says nothing. */
	in("A", 1, 1, 0);
	silent();
}

/* MUST-19, RFC 5681 section 3.1: after a timeout slow start, and what is
 * SACKed is not sent again. */
static void sack_timeout_resends_the_holes_in_slow_start(void)
{
	at_established_with_sack();
	n_leave(5);
	in("A", 1, 1, 0, .sack = {BLOCK(3, 4)});
	silent();
	after(tcp_deadline(&t.tcb) - t.now);
	out("A", SEG(1), 1, 1000);
	silent();
	is(t.tcb.cc.cwnd, 1000);
	is(t.tcb.cc.ssthresh, 2500);
	in("A", 1, SEG(2), 0, .sack = {BLOCK(3, 4)});
	out("A", SEG(2), 1, 1000);
	out("PA", SEG(5), 1, 1000);
	silent();
	in("A", 1, SEG(5), 0);
	silent();
	is(t.tcb.in_loss, true);
	in("A", 1, SEG(6), 0);
	is(t.tcb.in_loss, false);
}

/* A timeout after progress is of segments that the timer never resent: ssthresh
 * is reduced again (RFC 5681 section 3.1). */
static void timeout_after_progress_reduces_ssthresh(void)
{
	at_established_with_sack();
	n_leave(10);
	after(tcp_deadline(&t.tcb) - t.now);
	out("A", SEG(1), 1, 1000);
	is(t.tcb.cc.ssthresh, 5000);
	in("A", 1, SEG(3), 0);
	out("A", SEG(3), 1, 1000);
	out("A", SEG(4), 1, 1000);
	is(t.tcb.cc.cwnd, 2000);
	after(tcp_deadline(&t.tcb) - t.now);
	out("A", SEG(3), 1, 1000);
	silent();
	is(t.tcb.cc.ssthresh, 4000);
	is(t.tcb.cc.cwnd, 1000);
	after(tcp_deadline(&t.tcb) - t.now);
	out("A", SEG(3), 1, 1000);
	is(t.tcb.cc.ssthresh, 4000);
}

/* A retransmission that is lost again waits for the timer. */
static void timeout_in_recovery_resends_all_again(void)
{
	at_established_with_sack();
	n_leave(6);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	silent();
	in("A", 1, 1, 0, .sack = {BLOCK(2, 6)});
	silent();
	after(tcp_deadline(&t.tcb) - t.now);
	out("A", SEG(1), 1, 1000);
	silent();
	is(t.tcb.in_recovery, false);
	is(t.tcb.in_loss, true);
	in("A", 1, SEG(7), 0);
	silent();
	deadline(NEVER);
}

/* RFC 2018 section 8: who drops what he had SACKed is sent it again. */
static void reneging_is_seen_by_the_timer(void)
{
	at_established_with_sack();
	n_leave(4);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 3)});
	in("A", 1, SEG(2), 0);
	is(t.tcb.sacked, 2000);
	after(tcp_deadline(&t.tcb) - t.now);
	out("A", SEG(2), 1, 1000);
	in("A", 1, SEG(3), 0);
	out("A", SEG(3), 1, 1000);
	out("PA", SEG(4), 1, 1000);
	silent();
}

/* Loss found while a timeout is being mended is no new event. */
static void sack_loss_after_a_timeout_is_no_recovery(void)
{
	at_established_with_sack();
	n_leave(4);
	after(tcp_deadline(&t.tcb) - t.now);
	out("A", SEG(1), 1, 1000);
	in("A", 1, SEG(2), 0);
	out("A", SEG(2), 1, 1000);
	out("A", SEG(3), 1, 1000);
	sends(5000);
	silent();
	in("A", 1, SEG(2), 0, .sack = {BLOCK(3, 4)});
	is(t.tcb.in_recovery, false);
	is(tcp_mishaps_of(&t.tcb)->fast_recoveries, 0);
}

/* The FIN is SACKed and lost like an octet. */
static void sack_fin_is_resent_with_its_data(void)
{
	at_established_with_sack();
	sends(5500);
	closes();
	for (uint32_t i = 1; i <= 5; i++)
		out("A", SEG(i), 1, 1000);
	out("FPA", SEG(6), 1, 500);
	in("A", 1, 1, 0, .sack = {{SEG(2), SEG(6) + 501}});
	out("A", SEG(1), 1, 1000);
	silent();
	in("A", 1, SEG(6) + 501, 0);
	state(CN_FIN_WAIT_2);
}

static void sack_data_without_the_fin_leaves_the_segment(void)
{
	at_established_with_sack();
	sends(1500);
	closes();
	out("A", SEG(1), 1, 1000);
	out("FPA", SEG(2), 1, 500);
	in("A", 1, 1, 0, .sack = {{SEG(2), SEG(2) + 500}});
	is(t.tcb.sacked, 0);
	in("A", 1, 1, 0, .sack = {{SEG(2), SEG(2) + 501}});
	is(t.tcb.sacked, 501);
}

/* Where segments overtake each other by more than three, what is SACKed makes
 * the window grow at once; before, what is acknowledged alone does. */
static void sack_of_reordering_lets_the_window_grow(void)
{
	t.set.recovery = CN_RECOVERY_RACK;
	at_established_with_sack();
	n_leave(10);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(10, 10)});
	is(t.tcb.cc.cwnd, 10000);
	in("A", 1, 1, 0, .sack = {BLOCK(4, 4), BLOCK(10, 10)});
	is(t.tcb.cc.cwnd, 11000);
	is(tcp_mishaps_of(&t.tcb)->reord_seen, 1);
	in("A", 1, SEG(11), 0);
	is(tcp_mishaps_of(&t.tcb)->reord_seen, 2);
	is(t.tcb.cc.cwnd, 13000); /* Reno's two segments an ACK */
}

/* ------------------------------------------------------------- NewReno -- */

/* RFC 5681 section 3.2; RFC 3042: the first two let new data out.
 * Notes: row 57. */
static void third_duplicate_ack_resends_the_first(void)
{
	at(CN_ESTABLISHED);
	n_leave(10);
	sends(3000);
	in("A", 1, 1, 0);
	out("A", SEG(11), 1, 1000);
	silent();
	in("A", 1, 1, 0);
	out("A", SEG(12), 1, 1000);
	silent();
	in("A", 1, 1, 0);
	out("A", SEG(1), 1, 1000);
	silent();
	is(t.tcb.in_recovery, true);
	is(t.tcb.cc.ssthresh, 6000);
	is(t.tcb.cc.cwnd, 6000);
	/* 12 in flight, 3 arrived, 1 lost and sent again: three more make
	 * room for one */
	in("A", 1, 1, 0);
	in("A", 1, 1, 0);
	in("A", 1, 1, 0);
	silent();
	in("A", 1, 1, 0);
	out("PA", SEG(13), 1, 1000);
	silent();
	in("A", 1, SEG(13), 0);
	is(t.tcb.in_recovery, false);
	is(t.tcb.cc.cwnd, 6000);
	is(t.tcb.sacked, 0);
}

/* Reordering, no loss: what two duplicates stood for was delivered then, and
 * the window grows by the third segment alone. */
static void duplicates_count_as_delivered_once(void)
{
	at(CN_ESTABLISHED);
	n_leave(10);
	sends(5000);
	in("A", 1, 1, 0);
	out("A", SEG(11), 1, 1000);
	in("A", 1, 1, 0);
	out("A", SEG(12), 1, 1000);
	in("A", 1, SEG(4), 0);
	is(t.tcb.cc.cwnd, 11000);
	out("A", SEG(13), 1, 1000);
	out("A", SEG(14), 1, 1000);
	silent();
}

/* A full ACK ends it at once, and the fourth duplicate is no third. */
static void fourth_duplicate_ack_resends_nothing(void)
{
	at(CN_ESTABLISHED);
	n_leave(4);
	in("A", 1, 1, 0);
	in("A", 1, 1, 0);
	in("A", 1, 1, 0);
	out("A", SEG(1), 1, 1000);
	in("A", 1, 1, 0);
	silent();
	is(tcp_mishaps_of(&t.tcb)->fast_recoveries, 1);
	is(tcp_mishaps_of(&t.tcb)->dup_acks_in, 4);
}

/* RFC 6582 section 3.2 step 3: a partial ACK names the next that is lost. */
static void partial_ack_resends_the_next(void)
{
	at(CN_ESTABLISHED);
	n_leave(10);
	in("A", 1, 1, 0);
	in("A", 1, 1, 0);
	in("A", 1, 1, 0);
	out("A", SEG(1), 1, 1000);
	in("A", 1, SEG(4), 0);
	out("A", SEG(4), 1, 1000);
	silent();
	is(t.tcb.in_recovery, true);
	is(t.tcb.cc.cwnd, 5000);
	in("A", 1, SEG(6), 0);
	out("A", SEG(6), 1, 1000);
	silent();
	in("A", 1, SEG(11), 0);
	is(t.tcb.in_recovery, false);
	silent();
}

/* RFC 5681 section 2: what a duplicate ACK is, and what is none. */
static void ack_with_data_or_window_is_no_duplicate(void)
{
	at(CN_ESTABLISHED);
	n_leave(5);
	t.tcb.quick_n = 0;
	in("A", 1, 1, 0);
	in("A", 1, 1, 0, 19000);
	in("PA", 1, 1, 10, 19000);
	in("A", 11, 1, 0, 19000);
	silent();
	is(tcp_mishaps_of(&t.tcb)->dup_acks_in, 2);
	in("A", 11, 1, 0, 19000);
	out("A", SEG(1), 11, 1000);
}

static void ack_without_data_in_flight_is_no_duplicate(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0);
	in("A", 1, 1, 0);
	in("A", 1, 1, 0);
	is(tcp_mishaps_of(&t.tcb)->dup_acks_in, 0);
	n_leave(2);
	in("A", 1, 1, 0);
	silent();
	is(tcp_mishaps_of(&t.tcb)->dup_acks_in, 1);
}

static void duplicates_before_progress_do_not_count(void)
{
	at(CN_ESTABLISHED);
	n_leave(6);
	in("A", 1, 1, 0);
	in("A", 1, 1, 0);
	in("A", 1, SEG(2), 0);
	in("A", 1, SEG(2), 0);
	silent();
	is(t.tcb.in_recovery, false);
	is(t.tcb.sacked, 1000);
	in("A", 1, SEG(2), 0);
	in("A", 1, SEG(2), 0);
	out("A", SEG(2), 1, 1000);
}

/* However many duplicates, one segment is believed to be missing. */
static void duplicates_do_not_empty_the_pipe(void)
{
	at(CN_ESTABLISHED);
	n_leave(4);
	for (int i = 0; i < 20; i++)
		in("A", 1, 1, 0);
	is(t.tcb.sacked, 4000);
	out("A", SEG(1), 1, 1000);
	silent();
}

/* MUST-19: all of the window again, slowly. */
static void timeout_resends_all_in_slow_start(void)
{
	at(CN_ESTABLISHED);
	n_leave(5);
	after(RTO);
	out("A", SEG(1), 1, 1000);
	silent();
	in("A", 1, SEG(2), 0);
	out("A", SEG(2), 1, 1000);
	out("A", SEG(3), 1, 1000);
	silent();
	in("A", 1, SEG(3), 0);
	out("A", SEG(4), 1, 1000);
	silent();
	in("A", 1, SEG(4), 0);
	out("PA", SEG(5), 1, 1000);
	in("A", 1, SEG(6), 0);
	silent();
	deadline(NEVER);
}

/* RFC 6582 section 4: duplicates that the timeout's own retransmissions cause
 * are no loss. */
static void duplicates_after_a_timeout_resend_nothing(void)
{
	at(CN_ESTABLISHED);
	n_leave(5);
	after(RTO);
	out("A", SEG(1), 1, 1000);
	in("A", 1, SEG(4), 0);
	out("A", SEG(4), 1, 1000);
	out("PA", SEG(5), 1, 1000);
	in("A", 1, SEG(4), 0);
	in("A", 1, SEG(4), 0);
	in("A", 1, SEG(4), 0);
	silent();
	is(tcp_mishaps_of(&t.tcb)->fast_recoveries, 0);
	in("A", 1, SEG(6), 0);
	n_leave(2);
	is(t.tcb.in_loss, false);
	in("A", 1, SEG(6), 0);
	in("A", 1, SEG(6), 0);
	in("A", 1, SEG(6), 0);
	is(t.tcb.in_recovery, false);
	silent();
}

/* Beyond what the timeout covered, duplicates count again. */
static void duplicates_beyond_the_timeout_count_again(void)
{
	at(CN_ESTABLISHED);
	n_leave(2);
	after(RTO);
	out("A", SEG(1), 1, 1000);
	in("A", 1, SEG(3), 0);
	n_leave(1);
	in("A", 1, SEG(4), 0);
	t.tcb.cc.cwnd = 10000;
	n_leave(4);
	in("A", 1, SEG(4), 0);
	in("A", 1, SEG(4), 0);
	in("A", 1, SEG(4), 0);
	out("A", SEG(4), 1, 1000);
}

/* A window update by the peer does not reopen what recovery closed. */
static void recovery_is_not_entered_twice(void)
{
	at(CN_ESTABLISHED);
	n_leave(8);
	in("A", 1, 1, 0);
	in("A", 1, 1, 0);
	in("A", 1, 1, 0);
	out("A", SEG(1), 1, 1000);
	in("A", 1, SEG(3), 0);
	out("A", SEG(3), 1, 1000);
	in("A", 1, SEG(3), 0);
	in("A", 1, SEG(3), 0);
	in("A", 1, SEG(3), 0);
	silent();
	is(t.tcb.cc.ssthresh, 4000);
	is(tcp_mishaps_of(&t.tcb)->fast_recoveries, 1);
}

/* -------------------------------------------------------- controllers -- */

/* MAY-18 */
static void established_controller_can_be_changed(void)
{
	t.set.cc = CN_CC_CUBIC;
	at(CN_ESTABLISHED);
	n_leave(10);
	in("A", 1, SEG(11), 0);
	is(t.tcb.cc.cwnd, 20000);
	is(tcp_set_cc(&t.tcb, CN_CC_RENO, t.now), CN_OK);
	is(t.tcb.cc_kind, CN_CC_RENO);
	is(t.tcb.cc.cwnd, 20000);
	is(t.tcb.cc.ssthresh, UINT32_MAX);
	for (uint32_t i = 0; i < 2; i++) {
		sends(10000);
		for (uint32_t j = 0; j < 10; j++)
			out(j < 9 ? "A" : "PA", SEG(11 + i * 10 + j), 1, 1000);
	}
	in("A", 1, SEG(12), 0);
	in("A", 1, SEG(12), 0);
	in("A", 1, SEG(12), 0);
	in("A", 1, SEG(12), 0);
	out("A", SEG(12), 1, 1000);
	is(t.tcb.cc.ssthresh, 9500);
}

/* RFC 9438 section 4.6: seven tenths. */
static void cubic_gives_up_three_tenths(void)
{
	t.set.cc = CN_CC_CUBIC;
	at(CN_ESTABLISHED);
	n_leave(10);
	in("A", 1, 1, 0);
	in("A", 1, 1, 0);
	in("A", 1, 1, 0);
	out("A", SEG(1), 1, 1000);
	is(t.tcb.cc.cwnd, 7000);
	is(t.tcb.cc.ssthresh, 7000);
}

/* RFC 6675: lost once more while a timeout is being mended. */
static void sack_loss_of_new_data_after_a_timeout(void)
{
	at_established_with_sack();
	n_leave(4);
	after(tcp_deadline(&t.tcb) - t.now);
	out("A", SEG(1), 1, 1000);
	in("A", 1, SEG(4), 0);
	out("PA", SEG(4), 1, 1000);
	t.tcb.cc.cwnd = 20000;
	n_leave(5);
	in("A", 1, SEG(4), 0, .sack = {BLOCK(6, 7)});
	silent();
	in("A", 1, SEG(4), 0, .sack = {BLOCK(6, 8)});
	is(t.tcb.in_loss, true);
	is(tcp_mishaps_of(&t.tcb)->fast_recoveries, 0);
	out("A", SEG(5), 1, 1000);
	silent();
	is(t.tcb.cc.cwnd, 20000);
}

/* However many duplicates there are, the third is the third. */
static void duplicates_without_end_resend_once(void)
{
	at(CN_ESTABLISHED);
	n_leave(4);
	for (int i = 0; i < 600; i++)
		in("A", 1, 1, 0);
	out("A", SEG(1), 1, 1000);
	silent();
	is(tcp_mishaps_of(&t.tcb)->dup_acks_in, 600);
	is(tcp_mishaps_of(&t.tcb)->fast_recoveries, 1);
}

/* What was reneged on can be SACKed anew. */
static void reneging_leaves_the_scoreboard_usable(void)
{
	at_established_with_sack();
	n_leave(4);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 3)});
	in("A", 1, SEG(2), 0);
	after(tcp_deadline(&t.tcb) - t.now);
	out("A", SEG(2), 1, 1000);
	is(t.tcb.sacked, 0);
	is(t.tcb.lost, 3000);
	in("A", 1, SEG(2), 0, .sack = {BLOCK(3, 3)});
	is(t.tcb.sacked, 1000);
	is(t.tcb.lost, 2000);
}

/* A retransmission that timed out as well counts no longer as in flight. */
static void timeout_forgets_what_was_sent_again(void)
{
	at_established_with_sack();
	n_leave(6);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	is(t.tcb.retrans, 1000);
	after(tcp_deadline(&t.tcb) - t.now);
	is(t.tcb.retrans, 0);
	is(t.tcb.lost, 3000);
	out("A", SEG(1), 1, 1000);
	is(t.tcb.retrans, 1000);
	in("A", 1, SEG(5), 0);
	is(t.tcb.retrans, 0);
	is(t.tcb.sacked, 0);
	is(t.tcb.lost, 2000);
}

/* RFC 6582 section 3.2 step 1: recover is the initial sequence number, where
 * we were connected to as well. */
static void established_first_recovery_after_a_passive_open(void)
{
	at_passive(CN_ESTABLISHED);
	n_leave(5);
	for (int i = 0; i < 3; i++)
		in("A", 1, 1, 0);
	out("A", 1, 1, 1000);
	is(t.tcb.in_recovery, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_ten_segments_at_first),
		cmocka_unit_test_rule(established_one_segment_after_a_lost_syn),
		cmocka_unit_test_rule(established_no_initial_window_means_one),
		cmocka_unit_test_rule(slow_start_grows_by_what_is_acknowledged),
		cmocka_unit_test_rule(slow_start_unused_window_does_not_grow),
		cmocka_unit_test_rule(
			slow_start_window_grows_to_twice_the_flight),
		cmocka_unit_test_rule(slow_start_full_window_doubles),
		cmocka_unit_test_rule(avoidance_grows_by_a_segment_a_window),
		cmocka_unit_test_rule(avoidance_unused_window_does_not_grow),
		cmocka_unit_test_rule(
			congestion_window_holds_part_segments_back),
		cmocka_unit_test_rule(sack_of_three_resends_what_is_missing),
		cmocka_unit_test_rule(sack_of_three_in_one_ack),
		cmocka_unit_test_rule(
			sack_in_recovery_lets_new_data_out_by_the_pipe),
		cmocka_unit_test_rule(sack_second_hole_is_the_same_recovery),
		cmocka_unit_test_rule(sack_loss_after_recovery_is_another),
		cmocka_unit_test_rule(sack_of_the_impossible_is_ignored),
		cmocka_unit_test_rule(dsack_marks_nothing),
		cmocka_unit_test_rule(sack_that_was_not_agreed_on_is_ignored),
		cmocka_unit_test_rule(sack_of_an_old_ack_counts),
		cmocka_unit_test_rule(
			sack_timeout_resends_the_holes_in_slow_start),
		cmocka_unit_test_rule(timeout_after_progress_reduces_ssthresh),
		cmocka_unit_test_rule(timeout_in_recovery_resends_all_again),
		cmocka_unit_test_rule(reneging_is_seen_by_the_timer),
		cmocka_unit_test_rule(sack_loss_after_a_timeout_is_no_recovery),
		cmocka_unit_test_rule(sack_fin_is_resent_with_its_data),
		cmocka_unit_test_rule(
			sack_data_without_the_fin_leaves_the_segment),
		cmocka_unit_test_rule(sack_of_reordering_lets_the_window_grow),
		cmocka_unit_test_rule(third_duplicate_ack_resends_the_first),
		cmocka_unit_test_rule(duplicates_count_as_delivered_once),
		cmocka_unit_test_rule(fourth_duplicate_ack_resends_nothing),
		cmocka_unit_test_rule(partial_ack_resends_the_next),
		cmocka_unit_test_rule(ack_with_data_or_window_is_no_duplicate),
		cmocka_unit_test_rule(
			ack_without_data_in_flight_is_no_duplicate),
		cmocka_unit_test_rule(duplicates_before_progress_do_not_count),
		cmocka_unit_test_rule(duplicates_do_not_empty_the_pipe),
		cmocka_unit_test_rule(timeout_resends_all_in_slow_start),
		cmocka_unit_test_rule(
			duplicates_after_a_timeout_resend_nothing),
		cmocka_unit_test_rule(
			duplicates_beyond_the_timeout_count_again),
		cmocka_unit_test_rule(recovery_is_not_entered_twice),
		cmocka_unit_test_rule(established_controller_can_be_changed),
		cmocka_unit_test_rule(cubic_gives_up_three_tenths),
		cmocka_unit_test_rule(sack_loss_of_new_data_after_a_timeout),
		cmocka_unit_test_rule(duplicates_without_end_resend_once),
		cmocka_unit_test_rule(reneging_leaves_the_scoreboard_usable),
		cmocka_unit_test_rule(timeout_forgets_what_was_sent_again),
		cmocka_unit_test_rule(
			established_first_recovery_after_a_passive_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
