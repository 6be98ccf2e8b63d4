/* SPDX-License-Identifier: MIT */
/* RFC 9293 sections 3.10.7.2 and 3.10.7.4 where no connection record exists:
 * the entries of SYN-RECEIVED and TIME-WAIT. */
#include "spec.h"

/* ---------------------------------------------------------- SYN entries -- */

static struct tcp_syn entry_of(uint8_t options, uint32_t rcvbuf)
{
	struct tcp_seg seg = {.flags = TCP_SYN,
			      .seq = t.irs,
			      .len = 1,
			      .options = options,
			      .mss = 1234,
			      .wscale = 7,
			      .tsval = 4321};
	struct tcp_syn syn;

	tcp_syn_init(&syn, &t.env, &seg, t.iss, rcvbuf);
	return syn;
}

static struct tcp_seg reply_of(const struct tcp_syn *syn)
{
	struct tcp_seg reply;

	memset(&reply, 0xff, sizeof(reply));
	tcp_syn_reply(syn, &t.env, OUR_MSS, 99, &reply, t.now);
	return reply;
}

static void listen_bare_syn_is_answered_barely(void)
{
	struct tcp_syn syn = entry_of(0, 4000);
	struct tcp_seg reply = reply_of(&syn);

	is(syn.peer_mss, 0);
	is(syn.ts_recent, 0);
	is(syn.peer_wscale, 0);
	is(syn.rcv_wscale, 0);
	is(syn.rexmit_n, 0);
	is(reply.seq - t.iss, 0);
	is(reply.ack - t.irs, 1);
	is(reply.flags, TCP_SYN | TCP_ACK);
	is(reply.len, 1);
	is(reply.data_len, 0);
	is(reply.wnd, 4000);
	is(reply.mss, OUR_MSS);
	is(reply.options, TCP_OPT_MSS);
	is(reply.tos, 0);
}

/* What is switched off is not remembered, nor answered. */
static void listen_options_by_the_settings(void)
{
	const uint8_t all = TCP_OPT_MSS | TCP_OPT_TS | TCP_OPT_SACK_OK |
			    TCP_OPT_WSCALE;

	for (unsigned on = 0; on < 8; on++) {
		struct tcp_syn syn;
		struct tcp_seg reply;

		t.set.timestamps = on & 1;
		t.set.sack = on & 2;
		t.set.window_scaling = on & 4;
		syn = entry_of(all, 1 << 20);
		reply = reply_of(&syn);
		is(syn.peer_mss, 1234);
		is(syn.ts_recent, on & 1 ? 4321 : 0);
		is(syn.peer_wscale, on & 4 ? 7 : 0);
		is(syn.rcv_wscale, on & 4 ? 5 : 0);
		is(syn.rcv_wnd, 65535);
		is(reply.options, TCP_OPT_MSS | (on & 1 ? TCP_OPT_TS : 0) |
					  (on & 2 ? TCP_OPT_SACK_OK : 0) |
					  (on & 4 ? TCP_OPT_WSCALE : 0));
		is(reply.wscale, syn.rcv_wscale);
		is(reply.tsval, (uint32_t)(t.now / MS) + 99);
		is(reply.tsecr, syn.ts_recent);
	}
}

/* RFC 6928: a SYN-ACK that was repeated leaves one segment, and no sample. */
static void listen_repeated_syn_ack_opens_a_small_window(void)
{
	struct tcp_syn syn = entry_of(TCP_OPT_MSS, 4000);

	syn.rexmit_n = 1;
	tcb_init(&t.tcb, &t.env);
	t.where = CN_ESTABLISHED;
	tcp_set_path(&t.tcb, OUR_MSS, OUR_MSS, 536);
	tcp_from_syn(&t.tcb, &syn, 99, t.now, t.now);
	state(CN_SYN_RECEIVED);
	is(t.tcb.passive, true);
	is(t.tcb.rcv_wnd, 4000);
	deadline(SEC);
	after(RTT);
	in("A", 1, 1, 0);
	state(CN_ESTABLISHED);
	is(t.tcb.cc.cwnd, 1234);
	is(t.tcb.rtt.n, 0);
	sends(10);
	out("PA", 1, 1, 10);
	deadline(3 * SEC);
}

/* The handshake counts from when the SYN-ACK left. */
static void listen_handshake_is_measured_from_the_syn_ack(void)
{
	struct tcp_syn syn = entry_of(TCP_OPT_MSS, 4000);

	tcb_init(&t.tcb, &t.env);
	t.where = CN_ESTABLISHED;
	tcp_set_path(&t.tcb, OUR_MSS, OUR_MSS, 536);
	tcp_from_syn(&t.tcb, &syn, 99, t.now - RTT, t.now);
	in("A", 1, 1, 0);
	is(t.tcb.rtt.srtt_us, 100000);
}

/* ---------------------------------------------------- TIME-WAIT entries -- */

static struct tcp_tw at_time_wait(bool timestamps)
{
	struct tcp_tw tw;

	t.set.timestamps = timestamps;
	t.peer.ts = timestamps ? 5000 : 0;
	at(CN_TIME_WAIT);
	tcp_tw_init(&tw, &t.tcb);
	return tw;
}

static void time_wait_answers_where_it_is(void)
{
	struct tcp_tw tw = at_time_wait(false);
	struct tcp_seg reply;

	memset(&reply, 0xff, sizeof(reply));
	is(spec_time_wait(&tw, (struct line){"PA", 1, 2, 10}, &reply),
	   TCP_TW_ACK);
	is(reply.flags, TCP_ACK);
	is(reply.seq - t.iss, 2);
	is(reply.ack - t.irs, 2);
	is(reply.len, 0);
	is(reply.wnd, OUR_WND - 1);
	is(reply.options, 0);
}

/* RFC 7323 section 3.2 */
static void time_wait_answers_with_timestamps(void)
{
	struct tcp_tw tw = at_time_wait(true);
	struct tcp_seg reply;

	is(spec_time_wait(&tw, (struct line){"PA", 1, 2, 10}, &reply),
	   TCP_TW_ACK);
	is(reply.options, TCP_OPT_TS);
	is(reply.tsval, (uint32_t)(t.now / MS) + 1000);
	is(reply.tsecr, t.tcb.ts_recent);
	is(reply.tsecr, (uint32_t)(t.now / MS));
}

static void time_wait_window_is_scaled(void)
{
	struct tcp_seg reply;
	struct tcp_tw tw;

	t.set.window_scaling = true;
	t.rcvbuf = 1 << 20;
	t.peer.ws = WS(0);
	at(CN_TIME_WAIT);
	tcp_tw_init(&tw, &t.tcb);
	is(spec_time_wait(&tw, (struct line){"PA", 1, 2, 10}, &reply),
	   TCP_TW_ACK);
	is(reply.wnd, 32768);
}

/* RFC 1337: and an ACK without anything is no reason to speak. */
static void time_wait_says_nothing_to(void)
{
	static const struct line rows[] = {
		{"R", 2, 0},   {"RA", 2, 2}, {"A", 2, 2},
		{"A", 100, 2}, {"", 2, 0},   {"F", 1, 0},
	};
	struct tcp_tw tw = at_time_wait(false);

	for (size_t i = 0; i < N_OF(rows); i++) {
		struct tcp_seg reply;

		is(spec_time_wait(&tw, rows[i], &reply), TCP_TW_DROP);
	}
}

static void time_wait_answers_to(void)
{
	static const struct line rows[] = {
		{"A", 1, 2},	 {"A", 2 + OUR_WND, 2}, {"PA", 2, 2, 1},
		{"FA", 2, 2, 0}, {"SA", 2, 2, 0},	{"SFA", 0, 2, 0},
		{"FA", 0, 2, 0}, {"S", 1, 0},
	};
	struct tcp_tw tw = at_time_wait(false);

	for (size_t i = 0; i < N_OF(rows); i++) {
		struct tcp_seg reply;

		is(spec_time_wait(&tw, rows[i], &reply), TCP_TW_ACK);
	}
}

/* MUST-13: the FIN again, whatever data came with it. */
static void time_wait_fin_again_restarts(void)
{
	struct tcp_tw tw = at_time_wait(false);
	struct tcp_seg reply;

	is(spec_time_wait(&tw, (struct line){"FA", 1, 2}, &reply),
	   TCP_TW_RESTART);
	is(reply.ack - t.irs, 2);
	is(spec_time_wait(&tw, (struct line){"FA", -9, 2, 10}, &reply),
	   TCP_TW_RESTART);
}

/* The clock of a FIN that came again is echoed from then on; that of one
 * older than TS.Recent is not, and it restarts nothing. */
static void time_wait_fin_again_moves_the_clock(void)
{
	struct tcp_tw tw = at_time_wait(true);
	uint32_t recent = tw.ts_recent;
	struct tcp_seg reply;

	is(spec_time_wait(&tw, (struct line){"FA", 1, 2, .ts = recent - 1},
			  &reply),
	   TCP_TW_ACK);
	is(tw.ts_recent, recent);
	is(spec_time_wait(&tw, (struct line){"FA", 1, 2, .ts = recent + 7},
			  &reply),
	   TCP_TW_RESTART);
	is(tw.ts_recent, recent + 7);
	is(spec_time_wait(&tw, (struct line){"FA", 1, 2, .ts = NO_TS}, &reply),
	   TCP_TW_RESTART);
	is(tw.ts_recent, recent + 7);
}

/* MAY-2, SHLD-4, RFC 6191: newer by its clock, or else by its number. */
static void time_wait_syn_reopens_when_it_is_newer(void)
{
	static const struct {
		bool timestamps;
		int clock; /* beside TS.Recent */
		int64_t seq;
		enum tcp_tw_verdict want;
	} rows[] = {
		{false, 0, 2, TCP_TW_ACK},	{false, 0, 3, TCP_TW_REUSE},
		{true, 1, -1000, TCP_TW_REUSE}, {true, 0, 2, TCP_TW_ACK},
		{true, 0, 3, TCP_TW_REUSE},	{true, -1, 1000, TCP_TW_ACK},
	};

	for (size_t i = 0; i < N_OF(rows); i++) {
		struct tcp_tw tw = at_time_wait(rows[i].timestamps);
		struct line line = {"S", rows[i].seq, 0};
		struct tcp_seg reply;

		if (rows[i].timestamps)
			line.ts = (int64_t)tw.ts_recent + rows[i].clock;
		is(spec_time_wait(&tw, line, &reply), rows[i].want);
		tcb_deinit(&t.tcb);
		memset(&t.tcb, 0, sizeof(t.tcb));
		t.where = CN_CLOSED;
	}
}

/* A SYN without a clock, where there was one, is judged by its number. */
static void time_wait_syn_without_its_clock(void)
{
	struct tcp_tw tw = at_time_wait(true);
	struct tcp_seg reply;

	is(spec_time_wait(&tw, (struct line){"S", 2, 0, .ts = NO_TS}, &reply),
	   TCP_TW_ACK);
	is(spec_time_wait(&tw, (struct line){"S", 3, 0, .ts = NO_TS}, &reply),
	   TCP_TW_REUSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(listen_bare_syn_is_answered_barely),
		cmocka_unit_test_rule(listen_options_by_the_settings),
		cmocka_unit_test_rule(
			listen_repeated_syn_ack_opens_a_small_window),
		cmocka_unit_test_rule(
			listen_handshake_is_measured_from_the_syn_ack),
		cmocka_unit_test_rule(time_wait_answers_where_it_is),
		cmocka_unit_test_rule(time_wait_answers_with_timestamps),
		cmocka_unit_test_rule(time_wait_window_is_scaled),
		cmocka_unit_test_rule(time_wait_says_nothing_to),
		cmocka_unit_test_rule(time_wait_answers_to),
		cmocka_unit_test_rule(time_wait_fin_again_restarts),
		cmocka_unit_test_rule(time_wait_fin_again_moves_the_clock),
		cmocka_unit_test_rule(time_wait_syn_reopens_when_it_is_newer),
		cmocka_unit_test_rule(time_wait_syn_without_its_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
