/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 sections 3.10.1 to 3.10.6: OPEN, SEND, RECEIVE, CLOSE, ABORT,
 * STATUS.  What Linux makes of them for sockets is sock/'s affair.
 */
#include <string.h>

#include "base/assert.h"
#include "tcp/accecn.h"
#include "tcp/busy.h"
#include "tcp/congestion.h"
#include "tcp/options.h"
#include "tcp/output.h"
#include "tcp/pace.h"
#include "tcp/recvq.h"
#include "tcp/sendq.h"
#include "tcp/sent.h"
#include "tcp/timeout.h"
#include "tcp/trace.h"
#include "tcp/tune.h"
#include "tcp/window.h"

#define QUICK_ACKS 4

void tcb_init(struct tcb *tcb, const struct tcp_env *env)
{
	const struct cn_settings *set = env->set;

	memset(tcb, 0, sizeof(*tcb));
	tcb->env = env;
	tcb->state = CN_CLOSED;
	tcb->cc_kind = set->cc;
	tcb->ttl = set->ttl;
	tune_init(tcb);
	tcb->rcv_mark = UINT32_MAX;
	tcb->quick_n = QUICK_ACKS;
	tcb->rexmit_at = CN_NEVER;
	tcb->delack_at = CN_NEVER;
	tcb->sws_at = CN_NEVER;
	tcb->keep_at = CN_NEVER;
	/* RFC 5681 section 3.1: arbitrarily high. */
	tcb->cc.ssthresh = UINT32_MAX;
	if (cc_ops((enum cn_cc)tcb->cc_kind)->init)
		cc_ops((enum cn_cc)tcb->cc_kind)->init(&tcb->cc);
}

void tcb_deinit(struct tcb *tcb)
{
	sent_free(tcb);
	sendq_free(tcb);
	recvq_free(tcb);
	busy_free(tcb);
	congestion_stop(tcb);
	accecn_free(tcb);
	pool_release(tcb->env->pool, tcb->tune, sizeof(*tcb->tune));
	tcb->tune = NULL;
}

void tcp_set_path(struct tcb *tcb, uint32_t snd_mss, uint32_t adv_mss,
		  uint32_t default_mss)
{
	tcb->path_mss = (uint16_t)(snd_mss < 65535 ? snd_mss : 65535);
	tcb->adv_mss = (uint16_t)(adv_mss < 65535 ? adv_mss : 65535);
	tcb->default_mss = (uint16_t)default_mss;
	if (tcb->tune && tcb->tune->maxseg && tcb->tune->maxseg < tcb->adv_mss)
		tcb->adv_mss = tcb->tune->maxseg;
	if (!tcb->peer_mss)
		options_peer_mss(tcb, 0);
}

void tcp_path_mss(struct tcb *tcb, uint32_t mss, uint64_t now)
{
	uint16_t before = tcb->snd_mss;

	tcb->path_mss = (uint16_t)(mss < 65535 ? mss : 65535);
	options_update_mss(tcb);
	/* RFC 5681 section 3.1: the least window is one segment, and segments
	 * may have grown. */
	if (tcb->cc.cwnd < tcb->snd_mss)
		tcb->cc.cwnd = tcb->snd_mss;
	/* RFC 1191 section 6.5: what was too long is sent again at once; the
	 * network was not congested, the window stays. */
	if (tcb->state == CN_SYN_SENT) {
		/* As Linux: too long with its data, the SYN goes without them,
		 * and says what would have fitted. */
		if (mss < tcb->adv_mss)
			tcb->adv_mss = tcb->path_mss;
		if (tcb->fast_data && tcb->snd_nxt != tcb->iss + 1 &&
		    !tcb->syn_rexmitted) {
			tcb->syn_rexmitted = true;
			tcb->owe |= TCP_OWE_SYN;
		}
	} else if (tcb->snd_mss < before) {
		sent_lose_longer(tcb, output_mss(tcb));
		if (tcb->lost)
			tcb->owe |= TCP_OWE_REXMIT;
	}
	timeout_settle(tcb, now);
}

/* RFC 9293 section 3.10.1 */
void tcp_open(struct tcb *tcb, uint32_t iss, uint32_t ts_off, uint64_t now)
{
	if (tcb->tune) {
		memset(&tcb->tune->mishaps, 0, sizeof(tcb->tune->mishaps));
		memset(&tcb->tune->mtu, 0, sizeof(tcb->tune->mtu));
	}
	tcb->iss = iss;
	tcb->snd_una = iss;
	tcb->snd_nxt = iss + 1;
	tcb->snd_end = iss + 1;
	tcb->snd_sml = iss;
	tcb->recover = iss;
	tcb->ts_off = ts_off;
	tcb->rcv_wscale = window_scale_for(tcb->env->set, tcb->rcvbuf);
	tcp_set_path(tcb, tcb->path_mss, tcb->adv_mss, tcb->default_mss);
	tcb_set_state(tcb, CN_SYN_SENT, "RFC 9293 section 3.10.1", now);
	if (!tcb->fast_defer)
		tcp_syn_start(tcb, now);
}

void tcp_hold(struct tcb *tcb, bool hold, uint64_t now)
{
	if (tcb->state != CN_SYN_SENT || tcb->held == hold)
		return;
	tcb->held = hold;
	/* How long it is held says nothing about the path. */
	tcb->was_held = true;
	if (hold) {
		tcb->rexmit_at = CN_NEVER;
		tcb->owe &= (uint16_t)~TCP_OWE_SYN;
	} else {
		tcb->rexmit_at = now + timeout_rto(tcb);
	}
}

/* RFC 9293 section 3.10.2, which states may send. */
static int may_send(const struct tcb *tcb)
{
	switch ((enum cn_tcp_state)tcb->state) {
	case CN_CLOSED:
	case CN_LISTEN:
		return tcb->err ? CN_E_PIPE : CN_E_NOTCONN;
	case CN_SYN_SENT:
	case CN_SYN_RECEIVED:
		if (tcb->fin_queued)
			return CN_E_PIPE;
		return tcb->fast_child ? CN_OK : CN_E_AGAIN;
	case CN_ESTABLISHED:
	case CN_CLOSE_WAIT:
		return CN_OK;
	case CN_FIN_WAIT_1:
	case CN_FIN_WAIT_2:
	case CN_CLOSING:
	case CN_LAST_ACK:
	case CN_TIME_WAIT:
		return CN_E_PIPE;
	}
	return CN_E_INVAL;
}

int tcp_send_reserve(struct tcb *tcb, size_t want, struct cn_span *span, int n)
{
	size_t room = tcp_send_room(tcb);
	int err = may_send(tcb);

	if (err)
		return err;
	if (want > room)
		want = room;
	if (!want)
		return CN_E_AGAIN;
	n = sendq_reserve(tcb, want, span, n);
	return n == CN_E_NOMEM ? CN_E_NOBUFS : n;
}

int tcp_send_commit(struct tcb *tcb, size_t len, unsigned flags, uint64_t now)
{
	int err = may_send(tcb);

	if (err)
		return err;
	if (flags & CN_MSG_EOR && len && !sendq_can_mark(tcb))
		return CN_E_NOBUFS;
	sendq_commit(tcb, (uint32_t)len);
	if (flags & CN_MSG_EOR && len)
		sendq_mark(tcb);
	tcb->more = !!(flags & CN_MSG_MORE);
	tcb->unpushed = tcb->more;
	/* MUST-30, MUST-31, MUST-62: the urgent pointer names the octet after
	 * the last urgent one. */
	if ((flags & CN_MSG_OOB) && len) {
		tcb->urg_out = true;
		tcb->snd_up = tcb->snd_end;
	}
	timeout_settle(tcb, now);
	return CN_OK;
}

int64_t tcp_send(struct tcb *tcb, const void *data, size_t len, unsigned flags,
		 uint64_t now)
{
	struct cn_span span[8];
	const uint8_t *from = data;
	size_t done = 0;
	int err = may_send(tcb), n = 1, i;

	if (err || !len)
		return err;
	if (flags & CN_MSG_EOR && !sendq_can_mark(tcb))
		return CN_E_NOBUFS;
	while (done < len && n > 0) {
		size_t part = 0;

		n = tcp_send_reserve(tcb, len - done, span, 8);
		for (i = 0; i < n; i++) {
			memcpy(span[i].data, from + done + part, span[i].len);
			part += span[i].len;
		}
		if (part)
			sendq_commit(tcb, (uint32_t)part);
		done += part;
	}
	if (!done)
		return n;
	/* What did not fit follows, and nothing waits for it: as Linux. */
	if (done < len)
		flags &= ~(unsigned)(CN_MSG_MORE | CN_MSG_EOR);
	if (flags & CN_MSG_EOR)
		sendq_mark(tcb);
	err = tcp_send_commit(tcb, 0, flags & ~(unsigned)CN_MSG_OOB, now);
	CN_ASSERT(!err);
	if ((flags & CN_MSG_OOB) && done == len) {
		tcb->urg_out = true;
		tcb->snd_up = tcb->snd_end;
	}
	return (int64_t)done;
}

/* Octets that one read may take: it stops at the urgent mark. */
static uint32_t readable(const struct tcb *tcb)
{
	uint32_t len = tcb->rcv_queued;

	if (tcb->rcv_mark != UINT32_MAX && tcb->rcv_mark > 0 &&
	    tcb->rcv_mark < len)
		len = tcb->rcv_mark;
	return len;
}

int tcp_recv_view(struct tcb *tcb, struct cn_slice *slice, int n)
{
	uint32_t len = readable(tcb);
	int i, got;

	got = recvq_view(tcb, slice, n);
	for (i = 0; i < got && len; i++) {
		if (slice[i].len > len)
			slice[i].len = len;
		len -= slice[i].len;
	}
	return i;
}

void tcp_pass_mark(struct tcb *tcb)
{
	tcb->rcv_mark = UINT32_MAX;
	tcb->oob_has = false;
}

int tcp_recv_take(struct tcb *tcb, size_t len, uint64_t now)
{
	if (len > tcb->rcv_queued)
		return CN_E_INVAL;
	if (!len)
		return CN_OK;
	recvq_take(tcb, (uint32_t)len);
	if (tcb->busy)
		tune_taken(tcb, now);
	if (tcb->rcv_mark >= len)
		tcb->rcv_mark -= tcb->rcv_mark == UINT32_MAX ? 0 :
							       (uint32_t)len;
	else
		tcp_pass_mark(tcb);
	/* The window has opened: MUST-39, and see window.c. */
	if (tcb->state != CN_CLOSED && tcb->state != CN_SYN_RECEIVED &&
	    !tcb->fin_rcvd && window_wants_update(tcb))
		tcb->owe |= TCP_OWE_ACK;
	timeout_settle(tcb, now);
	return CN_OK;
}

static int64_t recv_oob(struct tcb *tcb, uint8_t *data, size_t len,
			unsigned flags)
{
	if (tcb->oobinline)
		return CN_E_INVAL;
	if (!tcb->oob_has && !tcb->urg_in)
		return CN_E_INVAL;
	/* As Linux: it was aborted, not closed. */
	if (tcb->state == CN_CLOSED && !tcb->fin_rcvd)
		return CN_E_NOTCONN;
	if (!tcb->oob_has)
		return tcb->rd_shut || tcb->fin_rcvd ? 0 : CN_E_AGAIN;
	if (!len)
		return 0;
	*data = tcb->oob_octet;
	if (!(flags & CN_MSG_PEEK))
		tcb->oob_has = false;
	return 1;
}

/* RFC 9293 section 3.10.3 */
int64_t tcp_recv(struct tcb *tcb, void *data, size_t len, unsigned flags,
		 uint64_t now)
{
	struct cn_slice slice[16];
	uint8_t *to = data;
	size_t done = 0;
	int n, i;

	if (flags & CN_MSG_OOB)
		return recv_oob(tcb, to, len, flags);
	if (!tcb->rcv_queued) {
		if (tcb->fin_rcvd || tcb->rd_shut)
			return 0;
		if (tcb->state == CN_CLOSED)
			return CN_E_NOTCONN;
		return CN_E_AGAIN;
	}
	do {
		size_t part = 0;

		n = tcp_recv_view(tcb, slice, 16);
		for (i = 0; i < n && done + part < len; i++) {
			size_t piece = slice[i].len;

			if (piece > len - done - part)
				piece = len - done - part;
			if (!(flags & CN_MSG_TRUNC))
				memcpy(to + done + part, slice[i].data, piece);
			part += piece;
		}
		done += part;
		if (flags & CN_MSG_PEEK || !part)
			break;
		tcp_recv_take(tcb, part, now);
	} while (done < len && tcb->rcv_queued && tcb->rcv_mark != 0);
	return (int64_t)done;
}

bool tcp_at_mark(const struct tcb *tcb)
{
	return tcb->rcv_mark == 0;
}

/* RFC 9293 section 3.10.4 */
void tcp_close(struct tcb *tcb, uint64_t now)
{
	static const char rule[] = "RFC 9293 section 3.10.4";

	/* CLOSE implies push. */
	tcb->unpushed = false;
	switch ((enum cn_tcp_state)tcb->state) {
	case CN_CLOSED:
	case CN_LISTEN:
	case CN_FIN_WAIT_1:
	case CN_FIN_WAIT_2:
	case CN_CLOSING:
	case CN_LAST_ACK:
	case CN_TIME_WAIT:
		return;
	case CN_SYN_SENT:
		tcb_end(tcb, 0, rule, now);
		return;
	case CN_SYN_RECEIVED:
		/* The FIN follows once the handshake is done (arrive.c). */
		tcb->fin_queued = true;
		break;
	case CN_ESTABLISHED:
		tcb->fin_queued = true;
		tcb_set_state(tcb, CN_FIN_WAIT_1, rule, now);
		break;
	case CN_CLOSE_WAIT:
		tcb->fin_queued = true;
		tcb_set_state(tcb, CN_LAST_ACK, rule, now);
		break;
	}
	timeout_settle(tcb, now);
}

void tcp_orphan(struct tcb *tcb, uint64_t now)
{
	tcb->orphan = true;
	recvq_free(tcb);
	if (tcb->state == CN_FIN_WAIT_2)
		tcb->keep_at = now + timeout_fin_wait2(tcb);
	timeout_settle(tcb, now);
}

/* RFC 9293 section 3.10.5 */
void tcp_abort(struct tcb *tcb, int err, uint64_t now)
{
	/* SHLD-3: a close that leaves octets unread aborts, too. */
	const char *rule = tcb->rcv_queued ? "RFC 9293 section 3.6.1" :
					     "RFC 9293 section 3.10.5";

	switch ((enum cn_tcp_state)tcb->state) {
	case CN_SYN_RECEIVED:
	case CN_ESTABLISHED:
	case CN_FIN_WAIT_1:
	case CN_FIN_WAIT_2:
	case CN_CLOSE_WAIT:
		tcb->owe |= TCP_OWE_RST;
		break;
	case CN_CLOSING:
	case CN_LAST_ACK:
		/* Deviation: RFC 9293 sends none here; Linux does while our
		 * FIN is not acknowledged, and so the peer learns of it. */
		tcb->owe |= TCP_OWE_RST;
		break;
	case CN_CLOSED:
	case CN_LISTEN:
	case CN_SYN_SENT:
	case CN_TIME_WAIT:
		break;
	}
	recvq_free(tcb);
	tcb_end(tcb, err, rule, now);
}

void tcp_set_nodelay(struct tcb *tcb, bool on, uint64_t now)
{
	tcb->nodelay = on;
	/* As Linux: what waits is pushed, corked or not. */
	if (on && output_has_unsent(tcb))
		tcb->owe |= TCP_OWE_WAKE;
	timeout_settle(tcb, now);
}

void tcp_set_cork(struct tcb *tcb, bool on, uint64_t now)
{
	tcb->cork = on;
	if (!on) {
		tcb->sws_at = CN_NEVER;
		/* Uncorked is pushed, whatever Nagle would say. */
		if (output_has_unsent(tcb))
			tcb->owe |= TCP_OWE_WAKE;
	}
	timeout_settle(tcb, now);
}

void tcp_set_quickack(struct tcb *tcb, bool on, uint64_t now)
{
	tcb->quickack = on;
	if (!on)
		tcb->quick_n = 0;
	if (on && tcb->delack_at != CN_NEVER)
		tcb->owe |= TCP_OWE_ACK;
	timeout_settle(tcb, now);
}

void tcp_set_keepalive(struct tcb *tcb, bool on, uint64_t now)
{
	tcb->keepalive = on;
	timeout_keepalive_restart(tcb, now);
}

void tcp_set_rcvbuf(struct tcb *tcb, uint32_t octets)
{
	tcb->rcvbuf = octets;
	tcb->rcvbuf_fixed = true;
}

void tcp_set_sndbuf(struct tcb *tcb, uint32_t octets)
{
	tcb->sndbuf = octets;
	tcb->sndbuf_fixed = true;
}

/* MAY-18 */
int tcp_set_cc(struct tcb *tcb, enum cn_cc kind, uint64_t now)
{
	return congestion_switch(tcb, kind, now);
}

int tcp_set_max_pacing_rate(struct tcb *tcb, uint64_t rate, uint64_t now)
{
	struct tcp_tune *tune = tcp_tune(tcb);

	if (!tune)
		return CN_E_NOBUFS;
	tune->max_pacing_rate = rate == UINT64_MAX ? 0 : rate;
	pace_change(tcb, now);
	return CN_OK;
}

struct tcp_mishaps *tcp_mishaps(struct tcb *tcb)
{
	struct tcp_tune *tune = tcp_tune(tcb);

	return tune ? &tune->mishaps : NULL;
}

const struct tcp_mishaps *tcp_mishaps_of(const struct tcb *tcb)
{
	static const struct tcp_mishaps none;

	return tcb->tune ? &tcb->tune->mishaps : &none;
}

struct tcp_tune *tcp_tune(struct tcb *tcb)
{
	if (!tcb->tune)
		tcb->tune = pool_alloc(tcb->env->pool, sizeof(*tcb->tune));
	return tcb->tune;
}
