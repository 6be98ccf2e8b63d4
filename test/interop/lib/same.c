/* SPDX-License-Identifier: MIT */
/* Asks every question of every side and compares the answers. */
#include <signal.h>
#include <stdarg.h>

#include "sides.h"

#define ANSWER_MAX 65536

const struct api *S;

static char *answer;
static size_t answer_len;

void say(const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(answer + answer_len, ANSWER_MAX - answer_len, format,
		      args);
	va_end(args);
	if (n > 0 && answer_len + (size_t)n + 2 < ANSWER_MAX)
		answer_len += (size_t)n;
	answer[answer_len++] = '\n';
	answer[answer_len] = '\0';
}

static void ask(const struct api *side, const struct question *question,
		char *into)
{
	S = side;
	answer = into;
	answer_len = 0;
	*into = '\0';
	question->ask();
}

/* The first lines in which they differ. */
static void show(const char *want, const char *got)
{
	for (int left = 20; left && *want && *got;) {
		size_t w = strcspn(want, "\n"), g = strcspn(got, "\n");

		if (w != g || memcmp(want, got, w)) {
			printf("#   kernel: %.*s\n#   linked: %.*s\n", (int)w,
			       want, (int)g, got);
			left--;
		}
		want += w + 1;
		got += g + 1;
	}
	if (!*want != !*got)
		printf("# one says more\n");
}

static int test_n, failed_n;

static void compare(const struct api *side, const struct question *question,
		    const char *want)
{
	static char got[ANSWER_MAX];
	bool same;

	if (question->needs_signals && !side->signals)
		return;
	ask(side, question, got);
	same = !strcmp(want, got);
	printf("%sok %d - %s (%s)\n", same ? "" : "not ", ++test_n,
	       question->name, side->name);
	if (!same)
		show(want, got);
	fflush(stdout);
	failed_n += !same;
}

static void ask_all(const struct question *questions, const char *only)
{
	static char want[ANSWER_MAX];

	for (; questions->name; questions++) {
		if (only && strcmp(only, questions->name) != 0)
			continue;
		ask(&kernel_side, questions, want);
		if (only)
			printf("%s", want);
		linked_open(true);
		compare(&virtual_side, questions, want);
		linked_close();
		linked_open(false);
		compare(&real_side, questions, want);
		linked_close();
	}
}

int main(int argc, char **argv)
{
	const struct question *all[] = {
		bind_questions,	 connect_questions, data_questions,
		close_questions, epoll_questions,   option_questions,
		dgram_questions,
	};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		ask_all(all[i], argc > 1 ? argv[1] : NULL);
	printf("1..%d\n", test_n);
	return failed_n != 0;
}
