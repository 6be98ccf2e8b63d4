/* SPDX-License-Identifier: MIT */
/* RFC 6298 and RFC 9293 sections 3.8.1 and 3.8.3: the retransmission timer,
 * what it measures, and when it gives up; RFC 5482, the user timeout. */
#include "spec.h"

static void next_timer(void)
{
	after(tcp_deadline(&t.tcb) - t.now);
}

static void user_timeout(uint64_t ns)
{
	tcp_tune(&t.tcb)->user_timeout_ns = ns;
}

/* ------------------------------------------------------------ measuring -- */

/* MUST-18: section 2.2, SRTT = R, RTTVAR = R / 2. Notes: row 58. */
static void established_first_sample_sets_the_timeout(void)
{
	t.set.rto_min_ns = 0;
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	deadline(RTT + 4 * (RTT / 2));
}

/* MUST-18: section 2.3. */
static void established_second_sample_is_weighed_in(void)
{
	t.set.rto_min_ns = 0;
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	after(180 * MS);
	in("A", 1, 11, 0);
	/* SRTT 7/8 * 100 + 180/8; RTTVAR 3/4 * 50 + 80/4 */
	is(t.tcb.rtt.srtt_us, 110000);
	is(t.tcb.rtt.rttvar_us, 57500);
	is(t.tcb.rtt.rto_us, 340000);
	is(t.tcb.rtt.min_us, 100000);
	is(t.tcb.rtt.max_us, 180000);
	sends(10);
	out("PA", 11, 1, 10);
	deadline(340 * MS);
}

/* MUST-18: as Linux, the variance counts for no less than 200 ms. */
static void established_steady_path_keeps_a_margin(void)
{
	at(CN_ESTABLISHED);
	for (uint32_t i = 0; i < 40; i++) {
		sends(10);
		out("PA", 1 + i * 10, 1, 10);
		after(RTT);
		in("A", 1, 11 + i * 10, 0);
	}
	sends(10);
	out("PA", 401, 1, 10);
	deadline(RTT + 200 * MS);
}

/* MUST-18: Karn: an ACK of what was sent twice is no sample, and the timeout
 * stays doubled until there is one. */
static void established_ack_of_a_retransmission_is_no_sample(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	after(RTO);
	out("PA", 1, 1, 10);
	after(50 * MS);
	in("A", 1, 11, 0);
	deadline(NEVER);
	is(t.tcb.rtt.srtt_us, 100000);
	sends(10);
	out("PA", 11, 1, 10);
	deadline(2 * RTO);
	after(RTT);
	in("A", 1, 21, 0);
	sends(10);
	out("PA", 21, 1, 10);
	is(t.tcb.rtt.n, 2);
	is(tcp_deadline(&t.tcb) < t.now + RTO + MS, true);
}

/* MUST-18: a path that became slower than the timeout is measured in the
 * end. */
static void established_slower_path_is_learned(void)
{
	uint32_t sent = 0;

	at(CN_ESTABLISHED);
	for (int i = 0; i < 3; i++, sent += 10) {
		uint64_t end = t.now + 700 * MS;

		sends(10);
		out("PA", 1 + sent, 1, 10);
		while (tcp_deadline(&t.tcb) <= end) {
			next_timer();
			out("PA", 1 + sent, 1, 10);
		}
		after(end - t.now);
		in("A", 1, 11 + sent, 0);
	}
	is(t.tcb.rtt.max_us, 700000);
}

/* RFC 7323 section 4: the echo tells which transmission is meant. */
static void established_timestamp_measures_a_retransmission(void)
{
	t.set.timestamps = true;
	t.peer.ts = 5;
	t.peer.tsecr = 1000 * 1000 + 1000;
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	after(RTO);
	out("PA", 1, 1, 10);
	after(60 * MS);
	in("A", 1, 11, 0);
	is(t.tcb.rtt.srtt_us, 95000);
	sends(10);
	out("PA", 11, 1, 10);
	is(tcp_deadline(&t.tcb) < t.now + RTO + MS, true);
}

/* An echo of nought, or of what was never sent, says nothing. */
static void established_wrong_echo_is_no_sample(void)
{
	t.set.timestamps = true;
	t.peer.ts = 5;
	t.peer.tsecr = 1000 * 1000 + 1000;
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	after(RTO);
	out("PA", 1, 1, 10);
	in("A", 1, 11, 0, .tsecr = 12345);
	is(t.tcb.rtt.n, 1);
	sends(10);
	out("PA", 11, 1, 10);
	after(2 * RTO);
	out("PA", 11, 1, 10);
	t.ts_echo = 0;
	in("A", 1, 21, 0);
	is(t.tcb.rtt.n, 1);
}

/* 300 s is as old as an echo may be. */
static void established_old_echo_is_no_sample(void)
{
	t.set.timestamps = true;
	t.peer.ts = 5;
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	after(RTO);
	out("PA", 1, 1, 10);
	in("A", 1, 5, 0, .tsecr = t.last.tsval - 300001);
	is(t.tcb.rtt.n, 1);
	in("A", 1, 11, 0, .tsecr = t.last.tsval - 300000);
	is(t.tcb.rtt.n, 2);
	is(t.tcb.rtt.max_us, 300000000);
}

/* Less than the clock can tell is a microsecond: nought means no sample. */
static void established_immediate_ack_is_a_sample(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	in("A", 1, 11, 0);
	is(t.tcb.rtt.n, 2);
	is(t.tcb.rtt.min_us, 1);
	is(t.tcb.rtt.sum_us, 100001);
}

static void established_ack_of_many_measures_the_newest(void)
{
	at(CN_ESTABLISHED);
	sends(1000);
	out("PA", 1, 1, 1000);
	after(50 * MS);
	sends(1000);
	out("PA", 1001, 1, 1000);
	after(70 * MS);
	in("A", 1, 2001, 0);
	is(t.tcb.rtt.min_us, 70000);
	is(t.tcb.rtt.max_us, 100000);
}

/* ------------------------------------------------------------ the timer -- */

/* MUST-18, MUST-19: sections 5.4 to 5.6. Notes: rows 57, 58. */
static void established_timer_resends_the_first_and_backs_off(void)
{
	uint64_t wait = RTO;

	at(CN_ESTABLISHED);
	sends(2500);
	out("A", 1, 1, 1000);
	out("A", 1001, 1, 1000);
	out("PA", 2001, 1, 500);
	silent();
	for (int i = 0; i < 12; i++) {
		deadline(wait);
		after(wait);
		out("A", 1, 1, 1000);
		silent();
		wait = wait * 2 < 120 * SEC ? wait * 2 : 120 * SEC;
	}
	is(tcp_mishaps_of(&t.tcb)->timeouts, 12);
	is(t.tcb.stat.segs_retransmitted, 12);
	is(t.tcb.stat.octets_retransmitted, 12000);
	is(t.count.tcp_retrans, 12);
}

/* Section 5.1: it runs from the oldest, not from the newest. Notes: row 57. */
static void established_timer_is_not_moved_by_new_data(void)
{
	at(CN_ESTABLISHED);
	sends(1000);
	out("PA", 1, 1, 1000);
	after(100 * MS);
	sends(1000);
	out("PA", 1001, 1, 1000);
	deadline(RTO - 100 * MS);
}

/* Section 5.3: an ACK of new data restarts it; section 5.2: of all stops it. */
static void established_ack_restarts_and_stops_the_timer(void)
{
	at(CN_ESTABLISHED);
	sends(2000);
	out("A", 1, 1, 1000);
	out("PA", 1001, 1, 1000);
	after(RTT);
	in("A", 1, 1, 0);
	deadline(RTO - RTT);
	in("A", 1, 1001, 0);
	deadline(RTO);
	in("A", 1, 2001, 0);
	deadline(NEVER);
}

/* MUST-20: R2 is fifteen retransmissions by default. */
static void established_is_given_up_at_r2(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	for (int i = 0; i < 15; i++) {
		next_timer();
		out("PA", 1, 1, 10);
		state(CN_ESTABLISHED);
	}
	next_timer();
	silent();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
	news(TCP_NEWS_STATE | TCP_NEWS_IN | TCP_NEWS_OUT);
	deadline(NEVER);
	is(t.count.tcp_timeouts, 1);
}

/* MUST-20: progress begins the count anew. */
static void established_progress_begins_the_count_anew(void)
{
	at(CN_ESTABLISHED);
	sends(2000);
	out("A", 1, 1, 1000);
	out("PA", 1001, 1, 1000);
	for (int i = 0; i < 15; i++) {
		next_timer();
		out("A", 1, 1, 1000);
	}
	in("A", 1, 1001, 0);
	out("PA", 1001, 1, 1000);
	for (int i = 0; i < 15; i++) {
		next_timer();
		out("PA", 1001, 1, 1000);
		state(CN_ESTABLISHED);
	}
	next_timer();
	state(CN_CLOSED);
}

/* MUST-20: nobody holds the socket any more: R2 is the orphan's. */
static void fin_wait_1_orphan_is_given_up_sooner(void)
{
	at(CN_FIN_WAIT_1);
	orphans();
	for (int i = 0; i < 8; i++) {
		next_timer();
		out("FA", 1, 1, 0);
		state(CN_FIN_WAIT_1);
	}
	next_timer();
	silent();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
}

/* MUST-20: what ICMP said last is the better answer. */
static void established_given_up_with_the_soft_error(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	tcp_icmp_error(&t.tcb, CN_E_HOSTUNREACH, false, t.now);
	for (int i = 0; i < 15; i++) {
		next_timer();
		out("PA", 1, 1, 10);
	}
	next_timer();
	error(CN_E_HOSTUNREACH);
}

static void established_soft_error_is_forgotten_with_an_ack(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	tcp_icmp_error(&t.tcb, CN_E_HOSTUNREACH, false, t.now);
	in("A", 1, 11, 0);
	sends(10);
	out("PA", 11, 1, 10);
	for (int i = 0; i < 15; i++) {
		next_timer();
		out("PA", 11, 1, 10);
	}
	next_timer();
	error(CN_E_TIMEDOUT);
}

static void last_ack_fin_is_sent_again(void)
{
	at(CN_LAST_ACK);
	deadline(RTO);
	after(RTO);
	out("FA", 1, 2, 0);
	deadline(2 * RTO);
	in("A", 2, 2, 0);
	state(CN_CLOSED);
	error(0);
}

static void closing_fin_is_sent_again(void)
{
	at(CN_CLOSING);
	after(RTO);
	out("FA", 1, 2, 0);
	in("A", 2, 2, 0);
	state(CN_TIME_WAIT);
}

/* Data and FIN that left apart come again apart; both fit the loss window of
 * one full segment (RFC 5681 section 3.1). */
static void fin_wait_1_data_and_fin_are_sent_again(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	closes();
	out("FA", 11, 1, 0);
	after(RTO);
	out("PA", 1, 1, 10);
	out("FA", 11, 1, 0);
	silent();
	in("A", 1, 11, 0);
	silent();
	in("A", 1, 12, 0);
	state(CN_FIN_WAIT_2);
}

static void fin_wait_1_data_with_fin_are_sent_again_together(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	closes();
	out("FPA", 1, 1, 10);
	after(RTO);
	out("FPA", 1, 1, 10);
	silent();
}

/* --------------------------------------------------------- user timeout -- */

/* MUST-21, RFC 5482: met exactly, not at the next retransmission. */
static void established_user_timeout_is_met_exactly(void)
{
	at(CN_ESTABLISHED);
	user_timeout(1000 * MS);
	sends(10);
	out("PA", 1, 1, 10);
	after(300 * MS);
	out("PA", 1, 1, 10);
	deadline(600 * MS);
	after(600 * MS);
	out("PA", 1, 1, 10);
	deadline(100 * MS);
	after(100 * MS);
	silent();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
}

/* MUST-21: longer than R2 would be. */
static void established_user_timeout_outlives_r2(void)
{
	int n = 0;

	at(CN_ESTABLISHED);
	user_timeout(10000 * SEC);
	sends(10);
	out("PA", 1, 1, 10);
	while (t.now < 11000 * SEC) {
		next_timer();
		if (t.tcb.state == CN_CLOSED)
			break;
		out("PA", 1, 1, 10);
		n++;
	}
	is(n > 60, true);
	is(t.now, 1000 * SEC + RTT + 10000 * SEC);
	error(CN_E_TIMEDOUT);
}

static void established_user_timeout_counts_from_the_oldest(void)
{
	at(CN_ESTABLISHED);
	user_timeout(500 * MS);
	sends(1000);
	out("PA", 1, 1, 1000);
	after(200 * MS);
	sends(1000);
	out("PA", 1001, 1, 1000);
	in("A", 1, 1001, 0);
	after(362500 * CN_NS_PER_US);
	out("PA", 1001, 1, 1000);
	after(138 * MS);
	state(CN_CLOSED);
}

/* The timeout counts from when the data left, not from the handshake. */
static void established_user_timeout_after_idleness(void)
{
	at(CN_ESTABLISHED);
	user_timeout(500 * MS);
	after(1000 * SEC);
	sends(10);
	out("PA", 1, 1, 10);
	deadline(RTO);
	after(RTO);
	out("PA", 1, 1, 10);
	deadline(200 * MS);
	after(200 * MS);
	state(CN_CLOSED);
}

/* A closed window is waited for no longer than that, unless it is answered. */
static void zero_window_user_timeout_ends_it(void)
{
	at(CN_ESTABLISHED);
	user_timeout(SEC);
	in("A", 1, 1, 0, NO_WND);
	sends(10);
	after(RTO);
	out("A", 0, 1, 0);
	after(600 * MS);
	out("A", 0, 1, 0);
	state(CN_ESTABLISHED);
	next_timer();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
}

static void zero_window_user_timeout_ends_the_answered(void)
{
	at(CN_ESTABLISHED);
	user_timeout(SEC);
	in("A", 1, 1, 0, NO_WND);
	sends(10);
	after(RTO);
	out("A", 0, 1, 0);
	in("A", 1, 1, 0, NO_WND);
	after(600 * MS);
	out("A", 0, 1, 0);
	in("A", 1, 1, 0, NO_WND);
	next_timer();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
}

/* ----------------------------------------------------------------- SYNs -- */

/* MUST-22, MUST-23: as Linux, six retries and 127 s; the RFC's three minutes
 * are a setting away. */
static void syn_sent_is_repeated_and_given_up(void)
{
	uint64_t wait = SEC;

	at(CN_SYN_SENT);
	for (int i = 0; i < 6; i++, wait *= 2) {
		deadline(wait);
		after(wait);
		out("S", 0, 0, 0, .mss = OUR_MSS);
		silent();
		state(CN_SYN_SENT);
	}
	deadline(wait);
	after(wait);
	silent();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
	is(t.now, 1000 * SEC + 127 * SEC);
	is(t.count.tcp_timeouts, 1);
}

/* MUST-22 */
static void syn_sent_own_number_of_tries(void)
{
	at(CN_SYN_SENT);
	tcp_tune(&t.tcb)->syn_retries = 1;
	after(SEC);
	out("S", 0, 0, 0, .mss = OUR_MSS);
	after(2 * SEC);
	silent();
	state(CN_CLOSED);
}

/* MUST-22: a tune record that says nothing leaves the host's. */
static void syn_sent_no_own_number_of_tries(void)
{
	at(CN_SYN_SENT);
	tcp_tune(&t.tcb)->keepcnt = 1;
	for (int i = 0; i < 6; i++) {
		next_timer();
		out("S", 0, 0, 0, .mss = OUR_MSS);
	}
	next_timer();
	state(CN_CLOSED);
}

/* MUST-22 */
static void syn_received_is_repeated_and_given_up(void)
{
	at(CN_SYN_RECEIVED);
	tcp_tune(&t.tcb)->syn_retries = 1;
	for (int i = 0; i < 5; i++) {
		next_timer();
		out("SA", 0, 1, 0, .mss = OUR_MSS);
		state(CN_SYN_RECEIVED);
	}
	next_timer();
	silent();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
}

/* MUST-21, MUST-22 */
static void syn_sent_user_timeout_is_met_exactly(void)
{
	at(CN_SYN_SENT);
	user_timeout(2500 * MS);
	after(SEC);
	out("S", 0, 0, 0, .mss = OUR_MSS);
	deadline(1500 * MS);
	after(1500 * MS);
	silent();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
}

/* MUST-21 */
static void syn_sent_user_timeout_allows_more_tries(void)
{
	at(CN_SYN_SENT);
	tcp_tune(&t.tcb)->syn_retries = 1;
	user_timeout(3600 * SEC);
	next_timer();
	out("S", 0, 0, 0, .mss = OUR_MSS);
	next_timer();
	state(CN_CLOSED);
}

static void syn_sent_given_up_with_the_soft_error(void)
{
	at(CN_SYN_SENT);
	tcp_tune(&t.tcb)->syn_retries = 1;
	tcp_icmp_error(&t.tcb, CN_E_NETUNREACH, false, t.now);
	next_timer();
	out("S", 0, 0, 0, .mss = OUR_MSS);
	next_timer();
	state(CN_CLOSED);
	error(CN_E_NETUNREACH);
}

/* MUST-18: Karn: which SYN was it? */
static void syn_sent_twice_gives_no_sample(void)
{
	at(CN_SYN_SENT);
	after(SEC);
	out("S", 0, 0, 0, .mss = OUR_MSS);
	after(RTT);
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	out("A", 1, 1, 0);
	is(t.tcb.rtt.n, 0);
}

/* RFC 6298 section 5.7: three seconds for data after a lost SYN. */
static void syn_sent_twice_begins_with_three_seconds(void)
{
	at(CN_SYN_SENT);
	after(SEC);
	out("S", 0, 0, 0, .mss = OUR_MSS);
	after(RTT);
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	out("A", 1, 1, 0);
	sends(10);
	out("PA", 1, 1, 10);
	deadline(3 * SEC);
	after(RTT);
	in("A", 1, 11, 0);
	sends(10);
	out("PA", 11, 1, 10);
	deadline(RTO);
}

/* With timestamps the echo says which, and that is a sample. */
static void syn_sent_twice_is_measured_by_timestamp(void)
{
	t.set.timestamps = true;
	at(CN_SYN_SENT);
	after(SEC);
	out("S", 0, 0, 0, .mss = OUR_MSS, .ts = 1001000 + 1000);
	after(RTT);
	in("SA", 0, 1, 0, .mss = PEER_MSS, .ts = 5, .tsecr = 1001000 + 1000);
	out("A", 1, 1, 0);
	is(t.tcb.rtt.srtt_us, 100000);
	sends(10);
	out("PA", 1, 1, 10);
	deadline(RTO);
}

static void syn_received_handshake_is_a_sample(void)
{
	at_passive(CN_SYN_RECEIVED);
	after(RTT);
	in("A", 1, 1, 0);
	is(t.tcb.rtt.srtt_us, 100000);
	is(t.tcb.stat.handshake_us, 100000);
}

/* Neither timestamp nor a segment sent once: nothing to measure by. */
static void established_ack_without_timestamp_is_no_sample(void)
{
	t.set.timestamps = true;
	t.peer.ts = 5;
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	after(RTO);
	out("PA", 1, 1, 10);
	in("A", 1, 11, 0, .ts = NO_TS);
	is(t.tcb.rtt.n, 1);
}

/* The machine slept: more microseconds than the record can tell. */
static void established_sample_of_hours_is_the_most_there_is(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	t.now += 7200 * SEC;
	in("A", 1, 11, 0);
	is(t.tcb.rtt.max_us, UINT32_MAX);
}

/* However many retransmissions: the counts have an end, the patience none. */
static void established_user_timeout_of_half_a_day(void)
{
	at(CN_ESTABLISHED);
	user_timeout(12 * 3600 * SEC);
	sends(10);
	out("PA", 1, 1, 10);
	for (int i = 0; i < 300; i++) {
		next_timer();
		out("PA", 1, 1, 10);
	}
	is(t.tcb.rexmit_n, 255);
	is(t.tcb.backoff, 16);
	is(tcp_mishaps_of(&t.tcb)->timeouts, 300);
	state(CN_ESTABLISHED);
}

static void zero_window_user_timeout_of_half_a_day(void)
{
	at(CN_ESTABLISHED);
	user_timeout(12 * 3600 * SEC);
	in("A", 1, 1, 0, NO_WND);
	sends(10);
	for (int i = 0; i < 300; i++) {
		next_timer();
		out("A", 0, 1, 0);
	}
	is(t.tcb.probe_n, 255);
	is(t.tcb.backoff, 16);
	state(CN_ESTABLISHED);
}

/* The data are acknowledged, the FIN that went with them is not: it goes
 * again alone. */
static void fin_wait_1_fin_alone_is_sent_again(void)
{
	at(CN_ESTABLISHED);
	sends(1000);
	closes();
	out("FPA", 1, 1, 1000);
	in("A", 1, 1001, 0);
	state(CN_FIN_WAIT_1);
	after(RTO);
	out("FA", 1001, 1, 0);
	silent();
	in("A", 1, 1002, 0);
	state(CN_FIN_WAIT_2);
}

/* The answer was on its way when the timer fired. */
static void syn_received_ack_before_the_repetition(void)
{
	at(CN_SYN_RECEIVED);
	after(SEC);
	in("A", 1, 1, 0);
	state(CN_ESTABLISHED);
	silent();
	sends(10);
	out("PA", 1, 1, 10);
}

/* MUST-21: shorter than the first timeout of a SYN. */
static void syn_sent_user_timeout_ends_the_first_wait(void)
{
	t.set.rcvbuf = t.rcvbuf;
	tcb_init(&t.tcb, &t.env);
	t.where = CN_ESTABLISHED;
	user_timeout(500 * MS);
	tcp_set_path(&t.tcb, OUR_MSS, OUR_MSS, 536);
	tcp_open(&t.tcb, t.iss, 1000, t.now);
	out("S", 0, 0, 0, .mss = OUR_MSS);
	deadline(500 * MS);
	after(500 * MS);
	silent();
	state(CN_CLOSED);
	error(CN_E_TIMEDOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(
			established_first_sample_sets_the_timeout),
		cmocka_unit_test_rule(established_second_sample_is_weighed_in),
		cmocka_unit_test_rule(established_steady_path_keeps_a_margin),
		cmocka_unit_test_rule(
			established_ack_of_a_retransmission_is_no_sample),
		cmocka_unit_test_rule(established_slower_path_is_learned),
		cmocka_unit_test_rule(
			established_timestamp_measures_a_retransmission),
		cmocka_unit_test_rule(established_wrong_echo_is_no_sample),
		cmocka_unit_test_rule(established_old_echo_is_no_sample),
		cmocka_unit_test_rule(established_immediate_ack_is_a_sample),
		cmocka_unit_test_rule(
			established_ack_of_many_measures_the_newest),
		cmocka_unit_test_rule(
			established_timer_resends_the_first_and_backs_off),
		cmocka_unit_test_rule(
			established_timer_is_not_moved_by_new_data),
		cmocka_unit_test_rule(
			established_ack_restarts_and_stops_the_timer),
		cmocka_unit_test_rule(established_is_given_up_at_r2),
		cmocka_unit_test_rule(
			established_progress_begins_the_count_anew),
		cmocka_unit_test_rule(fin_wait_1_orphan_is_given_up_sooner),
		cmocka_unit_test_rule(established_given_up_with_the_soft_error),
		cmocka_unit_test_rule(
			established_soft_error_is_forgotten_with_an_ack),
		cmocka_unit_test_rule(last_ack_fin_is_sent_again),
		cmocka_unit_test_rule(closing_fin_is_sent_again),
		cmocka_unit_test_rule(fin_wait_1_data_and_fin_are_sent_again),
		cmocka_unit_test_rule(
			fin_wait_1_data_with_fin_are_sent_again_together),
		cmocka_unit_test_rule(established_user_timeout_is_met_exactly),
		cmocka_unit_test_rule(established_user_timeout_outlives_r2),
		cmocka_unit_test_rule(
			established_user_timeout_counts_from_the_oldest),
		cmocka_unit_test_rule(established_user_timeout_after_idleness),
		cmocka_unit_test_rule(zero_window_user_timeout_ends_it),
		cmocka_unit_test_rule(
			zero_window_user_timeout_ends_the_answered),
		cmocka_unit_test_rule(syn_sent_is_repeated_and_given_up),
		cmocka_unit_test_rule(syn_sent_own_number_of_tries),
		cmocka_unit_test_rule(syn_sent_no_own_number_of_tries),
		cmocka_unit_test_rule(syn_received_is_repeated_and_given_up),
		cmocka_unit_test_rule(syn_sent_user_timeout_is_met_exactly),
		cmocka_unit_test_rule(syn_sent_user_timeout_allows_more_tries),
		cmocka_unit_test_rule(syn_sent_given_up_with_the_soft_error),
		cmocka_unit_test_rule(syn_sent_twice_gives_no_sample),
		cmocka_unit_test_rule(syn_sent_twice_begins_with_three_seconds),
		cmocka_unit_test_rule(syn_sent_twice_is_measured_by_timestamp),
		cmocka_unit_test_rule(syn_received_handshake_is_a_sample),
		cmocka_unit_test_rule(
			established_ack_without_timestamp_is_no_sample),
		cmocka_unit_test_rule(
			established_sample_of_hours_is_the_most_there_is),
		cmocka_unit_test_rule(established_user_timeout_of_half_a_day),
		cmocka_unit_test_rule(zero_window_user_timeout_of_half_a_day),
		cmocka_unit_test_rule(fin_wait_1_fin_alone_is_sent_again),
		cmocka_unit_test_rule(syn_received_ack_before_the_repetition),
		cmocka_unit_test_rule(
			syn_sent_user_timeout_ends_the_first_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
