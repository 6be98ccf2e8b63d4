/* SPDX-License-Identifier: MIT */
/*
 * packet(7): what the other end of a veth sends, and what it shall receive.
 * Super-segments are not for here: they are cut before.
 */
#include "link/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "wire/offload.h"

#define PACKET_MAX 65536u

/* Bound before it hears anything, so that it never hears another. */
int packet_open(const char *interface, int *index)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET};
	int fd, err;

	at.sll_ifindex = (int)if_nametoindex(interface);
	if (!at.sll_ifindex)
		return -ENODEV;
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	at.sll_protocol = htons(ETH_P_ALL);
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0) {
		err = errno;
		close(fd);
		return -err;
	}
	*index = at.sll_ifindex;
	return fd;
}

int packet_init(struct packet_link *link, int fd, int index,
		const uint8_t mac[CN_MAC_LEN])
{
	memset(link, 0, sizeof(*link));
	link->fd = fd;
	link->index = index;
	memcpy(link->mac, mac, CN_MAC_LEN);
	link->octets = malloc(PACKET_MAX);
	return link->octets ? CN_OK : CN_E_NOMEM;
}

void packet_close(struct packet_link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
	free(link->octets);
	link->octets = NULL;
}

static bool is_ip(const struct sockaddr_ll *from)
{
	uint16_t protocol = ntohs(from->sll_protocol);

	return from->sll_pkttype != PACKET_OUTGOING &&
	       (protocol == ETH_P_IP || protocol == ETH_P_IPV6);
}

int packet_read(struct packet_link *link, struct cn_pool *pool,
		struct cn_frame *frame)
{
	struct sockaddr_ll from = {.sll_family = AF_PACKET};
	socklen_t len = sizeof(from);
	struct cn_buf *buf;
	ssize_t n;

	n = recvfrom(link->fd, link->octets, PACKET_MAX, MSG_DONTWAIT,
		     (struct sockaddr *)&from, &len);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? CN_E_AGAIN :
							   CN_E_NETDOWN;
	if (n == 0 || !is_ip(&from))
		return CN_E_INVAL;
	buf = cn_buf_new(pool, (size_t)n);
	if (!buf)
		return CN_E_NOMEM;
	memcpy(buf->data, link->octets, (size_t)n);
	memset(frame, 0, offsetof(struct cn_frame, slice));
	frame->slice[0] = (struct cn_slice){buf, buf->data, (uint32_t)n};
	frame->slice_n = 1;
	frame->payload_len = (uint32_t)n;
	link->read_n++;
	return CN_OK;
}

static int write_failed(struct packet_link *link, int err)
{
	if (err == EAGAIN || err == EINTR)
		return CN_E_AGAIN;
	link->dropped_n++;
	if (err == ENOBUFS || err == ENOMEM)
		return CN_E_NOBUFS;
	return err == EMSGSIZE || err == EINVAL ? CN_E_INVAL : CN_E_NETDOWN;
}

int packet_write(struct packet_link *link, const struct cn_frame *frame)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = link->index,
		.sll_halen = CN_MAC_LEN,
	};
	uint32_t len = cn_frame_copy(frame, 0, link->octets, PACKET_MAX);

	if (!len || len < cn_frame_len(frame))
		return write_failed(link, EMSGSIZE);
	if (offload_is_partial(frame))
		offload_complete_octets(frame, link->octets, len);
	to.sll_protocol =
		htons(link->octets[0] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6);
	memcpy(to.sll_addr, link->mac, CN_MAC_LEN);
	if (sendto(link->fd, link->octets, len, MSG_DONTWAIT,
		   (const struct sockaddr *)&to, sizeof(to)) < 0)
		return write_failed(link, errno);
	link->written_n++;
	return CN_OK;
}
