/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.8.4: keep-alives. */
#include "spec.h"

#define IDLE (7200 * SEC)
#define INTERVAL (75 * SEC)

static void keeps_alive(bool on)
{
	tcp_set_keepalive(&t.tcb, on, t.now);
}

/* Deaf until it is switched on; see timers.c for MUST-25. */
static void established_keepalive_is_off_by_default(void)
{
	at(CN_ESTABLISHED);
	deadline(NEVER);
	after(30 * 24 * 3600 * SEC);
	silent();
	state(CN_ESTABLISHED);
}

/* MAY-5, SHLD-12, MUST-24 */
static void established_idle_is_probed_without_data(void)
{
	at(CN_ESTABLISHED);
	keeps_alive(true);
	deadline(IDLE);
	after(IDLE);
	out("A", 0, 1, 0);
	silent();
	deadline(INTERVAL);
}

/* MUST-24 */
static void established_keepalive_is_switched_off(void)
{
	at(CN_ESTABLISHED);
	keeps_alive(true);
	after(IDLE / 2);
	keeps_alive(false);
	deadline(NEVER);
	after(IDLE);
	silent();
}

/* Switched on before the handshake, it counts from its end. */
static void syn_sent_keepalive_begins_when_established(void)
{
	at(CN_SYN_SENT);
	keeps_alive(true);
	deadline(SEC);
	after(RTT);
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	out("A", 1, 1, 0);
	deadline(IDLE);
}

static void syn_received_keepalive_begins_when_established(void)
{
	at_passive(CN_SYN_RECEIVED);
	keeps_alive(true);
	deadline(SEC);
	after(RTT);
	in("A", 1, 1, 0);
	deadline(IDLE);
}

/* The idle time counts from what came last: data or an ACK. */
static void established_data_restart_the_idle_time(void)
{
	at(CN_ESTABLISHED);
	keeps_alive(true);
	after(1000 * SEC);
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0);
	after(6200 * SEC);
	silent();
	deadline(1000 * SEC);
	after(1000 * SEC);
	out("A", 0, 11, 0);
}

static void established_ack_restarts_the_idle_time(void)
{
	at(CN_ESTABLISHED);
	keeps_alive(true);
	after(1000 * SEC);
	in("A", 1, 1, 0, 1234);
	after(6200 * SEC);
	silent();
	deadline(1000 * SEC);
}

/* MUST-26 */
static void established_with_data_in_flight_is_not_probed(void)
{
	at(CN_ESTABLISHED);
	after(7100 * SEC);
	keeps_alive(true);
	t.tcb.keep_at = t.now + 100 * MS;
	sends(10);
	out("PA", 1, 1, 10);
	after(100 * MS);
	silent();
	is(t.tcb.keep_at, t.now + IDLE);
}

/* MUST-26 */
static void established_with_data_unsent_is_not_probed(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, NO_WND);
	after(7200 * SEC);
	keeps_alive(true);
	t.tcb.keep_at = t.now + 100 * MS;
	sends(10);
	after(100 * MS);
	silent();
	is(t.tcb.keep_at, t.now + IDLE);
}

/* MUST-29: eight without an answer, then one with. */
static void established_one_answer_keeps_it_open(void)
{
	at(CN_ESTABLISHED);
	keeps_alive(true);
	after(IDLE);
	for (int i = 0; i < 8; i++) {
		out("A", 0, 1, 0);
		deadline(INTERVAL);
		after(INTERVAL);
	}
	out("A", 0, 1, 0);
	state(CN_ESTABLISHED);
	after(SEC);
	in("A", 1, 1, 0);
	silent();
	after(74 * SEC);
	silent();
	deadline(IDLE - 74 * SEC);
	after(IDLE - 74 * SEC);
	out("A", 0, 1, 0);
}

/* MUST-29, MUST-12 */
static void established_no_answer_ends_it_with_a_reset(void)
{
	at(CN_ESTABLISHED);
	keeps_alive(true);
	after(IDLE);
	for (int i = 0; i < 9; i++) {
		out("A", 0, 1, 0);
		state(CN_ESTABLISHED);
		after(INTERVAL);
	}
	out("RA", 1, 1, 0);
	silent();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
	deadline(NEVER);
	is(t.count.tcp_timeouts, 1);
}

/* MUST-27 */
static void established_own_interval_and_count(void)
{
	struct tcp_tune *tune;

	at(CN_ESTABLISHED);
	tune = tcp_tune(&t.tcb);
	tune->keepidle_ns = 10 * SEC;
	tune->keepintvl_ns = 3 * SEC;
	tune->keepcnt = 2;
	keeps_alive(true);
	deadline(10 * SEC);
	after(10 * SEC);
	out("A", 0, 1, 0);
	deadline(3 * SEC);
	after(3 * SEC);
	out("A", 0, 1, 0);
	deadline(3 * SEC);
	after(3 * SEC);
	out("RA", 1, 1, 0);
	state(CN_CLOSED);
}

/* MUST-27: an empty record means the host's. */
static void established_own_record_without_values(void)
{
	at(CN_ESTABLISHED);
	tcp_tune(&t.tcb)->maxseg = 100;
	keeps_alive(true);
	after(IDLE);
	out("A", 0, 1, 0);
	deadline(INTERVAL);
	for (int i = 1; i < 9; i++) {
		after(INTERVAL);
		out("A", 0, 1, 0);
	}
	after(INTERVAL);
	out("RA", 1, 1, 0);
}

/* RFC 5482: the user timeout outweighs the count of probes. */
static void established_user_timeout_outweighs_the_count(void)
{
	struct tcp_tune *tune;

	at(CN_ESTABLISHED);
	tune = tcp_tune(&t.tcb);
	tune->keepidle_ns = 10 * SEC;
	tune->keepintvl_ns = 10 * SEC;
	tune->keepcnt = 1;
	tune->user_timeout_ns = 35 * SEC;
	keeps_alive(true);
	after(10 * SEC);
	out("A", 0, 1, 0);
	after(10 * SEC);
	out("A", 0, 1, 0);
	after(10 * SEC);
	out("A", 0, 1, 0);
	after(10 * SEC);
	out("RA", 1, 1, 0);
	error(CN_E_TIMEDOUT);
}

/* However short the user timeout, one probe is sent. */
static void established_user_timeout_shorter_than_idle(void)
{
	struct tcp_tune *tune;

	at(CN_ESTABLISHED);
	tune = tcp_tune(&t.tcb);
	tune->user_timeout_ns = SEC;
	keeps_alive(true);
	after(IDLE);
	out("A", 0, 1, 0);
	after(INTERVAL);
	out("RA", 1, 1, 0);
}

static void close_wait_is_probed(void)
{
	at(CN_CLOSE_WAIT);
	keeps_alive(true);
	after(IDLE);
	out("A", 0, 2, 0);
	silent();
}

static void fin_wait_2_is_probed_while_a_socket_holds_it(void)
{
	at(CN_ESTABLISHED);
	keeps_alive(true);
	at(CN_FIN_WAIT_2);
	deadline(IDLE);
	after(IDLE);
	out("A", 1, 1, 0);
	silent();
}

static void fin_wait_2_without_keepalive_waits_for_ever(void)
{
	at(CN_FIN_WAIT_2);
	deadline(NEVER);
	keeps_alive(true);
	deadline(IDLE);
}

/* The orphan's own timer is not touched. */
static void fin_wait_2_orphan_is_not_probed(void)
{
	at(CN_FIN_WAIT_2);
	orphans();
	deadline(60 * SEC);
	keeps_alive(true);
	deadline(60 * SEC);
	after(60 * SEC);
	silent();
	state(CN_CLOSED);
}

static void time_wait_is_not_probed(void)
{
	at(CN_TIME_WAIT);
	keeps_alive(true);
	deadline(60 * SEC);
	after(60 * SEC);
	silent();
	state(CN_CLOSED);
}

/* With a FIN in flight there is something outstanding. */
static void fin_wait_1_waits_for_its_retransmission_instead(void)
{
	at(CN_FIN_WAIT_1);
	keeps_alive(true);
	is(t.tcb.keep_at, t.now + IDLE);
	deadline(RTO);
}

static void closing_likewise(void)
{
	at(CN_CLOSING);
	keeps_alive(true);
	is(t.tcb.keep_at, t.now + IDLE);
}

static void last_ack_likewise(void)
{
	at(CN_LAST_ACK);
	keeps_alive(true);
	is(t.tcb.keep_at, t.now + IDLE);
	keeps_alive(false);
	is(t.tcb.keep_at, NEVER);
}

/* Data with an old ACK are a sign of life too. */
static void established_data_with_an_old_ack_restart_the_idle_time(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	in("A", 1, 11, 0);
	keeps_alive(true);
	after(1000 * SEC);
	in("PA", 1, 5, 10);
	after(40 * MS);
	out("A", 11, 11, 0);
	after(6200 * SEC - 40 * MS);
	silent();
	deadline(1000 * SEC);
}

/* What was sent weeks ago does not count as sent of late. */
static void established_that_receives_for_weeks_is_not_idle(void)
{
	struct tcp_tune *tune;
	uint32_t number = 1;

	at(CN_ESTABLISHED);
	tune = tcp_tune(&t.tcb);
	tune->idle_ns = 86400 * SEC;
	sends(10);
	out("PA", 1, 1, 10);
	in("A", 1, 11, 0);
	keeps_alive(false);
	for (int i = 0; i < 100; i++, number += 10) {
		t.now += 43200 * SEC;
		tcp_advance(&t.tcb, t.now);
		state(CN_ESTABLISHED);
		in("PA", number, 11, 10);
		reads(10);
	}
	is(t.count.tcp_idle_timeouts, 0);
}

/* Nor is a peer that has just answered taken for silent because its last octets
 * came weeks ago. */
static void established_that_sends_for_weeks_is_not_probed_too_soon(void)
{
	uint32_t number = 1;

	at(CN_ESTABLISHED);
	in("PA", 1, 1, 10);
	reads(10);
	out("A", 1, 11, 0);
	keeps_alive(true);
	for (int i = 0; i < 30; i++, number += 10) {
		t.now += 86400 * SEC;
		sends(10);
		out("PA", number, 11, 10);
		in("A", 11, number + 10, 0);
	}
	t.now += 3600 * SEC;
	t.tcb.keep_at = t.now;
	tcp_advance(&t.tcb, t.now);
	silent();
	deadline(3600 * SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_keepalive_is_off_by_default),
		cmocka_unit_test_rule(established_idle_is_probed_without_data),
		cmocka_unit_test_rule(established_keepalive_is_switched_off),
		cmocka_unit_test_rule(
			syn_sent_keepalive_begins_when_established),
		cmocka_unit_test_rule(
			syn_received_keepalive_begins_when_established),
		cmocka_unit_test_rule(established_data_restart_the_idle_time),
		cmocka_unit_test_rule(established_ack_restarts_the_idle_time),
		cmocka_unit_test_rule(
			established_with_data_in_flight_is_not_probed),
		cmocka_unit_test_rule(
			established_with_data_unsent_is_not_probed),
		cmocka_unit_test_rule(established_one_answer_keeps_it_open),
		cmocka_unit_test_rule(
			established_no_answer_ends_it_with_a_reset),
		cmocka_unit_test_rule(established_own_interval_and_count),
		cmocka_unit_test_rule(established_own_record_without_values),
		cmocka_unit_test_rule(
			established_user_timeout_outweighs_the_count),
		cmocka_unit_test_rule(
			established_user_timeout_shorter_than_idle),
		cmocka_unit_test_rule(close_wait_is_probed),
		cmocka_unit_test_rule(
			fin_wait_2_is_probed_while_a_socket_holds_it),
		cmocka_unit_test_rule(
			fin_wait_2_without_keepalive_waits_for_ever),
		cmocka_unit_test_rule(fin_wait_2_orphan_is_not_probed),
		cmocka_unit_test_rule(time_wait_is_not_probed),
		cmocka_unit_test_rule(
			fin_wait_1_waits_for_its_retransmission_instead),
		cmocka_unit_test_rule(closing_likewise),
		cmocka_unit_test_rule(last_ack_likewise),
		cmocka_unit_test_rule(
			established_data_with_an_old_ack_restart_the_idle_time),
		cmocka_unit_test_rule(
			established_that_receives_for_weeks_is_not_idle),
		cmocka_unit_test_rule(
			established_that_sends_for_weeks_is_not_probed_too_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
