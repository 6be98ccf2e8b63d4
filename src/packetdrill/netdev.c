/* SPDX-License-Identifier: MIT */
/*
 * What scripts do to tun0 by ethtool and tc: whether super-segments are cut,
 * and whether anything gets out.  The device of the namespace is nobody's, but
 * its features and its queueing discipline are there to be read.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "packetdrill/drill.h"

#define DEVICE "tun0"

/* The kernel's own calls: those of the C library are ours where the object is
 * preloaded. */
static int kernel_socket(int domain, int type, int protocol)
{
	return (int)syscall(SYS_socket, domain, type | SOCK_CLOEXEC, protocol);
}

static void kernel_close(int fd)
{
	syscall(SYS_close, fd);
}

/* An offload; one that cannot be asked for is on. */
static bool has_offload(int fd, uint32_t which)
{
	struct ethtool_value value = {.cmd = which};
	struct ifreq request = {.ifr_name = DEVICE};

	request.ifr_data = (void *)&value;
	return ioctl(fd, SIOCETHTOOL, &request) || value.data;
}

/* As a device of Linux's: one without TCP's offload gets segments that were
 * cut before it, or, if that is switched off too, none else. */
static bool cuts(void)
{
	int fd = kernel_socket(AF_INET, SOCK_DGRAM, 0);
	bool yes;

	if (fd < 0)
		return false;
	yes = !has_offload(fd, ETHTOOL_GTSO) && !has_offload(fd, ETHTOOL_GGSO);
	kernel_close(fd);
	return yes;
}

/* The root of that device, a queue of packets or octets that holds none. */
static bool is_full(const struct nlmsghdr *msg, unsigned device)
{
	const struct tcmsg *tc = NLMSG_DATA(msg);
	const struct rtattr *attr = TCA_RTA(tc);
	unsigned len = (unsigned)TCA_PAYLOAD(msg);
	bool fifo = false, none = false;

	if (msg->nlmsg_type != RTM_NEWQDISC || tc->tcm_ifindex != (int)device ||
	    tc->tcm_parent != TC_H_ROOT)
		return false;
	for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len)) {
		const struct tc_fifo_qopt *opt = RTA_DATA(attr);

		if (attr->rta_type == TCA_KIND)
			fifo = !strcmp(RTA_DATA(attr), "pfifo") ||
			       !strcmp(RTA_DATA(attr), "bfifo");
		else if (attr->rta_type == TCA_OPTIONS &&
			 RTA_PAYLOAD(attr) >= sizeof(*opt))
			none = !opt->limit;
	}
	return fifo && none;
}

/* What the kernel says about its queueing disciplines; true: it says more. */
static bool read_some(int fd, unsigned device, bool *full)
{
	_Alignas(struct nlmsghdr) char text[16384];
	ssize_t n = recv(fd, text, sizeof(text), 0);
	const struct nlmsghdr *msg = (const void *)text;

	if (n <= 0)
		return false;
	for (; NLMSG_OK(msg, n); msg = NLMSG_NEXT(msg, n)) {
		if (msg->nlmsg_type == NLMSG_DONE ||
		    msg->nlmsg_type == NLMSG_ERROR)
			return false;
		*full |= is_full(msg, device);
	}
	return true;
}

static bool blocks(void)
{
	struct {
		struct nlmsghdr head;
		struct tcmsg tc;
	} ask = {
		.head.nlmsg_len = sizeof(ask),
		.head.nlmsg_type = RTM_GETQDISC,
		.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.tc.tcm_family = AF_UNSPEC,
	};
	unsigned device = if_nametoindex(DEVICE);
	bool full = false;
	int fd;

	if (!device)
		return false;
	fd = kernel_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	if (fd < 0)
		return false;
	ask.tc.tcm_ifindex = (int)device;
	if (send(fd, &ask, sizeof(ask), 0) == (ssize_t)sizeof(ask))
		while (read_some(fd, device, &full))
			;
	kernel_close(fd);
	return full;
}

void drill_netdev(struct drill *drill)
{
	int error = errno; /* of the call before */

	drill->cuts = cuts();
	drill->blocked = blocks();
	errno = error;
}
