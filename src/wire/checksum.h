/* SPDX-License-Identifier: MIT */
/* RFC 1071: the Internet checksum, in pieces of any length and alignment. */
#ifndef WIRE_CHECKSUM_H
#define WIRE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <catenet/frame.h>

/*
 * A running one's-complement sum over octets in network order.  odd remembers
 * that the octets so far were odd in number, so that pieces may be.
 */
struct checksum {
	uint64_t sum;
	unsigned odd;
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
/* Folded, not complemented, as a host-order 16-bit value. */
uint16_t checksum_fold(const struct checksum *sum);
/* What goes into the header field (complement of the fold). */
uint16_t checksum_finish(const struct checksum *sum);

#endif
