/* SPDX-License-Identifier: MIT */
/*
 * Paths that misbehave in one named way each, and what the sender makes of
 * them: no stall, next to nothing sent again in vain, and the throughput of
 * before within a few round trips.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "link/heap.h"
#include "sim/talk.h"

#define START (UINT64_C(1000) * CN_NS_PER_SEC)
#define MS CN_NS_PER_MS
#define SEC CN_NS_PER_SEC
#define MBIT UINT64_C(1000000)
/* Octets of data among those of packets of 1 500. */
#define SHARE (1448.0 / 1500)

struct flow {
	struct cn_pool *pool;
	struct sim *sim;
	struct talk talk, *in;
	struct talk_server server;
	struct cn_impair there, back;
	uint64_t longest_ns; /* without an octet received */
};

static void begin(struct flow *f, const struct cn_impair *there,
		  const struct cn_impair *back)
{
	struct sim_wire wire = {.mtu = 1500};
	struct talk_plan plan = {
		.seed = 1,
		.family = 4,
		.port = 7,
		.start_at = START,
		.side = {{.octets = UINT32_MAX}},
	};
	struct cn_settings set;
	int host[2] = {0, 1};

	*f = (struct flow){.there = *there, .back = *back};
	f->in = &f->talk;
	f->pool = cn_pool_new(&heap_memory);
	f->sim = sim_new(f->pool, 1, START, NULL);
	wire.impair[0] = *back;
	wire.impair[1] = *there;
	cn_settings_default(&set);
	assert_int_equal(sim_host_add(f->sim, &set), 0);
	assert_int_equal(sim_host_add(f->sim, &set), 1);
	assert_int_equal(sim_wire_add(f->sim, 0, 1, &wire), 0);
	assert_int_equal(talk_server_init(&f->server, f->sim, 1, 4, 7, &f->in,
					  1),
			 CN_OK);
	talk_init(&f->talk, &plan, f->sim, 0, host, 0);
}

/* As much as arrived was sent, octet by octet. */
static void end(struct flow *f)
{
	assert_null(f->talk.end[1].fault);
	sim_free(f->sim);
	cn_pool_free(f->pool);
}

static void change(struct flow *f)
{
	assert_int_equal(sim_wire_set(f->sim, 0, 0, &f->back), CN_OK);
	assert_int_equal(sim_wire_set(f->sim, 0, 1, &f->there), CN_OK);
}

/* Mbit/s of data received in that time from now on. */
static double pass(struct flow *f, uint64_t ns)
{
	uint32_t before = f->talk.end[1].received, last = before;
	uint64_t until = sim_now(f->sim) + ns, moved = sim_now(f->sim);

	while (sim_now(f->sim) < until) {
		uint64_t step = sim_now(f->sim) + 10 * MS;

		assert_int_equal(sim_run(f->sim, step < until ? step : until),
				 SIM_UNTIL);
		if (f->talk.end[1].received != last) {
			last = f->talk.end[1].received;
			moved = sim_now(f->sim);
		}
		if (sim_now(f->sim) - moved > f->longest_ns)
			f->longest_ns = sim_now(f->sim) - moved;
	}
	return (last - before) * 8.0 / ((double)ns / SEC) / MBIT;
}

static const struct cn_counters *sender(const struct flow *f)
{
	return cn_host_counters(sim_host(f->sim, 0));
}

/* Segments that came although they, or their octets, were there. */
static uint64_t came_twice(const struct flow *f)
{
	return cn_host_counters(sim_host(f->sim, 1))
		->drop[CN_DROP_TCP_DUPLICATE];
}

/* Time until mbit are carried again over one round trip. */
static uint64_t until_back(struct flow *f, double mbit, uint64_t rtt)
{
	uint64_t from = sim_now(f->sim);

	for (int i = 0; i < 1000; i++)
		if (pass(f, rtt) >= mbit)
			break;
	return sim_now(f->sim) - from;
}

static void report(const struct flow *f, const char *what, double mbit)
{
	const struct cn_counters *c = sender(f);

	print_message("# %s: %.2f Mbit/s, sent again %llu of %llu, in vain "
		      "%llu, timeouts %llu, undone %llu, probes %llu, longest "
		      "silence %llu ms\n",
		      what, mbit, (unsigned long long)c->tcp_retrans,
		      (unsigned long long)c->tcp_out,
		      (unsigned long long)came_twice(f),
		      (unsigned long long)c->tcp_rto_fired,
		      (unsigned long long)(c->tcp_dsack_undo + c->tcp_ts_undo +
					   c->tcp_spurious_rtos),
		      (unsigned long long)c->tcp_loss_probes,
		      (unsigned long long)(f->longest_ns / MS));
}

static const struct cn_impair ten_mbit = {
	.rate = 10 * MBIT, .delay_ns = 20 * MS, .queue = 100};
static const struct cn_impair plain_back = {.delay_ns = 20 * MS};

/* Half of all packets are up to half a round trip late, for a minute. */
static void reordering_by_half_a_window(void **state)
{
	struct cn_impair there = {.rate = 20 * MBIT,
				  .delay_ns = 20 * MS,
				  .jitter_ns = 10 * MS,
				  .queue = 200};
	uint64_t twice, out;
	struct flow f;
	double mbit;

	(void)state;
	begin(&f, &there, &plain_back);
	pass(&f, 10 * SEC);
	twice = came_twice(&f);
	out = sender(&f)->tcp_out;
	f.longest_ns = 0;
	mbit = pass(&f, 50 * SEC);
	report(&f, "reordering by half a window", mbit);
	twice = came_twice(&f) - twice;
	out = sender(&f)->tcp_out - out;
	assert_true(twice * 100 < out);
	assert_true(f.longest_ns <= 300 * MS);
	assert_true(mbit > 20 * SHARE * 0.8);
	end(&f);
}

/* ACKs wait for each other and come in clumps. */
static void ack_compression(void **state)
{
	struct cn_impair back = {
		.delay_ns = 20 * MS, .jitter_ns = 20 * MS, .keep_order = true};
	struct flow f;
	double mbit;

	(void)state;
	begin(&f, &ten_mbit, &plain_back);
	pass(&f, 5 * SEC);
	f.back = back;
	change(&f);
	assert_true(until_back(&f, 10 * SHARE * 0.8, 40 * MS) <= 400 * MS);
	f.longest_ns = 0;
	mbit = pass(&f, 20 * SEC);
	report(&f, "ACKs in clumps", mbit);
	assert_true(mbit > 10 * SHARE * 0.9);
	assert_int_equal(sender(&f)->tcp_rto_fired, 0);
	end(&f);
}

static void ack_loss_of_30_percent(void **state)
{
	struct cn_impair back = {.delay_ns = 20 * MS, .loss = 0.3};
	struct flow f;
	double mbit;

	(void)state;
	begin(&f, &ten_mbit, &plain_back);
	pass(&f, 5 * SEC);
	f.back = back;
	change(&f);
	assert_true(until_back(&f, 10 * SHARE * 0.8, 40 * MS) <= 400 * MS);
	f.longest_ns = 0;
	mbit = pass(&f, 20 * SEC);
	report(&f, "30 % of ACKs lost", mbit);
	assert_true(mbit > 10 * SHARE * 0.9);
	assert_true(f.longest_ns <= 300 * MS);
	end(&f);
}

/* Nothing gets through for two seconds, either way. */
static void outage_of_two_seconds(void **state)
{
	uint64_t silent_ns, back_ns;
	struct flow f;

	(void)state;
	begin(&f, &ten_mbit, &plain_back);
	pass(&f, 5 * SEC);
	f.there.loss = 1;
	f.back.loss = 1;
	change(&f);
	pass(&f, 2 * SEC);
	f.there.loss = 0;
	f.back.loss = 0;
	change(&f);
	/* The timeout has doubled meanwhile: it comes at the latest when the
	 * outage is as long ago as it lasted. */
	f.longest_ns = 0;
	silent_ns = until_back(&f, 0.1, 40 * MS);
	back_ns = until_back(&f, 10 * SHARE * 0.8, 40 * MS);
	report(&f, "an outage of 2 s", 0);
	print_message("# silent for %llu ms more, back %llu ms later\n",
		      (unsigned long long)(silent_ns / MS),
		      (unsigned long long)(back_ns / MS));
	assert_true(silent_ns <= 2 * SEC + 500 * MS);
	assert_true(back_ns <= 400 * MS);
	end(&f);
}

/* The round trip becomes 600 ms, more than a timeout: nothing is lost, and what
 * the timeout did is taken back. */
static void route_change_that_doubles_the_rtt(void **state)
{
	struct cn_impair there = {
		.rate = 10 * MBIT, .delay_ns = 150 * MS, .queue = 400};
	struct cn_impair back = {.delay_ns = 150 * MS};
	struct flow f;
	uint64_t twice;
	double mbit;

	(void)state;
	begin(&f, &there, &back);
	pass(&f, 20 * SEC);
	twice = came_twice(&f);
	f.there.delay_ns = f.back.delay_ns = 300 * MS;
	change(&f);
	mbit = pass(&f, 4 * SEC);
	report(&f, "a round trip twice as long", mbit);
	assert_true(until_back(&f, 10 * SHARE * 0.8, 600 * MS) <= 3 * SEC);
	assert_true(came_twice(&f) - twice <= 5);
	end(&f);
}

/* A bucket of tokens has run dry: of 50 Mbit/s five are left. */
static void token_bucket_runs_dry(void **state)
{
	struct cn_impair there = {
		.rate = 50 * MBIT, .delay_ns = 20 * MS, .queue = 100};
	struct flow f;
	double mbit;

	(void)state;
	begin(&f, &there, &plain_back);
	pass(&f, 10 * SEC);
	f.there.rate = 5 * MBIT;
	f.there.queue = 20;
	change(&f);
	f.longest_ns = 0;
	mbit = until_back(&f, 5 * SHARE * 0.8, 80 * MS) / (double)MS;
	assert_true(mbit <= 800);
	mbit = pass(&f, 10 * SEC);
	report(&f, "a bucket that runs dry", mbit);
	assert_true(mbit > 5 * SHARE * 0.9);
	assert_true(f.longest_ns <= 500 * MS);
	end(&f);
}

/*
 * A tenth of all packets is late, and now and then the queue overflows: what
 * was sent just before a retransmission and comes after it is no old duplicate
 * (tcp/arrive.c, paws_rejects), or one loss would lead to the next.
 */
static void reordering_round_a_loss(void **state)
{
	struct cn_impair there = {.rate = 100 * MBIT,
				  .delay_ns = 10 * MS,
				  .reorder = 0.1,
				  .reorder_ns = 5 * MS,
				  .queue = 166};
	struct cn_impair back = {.delay_ns = 10 * MS};
	struct flow f;
	double mbit;

	(void)state;
	begin(&f, &there, &back);
	mbit = pass(&f, 10 * SEC);
	report(&f, "reordering round a loss", mbit);
	assert_true(mbit > 100 * SHARE * 0.95);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reordering_by_half_a_window),
		cmocka_unit_test(reordering_round_a_loss),
		cmocka_unit_test(ack_compression),
		cmocka_unit_test(ack_loss_of_30_percent),
		cmocka_unit_test(outage_of_two_seconds),
		cmocka_unit_test(route_change_that_doubles_the_rtt),
		cmocka_unit_test(token_bucket_runs_dry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
