/* SPDX-License-Identifier: MIT */
/*
 * Loss recovery: what is lost and when to send it again.  The controller
 * (cc.h) says how much; the ring (sent.h) remembers what.
 */
#ifndef TCP_RECOVERY_H
#define TCP_RECOVERY_H

#include "tcp/tcb.h"

/* What one acknowledgement brought. */
struct ack_news {
	uint32_t acked; /* octets newly acknowledged, SYN and FIN included */
	uint32_t flight; /* outstanding before it */
	uint32_t rtt_us; /* the sample it gave; 0: none */
	bool dup; /* a duplicate ACK (RFC 5681 section 2) */
};

void recovery_ack(struct tcb *tcb, const struct ack_news *news, uint64_t now);
/* RFC 3168 section 6.1.2: an echoed mark means what a loss means to the
 * controller, once in a round trip. */
void recovery_marked(struct tcb *tcb, const struct ack_news *news,
		     uint64_t now);
/* RFC 5681 section 3.1, the retransmission timer fired. */
void recovery_timeout(struct tcb *tcb, uint64_t now);
/* RFC 6675's pipe: octets believed to be in the network. */
uint32_t recovery_pipe(const struct tcb *tcb);
/* RFC 6928; a setting of none means one segment. */
static inline uint32_t recovery_initial_window(const struct tcb *tcb)
{
	uint32_t segs = tcb->env->set->initial_window;

	return (segs ? segs : 1) * tcb->snd_mss;
}

static inline uint32_t tcp_flight(const struct tcb *tcb)
{
	return tcb->snd_nxt - tcb->snd_una;
}

#endif
