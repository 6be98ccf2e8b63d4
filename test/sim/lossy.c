/* SPDX-License-Identifier: MIT */
/*
 * Whole hosts over bad wires: connections of 0 to 1 MiB both ways at once,
 * every one of them byte-exact, through the state diagram's arrows alone,
 * closed at both ends, its memory given back, each lost packet accounted for.
 *
 *	sim-lossy [--part I/N] [--connections N] [--from SEED]
 *	sim-lossy --times ...	each run at other times and with other sequence
 *				numbers, too: the same must happen
 *	sim-lossy --seed SEED [--at MS] [-v]	one run again, and what it was
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arrows.h"
#include "scene.h"

#define CASE_CONNECTIONS 1000

struct run {
	const struct scene *scene;
	struct sim *sim;
	struct arrows *arrows;
	struct run_host {
		struct run *run;
		int host;
		struct cn_trace_sink sink;
	} host[2];
	uint64_t fates[2][CN_FATE_TOO_BIG + 1];
	uint64_t hash;
	uint64_t like; /* the same, but for clocks and sequence numbers */
	bool has_iss;
	uint32_t iss; /* of the first SYN */
	uint64_t octets;
	uint64_t took;
	const char *fault;
	int gave_up; /* connections that timed out, as TCP may */
	int timed_out; /* ... because their program said how long */
	bool verbose;
};

static struct {
	uint64_t connections, runs, octets, gave_up, timed_out, packets, lost;
	uint64_t longest, longest_seed;
	double *faults;
	size_t fault_n;
} total;

static size_t allocated;

struct shortage {
	struct random random;
	uint32_t fail_one_in;
};

static void *test_alloc(void *ctx, size_t size)
{
	struct shortage *shortage = ctx;

	if (shortage->fail_one_in &&
	    random_below(&shortage->random, shortage->fail_one_in) == 0)
		return NULL;
	allocated += size;
	return malloc(size);
}

static void test_free(void *ctx, void *p, size_t size)
{
	(void)ctx;
	allocated -= size;
	free(p);
}

/* ------------------------------------------------------------- watching -- */

static void fail(struct run *run, const char *text)
{
	if (!run->fault)
		run->fault = text;
	if (run->sim)
		sim_stop(run->sim);
}

static void mix(struct run *run, uint64_t x)
{
	run->hash = (run->hash ^ x) * UINT64_C(0x100000001b3);
	run->hash ^= run->hash >> 29;
}

/* What must be the same at any time of the day and with any first sequence
 * number. */
static void mix_like(struct run *run, const struct cn_trace *t)
{
	uint64_t hash = run->hash;
	bool out = t->kind == CN_TRACE_OUT;

	if (out && !run->has_iss) {
		run->has_iss = true;
		run->iss = t->iss;
	}
	run->hash = run->like;
	mix(run, t->at - run->scene->start);
	mix(run, (uint64_t)t->kind << 56 | (uint64_t)t->to << 40 |
			 (uint64_t)t->timer << 32 | (uint64_t)t->drop << 16 |
			 t->flags);
	if ((out || t->kind == CN_TRACE_IN) && t->iss && t->irs)
		mix(run, (uint64_t)(t->seq - (out ? t->iss : t->irs)) << 32);
	mix(run, (uint64_t)t->len << 32 | t->wnd);
	mix(run, (uint64_t)t->cwnd << 32 | t->flight);
	run->like = run->hash;
	run->hash = hash;
}

static void print_trace(int host, const struct cn_trace *t, uint64_t start)
{
	static const char *const kinds[CN_TRACE_N] = {
		[CN_TRACE_STATE] = "state", [CN_TRACE_IN] = "in",
		[CN_TRACE_OUT] = "out",	    [CN_TRACE_TIMER] = "timer",
		[CN_TRACE_CC] = "cc",	    [CN_TRACE_WINDOW] = "window",
		[CN_TRACE_MTU] = "mtu",
	};
	static const char *const timers[] = {
#define CN_X(name, text) text,
		CN_TIMERS(CN_X)
#undef CN_X
	};

	printf("%.6f %c:%u %-5s ", (double)(t->at - start) / 1e9, "ab"[host],
	       t -> local.port == SCENE_PORT ? t->peer.port : t->local.port,
	       kinds[t->kind]);
	switch ((enum cn_trace_kind)t->kind) {
	case CN_TRACE_STATE:
		printf("%s -> %s (%s)\n", cn_tcp_state_name(t->from),
		       cn_tcp_state_name(t->to), t->rule ? t->rule : "");
		break;
	case CN_TRACE_IN:
	case CN_TRACE_OUT:
		printf("%s%s%s%s%s%s seq %u ack %u len %u wnd %u%s%s"
		       " (cwnd %u flight %u)\n",
		       t->flags & 2 ? "S" : "", t->flags & 1 ? "F" : "",
		       t->flags & 4 ? "R" : "", t->flags & 8 ? "P" : "",
		       t->flags & 16 ? "." : "", t->flags & 32 ? "U" : "",
		       t->kind == CN_TRACE_OUT ? t->seq - t->iss :
						 t->seq - t->irs,
		       t->kind == CN_TRACE_OUT ? t->ack - t->irs :
						 t->ack - t->iss,
		       t->len, t->wnd, t->retransmit ? " again" : "",
		       t->drop ? cn_drop_name(t->drop) : "", t->cwnd,
		       t->flight);
		break;
	case CN_TRACE_TIMER:
		printf("%s rto %.3f\n", timers[t->timer],
		       (double)t->rto_ns / 1e9);
		break;
	case CN_TRACE_CC:
		printf("cwnd %u ssthresh %u flight %u (%s)\n", t->cwnd,
		       t->ssthresh, t->flight, t->rule ? t->rule : "");
		break;
	case CN_TRACE_WINDOW:
		printf("%u\n", t->wnd);
		break;
	case CN_TRACE_MTU:
		printf("%u\n", t->mss);
		break;
	case CN_TRACE_N:
		break;
	}
}

static void on_trace(void *ctx, const struct cn_trace *trace)
{
	struct run_host *host = ctx;
	struct run *run = host->run;
	const char *wrong = NULL;

	mix(run, trace->at);
	mix(run, (uint64_t)trace->kind << 56 | (uint64_t)trace->from << 48 |
			 (uint64_t)trace->to << 40 |
			 (uint64_t)trace->timer << 32 |
			 (uint64_t)trace->drop << 16 | trace->flags);
	mix(run, (uint64_t)trace->seq << 32 | trace->ack);
	mix(run, (uint64_t)trace->len << 32 | trace->wnd);
	mix(run, (uint64_t)trace->cwnd << 32 | trace->flight);
	mix_like(run, trace);
	if (run->verbose)
		print_trace(host->host, trace, run->scene->start);
	if (trace->kind == CN_TRACE_STATE)
		wrong = arrows_follow(run->arrows, host->host, trace);
	else if (trace->kind == CN_TRACE_IN || trace->kind == CN_TRACE_OUT)
		wrong = arrows_segment(run->arrows, host->host, trace);
	if (wrong)
		fail(run, wrong);
}

static void on_packet(void *ctx, int wire, int toward,
		      const struct cn_frame *frame, enum cn_fate fate,
		      uint64_t now)
{
	struct run *run = ctx;

	(void)wire;
	run->fates[toward][fate]++;
	mix(run, (uint64_t)fate << 32 | cn_frame_len(frame));
	if (run->verbose && fate != CN_FATE_SENT)
		printf("%.6f wire toward %c: %s %u\n",
		       (double)(now - run->scene->start) / 1e9, "ab"[toward],
		       cn_fate_text(fate), cn_frame_len(frame));
}

static uint64_t packets_of(const struct run *run, int toward)
{
	uint64_t sum = 0;

	for (int i = 0; i <= CN_FATE_TOO_BIG; i++)
		sum += run->fates[toward][i];
	return sum;
}

static bool accounts(const struct run *run, int toward)
{
	const uint64_t *fate = run->fates[toward];
	const struct cn_counters *from, *to;
	struct cn_path_stats s;

	sim_wire_stats(run->sim, 0, toward, &s);
	from = cn_host_counters(sim_host(run->sim, !toward));
	to = cn_host_counters(sim_host(run->sim, toward));
	return s.packets + s.duplicated == s.delivered + s.queued + s.lost +
						   s.queue_drops +
						   s.rule_drops + s.too_big &&
	       packets_of(run, toward) == s.packets + s.duplicated &&
	       fate[CN_FATE_LOSS] == s.lost &&
	       fate[CN_FATE_QUEUE] == s.queue_drops && s.rule_drops == 0 &&
	       fate[CN_FATE_TOO_BIG] == s.too_big &&
	       from->ip_out + sim_wire_routed(run->sim, 0, toward) ==
		       s.packets &&
	       to->ip_in == s.delivered && to->frames_in == s.delivered;
}

/* Seconds of the run; 0: never. */
static double since(const struct run *run, uint64_t at)
{
	return at == CN_NEVER ? 0 : (double)(at - run->scene->start) / 1e9;
}

static void on_settled(void *ctx, uint64_t now)
{
	struct run *run = ctx;

	if (run->verbose)
		printf("%.6f all: next a %.6f, b %.6f\n", since(run, now),
		       since(run, cn_host_deadline(sim_host(run->sim, 0))),
		       since(run, cn_host_deadline(sim_host(run->sim, 1))));
	for (int i = 0; i < 2; i++)
		if (!accounts(run, i))
			fail(run, "packets that are not accounted for");
}

/* --------------------------------------------------------------- judging -- */

static void count_row(void *ctx, const struct cn_sock_row *row)
{
	int *n = ctx;

	if (row->state != CN_LISTEN)
		++*n;
}

/* A peer that gave up resets the connection, if the reset arrives. */
static bool one_gave_up(const struct talk *talk)
{
	return talk->end[0].err == CN_E_TIMEDOUT ||
	       talk->end[1].err == CN_E_TIMEDOUT;
}

/* Where memory is short, a host may have ended who held most of it (row 14 of
 * the attacks). */
static bool memory_was_short(const struct run *run)
{
	for (int i = 0; i < 2; i++)
		if (cn_host_counters(sim_host(run->sim, i))
			    ->drop[CN_DROP_MEMORY])
			return true;
	return false;
}

static const struct talk_side *habits_of(const struct talk_end *end)
{
	return &end->talk->plan.side[end->side];
}

static void check_end(struct run *run, const struct talk_end *end)
{
	bool aborts = talk_may_end_early(end->talk) || one_gave_up(end->talk) ||
		      memory_was_short(run);

	run->octets += end->received;
	if (run->verbose)
		printf("# %c: sent %u, received %u, phase %u, %s%s%s\n",
		       "cs"[end->side], end -> sent, end -> received,
		       end -> phase, cn_err_name(end->err),
		       end -> fault ? ": " : "", end->fault ? end->fault : "");
	if (end->fault)
		fail(run, end->fault);
	else if (end->err == CN_E_TIMEDOUT && habits_of(end)->user_timeout_ms)
		run->timed_out++;
	else if (end->err == CN_E_TIMEDOUT)
		run->gave_up++;
	else if (run->scene->fail_one_in)
		return;
	else if (end->err && !aborts)
		fail(run, cn_err_text(end->err));
	else if (!aborts && end->phase == TALK_DONE &&
		 end->received != end->talk->plan.side[!end->side].octets)
		fail(run, "octets are missing");
}

static void judge(struct run *run, struct talk *talk, enum sim_end end)
{
	int given_up = 0;

	for (int i = 0; i < run->scene->talk_n; i++) {
		for (int j = 0; j < 2; j++)
			check_end(run, &talk[i].end[j]);
		given_up += one_gave_up(&talk[i]);
		if (!talk_is_done(&talk[i]) && !one_gave_up(&talk[i]))
			fail(run, "a connection that never ends");
	}
	if (end == SIM_STUCK)
		fail(run, "an instant that does not end");
	else if (end == SIM_UNTIL && !given_up)
		fail(run, "not done within the time");
	for (int i = 0; i < 2; i++) {
		int rows = 0;

		cn_host_each(sim_host(run->sim, i), count_row, &rows);
		/* Who waits for a peer that gave up unheard waits for ever. */
		if (rows > given_up)
			fail(run, "a connection is left on a host");
	}
}

static const char *begin(struct run *run, struct talk *talk, struct talk **in,
			 struct talk_server *server)
{
	const struct scene *scene = run->scene;
	int host[2], err = 0;

	for (int i = 0; i < 2; i++) {
		struct cn_settings set = scene->set[i];

		run->host[i].run = run;
		run->host[i].host = i;
		run->host[i].sink =
			(struct cn_trace_sink){on_trace, &run->host[i]};
		set.trace = &run->host[i].sink;
		host[i] = sim_host_add(run->sim, &set);
		if (host[i] < 0)
			return cn_err_text(host[i]);
	}
	err = sim_wire_add(run->sim, 0, 1, &scene->wire);
	if (err < 0)
		return cn_err_text(err);
	err = talk_server_init(server, run->sim, 1, scene->family, SCENE_PORT,
			       in, scene->talk_n);
	if (err)
		return cn_err_text(err);
	err = talk_server_takes_fast(server);
	if (err)
		return cn_err_text(err);
	for (int i = 0; i < scene->talk_n; i++) {
		in[i] = &talk[i];
		talk_init(&talk[i], &scene->plan[i], run->sim, 0, host, 0);
	}
	return NULL;
}

/* What a host knows of narrow paths it keeps: one table, once; and its peers'
 * cookies (RFC 7413). */
#define PMTU_TABLE 65536
#define COOKIES 1024

static void check_memory(struct run *run, const size_t base[2])
{
	for (int i = 0; i < 2; i++) {
		size_t now = cn_host_memory(sim_host(run->sim, i), NULL);

		if (now > base[i] && run->scene->wire.path_mtu[!i])
			now -= now - base[i] > PMTU_TABLE ? PMTU_TABLE :
							    now - base[i];
		if (run->scene->plan[0].side[0].fast && now > base[i])
			now -= now - base[i] > COOKIES ? COOKIES :
							 now - base[i];
		if (now != base[i])
			fail(run, "the budget is not given back");
	}
}

static bool all_done(const struct run *run, const struct talk *talk)
{
	for (int i = 0; i < run->scene->talk_n; i++)
		if (!talk_is_done(&talk[i]))
			return false;
	return true;
}

/*
 * No run may take longer, pauses of the programs included.  With neither SACK
 * nor timestamps nothing is measured while anything is sent again (Karn), and
 * each retransmission that is lost doubles the timeout.  With timestamps a lost
 * ACK makes the time until the next one a round trip (RFC 7323 section 4.1),
 * which on the worst wires does the same.  So does a receiver that drops most of
 * what is beyond a gap.  There days are no fault.
 */
#define OOO_FEW 64

static uint64_t time_bound(const struct scene *scene)
{
	const struct cn_settings *a = &scene->set[0], *b = &scene->set[1];
	bool sack = a->sack && b->sack && a->ooo_max >= OOO_FEW &&
		    b->ooo_max >= OOO_FEW;
	bool good = sack || (a->timestamps && b->timestamps);

	if (scene->fail_one_in || scene->faults[0] + scene->faults[1] > 0.15)
		good = false;
	return (good ? 1800 : 200000) * CN_NS_PER_SEC;
}

/* Fills run->fault when something was wrong. */
static void run_scene(struct run *run, struct cn_pool *pool,
		      struct shortage *shortage)
{
	static struct arrows arrows;
	struct sim_watch watch = {
		.settled = on_settled, .packet = on_packet, .ctx = run};
	struct talk talk[SCENE_TALKS];
	struct talk *in[SCENE_TALKS];
	struct talk_server server;
	size_t base[2];
	enum sim_end end;

	memset(&arrows, 0, sizeof(arrows));
	arrows.loose = run->scene->fail_one_in > 0;
	run->arrows = &arrows;
	run->sim = sim_new(pool, run->scene->seed, run->scene->start, &watch);
	run->fault = begin(run, talk, in, &server);
	if (run->fault)
		return;
	for (int i = 0; i < 2; i++)
		base[i] = cn_host_memory(sim_host(run->sim, i), NULL);
	shortage->fail_one_in = run->scene->fail_one_in;
	end = sim_run(run->sim, run->scene->start + time_bound(run->scene));
	run->took = sim_now(run->sim) - run->scene->start;
	if (!run->fault && server.fault)
		fail(run, server.fault);
	if (!run->fault)
		judge(run, talk, end);
	/* Who waits for a peer that gave up unheard has what it holds. */
	if (!run->fault && all_done(run, talk))
		check_memory(run, base);
	for (int i = 0; i < run->scene->talk_n; i++)
		talk_deinit(&talk[i]);
	talk_server_deinit(&server);
	for (int i = 0; i < 2; i++)
		total.lost += run->fates[i][CN_FATE_LOSS];
	total.packets += packets_of(run, 0) + packets_of(run, 1);
	sim_free(run->sim);
	run->sim = NULL;
	if (cn_pool_in_use(pool) && !run->fault)
		run->fault = "the pool is not given back";
}

static const char *run_seed_at(uint64_t seed, uint64_t start, bool verbose,
			       struct run *run)
{
	struct shortage shortage = {0};
	const struct cn_alloc alloc = {test_alloc, test_free, &shortage};
	uint8_t key[16] = "shortage";
	struct scene scene;
	struct cn_pool *pool = cn_pool_new(&alloc);

	scene_make(&scene, seed);
	scene_move(&scene, start);
	random_init(&shortage.random, key, seed);
	*run = (struct run){.scene = &scene, .verbose = verbose};
	if (verbose)
		scene_print(&scene);
	run_scene(run, pool, &shortage);
	if (!run->fault) {
		cn_pool_free(pool);
		if (allocated)
			run->fault = "memory is not given back";
	}
	allocated = 0;
	total.runs++;
	total.connections += (uint64_t)scene.talk_n;
	total.octets += run->octets;
	total.gave_up += (uint64_t)run->gave_up;
	total.timed_out += (uint64_t)run->timed_out;
	if (run->took > total.longest) {
		total.longest = run->took;
		total.longest_seed = seed;
	}
	for (int i = 0; i < 2; i++) {
		if (total.fault_n % 1024 == 0)
			total.faults =
				realloc(total.faults, (total.fault_n + 1024) *
							      sizeof(double));
		total.faults[total.fault_n++] = scene.faults[i];
	}
	run->scene = NULL;
	return run->fault;
}

static const char *run_seed(uint64_t seed, bool verbose, struct run *run)
{
	return run_seed_at(seed, SCENE_START, verbose, run);
}

/* ---------------------------------------------------------- other times -- */

/* Our clocks are microseconds, milliseconds and what numbers sequences, all of
 * them modulo 2^32: one of them comes round, or passes its middle, while the
 * scene is played. */
#define TIMES 8

static uint64_t other_time(const struct run *first, int i)
{
	const uint64_t us = UINT64_C(1000) << 32, ms = UINT64_C(1000000) << 32;
	uint64_t ticks;

	switch (i) {
	case 0:
		return us - 2 * CN_NS_PER_SEC - us % CN_NS_PER_MS;
	case 1:
		return us + us / 2 - 3 * CN_NS_PER_SEC -
		       (us + us / 2) % CN_NS_PER_MS;
	case 2:
		return ms - 2 * CN_NS_PER_SEC;
	case 3:
		return ms + ms / 2 - 3 * CN_NS_PER_SEC;
	default:
		/* The first number of the first connection, in quarters of
		 * all; for the last, the end of them comes soon.  The clock
		 * counts 250 of them in a millisecond. */
		ticks = (uint32_t)((i == 7 ? UINT32_MAX - 30000 :
					     1000 + ((uint32_t)(i - 4) << 30)) -
				   first->iss) /
			250;
		return SCENE_START + ticks * CN_NS_PER_MS;
	}
}

/* What happens depends neither on the time nor on sequence numbers. */
static const char *run_at_times(uint64_t seed)
{
	static char text[80];
	struct run first, run;
	const char *fault = run_seed(seed, false, &first);

	for (int i = 0; i < TIMES && !fault; i++) {
		uint64_t at = other_time(&first, i);

		fault = run_seed_at(seed, at, false, &run);
		snprintf(text, sizeof(text), "%s, begun at %" PRIu64 " ms",
			 fault ? fault : "not the same", at / CN_NS_PER_MS);
		if (fault || run.like != first.like)
			return text;
	}
	return fault;
}

/* ------------------------------------------------------------------ main -- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_fault(void)
{
	qsort(total.faults, total.fault_n, sizeof(double), by_value);
	return total.faults[total.fault_n / 2];
}

struct options {
	uint64_t seed, from, part, parts, connections, at;
	bool times;
	bool one, verbose, twice, keep_going;
};

static bool read_options(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (!strcmp(argv[i], "-v")) {
			o->verbose = true;
			continue;
		}
		if (!strcmp(argv[i], "--keep-going")) {
			o->keep_going = true;
			continue;
		}
		if (!strcmp(argv[i], "--times")) {
			o->times = true;
			continue;
		}
		if (!strcmp(argv[i], "--at")) {
			o->at = strtoull(value, NULL, 0) * CN_NS_PER_MS;
		} else if (!strcmp(argv[i], "--seed")) {
			o->seed = strtoull(value, NULL, 0);
			o->one = true;
		} else if (!strcmp(argv[i], "--from")) {
			o->from = strtoull(value, NULL, 0);
		} else if (!strcmp(argv[i], "--connections")) {
			o->connections = strtoull(value, NULL, 0);
		} else if (!strcmp(argv[i], "--part")) {
			if (sscanf(value, "%" SCNu64 "/%" SCNu64, &o->part,
				   &o->parts) != 2)
				return false;
		} else {
			return false;
		}
		i++;
	}
	return o->parts > 0 && o->part < o->parts;
}

static int run_one(const struct options *o)
{
	struct run run;
	const char *fault = run_seed_at(o->seed, o->at, o->verbose, &run);

	printf("# %" PRIu64 " octets, %.3f s, hash %016" PRIx64 "\n",
	       run.octets, (double)run.took / 1e9, run.hash);
	printf("%sok 1 - seed %" PRIu64 "%s%s\n", fault ? "not " : "", o->seed,
	       fault ? ": " : "", fault ? fault : "");
	return fault != NULL;
}

/* make mutate gives each mutant so many seconds. */
static bool out_of_time(void)
{
	const char *seconds = getenv("CN_SIM_SECONDS");

	return seconds && clock() / CLOCKS_PER_SEC >= atol(seconds);
}

/* Until so many connections: seeds of one case, 0 when all went well. */
static int run_case(const struct options *o, uint64_t *seed, uint64_t until)
{
	int failed = 0;

	while (total.connections < until && !out_of_time()) {
		struct run run;
		const char *fault = o->times ? run_at_times(*seed) :
					       run_seed(*seed, false, &run);

		if (fault) {
			printf("# seed %" PRIu64 ": %s\n", *seed, fault);
			failed++;
			if (!o->keep_going)
				return failed;
		}
		*seed += o->parts;
	}
	return failed;
}

/* The same seed twice gives the same stream of events, another seed another.
 */
static bool replays(uint64_t from)
{
	uint64_t before = 0;

	for (uint64_t seed = from; seed < from + 20; seed++) {
		struct run one, two;

		run_seed(seed, false, &one);
		run_seed(seed, false, &two);
		if (one.hash != two.hash || one.hash == before) {
			printf("# seed %" PRIu64 ": %016" PRIx64
			       " and %016" PRIx64 "\n",
			       seed, one.hash, two.hash);
			return false;
		}
		before = one.hash;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct options o = {
		.parts = 1, .connections = 20000, .at = SCENE_START};
	uint64_t seed, most, n = 0;
	int failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!read_options(argc, argv, &o)) {
		fprintf(stderr,
			"usage: %s [--seed N [-v]] [--from N]"
			" [--part I/N] [--connections N]"
			" [--keep-going] [--times] [--at MS]\n",
			argv[0]);
		return 2;
	}
	if (o.one)
		return run_one(&o);
	seed = o.from + o.part;
	most = o.connections / o.parts;
	while (total.connections < most && !out_of_time()) {
		uint64_t first = seed, until;
		int bad;

		until = (total.connections / CASE_CONNECTIONS + 1) *
			CASE_CONNECTIONS;
		bad = run_case(&o, &seed, until < most ? until : most);
		failed += bad;
		printf("%sok %" PRIu64 " - seeds %" PRIu64 " to %" PRIu64 "\n",
		       bad ? "not " : "", ++n, first, seed);
		if (bad && !o.keep_going)
			break;
	}
	printf("# %" PRIu64 " runs, %" PRIu64 " connections (%" PRIu64
	       " given up, %" PRIu64 " by their timeout), %" PRIu64
	       " octets, %" PRIu64 " packets, %" PRIu64
	       " lost, median fault %.4f, longest %.0f s (seed %" PRIu64 ")\n",
	       total.runs, total.connections, total.gave_up, total.timed_out,
	       total.octets, total.packets, total.lost, median_fault(),
	       (double)total.longest / 1e9, total.longest_seed);
	if (!out_of_time() && median_fault() < 0.02) {
		printf("not ok %" PRIu64 " - the median fault is 2 %%\n", ++n);
		failed++;
	}
	if (total.gave_up > 1 + total.connections / 1000) {
		printf("not ok %" PRIu64 " - few give up\n", ++n);
		failed++;
	}
	if (!failed && !out_of_time()) {
		bool same = replays(o.from + o.part);

		printf("%sok %" PRIu64 " - a seed is a run\n",
		       same ? "" : "not ", ++n);
		failed += !same;
	}
	printf("1..%" PRIu64 "\n", n);
	return failed != 0;
}
