/* SPDX-License-Identifier: MIT */
/*
 * The process server of notes 004: a parent that forks an acceptor, which
 * forks a worker for each client.
 *
 *	process_server [ADDRESS [PORT [CLIENTS]]]
 *
 * Three things are easily got wrong. The worker inherits the listener and the
 * acceptor keeps a copy of the connection: each closes what is not its own, or
 * the connection stays open after the worker has closed it, and the client
 * waits for an end that never comes. The workers are the acceptor's children:
 * only it can reap them, so it does, in a handler of SIGCHLD that loops (one
 * signal may stand for many). And accept is interrupted by that signal.
 */
#include <signal.h>
#include <sys/wait.h>

#include "upper.h"

static void reap(int sig)
{
	const int err = errno;

	(void)sig;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = err;
}

static int accept_all(int listener, long clients)
{
	const struct sigaction on_child = {.sa_handler = reap,
					   .sa_flags = SA_NOCLDSTOP};

	sigaction(SIGCHLD, &on_child, NULL);
	for (long n = 0; clients == 0 || n < clients;) {
		int fd = accept(listener, NULL, NULL);
		pid_t pid;

		if (fd < 0 && errno == EINTR)
			continue;
		if (fd < 0)
			fail("accept");
		pid = fork();
		if (pid < 0) {
			perror("fork");
			close(fd);
			continue;
		}
		if (pid == 0) {
			close(listener);
			_exit(serve_upper(fd) < 0);
		}
		close(fd);
		n++;
	}
	close(listener);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	return 0;
}

int main(int argc, char **argv)
{
	int listener = listen_at(argc > 1 ? argv[1] : "127.0.0.1",
				 argc > 2 ? argv[2] : "8000", 128);
	const long clients = argc > 3 ? atol(argv[3]) : 0;
	int status;
	pid_t acceptor;

	printf("listening at %s\n", own_of(listener));
	fflush(stdout);
	acceptor = fork();
	if (acceptor < 0)
		fail("fork");
	if (acceptor == 0)
		_exit(accept_all(listener, clients));
	close(listener);
	while (waitpid(acceptor, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid");
	printf("the acceptor has ended with %d\n", WEXITSTATUS(status));
	return status != 0;
}
