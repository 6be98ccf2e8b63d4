/* SPDX-License-Identifier: MIT */
/*
 * Socket options in Linux's numbers (socket(7), tcp(7), ip(7), ipv6(7)).
 *
 * An option is honoured or refused with ENOPROTOOPT; none says "ok" and does
 * nothing.  The few that Linux itself lets one set on a TCP socket without
 * any effect (SO_BROADCAST, IP_PKTINFO) are kept and read back.
 */
#include "lib/linux_opt.h"

#include <errno.h>
#include <limits.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "lib/linux_err.h"
#include "lib/linux_info.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

#define SNDBUF_MIN 4608 /* SOCK_MIN_SNDBUF */
#define RCVBUF_MIN 2304 /* SOCK_MIN_RCVBUF */
#define FIN_TIMEOUT_MAX 120 /* TCP_FIN_TIMEOUT_MAX, seconds */
#define DEFER_MAX 247
#define CC_NAME_MAX 16 /* TCP_CA_NAME_MAX */

enum kind {
	KIND_BOOL, /* any number, read back as 0 or 1 */
	KIND_RANGE, /* low .. high, EINVAL beyond */
	KIND_BIT, /* one of linux_sock's bits */
};

/* Options that are one int and one rule. */
static const struct row {
	int level, opt;
	int what; /* enum cn_opt, or enum linux_bit */
	enum kind kind;
	int low, high;
} rows[] = {
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

/* Options with a rule of their own, in set_other and get_other. */
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

static const char *const cc_names[CN_CC_N] = {
	[CN_CC_CUBIC] = "cubic",
	[CN_CC_RENO] = "reno",
	[CN_CC_BBR] = "bbr",
};

static const struct row *find_row(int level, int opt)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].level == level && rows[i].opt == opt)
			return &rows[i];
	return NULL;
}

enum linux_owner linux_opt_owner(int level, int opt)
{
	if (find_row(level, opt))
		return LINUX_OWNER_ENGINE;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].level == level && others[i].opt == opt)
			return LINUX_OWNER_ENGINE;
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		if (kernels[i].level == level && kernels[i].opt == opt)
			return LINUX_OWNER_KERNEL;
	return LINUX_OWNER_NONE;
}

/* --------------------------------------------------------------- set -- */

static int engine_set(struct linux_sock *ls, enum cn_opt opt, int64_t value,
		      uint64_t now)
{
	return linux_errno(cn_sock_set(ls->sock, opt, value, now));
}

/* A level of IPPROTO_IPV6 on an IPv4 socket is unknown to Linux. */
static bool level_exists(const struct linux_sock *ls, int level)
{
	return level == SOL_SOCKET || level == IPPROTO_TCP ||
	       level == IPPROTO_IP ||
	       (level == IPPROTO_IPV6 && ls->domain == AF_INET6);
}

/* The administrator's limit, then Linux's doubling: half of what is reported
 * is for its own bookkeeping, of which the engine has none in the buffer.  A
 * negative number is a very large one. */
static int set_buffer(struct linux_sock *ls, enum cn_opt opt, int value,
		      uint32_t max, uint32_t least, uint64_t now)
{
	uint32_t want = (uint32_t)value;
	int rc;

	if (want > max)
		want = max;
	if (want > INT_MAX / 2)
		want = INT_MAX / 2;
	if (want * 2 < least)
		want = least / 2;
	rc = engine_set(ls, opt, want, now);
	if (!rc && opt == CN_OPT_SNDBUF)
		ls->sndbuf = want * 2;
	else if (!rc)
		ls->rcvbuf = want * 2;
	return rc;
}

/* Linux counts in retransmissions of the SYN-ACK and tells their time: 1, 3, 7
 * ... seconds, the interval growing to two minutes; the engine holds out for
 * four. */
static int64_t defer_time(int seconds)
{
	int64_t interval = 1, total = 1;

	if (seconds <= 0)
		return 0;
	while (seconds > total && total < DEFER_MAX) {
		interval = interval < 60 ? interval * 2 : 120;
		total += interval;
	}
	return total;
}

static int set_timeout(uint64_t *ns, const void *val, uint32_t len)
{
	struct timeval tv;

	if (len < sizeof(tv))
		return EINVAL;
	memcpy(&tv, val, sizeof(tv));
	if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return EDOM;
	if (tv.tv_sec < 0)
		*ns = 1; /* Linux: a negative time has already run out */
	else
		*ns = (uint64_t)tv.tv_sec * CN_NS_PER_SEC +
		      (uint64_t)tv.tv_usec * CN_NS_PER_US;
	return 0;
}

static int set_linger(struct linux_sock *ls, const void *val, uint32_t len,
		      uint64_t now)
{
	struct linger linger;

	if (len < sizeof(linger))
		return EINVAL;
	memcpy(&linger, val, sizeof(linger));
	return engine_set(ls, CN_OPT_LINGER,
			  linger.l_onoff ? linger.l_linger & INT_MAX : -1, now);
}

static int set_congestion(struct linux_sock *ls, const void *val, uint32_t len,
			  uint64_t now)
{
	char name[CC_NAME_MAX] = "";

	if (len < 1)
		return EINVAL;
	memcpy(name, val, len < CC_NAME_MAX ? len : CC_NAME_MAX - 1);
	for (int cc = 0; cc < CN_CC_N; cc++)
		if (!strcmp(name, cc_names[cc]))
			return engine_set(ls, CN_OPT_CONGESTION, cc, now);
	return ENOENT;
}

/* As Linux: 32 bits or 64, all ones for any rate. */
static int set_pacing_rate(struct linux_sock *ls, const void *val, uint32_t len,
			   uint64_t now)
{
	uint64_t rate;
	uint32_t narrow;

	if (len >= sizeof(rate)) {
		memcpy(&rate, val, sizeof(rate));
	} else {
		memcpy(&narrow, val, sizeof(narrow));
		rate = narrow == UINT32_MAX ? UINT64_MAX : narrow;
	}
	/* Nothing at all is no rate that a connection can live with: Linux
	 * takes it for one octet a second. */
	if (!rate)
		rate = 1;
	return engine_set(ls, CN_OPT_MAX_PACING_RATE,
			  rate > INT64_MAX ? -1 : (int64_t)rate, now);
}

static int set_socket(struct linux_sock *ls, int opt, int value,
		      const void *val, uint32_t len, uint64_t now)
{
	switch (opt) {
	case SO_DEBUG:
		return value ? EACCES : 0;
	case SO_SNDBUF:
		return set_buffer(ls, CN_OPT_SNDBUF, value,
				  ls->limits->wmem_max, SNDBUF_MIN, now);
	case SO_RCVBUF:
		return set_buffer(ls, CN_OPT_RCVBUF, value,
				  ls->limits->rmem_max, RCVBUF_MIN, now);
	case SO_SNDBUFFORCE:
		if (!ls->limits->admin)
			return EPERM;
		return set_buffer(ls, CN_OPT_SNDBUF, value, INT_MAX, SNDBUF_MIN,
				  now);
	case SO_RCVBUFFORCE:
		if (!ls->limits->admin)
			return EPERM;
		return set_buffer(ls, CN_OPT_RCVBUF, value, INT_MAX, RCVBUF_MIN,
				  now);
	case SO_LINGER:
		return set_linger(ls, val, len, now);
	case SO_RCVLOWAT:
		if (value < 0)
			value = INT_MAX;
		return engine_set(ls, CN_OPT_RCVLOWAT, value ? value : 1, now);
	case SO_MAX_PACING_RATE:
		return set_pacing_rate(ls, val, len, now);
	case SO_RCVTIMEO:
		return set_timeout(&ls->rcvtimeo_ns, val, len);
	case SO_SNDTIMEO:
		return set_timeout(&ls->sndtimeo_ns, val, len);
	default: /* SO_TYPE and the like can only be read */
		return ENOPROTOOPT;
	}
}

static int set_fast_open(struct linux_sock *ls, enum cn_opt opt, int value,
			 int most, uint64_t now)
{
	if (!ls->limits->fast_open)
		return ENOPROTOOPT;
	if (value < 0 || value > most)
		return EINVAL;
	return engine_set(ls, opt, value, now);
}

static int set_tcp(struct linux_sock *ls, int opt, int value, uint64_t now)
{
	switch (opt) {
	case TCP_MAXSEG:
		if (value && (value < 88 || value > 32767))
			return EINVAL;
		return engine_set(ls, CN_OPT_MAXSEG, value, now);
	case TCP_LINGER2:
		if (value < 0)
			value = -1;
		else if (value > FIN_TIMEOUT_MAX)
			value = FIN_TIMEOUT_MAX;
		return engine_set(ls, CN_OPT_LINGER2, value, now);
	case TCP_DEFER_ACCEPT:
		return engine_set(ls, CN_OPT_DEFER_ACCEPT, defer_time(value),
				  now);
	case TCP_WINDOW_CLAMP:
		if (!value && cn_sock_state(ls->sock) != CN_CLOSED)
			return EINVAL;
		if (value && value < RCVBUF_MIN / 2)
			value = RCVBUF_MIN / 2;
		return engine_set(ls, CN_OPT_WINDOW_CLAMP, value, now);
	case TCP_FASTOPEN:
		return set_fast_open(ls, CN_OPT_FASTOPEN, value, INT_MAX, now);
	case TCP_FASTOPEN_NO_COOKIE:
		return set_fast_open(ls, CN_OPT_FASTOPEN_NO_COOKIE, value, 1,
				     now);
	case TCP_FASTOPEN_CONNECT:
		return set_fast_open(ls, CN_OPT_FASTOPEN_CONNECT, value, 1,
				     now);
	default:
		return ENOPROTOOPT;
	}
}

static int set_ip(struct linux_sock *ls, int opt, int value, uint64_t now)
{
	if (opt == IP_MTU) /* can only be read */
		return ENOPROTOOPT;
	if (opt == IP_TTL) {
		if (value != -1 && (value < 1 || value > 255))
			return EINVAL;
		return engine_set(ls, CN_OPT_TTL, value == -1 ? 64 : value,
				  now);
	}
	/* The two ECN bits of a stream socket are TCP's own. */
	return engine_set(ls, CN_OPT_TOS, value & 0xfc, now);
}

/*
 * A connection to a mapped address becomes one of IPv4: its names are told so,
 * and whatever else is done with the socket.  There is no way back.
 */
static int set_family(struct linux_sock *ls, int value)
{
	struct cn_endpoint peer;

	if (value != AF_INET)
		return EINVAL;
	if (cn_sock_state(ls->sock) != CN_ESTABLISHED)
		return ENOTCONN;
	if (cn_sock_accepted_peer(ls->sock, &peer) != CN_OK ||
	    !cn_addr_is_v4(&peer.addr))
		return EADDRNOTAVAIL;
	ls->domain = AF_INET;
	return 0;
}

static int set_ip6(struct linux_sock *ls, int opt, int value, uint64_t now)
{
	switch (opt) {
	case IPV6_ADDRFORM:
		return set_family(ls, value);
	case IPV6_MTU: /* of fragments, which a stream does not send */
		return ENOPROTOOPT;
	case IPV6_V6ONLY:
		return engine_set(ls, CN_OPT_V6ONLY, value != 0, now);
	case IPV6_UNICAST_HOPS:
		if (value < -1 || value > 255)
			return EINVAL;
		return engine_set(ls, CN_OPT_TTL, value == -1 ? 64 : value,
				  now);
	default: /* IPV6_TCLASS */
		if (value < -1 || value > 255)
			return EINVAL;
		return engine_set(ls, CN_OPT_TOS,
				  value == -1 ? 0 : value & 0xfc, now);
	}
}

static int set_row(struct linux_sock *ls, const struct row *row, int value,
		   uint64_t now)
{
	switch (row->kind) {
	case KIND_BIT:
		ls->bits &= ~(uint32_t)row->what;
		if (value)
			ls->bits |= (uint32_t)row->what;
		return 0;
	case KIND_BOOL:
		value = value != 0;
		break;
	case KIND_RANGE:
		/* Linux's is unsigned: a negative one is as good as none. */
		if (row->what == CN_OPT_NOTSENT_LOWAT)
			return engine_set(ls, CN_OPT_NOTSENT_LOWAT,
					  (uint32_t)value, now);
		if (value < row->low || value > row->high)
			return EINVAL;
		break;
	}
	return engine_set(ls, (enum cn_opt)row->what, value, now);
}

/* IP's own options may be one octet long, or none at all, but for IP_TTL. */
static int int_of(int level, int opt, const void *val, uint32_t len, int *value)
{
	const uint8_t *octet = val;

	*value = 0;
	if (len >= sizeof(*value))
		memcpy(value, val, sizeof(*value));
	else if (level == IPPROTO_IP && len >= 1)
		*value = octet[0];
	else if (level != IPPROTO_IP || opt == IP_TTL)
		return EINVAL;
	return 0;
}

int linux_opt_set(struct linux_sock *ls, int level, int opt, const void *val,
		  uint32_t len, uint64_t now)
{
	const struct row *row = find_row(level, opt);
	int value = 0;

	if (level == IPPROTO_TCP && opt == TCP_CONGESTION)
		return set_congestion(ls, val, len, now);
	if (!level_exists(ls, level))
		return ENOPROTOOPT;
	/* These look at the size before they know the option. */
	if ((level == SOL_SOCKET || level == IPPROTO_TCP) &&
	    len < sizeof(value))
		return EINVAL;
	if (linux_opt_owner(level, opt) != LINUX_OWNER_ENGINE)
		return ENOPROTOOPT;
	if (int_of(level, opt, val, len, &value))
		return EINVAL;
	if (row)
		return set_row(ls, row, value, now);
	switch (level) {
	case SOL_SOCKET:
		return set_socket(ls, opt, value, val, len, now);
	case IPPROTO_TCP:
		return set_tcp(ls, opt, value, now);
	case IPPROTO_IP:
		return set_ip(ls, opt, value, now);
	default:
		return set_ip6(ls, opt, value, now);
	}
}

/* --------------------------------------------------------------- get -- */

static void put(void *val, uint32_t *len, const void *from, uint32_t size)
{
	if (*len > size)
		*len = size;
	memcpy(val, from, *len);
}

static int put_int(void *val, uint32_t *len, int value)
{
	put(val, len, &value, sizeof(value));
	return 0;
}

/* An int that has no room is an octet, to IPv4. */
static int put_ip(void *val, uint32_t *len, int value)
{
	uint8_t octet = (uint8_t)value;

	if (!*len || *len >= sizeof(value))
		return put_int(val, len, value);
	put(val, len, &octet, 1);
	return 0;
}

static int get_engine(struct linux_sock *ls, enum cn_opt opt, int *value)
{
	int64_t wide = 0;
	int rc = cn_sock_get(ls->sock, opt, &wide);

	/* The one that Linux keeps as an unsigned number. */
	if (opt == CN_OPT_NOTSENT_LOWAT && wide > INT_MAX)
		*value = (int)(uint32_t)wide;
	else
		*value = wide > INT_MAX ? INT_MAX : (int)wide;
	return linux_errno(rc);
}

/* Of a buffer that tunes itself Linux, too, tells the size of now, for
 * receiving twice what it offers. */
static int get_buffer(struct linux_sock *ls, enum cn_opt opt, uint32_t said,
		      int *value)
{
	int rc;

	*value = (int)said;
	if (said)
		return 0;
	rc = get_engine(ls, opt, value);
	if (!rc && opt == CN_OPT_RCVBUF)
		*value *= 2;
	return rc;
}

static int get_linger(struct linux_sock *ls, void *val, uint32_t *len)
{
	struct linger linger = {0, 0};
	int value;
	int rc = get_engine(ls, CN_OPT_LINGER, &value);

	if (!rc && value >= 0) {
		linger.l_onoff = 1;
		linger.l_linger = value;
	}
	put(val, len, &linger, sizeof(linger));
	return rc;
}

static int get_timeout(uint64_t ns, void *val, uint32_t *len)
{
	struct timeval tv = {
		.tv_sec = (time_t)(ns / CN_NS_PER_SEC),
		.tv_usec = (suseconds_t)(ns % CN_NS_PER_SEC / CN_NS_PER_US),
	};

	put(val, len, &tv, sizeof(tv));
	return 0;
}

static int take_error(struct linux_sock *ls)
{
	int error = ls->error;

	ls->error = 0;
	/* The engine's is cleared too: it is the same failure. */
	if (error)
		(void)cn_sock_error(ls->sock);
	else
		error = linux_errno(cn_sock_error(ls->sock));
	return error;
}

/* Octets in the buffers and their limits; of the rest of Linux's bookkeeping
 * there is none here. */
static int get_meminfo(struct linux_sock *ls, void *val, uint32_t *len)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	int value = 0;

	(void)get_buffer(ls, CN_OPT_RCVBUF, ls->rcvbuf, &value);
	info[SK_MEMINFO_RCVBUF] = (uint32_t)value;
	(void)get_buffer(ls, CN_OPT_SNDBUF, ls->sndbuf, &value);
	info[SK_MEMINFO_SNDBUF] = (uint32_t)value;
	info[SK_MEMINFO_RMEM_ALLOC] = (uint32_t)cn_sock_readable(ls->sock);
	info[SK_MEMINFO_WMEM_QUEUED] = (uint32_t)cn_sock_unacked(ls->sock);
	put(val, len, info, sizeof(info));
	return 0;
}

static int get_pacing_rate(struct linux_sock *ls, void *val, uint32_t *len)
{
	int64_t rate = -1;
	uint32_t narrow;
	int rc = cn_sock_get(ls->sock, CN_OPT_MAX_PACING_RATE, &rate);

	if (rc)
		return linux_errno(rc);
	narrow = (uint64_t)rate < UINT32_MAX ? (uint32_t)rate : UINT32_MAX;
	if (*len >= sizeof(rate))
		put(val, len, &rate, sizeof(rate));
	else
		put(val, len, &narrow, sizeof(narrow));
	return 0;
}

static int get_socket(struct linux_sock *ls, int opt, void *val, uint32_t *len)
{
	int value = 0;
	int rc = 0;

	switch (opt) {
	case SO_TYPE:
		value = SOCK_STREAM;
		break;
	case SO_DOMAIN:
		value = ls->domain;
		break;
	case SO_PROTOCOL:
		value = IPPROTO_TCP;
		break;
	case SO_ERROR:
		value = take_error(ls);
		break;
	case SO_ACCEPTCONN:
		value = cn_sock_state(ls->sock) == CN_LISTEN;
		break;
	case SO_COOKIE:
		if (*len < sizeof(ls->cookie))
			return EINVAL;
		put(val, len, &ls->cookie, sizeof(ls->cookie));
		return 0;
	case SO_SNDBUF:
		rc = get_buffer(ls, CN_OPT_SNDBUF, ls->sndbuf, &value);
		break;
	case SO_RCVBUF:
		rc = get_buffer(ls, CN_OPT_RCVBUF, ls->rcvbuf, &value);
		break;
	case SO_LINGER:
		return get_linger(ls, val, len);
	case SO_RCVLOWAT:
		rc = get_engine(ls, CN_OPT_RCVLOWAT, &value);
		break;
	case SO_SNDLOWAT:
		value = 1;
		break;
	case SO_MEMINFO:
		return get_meminfo(ls, val, len);
	case SO_MAX_PACING_RATE:
		return get_pacing_rate(ls, val, len);
	case SO_RCVTIMEO:
		return get_timeout(ls->rcvtimeo_ns, val, len);
	case SO_SNDTIMEO:
		return get_timeout(ls->sndtimeo_ns, val, len);
	case SO_DEBUG:
		break;
	default: /* SO_SNDBUFFORCE and the like can only be set */
		return ENOPROTOOPT;
	}
	return rc ? rc : put_int(val, len, value);
}

static int get_info(struct linux_sock *ls, void *val, uint32_t *len,
		    uint64_t now)
{
	uint8_t info[LINUX_TCP_INFO_LEN];

	linux_tcp_info(ls->sock, info, now);
	put(val, len, info, sizeof(info));
	return 0;
}

static int get_congestion(struct linux_sock *ls, void *val, uint32_t *len)
{
	char name[CC_NAME_MAX] = "";
	int cc = 0;
	int rc = get_engine(ls, CN_OPT_CONGESTION, &cc);

	if (rc)
		return rc;
	if (cc >= 0 && cc < CN_CC_N)
		memcpy(name, cc_names[cc], strlen(cc_names[cc]));
	put(val, len, name, sizeof(name));
	return 0;
}

static int get_tcp(struct linux_sock *ls, int opt, void *val, uint32_t *len,
		   uint64_t now)
{
	int value = 0;
	int rc;

	switch (opt) {
	case TCP_INFO:
		return get_info(ls, val, len, now);
	case TCP_CC_INFO: /* CUBIC and Reno have nothing to tell */
		*len = 0;
		return 0;
	case TCP_CONGESTION:
		return get_congestion(ls, val, len);
	case TCP_MAXSEG:
		rc = get_engine(ls, CN_OPT_MAXSEG, &value);
		break;
	case TCP_LINGER2:
		rc = get_engine(ls, CN_OPT_LINGER2, &value);
		break;
	case TCP_DEFER_ACCEPT:
		rc = get_engine(ls, CN_OPT_DEFER_ACCEPT, &value);
		break;
	case TCP_FASTOPEN:
	case TCP_FASTOPEN_CONNECT:
	case TCP_FASTOPEN_NO_COOKIE:
		if (!ls->limits->fast_open)
			return ENOPROTOOPT;
		rc = get_engine(ls,
				opt == TCP_FASTOPEN ? CN_OPT_FASTOPEN :
				opt == TCP_FASTOPEN_CONNECT ?
						      CN_OPT_FASTOPEN_CONNECT :
						      CN_OPT_FASTOPEN_NO_COOKIE,
				&value);
		break;
	default: /* TCP_WINDOW_CLAMP */
		rc = get_engine(ls, CN_OPT_WINDOW_CLAMP, &value);
		break;
	}
	return rc ? rc : put_int(val, len, value);
}

/* The path's, as it is known at this moment. */
static int get_mtu(struct linux_sock *ls, int level, void *val, uint32_t *len)
{
	struct cn_tcp_info info;

	if (cn_sock_info(ls->sock, &info) != CN_OK || !info.snd_mss)
		return ENOTCONN;
	return level == IPPROTO_IP ? put_ip(val, len, (int)info.pmtu) :
				     put_int(val, len, (int)info.pmtu);
}

static int get_ip(struct linux_sock *ls, int level, int opt, void *val,
		  uint32_t *len)
{
	enum cn_opt what = CN_OPT_TOS;
	int value = 0;
	int rc;

	if (level == IPPROTO_IPV6 && opt == IPV6_ADDRFORM)
		return cn_sock_state(ls->sock) == CN_ESTABLISHED ?
			       put_int(val, len, ls->domain) :
			       ENOTCONN;
	if (opt == (level == IPPROTO_IP ? IP_MTU : IPV6_MTU))
		return get_mtu(ls, level, val, len);
	if (level == IPPROTO_IPV6 && opt == IPV6_V6ONLY)
		what = CN_OPT_V6ONLY;
	else if ((level == IPPROTO_IPV6 && opt == IPV6_UNICAST_HOPS) ||
		 (level == IPPROTO_IP && opt == IP_TTL))
		what = CN_OPT_TTL;
	rc = get_engine(ls, what, &value);
	if (rc)
		return rc;
	return level == IPPROTO_IP ? put_ip(val, len, value) :
				     put_int(val, len, value);
}

int linux_opt_get(struct linux_sock *ls, int level, int opt, void *val,
		  uint32_t *len, uint64_t now)
{
	const struct row *row = find_row(level, opt);
	int value = 0;
	int rc;

	/* The last to be asked are IP's, and answer for a level unknown. */
	if (!level_exists(ls, level))
		return ls->domain == AF_INET ? EOPNOTSUPP : ENOPROTOOPT;
	/* IPv6's are told as if there were room. */
	if ((int)*len < 0 && level == IPPROTO_IPV6)
		*len = sizeof(int);
	if ((int)*len < 0)
		return EINVAL;
	if (linux_opt_owner(level, opt) != LINUX_OWNER_ENGINE)
		return ENOPROTOOPT;
	if (row && row->kind == KIND_BIT) {
		value = (ls->bits & (uint32_t)row->what) != 0;
		return level == IPPROTO_IP ? put_ip(val, len, value) :
					     put_int(val, len, value);
	}
	if (row) {
		rc = get_engine(ls, (enum cn_opt)row->what, &value);
		return rc ? rc : put_int(val, len, value);
	}
	switch (level) {
	case SOL_SOCKET:
		return get_socket(ls, opt, val, len);
	case IPPROTO_TCP:
		return get_tcp(ls, opt, val, len, now);
	default:
		return get_ip(ls, level, opt, val, len);
	}
}
