/* SPDX-License-Identifier: MIT */
/* RFC 4821: segments that are too long for the path, which says nothing. */
#include "spec.h"

#define BASE 500u

static uint32_t sent; /* octets of the stream that have left */

static void probes(void)
{
	t.set.mtu_probing = 1;
	t.set.base_mss = BASE;
	t.set.mtu_probe_floor = 48;
	t.set.mtu_probe_interval_ns = 600 * SEC;
	sent = 0;
}

static void with_sack(void)
{
	t.set.sack = true;
	t.peer.sack_ok = true;
	t.peer.wnd = 65535;
	t.set.sndbuf = 1 << 20;
}

/* All that leaves now; returns the longest. */
static uint32_t longest(void)
{
	struct tcp_seg seg;
	uint32_t most = 0;

	while (spec_emit(&seg)) {
		uint32_t end = seg.seq + seg.data_len - t.iss - 1;

		most = seg.data_len > most ? seg.data_len : most;
		sent = end > sent ? end : sent;
		spec_release(&seg);
	}
	return most;
}

static void three_timeouts(void)
{
	after(RTO);
	is(longest(), PEER_MSS);
	after(2 * RTO);
	is(longest(), PEER_MSS);
	after(4 * RTO);
}

static void established_black_hole_is_found_at_r1(void)
{
	probes();
	at(CN_ESTABLISHED);
	sends(5 * PEER_MSS);
	is(longest(), PEER_MSS);
	three_timeouts();
	is(t.tcb.snd_mss, BASE);
	is(longest(), BASE);
	is(t.count.tcp_mtu_fallbacks, 1);
}

static void established_it_goes_down_by_half_to_the_floor(void)
{
	probes();
	at(CN_ESTABLISHED);
	sends(5 * PEER_MSS);
	longest();
	three_timeouts();
	longest();
	for (uint32_t n = 8, want = BASE / 2; n <= 64; n *= 2, want /= 2) {
		after(n * RTO);
		is(longest(), want > 48 ? want : 48);
	}
}

/* What has come through is not too long: the next silence is another's doing. */
static void established_next_run_does_not_go_below_what_arrives(void)
{
	probes();
	at(CN_ESTABLISHED);
	sends(5 * PEER_MSS);
	longest();
	three_timeouts();
	longest();
	in("A", 1, 1 + BASE, 0);
	longest();
	is(t.tcb.snd_mss, BASE);
	for (unsigned n = 1; n <= 4; n *= 2) {
		after(n * 8 * RTO);
		is(longest(), BASE);
	}
	is(t.count.tcp_mtu_fallbacks, 1);
}

/* RFC 8200 section 5: shorter packets than 1280 octets mend nothing. */
static void established_ip6_stays_at_what_passes_everywhere(void)
{
	probes();
	at(CN_ESTABLISHED);
	t.tcb.default_mss = 1220;
	sends(5 * PEER_MSS);
	longest();
	three_timeouts();
	is(longest(), PEER_MSS);
	is(t.count.tcp_mtu_fallbacks, 0);
}

/* Segments may grow in the midst of a recovery, at whose end the window is what
 * it was to be before. */
static void established_a_window_below_one_segment_lets_one_go(void)
{
	sent = 0;
	at(CN_ESTABLISHED);
	t.tcb.cc.cwnd = PEER_MSS - 100;
	sends(3 * PEER_MSS);
	is(longest(), PEER_MSS);
	is(sent, PEER_MSS);
}

static void established_a_probe_at_most_doubles(void)
{
	probes();
	t.set.base_mss = 100;
	with_sack();
	at(CN_ESTABLISHED);
	sends(5 * PEER_MSS);
	longest();
	three_timeouts();
	longest();
	after(RTT);
	in("A", 1, 1 + sent, 0);
	for (unsigned i = 0; i < 20 && !t.tcb.tune->mtu.probe; i++) {
		sends(5000);
		longest();
		after(RTT);
		if (!t.tcb.tune->mtu.probe)
			in("A", 1, 1 + sent, 0);
	}
	is(t.tcb.tune->mtu.probe, 200);
}

static void established_short_segments_are_no_black_hole(void)
{
	probes();
	at(CN_ESTABLISHED);
	sends(BASE);
	longest();
	after(RTO);
	longest();
	after(2 * RTO);
	longest();
	after(4 * RTO);
	longest();
	is(t.tcb.snd_mss, PEER_MSS);
	is(t.count.tcp_mtu_fallbacks, 0);
}

static void established_never_if_it_was_switched_off(void)
{
	probes();
	t.set.mtu_probing = 0;
	at(CN_ESTABLISHED);
	sends(5 * PEER_MSS);
	longest();
	three_timeouts();
	is(longest(), PEER_MSS);
}

/* The peer takes what is no longer than so much, and acknowledges it; what is
 * lost is sent again.  Until the search rests. */
static void path_of(uint32_t most, unsigned rounds)
{
	while (rounds--) {
		if (t.tcb.snd_end - t.tcb.snd_una < 100000)
			sends(100000);
		is(longest() <= most || t.tcb.tune->mtu.probe != 0, true);
		after(RTT);
		if (t.tcb.tune->mtu.probe > most) {
			uint32_t gap = t.tcb.tune->mtu.seq - t.iss;

			in("A", 1, gap, 0,
			   .sack = {{gap + t.tcb.tune->mtu.probe, 1 + sent}});
			longest();
			after(RTT);
		}
		in("A", 1, 1 + sent, 0);
	}
}

static void established_search_finds_what_arrives(void)
{
	probes();
	with_sack();
	at(CN_ESTABLISHED);
	sends(5 * PEER_MSS);
	longest();
	three_timeouts();
	longest();
	after(RTT);
	in("A", 1, 1 + sent, 0);
	path_of(700, 40);
	is(t.tcb.snd_mss <= 700, true);
	is(t.tcb.snd_mss > 700 - 8, true);
	is(t.count.tcp_mtu_probes_lost >= 1, true);
	is(t.tcb.tune->mtu.probe, 0);
	/* The path carries more by now; nobody asks before the interval is
	 * over. */
	path_of(PEER_MSS, 20);
	is(t.tcb.snd_mss <= 700, true);
	longest();
	after(RTT);
	in("A", 1, 1 + sent, 0);
	longest();
	after(RTT);
	in("A", 1, 1 + sent, 0);
	t.now += 600 * SEC;
	path_of(PEER_MSS, 40);
	is(t.tcb.snd_mss > PEER_MSS - 8, true);
}

static void established_a_lost_probe_is_no_congestion(void)
{
	uint32_t cwnd, before;

	probes();
	with_sack();
	at(CN_ESTABLISHED);
	sends(5 * PEER_MSS);
	longest();
	three_timeouts();
	longest();
	after(RTT);
	in("A", 1, 1 + sent, 0);
	for (unsigned i = 0; i < 20 && !t.tcb.tune->mtu.probe; i++) {
		sends(50000);
		longest();
		if (t.tcb.tune->mtu.probe)
			break;
		after(RTT);
		in("A", 1, 1 + sent, 0);
	}
	is(t.tcb.tune->mtu.probe != 0, true);
	cwnd = t.tcb.cc.cwnd;
	before = t.tcb.tune->mtu.seq - t.iss;
	after(RTT);
	in("A", 1, before, 0,
	   .sack = {{before + t.tcb.tune->mtu.probe, 1 + sent}});
	longest();
	is(t.count.tcp_mtu_probes_lost, 1);
	is(t.tcb.cc.cwnd >= cwnd, true);
	is(t.tcb.snd_mss, BASE);
	/* Nor is it when the recovery is over. */
	after(RTT);
	in("A", 1, 1 + sent, 0);
	is(t.tcb.in_recovery, false);
	is(t.tcb.cc.cwnd >= cwnd, true);
	is(t.tcb.cc.ssthresh >= cwnd, true);
}

static void established_always_begins_low(void)
{
	probes();
	with_sack();
	t.set.mtu_probing = 2;
	at(CN_ESTABLISHED);
	is(t.tcb.snd_mss, BASE);
	path_of(PEER_MSS, 40);
	is(t.tcb.snd_mss > PEER_MSS - 8, true);
}

/* Milliseconds modulo 2^32 are in their second half. */
static void established_begins_at_any_time(void)
{
	t.now = UINT64_C(40) * 24 * 3600 * SEC;
	established_always_begins_low();
}

/* SHLD-9: the host hears of it, once. */
static void established_r1_puts_the_way_in_doubt(void)
{
	at(CN_ESTABLISHED);
	sends(100);
	longest();
	after(RTO);
	longest();
	after(2 * RTO);
	longest();
	is(t.tcb.news & TCP_NEWS_DOUBT, 0);
	after(4 * RTO);
	is(t.tcb.news & TCP_NEWS_DOUBT, TCP_NEWS_DOUBT);
	t.tcb.news = 0;
	longest();
	after(8 * RTO);
	is(t.tcb.news & TCP_NEWS_DOUBT, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_black_hole_is_found_at_r1),
		cmocka_unit_test_rule(
			established_it_goes_down_by_half_to_the_floor),
		cmocka_unit_test_rule(
			established_next_run_does_not_go_below_what_arrives),
		cmocka_unit_test_rule(
			established_ip6_stays_at_what_passes_everywhere),
		cmocka_unit_test_rule(
			established_a_window_below_one_segment_lets_one_go),
		cmocka_unit_test_rule(established_a_probe_at_most_doubles),
		cmocka_unit_test_rule(
			established_short_segments_are_no_black_hole),
		cmocka_unit_test_rule(established_never_if_it_was_switched_off),
		cmocka_unit_test_rule(established_search_finds_what_arrives),
		cmocka_unit_test_rule(
			established_a_lost_probe_is_no_congestion),
		cmocka_unit_test_rule(established_always_begins_low),
		cmocka_unit_test_rule(established_begins_at_any_time),
		cmocka_unit_test_rule(established_r1_puts_the_way_in_doubt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
