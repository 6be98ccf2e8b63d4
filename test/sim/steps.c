/* SPDX-License-Identifier: MIT */
#include "steps.h"

#include <signal.h>
#include <stddef.h>

#include <sys/ptrace.h>
#include <sys/wait.h>

void steps_let_count(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

void steps_begin(void)
{
	raise(SIGUSR1);
}

void steps_end(void)
{
	raise(SIGUSR2);
}

bool steps_count(pid_t child, uint64_t *counts, int n)
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
