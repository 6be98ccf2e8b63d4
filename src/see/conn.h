/* SPDX-License-Identifier: MIT */
/*
 * Connections as an onlooker knows them: from the events of one host or of
 * both.  What the onlooker remembers of each end is what a sentence about the
 * next event needs.
 */
#ifndef SEE_CONN_H
#define SEE_CONN_H

#include <catenet/engine.h>

#include "base/list.h"
#include "wire/glance.h"

#define SEE_CONNS_MAX 4096

struct see_end {
	struct cn_endpoint at;
	int host; /* whose events tell of it, -1: nobody's */
	uint8_t state; /* enum cn_tcp_state, 0: not known */
	bool has_iss;
	bool sent; /* snd_max is known */
	uint32_t iss;
	uint32_t snd_max; /* past all that it has sent */
	uint32_t rcv_next; /* as far as it has everything */
	uint32_t rcv_max; /* past all that has come */
	uint32_t acked; /* last acknowledgement that came */
	uint32_t ack_out; /* ... that it sent */
	uint32_t wnd_in, wnd_out; /* last windows that came, that it offered */
	unsigned dup_n; /* duplicate ACKs that came in a row */
	bool any_in, any_out; /* acked and wnd_in, ack_out and wnd_out hold */
	bool fin_in, fin_out;
	uint32_t fin_seq; /* of its FIN */
	uint8_t recovery; /* enum cn_recovery */
	uint8_t drop; /* of what came last */
	uint64_t drop_at;
	uint64_t sent_at; /* its last SYN */
	uint8_t flags_in; /* of what came last */
	bool probed; /* what came last was an ACK outside the window */
	bool fast; /* its SYN bore data (RFC 7413) */
	bool fast_in; /* it took a SYN by Fast Open */
	bool cookie; /* its SYN-ACK was a SYN cookie */
	bool delack; /* the timer has fired since its last segment */
	bool active; /* it sent a SYN of its own accord */
	const char *over_by; /* the rule that closed it, static; or NULL */
};

struct see_conn {
	struct list chain, age; /* of its hash; least recently seen first */
	unsigned number; /* 1, 2, ... in the order of their beginning */
	unsigned left; /* the end that is drawn on the left */
	unsigned opener; /* the end that sent the first SYN */
	bool loopback; /* both ends are on one host */
	struct see_end end[2];
	void *user; /* the consumer's */
};

#define SEE_SLOTS 1024

struct see_conns {
	struct list hash[SEE_SLOTS];
	struct list age;
	unsigned n, begun;
	bool opener_left; /* not the host of number 0, but who opens */
	/* Called before a connection is forgotten, or begins again. */
	void (*forget)(void *ctx, struct see_conn *conn);
	void *ctx;
};

void see_conns_init(struct see_conns *conns);
void see_conns_deinit(struct see_conns *conns);
/*
 * The connection of an event and, in *end, which of its ends is the event's
 * local one.  NULL: no memory.  A new incarnation of the same endpoints gets
 * a new number.
 */
struct see_conn *see_conn_of(struct see_conns *conns, int host,
			     const struct cn_trace *trace, unsigned *end);
/* The connection between these endpoints, or NULL. */
struct see_conn *see_conn_find(const struct see_conns *conns,
			       const struct cn_endpoint *local,
			       const struct cn_endpoint *peer, unsigned *end);
/* The connection of a packet that is on its way from its end *from, with what
 * glance finds in it; NULL: none that is known, or no TCP. */
struct see_conn *see_conn_of_frame(const struct see_conns *conns,
				   const struct cn_frame *frame,
				   struct glance *glance, unsigned *from);
/* Remembers the event; after everything was said about it. */
void see_conn_follow(struct see_conn *conn, unsigned end,
		     const struct cn_trace *trace);

/* Of a segment, what are flags still (RFC 9768 section 3.2.2). */
uint8_t see_flags(const struct cn_trace *trace);

/* Relative numbers, as far as the initial ones are known. */
uint32_t see_rel(const struct see_end *end, uint32_t seq);

#endif
