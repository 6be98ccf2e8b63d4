/* SPDX-License-Identifier: MIT */
/* Parsing, help and manual page of a subcommand, from its one table. */
#include "cli/command.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#define KEY_HELP 0x7001
#define KEY_SCDOC 0x7002
#define EXTRA 3 /* help, scdoc, the end */

struct parse {
	const struct cli_command *command;
	void *ctx;
	int rest;
	int code; /* -1: go on */
};

static error_t parse_key(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;

	switch (key) {
	case 'h':
	case KEY_HELP:
		cli_help(parse->command, stdout);
		parse->code = 0;
		break;
	case KEY_SCDOC:
		cli_scdoc(parse->command, stdout);
		parse->code = 0;
		break;
	case ARGP_KEY_ARG:
		/* The program's words are its own. */
		parse->rest = state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_INIT:
	case ARGP_KEY_END:
	case ARGP_KEY_NO_ARGS:
	case ARGP_KEY_SUCCESS:
	case ARGP_KEY_ERROR:
	case ARGP_KEY_FINI:
	case ARGP_KEY_ARGS:
		return ARGP_ERR_UNKNOWN;
	default:
		if (!parse->command->take(parse->ctx, key, arg))
			parse->code = EXIT_CATENET;
		break;
	}
	if (parse->code >= 0)
		state->next = state->argc;
	return 0;
}

int cli_parse(const struct cli_command *command, int argc, char **argv,
	      void *ctx, int *rest)
{
	struct argp_option *option =
		calloc(command->option_n + EXTRA, sizeof(*option));
	struct argp argp = {.options = option, .parser = parse_key};
	struct parse parse = {
		.command = command,
		.ctx = ctx,
		.rest = argc,
		.code = -1,
	};
	char name[64];
	size_t n = 0;

	if (!option)
		return EXIT_CATENET;
	for (; n < command->option_n; n++) {
		option[n].name = command->option[n].name;
		option[n].key = command->option[n].key;
		option[n].arg = command->option[n].arg;
	}
	option[n].name = "help";
	option[n++].key = 'h';
	option[n].name = "scdoc";
	option[n].flags = OPTION_HIDDEN;
	option[n++].key = KEY_SCDOC;
	/* argp names itself by argv[0] in what it finds wrong. */
	snprintf(name, sizeof(name), "catenet %s", command->name);
	argv[0] = name;
	argp_err_exit_status = EXIT_CATENET;
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_HELP, NULL,
		       &parse))
		parse.code = EXIT_CATENET;
	free(option);
	*rest = parse.rest;
	return parse.code;
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
	fprintf(stderr, "catenet %s: --%s %s: %s\n", command->name, option,
		value, why);
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

static bool is_letter(int key)
{
	return key > ' ' && key < 127;
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
