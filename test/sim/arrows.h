/* SPDX-License-Identifier: MIT */
/*
 * The arrows of RFC 9293 figure 5, written down a second time and apart from
 * the engine's own table, with what figure 5's notes leave out: resets, aborts
 * and timeouts end in CLOSED.
 */
#ifndef TEST_ARROWS_H
#define TEST_ARROWS_H

#include <stdbool.h>

#include <catenet/host.h>

#define ARROW_SLOTS 4096

struct arrow_entry {
	bool used;
	uint8_t state;
	int host;
	struct cn_endpoint local, peer;
	/* Right edges of windows: the last offered, the furthest granted. */
	bool has_offer, has_grant;
	uint32_t offer, grant;
};

struct arrows {
	struct arrow_entry entry[ARROW_SLOTS];
	uint64_t n;
	bool loose; /* memory fails: a record may be given up untold */
	uint32_t seen[16]; /* bit: to, for each from */
};

/* NULL, or what is wrong with this change of state. */
const char *arrows_follow(struct arrows *arrows, int host,
			  const struct cn_trace *trace);

/* The same for a segment: RFC 9293 SHLD-14, the right edge offered never moves
 * left; and nothing is sent beyond every edge that was granted. */
const char *arrows_segment(struct arrows *arrows, int host,
			   const struct cn_trace *trace);

#endif
