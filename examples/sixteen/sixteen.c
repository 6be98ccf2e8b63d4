/* SPDX-License-Identifier: MIT */
/*
 * Sixteen octets each way, as the Python pair beside this file does.
 *
 *	sixteen server [ADDRESS [PORT [COUNT]]]
 *	sixteen client [ADDRESS [PORT]]
 *
 * What belongs together is gathered in a loop: TCP keeps the order of octets
 * and knows nothing of messages (notes 000, section 4.7).
 */
#include "../net.h"

#define SIZE 16

static void serve(int listener, long count)
{
	char said[SIZE];

	printf("server: listening at %s\n", own_of(listener));
	fflush(stdout);
	do {
		int fd = accept(listener, NULL, NULL);
		ssize_t n;

		if (fd < 0)
			fail("accept");
		n = recv_exact(fd, said, SIZE);
		if (n == SIZE) {
			printf("server: %s says %.16s\n", peer_of(fd), said);
			send_all(fd, "Farewell, client", SIZE);
		} else {
			printf("server: %s ended after %zd octets\n",
			       peer_of(fd), n);
		}
		fflush(stdout);
		close(fd);
	} while (--count != 0);
}

static int ask(int fd)
{
	char answer[SIZE];
	ssize_t n;

	printf("client: %s is my end\n", own_of(fd));
	if (send_all(fd, "Hi there, server", SIZE) < 0)
		fail("send");
	n = recv_exact(fd, answer, SIZE);
	if (n < 0)
		fail("recv");
	printf("client: the server says %.*s\n", (int)n, answer);
	close(fd);
	return n != SIZE;
}

int main(int argc, char **argv)
{
	const char *address = argc > 2 ? argv[2] : "127.0.0.1";
	const char *port = argc > 3 ? argv[3] : "1060";

	if (argc > 1 && !strcmp(argv[1], "client"))
		return ask(connect_to(address, port));
	if (argc < 2 || strcmp(argv[1], "server")) {
		fputs("usage: sixteen server|client [ADDRESS [PORT]]\n",
		      stderr);
		return 2;
	}
	serve(listen_at(address, port, 8), argc > 4 ? atol(argv[4]) : 1);
	return 0;
}
