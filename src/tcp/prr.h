/* SPDX-License-Identifier: MIT */
/* RFC 9937: how much goes out for each ACK of a recovery. */
#ifndef TCP_PRR_H
#define TCP_PRR_H

#include "tcp/tcb.h"

/* A recovery begins: delivered octets are news of the ACK that says so. */
void prr_begin(struct tcb *tcb, uint32_t delivered);
/* An ACK of it.  safe: it moves SND.UNA and tells of no further loss. */
void prr_ack(struct tcb *tcb, uint32_t delivered, bool safe);
void prr_end(struct tcb *tcb);
/* That much has left. */
void prr_sent(struct tcb *tcb, uint32_t octets);

#endif
