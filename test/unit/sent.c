/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp/sent.h"
#include "tcp_env.h"

#define MSS 1000u

/* Each at an instant of its own: the first at 5. */
static uint64_t clock_ns;

static void push(struct tcp_fixture *f, uint32_t len, uint8_t flags)
{
	assert_true(sent_push(&f->tcb, f->tcb.snd_nxt, len, MSS, flags,
			      clock_ns++));
	f->tcb.snd_nxt += len + !!flags;
}

static void begin(struct tcp_fixture *f, uint32_t seq)
{
	fixture_begin(f, 1);
	clock_ns = 5;
	f->tcb.snd_una = seq;
	f->tcb.snd_nxt = seq;
}

static struct sent_acked ack(struct tcp_fixture *f, uint32_t to)
{
	struct sent_acked acked = {0};

	f->tcb.snd_una = to;
	sent_acked(&f->tcb, to, &acked);
	return acked;
}

static uint32_t sack(struct tcp_fixture *f, uint32_t left, uint32_t right)
{
	struct sent_acked acked = {0};

	return sent_sack(&f->tcb, left, right, &acked);
}

static void rexmitted(struct tcp_fixture *f, const struct sent_stretch *s,
		      uint32_t upto)
{
	sent_rexmitted(&f->tcb, s, upto, clock_ns++);
}

static void end(struct tcp_fixture *f)
{
	ack(f, f->tcb.snd_nxt);
	assert_null(f->tcb.sent);
	assert_int_equal(f->tcb.sacked, 0);
	assert_int_equal(f->tcb.lost, 0);
	assert_int_equal(f->tcb.retrans, 0);
	fixture_end(f);
}

static void records_are_found_by_sequence_number(void **state)
{
	struct tcp_fixture f;
	uint32_t i, base = 0xffffff00u;

	(void)state;
	begin(&f, base);
	for (i = 0; i < 37; i++)
		push(&f, 100, 0);
	for (i = 0; i < 3700; i++)
		assert_int_equal(sent_find(f.tcb.sent, base + i), i / 100);
	assert_int_equal(sent_find(f.tcb.sent, base + 3700), 37);
	ack(&f, base + 1000);
	assert_int_equal(sent_find(f.tcb.sent, base + 1000), 0);
	end(&f);
}

static void an_ack_within_a_record_shortens_it(void **state)
{
	struct tcp_fixture f;
	struct sent_acked acked;

	(void)state;
	begin(&f, 0);
	push(&f, 4500, TCP_FIN);
	assert_int_equal(sent_at(f.tcb.sent, 0)->n, 5);
	acked = ack(&f, 2500);
	assert_int_equal(acked.segs, 2);
	assert_int_equal(acked.rtt_from, 5);
	assert_false(acked.fin);
	assert_int_equal(sent_at(f.tcb.sent, 0)->seq, 2000);
	assert_int_equal(sent_at(f.tcb.sent, 0)->n, 3);
	/* All but the FIN. */
	acked = ack(&f, 4500);
	assert_int_equal(sent_at(f.tcb.sent, 0)->n, 1);
	assert_false(acked.fin);
	acked = ack(&f, 4501);
	assert_true(acked.fin);
	end(&f);
}

/* What left at one instant and was cut alike is one record, up to 64 segments
 * and to the first that is shorter. */
static void segments_of_one_instant_share_a_record(void **state)
{
	struct tcp_fixture f;
	uint32_t i, at = 0;

	(void)state;
	begin(&f, 0xffff0000u);
	for (i = 0; i < 70; i++, at += MSS)
		assert_true(
			sent_push(&f.tcb, 0xffff0000u + at, MSS, MSS, 0, 9));
	assert_int_equal(f.tcb.sent->n, 2);
	assert_int_equal(sent_at(f.tcb.sent, 0)->n, 64);
	assert_int_equal(sent_at(f.tcb.sent, 1)->n, 6);
	/* Another size, another instant. */
	f.tcb.snd_nxt = 0xffff0000u + at;
	assert_true(sent_push(&f.tcb, f.tcb.snd_nxt, 900, 900, 0, 9));
	assert_int_equal(f.tcb.sent->n, 3);
	f.tcb.snd_nxt += 900;
	assert_true(sent_push(&f.tcb, f.tcb.snd_nxt, 900, 900, 0, 10));
	assert_int_equal(f.tcb.sent->n, 4);
	f.tcb.snd_nxt += 900;
	/* The last one may be short and bear the FIN; then nothing joins. */
	assert_true(sent_push(&f.tcb, f.tcb.snd_nxt, 300, 900, TCP_FIN, 10));
	assert_int_equal(f.tcb.sent->n, 4);
	assert_int_equal(sent_at(f.tcb.sent, 3)->n, 2);
	assert_int_equal(sent_at(f.tcb.sent, 3)->flags, TCP_FIN);
	f.tcb.snd_nxt += 301;
	/* Loss and SACK within: segments, not records. */
	assert_int_equal(sack(&f, 0xffff0000u + MSS, 0xffff0000u + 5 * MSS),
			 4 * MSS);
	sent_update_lost(&f.tcb);
	assert_int_equal(f.tcb.lost, MSS);
	assert_int_equal(ack(&f, 0xffff0000u + MSS).segs, 1);
	assert_int_equal(f.tcb.lost, 0);
	end(&f);
}

/* A record to which something has happened takes in nothing more. */
static void what_was_sacked_or_lost_takes_no_more(void **state)
{
	struct tcp_fixture f;

	(void)state;
	begin(&f, 0);
	clock_ns = 5;
	push(&f, MSS, 0);
	clock_ns = 5;
	push(&f, MSS, 0);
	assert_int_equal(f.tcb.sent->n, 1);
	sack(&f, MSS, 2 * MSS);
	clock_ns = 5;
	push(&f, MSS, 0);
	assert_int_equal(f.tcb.sent->n, 2);
	sent_lose_all(&f.tcb);
	clock_ns = 5;
	push(&f, MSS, 0);
	assert_int_equal(f.tcb.sent->n, 3);
	/* A FIN alone is a segment of its own. */
	clock_ns = 5;
	push(&f, 0, TCP_FIN);
	assert_int_equal(f.tcb.sent->n, 4);
	end(&f);
}

static void sack_marks_whole_segments_only(void **state)
{
	struct tcp_fixture f;

	(void)state;
	begin(&f, 0);
	push(&f, 4500, TCP_FIN);
	assert_int_equal(sack(&f, 500, 1999), 0);
	assert_int_equal(sack(&f, 500, 2000), 1000);
	assert_int_equal(sack(&f, 500, 2000), 0);
	/* The last segment holds the FIN, which this block does not. */
	assert_int_equal(sack(&f, 4000, 4500), 0);
	assert_int_equal(sack(&f, 3000, 4501), 1501);
	assert_int_equal(f.tcb.sacked, 2501);
	end(&f);
}

static void lost_needs_three_segments_sacked_above(void **state)
{
	struct tcp_fixture f;

	(void)state;
	begin(&f, 0);
	push(&f, 10000, 0);
	sack(&f, 2000, 4000);
	sent_update_lost(&f.tcb);
	assert_int_equal(f.tcb.lost, 0);
	sack(&f, 6000, 7000);
	sent_update_lost(&f.tcb);
	assert_int_equal(f.tcb.lost, 2000);
	sack(&f, 7000, 9000);
	sent_update_lost(&f.tcb);
	assert_int_equal(f.tcb.lost, 4000);
	/* What arrives after all is lost no more. */
	sack(&f, 0, 1000);
	assert_int_equal(f.tcb.lost, 3000);
	end(&f);
}

static void what_is_lost_comes_in_stretches(void **state)
{
	struct tcp_fixture f;
	struct sent_stretch s;

	(void)state;
	begin(&f, 0);
	push(&f, 10000, 0);
	push(&f, 500, TCP_FIN);
	assert_false(sent_next_lost(&f.tcb, 64, &s));
	sack(&f, 2000, 3000);
	sent_lose_all(&f.tcb);
	assert_int_equal(f.tcb.lost, 9501);
	assert_true(sent_next_lost(&f.tcb, 64, &s));
	assert_int_equal(s.seq, 0);
	assert_int_equal(s.len, 2000);
	rexmitted(&f, &s, s.seq + s.len + !!s.flags);
	assert_int_equal(f.tcb.retrans, 2000);
	assert_true(sent_next_lost(&f.tcb, 3, &s));
	assert_int_equal(s.seq, 3000);
	assert_int_equal(s.len, 3000);
	rexmitted(&f, &s, s.seq + s.len + !!s.flags);
	assert_true(sent_next_lost(&f.tcb, 64, &s));
	assert_int_equal(s.seq, 6000);
	assert_int_equal(s.len, 4000);
	assert_int_equal(s.flags, 0);
	rexmitted(&f, &s, s.seq + s.len + !!s.flags);
	assert_true(sent_next_lost(&f.tcb, 64, &s));
	assert_int_equal(s.seq, 10000);
	assert_int_equal(s.len, 500);
	assert_int_equal(s.flags, TCP_FIN);
	rexmitted(&f, &s, s.seq + s.len + !!s.flags);
	assert_false(sent_next_lost(&f.tcb, 64, &s));
	assert_int_equal(f.tcb.retrans, 9501);
	/* Karn: no round trip from what was sent twice. */
	assert_int_equal(ack(&f, 1000).rtt_from, 0);
	/* A timeout forgets the retransmissions. */
	sent_lose_all(&f.tcb);
	assert_int_equal(f.tcb.retrans, 0);
	assert_true(sent_next_lost(&f.tcb, 64, &s));
	assert_int_equal(s.seq, 1000);
	assert_int_equal(s.len, 1000);
	end(&f);
}

static void reneging_clears_the_scoreboard(void **state)
{
	struct tcp_fixture f;

	(void)state;
	begin(&f, 0);
	push(&f, 3000, 0);
	push(&f, 3000, 0);
	sack(&f, 1000, 6000);
	ack(&f, 1000);
	assert_int_equal(f.tcb.sacked, 5000);
	sent_lose_all(&f.tcb);
	assert_int_equal(f.tcb.sacked, 0);
	assert_int_equal(f.tcb.lost, 5000);
	end(&f);
}

static void a_segment_too_long_for_the_path_goes_in_pieces(void **state)
{
	struct tcp_fixture f;
	struct sent_stretch s;

	(void)state;
	begin(&f, 0);
	push(&f, 500, 0);
	push(&f, 2000, TCP_FIN);
	sent_lose_longer(&f.tcb, 600);
	assert_int_equal(f.tcb.lost, 2001);
	assert_true(sent_next_lost(&f.tcb, 64, &s));
	assert_int_equal(s.seq, 500);
	rexmitted(&f, &s, 1100);
	assert_int_equal(f.tcb.retrans, 0);
	assert_true(sent_next_lost(&f.tcb, 64, &s));
	assert_int_equal(s.seq, 1100);
	rexmitted(&f, &s, 1700);
	assert_int_equal(f.tcb.retrans, 1000);
	assert_true(sent_next_lost(&f.tcb, 64, &s));
	assert_int_equal(s.seq, 1700);
	assert_int_equal(s.len, 800);
	assert_int_equal(s.flags, TCP_FIN);
	rexmitted(&f, &s, 2501);
	assert_int_equal(f.tcb.retrans, 2001);
	assert_false(sent_next_lost(&f.tcb, 64, &s));
	end(&f);
}

static void the_ring_has_an_end(void **state)
{
	struct tcp_fixture f;
	uint32_t i;

	(void)state;
	begin(&f, 0);
	for (i = 0; i < SENT_RECORDS_MAX; i++)
		push(&f, 1, 0);
	assert_false(sent_push(&f.tcb, f.tcb.snd_nxt, 1, MSS, 0, 5));
	ack(&f, 1);
	push(&f, 1, 0);
	end(&f);
	begin(&f, 0);
	f.heap.fail_after = 0;
	assert_false(sent_push(&f.tcb, 0, 1, MSS, 0, 5));
	assert_null(f.tcb.sent);
	fixture_end(&f);
}

/* The sums of the marks, octet by octet, against what the ring says. */
static void any_order_of_acks_keeps_the_sums(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 0; seed < 200; seed++) {
		static uint8_t sacked[400000];
		struct tcp_fixture f;
		uint32_t base = 0xffffe000u, i, k, segs;
		struct sent_stretch s;

		fixture_begin(&f, seed);
		f.tcb.snd_una = base;
		f.tcb.snd_nxt = base;
		memset(sacked, 0, sizeof(sacked));
		for (i = 0; i < 300; i++) {
			uint32_t flight = f.tcb.snd_nxt - f.tcb.snd_una;
			uint32_t sum = 0, left, right;

			switch (random_below(&f.dice, 6)) {
			case 0:
			case 1:
				if (f.tcb.snd_nxt - base > 300000)
					break;
				push(&f, 1 + random_below(&f.dice, 20000), 0);
				break;
			case 2:
			case 3:
				if (!flight)
					break;
				left = random_below(&f.dice, flight);
				right = left + 1 +
					random_below(&f.dice, flight - left);
				sack(&f, f.tcb.snd_una + left,
				     f.tcb.snd_una + right);
				break;
			case 4:
				sent_update_lost(&f.tcb);
				if (sent_next_lost(
					    &f.tcb,
					    1 + random_below(&f.dice, 64), &s))
					rexmitted(&f, &s, s.seq + s.len);
				break;
			case 5:
				if (flight && random_below(&f.dice, 8) == 0)
					sent_lose_all(&f.tcb);
				else
					ack(&f,
					    f.tcb.snd_una +
						    random_below(&f.dice,
								 flight + 1));
				break;
			}
			if (!f.tcb.sent) {
				assert_int_equal(f.tcb.sacked, 0);
				assert_int_equal(f.tcb.lost, 0);
				continue;
			}
			for (k = 0; k < f.tcb.sent->n; k++) {
				struct sent *rec = sent_at(f.tcb.sent, k);

				for (segs = 0; segs < rec->n; segs++) {
					uint64_t bit = UINT64_C(1) << segs;
					uint32_t len =
						segs + 1 < rec->n ?
							MSS :
							rec->end - rec->seq -
								segs * MSS;

					assert_false(rec->sacked & bit &&
						     rec->lost & bit);
					sum += rec->sacked & bit ? len : 0;
					sum += rec->lost & bit ? len << 1 : 0;
					sum += rec->rexmit & bit ? len << 2 : 0;
				}
			}
			assert_int_equal(sum, f.tcb.sacked + (f.tcb.lost << 1) +
						      (f.tcb.retrans << 2));
		}
		end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_found_by_sequence_number),
		cmocka_unit_test(an_ack_within_a_record_shortens_it),
		cmocka_unit_test(segments_of_one_instant_share_a_record),
		cmocka_unit_test(what_was_sacked_or_lost_takes_no_more),
		cmocka_unit_test(sack_marks_whole_segments_only),
		cmocka_unit_test(lost_needs_three_segments_sacked_above),
		cmocka_unit_test(what_is_lost_comes_in_stretches),
		cmocka_unit_test(reneging_clears_the_scoreboard),
		cmocka_unit_test(
			a_segment_too_long_for_the_path_goes_in_pieces),
		cmocka_unit_test(the_ring_has_an_end),
		cmocka_unit_test(any_order_of_acks_keeps_the_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
