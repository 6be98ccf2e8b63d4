/* SPDX-License-Identifier: MIT */
/*
 * Is what catenet why says true?  Judged by who knows both hosts, every
 * segment and the programs.
 */
#ifndef TEST_SIM_TRUTH_H
#define TEST_SIM_TRUTH_H

#include "mind.h"
#include "scene.h"
#include "see/why.h"

/* One sentence, and what there is to know about it. */
struct truth {
	const struct scene *scene;
	struct mind *own;
	const struct mind *peer; /* NULL: it has not been heard of */
	const struct talk *talk; /* NULL: a listener, or not found */
	int side;
	const struct see_facts *facts; /* of what was asked */
	const struct see_answer *answer;
	bool both; /* the peer's facts were known, too */
	unsigned queued; /* connections that nobody has accepted */
	unsigned backlog;
	uint64_t now;
};

/* NULL: it is true; or what is wrong with it. */
const char *truth_of(const struct truth *t);

#endif
