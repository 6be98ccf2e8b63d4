/* SPDX-License-Identifier: MIT */
/* UTF-8 (RFC 3629), East Asian width (UAX #11), and row 48 of the attacks. */
#include "see/text.h"

#include <stdio.h>
#include <string.h>

#define NO_CHAR 0xfffdu

struct range {
	uint32_t first, last;
};

static int in_ranges(const struct range *range, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= range[i].first && c <= range[i].last)
			return 1;
	return 0;
}

uint32_t text_char(const char *text, size_t *octets)
{
	const uint8_t *p = (const uint8_t *)text;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned n = p[0] < 0x80       ? 1 :
		     p[0] >> 5 == 0x06 ? 2 :
		     p[0] >> 4 == 0x0e ? 3 :
		     p[0] >> 3 == 0x1e ? 4 :
					 0;
	uint32_t c;

	*octets = 1;
	if (n == 1)
		return p[0];
	if (!n)
		return NO_CHAR;
	c = p[0] & (0x7fu >> n);
	for (unsigned i = 1; i < n; i++) {
		if (p[i] >> 6 != 2)
			return NO_CHAR;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return NO_CHAR;
	*octets = n;
	return c;
}

unsigned text_char_width(uint32_t c)
{
	static const struct range wide[] = {
		{0x1100, 0x115f},   {0x2e80, 0x303e}, {0x3041, 0x33ff},
		{0x3400, 0x4dbf},   {0x4e00, 0x9fff}, {0xa000, 0xa4cf},
		{0xac00, 0xd7a3},   {0xf900, 0xfaff}, {0xfe30, 0xfe6f},
		{0xff00, 0xff60},   {0xffe0, 0xffe6}, {0x1f300, 0x1faff},
		{0x20000, 0x3fffd},
	};
	static const struct range none[] = {
		{0x0300, 0x036f}, {0x200b, 0x200f}, {0x20d0, 0x20ff},
		{0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
	};

	if (c < 0x300)
		return 1;
	if (in_ranges(none, sizeof(none) / sizeof(none[0]), c))
		return 0;
	return in_ranges(wide, sizeof(wide) / sizeof(wide[0]), c) ? 2 : 1;
}

unsigned text_width(const char *text)
{
	unsigned width = 0;
	size_t octets;

	for (; *text; text += octets)
		width += text_char_width(text_char(text, &octets));
	return width;
}

size_t text_fit(const char *text, unsigned columns)
{
	unsigned width = 0;
	size_t n = 0, octets;

	while (text[n]) {
		width += text_char_width(text_char(text + n, &octets));
		if (width > columns)
			break;
		n += octets;
	}
	return n;
}

/* Punctuation that does not begin a line. */
static int sticks(uint32_t c)
{
	static const uint32_t marks[] = {0x3001, 0x3002, 0xff0c, 0xff1a,
					 0xff1b, 0xff09, 0xff01, 0xff1f};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (marks[i] == c)
			return 1;
	return 0;
}

size_t text_break(const char *text, unsigned columns)
{
	size_t fits = text_fit(text, columns), best = 0, n = 0, octets;
	uint32_t before = 0;

	if (!text[fits])
		return fits;
	/* A break may stand before the first character that does not fit. */
	while (n <= fits) {
		uint32_t c = text_char(text + n, &octets);

		if (n && !sticks(c) &&
		    (before == ' ' || c == ' ' ||
		     (text_char_width(c) == 2 && before != 0xff08) ||
		     (text_char_width(before) == 2 && before != 0xff08)))
			best = n;
		before = c;
		n += octets;
	}
	if (best)
		return best;
	if (fits)
		return fits;
	(void)text_char(text, &octets);
	return octets;
}

static int is_harmless(uint32_t c)
{
	static const struct range bad[] = {
		{0x0000, 0x001f}, {0x007f, 0x009f}, {0x061c, 0x061c},
		{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
		{0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
	};

	return !in_ranges(bad, sizeof(bad) / sizeof(bad[0]), c);
}

size_t text_escape(const char *in, char *out, size_t size)
{
	size_t n = 0, octets;

	if (!size)
		return 0;
	for (; *in; in += octets) {
		uint32_t c = text_char(in, &octets);
		char as[12];
		size_t len = octets;

		memcpy(as, in, octets);
		if (c == NO_CHAR && octets == 1)
			len = (size_t)snprintf(as, sizeof(as), "\\x%02x",
					       (uint8_t)*in);
		else if (!is_harmless(c))
			len = (size_t)snprintf(
				as, sizeof(as),
				c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
		if (n + len >= size)
			break;
		memcpy(out + n, as, len);
		n += len;
	}
	out[n] = '\0';
	return n;
}
