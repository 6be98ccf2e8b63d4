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
	 "1 connections wait"},
	{{.state = CN_LISTEN, .recv_q = 2, .send_q = 1},
	 SEE_QUEUE_FULL,
	 "full (2)"},
	{{.state = CN_SYN_SENT}, SEE_WELL, "on the way"},
	{{.state = CN_SYN_SENT, .retransmits = 2, .timer_in_ns = 3 * S},
	 SEE_SYN_UNANSWERED,
	 "again 2 times, next in 3 s"},
	{{.state = CN_SYN_RECEIVED}, SEE_WELL, "last ACK"},
	{{.state = CN_ESTABLISHED, .mss = 1000}, SEE_WELL, "idle"},
	{{.state = CN_ESTABLISHED, .mss = 1000, .recv_q = 5, .rcv_wnd = 5000},
	 SEE_WELL,
	 "5 octets wait to be read"},
	{{.state = CN_ESTABLISHED, .mss = 1000, .recv_q = 5, .rcv_wnd = 0},
	 SEE_NOT_READ,
	 "not read 5"},
	{{.state = CN_CLOSE_WAIT, .mss = 1000, .rcv_wnd = 5000},
	 SEE_NOT_CLOSED,
	 "must call close"},
	{{.state = CN_ESTABLISHED, .mss = 1000, .unsent = 7, .quiet_ns = 3 * S},
	 SEE_PEER_WINDOW,
	 "last heard 3 s ago"},
	{{.state = CN_ESTABLISHED, .mss = 1000, .unsent = 7, .recv_q = 9},
	 SEE_DEADLOCK,
	 "blocked in send()"},
	{{.state = CN_ESTABLISHED,
	  .mss = 1000,
	  .flight = 10,
	  .snd_wnd = 50000,
	  .retransmits = 1,
	  .timer_in_ns = S / 2},
	 SEE_RETRANSMITTING,
	 "next in 500 ms"},
	{{.state = CN_ESTABLISHED,
	  .mss = 1000,
	  .flight = 10,
	  .snd_wnd = 50000,
	  .retransmits = 3},
	 SEE_PATH_DEAD,
	 "timeout 3 in a row"},
	{{.state = CN_ESTABLISHED,
	  .mss = 1000,
	  .flight = 10000,
	  .unsent = 5,
	  .cwnd = 10000,
	  .snd_wnd = 50000},
	 SEE_WELL,
	 "congestion window"},
	{{.state = CN_ESTABLISHED,
	  .mss = 1000,
	  .flight = 10000,
	  .unsent = 5,
	  .cwnd = 90000,
	  .snd_wnd = 10000},
	 SEE_WELL,
	 "peer's window is full"},
	{{.state = CN_FIN_WAIT_1, .mss = 1000, .flight = 1},
	 SEE_WELL,
	 "FIN is on the way"},
	{{.state = CN_LAST_ACK,
	  .mss = 1000,
	  .flight = 1,
	  .retransmits = 1,
	  .timer_in_ns = S},
	 SEE_FIN_AGAIN,
	 "FIN is not acknowledged"},
	{{.state = CN_FIN_WAIT_2}, SEE_WELL, "peer to close"},
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
		assert_int_equal(see_why(&row[i].facts, SEE_EN, text,
					 sizeof(text)),
				 row[i].want);
		if (!strstr(text, row[i].says))
			fail_msg("row %u says: %s", i, text);
		see_why(&row[i].facts, SEE_ZH, text, sizeof(text));
		assert_true(strlen(text) > 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_situation_has_its_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
