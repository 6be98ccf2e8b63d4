/* SPDX-License-Identifier: MIT */
/*
 * Where a message ends (row 130 of the notes): four ways to say it on a
 * stream that knows no messages.
 *
 *	framing server [ADDRESS [PORT]]		one client, then the end
 *	framing client WAY [ADDRESS [PORT]]	fixed, line, length or header
 *
 * The client's first octet names the way; the server reads messages so framed
 * and answers each with its number and size. The client sends in pieces that
 * have nothing to do with the messages: some hold two, some half of one.
 */
#include <arpa/inet.h>
#include <stdint.h>

#include "../net.h"

#define FIXED 12
#define MESSAGE_MAX 4096 /* whoever trusts a length of the peer pays for it */

static const char *const messages[] = {"twelve octet", "of the same ",
				       "size each   "};
#define N (sizeof(messages) / sizeof(messages[0]))

/* Up to and including the end mark; -1: too long or cut off. */
static ssize_t read_until(int fd, char *into, const char *mark)
{
	const size_t mark_len = strlen(mark);
	size_t n = 0;

	/* An octet at a time is slow and simple: nothing of the next message
	 * is taken. A buffer that keeps what is left over is the fast way. */
	while (n < MESSAGE_MAX) {
		ssize_t got = recv_exact(fd, into + n, 1);

		if (got <= 0)
			return n ? -1 : 0;
		n++;
		if (n >= mark_len &&
		    !memcmp(into + n - mark_len, mark, mark_len))
			return (ssize_t)n;
	}
	return -1;
}

static ssize_t read_length(int fd, char *into)
{
	uint32_t len;
	ssize_t got = recv_exact(fd, &len, sizeof(len));

	if (got == 0)
		return 0;
	if (got != sizeof(len))
		return -1;
	len = ntohl(len);
	if (len > MESSAGE_MAX || recv_exact(fd, into, len) != (ssize_t)len)
		return -1;
	return (ssize_t)len;
}

static ssize_t read_headed(int fd, char *into)
{
	ssize_t n = read_until(fd, into, "\r\n\r\n");
	unsigned long len;
	char *field;

	if (n <= 0)
		return n;
	into[n - 1] = 0;
	field = strstr(into, "Content-Length: ");
	if (!field)
		return -1;
	len = strtoul(field + strlen("Content-Length: "), NULL, 10);
	if (len > MESSAGE_MAX || recv_exact(fd, into, len) != (ssize_t)len)
		return -1;
	return (ssize_t)len;
}

/* Octets of the next message; 0: the stream ended between two; -1: in one. */
static ssize_t read_message(int fd, char way, char *into)
{
	ssize_t n;

	switch (way) {
	case 'f':
		n = recv_exact(fd, into, FIXED);
		return n == FIXED || n == 0 ? n : -1;
	case 'l':
		n = read_until(fd, into, "\n");
		return n > 0 ? n - 1 : n;
	case 'n':
		return read_length(fd, into);
	default:
		return read_headed(fd, into);
	}
}

static int serve(int fd)
{
	char message[MESSAGE_MAX + 1], way;
	ssize_t n;
	int i = 0;

	if (recv_exact(fd, &way, 1) != 1)
		fail("no way was named");
	while ((n = read_message(fd, way, message)) > 0) {
		char answer[64];
		int len = snprintf(answer, sizeof(answer), "%d: %zd octets\n",
				   ++i, n);

		printf("server: %d: %.*s\n", i, (int)n, message);
		send_all(fd, answer, (size_t)len);
	}
	printf("server: %s\n", n ? "cut off in a message" : "the end");
	close(fd);
	return n != 0;
}

static size_t frame(char way, const char *message, char *into)
{
	uint32_t len = htonl((uint32_t)strlen(message));

	switch (way) {
	case 'f':
		return (size_t)sprintf(into, "%s", message);
	case 'l':
		return (size_t)sprintf(into, "%s\n", message);
	case 'n':
		memcpy(into, &len, sizeof(len));
		return sizeof(len) +
		       (size_t)sprintf(into + sizeof(len), "%s", message);
	default:
		return (size_t)sprintf(into,
				       "Content-Type: text/plain\r\n"
				       "Content-Length: %zu\r\n\r\n%s",
				       strlen(message), message);
	}
}

static int ask(char way, int fd)
{
	static const size_t pieces[] = {1, 20, 3, 9, 100};
	char stream[1024] = {way};
	size_t len = 1, at = 0;
	char c;

	for (size_t i = 0; i < N; i++)
		len += frame(way, messages[i], stream + len);
	for (size_t i = 0; at < len; i++) {
		size_t n = pieces[i % 5] < len - at ? pieces[i % 5] : len - at;

		if (send_all(fd, stream + at, n) < 0)
			fail("send");
		at += n;
		usleep(10000);
	}
	shutdown(fd, SHUT_WR);
	while (recv_exact(fd, &c, 1) == 1)
		putchar(c);
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	const int first = argc > 1 && !strcmp(argv[1], "client") ? 3 : 2;
	const char *address = argc > first ? argv[first] : "127.0.0.1";
	const char *port = argc > first + 1 ? argv[first + 1] : "8000";
	int listener, fd;

	if (first == 3 && argc > 2)
		return ask(!strcmp(argv[2], "length") ? 'n' : argv[2][0],
			   connect_to(address, port));
	if (argc < 2 || strcmp(argv[1], "server")) {
		fputs("usage: framing server [ADDRESS [PORT]]\n"
		      "       framing client fixed|line|length|header "
		      "[ADDRESS [PORT]]\n",
		      stderr);
		return 2;
	}
	listener = listen_at(address, port, 1);
	puts("server: listening");
	fflush(stdout);
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		fail("accept");
	return serve(fd);
}
