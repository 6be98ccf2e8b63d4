/* SPDX-License-Identifier: MIT */
/* RFC 1071: the Internet checksum, in pieces of any length and alignment. */
#ifndef WIRE_CHECKSUM_H
#define WIRE_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <catenet/frame.h>

/*
 * A running one's-complement sum over octets in network order.  odd remembers
 * that the octets so far were odd in number, so that pieces may be.  wide: what
 * sum_is_wide said, where much is summed.
 */
struct checksum {
	uint64_t sum;
	unsigned odd;
	bool wide;
};

void checksum_add(struct checksum *sum, const void *data, size_t len);

/* The two or four octets of a header field, where the octets so far are even
 * in number. */
static inline void checksum_add2(struct checksum *sum, const uint8_t p[2])
{
	uint16_t field;

	memcpy(&field, p, sizeof(field));
	sum->sum += field;
	sum->sum += sum->sum < field;
}

static inline void checksum_add4(struct checksum *sum, const uint8_t p[4])
{
	uint32_t field;

	memcpy(&field, p, sizeof(field));
	sum->sum += field;
	sum->sum += sum->sum < field;
}

/* The pseudo-header of RFC 9293 section 3.1 (IPv4) or RFC 8200 section 8.1;
 * which one follows from src.  len: upper-layer length. */
void checksum_add_pseudo(struct checksum *sum, const struct cn_addr *src,
			 const struct cn_addr *dst, uint8_t protocol,
			 uint32_t len);
/* Down to 16 bits, in the order of memory. */
static inline uint16_t checksum_half(uint64_t sum)
{
	uint32_t word = (uint32_t)sum;

	word += (uint32_t)(sum >> 32);
	word += word < (uint32_t)sum;
	sum = (word >> 16) + (word & 0xffff);
	return (uint16_t)(sum + (sum >> 16));
}

/* Folded, not complemented, as a host-order 16-bit value. */
static inline uint16_t checksum_fold(const struct checksum *sum)
{
	uint16_t half = checksum_half(sum->sum);
	uint8_t octet[2];

	memcpy(octet, &half, sizeof(half));
	return (uint16_t)(octet[0] << 8 | octet[1]);
}

/* What goes into the header field (complement of the fold). */
static inline uint16_t checksum_finish(const struct checksum *sum)
{
	return (uint16_t)~checksum_fold(sum);
}

#endif
