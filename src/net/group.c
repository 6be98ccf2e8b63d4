/* SPDX-License-Identifier: MIT */
/*
 * RFC 1112 section 6.1, RFC 4291 section 2.8: which groups this host belongs
 * to, link by link.  Sockets join and leave; a group is the host's while one
 * of them is in it.  Every host is in the group of all hosts, and on IPv6 in
 * the solicited-node group of each of its addresses, without being asked.
 */
#include "net/net.h"

#include <string.h>

static struct net_group *find(const struct net *net, int link,
			      const struct cn_addr *group)
{
	for (unsigned i = 0; i < net->groups.n; i++) {
		const struct net_group *at = &net->groups.group[i];

		if (at->link == link && cn_addr_equal(&at->addr, group))
			return (struct net_group *)(uintptr_t)at;
	}
	return NULL;
}

int net_group_join(struct net *net, int link, const struct cn_addr *group)
{
	struct net_group *at;

	if (link < 0 || link >= NET_LINKS || !net->routes.link[link].used)
		return CN_E_NOLINK;
	if (!cn_addr_is_multicast(group))
		return CN_E_INVAL;
	at = find(net, link, group);
	if (at) {
		at->refs++;
		return CN_OK;
	}
	if (net->groups.n == NET_GROUPS)
		return CN_E_NOBUFS;
	at = &net->groups.group[net->groups.n++];
	at->addr = *group;
	at->link = (uint8_t)link;
	at->refs = 1;
	return CN_OK;
}

void net_group_leave(struct net *net, int link, const struct cn_addr *group)
{
	struct net_group *at = find(net, link, group);

	if (!at || --at->refs)
		return;
	*at = net->groups.group[--net->groups.n];
}

/* RFC 4291 section 2.7.1: ff02::1:ff and the address's last three octets. */
struct cn_addr net_solicited_node(const struct cn_addr *addr)
{
	struct cn_addr group = {
		.octet = {0xff, 0x02, [11] = 1, [12] = 0xff},
	};

	memcpy(group.octet + 13, addr->octet + 13, 3);
	return group;
}

static bool is_solicited_node(const struct net *net, int link,
			      const struct cn_addr *group)
{
	for (unsigned i = 0; i < net->routes.address_n; i++) {
		const struct net_address *own = &net->routes.address[i];
		struct cn_addr node = net_solicited_node(&own->addr);

		if (own->link == link && !cn_addr_is_v4(&own->addr) &&
		    cn_addr_equal(&node, group))
			return true;
	}
	return false;
}

bool net_is_member(const struct net *net, int link, const struct cn_addr *group)
{
	const struct cn_addr all4 = cn_addr_v4(224, 0, 0, 1);
	const struct cn_addr all6 = {.octet = {0xff, 0x02, [15] = 1}};

	return cn_addr_equal(group, &all4) || cn_addr_equal(group, &all6) ||
	       find(net, link, group) || is_solicited_node(net, link, group);
}
