/* SPDX-License-Identifier: MIT */
/*
 * Ethernet II (RFC 894, RFC 2464): the 14 octets before a packet.  IEEE 802.3
 * length fields, tags of virtual LANs and all types but those below are
 * refused.
 */
#ifndef WIRE_ETHER_H
#define WIRE_ETHER_H

#include <catenet/frame.h>

#define ETHER_HEADER_LEN 14

enum ether_type {
	ETHER_IP4 = 0x0800,
	ETHER_ARP = 0x0806,
	ETHER_IP6 = 0x86dd,
};

struct ether_hdr {
	uint8_t dst[CN_MAC_LEN], src[CN_MAC_LEN];
	uint16_t type; /* enum ether_type */
};

/* CN_DROP_ETHER_BAD: too short, or from a group address;
 * CN_DROP_ETHER_TYPE. */
enum cn_drop ether_parse(const uint8_t *p, size_t len, struct ether_hdr *ether)
	CN_MUST_CHECK;
/* Writes the 14 octets. */
void ether_emit(uint8_t *p, const struct ether_hdr *ether);

static inline bool ether_is_group(const uint8_t mac[CN_MAC_LEN])
{
	return mac[0] & 1;
}

/* A station's own: not a group's, and not nobody's. */
bool ether_is_station(const uint8_t mac[CN_MAC_LEN]);
bool ether_equal(const uint8_t a[CN_MAC_LEN], const uint8_t b[CN_MAC_LEN]);
/* RFC 4291 appendix A: the IPv6 address that the hardware's makes. */
struct cn_addr ether_link_local(const uint8_t mac[CN_MAC_LEN]);
/* RFC 1112 section 6.4 and RFC 2464 section 7: the address of a group. */
void ether_of_group(const struct cn_addr *group, uint8_t mac[CN_MAC_LEN]);

#endif
