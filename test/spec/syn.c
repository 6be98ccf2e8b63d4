/* SPDX-License-Identifier: MIT */
/* RFC 9293 sections 3.5, 3.10.1, 3.10.7.2 and 3.10.7.3: how connections open. */
#include "spec.h"

/* MUST-14, MUST-65, SHLD-5, MAY-3 */
static void closed_open_sends_a_syn_with_mss(void)
{
	at(CN_SYN_SENT);
	is(t.last.flags, TCP_SYN);
	is(t.last.seq, t.iss);
	is(t.last.options, TCP_OPT_MSS);
	is(t.last.mss, OUR_MSS);
	is(t.last.wnd, OUR_WND);
	is(t.last.data_len, 0);
	deadline(SEC);
}

/* MUST-65 */
static void mss_option_is_on_syns_alone(void)
{
	at(CN_ESTABLISHED);
	is(t.last.options & TCP_OPT_MSS, 0);
	sends(10);
	out("PA", 1, 1, 10);
	closes();
	out("FA", 11, 1, 0);
	after(RTO);
	out("PA", 1, 1, 10);
}

/* Notes: rows 18, 19, 22. */
static void syn_sent_syn_ack_establishes(void)
{
	at(CN_SYN_SENT);
	t.now += RTT;
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	out("A", 1, 1, 0, .wnd = OUR_WND);
	silent();
	state(CN_ESTABLISHED);
	error(0);
	news(TCP_NEWS_STATE | TCP_NEWS_OUT);
	deadline(NEVER);
	is(t.tcb.snd_wnd, PEER_WND);
	is(t.tcb.rtt.srtt_us, 100000);
}

/* MUST-1: a window of more than 2^15 is no negative number. */
static void window_is_unsigned(void)
{
	at(CN_SYN_SENT);
	in("SA", 0, 1, 0, .mss = PEER_MSS, .wnd = 65535);
	out("A", 1, 1, 0);
	is(t.tcb.snd_wnd, 65535);
	in("A", 1, 1, 0, .wnd = 0x8000);
	is(t.tcb.snd_wnd, 0x8000);
}

/* MUST-10: simultaneous open, RFC 9293 figure 7. Notes: row 27. */
static void syn_sent_syn_crosses(void)
{
	at(CN_SYN_SENT);
	in("S", 0, 0, 0, .mss = PEER_MSS);
	out("SA", 0, 1, 0, .mss = OUR_MSS);
	state(CN_SYN_RECEIVED);
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	/* As Linux: for the SYN, which came twice. */
	out("A", 1, 1, 0);
	state(CN_ESTABLISHED);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0);
	sends(10);
	out("PA", 1, 11, 10);
}

/* MUST-10: the other end's SYN-ACK is lost, its ACK arrives. */
static void syn_received_active_ack_establishes(void)
{
	at(CN_SYN_RECEIVED);
	in("A", 1, 1, 0);
	silent();
	state(CN_ESTABLISHED);
	news(TCP_NEWS_STATE | TCP_NEWS_OUT);
}

/* MUST-10: our SYN-ACK is lost and sent again. */
static void syn_received_active_times_out_and_repeats(void)
{
	at(CN_SYN_RECEIVED);
	after(SEC);
	out("SA", 0, 1, 0, .mss = OUR_MSS);
	silent();
	state(CN_SYN_RECEIVED);
}

/* Notes: rows 19, 22. */
static void syn_received_passive_ack_establishes(void)
{
	at_passive(CN_SYN_RECEIVED);
	is(t.last.seq, t.iss);
	is(t.last.ack, t.irs + 1);
	is(t.last.mss, OUR_MSS);
	is(t.last.wnd, OUR_WND);
	in("A", 1, 1, 0);
	silent();
	state(CN_ESTABLISHED);
	deadline(NEVER);
}

/* Notes: rows 19, 55. */
static void syn_received_passive_ack_with_data_is_taken(void)
{
	at_passive(CN_SYN_RECEIVED);
	in("PA", 1, 1, 100);
	out("A", 1, 101, 0);
	state(CN_ESTABLISHED);
	reads(100);
}

static void syn_received_passive_ack_with_fin_closes(void)
{
	at_passive(CN_SYN_RECEIVED);
	in("FPA", 1, 1, 100);
	out("A", 1, 102, 0);
	state(CN_CLOSE_WAIT);
	reads(100);
	reads(0);
}

/* The last ACK of the handshake is lost: the data behind it say the same. */
static void syn_received_passive_data_without_the_ack_is_taken(void)
{
	at_passive(CN_SYN_RECEIVED);
	in("PA", 101, 1, 100);
	out("A", 1, 1, 0);
	state(CN_ESTABLISHED);
	in("PA", 1, 1, 100);
	out("A", 1, 201, 0);
	reads(200);
}

static void syn_received_passive_syn_again_is_answered_again(void)
{
	at_passive(CN_SYN_RECEIVED);
	in("S", 0, 0, 0, .mss = PEER_MSS);
	out("SA", 0, 1, 0, .mss = OUR_MSS);
	silent();
	state(CN_SYN_RECEIVED);
}

/* MUST-22: the SYN is repeated with backoff and given up by count. */
static void syn_sent_without_answer_times_out(void)
{
	uint64_t wait = SEC;

	at(CN_SYN_SENT);
	for (unsigned i = 0; i < 6; i++, wait *= 2) {
		deadline(wait);
		after(wait);
		out("S", 0, 0, 0, .mss = OUR_MSS);
		silent();
	}
	deadline(64 * SEC);
	after(64 * SEC);
	silent();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
	deadline(NEVER);
}

/* MUST-23: settings can make it three minutes and more. */
static void syn_sent_may_try_for_three_minutes(void)
{
	uint64_t start, wait = SEC;

	t.set.syn_retries = 7;
	at(CN_SYN_SENT);
	start = t.now;
	for (unsigned i = 0; i < 7; i++) {
		after(wait);
		out("S", 0, 0, 0, .mss = OUR_MSS);
		wait = wait * 2 < 120 * SEC ? wait * 2 : 120 * SEC;
	}
	after(wait);
	state(CN_CLOSED);
	is(t.now - start >= 180 * SEC, true);
}

/* MUST-22 */
static void syn_received_without_answer_times_out(void)
{
	uint64_t wait = SEC;

	at_passive(CN_SYN_RECEIVED);
	for (unsigned i = 0; i < 5; i++, wait *= 2) {
		after(wait);
		out("SA", 0, 1, 0, .mss = OUR_MSS);
	}
	after(wait);
	silent();
	state(CN_CLOSED);
}

/* RFC 6298 section 5.7, RFC 6928: a repeated SYN leaves one segment. */
static void syn_sent_repeated_opens_a_small_window(void)
{
	at(CN_SYN_SENT);
	after(SEC);
	out("S", 0, 0, 0, .mss = OUR_MSS);
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	out("A", 1, 1, 0);
	is(t.tcb.cc.cwnd, PEER_MSS);
	/* Karn: whose answer it is cannot be told (MUST-18). */
	is(t.tcb.rtt.n, 0);
}

static void established_begins_with_ten_segments(void)
{
	at(CN_ESTABLISHED);
	is(t.tcb.cc.cwnd, 10 * PEER_MSS);
}

/* A gateway holds the SYN: no try is used up and nothing is measured. */
static void syn_sent_held_waits_without_end(void)
{
	at(CN_SYN_SENT);
	t.now += 10 * MS;
	tcp_hold(&t.tcb, true, t.now);
	deadline(NEVER);
	after(3600 * SEC);
	silent();
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	out("A", 1, 1, 0);
	state(CN_ESTABLISHED);
	is(t.tcb.cc.cwnd, 10 * PEER_MSS);
	is(t.tcb.rtt.n, 0);
}

static void syn_sent_released_is_repeated(void)
{
	at(CN_SYN_SENT);
	tcp_hold(&t.tcb, true, t.now);
	after(100 * SEC);
	tcp_hold(&t.tcb, false, t.now);
	deadline(SEC);
	after(SEC);
	out("S", 0, 0, 0, .mss = OUR_MSS);
}

static void syn_sent_close_ends(void)
{
	at(CN_SYN_SENT);
	closes();
	silent();
	state(CN_CLOSED);
	deadline(NEVER);
}

static void syn_sent_abort_is_silent(void)
{
	at(CN_SYN_SENT);
	aborts(0);
	silent();
	state(CN_CLOSED);
}

static void syn_received_close_sends_fin_after_the_handshake(void)
{
	at_passive(CN_SYN_RECEIVED);
	closes();
	silent();
	state(CN_SYN_RECEIVED);
	in("A", 1, 1, 0);
	out("FA", 1, 1, 0);
	state(CN_FIN_WAIT_1);
}

static void syn_received_abort_resets(void)
{
	at_passive(CN_SYN_RECEIVED);
	aborts(0);
	out("RA", 1, 1, 0);
	silent();
	state(CN_CLOSED);
}

/* Data that come with the SYN-ACK, as RFC 9293 section 3.10.7.3 has it.
 * Notes: row 55. */
static void syn_sent_syn_ack_with_data_takes_them(void)
{
	at(CN_SYN_SENT);
	in("SPA", 0, 1, 20, .mss = PEER_MSS);
	out("A", 1, 21, 0);
	state(CN_ESTABLISHED);
	reads(20);
}

/* attacks.md row 2: a blind SYN at every number of the window, each alone. */
static void established_syn_anywhere_lives(void)
{
	unsigned n = 0;

	at(CN_ESTABLISHED);
	for (int64_t seq = -100; seq < OUR_WND + 100; seq += 7) {
		struct tcp_seg seg;

		in("S", seq, 0, 0, .mss = PEER_MSS);
		in("SA", seq, 1, 0, .mss = PEER_MSS);
		while (spec_emit(&seg))
			n++;
	}
	is(n, 1);
	state(CN_ESTABLISHED);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0);
}

/* attacks.md row 2: a peer that has restarted answers the challenge with a
 * reset, and can then open anew. */
static void established_syn_of_a_restarted_peer_resets(void)
{
	at(CN_ESTABLISHED);
	sends(100);
	out("PA", 1, 1, 100);
	in("S", 123456, 0, 0, .mss = PEER_MSS);
	out("A", 101, 1, 0);
	in("R", 1, 0, 0);
	state(CN_CLOSED);
	error(CN_E_CONNRESET);
}

/* attacks.md row 38: SYN with data, which nobody asked for. Notes: row 55. */
static void listen_syn_with_data_begins(void)
{
	at(CN_LISTEN);
	in("SP", 0, 0, 100);
	is(t.listen, TCP_LISTEN_SYN);
}

/* The half-open connection of RFC 9293 section 3.5.1, figure 9: our SYN meets
 * the peer's old connection. Notes: row 20. */
static void syn_sent_ack_of_an_old_connection_resets_it(void)
{
	at(CN_SYN_SENT);
	in("A", 300, 100, 0);
	out("R", 100, 0, 0);
	silent();
	state(CN_SYN_SENT);
	after(SEC);
	out("S", 0, 0, 0, .mss = OUR_MSS);
}

/* RFC 9293 section 3.10.7.1. Notes: row 146. */
static void closed_anything_is_reset_as_it_can_believe(void)
{
	at(CN_CLOSED);
	in("A", 300, 100, 0);
	out("R", 100, 0, 0);
	in("FPA", 300, 100, 50);
	out("R", 100, 0, 0);
	in("S", 7, 0, 0);
	out("RA", -(int64_t)t.iss, 8, 0);
	in("FP", 7, 0, 10);
	out("RA", -(int64_t)t.iss, 18, 0);
	in("R", 7, 0, 0);
	in("RA", 7, 1, 0);
	silent();
}

/* MUST-56: a soft error is noted, the attempt goes on (host/ judges what is
 * hard); MUST-47, SHLD-25: and the application can ask. */
static void syn_sent_soft_error_goes_on(void)
{
	at(CN_SYN_SENT);
	tcp_icmp_error(&t.tcb, CN_E_HOSTUNREACH, false, t.now);
	state(CN_SYN_SENT);
	is(t.tcb.soft_err, CN_E_HOSTUNREACH);
	deadline(SEC);
	after(SEC);
	out("S", 0, 0, 0, .mss = OUR_MSS);
}

/* MUST-47: if nothing else is known in the end, it was that. */
static void syn_sent_soft_error_is_the_reason_in_the_end(void)
{
	t.set.syn_retries = 1;
	at(CN_SYN_SENT);
	tcp_icmp_error(&t.tcb, CN_E_HOSTUNREACH, false, t.now);
	after(SEC);
	out("S", 0, 0, 0, .mss = OUR_MSS);
	after(2 * SEC);
	state(CN_CLOSED);
	error(CN_E_HOSTUNREACH);
}

/* SHLD-26, and as Linux */
static void syn_sent_hard_error_ends(void)
{
	at(CN_SYN_SENT);
	tcp_icmp_error(&t.tcb, CN_E_CONNREFUSED, true, t.now);
	silent();
	state(CN_CLOSED);
	error(CN_E_CONNREFUSED);
}

/* attacks.md row 11, RFC 5927: what is established no ICMP message ends. */
static void synchronized_hard_error_is_soft(void)
{
	static const enum cn_tcp_state states[] = {
		CN_SYN_RECEIVED, CN_ESTABLISHED, CN_FIN_WAIT_1, CN_FIN_WAIT_2,
		CN_CLOSE_WAIT,	 CN_CLOSING,	 CN_LAST_ACK,	CN_TIME_WAIT,
	};
	uint32_t iss = t.iss, irs = t.irs;

	for (size_t i = 0; i < N_OF(states); i++) {
		spec_end();
		spec_begin(iss, irs);
		at(states[i]);
		tcp_icmp_error(&t.tcb, CN_E_CONNREFUSED, true, t.now);
		silent();
		state(states[i]);
		error(0);
	}
}

/* MUST-56: an ACK proves that the path works again. */
static void established_ack_forgets_the_soft_error(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	tcp_icmp_error(&t.tcb, CN_E_HOSTUNREACH, false, t.now);
	is(t.tcb.soft_err, CN_E_HOSTUNREACH);
	in("A", 1, 11, 0);
	is(t.tcb.soft_err, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(closed_open_sends_a_syn_with_mss),
		cmocka_unit_test_rule(mss_option_is_on_syns_alone),
		cmocka_unit_test_rule(syn_sent_syn_ack_establishes),
		cmocka_unit_test_rule(window_is_unsigned),
		cmocka_unit_test_rule(syn_sent_syn_crosses),
		cmocka_unit_test_rule(syn_received_active_ack_establishes),
		cmocka_unit_test_rule(
			syn_received_active_times_out_and_repeats),
		cmocka_unit_test_rule(syn_received_passive_ack_establishes),
		cmocka_unit_test_rule(
			syn_received_passive_ack_with_data_is_taken),
		cmocka_unit_test_rule(syn_received_passive_ack_with_fin_closes),
		cmocka_unit_test_rule(
			syn_received_passive_data_without_the_ack_is_taken),
		cmocka_unit_test_rule(
			syn_received_passive_syn_again_is_answered_again),
		cmocka_unit_test_rule(syn_sent_without_answer_times_out),
		cmocka_unit_test_rule(syn_sent_may_try_for_three_minutes),
		cmocka_unit_test_rule(syn_received_without_answer_times_out),
		cmocka_unit_test_rule(syn_sent_repeated_opens_a_small_window),
		cmocka_unit_test_rule(established_begins_with_ten_segments),
		cmocka_unit_test_rule(syn_sent_held_waits_without_end),
		cmocka_unit_test_rule(syn_sent_released_is_repeated),
		cmocka_unit_test_rule(syn_sent_close_ends),
		cmocka_unit_test_rule(syn_sent_abort_is_silent),
		cmocka_unit_test_rule(
			syn_received_close_sends_fin_after_the_handshake),
		cmocka_unit_test_rule(syn_received_abort_resets),
		cmocka_unit_test_rule(syn_sent_syn_ack_with_data_takes_them),
		cmocka_unit_test_rule(established_syn_anywhere_lives),
		cmocka_unit_test_rule(
			established_syn_of_a_restarted_peer_resets),
		cmocka_unit_test_rule(listen_syn_with_data_begins),
		cmocka_unit_test_rule(
			syn_sent_ack_of_an_old_connection_resets_it),
		cmocka_unit_test_rule(
			closed_anything_is_reset_as_it_can_believe),
		cmocka_unit_test_rule(syn_sent_soft_error_goes_on),
		cmocka_unit_test_rule(
			syn_sent_soft_error_is_the_reason_in_the_end),
		cmocka_unit_test_rule(syn_sent_hard_error_ends),
		cmocka_unit_test_rule(synchronized_hard_error_is_soft),
		cmocka_unit_test_rule(established_ack_forgets_the_soft_error),
	};

	return cmocka_run_group_tests_name("syn", tests, NULL, NULL);
}
