/* SPDX-License-Identifier: MIT */
/*
 * The network of a world under a virtual clock: hosts that are described talk
 * to each other, and what is changed while they run is felt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab.h"

#define MS CN_NS_PER_MS
#define SEC CN_NS_PER_SEC

static const char chain[] = "host alice 192.168.0.1\nhost bob 192.168.0.223\n"
			    "router r1\nrouter r2\n"
			    "link alice r1 delay 10ms\nlink r1 r2\n"
			    "link r2 bob delay 5ms rate 100mbit\n";
static const char lan[] = "host alice\nhost bob\nhost carol\nrouter r\n"
			  "segment lan alice bob r delay 1ms\nlink r carol\n";

static void hosts_talk(void **state)
{
	static const struct {
		const char *text, *from, *to;
	} cases[] = {
		{chain, "alice", "bob"}, {chain, "bob", "alice"},
		{chain, "alice", "r2"},	 {lan, "alice", "bob"},
		{lan, "alice", "carol"}, {lan, "carol", "bob"},
		{lan, "bob", "bob"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int family = 4; family <= 6; family += 2) {
			struct lab lab = {0};
			struct call call;

			lab_init(&lab, cases[i].text);
			call_begin(&lab, &call, cases[i].from, cases[i].to,
				   family, 1000000);
			call_run(&lab, &call, 60 * SEC);
			if (call.received != 1000000)
				fail_msg("%s to %s, IPv%d: %u octets",
					 cases[i].from, cases[i].to, family,
					 call.received);
			call_end(&lab, &call);
			lab_deinit(&lab);
		}
}

/* What the handshake takes is the path there and back. */
static void delays_are_the_links(void **state)
{
	struct lab lab = {0};
	struct call call;
	struct cn_tcp_info info;

	(void)state;
	lab_init(&lab, "host a\nrouter r\nhost b\n"
		       "link a r delay 10ms from r delay 30ms\n"
		       "link r b delay 5ms\n");
	call_begin(&lab, &call, "a", "b", 4, 1);
	call_run(&lab, &call, SEC);
	assert_int_equal(call.received, 1);
	assert_int_equal(cn_sock_info(call.client, &info), 0);
	assert_int_equal(info.handshake, 50 * MS);
	call_end(&lab, &call);
	lab_deinit(&lab);
}

/* A cut takes effect at once and ends at once; what is unknown is told. */
static void links_are_changed(void **state)
{
	struct lab lab = {0};
	struct call call;
	struct cn_path_stats stats;
	char why[PLAN_WHY];
	const struct plan_link *link;

	(void)state;
	lab_init(&lab, chain);
	call_begin(&lab, &call, "alice", "bob", 4, 100000000);
	call_run(&lab, &call, 200 * MS);
	assert_true(call.received > 0);
	assert_null(network_change(lab.network, "set r1-r2 down", why));
	lab_pass(&lab, 100 * MS);
	call_turn(&lab, &call);
	call.total = call.received;
	lab_pass(&lab, 3 * SEC);
	call_turn(&lab, &call);
	assert_int_equal(call.total, call.received);
	link = plan_link(network_plan(lab.network), 1);
	network_stats(lab.network, &link->end[0], &stats);
	assert_true(stats.lost > 0);
	assert_null(network_change(lab.network, "set r1-r2 up delay 1ms", why));
	call.total = call.received + 1000000;
	call_run(&lab, &call, 20 * SEC);
	assert_true(call.received >= call.total);
	assert_non_null(network_change(lab.network, "set r1-r9 up", why));
	assert_non_null(network_change(lab.network, "set r1-r2 dwon", why));
	assert_non_null(network_change(lab.network, "route r1 bob", why));
	assert_non_null(network_change(lab.network, "", why));
	call_end(&lab, &call);
	lab_deinit(&lab);
}

/* One seed is one run. */
static void runs_repeat(void **state)
{
	static const char lossy[] = "host a\nrouter r\nhost b\n"
				    "link a r delay 10ms jitter 3ms loss 2%\n"
				    "link r b loss 1% reorder 2%,3ms\n";
	uint64_t ended[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct lab lab = {0};
		struct call call;

		lab_init(&lab, lossy);
		call_begin(&lab, &call, "a", "b", 4, 500000);
		call_run(&lab, &call, 120 * SEC);
		assert_int_equal(call.received, 500000);
		ended[i] = lab.now;
		call_end(&lab, &call);
		lab_deinit(&lab);
	}
	assert_int_equal(ended[0], ended[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_talk),
		cmocka_unit_test(delays_are_the_links),
		cmocka_unit_test(links_are_changed),
		cmocka_unit_test(runs_repeat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
