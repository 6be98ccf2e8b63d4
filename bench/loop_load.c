/* SPDX-License-Identifier: MIT */
/*
 * Load over ordinary sockets, for bench/run_rows: one process serves, another
 * asks, and either may run under catenet run or another net of user space.
 *
 *	bench-loop_load serve			prints the port; serves until
 *						standard input ends
 *	bench-loop_load in ADDR PORT SECONDS	octets/s, the server sends
 *	bench-loop_load out ADDR PORT SECONDS	octets/s, the server receives
 *	bench-loop_load rr ADDR PORT SECONDS	64 octets there and back, per s
 *	bench-loop_load crr ADDR PORT SECONDS	connect, 64 octets, close, per s
 *
 * The first octet of a connection says which it is.  Streams begin to count
 * after a tenth of their time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECE (128u * 1024)
#define QUESTION 64u

static char piece[PIECE];

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "bench-loop_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void no_delay(int fd)
{
	const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* All of it; false: the stream ended before. */
static int read_all(int fd, char *to, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, to, len);

		if (n <= 0)
			return 0;
		to += n;
		len -= (size_t)n;
	}
	return 1;
}

static int write_all(int fd, const char *from, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, from, len);

		if (n <= 0)
			return 0;
		from += n;
		len -= (size_t)n;
	}
	return 1;
}

/* ----------------------------------------------------------- server -- */

static void serve_one(int fd)
{
	uint64_t got = 1;
	ssize_t n;

	if (!read_all(fd, piece, 1))
		return;
	switch (piece[0]) {
	case 'i':
		while (write_all(fd, piece, PIECE))
			;
		break;
	case 'o':
		while ((n = read(fd, piece, PIECE)) > 0)
			got += (uint64_t)n;
		(void)write_all(fd, (const char *)&got, sizeof(got));
		break;
	case 'r':
		if (!read_all(fd, piece + 1, QUESTION - 1))
			return;
		no_delay(fd);
		do {
			if (!write_all(fd, piece, QUESTION))
				return;
		} while (read_all(fd, piece, QUESTION));
		break;
	case 'c':
		if (read_all(fd, piece + 1, QUESTION - 1))
			(void)write_all(fd, piece, QUESTION);
		break;
	default:
		break;
	}
}

static int serve(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET};
	socklen_t len = sizeof(addr);
	struct pollfd ready[2] = {{.events = POLLIN}, {.events = POLLIN}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	addr.sin_addr.s_addr = htonl(INADDR_ANY);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(fd, 64) || getsockname(fd, (struct sockaddr *)&addr, &len))
		fail("serve");
	printf("%u\n", ntohs(addr.sin_port));
	fflush(stdout);
	ready[0].fd = fd;
	ready[1].fd = STDIN_FILENO;
	while (poll(ready, 2, -1) > 0 && !ready[1].revents) {
		int conn = accept(fd, NULL, NULL);

		if (conn < 0)
			continue;
		serve_one(conn);
		close(conn);
	}
	return 0;
}

/* ----------------------------------------------------------- client -- */

static struct sockaddr_in far;

static int dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&far, sizeof(far)))
		fail("connect");
	return fd;
}

static double load_in(double time)
{
	double begun = seconds(), from = begun + time / 10, now = begun;
	double first = 0;
	uint64_t got = 0;
	int fd = dial();

	if (!write_all(fd, "i", 1))
		fail("in");
	while (now < begun + time) {
		ssize_t n = read(fd, piece, PIECE);

		if (n <= 0)
			fail("in");
		now = seconds();
		if (first > 0)
			got += (uint64_t)n;
		else if (now >= from)
			first = now;
	}
	close(fd);
	return (double)got / (now - first);
}

/* The server's count comes when it has all. */
static double load_out(double time)
{
	double begun = seconds();
	uint64_t got = 0;
	int fd = dial();

	memset(piece, 'o', sizeof(piece));
	do {
		if (!write_all(fd, piece, PIECE))
			fail("out");
	} while (seconds() < begun + time);
	shutdown(fd, SHUT_WR);
	if (!read_all(fd, (char *)&got, sizeof(got)))
		fail("out");
	close(fd);
	return (double)got / (seconds() - begun);
}

static void ask(int fd, char kind)
{
	char question[QUESTION];

	memset(question, kind, sizeof(question));
	if (!write_all(fd, question, QUESTION) ||
	    !read_all(fd, question, QUESTION))
		fail("question");
}

static double load_rr(double time)
{
	double begun, now;
	uint64_t n = 0;
	int fd = dial();

	no_delay(fd);
	ask(fd, 'r');
	begun = seconds();
	do {
		ask(fd, 'r');
		n++;
		now = seconds();
	} while (now < begun + time);
	close(fd);
	return (double)n / (now - begun);
}

static double load_crr(double time)
{
	double begun = seconds(), now;
	uint64_t n = 0;

	do {
		int fd = dial();

		ask(fd, 'c');
		close(fd);
		n++;
		now = seconds();
	} while (now < begun + time);
	return (double)n / (now - begun);
}

static double (*load_of(const char *name))(double)
{
	if (!strcmp(name, "in"))
		return load_in;
	if (!strcmp(name, "out"))
		return load_out;
	if (!strcmp(name, "rr"))
		return load_rr;
	if (!strcmp(name, "crr"))
		return load_crr;
	return NULL;
}

int main(int argc, char **argv)
{
	double (*load)(double);

	signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && !strcmp(argv[1], "serve"))
		return serve();
	load = argc == 5 ? load_of(argv[1]) : NULL;
	far.sin_family = AF_INET;
	if (!load || inet_pton(AF_INET, argv[2], &far.sin_addr) != 1) {
		fprintf(stderr, "usage: bench-loop_load serve | "
				"in|out|rr|crr ADDR PORT SECONDS\n");
		return 2;
	}
	far.sin_port = htons((uint16_t)atoi(argv[3]));
	printf("%.0f\n", load(atof(argv[4])));
	return 0;
}
