/* SPDX-License-Identifier: MIT */
/*
 * Memory, to the octet: what the caller's allocator gives for an idle
 * established connection, both ends and all tables counted, and how often it
 * is asked for a connection's whole life.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rig.h"

#define OCTETS_MAX 512
#define FIRST_MAX 22 /* allocations */
#define LATER_MAX 50 /* of forty lives */

static void one_exchange(struct rig *rig, struct cn_sock *a, struct cn_sock *b)
{
	char data[64] = "";

	assert_int_equal(cn_sock_send(a, data, 64, 0, rig->now), 64);
	rig_carry(rig);
	assert_int_equal(cn_sock_recv(b, data, 64, 0, rig->now), 64);
	assert_int_equal(cn_sock_send(b, data, 64, 0, rig->now), 64);
	rig_carry(rig);
	assert_int_equal(cn_sock_recv(a, data, 64, 0, rig->now), 64);
}

/* Delayed acknowledgements are over. */
static void rest(struct rig *rig)
{
	rig->now += CN_NS_PER_SEC;
	cn_host_advance(rig->host[0], rig->now);
	cn_host_advance(rig->host[1], rig->now);
	rig_carry(rig);
}

/* Each connection has been used before it idles.  The most that one costs, at
 * any number of them from a thousand on: tables grow at every one. */
static void an_idle_connection_is_small(void **state)
{
	enum { N = 10000 };
	struct cn_sock *listener, *a, *b;
	struct rig rig;
	size_t base, most = 0;

	(void)state;
	rig_begin(&rig, false);
	listener = rig_listen(&rig, 80);
	/* The buffers that all share. */
	rig_connect(&rig, listener, 80, &a, &b);
	one_exchange(&rig, a, b);
	rest(&rig);
	base = rig.octets;
	for (unsigned i = 1; i <= N; i++) {
		size_t octets;

		rig_connect(&rig, listener, 80, &a, &b);
		one_exchange(&rig, a, b);
		rest(&rig);
		if (i < 1000)
			continue;
		octets = (rig.octets - base) / 2 / i;
		most = octets > most ? octets : most;
		if (i == 1000 || i == N)
			print_message("# %u: %zu octets each\n", i, octets);
	}
	print_message("# at most %zu octets each\n", most);
	assert_true(most <= OCTETS_MAX);
	rig_end(&rig);
	assert_int_equal(rig.octets, 0);
}

/* How often the allocator is asked: for a first connection, for more of the
 * same, and for forty whole lives, each of which leaves a port and an entry of
 * TIME-WAIT behind. */
static void a_life_allocates_little(void **state)
{
	struct cn_sock *listener, *a, *b;
	struct rig rig;
	size_t calls;

	(void)state;
	rig_begin(&rig, false);
	listener = rig_listen(&rig, 80);
	calls = rig.allocs;
	rig_connect(&rig, listener, 80, &a, &b);
	one_exchange(&rig, a, b);
	rest(&rig);
	print_message("# a first connection: %zu allocations\n",
		      rig.allocs - calls);
	assert_true(rig.allocs - calls <= FIRST_MAX);
	/* More of the same connection, once two messages were under way. */
	one_exchange(&rig, a, b);
	one_exchange(&rig, a, b);
	calls = rig.allocs;
	for (int i = 0; i < 100; i++)
		one_exchange(&rig, a, b);
	assert_int_equal(rig.allocs, calls);
	cn_sock_close(a, rig.now);
	rig_carry(&rig);
	cn_sock_close(b, rig.now);
	rig_carry(&rig);
	calls = rig.allocs;
	for (int i = 0; i < 40; i++) {
		rig_connect(&rig, listener, 80, &a, &b);
		one_exchange(&rig, a, b);
		cn_sock_close(a, rig.now);
		rig_carry(&rig);
		cn_sock_close(b, rig.now);
		rig_carry(&rig);
	}
	print_message("# forty more: %zu allocations\n", rig.allocs - calls);
	assert_true(rig.allocs - calls <= LATER_MAX);
	rig_end(&rig);
	assert_int_equal(rig.octets, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_connection_is_small),
		cmocka_unit_test(a_life_allocates_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
