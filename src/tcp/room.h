/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.10.2: how much of a SEND is taken now.
 *
 * Octets count, up to the buffer's size.  Two things make it less simple, both
 * after Linux, whose send queue is a list of packets that are filled one after
 * the other: TCP_NOTSENT_LOWAT cuts a write short, and does so where a packet
 * is full; and where super-segments are sized as Linux's (tso_min_segs), a
 * packet costs the buffer what it costs there.
 */
#ifndef TCP_ROOM_H
#define TCP_ROOM_H

#include "tcp/tcb.h"

/* Whether poll(2) would say so: a third of the buffer is free, and few octets
 * wait to be sent. */
bool room_is_writable(const struct tcb *tcb);
/* TCP_NOTSENT_LOWAT, or the host's; UINT32_MAX: any number may wait. */
uint32_t room_lowat(const struct tcb *tcb);

#endif
