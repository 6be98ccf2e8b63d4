/* SPDX-License-Identifier: MIT */
/* The sentence of a packet, for its comment in a capture. */
#ifndef SEE_COMMENT_H
#define SEE_COMMENT_H

#include <catenet/engine.h>
#include <catenet/link.h>

#include "see/lang.h"

struct see_comments;

struct see_comments *see_comments_new(enum see_lang lang);
void see_comments_free(struct see_comments *comments);
/* Events of both hosts, in their order. */
void see_comments_event(struct see_comments *comments, int host,
			const struct cn_trace *trace);
/*
 * Why this packet was sent, by the event that was told just before, and what
 * the path did with it; the length, 0: nothing to say.
 */
size_t see_comment(const struct see_comments *comments,
		   const struct cn_frame *frame, enum cn_fate fate, char *out,
		   size_t size);

#endif
