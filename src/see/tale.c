/* SPDX-License-Identifier: MIT */
/* Which sentence fits an event.  The engine says what happened and by which
 * rule; what it means in this conversation is known here. */
#include "see/tale.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/seq.h"
#include "see/view.h"
#include "wire/tcp_seg.h"

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

/* A state that no arriving segment changed. */
static bool tell_state(struct view *v)
{
	const struct cn_trace *t = v->trace;

	switch ((enum cn_tcp_state)t->to) {
	case CN_SYN_SENT:
		return view_say(v, SEE_STATE_CONNECT);
	case CN_FIN_WAIT_1:
	case CN_LAST_ACK:
		return view_say(v, SEE_STATE_CLOSE);
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
		return view_say(v, SEE_STATE_2MSL);
	if (t->from == CN_FIN_WAIT_2 && !t->err)
		return view_say(v, SEE_STATE_FIN_WAIT_2);
	if (t->rule && !strcmp(t->rule, "idle timeout"))
		return view_say(v, SEE_STATE_IDLE);
	if (t->err == CN_E_TIMEDOUT)
		return view_say(v, SEE_STATE_GAVE_UP);
	if (!t->err)
		return view_say(v, SEE_STATE_OVER);
	view_text(v, 0, cn_err_text(t->err));
	return view_say(v, SEE_STATE_ENDED);
}

/* Path probing: by the rule one sees which way. */
static bool tell_mtu(struct view *v)
{
	const struct cn_trace *t = v->trace;

	view_number(v, 0, t->mss);
	return view_say(v, t->rule && !strcmp(t->rule, "RFC 4821 section 7.7") ?
				   SEE_MTU_FALLS :
				   SEE_MTU_RISES);
}

/* A reduction that was for nothing. */
static bool tell_undo(struct view *v)
{
	switch ((enum cn_undo)v->trace->undo) {
	case CN_UNDO_DSACK:
		return view_say(v, SEE_CC_UNDO_DSACK);
	case CN_UNDO_TIMESTAMP:
		return view_say(v, SEE_CC_UNDO_TIMESTAMP);
	case CN_UNDO_FRTO:
		return view_say(v, SEE_CC_UNDO_FRTO);
	case CN_UNDO_NONE:
	case CN_UNDO_N:
		break;
	}
	return false;
}

#define CN_X(name, text) text,
static const char *const bbr_name[] = {CN_BBRS(CN_X)};
#undef CN_X

static bool tell_cc(struct view *v)
{
	const struct cn_trace *t = v->trace;

	view_number(v, 0, t->cwnd);
	if (tell_undo(v))
		return true;
	if (t->rule && !strcmp(t->rule, "RFC 8985 section 7.4.2"))
		return view_say(v, SEE_CC_TAIL);
	if (t->rule && !strcmp(t->rule, "draft-ietf-ccwg-bbr") &&
	    t->bbr < CN_BBR_N) {
		view_text(v, 1, bbr_name[t->bbr]);
		return view_say(v, SEE_CC_BBR);
	}
	if (t->rule && !strcmp(t->rule, "RFC 3168 section 6.1.2"))
		return view_say(v, SEE_CC_MARK);
	if (t->rule && !strcmp(t->rule, "RFC 9406 section 4.2"))
		return view_say(v, SEE_CC_HYSTART);
	switch ((enum cn_recovery)t->recovery) {
	case CN_RECOVERY_FAST:
		return view_say(v, SEE_CC_FAST);
	case CN_RECOVERY_TIMEOUT:
		return view_say(v, SEE_CC_TIMEOUT);
	case CN_RECOVERY_NONE:
	case CN_RECOVERY_N:
		break;
	}
	if (v->own->recovery)
		return view_say(v, SEE_CC_OVER);
	if (t->rule && !strcmp(t->rule, "RFC 5681 section 4.1"))
		return view_say(v, SEE_CC_IDLE);
	if (t->rule && !strcmp(t->rule, "RFC 7661 section 4.4"))
		return view_say(v, SEE_CC_UNUSED);
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
		return tale_in(&v);
	case CN_TRACE_OUT:
		return tale_out(&v);
	case CN_TRACE_STATE:
		return tell_state(&v);
	case CN_TRACE_CC:
		return tell_cc(&v);
	case CN_TRACE_MTU:
		return tell_mtu(&v);
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
	    !trace->wnd || (see_flags(trace) & ~(TCP_ACK | TCP_PSH)))
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
	return tale_is_dup(own, trace) ? SEE_QUIET_DUP : SEE_QUIET_ACK;
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
