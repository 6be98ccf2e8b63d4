/* SPDX-License-Identifier: MIT */
/*
 * bench-bdp: one flow over a simulated path of 100 Mbit/s with a round trip of
 * 100 ms, in virtual time, buffers as by default.  What the receiving program
 * has read from the third second to the thirtieth, against the rate.  The same
 * number on every machine.
 */
#include <stdio.h>
#include <stdlib.h>

#include "link/heap.h"
#include "sim/talk.h"

#define START (UINT64_C(1000) * CN_NS_PER_SEC)
#define RATE UINT64_C(100000000)
#define FROM 2 /* whole seconds that are not counted */
#define UNTIL 30

static void must(bool good, const char *what)
{
	if (!good) {
		fprintf(stderr, "bench-bdp: %s\n", what);
		exit(1);
	}
}

int main(void)
{
	struct cn_pool *pool = cn_pool_new(&heap_memory);
	struct sim *sim = sim_new(pool, 1, START, NULL);
	struct cn_impair impair = {.delay_ns = 50 * CN_NS_PER_MS, .rate = RATE};
	struct sim_wire wire = {.mtu = 1500, .impair = {impair, impair}};
	struct talk_plan plan = {.seed = 1,
				 .family = 4,
				 .port = 7,
				 .start_at = START,
				 .side = {{.octets = UINT32_MAX}}};
	struct talk_server server;
	struct talk talk, *in = &talk;
	struct cn_settings set;
	int host[2] = {0, 1};
	uint32_t before;
	double rate;

	cn_settings_default(&set);
	must(sim_host_add(sim, &set) == 0 && sim_host_add(sim, &set) == 1 &&
		     sim_wire_add(sim, 0, 1, &wire) == 0 &&
		     !talk_server_init(&server, sim, 1, 4, 7, &in, 1),
	     "the stage");
	talk_init(&talk, &plan, sim, 0, host, 0);
	must(sim_run(sim, START + FROM * CN_NS_PER_SEC) == SIM_UNTIL, "run");
	before = talk.end[1].received;
	must(sim_run(sim, START + UNTIL * CN_NS_PER_SEC) == SIM_UNTIL &&
		     !talk.end[1].fault,
	     "run");
	rate = (talk.end[1].received - before) * 8.0 / (UNTIL - FROM);
	printf("bdp_100m_100ms\t%.2f\tMbit/s\trate\t%.3f\n", rate / 1e6,
	       rate / (double)RATE);
	sim_free(sim);
	cn_pool_free(pool);
	return 0;
}
