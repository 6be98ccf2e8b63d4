/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp/sendq.h"
#include "tcp_env.h"

static uint8_t octet(uint32_t seq)
{
	return (uint8_t)(seq * 37 + (seq >> 9));
}

static void at(struct tcp_fixture *f, uint32_t seq)
{
	f->tcb.snd_una = seq;
	f->tcb.snd_nxt = seq;
	f->tcb.snd_end = seq;
}

/* Fills what it gets; returns how much. */
static uint32_t put(struct tcp_fixture *f, uint32_t want, uint32_t use)
{
	struct cn_span span[8];
	uint32_t done = 0, k;
	int n, i;

	n = sendq_reserve(&f->tcb, want, span, 8);
	if (n < 0)
		return 0;
	for (i = 0; i < n; i++)
		for (k = 0; k < span[i].len; k++, done++)
			span[i].data[k] = octet(f->tcb.snd_end + done);
	if (use < done)
		done = use;
	sendq_commit(&f->tcb, done);
	return done;
}

static void check(struct tcp_fixture *f, uint32_t seq, uint32_t len)
{
	struct cn_slice slice[CN_SLICES_MAX];
	uint8_t n;
	uint32_t got, k, i, to = seq;

	got = sendq_slices(&f->tcb, seq, len, slice, CN_SLICES_MAX, &n);
	assert_true(got > 0 && got <= len);
	for (i = 0; i < n; i++) {
		for (k = 0; k < slice[i].len; k++, to++)
			assert_int_equal(slice[i].data[k], octet(to));
		cn_buf_unref(slice[i].buf);
	}
	assert_int_equal(to - seq, got);
}

static void ack(struct tcp_fixture *f, uint32_t len)
{
	f->tcb.snd_una += len;
	sendq_acked(&f->tcb);
}

static void slab_size_follows_what_is_queued(void **state)
{
	static const struct {
		uint32_t queued, budget;
	} row[] = {
		{1, CN_BUF_SMALL},	    {2048, CN_BUF_SMALL},
		{4096, 2 * CN_BUF_SMALL},   {4097, CN_BUF_MEDIUM},
		{32768, 2 * CN_BUF_MEDIUM}, {32769, CN_BUF_LARGE},
		{65536, CN_BUF_LARGE},	    {65537, 2 * CN_BUF_LARGE},
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct tcp_fixture f;
		size_t slabs;

		fixture_begin(&f, i);
		at(&f, 5);
		assert_int_equal(put(&f, row[i].queued, row[i].queued),
				 row[i].queued);
		slabs = f.budget.used % CN_BUF_SMALL / sizeof(struct cn_buf);
		assert_int_equal(f.budget.used - slabs * sizeof(struct cn_buf),
				 row[i].budget);
		fixture_end(&f);
	}
}

static void an_empty_queue_holds_nothing(void **state)
{
	struct tcp_fixture f;

	(void)state;
	fixture_begin(&f, 1);
	at(&f, 0xfffffff0u);
	put(&f, 100, 100);
	assert_non_null(f.tcb.sendq);
	ack(&f, 100);
	assert_null(f.tcb.sendq);
	assert_int_equal(f.budget.used, 0);
	fixture_end(&f);
}

static void an_unused_reservation_goes_back(void **state)
{
	struct tcp_fixture f;
	size_t used;

	(void)state;
	fixture_begin(&f, 1);
	at(&f, 1000);
	assert_int_equal(put(&f, 200000, 0), 0);
	assert_int_equal(f.budget.used, 0);
	put(&f, 10, 10);
	used = f.budget.used;
	put(&f, 200000, 1);
	assert_true(f.budget.used <= used + CN_BUF_LARGE * 2);
	check(&f, 1000, 11);
	fixture_end(&f);
}

static void without_budget_nothing_is_taken(void **state)
{
	struct tcp_fixture f;
	long fail;

	(void)state;
	fixture_begin(&f, 1);
	at(&f, 1);
	f.budget.limit = 1000;
	assert_int_equal(put(&f, 100, 100), 0);
	assert_null(f.tcb.sendq);
	fixture_end(&f);
	for (fail = 0; fail < 2; fail++) {
		fixture_begin(&f, 1);
		at(&f, 1);
		f.heap.fail_after = fail;
		assert_int_equal(put(&f, 100, 100), 0);
		assert_null(f.tcb.sendq);
		f.heap.fail_after = -1;
		assert_int_equal(put(&f, 100, 100), 100);
		fixture_end(&f);
	}
}

static void any_order_of_calls_keeps_the_octets(void **state)
{
	struct tcp_fixture f;
	uint32_t i, queued, want;

	(void)state;
	fixture_begin(&f, 7);
	at(&f, 0xffff0000u);
	for (i = 0; i < 20000; i++) {
		queued = f.tcb.snd_end - f.tcb.snd_una;
		want = 1 +
		       random_below(&f.dice, 1u << random_below(&f.dice, 18));
		switch (random_below(&f.dice, 3)) {
		case 0:
			if (queued + want < 1 << 20)
				put(&f, want, random_below(&f.dice, want + 1));
			break;
		case 1:
			ack(&f, random_below(&f.dice, queued + 1));
			break;
		case 2:
			if (queued) {
				uint32_t off = random_below(&f.dice, queued);

				check(&f, f.tcb.snd_una + off, queued - off);
			}
			break;
		}
		if (f.tcb.snd_end == f.tcb.snd_una)
			assert_int_equal(f.budget.used, 0);
	}
	fixture_end(&f);
}

/* A queue that is never empty: its offsets come round. */
static void four_gibibytes_without_a_rest(void **state)
{
	const uint64_t all = UINT64_C(1) << 32, near = 2 << 20;
	struct cn_span span[8];
	struct tcp_fixture f;
	uint64_t sent = 0;
	uint32_t last;

	(void)state;
	fixture_begin(&f, 1);
	at(&f, 77);
	while (sent + near < all) {
		assert_true(sendq_reserve(&f.tcb, 150000, span, 8) > 0);
		sendq_commit(&f.tcb, 150000);
		sent += 150000;
		ack(&f, f.tcb.snd_end - f.tcb.snd_una - 1);
	}
	while (sent < all + near) {
		last = put(&f, 50000, 50000);
		assert_int_equal(last, 50000);
		sent += last;
		if (f.tcb.snd_end - f.tcb.snd_una > 300000)
			ack(&f, 200000);
		check(&f, f.tcb.snd_end - last, last);
	}
	ack(&f, f.tcb.snd_end - f.tcb.snd_una);
	assert_int_equal(f.budget.used, 0);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slab_size_follows_what_is_queued),
		cmocka_unit_test(an_empty_queue_holds_nothing),
		cmocka_unit_test(an_unused_reservation_goes_back),
		cmocka_unit_test(without_budget_nothing_is_taken),
		cmocka_unit_test(any_order_of_calls_keeps_the_octets),
		cmocka_unit_test(four_gibibytes_without_a_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
