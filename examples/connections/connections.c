/* SPDX-License-Identifier: MIT */
/*
 * Short connections against a long one (row 131): the same requests, each over
 * a connection of its own or all over one.
 *
 *	connections server [ADDRESS [PORT]]
 *	connections client short|long REQUESTS [ADDRESS [PORT]]
 *
 * A request is sixteen octets, an answer as many. Run the client under
 * `catenet run --rtt 20ms` and its summary counts handshakes, segments and
 * time.
 */
#include <stdbool.h>
#include <time.h>

#include "../net.h"

#define SIZE 16

static void serve(int listener)
{
	char request[SIZE];

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			fail("accept");
		while (recv_exact(fd, request, SIZE) == SIZE)
			if (send_all(fd, request, SIZE) < 0)
				break;
		close(fd);
	}
}

static void request(int fd, long i)
{
	char said[32], answer[SIZE];

	snprintf(said, sizeof(said), "request %8ld", i % 100000000);
	if (send_all(fd, said, SIZE) < 0)
		fail("send");
	if (recv_exact(fd, answer, SIZE) != SIZE || memcmp(said, answer, SIZE))
		fail("request %ld was not answered", i);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	const bool client = argc > 3 && !strcmp(argv[1], "client");
	const int first = client ? 4 : 2;
	const char *address = argc > first ? argv[first] : "127.0.0.1";
	const char *port = argc > first + 1 ? argv[first + 1] : "8000";
	bool each;
	double began;
	long n;
	int fd = -1;

	if (!client) {
		int listener = listen_at(address, port, 128);

		puts("listening");
		fflush(stdout);
		serve(listener);
	}
	each = !strcmp(argv[2], "short");
	n = atol(argv[3]);
	began = now();
	for (long i = 0; i < n; i++) {
		if (each || fd < 0)
			fd = connect_to(address, port);
		request(fd, i);
		if (each)
			close(fd);
	}
	if (!each)
		close(fd);
	if (each)
		printf("%ld requests over %ld connections\n", n, n);
	else
		printf("%ld requests over 1 connection\n", n);
	fprintf(stderr, "%.3f s\n", now() - began);
	return 0;
}
