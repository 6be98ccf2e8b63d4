/* SPDX-License-Identifier: MIT */
/* RFC 9768 section 3.1: what SYNs agree on, row by row of its tables. */
#include "tcp/accecn.h"

#include "spec.h"

/* Of the tables: flags AE, CWR, ECE as a number. */
enum mode { NOT_ECN, CLASSIC, ACCURATE };

static enum mode mode_of(const struct tcb *tcb)
{
	assert_false(tcb->accecn && tcb->ecn_ok);
	return tcb->accecn ? ACCURATE : tcb->ecn_ok ? CLASSIC : NOT_ECN;
}

/* Table 2: the SYN asks by all three flags, whatever is answered. */
static const struct {
	uint8_t ace;
	enum mode mode;
	bool no_ect; /* the SYN left as Not-ECT: another answer tells of a
			path that changes the field (section 3.2.2.3) */
} answers[] = {
	{0, NOT_ECN, false}, /* No ECN */
	{1, CLASSIC, false}, /* ECN */
	{2, ACCURATE, false}, /* Not-ECT on SYN */
	{3, ACCURATE, true}, /* ECT(1) on SYN */
	{4, ACCURATE, true}, /* ECT(0) on SYN */
	{5, ACCURATE, false}, /* reserved: as if unchanged, section 3.1.3 */
	{6, ACCURATE, true}, /* CE on SYN */
	{7, NOT_ECN, false}, /* broken: our own flags */
};

static void syn_sent_table_2_answer_chooses_the_mode(void)
{
	for (size_t i = 0; i < N_OF(answers); i++) {
		t.set.ecn = 3;
		at(CN_SYN_SENT);
		in("SA", 0, 1, 0, .ace = ACE(answers[i].ace), .mss = PEER_MSS);
		is(mode_of(&t.tcb), answers[i].mode);
		if (t.tcb.accecn)
			is(accecn_of(&t.tcb)->no_ect, answers[i].no_ect);
		is(t.tcb.cc.cwnd < 10 * PEER_MSS, answers[i].ace == 6);
		tcb_deinit(&t.tcb);
	}
}

/* Table 2, the server's half; and section 3.1.3, what is not defined. */
static void listen_table_2_syn_chooses_the_mode(void)
{
	static const struct {
		uint8_t set, ace, want;
	} row[] = {
		{3, 0, 0},
		{3, 3, ECN_AGREED_CLASSIC},
		{3, 7, 8},
		{3, 1, 8},
		{3, 2, 8},
		{3, 4, 8},
		{3, 5, 8},
		{3, 6, 8},
		{4, 7, 8},
		{5, 7, 8},
		{5, 3, ECN_AGREED_CLASSIC},
		{5, 0, 0},
		/* Who knows RFC 3168 alone sees both of its flags. */
		{1, 7, ECN_AGREED_CLASSIC},
		{2, 7, ECN_AGREED_CLASSIC},
		{2, 6, 0},
		{2, 4, 0},
		{0, 7, 0},
		{0, 3, 0},
	};

	for (size_t i = 0; i < N_OF(row); i++) {
		struct tcp_seg syn = {.flags = TCP_SYN};

		tcp_set_ace(&syn, row[i].ace);
		t.set.ecn = row[i].set;
		is(ecn_of_syn(&t.set, &syn), row[i].want);
	}
}

/* Table 2: the SYN-ACK tells how the SYN arrived. */
static void listen_table_2_syn_ack_tells_how_the_syn_came(void)
{
	static const uint8_t want[] = {[ECN_NOT_ECT] = 2,
				       [ECN_ECT_1] = 3,
				       [ECN_ECT_0] = 4,
				       [ECN_CE] = 6};

	t.set.ecn = 5;
	for (uint8_t point = 0; point < 4; point++) {
		struct tcp_seg syn = {.flags = TCP_SYN, .tos = point};
		struct tcp_seg reply = {.options = TCP_OPT_MSS};

		tcp_set_ace(&syn, 7);
		ecn_agree(&reply, ecn_of_syn(&t.set, &syn), false, 0);
		is(tcp_ace(&reply), want[point]);
		/* Section 3.2.3.2.1: with the option, in initial counts. */
		is(reply.options & TCP_OPT_ACCECN, TCP_OPT_ACCECN);
		is(reply.accecn_n, 3);
		is(reply.accecn[0], 1);
		is(reply.accecn[1], 0);
		is(reply.accecn[2], 1);
	}
}

/* Section 3.2.3.2.2: first the option goes, then the flags. */
static void listen_repeated_syn_ack_goes_without(void)
{
	struct tcp_seg reply = {.flags = TCP_SYN | TCP_ACK};

	ecn_agree(&reply, ECN_AGREED_ACCURATE, false, 1);
	is(tcp_ace(&reply), 2);
	is(reply.options, 0);
	ecn_agree(&reply, ECN_AGREED_ACCURATE, true, 0);
	is(tcp_ace(&reply), 2);
	is(reply.options, 0);
	reply.flags = TCP_SYN | TCP_ACK;
	tcp_set_ace(&reply, 0);
	ecn_agree(&reply, ECN_AGREED_ACCURATE, true, 2);
	is(tcp_ace(&reply), 0);
	is(reply.options, 0);
}

/* Section 3.1.5: modes do not change, the latest SYN is told of, and two kinds
 * of SYNs cannot be answered. */
static void listen_syn_again(void)
{
	static const struct {
		uint8_t agreed, ace, point, want;
		bool ok;
	} row[] = {
		{8, 7, ECN_CE, 8 | ECN_CE, true},
		{8 | ECN_CE, 7, ECN_NOT_ECT, 8, true},
		{8, 0, ECN_NOT_ECT, 8 | ECN_AGREED_PLAIN_SYN, true},
		{8, 3, ECN_NOT_ECT, 8, false},
		{ECN_AGREED_CLASSIC, 7, ECN_NOT_ECT, 1, false},
		{ECN_AGREED_CLASSIC, 3, ECN_NOT_ECT, 1, true},
		{ECN_AGREED_CLASSIC, 0, ECN_NOT_ECT, 1, true},
		{0, 7, ECN_NOT_ECT, 0, true},
		{0, 3, ECN_NOT_ECT, 0, true},
	};

	for (size_t i = 0; i < N_OF(row); i++) {
		struct tcp_seg syn = {.flags = TCP_SYN, .tos = row[i].point};
		uint8_t agreed = row[i].agreed;

		tcp_set_ace(&syn, row[i].ace);
		t.set.ecn = 3;
		is(ecn_of_syn_again(&t.set, &agreed, &syn), row[i].ok);
		is(agreed, row[i].want);
		t.set.ecn = 2;
		agreed = ECN_AGREED_CLASSIC;
		is(ecn_of_syn_again(&t.set, &agreed, &syn), true);
	}
}

/* Section 3.1.4.1: once more with all three, then without any. */
static void syn_sent_second_repetition_asks_for_nothing(void)
{
	t.set.ecn = 3;
	at(CN_SYN_SENT);
	after(SEC);
	out("SECN", 0, 0, 0, .any_options = true);
	after(2 * SEC);
	out("S", 0, 0, 0, .any_options = true);
	/* Section 3.1.5: and yet what is answered first counts. */
	in("SA", 0, 1, 0, .ace = ACE(2), .mss = PEER_MSS);
	is(mode_of(&t.tcb), ACCURATE);
	is(accecn_of(&t.tcb)->no_ect, false);
}

/* A setting of 4 asks as RFC 3168 does, and once. */
static void syn_sent_setting_of_4_asks_for_the_classic(void)
{
	t.set.ecn = 4;
	at(CN_SYN_SENT);
	in("SAE", 0, 1, 0, .mss = PEER_MSS);
	is(mode_of(&t.tcb), CLASSIC);
}

static void syn_sent_setting_of_5_asks_for_nothing(void)
{
	t.set.ecn = 5;
	at(CN_SYN_SENT);
	in("SA", 0, 1, 0, .ace = ACE(2), .mss = PEER_MSS);
	is(mode_of(&t.tcb), NOT_ECN);
}

/* Table 3: the pure ACK tells how the SYN-ACK arrived; CE is a count too. */
static void syn_sent_table_3_ack_tells_how_the_syn_ack_came(void)
{
	static const struct {
		uint8_t point, ace, cep;
	} row[] = {
		{ECN_NOT_ECT, 2, 5},
		{ECN_ECT_1, 3, 5},
		{ECN_ECT_0, 4, 5},
		{ECN_CE, 6, 6},
	};

	for (size_t i = 0; i < N_OF(row); i++) {
		t.set.ecn = 3;
		at(CN_SYN_SENT);
		in("SA", 0, 1, 0, .ace = ACE(2), .ecn = row[i].point,
		   .mss = PEER_MSS);
		/* Section 3.2.3.2.1: with the option. */
		out("A", 1, 1, 0, .ace = ACE(row[i].ace), .accecn = true,
		    .acc_n = 3, .acc = {1, 0, 1});
		is(accecn_of(&t.tcb)->r_cep, row[i].cep);
		/* Section 3.2.2.1: whatever else is sent is a count. */
		sends(100);
		out("PA", 1, 1, 100, .ace = ACE(row[i].cep & 7), .accecn = true,
		    .acc_n = 3, .acc = {1, 0, 1}, .ecn = ECN_ECT_0);
		tcb_deinit(&t.tcb);
	}
}

/* Section 3.2.2.1: data wait for the pure ACK. */
static void syn_sent_ack_goes_before_data(void)
{
	t.set.ecn = 3;
	at(CN_SYN_SENT);
	in("SA", 0, 1, 0, .ace = ACE(2), .mss = PEER_MSS);
	sends(100);
	out("A", 1, 1, 0, .ace = ACE(2), .any_options = true);
	out("PA", 1, 1, 100, .ace = ACE(5), .any_options = true,
	    .ecn = ECN_ECT_0);
}

/* Sections 3.2.2.1 and 3.2.2.2: each SYN-ACK is answered as it came, and
 * counted once. */
static void established_syn_ack_again_is_told_again(void)
{
	t.set.ecn = 3;
	t.peer_accecn = true;
	at(CN_ESTABLISHED);
	for (int i = 0; i < 2; i++) {
		in("SA", 0, 1, 0, .ace = ACE(2), .ecn = ECN_CE,
		   .mss = PEER_MSS);
		out("A", 1, 1, 0, .ace = ACE(6));
		is(accecn_of(&t.tcb)->r_cep, 6);
		after(SEC);
	}
	in("A", 1, 1, 10);
	out("A", 1, 11, 0, .ace = ACE(6));
}

/* Table 4: what the last ACK of the handshake means. */
static void syn_received_table_4_ack_tells_how_the_syn_ack_came(void)
{
	static const struct {
		uint8_t ace, cep;
		bool no_ect, no_answer;
	} row[] = {
		{0, 5, true, true},  {1, 5, false, false}, {2, 5, false, false},
		{3, 5, true, false}, {4, 5, true, false},  {5, 5, false, false},
		{6, 6, true, false}, {7, 5, false, false},
	};

	for (size_t i = 0; i < N_OF(row); i++) {
		t.set.ecn = 5;
		t.peer_accecn = true;
		at_passive(CN_SYN_RECEIVED);
		in("A", 1, 1, 0, .ace = ACE(row[i].ace));
		state(CN_ESTABLISHED);
		is(mode_of(&t.tcb), ACCURATE);
		is(accecn_of(&t.tcb)->s_cep, row[i].cep);
		is(accecn_of(&t.tcb)->no_ect, row[i].no_ect);
		is(accecn_of(&t.tcb)->no_answer, row[i].no_answer);
		is(t.tcb.cc.cwnd < 10 * PEER_MSS, row[i].ace == 6);
		/* It goes on to tell what comes (sections 3.1.5, 3.2.2.3). */
		sends(100);
		out("PA", 1, 1, 100, .ace = ACE(5),
		    .ecn = row[i].no_ect ? ECN_NOT_ECT : ECN_ECT_0);
		tcb_deinit(&t.tcb);
	}
}

/* Section 3.2.2.1: with data it is a count. */
static void syn_received_ack_with_data_is_a_count(void)
{
	t.set.ecn = 5;
	t.peer_accecn = true;
	at_passive(CN_SYN_RECEIVED);
	in("PA", 1, 1, 10, .ace = ACE(6));
	is(accecn_of(&t.tcb)->s_cep, 6);
	is(accecn_of(&t.tcb)->no_ect, false);
}

/* Section 3.1.5: who may be another mode's client is not sent ECT. */
static void syn_received_plain_syn_forbids_ect(void)
{
	struct tcp_syn syn = {.ecn = ECN_AGREED_ACCURATE |
				     ECN_AGREED_PLAIN_SYN};

	t.set.ecn = 5;
	for (unsigned n = 0; n < 3; n++) {
		tcb_init(&t.tcb, &t.env);
		tcp_set_path(&t.tcb, OUR_MSS, OUR_MSS, 536);
		syn.rexmit_n = (uint8_t)n;
		tcp_from_syn(&t.tcb, &syn, 0, t.now, t.now);
		is(accecn_of(&t.tcb)->no_ect, n != 1);
		tcb_deinit(&t.tcb);
		syn.ecn = ECN_AGREED_ACCURATE;
	}
}

/* Section 3.1.2: both open at once, each as if it were the one that was
 * asked. */
static void syn_sent_simultaneous_open_agrees(void)
{
	t.set.ecn = 3;
	at(CN_SYN_SENT);
	in("S", 0, 0, 0, .ace = ACE(7), .ecn = ECN_NOT_ECT, .mss = PEER_MSS);
	is(mode_of(&t.tcb), ACCURATE);
	out("SA", 0, 1, 0, .ace = ACE(2), .any_options = true);
	in("SA", 0, 1, 0, .ace = ACE(2), .mss = PEER_MSS);
	state(CN_ESTABLISHED);
	is(accecn_of(&t.tcb)->no_ect, false);
}

/* Section 3.2.3.2.4: counts that were cleared. */
static void syn_sent_cleared_option_is_not_believed(void)
{
	t.set.ecn = 3;
	at(CN_SYN_SENT);
	in("SA", 0, 1, 0, .ace = ACE(2), .accecn = true, .acc_n = 3,
	   .acc = {1, 0, 0}, .mss = PEER_MSS);
	is(accecn_of(&t.tcb)->option_deaf, true);
	is(t.count.accecn_refused, 1);
}

/* Without memory the peer finds counts of nought, and does without. */
static void syn_sent_without_memory_goes_without(void)
{
	t.set.ecn = 3;
	at(CN_SYN_SENT);
	t.fail_after = 0;
	in("SA", 0, 1, 0, .ace = ACE(2), .mss = PEER_MSS);
	t.fail_after = -1;
	is(mode_of(&t.tcb), NOT_ECN);
	out("A", 1, 1, 0, .ace = ACE(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(syn_sent_table_2_answer_chooses_the_mode),
		cmocka_unit_test_rule(listen_table_2_syn_chooses_the_mode),
		cmocka_unit_test_rule(
			listen_table_2_syn_ack_tells_how_the_syn_came),
		cmocka_unit_test_rule(listen_repeated_syn_ack_goes_without),
		cmocka_unit_test_rule(listen_syn_again),
		cmocka_unit_test_rule(
			syn_sent_second_repetition_asks_for_nothing),
		cmocka_unit_test_rule(
			syn_sent_setting_of_4_asks_for_the_classic),
		cmocka_unit_test_rule(syn_sent_setting_of_5_asks_for_nothing),
		cmocka_unit_test_rule(
			syn_sent_table_3_ack_tells_how_the_syn_ack_came),
		cmocka_unit_test_rule(syn_sent_ack_goes_before_data),
		cmocka_unit_test_rule(established_syn_ack_again_is_told_again),
		cmocka_unit_test_rule(
			syn_received_table_4_ack_tells_how_the_syn_ack_came),
		cmocka_unit_test_rule(syn_received_ack_with_data_is_a_count),
		cmocka_unit_test_rule(syn_received_plain_syn_forbids_ect),
		cmocka_unit_test_rule(syn_sent_simultaneous_open_agrees),
		cmocka_unit_test_rule(syn_sent_cleared_option_is_not_believed),
		cmocka_unit_test_rule(syn_sent_without_memory_goes_without),
	};

	return cmocka_run_group_tests_name("accecn_syn", tests, NULL, NULL);
}
