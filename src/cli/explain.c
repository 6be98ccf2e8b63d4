/* SPDX-License-Identifier: MIT */
/* catenet explain: staged situations, drawn as ladders. */
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/screen.h"
#include "cli/units.h"
#include "see/events.h"
#include "see/ladder.h"
#include "see/text.h"
#include "sim/scenario.h"

#define SEED 1
#define QUIET_MAX 8

enum key { KEY_LANG = 256, KEY_WIDTH, KEY_JSON };

static const struct cli_option table[] = {
	{KEY_LANG, "lang", "LANG", "en or zh; by the locale unless said",
	 "How it looks"},
	{KEY_WIDTH, "width", "COLUMNS",
	 "for lines of that length; the terminal's unless said", NULL},
	{KEY_JSON, "json", NULL,
	 "the events as lines of JSON instead (docs/events.md)", NULL},
};

static const struct cli_example examples[] = {
	{"catenet explain", "lists the situations"},
	{"catenet explain lost-syn", "plays one, the same every time"},
	{"catenet explain --lang zh --width 200 zero-window",
	 "in Chinese, the words beside the arrows"},
};

struct line {
	struct screen screen;
	bool json;
};

static bool take(void *ctx, int key, const char *value);

static const char *situation(size_t i)
{
	return i < scenario_count() ? scenario_name(scenario_at(i)) : NULL;
}

static const struct cli_values values[] = {
	{0, situation},
	{KEY_LANG, screen_lang_name},
};

const struct cli_command cli_explain_command = {
	.name = "explain",
	.usage = "[OPTION...] [SITUATION]",
	.what = "plays a staged situation and draws each segment, what it did "
		"and why",
	.example = examples,
	.example_n = sizeof(examples) / sizeof(examples[0]),
	.option = table,
	.option_n = sizeof(table) / sizeof(table[0]),
	.values = values,
	.values_n = sizeof(values) / sizeof(values[0]),
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
	if (key == KEY_LANG)
		why = screen_take_lang(&line->screen, value);
	else
		why = screen_take_width(&line->screen, value);
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
	return good && !fflush(stdout) ? 0 : EXIT_CATENET;
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
	return good && !fflush(stdout) ? 0 : EXIT_CATENET;
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

int cli_explain(int argc, char **argv)
{
	const struct scenario *scenario;
	struct line line;
	int rest, code;

	memset(&line, 0, sizeof(line));
	screen_init(&line.screen, stdout);
	code = cli_parse(&cli_explain_command, argc, argv, &line, &rest);
	if (code >= 0)
		return code;
	if (rest == argc)
		return list(&line.screen);
	scenario = scenario_find(argv[rest]);
	if (scenario && rest + 1 == argc)
		return line.json ? play_json(scenario, &line.screen) :
				   play(scenario, &line.screen);
	if (scenario)
		fprintf(stderr, "catenet explain: one situation at a time\n");
	else
		fprintf(stderr,
			"catenet explain: there is no '%s'; without a name "
			"they are listed\n",
			argv[rest]);
	return EXIT_CATENET;
}
