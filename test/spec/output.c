/* SPDX-License-Identifier: MIT */
/* RFC 9293 sections 3.7.4, 3.9.1.2: Nagle, PSH, cork, sizes of segments. */
#include "spec.h"

/* SHLD-7: one small segment in flight, and no second. */
static void established_nagle_holds_the_second_crumb(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	sends(10);
	silent();
	sends(20);
	silent();
	t.now += RTT;
	in("A", 1, 11, 0);
	out("PA", 11, 1, 30);
}

/* MUST-17: switched off while something waits. */
static void established_nodelay_releases_what_waits(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	sends(10);
	silent();
	tcp_set_nodelay(&t.tcb, true, t.now);
	out("PA", 11, 1, 10);
}

/* MUST-61, SHLD-27: PSH stands on the last segment that is queued, whatever
 * the number of calls. Notes: row 69. */
static void established_psh_is_on_the_last_segment(void)
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

/* SHLD-28: as large as may be. */
static void established_small_writes_make_full_segments(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, .wnd = NO_WND);
	for (int i = 0; i < 300; i++)
		sends(10);
	in("A", 1, 1, 0);
	out("A", 1, 1, 1000);
	out("A", 1001, 1, 1000);
	out("PA", 2001, 1, 1000);
}

/* A super-segment is the same octets in one frame. */
static void established_super_segment_is_cut_by_the_link(void)
{
	static const struct tcp_emit_limits limits = {.super_max = 65536};
	struct tcp_seg seg;

	at(CN_ESTABLISHED);
	sends(5500);
	is(tcp_emit(&t.tcb, &limits, &seg, t.now), true);
	is(seg.data_len, 5500);
	is(seg.seg_size, 1000);
	is(seg.flags, TCP_PSH | TCP_ACK);
	spec_release(&seg);
	silent();
	/* Each of its segments can be lost alone. */
	after(RTO);
	out("A", 1, 1, 1000);
}

/* REC-1: more than 65535 octets under way at once. */
static void established_more_than_64_kib_in_flight(void)
{
	t.set.window_scaling = true;
	t.set.initial_window = 200;
	t.peer.ws = WS(7);
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, .wnd = 2000);
	sends(150000);
	for (int i = 0; i < 149; i++)
		out("A", 1 + 1000 * i, 1, 1000);
	out("PA", 149001, 1, 1000);
	t.now += RTT;
	in("A", 1, 150001, 0, .wnd = 2000);
	deadline(NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_nagle_holds_the_second_crumb),
		cmocka_unit_test_rule(established_nodelay_releases_what_waits),
		cmocka_unit_test_rule(established_psh_is_on_the_last_segment),
		cmocka_unit_test_rule(
			established_small_writes_make_full_segments),
		cmocka_unit_test_rule(
			established_super_segment_is_cut_by_the_link),
		cmocka_unit_test_rule(established_more_than_64_kib_in_flight),
	};

	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
