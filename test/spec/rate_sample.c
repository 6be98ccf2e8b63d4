/* SPDX-License-Identifier: MIT */
/*
 * draft-ietf-ccwg-bbr, "Delivery Rate Samples": what an ACK tells of the
 * path's rate, and what it does not.
 */
#include "spec.h"
#include "tcp/busy.h"

static void established(void)
{
	at(CN_ESTABLISHED);
	t.tcb.snd_wnd = 60000;
	t.tcb.max_snd_wnd = 60000;
	t.tcb.cc.cwnd = 20000;
	t.tcb.cc.ssthresh = 20000;
}

static void sends_all(uint32_t len)
{
	struct tcp_seg seg;

	sends(len);
	while (spec_emit(&seg))
		spec_release(&seg);
}

static uint64_t bw(void)
{
	return t.tcb.busy->rate.bw;
}

/* A burst leaves in no time; what counts is how long its ACKs took. */
static void established_burst_is_measured_by_its_acks(void)
{
	established();
	sends_all(10000);
	t.now += RTT;
	in("A", 1, 1001, 0, .wnd = 60000);
	is(bw(), 10000); /* 1000 octets in 100 ms */
	t.now += 10 * MS;
	in("A", 1, 2001, 0, .wnd = 60000);
	is(bw(), 2000 * 1000 / 110);
	t.now += 90 * MS;
	in("A", 1, 9001, 0, .wnd = 60000);
	is(bw(), 9000 * 1000 / 200);
}

/* ACKs that come all at once are measured by how long the sending took. */
static void established_compressed_acks_are_measured_by_the_sending(void)
{
	established();
	sends_all(1000);
	for (int i = 0; i < 9; i++) {
		t.now += 20 * MS;
		sends_all(1000);
	}
	t.now += 20 * MS; /* 200 ms after the first */
	in("A", 1, 1001, 0, .wnd = 60000);
	is(bw(), 1000 * 1000 / 200);
	in("A", 1, 9001, 0, .wnd = 60000);
	/* They come at one instant, and were sent within 160 ms; nothing was
	 * delivered since the first left, 200 ms ago. */
	is(bw(), 9000 * 1000 / 200);
}

/* What was sent twice says nothing of when it was delivered. */
static void established_retransmission_gives_no_sample(void)
{
	uint64_t before;

	established();
	sends_all(3000);
	t.now += RTT;
	in("A", 1, 1001, 0, .wnd = 60000);
	before = bw();
	after(tcp_deadline(&t.tcb) - t.now);
	while (spec_emit(&t.last))
		spec_release(&t.last);
	t.now += 1 * MS;
	in("A", 1, 2001, 0, .wnd = 60000);
	is(bw(), before);
}

/* An application that has no more to send: its rate is none of the path,
 * unless it is a higher one. */
static void established_application_limits_the_sample(void)
{
	established();
	sends_all(10000);
	t.now += RTT;
	in("A", 1, 9001, 0, .wnd = 60000);
	is(bw(), 90000);
	is(t.tcb.busy->rate.bw_is_app_limited, false);
	sends_all(2000);
	t.now += RTT;
	in("A", 1, 11001, 0, .wnd = 60000);
	is(bw(), 90000);
	sends_all(16000);
	t.now += RTT;
	in("A", 1, 27001, 0, .wnd = 60000);
	is(bw(), 160000);
	is(t.tcb.busy->rate.bw_is_app_limited, true);
}

/* SACKed octets are delivered when they are SACKed, and once. */
static void established_sack_delivers_once(void)
{
	t.peer.sack_ok = true;
	t.set.sack = true;
	established();
	sends_all(10000);
	t.now += RTT;
	in("A", 1, 1, 0, .wnd = 60000, .sack = {{1001, 5001}});
	is(bw(), 40000);
	is(rate_delivered(&t.tcb) - t.iss, 4001);
	in("A", 1, 1, 0, .wnd = 60000, .sack = {{1001, 5001}});
	is(rate_delivered(&t.tcb) - t.iss, 4001);
	in("A", 1, 5001, 0, .wnd = 60000);
	is(rate_delivered(&t.tcb) - t.iss, 5001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(
			established_burst_is_measured_by_its_acks),
		cmocka_unit_test_rule(
			established_compressed_acks_are_measured_by_the_sending),
		cmocka_unit_test_rule(
			established_retransmission_gives_no_sample),
		cmocka_unit_test_rule(
			established_application_limits_the_sample),
		cmocka_unit_test_rule(established_sack_delivers_once),
	};

	return cmocka_run_group_tests_name("rate_sample", tests, NULL, NULL);
}
