/* SPDX-License-Identifier: MIT */
/*
 * Neighbour discovery (RFC 4861 section 4): solicitations and advertisements
 * of neighbours and routers, within ICMPv6 messages that wire/icmp.h has
 * parsed.
 */
#ifndef WIRE_ND_H
#define WIRE_ND_H

#include "wire/icmp.h"

enum nd_type {
	ND_ROUTER_SOLICIT = 133,
	ND_ROUTER_ADVERT = 134,
	ND_NEIGHBOUR_SOLICIT = 135,
	ND_NEIGHBOUR_ADVERT = 136,
};

#define ND_HOP_LIMIT 255 /* nobody beyond the link can have sent it */
#define ND_PREFIXES 8
/* Target, and one option of a link-layer address. */
#define ND_BODY_MAX 24

struct nd_prefix {
	struct cn_addr prefix;
	uint8_t bits;
	bool on_link, autonomous;
	uint32_t valid_s, preferred_s;
};

struct nd_msg {
	uint8_t type; /* enum nd_type */
	bool router, solicited, override; /* NEIGHBOUR_ADVERT */
	bool has_mac; /* source's, or target's in an advertisement */
	uint8_t mac[CN_MAC_LEN];
	struct cn_addr target; /* NEIGHBOUR_* */
	/* ROUTER_ADVERT; 0 where the router does not say */
	uint8_t hop_limit;
	uint16_t lifetime_s;
	uint32_t reachable_ms, retrans_ms, mtu;
	uint8_t prefix_n; /* further ones are not read */
	struct nd_prefix prefix[ND_PREFIXES];
};

static inline bool nd_is_type(uint8_t type)
{
	return type >= ND_ROUTER_SOLICIT && type <= ND_NEIGHBOUR_ADVERT;
}

/* Every test of RFC 4861 sections 6.1 and 7.1 that needs no state; else
 * CN_DROP_ND_BAD. */
enum cn_drop nd_parse(const struct ip_hdr *ip, const struct icmp_msg *icmp,
		      struct nd_msg *nd) CN_MUST_CHECK;
/*
 * Type, second word and body of a solicitation (of a neighbour, or a router)
 * or of an advertisement of a neighbour: *icmp is for icmp_emit, and body, of
 * ND_BODY_MAX octets, is what it points to.
 */
void nd_emit(const struct nd_msg *nd, struct icmp_msg *icmp, uint8_t *body);

#endif
