/* SPDX-License-Identifier: MIT */
/* RFC 8985: RACK finds losses by time, TLP asks at the tail. */
#ifndef TCP_RACK_H
#define TCP_RACK_H

#include "tcp/recovery.h"

/* SACK is agreed on and RACK not switched off: losses are found by time. */
static inline bool rack_is_on(const struct tcb *tcb)
{
	return tcb->sack_ok && (tcb->env->set->recovery & CN_RECOVERY_RACK) &&
	       tcb->busy;
}

/* Steps 2 to 4: what an ACK delivered, and what its order and its D-SACK, if it
 * is to be believed, tell. */
void rack_update(struct tcb *tcb, const struct ack_news *news, bool dsack,
		 uint64_t now);
/* As Linux: an ACK that delivers nothing tells of no loss.  A receiver that
 * drops what we send again would have it at once for each duplicate ACK. */
bool rack_has_news(const struct tcb *tcb);
/* Nothing was in flight until now. */
void rack_flight_begins(struct tcb *tcb, uint64_t now);
/* Step 5: marks what is lost, and sets the timer for what may soon be. */
struct sent_rack rack_detect(struct tcb *tcb, uint64_t now);
/* The window that reordering is given, microseconds (section 6.2 step 4). */
uint32_t rack_reo_wnd(const struct tcb *tcb);
/* How far segments were seen to overtake each other, in segments; 3 at least
 * (Linux's tcpi_reordering). */
uint32_t rack_reordering(const struct tcb *tcb);
/* A recovery is over. */
void rack_recovered(struct tcb *tcb);

/* How long after the last transmission or ACK the tail is probed; CN_NEVER:
 * not at all (section 7.2). */
uint64_t tlp_timeout_ns(const struct tcb *tcb);
/* The probe timer fired: one is owed, unless one is out. */
void tlp_fires(struct tcb *tcb, uint64_t now);
/* It has left: it was new data, or the last segment again. */
void tlp_sent(struct tcb *tcb, bool again, uint64_t now);
/* Section 7.4: whether the probe repaired a loss. */
void tlp_ack(struct tcb *tcb, const struct ack_news *news, uint64_t now);

#endif
