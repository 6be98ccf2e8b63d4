/* SPDX-License-Identifier: MIT */
/*
 * Text for a terminal: columns that characters take, lines that are broken
 * where each script allows it, and nothing that the terminal would obey.
 */
#ifndef SEE_TEXT_H
#define SEE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* The character at text and its octets; an octet that is no UTF-8 is 0xfffd
 * and one octet.  text is not at its end. */
uint32_t text_char(const char *text, size_t *octets);
/* Columns of one character: 0, 1 or 2. */
unsigned text_char_width(uint32_t c);
/* Columns of the whole text. */
unsigned text_width(const char *text);
/* The octets of text that fit in so many columns. */
size_t text_fit(const char *text, unsigned columns);
/*
 * The octets of the first line when text is broken at so many columns: after
 * a space, between characters of double width, or in mid-word where nothing
 * else is left.  Never 0 unless text is empty.
 */
size_t text_break(const char *text, unsigned columns);
/*
 * What came from outside, made harmless: C0, C1 and DEL, marks that turn the
 * direction of writing or break lines, and octets that are no UTF-8 become
 * \x1b or \u202e.  Returns the length; out is always ended.
 */
size_t text_escape(const char *in, char *out, size_t size);

#endif
