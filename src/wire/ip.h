/* SPDX-License-Identifier: MIT */
/*
 * IPv4 (RFC 791) and IPv6 (RFC 8200) headers: octets to validated structs and
 * back.  Nothing above this file checks a length again.
 */
#ifndef WIRE_IP_H
#define WIRE_IP_H

#include <catenet/frame.h>

enum ip_protocol {
	IP_ICMP = 1,
	IP_TCP = 6,
	IP_UDP = 17,
	IP_ICMP6 = 58,
	IP_NONE = 59,
};

#define IP4_HEADER_LEN 20
#define IP6_HEADER_LEN 40

struct ip_hdr {
	struct cn_addr src, dst;
	uint8_t version; /* 4 or 6 */
	uint8_t protocol; /* after IPv6 extension headers */
	uint8_t ttl;
	uint8_t tos; /* DSCP and ECN */
	bool df; /* IPv4; true for IPv6 */
	bool more; /* more fragments follow */
	bool is_fragment; /* more, or frag_off > 0 (an IPv6 atomic fragment,
			     RFC 6946, is not one) */
	bool has_fragment; /* a fragment header, IPv6's atomic one included */
	uint16_t frag_off; /* octets */
	uint32_t id;
	uint16_t header_len; /* to the upper layer, extensions included */
	uint32_t payload_len; /* upper layer, trimmed to the IP length */
	/* IPv6: offset of the octet that names the header after the
	 * unfragmentable part, for reassembly and Parameter Problem. */
	uint16_t next_header_off;
	/* Set with CN_DROP_IP_OPTION, IP6_EXT and FRAG_BAD, when src and dst
	 * are set too: whether the sender is owed a Parameter Problem (RFC
	 * 8200 section 4, RFC 1122 section 3.2.2.5), and where the problem
	 * is. */
	uint16_t problem_off;
	uint8_t problem_code;
	bool problem_report;
};

/*
 * Validates the packet of len octets at p: version, header length, total
 * length, checksum (IPv4), extension header chain with all its lengths (at
 * most 8 headers, 512 octets).  Source routes are refused (Deviation noted in
 * the source); other IPv4 options are skipped once their lengths hold
 * (MUST-50).  A fragment has data, in units of 8 octets unless it is the last,
 * and ends within 65535 octets; what follows its fragment header is not read.
 * Addresses are not judged here.
 */
enum cn_drop ip_parse(const uint8_t *p, size_t len, struct ip_hdr *ip)
	CN_MUST_CHECK;

/*
 * The header of a packet of which only the first len octets are quoted, as
 * ICMP errors do.  payload_len is what the header says and may exceed what is
 * there; header_len does not.  Routers change what they quote, so checksum and
 * options are not looked at.
 */
bool ip_parse_quoted(const uint8_t *p, size_t len, struct ip_hdr *ip)
	CN_MUST_CHECK;

/*
 * Writes a header for ip->payload_len octets and returns its length (20 or
 * 40; with is_fragment set on IPv6, 48).  Fields used: src, dst, protocol,
 * ttl, tos, df, more, is_fragment, frag_off, id, payload_len; the version
 * follows from src.  For a super-segment the length field saturates at 65535.
 */
size_t ip_emit(uint8_t *p, const struct ip_hdr *ip);

#endif
