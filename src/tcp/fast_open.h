/* SPDX-License-Identifier: MIT */
/*
 * RFC 7413: data in the SYN.  Cookies, and who gets them, are the host's
 * affair; here is what a connection does with the octets.
 */
#ifndef TCP_FAST_OPEN_H
#define TCP_FAST_OPEN_H

#include "tcp/tcb.h"

/* Octets of data that the SYN that is about to leave bears. */
uint32_t fast_syn_len(const struct tcb *tcb);
/* The SYN is acknowledged: what it bore besides, or not. */
void fast_syn_acked(struct tcb *tcb);

#endif
