/* SPDX-License-Identifier: MIT */
/* Parts of arrive.c that stand in files of their own. */
#ifndef TCP_ARRIVE_H
#define TCP_ARRIVE_H

#include "tcp/tcb.h"

/*
 * A segment on its way through the eight steps.  seq, off, len and fin are
 * what remains of it once it is trimmed to the window.
 */
struct arrival {
	const struct tcp_seg *seg;
	uint64_t now;
	uint32_t seq; /* of the first octet that remains */
	uint32_t off; /* of that octet in the segment's data */
	uint32_t len; /* data octets that remain */
	bool fin; /* the FIN remains */
};

enum verdict { GO_ON, DONE };

/* An ACK that says where we are, at most one per challenge interval
 * (RFC 5961 section 7; row 4 of the attacks: per connection). */
void arrive_challenge(struct tcb *tcb, uint64_t now);

/* What came twice, for a D-SACK (RFC 2883). */
void arrive_duplicate(struct tcb *tcb, uint32_t left, uint32_t right,
		      uint64_t now);

/* ack.c */
enum cn_drop step5_ack(struct tcb *tcb, struct arrival *arrival);
/* The first ACK of our SYN: measures, opens the window (SYN-SENT). */
void ack_of_syn(struct tcb *tcb, const struct tcp_seg *seg, uint64_t now);
/* RFC 6928: how much may be in flight at first. */
void ack_open_window(struct tcb *tcb, uint64_t now);
/* text.c */
void step6_urg(struct tcb *tcb, const struct arrival *arrival);
enum cn_drop step7_text(struct tcb *tcb, const struct arrival *arrival);
void step8_fin(struct tcb *tcb, const struct arrival *arrival);

#endif
