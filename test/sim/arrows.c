/* SPDX-License-Identifier: MIT */
#include "arrows.h"

#include "base/seq.h"
#include "wire/tcp_seg.h"

#define TO(state) (1u << CN_##state)

static const uint32_t arrow[16] = {
	[CN_CLOSED] = TO(LISTEN) | TO(SYN_SENT) | TO(SYN_RECEIVED),
	[CN_LISTEN] = TO(SYN_RECEIVED) | TO(SYN_SENT) | TO(CLOSED),
	[CN_SYN_SENT] = TO(SYN_RECEIVED) | TO(ESTABLISHED) | TO(CLOSED),
	[CN_SYN_RECEIVED] = TO(ESTABLISHED) | TO(FIN_WAIT_1) | TO(LISTEN) |
			    TO(CLOSED),
	[CN_ESTABLISHED] = TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED),
	[CN_FIN_WAIT_1] = TO(FIN_WAIT_2) | TO(CLOSING) | TO(TIME_WAIT) |
			  TO(CLOSED),
	[CN_FIN_WAIT_2] = TO(TIME_WAIT) | TO(CLOSED),
	[CN_CLOSE_WAIT] = TO(LAST_ACK) | TO(CLOSED),
	[CN_CLOSING] = TO(TIME_WAIT) | TO(CLOSED),
	[CN_LAST_ACK] = TO(CLOSED),
	[CN_TIME_WAIT] = TO(CLOSED),
};

static struct arrow_entry *find(struct arrows *arrows, int host,
				const struct cn_trace *trace)
{
	uint32_t hash = trace->local.port * 2654435761u ^
			trace->peer.port * 40503u ^ (uint32_t)host * 7919u;

	for (uint32_t i = 0; i < ARROW_SLOTS; i++) {
		struct arrow_entry *entry =
			&arrows->entry[(hash + i) % ARROW_SLOTS];

		if (!entry->used) {
			*entry = (struct arrow_entry){
				.used = true,
				.host = host,
				.local = trace->local,
				.peer = trace->peer,
			};
			return entry;
		}
		if (entry->host == host &&
		    entry->local.port == trace->local.port &&
		    entry->peer.port == trace->peer.port &&
		    cn_addr_equal(&entry->local.addr, &trace->local.addr) &&
		    cn_addr_equal(&entry->peer.addr, &trace->peer.addr))
			return entry;
	}
	return NULL;
}

/* Where a connection may begin to be seen: the SYN cache has no record. */
static bool is_begin(uint8_t state)
{
	return state == CN_CLOSED || state == CN_LISTEN ||
	       state == CN_SYN_RECEIVED;
}

const char *arrows_follow(struct arrows *arrows, int host,
			  const struct cn_trace *trace)
{
	struct arrow_entry *entry = find(arrows, host, trace);
	uint8_t was;

	if (trace->from > 15 || trace->to > 15)
		return "a state that does not exist";
	if (!entry)
		return "more connections than the test can follow";
	was = entry->state;
	entry->state = trace->to;
	arrows->n++;
	arrows->seen[trace->from] |= 1u << trace->to;
	if (is_begin(trace->from)) {
		entry->has_offer = false;
		entry->has_grant = false;
	}
	if (!(arrow[trace->from] & 1u << trace->to))
		return "an arrow that is not in figure 5";
	if (was == trace->from || arrows->loose)
		return NULL;
	/* A TIME-WAIT entry may end without a word. */
	if ((was == 0 || was == CN_CLOSED || was == CN_TIME_WAIT ||
	     was == CN_LISTEN) &&
	    is_begin(trace->from))
		return NULL;
	return "a state that the connection was not in";
}

static const char *offers(struct arrow_entry *entry,
			  const struct cn_trace *trace)
{
	uint32_t edge = trace->ack + trace->wnd;
	bool left = entry->has_offer && seq_lt(edge, entry->offer);

	if (!(trace->flags & TCP_ACK) || trace->flags & TCP_RST)
		return NULL;
	/* A SYN's window has no scale: it cannot tell what was rounded up to
	 * the scale's unit in an ACK before it was sent again. */
	if (entry->has_offer && trace->flags & TCP_SYN)
		return NULL;
	entry->has_offer = true;
	entry->offer = edge;
	return left ? "the right edge of a window moved left" : NULL;
}

static const char *sends(struct arrow_entry *entry,
			 const struct cn_trace *trace)
{
	uint32_t end = trace->seq + trace->len;

	/* What rides on a SYN needs no window (RFC 7413), nor does it when it
	 * is sent again (RFC 9293 SHLD-16), be there a SYN without it between
	 * them. */
	if (trace->flags & TCP_SYN) {
		if (!entry->has_grant || seq_gt(end + 1, entry->grant))
			entry->grant = end + 1;
		entry->has_grant |= trace->len > 0;
	}
	if (!trace->len || !entry->has_grant || seq_le(end, entry->grant))
		return NULL;
	return "octets beyond every window that was granted";
}

/* Their data was of no use, but their ACK and window were taken. */
static bool is_used(uint8_t drop)
{
	return drop == CN_DROP_NONE || drop == CN_DROP_TCP_OOO_LIMIT ||
	       drop == CN_DROP_TCP_DUPLICATE || drop == CN_DROP_MEMORY;
}

static void is_granted(struct arrow_entry *entry, const struct cn_trace *trace)
{
	uint32_t edge = trace->ack + trace->wnd;

	if (!(trace->flags & TCP_ACK) || trace->flags & TCP_RST ||
	    !is_used(trace->drop))
		return;
	if (!entry->has_grant || seq_gt(edge, entry->grant))
		entry->grant = edge;
	entry->has_grant = true;
}

const char *arrows_segment(struct arrows *arrows, int host,
			   const struct cn_trace *trace)
{
	struct arrow_entry *entry = find(arrows, host, trace);
	const char *wrong;

	/* A TIME-WAIT entry knows less of its window. */
	if (!entry || trace->from == CN_TIME_WAIT || trace->from == CN_CLOSED ||
	    trace->from == CN_LISTEN)
		return NULL;
	if (trace->kind == CN_TRACE_IN) {
		is_granted(entry, trace);
		return NULL;
	}
	wrong = offers(entry, trace);
	return wrong ? wrong : sends(entry, trace);
}
