/* SPDX-License-Identifier: MIT */
/*
 * Hosts that pass packets on (RFC 1812 section 5, RFC 8200 section 3): a chain
 * a - r1 - r2 - b, and a third router that makes a ring of the two.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <catenet/socket.h>

#include "link/heap.h"
#include "sim/talk.h"

#define MS CN_NS_PER_MS
#define SEC CN_NS_PER_SEC
#define START (UINT64_C(1000) * SEC)

enum { A, R1, R2, B, R3, HOSTS };
enum { A_R1, R1_R2, R2_B, R2_R3, R3_R1, WIRES };

struct ring {
	struct cn_pool *pool;
	struct sim *sim;
};

/* host reaches the network of wire `to` by its end of wire `by`. */
static void route(struct ring *ring, int host, int to, int by, int end)
{
	for (int family = 4; family <= 6; family += 2) {
		struct cn_addr prefix = sim_addr(to, 0, family);

		assert_int_equal(
			cn_host_route_add(sim_host(ring->sim, host),
					  sim_wire_link(ring->sim, by, end),
					  &prefix, family == 4 ? 24 : 64),
			0);
	}
}

static void default_route(struct ring *ring, int host, int by, int end)
{
	static const struct cn_addr any6;
	struct cn_addr any4 = cn_addr_v4(0, 0, 0, 0);
	int link = sim_wire_link(ring->sim, by, end);

	assert_int_equal(cn_host_route_add(sim_host(ring->sim, host), link,
					   &any4, 0),
			 0);
	assert_int_equal(cn_host_route_add(sim_host(ring->sim, host), link,
					   &any6, 0),
			 0);
}

static void ring_init(struct ring *ring, uint32_t mtu, uint32_t middle_mtu,
		      uint32_t tx_super, const struct cn_impair *impair)
{
	static const int ends[WIRES][2] = {
		{A, R1}, {R1, R2}, {R2, B}, {R2, R3}, {R3, R1}};
	struct cn_settings set;

	ring->pool = cn_pool_new(&heap_memory);
	ring->sim = sim_new(ring->pool, 7, START, NULL);
	for (int i = 0; i < HOSTS; i++) {
		cn_settings_default(&set);
		set.forward = i != A && i != B;
		assert_int_equal(sim_host_add(ring->sim, &set), i);
	}
	for (int i = 0; i < WIRES; i++) {
		struct sim_wire wire = {
			.mtu = i == R1_R2 ? middle_mtu : mtu,
			.tx_csum = tx_super > 0,
			.tx_super = tx_super,
			.impair = {*impair, *impair},
		};

		assert_int_equal(sim_wire_add(ring->sim, ends[i][0], ends[i][1],
					      &wire),
				 i);
	}
	default_route(ring, A, A_R1, 0);
	default_route(ring, B, R2_B, 1);
	default_route(ring, R1, R1_R2, 0);
	route(ring, R2, A_R1, R1_R2, 1);
	route(ring, R3, A_R1, R3_R1, 0);
	default_route(ring, R3, R2_R3, 1);
}

static void ring_deinit(struct ring *ring)
{
	sim_free(ring->sim);
	assert_int_equal(cn_pool_in_use(ring->pool), 0);
	cn_pool_free(ring->pool);
}

static const struct cn_counters *count(struct ring *ring, int host)
{
	return cn_host_counters(sim_host(ring->sim, host));
}

static struct cn_dgram *dgram(struct ring *ring, int host, int family,
			      uint16_t port)
{
	struct cn_endpoint at = {.port = port};
	struct cn_dgram *dgram;

	if (family == 4)
		at.addr = cn_addr_v4(0, 0, 0, 0);
	assert_int_equal(cn_dgram_new(sim_host(ring->sim, host), family,
				      CN_DGRAM_UDP, &dgram),
			 0);
	assert_int_equal(cn_dgram_bind(dgram, &at), 0);
	return dgram;
}

/* ------------------------------------------------------------------- TCP -- */

/* Bulk both ways over two routers, the middle narrower than the rest, whether
 * the links cut super-segments or not. */
static void tcp_crosses_routers(int family, uint32_t tx_super,
				const struct cn_impair *impair)
{
	struct talk_plan plan = {
		.seed = 3,
		.family = (uint8_t)family,
		.port = 7,
		.start_at = START,
		.side = {{.octets = 300000}, {.octets = 300000}},
	};
	struct talk talk, *in[1] = {&talk};
	struct talk_server server;
	int host[2] = {A, B};
	struct ring ring;

	ring_init(&ring, 1500, 1300, tx_super, impair);
	assert_int_equal(talk_server_init(&server, ring.sim, B, family, 7, in,
					  1),
			 CN_OK);
	talk_init(&talk, &plan, ring.sim, R2_B, host, 0);
	assert_true(sim_pass(ring.sim, 60 * SEC));
	for (int j = 0; j < 2; j++) {
		assert_null(talk.end[j].fault);
		assert_int_equal(talk.end[j].phase, TALK_DONE);
		assert_int_equal(talk.end[j].received, 300000);
	}
	assert_true(count(&ring, R1)->ip_forwarded > 200);
	assert_true(count(&ring, R1)->icmp_out > 0);
	assert_int_equal(count(&ring, R1)->drop[CN_DROP_TCP_CHECKSUM], 0);
	assert_int_equal(count(&ring, B)->drop[CN_DROP_TCP_CHECKSUM], 0);
	assert_int_equal(count(&ring, A)->drop[CN_DROP_TCP_CHECKSUM], 0);
	talk_server_deinit(&server);
	ring_deinit(&ring);
}

static void bulk_crosses_routers(void **state)
{
	struct cn_impair impair = {.delay_ns = 5 * MS};

	(void)state;
	for (int family = 4; family <= 6; family += 2)
		for (uint32_t super = 0; super < 2; super++)
			tcp_crosses_routers(family, super * 60000, &impair);
	impair.loss = 0.02;
	impair.duplicate = 0.02;
	tcp_crosses_routers(4, 60000, &impair);
	tcp_crosses_routers(6, 0, &impair);
}

/* ------------------------------------------------------------------- UDP -- */

static void send(struct ring *ring, struct cn_dgram *from, uint32_t len,
		 int family)
{
	static uint8_t data[65507];
	struct cn_endpoint to = {sim_addr(R2_B, 1, family), 2000};

	for (uint32_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 13);
	assert_int_equal(
		cn_dgram_send(from, data, len, &to, sim_now(ring->sim)), len);
	assert_true(sim_pass(ring->sim, SEC));
}

static void expect(struct cn_dgram *dgram, uint32_t len)
{
	static uint8_t got[65536];

	assert_int_equal(cn_dgram_recv(dgram, got, sizeof(got), 0, NULL), len);
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(got[i], (uint8_t)(i * 13));
}

/* RFC 791 section 3.2 and RFC 1812 section 5.2.6: an IPv4 router cuts again
 * what has been cut, unless it must not. */
static void routers_fragment_and_tell(void **state)
{
	const struct cn_impair impair = {.delay_ns = MS};
	struct cn_dgram_error error;
	struct cn_dgram *a, *b, *a6, *b6;
	struct cn_addr r1;
	struct ring ring;

	(void)state;
	ring_init(&ring, 1500, 600, 0, &impair);
	a = dgram(&ring, A, 4, 1000);
	b = dgram(&ring, B, 4, 2000);
	assert_int_equal(cn_dgram_set(a, CN_DGRAM_OPT_MTU_DISCOVER, 0), 0);
	send(&ring, a, 1200, 4);
	expect(b, 1200);
	send(&ring, a, 65507, 4);
	expect(b, 65507);
	assert_true(count(&ring, R1)->frag_made > 110);
	assert_int_equal(count(&ring, R1)->icmp_out, 0);
	/* With DF: the first is lost and the MTU learned. */
	assert_int_equal(cn_dgram_set(a, CN_DGRAM_OPT_MTU_DISCOVER, 1), 0);
	assert_int_equal(cn_dgram_set(a, CN_DGRAM_OPT_RECVERR, 1), 0);
	send(&ring, a, 1200, 4);
	assert_int_equal(cn_dgram_readable(b), 0);
	assert_true(cn_dgram_recv_error(a, NULL, 0, &error) >= 0);
	assert_int_equal(error.err, CN_E_MSGSIZE);
	assert_int_equal(error.info, 600);
	r1 = sim_addr(A_R1, 1, 4);
	assert_true(cn_addr_equal(&error.offender, &r1));
	/* It has been told: reading the queue clears the pending error. */
	assert_int_equal(cn_dgram_error(a), 0);
	send(&ring, a, 1200, 4);
	expect(b, 1200);
	/* IPv6 routers never cut (RFC 8200 section 5 asks for 1280, so a
	 * smaller MTU is not believed). */
	a6 = dgram(&ring, A, 6, 1001);
	b6 = dgram(&ring, B, 6, 2001);
	(void)b6;
	assert_int_equal(cn_dgram_set(a6, CN_DGRAM_OPT_RECVERR, 1), 0);
	send(&ring, a6, 1400, 6);
	assert_true(cn_dgram_recv_error(a6, NULL, 0, &error) >= 0);
	assert_int_equal(error.type, 2);
	ring_deinit(&ring);
}

/* Whatever a path does to fragments, what is delivered is what was sent: each
 * datagram has its number and a pattern that follows from it. */
static void bad_paths_deliver_whole_datagrams(void **state)
{
	const struct cn_impair impair = {
		.delay_ns = 5 * MS,
		.jitter_ns = 4 * MS,
		.loss = 0.02,
		.duplicate = 0.03,
		.corrupt = 0.01,
		.reorder = 0.05,
	};
	enum { N = 400, LEN = 5000 };
	static uint8_t data[LEN], got[LEN + 1];
	unsigned heard = 0;

	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		struct cn_dgram *a, *b;
		struct ring ring;

		ring_init(&ring, 1500, 1300, 0, &impair);
		a = dgram(&ring, A, family, 1000);
		b = dgram(&ring, B, family, 2000);
		assert_int_equal(cn_dgram_set(a, CN_DGRAM_OPT_RECVERR, 0), 0);
		for (unsigned i = 0; i < N; i++) {
			struct cn_endpoint to = {sim_addr(R2_B, 1, family),
						 2000};
			int64_t n;

			for (unsigned k = 0; k < LEN; k++)
				data[k] = (uint8_t)(i + k * (2 * i + 1));
			data[0] = (uint8_t)i;
			data[1] = (uint8_t)(i >> 8);
			(void)cn_dgram_send(a, data, LEN, &to,
					    sim_now(ring.sim));
			assert_true(sim_pass(ring.sim, 20 * MS));
			while ((n = cn_dgram_recv(b, got, sizeof(got), 0,
						  NULL)) > 0) {
				unsigned j = got[0] | (unsigned)got[1] << 8;

				assert_int_equal(n, LEN);
				for (unsigned k = 2; k < LEN; k++)
					assert_int_equal(
						got[k],
						(uint8_t)(j + k * (2 * j + 1)));
				heard++;
			}
		}
		ring_deinit(&ring);
	}
	assert_in_range(heard, N / 2, 2 * N);
}

/* Each router names itself when the TTL ends at it, as traceroute shows.
 * Notes: row 149. */
static void time_exceeded_names_each_router(void **state)
{
	const struct cn_impair impair = {.delay_ns = MS};
	static const int by[2] = {A_R1, R1_R2};
	struct cn_dgram_error error;

	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		struct cn_dgram *a, *b;
		struct ring ring;

		ring_init(&ring, 1500, 1500, 0, &impair);
		a = dgram(&ring, A, family, 1000);
		b = dgram(&ring, B, family, 2000);
		assert_int_equal(cn_dgram_set(a, CN_DGRAM_OPT_RECVERR, 1), 0);
		for (int ttl = 1; ttl < 3; ttl++) {
			struct cn_addr hop = sim_addr(by[ttl - 1], 1, family);

			assert_int_equal(cn_dgram_set(a, CN_DGRAM_OPT_TTL, ttl),
					 0);
			send(&ring, a, 4, family);
			assert_int_equal(
				cn_dgram_recv_error(a, NULL, 0, &error), 0);
			assert_int_equal(error.err, CN_E_HOSTUNREACH);
			assert_int_equal(error.type, family == 4 ? 11 : 3);
			assert_true(cn_addr_equal(&error.offender, &hop));
			(void)cn_dgram_error(a);
		}
		assert_int_equal(cn_dgram_set(a, CN_DGRAM_OPT_TTL, 3), 0);
		send(&ring, a, 4, family);
		expect(b, 4);
		ring_deinit(&ring);
	}
}

/* ------------------------------------------------------------------ loops -- */

/* R1 to R2 to R3 to R1: what is for B's network goes round. */
static void make_loop(struct ring *ring, bool loop)
{
	if (loop)
		route(ring, R2, R2_B, R2_R3, 0);
	else
		route(ring, R2, R2_B, R2_B, 0);
	route(ring, R3, R2_B, R3_R1, 0);
	route(ring, R1, R2_B, R1_R2, 0);
}

static uint64_t forwarded(struct ring *ring)
{
	return count(ring, R1)->ip_forwarded + count(ring, R2)->ip_forwarded +
	       count(ring, R3)->ip_forwarded;
}

/* RFC 1812 section 5.3.1: each router takes one; the loop ends, and whoever
 * sent it is told. Notes: row 149. */
static void route_loop_ends_by_ttl(void **state)
{
	const struct cn_impair impair = {.delay_ns = MS};

	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		struct cn_dgram_error error;
		struct cn_dgram *a;
		struct ring ring;

		ring_init(&ring, 1500, 1500, 0, &impair);
		make_loop(&ring, true);
		a = dgram(&ring, A, family, 1000);
		assert_int_equal(cn_dgram_set(a, CN_DGRAM_OPT_RECVERR, 1), 0);
		send(&ring, a, 4, family);
		assert_int_equal(cn_dgram_recv_error(a, NULL, 0, &error), 0);
		assert_int_equal(error.type, family == 4 ? 11 : 3);
		/* The 64th router in turn is R1, next to A: its word needs no
		 * other to bring it. */
		assert_int_equal(forwarded(&ring), 63);
		assert_int_equal(count(&ring, R1)->drop[CN_DROP_IP_TTL], 1);
		ring_deinit(&ring);
	}
}

/*
 * Segments that were caught in a loop come out of it late, after copies of
 * them: the stream stays exact, and what is old is refused.
 * Notes: rows 47, 149.
 */
static void duplicates_that_escape_a_loop_are_refused(void **state)
{
	const struct cn_impair impair = {.delay_ns = 8 * MS};
	struct talk_plan plan = {
		.seed = 5,
		.family = 4,
		.port = 7,
		.start_at = START,
		.side = {{.octets = 60000}, {.octets = 1000}},
	};
	struct talk talk, *in[1] = {&talk};
	struct talk_server server;
	int host[2] = {A, B};
	struct ring ring;
	uint64_t refused;

	(void)state;
	ring_init(&ring, 1500, 1500, 0, &impair);
	make_loop(&ring, false);
	assert_int_equal(talk_server_init(&server, ring.sim, B, 4, 7, in, 1),
			 CN_OK);
	talk_init(&talk, &plan, ring.sim, R2_B, host, 0);
	/* The first window is under way when the ring closes, and opens again
	 * before the TTLs are used up. */
	assert_true(sim_pass(ring.sim, 60 * MS));
	make_loop(&ring, true);
	assert_true(sim_pass(ring.sim, 440 * MS));
	make_loop(&ring, false);
	assert_true(sim_pass(ring.sim, 60 * SEC));
	for (int j = 0; j < 2; j++) {
		assert_null(talk.end[j].fault);
		assert_int_equal(talk.end[j].phase, TALK_DONE);
	}
	assert_int_equal(talk.end[1].received, 60000);
	assert_true(count(&ring, R3)->ip_forwarded > 10);
	refused = count(&ring, B)->drop[CN_DROP_TCP_DUPLICATE] +
		  count(&ring, B)->drop[CN_DROP_TCP_SEQUENCE] +
		  count(&ring, B)->drop[CN_DROP_TCP_PAWS];
	assert_true(refused > 0);
	talk_server_deinit(&server);
	ring_deinit(&ring);
}

/* ---------------------------------------------------------------- refusals -- */

static void no_route_and_no_passing_of_link_locals(void **state)
{
	const struct cn_impair impair = {.delay_ns = MS};
	struct cn_endpoint to = {cn_addr_v4(169, 254, 1, 1), 9};
	struct cn_dgram_error error;
	struct cn_dgram *a;
	struct ring ring;
	uint64_t before;

	(void)state;
	ring_init(&ring, 1500, 1500, 0, &impair);
	a = dgram(&ring, A, 4, 1000);
	assert_int_equal(cn_dgram_set(a, CN_DGRAM_OPT_RECVERR, 1), 0);
	before = forwarded(&ring);
	assert_int_equal(cn_dgram_send(a, "x", 1, &to, sim_now(ring.sim)), 1);
	to.addr = cn_addr_v4(240, 0, 0, 1);
	assert_int_equal(cn_dgram_send(a, "x", 1, &to, sim_now(ring.sim)), 1);
	assert_true(sim_pass(ring.sim, SEC));
	assert_int_equal(count(&ring, R1)->drop[CN_DROP_IP_FORWARD], 2);
	assert_int_equal(forwarded(&ring), before);
	assert_int_equal(cn_dgram_recv_error(a, NULL, 0, &error), CN_E_AGAIN);
	/* R2 knows no way to elsewhere. */
	to.addr = cn_addr_v4(192, 0, 2, 1);
	assert_int_equal(cn_dgram_send(a, "x", 1, &to, sim_now(ring.sim)), 1);
	assert_true(sim_pass(ring.sim, SEC));
	assert_int_equal(cn_dgram_recv_error(a, NULL, 0, &error), 0);
	assert_int_equal(error.type, 3);
	assert_int_equal(error.code, 0);
	ring_deinit(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bulk_crosses_routers),
		cmocka_unit_test(routers_fragment_and_tell),
		cmocka_unit_test(bad_paths_deliver_whole_datagrams),
		cmocka_unit_test(time_exceeded_names_each_router),
		cmocka_unit_test(route_loop_ends_by_ttl),
		cmocka_unit_test(duplicates_that_escape_a_loop_are_refused),
		cmocka_unit_test(no_route_and_no_passing_of_link_locals),
	};

	return cmocka_run_group_tests_name("routers", tests, NULL, NULL);
}
