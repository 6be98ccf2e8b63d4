/* SPDX-License-Identifier: MIT */
/*
 * draft-ietf-ccwg-bbr against its own figures: a path of a given rate and
 * round trip, one ACK for each round trip.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp/bbr.h"

#define SMSS 1000u
#define IW (10 * SMSS)
#define MS CN_NS_PER_MS

struct path {
	struct bbr bbr;
	struct cc cc;
	uint64_t now;
	uint64_t rate; /* octets/s */
	uint32_t rtt_us;
	uint32_t delivered, lost;
	uint32_t pipe; /* what the next ACK finds in flight */
	bool app_limited, cwnd_limited, recovering;
};

static struct cc_event event_of(const struct path *p)
{
	return (struct cc_event){
		.now = p->now,
		.smss = SMSS,
		.srtt_us = p->rtt_us,
		.pipe = p->pipe,
		.delivered = p->delivered,
		.initial_window = IW,
		.random = 1u << 31,
		.recovering = p->recovering,
		.cwnd_limited = p->cwnd_limited,
		.sack = true,
	};
}

static void begin(struct path *p, uint64_t rate, uint32_t rtt_us)
{
	struct cc_event event;

	*p = (struct path){
		.cc = {.cwnd = IW, .ssthresh = UINT32_MAX},
		.now = 1000 * CN_NS_PER_SEC,
		.rate = rate,
		.rtt_us = rtt_us,
	};
	cc_set_block(&p->cc, &p->bbr);
	event = event_of(p);
	cc_bbr_ops.start(&p->cc, &event);
}

/* One round trip of the path's rate, of which so much was lost. */
static void round_trip_at(struct path *p, uint64_t rate, uint32_t lost)
{
	uint32_t octets = (uint32_t)(rate * p->rtt_us / 1000000);
	struct rate_sample rs = {
		.rate = rate,
		.rtt_us = p->rtt_us,
		.delivered = octets,
		.newly_acked = octets,
		.prior_delivered = p->delivered,
		.in_flight = octets + lost,
		.lost = lost,
		.has_data = true,
		.is_app_limited = p->app_limited,
	};
	struct cc_event event;

	p->now += p->rtt_us * CN_NS_PER_US;
	p->delivered += octets;
	event = event_of(p);
	cc_bbr_ops.model(&p->cc, &event, &rs);
}

static void round_trip(struct path *p)
{
	round_trip_at(p, p->rate, 0);
}

static uint32_t bdp_of(const struct path *p)
{
	return (uint32_t)(p->rate * p->rtt_us / 1000000);
}

static void loses(struct path *p, uint32_t size, uint32_t lost,
		  uint32_t in_flight)
{
	struct cc_event event = event_of(p);
	struct cc_lost what = {
		.event = &event,
		.size = size,
		.delivered = p->delivered,
		.lost = lost,
		.in_flight = in_flight,
	};

	cc_bbr_ops.lost(&p->cc, &what);
}

static void reach(struct path *p, enum cn_bbr state)
{
	for (int i = 0; i < 400 && p->bbr.state != state; i++)
		round_trip(p);
	assert_int_equal(p->bbr.state, state);
}

/* 12.5 MB/s and 40 ms: 500 segments. */
static void begin_and_reach(struct path *p, enum cn_bbr state)
{
	begin(p, 12500000, 40000);
	reach(p, state);
}

/* "Pacing Rate": 2.77 initial windows a round trip. */
static void it_begins_with_2_77_windows_a_round_trip(void **state)
{
	struct path p;

	(void)state;
	begin(&p, 12500000, 40000);
	assert_int_equal(p.bbr.state, CN_BBR_STARTUP);
	assert_int_equal(p.bbr.pacing_rate, IW * UINT64_C(277) / 100 * 25);
	begin(&p, 12500000, 0);
	assert_int_equal(p.bbr.pacing_rate, IW * UINT64_C(277) / 100 * 1000);
}

/* "Exiting Acceleration Based on Bandwidth Plateau": three round trips without
 * a quarter more, and Drain. */
static void three_rounds_without_growth_end_startup(void **state)
{
	struct path p;
	uint64_t rate = 1000000;

	(void)state;
	begin(&p, 12500000, 40000);
	p.pipe = 10000000;
	for (int i = 0; i < 8; i++, rate += rate / 3) {
		round_trip_at(&p, rate, 0);
		assert_int_equal(p.bbr.state, CN_BBR_STARTUP);
	}
	for (int i = 0; i < 2; i++) {
		round_trip_at(&p, rate * 3 / 4, 0);
		assert_int_equal(p.bbr.state, CN_BBR_STARTUP);
	}
	round_trip_at(&p, rate * 3 / 4, 0);
	assert_int_equal(p.bbr.state, CN_BBR_DRAIN);
	assert_true(p.bbr.full_bw_reached);
}

static void an_idle_application_proves_no_plateau(void **state)
{
	struct path p;

	(void)state;
	begin(&p, 12500000, 40000);
	p.app_limited = true;
	for (int i = 0; i < 50; i++)
		round_trip(&p);
	assert_int_equal(p.bbr.state, CN_BBR_STARTUP);
}

/* "Exiting Startup Based on Packet Loss": a round of recovery, six losses,
 * more than LossThresh. */
static void losses_end_startup(void **state)
{
	static const struct {
		int losses;
		uint32_t lost;
		bool ends;
	} table[] = {{6, 60000, true}, {5, 60000, false}, {6, 4000, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct path p;

		begin(&p, 12500000, 40000);
		p.pipe = 10000000;
		round_trip_at(&p, 4000000, 0);
		p.recovering = true;
		round_trip_at(&p, 6000000, 0);
		for (int n = 0; n < table[i].losses; n++)
			loses(&p, SMSS, table[i].lost, 500000);
		round_trip_at(&p, 9000000, table[i].lost);
		round_trip_at(&p, 12500000, table[i].lost);
		assert_int_equal(p.bbr.full_bw_reached, table[i].ends);
	}
}

/* "Drain": until the queue is gone, or for three round trips. */
static void drain_ends_when_the_queue_is_gone(void **state)
{
	struct path p;

	(void)state;
	begin(&p, 12500000, 40000);
	p.pipe = 2 * bdp_of(&p);
	reach(&p, CN_BBR_DRAIN);
	p.pipe = bdp_of(&p) + SMSS;
	round_trip(&p);
	assert_int_equal(p.bbr.state, CN_BBR_DRAIN);
	p.pipe = bdp_of(&p);
	round_trip(&p);
	assert_true(bbr_is_probing_bw_state(&p.bbr));
}

static void drain_lasts_no_longer_than_three_rounds(void **state)
{
	struct path p;
	int n = 0;

	(void)state;
	begin(&p, 12500000, 40000);
	p.pipe = 2 * bdp_of(&p);
	reach(&p, CN_BBR_DRAIN);
	for (; p.bbr.state == CN_BBR_DRAIN && n < 10; n++)
		round_trip(&p);
	assert_int_equal(n, 4);
}

/* "Summary of Control Behavior in the State Machine". */
static void each_state_has_its_pace(void **state)
{
	static const struct {
		enum cn_bbr state;
		uint32_t pacing;
	} table[] = {
		{CN_BBR_DOWN, 90},
		{CN_BBR_CRUISE, 100},
		{CN_BBR_REFILL, 100},
		{CN_BBR_UP, 125},
	};
	struct path p;

	(void)state;
	begin(&p, 12500000, 40000);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		p.pipe = table[i].state == CN_BBR_DOWN ? bdp_of(&p) + SMSS : 0;
		reach(&p, table[i].state);
		assert_int_equal(p.bbr.pacing_rate,
				 p.rate / 100 * table[i].pacing / 100 * 99);
	}
}

/* "Congestion Window": two BDP, and what ACKs bring in heaps. */
static void the_window_is_twice_the_path(void **state)
{
	struct path p;

	(void)state;
	begin_and_reach(&p, CN_BBR_CRUISE);
	for (int i = 0; i < 20; i++)
		round_trip(&p);
	assert_in_range(p.cc.cwnd, 2 * bdp_of(&p), 3 * bdp_of(&p));
}

/* "Time Scale for Bandwidth Probing": 2 to 3 s, the middle of it here. */
static void it_probes_after_two_to_three_seconds(void **state)
{
	struct path p;
	uint64_t began;

	(void)state;
	begin_and_reach(&p, CN_BBR_CRUISE);
	began = p.bbr.cycle_stamp;
	reach(&p, CN_BBR_REFILL);
	assert_in_range(p.now - began, 2000 * MS, 2600 * MS);
}

/* "Bandwidth Probing and Coexistence with Reno/CUBIC": a small window is as
 * many round trips as it has segments. */
static void a_small_window_probes_as_reno_would(void **state)
{
	struct path p;
	uint64_t began;

	(void)state;
	begin(&p, 500000, 40000); /* 20 segments */
	reach(&p, CN_BBR_CRUISE);
	began = p.bbr.cycle_stamp;
	reach(&p, CN_BBR_REFILL);
	assert_in_range(p.now - began, 19 * 40 * MS, 22 * 40 * MS);
}

/* A faster path is found by the next probe, and believed at once. */
static void more_bandwidth_is_found(void **state)
{
	struct path p;

	(void)state;
	begin_and_reach(&p, CN_BBR_UP);
	round_trip_at(&p, 15000000, 0);
	assert_int_equal(bbr_max_bw(&p.bbr), 15000000);
	assert_int_equal(p.bbr.pacing_rate,
			 UINT64_C(15000000) / 100 * 125 / 100 * 99);
}

/* Of two cycles' best rates the older is forgotten. */
static void less_bandwidth_is_learned_in_two_cycles(void **state)
{
	struct path p;

	(void)state;
	begin_and_reach(&p, CN_BBR_CRUISE);
	p.rate = 6250000;
	for (int i = 0; i < 2; i++) {
		reach(&p, CN_BBR_UP);
		reach(&p, CN_BBR_DOWN);
		reach(&p, CN_BBR_CRUISE);
	}
	assert_int_equal(bbr_max_bw(&p.bbr), 6250000);
}

/* "Probing for Bandwidth In ProbeBW": losses say where the limit is. */
static void a_lossy_probe_sets_the_limit(void **state)
{
	struct path p;
	uint32_t bdp;

	(void)state;
	begin_and_reach(&p, CN_BBR_UP);
	bdp = bdp_of(&p);
	loses(&p, SMSS, SMSS, bdp); /* one is nothing */
	assert_int_equal(p.bbr.state, CN_BBR_UP);
	loses(&p, SMSS, bdp / 10, bdp * 5 / 4);
	assert_int_equal(p.bbr.state, CN_BBR_DOWN);
	assert_true(p.bbr.prev_probe_too_high);
	assert_in_range(p.bbr.inflight_longterm, bdp * 5 / 4 - 2 * SMSS,
			bdp * 5 / 4);
	/* Once in a probe. */
	loses(&p, SMSS, bdp / 4, bdp / 2);
	assert_in_range(p.bbr.inflight_longterm, bdp * 5 / 4 - 2 * SMSS,
			bdp * 5 / 4);
	/* Headroom: 15 % are left to others. */
	p.pipe = bdp / 2;
	reach(&p, CN_BBR_CRUISE);
	round_trip(&p);
	assert_in_range(p.cc.cwnd, bdp * 5 / 4 * 85 / 100 - 2 * SMSS,
			bdp * 5 / 4 * 85 / 100);
}

/* LossThresh, two in a hundred, and a standard deviation of it. */
static void losses_by_chance_are_no_limit(void **state)
{
	static const struct {
		uint32_t in_flight, most; /* segments */
	} table[] = {{10, 0}, {21, 1}, {170, 5}, {1000, 24}, {10000, 214}};
	struct cc_event event = {.smss = SMSS, .sack = true};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		uint32_t in_flight = table[i].in_flight * SMSS;

		assert_false(bbr_is_inflight_too_high(
			&event, table[i].most * SMSS, in_flight));
		assert_true(bbr_is_inflight_too_high(
			&event, (table[i].most + 1) * SMSS, in_flight));
	}
	event.sack = false;
	assert_true(bbr_is_inflight_too_high(&event, 1, 1000000));
}

/* "When not Probing for Bandwidth": Beta, once a round trip. */
static void losses_in_cruise_lower_the_rate_once_a_round(void **state)
{
	struct path p;
	uint64_t bw;

	(void)state;
	begin_and_reach(&p, CN_BBR_CRUISE);
	round_trip(&p);
	bw = p.bbr.bw;
	for (int i = 0; i < 100; i++)
		loses(&p, SMSS, 0, 0);
	round_trip_at(&p, bw / 2, 0);
	round_trip_at(&p, bw / 2, 0);
	assert_in_range(p.bbr.bw, bw / 100 * 70, bw);
	/* The next probe starts from what was known. */
	reach(&p, CN_BBR_REFILL);
	round_trip(&p);
	assert_true(p.bbr.bw >= bw);
}

/* "ProbeRTT": after five seconds without a shorter round trip, for 200 ms, with
 * half a window. */
static void the_round_trip_is_measured_again(void **state)
{
	struct path p;
	uint64_t began;
	uint32_t cwnd, half;

	(void)state;
	begin_and_reach(&p, CN_BBR_CRUISE);
	began = p.now;
	cwnd = p.cc.cwnd;
	half = bdp_of(&p) / 2;
	p.rtt_us = 40400;
	p.pipe = half - SMSS;
	reach(&p, CN_BBR_PROBE_RTT);
	assert_in_range(p.now - began, 3000 * MS, 5100 * MS);
	assert_in_range(p.cc.cwnd, half - 2 * SMSS, half + 2 * SMSS);
	began = p.now;
	reach(&p, CN_BBR_CRUISE);
	assert_in_range(p.now - began, 200 * MS, 400 * MS);
	assert_true(p.cc.cwnd >= cwnd / 2);
}

/* One as short as the least, but for a 128th of it, is measurement enough. */
static void a_confirmed_round_trip_is_not_measured_again(void **state)
{
	struct path p;
	uint64_t began;

	(void)state;
	begin_and_reach(&p, CN_BBR_CRUISE);
	began = p.now;
	p.rtt_us = 40300;
	p.pipe = bdp_of(&p) / 2 - SMSS;
	while (p.now - began < 12000 * MS) {
		round_trip(&p);
		assert_int_not_equal(p.bbr.state, CN_BBR_PROBE_RTT);
	}
	assert_int_equal(p.bbr.min_rtt_us, 40000);
	/* Once it is longer, the old one has its time and no more. */
	p.rtt_us = 50000;
	reach(&p, CN_BBR_PROBE_RTT);
	reach(&p, CN_BBR_CRUISE);
	for (began = p.now; p.now - began < 6000 * MS;)
		round_trip(&p);
	assert_int_equal(p.bbr.min_rtt_us, 50000);
}

/* "Modulating cwnd in Loss Recovery". */
static void a_timeout_is_one_segment_and_is_made_good(void **state)
{
	struct path p;
	struct cc_event event;
	uint32_t cwnd;

	(void)state;
	begin_and_reach(&p, CN_BBR_CRUISE);
	cwnd = p.cc.cwnd;
	event = event_of(&p);
	cc_bbr_ops.timeout(&p.cc, &event);
	assert_int_equal(p.cc.cwnd, SMSS);
	p.recovering = true;
	round_trip_at(&p, 100000, 0);
	p.recovering = false;
	round_trip(&p);
	assert_in_range(p.cc.cwnd, cwnd - 2 * SMSS, cwnd + bdp_of(&p));
}

/* "Handling a Spurious Loss Recovery". */
static void a_spurious_loss_is_forgotten(void **state)
{
	struct path p;
	struct cc_event event;
	uint32_t bdp;

	(void)state;
	begin_and_reach(&p, CN_BBR_UP);
	bdp = bdp_of(&p);
	loses(&p, SMSS, bdp / 10, bdp);
	assert_int_equal(p.bbr.state, CN_BBR_DOWN);
	event = event_of(&p);
	cc_bbr_ops.undo(&p.cc, &event);
	assert_int_equal(p.bbr.state, CN_BBR_REFILL);
	assert_int_equal(p.bbr.inflight_longterm, BBR_INFINITE);
}

/* Numbers from nowhere: nothing overflows, the window stays usable. */
static void extremes_stay_in_range(void **state)
{
	static const uint64_t rates[] = {1, 1000, 125000000000};
	static const uint32_t rtts[] = {1, 100000, 600000000};

	(void)state;
	for (size_t i = 0; i < 9; i++) {
		struct path p;

		begin(&p, rates[i / 3], rtts[i % 3]);
		for (int n = 0; n < 60; n++) {
			if (n % 7 == 0)
				loses(&p, SMSS, UINT32_MAX, n % 2 ? 0 : 1);
			round_trip(&p);
			assert_in_range(p.cc.cwnd, 4 * SMSS,
					CC_CWND_MAX + 3 * SMSS);
			assert_true(p.bbr.pacing_rate > 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_with_2_77_windows_a_round_trip),
		cmocka_unit_test(three_rounds_without_growth_end_startup),
		cmocka_unit_test(an_idle_application_proves_no_plateau),
		cmocka_unit_test(losses_end_startup),
		cmocka_unit_test(drain_ends_when_the_queue_is_gone),
		cmocka_unit_test(drain_lasts_no_longer_than_three_rounds),
		cmocka_unit_test(each_state_has_its_pace),
		cmocka_unit_test(the_window_is_twice_the_path),
		cmocka_unit_test(it_probes_after_two_to_three_seconds),
		cmocka_unit_test(a_small_window_probes_as_reno_would),
		cmocka_unit_test(more_bandwidth_is_found),
		cmocka_unit_test(less_bandwidth_is_learned_in_two_cycles),
		cmocka_unit_test(a_lossy_probe_sets_the_limit),
		cmocka_unit_test(losses_by_chance_are_no_limit),
		cmocka_unit_test(losses_in_cruise_lower_the_rate_once_a_round),
		cmocka_unit_test(the_round_trip_is_measured_again),
		cmocka_unit_test(a_confirmed_round_trip_is_not_measured_again),
		cmocka_unit_test(a_timeout_is_one_segment_and_is_made_good),
		cmocka_unit_test(a_spurious_loss_is_forgotten),
		cmocka_unit_test(extremes_stay_in_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
