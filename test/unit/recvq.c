/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp/recvq.h"
#include "tcp_env.h"

#define SPAN 20000u

static uint8_t octet(uint32_t seq)
{
	return (uint8_t)(seq * 29 + (seq >> 7));
}

/* A segment whose data is in a buffer of that size (0: in no buffer). */
static enum cn_drop insert(struct tcp_fixture *f, uint32_t seq, uint32_t len,
			   uint32_t buf_size)
{
	static uint8_t loose[65536];
	struct tcp_seg seg = {.seq = seq, .data_len = len};
	struct cn_buf *buf = NULL;
	uint8_t *data = loose;
	enum cn_drop drop;
	uint32_t i, half = len / 2;

	if (buf_size) {
		buf = cn_buf_new(f->pool, buf_size > len ? buf_size : len);
		assert_non_null(buf);
		data = buf->data;
	}
	for (i = 0; i < len; i++)
		data[i] = octet(seq + i);
	seg.slice[0] = (struct cn_slice){buf, data, half};
	seg.slice[1] = (struct cn_slice){buf, data + half, len - half};
	seg.slice_n = 2;
	drop = recvq_insert(&f->tcb, &seg, seq, 0, len);
	cn_buf_unref(buf);
	return drop;
}

/* Reads len octets that begin at seq, by views of at most two slices. */
static void take(struct tcp_fixture *f, uint32_t seq, uint32_t len)
{
	struct cn_slice slice[2];
	int n, i;

	while (len) {
		uint32_t part = 0, k;

		n = recvq_view(&f->tcb, slice, 2);
		assert_true(n > 0);
		for (i = 0; i < n; i++)
			for (k = 0; k < slice[i].len && part < len; k++)
				assert_int_equal(slice[i].data[k],
						 octet(seq + part++));
		recvq_take(&f->tcb, part);
		seq += part;
		len -= part;
	}
}

static void in_order_octets_are_readable_at_once(void **state)
{
	struct tcp_fixture f;

	(void)state;
	fixture_begin(&f, 1);
	f.tcb.rcv_nxt = 0xfffffffau;
	assert_int_equal(insert(&f, 0xfffffffau, 10, 2048), CN_DROP_NONE);
	assert_int_equal(f.tcb.rcv_nxt, 4);
	assert_int_equal(f.tcb.rcv_queued, 10);
	take(&f, 0xfffffffau, 10);
	assert_null(f.tcb.recvq);
	fixture_end(&f);
}

static void octets_beyond_a_gap_wait_and_are_sack_blocks(void **state)
{
	struct tcp_fixture f;
	struct tcp_block block[4];

	(void)state;
	fixture_begin(&f, 1);
	f.tcb.rcv_nxt = 1000;
	insert(&f, 1100, 100, 2048);
	insert(&f, 1300, 100, 2048);
	insert(&f, 1500, 100, 2048);
	assert_int_equal(f.tcb.rcv_queued, 0);
	assert_true(recvq_has_gap(&f.tcb));
	/* RFC 2018 section 4: the newest first. MUST: at most max of them. */
	assert_int_equal(recvq_blocks(&f.tcb, block, 4), 3);
	assert_int_equal(block[0].left, 1500);
	assert_int_equal(block[0].right, 1600);
	assert_int_equal(block[1].left, 1300);
	assert_int_equal(block[2].left, 1100);
	assert_int_equal(recvq_blocks(&f.tcb, block, 2), 2);
	/* A run that grows is the newest, and the run that it was is not told
	 * twice. */
	insert(&f, 1400, 50, 2048);
	assert_int_equal(recvq_blocks(&f.tcb, block, 4), 3);
	assert_int_equal(block[0].left, 1300);
	assert_int_equal(block[0].right, 1450);
	assert_int_equal(insert(&f, 1310, 20, 2048), CN_DROP_TCP_DUPLICATE);
	assert_true(recvq_block_of(&f.tcb, 1449, block));
	assert_false(recvq_block_of(&f.tcb, 1450, block));
	assert_false(recvq_block_of(&f.tcb, 1299, block));
	/* Filled to the last run. */
	insert(&f, 1000, 500, 2048);
	assert_int_equal(f.tcb.rcv_nxt, 1600);
	assert_false(recvq_has_gap(&f.tcb));
	take(&f, 1000, 600);
	fixture_end(&f);
}

static void single_octets_share_their_memory(void **state)
{
	struct tcp_fixture f;
	uint32_t i;

	(void)state;
	fixture_begin(&f, 1);
	for (i = 0; i < 4000; i++)
		insert(&f, i, 1, 2048);
	/* Row 18 of the attacks: not 2 KiB each. */
	assert_in_range(recvq_true_size(&f.tcb), 4000, 12000);
	take(&f, 0, 4000);
	fixture_end(&f);
}

static void attack_18_lone_octets_are_charged_truly(void **state)
{
	struct tcp_fixture f;
	uint32_t i;

	(void)state;
	fixture_begin(&f, 1);
	f.set.ooo_max = 100;
	for (i = 0; i < 100; i++)
		assert_int_equal(insert(&f, 2 * i + 1, 1, 2048), CN_DROP_NONE);
	assert_int_equal(insert(&f, 2 * i + 1, 1, 2048), CN_DROP_TCP_OOO_LIMIT);
	assert_in_range(recvq_true_size(&f.tcb), 100, 100 * 128);
	assert_int_equal(f.budget.used, recvq_true_size(&f.tcb));
	fixture_end(&f);
}

/* 300 ms of 1 Gbit/s are 26 000 segments behind one that is lost. */
static void a_large_buffer_holds_more_pieces(void **state)
{
	struct tcp_fixture f;
	uint32_t i;

	(void)state;
	fixture_begin(&f, 1);
	f.set.ooo_max = 10;
	f.tcb.rcvbuf = 2 * CN_OOO_BUFFER;
	for (i = 0; i < 30; i++)
		assert_int_equal(insert(&f, 2 * i + 1, 1, 2048), CN_DROP_NONE);
	assert_int_equal(insert(&f, 2 * i + 1, 1, 2048), CN_DROP_TCP_OOO_LIMIT);
	fixture_end(&f);
}

static void memory_that_fails_loses_nothing_that_was_taken(void **state)
{
	struct tcp_fixture f;
	long fail;

	(void)state;
	for (fail = 0; fail < 6; fail++) {
		uint32_t nxt;

		fixture_begin(&f, 1);
		f.heap.fail_after = fail;
		insert(&f, 5000, 1400, 0);
		insert(&f, 0, 1400, 0);
		f.heap.fail_after = -1;
		nxt = f.tcb.rcv_nxt;
		assert_int_equal(f.tcb.rcv_queued, nxt);
		take(&f, 0, nxt);
		insert(&f, nxt, 6400 - nxt, 0);
		assert_int_equal(f.tcb.rcv_nxt, 6400);
		take(&f, nxt, 6400 - nxt);
		fixture_end(&f);
	}
	fixture_begin(&f, 1);
	f.budget.limit = 100;
	assert_int_equal(insert(&f, 0, 200, 2048), CN_DROP_MEMORY);
	assert_null(f.tcb.recvq);
	fixture_end(&f);
}

static void an_octet_can_be_cut_out_anywhere(void **state)
{
	struct tcp_fixture f;
	uint32_t off;

	(void)state;
	for (off = 0; off < 30; off++) {
		uint32_t i, n = 0;
		uint8_t cut = 0;

		fixture_begin(&f, 1);
		insert(&f, 0, 10, 0);
		insert(&f, 10, 1490, 2048);
		recvq_cut(&f.tcb, off, &cut);
		assert_int_equal(cut, octet(off));
		assert_int_equal(f.tcb.rcv_queued, 1499);
		for (i = 0; n < 1499; n++, i++) {
			struct cn_slice slice;

			if (i == off)
				i++;
			assert_int_equal(recvq_view(&f.tcb, &slice, 1), 1);
			assert_int_equal(slice.data[0], octet(i));
			recvq_take(&f.tcb, 1);
		}
		fixture_end(&f);
	}
}

static void any_order_of_arrival_gives_the_stream(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 0; seed < 60; seed++) {
		static bool have[SPAN];
		struct tcp_fixture f;
		uint32_t base = 0xfffff000u, nxt = 0, taken = 0, i;

		memset(have, 0, sizeof(have));
		fixture_begin(&f, seed);
		f.tcb.rcv_nxt = base;
		while (nxt < SPAN) {
			uint32_t off = random_below(&f.dice, SPAN);
			uint32_t len = 1 + random_below(&f.dice,
							seed & 1 ? 3000 : 300);
			static const uint32_t size[] = {0, 2048, 16384, 66048};

			if (random_below(&f.dice, 4) == 0)
				off = nxt;
			if (off + len > SPAN)
				len = SPAN - off;
			if (off < nxt) {
				len = off + len > nxt ? off + len - nxt : 0;
				off = nxt;
			}
			if (!len)
				continue;
			insert(&f, base + off, len,
			       size[random_below(&f.dice, 4)]);
			for (i = off; i < off + len; i++)
				have[i] = true;
			while (nxt < SPAN && have[nxt])
				nxt++;
			assert_int_equal(f.tcb.rcv_nxt, base + nxt);
			assert_int_equal(f.tcb.rcv_queued, nxt - taken);
			if (random_below(&f.dice, 2)) {
				len = random_below(&f.dice, nxt - taken + 1);
				take(&f, base + taken, len);
				taken += len;
			}
			for (i = 0; i < 20; i++) {
				struct tcp_block block;
				uint32_t at = nxt + random_below(&f.dice, SPAN);

				if (at >= SPAN)
					continue;
				assert_int_equal(recvq_block_of(&f.tcb,
								base + at,
								&block),
						 have[at]);
			}
		}
		take(&f, base + taken, nxt - taken);
		assert_null(f.tcb.recvq);
		fixture_end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_octets_are_readable_at_once),
		cmocka_unit_test(octets_beyond_a_gap_wait_and_are_sack_blocks),
		cmocka_unit_test(single_octets_share_their_memory),
		cmocka_unit_test(attack_18_lone_octets_are_charged_truly),
		cmocka_unit_test(a_large_buffer_holds_more_pieces),
		cmocka_unit_test(
			memory_that_fails_loses_nothing_that_was_taken),
		cmocka_unit_test(an_octet_can_be_cut_out_anywhere),
		cmocka_unit_test(any_order_of_arrival_gives_the_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
