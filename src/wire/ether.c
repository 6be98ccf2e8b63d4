/* SPDX-License-Identifier: MIT */
/* Ethernet II (RFC 894, RFC 2464). */
#include "wire/ether.h"

#include <string.h>

#include "wire/octets.h"

enum cn_drop ether_parse(const uint8_t *p, size_t len, struct ether_hdr *ether)
{
	if (len < ETHER_HEADER_LEN)
		return CN_DROP_ETHER_BAD;
	memcpy(ether->dst, p, CN_MAC_LEN);
	memcpy(ether->src, p + CN_MAC_LEN, CN_MAC_LEN);
	ether->type = get16(p + 2 * CN_MAC_LEN);
	if (ether_is_group(ether->src))
		return CN_DROP_ETHER_BAD;
	if (ether->type != ETHER_IP4 && ether->type != ETHER_IP6 &&
	    ether->type != ETHER_ARP)
		return CN_DROP_ETHER_TYPE;
	return CN_DROP_NONE;
}

void ether_emit(uint8_t *p, const struct ether_hdr *ether)
{
	memcpy(p, ether->dst, CN_MAC_LEN);
	memcpy(p + CN_MAC_LEN, ether->src, CN_MAC_LEN);
	put16(p + 2 * CN_MAC_LEN, ether->type);
}

bool ether_equal(const uint8_t a[CN_MAC_LEN], const uint8_t b[CN_MAC_LEN])
{
	return memcmp(a, b, CN_MAC_LEN) == 0;
}

bool ether_is_station(const uint8_t mac[CN_MAC_LEN])
{
	static const uint8_t nobody[CN_MAC_LEN];

	return !ether_is_group(mac) && !ether_equal(mac, nobody);
}

void ether_of_group(const struct cn_addr *group, uint8_t mac[CN_MAC_LEN])
{
	if (cn_addr_is_v4(group)) {
		mac[0] = 0x01;
		mac[1] = 0x00;
		mac[2] = 0x5e;
		mac[3] = group->octet[13] & 0x7f;
		mac[4] = group->octet[14];
		mac[5] = group->octet[15];
		return;
	}
	mac[0] = 0x33;
	mac[1] = 0x33;
	memcpy(mac + 2, group->octet + 12, 4);
}

struct cn_addr ether_link_local(const uint8_t mac[CN_MAC_LEN])
{
	struct cn_addr addr = {.octet = {0xfe, 0x80}};

	memcpy(addr.octet + 8, mac, 3);
	addr.octet[8] ^= 2;
	addr.octet[11] = 0xff;
	addr.octet[12] = 0xfe;
	memcpy(addr.octet + 13, mac + 3, 3);
	return addr;
}
