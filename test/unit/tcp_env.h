/* SPDX-License-Identifier: MIT */
/* A TCB with what it needs around it, for tests of the parts of tcp/. */
#ifndef UNIT_TCP_ENV_H
#define UNIT_TCP_ENV_H

#include <string.h>

#include "heap.h"
#include "tcp/tcb.h"

struct tcp_fixture {
	struct heap heap;
	struct cn_settings set;
	struct cn_pool *pool;
	struct budget budget;
	struct random random, dice;
	struct cn_counters count;
	struct tcp_env env;
	struct tcb tcb;
};

static inline void fixture_begin(struct tcp_fixture *f, uint64_t seed)
{
	struct cn_alloc alloc;
	uint8_t key[16] = {0};

	memset(f, 0, sizeof(*f));
	f->heap.fail_after = -1;
	alloc = heap_words(&f->heap);
	f->pool = cn_pool_new(&alloc);
	memcpy(key, &seed, sizeof(seed));
	random_init(&f->random, key, 1);
	random_init(&f->dice, key, 2);
	f->budget.limit = (size_t)64 << 20;
	f->set.sndbuf = 1 << 20;
	f->set.rcvbuf = 1 << 20;
	f->set.min_snd_mss = 48;
	f->set.initial_window = 10;
	f->set.ooo_max = 4096;
	f->set.rto_initial_ns = CN_NS_PER_SEC;
	f->set.rto_min_ns = CN_NS_PER_SEC / 5;
	f->set.rto_max_ns = 120 * CN_NS_PER_SEC;
	f->set.retries2 = 15;
	f->env.set = &f->set;
	f->env.pool = f->pool;
	f->env.budget = &f->budget;
	f->env.random = &f->random;
	f->env.count = &f->count;
	tcb_init(&f->tcb, &f->env);
	f->tcb.sack_ok = true;
	f->tcb.snd_mss = 1460;
	f->tcb.adv_mss = 1460;
}

static inline void fixture_end(struct tcp_fixture *f)
{
	tcb_deinit(&f->tcb);
	assert_int_equal(f->budget.used, 0);
	assert_int_equal(cn_pool_in_use(f->pool), 0);
	cn_pool_free(f->pool);
	assert_int_equal(f->heap.blocks, 0);
}

#endif
