/* SPDX-License-Identifier: MIT */
/*
 * One sentence on what a connection waits for, and what would cure it; from
 * what its own host knows, and nothing is guessed.  test/sim/why.c holds every
 * sentence against what both hosts, the wire and the programs know.
 */
#ifndef SEE_WHY_H
#define SEE_WHY_H

#include <catenet/engine.h>

#include "see/lang.h"

/* What is known of one row of catenet ss; durations are as of now. */
struct see_facts {
	uint8_t state; /* enum cn_tcp_state */
	uint8_t hold; /* enum cn_hold */
	uint8_t retransmits; /* of the oldest octet, in a row */
	uint8_t probes; /* without an answer, in a row */
	bool last_try; /* what rexmit_in_ns counts to ends it */
	bool held; /* a gateway holds the SYN */
	bool queued; /* waits for accept() */
	bool orphan; /* the program has closed it */
	bool no_room; /* SYN-RECEIVED: the accept queue is full */
	bool deferred; /* ... the program wants data first */
	bool gap; /* octets have come beyond some that are missing */
	bool fin_sent;
	bool full; /* the send buffer takes no more */
	bool more_in; /* the program has more to read than recv_q */
	uint32_t recv_q, send_q; /* octets; LISTEN: connections, the backlog */
	uint32_t snd_wnd, rcv_wnd, mss, cwnd, flight, unsent;
	uint64_t timer_in_ns; /* until it acts; CN_NEVER: none runs */
	uint64_t rexmit_in_ns; /* the same of SYN, data, FIN or probe */
	uint64_t rto_ns; /* backed off */
	uint64_t quiet_ns; /* since the peer was last heard */
	uint64_t closed_ns; /* since its window is zero; if it is */
	uint64_t waits_ns; /* for the acknowledgement of the oldest octet */
};

enum see_ailment {
	SEE_WELL, /* waits for nothing that is amiss */
	SEE_QUEUE_FULL,
	SEE_NOT_ACCEPTED,
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

/* The sentence before it is in words. */
struct see_answer {
	enum see_ailment ailment;
	enum see_key key;
	uint64_t n, m; /* %1 and %3, numbers */
	uint64_t ns; /* %2, a time ... */
	uint8_t then; /* ... at whose end, enum see_then */
};

enum see_then {
	SEE_THEN_TIME, /* no more is said of it */
	SEE_THEN_NEXT, /* "next in" */
	SEE_THEN_OVER, /* "given up in" */
};

/* Neither can it send nor be sent to, and that by its program. */
bool see_is_jammed(const struct see_facts *facts);

/* What is known of the connection's other end. */
enum see_peer { SEE_PEER_UNKNOWN, SEE_PEER_MOVES, SEE_PEER_JAMMED };

struct see_answer see_why_answer(const struct see_facts *facts,
				 enum see_peer peer);
void see_why_words(const struct see_answer *answer, enum see_lang lang,
		   char *out, size_t size);
/* Both at once: the sentence, with its cure; its kind. */
enum see_ailment see_why(const struct see_facts *facts, enum see_peer peer,
			 enum see_lang lang, char *out, size_t size);

#endif
