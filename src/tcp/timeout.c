/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.10.8 and what it refers to: the retransmission timer
 * (RFC 6298), the persist timer (3.8.6.1), keep-alives (3.8.4), the delayed
 * ACK (3.8.6.3), TIME-WAIT, and the user timeout (RFC 5482).
 */
#include "tcp/timeout.h"

#include "tcp/busy.h"
#include "tcp/output.h"
#include "tcp/pace.h"
#include "tcp/plpmtud.h"
#include "tcp/rack.h"
#include "tcp/recovery.h"
#include "tcp/rto.h"
#include "tcp/trace.h"

/* RFC 9293 section 3.8.6.2.1: 0.1 .. 1 s.  Linux's for what is corked is 200
 * ms; what a small window holds waits as long as an answer may take. */
#define SWS_OVERRIDE_NS (200 * CN_NS_PER_MS)
#define SWS_OVERRIDE_MAX_NS CN_NS_PER_SEC
/* Doubled so often, any timeout is more than rto_max. */
#define BACKOFF_MAX 16u

uint64_t timeout_rto(const struct tcb *tcb)
{
	return rto_us(&tcb->rtt, tcb->env->set, tcb->backoff) * CN_NS_PER_US;
}

uint64_t timeout_fin_wait2(const struct tcb *tcb)
{
	if (tcb->tune && tcb->tune->fin_wait2_ns)
		return tcb->tune->fin_wait2_ns;
	return tcb->env->set->fin_wait2_ns;
}

static uint64_t user_timeout(const struct tcb *tcb)
{
	return tcb->tune ? tcb->tune->user_timeout_ns : 0;
}

/* Since when the oldest octet waits for its acknowledgement, ns. */
static uint64_t waiting_ns(const struct tcb *tcb, uint64_t now)
{
	return (uint64_t)(ms_of(now) - tcb->first_tx_ms) * CN_NS_PER_MS;
}

/* The user timeout is met exactly, not at the next backoff. */
static void heed_user_timeout(struct tcb *tcb, uint64_t now)
{
	uint64_t limit = user_timeout(tcb), waited;

	if (!limit)
		return;
	waited = waiting_ns(tcb, now);
	waited = waited < limit ? limit - waited : 0;
	if (now + waited < tcb->rexmit_at)
		tcb->rexmit_at = now + waited;
}

void timeout_rto_restart(struct tcb *tcb, uint64_t now)
{
	tcb->rexmit_kind = TCP_REXMIT_RTO;
	tcb->rexmit_at = CN_NEVER;
	if (!tcp_flight(tcb))
		return;
	tcb->rexmit_at = now + timeout_rto(tcb);
	heed_user_timeout(tcb, now);
}

void timeout_put_off(struct tcb *tcb, uint64_t now)
{
	if (tcb->busy && tcb->rexmit_kind == TCP_REXMIT_RACK)
		tcb->busy->rec.rto_at = now + timeout_rto(tcb);
	else
		timeout_rto_restart(tcb, now);
}

/* RFC 8985 section 7.2: a probe of the tail comes before the timeout, or in
 * its place. */
void timeout_restart(struct tcb *tcb, uint64_t now)
{
	uint64_t pto;

	timeout_rto_restart(tcb, now);
	if (tcb->rexmit_at == CN_NEVER)
		return;
	pto = tlp_timeout_ns(tcb);
	if (pto == CN_NEVER)
		return;
	tcb->rexmit_kind = TCP_REXMIT_TLP;
	if (now + pto < tcb->rexmit_at)
		tcb->rexmit_at = now + pto;
}

void timeout_sent(struct tcb *tcb, uint64_t now)
{
	uint64_t pto, rto;

	if (tcb->rexmit_kind != TCP_REXMIT_TLP)
		return;
	pto = tlp_timeout_ns(tcb);
	if (pto == CN_NEVER)
		return;
	/* Not later than what is oldest would time out. */
	rto = sent_at(tcb->sent, 0)->first_at + timeout_rto(tcb);
	if (rto < now)
		rto = now;
	tcb->rexmit_at = now + pto < rto ? now + pto : rto;
	heed_user_timeout(tcb, now);
}

void timeout_reorder(struct tcb *tcb, uint64_t at, uint64_t now)
{
	struct tcp_recovery *rec = &tcb->busy->rec;

	if (tcb->rexmit_kind == TCP_REXMIT_RTO)
		rec->rto_at = tcb->rexmit_at;
	else if (tcb->rexmit_kind == TCP_REXMIT_TLP)
		rec->rto_at = now + timeout_rto(tcb);
	if (at >= rec->rto_at) {
		tcb->rexmit_kind = TCP_REXMIT_RTO;
		tcb->rexmit_at = rec->rto_at;
		return;
	}
	tcb->rexmit_kind = TCP_REXMIT_RACK;
	tcb->rexmit_at = at;
}

void timeout_enter_time_wait(struct tcb *tcb, uint64_t now)
{
	tcb->rexmit_at = CN_NEVER;
	tcb->sws_at = CN_NEVER;
	tcb->keep_at = now + tcb->env->set->msl2_ns; /* MUST-13 */
}

static uint64_t keepidle(const struct tcb *tcb)
{
	if (tcb->tune && tcb->tune->keepidle_ns)
		return tcb->tune->keepidle_ns;
	return tcb->env->set->keepalive_idle_ns;
}

/* MUST-27 */
static uint64_t keepintvl(const struct tcb *tcb)
{
	if (tcb->tune && tcb->tune->keepintvl_ns)
		return tcb->tune->keepintvl_ns;
	return tcb->env->set->keepalive_interval_ns;
}

static unsigned keepcnt(const struct tcb *tcb)
{
	if (tcb->tune && tcb->tune->keepcnt)
		return tcb->tune->keepcnt;
	return tcb->env->set->keepalive_probes;
}

/* States in which keep_at means the keepalive (MUST-24: per connection). */
static bool keeps_alive(const struct tcb *tcb)
{
	switch ((enum cn_tcp_state)tcb->state) {
	case CN_ESTABLISHED:
	case CN_CLOSE_WAIT:
	case CN_FIN_WAIT_1:
	case CN_LAST_ACK:
	case CN_CLOSING:
		return tcb->keepalive; /* MUST-25: only if asked for */
	case CN_FIN_WAIT_2:
		return tcb->keepalive && !tcb->orphan;
	case CN_CLOSED:
	case CN_LISTEN:
	case CN_SYN_SENT:
	case CN_SYN_RECEIVED:
	case CN_TIME_WAIT:
		return false;
	}
	return false;
}

/* Somebody holds it and could still be waiting for it. */
static bool has_a_user(const struct tcb *tcb)
{
	switch ((enum cn_tcp_state)tcb->state) {
	case CN_ESTABLISHED:
	case CN_CLOSE_WAIT:
	case CN_FIN_WAIT_1:
	case CN_FIN_WAIT_2:
	case CN_LAST_ACK:
	case CN_CLOSING:
		return !tcb->orphan;
	case CN_CLOSED:
	case CN_LISTEN:
	case CN_SYN_SENT:
	case CN_SYN_RECEIVED:
	case CN_TIME_WAIT:
		return false;
	}
	return false;
}

/* Without an octet for so long it is cut off; CN_NEVER: it may be idle. */
static uint64_t idle_limit(const struct tcb *tcb)
{
	uint64_t limit = tcb->passive ? tcb->env->set->idle_timeout_ns : 0;

	if (tcb->tune && tcb->tune->idle_ns)
		limit = tcb->tune->idle_ns;
	return limit && has_a_user(tcb) ? limit : CN_NEVER;
}

void timeout_keepalive_restart(struct tcb *tcb, uint64_t now)
{
	uint64_t wait = idle_limit(tcb);

	if (keeps_alive(tcb) && keepidle(tcb) < wait)
		wait = keepidle(tcb);
	if (wait != CN_NEVER)
		tcb->keep_at = now + wait;
	else if (tcb->state != CN_TIME_WAIT && tcb->state != CN_FIN_WAIT_2)
		tcb->keep_at = CN_NEVER;
}

static uint64_t override_ns(const struct tcb *tcb)
{
	uint64_t rto;

	/* The backoff would be the persist timer's. */
	rto = rto_us(&tcb->rtt, tcb->env->set, 0) * CN_NS_PER_US;
	/* A path may be so fast, or rto_min so short. */
	if (output_is_corked(tcb) || rto < SWS_OVERRIDE_NS)
		return SWS_OVERRIDE_NS;
	return rto < SWS_OVERRIDE_MAX_NS ? rto : SWS_OVERRIDE_MAX_NS;
}

/*
 * Octets that can never be sent by an arriving ACK, because nothing is in
 * flight, need a timer: the persist timer if the peer's window is closed, the
 * override if it is open, but small, or if we hold them back (cork).
 */
void timeout_settle(struct tcb *tcb, uint64_t now)
{
	busy_settle(tcb, now);
	switch ((enum cn_tcp_state)tcb->state) {
	case CN_ESTABLISHED:
	case CN_CLOSE_WAIT:
	case CN_FIN_WAIT_1:
	case CN_CLOSING:
	case CN_LAST_ACK:
		break;
	case CN_CLOSED:
	case CN_LISTEN:
	case CN_SYN_SENT:
	case CN_SYN_RECEIVED:
	case CN_FIN_WAIT_2:
	case CN_TIME_WAIT:
		return;
	}
	if (!output_is_stuck(tcb)) {
		tcb->sws_at = CN_NEVER;
		if (!tcp_flight(tcb) && !output_has_unsent(tcb))
			tcb->rexmit_at = CN_NEVER;
		return;
	}
	if (tcb->snd_wnd) {
		/* MUST-38, MUST-60: never hold data for ever, nor longer the
		 * oftener it is held. */
		if (tcb->sws_at == CN_NEVER)
			tcb->sws_at = now + override_ns(tcb);
		return;
	}
	tcb->sws_at = CN_NEVER;
	/* MUST-35, MUST-36, SHLD-29: the first probe after an RTO.  What Karn's
	 * rule kept of an older backoff says nothing of this wait. */
	if (tcb->rexmit_at == CN_NEVER) {
		tcb->backoff = 0;
		tcb->rexmit_at = now + timeout_rto(tcb);
	}
}

/* Since the later of two instants, which may be days apart: compared as
 * sequence numbers are, they would change places after 24.8 of them. */
static uint32_t since_later(uint32_t a_ms, uint32_t b_ms, uint64_t now)
{
	uint32_t a = ms_of(now) - a_ms, b = ms_of(now) - b_ms;

	return a < b ? a : b;
}

uint64_t timeout_idle_ns(const struct tcb *tcb, uint64_t now)
{
	const struct tcp_stat *stat = &tcb->stat;
	uint32_t sent_ms = tcp_octets_sent(tcb) ? stat->last_sent_ms :
						  stat->last_received_ms;

	return since_later(sent_ms, stat->last_received_ms, now) *
	       (uint64_t)CN_NS_PER_MS;
}

uint64_t tcp_deadline(const struct tcb *tcb)
{
	uint64_t at = tcb->rexmit_at;

	if (tcb->delack_at < at)
		at = tcb->delack_at;
	if (tcb->sws_at < at)
		at = tcb->sws_at;
	if (pace_deadline(tcb) < at)
		at = pace_deadline(tcb);
	if (tcb->busy && tcb->busy->idle_at < at)
		at = tcb->busy->idle_at;
	return tcb->keep_at < at ? tcb->keep_at : at;
}

static unsigned syn_tries(const struct tcb *tcb)
{
	if (tcb->state == CN_SYN_RECEIVED)
		return tcb->env->set->synack_retries;
	if (tcb->tune && tcb->tune->syn_retries)
		return tcb->tune->syn_retries;
	/* MUST-23.  Deviation: as Linux, 127 s by default; the setting can make
	 * it three minutes. */
	return tcb->env->set->syn_retries;
}

static void back_off(struct tcb *tcb, uint64_t now)
{
	/* MUST-19: each timeout doubles the next. */
	if (tcb->backoff < BACKOFF_MAX)
		tcb->backoff++;
	timeout_rto_restart(tcb, now);
}

static void give_up(struct tcb *tcb, const char *rule, uint64_t now)
{
	tcb->env->count->tcp_timeouts++;
	tcb_end(tcb, tcb->soft_err ? tcb->soft_err : CN_E_TIMEDOUT, rule, now);
}

/* A SYN is repeated and given up by the same rule as data. */
static void syn_timeout(struct tcb *tcb, uint64_t now)
{
	uint64_t limit = user_timeout(tcb);

	trace_timer(tcb, CN_TIMER_RTO, "RFC 9293 section 3.8.1", now);
	/* MUST-22 */
	if (tcb->rexmit_n >= syn_tries(tcb) ||
	    (limit && waiting_ns(tcb, now) >= limit)) {
		give_up(tcb, "RFC 9293 section 3.8.3", now);
		return;
	}
	tcb->rexmit_n++;
	tcb->syn_rexmitted = true;
	TCP_MISHAP(tcb, timeouts);
	tcb->owe |= TCP_OWE_SYN;
	back_off(tcb, now);
}

/*
 * Nobody holds it, and its peer takes nothing, though it answers: as Linux,
 * until the timeout can grow no more.  Row 14 of the attacks: else a peer could
 * hold what it likes for ever, a segment every other minute.
 */
static bool is_abandoned(const struct tcb *tcb)
{
	const struct cn_settings *set = tcb->env->set;

	return tcb->orphan && !tcb->snd_wnd &&
	       tcb->backoff >= set->orphan_retries &&
	       timeout_rto(tcb) >= set->rto_max_ns;
}

static bool is_hopeless(const struct tcb *tcb, unsigned tries, uint64_t now)
{
	const struct cn_settings *set = tcb->env->set;
	uint64_t limit = user_timeout(tcb);

	/* MUST-21 */
	if (limit)
		return waiting_ns(tcb, now) >= limit;
	if (is_abandoned(tcb))
		return true;
	return tries >= (tcb->orphan ? set->orphan_retries : set->retries2);
}

bool timeout_is_last(const struct tcb *tcb)
{
	uint64_t limit = user_timeout(tcb), at = tcb->rexmit_at;

	if (at == CN_NEVER)
		return false;
	if (tcb->state == CN_SYN_SENT || tcb->state == CN_SYN_RECEIVED)
		return tcb->rexmit_n >= syn_tries(tcb) ||
		       (limit && waiting_ns(tcb, at) >= limit);
	if (tcb->rexmit_kind != TCP_REXMIT_RTO)
		return limit && waiting_ns(tcb, at) >= limit;
	if (tcp_flight(tcb))
		return is_hopeless(tcb, tcb->rexmit_n, at);
	/* The first probe begins the wait. */
	return tcb->backoff && is_hopeless(tcb, tcb->probe_n, at);
}

/* RFC 9293 section 3.8.3. */
static void rexmit_timeout(struct tcb *tcb, uint64_t now)
{
	trace_timer(tcb, CN_TIMER_RTO, "RFC 6298 section 5.4", now);
	/* MUST-20: after R2 retransmissions the connection is given up. */
	if (is_hopeless(tcb, tcb->rexmit_n, now)) {
		give_up(tcb, "RFC 9293 section 3.8.3", now);
		return;
	}
	if (tcb->rexmit_n < UINT8_MAX)
		tcb->rexmit_n++;
	TCP_MISHAP(tcb, timeouts);
	tcb->env->count->tcp_rto_fired++;
	recovery_timeout(tcb, now);
	/* SHLD-9: R1 retransmissions, and the way is in doubt. */
	if (tcb->rexmit_n == tcb->env->set->retries1)
		tcb->news |= TCP_NEWS_DOUBT;
	plpmtud_timeout(tcb, now);
	back_off(tcb, now);
}

/* RFC 9293 section 3.8.6.1: probes go on for as long as the peer answers
 * them; but as on Linux the user timeout counts from the first. */
static void persist_timeout(struct tcb *tcb, uint64_t now)
{
	trace_timer(tcb, CN_TIMER_PERSIST, "RFC 9293 section 3.8.6.1", now);
	if (tcb->backoff == 0)
		tcb->first_tx_ms = ms_of(now);
	if (is_hopeless(tcb, tcb->probe_n, now)) {
		give_up(tcb, "RFC 9293 section 3.8.6.1", now);
		return;
	}
	if (tcb->probe_n < UINT8_MAX)
		tcb->probe_n++;
	/* SHLD-30 */
	if (tcb->backoff < BACKOFF_MAX)
		tcb->backoff++;
	tcb->rexmit_at = now + timeout_rto(tcb);
	heed_user_timeout(tcb, now);
	tcb->owe |= TCP_OWE_PROBE;
}

/* RFC 9293 section 3.8.4. */
static void keepalive_timeout(struct tcb *tcb, uint64_t now)
{
	const struct tcp_stat *stat = &tcb->stat;
	uint64_t idle =
		since_later(stat->last_ack_ms, stat->last_received_ms, now) *
		(uint64_t)CN_NS_PER_MS;
	uint64_t need = keepidle(tcb);

	/* MUST-26: only when idle and nothing outstanding. */
	if (tcp_flight(tcb) || output_has_unsent(tcb)) {
		tcb->keep_at = now + need;
		return;
	}
	if (!tcb->probe_n && idle + CN_NS_PER_MS < need) {
		tcb->keep_at = now + need - idle;
		return;
	}
	trace_timer(tcb, CN_TIMER_KEEPALIVE, "RFC 9293 section 3.8.4", now);
	/* MUST-29: one probe without an answer proves nothing. */
	if (user_timeout(tcb) ? tcb->probe_n && idle >= user_timeout(tcb) :
				tcb->probe_n >= keepcnt(tcb)) {
		tcb->owe |= TCP_OWE_RST;
		give_up(tcb, "RFC 9293 section 3.8.4", now);
		return;
	}
	tcb->probe_n++;
	tcb->owe |= TCP_OWE_KEEPALIVE; /* MAY-5 */
	tcb->keep_at = now + keepintvl(tcb);
}

/*
 * Row 16 of the attacks: who opens a connection and says nothing, or never
 * reads, holds it no longer than the listener allows.  Acknowledgements and
 * probes are no octets.
 */
static bool idle_timeout(struct tcb *tcb, uint64_t now)
{
	if (timeout_idle_ns(tcb, now) + CN_NS_PER_MS < idle_limit(tcb))
		return false;
	trace_timer(tcb, CN_TIMER_IDLE, NULL, now);
	tcb->env->count->tcp_idle_timeouts++;
	tcb->owe |= TCP_OWE_RST;
	tcb_end(tcb, CN_E_TIMEDOUT, "idle timeout", now);
	return true;
}

/* Of what shares one instant, each when it is due. */
static void user_timeouts(struct tcb *tcb, uint64_t now)
{
	uint64_t limit = idle_limit(tcb), at;

	if (limit != CN_NEVER && idle_timeout(tcb, now))
		return;
	if (keeps_alive(tcb))
		keepalive_timeout(tcb, now);
	if (limit == CN_NEVER || tcb->state == CN_CLOSED)
		return;
	at = now + limit - timeout_idle_ns(tcb, now);
	if (at < tcb->keep_at)
		tcb->keep_at = at;
}

static void keep_timeout(struct tcb *tcb, uint64_t now)
{
	tcb->keep_at = CN_NEVER;
	if (tcb->state == CN_TIME_WAIT) {
		trace_timer(tcb, CN_TIMER_TIME_WAIT, "RFC 9293 MUST-13", now);
		tcb_end(tcb, 0, "RFC 9293 section 3.10.8", now);
	} else if (tcb->state == CN_FIN_WAIT_2 && tcb->orphan) {
		trace_timer(tcb, CN_TIMER_FIN_WAIT_2, NULL, now);
		tcb_end(tcb, 0, "Linux tcp_fin_timeout", now);
	} else {
		user_timeouts(tcb, now);
	}
}

/* RFC 8985: the timer was for less than a timeout, which goes on; after a
 * probe it begins anew (section 7.3). */
static void rack_fires(struct tcb *tcb, enum tcp_rexmit kind, uint64_t now)
{
	timeout_rto_restart(tcb, now);
	if (kind == TCP_REXMIT_TLP) {
		trace_timer(tcb, CN_TIMER_TLP, "RFC 8985 section 7.3", now);
		tlp_fires(tcb, now);
		return;
	}
	trace_timer(tcb, CN_TIMER_RACK, "RFC 8985 section 6.3", now);
	if (tcb->busy && tcb->busy->rec.rto_at < tcb->rexmit_at)
		tcb->rexmit_at = tcb->busy->rec.rto_at;
	recovery_reordering_over(tcb, now);
}

/* The user timeout ends it whatever the timer was for. */
static bool is_user_timeout(const struct tcb *tcb, uint64_t now)
{
	uint64_t limit = user_timeout(tcb);

	return limit && waiting_ns(tcb, now) >= limit;
}

static void rexmit_fires(struct tcb *tcb, uint64_t now)
{
	enum tcp_rexmit kind = (enum tcp_rexmit)tcb->rexmit_kind;

	tcb->rexmit_kind = TCP_REXMIT_RTO;
	tcb->rexmit_at = CN_NEVER;
	if (kind != TCP_REXMIT_RTO && tcp_flight(tcb) &&
	    !is_user_timeout(tcb, now)) {
		rack_fires(tcb, kind, now);
		return;
	}
	if (tcb->state == CN_SYN_SENT || tcb->state == CN_SYN_RECEIVED)
		syn_timeout(tcb, now);
	else if (tcp_flight(tcb))
		rexmit_timeout(tcb, now);
	else
		persist_timeout(tcb, now);
}

void tcp_advance(struct tcb *tcb, uint64_t now)
{
	if (tcb->rexmit_at <= now)
		rexmit_fires(tcb, now);
	if (tcb->delack_at <= now) {
		tcb->delack_at = CN_NEVER;
		trace_timer(tcb, CN_TIMER_DELACK, "RFC 9293 section 3.8.6.3",
			    now);
		tcb->owe |= TCP_OWE_ACK;
	}
	if (tcb->sws_at <= now) {
		tcb->sws_at = CN_NEVER;
		trace_timer(tcb, CN_TIMER_SWS, "RFC 9293 section 3.8.6.2.1",
			    now);
		tcb->owe |= TCP_OWE_WAKE;
		tcb->unpushed = false;
	}
	if (tcb->keep_at <= now)
		keep_timeout(tcb, now);
	/* What waited for it is asked for now. */
	if (pace_deadline(tcb) <= now)
		pace_waits(tcb, false);
	timeout_settle(tcb, now);
}
