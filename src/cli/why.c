/* SPDX-License-Identifier: MIT */
/* catenet why: one sentence on what each connection waits for. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/filter.h"
#include "cli/screen.h"
#include "cli/worlds.h"
#include "see/why.h"

enum key { KEY_LANG = 256 };

static const struct cli_option table[] = {
	{KEY_LANG, "lang", "LANG", "en or zh; by the locale unless said",
	 "How it reads"},
};

static const struct cli_example examples[] = {
	{"catenet why", "one sentence for every connection"},
	{"catenet why 8080", "for those of that port"},
};

struct line {
	struct screen screen;
	struct filter filter;
	struct holders holders;
	bool holders_known, printed;
};

static bool take(void *ctx, int key, const char *value);

static const char *word(size_t i)
{
	static const char *const words[] = {"state", "exclude", "sport",
					    "dport"};
	const size_t n = sizeof(words) / sizeof(words[0]);

	return i < n ? words[i] : filter_states[i - n];
}

static const struct cli_values values[] = {
	{0, word},
	{KEY_LANG, screen_lang_name},
};

const struct cli_command cli_why_command = {
	.name = "why",
	.usage = "[OPTION...] [PID|PORT]",
	.what = "says what each connection waits for, and what would cure it",
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
	const char *why = NULL;

	if (key == KEY_LANG)
		why = screen_take_lang(&line->screen, value);
	return !why || cli_wrong(&cli_why_command, "lang", value, why);
}

static void print_sentence(const struct row *row, enum see_lang lang)
{
	struct see_facts facts = {
		.state = (uint8_t)row->state,
		.recv_q = row->recv_q,
		.send_q = row->send_q,
		.timer_in_ns = row->timer_in_ns,
		.quiet_ns = row->quiet_ns,
		.snd_wnd = (uint32_t)row->snd_wnd,
		.rcv_wnd = (uint32_t)row->rcv_wnd,
		.mss = (uint32_t)row->mss,
		.cwnd = (uint32_t)row->cwnd,
		.flight = (uint32_t)row->flight,
		.unsent = (uint32_t)row->unsent,
		.retransmits = (unsigned)row->retransmits,
	};
	char sentence[SEE_SENTENCE_MAX];

	see_why(&facts, lang, sentence, sizeof(sentence));
	printf("%s %s -> %s (%s, pid %" PRIu64 "): %s\n",
	       cn_tcp_state_name((enum cn_tcp_state)row->state), row->local,
	       row->peer, row->program, row->pid, sentence);
}

static void on_row(void *ctx, const struct row *row)
{
	struct line *line = ctx;

	if (!line->holders_known && line->filter.number) {
		holders_read(&line->holders);
		line->holders_known = true;
	}
	if (!filter_wants(&line->filter, row, &line->holders))
		return;
	line->printed = true;
	print_sentence(row, line->screen.lang);
}

int cli_why(int argc, char **argv)
{
	static char all[] = "state all";
	char *every[] = {all};
	struct line line;
	struct worlds worlds = {
		.command = cli_why_command.name,
		.row = on_row,
		.ctx = &line,
	};
	const char *why;
	int rest, code;

	memset(&line, 0, sizeof(line));
	screen_init(&line.screen, stdout);
	code = cli_parse(&cli_why_command, argc, argv, &line, &rest);
	if (code >= 0)
		return code;
	why = filter_take(&line.filter, argc - rest, argv + rest);
	if (why) {
		fprintf(stderr, "catenet why: %s\n", why);
		return EXIT_CATENET;
	}
	if (!line.filter.states_said)
		(void)filter_take(&line.filter, 1, every);
	worlds_ask(&worlds);
	if (!worlds.found)
		fprintf(stderr, "catenet why: no world is running; catenet run "
				"starts one\n");
	else if (!line.printed)
		fprintf(stderr, "catenet why: no such socket\n");
	holders_free(&line.holders);
	return fflush(stdout) ? EXIT_CATENET : 0;
}
