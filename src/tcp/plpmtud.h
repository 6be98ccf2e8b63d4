/* SPDX-License-Identifier: MIT */
/*
 * RFC 4821 and the search of RFC 8899: what the path carries, found by what
 * arrives.  For paths that drop what is too long and say nothing.
 */
#ifndef TCP_PLPMTUD_H
#define TCP_PLPMTUD_H

#include "tcp/tcb.h"

/* The connection is established: settings.mtu_probing 2 begins at once. */
void plpmtud_open(struct tcb *tcb, uint64_t now);
/* The retransmission timer fired: is it a black hole? */
void plpmtud_timeout(struct tcb *tcb, uint64_t now);
/* Octets of data that the next segment, which may go, bears as a probe; 0:
 * none.  window: what the peer's leaves. */
uint32_t plpmtud_probe(const struct tcb *tcb, uint32_t window, uint64_t now);
/* The probe has left as [seq, seq + len). */
void plpmtud_sent(struct tcb *tcb, uint32_t seq, uint32_t len);
/* Something was acknowledged; octets from seq on are sent again. */
void plpmtud_acked(struct tcb *tcb, uint64_t now);
void plpmtud_rexmit(struct tcb *tcb, uint32_t seq, uint64_t now);

#endif
