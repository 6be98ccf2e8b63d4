/* SPDX-License-Identifier: MIT */
#include "net_world.h"

static struct world w;

static void link_mtu_holds_until_told(void **state)
{
	struct cn_addr near = addr("192.0.2.7"), own = addr("192.0.2.1");
	struct cn_addr nowhere = addr("8.8.8.8");

	(void)state;
	world_open_bare(&w);
	add_address(&w, WIRE, "192.0.2.1", 24);
	assert_int_equal(net_pmtu(&w.net, &near, w.now), 1500);
	assert_int_equal(net_pmtu(&w.net, &own, w.now), 65535);
	assert_int_equal(net_pmtu(&w.net, &nowhere, w.now), 1280);
	world_close(&w);
}

/* attacks.md row 11 */
static void floor_holds(void **state)
{
	static const struct {
		const char *dst;
		uint32_t told, want;
	} row[] = {
		{"8.8.8.1", 1400, 1400},     {"8.8.8.2", 552, 552},
		{"8.8.8.3", 551, 552},	     {"8.8.8.4", 68, 552},
		{"8.8.8.5", 0, 552},	     {"8.8.8.6", 1500, 1500},
		{"8.8.8.7", 9000, 1500},     {"8.8.8.8", UINT32_MAX, 1500},
		{"2001:db8::5", 1400, 1400}, {"2001:db8::6", 1280, 1280},
		{"2001:db8::7", 1279, 1280}, {"2001:db8::8", 0, 1280},
		{"2001:db8::9", 1500, 1500},
	};

	(void)state;
	world_open(&w);
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct cn_addr dst = addr(row[i].dst);

		assert_int_equal(net_pmtu_lower(&w.net, &dst, row[i].told,
						w.now),
				 row[i].want < 1500);
		assert_int_equal(net_pmtu(&w.net, &dst, w.now), row[i].want);
	}
	world_close(&w);
}

static void never_raised_but_by_time(void **state)
{
	struct cn_addr dst = addr("8.8.8.8");

	(void)state;
	world_open(&w);
	assert_true(net_pmtu_lower(&w.net, &dst, 1000, w.now));
	assert_false(net_pmtu_lower(&w.net, &dst, 1400, w.now + 1));
	assert_false(net_pmtu_lower(&w.net, &dst, 1000, w.now + 1));
	assert_int_equal(net_pmtu(&w.net, &dst, w.now + 600 * SEC - 1), 1000);
	assert_int_equal(net_pmtu(&w.net, &dst, w.now + 600 * SEC), 1500);
	assert_true(net_pmtu_lower(&w.net, &dst, 1400, w.now + 600 * SEC));
	assert_int_equal(net_pmtu(&w.net, &dst, w.now + 600 * SEC), 1400);
	assert_int_equal(w.count.pmtu_lowered, 2);
	world_close(&w);
}

/* attacks.md row 24 */
static void flood_keeps_what_is_in_use(void **state)
{
	struct cn_addr used = addr("8.8.8.8"), dst;
	size_t memory;

	(void)state;
	world_open(&w);
	assert_true(net_pmtu_lower(&w.net, &used, 1000, w.now));
	memory = w.budget.used;
	for (unsigned i = 0; i < 100000; i++) {
		dst = cn_addr_v4(9, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
				 (uint8_t)i);
		w.now++;
		assert_true(net_pmtu_lower(&w.net, &dst, 1400, w.now));
		assert_int_equal(net_pmtu(&w.net, &used, w.now), 1000);
	}
	assert_int_equal(w.budget.used, memory);
	world_close(&w);
}

static void no_memory_lowers_nothing(void **state)
{
	struct cn_addr dst = addr("8.8.8.8");

	(void)state;
	world_open(&w);
	w.budget.limit = 100;
	assert_false(net_pmtu_lower(&w.net, &dst, 1000, w.now));
	assert_int_equal(dropped(&w), CN_DROP_MEMORY);
	w.budget.limit = 1 << 20;
	w.heap.fail_after = 0;
	assert_false(net_pmtu_lower(&w.net, &dst, 1000, w.now));
	assert_int_equal(dropped(&w), CN_DROP_MEMORY);
	assert_int_equal(net_pmtu(&w.net, &dst, w.now), 1500);
	world_close(&w);
}

/* RFC 1191 section 7.1 */
static void plateau_is_the_next_below(void **state)
{
	static const uint32_t row[][2] = {
		{65535, 32000}, {32001, 32000}, {32000, 17914},
		{1500, 1492},	{1492, 1006},	{600, 508},
		{297, 296},	{296, 68},	{40, 68},
	};

	(void)state;
	for (unsigned i = 0; i < N_OF(row); i++)
		assert_int_equal(pmtu_plateau(row[i][0]), row[i][1]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_mtu_holds_until_told),
		cmocka_unit_test(floor_holds),
		cmocka_unit_test(never_raised_but_by_time),
		cmocka_unit_test(flood_keeps_what_is_in_use),
		cmocka_unit_test(no_memory_lowers_nothing),
		cmocka_unit_test(plateau_is_the_next_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
