/* SPDX-License-Identifier: MIT */
/*
 * Setting up an interface by rtnetlink: what 'ip link', 'ip addr' and 'ip
 * route' would do.  Needs libmnl, and so belongs to the program, not to the
 * library.
 */
#ifndef LINK_NETLINK_H
#define LINK_NETLINK_H

#include <catenet/frame.h>

#define NETLINK_ERROR 256

struct mnl_socket;

struct netlink {
	struct mnl_socket *socket;
	uint32_t port, seq;
	char error[NETLINK_ERROR]; /* of the last call that failed */
};

/* All: 0, or -errno and a sentence in netlink->error. */
int netlink_open(struct netlink *netlink) CN_MUST_CHECK;
void netlink_close(struct netlink *netlink);

/* Sets it up, with that MTU; 0: as it is. */
int netlink_up(struct netlink *netlink, const char *interface, uint32_t mtu)
	CN_MUST_CHECK;
int netlink_addr_add(struct netlink *netlink, const char *interface,
		     const struct cn_addr *addr, unsigned prefix_len)
	CN_MUST_CHECK;
/* gateway NULL: on the link itself. */
int netlink_route_add(struct netlink *netlink, const char *interface,
		      const struct cn_addr *prefix, unsigned prefix_len,
		      const struct cn_addr *gateway) CN_MUST_CHECK;
/* Everything that no other route leads to, on the link itself; sent from src
 * unless it is an any-address, which only says the family. */
int netlink_default_add(struct netlink *netlink, const char *interface,
			const struct cn_addr *src) CN_MUST_CHECK;
/*
 * A pair of Ethernet interfaces: near here, far in the network namespace of
 * that descriptor.  Neither asks for neighbours: what one sends, the other
 * gets.
 */
int netlink_veth_add(struct netlink *netlink, const char *near, const char *far,
		     int far_netns, const uint8_t far_mac[CN_MAC_LEN])
	CN_MUST_CHECK;
/* Deletes the interface, also one that was made to stay. */
int netlink_delete(struct netlink *netlink, const char *interface)
	CN_MUST_CHECK;

#endif
