/* SPDX-License-Identifier: MIT */
/*
 * RFC 1071.  The sum is taken over words as they lie in memory: one's
 * complement addition gives the same octets in either order (section 2 (B)),
 * so only the fold has to know the machine's.
 */
#include "wire/checksum.h"

#include <string.h>

#include "wire/octets.h"

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* One's complement: what is carried out comes in again below. */
static inline uint64_t add_carry(uint64_t a, uint64_t b)
{
	a += b;
	return a + (a < b);
}

static inline uint64_t fold16(uint64_t sum)
{
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (sum >> 16) + (sum & 0xffff);
}

/* Whole blocks of 32 octets, in four sums, so that none waits for another. */
static uint64_t sum_blocks(const uint8_t *p, size_t n)
{
	uint64_t a = 0, b = 0, c = 0, d = 0;

	for (; n > 0; n--, p += 32) {
		a = add_carry(a, load64(p));
		b = add_carry(b, load64(p + 8));
		c = add_carry(c, load64(p + 16));
		d = add_carry(d, load64(p + 24));
	}
	return add_carry(add_carry(a, b), add_carry(c, d));
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
static uint64_t sum_piece(const uint8_t *p, size_t len)
{
	uint64_t sum = 0;

	if (len >= 32) {
		sum = sum_blocks(p, len / 32);
		p += len & ~(size_t)31;
		len &= 31;
	}
	for (; len >= 8; len -= 8, p += 8)
		sum = add_carry(sum, load64(p));
	return add_carry(sum, sum_rest(p, len));
}

void checksum_add(struct checksum *sum, const void *data, size_t len)
{
	uint64_t piece = sum_piece(data, len);

	/* At an odd octet high and low change places: times 256, mod 65535. */
	if (sum->odd)
		piece = fold16(piece) << 8;
	sum->sum = add_carry(sum->sum, piece);
	sum->odd ^= (unsigned)len & 1;
}

void checksum_add_pseudo(struct checksum *sum, const struct cn_addr *src,
			 const struct cn_addr *dst, uint8_t protocol,
			 uint32_t len)
{
	/* Where the halves of the length and the protocol stand, and zeros
	 * between them, do not matter to the sum: one layout serves both. */
	uint8_t rest[8] = {0};

	put32(rest, len);
	rest[7] = protocol;
	checksum_add(sum, rest, sizeof(rest));
	if (cn_addr_is_v4(src)) {
		checksum_add(sum, src->octet + 12, 4);
		checksum_add(sum, dst->octet + 12, 4);
	} else {
		checksum_add(sum, src->octet, 16);
		checksum_add(sum, dst->octet, 16);
	}
}

uint16_t checksum_fold(const struct checksum *sum)
{
	uint16_t folded = (uint16_t)fold16(sum->sum);
	uint8_t octet[2];

	memcpy(octet, &folded, sizeof(folded));
	return get16(octet);
}

uint16_t checksum_finish(const struct checksum *sum)
{
	return (uint16_t)~checksum_fold(sum);
}
