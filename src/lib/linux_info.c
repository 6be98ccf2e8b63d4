/* SPDX-License-Identifier: MIT */
/*
 * Linux's struct tcp_info (tcp(7)) from what the engine tells of a connection.
 * The fields that came after the headers of Debian 12 are written by their
 * places.
 */
#include "lib/linux_info.h"

#include <linux/tcp.h>
#include <string.h>

static uint32_t ns_to_us(uint64_t ns)
{
	return (uint32_t)(ns / CN_NS_PER_US);
}

static uint32_t ms_since(uint64_t at, uint64_t now)
{
	return at && now > at ? (uint32_t)((now - at) / CN_NS_PER_MS) : 0;
}

static uint32_t in_segments(uint32_t octets, uint32_t mss)
{
	return mss ? (octets + mss - 1) / mss : 0;
}

/* Octets per segment as Linux counts them, without its timestamps. */
static uint32_t segment_of(const struct cn_tcp_info *from)
{
	return from->snd_mss - (from->has_ts && from->snd_mss > 12 ? 12 : 0);
}

static void fill_state(const struct cn_tcp_info *from, struct tcp_info *to)
{
	to->tcpi_state = from->state;
	to->tcpi_ca_state = from->ca_state;
	to->tcpi_retransmits = from->retransmits;
	to->tcpi_probes = from->probes;
	to->tcpi_backoff = from->backoff;
	to->tcpi_options =
		(uint8_t)((from->has_ts ? TCPI_OPT_TIMESTAMPS : 0) |
			  (from->has_sack ? TCPI_OPT_SACK : 0) |
			  (from->has_ecn ? TCPI_OPT_ECN : 0) |
			  (from->has_ecn_seen ? TCPI_OPT_ECN_SEEN : 0) |
			  (from->has_syn_data ? TCPI_OPT_SYN_DATA : 0) |
			  (from->has_wscale ? TCPI_OPT_WSCALE : 0));
	to->tcpi_snd_wscale = from->snd_wscale & 15;
	to->tcpi_rcv_wscale = from->rcv_wscale & 15;
	to->tcpi_delivery_rate_app_limited = from->delivery_rate_app_limited;
}

static void fill_times(const struct cn_tcp_info *from, struct tcp_info *to,
		       uint64_t now)
{
	to->tcpi_rto = ns_to_us(from->rto);
	/* Linux's begins with the first octets that come. */
	to->tcpi_ato = from->data_segs_in ? 40000 : 0;
	to->tcpi_last_data_sent = ms_since(from->last_data_sent_at, now);
	to->tcpi_last_data_recv = ms_since(from->last_data_received_at, now);
	to->tcpi_last_ack_recv = ms_since(from->last_ack_received_at, now);
	to->tcpi_rtt = ns_to_us(from->srtt);
	to->tcpi_rttvar = ns_to_us(from->rttvar);
	to->tcpi_min_rtt = from->srtt ? ns_to_us(from->rtt_min) : UINT32_MAX;
	to->tcpi_rcv_rtt = ns_to_us(from->rcv_rtt);
}

static void fill_windows(const struct cn_tcp_info *from, struct tcp_info *to)
{
	uint32_t mss = segment_of(from);

	to->tcpi_snd_mss = mss;
	to->tcpi_rcv_mss = from->rcv_mss;
	to->tcpi_unacked = in_segments(from->flight, mss);
	to->tcpi_sacked = in_segments(from->sacked, mss);
	to->tcpi_lost = in_segments(from->lost, mss);
	to->tcpi_retrans = in_segments(from->retrans, mss);
	to->tcpi_pmtu = from->pmtu;
	to->tcpi_rcv_ssthresh = from->rcv_ssthresh;
	to->tcpi_snd_ssthresh = from->snd_mss && from->snd_ssthresh <
							 UINT32_MAX ?
					from->snd_ssthresh / from->snd_mss :
					0x7fffffff;
	to->tcpi_snd_cwnd = from->snd_mss ? from->snd_cwnd / from->snd_mss : 0;
	to->tcpi_advmss = from->advmss;
	to->tcpi_reordering = from->reordering;
	to->tcpi_rcv_space = from->rcv_space;
	to->tcpi_notsent_bytes = from->unsent;
	to->tcpi_snd_wnd = from->snd_wnd;
}

/* As Linux: what is not paced has the largest rate there is. */
static uint64_t rate_or_any(uint64_t rate)
{
	return rate ? rate : UINT64_MAX;
}

static void fill_counts(const struct cn_tcp_info *from, struct tcp_info *to)
{
	to->tcpi_total_retrans = (uint32_t)from->segs_retransmitted;
	to->tcpi_pacing_rate = rate_or_any(from->pacing_rate);
	to->tcpi_max_pacing_rate = rate_or_any(from->max_pacing_rate);
	/* And for who connects, as an octet. */
	to->tcpi_bytes_acked = from->octets_acked + !from->passive;
	to->tcpi_bytes_received = from->octets_received;
	to->tcpi_segs_out = (uint32_t)from->segs_out;
	to->tcpi_segs_in = (uint32_t)from->segs_in;
	to->tcpi_data_segs_in = (uint32_t)from->data_segs_in;
	to->tcpi_data_segs_out = (uint32_t)from->data_segs_out;
	to->tcpi_delivery_rate = from->delivery_rate;
	to->tcpi_delivered = (uint32_t)from->segs_delivered;
	to->tcpi_delivered_ce = from->delivered_ce;
	to->tcpi_bytes_sent = from->octets_sent + from->octets_retransmitted;
	to->tcpi_bytes_retrans = from->octets_retransmitted;
	to->tcpi_dsack_dups = (uint32_t)from->dsack_dups;
	to->tcpi_reord_seen = (uint32_t)from->reord_seen;
	to->tcpi_rcv_ooopack = (uint32_t)from->ooo_segs_in;
}

static void fill_limits(const struct cn_tcp_info *from, struct tcp_info *to,
			uint64_t now)
{
	uint32_t us = (uint32_t)(now / CN_NS_PER_US) - from->limit_since_us;

	to->tcpi_busy_time = from->busy_time / CN_NS_PER_US;
	to->tcpi_rwnd_limited = from->rwnd_limited / CN_NS_PER_US;
	to->tcpi_sndbuf_limited = from->sndbuf_limited / CN_NS_PER_US;
	if (from->limit)
		to->tcpi_busy_time += us;
	if (from->limit == 2)
		to->tcpi_rwnd_limited += us;
	else if (from->limit == 3)
		to->tcpi_sndbuf_limited += us;
}

/* Linux's struct tcp_info: times in microseconds or milliseconds, windows in
 * segments. */
static void fill_tcp_info(const struct cn_tcp_info *from, struct tcp_info *to,
			  uint64_t now)
{
	fill_state(from, to);
	if (!from->snd_mss)
		return;
	fill_times(from, to, now);
	fill_windows(from, to);
	fill_counts(from, to);
	fill_limits(from, to, now);
}

static void put_number(uint8_t *p, uint32_t value)
{
	memcpy(p, &value, sizeof(value));
}

/* What came after the headers of Debian 12. */
static void fill_later(const struct cn_tcp_info *from, uint8_t *info)
{
	uint32_t rcv_wnd = from->rcv_wnd;
	uint32_t ms = (uint32_t)(from->timeout_time / CN_NS_PER_MS);
	uint16_t n = (uint16_t)from->timeouts;
	uint16_t over = (uint16_t)from->timeouts_over;

	memcpy(info + 232, &rcv_wnd, sizeof(rcv_wnd));
	memcpy(info + 240, &n, sizeof(n)); /* tcpi_total_rto */
	memcpy(info + 242, &over, sizeof(over)); /* ..._recoveries */
	memcpy(info + 244, &ms, sizeof(ms)); /* ..._time */
	/* tcpi_received_ce, and the octets that the peer told, and ours. */
	put_number(info + 248, from->received_ce);
	put_number(info + 252, from->delivered_e1_octets);
	put_number(info + 256, from->delivered_e0_octets);
	put_number(info + 260, from->delivered_ce_octets);
	put_number(info + 264, from->received_e1_octets);
	put_number(info + 268, from->received_e0_octets);
	put_number(info + 272, from->received_ce_octets);
}

void linux_tcp_info(struct cn_sock *sock, uint8_t info[LINUX_TCP_INFO_LEN],
		    uint64_t now)
{
	struct cn_tcp_info from;
	struct tcp_info to; /* as the headers of this build have it */

	memset(&from, 0, sizeof(from));
	memset(&to, 0, sizeof(to));
	memset(info, 0, LINUX_TCP_INFO_LEN);
	/* A socket that was never connected has a state and nothing else. */
	if (cn_sock_info(sock, &from) != CN_OK)
		from.state = (uint8_t)cn_sock_state(sock);
	fill_tcp_info(&from, &to, now);
	memcpy(info, &to,
	       sizeof(to) < LINUX_TCP_INFO_LEN ? sizeof(to) :
						 LINUX_TCP_INFO_LEN);
	fill_later(&from, info);
}
