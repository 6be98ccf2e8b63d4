/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.8.6: buffers that tune themselves, both ways. */
#include "spec.h"

#include "tcp/busy.h"
#include "tcp/tune.h"

#define KIB 1024u
#define MIB (1024u * 1024u)
#define SEG 1000u

static uint32_t edge; /* right, of the window that we offered last */
static uint32_t next; /* octet of the peer's */

static void tunes(void)
{
	t.set.window_scaling = true;
	t.tunes = true;
	t.set.sndbuf = 0;
	t.peer.ws = WS(7);
	edge = 0;
	next = 1;
}

static void hear_acks(void)
{
	struct tcp_seg seg;

	while (spec_emit(&seg)) {
		uint32_t right = seg.ack - t.irs;

		right += (uint32_t)seg.wnd << t.tcb.rcv_wscale;
		/* SHLD-14 */
		is(right >= edge, true);
		edge = right;
		spec_release(&seg);
	}
}

/* So many of the peer's segments at once; the program reads each, or none. */
static void burst(uint32_t n, bool read)
{
	while (n--) {
		/* It echoes what left a round trip ago. */
		in("A", next, 1, SEG,
		   .tsecr = (uint32_t)(t.now / MS + 1000 - RTT / MS));
		next += SEG;
		if (read)
			reads(SEG);
		hear_acks();
	}
}

static void established_window_begins_with_64_kib(void)
{
	tunes();
	at_passive(CN_ESTABLISHED);
	is(t.last.wnd, 65535);
	is(t.tcb.rcvbuf, 64 * KIB);
	/* A scale for all that it may become: Linux's for 6 MiB. */
	is(t.tcb.rcv_wscale, 7);
	is(t.tcb.busy == NULL, true);
}

static void syn_sent_offers_the_scale_of_the_largest(void)
{
	tunes();
	t.set.rmem.most = 128 * MIB;
	at(CN_ESTABLISHED);
	is(t.tcb.rcv_wscale, 12);
	is(t.tcb.rcvbuf, 64 * KIB);
}

/* A sender in slow start is never held up by the window. */
static void established_window_stays_ahead_of_slow_start(void)
{
	uint32_t n;

	tunes();
	t.set.timestamps = true;
	t.peer.ts = 5000;
	at_passive(CN_ESTABLISHED);
	edge = 65536;
	for (n = 10; n <= 1280; n *= 2) {
		is(edge + 1 >= next + n * SEG, true);
		burst(n, true);
		after(40 * MS);
		hear_acks();
		after(RTT - 40 * MS);
	}
	is(t.tcb.rcvbuf > 2 * 1280 * SEG, true);
	is(t.tcb.rcvbuf <= t.set.rmem.most / 2, true);
}

static void established_window_stops_at_the_largest(void)
{
	tunes();
	t.set.rmem.most = 512 * KIB;
	at_passive(CN_ESTABLISHED);
	for (uint32_t n = 10; n <= 160; n *= 2) {
		burst(n, true);
		after(RTT);
	}
	is(t.tcb.rcvbuf, 256 * KIB);
}

static void established_unread_data_open_nothing(void)
{
	tunes();
	at_passive(CN_ESTABLISHED);
	burst(60, false);
	is(t.tcb.rcvbuf, 64 * KIB);
	/* But for what the scale rounds up at each acknowledgement. */
	is(edge <= 65536 + 60 * 127, true);
}

/* SO_RCVBUF: the program knows better. */
static void established_size_that_was_set_stays(void)
{
	tunes();
	at_passive(CN_ESTABLISHED);
	tcp_set_rcvbuf(&t.tcb, 50000);
	for (uint32_t n = 10; n <= 40; n *= 2) {
		burst(n, true);
		after(RTT);
	}
	is(t.tcb.rcvbuf, 50000);
}

static void established_few_octets_are_not_measured(void)
{
	tunes();
	at_passive(CN_ESTABLISHED);
	for (unsigned i = 0; i < 8; i++) {
		burst(1, true);
		after(40 * MS);
		hear_acks();
		after(SEC);
	}
	is(t.tcb.busy == NULL, true);
	burst(1, true);
	is(t.tcb.busy != NULL, true);
	after(40 * MS);
	hear_acks();
	/* And nothing of it is left when it rests. */
	after(30 * SEC);
	is(t.tcb.busy == NULL, true);
}

/* What is promised stays promised, and nobody is left with nothing. */
static void established_memory_pressure_shrinks_what_is_offered_next(void)
{
	tunes();
	at_passive(CN_ESTABLISHED);
	burst(2, true);
	is(edge >= 65536, true);
	t.budget.used += 250 * MIB;
	for (unsigned i = 0; i < 100; i++) {
		burst(1, true);
		is(edge > next, true);
	}
	is(edge - next < 4096, true);
	t.budget.used -= 250 * MIB;
	burst(1, true);
	is(edge - next > 60000, true);
}

/* With a quarter of what all have left. */
static void established_a_share_of_what_is_left(void)
{
	t.rcvbuf = 8 * MIB;
	at_passive(CN_ESTABLISHED);
	is(tune_rcvbuf(&t.tcb), 8 * MIB);
	t.budget.used += 176 * MIB;
	is(tune_rcvbuf(&t.tcb) <= 4 * MIB, true);
	is(tune_rcvbuf(&t.tcb) > 4 * MIB - 8 * KIB, true);
	t.budget.used -= 176 * MIB;
}

static void established_rcvlowat_makes_room(void)
{
	tunes();
	at_passive(CN_ESTABLISHED);
	tune_want(&t.tcb, 200000);
	is(t.tcb.rcvbuf, 200000);
	tune_want(&t.tcb, 100 * MIB);
	is(t.tcb.rcvbuf, t.set.rmem.most / 2);
}

/* ---------------------------------------------------------------- sending -- */

static void established_send_buffer_is_two_windows_of_segments(void)
{
	struct tcp_seg seg;

	tunes();
	at(CN_ESTABLISHED);
	is(t.tcb.cc.cwnd, 10 * PEER_MSS);
	/* Each segment at the 2304 octets that it costs Linux. */
	is(t.tcb.sndbuf, 2 * 10 * 2304);
	sends(2 * 10 * 2304);
	is(tcp_send_room(&t.tcb), 0);
	while (spec_emit(&seg))
		spec_release(&seg);
	after(RTT);
	in("A", 1, 1 + 10 * PEER_MSS, 0, 1000);
	is(t.tcb.snd_wnd, 128000);
	is(t.tcb.sndbuf, 2 * t.tcb.cc.cwnd / PEER_MSS * 2304);
	is(tcp_send_room(&t.tcb),
	   t.tcb.sndbuf - (2 * 10 * 2304 - 10 * PEER_MSS));
}

/* What the peer does not take is never in flight. */
static void established_send_buffer_minds_the_peers_window(void)
{
	struct tcp_seg seg;

	tunes();
	at(CN_ESTABLISHED);
	sends(20 * PEER_MSS);
	while (spec_emit(&seg))
		spec_release(&seg);
	after(RTT);
	in("A", 1, 1 + 10 * PEER_MSS, 0, 90); /* 11520 octets */
	is(t.tcb.sndbuf, 2 * 11 * 2304);
	is(t.tcb.cc.cwnd > 11520, true);
}

static void established_send_buffer_has_an_end(void)
{
	tunes();
	t.set.wmem.most = 16384;
	at(CN_ESTABLISHED);
	is(t.tcb.sndbuf, 16384);
}

static void established_send_buffer_that_was_set_stays(void)
{
	struct tcp_seg seg;

	tunes();
	at(CN_ESTABLISHED);
	tcp_set_sndbuf(&t.tcb, 12000);
	sends(12000);
	while (spec_emit(&seg))
		spec_release(&seg);
	after(RTT);
	in("A", 1, 1 + 10 * PEER_MSS, 0, 1000);
	is(t.tcb.sndbuf, 12000);
}

static void established_memory_pressure_shrinks_the_send_buffer(void)
{
	tunes();
	at(CN_ESTABLISHED);
	t.budget.used += 250 * MIB;
	is(tcp_send_room(&t.tcb), 4096);
	t.budget.used -= 250 * MIB;
	is(tcp_send_room(&t.tcb), 2 * 10 * 2304);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_window_begins_with_64_kib),
		cmocka_unit_test_rule(syn_sent_offers_the_scale_of_the_largest),
		cmocka_unit_test_rule(
			established_window_stays_ahead_of_slow_start),
		cmocka_unit_test_rule(established_window_stops_at_the_largest),
		cmocka_unit_test_rule(established_unread_data_open_nothing),
		cmocka_unit_test_rule(established_size_that_was_set_stays),
		cmocka_unit_test_rule(established_few_octets_are_not_measured),
		cmocka_unit_test_rule(
			established_memory_pressure_shrinks_what_is_offered_next),
		cmocka_unit_test_rule(established_a_share_of_what_is_left),
		cmocka_unit_test_rule(established_rcvlowat_makes_room),
		cmocka_unit_test_rule(
			established_send_buffer_is_two_windows_of_segments),
		cmocka_unit_test_rule(
			established_send_buffer_minds_the_peers_window),
		cmocka_unit_test_rule(established_send_buffer_has_an_end),
		cmocka_unit_test_rule(
			established_send_buffer_that_was_set_stays),
		cmocka_unit_test_rule(
			established_memory_pressure_shrinks_the_send_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
