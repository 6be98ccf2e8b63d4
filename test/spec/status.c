/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.10.6, STATUS: what is known of a connection. */
#include "spec.h"

static struct cn_tcp_info info(void)
{
	struct cn_tcp_info got;

	tcp_info(&t.tcb, &got);
	return got;
}

static void closed_nothing_is_known(void)
{
	tcb_init(&t.tcb, &t.env);
	t.where = CN_ESTABLISHED;
	is(info().state, CN_CLOSED);
	is(info().rto, SEC);
	is(info().srtt, 0);
	is(info().rtt_avg, 0);
	is(info().octets_acked, 0);
	is(info().unsent, 0);
	is(info().sndbuf, t.set.sndbuf);
	is(t.tcb.ttl, t.set.ttl);
}

static void established_all_that_was_agreed_on(void)
{
	t.set.timestamps = true;
	t.set.sack = true;
	t.set.window_scaling = true;
	t.rcvbuf = 1 << 20;
	t.peer.ts = 77;
	t.peer.sack_ok = true;
	t.peer.ws = WS(3);
	at(CN_ESTABLISHED);
	is(info().state, CN_ESTABLISHED);
	is(info().cc, CN_CC_RENO);
	is(info().has_ts && info().has_sack && info().has_wscale, true);
	is(info().snd_wscale, 3);
	is(info().rcv_wscale, 5);
	is(info().snd_mss, PEER_MSS);
	is(info().advmss, OUR_MSS);
	is(info().pmtu, OUR_MSS + 40);
	is(info().rcv_mss, 536);
	is(info().snd_wnd, PEER_WND);
	is(info().rcv_wnd, 1 << 20);
	is(info().rcvbuf, 1 << 20);
}

static void established_nothing_was_agreed_on(void)
{
	at(CN_ESTABLISHED);
	is(info().has_ts || info().has_sack || info().has_wscale, false);
}

static void established_round_trips(void)
{
	at(CN_ESTABLISHED);
	is(info().handshake, RTT);
	sends(10);
	out("PA", 1, 1, 10);
	after(200 * MS);
	in("A", 1, 11, 0);
	is(info().srtt, 112500 * CN_NS_PER_US);
	is(info().rttvar, 62500 * CN_NS_PER_US);
	is(info().rtt_min, 100 * MS);
	is(info().rtt_max, 200 * MS);
	is(info().rtt_avg, 150 * MS);
	is(info().rto, 362500 * CN_NS_PER_US);
}

static void established_octets_and_segments(void)
{
	at(CN_ESTABLISHED);
	t.tcb.cc.cwnd = 2000;
	sends(3000);
	is(info().unsent, 3000);
	out("A", 1, 1, 1000);
	out("A", 1001, 1, 1000);
	is(info().unsent, 1000);
	is(info().flight, 2000);
	is(info().octets_sent, 2000);
	is(info().octets_acked, 0);
	is(info().segs_out, 4);
	is(info().last_data_sent_at, t.now);
	after(RTO);
	out("A", 1, 1, 1000);
	is(info().retransmits, 1);
	is(info().backoff, 1);
	is(info().rto, 2 * RTO);
	is(info().timeouts, 1);
	is(info().lost, 2000);
	is(info().retrans, 1000);
	is(info().snd_cwnd, 1000);
	is(info().snd_ssthresh, 2000);
	is(info().octets_retransmitted, 1000);
	is(info().segs_retransmitted, 1);
	is(info().segs_out, 5);
	after(MS);
	in("A", 1, 1001, 0);
	is(info().octets_acked, 1000);
	is(info().last_ack_received_at, t.now);
	is(info().retransmits, 0);
	after(MS);
	in("PA", 1, 1001, 77);
	is(info().octets_received, 77);
	is(info().last_data_received_at, t.now);
	is(info().segs_in, 3);
}

static void established_duplicates_and_recoveries(void)
{
	t.set.sack = true;
	t.peer.sack_ok = true;
	at(CN_ESTABLISHED);
	sends(5000);
	for (uint32_t i = 0; i < 5; i++)
		out(i < 4 ? "A" : "PA", 1 + i * 1000, 1, 1000);
	in("A", 1, 1, 0, .sack = {{1001, 2001}});
	is(info().sacked, 1000);
	is(info().dup_acks_in, 1);
	in("A", 1, 1, 0, .sack = {{1001, 4001}});
	is(info().fast_recoveries, 1);
	is(info().lost, 1000);
}

/* A FIN in flight is no octet. */
static void fin_wait_2_all_octets_are_acknowledged(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	closes();
	out("FPA", 1, 1, 10);
	is(info().unsent, 0);
	in("A", 1, 12, 0);
	is(info().octets_acked, 10);
	is(info().octets_sent, 10);
}

/* What holds back what the program has given. */
static void established_what_holds_octets_back(void)
{
	at(CN_ESTABLISHED);
	is(info().hold, CN_HOLD_NOTHING);
	t.tcb.cc.cwnd = 2000;
	sends(3500);
	is(info().hold, CN_HOLD_LINK);
	out("A", 1, 1, 1000);
	out("A", 1001, 1, 1000);
	is(info().hold, CN_HOLD_CWND);
	t.tcb.cc.cwnd = 20000;
	t.tcb.snd_wnd = 2400;
	is(info().hold, CN_HOLD_SMALL);
	t.tcb.snd_wnd = 2000;
	is(info().hold, CN_HOLD_WINDOW);
	t.tcb.snd_wnd = 20000;
	is(info().hold, CN_HOLD_LINK);
	out("A", 2001, 1, 1000);
	out("PA", 3001, 1, 500);
	is(info().hold, CN_HOLD_NOTHING);
	sends(10);
	is(info().hold, CN_HOLD_NAGLE);
	tcp_set_cork(&t.tcb, true, t.now);
	is(info().hold, CN_HOLD_CORK);
	closes();
	is(info().hold, CN_HOLD_LINK);
}

static void established_since_when_the_window_is_zero(void)
{
	uint64_t closed;

	at(CN_ESTABLISHED);
	sends(1000);
	out("PA", 1, 1, 1000);
	after(5 * MS);
	in("A", 1, 1001, 0, .wnd = NO_WND);
	closed = t.now;
	sends(2000);
	is(info().hold, CN_HOLD_WINDOW);
	is(info().closed_since, closed);
	/* Told again, it is closed no less long. */
	after(7 * MS);
	in("A", 1, 1001, 0, .wnd = NO_WND);
	is(info().closed_since, closed);
	closes();
	is(info().fin_sent, false);
	is(info().hold, CN_HOLD_WINDOW);
}

static void established_the_last_try(void)
{
	t.set.retries2 = 2;
	at(CN_ESTABLISHED);
	sends(10);
	is(info().rexmit_at == CN_NEVER, true);
	out("PA", 1, 1, 10);
	is(info().rexmit_at, t.now + RTO);
	is(info().last_try, false);
	after(RTO);
	out("PA", 1, 1, 10);
	is(info().last_try, false);
	after(2 * RTO);
	out("PA", 1, 1, 10);
	is(info().retransmits, 2);
	is(info().last_try, true);
	is(info().rexmit_at, t.now + 4 * RTO);
	after(4 * RTO);
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
}

static void syn_sent_the_last_try(void)
{
	t.set.syn_retries = 1;
	at(CN_SYN_SENT);
	is(info().last_try, false);
	after(SEC);
	out("S", 0, 0, 0, .any_options = true);
	is(info().last_try, true);
	after(2 * SEC);
	state(CN_CLOSED);
}

static void established_a_gap(void)
{
	at(CN_ESTABLISHED);
	in("A", 11, 1, 10);
	is(info().gap, true);
	out("A", 1, 1, 0, .any_options = true);
	in("A", 1, 1, 10);
	is(info().gap, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(closed_nothing_is_known),
		cmocka_unit_test_rule(established_all_that_was_agreed_on),
		cmocka_unit_test_rule(established_nothing_was_agreed_on),
		cmocka_unit_test_rule(established_round_trips),
		cmocka_unit_test_rule(established_octets_and_segments),
		cmocka_unit_test_rule(established_duplicates_and_recoveries),
		cmocka_unit_test_rule(established_what_holds_octets_back),
		cmocka_unit_test_rule(
			established_since_when_the_window_is_zero),
		cmocka_unit_test_rule(established_the_last_try),
		cmocka_unit_test_rule(syn_sent_the_last_try),
		cmocka_unit_test_rule(established_a_gap),
		cmocka_unit_test_rule(fin_wait_2_all_octets_are_acknowledged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
