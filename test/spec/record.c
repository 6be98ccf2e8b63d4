/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.7: segments end where records do (MSG_EOR), the first
 * time and every time. */
#include "spec.h"

#define sends_record(len) spec_sends(__FILE__, __LINE__, len, CN_MSG_EOR)

/* Nothing may leave until the window opens, so that all of it is queued. */
static void at_closed_window(uint32_t super_max)
{
	t.super_max = super_max;
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, NO_WND);
}

static void opens(void)
{
	in("A", 1, 1, 0);
}

static void record_alone_is_a_segment(void)
{
	at(CN_ESTABLISHED);
	sends_record(10);
	out("PA", 1, 1, 10);
	silent();
	is(t.tcb.eor, false);
}

/* What was queued before joins it; what follows does not. */
static void record_ends_a_segment(void)
{
	at_closed_window(0);
	sends(10);
	sends_record(20);
	sends_record(30);
	sends(40);
	opens();
	out("PA", 1, 1, 30);
	out("PA", 31, 1, 30);
	/* The last, and Nagle's rule is for it. */
	silent();
	in("A", 1, 61, 0);
	out("PA", 61, 1, 40);
	silent();
}

/* Between two records is not the end of the queue: nothing can be added. */
static void record_within_the_queue_is_not_held_by_nagle(void)
{
	at_closed_window(0);
	sends_record(10);
	sends_record(10);
	sends_record(10);
	opens();
	out("PA", 1, 1, 10);
	out("PA", 11, 1, 10);
	silent();
	in("A", 1, 21, 0);
	out("PA", 21, 1, 10);
}

/* A long one goes in full segments and a last. */
static void record_of_many_segments(void)
{
	at_closed_window(0);
	sends_record(2500);
	sends(700);
	opens();
	out("A", 1, 1, 1000);
	out("A", 1001, 1, 1000);
	out("PA", 2001, 1, 500);
	silent();
	in("A", 1, 2501, 0);
	out("PA", 2501, 1, 700);
}

static void super_segment_ends_with_the_record(void)
{
	at_closed_window(65536);
	sends_record(2500);
	sends_record(2000);
	sends(1000);
	opens();
	out("PA", 1, 1, 2500, .cut = 1000);
	out("PA", 2501, 1, 2000, .cut = 1000);
	out("PA", 4501, 1, 1000);
	silent();
}

/* Full segments of two records are not one stretch. */
static void records_are_sent_again_apart(void)
{
	at_closed_window(65536);
	sends_record(2000);
	sends_record(2000);
	sends_record(400);
	sends_record(400);
	sends(1000);
	opens();
	out("PA", 1, 1, 2000, .cut = 1000);
	out("PA", 2001, 1, 2000, .cut = 1000);
	out("PA", 4001, 1, 400);
	out("PA", 4401, 1, 400);
	out("PA", 4801, 1, 1000);
	silent();
	in("A", 1, 1, 0, .sack = {{4801, 5801}}, .any_options = true);
	after(RTO);
	out("A", 1, 1, 1000, .any_options = true);
	in("A", 1, 1001, 0, .sack = {{4801, 5801}});
	out("PA", 1001, 1, 1000, .any_options = true);
	out("A", 2001, 1, 1000, .any_options = true);
	in("A", 1, 3001, 0, .sack = {{4801, 5801}});
	out("PA", 3001, 1, 1000, .any_options = true);
	out("PA", 4001, 1, 400, .any_options = true);
	out("PA", 4401, 1, 400, .any_options = true);
}

/* Close adds its FIN to what the record ends with. */
static void record_last_takes_the_fin(void)
{
	at_closed_window(0);
	sends_record(10);
	sends_record(20);
	closes();
	opens();
	out("PA", 1, 1, 10);
	out("FPA", 11, 1, 20);
	silent();
}

/* Ends are kept only as long as they are unsent, be there ever so many. */
static void records_by_the_hundred(void)
{
	unsigned i;

	at_closed_window(0);
	for (i = 0; i < 300; i++)
		sends_record(1 + i % 7);
	opens();
	in("A", 1, 1, 0);
	for (i = 0; i < 299; i++) {
		struct tcp_seg seg;

		if (!spec_emit(&seg)) {
			in("A", 1, t.tcb.snd_nxt - t.iss, 0);
			is(spec_emit(&seg), true);
		}
		is(seg.data_len, 1 + i % 7);
		spec_release(&seg);
	}
	is(t.tcb.eor, true);
	in("A", 1, t.tcb.snd_nxt - t.iss, 0);
	out("PA", t.tcb.snd_nxt - t.iss, 1, 1 + 299 % 7);
	is(t.tcb.eor, false);
}

/* Without memory for its end the record is refused, and nothing of it taken. */
static void record_without_memory_is_refused(void)
{
	uint8_t octet = 0;

	at_closed_window(0);
	sends(10);
	t.fail_after = 0;
	is(tcp_send(&t.tcb, &octet, 1, CN_MSG_EOR, t.now), CN_E_NOBUFS);
	t.fail_after = -1;
	is(t.tcb.snd_end - t.iss, 11);
	is(t.tcb.eor, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(record_alone_is_a_segment),
		cmocka_unit_test_rule(record_ends_a_segment),
		cmocka_unit_test_rule(
			record_within_the_queue_is_not_held_by_nagle),
		cmocka_unit_test_rule(record_of_many_segments),
		cmocka_unit_test_rule(super_segment_ends_with_the_record),
		cmocka_unit_test_rule(records_are_sent_again_apart),
		cmocka_unit_test_rule(record_last_takes_the_fin),
		cmocka_unit_test_rule(records_by_the_hundred),
		cmocka_unit_test_rule(record_without_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
