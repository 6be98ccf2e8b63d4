/* SPDX-License-Identifier: MIT */
/* RFC 3522, RFC 3708, RFC 4015 and RFC 5682: what was reduced for nothing is
 * taken back. */
#include "flight.h"

#include "tcp/busy.h"

static void at_established_with_undo(void)
{
	t.set.recovery = CN_RECOVERY_RACK;
	t.set.prr = true;
	at_established_with_sack();
}

static void at_established_with_timestamps(void)
{
	t.set.timestamps = true;
	t.peer.ts = 1000;
	/* 12 octets are for the timestamps. */
	t.peer.mss = PEER_MSS + 12;
	at_established_with_undo();
}

static void at_established_with_frto(void)
{
	t.set.frto = 2;
	at_established_with_undo();
}

/* ------------------------------------------------------- fast recovery -- */

/* RFC 3708: everything that was sent again came twice. */
static void dsack_for_all_sent_again_undoes(void)
{
	at_established_with_undo();
	n_leave(10);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	is(t.tcb.cc.ssthresh, 5000);
	in("A", 1, SEG(5), 0);
	silent();
	is(t.tcb.in_recovery, true);
	in("A", 1, SEG(5), 0, .sack = {BLOCK(1, 1)});
	is(t.tcb.in_recovery, false);
	is(t.tcb.cc.cwnd, 10000);
	is(t.tcb.cc.ssthresh, UINT32_MAX);
	is(t.count.tcp_dsack_undo, 1);
}

/* ... one of two did not: the loss was real. */
static void dsack_for_some_undoes_nothing(void)
{
	at_established_with_undo();
	n_leave(10);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(3, 7)});
	out("A", SEG(1), 1, 1000);
	out("A", SEG(2), 1, 1000);
	in("A", 1, SEG(8), 0);
	in("A", 1, SEG(8), 0, .sack = {BLOCK(1, 1)});
	is(t.tcb.in_recovery, true);
	is(t.tcb.cc.ssthresh, 5000);
}

/* Row 31 of the attacks: a reduction is undone once, and D-SACKs beyond what
 * was sent again count for nothing. */
static void dsack_without_end_undoes_once(void)
{
	at_established_with_undo();
	n_leave(10);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	in("A", 1, SEG(5), 0, .sack = {BLOCK(1, 1)});
	is(t.count.tcp_dsack_undo, 1);
	after(MS);
	in("A", 1, SEG(5), 0, .sack = {BLOCK(7, 10)});
	after(RTT);
	is(t.tcb.in_recovery, true);
	for (int i = 0; i < 20; i++)
		in("A", 1, SEG(5), 0, .sack = {BLOCK(1, 1), BLOCK(7, 10)});
	is(t.count.tcp_dsack_undo, 1);
	is(t.tcb.in_recovery, true);
}

/* RFC 3522 section 3.2: the ACK that ends it echoes a timestamp from before
 * anything was sent again. */
static void older_timestamp_undoes(void)
{
	uint32_t echo;

	at_established_with_timestamps();
	n_leave(10);
	echo = t.ts_echo;
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)}, .tsecr = echo);
	out("A", SEG(1), 1, 1000, .any_options = true);
	after(MS);
	in("A", 1, SEG(11), 0, .tsecr = echo);
	is(t.tcb.in_recovery, false);
	is(t.tcb.cc.cwnd >= 10000, true);
	is(t.count.tcp_ts_undo, 1);
}

static void newer_timestamp_does_not(void)
{
	uint32_t echo;

	at_established_with_timestamps();
	n_leave(10);
	echo = t.ts_echo;
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)}, .tsecr = echo);
	out("A", SEG(1), 1, 1000, .any_options = true);
	after(RTT);
	in("A", 1, SEG(11), 0);
	is(t.tcb.in_recovery, false);
	is(t.tcb.cc.cwnd, 5000);
	is(t.count.tcp_ts_undo, 0);
}

/* What is taken back is not lost any more: nothing more goes out again. */
static void undone_losses_are_not_sent_again(void)
{
	uint32_t echo;

	at_established_with_timestamps();
	n_leave(10);
	echo = t.ts_echo;
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(6, 8)}, .tsecr = echo);
	out("A", SEG(1), 1, 1000, .any_options = true);
	out("A", SEG(2), 1, 1000, .any_options = true);
	out("A", SEG(3), 1, 1000, .any_options = true);
	silent();
	is(t.tcb.lost, 5000);
	after(MS);
	in("A", 1, SEG(4), 0, .sack = {BLOCK(6, 8)}, .tsecr = echo);
	is(t.tcb.in_recovery, false);
	is(t.tcb.lost, 0);
	silent();
}

/* ------------------------------------------------------------- timeouts -- */

/* RFC 5682 section 3.1, step 3b: an ACK of more than was sent again tells that
 * the path was slow. */
static void spurious_timeout_is_taken_back(void)
{
	at_established_with_frto();
	n_leave(5);
	after(RTO);
	out("A", SEG(1), 1, 1000);
	silent();
	is(t.tcb.in_loss, true);
	is(t.tcb.cc.cwnd, 1000);
	in("A", 1, SEG(4), 0);
	is(t.tcb.in_loss, false);
	is(t.tcb.cc.cwnd >= 10000, true);
	is(t.tcb.cc.ssthresh, UINT32_MAX);
	is(t.count.tcp_spurious_rtos, 1);
	silent();
}

/* Step 2b: the ACK covers only what was sent again: two new segments go, and
 * nothing else again, until they tell. */
static void frto_asks_by_new_data(void)
{
	at_established_with_frto();
	n_leave(5);
	after(RTO);
	out("A", SEG(1), 1, 1000);
	sends(5000);
	silent();
	in("A", 1, SEG(2), 0);
	out("A", SEG(6), 1, 1000);
	out("A", SEG(7), 1, 1000);
	silent();
	/* Step 3b: the original of the second segment. */
	in("A", 1, SEG(3), 0);
	is(t.tcb.in_loss, false);
	is(t.count.tcp_spurious_rtos, 1);
}

/* Step 3a: they came, and left a gap behind: the loss was real. */
static void frto_finds_a_real_loss(void)
{
	at_established_with_frto();
	n_leave(5);
	after(RTO);
	out("A", SEG(1), 1, 1000);
	sends(5000);
	in("A", 1, SEG(2), 0);
	out("A", SEG(6), 1, 1000);
	out("A", SEG(7), 1, 1000);
	silent();
	after(RTT);
	in("A", 1, SEG(2), 0, .sack = {BLOCK(6, 6)});
	is(t.tcb.in_loss, true);
	out("A", SEG(2), 1, 1000);
	is(t.count.tcp_spurious_rtos, 0);
	/* Then an original that comes late changes nothing. */
	after(RTT);
	in("A", 1, SEG(4), 0, .sack = {BLOCK(6, 7)});
	is(t.tcb.in_loss || t.tcb.in_recovery, true);
	is(t.count.tcp_spurious_rtos, 0);
}

/* Without new data there is nobody to ask: the rest goes out again. */
static void five_time_out_unasked(void)
{
	at_established_with_frto();
	n_leave(5);
	after(RTO);
	out("A", SEG(1), 1, 1000);
	in("A", 1, SEG(2), 0);
	out("A", SEG(2), 1, 1000);
	out("A", SEG(3), 1, 1000);
}

static void frto_without_new_data_resends(void)
{
	five_time_out_unasked();
	silent();
}

/* Nor is there where the peer's window takes no more: new data that may not
 * leave hold nothing back. */
static void frto_without_window_resends(void)
{
	at_established_with_frto();
	n_leave(5);
	sends(5000);
	for (uint32_t i = 6; i <= 10; i++)
		out(i < 10 ? "A" : "PA", SEG(i), 1, 1000);
	sends(5000);
	silent();
	after(RTO);
	out("A", SEG(1), 1, 1000);
	in("A", 1, SEG(2), 0, 9000);
	out("A", SEG(2), 1, 1000);
	out("A", SEG(3), 1, 1000);
	silent();
}

/* RFC 5682 section 3.1 step 2: duplicates that come before anything new is
 * acknowledged decide nothing. */
static void frto_waits_for_what_is_new(void)
{
	at_established_with_frto();
	n_leave(5);
	after(RTO);
	out("A", SEG(1), 1, 1000);
	in("A", 1, 1, 0);
	silent();
	is(t.tcb.in_loss, true);
	in("A", 1, SEG(4), 0);
	is(t.tcb.in_loss, false);
	is(t.count.tcp_spurious_rtos, 1);
}

/* Where nothing new can be sent the question is not put (step 2b), and an
 * original that comes late is no answer to it: conventional recovery. */
static void frto_not_asked_is_not_answered(void)
{
	five_time_out_unasked();
	after(RTT);
	in("A", 1, SEG(5), 0);
	is(t.tcb.in_loss, true);
	is(t.count.tcp_spurious_rtos, 0);
	is(t.tcb.cc.ssthresh, 2500);
	out("PA", SEG(5), 1, 1000);
	silent();
}

static void frto_can_be_switched_off(void)
{
	t.set.frto = 0;
	at_established_with_undo();
	n_leave(5);
	after(RTO);
	out("A", SEG(1), 1, 1000);
	in("A", 1, SEG(4), 0);
	is(t.tcb.in_loss, true);
	is(t.count.tcp_spurious_rtos, 0);
}

/* RFC 4015: the timestamp of the original tells of a spurious timeout, too. */
static void older_timestamp_undoes_a_timeout(void)
{
	uint32_t echo;

	at_established_with_timestamps();
	n_leave(5);
	echo = t.ts_echo;
	after(RTO);
	out("A", SEG(1), 1, 1000, .any_options = true);
	in("A", 1, SEG(2), 0, .tsecr = echo);
	is(t.tcb.in_loss, false);
	is(t.tcb.lost, 0);
	is(t.count.tcp_ts_undo, 1);
	is(t.count.tcp_spurious_rtos, 1);
	silent();
}

/* RFC 8985 section 6.3: what left less than a round trip before the timeout is
 * not lost for it. */
static void timeout_spares_what_has_just_left(void)
{
	at_established_with_undo();
	n_leave(2);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 2)});
	after(RTT / 4 + CN_NS_PER_US);
	out("A", SEG(1), 1, 1000);
	after(RTO - MS);
	t.tcb.cc.cwnd = 10000;
	n_leave(1);
	after(MS);
	out("A", SEG(1), 1, 1000);
	is(t.tcb.in_loss, true);
	is(t.tcb.lost, 1000);
}

/* ------------------------------------------------------------- reneging -- */

/* RFC 2018 section 8: what is SACKed at the left edge and yet not acknowledged
 * was thrown away; Linux waits half a round trip for better news. */
static void reneging_is_noticed_at_the_left_edge(void)
{
	at_established_with_undo();
	n_leave(5);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	after(RTT);
	in("A", 1, SEG(2), 0);
	deadline(RTT / 2);
	after(RTT / 2);
	out("A", SEG(2), 1, 1000);
	is(t.tcb.sacked, 0);
	is(t.count.tcp_sack_reneging, 1);
	after(RTT);
	in("A", 1, SEG(6), 0);
	is(t.tcb.sent == NULL, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(dsack_for_all_sent_again_undoes),
		cmocka_unit_test_rule(dsack_for_some_undoes_nothing),
		cmocka_unit_test_rule(dsack_without_end_undoes_once),
		cmocka_unit_test_rule(older_timestamp_undoes),
		cmocka_unit_test_rule(newer_timestamp_does_not),
		cmocka_unit_test_rule(undone_losses_are_not_sent_again),
		cmocka_unit_test_rule(spurious_timeout_is_taken_back),
		cmocka_unit_test_rule(frto_asks_by_new_data),
		cmocka_unit_test_rule(frto_finds_a_real_loss),
		cmocka_unit_test_rule(frto_without_new_data_resends),
		cmocka_unit_test_rule(frto_without_window_resends),
		cmocka_unit_test_rule(frto_waits_for_what_is_new),
		cmocka_unit_test_rule(frto_not_asked_is_not_answered),
		cmocka_unit_test_rule(frto_can_be_switched_off),
		cmocka_unit_test_rule(older_timestamp_undoes_a_timeout),
		cmocka_unit_test_rule(timeout_spares_what_has_just_left),
		cmocka_unit_test_rule(reneging_is_noticed_at_the_left_edge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
