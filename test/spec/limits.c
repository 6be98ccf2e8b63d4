/* SPDX-License-Identifier: MIT */
/* What limited a sender, by time (tcp/limits.c), and the rest of STATUS that
 * counts what happened. */
#include "spec.h"

static struct cn_tcp_info info(void)
{
	struct cn_tcp_info info;

	tcp_info(&t.tcb, &info);
	return info;
}

static void established_idle_is_no_limit(void)
{
	at(CN_ESTABLISHED);
	after(SEC);
	is(info().busy_time, 0);
	is(info().limit, 0);
}

static void established_in_flight_is_busy(void)
{
	at(CN_ESTABLISHED);
	sends(100);
	out("PA", 1, 1, 100);
	silent();
	after(RTT);
	is(info().limit, 1);
	in("A", 1, 101, 0);
	is(info().limit, 0);
	is(info().busy_time, RTT);
	is(info().rwnd_limited, 0);
	after(SEC);
	is(info().busy_time, RTT);
	is(info().data_segs_out, 1);
	is(info().data_segs_in, 0);
}

static void established_closed_window_limits(void)
{
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, NO_WND);
	sends(100);
	silent();
	is(info().limit, 2);
	after(RTT);
	in("A", 1, 1, 0, 5000);
	out("PA", 1, 1, 100);
	silent();
	after(RTT);
	in("A", 1, 101, 0);
	is(info().busy_time, 2 * RTT);
	is(info().rwnd_limited, RTT);
	is(info().sndbuf_limited, 0);
}

static void established_small_send_buffer_limits(void)
{
	t.set.sndbuf = 500;
	at(CN_ESTABLISHED);
	sends(500);
	out("PA", 1, 1, 500);
	silent();
	is(info().limit, 3);
	after(RTT);
	in("A", 1, 501, 0);
	is(info().sndbuf_limited, RTT);
	is(info().busy_time, RTT);
}

static void established_arrivals_are_counted(void)
{
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 10);
	in("PA", 31, 1, 10);
	in("PA", 21, 1, 10);
	in("A", 11, 1, 0);
	is(info().data_segs_in, 3);
	is(info().ooo_segs_in, 2);
	is(info().ca_state, CN_CA_OPEN);
}

static void established_timeout_is_counted(void)
{
	at(CN_ESTABLISHED);
	sends(100);
	out("PA", 1, 1, 100);
	silent();
	after(RTO);
	out("PA", 1, 1, 100);
	is(info().ca_state, CN_CA_LOSS);
	is(info().timeouts, 1);
	is(info().data_segs_out, 2);
	after(RTT);
	in("A", 1, 101, 0);
	is(info().timeouts_over, 1);
	is(info().timeout_time, RTO + RTT);
	is(info().ca_state, CN_CA_OPEN);
}

/* For longer than microseconds modulo 2^32 can tell. */
static void established_closed_window_limits_for_hours(void)
{
	uint64_t from;
	struct tcp_seg seg;

	at(CN_ESTABLISHED);
	in("A", 1, 1, 0, NO_WND);
	sends(100);
	silent();
	from = t.now;
	while (t.now - from < 3 * 3600 * SEC) {
		t.now = tcp_deadline(&t.tcb);
		tcp_advance(&t.tcb, t.now);
		is(spec_emit(&seg), true);
		in("A", 1, 1, 0, NO_WND);
	}
	in("A", 1, 1, 0, 5000);
	is(info().rwnd_limited, t.now - from);
	is(info().busy_time, t.now - from);
	out("PA", 1, 1, 100);
	in("A", 1, 101, 0);
}

/* 2^32 octets sent again, and more. */
static void established_retransmitted_octets_do_not_wrap(void)
{
	at(CN_ESTABLISHED);
	sends(1000);
	out("PA", 1, 1, 1000);
	t.tcb.stat.octets_retransmitted = UINT32_MAX - 99;
	after(RTO);
	out("PA", 1, 1, 1000);
	is(info().octets_retransmitted, UINT64_C(0x100000000) + 900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_idle_is_no_limit),
		cmocka_unit_test_rule(established_in_flight_is_busy),
		cmocka_unit_test_rule(established_closed_window_limits),
		cmocka_unit_test_rule(established_small_send_buffer_limits),
		cmocka_unit_test_rule(established_arrivals_are_counted),
		cmocka_unit_test_rule(established_timeout_is_counted),
		cmocka_unit_test_rule(
			established_closed_window_limits_for_hours),
		cmocka_unit_test_rule(
			established_retransmitted_octets_do_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
