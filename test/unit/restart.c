/* SPDX-License-Identifier: MIT */
/* A child waits in read; whether a signal has interrupted that read is to be
 * seen from outside. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/restart.h"
#include "run/task.h"

static char octet;
static int handled[2], wait_on[2];

static void on_signal(int sig)
{
	(void)sig;
	(void)!write(handled[1], "h", 1);
}

struct child {
	pid_t pid;
	uint64_t args[3];
};

static _Noreturn void be_child(int flags, bool on_a_stack, bool segv)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = flags};
	static char space[65536];
	const stack_t stack = {.ss_sp = space, .ss_size = sizeof(space)};

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* What the test's own library catches. */
	for (int sig = 1; sig < SIGRTMIN; sig++)
		(void)signal(sig, SIG_DFL);
	if (on_a_stack) {
		(void)sigaltstack(&stack, NULL);
		sa.sa_flags |= SA_ONSTACK;
	}
	if (flags >= 0)
		(void)sigaction(SIGUSR1, &sa, NULL);
	if (segv)
		(void)sigaction(SIGSEGV, &sa, NULL);
	for (;;)
		(void)syscall(SYS_read, wait_on[0], &octet, 1);
}

static void settle(const struct child *child)
{
	char path[48], text[64];
	long nr = -1;

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)child->pid);
	for (int i = 0; i < 30000 && nr != SYS_read; i++) {
		FILE *file = fopen(path, "re");

		usleep(1000);
		if (!file)
			skip(); /* not to be looked into here */
		nr = fgets(text, sizeof(text), file) && text[0] >= '0' &&
				     text[0] <= '9' ?
			     strtol(text, NULL, 10) :
			     -1;
		fclose(file);
	}
	assert_int_equal(nr, SYS_read);
}

static struct child begin(int flags, bool on_a_stack, bool segv)
{
	struct child child;

	assert_int_equal(pipe(handled), 0);
	assert_int_equal(pipe(wait_on), 0);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (child.pid == 0)
		be_child(flags, on_a_stack, segv);
	child.args[0] = (uint64_t)wait_on[0];
	child.args[1] = (uint64_t)(uintptr_t)&octet;
	child.args[2] = 1;
	settle(&child);
	return child;
}

static enum restart look(const struct child *child)
{
	return restart_look(child->pid, SYS_read, child->args);
}

static void interrupt(const struct child *child)
{
	char h;

	assert_int_equal(kill(child->pid, SIGUSR1), 0);
	assert_int_equal(read(handled[0], &h, 1), 1);
	usleep(1000);
	settle(child);
}

static void end(const struct child *child)
{
	(void)kill(child->pid, SIGKILL);
	(void)waitpid(child->pid, NULL, 0);
	for (int i = 0; i < 2; i++) {
		close(handled[i]);
		close(wait_on[i]);
	}
}

static void a_call_made_again_by_the_kernel_is_known(void **state)
{
	struct child child = begin(SA_RESTART, false, false);

	(void)state;
	assert_int_equal(look(&child), RESTART_NO);
	interrupt(&child);
	assert_int_equal(look(&child), RESTART_YES);
	interrupt(&child);
	assert_int_equal(look(&child), RESTART_YES);
	end(&child);
}

static void a_call_made_again_for_eintr_is_known(void **state)
{
	struct child child = begin(0, false, false);

	(void)state;
	assert_int_equal(look(&child), RESTART_NO);
	interrupt(&child);
	assert_int_equal(look(&child), RESTART_TOLD);
	end(&child);
}

static void another_call_is_not_taken_for_it(void **state)
{
	struct child child = begin(SA_RESTART, false, false);

	(void)state;
	interrupt(&child);
	child.args[2]++;
	assert_int_equal(look(&child), RESTART_NO);
	child.args[2]--;
	child.args[1]++;
	assert_int_equal(look(&child), RESTART_NO);
	child.args[1]--;
	child.args[0]++;
	assert_int_equal(look(&child), RESTART_NO);
	end(&child);
}

static void without_handlers_nothing_is_made_again(void **state)
{
	struct child child = begin(-1, false, false);

	(void)state;
	assert_int_equal(look(&child), RESTART_NO);
	end(&child);
}

static void a_stack_of_its_own_says_nothing(void **state)
{
	struct child child = begin(SA_RESTART, true, true);

	(void)state;
	assert_int_equal(look(&child), RESTART_UNKNOWN);
	interrupt(&child);
	assert_int_equal(look(&child), RESTART_UNKNOWN);
	end(&child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_made_again_by_the_kernel_is_known),
		cmocka_unit_test(a_call_made_again_for_eintr_is_known),
		cmocka_unit_test(another_call_is_not_taken_for_it),
		cmocka_unit_test(without_handlers_nothing_is_made_again),
		cmocka_unit_test(a_stack_of_its_own_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
