/* SPDX-License-Identifier: MIT */
#include "net_world.h"

static struct world w;

static void longest_prefix_wins(void **state)
{
	static const struct {
		const char *dst;
		int link;
	} row[] = {
		{"10.1.2.3", FAR_WIRE}, {"10.1.3.3", WIRE},
		{"10.2.0.1", LOOPBACK}, {"11.0.0.1", CN_E_NETUNREACH},
		{"10.1.2.200", WIRE},	{"fd00::1", FAR_WIRE},
		{"fd00:1::1", WIRE},	{"2001:db8::1", WIRE},
	};

	(void)state;
	world_open_bare(&w);
	add_route(&w, LOOPBACK, "10.0.0.0", 8);
	add_route(&w, WIRE, "10.1.0.0", 16);
	add_route(&w, FAR_WIRE, "10.1.2.0", 25);
	add_route(&w, WIRE, "::", 0);
	add_route(&w, FAR_WIRE, "fd00::", 32);
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct cn_addr dst = addr(row[i].dst);

		assert_int_equal(net_route(&w.net, &dst), row[i].link);
	}
	world_close(&w);
}

static void v6_default_route_does_not_take_v4(void **state)
{
	struct cn_addr dst = addr("8.8.8.8");

	(void)state;
	world_open_bare(&w);
	add_route(&w, WIRE, "::", 0);
	assert_int_equal(net_route(&w.net, &dst), CN_E_NETUNREACH);
	add_route(&w, FAR_WIRE, "0.0.0.0", 0);
	assert_int_equal(net_route(&w.net, &dst), FAR_WIRE);
	dst = addr("2001:db8::9");
	assert_int_equal(net_route(&w.net, &dst), WIRE);
	world_close(&w);
}

static void same_route_again_replaces(void **state)
{
	struct cn_addr dst = addr("10.0.0.1");

	(void)state;
	world_open_bare(&w);
	add_route(&w, WIRE, "10.0.0.0", 8);
	add_route(&w, FAR_WIRE, "10.9.9.9", 8);
	assert_int_equal(net_route(&w.net, &dst), FAR_WIRE);
	assert_int_equal(w.net.routes.route_n, 1);
	world_close(&w);
}

static void table_is_bounded(void **state)
{
	struct cn_addr prefix;
	int err = CN_OK;
	unsigned n;

	(void)state;
	world_open_bare(&w);
	for (n = 0; err == CN_OK; n++) {
		prefix = cn_addr_v4(10, (uint8_t)n, 0, 0);
		err = net_route_add(&w.net, WIRE, &prefix, 16);
	}
	assert_int_equal(err, CN_E_NOBUFS);
	assert_int_equal(n - 1, NET_ROUTES);
	world_close(&w);
}

static void addresses_are_bounded(void **state)
{
	struct cn_addr own;
	int err = CN_OK;
	unsigned n;

	(void)state;
	world_open_bare(&w);
	for (n = 0; err == CN_OK; n++) {
		own = cn_addr_v4(10, 0, 0, (uint8_t)(n + 1));
		err = net_addr_add(&w.net, WIRE, &own, 24);
	}
	assert_int_equal(err, CN_E_NOBUFS);
	assert_int_equal(n - 1, NET_ADDRS);
	own = cn_addr_v4(10, 0, 0, 1);
	assert_int_equal(net_addr_add(&w.net, FAR_WIRE, &own, 24), CN_OK);
	world_close(&w);
}

static void bad_arguments_are_refused(void **state)
{
	static const struct {
		int link;
		const char *addr;
		unsigned prefix_len;
		int err;
	} row[] = {
		{OTHER_LINK, "10.0.0.1", 8, CN_E_NOLINK},
		{-1, "10.0.0.1", 8, CN_E_NOLINK},
		{NET_LINKS, "10.0.0.1", 8, CN_E_NOLINK},
		{WIRE, "10.0.0.1", 33, CN_E_RANGE},
		{WIRE, "fd00::1", 129, CN_E_RANGE},
		{WIRE, "224.0.0.1", 4, CN_E_INVAL},
		{WIRE, "ff02::1", 128, CN_E_INVAL},
		{WIRE, "0.0.0.0", 0, CN_E_INVAL},
		{WIRE, "::", 0, CN_E_INVAL},
	};

	(void)state;
	world_open_bare(&w);
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct cn_addr own = addr(row[i].addr);

		assert_int_equal(net_addr_add(&w.net, row[i].link, &own,
					      row[i].prefix_len),
				 row[i].err);
	}
	assert_int_equal(net_link_add(&w.net, OTHER_LINK, 67, false),
			 CN_E_RANGE);
	assert_int_equal(net_link_add(&w.net, OTHER_LINK, 65536, false),
			 CN_E_RANGE);
	assert_int_equal(net_link_add(&w.net, NET_LINKS, 1500, false),
			 CN_E_NOLINK);
	assert_int_equal(net_link_add(&w.net, -1, 1500, false), CN_E_NOLINK);
	world_close(&w);
}

/* MUST-44 */
static void source_suits_the_destination(void **state)
{
	static const struct {
		const char *dst;
		const char *src;
		int link;
	} row[] = {
		{"192.0.2.77", "192.0.2.1", WIRE},
		{"8.8.8.8", "192.0.2.1", WIRE},
		{"198.51.100.7", "198.51.100.2", FAR_WIRE},
		{"198.51.101.7", "198.51.101.2", FAR_WIRE},
		{"192.0.2.1", "192.0.2.1", LOOPBACK},
		{"127.0.0.1", "127.0.0.1", LOOPBACK},
		{"127.0.0.9", "127.0.0.1", LOOPBACK},
		{"2001:db8::9", "2001:db8::1", WIRE},
		{"2001:db8:7::9", "2001:db8:7::1", WIRE},
		{"fe80::9", "fe80::1", WIRE},
		{"::1", "::1", LOOPBACK},
		/* The far wire has no IPv6 address of its own. */
		{"fd00::9", "2001:db8::1", FAR_WIRE},
	};

	(void)state;
	world_open(&w);
	add_address(&w, FAR_WIRE, "198.51.100.2", 24);
	add_address(&w, FAR_WIRE, "198.51.101.2", 24);
	add_address(&w, WIRE, "fe80::1", 64);
	add_address(&w, WIRE, "2001:db8:7::1", 48);
	add_route(&w, FAR_WIRE, "fd00::", 8);
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct cn_addr dst = addr(row[i].dst), src;
		struct cn_addr want = addr(row[i].src);
		int link;

		assert_int_equal(net_source(&w.net, &dst, &src, &link), CN_OK);
		assert_int_equal(link, row[i].link);
		assert_true(cn_addr_equal(&src, &want));
	}
	world_close(&w);
}

static void source_fails_without_route_or_address(void **state)
{
	struct cn_addr dst = addr("8.8.8.8"), src;
	int link;

	(void)state;
	world_open_bare(&w);
	assert_int_equal(net_source(&w.net, &dst, &src, &link),
			 CN_E_NETUNREACH);
	add_route(&w, WIRE, "0.0.0.0", 0);
	assert_int_equal(net_source(&w.net, &dst, &src, &link),
			 CN_E_ADDRNOTAVAIL);
	/* A loopback address never leaves by a wire. */
	add_address(&w, LOOPBACK, "127.0.0.1", 8);
	assert_int_equal(net_source(&w.net, &dst, &src, &link),
			 CN_E_ADDRNOTAVAIL);
	world_close(&w);
}

static void own_address_without_loopback_link_is_unreachable(void **state)
{
	static const uint8_t seed[16];
	struct net_config config = {&w.set, NULL, &w.budget, &w.random,
				    &w.count};
	struct cn_addr own = addr("10.0.0.1");

	(void)state;
	world_open_bare(&w);
	net_deinit(&w.net);
	random_init(&w.random, seed, 0);
	config.pool = w.pool;
	net_init(&w.net, &config, 0);
	assert_int_equal(net_link_add(&w.net, WIRE, 1500, false), CN_OK);
	add_address(&w, WIRE, "10.0.0.1", 8);
	assert_int_equal(net_route(&w.net, &own), CN_E_NETUNREACH);
	own = addr("127.0.0.1");
	assert_false(net_is_local(&w.net, &own));
	world_close(&w);
}

/* MUST-46 */
static void to_many_is_known(void **state)
{
	static const struct {
		const char *addr;
		bool want;
	} row[] = {
		{"224.0.0.1", true},	   {"239.255.255.255", true},
		{"255.255.255.255", true}, {"192.0.2.255", true},
		{"192.0.2.254", false},	   {"192.0.3.255", false},
		{"10.0.0.3", false},	   {"10.0.0.2", false},
		{"10.1.1.1", false},	   {"127.255.255.255", true},
		{"ff02::1", true},	   {"2001:db8::ffff", false},
	};

	(void)state;
	world_open(&w);
	add_address(&w, FAR_WIRE, "10.0.0.2", 31);
	add_address(&w, FAR_WIRE, "10.1.1.1", 32);
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct cn_addr a = addr(row[i].addr);

		assert_int_equal(net_is_to_many(&w.net, &a), row[i].want);
	}
	world_close(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(longest_prefix_wins),
		cmocka_unit_test(v6_default_route_does_not_take_v4),
		cmocka_unit_test(same_route_again_replaces),
		cmocka_unit_test(table_is_bounded),
		cmocka_unit_test(addresses_are_bounded),
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(source_suits_the_destination),
		cmocka_unit_test(source_fails_without_route_or_address),
		cmocka_unit_test(
			own_address_without_loopback_link_is_unreachable),
		cmocka_unit_test(to_many_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
