/* SPDX-License-Identifier: MIT */
/*
 * What the controllers make of a bottleneck: how much of it they get, what
 * they lose for it, and how they share it.  Whole hosts, virtual time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link/heap.h"
#include "sim/talk.h"

#define START (UINT64_C(1000) * CN_NS_PER_SEC)
#define MS CN_NS_PER_MS
#define MBIT UINT64_C(1000000)
#define FLOWS 8

/* A bottleneck and who sends through it. */
struct run {
	enum cn_cc cc, other; /* of the even flows, of the odd */
	uint64_t rate, rtt_ns;
	double loss;
	uint32_t queue; /* packets */
	bool marks; /* the path marks instead of losing */
	uint8_t ecn;
	bool unpaced;
	unsigned flows; /* 0: one */
	unsigned seconds; /* 0: ten */
	unsigned from; /* what comes before is not counted */
};

struct result {
	double mbit; /* of all */
	double flow[FLOWS];
	uint64_t retransmitted, timeouts, marked, dropped, reductions;
	uint64_t accurate, meddled; /* ends; what was found or refused */
};

static void make_hosts(struct sim *sim, const struct run *run)
{
	struct sim_wire wire = {.mtu = 1500};
	struct cn_settings set;

	cn_settings_default(&set);
	set.ecn = run->ecn ? run->ecn : set.ecn;
	set.pacing = !run->unpaced;
	set.sndbuf = 16 << 20;
	set.rcvbuf = 16 << 20;
	set.cc = (uint8_t)run->cc;
	wire.impair[0].delay_ns = run->rtt_ns / 2;
	wire.impair[1].delay_ns = run->rtt_ns / 2;
	wire.impair[1].rate = run->rate;
	wire.impair[1].loss = run->loss;
	wire.impair[1].queue = run->queue;
	wire.impair[1].ecn = run->marks;
	assert_int_equal(sim_host_add(sim, &set), 0);
	set.cc = (uint8_t)run->other;
	assert_int_equal(sim_host_add(sim, &set), 1);
	assert_int_equal(sim_wire_add(sim, 0, 1, &wire), 0);
}

static struct result simulate(const struct run *run)
{
	struct cn_pool *pool = cn_pool_new(&heap_memory);
	struct sim *sim = sim_new(pool, 1, START, NULL);
	unsigned n = run->flows ? run->flows : 1, i;
	unsigned seconds = run->seconds ? run->seconds : 10;
	uint64_t from = START + run->from * CN_NS_PER_SEC;
	struct talk talk[FLOWS], *in[FLOWS];
	uint32_t before[FLOWS];
	struct talk_server server;
	struct result result = {0};
	struct cn_path_stats stats;
	const int host[2] = {0, 1};

	make_hosts(sim, run);
	for (i = 0; i < n; i++)
		in[i] = &talk[i];
	assert_int_equal(talk_server_init(&server, sim, 1, 4, 7, in, (int)n),
			 CN_OK);
	for (i = 0; i < n; i++) {
		struct talk_plan plan = {
			.seed = i + 1,
			.family = 4,
			.port = 7,
			.start_at = START + i * 37 * MS,
			.side = {{.octets = UINT32_MAX}},
		};

		talk_init(&talk[i], &plan, sim, 0, host, 0);
	}
	if (run->from)
		assert_int_equal(sim_run(sim, from), SIM_UNTIL);
	for (i = 0; i < n; i++)
		before[i] = run->from ? talk[i].end[1].received : 0;
	assert_int_equal(sim_run(sim, START + seconds * CN_NS_PER_SEC),
			 SIM_UNTIL);
	for (i = 0; i < n; i++) {
		assert_null(talk[i].end[1].fault);
		result.flow[i] = (talk[i].end[1].received - before[i]) * 8.0 /
				 (double)(seconds - run->from) / 1e6;
		result.mbit += result.flow[i];
	}
	sim_wire_stats(sim, 0, 1, &stats);
	result.marked = stats.marked;
	result.dropped = stats.queue_drops + stats.lost;
	result.retransmitted = cn_host_counters(sim_host(sim, 0))->tcp_retrans;
	for (int end = 0; end < 2; end++) {
		const struct cn_counters *count =
			cn_host_counters(sim_host(sim, end));

		result.reductions += count->ecn_reductions;
		result.accurate += count->accecn_opens;
		result.meddled += count->accecn_meddled + count->accecn_refused;
	}
	result.timeouts = cn_host_counters(sim_host(sim, 0))->tcp_rto_fired;
	print_message("# %s: %.2f Mbit/s, %llu sent again, %llu dropped,"
		      " %llu marked, %llu timeouts\n",
		      run->cc == CN_CC_BBR   ? "BBR" :
		      run->cc == CN_CC_CUBIC ? "CUBIC" :
					       "Reno",
		      result.mbit, (unsigned long long)result.retransmitted,
		      (unsigned long long)result.dropped,
		      (unsigned long long)result.marked,
		      (unsigned long long)result.timeouts);
	sim_free(sim);
	cn_pool_free(pool);
	return result;
}

/* A path that loses one packet in a hundred says nothing of its rate. */
static void bbr_keeps_its_rate_at_one_percent_of_loss(void **state)
{
	struct run run = {.cc = CN_CC_BBR,
			  .rate = 100 * MBIT,
			  .rtt_ns = 20 * MS,
			  .loss = 0.01,
			  .queue = 1000};

	(void)state;
	assert_true(simulate(&run).mbit > 85);
	run.loss = 0.001;
	assert_true(simulate(&run).mbit > 90);
}

static void a_clean_path_is_filled(void **state)
{
	static const struct {
		enum cn_cc cc;
		uint64_t rtt_ms;
		double least;
	} table[] = {
		{CN_CC_CUBIC, 20, 94},
		{CN_CC_CUBIC, 100, 94},
		{CN_CC_BBR, 20, 92},
		{CN_CC_BBR, 100, 91},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct run run = {.cc = table[i].cc,
				  .rate = 100 * MBIT,
				  .rtt_ns = table[i].rtt_ms * MS,
				  .queue = 1000,
				  .seconds = 12,
				  .from = 4};

		assert_true(simulate(&run).mbit > table[i].least);
	}
}

/* Three times the path's own volume of buffer: slow start is over before it
 * is full. */
static void hystart_leaves_before_the_queue_overflows(void **state)
{
	struct run run = {.cc = CN_CC_CUBIC,
			  .rate = 100 * MBIT,
			  .rtt_ns = 40 * MS,
			  .queue = 1000,
			  .seconds = 3};

	(void)state;
	assert_int_equal(simulate(&run).dropped, 0);
	run.cc = CN_CC_RENO;
	assert_true(simulate(&run).dropped > 0);
}

/* Marks instead of losses: the window is as small, and nothing is lost. */
static void marks_take_the_place_of_losses(void **state)
{
	struct run run = {.cc = CN_CC_CUBIC,
			  .rate = 20 * MBIT,
			  .rtt_ns = 20 * MS,
			  .loss = 0.002,
			  .queue = 10000,
			  .ecn = 1,
			  .marks = true};
	struct result result;

	(void)state;
	for (int i = 0; i < 2 * CN_CC_N; i++) {
		run.cc = (enum cn_cc)(i / 2);
		run.ecn = i & 1 ? 3 : 1; /* RFC 9768, RFC 3168 */
		result = simulate(&run);
		assert_true(result.marked > 0);
		assert_int_equal(result.dropped, 0);
		assert_int_equal(result.retransmitted, 0);
		assert_true(result.reductions > 0);
		assert_true(result.reductions <= result.marked);
		assert_int_equal(result.accurate, i & 1 ? 2 : 0);
		assert_int_equal(result.meddled, 0);
	}
}

/* Jain's index: 1 where all are equal, 1 / n where one has it all. */
static double jain(const struct result *result, unsigned n)
{
	double sum = 0, squares = 0;

	for (unsigned i = 0; i < n; i++) {
		sum += result->flow[i];
		squares += result->flow[i] * result->flow[i];
		print_message("# flow %u: %.2f\n", i, result->flow[i]);
	}
	print_message("# Jain's index %.4f\n", sum * sum / (n * squares));
	return sum * sum / (n * squares);
}

static void eight_equal_flows_share_equally(void **state)
{
	static const enum cn_cc table[] = {CN_CC_CUBIC, CN_CC_RENO, CN_CC_BBR};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct run run = {.cc = table[i],
				  .rate = 50 * MBIT,
				  .rtt_ns = 20 * MS,
				  .queue = 85,
				  .flows = 8,
				  .seconds = 25,
				  .from = 5};
		struct result result = simulate(&run);

		assert_true(jain(&result, 8) >= 0.95);
	}
}

/* Where the queue is short a window must not come as one burst. */
static void pacing_fills_a_path_with_a_short_queue(void **state)
{
	struct run run = {.cc = CN_CC_CUBIC,
			  .rate = 50 * MBIT,
			  .rtt_ns = 100 * MS,
			  .queue = 50};
	double paced = simulate(&run).mbit;

	(void)state;
	run.unpaced = true;
	assert_true(paced > 1.2 * simulate(&run).mbit);
}

/* One more way to look: sim-congestion CC MBIT RTT_MS LOSS QUEUE SECONDS
 * UNPACED FLOWS. */
static int look(char **argv)
{
	struct run run = {.cc = (enum cn_cc)atoi(argv[1]),
			  .rate = (uint64_t)atoi(argv[2]) * MBIT,
			  .rtt_ns = (uint64_t)atoi(argv[3]) * MS,
			  .loss = atof(argv[4]) / 100,
			  .queue = (uint32_t)atoi(argv[5]),
			  .seconds = (unsigned)atoi(argv[6]),
			  .unpaced = atoi(argv[7]),
			  .flows = (unsigned)atoi(argv[8])};
	struct result result = simulate(&run);

	if (run.flows > 1)
		jain(&result, run.flows);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bbr_keeps_its_rate_at_one_percent_of_loss),
		cmocka_unit_test(a_clean_path_is_filled),
		cmocka_unit_test(hystart_leaves_before_the_queue_overflows),
		cmocka_unit_test(marks_take_the_place_of_losses),
		cmocka_unit_test(pacing_fills_a_path_with_a_short_queue),
		cmocka_unit_test(eight_equal_flows_share_equally),
	};

	if (argc == 9)
		return look(argv);
	if (getenv("CATENET_SIM_ONE"))
		cmocka_set_test_filter(getenv("CATENET_SIM_ONE"));
	return cmocka_run_group_tests_name("congestion", tests, NULL, NULL);
}
