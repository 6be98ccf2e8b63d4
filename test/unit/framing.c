/* SPDX-License-Identifier: MIT */
/*
 * Messages out of a stream: whole, cut in two at every place, and octet by
 * octet, what comes out is the same.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <catenet/framing.h>
#include <catenet/posix.h>

#define TEXT_MAX 4096

static const struct cn_framing fixed4 = {.kind = CN_FRAMING_FIXED, .size = 4};
static const struct cn_framing lines = {.kind = CN_FRAMING_DELIMITER,
					.max = 8,
					.delimiter = "\n",
					.delimiter_len = 1};
static const struct cn_framing marks = {.kind = CN_FRAMING_DELIMITER,
					.max = 8,
					.delimiter = "abab",
					.delimiter_len = 4};
static const struct cn_framing prefix2 = {
	.kind = CN_FRAMING_PREFIX, .max = 300, .size = 2};
static const struct cn_framing prefix4 = {
	.kind = CN_FRAMING_PREFIX, .max = 8, .size = 4};
static const struct cn_framing headed = {
	.kind = CN_FRAMING_HEADERS, .max = 8, .head_max = 64};

/* What a stream gives: "[message]" and how it ended. */
struct result {
	char text[TEXT_MAX];
	size_t len;
};

static void add(struct result *result, const void *data, size_t len)
{
	assert_true(result->len + len < TEXT_MAX);
	memcpy(result->text + result->len, data, len);
	result->len += len;
}

static void take_all(struct cn_deframer *deframer, struct result *result)
{
	struct cn_message message;

	while (cn_deframer_next(deframer, &message) == 1) {
		add(result, "[", 1);
		if (message.head) {
			add(result, message.head, message.head_len);
			add(result, "|", 1);
		}
		add(result, message.data, message.len);
		add(result, "]", 1);
	}
}

/* Feeds data in pieces of at most so many octets. */
static void feed(struct cn_deframer *deframer, struct result *result,
		 const char *data, size_t len, size_t piece)
{
	take_all(deframer, result);
	while (len) {
		size_t room, n = piece < len ? piece : len;
		void *at = cn_deframer_room(deframer, &room);

		if (!room)
			return;
		if (n > room)
			n = room;
		memcpy(at, data, n);
		cn_deframer_put(deframer, n);
		take_all(deframer, result);
		data += n;
		len -= n;
	}
}

static void finish(const struct cn_deframer *deframer, struct result *result)
{
	const char *name = cn_err_name(cn_deframer_end(deframer));

	if (cn_deframer_end(deframer))
		add(result, name, strlen(name));
	result->text[result->len] = '\0';
}

/* The buffer is of exactly the size that is asked for, on the heap, so that a
 * sanitizer sees one octet beyond. */
static struct cn_deframer start(const struct cn_framing *framing)
{
	struct cn_deframer deframer;
	size_t room = cn_framing_room(framing);
	void *buf = malloc(room);

	assert_non_null(buf);
	assert_int_equal(cn_deframer_init(&deframer, framing, buf, room), 0);
	return deframer;
}

static void run(const struct cn_framing *framing, const char *data, size_t len,
		size_t split, size_t piece, struct result *result)
{
	struct cn_deframer deframer = start(framing);

	result->len = 0;
	feed(&deframer, result, data, split, piece);
	feed(&deframer, result, data + split, len - split, piece);
	finish(&deframer, result);
	free(deframer.buf);
}

static void expect(const struct cn_framing *framing, const char *data,
		   size_t len, const char *want)
{
	struct result result;

	for (size_t split = 0; split <= len; split++) {
		run(framing, data, len, split, len, &result);
		assert_string_equal(result.text, want);
	}
	for (size_t piece = 1; piece < 5; piece++) {
		run(framing, data, len, 0, piece, &result);
		assert_string_equal(result.text, want);
	}
}

#define EXPECT(framing, data, want)                                            \
	expect(framing, data, sizeof(data) - 1, want)

/* Notes: row 130. */
static void fixed_length(void **state)
{
	(void)state;
	EXPECT(&fixed4, "", "");
	EXPECT(&fixed4, "abcd", "[abcd]");
	EXPECT(&fixed4, "abcdefghij", "[abcd][efgh]PROTO");
}

/* Notes: row 130. */
static void delimiter(void **state)
{
	(void)state;
	EXPECT(&lines, "one\ntwo\n\nthree", "[one][two][]PROTO");
	EXPECT(&lines, "12345678\n1\n", "[12345678][1]");
	EXPECT(&lines, "a\n123456789\nb\n", "[a]MSGSIZE");
	EXPECT(&lines, "123456789012345678901234567890", "MSGSIZE");
}

/* Beginnings of the delimiter that are none. */
static void long_delimiter(void **state)
{
	(void)state;
	EXPECT(&marks, "xabaababyabab", "[xaba][y]");
	EXPECT(&marks, "ababab", "[]PROTO");
	EXPECT(&marks, "aba", "PROTO");
	EXPECT(&marks, "12345678abab", "[12345678]");
	EXPECT(&marks, "123456789abab", "MSGSIZE");
	EXPECT(&marks, "12345678aba1", "MSGSIZE");
}

/* Notes: row 130. */
static void length_prefix(void **state)
{
	(void)state;
	EXPECT(&prefix2, "\0\3abc\0\0\0\1x", "[abc][][x]");
	EXPECT(&prefix2, "\0\3ab", "PROTO");
	EXPECT(&prefix2, "\0", "PROTO");
	EXPECT(&prefix2, "\0\1a\1\55", "[a]MSGSIZE");
	EXPECT(&prefix4,
	       "\0\0\0\2hi\0\0\0\10"
	       "12345678",
	       "[hi][12345678]");
	EXPECT(&prefix4, "\0\0\0\11", "MSGSIZE");
	EXPECT(&prefix4, "\377\377\377\377abc", "MSGSIZE");
	EXPECT(&prefix4, "\200\0\0\0", "MSGSIZE");
}

/* Notes: row 130. */
static void header_lines(void **state)
{
	(void)state;
	EXPECT(&headed, "GET / HTTP/1.1\r\n\r\n", "[GET / HTTP/1.1\r\n|]");
	EXPECT(&headed, "A\r\nContent-Length: 3\r\n\r\nabcB\r\n\r\n",
	       "[A\r\nContent-Length: 3\r\n|abc][B\r\n|]");
	EXPECT(&headed, "A\r\nX:\r\ncOnTeNt-LeNgTh:\t2 \r\n\r\nab",
	       "[A\r\nX:\r\ncOnTeNt-LeNgTh:\t2 \r\n|ab]");
	EXPECT(&headed, "A\r\ncontent-length: 8\r\n\r\n1234567", "PROTO");
	EXPECT(&headed, "A\r\ncontent-length: 9\r\n\r\n", "MSGSIZE");
	EXPECT(&headed, "A\r\ncontent-length: 18446744073709551616\r\n\r\n",
	       "MSGSIZE");
	EXPECT(&headed,
	       "A\r\ncontent-length: 99999999999999999999999999\r\n\r\n",
	       "MSGSIZE");
	EXPECT(&headed,
	       "A\r\nX: 0123456789012345678901234567890123456789012345678901",
	       "PROTO");
	EXPECT(&headed,
	       "A\r\nX: 01234567890123456789012345678901234567890123456789012"
	       "34\r\n\r\n",
	       "MSGSIZE");
}

/* Where leniency would let two readers see two messages. */
static void header_lines_refused(void **state)
{
	(void)state;
	EXPECT(&headed, "A\r\nContent-Length: +3\r\n\r\n", "PROTO");
	EXPECT(&headed, "A\r\nContent-Length: 3,3\r\n\r\n", "PROTO");
	EXPECT(&headed, "A\r\nContent-Length: 0x3\r\n\r\n", "PROTO");
	EXPECT(&headed, "A\r\nContent-Length:\r\n\r\n", "PROTO");
	EXPECT(&headed, "A\r\nContent-Length : 3\r\n\r\n", "PROTO");
	EXPECT(&headed, "A\r\n Content-Length: 3\r\n\r\n", "PROTO");
	EXPECT(&headed,
	       "A\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
	       "PROTO");
	EXPECT(&headed, "A\r\nTransfer-Encoding: chunked\r\n\r\n", "PROTO");
	EXPECT(&headed, "A\r\nX: a\nContent-Length: 3\r\n\r\n", "PROTO");
	EXPECT(&headed, "A\r\nX: a\rb\r\n\r\n", "PROTO");
	EXPECT(&headed, "A\r\nX: a\0b\r\n\r\n", "PROTO");
	EXPECT(&headed, "A\r\nno colon\r\n\r\n", "PROTO");
	EXPECT(&headed, "A\r\n: no name\r\n\r\n", "PROTO");
	EXPECT(&headed, "\r\n\r\n", "PROTO");
	EXPECT(&headed, " A\r\n\r\n", "PROTO");
	EXPECT(&headed, "A\n\r\n\r\n", "PROTO");
}

static void headers_are_found(void **state)
{
	static const char text[] = "A\r\nHost: x y \r\nEmpty:\r\n\r\n";
	struct cn_deframer deframer = start(&headed);
	struct cn_message message;
	const char *value;
	size_t room, len;

	(void)state;
	memcpy(cn_deframer_room(&deframer, &room), text, sizeof(text) - 1);
	cn_deframer_put(&deframer, sizeof(text) - 1);
	assert_int_equal(cn_deframer_next(&deframer, &message), 1);
	assert_true(cn_headers_find(&message, "hOST", &value, &len));
	assert_int_equal(len, 3);
	assert_memory_equal(value, "x y", 3);
	assert_true(cn_headers_find(&message, "Empty", &value, &len));
	assert_int_equal(len, 0);
	assert_false(cn_headers_find(&message, "Hos", &value, &len));
	assert_false(cn_headers_find(&message, "Hosts", &value, &len));
	assert_false(cn_headers_find(&message, "A", &value, &len));
	free(deframer.buf);
}

static void headers_are_written(void **state)
{
	char out[64];
	int n;

	(void)state;
	n = cn_headers_write(out, sizeof(out), "GET /\r\nHost: a\r\n", 5);
	assert_string_equal(out,
			    "GET /\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
	assert_int_equal(n, strlen(out));
	assert_int_equal(cn_headers_write(out, (size_t)n, "GET /\r\n", 5),
			 strlen("GET /\r\nContent-Length: 5\r\n\r\n"));
	assert_int_equal(cn_headers_write(out, 10, "GET /\r\n", 5),
			 CN_E_MSGSIZE);
	/* A value that would smuggle a line. */
	assert_int_equal(cn_headers_write(out, 64, "GET /\r\n\r\n", 5),
			 CN_E_PROTO);
	assert_int_equal(cn_headers_write(out, 64, "GET /\nX: y\r\n", 5),
			 CN_E_PROTO);
	assert_int_equal(cn_headers_write(out, 64, "", 5), CN_E_PROTO);
	assert_int_equal(cn_headers_write(out, 64, "A\r\nContent-Length: 1\r\n",
					  5),
			 CN_E_PROTO);
}

static void rules_that_make_no_sense(void **state)
{
	static const struct cn_framing bad[] = {
		{.kind = CN_FRAMING_FIXED, .size = 0},
		{.kind = CN_FRAMING_PREFIX, .size = 3, .max = 9},
		{.kind = CN_FRAMING_PREFIX, .size = 4, .max = SIZE_MAX - 3},
		{.kind = CN_FRAMING_DELIMITER, .max = 9},
		{.kind = CN_FRAMING_DELIMITER,
		 .max = 9,
		 .delimiter = "",
		 .delimiter_len = 0},
		{.kind = CN_FRAMING_DELIMITER,
		 .max = 9,
		 .delimiter = "12345678901234567",
		 .delimiter_len = 17},
		{.kind = CN_FRAMING_HEADERS, .max = 9},
	};
	struct cn_deframer deframer;
	struct cn_wrapping wrapping;
	char buf[32];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(cn_framing_room(&bad[i]), 0);
		assert_int_equal(cn_deframer_init(&deframer, &bad[i], buf,
						  sizeof(buf)),
				 CN_E_INVAL);
		assert_int_equal(cn_framing_wrap(&bad[i], "x", 1, &wrapping),
				 CN_E_INVAL);
	}
	assert_int_equal(cn_deframer_init(&deframer, &prefix4, buf, 11),
			 CN_E_INVAL);
}

static void wrapping(void **state)
{
	static char much[70000];
	struct cn_framing wide = prefix2;
	struct cn_wrapping w;

	(void)state;
	wide.max = sizeof(much);
	assert_int_equal(cn_framing_wrap(&fixed4, "abcd", 4, &w), 0);
	assert_int_equal(w.head_len + w.tail_len, 0);
	assert_int_equal(cn_framing_wrap(&fixed4, "abc", 3, &w), CN_E_MSGSIZE);
	assert_int_equal(cn_framing_wrap(&prefix4, "abcdefgh", 8, &w), 0);
	assert_memory_equal(w.head, "\0\0\0\10", 4);
	assert_int_equal(cn_framing_wrap(&prefix4, "abcdefghi", 9, &w),
			 CN_E_MSGSIZE);
	assert_int_equal(cn_framing_wrap(&wide, much, 65535, &w), 0);
	assert_memory_equal(w.head, "\377\377", 2);
	assert_int_equal(cn_framing_wrap(&wide, much, 65536, &w), CN_E_MSGSIZE);
	assert_int_equal(cn_framing_wrap(&lines, "one", 3, &w), 0);
	assert_int_equal(w.tail_len, 1);
	assert_int_equal(cn_framing_wrap(&lines, "o\ne", 3, &w), CN_E_PROTO);
	assert_int_equal(cn_framing_wrap(&lines, NULL, 0, &w), 0);
	/* "xab" and "abab" would end after the x. */
	assert_int_equal(cn_framing_wrap(&marks, "xab", 3, &w), CN_E_PROTO);
	assert_int_equal(cn_framing_wrap(&marks, "xabab", 5, &w), CN_E_PROTO);
	assert_int_equal(cn_framing_wrap(&marks, "xaba", 4, &w), 0);
	assert_int_equal(cn_framing_wrap(&headed, "x", 1, &w), CN_E_INVAL);
}

/* ------------------------------------------------------------------ io -- */

static void over_a_pipe(void **state)
{
	struct cn_deframer deframer = start(&prefix4);
	struct cn_framing_io in, out;
	struct cn_message message;
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	in = cn_framing_fd(p[0]);
	out = cn_framing_fd(p[1]);
	assert_int_equal(cn_message_write(&prefix4, &out, "one", 3), 0);
	assert_int_equal(cn_message_write(&prefix4, &out, "", 0), 0);
	assert_int_equal(cn_message_write(&prefix4, &out, "much too long", 13),
			 -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(cn_message_read(&deframer, &in, &message), 1);
	assert_int_equal(message.len, 3);
	assert_int_equal(cn_message_read(&deframer, &in, &message), 1);
	assert_int_equal(message.len, 0);
	close(p[1]);
	assert_int_equal(cn_message_read(&deframer, &in, &message), 0);
	close(p[0]);
	free(deframer.buf);
}

/* Two stacks, a link in memory that delays, and a clock that does not.
 * Notes: row 130. */
static void over_sockets(void **state)
{
	const struct cn_join join = {
		.impair = {{.delay_ns = 50 * CN_NS_PER_MS},
			   {.delay_ns = 50 * CN_NS_PER_MS}},
		.addr = {"10.0.0.1/24", "10.0.0.2/24"},
	};
	struct cn_stack_config config = {.virtual_clock = true};
	struct cn_framing big = {
		.kind = CN_FRAMING_PREFIX, .max = 5000, .size = 4};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = 80};
	struct cn_deframer deframer = start(&big);
	struct cn_framing_io in, out;
	struct cn_message message;
	struct cn_stack *a, *b;
	static char text[5000];
	int lst, c, s;

	(void)state;
	assert_int_equal(cn_stack_new(&config, &a), 0);
	config.with = a;
	assert_int_equal(cn_stack_new(&config, &b), 0);
	assert_int_equal(cn_stack_join(a, b, &join, NULL), 0);
	to.sin_addr.s_addr = htonl(0x0a000002);
	lst = cn_socket(b, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(cn_bind(lst, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(cn_listen(lst, 1), 0);
	c = cn_socket(a, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(cn_connect(c, (struct sockaddr *)&to, sizeof(to)), 0);
	s = cn_accept(lst, NULL, NULL);
	out = cn_framing_fd(c);
	in = cn_framing_fd(s);
	for (int i = 0; i < 10; i++)
		assert_int_equal(
			cn_message_write(&big, &out, text, sizeof(text)), 0);
	cn_close(c);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(cn_message_read(&deframer, &in, &message), 1);
		assert_int_equal(message.len, sizeof(text));
	}
	assert_int_equal(cn_message_read(&deframer, &in, &message), 0);
	cn_close(s);
	cn_close(lst);
	cn_stack_free(a);
	cn_stack_free(b);
	free(deframer.buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_length),
		cmocka_unit_test(delimiter),
		cmocka_unit_test(long_delimiter),
		cmocka_unit_test(length_prefix),
		cmocka_unit_test(header_lines),
		cmocka_unit_test(header_lines_refused),
		cmocka_unit_test(headers_are_found),
		cmocka_unit_test(headers_are_written),
		cmocka_unit_test(rules_that_make_no_sense),
		cmocka_unit_test(wrapping),
		cmocka_unit_test(over_a_pipe),
		cmocka_unit_test(over_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
