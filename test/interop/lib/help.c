/* SPDX-License-Identifier: MIT */
/* What the questions need again and again. */
#include "same.h"

#define ROUND 32

/* Texts live until so many others have been made. */
static char *room(size_t size)
{
	static _Thread_local char *ring[ROUND];
	static _Thread_local unsigned next;

	next = (next + 1) % ROUND;
	free(ring[next]);
	ring[next] = calloc(1, size);
	if (!ring[next])
		abort();
	return ring[next];
}

const char *res(long rc)
{
	const char *name = strerrorname_np(errno);
	char *text;

	if (rc < 0)
		return name ? name : "errno?";
	text = room(24);
	snprintf(text, 24, "%ld", rc);
	return text;
}

const char *bits(unsigned events)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{POLLIN, "IN"},		{POLLPRI, "PRI"},
		{POLLOUT, "OUT"},	{POLLERR, "ERR"},
		{POLLHUP, "HUP"},	{POLLNVAL, "NVAL"},
		{POLLRDNORM, "rdnorm"}, {POLLRDBAND, "rdband"},
		{POLLWRNORM, "wrnorm"}, {POLLWRBAND, "wrband"},
		{0x2000, "RDHUP"},
	};
	char *text = room(80);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(events & names[i].bit))
			continue;
		if (*text)
			strcat(text, "|");
		strcat(text, names[i].name);
	}
	return *text ? text : "-";
}

void settle(void)
{
	S->pause_ms(10);
}

int fresh(void)
{
	return S->socket(AF_INET, SOCK_STREAM, 0);
}

int fresh6(void)
{
	return S->socket(AF_INET6, SOCK_STREAM, 0);
}

int nonblocking(int fd)
{
	return S->fcntl(fd, F_SETFL, O_NONBLOCK);
}

struct sockaddr_in at(int host, int port)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port)};

	in.sin_addr.s_addr = htonl(host ? 0x7f000000u + (unsigned)host : 0);
	return in;
}

int bind_to(int fd, int host, int port)
{
	struct sockaddr_in in = at(host, port);

	return S->bind(fd, (struct sockaddr *)&in, sizeof(in));
}

int connect_to(int fd, int host, int port)
{
	struct sockaddr_in in = at(host, port);

	return S->connect(fd, (struct sockaddr *)&in, sizeof(in));
}

int port_of(int fd)
{
	struct sockaddr_in6 in = {.sin6_family = 0};
	socklen_t len = sizeof(in);

	/* The port lies at the same place in both. */
	S->getsockname(fd, (struct sockaddr *)&in, &len);
	return ntohs(in.sin6_port);
}

int listener(int backlog)
{
	int fd = fresh();

	bind_to(fd, 1, 0);
	S->listen(fd, backlog);
	return fd;
}

int set_int(int fd, int level, int opt, int value)
{
	return S->setsockopt(fd, level, opt, &value, sizeof(value));
}

int get_int(int fd, int level, int opt)
{
	socklen_t len = sizeof(int);
	int value = 0;
	int rc = S->getsockopt(fd, level, opt, &value, &len);

	return rc ? rc : value;
}

const char *error_of(int fd)
{
	int err = get_int(fd, SOL_SOCKET, SO_ERROR);
	const char *name = strerrorname_np(err);

	return !err ? "none" : name ? name : "errno?";
}

const char *events_of(int fd)
{
	struct pollfd p = {fd, 0x23ff & ~POLLNVAL, 0};

	S->poll(&p, 1, 0);
	return bits((unsigned short)p.revents);
}

const char *read_text(int fd, size_t len, int flags)
{
	char *text = room(len + 4);
	ssize_t n;

	memset(text, 0, len + 4);
	n = S->recv(fd, text + 1, len, flags);
	if (n < 0)
		return res(n);
	text[0] = '"';
	text[n + 1] = '"';
	text[n + 2] = '\0';
	return text;
}

int send_text(int fd, const char *text, int flags)
{
	return (int)S->send(fd, text, strlen(text), flags);
}

void make_pair(int fd[2])
{
	int lst = listener(8);

	fd[0] = fresh();
	connect_to(fd[0], 1, port_of(lst));
	fd[1] = S->accept4(lst, NULL, NULL, 0);
	S->close(lst);
}

void close_pair(const int fd[2])
{
	S->close(fd[0]);
	S->close(fd[1]);
}

void set_linger(int fd, int on, int seconds)
{
	struct linger linger = {on, seconds};

	S->setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

void reset(int fd)
{
	set_linger(fd, 1, 0);
	S->close(fd);
	settle();
}

void set_time(int fd, int opt, long us)
{
	struct timeval tv = {us / 1000000, us % 1000000};

	S->setsockopt(fd, SOL_SOCKET, opt, &tv, sizeof(tv));
}

int dead_port(void)
{
	int fd = fresh();
	int port;

	bind_to(fd, 1, 0);
	port = port_of(fd);
	S->close(fd);
	return port;
}

/* --------------------------------------------------------------- later -- */

struct later {
	pthread_t thread;
	unsigned ms;
	void (*run)(int fd);
	int fd;
};

static void *later_main(void *ctx)
{
	struct later *later = ctx;

	S->pause_ms(later->ms);
	later->run(later->fd);
	S->threads(-1);
	return NULL;
}

struct later *later(unsigned ms, void (*run)(int fd), int fd)
{
	struct later *later = calloc(1, sizeof(*later));

	if (!later)
		abort();
	*later = (struct later){.ms = ms, .run = run, .fd = fd};
	S->threads(1);
	if (pthread_create(&later->thread, NULL, later_main, later))
		abort();
	return later;
}

void later_join(struct later *later)
{
	/* On a virtual clock it must not be waited for, so to speak. */
	S->threads(-1);
	pthread_join(later->thread, NULL);
	S->threads(1);
	free(later);
}
