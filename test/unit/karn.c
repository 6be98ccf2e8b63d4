/* SPDX-License-Identifier: MIT */
/* RFC 9293 MUST-18 (Karn): what a round trip may be measured on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "one_end.h"

#define SEG 1460u

struct fixture {
	struct heap heap;
	struct cn_pool *pool;
	struct bench b;
};

/* Without timestamps, ten segments in flight. */
static void in_flight(struct fixture *f)
{
	static const uint8_t data[10 * SEG];
	struct cn_alloc alloc;
	struct tcp_seg seg;

	memset(f, 0, sizeof(*f));
	alloc = heap_words(&f->heap);
	f->pool = cn_pool_new(&alloc);
	establish(&f->b, f->pool);
	f->b.tcb.ts_ok = false;
	f->b.tcb.rtt = (struct tcp_rtt){0};
	assert_int_equal(tcp_send(&f->b.tcb, data, sizeof(data), 0, NOW),
			 sizeof(data));
	while (emits(&f->b, &seg))
		;
}

static void acks(struct fixture *f, uint32_t segments, uint32_t left,
		 uint32_t right)
{
	struct tcp_seg ack = {
		.seq = IRS + 1, .ack = ISS + 1 + segments * SEG, .wnd = 65535};

	if (right) {
		ack.options = TCP_OPT_SACK;
		ack.sack_n = 1;
		ack.sack[0].left = ISS + 1 + left * SEG;
		ack.sack[0].right = ISS + 1 + right * SEG;
	}
	arrives(&f->b, &ack);
}

static void end(struct fixture *f)
{
	tcb_deinit(&f->b.tcb);
	cn_pool_free(f->pool);
}

static void segments_sent_once_are_measured(void **state)
{
	struct fixture f;

	(void)state;
	in_flight(&f);
	f.b.now += 50 * CN_NS_PER_MS;
	acks(&f, 4, 0, 0);
	assert_int_equal(f.b.tcb.rtt.srtt_us, 50000);
	end(&f);
}

/* The ACK was provoked by the retransmission, four minutes after what it
 * covers was sent. */
static void what_waited_for_a_hole_is_not(void **state)
{
	struct fixture f;
	struct tcp_seg seg;

	(void)state;
	in_flight(&f);
	f.b.now += 50 * CN_NS_PER_MS;
	acks(&f, 0, 1, 5);
	while (emits(&f.b, &seg))
		;
	f.b.now += 240 * CN_NS_PER_SEC;
	acks(&f, 10, 0, 0);
	/* What came beyond the hole was on time. */
	assert_int_equal(f.b.tcb.rtt.n, 1);
	assert_int_equal(f.b.tcb.rtt.srtt_us, 50000);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_sent_once_are_measured),
		cmocka_unit_test(what_waited_for_a_hole_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
