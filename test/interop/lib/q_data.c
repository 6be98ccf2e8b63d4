/* SPDX-License-Identifier: MIT */
/* Octets in and out. */
#include <linux/tcp.h>
#include <signal.h>

#include "same.h"

/* Notes: row 4. */
static void stream_has_no_boundaries(void)
{
	char data[6144];
	int p[2];

	memset(data, 'x', sizeof(data));
	make_pair(p);
	for (size_t n = 1024; n <= 3072; n += 1024)
		S->send(p[0], data, n, 0);
	settle();
	say("%zd", S->recv(p[1], data, sizeof(data), 0));
	say("%s", read_text(p[1], 1, MSG_DONTWAIT));
	close_pair(p);
}

/* Notes: row 54. */
static void nothing(void)
{
	int p[2];

	make_pair(p);
	say("send %s", res(send_text(p[0], "", 0)));
	settle();
	say("%s", events_of(p[1]));
	say("recv 0 of none %s", read_text(p[1], 0, MSG_DONTWAIT));
	send_text(p[0], "data", 0);
	settle();
	say("recv 0 of some %s", read_text(p[1], 0, 0));
	say("%s", read_text(p[1], 9, 0));
	S->close(p[0]);
	settle();
	say("recv 0 at the end %s", read_text(p[1], 0, 0));
	S->close(p[1]);
}

static void send_ghi(int fd)
{
	send_text(fd, "ghi", 0);
}

static void close_it(int fd)
{
	S->close(fd);
}

/* Notes: row 82. */
static void peek_and_waitall(void)
{
	struct later *l;
	int p[2];

	make_pair(p);
	send_text(p[0], "abcdef", 0);
	settle();
	say("%s", read_text(p[1], 3, MSG_PEEK));
	say("%s", read_text(p[1], 3, 0));
	l = later(50, send_ghi, p[0]);
	say("%s", read_text(p[1], 6, MSG_WAITALL | MSG_PEEK));
	later_join(l);
	say("%s", read_text(p[1], 6, MSG_WAITALL));
	l = later(50, close_it, p[0]);
	say("%s", read_text(p[1], 6, MSG_WAITALL));
	later_join(l);
	S->close(p[1]);
}

/* Notes: rows 53, 82. */
static void waitall_cut_short(void)
{
	struct later *l;
	int p[2];

	make_pair(p);
	send_text(p[0], "abc", 0);
	l = later(50, close_it, p[0]);
	say("%s", read_text(p[1], 6, MSG_WAITALL));
	later_join(l);
	S->close(p[1]);
	make_pair(p);
	send_text(p[0], "abc", 0);
	set_time(p[1], SO_RCVTIMEO, 50000);
	say("%s", read_text(p[1], 6, MSG_WAITALL | MSG_PEEK));
	say("%s", read_text(p[1], 6, MSG_WAITALL));
	say("%s", read_text(p[1], 6, MSG_WAITALL));
	send_text(p[0], "abc", 0);
	settle();
	say("%s", read_text(p[1], 6, MSG_WAITALL | MSG_DONTWAIT));
	set_linger(p[0], 1, 0);
	send_text(p[0], "abc", 0);
	settle();
	l = later(20, close_it, p[0]);
	set_time(p[1], SO_RCVTIMEO, 0);
	say("%s", read_text(p[1], 6, MSG_WAITALL));
	say("%s", read_text(p[1], 6, MSG_WAITALL));
	later_join(l);
	S->close(p[1]);
}

static void send_ghijk(int fd)
{
	send_text(fd, "ghijk", 0);
}

static void low_water(void)
{
	struct later *l;
	int p[2];

	make_pair(p);
	set_int(p[1], SOL_SOCKET, SO_RCVLOWAT, 5);
	send_text(p[0], "abc", 0);
	settle();
	say("%s", events_of(p[1]));
	say("%s", read_text(p[1], 9, MSG_DONTWAIT));
	/* What is already taken does not count for the kernel's waking: it
	 * wants five that are new. */
	send_text(p[0], "abc", 0);
	l = later(50, send_ghijk, p[0]);
	say("%s", read_text(p[1], 9, 0));
	later_join(l);
	send_text(p[0], "abc", 0);
	say("%s", read_text(p[1], 2, 0));
	S->shutdown(p[0], SHUT_WR);
	settle();
	say("%s %s", events_of(p[1]), read_text(p[1], 9, 0));
	close_pair(p);
}

/* Notes: row 122. */
static void octets_waiting(void)
{
	int p[2];
	int n = -1;

	make_pair(p);
	send_text(p[0], "12345", 0);
	settle();
	say("%s", res(S->ioctl(p[1], FIONREAD, &n)));
	say("%d", n);
	say("%s", res(S->ioctl(p[0], TIOCOUTQ, &n)));
	say("%d", n);
	n = 1;
	say("%s", res(S->ioctl(p[1], FIONBIO, &n)));
	say("%d", S->fcntl(p[1], F_GETFL, 0) & (O_NONBLOCK | O_ACCMODE));
	close_pair(p);
}

static void discard(void)
{
	char data[8] = "......";
	int p[2];

	make_pair(p);
	send_text(p[0], "abcdef", 0);
	settle();
	say("%zd %s", S->recv(p[1], data, 3, MSG_TRUNC), data);
	say("%s", read_text(p[1], 9, 0));
	close_pair(p);
}

/* Notes: row 83. */
static void addresses_of_a_stream(void)
{
	struct sockaddr_in to = at(1, 1);
	socklen_t len = sizeof(to);
	char data[16] = "";
	int p[2];

	make_pair(p);
	say("%s", res(S->sendto(p[0], "xyz", 3, 0, (struct sockaddr *)&to,
				sizeof(to))));
	settle();
	to.sin_port = 77;
	say("%zd", S->recvfrom(p[1], data, 2, 0, (struct sockaddr *)&to, &len));
	say("%s %u %u", data, len, to.sin_port);
	close_pair(p);
}

static void pieces(void)
{
	char a[3] = "", b[3] = "", control[64];
	char one[] = "one", two[] = "two";
	struct iovec out[3] = {{one, 3}, {a, 0}, {two, 3}};
	struct iovec in[3] = {{a, 2}, {NULL, 0}, {b, 2}};
	struct sockaddr_in from;
	struct msghdr msg = {.msg_iov = in,
			     .msg_iovlen = 3,
			     .msg_name = &from,
			     .msg_namelen = sizeof(from),
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	int p[2];

	make_pair(p);
	say("%zd", S->writev(p[0], out, 3));
	settle();
	say("%zd %u", S->recvmsg(p[1], &msg, MSG_PEEK), msg.msg_namelen);
	say("%.2s %.2s %zu %x", a, b, msg.msg_controllen, msg.msg_flags);
	say("%zd %.2s %.2s", S->readv(p[1], in, 3), a, b);
	say("%s", read_text(p[1], 9, 0));
	say("%s", res(S->readv(p[1], in, -1)));
	say("%s", res(S->writev(p[1], out, 2000)));
	msg.msg_iovlen = 2000;
	say("%s", res(S->sendmsg(p[1], &msg, 0)));
	say("%zd", S->writev(p[0], out, 0));
	say("%s", res(S->send(p[0], NULL, 5, 0)));
	close_pair(p);
}

/* TCP_INQ: how much is left, beside what is read. */
static void left_to_read(void)
{
	char data[4], control[64];
	struct iovec in = {data, sizeof(data)};
	struct msghdr msg = {.msg_iov = &in, .msg_iovlen = 1};
	int p[2];

	make_pair(p);
	say("%s", res(set_int(p[1], IPPROTO_TCP, TCP_INQ, 2)));
	say("%s", res(set_int(p[1], IPPROTO_TCP, TCP_INQ, 1)));
	say("%s", res(get_int(p[1], IPPROTO_TCP, TCP_INQ)));
	send_text(p[0], "abcdefghij", 0);
	S->close(p[0]);
	settle();
	for (int i = 0; i < 4; i++) {
		int left = -1;
		ssize_t n;

		msg.msg_control = i == 1 ? NULL : control;
		msg.msg_controllen = i == 1 ? 0 : sizeof(control);
		n = S->recvmsg(p[1], &msg, 0);
		if (msg.msg_controllen)
			memcpy(&left, CMSG_DATA(CMSG_FIRSTHDR(&msg)), 4);
		say("%zd left %d, %zu %x", n, left, msg.msg_controllen,
		    msg.msg_flags);
	}
	S->close(p[1]);
}

/* Reads all there is to come, and counts. */
static size_t drain(int fd)
{
	static char data[1 << 20];
	size_t sum = 0;
	ssize_t n;

	while ((n = S->recv(fd, data, sizeof(data), 0)) > 0)
		sum += (size_t)n;
	return sum;
}

/* Notes: rows 63, 81, 113, 136, 138. */
static void send_until_full(void)
{
	static char data[65536];
	size_t sum = 0;
	ssize_t n;
	int p[2];

	make_pair(p);
	nonblocking(p[0]);
	while ((n = S->send(p[0], data, sizeof(data), 0)) >= 0)
		sum += (size_t)n;
	say("%s %d %s %d", res(n), sum > 50000, events_of(p[0]),
	    S->select(p[0]));
	S->shutdown(p[0], SHUT_WR);
	nonblocking(p[1]);
	sum -= drain(p[1]);
	for (int i = 0; i < 100 && sum; i++) {
		settle();
		sum -= drain(p[1]);
	}
	say("%zu left", sum);
	settle();
	say("%s", events_of(p[0]));
	close_pair(p);
}

#define MUCH 8000000

static void read_much(int fd)
{
	static char data[1 << 16];
	size_t sum = 0;
	ssize_t n;

	while (sum < MUCH && (n = S->recv(fd, data, sizeof(data), 0)) > 0)
		sum += (size_t)n;
}

/* Notes: rows 12, 81. */
static void send_waits(void)
{
	char *data = calloc(1, MUCH);
	struct later *l;
	int p[2];

	make_pair(p);
	set_int(p[0], SOL_SOCKET, SO_SNDBUF, 65536);
	l = later(50, read_much, p[1]);
	say("%zd", S->send(p[0], data, MUCH, 0));
	later_join(l);
	set_time(p[0], SO_SNDTIMEO, 50000);
	while (S->send(p[0], data, MUCH, 0) > 0)
		;
	say("%s", res(-1));
	close_pair(p);
	free(data);
}

static void time_limits(void)
{
	int p[2];

	make_pair(p);
	set_time(p[1], SO_RCVTIMEO, 50000);
	say("%s", read_text(p[1], 1, 0));
	set_time(p[1], SO_RCVTIMEO, 0);
	say("%s", read_text(p[1], 1, MSG_DONTWAIT));
	set_time(p[1], SO_RCVTIMEO, -1000000);
	say("%s", read_text(p[1], 1, 0));
	close_pair(p);
}

static void urgent(void)
{
	int p[2];
	int n = -1;

	make_pair(p);
	say("none %s", read_text(p[1], 1, MSG_OOB));
	send_text(p[0], "ab", 0);
	send_text(p[0], "!", MSG_OOB);
	send_text(p[0], "cd", 0);
	settle();
	say("%s %d", events_of(p[1]), S->select(p[1]));
	S->ioctl(p[1], SIOCATMARK, &n);
	say("mark %d", n);
	say("%s", read_text(p[1], 9, 0));
	S->ioctl(p[1], SIOCATMARK, &n);
	say("mark %d", n);
	say("peek %s", read_text(p[1], 1, MSG_OOB | MSG_PEEK));
	say("%s", read_text(p[1], 1, MSG_OOB));
	say("%s", read_text(p[1], 1, MSG_OOB));
	say("%s", read_text(p[1], 9, 0));
	say("%s", events_of(p[1]));
	close_pair(p);
}

static void urgent_inline(void)
{
	int p[2];
	int n = -1;

	make_pair(p);
	set_int(p[1], SOL_SOCKET, SO_OOBINLINE, 1);
	send_text(p[0], "ab", 0);
	send_text(p[0], "!", MSG_OOB);
	settle();
	say("%s", read_text(p[1], 9, 0));
	S->ioctl(p[1], SIOCATMARK, &n);
	say("mark %d", n);
	say("%s", read_text(p[1], 9, 0));
	say("%s", read_text(p[1], 1, MSG_OOB));
	close_pair(p);
}

static int caught;

static void catch (int number)
{
	(void)number;
	caught++;
}

/* Notes: row 113. */
static void sigpipe(void)
{
	struct sigaction action = {.sa_handler = catch}, before;
	int p[2];

	sigaction(SIGPIPE, &action, &before);
	caught = 0;
	make_pair(p);
	S->shutdown(p[0], SHUT_WR);
	say("%s %d", res(send_text(p[0], "x", 0)), caught);
	say("%s %d", res(send_text(p[0], "x", MSG_NOSIGNAL)), caught);
	close_pair(p);
	sigaction(SIGPIPE, &before, NULL);
}

/* ------------------------------------------------------------- signals -- */

static pthread_t waiting;
static pid_t waiting_tid;

/* It sleeps in its call: a signal that came before would interrupt nothing. */
static void wait_until_it_sleeps(void)
{
	char path[64], state = ' ';

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat",
		 (int)waiting_tid);
	for (int i = 0; i < 60000 && state != 'S'; i++) {
		FILE *file = fopen(path, "re");

		/* 1 (name) S */
		if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			state = ' ';
		if (file)
			fclose(file);
		usleep(1000);
	}
}

static void send_signal(int fd)
{
	(void)fd;
	wait_until_it_sleeps();
	pthread_kill(waiting, SIGUSR1);
}

static void send_signal_then(int fd)
{
	wait_until_it_sleeps();
	pthread_kill(waiting, SIGUSR1);
	S->pause_ms(50);
	send_text(fd, "late", 0);
}

static void handle(int flags)
{
	struct sigaction action = {.sa_handler = catch, .sa_flags = flags};

	sigaction(SIGUSR1, &action, NULL);
	caught = 0;
	waiting = pthread_self();
	waiting_tid = gettid();
}

static void interrupted(void)
{
	struct pollfd poll_fd;
	struct later *l;
	int p[2];

	make_pair(p);
	handle(0);
	l = later(50, send_signal, 0);
	say("recv %s %d", read_text(p[1], 9, 0), caught);
	later_join(l);
	l = later(50, send_signal, 0);
	poll_fd = (struct pollfd){p[1], POLLIN, 0};
	say("poll %s", res(S->poll(&poll_fd, 1, 5000)));
	later_join(l);
	handle(SA_RESTART);
	l = later(50, send_signal_then, p[0]);
	say("restarted %s %d", read_text(p[1], 9, 0), caught);
	later_join(l);
	set_time(p[1], SO_RCVTIMEO, 5000000);
	l = later(50, send_signal, 0);
	say("limited %s", read_text(p[1], 9, 0));
	later_join(l);
	send_text(p[0], "abc", 0);
	settle();
	l = later(50, send_signal, 0);
	say("part %s", read_text(p[1], 9, MSG_WAITALL));
	later_join(l);
	l = later(50, send_signal, 0);
	say("poll %s", res(S->poll(&poll_fd, 1, 5000)));
	later_join(l);
	close_pair(p);
}

const struct question data_questions[] = {
	{"a stream has no boundaries", stream_has_no_boundaries, false},
	{"nothing sent, nothing read", nothing, false},
	{"MSG_PEEK and MSG_WAITALL", peek_and_waitall, false},
	{"MSG_WAITALL cut short", waitall_cut_short, false},
	{"SO_RCVLOWAT", low_water, false},
	{"octets waiting", octets_waiting, false},
	{"MSG_TRUNC", discard, false},
	{"addresses of a stream", addresses_of_a_stream, false},
	{"pieces", pieces, false},
	{"what is left to read", left_to_read, false},
	{"send until full", send_until_full, false},
	{"send waits", send_waits, false},
	{"time limits", time_limits, false},
	{"urgent data", urgent, false},
	{"urgent data in line", urgent_inline, false},
	{"SIGPIPE", sigpipe, false},
	{"interrupted", interrupted, true},
	{NULL, NULL, false},
};
