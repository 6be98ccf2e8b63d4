/* SPDX-License-Identifier: MIT */
/* Connections as an onlooker knows them. */
#include "see/conn.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/seq.h"
#include "wire/tcp_seg.h"

void see_conns_init(struct see_conns *conns)
{
	memset(conns, 0, sizeof(*conns));
	for (size_t i = 0; i < SEE_SLOTS; i++)
		list_init(&conns->hash[i]);
	list_init(&conns->age);
}

static void drop_conn(struct see_conns *conns, struct see_conn *conn)
{
	if (conns->forget)
		conns->forget(conns->ctx, conn);
	list_del(&conn->chain);
	list_del(&conn->age);
	conns->n--;
	free(conn);
}

void see_conns_deinit(struct see_conns *conns)
{
	struct list *node;

	while ((node = list_first(&conns->age)))
		drop_conn(conns, CN_CONTAINER(node, struct see_conn, age));
}

static bool is_at(const struct cn_endpoint *a, const struct cn_endpoint *b)
{
	return a->port == b->port && cn_addr_equal(&a->addr, &b->addr);
}

/*
 * The same for both ends.  Whoever is looked at chooses addresses and ports: all
 * of them in one slot would make each event a walk through all.  What he does
 * not know is where this table lies.
 */
static unsigned slot_of(const struct see_conns *conns,
			const struct cn_endpoint *a,
			const struct cn_endpoint *b)
{
	const struct sip_key key = {(uintptr_t)conns, 0};
	uint8_t octet[2][18];
	uint64_t hash = 0;

	memcpy(octet[0], a->addr.octet, 16);
	memcpy(octet[0] + 16, &a->port, 2);
	memcpy(octet[1], b->addr.octet, 16);
	memcpy(octet[1] + 16, &b->port, 2);
	for (int i = 0; i < 2; i++)
		hash += siphash24(&key, octet[i], sizeof(octet[i]));
	return (unsigned)(hash % SEE_SLOTS);
}

struct see_conn *see_conn_find(const struct see_conns *conns,
			       const struct cn_endpoint *local,
			       const struct cn_endpoint *peer, unsigned *end)
{
	const struct list *head = &conns->hash[slot_of(conns, local, peer)];

	for (struct list *node = head->next; node != head; node = node->next) {
		struct see_conn *conn =
			CN_CONTAINER(node, struct see_conn, chain);

		for (unsigned i = 0; i < 2; i++)
			if (is_at(&conn->end[i].at, local) &&
			    is_at(&conn->end[!i].at, peer)) {
				*end = i;
				return conn;
			}
	}
	return NULL;
}

struct see_conn *see_conn_of_frame(const struct see_conns *conns,
				   const struct cn_frame *frame,
				   struct glance *glance, unsigned *from)
{
	struct cn_endpoint src, dst;

	glance_at(glance, frame);
	if (!glance_is_tcp(glance))
		return NULL;
	src.addr = glance_src(glance);
	src.port = glance->src_port;
	dst.addr = glance_dst(glance);
	dst.port = glance->dst_port;
	return see_conn_find(conns, &src, &dst, from);
}

static bool is_over(const struct see_end *end)
{
	return end->state == CN_CLOSED || end->state == CN_TIME_WAIT;
}

/* One that is over, if there is; the one not seen longest otherwise. */
static void make_room(struct see_conns *conns)
{
	struct list *oldest = list_first(&conns->age), *node = oldest;

	for (int i = 0; i < 64 && node != &conns->age; i++) {
		struct see_conn *conn =
			CN_CONTAINER(node, struct see_conn, age);

		if (is_over(&conn->end[0]) || is_over(&conn->end[1])) {
			drop_conn(conns, conn);
			return;
		}
		node = node->next;
	}
	drop_conn(conns, CN_CONTAINER(oldest, struct see_conn, age));
}

static void begin(struct see_conns *conns, struct see_conn *conn, int host,
		  const struct cn_trace *trace)
{
	struct list chain = conn->chain, age = conn->age;
	struct see_end *end = conn->end;

	memset(conn, 0, sizeof(*conn));
	conn->chain = chain;
	conn->age = age;
	conn->number = ++conns->begun;
	end[0].at = trace->local;
	end[1].at = trace->peer;
	end[0].host = host;
	end[1].host = -1;
	conn->opener = trace->kind == CN_TRACE_IN || trace->from == CN_LISTEN;
	/* The second host's end is drawn on the right. */
	conn->left = conns->opener_left ? conn->opener : host > 0;
}

static struct see_conn *make(struct see_conns *conns, int host,
			     const struct cn_trace *trace)
{
	struct see_conn *conn = malloc(sizeof(*conn));

	if (!conn)
		return NULL;
	if (conns->n >= SEE_CONNS_MAX)
		make_room(conns);
	list_init(&conn->chain);
	list_init(&conn->age);
	begin(conns, conn, host, trace);
	list_add_tail(&conns->hash[slot_of(conns, &trace->local, &trace->peer)],
		      &conn->chain);
	list_add_tail(&conns->age, &conn->age);
	conns->n++;
	return conn;
}

/* The endpoints have been used before: a connection opens again. */
static bool begins_again(const struct see_end *end,
			 const struct cn_trace *trace)
{
	return trace->kind == CN_TRACE_STATE && end->has_iss &&
	       ((trace->from == CN_CLOSED && trace->to == CN_SYN_SENT) ||
		(trace->from == CN_LISTEN && trace->to == CN_SYN_RECEIVED &&
		 end->state != CN_LISTEN));
}

struct see_conn *see_conn_of(struct see_conns *conns, int host,
			     const struct cn_trace *trace, unsigned *end)
{
	struct see_conn *conn =
		see_conn_find(conns, &trace->local, &trace->peer, end);

	if (!conn) {
		*end = 0;
		return make(conns, host, trace);
	}
	if (begins_again(&conn->end[*end], trace)) {
		if (conns->forget)
			conns->forget(conns->ctx, conn);
		begin(conns, conn, host, trace);
		*end = 0;
	}
	conn->end[*end].host = host;
	conn->loopback = conn->end[0].host == conn->end[1].host;
	list_del(&conn->age);
	list_add_tail(&conns->age, &conn->age);
	return conn;
}

/* ----------------------------------------------------------- following -- */

static void learn_iss(struct see_conn *conn, unsigned end,
		      const struct cn_trace *trace)
{
	const struct see_end *whose =
		&conn->end[trace->kind == CN_TRACE_OUT ? end : !end];
	struct see_end *from = &conn->end[whose - conn->end];

	if (trace->flags & TCP_SYN) {
		from->iss = trace->seq;
		from->has_iss = true;
		return;
	}
	/* Seen only from the middle on. */
	if (!conn->end[end].has_iss && trace->iss) {
		conn->end[end].iss = trace->iss;
		conn->end[end].has_iss = true;
	}
	if (!conn->end[!end].has_iss && trace->irs) {
		conn->end[!end].iss = trace->irs;
		conn->end[!end].has_iss = true;
	}
}

static void follow_out(struct see_end *own, const struct cn_trace *trace)
{
	uint32_t past = trace->seq + trace->len +
			!!(trace->flags & (TCP_SYN | TCP_FIN));

	if (trace->flags & TCP_RST)
		return;
	if (!own->sent || seq_gt(past, own->snd_max))
		own->snd_max = past;
	own->sent = true;
	if (trace->flags & TCP_SYN) {
		own->sent_at = trace->at;
		own->cookie = trace->why == CN_SEND_COOKIE;
		if (!(trace->flags & TCP_ACK))
			own->active = true;
		own->fast |= trace->len > 0;
	}
	if (trace->flags & TCP_FIN) {
		own->fin_out = true;
		own->fin_seq = past - 1;
	}
	if (trace->flags & TCP_ACK) {
		own->any_out = true;
		own->ack_out = trace->ack;
		own->wnd_out = trace->wnd;
		if (seq_gt(trace->ack, own->rcv_next))
			own->rcv_next = trace->ack;
	}
	own->delack = false;
}

static bool is_pure_ack(const struct cn_trace *trace)
{
	return !trace->len && (trace->flags & TCP_ACK) &&
	       !(trace->flags & (TCP_SYN | TCP_FIN | TCP_RST));
}

static void follow_in(struct see_end *own, const struct cn_trace *trace)
{
	uint32_t past = trace->seq + trace->len +
			!!(trace->flags & (TCP_SYN | TCP_FIN));

	own->drop = trace->drop;
	own->drop_at = trace->at;
	own->flags_in = trace->flags;
	own->probed = trace->drop == CN_DROP_TCP_SEQUENCE && is_pure_ack(trace);
	if (trace->flags & TCP_SYN) {
		own->rcv_next = past;
		own->rcv_max = past;
	}
	if (trace->drop || (trace->flags & TCP_RST))
		return;
	if (trace->flags & TCP_FIN)
		own->fin_in = true;
	if (seq_le(trace->seq, own->rcv_next) && seq_gt(past, own->rcv_next))
		own->rcv_next = past;
	if (seq_gt(past, own->rcv_max))
		own->rcv_max = past;
	if (!(trace->flags & TCP_ACK))
		return;
	if (own->any_in && trace->ack == own->acked && is_pure_ack(trace) &&
	    trace->wnd == own->wnd_in && trace->flight)
		own->dup_n++;
	else
		own->dup_n = 0;
	if (!own->any_in || !seq_lt(trace->ack, own->acked)) {
		own->acked = trace->ack;
		own->wnd_in = trace->wnd;
	}
	own->any_in = true;
}

void see_conn_follow(struct see_conn *conn, unsigned end,
		     const struct cn_trace *trace)
{
	struct see_end *own = &conn->end[end];

	switch ((enum cn_trace_kind)trace->kind) {
	case CN_TRACE_STATE:
		own->state = trace->to;
		own->over_by = trace->to == CN_CLOSED ? trace->rule : NULL;
		if (trace->from == CN_LISTEN && trace->rule)
			own->fast_in = !strncmp(trace->rule, "RFC 7413", 8);
		break;
	case CN_TRACE_IN:
		learn_iss(conn, end, trace);
		follow_in(own, trace);
		own->state = trace->to;
		break;
	case CN_TRACE_OUT:
		learn_iss(conn, end, trace);
		follow_out(own, trace);
		break;
	case CN_TRACE_TIMER:
		if (trace->timer == CN_TIMER_DELACK)
			own->delack = true;
		break;
	case CN_TRACE_CC:
		own->recovery = trace->recovery;
		break;
	case CN_TRACE_WINDOW:
	case CN_TRACE_MTU:
	case CN_TRACE_N:
		break;
	}
}

uint8_t see_flags(const struct cn_trace *trace)
{
	return trace->has_ace ? trace->flags & (TCP_ECE - 1) : trace->flags;
}

uint32_t see_rel(const struct see_end *end, uint32_t seq)
{
	return end->has_iss ? seq - end->iss : seq;
}
