/* SPDX-License-Identifier: MIT */
/*
 * What limited a transfer, from the events of its sender: between two events
 * the sender waited for one thing, and that thing gets the time.
 */
#ifndef SEE_LIMITS_H
#define SEE_LIMITS_H

#include <catenet/engine.h>

#include "see/lang.h"

/* X(name, text) */
#define SEE_LIMITS(X)                                                          \
	X(PROGRAM, "program") /* nothing to send, or too little */             \
	X(RWND, "receiver_window")                                             \
	X(CWND, "congestion_window")                                           \
	X(LOSS, "loss") /* being repaired */                                   \
	X(RATE, "path_rate") /* a queue stands on the path: it is full */

enum see_limit {
#define SEE_X(name, text) SEE_LIMITED_BY_##name,
	SEE_LIMITS(SEE_X) SEE_LIMIT_N
#undef SEE_X
};

struct see_share {
	uint64_t ns[SEE_LIMIT_N];
};

/* "receiver_window", static. */
const char *see_limit_name(enum see_limit limit);
enum see_key see_limit_key(enum see_limit limit);
/* The one with the most time; false: there was no time at all. */
bool see_share_most(const struct see_share *share, enum see_limit *limit);

struct see_limits;

struct see_limits *see_limits_new(void);
void see_limits_free(struct see_limits *limits);
/* The path has no rate, so no queue stands on it: what takes longer than the
 * shortest round trip was kept by the machine, or by a delayed ACK. */
void see_limits_no_rate(struct see_limits *limits);
void see_limits_event(struct see_limits *limits, int host,
		      const struct cn_trace *trace);
/* Of what local sends to peer, until now; false: nothing is known. */
bool see_limits_of(struct see_limits *limits, const struct cn_endpoint *local,
		   const struct cn_endpoint *peer, uint64_t now,
		   struct see_share *share);

#endif
