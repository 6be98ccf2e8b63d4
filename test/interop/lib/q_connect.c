/* SPDX-License-Identifier: MIT */
/* connect and accept: what they say in each case. */
#include "same.h"

#include <arpa/inet.h>

static void refused(void)
{
	int fd = fresh(), port = dead_port(), lst = listener(8);

	say("%s", res(connect_to(fd, 1, port)));
	say("%s %s", events_of(fd), error_of(fd));
	say("%s", res(connect_to(fd, 1, port)));
	say("%s", res(connect_to(fd, 1, port_of(lst))));
	say("%s", events_of(fd));
	S->close(fd);
	S->close(lst);
}

static void refused_nonblocking(void)
{
	int fd = fresh();

	nonblocking(fd);
	say("%s", res(connect_to(fd, 1, dead_port())));
	settle();
	say("%s", events_of(fd));
	say("%s %s", error_of(fd), error_of(fd));
	say("%s", events_of(fd));
	say("send %s", res(send_text(fd, "x", MSG_NOSIGNAL)));
	say("recv %s", read_text(fd, 1, 0));
	S->close(fd);
}

static void refused_then_read(void)
{
	int fd = fresh();

	nonblocking(fd);
	connect_to(fd, 1, dead_port());
	settle();
	say("%s", read_text(fd, 1, 0));
	say("%s", read_text(fd, 1, 0));
	say("%s", error_of(fd));
	S->close(fd);
}

static void refused_then_again(void)
{
	int fd = fresh(), port = dead_port();

	nonblocking(fd);
	connect_to(fd, 1, port);
	settle();
	say("%s", res(connect_to(fd, 1, port)));
	say("%s", res(connect_to(fd, 1, port)));
	S->close(fd);
}

/* Notes: row 91. */
static void while_connected(void)
{
	int lst = listener(8);
	int p[2];

	make_pair(p);
	say("%s", res(connect_to(p[0], 1, port_of(lst))));
	say("%s", res(connect_to(p[1], 1, port_of(lst))));
	say("%s", res(S->listen(p[0], 1)));
	say("%s", res(bind_to(p[0], 1, 0)));
	close_pair(p);
	S->close(lst);
}

static void nonblocking_twice(void)
{
	int lst = listener(8), fd = fresh();

	nonblocking(fd);
	say("%s", res(connect_to(fd, 1, port_of(lst))));
	settle();
	say("%s", events_of(fd));
	say("%s", res(connect_to(fd, 1, port_of(lst))));
	say("%s", res(connect_to(fd, 1, port_of(lst))));
	say("%s", error_of(fd));
	S->close(fd);
	S->close(lst);
}

/* listen(0) has room for one; what comes beyond waits. */
static void fill(int lst, int keep[2])
{
	for (int i = 0; i < 2; i++) {
		keep[i] = fresh();
		nonblocking(keep[i]);
		connect_to(keep[i], 1, port_of(lst));
	}
	settle();
}

static void in_progress(void)
{
	int lst = listener(0), fd = fresh();
	int keep[2];
	int n = 5;

	fill(lst, keep);
	nonblocking(fd);
	say("%s", res(connect_to(fd, 1, port_of(lst))));
	say("%s %d", events_of(fd), S->select(fd));
	say("%s", res(connect_to(fd, 1, port_of(lst))));
	say("send %s", res(send_text(fd, "x", MSG_NOSIGNAL)));
	say("recv %s", read_text(fd, 1, 0));
	say("peer %s", res(S->getpeername(fd, NULL, NULL)));
	say("error %s", error_of(fd));
	say("named %d", port_of(fd) > 0);
	say("listen %s", res(S->listen(fd, 1)));
	say("bind %s", res(bind_to(fd, 1, 0)));
	say("inq %s %d", res(S->ioctl(fd, FIONREAD, &n)), n);
	say("outq %s %d", res(S->ioctl(fd, TIOCOUTQ, &n)), n);
	say("shutdown %s", res(S->shutdown(fd, SHUT_RDWR)));
	say("%s", events_of(fd));
	close_pair(keep);
	S->close(fd);
	S->close(lst);
}

/* Notes: rows 24, 85, 86, 88. */
static void backlog_full(void)
{
	int lst = listener(0), accepted = 0, connected = 0;
	int fd[5];

	for (int i = 0; i < 5; i++) {
		fd[i] = fresh();
		nonblocking(fd[i]);
		connect_to(fd[i], 1, port_of(lst));
	}
	settle();
	for (int i = 0; i < 5; i++)
		connected += !strcmp(events_of(fd[i]), "OUT|wrnorm");
	nonblocking(lst);
	while (S->accept4(lst, NULL, NULL, 0) >= 0)
		accepted++;
	say("%d %d", connected, accepted);
	for (int i = 0; i < 5; i++)
		S->close(fd[i]);
	S->close(lst);
}

static void time_limit(void)
{
	int lst = listener(0), fd = fresh();
	int keep[2];

	fill(lst, keep);
	set_time(fd, SO_SNDTIMEO, 100000);
	say("%s", res(connect_to(fd, 1, port_of(lst))));
	say("%s", res(connect_to(fd, 1, port_of(lst))));
	set_time(lst, SO_RCVTIMEO, 50000);
	S->accept4(lst, NULL, NULL, 0);
	close_pair(keep);
	S->close(fd);
	S->close(lst);
}

static void say_name(int fd, int (*ask)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_in6 in = {.sin6_family = 0};
	socklen_t len = sizeof(in);
	char text[INET6_ADDRSTRLEN] = "";
	const void *addr = &((struct sockaddr_in *)&in)->sin_addr;

	if (ask(fd, (struct sockaddr *)&in, &len)) {
		say("  %s", res(-1));
		return;
	}
	if (in.sin6_family == AF_INET6)
		addr = &in.sin6_addr;
	inet_ntop(in.sin6_family, addr, text, sizeof(text));
	say("  %u %d %s", len, in.sin6_family, text);
}

/* Notes: rows 6, 92, 100. */
static void connect_addresses(void)
{
	static const char *const hosts[] = {"::1", "::", "::ffff:127.0.0.1",
					    "ff02::1"};
	struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	int lst = fresh6();
	int fd;

	S->bind(lst, (struct sockaddr *)&any, sizeof(any));
	S->listen(lst, 8);
	for (int host = 0; host < 3; host++) {
		fd = fresh();
		say("%d %s", host, res(connect_to(fd, host, port_of(lst))));
		say_name(fd, S->getpeername);
		say_name(fd, S->getsockname);
		S->close(fd);
	}
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct sockaddr_in6 to = {.sin6_family = AF_INET6};

		fd = fresh6();
		inet_pton(AF_INET6, hosts[i], &to.sin6_addr);
		to.sin6_port = htons((uint16_t)port_of(lst));
		say("%s %s", hosts[i],
		    res(S->connect(fd, (struct sockaddr *)&to, sizeof(to))));
		say_name(fd, S->getpeername);
		say_name(fd, S->getsockname);
		S->close(fd);
	}
	S->close(lst);
}

static void bad_addresses(void)
{
	struct sockaddr_in to = at(1, 1);
	int fd = fresh();

	say("%s", res(S->connect(fd, (struct sockaddr *)&to, 1)));
	say("%s", res(S->connect(fd, (struct sockaddr *)&to, 8)));
	to.sin_family = AF_INET6;
	say("%s", res(S->connect(fd, (struct sockaddr *)&to, sizeof(to))));
	to.sin_family = AF_INET;
	to.sin_addr.s_addr = htonl(0xe0000001);
	say("%s", res(S->connect(fd, (struct sockaddr *)&to, sizeof(to))));
	to.sin_addr.s_addr = htonl(0xffffffff);
	say("%s", res(S->connect(fd, (struct sockaddr *)&to, sizeof(to))));
	S->close(fd);
}

static void short_names(void)
{
	struct sockaddr_in in;
	socklen_t len;
	int p[2];

	make_pair(p);
	memset(&in, 0xee, sizeof(in));
	len = 4;
	say("%s %u", res(S->getsockname(p[0], (struct sockaddr *)&in, &len)),
	    len);
	say("family %d addr %x", in.sin_family, in.sin_addr.s_addr);
	len = 0;
	say("%s %u", res(S->getpeername(p[0], (struct sockaddr *)&in, &len)),
	    len);
	len = (socklen_t)-1;
	say("%s", res(S->getpeername(p[0], (struct sockaddr *)&in, &len)));
	close_pair(p);
}

/* Notes: row 27. */
static void itself(void)
{
	int fd = fresh();

	bind_to(fd, 1, 0);
	say("%s", res(connect_to(fd, 1, port_of(fd))));
	say("%d", send_text(fd, "me", 0));
	say("%s", read_text(fd, 9, 0));
	say("%s", events_of(fd));
	S->shutdown(fd, SHUT_WR);
	settle();
	say("%s %s", read_text(fd, 9, 0), events_of(fd));
	S->close(fd);
}

/* Notes: rows 92, 95. */
static void from_bound_port(void)
{
	int lst = listener(8), fd = fresh(), port, a;
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);

	bind_to(fd, 2, 0);
	port = port_of(fd);
	say("%s", res(connect_to(fd, 1, port_of(lst))));
	a = S->accept4(lst, (struct sockaddr *)&peer, &len, 0);
	say("%d %d %u %x", port == port_of(fd), port == ntohs(peer.sin_port),
	    len, ntohl(peer.sin_addr.s_addr));
	S->close(a);
	S->close(fd);
	S->close(lst);
}

static void dissolved(void)
{
	struct sockaddr unspec = {.sa_family = AF_UNSPEC};
	int lst = listener(8);
	int p[2];

	make_pair(p);
	say("%s", res(S->connect(p[0], &unspec, sizeof(unspec))));
	settle();
	say("%s", read_text(p[1], 1, 0));
	say("%s", events_of(p[0]));
	say("%s", res(connect_to(p[0], 1, port_of(lst))));
	say("%s", events_of(p[0]));
	close_pair(p);
	say("%s", res(S->connect(lst, &unspec, sizeof(unspec))));
	say("%s", events_of(lst));
	S->close(lst);
}

static void accept_flags(void)
{
	int lst = listener(8), c = fresh(), d = fresh(), a;

	connect_to(c, 1, port_of(lst));
	connect_to(d, 1, port_of(lst));
	a = S->accept4(lst, NULL, NULL, SOCK_NONBLOCK);
	say("%d", S->fcntl(a, F_GETFL, 0) & O_NONBLOCK);
	S->close(a);
	nonblocking(lst);
	a = S->accept4(lst, NULL, NULL, SOCK_CLOEXEC);
	say("%d %d", S->fcntl(a, F_GETFL, 0) & O_NONBLOCK,
	    S->fcntl(a, F_GETFD, 0));
	S->close(a);
	S->close(c);
	S->close(d);
	S->close(lst);
}

static void accept_limits(void)
{
	int lst = listener(8), c = fresh(), a;

	set_time(lst, SO_RCVTIMEO, 50000);
	set_time(lst, SO_SNDTIMEO, 60000);
	say("%s", res(S->accept4(lst, NULL, NULL, 0)));
	connect_to(c, 1, port_of(lst));
	a = S->accept4(lst, NULL, NULL, 0);
	say("%s", read_text(a, 1, 0));
	S->close(a);
	S->close(c);
	S->close(lst);
}

static void dial(int port)
{
	int fd = fresh();

	connect_to(fd, 1, port);
	send_text(fd, "hello", 0);
	S->close(fd);
}

/* Notes: rows 25, 84. */
static void accept_waits(void)
{
	int lst = listener(8);
	struct later *l = later(50, dial, port_of(lst));
	int a = S->accept4(lst, NULL, NULL, 0);

	say("%s", read_text(a, 5, MSG_WAITALL));
	say("%s", read_text(a, 5, 0));
	later_join(l);
	S->close(a);
	S->close(lst);
}

static void close_it(int fd)
{
	S->close(fd);
}

/* Each client has a socket of its own, and the server's TIME-WAIT is in
 * nobody's way. Notes: rows 23, 49, 90, 93, 125, 135. */
static void listener_stays(void)
{
	int lst = listener(8), port = port_of(lst);

	for (int i = 0; i < 3; i++) {
		int c = fresh(), a;

		say("connect %s", res(connect_to(c, 1, port)));
		a = S->accept4(lst, NULL, NULL, 0);
		say("new %d same port %d", a != lst && a != c,
		    port_of(a) == port);
		say("listens %d", get_int(lst, SOL_SOCKET, SO_ACCEPTCONN));
		send_text(c, "ask", 0);
		say("%s", read_text(a, 3, MSG_WAITALL));
		send_text(a, "answer", 0);
		say("%s", read_text(c, 6, MSG_WAITALL));
		S->close(a);
		say("end %s", read_text(c, 1, 0));
		S->close(c);
		settle();
	}
	S->close(lst);
}

/* Notes: row 97. */
static void listener_closed(void)
{
	int lst = listener(8), port = port_of(lst);
	int fd[2] = {fresh(), fresh()};
	int a;

	connect_to(fd[0], 1, port);
	connect_to(fd[1], 1, port);
	a = S->accept4(lst, NULL, NULL, 0);
	S->close(lst);
	settle();
	say("unaccepted %s %s", events_of(fd[1]), read_text(fd[1], 1, 0));
	say("accepted %d", send_text(a, "x", 0));
	say("%s", read_text(fd[0], 1, 0));
	lst = fresh();
	say("new %s", res(connect_to(lst, 1, port)));
	S->close(lst);
	S->close(a);
	close_pair(fd);
}

/* Another descriptor of it is closed; the wait goes on. */
static void accept_while_closed(void)
{
	int lst = listener(8);
	struct later *l = later(30, close_it, S->dup(lst));
	int rc;

	set_time(lst, SO_RCVTIMEO, 100000);
	rc = S->accept4(lst, NULL, NULL, 0);
	say("%s", res(rc));
	later_join(l);
	S->close(lst);
}

/* It is accepted, and its peer told, although it has ended. */
static void accept_after_reset(void)
{
	int lst = listener(8), c = fresh(), a, own;
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);

	connect_to(c, 1, port_of(lst));
	own = port_of(c);
	send_text(c, "before", 0);
	settle();
	reset(c);
	a = S->accept4(lst, (struct sockaddr *)&peer, &len, 0);
	say("%d %s", ntohs(peer.sin_port) == own,
	    res(S->getpeername(a, NULL, NULL)));
	say("%s", read_text(a, 9, 0));
	say("%s %s", read_text(a, 9, 0), read_text(a, 9, 0));
	S->close(a);
	S->close(lst);
}

const struct question connect_questions[] = {
	{"connect refused", refused, false},
	{"connect refused, non-blocking", refused_nonblocking, false},
	{"connect refused, then read", refused_then_read, false},
	{"connect refused, then again", refused_then_again, false},
	{"connect while connected", while_connected, false},
	{"connect twice, non-blocking", nonblocking_twice, false},
	{"connect in progress", in_progress, false},
	{"backlog full", backlog_full, false},
	{"connect with a time limit", time_limit, false},
	{"connect to addresses", connect_addresses, false},
	{"connect to bad addresses", bad_addresses, false},
	{"names cut short", short_names, false},
	{"connect to itself", itself, false},
	{"connect from a bound port", from_bound_port, false},
	{"connect dissolved", dissolved, false},
	{"accept's flags", accept_flags, false},
	{"accept's time limit", accept_limits, false},
	{"accept waits", accept_waits, false},
	{"listener stays", listener_stays, false},
	{"listener closed", listener_closed, false},
	{"accept while a copy is closed", accept_while_closed, false},
	{"accept after a reset", accept_after_reset, false},
	{NULL, NULL, false},
};
