/* SPDX-License-Identifier: MIT */
/* What a connection is said to wait for, from what is known of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "see/why.h"

#define S CN_NS_PER_SEC

static const struct {
	struct see_facts facts;
	enum see_ailment want;
	const char *says; /* in English, a part of it */
} row[] = {
	{{.state = CN_LISTEN, .send_q = 1}, SEE_WELL, "waits for conn"},
	{{.state = CN_LISTEN, .recv_q = 1, .send_q = 1},
	 SEE_WELL,
	 "accept(): 1"},
	{{.state = CN_LISTEN, .recv_q = 2, .send_q = 1},
	 SEE_QUEUE_FULL,
	 "full (2)"},
	{{.state = CN_SYN_SENT}, SEE_WELL, "answer to its SYN"},
	{{.state = CN_SYN_SENT, .held = true, .waits_ns = 2 * S},
	 SEE_SYN_UNANSWERED,
	 "not answered for 2.0 s"},
	{{.state = CN_SYN_SENT, .retransmits = 2, .rexmit_in_ns = 3 * S},
	 SEE_SYN_UNANSWERED,
	 "timeout 2 in a row, next in 3.0 s"},
	{{.state = CN_SYN_SENT,
	  .retransmits = 6,
	  .rexmit_in_ns = 63 * S,
	  .last_try = true},
	 SEE_SYN_UNANSWERED,
	 "timeout 6 in a row, given up in 63 s"},
	{{.state = CN_SYN_RECEIVED}, SEE_WELL, "ACK that ends the handshake"},
	{{.state = CN_SYN_RECEIVED, .held = true}, SEE_WELL, "is held"},
	{{.state = CN_SYN_RECEIVED, .no_room = true},
	 SEE_QUEUE_FULL,
	 "must call accept()"},
	{{.state = CN_SYN_RECEIVED, .deferred = true},
	 SEE_WELL,
	 "DEFER_ACCEPT"},
	{{.state = CN_ESTABLISHED, .mss = 1000}, SEE_WELL, "idle: nothing"},
	{{.state = CN_ESTABLISHED, .mss = 1000, .queued = true, .recv_q = 5},
	 SEE_NOT_ACCEPTED,
	 "to call accept()"},
	{{.state = CN_ESTABLISHED, .mss = 1000, .probes = 2},
	 SEE_WELL,
	 "keep-alive probe: 2 in a row"},
	{{.state = CN_ESTABLISHED, .mss = 1000, .gap = true},
	 SEE_WELL,
	 "what is missing"},
	{{.state = CN_ESTABLISHED, .mss = 1000, .recv_q = 5, .rcv_wnd = 5000},
	 SEE_WELL,
	 "5 octets wait to be read"},
	{{.state = CN_ESTABLISHED, .mss = 1000, .more_in = true},
	 SEE_WELL,
	 "octets wait to be read"},
	{{.state = CN_ESTABLISHED, .mss = 1000, .recv_q = 5, .rcv_wnd = 0},
	 SEE_NOT_READ,
	 "is closed: the program has not read 5"},
	{{.state = CN_ESTABLISHED, .mss = 1000, .recv_q = 5, .rcv_wnd = 9},
	 SEE_NOT_READ,
	 "down to 9 octets"},
	{{.state = CN_CLOSE_WAIT, .mss = 1000, .rcv_wnd = 5000},
	 SEE_NOT_CLOSED,
	 "has not: it must call close"},
	{{.state = CN_CLOSE_WAIT, .mss = 1000, .recv_q = 3},
	 SEE_NOT_CLOSED,
	 "neither read all nor closed"},
	{{.state = CN_ESTABLISHED,
	  .mss = 1000,
	  .send_q = 7,
	  .unsent = 7,
	  .hold = CN_HOLD_WINDOW,
	  .closed_ns = 3 * S},
	 SEE_PEER_WINDOW,
	 "has been zero for 3.0 s"},
	{{.state = CN_FIN_WAIT_1,
	  .mss = 1000,
	  .hold = CN_HOLD_WINDOW,
	  .closed_ns = 3 * S},
	 SEE_PEER_WINDOW,
	 "the FIN waits"},
	{{.state = CN_ESTABLISHED,
	  .mss = 1000,
	  .send_q = 7,
	  .unsent = 7,
	  .hold = CN_HOLD_WINDOW,
	  .probes = 3},
	 SEE_PATH_DEAD,
	 "3 probes have not been answered"},
	/* Without the other end, only a half of a deadlock. */
	{{.state = CN_ESTABLISHED,
	  .mss = 1000,
	  .send_q = 7,
	  .unsent = 7,
	  .hold = CN_HOLD_WINDOW,
	  .full = true,
	  .recv_q = 9},
	 SEE_DEADLOCK,
	 "if it is blocked in send() too"},
	/* The send buffer has room: nobody is blocked. */
	{{.state = CN_ESTABLISHED,
	  .mss = 1000,
	  .send_q = 7,
	  .unsent = 7,
	  .hold = CN_HOLD_WINDOW,
	  .recv_q = 9},
	 SEE_PEER_WINDOW,
	 "has been zero for"},
	{{.state = CN_ESTABLISHED,
	  .mss = 1000,
	  .send_q = 15,
	  .unsent = 5,
	  .flight = 10,
	  .snd_wnd = 50000,
	  .retransmits = 1,
	  .rexmit_in_ns = S / 2},
	 SEE_RETRANSMITTING,
	 "oldest of 10 octets in flight was not acknowledged in time and is "
	 "sent again, next in 500 ms"},
	{{.state = CN_ESTABLISHED,
	  .mss = 1000,
	  .send_q = 10,
	  .flight = 10,
	  .snd_wnd = 50000,
	  .quiet_ns = 9 * S,
	  .waits_ns = 9 * S,
	  .retransmits = 3},
	 SEE_PATH_DEAD,
	 "timeout 3 in a row"},
	/* Something is heard: the path back, at least, is not dead. */
	{{.state = CN_ESTABLISHED,
	  .mss = 1000,
	  .send_q = 10,
	  .flight = 10,
	  .snd_wnd = 50000,
	  .quiet_ns = 1 * S,
	  .waits_ns = 9 * S,
	  .rto_ns = 4 * S,
	  .rexmit_in_ns = 2 * S,
	  .retransmits = 3},
	 SEE_RETRANSMITTING,
	 "timeout 3 in a row: the oldest"},
	{{.state = CN_ESTABLISHED,
	  .send_q = 5,
	  .unsent = 5,
	  .cwnd = 10000,
	  .hold = CN_HOLD_CWND},
	 SEE_WELL,
	 "congestion window is full (10000 octets): 5"},
	{{.state = CN_ESTABLISHED,
	  .send_q = 5,
	  .unsent = 5,
	  .snd_wnd = 10000,
	  .hold = CN_HOLD_WINDOW},
	 SEE_WELL,
	 "peer's window is full (10000 octets): 5"},
	{{.state = CN_ESTABLISHED,
	  .send_q = 500,
	  .unsent = 500,
	  .snd_wnd = 100,
	  .hold = CN_HOLD_SMALL},
	 SEE_WELL,
	 "peer's window (100 octets)"},
	{{.state = CN_ESTABLISHED,
	  .send_q = 5,
	  .unsent = 5,
	  .hold = CN_HOLD_NAGLE},
	 SEE_WELL,
	 "TCP_NODELAY"},
	{{.state = CN_ESTABLISHED,
	  .send_q = 5,
	  .unsent = 5,
	  .hold = CN_HOLD_CORK},
	 SEE_WELL,
	 "TCP_CORK"},
	{{.state = CN_ESTABLISHED,
	  .send_q = 5,
	  .unsent = 5,
	  .hold = CN_HOLD_PACE},
	 SEE_WELL,
	 "at the pace of the path"},
	{{.state = CN_ESTABLISHED,
	  .send_q = 5,
	  .unsent = 5,
	  .hold = CN_HOLD_LINK},
	 SEE_WELL,
	 "link has not taken"},
	{{.state = CN_ESTABLISHED, .send_q = 5, .flight = 5},
	 SEE_WELL,
	 "5 octets wait for their ack"},
	{{.state = CN_FIN_WAIT_1, .fin_sent = true, .flight = 1},
	 SEE_WELL,
	 "FIN is sent"},
	{{.state = CN_FIN_WAIT_1, .hold = CN_HOLD_LINK, .snd_wnd = 1},
	 SEE_WELL,
	 "FIN may go"},
	{{.state = CN_LAST_ACK,
	  .fin_sent = true,
	  .flight = 1,
	  .retransmits = 1,
	  .rexmit_in_ns = S},
	 SEE_FIN_AGAIN,
	 "retransmits its FIN"},
	{{.state = CN_FIN_WAIT_2}, SEE_WELL, "waits for the peer's"},
	{{.state = CN_FIN_WAIT_2, .mss = 1000, .recv_q = 7},
	 SEE_NOT_READ,
	 "not read 7"},
	{{.state = CN_FIN_WAIT_2, .orphan = true, .timer_in_ns = 30 * S},
	 SEE_WELL,
	 "given up in 30 s"},
	{{.state = CN_TIME_WAIT, .timer_in_ns = 41 * S},
	 SEE_TIME_WAIT,
	 "41 s to go"},
	{{.state = CN_CLOSED}, SEE_WELL, "closed"},
};

static void every_situation_has_its_sentence(void **state)
{
	char text[SEE_SENTENCE_MAX];
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		assert_int_equal(see_why(&row[i].facts, SEE_PEER_UNKNOWN,
					 SEE_EN, text, sizeof(text)),
				 row[i].want);
		if (!strstr(text, row[i].says))
			fail_msg("row %u says: %s", i, text);
		see_why(&row[i].facts, SEE_PEER_UNKNOWN, SEE_ZH, text,
			sizeof(text));
		assert_true(strlen(text) > 3);
		assert_null(strchr(text, '%'));
	}
}

/* Notes: rows 126, 127, 129. */
static void both_ends_make_a_deadlock_certain(void **state)
{
	struct see_facts jammed = {
		.state = CN_ESTABLISHED,
		.mss = 1000,
		.send_q = 70000,
		.unsent = 70000,
		.hold = CN_HOLD_WINDOW,
		.full = true,
		.recv_q = 9,
	};
	struct see_facts moves = jammed;
	char text[SEE_SENTENCE_MAX];

	(void)state;
	assert_int_equal(see_why(&jammed, SEE_PEER_JAMMED, SEE_EN, text,
				 sizeof(text)),
			 SEE_DEADLOCK);
	assert_non_null(strstr(text, "both ends are blocked in send()"));
	assert_non_null(strstr(text, "9 octets lie here unread"));
	/* The other end has read all: it will go on. */
	moves.recv_q = 0;
	assert_true(see_is_jammed(&jammed));
	assert_false(see_is_jammed(&moves));
	moves = jammed;
	moves.full = false;
	assert_false(see_is_jammed(&moves));
	assert_int_equal(see_why(&jammed, SEE_PEER_MOVES, SEE_EN, text,
				 sizeof(text)),
			 SEE_PEER_WINDOW);
}

static void times_are_short_and_right(void **state)
{
	static const struct {
		uint64_t ns;
		const char *want;
	} time[] = {
		{0, "0 ms to go"},	    {999400000, "999 ms to go"},
		{999600000, "1.0 s to go"}, {9940000000, "9.9 s to go"},
		{9960000000, "10 s to go"}, {41 * S, "41 s to go"},
		{CN_NEVER, "? to go"},
	};
	char text[SEE_SENTENCE_MAX];

	(void)state;
	for (unsigned i = 0; i < sizeof(time) / sizeof(time[0]); i++) {
		struct see_facts f = {.state = CN_TIME_WAIT,
				      .timer_in_ns = time[i].ns};

		see_why(&f, SEE_PEER_UNKNOWN, SEE_EN, text, sizeof(text));
		if (!strstr(text, time[i].want))
			fail_msg("%s: %s", time[i].want, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_situation_has_its_sentence),
		cmocka_unit_test(both_ends_make_a_deadlock_certain),
		cmocka_unit_test(times_are_short_and_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
