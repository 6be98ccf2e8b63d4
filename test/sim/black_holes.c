/* SPDX-License-Identifier: MIT */
/*
 * RFC 4821: paths that swallow long packets and say nothing.  The transfer goes
 * on soon, with packets of nearly the size that passes, and no retransmission
 * more than the search costs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "link/heap.h"
#include "sim/talk.h"

#define START (UINT64_C(1000) * CN_NS_PER_SEC)
#define MS CN_NS_PER_MS
#define SEC CN_NS_PER_SEC
#define MBIT UINT64_C(1000000)
#define NEAR 8u /* what is nearer than this is not searched for */

struct hole {
	struct cn_pool *pool;
	struct sim *sim;
	struct talk talk, *in;
	struct talk_server server;
	uint32_t longest; /* packet that arrived, since it was asked */
};

static void on_packet(void *ctx, int wire, int toward,
		      const struct cn_frame *frame, enum cn_fate fate,
		      uint64_t now)
{
	struct hole *hole = ctx;

	(void)wire;
	(void)fate;
	(void)now;
	if (toward == 1 && cn_frame_len(frame) > hole->longest)
		hole->longest = cn_frame_len(frame);
}

/* 10 Mbit/s and 40 ms, from a to b without end. */
static void begin(struct hole *hole, int family)
{
	struct sim_watch watch = {.packet = on_packet, .ctx = hole};
	struct sim_wire wire = {.mtu = 1500};
	struct talk_plan plan = {
		.seed = 1,
		.family = (uint8_t)family,
		.port = 7,
		.start_at = START,
		.side = {{.octets = UINT32_MAX}},
	};
	struct cn_settings set;
	int host[2] = {0, 1};

	*hole = (struct hole){.in = &hole->talk};
	hole->pool = cn_pool_new(&heap_memory);
	hole->sim = sim_new(hole->pool, 1, START, &watch);
	for (int i = 0; i < 2; i++) {
		wire.impair[i].delay_ns = 20 * MS;
		wire.impair[i].rate = 10 * MBIT;
		wire.impair[i].queue = 100;
	}
	cn_settings_default(&set);
	assert_int_equal(sim_host_add(hole->sim, &set), 0);
	assert_int_equal(sim_host_add(hole->sim, &set), 1);
	assert_int_equal(sim_wire_add(hole->sim, 0, 1, &wire), 0);
	assert_int_equal(talk_server_init(&hole->server, hole->sim, 1, family,
					  7, &hole->in, 1),
			 CN_OK);
	talk_init(&hole->talk, &plan, hole->sim, 0, host, 0);
}

/* As much as arrived was sent, octet by octet. */
static void end(struct hole *hole)
{
	assert_null(hole->talk.end[1].fault);
	sim_free(hole->sim);
	cn_pool_free(hole->pool);
}

static uint32_t received(const struct hole *hole)
{
	return hole->talk.end[1].received;
}

static const struct cn_counters *sender(const struct hole *hole)
{
	return cn_host_counters(sim_host(hole->sim, 0));
}

static void pass(struct hole *hole, uint64_t ns)
{
	assert_true(sim_pass(hole->sim, ns));
}

/* Mbit/s of the data that arrive in that time, and the longest packet. */
static double rate_in(struct hole *hole, uint64_t ns, uint32_t *longest)
{
	uint32_t before = received(hole);

	hole->longest = 0;
	pass(hole, ns);
	*longest = hole->longest;
	return (received(hole) - before) * 8.0 / ((double)ns / SEC) / MBIT;
}

/* How long nothing arrives, at most so long; in milliseconds. */
static unsigned silence(struct hole *hole, unsigned most_ms)
{
	uint32_t before = received(hole);
	unsigned ms = 0;

	while (received(hole) == before && ms < most_ms) {
		pass(hole, 10 * MS);
		ms += 10;
	}
	return ms;
}

static void is_near(uint32_t longest, uint32_t passes)
{
	assert_in_range(longest, passes - NEAR, passes);
}

/* What fills the path already is not of interest. */
static void swallow(struct hole *hole, uint32_t longer)
{
	sim_wire_swallow(hole->sim, 0, 1, longer);
	pass(hole, 200 * MS);
}

static void report(const char *what, double mbit, uint32_t longest,
		   unsigned silent_ms, const struct hole *hole)
{
	print_message("# %s: silent for %u ms, then %.2f Mbit/s in packets of "
		      "%u; fell %u times, %u probes, %u of them lost\n",
		      what, silent_ms, mbit, longest,
		      (unsigned)sender(hole)->tcp_mtu_fallbacks,
		      (unsigned)sender(hole)->tcp_mtu_probes,
		      (unsigned)sender(hole)->tcp_mtu_probes_lost);
}

/* The handshake passes, the first data do not. */
static void path_that_never_carried_more(int family)
{
	struct hole hole;
	uint32_t longest;
	unsigned ms;
	double mbit;

	begin(&hole, family);
	sim_wire_swallow(hole.sim, 0, 1, 1400);
	ms = silence(&hole, 10000);
	/* Three timeouts: 1 + 2 + 4 of the first. */
	assert_in_range(ms, 0, 3000);
	pass(&hole, 2 * SEC); /* the search */
	mbit = rate_in(&hole, 5 * SEC, &longest);
	report("1400 from the beginning", mbit, longest, ms, &hole);
	is_near(longest, 1400);
	assert_true(mbit > 9);
	assert_int_equal(sender(&hole)->tcp_mtu_fallbacks, 1);
	end(&hole);
}

static void black_hole_is_found_by_probing(void **state)
{
	(void)state;
	path_that_never_carried_more(4);
	path_that_never_carried_more(6);
}

static void path_that_shrinks_in_the_midst(void **state)
{
	static const uint32_t sizes[] = {1400, 1300, 1000, 600};
	struct hole hole;
	uint32_t longest;
	unsigned ms;
	double mbit;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		begin(&hole, 4);
		mbit = rate_in(&hole, 3 * SEC, &longest);
		assert_int_equal(longest, 1500);
		swallow(&hole, sizes[i]);
		ms = silence(&hole, 20000);
		/* Below the base: a timeout more for each halving. */
		assert_in_range(ms, 0, sizes[i] > 1064 ? 3000 : 8000);
		pass(&hole, 5 * SEC);
		mbit = rate_in(&hole, 5 * SEC, &longest);
		report("shrinks", mbit, longest, ms, &hole);
		is_near(longest, sizes[i]);
		assert_true(mbit > 8.5);
		end(&hole);
	}
}

/* After the interval all that the path may carry is tried again. */
static void path_that_grows_again(void **state)
{
	struct hole hole;
	uint32_t longest;
	double mbit;

	(void)state;
	begin(&hole, 4);
	pass(&hole, SEC);
	swallow(&hole, 1400);
	pass(&hole, 20 * SEC);
	rate_in(&hole, SEC, &longest);
	is_near(longest, 1400);
	sim_wire_swallow(hole.sim, 0, 1, 0);
	rate_in(&hole, 300 * SEC, &longest);
	is_near(longest, 1400);
	pass(&hole, 310 * SEC);
	mbit = rate_in(&hole, 5 * SEC, &longest);
	report("grows again", mbit, longest, 0, &hole);
	is_near(longest, 1500);
	assert_int_equal(sender(&hole)->tcp_mtu_fallbacks, 1);
	end(&hole);
}

/* An outage looks the same from here, and costs no more than the search: the
 * size of before is back within seconds. */
static void outage_is_no_black_hole_for_long(void **state)
{
	struct cn_impair cut = {.loss = 1};
	struct cn_impair whole = {
		.delay_ns = 20 * MS, .rate = 10 * MBIT, .queue = 100};
	struct hole hole;
	uint32_t longest;
	double mbit;

	(void)state;
	begin(&hole, 4);
	pass(&hole, 2 * SEC);
	assert_int_equal(sim_wire_set(hole.sim, 0, 1, &cut), CN_OK);
	pass(&hole, 10 * SEC);
	assert_int_equal(sim_wire_set(hole.sim, 0, 1, &whole), CN_OK);
	pass(&hole, 15 * SEC);
	mbit = rate_in(&hole, 3 * SEC, &longest);
	report("an outage of 10 s", mbit, longest, 0, &hole);
	is_near(longest, 1500);
	assert_true(mbit > 9);
	end(&hole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(black_hole_is_found_by_probing),
		cmocka_unit_test(path_that_shrinks_in_the_midst),
		cmocka_unit_test(path_that_grows_again),
		cmocka_unit_test(outage_is_no_black_hole_for_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
