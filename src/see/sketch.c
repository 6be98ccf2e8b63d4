/* SPDX-License-Identifier: MIT */
/* A run, as drawings need it. */
#include "see/sketch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "see/conn.h"
#include "wire/tcp_seg.h"

struct sketch {
	struct see_conns conns;
	struct sketch_item item[SKETCH_MAX];
	unsigned n, left_out;
	struct sketch_window window;
	uint32_t said_ack, said_wnd; /* by the right end */
	struct sketch_octets syn, data;
};

static struct sketch_item *add(struct sketch *sketch, enum sketch_kind kind,
			       unsigned side, uint64_t at)
{
	struct sketch_item *item;

	if (sketch->n == SKETCH_MAX) {
		sketch->left_out++;
		return NULL;
	}
	item = &sketch->item[sketch->n++];
	*item = (struct sketch_item){
		.kind = kind,
		.side = side,
		.at = at,
		.sent_as = SKETCH_MAX,
	};
	return item;
}

static void describe(struct sketch_item *item, const struct see_conn *conn,
		     unsigned from, const struct cn_trace *trace)
{
	item->flags = trace->flags;
	item->seq_abs = trace->seq;
	item->ack_abs = trace->ack;
	item->seq = trace->flags & TCP_SYN ?
			    0 :
			    see_rel(&conn->end[from], trace->seq);
	item->ack = see_rel(&conn->end[!from], trace->ack);
	item->len = trace->len;
	item->wnd = trace->wnd;
	item->mss = trace->mss;
	item->again = trace->retransmit;
}

/* A segment without octets arrives as one. */
static uint32_t size_of(const struct sketch_item *item)
{
	uint32_t size = item->len + !!(item->flags & TCP_SYN) +
			!!(item->flags & TCP_FIN);

	return size ? size : 1;
}

static bool is_part(const struct sketch_item *in, const struct sketch_item *out)
{
	uint32_t off = in->seq_abs - out->seq_abs;

	return out->kind == SKETCH_SEGMENT && out->side != in->side &&
	       !out->lost && out->ack_abs == in->ack_abs &&
	       !((out->flags ^ in->flags) & (TCP_SYN | TCP_RST)) &&
	       off <= out->len && in->len <= out->len - off &&
	       (in->len || !out->len);
}

/* The oldest that it may be a part of and that has not arrived; what arrives
 * twice left once. */
static unsigned sent_as(struct sketch *sketch, const struct sketch_item *in)
{
	unsigned found = SKETCH_MAX;

	for (unsigned i = 0; i + 1 < sketch->n; i++) {
		struct sketch_item *out = &sketch->item[i];

		if (!is_part(in, out))
			continue;
		found = i;
		if (out->arrived >= size_of(out))
			continue;
		out->arrived += size_of(in);
		break;
	}
	return found;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The best moment has something of everything: acknowledged, in flight, allowed, waiting. */
static uint32_t telling(const struct sketch_window *w)
{
	uint32_t edge = least(w->wnd, w->cwnd);
	uint32_t may = edge > w->flight ? least(edge - w->flight, w->unsent) :
					  0;

	return 1 + least(least(w->flight, w->nxt - w->flight),
			 least(may, w->unsent - may));
}

static void look_at_window(struct sketch *sketch, const struct see_conn *conn,
			   unsigned end, const struct cn_trace *trace)
{
	struct sketch_window seen, *window = &sketch->window;

	if (!trace->len || !trace->flight)
		return;
	seen = (struct sketch_window){
		.at = trace->at,
		.nxt = see_rel(&conn->end[end], trace->seq) + trace->len,
		.flight = trace->flight,
		.wnd = trace->snd_wnd,
		.cwnd = trace->cwnd,
		.unsent = trace->unsent,
		.rcv_nxt = sketch->said_ack,
		.rcv_wnd = sketch->said_wnd,
		.any = true,
	};
	if (!window->any || telling(&seen) >= telling(window))
		*window = seen;
}

static void segment(struct sketch *sketch, const struct see_conn *conn,
		    unsigned end, const struct cn_trace *trace)
{
	bool arrives = trace->kind == CN_TRACE_IN;
	unsigned side = end != conn->left;
	struct sketch_item *item =
		add(sketch, arrives ? SKETCH_ARRIVAL : SKETCH_SEGMENT, side,
		    trace->at);

	if (!item)
		return;
	describe(item, conn, arrives ? !end : end, trace);
	if (arrives) {
		item->sent_as = sent_as(sketch, item);
		return;
	}
	if (!side) {
		look_at_window(sketch, conn, end, trace);
	} else if (trace->flags & TCP_ACK) {
		sketch->said_ack = item->ack;
		sketch->said_wnd = trace->wnd;
	}
}

void sketch_event(struct sketch *sketch, int host, const struct cn_trace *trace)
{
	unsigned end;
	struct see_conn *conn = see_conn_of(&sketch->conns, host, trace, &end);
	struct sketch_item *item;

	if (!conn)
		return;
	if (trace->kind == CN_TRACE_OUT || trace->kind == CN_TRACE_IN) {
		segment(sketch, conn, end, trace);
	} else if (trace->kind == CN_TRACE_STATE) {
		item = add(sketch, SKETCH_STATE, end != conn->left, trace->at);
		if (item) {
			item->from = trace->from;
			item->to = trace->to;
		}
	}
	see_conn_follow(conn, end, trace);
}

static void keep_octets(struct sketch_octets *octets,
			const struct cn_frame *frame,
			const struct glance *glance)
{
	uint32_t len = glance->data - glance->upper;

	if (octets->n)
		return;
	octets->n = cn_frame_copy(frame, glance->upper, octets->octet,
				  len < SKETCH_OCTETS ? len : SKETCH_OCTETS);
	octets->data_len = glance->data_len;
}

void sketch_fate(struct sketch *sketch, const struct cn_frame *frame,
		 enum cn_fate fate, uint64_t now)
{
	struct glance glance;
	struct see_conn *conn;
	unsigned end, side;

	(void)now;
	conn = see_conn_of_frame(&sketch->conns, frame, &glance, &end);
	if (!conn)
		return;
	side = end != conn->left;
	if (glance.flags & TCP_SYN)
		keep_octets(&sketch->syn, frame, &glance);
	else if (glance.data_len)
		keep_octets(&sketch->data, frame, &glance);
	if (!cn_fate_is_drop(fate))
		return;
	for (unsigned i = sketch->n; i-- > 0;) {
		struct sketch_item *item = &sketch->item[i];

		if (item->kind != SKETCH_SEGMENT || item->side != side ||
		    item->seq_abs != glance.seq)
			continue;
		item->lost = true;
		return;
	}
}

void sketch_call(struct sketch *sketch, unsigned side, const char *text,
		 uint64_t now)
{
	struct sketch_item *item = add(sketch, SKETCH_CALL, side, now);

	if (item)
		snprintf(item->text, sizeof(item->text), "%s", text);
}

unsigned sketch_n(const struct sketch *sketch)
{
	return sketch->n;
}

const struct sketch_item *sketch_at(const struct sketch *sketch, unsigned i)
{
	return &sketch->item[i];
}

unsigned sketch_left_out(const struct sketch *sketch)
{
	return sketch->left_out;
}

const struct sketch_window *sketch_window(const struct sketch *sketch)
{
	return &sketch->window;
}

const struct sketch_octets *sketch_syn(const struct sketch *sketch)
{
	return &sketch->syn;
}

const struct sketch_octets *sketch_data(const struct sketch *sketch)
{
	return &sketch->data;
}

struct sketch *sketch_new(void)
{
	struct sketch *sketch = calloc(1, sizeof(*sketch));

	if (sketch)
		see_conns_init(&sketch->conns);
	return sketch;
}

void sketch_free(struct sketch *sketch)
{
	if (!sketch)
		return;
	see_conns_deinit(&sketch->conns);
	free(sketch);
}
