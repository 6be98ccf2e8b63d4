/* SPDX-License-Identifier: MIT */
/* Simulated bulk transfers: what goes in comes out, and a seed is a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <catenet/host.h>

#include "sim/bulk.h"

#define MS CN_NS_PER_MS

static struct cn_settings set;

static struct bulk_plan plan_of(uint64_t rate, uint64_t rtt_ms)
{
	struct bulk_plan plan = {
		.seed = 1,
		.set = &set,
		.flows = 1,
		.time_ns = 10 * CN_NS_PER_SEC,
		.up = {.rate = rate, .delay_ns = rtt_ms * MS / 2},
		.down = {.delay_ns = rtt_ms * MS / 2},
		.mtu = 1500,
	};

	cn_settings_default(&set);
	return plan;
}

static void a_clean_path_is_filled(void **state)
{
	struct bulk_plan plan = plan_of(10000000, 20);
	struct bulk_result result;

	(void)state;
	assert_true(bulk_run(&plan, NULL, &result));
	assert_false(result.stuck);
	assert_int_equal(result.ns, plan.time_ns);
	/* 1448 of 1500 octets, and the first round trips. */
	assert_in_range((uint64_t)bulk_goodput(&result.flow[0]), 9300000,
			9653334);
	assert_true(result.queue_max <= 1000);
	assert_int_equal(result.again, 0);
}

/* Chosen before connect, which may fail, too. */
static void every_controller(void **state)
{
	(void)state;
	for (size_t i = 0; bulk_cc_name(i); i++) {
		struct bulk_plan plan = plan_of(10000000, 20);
		struct bulk_result result;

		plan.cc[0] = (uint8_t)i;
		assert_true(bulk_run(&plan, NULL, &result));
		assert_true(bulk_goodput(&result.flow[0]) > 8500000);
		plan.up.loss = 1;
		assert_true(bulk_run(&plan, NULL, &result));
		assert_false(result.stuck);
		assert_int_equal(result.flow[0].octets, 0);
	}
}

static void so_many_octets_and_no_more(void **state)
{
	struct bulk_plan plan = plan_of(10000000, 20);
	struct bulk_result result;

	(void)state;
	plan.octets = 1000001;
	plan.up.loss = 0.02;
	plan.flows = 3;
	plan.stagger_ns = 100 * MS;
	plan.time_ns = 3600 * CN_NS_PER_SEC;
	assert_true(bulk_run(&plan, NULL, &result));
	assert_false(result.stuck);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(result.flow[i].done);
		assert_int_equal(result.flow[i].octets, plan.octets);
		assert_true(result.flow[i].segs > 690);
	}
	assert_true(result.lost > 10);
}

static void one_seed_is_one_run(void **state)
{
	struct bulk_plan plan = plan_of(20000000, 30);
	struct bulk_result a, b;

	(void)state;
	plan.up.loss = 0.01;
	plan.up.reorder = 0.01;
	plan.up.reorder_ns = 3 * MS;
	plan.down.loss = 0.01;
	plan.flows = 4;
	plan.cc[1] = CN_CC_RENO;
	assert_true(bulk_run(&plan, NULL, &a));
	assert_true(bulk_run(&plan, NULL, &b));
	assert_memory_equal(&a, &b, sizeof(a));
	plan.seed = 2;
	assert_true(bulk_run(&plan, NULL, &b));
	assert_memory_not_equal(&a.flow, &b.flow, sizeof(a.flow));
}

/* Nothing arrives meanwhile, and afterwards it goes on. */
static void an_outage(void **state)
{
	struct bulk_plan plan = plan_of(10000000, 20);
	struct bulk_result whole, cut;

	(void)state;
	assert_true(bulk_run(&plan, NULL, &whole));
	plan.outage[0] =
		(struct bulk_outage){4 * CN_NS_PER_SEC, 2 * CN_NS_PER_SEC};
	plan.outage_n = 1;
	assert_true(bulk_run(&plan, NULL, &cut));
	assert_true(cut.flow[0].timeouts > 0);
	assert_true(cut.flow[0].octets < whole.flow[0].octets * 81 / 100);
	assert_true(cut.flow[0].octets > whole.flow[0].octets * 60 / 100);
}

static void nobody_there(void **state)
{
	struct bulk_plan plan = plan_of(10000000, 20);
	struct bulk_result result;

	(void)state;
	plan.up.loss = 1;
	plan.time_ns = 3600 * CN_NS_PER_SEC;
	assert_true(bulk_run(&plan, NULL, &result));
	assert_int_equal(result.flow[0].err, CN_E_TIMEDOUT);
	assert_false(result.flow[0].done);
	assert_int_equal(result.flow[0].octets, 0);
	assert_false(result.stuck);
}

static void equal_shares(void **state)
{
	struct bulk_result result = {.flows = 4};

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		result.flow[i] = (struct bulk_flow){
			.octets = 1000,
			.ns = CN_NS_PER_SEC,
		};
	assert_true(bulk_fairness(&result) > 0.9999);
	for (unsigned i = 1; i < 4; i++)
		result.flow[i].octets = 0;
	assert_true(bulk_fairness(&result) < 0.2501);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clean_path_is_filled),
		cmocka_unit_test(every_controller),
		cmocka_unit_test(so_many_octets_and_no_more),
		cmocka_unit_test(one_seed_is_one_run),
		cmocka_unit_test(an_outage),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(equal_shares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
