/* SPDX-License-Identifier: MIT */
/* RFC 1191 and RFC 8201 from end to end: a path narrower than the wire says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "link/heap.h"
#include "sim/talk.h"

#define START (UINT64_C(1000) * CN_NS_PER_SEC)
#define TALKS 4

/* Connections that began before any of them knew: each must learn, whoever is
 * told first. */
static void all_learn(int family, uint32_t mtu, uint32_t path_mtu,
		      uint32_t tx_super)
{
	struct cn_pool *pool = cn_pool_new(&heap_memory);
	struct sim *sim = sim_new(pool, 1, START, NULL);
	struct sim_wire wire = {
		.mtu = mtu,
		.path_mtu = {path_mtu, path_mtu},
		.tx_csum = tx_super > 0,
		.tx_super = tx_super,
	};
	struct talk talk[TALKS], *in[TALKS];
	struct talk_server server;
	struct cn_settings set;
	int host[2] = {0, 1};

	wire.impair[0].delay_ns = 20 * CN_NS_PER_MS;
	wire.impair[1].delay_ns = 20 * CN_NS_PER_MS;
	cn_settings_default(&set);
	assert_int_equal(sim_host_add(sim, &set), 0);
	assert_int_equal(sim_host_add(sim, &set), 1);
	assert_int_equal(sim_wire_add(sim, 0, 1, &wire), 0);
	assert_int_equal(
		talk_server_init(&server, sim, 1, family, 7, in, TALKS), CN_OK);
	for (int i = 0; i < TALKS; i++) {
		struct talk_plan plan = {
			.seed = (uint64_t)i,
			.family = (uint8_t)family,
			.port = 7,
			.start_at = START + (unsigned)i * CN_NS_PER_MS,
			.side = {{.octets = 100000}, {.octets = 100000}},
		};

		in[i] = &talk[i];
		talk_init(&talk[i], &plan, sim, 0, host, 0);
	}
	assert_true(sim_pass(sim, 5 * CN_NS_PER_SEC));
	for (int i = 0; i < TALKS; i++)
		for (int j = 0; j < 2; j++) {
			assert_null(talk[i].end[j].fault);
			assert_int_equal(talk[i].end[j].phase, TALK_DONE);
			assert_int_equal(talk[i].end[j].received, 100000);
		}
	talk_server_deinit(&server);
	sim_free(sim);
	assert_int_equal(cn_pool_in_use(pool), 0);
	cn_pool_free(pool);
}

static void every_connection_of_a_host_learns(void **state)
{
	(void)state;
	all_learn(4, 1500, 1006, 0);
	all_learn(4, 1500, 576, 65535);
	all_learn(4, 65535, 600, 0);
	all_learn(6, 1500, 1280, 0);
	all_learn(6, 9000, 1300, 65535);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_connection_of_a_host_learns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
