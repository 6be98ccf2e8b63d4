/* SPDX-License-Identifier: MIT */
#include "steps.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <cmocka.h>

void steps_begin(void)
{
	raise(SIGUSR1);
}

void steps_end(void)
{
	raise(SIGUSR2);
}

/* False: this machine does not let us, or the child failed. */
static bool count(pid_t child, uint64_t *counts, int n)
{
	int status, done = 0;
	bool stepping = false;

	while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
		int sig = WSTOPSIG(status);

		if (sig == SIGUSR1) {
			stepping = true;
			counts[done] = 0;
		} else if (sig == SIGUSR2) {
			stepping = false;
			if (++done == n) {
				ptrace(PTRACE_CONT, child, NULL, NULL);
				continue;
			}
		} else if (sig == SIGTRAP && stepping) {
			counts[done]++;
		} else if (sig != SIGTRAP) {
			ptrace(PTRACE_CONT, child, NULL,
			       (void *)(uintptr_t)sig);
			continue;
		}
		ptrace(stepping ? PTRACE_SINGLESTEP : PTRACE_CONT, child, NULL,
		       NULL);
	}
	return done == n && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void steps_of(void (*run)(void), uint64_t *counts, int n)
{
	pid_t child;

	memset(counts, 0, (size_t)n * sizeof(*counts));
	fflush(stdout);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		run();
		_exit(0);
	}
	if (!count(child, counts, n)) {
		print_message("# this machine does not let us count\n");
		skip();
	}
}
