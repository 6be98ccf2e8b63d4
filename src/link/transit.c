/* SPDX-License-Identifier: MIT */
/*
 * A row for what comes in order, which costs nothing, and a pairing heap
 * (Fredman et al., 1986) for what overtakes.  Both are made of the parcels
 * themselves, so that entering cannot fail.
 */
#include "link/transit.h"

#include <string.h>

#include "base/pool.h"

void transit_init(struct transit *transit, struct cn_pool *pool)
{
	memset(transit, 0, sizeof(*transit));
	transit->pool = pool;
}

static size_t parcel_size(unsigned slice_n, unsigned header_len)
{
	return sizeof(struct parcel) + slice_n * sizeof(struct cn_slice) +
	       header_len;
}

uint8_t *parcel_header(struct parcel *parcel)
{
	return (uint8_t *)(parcel->slice + parcel->slice_n);
}

/* Octets that the caller lends for the length of a call must be copied. */
static bool is_lent(const struct cn_frame *frame)
{
	unsigned i;

	for (i = 0; i < frame->slice_n; i++)
		if (!frame->slice[i].buf && frame->slice[i].len)
			return true;
	return false;
}

static bool copy_payload(struct transit *transit, const struct cn_frame *frame,
			 struct cn_slice *slice)
{
	slice->buf = cn_buf_new(transit->pool, frame->payload_len);
	if (!slice->buf)
		return false;
	slice->data = slice->buf->data;
	slice->len = cn_frame_copy(frame, frame->header_len, slice->buf->data,
				   frame->payload_len);
	return true;
}

static void share_payload(const struct cn_frame *frame, struct cn_slice *slice)
{
	unsigned i;

	for (i = 0; i < frame->slice_n; i++) {
		slice[i] = frame->slice[i];
		if (slice[i].buf)
			cn_buf_ref(slice[i].buf);
	}
}

struct parcel *transit_wrap(struct transit *transit,
			    const struct cn_frame *frame)
{
	bool lent = is_lent(frame);
	unsigned slice_n = lent ? 1 : frame->slice_n;
	size_t size = parcel_size(slice_n, frame->header_len);
	struct parcel *parcel = pool_alloc(transit->pool, size);

	if (!parcel)
		return NULL;
	if (lent && !copy_payload(transit, frame, parcel->slice)) {
		pool_release(transit->pool, parcel, size);
		return NULL;
	}
	if (!lent)
		share_payload(frame, parcel->slice);
	parcel->slice_n = (uint8_t)slice_n;
	parcel->header_len = frame->header_len;
	parcel->seg_size = frame->seg_size;
	parcel->csum = frame->csum;
	parcel->csum_start = frame->csum_start;
	parcel->csum_offset = frame->csum_offset;
	parcel->len = cn_frame_len(frame);
	parcel->packet_n = 1;
	parcel->waits = false;
	memcpy(parcel_header(parcel), frame->header, frame->header_len);
	return parcel;
}

void transit_unwrap(struct transit *transit, struct parcel *parcel,
		    struct cn_frame *frame)
{
	frame->header_len = parcel->header_len;
	frame->seg_size = parcel->seg_size;
	frame->csum = parcel->csum;
	frame->csum_start = parcel->csum_start;
	frame->csum_offset = parcel->csum_offset;
	frame->slice_n = parcel->slice_n;
	frame->payload_len = parcel->len - parcel->header_len;
	memcpy(frame->header, parcel_header(parcel), parcel->header_len);
	memcpy(frame->slice, parcel->slice,
	       parcel->slice_n * sizeof(struct cn_slice));
	pool_release(transit->pool, parcel,
		     parcel_size(parcel->slice_n, parcel->header_len));
}

static bool is_before(const struct parcel *a, const struct parcel *b)
{
	return a->due_at < b->due_at ||
	       (a->due_at == b->due_at && a->order < b->order);
}

static struct parcel *meld(struct parcel *a, struct parcel *b)
{
	struct parcel *low, *high;

	if (!a || !b)
		return a ? a : b;
	low = is_before(b, a) ? b : a;
	high = low == a ? b : a;
	high->next = low->child;
	low->child = high;
	return low;
}

/* The two passes: pairs from left to right, then all from right to left. */
static struct parcel *meld_all(struct parcel *list)
{
	struct parcel *pairs = NULL, *heap = NULL;

	while (list) {
		struct parcel *a = list, *b = list->next, *pair;

		list = b ? b->next : NULL;
		a->next = NULL;
		if (b)
			b->next = NULL;
		pair = meld(a, b);
		pair->next = pairs;
		pairs = pair;
	}
	while (pairs) {
		struct parcel *rest = pairs->next;

		pairs->next = NULL;
		heap = meld(heap, pairs);
		pairs = rest;
	}
	return heap;
}

void transit_enter(struct transit *transit, struct parcel *parcel,
		   uint64_t due_at)
{
	parcel->due_at = due_at;
	parcel->order = transit->entered++;
	parcel->next = NULL;
	parcel->child = NULL;
	if (transit->last && due_at < transit->last->due_at) {
		transit->heap = meld(transit->heap, parcel);
		return;
	}
	if (transit->last)
		transit->last->next = parcel;
	else
		transit->first = parcel;
	transit->last = parcel;
}

struct parcel *transit_first(const struct transit *transit)
{
	if (!transit->heap)
		return transit->first;
	if (!transit->first)
		return transit->heap;
	return is_before(transit->first, transit->heap) ? transit->first :
							  transit->heap;
}

struct parcel *transit_leave(struct transit *transit)
{
	struct parcel *parcel = transit_first(transit);

	if (!parcel)
		return NULL;
	if (parcel == transit->heap) {
		transit->heap = meld_all(parcel->child);
		return parcel;
	}
	transit->first = parcel->next;
	if (!transit->first)
		transit->last = NULL;
	return parcel;
}

void transit_deinit(struct transit *transit)
{
	struct parcel *parcel;
	struct cn_frame frame;

	while ((parcel = transit_leave(transit))) {
		transit_unwrap(transit, parcel, &frame);
		cn_frame_release(&frame);
	}
}
