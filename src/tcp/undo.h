/* SPDX-License-Identifier: MIT */
/* RFC 4015, RFC 3522, RFC 3708: a reduction that was for nothing is undone. */
#ifndef TCP_UNDO_H
#define TCP_UNDO_H

#include "tcp/recovery.h"

/* A reduction comes: what it was before. */
void undo_begin(struct tcb *tcb, uint64_t now);
/* That many segments have gone out again. */
void undo_sent(struct tcb *tcb, uint32_t segs, uint64_t now);
/* The peer says that it had some of them already. */
void undo_dsack(struct tcb *tcb, const struct ack_news *news);
/* The ACK was caused by an original, not by what was sent again. */
bool undo_is_delayed(const struct tcb *tcb, const struct ack_news *news);
/* All that was sent again was sent in vain. */
bool undo_all_came_twice(const struct tcb *tcb);
bool undo_is_due(const struct tcb *tcb, const struct ack_news *news);
/* The window is as before, and nothing is lost. */
void undo(struct tcb *tcb, enum cn_undo why, uint64_t now);
/* The window is as before, though something was lost: not for congestion. */
void undo_reduction(struct tcb *tcb, uint64_t now);

#endif
