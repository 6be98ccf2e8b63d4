/* SPDX-License-Identifier: MIT */
/* packet(7), netdevice(7): which interface it is, and looking at its frames. */
#include <endian.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/station.h"

#define ROOM (16 << 20) /* of the packet socket, both ways */

static int fail(char *error, const char *name, const char *what)
{
	int err = errno;

	if (err == EPERM || err == EACCES)
		snprintf(error, STATION_ERROR,
			 "no permission to look at the frames of '%s': run as "
			 "root, or in namespaces of your own (unshare -rn)",
			 name);
	else
		snprintf(error, STATION_ERROR, "'%s': %s: %s", name, what,
			 strerror(err));
	return -err;
}

/* ------------------------------------------------------ the interface -- */

/* Not by /sys, which shows the interfaces of the namespace that mounted it. */
static bool is_tun_driver(int fd, struct ifreq *ifreq)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};

	ifreq->ifr_data = (void *)&info;
	return !ioctl(fd, SIOCETHTOOL, ifreq) &&
	       !strncmp(info.driver, "tun", sizeof(info.driver));
}

static int ask_kind(struct station *station, int fd, char *error)
{
	struct ifreq ifreq;

	memset(&ifreq, 0, sizeof(ifreq));
	memcpy(ifreq.ifr_name, station->name, sizeof(station->name));
	if (ioctl(fd, SIOCGIFHWADDR, &ifreq))
		return fail(error, station->name, "it does not say its kind");
	if (ifreq.ifr_hwaddr.sa_family != ARPHRD_ETHER) {
		snprintf(error, STATION_ERROR,
			 "'%s' carries no Ethernet frames; name a veth, a TAP "
			 "or a network card",
			 station->name);
		return -EINVAL;
	}
	station->is_tap = is_tun_driver(fd, &ifreq);
	if (station->is_tap)
		return 0;
	if (ioctl(fd, SIOCGIFFLAGS, &ifreq))
		return fail(error, station->name, "it does not say its state");
	if (!(ifreq.ifr_flags & IFF_UP)) {
		snprintf(error, STATION_ERROR,
			 "'%s' is down: ip link set dev %s up", station->name,
			 station->name);
		return -ENETDOWN;
	}
	return 0;
}

static int find(struct station *station, const char *name, char *error)
{
	int fd, rc;

	station->index = if_nametoindex(name);
	if (!station->index || !if_indextoname(station->index, station->name)) {
		snprintf(error, STATION_ERROR,
			 "there is no interface '%.32s' here; 'ip link' lists "
			 "them",
			 name);
		return -ENODEV;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(error, station->name, "no socket");
	rc = ask_kind(station, fd, error);
	close(fd);
	return rc;
}

/* -------------------------------------------------- the packet socket -- */

static int set_up(int fd, unsigned index)
{
	struct packet_mreq promisc = {.mr_ifindex = (int)index,
				      .mr_type = PACKET_MR_PROMISC};
	int on = 1, room = ROOM;

	/* More than the limit, where that is allowed. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room,
				 sizeof(room));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room,
				 sizeof(room));
	(void)setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	/* The kernel takes the tag of a virtual LAN out of the frame, and tells
	 * it beside. */
	return setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) ||
	       setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) ||
	       setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on,
			  sizeof(on)) ||
	       setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc,
			  sizeof(promisc));
}

static int open_packet(struct station *station, char *error)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_ifindex = (int)station->index,
				 .sll_protocol = 0};

	/* No protocol: nothing comes before all is set up. */
	station->fd =
		socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (station->fd < 0)
		return fail(error, station->name, "no packet socket");
	if (set_up(station->fd, station->index))
		return fail(error, station->name,
			    "the packet socket does not suffice");
	at.sll_protocol = htobe16(ETH_P_ALL);
	if (bind(station->fd, (struct sockaddr *)&at, sizeof(at)))
		return fail(error, station->name, "bind");
	return 0;
}

int station_open(struct station *station, const char *name,
		 char error[STATION_ERROR])
{
	int err;

	memset(station, 0, sizeof(*station));
	station->fd = -1;
	err = find(station, name, error);
	if (err)
		return err;
	if (station->is_tap) {
		err = tun_open(&station->tun, station->name, TUN_ETHERNET,
			       error);
		if (!err)
			station->fd = station->tun.fd;
		return err;
	}
	err = open_packet(station, error);
	if (err)
		station_close(station);
	return err;
}

void station_close(struct station *station)
{
	if (station->is_tap && station->fd >= 0)
		tun_close(&station->tun);
	else if (station->fd >= 0)
		close(station->fd);
	station->fd = -1;
}

uint64_t station_missed(struct station *station)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);

	if (station->is_tap || station->fd < 0 ||
	    getsockopt(station->fd, SOL_PACKET, PACKET_STATISTICS, &stats,
		       &len))
		return 0;
	return stats.tp_drops;
}
