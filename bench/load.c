/* SPDX-License-Identifier: MIT */
/*
 * The load of the benches, on plain sockets of the kernel, so that the same
 * program drives catenet and the kernel's own TCP:
 *
 *	bench-load serve CPU PORT
 *	bench-load drive CPU WORK ADDRESS PORT SECONDS CLIENTS
 *
 * serve listens on four ports: PORT swallows, PORT+1 sends without end, PORT+2
 * answers 64 octets with 64, PORT+3 does so once and closes.  drive prints
 * what it got done per second: octets for "send" and "receive", exchanges for
 * "rr" and "crr".  The first fifth of the time is not counted.  CPU -1: any.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE 64
#define CHUNK (128u << 10)
#define CLIENTS_MAX 1024
#define BATCH 128

enum work { SWALLOW, POUR, ANSWER, ANSWER_ONCE, WORKS };

static char chunk[CHUNK];

static void die(const char *what)
{
	fprintf(stderr, "bench-load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The same on every machine: some have another controller by default, which
 * paces. */
static void set_up(int fd, unsigned work)
{
	int answers = work >= ANSWER;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &answers, sizeof(answers));
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
}

/* --------------------------------------------------------------- server -- */

/* A descriptor and its work in the word that epoll gives back. */
static void watch(int epfd, int fd, unsigned work, bool listens, uint32_t what)
{
	struct epoll_event ev = {.events = what,
				 .data = {.u64 = (uint64_t)work << 33 |
						 (uint64_t)listens << 32 |
						 (unsigned)fd}};

	if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev))
		die("epoll_ctl");
}

static void listen_at(int epfd, unsigned work, uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons(port)};
	int one = 1, fd;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 4096))
		die("listen");
	watch(epfd, fd, work, true, EPOLLIN);
}

/* False when the connection is to be closed. */
static bool serve(int fd, unsigned work)
{
	ssize_t n;

	if (work == POUR) {
		n = send(fd, chunk, CHUNK, MSG_NOSIGNAL);
		return n >= 0 || errno == EAGAIN;
	}
	n = recv(fd, chunk, work == SWALLOW ? CHUNK : MESSAGE, 0);
	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	if (work >= ANSWER && send(fd, chunk, MESSAGE, MSG_NOSIGNAL) < 0)
		return false;
	return work != ANSWER_ONCE;
}

static void accept_all(int epfd, int listener, unsigned work)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		set_up(fd, work);
		if (serve(fd, work))
			watch(epfd, fd, work, false,
			      work == POUR ? EPOLLOUT : EPOLLIN);
		else
			close(fd);
	}
}

static int serve_all(int cpu, uint16_t port)
{
	struct epoll_event ev[BATCH];
	int epfd = epoll_create1(0), n;

	pin(cpu);
	for (unsigned work = 0; work < WORKS; work++)
		listen_at(epfd, work, (uint16_t)(port + work));
	printf("ready\n");
	fflush(stdout);
	do {
		n = epoll_wait(epfd, ev, BATCH, -1);
		for (int i = 0; i < n; i++) {
			uint64_t word = ev[i].data.u64;
			int fd = (int)(word & 0xffffffff);
			unsigned work = (unsigned)(word >> 33);

			if (word >> 32 & 1)
				accept_all(epfd, fd, work);
			else if (!serve(fd, work))
				close(fd);
		}
	} while (n >= 0);
	return 1;
}

/* --------------------------------------------------------------- client -- */

struct client {
	struct sockaddr_in to;
	unsigned work;
	double count_from, until;
	uint64_t done; /* since count_from */
	bool counts;
	int fd[CLIENTS_MAX];
};

/* False when the time is over. */
static bool tick(struct client *client, uint64_t done)
{
	double now = seconds();

	if (!client->counts && now >= client->count_from) {
		client->counts = true;
		client->count_from = now;
		client->done = 0;
		return true;
	}
	client->done += done;
	if (now < client->until)
		return true;
	client->until = now;
	return false;
}

static int connect_one(const struct client *client, int flags)
{
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0);

	set_up(fd, client->work);
	if (connect(fd, (const struct sockaddr *)&client->to,
		    sizeof(client->to)) &&
	    errno != EINPROGRESS)
		die("connect");
	return fd;
}

static void stream(struct client *client, bool sends)
{
	int fd = connect_one(client, 0);
	ssize_t n;

	do {
		n = sends ? send(fd, chunk, CHUNK, MSG_NOSIGNAL) :
			    recv(fd, chunk, CHUNK, 0);
		if (n <= 0)
			die("stream");
	} while (tick(client, (uint64_t)n));
	close(fd);
}

static void exchange(int fd)
{
	if (send(fd, chunk, MESSAGE, MSG_NOSIGNAL) != MESSAGE)
		die("request");
	if (recv(fd, chunk, MESSAGE, MSG_WAITALL) != MESSAGE)
		die("reply");
}

/* Reads the end of the stream that the server has closed. */
static void farewell(int fd)
{
	if (recv(fd, chunk, MESSAGE, 0) != 0)
		die("close");
	close(fd);
}

static void one_by_one(struct client *client, bool connects)
{
	int fd = connects ? -1 : connect_one(client, 0);

	do {
		if (connects)
			fd = connect_one(client, 0);
		exchange(fd);
		if (connects)
			farewell(fd);
	} while (tick(client, 1));
	if (!connects)
		close(fd);
}

static void watch_client(int epfd, int op, int fd, unsigned i, uint32_t what)
{
	struct epoll_event ev = {.events = what,
				 .data = {.u64 = (uint64_t)i << 32 |
						 (unsigned)fd}};

	if (epoll_ctl(epfd, op, fd, &ev))
		die("epoll_ctl");
}

static void begin(struct client *client, int epfd, unsigned i)
{
	int fd = connect_one(client, SOCK_NONBLOCK);

	client->fd[i] = fd;
	watch_client(epfd, EPOLL_CTL_ADD, fd, i, EPOLLOUT);
}

/* One event of one client; true: an exchange is done. */
static bool step(struct client *client, int epfd, unsigned i, bool connects,
		 uint32_t what)
{
	int fd = client->fd[i];
	ssize_t n;

	if (!(what & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
		if (send(fd, chunk, MESSAGE, MSG_NOSIGNAL) != MESSAGE)
			die("request");
		watch_client(epfd, EPOLL_CTL_MOD, fd, i, EPOLLIN);
		return false;
	}
	n = recv(fd, chunk, MESSAGE, 0);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n < 0)
		die("reply");
	if (!connects) {
		if (n != MESSAGE ||
		    send(fd, chunk, MESSAGE, MSG_NOSIGNAL) != MESSAGE)
			die("request");
		return true;
	}
	if (n > 0) /* the end of the stream is there already, or comes */
		n = recv(fd, chunk, MESSAGE, 0);
	if (n != 0)
		return false;
	close(fd);
	begin(client, epfd, i);
	return true;
}

static void at_once(struct client *client, unsigned n, bool connects)
{
	struct epoll_event ev[BATCH];
	int epfd = epoll_create1(0);
	uint64_t done;

	for (unsigned i = 0; i < n; i++)
		begin(client, epfd, i);
	do {
		int got = epoll_wait(epfd, ev, BATCH, 5000);

		if (got <= 0)
			die("nothing happens");
		done = 0;
		for (int k = 0; k < got; k++)
			done += step(client, epfd,
				     (unsigned)(ev[k].data.u64 >> 32), connects,
				     ev[k].events);
	} while (tick(client, done));
}

/* Octets of one call on one of several streams. */
static uint64_t pass(int fd, bool sends)
{
	ssize_t n = sends ? send(fd, chunk, CHUNK, MSG_NOSIGNAL) :
			    recv(fd, chunk, CHUNK, 0);

	if (n <= 0 && errno != EAGAIN)
		die("stream");
	return n > 0 ? (uint64_t)n : 0;
}

static void streams(struct client *client, unsigned n, bool sends)
{
	struct epoll_event ev[BATCH];
	int epfd = epoll_create1(0);
	uint64_t done;

	for (unsigned i = 0; i < n; i++)
		watch_client(epfd, EPOLL_CTL_ADD,
			     connect_one(client, SOCK_NONBLOCK), i,
			     sends ? EPOLLOUT : EPOLLIN);
	do {
		int got = epoll_wait(epfd, ev, BATCH, 5000);

		if (got <= 0)
			die("nothing happens");
		done = 0;
		for (int k = 0; k < got; k++)
			done += pass((int)(ev[k].data.u64 & 0xffffffff), sends);
	} while (tick(client, done));
}

static int drive(char **arg)
{
	static struct client client;
	const char *work = arg[1];
	unsigned port = (unsigned)atoi(arg[3]), n = (unsigned)atoi(arg[5]);
	double length = atof(arg[4]);
	unsigned kind = !strcmp(work, "send")	 ? SWALLOW :
			!strcmp(work, "receive") ? POUR :
			!strcmp(work, "rr")	 ? ANSWER :
						   ANSWER_ONCE;

	pin(atoi(arg[0]));
	client.work = kind;
	client.to.sin_family = AF_INET;
	client.to.sin_port = htons((uint16_t)(port + kind));
	if (inet_pton(AF_INET, arg[2], &client.to.sin_addr) != 1 || n < 1 ||
	    n > CLIENTS_MAX)
		die("arguments");
	client.count_from = seconds() + length / 5;
	client.until = seconds() + length;
	if (kind <= POUR && n > 1)
		streams(&client, n, kind == SWALLOW);
	else if (kind <= POUR)
		stream(&client, kind == SWALLOW);
	else if (n == 1)
		one_by_one(&client, kind == ANSWER_ONCE);
	else
		at_once(&client, n, kind == ANSWER_ONCE);
	printf("%.1f\n",
	       (double)client.done / (client.until - client.count_from));
	return 0;
}

int main(int argc, char **argv)
{
	memset(chunk, 'x', sizeof(chunk));
	if (argc == 4 && !strcmp(argv[1], "serve"))
		return serve_all(atoi(argv[2]), (uint16_t)atoi(argv[3]));
	if (argc == 8 && !strcmp(argv[1], "drive"))
		return drive(argv + 2);
	fprintf(stderr, "bench-load serve CPU PORT\n"
			"bench-load drive CPU send|receive|rr|crr ADDRESS PORT "
			"SECONDS CLIENTS\n");
	return 2;
}
