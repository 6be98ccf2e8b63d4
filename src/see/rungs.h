/* SPDX-License-Identifier: MIT */
/* The ladder on paper: columns, arrows and words. */
#ifndef SEE_RUNGS_H
#define SEE_RUNGS_H

#include "see/ladder.h"
#include "see/tale.h"
#include "see/text.h"

#define RUNG_SAYINGS 8

enum rung_kind {
	RUNG_WHOLE, /* from one host to the other */
	RUNG_LEAVES,
	RUNG_ARRIVES,
	RUNG_LOST,
	RUNG_WORDS, /* no arrow */
};

struct saying {
	int side; /* who; -1: nobody */
	uint64_t at;
	bool has_tale;
	struct see_tale tale;
	uint8_t from, to; /* a change of state, or equal */
};

struct rung {
	enum rung_kind kind;
	uint64_t at;
	bool no_time;
	unsigned from; /* the side that sends: 0 left, 1 right */
	uint8_t flags, ace;
	bool has_ace;
	bool ae; /* of a SYN */
	bool again;
	uint32_t seq, ack, len, wnd, mss; /* relative */
	uint8_t state[2]; /* 0: no news */
	unsigned saying_n;
	struct saying saying[RUNG_SAYINGS];
};

struct rungs {
	const struct see_ladder_config *config;
	char name[2][32];
	unsigned width; /* of all */
	unsigned left; /* of the part with the arrows */
	unsigned lane; /* of the arrows */
	bool begun;
};

void rung_say(struct rung *rung, int side, uint64_t at,
	      const struct see_tale *tale, uint8_t from, uint8_t to);

void rungs_init(struct rungs *rungs, const struct see_ladder_config *config);
/* The lines that follow are this connection's. */
void rungs_heading(struct rungs *rungs, const struct see_conn *conn);
/* conn NULL: of no connection. */
void rungs_draw(struct rungs *rungs, const struct see_conn *conn,
		const struct rung *rung);

#endif
