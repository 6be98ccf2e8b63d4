/* SPDX-License-Identifier: MIT */
/* RFC 3168 section 6.1: what SYNs agree on, marks and their echo, CWR. */
#include "tcp/ecn.h"

#include "spec.h"

/* Both ends know it: as a client that asks. */
static void established_with_ecn(void)
{
	t.set.ecn = 1;
	t.peer_ecn = true;
	at(CN_ESTABLISHED);
	is(t.tcb.ecn_ok, true);
}

/* SHLD-8, section 6.1.1: ECE and CWR ask; a setting of 2 does not ask. */
static void syn_sent_asks_by_both_flags(void)
{
	t.set.ecn = 1;
	at(CN_SYN_SENT);
}

static void syn_sent_setting_of_2_does_not_ask(void)
{
	t.set.ecn = 2;
	at(CN_SYN_SENT);
}

/* Section 6.1.1.1: the way may not let such a SYN pass. */
static void syn_sent_repeated_syn_does_not_ask(void)
{
	t.set.ecn = 1;
	at(CN_SYN_SENT);
	after(SEC);
	out("S", 0, 0, 0, .any_options = true);
	/* The first SYN came through after all. */
	in("SAE", 0, 1, 0);
	is(t.tcb.ecn_ok, true);
}

/* A peer that sends our flags back does not know what they mean. */
static void syn_sent_reflected_flags_agree_on_nothing(void)
{
	t.set.ecn = 1;
	at(CN_SYN_SENT);
	in("SAEC", 0, 1, 0);
	is(t.tcb.ecn_ok, false);
}

static void syn_sent_plain_answer_agrees_on_nothing(void)
{
	t.set.ecn = 1;
	at(CN_ESTABLISHED);
	is(t.tcb.ecn_ok, false);
	sends(100);
	out("PA", 1, 1, 100);
}

static void syn_sent_echo_that_was_not_asked_for_is_none(void)
{
	at(CN_SYN_SENT);
	in("SAE", 0, 1, 0);
	is(t.tcb.ecn_ok, false);
}

static void syn_received_passive_takes_what_is_asked_for(void)
{
	t.peer_ecn = true;
	at_passive(CN_ESTABLISHED);
	is(t.tcb.ecn_ok, true);
}

static void syn_received_passive_setting_of_0_takes_nothing(void)
{
	t.set.ecn = 0;
	t.peer_ecn = true;
	at_passive(CN_ESTABLISHED);
	is(t.tcb.ecn_ok, false);
}

/* A SYN must not be able to be marked: the path has meddled. */
static void syn_that_could_be_marked_is_not_believed(void)
{
	struct tcp_seg syn = {.flags = TCP_SYN | TCP_ECE | TCP_CWR};

	for (uint8_t tos = 0; tos < 4; tos++) {
		syn.tos = tos;
		is(ecn_of_syn(&t.set, &syn),
		   tos ? ECN_AGREED_NONE : ECN_AGREED_CLASSIC);
	}
}

/* Sections 6.1.2, 6.1.4: new data can be marked, bare ACKs cannot. */
static void established_new_data_can_be_marked(void)
{
	established_with_ecn();
	sends(2500);
	out("A", 1, 1, 1000, .ecn = ECN_ECT_0);
	out("A", 1001, 1, 1000, .ecn = ECN_ECT_0);
	out("PA", 2001, 1, 500, .ecn = ECN_ECT_0);
	in("A", 1, 2501, 1000);
	in("A", 1001, 2501, 1000);
	out("A", 2501, 2001, 0);
	silent();
}

/* Section 6.1.5: what is sent again cannot. */
static void established_retransmission_cannot_be_marked(void)
{
	established_with_ecn();
	sends(1000);
	out("PA", 1, 1, 1000, .ecn = ECN_ECT_0);
	after(RTO);
	out("PA", 1, 1, 1000);
	silent();
}

/* Section 6.1.6: nor a probe of a closed window. */
static void established_window_probe_cannot_be_marked(void)
{
	established_with_ecn();
	in("A", 1, 1, 0, .wnd = NO_WND);
	sends(100);
	after(RTO);
	out("A", 0, 1, 0);
	silent();
}

/* Section 6.1.3: every ACK echoes until CWR comes. */
static void established_mark_is_echoed_until_cwr(void)
{
	established_with_ecn();
	delays_acks();
	in("PA", 1, 1, 100, .ecn = ECN_CE);
	out("AE", 1, 101, 0);
	in("A", 101, 1, 1000, .ecn = ECN_ECT_0);
	in("A", 1101, 1, 1000, .ecn = ECN_ECT_0);
	out("AE", 1, 2101, 0);
	sends(100);
	out("PAE", 1, 2101, 100, .ecn = ECN_ECT_0);
	in("PAC", 2101, 101, 100, .ecn = ECN_ECT_0);
	out("A", 101, 2201, 0);
	in("A", 2201, 101, 1000, .ecn = ECN_ECT_0);
	in("A", 3201, 101, 1000, .ecn = ECN_ECT_0);
	out("A", 101, 4201, 0);
	silent();
}

/* A CWR that is marked itself begins a new echo. */
static void established_marked_cwr_is_echoed(void)
{
	established_with_ecn();
	in("PA", 1, 1, 100, .ecn = ECN_CE);
	out("AE", 1, 101, 0);
	in("PAC", 101, 1, 100, .ecn = ECN_CE);
	out("AE", 1, 201, 0);
	silent();
}

/* Without an agreement a mark says nothing. */
static void established_without_ecn_mark_is_ignored(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 100, .ecn = ECN_CE);
	out("A", 1, 101, 0);
	is(t.count.ecn_ce_in, 0);
}

static void sends_ten(int64_t from)
{
	sends(10000);
	for (int i = 0; i < 10; i++)
		out(i < 9 ? "A" : "PA", from + 1000 * i, 1, 1000,
		    .ecn = ECN_ECT_0);
	silent();
}

/* Section 6.1.2: as a loss, but nothing is sent again; CWR goes with the next
 * new data and once. */
static void established_echo_reduces_the_window_once(void)
{
	established_with_ecn();
	sends_ten(1);
	t.now += RTT;
	in("AE", 1, 2001, 0);
	is(t.tcb.cc.cwnd, 5000);
	is(t.tcb.cc.ssthresh, 5000);
	in("AE", 1, 4001, 0);
	in("AE", 1, 6001, 0);
	is(t.tcb.cc.cwnd, 5000);
	is(t.count.ecn_reductions, 1);
	is(t.tcb.stat.segs_retransmitted, 0);
	sends(3000);
	out("AC", 10001, 1, 1000, .ecn = ECN_ECT_0);
	silent();
	in("AE", 1, 8001, 0);
	out("A", 11001, 1, 1000, .ecn = ECN_ECT_0);
	out("PA", 12001, 1, 1000, .ecn = ECN_ECT_0);
	is(t.count.ecn_reductions, 1);
	/* The window of that time is acknowledged: a new echo counts. */
	in("A", 1, 10001, 0);
	in("AE", 1, 11001, 0);
	is(t.count.ecn_reductions, 2);
}

/* A window's losses and marks are one congestion. */
static void established_loss_after_a_mark_reduces_no_further(void)
{
	established_with_ecn();
	sends_ten(1);
	t.now += RTT;
	in("AE", 1, 1001, 0);
	is(t.tcb.cc.ssthresh, 5000);
	in("AE", 1, 1001, 0);
	in("AE", 1, 1001, 0);
	in("AE", 1, 1001, 0);
	out("A", 1001, 1, 1000);
	is(t.tcb.cc.ssthresh, 5000);
	is(tcp_mishaps_of(&t.tcb)->fast_recoveries, 1);
}

/* Section 6.1.2: whatever the window was reduced for, CWR says so. */
static void established_cwr_follows_a_timeout(void)
{
	established_with_ecn();
	sends(1000);
	out("PA", 1, 1, 1000, .ecn = ECN_ECT_0);
	after(RTO);
	out("PA", 1, 1, 1000);
	in("A", 1, 1001, 0);
	sends(1000);
	out("PAC", 1001, 1, 1000, .ecn = ECN_ECT_0);
}

/* attacks.md row 32: an echo of nothing that is in flight changes nothing. */
static void established_row_32_echo_without_flight_is_ignored(void)
{
	established_with_ecn();
	for (int i = 0; i < 5; i++)
		in("AE", 1, 1, 0);
	is(t.tcb.cc.cwnd, 10000);
	is(t.count.ecn_reductions, 0);
}

/* attacks.md row 32: who echoes for ever slows himself down, to two segments
 * and no further. */
static void established_row_32_false_echo_leaves_two_segments(void)
{
	int64_t sent = 1;

	established_with_ecn();
	for (int i = 0; i < 12; i++) {
		struct tcp_seg seg;

		sends(10000);
		while (spec_emit(&seg)) {
			sent += seg.data_len;
			spec_release(&seg);
		}
		t.now += RTT;
		in("AE", 1, sent, 0);
	}
	is(t.tcb.cc.ssthresh, 2000);
	is(t.tcb.state, CN_ESTABLISHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(syn_sent_asks_by_both_flags),
		cmocka_unit_test_rule(syn_sent_setting_of_2_does_not_ask),
		cmocka_unit_test_rule(syn_sent_repeated_syn_does_not_ask),
		cmocka_unit_test_rule(
			syn_sent_reflected_flags_agree_on_nothing),
		cmocka_unit_test_rule(syn_sent_plain_answer_agrees_on_nothing),
		cmocka_unit_test_rule(
			syn_sent_echo_that_was_not_asked_for_is_none),
		cmocka_unit_test_rule(
			syn_received_passive_takes_what_is_asked_for),
		cmocka_unit_test_rule(
			syn_received_passive_setting_of_0_takes_nothing),
		cmocka_unit_test_rule(syn_that_could_be_marked_is_not_believed),
		cmocka_unit_test_rule(established_new_data_can_be_marked),
		cmocka_unit_test_rule(
			established_retransmission_cannot_be_marked),
		cmocka_unit_test_rule(
			established_window_probe_cannot_be_marked),
		cmocka_unit_test_rule(established_mark_is_echoed_until_cwr),
		cmocka_unit_test_rule(established_marked_cwr_is_echoed),
		cmocka_unit_test_rule(established_without_ecn_mark_is_ignored),
		cmocka_unit_test_rule(established_echo_reduces_the_window_once),
		cmocka_unit_test_rule(
			established_loss_after_a_mark_reduces_no_further),
		cmocka_unit_test_rule(established_cwr_follows_a_timeout),
		cmocka_unit_test_rule(
			established_row_32_echo_without_flight_is_ignored),
		cmocka_unit_test_rule(
			established_row_32_false_echo_leaves_two_segments),
	};

	return cmocka_run_group_tests_name("ecn", tests, NULL, NULL);
}
