/* SPDX-License-Identifier: MIT */
/* RFC 9293 sections 3.10.1 to 3.10.5: what else there is to say of the calls
 * (user.c goes through the states). */
#include "spec.h"

static int64_t send_of(size_t len)
{
	static uint8_t octets[100];

	return tcp_send(&t.tcb, octets, len, 0, t.now);
}

static int64_t recv_of(size_t len, unsigned flags)
{
	static uint8_t octets[20000];

	return tcp_recv(&t.tcb, octets, len, flags, t.now);
}

/* -------------------------------------------------------------- sending -- */

static void established_send_of_nothing_is_nothing(void)
{
	at(CN_ESTABLISHED);
	is(send_of(0), 0);
	silent();
	closes();
	is(send_of(0), CN_E_PIPE);
}

/* MUST-12: after a failure a broken pipe, before a connection none at all. */
static void closed_by_reset_send_is_a_broken_pipe(void)
{
	struct cn_span span[1];

	at(CN_ESTABLISHED);
	in("R", 1, 0, 0);
	is(send_of(1), CN_E_PIPE);
	is(tcp_send_reserve(&t.tcb, 1, span, 1), CN_E_PIPE);
	is(tcp_send_commit(&t.tcb, 1, 0, t.now), CN_E_PIPE);
	is(tcp_send_room(&t.tcb), 0);
}

static void closed_in_order_send_is_no_connection(void)
{
	at(CN_LAST_ACK);
	in("A", 2, 2, 0);
	state(CN_CLOSED);
	error(0);
	is(send_of(1), CN_E_NOTCONN);
}

static void syn_received_send_after_close_is_a_broken_pipe(void)
{
	at(CN_SYN_RECEIVED);
	is(send_of(1), CN_E_AGAIN);
	closes();
	state(CN_SYN_RECEIVED);
	is(send_of(1), CN_E_PIPE);
}

/* A buffer made smaller than what is queued has no room. */
static void established_room_is_what_the_buffer_leaves(void)
{
	struct cn_span span[4];

	t.set.sndbuf = 5000;
	at(CN_ESTABLISHED);
	is(tcp_send_room(&t.tcb), 5000);
	sends(3000);
	is(tcp_send_room(&t.tcb), 2000);
	t.tcb.sndbuf = 3000;
	is(tcp_send_room(&t.tcb), 0);
	is(tcp_send_reserve(&t.tcb, 1, span, 4), CN_E_AGAIN);
	t.tcb.sndbuf = 3001;
	is(tcp_send_reserve(&t.tcb, 100, span, 4), 1);
	is(span[0].len, 1);
	for (uint32_t i = 0; i < 3; i++)
		out(i < 2 ? "A" : "PA", 1 + i * 1000, 1, 1000);
}

/* MUST-61: urgent without octets is no urgency. */
static void established_urgent_nothing_is_not_urgent(void)
{
	at(CN_ESTABLISHED);
	is(tcp_send_commit(&t.tcb, 0, CN_MSG_OOB, t.now), CN_OK);
	is(t.tcb.urg_out, false);
	sends(1);
	out("PA", 1, 1, 1);
}

/* MUST-62: only when all of it was taken is its last octet the urgent one. */
static void established_urgent_taken_in_part_is_not_urgent(void)
{
	static uint8_t octets[100];

	t.set.sndbuf = 50;
	at(CN_ESTABLISHED);
	is(tcp_send(&t.tcb, octets, 100, CN_MSG_OOB, t.now), 50);
	is(t.tcb.urg_out, false);
	t.tcb.sndbuf = 100;
	is(tcp_send(&t.tcb, octets, 50, CN_MSG_OOB, t.now), 50);
	is(t.tcb.urg_out, true);
	is(t.tcb.snd_up - t.iss, 101);
}

/* MUST-62: over when the urgent octet is acknowledged. */
static void established_urgent_is_over_with_its_ack(void)
{
	at(CN_ESTABLISHED);
	sends_urgent(10);
	sends(10);
	out("UPA", 1, 1, 20, 0, 10);
	in("A", 1, 10, 0);
	is(t.tcb.urg_out, true);
	in("A", 1, 11, 0);
	is(t.tcb.urg_out, false);
}

/* MUST-30: what goes again says so again; what lies behind it does not. */
static void established_urgent_retransmission_says_so(void)
{
	at(CN_ESTABLISHED);
	sends_urgent(1000);
	sends(1000);
	out("UA", 1, 1, 1000, 0, 1000);
	out("PA", 1001, 1, 1000);
	after(RTO);
	out("UA", 1, 1, 1000, 0, 1000);
	in("A", 1, 1001, 0);
	out("PA", 1001, 1, 1000);
}

/* MUST-30: and so does a bare ACK on the way. */
static void established_urgent_is_announced_by_an_ack(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, NO_WND);
	sends_urgent(10);
	silent();
	tcp_set_quickack(&t.tcb, true, t.now);
	in("PA", 1, 1, 5, NO_WND);
	out("UA", 1, 6, 0, 0, 10);
}

/* ------------------------------------------------------------ receiving -- */

static void established_recv_is_the_stream(void)
{
	at(CN_ESTABLISHED);
	is(recv_of(1, 0), CN_E_AGAIN);
	in("PA", 1, 1, 100);
	out("A", 1, 101, 0);
	is(recv_of(0, 0), 0);
	reads(1);
	reads(99);
	is(recv_of(1, 0), CN_E_AGAIN);
}

/* More pieces than one view shows. */
static void established_recv_of_many_pieces(void)
{
	t.rcvbuf = 60000;
	at(CN_ESTABLISHED);
	for (uint32_t i = 0; i < 40; i++)
		in("PA", 1 + i * 1400, 1, 1400);
	out("A", 1, 56001, 0);
	reads(56000);
	is(recv_of(1, 0), CN_E_AGAIN);
}

/* A peek shows of many pieces what one view holds, and takes nothing. */
static void established_peek_shows_the_first_pieces(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 4000);
	out("A", 1, 4001, 0);
	is(recv_of(5000, CN_MSG_PEEK), 4000);
	is(recv_of(10, CN_MSG_PEEK), 10);
	is(recv_of(5000, CN_MSG_PEEK | CN_MSG_TRUNC), 4000);
	reads(4000);
}

/* The end of the stream, for as long as one asks. */
static void close_wait_recv_ends(void)
{
	at(CN_ESTABLISHED);
	in("FPA", 1, 1, 10);
	out("A", 1, 12, 0);
	reads(10);
	is(recv_of(1, 0), 0);
	is(recv_of(1, 0), 0);
}

static void established_shut_for_reading_recv_ends(void)
{
	at(CN_ESTABLISHED);
	t.tcb.rd_shut = true;
	is(recv_of(1, 0), 0);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0);
	reads(10);
	is(recv_of(1, 0), 0);
}

/* What had come before the reset can still be read. */
static void closed_by_reset_recv_reads_on(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0);
	in("R", 11, 0, 0);
	reads(10);
	is(recv_of(1, 0), CN_E_NOTCONN);
}

static void established_take_of_nothing_or_too_much(void)
{
	at(CN_ESTABLISHED);
	is(tcp_recv_take(&t.tcb, 0, t.now), CN_OK);
	is(tcp_recv_take(&t.tcb, 1, t.now), CN_E_INVAL);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0);
	is(tcp_recv_take(&t.tcb, 10, t.now), CN_OK);
	is(t.tcb.recvq == NULL, true);
}

/* ------------------------------------------------------ urgent, MSG_OOB -- */

static void established_oob_nothing_announced(void)
{
	at(CN_ESTABLISHED);
	is(recv_of(1, CN_MSG_OOB), CN_E_INVAL);
	is(tcp_at_mark(&t.tcb), false);
}

static void established_oob_announced_and_not_here(void)
{
	at(CN_ESTABLISHED);
	in("UPA", 1, 1, 10, .up = 20);
	out("A", 1, 11, 0);
	is(recv_of(1, CN_MSG_OOB), CN_E_AGAIN);
	in("PA", 11, 1, 10);
	out("A", 1, 21, 0);
	is(recv_of(0, CN_MSG_OOB), 0);
	is(recv_of(1, CN_MSG_OOB | CN_MSG_PEEK), 1);
	is(recv_of(1, CN_MSG_OOB), 1);
	is(recv_of(1, CN_MSG_OOB), CN_E_INVAL);
}

static void established_oob_inline_has_no_band(void)
{
	at(CN_ESTABLISHED);
	t.tcb.oobinline = true;
	in("UPA", 1, 1, 10, .up = 5);
	out("A", 1, 11, 0);
	is(recv_of(1, CN_MSG_OOB), CN_E_INVAL);
	reads(4);
	is(tcp_at_mark(&t.tcb), true);
	reads(6);
	is(tcp_at_mark(&t.tcb), false);
}

/* A view stops at the mark like a read; then it shows what is behind. */
static void established_view_stops_at_the_mark(void)
{
	struct cn_slice slice[8];
	int n;

	at(CN_ESTABLISHED);
	t.tcb.oobinline = true;
	in("PA", 1, 1, 2000);
	out("A", 1, 2001, 0);
	in("UPA", 2001, 1, 2000, .up = 501);
	out("A", 1, 4001, 0);
	n = tcp_recv_view(&t.tcb, slice, 8);
	is(n, 2);
	is(slice[0].len + slice[1].len, 2500);
	is(tcp_recv_take(&t.tcb, 2500, t.now), CN_OK);
	is(tcp_at_mark(&t.tcb), true);
	n = tcp_recv_view(&t.tcb, slice, 8);
	is(n, 1);
	is(slice[0].len, 1500);
	is(tcp_recv_take(&t.tcb, 1, t.now), CN_OK);
	is(tcp_at_mark(&t.tcb), false);
}

/* A mark in the first of two pieces hides the second. */
static void established_view_ends_before_the_piece_behind_the_mark(void)
{
	struct cn_slice slice[8];

	at(CN_ESTABLISHED);
	t.tcb.oobinline = true;
	in("UPA", 1, 1, 2000, .up = 501);
	out("A", 1, 2001, 0);
	in("PA", 2001, 1, 2000);
	out("A", 1, 4001, 0);
	is(tcp_recv_view(&t.tcb, slice, 8), 1);
	is(slice[0].len, 500);
}

/* ------------------------------------------------------ closing, aborts -- */

static void every_state_closes_once(void)
{
	at(CN_ESTABLISHED);
	closes();
	closes();
	out("FA", 1, 1, 0);
	silent();
	closes();
	silent();
}

/* SHLD-3: abort with data unread and unsent: a reset and nothing else. */
static void established_abort_forgets_all_data(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 100);
	out("A", 1, 101, 0);
	in("PA", 201, 1, 100);
	out("A", 1, 101, 0);
	sends(100);
	aborts(CN_E_CONNRESET);
	out("RA", 1, 101, 0);
	silent();
	state(CN_CLOSED);
	error(CN_E_CONNRESET);
	is(t.budget.used, 0);
	deadline(NEVER);
}

/* The reset lies where the peer expects our next octet. */
static void established_abort_resets_beyond_what_was_sent(void)
{
	at(CN_ESTABLISHED);
	sends(100);
	out("PA", 1, 1, 100);
	aborts(0);
	out("RA", 101, 1, 0);
	is(t.count.tcp_rst_out, 1);
	is(t.last.wnd, 0);
	is(t.last.options, 0);
}

/* An ACK that was owed is nobody's business any more. */
static void established_abort_pays_nothing_else(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 100);
	aborts(0);
	out("RA", 1, 101, 0);
	silent();
}

static void established_orphan_forgets_what_was_unread(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 100);
	out("A", 1, 101, 0);
	closes();
	out("FA", 1, 101, 0);
	orphans();
	is(t.budget.used, 0);
	is(t.tcb.recvq == NULL, true);
	silent();
	state(CN_FIN_WAIT_1);
}

/* MUST-20: FIN-WAIT-2 of an orphan, by its own setting. Notes: rows 41, 139. */
static void fin_wait_2_orphan_has_its_own_timeout(void)
{
	at(CN_FIN_WAIT_2);
	tcp_tune(&t.tcb)->fin_wait2_ns = 5 * SEC;
	orphans();
	deadline(5 * SEC);
	after(5 * SEC);
	state(CN_CLOSED);
	error(0);
	silent();
}

static void fin_wait_2_orphan_without_own_timeout(void)
{
	at(CN_FIN_WAIT_2);
	tcp_tune(&t.tcb)->keepcnt = 1;
	orphans();
	deadline(60 * SEC);
}

/* An orphan that reaches FIN-WAIT-2 later. */
static void fin_wait_1_orphan_timeout_begins_with_the_ack(void)
{
	at(CN_FIN_WAIT_1);
	tcp_set_keepalive(&t.tcb, true, t.now);
	orphans();
	after(RTT);
	in("A", 1, 2, 0);
	state(CN_FIN_WAIT_2);
	deadline(60 * SEC);
	after(60 * SEC);
	state(CN_CLOSED);
	silent();
}

/* The keepalive of a socket that is still held goes on. */
static void fin_wait_2_keepalive_counts_anew(void)
{
	at(CN_FIN_WAIT_1);
	tcp_set_keepalive(&t.tcb, true, t.now);
	after(100 * MS);
	in("A", 1, 2, 0);
	state(CN_FIN_WAIT_2);
	deadline(7200 * SEC);
}

/* Path and sizes beyond sixteen bits. */
static void closed_path_beyond_16_bits(void)
{
	tcb_init(&t.tcb, &t.env);
	tcp_set_path(&t.tcb, 70000, 80000, 536);
	is(t.tcb.path_mss, 65535);
	is(t.tcb.adv_mss, 65535);
	tcp_set_path(&t.tcb, 65534, 65534, 536);
	is(t.tcb.path_mss, 65534);
	is(t.tcb.adv_mss, 65534);
}

/* RFC 9293 section 3.10.7.1: what is over takes nothing more. */
static void closed_by_abort_segments_are_dropped(void)
{
	at(CN_ESTABLISHED);
	aborts(0);
	out("RA", 1, 1, 0);
	in("PA", 1, 1, 10);
	dropped(CN_DROP_TCP_CLOSED);
	silent();
	tcp_icmp_error(&t.tcb, CN_E_HOSTUNREACH, false, t.now);
	is(t.tcb.soft_err, 0);
}

/* What may yet be forged: the host knows whether it is fatal. */
static void fast_open_fatal_icmp_ends_it(void)
{
	at(CN_SYN_RECEIVED);
	t.tcb.fast_child = true;
	tcp_icmp_error(&t.tcb, CN_E_HOSTUNREACH, false, t.now);
	state(CN_SYN_RECEIVED);
	tcp_icmp_error(&t.tcb, CN_E_HOSTUNREACH, true, t.now);
	state(CN_CLOSED);
	is(t.tcb.err, CN_E_HOSTUNREACH);
}

static void time_wait_icmp_says_nothing(void)
{
	at(CN_TIME_WAIT);
	tcp_icmp_error(&t.tcb, CN_E_HOSTUNREACH, true, t.now);
	is(t.tcb.soft_err, 0);
	state(CN_TIME_WAIT);
}

/* No interval: every challenge is answered. */
static void established_challenges_without_an_interval(void)
{
	t.set.challenge_interval_ns = 0;
	at(CN_ESTABLISHED);
	for (int i = 0; i < 3; i++) {
		in("R", 2, 0, 0);
		out("A", 1, 1, 0);
	}
	is(t.count.tcp_challenge_acks, 3);
}

/* SYN and FIN take two numbers, and only one of them is old. */
static void established_old_syn_with_fin_is_challenged(void)
{
	at(CN_ESTABLISHED);
	in("SFA", 0, 1, 0);
	out("A", 1, 1, 0);
	silent();
	state(CN_ESTABLISHED);
}

/* The SYN again, with what no SYN bears, is not the SYN again. */
static void syn_received_syn_with_fin_is_not_repeated(void)
{
	at(CN_SYN_RECEIVED);
	in("SF", 0, 0, 0);
	out("A", 1, 1, 0);
	silent();
	state(CN_SYN_RECEIVED);
	in("SR", 0, 0, 0);
	silent();
	state(CN_SYN_RECEIVED);
}

/* The urgent octet is all of its segment, the first of it, or the last. */
static void established_urgent_octet_at_every_place(void)
{
	static const uint16_t up[] = {1, 2, 5, 9, 10};
	uint32_t iss = t.iss, irs = t.irs;

	for (size_t i = 0; i < N_OF(up); i++) {
		spec_end();
		spec_begin(iss, irs);
		at(CN_ESTABLISHED);
		in("PA", 1, 1, 2000);
		in("PA", 2001, 1, 2000);
		in("UPA", 4001, 1, 10, .up = up[i]);
		in("PA", 4011, 1, 2000);
		out("A", 1, 6011, 0);
		is(t.tcb.rcv_queued, 6009);
		reads(4000 + up[i] - 1u);
		is(tcp_at_mark(&t.tcb), true);
		is(recv_of(1, CN_MSG_OOB | CN_MSG_PEEK), 1);
		t.read_at++;
		reads(2010u - up[i]);
		/* Linux: it is lost to who has read on. */
		is(recv_of(1, CN_MSG_OOB), CN_E_INVAL);
		is(t.tcb.recvq == NULL, true);
	}
}

/* Alone in its segment, with more behind it and before it. */
static void established_urgent_octet_alone_in_its_segment(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 2000);
	in("UPA", 2001, 1, 1, .up = 1);
	is(t.tcb.rcv_queued, 2000);
	in("PA", 2002, 1, 2000);
	reads(2000);
	t.read_at++;
	reads(2000);
	is(t.tcb.recvq == NULL, true);
}

/* What the peer acknowledged is news, and so is the state it leads to. */
static void fin_wait_1_ack_is_news(void)
{
	at(CN_FIN_WAIT_1);
	in("A", 1, 2, 0);
	news(TCP_NEWS_STATE | TCP_NEWS_OUT);
}

static void closing_ack_is_news(void)
{
	at(CN_CLOSING);
	in("A", 2, 2, 0);
	news(TCP_NEWS_STATE | TCP_NEWS_OUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_send_of_nothing_is_nothing),
		cmocka_unit_test_rule(closed_by_reset_send_is_a_broken_pipe),
		cmocka_unit_test_rule(closed_in_order_send_is_no_connection),
		cmocka_unit_test_rule(
			syn_received_send_after_close_is_a_broken_pipe),
		cmocka_unit_test_rule(
			established_room_is_what_the_buffer_leaves),
		cmocka_unit_test_rule(established_urgent_nothing_is_not_urgent),
		cmocka_unit_test_rule(
			established_urgent_taken_in_part_is_not_urgent),
		cmocka_unit_test_rule(established_urgent_is_over_with_its_ack),
		cmocka_unit_test_rule(
			established_urgent_retransmission_says_so),
		cmocka_unit_test_rule(
			established_urgent_is_announced_by_an_ack),
		cmocka_unit_test_rule(established_recv_is_the_stream),
		cmocka_unit_test_rule(established_recv_of_many_pieces),
		cmocka_unit_test_rule(established_peek_shows_the_first_pieces),
		cmocka_unit_test_rule(close_wait_recv_ends),
		cmocka_unit_test_rule(established_shut_for_reading_recv_ends),
		cmocka_unit_test_rule(closed_by_reset_recv_reads_on),
		cmocka_unit_test_rule(established_take_of_nothing_or_too_much),
		cmocka_unit_test_rule(established_oob_nothing_announced),
		cmocka_unit_test_rule(established_oob_announced_and_not_here),
		cmocka_unit_test_rule(established_oob_inline_has_no_band),
		cmocka_unit_test_rule(established_view_stops_at_the_mark),
		cmocka_unit_test_rule(
			established_view_ends_before_the_piece_behind_the_mark),
		cmocka_unit_test_rule(every_state_closes_once),
		cmocka_unit_test_rule(established_abort_forgets_all_data),
		cmocka_unit_test_rule(
			established_abort_resets_beyond_what_was_sent),
		cmocka_unit_test_rule(established_abort_pays_nothing_else),
		cmocka_unit_test_rule(
			established_orphan_forgets_what_was_unread),
		cmocka_unit_test_rule(fin_wait_2_orphan_has_its_own_timeout),
		cmocka_unit_test_rule(fin_wait_2_orphan_without_own_timeout),
		cmocka_unit_test_rule(
			fin_wait_1_orphan_timeout_begins_with_the_ack),
		cmocka_unit_test_rule(fin_wait_2_keepalive_counts_anew),
		cmocka_unit_test_rule(closed_path_beyond_16_bits),
		cmocka_unit_test_rule(closed_by_abort_segments_are_dropped),
		cmocka_unit_test_rule(fast_open_fatal_icmp_ends_it),
		cmocka_unit_test_rule(time_wait_icmp_says_nothing),
		cmocka_unit_test_rule(
			established_challenges_without_an_interval),
		cmocka_unit_test_rule(
			established_old_syn_with_fin_is_challenged),
		cmocka_unit_test_rule(
			syn_received_syn_with_fin_is_not_repeated),
		cmocka_unit_test_rule(established_urgent_octet_at_every_place),
		cmocka_unit_test_rule(
			established_urgent_octet_alone_in_its_segment),
		cmocka_unit_test_rule(fin_wait_1_ack_is_news),
		cmocka_unit_test_rule(closing_ack_is_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
