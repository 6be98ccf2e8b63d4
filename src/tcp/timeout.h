/* SPDX-License-Identifier: MIT */
/* Timers of one connection: instants, and who sets them. */
#ifndef TCP_TIMEOUT_H
#define TCP_TIMEOUT_H

#include "tcp/tcb.h"

/* The current retransmission timeout, backoff included, ns. */
uint64_t timeout_rto(const struct tcb *tcb);
/* Restarts the retransmission timer for what is in flight, or stops it. */
void timeout_restart(struct tcb *tcb, uint64_t now);
/* ... without a probe of the tail before it. */
void timeout_rto_restart(struct tcb *tcb, uint64_t now);
/* The timeout has its whole time again; a reordering timer before it stays. */
void timeout_put_off(struct tcb *tcb, uint64_t now);
/* New data have left behind others: a probe waits for them too. */
void timeout_sent(struct tcb *tcb, uint64_t now);
/* At that instant reordering has had its time; the timeout goes on behind. */
void timeout_reorder(struct tcb *tcb, uint64_t at, uint64_t now);
/* Called at the end of every verb: arms what the state of things asks for
 * (persist, cork), so that nothing waits for ever. */
void timeout_settle(struct tcb *tcb, uint64_t now);
void timeout_enter_time_wait(struct tcb *tcb, uint64_t now);
void timeout_keepalive_restart(struct tcb *tcb, uint64_t now);
/* What is at rexmit_at would be a try too many. */
bool timeout_is_last(const struct tcb *tcb);
/* How long no octet of data has come or gone. */
uint64_t timeout_idle_ns(const struct tcb *tcb, uint64_t now);
uint64_t timeout_fin_wait2(const struct tcb *tcb);

static inline uint32_t ms_of(uint64_t now)
{
	return (uint32_t)(now / CN_NS_PER_MS);
}

#endif
