/* SPDX-License-Identifier: MIT */
/*
 * ICMP (RFC 792, 1191) and ICMPv6 (RFC 4443): one struct for both; the codes
 * are kept as they stand in the packet, and kind says what they mean.
 */
#ifndef WIRE_ICMP_H
#define WIRE_ICMP_H

#include "wire/ip.h"
#include <catenet/frame.h>

enum icmp_kind {
	ICMP_ECHO_REQUEST,
	ICMP_ECHO_REPLY,
	ICMP_UNREACHABLE, /* code as in the packet */
	ICMP_PACKET_TOO_BIG, /* IPv4 type 3 code 4, IPv6 type 2 */
	ICMP_TIME_EXCEEDED, /* code 0 TTL, 1 reassembly */
	ICMP_PARAMETER_PROBLEM,
	ICMP_SOURCE_QUENCH, /* to be ignored, RFC 6633 */
	ICMP_REDIRECT,
	ICMP_OTHER,
};

struct icmp_msg {
	uint8_t kind;
	uint8_t type, code;
	uint8_t version; /* 4 or 6 */
	uint32_t mtu; /* PACKET_TOO_BIG; 0 when the router did not say */
	uint32_t pointer; /* PARAMETER_PROBLEM; OTHER: the second word */
	uint16_t echo_id, echo_seq;
	/* Echo: the data after the 8-octet header.  Errors: the quoted packet. */
	const uint8_t *body;
	uint32_t body_len;
};

/* Validates length and checksum (ip for the ICMPv6 pseudo-header). */
enum cn_drop icmp_parse(const struct ip_hdr *ip, const uint8_t *p, size_t len,
			struct icmp_msg *msg) CN_MUST_CHECK;

/*
 * Writes type, code, checksum and the second word, then body_len octets of
 * body (which may lie at p + 8 already); returns 8 + body_len.  Type and code
 * say what is meant: kind and version are not read, the version follows from
 * ip->src.
 */
size_t icmp_emit(uint8_t *p, const struct ip_hdr *ip,
		 const struct icmp_msg *msg);

/*
 * What an error quotes: the inner IP header (its total length may exceed what
 * is there) and the first 8 octets of the transport header.  False when msg is
 * no error or too little is quoted to say whose it was.
 */
struct icmp_quote {
	struct ip_hdr ip;
	/* TCP and UDP; of an echo request src_port is its identifier; else
	 * 0. */
	uint16_t src_port, dst_port;
	uint32_t seq; /* TCP: octets 4..7, else 0 */
	/* What is quoted beyond the first 8 octets of the transport header. */
	const uint8_t *data;
	uint32_t data_len;
};
bool icmp_parse_quote(const struct icmp_msg *msg, struct icmp_quote *quote);

#endif
