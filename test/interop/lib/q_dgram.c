/* SPDX-License-Identifier: MIT */
/* Datagrams. */
#include <arpa/inet.h>
#include <time.h>

#include <linux/errqueue.h>

#include "same.h"

static int udp(void)
{
	return S->socket(AF_INET, SOCK_DGRAM, 0);
}

/* Bound to 127.0.0.1, any port. */
static int bound(void)
{
	int fd = udp();

	bind_to(fd, 1, 0);
	return fd;
}

static long send_to(int fd, const char *text, int host, int port)
{
	struct sockaddr_in to = at(host, port);

	return S->sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to,
			 sizeof(to));
}

static void fresh_says(void)
{
	int fd = udp();
	int n = 9;

	nonblocking(fd);
	say("events %s %d", events_of(fd), S->select(fd));
	say("recv %s", read_text(fd, 1, 0));
	say("send %s", res(send_text(fd, "x", MSG_NOSIGNAL)));
	say("peer %s", res(S->getpeername(fd, NULL, NULL)));
	say("listen %s", res(S->listen(fd, 1)));
	say("accept %s", res(S->accept4(fd, NULL, NULL, 0)));
	say("oob %s", res(send_text(fd, "x", MSG_OOB)));
	say("inq %s %d", res(S->ioctl(fd, FIONREAD, &n)), n);
	say("outq %s %d", res(S->ioctl(fd, TIOCOUTQ, &n)), n);
	say("mark %s", res(S->ioctl(fd, SIOCATMARK, &n)));
	say("port %d", port_of(fd) != 0);
	say("shutdown %s", res(S->shutdown(fd, SHUT_RDWR)));
	say("events %s", events_of(fd));
	say("recv %s", read_text(fd, 1, 0));
	say("error %s", error_of(fd));
	S->close(fd);
}

static void no_such_sockets(void)
{
	static const int kinds[][3] = {
		{AF_INET, SOCK_DGRAM, 6},
		{AF_INET, SOCK_DGRAM, 132},
		{AF_INET6, SOCK_DGRAM, 6},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		say("%zu %s", i,
		    res(S->socket(kinds[i][0], kinds[i][1], kinds[i][2])));
}

static void exchange(void)
{
	struct sockaddr_in who;
	socklen_t len = sizeof(who);
	int a = bound(), b = bound();
	char data[16] = "";
	int n = 0;

	say("%ld", send_to(a, "hello", 1, port_of(b)));
	say("%ld", send_to(a, "", 1, port_of(b)));
	say("%ld", send_to(a, "world", 1, port_of(b)));
	settle();
	say("%s", events_of(b));
	S->ioctl(b, FIONREAD, &n);
	say("next %d", n);
	say("peek %s", read_text(b, 9, MSG_PEEK));
	say("%zd %s", S->recvfrom(b, data, 3, 0, (struct sockaddr *)&who, &len),
	    data);
	say("%u %x %d", len, ntohl(who.sin_addr.s_addr),
	    ntohs(who.sin_port) == port_of(a));
	say("empty %s", read_text(b, 9, 0));
	say("whole %zd", S->recv(b, data, 2, MSG_TRUNC));
	say("none %s", read_text(b, 9, MSG_DONTWAIT));
	say("port 0 %s", res(send_to(a, "x", 1, 0)));
	S->close(a);
	S->close(b);
}

static void pieces(void)
{
	char x[3] = "", y[3] = "", one[] = "one", two[] = "twoo";
	struct iovec out[2] = {{one, 3}, {two, 4}}, in[2] = {{x, 2}, {y, 2}};
	struct sockaddr_in to;
	struct msghdr msg = {.msg_iov = out, .msg_iovlen = 2};
	int a = bound(), b = bound();

	to = at(1, port_of(b));
	msg.msg_name = &to;
	msg.msg_namelen = sizeof(to);
	say("%zd", S->sendmsg(a, &msg, 0));
	settle();
	memset(&to, 0, sizeof(to));
	msg.msg_iov = in;
	say("%zd %s %s", S->recvmsg(b, &msg, 0), x, y);
	say("%x %u %zu", msg.msg_flags, msg.msg_namelen, msg.msg_controllen);
	S->close(a);
	S->close(b);
}

static void connected(void)
{
	struct sockaddr unspec = {.sa_family = AF_UNSPEC};
	int a = bound(), b = bound(), c = bound();

	say("%s", res(connect_to(a, 1, port_of(b))));
	say("%s", res(connect_to(a, 1, port_of(b))));
	say("%d", send_text(a, "x", 0));
	settle();
	say("%s", read_text(b, 9, MSG_DONTWAIT));
	send_to(c, "stranger", 1, port_of(a));
	send_to(b, "friend", 1, port_of(a));
	settle();
	say("%s %s", read_text(a, 9, MSG_DONTWAIT),
	    read_text(a, 9, MSG_DONTWAIT));
	say("elsewhere %ld", send_to(a, "y", 1, port_of(c)));
	settle();
	say("%s", read_text(c, 9, MSG_DONTWAIT));
	say("%s", res(S->connect(a, &unspec, sizeof(unspec))));
	say("%s", res(S->getpeername(a, NULL, NULL)));
	say("%s", res(send_text(a, "x", 0)));
	say("kept %d", port_of(a) != 0);
	S->close(a);
	a = udp();
	connect_to(a, 1, port_of(b));
	say("named %d", port_of(a) != 0);
	S->connect(a, &unspec, sizeof(unspec));
	say("named %d", port_of(a) != 0);
	say("shut %s", res(S->shutdown(b, SHUT_WR)));
	S->close(a);
	S->close(b);
	S->close(c);
}

static int dead_udp_port(void)
{
	int fd = bound(), port = port_of(fd);

	S->close(fd);
	return port;
}

static void refused(void)
{
	int a = udp();

	nonblocking(a);
	connect_to(a, 1, dead_udp_port());
	say("%d", send_text(a, "x", 0));
	settle();
	say("%s", events_of(a));
	say("%s", read_text(a, 9, 0));
	say("%s %s", events_of(a), read_text(a, 9, 0));
	say("%d", send_text(a, "x", 0));
	settle();
	say("%s", res(send_text(a, "x", 0)));
	settle();
	say("%s %s", error_of(a), error_of(a));
	S->close(a);
	/* One that is not connected is not told. */
	a = bound();
	send_to(a, "x", 1, dead_udp_port());
	settle();
	say("%s %s", events_of(a), error_of(a));
	S->close(a);
}

static void shut(void)
{
	int a = bound(), b = bound();

	connect_to(a, 1, port_of(b));
	say("%s", res(S->shutdown(a, SHUT_WR)));
	say("%s %s", res(send_text(a, "x", MSG_NOSIGNAL)), events_of(a));
	say("%s", res(S->shutdown(a, SHUT_RD)));
	say("%s %s", read_text(a, 9, 0), events_of(a));
	S->close(a);
	S->close(b);
}

static void sizes(void)
{
	static char much[70000];
	int a = bound(), b = bound();
	struct sockaddr_in to = at(1, port_of(b));
	static const size_t lens[] = {1472, 9000, 65507, 65508, 70000};

	set_int(b, SOL_SOCKET, SO_RCVBUF, 1000000);
	set_int(a, SOL_SOCKET, SO_SNDBUF, 1000000);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		const char *sent =
			res(S->sendto(a, much, lens[i], 0,
				      (struct sockaddr *)&to, sizeof(to)));

		settle();
		say("%zu %s %s", lens[i], sent,
		    res(S->recv(b, much, sizeof(much), MSG_DONTWAIT)));
	}
	S->close(a);
	S->close(b);
}

static void addresses(void)
{
	struct sockaddr_in to = at(1, 9);
	int a = udp();

	to.sin_addr.s_addr = INADDR_BROADCAST;
	say("%s", res(S->connect(a, (struct sockaddr *)&to, sizeof(to))));
	say("%s",
	    res(S->sendto(a, "x", 1, 0, (struct sockaddr *)&to, sizeof(to))));
	to.sin_family = AF_INET6;
	say("%s", res(S->connect(a, (struct sockaddr *)&to, sizeof(to))));
	say("%s", res(S->connect(a, (struct sockaddr *)&to, 5)));
	to.sin_family = AF_INET;
	to.sin_addr.s_addr = htonl(0xe0000001);
	say("bind %s", res(S->bind(a, (struct sockaddr *)&to, sizeof(to))));
	S->close(a);
	a = udp();
	to.sin_addr.s_addr = htonl(0xcb007105);
	say("bind %s", res(S->bind(a, (struct sockaddr *)&to, sizeof(to))));
	S->close(a);
}

/* With REUSEADDR two may have one port, and with REUSEPORT. */
static void conflicts(void)
{
	for (int i = 0; i < 4 * 4 * 3; i++) {
		int a = udp(), b = udp();

		set_int(a, SOL_SOCKET, SO_REUSEADDR, i & 1);
		set_int(a, SOL_SOCKET, SO_REUSEPORT, i >> 1 & 1);
		set_int(b, SOL_SOCKET, SO_REUSEADDR, i >> 2 & 1);
		set_int(b, SOL_SOCKET, SO_REUSEPORT, i >> 3 & 1);
		bind_to(a, 1, 0);
		say("%d %s", i, res(bind_to(b, i >> 4, port_of(a))));
		S->close(a);
		S->close(b);
	}
}

/* -------------------------------------------------------------- control -- */

static void say_control(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c;
	     c = CMSG_NXTHDR(msg, c)) {
		struct in_pktinfo info;
		int value = 0;

		if (c->cmsg_type == IP_PKTINFO) {
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			say("  info %d %x %x", info.ipi_ifindex,
			    ntohl(info.ipi_spec_dst.s_addr),
			    ntohl(info.ipi_addr.s_addr));
			continue;
		}
		memcpy(&value, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
		say("  %d %d %zu %d", c->cmsg_level, c->cmsg_type,
		    (size_t)c->cmsg_len, value);
	}
	say("  all %zu %x", (size_t)msg->msg_controllen, msg->msg_flags);
}

static void control(void)
{
	char data[8], room[256];
	struct iovec iov = {data, sizeof(data)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	int a = bound(), b = bound();

	set_int(b, IPPROTO_IP, IP_PKTINFO, 1);
	set_int(b, IPPROTO_IP, IP_RECVTTL, 1);
	set_int(b, IPPROTO_IP, IP_RECVTOS, 1);
	set_int(a, IPPROTO_IP, IP_TTL, 9);
	set_int(a, IPPROTO_IP, IP_TOS, 0x10);
	for (size_t size = sizeof(room); size; size -= 64) {
		send_to(a, "x", 1, port_of(b));
		settle();
		msg.msg_control = room;
		msg.msg_controllen = size;
		say("%zu %zd", size, S->recvmsg(b, &msg, MSG_DONTWAIT));
		say_control(&msg);
	}
	S->close(a);
	S->close(b);
}

static void send_control(int fd, struct msghdr *msg, int level, int type,
			 const void *data, size_t len)
{
	char room[64] = "";
	struct cmsghdr *c = (struct cmsghdr *)room;

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	msg->msg_control = room;
	msg->msg_controllen = CMSG_SPACE(len);
	say("%d %s", type, res(S->sendmsg(fd, msg, 0)));
}

static void control_sent(void)
{
	char x[] = "x";
	struct iovec iov = {x, 1};
	int a = udp(), b = bound(), value;
	struct sockaddr_in to = at(1, port_of(b)), from;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_name = &to,
			     .msg_namelen = sizeof(to)};
	struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(0x7f000009)};
	socklen_t len = sizeof(from);
	char data[4];

	send_control(a, &msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	settle();
	say("%zd", S->recvfrom(b, data, 4, MSG_DONTWAIT,
			       (struct sockaddr *)&from, &len));
	say("%x", ntohl(from.sin_addr.s_addr));
	info.ipi_ifindex = 1;
	send_control(a, &msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	info.ipi_ifindex = 77;
	send_control(a, &msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	for (value = 0; value < 600; value += 200) {
		send_control(a, &msg, IPPROTO_IP, IP_TTL, &value, 4);
		send_control(a, &msg, IPPROTO_IP, IP_TOS, &value, 4);
	}
	send_control(a, &msg, IPPROTO_IP, 123, &value, 4);
	S->close(a);
	S->close(b);
}

static void error_queue(void)
{
	char data[16], room[256];
	struct iovec iov = {data, sizeof(data)};
	struct sockaddr_in to;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_name = &to,
			     .msg_namelen = sizeof(to),
			     .msg_control = room,
			     .msg_controllen = sizeof(room)};
	struct sock_extended_err ee = {0};
	struct sockaddr_in by = {0};
	int a = bound(), port = dead_udp_port();

	set_int(a, IPPROTO_IP, IP_RECVERR, 1);
	say("%ld", send_to(a, "hello", 1, port));
	settle();
	say("%s", events_of(a));
	say("%zd", S->recvmsg(a, &msg, MSG_ERRQUEUE));
	say("%x %u %d", msg.msg_flags, msg.msg_namelen,
	    ntohs(to.sin_port) == port);
	memcpy(&ee, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(ee));
	memcpy(&by, (char *)CMSG_DATA(CMSG_FIRSTHDR(&msg)) + sizeof(ee),
	       sizeof(by));
	say("%u %u %u %u %u", ee.ee_errno, ee.ee_origin, ee.ee_type, ee.ee_code,
	    ee.ee_info);
	say("%d %x %zu", by.sin_family, ntohl(by.sin_addr.s_addr),
	    (size_t)msg.msg_controllen);
	say("%s %s", res(S->recvmsg(a, &msg, MSG_ERRQUEUE)), events_of(a));
	say("%s", error_of(a));
	S->close(a);
}

/* --------------------------------------------------------------- groups -- */

static void groups(void)
{
	struct ip_mreqn mreq = {.imr_multiaddr.s_addr = htonl(0xe0000063),
				.imr_ifindex = 1};
	struct sockaddr_in any = at(0, 0), to;
	int a = bound(), b = udp();

	S->bind(b, (struct sockaddr *)&any, sizeof(any));
	say("%s", res(S->setsockopt(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq,
				    sizeof(mreq))));
	say("%s", res(S->setsockopt(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq,
				    sizeof(mreq))));
	say("%s", res(S->setsockopt(a, IPPROTO_IP, IP_MULTICAST_IF, &mreq,
				    sizeof(mreq))));
	to = at(1, port_of(b));
	to.sin_addr = mreq.imr_multiaddr;
	say("%s", res(S->sendto(a, "many", 4, 0, (struct sockaddr *)&to,
				sizeof(to))));
	settle();
	say("%s", read_text(b, 9, MSG_DONTWAIT));
	say("%s", res(S->setsockopt(b, IPPROTO_IP, IP_DROP_MEMBERSHIP, &mreq,
				    sizeof(mreq))));
	say("%s", res(S->setsockopt(b, IPPROTO_IP, IP_DROP_MEMBERSHIP, &mreq,
				    sizeof(mreq))));
	mreq.imr_multiaddr.s_addr = htonl(0x0a000001);
	say("%s", res(S->setsockopt(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq,
				    sizeof(mreq))));
	mreq.imr_ifindex = 77;
	say("%s", res(S->setsockopt(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq,
				    sizeof(mreq))));
	S->close(a);
	S->close(b);
}

/* -------------------------------------------------------------- waiting -- */

static int waker_port;

static void wake(int fd)
{
	send_to(fd, "late", 1, waker_port);
}

static void waits(void)
{
	int a = bound(), b = bound(), ep = S->epoll_create1(0);
	struct epoll_event event = {.events = EPOLLIN | (uint32_t)EPOLLET};
	struct later *l;

	set_time(b, SO_RCVTIMEO, 30000);
	say("%s", read_text(b, 9, 0));
	set_time(b, SO_RCVTIMEO, 0);
	waker_port = port_of(b);
	l = later(30, wake, a);
	say("%s", read_text(b, 9, 0));
	later_join(l);
	S->epoll_ctl(ep, EPOLL_CTL_ADD, b, &event);
	say("%d", S->epoll_wait(ep, &event, 1, 0));
	l = later(30, wake, a);
	say("%d %s", S->epoll_wait(ep, &event, 1, 5000), bits(event.events));
	later_join(l);
	say("%d", S->epoll_wait(ep, &event, 1, 0));
	send_to(a, "more", 1, waker_port);
	settle();
	say("%d", S->epoll_wait(ep, &event, 1, 0));
	S->close(ep);
	S->close(a);
	S->close(b);
}

/* -------------------------------------------------------------- options -- */

static const struct {
	const char *name;
	int level, opt;
	bool default_differs;
} options[] = {
	{"REUSEADDR", SOL_SOCKET, SO_REUSEADDR, false},
	{"REUSEPORT", SOL_SOCKET, SO_REUSEPORT, false},
	{"BROADCAST", SOL_SOCKET, SO_BROADCAST, false},
	{"SNDBUF", SOL_SOCKET, SO_SNDBUF, true},
	{"RCVBUF", SOL_SOCKET, SO_RCVBUF, true},
	{"TYPE", SOL_SOCKET, SO_TYPE, false},
	{"DOMAIN", SOL_SOCKET, SO_DOMAIN, false},
	{"PROTOCOL", SOL_SOCKET, SO_PROTOCOL, false},
	{"ACCEPTCONN", SOL_SOCKET, SO_ACCEPTCONN, false},
	{"unknown", SOL_SOCKET, 12345, false},
	{"TTL", IPPROTO_IP, IP_TTL, false},
	{"TOS", IPPROTO_IP, IP_TOS, false},
	{"PKTINFO", IPPROTO_IP, IP_PKTINFO, false},
	{"RECVTTL", IPPROTO_IP, IP_RECVTTL, false},
	{"RECVERR", IPPROTO_IP, IP_RECVERR, false},
	{"MTU_DISCOVER", IPPROTO_IP, IP_MTU_DISCOVER, false},
	{"MTU", IPPROTO_IP, IP_MTU, false},
	{"MULTICAST_TTL", IPPROTO_IP, IP_MULTICAST_TTL, false},
	{"MULTICAST_LOOP", IPPROTO_IP, IP_MULTICAST_LOOP, false},
	{"MULTICAST_ALL", IPPROTO_IP, IP_MULTICAST_ALL, false},
};

static void ranges(void)
{
	static const int values[] = {-2, -1, 0, 1, 3, 7, 100, 5000};
	int fd;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		fd = udp();
		if (!options[i].default_differs)
			say("%s %s", options[i].name,
			    res(get_int(fd, options[i].level, options[i].opt)));
		S->close(fd);
		for (size_t v = 0; v < 8; v++) {
			const char *set;

			if (options[i].default_differs && values[v] < 0)
				continue;
			fd = udp();
			set = res(set_int(fd, options[i].level, options[i].opt,
					  values[v]));
			say("%s = %d: %s %s", options[i].name, values[v], set,
			    options[i].default_differs && values[v] < 5000 ?
				    "" :
				    res(get_int(fd, options[i].level,
						options[i].opt)));
			S->close(fd);
		}
	}
}

static void device(void)
{
	char name[16] = "none";
	socklen_t len = sizeof(name);
	int fd = udp();

	say("%s",
	    res(S->getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len)));
	say("%u", len);
	say("%s", res(S->setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3)));
	len = sizeof(name);
	S->getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len);
	say("%s %u", name, len);
	say("%s",
	    res(S->setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "nix0", 5)));
	S->close(fd);
}

static void family6(void)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6}, from;
	int a = S->socket(AF_INET6, SOCK_DGRAM, 0), b = bound();
	socklen_t len = sizeof(from);
	char data[8], text[INET6_ADDRSTRLEN];

	inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr);
	to.sin6_port = htons((uint16_t)port_of(b));
	say("%s",
	    res(S->sendto(a, "six", 3, 0, (struct sockaddr *)&to, sizeof(to))));
	settle();
	say("%s", read_text(b, 9, MSG_DONTWAIT));
	send_to(b, "four", 1, port_of(a));
	settle();
	say("%zd", S->recvfrom(a, data, 8, MSG_DONTWAIT,
			       (struct sockaddr *)&from, &len));
	inet_ntop(AF_INET6, &from.sin6_addr, text, sizeof(text));
	say("%u %s", len, text);
	set_int(a, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	say("%d", get_int(a, IPPROTO_IPV6, IPV6_V6ONLY));
	S->close(a);
	S->close(b);
}

const struct question dgram_questions[] = {
	{"datagrams: fresh socket", fresh_says, false},
	{"datagrams: no such sockets", no_such_sockets, false},
	{"datagrams: exchange", exchange, false},
	{"datagrams: pieces", pieces, false},
	{"datagrams: connected", connected, false},
	{"datagrams: refused", refused, false},
	{"datagrams: shutdown", shut, false},
	{"datagrams: sizes", sizes, false},
	{"datagrams: addresses", addresses, false},
	{"datagrams: bind conflicts", conflicts, false},
	{"datagrams: control messages", control, false},
	{"datagrams: control messages sent", control_sent, false},
	{"datagrams: error queue", error_queue, false},
	{"datagrams: groups", groups, false},
	{"datagrams: waits", waits, false},
	{"datagrams: options", ranges, false},
	{"datagrams: SO_BINDTODEVICE", device, false},
	{"datagrams: IPv6", family6, false},
	{NULL, NULL, false},
};
