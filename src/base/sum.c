/* SPDX-License-Identifier: MIT */
/*
 * The compiler's generic vectors: of 16 octets, which every x86-64 and most
 * others have and which elsewhere become single words, and of 32 octets where
 * the processor was found to have them.
 *
 * Instead of carries the sum of the upper halves is kept beside the sum of
 * all, which tells what has left it at the top.
 */
#include "base/sum.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define SUM_WIDE 1
#else
#define SUM_WIDE 0
#endif

typedef uint64_t words __attribute__((vector_size(16)));

static uint64_t sum_narrow(const uint8_t *p, size_t n)
{
	words all_a = {0, 0}, all_b = {0, 0};
	words upper_a = {0, 0}, upper_b = {0, 0};
	words a, b, c, d;
	uint64_t sum = 0;

	for (; n > 0; n--, p += SUM_BLOCK) {
		memcpy(&a, p, sizeof(a));
		memcpy(&b, p + 16, sizeof(b));
		memcpy(&c, p + 32, sizeof(c));
		memcpy(&d, p + 48, sizeof(d));
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
		sum = sum_carry(sum, sum_carry(all_a[i], upper_a[i]));
	return sum;
}

#if SUM_WIDE

typedef uint64_t wide_words __attribute__((vector_size(32)));

/* The same by 32 octets; it begins with the odd block, if there is one. */
__attribute__((target("avx2"))) static uint64_t sum_by_32(const uint8_t *p,
							  size_t n)
{
	wide_words all_a = {0}, all_b = {0}, upper_a = {0}, upper_b = {0};
	wide_words a, b, c, d;
	uint64_t sum = 0;

	if (n & 1) {
		memcpy(&all_a, p, sizeof(a));
		memcpy(&all_b, p + 32, sizeof(b));
		upper_a = all_a >> 32;
		upper_b = all_b >> 32;
		p += SUM_BLOCK;
	}
	for (n /= 2; n > 0; n--, p += 2 * SUM_BLOCK) {
		memcpy(&a, p, sizeof(a));
		memcpy(&b, p + 32, sizeof(b));
		memcpy(&c, p + 64, sizeof(c));
		memcpy(&d, p + 96, sizeof(d));
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
	all_a -= upper_a << 32;
	for (int i = 0; i < 4; i++)
		sum = sum_carry(sum, sum_carry(all_a[i], upper_a[i]));
	return sum;
}

struct cpuid {
	unsigned a, b, c, d;
};

static struct cpuid cpuid(unsigned leaf)
{
	struct cpuid id;

	__asm__("cpuid"
		: "=a"(id.a), "=b"(id.b), "=c"(id.c), "=d"(id.d)
		: "0"(leaf), "2"(0));
	return id;
}

/* Intel's manual, volume 1, section 14.3: the operating system keeps the
 * registers (bits OSXSAVE and AVX, and two of XCR0), the processor has AVX2. */
bool sum_is_wide(void)
{
	const unsigned osxsave = 1u << 27, avx = 1u << 28, avx2 = 1u << 5;
	unsigned low, high;

	if (cpuid(0).a < 7 || (cpuid(1).c & (osxsave | avx)) != (osxsave | avx))
		return false;
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	(void)high;
	return (low & 6) == 6 && (cpuid(7).b & avx2);
}

#else

bool sum_is_wide(void)
{
	return false;
}

static uint64_t sum_by_32(const uint8_t *p, size_t n)
{
	return sum_narrow(p, n);
}

#endif

uint64_t sum_blocks(const uint8_t *p, size_t n, bool wide)
{
	return wide ? sum_by_32(p, n) : sum_narrow(p, n);
}
