/* SPDX-License-Identifier: MIT */
/* Two hosts, a connection between them, and whoever forges segments beside. */
#ifndef TEST_SIM_STAGE_H
#define TEST_SIM_STAGE_H

#include <catenet/socket.h>

#include "forge.h"
#include "sim/sim.h"

#define START (UINT64_C(1000) * CN_NS_PER_SEC)
#define MS CN_NS_PER_MS
#define PORT 7

/* Host a (0) and host b (1), 10 ms apart. */
struct stage {
	struct cn_pool *pool;
	struct sim *sim;
	struct cn_settings set;
	struct cn_sock *listener, *client, *server;
	uint16_t client_port;
	struct random random;
	uint64_t bare_acks[2]; /* sent by a, by b */
	uint64_t segments[2];
	uint64_t syn_acks;
	struct tcp_seg last[2]; /* sent by a, by b */
	void (*see)(struct stage *stage, int from, const struct tcp_seg *seg);
	void *ctx;
};

/* settings NULL: the default ones. */
void stage_init(struct stage *stage, const struct cn_settings *set,
		uint64_t seed);
/* Nothing of it is left. */
void stage_deinit(struct stage *stage);
uint64_t stage_now(const struct stage *stage);
void stage_pass(struct stage *stage, uint64_t ns);
/* That port of host a (0) or b (1). */
struct cn_endpoint stage_at(int end, uint16_t port);

struct cn_sock *stage_listens(struct stage *stage); /* b */
struct cn_sock *stage_connects(struct stage *stage,
			       struct cn_endpoint peer); /* a */
/* A connection of a's with b's listener: client and server. */
void stage_establish(struct stage *stage);
/* A segment to host b that says it is from the client. */
void stage_spoof(struct stage *stage, const struct tcp_seg *seg);
/* A number of the run's. */
uint32_t stage_any(struct stage *stage);
/* The connection stands, and carries data. */
void stage_still_speaks(struct stage *stage);

#endif
