/* SPDX-License-Identifier: MIT */
/*
 * Options of datagram sockets, and membership of groups (RFC 1112 section
 * 6.1).  Each is implemented or refused; the ranges are Linux's.
 */
#include <string.h>

#include "host/dgram.h"
#include "sock/sock.h"

#define BUF_MIN 2304
#define BUF_MAX (INT64_C(1) << 30)

struct range {
	int64_t low, high;
};

static struct range range_of(enum cn_dgram_opt opt)
{
	static const struct range ranges[CN_DGRAM_OPT_N] = {
		[CN_DGRAM_OPT_SNDBUF] = {0, BUF_MAX},
		[CN_DGRAM_OPT_RCVBUF] = {0, BUF_MAX},
		[CN_DGRAM_OPT_TTL] = {1, 255},
		[CN_DGRAM_OPT_TOS] = {0, 255},
		[CN_DGRAM_OPT_MULTICAST_TTL] = {0, 255},
		[CN_DGRAM_OPT_MULTICAST_IF] = {-1, NET_LINKS - 1},
		[CN_DGRAM_OPT_LINK] = {-1, NET_LINKS - 1},
		[CN_DGRAM_OPT_MTU_DISCOVER] = {DISCOVER_DONT, DISCOVER_OMIT},
	};

	return ranges[opt];
}

static uint32_t buf_clamp(int64_t value)
{
	return value < BUF_MIN ? BUF_MIN : (uint32_t)value;
}

static int set_v6only(struct cn_dgram *dgram, bool on)
{
	if (!dgram->family6)
		return CN_E_NOPROTOOPT;
	if (dgram->port_held)
		return CN_E_INVAL;
	dgram->v6only = on;
	return CN_OK;
}

static bool is_link(const struct cn_dgram *dgram, int64_t link)
{
	return link < 0 || dgram->host->link[link].used;
}

static int set_any_port(struct cn_dgram *dgram, bool on)
{
	struct dgram_space *space = &dgram->host->dgrams.space[DGRAM_UDP];

	if (dgram->port_held || dgram->protocol != DGRAM_UDP || !on)
		return CN_E_INVAL;
	if (dgram->any_port)
		return CN_OK;
	dgram->any_port = true;
	dgram->any_next = space->any;
	space->any = dgram;
	return CN_OK;
}

int cn_dgram_set(struct cn_dgram *dgram, enum cn_dgram_opt opt, int64_t value)
{
	struct range range;
	bool on = value != 0;

	if ((unsigned)opt >= CN_DGRAM_OPT_N)
		return CN_E_NOPROTOOPT;
	range = range_of(opt);
	if ((range.low || range.high) &&
	    (value < range.low || value > range.high))
		return CN_E_INVAL;
	switch (opt) {
	case CN_DGRAM_OPT_REUSEADDR:
		dgram->reuseaddr = on;
		return CN_OK;
	case CN_DGRAM_OPT_REUSEPORT:
		dgram->reuseport = on;
		return CN_OK;
	case CN_DGRAM_OPT_V6ONLY:
		return set_v6only(dgram, on);
	case CN_DGRAM_OPT_BROADCAST:
		dgram->broadcast = on;
		return CN_OK;
	case CN_DGRAM_OPT_SNDBUF:
		dgram->sndbuf = buf_clamp(value);
		return CN_OK;
	case CN_DGRAM_OPT_RCVBUF:
		dgram->rcvbuf = buf_clamp(value);
		return CN_OK;
	case CN_DGRAM_OPT_TTL:
		dgram->ttl = (uint8_t)value;
		return CN_OK;
	case CN_DGRAM_OPT_TOS:
		dgram->tos = (uint8_t)value;
		return CN_OK;
	case CN_DGRAM_OPT_MULTICAST_TTL:
		dgram->many_ttl = (uint8_t)value;
		return CN_OK;
	case CN_DGRAM_OPT_MULTICAST_LOOP:
		dgram->many_loop = on;
		return CN_OK;
	case CN_DGRAM_OPT_MULTICAST_ALL:
		dgram->many_all = on;
		return CN_OK;
	case CN_DGRAM_OPT_MULTICAST_IF:
		if (!is_link(dgram, value))
			return CN_E_NOLINK;
		dgram->many_link = (int8_t)value;
		return CN_OK;
	case CN_DGRAM_OPT_LINK:
		if (!is_link(dgram, value))
			return CN_E_NOLINK;
		dgram->link = (int8_t)value;
		return CN_OK;
	case CN_DGRAM_OPT_MTU_DISCOVER:
		dgram->discover = (uint8_t)value;
		return CN_OK;
	case CN_DGRAM_OPT_RECVERR:
		dgram->recverr = on;
		while (!on && dgram->fail_first)
			dgram_failure_drop(dgram);
		return CN_OK;
	case CN_DGRAM_OPT_ANY_PORT:
		return set_any_port(dgram, on);
	case CN_DGRAM_OPT_MTU: /* can only be read */
	case CN_DGRAM_OPT_N:
		break;
	}
	return CN_E_NOPROTOOPT;
}

static int get_mtu(const struct cn_dgram *dgram, int64_t *value, uint64_t now)
{
	int link = net_route(&dgram->host->net, &dgram->tuple.peer);

	if (!dgram->connected)
		return CN_E_NOTCONN;
	if (link < 0)
		return link;
	*value = dgram_path_mtu(dgram, &dgram->tuple.peer, link, now);
	return CN_OK;
}

int cn_dgram_get(const struct cn_dgram *dgram, enum cn_dgram_opt opt,
		 int64_t *value, uint64_t now)
{
	switch (opt) {
	case CN_DGRAM_OPT_REUSEADDR:
		*value = dgram->reuseaddr;
		break;
	case CN_DGRAM_OPT_REUSEPORT:
		*value = dgram->reuseport;
		break;
	case CN_DGRAM_OPT_V6ONLY:
		if (!dgram->family6)
			return CN_E_NOPROTOOPT;
		*value = dgram->v6only;
		break;
	case CN_DGRAM_OPT_BROADCAST:
		*value = dgram->broadcast;
		break;
	case CN_DGRAM_OPT_SNDBUF:
		*value = dgram->sndbuf;
		break;
	case CN_DGRAM_OPT_RCVBUF:
		*value = dgram->rcvbuf;
		break;
	case CN_DGRAM_OPT_TTL:
		*value = dgram->ttl ? dgram->ttl : dgram->host->set.ttl;
		break;
	case CN_DGRAM_OPT_TOS:
		*value = dgram->tos;
		break;
	case CN_DGRAM_OPT_MULTICAST_TTL:
		*value = dgram->many_ttl;
		break;
	case CN_DGRAM_OPT_MULTICAST_LOOP:
		*value = dgram->many_loop;
		break;
	case CN_DGRAM_OPT_MULTICAST_ALL:
		*value = dgram->many_all;
		break;
	case CN_DGRAM_OPT_MULTICAST_IF:
		*value = dgram->many_link;
		break;
	case CN_DGRAM_OPT_LINK:
		*value = dgram->link;
		break;
	case CN_DGRAM_OPT_MTU_DISCOVER:
		*value = dgram->discover;
		break;
	case CN_DGRAM_OPT_RECVERR:
		*value = dgram->recverr;
		break;
	case CN_DGRAM_OPT_ANY_PORT:
		*value = dgram->any_port;
		break;
	case CN_DGRAM_OPT_MTU:
		return get_mtu(dgram, value, now);
	case CN_DGRAM_OPT_N:
	default:
		return CN_E_NOPROTOOPT;
	}
	return CN_OK;
}

/* -------------------------------------------------------------- groups -- */

static int group_link(const struct cn_dgram *dgram, const struct cn_addr *group,
		      int link)
{
	const struct net *net = &dgram->host->net;

	if (link >= 0)
		return link < NET_LINKS && dgram->host->link[link].used ?
			       link :
			       CN_E_NOLINK;
	if (dgram->many_link >= 0)
		return dgram->many_link;
	link = net_route(net, group);
	if (link < 0)
		link = net_first_link(net, group);
	return link < 0 ? CN_E_NOLINK : link;
}

static int group_at(const struct cn_dgram *dgram, const struct cn_addr *group,
		    int link)
{
	for (unsigned i = 0; i < dgram->group_n; i++)
		if (dgram->group[i].link == link &&
		    cn_addr_equal(&dgram->group[i].addr, group))
			return (int)i;
	return -1;
}

static int remember(struct cn_dgram *dgram, const struct cn_addr *group,
		    int link)
{
	if (dgram->group_n == DGRAM_GROUPS)
		return CN_E_NOBUFS;
	if (!dgram->group)
		dgram->group = pool_alloc(dgram->host->set.pool,
					  DGRAM_GROUPS * sizeof(*dgram->group));
	if (!dgram->group)
		return CN_E_NOMEM;
	dgram->group[dgram->group_n].addr = *group;
	dgram->group[dgram->group_n].link = (uint8_t)link;
	dgram->group_n++;
	return CN_OK;
}

int cn_dgram_join(struct cn_dgram *dgram, const struct cn_addr *group, int link)
{
	int err;

	if (!cn_addr_is_multicast(group) ||
	    (cn_addr_is_v4(group) && dgram->v6only) ||
	    (!cn_addr_is_v4(group) && !dgram->family6))
		return CN_E_INVAL;
	link = group_link(dgram, group, link);
	if (link < 0)
		return link;
	if (group_at(dgram, group, link) >= 0)
		return CN_E_ADDRINUSE;
	err = remember(dgram, group, link);
	if (err)
		return err;
	err = net_group_join(&dgram->host->net, link, group);
	if (err)
		dgram->group_n--;
	return err;
}

int cn_dgram_leave(struct cn_dgram *dgram, const struct cn_addr *group,
		   int link)
{
	int at;

	link = group_link(dgram, group, link);
	at = link < 0 ? -1 : group_at(dgram, group, link);
	if (at < 0)
		return CN_E_ADDRNOTAVAIL;
	dgram->group[at] = dgram->group[--dgram->group_n];
	net_group_leave(&dgram->host->net, link, group);
	return CN_OK;
}
