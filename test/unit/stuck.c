/* SPDX-License-Identifier: MIT */
/* Windows that closed must open again, and what waits must have a timer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "one_end.h"

/* The window closes by a segment that is owed an ACK, and the link is in no
 * hurry to take that ACK: the persist timer runs all the same (MUST-36). */
static void an_ack_that_is_owed_does_not_stop_the_persist_timer(void **state)
{
	static const uint8_t data[30000];
	struct heap heap = {0};
	const struct cn_alloc alloc = heap_words(&heap);
	struct cn_pool *pool = cn_pool_new(&alloc);
	struct tcp_seg seg;
	struct tcp_seg closing = {.seq = IRS + 1, .flags = TCP_FIN, .len = 1};
	struct bench b;

	(void)state;
	establish(&b, pool);
	assert_int_equal(tcp_send(&b.tcb, data, sizeof(data), 0, NOW),
			 sizeof(data));
	while (emits(&b, &seg))
		;
	closing.ack = b.tcb.snd_nxt;
	closing.wnd = 0;
	arrives(&b, &closing);
	assert_true(tcp_has_output(&b.tcb, NOW));
	assert_int_not_equal(b.tcb.rexmit_at, CN_NEVER);
	tcb_deinit(&b.tcb);
	cn_pool_free(pool);
}

/* A segment that fills an unscaled window but for a few octets: when it is
 * read, the window opens, though by less than the announced MSS. */
static void a_window_of_one_segment_opens_again(void **state)
{
	struct heap heap = {0};
	const struct cn_alloc alloc = heap_words(&heap);
	struct cn_pool *pool = cn_pool_new(&alloc);
	static uint8_t room[65536];
	struct tcp_seg seg, big = {
				    .seq = IRS + 1,
				    .ack = ISS + 1,
				    .len = 65483,
				    .data_len = 65483,
				    .wnd = 65535,
				    .slice_n = 1,
			    };
	struct bench b;

	(void)state;
	establish(&b, pool);
	b.tcb.adv_mss = 65495;
	b.tcb.rcvbuf = 1 << 20;
	b.tcb.rcv_wnd = 65535;
	big.slice[0].buf = cn_buf_new(pool, 65483);
	assert_non_null(big.slice[0].buf);
	big.slice[0].data = big.slice[0].buf->data;
	big.slice[0].len = 65483;
	arrives(&b, &big);
	cn_buf_unref(big.slice[0].buf);
	assert_int_equal(tcp_recv(&b.tcb, room, sizeof(room), 0, NOW), 65483);
	assert_true(emits(&b, &seg));
	assert_int_equal(seg.wnd, 65535);
	tcb_deinit(&b.tcb);
	cn_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_ack_that_is_owed_does_not_stop_the_persist_timer),
		cmocka_unit_test(a_window_of_one_segment_opens_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
