/* SPDX-License-Identifier: MIT */
/* Octets written as hexadecimal digits, blanks between them as one likes. */
#ifndef UNIT_HEX_H
#define UNIT_HEX_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline size_t hex_read(const char *text, uint8_t *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (; *text; text++) {
		const char *digit = strchr(digits, *text);

		if (*text == ' ')
			continue;
		if (!digit)
			abort();
		if (n % 2 == 0)
			out[n / 2] = 0;
		out[n / 2] = (uint8_t)(out[n / 2] << 4 | (digit - digits));
		n++;
	}
	if (n % 2)
		abort();
	return n / 2;
}

/* A copy of its exact length, so that a sanitizer sees the octet after. */
static inline uint8_t *exact_copy(const void *p, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	if (len)
		memcpy(copy, p, len);
	return copy;
}

#endif
