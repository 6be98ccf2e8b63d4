/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.10.7.4, "second, check the RST bit", RFC 5961 section 3
 * and RFC 1337; what the grid cannot say in one cell.
 */
#include "spec.h"

/* attacks.md row 1: a blind attacker sends resets at random, for a whole day
 * at ten a second, and every number but the one. */
static void established_random_rsts_live(void)
{
	uint32_t answers = 0;

	at(CN_ESTABLISHED);
	for (uint32_t i = 0; i < 200000; i++) {
		uint32_t seq = (uint32_t)random_u64(&t.random);
		struct tcp_seg seg;

		t.now += 100 * MS;
		if (seq == 1)
			continue;
		in("R", seq, 0, 0);
		if (t.tcb.state != CN_ESTABLISHED)
			spec_fail(__FILE__, __LINE__, "reset by %u",
				  (unsigned)seq);
		while (spec_emit(&seg))
			answers++;
	}
	/* 10000 / 2^32 of them fall into the window. */
	is(answers < 10, true);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0);
	reads(10);
}

/* attacks.md row 1: the whole window but its first number. */
static void established_every_inexact_rst_lives(void)
{
	at(CN_ESTABLISHED);
	for (int64_t seq = 2; seq < 1 + OUR_WND; seq++)
		in("R", seq, 0, 0);
	out("A", 1, 1, 0);
	silent();
	state(CN_ESTABLISHED);
	is(t.count.drop[CN_DROP_TCP_RST_INEXACT], OUR_WND - 1);
	is(t.count.drop[CN_DROP_CHALLENGE_RATE], OUR_WND - 2);
}

/* The peer that really has reset answers the challenge with the exact
 * number. */
static void established_rst_after_challenge_resets(void)
{
	at(CN_ESTABLISHED);
	in("R", 500, 0, 0);
	out("A", 1, 1, 0);
	in("R", 1, 0, 0);
	silent();
	state(CN_CLOSED);
	error(CN_E_CONNRESET);
}

/* SHLD-2 */
static void established_rst_with_data_resets(void)
{
	at(CN_ESTABLISHED);
	in("RA", 1, 1, 100);
	silent();
	state(CN_CLOSED);
	error(CN_E_CONNRESET);
	is(t.tcb.rcv_queued, 0);
}

/* MUST-12: the application learns how it ended. */
static void end_of_connection_tells_why(void)
{
	at(CN_ESTABLISHED);
	in("R", 1, 0, 0);
	error(CN_E_CONNRESET);
	news(TCP_NEWS_IN | TCP_NEWS_OUT | TCP_NEWS_STATE);
	tcb_deinit(&t.tcb);
	t.where = CN_CLOSED;
	at(CN_LAST_ACK);
	in("A", 2, 2, 0);
	state(CN_CLOSED);
	error(0);
	news(TCP_NEWS_IN | TCP_NEWS_OUT | TCP_NEWS_STATE);
}

/* What was received before is still to be read. */
static void established_rst_leaves_what_was_received(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0);
	in("R", 11, 0, 0);
	state(CN_CLOSED);
	reads(10);
}

/* Nothing that was in flight or queued stays, and no timer runs. */
static void established_rst_with_data_in_flight_ends_all(void)
{
	at(CN_ESTABLISHED);
	sends(5000);
	out("A", 1, 1, 1000);
	in("R", 1, 0, 0);
	silent();
	deadline(NEVER);
	is(t.tcb.sendq == NULL, true);
	is(t.tcb.sent == NULL, true);
}

/* MUST-11: back to LISTEN: the entry goes, and nobody is told an error. */
static void syn_received_passive_rst_goes_quietly(void)
{
	at_passive(CN_SYN_RECEIVED);
	is(t.tcb.passive, true);
	in("R", 1, 0, 0);
	silent();
	state(CN_CLOSED);
	error(0);
}

/* MUST-11 */
static void syn_received_active_rst_is_refused(void)
{
	at(CN_SYN_RECEIVED);
	is(t.tcb.passive, false);
	in("R", 1, 0, 0);
	silent();
	state(CN_CLOSED);
	error(CN_E_CONNREFUSED);
}

static void syn_sent_rst_ack_is_refused(void)
{
	at(CN_SYN_SENT);
	in("RA", 0, 1, 0);
	silent();
	state(CN_CLOSED);
	error(CN_E_CONNREFUSED);
	deadline(NEVER);
}

/* A reset must acknowledge our SYN, or anybody could send it. */
static void syn_sent_blind_rst_is_ignored(void)
{
	at(CN_SYN_SENT);
	in("R", 0, 0, 0);
	in("R", 1, 0, 0);
	for (int64_t ack = -3; ack < 1; ack++)
		in("RA", 0, ack, 0);
	in("RA", 0, 2, 0);
	silent();
	state(CN_SYN_SENT);
}

static void close_wait_rst_is_a_broken_pipe(void)
{
	at(CN_CLOSE_WAIT);
	in("R", 2, 0, 0);
	state(CN_CLOSED);
	error(CN_E_PIPE);
}

/* attacks.md row 10, RFC 1337 hazard H1: old data in TIME-WAIT cause an ACK,
 * the peer's new incarnation answers that with a RST: it must not end
 * TIME-WAIT. */
static void time_wait_old_data_then_rst_stays(void)
{
	at(CN_TIME_WAIT);
	in("PA", 1, 1, 1);
	out("A", 2, 2, 0);
	for (int64_t seq = 0; seq < 5; seq++)
		in("R", seq, 0, 0);
	silent();
	state(CN_TIME_WAIT);
	deadline(60 * SEC);
}

/* attacks.md row 10, RFC 1337 hazards H2 and H3: an old ACK or FIN. */
static void time_wait_old_ack_then_rst_stays(void)
{
	at(CN_TIME_WAIT);
	after(10 * SEC);
	in("A", 1, 1, 0);
	out("A", 2, 2, 0);
	in("R", 2, 0, 0);
	in("RA", 2, 2, 0);
	silent();
	state(CN_TIME_WAIT);
	deadline(50 * SEC);
	after(50 * SEC);
	state(CN_CLOSED);
	error(0);
}

static uint32_t challenges_of(struct tcb *tcb, unsigned rsts)
{
	static const struct tcp_emit_limits limits = {0};
	struct tcp_seg seg;
	uint32_t n = 0;

	for (unsigned i = 0; i < rsts; i++) {
		memset(&seg, 0, sizeof(seg));
		seg.flags = TCP_RST;
		seg.seq = tcb->rcv_nxt + 2 + i;
		tcp_arrives(tcb, &seg, t.now);
		while (tcp_emit(tcb, &limits, &seg, t.now))
			n++;
	}
	return n;
}

/* attacks.md row 4: how often one connection answers says nothing about what
 * another has been sent (CVE-2016-5696). */
static void challenges_of_two_connections_are_unrelated(void)
{
	struct spec other;
	unsigned n;

	at(CN_ESTABLISHED);
	other = t;
	spec_begin(t.iss + 1000, t.irs + 1000);
	at(CN_ESTABLISHED);
	for (unsigned second = 0; second < 20; second++) {
		/* The victim is flooded in every other second. */
		n = challenges_of(&t.tcb, second % 2 ? 1000 : 0);
		is(n, second % 2);
		/* The attacker's own connection sees no difference. */
		is(challenges_of(&other.tcb, 200), 1);
		t.now += SEC;
	}
	spec_end();
	t = other;
	t.tcb.env = &t.env;
}

/* attacks.md row 4, RFC 5961 section 7: one in 500 ms, and when the next is
 * allowed cannot be told exactly. */
static void established_challenges_are_limited(void)
{
	uint64_t first, least = NEVER, most = 0;

	at(CN_ESTABLISHED);
	for (unsigned i = 0; i < 200; i++) {
		in("R", 500, 0, 0);
		out("A", 1, 1, 0);
		first = t.now;
		do {
			t.now += MS;
			in("R", 500, 0, 0);
		} while (!tcp_has_output(&t.tcb, t.now));
		out("A", 1, 1, 0);
		if (t.now - first < least)
			least = t.now - first;
		if (t.now - first > most)
			most = t.now - first;
		t.now += SEC;
	}
	is(least >= 500 * MS && least < 520 * MS, true);
	is(most > 600 * MS && most <= 625 * MS, true);
}

/* RFC 5961 section 7 leaves the limit to us: without one, each is answered. */
static void established_unlimited_challenges_are_all_sent(void)
{
	t.set.challenge_interval_ns = 0;
	at(CN_ESTABLISHED);
	for (int i = 0; i < 5; i++) {
		in("R", 500, 0, 0);
		out("A", 1, 1, 0);
	}
	silent();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_random_rsts_live),
		cmocka_unit_test_rule(established_every_inexact_rst_lives),
		cmocka_unit_test_rule(established_rst_after_challenge_resets),
		cmocka_unit_test_rule(established_rst_with_data_resets),
		cmocka_unit_test_rule(end_of_connection_tells_why),
		cmocka_unit_test_rule(established_rst_leaves_what_was_received),
		cmocka_unit_test_rule(
			established_rst_with_data_in_flight_ends_all),
		cmocka_unit_test_rule(syn_received_passive_rst_goes_quietly),
		cmocka_unit_test_rule(syn_received_active_rst_is_refused),
		cmocka_unit_test_rule(syn_sent_rst_ack_is_refused),
		cmocka_unit_test_rule(syn_sent_blind_rst_is_ignored),
		cmocka_unit_test_rule(close_wait_rst_is_a_broken_pipe),
		cmocka_unit_test_rule(time_wait_old_data_then_rst_stays),
		cmocka_unit_test_rule(time_wait_old_ack_then_rst_stays),
		cmocka_unit_test_rule(
			challenges_of_two_connections_are_unrelated),
		cmocka_unit_test_rule(established_challenges_are_limited),
		cmocka_unit_test_rule(
			established_unlimited_challenges_are_all_sent),
	};

	return cmocka_run_group_tests_name("rst", tests, NULL, NULL);
}
