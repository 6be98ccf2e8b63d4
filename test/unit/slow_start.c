/* SPDX-License-Identifier: MIT */
/* RFC 5681 section 3.1 and RFC 6928: how a connection begins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "one_end.h"

/* Ten segments, twenty, forty: each acknowledged octet lets two go. */
static void the_window_doubles_each_round_trip(void **state)
{
	static const uint8_t data[200000];
	static const unsigned want[] = {10, 20, 40};
	struct heap heap = {0};
	const struct cn_alloc alloc = heap_words(&heap);
	struct cn_pool *pool = cn_pool_new(&alloc);
	struct bench b;

	(void)state;
	establish(&b, pool);
	assert_int_equal(tcp_send(&b.tcb, data, sizeof(data), 0, NOW),
			 sizeof(data));
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		struct tcp_seg seg, ack = {.seq = IRS + 1, .wnd = 65535};
		unsigned n = 0;

		while (emits(&b, &seg))
			n++;
		assert_in_range(n, want[i], want[i] + 1);
		ack.ack = seg.seq + seg.data_len;
		arrives(&b, &ack);
	}
	tcb_deinit(&b.tcb);
	cn_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_window_doubles_each_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
