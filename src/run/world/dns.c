/* SPDX-License-Identifier: MIT */
/*
 * RFC 1035 section 4.  What is not read is not passed on: lengths are checked
 * before they are used, a pointer leads only backwards (so that none loops),
 * and a name is as long as it is when written out.
 */
#include "run/world/dns.h"

#include <string.h>

#include "wire/octets.h"

#define LABEL_MAX 63
#define POINTER 0xc0
#define QR 0x80
#define OPCODE 0x78
#define RA 0x80

/* Octets that the name takes where it stands, or 0: it is no name. */
static size_t name_at(const uint8_t *p, size_t len, size_t from,
		      bool compressed)
{
	size_t at = from, total = 0, before = from, taken = 0;

	while (at < len && p[at]) {
		if ((p[at] & POINTER) == POINTER) {
			if (!compressed || at + 1 >= len)
				return 0;
			if (!taken)
				taken = at + 2 - from;
			at = (size_t)(p[at] & 0x3f) << 8 | p[at + 1];
			/* Before all that was read: it comes to an end. */
			if (at >= before || at < DNS_HEADER_LEN)
				return 0;
			before = at;
			continue;
		}
		total += 1u + p[at];
		if (p[at] > LABEL_MAX || total >= DNS_NAME_MAX)
			return 0;
		at += 1u + p[at];
	}
	if (at >= len)
		return 0;
	return taken ? taken : at + 1 - from;
}

static bool question_at(const uint8_t *p, size_t len,
			struct dns_question *question)
{
	size_t n = name_at(p, len, DNS_HEADER_LEN, false);
	size_t end = DNS_HEADER_LEN + n + 4;

	if (!n || end > len)
		return false;
	question->id = get16(p);
	question->name_len = (uint16_t)n;
	question->type = get16(p + DNS_HEADER_LEN + n);
	question->class = get16(p + DNS_HEADER_LEN + n + 2);
	question->end = (uint16_t)end;
	return true;
}

int dns_query(const uint8_t *p, size_t len, struct dns_question *question)
{
	memset(question, 0, sizeof(*question));
	if (len < DNS_HEADER_LEN || len > UINT16_MAX || (p[2] & QR))
		return -1;
	question->end = DNS_HEADER_LEN;
	if (p[2] & OPCODE)
		return DNS_NOTIMP;
	if (get16(p + 4) != 1 || !question_at(p, len, question))
		return DNS_FORMERR;
	return 0;
}

/* RFC 1035 section 3.2.1; what the data mean is the asker's affair. */
static bool skip_records(const uint8_t *p, size_t len, size_t at, unsigned n)
{
	while (n--) {
		size_t name = name_at(p, len, at, true);
		size_t data = at + name + 10;

		if (!name || data > len)
			return false;
		at = data + get16(p + data - 2);
		if (at > len)
			return false;
	}
	return true;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool same_name(const uint8_t *a, const uint8_t *b, size_t len,
		      bool any_case)
{
	if (!any_case)
		return !memcmp(a, b, len);
	for (size_t i = 0; i < len; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

bool dns_answers(const uint8_t *p, size_t len, const uint8_t *query,
		 const struct dns_question *question, bool any_case)
{
	struct dns_question same;

	if (len < DNS_HEADER_LEN || len > UINT16_MAX || !(p[2] & QR) ||
	    (p[2] & OPCODE) || get16(p) != get16(query) || get16(p + 4) != 1 ||
	    !question_at(p, len, &same))
		return false;
	if (same.name_len != question->name_len ||
	    same.type != question->type || same.class != question->class ||
	    !same_name(p + DNS_HEADER_LEN, query + DNS_HEADER_LEN,
		       same.name_len, any_case))
		return false;
	return skip_records(p, len, same.end,
			    (unsigned)get16(p + 6) + get16(p + 8) +
				    get16(p + 10));
}

void dns_mix_case(uint8_t *p, const struct dns_question *question,
		  const uint8_t bits[32])
{
	uint8_t *name = p + DNS_HEADER_LEN;

	for (unsigned i = 0; i < question->name_len && i < 256; i++) {
		uint8_t c = lower(name[i]);

		/* Lengths are below any letter. */
		if (c >= 'a' && c <= 'z' && (bits[i / 8] >> (i % 8) & 1))
			name[i] ^= 0x20;
	}
}

size_t dns_refuse(uint8_t *p, size_t len, const struct dns_question *question,
		  int rcode)
{
	uint16_t questions = question->end > DNS_HEADER_LEN ? 1 : 0;

	if (len < DNS_HEADER_LEN)
		return 0;
	p[2] |= QR;
	p[3] = (uint8_t)(RA | rcode);
	put16(p + 4, questions);
	memset(p + 6, 0, 6);
	return question->end;
}
