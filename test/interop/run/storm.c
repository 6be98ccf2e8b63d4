/* SPDX-License-Identifier: MIT */
/*
 * storm N RESTART: N connections to a listener of its own, while a timer fires
 * every 250 us; with SA_RESTART no call may be seen to be interrupted, without
 * it the only error may be EINTR, and every call that is repeated after it
 * must come out right.
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t ticks;
static long interrupted, bad;

static void on_tick(int sig)
{
	(void)sig;
	ticks++;
}

static void *serve(void *arg)
{
	int l = *(int *)arg, a;
	char octet;

	while ((a = accept(l, NULL, NULL)) >= 0) {
		if (recv(a, &octet, 1, 0) == 1 && octet == 'q') {
			close(a);
			break;
		}
		(void)!send(a, &octet, 1, MSG_NOSIGNAL);
		close(a);
	}
	return NULL;
}

static void wrong(const char *what, int err)
{
	bad++;
	printf("%s: %s\n", what, strerrorname_np(err));
}

static int make(void)
{
	int s;

	while ((s = socket(AF_INET, SOCK_STREAM, 0)) < 0 && errno == EINTR)
		interrupted++;
	if (s < 0)
		wrong("socket", errno);
	return s;
}

static void set(int s)
{
	const int one = 1;

	while (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0) {
		if (errno != EINTR) {
			wrong("setsockopt", errno);
			return;
		}
		interrupted++;
	}
}

static bool is_bound(int s)
{
	struct sockaddr_in addr = {0};
	socklen_t len = sizeof(addr);

	return !getsockname(s, (struct sockaddr *)&addr, &len) && addr.sin_port;
}

/*
 * It is known that the call is made again by what the handler has left on the
 * stack.  A second tick between the two calls, which a processor for others
 * makes long, writes over it: then the call says that it was done
 * (docs/limits.md).
 */
static void name(int s)
{
	const struct sockaddr_in addr = {.sin_family = AF_INET,
					 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const sig_atomic_t before = ticks;
	const long known = interrupted;

	while (bind(s, (const struct sockaddr *)&addr, sizeof(addr)) < 0) {
		if (errno == EINVAL && interrupted > known &&
		    ticks - before > 1 && is_bound(s))
			return;
		if (errno != EINTR) {
			wrong("bind", errno);
			return;
		}
		interrupted++;
	}
}

static void join(int s, const struct sockaddr_in *to)
{
	while (connect(s, (const struct sockaddr *)to, sizeof(*to)) < 0) {
		if (errno == EISCONN && interrupted)
			return;
		if (errno != EINTR && errno != EALREADY) {
			wrong("connect", errno);
			return;
		}
		interrupted++;
	}
}

static void talk(int s, char octet)
{
	ssize_t n;

	while ((n = send(s, &octet, 1, MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	if (n != 1)
		wrong("send", errno);
	if (octet == 'q')
		return;
	while ((n = recv(s, &octet, 1, 0)) < 0 && errno == EINTR)
		;
	if (n != 1)
		wrong("recv", n < 0 ? errno : 0);
}

int main(int argc, char **argv)
{
	const long n = argc > 1 ? atol(argv[1]) : 100;
	const struct itimerval every = {{0, 250}, {0, 250}};
	const struct itimerval never = {{0, 0}, {0, 0}};
	struct sigaction sa = {.sa_handler = on_tick};
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(addr);
	int l = socket(AF_INET, SOCK_STREAM, 0);
	pthread_t thread;
	sigset_t mask;

	if (argc > 2 && atoi(argv[2]))
		sa.sa_flags = SA_RESTART;
	bind(l, (struct sockaddr *)&addr, len);
	listen(l, 64);
	getsockname(l, (struct sockaddr *)&addr, &len);
	sigemptyset(&mask);
	sigaddset(&mask, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &mask, NULL);
	pthread_create(&thread, NULL, serve, &l);
	pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	for (long i = 0; i < n; i++) {
		int s = make();

		set(s);
		name(s);
		join(s, &addr);
		talk(s, 'x');
		close(s);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	int s = make();
	join(s, &addr);
	talk(s, 'q');
	pthread_join(thread, NULL);
	fprintf(stderr, "ticks %ld interrupted %ld\n", (long)ticks,
		interrupted);
	printf("bad %ld%s\n", bad,
	       sa.sa_flags && interrupted ? " interrupted" : "");
	return bad != 0;
}
