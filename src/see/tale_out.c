/* SPDX-License-Identifier: MIT */
/* Which sentence fits a segment that was sent. */
#include <string.h>

#include "base/seq.h"
#include "see/view.h"
#include "wire/tcp_seg.h"

/* RFC 7413: a SYN may bear data, or ask for leave to. */
static bool out_syn_first(struct view *v)
{
	const struct cn_trace *t = v->trace;

	if (!t->fastopen)
		return view_say(v, SEE_OUT_SYN);
	v->tale->rule = "RFC 7413 section 4.2.1";
	if (t->fastopen == CN_FASTOPEN_ASKS)
		return view_say(v, SEE_OUT_SYN_ASKS);
	view_number(v, 0, t->len);
	return view_say(v, SEE_OUT_SYN_DATA);
}

static bool out_syn_ack(struct view *v)
{
	const struct cn_trace *t = v->trace;
	bool data = v->peer->has_iss && t->ack - 1 != v->peer->iss;

	if (!data && !t->fastopen)
		return view_say(v, SEE_OUT_SYN_ACK);
	v->tale->rule = "RFC 7413 section 4.2.2";
	return view_say(v, data ? SEE_OUT_SYN_ACK_DATA : SEE_OUT_SYN_ACK_GIVES);
}

static bool out_syn(struct view *v)
{
	const struct cn_trace *t = v->trace;
	bool again = t->retransmit ||
		     (v->own->sent && v->own->has_iss && v->own->iss == t->seq);

	if (!(t->flags & TCP_ACK)) {
		if (!again)
			return out_syn_first(v);
		if (v->own->fast) {
			v->tale->rule = "RFC 7413 section 4.2.1";
			return view_say(v, SEE_OUT_SYN_PLAIN);
		}
		view_duration(v, 0, t->at - v->own->sent_at);
		v->tale->rule = "RFC 9293 section 3.8.1";
		return view_say(v, SEE_OUT_SYN_AGAIN);
	}
	/* It had sent a SYN by itself: both opened. */
	if (v->own->sent && !v->own->any_out) {
		v->tale->rule = "RFC 9293 section 3.10.7.3";
		return view_say(v, SEE_OUT_SYN_ACK_BOTH);
	}
	if (!again)
		return out_syn_ack(v);
	v->tale->rule = "RFC 9293 section 3.8.1";
	return view_say(v, SEE_OUT_SYN_ACK_AGAIN);
}

/* Of a close that leaves octets unread (SHLD-3); other ends are aborts. */
static const char unread_rule[] = "RFC 9293 section 3.6.1";

static bool out_rst(struct view *v)
{
	const struct cn_trace *t = v->trace;
	uint8_t drop = v->own->drop_at == t->at ? v->own->drop : CN_DROP_NONE;

	switch (drop) {
	case CN_DROP_TCP_NO_PORT:
		return view_say(v, view_is_opening(v->own->flags_in) ?
					   SEE_OUT_RST_NO_PORT :
					   SEE_OUT_RST_STRAY);
	case CN_DROP_TCP_CLOSED:
		return view_say(v, SEE_OUT_RST_STRAY);
	case CN_DROP_TCP_AFTER_CLOSE:
		return view_say(v, SEE_OUT_RST_LATE);
	case CN_DROP_TCP_CLIENT_LIMIT:
		return view_say(v, SEE_OUT_RST_CLIENT);
	case CN_DROP_TCP_ACK_UNACCEPTABLE:
		return view_say(v, SEE_OUT_RST_BAD_ACK);
	default:
		break;
	}
	if (v->own->over_by)
		v->tale->rule = v->own->over_by;
	return view_say(v, v->own->over_by && strcmp(v->own->over_by,
						     unread_rule) == 0 ?
				   SEE_OUT_RST_UNREAD :
				   SEE_OUT_RST_ABORT);
}

static bool out_again(struct view *v)
{
	const struct cn_trace *t = v->trace;
	uint32_t first = see_rel(v->own, t->seq);

	if (!t->len && (t->flags & TCP_FIN)) {
		view_duration(v, 0, t->rto_ns);
		return view_say(v, SEE_OUT_FIN_AGAIN);
	}
	view_range(v, 0, first, first + t->len);
	if (v->own->fast && first == 1 && !v->own->any_out) {
		v->tale->rule = "RFC 7413 section 4.2.1";
		return view_say(v, SEE_OUT_AGAIN_SYN_DATA);
	}
	if (t->recovery == CN_RECOVERY_FAST)
		return view_say(v, SEE_OUT_AGAIN_FAST);
	if (v->own->any_in && v->own->acked != t->seq)
		return view_say(v, SEE_OUT_AGAIN_MORE);
	view_duration(v, 1, t->rto_ns);
	return view_say(v, SEE_OUT_AGAIN_TIMEOUT);
}

/* RFC 8985 section 7: the last octets again, or the FIN, to hear of them. */
static bool out_tail(struct view *v)
{
	const struct cn_trace *t = v->trace;
	uint32_t first = see_rel(v->own, t->seq);

	if (!t->len)
		return view_say(v, SEE_OUT_TAIL_FIN);
	view_range(v, 0, first, first + t->len);
	return view_say(v, SEE_OUT_TAIL);
}

static bool out_data(struct view *v)
{
	const struct cn_trace *t = v->trace;

	view_number(v, 0, t->len);
	if (!(t->flags & TCP_FIN))
		return view_say(v, SEE_OUT_DATA);
	return view_say(v, t->len ? SEE_OUT_DATA_LAST : SEE_OUT_FIN);
}

static bool out_sack(struct view *v)
{
	const struct cn_trace *t = v->trace;
	uint32_t left = see_rel(v->peer, t->sack[0][0]);
	uint32_t right = see_rel(v->peer, t->sack[0][1]);

	view_range(v, 1, left, right);
	/* RFC 2883: the first block is below the acknowledgement, or within
	 * the second. */
	if (seq_le(t->sack[0][1], t->ack)) {
		v->tale->rule = "RFC 2883 section 4";
		return view_say(v, SEE_OUT_ACK_DSACK);
	}
	return view_say(v, SEE_OUT_ACK_SACK);
}

static bool out_ack(struct view *v)
{
	const struct cn_trace *t = v->trace;
	const struct see_end *own = v->own;
	bool same = own->any_out && own->ack_out == t->ack;

	view_number(v, 0, see_rel(v->peer, t->ack));
	if (t->sack_n)
		return out_sack(v);
	if (t->to == CN_TIME_WAIT && own->fin_in && same) {
		v->tale->rule = "RFC 9293 section 3.10.7.4";
		return view_say(v, SEE_OUT_TIME_WAIT_ACK);
	}
	if (!own->any_out || own->wnd_out == 0) {
		if (!own->any_out) {
			v->tale->rule = "RFC 9293 section 3.10.7.3";
			return view_say(v, SEE_OUT_ACK_OF_SYN);
		}
		if (t->wnd) {
			view_number(v, 0, t->wnd);
			v->tale->rule = "RFC 9293 section 3.8.6";
			return view_say(v, SEE_OUT_ACK_OPENS);
		}
	}
	if (!t->wnd && own->wnd_out) {
		v->tale->rule = "RFC 9293 section 3.8.6";
		return view_say(v, SEE_OUT_ACK_CLOSED);
	}
	if (same && t->wnd > own->wnd_out) {
		view_number(v, 0, t->wnd);
		v->tale->rule = "RFC 9293 section 3.8.6.2.2";
		return view_say(v, SEE_OUT_ACK_GROWS);
	}
	if (own->fin_in && !same && t->ack == own->rcv_next) {
		v->tale->rule = "RFC 9293 section 3.10.7.4";
		return view_say(v, SEE_OUT_ACK_OF_FIN);
	}
	if (own->delack)
		return view_say(v, SEE_OUT_ACK_DELAYED);
	return view_say(v, same ? SEE_OUT_ACK_SAME : SEE_OUT_ACK);
}

/* It answers what came just now. */
static bool out_challenge(struct view *v)
{
	const struct see_end *own = v->own;

	if (own->drop_at != v->trace->at)
		return view_say(v, SEE_OUT_CHALLENGE);
	if (own->probed) {
		v->tale->rule = "RFC 9293 section 3.10.7.4";
		return view_say(v, SEE_OUT_ACK_ANSWER);
	}
	switch (own->drop) {
	case CN_DROP_TCP_RST_INEXACT:
		v->tale->rule = "RFC 5961 section 3.2";
		break;
	case CN_DROP_TCP_SEQUENCE:
	case CN_DROP_TCP_SYN_IN_WINDOW:
		v->tale->rule = "RFC 5961 section 4.2";
		/* The SYN-ACK again. */
		if ((own->flags_in & (TCP_SYN | TCP_ACK)) ==
		    (TCP_SYN | TCP_ACK))
			return view_say(v, SEE_OUT_ACK_OF_SYN_AGAIN);
		break;
	case CN_DROP_TCP_ACK_UNACCEPTABLE:
		v->tale->rule = "RFC 5961 section 5.2";
		break;
	default:
		break;
	}
	return view_say(v, SEE_OUT_CHALLENGE);
}

bool tale_out(struct view *v)
{
	const struct cn_trace *t = v->trace;

	if (t->flags & TCP_RST)
		return out_rst(v);
	if (t->why == CN_SEND_COOKIE)
		return view_say(v, SEE_OUT_COOKIE);
	if (t->flags & TCP_SYN)
		return out_syn(v);
	switch ((enum cn_send)t->why) {
	case CN_SEND_REXMIT:
		return out_again(v);
	case CN_SEND_TLP:
		return out_tail(v);
	case CN_SEND_DATA:
		return out_data(v);
	case CN_SEND_MTU_PROBE:
		view_number(v, 0, t->len);
		return view_say(v, SEE_OUT_MTU_PROBE);
	case CN_SEND_CHALLENGE:
		return out_challenge(v);
	case CN_SEND_PROBE:
		view_duration(v, 0, t->rto_ns);
		return view_say(v, SEE_OUT_PROBE);
	case CN_SEND_KEEPALIVE:
		return view_say(v, SEE_OUT_KEEPALIVE);
	case CN_SEND_ACK:
	case CN_SEND_SYN:
	case CN_SEND_COOKIE:
	case CN_SEND_RST:
	case CN_SEND_N:
		break;
	}
	return out_ack(v);
}
