/* SPDX-License-Identifier: MIT */
/*
 * RFC 3168: explicit congestion notification.  What SYNs agree on, which
 * segments say that they can be marked, the echo of marks, and what an echo
 * does to the window.
 */
#ifndef TCP_ECN_H
#define TCP_ECN_H

#include "tcp/tcb.h"

struct arrival;
struct ack_news;

/* The code points of the IP header's last two bits. */
enum ecn_point { ECN_NOT_ECT = 0, ECN_ECT_1 = 1, ECN_ECT_0 = 2, ECN_CE = 3 };
#define ECN_MASK 3

/* Settings of ecn: 1 asks for it and takes it, 2 takes it alone. */
/* A SYN asks, and we take it: TCP_OPT_ECN, or 0. */
uint8_t ecn_of_syn(const struct cn_settings *set, const struct tcp_seg *seg);
/* What our SYN, or SYN-ACK, says of it; agreed: by TCP_OPT_ECN. */
void ecn_ask(struct tcb *tcb, struct tcp_seg *seg);
void ecn_agree(struct tcp_seg *seg, bool agreed);
/* The SYN-ACK that answers our SYN. */
void ecn_answered(struct tcb *tcb, const struct tcp_seg *seg);

/* A segment with data has come in the window: its mark, and CWR. */
void ecn_text(struct tcb *tcb, const struct tcp_seg *seg);
/* An acknowledgement that may echo a mark. */
void ecn_ack(struct tcb *tcb, const struct tcp_seg *seg,
	     const struct ack_news *news, uint64_t now);
/* The echo on every segment; new data say that they can be marked. */
void ecn_build(const struct tcb *tcb, struct tcp_seg *seg);
void ecn_new_data(struct tcb *tcb, struct tcp_seg *seg);
/* CWR is owed with the next new data: such a segment travels alone. */
static inline bool ecn_owes_cwr(const struct tcb *tcb)
{
	return tcb->ecn_cwr;
}
/* The window was reduced, whatever for: the peer may stop its echo. */
static inline void ecn_reduced(struct tcb *tcb)
{
	tcb->ecn_cwr = tcb->ecn_ok;
}

#endif
