/* SPDX-License-Identifier: MIT */
/*
 * Looking changes no octet and no decision.  Runs over bad wires, each with
 * nobody looking, with a bare ear, and with the ladder, the events, the
 * comments and the account of limits at once: the same frames to the octet at
 * the same instants, the same events, the same counters at the end.
 *
 *	sim-looking [--from SEED] [--runs N]
 *	sim-looking --seed SEED --events	the run's events, as JSON lines
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/heap.h"
#include "scene.h"
#include "see/comment.h"
#include "see/events.h"
#include "see/ladder.h"
#include "see/limits.h"

enum views { NOBODY, EAR, ALL, VIEWS };

struct look {
	enum views views;
	bool packets; /* frames are looked at, which keeps them single */
	bool print;
	uint64_t events, frames, ends; /* digests */
	uint64_t event_n, frame_n, line_n, octet_n;
	struct look_host {
		struct look *look;
		int host;
		struct cn_trace_sink sink;
	} host[2];
	struct see_ladder *ladder;
	struct see_events *json;
	struct see_comments *comments;
	struct see_limits *limits;
	bool mute;
};

static void mix(uint64_t *digest, const void *data, size_t len)
{
	const uint8_t *octet = data;

	for (size_t i = 0; i < len; i++)
		*digest = (*digest ^ octet[i]) * UINT64_C(0x100000001b3);
	*digest ^= *digest >> 29;
}

/* All of an event but its pointers and padding. */
static void mix_event(uint64_t *digest, int host, const struct cn_trace *t)
{
	uint32_t small[] = {
		(uint32_t)host,	  t->kind,     t->from,	      t->to,
		t->timer,	  t->drop,     t->why,	      t->recovery,
		(uint32_t)t->err, t->flags,    t->retransmit, t->sack_n,
		t->seq,		  t->ack,      t->len,	      t->wnd,
		t->seg_size,	  t->mss,      t->iss,	      t->irs,
		t->cwnd,	  t->ssthresh, t->flight,     t->snd_wnd,
		t->snd_mss,	  t->unsent,   t->local.port, t->peer.port};
	uint64_t large[] = {t->at, t->srtt_ns, t->rto_ns};

	mix(digest, small, sizeof(small));
	mix(digest, large, sizeof(large));
	mix(digest, t->sack, sizeof(t->sack[0]) * t->sack_n);
	if (t->rule)
		mix(digest, t->rule, strlen(t->rule));
}

static void on_line(void *ctx, const char *text, size_t len)
{
	struct look *look = ctx;

	look->line_n++;
	look->octet_n += len;
	if (look->print)
		fwrite(text, 1, len, stdout);
}

static void nowhere(void *ctx, const char *text, size_t len)
{
	struct look *look = ctx;

	(void)text;
	look->octet_n += len;
}

static void on_trace(void *ctx, const struct cn_trace *trace)
{
	const struct look_host *host = ctx;
	struct look *look = host->look;

	if (look->mute)
		return;
	look->event_n++;
	mix_event(&look->events, host->host, trace);
	if (look->views != ALL)
		return;
	see_ladder_event(look->ladder, host->host, trace);
	see_events_event(look->json, host->host, trace);
	see_comments_event(look->comments, host->host, trace);
	see_limits_event(look->limits, host->host, trace);
}

static void on_packet(void *ctx, int wire, int toward,
		      const struct cn_frame *frame, enum cn_fate fate,
		      uint64_t now)
{
	static uint8_t octet[65536 + 256];
	struct look *look = ctx;
	uint32_t len = cn_frame_copy(frame, 0, octet, sizeof(octet));
	uint64_t head[] = {now, (uint64_t)fate, (uint64_t)toward, len};
	char comment[600];

	(void)wire;
	look->frame_n++;
	mix(&look->frames, head, sizeof(head));
	mix(&look->frames, octet, len);
	if (look->views != ALL)
		return;
	see_ladder_fate(look->ladder, frame, fate, now);
	see_events_fate(look->json, frame, fate, now);
	look->octet_n += see_comment(look->comments, frame, fate, comment,
				     sizeof(comment));
}

static bool open_views(struct look *look)
{
	struct see_ladder_config ladder = {
		.width = 80,
		.write = nowhere,
		.ctx = look,
		.start = SCENE_START,
	};
	struct see_events_config json = {
		.name = {"client", "server"},
		.start = SCENE_START,
		.write = on_line,
		.ctx = look,
	};

	if (look->views != ALL)
		return true;
	look->ladder = see_ladder_new(&ladder);
	look->json = see_events_new(&json);
	look->comments = see_comments_new(SEE_EN);
	look->limits = see_limits_new();
	return look->ladder && look->json && look->comments && look->limits;
}

static void close_views(struct look *look)
{
	see_ladder_free(look->ladder);
	see_events_free(look->json);
	see_comments_free(look->comments);
	see_limits_free(look->limits);
}

static bool begin(struct look *look, struct sim *sim, struct scene *scene,
		  struct talk *talk, struct talk **in,
		  struct talk_server *server)
{
	int host[2];

	for (int i = 0; i < 2; i++) {
		look->host[i] = (struct look_host){look, i, {NULL, NULL}};
		look->host[i].sink =
			(struct cn_trace_sink){on_trace, &look->host[i]};
		if (look->views != NOBODY)
			scene->set[i].trace = &look->host[i].sink;
		host[i] = sim_host_add(sim, &scene->set[i]);
		if (host[i] < 0)
			return false;
	}
	if (sim_wire_add(sim, 0, 1, &scene->wire) < 0 ||
	    talk_server_init(server, sim, 1, scene->family, SCENE_PORT, in,
			     scene->talk_n))
		return false;
	for (int i = 0; i < scene->talk_n; i++) {
		in[i] = &talk[i];
		talk_init(&talk[i], &scene->plan[i], sim, 0, host, 0);
	}
	return true;
}

/* What became of it all. */
static void mix_end(struct look *look, const struct sim *sim,
		    const struct scene *scene, const struct talk *talk)
{
	for (int i = 0; i < scene->talk_n; i++)
		for (int j = 0; j < 2; j++) {
			const struct talk_end *end = &talk[i].end[j];
			uint64_t all[] = {end->sent,
					  end->received,
					  (uint64_t)end->phase,
					  (uint64_t)(int64_t)end->err,
					  end->opened_at,
					  end->done_at};

			mix(&look->ends, all, sizeof(all));
		}
	for (int i = 0; i < 2; i++) {
		struct cn_path_stats stats;

		mix(&look->ends, cn_host_counters(sim_host(sim, i)),
		    sizeof(struct cn_counters));
		memset(&stats, 0, sizeof(stats));
		sim_wire_stats(sim, 0, i, &stats);
		mix(&look->ends, &stats, sizeof(stats));
	}
}

static bool look_at(struct look *look, uint64_t seed)
{
	struct sim_watch watch = {.packet = look->packets ? on_packet : NULL,
				  .ctx = look};
	struct cn_pool *pool = cn_pool_new(&heap_memory);
	struct talk talk[SCENE_TALKS];
	struct talk *in[SCENE_TALKS];
	struct talk_server server;
	struct scene scene;
	struct sim *sim;
	bool good;

	scene_make(&scene, seed);
	scene.fail_one_in = 0;
	sim = sim_new(pool, seed, SCENE_START, &watch);
	good = open_views(look) && begin(look, sim, &scene, talk, in, &server);
	if (good) {
		sim_run(sim, SCENE_START + 2000 * CN_NS_PER_SEC);
		mix_end(look, sim, &scene, talk);
		look->mute = true;
		for (int i = 0; i < scene.talk_n; i++)
			talk_deinit(&talk[i]);
		talk_server_deinit(&server);
	}
	sim_free(sim);
	cn_pool_free(pool);
	close_views(look);
	return good;
}

static const char *compare(uint64_t seed, uint64_t sum[3])
{
	static struct look look[VIEWS], frames[VIEWS];

	for (int i = 0; i < VIEWS; i++) {
		look[i] = (struct look){.views = (enum views)i};
		frames[i] =
			(struct look){.views = (enum views)i, .packets = true};
		if (!look_at(&look[i], seed) || !look_at(&frames[i], seed))
			return "it cannot be run";
		if (look[i].ends != look[0].ends)
			return "it ends otherwise";
		if (frames[i].ends != frames[0].ends)
			return "it ends otherwise, packet by packet";
		if (frames[i].frames != frames[0].frames)
			return "other frames";
	}
	if (look[EAR].events != look[ALL].events ||
	    frames[EAR].events != frames[ALL].events)
		return "other events";
	if (!frames[0].frame_n || !frames[ALL].octet_n)
		return "nothing was to be seen";
	sum[0] += frames[0].frame_n;
	sum[1] += frames[EAR].event_n;
	sum[2] += frames[ALL].line_n;
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t from = 0, runs = 200, sum[3] = {0, 0, 0};
	bool print = false, failed = false;

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "0";

		if (!strcmp(argv[i], "--events")) {
			print = true;
			continue;
		}
		if (!strcmp(argv[i], "--from") || !strcmp(argv[i], "--seed")) {
			from = strtoull(value, NULL, 0);
		} else if (!strcmp(argv[i], "--runs")) {
			runs = strtoull(value, NULL, 0);
		} else {
			fprintf(stderr,
				"usage: %s [--from SEED] [--runs N]\n"
				"       %s --seed SEED --events\n",
				argv[0], argv[0]);
			return 2;
		}
		i++;
	}
	if (print) {
		struct look look = {
			.views = ALL, .packets = true, .print = true};

		return !look_at(&look, from);
	}
	for (uint64_t seed = from; seed < from + runs && !failed; seed++) {
		const char *fault = compare(seed, sum);

		if (!fault)
			continue;
		printf("# seed %" PRIu64 ": %s\n", seed, fault);
		failed = true;
	}
	printf("# %" PRIu64 " runs, %" PRIu64 " frames, %" PRIu64
	       " events, %" PRIu64 " lines\n",
	       runs, sum[0], sum[1], sum[2]);
	printf("%sok 1 - looking changes nothing\n1..1\n",
	       failed ? "not " : "");
	return failed;
}
