/* SPDX-License-Identifier: MIT */
/* catenet explain: staged situations, drawn as ladders. */
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/screen.h"
#include "link/units.h"
#include "see/draw.h"
#include "see/events.h"
#include "see/ladder.h"
#include "see/text.h"
#include "sim/scenario.h"

#define SEED 1
#define QUIET_MAX 8
#define SITUATIONS_MAX 32

enum key { KEY_LANG = 256, KEY_WIDTH, KEY_JSON, KEY_SVG };

static const struct cli_option table[] = {
	{KEY_LANG, "lang", "LANG", "en or zh; by the locale unless said",
	 "How it looks"},
	{KEY_WIDTH, "width", "COLUMNS",
	 "for lines of that length; the terminal's unless said", NULL},
	{KEY_JSON, "json", NULL,
	 "the events as lines of JSON instead (docs/events.md)", NULL},
	{KEY_SVG, "svg", "DRAWING",
	 "a drawing on standard output instead: ladder, calls, states (of "
	 "several situations together), header, window",
	 NULL},
};

static const struct cli_example examples[] = {
	{"catenet explain", "lists the situations"},
	{"catenet explain lost-syn", "plays one, the same every time"},
	{"catenet explain --lang zh --width 200 zero-window",
	 "in Chinese, the words beside the arrows"},
	{"catenet explain --svg states half-close > states.svg",
	 "the state diagram, with the way both ends took"},
};

struct line {
	struct screen screen;
	bool json, wide;
	const struct drawing *drawing;
};

typedef void drawing_fn(const struct sketch *sketch, const struct svg *svg,
			const char *title, enum see_lang lang);

static const struct drawing {
	const char *name;
	drawing_fn *draw;
} drawings[] = {
#define SEE_X(name, function, what) {name, function},
	SEE_DRAWINGS(SEE_X)
#undef SEE_X
};

#define DRAWINGS (sizeof(drawings) / sizeof(drawings[0]))

static bool take(void *ctx, int key, const char *value);

static const char *situation(size_t i)
{
	return i < scenario_count() ? scenario_name(scenario_at(i)) : NULL;
}

static const char *drawing_name(size_t i)
{
	return i < DRAWINGS ? drawings[i].name : NULL;
}

static const struct cli_values values[] = {
	{0, situation},
	{KEY_SVG, drawing_name},
	{KEY_LANG, screen_lang_name},
};

const struct cli_command cli_explain_command = {
	.name = "explain",
	.usage = "[OPTION...] [SITUATION...]",
	.what = "plays a staged situation and draws each segment, what it did "
		"and why",
	.example = examples,
	.example_n = sizeof(examples) / sizeof(examples[0]),
	.option = table,
	.option_n = sizeof(table) / sizeof(table[0]),
	.values = values,
	.values_n = sizeof(values) / sizeof(values[0]),
	.anywhere = true,
	.take = take,
};

static bool take(void *ctx, int key, const char *value)
{
	struct line *line = ctx;
	const char *why;

	if (key == KEY_JSON) {
		line->json = true;
		return true;
	}
	if (key == KEY_SVG) {
		for (size_t i = 0; i < DRAWINGS; i++)
			if (!strcmp(drawings[i].name, value))
				line->drawing = &drawings[i];
		return line->drawing ||
		       cli_wrong(&cli_explain_command, "svg", value,
				 "is none of ladder, calls, states, header, "
				 "window");
	}
	if (key == KEY_LANG)
		why = screen_take_lang(&line->screen, value);
	else
		why = screen_take_width(&line->screen, value);
	line->wide |= key == KEY_WIDTH;
	return !why ||
	       cli_wrong(&cli_explain_command,
			 key == KEY_LANG ? "lang" : "width", value, why);
}

static void on_event(void *ctx, int host, const struct cn_trace *trace)
{
	see_ladder_event(ctx, host, trace);
}

static void on_fate(void *ctx, const struct cn_frame *frame, enum cn_fate fate,
		    uint64_t now)
{
	see_ladder_fate(ctx, frame, fate, now);
}

static void on_call(void *ctx, unsigned side, const char *text, uint64_t now)
{
	see_ladder_call(ctx, side, text, now);
}

static void put_wrapped(const char *text, unsigned width)
{
	while (*text) {
		size_t len = text_break(text, width);

		size_t shown = len;

		while (shown && text[shown - 1] == ' ')
			shown--;
		printf("%.*s\n", (int)shown, text);
		text += len;
		while (*text == ' ')
			text++;
	}
}

static int play(const struct scenario *scenario, const struct screen *screen)
{
	struct see_ladder_config config = {
		.width = screen->width,
		.lang = screen->lang,
		.colour = screen->colour,
		.ascii = screen->ascii,
		.quiet_max = QUIET_MAX,
		.start = SCENARIO_START,
		.write = screen_write,
		.ctx = stdout,
	};
	struct see_ladder *ladder = see_ladder_new(&config);
	struct scenario_watch watch = {on_event, on_fate, on_call, ladder};
	unsigned width = screen->width > 100 ? 100 : screen->width;
	bool good;

	if (!ladder)
		return EXIT_CATENET;
	put_wrapped(scenario_about(scenario, screen->lang), width);
	putchar('\n');
	good = scenario_play(scenario, SEED, &watch);
	see_ladder_free(ladder);
	return good ? 0 : EXIT_CATENET;
}

static void json_event(void *ctx, int host, const struct cn_trace *trace)
{
	see_events_event(ctx, host, trace);
}

static void json_fate(void *ctx, const struct cn_frame *frame,
		      enum cn_fate fate, uint64_t now)
{
	see_events_fate(ctx, frame, fate, now);
}

static int play_json(const struct scenario *scenario,
		     const struct screen *screen)
{
	struct see_events_config config = {
		.lang = screen->lang,
		.name = {"client", "server"},
		.start = SCENARIO_START,
		.write = screen_write,
		.ctx = stdout,
	};
	struct see_events *events = see_events_new(&config);
	struct scenario_watch watch = {json_event, json_fate, NULL, events};
	bool good;

	if (!events)
		return EXIT_CATENET;
	good = scenario_play(scenario, SEED, &watch);
	see_events_free(events);
	return good ? 0 : EXIT_CATENET;
}

static void sketch_on_event(void *ctx, int host, const struct cn_trace *trace)
{
	sketch_event(ctx, host, trace);
}

static void sketch_on_fate(void *ctx, const struct cn_frame *frame,
			   enum cn_fate fate, uint64_t now)
{
	sketch_fate(ctx, frame, fate, now);
}

static void sketch_on_call(void *ctx, unsigned side, const char *text,
			   uint64_t now)
{
	sketch_call(ctx, side, text, now);
}

static int draw(const struct scenario *const *scenario, size_t n,
		const struct line *line)
{
	const struct svg svg = {screen_write, stdout};
	enum see_lang lang = line->screen.lang;
	struct sketch *sketch = sketch_new();
	struct scenario_watch watch = {sketch_on_event, sketch_on_fate,
				       sketch_on_call, sketch};
	bool good = sketch != NULL;
	char title[256] = "";
	size_t len = 0;

	for (size_t i = 0; good && i < n; i++) {
		good = scenario_play(scenario[i], SEED, &watch);
		if (len < sizeof(title))
			len += (size_t)snprintf(
				title + len, sizeof(title) - len, "%s%s",
				i ? ", " : "",
				n > 1 ? scenario_name(scenario[i]) :
					scenario_title(scenario[i], lang));
	}
	if (good)
		line->drawing->draw(sketch, &svg, title, lang);
	sketch_free(sketch);
	return good ? 0 : EXIT_CATENET;
}

static int list(const struct screen *screen)
{
	for (size_t i = 0; i < scenario_count(); i++) {
		const struct scenario *scenario = scenario_at(i);

		printf("%-20s %s\n", scenario_name(scenario),
		       scenario_title(scenario, screen->lang));
	}
	return 0;
}

/* NULL, or which options make no sense with what else is said. */
static const char *check_together(const struct line *line, size_t n)
{
	if (line->json && line->drawing)
		return "--json and --svg: say one of them";
	if (line->wide && (line->json || line->drawing))
		return "--width is of the ladder alone: leave it out with "
		       "--json and --svg";
	if (!n && line->drawing)
		return "--svg needs a situation; without options they are "
		       "listed";
	if (!n && (line->json || line->wide))
		return "--json and --width need a situation; without options "
		       "they are listed";
	return NULL;
}

int cli_explain(int argc, char **argv)
{
	const struct scenario *scenario[SITUATIONS_MAX];
	struct line line;
	const char *why;
	int rest, code;
	size_t n = 0;

	memset(&line, 0, sizeof(line));
	screen_init(&line.screen, stdout);
	code = cli_parse(&cli_explain_command, argc, argv, &line, &rest);
	if (code >= 0)
		return code;
	for (; rest < argc && n < SITUATIONS_MAX; rest++, n++) {
		scenario[n] = scenario_find(argv[rest]);
		if (scenario[n])
			continue;
		fprintf(stderr,
			"catenet explain: there is no '%s'; without a name "
			"they are listed\n",
			argv[rest]);
		return EXIT_CATENET;
	}
	if (rest < argc ||
	    (n > 1 && !(line.drawing && line.drawing->draw == draw_states))) {
		fprintf(stderr,
			"catenet explain: one situation at a time; only --svg "
			"states takes several\n");
		return EXIT_CATENET;
	}
	why = check_together(&line, n);
	if (why) {
		fprintf(stderr, "catenet explain: %s\n", why);
		return EXIT_CATENET;
	}
	if (!n)
		return list(&line.screen);
	if (line.drawing)
		return draw(scenario, n, &line);
	return line.json ? play_json(scenario[0], &line.screen) :
			   play(scenario[0], &line.screen);
}
