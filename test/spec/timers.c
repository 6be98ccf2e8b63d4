/* SPDX-License-Identifier: MIT */
/* RFC 9293 sections 3.8.1 to 3.8.4 and 3.10.8, RFC 6298, RFC 5482. */
#include "spec.h"

/* MUST-19, RFC 6298 section 5.5: each timeout doubles the next, up to 120 s;
 * MUST-20: R2 ends the connection. */
static void established_timeouts_back_off_and_end(void)
{
	uint64_t wait = RTO;

	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	for (int i = 0; i < 15; i++) {
		deadline(wait);
		after(wait);
		out("PA", 1, 1, 10);
		silent();
		wait = wait * 2 < 120 * SEC ? wait * 2 : 120 * SEC;
	}
	after(wait);
	silent();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
	deadline(NEVER);
}

/* SHLD-10, SHLD-11: by the numbers that unit/settings holds: three retransmissions at least, and 100 s at least. */
static void established_default_r2_is_long_enough(void)
{
	uint64_t start;
	unsigned n = 0;

	at(CN_ESTABLISHED);
	is(t.set.retries1 >= 3, true);
	sends(10);
	out("PA", 1, 1, 10);
	start = t.now;
	while (t.tcb.state == CN_ESTABLISHED) {
		after(tcp_deadline(&t.tcb) - t.now);
		if (t.tcb.state != CN_ESTABLISHED)
			break;
		out("PA", 1, 1, 10);
		n++;
	}
	is(n >= 3, true);
	is(t.now - start >= 100 * SEC, true);
}

/* MUST-18, Karn's rule: what was sent twice measures nothing, and the backoff
 * stays until something sent once is acknowledged. */
static void established_retransmission_is_not_measured(void)
{
	uint32_t n;

	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	n = t.tcb.rtt.n;
	after(RTO);
	out("PA", 1, 1, 10);
	t.now += 5 * MS;
	in("A", 1, 11, 0);
	is(t.tcb.rtt.n, n);
	sends(10);
	out("PA", 11, 1, 10);
	t.now += RTT;
	in("A", 1, 21, 0);
	is(t.tcb.rtt.n, n + 1);
}

/* MUST-24, MUST-25, SHLD-12, MAY-5: off until it is asked for. */
static void established_idle_is_probed_after_two_hours(void)
{
	at(CN_ESTABLISHED);
	deadline(NEVER);
	tcp_set_keepalive(&t.tcb, true, t.now);
	deadline(7200 * SEC);
	after(7200 * SEC);
	out("A", 0, 1, 0);
	silent();
	in("A", 1, 1, 0);
	silent();
	after(7200 * SEC - MS);
	silent();
	after(MS);
	out("A", 0, 1, 0);
}

/* MUST-29 */
static void established_answer_to_the_last_probe_is_enough(void)
{
	at(CN_ESTABLISHED);
	tcp_set_keepalive(&t.tcb, true, t.now);
	after(7200 * SEC);
	for (int i = 0; i < 9; i++) {
		out("A", 0, 1, 0);
		if (i < 8)
			after(75 * SEC);
	}
	after(74 * SEC);
	in("A", 1, 1, 0);
	after(7199 * SEC);
	silent();
	state(CN_ESTABLISHED);
}

/* The peer answers a keepalive with a reset when it has restarted. */
static void established_probe_of_a_restarted_peer_resets(void)
{
	at(CN_ESTABLISHED);
	tcp_set_keepalive(&t.tcb, true, t.now);
	after(7200 * SEC);
	out("A", 0, 1, 0);
	in("R", 1, 0, 0);
	state(CN_CLOSED);
	error(CN_E_CONNRESET);
}

/* Our end of a keepalive: an old number is answered, garbage octet or not. */
static void established_keepalive_of_the_peer_is_answered(void)
{
	at(CN_ESTABLISHED);
	in("A", 0, 1, 0);
	out("A", 1, 1, 0);
	t.now += SEC;
	in("A", 0, 1, 1);
	out("A", 1, 1, 0);
	silent();
}

/* The count of timeouts does not run over where only time ends it. */
static void established_endless_patience_goes_on(void)
{
	at(CN_ESTABLISHED);
	tcp_tune(&t.tcb)->user_timeout_ns = 400000 * SEC;
	sends(10);
	out("PA", 1, 1, 10);
	for (int i = 0; i < 300; i++) {
		after(tcp_deadline(&t.tcb) - t.now);
		out("PA", 1, 1, 10);
	}
	in("A", 1, 11, 0, .wnd = NO_WND);
	sends(10);
	for (int i = 0; i < 300; i++) {
		after(tcp_deadline(&t.tcb) - t.now);
		out("A", 10, 1, 0);
	}
	in("A", 1, 11, 0);
	out("PA", 11, 1, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_timeouts_back_off_and_end),
		cmocka_unit_test_rule(established_default_r2_is_long_enough),
		cmocka_unit_test_rule(
			established_retransmission_is_not_measured),
		cmocka_unit_test_rule(
			established_idle_is_probed_after_two_hours),
		cmocka_unit_test_rule(
			established_answer_to_the_last_probe_is_enough),
		cmocka_unit_test_rule(
			established_probe_of_a_restarted_peer_resets),
		cmocka_unit_test_rule(
			established_keepalive_of_the_peer_is_answered),
		cmocka_unit_test_rule(established_endless_patience_goes_on),
	};

	return cmocka_run_group_tests_name("timers", tests, NULL, NULL);
}
