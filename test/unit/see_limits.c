/* SPDX-License-Identifier: MIT */
/* What a sender waited for, as tables of events and shares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "see/limits.h"
#include "wire/tcp_seg.h"

#define MS CN_NS_PER_MS
#define MSS 1460u

struct row {
	uint32_t at_ms;
	uint8_t kind; /* enum cn_trace_kind */
	uint32_t unsent, flight, cwnd, snd_wnd;
	uint8_t recovery; /* enum cn_recovery */
	uint32_t seq, len, ack; /* for round trips */
	uint8_t flags;
};

static const struct cn_endpoint here = {.port = 1}, there = {.port = 2};

static struct see_share shares_on(const struct row *row, size_t n,
				  uint32_t end_ms, bool rate)
{
	struct see_limits *limits = see_limits_new();
	struct see_share share;

	if (!rate)
		see_limits_no_rate(limits);

	for (size_t i = 0; i < n; i++) {
		struct cn_trace t = {
			.at = row[i].at_ms * MS,
			.kind = row[i].kind,
			.from = CN_ESTABLISHED,
			.to = CN_ESTABLISHED,
			.unsent = row[i].unsent,
			.flight = row[i].flight,
			.cwnd = row[i].cwnd,
			.snd_wnd = row[i].snd_wnd,
			.snd_mss = MSS,
			.recovery = row[i].recovery,
			.seq = row[i].seq,
			.len = row[i].len,
			.ack = row[i].ack,
			.flags = row[i].flags,
			.local = here,
			.peer = there,
		};

		see_limits_event(limits, 0, &t);
	}
	assert_true(see_limits_of(limits, &here, &there, end_ms * MS, &share));
	assert_false(see_limits_of(limits, &here, &here, end_ms * MS, &share));
	see_limits_free(limits);
	return share;
}

static struct see_share shares(const struct row *row, size_t n, uint32_t end_ms)
{
	return shares_on(row, n, end_ms, true);
}

static void one_limit_at_a_time(void **state)
{
	static const struct {
		struct row row;
		enum see_limit limit;
	} rows[] = {
		{{0, CN_TRACE_OUT, 0, 100, 14600, 65535, 0, 0, 0, 0, 0},
		 SEE_LIMITED_BY_PROGRAM},
		{{0, CN_TRACE_OUT, 9999, 14600, 14600, 65535, 0, 0, 0, 0, 0},
		 SEE_LIMITED_BY_CWND},
		{{0, CN_TRACE_OUT, 9999, 8192, 14600, 8192, 0, 0, 0, 0, 0},
		 SEE_LIMITED_BY_RWND},
		{{0, CN_TRACE_OUT, 9999, 0, 14600, 0, 0, 0, 0, 0, 0},
		 SEE_LIMITED_BY_RWND},
		{{0, CN_TRACE_CC, 9999, 9000, 1460, 65535, CN_RECOVERY_TIMEOUT,
		  0, 0, 0, 0},
		 SEE_LIMITED_BY_LOSS},
		{{0, CN_TRACE_CC, 0, 9000, 9000, 65535, CN_RECOVERY_FAST, 0, 0,
		  0, 0},
		 SEE_LIMITED_BY_LOSS},
		/* Both windows are open: Nagle, or a link that takes no more.
		 */
		{{0, CN_TRACE_OUT, 10, 1460, 14600, 65535, 0, 0, 0, 0, 0},
		 SEE_LIMITED_BY_PROGRAM},
		{{0, CN_TRACE_OUT, 99999, 1460, 14600, 65535, 0, 0, 0, 0, 0},
		 SEE_LIMITED_BY_RATE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct see_share share = shares(&rows[i].row, 1, 100);
		enum see_limit most;

		assert_true(see_share_most(&share, &most));
		assert_int_equal(most, rows[i].limit);
		assert_int_equal(share.ns[most], 100 * MS);
	}
}

static void time_goes_to_what_was_waited_for(void **state)
{
	static const struct row rows[] = {
		{0, CN_TRACE_OUT, 9999, 14600, 14600, 65535, 0, 1, 1460, 0, 0},
		{30, CN_TRACE_IN, 9999, 13140, 13140, 65535, 0, 0, 0, 1461, 0},
		{40, CN_TRACE_CC, 9999, 13140, 6570, 65535, CN_RECOVERY_FAST, 0,
		 0, 0, 0},
		{90, CN_TRACE_CC, 0, 0, 6570, 65535, 0, 0, 0, 0, 0},
	};
	struct see_share share = shares(rows, 4, 100);

	(void)state;
	assert_int_equal(share.ns[SEE_LIMITED_BY_CWND], 40 * MS);
	assert_int_equal(share.ns[SEE_LIMITED_BY_LOSS], 50 * MS);
	assert_int_equal(share.ns[SEE_LIMITED_BY_PROGRAM], 10 * MS);
}

/* A round trip that has grown: the queue on the path is the limit, whichever
 * window holds back the next segment.  One long trip may be a delayed ACK. */
static void a_standing_queue_is_the_paths_rate(void **state)
{
	static const struct row rows[] = {
		{0, CN_TRACE_OUT, 9999, 14600, 14600, 65535, 0, 1, 1460, 0, 0},
		{20, CN_TRACE_IN, 9999, 14600, 14600, 65535, 0, 0, 0, 1461, 0},
		{20, CN_TRACE_OUT, 9999, 14600, 14600, 65535, 0, 1461, 1460, 0,
		 0},
		{60, CN_TRACE_IN, 9999, 14600, 14600, 65535, 0, 0, 0, 2921, 0},
		{60, CN_TRACE_OUT, 9999, 14600, 14600, 65535, 0, 2921, 1460, 0,
		 0},
		{90, CN_TRACE_IN, 9999, 14600, 14600, 65535, 0, 0, 0, 4381, 0},
	};
	struct see_share share = shares(rows, 6, 100);

	(void)state;
	assert_int_equal(share.ns[SEE_LIMITED_BY_CWND], 90 * MS);
	assert_int_equal(share.ns[SEE_LIMITED_BY_RATE], 10 * MS);
}

/* 100 kbit/s, 20 ms: ten segments are a second's, from the first on. */
static void a_slow_path_is_the_limit_from_the_beginning(void **state)
{
	static const struct row rows[] = {
		{0, CN_TRACE_OUT, 0, 0, 14600, 0, 0, 0, 0, 0, TCP_SYN},
		{20, CN_TRACE_IN, 9999, 0, 14600, 65535, 0, 0, 0, 1,
		 TCP_SYN | TCP_ACK},
		{20, CN_TRACE_OUT, 9999, 1460, 14600, 65535, 0, 1, 1460, 0, 0},
		{160, CN_TRACE_IN, 9999, 14600, 14600, 65535, 0, 0, 0, 1461,
		 TCP_ACK},
		{160, CN_TRACE_OUT, 9999, 14600, 14600, 65535, 0, 14601, 1460,
		 0, 0},
		{1360, CN_TRACE_IN, 9999, 14600, 14600, 65535, 0, 0, 0, 16061,
		 TCP_ACK},
		{1360, CN_TRACE_OUT, 9999, 14600, 14600, 65535, 0, 16061, 1460,
		 0, 0},
		{2560, CN_TRACE_IN, 9999, 14600, 14600, 65535, 0, 0, 0, 17521,
		 TCP_ACK},
	};
	struct see_share share = shares(rows, 8, 10000);

	(void)state;
	assert_int_equal(share.ns[SEE_LIMITED_BY_CWND], 1200 * MS);
	assert_in_range(share.ns[SEE_LIMITED_BY_RATE], 8000 * MS, 8780 * MS);
	/* What has no rate has no queue, however late the ACKs. */
	share = shares_on(rows, 8, 10000, false);
	assert_int_equal(share.ns[SEE_LIMITED_BY_RATE], 0);
}

/* A window of a receiver's on a long path: its own octets are no queue. */
static void a_burst_is_no_queue(void **state)
{
	static const struct row rows[] = {
		{0, CN_TRACE_OUT, 0, 0, 14600, 0, 0, 0, 0, 0, TCP_SYN},
		{100, CN_TRACE_IN, 9999, 0, 14600, 8192, 0, 0, 0, 1,
		 TCP_SYN | TCP_ACK},
		{100, CN_TRACE_OUT, 9999, 8192, 14600, 8192, 0, 1, 1460, 0, 0},
		{250, CN_TRACE_IN, 9999, 8192, 14600, 8192, 0, 0, 0, 1461,
		 TCP_ACK},
		{250, CN_TRACE_OUT, 9999, 8192, 14600, 8192, 0, 1461, 1460, 0,
		 0},
		{400, CN_TRACE_IN, 9999, 8192, 14600, 8192, 0, 0, 0, 2921,
		 TCP_ACK},
	};
	struct see_share share = shares(rows, 6, 1000);

	(void)state;
	assert_int_equal(share.ns[SEE_LIMITED_BY_RATE], 0);
}

/* Data that the receiver has, but behind a hole, is acknowledged late: that is
 * no queue. */
static void a_hole_is_no_queue(void **state)
{
	static const struct row rows[] = {
		{0, CN_TRACE_OUT, 9999, 14600, 14600, 65535, 0, 1, 1460, 0, 0},
		{20, CN_TRACE_IN, 9999, 14600, 14600, 65535, 0, 0, 0, 1461, 0},
		{20, CN_TRACE_CC, 9999, 14600, 14600, 65535, CN_RECOVERY_FAST,
		 0, 0, 0, 0},
		{20, CN_TRACE_OUT, 9999, 14600, 14600, 65535, CN_RECOVERY_FAST,
		 1461, 1460, 0, 0},
		{90, CN_TRACE_IN, 9999, 14600, 14600, 65535, 0, 0, 0, 2921, 0},
	};
	struct see_share share = shares(rows, 5, 100);

	(void)state;
	assert_int_equal(share.ns[SEE_LIMITED_BY_RATE], 0);
	assert_int_equal(share.ns[SEE_LIMITED_BY_LOSS], 70 * MS);
	assert_int_equal(share.ns[SEE_LIMITED_BY_CWND], 30 * MS);
}

static void each_limit_has_its_name_and_words(void **state)
{
	(void)state;
	for (int i = 0; i < SEE_LIMIT_N; i++) {
		assert_non_null(see_limit_name((enum see_limit)i));
		assert_non_null(
			see_text(SEE_ZH, see_limit_key((enum see_limit)i)));
	}
	assert_string_equal(see_text(SEE_EN,
				     see_limit_key(SEE_LIMITED_BY_RWND)),
			    "the receiver's window");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_limit_at_a_time),
		cmocka_unit_test(time_goes_to_what_was_waited_for),
		cmocka_unit_test(a_standing_queue_is_the_paths_rate),
		cmocka_unit_test(a_slow_path_is_the_limit_from_the_beginning),
		cmocka_unit_test(a_burst_is_no_queue),
		cmocka_unit_test(a_hole_is_no_queue),
		cmocka_unit_test(each_limit_has_its_name_and_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
