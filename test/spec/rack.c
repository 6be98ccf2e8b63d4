/* SPDX-License-Identifier: MIT */
/* RFC 8985: what is lost is told by time (RACK), and a tail is probed (TLP).
 * Segments leave at the same instant unless a test lets time pass. */
#include "flight.h"

#include "tcp/busy.h"
#include "tcp/rack.h"
#include "tcp/timeout.h"

static void at_established_with_rack(void)
{
	t.set.recovery = CN_RECOVERY_RACK;
	at_established_with_sack();
}

static void at_established_with_tlp(void)
{
	t.set.early_retrans = CN_EARLY_TLP;
	at_established_with_rack();
}

#define REO_WND (RTT / 4)
#define GRAIN (CN_NS_PER_US) /* the clock's */

/* ----------------------------------------------------------- detection -- */

/* Section 6.2 step 4: a quarter of the smallest RTT for what was overtaken. */
static void rack_waits_for_reordering(void)
{
	at_established_with_rack();
	n_leave(5);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 2)});
	silent();
	deadline(REO_WND + GRAIN);
	in("A", 1, SEG(3), 0);
	silent();
	is(t.tcb.lost, 0);
	is(t.tcb.busy->rec.reordered, true);
}

static void rack_waits_no_longer_than_that(void)
{
	at_established_with_rack();
	n_leave(5);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 2)});
	after(REO_WND + GRAIN);
	out("A", SEG(1), 1, 1000);
	silent();
	is(t.tcb.in_recovery, true);
	is(t.count.tcp_sack_recovery, 1);
}

/* The RFC's step 4 with Linux's reading: three segments end the wait. */
static void rack_three_sacked_end_the_wait(void)
{
	at_established_with_rack();
	n_leave(5);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 2)});
	silent();
	in("A", 1, 1, 0, .sack = {BLOCK(2, 3)});
	silent();
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	silent();
}

static void rack_without_a_threshold_waits_all_the_same(void)
{
	t.set.recovery = CN_RECOVERY_RACK | CN_RECOVERY_NO_DUPTHRESH;
	at_established_with_sack();
	n_leave(5);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 5)});
	silent();
	deadline(REO_WND + GRAIN);
}

/* What was sent much earlier needs no window: a flow too thin for three
 * duplicates does not wait. */
static void rack_thin_flow_does_not_wait(void)
{
	at_established_with_rack();
	n_leave(1);
	after(RTT / 2);
	n_leave(1);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 2)});
	out("A", SEG(1), 1, 1000);
	silent();
}

/* What was sent after the delivered one is not judged. */
static void rack_judges_what_was_sent_before(void)
{
	at_established_with_rack();
	n_leave(6);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	is(t.tcb.lost, 1000);
	in("A", 1, 1, 0, .sack = {BLOCK(6, 6), BLOCK(2, 4)});
	out("A", SEG(5), 1, 1000);
	silent();
}

/* Section 6.2 step 5: a retransmission that is lost is found by what was sent
 * after it, without a timeout. */
static void rack_finds_a_lost_retransmission(void)
{
	at_established_with_rack();
	n_leave(4);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	after(5 * MS);
	n_leave(1);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 5)});
	out("A", SEG(1), 1, 1000);
	silent();
	is(t.count.tcp_lost_retransmit, 1);
	is(t.tcb.retrans, 1000);
	is(t.count.tcp_rto_fired, 0);
}

/* Section 6.2 step 2: an ACK faster than any round trip is the original's. */
static void rack_original_does_not_count_as_retransmission(void)
{
	at_established_with_rack();
	n_leave(4);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	n_leave(1);
	after(RTT / 2);
	in("A", 1, SEG(5), 0);
	is(t.tcb.busy->rec.rack_end - t.iss, SEG(5));
	is(t.tcb.busy->rec.rack_rtt_us, RTT / CN_NS_PER_US);
	silent();
}

/* The timeout that RACK's timer stood before is not put off by it. */
/* ... and one of several that left one after another, by the last of them. */
static void rack_finds_a_lost_retransmission_among_others(void)
{
	t.set.prr = true;
	at_established_with_rack();
	n_leave(10);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(5, 5)});
	in("A", 1, 1, 0, .sack = {BLOCK(5, 6)});
	for (uint32_t i = 1; i <= 4; i++) {
		in("A", 1, 1, 0, .sack = {BLOCK(5, 6 + i)});
		out("A", SEG(i), 1, 1000);
		silent();
		after(2 * MS);
	}
	after(RTT);
	in("A", 1, SEG(2), 0, .sack = {BLOCK(5, 10)});
	silent();
	in("A", 1, SEG(2), 0, .sack = {BLOCK(3, 10)});
	out("A", SEG(2), 1, 1000);
	silent();
	is(t.count.tcp_lost_retransmit, 1);
}

/* Step 2: a retransmission fills the hole, and the ACK takes an original that
 * had waited behind it: RACK.rtt is the original's, and what was sent with it
 * is given its time. */
static void rack_rtt_is_that_of_the_last_delivered(void)
{
	t.set.prr = true;
	at_established_with_rack();
	n_leave(10);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 2)});
	in("A", 1, 1, 0, .sack = {BLOCK(2, 3)});
	silent();
	in("A", 1, 1, 0, .sack = {BLOCK(9, 9), BLOCK(2, 3)});
	out("A", SEG(1), 1, 1000);
	silent();
	is(t.tcb.lost, 6000);
	after(RTT + 2 * MS);
	in("A", 1, SEG(5), 0, .sack = {BLOCK(9, 9)});
	is(t.tcb.busy->rec.rack_rtt_us, (2 * RTT + 2 * MS) / 1000);
	is(t.tcb.lost, 4000);
	for (uint32_t i = 5; i <= 7; i++)
		out("A", SEG(i), 1, 1000);
	silent();
}

/* An ACK that delivers nothing tells of no loss: or a receiver that drops what
 * is sent again has it at once, again and again. */
static void rack_duplicate_without_news_loses_nothing(void)
{
	at_established_with_rack();
	n_leave(5);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	silent();
	for (uint32_t i = 0; i < 5; i++)
		in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	silent();
	is(t.count.tcp_lost_retransmit, 0);
}

static void rack_timer_does_not_move_the_timeout(void)
{
	t.set.recovery = CN_RECOVERY_RACK | CN_RECOVERY_NO_DUPTHRESH;
	at_established_with_sack();
	n_leave(2);
	after(RTO - REO_WND / 2);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 2)});
	deadline(REO_WND / 2);
	is(t.tcb.rexmit_kind, TCP_REXMIT_RTO);
}

/* Switched off, three segments decide (RFC 6675), whatever the time. */
static void rack_switched_off_is_rfc_6675(void)
{
	t.set.recovery = 0;
	at_established_with_sack();
	n_leave(1);
	after(RTT / 2);
	n_leave(3);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 3)});
	silent();
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	silent();
}

/* Without memory for RACK's state it is RFC 6675, too, and nothing fails. */
static void rack_without_memory_is_rfc_6675(void)
{
	void *block;

	at_established_with_rack();
	n_leave(5);
	block = loses_busy();
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 2)});
	silent();
	deadline(RTO - RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	silent();
	finds_busy(block);
	in("A", 1, SEG(6), 0);
	is(t.tcb.in_recovery, false);
}

/* ---------------------------------------------------------- adaptation -- */

/* A hole that fills by itself is reordering: then three segments end no wait
 * any more, not even in recovery. */
static void reordering_is_given_time_once_seen(void)
{
	at_established_with_rack();
	n_leave(5);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 2)});
	in("A", 1, SEG(6), 0);
	is(t.count.tcp_sack_reorder, 1);
	n_leave(5);
	after(RTT);
	in("A", 1, SEG(6), 0, .sack = {BLOCK(7, 10)});
	silent();
	deadline(REO_WND + GRAIN);
}

/* Section 6.2 step 4: a D-SACK widens the window by a quarter, once a round
 * trip, and to no more than SRTT. */
static void dsack_widens_the_window(void)
{
	at_established_with_rack();
	t.tcb.cc.cwnd = 100000;
	n_leave(10);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 2)});
	in("A", 1, SEG(3), 0);
	in("A", 1, SEG(3), 0, .sack = {BLOCK(4, 4)});
	is(rack_reo_wnd(&t.tcb), REO_WND / CN_NS_PER_US);
	after(REO_WND + GRAIN);
	out("A", SEG(3), 1, 1000);
	t.tcb.stat.segs_retransmitted++;
	in("A", 1, SEG(5), 0, .sack = {BLOCK(3, 3)});
	is(rack_reo_wnd(&t.tcb), 2 * REO_WND / CN_NS_PER_US);
	/* For sixteen recoveries, of which this one was the first. */
	is(t.tcb.busy->rec.reo_persist, 15);
	/* The same round trip: it counts once. */
	in("A", 1, SEG(5), 0, .sack = {BLOCK(4, 4)});
	is(rack_reo_wnd(&t.tcb), 2 * REO_WND / CN_NS_PER_US);
	t.tcb.busy->rec.reo_more = 200;
	is(rack_reo_wnd(&t.tcb), t.tcb.rtt.srtt_us);
}

/* Row 31 of the attacks: D-SACKs where nothing was reordered, or for what was
 * never sent again, widen nothing. */
static void false_dsack_widens_nothing(void)
{
	at_established_with_rack();
	n_leave(3);
	after(RTT);
	in("A", 1, SEG(3), 0, .sack = {BLOCK(1, 1)});
	is(t.tcb.busy->rec.reo_more, 0);
	is(t.count.tcp_dsack_recv, 1);
	in("A", 1, SEG(4), 0);
	is(t.tcb.busy == NULL, true);
}

/* Sixteen recoveries without a D-SACK make the window narrow again. */
static void window_narrows_after_sixteen_recoveries(void)
{
	at_established_with_rack();
	t.tcb.cc.ssthresh = 10000;
	n_leave(2);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 2)});
	in("A", 1, SEG(3), 0);
	t.tcb.busy->rec.reo_more = 1;
	t.tcb.busy->rec.reo_persist = 16;
	for (uint32_t i = 1; i <= 16; i++) {
		uint32_t from = 2 + (i - 1) * 2;

		is(t.tcb.busy->rec.reo_more, 1);
		t.tcb.cc.cwnd = 10000;
		n_leave(2);
		after(RTT);
		in("A", 1, SEG(from + 1), 0,
		   .sack = {BLOCK(from + 2, from + 2)});
		after(2 * REO_WND + GRAIN);
		out("A", SEG(from + 1), 1, 1000);
		after(RTT);
		in("A", 1, SEG(from + 3), 0);
	}
	is(t.tcb.busy->rec.reo_more, 0);
}

/* ------------------------------------------------------------------ TLP -- */

/* Section 7.2: two round trips after the last transmission; Linux adds two
 * ticks. */
#define PTO (2 * RTT + 2 * MS)

static void tlp_sends_the_last_segment_again(void)
{
	at_established_with_tlp();
	n_leave(3);
	deadline(PTO);
	after(PTO);
	out("PA", SEG(3), 1, 1000);
	silent();
	is(t.count.tcp_loss_probes, 1);
	/* Section 7.3: the timeout begins anew. */
	deadline(RTO);
	is(t.tcb.rexmit_kind, TCP_REXMIT_RTO);
}

static void tlp_prefers_new_data(void)
{
	at_established_with_tlp();
	t.tcb.cc.cwnd = 3000;
	sends(5000);
	for (uint32_t i = 1; i <= 3; i++)
		out("A", SEG(i), 1, 1000);
	silent();
	after(PTO);
	out("A", SEG(4), 1, 1000);
	silent();
	is(t.tcb.tlp_out, true);
	/* It was new: no loss to answer for. */
	in("A", 1, SEG(5), 0);
	is(t.tcb.tlp_out, false);
	is(t.count.tcp_loss_probe_recovery, 0);
}

/* The ACK of a single segment may be held back. */
static void tlp_single_segment_waits_for_a_delayed_ack(void)
{
	at_established_with_tlp();
	n_leave(1);
	/* 2 RTT + 200 ms; but the timeout would come before, in the place of
	 * which it is sent. */
	deadline(RTO);
	is(t.tcb.rexmit_kind, TCP_REXMIT_TLP);
	after(RTO);
	out("PA", SEG(1), 1, 1000);
	is(t.tcb.in_loss, false);
	is(t.tcb.cc.cwnd, 10000);
	/* Then the timeout does. */
	deadline(RTO);
	after(RTO);
	out("PA", SEG(1), 1, 1000);
	is(t.tcb.in_loss, true);
}

static void tlp_is_put_off_by_new_data_and_acks(void)
{
	at_established_with_tlp();
	n_leave(2);
	after(RTT / 2);
	n_leave(1);
	deadline(PTO);
	after(RTT / 2);
	in("A", 1, SEG(2), 0);
	deadline(PTO);
}

/* Section 7.3: while one is out there is no other. */
static void tlp_is_one_at_a_time(void)
{
	at_established_with_tlp();
	n_leave(3);
	after(PTO);
	out("PA", SEG(3), 1, 1000);
	silent();
	in("A", 1, SEG(2), 0);
	silent();
	is(t.tcb.rexmit_kind, TCP_REXMIT_TLP);
	t.now = tcp_deadline(&t.tcb);
	tcp_advance(&t.tcb, t.now);
	silent();
	is(t.count.tcp_loss_probes, 1);
}

/* Section 7.4.2: the tail was lost: so was capacity. */
static void tlp_that_fills_a_hole_reduces_the_window(void)
{
	at_established_with_tlp();
	n_leave(3);
	after(RTT);
	in("A", 1, SEG(3), 0);
	after(2 * RTT + RTO - RTT - RTT);
	out("PA", SEG(3), 1, 1000);
	is(t.tcb.cc.cwnd, 10000);
	after(RTT);
	in("A", 1, SEG(4), 0);
	silent();
	/* The flight ended with the probe: what more is acknowledged tells. */
	is(t.tcb.tlp_out, true);
	n_leave(1);
	after(RTT);
	in("A", 1, SEG(5), 0);
	is(t.count.tcp_loss_probe_recovery, 1);
	is(t.tcb.tlp_out, false);
	is(t.tcb.cc.ssthresh < 10000, true);
}

/* ... and a D-SACK says that it was not. */
static void tlp_that_came_twice_reduces_nothing(void)
{
	at_established_with_tlp();
	n_leave(3);
	after(PTO);
	out("PA", SEG(3), 1, 1000);
	in("A", 1, SEG(4), 0);
	in("A", 1, SEG(4), 0, .sack = {BLOCK(3, 3)});
	is(t.count.tcp_loss_probe_recovery, 0);
	n_leave(1);
	after(RTT);
	in("A", 1, SEG(5), 0);
	is(t.count.tcp_loss_probe_recovery, 0);
	is(t.tcb.cc.cwnd, 10000);
}

/* The probe makes the receiver tell of the holes before it, and RACK fills
 * them: a whole tail is repaired without a timeout. */
static void tlp_and_rack_repair_a_lost_tail(void)
{
	at_established_with_tlp();
	n_leave(5);
	after(RTT);
	in("A", 1, SEG(2), 0);
	after(PTO);
	out("PA", SEG(5), 1, 1000);
	after(RTT);
	in("A", 1, SEG(2), 0, .sack = {BLOCK(5, 5)});
	out("A", SEG(2), 1, 1000);
	out("A", SEG(3), 1, 1000);
	silent();
	in("A", 1, SEG(3), 0, .sack = {BLOCK(5, 5)});
	out("A", SEG(4), 1, 1000);
	in("A", 1, SEG(6), 0);
	is(t.count.tcp_rto_fired, 0);
	is(t.tcb.in_recovery, false);
}

/* Section 7.2: not where SACKs tell, nor in recovery, nor without SACK. */
static void tlp_is_not_sent_where_sacks_tell(void)
{
	at_established_with_tlp();
	n_leave(5);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	is(t.tcb.rexmit_kind, TCP_REXMIT_RTO);
}

static void tlp_is_not_sent_without_sack(void)
{
	t.set.early_retrans = CN_EARLY_TLP;
	t.set.recovery = CN_RECOVERY_RACK;
	at(CN_ESTABLISHED);
	n_leave(3);
	deadline(RTO);
}

static void tlp_can_be_switched_off(void)
{
	at_established_with_rack();
	n_leave(3);
	deadline(RTO);
}

static void tlp_without_memory_leaves_it_to_the_timeout(void)
{
	void *block;

	at_established_with_tlp();
	n_leave(3);
	block = loses_busy();
	after(PTO);
	silent();
	deadline(RTO);
	finds_busy(block);
	after(RTO);
	out("A", SEG(1), 1, 1000);
}

/* A FIN at the tail is probed for with its data. */
static void tlp_bears_the_fin(void)
{
	at_established_with_tlp();
	sends(2000);
	closes();
	out("A", SEG(1), 1, 1000);
	out("FPA", SEG(2), 1, 1000);
	after(PTO);
	out("FPA", SEG(2), 1, 1000);
	silent();
}

/* It waits for its turn on the link, and meanwhile all is acknowledged. */
static void tlp_that_an_ack_forestalls_is_not_sent(void)
{
	at_established_with_tlp();
	n_leave(3);
	t.now += PTO;
	tcp_advance(&t.tcb, t.now);
	is(tcp_has_output(&t.tcb, t.now), true);
	in("A", 1, SEG(4), 0);
	is(tcp_has_output(&t.tcb, t.now), false);
	/* Nor is what comes next taken for it. */
	sends(10);
	out("PA", SEG(4), 1, 10);
	silent();
	is(t.count.tcp_loss_probes, 0);
	is(t.tcb.tlp_out, false);
}

/* ------------------------------------------------------------- instants -- */

static void leaves_unseen(void)
{
	struct tcp_seg seg;

	while (spec_emit(&seg))
		spec_release(&seg);
}

/* Microseconds modulo 2^32 tell 35 minutes before from after. */
static void rack_instants_do_not_age(void)
{
	at_established_with_rack();
	n_leave(3);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 2)});
	in("A", 1, SEG(4), 0);
	is(t.tcb.busy->rec.rack_has, true);
	/* Somebody does not read, so that the connection is never at rest. */
	in("PA", 1, SEG(4), 10);
	leaves_unseen();
	t.now += 40 * 60 * SEC;
	tcp_advance(&t.tcb, t.now);
	sends(3000);
	leaves_unseen();
	t.now += RTT / 2;
	sends(1000);
	leaves_unseen();
	t.now += RTT / 2;
	in("A", 11, SEG(4), 0, .sack = {BLOCK(5, 5)});
	is(t.tcb.busy->rec.rack_us, (uint32_t)((t.now - RTT) / CN_NS_PER_US));
	is(t.tcb.busy->rec.rack_end - t.iss, SEG(6));
	/* What was sent half a round trip later is not lost. */
	after(REO_WND + GRAIN);
	is(t.tcb.lost, 1000);
}

/* A timeout that finds a part of a record sent again of late leaves it to RACK
 * to judge the rest. */
static void rack_judges_the_rest_of_a_record_after_a_timeout(void)
{
	at_established_with_rack();
	n_leave(8);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	silent();
	after(RTO - 10 * MS);
	in("A", 1, 1, 0, .sack = {BLOCK(6, 6), BLOCK(2, 4)});
	leaves_unseen();
	is(t.tcb.retrans, 2000);
	/* Later than RTO: segment 6 was sent before 1 was again. */
	t.now = t.tcb.rexmit_at;
	tcp_advance(&t.tcb, t.now);
	is(t.tcb.in_loss, true);
	out("A", SEG(1), 1, 1000);
	t.now += RTT;
	in("A", 1, SEG(7), 0);
	is(t.tcb.lost, 2000);
	out("A", SEG(7), 1, 1000);
}

/* As Linux: the oldest segment, sent again, has its whole timeout, though
 * reordering is just given time. */
static void rack_timer_leaves_the_oldest_its_timeout(void)
{
	t.set.recovery = CN_RECOVERY_RACK | CN_RECOVERY_NO_DUPTHRESH;
	at_established_with_sack();
	n_leave(3);
	after(40 * MS);
	n_leave(3);
	after(RTT);
	/* 1 is lost; of 4 that is not sure yet. */
	in("A", 1, 1, 0, .sack = {BLOCK(5, 5)});
	leaves_unseen();
	is(t.tcb.retrans >= 1000, true);
	is(t.tcb.rexmit_kind, TCP_REXMIT_RACK);
	is(t.tcb.busy->rec.rto_at - t.now, timeout_rto(&t.tcb));
}

/* ... and what was sent before that and arrives only now puts it off: the queue
 * has grown, and the answer stands in it. */
static void sacks_of_earlier_segments_put_the_timeout_off(void)
{
	uint64_t until;

	at_established_with_rack();
	n_leave(6);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	after(RTO - 10 * MS);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 5)});
	after(RTO - 10 * MS);
	is(t.count.tcp_rto_fired, 0);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 6)});
	after(RTO - 10 * MS);
	is(t.count.tcp_rto_fired, 0);
	/* Nothing that is older is left: not for ever. */
	until = t.tcb.rexmit_at;
	in("A", 1, 1, 0, .sack = {BLOCK(2, 6)});
	is(t.tcb.rexmit_at, until);
	t.now = until;
	tcp_advance(&t.tcb, t.now);
	is(t.count.tcp_rto_fired, 1);
}

/* RFC 2018 section 8: the patience with a receiver that reneges is its own, and
 * not what reordering has left of its time. */
static void rack_timer_is_not_the_one_for_reneging(void)
{
	at_established_with_rack();
	n_leave(6);
	after(RTT);
	in("A", 1, SEG(2), 0, .sack = {BLOCK(2, 2), BLOCK(4, 4)});
	silent();
	deadline(RTT / 2);
	is(t.tcb.rexmit_kind, TCP_REXMIT_RTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(rack_waits_for_reordering),
		cmocka_unit_test_rule(rack_waits_no_longer_than_that),
		cmocka_unit_test_rule(rack_three_sacked_end_the_wait),
		cmocka_unit_test_rule(
			rack_without_a_threshold_waits_all_the_same),
		cmocka_unit_test_rule(rack_thin_flow_does_not_wait),
		cmocka_unit_test_rule(rack_judges_what_was_sent_before),
		cmocka_unit_test_rule(rack_finds_a_lost_retransmission),
		cmocka_unit_test_rule(
			rack_original_does_not_count_as_retransmission),
		cmocka_unit_test_rule(
			rack_finds_a_lost_retransmission_among_others),
		cmocka_unit_test_rule(rack_rtt_is_that_of_the_last_delivered),
		cmocka_unit_test_rule(
			rack_duplicate_without_news_loses_nothing),
		cmocka_unit_test_rule(rack_timer_does_not_move_the_timeout),
		cmocka_unit_test_rule(rack_switched_off_is_rfc_6675),
		cmocka_unit_test_rule(rack_without_memory_is_rfc_6675),
		cmocka_unit_test_rule(reordering_is_given_time_once_seen),
		cmocka_unit_test_rule(dsack_widens_the_window),
		cmocka_unit_test_rule(false_dsack_widens_nothing),
		cmocka_unit_test_rule(window_narrows_after_sixteen_recoveries),
		cmocka_unit_test_rule(tlp_sends_the_last_segment_again),
		cmocka_unit_test_rule(tlp_prefers_new_data),
		cmocka_unit_test_rule(
			tlp_single_segment_waits_for_a_delayed_ack),
		cmocka_unit_test_rule(tlp_is_put_off_by_new_data_and_acks),
		cmocka_unit_test_rule(tlp_that_fills_a_hole_reduces_the_window),
		cmocka_unit_test_rule(tlp_that_came_twice_reduces_nothing),
		cmocka_unit_test_rule(tlp_and_rack_repair_a_lost_tail),
		cmocka_unit_test_rule(tlp_is_not_sent_where_sacks_tell),
		cmocka_unit_test_rule(tlp_is_not_sent_without_sack),
		cmocka_unit_test_rule(tlp_can_be_switched_off),
		cmocka_unit_test_rule(
			tlp_without_memory_leaves_it_to_the_timeout),
		cmocka_unit_test_rule(tlp_bears_the_fin),
		cmocka_unit_test_rule(tlp_that_an_ack_forestalls_is_not_sent),
		cmocka_unit_test_rule(tlp_is_one_at_a_time),
		cmocka_unit_test_rule(rack_instants_do_not_age),
		cmocka_unit_test_rule(
			rack_judges_the_rest_of_a_record_after_a_timeout),
		cmocka_unit_test_rule(rack_timer_leaves_the_oldest_its_timeout),
		cmocka_unit_test_rule(
			sacks_of_earlier_segments_put_the_timeout_off),
		cmocka_unit_test_rule(rack_timer_is_not_the_one_for_reneging),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
