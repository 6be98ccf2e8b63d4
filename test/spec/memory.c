/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.9 when there is no memory: a call fails or waits, and
 * nothing is lost, counted twice or kept. */
#include "spec.h"

#include "base/pool.h"
#include "tcp/recvq.h"
#include "tcp/sent.h"

/* What the pool keeps for later, taken out of the connection's reach. */
static struct {
	void *p;
	size_t size;
} hoard[200];
static size_t hoarded;

/* From now on n allocations succeed, and what was recycled is gone; negative:
 * there is memory again. */
static void octets_fail_for(long n)
{
	t.fail_after = 0;
	for (size_t size = 8; n >= 0 && size <= 1024; size += 8) {
		void *p;

		while ((p = pool_alloc(t.pool, size)) != NULL) {
			hoard[hoarded].p = p;
			hoard[hoarded].size = size;
			hoarded++;
		}
	}
	t.fail_after = n;
	while (n < 0 && hoarded > 0) {
		hoarded--;
		pool_release(t.pool, hoard[hoarded].p, hoard[hoarded].size);
	}
}

/* The first SYN leaves without a record of it, and is repeated. */
static void closed_open_without_memory_is_tried_again(void)
{
	t.set.rcvbuf = t.rcvbuf;
	octets_fail_for(0);
	tcb_init(&t.tcb, &t.env);
	t.where = CN_ESTABLISHED;
	tcp_set_path(&t.tcb, OUR_MSS, OUR_MSS, 536);
	tcp_open(&t.tcb, t.iss, 1000, t.now);
	out("S", 0, 0, 0, .mss = OUR_MSS);
	octets_fail_for(-1);
	deadline(SEC);
	after(SEC);
	out("S", 0, 0, 0, .mss = OUR_MSS);
	after(RTT);
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	out("A", 1, 1, 0);
	state(CN_ESTABLISHED);
	is(t.tcb.rtt.n, 0);
	is(t.tcb.stat.handshake_us, 1100000);
}

static void listen_syn_without_memory_is_answered(void)
{
	octets_fail_for(0);
	at_passive(CN_SYN_RECEIVED);
	after(RTT);
	octets_fail_for(-1);
	in("A", 1, 1, 0);
	state(CN_ESTABLISHED);
	is(t.tcb.rtt.n, 0);
}

/* No record, no segment: it is tried again shortly. */
static void established_data_without_a_record_wait(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	octets_fail_for(0);
	in("A", 1, 1, 0);
	is(tcp_has_output(&t.tcb, t.now), true);
	{
		static const struct tcp_emit_limits limits = {0};
		struct tcp_seg seg;

		is(tcp_emit(&t.tcb, &limits, &seg, t.now), false);
	}
	is(t.tcb.snd_nxt - t.iss, 1);
	is(t.tcb.owe & TCP_OWE_ACK, 0);
	is(tcp_deadline(&t.tcb), t.now + 10 * MS);
	octets_fail_for(-1);
	out("PA", 1, 1, 10);
	silent();
	deadline(RTO);
}

/* The ACK that was to ride on it goes alone: the peer need not wait. */
static void established_without_a_record_acknowledges(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	in("PA", 1, 1, 100);
	octets_fail_for(0);
	out("A", 1, 101, 0);
	{
		static const struct tcp_emit_limits limits = {0};
		struct tcp_seg seg;

		is(tcp_emit(&t.tcb, &limits, &seg, t.now), false);
	}
	octets_fail_for(-1);
	out("PA", 1, 101, 10);
	silent();
}

/* The ring that cannot grow holds what it holds. */
static void established_ring_without_memory_stays_as_it_is(void)
{
	static const struct tcp_emit_limits limits = {0};
	struct tcp_seg seg;

	at(CN_ESTABLISHED);
	sends(6000);
	/* What leaves at one instant shares a record. */
	for (uint32_t i = 0; i < 4; i++, after(MS))
		out("A", 1 + i * 1000, 1, 1000);
	octets_fail_for(0);
	is(tcp_emit(&t.tcb, &limits, &seg, t.now), false);
	octets_fail_for(-1);
	out("A", 4001, 1, 1000);
	out("PA", 5001, 1, 1000);
	in("A", 1, 6001, 0);
	deadline(NEVER);
}

/* However late memory fails in it, a send takes a whole part or nothing. */
static void established_send_takes_what_finds_memory(void)
{
	static uint8_t octets[200000];
	uint32_t iss = t.iss, irs = t.irs;

	for (long n = 0; n < 12; n++) {
		int64_t got;

		spec_end();
		spec_begin(iss, irs);
		at(CN_ESTABLISHED);
		octets_fail_for(n);
		got = tcp_send(&t.tcb, octets, sizeof(octets), 0, t.now);
		octets_fail_for(-1);
		is(got == CN_E_NOBUFS || got > 0, true);
		is(t.tcb.snd_end - t.iss, got > 0 ? 1 + got : 1);
		is(t.tcb.sendq != NULL, got > 0);
	}
}

/* Over the host's budget there is no room either. */
static void established_send_beyond_the_budget_fails(void)
{
	uint8_t octets[10] = {0};
	struct cn_span span[2];

	at(CN_ESTABLISHED);
	t.budget.limit = 1000;
	is(tcp_send(&t.tcb, octets, 10, 0, t.now), CN_E_NOBUFS);
	is(tcp_send_reserve(&t.tcb, 10, span, 2), CN_E_NOBUFS);
	is(t.tcb.sendq == NULL, true);
	t.budget.limit = 4096;
	is(tcp_send(&t.tcb, octets, 10, 0, t.now), 10);
}

static void established_tune_without_memory(void)
{
	at(CN_ESTABLISHED);
	octets_fail_for(0);
	is(tcp_tune(&t.tcb) == NULL, true);
	octets_fail_for(-1);
	is(tcp_tune(&t.tcb) != NULL, true);
	is(tcp_tune(&t.tcb) == t.tcb.tune, true);
}

/* What is reserved and not written goes back. */
static void established_reservation_not_used_is_returned(void)
{
	struct cn_span span[4];

	at(CN_ESTABLISHED);
	is(tcp_send_reserve(&t.tcb, 200000, span, 4) > 1, true);
	is(t.budget.used > 65536, true);
	is(tcp_send_commit(&t.tcb, 0, 0, t.now), CN_OK);
	is(t.budget.used, 0);
	is(t.tcb.sendq == NULL, true);
	silent();
	is(tcp_send_commit(&t.tcb, 0, 0, t.now), CN_OK);
}

/* A reservation that is used in part keeps that part. */
static void established_reservation_used_in_part(void)
{
	struct cn_span span[4];
	size_t used;

	at(CN_ESTABLISHED);
	is(tcp_send_reserve(&t.tcb, 200000, span, 4) > 1, true);
	span[0].data[0] = (uint8_t)((1u + 77) * 2654435761u >> 24);
	is(tcp_send_commit(&t.tcb, 1, 0, t.now), CN_OK);
	used = t.budget.used;
	is(used < 70000, true);
	out("PA", 1, 1, 1);
}

/* Gone is gone: a reservation outlived by its connection. */
static void established_reset_between_reserve_and_commit(void)
{
	struct cn_span span[4];

	at(CN_ESTABLISHED);
	is(tcp_send_reserve(&t.tcb, 100, span, 4), 1);
	in("R", 1, 0, 0);
	is(tcp_send_commit(&t.tcb, 100, 0, t.now), CN_E_PIPE);
	is(t.budget.used, 0);
}

/* Slabs by what is queued: little holds little. */
static void established_little_holds_little(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	is(t.budget.used < 2300, true);
	out("PA", 1, 1, 10);
	in("A", 1, 11, 0);
	is(t.budget.used, 0);
	sends(60000);
	is(t.budget.used < 2 * 65536 + 300, true);
	is(t.budget.used >= 60000, true);
}

/* A slab goes back with the ACK of its last octet. */
static void established_slab_is_returned_with_its_last_octet(void)
{
	size_t both;

	t.peer.mss = 2048;
	t.path_mss = 2048;
	at(CN_ESTABLISHED);
	sends(4096);
	out("A", 1, 1, 2048);
	out("PA", 2049, 1, 2048);
	both = t.budget.used;
	in("A", 1, 2048, 0);
	is(t.budget.used, both);
	in("A", 1, 2049, 0);
	is(t.budget.used, both / 2);
}

/* However late memory fails when urgent data come: they are taken out of the
 * stream or stay in it, and nothing else is missing. */
static void established_urgent_octet_without_memory(void)
{
	uint32_t iss = t.iss, irs = t.irs;

	for (long n = 1; n < 9; n++) {
		uint8_t octets[2000];
		int64_t got;

		spec_end();
		spec_begin(iss, irs);
		at(CN_ESTABLISHED);
		octets_fail_for(n);
		in("UPA", 1, 1, 1000, .up = 500);
		octets_fail_for(-1);
		if (t.drop != CN_DROP_NONE)
			in("UPA", 1, 1, 1000, .up = 500);
		is(t.tcb.rcv_nxt - t.irs, 1001);
		got = tcp_recv(&t.tcb, octets, 2000, 0, t.now);
		is(got, 499);
		got = tcp_recv(&t.tcb, octets, 2000, 0, t.now);
		is(got == 500 || got == 501, true);
		is(t.tcb.rcv_queued, 0);
	}
}

/* Given back twice is given back once. */
static void established_end_twice(void)
{
	at(CN_ESTABLISHED);
	is(tcp_tune(&t.tcb) != NULL, true);
	sends(10);
	in("PA", 1, 1, 10);
	tcb_deinit(&t.tcb);
	is(cn_pool_in_use(t.pool), 0);
	tcb_deinit(&t.tcb);
	is(cn_pool_in_use(t.pool), 0);
}

/* By reference or copied: what is received is charged until it is read. */
static void established_received_octets_are_charged(void)
{
	static const uint32_t lens[] = {1, 100, 600, 1500, 3000, 9000};
	uint32_t number = 1;

	t.rcvbuf = 60000;
	at(CN_ESTABLISHED);
	tcp_set_quickack(&t.tcb, true, t.now);
	for (size_t i = 0; i < N_OF(lens); i++) {
		in("PA", number, 1, lens[i]);
		number += lens[i];
		out("A", 1, number, 0);
		is(t.budget.used > lens[i], true);
		is(t.budget.used, recvq_true_size(&t.tcb));
		reads(lens[i]);
		is(t.budget.used, 0);
	}
}

/* A SYN without a record is answered: nothing was measured, no more. */
static void syn_sent_without_a_record_is_no_lost_syn(void)
{
	t.set.rcvbuf = t.rcvbuf;
	octets_fail_for(0);
	tcb_init(&t.tcb, &t.env);
	t.where = CN_ESTABLISHED;
	tcp_set_path(&t.tcb, OUR_MSS, OUR_MSS, 536);
	tcp_open(&t.tcb, t.iss, 1000, t.now);
	out("S", 0, 0, 0, .mss = OUR_MSS);
	octets_fail_for(-1);
	after(RTT);
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	out("A", 1, 1, 0);
	is(t.tcb.rtt.n, 0);
	is(t.tcb.cc.cwnd, 10 * PEER_MSS);
	is(t.tcb.stat.segs_retransmitted, 0);
	is(t.tcb.stat.handshake_us, 100000);
}

/* Row 20: what is known of each small segment is more than the segment. */
static void established_records_of_small_segments_are_charged(void)
{
	at(CN_ESTABLISHED);
	t.tcb.nodelay = true;
	for (uint32_t i = 0; i < 100; i++) {
		sends(1);
		out("PA", 1 + i, 1, 1);
		t.now += 1000;
	}
	is(t.budget.used > 100 * sizeof(struct sent), true);
	in("A", 1, 101, 0);
	is(t.budget.used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(
			established_records_of_small_segments_are_charged),
		cmocka_unit_test_rule(
			closed_open_without_memory_is_tried_again),
		cmocka_unit_test_rule(listen_syn_without_memory_is_answered),
		cmocka_unit_test_rule(established_data_without_a_record_wait),
		cmocka_unit_test_rule(
			established_ring_without_memory_stays_as_it_is),
		cmocka_unit_test_rule(established_send_takes_what_finds_memory),
		cmocka_unit_test_rule(established_send_beyond_the_budget_fails),
		cmocka_unit_test_rule(established_tune_without_memory),
		cmocka_unit_test_rule(
			established_reservation_not_used_is_returned),
		cmocka_unit_test_rule(established_reservation_used_in_part),
		cmocka_unit_test_rule(
			established_reset_between_reserve_and_commit),
		cmocka_unit_test_rule(established_little_holds_little),
		cmocka_unit_test_rule(
			established_slab_is_returned_with_its_last_octet),
		cmocka_unit_test_rule(established_urgent_octet_without_memory),
		cmocka_unit_test_rule(established_end_twice),
		cmocka_unit_test_rule(established_received_octets_are_charged),
		cmocka_unit_test_rule(syn_sent_without_a_record_is_no_lost_syn),
		cmocka_unit_test_rule(
			established_without_a_record_acknowledges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
