/* SPDX-License-Identifier: MIT */
/* Columns, broken lines, and what a terminal must not obey (row 48). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "see/text.h"

static void characters_take_the_columns_that_terminals_give_them(void **state)
{
	static const struct {
		const char *text;
		unsigned width;
	} rows[] = {
		{"", 0},
		{"abc", 3},
		{"序号", 4},
		{"SYN→ACK", 7},
		{"（RFC 9293）", 12},
		{"e\xcc\x81", 1},
		{"\xf0\x9f\x98\x80", 2},
		{"ｱ", 1},
		{"─▶╳┄", 4},
		{"\xff\xfe", 2},
		{"é", 1},
		{"한글", 4},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(text_width(rows[i].text), rows[i].width);
}

static void lines_break_where_the_script_allows(void **state)
{
	static const struct {
		const char *text;
		unsigned columns;
		const char *first;
	} rows[] = {
		{"one two three", 8, "one two "},
		{"one two three", 7, "one two"},
		{"one", 10, "one"},
		{"abcdefgh", 3, "abc"},
		{"确认对方的", 5, "确认"},
		{"确认，对方", 4, "确"}, /* no comma begins a line */
		{"a确认", 1, "a"},
		{"确", 1, "确"}, /* never nothing */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t n = text_break(rows[i].text, rows[i].columns);

		assert_int_equal(n, strlen(rows[i].first));
		assert_memory_equal(rows[i].text, rows[i].first, n);
	}
}

/* Row 48 of the attacks. */
static void controls_become_harmless_text(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"plain 文字", "plain 文字"},
		{"\x1b[2J", "\\x1b[2J"},
		{"a\nb\rc\td", "a\\x0ab\\x0dc\\x09d"},
		{"\x7f", "\\x7f"},
		{"\xc2\x9b"
		 "31m",
		 "\\x9b31m"}, /* C1: CSI in two octets */
		{"\x9b"
		 "31m",
		 "\\x9b31m"}, /* and in one */
		{"\xe2\x80\xae"
		 "txt",
		 "\\u202etxt"}, /* right to left */
		{"\xe2\x80\xa8", "\\u2028"},
		{"\xef\xbb\xbf", "\\ufeff"},
		{"\xc0\x9b", "\\xc0\\x9b"}, /* overlong */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"}, /* a surrogate */
		{"\xe4\xb8", "\\xe4\\xb8"}, /* cut off */
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(text_escape(rows[i].in, out, sizeof(out)),
				 strlen(rows[i].out));
		assert_string_equal(out, rows[i].out);
	}
}

/* Every pair of octets: what comes out has no control in it. */
static void no_octets_get_through(void **state)
{
	char in[3] = {0}, out[32];

	(void)state;
	for (unsigned a = 1; a < 256; a++)
		for (unsigned b = 1; b < 256; b++) {
			in[0] = (char)a;
			in[1] = (char)b;
			text_escape(in, out, sizeof(out));
			for (const char *at = out; *at;) {
				size_t octets;
				uint32_t c = text_char(at, &octets);

				assert_true(c >= 0x20 && c != 0x7f);
				assert_false(c >= 0x80 && c < 0xa0);
				at += octets;
			}
		}
}

static void what_does_not_fit_is_cut_between_characters(void **state)
{
	char out[6];

	(void)state;
	assert_int_equal(text_escape("ab\x1b", out, sizeof(out)), 2);
	assert_string_equal(out, "ab");
	assert_int_equal(text_escape("序号", out, sizeof(out)), 3);
	assert_int_equal(text_escape("x", out, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			characters_take_the_columns_that_terminals_give_them),
		cmocka_unit_test(lines_break_where_the_script_allows),
		cmocka_unit_test(controls_become_harmless_text),
		cmocka_unit_test(no_octets_get_through),
		cmocka_unit_test(what_does_not_fit_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
