/* SPDX-License-Identifier: MIT */
#include "forge.h"

#include <string.h>

#include "wire/checksum.h"
#include "wire/octets.h"

bool forge_raw(struct cn_pool *pool, const void *octets, size_t len,
	       struct cn_frame *frame)
{
	struct cn_buf *buf = cn_buf_new(pool, len ? len : 1);

	memset(frame, 0, sizeof(*frame));
	if (!buf)
		return false;
	memcpy(buf->data, octets, len);
	frame->slice[0] = (struct cn_slice){buf, buf->data, (uint32_t)len};
	frame->slice_n = 1;
	frame->payload_len = (uint32_t)len;
	return true;
}

bool forge(struct cn_pool *pool, const struct cn_endpoint *from,
	   const struct cn_endpoint *to, const struct tcp_seg *seg,
	   const void *data, struct cn_frame *frame)
{
	struct tcp_ports ports = {from->port, to->port};
	size_t tcp_len = tcp_header_len(seg);
	struct ip_hdr ip = {
		.src = from->addr,
		.dst = to->addr,
		.protocol = IP_TCP,
		.ttl = 64,
		.tos = seg->tos,
		.df = true,
		.payload_len = (uint32_t)tcp_len + seg->data_len,
	};
	struct checksum sum = {0};
	struct cn_buf *buf = cn_buf_new(pool, 128 + seg->data_len);
	size_t ip_len;
	uint8_t *tcp;
	uint16_t field;

	memset(frame, 0, sizeof(*frame));
	if (!buf)
		return false;
	ip_len = ip_emit(buf->data, &ip);
	tcp = buf->data + ip_len;
	tcp_emit_header(tcp, &ports, seg);
	memset(tcp + tcp_len, 0, seg->data_len);
	if (data)
		memcpy(tcp + tcp_len, data, seg->data_len);
	checksum_add_pseudo(&sum, &from->addr, &to->addr, IP_TCP,
			    ip.payload_len);
	checksum_add(&sum, tcp, ip.payload_len);
	field = checksum_finish(&sum);
	tcp[16] = (uint8_t)(field >> 8);
	tcp[17] = (uint8_t)field;
	frame->payload_len = (uint32_t)ip_len + ip.payload_len;
	frame->slice[0] = (struct cn_slice){buf, buf->data, frame->payload_len};
	frame->slice_n = 1;
	return true;
}

bool forge_read(const struct cn_frame *frame, struct cn_endpoint *from,
		struct cn_endpoint *to, struct tcp_seg *seg)
{
	uint8_t octets[256];
	uint32_t len = cn_frame_copy(frame, 0, octets, sizeof(octets)), off;
	struct tcp_ports ports;
	struct ip_hdr ip;
	uint32_t whole = cn_frame_len(frame);

	/* The lengths in the header are those of the whole packet. */
	if (len < 40 || !ip_parse_quoted(octets, len, &ip) ||
	    ip.protocol != IP_TCP || ip.header_len + 20u > len)
		return false;
	if (tcp_parse(octets + ip.header_len, len - ip.header_len, &ports, seg,
		      &off) != CN_DROP_NONE)
		return false;
	seg->data_len = whole - ip.header_len - off;
	seg->len = seg->data_len + !!(seg->flags & TCP_SYN) +
		   !!(seg->flags & TCP_FIN);
	*from = (struct cn_endpoint){ip.src, ports.src};
	*to = (struct cn_endpoint){ip.dst, ports.dst};
	return true;
}
