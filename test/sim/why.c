/* SPDX-License-Identifier: MIT */
/*
 * catenet why, asked at random moments of runs over bad wires with bad
 * programs, and every sentence judged by who knows both hosts, the wire and
 * the programs: none may be false.  What is said of a timer is held against
 * what the timer then does.
 *
 *	sim-why [--from SEED] [--runs N] [--all]	--all: and every sentence
 *						must have been said
 *	sim-why --seed SEED [-v]	one run again, and all that was said
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/heap.h"
#include "run/world/facts.h"
#include "truth.h"
#include "wire/tcp_seg.h"

#define ROWS_MAX 64
#define AILS 4 /* spells of a dead path */

/* What ails a run, besides its scene. */
struct ails {
	int backlog; /* of the listener */
	int defer_s; /* its TCP_DEFER_ACCEPT */
	uint64_t accepts_at, accepts_again_at; /* deaf between them */
	struct spell {
		uint64_t from, until;
		unsigned ways; /* bit: toward a, toward b */
	} spell[AILS];
	int spell_n;
	uint64_t gap_ns; /* between questions, at most */
	uint64_t ends_at;
};

struct run {
	struct scene scene;
	struct ails ails;
	struct sim *sim;
	struct run_host {
		struct run *run;
		int host;
		struct cn_trace_sink sink;
	} host[2];
	struct talk talk[SCENE_TALKS];
	struct talk_server server;
	struct sim_app asker, doer;
	struct minds minds;
	struct random random;
	bool ask, deaf, verbose;
	struct row {
		struct cn_sock_row row;
		struct see_facts facts;
		int host;
	} row[ROWS_MAX];
	int row_n;
	char fault[SEE_SENTENCE_MAX + 400];
};

static struct {
	uint64_t runs, asked, said[SEE_KEY_N];
} total;

static const char *const key_names[SEE_KEY_N] = {
#define SEE_X(key, en, zh) #key,
	SEE_SENTENCES(SEE_X)
#undef SEE_X
};

/* --------------------------------------------------- what a seed stands for */

static uint64_t some_ns(struct random *random, double low_s, double high_s)
{
	return (uint64_t)(scene_log_uniform(random, low_s, high_s) * 1e9);
}

static void ail_side(struct random *random, struct talk_side *side)
{
	if (scene_chance(random, 0.3)) {
		side->pause = (uint16_t)(100 + random_below(random, 900));
		side->pause_ns = some_ns(random, 0.01, 20);
		side->write_max = 1 + random_below(random, 65536);
	}
	if (scene_chance(random, 0.3)) {
		side->stall_at = random_below(random, 1 << 14);
		side->stall_ns = some_ns(random, 0.1, 100);
	}
	if (scene_chance(random, 0.4)) {
		side->sndbuf = 4096 + (int64_t)random_below(random, 30000);
		side->rcvbuf = 4096 + (int64_t)random_below(random, 30000);
	}
}

/* Both read too late: what the notes call the deadlock, for a while. */
static void deadlock(struct random *random, struct talk_plan *plan)
{
	for (int i = 0; i < 2; i++) {
		struct talk_side *side = &plan->side[i];

		side->octets = 100000 + random_below(random, 500000);
		side->write_max = 0;
		side->pause = 0;
		side->abort_at = 0;
		side->linger = 0;
		side->user_timeout_ms = 0;
		side->sndbuf = 4096 + (int64_t)random_below(random, 20000);
		side->rcvbuf = 4096 + (int64_t)random_below(random, 20000);
		side->stall_at = random_below(random, 2000);
		side->stall_ns = some_ns(random, 5, 60);
	}
}

/* The server's octets fill the client's window to the last, so that its FIN
 * finds no room. */
static void fill_exactly(struct random *random, struct talk_plan *plan)
{
	uint32_t n = 4096 + random_below(random, 30000);

	plan->simultaneous = false;
	plan->port = SCENE_PORT;
	for (int i = 0; i < 2; i++)
		plan->side[i] = (struct talk_side){0};
	plan->side[0].rcvbuf = n;
	plan->side[0].read_max = 1;
	plan->side[0].stall_ns = some_ns(random, 5, 60);
	plan->side[1].octets = n;
}

static void make_spells(struct random *random, struct ails *ails)
{
	uint64_t at = SCENE_START;

	ails->spell_n = (int)random_below(random, AILS + 1);
	for (int i = 0; i < ails->spell_n; i++) {
		struct spell *spell = &ails->spell[i];

		spell->from = at + some_ns(random, 0.001, 30);
		spell->until = spell->from + some_ns(random, 0.5, 200);
		spell->ways = 1 + random_below(random, 3);
		at = spell->until;
	}
}

static void make_ails(struct run *run, uint64_t seed)
{
	struct random *random = &run->random;
	struct scene *scene = &run->scene;
	struct ails *ails = &run->ails;
	uint8_t key[16] = "why";

	random_init(random, key, seed);
	scene->fail_one_in = 0;
	for (int i = 0; i < 2; i++) {
		struct cn_settings *set = &scene->set[i];

		if (scene_chance(random, 0.3)) {
			set->syn_retries =
				(uint8_t)(1 + random_below(random, 4));
			set->retries2 = (uint8_t)(2 + random_below(random, 6));
			set->orphan_retries =
				(uint8_t)(1 + random_below(random, 6));
		}
	}
	for (int i = 0; i < scene->talk_n; i++) {
		struct talk_plan *plan = &scene->plan[i];

		for (int j = 0; j < 2; j++)
			ail_side(random, &plan->side[j]);
		if (scene_chance(random, 0.2))
			deadlock(random, plan);
		else if (scene_chance(random, 0.03))
			fill_exactly(random, plan);
	}
	ails->backlog =
		scene_chance(random, 0.5) ? (int)random_below(random, 3) : 1024;
	ails->accepts_at = SCENE_START;
	if (scene_chance(random, 0.5)) {
		ails->accepts_at = SCENE_START +
				   random_below(random, 2000000000);
		ails->accepts_again_at = ails->accepts_at +
					 some_ns(random, 0.1, 50);
	}
	if (scene_chance(random, 0.1))
		ails->defer_s = 1 + (int)random_below(random, 20);
	make_spells(random, ails);
	ails->gap_ns = some_ns(random, 0.05, 20);
	ails->ends_at = SCENE_START + some_ns(random, 100, 1500);
}

/* ------------------------------------------------------------- watching -- */

static void fail(struct run *run, const char *what, const char *more)
{
	if (!run->fault[0])
		snprintf(run->fault, sizeof(run->fault), "%s%s%s", what,
			 more[0] ? ": " : "", more);
	sim_stop(run->sim);
}

static const struct talk *talk_of(const struct run *run, int host,
				  uint16_t local, uint16_t peer)
{
	for (int i = 0; i < run->scene.talk_n; i++) {
		const struct talk *talk = &run->talk[i];

		if (talk->plan.simultaneous ?
			    local == talk->plan.port && peer == local :
			    talk->client_port == (host ? peer : local) &&
				    talk->plan.port == (host ? local : peer))
			return talk;
	}
	return NULL;
}

/* Octets that lay there when a zero window was offered. */
static void note_zero(struct run *run, int host, const struct cn_trace *t)
{
	struct mind *mind =
		mind_find(&run->minds, host, t->local.port, t->peer.port);
	const struct talk *talk =
		talk_of(run, host, t->local.port, t->peer.port);

	if (mind && t->kind == CN_TRACE_OUT && !t->wnd && !(t->flags & TCP_RST))
		mind->zero_by_reading = !talk ||
					mind->got - mind->irs - 1 !=
						talk->end[host].received;
}

static void on_trace(void *ctx, const struct cn_trace *trace)
{
	struct run_host *host = ctx;
	struct run *run = host->run;

	mind_event(&run->minds, host->host, trace);
	note_zero(run, host->host, trace);
	if (random_below(&run->random, 24) == 0)
		run->ask = true;
}

static int phase_of(const struct run *run, const struct mind *mind)
{
	const struct talk *talk =
		talk_of(run, mind->host, mind->local, mind->peer);

	return talk ? talk->end[mind->host].phase : -1;
}

/* Connections of the listener that no program has got, those among them that
 * were reset.  A listener that is not deaf has none. */
static unsigned queued(struct run *run)
{
	unsigned n = 0;

	for (unsigned i = 0; i < run->minds.n; i++) {
		struct mind *mind = &run->minds.mind[i];

		if (!run->deaf)
			mind->queued = false;
		n += mind->queued;
	}
	return n;
}

/* -------------------------------------------------------------- asking -- */

struct walk {
	struct run *run;
	int host;
};

static void take_row(void *ctx, const struct cn_sock_row *row)
{
	const struct walk *walk = ctx;
	struct run *run = walk->run;
	struct cn_tcp_info info;
	struct row *kept = &run->row[run->row_n];

	if (run->row_n == ROWS_MAX)
		return;
	kept->row = *row;
	kept->host = walk->host;
	facts_of(row, &info, &kept->facts, sim_now(run->sim));
	run->row_n++;
}

static const struct row *other_end(const struct run *run, const struct row *own)
{
	for (int i = 0; i < run->row_n; i++) {
		const struct row *row = &run->row[i];

		if (row->host != own->host &&
		    row->row.local.port == own->row.peer.port &&
		    row->row.peer.port == own->row.local.port)
			return row;
	}
	return NULL;
}

/* The words, in both languages, are whole. */
static bool reads_well(const struct see_answer *answer, char *text, size_t size)
{
	for (int lang = SEE_LANG_N; lang-- > 0;) {
		see_why_words(answer, (enum see_lang)lang, text, size);
		if (strlen(text) < 6 || strchr(text, '%') || strstr(text, "? "))
			return false;
	}
	return true;
}

static void ask_of(struct run *run, const struct row *row)
{
	const struct row *far = other_end(run, row);
	bool both = far && random_below(&run->random, 2);
	struct see_answer answer = see_why_answer(
		&row->facts, !both			? SEE_PEER_UNKNOWN :
			     see_is_jammed(&far->facts) ? SEE_PEER_JAMMED :
							  SEE_PEER_MOVES);
	uint16_t local = row->row.local.port, peer = row->row.peer.port;
	struct truth truth = {
		.scene = &run->scene,
		.own = mind_find(&run->minds, row->host, local, peer),
		.peer = mind_find(&run->minds, !row->host, peer, local),
		.talk = talk_of(run, row->host, local, peer),
		.side = row->host,
		.facts = &row->facts,
		.answer = &answer,
		.both = both,
		.queued = queued(run),
		.backlog = (unsigned)run->ails.backlog,
		.now = sim_now(run->sim),
	};
	char text[SEE_SENTENCE_MAX], more[SEE_SENTENCE_MAX + 200];
	const char *wrong = truth_of(&truth);

	total.asked++;
	total.said[answer.key]++;
	if (!reads_well(&answer, text, sizeof(text)))
		wrong = "does not read well";
	if (run->verbose)
		printf("%.6f %c:%u>%u %s: %s\n",
		       (double)(truth.now - SCENE_START) / 1e9, "ab"[row->host],
		       local, peer,
		       cn_tcp_state_name((enum cn_tcp_state)row->row.state),
		       text);
	if (!wrong)
		return;
	snprintf(more, sizeof(more), "%.6f %c:%u>%u \"%s\", but not: %s",
		 (double)(truth.now - SCENE_START) / 1e9, "ab"[row->host],
		 local, peer, text, wrong);
	fail(run, key_names[answer.key], more);
}

static void ask_all(struct run *run)
{
	run->row_n = 0;
	for (int i = 0; i < 2; i++) {
		struct walk walk = {run, i};

		cn_host_each(sim_host(run->sim, i), take_row, &walk);
	}
	for (int i = 0; i < run->row_n && !run->fault[0]; i++)
		ask_of(run, &run->row[i]);
}

static void on_settled(void *ctx, uint64_t now)
{
	struct run *run = ctx;
	char more[100];

	/* The program did something that changes what a timer will do. */
	for (unsigned i = 0; i < run->minds.n; i++) {
		struct mind_promise *promise = &run->minds.mind[i].promise;

		if (promise->made &&
		    promise->phase != phase_of(run, &run->minds.mind[i]))
			promise->made = false;
	}
	mind_settle(&run->minds, now);
	(void)queued(run);
	if (run->minds.fault) {
		snprintf(more, sizeof(more), "%.6f %c:%u>%u, said for %.6f",
			 (double)(now - SCENE_START) / 1e9,
			 "ab"[run->minds.whose->host],
			 run -> minds.whose->local, run->minds.whose->peer,
			 (double)(run->minds.whose->promise.at - SCENE_START) /
				 1e9);
		fail(run, run->minds.fault, more);
		return;
	}
	if (!run->ask)
		return;
	run->ask = false;
	ask_all(run);
}

static void ask_now(struct sim_app *app, uint64_t now)
{
	struct run *run = CN_CONTAINER(app, struct run, asker);

	run->ask = true;
	if (now < run->ails.ends_at)
		sim_wake_at(app, now + 1 +
					 random_u64(&run->random) %
						 run->ails.gap_ns);
}

/* ---------------------------------------------------------------- ailing -- */

/* The program does not call accept() for a while. */
static void hear(struct run *run, bool deaf)
{
	if (run->deaf == deaf)
		return;
	run->deaf = deaf;
	cn_sock_set_tag(run->server.listener, deaf ? NULL : &run->server.app);
	if (!deaf)
		sim_wake(&run->server.app);
}

static void do_now(struct sim_app *app, uint64_t now)
{
	struct run *run = CN_CONTAINER(app, struct run, doer);
	const struct ails *ails = &run->ails;
	uint64_t next = CN_NEVER;
	unsigned dead = 0;

	hear(run, now >= ails->accepts_at && now < ails->accepts_again_at);
	if (ails->accepts_again_at > now)
		next = now < ails->accepts_at ? ails->accepts_at :
						ails->accepts_again_at;
	for (int i = 0; i < ails->spell_n; i++) {
		const struct spell *spell = &ails->spell[i];
		uint64_t at = now < spell->from ? spell->from : spell->until;

		if (now >= spell->from && now < spell->until)
			dead |= spell->ways;
		if (at > now && at < next)
			next = at;
	}
	for (int i = 0; i < 2; i++) {
		struct cn_impair impair = run->scene.wire.impair[i];

		if (dead >> i & 1)
			impair.loss = 1;
		if (sim_wire_set(run->sim, 0, i, &impair))
			fail(run, "the wire refuses", "");
	}
	if (next != CN_NEVER)
		sim_wake_at(app, next);
}

/* ------------------------------------------------------------------ runs -- */

static bool begin(struct run *run)
{
	struct scene *scene = &run->scene;
	struct talk *in[SCENE_TALKS];
	static struct talk *kept[SCENE_TALKS];
	int host[2];

	for (int i = 0; i < 2; i++) {
		run->host[i] = (struct run_host){run, i, {NULL, NULL}};
		run->host[i].sink =
			(struct cn_trace_sink){on_trace, &run->host[i]};
		scene->set[i].trace = &run->host[i].sink;
		host[i] = sim_host_add(run->sim, &scene->set[i]);
		if (host[i] < 0)
			return false;
	}
	for (int i = 0; i < scene->talk_n; i++)
		in[i] = &run->talk[i];
	memcpy(kept, in, sizeof(in));
	if (sim_wire_add(run->sim, 0, 1, &scene->wire) < 0 ||
	    talk_server_init(&run->server, run->sim, 1, scene->family,
			     SCENE_PORT, kept, scene->talk_n) ||
	    cn_sock_listen(run->server.listener, run->ails.backlog,
			   SCENE_START) ||
	    cn_sock_set(run->server.listener, CN_OPT_DEFER_ACCEPT,
			run->ails.defer_s, SCENE_START))
		return false;
	for (int i = 0; i < scene->talk_n; i++)
		talk_init(&run->talk[i], &scene->plan[i], run->sim, 0, host, 0);
	sim_app_init(run->sim, &run->asker, ask_now);
	sim_app_init(run->sim, &run->doer, do_now);
	sim_wake_at(&run->asker, SCENE_START);
	sim_wake_at(&run->doer, SCENE_START);
	return true;
}

static const char *run_seed(uint64_t seed, bool verbose)
{
	static struct run run;
	struct cn_pool *pool = cn_pool_new(&heap_memory);
	struct sim_watch watch = {.settled = on_settled, .ctx = &run};

	memset(&run, 0, sizeof(run));
	run.verbose = verbose;
	scene_make(&run.scene, seed);
	/* The truth is told by the plan; what changes on the way is not. */
	for (int i = 0; i < run.scene.talk_n; i++)
		for (int j = 0; j < 2; j++)
			run.scene.plan[i].side[j].tweak_n = 0;
	make_ails(&run, seed);
	if (verbose)
		scene_print(&run.scene);
	run.sim = sim_new(pool, seed, SCENE_START, &watch);
	if (!begin(&run))
		fail(&run, "the scene cannot be set", "");
	else if (sim_run(run.sim, run.ails.ends_at) == SIM_STUCK)
		fail(&run, "an instant that does not end", "");
	for (int i = 0; i < run.scene.talk_n; i++)
		talk_deinit(&run.talk[i]);
	talk_server_deinit(&run.server);
	sim_free(run.sim);
	cn_pool_free(pool);
	total.runs++;
	return run.fault[0] ? run.fault : NULL;
}

/* ------------------------------------------------------------------ main -- */

/* Sentences that only a gateway or a program behind a pair brings about
 * (test/interop/ss_why stages them), and parts of others. */
static bool is_elsewhere(int key)
{
	return key == SEE_WHY_SYN_HELD || key == SEE_WHY_GATEWAY ||
	       key == SEE_WHY_TO_READ_MORE || key == SEE_WHY_NEXT ||
	       key == SEE_WHY_OVER ||
	       /* In an instant, when a device is full: one in a million. */
	       key == SEE_WHY_FIN_QUEUED;
}

/* What was never said was never judged. */
static bool all_were_said(void)
{
	bool all = true;

	for (int key = SEE_WHY_LISTENS; key <= SEE_WHY_CLOSED; key++) {
		if (total.said[key] || is_elsewhere(key))
			continue;
		printf("# never said: %s\n", key_names[key]);
		all = false;
	}
	return all;
}

static void print_said(void)
{
	printf("# %" PRIu64 " runs, %" PRIu64 " sentences\n", total.runs,
	       total.asked);
	for (int key = 0; key < SEE_KEY_N; key++)
		if (total.said[key])
			printf("# %9" PRIu64 " %s\n", total.said[key],
			       key_names[key]);
}

struct options {
	uint64_t from, runs;
	bool verbose, all;
};

static bool read_options(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "0";

		if (!strcmp(argv[i], "-v")) {
			o->verbose = true;
			continue;
		}
		if (!strcmp(argv[i], "--all")) {
			o->all = true;
			continue;
		}
		if (!strcmp(argv[i], "--seed")) {
			o->from = strtoull(value, NULL, 0);
			o->runs = 1;
		} else if (!strcmp(argv[i], "--from")) {
			o->from = strtoull(value, NULL, 0);
		} else if (!strcmp(argv[i], "--runs")) {
			o->runs = strtoull(value, NULL, 0);
		} else {
			return false;
		}
		i++;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct options o = {.runs = 1000};
	uint64_t failed = 0;
	bool all;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!read_options(argc, argv, &o)) {
		fprintf(stderr,
			"usage: %s [--from SEED] [--runs N] [--all]\n"
			"       %s --seed SEED [-v]\n",
			argv[0], argv[0]);
		return 2;
	}
	for (uint64_t i = 0; i < o.runs && failed < 10; i++) {
		const char *fault = run_seed(o.from + i, o.verbose);

		if (!fault)
			continue;
		printf("# seed %" PRIu64 ": %s\n", o.from + i, fault);
		failed++;
	}
	print_said();
	printf("%sok 1 - no sentence is false\n", failed ? "not " : "");
	all = !o.all || all_were_said();
	printf("%sok 2 - every sentence was judged%s\n", all ? "" : "not ",
	       o.all ? "" : " # SKIP without --all");
	printf("1..2\n");
	return failed || !all;
}
