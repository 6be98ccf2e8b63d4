/* SPDX-License-Identifier: MIT */
/*
 * Sums of 64-bit words in one's complement, as many at a time as the machine's
 * registers take: what RFC 1071 is made of.
 */
#ifndef BASE_SUM_H
#define BASE_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SUM_BLOCK 64u

/* One's complement: what is carried out comes in again below. */
static inline uint64_t sum_carry(uint64_t a, uint64_t b)
{
	a += b;
	return a + (a < b);
}

/* Whether sum_blocks may use registers of 256 bits here.  It asks the
 * processor, which under a hypervisor takes a microsecond: ask once. */
bool sum_is_wide(void);
/* The sum of n blocks of SUM_BLOCK octets, words as they lie in memory. */
uint64_t sum_blocks(const uint8_t *p, size_t n, bool wide);

#endif
