/* SPDX-License-Identifier: MIT */
/* getsockopt of a stream socket. */
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
#include "lib/linux_opt_row.h"

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
	char name[LINUX_CC_NAME_MAX] = "";
	int cc = 0;
	int rc = get_engine(ls, CN_OPT_CONGESTION, &cc);

	if (rc)
		return rc;
	if (cc >= 0 && cc < CN_CC_N)
		memcpy(name, linux_cc_names[cc], strlen(linux_cc_names[cc]));
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
	const struct linux_row *row = linux_opt_row(level, opt);
	int value = 0;
	int rc;

	/* The last to be asked are IP's, and answer for a level unknown. */
	if (!linux_opt_level(ls, level))
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
