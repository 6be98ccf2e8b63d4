/* SPDX-License-Identifier: MIT */
/*
 * Between a connection and its controller (cc.h), which never sees it: what
 * happens becomes an event, and a controller that models the path gets its
 * block of memory and its samples.
 */
#ifndef TCP_CONGESTION_H
#define TCP_CONGESTION_H

#include "tcp/tcb.h"

struct ack_news;
struct sent;

struct cc_event congestion_event(const struct tcb *tcb,
				 const struct ack_news *news, uint64_t now);
/* The handshake is complete: the controller begins.  Without memory for a
 * model it is CUBIC. */
void congestion_start(struct tcb *tcb, uint64_t now);
/* Another one from now on; CN_E_NOBUFS: the old one stays. */
int congestion_switch(struct tcb *tcb, enum cn_cc kind, uint64_t now);
void congestion_stop(struct tcb *tcb);
/* An ACK comes, and has been dealt with. */
void congestion_ack_begins(struct tcb *tcb, uint64_t now);
void congestion_ack_ends(struct tcb *tcb, const struct ack_news *news,
			 uint64_t now);
/* len octets of a record are taken for lost. */
void congestion_lost(struct tcb *tcb, const struct sent *rec, uint32_t len);
/* New data after a rest. */
void congestion_idle(struct tcb *tcb, uint64_t now);
/* enum cn_bbr */
uint8_t congestion_state(const struct tcb *tcb);

#endif
