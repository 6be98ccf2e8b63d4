/* SPDX-License-Identifier: MIT */
/* What a seed stands for. */
#include "scene.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

double scene_uniform(struct random *random)
{
	return (double)(random_u64(random) >> 11) * 0x1p-53;
}

bool scene_chance(struct random *random, double p)
{
	return scene_uniform(random) < p;
}

double scene_log_uniform(struct random *random, double low, double high)
{
	return low * pow(high / low, scene_uniform(random));
}

/* How much of the fault is of each kind: some kinds are not there at all. */
static void make_faults(struct random *random, struct cn_impair *impair,
			double faults)
{
	double weight[5], sum = 0;

	for (int i = 0; i < 5; i++) {
		weight[i] = scene_chance(random, 0.5) ? scene_uniform(random) :
							0;
		sum += weight[i];
	}
	if (sum == 0) {
		weight[0] = 1;
		sum = 1;
	}
	for (int i = 0; i < 5; i++)
		weight[i] *= faults / sum;
	impair->loss = weight[0];
	if (weight[1] > 0) {
		impair->burst_r = 0.5 + scene_uniform(random) / 2;
		impair->burst_p = weight[1] * impair->burst_r / (1 - weight[1]);
		impair->burst_bad = 1;
	}
	impair->reorder = weight[2];
	if (scene_chance(random, 0.7))
		impair->reorder_ns =
			(uint64_t)scene_log_uniform(random, 1e5, 1e8);
	impair->duplicate = weight[3];
	impair->corrupt = weight[4];
}

static void make_impair(struct random *random, struct cn_impair *impair,
			double faults)
{
	*impair = (struct cn_impair){0};
	if (faults > 0)
		make_faults(random, impair, faults);
	if (scene_chance(random, 0.9))
		impair->delay_ns =
			(uint64_t)scene_log_uniform(random, 1e4, 2e8);
	if (scene_chance(random, 0.5)) {
		impair->jitter_ns = (uint64_t)((double)impair->delay_ns *
					       scene_uniform(random) / 2);
		impair->jitter = (uint8_t)random_below(random, 4);
		impair->keep_order = scene_chance(random, 0.5);
	}
	if (scene_chance(random, 0.5)) {
		impair->rate = (uint64_t)scene_log_uniform(random, 2e5, 1e9);
		impair->queue = (uint32_t)scene_log_uniform(random, 5, 1000);
	}
}

static uint32_t make_mtu(struct random *random, int family)
{
	static const uint32_t usual[] = {576,  1280, 1400, 1500,
					 1500, 9000, 65535};
	uint32_t mtu = usual[random_below(random, 7)];

	if (scene_chance(random, 0.2))
		mtu = 576 + random_below(random, 8425);
	return family == 6 && mtu < 1280 ? 1280 : mtu;
}

/* Sometimes the path is narrower than the wire at the host says. */
static void make_narrow(struct random *random, struct scene *scene)
{
	uint32_t least = scene->family == 4 ? 576 : 1280;

	for (int i = 0; i < 2; i++)
		if (scene_chance(random, 0.1))
			scene->wire.path_mtu[i] = (uint32_t)scene_log_uniform(
				random, least, scene->wire.mtu + 1);
}

static uint32_t make_buffer(struct random *random)
{
	return (uint32_t)scene_log_uniform(random, 4096, 1 << 20);
}

static void make_settings(struct random *random, struct cn_settings *set)
{
	cn_settings_default(set);
	set->sack = scene_chance(random, 0.75);
	set->timestamps = scene_chance(random, 0.75);
	set->window_scaling = scene_chance(random, 0.75);
	set->cc = (uint8_t)random_below(random, CN_CC_N);
	if (scene_chance(random, 0.5))
		set->sndbuf = make_buffer(random);
	if (scene_chance(random, 0.5))
		set->rcvbuf = make_buffer(random);
	if (scene_chance(random, 0.1))
		set->ooo_max = 2 + random_below(random, 30);
	if (scene_chance(random, 0.2))
		set->initial_window = (uint16_t)(1 + random_below(random, 10));
	/* Bad as the wires are, giving up is to be the rare exception. */
	set->syn_retries = 10;
	set->synack_retries = 10;
	set->orphan_retries = 15;
}

static uint32_t make_size(struct random *random)
{
	return (uint32_t)scene_log_uniform(random, 1, (1 << 20) + 1) - 1;
}

static void make_side(struct random *random, struct talk_side *side)
{
	side->octets = make_size(random);
	if (scene_chance(random, 0.3))
		side->write_max = (uint32_t)scene_log_uniform(random, 1, 65536);
	if (scene_chance(random, 0.3))
		side->read_max = (uint32_t)scene_log_uniform(random, 1, 65536);
	side->nodelay = scene_chance(random, 0.3);
	side->cork = scene_chance(random, 0.1);
	side->spans = scene_chance(random, 0.3);
	side->peek = scene_chance(random, 0.2);
	side->urgent = scene_chance(random, 0.1);
	side->keepalive = scene_chance(random, 0.3);
	if (scene_chance(random, 0.2)) {
		side->pause = (uint16_t)(1 + random_below(random, 100));
		side->pause_ns = (uint64_t)scene_log_uniform(random, 1e5, 3e8);
	}
	if (scene_chance(random, 0.15)) {
		side->stall_at = random_below(random, 1 << 16);
		side->stall_ns = (uint64_t)scene_log_uniform(random, 1e8, 1e11);
	}
	if (scene_chance(random, 0.1))
		side->sndbuf = make_buffer(random);
	if (scene_chance(random, 0.1))
		side->rcvbuf = make_buffer(random);
}

/* What a program may set at any time, and what of it. */
static const struct {
	enum cn_opt opt;
	double low, high; /* on a logarithmic scale; both 0: on or off */
} tweaks[] = {
	{CN_OPT_NODELAY, 0, 0},
	{CN_OPT_CORK, 0, 0},
	{CN_OPT_QUICKACK, 0, 0},
	{CN_OPT_KEEPALIVE, 0, 0},
	{CN_OPT_MAXSEG, 200, 9000},
	{CN_OPT_WINDOW_CLAMP, 4000, 1e6},
	{CN_OPT_NOTSENT_LOWAT, 1, 1e5},
	{CN_OPT_RCVLOWAT, 1, 500},
	{CN_OPT_MAX_PACING_RATE, 2e4, 1e8},
	{CN_OPT_SNDBUF, 2304, 1e6},
	{CN_OPT_RCVBUF, 2304, 1e6},
	{CN_OPT_CONGESTION, 1, CN_CC_N + 1},
	{CN_OPT_CONGESTION, 1, CN_CC_N + 1},
};

static void make_tweaks(struct random *random, struct talk_side *side,
			uint32_t octets)
{
	side->tweak_n = (uint8_t)random_below(random, TALK_TWEAKS + 1);
	for (unsigned i = 0; i < side->tweak_n; i++) {
		unsigned k =
			random_below(random, sizeof(tweaks) / sizeof(*tweaks));
		struct talk_tweak *tweak = &side->tweak[i];

		tweak->at = random_below(random, octets + 1);
		if (scene_chance(random, 0.3))
			tweak->at = 0;
		tweak->opt = (uint8_t)tweaks[k].opt;
		tweak->value =
			tweaks[k].low == 0 ?
				random_below(random, 2) :
				(int64_t)scene_log_uniform(
					random, tweaks[k].low, tweaks[k].high);
		/* An enum begins with nought. */
		if (tweak->opt == CN_OPT_CONGESTION)
			tweak->value = random_below(random, CN_CC_N);
	}
}

/* Parts of the engine that most hosts leave as they are. */
static void make_ways(struct random *random, struct cn_settings *set)
{
	if (scene_chance(random, 0.4))
		set->recovery = (uint8_t)random_below(random, 8);
	if (scene_chance(random, 0.2))
		set->early_retrans = 0;
	if (scene_chance(random, 0.2))
		set->frto = 0;
	set->prr = scene_chance(random, 0.8);
	set->pacing = scene_chance(random, 0.8);
	set->slow_start_after_idle = scene_chance(random, 0.5);
	set->mtu_probing = (uint8_t)random_below(random, 3);
	set->mtu_probe_interval_ns =
		(uint64_t)scene_log_uniform(random, 1e8, 1e11);
	if (scene_chance(random, 0.2))
		set->tso_min_segs = 2;
	if (scene_chance(random, 0.1))
		set->rmem = (struct cn_mem){2048, make_buffer(random), 1 << 20};
	if (scene_chance(random, 0.1))
		set->wmem = (struct cn_mem){2048, make_buffer(random), 1 << 20};
	if (scene_chance(random, 0.1))
		set->memory_limit =
			(size_t)scene_log_uniform(random, 1 << 19, 1 << 22);
}

/* A stream of its own, so that the rest of a seed's scene stays what it was. */
static void make_more(struct scene *scene)
{
	uint8_t key[16] = "more";
	struct random random;
	bool fast;

	random_init(&random, key, scene->seed);
	fast = scene_chance(&random, 0.2);
	for (int i = 0; i < 2; i++)
		make_ways(&random, &scene->set[i]);
	for (int i = 0; i < scene->talk_n; i++) {
		struct talk_plan *plan = &scene->plan[i];
		uint32_t octets = plan->side[0].octets + plan->side[1].octets;

		plan->side[0].fast = fast;
		for (int j = 0; j < 2; j++)
			make_tweaks(&random, &plan->side[j], octets);
	}
}

/* Not so small a share in each call that a run is nothing but calls. */
static void spare_calls(struct talk_side *side, const struct talk_side *peer)
{
	if (side->write_max && side->octets / side->write_max > 5000)
		side->write_max = 200;
	if (side->read_max && peer->octets / side->read_max > 5000)
		side->read_max = 200;
}

static void make_plan(struct random *random, const struct scene *scene, int n,
		      struct talk_plan *plan)
{
	uint8_t style = (uint8_t)random_below(random, 4);

	*plan = (struct talk_plan){
		.seed = random_u64(random) >> 1,
		.family = (uint8_t)scene->family,
		.port = SCENE_PORT,
		.start_at = SCENE_START + random_below(random, 2000000000),
	};
	for (int i = 0; i < 2; i++)
		make_side(random, &plan->side[i]);
	for (int i = 0; i < 2; i++)
		spare_calls(&plan->side[i], &plan->side[!i]);
	plan->side[0].finish = style == 1 ? TALK_CLOSE : TALK_SHUT;
	plan->side[1].finish = style == 2 ? TALK_CLOSE : TALK_SHUT;
	if (style == 3)
		plan->side[random_below(random, 2)].finish = TALK_ANSWER;
	if (scene_chance(random, 0.05)) {
		plan->simultaneous = true;
		plan->port = (uint16_t)(20000 + n);
	}
	if (scene_chance(random, 0.06)) {
		struct talk_side *side = &plan->side[random_below(random, 2)];
		uint32_t all = plan->side[0].octets + plan->side[1].octets;

		side->abort_at = 1 + random_below(random, all + 1);
		plan->side[0].keepalive = true;
		plan->side[1].keepalive = true;
	}
}

/* The allocator fails now and then.  What was lost with it may leave one end
 * without the other, which keepalive then finds out. */
static void make_shortage(struct random *random, struct scene *scene)
{
	scene->fail_one_in = (uint32_t)scene_log_uniform(random, 5, 1000);
	for (int i = 0; i < scene->talk_n; i++) {
		scene->plan[i].side[0].keepalive = true;
		scene->plan[i].side[1].keepalive = true;
	}
}

/* From a stream of its own: everything else is as without. */
static void make_marks(struct scene *scene)
{
	struct random random;
	uint8_t key[16] = "marks";

	memcpy(key + 8, &scene->seed, sizeof(scene->seed));
	random_init(&random, key, 0);
	for (int i = 0; i < 2; i++) {
		struct cn_impair *impair = &scene->wire.impair[i];

		if (scene_chance(&random, 0.7))
			scene->set[i].ecn = (uint8_t)random_below(&random, 6);
		impair->ecn = scene_chance(&random, 0.5);
		if (scene_chance(&random, 0.5))
			impair->mark = 1 + random_below(&random, 30);
	}
}

/* Nothing else ends a peer who has nothing to send and whose reset was lost. */
static void keep_alive(struct talk_side *side)
{
	side->keepalive = true;
	for (unsigned i = 0; i < side->tweak_n; i++)
		if (side->tweak[i].opt == CN_OPT_KEEPALIVE)
			side->tweak[i].value = 1;
}

/* It may have to let a connection go (row 14 of the attacks). */
static bool is_poor(const struct cn_settings *set)
{
	struct cn_settings usual;

	cn_settings_default(&usual);
	return set->memory_limit < usual.memory_limit;
}

/*
 * Closes that reset, and data that may wait for so long and no longer; from a
 * stream of its own, too.  What is lost with the reset leaves one end without
 * the other, which keepalive then finds out.
 */
static void make_ends(struct scene *scene)
{
	uint8_t key[16] = "ends";
	struct random random;

	random_init(&random, key, scene->seed);
	for (int i = 0; i < scene->talk_n; i++) {
		struct talk_side *side = scene->plan[i].side;
		bool early = is_poor(&scene->set[0]) || is_poor(&scene->set[1]);

		for (int j = 0; j < 2; j++) {
			if (scene_chance(&random, 0.06))
				side[j].linger =
					(uint16_t)(1 +
						   random_below(&random, 2) *
							   random_below(&random,
									30));
			if (scene_chance(&random, 0.05))
				side[j].user_timeout_ms =
					(uint32_t)scene_log_uniform(&random,
								    100, 1e5);
			early |= side[j].linger == 1 || side[j].abort_at ||
				 side[j].user_timeout_ms;
		}
		if (early) {
			keep_alive(&side[0]);
			keep_alive(&side[1]);
		}
	}
}

void scene_make(struct scene *scene, uint64_t seed)
{
	uint8_t key[16] = "lossy";
	struct random random;

	memset(scene, 0, sizeof(*scene));
	scene->seed = seed;
	scene->start = SCENE_START;
	random_init(&random, key, seed);
	scene->family = scene_chance(&random, 0.5) ? 4 : 6;
	scene->wire.mtu = make_mtu(&random, scene->family);
	scene->wire.tx_csum = scene_chance(&random, 0.5);
	if (scene->wire.tx_csum && scene_chance(&random, 0.5))
		scene->wire.tx_super = 1 + random_below(&random, 65535);
	scene->wire.ring = scene_chance(&random, 0.2);
	make_narrow(&random, scene);
	for (int i = 0; i < 2; i++) {
		if (scene_chance(&random, 0.92))
			scene->faults[i] =
				scene_log_uniform(&random, 0.006, 0.2);
		make_impair(&random, &scene->wire.impair[i], scene->faults[i]);
		make_settings(&random, &scene->set[i]);
	}
	make_marks(scene);
	scene->talk_n = 1 + (int)random_below(&random, SCENE_TALKS);
	for (int i = 0; i < scene->talk_n; i++)
		make_plan(&random, scene, i, &scene->plan[i]);
	if (scene_chance(&random, 0.05))
		make_shortage(&random, scene);
	make_more(scene);
	make_ends(scene);
}

void scene_move(struct scene *scene, uint64_t start)
{
	for (int i = 0; i < scene->talk_n; i++)
		scene->plan[i].start_at += start - scene->start;
	scene->start = start;
}

void scene_print(const struct scene *scene)
{
	printf("# seed %" PRIu64 ": IPv%d, MTU %u%s%s%s\n", scene->seed,
	       scene->family, scene->wire.mtu,
	       scene->wire.tx_csum ? ", checksum offload" : "",
	       scene->wire.tx_super ? ", super-segments" : "",
	       scene->wire.ring ? ", ring" : "");
	if (scene->fail_one_in)
		printf("# one allocation in %u fails\n", scene->fail_one_in);
	for (int i = 0; i < 2; i++) {
		const struct cn_impair *im = &scene->wire.impair[i];
		const struct cn_settings *set = &scene->set[i];

		if (scene->wire.path_mtu[i])
			printf("# path MTU toward %c: %u\n", "ab"[i],
			       scene -> wire.path_mtu[i]);
		printf("# toward %c: delay %.3f ms, jitter %.3f ms (%u%s), loss"
		       " %.4f, burst %.4f/%.2f, reorder %.4f by %.3f ms,"
		       " duplicate %.4f, corrupt %.4f, rate %" PRIu64
		       ", queue %u%s, mark %u\n",
		       "ab"[i], (double)im -> delay_ns / 1e6,
		       (double)im -> jitter_ns / 1e6, im -> jitter,
		       im -> keep_order ? ", in order" : "", im->loss,
		       im->burst_p, im->burst_r, im->reorder,
		       (double)im->reorder_ns / 1e6, im->duplicate, im->corrupt,
		       im->rate, im->queue, im->ecn ? ", ecn" : "", im->mark);
		printf("# host %c: sack %d, timestamps %d, scaling %d, cc %u,"
		       " sndbuf %u, rcvbuf %u, ooo %u, window %u, ecn %u\n",
		       "ab"[i], set -> sack, set -> timestamps,
		       set -> window_scaling, set -> cc, set -> sndbuf,
		       set -> rcvbuf, set -> ooo_max, set -> initial_window,
		       set -> ecn);
		printf("#   recovery %u, early retrans %u, frto %u,"
		       " prr %d, pacing %d, idle restart %d, MTU probing %u,"
		       " tso %u, memory %zu\n",
		       set->recovery, set->early_retrans, set->frto, set->prr,
		       set->pacing, set->slow_start_after_idle,
		       set->mtu_probing, set->tso_min_segs, set->memory_limit);
	}
	for (int i = 0; i < scene->talk_n; i++) {
		const struct talk_plan *plan = &scene->plan[i];

		printf("# talk %d: at %.3f s%s\n", i,
		       (double)(plan->start_at - scene->start) / 1e9,
		       plan->simultaneous ? ", simultaneous" : "");
		for (int j = 0; j < 2; j++) {
			const struct talk_side *side = &plan->side[j];

			printf("#   side %d: %u octets, write %u, read %u,"
			       " finish %u%s%s%s%s%s%s, pause %u/1000 %.3f ms,"
			       " stall at %u for %.3f s, abort at %u,"
			       " linger %u, user timeout %u ms,"
			       " buffers %" PRId64 " %" PRId64 "\n",
			       j, side->octets, side->write_max, side->read_max,
			       side->finish, side->nodelay ? ", nodelay" : "",
			       side->cork ? ", cork" : "",
			       side->spans ? ", spans" : "",
			       side->peek ? ", peek" : "",
			       side->urgent ? ", urgent" : "",
			       side->keepalive ? ", keepalive" : "",
			       side->pause, (double)side->pause_ns / 1e6,
			       side->stall_at, (double)side->stall_ns / 1e9,
			       side->abort_at, side->linger,
			       side->user_timeout_ms, side->sndbuf,
			       side->rcvbuf);
			for (unsigned k = 0; k < side->tweak_n; k++)
				printf("#     at %u option %u = %" PRId64 "\n",
				       side->tweak[k].at, side->tweak[k].opt,
				       side->tweak[k].value);
			if (side->fast)
				printf("#     opens fast\n");
		}
	}
}
