/* SPDX-License-Identifier: MIT */
/* RFC 9438: the window after a loss, by what leaves for each round trip. */
#include "flight.h"

static void at_established_with_cubic(void)
{
	t.set.cc = CN_CC_CUBIC;
	at_established_with_sack();
}

/* Sections 4.6 and 4.7: a loss at a window of 14 segments, where the one before
 * was at so many octets. */
static void loses_at_14(uint32_t plateau)
{
	t.tcb.cc.cwnd = 14000;
	t.tcb.cc.own.cubic.w_max = plateau;
	n_leave(14);
	after(RTT);
	in("A", 1, 1, 0, .sack = {BLOCK(2, 4)});
	out("A", SEG(1), 1, 1000);
	is(t.tcb.cc.ssthresh, 9800);
	in("A", 1, SEG(15), 0);
	is(t.tcb.in_recovery, false);
	is(t.tcb.cc.cwnd, 9800);
}

/* A window's worth leaves, and is acknowledged after 10 ms. */
static void round_trip(void)
{
	n_leave(t.tcb.cc.cwnd / 1000);
	after(10 * MS);
	in("A", 1, t.tcb.snd_nxt - t.iss, 0);
}

static uint32_t rounds_until(uint32_t cwnd)
{
	uint32_t n = 0;

	for (; t.tcb.cc.cwnd < cwnd && n < 100; n++)
		round_trip();
	return n;
}

/*
 * Section 4.3: on a short path Reno would be faster than the curve, and CUBIC
 * is as fast: by 9/17 of a segment a round until the window of the loss is
 * reached, by a whole one from there on.  With fast convergence (section 4.7)
 * the plateau is at 17/20 of that window, but the window is what counts.
 */
static void avoidance_is_reno_up_to_the_window_of_the_loss(void)
{
	static const uint32_t plateaus[] = {0, 20000};
	uint32_t iss = t.iss, irs = t.irs;

	for (size_t i = 0; i < N_OF(plateaus); i++) {
		uint32_t before, n;

		spec_end();
		spec_begin(iss, irs);
		at_established_with_cubic();
		loses_at_14(plateaus[i]);
		/* 4200 octets by 529 for each window; it is not quite full. */
		n = rounds_until(14000);
		is(n >= 8 && n <= 9, true);
		before = t.tcb.cc.cwnd;
		for (int j = 0; j < 4; j++)
			round_trip();
		is(t.tcb.cc.cwnd > before + 3600, true);
		is(t.tcb.cc.cwnd <= before + 4000, true);
	}
}

/* Section 4.7: below the last plateau by a segment or more the new one is at
 * 17/20 of the window, and there the curve is flat. */
static void fast_convergence_lowers_the_plateau(void)
{
	static const struct {
		uint32_t last, plateau;
	} table[] = {
		{20000, 11900}, {15000, 11900}, {14999, 14000},
		{14000, 14000}, {0, 14000},
	};
	uint32_t iss = t.iss, irs = t.irs;

	for (size_t i = 0; i < N_OF(table); i++) {
		spec_end();
		spec_begin(iss, irs);
		at_established_with_cubic();
		loses_at_14(table[i].last);
		is(t.tcb.cc.own.cubic.w_max, table[i].plateau);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(
			avoidance_is_reno_up_to_the_window_of_the_loss),
		cmocka_unit_test_rule(fast_convergence_lowers_the_plateau),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
