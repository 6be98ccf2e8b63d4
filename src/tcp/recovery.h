/* SPDX-License-Identifier: MIT */
/*
 * Loss recovery: what is lost and when to send it again.  The controller
 * (cc.h) says how much; the ring (sent.h) remembers what.
 */
#ifndef TCP_RECOVERY_H
#define TCP_RECOVERY_H

#include "tcp/sent.h"
#include "tcp/tcb.h"

/* What one acknowledgement brought. */
struct ack_news {
	uint32_t acked; /* octets newly acknowledged, SYN and FIN included */
	uint32_t flight; /* outstanding before it */
	uint32_t rtt_us; /* the sample it gave; 0: none */
	bool dup; /* a duplicate ACK (RFC 5681 section 2) */
	uint32_t sacked; /* octets SACKed for the first time */
	uint32_t delivered; /* SACKed or acknowledged for the first time */
	const struct sent_acked *sent; /* sent.h: what came, sent when */
	/* RFC 2883: the first block reports a duplicate. */
	bool dsack;
	uint32_t dsack_left, dsack_right;
	/* RFC 3522: the timestamp it echoes, if it acknowledges anything. */
	bool has_tsecr;
	uint32_t tsecr;
};

void recovery_ack(struct tcb *tcb, const struct ack_news *news, uint64_t now);
/* RFC 3168 section 6.1.2: an echoed mark means what a loss means to the
 * controller, once in a round trip. */
void recovery_marked(struct tcb *tcb, const struct ack_news *news,
		     uint64_t now);
/* RFC 5681 section 3.1, the retransmission timer fired. */
void recovery_timeout(struct tcb *tcb, uint64_t now);
/* RFC 8985 section 6.2 step 5: the window for reordering is over. */
void recovery_reordering_over(struct tcb *tcb, uint64_t now);
/* That much has left; again: not for the first time. */
void recovery_sent(struct tcb *tcb, uint32_t octets, uint32_t segs, bool again,
		   uint64_t now);
/* Something is missing, or was: an ACK is worth a closer look. */
static inline bool recovery_looks(const struct tcb *tcb)
{
	return tcb->sacked || tcb->lost || tcb->retrans || tcb->in_recovery ||
	       tcb->in_loss || tcb->tlp_out;
}
/* New data are to show whether a timeout was spurious: what is taken for lost
 * waits. */
bool recovery_holds_lost(const struct tcb *tcb);
/* The controller learns of a loss that needs no recovery. */
void recovery_reduce(struct tcb *tcb, uint64_t now);
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
