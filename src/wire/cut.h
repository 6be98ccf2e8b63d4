/* SPDX-License-Identifier: MIT */
/*
 * Cutting a super-segment into the packets that it stands for.
 *
 *	struct cut cut;
 *
 *	cut_begin(&cut, &frame);
 *	while (cut_next(&cut, &packet))
 *		... packet owns references of its own: release or pass it on
 */
#ifndef WIRE_CUT_H
#define WIRE_CUT_H

#include "wire/glance.h"

struct cut {
	const struct cn_frame *frame;
	struct glance glance;
	uint32_t off; /* octets of data already given */
	uint32_t ip_sum, tcp_sum; /* of what is the same in every packet */
	uint32_t slice_off; /* into slice[slice_i] */
	uint8_t slice_i;
	bool whole; /* not to be cut: given once, as it is */
	bool done;
};

/* The frame is only read, and must outlive the cut.  What is no TCP
 * super-segment is given once, unchanged. */
void cut_begin(struct cut *cut, const struct cn_frame *frame);
/*
 * The next packet, or false: that was the last.  Its checksum is
 * CN_CSUM_PARTIAL, since the sum over the data was never known, and its
 * header stands in the header block whatever that of the frame was.
 */
bool cut_next(struct cut *cut, struct cn_frame *packet);

/* How many packets cut_next will give; 1 for what is no super-segment. */
uint32_t cut_count(const struct cn_frame *frame);

/* A second frame with references of its own. */
void cut_clone(const struct cn_frame *frame, struct cn_frame *clone);

#endif
