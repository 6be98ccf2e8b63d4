/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.8.6 leaves the size of the buffers to us: they follow
 * what the connection can use, as Linux's tcp_rmem and tcp_wmem.
 */
#ifndef TCP_TUNE_H
#define TCP_TUNE_H

#include "tcp/tcb.h"

/* What the receiving half measures while octets come in.  Instants are
 * microseconds, modulo 2^32. */
struct tune_in {
	bool on;
	uint32_t rtt_us; /* TUNE_RTT_UNKNOWN at first */
	/* Once RCV.NXT passes edge a whole window has come since edge_us, and
	 * that takes a round trip or more. */
	uint32_t edge, edge_us;
	uint32_t space; /* the most octets taken in one round trip */
	uint32_t taken, taken_us; /* where the application stood as the round
				     trip began */
};
#define TUNE_RTT_UNKNOWN UINT32_MAX

/* The window that tuning begins with. */
uint32_t tune_initial_rcvbuf(const struct cn_settings *set);
/* The sizes that a connection begins with. */
void tune_init(struct tcb *tcb);
/* The MSS is known: neither buffer holds less than a few segments. */
void tune_open(struct tcb *tcb);
/* Octets have come in order; RCV.NXT was before. */
void tune_received(struct tcb *tcb, const struct tcp_seg *seg, uint32_t before,
		   uint64_t now);
/* The application has taken octets; there is tcb->busy. */
void tune_taken(struct tcb *tcb, uint64_t now);
/* The application waits for so many octets at once. */
void tune_want(struct tcb *tcb, uint32_t octets);
/* Something was acknowledged: the window may have grown. */
void tune_acked(struct tcb *tcb, uint64_t now);

/* What the buffers may hold, given what is left of the host's memory. */
uint32_t tune_rcvbuf(const struct tcb *tcb);
uint32_t tune_sndbuf(const struct tcb *tcb);

#endif
