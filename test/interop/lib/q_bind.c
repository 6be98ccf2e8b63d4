/* SPDX-License-Identifier: MIT */
/* What fresh, bound and listening sockets say; who may share a port. */
#include "same.h"

/* Notes: row 1. */
static void fresh_says(void)
{
	int fd = fresh();

	nonblocking(fd);
	say("events %s", events_of(fd));
	say("recv %s", read_text(fd, 1, 0));
	say("peek %s", read_text(fd, 1, MSG_PEEK));
	say("send %s", res(send_text(fd, "x", MSG_NOSIGNAL)));
	say("accept %s", res(S->accept4(fd, NULL, NULL, 0)));
	say("getpeername %s", res(S->getpeername(fd, NULL, NULL)));
	say("shutdown %s", res(S->shutdown(fd, SHUT_RDWR)));
	say("shutdown 3 %s", res(S->shutdown(fd, 3)));
	say("port %d", port_of(fd));
	say("error %s", error_of(fd));
	S->close(fd);
}

static void no_such_sockets(void)
{
	static const int kinds[][3] = {
		{AF_INET, SOCK_STREAM, 17},  {AF_INET, SOCK_STREAM, 1},
		{AF_INET, SOCK_STREAM, -1},  {AF_INET, SOCK_STREAM, 70000},
		{AF_INET6, SOCK_STREAM, 17}, {AF_INET, 0x4000 | 1, 0},
		{99, SOCK_STREAM, 0},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		say("%zu %s", i,
		    res(S->socket(kinds[i][0], kinds[i][1], kinds[i][2])));
}

static void bad_descriptors(void)
{
	struct pollfd p = {-5, POLLIN, 77}, q = {0x7ffffff, POLLIN, 0};
	char c;

	say("close %s", res(S->close(0x7ffffff)));
	say("close %s", res(S->close(-1)));
	say("recv %s", res(S->recv(0x7ffffff, &c, 1, 0)));
	say("listen %s", res(S->listen(0x7ffffff, 1)));
	say("dup %s", res(S->dup(0x7ffffff)));
	say("fcntl %s", res(S->fcntl(0x7ffffff, F_GETFL, 0)));
	say("poll negative %s %d", res(S->poll(&p, 1, 0)), p.revents);
	say("poll bad %s %s", res(S->poll(&q, 1, 0)),
	    bits((unsigned short)q.revents));
	say("poll nothing %s", res(S->poll(NULL, 0, 0)));
}

static void bound_says(void)
{
	int fd = fresh();

	say("bind %s", res(bind_to(fd, 1, 0)));
	nonblocking(fd);
	say("events %s", events_of(fd));
	say("recv %s", read_text(fd, 1, 0));
	say("send %s", res(send_text(fd, "x", MSG_NOSIGNAL)));
	say("again %s", res(bind_to(fd, 1, 0)));
	S->close(fd);
}

/* Notes: rows 14, 15. */
static void listener_says(void)
{
	int fd = listener(8);
	int c = fresh(), n = 0;

	nonblocking(fd);
	say("events %s", events_of(fd));
	say("select %d", S->select(fd));
	say("connect %s", res(connect_to(c, 1, port_of(fd))));
	settle();
	say("events %s", events_of(fd));
	say("select %d", S->select(fd));
	say("recv %s", read_text(fd, 1, 0));
	say("send %s", res(send_text(fd, "x", MSG_NOSIGNAL)));
	say("connect %s", res(connect_to(fd, 1, port_of(fd))));
	say("bind %s", res(bind_to(fd, 1, 0)));
	say("listen %s", res(S->listen(fd, 3)));
	say("acceptconn %d", get_int(fd, SOL_SOCKET, SO_ACCEPTCONN));
	say("peer %s", res(S->getpeername(fd, NULL, NULL)));
	say("fionread %s", res(S->ioctl(fd, FIONREAD, &n)));
	say("unknown ioctl %s", res(S->ioctl(fd, 0x1234, &n)));
	say("accept flags %s", res(S->accept4(fd, NULL, NULL, 1)));
	S->close(S->accept4(fd, NULL, NULL, 0));
	say("events %s", events_of(fd));
	say("accept %s", res(S->accept4(fd, NULL, NULL, 0)));
	say("shut wr %s %s", res(S->shutdown(fd, SHUT_WR)), events_of(fd));
	say("shut rd %s %s", res(S->shutdown(fd, SHUT_RD)), events_of(fd));
	say("accept %s", res(S->accept4(fd, NULL, NULL, 0)));
	say("listen %s", res(S->listen(fd, 3)));
	S->close(fd);
	S->close(c);
}

static void listen_unbound(void)
{
	int fd = fresh(), c = fresh();

	say("listen %s", res(S->listen(fd, 1)));
	say("connect %s", res(connect_to(c, 1, port_of(fd))));
	S->close(fd);
	S->close(c);
}

static void bind_refuses(void)
{
	static const unsigned addrs[] = {0xcb007105, 0xffffffff, 0xe0000001,
					 0x7f090807, 0};
	struct sockaddr_in in = at(1, 0);
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	int fd;

	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		fd = fresh();
		in.sin_addr.s_addr = htonl(addrs[i]);
		say("%zu %s", i,
		    res(S->bind(fd, (struct sockaddr *)&in, sizeof(in))));
		S->close(fd);
	}
	fd = fresh6();
	in6.sin6_addr.s6_addr[0] = 0x20;
	say("v6 %s", res(S->bind(fd, (struct sockaddr *)&in6, sizeof(in6))));
	S->close(fd);
	fd = fresh();
	in = at(1, 0);
	say("short %s", res(S->bind(fd, (struct sockaddr *)&in, 8)));
	in.sin_family = AF_UNSPEC;
	say("unspec %s", res(S->bind(fd, (struct sockaddr *)&in, sizeof(in))));
	in.sin_family = AF_UNIX;
	say("unix %s", res(S->bind(fd, (struct sockaddr *)&in, sizeof(in))));
	S->close(fd);
}

static void share(int fd, unsigned how)
{
	if (how & 1)
		set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (how & 2)
		set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
}

/* One that nobody has at any address: what is bound to a single address, or for
 * IPv6 alone, may be given a port that a stranger has at another. */
static int free_port(void)
{
	int fd = fresh(), port;

	bind_to(fd, 0, 0);
	port = port_of(fd);
	S->close(fd);
	return port;
}

/* Two sockets, one port: each option, each address, listening or not. */
static void conflict(unsigned one, unsigned two, int a, int b, bool listens)
{
	int first = fresh(), second = fresh();
	int rc;

	share(first, one);
	share(second, two);
	bind_to(first, a, free_port());
	if (listens)
		S->listen(first, 1);
	rc = bind_to(second, b, port_of(first));
	say("%u %u %d %d %d: %s", one, two, a, b, listens, res(rc));
	if (!rc)
		say("  listen %s", res(S->listen(second, 1)));
	S->close(first);
	S->close(second);
}

/* Notes: rows 102, 109. */
static void bind_conflicts(void)
{
	static const int hosts[][2] = {{1, 1}, {0, 1}, {1, 0}, {1, 2}};

	for (unsigned i = 0; i < 4 * 4 * 4 * 2; i++)
		conflict(i & 3, i >> 2 & 3, hosts[i >> 4 & 3][0],
			 hosts[i >> 4 & 3][1], i >> 6);
}

static void bind_across_families(void)
{
	for (int i = 0; i < 4; i++) {
		struct sockaddr_in6 any = {.sin6_family = AF_INET6};
		int a = fresh6(), b = fresh();

		any.sin6_port = htons((uint16_t)free_port());
		set_int(a, IPPROTO_IPV6, IPV6_V6ONLY, i & 1);
		S->bind(a, (struct sockaddr *)&any, sizeof(any));
		S->listen(a, 1);
		say("%d %s", i, res(bind_to(b, i >> 1, port_of(a))));
		S->close(a);
		S->close(b);
	}
}

/* A server closes first, dies and is started again: t7 of the notes. */
static void restart(unsigned one, unsigned two, bool server_first)
{
	int lst = fresh(), c = fresh(), a, again = fresh();
	int port;

	share(lst, one);
	bind_to(lst, 1, 0);
	S->listen(lst, 8);
	port = port_of(lst);
	connect_to(c, 1, port);
	a = S->accept4(lst, NULL, NULL, 0);
	S->close(server_first ? a : c);
	read_text(server_first ? c : a, 1, 0);
	S->close(server_first ? c : a);
	S->close(lst);
	settle();
	share(again, two);
	say("%u %u %d: %s", one, two, server_first,
	    res(bind_to(again, 1, port)));
	S->close(again);
}

/* Notes: rows 32, 39, 48, 51, 102, 105, 106, 107, 108. */
static void restart_in_time_wait(void)
{
	for (unsigned i = 0; i < 2 * 3 * 3; i++)
		restart(i % 3, i / 3 % 3, i / 9);
}

/* t8: a second listener beside the first. Notes: row 109. */
static void second_listener(void)
{
	for (unsigned i = 0; i < 3 * 3; i++) {
		int a = fresh(), b = fresh();

		share(a, i % 3);
		share(b, i / 3);
		bind_to(a, 1, 0);
		S->listen(a, 1);
		say("%u %u: %s", i % 3, i / 3, res(bind_to(b, 1, port_of(a))));
		S->close(a);
		S->close(b);
	}
}

/* truth2: the option may be set before bind, after it, or after listen.
 * Notes: row 104. */
static void when_reuseaddr_is_set(void)
{
	for (int when = 0; when < 3; when++) {
		int lst = fresh(), c = fresh(), a, again = fresh();
		int port;

		share(lst, when == 0);
		bind_to(lst, 1, 0);
		share(lst, when == 1);
		S->listen(lst, 8);
		share(lst, when == 2);
		port = port_of(lst);
		connect_to(c, 1, port);
		a = S->accept4(lst, NULL, NULL, 0);
		S->close(a);
		settle();
		S->close(c);
		S->close(lst);
		settle();
		share(again, 1);
		say("%d %s", when, res(bind_to(again, 1, port)));
		S->close(again);
	}
}

/* Notes: rows 103, 104. */
static void bind_fails_then_works(void)
{
	int lst = listener(1), fd = fresh();

	say("%s", res(bind_to(fd, 1, port_of(lst))));
	S->close(lst);
	say("%s", res(bind_to(fd, 1, 0)));
	S->close(fd);
}

const struct question bind_questions[] = {
	{"fresh socket", fresh_says, false},
	{"sockets that do not exist", no_such_sockets, false},
	{"bad descriptors", bad_descriptors, false},
	{"bound socket", bound_says, false},
	{"listener", listener_says, false},
	{"listen without bind", listen_unbound, false},
	{"bind refuses", bind_refuses, false},
	{"bind conflicts", bind_conflicts, false},
	{"bind across families", bind_across_families, false},
	{"restart in TIME-WAIT", restart_in_time_wait, false},
	{"second listener", second_listener, false},
	{"when SO_REUSEADDR is set", when_reuseaddr_is_set, false},
	{"bind fails, then works", bind_fails_then_works, false},
	{NULL, NULL, false},
};
