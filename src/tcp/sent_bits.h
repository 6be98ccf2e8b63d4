/* SPDX-License-Identifier: MIT */
/* The segments of a record, for sent.c and sent_lost.c alone. */
#ifndef TCP_SENT_BITS_H
#define TCP_SENT_BITS_H

#include "tcp/sent.h"

static inline uint64_t mask_upto(uint32_t n)
{
	return n >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1;
}

static inline uint32_t count_of(uint64_t bits)
{
	return (uint32_t)__builtin_popcountll(bits);
}

/* The highest bit of some. */
static inline uint32_t top_of(uint64_t bits)
{
	return 63 - (uint32_t)__builtin_clzll(bits);
}

static inline uint32_t seg_start(const struct sent *rec, uint32_t i)
{
	return rec->seq + i * rec->cut;
}

static inline uint32_t seg_end(const struct sent *rec, uint32_t i)
{
	return i + 1 >= rec->n ? rec->end : rec->seq + (i + 1) * rec->cut;
}

static inline uint32_t seg_len(const struct sent *rec, uint32_t i)
{
	return seg_end(rec, i) - seg_start(rec, i);
}

/* How many segments end at or before seq. */
static inline uint32_t segs_upto(const struct sent *rec, uint32_t seq)
{
	uint32_t k;

	if (seq_ge(seq, rec->end))
		return rec->n;
	if (seq_le(seq, rec->seq))
		return 0;
	k = (seq - rec->seq) / rec->cut;
	return k < rec->n ? k : rec->n - 1u;
}

/* Octets of the segments whose bits are set. */
static inline uint32_t octets_of(const struct sent *rec, uint64_t bits)
{
	uint64_t last = UINT64_C(1) << (rec->n - 1);
	uint32_t octets = 0;

	if (bits & last) {
		octets = seg_len(rec, rec->n - 1u);
		bits &= ~last;
	}
	return octets + count_of(bits) * rec->cut;
}

static inline uint32_t sent_number(const struct sent_ring *ring, uint32_t i)
{
	return ring->first + i;
}

/* From record i to the next that may not be fully SACKed. */
uint32_t sent_skip_sacked(const struct sent_ring *ring, uint32_t i);
/* Takes a record out of the list it is in, if any. */
void sent_unlist(struct sent_ring *ring, uint32_t i);

#endif
