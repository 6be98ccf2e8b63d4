/* SPDX-License-Identifier: MIT */
/* RFC 5681 and RFC 3465, by hand: segments of 1000 octets. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp/cc.h"

enum op { ACK, IDLE_ACK, LOSS, TIMEOUT, RESTART };

/* value: octets acknowledged, in flight, or the initial window. */
struct step {
	enum op op;
	uint32_t value;
	uint32_t cwnd, ssthresh;
};

#define INF UINT32_MAX

static void follow(const struct step *step, size_t n, uint32_t cwnd,
		   uint32_t ssthresh)
{
	struct cc cc = {.cwnd = cwnd, .ssthresh = ssthresh};
	const struct cc_ops *ops = cc_ops(CN_CC_RENO);

	ops->init(&cc);
	for (size_t i = 0; i < n; i++) {
		struct cc_event event = {
			.now = i,
			.smss = 1000,
			.acked = step[i].value,
			.flight = step[i].value,
			.limited = step[i].op != IDLE_ACK,
		};

		switch (step[i].op) {
		case ACK:
		case IDLE_ACK:
			ops->ack(&cc, &event);
			break;
		case LOSS:
			ops->loss(&cc, &event);
			break;
		case TIMEOUT:
			ops->timeout(&cc, &event);
			break;
		case RESTART:
			ops->idle(&cc, &event, step[i].value);
			break;
		}
		print_message("# step %zu\n", i);
		assert_int_equal(cc.cwnd, step[i].cwnd);
		assert_int_equal(cc.ssthresh, step[i].ssthresh);
	}
}

#define FOLLOW(cwnd, ssthresh, ...)                                            \
	do {                                                                   \
		static const struct step steps[] = {__VA_ARGS__};              \
                                                                               \
		follow(steps, sizeof(steps) / sizeof(*steps), cwnd, ssthresh); \
	} while (0)

static void slow_start_counts_two_segments_an_ack(void **state)
{
	(void)state;
	FOLLOW(10000, INF, {ACK, 1000, 11000, INF}, {ACK, 2000, 13000, INF},
	       {ACK, 9000, 15000, INF}, {ACK, 1, 15001, INF});
}

static void slow_start_stops_at_ssthresh(void **state)
{
	(void)state;
	/* The second ACK leaves 1500 octets for congestion avoidance, which
	 * wants a whole window. */
	FOLLOW(10000, 12500, {ACK, 2000, 12000, 12500},
	       {ACK, 2000, 12500, 12500}, {ACK, 10999, 12500, 12500},
	       {ACK, 1, 13500, 12500});
}

static void avoidance_adds_a_segment_a_window(void **state)
{
	(void)state;
	FOLLOW(4000, 2000, {ACK, 2000, 4000, 2000}, {ACK, 1999, 4000, 2000},
	       {ACK, 1, 5000, 2000}, {ACK, 4999, 5000, 2000},
	       {ACK, 5000, 6000, 2000});
}

static void an_ack_in_pieces_gains_nothing(void **state)
{
	struct cc whole = {.cwnd = 20000, .ssthresh = 10000};
	struct cc pieces = whole;
	struct cc_event event = {.smss = 1000, .limited = true};

	(void)state;
	cc_reno_ops.init(&whole);
	cc_reno_ops.init(&pieces);
	for (int i = 0; i < 100; i++) {
		event.acked = 1000;
		cc_reno_ops.ack(&whole, &event);
		event.acked = 1;
		for (int j = 0; j < 1000; j++)
			cc_reno_ops.ack(&pieces, &event);
	}
	assert_int_equal(whole.cwnd, pieces.cwnd);
}

static void an_unused_window_does_not_grow(void **state)
{
	(void)state;
	FOLLOW(10000, INF, {IDLE_ACK, 2000, 10000, INF});
	FOLLOW(10000, 5000, {IDLE_ACK, 10000, 10000, 5000},
	       {ACK, 9999, 10000, 5000});
}

static void loss_halves_the_flight(void **state)
{
	(void)state;
	FOLLOW(20000, INF, {LOSS, 20000, 10000, 10000},
	       {LOSS, 7001, 3500, 3500}, {LOSS, 3000, 2000, 2000},
	       {LOSS, 0, 2000, 2000});
}

static void timeout_leaves_one_segment(void **state)
{
	(void)state;
	/* One segment an ACK until ssthresh, two a time never again. */
	FOLLOW(20000, INF, {TIMEOUT, 16000, 1000, 8000},
	       {ACK, 1000, 2000, 8000}, {ACK, 5000, 3000, 8000},
	       {ACK, 5000, 4000, 8000}, {ACK, 1000, 5000, 8000},
	       {TIMEOUT, 1000, 1000, 2000});
}

/* RFC 3465 section 2.3: only the slow start that follows the timeout. */
static void after_avoidance_slow_start_is_fast_again(void **state)
{
	(void)state;
	FOLLOW(4000, INF, {TIMEOUT, 4000, 1000, 2000}, {ACK, 1000, 2000, 2000},
	       {ACK, 1000, 2000, 2000}, {ACK, 1000, 3000, 2000},
	       {LOSS, 20000, 10000, 10000}, {RESTART, 4000, 4000, 10000},
	       {ACK, 4000, 6000, 10000});
}

static void restart_keeps_three_quarters_as_threshold(void **state)
{
	(void)state;
	FOLLOW(40000, 8000, {RESTART, 10000, 10000, 30000});
	FOLLOW(40000, INF, {RESTART, 10000, 10000, INF});
	FOLLOW(6000, 3000, {RESTART, 10000, 6000, 3000});
}

static void the_window_has_a_ceiling(void **state)
{
	(void)state;
	FOLLOW(CC_CWND_MAX - 500, INF, {ACK, 1000, CC_CWND_MAX, INF},
	       {ACK, 1000, CC_CWND_MAX, INF});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slow_start_counts_two_segments_an_ack),
		cmocka_unit_test(slow_start_stops_at_ssthresh),
		cmocka_unit_test(avoidance_adds_a_segment_a_window),
		cmocka_unit_test(an_ack_in_pieces_gains_nothing),
		cmocka_unit_test(an_unused_window_does_not_grow),
		cmocka_unit_test(loss_halves_the_flight),
		cmocka_unit_test(timeout_leaves_one_segment),
		cmocka_unit_test(after_avoidance_slow_start_is_fast_again),
		cmocka_unit_test(restart_keeps_three_quarters_as_threshold),
		cmocka_unit_test(the_window_has_a_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
