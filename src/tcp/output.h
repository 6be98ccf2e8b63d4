/* SPDX-License-Identifier: MIT */
#ifndef TCP_OUTPUT_H
#define TCP_OUTPUT_H

#include "tcp/tcb.h"

/* Data octets per segment, with the options that every segment bears. */
uint32_t output_mss(const struct tcb *tcb);
/* Octets or a FIN wait that were never sent. */
bool output_has_unsent(const struct tcb *tcb);
bool output_fin_sent(const struct tcb *tcb);
/* Nothing is in flight, something waits, and it may not go: no ACK will ever
 * move it. */
bool output_is_stuck(const struct tcb *tcb);
/* Why unsent octets wait although nothing is in flight. */
bool output_is_corked(const struct tcb *tcb);
/* Segments of mss new octets that both windows let go; the one with the last
 * octet queued is not counted. */
uint32_t output_whole_segs(const struct tcb *tcb, uint32_t mss);
/* Octets that both windows let go now. */
uint32_t output_may_go(const struct tcb *tcb);
/* Octets of a super-segment sized as by Linux. */
uint32_t output_piece(const struct tcb *tcb, uint32_t mss);
/* SND.NXT moves over what was sent for the first time. */
void output_advance(struct tcb *tcb, uint32_t len);
/* Counts and traces a segment that was built. */
void output_account(struct tcb *tcb, const struct tcp_seg *seg,
		    enum cn_send why, bool retransmit, uint64_t now);
/* What holds back what was never sent. */
enum cn_hold output_hold(const struct tcb *tcb);

#endif
