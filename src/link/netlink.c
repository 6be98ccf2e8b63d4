/* SPDX-License-Identifier: MIT */
/*
 * rtnetlink(7) by libmnl: link up and MTU, addresses, routes.  Each call is
 * one request and its acknowledgement.
 */
#include "link/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* Every request here is far shorter. */
#define REQUEST_LEN 512

struct request {
	struct nlmsghdr *header;
	unsigned index; /* of the interface */
	char buffer[REQUEST_LEN];
};

static int fail(struct netlink *netlink, int err, const char *what,
		const char *interface)
{
	const char *cure = strerror(err);

	if (err == EPERM || err == EACCES)
		cure = "run as root, or with CAP_NET_ADMIN in this network "
		       "namespace";
	else if (err == ENODEV)
		cure = "there is no such interface";
	else if (err == EEXIST)
		cure = "it is already there";
	snprintf(netlink->error, sizeof(netlink->error),
		 "cannot %s of interface '%.16s': %s", what, interface, cure);
	return -err;
}

int netlink_open(struct netlink *netlink)
{
	int err;

	memset(netlink, 0, sizeof(*netlink));
	netlink->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (netlink->socket &&
	    mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) == 0) {
		netlink->port = mnl_socket_get_portid(netlink->socket);
		return 0;
	}
	err = errno;
	snprintf(netlink->error, sizeof(netlink->error),
		 "cannot open a netlink socket: %s", strerror(err));
	netlink_close(netlink);
	return -err;
}

void netlink_close(struct netlink *netlink)
{
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	netlink->socket = NULL;
}

static void begin_new(struct netlink *netlink, struct request *request,
		      uint16_t type, uint16_t flags)
{
	request->index = 0;
	request->header = mnl_nlmsg_put_header(request->buffer);
	request->header->nlmsg_type = type;
	request->header->nlmsg_flags =
		(uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	request->header->nlmsg_seq = ++netlink->seq;
}

static int begin(struct netlink *netlink, struct request *request,
		 uint16_t type, uint16_t flags, const char *interface)
{
	unsigned index = if_nametoindex(interface);

	if (!index)
		return -ENODEV;
	begin_new(netlink, request, type, flags);
	request->index = index;
	return 0;
}

/* What is answered before the acknowledgement goes to hear, if any. */
static int ask(struct netlink *netlink, struct request *request, mnl_cb_t hear,
	       void *ctx)
{
	char answer[8192];
	ssize_t n;
	int more;

	if (mnl_socket_sendto(netlink->socket, request->header,
			      request->header->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(netlink->socket, answer,
					sizeof(answer));
		if (n < 0)
			return -errno;
		more = mnl_cb_run(answer, (size_t)n, netlink->seq,
				  netlink->port, hear, ctx);
	} while (more > 0);
	return more < 0 ? -errno : 0;
}

static int send_and_wait(struct netlink *netlink, struct request *request)
{
	return ask(netlink, request, NULL, NULL);
}

int netlink_up(struct netlink *netlink, const char *interface, uint32_t mtu)
{
	struct request request;
	struct ifinfomsg *info;
	int err = begin(netlink, &request, RTM_NEWLINK, 0, interface);

	if (!err) {
		info = mnl_nlmsg_put_extra_header(request.header,
						  sizeof(*info));
		info->ifi_family = AF_UNSPEC;
		info->ifi_index = (int)request.index;
		info->ifi_change = IFF_UP;
		info->ifi_flags = IFF_UP;
		if (mtu)
			mnl_attr_put_u32(request.header, IFLA_MTU, mtu);
		err = send_and_wait(netlink, &request);
	}
	return err ? fail(netlink, -err, "set up the link", interface) : 0;
}

int netlink_delete(struct netlink *netlink, const char *interface)
{
	struct request request;
	struct ifinfomsg *info;
	int err = begin(netlink, &request, RTM_DELLINK, 0, interface);

	if (!err) {
		info = mnl_nlmsg_put_extra_header(request.header,
						  sizeof(*info));
		info->ifi_family = AF_UNSPEC;
		info->ifi_index = (int)request.index;
		err = send_and_wait(netlink, &request);
	}
	return err ? fail(netlink, -err, "delete the link", interface) : 0;
}

static void put_addr(struct request *request, uint16_t type,
		     const struct cn_addr *addr)
{
	if (cn_addr_is_v4(addr))
		mnl_attr_put(request->header, type, 4, addr->octet + 12);
	else
		mnl_attr_put(request->header, type, 16, addr->octet);
}

static uint8_t family_of(const struct cn_addr *addr)
{
	return cn_addr_is_v4(addr) ? AF_INET : AF_INET6;
}

/* ------------------------------------------------------------ addresses -- */

/* The kernel's worker, who makes the route, may be late on a busy machine. */
#define LOCAL_TRIES 500

static bool is_running(const char *interface)
{
	struct ifreq ifr = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is = false;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%.15s", interface);
	if (fd < 0)
		return false;
	if (ioctl(fd, SIOCGIFFLAGS, &ifr) == 0)
		is = (ifr.ifr_flags & IFF_UP) && (ifr.ifr_flags & IFF_RUNNING);
	close(fd);
	return is;
}

static int note_local(const struct nlmsghdr *header, void *is_local)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(header);

	if (header->nlmsg_type == RTM_NEWROUTE)
		*(bool *)is_local = info->rtm_type == RTN_LOCAL;
	return MNL_CB_OK;
}

/* Whether the kernel takes what is for addr for its own. */
static bool is_local(struct netlink *netlink, const struct cn_addr *addr)
{
	struct request request;
	struct rtmsg *info;
	bool local = false;

	begin_new(netlink, &request, RTM_GETROUTE, 0);
	info = mnl_nlmsg_put_extra_header(request.header, sizeof(*info));
	info->rtm_family = family_of(addr);
	info->rtm_dst_len = 128;
	put_addr(&request, RTA_DST, addr);
	return !ask(netlink, &request, note_local, &local) && local;
}

/*
 * The address is there when the request for it is answered, its local route
 * a moment later: until then packets for it are dropped.  An interface that
 * does not run has none until it does.
 */
static void await_local(struct netlink *netlink, const char *interface,
			const struct cn_addr *addr)
{
	const struct timespec moment = {.tv_nsec = 1000000};

	if (!is_running(interface))
		return;
	for (int i = 0; i < LOCAL_TRIES && !is_local(netlink, addr); i++)
		nanosleep(&moment, NULL);
}

/* An IPv6 address is usable at once: nobody else is on this link, so that
 * there is no duplicate to look for. */
int netlink_addr_add(struct netlink *netlink, const char *interface,
		     const struct cn_addr *addr, unsigned prefix_len)
{
	struct request request;
	struct ifaddrmsg *info;
	int err = begin(netlink, &request, RTM_NEWADDR,
			NLM_F_CREATE | NLM_F_EXCL, interface);

	if (!err) {
		info = mnl_nlmsg_put_extra_header(request.header,
						  sizeof(*info));
		info->ifa_family = family_of(addr);
		info->ifa_prefixlen = (uint8_t)prefix_len;
		info->ifa_scope = RT_SCOPE_UNIVERSE;
		info->ifa_index = request.index;
		if (!cn_addr_is_v4(addr))
			info->ifa_flags = IFA_F_NODAD;
		put_addr(&request, IFA_LOCAL, addr);
		put_addr(&request, IFA_ADDRESS, addr);
		err = send_and_wait(netlink, &request);
	}
	if (!err && !cn_addr_is_v4(addr))
		await_local(netlink, interface, addr);
	return err ? fail(netlink, -err, "add the address", interface) : 0;
}

struct route {
	const struct cn_addr *prefix;
	unsigned prefix_len;
	const struct cn_addr *gateway, *src; /* NULL: none */
};

static int add_route(struct netlink *netlink, const char *interface,
		     const struct route *route)
{
	struct request request;
	struct rtmsg *info;
	int err = begin(netlink, &request, RTM_NEWROUTE,
			NLM_F_CREATE | NLM_F_EXCL, interface);

	if (!err) {
		info = mnl_nlmsg_put_extra_header(request.header,
						  sizeof(*info));
		info->rtm_family = family_of(route->prefix);
		info->rtm_dst_len = (uint8_t)route->prefix_len;
		info->rtm_table = RT_TABLE_MAIN;
		info->rtm_protocol = RTPROT_STATIC;
		info->rtm_scope = route->gateway ? RT_SCOPE_UNIVERSE :
						   RT_SCOPE_LINK;
		info->rtm_type = RTN_UNICAST;
		if (route->prefix_len)
			put_addr(&request, RTA_DST, route->prefix);
		if (route->gateway)
			put_addr(&request, RTA_GATEWAY, route->gateway);
		if (route->src)
			put_addr(&request, RTA_PREFSRC, route->src);
		mnl_attr_put_u32(request.header, RTA_OIF, request.index);
		err = send_and_wait(netlink, &request);
	}
	return err ? fail(netlink, -err, "add the route", interface) : 0;
}

int netlink_route_add(struct netlink *netlink, const char *interface,
		      const struct cn_addr *prefix, unsigned prefix_len,
		      const struct cn_addr *gateway)
{
	const struct route route = {
		.prefix = prefix,
		.prefix_len = prefix_len,
		.gateway = gateway,
	};

	return add_route(netlink, interface, &route);
}

int netlink_default_add(struct netlink *netlink, const char *interface,
			const struct cn_addr *src)
{
	const struct route route = {
		.prefix = src, /* of which no octet counts */
		.src = cn_addr_is_any(src) ? NULL : src,
	};

	return add_route(netlink, interface, &route);
}

/* ------------------------------------------------------------- a pair -- */

static void put_end(struct request *request, const char *name,
		    const uint8_t *mac)
{
	mnl_attr_put_strz(request->header, IFLA_IFNAME, name);
	if (mac)
		mnl_attr_put(request->header, IFLA_ADDRESS, CN_MAC_LEN, mac);
}

int netlink_veth_add(struct netlink *netlink, const char *near, const char *far,
		     int far_netns, const uint8_t far_mac[CN_MAC_LEN])
{
	struct request request;
	struct ifinfomsg info = {
		.ifi_family = AF_UNSPEC,
		.ifi_flags = IFF_NOARP,
		.ifi_change = IFF_NOARP,
	};
	struct nlattr *link, *data, *peer;
	void *room;
	int err;

	begin_new(netlink, &request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	room = mnl_nlmsg_put_extra_header(request.header, sizeof(info));
	memcpy(room, &info, sizeof(info));
	put_end(&request, near, NULL);
	link = mnl_attr_nest_start(request.header, IFLA_LINKINFO);
	mnl_attr_put_strz(request.header, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(request.header, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(request.header, VETH_INFO_PEER);
	room = mnl_nlmsg_put_extra_header(request.header, sizeof(info));
	memcpy(room, &info, sizeof(info));
	put_end(&request, far, far_mac);
	mnl_attr_put_u32(request.header, IFLA_NET_NS_FD, (uint32_t)far_netns);
	mnl_attr_nest_end(request.header, peer);
	mnl_attr_nest_end(request.header, data);
	mnl_attr_nest_end(request.header, link);
	err = send_and_wait(netlink, &request);
	return err ? fail(netlink, -err, "make the pair", near) : 0;
}
