/* SPDX-License-Identifier: MIT */
/* RFC 9293 sections 3.10.2 to 3.10.6: what each state does with each call. */
#include "spec.h"

struct call_row {
	enum cn_tcp_state state;
	bool passive;
	int send; /* 10: octets taken; or an error */
	int recv; /* an error, or 0 at the end of the stream */
	enum cn_tcp_state closed; /* state after close */
	bool fin; /* close sends one now */
	bool rst; /* abort sends one */
};

static const struct call_row calls[] = {
	{CN_SYN_SENT, false, CN_E_AGAIN, CN_E_AGAIN, CN_CLOSED, false, false},
	{CN_SYN_RECEIVED, false, CN_E_AGAIN, CN_E_AGAIN, CN_SYN_RECEIVED, false,
	 true},
	{CN_SYN_RECEIVED, true, CN_E_AGAIN, CN_E_AGAIN, CN_SYN_RECEIVED, false,
	 true},
	{CN_ESTABLISHED, false, 10, CN_E_AGAIN, CN_FIN_WAIT_1, true, true},
	{CN_FIN_WAIT_1, false, CN_E_PIPE, CN_E_AGAIN, CN_FIN_WAIT_1, false,
	 true},
	{CN_FIN_WAIT_2, false, CN_E_PIPE, CN_E_AGAIN, CN_FIN_WAIT_2, false,
	 true},
	{CN_CLOSE_WAIT, false, 10, 0, CN_LAST_ACK, true, true},
	/* Deviation: RFC 9293 section 3.10.5 sends none in these two; as
	 * Linux, whose peer then knows. */
	{CN_CLOSING, false, CN_E_PIPE, 0, CN_CLOSING, false, true},
	{CN_LAST_ACK, false, CN_E_PIPE, 0, CN_LAST_ACK, false, true},
	{CN_TIME_WAIT, false, CN_E_PIPE, 0, CN_TIME_WAIT, false, false},
};

/* Runs check for every row, each on a new connection. */
static void for_each_state(void (*check)(const struct call_row *row))
{
	uint32_t iss = t.iss, irs = t.irs;

	for (size_t i = 0; i < N_OF(calls); i++) {
		spec_end();
		spec_begin(iss, irs);
		spec_at(__FILE__, __LINE__, calls[i].state, calls[i].passive);
		check(&calls[i]);
	}
}

static void check_send(const struct call_row *row)
{
	uint8_t octets[10] = {0};

	is(tcp_send(&t.tcb, octets, 10, 0, t.now), row->send);
	is(tcp_send_room(&t.tcb) > 0, row->send > 0);
}

static void check_recv(const struct call_row *row)
{
	uint8_t octets[10];

	is(tcp_recv(&t.tcb, octets, 10, 0, t.now), row->recv);
}

static void check_close(const struct call_row *row)
{
	uint32_t nxt = t.tcb.snd_nxt - t.iss, rcv = t.tcb.rcv_nxt - t.irs;

	closes();
	state(row->closed);
	if (row->fin)
		out("FA", nxt, rcv, 0);
	silent();
}

static void check_abort(const struct call_row *row)
{
	uint32_t nxt = t.tcb.snd_nxt - t.iss, rcv = t.tcb.rcv_nxt - t.irs;

	aborts(0);
	state(CN_CLOSED);
	if (row->rst)
		out("RA", nxt, rcv, 0);
	silent();
	deadline(NEVER);
}

static void every_state_send(void)
{
	for_each_state(check_send);
}

static void every_state_receive(void)
{
	for_each_state(check_recv);
}

static void every_state_close(void)
{
	for_each_state(check_close);
}

static void every_state_abort(void)
{
	for_each_state(check_abort);
}

static void closed_calls_fail(void)
{
	uint8_t octets[10] = {0};

	tcb_init(&t.tcb, &t.env);
	is(tcp_send(&t.tcb, octets, 10, 0, t.now), CN_E_NOTCONN);
	is(tcp_recv(&t.tcb, octets, 10, 0, t.now), CN_E_NOTCONN);
	tcp_close(&t.tcb, t.now);
	tcp_abort(&t.tcb, 0, t.now);
	is(t.tcb.state, CN_CLOSED);
	is(tcp_has_output(&t.tcb, t.now), false);
}

static void established_send_after_close_is_a_broken_pipe(void)
{
	uint8_t octets[10] = {0};

	at(CN_ESTABLISHED);
	closes();
	is(tcp_send(&t.tcb, octets, 10, 0, t.now), CN_E_PIPE);
	out("FA", 1, 1, 0);
	silent();
}

/* A full buffer takes what fits, then nothing, then what has been freed. */
static void established_send_fills_the_buffer(void)
{
	static uint8_t octets[20000];

	t.set.sndbuf = 10000;
	at(CN_ESTABLISHED);
	is(tcp_send(&t.tcb, octets, 20000, 0, t.now), 10000);
	is(tcp_send(&t.tcb, octets, 1, 0, t.now), CN_E_AGAIN);
	is(tcp_send_room(&t.tcb), 0);
	in("A", 1, 1, 0);
	while (tcp_has_output(&t.tcb, t.now)) {
		struct tcp_seg seg;

		spec_emit(&seg);
		spec_release(&seg);
	}
	t.now += RTT;
	t.tcb.news = 0;
	in("A", 1, 4001, 0);
	news(TCP_NEWS_OUT);
	is(tcp_send_room(&t.tcb), 4000);
}

/* Octets are written in place, without a copy. */
static void established_reserve_and_commit_send(void)
{
	struct cn_span span[4];
	int n;

	at(CN_ESTABLISHED);
	n = tcp_send_reserve(&t.tcb, 100, span, 4);
	is(n >= 1, true);
	is(span[0].len >= 100 || n > 1, true);
	for (uint32_t i = 0; i < 100 && i < span[0].len; i++)
		span[0].data[i] = (uint8_t)((1 + i + 77) * 2654435761u >> 24);
	is(tcp_send_commit(&t.tcb, 100, 0, t.now), CN_OK);
	out("PA", 1, 1, 100);
}

static void established_peek_leaves_it(void)
{
	uint8_t octets[20];

	at(CN_ESTABLISHED);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0);
	is(tcp_recv(&t.tcb, octets, 20, CN_MSG_PEEK, t.now), 10);
	is(tcp_recv(&t.tcb, octets, 5, CN_MSG_PEEK, t.now), 5);
	reads(10);
}

/* Discarded without being copied. */
static void established_trunc_discards(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0);
	is(tcp_recv(&t.tcb, NULL, 4, CN_MSG_TRUNC, t.now), 4);
	t.read_at = 5;
	reads(6);
}

static void established_view_and_take(void)
{
	struct cn_slice slice[4];

	at(CN_ESTABLISHED);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0);
	is(tcp_recv_view(&t.tcb, slice, 4), 1);
	is(slice[0].len, 10);
	is(tcp_recv_take(&t.tcb, 11, t.now), CN_E_INVAL);
	is(tcp_recv_take(&t.tcb, 4, t.now), CN_OK);
	t.read_at = 5;
	reads(6);
	is(tcp_recv_view(&t.tcb, slice, 4), 0);
}

/* An idle connection holds no buffer. */
static void established_idle_holds_nothing(void)
{
	at(CN_ESTABLISHED);
	is(t.tcb.sendq == NULL && t.tcb.sent == NULL && t.tcb.recvq == NULL,
	   true);
	sends(1000);
	out("PA", 1, 1, 1000);
	in("PA", 1, 1001, 500);
	after(40 * MS);
	out("A", 1001, 501, 0);
	reads(500);
	is(t.tcb.sendq == NULL && t.tcb.sent == NULL && t.tcb.recvq == NULL,
	   true);
	is(t.budget.used, 0);
}

/* Without memory a call fails, and the connection is as it was. */
static void established_send_without_memory_fails(void)
{
	uint8_t octets[10] = {0};

	at(CN_ESTABLISHED);
	t.fail_after = 0;
	is(tcp_send(&t.tcb, octets, 10, 0, t.now), CN_E_NOBUFS);
	silent();
	t.fail_after = -1;
	sends(10);
	out("PA", 1, 1, 10);
}

static void closed_by_reset_send_is_a_broken_pipe(void)
{
	uint8_t octets[10] = {0};

	at(CN_ESTABLISHED);
	in("R", 1, 0, 0);
	is(tcp_send(&t.tcb, octets, 10, 0, t.now), CN_E_PIPE);
	tcp_icmp_error(&t.tcb, CN_E_HOSTUNREACH, true, t.now);
	is(t.tcb.soft_err, 0);
	error(CN_E_CONNRESET);
}

static void syn_received_send_after_close_is_a_broken_pipe(void)
{
	uint8_t octets[10] = {0};

	at_passive(CN_SYN_RECEIVED);
	closes();
	is(tcp_send(&t.tcb, octets, 10, 0, t.now), CN_E_PIPE);
}

static void fin_wait_1_reserve_and_commit_are_broken_pipes(void)
{
	struct cn_span span[2];

	at(CN_FIN_WAIT_1);
	is(tcp_send_reserve(&t.tcb, 10, span, 2), CN_E_PIPE);
	is(tcp_send_commit(&t.tcb, 0, 0, t.now), CN_E_PIPE);
}

/* No octet, nothing urgent. */
static void established_empty_calls_change_nothing(void)
{
	uint8_t octet = 0;

	at(CN_ESTABLISHED);
	is(tcp_send(&t.tcb, &octet, 0, CN_MSG_OOB, t.now), 0);
	is(tcp_send_commit(&t.tcb, 0, CN_MSG_OOB, t.now), CN_OK);
	is(tcp_recv_take(&t.tcb, 0, t.now), CN_OK);
	is(t.tcb.urg_out, false);
	silent();
}

static void established_urgent_octet_can_be_peeked(void)
{
	uint8_t octet = 0;

	at(CN_ESTABLISHED);
	in("PAU", 1, 1, 10, .up = 5);
	out("A", 1, 11, 0);
	is(tcp_recv(&t.tcb, &octet, 0, CN_MSG_OOB, t.now), 0);
	is(tcp_recv(&t.tcb, &octet, 1, CN_MSG_OOB | CN_MSG_PEEK, t.now), 1);
	is(tcp_recv(&t.tcb, &octet, 1, CN_MSG_OOB, t.now), 1);
	is(tcp_recv(&t.tcb, &octet, 1, CN_MSG_OOB, t.now), CN_E_INVAL);
}

/* shutdown(SHUT_RD): what is there is read, then the end. */
static void established_shut_for_reading_ends(void)
{
	uint8_t octet;

	at(CN_ESTABLISHED);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0);
	t.tcb.rd_shut = true;
	reads(10);
	is(tcp_recv(&t.tcb, &octet, 1, 0, t.now), 0);
}

/* 16 bits say no more. */
static void syn_sent_widest_path_announces_65535(void)
{
	t.path_mss = 70000;
	at(CN_SYN_SENT);
	is(t.last.mss, 65535);
}

static void established_hold_is_for_syn_sent_alone(void)
{
	at(CN_ESTABLISHED);
	tcp_hold(&t.tcb, true, t.now);
	is(t.tcb.held, false);
	silent();
}

static void fin_wait_2_own_timeout_counts(void)
{
	at(CN_FIN_WAIT_2);
	tcp_tune(&t.tcb)->fin_wait2_ns = 7 * SEC;
	orphans();
	deadline(7 * SEC);
}

/* RFC 9293 section 3.10.6 */
static void status_tells_where_it_stands(void)
{
	struct cn_tcp_info info;

	at(CN_SYN_SENT);
	tcp_info(&t.tcb, &info);
	is(info.state, CN_SYN_SENT);
	is(info.srtt, 0);
	is(info.rtt_avg, 0);
	tcb_deinit(&t.tcb);
	t.where = CN_CLOSED;
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, .wnd = 2000);
	sends(5000);
	out("A", 1, 1, 1000);
	out("A", 1001, 1, 1000);
	t.now += RTT;
	in("A", 1, 1001, 0, .wnd = 1000);
	tcp_info(&t.tcb, &info);
	is(info.state, CN_ESTABLISHED);
	is(info.srtt, RTT);
	is(info.rtt_avg, RTT);
	is(info.flight, 1000);
	is(info.unsent, 3000);
	is(info.octets_sent, 2000);
	is(info.octets_acked, 1000);
	is(info.snd_wnd, 1000);
	is(info.snd_mss, PEER_MSS);
	is(info.handshake, RTT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(every_state_send),
		cmocka_unit_test_rule(every_state_receive),
		cmocka_unit_test_rule(every_state_close),
		cmocka_unit_test_rule(every_state_abort),
		cmocka_unit_test_rule(closed_calls_fail),
		cmocka_unit_test_rule(
			established_send_after_close_is_a_broken_pipe),
		cmocka_unit_test_rule(established_send_fills_the_buffer),
		cmocka_unit_test_rule(established_reserve_and_commit_send),
		cmocka_unit_test_rule(established_peek_leaves_it),
		cmocka_unit_test_rule(established_trunc_discards),
		cmocka_unit_test_rule(established_view_and_take),
		cmocka_unit_test_rule(established_idle_holds_nothing),
		cmocka_unit_test_rule(established_send_without_memory_fails),
		cmocka_unit_test_rule(closed_by_reset_send_is_a_broken_pipe),
		cmocka_unit_test_rule(
			syn_received_send_after_close_is_a_broken_pipe),
		cmocka_unit_test_rule(
			fin_wait_1_reserve_and_commit_are_broken_pipes),
		cmocka_unit_test_rule(established_empty_calls_change_nothing),
		cmocka_unit_test_rule(established_urgent_octet_can_be_peeked),
		cmocka_unit_test_rule(established_shut_for_reading_ends),
		cmocka_unit_test_rule(syn_sent_widest_path_announces_65535),
		cmocka_unit_test_rule(established_hold_is_for_syn_sent_alone),
		cmocka_unit_test_rule(fin_wait_2_own_timeout_counts),
		cmocka_unit_test_rule(status_tells_where_it_stands),
	};

	return cmocka_run_group_tests_name("user", tests, NULL, NULL);
}
