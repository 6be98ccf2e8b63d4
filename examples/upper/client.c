/* SPDX-License-Identifier: MIT */
/*
 * The client of notes 004: sends its arguments, prints what comes back.
 *
 *	client ADDRESS PORT TEXT...
 *
 * It ends its own direction first (SHUT_WR): the server sees the end of the
 * stream, answers what is left, and closes; the answer is complete when recv
 * says 0, not when some count of octets came.
 */
#include "../net.h"

int main(int argc, char **argv)
{
	char piece[4096];
	ssize_t n;
	int fd;

	if (argc < 4) {
		fputs("usage: client ADDRESS PORT TEXT...\n", stderr);
		return 2;
	}
	fd = connect_to(argv[1], argv[2]);
	for (int i = 3; i < argc; i++)
		if (send_all(fd, argv[i], strlen(argv[i])) < 0 ||
		    send_all(fd, i + 1 < argc ? " " : "\n", 1) < 0)
			fail("send");
	shutdown(fd, SHUT_WR);
	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
		fwrite(piece, 1, (size_t)n, stdout);
	if (n < 0)
		fail("recv");
	close(fd);
	return 0;
}
