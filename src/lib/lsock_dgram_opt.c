/* SPDX-License-Identifier: MIT */
/*
 * Options of datagram sockets in Linux's numbers (socket(7), udp(7), ip(7),
 * ipv6(7)), by the rule of linux_opt.c: honoured, or refused with ENOPROTOOPT.
 */
#include "lib/lsock_dgram.h"

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>

#include "lib/ifreq.h"
#include "lib/linux_err.h"

#define NONE (-1)

/* One int and one rule: an option of the engine, or a bit that is kept. */
static const struct row {
	int level, opt;
	int what; /* enum cn_dgram_opt, NONE: bit */
	uint32_t bit;
	bool is_flag; /* any number, read back as 0 or 1 */
	int otherwise; /* what -1 means; INT_MIN: nothing special */
} rows[] = {
#define FLAG(level, opt, what)                                                 \
	{                                                                      \
		level, opt, CN_DGRAM_OPT_##what, 0, true, 0                    \
	}
#define BIT(level, opt, bit)                                                   \
	{                                                                      \
		level, opt, NONE, LINUX_BIT_##bit, true, 0                     \
	}
#define VALUE(level, opt, what, otherwise)                                     \
	{                                                                      \
		level, opt, CN_DGRAM_OPT_##what, 0, false, otherwise           \
	}
	FLAG(SOL_SOCKET, SO_REUSEADDR, REUSEADDR),
	FLAG(SOL_SOCKET, SO_REUSEPORT, REUSEPORT),
	FLAG(SOL_SOCKET, SO_BROADCAST, BROADCAST),
	BIT(SOL_SOCKET, SO_OOBINLINE, OOBINLINE),
	BIT(SOL_SOCKET, SO_KEEPALIVE, KEEPALIVE),
	BIT(IPPROTO_IP, IP_PKTINFO, PKTINFO),
	BIT(IPPROTO_IP, IP_RECVTTL, RECVTTL),
	BIT(IPPROTO_IP, IP_RECVTOS, RECVTOS),
	VALUE(IPPROTO_IP, IP_TTL, TTL, 64),
	VALUE(IPPROTO_IP, IP_TOS, TOS, INT_MIN),
	FLAG(IPPROTO_IP, IP_RECVERR, RECVERR),
	VALUE(IPPROTO_IP, IP_MTU_DISCOVER, MTU_DISCOVER, INT_MIN),
	VALUE(IPPROTO_IP, IP_MULTICAST_TTL, MULTICAST_TTL, 1),
	FLAG(IPPROTO_IP, IP_MULTICAST_LOOP, MULTICAST_LOOP),
	FLAG(IPPROTO_IP, IP_MULTICAST_ALL, MULTICAST_ALL),
	BIT(IPPROTO_IPV6, IPV6_RECVPKTINFO, PKTINFO6),
	BIT(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, RECVHOPS6),
	BIT(IPPROTO_IPV6, IPV6_RECVTCLASS, RECVCLASS6),
	FLAG(IPPROTO_IPV6, IPV6_V6ONLY, V6ONLY),
	VALUE(IPPROTO_IPV6, IPV6_UNICAST_HOPS, TTL, 64),
	VALUE(IPPROTO_IPV6, IPV6_TCLASS, TOS, 0),
	FLAG(IPPROTO_IPV6, IPV6_RECVERR, RECVERR),
	VALUE(IPPROTO_IPV6, IPV6_MTU_DISCOVER, MTU_DISCOVER, INT_MIN),
	VALUE(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, MULTICAST_TTL, 1),
	FLAG(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, MULTICAST_LOOP),
	FLAG(IPPROTO_IPV6, IPV6_MULTICAST_ALL, MULTICAST_ALL),
#undef FLAG
#undef BIT
#undef VALUE
};

static const struct row *find_row(const struct lsock *sock, int level, int opt)
{
	if (level == IPPROTO_IPV6 && sock->ls.domain != AF_INET6)
		return NULL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].level == level && rows[i].opt == opt)
			return &rows[i];
	return NULL;
}

static int engine_set(struct lsock *sock, enum cn_dgram_opt opt, int64_t value)
{
	return linux_errno(cn_dgram_set(sock->dgram, opt, value));
}

/* ------------------------------------------------------------------ set -- */

static int set_row(struct lsock *sock, const struct row *row, int value)
{
	if (row->what == NONE) {
		sock->ls.bits &= ~row->bit;
		sock->ls.bits |= value ? row->bit : 0;
		return 0;
	}
	if (row->what == CN_DGRAM_OPT_MULTICAST_ALL && (unsigned)value > 1)
		return EINVAL;
	if (row->opt == IP_TOS && row->level == IPPROTO_IP)
		value &= 0xff;
	if (row->is_flag)
		value = value != 0;
	else if (value == -1 && row->otherwise != INT_MIN)
		value = row->otherwise;
	return engine_set(sock, (enum cn_dgram_opt)row->what, value);
}

/* Doubled, as Linux does and tells: half is for its own bookkeeping, and the
 * engine charges true sizes too. */
static int set_buffer(struct lsock *sock, enum cn_dgram_opt opt, int value,
		      uint32_t most, uint32_t *said)
{
	uint32_t want = (uint32_t)value < most ? (uint32_t)value : most;
	int rc;

	if (want > INT_MAX / 2)
		want = INT_MAX / 2;
	if (want < 2304 / 2)
		want = 2304 / 2;
	rc = engine_set(sock, opt, (int64_t)want * 2);
	if (!rc)
		*said = want * 2;
	return rc;
}

/* A datagram's close never waits: kept and told. */
static int set_linger(struct linger *to, const void *val, socklen_t len)
{
	struct linger linger;

	if (len < sizeof(linger))
		return EINVAL;
	memcpy(&linger, val, sizeof(linger));
	to->l_onoff = linger.l_onoff != 0;
	if (to->l_onoff)
		to->l_linger = linger.l_linger & INT_MAX;
	return 0;
}

static int set_device(struct lsock *sock, const char *name, socklen_t len)
{
	char text[IFNAMSIZ] = "";
	int link;

	memcpy(text, name, len < IFNAMSIZ ? len : IFNAMSIZ - 1);
	if (!text[0])
		return engine_set(sock, CN_DGRAM_OPT_LINK, -1);
	link = ifreq_link_of_name(sock->stack, text);
	return link < 0 ? ENODEV : engine_set(sock, CN_DGRAM_OPT_LINK, link);
}

static int set_timeout(uint64_t *ns, const void *val, socklen_t len)
{
	struct timeval tv;

	if (len < sizeof(tv))
		return EINVAL;
	memcpy(&tv, val, sizeof(tv));
	if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return EDOM;
	*ns = tv.tv_sec < 0 ? 1 :
			      (uint64_t)tv.tv_sec * CN_NS_PER_SEC +
				      (uint64_t)tv.tv_usec * CN_NS_PER_US;
	return 0;
}

static int set_socket(struct lsock *sock, int opt, const void *val,
		      socklen_t len)
{
	int value;

	if (opt == SO_BINDTODEVICE)
		return set_device(sock, val, len);
	if (len < sizeof(value))
		return EINVAL;
	memcpy(&value, val, sizeof(value));
	switch (opt) {
	case SO_SNDBUF:
		return set_buffer(sock, CN_DGRAM_OPT_SNDBUF, value,
				  sock->ls.limits->wmem_max, &sock->ls.sndbuf);
	case SO_RCVBUF:
		return set_buffer(sock, CN_DGRAM_OPT_RCVBUF, value,
				  sock->ls.limits->rmem_max, &sock->ls.rcvbuf);
	case SO_RCVTIMEO:
		return set_timeout(&sock->ls.rcvtimeo_ns, val, len);
	case SO_SNDTIMEO:
		return set_timeout(&sock->ls.sndtimeo_ns, val, len);
	case SO_LINGER:
		return set_linger(&sock->linger, val, len);
	default:
		return ENOPROTOOPT;
	}
}

/* -------------------------------------------------------------- groups -- */

/* struct ip_mreqn, or ip_mreq, which is shorter and names the interface by an
 * address. */
static int member4(struct lsock *sock, bool join, const void *val,
		   socklen_t len)
{
	struct ip_mreqn mreq = {.imr_ifindex = 0};
	struct cn_addr group;
	uint8_t b[4];
	int link = -1;

	if (len < sizeof(struct ip_mreq))
		return EINVAL;
	memcpy(&mreq, val, len < sizeof(mreq) ? len : sizeof(mreq));
	memcpy(b, &mreq.imr_multiaddr, 4);
	group = cn_addr_v4(b[0], b[1], b[2], b[3]);
	memcpy(b, &mreq.imr_address, 4);
	if (mreq.imr_ifindex)
		link = ifreq_link_of_index(sock->stack, mreq.imr_ifindex);
	else if (mreq.imr_address.s_addr)
		link = ifreq_link_of_v4(sock->stack,
					ntohl(mreq.imr_address.s_addr));
	if (!cn_addr_is_multicast(&group))
		return EINVAL;
	if (link < 0 && (mreq.imr_ifindex || mreq.imr_address.s_addr))
		return ENODEV;
	return linux_errno(join ? cn_dgram_join(sock->dgram, &group, link) :
				  cn_dgram_leave(sock->dgram, &group, link));
}

static int member6(struct lsock *sock, bool join, const void *val,
		   socklen_t len)
{
	struct ipv6_mreq mreq;
	struct cn_addr group;
	int link = -1;

	if (len < sizeof(mreq))
		return EINVAL;
	memcpy(&mreq, val, sizeof(mreq));
	memcpy(group.octet, &mreq.ipv6mr_multiaddr, 16);
	if (mreq.ipv6mr_interface)
		link = ifreq_link_of_index(sock->stack,
					   (int)mreq.ipv6mr_interface);
	if (link < 0 && mreq.ipv6mr_interface)
		return ENODEV;
	return linux_errno(join ? cn_dgram_join(sock->dgram, &group, link) :
				  cn_dgram_leave(sock->dgram, &group, link));
}

static int set_many_link(struct lsock *sock, int link, bool none)
{
	if (link < 0 && !none)
		return ENODEV;
	return engine_set(sock, CN_DGRAM_OPT_MULTICAST_IF, link);
}

/* An address, or struct ip_mreqn. */
static int set_many_if4(struct lsock *sock, const void *val, socklen_t len)
{
	struct ip_mreqn mreq = {.imr_ifindex = 0};
	uint32_t addr;

	if (len >= sizeof(mreq))
		memcpy(&mreq, val, sizeof(mreq));
	else if (len >= sizeof(struct in_addr))
		memcpy(&mreq.imr_address, val, sizeof(struct in_addr));
	else
		return EINVAL;
	addr = ntohl(mreq.imr_address.s_addr);
	if (mreq.imr_ifindex)
		return set_many_link(sock,
				     ifreq_link_of_index(sock->stack,
							 mreq.imr_ifindex),
				     false);
	return set_many_link(
		sock, addr ? ifreq_link_of_v4(sock->stack, addr) : -1, !addr);
}

static int set_many_if6(struct lsock *sock, const void *val, socklen_t len)
{
	int index;

	if (len < sizeof(index))
		return EINVAL;
	memcpy(&index, val, sizeof(index));
	return set_many_link(
		sock, index ? ifreq_link_of_index(sock->stack, index) : -1,
		!index);
}

static int set_ip(struct lsock *sock, int opt, const void *val, socklen_t len)
{
	switch (opt) {
	case IP_ADD_MEMBERSHIP:
	case IP_DROP_MEMBERSHIP:
		return member4(sock, opt == IP_ADD_MEMBERSHIP, val, len);
	case IP_MULTICAST_IF:
		return set_many_if4(sock, val, len);
	default:
		return ENOPROTOOPT;
	}
}

static int set_ip6(struct lsock *sock, int opt, const void *val, socklen_t len)
{
	if (sock->ls.domain != AF_INET6)
		return ENOPROTOOPT;
	switch (opt) {
	case IPV6_JOIN_GROUP:
	case IPV6_LEAVE_GROUP:
		return member6(sock, opt == IPV6_JOIN_GROUP, val, len);
	case IPV6_MULTICAST_IF:
		return set_many_if6(sock, val, len);
	default:
		return ENOPROTOOPT;
	}
}

int lsock_dgram_set(struct lsock *sock, int level, int opt, const void *val,
		    socklen_t len)
{
	const struct row *row = find_row(sock, level, opt);
	const uint8_t *octet = val;
	int value = 0;

	if (!row && level == SOL_SOCKET)
		return set_socket(sock, opt, val, len);
	if (!row && level == IPPROTO_IP)
		return set_ip(sock, opt, val, len);
	if (!row)
		return level == IPPROTO_IPV6 ? set_ip6(sock, opt, val, len) :
					       ENOPROTOOPT;
	if (len >= sizeof(value))
		memcpy(&value, val, sizeof(value));
	else if (level == IPPROTO_IP && len)
		value = *octet;
	else
		return EINVAL;
	return set_row(sock, row, value);
}

/* ------------------------------------------------------------------ get -- */

static int put(void *val, socklen_t *len, const void *from, size_t size)
{
	if (*len > size)
		*len = (socklen_t)size;
	memcpy(val, from, *len);
	return 0;
}

static int get_engine(struct lsock *sock, enum cn_dgram_opt opt, int *value)
{
	int64_t wide = 0;
	int rc = cn_dgram_get(sock->dgram, opt, &wide, sock->file.hub->now);

	*value = (int)wide;
	return linux_errno(rc);
}

static int get_timeout(uint64_t ns, void *val, socklen_t *len)
{
	struct timeval tv = {
		.tv_sec = (time_t)(ns / CN_NS_PER_SEC),
		.tv_usec = (suseconds_t)(ns % CN_NS_PER_SEC / CN_NS_PER_US),
	};

	return put(val, len, &tv, sizeof(tv));
}

static int get_device(struct lsock *sock, void *val, socklen_t *len)
{
	char name[IFNAMSIZ];
	int link = -1;
	int rc = get_engine(sock, CN_DGRAM_OPT_LINK, &link);

	ifreq_name_of_link(sock->stack, link, name);
	return rc ? rc : put(val, len, name, name[0] ? strlen(name) + 1 : 0);
}

static int get_protocol(const struct lsock *sock)
{
	int ping = sock->ls.domain == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	return sock->ping ? ping : IPPROTO_UDP;
}

static int get_number(struct lsock *sock, int opt, int *value)
{
	switch (opt) {
	case SO_TYPE:
		*value = SOCK_DGRAM;
		return 0;
	case SO_DOMAIN:
		*value = sock->ls.domain;
		return 0;
	case SO_PROTOCOL:
		*value = get_protocol(sock);
		return 0;
	case SO_ERROR:
		*value = linux_errno(cn_dgram_error(sock->dgram));
		return 0;
	case SO_ACCEPTCONN:
		*value = 0;
		return 0;
	case SO_SNDLOWAT:
		*value = 1;
		return 0;
	case SO_SNDBUF:
		return get_engine(sock, CN_DGRAM_OPT_SNDBUF, value);
	case SO_RCVBUF:
		return get_engine(sock, CN_DGRAM_OPT_RCVBUF, value);
	default:
		return ENOPROTOOPT;
	}
}

static int get_socket(struct lsock *sock, int opt, void *val, socklen_t *len)
{
	int value = 0;
	int rc;

	switch (opt) {
	case SO_BINDTODEVICE:
		return get_device(sock, val, len);
	case SO_RCVTIMEO:
		return get_timeout(sock->ls.rcvtimeo_ns, val, len);
	case SO_SNDTIMEO:
		return get_timeout(sock->ls.sndtimeo_ns, val, len);
	case SO_LINGER:
		return put(val, len, &sock->linger, sizeof(sock->linger));
	case SO_COOKIE:
		if (*len < sizeof(sock->ls.cookie))
			return EINVAL;
		return put(val, len, &sock->ls.cookie, sizeof(uint64_t));
	default:
		rc = get_number(sock, opt, &value);
		return rc ? rc : put(val, len, &value, sizeof(value));
	}
}

/* Linux's ip_getsockopt says so of a level that it does not know. */
static int unknown(const struct lsock *sock, int level)
{
	return sock->ls.domain == AF_INET && level != IPPROTO_IP &&
			       level != IPPROTO_UDP ?
		       EOPNOTSUPP :
		       ENOPROTOOPT;
}

int lsock_dgram_get(struct lsock *sock, int level, int opt, void *val,
		    socklen_t *len)
{
	const struct row *row = find_row(sock, level, opt);
	uint8_t octet;
	int value = 0;
	int rc = 0;

	if (!row && unknown(sock, level) == EOPNOTSUPP && level != SOL_SOCKET)
		return EOPNOTSUPP;
	if ((int)*len < 0 && level == IPPROTO_IPV6)
		*len = sizeof(int);
	if ((int)*len < 0)
		return EINVAL;
	if (!row && level == SOL_SOCKET)
		return get_socket(sock, opt, val, len);
	if (!row && ((level == IPPROTO_IP && opt == IP_MTU) ||
		     (level == IPPROTO_IPV6 && opt == IPV6_MTU)))
		rc = get_engine(sock, CN_DGRAM_OPT_MTU, &value);
	else if (!row)
		return ENOPROTOOPT;
	else if (row->what == NONE)
		value = (sock->ls.bits & row->bit) != 0;
	else
		rc = get_engine(sock, (enum cn_dgram_opt)row->what, &value);
	octet = (uint8_t)value;
	if (!rc && level == IPPROTO_IP && *len && *len < sizeof(value))
		return put(val, len, &octet, 1);
	return rc ? rc : put(val, len, &value, sizeof(value));
}
