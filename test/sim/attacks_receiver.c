/* SPDX-License-Identifier: MIT */
/*
 * Attacks by the peer itself on what receives, and on what it makes of the
 * window, each with the number of its row in the project's table of attacks
 * (17, 18, 33).  Costs are counted in octets and instructions, never in time.
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

#include "host/host.h"
#include "stage.h"
#include "steps.h"

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

		stage_spoof(stage, &seg);
	}
}

/* Tells the parent to begin and to stop counting. */
static void counted(struct stage *stage, uint32_t from)
{
	const struct tcb *victim = &stage->server->tcb;
	struct cn_endpoint client = stage_at(0, stage->client_port);
	struct cn_endpoint server = stage_at(1, PORT);
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
			      stage_now(stage));
	steps_end();
	for (int i = 0; i < 4; i++)
		cn_frame_release(&frame[i]);
	stage_pass(stage, 1);
}

static void child_of_row_17(void)
{
	struct stage stage;

	stage_init(&stage, NULL, 17);
	stage_establish(&stage);
	counted(&stage, 100000);
	scatter(&stage, 0, 3900, true);
	counted(&stage, 1000);
	counted(&stage, 5000);
}

/* 3900 runs in the queue, a tree of a dozen levels: an octet more costs at most
 * three times what it does in an empty one. */
static void row_17_an_octet_beyond_gaps_costs_no_more(void **state)
{
	uint64_t counts[3];

	(void)state;
	steps_of(child_of_row_17, counts, 3);
	print_message("# instructions for 4 segments: %llu in an empty queue,"
		      " %llu and %llu among 3900 runs\n",
		      (unsigned long long)counts[0],
		      (unsigned long long)counts[1],
		      (unsigned long long)counts[2]);
	assert_in_range(counts[1], 1, 3 * counts[0]);
	assert_in_range(counts[2], 1, 3 * counts[0]);
}

static void row_17_runs_are_bounded(void **state)
{
	const struct cn_counters *count;
	struct stage stage;

	(void)state;
	stage_init(&stage, NULL, 18);
	stage_establish(&stage);
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
	stage_establish(&stage);
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

		stage_spoof(&stage, &seg);
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
	stage_establish(&stage);
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

		stage_spoof(&stage, &seg);
	}
	acked = stage.server->tcb.rcv_nxt - acked;
	assert_in_range(acked, 1000, 16384);
	while ((n = cn_sock_recv(stage.server, octets, sizeof(octets), 0,
				 stage_now(&stage))) > 0)
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
	struct cn_endpoint from = stage_at(STRANGE, PORT), to;
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
	s->sock = stage_connects(&s->stage, stage_at(STRANGE, PORT));
	assert_int_equal(cn_sock_set(s->sock, CN_OPT_SNDBUF, sizeof(zeros),
				     stage_now(&s->stage)),
			 0);
	stage_pass(&s->stage, MS);
	s->rcv_nxt = s->stage.last[0].seq + 1;
	s->far_edge = s->rcv_nxt;
	strange_says(s, s->rcv_nxt, wnd, TCP_SYN);
	assert_int_equal(cn_sock_state(s->sock), CN_ESTABLISHED);
	assert_int_equal(cn_sock_send(s->sock, zeros, sizeof(zeros), 0,
				      stage_now(&s->stage)),
			 sizeof(zeros));
	stage_pass(&s->stage, MS);
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
			stage_pass(&s.stage, 500 * MS);
			strange_says(&s, s.rcv_nxt, wnd, 0);
		}
		assert_false(s.beyond);
		assert_int_equal(cn_sock_state(s.sock), CN_ESTABLISHED);
		/* And opens again: all comes. */
		for (int i = 0; i < 400; i++) {
			stage_pass(&s.stage, 50 * MS);
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
		stage_pass(&s.stage, MS);
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
	stage_establish(&stage);
	stage.see = note_offer;
	stage.ctx = &offers;
	cn_sock_send(stage.client, zeros, sizeof(zeros), 0, stage_now(&stage));
	for (int i = 0; i < 20000; i++) {
		if (cn_sock_recv(stage.server, &octet, 1, 0,
				 stage_now(&stage)) == 1)
			read++;
		stage_pass(&stage, 100000);
	}
	assert_true(read > 15000);
	print_message("# %u offers, %u by less than a segment\n", offers.n,
		      offers.silly);
	assert_in_range(offers.n, 1, 60);
	assert_int_equal(offers.silly, 0);
	stage_deinit(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(row_17_an_octet_beyond_gaps_costs_no_more),
		cmocka_unit_test(row_17_runs_are_bounded),
		cmocka_unit_test(row_18_an_octet_does_not_hold_a_buffer),
		cmocka_unit_test(row_18_what_is_acknowledged_is_kept),
		cmocka_unit_test(row_33_a_window_that_shrinks_is_borne),
		cmocka_unit_test(row_33_no_silly_segments_are_sent),
		cmocka_unit_test(row_33_no_silly_windows_are_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
