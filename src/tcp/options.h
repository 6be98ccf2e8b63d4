/* SPDX-License-Identifier: MIT */
/* RFC 7323 clocks and what the two SYNs agreed on. */
#ifndef TCP_OPTIONS_H
#define TCP_OPTIONS_H

#include "tcp/tcb.h"

/* The timestamp clock: milliseconds (RFC 7323 section 5.4). */
static inline uint32_t ts_clock(uint64_t now)
{
	return (uint32_t)(now / CN_NS_PER_MS);
}

static inline uint64_t env_rto_initial(const struct tcb *tcb)
{
	return tcb->env->set->rto_initial_ns;
}

/* The peer announced mss (0: nothing, MUST-15). */
void options_peer_mss(struct tcb *tcb, uint32_t mss);
/* snd_mss from path, peer and application (MUST-16). */
void options_update_mss(struct tcb *tcb);
/* ... and what it would be without path probing. */
uint32_t options_mss_max(const struct tcb *tcb);
/* The options of the peer's SYN, in SYN-SENT. */
void options_from_syn(struct tcb *tcb, const struct tcp_seg *seg, uint64_t now);
/* Our SYN or SYN-ACK. */
void options_on_syn(const struct tcb *tcb, struct tcp_seg *seg, uint64_t now);

#endif
