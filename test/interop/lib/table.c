/* SPDX-License-Identifier: MIT */
/*
 * Every option, flag and ioctl of docs/sockets.md, really used: prints a line
 * for each, "what<TAB>verdict".  With the argument "kernel" it uses the
 * ordinary calls, natively or under catenet run; with "linked" the library's.
 */
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <signal.h>
#include <termios.h>

#include "sides.h"

#ifndef SO_TIMESTAMPING_OLD
#define SO_TIMESTAMPING_OLD 37
#endif

const struct api *S;

static void verdict(const char *what, const char *how)
{
	printf("%s\t%s\n", what, how);
}

/* --------------------------------------------------------------- options -- */

struct option {
	const char *name;
	int level, opt;
	int value; /* to set, INT_MIN: can only be read */
	bool family6;
};

static const struct option options[] = {
#define READ_ONLY (-2147483647 - 1)
#define ROW(level, name, value)                                                \
	{                                                                      \
#name, level, name, value, false                               \
	}
	ROW(SOL_SOCKET, SO_REUSEADDR, 1),
	ROW(SOL_SOCKET, SO_REUSEPORT, 1),
	ROW(SOL_SOCKET, SO_KEEPALIVE, 1),
	ROW(SOL_SOCKET, SO_OOBINLINE, 1),
	ROW(SOL_SOCKET, SO_BROADCAST, 1),
	ROW(SOL_SOCKET, SO_SNDBUF, 20000),
	ROW(SOL_SOCKET, SO_RCVBUF, 20000),
	ROW(SOL_SOCKET, SO_RCVLOWAT, 3),
	ROW(SOL_SOCKET, SO_PRIORITY, 3),
	ROW(SOL_SOCKET, SO_MARK, 3),
	ROW(SOL_SOCKET, SO_DONTROUTE, 1),
	ROW(SOL_SOCKET, SO_ERROR, READ_ONLY),
	ROW(SOL_SOCKET, SO_TYPE, READ_ONLY),
	ROW(SOL_SOCKET, SO_DOMAIN, READ_ONLY),
	ROW(SOL_SOCKET, SO_PROTOCOL, READ_ONLY),
	ROW(SOL_SOCKET, SO_ACCEPTCONN, READ_ONLY),
	ROW(SOL_SOCKET, SO_COOKIE, READ_ONLY),
	ROW(SOL_SOCKET, SO_TIMESTAMP, 1),
	ROW(SOL_SOCKET, SO_TIMESTAMPNS, 1),
	{"SO_TIMESTAMPING", SOL_SOCKET, SO_TIMESTAMPING_OLD, 1 << 4, false},
	ROW(SOL_SOCKET, SO_ZEROCOPY, 1),
	ROW(SOL_SOCKET, SO_BUSY_POLL, 50),
	ROW(SOL_SOCKET, SO_MAX_PACING_RATE, 1000000),
	ROW(SOL_SOCKET, SO_INCOMING_CPU, READ_ONLY),
	ROW(IPPROTO_TCP, TCP_NODELAY, 1),
	ROW(IPPROTO_TCP, TCP_CORK, 1),
	ROW(IPPROTO_TCP, TCP_MAXSEG, 1000),
	ROW(IPPROTO_TCP, TCP_KEEPIDLE, 10),
	ROW(IPPROTO_TCP, TCP_KEEPINTVL, 10),
	ROW(IPPROTO_TCP, TCP_KEEPCNT, 3),
	ROW(IPPROTO_TCP, TCP_USER_TIMEOUT, 5000),
	ROW(IPPROTO_TCP, TCP_QUICKACK, 1),
	ROW(IPPROTO_TCP, TCP_DEFER_ACCEPT, 3),
	ROW(IPPROTO_TCP, TCP_SYNCNT, 3),
	ROW(IPPROTO_TCP, TCP_LINGER2, 30),
	ROW(IPPROTO_TCP, TCP_WINDOW_CLAMP, 20000),
	ROW(IPPROTO_TCP, TCP_FASTOPEN, 5),
	ROW(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1),
	ROW(IPPROTO_TCP, TCP_NOTSENT_LOWAT, 5000),
	ROW(IPPROTO_TCP, TCP_INQ, 1),
	ROW(IPPROTO_TCP, TCP_REPAIR, 1),
	ROW(IPPROTO_IP, IP_TTL, 9),
	ROW(IPPROTO_IP, IP_TOS, 16),
	ROW(IPPROTO_IP, IP_RECVTTL, 1),
	ROW(IPPROTO_IP, IP_RECVTOS, 1),
	ROW(IPPROTO_IP, IP_PKTINFO, 1),
	ROW(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO),
	ROW(IPPROTO_IP, IP_RECVERR, 1),
	ROW(IPPROTO_IP, IP_FREEBIND, 1),
	ROW(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1),
#undef ROW
#define ROW(name, value)                                                       \
	{                                                                      \
#name, IPPROTO_IPV6, name, value, true                         \
	}
	ROW(IPV6_V6ONLY, 1),
	ROW(IPV6_UNICAST_HOPS, 9),
	ROW(IPV6_TCLASS, 16),
	ROW(IPV6_RECVPKTINFO, 1),
	ROW(IPV6_RECVHOPLIMIT, 1),
	ROW(IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO),
	ROW(IPV6_RECVERR, 1),
#undef ROW
};

/* Of datagrams: of streams they mean nothing, or something else. */
static const struct option dgram_options[] = {
#define ROW(level, name, value)                                                \
	{                                                                      \
		"datagram " #name, level, name, value, false                   \
	}
	ROW(SOL_SOCKET, SO_REUSEADDR, 1),
	ROW(SOL_SOCKET, SO_REUSEPORT, 1),
	ROW(SOL_SOCKET, SO_BROADCAST, 1),
	ROW(SOL_SOCKET, SO_SNDBUF, 20000),
	ROW(SOL_SOCKET, SO_RCVBUF, 20000),
	ROW(SOL_SOCKET, SO_TYPE, READ_ONLY),
	ROW(SOL_SOCKET, SO_PROTOCOL, READ_ONLY),
	ROW(SOL_SOCKET, SO_ERROR, READ_ONLY),
	ROW(SOL_SOCKET, SO_BINDTODEVICE, READ_ONLY),
	ROW(SOL_SOCKET, SO_MARK, 3),
	ROW(SOL_SOCKET, SO_PRIORITY, 3),
	ROW(SOL_SOCKET, SO_TIMESTAMP, 1),
	ROW(SOL_SOCKET, SO_RCVLOWAT, 3),
	ROW(IPPROTO_IP, IP_TTL, 9),
	ROW(IPPROTO_IP, IP_TOS, 16),
	ROW(IPPROTO_IP, IP_RECVTTL, 1),
	ROW(IPPROTO_IP, IP_RECVTOS, 1),
	ROW(IPPROTO_IP, IP_PKTINFO, 1),
	ROW(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO),
	ROW(IPPROTO_IP, IP_RECVERR, 1),
	ROW(IPPROTO_IP, IP_MULTICAST_TTL, 3),
	ROW(IPPROTO_IP, IP_MULTICAST_LOOP, 1),
	ROW(IPPROTO_IP, IP_MULTICAST_ALL, 1),
	ROW(IPPROTO_UDP, UDP_CORK, 1),
	ROW(IPPROTO_UDP, UDP_SEGMENT, 1000),
	ROW(IPPROTO_UDP, UDP_GRO, 1),
#undef ROW
#define ROW(name, value)                                                       \
	{                                                                      \
		"datagram " #name, IPPROTO_IPV6, name, value, true             \
	}
	ROW(IPV6_V6ONLY, 1),
	ROW(IPV6_UNICAST_HOPS, 9),
	ROW(IPV6_TCLASS, 16),
	ROW(IPV6_RECVPKTINFO, 1),
	ROW(IPV6_RECVHOPLIMIT, 1),
	ROW(IPV6_RECVTCLASS, 1),
	ROW(IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO),
	ROW(IPV6_RECVERR, 1),
	ROW(IPV6_MULTICAST_HOPS, 3),
	ROW(IPV6_MULTICAST_LOOP, 1),
#undef ROW
};

/* "yes, 20000 reads 40000", "refused, ENOPROTOOPT" */
static void try_option(const struct option *option, int type)
{
	int fd = S->socket(option->family6 ? AF_INET6 : AF_INET, type, 0);
	int value = option->value, level = option->level;
	int opt = option->opt;
	int rc = 0, got = -1;
	socklen_t len = sizeof(got);
	char text[64];

	if (value != READ_ONLY)
		rc = set_int(fd, level, opt, value);
	if (rc) {
		snprintf(text, sizeof(text), "refused, %s", res(rc));
	} else if (value == READ_ONLY) {
		char room[16];

		len = sizeof(room);
		rc = S->getsockopt(fd, level, opt, room, &len);
		snprintf(text, sizeof(text), rc ? "refused, %s" : "yes",
			 res(rc));
	} else {
		rc = S->getsockopt(fd, level, opt, &got, &len);
		if (rc)
			snprintf(text, sizeof(text), "set only, %s", res(rc));
		else
			snprintf(text, sizeof(text),
				 got == value ? "yes" : "yes, %d reads %d",
				 value, got);
	}
	verdict(option->name, text);
	S->close(fd);
}

static void odd_options(void)
{
	struct linger linger = {1, 3};
	struct timeval tv = {3, 0};
	struct tcp_info info;
	socklen_t len = sizeof(info);
	int fd = fresh();

	verdict("SO_LINGER", S->setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger,
					   sizeof(linger)) ?
				     res(-1) :
				     "yes");
	verdict("SO_RCVTIMEO",
		S->setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) ?
			res(-1) :
			"yes");
	verdict("SO_SNDTIMEO",
		S->setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) ?
			res(-1) :
			"yes");
	verdict("SO_BINDTODEVICE",
		S->setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) ?
			"refused, ENOPROTOOPT" :
			"yes");
	verdict("TCP_CONGESTION",
		S->setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4) ?
			res(-1) :
			"yes");
	verdict("TCP_INFO",
		S->getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) ?
			res(-1) :
			"yes");
	verdict("TCP_ULP", S->setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", 4) ?
				   "refused, ENOPROTOOPT" :
				   "yes");
	S->close(fd);
}

/* ----------------------------------------------------------------- flags -- */

/* What was sent is there: under catenet run another process carries it. */
static void arrives(int fd, int events)
{
	struct pollfd poll_fd = {fd, (short)events, 0};

	(void)S->poll(&poll_fd, 1, 10000);
}

static const char *try_peek(const int p[2])
{
	send_text(p[0], "ab", 0);
	arrives(p[1], POLLIN);
	return strcmp(read_text(p[1], 1, MSG_PEEK), "\"a\"") ||
			       strcmp(read_text(p[1], 2, 0), "\"ab\"") ?
		       "no" :
		       "yes";
}

static void send_b(int fd)
{
	send_text(fd, "b", 0);
}

static const char *try_waitall(const int p[2])
{
	struct later *l;
	const char *got;

	send_text(p[0], "a", 0);
	l = later(30, send_b, p[0]);
	got = read_text(p[1], 2, MSG_WAITALL);
	later_join(l);
	return strcmp(got, "\"ab\"") ? "no" : "yes";
}

static const char *try_trunc(const int p[2])
{
	char data[8] = "....";

	send_text(p[0], "abc", 0);
	arrives(p[1], POLLIN);
	if (S->recv(p[1], data, 2, MSG_TRUNC) != 2)
		return "no";
	return strcmp(data, "....") ? "copies" : "yes";
}

static const char *try_oob(const int p[2])
{
	send_text(p[0], "a!", MSG_OOB);
	arrives(p[1], POLLPRI);
	return strcmp(read_text(p[1], 1, MSG_OOB), "\"!\"") ? "no" : "yes";
}

static int pipes;

static void count_pipe(int number)
{
	(void)number;
	pipes++;
}

static const char *try_nosignal(const int p[2])
{
	pipes = 0;
	signal(SIGPIPE, count_pipe);
	S->shutdown(p[0], SHUT_WR);
	send_text(p[0], "a", MSG_NOSIGNAL);
	if (pipes)
		return "no";
	send_text(p[0], "a", 0);
	return pipes ? "yes" : "never a signal";
}

static const char *try_dontwait(const int p[2])
{
	return strcmp(read_text(p[1], 1, MSG_DONTWAIT), "EAGAIN") ? "no" :
								    "yes";
}

static const char *try_more(const int p[2])
{
	send_text(p[0], "a", MSG_MORE);
	settle();
	return strcmp(read_text(p[1], 1, MSG_DONTWAIT), "EAGAIN") ? "ignored" :
								    "yes";
}

static const char *try_fastopen(const int p[2])
{
	int lst = listener(4), fd = fresh();
	struct sockaddr_in to = at(1, port_of(lst));
	const char *said;

	(void)p;
	said = S->sendto(fd, "a", 1, MSG_FASTOPEN, (struct sockaddr *)&to,
			 sizeof(to)) == 1 ?
		       "yes" :
		       res(-1);
	S->close(fd);
	S->close(lst);
	return said;
}

static const char *try_zerocopy(const int p[2])
{
	int fd = p[0];

	if (set_int(fd, SOL_SOCKET, SO_ZEROCOPY, 1))
		return "copies, as without SO_ZEROCOPY";
	return send_text(fd, "a", MSG_ZEROCOPY) == 1 ? "yes" : res(-1);
}

static const char *try_errqueue(const int p[2])
{
	return strcmp(read_text(p[1], 1, MSG_ERRQUEUE), "EAGAIN") ? "no" :
								    "empty";
}

static const struct {
	const char *name;
	const char *(*run)(const int p[2]);
} flags[] = {
	{"MSG_PEEK", try_peek},		{"MSG_WAITALL", try_waitall},
	{"MSG_TRUNC", try_trunc},	{"MSG_OOB", try_oob},
	{"MSG_NOSIGNAL", try_nosignal}, {"MSG_DONTWAIT", try_dontwait},
	{"MSG_MORE", try_more},		{"MSG_FASTOPEN", try_fastopen},
	{"MSG_ZEROCOPY", try_zerocopy}, {"MSG_ERRQUEUE", try_errqueue},
};

static void try_flags(void)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		int p[2];

		make_pair(p);
		verdict(flags[i].name, flags[i].run(p));
		close_pair(p);
	}
}

/* ---------------------------------------------------------------- ioctls -- */

static const struct {
	const char *name;
	unsigned long request;
} ioctls[] = {
	{"FIONREAD", FIONREAD},	    {"SIOCINQ", SIOCINQ},
	{"SIOCOUTQ", SIOCOUTQ},	    {"SIOCOUTQNSD", SIOCOUTQNSD},
	{"SIOCATMARK", SIOCATMARK},
};

static const struct {
	const char *name;
	unsigned long request;
} interfaces[] = {
	{"SIOCGIFINDEX", SIOCGIFINDEX},	    {"SIOCGIFADDR", SIOCGIFADDR},
	{"SIOCGIFNETMASK", SIOCGIFNETMASK}, {"SIOCGIFMTU", SIOCGIFMTU},
	{"SIOCGIFFLAGS", SIOCGIFFLAGS},
};

static void try_ioctls(void)
{
	struct ifreq list[16], name = {.ifr_ifindex = 1};
	struct ifconf conf = {.ifc_len = sizeof(list),
			      .ifc_ifcu = {.ifcu_req = list}};
	int p[2];
	int n;

	make_pair(p);
	for (size_t i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++)
		verdict(ioctls[i].name, S->ioctl(p[0], ioctls[i].request, &n) ?
						res(-1) :
						"yes");
	for (size_t i = 0; i < sizeof(interfaces) / sizeof(interfaces[0]);
	     i++) {
		struct ifreq lo = {.ifr_name = "lo"};

		verdict(interfaces[i].name,
			S->ioctl(p[0], interfaces[i].request, &lo) ? res(-1) :
								     "yes");
	}
	verdict("SIOCGIFNAME", S->ioctl(p[0], SIOCGIFNAME, &name) ||
					       strcmp(name.ifr_name, "lo") ?
				       res(-1) :
				       "yes");
	verdict("SIOCGIFCONF",
		S->ioctl(p[0], SIOCGIFCONF, &conf) || !conf.ifc_len ? res(-1) :
								      "yes");
	close_pair(p);
}

int main(int argc, char **argv)
{
	bool linked = argc > 1 && !strcmp(argv[1], "linked");

	S = linked ? &virtual_side : &kernel_side;
	if (linked)
		linked_open(true);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		try_option(&options[i], SOCK_STREAM);
	odd_options();
	try_flags();
	try_ioctls();
	/* Under run they are the kernel's own. */
	for (size_t i = 0;
	     linked && i < sizeof(dgram_options) / sizeof(dgram_options[0]);
	     i++)
		try_option(&dgram_options[i], SOCK_DGRAM);
	if (linked)
		linked_close();
	return 0;
}
