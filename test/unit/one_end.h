/* SPDX-License-Identifier: MIT */
/* One connection, established by hand; its peer is the test. */
#ifndef UNIT_ONE_END_H
#define UNIT_ONE_END_H

#include <string.h>

#include "heap.h"
#include "tcp/tcb.h"

#define NOW CN_NS_PER_SEC
#define ISS 1000u
#define IRS 5000u

struct bench {
	struct cn_settings set;
	struct budget budget;
	struct random random;
	struct cn_counters count;
	struct tcp_env env;
	struct tcb tcb;
	uint64_t now;
};

static inline void arrives(struct bench *b, struct tcp_seg *seg)
{
	seg->flags |= TCP_ACK;
	seg->options |= TCP_OPT_TS;
	seg->tsval = 1;
	tcp_arrives(&b->tcb, seg, b->now);
}

static inline bool emits(struct bench *b, struct tcp_seg *seg)
{
	struct tcp_emit_limits limits = {0};
	bool has = tcp_emit(&b->tcb, &limits, seg, b->now);

	while (has && seg->slice_n)
		cn_buf_unref(seg->slice[--seg->slice_n].buf);
	return has;
}

static inline void establish(struct bench *b, struct cn_pool *pool)
{
	struct tcp_seg seg;
	struct tcp_seg syn = {
		.seq = IRS,
		.ack = ISS + 1,
		.len = 1,
		.wnd = 65535,
		.mss = 1460,
		.flags = TCP_SYN,
		.options = TCP_OPT_MSS | TCP_OPT_SACK_OK,
	};

	memset(b, 0, sizeof(*b));
	b->now = NOW;
	b->set.rto_initial_ns = CN_NS_PER_SEC;
	b->set.rto_min_ns = 200 * CN_NS_PER_MS;
	b->set.rto_max_ns = 120 * CN_NS_PER_SEC;
	b->set.delack_ns = 40 * CN_NS_PER_MS;
	b->set.retries2 = 15;
	b->set.syn_retries = 6;
	b->set.sndbuf = 1 << 20;
	b->set.rcvbuf = 1 << 16;
	b->set.min_snd_mss = 48;
	b->set.initial_window = 10;
	b->set.ooo_max = 100;
	b->set.timestamps = true;
	b->set.sack = true;
	b->budget.limit = 1 << 24;
	b->env = (struct tcp_env){
		.set = &b->set,
		.pool = pool,
		.budget = &b->budget,
		.random = &b->random,
		.count = &b->count,
	};
	tcb_init(&b->tcb, &b->env);
	tcp_set_path(&b->tcb, 1460, 1460, 536);
	tcp_open(&b->tcb, ISS, 0, NOW);
	assert_true(emits(b, &seg));
	arrives(b, &syn);
	while (emits(b, &seg))
		;
	assert_int_equal(b->tcb.state, CN_ESTABLISHED);
}

#endif
