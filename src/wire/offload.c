/* SPDX-License-Identifier: MIT */
/*
 * RFC 1071 over the pieces of a frame, as virtio's VIRTIO_NET_HDR_F_NEEDS_CSUM
 * describes it: from csum_start to the end, the field itself included, since
 * it holds the pseudo-header's sum.
 */
#include "wire/offload.h"

#include "wire/checksum.h"
#include "wire/glance.h"
#include "wire/ip.h"
#include "wire/octets.h"

static void add_piece(struct checksum *sum, const uint8_t *data, uint32_t len,
		      uint32_t *skip)
{
	if (*skip >= len) {
		*skip -= len;
		return;
	}
	checksum_add(sum, data + *skip, len - *skip);
	*skip = 0;
}

/* Zero means "no checksum" in UDP (RFC 768), so it is sent as all ones, which
 * is the same number. */
static uint16_t never_zero(uint16_t value)
{
	return value ? value : 0xffff;
}

static bool is_udp(const struct cn_frame *frame)
{
	struct glance glance;

	glance_at(&glance, frame);
	return glance.version && glance.protocol == IP_UDP;
}

bool offload_checksum(const struct cn_frame *frame, uint16_t *value)
{
	struct checksum sum = {0};
	uint32_t skip = frame->csum_start;
	unsigned i;

	if (frame->csum_start + frame->csum_offset + 2u > cn_frame_len(frame))
		return false;
	add_piece(&sum, frame->header, frame->header_len, &skip);
	for (i = 0; i < frame->slice_n; i++)
		add_piece(&sum, frame->slice[i].data, frame->slice[i].len,
			  &skip);
	*value = checksum_finish(&sum);
	if (!*value && is_udp(frame))
		*value = never_zero(*value);
	return true;
}

bool offload_complete(struct cn_frame *frame)
{
	uint32_t at = (uint32_t)frame->csum_start + frame->csum_offset;
	uint16_t value;

	if (at + 2 > frame->header_len || !offload_checksum(frame, &value))
		return false;
	put16(frame->header + at, value);
	frame->csum = CN_CSUM_NONE;
	frame->csum_start = 0;
	frame->csum_offset = 0;
	return true;
}

void offload_complete_octets(const struct cn_frame *frame, uint8_t *packet,
			     uint32_t len)
{
	uint32_t at = (uint32_t)frame->csum_start + frame->csum_offset;
	struct checksum sum = {0};
	uint16_t value;

	if (at + 2 > len)
		return;
	checksum_add(&sum, packet + frame->csum_start, len - frame->csum_start);
	value = checksum_finish(&sum);
	if (!value && is_udp(frame))
		value = never_zero(value);
	put16(packet + at, value);
}
