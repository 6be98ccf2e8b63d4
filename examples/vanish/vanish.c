/* SPDX-License-Identifier: MIT */
/*
 * The peer that vanished (row 144): no FIN, no RST, nothing. recv does not say
 * 0; without keepalive it waits for ever.
 *
 *	vanish ADDRESS PORT IDLE INTERVAL COUNT		seconds, and probes
 *
 * Connects, says so, and waits in recv with keepalive. Take the path away
 * meanwhile; ETIMEDOUT comes IDLE + INTERVAL * COUNT seconds after the last
 * that was heard.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "../net.h"

static void set(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)) < 0)
		fail("setsockopt");
}

int main(int argc, char **argv)
{
	ssize_t n;
	char c;
	int fd;

	if (argc != 6) {
		fputs("usage: vanish ADDRESS PORT IDLE INTERVAL COUNT\n",
		      stderr);
		return 2;
	}
	fd = connect_to(argv[1], argv[2]);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, atoi(argv[3]));
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, atoi(argv[4]));
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, atoi(argv[5]));
	printf("connected to %s, waiting\n", peer_of(fd));
	fflush(stdout);
	while ((n = recv(fd, &c, 1, 0)) > 0)
		;
	printf("recv says %zd: %s\n", n,
	       n < 0 ? strerror(errno) : "the peer has ended its direction");
	return n < 0 ? 0 : 1;
}
