/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.7.1, RFC 7323, RFC 2018: what the SYNs agree on. */
#include "tcp/options.h"

#include "tcp/ecn.h"
#include "tcp/window.h"

/* MUST-16: the send MSS is the least of what the peer takes, what the path
 * carries and what the application asked for; row 20 of the attacks puts a
 * floor under it, or one octet would travel per packet. */
uint32_t options_mss_max(const struct tcb *tcb)
{
	uint32_t mss = tcb->peer_mss;

	if (tcb->path_mss < mss)
		mss = tcb->path_mss;
	if (tcb->tune && tcb->tune->maxseg && tcb->tune->maxseg < mss)
		mss = tcb->tune->maxseg;
	if (mss < tcb->env->set->min_snd_mss)
		mss = tcb->env->set->min_snd_mss;
	return mss;
}

void options_update_mss(struct tcb *tcb)
{
	uint32_t mss = options_mss_max(tcb);

	/* RFC 4821: what is known to arrive. */
	if (tcb->tune && tcb->tune->mtu.low && tcb->tune->mtu.low < mss)
		mss = tcb->tune->mtu.low;
	tcb->snd_mss = (uint16_t)mss;
}

void options_peer_mss(struct tcb *tcb, uint32_t mss)
{
	/* MUST-15: without the option, the default of the IP version. */
	tcb->peer_mss = (uint16_t)(mss ? mss : tcb->default_mss);
	options_update_mss(tcb);
	tcb->rcv_mss = tcb->snd_mss < 536 ? tcb->snd_mss : 536;
}

void options_from_syn(struct tcb *tcb, const struct tcp_seg *seg, uint64_t now)
{
	const struct cn_settings *set = tcb->env->set;

	options_peer_mss(tcb, seg->options & TCP_OPT_MSS ? seg->mss : 0);
	tcb->ws_ok = set->window_scaling && (seg->options & TCP_OPT_WSCALE);
	tcb->snd_wscale = tcb->ws_ok ? seg->wscale : 0;
	if (!tcb->ws_ok)
		tcb->rcv_wscale = 0;
	ecn_answered(tcb, seg);
	tcb->sack_ok = set->sack && (seg->options & TCP_OPT_SACK_OK);
	tcb->ts_ok = set->timestamps && (seg->options & TCP_OPT_TS);
	if (tcb->ts_ok) {
		tcb->ts_recent = seg->tsval;
		tcb->ts_recent_age_s = (uint32_t)(now / CN_NS_PER_SEC);
	}
}

void options_on_syn(const struct tcb *tcb, struct tcp_seg *seg, uint64_t now)
{
	const struct cn_settings *set = tcb->env->set;
	bool answer = tcb->state != CN_SYN_SENT;

	/* MUST-14, MUST-65, SHLD-5: the MSS option goes on SYNs, always
	 * (MAY-3). */
	seg->options = TCP_OPT_MSS;
	seg->mss = tcb->adv_mss;
	if (answer ? tcb->ts_ok : set->timestamps) {
		seg->options |= TCP_OPT_TS;
		seg->tsval = ts_clock(now) + tcb->ts_off;
		seg->tsecr = answer ? tcb->ts_recent : 0;
	}
	if (answer ? tcb->sack_ok : set->sack)
		seg->options |= TCP_OPT_SACK_OK;
	if (answer ? tcb->ws_ok : set->window_scaling) {
		seg->options |= TCP_OPT_WSCALE;
		seg->wscale = tcb->rcv_wscale;
	}
}
