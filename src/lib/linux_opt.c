/* SPDX-License-Identifier: MIT */
/*
 * Which socket options there are, in Linux's numbers (socket(7), tcp(7), ip(7),
 * ipv6(7)), and whose they are.
 *
 * An option is honoured or refused with ENOPROTOOPT; none says "ok" and does
 * nothing.  The few that Linux itself lets one set on a TCP socket without
 * any effect (SO_BROADCAST, IP_PKTINFO) are kept and read back.
 */
#include "lib/linux_opt.h"

#include <limits.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lib/linux_opt_row.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

/* Options that are one int and one rule. */
static const struct linux_row rows[] = {
	{SOL_SOCKET, SO_REUSEADDR, CN_OPT_REUSEADDR, KIND_BOOL, 0, 0},
	{SOL_SOCKET, SO_REUSEPORT, CN_OPT_REUSEPORT, KIND_BOOL, 0, 0},
	{SOL_SOCKET, SO_KEEPALIVE, CN_OPT_KEEPALIVE, KIND_BOOL, 0, 0},
	{SOL_SOCKET, SO_OOBINLINE, CN_OPT_OOBINLINE, KIND_BOOL, 0, 0},
	{SOL_SOCKET, SO_BROADCAST, LINUX_BIT_BROADCAST, KIND_BIT, 0, 0},
	{IPPROTO_TCP, TCP_NODELAY, CN_OPT_NODELAY, KIND_BOOL, 0, 0},
	{IPPROTO_TCP, TCP_CORK, CN_OPT_CORK, KIND_BOOL, 0, 0},
	{IPPROTO_TCP, TCP_QUICKACK, CN_OPT_QUICKACK, KIND_BOOL, 0, 0},
	{IPPROTO_TCP, TCP_KEEPIDLE, CN_OPT_KEEPIDLE, KIND_RANGE, 1, 32767},
	{IPPROTO_TCP, TCP_KEEPINTVL, CN_OPT_KEEPINTVL, KIND_RANGE, 1, 32767},
	{IPPROTO_TCP, TCP_KEEPCNT, CN_OPT_KEEPCNT, KIND_RANGE, 1, 127},
	{IPPROTO_TCP, TCP_SYNCNT, CN_OPT_SYNCNT, KIND_RANGE, 1, 127},
	{IPPROTO_TCP, TCP_USER_TIMEOUT, CN_OPT_USER_TIMEOUT, KIND_RANGE, 0,
	 INT_MAX},
	{IPPROTO_TCP, TCP_NOTSENT_LOWAT, CN_OPT_NOTSENT_LOWAT, KIND_RANGE,
	 INT_MIN, INT_MAX},
	{IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, LINUX_BIT_NO_PORT, KIND_BIT, 0,
	 0},
	{IPPROTO_IP, IP_PKTINFO, LINUX_BIT_PKTINFO, KIND_BIT, 0, 0},
	{IPPROTO_IP, IP_RECVTTL, LINUX_BIT_RECVTTL, KIND_BIT, 0, 0},
	{IPPROTO_IP, IP_RECVTOS, LINUX_BIT_RECVTOS, KIND_BIT, 0, 0},
	{IPPROTO_IPV6, IPV6_RECVHOPLIMIT, LINUX_BIT_RECVHOPS6, KIND_BIT, 0, 0},
	{IPPROTO_IPV6, IPV6_RECVTCLASS, LINUX_BIT_RECVCLASS6, KIND_BIT, 0, 0},
	{IPPROTO_IPV6, IPV6_RECVPKTINFO, LINUX_BIT_PKTINFO6, KIND_BIT, 0, 0},
};

/* Options with a rule of their own. */
static const struct {
	int level, opt;
} others[] = {
	{SOL_SOCKET, SO_DEBUG},
	{SOL_SOCKET, SO_TYPE},
	{SOL_SOCKET, SO_DOMAIN},
	{SOL_SOCKET, SO_PROTOCOL},
	{SOL_SOCKET, SO_ERROR},
	{SOL_SOCKET, SO_ACCEPTCONN},
	{SOL_SOCKET, SO_COOKIE},
	{SOL_SOCKET, SO_SNDBUF},
	{SOL_SOCKET, SO_RCVBUF},
	{SOL_SOCKET, SO_SNDBUFFORCE},
	{SOL_SOCKET, SO_RCVBUFFORCE},
	{SOL_SOCKET, SO_LINGER},
	{SOL_SOCKET, SO_RCVLOWAT},
	{SOL_SOCKET, SO_SNDLOWAT},
	{SOL_SOCKET, SO_RCVTIMEO},
	{SOL_SOCKET, SO_SNDTIMEO},
	{SOL_SOCKET, SO_MEMINFO},
	{SOL_SOCKET, SO_MAX_PACING_RATE},
	{IPPROTO_TCP, TCP_MAXSEG},
	{IPPROTO_TCP, TCP_LINGER2},
	{IPPROTO_TCP, TCP_DEFER_ACCEPT},
	{IPPROTO_TCP, TCP_WINDOW_CLAMP},
	{IPPROTO_TCP, TCP_FASTOPEN},
	{IPPROTO_TCP, TCP_FASTOPEN_CONNECT},
	{IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE},
	{IPPROTO_TCP, TCP_CONGESTION},
	{IPPROTO_TCP, TCP_INFO},
	{IPPROTO_TCP, TCP_CC_INFO},
	{IPPROTO_IP, IP_TTL},
	{IPPROTO_IP, IP_TOS},
	{IPPROTO_IP, IP_MTU},
	{IPPROTO_IPV6, IPV6_V6ONLY},
	{IPPROTO_IPV6, IPV6_UNICAST_HOPS},
	{IPPROTO_IPV6, IPV6_TCLASS},
	{IPPROTO_IPV6, IPV6_ADDRFORM},
	{IPPROTO_IPV6, IPV6_MTU},
};

/* Options about routes, queues and marks of the machine itself. */
static const struct {
	int level, opt;
} kernels[] = {
	{SOL_SOCKET, SO_PRIORITY},	   {SOL_SOCKET, SO_MARK},
	{SOL_SOCKET, SO_BINDTODEVICE},	   {SOL_SOCKET, SO_DONTROUTE},
	{IPPROTO_IP, IP_MTU_DISCOVER},	   {IPPROTO_IP, IP_FREEBIND},
	{IPPROTO_IPV6, IPV6_MTU_DISCOVER},
};

const char *const linux_cc_names[CN_CC_N] = {
	[CN_CC_CUBIC] = "cubic",
	[CN_CC_RENO] = "reno",
	[CN_CC_BBR] = "bbr",
};

const struct linux_row *linux_opt_row(int level, int opt)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].level == level && rows[i].opt == opt)
			return &rows[i];
	return NULL;
}

enum linux_owner linux_opt_owner(int level, int opt)
{
	if (linux_opt_row(level, opt))
		return LINUX_OWNER_ENGINE;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].level == level && others[i].opt == opt)
			return LINUX_OWNER_ENGINE;
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		if (kernels[i].level == level && kernels[i].opt == opt)
			return LINUX_OWNER_KERNEL;
	return LINUX_OWNER_NONE;
}

/* A level of IPPROTO_IPV6 on an IPv4 socket is unknown to Linux. */
bool linux_opt_level(const struct linux_sock *ls, int level)
{
	return level == SOL_SOCKET || level == IPPROTO_TCP ||
	       level == IPPROTO_IP ||
	       (level == IPPROTO_IPV6 && ls->domain == AF_INET6);
}
