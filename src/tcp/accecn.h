/* SPDX-License-Identifier: MIT */
/*
 * RFC 9768: accurate ECN.  Each end counts the packets that come with a mark,
 * and the octets that come with each code point; AE, CWR and ECE of all
 * segments but SYNs are the low three bits of the first count, and an option
 * has the others.  What SYNs agree on is ecn.h's.
 *
 * The counts live as long as the connection, in a block of their own that
 * only connections have which agreed on it.  The octets are kept as far as
 * struct cn_tcp_info tells them; on the wire each counts from an initial
 * value, so that a field that the path has cleared is noticed.
 */
#ifndef TCP_ACCECN_H
#define TCP_ACCECN_H

#include "tcp/ecn.h"

/* Byte counters are kept in the order of the code points: ECT(1), ECT(0),
 * CE. */
enum accecn_octets { ACCECN_E1, ACCECN_E0, ACCECN_CE, ACCECN_OCTETS };

/* Section 3.2.1: counters begin with these. */
#define ACCECN_CEP_INITIAL 5u
/* The values of an ACE field. */
#define ACCECN_TURN 8u

struct tcp_accecn {
	/* As Data Receiver: r.cep, and octets without the initial values. */
	uint32_t r_cep;
	uint32_t r_octets[ACCECN_OCTETS];
	/* As Data Sender: s.cep, and as much of r_octets as the peer told. */
	uint32_t s_cep;
	uint32_t s_octets[ACCECN_OCTETS];
	uint32_t cep_told; /* s_cep when ECEB came last */
	uint16_t acked_mean; /* segments an ACK tells of, of late, times 64 */
	uint8_t ce_new; /* marks since our last ACK */
	uint8_t changed : 3; /* a bit per counter that ever moved */
	bool was_ce : 1; /* the packet before had a mark */
	uint8_t syn_point : 2; /* of the SYN or SYN-ACK, to be told */
	bool handshake : 1; /* ... which the next pure ACK bears */
	bool ce_syn_ack : 1; /* a SYN-ACK with a mark was counted */
	bool no_ect : 1; /* what we send does not say that it can be marked */
	bool no_answer : 1; /* what the peer tells is not believed */
	bool heard : 1; /* a first ACE field was looked at */
	bool option_due : 1; /* counters moved since the last option */
	/* The first pure ACK and the first data bear one anyway. */
	bool option_first_ack : 1, option_first_data : 1;
	bool option_deaf : 1; /* the peer's are not believed */
};

/* What becomes of a segment that is being built. */
enum accecn_use { ACCECN_ON_ACK, ACCECN_ON_DATA, ACCECN_ON_REXMIT };

/* The block, with initial counts; false: no memory. */
bool accecn_begin(struct tcb *tcb, unsigned syn_point);
void accecn_free(struct tcb *tcb);
static inline struct tcp_accecn *accecn_of(const struct tcb *tcb)
{
	return tcb->tune->accecn;
}

/* The peer's SYN-ACK agreed; its flags tell how our SYN arrived. */
void accecn_answered(struct tcb *tcb, const struct tcp_seg *seg);
/* ... and our initial window is set: was the SYN marked? */
void accecn_syn_acked(struct tcb *tcb, const struct tcp_seg *seg, uint64_t now);
/* A SYN-ACK that came again. */
void accecn_syn_ack_again(struct tcb *tcb, const struct tcp_seg *seg);
/* The segment that takes us out of SYN-RECEIVED. */
void accecn_third_ack(struct tcb *tcb, const struct tcp_seg *seg, uint64_t now);

/* An acceptable segment: its code point is counted. */
void accecn_received(struct tcb *tcb, const struct tcp_seg *seg);
/* The counts that a segment brought back. */
void accecn_ack(struct tcb *tcb, const struct tcp_seg *seg,
		const struct ack_news *news, uint64_t now);

/* Octets of the option on the next segment, beside others of that many and
 * *sack_n blocks, which may become fewer; 0: none. */
uint32_t accecn_option_len(const struct tcb *tcb, enum accecn_use use,
			   uint32_t others, unsigned *sack_n);
/* ACE, and the option if len (as above) is not 0. */
void accecn_build(struct tcb *tcb, struct tcp_seg *seg, uint32_t len,
		  enum accecn_use use);
/* Of a SYN-ACK: how the SYN came, point; the option with initial counts, in
 * the place that is left. */
void accecn_syn_flags(struct tcp_seg *seg, unsigned point);
void accecn_syn_option(struct tcp_seg *seg);
/* The SYN came again, in SYN-RECEIVED: enum ecn_agreed. */
void accecn_syn_again(struct tcb *tcb, uint8_t agreed);
/* We may not say that what we send can be marked. */
void accecn_no_ect(struct tcb *tcb);
static inline bool accecn_may_ect(const struct tcb *tcb)
{
	return tcb->accecn && !accecn_of(tcb)->no_ect;
}
static inline unsigned accecn_syn_point(const struct tcb *tcb)
{
	return accecn_of(tcb)->syn_point;
}
/* The low bits of r.cep, for who sends in our place. */
uint8_t accecn_ace(const struct tcb *tcb);
/* Its octets alone. */
void accecn_count_octets(struct tcb *tcb, const struct tcp_seg *seg);
/* Section 3.2.3: what field i tells in an option of that order. */
static inline unsigned accecn_counter(bool order, unsigned i)
{
	if (i == 1)
		return ACCECN_CE;
	return (i == 0) == order ? ACCECN_E1 : ACCECN_E0;
}
static inline uint32_t accecn_field(const uint32_t octets[], unsigned counter)
{
	return (octets[counter] + (counter != ACCECN_CE)) &
	       TCP_ACCECN_FIELD_MASK;
}
void accecn_info(const struct tcb *tcb, struct cn_tcp_info *info);

#endif
