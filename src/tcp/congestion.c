/* SPDX-License-Identifier: MIT */
/* Between a connection and its controller.  See congestion.h. */
#include "tcp/congestion.h"

#include "tcp/busy.h"
#include "tcp/output.h"
#include "tcp/pace.h"
#include "tcp/rate.h"
#include "tcp/recovery.h"
#include "tcp/sent.h"
#include "tcp/timeout.h"
#include "tcp/trace.h"

static const struct cc_ops *ops_of(const struct tcb *tcb)
{
	return cc_ops((enum cn_cc)tcb->cc_kind);
}

/* A model, and it is there. */
static bool has_model(const struct tcb *tcb)
{
	return ops_of(tcb)->size && cc_block(&tcb->cc);
}

/*
 * RFC 9293 leaves it to RFC 7661: a window that is not used does not grow.
 * Without memory to know it by, what is in flight tells.
 */
static bool is_limited(const struct tcb *tcb, uint32_t flight)
{
	if (tcb->busy && tcb->busy->rate.usage_most)
		return rate_uses_window(tcb);
	if (tcb->cc.cwnd < tcb->cc.ssthresh)
		return (uint64_t)flight * 2 >= tcb->cc.cwnd;
	return flight + 3 * tcb->snd_mss >= tcb->cc.cwnd;
}

/* What a model asks for besides. */
static void add_for_model(const struct tcb *tcb, struct cc_event *event)
{
	const struct tcp_rate *rate = tcb->busy ? &tcb->busy->rate : NULL;

	event->pipe = recovery_pipe(tcb);
	event->delivered = rate_delivered(tcb);
	event->initial_window = recovery_initial_window(tcb);
	event->random = (uint32_t)random_u64(tcb->env->random);
	event->recovering = tcb->in_recovery || tcb->in_loss;
	event->sack = tcb->sack_ok;
	event->cwnd_limited = rate &&
			      (rate->is_cwnd_limited || rate->was_cwnd_limited);
}

struct cc_event congestion_event(const struct tcb *tcb,
				 const struct ack_news *news, uint64_t now)
{
	struct cc_event event = {
		.now = now,
		.smss = tcb->snd_mss,
		/* As Linux: what was told by SACK before is not new. */
		.acked = news->delivered < news->acked ? news->delivered :
							 news->acked,
		.flight = news->flight,
		.srtt_us = tcb->rtt.srtt_us,
		.rtt_us = news->rtt_us,
		.una = tcb->snd_una,
		.nxt = tcb->snd_nxt,
		.hystart = tcb->env->set->hystart,
		.limited = is_limited(tcb, news->flight),
	};

	if (ops_of(tcb)->size)
		add_for_model(tcb, &event);
	return event;
}

static bool begin(struct tcb *tcb, const struct cc_ops *ops, uint64_t now)
{
	static const struct ack_news none;
	struct cc_event event;
	void *block;

	if (!ops->size)
		return true;
	block = pool_alloc(tcb->env->pool, ops->size);
	if (!block)
		return false;
	cc_set_block(&tcb->cc, block);
	event = congestion_event(tcb, &none, now);
	add_for_model(tcb, &event); /* it may not be chosen yet */
	ops->start(&tcb->cc, &event);
	return true;
}

void congestion_stop(struct tcb *tcb)
{
	const struct cc_ops *ops = ops_of(tcb);

	if (!has_model(tcb))
		return;
	pool_release(tcb->env->pool, cc_block(&tcb->cc), ops->size);
	cc_set_block(&tcb->cc, NULL);
}

static void fall_back(struct tcb *tcb)
{
	tcb->cc_kind = CN_CC_CUBIC;
	ops_of(tcb)->init(&tcb->cc);
}

void congestion_start(struct tcb *tcb, uint64_t now)
{
	congestion_stop(tcb);
	if (!begin(tcb, ops_of(tcb), now))
		fall_back(tcb);
	pace_update(tcb, now);
}

/* There is a path to have a model of. */
static bool is_under_way(const struct tcb *tcb)
{
	return tcb->cc.cwnd != 0;
}

int congestion_switch(struct tcb *tcb, enum cn_cc kind, uint64_t now)
{
	const struct cc_ops *ops = cc_ops(kind);
	struct cc old = tcb->cc;
	bool had_model = has_model(tcb);
	uint32_t old_size = ops_of(tcb)->size;

	/* As Linux: who has it already keeps what it has learned. */
	if (kind == (enum cn_cc)tcb->cc_kind)
		return CN_OK;
	cc_set_block(&tcb->cc, NULL);
	if (ops->size && is_under_way(tcb) && !begin(tcb, ops, now)) {
		tcb->cc = old;
		return CN_E_NOBUFS;
	}
	if (had_model)
		pool_release(tcb->env->pool, cc_block(&old), old_size);
	tcb->cc_kind = (uint8_t)kind;
	if (ops->init)
		ops->init(&tcb->cc);
	/* A model has left slow start behind. */
	if (had_model && !ops->size)
		tcb->cc.ssthresh = tcb->cc.cwnd;
	pace_change(tcb, now);
	/* A recovery that is under way ends as the new one wants. */
	if (tcb->busy)
		tcb->busy->rec.prr_fs = 0;
	trace_cc(tcb, "RFC 9293 MAY-18", now);
	return CN_OK;
}

void congestion_ack_begins(struct tcb *tcb, uint64_t now)
{
	rate_ack(tcb, now);
}

/*
 * RFC 7661 section 4.4: a window that the application did not fill for a
 * timeout is not known to be good any more.  Deviation: as Linux, it is that
 * short, and half the way at a time (RFC 7661 waits for five minutes and
 * halves).  What the peer's window or the send buffer holds back waits, and is
 * not the application's choice.
 */
static void decay(struct tcb *tcb, uint32_t flight, uint64_t now)
{
	uint32_t used, least = recovery_initial_window(tcb);

	if (!tcb->busy || !tcb->env->set->slow_start_after_idle)
		return;
	used = rate_unused(tcb, flight, now);
	if (!used || tcb->in_recovery || tcb->in_loss || tcb->in_cwr ||
	    output_has_unsent(tcb))
		return;
	if (used < least)
		used = least;
	if (used >= tcb->cc.cwnd)
		return;
	cc_decay(&tcb->cc, used);
	trace_cc(tcb, "RFC 7661 section 4.4", now);
}

void congestion_ack_ends(struct tcb *tcb, const struct ack_news *news,
			 uint64_t now)
{
	struct rate_sample sample;
	struct cc_event event;
	uint8_t before;

	rate_finish(tcb, &sample, now);
	if (has_model(tcb)) {
		before = ops_of(tcb)->state(&tcb->cc);
		event = congestion_event(tcb, news, now);
		if (ops_of(tcb)->model(&tcb->cc, &event, &sample) && tcb->busy)
			rate_limited_by_app(tcb);
		if (ops_of(tcb)->state(&tcb->cc) != before)
			trace_cc(tcb, "draft-ietf-ccwg-bbr", now);
	} else if (news->acked) {
		decay(tcb, news->flight, now);
	}
	pace_update(tcb, now);
}

void congestion_lost(struct tcb *tcb, const struct sent *rec, uint32_t len)
{
	static const struct ack_news none;
	struct tcp_rate *rate;
	struct cc_event event;
	struct cc_lost lost;

	if (!tcb->busy)
		return;
	rate = &tcb->busy->rate;
	rate->lost += len;
	if (!has_model(tcb) || !rec->tx.is_known)
		return;
	event = congestion_event(tcb, &none, rate->ack_at);
	lost = (struct cc_lost){
		.event = &event,
		.size = len,
		.delivered = event.delivered,
		.lost = rate->lost - rec->tx.lost,
		.in_flight = rec->tx.in_flight,
		.is_app_limited = rec->tx.is_app_limited,
	};
	ops_of(tcb)->lost(&tcb->cc, &lost);
}

/*
 * RFC 5681 section 4.1: after an idle RTO the window is not known to be good
 * any more.  A model knows better, and paces.
 */
void congestion_idle(struct tcb *tcb, uint64_t now)
{
	static const struct ack_news none;
	uint64_t idle = (uint64_t)(ms_of(now) - tcb->stat.last_sent_ms) *
			CN_NS_PER_MS;
	struct cc_event event;

	if (tcp_flight(tcb) || !tcp_octets_sent(tcb))
		return;
	if (has_model(tcb)) {
		event = congestion_event(tcb, &none, now);
		ops_of(tcb)->idle(&tcb->cc, &event, 0);
		pace_update(tcb, now);
		return;
	}
	if (idle <= timeout_rto(tcb) || !tcb->env->set->slow_start_after_idle)
		return;
	event = congestion_event(tcb, &none, now);
	ops_of(tcb)->idle(&tcb->cc, &event, recovery_initial_window(tcb));
	pace_update(tcb, now);
	trace_cc(tcb, "RFC 5681 section 4.1", now);
}

uint8_t congestion_state(const struct tcb *tcb)
{
	return has_model(tcb) ? ops_of(tcb)->state(&tcb->cc) : CN_BBR_NONE;
}
