/* SPDX-License-Identifier: MIT */
/* Neighbour discovery (RFC 4861 section 4, RFC 6980): octets to structs and
 * back. */
#include "wire/nd.h"

#include <string.h>

#include "wire/ether.h"
#include "wire/octets.h"

enum {
	OPT_SOURCE_MAC = 1,
	OPT_TARGET_MAC = 2,
	OPT_PREFIX = 3,
	OPT_MTU = 5,
};

#define FLAG_ROUTER UINT32_C(0x80000000)
#define FLAG_SOLICITED UINT32_C(0x40000000)
#define FLAG_OVERRIDE UINT32_C(0x20000000)
#define PREFIX_ON_LINK 0x80
#define PREFIX_AUTONOMOUS 0x40

static bool is_link_local(const struct cn_addr *addr)
{
	return addr->octet[0] == 0xfe && (addr->octet[1] & 0xc0) == 0x80;
}

static void read_prefix(const uint8_t *p, struct nd_msg *nd)
{
	struct nd_prefix *prefix = &nd->prefix[nd->prefix_n];

	if (nd->prefix_n == ND_PREFIXES || p[2] > 128)
		return;
	prefix->bits = p[2];
	prefix->on_link = p[3] & PREFIX_ON_LINK;
	prefix->autonomous = p[3] & PREFIX_AUTONOMOUS;
	prefix->valid_s = get32(p + 4);
	prefix->preferred_s = get32(p + 8);
	memcpy(prefix->prefix.octet, p + 16, 16);
	nd->prefix_n++;
}

static void read_option(const uint8_t *p, uint32_t len, struct nd_msg *nd)
{
	uint8_t mac = nd->type == ND_NEIGHBOUR_ADVERT ? OPT_TARGET_MAC :
							OPT_SOURCE_MAC;

	if (p[0] == mac && len == 8) {
		memcpy(nd->mac, p + 2, CN_MAC_LEN);
		nd->has_mac = ether_is_station(nd->mac);
	} else if (nd->type != ND_ROUTER_ADVERT) {
		return;
	} else if (p[0] == OPT_PREFIX && len == 32) {
		read_prefix(p, nd);
	} else if (p[0] == OPT_MTU && len == 8) {
		nd->mtu = get32(p + 4);
	}
}

/* "All included options have a length that is greater than zero."  Those that
 * are not known are passed over. */
static bool read_options(const uint8_t *p, uint32_t len, struct nd_msg *nd)
{
	while (len > 0) {
		uint32_t n;

		if (len < 8)
			return false;
		n = p[1] * 8u;
		if (n == 0 || n > len)
			return false;
		read_option(p, n, nd);
		p += n;
		len -= n;
	}
	return true;
}

static bool read_neighbour(const struct ip_hdr *ip, const struct icmp_msg *icmp,
			   struct nd_msg *nd)
{
	if (icmp->body_len < 16)
		return false;
	memcpy(nd->target.octet, icmp->body, 16);
	if (cn_addr_is_multicast(&nd->target) ||
	    !read_options(icmp->body + 16, icmp->body_len - 16, nd))
		return false;
	if (nd->type == ND_NEIGHBOUR_SOLICIT) {
		/* Detection of duplicates: to the solicited-node group, and
		 * without a name. */
		return !cn_addr_is_any(&ip->src) ||
		       (!nd->has_mac && cn_addr_is_multicast(&ip->dst));
	}
	nd->router = icmp->pointer & FLAG_ROUTER;
	nd->solicited = icmp->pointer & FLAG_SOLICITED;
	nd->override = icmp->pointer & FLAG_OVERRIDE;
	return !cn_addr_is_any(&ip->src) &&
	       !(nd->solicited && cn_addr_is_multicast(&ip->dst));
}

static bool read_router(const struct ip_hdr *ip, const struct icmp_msg *icmp,
			struct nd_msg *nd)
{
	if (nd->type == ND_ROUTER_SOLICIT)
		return read_options(icmp->body, icmp->body_len, nd) &&
		       !(nd->has_mac && cn_addr_is_any(&ip->src));
	if (icmp->body_len < 8 || !is_link_local(&ip->src))
		return false;
	nd->hop_limit = (uint8_t)(icmp->pointer >> 24);
	nd->lifetime_s = (uint16_t)icmp->pointer;
	nd->reachable_ms = get32(icmp->body);
	nd->retrans_ms = get32(icmp->body + 4);
	return read_options(icmp->body + 8, icmp->body_len - 8, nd);
}

enum cn_drop nd_parse(const struct ip_hdr *ip, const struct icmp_msg *icmp,
		      struct nd_msg *nd)
{
	bool good;

	memset(nd, 0, sizeof(*nd));
	nd->type = icmp->type;
	/* RFC 6980 section 5: none of it is believed in fragments. */
	if (ip->ttl != ND_HOP_LIMIT || icmp->code != 0 || icmp->version != 6 ||
	    ip->has_fragment)
		return CN_DROP_ND_BAD;
	if (icmp->type == ND_NEIGHBOUR_SOLICIT ||
	    icmp->type == ND_NEIGHBOUR_ADVERT)
		good = read_neighbour(ip, icmp, nd);
	else
		good = nd_is_type(icmp->type) && read_router(ip, icmp, nd);
	return good ? CN_DROP_NONE : CN_DROP_ND_BAD;
}

void nd_emit(const struct nd_msg *nd, struct icmp_msg *icmp, uint8_t *body)
{
	uint32_t len = 0;

	memset(icmp, 0, sizeof(*icmp));
	icmp->type = nd->type;
	icmp->kind = ICMP_OTHER;
	icmp->version = 6;
	if (nd->type == ND_NEIGHBOUR_ADVERT)
		icmp->pointer = (nd->router ? FLAG_ROUTER : 0) |
				(nd->solicited ? FLAG_SOLICITED : 0) |
				(nd->override ? FLAG_OVERRIDE : 0);
	if (nd->type != ND_ROUTER_SOLICIT) {
		memcpy(body, nd->target.octet, 16);
		len = 16;
	}
	if (nd->has_mac) {
		body[len] = nd->type == ND_NEIGHBOUR_ADVERT ? OPT_TARGET_MAC :
							      OPT_SOURCE_MAC;
		body[len + 1] = 1;
		memcpy(body + len + 2, nd->mac, CN_MAC_LEN);
		len += 8;
	}
	icmp->body = body;
	icmp->body_len = len;
}
