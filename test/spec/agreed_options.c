/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.7.1, RFC 7323, RFC 2018: what SYNs offer and agree on,
 * and what segments bear from then on. */
#include "spec.h"

#define ALL true, true, true

static void offers(bool timestamps, bool sack, bool window_scaling)
{
	t.set.timestamps = timestamps;
	t.set.sack = sack;
	t.set.window_scaling = window_scaling;
}

static uint32_t clock_now(void)
{
	return (uint32_t)(t.now / MS) + 1000;
}

/* ------------------------------------------------------------------ MSS -- */

/* MUST-14, MAY-3, SHLD-5 */
static void syn_sent_announces_its_mss(void)
{
	at(CN_SYN_SENT);
	is(t.last.options, TCP_OPT_MSS);
	is(t.last.mss, OUR_MSS);
	after(SEC);
	out("S", 0, 0, 0, OUR_WND, .mss = OUR_MSS);
}

/* MUST-14, MAY-3: even the default. */
static void syn_sent_announces_the_default_too(void)
{
	t.path_mss = 536;
	at(CN_SYN_SENT);
	is(t.last.mss, 536);
}

/* MUST-14 */
static void syn_received_announces_its_mss(void)
{
	at(CN_SYN_RECEIVED);
	is(t.last.options, TCP_OPT_MSS);
	is(t.last.mss, OUR_MSS);
}

/* MUST-14 */
static void listen_announces_its_mss(void)
{
	at_passive(CN_SYN_RECEIVED);
	is(t.last.options, TCP_OPT_MSS);
	is(t.last.mss, OUR_MSS);
	is(t.last.wnd, OUR_WND);
}

/* MUST-65: and nothing else does; out() looks at options. */
static void established_announces_nothing(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10, .mss = 0);
	closes();
	out("FA", 11, 1, 0, .mss = 0);
}

/* MUST-14, MUST-16, SHLD-28 */
static void established_sends_what_the_peer_takes(void)
{
	at(CN_ESTABLISHED);
	sends(1001);
	out("A", 1, 1, 1000);
	out("PA", 1001, 1, 1);
}

/* MUST-15 */
static void established_without_mss_536_for_ipv4(void)
{
	t.peer.mss = 0;
	at(CN_ESTABLISHED);
	sends(537);
	out("A", 1, 1, 536);
	out("PA", 537, 1, 1);
}

/* MUST-15 */
static void established_without_mss_1220_for_ipv6(void)
{
	t.peer.mss = 0;
	t.default_mss = 1220;
	at_passive(CN_ESTABLISHED);
	sends(1221);
	out("A", 1, 1, 1220);
	out("PA", 1221, 1, 1);
}

/* MUST-16: the path carries less than the peer takes. */
static void established_sends_what_the_path_carries(void)
{
	t.path_mss = 600;
	at(CN_ESTABLISHED);
	sends(601);
	out("A", 1, 1, 600);
	out("PA", 601, 1, 1);
}

/* MUST-16: the application wants less; and it announces it. */
static void established_sends_what_the_application_wants(void)
{
	t.set.rcvbuf = t.rcvbuf;
	tcb_init(&t.tcb, &t.env);
	t.where = CN_ESTABLISHED;
	tcp_tune(&t.tcb)->maxseg = 500;
	tcp_set_path(&t.tcb, OUR_MSS, OUR_MSS, 536);
	tcp_open(&t.tcb, t.iss, 1000, t.now);
	out("S", 0, 0, 0, .mss = 500);
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	out("A", 1, 1, 0);
	sends(501);
	out("A", 1, 1, 500);
	out("PA", 501, 1, 1);
}

/* MUST-16: wishes beyond what peer and path allow are none. */
static void established_application_wants_too_much(void)
{
	t.set.rcvbuf = t.rcvbuf;
	tcb_init(&t.tcb, &t.env);
	t.where = CN_ESTABLISHED;
	tcp_tune(&t.tcb)->maxseg = 9000;
	tcp_set_path(&t.tcb, OUR_MSS, OUR_MSS, 536);
	tcp_open(&t.tcb, t.iss, 1000, t.now);
	out("S", 0, 0, 0, .mss = OUR_MSS);
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	out("A", 1, 1, 0);
	is(t.tcb.snd_mss, PEER_MSS);
}

/* MUST-16: options take their room out of it. Notes: row 73. */
static void established_timestamps_shorten_the_data(void)
{
	offers(true, false, false);
	t.peer.ts = 77;
	at(CN_ESTABLISHED);
	sends(1000);
	out("A", 1, 1, 988);
	out("PA", 989, 1, 12);
}

/* MUST-16 */
static void established_sack_blocks_shorten_the_data(void)
{
	offers(false, true, false);
	t.peer.sack_ok = true;
	at(CN_ESTABLISHED);
	in("PA", 101, 1, 10);
	out("A", 1, 1, 0, .sack = {{101, 111}});
	sends(1000);
	out("A", 1, 1, 988, .sack = {{101, 111}});
	out("PA", 989, 1, 12, .sack = {{101, 111}});
	in("PA", 201, 1, 10);
	out("A", 1001, 1, 0, .sack = {{201, 211}, {101, 111}});
	sends(1000);
	out("A", 1001, 1, 980, .sack = {{201, 211}, {101, 111}});
}

/* MUST-16: four blocks, or three beside timestamps. */
static void established_no_more_blocks_than_there_is_room(void)
{
	offers(true, true, false);
	t.peer.sack_ok = true;
	t.peer.ts = 77;
	at(CN_ESTABLISHED);
	for (uint32_t i = 1; i <= 5; i++) {
		in("PA", 1 + i * 100, 1, 10);
		out("A", 1, 1, 0, .any_options = true);
		is(t.last.sack_n, i < 3 ? i : 3);
	}
	sends(2000);
	out("A", 1, 1, 1000 - 12 - 28, .any_options = true);
	is(t.last.sack_n, 3);
}

static void established_four_blocks_without_timestamps(void)
{
	offers(false, true, false);
	t.peer.sack_ok = true;
	at(CN_ESTABLISHED);
	for (uint32_t i = 1; i <= 5; i++) {
		in("PA", 1 + i * 100, 1, 10);
		out("A", 1, 1, 0, .any_options = true);
		is(t.last.sack_n, i < 4 ? i : 4);
	}
	sends(2000);
	out("A", 1, 1, 1000 - 36, .any_options = true);
}

/* Another connection, from the beginning. */
static void begin_again(void)
{
	tcb_deinit(&t.tcb);
	memset(&t.tcb, 0, sizeof(t.tcb));
	t.where = CN_CLOSED;
}

/* RFC 2883: a D-SACK takes the room of a block, once. */
static void established_dsack_comes_first_and_once(void)
{
	offers(false, true, false);
	t.peer.sack_ok = true;
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 100);
	out("A", 1, 101, 0);
	in("PA", 1, 1, 100);
	sends(2000);
	out("A", 1, 101, 988, .sack = {{1, 101}});
	out("A", 989, 101, 1000);
}

/* RFC 2883 section 4: a duplicate beyond the gap, then the block around it. */
static void established_dsack_before_the_blocks(void)
{
	offers(false, true, false);
	t.peer.sack_ok = true;
	at(CN_ESTABLISHED);
	for (uint32_t i = 1; i <= 4; i++) {
		in("PA", 1 + i * 100, 1, 10);
		out("A", 1, 1, 0, .any_options = true);
	}
	in("PA", 101, 1, 10);
	out("A", 1, 1, 0,
	    .sack = {{101, 111}, {101, 111}, {401, 411}, {301, 311}});
	in("PA", 101, 1, 10);
	sends(2000);
	out("A", 1, 1, 964,
	    .sack = {{101, 111}, {101, 111}, {401, 411}, {301, 311}});
}

/* Row 20 of the attacks: one octet per packet is no way to live. */
static void established_tiny_peer_mss_has_a_floor(void)
{
	t.peer.mss = 1;
	at(CN_ESTABLISHED);
	is(t.tcb.snd_mss, 48);
	sends(50);
	out("A", 1, 1, 48);
	out("PA", 49, 1, 2);
}

/* Row 20: nor do options eat it up. */
static void established_options_leave_eight_octets(void)
{
	offers(true, true, false);
	t.set.min_snd_mss = 20;
	t.peer.mss = 30;
	t.peer.sack_ok = true;
	t.peer.ts = 77;
	at(CN_ESTABLISHED);
	in("PA", 101, 1, 10);
	out("A", 1, 1, 0, .any_options = true);
	sends(20);
	out("A", 1, 1, 8, .any_options = true);
	out("A", 9, 1, 8, .any_options = true);
	out("PA", 17, 1, 4, .any_options = true);
}

/* -------------------------------------------------------------- the SYN -- */

static void syn_sent_offers_what_is_set(void)
{
	offers(ALL);
	at(CN_SYN_SENT);
	is(t.last.options,
	   TCP_OPT_MSS | TCP_OPT_TS | TCP_OPT_SACK_OK | TCP_OPT_WSCALE);
	is(t.last.tsval, clock_now());
	is(t.last.tsecr, 0);
	is(t.last.wscale, 0);
}

static void syn_sent_offers_one_by_one(void)
{
	static const uint8_t option[] = {TCP_OPT_TS, TCP_OPT_SACK_OK,
					 TCP_OPT_WSCALE};

	for (int i = 0; i < 3; i++) {
		offers(i == 0, i == 1, i == 2);
		at(CN_SYN_SENT);
		is(t.last.options, TCP_OPT_MSS | option[i]);
		begin_again();
	}
}

/* Agreed on is what both have said. */
static void established_agrees_on_what_both_offer(void)
{
	for (unsigned ours = 0; ours < 8; ours++) {
		for (unsigned his = 0; his < 8; his++) {
			offers(ours & 1, ours & 2, ours & 4);
			t.peer.ts = his & 1 ? 77 : 0;
			t.peer.sack_ok = his & 2;
			t.peer.ws = his & 4 ? WS(3) : 0;
			at(CN_ESTABLISHED);
			is(t.tcb.ts_ok, ours & his & 1);
			is(t.tcb.sack_ok, (ours & his & 2) >> 1);
			is(t.tcb.ws_ok, (ours & his & 4) >> 2);
			is(t.tcb.snd_wscale, t.tcb.ws_ok ? 3 : 0);
			begin_again();
		}
	}
}

/* A SYN-ACK repeats of the SYN's options what we know. */
static void syn_received_answers_what_was_offered(void)
{
	for (unsigned ours = 0; ours < 8; ours++) {
		for (unsigned his = 0; his < 8; his++) {
			bool passive = (ours + his) & 1;
			unsigned both = ours & his;

			offers(ours & 1, ours & 2, ours & 4);
			t.peer.ts = his & 1 ? 77 : 0;
			t.peer.sack_ok = his & 2;
			t.peer.ws = his & 4 ? WS(3) : 0;
			spec_at(__FILE__, __LINE__, CN_SYN_RECEIVED, passive);
			is(t.last.options,
			   TCP_OPT_MSS | (both & 1 ? TCP_OPT_TS : 0) |
				   (both & 2 ? TCP_OPT_SACK_OK : 0) |
				   (both & 4 ? TCP_OPT_WSCALE : 0));
			if (both & 1) {
				is(t.last.tsval, clock_now());
				is(t.last.tsecr, 77);
			}
			is(t.tcb.ts_ok, both & 1);
			is(t.tcb.sack_ok, (both & 2) >> 1);
			is(t.tcb.snd_wscale, both & 4 ? 3 : 0);
			is(t.tcb.rcv_wscale, 0);
			begin_again();
		}
	}
}

/* RFC 7323 section 3.2: every segment but a reset bears them. */
static void established_every_segment_bears_timestamps(void)
{
	offers(true, false, false);
	t.peer.ts = 77;
	at(CN_ESTABLISHED);
	is(t.last.tsecr, 77);
	tcp_set_quickack(&t.tcb, true, t.now);
	after(123 * MS);
	sends(10);
	out("PA", 1, 1, 10, .ts = clock_now(), .tsecr = 77);
	in("PA", 1, 11, 10, .ts = 99);
	out("A", 11, 11, 0, .ts = clock_now(), .tsecr = 99);
	closes();
	out("FA", 11, 11, 0, .ts = clock_now(), .tsecr = 99);
	aborts(0);
	out("RA", 12, 11, 0, .ts = clock_now(), .tsecr = 99);
}

/* The offset that hides our clock is the pair's own. */
static void established_timestamps_are_offset(void)
{
	offers(true, false, false);
	at(CN_SYN_SENT);
	is(t.last.tsval - (uint32_t)(t.now / MS), 1000);
	is(t.tcb.ts_off, 1000);
}

/* SHLD-22, SHLD-23: what the application set is on every segment. */
static void established_tos_is_on_every_segment(void)
{
	at(CN_SYN_SENT);
	is(t.last.tos, 0);
	t.tcb.tos = 0xb8;
	after(SEC);
	out("S", 0, 0, 0, .mss = OUR_MSS);
	is(t.last.tos, 0xb8);
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	out("A", 1, 1, 0);
	is(t.last.tos, 0xb8);
	sends(10);
	out("PA", 1, 1, 10);
	is(t.last.tos, 0xb8);
}

/* Three blocks and a D-SACK: no room for four beside timestamps. */
static void established_dsack_takes_the_third_place(void)
{
	offers(true, true, false);
	t.peer.sack_ok = true;
	t.peer.ts = 77;
	at(CN_ESTABLISHED);
	tcp_set_quickack(&t.tcb, true, t.now);
	for (uint32_t i = 1; i <= 3; i++) {
		in("PA", 1 + i * 100, 1, 10);
		out("A", 1, 1, 0, .any_options = true);
	}
	in("PA", 101, 1, 10);
	sends(2000);
	out("A", 1, 1, 1000 - 12 - 28,
	    .sack = {{101, 111}, {101, 111}, {301, 311}});
}

/* A duplicate of what has been read: a D-SACK and nothing beside it. */
static void established_dsack_alone(void)
{
	offers(false, true, false);
	t.peer.sack_ok = true;
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 100);
	out("A", 1, 101, 0);
	reads(100);
	is(t.tcb.recvq == NULL, true);
	in("PA", 1, 1, 100);
	out("A", 1, 101, 0, .sack = {{1, 101}});
	silent();
}

/* However often gaps were filled: only what is beyond one now counts. */
static void established_filled_gaps_do_not_count(void)
{
	t.set.ooo_max = 2;
	at(CN_ESTABLISHED);
	tcp_set_quickack(&t.tcb, true, t.now);
	for (uint32_t i = 0; i < 10; i++) {
		in("PA", 11 + i * 20, 1, 10);
		dropped(CN_DROP_NONE);
		out("A", 1, 1 + i * 20, 0);
		in("PA", 1 + i * 20, 1, 10);
		out("A", 1, 21 + i * 20, 0);
	}
	reads(200);
}

#define DAY (24 * 3600 * SEC)

/* RFC 7323 section 5.5: the 24 days count from the last timestamp taken. */
static void established_clock_is_stale_24_days_after_its_last_use(void)
{
	offers(true, false, false);
	t.peer.ts = 5000;
	at(CN_ESTABLISHED);
	tcp_set_quickack(&t.tcb, true, t.now);
	after(20 * DAY);
	in("PA", 1, 1, 10, .ts = 9000);
	out("A", 1, 11, 0);
	after(20 * DAY);
	in("PA", 11, 1, 10, .ts = 8000);
	dropped(CN_DROP_TCP_PAWS);
}

/* Nor from when the machine was started. */
static void established_clock_of_the_syn_is_fresh(void)
{
	offers(true, false, false);
	t.now += 30 * DAY;
	t.peer.ts = 5000;
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 10, .ts = 4000);
	dropped(CN_DROP_TCP_PAWS);
}

/* A probe without octets duplicates none. */
static void established_empty_old_segment_is_no_duplicate(void)
{
	offers(false, true, false);
	t.peer.sack_ok = true;
	at(CN_ESTABLISHED);
	in("PA", 1, 1, 100);
	out("A", 1, 101, 0);
	in("A", 100, 1, 0);
	out("A", 1, 101, 0);
	silent();
}

/* Four blocks fill the options: a D-SACK replaces one and takes no more. */
static void established_dsack_beside_four_blocks(void)
{
	offers(false, true, false);
	t.peer.sack_ok = true;
	at(CN_ESTABLISHED);
	for (uint32_t i = 1; i <= 5; i++) {
		in("PA", 1 + i * 100, 1, 10);
		out("A", 1, 1, 0, .any_options = true);
	}
	in("PA", 101, 1, 10);
	sends(2000);
	out("A", 1, 1, 1000 - 36, .any_options = true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(syn_sent_announces_its_mss),
		cmocka_unit_test_rule(syn_sent_announces_the_default_too),
		cmocka_unit_test_rule(syn_received_announces_its_mss),
		cmocka_unit_test_rule(listen_announces_its_mss),
		cmocka_unit_test_rule(established_announces_nothing),
		cmocka_unit_test_rule(established_sends_what_the_peer_takes),
		cmocka_unit_test_rule(established_without_mss_536_for_ipv4),
		cmocka_unit_test_rule(established_without_mss_1220_for_ipv6),
		cmocka_unit_test_rule(established_sends_what_the_path_carries),
		cmocka_unit_test_rule(
			established_sends_what_the_application_wants),
		cmocka_unit_test_rule(established_application_wants_too_much),
		cmocka_unit_test_rule(established_timestamps_shorten_the_data),
		cmocka_unit_test_rule(established_sack_blocks_shorten_the_data),
		cmocka_unit_test_rule(
			established_no_more_blocks_than_there_is_room),
		cmocka_unit_test_rule(
			established_four_blocks_without_timestamps),
		cmocka_unit_test_rule(established_dsack_comes_first_and_once),
		cmocka_unit_test_rule(established_dsack_before_the_blocks),
		cmocka_unit_test_rule(established_tiny_peer_mss_has_a_floor),
		cmocka_unit_test_rule(established_options_leave_eight_octets),
		cmocka_unit_test_rule(syn_sent_offers_what_is_set),
		cmocka_unit_test_rule(syn_sent_offers_one_by_one),
		cmocka_unit_test_rule(established_agrees_on_what_both_offer),
		cmocka_unit_test_rule(syn_received_answers_what_was_offered),
		cmocka_unit_test_rule(
			established_every_segment_bears_timestamps),
		cmocka_unit_test_rule(established_timestamps_are_offset),
		cmocka_unit_test_rule(established_tos_is_on_every_segment),
		cmocka_unit_test_rule(established_dsack_takes_the_third_place),
		cmocka_unit_test_rule(established_dsack_alone),
		cmocka_unit_test_rule(established_filled_gaps_do_not_count),
		cmocka_unit_test_rule(
			established_clock_is_stale_24_days_after_its_last_use),
		cmocka_unit_test_rule(established_clock_of_the_syn_is_fresh),
		cmocka_unit_test_rule(
			established_empty_old_segment_is_no_duplicate),
		cmocka_unit_test_rule(established_dsack_beside_four_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
