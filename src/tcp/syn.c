/* SPDX-License-Identifier: MIT */
/*
 * The ends of a connection's life, where there is no TCB: CLOSED
 * (RFC 9293 section 3.10.7.1), LISTEN (3.10.7.2), and the compact records of
 * SYN-RECEIVED and TIME-WAIT.
 */
#include <string.h>

#include "tcp/accecn.h"
#include "tcp/options.h"
#include "tcp/sent.h"
#include "tcp/timeout.h"
#include "tcp/window.h"

/*
 * RFC 9293 section 3.10.7.1: a segment for no connection is answered so that
 * its sender can believe the reset; a reset is never answered.
 */
bool tcp_closed_arrives(const struct tcp_seg *seg, struct tcp_seg *reply)
{
	if (seg->flags & TCP_RST)
		return false;
	memset(reply, 0, offsetof(struct tcp_seg, slice));
	if (seg->flags & TCP_ACK) {
		reply->seq = seg->ack;
		reply->flags = TCP_RST;
	} else {
		reply->ack = seg->seq + seg->len;
		reply->flags = TCP_RST | TCP_ACK;
	}
	return true;
}

/* RFC 9293 section 3.10.7.2 */
enum tcp_listen_verdict tcp_listen_arrives(const struct tcp_seg *seg)
{
	/* First, check for a RST: ignored. */
	if (seg->flags & TCP_RST)
		return TCP_LISTEN_DROP;
	/* Second, check for an ACK: nothing was sent that it could be for. */
	if (seg->flags & TCP_ACK)
		return TCP_LISTEN_RST;
	/* Third, check for a SYN.  Deviation: with a FIN it is no way to open
	 * a connection, and dropped as Linux does. */
	if ((seg->flags & (TCP_SYN | TCP_FIN)) == TCP_SYN)
		return TCP_LISTEN_SYN;
	/* Fourth, anything else. */
	return TCP_LISTEN_DROP;
}

void tcp_syn_init(struct tcp_syn *syn, const struct tcp_env *env,
		  const struct tcp_seg *seg, uint32_t iss, uint32_t rcvbuf)
{
	const struct cn_settings *set = env->set;
	uint8_t options = seg->options & (uint8_t)~TCP_OPT_ACCECN;

	memset(syn, 0, sizeof(*syn));
	syn->irs = seg->seq;
	syn->iss = iss;
	if (!set->timestamps)
		options &= (uint8_t)~TCP_OPT_TS;
	if (!set->sack)
		options &= (uint8_t)~TCP_OPT_SACK_OK;
	if (!set->window_scaling)
		options &= (uint8_t)~TCP_OPT_WSCALE;
	syn->options = options;
	syn->ecn = ecn_of_syn(set, seg);
	if (options & TCP_OPT_TS)
		syn->ts_recent = seg->tsval;
	if (options & TCP_OPT_MSS)
		syn->peer_mss = seg->mss;
	if (options & TCP_OPT_WSCALE) {
		syn->peer_wscale = seg->wscale;
		syn->rcv_wscale = window_scale_for(set, rcvbuf);
	}
	syn->rcv_wnd = (uint16_t)(rcvbuf < 65535 ? rcvbuf : 65535);
}

void tcp_syn_reply(const struct tcp_syn *syn, const struct tcp_env *env,
		   uint32_t adv_mss, uint32_t ts_off, struct tcp_seg *reply,
		   uint64_t now)
{
	(void)env;
	memset(reply, 0, offsetof(struct tcp_seg, slice));
	reply->seq = syn->iss;
	reply->ack = syn->irs + 1;
	reply->flags = TCP_SYN | TCP_ACK;
	reply->len = 1;
	reply->wnd = syn->rcv_wnd;
	reply->mss = (uint16_t)adv_mss;
	reply->options = TCP_OPT_MSS |
			 (syn->options &
			  (TCP_OPT_TS | TCP_OPT_SACK_OK | TCP_OPT_WSCALE));
	reply->wscale = syn->rcv_wscale;
	reply->tsval = ts_clock(now) + ts_off;
	reply->tsecr = syn->ts_recent;
	ecn_agree(reply, syn->ecn, syn->again, syn->rexmit_n);
}

void tcp_from_syn(struct tcb *tcb, const struct tcp_syn *syn, uint32_t ts_off,
		  uint64_t sent_at_time, uint64_t now)
{
	tcb_set_state(tcb, CN_LISTEN, NULL, now);
	tcb->passive = true;
	tcb->irs = syn->irs;
	tcb->rcv_nxt = syn->irs + 1;
	tcb->rcv_wnd = syn->rcv_wnd;
	tcb->last_ack_sent = tcb->rcv_nxt;
	tcb->iss = syn->iss;
	tcb->snd_una = syn->iss;
	tcb->snd_nxt = syn->iss + 1;
	tcb->snd_end = tcb->snd_nxt;
	tcb->snd_sml = syn->iss;
	tcb->recover = syn->iss;
	tcb->ts_off = ts_off;
	tcb->ts_ok = !!(syn->options & TCP_OPT_TS);
	tcb->sack_ok = !!(syn->options & TCP_OPT_SACK_OK);
	tcb->ws_ok = !!(syn->options & TCP_OPT_WSCALE);
	ecn_begin(tcb, syn->ecn, syn->rexmit_n);
	tcb->snd_wscale = tcb->ws_ok ? syn->peer_wscale : 0;
	tcb->rcv_wscale = tcb->ws_ok ? syn->rcv_wscale : 0;
	tcb->ts_recent = syn->ts_recent;
	tcb->ts_recent_age_s = (uint32_t)(now / CN_NS_PER_SEC);
	tcb->syn_rexmitted = syn->rexmit_n > 0;
	tcb->first_tx_ms = ms_of(sent_at_time ? sent_at_time : now);
	tcb->stat.segs_in = 1; /* the SYN, as Linux counts */
	options_peer_mss(tcb, syn->peer_mss);
	tcb_set_state(tcb, CN_SYN_RECEIVED, NULL, now);
	if (sent_push(tcb, tcb->iss, 0, 1, TCP_SYN, sent_at_time) &&
	    (tcb->syn_rexmitted || !sent_at_time))
		sent_at(tcb->sent, 0)->again = 1;
	tcb->rexmit_at = now + env_rto_initial(tcb);
}

void tcp_tw_init(struct tcp_tw *tw, const struct tcb *tcb)
{
	memset(tw, 0, sizeof(*tw));
	tw->snd_nxt = tcb->snd_nxt;
	tw->rcv_nxt = tcb->rcv_nxt;
	tw->ts_recent = tcb->ts_recent;
	tw->ts_recent_age_s = tcb->ts_recent_age_s;
	tw->rcv_wnd = tcb->rcv_wnd;
	tw->rcv_wscale = tcb->rcv_wscale;
	tw->options = tcb->ts_ok ? TCP_OPT_TS : 0;
	tw->has_ace = tcb->accecn;
	tw->ace = tcb->accecn ? accecn_ace(tcb) : 0;
}

static void tw_reply(const struct tcp_tw *tw, uint32_t ts_off,
		     struct tcp_seg *reply, uint64_t now)
{
	memset(reply, 0, offsetof(struct tcp_seg, slice));
	reply->seq = tw->snd_nxt;
	reply->ack = tw->rcv_nxt;
	reply->flags = TCP_ACK;
	tcp_set_ace(reply, tw->ace);
	reply->wnd = (uint16_t)(tw->rcv_wnd >> tw->rcv_wscale);
	if (tw->options & TCP_OPT_TS) {
		reply->options = TCP_OPT_TS;
		reply->tsval = ts_clock(now) + ts_off;
		reply->tsecr = tw->ts_recent;
	}
}

/*
 * RFC 6191: a SYN that is provably newer than the old incarnation may open a
 * new one; by its timestamp, or else by its sequence number.
 */
static bool tw_syn_is_newer(const struct tcp_tw *tw, const struct tcp_seg *seg)
{
	if ((tw->options & TCP_OPT_TS) && (seg->options & TCP_OPT_TS)) {
		/* SHLD-4 */
		if (seq_gt(seg->tsval, tw->ts_recent))
			return true;
		if (seg->tsval != tw->ts_recent)
			return false;
	}
	return seq_gt(seg->seq, tw->rcv_nxt);
}

enum tcp_tw_verdict tcp_tw_arrives(struct tcp_tw *tw, const struct tcp_env *env,
				   uint32_t ts_off, const struct tcp_seg *seg,
				   struct tcp_seg *reply, uint64_t now)
{
	bool paws = false, in_window;

	(void)env;
	if ((tw->options & TCP_OPT_TS) && (seg->options & TCP_OPT_TS))
		paws = seq_lt(seg->tsval, tw->ts_recent);
	in_window = seg->seq == tw->rcv_nxt ||
		    seq_in_window(seg->seq, tw->rcv_nxt, tw->rcv_wnd);
	/* RFC 1337 section 3 fix F1: a reset does not end TIME-WAIT. */
	if (seg->flags & TCP_RST)
		return TCP_TW_DROP;
	if ((seg->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
	    tw_syn_is_newer(tw, seg))
		return TCP_TW_REUSE;
	/* An older SYN is answered as in any state (RFC 5961 section 4.2), so
	 * that its sender learns of us. */
	if (!(seg->flags & (TCP_ACK | TCP_SYN)))
		return TCP_TW_DROP;
	tw_reply(tw, ts_off, reply, now);
	if (paws)
		return TCP_TW_ACK;
	/* A FIN again: our last ACK was lost.  2MSL begins again. */
	if ((seg->flags & TCP_FIN) && !(seg->flags & TCP_SYN) &&
	    seg->seq + seg->len == tw->rcv_nxt) {
		if (seg->options & TCP_OPT_TS)
			tw->ts_recent = seg->tsval;
		return TCP_TW_RESTART;
	}
	/* A plain duplicate of the last ACK needs no answer; all else is old
	 * and gets one, so that a peer out of step learns where we are. */
	if (seg->len == 0 && in_window)
		return TCP_TW_DROP;
	return TCP_TW_ACK;
}
