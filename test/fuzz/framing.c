/* SPDX-License-Identifier: MIT */
/*
 * Any octets as a stream of messages, under any rules: whole and in pieces it
 * gives the same messages and the same end, and a message that is wrapped
 * again is what it came out of.
 */
#include <stdlib.h>
#include <string.h>

#include <catenet/framing.h>

#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM 4096
#define MESSAGES 512

/* What came out: where each message ended, a sum over all, and the end. */
struct outcome {
	uint64_t sum;
	unsigned n;
	int end;
};

static void mix(struct outcome *outcome, const void *data, size_t len)
{
	const uint8_t *octet = data;

	outcome->sum = outcome->sum * 31 + len;
	for (size_t i = 0; i < len; i++)
		outcome->sum = outcome->sum * 31 + octet[i];
}

static void check_wrap(const struct cn_framing *framing,
		       const struct cn_message *message)
{
	struct cn_wrapping wrapping;
	const char *value;
	size_t len;

	if (framing->kind == CN_FRAMING_HEADERS) {
		(void)cn_headers_find(message, "host", &value, &len);
		return;
	}
	CN_ASSERT(cn_framing_wrap(framing, message->data, message->len,
				  &wrapping) == CN_OK);
	CN_ASSERT(!memcmp(message->data - wrapping.head_len, wrapping.head,
			  wrapping.head_len));
	CN_ASSERT(!wrapping.tail_len ||
		  !memcmp(message->data + message->len, wrapping.tail,
			  wrapping.tail_len));
}

static void take(struct cn_deframer *deframer, struct outcome *outcome)
{
	struct cn_message message;

	while (cn_deframer_next(deframer, &message) == 1) {
		mix(outcome, message.head, message.head_len);
		mix(outcome, message.data, message.len);
		check_wrap(&deframer->framing, &message);
		outcome->n++;
	}
}

/* In pieces of 1 .. piece octets, by turns. */
static struct outcome run(const struct cn_framing *framing, const uint8_t *data,
			  size_t size, size_t piece)
{
	struct outcome outcome = {0, 0, 0};
	size_t room = cn_framing_room(framing), turn = 0;
	struct cn_deframer deframer;
	void *buf = malloc(room);

	CN_ASSERT(buf);
	CN_ASSERT(!cn_deframer_init(&deframer, framing, buf, room));
	while (size) {
		size_t n = 1 + turn++ % piece, free_len;
		void *at = cn_deframer_room(&deframer, &free_len);

		if (!free_len)
			break;
		n = n < size ? n : size;
		n = n < free_len ? n : free_len;
		memcpy(at, data, n);
		cn_deframer_put(&deframer, n);
		take(&deframer, &outcome);
		data += n;
		size -= n;
	}
	outcome.end = cn_deframer_end(&deframer);
	/* Only after an error is there no room for more. */
	CN_ASSERT(!size || outcome.end);
	free(buf);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cn_framing framing = {.kind = CN_FRAMING_FIXED};
	struct outcome whole, pieces;
	char delimiter[CN_DELIMITER_MAX];

	if (size < 8)
		return 0;
	framing.kind = (enum cn_framing_kind)(data[0] % 4);
	framing.max = data[1];
	framing.size = framing.kind == CN_FRAMING_PREFIX ?
			       2u + 2 * (data[2] & 1) :
			       1u + data[2];
	framing.head_max = 1u + data[3];
	framing.delimiter_len = 1 + data[4] % 3;
	memcpy(delimiter, data + 5, 3);
	framing.delimiter = delimiter;
	data += 8;
	size -= 8;
	whole = run(&framing, data, size, ROOM);
	for (size_t piece = 1; piece < 8; piece += 3) {
		pieces = run(&framing, data, size, piece);
		CN_ASSERT(whole.n == pieces.n && whole.sum == pieces.sum &&
			  whole.end == pieces.end);
	}
	return 0;
}
