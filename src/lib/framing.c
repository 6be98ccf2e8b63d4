/* SPDX-License-Identifier: MIT */
/* catenet/framing.h: fixed length, delimiter, length prefix; and the buffer
 * that all four ways share. */
#include "lib/framing.h"

#include <string.h>

#include "base/assert.h"

size_t cn_framing_room(const struct cn_framing *framing)
{
	size_t more = 0;

	switch (framing->kind) {
	case CN_FRAMING_FIXED:
		return framing->size;
	case CN_FRAMING_DELIMITER:
		more = framing->delimiter_len;
		if (!framing->delimiter || more > CN_DELIMITER_MAX)
			return 0;
		break;
	case CN_FRAMING_PREFIX:
		more = framing->size;
		if (more != 2 && more != 4)
			return 0;
		break;
	case CN_FRAMING_HEADERS:
		more = framing->head_max;
		break;
	}
	if (!more || framing->max > SIZE_MAX - more)
		return 0;
	return framing->max + more;
}

int cn_deframer_init(struct cn_deframer *deframer,
		     const struct cn_framing *framing, void *buf, size_t size)
{
	size_t room = cn_framing_room(framing);

	if (!room || size < room || !buf)
		return CN_E_INVAL;
	memset(deframer, 0, sizeof(*deframer));
	deframer->framing = *framing;
	deframer->buf = buf;
	deframer->room = size;
	return CN_OK;
}

/* ------------------------------------------------------------ the buffer -- */

void *cn_deframer_room(struct cn_deframer *deframer, size_t *len)
{
	size_t left = deframer->end - deframer->begin;

	if (deframer->begin && left)
		memmove(deframer->buf, deframer->buf + deframer->begin, left);
	deframer->begin = 0;
	deframer->end = left;
	*len = deframer->err ? 0 : deframer->room - left;
	return deframer->buf + left;
}

void cn_deframer_put(struct cn_deframer *deframer, size_t len)
{
	CN_ASSERT(len <= deframer->room - deframer->end);
	deframer->end += len;
}

static size_t held(const struct cn_deframer *deframer)
{
	return deframer->end - deframer->begin;
}

/* The first len octets are a message, and then skip more are over. */
static int give(struct cn_deframer *deframer, struct cn_message *message,
		size_t len, size_t skip)
{
	memset(message, 0, sizeof(*message));
	message->data = deframer->buf + deframer->begin;
	message->len = len;
	deframer->begin += len + skip;
	deframer->seen = 0;
	return 1;
}

/* ------------------------------------------------------------- the ways -- */

static int next_fixed(struct cn_deframer *deframer, struct cn_message *message)
{
	size_t size = deframer->framing.size;

	return held(deframer) < size ? 0 : give(deframer, message, size, 0);
}

/* Where the delimiter begins, at from or later; len: nowhere. */
static size_t find(const uint8_t *data, size_t len, size_t from,
		   const char *delimiter, size_t delimiter_len)
{
	while (len - from >= delimiter_len) {
		const uint8_t *at = memchr(data + from, delimiter[0],
					   len - from - delimiter_len + 1);

		if (!at)
			return len;
		from = (size_t)(at - data);
		if (!memcmp(at, delimiter, delimiter_len))
			return from;
		from++;
	}
	return len;
}

static int next_delimited(struct cn_deframer *deframer,
			  struct cn_message *message)
{
	const struct cn_framing *framing = &deframer->framing;
	size_t n = held(deframer);
	size_t at = find(deframer->buf + deframer->begin, n, deframer->seen,
			 framing->delimiter, framing->delimiter_len);

	if (at == n) {
		/* Its beginning may be there already. */
		if (n >= framing->delimiter_len)
			deframer->seen = n - framing->delimiter_len + 1;
		return deframer->seen > framing->max ? CN_E_MSGSIZE : 0;
	}
	if (at > framing->max)
		return CN_E_MSGSIZE;
	return give(deframer, message, at, framing->delimiter_len);
}

static int next_prefixed(struct cn_deframer *deframer,
			 struct cn_message *message)
{
	const uint8_t *at = deframer->buf + deframer->begin;
	size_t size = deframer->framing.size;
	uint64_t len = 0;

	if (held(deframer) < size)
		return 0;
	for (size_t i = 0; i < size; i++)
		len = len << 8 | at[i];
	/* Before any of it has come: what is not believed is not awaited. */
	if (len > deframer->framing.max)
		return CN_E_MSGSIZE;
	if (held(deframer) - size < len)
		return 0;
	deframer->begin += size;
	return give(deframer, message, (size_t)len, 0);
}

static int next_headed(struct cn_deframer *deframer, struct cn_message *message)
{
	const char *head;
	int rc = 1;

	if (!deframer->has_head)
		rc = headers_next(deframer);
	if (rc <= 0)
		return rc;
	if (held(deframer) - deframer->head_len < deframer->body_len)
		return 0;
	head = (const char *)deframer->buf + deframer->begin;
	deframer->begin += deframer->head_len;
	give(deframer, message, deframer->body_len, 0);
	message->head = head;
	/* Without the empty line. */
	message->head_len = deframer->head_len - 2;
	deframer->has_head = false;
	return 1;
}

int cn_deframer_next(struct cn_deframer *deframer, struct cn_message *message)
{
	int rc = deframer->err;

	if (rc)
		return rc;
	switch (deframer->framing.kind) {
	case CN_FRAMING_FIXED:
		rc = next_fixed(deframer, message);
		break;
	case CN_FRAMING_DELIMITER:
		rc = next_delimited(deframer, message);
		break;
	case CN_FRAMING_PREFIX:
		rc = next_prefixed(deframer, message);
		break;
	case CN_FRAMING_HEADERS:
		rc = next_headed(deframer, message);
		break;
	}
	if (rc < 0)
		deframer->err = rc;
	return rc;
}

int cn_deframer_end(const struct cn_deframer *deframer)
{
	if (deframer->err)
		return deframer->err;
	return held(deframer) ? CN_E_PROTO : CN_OK;
}

/* -------------------------------------------------------------- wrapping -- */

static void put_length(struct cn_wrapping *wrapping, size_t size, size_t len)
{
	wrapping->head_len = size;
	for (size_t i = 0; i < size; i++)
		wrapping->head[i] = (uint8_t)(len >> 8 * (size - 1 - i));
}

/*
 * Could the delimiter be seen before its place?  Inside, or where the message
 * ends as the delimiter begins.
 */
static bool hides_delimiter(const struct cn_framing *framing, const void *data,
			    size_t len)
{
	uint8_t seam[2 * CN_DELIMITER_MAX];
	size_t n = framing->delimiter_len;
	size_t tail = len < n - 1 ? len : n - 1;

	if (find(data, len, 0, framing->delimiter, n) < len)
		return true;
	if (tail)
		memcpy(seam, (const uint8_t *)data + len - tail, tail);
	memcpy(seam + tail, framing->delimiter, n);
	return find(seam, tail + n, 0, framing->delimiter, n) < tail;
}

int cn_framing_wrap(const struct cn_framing *framing, const void *data,
		    size_t len, struct cn_wrapping *wrapping)
{
	memset(wrapping, 0, sizeof(*wrapping));
	if (!cn_framing_room(framing))
		return CN_E_INVAL;
	if (framing->kind != CN_FRAMING_FIXED && len > framing->max)
		return CN_E_MSGSIZE;
	switch (framing->kind) {
	case CN_FRAMING_FIXED:
		return len == framing->size ? CN_OK : CN_E_MSGSIZE;
	case CN_FRAMING_DELIMITER:
		if (hides_delimiter(framing, data, len))
			return CN_E_PROTO;
		wrapping->tail = framing->delimiter;
		wrapping->tail_len = framing->delimiter_len;
		return CN_OK;
	case CN_FRAMING_PREFIX:
		if (framing->size == 2 ? len > UINT16_MAX : len > UINT32_MAX)
			return CN_E_MSGSIZE;
		put_length(wrapping, framing->size, len);
		return CN_OK;
	case CN_FRAMING_HEADERS:
		break;
	}
	return CN_E_INVAL;
}
