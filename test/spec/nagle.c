/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.7.4, Nagle's algorithm, and TCP_CORK and MSG_MORE, which
 * hold longer. */
#include "spec.h"

#define sends_more(len) spec_sends(__FILE__, __LINE__, len, CN_MSG_MORE)

static void corks(bool on)
{
	tcp_set_cork(&t.tcb, on, t.now);
}

static void nodelay(bool on)
{
	tcp_set_nodelay(&t.tcb, on, t.now);
}

static void established_first_small_goes_at_once(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	silent();
}

/* SHLD-7, MAY-16 */
static void established_second_small_waits_for_the_ack(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	sends(20);
	sends(30);
	silent();
	in("A", 1, 11, 0);
	out("PA", 11, 1, 50);
	silent();
}

/* SHLD-7 */
static void established_small_still_waits_one_octet_short(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	sends(20);
	in("A", 1, 10, 0);
	silent();
	in("A", 1, 11, 0);
	out("PA", 11, 1, 20);
	silent();
}

/* SHLD-28 */
static void established_full_segments_are_never_held(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	sends(2005);
	out("A", 11, 1, 1000);
	out("A", 1011, 1, 1000);
	silent();
	in("A", 1, 11, 0);
	out("PA", 2011, 1, 5);
	silent();
}

/* Whole segments and nothing left over: nothing to wait for. */
static void established_multiple_of_the_mss_goes_whole(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	sends(2000);
	out("A", 11, 1, 1000);
	out("PA", 1011, 1, 1000);
	silent();
}

/* Minshall: what is in flight is full, so nothing small waits for an ACK. */
static void established_tail_behind_full_segments_goes(void)
{
	at(CN_ESTABLISHED);
	sends(1005);
	out("A", 1, 1, 1000);
	out("PA", 1001, 1, 5);
	sends(1);
	silent();
	in("A", 1, 1001, 0);
	silent();
	in("A", 1, 1006, 0);
	out("PA", 1006, 1, 1);
}

/* MUST-17 */
static void established_nodelay_sends_small_at_once(void)
{
	at(CN_ESTABLISHED);
	nodelay(true);
	sends(10);
	out("PA", 1, 1, 10);
	sends(20);
	out("PA", 11, 1, 20);
	nodelay(false);
	sends(1);
	silent();
	nodelay(true);
	out("PA", 31, 1, 1);
	silent();
}

static void established_close_sends_what_was_held(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	sends(20);
	closes();
	out("FPA", 11, 1, 20);
	silent();
}

/* Urgent data go, and what was queued before them with them; what follows
 * them waits. */
static void established_urgent_is_not_held(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	sends(20);
	silent();
	sends_urgent(1);
	out("UPA", 11, 1, 21, 0, 21);
	sends(5);
	silent();
	in("A", 1, 32, 0);
	out("PA", 32, 1, 5);
}

/* MUST-60: what is corked goes by itself after 200 ms. */
static void corked_tail_goes_after_200_ms(void)
{
	at(CN_ESTABLISHED);
	corks(true);
	sends(10);
	silent();
	deadline(200 * MS);
	after(100 * MS);
	sends(10);
	deadline(100 * MS);
	after(100 * MS);
	out("PA", 1, 1, 20);
	silent();
	deadline(RTO);
}

/* The next small one has its own 200 ms, from when nothing is in flight. */
static void corked_tail_waits_from_the_last_ack_on(void)
{
	at(CN_ESTABLISHED);
	corks(true);
	sends(1010);
	out("A", 1, 1, 1000);
	silent();
	deadline(RTO);
	after(50 * MS);
	in("A", 1, 1001, 0);
	silent();
	deadline(200 * MS);
	after(200 * MS);
	out("PA", 1001, 1, 10);
	in("A", 1, 1011, 0);
	deadline(NEVER);
	sends(10);
	deadline(200 * MS);
	after(200 * MS);
	out("PA", 1011, 1, 10);
}

/* What was held before something went begins to wait anew. */
static void corked_tail_waits_from_what_went_on(void)
{
	at(CN_ESTABLISHED);
	corks(true);
	sends(100);
	silent();
	after(150 * MS);
	sends(950);
	out("A", 1, 1, 1000);
	after(60 * MS);
	silent();
	in("A", 1, 1001, 0);
	silent();
	deadline(200 * MS);
	after(200 * MS);
	out("PA", 1001, 1, 50);
}

static void corked_full_segment_goes_at_once(void)
{
	at(CN_ESTABLISHED);
	corks(true);
	sends(999);
	silent();
	sends(1);
	out("PA", 1, 1, 1000);
	silent();
}

static void corked_uncork_pushes(void)
{
	at(CN_ESTABLISHED);
	sends(5);
	out("PA", 1, 1, 5);
	corks(true);
	sends(10);
	silent();
	corks(false);
	out("PA", 6, 1, 10);
	silent();
	deadline(RTO);
}

/* The push is for what is queued then, not for what comes later. */
static void uncorked_with_nothing_queued_changes_nothing(void)
{
	at(CN_ESTABLISHED);
	sends(5);
	out("PA", 1, 1, 5);
	corks(true);
	corks(false);
	silent();
	sends(10);
	silent();
}

static void uncorked_push_against_a_closed_window_is_not_kept(void)
{
	at(CN_ESTABLISHED);
	nodelay(false);
	sends(5);
	out("PA", 1, 1, 5);
	in("A", 1, 1, 0, 5);
	corks(true);
	sends(10);
	corks(false);
	silent();
	in("A", 1, 1, 0);
	silent();
	in("A", 1, 6, 0);
	out("PA", 6, 1, 10);
}

static void corked_close_sends(void)
{
	at(CN_ESTABLISHED);
	corks(true);
	sends(10);
	closes();
	out("FPA", 1, 1, 10);
	silent();
	deadline(RTO);
}

static void corked_urgent_goes(void)
{
	at(CN_ESTABLISHED);
	corks(true);
	sends(10);
	silent();
	sends_urgent(1);
	out("UPA", 1, 1, 11, 0, 11);
}

/* MUST-60 */
static void more_waits_for_more(void)
{
	at(CN_ESTABLISHED);
	sends_more(10);
	silent();
	deadline(200 * MS);
	sends_more(10);
	silent();
	sends(10);
	out("PA", 1, 1, 30);
	silent();
	deadline(RTO);
}

/* MUST-60 */
static void more_goes_after_200_ms(void)
{
	at(CN_ESTABLISHED);
	sends_more(10);
	after(200 * MS);
	out("PA", 1, 1, 10);
	sends_more(10);
	silent();
}

/* MUST-36, MUST-60: the peer's window may have opened unheard. */
static void corked_behind_a_closed_window_is_probed(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, NO_WND);
	corks(true);
	sends(3000);
	silent();
	deadline(RTO);
	after(RTO);
	out("A", 0, 1, 0);
	silent();
	deadline(2 * RTO);
	in("A", 1, 1, 0);
	out("A", 1, 1, 1000);
	out("A", 1001, 1, 1000);
	out("PA", 2001, 1, 1000);
}

/* SHLD-27, MUST-61: one PSH, on the last octet of all that was written. */
static void established_last_segment_alone_carries_psh(void)
{
	at(CN_ESTABLISHED);
	sends(700);
	sends(700);
	sends(700);
	out("A", 1, 1, 1000);
	out("A", 1001, 1, 1000);
	out("PA", 2001, 1, 100);
	silent();
}

/* MAY-15: a SEND without PUSH. */
static void more_is_not_pushed(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	sends_more(1000);
	out("A", 11, 1, 1000);
	silent();
}

/* It holds back for as long as the peer is silent; then Nagle's rule is left. */
static void more_goes_with_the_next_ack(void)
{
	at(CN_ESTABLISHED);
	sends(1000);
	out("PA", 1, 1, 1000);
	sends_more(10);
	silent();
	in("A", 1, 1001, 0);
	out("A", 1001, 1, 10);
	sends_more(10);
	silent();
	in("A", 1, 1011, 0);
	out("A", 1011, 1, 10);
}

static void corked_waits_whatever_the_peer_says(void)
{
	at(CN_ESTABLISHED);
	corks(true);
	sends(1010);
	out("A", 1, 1, 1000);
	in("A", 1, 1001, 0);
	silent();
}

/* What is queued when it is set is pushed, corked or not. */
static void corked_nodelay_pushes(void)
{
	at(CN_ESTABLISHED);
	corks(true);
	sends(40);
	silent();
	nodelay(true);
	out("PA", 1, 1, 40);
	sends(40);
	silent();
	nodelay(true);
	out("PA", 41, 1, 40);
	sends_more(40);
	silent();
	nodelay(true);
	out("A", 81, 1, 40);
}

static void more_close_sends(void)
{
	at(CN_ESTABLISHED);
	sends_more(10);
	closes();
	out("FPA", 1, 1, 10);
	silent();
}

/* A small segment of 2^31 octets ago is none in flight. */
static void established_small_of_long_ago_is_forgotten(void)
{
	at(CN_ESTABLISHED);
	t.tcb.snd_sml = t.tcb.snd_una + 0x7fffffff;
	sends(1010);
	out("A", 1, 1, 1000);
	out("PA", 1001, 1, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_first_small_goes_at_once),
		cmocka_unit_test_rule(
			established_second_small_waits_for_the_ack),
		cmocka_unit_test_rule(
			established_small_still_waits_one_octet_short),
		cmocka_unit_test_rule(established_full_segments_are_never_held),
		cmocka_unit_test_rule(
			established_multiple_of_the_mss_goes_whole),
		cmocka_unit_test_rule(
			established_tail_behind_full_segments_goes),
		cmocka_unit_test_rule(established_nodelay_sends_small_at_once),
		cmocka_unit_test_rule(established_close_sends_what_was_held),
		cmocka_unit_test_rule(established_urgent_is_not_held),
		cmocka_unit_test_rule(corked_tail_goes_after_200_ms),
		cmocka_unit_test_rule(corked_tail_waits_from_what_went_on),
		cmocka_unit_test_rule(corked_tail_waits_from_the_last_ack_on),
		cmocka_unit_test_rule(corked_full_segment_goes_at_once),
		cmocka_unit_test_rule(corked_uncork_pushes),
		cmocka_unit_test_rule(
			uncorked_with_nothing_queued_changes_nothing),
		cmocka_unit_test_rule(
			uncorked_push_against_a_closed_window_is_not_kept),
		cmocka_unit_test_rule(corked_close_sends),
		cmocka_unit_test_rule(corked_urgent_goes),
		cmocka_unit_test_rule(more_waits_for_more),
		cmocka_unit_test_rule(more_goes_after_200_ms),
		cmocka_unit_test_rule(corked_behind_a_closed_window_is_probed),
		cmocka_unit_test_rule(
			established_last_segment_alone_carries_psh),
		cmocka_unit_test_rule(more_is_not_pushed),
		cmocka_unit_test_rule(more_goes_with_the_next_ack),
		cmocka_unit_test_rule(corked_waits_whatever_the_peer_says),
		cmocka_unit_test_rule(corked_nodelay_pushes),
		cmocka_unit_test_rule(more_close_sends),
		cmocka_unit_test_rule(
			established_small_of_long_ago_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
