/* SPDX-License-Identifier: MIT */
/*
 * What a sender waits for, by time: how long something was queued or in
 * flight, and how much of that the peer's window or the size of the send
 * buffer held it back.  What Linux tells in TCP_INFO, and see/ in the summary.
 */
#ifndef TCP_LIMITS_H
#define TCP_LIMITS_H

#include <stdint.h>

struct tcb;
struct cn_tcp_info;

enum tcp_limit {
	TCP_LIMIT_NONE, /* nothing is queued */
	TCP_LIMIT_BUSY, /* the path, or the congestion window */
	TCP_LIMIT_RWND, /* the peer's window */
	TCP_LIMIT_SNDBUF, /* all is sent, and no more fits into the buffer */
};

/* Of a busy connection (busy.h). */
struct tcp_limits {
	uint32_t since_us; /* modulo 2^32 */
	uint8_t kind; /* enum tcp_limit */
};

/* What it waits for may have changed. */
void limits_settle(struct tcb *tcb, uint64_t now);
void limits_info(const struct tcb *tcb, struct cn_tcp_info *info);

#endif
