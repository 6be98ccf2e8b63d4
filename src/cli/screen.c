/* SPDX-License-Identifier: MIT */
/* What a view is drawn on. */
#include "cli/screen.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "link/units.h"

#define WIDTH 80

static unsigned width_of(FILE *out)
{
	const char *said = getenv("COLUMNS");
	struct winsize size;
	uint64_t columns;

	if (!ioctl(fileno(out), TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	if (said && !units_count(said, 1, 1000, &columns))
		return (unsigned)columns;
	return WIDTH;
}

/* As setlocale would choose, without its side effects on numbers. */
static const char *locale(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return value;
	}
	return "C";
}

static bool is_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strcasestr(value, "utf-8") ||
			       strcasestr(value, "utf8");
	}
	return false;
}

void screen_init(struct screen *screen, FILE *out)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	bool terminal = isatty(fileno(out));

	memset(screen, 0, sizeof(*screen));
	screen->width = width_of(out);
	screen->colour = terminal && !(no_colour && *no_colour) &&
			 !(term && !strcmp(term, "dumb"));
	/* What goes into a file is UTF-8, whatever the locale. */
	screen->ascii = terminal && !is_utf8();
	screen->lang = SEE_EN;
	if (see_lang_parse(locale(), &screen->lang) && screen->ascii)
		screen->lang = SEE_EN;
}

const char *screen_lang_name(size_t i)
{
	static const char *const names[] = {"en", "zh", NULL};

	return names[i];
}

const char *screen_take_lang(struct screen *screen, const char *value)
{
	if (!see_lang_parse(value, &screen->lang))
		return "there are en and zh";
	if (screen->lang == SEE_ZH)
		screen->ascii = false;
	return NULL;
}

const char *screen_take_width(struct screen *screen, const char *value)
{
	uint64_t columns;
	const char *why = units_count(value, 60, 1000, &columns);

	if (!why)
		screen->width = (unsigned)columns;
	return why;
}

void screen_write(void *ctx, const char *text, size_t len)
{
	(void)fwrite(text, 1, len, ctx);
}
