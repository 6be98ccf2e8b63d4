/* SPDX-License-Identifier: MIT */
/*
 * Two hosts in one thread on one pool, joined by a link that neither loses nor
 * delays, at a time that the caller moves.  bench/ measures on it and
 * test/cost counts.
 */
#ifndef BENCH_RIG_H
#define BENCH_RIG_H

#include <catenet/catenet.h>

struct rig {
	struct cn_pool *pool;
	struct cn_host *host[2];
	int link[2];
	uint64_t now;
	size_t octets, allocs; /* of the heap: held; ever asked for */
};

/* Ends the program unless err is CN_OK. */
void must(int err, const char *what);

/* super: the link takes super-segments and vouches for their checksums; else
 * its MTU is 1500 and every octet is summed at both ends. */
void rig_begin(struct rig *rig, bool super);
void rig_end(struct rig *rig);
/* All that both hosts have to say, until both are silent; the number of
 * frames. */
uint64_t rig_carry(struct rig *rig);
struct cn_sock *rig_listen(struct rig *rig, uint16_t port);
/* *a of host 0, *b of host 1. */
void rig_connect(struct rig *rig, struct cn_sock *listener, uint16_t port,
		 struct cn_sock **a, struct cn_sock **b);

#endif
