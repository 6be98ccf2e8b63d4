/* SPDX-License-Identifier: MIT */
/*
 * chaos SEED N: four threads and two processes make N calls each, at random,
 * on descriptors that all of them share.  Nothing is expected of the results;
 * the supervisor must live, and the program must come to its end.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST 10
#define FDS 24

static unsigned long seed;
static long calls;
static int port;

static unsigned next(unsigned *state, unsigned n)
{
	*state = *state * 1103515245u + 12345u;
	return (*state >> 8) % n;
}

static void put(unsigned *state, int fd)
{
	if (fd < 0)
		return;
	(void)dup2(fd, FIRST + (int)next(state, FDS));
	close(fd);
}

static void one(unsigned *r)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct timeval tv = {0, 1000};
	const struct linger now = {1, 0};
	socklen_t len = sizeof(addr);
	char buf[4096] = "";
	int fd = FIRST + (int)next(r, FDS), value = 1;

	addr.sin_port = htons((uint16_t)(next(r, 4) ? port : 1));
	switch (next(r, 26)) {
	case 0:
	case 1:
	case 2:
		fd = socket(AF_INET,
			    SOCK_STREAM | (next(r, 4) ? SOCK_NONBLOCK : 0), 0);
		if (fd >= 0) {
			setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv,
				   sizeof(tv));
			setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv,
				   sizeof(tv));
		}
		put(r, fd);
		break;
	case 3:
	case 4:
	case 5:
		connect(fd, (struct sockaddr *)&addr, sizeof(addr));
		break;
	case 6:
		addr.sin_family = AF_UNSPEC;
		connect(fd, (struct sockaddr *)&addr, sizeof(addr));
		break;
	case 7:
		addr.sin_port = htons((uint16_t)(next(r, 2) ? port : 0));
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, sizeof(value));
		bind(fd, (struct sockaddr *)&addr, sizeof(addr));
		break;
	case 8:
		listen(fd, (int)next(r, 4));
		break;
	case 9:
	case 10:
	case 11:
		put(r, accept4(fd, (struct sockaddr *)&addr, &len,
			       next(r, 2) ? SOCK_NONBLOCK : 0));
		break;
	case 12:
		shutdown(fd, (int)next(r, 4));
		break;
	case 13:
		close(fd);
		break;
	case 14:
		put(r, dup(fd));
		break;
	case 15:
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &len);
		break;
	case 16:
		getpeername(fd, (struct sockaddr *)&addr, &len);
		break;
	case 17:
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		break;
	case 18:
		sendto(fd, buf, next(r, 4096), MSG_NOSIGNAL | MSG_DONTWAIT,
		       (struct sockaddr *)&addr, sizeof(addr));
		break;
	case 19:
		recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT,
			 (struct sockaddr *)&addr, &len);
		break;
	case 20:
	case 21:
		send(fd, buf, next(r, 4096), MSG_NOSIGNAL | MSG_DONTWAIT);
		break;
	case 22:
	case 23:
		recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		break;
	case 24:
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, sizeof(value));
		ioctl(fd, TIOCOUTQ, &value);
		break;
	case 25:
		send(fd, "!", 1, MSG_OOB | MSG_NOSIGNAL | MSG_DONTWAIT);
		recv(fd, buf, 1, MSG_OOB | MSG_DONTWAIT);
		break;
	}
}

static void *play(void *arg)
{
	unsigned state = (unsigned)(seed + (unsigned long)(uintptr_t)arg);

	for (long i = 0; i < calls; i++)
		one(&state);
	return NULL;
}

static void on_tick(int sig)
{
	(void)sig;
}

int main(int argc, char **argv)
{
	const struct itimerval every = {{0, 3000}, {0, 3000}};
	struct sigaction sa = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
	pthread_t thread[4];
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(addr);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	pid_t pid;

	seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	calls = argc > 2 ? atol(argv[2]) : 1000;
	alarm(120);
	signal(SIGPIPE, SIG_IGN);
	bind(l, (struct sockaddr *)&addr, sizeof(addr));
	listen(l, 8);
	getsockname(l, (struct sockaddr *)&addr, &len);
	port = ntohs(addr.sin_port);
	dup2(l, FIRST);
	pid = fork();
	if (pid == 0)
		seed += 1000;
	sa.sa_handler = on_tick;
	sigaction(SIGVTALRM, &sa, NULL);
	setitimer(ITIMER_VIRTUAL, &every, NULL);
	for (uintptr_t i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, play, (void *)i);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	if (pid > 0) {
		waitpid(pid, NULL, 0);
		puts("over");
	}
	return 0;
}
