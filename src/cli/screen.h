/* SPDX-License-Identifier: MIT */
/* What a view is drawn on: width, colour, language, signs. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <stdbool.h>
#include <stdio.h>

#include "see/lang.h"

struct screen {
	unsigned width;
	enum see_lang lang;
	bool colour; /* a terminal, and NO_COLOR is not set (no-color.org) */
	bool ascii; /* the locale is not UTF-8 */
};

/* By the terminal, the locale and the environment. */
void screen_init(struct screen *screen, FILE *out);
/* The languages, for completion; NULL behind the last. */
const char *screen_lang_name(size_t i);
/* NULL, or why not. */
const char *screen_take_lang(struct screen *screen, const char *value);
const char *screen_take_width(struct screen *screen, const char *value);
/* The write of a ladder; ctx is a FILE *. */
void screen_write(void *ctx, const char *text, size_t len);

#endif
