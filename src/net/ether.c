/* SPDX-License-Identifier: MIT */
/*
 * Between packets and Ethernet frames (RFC 894, RFC 2464): whose is a frame
 * that came, and whither goes one that leaves.
 */
#include <string.h>

#include "base/assert.h"
#include "net/net.h"

static const uint8_t everybody[CN_MAC_LEN] = {255, 255, 255, 255, 255, 255};

int net_link_ether(struct net *net, int link, const uint8_t mac[CN_MAC_LEN],
		   uint64_t now)
{
	struct cn_addr own = ether_link_local(mac);
	int err;

	if (!ether_is_station(mac))
		return CN_E_INVAL;
	err = neigh_open(net, now);
	if (err)
		return err;
	net->routes.link[link].ether = true;
	memcpy(net->routes.link[link].mac, mac, CN_MAC_LEN);
	return net_addr_add(net, link, &own, 64);
}

/* ------------------------------------------------------------------- in -- */

/* The frame without its first octets; it borrows what it shows. */
static void strip(const struct cn_frame *frame, uint32_t n,
		  struct cn_frame *inner)
{
	uint32_t head = frame->header_len < n ? frame->header_len : n;

	memcpy(inner, frame, offsetof(struct cn_frame, slice));
	inner->slice_n = 0;
	memmove(inner->header, frame->header + head, frame->header_len - head);
	inner->header_len = (uint16_t)(frame->header_len - head);
	inner->csum_start =
		(uint16_t)(frame->csum_start > n ? frame->csum_start - n : 0);
	n -= head;
	inner->payload_len = frame->payload_len - n;
	for (unsigned i = 0; i < frame->slice_n; i++) {
		struct cn_slice slice = frame->slice[i];
		uint32_t step = n < slice.len ? n : slice.len;

		n -= step;
		slice.data += step;
		slice.len -= step;
		if (slice.len)
			inner->slice[inner->slice_n++] = slice;
	}
}

static void take_arp(struct net *net, int link, const struct cn_frame *frame,
		     uint64_t now)
{
	uint8_t octet[ARP_LEN];
	uint32_t len =
		cn_frame_copy(frame, ETHER_HEADER_LEN, octet, sizeof(octet));

	arp_input(net, link, octet, len, now);
}

/* RFC 894: the type says which version follows. */
static bool type_agrees(const struct cn_frame *frame, uint16_t type)
{
	uint8_t first = 0;

	cn_frame_copy(frame, ETHER_HEADER_LEN, &first, 1);
	return first >> 4 == (type == ETHER_IP4 ? 4 : 6);
}

bool ether_input(struct net *net, int link, const struct cn_frame *frame,
		 struct cn_frame *inner, bool *to_group, uint64_t now)
{
	uint8_t octet[ETHER_HEADER_LEN];
	uint32_t len = cn_frame_copy(frame, 0, octet, sizeof(octet));
	struct ether_hdr ether;
	enum cn_drop drop = ether_parse(octet, len, &ether);

	if (!drop && !ether_is_group(ether.dst) &&
	    !ether_equal(ether.dst, net->routes.link[link].mac))
		drop = CN_DROP_ETHER_OTHER;
	if (!drop && ether.type == ETHER_ARP) {
		take_arp(net, link, frame, now);
		return false;
	}
	if (!drop && !type_agrees(frame, ether.type))
		drop = CN_DROP_ETHER_TYPE;
	if (drop) {
		net_drop(net, drop);
		return false;
	}
	*to_group = ether_is_group(ether.dst);
	strip(frame, ETHER_HEADER_LEN, inner);
	return true;
}

/* ------------------------------------------------------------------ out -- */

void ether_put(const struct net *net, int link, struct cn_frame *frame,
	       const uint8_t mac[CN_MAC_LEN])
{
	struct ether_hdr ether = {
		.type = frame->header[0] >> 4 == 4 ? ETHER_IP4 : ETHER_IP6,
	};

	CN_ASSERT(frame->header_len + ETHER_HEADER_LEN <= CN_HEADER_MAX);
	memcpy(ether.dst, mac, CN_MAC_LEN);
	memcpy(ether.src, net->routes.link[link].mac, CN_MAC_LEN);
	memmove(frame->header + ETHER_HEADER_LEN, frame->header,
		frame->header_len);
	ether_emit(frame->header, &ether);
	frame->header_len = (uint16_t)(frame->header_len + ETHER_HEADER_LEN);
	if (frame->csum != CN_CSUM_NONE && frame->csum_start)
		frame->csum_start =
			(uint16_t)(frame->csum_start + ETHER_HEADER_LEN);
}

static struct cn_addr destination(const struct cn_frame *frame)
{
	const uint8_t *p = frame->header;
	struct cn_addr addr;

	if (p[0] >> 4 == 4)
		return cn_addr_v4(p[16], p[17], p[18], p[19]);
	memcpy(addr.octet, p + 24, sizeof(addr.octet));
	return addr;
}

bool net_ether_output(struct net *net, int link, struct cn_frame *frame,
		      uint64_t now)
{
	struct cn_addr dst, hop;
	uint8_t mac[CN_MAC_LEN];

	/* Everything that this host makes has its IP header there. */
	CN_ASSERT(frame->header_len >= IP4_HEADER_LEN);
	dst = destination(frame);
	if (cn_addr_is_multicast(&dst)) {
		ether_of_group(&dst, mac);
	} else if (net_is_broadcast(net, link, &dst)) {
		memcpy(mac, everybody, CN_MAC_LEN);
	} else {
		hop = net_next_hop(net, link, &dst);
		if (!neigh_resolve(net, link, &hop, frame, mac, now))
			return false;
	}
	ether_put(net, link, frame, mac);
	return true;
}

bool net_ether_ready(struct net *net, int link, struct cn_frame *frame)
{
	return arp_output(net, link, frame) ||
	       held_pop(net, &net->ready[link], frame);
}
