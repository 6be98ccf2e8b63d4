/* SPDX-License-Identifier: MIT */
/* A pair of hosts on one Ethernet, and frames that a test makes itself. */
#ifndef SPEC_ETHER_H
#define SPEC_ETHER_H

#include "udp.h"
#include "wire/arp.h"
#include "wire/ether.h"
#include "wire/nd.h"

static inline void mac_of(int host, uint8_t mac[CN_MAC_LEN])
{
	static const uint8_t base[CN_MAC_LEN] = {2, 0, 0, 0, 0, 1};

	memcpy(mac, base, CN_MAC_LEN);
	mac[5] = (uint8_t)(1 + host);
}

static inline void ether_host(struct pair *pair, int host,
			      const struct cn_settings *settings)
{
	struct cn_link_config config = {
		.name = "eth",
		.mtu = 1500,
		.ethernet = true,
	};
	struct cn_addr a4 = pair_addr4(host), a6 = pair_addr6(host);
	int link;

	mac_of(host, config.mac);
	assert_int_equal(cn_host_new(settings, pair->now, &pair->host[host]),
			 0);
	assert_int_equal(cn_host_link_add(pair->host[host], &config, &link), 0);
	assert_int_equal(cn_host_addr_add(pair->host[host], 0, &a4, 24), 0);
	assert_int_equal(cn_host_addr_add(pair->host[host], 0, &a6, 64), 0);
}

/* Their IPv6 addresses are tried, and ready when settle is true. */
static inline void ether_init(struct pair *pair,
			      void (*change)(struct cn_settings *, int host),
			      bool settle)
{
	struct cn_settings settings;

	memset(pair, 0, sizeof(*pair));
	pair->now = 1000 * S;
	pair->pool = cn_pool_new(&heap_memory);
	for (int i = 0; i < 2; i++) {
		pair_settings(pair, &settings, i);
		if (change)
			change(&settings, i);
		ether_host(pair, i, &settings);
	}
	if (settle)
		pair_after(pair, 3 * S);
}

static inline uint64_t counted(const struct pair *pair, int host, size_t offset)
{
	const uint8_t *at = (const uint8_t *)cn_host_counters(pair->host[host]);
	uint64_t value;

	memcpy(&value, at + offset, sizeof(value));
	return value;
}

#define COUNTED(pair, host, name)                                              \
	counted(pair, host, offsetof(struct cn_counters, name))

/* A frame from a station to host 0. */
static inline void put_frame(struct pair *pair, const uint8_t *src,
			     const uint8_t *dst, uint16_t type,
			     const uint8_t *body, uint32_t len)
{
	struct ether_hdr ether = {.type = type};
	struct cn_frame frame;

	memset(&frame, 0, sizeof(frame));
	memcpy(ether.src, src, CN_MAC_LEN);
	memcpy(ether.dst, dst, CN_MAC_LEN);
	ether_emit(frame.header, &ether);
	memcpy(frame.header + ETHER_HEADER_LEN, body, len);
	frame.header_len = (uint16_t)(ETHER_HEADER_LEN + len);
	cn_host_input(pair->host[0], 0, &frame, pair->now);
}

static inline void put_arp(struct pair *pair, const struct arp_msg *arp)
{
	static const uint8_t all[CN_MAC_LEN] = {255, 255, 255, 255, 255, 255};
	uint8_t octet[ARP_LEN];

	arp_emit(octet, arp);
	put_frame(pair, arp->sender_mac, all, ETHER_ARP, octet, ARP_LEN);
}

static inline void put_nd(struct pair *pair, const uint8_t *mac,
			  const struct cn_addr *src, const struct cn_addr *dst,
			  const struct nd_msg *nd, uint8_t hop_limit)
{
	struct ip_hdr ip = {
		.src = *src,
		.dst = *dst,
		.version = 6,
		.protocol = IP_ICMP6,
		.ttl = hop_limit,
	};
	uint8_t octet[128], body[ND_BODY_MAX], to[CN_MAC_LEN];
	struct icmp_msg icmp;
	size_t n;

	nd_emit(nd, &icmp, body);
	ip.payload_len = 8 + icmp.body_len;
	n = ip_emit(octet, &ip);
	n += icmp_emit(octet + n, &ip, &icmp);
	if (cn_addr_is_multicast(dst))
		ether_of_group(dst, to);
	else
		mac_of(0, to);
	put_frame(pair, mac, to, ETHER_IP6, octet, (uint32_t)n);
}

/* The next frame of host 0; its length, 0 when there is none. */
static inline uint32_t take_frame(struct pair *pair, struct ether_hdr *ether,
				  uint8_t octet[2048])
{
	struct cn_frame frame;
	uint32_t len;

	if (!cn_host_output(pair->host[0], 0, &frame, pair->now))
		return 0;
	len = cn_frame_copy(&frame, 0, octet, 2048);
	cn_frame_release(&frame);
	assert_int_equal(ether_parse(octet, len, ether), 0);
	return len;
}

/* The next frame of host 0 is an ARP message. */
static inline void expect_arp(struct pair *pair, struct ether_hdr *ether,
			      struct arp_msg *arp)
{
	uint8_t octet[2048];
	uint32_t len = take_frame(pair, ether, octet);

	assert_int_not_equal(len, 0);
	assert_int_equal(ether->type, ETHER_ARP);
	assert_int_equal(arp_parse(octet + ETHER_HEADER_LEN,
				   len - ETHER_HEADER_LEN, arp),
			 0);
}

static inline void expect_no_frame(struct pair *pair)
{
	struct ether_hdr ether;
	uint8_t octet[2048];

	assert_int_equal(take_frame(pair, &ether, octet), 0);
}

/* Time passes for host 0 alone, and nobody takes its frames. */
static inline void alone_until_deadline(struct pair *pair)
{
	uint64_t at = cn_host_deadline(pair->host[0]);

	assert_true(at != CN_NEVER);
	if (at > pair->now)
		pair->now = at;
	cn_host_advance(pair->host[0], pair->now);
}

#endif
