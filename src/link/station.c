/* SPDX-License-Identifier: MIT */
/* packet(7), tuntap.rst and the virtio header of VIRTIO 1.2 section 5.1.6. */
#include "link/station.h"

#include <endian.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "wire/glance.h"
#include "wire/octets.h"

#define FRAME_MAX (65536u + STATION_ETHER)
#define ROOM (16 << 20) /* of the packet socket, both ways */
#define HEADROOM 16u /* before the data in a buffer: the Ethernet header */
/* Headers of what is not TCP: enough for a mark in IP's. */
#define HEADER_PLAIN 40u

/* As the device gives it: the virtio header ends where the frame begins. */
struct octets {
	struct virtio_net_hdr vnet;
	uint8_t frame[FRAME_MAX];
};

_Static_assert(offsetof(struct octets, frame) == sizeof(struct virtio_net_hdr),
	       "no gap");

/* ------------------------------------------------------------- opening -- */

static bool is_tap(const char *name)
{
	char path[64];

	if (snprintf(path, sizeof(path), "/sys/class/net/%s/tun_flags", name) >=
	    (int)sizeof(path))
		return false;
	return access(path, F_OK) == 0;
}

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
	return setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) ||
	       setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on,
			  sizeof(on)) ||
	       setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc,
			  sizeof(promisc));
}

static int open_packet(struct station *station, const char *name, char *error)
{
	unsigned index = if_nametoindex(name);
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_ifindex = (int)index,
				 .sll_protocol = 0};

	if (!index) {
		errno = ENODEV;
		snprintf(error, STATION_ERROR,
			 "there is no interface '%.32s' here; 'ip link' lists "
			 "them",
			 name);
		return -ENODEV;
	}
	/* No protocol: nothing comes before all is set up. */
	station->fd =
		socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (station->fd < 0)
		return fail(error, name, "no packet socket");
	if (set_up(station->fd, index))
		return fail(error, name, "the packet socket does not suffice");
	at.sll_protocol = htobe16(ETH_P_ALL);
	if (bind(station->fd, (struct sockaddr *)&at, sizeof(at)))
		return fail(error, name, "bind");
	return 0;
}

int station_open(struct station *station, const char *name,
		 char error[STATION_ERROR])
{
	int err;

	memset(station, 0, sizeof(*station));
	station->fd = -1;
	snprintf(station->name, sizeof(station->name), "%s", name);
	station->is_tap = is_tap(name);
	if (station->is_tap) {
		err = tun_open(&station->tun, name, TUN_ETHERNET, error);
		if (!err)
			station->fd = station->tun.fd;
		return err;
	}
	err = open_packet(station, name, error);
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

/* ------------------------------------------------------------- reading -- */

static unsigned kind_of(uint16_t type)
{
	return type == ETH_P_IP ? 0 : type == ETH_P_IPV6 ? 1 : 2;
}

/* The headers into the frame's block, the rest into a buffer. */
static int fill(struct cn_frame *frame, struct cn_pool *pool,
		const struct octets *octets, uint32_t len)
{
	const uint8_t *packet = octets->frame + STATION_ETHER;
	struct cn_frame bare = {.slice_n = 1, .payload_len = len};
	struct glance glance;
	struct cn_buf *buf;
	uint32_t head;

	bare.slice[0] = (struct cn_slice){NULL, packet, len};
	glance_at(&glance, &bare);
	head = glance_is_tcp(&glance) ? glance.data : HEADER_PLAIN;
	if (head > len)
		head = len;
	if (head > CN_HEADER_MAX)
		return CN_E_INVAL;
	buf = cn_buf_new(pool, HEADROOM + len - head);
	if (!buf)
		return CN_E_NOMEM;
	memcpy(buf->data, octets->frame, STATION_ETHER);
	memcpy(buf->data + HEADROOM, packet + head, len - head);
	memset(frame, 0, offsetof(struct cn_frame, slice));
	memcpy(frame->header, packet, head);
	frame->header_len = (uint16_t)head;
	frame->payload_len = len - head;
	/* Empty perhaps, but it holds the Ethernet header. */
	frame->slice_n = 1;
	frame->slice[0] =
		(struct cn_slice){buf, buf->data + HEADROOM, len - head};
	return CN_OK;
}

/* What the device left to be done, counted from the packet's first octet. */
static bool take_offload(struct cn_frame *frame,
			 const struct virtio_net_hdr *vnet)
{
	uint8_t gso = vnet->gso_type & ~VIRTIO_NET_HDR_GSO_ECN;

	if (vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if (vnet->csum_start < STATION_ETHER)
			return false;
		frame->csum = CN_CSUM_PARTIAL;
		frame->csum_start =
			(uint16_t)(vnet->csum_start - STATION_ETHER);
		frame->csum_offset = vnet->csum_offset;
	}
	if (gso == VIRTIO_NET_HDR_GSO_NONE)
		return true;
	frame->seg_size = vnet->gso_size;
	return vnet->gso_size && (gso == VIRTIO_NET_HDR_GSO_TCPV4 ||
				  gso == VIRTIO_NET_HDR_GSO_TCPV6);
}

static int read_failed(struct station *station, int err)
{
	if (err == EAGAIN || err == EINTR)
		return CN_E_AGAIN;
	/* A frame of a kind that has no virtio header. */
	if (err == EINVAL) {
		station->odd_n++;
		return CN_E_AGAIN;
	}
	return CN_E_NETDOWN;
}

int station_read(struct station *station, struct cn_pool *pool,
		 struct cn_frame *frame)
{
	static __thread struct octets octets;
	uint32_t len;
	ssize_t n;
	int err;

	for (;;) {
		n = read(station->fd, &octets, sizeof(octets));
		if (n < 0)
			return read_failed(station, errno);
		station->read_n++;
		if (n <= (ssize_t)(sizeof(octets.vnet) + STATION_ETHER)) {
			station->odd_n++;
			continue;
		}
		len = (uint32_t)n - (uint32_t)sizeof(octets.vnet) -
		      STATION_ETHER;
		err = fill(frame, pool, &octets, len);
		if (err == CN_E_NOMEM)
			return err;
		if (err || !take_offload(frame, &octets.vnet)) {
			if (!err)
				cn_frame_release(frame);
			station->odd_n++;
			continue;
		}
		memcpy(station->ether[kind_of(get16(octets.frame + 12))],
		       octets.frame, STATION_ETHER);
		return CN_OK;
	}
}

/* ------------------------------------------------------------- writing -- */

/* One whose octets a path has changed lies in a buffer of the path's: it gets
 * the header of the last of its kind. */
static const uint8_t *ether_of(const struct station *from,
			       const struct cn_frame *frame)
{
	uint8_t first = 0;

	if (frame->header_len && frame->slice_n && frame->slice[0].buf)
		return frame->slice[0].buf->data;
	cn_frame_copy(frame, 0, &first, 1);
	return from->ether[first >> 4 == 4 ? 0 : first >> 4 == 6 ? 1 : 2];
}

int station_write(struct station *station, const struct station *from,
		  const struct cn_frame *frame)
{
	struct virtio_net_hdr vnet = {.gso_type = VIRTIO_NET_HDR_GSO_NONE};
	struct iovec iov[3 + CN_SLICES_MAX];
	int n = 0;
	bool partial = frame->csum_start && frame->csum != CN_CSUM_NONE;

	if (partial) {
		vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		vnet.csum_start = (uint16_t)(frame->csum_start + STATION_ETHER);
		vnet.csum_offset = frame->csum_offset;
		vnet.hdr_len = (uint16_t)(frame->header_len + STATION_ETHER);
	}
	iov[n++] = (struct iovec){&vnet, sizeof(vnet)};
	iov[n++] = (struct iovec){(void *)(uintptr_t)ether_of(from, frame),
				  STATION_ETHER};
	iov[n++] = (struct iovec){(void *)(uintptr_t)frame->header,
				  frame->header_len};
	for (unsigned i = 0; i < frame->slice_n; i++)
		if (frame->slice[i].len)
			iov[n++] = (struct iovec){
				(void *)(uintptr_t)frame->slice[i].data,
				frame->slice[i].len};
	if (writev(station->fd, iov, n) >= 0) {
		station->written_n++;
		return CN_OK;
	}
	if (errno == EAGAIN || errno == EINTR)
		return CN_E_AGAIN;
	station->refused_n++;
	return errno == ENXIO || errno == ENODEV ? CN_E_NETDOWN : CN_OK;
}
