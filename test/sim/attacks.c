/* SPDX-License-Identifier: MIT */
/*
 * Attacks on a whole host, each with the number of its row in the project's
 * table of attacks: the attacker is off the path (rows 1 to 6, 8, 10) and
 * forges what it likes, or is only bad luck (37).  Costs are counted in answers,
 * never in time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/host.h"
#include "sim/talk.h"
#include "stage.h"

/* Row 4's measure: one answer for each 500 ms, and one to begin with. */
static void answers_are_few(const struct stage *stage, uint64_t acks,
			    uint64_t since)
{
	uint64_t most = 1 + (stage_now(stage) - since) /
				    stage->set.challenge_interval_ns;

	assert_in_range(acks, 0, most);
}

/* -------------------------------------------------------- rows 1 and 2 -- */

/* n segments with random numbers, and sometimes in the window; 1000 each
 * 10 ms.  Never RCV.NXT itself. */
static void flood(struct stage *stage, unsigned n, unsigned flags)
{
	const struct tcb *victim = &stage->server->tcb;

	for (unsigned i = 0; i < n; i++) {
		struct tcp_seg seg = {
			.seq = stage_any(stage),
			.ack = stage_any(stage),
			.flags = (uint8_t)flags,
			.len = flags & TCP_SYN ? 1 : 0,
		};

		if (i % 4 == 0)
			seg.seq = victim->rcv_nxt + 1 +
				  stage_any(stage) % (victim->rcv_wnd - 1);
		if (seg.seq == victim->rcv_nxt && flags & TCP_RST)
			continue;
		stage_spoof(stage, &seg);
		if (i % 1000 == 999)
			stage_pass(stage, 10 * MS);
	}
}

/* Notes: row 134. */
static void row_01_blind_resets_do_not_reset(void **state)
{
	struct stage stage;
	uint64_t since, acks;
	struct tcp_seg exact = {.flags = TCP_RST};

	(void)state;
	stage_init(&stage, NULL, 1);
	stage_establish(&stage);
	since = stage_now(&stage);
	acks = stage.bare_acks[1];
	flood(&stage, 1000000, TCP_RST);
	answers_are_few(&stage, stage.bare_acks[1] - acks, since);
	stage_still_speaks(&stage);
	exact.seq = stage.server->tcb.rcv_nxt;
	stage_spoof(&stage, &exact);
	assert_int_equal(cn_sock_state(stage.server), CN_CLOSED);
	assert_int_equal(cn_sock_error(stage.server), CN_E_CONNRESET);
	stage_deinit(&stage);
}

/* Notes: row 134. */
static void row_02_blind_syns_do_not_reset(void **state)
{
	static const uint8_t flags[] = {TCP_SYN, TCP_SYN | TCP_ACK,
					TCP_SYN | TCP_FIN};
	struct stage stage;

	(void)state;
	for (unsigned i = 0; i < sizeof(flags); i++) {
		struct tcp_seg exact = {.flags = flags[i], .len = 1};
		uint64_t since, acks;

		stage_init(&stage, NULL, 2 + i);
		stage_establish(&stage);
		since = stage_now(&stage);
		acks = stage.bare_acks[1];
		flood(&stage, 50000, flags[i]);
		/* Data-less segments outside the window and SYNs inside are
		 * answered alike. */
		answers_are_few(&stage, stage.bare_acks[1] - acks, since);
		exact.seq = stage.server->tcb.rcv_nxt;
		exact.ack = stage.server->tcb.snd_nxt;
		stage_spoof(&stage, &exact);
		stage_still_speaks(&stage);
		stage_deinit(&stage);
	}
}

/* --------------------------------------------------------------- row 3 -- */

/* The client sends its stream while the attacker, who somehow knows the
 * window, throws data with numbers to acknowledge that it must guess.
 * Notes: row 134. */
static void row_03_blind_data_is_not_believed(void **state)
{
	uint8_t data[4096], want[4096];
	uint32_t sent = 0, received = 0;
	struct stage stage;
	int64_t n;

	(void)state;
	stage_init(&stage, NULL, 3);
	stage_establish(&stage);
	for (unsigned i = 0; i < 100000; i++) {
		const struct tcb *victim = &stage.server->tcb;
		struct tcp_seg seg = {
			.seq = victim->rcv_nxt +
			       stage_any(&stage) % victim->rcv_wnd,
			.ack = stage_any(&stage),
			.flags = i % 10 ? TCP_ACK : 0,
			.data_len = 1 + stage_any(&stage) % 100,
			.wnd = 1000,
		};

		seg.len = seg.data_len;
		if (seq_le(seg.ack, victim->snd_nxt) &&
		    seq_ge(seg.ack, victim->snd_una - victim->max_snd_wnd))
			seg.ack += UINT32_C(1) << 31;
		if (i % 100 == 0) {
			talk_fill(3, sent, data, sizeof(data));
			n = cn_sock_send(stage.client, data, sizeof(data), 0,
					 stage_now(&stage));
			sent += n > 0 ? (uint32_t)n : 0;
		}
		stage_spoof(&stage, &seg);
		if (i % 100 == 50)
			stage_pass(&stage, 15 * MS);
		while ((n = cn_sock_recv(stage.server, data, sizeof(data), 0,
					 stage_now(&stage))) > 0) {
			talk_fill(3, received, want, (size_t)n);
			assert_memory_equal(data, want, (size_t)n);
			received += (uint32_t)n;
		}
	}
	stage_pass(&stage, CN_NS_PER_SEC);
	assert_int_equal(sent, 4096 * 1000);
	assert_in_range(received, sent - 2 * 65536, sent);
	assert_int_equal(cn_sock_state(stage.server), CN_ESTABLISHED);
	stage_deinit(&stage);
}

/* --------------------------------------------------------------- row 4 -- */

/* Answers that one connection gives to 50 resets, one each 100 ms, while
 * others of the same host get n. */
static uint64_t answers_beside(unsigned n)
{
	struct stage stage;
	struct cn_sock *other;
	struct cn_endpoint name;
	uint64_t before, answers;

	stage_init(&stage, NULL, 4);
	stage_establish(&stage);
	other = stage_connects(&stage, stage_at(1, PORT));
	stage_pass(&stage, CN_NS_PER_SEC);
	cn_sock_name(other, &name);
	answers = 0;
	for (unsigned i = 0; i < 50; i++) {
		struct tcp_seg rst = {
			.seq = stage.server->tcb.rcv_nxt + 100,
			.flags = TCP_RST,
		};
		struct cn_endpoint from = stage_at(0, name.port),
				   to = stage_at(1, PORT);
		struct cn_frame frame;

		for (unsigned j = 0; j < n; j++) {
			struct tcp_seg seg = {
				.seq = other->tcb.snd_nxt + 100,
				.flags = TCP_RST,
			};

			assert_true(forge(stage.pool, &from, &to, &seg, NULL,
					  &frame));
			sim_inject(stage.sim, 0, 1, &frame);
			cn_frame_release(&frame);
		}
		stage_pass(&stage, 50 * MS);
		before = stage.bare_acks[1];
		stage_spoof(&stage, &rst);
		answers += stage.bare_acks[1] - before;
		stage_pass(&stage, 50 * MS);
	}
	stage_deinit(&stage);
	return answers;
}

static void row_04_answers_tell_nothing_of_others(void **state)
{
	uint64_t alone = answers_beside(0);

	(void)state;
	/* 5 s: at most one answer for each 500 ms, and there are answers. */
	assert_in_range(alone, 5, 11);
	/* The budget's random share differs, its rate does not. */
	assert_in_range(answers_beside(100), alone - 1, alone + 1);
}

/* --------------------------------------------------------------- row 5 -- */

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* More than 5 sigma from half of n. */
static bool is_biased(uint64_t ones, uint64_t n)
{
	double off = 2 * (double)ones - (double)n;

	return off * off > 25 * (double)n;
}

/* Notes: rows 16, 134. */
static void row_05_initial_numbers_cannot_be_foretold(void **state)
{
	enum { N = 1000000 };
	static uint32_t isn[N], step[N];
	uint64_t bits[32] = {0}, turns[32] = {0};
	struct stage stage;
	struct tuple tuple = {.local = sim_addr(0, 1, 4),
			      .peer = sim_addr(0, 0, 4),
			      .local_port = PORT};
	unsigned same = 0;

	(void)state;
	stage_init(&stage, NULL, 5);
	for (unsigned i = 0; i < N; i++) {
		tuple.peer.octet[13] = (uint8_t)(i >> 16);
		tuple.peer_port = (uint16_t)i;
		isn[i] = host_isn(sim_host(stage.sim, 1), &tuple,
				  START + i * UINT64_C(1000));
		step[i] = i ? isn[i] - isn[i - 1] : 0;
		for (unsigned j = 0; j < 32; j++) {
			bits[j] += isn[i] >> j & 1;
			turns[j] += step[i] >> j & 1;
		}
	}
	for (unsigned j = 0; j < 32; j++) {
		assert_false(is_biased(bits[j], N));
		assert_false(is_biased(turns[j], N));
	}
	/* No step between neighbours comes more often than chance has it: a
	 * line through them would. */
	qsort(step, N, sizeof(*step), by_number);
	for (unsigned i = 1, in_row = 1; i < N; i++) {
		in_row = step[i] == step[i - 1] ? in_row + 1 : 1;
		same = in_row > same ? in_row : same;
	}
	assert_in_range(same, 1, 4);
	stage_deinit(&stage);
}

/* Each incarnation of a connection begins above the one before, so that its
 * octets cannot be taken for the other's. */
static void row_05_initial_numbers_of_a_pair_rise(void **state)
{
	struct tuple tuple = {.local = sim_addr(0, 1, 4),
			      .peer = sim_addr(0, 0, 4),
			      .local_port = PORT,
			      .peer_port = 5000};
	struct stage stage;
	uint32_t last, next;

	(void)state;
	stage_init(&stage, NULL, 6);
	last = host_isn(sim_host(stage.sim, 1), &tuple, START);
	for (unsigned i = 1; i <= 1000; i++) {
		next = host_isn(sim_host(stage.sim, 1), &tuple,
				START + i * CN_NS_PER_SEC);
		assert_true(seq_gt(next, last));
		last = next;
	}
	stage_deinit(&stage);
}

/* --------------------------------------------------------------- row 6 -- */

static void row_06_ports_are_evenly_random(void **state)
{
	enum { N = 100000, LOW = 32768, BINS = 60999 - LOW + 1 };
	static uint32_t count[BINS];
	const double want = (double)N / BINS;
	struct stage stage;
	unsigned near = 0, last = 0;
	double chi = 0;

	(void)state;
	memset(count, 0, sizeof(count));
	stage_init(&stage, NULL, 7);
	for (unsigned i = 0; i < N; i++) {
		struct cn_endpoint local;
		struct cn_sock *sock = stage_connects(&stage, stage_at(1, 9));

		cn_sock_name(sock, &local);
		cn_sock_abort(sock, stage_now(&stage));
		assert_in_range(local.port, LOW, LOW + BINS - 1);
		count[local.port - LOW]++;
		near += local.port - last <= 16;
		last = local.port;
		if (i % 100 == 0)
			stage_pass(&stage, MS);
	}
	for (unsigned i = 0; i < BINS; i++)
		chi += (count[i] - want) * (count[i] - want) / want;
	/* 28231 degrees of freedom: sigma is 237.6. */
	assert_true(chi > 28231 - 5 * 238 && chi < 28231 + 5 * 238);
	/* The next port is not one of the next: 57 by chance. */
	assert_in_range(near, 0, 110);
	stage_deinit(&stage);
}

static void row_06_every_port_is_used_before_none_is_left(void **state)
{
	enum { LOW = 32768, BINS = 60999 - LOW + 1 };
	static bool used[BINS];
	struct cn_endpoint peer = stage_at(1, 9), local;
	struct cn_sock *sock;
	struct stage stage;

	(void)state;
	memset(used, 0, sizeof(used));
	stage_init(&stage, NULL, 8);
	for (unsigned i = 0; i < BINS; i++) {
		sock = stage_connects(&stage, peer);
		cn_sock_name(sock, &local);
		assert_false(used[local.port - LOW]);
		used[local.port - LOW] = true;
	}
	assert_int_equal(cn_sock_new(sim_host(stage.sim, 0), 4, &sock), CN_OK);
	assert_int_equal(cn_sock_connect(sock, &peer, stage_now(&stage)),
			 CN_E_ADDRNOTAVAIL);
	/* Another peer, another set of ports. */
	peer.port++;
	assert_int_equal(cn_sock_connect(sock, &peer, stage_now(&stage)),
			 CN_E_INPROGRESS);
	stage_deinit(&stage);
}

/* --------------------------------------------------------------- row 8 -- */

struct clocks {
	uint32_t tsval[256];
	unsigned n;
};

static void note_clock(struct stage *stage, int from, const struct tcp_seg *seg)
{
	struct clocks *clocks = stage->ctx;

	if (from == 0 && seg->flags == TCP_SYN && (seg->options & TCP_OPT_TS) &&
	    clocks->n < 256)
		clocks->tsval[clocks->n++] = seg->tsval;
}

/* The clocks that 200 peers see at one instant. */
static void see_clocks(uint64_t seed, struct clocks *clocks)
{
	struct stage stage;

	stage_init(&stage, NULL, seed);
	stage.see = note_clock;
	stage.ctx = clocks;
	clocks->n = 0;
	for (int i = 0; i < 200; i++) {
		struct cn_endpoint peer = stage_at(1, PORT);

		peer.addr.octet[15] = (uint8_t)(3 + i);
		stage_connects(&stage, peer);
	}
	stage_pass(&stage, 1);
	assert_int_equal(clocks->n, 200);
	stage_deinit(&stage);
}

static void row_08_peers_see_unrelated_clocks(void **state)
{
	struct clocks one, two;

	(void)state;
	see_clocks(9, &one);
	see_clocks(10, &two);
	for (unsigned bit = 24; bit < 32; bit++) {
		uint64_t ones = 0;

		for (unsigned i = 0; i < 200; i++) {
			assert_int_not_equal(one.tsval[i], two.tsval[i]);
			ones += one.tsval[i] >> bit & 1;
		}
		assert_false(is_biased(ones, 200));
	}
	qsort(one.tsval, 200, sizeof(*one.tsval), by_number);
	for (unsigned i = 1; i < 200; i++)
		assert_int_not_equal(one.tsval[i], one.tsval[i - 1]);
}

/* -------------------------------------------------------------- row 10 -- */

static void count_time_wait(void *ctx, const struct cn_sock_row *row)
{
	int *n = ctx;

	*n += row->state == CN_TIME_WAIT;
}

static int time_waits(const struct stage *stage, int host)
{
	int n = 0;

	cn_host_each(sim_host(stage->sim, host), count_time_wait, &n);
	return n;
}

/* The server closes first, so that TIME-WAIT stands where it listens. */
static void into_time_wait(struct stage *stage, struct tcp_seg *old)
{
	stage_establish(stage);
	assert_int_equal(
		cn_sock_send(stage->client, "old", 3, 0, stage_now(stage)), 3);
	stage_pass(stage, CN_NS_PER_SEC);
	*old = (struct tcp_seg){
		.seq = stage->server->tcb.rcv_nxt,
		.ack = stage->server->tcb.snd_nxt,
		.tsval = stage->server->tcb.ts_recent,
		.options = TCP_OPT_TS,
		.wnd = 1000,
	};
	cn_sock_shutdown(stage->server, CN_SHUT_WR, stage_now(stage));
	stage_pass(stage, CN_NS_PER_SEC);
	cn_sock_close(stage->client, stage_now(stage));
	stage_pass(stage, CN_NS_PER_SEC);
	assert_int_equal(time_waits(stage, 1), 1);
}

/* Notes: rows 47, 134. */
static void row_10_time_wait_survives_old_segments(void **state)
{
	struct stage stage;
	struct tcp_seg old;

	(void)state;
	stage_init(&stage, NULL, 11);
	into_time_wait(&stage, &old);
	/* H1 and H2: old data, and the reset that its ACK would provoke. */
	for (uint32_t off = 0; off < 20; off++) {
		struct tcp_seg seg = old;

		seg.seq = old.seq - 10 + off;
		seg.flags = TCP_RST;
		stage_spoof(&stage, &seg);
		seg.flags = TCP_RST | TCP_ACK;
		stage_spoof(&stage, &seg);
		seg.flags = TCP_ACK;
		seg.data_len = 5;
		seg.len = 5;
		stage_spoof(&stage, &seg);
		assert_int_equal(time_waits(&stage, 1), 1);
	}
	/* H3, and a SYN that is not newer: by number nor by clock. */
	old.flags = TCP_SYN;
	old.len = 1;
	old.seq -= 1000;
	stage_spoof(&stage, &old);
	stage_pass(&stage, CN_NS_PER_SEC);
	assert_int_equal(time_waits(&stage, 1), 1);
	/* It ends by its time and by nothing else. */
	stage_pass(&stage, 70 * CN_NS_PER_SEC);
	assert_int_equal(time_waits(&stage, 1), 0);
	stage_deinit(&stage);
}

static void row_10_a_newer_syn_opens_anew(void **state)
{
	const struct cn_counters *count;
	struct stage stage;
	struct tcp_seg old;

	(void)state;
	stage_init(&stage, NULL, 12);
	into_time_wait(&stage, &old);
	count = cn_host_counters(sim_host(stage.sim, 1));
	old.flags = TCP_SYN;
	old.len = 1;
	old.seq += 1000;
	old.tsval += 5000;
	stage.syn_acks = 0;
	stage_spoof(&stage, &old);
	assert_int_equal(count->tcp_time_wait_reused, 1);
	assert_int_equal(stage.syn_acks, 1);
	stage_deinit(&stage);
}

/* -------------------------------------------------------------- row 37 -- */

/* The instant at which that pair's initial number is the target. */
static uint64_t when_isn_is(const struct cn_host *host,
			    const struct tuple *tuple, uint32_t target)
{
	uint32_t now = host_isn(host, tuple, START);
	uint32_t in_a_second = host_isn(host, tuple, START + CN_NS_PER_SEC) -
			       now;

	for (uint64_t t = 0; t < 3; t++) {
		uint64_t at_ns = START + (uint32_t)(target - now) *
						 CN_NS_PER_SEC / in_a_second;

		for (uint64_t i = 0; i < 20000; i++)
			if (host_isn(host, tuple, at_ns - 5000 + i) == target)
				return at_ns - 5000 + i;
	}
	return 0;
}

static void talk_from(uint32_t target, int side)
{
	struct cn_settings set;
	struct stage stage;
	struct talk_server server;
	struct tuple tuple = {.local = sim_addr(0, side, 4),
			      .peer = sim_addr(0, !side, 4),
			      .local_port = side ? PORT : 5000,
			      .peer_port = side ? 5000 : PORT};
	struct talk_plan plan = {
		.seed = target,
		.family = 4,
		.port = PORT,
		.client_port = 5000,
		.side = {{.octets = 100000}, {.octets = 100000}},
	};
	struct talk talk, *in = &talk;
	struct cn_impair lossy = {.delay_ns = 10 * MS,
				  .loss = 0.02,
				  .reorder = 0.02,
				  .duplicate = 0.02};
	int host[2] = {0, 1};

	cn_settings_default(&set);
	stage_init(&stage, &set, 37);
	plan.start_at = when_isn_is(sim_host(stage.sim, side), &tuple, target);
	assert_true(plan.start_at > START);
	if (side == 1)
		plan.start_at -= 10 * MS;
	assert_int_equal(talk_server_init(&server, stage.sim, 1, 4, PORT, &in,
					  1),
			 CN_OK);
	talk_init(&talk, &plan, stage.sim, 0, host, 0);
	/* The SYN arrives; then it becomes rough. */
	sim_run(stage.sim, plan.start_at + 11 * MS);
	for (int i = 0; i < 2; i++)
		assert_int_equal(sim_wire_set(stage.sim, 0, i, &lossy), CN_OK);
	if (side == 0)
		assert_int_equal(talk.end[0].sock->tcb.iss, target);
	stage_pass(&stage, 300 * CN_NS_PER_SEC);
	for (int i = 0; i < 2; i++) {
		assert_null(talk.end[i].fault);
		assert_int_equal(talk.end[i].err, CN_OK);
		assert_int_equal(talk.end[i].received, 100000);
		assert_int_equal(talk.end[i].phase, TALK_DONE);
	}
	talk_server_deinit(&server);
	stage_deinit(&stage);
}

static void row_37_numbers_wrap_without_a_trace(void **state)
{
	static const uint32_t near[] = {0, UINT32_C(1) << 31};
	static const int32_t off[] = {-70000, -1449, -1448, -2, -1, 0, 1};

	(void)state;
	for (int side = 0; side < 2; side++)
		for (size_t i = 0; i < 2; i++)
			for (size_t j = 0; j < sizeof(off) / sizeof(*off); j++)
				talk_from(near[i] + (uint32_t)off[j], side);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(row_01_blind_resets_do_not_reset),
		cmocka_unit_test(row_02_blind_syns_do_not_reset),
		cmocka_unit_test(row_03_blind_data_is_not_believed),
		cmocka_unit_test(row_04_answers_tell_nothing_of_others),
		cmocka_unit_test(row_05_initial_numbers_cannot_be_foretold),
		cmocka_unit_test(row_05_initial_numbers_of_a_pair_rise),
		cmocka_unit_test(row_06_ports_are_evenly_random),
		cmocka_unit_test(row_06_every_port_is_used_before_none_is_left),
		cmocka_unit_test(row_08_peers_see_unrelated_clocks),
		cmocka_unit_test(row_10_time_wait_survives_old_segments),
		cmocka_unit_test(row_10_a_newer_syn_opens_anew),
		cmocka_unit_test(row_37_numbers_wrap_without_a_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
