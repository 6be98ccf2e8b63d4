/* SPDX-License-Identifier: MIT */
/* What the choice of a sentence looks at: for tale.c and its two halves. */
#ifndef SEE_VIEW_H
#define SEE_VIEW_H

#include "see/tale.h"

struct view {
	const struct see_conn *conn;
	const struct see_end *own, *peer;
	const struct cn_trace *trace;
	struct see_tale *tale;
};

/* A segment that was sent (tale_out.c), or has arrived (tale_in.c). */
bool tale_out(struct view *v);
bool tale_in(struct view *v);

/* It acknowledges what was acknowledged, for the n-th time (RFC 5681). */
bool tale_is_dup(const struct see_end *own, const struct cn_trace *t);

/* The sentence, and what stands at its i-th place. */
bool view_say(struct view *v, enum see_key key);
void view_number(struct view *v, int i, uint64_t number);
/* As captures write it: the first octet, and the one after the last. */
void view_range(struct view *v, int i, uint32_t first, uint32_t past);
void view_duration(struct view *v, int i, uint64_t ns);
void view_text(struct view *v, int i, const char *text);

/* Of the segment. */
bool view_is_pure_ack(const struct cn_trace *trace);
bool view_is_opening(uint8_t flags);

#endif
