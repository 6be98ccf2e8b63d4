/* SPDX-License-Identifier: MIT */
#include "net_world.h"

static struct world w;

/* attacks.md row 12 */
static void destinations_are_unrelated(void **state)
{
	struct cn_addr src = addr("192.0.2.1");
	unsigned near = 0;

	(void)state;
	world_open(&w);
	for (unsigned i = 0; i < 1000; i++) {
		struct cn_addr a = cn_addr_v4(9, 0, 0, (uint8_t)i);
		struct cn_addr b = cn_addr_v4(9, 0, 1, (uint8_t)i);
		uint16_t x = (uint16_t)net_ident(&w.net, &src, &a, IP_ICMP);
		uint16_t y = (uint16_t)net_ident(&w.net, &src, &b, IP_ICMP);

		near += (uint16_t)(x - y + 500) < 1000;
	}
	/* By chance 1000 * 1000 / 65536 = 15. */
	assert_in_range(near, 3, 45);
	world_close(&w);
}

/* attacks.md row 12 */
static void does_not_soon_repeat(void **state)
{
	struct cn_addr src = addr("192.0.2.1"), dst = addr("8.8.8.8");
	static bool seen[65536];

	(void)state;
	world_open(&w);
	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < 8000; i++) {
		uint16_t id = (uint16_t)net_ident(&w.net, &src, &dst, IP_ICMP);

		assert_false(seen[id]);
		seen[id] = true;
	}
	world_close(&w);
}

/* attacks.md row 12 */
static void steps_cannot_be_counted(void **state)
{
	struct cn_addr src = addr("192.0.2.1"), dst = addr("8.8.8.8");
	unsigned step_n[16] = {0};
	uint32_t last;

	(void)state;
	world_open(&w);
	last = net_ident(&w.net, &src, &dst, IP_ICMP);
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t id = net_ident(&w.net, &src, &dst, IP_ICMP);

		assert_in_range(id - last, 1, 8);
		step_n[id - last]++;
		last = id;
	}
	for (unsigned i = 1; i <= 8; i++)
		assert_in_range(step_n[i], 60, 200);
	world_close(&w);
}

/* attacks.md row 12 */
static void whole_datagrams_have_none(void **state)
{
	static const uint8_t udp[8] = {1};
	uint8_t p[1500];
	struct ip_hdr ip;
	uint32_t len;

	(void)state;
	world_open(&w);
	len = make_ip(p, (struct ip_hdr){.protocol = 99}, "192.0.2.9",
		      "192.0.2.1", udp, 8);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(feed(&w, WIRE, p, len), NET_DONE);
		len = take_out(&w, WIRE, p, sizeof(p));
		assert_int_equal(ip_parse(p, len, &ip), CN_DROP_NONE);
		assert_true(ip.df);
		assert_int_equal(ip.id, 0);
		len = make_ip(p, (struct ip_hdr){.protocol = 99}, "192.0.2.9",
			      "192.0.2.1", udp, 8);
	}
	world_close(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(destinations_are_unrelated),
		cmocka_unit_test(does_not_soon_repeat),
		cmocka_unit_test(steps_cannot_be_counted),
		cmocka_unit_test(whole_datagrams_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
