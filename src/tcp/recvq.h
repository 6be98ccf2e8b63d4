/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.9.1.3 and RFC 2018: received octets, in order and beyond
 * gaps.
 *
 * Octets stay in the buffer they arrived in; a piece is a slice of it.  Small
 * pieces are copied together, so that an octet never holds 2 KiB.  Beyond
 * gaps there is a tree of runs, each a list of pieces: to insert is O(log n),
 * a run that becomes readable is linked in whole, and a run is a SACK block.
 * Every piece is charged what it truly costs.
 */
#ifndef TCP_RECVQ_H
#define TCP_RECVQ_H

#include "tcp/tcb.h"

/*
 * Takes data_len octets of seg beginning at stream offset seq (already
 * trimmed to the window, off octets into the segment's slices).  Advances
 * rcv_nxt over what is now in order.  CN_DROP_NONE, _TCP_DUPLICATE,
 * _TCP_OOO_LIMIT or _MEMORY.
 */
enum cn_drop recvq_insert(struct tcb *tcb, const struct tcp_seg *seg,
			  uint32_t seq, uint32_t off, uint32_t len);
/* At most n slices of what is readable, without references. */
int recvq_view(const struct tcb *tcb, struct cn_slice *slice, int n);
/* Removes len readable octets. */
void recvq_take(struct tcb *tcb, uint32_t len);
/* Removes one octet of the readable ones, off octets in (urgent data). */
void recvq_cut(struct tcb *tcb, uint32_t off, uint8_t *octet);
/* Runs beyond the gap, those that changed last first (RFC 2018 section 4);
 * returns how many, at most max. */
unsigned recvq_blocks(const struct tcb *tcb, struct tcp_block *block,
		      unsigned max);
/* The run that holds seq, if any. */
bool recvq_block_of(const struct tcb *tcb, uint32_t seq,
		    struct tcp_block *block);
bool recvq_has_gap(const struct tcb *tcb);
/* What the queue truly costs, octets. */
uint32_t recvq_true_size(const struct tcb *tcb);
void recvq_free_gaps(struct tcb *tcb);
void recvq_free(struct tcb *tcb);

#endif
