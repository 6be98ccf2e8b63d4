/* SPDX-License-Identifier: MIT */
/*
 * RFC 3168: explicit congestion notification.  What SYNs agree on (RFC 9768
 * section 3.1 too, whose counting is accecn.h's), which segments say that they
 * can be marked, the echo of marks, and what an echo does to the window.
 */
#ifndef TCP_ECN_H
#define TCP_ECN_H

#include "tcp/tcb.h"

struct arrival;
struct ack_news;

/* The code points of the IP header's last two bits. */
enum ecn_point { ECN_NOT_ECT = 0, ECN_ECT_1 = 1, ECN_ECT_0 = 2, ECN_CE = 3 };
#define ECN_MASK 3

/*
 * What is agreed on with who sent a SYN, in four bits: nothing, RFC 3168, or
 * RFC 9768; with that how the SYN came (enum ecn_point, in the low bits), and
 * whether one came that asked for nothing.
 */
enum ecn_agreed {
	ECN_AGREED_NONE = 0,
	ECN_AGREED_CLASSIC = 1,
	ECN_AGREED_ACCURATE = 8,
	ECN_AGREED_PLAIN_SYN = 4, /* beside ACCURATE */
};
static inline bool ecn_is_accurate(uint8_t agreed)
{
	return agreed & ECN_AGREED_ACCURATE;
}

/* A SYN asks, and we take it: enum ecn_agreed. */
uint8_t ecn_of_syn(const struct cn_settings *set, const struct tcp_seg *seg);
/* A SYN that came again, where that was agreed on; false: the connection must
 * be reset (RFC 9768 section 3.1.5). */
bool ecn_of_syn_again(const struct cn_settings *set, uint8_t *agreed,
		      const struct tcp_seg *seg);
/* What our SYN, or SYN-ACK, says of it; the latter again, or after so many
 * repetitions (RFC 9768 section 3.2.3.2.2). */
void ecn_ask(struct tcb *tcb, struct tcp_seg *seg);
void ecn_agree(struct tcp_seg *seg, uint8_t agreed, bool again,
	       unsigned rexmit_n);
/* A connection begins with what its SYN-ACK agreed to. */
void ecn_begin(struct tcb *tcb, uint8_t agreed, unsigned rexmit_n);
/* In SYN-RECEIVED the peer's SYN came again; false: reset. */
bool ecn_syn_again(struct tcb *tcb, const struct tcp_seg *seg);
/* The SYN-ACK that answers our SYN. */
void ecn_answered(struct tcb *tcb, const struct tcp_seg *seg);

/* A segment with data has come in the window: its mark, and CWR. */
void ecn_text(struct tcb *tcb, const struct tcp_seg *seg);
/* An acknowledgement that may echo a mark. */
void ecn_ack(struct tcb *tcb, const struct tcp_seg *seg,
	     const struct ack_news *news, uint64_t now);
/* The echo of RFC 3168 on every segment; new data say that they can be
 * marked. */
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
void ecn_info(const struct tcb *tcb, struct cn_tcp_info *info);

#endif
