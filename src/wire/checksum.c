/* SPDX-License-Identifier: MIT */
/*
 * RFC 1071.  The sum is taken over words as they lie in memory: one's
 * complement addition gives the same octets in either order (section 2 (B)),
 * so only the fold has to know the machine's.
 */
#include "wire/checksum.h"

#include <string.h>

#include "wire/octets.h"

#define BLOCK 64u

typedef uint64_t words __attribute__((vector_size(16)));

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline words load_words(const uint8_t *p)
{
	words v;

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

/*
 * Whole blocks of 64 octets, two words of 64 bits at a time where the machine
 * has such registers (the compiler's generic vectors; without them it makes
 * single words of these).  Instead of carries the sum of the upper halves is
 * kept beside the sum of all, which tells what left it at the top.
 */
static uint64_t sum_blocks(const uint8_t *p, size_t n)
{
	words all_a = {0, 0}, all_b = {0, 0};
	words upper_a = {0, 0}, upper_b = {0, 0};
	uint64_t sum = 0;

	for (; n > 0; n--, p += BLOCK) {
		const words a = load_words(p), b = load_words(p + 16);
		const words c = load_words(p + 32), d = load_words(p + 48);

		all_a += a;
		upper_a += a >> 32;
		all_b += b;
		upper_b += b >> 32;
		all_a += c;
		upper_a += c >> 32;
		all_b += d;
		upper_b += d >> 32;
	}
	all_a += all_b;
	upper_a += upper_b;
	all_a -= upper_a << 32; /* the sum of the lower halves */
	for (int i = 0; i < 2; i++)
		sum = add_carry(sum, add_carry(all_a[i], upper_a[i]));
	return sum;
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

	if (len >= BLOCK) {
		sum = sum_blocks(p, len / BLOCK);
		p += len & ~(size_t)(BLOCK - 1);
		len &= BLOCK - 1;
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
