/* SPDX-License-Identifier: MIT */
/*
 * Throughput as a snapshot: what one flow gets on a few paths with each
 * controller, in virtual time, against table.txt.  A change that moves a cell
 * shows it in its diff; `sim-table FILE --write` writes the new one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/heap.h"
#include "sim/talk.h"

#define START (UINT64_C(1000) * CN_NS_PER_SEC)
#define SECONDS 10
#define MS CN_NS_PER_MS
#define MBIT UINT64_C(1000000)

struct path {
	const char *name;
	struct cn_impair impair; /* toward the receiver; back: delay alone */
};

static const struct path paths[] = {
	{"10 Mbit/s, 20 ms, deep queue",
	 {.rate = 10 * MBIT, .delay_ns = 10 * MS, .queue = 1000}},
	{"10 Mbit/s, 20 ms, shallow queue",
	 {.rate = 10 * MBIT, .delay_ns = 10 * MS, .queue = 10}},
	{"10 Mbit/s, 100 ms, loss 0.1 %",
	 {.rate = 10 * MBIT, .delay_ns = 50 * MS, .loss = 0.001, .queue = 200}},
	{"10 Mbit/s, 100 ms, loss 1 %",
	 {.rate = 10 * MBIT, .delay_ns = 50 * MS, .loss = 0.01, .queue = 200}},
	{"50 Mbit/s, 20 ms, loss 3 %",
	 {.rate = 50 * MBIT, .delay_ns = 10 * MS, .loss = 0.03, .queue = 200}},
	{"50 Mbit/s, 20 ms, bursts of loss",
	 {.rate = 50 * MBIT,
	  .delay_ns = 10 * MS,
	  .burst_p = 0.001,
	  .burst_r = 0.2,
	  .burst_bad = 1,
	  .queue = 200}},
	{"50 Mbit/s, 20 ms, reordering 5 %",
	 {.rate = 50 * MBIT,
	  .delay_ns = 10 * MS,
	  .reorder = 0.05,
	  .reorder_ns = 2 * MS,
	  .queue = 200}},
	{"100 Mbit/s, 2 ms, clean",
	 {.rate = 100 * MBIT, .delay_ns = 1 * MS, .queue = 100}},
};

struct cell {
	double mbit;
	unsigned long long retransmitted;
};

static bool measure(const struct path *path, enum cn_cc cc, struct cell *cell)
{
	struct cn_pool *pool = cn_pool_new(&heap_memory);
	struct sim *sim = sim_new(pool, 1, START, NULL);
	struct sim_wire wire = {.mtu = 1500};
	struct talk_plan plan = {
		.seed = 1,
		.family = 4,
		.port = 7,
		.start_at = START,
		.side = {{.octets = UINT32_MAX}},
	};
	struct talk talk, *in = &talk;
	struct talk_server server;
	struct cn_settings set;
	int host[2] = {0, 1};
	bool good;

	wire.impair[0].delay_ns = path->impair.delay_ns;
	wire.impair[1] = path->impair;
	cn_settings_default(&set);
	set.cc = (uint8_t)cc;
	good = sim_host_add(sim, &set) == 0 && sim_host_add(sim, &set) == 1 &&
	       sim_wire_add(sim, 0, 1, &wire) == 0 &&
	       talk_server_init(&server, sim, 1, 4, 7, &in, 1) == CN_OK;
	if (good) {
		talk_init(&talk, &plan, sim, 0, host, 0);
		good = sim_run(sim, START + SECONDS * CN_NS_PER_SEC) ==
			       SIM_UNTIL &&
		       !talk.end[1].fault;
		cell->mbit = talk.end[1].received * 8.0 / SECONDS / MBIT;
		cell->retransmitted =
			cn_host_counters(sim_host(sim, 0))->tcp_retrans;
	}
	sim_free(sim);
	cn_pool_free(pool);
	return good;
}

/* The whole table; false when a cell could not be measured. */
static bool make_table(char *text, size_t size)
{
	static const char *const names[CN_CC_N] = {[CN_CC_CUBIC] = "CUBIC",
						   [CN_CC_RENO] = "Reno",
						   [CN_CC_BBR] = "BBR"};
	size_t n = (size_t)snprintf(
		text, size,
		"One flow, %d s, receive buffer as by default: goodput in"
		" Mbit/s (segments sent again)\n\n%-36s %18s %18s %18s\n",
		SECONDS, "path (rate, round trip)", names[0], names[1],
		names[2]);

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		n += (size_t)snprintf(text + n, size - n, "%-36s",
				      paths[i].name);
		for (int cc = 0; cc < CN_CC_N; cc++) {
			struct cell cell;

			if (!measure(&paths[i], (enum cn_cc)cc, &cell))
				return false;
			n += (size_t)snprintf(text + n, size - n,
					      " %10.2f (%5llu)", cell.mbit,
					      cell.retransmitted);
		}
		n += (size_t)snprintf(text + n, size - n, "\n");
	}
	return true;
}

int main(int argc, char **argv)
{
	static char text[16384], old[16384];
	FILE *file;

	if (argc < 2) {
		fprintf(stderr, "usage: %s table.txt [--write]\n", argv[0]);
		return 2;
	}
	if (!make_table(text, sizeof(text))) {
		printf("not ok 1 - every cell is measured\n1..1\n");
		return 1;
	}
	if (argc > 2) {
		file = fopen(argv[1], "w");
		return !file || fputs(text, file) < 0 || fclose(file) != 0;
	}
	file = fopen(argv[1], "r");
	if (file) {
		old[fread(old, 1, sizeof(old) - 1, file)] = '\0';
		fclose(file);
	}
	if (strcmp(text, old) != 0) {
		for (char *line = strtok(text, "\n"); line;
		     line = strtok(NULL, "\n"))
			printf("# now: %s\n", line);
		printf("not ok 1 - the table is as in table.txt\n1..1\n");
		return 1;
	}
	printf("ok 1 - the table is as in table.txt\n1..1\n");
	return 0;
}
