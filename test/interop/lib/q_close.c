/* SPDX-License-Identifier: MIT */
/* shutdown three ways, close, reset, copies of a descriptor. */
#include "same.h"

/* Notes: rows 35, 113, 117. */
static void shut_wr(void)
{
	int p[2];

	make_pair(p);
	say("%s", res(S->shutdown(p[0], SHUT_WR)));
	say("%s", res(send_text(p[0], "x", MSG_NOSIGNAL)));
	say("%s", res(S->shutdown(p[0], SHUT_WR)));
	send_text(p[1], "reply", 0);
	settle();
	say("%s", read_text(p[0], 9, 0));
	say("%s %s", read_text(p[1], 9, 0), read_text(p[1], 9, 0));
	close_pair(p);
}

/* t2: what was there and what comes later can be read all the same.
 * Notes: rows 111, 112, 116. */
static void shut_rd(void)
{
	int p[2];

	make_pair(p);
	send_text(p[0], "before", 0);
	settle();
	say("%s", res(S->shutdown(p[1], SHUT_RD)));
	say("%s", events_of(p[1]));
	say("%s", read_text(p[1], 3, 0));
	say("%s %s", read_text(p[1], 9, 0), read_text(p[1], 9, 0));
	say("%d", send_text(p[0], "after", 0));
	settle();
	say("%s %s", read_text(p[1], 9, 0), read_text(p[1], 9, 0));
	say("%s", res(send_text(p[1], "still", MSG_NOSIGNAL)));
	settle();
	say("%s", read_text(p[0], 9, 0));
	say("%s", read_text(p[1], 9, MSG_WAITALL));
	close_pair(p);
}

/* Notes: rows 114, 120. */
static void shut_rdwr(void)
{
	int p[2];

	make_pair(p);
	say("%s", res(S->shutdown(p[0], SHUT_RDWR)));
	settle();
	say("%s %s", events_of(p[0]), events_of(p[1]));
	say("%s", read_text(p[1], 9, 0));
	say("%s", res(send_text(p[1], "x", MSG_NOSIGNAL)));
	settle();
	say("%s", res(send_text(p[1], "x", MSG_NOSIGNAL)));
	say("%s", read_text(p[0], 9, 0));
	say("%s", read_text(p[0], 9, 0));
	say("%s", res(S->shutdown(p[0], SHUT_RDWR)));
	say("%s", res(S->getpeername(p[0], NULL, NULL)));
	close_pair(p);
}

/* Notes: rows 52, 113. */
static void shut_wr_sends_all(void)
{
	static char data[65536];
	size_t sum = 0, got = 0;
	ssize_t n;
	int p[2];

	make_pair(p);
	nonblocking(p[0]);
	while ((n = S->send(p[0], data, sizeof(data), 0)) > 0)
		sum += (size_t)n;
	S->close(p[0]);
	while ((n = S->recv(p[1], data, sizeof(data), 0)) > 0)
		got += (size_t)n;
	say("%s %d", res(n), sum == got);
	S->close(p[1]);
}

static void shut_wakes_readers_run(int fd)
{
	S->shutdown(fd, SHUT_RDWR);
}

static void shut_wakes_readers(void)
{
	struct later *l;
	int p[2];

	make_pair(p);
	l = later(50, shut_wakes_readers_run, p[0]);
	say("%s", read_text(p[0], 9, 0));
	later_join(l);
	close_pair(p);
}

static void shut_listener_run(int fd)
{
	S->shutdown(fd, SHUT_RD);
}

static void shut_wakes_accept(void)
{
	int lst = listener(8);
	struct later *l = later(50, shut_listener_run, lst);

	say("%s", res(S->accept4(lst, NULL, NULL, 0)));
	later_join(l);
	S->close(lst);
}

/* Notes: row 142. */
static void reset_reads(void)
{
	int p[2];

	make_pair(p);
	reset(p[0]);
	say("%s", events_of(p[1]));
	say("%s %s", read_text(p[1], 9, 0), read_text(p[1], 9, 0));
	say("%s", error_of(p[1]));
	say("%s", res(send_text(p[1], "x", MSG_NOSIGNAL)));
	say("%s %s", res(S->getpeername(p[1], NULL, NULL)), events_of(p[1]));
	say("%s", res(S->shutdown(p[1], SHUT_WR)));
	S->close(p[1]);
}

static void reset_sends(void)
{
	int p[2];

	make_pair(p);
	reset(p[0]);
	say("%s", res(send_text(p[1], "x", MSG_NOSIGNAL)));
	say("%s", res(send_text(p[1], "x", MSG_NOSIGNAL)));
	say("%s", read_text(p[1], 9, 0));
	S->close(p[1]);
	make_pair(p);
	reset(p[0]);
	say("%s %s %s", error_of(p[1]), error_of(p[1]), read_text(p[1], 9, 0));
	S->close(p[1]);
}

/* Notes: row 139. */
static void reset_with_data(void)
{
	int p[2];

	make_pair(p);
	send_text(p[0], "data", 0);
	settle();
	reset(p[0]);
	say("%s", events_of(p[1]));
	say("%s %s", read_text(p[1], 9, 0), read_text(p[1], 9, 0));
	S->close(p[1]);
}

static void fin_then_reset(void)
{
	int p[2];

	make_pair(p);
	S->close(p[0]);
	settle();
	say("%s", events_of(p[1]));
	say("%s", read_text(p[1], 9, 0));
	say("%s", res(send_text(p[1], "x", MSG_NOSIGNAL)));
	settle();
	say("%s", events_of(p[1]));
	say("%s", read_text(p[1], 9, 0));
	say("%s", res(send_text(p[1], "x", MSG_NOSIGNAL)));
	say("%s", error_of(p[1]));
	S->close(p[1]);
}

/* t10: acknowledged, and lost. Notes: rows 52, 140. */
static void close_with_unread(void)
{
	int p[2];
	int n = 5;

	make_pair(p);
	send_text(p[0], "unread", 0);
	settle();
	S->ioctl(p[0], TIOCOUTQ, &n);
	say("%d left", n);
	S->close(p[1]);
	settle();
	say("%s", events_of(p[0]));
	say("%s", read_text(p[0], 9, 0));
	say("%s", res(send_text(p[0], "x", MSG_NOSIGNAL)));
	S->close(p[0]);
}

/* t12: the connection closes with the last copy.
 * Notes: rows 98, 119, 120, 121. */
static void copies(void)
{
	int p[2];
	int copy;

	make_pair(p);
	copy = S->dup(p[0]);
	S->close(p[0]);
	settle();
	say("%s", events_of(p[1]));
	say("%d", send_text(copy, "still", 0));
	settle();
	say("%s", read_text(p[1], 9, 0));
	S->close(copy);
	settle();
	say("%s %s", events_of(p[1]), read_text(p[1], 9, 0));
	S->close(p[1]);
	make_pair(p);
	copy = S->dup(p[0]);
	S->shutdown(p[0], SHUT_WR);
	settle();
	say("%s %s", read_text(p[1], 9, 0),
	    res(send_text(copy, "x", MSG_NOSIGNAL)));
	nonblocking(copy);
	say("%d", S->fcntl(p[0], F_GETFL, 0) & O_NONBLOCK);
	S->close(copy);
	close_pair(p);
}

static void read_slowly(int fd)
{
	static char data[65536];

	while (S->recv(fd, data, sizeof(data), 0) > 0)
		;
}

/* With SO_LINGER and a time, close waits for the peer's acknowledgement. */
static void linger_waits(void)
{
	static char data[65536];
	struct later *l;
	int p[2];
	int n = 5;

	make_pair(p);
	set_linger(p[0], 1, 5);
	nonblocking(p[0]);
	while (S->send(p[0], data, sizeof(data), 0) > 0)
		;
	l = later(30, read_slowly, p[1]);
	S->close(p[0]);
	say("%s", res(S->ioctl(p[1], FIONREAD, &n)));
	later_join(l);
	say("%s", read_text(p[1], 1, 0));
	S->close(p[1]);
}

/* Notes: row 139. */
static void linger_option(void)
{
	struct linger linger = {7, 7};
	socklen_t len = sizeof(linger);
	int fd = fresh();

	S->getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len);
	say("%d %d %u", linger.l_onoff, linger.l_linger, len);
	set_linger(fd, 9, 3);
	S->getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len);
	say("%d %d", linger.l_onoff, linger.l_linger);
	say("%s", res(S->setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, 4)));
	set_linger(fd, 0, 0);
	S->getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len);
	say("%d", linger.l_onoff);
	S->close(fd);
}

const struct question close_questions[] = {
	{"SHUT_WR", shut_wr, false},
	{"SHUT_RD", shut_rd, false},
	{"SHUT_RDWR", shut_rdwr, false},
	{"close sends all", shut_wr_sends_all, false},
	{"shutdown wakes who reads", shut_wakes_readers, false},
	{"shutdown wakes who accepts", shut_wakes_accept, false},
	{"reset, then read", reset_reads, false},
	{"reset, then send", reset_sends, false},
	{"reset with data unread", reset_with_data, false},
	{"FIN, then reset", fin_then_reset, false},
	{"close with unread data", close_with_unread, false},
	{"copies of a descriptor", copies, false},
	{"SO_LINGER waits", linger_waits, false},
	{"SO_LINGER as an option", linger_option, false},
	{NULL, NULL, false},
};
