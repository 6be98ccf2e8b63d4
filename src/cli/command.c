/* SPDX-License-Identifier: MIT */
/* Parsing, help and manual page of a subcommand, from its one table. */
#include "cli/command.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "see/text.h"

#define KEY_SCDOC 0x7002
#define EXTRA 3 /* help, scdoc, the end */

static bool is_letter(int key)
{
	return key > ' ' && key < 127;
}

/* The table as getopt_long reads it; letters has room for three of each. */
static void make_options(const struct cli_command *command,
			 struct option *option, char *letters)
{
	size_t n = 0;

	if (!command->anywhere)
		*letters++ = '+'; /* the program's words are its own */
	*letters++ = 'h';
	for (; n < command->option_n; n++) {
		const struct cli_option *from = &command->option[n];

		option[n].name = from->name;
		option[n].val = from->key;
		option[n].has_arg = from->arg ? required_argument : no_argument;
		if (!is_letter(from->key))
			continue;
		*letters++ = (char)from->key;
		if (from->arg)
			*letters++ = ':';
	}
	option[n].name = "help";
	option[n++].val = 'h';
	option[n].name = "scdoc";
	option[n].val = KEY_SCDOC;
	*letters = '\0';
}

/* -1: go on; else the exit code. */
static int take_one(const struct cli_command *command, int key, void *ctx)
{
	switch (key) {
	case 'h':
		cli_help(command, stdout);
		return 0;
	case KEY_SCDOC:
		cli_scdoc(command, stdout);
		return 0;
	case '?': /* it has said what is wrong */
		fprintf(stderr, "Try 'catenet %s --help'.\n", command->name);
		return EXIT_CATENET;
	default:
		return command->take(ctx, key, optarg) ? -1 : EXIT_CATENET;
	}
}

int cli_parse(const struct cli_command *command, int argc, char **argv,
	      void *ctx, int *rest)
{
	struct option *option =
		calloc(command->option_n + EXTRA, sizeof(*option));
	char *letters = calloc(command->option_n + EXTRA, 3);
	char name[64], *called = argv[0];
	int key, code = option && letters ? -1 : EXIT_CATENET;

	*rest = argc;
	if (code < 0) {
		make_options(command, option, letters);
		/* getopt names itself by argv[0] in what it finds wrong. */
		snprintf(name, sizeof(name), "catenet %s", command->name);
		argv[0] = name;
		optind = 0; /* from the beginning, each time */
		while (code < 0 && (key = getopt_long(argc, argv, letters,
						      option, NULL)) != -1)
			code = take_one(command, key, ctx);
		*rest = optind;
		argv[0] = called;
	}
	free(option);
	free(letters);
	return code;
}

const char *cli_name_of(const struct cli_command *command, int key)
{
	for (size_t i = 0; i < command->option_n; i++)
		if (command->option[i].key == key)
			return command->option[i].name;
	return "";
}

bool cli_wrong(const struct cli_command *command, const char *option,
	       const char *value, const char *why)
{
	char safe[256];

	/* It may have been pasted, or written by another program. */
	text_escape(value, safe, sizeof(safe));
	fprintf(stderr, "catenet %s: --%s %s: %s\n", command->name, option,
		safe, why);
	return false;
}

/* ---------------------------------------------------------------- help -- */

#define COLUMN 26
#define WIDTH 79

/* Words from column on, the line being there already. */
static void wrap(FILE *out, const char *text, int at)
{
	while (at < COLUMN) {
		fputc(' ', out);
		at++;
	}
	while (*text) {
		int len = (int)strcspn(text, " ");

		if (at > COLUMN && at + 1 + len > WIDTH) {
			fprintf(out, "\n%*s", COLUMN, "");
			at = COLUMN;
		}
		if (at > COLUMN)
			at += fprintf(out, " ");
		at += fprintf(out, "%.*s", len, text);
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void help_option(const struct cli_option *option, FILE *out)
{
	int at =
		is_letter(option->key) ?
			fprintf(out, "  -%c, --%s", option->key, option->name) :
			fprintf(out, "      --%s", option->name);

	if (option->arg)
		at += fprintf(out, " %s", option->arg);
	if (at >= COLUMN - 1) {
		fputc('\n', out);
		at = 0;
	}
	wrap(out, option->help, at);
}

void cli_help(const struct cli_command *command, FILE *out)
{
	for (size_t i = 0; i < command->example_n; i++)
		fprintf(out, "  %s\n      %s\n", command->example[i].line,
			command->example[i].what);
	fprintf(out, "\nUsage: catenet %s %s\n%s.\n", command->name,
		command->usage, command->what);
	for (size_t i = 0; i < command->option_n; i++) {
		if (!command->option[i].help)
			continue;
		if (command->option[i].group)
			fprintf(out, "\n%s:\n", command->option[i].group);
		help_option(&command->option[i], out);
	}
	fprintf(out,
		"  -h, --help              this text\n"
		"\nMore: man catenet-%s\n",
		command->name);
}

/* scdoc reads _, * and \ as its own. */
static void scdoc_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("_*\\<>[]#~`", *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

void cli_scdoc(const struct cli_command *command, FILE *out)
{
	for (size_t i = 0; i < command->option_n; i++) {
		const struct cli_option *option = &command->option[i];

		if (!option->help)
			continue;
		if (option->group)
			fprintf(out, "## %s\n\n", option->group);
		if (is_letter(option->key))
			fprintf(out, "*-%c*, ", option->key);
		fprintf(out, "*--%s*", option->name);
		if (option->arg) {
			fprintf(out, " _");
			scdoc_text(out, option->arg);
			fprintf(out, "_");
		}
		fprintf(out, "\n\t");
		scdoc_text(out, option->help);
		fprintf(out, ".\n\n");
	}
}
