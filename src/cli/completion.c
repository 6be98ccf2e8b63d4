/* SPDX-License-Identifier: MIT */
/*
 * catenet completion: what a shell must know to complete catenet's words,
 * written from the tables of options that --help and the manual pages are
 * written from.
 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static const struct cli_example examples[] = {
	{"source <(catenet completion bash)", "in this shell, from now on"},
	{"catenet completion zsh > ~/.zfunc/_catenet",
	 "for a user; a package installs all three by itself"},
	{"catenet completion fish | source", "the same for fish"},
};

static bool take(void *ctx, int key, const char *value)
{
	(void)ctx;
	(void)key;
	(void)value;
	return true;
}

static void write_bash(FILE *out);
static void write_zsh(FILE *out);
static void write_fish(FILE *out);

static const struct {
	const char *name;
	void (*write)(FILE *out);
} shells[] = {
	{"bash", write_bash},
	{"zsh", write_zsh},
	{"fish", write_fish},
};

#define SHELL_N (sizeof(shells) / sizeof(shells[0]))

static const char *shell_name(size_t i)
{
	return i < SHELL_N ? shells[i].name : NULL;
}

static const struct cli_values values[] = {{0, shell_name}};

const struct cli_command cli_completion_command = {
	.name = "completion",
	.usage = "bash|zsh|fish",
	.what = "writes the script that completes catenet's words in a shell",
	.example = examples,
	.example_n = sizeof(examples) / sizeof(examples[0]),
	.values = values,
	.values_n = sizeof(values) / sizeof(values[0]),
	.anywhere = true,
	.take = take,
};

/* ------------------------------------------------------- common to all -- */

static bool is_letter(int key)
{
	return key > ' ' && key < 127;
}

static const struct cli_values *values_of(const struct cli_command *command,
					  int key)
{
	for (size_t i = 0; i < command->values_n; i++)
		if (command->values[i].key == key)
			return &command->values[i];
	return NULL;
}

static void put_values(FILE *out, const struct cli_values *list)
{
	const char *value;

	for (size_t i = 0; (value = list->at(i)); i++)
		fprintf(out, "%s%s", i ? " " : "", value);
}

static bool is_file(const struct cli_option *option)
{
	return option->arg && !strcmp(option->arg, "FILE");
}

/* In single quotes, some characters with a backslash before them. */
static void put_quoted(FILE *out, const char *text, const char *special)
{
	for (; *text; text++) {
		if (*text == '\'') {
			fputs("'\\''", out);
			continue;
		}
		if (strchr(special, *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

/* The options that people see. */
#define EACH_OPTION(option, command)                                           \
	for (const struct cli_option *option = (command)->option;              \
	     option < (command)->option + (command)->option_n; option++)       \
		if (option->help)

/* ---------------------------------------------------------------- bash -- */

static void bash_words(FILE *out, const struct cli_command *command,
		       bool with_value)
{
	EACH_OPTION(option, command)
	{
		if (with_value && !option->arg)
			continue;
		fprintf(out, " --%s", option->name);
		if (is_letter(option->key) && with_value)
			fprintf(out, " -%c", option->key);
	}
}

static void bash_values(FILE *out, const struct cli_command *command)
{
	EACH_OPTION(option, command)
	{
		const struct cli_values *list = values_of(command, option->key);

		if (!option->arg || (!list && !is_file(option)))
			continue;
		fprintf(out, "\t'%s --%s'", command->name, option->name);
		if (is_letter(option->key))
			fprintf(out, " | '%s -%c'", command->name, option->key);
		fprintf(out, ") ");
		if (list) {
			fprintf(out, "words='");
			put_values(out, list);
			fprintf(out, "' ;;\n");
		} else {
			fprintf(out, "files=1 ;;\n");
		}
	}
}

static void bash_commands(FILE *out)
{
	fprintf(out, "\tcase $command in\n");
	for (size_t i = 0; cli_commands[i]; i++) {
		const struct cli_command *command = cli_commands[i];
		const struct cli_values *list = values_of(command, 0);

		fprintf(out, "\t%s)\n\t\toptions='--help", command->name);
		bash_words(out, command, false);
		fprintf(out, "'\n\t\tvalued='");
		bash_words(out, command, true);
		fprintf(out, " '\n\t\toperands='");
		if (list)
			put_values(out, list);
		fprintf(out, "' ;;\n");
	}
	fprintf(out, "\t*) return ;;\n\tesac\n");
}

static void bash_names(FILE *out)
{
	for (size_t i = 0; cli_commands[i]; i++)
		fprintf(out, "%s ", cli_commands[i]->name);
}

static void write_bash(FILE *out)
{
	fprintf(out,
		"# catenet in bash; written by: catenet completion bash\n"
		"_catenet()\n{\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}\n"
		"\tlocal prev=${COMP_WORDS[COMP_CWORD - 1]} i word\n"
		"\tlocal options= valued= operands= words= files=\n"
		"\tCOMPREPLY=()\n"
		"\t# --name=value is three words to bash.\n"
		"\tif [[ $cur == = ]]; then\n"
		"\t\tcur= prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
		"\telif [[ $prev == = ]]; then\n"
		"\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n"
		"\tfi\n"
		"\tif ((COMP_CWORD == 1)); then\n"
		"\t\tCOMPREPLY=($(compgen -W '");
	bash_names(out);
	fprintf(out, "help --help --version' -- \"$cur\"))\n"
		     "\t\treturn\n\tfi\n"
		     "\tif [[ $command == help ]]; then\n"
		     "\t\tCOMPREPLY=($(compgen -W '");
	bash_names(out);
	fprintf(out, "' -- \"$cur\"))\n\t\treturn\n\tfi\n");
	bash_commands(out);
	fprintf(out,
		"\t# Behind the first word that is no option the program's own "
		"begin.\n"
		"\tif [[ $command == run ]]; then\n"
		"\t\tfor ((i = 2; i <= COMP_CWORD; i++)); do\n"
		"\t\t\tword=${COMP_WORDS[i]}\n"
		"\t\t\tif [[ $word == -- ]] && ((i < COMP_CWORD)); then\n"
		"\t\t\t\t((i++))\n"
		"\t\t\telif [[ $word == = ]]; then\n"
		"\t\t\t\t((i++))\n"
		"\t\t\t\tcontinue\n"
		"\t\t\telif [[ $valued == *\" $word \"* ]]; then\n"
		"\t\t\t\t[[ ${COMP_WORDS[i + 1]} == = ]] || ((i++))\n"
		"\t\t\t\tcontinue\n"
		"\t\t\telif [[ $word == -* || ! $word ]]; then\n"
		"\t\t\t\tcontinue\n"
		"\t\t\tfi\n"
		"\t\t\tif ((i < COMP_CWORD)); then\n"
		"\t\t\t\tif declare -F _command_offset >/dev/null; then\n"
		"\t\t\t\t\t_command_offset $i\n"
		"\t\t\t\telse\n"
		"\t\t\t\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
		"\t\t\t\tfi\n"
		"\t\t\telse\n"
		"\t\t\t\tCOMPREPLY=($(compgen -c -- \"$cur\"))\n"
		"\t\t\tfi\n"
		"\t\t\treturn\n"
		"\t\tdone\n"
		"\tfi\n"
		"\tcase \"$command $prev\" in\n");
	for (size_t i = 0; cli_commands[i]; i++)
		bash_values(out, cli_commands[i]);
	fprintf(out, "\t*)\n"
		     "\t\t[[ $valued == *\" $prev \"* ]] && return\n"
		     "\t\tif [[ $cur == -* ]]; then\n"
		     "\t\t\twords=$options\n"
		     "\t\telif [[ $command == run ]]; then\n"
		     "\t\t\tCOMPREPLY=($(compgen -c -- \"$cur\"))\n"
		     "\t\t\treturn\n"
		     "\t\telse\n"
		     "\t\t\twords=$operands\n"
		     "\t\tfi ;;\n"
		     "\tesac\n"
		     "\tif [[ $files ]]; then\n"
		     "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
		     "\telse\n"
		     "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
		     "\tfi\n"
		     "}\n"
		     "complete -o filenames -F _catenet catenet\n");
}

/* ----------------------------------------------------------------- zsh -- */

#define ZSH_SPECIAL "[]:\\"

static void zsh_option(FILE *out, const struct cli_command *command,
		       const struct cli_option *option)
{
	const struct cli_values *list = values_of(command, option->key);

	fprintf(out, " \\\n\t\t\t");
	if (is_letter(option->key))
		fprintf(out, "{-%c%s,--%s%s}'[", option->key,
			option->arg ? "+" : "", option->name,
			option->arg ? "=" : "");
	else
		fprintf(out, "'--%s%s[", option->name, option->arg ? "=" : "");
	put_quoted(out, option->help, ZSH_SPECIAL);
	fputc(']', out);
	if (option->arg) {
		fputc(':', out);
		put_quoted(out, option->arg, ZSH_SPECIAL);
		fputc(':', out);
		if (list) {
			fputc('(', out);
			put_values(out, list);
			fputc(')', out);
		} else if (is_file(option)) {
			fprintf(out, "_files");
		}
	}
	fputc('\'', out);
}

static void zsh_command(FILE *out, const struct cli_command *command)
{
	const struct cli_values *list = values_of(command, 0);

	fprintf(out, "\t\t%s)\n\t\t_arguments -s -S", command->name);
	fprintf(out, " \\\n\t\t\t{-h,--help}'[examples and options]'");
	EACH_OPTION(option, command)
	{
		zsh_option(out, command, option);
	}
	if (!strcmp(command->name, "run")) {
		fprintf(out, " \\\n\t\t\t'(-)*::program:_normal'");
	} else if (list) {
		fprintf(out, " \\\n\t\t\t'*:word:(");
		put_values(out, list);
		fprintf(out, ")'");
	}
	fprintf(out, " ;;\n");
}

static void write_zsh(FILE *out)
{
	fprintf(out, "#compdef catenet\n"
		     "# written by: catenet completion zsh\n"
		     "_catenet()\n{\n"
		     "\tlocal curcontext=$curcontext state line\n"
		     "\tlocal -a commands=(\n");
	for (size_t i = 0; cli_commands[i]; i++) {
		fprintf(out, "\t\t'%s:", cli_commands[i]->name);
		put_quoted(out, cli_commands[i]->what, ":\\");
		fprintf(out, "'\n");
	}
	fprintf(out, "\t\t'help:examples and options of a command'\n\t)\n"
		     "\t_arguments -C '--version[the version]' \\\n"
		     "\t\t'(-h --help)'{-h,--help}'[the commands]' \\\n"
		     "\t\t'1:command:->command' '*::word:->word' && return\n"
		     "\tcase $state in\n"
		     "\tcommand) _describe command commands ;;\n"
		     "\tword)\n\t\tcase $words[1] in\n"
		     "\t\thelp) _describe command commands ;;\n");
	for (size_t i = 0; cli_commands[i]; i++)
		zsh_command(out, cli_commands[i]);
	fprintf(out, "\t\tesac ;;\n\tesac\n}\n"
		     "if [[ $funcstack[1] == _catenet ]]; then\n"
		     "\t_catenet \"$@\"\nelse\n"
		     "\tcompdef _catenet catenet\nfi\n");
}

/* ---------------------------------------------------------------- fish -- */

static void fish_command(FILE *out, const struct cli_command *command)
{
	const struct cli_values *list = values_of(command, 0);
	const char *name = command->name;

	EACH_OPTION(option, command)
	{
		const struct cli_values *set = values_of(command, option->key);

		fprintf(out, "complete -c catenet -n '__fish_catenet_in %s'",
			name);
		if (is_letter(option->key))
			fprintf(out, " -s %c", option->key);
		fprintf(out, " -l %s", option->name);
		if (option->arg)
			fprintf(out, is_file(option) ? " -r -F" : " -x");
		if (set) {
			fprintf(out, " -a '");
			put_values(out, set);
			fputc('\'', out);
		}
		fprintf(out, " -d '");
		put_quoted(out, option->help, "\\");
		fprintf(out, "'\n");
	}
	if (list) {
		fprintf(out,
			"complete -c catenet -n '__fish_catenet_in %s' -a '",
			name);
		put_values(out, list);
		fprintf(out, "'\n");
	}
}

static void write_fish(FILE *out)
{
	fprintf(out,
		"# catenet in fish; written by: catenet completion fish\n"
		"function __fish_catenet_in\n"
		"\tset -l words (commandline -opc)\n"
		"\ttest (count $words) -gt 1; and test $words[2] = $argv[1]\n"
		"end\n"
		"function __fish_catenet_first\n"
		"\ttest (count (commandline -opc)) -eq 1\n"
		"end\n"
		"complete -c catenet -f\n"
		"complete -c catenet -n __fish_catenet_first -l version "
		"-d 'the version'\n"
		"complete -c catenet -s h -l help -d 'examples and options'\n"
		"complete -c catenet -n __fish_catenet_first -a help "
		"-d 'examples and options of a command'\n");
	for (size_t i = 0; cli_commands[i]; i++) {
		fprintf(out,
			"complete -c catenet -n '__fish_catenet_first; or "
			"__fish_catenet_in help' -a %s -d '",
			cli_commands[i]->name);
		put_quoted(out, cli_commands[i]->what, "\\");
		fprintf(out, "'\n");
	}
	for (size_t i = 0; cli_commands[i]; i++)
		fish_command(out, cli_commands[i]);
	fprintf(out, "complete -c catenet -n '__fish_catenet_in run' -a "
		     "'(__fish_complete_subcommand --fcs-skip=2)'\n");
}

int cli_completion(int argc, char **argv)
{
	int rest, code;

	code = cli_parse(&cli_completion_command, argc, argv, NULL, &rest);
	if (code >= 0)
		return code;
	for (size_t i = 0; rest + 1 == argc && i < SHELL_N; i++)
		if (!strcmp(argv[rest], shells[i].name)) {
			shells[i].write(stdout);
			return 0;
		}
	fprintf(stderr, "catenet completion: write one of bash, zsh, fish\n");
	return EXIT_CATENET;
}
