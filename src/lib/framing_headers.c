/* SPDX-License-Identifier: MIT */
/*
 * Header lines after RFC 9112, for messages whose length Content-Length tells.
 * What two readers could understand in two ways is refused (its section 11.2,
 * request smuggling).
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/framing.h"

static const char length_name[] = "content-length";
static const char coding_name[] = "transfer-encoding";

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool equals(const char *text, size_t len, const char *name)
{
	for (size_t i = 0; i < len; i++)
		if (!name[i] || lower(text[i]) != lower(name[i]))
			return false;
	return !name[len];
}

/* RFC 9110 section 5.6.2 */
static bool is_token(char c)
{
	if ((c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z'))
		return true;
	return c && strchr("!#$%&'*+-.^_`|~", c);
}

/* Nothing that could be taken for the end of a line. */
static bool is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\r' || text[i] == '\n' || !text[i])
			return false;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct line {
	const char *name, *value;
	size_t name_len, value_len;
};

static bool parse_line(const char *text, size_t len, struct line *line)
{
	const char *colon = memchr(text, ':', len);
	const char *value, *end = text + len;

	if (!colon || colon == text || !is_plain(text, len))
		return false;
	for (const char *c = text; c < colon; c++)
		if (!is_token(*c))
			return false;
	for (value = colon + 1; value < end && is_blank(*value);)
		value++;
	while (end > value && is_blank(end[-1]))
		end--;
	*line = (struct line){text, value, (size_t)(colon - text),
			      (size_t)(end - value)};
	return true;
}

/* Digits and nothing else; a number too large for us is too large. */
static int parse_length(const char *text, size_t len, size_t *value)
{
	size_t sum = 0;

	if (!len)
		return CN_E_PROTO;
	for (size_t i = 0; i < len; i++) {
		size_t digit = (size_t)(text[i] - '0');

		if (text[i] < '0' || text[i] > '9')
			return CN_E_PROTO;
		if (sum > (SIZE_MAX - digit) / 10)
			return CN_E_MSGSIZE;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return CN_OK;
}

struct found {
	bool has_length;
	size_t length;
};

static int take_line(const char *text, size_t len, struct found *found)
{
	struct line line;

	if (!parse_line(text, len, &line) ||
	    equals(line.name, line.name_len, coding_name))
		return CN_E_PROTO;
	if (!equals(line.name, line.name_len, length_name))
		return CN_OK;
	if (found->has_length)
		return CN_E_PROTO;
	found->has_length = true;
	return parse_length(line.value, line.value_len, &found->length);
}

/* All lines, each with its CR LF; the first has a form of its own. */
static int take_lines(const char *head, size_t len, struct found *found)
{
	bool first = true;
	int err = CN_OK;

	while (len && !err) {
		const char *lf = memchr(head, '\n', len);
		size_t n;

		if (!lf || lf == head || lf[-1] != '\r')
			return CN_E_PROTO;
		n = (size_t)(lf - head) - 1;
		if (!first)
			err = take_line(head, n, found);
		else if (!n || is_blank(*head) || !is_plain(head, n))
			err = CN_E_PROTO;
		first = false;
		head = lf + 1;
		len -= n + 2;
	}
	return first ? CN_E_PROTO : err;
}

/* The empty line; len: it is not there yet. */
static size_t find_end(const char *head, size_t len, size_t from)
{
	for (size_t i = from; i + 4 <= len; i++)
		if (!memcmp(head + i, "\r\n\r\n", 4))
			return i;
	return len;
}

int headers_next(struct cn_deframer *deframer)
{
	const char *head = (const char *)deframer->buf + deframer->begin;
	size_t len = deframer->end - deframer->begin;
	size_t end = find_end(head, len, deframer->seen);
	struct found found = {false, 0};
	int err;

	if (end == len) {
		deframer->seen = len < 3 ? 0 : len - 3;
		return len >= deframer->framing.head_max ? CN_E_MSGSIZE : 0;
	}
	if (end + 4 > deframer->framing.head_max)
		return CN_E_MSGSIZE;
	err = take_lines(head, end + 2, &found);
	if (err)
		return err;
	if (found.length > deframer->framing.max)
		return CN_E_MSGSIZE;
	deframer->head_len = end + 4;
	deframer->body_len = found.length;
	deframer->has_head = true;
	return 1;
}

bool cn_headers_find(const struct cn_message *message, const char *name,
		     const char **value, size_t *len)
{
	const char *at = message->head;
	size_t left = message->head_len;
	bool first = true;

	while (left) {
		const char *lf = memchr(at, '\n', left);
		struct line line;
		size_t n;

		if (!lf || lf == at)
			return false;
		n = (size_t)(lf - at) - 1;
		if (!first && parse_line(at, n, &line) &&
		    equals(line.name, line.name_len, name)) {
			*value = line.value;
			*len = line.value_len;
			return true;
		}
		first = false;
		at = lf + 1;
		left -= n + 2;
	}
	return false;
}

int cn_headers_write(char *out, size_t size, const char *lines, size_t len)
{
	struct found found = {false, 0};
	int n, err;

	err = take_lines(lines, strlen(lines), &found);
	if (err || found.has_length)
		return CN_E_PROTO;
	n = snprintf(out, size, "%sContent-Length: %zu\r\n\r\n", lines, len);
	return n < 0 || (size_t)n >= size ? CN_E_MSGSIZE : n;
}
