/* SPDX-License-Identifier: MIT */
/*
 * Pacing: octets leave no faster than a rate, about a millisecond's worth at
 * a time (Linux's autosizing of super-segments), so that a window does not
 * meet the first queue as one burst.  A gate, asked before new data and what
 * is sent again; acknowledgements and probes pass.
 */
#ifndef TCP_PACE_H
#define TCP_PACE_H

#include "tcp/tcb.h"

/* Of a busy connection (busy.h). */
struct tcp_pace {
	uint64_t rate; /* octets/s; 0: not paced */
	uint64_t next_at; /* the next portion */
	uint32_t left; /* octets of this one that may still go */
	bool waits; /* something waits for next_at */
};

/* The window or the round trip has changed: so has the rate. */
void pace_update(struct tcb *tcb, uint64_t now);
/* Another rate was asked for: what waits, waits no longer than a portion of it
 * takes. */
void pace_change(struct tcb *tcb, uint64_t now);
/* Octets that may go at now; UINT32_MAX: any number. */
uint32_t pace_room(const struct tcb *tcb, uint64_t now);
void pace_sent(struct tcb *tcb, uint32_t len, uint64_t now);
/* What would go has to wait, or not. */
void pace_waits(struct tcb *tcb, bool waits);
/* When the gate opens for what waits; CN_NEVER: nothing does. */
uint64_t pace_deadline(const struct tcb *tcb);
/* Octets/s, for who asks; 0: not paced. */
uint64_t pace_rate(const struct tcb *tcb);
/* A portion at this rate, octets. */
uint32_t pace_quantum(uint64_t rate, uint32_t mss);

#endif
