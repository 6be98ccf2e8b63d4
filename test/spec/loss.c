/* SPDX-License-Identifier: MIT */
/* RFC 5681, 6582 and 6675: what is lost is sent again, and how fast. */
#include "spec.h"

/* n segments of 1000 octets from number `from` on, the last with PSH. */
static void sends_segments(int64_t from, int n)
{
	sends((uint32_t)n * 1000);
	for (int i = 0; i < n; i++)
		out(i + 1 < n ? "A" : "PA", from + 1000 * i, 1, 1000);
	silent();
}

/* MUST-19: slow start, one segment more for each acknowledged.
 * Notes: row 64. */
static void established_slow_start_doubles(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, .wnd = 60000);
	sends(50000);
	for (int i = 0; i < 10; i++)
		out("A", 1 + 1000 * i, 1, 1000);
	silent();
	t.now += RTT;
	for (int i = 0; i < 10; i++) {
		in("A", 1, 1001 + 1000 * i, 0, .wnd = 60000);
		out("A", 10001 + 2000 * i, 1, 1000);
		out("A", 11001 + 2000 * i, 1, 1000);
		silent();
	}
	is(t.tcb.cc.cwnd, 20000);
}

/* attacks.md row 28: octets count, not acknowledgements. */
static void established_divided_acks_grow_no_faster(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, .wnd = 60000);
	sends(50000);
	for (int i = 0; i < 10; i++)
		out("A", 1 + 1000 * i, 1, 1000);
	t.now += RTT;
	for (int i = 1; i <= 10000; i++) {
		struct tcp_seg seg;

		in("A", 1, 1 + i, 0, .wnd = 60000);
		while (spec_emit(&seg))
			spec_release(&seg);
	}
	is(t.tcb.cc.cwnd, 20000);
}

/* MUST-19: after a timeout one segment, and half of what was in flight. */
static void established_timeout_shrinks_the_window(void)
{
	at(CN_ESTABLISHED);
	sends_segments(1, 10);
	after(RTO);
	out("A", 1, 1, 1000);
	silent();
	is(t.tcb.cc.cwnd, 1000);
	is(t.tcb.cc.ssthresh, 5000);
	t.now += RTT;
	in("A", 1, 1001, 0);
	out("A", 1001, 1, 1000);
	out("A", 2001, 1, 1000);
	silent();
}

/* RFC 6582: three duplicates, then one loss for each partial ACK. */
static void established_newreno_mends_two_losses(void)
{
	at(CN_ESTABLISHED);
	sends_segments(1, 10);
	t.now += RTT;
	/* Segments 1 and 4 are lost. */
	in("A", 1, 1, 0);
	in("A", 1, 1, 0);
	silent();
	in("A", 1, 1, 0);
	out("A", 1, 1, 1000);
	silent();
	is(t.tcb.cc.ssthresh, 5000);
	for (int i = 0; i < 5; i++)
		in("A", 1, 1, 0);
	silent();
	t.now += RTT;
	in("A", 1, 3001, 0);
	out("A", 3001, 1, 1000);
	silent();
	t.now += RTT;
	in("A", 1, 10001, 0);
	is(t.tcb.in_recovery, false);
	is(t.tcb.cc.cwnd <= 6000, true);
	deadline(NEVER);
}

static void with_sack(void)
{
	t.set.sack = true;
	t.peer.sack_ok = true;
}

/* RFC 6675: what three segments above have passed is lost; only that is sent
 * again. */
static void established_sack_mends_two_losses_in_one_round(void)
{
	with_sack();
	at(CN_ESTABLISHED);
	sends_segments(1, 10);
	t.now += RTT;
	in("A", 1, 1, 0, .sack = {{1001, 2001}});
	in("A", 1, 1, 0, .sack = {{1001, 3001}});
	silent();
	in("A", 1, 1, 0, .sack = {{4001, 5001}, {1001, 3001}});
	out("A", 1, 1, 1000);
	in("A", 1, 1, 0, .sack = {{4001, 6001}, {1001, 3001}});
	in("A", 1, 1, 0, .sack = {{4001, 7001}, {1001, 3001}});
	in("A", 1, 1, 0, .sack = {{4001, 8001}, {1001, 3001}});
	in("A", 1, 1, 0, .sack = {{4001, 10001}, {1001, 3001}});
	out("A", 3001, 1, 1000);
	silent();
	t.now += RTT;
	in("A", 1, 3001, 0, .sack = {{4001, 10001}});
	silent();
	in("A", 1, 10001, 0);
	deadline(NEVER);
	is(t.tcb.stat.segs_retransmitted, 2);
	is(tcp_mishaps_of(&t.tcb)->fast_recoveries, 1);
}

/* attacks.md row 29, RFC 5681: duplicates without anything in flight, or that
 * carry data or a new window, are none. */
static void established_false_duplicates_retransmit_nothing(void)
{
	at(CN_ESTABLISHED);
	for (int i = 0; i < 10; i++)
		in("A", 1, 1, 0);
	sends_segments(1, 5);
	for (int i = 0; i < 5; i++)
		in("A", 1, 1, 0, .wnd = PEER_WND + i);
	t.tcb.quick_n = 0;
	for (int i = 0; i < 5; i++)
		in("A", 1 + 10 * i, 1, 10, .wnd = PEER_WND + 4);
	silent();
	is(t.tcb.stat.segs_retransmitted, 0);
}

/* Row 29: in a recovery each duplicate stands for a segment that was in
 * flight when SND.UNA moved last, so that no more of them count, however many
 * come, and however much new data the first ones have let out. */
static void established_duplicates_without_end_clock_out_one_flight(void)
{
	uint32_t n = 0;

	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, .wnd = 60000);
	sends(60000);
	for (; n < 10; n++)
		out("A", 1 + 1000 * n, 1, 1000);
	t.now += RTT;
	for (int i = 0; i < 3; i++) {
		in("A", 1, 1, 0, .wnd = 60000);
		if (i < 2)
			out("A", 1 + 1000 * n++, 1, 1000);
	}
	out("A", 1, 1, 1000);
	silent();
	is(t.tcb.cc.cwnd, 6000);
	/* Of twelve in flight three have arrived, one is lost and sent again:
	 * nine are in the pipe, six the window, and twelve more may come. */
	for (int i = 0; i < 100; i++) {
		in("A", 1, 1, 0, .wnd = 60000);
		if (i >= 3 && i < 12)
			out("A", 1 + 1000 * n++, 1, 1000);
		silent();
	}
	is(n, 21);
	/* SND.UNA moves: they count again, for what is in flight now. */
	in("A", 1, 2001, 0, .wnd = 60000);
	is(t.tcb.in_recovery, true);
	out("A", 2001, 1, 1000);
	/* Five of the nineteen are in the pipe: there is room for one. */
	out("A", 1 + 1000 * n++, 1, 1000);
	silent();
	for (int i = 0; i < 100; i++) {
		struct tcp_seg seg;

		in("A", 1, 2001, 0, .wnd = 60000);
		if (!spec_emit(&seg))
			continue;
		spec_release(&seg);
		n++;
	}
	is(n, 22 + 19);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_slow_start_doubles),
		cmocka_unit_test_rule(established_divided_acks_grow_no_faster),
		cmocka_unit_test_rule(established_timeout_shrinks_the_window),
		cmocka_unit_test_rule(established_newreno_mends_two_losses),
		cmocka_unit_test_rule(
			established_sack_mends_two_losses_in_one_round),
		cmocka_unit_test_rule(
			established_false_duplicates_retransmit_nothing),
		cmocka_unit_test_rule(
			established_duplicates_without_end_clock_out_one_flight),
	};

	return cmocka_run_group_tests_name("loss", tests, NULL, NULL);
}
