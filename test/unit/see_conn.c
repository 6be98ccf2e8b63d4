/* SPDX-License-Identifier: MIT */
/* Connections as an onlooker finds them again, however they were chosen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "see/conn.h"

/* The i-th of peers that differ where a simple sum would not look. */
static struct cn_trace from_peer(unsigned i)
{
	struct cn_trace trace = {
		.kind = CN_TRACE_IN, .from = CN_LISTEN, .to = CN_SYN_RECEIVED};

	trace.local.addr = cn_addr_v4(10, 0, 0, 1);
	trace.local.port = 80;
	trace.peer.addr.octet[0] = 0x20;
	trace.peer.addr.octet[6] = (uint8_t)(i >> 8);
	trace.peer.addr.octet[7] = (uint8_t)i;
	trace.peer.addr.octet[15] = 1;
	trace.peer.port = 1234;
	return trace;
}

static unsigned longest(const struct see_conns *conns)
{
	unsigned most = 0;

	for (unsigned i = 0; i < SEE_SLOTS; i++) {
		unsigned n = 0;

		for (struct list *node = conns->hash[i].next;
		     node != &conns->hash[i]; node = node->next)
			n++;
		if (n > most)
			most = n;
	}
	return most;
}

static void peers_cannot_choose_one_slot(void **state)
{
	static struct see_conns conns;
	unsigned end;

	(void)state;
	see_conns_init(&conns);
	for (unsigned i = 0; i < SEE_CONNS_MAX; i++) {
		struct cn_trace trace = from_peer(i);

		assert_non_null(see_conn_of(&conns, 0, &trace, &end));
	}
	assert_int_equal(conns.n, SEE_CONNS_MAX);
	/* Four on average. */
	assert_true(longest(&conns) < 40);
	see_conns_deinit(&conns);
}

static void both_ends_find_the_same(void **state)
{
	static struct see_conns conns;
	struct cn_trace trace = from_peer(7);
	struct see_conn *conn;
	unsigned end;

	(void)state;
	see_conns_init(&conns);
	conn = see_conn_of(&conns, 0, &trace, &end);
	assert_non_null(conn);
	assert_int_equal(end, 0);
	assert_ptr_equal(see_conn_find(&conns, &trace.peer, &trace.local, &end),
			 conn);
	assert_int_equal(end, 1);
	assert_null(see_conn_find(&conns, &trace.peer, &trace.peer, &end));
	see_conns_deinit(&conns);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(peers_cannot_choose_one_slot),
		cmocka_unit_test(both_ends_find_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
