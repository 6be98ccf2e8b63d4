/* SPDX-License-Identifier: MIT */
/*
 * ECN between every two settings, over a path that marks at random and where
 * its queue grows, loses, doubles and reorders: every octet arrives, the mode
 * is that of RFC 9768 table 2, and a path that changes no field is not found
 * to do so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/talk.h"

#define START (UINT64_C(1000) * CN_NS_PER_SEC)
#define MS CN_NS_PER_MS
#define MILLION 1000000u
#define SETTINGS 6

enum mode { NOT_ECN, CLASSIC, ACCURATE };

static enum mode mode_of(int client, int server)
{
	bool asks = client == 1 || client == 3 || client == 4;

	if (client == 3 && server >= 3)
		return ACCURATE;
	return asks && server ? CLASSIC : NOT_ECN;
}

static void *heap_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return malloc(size);
}

static void heap_free(void *ctx, void *p, size_t size)
{
	(void)ctx;
	(void)size;
	free(p);
}

struct result {
	uint64_t opens, faults, reductions, ce_in, told, marked, timeouts, took;
};

static struct result transfer(const int ecn[2], const struct cn_impair *impair,
			      uint32_t octets, uint64_t seed)
{
	static const struct cn_alloc alloc = {heap_alloc, heap_free, NULL};
	struct cn_pool *pool = cn_pool_new(&alloc);
	struct sim *sim = sim_new(pool, seed, START, NULL);
	struct sim_wire wire = {.mtu = 1500, .impair = {*impair, *impair}};
	struct talk_plan plan = {
		.seed = seed,
		.family = seed & 1 ? 4 : 6,
		.port = 7,
		.start_at = START,
		.side = {{.octets = octets}, {.octets = octets}},
	};
	struct talk talk, *in[1] = {&talk};
	struct talk_server server;
	struct result result = {0};
	const int host[2] = {0, 1};

	for (int i = 0; i < 2; i++) {
		struct cn_settings set;

		cn_settings_default(&set);
		set.ecn = (uint8_t)ecn[i];
		assert_int_equal(sim_host_add(sim, &set), i);
	}
	assert_int_equal(sim_wire_add(sim, 0, 1, &wire), 0);
	assert_int_equal(talk_server_init(&server, sim, 1, plan.family, 7, in,
					  1),
			 CN_OK);
	talk_init(&talk, &plan, sim, 0, host, 0);
	sim_run(sim, START + 300 * CN_NS_PER_SEC);
	assert_true(talk_is_done(&talk));
	for (int i = 0; i < 2; i++) {
		const struct cn_counters *count =
			cn_host_counters(sim_host(sim, i));
		struct cn_path_stats stats;

		assert_null(talk.end[i].fault);
		assert_int_equal(talk.end[i].err, CN_OK);
		assert_int_equal(talk.end[i].received, octets);
		sim_wire_stats(sim, 0, i, &stats);
		result.marked += stats.marked;
		result.opens += count->accecn_opens;
		result.faults += count->accecn_meddled + count->accecn_refused;
		result.reductions += count->ecn_reductions;
		result.ce_in += count->ecn_ce_in;
		result.told += count->accecn_ce_told;
		result.timeouts += count->tcp_rto_fired;
	}
	result.took = talk.end[0].done_at - START;
	sim_free(sim);
	cn_pool_free(pool);
	return result;
}

/* A million octets each way, marks and losses at random. */
static void every_two_settings_agree_and_every_octet_arrives(void **state)
{
	static const struct cn_impair impair = {
		.delay_ns = 10 * MS,
		.rate = 20000000,
		.queue = 60,
		.mark = 15,
		.loss = 0.01,
		.ecn = true,
		.corrupt = 0.005,
		.duplicate = 0.005,
		.reorder = 0.005,
		.reorder_ns = 3 * MS,
	};

	(void)state;
	for (int i = 0; i < SETTINGS * SETTINGS; i++) {
		const int ecn[2] = {i / SETTINGS, i % SETTINGS};
		enum mode mode = mode_of(ecn[0], ecn[1]);
		struct result result =
			transfer(ecn, &impair, MILLION, (uint64_t)i + 1);

		print_message("# %d to %d: %llu marked, %llu of them came, "
			      "%llu reductions, %llu timeouts, %llu ms\n",
			      ecn[0], ecn[1], (unsigned long long)result.marked,
			      (unsigned long long)result.ce_in,
			      (unsigned long long)result.reductions,
			      (unsigned long long)result.timeouts,
			      (unsigned long long)(result.took / MS));
		assert_int_equal(result.opens, mode == ACCURATE ? 2 : 0);
		assert_int_equal(result.marked > 0, mode != NOT_ECN);
		assert_int_equal(result.reductions > 0, mode != NOT_ECN);
		assert_true(result.ce_in <= result.marked + result.marked / 20);
		assert_true(result.ce_in >= result.marked * 9 / 10);
		assert_int_equal(result.faults, 0);
		/* All but what came last; none twice. */
		if (mode == ACCURATE)
			assert_in_range(result.told, result.ce_in - 4,
					result.ce_in);
		else
			assert_int_equal(result.told, 0);
	}
}

/* A queue that marks before it is full loses nothing. */
static void a_queue_that_marks_loses_nothing(void **state)
{
	static const struct cn_impair impair = {
		.delay_ns = 10 * MS,
		.rate = 20000000,
		.queue = 400,
		.mark = 20,
	};
	static const int table[][2] = {{1, 2}, {3, 5}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct result result = transfer(table[i], &impair, MILLION, 1);

		assert_true(result.marked > 0);
		assert_true(result.reductions > 0);
		assert_int_equal(result.timeouts, 0);
		assert_int_equal(result.faults, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_two_settings_agree_and_every_octet_arrives),
		cmocka_unit_test(a_queue_that_marks_loses_nothing),
	};

	return cmocka_run_group_tests_name("marks", tests, NULL, NULL);
}
