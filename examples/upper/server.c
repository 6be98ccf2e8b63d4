/* SPDX-License-Identifier: MIT */
/*
 * The upper-case server of notes 004: one client after the other.
 *
 *	server [ADDRESS [PORT [CLIENTS]]]
 *
 * While it serves one, the next wait in the accept queue: the handshake is the
 * system's work, so they are connected and may already have sent.
 */
#include "upper.h"

int main(int argc, char **argv)
{
	int listener = listen_at(argc > 1 ? argv[1] : "127.0.0.1",
				 argc > 2 ? argv[2] : "8000", 20);
	long clients = argc > 3 ? atol(argv[3]) : 0;

	printf("listening at %s\n", own_of(listener));
	fflush(stdout);
	do {
		struct sockaddr_storage peer;
		socklen_t len = sizeof(peer);
		int fd = accept(listener, (struct sockaddr *)&peer, &len);
		long n;

		if (fd < 0)
			fail("accept");
		n = serve_upper(fd);
		printf("%s: %ld octets\n",
		       name_of((struct sockaddr *)&peer, len), n);
		fflush(stdout);
		close(fd);
	} while (--clients != 0);
	return 0;
}
