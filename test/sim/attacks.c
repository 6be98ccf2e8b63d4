/* SPDX-License-Identifier: MIT */
/*
 * Attacks on a whole host, each with the number of its row in the project's
 * table of attacks: the attacker is off the path (rows 1 to 6, 8, 10) and
 * forges what it likes, or is the peer itself (17, 18, 33), or is only bad luck
 * (37).  Costs are counted in answers, octets and instructions, never in time.
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

#include "forge.h"
#include "host/host.h"
#include "link/heap.h"
#include "sim/talk.h"
#include "steps.h"

#define START (UINT64_C(1000) * CN_NS_PER_SEC)
#define MS CN_NS_PER_MS
#define PORT 7

/* ------------------------------------------------------------- the stage -- */

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

static void on_packet(void *ctx, int wire, int toward,
		      const struct cn_frame *frame, enum cn_fate fate,
		      uint64_t now)
{
	struct stage *stage = ctx;
	struct cn_endpoint from, to;
	struct tcp_seg seg;

	(void)wire;
	(void)fate;
	(void)now;
	if (!forge_read(frame, &from, &to, &seg))
		return;
	stage->last[!toward] = seg;
	stage->segments[!toward]++;
	if (seg.flags == TCP_ACK && !seg.data_len)
		stage->bare_acks[!toward]++;
	if (seg.flags == (TCP_SYN | TCP_ACK))
		stage->syn_acks++;
	if (stage->see)
		stage->see(stage, !toward, &seg);
}

static void stage_init(struct stage *stage, const struct cn_settings *set,
		       uint64_t seed)
{
	struct sim_watch watch = {.packet = on_packet, .ctx = stage};
	struct sim_wire wire = {.mtu = 1500};

	memset(stage, 0, sizeof(*stage));
	stage->pool = cn_pool_new(&heap_memory);
	if (set)
		stage->set = *set;
	else
		cn_settings_default(&stage->set);
	stage->sim = sim_new(stage->pool, seed, START, &watch);
	sim_random(stage->sim, &stage->random, 99);
	wire.impair[0].delay_ns = 10 * MS;
	wire.impair[1].delay_ns = 10 * MS;
	assert_int_equal(sim_host_add(stage->sim, &stage->set), 0);
	assert_int_equal(sim_host_add(stage->sim, &stage->set), 1);
	assert_int_equal(sim_wire_add(stage->sim, 0, 1, &wire), 0);
}

static void stage_deinit(struct stage *stage)
{
	sim_free(stage->sim);
	assert_int_equal(cn_pool_in_use(stage->pool), 0);
	cn_pool_free(stage->pool);
}

static uint64_t now_of(const struct stage *stage)
{
	return sim_now(stage->sim);
}

static void pass(struct stage *stage, uint64_t ns)
{
	assert_true(sim_pass(stage->sim, ns));
}

static struct cn_endpoint at(int end, uint16_t port)
{
	return (struct cn_endpoint){sim_addr(0, end, 4), port};
}

static struct cn_sock *listens(struct stage *stage)
{
	struct cn_endpoint local = {cn_addr_v4(0, 0, 0, 0), PORT};
	struct cn_sock *sock;

	assert_int_equal(cn_sock_new(sim_host(stage->sim, 1), 4, &sock), CN_OK);
	assert_int_equal(cn_sock_bind(sock, &local), CN_OK);
	assert_int_equal(cn_sock_listen(sock, 100, now_of(stage)), CN_OK);
	return sock;
}

static struct cn_sock *connects(struct stage *stage, struct cn_endpoint peer)
{
	struct cn_sock *sock;

	assert_int_equal(cn_sock_new(sim_host(stage->sim, 0), 4, &sock), CN_OK);
	assert_int_equal(cn_sock_connect(sock, &peer, now_of(stage)),
			 CN_E_INPROGRESS);
	return sock;
}

static void establish(struct stage *stage)
{
	struct cn_endpoint local;

	stage->listener = listens(stage);
	stage->client = connects(stage, at(1, PORT));
	cn_sock_name(stage->client, &local);
	stage->client_port = local.port;
	pass(stage, CN_NS_PER_SEC);
	assert_int_equal(cn_sock_accept(stage->listener, &stage->server,
					now_of(stage)),
			 CN_OK);
	assert_int_equal(cn_sock_state(stage->client), CN_ESTABLISHED);
	assert_int_equal(cn_sock_state(stage->server), CN_ESTABLISHED);
}

/* A segment to host b that says it is from the client. */
static void spoof(struct stage *stage, const struct tcp_seg *seg)
{
	struct cn_endpoint from = at(0, stage->client_port), to = at(1, PORT);
	struct cn_frame frame;

	assert_true(forge(stage->pool, &from, &to, seg, NULL, &frame));
	sim_inject(stage->sim, 0, 1, &frame);
	cn_frame_release(&frame);
}

static uint32_t any(struct stage *stage)
{
	return (uint32_t)random_u64(&stage->random);
}

static void both_still_speak(struct stage *stage)
{
	char octets[8];

	pass(stage, CN_NS_PER_SEC);
	assert_int_equal(cn_sock_state(stage->client), CN_ESTABLISHED);
	assert_int_equal(cn_sock_state(stage->server), CN_ESTABLISHED);
	assert_int_equal(
		cn_sock_send(stage->client, "hello", 5, 0, now_of(stage)), 5);
	pass(stage, CN_NS_PER_SEC);
	assert_int_equal(
		cn_sock_recv(stage->server, octets, 8, 0, now_of(stage)), 5);
	assert_memory_equal(octets, "hello", 5);
}

/* Row 4's measure: one answer for each 500 ms, and one to begin with. */
static void answers_are_few(const struct stage *stage, uint64_t acks,
			    uint64_t since)
{
	uint64_t most = 1 + (now_of(stage) - since) /
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
			.seq = any(stage),
			.ack = any(stage),
			.flags = (uint8_t)flags,
			.len = flags & TCP_SYN ? 1 : 0,
		};

		if (i % 4 == 0)
			seg.seq = victim->rcv_nxt + 1 +
				  any(stage) % (victim->rcv_wnd - 1);
		if (seg.seq == victim->rcv_nxt && flags & TCP_RST)
			continue;
		spoof(stage, &seg);
		if (i % 1000 == 999)
			pass(stage, 10 * MS);
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
	establish(&stage);
	since = now_of(&stage);
	acks = stage.bare_acks[1];
	flood(&stage, 1000000, TCP_RST);
	answers_are_few(&stage, stage.bare_acks[1] - acks, since);
	both_still_speak(&stage);
	exact.seq = stage.server->tcb.rcv_nxt;
	spoof(&stage, &exact);
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
		establish(&stage);
		since = now_of(&stage);
		acks = stage.bare_acks[1];
		flood(&stage, 50000, flags[i]);
		/* Data-less segments outside the window and SYNs inside are
		 * answered alike. */
		answers_are_few(&stage, stage.bare_acks[1] - acks, since);
		exact.seq = stage.server->tcb.rcv_nxt;
		exact.ack = stage.server->tcb.snd_nxt;
		spoof(&stage, &exact);
		both_still_speak(&stage);
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
	establish(&stage);
	for (unsigned i = 0; i < 100000; i++) {
		const struct tcb *victim = &stage.server->tcb;
		struct tcp_seg seg = {
			.seq = victim->rcv_nxt + any(&stage) % victim->rcv_wnd,
			.ack = any(&stage),
			.flags = i % 10 ? TCP_ACK : 0,
			.data_len = 1 + any(&stage) % 100,
			.wnd = 1000,
		};

		seg.len = seg.data_len;
		if (seq_le(seg.ack, victim->snd_nxt) &&
		    seq_ge(seg.ack, victim->snd_una - victim->max_snd_wnd))
			seg.ack += UINT32_C(1) << 31;
		if (i % 100 == 0) {
			talk_fill(3, sent, data, sizeof(data));
			n = cn_sock_send(stage.client, data, sizeof(data), 0,
					 now_of(&stage));
			sent += n > 0 ? (uint32_t)n : 0;
		}
		spoof(&stage, &seg);
		if (i % 100 == 50)
			pass(&stage, 15 * MS);
		while ((n = cn_sock_recv(stage.server, data, sizeof(data), 0,
					 now_of(&stage))) > 0) {
			talk_fill(3, received, want, (size_t)n);
			assert_memory_equal(data, want, (size_t)n);
			received += (uint32_t)n;
		}
	}
	pass(&stage, CN_NS_PER_SEC);
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
	establish(&stage);
	other = connects(&stage, at(1, PORT));
	pass(&stage, CN_NS_PER_SEC);
	cn_sock_name(other, &name);
	answers = 0;
	for (unsigned i = 0; i < 50; i++) {
		struct tcp_seg rst = {
			.seq = stage.server->tcb.rcv_nxt + 100,
			.flags = TCP_RST,
		};
		struct cn_endpoint from = at(0, name.port), to = at(1, PORT);
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
		pass(&stage, 50 * MS);
		before = stage.bare_acks[1];
		spoof(&stage, &rst);
		answers += stage.bare_acks[1] - before;
		pass(&stage, 50 * MS);
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
		struct cn_sock *sock = connects(&stage, at(1, 9));

		cn_sock_name(sock, &local);
		cn_sock_abort(sock, now_of(&stage));
		assert_in_range(local.port, LOW, LOW + BINS - 1);
		count[local.port - LOW]++;
		near += local.port - last <= 16;
		last = local.port;
		if (i % 100 == 0)
			pass(&stage, MS);
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
	struct cn_endpoint peer = at(1, 9), local;
	struct cn_sock *sock;
	struct stage stage;

	(void)state;
	memset(used, 0, sizeof(used));
	stage_init(&stage, NULL, 8);
	for (unsigned i = 0; i < BINS; i++) {
		sock = connects(&stage, peer);
		cn_sock_name(sock, &local);
		assert_false(used[local.port - LOW]);
		used[local.port - LOW] = true;
	}
	assert_int_equal(cn_sock_new(sim_host(stage.sim, 0), 4, &sock), CN_OK);
	assert_int_equal(cn_sock_connect(sock, &peer, now_of(&stage)),
			 CN_E_ADDRNOTAVAIL);
	/* Another peer, another set of ports. */
	peer.port++;
	assert_int_equal(cn_sock_connect(sock, &peer, now_of(&stage)),
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
		struct cn_endpoint peer = at(1, PORT);

		peer.addr.octet[15] = (uint8_t)(3 + i);
		connects(&stage, peer);
	}
	pass(&stage, 1);
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
	establish(stage);
	assert_int_equal(
		cn_sock_send(stage->client, "old", 3, 0, now_of(stage)), 3);
	pass(stage, CN_NS_PER_SEC);
	*old = (struct tcp_seg){
		.seq = stage->server->tcb.rcv_nxt,
		.ack = stage->server->tcb.snd_nxt,
		.tsval = stage->server->tcb.ts_recent,
		.options = TCP_OPT_TS,
		.wnd = 1000,
	};
	cn_sock_shutdown(stage->server, CN_SHUT_WR, now_of(stage));
	pass(stage, CN_NS_PER_SEC);
	cn_sock_close(stage->client, now_of(stage));
	pass(stage, CN_NS_PER_SEC);
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
		spoof(&stage, &seg);
		seg.flags = TCP_RST | TCP_ACK;
		spoof(&stage, &seg);
		seg.flags = TCP_ACK;
		seg.data_len = 5;
		seg.len = 5;
		spoof(&stage, &seg);
		assert_int_equal(time_waits(&stage, 1), 1);
	}
	/* H3, and a SYN that is not newer: by number nor by clock. */
	old.flags = TCP_SYN;
	old.len = 1;
	old.seq -= 1000;
	spoof(&stage, &old);
	pass(&stage, CN_NS_PER_SEC);
	assert_int_equal(time_waits(&stage, 1), 1);
	/* It ends by its time and by nothing else. */
	pass(&stage, 70 * CN_NS_PER_SEC);
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
	spoof(&stage, &old);
	assert_int_equal(count->tcp_time_wait_reused, 1);
	assert_int_equal(stage.syn_acks, 1);
	stage_deinit(&stage);
}

/* ------------------------------------------------------- rows 17 and 18 -- */

/* One octet at every second number from the first beyond a gap. */
static void scatter(struct stage *stage, uint32_t from, uint32_t n,
		    bool shuffled)
{
	const struct tcb *victim = &stage->server->tcb;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t place = shuffled ? i * 40503u % n : i;
		struct tcp_seg seg = {
			.seq = victim->rcv_nxt + 2 * (from + place) + 2,
			.ack = victim->snd_nxt,
			.flags = TCP_ACK,
			.tsval = victim->ts_recent,
			.options = TCP_OPT_TS,
			.wnd = 1000,
			.data_len = 1,
			.len = 1,
		};

		spoof(stage, &seg);
	}
}

/* Tells the parent to begin and to stop counting. */
static void counted(struct stage *stage, uint32_t from)
{
	const struct tcb *victim = &stage->server->tcb;
	struct cn_endpoint client = at(0, stage->client_port);
	struct cn_endpoint server = at(1, PORT);
	struct cn_frame frame[4];
	int link = sim_wire_link(stage->sim, 0, 1);

	for (uint32_t i = 0; i < 4; i++) {
		struct tcp_seg seg = {
			.seq = victim->rcv_nxt + 2 * (from + 61 * i) + 2,
			.ack = victim->snd_nxt,
			.flags = TCP_ACK,
			.tsval = victim->ts_recent,
			.options = TCP_OPT_TS,
			.wnd = 1000,
			.data_len = 1,
			.len = 1,
		};

		if (!forge(stage->pool, &client, &server, &seg, NULL,
			   &frame[i]))
			_exit(3);
	}
	steps_begin();
	for (int i = 0; i < 4; i++)
		cn_host_input(sim_host(stage->sim, 1), link, &frame[i],
			      now_of(stage));
	steps_end();
	for (int i = 0; i < 4; i++)
		cn_frame_release(&frame[i]);
	pass(stage, 1);
}

static void child_of_row_17(void)
{
	struct stage stage;

	steps_let_count();
	stage_init(&stage, NULL, 17);
	establish(&stage);
	counted(&stage, 100000);
	scatter(&stage, 0, 3900, true);
	counted(&stage, 1000);
	counted(&stage, 5000);
	_exit(0);
}

/* 3900 runs in the queue: an octet more costs at most twice what it does in
 * an empty one. */
static void row_17_an_octet_beyond_gaps_costs_no_more(void **state)
{
	uint64_t counts[3] = {0};
	pid_t child;

	(void)state;
	fflush(stdout);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		child_of_row_17();
	if (!steps_count(child, counts, 3)) {
		print_message("# this machine does not let us count\n");
		skip();
	}
	print_message("# instructions for 4 segments: %llu in an empty queue,"
		      " %llu and %llu among 3900 runs\n",
		      (unsigned long long)counts[0],
		      (unsigned long long)counts[1],
		      (unsigned long long)counts[2]);
	assert_in_range(counts[1], 1, 2 * counts[0]);
	assert_in_range(counts[2], 1, 2 * counts[0]);
}

static void row_17_runs_are_bounded(void **state)
{
	const struct cn_counters *count;
	struct stage stage;

	(void)state;
	stage_init(&stage, NULL, 18);
	establish(&stage);
	count = cn_host_counters(sim_host(stage.sim, 1));
	scatter(&stage, 0, 20000, false);
	assert_in_range(count->drop[CN_DROP_TCP_OOO_LIMIT],
			20000 - stage.set.ooo_max, 20000);
	assert_int_equal(cn_sock_state(stage.server), CN_ESTABLISHED);
	stage_deinit(&stage);
}

/* The receive queue's own limit of true size, and one charge beyond. */
#define CAP(rcvbuf) (2 * (rcvbuf) + 65536 + 2048)

static void row_18_an_octet_does_not_hold_a_buffer(void **state)
{
	struct cn_settings set;
	struct stage stage;
	size_t base, peak;

	(void)state;
	cn_settings_default(&set);
	set.rcvbuf = 65536;
	stage_init(&stage, &set, 19);
	establish(&stage);
	base = cn_host_memory(sim_host(stage.sim, 1), NULL);
	/* Beyond a gap, then in order and not read. */
	scatter(&stage, 0, 30000, true);
	cn_host_memory(sim_host(stage.sim, 1), &peak);
	assert_in_range(peak - base, 1, CAP(set.rcvbuf));
	for (unsigned i = 0; i < 60000; i++) {
		struct tcp_seg seg = {
			.seq = stage.server->tcb.rcv_nxt,
			.ack = stage.server->tcb.snd_nxt,
			.flags = TCP_ACK,
			.tsval = stage.server->tcb.ts_recent,
			.options = TCP_OPT_TS,
			.wnd = 1000,
			.data_len = 1,
			.len = 1,
		};

		spoof(&stage, &seg);
	}
	cn_host_memory(sim_host(stage.sim, 1), &peak);
	assert_in_range(peak - base, 1, CAP(set.rcvbuf) + 2 * set.rcvbuf);
	stage_deinit(&stage);
}

/* What is acknowledged is never given up, whatever had to be for its sake. */
static void row_18_what_is_acknowledged_is_kept(void **state)
{
	struct cn_settings set;
	struct stage stage;
	uint8_t octets[1000];
	uint32_t acked, sum = 0;
	int64_t n;

	(void)state;
	cn_settings_default(&set);
	set.rcvbuf = 16384;
	stage_init(&stage, &set, 20);
	establish(&stage);
	acked = stage.server->tcb.rcv_nxt;
	for (unsigned i = 0; i < 8000; i++) {
		struct tcp_seg seg = {
			.seq = stage.server->tcb.rcv_nxt + (i % 3 ? 0 : 2),
			.ack = stage.server->tcb.snd_nxt,
			.flags = TCP_ACK,
			.tsval = stage.server->tcb.ts_recent,
			.options = TCP_OPT_TS,
			.wnd = 1000,
			.data_len = 1,
			.len = 1,
		};

		spoof(&stage, &seg);
	}
	acked = stage.server->tcb.rcv_nxt - acked;
	assert_in_range(acked, 1000, 16384);
	while ((n = cn_sock_recv(stage.server, octets, sizeof(octets), 0,
				 now_of(&stage))) > 0)
		sum += (uint32_t)n;
	assert_int_equal(sum, acked);
	stage_deinit(&stage);
}

/* -------------------------------------------------------------- row 33 -- */

/* A peer whose words are ours; what is sent to it host b ignores. */
#define STRANGE 9

struct strange {
	struct stage stage;
	struct cn_sock *sock;
	uint32_t rcv_nxt, snd_nxt; /* as the strange peer */
	uint32_t data_segs, smallest, octets;
	uint32_t edge; /* the right edge it last offered */
	bool beyond; /* something came from beyond every edge offered */
	uint32_t far_edge;
};

static void strange_sees(struct stage *stage, int from,
			 const struct tcp_seg *seg)
{
	struct strange *s = stage->ctx;

	if (from != 0 || !seg->data_len)
		return;
	s->data_segs++;
	s->octets += seg->data_len;
	if (seg->data_len < s->smallest)
		s->smallest = seg->data_len;
	if (seq_gt(seg->seq + seg->data_len, s->far_edge))
		s->beyond = true;
	if (seq_le(seg->seq, s->rcv_nxt) &&
	    seq_gt(seg->seq + seg->data_len, s->rcv_nxt))
		s->rcv_nxt = seg->seq + seg->data_len;
}

static void strange_says(struct strange *s, uint32_t ack, uint16_t wnd,
			 unsigned flags)
{
	struct cn_endpoint from = at(STRANGE, PORT), to;
	struct tcp_seg seg = {
		.seq = s->snd_nxt,
		.ack = ack,
		.wnd = wnd,
		.flags = (uint8_t)(TCP_ACK | flags),
	};
	struct cn_frame frame;

	if (flags & TCP_SYN) {
		seg.len = 1;
		seg.mss = 1460;
		seg.options = TCP_OPT_MSS;
	}
	s->edge = ack + wnd;
	if (!s->far_edge || seq_gt(s->edge, s->far_edge))
		s->far_edge = s->edge;
	cn_sock_name(s->sock, &to);
	assert_true(forge(s->stage.pool, &from, &to, &seg, NULL, &frame));
	sim_inject(s->stage.sim, 0, 0, &frame);
	cn_frame_release(&frame);
	s->snd_nxt += seg.len;
}

static void strange_opens(struct strange *s, uint64_t seed, uint16_t wnd)
{
	static const uint8_t zeros[200000];

	memset(s, 0, sizeof(*s));
	stage_init(&s->stage, NULL, seed);
	s->stage.see = strange_sees;
	s->stage.ctx = s;
	s->snd_nxt = 77;
	s->smallest = UINT32_MAX;
	s->sock = connects(&s->stage, at(STRANGE, PORT));
	assert_int_equal(cn_sock_set(s->sock, CN_OPT_SNDBUF, sizeof(zeros),
				     now_of(&s->stage)),
			 0);
	pass(&s->stage, MS);
	s->rcv_nxt = s->stage.last[0].seq + 1;
	s->far_edge = s->rcv_nxt;
	strange_says(s, s->rcv_nxt, wnd, TCP_SYN);
	assert_int_equal(cn_sock_state(s->sock), CN_ESTABLISHED);
	assert_int_equal(cn_sock_send(s->sock, zeros, sizeof(zeros), 0,
				      now_of(&s->stage)),
			 sizeof(zeros));
	pass(&s->stage, MS);
}

static void row_33_a_window_that_shrinks_is_borne(void **state)
{
	struct strange s;
	uint32_t una;

	(void)state;
	for (uint16_t wnd = 0; wnd < 3000; wnd = (uint16_t)(wnd + 97)) {
		strange_opens(&s, 33, 8000);
		assert_true(s.octets > 2000);
		/* Two segments arrived; the window falls to almost nothing,
		 * left of what is in flight already. */
		una = s.stage.last[0].seq;
		una = s.far_edge - 8000 + 2920;
		strange_says(&s, una, wnd, 0);
		s.rcv_nxt = una;
		/* The peer is alive, and ever so small. */
		for (int i = 0; i < 20; i++) {
			pass(&s.stage, 500 * MS);
			strange_says(&s, s.rcv_nxt, wnd, 0);
		}
		assert_false(s.beyond);
		assert_int_equal(cn_sock_state(s.sock), CN_ESTABLISHED);
		/* And opens again: all comes. */
		for (int i = 0; i < 400; i++) {
			pass(&s.stage, 50 * MS);
			strange_says(&s, s.rcv_nxt, 30000, 0);
		}
		assert_false(s.beyond);
		assert_int_equal(s.rcv_nxt - (s.stage.last[0].seq +
					      s.stage.last[0].data_len),
				 0);
		assert_int_equal(cn_sock_unacked(s.sock), 0);
		stage_deinit(&s.stage);
	}
}

/* The peer opens its window by ten octets at a time: the sender waits for a
 * segment, or half of the largest window. */
static void row_33_no_silly_segments_are_sent(void **state)
{
	struct strange s;

	(void)state;
	strange_opens(&s, 34, 6000);
	for (unsigned i = 0; i < 2000; i++) {
		pass(&s.stage, MS);
		strange_says(&s, s.rcv_nxt, (uint16_t)(10 * (i % 400)), 0);
	}
	print_message("# %u segments, %u octets, the smallest %u\n",
		      s.data_segs, s.octets, s.smallest);
	/* All but the last of the stream are full. */
	assert_int_equal(s.octets, 200000);
	assert_int_equal(s.smallest, 200000 % 1460);
	assert_false(s.beyond);
	stage_deinit(&s.stage);
}

struct offers {
	uint32_t n, silly, last_edge;
};

static void note_offer(struct stage *stage, int from, const struct tcp_seg *seg)
{
	struct offers *offers = stage->ctx;
	uint32_t edge;

	if (from != 1 || !stage->server)
		return;
	edge = seg->ack + ((uint32_t)seg->wnd << stage->server->tcb.rcv_wscale);
	offers->n++;
	assert_true(!offers->last_edge || seq_ge(edge, offers->last_edge));
	if (offers->last_edge && edge != offers->last_edge &&
	    edge - offers->last_edge < 1448)
		offers->silly++;
	offers->last_edge = edge;
}

/* The program reads octet by octet: the window opens by segments. */
static void row_33_no_silly_windows_are_offered(void **state)
{
	static const uint8_t zeros[200000];
	struct offers offers = {0};
	struct cn_settings set;
	struct stage stage;
	uint8_t octet;
	unsigned read = 0;

	(void)state;
	cn_settings_default(&set);
	set.rcvbuf = 20000;
	stage_init(&stage, &set, 35);
	establish(&stage);
	stage.see = note_offer;
	stage.ctx = &offers;
	cn_sock_send(stage.client, zeros, sizeof(zeros), 0, now_of(&stage));
	for (int i = 0; i < 20000; i++) {
		if (cn_sock_recv(stage.server, &octet, 1, 0, now_of(&stage)) ==
		    1)
			read++;
		pass(&stage, 100000);
	}
	assert_true(read > 15000);
	print_message("# %u offers, %u by less than a segment\n", offers.n,
		      offers.silly);
	assert_in_range(offers.n, 1, 60);
	assert_int_equal(offers.silly, 0);
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
	pass(&stage, 300 * CN_NS_PER_SEC);
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
		cmocka_unit_test(row_17_an_octet_beyond_gaps_costs_no_more),
		cmocka_unit_test(row_17_runs_are_bounded),
		cmocka_unit_test(row_18_an_octet_does_not_hold_a_buffer),
		cmocka_unit_test(row_18_what_is_acknowledged_is_kept),
		cmocka_unit_test(row_33_a_window_that_shrinks_is_borne),
		cmocka_unit_test(row_33_no_silly_segments_are_sent),
		cmocka_unit_test(row_33_no_silly_windows_are_offered),
		cmocka_unit_test(row_37_numbers_wrap_without_a_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
