/* SPDX-License-Identifier: MIT */
#include "stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link/heap.h"

static void on_packet(void *ctx, int wire, int toward,
		      const struct cn_frame *frame, enum cn_fate fate,
		      uint64_t now)
{
	struct stage *stage = ctx;
	struct cn_endpoint from, to;
	struct tcp_seg seg;

	(void)wire;
	(void)fate;
	(void)now;
	if (!forge_read(frame, &from, &to, &seg))
		return;
	stage->last[!toward] = seg;
	stage->segments[!toward]++;
	if (seg.flags == TCP_ACK && !seg.data_len)
		stage->bare_acks[!toward]++;
	if (seg.flags == (TCP_SYN | TCP_ACK))
		stage->syn_acks++;
	if (stage->see)
		stage->see(stage, !toward, &seg);
}

void stage_init(struct stage *stage, const struct cn_settings *set,
		uint64_t seed)
{
	struct sim_watch watch = {.packet = on_packet, .ctx = stage};
	struct sim_wire wire = {.mtu = 1500};

	memset(stage, 0, sizeof(*stage));
	stage->pool = cn_pool_new(&heap_memory);
	if (set)
		stage->set = *set;
	else
		cn_settings_default(&stage->set);
	stage->sim = sim_new(stage->pool, seed, START, &watch);
	sim_random(stage->sim, &stage->random, 99);
	wire.impair[0].delay_ns = 10 * MS;
	wire.impair[1].delay_ns = 10 * MS;
	assert_int_equal(sim_host_add(stage->sim, &stage->set), 0);
	assert_int_equal(sim_host_add(stage->sim, &stage->set), 1);
	assert_int_equal(sim_wire_add(stage->sim, 0, 1, &wire), 0);
}

void stage_deinit(struct stage *stage)
{
	sim_free(stage->sim);
	assert_int_equal(cn_pool_in_use(stage->pool), 0);
	cn_pool_free(stage->pool);
}

uint64_t stage_now(const struct stage *stage)
{
	return sim_now(stage->sim);
}

void stage_pass(struct stage *stage, uint64_t ns)
{
	assert_true(sim_pass(stage->sim, ns));
}

struct cn_endpoint stage_at(int end, uint16_t port)
{
	return (struct cn_endpoint){sim_addr(0, end, 4), port};
}

struct cn_sock *stage_listens(struct stage *stage)
{
	struct cn_endpoint local = {cn_addr_v4(0, 0, 0, 0), PORT};
	struct cn_sock *sock;

	assert_int_equal(cn_sock_new(sim_host(stage->sim, 1), 4, &sock), CN_OK);
	assert_int_equal(cn_sock_bind(sock, &local), CN_OK);
	assert_int_equal(cn_sock_listen(sock, 100, stage_now(stage)), CN_OK);
	return sock;
}

struct cn_sock *stage_connects(struct stage *stage, struct cn_endpoint peer)
{
	struct cn_sock *sock;

	assert_int_equal(cn_sock_new(sim_host(stage->sim, 0), 4, &sock), CN_OK);
	assert_int_equal(cn_sock_connect(sock, &peer, stage_now(stage)),
			 CN_E_INPROGRESS);
	return sock;
}

void stage_establish(struct stage *stage)
{
	struct cn_endpoint local;

	stage->listener = stage_listens(stage);
	stage->client = stage_connects(stage, stage_at(1, PORT));
	cn_sock_name(stage->client, &local);
	stage->client_port = local.port;
	stage_pass(stage, CN_NS_PER_SEC);
	assert_int_equal(cn_sock_accept(stage->listener, &stage->server,
					stage_now(stage)),
			 CN_OK);
	assert_int_equal(cn_sock_state(stage->client), CN_ESTABLISHED);
	assert_int_equal(cn_sock_state(stage->server), CN_ESTABLISHED);
}

void stage_spoof(struct stage *stage, const struct tcp_seg *seg)
{
	struct cn_endpoint from = stage_at(0, stage->client_port),
			   to = stage_at(1, PORT);
	struct cn_frame frame;

	assert_true(forge(stage->pool, &from, &to, seg, NULL, &frame));
	sim_inject(stage->sim, 0, 1, &frame);
	cn_frame_release(&frame);
}

uint32_t stage_any(struct stage *stage)
{
	return (uint32_t)random_u64(&stage->random);
}

void stage_still_speaks(struct stage *stage)
{
	char octets[8];

	stage_pass(stage, CN_NS_PER_SEC);
	assert_int_equal(cn_sock_state(stage->client), CN_ESTABLISHED);
	assert_int_equal(cn_sock_state(stage->server), CN_ESTABLISHED);
	assert_int_equal(cn_sock_send(stage->client, "hello", 5, 0,
				      stage_now(stage)),
			 5);
	stage_pass(stage, CN_NS_PER_SEC);
	assert_int_equal(
		cn_sock_recv(stage->server, octets, 8, 0, stage_now(stage)), 5);
	assert_memory_equal(octets, "hello", 5);
}
