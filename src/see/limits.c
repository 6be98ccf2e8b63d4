/* SPDX-License-Identifier: MIT */
/* What limited a transfer. */
#include "see/limits.h"

#include <stdlib.h>

#include "base/seq.h"
#include "see/conn.h"
#include "wire/tcp_seg.h"

/* A queue stands on the path when the round trip is longer than the shortest
 * one by a quarter and by this. */
#define QUEUE_NS CN_NS_PER_MS

struct account {
	bool open;
	uint8_t limit; /* enum see_limit: since */
	uint64_t since;
	/* The last two round trips and the shortest: SRTT would remember a loss
	 * for long.  One segment at a time is timed, as in RFC 6298 section 3.
	 * One trip alone proves nothing: a delayed ACK makes it longer, a
	 * packet that overtook others shorter. */
	uint64_t rtt[2], rtt_min;
	uint64_t handshake; /* of a segment without data; 0: not seen */
	bool timing, timing_syn;
	uint32_t timed_seq;
	uint64_t timed_at;
	struct see_share share;
};

struct see_limits {
	struct see_conns conns;
	bool no_rate;
};

const char *see_limit_name(enum see_limit limit)
{
	static const char *const names[SEE_LIMIT_N] = {
#define SEE_X(name, text) [SEE_LIMITED_BY_##name] = text,
		SEE_LIMITS(SEE_X)
#undef SEE_X
	};

	return names[limit];
}

enum see_key see_limit_key(enum see_limit limit)
{
	static const enum see_key keys[SEE_LIMIT_N] = {
#define SEE_X(name, text) [SEE_LIMITED_BY_##name] = SEE_LIMIT_##name,
		SEE_LIMITS(SEE_X)
#undef SEE_X
	};

	return keys[limit];
}

bool see_share_most(const struct see_share *share, enum see_limit *limit)
{
	int best = 0;

	for (int i = 1; i < SEE_LIMIT_N; i++)
		if (share->ns[i] > share->ns[best])
			best = i;
	*limit = (enum see_limit)best;
	return share->ns[best] > 0;
}

static void forget(void *ctx, struct see_conn *conn)
{
	(void)ctx;
	free(conn->user);
	conn->user = NULL;
}

struct see_limits *see_limits_new(void)
{
	struct see_limits *limits = calloc(1, sizeof(*limits));

	if (!limits)
		return NULL;
	see_conns_init(&limits->conns);
	limits->conns.forget = forget;
	return limits;
}

void see_limits_free(struct see_limits *limits)
{
	if (!limits)
		return;
	see_conns_deinit(&limits->conns);
	free(limits);
}

/*
 * Where a few packets fill a slow path, the first round trips of data have its
 * queue in them already, and the shortest says nothing.  The handshake's has
 * not: a window that takes longer than twice that to come round waits for the
 * rate, since what it sends at once adds no more than itself to an idle path,
 * and less than a round trip unless it fills it.
 */
static bool has_queue(const struct account *a)
{
	uint64_t rtt = a->rtt[0] < a->rtt[1] ? a->rtt[0] : a->rtt[1];

	return (a->rtt_min && rtt > a->rtt_min + a->rtt_min / 4 + QUEUE_NS) ||
	       (a->handshake && rtt > 2 * a->handshake + QUEUE_NS);
}

static void take_round_trip(struct account *a, uint64_t rtt)
{
	uint64_t longer = rtt > a->rtt[0] ? rtt : a->rtt[0];

	a->rtt[1] = a->rtt[0];
	a->rtt[0] = rtt;
	if (!a->rtt_min || longer < a->rtt_min)
		a->rtt_min = longer;
}

/* Once, and not if it was sent again: nobody knows which was answered. */
static void time_handshake(struct account *a, const struct cn_trace *t)
{
	if (t->kind == CN_TRACE_OUT && (t->flags & TCP_SYN)) {
		a->timing_syn = !t->retransmit && !a->handshake;
		a->timed_at = t->at;
	} else if (t->kind == CN_TRACE_IN && a->timing_syn && !t->drop &&
		   (t->flags & TCP_ACK) && t->ack == t->iss + 1) {
		a->timing_syn = false;
		a->handshake = t->at - a->timed_at;
	}
}

static void time_round_trip(struct account *a, const struct cn_trace *t)
{
	/* What waits behind a hole measures no round trip. */
	if (t->recovery || t->retransmit || t->sack_n) {
		a->timing = false;
	} else if (t->kind == CN_TRACE_OUT && t->len && !a->timing) {
		a->timing = true;
		a->timed_seq = t->seq + t->len;
		a->timed_at = t->at;
	} else if (t->kind == CN_TRACE_IN && a->timing && !t->drop &&
		   seq_ge(t->ack, a->timed_seq)) {
		a->timing = false;
		take_round_trip(a, t->at - a->timed_at);
	}
}

/*
 * What the sender waits for after this event.  A full path is named before the
 * window that filled it; whoever has given all its octets waits for the
 * program.
 */
static enum see_limit judge(const struct account *a, const struct cn_trace *t,
			    bool no_rate)
{
	uint32_t window = t->snd_wnd < t->cwnd ? t->snd_wnd : t->cwnd;
	uint32_t left = window > t->flight ? window - t->flight : 0;

	if (t->recovery)
		return SEE_LIMITED_BY_LOSS;
	if (!no_rate && has_queue(a) && (t->unsent || t->flight))
		return SEE_LIMITED_BY_RATE;
	if (!t->unsent)
		return SEE_LIMITED_BY_PROGRAM;
	if (left >= t->snd_mss && t->unsent < t->snd_mss)
		/* Both windows are open: less than a segment waits (Nagle). */
		return SEE_LIMITED_BY_PROGRAM;
	if (left >= t->snd_mss && !no_rate)
		/* The link does not take more. */
		return SEE_LIMITED_BY_RATE;
	return t->snd_wnd < t->cwnd ? SEE_LIMITED_BY_RWND : SEE_LIMITED_BY_CWND;
}

static void settle(struct account *a, uint64_t now)
{
	if (a->open && now > a->since)
		a->share.ns[a->limit] += now - a->since;
	a->since = now;
}

/* From being established until our FIN is acknowledged. */
static bool may_send(uint8_t state)
{
	return state == CN_ESTABLISHED || state == CN_CLOSE_WAIT ||
	       state == CN_FIN_WAIT_1 || state == CN_CLOSING ||
	       state == CN_LAST_ACK;
}

static void follow(struct account *a, const struct cn_trace *t, bool no_rate)
{
	time_handshake(a, t);
	time_round_trip(a, t);
	settle(a, t->at);
	a->open = may_send(t->to);
	/* A bare entry knows nothing of windows. */
	if (a->open && t->cwnd)
		a->limit = (uint8_t)judge(a, t, no_rate);
}

void see_limits_no_rate(struct see_limits *limits)
{
	limits->no_rate = true;
}

void see_limits_event(struct see_limits *limits, int host,
		      const struct cn_trace *trace)
{
	unsigned end;
	struct see_conn *conn = see_conn_of(&limits->conns, host, trace, &end);
	struct account *account;

	if (!conn)
		return;
	if (!conn->user)
		conn->user = calloc(2, sizeof(struct account));
	account = conn->user;
	if (account)
		follow(&account[end], trace, limits->no_rate);
	see_conn_follow(conn, end, trace);
}

bool see_limits_of(struct see_limits *limits, const struct cn_endpoint *local,
		   const struct cn_endpoint *peer, uint64_t now,
		   struct see_share *share)
{
	unsigned end;
	struct see_conn *conn =
		see_conn_find(&limits->conns, local, peer, &end);
	struct account *account = conn ? conn->user : NULL;

	if (!account)
		return false;
	settle(&account[end], now);
	*share = account[end].share;
	return true;
}
