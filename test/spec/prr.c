/* SPDX-License-Identifier: MIT */
/* RFC 9937: how much leaves for each ACK of a recovery. */
#include "flight.h"

#include "tcp/busy.h"

static void at_established_with_prr(void)
{
	t.set.recovery = CN_RECOVERY_RACK;
	t.set.prr = true;
	at_established_with_sack();
}

/* Section 6.2: above ssthresh in proportion, here every second segment; and at
 * the end the window is ssthresh. */
static void prr_window_falls_in_proportion(void)
{
	at_established_with_prr();
	n_leave(10);
	sends(10000);
	silent();
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	is(t.tcb.cc.ssthresh, 5000);
	/* 3 of 10 delivered: 1.5 segments. */
	is(t.tcb.cc.cwnd, 7500);
	out("A", SEG(1), 1, 1000);
	silent();
	in("A", 1, 1, 0, .sack = {BLOCK(2, 5)});
	out("A", SEG(11), 1, 1000);
	silent();
	in("A", 1, 1, 0, .sack = {BLOCK(2, 6)});
	silent();
	/* Five are in flight: from here on one goes for each that came. */
	in("A", 1, 1, 0, .sack = {BLOCK(2, 7)});
	silent();
	in("A", 1, 1, 0, .sack = {BLOCK(2, 8)});
	out("A", SEG(12), 1, 1000);
	silent();
	in("A", 1, 1, 0, .sack = {BLOCK(2, 10)});
	out("A", SEG(13), 1, 1000);
	out("A", SEG(14), 1, 1000);
	silent();
	in("A", 1, SEG(11), 0);
	is(t.tcb.in_recovery, false);
	is(t.tcb.cc.cwnd, 5000);
}

/* What is lost goes out again at once, whatever the proportion says. */
static void prr_first_retransmission_does_not_wait(void)
{
	at_established_with_prr();
	t.tcb.cc.ssthresh = 10000;
	n_leave(10);
	after(RTT / 2);
	t.tcb.cc.cwnd = 11000;
	n_leave(1);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(11, 11)});
	out("A", SEG(1), 1, 1000);
	silent();
}

/* ... which, where the proportion is nought since nothing was delivered (time
 * alone has shown the loss), is a whole segment more than the pipe. */
static void prr_forces_the_first_retransmission(void)
{
	t.set.recovery = CN_RECOVERY_RACK | CN_RECOVERY_NO_DUPTHRESH;
	t.set.prr = true;
	at_established_with_sack();
	n_leave(10);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	silent();
	after(RTT / 4 + CN_NS_PER_US);
	is(t.tcb.in_recovery, true);
	is(t.tcb.cc.ssthresh, 5000);
	/* Ten in flight, three SACKed, one lost. */
	is(t.tcb.cc.cwnd, 6000 + 1000);
	out("A", SEG(1), 1, 1000);
	silent();
}

/* Section 6.2: what was delivered may go out, but never more than brings the
 * pipe up to ssthresh. */
static void prr_stops_at_ssthresh(void)
{
	at_established_with_prr();
	n_leave(10);
	sends(10000);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	silent();
	/* Four more at once: of ten in flight seven have arrived and one was
	 * sent again, six more were delivered than sent; five are ssthresh. */
	in("A", 1, 1, 0, .sack = {BLOCK(2, 8)});
	is(t.tcb.cc.cwnd, 5000);
	out("A", SEG(11), 1, 1000);
	out("A", SEG(12), 1, 1000);
	silent();
}

/* Section 6.2, below ssthresh: as much leaves as was delivered, and one segment
 * more for an ACK that tells of no further loss; not for one that does. */
static void prr_many_losses_rise_to_ssthresh(void)
{
	at_established_with_prr();
	n_leave(10);
	sends(10000);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(8, 10)});
	/* pipe is 0: three segments delivered, three go. */
	out("A", SEG(1), 1, 1000);
	out("A", SEG(2), 1, 1000);
	out("A", SEG(3), 1, 1000);
	silent();
	after(RTT);
	in("A", 1, SEG(2), 0, .sack = {BLOCK(8, 10)});
	out("A", SEG(4), 1, 1000);
	out("A", SEG(5), 1, 1000);
	silent();
	in("A", 1, SEG(3), 0, .sack = {BLOCK(8, 10)});
	out("A", SEG(6), 1, 1000);
	out("A", SEG(7), 1, 1000);
	silent();
	is(t.tcb.cc.cwnd <= t.tcb.cc.ssthresh, true);
}

/* Row 28 of the attacks: an ACK cut in pieces clocks out no more octets. */
static void prr_counts_octets_and_not_acks(void)
{
	at_established_with_prr();
	n_leave(10);
	sends(10000);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 10)});
	out("A", SEG(1), 1, 1000);
	for (uint32_t i = 11; i <= 14; i++)
		out("A", SEG(i), 1, 1000);
	for (int i = 0; i < 50; i++)
		in("A", 1, 1, 0, .sack = {BLOCK(2, 10)});
	silent();
	after(RTT);
	for (int i = 1; i <= 9; i++)
		in("A", 1, 1 + i * 100, 0, .sack = {BLOCK(2, 10)});
	silent();
	is(t.tcb.cc.cwnd, 5000);
}

/* Section 6.1: what was SACKed before the recovery began is no part of it. */
static void prr_counts_what_the_recovery_delivers(void)
{
	t.set.recovery = CN_RECOVERY_RACK | CN_RECOVERY_NO_DUPTHRESH;
	t.set.prr = true;
	at_established_with_sack();
	n_leave(10);
	sends(10000);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 5)});
	for (uint32_t i = 11; i <= 14; i++)
		out("A", SEG(i), 1, 1000);
	silent();
	after(RTT / 4 + CN_NS_PER_US);
	out("A", SEG(1), 1, 1000);
	/* 14 in flight, 4 of them SACKed. */
	is(t.tcb.busy->rec.prr_fs, 10000);
}

/* Without memory for its state the window falls at once (RFC 6675). */
static void prr_without_memory_falls_at_once(void)
{
	void *block;

	at_established_with_prr();
	n_leave(10);
	after(RTT);
	block = loses_busy();
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	is(t.tcb.cc.cwnd, 5000);
	out("A", SEG(1), 1, 1000);
	silent();
	finds_busy(block);
}

/* RFC 3042: the first segments that arrive out of order clock out new ones,
 * before anything is taken for lost. */
static void limited_transmit_keeps_a_small_window_alive(void)
{
	t.set.recovery = CN_RECOVERY_RACK | CN_RECOVERY_NO_DUPTHRESH;
	at_established_with_sack();
	t.tcb.cc.cwnd = 3000;
	sends(6000);
	for (uint32_t i = 1; i <= 3; i++)
		out("A", SEG(i), 1, 1000);
	silent();
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 2)});
	out("A", SEG(4), 1, 1000);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 3)});
	out("A", SEG(5), 1, 1000);
	silent();
}

static void limited_transmit_without_sack(void)
{
	at(CN_ESTABLISHED);
	t.tcb.cc.cwnd = 3000;
	sends(6000);
	for (uint32_t i = 1; i <= 3; i++)
		out("A", SEG(i), 1, 1000);
	silent();
	in("A", 1, 1, 0);
	out("A", SEG(4), 1, 1000);
	in("A", 1, 1, 0);
	out("A", SEG(5), 1, 1000);
	silent();
	is(t.tcb.cc.cwnd, 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(prr_window_falls_in_proportion),
		cmocka_unit_test_rule(prr_first_retransmission_does_not_wait),
		cmocka_unit_test_rule(prr_forces_the_first_retransmission),
		cmocka_unit_test_rule(prr_stops_at_ssthresh),
		cmocka_unit_test_rule(prr_many_losses_rise_to_ssthresh),
		cmocka_unit_test_rule(prr_counts_octets_and_not_acks),
		cmocka_unit_test_rule(prr_counts_what_the_recovery_delivers),
		cmocka_unit_test_rule(prr_without_memory_falls_at_once),
		cmocka_unit_test_rule(
			limited_transmit_keeps_a_small_window_alive),
		cmocka_unit_test_rule(limited_transmit_without_sack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
