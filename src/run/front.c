/* SPDX-License-Identifier: MIT */
/*
 * What catenet run is to the shell and the terminal: a process in the
 * program's group that stops when the program stops and goes on when it is
 * told to.  The supervisor is its child, and never stops: the stack answers
 * its peers while the program is suspended, as a kernel would.
 *
 * Signals of the terminal reach the program by themselves, since it is in our
 * group; those that are sent to this process alone are passed on.  The
 * supervisor has a session of its own: it adopts orphans, and were it in
 * theirs, a group of stopped orphans would not be ended as it is natively.
 */
#include "run/front.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/supervisor.h"

void give_up_standard(void)
{
	int none = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (none < 0)
		return;
	(void)dup2(none, STDIN_FILENO);
	(void)dup2(none, STDOUT_FILENO);
	if (none > STDERR_FILENO)
		close(none);
}

/* True, with the exit code, when the supervisor has ended. */
static bool has_ended(pid_t supervisor, int *code)
{
	int status;

	if (waitpid(supervisor, &status, WNOHANG) != supervisor)
		return false;
	if (WIFEXITED(status)) {
		*code = WEXITSTATUS(status);
		return true;
	}
	say("the supervisor was killed by signal %d", WTERMSIG(status));
	*code = 128 + WTERMSIG(status);
	return true;
}

int front_stand(pid_t supervisor)
{
	siginfo_t info;
	sigset_t all;
	int code;

	(void)close_range(STDERR_FILENO + 1, ~0u, 0);
	give_up_standard();
	sigfillset(&all);
	while (!has_ended(supervisor, &code)) {
		union sigval from = {.sival_int = FRONT_SENT};
		int sig = sigwaitinfo(&all, &info);

		if (sig <= 0 || sig == SIGCHLD)
			continue;
		if (info.si_code > 0)
			from.sival_int = FRONT_TERMINAL;
		(void)sigqueue(supervisor, sig, from);
	}
	return code;
}
