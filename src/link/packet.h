/* SPDX-License-Identifier: MIT */
/*
 * A packet socket on an Ethernet interface of Linux whose other end asks for
 * no neighbours (a veth without ARP): IP packets, the link's header is the
 * kernel's affair.
 */
#ifndef LINK_PACKET_H
#define LINK_PACKET_H

#include <catenet/frame.h>

struct packet_link {
	int fd; /* non-blocking */
	int index; /* of the interface */
	uint8_t mac[CN_MAC_LEN]; /* of the other end */
	uint8_t *octets; /* one packet */
	uint64_t read_n, written_n, dropped_n;
};

/* A descriptor bound to that interface of this network namespace, or
 * -errno. */
int packet_open(const char *interface, int *index) CN_MUST_CHECK;

/* The descriptor becomes the link's.  CN_OK or CN_E_NOMEM. */
int packet_init(struct packet_link *link, int fd, int index,
		const uint8_t mac[CN_MAC_LEN]) CN_MUST_CHECK;
void packet_close(struct packet_link *link);

/* As tun_read and tun_write; every frame is a single packet, and complete.
 * CN_E_INVAL: what came was no IP packet, and is gone. */
int packet_read(struct packet_link *link, struct cn_pool *pool,
		struct cn_frame *frame) CN_MUST_CHECK;
int packet_write(struct packet_link *link, const struct cn_frame *frame)
	CN_MUST_CHECK;

#endif
