/* SPDX-License-Identifier: MIT */
/* What an observer is told of one connection, with the rule behind it: RFC
 * 9293 section 3.10 and what it refers to. */
#include "spec.h"

#include "tcp/trace.h"

#define TOLD_MAX 64

static struct cn_trace told[TOLD_MAX];
static unsigned told_n;

static void note(const struct tcp_env *env, const struct tcb *tcb,
		 struct cn_trace *trace)
{
	(void)env;
	(void)tcb;
	if (told_n < TOLD_MAX)
		told[told_n++] = *trace;
}

static void listens(void)
{
	t.env.trace = note;
	told_n = 0;
}

/* The first of that kind since it was last asked. */
static const struct cn_trace *first_told(uint8_t kind)
{
	static const struct cn_trace none;

	for (unsigned i = 0; i < told_n; i++)
		if (told[i].kind == kind)
			return &told[i];
	return &none;
}

static bool rule_is(const struct cn_trace *trace, const char *rule)
{
	return trace->rule && strcmp(trace->rule, rule) == 0;
}

static void established_nobody_listens(void)
{
	at(CN_ESTABLISHED);
	told_n = 0;
	sends(10);
	out("PA", 1, 1, 10);
	after(RTO);
	out("PA", 1, 1, 10);
	is(told_n, 0);
}

static void syn_sent_arrow_is_told(void)
{
	listens();
	at(CN_SYN_SENT);
	is(told[0].kind, CN_TRACE_STATE);
	is(told[0].from, CN_CLOSED);
	is(told[0].to, CN_SYN_SENT);
	is(told[0].at, t.now);
	is(told[0].iss, t.iss);
	is(rule_is(&told[0], "RFC 9293 section 3.10.1"), true);
	is(told[1].kind, CN_TRACE_OUT);
	is(told[1].mss, OUR_MSS);
	is(told[1].wnd, OUR_WND);
	is(rule_is(&told[1], "RFC 9293 section 3.10.1"), true);
	is(told_n, 2);
	told_n = 0;
	after(SEC);
	out("S", 0, 0, 0, .mss = OUR_MSS);
	is(told[0].timer, CN_TIMER_RTO);
	is(first_told(CN_TRACE_OUT)->retransmit, true);
	is(rule_is(first_told(CN_TRACE_OUT), "RFC 6298 section 5.4"), true);
	told_n = 0;
	in("SA", 0, 1, 0, .mss = PEER_MSS);
	is(first_told(CN_TRACE_IN)->from, CN_SYN_SENT);
	is(first_told(CN_TRACE_IN)->to, CN_ESTABLISHED);
	is(first_told(CN_TRACE_IN)->mss, PEER_MSS);
	is(rule_is(first_told(CN_TRACE_IN), "RFC 9293 section 3.10.7.3"), true);
	is(first_told(CN_TRACE_CC)->cwnd, PEER_MSS);
	is(rule_is(first_told(CN_TRACE_CC), "RFC 6928 section 2"), true);
}

static void established_segments_are_told(void)
{
	t.set.window_scaling = true;
	t.rcvbuf = 1 << 20;
	t.peer.ws = WS(2);
	at(CN_ESTABLISHED);
	listens();
	t.super_max = 65536;
	sends(2500);
	is(t.tcb.snd_end - t.tcb.snd_nxt, 2500);
	out("PA", 1, 1, 2500, .cut = 1000);
	is(told_n, 1);
	is(told[0].kind, CN_TRACE_OUT);
	is(told[0].from, CN_ESTABLISHED);
	is(told[0].to, CN_ESTABLISHED);
	is(told[0].why, CN_SEND_DATA);
	is(told[0].flags, TCP_PSH | TCP_ACK);
	is(told[0].iss, t.iss);
	is(told[0].irs, t.irs);
	is(told[0].seq, t.iss + 1);
	is(told[0].ack, t.irs + 1);
	is(told[0].len, 2500);
	is(told[0].seg_size, 1000);
	is(told[0].wnd, 32768u << 5);
	is(told[0].flight, 2500);
	is(told[0].unsent, 0);
	is(told[0].snd_mss, PEER_MSS);
	is(told[0].snd_wnd, PEER_WND);
	is(told[0].srtt_ns, RTT);
	is(told[0].rto_ns, RTO);
	is(told[0].retransmit, false);
	is(rule_is(&told[0], "RFC 9293 section 3.10.2"), true);
	told_n = 0;
	in("A", 1, 1001, 0, 1000);
	is(told_n, 1);
	is(told[0].kind, CN_TRACE_IN);
	is(told[0].drop, CN_DROP_NONE);
	is(told[0].wnd, 4000);
	is(told[0].flight, 1500);
	is(rule_is(&told[0], "RFC 9293 section 3.10.7.4"), true);
	sends(9000);
	told_n = 0;
	in("R", 2, 0, 0);
	is(told[0].drop, CN_DROP_TCP_RST_INEXACT);
	is(told[0].unsent, 9000);
	is(rule_is(&told[0], "RFC 5961 section 3.2"), true);
}

static void established_recoveries_are_told(void)
{
	t.set.sack = true;
	t.peer.sack_ok = true;
	at(CN_ESTABLISHED);
	sends(5000);
	for (uint32_t i = 0; i < 5; i++)
		out(i < 4 ? "A" : "PA", 1 + i * 1000, 1, 1000);
	listens();
	in("A", 1, 1, 0, .sack = {{1001, 4001}});
	is(first_told(CN_TRACE_CC)->recovery, CN_RECOVERY_FAST);
	is(rule_is(first_told(CN_TRACE_CC), "RFC 6675 section 5"), true);
	is(first_told(CN_TRACE_IN)->sack_n, 1);
	is(first_told(CN_TRACE_IN)->sack[0][0], t.iss + 1001);
	is(first_told(CN_TRACE_IN)->sack[0][1], t.iss + 4001);
	told_n = 0;
	out("A", 1, 1, 1000);
	is(told[0].why, CN_SEND_REXMIT);
	is(told[0].retransmit, true);
	is(rule_is(&told[0], "RFC 6675 section 5"), true);
	told_n = 0;
	after(tcp_deadline(&t.tcb) - t.now);
	is(told[0].timer, CN_TIMER_RTO);
	is(first_told(CN_TRACE_CC)->recovery, CN_RECOVERY_TIMEOUT);
	out("A", 1, 1, 1000);
	is(rule_is(first_told(CN_TRACE_OUT), "RFC 6298 section 5.4"), true);
	told_n = 0;
	in("A", 1, 5001, 0);
	is(first_told(CN_TRACE_CC)->recovery, CN_RECOVERY_NONE);
}

/* Every timer by its name. */
static void timers_are_told(void)
{
	at(CN_ESTABLISHED);
	delays_acks();
	listens();
	in("PA", 1, 1, 10);
	told_n = 0;
	after(40 * MS);
	is(told[0].timer, CN_TIMER_DELACK);
	out("A", 1, 11, 0);
	tcp_set_cork(&t.tcb, true, t.now);
	sends(10);
	told_n = 0;
	after(200 * MS);
	is(told[0].timer, CN_TIMER_SWS);
	out("PA", 1, 11, 10);
	in("A", 11, 11, 0, NO_WND);
	sends(10);
	told_n = 0;
	after(tcp_deadline(&t.tcb) - t.now);
	is(told[0].timer, CN_TIMER_PERSIST);
	out("A", 10, 11, 0);
	is(first_told(CN_TRACE_OUT)->why, CN_SEND_PROBE);
	is(rule_is(first_told(CN_TRACE_OUT), "RFC 9293 section 3.8.6.1"), true);
	tcp_set_cork(&t.tcb, false, t.now);
	in("A", 11, 11, 0);
	out("PA", 11, 11, 10);
	in("A", 11, 21, 0);
	tcp_set_keepalive(&t.tcb, true, t.now);
	told_n = 0;
	after(7200 * SEC);
	is(told[0].timer, CN_TIMER_KEEPALIVE);
	out("A", 20, 11, 0);
	is(first_told(CN_TRACE_OUT)->why, CN_SEND_KEEPALIVE);
	is(rule_is(first_told(CN_TRACE_OUT), "RFC 9293 section 3.8.4"), true);
}

static void fin_wait_2_timer_is_told(void)
{
	at(CN_FIN_WAIT_2);
	orphans();
	listens();
	after(60 * SEC);
	is(told[0].kind, CN_TRACE_TIMER);
	is(told[0].timer, CN_TIMER_FIN_WAIT_2);
	is(told[0].from, CN_FIN_WAIT_2);
	is(told[1].kind, CN_TRACE_STATE);
	is(told[1].to, CN_CLOSED);
	is(told[1].err, 0);
}

static void time_wait_timer_is_told(void)
{
	at(CN_TIME_WAIT);
	listens();
	after(60 * SEC);
	is(told[0].timer, CN_TIMER_TIME_WAIT);
	is(told[1].to, CN_CLOSED);
}

static void established_end_is_told_with_its_reason(void)
{
	at(CN_ESTABLISHED);
	listens();
	aborts(CN_E_CONNRESET);
	is(told[0].kind, CN_TRACE_STATE);
	is(told[0].err, CN_E_CONNRESET);
	is(rule_is(&told[0], "RFC 9293 section 3.10.5"), true);
	told_n = 0;
	out("RA", 1, 1, 0);
	is(told[0].why, CN_SEND_RST);
}

/* MAY-18 */
static void established_change_of_controller_is_told(void)
{
	at(CN_ESTABLISHED);
	listens();
	is(tcp_set_cc(&t.tcb, CN_CC_CUBIC, t.now), CN_OK);
	is(told[0].kind, CN_TRACE_CC);
	is(rule_is(&told[0], "RFC 9293 MAY-18"), true);
}

static void established_acks_are_told_by_their_reason(void)
{
	t.set.sack = true;
	t.peer.sack_ok = true;
	at(CN_ESTABLISHED);
	listens();
	in("PA", 1, 1, 10);
	out("A", 1, 11, 0);
	is(first_told(CN_TRACE_OUT)->why, CN_SEND_ACK);
	is(rule_is(first_told(CN_TRACE_OUT), "RFC 9293 section 3.8.6.3"), true);
	told_n = 0;
	in("PA", 21, 1, 10);
	out("A", 1, 11, 0, .sack = {{21, 31}});
	is(rule_is(first_told(CN_TRACE_OUT), "RFC 2018 section 4"), true);
	is(first_told(CN_TRACE_OUT)->sack[0][1], t.irs + 31);
	told_n = 0;
	in("S", 11, 0, 0);
	out("A", 1, 11, 0, .sack = {{21, 31}});
	is(first_told(CN_TRACE_OUT)->why, CN_SEND_CHALLENGE);
	is(rule_is(first_told(CN_TRACE_OUT), "RFC 5961 section 7"), true);
	closes();
	told_n = 0;
	out("FA", 1, 11, 0, .sack = {{21, 31}});
	is(rule_is(first_told(CN_TRACE_OUT), "RFC 9293 section 3.10.4"), true);
}

/* ----------------------------------------------------- rules, one by one -- */

struct rule_row {
	uint8_t state, drop, flags;
	const char *rule;
};

static void rules_of_what_arrives(void)
{
	static const struct rule_row rows[] = {
		{CN_LISTEN, 0, TCP_SYN, "RFC 9293 section 3.10.7.2"},
		{CN_SYN_SENT, 0, TCP_SYN, "RFC 9293 section 3.10.7.3"},
		{CN_ESTABLISHED, 0, TCP_RST, "RFC 9293 section 3.5.3"},
		{CN_ESTABLISHED, 0, TCP_ACK, "RFC 9293 section 3.10.7.4"},
		{CN_CLOSED, CN_DROP_TCP_CLOSED, 0, "RFC 9293 section 3.10.7.1"},
		{CN_ESTABLISHED, CN_DROP_TCP_PAWS, 0, "RFC 7323 section 5.3"},
		{CN_ESTABLISHED, CN_DROP_TCP_ACK_UNACCEPTABLE, 0,
		 "RFC 5961 section 5.2"},
		{CN_SYN_SENT, CN_DROP_TCP_ACK_UNACCEPTABLE, 0,
		 "RFC 9293 section 3.5.2"},
		{CN_SYN_RECEIVED, CN_DROP_TCP_ACK_UNACCEPTABLE, 0,
		 "RFC 9293 section 3.5.2"},
		{CN_LISTEN, CN_DROP_TCP_BACKLOG, TCP_SYN, "Linux listen(2)"},
		{CN_ESTABLISHED, CN_DROP_MEMORY, 0, NULL},
	};

	for (size_t i = 0; i < N_OF(rows); i++) {
		struct cn_trace trace = {.kind = CN_TRACE_IN,
					 .drop = rows[i].drop,
					 .flags = rows[i].flags};

		trace.rule = trace_seg_rule(&trace, rows[i].state);
		is(rows[i].rule ? rule_is(&trace, rows[i].rule) :
				  trace.rule == NULL,
		   true);
	}
}

static void rules_of_what_leaves(void)
{
	static const struct {
		uint8_t state, why, flags;
		bool retransmit;
		const char *rule;
	} rows[] = {
		{CN_SYN_SENT, CN_SEND_SYN, TCP_SYN, false,
		 "RFC 9293 section 3.10.1"},
		{CN_SYN_RECEIVED, CN_SEND_SYN, TCP_SYN | TCP_ACK, false,
		 "RFC 9293 section 3.5"},
		{CN_SYN_RECEIVED, CN_SEND_SYN, TCP_SYN | TCP_ACK, true,
		 "RFC 6298 section 5.4"},
		{CN_CLOSED, CN_SEND_RST, TCP_RST, false,
		 "RFC 9293 section 3.5.2"},
		{CN_LISTEN, CN_SEND_RST, TCP_RST, false,
		 "RFC 9293 section 3.5.2"},
		{CN_ESTABLISHED, CN_SEND_RST, TCP_RST, false,
		 "RFC 9293 section 3.10.5"},
		{CN_ESTABLISHED, CN_SEND_N, 0, false,
		 "RFC 9293 section 3.8.6.3"},
	};

	for (size_t i = 0; i < N_OF(rows); i++) {
		struct cn_trace trace = {.kind = CN_TRACE_OUT,
					 .why = rows[i].why,
					 .retransmit = rows[i].retransmit,
					 .flags = rows[i].flags};

		trace.rule = trace_seg_rule(&trace, rows[i].state);
		is(rule_is(&trace, rows[i].rule), true);
	}
}

/* Not every window, but that it closes and opens again. */
static void established_closed_window_is_told(void)
{
	at(CN_ESTABLISHED);
	listens();
	in("A", 1, 1, 0, 5);
	is(first_told(CN_TRACE_WINDOW)->kind == CN_TRACE_WINDOW, false);
	in("A", 1, 1, 0, NO_WND);
	is(first_told(CN_TRACE_WINDOW)->kind, CN_TRACE_WINDOW);
	is(first_told(CN_TRACE_WINDOW)->wnd, 0);
	is(rule_is(first_told(CN_TRACE_WINDOW), "RFC 9293 section 3.8.6"),
	   true);
	told_n = 0;
	in("A", 1, 1, 0, NO_WND);
	is(first_told(CN_TRACE_WINDOW)->kind == CN_TRACE_WINDOW, false);
	in("A", 1, 1, 0, 777);
	is(first_told(CN_TRACE_WINDOW)->wnd, 777);
}

/* RFC 6298 section 5.4: a timeout in every state is told before what it
 * does, and it is told from where to where a connection goes. */
static void established_timeout_is_told(void)
{
	at(CN_ESTABLISHED);
	sends(10);
	out("PA", 1, 1, 10);
	listens();
	after(RTO);
	is(told[0].kind, CN_TRACE_TIMER);
	is(told[0].timer, CN_TIMER_RTO);
	is(rule_is(&told[0], "RFC 6298 section 5.4"), true);
	is(told[0].from, CN_ESTABLISHED);
	is(told[0].to, CN_ESTABLISHED);
	out("PA", 1, 1, 10);
	in("A", 1, 11, 0);
	told_n = 0;
	closes();
	is(first_told(CN_TRACE_STATE)->from, CN_ESTABLISHED);
	is(first_told(CN_TRACE_STATE)->to, CN_FIN_WAIT_1);
	out("FA", 11, 1, 0);
	told_n = 0;
	in("A", 1, 12, 0);
	is(first_told(CN_TRACE_IN)->from, CN_FIN_WAIT_1);
	is(first_told(CN_TRACE_IN)->to, CN_FIN_WAIT_2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_nobody_listens),
		cmocka_unit_test_rule(syn_sent_arrow_is_told),
		cmocka_unit_test_rule(established_segments_are_told),
		cmocka_unit_test_rule(established_recoveries_are_told),
		cmocka_unit_test_rule(timers_are_told),
		cmocka_unit_test_rule(fin_wait_2_timer_is_told),
		cmocka_unit_test_rule(time_wait_timer_is_told),
		cmocka_unit_test_rule(established_end_is_told_with_its_reason),
		cmocka_unit_test_rule(established_change_of_controller_is_told),
		cmocka_unit_test_rule(
			established_acks_are_told_by_their_reason),
		cmocka_unit_test_rule(rules_of_what_arrives),
		cmocka_unit_test_rule(rules_of_what_leaves),
		cmocka_unit_test_rule(established_closed_window_is_told),
		cmocka_unit_test_rule(established_timeout_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
