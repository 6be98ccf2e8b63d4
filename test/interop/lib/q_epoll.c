/* SPDX-License-Identifier: MIT */
/* epoll in every phase of a connection: level, edge, one shot. */
#include "same.h"

#define ALL                                                                    \
	((uint32_t)(EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLRDNORM | \
		    EPOLLWRNORM))

static int add(int ep, int fd, uint32_t events, int data)
{
	struct epoll_event event = {.events = events, .data = {.fd = data}};

	return S->epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
}

static int modify(int ep, int fd, uint32_t events, int data)
{
	struct epoll_event event = {.events = events, .data = {.fd = data}};

	return S->epoll_ctl(ep, EPOLL_CTL_MOD, fd, &event);
}

/* What an instance says now. */
static void say_ready(const char *when, const char *which, int ep)
{
	struct epoll_event events[8];
	int n = S->epoll_wait(ep, events, 8, 0);

	if (n <= 0)
		say("%s %s: %s", when, which, res(n));
	for (int i = 0; i < n; i++)
		say("%s %s: %d %s", when, which, events[i].data.fd,
		    bits(events[i].events));
}

/* Four instances watch one socket in their own ways. */
struct watch {
	int level, edge, edge_out, once;
};

static struct watch watch(int fd)
{
	struct watch w = {S->epoll_create1(0), S->epoll_create1(0),
			  S->epoll_create1(0), S->epoll_create1(0)};

	add(w.level, fd, ALL, 1);
	add(w.edge, fd, ALL | (uint32_t)EPOLLET, 2);
	add(w.edge_out, fd, EPOLLOUT | (uint32_t)EPOLLET, 3);
	add(w.once, fd, ALL | (uint32_t)EPOLLONESHOT, 4);
	return w;
}

static void say_watch(const char *when, const struct watch *w)
{
	settle();
	for (int i = 0; i < 2; i++) {
		say_ready(when, "level", w->level);
		say_ready(when, "edge", w->edge);
		say_ready(when, "edge out", w->edge_out);
		say_ready(when, "once", w->once);
	}
}

static void unwatch(const struct watch *w)
{
	S->close(w->level);
	S->close(w->edge);
	S->close(w->edge_out);
	S->close(w->once);
}

/* Notes: row 118. */
static void phases_of_peer(void)
{
	struct watch w;
	int p[2];

	make_pair(p);
	w = watch(p[1]);
	say_watch("idle", &w);
	send_text(p[0], "x", 0);
	say_watch("data", &w);
	send_text(p[0], "y", 0);
	say_watch("more data", &w);
	say("%s", read_text(p[1], 1, 0));
	say_watch("half read", &w);
	say("%s", read_text(p[1], 1, 0));
	say_watch("read", &w);
	modify(w.once, p[1], ALL | (uint32_t)EPOLLONESHOT, 5);
	say_watch("armed", &w);
	modify(w.edge, p[1], ALL | (uint32_t)EPOLLET, 6);
	say_watch("edge set again", &w);
	send_text(p[0], "z", 0);
	S->shutdown(p[0], SHUT_WR);
	say_watch("data and FIN", &w);
	say("%s", read_text(p[1], 9, 0));
	say_watch("FIN", &w);
	S->shutdown(p[1], SHUT_WR);
	say_watch("both FIN", &w);
	unwatch(&w);
	close_pair(p);
}

/* Notes: row 118. */
static void phases_of_own(void)
{
	static const char *const names[] = {"RD", "WR", "RDWR"};
	struct watch w;
	int p[2];

	for (int how = SHUT_RD; how <= SHUT_RDWR; how++) {
		make_pair(p);
		w = watch(p[1]);
		say_watch("idle", &w);
		S->shutdown(p[1], how);
		say_watch(names[how], &w);
		send_text(p[0], "x", 0);
		say_watch("data after", &w);
		S->close(p[0]);
		say_watch("peer closed", &w);
		unwatch(&w);
		S->close(p[1]);
	}
}

/* Notes: row 118. */
static void phases_of_reset(void)
{
	struct watch w;
	int p[2];

	make_pair(p);
	w = watch(p[1]);
	say_watch("idle", &w);
	reset(p[0]);
	say_watch("reset", &w);
	say("%s", error_of(p[1]));
	say_watch("error told", &w);
	unwatch(&w);
	S->close(p[1]);
}

static void phases_of_connect(void)
{
	int lst = listener(8), fd = fresh();
	struct watch w = watch(fd);

	say_watch("fresh", &w);
	nonblocking(fd);
	bind_to(fd, 1, 0);
	say_watch("bound", &w);
	connect_to(fd, 1, port_of(lst));
	say_watch("connected", &w);
	unwatch(&w);
	S->close(fd);
	fd = fresh();
	nonblocking(fd);
	w = watch(fd);
	say_watch("fresh", &w);
	connect_to(fd, 1, dead_port());
	say_watch("refused", &w);
	say("%s", error_of(fd));
	say_watch("told", &w);
	unwatch(&w);
	S->close(fd);
	S->close(lst);
}

static void phases_of_listener(void)
{
	int lst = listener(8), c = fresh(), d = fresh();
	struct watch w = watch(lst);

	say_watch("idle", &w);
	connect_to(c, 1, port_of(lst));
	say_watch("one waits", &w);
	connect_to(d, 1, port_of(lst));
	say_watch("two wait", &w);
	S->close(S->accept4(lst, NULL, NULL, 0));
	say_watch("one taken", &w);
	S->close(S->accept4(lst, NULL, NULL, 0));
	say_watch("both taken", &w);
	S->shutdown(lst, SHUT_RD);
	say_watch("shut", &w);
	unwatch(&w);
	S->close(lst);
	S->close(c);
	S->close(d);
}

static void fill(int fd)
{
	static char data[65536];

	nonblocking(fd);
	while (S->send(fd, data, sizeof(data), 0) > 0)
		;
}

static void drain(int fd)
{
	static char data[65536];

	nonblocking(fd);
	while (S->recv(fd, data, sizeof(data), 0) > 0)
		settle();
}

static void phases_of_room(void)
{
	struct watch w;
	int p[2];

	make_pair(p);
	w = watch(p[0]);
	say_watch("idle", &w);
	fill(p[0]);
	say_ready("full", "level", w.level);
	drain(p[1]);
	settle();
	say_ready("room", "level", w.level);
	say_ready("room", "edge", w.edge);
	say_ready("room", "edge", w.edge);
	say_ready("room", "edge out", w.edge_out);
	unwatch(&w);
	close_pair(p);
}

/* A peer that acknowledges makes no edge while there was room all along. */
static void no_edge_without_need(void)
{
	struct watch w;
	int p[2];

	make_pair(p);
	w = watch(p[0]);
	say_watch("idle", &w);
	send_text(p[0], "hello", 0);
	say_watch("acknowledged", &w);
	unwatch(&w);
	close_pair(p);
}

static void phases_of_urgent(void)
{
	struct watch w;
	int p[2];

	make_pair(p);
	w = watch(p[1]);
	say_watch("idle", &w);
	send_text(p[0], "!", MSG_OOB);
	say_watch("urgent", &w);
	say("%s", read_text(p[1], 1, MSG_OOB));
	say_watch("taken", &w);
	unwatch(&w);
	close_pair(p);
}

static void control_refuses(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int ep = S->epoll_create1(0), fd = fresh();

	say("create %s", res(S->epoll_create1(1)));
	say("add %s", res(add(ep, fd, EPOLLIN, 1)));
	say("again %s", res(add(ep, fd, EPOLLIN, 1)));
	say("del %s", res(S->epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL)));
	say("del %s", res(S->epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL)));
	say("mod %s", res(modify(ep, fd, EPOLLIN, 1)));
	say("itself %s", res(add(ep, ep, EPOLLIN, 1)));
	say("not epoll %s", res(add(fd, ep, EPOLLIN, 1)));
	say("bad fd %s", res(add(ep, 0x7ffffff, EPOLLIN, 1)));
	say("bad epoll %s", res(add(0x7ffffff, fd, EPOLLIN, 1)));
	say("bad op %s", res(S->epoll_ctl(ep, 9, fd, &event)));
	say("wait 0 %s", res(S->epoll_wait(ep, &event, 0, 0)));
	say("wait fd %s", res(S->epoll_wait(fd, &event, 1, 0)));
	say("exclusive %s", res(add(ep, fd, EPOLLIN | EPOLLEXCLUSIVE, 1)));
	say("exclusive mod %s", res(modify(ep, fd, EPOLLIN, 1)));
	say("recv %s", read_text(ep, 1, 0));
	S->close(ep);
	S->close(fd);
}

static void copies(void)
{
	int ep = S->epoll_create1(0), copy;
	int p[2];

	make_pair(p);
	copy = S->dup(p[1]);
	add(ep, p[1], EPOLLIN, 1);
	say("copy %s", res(add(ep, copy, EPOLLIN, 2)));
	send_text(p[0], "x", 0);
	settle();
	say_ready("both", "", ep);
	S->close(copy);
	/* The registration stays while any copy does. */
	say_ready("one closed", "", ep);
	S->close(p[1]);
	say_ready("both closed", "", ep);
	S->close(p[0]);
	S->close(ep);
}

static void nested(void)
{
	int outer = S->epoll_create1(0), inner = S->epoll_create1(0);
	int p[2];

	make_pair(p);
	say("%s", res(add(outer, inner, EPOLLIN, 1)));
	say("%s", res(add(inner, outer, EPOLLIN, 1)));
	say("%s", res(add(inner, p[1], EPOLLIN, 2)));
	say_ready("none", "outer", outer);
	send_text(p[0], "x", 0);
	settle();
	say_ready("data", "outer", outer);
	say("poll %s", events_of(inner));
	say_ready("data", "inner", inner);
	say("%s", read_text(p[1], 9, 0));
	say_ready("read", "outer", outer);
	close_pair(p);
	S->close(inner);
	S->close(outer);
}

/* A chain of instances is as long as the kernel's may be, from which end ever
 * it is made. */
static void deep(bool from_the_top)
{
	enum { N = 9 };
	int ep[N];

	for (int i = 0; i < N; i++)
		ep[i] = S->epoll_create1(0);
	for (int i = 0; i < N - 1; i++) {
		int at = from_the_top ? i : N - 2 - i;

		say("%s", res(add(ep[at], ep[at + 1], EPOLLIN, 1)));
	}
	/* In the middle, between what is above and what is below. */
	S->epoll_ctl(ep[1], EPOLL_CTL_DEL, ep[2], NULL);
	say("%s", res(add(ep[4], ep[5], EPOLLIN, 1)));
	say("%s", res(add(ep[1], ep[3], EPOLLIN, 1)));
	say("%s", res(add(ep[1], ep[7], EPOLLIN, 1)));
	for (int i = 0; i < N; i++)
		S->close(ep[i]);
}

static void deep_down(void)
{
	deep(true);
}

static void deep_up(void)
{
	deep(false);
}

/* Of many that are ready each has its turn. */
static void turns(void)
{
	int ep = S->epoll_create1(0);
	struct epoll_event event;
	int fd[3][2];

	for (int i = 0; i < 3; i++) {
		make_pair(fd[i]);
		add(ep, fd[i][1], EPOLLIN, i);
		send_text(fd[i][0], "x", 0);
		settle();
	}
	for (int i = 0; i < 6; i++) {
		say("%d", S->epoll_wait(ep, &event, 1, 0));
		say("%d", event.data.fd);
	}
	for (int i = 0; i < 3; i++)
		close_pair(fd[i]);
	S->close(ep);
}

static void send_x(int fd)
{
	send_text(fd, "x", 0);
}

static void waits(void)
{
	int ep = S->epoll_create1(0);
	struct epoll_event event;
	struct later *l;
	int p[2];

	make_pair(p);
	add(ep, p[1], EPOLLIN, 7);
	say("%d", S->epoll_wait(ep, &event, 1, 30));
	l = later(30, send_x, p[0]);
	say("%d %s", S->epoll_wait(ep, &event, 1, -1), bits(event.events));
	later_join(l);
	close_pair(p);
	S->close(ep);
}

const struct question epoll_questions[] = {
	{"epoll: what the peer does", phases_of_peer, false},
	{"epoll: own shutdown", phases_of_own, false},
	{"epoll: reset", phases_of_reset, false},
	{"epoll: connecting", phases_of_connect, false},
	{"epoll: listening", phases_of_listener, false},
	{"epoll: room to send", phases_of_room, false},
	{"epoll: no edge without need", no_edge_without_need, false},
	{"epoll: urgent data", phases_of_urgent, false},
	{"epoll: what is refused", control_refuses, false},
	{"epoll: copies", copies, false},
	{"epoll: one within another", nested, false},
	{"epoll: many within one another, from outside", deep_down, false},
	{"epoll: many within one another, from inside", deep_up, false},
	{"epoll: turns", turns, false},
	{"epoll: waits", waits, false},
	{NULL, NULL, false},
};
