/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.10.7.4: which segments say how much may be sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "one_end.h"

struct fixture {
	struct heap heap;
	struct cn_pool *pool;
	struct bench b;
};

/* The peer's last word stood at IRS + 1001, for a window of 5000. */
static void begin(struct fixture *f)
{
	static const uint8_t data[30000];
	struct tcp_seg seg;
	struct tcp_seg ack = {.seq = IRS + 1001, .ack = ISS + 1, .wnd = 5000};
	struct cn_alloc alloc;

	memset(f, 0, sizeof(*f));
	alloc = heap_words(&f->heap);
	f->pool = cn_pool_new(&alloc);
	establish(&f->b, f->pool);
	arrives(&f->b, &ack);
	assert_int_equal(f->b.tcb.snd_wnd, 5000);
	assert_int_equal(tcp_send(&f->b.tcb, data, sizeof(data), 0, NOW),
			 sizeof(data));
	while (emits(&f->b, &seg))
		;
}

static void end(struct fixture *f)
{
	tcb_deinit(&f->b.tcb);
	cn_pool_free(f->pool);
}

static void an_old_segment_that_acknowledges_nothing_new_says_nothing(void **s)
{
	struct tcp_seg old = {.seq = IRS + 1, .ack = ISS + 1, .wnd = 60000};
	struct fixture f;

	(void)s;
	begin(&f);
	arrives(&f.b, &old);
	assert_int_equal(f.b.tcb.snd_wnd, 5000);
	end(&f);
}

/* A retransmission has an old number, but its ACK is of today. */
static void what_acknowledges_something_new_is_believed(void **s)
{
	struct tcp_seg again = {
		.seq = IRS + 1,
		.ack = ISS + 1 + 1448,
		.wnd = 3552,
	};
	struct fixture f;

	(void)s;
	begin(&f);
	arrives(&f.b, &again);
	assert_int_equal(f.b.tcb.snd_una + f.b.tcb.snd_wnd, ISS + 1 + 5000);
	/* And what is older than the newest still says nothing. */
	again.wnd = 60000;
	arrives(&f.b, &again);
	assert_int_equal(f.b.tcb.snd_wnd, 3552);
	end(&f);
}

/* Both ends opened at once: the SYN-ACK repeats a SYN that had come. */
static void the_window_of_a_syn_is_not_scaled(void **s)
{
	struct heap heap = {0};
	const struct cn_alloc alloc = heap_words(&heap);
	struct cn_pool *pool = cn_pool_new(&alloc);
	struct tcp_seg seg;
	struct tcp_seg syn = {
		.seq = IRS,
		.len = 1,
		.wnd = 60000,
		.mss = 1460,
		.wscale = 7,
		.flags = TCP_SYN,
		.options = TCP_OPT_MSS | TCP_OPT_WSCALE,
	};
	struct bench b;

	(void)s;
	establish(&b, pool);
	tcb_deinit(&b.tcb);
	b.set.window_scaling = true;
	tcb_init(&b.tcb, &b.env);
	tcp_set_path(&b.tcb, 1460, 1460, 536);
	tcp_open(&b.tcb, ISS, 0, NOW);
	assert_true(emits(&b, &seg));
	tcp_arrives(&b.tcb, &syn, NOW);
	assert_int_equal(b.tcb.state, CN_SYN_RECEIVED);
	assert_true(emits(&b, &seg));
	syn.flags |= TCP_ACK;
	syn.ack = ISS + 1;
	tcp_arrives(&b.tcb, &syn, NOW);
	assert_int_equal(b.tcb.state, CN_ESTABLISHED);
	assert_in_range(b.tcb.snd_wnd, 60000 - 127, 60000);
	tcb_deinit(&b.tcb);
	cn_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_old_segment_that_acknowledges_nothing_new_says_nothing),
		cmocka_unit_test(what_acknowledges_something_new_is_believed),
		cmocka_unit_test(the_window_of_a_syn_is_not_scaled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
