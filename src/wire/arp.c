/* SPDX-License-Identifier: MIT */
/* ARP (RFC 826): ar$hrd 1, ar$pro 0x0800, ar$hln 6, ar$pln 4. */
#include "wire/arp.h"

#include <string.h>

#include "wire/ether.h"
#include "wire/octets.h"

#define HARDWARE_ETHERNET 1
#define ADDR_LEN 4

static struct cn_addr get_addr(const uint8_t *p)
{
	return cn_addr_v4(p[0], p[1], p[2], p[3]);
}

enum cn_drop arp_parse(const uint8_t *p, size_t len, struct arp_msg *arp)
{
	if (len < ARP_LEN || get16(p) != HARDWARE_ETHERNET ||
	    get16(p + 2) != ETHER_IP4 || p[4] != CN_MAC_LEN || p[5] != ADDR_LEN)
		return CN_DROP_ARP_BAD;
	if (get16(p + 6) != ARP_REQUEST && get16(p + 6) != ARP_REPLY)
		return CN_DROP_ARP_BAD;
	arp->op = p[7];
	memcpy(arp->sender_mac, p + 8, CN_MAC_LEN);
	arp->sender = get_addr(p + 14);
	memcpy(arp->target_mac, p + 18, CN_MAC_LEN);
	arp->target = get_addr(p + 24);
	return ether_is_station(arp->sender_mac) ? CN_DROP_NONE :
						   CN_DROP_ARP_BAD;
}

void arp_emit(uint8_t *p, const struct arp_msg *arp)
{
	put16(p, HARDWARE_ETHERNET);
	put16(p + 2, ETHER_IP4);
	p[4] = CN_MAC_LEN;
	p[5] = ADDR_LEN;
	put16(p + 6, arp->op);
	memcpy(p + 8, arp->sender_mac, CN_MAC_LEN);
	memcpy(p + 14, arp->sender.octet + 12, ADDR_LEN);
	memcpy(p + 18, arp->target_mac, CN_MAC_LEN);
	memcpy(p + 24, arp->target.octet + 12, ADDR_LEN);
}
