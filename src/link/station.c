/* SPDX-License-Identifier: MIT */
/* packet(7), tuntap.rst, the virtio header of VIRTIO 1.2 section 5.1.6, and
 * IEEE 802.1Q section 9: frames in and out. */
#include "link/station.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "wire/glance.h"
#include "wire/octets.h"

/* The longest packet with its header; and one octet by which a longer one is
 * known. */
#define FRAME_MAX (65535u + STATION_ETHER_MAX + 1)
/* Headers of what is not TCP: enough for a mark in IP's. */
#define HEADER_PLAIN 40u
#define ADDRS_LEN (2 * CN_MAC_LEN)
#define HEAD_LEN_AT STATION_ETHER_MAX /* in a buffer */
/* Frames of no use in a row before somebody else has his turn. */
#define ODD_TURN 64

/* Of one frame: what the device says of it, and its octets, before which there
 * is room for a tag that was taken out. */
struct octets {
	struct virtio_net_hdr vnet;
	uint8_t room[STATION_TAG];
	uint8_t frame[FRAME_MAX];
};

_Static_assert(offsetof(struct octets, frame) ==
		       offsetof(struct octets, room) + STATION_TAG,
	       "no gap");

/* ------------------------------------------------------------- reading -- */

static bool is_tag(uint16_t type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD;
}

/* Octets of the header and its tags; *type: of what follows.  A third tag is
 * what follows. */
static uint32_t ether_len(const uint8_t *frame, uint32_t len, uint16_t *type)
{
	uint32_t n = STATION_ETHER;

	*type = get16(frame + n - 2);
	while (is_tag(*type) && n < STATION_ETHER_MAX &&
	       n + STATION_TAG <= len) {
		n += STATION_TAG;
		*type = get16(frame + n - 2);
	}
	return n;
}

/* How many of a packet's octets stand in the header block: those that a cut or
 * a mark writes to. */
static uint32_t header_of(const uint8_t *packet, uint32_t len, uint16_t type,
			  bool *is_tcp)
{
	struct cn_frame bare = {.slice_n = 1, .payload_len = len};
	struct glance glance;

	*is_tcp = false;
	if (type != ETH_P_IP && type != ETH_P_IPV6)
		return 0;
	bare.slice[0] = (struct cn_slice){NULL, packet, len};
	glance_at(&glance, &bare);
	*is_tcp = glance_is_tcp(&glance) && glance.data <= CN_HEADER_MAX;
	if (*is_tcp)
		return glance.data;
	return len < HEADER_PLAIN ? len : HEADER_PLAIN;
}

/* The headers into the frame's block, the rest into a buffer. */
static int fill(struct cn_frame *frame, struct cn_pool *pool,
		const uint8_t *ether, uint32_t ether_n, const uint8_t *packet,
		uint32_t len, uint32_t head)
{
	struct cn_buf *buf = cn_buf_new(pool, STATION_HEAD + len - head);

	if (!buf)
		return CN_E_NOMEM;
	memset(buf->data, 0, STATION_HEAD);
	memcpy(buf->data, ether, ether_n);
	buf->data[HEAD_LEN_AT] = (uint8_t)ether_n;
	memcpy(buf->data + STATION_HEAD, packet + head, len - head);
	memset(frame, 0, offsetof(struct cn_frame, slice));
	memcpy(frame->header, packet, head);
	frame->header_len = (uint16_t)head;
	frame->payload_len = len - head;
	/* Empty perhaps, but it holds the Ethernet header. */
	frame->slice_n = 1;
	frame->slice[0] =
		(struct cn_slice){buf, buf->data + STATION_HEAD, len - head};
	return CN_OK;
}

/* What the device left to be done; false: not what can be done here.  start:
 * of the packet, counted as the device counts. */
static bool is_offload_sound(const struct virtio_net_hdr *vnet, uint32_t start,
			     uint32_t len, bool is_tcp)
{
	uint8_t gso = vnet->gso_type & ~VIRTIO_NET_HDR_GSO_ECN;

	if (vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM &&
	    (vnet->csum_start <= start ||
	     vnet->csum_start - start + vnet->csum_offset + 2u > len))
		return false;
	return gso == VIRTIO_NET_HDR_GSO_NONE ||
	       (is_tcp && vnet->gso_size &&
		(gso == VIRTIO_NET_HDR_GSO_TCPV4 ||
		 gso == VIRTIO_NET_HDR_GSO_TCPV6));
}

static void take_offload(struct cn_frame *frame,
			 const struct virtio_net_hdr *vnet, uint32_t start)
{
	if (vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		frame->csum = CN_CSUM_PARTIAL;
		frame->csum_start = (uint16_t)(vnet->csum_start - start);
		frame->csum_offset = vnet->csum_offset;
	}
	if (vnet->gso_type & ~VIRTIO_NET_HDR_GSO_ECN)
		frame->seg_size = vnet->gso_size;
}

/* The tag that the kernel took out of the frame, as it stood in it. */
static bool find_tag(struct msghdr *msg, uint8_t tag[STATION_TAG])
{
	struct tpacket_auxdata aux;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c;
	     c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_PACKET ||
		    c->cmsg_type != PACKET_AUXDATA ||
		    c->cmsg_len < CMSG_LEN(sizeof(aux)))
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
			return false;
		put16(tag, aux.tp_status & TP_STATUS_VLAN_TPID_VALID ?
				   aux.tp_vlan_tpid :
				   ETH_P_8021Q);
		put16(tag + 2, aux.tp_vlan_tci);
		return true;
	}
	return false;
}

/* Octets of the frame, or a negative errno; *at: where it begins. */
static ssize_t receive(const struct station *station, struct octets *octets,
		       uint8_t **at)
{
	struct iovec iov[] = {{&octets->vnet, sizeof(octets->vnet)},
			      {octets->frame, sizeof(octets->frame)}};
	union {
		struct cmsghdr align;
		uint8_t octet[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct msghdr msg = {
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = control.octet,
		.msg_controllen = sizeof(control.octet),
	};
	uint8_t tag[STATION_TAG];
	ssize_t n = station->is_tap ? readv(station->fd, iov, 2) :
				      recvmsg(station->fd, &msg, 0);

	*at = octets->frame;
	if (n < 0)
		return -errno;
	n -= (ssize_t)sizeof(octets->vnet);
	if (station->is_tap || n < STATION_ETHER || !find_tag(&msg, tag))
		return n < 0 ? 0 : n;
	*at = octets->room;
	memmove(*at, octets->frame, ADDRS_LEN);
	memcpy(*at + ADDRS_LEN, tag, STATION_TAG);
	return n + STATION_TAG;
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
	station->is_lost = true;
	return CN_E_NETDOWN;
}

/* CN_E_INVAL: it is no frame that can go on. */
static int take_frame(struct cn_pool *pool, struct cn_frame *frame,
		      const struct octets *octets, const uint8_t *at,
		      uint32_t n)
{
	uint32_t ether_n, len, start, head;
	uint16_t type;
	bool is_tcp;
	int err;

	/* So long that its end may be missing. */
	if (n <= STATION_ETHER || n >= FRAME_MAX)
		return CN_E_INVAL;
	ether_n = ether_len(at, n, &type);
	len = n - ether_n;
	if (!len)
		return CN_E_INVAL;
	/* The device counts without the tag that it took out. */
	start = ether_n - (uint32_t)(octets->frame - at);
	head = header_of(at + ether_n, len, type, &is_tcp);
	if (!is_offload_sound(&octets->vnet, start, len, is_tcp))
		return CN_E_INVAL;
	err = fill(frame, pool, at, ether_n, at + ether_n, len, head);
	if (!err)
		take_offload(frame, &octets->vnet, start);
	return err;
}

int station_read(struct station *station, struct cn_pool *pool,
		 struct cn_frame *frame)
{
	static __thread struct octets octets;

	for (int i = 0; i < ODD_TURN; i++) {
		uint8_t *at;
		ssize_t n = receive(station, &octets, &at);
		int err;

		if (n < 0)
			return read_failed(station, (int)-n);
		station->read_n++;
		err = take_frame(pool, frame, &octets, at, (uint32_t)n);
		if (err != CN_E_INVAL)
			return err;
		station->odd_n++;
	}
	return CN_E_AGAIN;
}

/* ------------------------------------------------------------- writing -- */

static int write_failed(struct station *station, int err)
{
	if (err == EAGAIN || err == EINTR)
		return CN_E_AGAIN;
	station->refused_n++;
	station->refused_err = err;
	if (err != ENXIO && err != ENODEV)
		return CN_OK;
	station->is_lost = true;
	return CN_E_NETDOWN;
}

static struct iovec piece(const void *p, size_t len)
{
	return (struct iovec){(void *)(uintptr_t)p, len};
}

int station_write(struct station *station, const struct cn_frame *frame)
{
	struct virtio_net_hdr vnet = {.gso_type = VIRTIO_NET_HDR_GSO_NONE};
	struct iovec iov[3 + CN_SLICES_MAX];
	const uint8_t *head;
	int n = 0;

	if (!frame->slice_n || !frame->slice[0].buf)
		return write_failed(station, EINVAL);
	head = frame->slice[0].buf->data;
	if (frame->csum_start && frame->csum != CN_CSUM_NONE) {
		vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		vnet.csum_start =
			(uint16_t)(frame->csum_start + head[HEAD_LEN_AT]);
		vnet.csum_offset = frame->csum_offset;
		vnet.hdr_len =
			(uint16_t)(frame->header_len + head[HEAD_LEN_AT]);
	}
	iov[n++] = piece(&vnet, sizeof(vnet));
	iov[n++] = piece(head, head[HEAD_LEN_AT]);
	if (frame->header_len)
		iov[n++] = piece(frame->header, frame->header_len);
	for (unsigned i = 0; i < frame->slice_n; i++)
		if (frame->slice[i].len)
			iov[n++] = piece(frame->slice[i].data,
					 frame->slice[i].len);
	if (writev(station->fd, iov, n) < 0)
		return write_failed(station, errno);
	station->written_n++;
	return CN_OK;
}
