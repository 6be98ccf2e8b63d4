/* SPDX-License-Identifier: MIT */
/* Pacing: octets leave no faster than a rate, a portion at a time. */
#include "tcp/pace.h"

#include "spec.h"

#define RATE 100000 /* octets/s: a segment of 1000 takes 10 ms */

/* The first window is out and acknowledged. */
static void after_the_first_window(void)
{
	at(CN_ESTABLISHED);
	is(tcp_set_max_pacing_rate(&t.tcb, RATE, t.now), CN_OK);
	in("A", 1, 1, 0, .wnd = 60000);
	sends(10000);
	for (int i = 0; i < 10; i++)
		out(i < 9 ? "A" : "PA", 1 + 1000 * i, 1, 1000);
	silent();
	t.now += RTT;
	in("A", 1, 10001, 0, .wnd = 60000);
	is(t.tcb.cc.cwnd, 12000);
}

/* The first segments are not paced; then two at a time, the least portion. */
static void established_max_rate_spaces_portions(void)
{
	after_the_first_window();
	sends(6000);
	out("A", 10001, 1, 1000);
	out("A", 11001, 1, 1000);
	silent();
	deadline(15 * MS);
	after(15 * MS);
	out("A", 12001, 1, 1000);
	out("A", 13001, 1, 1000);
	silent();
	deadline(20 * MS);
	after(20 * MS);
	out("A", 14001, 1, 1000);
	out("PA", 15001, 1, 1000);
	silent();
}

/* Acknowledgements and a FIN by itself do not wait. */
static void established_acks_are_not_paced(void)
{
	after_the_first_window();
	sends(4000);
	out("A", 10001, 1, 1000);
	out("A", 11001, 1, 1000);
	in("PA", 1, 10001, 1000, .wnd = 60000);
	in("PA", 1001, 10001, 1000, .wnd = 60000);
	out("A", 12001, 2001, 0);
	silent();
}

/* A timer that comes late costs no more than a little of the rate. */
static void established_late_timer_is_forgiven(void)
{
	after_the_first_window();
	sends(6000);
	out("A", 10001, 1, 1000);
	out("A", 11001, 1, 1000);
	silent();
	t.now += 17 * MS; /* 2 ms late */
	tcp_advance(&t.tcb, t.now);
	out("A", 12001, 1, 1000);
	out("A", 13001, 1, 1000);
	silent();
	deadline(18 * MS);
}

/* RFC 8985 section 7.3: nor does a probe of the tail; it takes what is there,
 * be it less than a segment. */
static void established_tail_probe_is_no_longer_than_the_tail(void)
{
	after_the_first_window();
	is(tcp_set_max_pacing_rate(&t.tcb, RATE / 100, t.now), CN_OK);
	sends(2300);
	out("A", 10001, 1, 1000);
	out("A", 11001, 1, 1000);
	silent();
	is(t.tcb.snd_end - t.tcb.snd_nxt, 300);
	t.tcb.owe |= TCP_OWE_TLP;
	out("PA", 12001, 1, 300);
	is(t.tcb.snd_end - t.tcb.snd_nxt, 0);
	silent();
}

/* What a timeout sends again does not wait, either. */
static void established_timeout_is_not_paced(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, .wnd = 60000);
	sends(10000);
	for (int i = 0; i < 10; i++)
		out(i < 9 ? "A" : "PA", 1 + 1000 * i, 1, 1000);
	is(tcp_set_max_pacing_rate(&t.tcb, 1000, t.now), CN_OK);
	after(RTO);
	out("A", 1, 1, 1000);
	silent();
}

/* By default a window is spaced over its round trip and a fifth less. */
static void established_window_is_spaced_over_its_round_trip(void)
{
	t.set.pacing = true;
	at(CN_ESTABLISHED);
	t.tcb.cc.ssthresh = 20000;
	in("A", 1, 1, 0, .wnd = 60000);
	sends(10000);
	for (int i = 0; i < 10; i++)
		out(i < 9 ? "A" : "PA", 1 + 1000 * i, 1, 1000);
	t.now += RTT;
	in("A", 1, 9001, 0, .wnd = 60000);
	is(t.tcb.cc.cwnd, 12000);
	is(pace_rate(&t.tcb), 12000 * 12 / 10 * 10);
	/* Slow start needs twice the window. */
	t.tcb.cc.ssthresh = 60000;
	pace_update(&t.tcb, t.now);
	is(pace_rate(&t.tcb), 12000 * 2 * 10);
}

/* About a millisecond's worth, two segments at least, and for the fastest an
 * eighth of one. */
static void a_portion_is_a_millisecond(void)
{
	is(pace_quantum(1000, 1000), 2000);
	is(pace_quantum(12500000, 1448), 12207);
	is(pace_quantum(125000000, 1448), 65536);
	is(pace_quantum(1250000000, 1448), 152587);
}

/* A rate so low that the next portion is hours away, and then another one. */
static void established_new_rate_ends_a_long_wait(void)
{
	after_the_first_window();
	is(tcp_set_max_pacing_rate(&t.tcb, 1, t.now), CN_OK);
	sends(6000);
	out("A", 10001, 1, 1000);
	out("A", 11001, 1, 1000);
	silent();
	deadline(RTO);
	is(tcp_set_max_pacing_rate(&t.tcb, RATE, t.now), CN_OK);
	silent();
	deadline(20 * MS);
	after(20 * MS);
	out("A", 12001, 1, 1000);
	out("A", 13001, 1, 1000);
	is(tcp_set_max_pacing_rate(&t.tcb, 1, t.now), CN_OK);
	silent();
	is(tcp_set_max_pacing_rate(&t.tcb, 0, t.now), CN_OK);
	out("A", 14001, 1, 1000);
	out("PA", 15001, 1, 1000);
	silent();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_max_rate_spaces_portions),
		cmocka_unit_test_rule(established_acks_are_not_paced),
		cmocka_unit_test_rule(established_late_timer_is_forgiven),
		cmocka_unit_test_rule(
			established_tail_probe_is_no_longer_than_the_tail),
		cmocka_unit_test_rule(established_timeout_is_not_paced),
		cmocka_unit_test_rule(
			established_window_is_spaced_over_its_round_trip),
		cmocka_unit_test_rule(a_portion_is_a_millisecond),
		cmocka_unit_test_rule(established_new_rate_ends_a_long_wait),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
