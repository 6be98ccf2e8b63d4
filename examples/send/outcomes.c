/* SPDX-License-Identifier: MIT */
/*
 * The three outcomes of send (row 136 of the notes), and what its result does
 * not mean (rows 138 and 140).
 *
 *	outcomes
 *
 * The program is its own peer, with small buffers, and does not read.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>

#include "../net.h"

#define LARGE 1000000

static char octets[LARGE];

static void pair(int fd[2])
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(addr);
	const int small = 4096;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (bind(listener, (struct sockaddr *)&addr, len) < 0 ||
	    listen(listener, 1) < 0)
		fail("listen");
	getsockname(listener, (struct sockaddr *)&addr, &len);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	if (connect(fd[0], (struct sockaddr *)&addr, len) < 0)
		fail("connect");
	fd[1] = accept(listener, NULL, NULL);
	if (fd[1] < 0)
		fail("accept");
	close(listener);
}

int main(void)
{
	const struct linger now = {1, 0};
	int fd[2];
	long total = 0;
	ssize_t n;
	char c;

	pair(fd);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	n = send(fd[0], octets, 100, MSG_NOSIGNAL);
	printf("all of it: send of 100 says %zd\n", n);
	n = send(fd[0], octets, LARGE, MSG_NOSIGNAL);
	printf("a part: send of %d says %s\n", LARGE,
	       n > 0 && n < LARGE ? "less" : "something else");
	while (n >= 0) {
		total += n;
		usleep(50000); /* what is on its way makes room */
		n = send(fd[0], octets, LARGE, MSG_NOSIGNAL);
	}
	printf("none: send says -1, %s\n", strerror(errno));
	printf("taken by send: %s, read by the peer: 0\n",
	       total > 0 ? "some" : "nothing");
	close(fd[0]);
	close(fd[1]);

	/* Acknowledged is not read: ten octets arrive, and the peer's program
	 * dies without having looked. */
	pair(fd);
	n = send(fd[0], octets, 10, 0);
	usleep(200000);
	setsockopt(fd[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd[1]);
	usleep(200000);
	printf("acknowledged, then lost: send said %zd, recv says ", n);
	n = recv(fd[0], &c, 1, 0);
	printf("%zd, %s\n", n, n < 0 ? strerror(errno) : "");
	close(fd[0]);
	return 0;
}
