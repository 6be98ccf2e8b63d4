/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.7.1, RFC 7323, RFC 2018: what the SYNs agree on. */
#include "spec.h"

static void all_options(void)
{
	t.set.timestamps = true;
	t.set.sack = true;
	t.set.window_scaling = true;
}

static void syn_sent_offers_all_that_is_on(void)
{
	all_options();
	t.rcvbuf = 1 << 20;
	at(CN_SYN_SENT);
	is(t.last.options,
	   TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK | TCP_OPT_TS);
	is(t.last.tsecr, 0);
}

static void established_uses_only_what_both_offer(void)
{
	all_options();
	at(CN_ESTABLISHED);
	is(t.tcb.ts_ok, false);
	is(t.tcb.sack_ok, false);
	is(t.tcb.ws_ok, false);
	sends(10);
	out("PA", 1, 1, 10);
	is(t.last.options, 0);
}

/* What we have switched off is not answered. */
static void syn_received_passive_answers_only_what_is_on(void)
{
	t.peer.ts = 5000;
	t.peer.sack_ok = true;
	t.peer.ws = WS(7);
	at_passive(CN_SYN_RECEIVED);
	is(t.last.options, TCP_OPT_MSS);
	is(t.tcb.ts_ok, false);
	is(t.tcb.sack_ok, false);
	is(t.tcb.ws_ok, false);
}

static void syn_received_passive_answers_what_is_offered(void)
{
	all_options();
	t.peer.ts = 5000;
	t.peer.sack_ok = true;
	t.peer.ws = WS(7);
	at_passive(CN_SYN_RECEIVED);
	is(t.last.options,
	   TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK | TCP_OPT_TS);
	is(t.last.tsecr, 5000);
	is(t.tcb.snd_wscale, 7);
}

/* MUST-15. Notes: row 77. */
static void established_without_mss_option_takes_the_default(void)
{
	t.peer.mss = 0;
	at(CN_ESTABLISHED);
	sends(2000);
	out("A", 1, 1, 536);
}

/* MUST-15. Notes: row 77. */
static void established_v6_without_mss_option_takes_1220(void)
{
	t.peer.mss = 0;
	t.default_mss = 1220;
	at_passive(CN_ESTABLISHED);
	sends(2000);
	out("A", 1, 1, 1220);
}

/* MUST-16, SHLD-28: the least of peer and path, less the options; and no
 * segment is smaller while there is more. Notes: rows 71, 73. */
static void established_mss_is_the_least(void)
{
	static const struct {
		uint16_t peer;
		uint32_t path;
		bool ts;
		uint32_t want;
	} row[] = {
		{1460, 1460, false, 1460}, {1460, 1000, false, 1000},
		{900, 1460, false, 900},   {1460, 1460, true, 1448},
		{1460, 536, true, 524},	   {65495, 65495, false, 9000},
	};
	uint32_t iss = t.iss, irs = t.irs;

	for (size_t i = 0; i < N_OF(row); i++) {
		spec_end();
		spec_begin(iss, irs);
		t.peer.mss = row[i].peer;
		t.peer.ts = row[i].ts ? 1 : 0;
		t.set.timestamps = row[i].ts;
		t.path_mss = row[i].path;
		at(CN_ESTABLISHED);
		sends(9000);
		if (row[i].want == 9000)
			out("PA", 1, 1, 9000);
		else
			out("A", 1, 1, row[i].want);
	}
}

/* MUST-16: the path may shrink later; what was too long goes again in
 * pieces. Notes: rows 72, 75, 76. */
static void established_path_shrinks(void)
{
	at(CN_ESTABLISHED);
	sends(2000);
	out("A", 1, 1, 1000);
	out("PA", 1001, 1, 1000);
	tcp_path_mss(&t.tcb, 500, t.now);
	out("A", 1, 1, 500);
	out("A", 501, 1, 500);
	out("A", 1001, 1, 500);
	out("PA", 1501, 1, 500);
	silent();
}

/* The application's own limit, both ways. */
static void syn_sent_maxseg_is_announced_and_kept(void)
{
	tcb_init(&t.tcb, &t.env);
	tcp_tune(&t.tcb)->maxseg = 700;
	t.where = CN_ESTABLISHED;
	tcp_set_path(&t.tcb, t.path_mss, t.path_mss, 536);
	tcp_open(&t.tcb, t.iss, 0, t.now);
	out("S", 0, 0, 0, .mss = 700);
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	out("A", 1, 1, 0);
	sends(2000);
	out("A", 1, 1, 700);
}

/* attacks.md row 20 (CVE-2019-11479): the peer cannot make us send crumbs. */
static void established_low_mss_is_raised(void)
{
	static const uint16_t mss[] = {1, 8, 20, 40, 47, 48};
	uint32_t iss = t.iss, irs = t.irs;

	for (size_t i = 0; i < N_OF(mss); i++) {
		spec_end();
		spec_begin(iss, irs);
		t.peer.mss = mss[i];
		at(CN_ESTABLISHED);
		sends(500);
		out("A", 1, 1, 48);
	}
}

/* attacks.md row 20: and with all options on not either. */
static void established_low_mss_with_options_leaves_room(void)
{
	all_options();
	t.peer.mss = 1;
	t.peer.ts = 1;
	t.peer.sack_ok = true;
	at(CN_ESTABLISHED);
	for (int i = 0; i < 8; i++)
		in("A", 101 + 200 * i, 1, 100);
	sends(500);
	out("A", 1, 1, 8, .any_options = true);
}

/* attacks.md row 35: nought is no size. */
static void established_mss_of_nought_is_the_default(void)
{
	at(CN_SYN_SENT);
	t.now += RTT;
	in("SA", 0, 1, 0);
	out("A", 1, 1, 0);
	is(t.tcb.snd_mss, 536);
}

/* attacks.md row 35 is kept by wire/: here 14 is the most there is. */
static void established_largest_scale_is_14(void)
{
	all_options();
	t.peer.ws = WS(14);
	t.rcvbuf = UINT32_MAX / 4;
	at(CN_ESTABLISHED);
	is(t.tcb.snd_wscale, 14);
	is(t.tcb.rcv_wscale <= 14, true);
}

/* ----------------------------------------------------------- timestamps -- */

static void with_timestamps(void)
{
	t.set.timestamps = true;
	t.peer.ts = 100000;
}

/* RFC 7323 section 3.2: on every segment, and a reset should, too. */
static void established_timestamps_are_on_every_segment(void)
{
	with_timestamps();
	at(CN_ESTABLISHED);
	is(t.last.tsecr, 100000);
	in("PA", 1, 1, 10, .ts = 100500);
	out("A", 1, 11, 0, .tsecr = 100500);
	sends(10);
	out("PA", 1, 11, 10, .tsecr = 100500);
	aborts(0);
	out("RA", 11, 11, 0, .tsecr = 100500);
}

/* attacks.md row 9, RFC 7323 section 5.3: older than the newest: an old
 * duplicate, answered but not taken. */
static void established_old_timestamp_is_refused(void)
{
	with_timestamps();
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 10, .ts = 100500);
	out("A", 1, 11, 0);
	in("PA", 11, 1, 10, .ts = 100500 - 256);
	dropped(CN_DROP_TCP_PAWS);
	out("A", 1, 11, 0, .tsecr = 100500);
	in("PA", 11, 1, 10, .ts = 100500);
	dropped(CN_DROP_NONE);
	out("A", 1, 21, 0);
	reads(20);
}

/* Older by a few ticks is reordered, not old, and does not move TS.Recent;
 * what brings nothing new is old all the same. */
static void established_reordered_timestamp_is_taken(void)
{
	with_timestamps();
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 10, .ts = 100500);
	out("A", 1, 11, 0);
	in("A", 11, 1, 0, .ts = 100499);
	dropped(CN_DROP_TCP_PAWS);
	in("PA", 1, 1, 10, .ts = 100499);
	dropped(CN_DROP_TCP_PAWS);
	out("A", 1, 11, 0);
	in("PA", 11, 1, 10, .ts = 100500 - 255);
	dropped(CN_DROP_NONE);
	out("A", 1, 21, 0, .tsecr = 100500);
	in("PA", 31, 1, 10, .ts = 100499);
	dropped(CN_DROP_NONE);
	out("A", 1, 21, 0, .tsecr = 100500);
	reads(20);
}

/* Nothing is reordered with what came before the connection: as many ticks as
 * the peer's clock has gained since its SYN, and no more. */
static void established_reordered_timestamp_is_of_this_connection(void)
{
	with_timestamps();
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 10, .ts = 100003);
	out("A", 1, 11, 0);
	in("PA", 11, 1, 10, .ts = 99999);
	dropped(CN_DROP_TCP_PAWS);
	out("A", 1, 11, 0);
	in("PA", 11, 1, 10, .ts = 100000);
	dropped(CN_DROP_NONE);
	out("A", 1, 21, 0, .tsecr = 100003);
}

/* Nor with what 2^32 octets ago had the same numbers: at each 2^31 octets one
 * begins anew. */
static void established_reordered_timestamp_is_of_this_round(void)
{
	with_timestamps();
	at(CN_ESTABLISHED);
	t.tcb.irs -= 0x7fffffe0;
	in("PA", 1, 1, 10, .ts = 100500);
	out("A", 1, 11, 0);
	in("PA", 11, 1, 10, .ts = 100499);
	dropped(CN_DROP_NONE);
	out("A", 1, 21, 0);
	in("PA", 21, 1, 30, .ts = 100600);
	out("A", 1, 51, 0);
	in("PA", 51, 1, 10, .ts = 100599);
	dropped(CN_DROP_TCP_PAWS);
	out("A", 1, 51, 0);
	in("PA", 51, 1, 10, .ts = 100610);
	in("PA", 61, 1, 10, .ts = 100600);
	dropped(CN_DROP_NONE);
	reads(70);
}

/* attacks.md row 9: before the sequence number is looked at, and half the
 * clock back. */
static void established_any_old_timestamp_is_refused(void)
{
	static const int64_t back[] = {1, 1000, 1 << 30, 0x7fffffff};

	with_timestamps();
	t.peer.ts = 0x90000000;
	at(CN_ESTABLISHED);
	for (size_t i = 0; i < N_OF(back); i++) {
		in("A", 1, 1, 100, .ts = 0x90000000 - back[i]);
		dropped(CN_DROP_TCP_PAWS);
		out("A", 1, 1, 0);
		in("A", 50000, 1, 100, .ts = 0x90000000 - back[i]);
		dropped(CN_DROP_TCP_PAWS);
		out("A", 1, 1, 0);
	}
}

/* The clock of the peer passes 2^32. */
static void established_timestamps_wrap(void)
{
	with_timestamps();
	t.peer.ts = 0xfffffff0;
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 10, .ts = 0xffffffff);
	out("A", 1, 11, 0, .tsecr = 0xffffffff);
	in("PA", 11, 1, 10, .ts = 5);
	out("A", 1, 21, 0, .tsecr = 5);
	in("PA", 21, 1, 10, .ts = 0xffffff00);
	dropped(CN_DROP_TCP_PAWS);
}

/* attacks.md row 9, RFC 7323 section 5.2: a reset is exempt. */
static void established_rst_with_old_timestamp_resets(void)
{
	with_timestamps();
	at(CN_ESTABLISHED);
	in("R", 1, 0, 0, .ts = 1);
	state(CN_CLOSED);
	error(CN_E_CONNRESET);
}

/* RFC 7323 section 3.2: a reset may come without. */
static void established_rst_without_timestamp_resets(void)
{
	with_timestamps();
	at(CN_ESTABLISHED);
	in("R", 1, 0, 0, .ts = NO_TS);
	state(CN_CLOSED);
}

/* attacks.md row 9: a forged timestamp beyond the left edge sets nothing
 * (RFC 7323 section 4.3), so it cannot shut the peer out. */
static void established_timestamp_beyond_a_gap_sets_nothing(void)
{
	with_timestamps();
	at(CN_ESTABLISHED);
	in("A", 5001, 1, 100, .ts = 0x7fffffff);
	out("A", 1, 1, 0, .tsecr = 100000);
	in("PA", 1, 1, 10, .ts = 100001);
	dropped(CN_DROP_NONE);
	out("A", 1, 11, 0, .tsecr = 100001);
}

/* RFC 7323 section 4.3 (2): with a delayed ACK the earliest is echoed. */
static void established_earliest_timestamp_is_echoed(void)
{
	with_timestamps();
	at(CN_ESTABLISHED);
	delays_acks();
	in("A", 1, 1, 1448, .ts = 100100);
	silent();
	in("A", 1449, 1, 1448, .ts = 100200);
	out("A", 1, 2897, 0, .tsecr = 100100);
}

/* RFC 7323 section 4.3 (3): the segment that fills the gap is echoed. */
static void established_filled_gap_is_echoed(void)
{
	with_timestamps();
	at(CN_ESTABLISHED);
	in("A", 1001, 1, 1000, .ts = 100300);
	out("A", 1, 1, 0, .tsecr = 100000);
	in("A", 1, 1, 1000, .ts = 100200);
	out("A", 1, 2001, 0, .tsecr = 100200);
}

/* RFC 7323 section 5.5: after 24 days of silence it says nothing. */
static void established_timestamp_goes_stale(void)
{
	with_timestamps();
	at(CN_ESTABLISHED);
	after(25 * 24 * 3600 * SEC);
	in("PA", 1, 1, 10, .ts = 50);
	dropped(CN_DROP_NONE);
	out("A", 1, 11, 0, .tsecr = 50);
}

/* As Linux: a segment without timestamps is still taken (RFC 7323 section 3.2
 * would drop it; middleboxes strip options). */
static void established_segment_without_timestamp_is_taken(void)
{
	with_timestamps();
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 10, .ts = NO_TS);
	dropped(CN_DROP_NONE);
	out("A", 1, 11, 0);
}

/* RFC 7323 section 4.1: a retransmission can be measured after all. */
static void established_retransmission_is_measured_by_its_echo(void)
{
	uint32_t n, echo;

	with_timestamps();
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	n = t.tcb.rtt.n;
	after(RTO);
	out("PA", 1, 1, 10);
	echo = t.last.tsval;
	t.now += 80 * MS;
	in("A", 1, 11, 0, .tsecr = echo);
	is(t.tcb.rtt.n, n + 1);
	is(t.tcb.rtt.min_us, 80000);
}

/* An echo that cannot be true measures nothing. */
static void established_false_echo_measures_nothing(void)
{
	uint32_t n;

	with_timestamps();
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	after(RTO);
	out("PA", 1, 1, 10);
	n = t.tcb.rtt.n;
	in("A", 1, 11, 0, .tsecr = (int64_t)t.last.tsval + 1000);
	is(t.tcb.rtt.n, n);
	is(t.tcb.snd_una - t.iss, 11);
}

/* SHLD-4, MAY-2, RFC 6191: what a new SYN needs to reopen. */
static void time_wait_newer_syn_reopens(void)
{
	static const struct {
		bool ts; /* agreed on */
		int64_t seq, tsval;
		enum tcp_tw_verdict want;
	} row[] = {
		{true, -5000, 1000001, TCP_TW_REUSE},
		{true, 5000, 1000001, TCP_TW_REUSE},
		{true, 5000, 1000000, TCP_TW_REUSE},
		{true, -5000, 1000000, TCP_TW_ACK},
		{true, 5000, 999999, TCP_TW_ACK},
		{true, 5000, NO_TS, TCP_TW_REUSE},
		{true, -5000, NO_TS, TCP_TW_ACK},
		{false, 5000, NO_TS, TCP_TW_REUSE},
		{false, 3, NO_TS, TCP_TW_REUSE},
		{false, 2, NO_TS, TCP_TW_ACK},
		{false, -5000, NO_TS, TCP_TW_ACK},
	};
	uint32_t iss = t.iss, irs = t.irs;

	for (size_t i = 0; i < N_OF(row); i++) {
		struct line syn = {"S", row[i].seq, .ts = row[i].tsval};
		struct tcp_seg reply;
		struct tcp_tw tw;

		spec_end();
		spec_begin(iss, irs);
		t.set.timestamps = row[i].ts;
		t.peer.ts = row[i].ts ? 1000000 : 0;
		at(CN_TIME_WAIT);
		tcp_tw_init(&tw, &t.tcb);
		tw.ts_recent = 1000000;
		is(spec_time_wait(&tw, syn, &reply), row[i].want);
	}
}

/* attacks.md row 9: an old duplicate in TIME-WAIT is known by its clock. */
static void time_wait_old_timestamp_is_answered(void)
{
	struct line fin = {"FA", 1, 2, .ts = 500};
	struct tcp_seg reply;
	struct tcp_tw tw;

	with_timestamps();
	at(CN_TIME_WAIT);
	tcp_tw_init(&tw, &t.tcb);
	tw.ts_recent = 501;
	is(spec_time_wait(&tw, fin, &reply), TCP_TW_ACK);
	is(reply.tsecr, 501);
	fin.ts = 501;
	is(spec_time_wait(&tw, fin, &reply), TCP_TW_RESTART);
}

/* RFC 7323 section 5.5 counts from the SYN, where we were connected to. */
static void established_clock_of_a_passive_open_is_fresh(void)
{
	t.now += 30 * 24 * 3600 * SEC;
	with_timestamps();
	at_passive(CN_SYN_RECEIVED);
	in("A", 1, 1, 0, .ts = 99999);
	dropped(CN_DROP_TCP_PAWS);
	state(CN_SYN_RECEIVED);
}

/* RFC 7323 section 5.5: 24 days to the second, and no less. */
static void established_timestamp_is_stale_from_24_days_on(void)
{
	const uint64_t day24 = UINT64_C(24) * 24 * 3600;

	with_timestamps();
	at(CN_ESTABLISHED);
	t.now = (t.tcb.ts_recent_age_s + day24 - 1) * SEC;
	in("PA", 1, 1, 10, .ts = 50);
	dropped(CN_DROP_TCP_PAWS);
	t.now += SEC;
	in("PA", 1, 1, 10, .ts = 50);
	dropped(CN_DROP_NONE);
}

/* RFC 2883 with RFC 7323 section 5.3: what an old timestamp keeps out is told
 * as a duplicate if it is one, and not if its octets are awaited. */
static void established_old_timestamp_tells_duplicates(void)
{
	with_timestamps();
	t.set.sack = true;
	t.peer.sack_ok = true;
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 10, .ts = 100500);
	out("A", 1, 11, 0);
	in("PA", 1, 1, 10, .ts = 100200);
	dropped(CN_DROP_TCP_PAWS);
	out("A", 1, 11, 0, .tsecr = 100500, .sack = {{1, 11}});
	in("PA", 11, 1, 10, .ts = 100200);
	dropped(CN_DROP_TCP_PAWS);
	out("A", 1, 11, 0, .tsecr = 100500);
}

/* RFC 7323 section 4.1: an echo of nought is none, and measures nothing, even
 * where our clock stands near it. */
static void established_echo_of_nought_is_not_measured(void)
{
	uint32_t srtt;

	with_timestamps();
	at(CN_ESTABLISHED);
	srtt = t.tcb.rtt.srtt_us;
	t.tcb.ts_off = 0;
	t.now = 60 * SEC;
	sends(10);
	out("PA", 1, 1, 10, .any_options = true);
	after(tcp_deadline(&t.tcb) - t.now);
	out("PA", 1, 1, 10, .any_options = true);
	in("A", 1, 11, 0, .ts = 100001, .tsecr = NO_TS);
	is(t.tcb.rtt.srtt_us, srtt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(syn_sent_offers_all_that_is_on),
		cmocka_unit_test_rule(established_uses_only_what_both_offer),
		cmocka_unit_test_rule(
			syn_received_passive_answers_only_what_is_on),
		cmocka_unit_test_rule(
			syn_received_passive_answers_what_is_offered),
		cmocka_unit_test_rule(
			established_without_mss_option_takes_the_default),
		cmocka_unit_test_rule(
			established_v6_without_mss_option_takes_1220),
		cmocka_unit_test_rule(established_mss_is_the_least),
		cmocka_unit_test_rule(established_path_shrinks),
		cmocka_unit_test_rule(syn_sent_maxseg_is_announced_and_kept),
		cmocka_unit_test_rule(established_low_mss_is_raised),
		cmocka_unit_test_rule(
			established_low_mss_with_options_leaves_room),
		cmocka_unit_test_rule(established_mss_of_nought_is_the_default),
		cmocka_unit_test_rule(established_largest_scale_is_14),
		cmocka_unit_test_rule(
			established_timestamps_are_on_every_segment),
		cmocka_unit_test_rule(established_old_timestamp_is_refused),
		cmocka_unit_test_rule(established_reordered_timestamp_is_taken),
		cmocka_unit_test_rule(
			established_reordered_timestamp_is_of_this_connection),
		cmocka_unit_test_rule(
			established_reordered_timestamp_is_of_this_round),
		cmocka_unit_test_rule(established_any_old_timestamp_is_refused),
		cmocka_unit_test_rule(established_timestamps_wrap),
		cmocka_unit_test_rule(
			established_rst_with_old_timestamp_resets),
		cmocka_unit_test_rule(established_rst_without_timestamp_resets),
		cmocka_unit_test_rule(
			established_timestamp_beyond_a_gap_sets_nothing),
		cmocka_unit_test_rule(established_earliest_timestamp_is_echoed),
		cmocka_unit_test_rule(established_filled_gap_is_echoed),
		cmocka_unit_test_rule(established_timestamp_goes_stale),
		cmocka_unit_test_rule(
			established_segment_without_timestamp_is_taken),
		cmocka_unit_test_rule(
			established_retransmission_is_measured_by_its_echo),
		cmocka_unit_test_rule(established_false_echo_measures_nothing),
		cmocka_unit_test_rule(time_wait_newer_syn_reopens),
		cmocka_unit_test_rule(time_wait_old_timestamp_is_answered),
		cmocka_unit_test_rule(
			established_clock_of_a_passive_open_is_fresh),
		cmocka_unit_test_rule(
			established_timestamp_is_stale_from_24_days_on),
		cmocka_unit_test_rule(
			established_old_timestamp_tells_duplicates),
		cmocka_unit_test_rule(
			established_echo_of_nought_is_not_measured),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
