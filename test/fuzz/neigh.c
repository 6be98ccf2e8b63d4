/* SPDX-License-Identifier: MIT */
/*
 * Ethernet, ARP and neighbour discovery, first each parser on the input as it
 * is, then the input as frames to one struct net: the first octet of each says
 * how long it is and how much time passes.  Holds: what a parser takes comes
 * back from its emitter; every address that frames go to is one that answered
 * or asked; memory stays bounded and is given back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net_host.h"
#include "wire/checksum.h"
#include "wire/octets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const uint8_t own[CN_MAC_LEN] = {2, 0, 0, 0, 0, 1};

static void parse_arp(const uint8_t *data, size_t len)
{
	struct arp_msg arp, again;
	uint8_t octet[ARP_LEN];

	if (arp_parse(data, len, &arp))
		return;
	MUST(len >= ARP_LEN);
	arp_emit(octet, &arp);
	MUST(!memcmp(octet, data, ARP_LEN));
	MUST(arp_parse(octet, ARP_LEN, &again) == CN_DROP_NONE);
}

static void parse_nd(const uint8_t *data, size_t len)
{
	struct ip_hdr ip = {.version = 6, .ttl = ND_HOP_LIMIT};
	struct icmp_msg icmp = {.version = 6}, out;
	uint8_t body[ND_BODY_MAX];
	struct nd_msg nd, again;

	if (len < 8)
		return;
	ip.src = address("fe80::1");
	ip.dst = address(data[0] & 1 ? "ff02::1" : "fe80::2");
	icmp.type = (uint8_t)(ND_ROUTER_SOLICIT + data[1] % 4);
	icmp.pointer = get32(data + 2);
	icmp.body = data + 8;
	icmp.body_len = (uint32_t)(len - 8);
	if (nd_parse(&ip, &icmp, &nd))
		return;
	MUST(nd.prefix_n <= ND_PREFIXES);
	MUST(!nd.has_mac || ether_is_station(nd.mac));
	if (nd.type == ND_ROUTER_ADVERT)
		return;
	nd_emit(&nd, &out, body);
	MUST(out.body_len <= ND_BODY_MAX);
	MUST(nd_parse(&ip, &out, &again) == CN_DROP_NONE);
	MUST(again.has_mac == nd.has_mac);
	MUST(cn_addr_equal(&again.target, &nd.target));
	MUST(again.solicited == nd.solicited && again.override == nd.override);
}

static void parse_ether(const uint8_t *data, size_t len)
{
	struct ether_hdr ether;
	uint8_t octet[ETHER_HEADER_LEN];

	if (ether_parse(data, len, &ether))
		return;
	ether_emit(octet, &ether);
	MUST(!memcmp(octet, data, ETHER_HEADER_LEN));
}

/* ------------------------------------------------------------- a station -- */

/* The ICMPv6 checksum is made right, so that messages are read. */
static void mend(uint8_t *p, uint32_t len)
{
	uint8_t *ip = p + ETHER_HEADER_LEN, *icmp = ip + IP6_HEADER_LEN;
	struct cn_addr src, dst;
	struct checksum sum = {0};
	uint32_t n;

	if (len < ETHER_HEADER_LEN + IP6_HEADER_LEN + 8 ||
	    get16(p + 12) != ETHER_IP6)
		return;
	n = len - ETHER_HEADER_LEN - IP6_HEADER_LEN;
	ip[0] = 0x60;
	put16(ip + 4, (uint16_t)n);
	ip[6] = IP_ICMP6;
	memcpy(src.octet, ip + 8, 16);
	memcpy(dst.octet, ip + 24, 16);
	put16(icmp + 2, 0);
	checksum_add_pseudo(&sum, &src, &dst, IP_ICMP6, n);
	checksum_add(&sum, icmp, n);
	put16(icmp + 2, checksum_finish(&sum));
}

static void take_in(struct net_host *h, const uint8_t *data, uint32_t len)
{
	struct net_packet packet;
	struct cn_frame frame;
	uint8_t *copy = malloc(len ? len : 1);

	MUST(copy);
	memcpy(copy, data, len);
	/* Usually for us, since it would be boring otherwise. */
	if (len >= CN_MAC_LEN && !(copy[0] & 1))
		memcpy(copy, own, CN_MAC_LEN);
	mend(copy, len);
	memset(&frame, 0, sizeof(frame));
	frame.slice_n = 1;
	frame.slice[0].data = copy;
	frame.slice[0].len = len;
	frame.payload_len = len;
	if (net_input(&h->net, 0, &frame, &packet, h->now) != NET_DONE)
		net_packet_done(&packet);
	free(copy);
}

/* Something for a neighbour whose address is perhaps not known. */
static void send_out(struct net_host *h, uint8_t whom)
{
	struct ip_hdr ip = {.protocol = IP_UDP, .ttl = 64, .payload_len = 8};
	struct cn_frame frame;

	memset(&frame, 0, sizeof(frame));
	ip.src = address(whom & 1 ? "2001:db8::1" : "192.0.2.1");
	ip.dst = address(whom & 1 ? "2001:db8::2" : "192.0.2.2");
	ip.dst.octet[15] = (uint8_t)(2 + (whom >> 1) % 16);
	frame.header_len = (uint16_t)(ip_emit(frame.header, &ip) + 8);
	if (net_ether_output(&h->net, 0, &frame, h->now)) {
		MUST(frame.header_len >= ETHER_HEADER_LEN + 28);
		cn_frame_release(&frame);
	}
}

static void drain(struct net_host *h)
{
	struct cn_frame frame;

	for (;;) {
		if (!net_ether_ready(&h->net, 0, &frame)) {
			if (!net_output(&h->net, 0, &frame))
				return;
			if (!net_ether_output(&h->net, 0, &frame, h->now))
				continue;
		}
		MUST(frame.header_len >= ETHER_HEADER_LEN);
		MUST(!memcmp(frame.header + CN_MAC_LEN, own, CN_MAC_LEN));
		cn_frame_release(&frame);
	}
}

static void live(const uint8_t *data, size_t len)
{
	struct net_host h;

	host_open(&h);
	h.set.neigh_max = 8;
	h.set.neigh_probes = 3;
	h.set.neigh_retrans_ns = CN_NS_PER_SEC;
	h.set.neigh_reachable_ns = 30 * CN_NS_PER_SEC;
	h.set.neigh_delay_ns = 5 * CN_NS_PER_SEC;
	h.set.dad_probes = 1;
	MUST(net_link_ether(&h.net, 0, own, h.now) == CN_OK);
	while (len > 0) {
		uint32_t n = *data++;

		len--;
		n = n < len ? n : (uint32_t)len;
		take_in(&h, data, n);
		send_out(&h, n ? data[0] : 0);
		h.now += n * (CN_NS_PER_SEC / 16);
		net_advance(&h.net, h.now);
		drain(&h);
		MUST(h.net.neigh->n <= 8);
		data += n;
		len -= n;
	}
	host_close(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	parse_ether(data, len);
	parse_arp(data, len);
	parse_nd(data, len);
	live(data, len);
	return 0;
}
