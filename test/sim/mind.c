/* SPDX-License-Identifier: MIT */
/* One end of a connection as an onlooker knows it. */
#include "mind.h"

#include <string.h>

#include "base/seq.h"
#include "wire/tcp_seg.h"

struct mind *mind_find(struct minds *minds, int host, uint16_t local,
		       uint16_t peer)
{
	for (unsigned i = 0; i < minds->n; i++) {
		struct mind *mind = &minds->mind[i];

		if (mind->host == host && mind->local == local &&
		    mind->peer == peer)
			return mind;
	}
	return NULL;
}

static struct mind *mind_of(struct minds *minds, int host,
			    const struct cn_trace *t)
{
	struct mind *mind = mind_find(minds, host, t->local.port, t->peer.port);

	if (!mind && minds->n < MINDS)
		mind = &minds->mind[minds->n++];
	if (mind && !mind->used) {
		memset(mind, 0, sizeof(*mind));
		mind->used = true;
		mind->host = host;
		mind->local = t->local.port;
		mind->peer = t->peer.port;
		mind->state = CN_CLOSED;
	}
	return mind;
}

void mind_promise(struct mind *mind, uint64_t at, uint64_t slack, bool over,
		  int phase)
{
	mind->promise = (struct mind_promise){
		.made = true,
		.over = over,
		.at = at,
		.slack = slack,
		.phase = phase,
	};
}

static void broken(struct minds *minds, struct mind *mind, const char *text)
{
	if (minds->fault)
		return;
	minds->fault = text;
	minds->whose = mind;
}

static void fires(struct minds *minds, struct mind *mind, uint64_t now)
{
	struct mind_promise *promise = &mind->promise;

	if (!promise->made)
		return;
	if (now + promise->slack < promise->at)
		broken(minds, mind, "the timer came before it was said to");
	/* Judged when all of the instant has happened. */
	promise->fired = true;
}

static void follow_timer(struct minds *minds, struct mind *mind,
			 const struct cn_trace *t)
{
	switch ((enum cn_timer_kind)t->timer) {
	case CN_TIMER_RTO:
		mind->timeout_at[mind->timeouts % MIND_TIMEOUTS] = t->at;
		mind->timeouts++;
		fires(minds, mind, t->at);
		break;
	case CN_TIMER_TLP:
	case CN_TIMER_RACK:
	case CN_TIMER_PERSIST:
	case CN_TIMER_TIME_WAIT:
	case CN_TIMER_FIN_WAIT_2:
		fires(minds, mind, t->at);
		break;
	case CN_TIMER_DELACK:
	case CN_TIMER_KEEPALIVE:
	case CN_TIMER_USER_TIMEOUT:
	case CN_TIMER_IDLE:
	case CN_TIMER_SWS:
	case CN_TIMER_N:
		break;
	}
}

static void follow_state(struct mind *mind, const struct cn_trace *t)
{
	if (t->from == CN_LISTEN ||
	    (t->from == CN_CLOSED && t->to == CN_SYN_SENT)) {
		bool passive = t->from == CN_LISTEN;
		struct mind fresh = {
			.used = true,
			.host = mind->host,
			.local = mind->local,
			.peer = mind->peer,
		};

		if (mind->was || !passive)
			*mind = fresh;
		mind->passive = passive;
		mind->was = true;
	}
	if (mind->passive && t->from == CN_SYN_RECEIVED && t->to != CN_CLOSED)
		mind->queued = true;
	/* What ends when it was said to is judged by mind_settle. */
	if (t->to != CN_CLOSED)
		mind->promise.made = false;
	mind->state = t->to;
}

static void follow_out(struct mind *mind, const struct cn_trace *t)
{
	uint32_t data = t->seq + !!(t->flags & TCP_SYN);
	uint32_t past = data + t->len + !!(t->flags & TCP_FIN);

	if (t->flags & TCP_RST)
		return;
	if (t->flags & TCP_SYN) {
		mind->iss = t->seq;
		mind->max = past;
		mind->una = t->seq;
		mind->again = 0;
		mind->again_end = t->seq;
	}
	if (seq_gt(past, mind->max)) {
		mind->max = past;
		mind->promise.made = false;
		if (t->len && t->len % (t->snd_mss ? t->snd_mss : 1))
			mind->small_end = data + t->len;
	}
	if (t->retransmit) {
		mind->again += past - t->seq;
		mind->again_end = seq_max(mind->again_end, past);
	}
	if (t->flags & TCP_FIN) {
		mind->fin_out = true;
		mind->fin_seq = past - 1;
	}
	if (t->why == CN_SEND_PROBE || t->why == CN_SEND_KEEPALIVE)
		mind->probes++;
	if (!(t->flags & TCP_ACK))
		return;
	if (seq_gt(t->ack, mind->acked_out) || !mind->acked_out)
		mind->acked_out = t->ack;
	if (seq_gt(t->ack + t->wnd, mind->edge) || !mind->edge)
		mind->edge = t->ack + t->wnd;
}

/* Its ACK and its window are used, whatever became of its octets. */
static bool ack_counts(const struct cn_trace *t)
{
	switch ((unsigned)t->drop) {
	case CN_DROP_NONE:
	case CN_DROP_TCP_DUPLICATE:
	case CN_DROP_TCP_WINDOW:
	case CN_DROP_TCP_OOO_LIMIT:
	case CN_DROP_MEMORY:
		return (t->flags & (TCP_ACK | TCP_RST)) == TCP_ACK;
	default:
		return false;
	}
}

static void take_window(struct mind *mind, const struct cn_trace *t, bool news)
{
	bool first = !mind->has_wnd;

	/* RFC 9293 section 3.10.7.4, with the engine's one deviation: what
	 * acknowledges something new is never old. */
	if (!first && !news && seq_gt(mind->wl1, t->seq))
		return;
	if (!t->wnd && (first || mind->wnd))
		mind->zero_at = t->at;
	mind->wnd = t->wnd;
	mind->wl1 = first ? t->seq : seq_max(mind->wl1, t->seq);
	mind->wnd_of_syn = t->flags & TCP_SYN;
	mind->has_wnd = true;
}

static void take_ack(struct mind *mind, const struct cn_trace *t)
{
	bool news = seq_gt(t->ack, mind->una);

	if (seq_lt(t->ack, mind->una) || seq_gt(t->ack, mind->max))
		return;
	if (news) {
		mind->una = t->ack;
		mind->timeouts = 0;
		if (seq_ge(mind->una, mind->again_end))
			mind->again = 0;
	}
	mind->probes = 0;
	mind->heard_at = t->at;
	take_window(mind, t, news);
	if (!mind->wnd)
		mind->timeouts = 0;
}

/* What is in order now, with what came before its turn. */
static void join(struct mind *mind)
{
	for (unsigned i = 0; i < mind->beyond_n;) {
		uint32_t *piece = mind->beyond[i];

		if (seq_gt(piece[0], mind->next)) {
			i++;
			continue;
		}
		mind->next = seq_max(mind->next, piece[1]);
		mind->beyond_n--;
		memcpy(piece, mind->beyond[mind->beyond_n], sizeof(*piece) * 2);
		i = 0;
	}
}

static void take_octets(struct mind *mind, uint32_t from, uint32_t past)
{
	if (seq_gt(past, mind->got))
		mind->got = past;
	if (mind->beyond_n == MIND_BEYOND) {
		mind->lax = true;
		return;
	}
	mind->beyond[mind->beyond_n][0] = from;
	mind->beyond[mind->beyond_n][1] = past;
	mind->beyond_n++;
	join(mind);
}

static void follow_in(struct mind *mind, const struct cn_trace *t)
{
	uint32_t data = t->seq + !!(t->flags & TCP_SYN), past;

	mind->promise.made = false;
	if ((t->flags & TCP_SYN) && !t->drop && !mind->has_irs) {
		mind->irs = t->seq;
		mind->has_irs = true;
		mind->got = data;
		mind->next = data;
	}
	if (ack_counts(t))
		take_ack(mind, t);
	if (!t->len || !mind->has_irs)
		return;
	if (t->drop != CN_DROP_NONE)
		return;
	mind->heard_at = t->at;
	/* What lies beyond the window is cut off. */
	past = seq_gt(data + t->len, mind->edge) ? mind->edge : data + t->len;
	take_octets(mind, data, past);
}

void mind_event(struct minds *minds, int host, const struct cn_trace *t)
{
	struct mind *mind = mind_of(minds, host, t);

	if (!mind)
		return;
	/* Of several cookies one was acknowledged. */
	if (mind->passive && mind->una == mind->iss && t->iss &&
	    t->iss != mind->iss) {
		mind->iss = mind->una = t->iss;
		mind->max = t->iss + 1;
	}
	switch ((enum cn_trace_kind)t->kind) {
	case CN_TRACE_STATE:
		follow_state(mind, t);
		break;
	case CN_TRACE_IN:
		follow_in(mind, t);
		break;
	case CN_TRACE_OUT:
		follow_out(mind, t);
		break;
	case CN_TRACE_TIMER:
		follow_timer(minds, mind, t);
		break;
	case CN_TRACE_CC:
	case CN_TRACE_WINDOW:
	case CN_TRACE_MTU:
	case CN_TRACE_N:
		break;
	}
	mind->recovery = t->recovery;
	if (t->cwnd)
		mind->cwnd = t->cwnd;
	if (t->snd_mss)
		mind->mss = t->snd_mss;
}

static void judge(struct minds *minds, struct mind *mind, uint64_t now)
{
	struct mind_promise *promise = &mind->promise;

	if (mind->state == CN_CLOSED) {
		if (!promise->over)
			broken(minds, mind, "given up, not tried again");
		else if (now + promise->slack < promise->at ||
			 now > promise->at + promise->slack)
			broken(minds, mind, "over, but not when it was said");
	} else if (promise->fired) {
		if (promise->over)
			broken(minds, mind, "tried again, not given up");
	} else if (now > promise->at + promise->slack) {
		broken(minds, mind, "the timer did not come when it was due");
	} else {
		return;
	}
	promise->made = false;
}

void mind_settle(struct minds *minds, uint64_t now)
{
	for (unsigned i = 0; i < minds->n; i++)
		if (minds->mind[i].promise.made)
			judge(minds, &minds->mind[i], now);
}
