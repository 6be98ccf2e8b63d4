/* SPDX-License-Identifier: MIT */
/*
 * One subcommand: its options in one table, which feeds the parser, the help
 * and the manual page.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

/* What catenet itself answers for: a bad option, no permission ... */
#define EXIT_CATENET 125

struct cli_option {
	int key; /* a letter is the short option too */
	const char *name;
	const char *arg; /* NULL: none */
	const char *help; /* a sentence without its full stop; NULL: hidden */
	const char *group; /* begins a group, where not NULL */
};

struct cli_example {
	const char *line, *what;
};

/* What a word may be, where that is a closed set: key is the option's, or 0
 * for the words that are no options; at(i) is NULL behind the last. */
struct cli_values {
	int key;
	const char *(*at)(size_t i);
};

struct cli_command {
	const char *name;
	const char *usage; /* after "catenet NAME" */
	const char *what; /* a sentence */
	const struct cli_example *example;
	size_t example_n;
	const struct cli_option *option;
	size_t option_n;
	const struct cli_values *values;
	size_t values_n;
	bool anywhere; /* options may stand behind words that are none */
	/* Takes one option; false: the value is wrong, and it was said.  key 0:
	 * a word that is no option, the first: the rest is left to the caller.
	 */
	bool (*take)(void *ctx, int key, const char *value);
};

/*
 * Parses.  -1: go on, with *rest the index of the first word that is no
 * option (argc when there is none); else the exit code.
 */
int cli_parse(const struct cli_command *command, int argc, char **argv,
	      void *ctx, int *rest);
void cli_help(const struct cli_command *command, FILE *out);
/* Options as scdoc writes them, for the manual page. */
void cli_scdoc(const struct cli_command *command, FILE *out);
/* The name of the option of that key, "" if there is none. */
const char *cli_name_of(const struct cli_command *command, int key);
/* "catenet run: --delay 50: a time needs a unit: ..." and false. */
bool cli_wrong(const struct cli_command *command, const char *option,
	       const char *value, const char *why);

int cli_run(int argc, char **argv);
int cli_services(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_sim(int argc, char **argv);
int cli_bridge(int argc, char **argv);
int cli_ss(int argc, char **argv);
int cli_why(int argc, char **argv);
int cli_world(int argc, char **argv);
int cli_completion(int argc, char **argv);
extern const struct cli_command cli_run_command, cli_services_command;
extern const struct cli_command cli_explain_command, cli_ss_command;
extern const struct cli_command cli_sim_command, cli_bridge_command;
extern const struct cli_command cli_why_command, cli_world_command;
extern const struct cli_command cli_completion_command;
/* All of them; NULL at the end. */
extern const struct cli_command *const cli_commands[];

#endif
