/* SPDX-License-Identifier: MIT */
#include "net_world.h"

static struct world w;

static struct cn_addr peer(unsigned n)
{
	return cn_addr_v4(20, (uint8_t)(n >> 8), (uint8_t)n, 1);
}

static void bucket_holds_one_second(void **state)
{
	struct rate rate = {0};
	uint64_t token = SEC / 10;
	unsigned n;

	(void)state;
	for (n = 0; rate_take(&rate, token, START); n++)
		;
	assert_int_equal(n, 10);
	assert_false(rate_take(&rate, token, START + token - 1));
	assert_true(rate_take(&rate, token, START + token));
	assert_false(rate_take(&rate, token, START + token));
	for (n = 0; rate_take(&rate, token, START + 100 * SEC); n++)
		;
	assert_int_equal(n, 10);
}

/* Answers in a second, whoever asks. */
static unsigned allowed(unsigned tries, unsigned peers)
{
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++) {
		struct cn_addr from = peer(i % peers);

		n += net_rst_allowed(&w.net, WIRE, &from, w.now);
	}
	return n;
}

/* attacks.md row 25 */
static void flood_earns_no_more_than_the_rate(void **state)
{
	unsigned n;

	(void)state;
	world_open(&w);
	n = allowed(100000, 1000);
	/* Tokens cost one each on average. */
	assert_in_range(n, 950, 1050);
	assert_int_equal(w.count.drop[CN_DROP_RST_RATE], 100000 - n);
	w.now += SEC;
	assert_in_range(allowed(100000, 1000), 950, 1050);
	world_close(&w);
}

/* attacks.md row 25 */
static void one_peer_leaves_the_others_theirs(void **state)
{
	struct cn_addr other = peer(1);

	(void)state;
	world_open(&w);
	assert_int_equal(allowed(10000, 1), 250);
	assert_true(net_rst_allowed(&w.net, WIRE, &other, w.now));
	world_close(&w);
}

static void loopback_is_not_limited(void **state)
{
	struct cn_addr own = addr("127.0.0.1");

	(void)state;
	world_open(&w);
	for (int i = 0; i < 5000; i++)
		assert_true(net_rst_allowed(&w.net, LOOPBACK, &own, w.now));
	world_close(&w);
}

static void smallest_rates(void **state)
{
	static const struct {
		uint32_t rate, want;
	} row[] = {{0, 0}, {1, 1}, {2, 1}};

	(void)state;
	for (unsigned i = 0; i < N_OF(row); i++) {
		world_open(&w);
		w.set.icmp_rate = row[i].rate;
		assert_int_equal(allowed(50, 1), row[i].want);
		world_close(&w);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bucket_holds_one_second),
		cmocka_unit_test(flood_earns_no_more_than_the_rate),
		cmocka_unit_test(one_peer_leaves_the_others_theirs),
		cmocka_unit_test(loopback_is_not_limited),
		cmocka_unit_test(smallest_rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
