/* SPDX-License-Identifier: MIT */
/*
 * Both ends blocked in send, and how that is cured (notes 000, section 6).
 *
 *	deadlock server [ADDRESS [PORT [BUFFER]]]
 *	deadlock client OCTETS [ADDRESS [PORT [BUFFER]]] [--cure]
 *
 * The server answers every piece that it reads at once, in upper case. The
 * client sends all before it reads any: when the four buffers between them
 * are full, the client waits in send for the server to read, and the server
 * waits in send for the client to read. BUFFER sets SO_SNDBUF and SO_RCVBUF
 * of that end, since buffers that tune themselves hide the trap for megabytes.
 * --cure reads while there is something to read, and writes while there is
 * room (poll): no size of buffer, and no size of data, stops it.
 */
#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>

#include "../net.h"

#define PIECE 1024

static char text_at(size_t i)
{
	return (char)('a' + i % 26);
}

static void set_buffers(int fd, const char *size)
{
	const int octets = size ? atoi(size) : 0;

	if (octets <= 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &octets, sizeof(octets));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof(octets));
}

static void serve(int fd)
{
	char piece[PIECE];
	size_t total = 0;
	ssize_t n;

	printf("server: %s is connected\n", peer_of(fd));
	fflush(stdout);
	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			piece[i] = (char)toupper((unsigned char)piece[i]);
		if (send_all(fd, piece, (size_t)n) < 0)
			fail("server: send after %zu octets", total);
		total += (size_t)n;
	}
	if (n < 0)
		fail("server: recv after %zu octets", total);
	printf("server: %zu octets, then the end\n", total);
	fflush(stdout);
	close(fd);
}

/* How many of the octets at p are not what the server should have made of
 * those from number `from` on. */
static size_t wrong(const char *p, size_t n, size_t from)
{
	size_t bad = 0;

	for (size_t i = 0; i < n; i++)
		bad += p[i] != toupper((unsigned char)text_at(from + i));
	return bad;
}

static size_t fill(char *piece, size_t from, size_t total)
{
	size_t n = total - from < PIECE ? total - from : PIECE;

	for (size_t i = 0; i < n; i++)
		piece[i] = text_at(from + i);
	return n;
}

/* All of it out, then all of it in: right only while the buffers hold it. */
static size_t send_then_read(int fd, size_t total, size_t *bad)
{
	char piece[PIECE];
	size_t done = 0;
	ssize_t n;

	while (done < total) {
		size_t len = fill(piece, done, total);

		if (send_all(fd, piece, len) < 0)
			fail("client: send after %zu octets", done);
		done += len;
	}
	shutdown(fd, SHUT_WR);
	done = 0;
	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0) {
		*bad += wrong(piece, (size_t)n, done);
		done += (size_t)n;
	}
	return done;
}

/* Whatever is possible first. */
static size_t send_and_read(int fd, size_t total, size_t *bad)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN | POLLOUT};
	char out[PIECE], in[PIECE];
	size_t sent = 0, got = 0;
	ssize_t n;

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	for (;;) {
		if (poll(&wait, 1, -1) < 0)
			fail("poll");
		if (wait.revents & POLLOUT && sent < total) {
			size_t len = fill(out, sent, total);

			n = send(fd, out, len, MSG_NOSIGNAL);
			if (n < 0 && errno != EAGAIN)
				fail("client: send after %zu octets", sent);
			sent += n > 0 ? (size_t)n : 0;
			if (sent == total) {
				shutdown(fd, SHUT_WR);
				wait.events = POLLIN;
			}
		}
		n = recv(fd, in, sizeof(in), 0);
		if (n == 0)
			return got;
		if (n < 0 && errno != EAGAIN)
			fail("client: recv after %zu octets", got);
		if (n > 0) {
			*bad += wrong(in, (size_t)n, got);
			got += (size_t)n;
		}
	}
}

static int ask(int argc, char **argv)
{
	bool cure = !strcmp(argv[argc - 1], "--cure");
	const size_t total = strtoul(argv[2], NULL, 0);
	size_t bad = 0, got;
	int fd;

	argc -= cure;
	fd = connect_to(argc > 3 ? argv[3] : "127.0.0.1",
			argc > 4 ? argv[4] : "1060");
	set_buffers(fd, argc > 5 ? argv[5] : NULL);
	printf("client: sending %zu octets %s\n", total,
	       cure ? "and reading meanwhile" : "before reading any");
	fflush(stdout);
	got = cure ? send_and_read(fd, total, &bad) :
		     send_then_read(fd, total, &bad);
	printf("client: %zu octets came back, %zu of them wrong\n", got, bad);
	close(fd);
	return got != total || bad;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "client"))
		return ask(argc, argv);
	if (argc > 1 && !strcmp(argv[1], "server")) {
		int listener = listen_at(argc > 2 ? argv[2] : "127.0.0.1",
					 argc > 3 ? argv[3] : "1060", 8);
		int fd;

		/* Those that are accepted inherit the sizes. */
		set_buffers(listener, argc > 4 ? argv[4] : NULL);
		puts("server: listening");
		fflush(stdout);
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			fail("accept");
		serve(fd);
		return 0;
	}
	fputs("usage: deadlock server [ADDRESS [PORT [BUFFER]]]\n"
	      "       deadlock client OCTETS [ADDRESS [PORT [BUFFER]]] "
	      "[--cure]\n",
	      stderr);
	return 2;
}
