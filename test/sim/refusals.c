/* SPDX-License-Identifier: MIT */
/*
 * The same two conversations again and again, and each time another request
 * for memory is refused: the n-th of all, or so many from the n-th on.
 * Whoever it was for, both conversations go on and end well, every octet in its
 * place, and nothing of them is left.  A call of a program that fails says so
 * (CN_E_NOMEM, CN_E_NOBUFS), and the program makes it again.
 *
 *	sim-refusals
 *	sim-refusals --manner NAME --nth N [--in-a-row N]	one run, told
 *
 * The pool of this program recycles nothing (meson.build), so that whatever is
 * asked of it is asked of the allocator.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/heap.h"
#include "arrows.h"
#include "sim/talk.h"

#define START (UINT64_C(1000) * CN_NS_PER_SEC)
#define PORT 7
#define TALKS 2
/* A handshake or a FIN that is lost three times takes some seconds. */
#define TIME_MAX (UINT64_C(300) * CN_NS_PER_SEC)

struct manner {
	const char *name;
	int family;
	uint32_t tx_super;
	uint32_t path_mtu; /* toward the server; 0: the wire's */
	bool fast; /* RFC 7413 */
	void (*change)(struct cn_settings *set);
};

static void with_cookies(struct cn_settings *set)
{
	set->syncookies = 2;
	set->max_per_client = 4;
}

static void with_accurate_ecn(struct cn_settings *set)
{
	set->ecn = 3;
}

static void with_bbr(struct cn_settings *set)
{
	set->cc = CN_CC_BBR;
	set->mtu_probing = 2;
}

static void with_little(struct cn_settings *set)
{
	set->sack = false;
	set->timestamps = false;
	set->window_scaling = false;
	set->cc = CN_CC_RENO;
	set->recovery = 0;
}

static const struct manner manners[] = {
	{"plain", 4, .change = NULL},
	{"cookies", 4, .change = with_cookies},
	{"fast open", 4, .fast = true},
	{"IPv6", 6, .tx_super = 65535, .path_mtu = 1300},
	{"accurate ECN", 4, .change = with_accurate_ecn},
	{"BBR", 6, .path_mtu = 1400, .change = with_bbr},
	{"no options", 4, .change = with_little},
};
#define MANNERS (sizeof(manners) / sizeof(*manners))

/* Both say more than a window of ten segments, in pieces of both kinds. */
static const struct talk_plan plans[TALKS] = {
	{
		.seed = 1,
		.port = PORT,
		.side = {{.octets = 24000,
			  .spans = true,
			  .keepalive = true,
			  .tweak_n = 2,
			  .tweak = {{4000, CN_OPT_CONGESTION, CN_CC_BBR},
				    {9000, CN_OPT_MAX_PACING_RATE, 2000000}}},
			 {.octets = 9000, .write_max = 700, .urgent = true}},
	},
	{
		.seed = 2,
		.port = PORT,
		.start_at = CN_NS_PER_SEC,
		.side = {{.octets = 6000, .write_max = 900, .nodelay = true},
			 {.octets = 24000,
			  .finish = TALK_CLOSE,
			  .rcvbuf = 30000}},
	},
};

struct run {
	const struct manner *manner;
	struct heap heap;
	struct sim *sim;
	struct arrows arrows;
	struct run_host {
		struct run *run;
		int host;
		struct cn_trace_sink sink;
	} host[2];
	struct talk talk[TALKS];
	struct talk *in[TALKS];
	struct talk_server server;
	const char *fault;
	bool told;
};

static void wrong(struct run *run, const char *text)
{
	if (!run->fault)
		run->fault = text;
	if (run->sim)
		sim_stop(run->sim);
}

static void on_trace(void *ctx, const struct cn_trace *trace)
{
	struct run_host *host = ctx;
	const char *text = NULL;

	if (trace->kind == CN_TRACE_STATE)
		text = arrows_follow(&host->run->arrows, host->host, trace);
	else if (trace->kind == CN_TRACE_IN || trace->kind == CN_TRACE_OUT)
		text = arrows_segment(&host->run->arrows, host->host, trace);
	if (text)
		wrong(host->run, text);
	if (host->run->told)
		printf("# %.6f %c kind %u %s>%s flags %02x seq %u ack %u len %u"
		       " %s\n",
		       (double)(trace->at - START) / 1e9, "ab"[host->host],
		       trace -> kind, cn_tcp_state_name(trace->from),
		       cn_tcp_state_name(trace->to), trace -> flags,
		       trace -> seq - (trace->kind == CN_TRACE_OUT ?
					       trace->iss :
					       trace->irs),
		       trace -> ack - (trace->kind == CN_TRACE_OUT ?
					       trace->irs :
					       trace->iss),
		       trace -> len,
		       trace -> drop ? cn_drop_name(trace->drop) : "");
}

/* ------------------------------------------------------------- the world -- */

/* A few of each hundred are lost, late or twice: SACK, recovery and D-SACK
 * need memory of their own. */
static struct sim_wire wire_of(const struct manner *manner)
{
	struct cn_impair impair = {
		.delay_ns = 10 * CN_NS_PER_MS,
		.loss = 0.03,
		.reorder = 0.03,
		.reorder_ns = 4 * CN_NS_PER_MS,
		.duplicate = 0.02,
		.ecn = true,
	};

	return (struct sim_wire){
		.mtu = 1500,
		.tx_csum = manner->tx_super > 0,
		.tx_super = manner->tx_super,
		.path_mtu = {0, manner->path_mtu},
		.impair = {impair, impair},
	};
}

static void add_host(struct run *run, int i)
{
	struct cn_settings set;

	cn_settings_default(&set);
	if (run->manner->change)
		run->manner->change(&set);
	run->host[i].run = run;
	run->host[i].host = i;
	run->host[i].sink = (struct cn_trace_sink){on_trace, &run->host[i]};
	set.trace = &run->host[i].sink;
	if (sim_host_add(run->sim, &set) != i)
		wrong(run, "no host");
}

static void build(struct run *run, struct cn_pool *pool)
{
	const struct manner *manner = run->manner;
	struct sim_wire wire = wire_of(manner);
	int host[2] = {0, 1};

	run->arrows.loose = true;
	run->sim = sim_new(pool, 5, START, NULL);
	for (int i = 0; i < 2; i++)
		add_host(run, i);
	if (sim_wire_add(run->sim, 0, 1, &wire))
		wrong(run, "no wire");
	for (int i = 0; i < TALKS; i++) {
		struct talk_plan plan = plans[i];

		plan.start_at += START;
		plan.family = (uint8_t)manner->family;
		plan.side[0].fast = manner->fast;
		talk_init(&run->talk[i], &plan, run->sim, 0, host, 0);
		run->in[i] = &run->talk[i];
	}
}

/* A program that listens tries until it can. */
static void listens(struct run *run)
{
	int err = CN_E_NOMEM;

	while (err == CN_E_NOMEM || err == CN_E_NOBUFS) {
		err = talk_server_init(&run->server, run->sim, 1,
				       run->manner->family, PORT, run->in,
				       TALKS);
		if (!err && run->manner->fast)
			err = talk_server_takes_fast(&run->server);
		if (err)
			talk_server_deinit(&run->server);
	}
	if (err)
		wrong(run, cn_err_text(err));
}

/* --------------------------------------------------------------- judging -- */

static void count_row(void *ctx, const struct cn_sock_row *row)
{
	int *n = ctx;

	if (row->state != CN_LISTEN)
		++*n;
}

static void judge_end(struct run *run, const struct talk_end *end)
{
	if (run->told)
		printf("# side %d: sent %u, received %u, %s%s%s\n", end->side,
		       end->sent, end->received, cn_err_name(end->err),
		       end->fault ? ": " : "", end->fault ? end->fault : "");
	if (end->fault)
		wrong(run, end->fault);
	else if (end->phase != TALK_DONE)
		wrong(run, "a connection that never ends");
	else if (end->err)
		wrong(run, cn_err_text(end->err));
	else if (end->received != end->talk->plan.side[!end->side].octets)
		wrong(run, "octets are missing");
}

static void judge(struct run *run, enum sim_end how)
{
	for (int i = 0; i < TALKS; i++)
		for (int j = 0; j < 2; j++)
			judge_end(run, &run->talk[i].end[j]);
	if (run->server.fault)
		wrong(run, run->server.fault);
	if (how == SIM_STUCK)
		wrong(run, "an instant that does not end");
	for (int i = 0; i < 2; i++) {
		int rows = 0;

		cn_host_each(sim_host(run->sim, i), count_row, &rows);
		if (rows)
			wrong(run, "a connection is left on a host");
	}
}

/* Whether the n-th request was reached. */
static bool refused(const struct run *run)
{
	return !run->heap.refuse_after;
}

/* With the n-th request, from 1, and those after it refused. */
static void play(struct run *run, const struct manner *manner, uint64_t nth,
		 uint64_t in_a_row, bool told)
{
	struct cn_alloc alloc = heap_words(&run->heap);
	struct cn_pool *pool = cn_pool_new(&alloc);
	enum sim_end how;

	run->manner = manner;
	run->told = told;
	build(run, pool);
	run->heap.refuse_after = nth;
	run->heap.refuse_n = in_a_row;
	listens(run);
	how = sim_run(run->sim, START + TIME_MAX);
	judge(run, how);
	for (int i = 0; i < TALKS; i++)
		talk_deinit(&run->talk[i]);
	talk_server_deinit(&run->server);
	sim_free(run->sim);
	run->sim = NULL;
	if (cn_pool_in_use(pool))
		wrong(run, "the pool is not given back");
	else
		cn_pool_free(pool);
	if (!run->fault && run->heap.blocks)
		wrong(run, "memory is not given back");
}

/* ------------------------------------------------------------------ main -- */

/* Until a run does not get so far; how many went wrong. */
static unsigned each(const struct manner *manner, uint64_t in_a_row,
		     uint64_t *n)
{
	unsigned bad = 0;
	bool more = true;

	for (*n = 0; more; ++*n) {
		struct run run = {0};

		play(&run, manner, *n + 1, in_a_row, false);
		more = refused(&run);
		if (!run.fault)
			continue;
		printf("# --manner '%s' --nth %" PRIu64 " --in-a-row %" PRIu64
		       ": %s\n",
		       manner->name, *n + 1, in_a_row, run.fault);
		bad++;
	}
	return bad;
}

static int all(void)
{
	/* More than a handshake's or a FIN's tries would end a connection. */
	static const uint64_t in_a_row[] = {1, 2, 4, 8};
	unsigned failed = 0, n = 0;

	for (size_t i = 0; i < MANNERS; i++) {
		for (size_t j = 0; j < 4; j++) {
			uint64_t requests;
			unsigned bad =
				each(&manners[i], in_a_row[j], &requests);

			printf("%sok %u - %s, %" PRIu64 " in a row of %" PRIu64
			       "\n",
			       bad ? "not " : "", ++n, manners[i].name,
			       in_a_row[j], requests - 1);
			failed += bad;
		}
	}
	printf("1..%u\n", n);
	return failed > 0;
}

static int one(const char *name, uint64_t nth, uint64_t in_a_row)
{
	struct run run = {0};

	for (size_t i = 0; i < MANNERS; i++)
		if (!strcmp(manners[i].name, name))
			play(&run, &manners[i], nth, in_a_row, true);
	printf("%sok 1 - %s\n1..1\n", run.fault ? "not " : "",
	       run.fault ? run.fault : name);
	return run.fault != NULL;
}

int main(int argc, char **argv)
{
	const char *name = NULL;
	uint64_t nth = 0, in_a_row = 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--manner"))
			name = argv[i + 1];
		else if (!strcmp(argv[i], "--nth"))
			nth = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--in-a-row"))
			in_a_row = strtoull(argv[i + 1], NULL, 0);
	}
	return name ? one(name, nth, in_a_row) : all();
}
