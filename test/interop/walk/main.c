/* SPDX-License-Identifier: MIT */
/*
 * walker kernel|linked|real: reads programs from its input, and answers each.
 * A program begins with "settle MS TIMEOUT" and ends with "."; so do answers,
 * one a line.
 */
#include <signal.h>
#include <stdarg.h>

#include "walker.h"

const struct api *S;
struct slot slots[SLOT_N];
unsigned settle_ms, timeout_ms;

static volatile sig_atomic_t pipes;

static void on_pipe(int sig)
{
	(void)sig;
	pipes++;
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}

static void split(char *line, struct words *words)
{
	words->n = 0;
	for (char *at = strtok(line, " \n"); at && words->n < WORD_MAX;
	     at = strtok(NULL, " \n"))
		words->word[words->n++] = at;
}

static void step(char *line)
{
	const struct verb *verb = verbs;
	struct words words;

	split(line, &words);
	while (verb->name && strcmp(verb->name, word(&words, 0)) != 0)
		verb++;
	pipes = 0;
	errno = 0;
	if (verb->name)
		verb->call(&words);
	else
		say("no such verb");
	say("%s\n", pipes ? " SIGPIPE" : "");
	S->pause_ms(settle_ms);
}

/* Nothing of this program is left for the next one. */
static void clean(void)
{
	for (int i = 0; i < SLOT_N; i++) {
		if (slots[i].fd >= 0) {
			set_linger(slots[i].fd, 1, 0);
			S->close(slots[i].fd);
		}
		slots[i] = (struct slot){.fd = -1};
	}
	forget_ports();
	verbs_begin();
}

static bool program(bool linked, bool virtual_clock)
{
	char line[256];

	if (!fgets(line, sizeof(line), stdin) ||
	    sscanf(line, "settle %u %u", &settle_ms, &timeout_ms) != 2)
		return false;
	if (linked)
		linked_open(virtual_clock);
	clean();
	while (fgets(line, sizeof(line), stdin) && line[0] != '.')
		step(line);
	clean();
	S->pause_ms(settle_ms);
	if (linked)
		linked_close();
	say(".\n");
	fflush(stdout);
	return true;
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = on_pipe, .sa_flags = SA_RESTART};
	const char *side = argc > 1 ? argv[1] : "kernel";

	S = !strcmp(side, "linked") ? &virtual_side :
	    !strcmp(side, "real")   ? &real_side :
				      &kernel_side;
	for (int i = 0; i < SLOT_N; i++)
		slots[i].fd = -1;
	sigaction(SIGPIPE, &sa, NULL);
	while (program(S != &kernel_side, S == &virtual_side))
		;
	return 0;
}
