/* SPDX-License-Identifier: MIT */
/*
 * About a hundred questions to the socket calls, one answer a line.  Run once
 * natively and once under supervision, the answers must be the same; a line
 * that may differ begins with "~" and is compared with nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sockios.h>

/* How a connect that failed polls. */
#define FAILED (EPOLLOUT | EPOLLERR | EPOLLHUP)

static char text[256];

static const char *name_of(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "?";
}

/* "3" or "-ECONNRESET" */
static const char *res(long result)
{
	static char ring[8][32];
	static int at;
	char *out = ring[at++ % 8];

	if (result >= 0)
		snprintf(out, 32, "%ld", result);
	else
		snprintf(out, 32, "-%s", name_of(errno));
	return out;
}

static void line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static uint32_t ready(int fd)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP |
					   EPOLLPRI};
	int ep = epoll_create1(EPOLL_CLOEXEC), n;

	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
	n = epoll_wait(ep, &ev, 1, 0);
	close(ep);
	return n > 0 ? ev.events : 0;
}

static const char *polled(int fd)
{
	static char ring[4][48];
	static int at;
	char *out = ring[at++ % 4];
	const uint32_t events = ready(fd);

	if (!events)
		return "-";
	snprintf(out, 48, "%s%s%s%s%s%s", events & EPOLLIN ? "IN " : "",
		 events & EPOLLPRI ? "PRI " : "",
		 events & EPOLLOUT ? "OUT " : "",
		 events & EPOLLERR ? "ERR " : "",
		 events & EPOLLHUP ? "HUP " : "",
		 events & EPOLLRDHUP ? "RDHUP " : "");
	return out;
}

static void nap(int ms)
{
	usleep((unsigned)ms * 1000);
}

/* Waits until it polls as all of these, which others may come with. */
static const char *until(int fd, uint32_t events)
{
	for (int i = 0; i < 2000 && (ready(fd) & events) != events; i++)
		nap(5);
	return polled(fd);
}

/* What comes, without being woken for it: at the mark one may be for nothing. */
static ssize_t take(int fd, char *buf, size_t len)
{
	ssize_t n = -1;

	for (int i = 0; i < 2000; i++) {
		n = recv(fd, buf, len, MSG_DONTWAIT);
		if (n >= 0 || errno != EAGAIN)
			break;
		nap(5);
	}
	return n;
}

static struct sockaddr_in lo(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static int tcp(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int bind_lo(int fd, int port)
{
	struct sockaddr_in addr = lo(port);

	return bind(fd, (struct sockaddr *)&addr, sizeof(addr));
}

static int port_of(int fd)
{
	struct sockaddr_in addr = {0};
	socklen_t len = sizeof(addr);

	getsockname(fd, (struct sockaddr *)&addr, &len);
	return ntohs(addr.sin_port);
}

static int connect_lo(int fd, int port)
{
	struct sockaddr_in addr = lo(port);

	return connect(fd, (struct sockaddr *)&addr, sizeof(addr));
}

static int listener(int *port)
{
	int fd = tcp();

	if (bind_lo(fd, 0) < 0 || listen(fd, 16) < 0)
		perror("listener");
	*port = port_of(fd);
	return fd;
}

/* A connection: c connected, a accepted. */
static void pair(int *c, int *a)
{
	int port, l = listener(&port);

	*c = tcp();
	if (connect_lo(*c, port) < 0)
		perror("pair: connect");
	*a = accept(l, NULL, NULL);
	if (*a < 0)
		perror("pair: accept");
	close(l);
}

static void nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, level, name, &value, &len) < 0)
		return -errno;
	return value;
}

static void reset_close(int fd)
{
	const struct linger now = {1, 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

/* A port that nothing listens on. */
static int dead_port(void)
{
	int port, l = listener(&port);

	close(l);
	nap(10);
	return port;
}

/* ------------------------------------------------------------ questions -- */

static void q_fresh(void)
{
	int s = tcp(), one = 1;
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);

	line("fresh poll %s", polled(s));
	line("fresh options %d %d %d %d %d", option(s, SOL_SOCKET, SO_TYPE),
	     option(s, SOL_SOCKET, SO_DOMAIN),
	     option(s, SOL_SOCKET, SO_PROTOCOL),
	     option(s, SOL_SOCKET, SO_ACCEPTCONN),
	     option(s, SOL_SOCKET, SO_ERROR));
	line("~fresh recv %s", res(recv(s, text, 1, 0)));
	line("~fresh send %s", res(send(s, text, 1, MSG_NOSIGNAL)));
	line("fresh shutdown %s", res(shutdown(s, SHUT_WR)));
	line("fresh accept %s", res(accept(s, NULL, NULL)));
	line("fresh peer %s",
	     res(getpeername(s, (struct sockaddr *)&addr, &len)));
	len = sizeof(addr);
	line("fresh name %s",
	     res(getsockname(s, (struct sockaddr *)&addr, &len)));
	line("family %d len %d", addr.sin_family, (int)len);
	line("fresh flags %d", fcntl(s, F_GETFL) & O_NONBLOCK);
	line("fresh nodelay %s",
	     res(setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one))));
	line("nodelay %d", option(s, IPPROTO_TCP, TCP_NODELAY) != 0);
	line("fresh keepalive %s",
	     res(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one))));
	line("keepalive %d", option(s, SOL_SOCKET, SO_KEEPALIVE));
	line("fresh unknown option %s",
	     res(setsockopt(s, SOL_SOCKET, 9999, &one, sizeof(one))));
	line("fresh set type %s",
	     res(setsockopt(s, SOL_SOCKET, SO_TYPE, &one, sizeof(one))));
	line("fresh unknown level %s", res(getsockopt(s, 9999, 1, text, &len)));
	len = (socklen_t)-1;
	line("negative room %s",
	     res(getsockopt(s, SOL_SOCKET, SO_TYPE, &one, &len)));
	len = 2;
	line("short room %s",
	     res(getsockopt(s, SOL_SOCKET, SO_TYPE, &one, &len)));
	line("short room told %d", (int)len);
	line("bad pointer %s",
	     res(getsockopt(s, SOL_SOCKET, SO_TYPE, (void *)8, &len)));
	close(s);
	s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	line("socket flags %d %d", (fcntl(s, F_GETFL) & O_NONBLOCK) != 0,
	     fcntl(s, F_GETFD));
	close(s);
	line("socket bad type bits %s",
	     res(socket(AF_INET, SOCK_STREAM | 0x10000, 0)));
	line("socket wrong protocol %s", res(socket(AF_INET, SOCK_STREAM, 17)));
	line("socket tcp by datagram %s", res(socket(AF_INET, SOCK_DGRAM, 6)));
	s = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
	line("socket by number %d", option(s, SOL_SOCKET, SO_PROTOCOL));
	close(s);
}

static void q_bind(void)
{
	int port, l = listener(&port), s = tcp(), t;
	struct sockaddr_in addr = lo(port);
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};

	line("bind taken %s", res(bind_lo(s, port)));
	line("bind short %s", res(bind(s, (struct sockaddr *)&addr, 4)));
	line("bind long %s", res(bind(s, (struct sockaddr *)&addr, 4096)));
	line("bind bad pointer %s", res(bind(s, (void *)8, sizeof(addr))));
	line("bind other family %s",
	     res(bind(s, (struct sockaddr *)&six, sizeof(six))));
	addr.sin_addr.s_addr = htonl(0xcb007101); /* 203.0.113.1 */
	addr.sin_port = 0;
	line("bind not ours %s",
	     res(bind(s, (struct sockaddr *)&addr, sizeof(addr))));
	line("bind any port %s", res(bind_lo(s, 0)));
	line("bind twice %s", res(bind_lo(s, 0)));
	line("bound poll %s", polled(s));
	port = port_of(s);
	close(s);
	t = tcp();
	line("bind after close %s", res(bind_lo(t, port)));
	close(t);
	line("bind closed fd %s", res(bind_lo(t, 0)));
	close(l);
	/* A closed listener frees its port at once. */
	for (int i = 0; i < 3; i++) {
		l = tcp();
		line("again bind %s", res(bind_lo(l, port)));
		line("again listen %s", res(listen(l, 1)));
		close(l);
	}
}

static void q_listen(void)
{
	int port, l = listener(&port), c = tcp(), a;
	struct sockaddr_in addr, mine;
	socklen_t len = sizeof(addr);

	line("listener poll %s", polled(l));
	line("listener accepts %d", option(l, SOL_SOCKET, SO_ACCEPTCONN));
	line("listener connect %s", res(connect_lo(l, port)));
	line("listener bind %s", res(bind_lo(l, 0)));
	line("listener again %s", res(listen(l, 5)));
	nonblocking(l);
	line("accept none %s", res(accept(l, NULL, NULL)));
	line("connect %s", res(connect_lo(c, port)));
	line("listener ready %s", until(l, EPOLLIN));
	a = accept4(l, (struct sockaddr *)&addr, &len, SOCK_CLOEXEC);
	line("accept %d family %d len %d port %d", a >= 0, addr.sin_family,
	     (int)len, ntohs(addr.sin_port) == port_of(c));
	line("listener after %s", polled(l));
	line("accepted flags %d %d", fcntl(a, F_GETFL) & O_NONBLOCK,
	     fcntl(a, F_GETFD));
	line("accepted port %d", port_of(a) == port);
	len = sizeof(mine);
	getpeername(c, (struct sockaddr *)&mine, &len);
	line("peer %s %d", inet_ntoa(mine.sin_addr),
	     ntohs(mine.sin_port) == port);
	line("accepted poll %s", polled(a));
	line("accepted listen %s", res(listen(a, 1)));
	line("accepted connect %s", res(connect_lo(a, port)));
	line("accepted accept %s", res(accept(a, NULL, NULL)));
	line("accept4 bad flags %s", res(accept4(l, NULL, NULL, 0x40000000)));
	len = 4;
	line("peer short room %s",
	     res(getpeername(c, (struct sockaddr *)&mine, &len)));
	line("told %d", (int)len);
	close(a);
	close(c);
	/* Two waiting, taken one by one. */
	c = tcp();
	a = tcp();
	connect_lo(c, port);
	connect_lo(a, port);
	line("two %s", until(l, EPOLLIN));
	close(accept(l, NULL, NULL));
	nap(50);
	line("one left %s", polled(l));
	close(accept(l, NULL, NULL));
	nap(50);
	line("none left %s", polled(l));
	line("none left %s", res(accept(l, NULL, NULL)));
	close(c);
	close(a);
	line("listener shut wr %s", res(shutdown(l, SHUT_WR)));
	line("listener shut wr poll %s", polled(l));
	close(l);
}

static void q_connect(void)
{
	int port, l = listener(&port), c = tcp(), dead = dead_port();
	struct sockaddr_in addr = lo(port);

	nonblocking(c);
	line("nb connect %s", res(connect_lo(c, port)));
	line("nb connected %s", until(c, EPOLLOUT));
	line("nb error %d", option(c, SOL_SOCKET, SO_ERROR));
	line("nb again %s", res(connect_lo(c, port)));
	line("nb third %s", res(connect_lo(c, port)));
	close(c);
	close(accept(l, NULL, NULL));

	c = tcp();
	line("refused %s", res(connect_lo(c, dead)));
	line("refused error %d", option(c, SOL_SOCKET, SO_ERROR));
	line("refused twice %s", res(connect_lo(c, dead)));
	line("then accepted %s", res(connect_lo(c, port)));
	line("then poll %s", polled(c));
	line("then again %s", res(connect_lo(c, port)));
	close(c);
	close(accept(l, NULL, NULL));

	c = tcp();
	nonblocking(c);
	line("nb refused %s", res(connect_lo(c, dead)));
	line("nb refused poll %s", until(c, FAILED));
	line("nb refused error %s", name_of(option(c, SOL_SOCKET, SO_ERROR)));
	line("nb refused cleared %d", option(c, SOL_SOCKET, SO_ERROR));
	line("nb refused poll after %s", polled(c));
	line("nb refused connect %s", res(connect_lo(c, port)));
	line("nb refused connect again %s", res(connect_lo(c, port)));
	for (int i = 0; i < 2000 && ready(c) != EPOLLOUT; i++)
		nap(5);
	line("nb refused now %s", polled(c));
	line("nb refused error %d", option(c, SOL_SOCKET, SO_ERROR));
	close(c);
	close(accept(l, NULL, NULL));

	c = tcp();
	nonblocking(c);
	connect_lo(c, dead);
	until(c, FAILED);
	line("nb refused told by connect %s", res(connect_lo(c, dead)));
	close(c);

	c = tcp();
	line("connect short %s", res(connect(c, (struct sockaddr *)&addr, 8)));
	line("connect bad pointer %s", res(connect(c, (void *)8, 16)));
	addr.sin_family = AF_UNIX;
	line("connect other family %s",
	     res(connect(c, (struct sockaddr *)&addr, sizeof(addr))));
	addr = lo(port);
	addr.sin_addr.s_addr = htonl(INADDR_BROADCAST);
	line("connect broadcast %s",
	     res(connect(c, (struct sockaddr *)&addr, sizeof(addr))));
	connect_lo(c, port);
	addr.sin_family = AF_UNSPEC;
	line("disconnect %s",
	     res(connect(c, (struct sockaddr *)&addr, sizeof(addr))));
	line("~disconnected poll %s", polled(c));
	line("reconnect %s", res(connect_lo(c, port)));
	line("reconnect send %s", res(send(c, "x", 1, 0)));
	close(c);
	close(l);
}

static void q_data(void)
{
	char buf[64] = "";
	int c, a, n = 0;
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	struct sockaddr_in addr = lo(9);
	struct iovec iov = {buf, sizeof(buf)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_name = &from,
			     .msg_namelen = sizeof(from)};

	pair(&c, &a);
	line("send %s", res(send(c, "hello", 5, 0)));
	until(a, EPOLLIN);
	ioctl(a, FIONREAD, &n);
	line("fionread %d", n);
	line("peek %s", res(recv(a, buf, 3, MSG_PEEK)));
	line("trunc %s", res(recv(a, buf, 2, MSG_TRUNC)));
	line("after trunc %s", res(recv(a, buf, 64, MSG_DONTWAIT)));
	line("%.3s", buf);
	line("empty %s", res(recv(a, buf, 64, MSG_DONTWAIT)));
	line("send zero %s", res(send(c, "", 0, 0)));
	send(a, "abc", 3, 0);
	until(c, EPOLLIN);
	line("recvfrom at connected %s",
	     res(recvfrom(c, buf, 64, 0, (struct sockaddr *)&from, &len)));
	line("recvfrom len %d", (int)len);
	send(c, "abc", 3, 0);
	until(a, EPOLLIN);
	len = sizeof(from);
	line("recvfrom at accepted %s len",
	     res(recvfrom(a, buf, 64, 0, (struct sockaddr *)&from, &len)));
	line("%d", (int)len);
	send(c, "abc", 3, 0);
	until(a, EPOLLIN);
	line("recvmsg %s", res(recvmsg(a, &msg, 0)));
	line("recvmsg len %d", (int)msg.msg_namelen);
	line("sendto at connected %s",
	     res(sendto(c, "xyz", 3, 0, (struct sockaddr *)&addr,
			sizeof(addr))));
	until(a, EPOLLIN);
	line("sendto arrives %s", res(recv(a, buf, 64, MSG_DONTWAIT)));
	line("errqueue %s", res(recv(a, buf, 64, MSG_ERRQUEUE)));
	for (int i = 0; i < 2000 && ioctl(c, SIOCOUTQ, &n) == 0 && n; i++)
		nap(5);
	line("outq %d", n);
	line("waitall %s",
	     (send(c, "12345678", 8, 0), res(recv(a, buf, 8, MSG_WAITALL))));
	close(c);
	close(a);
}

static void q_close(void)
{
	char buf[64];
	int c, a;

	signal(SIGPIPE, SIG_IGN);
	pair(&c, &a);
	send(c, "last", 4, 0);
	close(c);
	line("fin poll %s", until(a, EPOLLIN | EPOLLRDHUP));
	line("fin recv %s", res(recv(a, buf, 64, 0)));
	line("fin recv %s", res(recv(a, buf, 64, 0)));
	line("send after fin %s", res(send(a, "x", 1, 0)));
	until(a, EPOLLHUP);
	line("second send %s", res(send(a, "x", 1, 0)));
	close(a);

	pair(&c, &a);
	line("shut wr %s", res(shutdown(c, SHUT_WR)));
	line("shut wr poll %s", polled(c));
	line("shut wr send %s", res(send(c, "x", 1, 0)));
	line("shut wr peer %s", until(a, EPOLLRDHUP));
	line("shut wr peer recv %s", res(recv(a, buf, 64, 0)));
	send(a, "reply", 5, 0);
	until(c, EPOLLIN);
	line("half closed recv %s", res(recv(c, buf, 64, 0)));
	shutdown(a, SHUT_WR);
	line("both shut %s", until(c, EPOLLHUP));
	line("both shut peer %s", until(a, EPOLLHUP));
	line("both shut recv %s", res(recv(c, buf, 64, 0)));
	close(a);
	close(c);

	pair(&c, &a);
	send(c, "queued", 6, 0);
	until(a, EPOLLIN);
	line("shut rd %s", res(shutdown(a, SHUT_RD)));
	line("shut rd poll %s", polled(a));
	line("shut rd recv %s", res(recv(a, buf, 64, 0)));
	line("shut rd recv %s", res(recv(a, buf, 64, 0)));
	line("shut rd send %s", res(send(a, "y", 1, 0)));
	line("shut rd peer send %s", (nap(30), res(send(c, "more", 4, 0))));
	nap(50);
	line("shut rd peer poll %s", polled(c));
	close(a);
	close(c);

	pair(&c, &a);
	line("shut bad %s", res(shutdown(c, 7)));
	line("shut both %s", res(shutdown(c, SHUT_RDWR)));
	line("shut both poll %s", polled(c));
	line("shut both peer %s", until(a, EPOLLRDHUP));
	line("shut both peer recv %s", res(recv(a, buf, 64, 0)));
	close(a);
	close(c);
}

static void q_reset(void)
{
	char buf[64];
	int c, a;

	pair(&c, &a);
	send(a, "tail", 4, 0);
	until(c, EPOLLIN);
	reset_close(a);
	until(c, EPOLLHUP);
	line("reset poll %s", polled(c));
	line("reset recv %s", res(recv(c, buf, 64, 0)));
	line("reset recv %s", res(recv(c, buf, 64, 0)));
	line("reset recv %s", res(recv(c, buf, 64, 0)));
	line("reset send %s", res(send(c, "x", 1, 0)));
	line("reset shutdown %s", res(shutdown(c, SHUT_WR)));
	line("reset error %d", option(c, SOL_SOCKET, SO_ERROR));
	close(c);

	pair(&c, &a);
	reset_close(c);
	until(a, EPOLLHUP);
	line("reset error first %s", name_of(option(a, SOL_SOCKET, SO_ERROR)));
	line("reset error second %d", option(a, SOL_SOCKET, SO_ERROR));
	line("reset then recv %s", res(recv(a, buf, 64, 0)));
	close(a);

	pair(&c, &a);
	shutdown(c, SHUT_WR);
	until(a, EPOLLRDHUP);
	reset_close(a);
	until(c, EPOLLHUP);
	line("reset after shut wr poll %s", polled(c));
	line("reset after shut wr %s", res(recv(c, buf, 64, 0)));
	close(c);

	pair(&c, &a);
	send(c, "x", 1, 0);
	recv(a, buf, 1, 0);
	shutdown(c, SHUT_WR);
	until(a, EPOLLRDHUP);
	reset_close(a);
	until(c, EPOLLHUP);
	line("reset after data and shut wr %s", res(recv(c, buf, 64, 0)));
	close(c);

	pair(&c, &a);
	send(a, "unread", 6, 0);
	until(c, EPOLLIN);
	close(c);
	line("close with unread %s", until(a, EPOLLHUP));
	line("close with unread recv %s", res(recv(a, buf, 64, 0)));
	close(a);
}

static void q_share(void)
{
	char buf[64];
	int c, a, d, st;
	pid_t pid;

	pair(&c, &a);
	d = dup(c);
	close(c);
	nap(50);
	line("dup keeps open %s", polled(a));
	line("dup name %d", port_of(d) > 0);
	pid = fork();
	if (pid == 0) {
		nap(100);
		_exit(send(d, "child", 5, 0) == 5 ? port_of(d) > 0 : 2);
	}
	close(d);
	line("child sends %s", res(recv(a, buf, 64, 0)));
	waitpid(pid, &st, 0);
	line("child %d", WEXITSTATUS(st));
	line("then fin %s", res(recv(a, buf, 64, 0)));
	close(a);

	/* The descriptor passes through a Unix socket. */
	pair(&c, &a);
	int un[2];
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {buf, 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.space,
			     .msg_controllen = sizeof(control.space)};

	line("socketpair %s", res(socketpair(AF_UNIX, SOCK_STREAM, 0, un)));
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &c, sizeof(c));
	line("pass %s", res(sendmsg(un[0], &msg, 0)));
	close(c);
	nap(50);
	line("in flight %s", polled(a));
	line("take %s", res(recvmsg(un[1], &msg, 0)));
	memcpy(&c, CMSG_DATA(&control.align), sizeof(c));
	line("passed type %d port %d", option(c, SOL_SOCKET, SO_DOMAIN),
	     port_of(c) > 0);
	send(c, "via", 3, 0);
	line("passed data %s", res(recv(a, buf, 64, 0)));
	close(c);
	close(a);
	close(un[0]);
	close(un[1]);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

static void arm(int ms, bool restart)
{
	struct sigaction sa = {.sa_handler = on_alarm,
			       .sa_flags = restart ? SA_RESTART : 0};
	/* Again and again: the first may come before the call. */
	struct itimerval every = {{0, ms * 1000}, {0, ms * 1000}};

	sigaction(SIGALRM, &sa, NULL);
	alarms = 0;
	setitimer(ITIMER_REAL, &every, NULL);
}

/* Whether there was one. */
static int disarm(void)
{
	const struct itimerval never = {{0, 0}, {0, 0}};

	setitimer(ITIMER_REAL, &never, NULL);
	return alarms > 0;
}

static void *connect_later(void *arg)
{
	int c = tcp();

	while (alarms < 2)
		nap(50);
	connect_lo(c, *(int *)arg);
	return (void *)(intptr_t)c;
}

static void q_signal(void)
{
	struct timeval tv = {0, 100000};
	int port, l = listener(&port), c[8], full, a;
	pthread_t thread;
	void *other;
	sigset_t set;

	arm(100, false);
	line("accept interrupted %s", res(accept(l, NULL, NULL)));
	line("alarms %d", disarm());
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	arm(100, true);
	pthread_create(&thread, NULL, connect_later, &port);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	a = accept(l, NULL, NULL);
	line("accept restarted %d %d", a >= 0, disarm());
	pthread_join(thread, &other);
	close((int)(intptr_t)other);
	close(a);
	setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	line("accept timeout %s", res(accept(l, NULL, NULL)));
	c[0] = tcp();
	connect_lo(c[0], port);
	a = accept(l, NULL, NULL);
	line("inherited timeout %s", res(recv(a, text, 1, 0)));
	close(a);
	close(c[0]);
	close(l);

	/* A queue that is full does not answer. */
	l = tcp();
	bind_lo(l, 0);
	listen(l, 0);
	full = port_of(l);
	for (int i = 0; i < 8; i++) {
		c[i] = tcp();
		nonblocking(c[i]);
		connect_lo(c[i], full);
	}
	nap(100);
	a = tcp();
	line("connecting poll %s", polled(c[7]));
	line("connecting again %s", res(connect_lo(c[7], full)));
	line("connecting send %s", res(send(c[7], "x", 1, MSG_NOSIGNAL)));
	line("connecting recv %s", res(recv(c[7], text, 1, 0)));
	line("connecting peer %s",
	     res(getpeername(c[7], (void *)text, &(socklen_t){16})));
	line("connecting listen %s", res(listen(c[7], 1)));
	line("connecting error %d", option(c[7], SOL_SOCKET, SO_ERROR));
	setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	line("connect timeout %s", res(connect_lo(a, full)));
	line("connect timeout poll %s", polled(a));
	close(a);
	a = tcp();
	arm(100, false);
	line("connect interrupted %s", res(connect_lo(a, full)));
	line("alarms %d", disarm());
	line("connect interrupted poll %s", polled(a));
	nonblocking(a);
	line("connect interrupted again %s", res(connect_lo(a, full)));
	line("connecting shutdown %s", res(shutdown(a, SHUT_RDWR)));
	for (int i = 0; i < 8; i++)
		close(c[i]);
	close(a);
	close(l);
}

static void *accept_in_thread(void *arg)
{
	int a = accept(*(int *)arg, NULL, NULL);

	return (void *)(intptr_t)(a < 0 ? -errno : a);
}

static void q_threads(void)
{
	int port, l = listener(&port);
	pthread_t thread;
	void *got;

	pthread_create(&thread, NULL, accept_in_thread, &l);
	nap(100);
	line("shut listener %s", res(shutdown(l, SHUT_RDWR)));
	pthread_join(thread, &got);
	line("accept woken %s", name_of(-(int)(intptr_t)got));
	line("~shut listener poll %s", polled(l));
	line("listen anew %s", res(listen(l, 4)));
	pthread_create(&thread, NULL, accept_in_thread, &l);
	nap(50);
	int c = tcp();
	line("connect anew %s", res(connect_lo(c, port_of(l))));
	pthread_join(thread, &got);
	line("accept anew %d", (int)(intptr_t)got >= 0);
	close((int)(intptr_t)got);
	close(c);
	close(l);
}

static void q_edge(void)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP |
					   EPOLLET};
	int c, a, ep = epoll_create1(0);
	char buf[64];

	pair(&c, &a);
	epoll_ctl(ep, EPOLL_CTL_ADD, a, &ev);
	line("edge first %d", epoll_wait(ep, &ev, 1, 0));
	line("edge none %d", epoll_wait(ep, &ev, 1, 0));
	send(c, "x", 1, 0);
	line("edge data %d", epoll_wait(ep, &ev, 1, 10000));
	line("edge data in %d", (ev.events & EPOLLIN) != 0);
	line("edge none %d", epoll_wait(ep, &ev, 1, 0));
	recv(a, buf, 64, 0);
	shutdown(c, SHUT_WR);
	line("edge fin %d", epoll_wait(ep, &ev, 1, 10000));
	line("edge rdhup %d", (ev.events & EPOLLRDHUP) != 0);
	close(c);
	close(a);
	close(ep);
}

static void q_urgent(void)
{
	char buf[64];
	int c, a, mark = -1, one = 1;

	pair(&c, &a);
	send(c, "ab", 2, 0);
	until(a, EPOLLIN);
	line("send urgent %s", res(send(c, "!", 1, MSG_OOB)));
	until(a, EPOLLPRI);
	line("urgent poll %s", polled(a));
	line("urgent recv %s", res(recv(a, buf, 1, MSG_OOB)));
	line("%.1s", buf);
	line("before mark %s", res(recv(a, buf, 64, 0)));
	ioctl(a, SIOCATMARK, &mark);
	line("at mark %d", mark);
	send(c, "cd", 2, 0);
	line("after mark %s", res(take(a, buf, 64)));
	setsockopt(a, SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one));
	send(c, "?", 1, MSG_OOB);
	line("inline recv %s", res(take(a, buf, 64)));
	line("%.1s", buf);
	line("no urgent %s", res(recv(a, buf, 1, MSG_OOB)));
	close(c);
	close(a);
}

static void q_six(void)
{
	struct sockaddr_in6 addr = {.sin6_family = AF_INET6,
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in6 peer;
	socklen_t len = sizeof(addr);
	char name[INET6_ADDRSTRLEN];
	int l = socket(AF_INET6, SOCK_STREAM, 0), c, a;

	if (bind(l, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		line("no IPv6");
		return;
	}
	listen(l, 4);
	getsockname(l, (struct sockaddr *)&addr, &len);
	line("six name len %d", (int)len);
	c = socket(AF_INET6, SOCK_STREAM, 0);
	line("six connect %s",
	     res(connect(c, (struct sockaddr *)&addr, sizeof(addr))));
	len = sizeof(peer);
	a = accept(l, (struct sockaddr *)&peer, &len);
	line("six peer %s len %d",
	     inet_ntop(AF_INET6, &peer.sin6_addr, name, sizeof(name)),
	     (int)len);
	line("six domain %d", option(a, SOL_SOCKET, SO_DOMAIN));
	close(l);
	close(c);
	close(a);
	/* Both families on one listener. */
	l = socket(AF_INET6, SOCK_STREAM, 0);
	addr = (struct sockaddr_in6){.sin6_family = AF_INET6};
	bind(l, (struct sockaddr *)&addr, sizeof(addr));
	listen(l, 4);
	len = sizeof(addr);
	getsockname(l, (struct sockaddr *)&addr, &len);
	c = tcp();
	line("dual connect %s", res(connect_lo(c, ntohs(addr.sin6_port))));
	len = sizeof(peer);
	a = accept(l, (struct sockaddr *)&peer, &len);
	line("dual peer %s",
	     inet_ntop(AF_INET6, &peer.sin6_addr, name, sizeof(name)));
	close(l);
	close(c);
	close(a);
}

static void q_others(void)
{
	struct sockaddr_in addr = lo(0);
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct ifreq ifr = {.ifr_name = "lo"};
	socklen_t len = sizeof(addr);
	int u = socket(AF_INET, SOCK_DGRAM, 0), v, s;
	char buf[16];

	line("udp bind %s",
	     res(bind(u, (struct sockaddr *)&addr, sizeof(addr))));
	getsockname(u, (struct sockaddr *)&addr, &len);
	v = socket(AF_INET, SOCK_DGRAM, 0);
	line("udp sendto %s",
	     res(sendto(v, "dgram", 5, 0, (struct sockaddr *)&addr, len)));
	line("udp recvfrom %s",
	     res(recvfrom(u, buf, 16, 0, (struct sockaddr *)&addr, &len)));
	line("udp type %d", option(u, SOL_SOCKET, SO_TYPE));
	line("udp connect %s", res(connect(v, (struct sockaddr *)&addr, len)));
	close(u);
	close(v);
	u = socket(AF_UNIX, SOCK_STREAM, 0);
	line("unix bind %s",
	     res(bind(u, (struct sockaddr *)&un, sizeof(sa_family_t))));
	line("unix listen %s", res(listen(u, 1)));
	len = sizeof(un);
	getsockname(u, (struct sockaddr *)&un, &len);
	v = socket(AF_UNIX, SOCK_STREAM, 0);
	line("unix connect %s", res(connect(v, (struct sockaddr *)&un, len)));
	s = accept(u, NULL, NULL);
	line("unix accept %d domain %d", s >= 0,
	     option(s, SOL_SOCKET, SO_DOMAIN));
	close(s);
	close(u);
	close(v);
	s = tcp();
	line("ifaddr %s", res(ioctl(s, SIOCGIFADDR, &ifr)));
	line("ifindex %s", res(ioctl(s, SIOCGIFINDEX, &ifr)));
	line("bad ioctl %s", res(ioctl(s, 0x89fe, &ifr)));
	close(s);
	line("file ioctl %s", res(ioctl(0, SIOCGIFADDR, &ifr) < 0 ? 0 : 1));
	line("connect file %s", res(connect_lo(0, 1) < 0 ? 0 : 1));
	line("listen pipe %s", (pipe((int[2]){0, 0}), res(listen(3, 1))));
}

static void q_file(void)
{
	char path[] = "/tmp/sameness.XXXXXX", buf[65536];
	int fd = mkstemp(path), c, a;
	long total = 0, n;
	pid_t pid;

	unlink(path);
	memset(buf, 'z', sizeof(buf));
	for (int i = 0; i < 32; i++)
		(void)!write(fd, buf, sizeof(buf));
	pair(&c, &a);
	pid = fork();
	if (pid == 0) {
		off_t off = 0;

		close(a);
		while (sendfile(c, fd, &off, 1 << 20) > 0)
			;
		_exit(0);
	}
	close(c);
	while ((n = recv(a, buf, sizeof(buf), 0)) > 0)
		total += n;
	line("sendfile %ld %ld", total, n);
	waitpid(pid, NULL, 0);
	close(a);
	close(fd);
}

int main(void)
{
	alarm(60);
	q_fresh();
	q_bind();
	q_listen();
	q_connect();
	q_data();
	q_close();
	q_reset();
	q_share();
	q_signal();
	q_threads();
	q_edge();
	q_urgent();
	q_six();
	q_others();
	q_file();
	return 0;
}
