/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.8.6: the window we offer. */
#ifndef TCP_WINDOW_H
#define TCP_WINDOW_H

#include "tcp/tcb.h"

/* The shift with which 16 bits can tell all that a buffer of that size may
 * come to offer (RFC 7323 section 2.3). */
uint8_t window_scale_for(const struct cn_settings *set, uint32_t rcvbuf);
/* Moves the right edge for a segment that is about to leave, and gives the
 * raw field. */
uint16_t window_offer(struct tcb *tcb, bool syn);
/* The application has read: is an update worth a segment of its own? */
bool window_wants_update(const struct tcb *tcb);

#endif
