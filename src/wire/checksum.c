/* SPDX-License-Identifier: MIT */
/*
 * RFC 1071.  The sum is taken over words as they lie in memory: one's
 * complement addition gives the same octets in either order (section 2 (B)),
 * so only the fold has to know the machine's.
 */
#include "wire/checksum.h"

#include <string.h>

#include "base/sum.h"
#include "wire/octets.h"

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Fewer than 8 octets.  A word counts the same at any even place. */
static uint64_t sum_rest(const uint8_t *p, size_t len)
{
	uint64_t sum = 0;
	uint32_t four;
	uint16_t two;

	if (len & 4) {
		memcpy(&four, p, sizeof(four));
		sum += four;
		p += 4;
	}
	if (len & 2) {
		memcpy(&two, p, sizeof(two));
		sum += two;
		p += 2;
	}
	if (len & 1) {
		const uint8_t padded[2] = {p[0], 0};

		memcpy(&two, padded, sizeof(two));
		sum += two;
	}
	return sum;
}

/* The piece as if it began at an even octet, padded with zero at its end. */
static uint64_t sum_piece(const uint8_t *p, size_t len, bool wide)
{
	uint64_t sum = 0;

	/* No load of the blocks crosses two lines of the cache. */
	for (;
	     (uintptr_t)p % 32 && (uintptr_t)p % 8 == 0 && len >= 4 * SUM_BLOCK;
	     len -= 8, p += 8)
		sum = sum_carry(sum, load64(p));
	if (len >= SUM_BLOCK) {
		sum = sum_carry(sum, sum_blocks(p, len / SUM_BLOCK, wide));
		p += len & ~(size_t)(SUM_BLOCK - 1);
		len &= SUM_BLOCK - 1;
	}
	for (; len >= 8; len -= 8, p += 8)
		sum = sum_carry(sum, load64(p));
	return sum_carry(sum, sum_rest(p, len));
}

void checksum_add(struct checksum *sum, const void *data, size_t len)
{
	uint64_t piece = sum_piece(data, len, sum->wide);

	/* At an odd octet high and low change places: times 256, mod 65535. */
	if (sum->odd)
		piece = (uint64_t)checksum_half(piece) << 8;
	sum->sum = sum_carry(sum->sum, piece);
	sum->odd ^= (unsigned)len & 1;
}

void checksum_add_pseudo(struct checksum *sum, const struct cn_addr *src,
			 const struct cn_addr *dst, uint8_t protocol,
			 uint32_t len)
{
	/* Where the halves of the length and the protocol stand, and zeros
	 * between them, do not matter to the sum: one layout serves both. */
	const uint8_t last[4] = {0, 0, 0, protocol};
	uint8_t octet[4];

	put32(octet, len);
	checksum_add4(sum, octet);
	checksum_add4(sum, last);
	for (unsigned i = cn_addr_is_v4(src) ? 12 : 0; i < 16; i += 4) {
		checksum_add4(sum, src->octet + i);
		checksum_add4(sum, dst->octet + i);
	}
}
