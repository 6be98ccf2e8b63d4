/* SPDX-License-Identifier: MIT */
/*
 * A lost segment that no longer fits, because SACK blocks take room beside it
 * or the path has shrunk, is sent again in pieces: all of them at once, not
 * one for each timeout.  And of many small ones, as many go as the window of
 * one large one holds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "one_end.h"

/* Octets of the peer beyond a gap: from now on ACKs bear a block. */
static void leave_gap(struct bench *b)
{
	uint8_t data[100] = {0};
	struct tcp_seg seg = {
		.seq = IRS + 1 + 1000,
		.ack = ISS + 1,
		.len = sizeof(data),
		.data_len = sizeof(data),
		.wnd = 65535,
		.slice_n = 1,
	};

	seg.slice[0].buf = cn_buf_new(b->env.pool, sizeof(data));
	assert_non_null(seg.slice[0].buf);
	seg.slice[0].data = seg.slice[0].buf->data;
	memcpy(seg.slice[0].buf->data, data, sizeof(data));
	seg.slice[0].len = sizeof(data);
	arrives(b, &seg);
	cn_buf_unref(seg.slice[0].buf);
}

/* Ten segments leave; all but the first arrive. */
static void send_and_lose_first(struct bench *b, bool gap)
{
	static const uint8_t data[14480];
	struct tcp_seg seg, ack = {
				    .seq = IRS + 1,
				    .ack = ISS + 1,
				    .wnd = 65535,
				    .options = TCP_OPT_SACK,
				    .sack_n = 1,
				    .sack = {{ISS + 1 + 1448, ISS + 1 + 14480}},
			    };
	int n = 0;

	assert_int_equal(tcp_send(&b->tcb, data, sizeof(data), 0, NOW),
			 sizeof(data));
	while (emits(b, &seg))
		n++;
	assert_int_equal(n, 10);
	if (gap)
		leave_gap(b);
	arrives(b, &ack);
}

static void want(struct bench *b, uint32_t seq, uint32_t len)
{
	struct tcp_seg seg;

	assert_true(emits(b, &seg));
	assert_int_equal(seg.seq - ISS - 1, seq);
	assert_int_equal(seg.data_len, len);
}

static void sack_blocks_take_room(void **state)
{
	struct heap heap = {0};
	const struct cn_alloc alloc = heap_words(&heap);
	struct cn_pool *pool = cn_pool_new(&alloc);
	struct bench b;

	(void)state;
	establish(&b, pool);
	send_and_lose_first(&b, true);
	want(&b, 0, 1436); /* 1448 less one block of 12 octets */
	want(&b, 1436, 12);
	tcb_deinit(&b.tcb);
	cn_pool_free(pool);
}

static void the_path_has_shrunk(void **state)
{
	struct heap heap = {0};
	const struct cn_alloc alloc = heap_words(&heap);
	struct cn_pool *pool = cn_pool_new(&alloc);
	struct bench b;

	(void)state;
	establish(&b, pool);
	send_and_lose_first(&b, false);
	tcp_path_mss(&b.tcb, 612, NOW);
	want(&b, 0, 600);
	want(&b, 600, 600);
	want(&b, 1200, 248);
	tcb_deinit(&b.tcb);
	cn_pool_free(pool);
}

static void small_segments_fill_the_window(void **state)
{
	static const uint8_t data[100];
	struct heap heap = {0};
	const struct cn_alloc alloc = heap_words(&heap);
	struct cn_pool *pool = cn_pool_new(&alloc);
	struct tcp_seg seg;
	struct bench b;
	unsigned n = 0;

	(void)state;
	establish(&b, pool);
	tcp_set_nodelay(&b.tcb, true, NOW);
	for (int i = 0; i < 40; i++) {
		assert_int_equal(tcp_send(&b.tcb, data, 100, 0, NOW), 100);
		assert_true(emits(&b, &seg));
	}
	b.now += 2 * CN_NS_PER_SEC;
	tcp_advance(&b.tcb, b.now);
	assert_int_equal(b.tcb.cc.cwnd, b.tcb.snd_mss);
	while (emits(&b, &seg))
		n++;
	assert_int_equal(n, 14); /* 1460 octets */
	tcb_deinit(&b.tcb);
	cn_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sack_blocks_take_room),
		cmocka_unit_test(the_path_has_shrunk),
		cmocka_unit_test(small_segments_fill_the_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
