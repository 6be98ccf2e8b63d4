/* SPDX-License-Identifier: MIT */
/*
 * A scene: two hosts, the bad wire between them, and the conversations across
 * it, all of it made from a seed.
 */
#ifndef TEST_SIM_SCENE_H
#define TEST_SIM_SCENE_H

#include "base/random.h"
#include "sim/talk.h"

#define SCENE_TALKS 8
#define SCENE_PORT 7
#define SCENE_START (UINT64_C(1000) * CN_NS_PER_SEC)

struct scene {
	uint64_t seed;
	uint64_t start; /* SCENE_START, unless it was moved */
	int family;
	double faults[2]; /* toward a, toward b */
	struct sim_wire wire;
	struct cn_settings set[2];
	uint32_t fail_one_in; /* allocations; 0: none fails */
	int talk_n;
	struct talk_plan plan[SCENE_TALKS];
};

void scene_make(struct scene *scene, uint64_t seed);
/* The same scene, begun at another time. */
void scene_move(struct scene *scene, uint64_t start);
void scene_print(const struct scene *scene);

/* Between 0 and 1; true with probability p; even on a logarithmic scale. */
double scene_uniform(struct random *random);
bool scene_chance(struct random *random, double p);
double scene_log_uniform(struct random *random, double low, double high);

#endif
