/* SPDX-License-Identifier: MIT */
/* The parts of a sentence. */
#include "see/view.h"

#include <inttypes.h>
#include <stdio.h>

#include "wire/tcp_seg.h"

void view_number(struct view *v, int i, uint64_t number)
{
	snprintf(v->tale->arg[i], SEE_ARG_MAX, "%" PRIu64, number);
}

void view_range(struct view *v, int i, uint32_t first, uint32_t past)
{
	snprintf(v->tale->arg[i], SEE_ARG_MAX, "%" PRIu32 ":%" PRIu32, first,
		 past);
}

void view_duration(struct view *v, int i, uint64_t ns)
{
	see_duration(ns, v->tale->arg[i], SEE_ARG_MAX);
}

void view_text(struct view *v, int i, const char *text)
{
	snprintf(v->tale->arg[i], SEE_ARG_MAX, "%s", text);
}

bool view_say(struct view *v, enum see_key key)
{
	v->tale->key = key;
	return true;
}

bool view_is_pure_ack(const struct cn_trace *trace)
{
	return !trace->len && (trace->flags & TCP_ACK) &&
	       !(trace->flags & (TCP_SYN | TCP_FIN | TCP_RST));
}

bool view_is_opening(uint8_t flags)
{
	return (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}
