/* SPDX-License-Identifier: MIT */
/*
 * Socket options.  Each is implemented or refused; the ranges are Linux's.
 */
#include "sock/sock.h"
#include "tcp/tune.h"

#define BUF_MIN 2304
#define BUF_MAX (INT64_C(1) << 30)
#define SECONDS_MAX 32767 /* Linux's for keepalive times */

static uint64_t ns_of_s(int64_t seconds)
{
	return (uint64_t)seconds * CN_NS_PER_SEC;
}

static bool within(int64_t value, int64_t low, int64_t high)
{
	return value >= low && value <= high;
}

/* -------------------------------------------------------- tuned values -- */

/* Linux: no more than somaxconn. */
static uint16_t fast_limit(const struct cn_sock *sock, int64_t value)
{
	uint16_t most = sock_host(sock)->set.somaxconn;

	return value < most ? (uint16_t)value : most;
}

/* As Linux: a buffer that tunes itself takes what is waited for. */
static void set_rcvlowat(struct cn_sock *sock, struct tcp_tune *tune,
			 int64_t value)
{
	tune->rcvlowat = (uint32_t)value;
	tune_want(&sock->tcb, tune->rcvlowat);
}

static int set_tuned(struct cn_sock *sock, enum cn_opt opt, int64_t value,
		     uint64_t now)
{
	struct tcp_tune *tune = tcp_tune(&sock->tcb);

	if (!tune)
		return CN_E_NOMEM;
	/* All that a switch over all options must name, and does not set. */
	if (opt == CN_OPT_KEEPIDLE)
		tune->keepidle_ns = ns_of_s(value);
	else if (opt == CN_OPT_KEEPINTVL)
		tune->keepintvl_ns = ns_of_s(value);
	else if (opt == CN_OPT_KEEPCNT)
		tune->keepcnt = (uint8_t)value;
	else if (opt == CN_OPT_SYNCNT)
		tune->syn_retries = (uint8_t)value;
	else if (opt == CN_OPT_MAXSEG)
		tune->maxseg = (uint16_t)value;
	else if (opt == CN_OPT_USER_TIMEOUT)
		/* MUST-21 */
		tune->user_timeout_ns = (uint64_t)value * CN_NS_PER_MS;
	else if (opt == CN_OPT_LINGER2)
		/* Negative: it ends in the next instant. */
		tune->fin_wait2_ns = value < 0 ? 1 : ns_of_s(value);
	else if (opt == CN_OPT_WINDOW_CLAMP)
		tune->window_clamp = (uint32_t)value;
	else if (opt == CN_OPT_NOTSENT_LOWAT)
		tune->notsent_lowat = (uint32_t)value;
	else if (opt == CN_OPT_RCVLOWAT)
		set_rcvlowat(sock, tune, value);
	else if (opt == CN_OPT_FASTOPEN)
		tune->fastopen_max = fast_limit(sock, value);
	else if (opt == CN_OPT_MAX_PER_CLIENT)
		tune->max_per_client = value ? (uint32_t)value : UINT32_MAX;
	else if (opt == CN_OPT_IDLE_TIMEOUT)
		tune->idle_ns = value ? (uint64_t)value * CN_NS_PER_MS :
					CN_NEVER;
	/* What it changes about a running timer. */
	if (opt == CN_OPT_IDLE_TIMEOUT)
		tcp_set_keepalive(&sock->tcb, sock->tcb.keepalive, now);
	if (opt == CN_OPT_KEEPIDLE && sock->tcb.keepalive)
		tcp_set_keepalive(&sock->tcb, true, now);
	return CN_OK;
}

struct range {
	int64_t low, high;
};

static struct range range_of(enum cn_opt opt)
{
	static const struct range ranges[CN_OPT_N] = {
		[CN_OPT_KEEPIDLE] = {1, SECONDS_MAX},
		[CN_OPT_KEEPINTVL] = {1, SECONDS_MAX},
		[CN_OPT_KEEPCNT] = {1, 127},
		[CN_OPT_SYNCNT] = {1, 127},
		[CN_OPT_MAXSEG] = {0, 32767},
		[CN_OPT_USER_TIMEOUT] = {0, INT32_MAX},
		[CN_OPT_LINGER2] = {-1, 120},
		[CN_OPT_WINDOW_CLAMP] = {0, BUF_MAX},
		[CN_OPT_NOTSENT_LOWAT] = {0, UINT32_MAX},
		[CN_OPT_MAX_PACING_RATE] = {-1, INT64_MAX},
		[CN_OPT_RCVLOWAT] = {0, INT32_MAX},
		[CN_OPT_TTL] = {1, 255},
		[CN_OPT_TOS] = {0, 255},
		[CN_OPT_LINGER] = {-1, INT16_MAX},
		[CN_OPT_CONGESTION] = {0, CN_CC_N - 1},
		[CN_OPT_SNDBUF] = {0, BUF_MAX},
		[CN_OPT_RCVBUF] = {0, BUF_MAX},
		[CN_OPT_DEFER_ACCEPT] = {0, 255},
		[CN_OPT_FASTOPEN] = {0, INT32_MAX},
		[CN_OPT_MAX_PER_CLIENT] = {0, INT32_MAX},
		[CN_OPT_IDLE_TIMEOUT] = {0, INT32_MAX},
	};

	return ranges[opt];
}

/* ----------------------------------------------- options of addressing -- */

static void set_flag(struct cn_sock *sock, enum cn_opt opt, bool on)
{
	if (opt == CN_OPT_REUSEADDR)
		sock->reuseaddr = on;
	else
		sock->reuseport = on;
}

/* A socket that has its port counts anew with its new options: first the new
 * count, then the old one away, since a listener needs its port throughout. */
static int set_sharing(struct cn_sock *sock, enum cn_opt opt, bool on,
		       uint64_t now)
{
	const struct tuple *tuple = &sock->flow.tuple;
	uint8_t before = port_class_of(sock);
	int err;

	set_flag(sock, opt, on);
	if (!sock->port_held || port_class_of(sock) == before)
		return CN_OK;
	err = port_add(sock_host(sock), tuple->local_port, &tuple->local,
		       port_class_of(sock), sock->port_bound);
	if (err) {
		set_flag(sock, opt, !on);
		return err;
	}
	port_remove(sock_host(sock), tuple->local_port, &tuple->local, before);
	/* It may have joined or left a group of listeners. */
	if (sock->phase == SOCK_LISTENING)
		syns_recount(sock_host(sock), now);
	return CN_OK;
}

static int set_v6only(struct cn_sock *sock, bool on)
{
	if (!sock->family6)
		return CN_E_NOPROTOOPT;
	if (sock->port_held || sock_is_live(sock) ||
	    sock->phase == SOCK_LISTENING)
		return CN_E_INVAL;
	sock->v6only = on;
	return CN_OK;
}

static int set_fast_connect(struct cn_sock *sock, bool on)
{
	if (!(sock_host(sock)->set.fastopen & 1))
		return CN_E_OPNOTSUPP;
	if (sock->phase != SOCK_NEW)
		return CN_E_INVAL;
	sock->fast_connect = on;
	return CN_OK;
}

static int set_any_port(struct cn_sock *sock, bool on)
{
	if (sock->phase != SOCK_NEW || sock->port_held)
		return CN_E_INVAL;
	sock->any_port = on;
	return CN_OK;
}

/* ------------------------------------------------------------- buffers -- */

static uint32_t buf_clamp(int64_t value)
{
	return value < BUF_MIN ? BUF_MIN : (uint32_t)value;
}

/* ------------------------------------------------------------ listeners -- */

/* Linux's secs_to_retrans: how many SYN-ACKs fit into that time. */
static uint8_t retrans_of(const struct cn_host *host, int64_t seconds)
{
	uint64_t period = host->set.rto_initial_ns, sum = 0;
	uint8_t n = 0;

	while (sum < ns_of_s(seconds) && n < 15) {
		sum += period;
		period *= 2;
		n++;
	}
	return n;
}

static int set_defer(struct cn_sock *sock, int64_t value)
{
	sock->defer_s = (uint8_t)value;
	sock->defer_n = retrans_of(sock_host(sock), value);
	return CN_OK;
}

/* ------------------------------------------------------------ set, get -- */

static int set_option(struct cn_sock *sock, enum cn_opt opt, int64_t value,
		      uint64_t now)
{
	struct tcb *tcb = &sock->tcb;
	bool on = value != 0;

	switch (opt) {
	case CN_OPT_REUSEADDR:
	case CN_OPT_REUSEPORT:
		return set_sharing(sock, opt, on, now);
	case CN_OPT_V6ONLY:
		return set_v6only(sock, on);
	case CN_OPT_KEEPALIVE:
		tcp_set_keepalive(tcb, on, now);
		return CN_OK;
	case CN_OPT_NODELAY:
		tcp_set_nodelay(tcb, on, now);
		return CN_OK;
	case CN_OPT_CORK:
		tcp_set_cork(tcb, on, now);
		return CN_OK;
	case CN_OPT_QUICKACK:
		tcp_set_quickack(tcb, on, now);
		return CN_OK;
	case CN_OPT_OOBINLINE:
		tcb->oobinline = on;
		return CN_OK;
	case CN_OPT_TTL:
		/* MUST-49 */
		tcb->ttl = (uint8_t)value;
		return CN_OK;
	case CN_OPT_TOS:
		/* MUST-48, SHLD-21; the ECN bits are TCP's. */
		tcb->tos = (uint8_t)(value & ~3);
		return CN_OK;
	case CN_OPT_LINGER:
		sock->linger = (int16_t)value;
		return CN_OK;
	case CN_OPT_CONGESTION:
		return tcp_set_cc(tcb, (enum cn_cc)value, now);
	case CN_OPT_SNDBUF:
		tcp_set_sndbuf(tcb, buf_clamp(value));
		return CN_OK;
	case CN_OPT_RCVBUF:
		tcp_set_rcvbuf(tcb, buf_clamp(value));
		return CN_OK;
	case CN_OPT_DEFER_ACCEPT:
		return set_defer(sock, value);
	case CN_OPT_HOLD:
		sock->hold = on;
		return CN_OK;
	case CN_OPT_ANY_PORT:
		return set_any_port(sock, on);
	case CN_OPT_FREEBIND:
		sock->freebind = on;
		return CN_OK;
	case CN_OPT_FRAGMENT:
		sock->may_fragment = on;
		return CN_OK;
	case CN_OPT_FASTOPEN:
		if (sock->phase != SOCK_LISTENING && sock->phase != SOCK_NEW)
			return CN_E_INVAL;
		return set_tuned(sock, opt, value, now);
	case CN_OPT_FASTOPEN_CONNECT:
		return set_fast_connect(sock, on);
	case CN_OPT_FASTOPEN_NO_COOKIE:
		sock->fast_free = on;
		return CN_OK;
	case CN_OPT_MAX_PACING_RATE:
		return tcp_set_max_pacing_rate(
			tcb, value < 0 ? UINT64_MAX : (uint64_t)value, now);
	case CN_OPT_KEEPIDLE:
	case CN_OPT_KEEPINTVL:
	case CN_OPT_KEEPCNT:
	case CN_OPT_MAXSEG:
	case CN_OPT_SYNCNT:
	case CN_OPT_USER_TIMEOUT:
	case CN_OPT_LINGER2:
	case CN_OPT_RCVLOWAT:
	case CN_OPT_NOTSENT_LOWAT:
	case CN_OPT_WINDOW_CLAMP:
	case CN_OPT_MAX_PER_CLIENT:
	case CN_OPT_IDLE_TIMEOUT:
		return set_tuned(sock, opt, value, now);
	case CN_OPT_ATMARK: /* can only be read */
	case CN_OPT_N:
		return CN_E_NOPROTOOPT;
	}
	return CN_E_NOPROTOOPT;
}

int cn_sock_set(struct cn_sock *sock, enum cn_opt opt, int64_t value,
		uint64_t now)
{
	struct range range;
	int err;

	if ((unsigned)opt >= CN_OPT_N)
		return CN_E_NOPROTOOPT;
	range = range_of(opt);
	if ((range.low || range.high) && !within(value, range.low, range.high))
		return CN_E_INVAL;
	err = set_option(sock, opt, value, now);
	sock_settle(sock, now);
	return err;
}

static uint64_t tuned_ns(uint64_t tuned, uint64_t host)
{
	return tuned ? tuned : host;
}

static int64_t get_per_client(const struct tcp_tune *tune,
			      const struct cn_settings *set)
{
	if (!tune->max_per_client)
		return set->max_per_client;
	return tune->max_per_client == UINT32_MAX ? 0 : tune->max_per_client;
}

static int64_t get_idle_timeout(const struct tcp_tune *tune,
				const struct cn_settings *set)
{
	uint64_t ns = tuned_ns(tune->idle_ns, set->idle_timeout_ns);

	return ns == CN_NEVER ? 0 : (int64_t)(ns / CN_NS_PER_MS);
}

static int64_t get_tuned(const struct cn_sock *sock, enum cn_opt opt)
{
	static const struct tcp_tune none;
	const struct cn_settings *set = &sock_host(sock)->set;
	const struct tcp_tune *tune = sock->tcb.tune ? sock->tcb.tune : &none;

	if (opt == CN_OPT_KEEPIDLE)
		return (int64_t)(tuned_ns(tune->keepidle_ns,
					  set->keepalive_idle_ns) /
				 CN_NS_PER_SEC);
	if (opt == CN_OPT_KEEPINTVL)
		return (int64_t)(tuned_ns(tune->keepintvl_ns,
					  set->keepalive_interval_ns) /
				 CN_NS_PER_SEC);
	if (opt == CN_OPT_KEEPCNT)
		return tune->keepcnt ? tune->keepcnt : set->keepalive_probes;
	if (opt == CN_OPT_SYNCNT)
		return tune->syn_retries ? tune->syn_retries : set->syn_retries;
	if (opt == CN_OPT_USER_TIMEOUT)
		return (int64_t)(tune->user_timeout_ns / CN_NS_PER_MS);
	if (opt == CN_OPT_LINGER2 && tune->fin_wait2_ns == 1)
		return -1;
	if (opt == CN_OPT_LINGER2)
		return (int64_t)(tuned_ns(tune->fin_wait2_ns,
					  set->fin_wait2_ns) /
				 CN_NS_PER_SEC);
	if (opt == CN_OPT_WINDOW_CLAMP)
		return tune->window_clamp;
	if (opt == CN_OPT_MAX_PER_CLIENT)
		return get_per_client(tune, set);
	if (opt == CN_OPT_IDLE_TIMEOUT)
		return get_idle_timeout(tune, set);
	if (opt == CN_OPT_NOTSENT_LOWAT)
		return tune->notsent_lowat;
	return tune->rcvlowat ? tune->rcvlowat : 1;
}

/* The MSS in use; before there is one, what the application asked for or the
 * default of RFC 9293 section 3.7.1. */
static int64_t get_maxseg(const struct cn_sock *sock)
{
	if (sock_is_live(sock) && !sock_is_opening(sock))
		return sock->tcb.snd_mss;
	if (sock->tcb.tune && sock->tcb.tune->maxseg)
		return sock->tcb.tune->maxseg;
	/* As Linux: that of the connection that it had. */
	return sock->over && sock->tcb.snd_mss ? sock->tcb.snd_mss : 536;
}

int cn_sock_get(const struct cn_sock *sock, enum cn_opt opt, int64_t *value)
{
	const struct tcb *tcb = &sock->tcb;

	switch (opt) {
	case CN_OPT_REUSEADDR:
		*value = sock->reuseaddr;
		break;
	case CN_OPT_REUSEPORT:
		*value = sock->reuseport;
		break;
	case CN_OPT_V6ONLY:
		if (!sock->family6)
			return CN_E_NOPROTOOPT;
		*value = sock->v6only;
		break;
	case CN_OPT_KEEPALIVE:
		*value = tcb->keepalive;
		break;
	case CN_OPT_NODELAY:
		*value = tcb->nodelay;
		break;
	case CN_OPT_CORK:
		*value = tcb->cork;
		break;
	case CN_OPT_QUICKACK:
		/* As Linux: the first few are not delayed either. */
		*value = tcb->quickack || tcb->quick_n;
		break;
	case CN_OPT_OOBINLINE:
		*value = tcb->oobinline;
		break;
	case CN_OPT_ATMARK:
		*value = tcp_at_mark(tcb);
		break;
	case CN_OPT_TTL:
		*value = tcb->ttl;
		break;
	case CN_OPT_TOS:
		*value = tcb->tos;
		break;
	case CN_OPT_LINGER:
		*value = sock->linger;
		break;
	case CN_OPT_CONGESTION:
		*value = tcb->cc_kind;
		break;
	case CN_OPT_SNDBUF:
		*value = tcb->sndbuf;
		break;
	case CN_OPT_RCVBUF:
		*value = tcb->rcvbuf;
		break;
	case CN_OPT_DEFER_ACCEPT:
		*value = sock->defer_s;
		break;
	case CN_OPT_HOLD:
		*value = sock->hold;
		break;
	case CN_OPT_ANY_PORT:
		*value = sock->any_port;
		break;
	case CN_OPT_FREEBIND:
		*value = sock->freebind;
		break;
	case CN_OPT_FRAGMENT:
		*value = sock->may_fragment;
		break;
	case CN_OPT_FASTOPEN_NO_COOKIE:
		*value = sock->fast_free;
		return CN_OK;
	case CN_OPT_FASTOPEN_CONNECT:
		*value = sock->fast_connect;
		break;
	case CN_OPT_FASTOPEN:
		*value = tcb->tune ? tcb->tune->fastopen_max : 0;
		break;
	case CN_OPT_MAXSEG:
		*value = get_maxseg(sock);
		break;
	case CN_OPT_MAX_PACING_RATE:
		*value = -1;
		if (tcb->tune && tcb->tune->max_pacing_rate)
			*value = (int64_t)tcb->tune->max_pacing_rate;
		break;
	case CN_OPT_KEEPIDLE:
	case CN_OPT_KEEPINTVL:
	case CN_OPT_KEEPCNT:
	case CN_OPT_SYNCNT:
	case CN_OPT_USER_TIMEOUT:
	case CN_OPT_LINGER2:
	case CN_OPT_RCVLOWAT:
	case CN_OPT_NOTSENT_LOWAT:
	case CN_OPT_WINDOW_CLAMP:
	case CN_OPT_MAX_PER_CLIENT:
	case CN_OPT_IDLE_TIMEOUT:
		*value = get_tuned(sock, opt);
		break;
	case CN_OPT_N:
	default:
		return CN_E_NOPROTOOPT;
	}
	return CN_OK;
}
