/* SPDX-License-Identifier: MIT */
/*
 * Segmentation in software, as a device does it: RFC 9293 section 3.1 says
 * what each packet's header must hold, RFC 6864 what its IPv4 identification.
 * Only TCP is cut.
 */
#include "wire/cut.h"

#include <string.h>

#include "base/assert.h"
#include "wire/checksum.h"
#include "wire/ip.h"
#include "wire/octets.h"
#include "wire/tcp_seg.h"

#define TCP_SEQ_AT 4
#define TCP_FLAGS_AT 13
#define TCP_CHECKSUM_AT 16
#define TCP_URGENT_AT 18

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* The IPv4 header's sum without what differs: length, identification and
 * the checksum itself. */
static uint32_t ip4_common_sum(const struct glance *g)
{
	struct checksum sum = {0};

	checksum_add(&sum, g->octet, 2);
	checksum_add(&sum, g->octet + 6, 4);
	checksum_add(&sum, g->octet + 12, g->upper - 12u);
	return checksum_fold(&sum);
}

static uint32_t pseudo_common_sum(const struct glance *g)
{
	struct cn_addr src = glance_src(g), dst = glance_dst(g);
	struct checksum sum = {0};

	checksum_add_pseudo(&sum, &src, &dst, IP_TCP, 0);
	return checksum_fold(&sum);
}

/* Moves the cursor over the slices forward; the octets must be there. */
static void skip(struct cut *cut, uint32_t len)
{
	while (len) {
		uint32_t rest = cut->frame->slice[cut->slice_i].len -
				cut->slice_off;
		uint32_t step = len < rest ? len : rest;

		cut->slice_off += step;
		len -= step;
		if (cut->slice_off == cut->frame->slice[cut->slice_i].len) {
			cut->slice_off = 0;
			cut->slice_i++;
		}
	}
}

void cut_begin(struct cut *cut, const struct cn_frame *frame)
{
	struct glance *g = &cut->glance;

	cut->frame = frame;
	cut->off = 0;
	cut->slice_i = 0;
	cut->slice_off = 0;
	cut->done = false;
	cut->whole = true;
	if (!frame->seg_size)
		return;
	glance_at(g, frame);
	if (!glance_is_tcp(g) || g->data > CN_HEADER_MAX ||
	    frame->header_len > g->data)
		return;
	cut->whole = false;
	cut->ip_sum = g->version == 4 ? ip4_common_sum(g) : 0;
	cut->tcp_sum = pseudo_common_sum(g);
	skip(cut, (uint32_t)g->data - frame->header_len);
}

static void take_slices(struct cut *cut, struct cn_frame *packet, uint32_t len)
{
	packet->slice_n = 0;
	packet->payload_len = len;
	while (len) {
		const struct cn_slice *from = &cut->frame->slice[cut->slice_i];
		struct cn_slice *to = &packet->slice[packet->slice_n];
		uint32_t rest = from->len - cut->slice_off;

		to->data = from->data + cut->slice_off;
		to->len = len < rest ? len : rest;
		to->buf = from->buf ? cn_buf_ref(from->buf) : NULL;
		len -= to->len;
		if (to->len)
			packet->slice_n++;
		else
			cn_buf_unref(to->buf);
		skip(cut, to->len);
		if (!rest)
			cut->slice_i++;
	}
}

static void put_ip_header(const struct cut *cut, uint8_t *p, uint32_t len)
{
	uint16_t id;

	if (cut->glance.version == 6) {
		put16(p + 4, (uint16_t)(len - IP6_HEADER_LEN));
		return;
	}
	/* RFC 6864: with DF the identification means nothing, without it it
	 * must differ; counting up, as devices do, serves both. */
	id = (uint16_t)(get16(p + 4) + cut->off / cut->frame->seg_size);
	put16(p + 2, (uint16_t)len);
	put16(p + 4, id);
	put16(p + 10, (uint16_t)~fold(cut->ip_sum + id + len));
}

/*
 * FIN and PSH concern the end of the data, and the urgent pointer counts from
 * each packet's own sequence number.
 *
 * Deviation: CWR stays on all.  Who counts by it (RFC 9768 section 3.3.4) needs
 * it there; who says by it that his window is smaller (RFC 3168 section 6.1.2)
 * says it some times in place of once, and of what a host of ours sends such a
 * segment travels alone.
 */
static uint8_t flags_of(const struct cut *cut, bool last, uint16_t *urgent)
{
	uint8_t flags = cut->glance.flags;

	if (!last)
		flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	*urgent = cut->glance.urgent;
	if (flags & TCP_URG && cut->off) {
		if (*urgent > cut->off) {
			*urgent = (uint16_t)(*urgent - cut->off);
		} else {
			*urgent = 0;
			flags &= (uint8_t)~TCP_URG;
		}
	}
	return flags;
}

static void put_tcp_header(const struct cut *cut, uint8_t *p, uint32_t len,
			   bool last)
{
	uint16_t urgent;

	p[TCP_FLAGS_AT] = flags_of(cut, last, &urgent);
	put32(p + TCP_SEQ_AT, cut->glance.seq + cut->off);
	put16(p + TCP_URGENT_AT, urgent);
	put16(p + TCP_CHECKSUM_AT, fold(cut->tcp_sum + len));
}

void cut_clone(const struct cn_frame *frame, struct cn_frame *clone)
{
	unsigned i;

	*clone = *frame;
	for (i = 0; i < clone->slice_n; i++)
		if (clone->slice[i].buf)
			cn_buf_ref(clone->slice[i].buf);
}

bool cut_next(struct cut *cut, struct cn_frame *packet)
{
	const struct glance *g = &cut->glance;
	uint32_t left, len;

	if (cut->done)
		return false;
	if (cut->whole) {
		cut->done = true;
		cut_clone(cut->frame, packet);
		return true;
	}
	left = g->data_len - cut->off;
	len = left < cut->frame->seg_size ? left : cut->frame->seg_size;
	cut->done = len == left;

	memcpy(packet->header, g->octet, g->data);
	packet->header_len = g->data;
	packet->seg_size = 0;
	packet->csum = CN_CSUM_PARTIAL;
	packet->csum_start = g->upper;
	packet->csum_offset = TCP_CHECKSUM_AT;
	put_ip_header(cut, packet->header, g->data + len);
	put_tcp_header(cut, packet->header + g->upper,
		       (uint32_t)(g->data - g->upper) + len, cut->done);
	take_slices(cut, packet, len);
	cut->off += len;
	return true;
}

uint32_t cut_count(const struct cn_frame *frame)
{
	struct cut cut;

	cut_begin(&cut, frame);
	if (cut.whole || cut.glance.data_len <= frame->seg_size)
		return 1;
	return (cut.glance.data_len + frame->seg_size - 1) / frame->seg_size;
}
