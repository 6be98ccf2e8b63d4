/* SPDX-License-Identifier: MIT */
/*
 * draft-ietf-ccwg-bbr, rule by rule, by what a connection sends into a
 * bottleneck.  The model's arithmetic is unit/cc_bbr's.
 */
#include "bottleneck.h"

#include "tcp/bbr.h"
#include "tcp/recovery.h"

#define RATE 1250000 /* octets a second: 10 Mbit/s */
#define PATH_RTT (40 * MS)
#define BDP 50000u

/* The states that it was in, since when, and what it did there. */
#define VISITS 200
static struct visit {
	enum cn_bbr state;
	uint64_t at;
	uint32_t left; /* segments had left by then */
	uint32_t flight; /* octets */
	uint32_t least; /* octets in flight, while it lasted */
} visit[VISITS];
static uint32_t visit_n;

static const struct bbr *bbr(void)
{
	return cc_block(&t.tcb.cc);
}

static void note_visit(void)
{
	enum cn_bbr state = (enum cn_bbr)bbr()->state;
	uint32_t flight = tcp_flight(&t.tcb);

	if (!visit_n || visit[visit_n - 1].state != state) {
		is(visit_n < VISITS, true);
		visit[visit_n++] =
			(struct visit){state, t.now, path.left, flight, flight};
	}
	if (flight < visit[visit_n - 1].least)
		visit[visit_n - 1].least = flight;
}

static void at_established_with_bbr(void)
{
	t.set.cc = CN_CC_BBR;
	t.set.sack = true;
	t.peer.sack_ok = true;
	t.set.recovery = CN_RECOVERY_RACK;
	t.set.window_scaling = true;
	t.peer.ws = WS(7);
	path_begin(RATE, PATH_RTT);
	path.watch = note_visit;
	visit_n = 0;
	at(CN_ESTABLISHED);
	in("A", 1, 1, 0);
}

/* It runs until it is in that state for the n-th time; which visit it is. */
static uint32_t reaches(enum cn_bbr state, uint32_t n)
{
	uint32_t from = 0, found = 0;

	for (int i = 0; i < 200000; i++) {
		for (; from < visit_n; from++)
			if (visit[from].state == state && ++found == n)
				return from;
		if (!path_step(NEVER - 1))
			path_emits();
	}
	spec_fail(__FILE__, __LINE__, "state %d is not reached", state);
}

/* Octets a second that left between two visits' beginnings. */
static uint64_t pace_of(uint32_t i)
{
	uint64_t us = (visit[i + 1].at - visit[i].at) / CN_NS_PER_US;

	return (uint64_t)(visit[i + 1].left - visit[i].left) * 1000 * 1000000 /
	       (us ? us : 1);
}

static uint64_t ms_of_visit(uint32_t i)
{
	return (visit[i + 1].at - visit[i].at) / MS;
}

/* "Exiting Acceleration Based on Bandwidth Plateau": not before the bottleneck
 * is full, nor before three rounds have shown that; the window is two BDP. */
static void startup_ends_where_the_rate_does_not_grow(void)
{
	uint64_t full_at = 0;

	at_established_with_bbr();
	path_emits();
	while (bbr()->state == CN_BBR_STARTUP) {
		if (bbr()->bw < RATE * 9 / 10)
			full_at = t.now;
		path_step(NEVER - 1);
	}
	is(visit[1].state, CN_BBR_DRAIN);
	is(t.now - full_at >= 3 * PATH_RTT, true);
	/* ... each of them a BDP longer than the path at the very most. */
	is(t.now - full_at <= 4 * 2 * PATH_RTT, true);
	is(visit[1].flight >= 2 * BDP, true);
	is(visit[1].flight <= 2 * BDP + 4000, true);
	is(bbr_max_bw(bbr()) > RATE * 98 / 100, true);
	is(bbr_max_bw(bbr()) <= RATE, true);
}

/* Half as much more in each round is no plateau. */
static void startup_goes_on_while_the_rate_grows(void)
{
	uint32_t round;

	at_established_with_bbr();
	path.rate = 100000;
	path_emits();
	for (int i = 0; i < 12; i++) {
		round = bbr()->round_count;
		while (bbr()->round_count == round)
			path_step(NEVER - 1);
		path.rate += path.rate / 2;
	}
	is(bbr()->state, CN_BBR_STARTUP);
	is(bbr_max_bw(bbr()) > 1000000, true);
}

/* ... and six in a hundred are: three such rounds are not a quarter more. */
static void startup_ends_where_the_rate_hardly_grows(void)
{
	uint32_t round;

	at_established_with_bbr();
	path_emits();
	while (bbr()->bw < RATE * 95 / 100)
		path_step(NEVER - 1);
	is(bbr()->state, CN_BBR_STARTUP);
	for (int i = 0; i < 5; i++) {
		round = bbr()->round_count;
		path.rate += path.rate * 6 / 100;
		while (bbr()->round_count == round)
			path_step(NEVER - 1);
	}
	is(bbr()->full_bw_reached, true);
}

/* An application that says little proves no plateau, idle as the connection may
 * be in between. */
static void startup_of_a_quiet_application_goes_on(void)
{
	at_established_with_bbr();
	path.quiet = true;
	for (int i = 0; i < 30; i++) {
		sends(2000);
		path_runs(50 * MS);
	}
	is(bbr()->state, CN_BBR_STARTUP);
	is(bbr()->full_bw_reached, false);
}

/* "Exiting Startup Based on Packet Loss": where hardly anything can wait, six
 * losses of a round and more than LossThresh end it sooner, and tell how much
 * the path holds. */
static void startup_ends_where_too_much_is_lost(void)
{
	at_established_with_bbr();
	path.queue = 5000;
	reaches(CN_BBR_DRAIN, 1);
	is(path.lost >= 6, true);
	is(bbr()->full_bw_count < 3, true);
	is(bbr()->inflight_longterm >= BDP * 9 / 10, true);
	is(bbr()->inflight_longterm <= BDP + 5000 + 2000, true);
}

/* "Drain": at half the rate, until no more is in flight than the path holds,
 * which is the queue of Startup. */
static void drain_empties_the_queue_at_half_the_rate(void)
{
	uint32_t i;

	at_established_with_bbr();
	reaches(CN_BBR_CRUISE, 1);
	i = visit_n - 2;
	is(visit[i].state, CN_BBR_DRAIN);
	is(visit[i + 1].flight <= BDP + 2000, true);
	is(pace_of(i) >= RATE * 45 / 100, true);
	is(pace_of(i) <= RATE * 55 / 100, true);
	is(path.lost, 0);
}

/* "ProbeBW": Cruise, Refill, Up and Down follow each other, each at its pace;
 * the probe comes after two to three seconds. */
static void probe_bw_goes_round(void)
{
	uint64_t waits;
	uint32_t i;

	at_established_with_bbr();
	reaches(CN_BBR_DOWN, 1);
	i = reaches(CN_BBR_CRUISE, 2) - 4;
	is(visit[i].state, CN_BBR_CRUISE);
	is(visit[i + 1].state, CN_BBR_REFILL);
	is(visit[i + 2].state, CN_BBR_UP);
	is(visit[i + 3].state, CN_BBR_DOWN);
	/* Of the rate known one in a hundred is margin ("Pacing Rate"). */
	waits = ms_of_visit(i);
	is(waits >= 2000 && waits <= 3000, true);
	is(pace_of(i) >= RATE * 98 / 100 && pace_of(i) <= RATE, true);
	/* Refill lasts a round, at the same rate. */
	is(ms_of_visit(i + 1) >= 40 && ms_of_visit(i + 1) <= 45, true);
	/* Up: a quarter more, for as long as that may tell something. */
	is(pace_of(i + 2) >= RATE * 118 / 100, true);
	is(pace_of(i + 2) <= RATE * 126 / 100, true);
	is(visit[i + 3].flight > BDP * 3 / 2, true);
	/* Down: a tenth less, until that queue has gone again. */
	is(pace_of(i + 3) <= RATE * 91 / 100, true);
	is(pace_of(i + 3) >= RATE * 87 / 100, true);
	is(visit[i + 4].flight <= BDP + 2000, true);
}

/* A bottleneck that has become twice as fast is found by probes alone, and in
 * the second of them at the latest. */
static void probe_bw_finds_more(void)
{
	at_established_with_bbr();
	reaches(CN_BBR_CRUISE, 1);
	path.rate = 2 * RATE;
	path_runs(SEC);
	is(bbr_max_bw(bbr()) <= RATE * 102 / 100, true);
	reaches(CN_BBR_DOWN, 2);
	path_runs(SEC);
	is(bbr_max_bw(bbr()) >= RATE * 15 / 10, true);
}

/* "ProbeRTT": five seconds after the least round trip was last seen, at half a
 * BDP for 200 ms and a round; then the window is what it was. */
static void probe_rtt_comes_every_five_seconds(void)
{
	uint32_t first, second;
	uint64_t apart;

	at_established_with_bbr();
	path_runs(2 * PATH_RTT);
	path.rtt = 41 * MS;
	first = reaches(CN_BBR_PROBE_RTT, 1);
	is(visit[first].at - visit[0].at >= 5 * SEC, true);
	is(visit[first].at - visit[0].at <= 5 * SEC + 6 * PATH_RTT, true);
	while (bbr()->state == CN_BBR_PROBE_RTT)
		path_step(NEVER - 1);
	is(t.tcb.cc.cwnd >= 2 * BDP, true);
	is(bbr()->min_rtt_us >= 40000 && bbr()->min_rtt_us <= 42000, true);
	path.rtt = 43 * MS;
	second = reaches(CN_BBR_PROBE_RTT, 2);
	apart = visit[second].at - visit[first + 1].at;
	is(apart >= 5 * SEC && apart <= 5 * SEC + 4 * PATH_RTT, true);
	is(ms_of_visit(first) >= 200 + 20, true);
	is(ms_of_visit(first) <= 200 + 3 * 40, true);
	is(visit[first].least <= BDP / 2, true);
	is(visit[first].least > BDP / 2 - 2000, true);
	is(visit[first + 1].state, CN_BBR_CRUISE);
}

/* Each Down drains the queue: the least round trip is seen again, or nearly. */
static void probe_rtt_is_not_for_who_sees_it_anyway(void)
{
	at_established_with_bbr();
	path_runs(12 * SEC);
	for (uint32_t i = 0; i < visit_n; i++)
		is(visit[i].state != CN_BBR_PROBE_RTT, true);
	is(bbr()->min_rtt_us >= 40000 && bbr()->min_rtt_us <= 41000, true);
}

/* ... and a round more, where that is longer. */
static void probe_rtt_lasts_a_round(void)
{
	uint32_t i;

	at_established_with_bbr();
	path.rate = RATE / 4;
	path.rtt = 400 * MS;
	i = reaches(CN_BBR_PROBE_RTT, 1);
	while (bbr()->state == CN_BBR_PROBE_RTT)
		path_step(NEVER - 1);
	/* Half of what is in flight must go first. */
	is(ms_of_visit(i) >= 200 + 400, true);
	is(ms_of_visit(i) <= 400 + 800, true);
}

/* A path that is small gets four segments in it. */
static void probe_rtt_leaves_four_segments(void)
{
	at_established_with_bbr();
	path.rate = 100000;
	reaches(CN_BBR_PROBE_RTT, 1);
	path_runs(150 * MS);
	is(bbr()->state, CN_BBR_PROBE_RTT);
	is(tcp_flight(&t.tcb) <= 4000, true);
	is(t.tcb.cc.cwnd, 4000);
}

/* "Probing for Bandwidth In ProbeBW": losses of a probe are the limit of the
 * path, and the probe is over; Cruise stays 15 % below. */
static void probe_bw_losses_set_the_limit(void)
{
	uint32_t limit;

	at_established_with_bbr();
	reaches(CN_BBR_REFILL, 1);
	path.queue = 4000;
	is(bbr()->inflight_longterm, BBR_INFINITE);
	reaches(CN_BBR_DOWN, 1);
	limit = bbr()->inflight_longterm;
	is(path.lost > 0, true);
	is(bbr()->prev_probe_too_high, true);
	is(limit >= BDP && limit <= BDP + 4000 + 15000, true);
	reaches(CN_BBR_CRUISE, 2);
	path_runs(SEC);
	is(bbr()->state, CN_BBR_CRUISE);
	is(t.tcb.cc.cwnd <= (uint64_t)limit * 85 / 100 + 1, true);
	is(t.tcb.cc.cwnd >= limit / 2, true);
}

/* "Restarting From Idle": at the rate that is known, no burst; and a pause is
 * no reason to measure the round trip. */
static void idle_restart_is_paced(void)
{
	uint32_t left;

	at_established_with_bbr();
	reaches(CN_BBR_CRUISE, 1);
	path.quiet = true;
	path_runs(8 * SEC);
	is(tcp_flight(&t.tcb), 0);
	path.quiet = false;
	left = path.left;
	path_runs(20 * MS);
	/* 25 segments at the rate, and a quantum before the first. */
	is(path.left - left >= 22 && path.left - left <= 28, true);
	path_runs(SEC);
	is(visit[visit_n - 1].state != CN_BBR_PROBE_RTT, true);
	is(visit[visit_n - 2].state != CN_BBR_PROBE_RTT, true);
	is(path.left - left <= 1020 * RATE / 1000000 + 4, true);
}

/* ... at that rate, also where it was about to probe for more. */
static void idle_restart_in_a_probe_is_no_probe(void)
{
	at_established_with_bbr();
	reaches(CN_BBR_REFILL, 1);
	/* What is queued lasts until the probe has begun. */
	path.quiet = true;
	path_runs(8 * SEC);
	is(bbr()->state, CN_BBR_UP);
	is(bbr()->pacing_rate > RATE * 12 / 10, true);
	path.quiet = false;
	path_emits();
	is(bbr()->pacing_rate <= RATE, true);
	is(bbr()->pacing_rate >= RATE * 98 / 100, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(
			startup_ends_where_the_rate_does_not_grow),
		cmocka_unit_test_rule(startup_goes_on_while_the_rate_grows),
		cmocka_unit_test_rule(startup_ends_where_the_rate_hardly_grows),
		cmocka_unit_test_rule(startup_of_a_quiet_application_goes_on),
		cmocka_unit_test_rule(startup_ends_where_too_much_is_lost),
		cmocka_unit_test_rule(drain_empties_the_queue_at_half_the_rate),
		cmocka_unit_test_rule(probe_bw_goes_round),
		cmocka_unit_test_rule(probe_bw_finds_more),
		cmocka_unit_test_rule(probe_rtt_comes_every_five_seconds),
		cmocka_unit_test_rule(probe_rtt_is_not_for_who_sees_it_anyway),
		cmocka_unit_test_rule(probe_rtt_lasts_a_round),
		cmocka_unit_test_rule(probe_rtt_leaves_four_segments),
		cmocka_unit_test_rule(probe_bw_losses_set_the_limit),
		cmocka_unit_test_rule(idle_restart_is_paced),
		cmocka_unit_test_rule(idle_restart_in_a_probe_is_no_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
