/* SPDX-License-Identifier: MIT */
/*
 * Two connections back to back without hosts: segments cross a path that
 * delays, drops, reorders and duplicates; every octet must come through, both
 * ways at once, and all memory must come back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link/heap.h"
#include "tcp/tcb.h"

#define FLIGHT_MAX 4096
#define MS CN_NS_PER_MS

struct flying {
	uint64_t at;
	int to;
	struct tcp_seg seg;
};

struct end {
	struct tcb tcb;
	uint32_t sent, received; /* octets of the pattern */
	uint32_t total;
	bool closed, eof;
};

struct pair {
	struct cn_settings set;
	struct cn_pool *pool;
	struct budget budget;
	struct random random, fate;
	struct cn_counters count;
	struct tcp_env env;
	struct end end[2];
	bool has_b;
	struct flying flying[FLIGHT_MAX];
	unsigned flying_n;
	uint64_t now;
	unsigned loss, reorder, duplicate; /* per mille */
	uint32_t super_max;
};

static uint8_t pattern(int from, uint32_t i)
{
	return (uint8_t)(i * 31 + (i >> 8) * 7 + (uint32_t)from * 101);
}

static void settings(struct cn_settings *set)
{
	memset(set, 0, sizeof(*set));
	set->ttl = 64;
	set->msl2_ns = 60 * CN_NS_PER_SEC;
	set->fin_wait2_ns = 60 * CN_NS_PER_SEC;
	set->rto_initial_ns = CN_NS_PER_SEC;
	set->rto_min_ns = 200 * MS;
	set->rto_max_ns = 120 * CN_NS_PER_SEC;
	set->delack_ns = 40 * MS;
	set->retries1 = 3;
	set->retries2 = 15;
	set->syn_retries = 6;
	set->synack_retries = 5;
	set->orphan_retries = 8;
	set->sndbuf = 1 << 20;
	set->rcvbuf = 1 << 20;
	set->min_snd_mss = 48;
	set->initial_window = 10;
	set->ooo_max = 4096;
	set->challenge_interval_ns = 500 * MS;
	set->timestamps = true;
	set->sack = true;
	set->window_scaling = true;
}

static struct pair *pair_new(uint64_t seed)
{
	struct pair *p = calloc(1, sizeof(*p));
	uint8_t key[16] = {0};

	memcpy(key, &seed, sizeof(seed));
	settings(&p->set);
	p->pool = cn_pool_new(&heap_memory);
	p->budget.limit = 256u << 20;
	random_init(&p->random, key, 1);
	random_init(&p->fate, key, 2);
	p->env.set = &p->set;
	p->env.pool = p->pool;
	p->env.budget = &p->budget;
	p->env.random = &p->random;
	p->env.count = &p->count;
	p->now = CN_NS_PER_SEC;
	return p;
}

static void pair_free(struct pair *p)
{
	unsigned i;

	for (i = 0; i < p->flying_n; i++)
		while (p->flying[i].seg.slice_n)
			cn_buf_unref(
				p->flying[i]
					.seg.slice[--p->flying[i].seg.slice_n]
					.buf);
	tcb_deinit(&p->end[0].tcb);
	if (p->has_b)
		tcb_deinit(&p->end[1].tcb);
	assert_int_equal(p->budget.used, 0);
	assert_int_equal(cn_pool_in_use(p->pool), 0);
	cn_pool_free(p->pool);
	free(p);
}

static bool chance(struct pair *p, unsigned per_mille)
{
	return random_below(&p->fate, 1000) < per_mille;
}

static void fly(struct pair *p, int to, const struct tcp_seg *seg)
{
	struct flying *f;
	uint64_t delay = 10 * MS;

	if (chance(p, p->reorder))
		delay += random_below(&p->fate, 20) * MS;
	assert_true(p->flying_n < FLIGHT_MAX);
	f = &p->flying[p->flying_n++];
	f->at = p->now + delay;
	f->to = to;
	f->seg = *seg;
}

/* A super-segment is cut, so that loss hits packets. */
static void send_seg(struct pair *p, int to, struct tcp_seg *seg)
{
	uint32_t size = seg->seg_size ? seg->seg_size : seg->data_len;
	uint32_t off = 0, i;

	do {
		struct tcp_seg one = *seg;
		uint32_t len = seg->data_len - off, skip = off, left;

		if (len > size)
			len = size;
		one.seq += off;
		one.data_len = len;
		one.seg_size = 0;
		one.slice_n = 0;
		if (off + len < seg->data_len)
			one.flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
		one.len = len + !!(one.flags & TCP_SYN) +
			  !!(one.flags & TCP_FIN);
		for (i = 0, left = len; i < seg->slice_n && left; i++) {
			struct cn_slice s = seg->slice[i];

			if (skip >= s.len) {
				skip -= s.len;
				continue;
			}
			s.data += skip;
			s.len -= skip;
			skip = 0;
			if (s.len > left)
				s.len = left;
			left -= s.len;
			cn_buf_ref(s.buf);
			one.slice[one.slice_n++] = s;
		}
		assert_int_equal(left, 0);
		if (!chance(p, p->loss)) {
			fly(p, to, &one);
			if (chance(p, p->duplicate)) {
				for (i = 0; i < one.slice_n; i++)
					cn_buf_ref(one.slice[i].buf);
				fly(p, to, &one);
			}
		} else {
			for (i = 0; i < one.slice_n; i++)
				cn_buf_unref(one.slice[i].buf);
		}
		off += len;
	} while (off < seg->data_len);
	for (i = 0; i < seg->slice_n; i++)
		cn_buf_unref(seg->slice[i].buf);
}

static void open_b(struct pair *p, const struct tcp_seg *seg)
{
	struct tcp_syn syn;
	struct tcp_seg reply;

	tcp_syn_init(&syn, &p->env, seg, 0xfffffff0u, p->set.rcvbuf);
	tcb_init(&p->end[1].tcb, &p->env);
	tcp_set_path(&p->end[1].tcb, 1460, 1460, 536);
	tcp_from_syn(&p->end[1].tcb, &syn, 77, p->now, p->now);
	p->has_b = true;
	tcp_syn_reply(&syn, &p->env, 1460, 77, &reply, p->now);
	send_seg(p, 0, &reply);
}

static void deliver(struct pair *p, struct flying *f)
{
	unsigned i;

	if (f->to == 1 && !p->has_b) {
		if (tcp_listen_arrives(&f->seg) == TCP_LISTEN_SYN)
			open_b(p, &f->seg);
	} else {
		tcp_arrives(&p->end[f->to].tcb, &f->seg, p->now);
	}
	for (i = 0; i < f->seg.slice_n; i++)
		cn_buf_unref(f->seg.slice[i].buf);
}

static void use(struct pair *p, int who)
{
	struct end *e = &p->end[who];
	uint8_t data[5000];
	uint32_t i, n;
	int64_t got;

	while (e->sent < e->total) {
		n = 1 + random_below(&p->fate, sizeof(data));
		if (n > e->total - e->sent)
			n = e->total - e->sent;
		for (i = 0; i < n; i++)
			data[i] = pattern(who, e->sent + i);
		got = tcp_send(&e->tcb, data, n, 0, p->now);
		if (got <= 0)
			break;
		e->sent += (uint32_t)got;
	}
	if (e->sent == e->total && !e->closed &&
	    (e->tcb.state == CN_ESTABLISHED || e->tcb.state == CN_CLOSE_WAIT)) {
		tcp_close(&e->tcb, p->now);
		e->closed = true;
	}
	while ((got = tcp_recv(&e->tcb, data,
			       1 + random_below(&p->fate, sizeof(data)), 0,
			       p->now)) > 0) {
		for (i = 0; i < (uint32_t)got; i++)
			assert_int_equal(data[i],
					 pattern(!who, e->received + i));
		e->received += (uint32_t)got;
	}
	if (got == 0)
		e->eof = true;
}

static void pump(struct pair *p)
{
	struct tcp_emit_limits limits = {p->super_max};
	struct tcp_seg seg;
	int who;

	for (who = 0; who < 2; who++) {
		if (who == 1 && !p->has_b)
			break;
		use(p, who);
		while (tcp_emit(&p->end[who].tcb, &limits, &seg, p->now))
			send_seg(p, !who, &seg);
		assert_false(tcp_has_output(&p->end[who].tcb, p->now));
	}
}

static bool step(struct pair *p)
{
	uint64_t at = CN_NEVER;
	unsigned i, first = 0;
	int who;

	for (i = 0; i < p->flying_n; i++)
		if (p->flying[i].at < at) {
			at = p->flying[i].at;
			first = i;
		}
	for (who = 0; who < 1 + p->has_b; who++)
		if (tcp_deadline(&p->end[who].tcb) < at) {
			at = tcp_deadline(&p->end[who].tcb);
			first = FLIGHT_MAX;
		}
	if (at == CN_NEVER)
		return false;
	if (at > p->now)
		p->now = at;
	if (first < FLIGHT_MAX) {
		struct flying f = p->flying[first];

		memmove(&p->flying[first], &p->flying[first + 1],
			(p->flying_n - first - 1) * sizeof(f));
		p->flying_n--;
		deliver(p, &f);
	} else {
		for (who = 0; who < 1 + p->has_b; who++)
			tcp_advance(&p->end[who].tcb, p->now);
	}
	pump(p);
	return true;
}

static void run(uint64_t seed, unsigned loss, unsigned reorder,
		unsigned duplicate, uint32_t super_max, uint32_t octets,
		bool sack)
{
	struct pair *p = pair_new(seed);
	unsigned steps = 0;

	p->loss = loss;
	p->reorder = reorder;
	p->duplicate = duplicate;
	p->super_max = super_max;
	p->set.sack = sack;
	p->end[0].total = octets;
	p->end[1].total = octets / 2;
	tcb_init(&p->end[0].tcb, &p->env);
	tcp_set_path(&p->end[0].tcb, 1460, 1460, 536);
	tcp_open(&p->end[0].tcb, 0x7ffffff0u, 5, p->now);
	pump(p);
	while (step(p) && steps < 2000000)
		steps++;
	if (p->end[0].received != octets / 2 || p->end[1].received != octets ||
	    p->end[0].tcb.state != CN_CLOSED ||
	    p->end[1].tcb.state != CN_CLOSED)
		fail_msg("seed %llu: received %u and %u of %u, states %u %u, "
			 "err %d %d, steps %u",
			 (unsigned long long)seed, p->end[0].received,
			 p->end[1].received, octets, p->end[0].tcb.state,
			 p->end[1].tcb.state, p->end[0].tcb.err,
			 p->end[1].tcb.err, steps);
	assert_int_equal(p->end[0].tcb.err, 0);
	assert_true(p->end[0].eof && p->end[1].eof);
	if (getenv("TCB_PAIR_VERBOSE"))
		printf("seed %llu loss %u: %.3f s, retrans %u timeouts %u "
		       "fast %u\n",
		       (unsigned long long)seed, loss, p->now / 1e9 - 61,
		       p->end[0].tcb.stat.segs_retransmitted,
		       tcp_mishaps_of(&p->end[0].tcb)->timeouts,
		       tcp_mishaps_of(&p->end[0].tcb)->fast_recoveries);
	pair_free(p);
}

static void clean_path_carries_everything(void **state)
{
	(void)state;
	run(1, 0, 0, 0, 0, 300000, true);
	run(2, 0, 0, 0, 65536, 3000000, true);
}

static void lossy_path_carries_everything(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 40; seed++) {
		run(seed, 20, 20, 10, seed & 1 ? 65536 : 0, 100000, true);
		run(seed, 100, 50, 50, seed & 1 ? 65536 : 0, 30000, seed & 2);
		run(seed, 200, 200, 100, 65536, 20000, true);
	}
}

static void nothing_to_say_is_closed_in_order(void **state)
{
	(void)state;
	run(3, 0, 0, 0, 0, 0, true);
	run(4, 0, 0, 0, 0, 1, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_path_carries_everything),
		cmocka_unit_test(lossy_path_carries_everything),
		cmocka_unit_test(nothing_to_say_is_closed_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
