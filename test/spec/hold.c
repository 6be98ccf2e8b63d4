/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.10.1 through a gateway that holds the SYN: the program's
 * host waits, and how long says nothing of the path. */
#include "spec.h"

static void hold(bool on)
{
	tcp_hold(&t.tcb, on, t.now);
}

static void syn_sent_held_uses_up_no_try(void)
{
	at(CN_SYN_SENT);
	after(SEC);
	out("S", 0, 0, 0, .mss = OUR_MSS);
	hold(true);
	deadline(NEVER);
	after(1000 * SEC);
	silent();
	hold(false);
	/* Backed off as it was: two seconds after the second SYN. */
	for (uint64_t wait = 2 * SEC; wait < 64 * SEC; wait *= 2) {
		deadline(wait);
		after(wait);
		out("S", 0, 0, 0, .mss = OUR_MSS);
	}
	after(64 * SEC);
	silent();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
}

/* A SYN that was about to be repeated is with the gateway after all. */
static void syn_sent_held_takes_back_the_repetition(void)
{
	at(CN_SYN_SENT);
	after(SEC);
	hold(true);
	silent();
	deadline(NEVER);
}

static void syn_sent_held_twice_is_held_once(void)
{
	at(CN_SYN_SENT);
	hold(true);
	hold(true);
	deadline(NEVER);
	hold(false);
	deadline(SEC);
	after(100 * MS);
	hold(false);
	deadline(900 * MS);
}

static void syn_sent_never_held_needs_no_release(void)
{
	at(CN_SYN_SENT);
	after(100 * MS);
	hold(false);
	deadline(900 * MS);
	is(t.tcb.was_held, false);
}

static void established_cannot_be_held(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	hold(true);
	out("PA", 1, 1, 10);
	deadline(RTO);
	is(t.tcb.held, false);
}

/* The handshake's time is the gateway's; the first data measure the path. */
static void syn_sent_held_handshake_is_no_sample(void)
{
	at(CN_SYN_SENT);
	hold(true);
	after(5 * SEC);
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	out("A", 1, 1, 0);
	is(t.tcb.rtt.n, 0);
	is(t.tcb.held, false);
	sends(10);
	out("PA", 1, 1, 10);
	deadline(SEC);
	after(RTT);
	in("A", 1, 11, 0);
	is(t.tcb.rtt.srtt_us, 100000);
	sends(10);
	out("PA", 11, 1, 10);
	deadline(RTO);
}

/* Nor is it a sample by timestamp. */
static void syn_sent_held_echo_is_no_sample(void)
{
	t.set.timestamps = true;
	at(CN_SYN_SENT);
	after(SEC);
	out("S", 0, 0, 0, .mss = OUR_MSS);
	hold(true);
	after(5 * SEC);
	in("SA", 0, 1, 0, .mss = PEER_MSS, .ts = 5, .tsecr = 1001000);
	out("A", 1, 1, 0);
	is(t.tcb.rtt.n, 0);
}

static void syn_sent_released_handshake_is_no_sample(void)
{
	at(CN_SYN_SENT);
	hold(true);
	after(SEC);
	hold(false);
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	out("A", 1, 1, 0);
	is(t.tcb.rtt.n, 0);
	is(t.tcb.cc.cwnd, 10 * PEER_MSS);
}

static void syn_sent_held_reset_ends(void)
{
	at(CN_SYN_SENT);
	hold(true);
	in("RA", 0, 1, 0);
	state(CN_CLOSED);
	error(CN_E_CONNREFUSED);
}

static void syn_sent_held_close_ends(void)
{
	at(CN_SYN_SENT);
	hold(true);
	closes();
	state(CN_CLOSED);
	silent();
	deadline(NEVER);
}

/* Both ends open at once while the gateway holds ours. */
static void syn_sent_held_syn_crosses(void)
{
	at(CN_SYN_SENT);
	hold(true);
	in("S", 0, 0, 0, .mss = PEER_MSS);
	out("SA", 0, 1, 0, .mss = OUR_MSS);
	state(CN_SYN_RECEIVED);
	hold(true);
	in("A", 1, 1, 0);
	state(CN_ESTABLISHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(syn_sent_held_uses_up_no_try),
		cmocka_unit_test_rule(syn_sent_held_takes_back_the_repetition),
		cmocka_unit_test_rule(syn_sent_held_twice_is_held_once),
		cmocka_unit_test_rule(syn_sent_never_held_needs_no_release),
		cmocka_unit_test_rule(established_cannot_be_held),
		cmocka_unit_test_rule(syn_sent_held_handshake_is_no_sample),
		cmocka_unit_test_rule(syn_sent_held_echo_is_no_sample),
		cmocka_unit_test_rule(syn_sent_released_handshake_is_no_sample),
		cmocka_unit_test_rule(syn_sent_held_reset_ends),
		cmocka_unit_test_rule(syn_sent_held_close_ends),
		cmocka_unit_test_rule(syn_sent_held_syn_crosses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
