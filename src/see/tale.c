/* SPDX-License-Identifier: MIT */
/* Which sentence fits an event.  The engine says what happened and by which
 * rule; what it means in this conversation is known here. */
#include "see/tale.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/seq.h"
#include "wire/tcp_seg.h"

struct view {
	const struct see_conn *conn;
	const struct see_end *own, *peer;
	const struct cn_trace *trace;
	struct see_tale *tale;
};

/* ------------------------------------------------------------ arguments -- */

void see_duration(uint64_t ns, char *out, size_t size)
{
	if (ns < CN_NS_PER_MS)
		snprintf(out, size, "%" PRIu64 " us", ns / CN_NS_PER_US);
	else if (ns < CN_NS_PER_SEC)
		snprintf(out, size, "%" PRIu64 " ms", ns / CN_NS_PER_MS);
	else
		snprintf(out, size, "%" PRIu64 ".%02" PRIu64 " s",
			 ns / CN_NS_PER_SEC,
			 ns % CN_NS_PER_SEC / (10 * CN_NS_PER_MS));
}

static void arg_number(struct view *v, int i, uint64_t number)
{
	snprintf(v->tale->arg[i], SEE_ARG_MAX, "%" PRIu64, number);
}

/* As captures write it: the first octet, and the one after the last. */
static void arg_range(struct view *v, int i, uint32_t first, uint32_t past)
{
	snprintf(v->tale->arg[i], SEE_ARG_MAX, "%" PRIu32 ":%" PRIu32, first,
		 past);
}

static void arg_duration(struct view *v, int i, uint64_t ns)
{
	see_duration(ns, v->tale->arg[i], SEE_ARG_MAX);
}

static void arg_text(struct view *v, int i, const char *text)
{
	snprintf(v->tale->arg[i], SEE_ARG_MAX, "%s", text);
}

static bool say(struct view *v, enum see_key key)
{
	v->tale->key = key;
	return true;
}

static bool is_pure_ack(const struct cn_trace *trace)
{
	return !trace->len && (trace->flags & TCP_ACK) &&
	       !(trace->flags & (TCP_SYN | TCP_FIN | TCP_RST));
}

static bool is_opening(uint8_t flags)
{
	return (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* ------------------------------------------------------------------ out -- */

static bool out_syn(struct view *v)
{
	const struct cn_trace *t = v->trace;
	bool again = t->retransmit ||
		     (v->own->sent && v->own->has_iss && v->own->iss == t->seq);

	if (!(t->flags & TCP_ACK)) {
		if (!again)
			return say(v, SEE_OUT_SYN);
		arg_duration(v, 0, t->at - v->own->sent_at);
		v->tale->rule = "RFC 9293 section 3.8.1";
		return say(v, SEE_OUT_SYN_AGAIN);
	}
	/* It had sent a SYN by itself: both opened. */
	if (v->own->sent && !v->own->any_out) {
		v->tale->rule = "RFC 9293 section 3.10.7.3";
		return say(v, SEE_OUT_SYN_ACK_BOTH);
	}
	return say(v, again ? SEE_OUT_SYN_ACK_AGAIN : SEE_OUT_SYN_ACK);
}

static bool out_rst(struct view *v)
{
	const struct cn_trace *t = v->trace;
	uint8_t drop = v->own->drop_at == t->at ? v->own->drop : CN_DROP_NONE;

	switch (drop) {
	case CN_DROP_TCP_NO_PORT:
		return say(v, is_opening(v->own->flags_in) ?
				      SEE_OUT_RST_NO_PORT :
				      SEE_OUT_RST_STRAY);
	case CN_DROP_TCP_CLOSED:
		return say(v, SEE_OUT_RST_STRAY);
	case CN_DROP_TCP_AFTER_CLOSE:
		return say(v, SEE_OUT_RST_LATE);
	case CN_DROP_TCP_CLIENT_LIMIT:
		return say(v, SEE_OUT_RST_CLIENT);
	case CN_DROP_TCP_ACK_UNACCEPTABLE:
		return say(v, SEE_OUT_RST_BAD_ACK);
	default:
		return say(v, SEE_OUT_RST_UNREAD);
	}
}

static bool out_again(struct view *v)
{
	const struct cn_trace *t = v->trace;
	uint32_t first = see_rel(v->own, t->seq);

	if (!t->len && (t->flags & TCP_FIN)) {
		arg_duration(v, 0, t->rto_ns);
		return say(v, SEE_OUT_FIN_AGAIN);
	}
	arg_range(v, 0, first, first + t->len);
	if (t->recovery == CN_RECOVERY_FAST)
		return say(v, SEE_OUT_AGAIN_FAST);
	if (v->own->any_in && v->own->acked != t->seq)
		return say(v, SEE_OUT_AGAIN_MORE);
	arg_duration(v, 1, t->rto_ns);
	return say(v, SEE_OUT_AGAIN_TIMEOUT);
}

static bool out_data(struct view *v)
{
	const struct cn_trace *t = v->trace;

	arg_number(v, 0, t->len);
	if (!(t->flags & TCP_FIN))
		return say(v, SEE_OUT_DATA);
	return say(v, t->len ? SEE_OUT_DATA_LAST : SEE_OUT_FIN);
}

static bool out_sack(struct view *v)
{
	const struct cn_trace *t = v->trace;
	uint32_t left = see_rel(v->peer, t->sack[0][0]);
	uint32_t right = see_rel(v->peer, t->sack[0][1]);

	arg_range(v, 1, left, right);
	/* RFC 2883: the first block is below the acknowledgement, or within
	 * the second. */
	if (seq_le(t->sack[0][1], t->ack)) {
		v->tale->rule = "RFC 2883 section 4";
		return say(v, SEE_OUT_ACK_DSACK);
	}
	return say(v, SEE_OUT_ACK_SACK);
}

static bool out_ack(struct view *v)
{
	const struct cn_trace *t = v->trace;
	const struct see_end *own = v->own;
	bool same = own->any_out && own->ack_out == t->ack;

	arg_number(v, 0, see_rel(v->peer, t->ack));
	if (t->sack_n)
		return out_sack(v);
	if (t->to == CN_TIME_WAIT && own->fin_in && same)
		return say(v, SEE_OUT_TIME_WAIT_ACK);
	if (!own->any_out || own->wnd_out == 0) {
		if (!own->any_out)
			return say(v, SEE_OUT_ACK_OF_SYN);
		if (t->wnd) {
			arg_number(v, 0, t->wnd);
			v->tale->rule = "RFC 9293 section 3.8.6";
			return say(v, SEE_OUT_ACK_OPENS);
		}
	}
	if (!t->wnd && own->wnd_out) {
		v->tale->rule = "RFC 9293 section 3.8.6";
		return say(v, SEE_OUT_ACK_CLOSED);
	}
	if (same && t->wnd > own->wnd_out) {
		arg_number(v, 0, t->wnd);
		v->tale->rule = "RFC 9293 section 3.8.6.2.2";
		return say(v, SEE_OUT_ACK_GROWS);
	}
	if (own->fin_in && !same && t->ack == own->rcv_next)
		return say(v, SEE_OUT_ACK_OF_FIN);
	if (own->delack)
		return say(v, SEE_OUT_ACK_DELAYED);
	return say(v, same ? SEE_OUT_ACK_SAME : SEE_OUT_ACK);
}

static bool tell_out(struct view *v)
{
	const struct cn_trace *t = v->trace;

	if (t->flags & TCP_RST)
		return out_rst(v);
	if (t->why == CN_SEND_COOKIE)
		return say(v, SEE_OUT_COOKIE);
	if (t->flags & TCP_SYN)
		return out_syn(v);
	switch ((enum cn_send)t->why) {
	case CN_SEND_REXMIT:
		return out_again(v);
	case CN_SEND_DATA:
		return out_data(v);
	case CN_SEND_CHALLENGE:
		if (v->own->probed && v->own->drop_at == t->at) {
			v->tale->rule = "RFC 9293 section 3.10.7.4";
			return say(v, SEE_OUT_ACK_ANSWER);
		}
		return say(v, SEE_OUT_CHALLENGE);
	case CN_SEND_PROBE:
		arg_duration(v, 0, t->rto_ns);
		return say(v, SEE_OUT_PROBE);
	case CN_SEND_KEEPALIVE:
		return say(v, SEE_OUT_KEEPALIVE);
	case CN_SEND_ACK:
	case CN_SEND_SYN:
	case CN_SEND_COOKIE:
	case CN_SEND_RST:
	case CN_SEND_N:
		break;
	}
	return out_ack(v);
}

/* ------------------------------------------------------------------- in -- */

static bool in_drop(struct view *v)
{
	const struct cn_trace *t = v->trace;

	switch (t->drop) {
	case CN_DROP_TCP_DUPLICATE:
		if (t->flags & TCP_SYN)
			return say(v, SEE_IN_SYN_AGAIN);
		break;
	case CN_DROP_TCP_BACKLOG:
		return say(v, SEE_IN_DROP_BACKLOG);
	case CN_DROP_TCP_NO_PORT:
		return say(v, is_opening(t->flags) ? SEE_IN_DROP_PORT :
						     SEE_IN_DROP_STRAY);
	case CN_DROP_TCP_HELD:
		return say(v, SEE_IN_HELD);
	case CN_DROP_TCP_TIME_WAIT:
		if (t->flags & TCP_FIN)
			return say(v, SEE_IN_FIN_AGAIN);
		break;
	case CN_DROP_TCP_SEQUENCE:
	case CN_DROP_TCP_SYN_IN_WINDOW:
		if (t->flags & TCP_SYN)
			return say(v, SEE_IN_SYN_ACK_LATE);
		if (is_pure_ack(t))
			return say(v, SEE_IN_ACK_PROBE);
		break;
	default:
		break;
	}
	v->tale->drop = (enum cn_drop)t->drop;
	return say(v, SEE_IN_DROP);
}

/* What it did to the state is the first thing to tell; false: nothing. */
static bool in_state(struct view *v)
{
	const struct cn_trace *t = v->trace;

	if (t->from == t->to)
		return false;
	if (t->flags & TCP_RST) {
		if (t->from == CN_SYN_SENT)
			return say(v, SEE_IN_RST_REFUSED);
		return say(v, t->from == CN_SYN_RECEIVED ?
				      SEE_IN_RST_HALF_OPEN :
				      SEE_IN_RST);
	}
	switch ((enum cn_tcp_state)t->to) {
	case CN_SYN_RECEIVED:
		return say(v, t->from == CN_SYN_SENT ? SEE_IN_SYN_BOTH :
						       SEE_IN_SYN);
	case CN_ESTABLISHED:
		if (t->from == CN_SYN_SENT)
			return say(v, SEE_IN_SYN_ACK);
		if (v->own->cookie) {
			v->tale->rule = "RFC 4987 section 3.6";
			return say(v, SEE_IN_ACK_COOKIE);
		}
		return say(
			v,
			v->conn->opener < 2 &&
					v->own ==
						&v->conn->end[v->conn->opener] ?
				SEE_IN_ACK_OF_SYN :
				SEE_IN_ACK_QUEUED);
	case CN_CLOSE_WAIT:
		return say(v, SEE_IN_FIN);
	case CN_CLOSING:
		return say(v, SEE_IN_FIN_BOTH);
	case CN_FIN_WAIT_2:
		return say(v, SEE_IN_ACK_OF_FIN);
	case CN_TIME_WAIT:
		return say(v, t->from == CN_CLOSING ? SEE_IN_ACK_OF_FIN_BOTH :
						      SEE_IN_FIN_LAST);
	case CN_CLOSED:
		if (t->from == CN_LAST_ACK)
			return say(v, SEE_IN_ACK_OF_FIN_LAST);
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

	arg_number(v, 0, t->len);
	if (seq_gt(t->seq, own->rcv_next)) {
		arg_number(v, 1, see_rel(v->peer, own->rcv_next));
		return say(v, SEE_IN_DATA_GAP);
	}
	if (seq_gt(own->rcv_max, own->rcv_next))
		return say(v, SEE_IN_DATA_FILLS);
	return say(v, SEE_IN_DATA);
}

static bool is_dup(const struct see_end *own, const struct cn_trace *t)
{
	return own->any_in && t->ack == own->acked && is_pure_ack(t) &&
	       t->wnd == own->wnd_in && t->flight;
}

static bool in_dup(struct view *v)
{
	const struct cn_trace *t = v->trace;

	arg_number(v, 0, v->own->dup_n + 1);
	v->tale->rule = "RFC 5681 section 2";
	if (!t->sack_n)
		return say(v, SEE_IN_ACK_DUP);
	arg_number(v, 1, see_rel(v->own, t->ack));
	arg_range(v, 2, see_rel(v->own, t->sack[0][0]),
		  see_rel(v->own, t->sack[0][1]));
	return say(v, SEE_IN_ACK_DUP_SACK);
}

static bool in_ack(struct view *v)
{
	const struct cn_trace *t = v->trace;
	const struct see_end *own = v->own;
	uint32_t acked = own->any_in ? t->ack - own->acked : 0;

	if (seq_diff(t->ack, own->acked) < 0)
		acked = 0;
	arg_number(v, 0, acked);
	if (!t->wnd && own->any_in) {
		v->tale->rule = "RFC 9293 section 3.8.6.1";
		return say(v, own->wnd_in || acked ? SEE_IN_WINDOW_CLOSED :
						     SEE_IN_WINDOW_STILL);
	}
	if (own->any_in && (!own->wnd_in || (!acked && t->wnd > own->wnd_in))) {
		arg_number(v, 0, t->wnd);
		v->tale->rule = "RFC 9293 section 3.8.6";
		return say(v, own->wnd_in ? SEE_IN_WINDOW_GROWS :
					    SEE_IN_WINDOW_OPEN);
	}
	if (is_dup(own, t))
		return in_dup(v);
	if (!acked)
		return say(v, SEE_IN_ACK_NOTHING);
	arg_number(v, 1, t->flight);
	return say(v, SEE_IN_ACK);
}

static bool tell_in(struct view *v)
{
	if (v->trace->drop)
		return in_drop(v);
	if (v->trace->from == CN_LISTEN && v->trace->to == CN_LISTEN)
		return say(v, SEE_IN_SYN_COOKIE);
	if (in_state(v))
		return true;
	if (v->trace->len)
		return in_data(v);
	if (v->trace->flags & TCP_FIN)
		return say(v, SEE_IN_FIN);
	return in_ack(v);
}

/* --------------------------------------------------------------- others -- */

/* A state that no arriving segment changed. */
static bool tell_state(struct view *v)
{
	const struct cn_trace *t = v->trace;

	switch ((enum cn_tcp_state)t->to) {
	case CN_SYN_SENT:
		return say(v, SEE_STATE_CONNECT);
	case CN_FIN_WAIT_1:
	case CN_LAST_ACK:
		return say(v, SEE_STATE_CLOSE);
	case CN_CLOSED:
		break;
	case CN_ESTABLISHED:
	case CN_SYN_RECEIVED:
	case CN_FIN_WAIT_2:
	case CN_TIME_WAIT:
	case CN_CLOSE_WAIT:
	case CN_LISTEN:
	case CN_CLOSING:
		return false;
	}
	if (t->from == CN_TIME_WAIT)
		return say(v, SEE_STATE_2MSL);
	if (t->from == CN_FIN_WAIT_2 && !t->err)
		return say(v, SEE_STATE_FIN_WAIT_2);
	if (t->rule && !strcmp(t->rule, "idle timeout"))
		return say(v, SEE_STATE_IDLE);
	if (t->err == CN_E_TIMEDOUT)
		return say(v, SEE_STATE_GAVE_UP);
	if (!t->err)
		return say(v, SEE_STATE_OVER);
	arg_text(v, 0, cn_err_text(t->err));
	return say(v, SEE_STATE_ENDED);
}

static bool tell_cc(struct view *v)
{
	const struct cn_trace *t = v->trace;

	arg_number(v, 0, t->cwnd);
	switch ((enum cn_recovery)t->recovery) {
	case CN_RECOVERY_FAST:
		return say(v, SEE_CC_FAST);
	case CN_RECOVERY_TIMEOUT:
		return say(v, SEE_CC_TIMEOUT);
	case CN_RECOVERY_NONE:
	case CN_RECOVERY_N:
		break;
	}
	if (v->own->recovery)
		return say(v, SEE_CC_OVER);
	if (t->rule && !strcmp(t->rule, "RFC 5681 section 4.1"))
		return say(v, SEE_CC_IDLE);
	return false;
}

bool see_tell(const struct see_conn *conn, unsigned end,
	      const struct cn_trace *trace, struct see_tale *tale)
{
	struct view v = {
		.conn = conn,
		.own = &conn->end[end],
		.peer = &conn->end[!end],
		.trace = trace,
		.tale = tale,
	};

	memset(tale, 0, sizeof(*tale));
	tale->rule = trace->rule;
	switch ((enum cn_trace_kind)trace->kind) {
	case CN_TRACE_IN:
		return tell_in(&v);
	case CN_TRACE_OUT:
		return tell_out(&v);
	case CN_TRACE_STATE:
		return tell_state(&v);
	case CN_TRACE_CC:
		return tell_cc(&v);
	case CN_TRACE_TIMER:
	case CN_TRACE_WINDOW:
	case CN_TRACE_N:
		break;
	}
	return false;
}

/* ---------------------------------------------------------------- quiet -- */

enum see_quiet see_quiet(const struct see_conn *conn, unsigned end,
			 const struct cn_trace *trace)
{
	const struct see_end *own = &conn->end[end];

	if ((trace->kind != CN_TRACE_IN && trace->kind != CN_TRACE_OUT) ||
	    trace->from != trace->to || trace->drop || trace->retransmit ||
	    !trace->wnd || (trace->flags & ~(TCP_ACK | TCP_PSH)))
		return SEE_LOUD;
	if (trace->len)
		return trace->kind == CN_TRACE_IN &&
				       seq_gt(trace->seq, own->rcv_next) ?
			       SEE_QUIET_DUP :
			       SEE_QUIET_DATA;
	if (!trace->len && trace->kind == CN_TRACE_OUT) {
		if (trace->why != CN_SEND_ACK || !own->any_out || !own->wnd_out)
			return SEE_LOUD;
		return trace->sack_n || trace->ack == own->ack_out ?
			       SEE_QUIET_DUP :
			       SEE_QUIET_ACK;
	}
	if (!own->any_in || !own->wnd_in)
		return SEE_LOUD;
	return is_dup(own, trace) ? SEE_QUIET_DUP : SEE_QUIET_ACK;
}

size_t see_tale_text(enum see_lang lang, const struct see_tale *tale, char *out,
		     size_t size)
{
	char arg[SEE_ARGS][SEE_ARG_MAX], why[160];
	size_t n;

	if (tale->drop) {
		/* A reason may be longer than an argument. */
		memset(arg, 0, sizeof(arg));
		n = see_say(lang, tale->key, arg, out, size);
		snprintf(why, sizeof(why), "%s",
			 see_drop_text(lang, tale->drop));
		n += (size_t)snprintf(out + n, size - n, "%s", why);
	} else {
		memcpy(arg, tale->arg, sizeof(arg));
		n = see_say(lang, tale->key, arg, out, size);
	}
	if (!tale->rule || n + 1 >= size)
		return n < size ? n : size - 1;
	see_rule(tale->rule, why, sizeof(why));
	n += (size_t)snprintf(out + n, size - n,
			      lang == SEE_ZH ? "（%s）" : " (%s)", why);
	return n < size ? n : size - 1;
}
