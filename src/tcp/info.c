/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.10.6: STATUS, as struct cn_tcp_info. */
#include <string.h>

#include "tcp/busy.h"
#include "tcp/ecn.h"
#include "tcp/output.h"
#include "tcp/rack.h"
#include "tcp/recovery.h"
#include "tcp/recvq.h"
#include "tcp/sent_bits.h"
#include "tcp/timeout.h"
#include "tcp/trace.h"

static void info_rtt(const struct tcb *tcb, struct cn_tcp_info *info)
{
	const struct tcp_rtt *rtt = &tcb->rtt;

	info->rto = timeout_rto(tcb);
	info->srtt = rtt->srtt_us * CN_NS_PER_US;
	info->rttvar = rtt->rttvar_us * CN_NS_PER_US;
	info->rtt_min = rtt->min_us * CN_NS_PER_US;
	info->rtt_max = rtt->max_us * CN_NS_PER_US;
	if (rtt->n)
		info->rtt_avg = rtt->sum_us / rtt->n * (uint64_t)CN_NS_PER_US;
}

/* A number for each octet, one for the SYN and one for the FIN. */
uint64_t tcp_octets_sent(const struct tcb *tcb)
{
	uint64_t numbers = (uint64_t)tcb->snd_wraps << 32;

	numbers |= (uint32_t)(tcb->snd_nxt - tcb->iss);
	return numbers ? numbers - 1 - output_fin_sent(tcb) : 0;
}

uint64_t tcp_octets_received(const struct tcb *tcb)
{
	uint64_t numbers = (uint64_t)tcb->rcv_wraps << 32;

	numbers |= (uint32_t)(tcb->rcv_nxt - tcb->irs);
	return numbers ? numbers - 1 - tcb->fin_rcvd : 0;
}

/* Segments with data that are in flight and have not been SACKed. */
static uint32_t segs_waiting(const struct tcb *tcb)
{
	const struct sent_ring *ring = tcb->sent;
	uint32_t n = 0, i;

	for (i = 0; ring && i < ring->n; i++) {
		const struct sent *rec = sent_at(ring, i);

		if (rec->end - rec->seq > !!(rec->flags & (TCP_SYN | TCP_FIN)))
			n += rec->n - count_of(rec->sacked);
	}
	return n;
}

/* As Linux counts: the SYN is one, with its data or without. */
static uint64_t delivered(const struct tcb *tcb)
{
	const struct tcp_stat *stat = &tcb->stat;
	uint64_t again = stat->segs_retransmitted - tcb->bare_rexmits;
	uint64_t gone = again + segs_waiting(tcb);

	if (tcb->state == CN_SYN_SENT)
		return 0;
	if (tcb->fast_acked && !tcb->passive)
		gone++;
	return stat->data_segs_out > gone ? 1 + stat->data_segs_out - gone : 1;
}

static void info_counts(const struct tcb *tcb, struct cn_tcp_info *info)
{
	const struct tcp_stat *stat = &tcb->stat;
	uint32_t flight = tcp_flight(tcb);

	info->octets_sent = tcp_octets_sent(tcb);
	if (info->octets_sent > flight)
		info->octets_acked = info->octets_sent - flight;
	info->octets_received = tcp_octets_received(tcb);
	info->octets_retransmitted = stat->octets_retransmitted;
	info->octets_retransmitted +=
		(uint64_t)tcp_mishaps_of(tcb)->rexmit_wraps << 32;
	info->segs_out = stat->segs_out;
	info->segs_in = stat->segs_in;
	info->segs_retransmitted = stat->segs_retransmitted;
	info->data_segs_out = stat->data_segs_out;
	info->segs_delivered = delivered(tcb);
	info->data_segs_in = stat->data_segs_in;
	info->handshake = stat->handshake_us * CN_NS_PER_US;
	info->last_data_sent_at = stat->last_sent_ms * CN_NS_PER_MS;
	info->last_data_received_at = stat->last_received_ms * CN_NS_PER_MS;
	info->last_ack_received_at = stat->last_ack_ms * CN_NS_PER_MS;
	info->closed_since = tcb->closed_ms * CN_NS_PER_MS;
}

static void info_mishaps(const struct tcb *tcb, struct cn_tcp_info *info)
{
	const struct tcp_mishaps *mishaps = tcp_mishaps_of(tcb);

	info->dup_acks_in = mishaps->dup_acks_in;
	info->timeouts = mishaps->timeouts;
	info->timeouts_over = mishaps->timeouts_over;
	info->timeout_time = mishaps->timeout_ms * CN_NS_PER_MS;
	info->fast_recoveries = mishaps->fast_recoveries;
	info->dsack_dups = mishaps->dsack_dups;
	info->reord_seen = mishaps->reord_seen;
	info->ooo_segs_in = mishaps->ooo_in;
}

static enum cn_ca_state ca_state(const struct tcb *tcb)
{
	if (tcb->in_loss)
		return CN_CA_LOSS;
	if (tcb->in_recovery)
		return CN_CA_RECOVERY;
	if (tcb->in_cwr)
		return CN_CA_CWR;
	return tcb->sacked || tcb->dupack_n ? CN_CA_DISORDER : CN_CA_OPEN;
}

static void info_rates(const struct tcb *tcb, struct cn_tcp_info *info)
{
	info->pacing_rate = pace_rate(tcb);
	if (tcb->tune)
		info->max_pacing_rate = tcb->tune->max_pacing_rate;
	if (!tcb->busy)
		return;
	info->delivery_rate = tcb->busy->rate.bw;
	info->delivery_rate_app_limited = tcb->busy->rate.bw_is_app_limited;
}

/* The receiving half; what is not measured is as in the beginning. */
static void info_receive(const struct tcb *tcb, struct cn_tcp_info *info)
{
	const struct tune_in *in = tcb->busy ? &tcb->busy->in : NULL;
	uint32_t first = 10 * (uint32_t)tcb->adv_mss;

	info->rcv_ssthresh = tune_rcvbuf(tcb);
	info->rcv_space = first < tcb->rcvbuf ? first : tcb->rcvbuf;
	if (!in || !in->on)
		return;
	info->rcv_space = in->space;
	if (in->rtt_us != TUNE_RTT_UNKNOWN)
		info->rcv_rtt = in->rtt_us * CN_NS_PER_US;
}

/* What a bystander would ask: what waits, and for what. */
static void info_waits(const struct tcb *tcb, struct cn_tcp_info *info)
{
	info->retransmits = tcb->rexmit_n;
	info->probes = tcb->probe_n;
	info->backoff = tcb->backoff;
	info->hold = (uint8_t)output_hold(tcb);
	info->last_try = timeout_is_last(tcb);
	info->held = tcb->held;
	info->gap = recvq_has_gap(tcb);
	info->fin_sent = output_fin_sent(tcb);
	info->full = !tcp_send_room(tcb);
	info->rexmit_at = tcb->rexmit_at;
	info->waits_since = tcb->first_tx_ms * CN_NS_PER_MS;
	info->flight = tcp_flight(tcb);
	if (seq_lt(tcb->snd_nxt, tcb->snd_end))
		info->unsent = tcb->snd_end - tcb->snd_nxt;
}

void tcp_info(const struct tcb *tcb, struct cn_tcp_info *info)
{
	memset(info, 0, sizeof(*info));
	info->state = tcb->state;
	info->cc = tcb->cc_kind;
	info_waits(tcb, info);
	info->has_ts = tcb->ts_ok;
	info->has_sack = tcb->sack_ok;
	info->has_wscale = tcb->ws_ok;
	info->has_syn_data = tcb->fast_acked;
	info->snd_wscale = tcb->snd_wscale;
	info->rcv_wscale = tcb->rcv_wscale;
	info_rtt(tcb, info);
	info_counts(tcb, info);
	info_mishaps(tcb, info);
	info_rates(tcb, info);
	info_receive(tcb, info);
	limits_info(tcb, info);
	info->ca_state = (uint8_t)ca_state(tcb);
	info->passive = tcb->passive;
	ecn_info(tcb, info);
	info->snd_mss = tcb->snd_mss;
	info->rcv_mss = tcb->rcv_mss;
	info->advmss = tcb->adv_mss;
	/* With the headers of its version, which the default MSS tells. */
	info->pmtu = tcb->path_mss + (tcb->default_mss == 1220 ? 60u : 40u);
	info->snd_cwnd = tcb->cc.cwnd;
	info->snd_ssthresh = tcb->cc.ssthresh;
	info->snd_wnd = tcb->snd_wnd;
	info->rcv_wnd = tcb->rcv_wnd;
	info->reordering = rack_reordering(tcb);
	info->sacked = tcb->sacked;
	info->lost = tcb->lost;
	info->retrans = tcb->retrans;
	info->sndbuf = tcb->sndbuf;
	info->rcvbuf = tcb->rcvbuf;
}
