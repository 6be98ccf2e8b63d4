/* SPDX-License-Identifier: MIT */
/*
 * One sentence on what a connection waits for, and what would cure it; from
 * what its own host knows, and nothing is guessed.
 */
#ifndef SEE_WHY_H
#define SEE_WHY_H

#include <catenet/engine.h>

#include "see/lang.h"

/* What is known of one row of catenet ss. */
struct see_facts {
	uint8_t state; /* enum cn_tcp_state */
	uint64_t recv_q, send_q; /* octets; LISTEN: connections, their limit */
	uint64_t timer_in_ns; /* until it acts; CN_NEVER: none runs */
	uint64_t quiet_ns; /* since the peer was last heard */
	uint32_t snd_wnd, rcv_wnd, mss, cwnd, flight, unsent;
	unsigned retransmits; /* of the oldest octet, in a row */
	bool full; /* the send buffer takes no more */
};

enum see_ailment {
	SEE_WELL, /* waits for nothing that is amiss */
	SEE_QUEUE_FULL,
	SEE_SYN_UNANSWERED,
	SEE_DEADLOCK,
	SEE_PEER_WINDOW,
	SEE_NOT_READ,
	SEE_NOT_CLOSED,
	SEE_PATH_DEAD,
	SEE_RETRANSMITTING,
	SEE_FIN_AGAIN,
	SEE_TIME_WAIT,
};

/* The sentence, with its cure; its kind. */
enum see_ailment see_why(const struct see_facts *facts, enum see_lang lang,
			 char *out, size_t size);

#endif
