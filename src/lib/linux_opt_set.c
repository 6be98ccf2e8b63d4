/* SPDX-License-Identifier: MIT */
/* setsockopt of a stream socket. */
#include <errno.h>
#include <limits.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "lib/linux_err.h"
#include "lib/linux_opt_row.h"

#define FIN_TIMEOUT_MAX 120 /* TCP_FIN_TIMEOUT_MAX, seconds */
#define DEFER_MAX 247

static int engine_set(struct linux_sock *ls, enum cn_opt opt, int64_t value,
		      uint64_t now)
{
	return linux_errno(cn_sock_set(ls->sock, opt, value, now));
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
	char name[LINUX_CC_NAME_MAX] = "";

	if (len < 1)
		return EINVAL;
	memcpy(name, val,
	       len < LINUX_CC_NAME_MAX ? len : LINUX_CC_NAME_MAX - 1);
	for (int cc = 0; cc < CN_CC_N; cc++)
		if (!strcmp(name, linux_cc_names[cc]))
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
				  ls->limits->wmem_max, LINUX_SNDBUF_MIN, now);
	case SO_RCVBUF:
		return set_buffer(ls, CN_OPT_RCVBUF, value,
				  ls->limits->rmem_max, LINUX_RCVBUF_MIN, now);
	case SO_SNDBUFFORCE:
		if (!ls->limits->admin)
			return EPERM;
		return set_buffer(ls, CN_OPT_SNDBUF, value, INT_MAX,
				  LINUX_SNDBUF_MIN, now);
	case SO_RCVBUFFORCE:
		if (!ls->limits->admin)
			return EPERM;
		return set_buffer(ls, CN_OPT_RCVBUF, value, INT_MAX,
				  LINUX_RCVBUF_MIN, now);
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
		if (value && value < LINUX_RCVBUF_MIN / 2)
			value = LINUX_RCVBUF_MIN / 2;
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

static int set_row(struct linux_sock *ls, const struct linux_row *row,
		   int value, uint64_t now)
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
	const struct linux_row *row = linux_opt_row(level, opt);
	int value = 0;

	if (level == IPPROTO_TCP && opt == TCP_CONGESTION)
		return set_congestion(ls, val, len, now);
	if (!linux_opt_level(ls, level))
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
