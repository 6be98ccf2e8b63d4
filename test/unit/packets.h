/* SPDX-License-Identifier: MIT */
/* Packets for the tests of links: TCP with a pattern as its data. */
#ifndef UNIT_PACKETS_H
#define UNIT_PACKETS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <catenet/link.h>

#include "wire/checksum.h"
#include "wire/ip.h"
#include "wire/octets.h"
#include "wire/offload.h"
#include "wire/tcp_seg.h"

struct packet {
	unsigned version; /* 0: 4 */
	uint16_t src_port, dst_port; /* 0: 1000, 80 */
	uint32_t seq;
	uint8_t flags; /* 0: ACK */
	uint16_t urgent;
	unsigned options_len;
	uint32_t data_len;
	uint16_t seg_size;
	unsigned slice_n; /* 0: 1 */
	bool in_slice; /* the headers too */
	bool is_complete; /* the checksum */
};

static inline void *heap_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return malloc(size);
}

static inline void heap_free(void *ctx, void *p, size_t size)
{
	(void)ctx;
	(void)size;
	free(p);
}

static inline struct cn_pool *test_pool(void)
{
	static const struct cn_alloc alloc = {heap_alloc, heap_free, NULL};
	struct cn_pool *pool = cn_pool_new(&alloc);

	assert_non_null(pool);
	return pool;
}

/* The octet of the stream at sequence number seq. */
static inline uint8_t pattern(uint32_t seq)
{
	return (uint8_t)(seq * 2654435761u >> 24);
}

static inline size_t put_headers(const struct packet *packet, uint8_t *p,
				 size_t *upper)
{
	struct ip_hdr ip = {0};
	struct checksum sum = {0};
	size_t tcp_len = TCP_HEADER_LEN + packet->options_len;
	uint8_t *tcp;

	ip.version = (uint8_t)(packet->version ? packet->version : 4);
	ip.src = cn_addr_v4(10, 0, 0, 1);
	ip.dst = cn_addr_v4(10, 0, 0, 2);
	if (ip.version == 6) {
		assert_true(cn_addr_parse("fd00::1", &ip.src));
		assert_true(cn_addr_parse("fd00::2", &ip.dst));
	}
	ip.protocol = IP_TCP;
	ip.ttl = 64;
	ip.df = true;
	ip.id = 65534;
	ip.payload_len = (uint32_t)tcp_len + packet->data_len;
	*upper = ip_emit(p, &ip);
	tcp = p + *upper;
	memset(tcp, 1, tcp_len); /* options: NOP */
	put16(tcp, packet->src_port ? packet->src_port : 1000);
	put16(tcp + 2, packet->dst_port ? packet->dst_port : 80);
	put32(tcp + 4, packet->seq);
	put32(tcp + 8, 77);
	tcp[12] = (uint8_t)(tcp_len / 4 << 4);
	tcp[13] = packet->flags ? packet->flags : TCP_ACK;
	put16(tcp + 14, 1000);
	put16(tcp + 18, packet->urgent);
	checksum_add_pseudo(&sum, &ip.src, &ip.dst, IP_TCP, ip.payload_len);
	put16(tcp + 16, checksum_fold(&sum));
	return *upper + tcp_len;
}

static inline void add_slice(struct cn_frame *frame, struct cn_pool *pool,
			     const uint8_t *data, uint32_t len)
{
	struct cn_slice *slice = &frame->slice[frame->slice_n++];

	slice->buf = cn_buf_new(pool, len);
	assert_non_null(slice->buf);
	memcpy(slice->buf->data, data, len);
	slice->data = slice->buf->data;
	slice->len = len;
	frame->payload_len += len;
}

static inline struct cn_frame make_packet(struct cn_pool *pool,
					  const struct packet *packet)
{
	static uint8_t octet[70000];
	struct cn_frame frame;
	size_t upper, header_len = put_headers(packet, octet, &upper);
	uint32_t i, from, len, n = packet->slice_n ? packet->slice_n : 1;

	memset(&frame, 0, sizeof(frame));
	for (i = 0; i < packet->data_len; i++)
		octet[header_len + i] = pattern(packet->seq + i);
	frame.csum = CN_CSUM_PARTIAL;
	frame.csum_start = (uint16_t)upper;
	frame.csum_offset = 16;
	frame.seg_size = packet->seg_size;
	len = (uint32_t)header_len + packet->data_len;
	if (packet->is_complete) {
		offload_complete_octets(&frame, octet, len);
		frame.csum = CN_CSUM_NONE;
		frame.csum_start = frame.csum_offset = 0;
	}
	from = packet->in_slice ? 0 : (uint32_t)header_len;
	memcpy(frame.header, octet, from);
	frame.header_len = (uint16_t)from;
	for (i = 0; i < n && from < len; i++) {
		uint32_t piece = (len - from) / (n - i);

		add_slice(&frame, pool, octet + from, piece);
		from += piece;
	}
	return frame;
}

/* The octets of a single packet as they would be on a wire. */
static inline uint32_t wire_octets(const struct cn_frame *frame, uint8_t *out)
{
	uint32_t len = cn_frame_copy(frame, 0, out, cn_frame_len(frame));

	assert_int_equal(len, cn_frame_len(frame));
	if (offload_is_partial(frame))
		offload_complete_octets(frame, out, len);
	return len;
}

/* Header, lengths and both checksums hold. */
static inline bool is_correct(const struct cn_frame *frame, struct ip_hdr *ip,
			      struct tcp_seg *seg, const uint8_t **data)
{
	static uint8_t octet[70000];
	uint32_t len = wire_octets(frame, octet), off;
	struct checksum sum = {0};
	struct tcp_ports ports;

	*data = octet;
	if (ip_parse(octet, len, ip) != CN_DROP_NONE || ip->is_fragment ||
	    ip->header_len + ip->payload_len != len || ip->protocol != IP_TCP)
		return false;
	checksum_add_pseudo(&sum, &ip->src, &ip->dst, IP_TCP, ip->payload_len);
	checksum_add(&sum, octet + ip->header_len, ip->payload_len);
	if (checksum_finish(&sum) != 0)
		return false;
	if (tcp_parse(octet + ip->header_len, ip->payload_len, &ports, seg,
		      &off) != CN_DROP_NONE)
		return false;
	*data = octet + ip->header_len + off;
	return true;
}

static inline void pool_is_empty(struct cn_pool *pool)
{
	assert_int_equal(cn_pool_in_use(pool), 0);
	cn_pool_free(pool);
}

#endif
