/* SPDX-License-Identifier: MIT */
/* RFC 6298: round trips in, retransmission timeout out. */
#ifndef TCP_RTO_H
#define TCP_RTO_H

#include "tcp/tcb.h"

/* A round trip, measured on a segment that was sent once (Karn) or by its
 * timestamp. */
void rto_sample(struct tcp_rtt *rtt, uint32_t rtt_us);
/* The timeout in microseconds, doubled backoff times. */
uint64_t rto_us(const struct tcp_rtt *rtt, const struct cn_settings *set,
		unsigned backoff);

#endif
