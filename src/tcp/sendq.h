/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.9.1.2: what the application has sent and the peer has
 * not acknowledged, in slabs of 2, 16 or 64 KiB.
 *
 * A slab covers a window of the stream aligned to its own size, and an index
 * of 2 KiB units points at it: an octet is found by arithmetic.  The queue
 * exists only while it holds something.
 */
#ifndef TCP_SENDQ_H
#define TCP_SENDQ_H

#include "tcp/tcb.h"

/* Spans for up to want octets after snd_end; how many, or CN_E_NOMEM. */
int sendq_reserve(struct tcb *tcb, size_t want, struct cn_span *span, int n);
/* len octets of the reservation belong to the stream now. */
void sendq_commit(struct tcb *tcb, uint32_t len);
/* Slices with references for [seq, seq + len), at most n; returns the octets
 * covered. */
uint32_t sendq_slices(const struct tcb *tcb, uint32_t seq, uint32_t len,
		      struct cn_slice *slice, unsigned n, uint8_t *slice_n);
/* snd_una has moved: slabs wholly acknowledged are returned. */
void sendq_acked(struct tcb *tcb);
void sendq_free(struct tcb *tcb);

/*
 * Records (MSG_EOR): where one ends, a segment ends.  Only ends that are not
 * sent yet are kept, and tcb->eor says that there are some; of what is in
 * flight the ring of segments knows it.
 */
/* Room for one more end; false without memory. */
bool sendq_can_mark(struct tcb *tcb);
/* A record ends at snd_end. */
void sendq_mark(struct tcb *tcb);
/* Octets from snd_nxt to the first end; with tcb->eor alone. */
uint32_t sendq_record(const struct tcb *tcb);
/* snd_nxt has moved, with tcb->eor. */
void sendq_marks_sent(struct tcb *tcb);

#endif
