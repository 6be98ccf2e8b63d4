/* SPDX-License-Identifier: MIT */
/* Which sentence fits a segment that has arrived. */
#include "base/seq.h"
#include "see/view.h"
#include "wire/tcp_seg.h"

static bool in_drop(struct view *v)
{
	const struct cn_trace *t = v->trace;

	switch (t->drop) {
	case CN_DROP_TCP_DUPLICATE:
		if (t->flags & TCP_SYN)
			return view_say(v, SEE_IN_SYN_AGAIN);
		break;
	case CN_DROP_TCP_BACKLOG:
		return view_say(v, SEE_IN_DROP_BACKLOG);
	case CN_DROP_TCP_NO_PORT:
		return view_say(v, view_is_opening(t->flags) ?
					   SEE_IN_DROP_PORT :
					   SEE_IN_DROP_STRAY);
	case CN_DROP_TCP_HELD:
		return view_say(v, SEE_IN_HELD);
	case CN_DROP_TCP_TIME_WAIT:
		if (t->flags & TCP_FIN)
			return view_say(v, SEE_IN_FIN_AGAIN);
		break;
	case CN_DROP_TCP_SEQUENCE:
	case CN_DROP_TCP_SYN_IN_WINDOW:
		if (t->flags & TCP_SYN)
			return view_say(v, SEE_IN_SYN_ACK_LATE);
		if (view_is_pure_ack(t))
			return view_say(v, SEE_IN_ACK_PROBE);
		break;
	default:
		break;
	}
	v->tale->drop = (enum cn_drop)t->drop;
	return view_say(v, SEE_IN_DROP);
}

static bool is_opener(const struct view *v)
{
	return v->conn->opener < 2 && v->own == &v->conn->end[v->conn->opener];
}

static bool in_syn_fast(struct view *v)
{
	view_number(v, 0, v->trace->len);
	v->tale->rule = "RFC 7413 section 4.2.2";
	return view_say(v, SEE_IN_SYN_FAST);
}

/* And if the SYN bore data, were they taken? */
static bool in_syn_ack(struct view *v)
{
	if (!v->own->fast)
		return view_say(v, SEE_IN_SYN_ACK);
	v->tale->rule = "RFC 7413 section 4.2.1";
	return view_say(v, v->trace->ack == v->own->snd_max ?
				   SEE_IN_SYN_ACK_DATA :
				   SEE_IN_SYN_ACK_ALONE);
}

/* What it did to the state is the first thing to tell; false: nothing. */
static bool in_state(struct view *v)
{
	const struct cn_trace *t = v->trace;

	if (t->from == t->to)
		return false;
	if (t->flags & TCP_RST) {
		if (t->from == CN_SYN_SENT)
			return view_say(v, SEE_IN_RST_REFUSED);
		return view_say(v, t->from == CN_SYN_RECEIVED ?
					   SEE_IN_RST_HALF_OPEN :
					   SEE_IN_RST);
	}
	switch ((enum cn_tcp_state)t->to) {
	case CN_SYN_RECEIVED:
		if (t->from == CN_SYN_SENT)
			return view_say(v, SEE_IN_SYN_BOTH);
		return v->own->fast_in ? in_syn_fast(v) :
					 view_say(v, SEE_IN_SYN);
	case CN_ESTABLISHED:
		if (t->from == CN_SYN_SENT)
			return in_syn_ack(v);
		if (v->own->fast_in)
			return view_say(v, SEE_IN_ACK_OF_SYN);
		if (v->own->cookie) {
			v->tale->rule = "RFC 4987 section 3.6";
			return view_say(v, SEE_IN_ACK_COOKIE);
		}
		/* Both may have opened: only a listener has a queue. */
		return view_say(v, v->own->active || is_opener(v) ?
					   SEE_IN_ACK_OF_SYN :
					   SEE_IN_ACK_QUEUED);
	case CN_CLOSE_WAIT:
		return view_say(v, SEE_IN_FIN);
	case CN_CLOSING:
		return view_say(v, SEE_IN_FIN_BOTH);
	case CN_FIN_WAIT_2:
		return view_say(v, SEE_IN_ACK_OF_FIN);
	case CN_TIME_WAIT:
		return view_say(v, t->from == CN_CLOSING ?
					   SEE_IN_ACK_OF_FIN_BOTH :
					   SEE_IN_FIN_LAST);
	case CN_CLOSED:
		if (t->from == CN_LAST_ACK)
			return view_say(v, SEE_IN_ACK_OF_FIN_LAST);
		break;
	case CN_LISTEN:
	case CN_SYN_SENT:
	case CN_FIN_WAIT_1:
	case CN_LAST_ACK:
		break;
	}
	return false;
}

static bool in_data(struct view *v)
{
	const struct cn_trace *t = v->trace;
	const struct see_end *own = v->own;

	view_number(v, 0, t->len);
	if (seq_gt(t->seq, own->rcv_next)) {
		view_number(v, 1, see_rel(v->peer, own->rcv_next));
		return view_say(v, SEE_IN_DATA_GAP);
	}
	if (seq_gt(own->rcv_max, own->rcv_next))
		return view_say(v, SEE_IN_DATA_FILLS);
	return view_say(v, SEE_IN_DATA);
}

bool tale_is_dup(const struct see_end *own, const struct cn_trace *t)
{
	return own->any_in && t->ack == own->acked && view_is_pure_ack(t) &&
	       t->wnd == own->wnd_in && t->flight;
}

static bool in_dup(struct view *v)
{
	const struct cn_trace *t = v->trace;

	view_number(v, 0, v->own->dup_n + 1);
	v->tale->rule = "RFC 5681 section 2";
	if (!t->sack_n)
		return view_say(v, SEE_IN_ACK_DUP);
	view_number(v, 1, see_rel(v->own, t->ack));
	view_range(v, 2, see_rel(v->own, t->sack[0][0]),
		   see_rel(v->own, t->sack[0][1]));
	return view_say(v, SEE_IN_ACK_DUP_SACK);
}

static bool in_ack(struct view *v)
{
	const struct cn_trace *t = v->trace;
	const struct see_end *own = v->own;
	uint32_t acked = own->any_in ? t->ack - own->acked : 0;

	if (seq_diff(t->ack, own->acked) < 0)
		acked = 0;
	view_number(v, 0, acked);
	if (!t->wnd && own->any_in) {
		v->tale->rule = "RFC 9293 section 3.8.6.1";
		return view_say(v, own->wnd_in || acked ? SEE_IN_WINDOW_CLOSED :
							  SEE_IN_WINDOW_STILL);
	}
	if (own->any_in && (!own->wnd_in || (!acked && t->wnd > own->wnd_in))) {
		view_number(v, 0, t->wnd);
		v->tale->rule = "RFC 9293 section 3.8.6";
		return view_say(v, own->wnd_in ? SEE_IN_WINDOW_GROWS :
						 SEE_IN_WINDOW_OPEN);
	}
	if (tale_is_dup(own, t))
		return in_dup(v);
	if (!acked)
		return view_say(v, SEE_IN_ACK_NOTHING);
	view_number(v, 1, t->flight);
	return view_say(v, SEE_IN_ACK);
}

bool tale_in(struct view *v)
{
	if (v->trace->drop)
		return in_drop(v);
	if (v->trace->from == CN_LISTEN && v->trace->to == CN_LISTEN)
		return view_say(v, SEE_IN_SYN_COOKIE);
	if (in_state(v))
		return true;
	if (v->trace->len)
		return in_data(v);
	if (v->trace->flags & TCP_FIN)
		return view_say(v, SEE_IN_FIN);
	return in_ack(v);
}
