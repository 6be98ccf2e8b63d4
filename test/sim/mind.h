/* SPDX-License-Identifier: MIT */
/*
 * What an onlooker who sees every segment come and go knows of one end of a
 * connection: kept apart from the engine's own books, by the RFC's rules.
 */
#ifndef TEST_SIM_MIND_H
#define TEST_SIM_MIND_H

#include <catenet/host.h>

#define MINDS 256
#define MIND_BEYOND 64
#define MIND_TIMEOUTS 16 /* instants that are remembered */

/* "Next in 3 s": what was said of the timer, until it can be judged. */
struct mind_promise {
	bool made;
	bool over; /* "given up in": it ends with it */
	bool fired;
	uint64_t at, slack;
	int phase; /* of the program when it was said */
};

struct mind {
	bool used;
	int host;
	uint16_t local, peer; /* ports */
	uint8_t state; /* enum cn_tcp_state */
	bool passive; /* a listener made it */
	bool was; /* it has had a state; before, its SYN-ACK bore a cookie */
	bool queued; /* established, and no program has got it */
	bool has_irs;
	uint32_t iss, irs;
	/* What it sends. */
	uint32_t una, max; /* acknowledged up to; past all that went out */
	bool fin_out;
	uint32_t fin_seq;
	uint32_t again, again_end; /* octets sent again, until acknowledged */
	uint32_t small_end; /* past the last segment that was not full */
	unsigned timeouts; /* in a row, of the oldest octet */
	uint64_t timeout_at[MIND_TIMEOUTS];
	unsigned probes; /* sent since anything was heard */
	/* What it hears. */
	uint64_t heard_at; /* an ACK that was not old, or octets */
	bool has_wnd;
	bool wnd_of_syn; /* not scaled: the engine may know it rounded */
	uint32_t wnd, wl1;
	uint64_t zero_at; /* the window became zero */
	uint32_t got; /* past all octets that came */
	uint32_t next; /* ... without a gap, unless lax */
	uint32_t beyond[MIND_BEYOND][2]; /* pieces beyond gaps */
	unsigned beyond_n;
	bool lax; /* too many pieces to remember */
	uint32_t acked_out; /* ... that it has acknowledged */
	uint32_t edge; /* the furthest right edge that it has offered */
	bool zero_by_reading; /* unread octets lay there when it offered 0 */
	/* From its last event. */
	uint32_t cwnd, mss;
	uint8_t recovery;
	struct mind_promise promise;
};

struct minds {
	struct mind mind[MINDS];
	unsigned n;
	const char *fault; /* a promise that was broken */
	const struct mind *whose;
};

void mind_event(struct minds *minds, int host, const struct cn_trace *trace);
/* NULL: nobody has seen it. */
struct mind *mind_find(struct minds *minds, int host, uint16_t local,
		       uint16_t peer);
void mind_promise(struct mind *mind, uint64_t at, uint64_t slack, bool over,
		  int phase);
/* Everything of this instant has happened. */
void mind_settle(struct minds *minds, uint64_t now);

#endif
