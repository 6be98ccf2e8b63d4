/* SPDX-License-Identifier: MIT */
/*
 * IPv4 (RFC 791, 1122) and IPv6 (RFC 8200) headers.  Every length is compared
 * once, against what is truly there, before anything behind it is read.
 *
 * Refused: source routes of either version, jumbograms (RFC 2675), more than
 * EXT_HEADERS_MAX extension headers.  IPsec headers are left for the protocol
 * that they name, so that the host answers "no such protocol".
 */
#include "wire/ip.h"

#include "base/assert.h"
#include "wire/checksum.h"
#include "wire/octets.h"

#define IP_LEN_MAX 65535u
#define EXT_HEADERS_MAX 8
#define EXT_LEN_MAX 512

enum {
	IP4_DF = 0x4000,
	IP4_MF = 0x2000,
	IP4_OFFSET = 0x1fff,
};

enum {
	OPT4_END = 0,
	OPT4_NOP = 1,
	OPT4_LSRR = 131,
	OPT4_SSRR = 137,
};

enum {
	EXT_HOP_BY_HOP = 0,
	EXT_ROUTING = 43,
	EXT_FRAGMENT = 44,
	EXT_DESTINATION = 60,
};

enum {
	OPT6_PAD1 = 0,
	OPT6_SKIP = 0, /* the two high bits of a kind unknown to us */
	OPT6_DISCARD = 1,
	OPT6_REPORT = 2,
	OPT6_REPORT_UNICAST = 3,
};

/* Codes of ICMPv6 Parameter Problem (RFC 4443 section 3.4). */
enum {
	PROBLEM_FIELD = 0,
	PROBLEM_NEXT_HEADER = 1,
	PROBLEM_OPTION = 2,
};

static enum cn_drop problem(struct ip_hdr *ip, enum cn_drop drop, size_t off,
			    uint8_t code)
{
	ip->problem_report = true;
	ip->problem_off = (uint16_t)off;
	ip->problem_code = code;
	return drop;
}

static void copy_addr(struct cn_addr *addr, const uint8_t *p)
{
	for (int i = 0; i < 16; i++)
		addr->octet[i] = p[i];
}

/*
 * Deviation: RFC 1122 section 3.2.1.8 lets a host act on source routes and
 * RFC 9293 MUST-51 has TCP remember them; like Linux we drop them in silence,
 * since all that they are used for is to evade filters.
 */
static enum cn_drop ip4_options(struct ip_hdr *ip, const uint8_t *p)
{
	size_t off = IP4_HEADER_LEN;

	while (off < ip->header_len && p[off] != OPT4_END) {
		size_t room = ip->header_len - off;

		if (p[off] == OPT4_NOP) {
			off++;
			continue;
		}
		if (p[off] == OPT4_LSRR || p[off] == OPT4_SSRR)
			return CN_DROP_IP_OPTION;
		if (room < 2 || p[off + 1] < 2 || p[off + 1] > room)
			return problem(ip, CN_DROP_IP_OPTION, off,
				       PROBLEM_FIELD);
		off += p[off + 1]; /* MUST-50: unknown, skipped */
	}
	return CN_DROP_NONE;
}

/*
 * A fragment that is not the last carries a multiple of 8 octets; none reaches
 * past the longest datagram ("ping of death") and none is empty.  IPv6 tells
 * the sender of the first two (RFC 8200 section 4.5).
 */
static enum cn_drop check_fragment(struct ip_hdr *ip)
{
	bool v6 = ip->version == 6;
	/* What stays before the data in the whole datagram and is counted. */
	uint32_t before = v6 ? ip->header_len - IP6_HEADER_LEN - 8u :
			       ip->header_len;

	if (!ip->is_fragment)
		return CN_DROP_NONE;
	if (ip->more && ip->payload_len % 8)
		return v6 ? problem(ip, CN_DROP_FRAG_BAD, 4, PROBLEM_FIELD) :
			    CN_DROP_FRAG_BAD;
	if (before + ip->frag_off + ip->payload_len > IP_LEN_MAX)
		return v6 ? problem(ip, CN_DROP_FRAG_BAD, ip->header_len - 6u,
				    PROBLEM_FIELD) :
			    CN_DROP_FRAG_BAD;
	return ip->payload_len > 0 ? CN_DROP_NONE : CN_DROP_FRAG_BAD;
}

static void ip4_fields(struct ip_hdr *ip, const uint8_t *p)
{
	unsigned frag = get16(p + 6);

	ip->src = cn_addr_v4(p[12], p[13], p[14], p[15]);
	ip->dst = cn_addr_v4(p[16], p[17], p[18], p[19]);
	ip->version = 4;
	ip->protocol = p[9];
	ip->ttl = p[8];
	ip->tos = p[1];
	ip->df = frag & IP4_DF;
	ip->more = frag & IP4_MF;
	ip->frag_off = (uint16_t)((frag & IP4_OFFSET) * 8);
	ip->is_fragment = ip->more || ip->frag_off > 0;
	ip->has_fragment = ip->is_fragment;
	ip->id = get16(p + 4);
	ip->header_len = (uint16_t)((p[0] & 15) * 4);
	ip->payload_len = get16(p + 2) - (uint32_t)ip->header_len;
	ip->next_header_off = 9;
}

static enum cn_drop ip4_parse(const uint8_t *p, size_t len, struct ip_hdr *ip)
{
	struct checksum sum = {0};
	enum cn_drop drop;
	size_t header_len, total_len;

	if (len < IP4_HEADER_LEN)
		return CN_DROP_IP_TRUNCATED;
	header_len = (size_t)(p[0] & 15) * 4;
	total_len = get16(p + 2);
	if (header_len < IP4_HEADER_LEN || total_len < header_len)
		return CN_DROP_IP_HEADER;
	if (total_len > len)
		return CN_DROP_IP_TRUNCATED;
	for (size_t off = 0; off < header_len; off += 4)
		checksum_add4(&sum, p + off);
	if (checksum_finish(&sum) != 0)
		return CN_DROP_IP_CHECKSUM;
	ip4_fields(ip, p);
	drop = ip4_options(ip, p);
	return drop ? drop : check_fragment(ip);
}

/* The options of a hop-by-hop or destination header, between off and end. */
static enum cn_drop ip6_options(struct ip_hdr *ip, const uint8_t *p, size_t off,
				size_t end)
{
	while (off < end) {
		unsigned act = p[off] >> 6;

		if (p[off] == OPT6_PAD1) {
			off++;
			continue;
		}
		if (end - off < 2 || p[off + 1] > end - off - 2)
			return CN_DROP_IP6_EXT;
		if (act == OPT6_DISCARD)
			return CN_DROP_IP6_EXT;
		if (act == OPT6_REPORT_UNICAST &&
		    cn_addr_is_multicast(&ip->dst))
			return CN_DROP_IP6_EXT;
		if (act != OPT6_SKIP)
			return problem(ip, CN_DROP_IP6_EXT, off,
				       PROBLEM_OPTION);
		off += 2 + (size_t)p[off + 1];
	}
	return CN_DROP_NONE;
}

/* One extension header of ext_len octets at off; all of it is there. */
static enum cn_drop ip6_extension(struct ip_hdr *ip, const uint8_t *p,
				  uint8_t kind, size_t off, size_t ext_len)
{
	if (kind == EXT_HOP_BY_HOP && off != IP6_HEADER_LEN)
		return problem(ip, CN_DROP_IP6_EXT, ip->next_header_off,
			       PROBLEM_NEXT_HEADER);
	if (kind == EXT_HOP_BY_HOP || kind == EXT_DESTINATION)
		return ip6_options(ip, p, off + 2, off + ext_len);
	/* RFC 8200 section 4.4: of a type unknown to us (RFC 5095 makes type 0
	 * one) with hops still to go.  At its end it is passed over. */
	if (kind == EXT_ROUTING && p[off + 3] != 0)
		return problem(ip, CN_DROP_IP6_EXT, off + 2, PROBLEM_FIELD);
	if (kind == EXT_FRAGMENT) {
		unsigned field = get16(p + off + 2);

		ip->has_fragment = true;
		ip->more = field & 1;
		ip->frag_off = field & 0xfff8;
		ip->is_fragment = ip->more || ip->frag_off > 0;
		ip->id = get32(p + off + 4);
	}
	return CN_DROP_NONE;
}

static bool is_extension(uint8_t kind)
{
	return kind == EXT_HOP_BY_HOP || kind == EXT_ROUTING ||
	       kind == EXT_FRAGMENT || kind == EXT_DESTINATION;
}

/*
 * Walks the chain in the total_len octets at p, up to the upper layer or the
 * first true fragment header, whichever comes first.
 */
static enum cn_drop ip6_chain(struct ip_hdr *ip, const uint8_t *p,
			      size_t total_len)
{
	size_t off = IP6_HEADER_LEN;
	uint8_t kind = p[6];
	bool seen_fragment = false;
	unsigned n = 0;

	ip->next_header_off = 6;
	while (is_extension(kind) && !ip->is_fragment) {
		size_t ext_len;
		enum cn_drop drop;

		if (++n > EXT_HEADERS_MAX || total_len - off < 8)
			return CN_DROP_IP6_EXT;
		ext_len = 8;
		if (kind != EXT_FRAGMENT)
			ext_len += (size_t)p[off + 1] * 8;
		else if (seen_fragment)
			return CN_DROP_IP6_EXT;
		seen_fragment |= kind == EXT_FRAGMENT;
		if (ext_len > total_len - off ||
		    off + ext_len > IP6_HEADER_LEN + EXT_LEN_MAX)
			return CN_DROP_IP6_EXT;
		drop = ip6_extension(ip, p, kind, off, ext_len);
		if (drop)
			return drop;
		kind = p[off];
		if (!ip->is_fragment)
			ip->next_header_off = (uint16_t)off;
		off += ext_len;
	}
	ip->protocol = kind;
	ip->header_len = (uint16_t)off;
	ip->payload_len = (uint32_t)(total_len - off);
	return CN_DROP_NONE;
}

static void ip6_fields(struct ip_hdr *ip, const uint8_t *p)
{
	copy_addr(&ip->src, p + 8);
	copy_addr(&ip->dst, p + 24);
	ip->version = 6;
	ip->ttl = p[7];
	ip->tos = (uint8_t)(p[0] << 4 | p[1] >> 4);
	ip->df = true;
	ip->more = false;
	ip->is_fragment = false;
	ip->has_fragment = false;
	ip->frag_off = 0;
	ip->id = 0;
}

static enum cn_drop ip6_parse(const uint8_t *p, size_t len, struct ip_hdr *ip)
{
	enum cn_drop drop;
	size_t total_len;

	if (len < IP6_HEADER_LEN)
		return CN_DROP_IP_TRUNCATED;
	total_len = IP6_HEADER_LEN + (size_t)get16(p + 4);
	if (total_len > len)
		return CN_DROP_IP_TRUNCATED;
	ip6_fields(ip, p);
	/* Above, a mapped address means IPv4: none may come in as IPv6. */
	if (cn_addr_is_v4(&ip->src))
		return CN_DROP_IP_SOURCE;
	if (cn_addr_is_v4(&ip->dst))
		return CN_DROP_IP_NOT_OURS;
	drop = ip6_chain(ip, p, total_len);
	return drop ? drop : check_fragment(ip);
}

enum cn_drop ip_parse(const uint8_t *p, size_t len, struct ip_hdr *ip)
{
	ip->problem_report = false;
	ip->problem_off = 0;
	ip->problem_code = 0;
	if (len == 0)
		return CN_DROP_IP_TRUNCATED;
	if (p[0] >> 4 == 4)
		return ip4_parse(p, len, ip);
	if (p[0] >> 4 == 6)
		return ip6_parse(p, len, ip);
	return CN_DROP_IP_VERSION;
}

bool ip_parse_quoted(const uint8_t *p, size_t len, struct ip_hdr *ip)
{
	size_t total_len;

	ip->problem_report = false;
	ip->problem_off = 0;
	ip->problem_code = 0;
	if (len >= IP4_HEADER_LEN && p[0] >> 4 == 4) {
		ip4_fields(ip, p);
		return ip->header_len >= IP4_HEADER_LEN &&
		       ip->header_len <= len && ip->header_len <= get16(p + 2);
	}
	if (len < IP6_HEADER_LEN || p[0] >> 4 != 6)
		return false;
	ip6_fields(ip, p);
	total_len = IP6_HEADER_LEN + (size_t)get16(p + 4);
	if (cn_addr_is_v4(&ip->src) || cn_addr_is_v4(&ip->dst) ||
	    ip6_chain(ip, p, total_len < len ? total_len : len))
		return false;
	ip->payload_len = (uint32_t)(total_len - ip->header_len);
	return true;
}

static uint16_t saturate16(uint32_t len)
{
	return (uint16_t)(len > IP_LEN_MAX ? IP_LEN_MAX : len);
}

static size_t ip4_emit(uint8_t *p, const struct ip_hdr *ip)
{
	struct checksum sum = {0};

	p[0] = 0x45;
	p[1] = ip->tos;
	put16(p + 2, saturate16(IP4_HEADER_LEN + ip->payload_len));
	put16(p + 4, (uint16_t)ip->id);
	put16(p + 6, (uint16_t)((ip->df ? IP4_DF : 0) |
				(ip->more ? IP4_MF : 0) | ip->frag_off / 8));
	p[8] = ip->ttl;
	p[9] = ip->protocol;
	put16(p + 10, 0);
	for (int i = 0; i < 4; i++) {
		p[12 + i] = ip->src.octet[12 + i];
		p[16 + i] = ip->dst.octet[12 + i];
	}
	for (size_t off = 0; off < IP4_HEADER_LEN; off += 4)
		checksum_add4(&sum, p + off);
	put16(p + 10, checksum_finish(&sum));
	return IP4_HEADER_LEN;
}

static size_t ip6_emit(uint8_t *p, const struct ip_hdr *ip)
{
	size_t ext_len = ip->is_fragment ? 8 : 0;

	put32(p, UINT32_C(6) << 28 | (uint32_t)ip->tos << 20);
	put16(p + 4, saturate16((uint32_t)ext_len + ip->payload_len));
	p[6] = ip->is_fragment ? EXT_FRAGMENT : ip->protocol;
	p[7] = ip->ttl;
	for (int i = 0; i < 16; i++) {
		p[8 + i] = ip->src.octet[i];
		p[24 + i] = ip->dst.octet[i];
	}
	if (ip->is_fragment) {
		p[40] = ip->protocol;
		p[41] = 0;
		put16(p + 42, (uint16_t)(ip->frag_off | ip->more));
		put32(p + 44, ip->id);
	}
	return IP6_HEADER_LEN + ext_len;
}

size_t ip_emit(uint8_t *p, const struct ip_hdr *ip)
{
	CN_ASSERT(ip->frag_off % 8 == 0);
	CN_ASSERT(cn_addr_is_v4(&ip->src) == cn_addr_is_v4(&ip->dst));
	return cn_addr_is_v4(&ip->src) ? ip4_emit(p, ip) : ip6_emit(p, ip);
}
