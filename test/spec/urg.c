/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.8.5 and RFC 6093: urgent data. */
#include "spec.h"

static int64_t oob(void)
{
	uint8_t octet = 0;
	int64_t n = tcp_recv(&t.tcb, &octet, 1, CN_MSG_OOB, t.now);

	return n == 1 ? octet : n;
}

/* The octet of the peer's stream at a number, as spec.c has it. */
static uint8_t octet_at(uint32_t number)
{
	return (uint8_t)(number * 2654435761u >> 24);
}

/* MUST-30, MUST-62: the pointer names the octet after the urgent one. */
static void established_urgent_send_points_behind_it(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	sends_urgent(5);
	out("PAU", 11, 1, 5, .up = 5);
	silent();
	in("A", 1, 16, 0);
	sends(1);
	out("PA", 16, 1, 1);
}

/* MUST-30, MUST-31, MUST-62: written in place, without a copy. */
static void established_urgent_commit_points_behind_it(void)
{
	struct cn_span span[4];

	at(CN_ESTABLISHED);
	is(tcp_send_reserve(&t.tcb, 1500, span, 4) > 0, true);
	for (uint32_t i = 0; i < 1500; i++)
		span[0].data[i] = (uint8_t)((i + 78) * 2654435761u >> 24);
	is(tcp_send_commit(&t.tcb, 1500, CN_MSG_OOB, t.now), CN_OK);
	out("AU", 1, 1, 1000, .up = 1500);
	out("PAU", 1001, 1, 500, .up = 500);
	in("A", 1, 1501, 0);
	sends(1);
	out("PA", 1501, 1, 1);
}

/* MUST-31: of any length, and every segment before its end says so. */
static void established_long_urgent_data_are_announced_throughout(void)
{
	at(CN_ESTABLISHED);
	sends_urgent(2500);
	out("AU", 1, 1, 1000, .up = 2500);
	out("AU", 1001, 1, 1000, .up = 1500);
	out("PAU", 2001, 1, 500, .up = 500);
	silent();
}

/* A pointer that does not fit is told as far as it goes. */
static void established_far_urgent_data_are_announced_by_the_most(void)
{
	t.peer.ws = WS(7);
	t.set.window_scaling = true;
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, .wnd = 60000);
	sends_urgent(100000);
	out("AU", 1, 1, 1000, .up = 65535);
}

/* MUST-32: the application is told at once. */
static void established_urgent_pointer_is_news(void)
{
	at(CN_ESTABLISHED);
	in("AU", 1, 1, 0, .up = 100);
	news(TCP_NEWS_PRI);
	is(oob(), CN_E_AGAIN);
	in("PA", 1, 1, 100);
	out("A", 1, 101, 0);
	is(oob(), octet_at(100));
	is(oob(), CN_E_INVAL);
}

/* MUST-30, MUST-62: the octet leaves the stream, which goes on around it. */
static void established_urgent_octet_is_out_of_band(void)
{
	at(CN_ESTABLISHED);
	in("PAU", 1, 1, 10, .up = 5);
	out("A", 1, 11, 0);
	is(oob(), octet_at(5));
	reads(4);
	is(tcp_at_mark(&t.tcb), true);
	t.read_at = 6;
	reads(5);
	is(tcp_at_mark(&t.tcb), false);
}

/* MUST-33: a read stops at the mark, and the mark can be seen. */
static void established_read_stops_at_the_mark(void)
{
	uint8_t octets[20];

	at(CN_ESTABLISHED);
	in("PAU", 1, 1, 10, .up = 5);
	is(tcp_at_mark(&t.tcb), false);
	is(tcp_recv(&t.tcb, octets, 20, 0, t.now), 4);
	is(tcp_at_mark(&t.tcb), true);
	is(tcp_recv(&t.tcb, octets, 20, 0, t.now), 5);
	is(tcp_at_mark(&t.tcb), false);
}

/* RFC 6093 section 6: in line it stays where it was. */
static void established_urgent_octet_inline_stays(void)
{
	at(CN_ESTABLISHED);
	t.tcb.oobinline = true;
	in("PAU", 1, 1, 10, .up = 5);
	is(oob(), CN_E_INVAL);
	reads(4);
	is(tcp_at_mark(&t.tcb), true);
	reads(6);
}

/* attacks.md row 36 (URGENT/11): every pointer around every length, in order
 * and beyond a gap; nothing is read but what was sent. */
static void established_any_urgent_pointer_is_harmless(void)
{
	static const uint16_t up[] = {0,  1,   2,      9,      10,     11,
				      12, 100, 0x7fff, 0x8000, 0xfffe, 0xffff};
	static const int64_t seq[] = {-20, -5,		1,	    5,
				      100, OUR_WND - 5, OUR_WND + 1};
	uint32_t iss = t.iss, irs = t.irs;

	for (size_t i = 0; i < N_OF(up) * N_OF(seq); i++) {
		struct tcp_seg seg;
		uint8_t octets[200];

		spec_end();
		spec_begin(iss, irs);
		at(CN_ESTABLISHED);
		in("PAU", seq[i / N_OF(up)], 1, 10, .up = up[i % N_OF(up)]);
		in("PAU", 1, 1, 20, .up = up[(i + 5) % N_OF(up)]);
		in("PA", 21, 1, 100);
		while (spec_emit(&seg))
			;
		is(t.tcb.rcv_nxt - t.irs >= 121, true);
		is(oob() >= CN_E_INVAL, true);
		while (tcp_recv(&t.tcb, octets, 200, 0, t.now) > 0)
			;
		is(t.tcb.rcv_queued, 0);
	}
}

/* attacks.md row 36: a pointer of 0 counts as 1, as Linux reads it. */
static void established_urgent_pointer_of_zero_is_one(void)
{
	at(CN_ESTABLISHED);
	in("PAU", 1, 1, 10, .up = 0);
	is(oob(), octet_at(1));
}

/* attacks.md row 36: what is already read is not urgent any more. */
static void established_old_urgent_pointer_is_ignored(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 100);
	out("A", 1, 101, 0);
	reads(100);
	t.tcb.news = 0;
	in("PAU", 51, 1, 60, .up = 50);
	out("A", 1, 111, 0);
	is(t.tcb.news & TCP_NEWS_PRI, 0);
	is(oob(), CN_E_INVAL);
	reads(10);
}

/* A newer pointer takes the place of the one before; an older one does not. */
static void established_newest_urgent_pointer_counts(void)
{
	at(CN_ESTABLISHED);
	in("AU", 1, 1, 0, .up = 50);
	in("AU", 1, 1, 0, .up = 80);
	in("AU", 1, 1, 0, .up = 60);
	in("PA", 1, 1, 100);
	out("A", 1, 101, 0);
	is(oob(), octet_at(80));
	reads(79);
}

/* MUST-66: with a closed window too. */
static void established_closed_window_urgent_is_news(void)
{
	at(CN_ESTABLISHED);
	fills_window(0);
	t.tcb.news = 0;
	in("PAU", OUR_WND + 1, 1, 1, .up = 1);
	news(TCP_NEWS_PRI);
	out("A", 1, OUR_WND + 1, 0, NO_WND);
}

/* Past the peer's FIN there is nothing urgent. */
static void close_wait_urgent_is_ignored(void)
{
	at(CN_CLOSE_WAIT);
	in("AU", 2, 1, 0, .up = 5);
	silent();
	news(0);
}

/* MUST-33: a mark after a single octet stops a read as well. */
static void established_read_stops_at_a_mark_after_one_octet(void)
{
	uint8_t octets[20];

	at(CN_ESTABLISHED);
	in("PAU", 1, 1, 10, .up = 2);
	is(tcp_recv(&t.tcb, octets, 20, 0, t.now), 1);
	is(tcp_at_mark(&t.tcb), true);
	is(tcp_recv(&t.tcb, octets, 20, 0, t.now), 8);
}

/* An urgent octet that has come is no measure for what comes: half the numbers
 * later it would seem to lie ahead. */
static void established_urgent_octet_of_long_ago_hides_none(void)
{
	at(CN_ESTABLISHED);
	in("PAU", 1, 1, 10, .up = 2);
	is(oob(), octet_at(2));
	t.tcb.rcv_up += 0x70000000u;
	t.tcb.news = 0;
	in("PAU", 11, 1, 10, .up = 5);
	news(TCP_NEWS_IN | TCP_NEWS_PRI);
	is(oob(), octet_at(15));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_urgent_send_points_behind_it),
		cmocka_unit_test_rule(
			established_urgent_commit_points_behind_it),
		cmocka_unit_test_rule(
			established_long_urgent_data_are_announced_throughout),
		cmocka_unit_test_rule(
			established_far_urgent_data_are_announced_by_the_most),
		cmocka_unit_test_rule(established_urgent_pointer_is_news),
		cmocka_unit_test_rule(established_urgent_octet_is_out_of_band),
		cmocka_unit_test_rule(established_read_stops_at_the_mark),
		cmocka_unit_test_rule(established_urgent_octet_inline_stays),
		cmocka_unit_test_rule(
			established_any_urgent_pointer_is_harmless),
		cmocka_unit_test_rule(
			established_urgent_pointer_of_zero_is_one),
		cmocka_unit_test_rule(
			established_old_urgent_pointer_is_ignored),
		cmocka_unit_test_rule(established_newest_urgent_pointer_counts),
		cmocka_unit_test_rule(established_closed_window_urgent_is_news),
		cmocka_unit_test_rule(
			established_urgent_octet_of_long_ago_hides_none),
		cmocka_unit_test_rule(close_wait_urgent_is_ignored),
		cmocka_unit_test_rule(
			established_read_stops_at_a_mark_after_one_octet),
	};

	return cmocka_run_group_tests_name("urg", tests, NULL, NULL);
}
