/* SPDX-License-Identifier: MIT */
/* A described network under a virtual clock, and one connection over it. */
#ifndef TEST_SIM_LAB_H
#define TEST_SIM_LAB_H

#include <catenet/socket.h>

#include "run/network/network.h"

#define LAB_START (UINT64_C(1000) * CN_NS_PER_SEC)

struct lab {
	struct cn_pool *pool;
	struct network *network;
	uint64_t now;
	/* To be set before lab_init, or zero. */
	void (*settings)(void *ctx, int node, struct cn_settings *settings);
};

void lab_init(struct lab *lab, const char *text);
/* Nothing of it is left. */
void lab_deinit(struct lab *lab);
/* All that happens at this instant. */
void lab_settle(struct lab *lab);
/* All that happens in so long. */
void lab_pass(struct lab *lab, uint64_t ns);
/* Changes the network as a statement says. */
void lab_change(struct lab *lab, const char *statement);
struct cn_host *lab_host(const struct lab *lab, const char *name);
uint64_t lab_drops(const struct lab *lab, const char *name, enum cn_drop drop);
/* That port of the host's address of that family, 4 or 6. */
struct cn_endpoint lab_at(const struct lab *lab, const char *name, int family,
			  uint16_t port);

/* A connection: the client sends `total` octets to the server's port 7000. */
struct call {
	struct cn_sock *listener, *client, *server;
	uint32_t sent, received, total;
};

void call_begin(struct lab *lab, struct call *call, const char *from,
		const char *to, int family, uint32_t total);
/* One turn of both programs. */
void call_turn(struct lab *lab, struct call *call);
/* Both go on until everything has come, or so long. */
void call_run(struct lab *lab, struct call *call, uint64_t ns);
void call_end(struct lab *lab, struct call *call);

#endif
