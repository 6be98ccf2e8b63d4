/* SPDX-License-Identifier: MIT */
/*
 * Row 13 of the attacks under the virtual clock: 100 000 SYNs a second at a
 * listener, over a path that loses one packet in twenty, while honest clients
 * connect and speak.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <catenet/socket.h>

#include "forge.h"
#include "host/host.h"
#include "link/heap.h"
#include "sim/sim.h"

#define START (UINT64_C(1000) * CN_NS_PER_SEC)
#define MS CN_NS_PER_MS
#define PORT 80
#define BACKLOG 128
#define SYNS_PER_MS 100
#define FLOOD_MS 2000
#define HONEST (FLOOD_MS / 10)

struct stage {
	struct cn_pool *pool;
	struct sim *sim;
	struct cn_sock *listener;
	struct cn_sock *client[HONEST], *server[HONEST];
	unsigned served;
	struct random random;
};

static uint64_t now_of(const struct stage *stage)
{
	return sim_now(stage->sim);
}

static void stage_init(struct stage *stage, struct cn_settings *set,
		       uint64_t seed)
{
	struct cn_endpoint here = {cn_addr_v4(0, 0, 0, 0), PORT};
	struct sim_wire wire = {.mtu = 1500};

	memset(stage, 0, sizeof(*stage));
	stage->pool = cn_pool_new(&heap_memory);
	stage->sim = sim_new(stage->pool, seed, START, NULL);
	sim_random(stage->sim, &stage->random, 13);
	for (int i = 0; i < 2; i++) {
		wire.impair[i].delay_ns = 10 * MS;
		wire.impair[i].loss = 0.05;
		assert_int_equal(sim_host_add(stage->sim, set), i);
	}
	assert_int_equal(sim_wire_add(stage->sim, 0, 1, &wire), 0);
	assert_int_equal(
		cn_sock_new(sim_host(stage->sim, 1), 4, &stage->listener), 0);
	assert_int_equal(cn_sock_bind(stage->listener, &here), 0);
	assert_int_equal(
		cn_sock_listen(stage->listener, BACKLOG, now_of(stage)), 0);
}

static void stage_deinit(struct stage *stage)
{
	sim_free(stage->sim);
	assert_int_equal(cn_pool_in_use(stage->pool), 0);
	cn_pool_free(stage->pool);
}

/* One from anywhere; who it was knows nothing of it, and nobody answers. */
static void forged_syn(struct stage *stage)
{
	uint64_t chance = random_u64(&stage->random);
	struct cn_endpoint from = {
		cn_addr_v4(198, 18, (uint8_t)chance, (uint8_t)(chance >> 8)),
		(uint16_t)(1024 + (chance >> 16 & 0x7fff)),
	};
	struct cn_endpoint to = {sim_addr(0, 1, 4), PORT};
	struct tcp_seg syn = {
		.seq = (uint32_t)(chance >> 32),
		.flags = TCP_SYN,
		.len = 1,
		.wnd = 64240,
		.mss = 1460,
		.wscale = 7,
		.options = TCP_OPT_MSS | TCP_OPT_SACK_OK | TCP_OPT_TS |
			   TCP_OPT_WSCALE,
	};
	struct cn_frame frame;

	assert_true(forge(stage->pool, &from, &to, &syn, NULL, &frame));
	sim_inject(stage->sim, 0, 1, &frame);
	cn_frame_release(&frame);
}

static void connect_one(struct stage *stage, unsigned i)
{
	struct cn_endpoint to = {sim_addr(0, 1, 4), PORT};

	assert_int_equal(
		cn_sock_new(sim_host(stage->sim, 0), 4, &stage->client[i]), 0);
	assert_int_equal(cn_sock_connect(stage->client[i], &to, now_of(stage)),
			 CN_E_INPROGRESS);
}

static void serve(struct stage *stage)
{
	char octets[16];
	struct cn_sock *sock;

	while (stage->served < HONEST &&
	       !cn_sock_accept(stage->listener, &sock, now_of(stage)))
		stage->server[stage->served++] = sock;
	for (unsigned i = 0; i < stage->served; i++) {
		int64_t n = cn_sock_recv(stage->server[i], octets, 16, 0,
					 now_of(stage));

		if (n > 0)
			assert_int_equal(cn_sock_send(stage->server[i], octets,
						      (size_t)n, 0,
						      now_of(stage)),
					 n);
	}
}

static void speak(struct stage *stage, bool *asked, bool *answered)
{
	char octets[16];

	for (unsigned i = 0; i < HONEST; i++) {
		struct cn_sock *sock = stage->client[i];

		if (!sock || answered[i])
			continue;
		if (!asked[i])
			asked[i] = cn_sock_send(sock, "honest", 6, 0,
						now_of(stage)) == 6;
		if (cn_sock_recv(sock, octets, 16, 0, now_of(stage)) == 6)
			answered[i] = true;
	}
}

static unsigned flood(struct stage *stage, size_t *most)
{
	bool asked[HONEST] = {false}, answered[HONEST] = {false};
	unsigned done = 0;

	*most = 0;
	for (unsigned ms = 0; ms < 60 * FLOOD_MS; ms++) {
		size_t memory = cn_host_memory(sim_host(stage->sim, 1), NULL);

		if (ms < FLOOD_MS && ms % 10 == 0)
			connect_one(stage, ms / 10);
		for (unsigned i = 0; ms < FLOOD_MS && i < SYNS_PER_MS; i++) {
			forged_syn(stage);
			/* As a driver does: output is drained in between. */
			if (i % 25 == 24)
				assert_true(sim_pass(stage->sim, MS / 4));
		}
		if (ms >= FLOOD_MS)
			assert_true(sim_pass(stage->sim, MS));
		serve(stage);
		speak(stage, asked, answered);
		if (ms < FLOOD_MS && memory > *most)
			*most = memory;
	}
	for (unsigned i = 0; i < HONEST; i++)
		done += answered[i];
	return done;
}

static void the_honest_connect_through_a_flood(void **state)
{
	const struct cn_counters *count;
	struct cn_settings set;
	struct stage stage;
	size_t most;

	(void)state;
	cn_settings_default(&set);
	stage_init(&stage, &set, 1313);
	assert_int_equal(flood(&stage, &most), HONEST);
	count = cn_host_counters(sim_host(stage.sim, 1));
	/* Both queues, and the honest who have been accepted. */
	assert_in_range(most, 1, (2 * BACKLOG + 2) * 64 + (HONEST + 64) * 4096);
	assert_in_range(count->tcp_syn_cached, BACKLOG + 1, 2 * BACKLOG);
	assert_true(count->syncookies_sent >
		    FLOOD_MS * SYNS_PER_MS * 9ull / 10);
	assert_true(count->syncookies_recv >= HONEST * 9 / 10);
	stage_deinit(&stage);
}

/* The same without cookies, so that the test is known to test something. */
static void without_cookies_few_do(void **state)
{
	struct cn_settings set;
	struct stage stage;
	unsigned open = 0;

	(void)state;
	cn_settings_default(&set);
	set.syncookies = 0;
	stage_init(&stage, &set, 1313);
	for (unsigned ms = 0; ms < FLOOD_MS; ms++) {
		if (ms % 10 == 0)
			connect_one(&stage, ms / 10);
		for (unsigned i = 0; i < SYNS_PER_MS / 10; i++)
			forged_syn(&stage);
		assert_true(sim_pass(stage.sim, MS));
	}
	for (unsigned i = 0; i < HONEST; i++)
		open += cn_sock_state(stage.client[i]) == CN_ESTABLISHED;
	assert_in_range(open, 0, HONEST / 10);
	stage_deinit(&stage);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_honest_connect_through_a_flood),
		cmocka_unit_test(without_cookies_few_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
