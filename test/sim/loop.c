/* SPDX-License-Identifier: MIT */
/*
 * Three routers in a loop, as the notes have it (row 149): a packet circles
 * among them until its TTL is 0, and Time Exceeded comes back; or the loop
 * opens before, and it escapes late, a lost duplicate, and is refused.
 *
 *	alice - gate - far - bob	the way that works
 *		  \      |
 *		   a --- c		the loop: a to b, b to c, c to a
 *		    \   /
 *		      b
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

static const char triangle[] =
	"host alice\nhost bob\n"
	"router gate\nrouter far\nrouter a\nrouter b\nrouter c\n"
	"link alice gate delay 1ms\nlink gate far delay 1ms\n"
	"link far bob delay 1ms\nlink gate a delay 1ms\n"
	"link a b delay 100ms\nlink b c delay 100ms\nlink c a delay 100ms\n"
	"link c far\n"
	"route a bob via b\nroute b bob via c\nroute c bob via a\n";

static uint64_t forwarded(const struct lab *lab, const char *name)
{
	return cn_host_counters(lab_host(lab, name))->ip_forwarded;
}

static uint64_t circled(const struct lab *lab)
{
	return forwarded(lab, "a") + forwarded(lab, "b") + forwarded(lab, "c");
}

static uint64_t expired(const struct lab *lab)
{
	return lab_drops(lab, "a", CN_DROP_IP_TTL) +
	       lab_drops(lab, "b", CN_DROP_IP_TTL) +
	       lab_drops(lab, "c", CN_DROP_IP_TTL);
}

/* RFC 1812 section 5.3.1, RFC 792: the 64th router says so, and it is one of
 * the three. */
static void ttl_ends_the_loop_and_alice_is_told(void **state)
{
	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		struct lab lab = {0};
		struct cn_endpoint from = {.port = 4000}, to;
		struct cn_dgram_error error;
		struct cn_dgram *dgram;

		lab_init(&lab, triangle);
		lab_change(&lab, "route gate bob via a");
		to = lab_at(&lab, "bob", family, 5000);
		if (family == 4)
			from.addr = cn_addr_v4(0, 0, 0, 0);
		assert_int_equal(cn_dgram_new(lab_host(&lab, "alice"), family,
					      CN_DGRAM_UDP, &dgram),
				 0);
		assert_int_equal(cn_dgram_bind(dgram, &from), 0);
		assert_int_equal(cn_dgram_set(dgram, CN_DGRAM_OPT_RECVERR, 1),
				 0);
		assert_int_equal(cn_dgram_send(dgram, "x", 1, &to, lab.now), 1);
		lab_pass(&lab, 10 * SEC);
		assert_int_equal(cn_dgram_recv_error(dgram, NULL, 0, &error),
				 0);
		assert_int_equal(error.type, family == 4 ? 11 : 3);
		assert_int_equal(expired(&lab), 1);
		/* gate is the first of 64 routers, c the last: it passes on
		 * nothing, but its message may pass a. */
		assert_in_range(circled(&lab), 62, 63);
		assert_int_equal(plan_find_addr(network_plan(lab.network),
						&error.offender),
				 network_find(lab.network, "c"));
		cn_dgram_close(dgram);
		lab_deinit(&lab);
	}
}

/* One segment with 1000 octets of data circles; its copy has reached bob by
 * the way that works. */
static void send_into_the_loop(struct lab *lab, struct call *call)
{
	call_begin(lab, call, "alice", "bob", 4, 1000);
	call_run(lab, call, SEC);
	assert_int_equal(call->received, 1000);
	lab_change(lab, "route gate bob via a");
	call->total = 2000;
	call_run(lab, call, 150 * MS);
	assert_int_equal(call->received, 1000);
	assert_true(circled(lab) > 0);
	lab_change(lab, "route gate bob via far");
	call_run(lab, call, 2 * SEC);
	assert_int_equal(call->received, 2000);
	/* It circles yet. */
	assert_int_equal(expired(lab), 0);
}

/* c knows the way: what circles escapes. */
static void open_the_loop(struct lab *lab)
{
	uint64_t before = forwarded(lab, "far");

	lab_change(lab, "route c bob via far");
	lab_pass(lab, SEC);
	assert_true(forwarded(lab, "far") > before);
	assert_int_equal(expired(lab), 0);
}

static uint64_t refused(const struct lab *lab, enum cn_drop drop)
{
	return lab_drops(lab, "bob", drop);
}

/* RFC 7323 section 5: its timestamp is older than the last one seen. */
static void escaped_duplicate_is_refused_by_paws(void **state)
{
	struct lab lab = {0};
	struct call call;

	(void)state;
	lab_init(&lab, triangle);
	send_into_the_loop(&lab, &call);
	/* Bob has seen a later timestamp since. */
	call.total = 3000;
	call_run(&lab, &call, SEC);
	assert_int_equal(refused(&lab, CN_DROP_TCP_PAWS), 0);
	open_the_loop(&lab);
	call_turn(&lab, &call);
	assert_true(refused(&lab, CN_DROP_TCP_PAWS) > 0);
	assert_int_equal(call.received, 3000);
	call_end(&lab, &call);
	lab_pass(&lab, 120 * SEC);
	lab_deinit(&lab);
}

static void without_timestamps(void *ctx, int node, struct cn_settings *set)
{
	(void)ctx;
	(void)node;
	set->timestamps = false;
}

/* RFC 9293 section 3.10.7.4: its sequence number is left of the window. */
static void escaped_duplicate_is_refused_by_sequence(void **state)
{
	struct lab lab = {.settings = without_timestamps};
	struct call call;

	(void)state;
	lab_init(&lab, triangle);
	send_into_the_loop(&lab, &call);
	assert_int_equal(refused(&lab, CN_DROP_TCP_SEQUENCE), 0);
	open_the_loop(&lab);
	call_turn(&lab, &call);
	assert_true(refused(&lab, CN_DROP_TCP_SEQUENCE) > 0);
	assert_int_equal(call.received, 2000);
	call_end(&lab, &call);
	lab_pass(&lab, 120 * SEC);
	lab_deinit(&lab);
}

static void count_time_wait(void *ctx, const struct cn_sock_row *row)
{
	unsigned *n = ctx;

	*n += row->state == CN_TIME_WAIT;
}

static unsigned time_waits(const struct lab *lab, const char *name)
{
	unsigned n = 0;

	cn_host_each(lab_host(lab, name), count_time_wait, &n);
	return n;
}

/* RFC 9293 section 3.6.1: what TIME-WAIT is for.  Bob closed first. */
static void escaped_duplicate_meets_time_wait(void **state)
{
	struct lab lab = {0};
	struct call call;

	(void)state;
	lab_init(&lab, triangle);
	send_into_the_loop(&lab, &call);
	cn_sock_close(call.server, lab.now);
	lab_pass(&lab, 50 * MS);
	cn_sock_close(call.client, lab.now);
	lab_pass(&lab, 50 * MS);
	call.client = call.server = NULL;
	assert_int_equal(time_waits(&lab, "bob"), 1);
	open_the_loop(&lab);
	assert_int_equal(time_waits(&lab, "bob"), 1);
	assert_int_equal(cn_host_counters(lab_host(&lab, "bob"))->tcp_rst_out,
			 0);
	assert_true(refused(&lab, CN_DROP_TCP_TIME_WAIT) +
			    refused(&lab, CN_DROP_TCP_PAWS) +
			    refused(&lab, CN_DROP_TCP_SEQUENCE) >
		    0);
	cn_sock_close(call.listener, lab.now);
	lab_pass(&lab, 120 * SEC);
	lab_deinit(&lab);
}

/* The same two addresses and ports again, before the old segment has died: it
 * belongs to nobody any more. */
static void escaped_duplicate_is_no_part_of_the_next(void **state)
{
	struct cn_endpoint from = {.port = 0}, to;
	struct lab lab = {0};
	struct call call;

	(void)state;
	lab_init(&lab, triangle);
	send_into_the_loop(&lab, &call);
	cn_sock_name(call.client, &from);
	/* Reset, so that no TIME-WAIT stands between. */
	cn_sock_abort(call.client, lab.now);
	cn_sock_close(call.server, lab.now);
	call.server = NULL;
	lab_pass(&lab, 10 * MS);
	to = lab_at(&lab, "bob", 4, 7000);
	assert_int_equal(cn_sock_new(lab_host(&lab, "alice"), 4, &call.client),
			 0);
	assert_int_equal(cn_sock_bind(call.client, &from), 0);
	assert_int_equal(cn_sock_connect(call.client, &to, lab.now),
			 CN_E_INPROGRESS);
	call.sent = call.received = 0;
	call.total = 500;
	call_run(&lab, &call, SEC);
	assert_int_equal(call.received, 500);
	open_the_loop(&lab);
	call_turn(&lab, &call);
	assert_int_equal(call.received, 500);
	assert_true(refused(&lab, CN_DROP_TCP_PAWS) +
			    refused(&lab, CN_DROP_TCP_SEQUENCE) >
		    0);
	call.total = 1500;
	call_run(&lab, &call, SEC);
	assert_int_equal(call.received, 1500);
	call_end(&lab, &call);
	lab_pass(&lab, 120 * SEC);
	lab_deinit(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ttl_ends_the_loop_and_alice_is_told),
		cmocka_unit_test(escaped_duplicate_is_refused_by_paws),
		cmocka_unit_test(escaped_duplicate_is_refused_by_sequence),
		cmocka_unit_test(escaped_duplicate_meets_time_wait),
		cmocka_unit_test(escaped_duplicate_is_no_part_of_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
