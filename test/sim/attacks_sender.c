/* SPDX-License-Identifier: MIT */
/*
 * Attacks on a sender by the one who receives, or pretends to: rows 19 and 27
 * to 31 of the project's table of attacks.  The victim is one connection, with
 * everything switched on; its peer is the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <catenet/host.h>

#include "base/random.h"
#include "link/heap.h"
#include "sim/talk.h"
#include "steps.h"
#include "tcp/busy.h"
#include "tcp/rack.h"
#include "tcp/sent.h"

#define MS CN_NS_PER_MS
#define US CN_NS_PER_US
#define SEC CN_NS_PER_SEC
#define RTT (50 * MS)
#define ISS UINT32_C(0xfff00000)
#define IRS 5000u
#define MSS 1460u

struct victim {
	struct cn_settings set;
	struct cn_pool *pool;
	struct budget budget;
	struct random random;
	struct cn_counters count;
	struct tcp_env env;
	struct tcb tcb;
	uint64_t now;
	uint64_t sent; /* octets of data, those sent again included */
};

/* What the connection has to say; octets of data. */
static uint32_t drain(struct victim *v)
{
	struct tcp_emit_limits limits = {0};
	struct tcp_seg seg;
	uint32_t octets = 0;

	while (tcp_emit(&v->tcb, &limits, &seg, v->now)) {
		octets += seg.data_len;
		while (seg.slice_n)
			cn_buf_unref(seg.slice[--seg.slice_n].buf);
	}
	v->sent += octets;
	return octets;
}

static enum cn_drop arrives(struct victim *v, struct tcp_seg *seg)
{
	seg->seq = IRS + 1;
	seg->flags = TCP_ACK;
	if (!seg->wnd)
		seg->wnd = 65535;
	return tcp_arrives(&v->tcb, seg, v->now);
}

/* SND.UNA is, or becomes, octet una of the stream. */
static enum cn_drop ack(struct victim *v, uint32_t una)
{
	struct tcp_seg seg = {.ack = ISS + 1 + una};

	return arrives(v, &seg);
}

/* The same with one block. */
static void sack(struct victim *v, uint32_t una, uint32_t left, uint32_t right)
{
	struct tcp_seg seg = {
		.ack = ISS + 1 + una,
		.options = TCP_OPT_SACK,
		.sack_n = 1,
		.sack = {{ISS + 1 + left, ISS + 1 + right}},
	};

	arrives(v, &seg);
}

static void time_passes(struct victim *v, uint64_t ns)
{
	uint64_t until = v->now + ns;

	while (tcp_deadline(&v->tcb) <= until) {
		v->now = tcp_deadline(&v->tcb);
		tcp_advance(&v->tcb, v->now);
		drain(v);
	}
	v->now = until;
}

/* As much as the send buffer takes. */
static void write_all(struct victim *v)
{
	static const uint8_t data[65536];

	while (tcp_send(&v->tcb, data, sizeof(data), 0, v->now) > 0)
		;
}

static void begin(struct victim *v, bool has_sack)
{
	static const uint8_t key[16];
	struct tcp_seg syn = {
		.seq = IRS,
		.ack = ISS + 1,
		.len = 1,
		.wnd = 65535,
		.mss = MSS,
		.wscale = 14,
		.flags = TCP_SYN | TCP_ACK,
		.options = TCP_OPT_MSS | TCP_OPT_WSCALE,
	};

	memset(v, 0, sizeof(*v));
	cn_settings_default(&v->set);
	v->set.timestamps = false;
	v->set.cc = CN_CC_RENO;
	v->set.pacing = false; /* the clock stands still for a window */
	v->set.sndbuf = 256 << 20;
	v->pool = cn_pool_new(&heap_memory);
	random_init(&v->random, key, 1);
	v->budget.limit = (size_t)1 << 30;
	v->env = (struct tcp_env){
		.set = &v->set,
		.pool = v->pool,
		.budget = &v->budget,
		.random = &v->random,
		.count = &v->count,
	};
	v->now = SEC;
	tcb_init(&v->tcb, &v->env);
	tcp_set_path(&v->tcb, MSS, MSS, 536);
	tcp_open(&v->tcb, ISS, 0, v->now);
	drain(v);
	v->now += RTT;
	if (has_sack)
		syn.options |= TCP_OPT_SACK_OK;
	tcp_arrives(&v->tcb, &syn, v->now);
	drain(v);
	assert_int_equal(v->tcb.state, CN_ESTABLISHED);
	/* From here on its window has a scale. */
	ack(v, 0);
	v->sent = 0;
}

static void end(struct victim *v)
{
	tcb_deinit(&v->tcb);
	assert_int_equal(cn_pool_in_use(v->pool), 0);
	cn_pool_free(v->pool);
}

/* -------------------------------------------------------------- row 19 -- */

/* n segments in flight, each a record of its own. */
static void fly(struct victim *v, uint32_t n)
{
	static const uint8_t data[MSS];

	v->tcb.cc.cwnd = 1 << 30;
	for (uint32_t i = 0; i < n; i++) {
		if (tcp_send(&v->tcb, data, MSS, 0, v->now) != MSS)
			_exit(4);
		drain(v);
		v->now += 2 * US;
	}
	if (v->tcb.sent->n != n)
		_exit(5);
}

/* Every second segment is SACKed, by blocks of one segment, three an ACK, as
 * SACK Panic does it; then all that were sent again, one by one. */
static void poke(struct victim *v, uint32_t i)
{
	struct tcp_seg seg = {
		.ack = ISS + 1, .options = TCP_OPT_SACK, .sack_n = 3};

	for (uint32_t k = 0; k < 3; k++) {
		uint32_t from = ISS + 1 + (2 * (i + k) + 1) * MSS;

		seg.sack[k] = (struct tcp_block){from, from + MSS};
	}
	arrives(v, &seg);
}

#define POKES 4

static void counted(struct victim *v, uint32_t i, uint32_t step)
{
	steps_begin();
	for (uint32_t k = 0; k < POKES; k++)
		poke(v, i + k * step);
	steps_end();
	drain(v);
}

/* Five stretches: in a short flight; in a long one at its beginning, in its
 * middle and at its end; and blocks that were told before. */
static void child_of_row_19(void)
{
	struct victim v;

	begin(&v, true);
	fly(&v, 64);
	v.now += RTT;
	for (uint32_t i = 0; i < 8; i++)
		poke(&v, i);
	drain(&v);
	counted(&v, 8, 1);
	begin(&v, true);
	fly(&v, 60000);
	v.now += RTT;
	for (uint32_t i = 0; i < 8; i++)
		poke(&v, i);
	drain(&v);
	counted(&v, 8, 1);
	for (uint32_t i = 12; i < 15000; i++) {
		poke(&v, i);
		drain(&v);
	}
	counted(&v, 15000, 1);
	for (uint32_t i = 15004; i < 29900; i++) {
		poke(&v, i);
		drain(&v);
	}
	counted(&v, 29900, 1);
	counted(&v, 100, 5000);
}

static void row_19_sack_blocks_cost_no_more_in_a_long_flight(void **state)
{
	uint64_t counts[5];

	(void)state;
	steps_of(child_of_row_19, counts, 5);
	print_message("# instructions for %d ACKs: %llu in a flight of 64 "
		      "segments; of 60000: %llu, %llu, %llu, and %llu for what "
		      "was told before\n",
		      POKES, (unsigned long long)counts[0],
		      (unsigned long long)counts[1],
		      (unsigned long long)counts[2],
		      (unsigned long long)counts[3],
		      (unsigned long long)counts[4]);
	for (int i = 1; i < 5; i++)
		assert_in_range(counts[i], 1, 2 * counts[0]);
}

/* What is sent again is SACKed in the order that makes each of the others look
 * lost again: the cost stays what it was. */
static void child_of_row_19_again(void)
{
	static const uint32_t flights[] = {64, 20000};

	for (int f = 0; f < 2; f++) {
		uint32_t n = flights[f];
		struct victim v;

		begin(&v, true);
		fly(&v, n);
		v.now += RTT;
		sack(&v, 0, (n - 4) * MSS, n * MSS);
		for (uint32_t i = 0; i < n; i++) {
			v.tcb.cc.cwnd = 1 << 30;
			drain(&v);
			v.now += 2 * US;
		}
		v.now += RTT;
		for (uint32_t i = n / 2; i < n / 2 + 8; i++) {
			sack(&v, 0, i * MSS, (i + 1) * MSS);
			v.now += RTT;
			v.tcb.cc.cwnd = (uint32_t)(v.tcb.snd_nxt - ISS);
			drain(&v);
		}
		v.now += RTT;
		steps_begin();
		for (uint32_t i = n / 2 + 8; i < n / 2 + 12; i++)
			sack(&v, 0, i * MSS, (i + 1) * MSS);
		steps_end();
	}
}

static void row_19_retransmissions_cost_no_more_in_a_long_flight(void **state)
{
	uint64_t counts[2];

	(void)state;
	steps_of(child_of_row_19_again, counts, 2);
	print_message("# instructions for 4 SACKs of retransmissions: %llu in a"
		      " flight of 64 segments, %llu in one of 20000\n",
		      (unsigned long long)counts[0],
		      (unsigned long long)counts[1]);
	assert_in_range(counts[1], 1, 2 * counts[0]);
}

/* -------------------------------------------------------------- row 27 -- */

/* ACKs of what was never sent: a challenge, and a window that stays. */
static void row_27_ack_beyond_what_was_sent_gains_nothing(void **state)
{
	struct victim v;
	uint32_t cwnd;

	(void)state;
	begin(&v, true);
	write_all(&v);
	drain(&v);
	cwnd = v.tcb.cc.cwnd;
	for (uint32_t i = 1; i <= 100; i++) {
		assert_int_equal(ack(&v, 10 * MSS + i * MSS),
				 CN_DROP_TCP_ACK_UNACCEPTABLE);
		assert_int_equal(drain(&v), 0);
	}
	assert_int_equal(v.tcb.cc.cwnd, cwnd);
	assert_int_equal(v.tcb.snd_una, ISS + 1);
	/* Row 4: answered, but not each of them. */
	assert_int_equal(v.count.tcp_challenge_acks, 1);
	end(&v);
}

/* -------------------------------------------------------------- row 28 -- */

/* One window after the other, acknowledged in so many octets at a time. */
static uint32_t grown(uint32_t piece, uint32_t windows, uint32_t ssthresh)
{
	uint32_t una = 0, cwnd;
	struct victim v;

	begin(&v, true);
	v.tcb.cc.ssthresh = ssthresh;
	write_all(&v);
	drain(&v);
	for (uint32_t i = 0; i < windows; i++) {
		uint32_t nxt = v.tcb.snd_nxt - ISS - 1;

		v.now += RTT;
		while (una < nxt) {
			una = una + piece < nxt ? una + piece : nxt;
			ack(&v, una);
			drain(&v);
		}
	}
	cwnd = v.tcb.cc.cwnd;
	end(&v);
	return cwnd;
}

static void row_28_acks_in_pieces_gain_nothing(void **state)
{
	static const uint32_t ssthresh[] = {UINT32_MAX, 20 * MSS};

	(void)state;
	for (int i = 0; i < 2; i++) {
		uint32_t honest = grown(2 * MSS, 4, ssthresh[i]);

		assert_in_range(grown(1, 4, ssthresh[i]), 0, honest + MSS);
		assert_in_range(grown(7, 4, ssthresh[i]), 0, honest + MSS);
		assert_in_range(grown(MSS / 2, 4, ssthresh[i]), 0,
				honest + MSS);
	}
}

/* In a recovery, too: octets clock out octets. */
static void row_28_acks_in_pieces_gain_nothing_in_recovery(void **state)
{
	uint64_t sent[2];

	(void)state;
	for (uint32_t k = 0; k < 2; k++) {
		uint32_t piece = k ? 10 : MSS, una = 0;
		struct victim v;

		begin(&v, true);
		v.tcb.cc.cwnd = 40 * MSS;
		write_all(&v);
		drain(&v);
		v.now += RTT;
		sack(&v, 0, 36 * MSS, 40 * MSS);
		drain(&v);
		v.now += RTT;
		while (una < 10 * MSS) {
			una += piece;
			sack(&v, una, 36 * MSS, 40 * MSS);
			drain(&v);
		}
		sent[k] = v.sent;
		end(&v);
	}
	/* An ACK that tells of no further loss is good for one segment more
	 * (RFC 9937 section 6.2), up to ssthresh and not beyond. */
	assert_in_range(sent[1], 0, sent[0] + 20 * MSS);
}

/* -------------------------------------------------------------- row 29 -- */

static void row_29_duplicates_without_end_send_one_window(void **state)
{
	for (int has_sack = 0; has_sack < 2; has_sack++) {
		struct victim v;
		uint32_t flight;

		(void)state;
		begin(&v, has_sack);
		v.tcb.cc.cwnd = 40 * MSS;
		write_all(&v);
		flight = drain(&v);
		assert_int_equal(flight, 40 * MSS);
		v.now += RTT;
		for (int i = 0; i < 10000; i++) {
			ack(&v, 0);
			drain(&v);
		}
		assert_in_range(v.sent, flight, 2 * flight);
		end(&v);
	}
}

/* -------------------------------------------------------------- row 30 -- */

/* Nothing passes for 60 ms of every period, which is the smallest timeout, or
 * what RFC 6298 would have it be. */
static double shrew(uint64_t period)
{
	struct cn_pool *pool = cn_pool_new(&heap_memory);
	struct sim *sim = sim_new(pool, 1, SEC, NULL);
	struct sim_wire wire = {.mtu = 1500};
	struct cn_impair there = {
		.rate = 10000000, .delay_ns = 10 * MS, .queue = 50};
	struct talk_plan plan = {
		.seed = 1,
		.family = 4,
		.port = 7,
		.start_at = SEC,
		.side = {{.octets = UINT32_MAX}},
	};
	struct talk talk, *in = &talk;
	struct talk_server server;
	struct cn_settings set;
	int host[2] = {0, 1};
	double mbit;

	wire.impair[0].delay_ns = 10 * MS;
	wire.impair[1] = there;
	cn_settings_default(&set);
	assert_int_equal(sim_host_add(sim, &set), 0);
	assert_int_equal(sim_host_add(sim, &set), 1);
	assert_int_equal(sim_wire_add(sim, 0, 1, &wire), 0);
	assert_int_equal(talk_server_init(&server, sim, 1, 4, 7, &in, 1), 0);
	talk_init(&talk, &plan, sim, 0, host, 0);
	sim_run(sim, sim_now(sim) + 2 * SEC);
	mbit = talk.end[1].received;
	for (uint64_t t = 0; t < 20 * SEC; t += period) {
		there.loss = 1;
		assert_int_equal(sim_wire_set(sim, 0, 1, &there), CN_OK);
		sim_run(sim, sim_now(sim) + 60 * MS);
		there.loss = 0;
		assert_int_equal(sim_wire_set(sim, 0, 1, &there), CN_OK);
		sim_run(sim, sim_now(sim) + period - 60 * MS);
	}
	mbit = (talk.end[1].received - mbit) * 8 / 20 / 1000000;
	print_message("# shrew, %llu ms: %.2f of 10 Mbit/s, timeouts %llu\n",
		      (unsigned long long)(period / MS), mbit,
		      (unsigned long long)cn_host_counters(sim_host(sim, 0))
			      ->tcp_rto_fired);
	assert_null(talk.end[1].fault);
	sim_free(sim);
	cn_pool_free(pool);
	return mbit;
}

static void row_30_shrew_leaves_half(void **state)
{
	(void)state;
	assert_true(shrew(SEC) >= 5);
	assert_true(shrew(1200 * MS) >= 5);
}

/* -------------------------------------------------------------- row 31 -- */

/* A receiver that calls everything a duplicate, in every round trip. */
static void row_31_false_dsacks_win_one_srtt(void **state)
{
	uint32_t una = 0, most = 0;
	struct victim v;

	(void)state;
	begin(&v, true);
	write_all(&v);
	drain(&v);
	for (int round = 0; round < 300; round++) {
		uint32_t nxt = v.tcb.snd_nxt - ISS - 1, lost = una;

		v.now += RTT;
		/* A hole, and behind it things that come in any order. */
		sack(&v, una, una + 2 * MSS, una + 3 * MSS);
		sack(&v, una, una + MSS, una + 2 * MSS);
		drain(&v);
		sack(&v, una, lost, lost + MSS);
		time_passes(&v, 2 * RTT);
		una = nxt;
		for (int i = 0; i < 10; i++)
			sack(&v, una, lost, lost + MSS);
		drain(&v);
		if (v.tcb.busy && rack_reo_wnd(&v.tcb) > most)
			most = rack_reo_wnd(&v.tcb);
		assert_in_range(most, 0, v.tcb.rtt.srtt_us);
	}
	/* What was reduced comes back once each, and no more than there was. */
	assert_true(v.count.tcp_dsack_undo <= v.count.tcp_sack_recovery);
	end(&v);
}

/* SACKed and never acknowledged: all of it goes out again, and the end is the
 * usual one. */
static void row_31_a_receiver_that_reneges_is_served(void **state)
{
	struct victim v;
	uint32_t una = 0, nxt;

	(void)state;
	begin(&v, true);
	write_all(&v);
	drain(&v);
	for (int round = 0; round < 50; round++) {
		nxt = v.tcb.snd_nxt - ISS - 1;
		v.now += RTT;
		sack(&v, una, una + MSS, nxt);
		drain(&v);
		time_passes(&v, 2 * SEC);
		/* Only the first was truly kept. */
		una += MSS;
		ack(&v, una);
		drain(&v);
		time_passes(&v, 2 * SEC);
		assert_true(v.tcb.sacked < v.tcb.snd_nxt - v.tcb.snd_una);
	}
	assert_true(v.count.tcp_sack_reneging > 0);
	assert_int_equal(v.tcb.state, CN_ESTABLISHED);
	end(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			row_19_sack_blocks_cost_no_more_in_a_long_flight),
		cmocka_unit_test(
			row_19_retransmissions_cost_no_more_in_a_long_flight),
		cmocka_unit_test(row_27_ack_beyond_what_was_sent_gains_nothing),
		cmocka_unit_test(row_28_acks_in_pieces_gain_nothing),
		cmocka_unit_test(
			row_28_acks_in_pieces_gain_nothing_in_recovery),
		cmocka_unit_test(row_29_duplicates_without_end_send_one_window),
		cmocka_unit_test(row_30_shrew_leaves_half),
		cmocka_unit_test(row_31_false_dsacks_win_one_srtt),
		cmocka_unit_test(row_31_a_receiver_that_reneges_is_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
