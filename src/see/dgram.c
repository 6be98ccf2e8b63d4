/* SPDX-License-Identifier: MIT */
/* What there is to say of a datagram: it has no past and no state, so its
 * sentence follows from the event alone. */
#include "see/dgram.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PROTOCOL_UDP 17

static void number(struct see_tale *tale, int i, uint32_t value)
{
	snprintf(tale->arg[i], SEE_ARG_MAX, "%" PRIu32, value);
}

static enum see_key out_key(const struct cn_dgram_trace *trace)
{
	if (trace->protocol != PROTOCOL_UDP)
		return SEE_DGRAM_OUT_PING;
	if (trace->to_many)
		return SEE_DGRAM_OUT_MANY;
	return trace->fragments ? SEE_DGRAM_OUT_CUT : SEE_DGRAM_OUT;
}

static enum see_key in_key(const struct cn_dgram_trace *trace)
{
	if (trace->drop == CN_DROP_UDP_NO_PORT)
		return SEE_DGRAM_IN_NO_PORT;
	if (trace->drop == CN_DROP_UDP_RCVBUF)
		return SEE_DGRAM_IN_FULL;
	if (trace->drop)
		return SEE_IN_DROP;
	if (trace->protocol != PROTOCOL_UDP)
		return SEE_DGRAM_IN_PING;
	return trace->to_many ? SEE_DGRAM_IN_MANY : SEE_DGRAM_IN;
}

void see_tell_dgram(const struct cn_dgram_trace *trace, struct see_tale *tale)
{
	memset(tale, 0, sizeof(*tale));
	tale->rule = trace->rule;
	number(tale, 0, trace->len);
	switch ((enum cn_dgram_trace_kind)trace->kind) {
	case CN_DGRAM_TRACE_OUT:
		number(tale, 1, trace->fragments);
		tale->key = out_key(trace);
		break;
	case CN_DGRAM_TRACE_IN:
		tale->key = in_key(trace);
		if (tale->key == SEE_IN_DROP)
			tale->drop = (enum cn_drop)trace->drop;
		break;
	case CN_DGRAM_TRACE_ERROR:
	case CN_DGRAM_TRACE_N:
		snprintf(tale->arg[0], SEE_ARG_MAX, "%s",
			 cn_err_text(trace->err));
		tale->key = SEE_DGRAM_ERROR;
		break;
	}
}
