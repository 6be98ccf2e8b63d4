/* SPDX-License-Identifier: MIT */
/*
 * What a device with offload does, in software: completes the checksum of a
 * frame whose field holds only the pseudo-header's sum.
 */
#ifndef WIRE_OFFLOAD_H
#define WIRE_OFFLOAD_H

#include <catenet/frame.h>

/*
 * True when the field of the frame holds no complete checksum.  A frame that
 * a link has vouched for keeps csum_start if its sender left the field
 * partial (no octet was touched on the way): it must be completed before it
 * goes anywhere that looks.
 */
static inline bool offload_is_partial(const struct cn_frame *frame)
{
	return frame->csum == CN_CSUM_PARTIAL ||
	       (frame->csum == CN_CSUM_VALID && frame->csum_start);
}

/*
 * The value for the field of a partial frame, which may lie in any number of
 * pieces.  False, and nothing written, when the field is outside the packet.
 */
bool offload_checksum(const struct cn_frame *frame, uint16_t *value);

/*
 * Completes the field in the header block and clears PARTIAL.  False when the
 * field is not in the header block (or nowhere): the frame is untouched.
 */
bool offload_complete(struct cn_frame *frame);

/* The same on octets that lie together; without an effect when the field is
 * outside of them. */
void offload_complete_octets(const struct cn_frame *frame, uint8_t *packet,
			     uint32_t len);

#endif
