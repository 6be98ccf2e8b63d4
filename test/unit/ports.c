/* SPDX-License-Identifier: MIT */
/* Bind conflicts as a table, and RFC 6056's random ports (row 6). */
#include <math.h>

#include "../pair.h"

#include "host/host.h"

#define RA PORT_REUSEADDR
#define RP PORT_REUSEPORT
#define LI PORT_LISTENS
#define V6 PORT_V6ONLY

static struct cn_addr addr_of(const char *text)
{
	struct cn_addr addr;

	assert_true(cn_addr_parse(text, &addr));
	return addr;
}

static const struct row {
	const char *have;
	uint8_t have_class;
	const char *want;
	uint8_t want_class;
	bool conflict;
} rows[] = {
	/* options of both, one address */
	{"10.0.0.1", 0, "10.0.0.1", 0, true},
	{"10.0.0.1", RA, "10.0.0.1", 0, true},
	{"10.0.0.1", 0, "10.0.0.1", RA, true},
	{"10.0.0.1", RA, "10.0.0.1", RA, false},
	{"10.0.0.1", RA | LI, "10.0.0.1", RA, true},
	{"10.0.0.1", RP, "10.0.0.1", RP, false},
	{"10.0.0.1", RP | LI, "10.0.0.1", RP, false},
	{"10.0.0.1", RP, "10.0.0.1", RA, true},
	{"10.0.0.1", RA | RP | LI, "10.0.0.1", RA | RP, false},
	/* addresses */
	{"10.0.0.1", 0, "10.0.0.2", 0, false},
	{"0.0.0.0", 0, "10.0.0.2", 0, true},
	{"10.0.0.1", 0, "0.0.0.0", 0, true},
	{"0.0.0.0", 0, "0.0.0.0", 0, true},
	{"0.0.0.0", 0, "fd00::1", 0, false},
	{"::", 0, "0.0.0.0", 0, true},
	{"0.0.0.0", 0, "::", 0, true},
	{"::", V6, "0.0.0.0", 0, false},
	{"0.0.0.0", 0, "::", V6, false},
	{"::", 0, "10.0.0.1", 0, true},
	{"::", V6, "10.0.0.1", 0, false},
	{"::", V6, "fd00::1", 0, true},
	{"::", V6, "::", 0, true},
	{"fd00::1", 0, "fd00::2", 0, false},
};

static void conflicts_are_those_of_linux(void **state)
{
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct cn_addr have = addr_of(row->have);
		struct cn_addr want = addr_of(row->want);
		struct cn_host *host = pair.host[0];
		bool got;

		assert_int_equal(
			port_add(host, 80, &have, row->have_class, true), 0);
		got = port_conflicts(port_find(host, 80), &want,
				     row->want_class, false);
		if (got != row->conflict)
			fail_msg("row %zu: %s and %s", i, row->have, row->want);
		port_remove(host, 80, &have, row->have_class);
		assert_null(port_find(host, 80));
	}
	pair_deinit(&pair);
}

static void walk_visits_every_port_once(void **state)
{
	static uint8_t seen[65536];
	struct port_walk walk;
	struct pair pair;
	uint16_t number;
	unsigned n = 0;

	(void)state;
	pair_init(&pair, NULL);
	port_walk_begin(pair.host[0], &walk);
	while (port_walk_next(&walk, &number)) {
		assert_in_range(number, 32768, 60999);
		assert_int_equal(seen[number], 0);
		seen[number] = 1;
		n++;
	}
	assert_int_equal(n, 60999 - 32768 + 1);
	pair_deinit(&pair);
}

/* Row 6: 10^5 first choices, 64 bins; the same for the step that follows.
 * Notes: row 96. */
static void ports_pass_a_chi_square_test(void **state)
{
	enum { N = 100000, BINS = 64 };
	unsigned first[BINS] = {0}, step[BINS] = {0};
	struct pair pair;
	double chi[2] = {0, 0}, want = (double)N / BINS;

	(void)state;
	pair_init(&pair, NULL);
	for (unsigned i = 0; i < N; i++) {
		uint32_t range = 60999 - 32768 + 1;
		struct port_walk walk;
		uint16_t a, b;

		port_walk_begin(pair.host[0], &walk);
		assert_true(port_walk_next(&walk, &a));
		assert_true(port_walk_next(&walk, &b));
		first[(a - 32768u) * BINS / range]++;
		step[((uint32_t)(b - a) + range) % range * BINS / range]++;
	}
	for (unsigned i = 0; i < BINS; i++) {
		chi[0] += (first[i] - want) * (first[i] - want) / want;
		chi[1] += (step[i] - want) * (step[i] - want) / want;
	}
	/* 63 degrees of freedom: 1 in 10^6 is above 122.  The step is coprime
	 * to the range and so not quite uniform. */
	assert_true(chi[0] < 122);
	assert_true(chi[1] < 400);
	pair_deinit(&pair);
}

static void bind_to_port_zero_finds_the_last_free_one(void **state)
{
	struct cn_endpoint at = any_at(0), name;
	struct cn_sock *sock[16];
	struct cn_settings settings;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	cn_host_free(pair.host[0]);
	pair_settings(&pair, &settings, 0);
	settings.port_low = 40000;
	settings.port_high = 40015;
	pair_host(&pair, 0, &settings);
	for (int i = 0; i < 16; i++) {
		sock[i] = sock_on(&pair, 0);
		assert_int_equal(cn_sock_bind(sock[i], &at), 0);
	}
	assert_int_equal(cn_sock_bind(sock_on(&pair, 0), &at), CN_E_ADDRINUSE);
	cn_sock_name(sock[7], &name);
	cn_sock_close(sock[7], pair.now);
	sock[7] = sock_on(&pair, 0);
	assert_int_equal(cn_sock_bind(sock[7], &at), 0);
	cn_sock_name(sock[7], &at);
	assert_int_equal(at.port, name.port);
	pair_deinit(&pair);
}

/* Row 6: 28 000 of the 28 232 ports are in use; connect still finds one, and
 * one port serves connections to several peers. */
static void connect_finds_a_port_when_few_are_left(void **state)
{
	enum { N = 28000 };
	struct cn_endpoint to = pair_at(1, 80), name;
	struct cn_sock *last = NULL;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	for (unsigned i = 0; i < N; i++)
		last = connect_from(&pair, 0, to);
	cn_sock_name(last, &name);
	assert_in_range(name.port, 32768, 60999);
	for (unsigned i = N; i < 60999 - 32768 + 1; i++)
		connect_from(&pair, 0, to);
	last = sock_on(&pair, 0);
	assert_int_equal(cn_sock_connect(last, &to, pair.now),
			 CN_E_ADDRNOTAVAIL);
	to.port = 81;
	assert_int_equal(cn_sock_connect(last, &to, pair.now), CN_E_INPROGRESS);
	pair_deinit(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conflicts_are_those_of_linux),
		cmocka_unit_test(walk_visits_every_port_once),
		cmocka_unit_test(ports_pass_a_chi_square_test),
		cmocka_unit_test(bind_to_port_zero_finds_the_last_free_one),
		cmocka_unit_test(connect_finds_a_port_when_few_are_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
