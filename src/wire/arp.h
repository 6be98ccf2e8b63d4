/* SPDX-License-Identifier: MIT */
/* ARP (RFC 826) for IPv4 over Ethernet; nothing else is understood. */
#ifndef WIRE_ARP_H
#define WIRE_ARP_H

#include <catenet/frame.h>

#define ARP_LEN 28

enum arp_op { ARP_REQUEST = 1, ARP_REPLY = 2 };

struct arp_msg {
	uint8_t op; /* enum arp_op */
	uint8_t sender_mac[CN_MAC_LEN], target_mac[CN_MAC_LEN];
	struct cn_addr sender, target; /* IPv4; sender is any in a probe (RFC
					  5227) */
};

/* CN_DROP_ARP_BAD: too short, other hardware or protocol, no request or
 * reply, or a sender that is no station. */
enum cn_drop arp_parse(const uint8_t *p, size_t len, struct arp_msg *arp)
	CN_MUST_CHECK;
/* Writes ARP_LEN octets. */
void arp_emit(uint8_t *p, const struct arp_msg *arp);

#endif
