/* SPDX-License-Identifier: MIT */
/* catenet: chooses the subcommand. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "link/rate_trace.h"

#ifndef CATENET_VERSION
#define CATENET_VERSION "0.1.0"
#endif

const struct cli_command *const cli_commands[] = {
	/* In the order in which they are listed. */
	&cli_run_command,	 &cli_services_command,
	&cli_world_command,	 &cli_explain_command,
	&cli_sim_command,	 &cli_bridge_command,
	&cli_ss_command,	 &cli_why_command,
	&cli_completion_command, NULL,
};

static int (*const runs[])(int argc, char **argv) = {
	cli_run,    cli_services, cli_world, cli_explain,    cli_sim,
	cli_bridge, cli_ss,	  cli_why,   cli_completion,
};

static int help(FILE *out)
{
	fprintf(out,
		"  catenet run --delay 50ms --loss 1%% -- curl -O "
		"https://example.org/file\n"
		"      an unmodified program on catenet's TCP, over a path you "
		"describe\n"
		"\nUsage: catenet COMMAND [OPTION...]\n\n");
	for (size_t i = 0; cli_commands[i]; i++)
		fprintf(out, "  %-11s %s\n", cli_commands[i]->name,
			cli_commands[i]->what);
	fprintf(out, "\n  catenet COMMAND --help   examples and options\n"
		     "  catenet --version\n");
	return out == stdout ? 0 : EXIT_CATENET;
}

/* What a command says to nobody has not been said. */
static int whole(int code)
{
	bool bad;

	errno = 0;
	bad = fflush(stdout) || ferror(stdout);
	if (!bad)
		return code;
	fprintf(stderr, "catenet: standard output is not whole: %s\n",
		errno ? strerror(errno) : "some of it could not be written");
	return code ? code : EXIT_CATENET;
}

static int choose(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	char ask[] = "--help";
	char *asked[] = {argv[0], ask, NULL};

	if (!strcmp(name, "--version") || !strcmp(name, "version")) {
		puts("catenet " CATENET_VERSION);
		return 0;
	}
	if (!strcmp(name, "-h") || !strcmp(name, "--help") ||
	    (!strcmp(name, "help") && argc < 3))
		return help(stdout);
	if (!strcmp(name, "help"))
		name = argv[2];
	for (size_t i = 0; cli_commands[i]; i++) {
		if (strcmp(cli_commands[i]->name, name) != 0)
			continue;
		if (!strcmp(argv[1], "help"))
			return runs[i](2, asked);
		return runs[i](argc - 1, argv + 1);
	}
	if (*name)
		fprintf(stderr, "catenet: there is no command '%s'\n\n", name);
	return help(stderr);
}

/*
 * Where standard input or output was closed, no file of ours shall be taken for
 * it: something is there that can be neither read nor written, until a program
 * is started, which finds it closed.
 */
static void fill_holes(void)
{
	for (int fd = 0; fd < 3; fd++) {
		int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", mode | O_CLOEXEC);
	}
}

int main(int argc, char **argv)
{
	int code;

	fill_holes();
	code = whole(choose(argc, argv));

	rate_trace_forget();
	return code;
}
