/* SPDX-License-Identifier: MIT */
/*
 * Frames on their way: taken out in order of the instant at which they are
 * due, and of entry where instants are equal.
 */
#ifndef LINK_TRANSIT_H
#define LINK_TRANSIT_H

#include <catenet/frame.h>

/* A frame kept as small as it is: most have a header of 52 octets and one or
 * two slices. */
struct parcel {
	struct parcel *next; /* in the row, or the next sibling in the heap */
	struct parcel *child; /* in the heap */
	struct parcel *wait_next; /* used by the path */
	uint64_t due_at;
	uint64_t order; /* of entry */
	uint64_t start_at; /* used by the path: its first bit is sent */
	uint32_t packet_n; /* packets that it stands for */
	uint32_t len;
	uint16_t header_len, seg_size;
	uint16_t csum_start, csum_offset;
	uint8_t csum, slice_n;
	bool waits; /* used by the path: it is in the row of wait_next */
	struct cn_slice slice[]; /* then the header */
};

struct transit {
	struct cn_pool *pool;
	/* Those that were due last when they came: nearly all. */
	struct parcel *first, *last;
	/* The others, in a pairing heap. */
	struct parcel *heap;
	uint64_t entered;
};

void transit_init(struct transit *transit, struct cn_pool *pool);
/* Releases what is still on its way. */
void transit_deinit(struct transit *transit);

/* With references of its own; octets that belong to no buffer are copied.
 * NULL: no memory. */
struct parcel *transit_wrap(struct transit *transit,
			    const struct cn_frame *frame) CN_MUST_CHECK;
/* Where the octets of the header are. */
uint8_t *parcel_header(struct parcel *parcel);
/* Fills the frame, which takes the references, and frees the parcel. */
void transit_unwrap(struct transit *transit, struct parcel *parcel,
		    struct cn_frame *frame);

void transit_enter(struct transit *transit, struct parcel *parcel,
		   uint64_t due_at);
/* The earliest, or NULL. */
struct parcel *transit_first(const struct transit *transit);
/* Takes out what transit_first returns. */
struct parcel *transit_leave(struct transit *transit);

#endif
