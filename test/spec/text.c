/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.10.7.4, "seventh, process the segment text". */
#include "spec.h"

static void established_data_are_read_as_they_were_sent(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 700);
	out("A", 1, 701, 0);
	news(TCP_NEWS_IN);
	in("PA", 701, 1, 300);
	out("A", 1, 1001, 0);
	reads(600);
	reads(400);
}

/* SHLD-31: every order of five segments gives the same stream.
 * Notes: rows 2, 62. */
static void established_any_order_is_put_in_order(void)
{
	unsigned n = 0;

	at(CN_ESTABLISHED);
	for (unsigned code = 0; code < 3125; code++) {
		unsigned order[5], rest = code, seen = 0;
		int64_t from = t.tcb.rcv_nxt - t.irs;
		struct tcp_seg seg;

		for (unsigned i = 0; i < 5; i++, rest /= 5) {
			order[i] = rest % 5;
			seen |= 1u << order[i];
		}
		if (seen != 31)
			continue;
		for (unsigned i = 0; i < 5; i++)
			in("A", from + order[i] * 100, 1, 100);
		is(t.tcb.rcv_nxt - t.irs, from + 500);
		reads(500);
		while (spec_emit(&seg))
			;
		n++;
	}
	is(n, 120);
}

/* SHLD-31: segments of any length that overlap anyhow. Notes: row 60. */
static void established_overlaps_are_put_in_order(void)
{
	at(CN_ESTABLISHED);
	for (unsigned round = 0; round < 30; round++) {
		uint32_t from = t.tcb.rcv_nxt - t.irs;
		struct tcp_seg seg;

		while (t.tcb.rcv_nxt - t.irs < from + 3000) {
			uint32_t off = random_below(&t.random, 3000);
			uint32_t len = 1 + random_below(&t.random, 600);

			in("A", (int64_t)from + off - 200, 1, len);
		}
		while (spec_emit(&seg))
			;
		reads(t.tcb.rcv_queued);
		is(t.tcb.rcv_nxt - t.irs, t.read_at);
	}
}

/* attacks.md row 38: every length at every place around both edges; what is
 * inside the window is taken, and not one octet more. */
static void established_window_is_exact(void)
{
	uint32_t iss = t.iss, irs = t.irs;

	for (int64_t seq = -3; seq <= 4; seq++) {
		for (uint32_t len = 1; len <= 16; len++) {
			int64_t end = seq + len < 11 ? seq + len : 11;
			struct tcp_seg seg;
			bool overlaps;

			spec_end();
			spec_begin(iss, irs);
			t.rcvbuf = 10;
			at(CN_ESTABLISHED);
			is(t.tcb.rcv_wnd, 10);
			in("A", seq, 1, len);
			overlaps = seq < 11 && seq + (int64_t)len > 1;
			if (seq <= 1 && overlaps)
				is(t.tcb.rcv_nxt - t.irs, end);
			else
				is(t.tcb.rcv_nxt - t.irs, 1);
			while (spec_emit(&seg))
				;
			if (seq > 1) {
				in("A", 1, 1, (uint32_t)seq - 1);
				is(t.tcb.rcv_nxt - t.irs, end);
			}
			if (t.tcb.rcv_queued)
				reads(t.tcb.rcv_queued);
		}
	}
}

/* attacks.md row 17 and 18: what is beyond gaps is bounded. */
static void established_gaps_are_bounded(void)
{
	struct tcp_seg seg;

	t.set.ooo_max = 50;
	at(CN_ESTABLISHED);
	for (int64_t seq = 3; seq < 9000; seq += 2)
		in("A", seq, 1, 1);
	is(t.count.drop[CN_DROP_TCP_OOO_LIMIT] > 4000, true);
	while (spec_emit(&seg))
		;
	/* What was acknowledged by nothing may be sent again. */
	in("A", 1, 1, 9000);
	out("A", 1, 9001, 0);
	reads(9000);
}

/* Data after the FIN are no data (attacks.md row 38). */
static void close_wait_data_after_fin_are_ignored(void)
{
	at(CN_CLOSE_WAIT);
	in("PA", 2, 1, 100);
	silent();
	is(t.tcb.rcv_nxt - t.irs, 2);
	reads(0);
}

/* attacks.md row 38: octets beyond the gap and beyond the FIN that fills it. */
static void established_fin_ends_the_stream_before_later_octets(void)
{
	at(CN_ESTABLISHED);
	in("A", 201, 1, 100);
	out("A", 1, 1, 0);
	in("FA", 1, 1, 100);
	out("A", 1, 102, 0);
	state(CN_CLOSE_WAIT);
	reads(100);
	reads(0);
}

/* RFC 9293 section 3.6.1, RFC 2525 section 2.17: nobody will read it.  The
 * number is what the peer expects, whether our FIN has reached it or not. */
static void orphan_data_are_answered_by_rst(void)
{
	static const enum cn_tcp_state states[] = {CN_FIN_WAIT_1,
						   CN_FIN_WAIT_2};
	uint32_t iss = t.iss, irs = t.irs;

	for (size_t i = 0; i < N_OF(states); i++) {
		spec_end();
		spec_begin(iss, irs);
		at(states[i]);
		orphans();
		in("PA", 1, 1 + i, 10);
		out("R", 1 + (int64_t)i, 0, 0);
		silent();
		state(CN_CLOSED);
		dropped(CN_DROP_TCP_AFTER_CLOSE);
	}
}

/* Half-closed: the peer may go on for as long as it likes.
 * Notes: rows 35, 145. */
static void fin_wait_2_data_are_taken(void)
{
	at(CN_FIN_WAIT_2);
	in("PA", 1, 2, 500);
	out("A", 2, 501, 0);
	reads(500);
	in("FPA", 501, 2, 500);
	out("A", 2, 1002, 0);
	state(CN_TIME_WAIT);
	reads(500);
	reads(0);
}

/* The window that was promised holds even if the buffer is made smaller. */
static void established_data_fit_what_was_promised(void)
{
	at(CN_ESTABLISHED);
	tcp_set_rcvbuf(&t.tcb, 100);
	in("PA", 1, 1, OUR_WND);
	out("A", 1, OUR_WND + 1, 0, NO_WND);
	reads(OUR_WND);
}

/* Without memory nothing is acknowledged that is not kept. */
static void established_without_memory_nothing_is_acked(void)
{
	struct tcp_seg seg;

	at(CN_ESTABLISHED);
	t.budget.limit = t.budget.used;
	in("PA", 1, 1, 1000);
	is(t.tcb.rcv_nxt - t.irs, 1);
	dropped(CN_DROP_MEMORY);
	while (spec_emit(&seg))
		is(seg.ack - t.irs, 1);
	t.budget.limit = 1 << 20;
	in("PA", 1, 1, 1000);
	out("A", 1, 1001, 0);
	reads(1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(
			established_data_are_read_as_they_were_sent),
		cmocka_unit_test_rule(established_any_order_is_put_in_order),
		cmocka_unit_test_rule(established_overlaps_are_put_in_order),
		cmocka_unit_test_rule(established_window_is_exact),
		cmocka_unit_test_rule(established_gaps_are_bounded),
		cmocka_unit_test_rule(close_wait_data_after_fin_are_ignored),
		cmocka_unit_test_rule(
			established_fin_ends_the_stream_before_later_octets),
		cmocka_unit_test_rule(orphan_data_are_answered_by_rst),
		cmocka_unit_test_rule(fin_wait_2_data_are_taken),
		cmocka_unit_test_rule(established_data_fit_what_was_promised),
		cmocka_unit_test_rule(
			established_without_memory_nothing_is_acked),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
