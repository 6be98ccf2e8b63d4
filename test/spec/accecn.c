/* SPDX-License-Identifier: MIT */
/* RFC 9768 section 3.2: counters, the ACE field, the option, the answer. */
#include "tcp/accecn.h"

#include "spec.h"

/* As a server: counts have told nothing yet. */
static void established(void)
{
	t.set.ecn = 5;
	t.peer_accecn = true;
	t.where = CN_CLOSED; /* it may be the next of several */
	at_passive(CN_ESTABLISHED);
	is(t.tcb.accecn, true);
	delays_acks();
}

static struct tcp_accecn *own(void)
{
	return accecn_of(&t.tcb);
}

/* ------------------------------------------------------ the receiver's -- */

/* Sections 3.2 and 3.2.3.3: octets by code point, each that ever moved. */
static void established_option_tells_octets_by_code_point(void)
{
	established();
	in("A", 1, 1, 1000, .ace = ACE(5), .ecn = ECN_ECT_0);
	in("A", 1001, 1, 1000, .ace = ACE(5), .ecn = ECN_ECT_0);
	out("A", 1, 2001, 0, .ace = ACE(5), .accecn = true, .acc_n = 1,
	    .acc = {2001});
	/* Section 3.2.2.5.1: the mark is told at once. */
	in("A", 2001, 1, 1000, .ace = ACE(5), .ecn = ECN_CE);
	out("A", 1, 3001, 0, .ace = ACE(6), .accecn = true, .acc_n = 2,
	    .acc = {2001, 1000});
	in("A", 3001, 1, 1000, .ace = ACE(5), .ecn = ECN_ECT_1);
	in("A", 4001, 1, 1000, .ace = ACE(5), .ecn = ECN_ECT_1);
	out("A", 1, 5001, 0, .ace = ACE(6), .accecn = true, .acc_n = 3,
	    .acc = {2001, 1000, 2001});
	/* Not-ECT moves none: no option. */
	in("A", 5001, 1, 1000, .ace = ACE(5));
	in("A", 6001, 1, 1000, .ace = ACE(5));
	out("A", 1, 7001, 0, .ace = ACE(6));
	is(t.count.ecn_ce_in, 1);
}

/* Table 5: the order that is shorter. */
static void established_option_of_order_1_where_that_is_shorter(void)
{
	established();
	in("A", 1, 1, 1000, .ace = ACE(5), .ecn = ECN_ECT_1);
	in("A", 1001, 1, 1000, .ace = ACE(5), .ecn = ECN_CE);
	out("A", 1, 2001, 0, .ace = ACE(6), .accecn = true, .acc_order = true,
	    .acc_n = 2, .acc = {1001, 1000});
}

/* Section 3.2.2.5.1, increment-triggered: two marks with data, three
 * without. */
static void established_marks_on_acks_are_told_by_the_third(void)
{
	established();
	in("A", 1, 1, 0, .ace = ACE(5), .ecn = ECN_CE);
	in("A", 1, 1, 0, .ace = ACE(5), .ecn = ECN_CE);
	silent();
	in("A", 1, 1, 0, .ace = ACE(5), .ecn = ECN_CE);
	out("A", 1, 1, 0, .ace = ACE(0));
	in("A", 1, 1, 100, .ace = ACE(5), .ecn = ECN_CE);
	silent();
	in("A", 101, 1, 100, .ace = ACE(5), .ecn = ECN_CE);
	out("A", 1, 201, 0, .ace = ACE(2), .any_options = true);
}

/* Section 3.2: the field wraps; the count does not. */
static void established_ace_wraps(void)
{
	established();
	for (unsigned i = 0; i < 20; i++) {
		in("A", 1 + 10 * i, 1, 10, .ace = ACE(5));
		in("A", 11 + 10 * i - 10 + 10, 1, 0, .ace = ACE(5));
	}
	is(own()->r_cep, 5);
	for (unsigned i = 0; i < 20; i++)
		in("A", 201, 1, 0, .ace = ACE(5), .ecn = ECN_CE);
	is(own()->r_cep, 25);
	out("A", 1, 201, 0, .ace = ACE(25 & 7));
}

/* A train is as many packets as were joined. */
static void established_marks_of_a_train(void)
{
	established();
	in("A", 1, 1, 5500, .cut = 1000, .ace = ACE(5), .ecn = ECN_CE);
	is(own()->r_cep, 11);
	out("A", 1, 5501, 0, .ace = ACE(11 & 7), .accecn = true, .acc_n = 2,
	    .acc = {1, 5500});
}

/* Section 1.3: what is not acceptable is not counted. */
static void established_old_segment_is_not_counted(void)
{
	established();
	in("A", 1, 1, 1000, .ace = ACE(5));
	in("A", 1, 1, 1000, .ace = ACE(5), .ecn = ECN_CE);
	is(own()->r_cep, 5);
	in("A", 1001, 90000, 1000, .ace = ACE(5), .ecn = ECN_CE);
	is(own()->r_cep, 5);
}

/* Section 3.2.3.3: SACK comes first, with two blocks. */
static void established_option_leaves_room_for_two_blocks(void)
{
	t.peer.sack_ok = true;
	t.peer.ts = 7;
	t.set.sack = true;
	t.set.timestamps = true;
	t.set.ecn = 5;
	t.peer_accecn = true;
	at_passive(CN_ESTABLISHED);
	in("A", 101, 1, 100, .ace = ACE(5), .ecn = ECN_ECT_0);
	out("A", 1, 1, 0, .ace = ACE(5), .sack = {{101, 201}}, .accecn = true,
	    .acc_n = 1, .acc = {101});
	in("A", 301, 1, 100, .ace = ACE(5), .ecn = ECN_CE);
	out("A", 1, 1, 0, .ace = ACE(6), .sack = {{301, 401}, {101, 201}},
	    .accecn = true, .acc_n = 2, .acc = {101, 100});
	/* The third block makes way for what has changed. */
	in("A", 501, 1, 100, .ace = ACE(5), .ecn = ECN_ECT_0);
	out("A", 1, 1, 0, .ace = ACE(6), .sack = {{501, 601}, {301, 401}},
	    .accecn = true, .acc_n = 2, .acc = {201, 100});
	/* Three fields do not fit beside two. */
	in("A", 701, 1, 100, .ace = ACE(5), .ecn = ECN_ECT_1);
	out("A", 1, 1, 0, .ace = ACE(6),
	    .sack = {{701, 801}, {501, 601}, {301, 401}});
	/* What was left out comes when there is room. */
	in("A", 1, 1, 100, .ace = ACE(5));
	in("A", 201, 1, 100, .ace = ACE(5));
	in("A", 401, 1, 100, .ace = ACE(5));
	in("A", 601, 1, 100, .ace = ACE(5));
	out("A", 1, 801, 0, .ace = ACE(6), .accecn = true, .acc_n = 3,
	    .acc = {201, 100, 101});
}

/* ------------------------------------------------------- the sender's -- */

/* Sections 3.1.5 and 4: new data alone say that they can be marked, nothing
 * says CWR. */
static void established_data_can_be_marked(void)
{
	established();
	sends(1500);
	out("A", 1, 1, 1000, .ace = ACE(5), .ecn = ECN_ECT_0);
	in("A", 1, 1, 0, .ace = ACE(5));
	in("A", 1, 1001, 0, .ace = ACE(6));
	out("PA", 1001, 1, 500, .ace = ACE(5), .ecn = ECN_ECT_0);
	after(tcp_deadline(&t.tcb) - t.now);
	out("PA", 1001, 1, 500, .ace = ACE(5));
}

/* Section 4: once in a round trip as a loss; nothing is sent again. */
static void established_mark_reduces_the_window_once_a_round_trip(void)
{
	uint32_t cwnd;

	established();
	t.tcb.cc.cwnd = 10000;
	sends(20000);
	for (int i = 0; i < 10; i++)
		out("A", 1 + 1000 * i, 1, 1000, .ace = ACE(5),
		    .ecn = ECN_ECT_0);
	in("A", 1, 1001, 0, .ace = ACE(6));
	is(t.tcb.cc.cwnd, 5000);
	is(t.count.ecn_reductions, 1);
	for (int i = 2; i < 10; i++)
		in("A", 1, 1 + 1000 * i, 0, .ace = ACE((5 + i) & 7));
	is(t.tcb.cc.cwnd, 5000);
	is(own()->s_cep, 14);
	is(t.count.ecn_reductions, 1);
	is(t.count.tcp_retrans, 0);
	cwnd = t.tcb.cc.cwnd;
	while (spec_emit(&t.last))
		spec_release(&t.last);
	/* The next round trip. */
	in("A", 1, 10001, 0, .ace = ACE(14 & 7));
	in("A", 1, 11001, 0, .ace = ACE(15 & 7));
	is(t.count.ecn_reductions, 2);
	is(t.tcb.cc.cwnd < cwnd, true);
}

/* Forty segments are in flight, and the window does not matter. */
static void forty_in_flight(void)
{
	established();
	t.tcb.cc.cwnd = 40000;
	t.tcb.snd_wnd = 40000;
	t.tcb.max_snd_wnd = 40000;
	sends(40000);
	while (spec_emit(&t.last))
		spec_release(&t.last);
}

/* Section 3.2.2.5.2 and appendix A.2: (ACKed segments, ACE, CE octets) and
 * what s.cep moves by. */
static void established_ace_is_read_by_segments_and_option(void)
{
	static const struct {
		uint32_t segs;
		uint8_t ace; /* less 5 */
		bool option;
		uint32_t ce_octets, want;
	} row[] = {
		{7, 0, false, 0, 0},
		{7, 7, false, 0, 7},
		/* Without the option the worst that it may mean. */
		{8, 0, false, 0, 8},
		{15, 0, false, 0, 8},
		{16, 1, false, 0, 9},
		{17, 1, false, 0, 17},
		/* With it what is told. */
		{8, 0, true, 0, 0},
		{16, 1, true, 1000, 1},
		{17, 1, true, 17000, 17},
		{16, 1, true, 9000, 9},
	};

	for (size_t i = 0; i < N_OF(row); i++) {
		uint32_t ack = row[i].segs * 1000 + 1;

		forty_in_flight();
		own()->heard = true;
		in("A", 1, ack, 0, .ace = ACE((5u + row[i].ace) & 7),
		   .accecn = row[i].option, .acc_n = row[i].option ? 2 : 0,
		   .acc = {ack - row[i].ce_octets, row[i].ce_octets});
		is(own()->s_cep - 5, row[i].want);
		if (row[i].option)
			is(own()->s_octets[ACCECN_CE], row[i].ce_octets);
		tcb_deinit(&t.tcb);
	}
}

/* As Linux: a peer whose ACKs are all for many segments joins them before it
 * looks; no ACK was lost. */
static void established_long_acks_by_habit_are_read_as_they_are(void)
{
	established();
	own()->acked_mean = 20 << 6;
	t.tcb.cc.cwnd = 20000;
	sends(20000);
	while (spec_emit(&t.last))
		spec_release(&t.last);
	in("A", 1, 17001, 0, .ace = ACE(6));
	is(own()->s_cep, 6);
}

/* Appendix A.1: what has been overtaken tells nothing; nor does a replay. */
static void established_old_ack_is_not_read(void)
{
	forty_in_flight();
	in("A", 1, 2001, 0, .ace = ACE(6));
	is(own()->s_cep, 6);
	in("A", 1, 1001, 0, .ace = ACE(5));
	is(own()->s_cep, 6);
	for (int i = 0; i < 8; i++)
		in("A", 1, 2001, 0, .ace = ACE(i));
	is(own()->s_cep, 6);
	is(t.count.ecn_reductions, 1);
}

/* Section 3.2.3.1: fields of 24 bits wrap. */
static void established_octets_wrap_at_24_bits(void)
{
	forty_in_flight();
	own()->s_octets[ACCECN_E0] = 0xfffff0;
	in("A", 1, 2001, 0, .ace = ACE(5), .accecn = true, .acc_n = 1,
	   .acc = {0x0007c1});
	is(own()->s_octets[ACCECN_E0], 0x10007c0);
	is(own()->option_deaf, false);
}

/* What cannot be is not believed; what lies behind was overtaken. */
static void established_impossible_option_ends_belief(void)
{
	forty_in_flight();
	in("A", 1, 1001, 0, .ace = ACE(5), .accecn = true, .acc_n = 1,
	   .acc = {1001});
	in("A", 1, 2001, 0, .ace = ACE(5), .accecn = true, .acc_n = 1,
	   .acc = {1});
	is(own()->s_octets[ACCECN_E0], 1000);
	is(own()->option_deaf, false);
	in("A", 1, 3001, 0, .ace = ACE(5), .accecn = true, .acc_n = 3,
	   .acc = {3001, 0x700000, 1});
	is(own()->option_deaf, true);
	is(own()->s_octets[ACCECN_CE], 0);
	is(t.count.accecn_refused, 1);
	in("A", 1, 4001, 0, .ace = ACE(5), .accecn = true, .acc_n = 1,
	   .acc = {4001});
	is(own()->s_octets[ACCECN_E0], 1000);
}

/* Section 3.2.3.2.5: octets that were marked, and no packet. */
static void established_marked_octets_without_packets_end_ect(void)
{
	forty_in_flight();
	in("A", 1, 2001, 0, .ace = ACE(5), .accecn = true, .acc_n = 2,
	   .acc = {1001, 1000});
	is(own()->no_ect, true);
	is(own()->no_answer, false);
	is(t.count.accecn_meddled, 1);
}

/* Section 3.2.2.4: the first count is not nought. */
static void established_cleared_ace_ends_ect_and_answers(void)
{
	forty_in_flight();
	in("A", 1, 2001, 0, .ace = ACE(0));
	is(own()->no_ect, true);
	is(own()->no_answer, true);
	is(t.count.ecn_reductions, 0);
	/* Where so many marks may have come it is. */
	tcb_deinit(&t.tcb);
	forty_in_flight();
	in("A", 1, 3001, 0, .ace = ACE(0));
	is(own()->no_ect, false);
	is(own()->s_cep, 8);
}

/* Row 32 of the attacks: whatever a peer tells, the window is never larger
 * than without. */
static void established_liar_gains_nothing(void)
{
	uint32_t plain, seed = 1;

	t.set.ecn = 0;
	at_passive(CN_ESTABLISHED);
	t.tcb.cc.cwnd = 10000;
	sends(400000);
	while (spec_emit(&t.last))
		spec_release(&t.last);
	for (uint32_t ack = 1001; ack < 100000; ack += 1000) {
		in("A", 1, ack, 0);
		while (spec_emit(&t.last))
			spec_release(&t.last);
	}
	plain = t.tcb.cc.cwnd;
	tcb_deinit(&t.tcb);
	for (int run = 0; run < 20; run++) {
		established();
		t.tcb.cc.cwnd = 10000;
		sends(400000);
		while (spec_emit(&t.last))
			spec_release(&t.last);
		for (uint32_t ack = 1001; ack < 100000; ack += 1000) {
			seed = seed * 1103515245 + 12345;
			in("A", 1, ack, 0, .ace = ACE(seed >> 16 & 7),
			   .accecn = seed >> 20 & 1,
			   .acc_order = seed >> 21 & 1,
			   .acc_n = seed >> 20 & 1 ? seed >> 22 & 3 : 0,
			   .acc = {seed & 0xffffff, seed >> 8, seed >> 3});
			while (spec_emit(&t.last))
				spec_release(&t.last);
			is(t.tcb.cc.cwnd <= plain, true);
		}
		tcb_deinit(&t.tcb);
	}
}

/* The counts live as long as the connection, and TIME-WAIT goes on to tell
 * them. */
static void time_wait_goes_on_to_tell(void)
{
	struct tcp_seg reply;
	struct tcp_tw tw;

	established();
	in("A", 1, 1, 100, .ace = ACE(5), .ecn = ECN_CE);
	out("A", 1, 101, 0, .ace = ACE(6), .any_options = true);
	after(100 * SEC);
	is(own()->r_cep, 6);
	closes();
	out("FA", 1, 101, 0, .ace = ACE(6));
	in("FA", 101, 2, 0, .ace = ACE(5));
	out("A", 2, 102, 0, .ace = ACE(6));
	state(CN_TIME_WAIT);
	tcp_tw_init(&tw, &t.tcb);
	is(spec_time_wait(&tw, (struct line){"FA", 101, 2, 0}, &reply),
	   TCP_TW_RESTART);
	is(tcp_ace(&reply), 6);
}

static void status_tells_counts(void)
{
	struct cn_tcp_info info;

	forty_in_flight();
	in("A", 1, 2001, 100, .ace = ACE(6), .accecn = true, .acc_n = 2,
	   .acc = {1001, 1000}, .ecn = ECN_ECT_0);
	in("A", 101, 2001, 50, .ace = ACE(6), .ecn = ECN_CE);
	tcp_info(&t.tcb, &info);
	is(info.has_ecn, true);
	is(info.has_accecn, true);
	is(info.has_ecn_seen, true);
	is(info.delivered_ce, 1);
	is(info.delivered_e0_octets, 1000);
	is(info.delivered_ce_octets, 1000);
	is(info.delivered_e1_octets, 0);
	is(info.received_ce, 1);
	is(info.received_e0_octets, 100);
	is(info.received_ce_octets, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(
			established_option_tells_octets_by_code_point),
		cmocka_unit_test_rule(
			established_option_of_order_1_where_that_is_shorter),
		cmocka_unit_test_rule(
			established_marks_on_acks_are_told_by_the_third),
		cmocka_unit_test_rule(established_ace_wraps),
		cmocka_unit_test_rule(established_marks_of_a_train),
		cmocka_unit_test_rule(established_old_segment_is_not_counted),
		cmocka_unit_test_rule(
			established_option_leaves_room_for_two_blocks),
		cmocka_unit_test_rule(established_data_can_be_marked),
		cmocka_unit_test_rule(
			established_mark_reduces_the_window_once_a_round_trip),
		cmocka_unit_test_rule(
			established_ace_is_read_by_segments_and_option),
		cmocka_unit_test_rule(
			established_long_acks_by_habit_are_read_as_they_are),
		cmocka_unit_test_rule(established_old_ack_is_not_read),
		cmocka_unit_test_rule(established_octets_wrap_at_24_bits),
		cmocka_unit_test_rule(
			established_impossible_option_ends_belief),
		cmocka_unit_test_rule(
			established_marked_octets_without_packets_end_ect),
		cmocka_unit_test_rule(
			established_cleared_ace_ends_ect_and_answers),
		cmocka_unit_test_rule(established_liar_gains_nothing),
		cmocka_unit_test_rule(time_wait_goes_on_to_tell),
		cmocka_unit_test_rule(status_tells_counts),
	};

	return cmocka_run_group_tests_name("accecn", tests, NULL, NULL);
}
