/* SPDX-License-Identifier: MIT */
/*
 * A server that admits so many connections of one address (notes 003:54).
 *
 *	server [ADDRESS [PORT [LIMIT [CLIENTS]]]]
 *
 * One thread, poll, and a count for each address that is here. Whoever comes
 * above the limit is reset (SO_LINGER 0) and not closed politely: a close
 * leaves the peer nothing to tell it from a server that had nothing to say,
 * and would cost us TIME-WAIT. It ends after CLIENTS connections, refused
 * ones included.
 */
#include <poll.h>
#include <stdbool.h>

#include "../net.h"

#define OPEN_MAX_HERE 1024

struct client {
	int fd;
	char address[NI_MAXHOST];
};

static struct client clients[OPEN_MAX_HERE];
static struct pollfd polls[OPEN_MAX_HERE + 1];
static int n;

static int here(const char *address)
{
	int count = 0;

	for (int i = 0; i < n; i++)
		count += !strcmp(clients[i].address, address);
	return count;
}

static void admit(int fd, const struct sockaddr *peer, socklen_t len, int limit)
{
	const struct linger now = {1, 0};
	struct client *client = &clients[n];

	getnameinfo(peer, len, client->address, sizeof(client->address), NULL,
		    0, NI_NUMERICHOST);
	if (n == OPEN_MAX_HERE || here(client->address) >= limit) {
		printf("%s refused, %d are here\n", client->address,
		       here(client->address));
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(fd);
		return;
	}
	client->fd = fd;
	n++;
	printf("%s admitted, %d are here\n", client->address,
	       here(client->address));
}

/* Echoes; false when the client has gone. */
static bool serve(int fd)
{
	char piece[512];
	ssize_t got = recv(fd, piece, sizeof(piece), 0);

	return got > 0 && send_all(fd, piece, (size_t)got) == got;
}

int main(int argc, char **argv)
{
	int listener = listen_at(argc > 1 ? argv[1] : "127.0.0.1",
				 argc > 2 ? argv[2] : "8000", 128);
	const int limit = argc > 3 ? atoi(argv[3]) : 10;
	long left = argc > 4 ? atol(argv[4]) : -1;

	printf("listening at %s, %d of each address\n", own_of(listener),
	       limit);
	while (left != 0 || n > 0) {
		fflush(stdout);
		polls[0] = (struct pollfd){left ? listener : -1, POLLIN, 0};
		for (int i = 0; i < n; i++)
			polls[i + 1] =
				(struct pollfd){clients[i].fd, POLLIN, 0};
		if (poll(polls, (nfds_t)n + 1, -1) < 0)
			fail("poll");
		for (int i = n - 1; i >= 0; i--) {
			if (!polls[i + 1].revents || serve(clients[i].fd))
				continue;
			close(clients[i].fd);
			printf("%s left\n", clients[i].address);
			clients[i] = clients[--n];
		}
		if (polls[0].revents) {
			struct sockaddr_storage peer;
			socklen_t len = sizeof(peer);
			int fd = accept(listener, (struct sockaddr *)&peer,
					&len);

			if (fd < 0)
				fail("accept");
			admit(fd, (struct sockaddr *)&peer, len, limit);
			left -= left > 0;
		}
	}
	return 0;
}
