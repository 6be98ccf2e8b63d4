/* SPDX-License-Identifier: MIT */
/*
 * Addresses and their text: RFC 4291 section 2.2 read strictly (four decimal
 * octets without leading zeros; at most eight groups; no zone), RFC 5952
 * written.
 */
#include <catenet/frame.h>

#include <string.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0,    0,
					  0, 0, 0, 0, 0xff, 0xff};

struct cn_addr cn_addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	struct cn_addr addr;

	memcpy(addr.octet, mapped_prefix, sizeof(mapped_prefix));
	addr.octet[12] = a;
	addr.octet[13] = b;
	addr.octet[14] = c;
	addr.octet[15] = d;
	return addr;
}

bool cn_addr_is_v4(const struct cn_addr *addr)
{
	return memcmp(addr->octet, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

static bool is_zero(const uint8_t *p, size_t len)
{
	uint8_t all = 0;

	for (size_t i = 0; i < len; i++)
		all |= p[i];
	return all == 0;
}

bool cn_addr_is_any(const struct cn_addr *addr)
{
	if (cn_addr_is_v4(addr))
		return is_zero(addr->octet + 12, 4);
	return is_zero(addr->octet, 16);
}

bool cn_addr_is_loopback(const struct cn_addr *addr)
{
	if (cn_addr_is_v4(addr))
		return addr->octet[12] == 127;
	return is_zero(addr->octet, 15) && addr->octet[15] == 1;
}

bool cn_addr_is_multicast(const struct cn_addr *addr)
{
	if (cn_addr_is_v4(addr))
		return (addr->octet[12] & 0xf0) == 0xe0;
	return addr->octet[0] == 0xff;
}

bool cn_addr_equal(const struct cn_addr *a, const struct cn_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Reads 0 .. 255 without leading zeros; NULL when there is none. */
static const char *parse_decimal(const char *text, uint8_t *out)
{
	unsigned value = 0;
	const char *p = text;

	while (*p >= '0' && *p <= '9') {
		value = value * 10 + (unsigned)(*p - '0');
		if (value > 255 || (p > text && *text == '0'))
			return NULL;
		p++;
	}
	*out = (uint8_t)value;
	return p == text ? NULL : p;
}

/* Reads all of text as a dotted quad. */
static bool parse_quad(const char *text, uint8_t quad[4])
{
	for (int i = 0; i < 4; i++) {
		if (i > 0 && *text++ != '.')
			return false;
		text = parse_decimal(text, &quad[i]);
		if (!text)
			return false;
	}
	return *text == '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Reads one to four hexadecimal digits; NULL when there are none or more. */
static const char *parse_group(const char *text, uint8_t out[2])
{
	unsigned value = 0;
	int n = 0;

	while (hex_digit(text[n]) >= 0) {
		if (n == 4)
			return NULL;
		value = value << 4 | (unsigned)hex_digit(text[n]);
		n++;
	}
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
	return n == 0 ? NULL : text + n;
}

static bool is_quad_ahead(const char *text)
{
	while (hex_digit(*text) >= 0)
		text++;
	return *text == '.';
}

/*
 * Octets are laid down from the left; gap is where "::" stood, and what came
 * after it is moved to the right end.
 */
static bool parse_v6(const char *text, uint8_t octet[16])
{
	int n = 0, gap = -1;

	if (text[0] == ':') {
		if (text[1] != ':')
			return false;
		gap = 0;
		text += 2;
	}
	while (*text) {
		if (n == 16)
			return false;
		if (is_quad_ahead(text)) {
			if (n > 12 || !parse_quad(text, octet + n))
				return false;
			n += 4;
			break;
		}
		text = parse_group(text, octet + n);
		if (!text)
			return false;
		n += 2;
		if (!*text)
			break;
		if (*text++ != ':')
			return false;
		if (*text == ':') {
			if (gap >= 0)
				return false;
			gap = n;
			text++;
		} else if (!*text) {
			return false;
		}
	}
	if (gap < 0 || n == 16)
		return gap < 0 && n == 16;
	memmove(octet + 16 - (n - gap), octet + gap, (size_t)(n - gap));
	memset(octet + gap, 0, (size_t)(16 - n));
	return true;
}

bool cn_addr_parse(const char *text, struct cn_addr *addr)
{
	uint8_t quad[4];
	struct cn_addr v6;

	if (parse_quad(text, quad)) {
		*addr = cn_addr_v4(quad[0], quad[1], quad[2], quad[3]);
		return true;
	}
	if (!parse_v6(text, v6.octet))
		return false;
	*addr = v6;
	return true;
}

static char *put_decimal(char *p, unsigned v)
{
	if (v >= 100)
		*p++ = (char)('0' + v / 100);
	if (v >= 10)
		*p++ = (char)('0' + v / 10 % 10);
	*p++ = (char)('0' + v % 10);
	return p;
}

static char *put_group(char *p, unsigned v)
{
	static const char digit[] = "0123456789abcdef";
	int shift = 12;

	while (shift > 0 && v >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*p++ = digit[v >> shift & 15];
	return p;
}

static char *put_quad(char *p, const uint8_t quad[4])
{
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			*p++ = '.';
		p = put_decimal(p, quad[i]);
	}
	return p;
}

/* The first of the longest runs of two or more zero groups; 0 if none. */
static int longest_zero_run(const unsigned group[8], int *start)
{
	int best = 1;

	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && group[i + n] == 0)
			n++;
		if (n > best) {
			best = n;
			*start = i;
		}
	}
	return best > 1 ? best : 0;
}

size_t cn_addr_format(const struct cn_addr *addr, char text[CN_ADDR_TEXT])
{
	unsigned group[8];
	int run, start = 8;
	char *p = text;

	if (cn_addr_is_v4(addr)) {
		p = put_quad(p, addr->octet + 12);
		*p = '\0';
		return (size_t)(p - text);
	}
	for (int i = 0; i < 8; i++)
		group[i] = (unsigned)addr->octet[2 * i] << 8 |
			   addr->octet[2 * i + 1];
	run = longest_zero_run(group, &start);
	for (int i = 0; i < 8; i++) {
		if (i == start) {
			*p++ = ':';
			*p++ = ':';
			i += run - 1;
			continue;
		}
		if (i > 0 && i != start + run)
			*p++ = ':';
		p = put_group(p, group[i]);
	}
	*p = '\0';
	return (size_t)(p - text);
}
