/* SPDX-License-Identifier: MIT */
/*
 * RFC 9406: slow start ends where the round trip grows, before anything is
 * lost.  Rounds are made by hand: all that is in flight left at one instant,
 * and is acknowledged segment by segment after one round trip.
 */
#include "flight.h"

/* What one application says in slow start, and the peer has room for. */
static void at_established_in_slow_start(void)
{
	t.set.cc = CN_CC_CUBIC;
	t.set.hystart = CN_HYSTART_PLUS;
	t.set.initial_window = 20;
	t.set.sndbuf = 8 << 20;
	t.set.window_scaling = true;
	t.peer.ws = WS(7);
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0);
}

/* Whatever may leave leaves; how many segments. */
static uint32_t all_leave(void)
{
	uint32_t n = 0;
	struct tcp_seg seg;

	while (t.tcb.snd_end - t.tcb.snd_nxt < 300000)
		sends(100000);
	for (; spec_emit(&seg); n++)
		spec_release(&seg);
	return n;
}

/* A round: its first ACKs acknowledge a segment each, one more the rest.  How
 * many segments leave for them. */
static uint32_t round_of(uint64_t rtt, uint32_t acks)
{
	uint32_t end = t.tcb.snd_nxt - t.iss, n = 0;

	after(rtt);
	while (t.tcb.snd_una - t.iss < end) {
		uint32_t ack = t.tcb.snd_una - t.iss + 1000;

		in("A", 1, acks ? ack : end, 0);
		acks -= acks > 0;
		n += all_leave();
	}
	return n;
}

#define ALL UINT32_MAX

/* Parts of a segment add up to one here or there. */
static void is_nearly(uint32_t got, uint32_t want)
{
	if (got + 2 < want || got > want + 2)
		is(got, want);
}

/* Twenty segments become forty in a round of that length. */
static void begins(uint64_t rtt)
{
	is(all_leave(), 20);
	is(round_of(rtt, ALL), 40);
}

/* Section 4.2: RttThresh is an eighth of the last round's least round trip, 4
 * ms at least and 16 ms at most.  Up to the eighth sample nothing is known;
 * then a quarter of what is acknowledged is added. */
static void slow_start_longer_round_trip_slows_it(void)
{
	static const struct {
		uint64_t first_us, then_us;
		bool slower;
	} table[] = {
		{20000, 23999, false},	 {20000, 24000, true},
		{80000, 89999, false},	 {80000, 90000, true},
		{150000, 165999, false}, {150000, 166000, true},
	};
	uint32_t iss = t.iss, irs = t.irs;

	for (size_t i = 0; i < N_OF(table); i++) {
		spec_end();
		spec_begin(iss, irs);
		at_established_in_slow_start();
		begins(table[i].first_us * CN_NS_PER_US);
		is(round_of(table[i].then_us * CN_NS_PER_US, ALL),
		   table[i].slower ? 40 + 7 + 33 / 4 : 80);
		is(t.tcb.cc.ssthresh, UINT32_MAX);
	}
}

/* Section 4.3, N_RTT_SAMPLE: seven round trips prove nothing. */
static void slow_start_seven_samples_are_too_few(void)
{
	uint32_t iss = t.iss, irs = t.irs;

	for (uint32_t acks = 6; acks <= 7; acks++) {
		uint32_t n;

		spec_end();
		spec_begin(iss, irs);
		at_established_in_slow_start();
		begins(100 * MS);
		n = round_of(120 * MS, acks);
		is_nearly(round_of(120 * MS, ALL),
			  acks == 6 ? 2 * n : n + n / 4);
	}
}

/* Section 4.2: a round trip below the one that it began with: it was no queue,
 * and slow start goes on as before. */
static void slow_start_shorter_round_trip_resumes_it(void)
{
	uint32_t n, more;

	at_established_in_slow_start();
	begins(100 * MS);
	n = round_of(130 * MS, ALL);
	is(n, 40 + 7 + 33 / 4);
	/* As long as at its beginning it goes on. */
	more = round_of(130 * MS, ALL);
	is_nearly(more, n + n / 4);
	n = more;
	/* A quarter until the round has eight samples, all from there on. */
	more = round_of(129 * MS, ALL);
	is(more >= n + 7 / 4 + n - 7 && more < 2 * n, true);
	is_nearly(round_of(129 * MS, ALL), 2 * more);
	is(t.tcb.cc.ssthresh, UINT32_MAX);
}

/* ... and if it becomes slow again, its rounds are counted anew. */
static void slow_start_slow_again_has_five_rounds_again(void)
{
	int n = 0;

	at_established_in_slow_start();
	begins(100 * MS);
	for (int i = 0; i < 4; i++)
		round_of(130 * MS, ALL);
	for (int i = 0; i < 2; i++)
		round_of(115 * MS, ALL);
	for (; t.tcb.cc.ssthresh == UINT32_MAX && n < 20; n++)
		round_of(135 * MS, ALL);
	/* The first has samples of the shorter round trip in it. */
	is(n, 1 + 5);
}

/* CSS_ROUNDS: the fifth round of it is the last, and congestion avoidance
 * follows, with the window as ssthresh. */
static void slow_start_five_slow_rounds_end_it(void)
{
	uint32_t n, more;

	at_established_in_slow_start();
	begins(100 * MS);
	n = round_of(130 * MS, ALL);
	for (int i = 0; i < 4; i++) {
		is(t.tcb.cc.ssthresh, UINT32_MAX);
		more = round_of(130 * MS, ALL);
		/* The fifth ends some ACKs before the last ones of ours. */
		is(more > n + n / 5 && more <= n + n / 4 + 1, true);
		n = more;
	}
	is(t.tcb.cc.ssthresh != UINT32_MAX, true);
	is(t.tcb.cc.ssthresh / 1000, t.tcb.cc.cwnd / 1000);
	more = round_of(130 * MS, ALL);
	is(more >= n && more < n + n / 8, true);
}

/* Deviation: a round trip twice as long as the least ever is a queue as long
 * as the path, and slow start ends there and then. */
static void slow_start_twice_the_round_trip_ends_it(void)
{
	uint32_t iss = t.iss, irs = t.irs;

	for (uint64_t ms = 99; ms <= 100; ms++) {
		spec_end();
		spec_begin(iss, irs);
		at_established_in_slow_start();
		begins(50 * MS);
		/* Seven for seven, a quarter of one, and no more. */
		is_nearly(round_of(ms * MS, ALL),
			  ms == 99 ? 40 + 7 + 33 / 4 : 40 + 7);
		is(t.tcb.cc.ssthresh == UINT32_MAX, ms == 99);
	}
}

/* Section 4.2: the first slow start alone; after a timeout it is the plain
 * one. */
static void slow_start_after_a_timeout_is_the_plain_one(void)
{
	struct tcp_seg seg;
	uint32_t n;

	at_established_in_slow_start();
	begins(20 * MS);
	after(tcp_deadline(&t.tcb) - t.now);
	is(spec_emit(&seg), true);
	spec_release(&seg);
	in("A", 1, t.tcb.snd_nxt - t.iss, 0);
	is(t.tcb.cc.ssthresh, 28000);
	n = all_leave();
	for (int i = 1; n < 28; i++, n *= 2)
		is(round_of((20 + 30u * (unsigned)i) * MS, ALL),
		   2 * n < 28 ? 2 * n : 28);
}

/* It can be switched off. */
static void slow_start_goes_on_without_it(void)
{
	at_established_in_slow_start();
	t.set.hystart = CN_HYSTART_OFF;
	begins(20 * MS);
	is(round_of(50 * MS, ALL), 80);
	is(round_of(90 * MS, ALL), 160);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(slow_start_longer_round_trip_slows_it),
		cmocka_unit_test_rule(slow_start_seven_samples_are_too_few),
		cmocka_unit_test_rule(slow_start_shorter_round_trip_resumes_it),
		cmocka_unit_test_rule(
			slow_start_slow_again_has_five_rounds_again),
		cmocka_unit_test_rule(slow_start_five_slow_rounds_end_it),
		cmocka_unit_test_rule(slow_start_twice_the_round_trip_ends_it),
		cmocka_unit_test_rule(
			slow_start_after_a_timeout_is_the_plain_one),
		cmocka_unit_test_rule(slow_start_goes_on_without_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
