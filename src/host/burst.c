/* SPDX-License-Identifier: MIT */
/*
 * Bursts: what tcp_burst promises becomes frames by patching the headers of
 * the first one, in sequence number and checksum.  A burst lasts until
 * something happens to its connection (sock_settle), until time moves on, or
 * until another begins.
 */
#include <string.h>

#include "host/host.h"
#include "tcp/sendq.h"
#include "wire/octets.h"

#define TCP_SEQ_OFF 4
#define TCP_CHECKSUM_OFF 16

void burst_begin(struct cn_sock *sock, const struct tcp_seg *seg,
		 const struct cn_frame *frame, uint64_t now)
{
	struct cn_host *host = sock_host(sock);
	const struct tuple *tuple = &sock->flow.tuple;
	struct burst *burst = &host->burst;
	uint8_t *tcp = burst->header + frame->csum_start;
	uint32_t tcp_len = frame->header_len - (uint32_t)frame->csum_start;
	uint32_t n = tcp_burst(&sock->tcb, seg, now);

	if (!n)
		return;
	burst->sock = sock;
	burst->now = now;
	burst->left = n;
	burst->header_len = (uint8_t)frame->header_len;
	burst->csum_start = (uint8_t)frame->csum_start;
	burst->csum = frame->csum;
	memcpy(burst->header, frame->header, frame->header_len);
	memcpy(&burst->seg, seg, offsetof(struct tcp_seg, slice));
	if (burst->csum != CN_CSUM_NONE)
		return;
	put32(tcp + TCP_SEQ_OFF, 0);
	put16(tcp + TCP_CHECKSUM_OFF, 0);
	burst->sum = (struct checksum){.wide = host->net.wide};
	checksum_add(&burst->sum, tcp, tcp_len);
	checksum_add_pseudo(&burst->sum, &tuple->local, &tuple->peer, IP_TCP,
			    tcp_len + seg->data_len);
}

static void patch(const struct burst *burst, struct cn_frame *frame,
		  uint32_t seq)
{
	uint8_t *tcp = frame->header + burst->csum_start;
	struct checksum sum = burst->sum;
	unsigned i;

	put32(tcp + TCP_SEQ_OFF, seq);
	/* The pseudo-header's sum is what it was. */
	if (burst->csum != CN_CSUM_NONE)
		return;
	checksum_add4(&sum, tcp + TCP_SEQ_OFF);
	for (i = 0; i < frame->slice_n; i++)
		checksum_add(&sum, frame->slice[i].data, frame->slice[i].len);
	put16(tcp + TCP_CHECKSUM_OFF, checksum_finish(&sum));
}

static void frame_again(const struct burst *burst, struct cn_frame *frame,
			uint32_t seq)
{
	frame->header_len = burst->header_len;
	frame->seg_size = 0;
	frame->csum = burst->csum;
	frame->csum_start = burst->csum_start;
	frame->csum_offset = TCP_CHECKSUM_OFF;
	frame->payload_len = sendq_slices(&burst->sock->tcb, seq,
					  burst->seg.data_len, frame->slice,
					  CN_SLICES_MAX, &frame->slice_n);
	/* Of a size that the compiler knows: IPv4 and timestamps fit. */
	if (burst->header_len <= 64)
		memcpy(frame->header, burst->header, 64);
	else
		memcpy(frame->header, burst->header, sizeof(frame->header));
	patch(burst, frame, seq);
}

unsigned burst_go_on(struct cn_host *host, int link, struct cn_frame *frame,
		     unsigned n, uint64_t now)
{
	struct burst *burst = &host->burst;
	struct cn_sock *sock = burst->sock;
	uint64_t before;

	if (!sock || sock->link != link || !n)
		return 0;
	if (n > burst->left)
		n = burst->left;
	before = sock->tcb.rexmit_at;
	if (!n || burst->now != now ||
	    !tcp_emit_again(&sock->tcb, &burst->seg, n, now)) {
		burst->sock = NULL;
		return 0;
	}
	burst->left -= n;
	/* More in flight is probed for sooner. */
	if (sock->tcb.rexmit_at != before)
		sock_arm(sock);
	for (unsigned i = 0; i < n; i++)
		frame_again(burst, &frame[i],
			    burst->seg.seq + i * burst->seg.data_len);
	out_tell_writer(sock, &burst->seg);
	return n;
}
