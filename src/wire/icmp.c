/* SPDX-License-Identifier: MIT */
/*
 * ICMP (RFC 792, 1122 section 3.2.2, 1191) and ICMPv6 (RFC 4443).  This file
 * says what a message is; whether to believe it is for the rooms above.
 */
#include "wire/icmp.h"

#include <string.h>

#include "wire/checksum.h"
#include "wire/octets.h"

#define ICMP_HEADER_LEN 8
/* What RFC 792 has every error quote of the transport header. */
#define QUOTE_MIN 8

enum {
	ICMP4_ECHO_REPLY = 0,
	ICMP4_UNREACHABLE = 3,
	ICMP4_SOURCE_QUENCH = 4,
	ICMP4_REDIRECT = 5,
	ICMP4_ECHO_REQUEST = 8,
	ICMP4_TIME_EXCEEDED = 11,
	ICMP4_PARAMETER_PROBLEM = 12,
	CODE4_NEEDS_FRAGMENTING = 4,
};

enum {
	ICMP6_UNREACHABLE = 1,
	ICMP6_PACKET_TOO_BIG = 2,
	ICMP6_TIME_EXCEEDED = 3,
	ICMP6_PARAMETER_PROBLEM = 4,
	ICMP6_ECHO_REQUEST = 128,
	ICMP6_ECHO_REPLY = 129,
	ICMP6_REDIRECT = 137,
};

static enum icmp_kind kind4(uint8_t type, uint8_t code)
{
	switch (type) {
	case ICMP4_ECHO_REPLY:
		return ICMP_ECHO_REPLY;
	case ICMP4_UNREACHABLE:
		return code == CODE4_NEEDS_FRAGMENTING ? ICMP_PACKET_TOO_BIG :
							 ICMP_UNREACHABLE;
	case ICMP4_SOURCE_QUENCH:
		return ICMP_SOURCE_QUENCH;
	case ICMP4_REDIRECT:
		return ICMP_REDIRECT;
	case ICMP4_ECHO_REQUEST:
		return ICMP_ECHO_REQUEST;
	case ICMP4_TIME_EXCEEDED:
		return ICMP_TIME_EXCEEDED;
	case ICMP4_PARAMETER_PROBLEM:
		return ICMP_PARAMETER_PROBLEM;
	default:
		return ICMP_OTHER;
	}
}

static enum icmp_kind kind6(uint8_t type)
{
	switch (type) {
	case ICMP6_UNREACHABLE:
		return ICMP_UNREACHABLE;
	case ICMP6_PACKET_TOO_BIG:
		return ICMP_PACKET_TOO_BIG;
	case ICMP6_TIME_EXCEEDED:
		return ICMP_TIME_EXCEEDED;
	case ICMP6_PARAMETER_PROBLEM:
		return ICMP_PARAMETER_PROBLEM;
	case ICMP6_ECHO_REQUEST:
		return ICMP_ECHO_REQUEST;
	case ICMP6_ECHO_REPLY:
		return ICMP_ECHO_REPLY;
	case ICMP6_REDIRECT:
		return ICMP_REDIRECT;
	default:
		return ICMP_OTHER;
	}
}

static bool is_error(unsigned kind)
{
	return kind == ICMP_UNREACHABLE || kind == ICMP_PACKET_TOO_BIG ||
	       kind == ICMP_TIME_EXCEEDED || kind == ICMP_PARAMETER_PROBLEM ||
	       kind == ICMP_SOURCE_QUENCH;
}

static void add_pseudo(struct checksum *sum, const struct ip_hdr *ip,
		       size_t len)
{
	if (!cn_addr_is_v4(&ip->src))
		checksum_add_pseudo(sum, &ip->src, &ip->dst, IP_ICMP6,
				    (uint32_t)len);
}

enum cn_drop icmp_parse(const struct ip_hdr *ip, const uint8_t *p, size_t len,
			struct icmp_msg *msg)
{
	struct checksum sum = {0};

	if (len < ICMP_HEADER_LEN)
		return CN_DROP_ICMP_BAD;
	add_pseudo(&sum, ip, len);
	checksum_add(&sum, p, len);
	if (checksum_finish(&sum) != 0)
		return CN_DROP_ICMP_BAD;
	memset(msg, 0, sizeof(*msg));
	msg->type = p[0];
	msg->code = p[1];
	msg->version = cn_addr_is_v4(&ip->src) ? 4 : 6;
	msg->kind =
		(uint8_t)(msg->version == 4 ? kind4(p[0], p[1]) : kind6(p[0]));
	msg->body = p + ICMP_HEADER_LEN;
	msg->body_len = (uint32_t)(len - ICMP_HEADER_LEN);
	if (msg->kind == ICMP_ECHO_REQUEST || msg->kind == ICMP_ECHO_REPLY) {
		msg->echo_id = get16(p + 4);
		msg->echo_seq = get16(p + 6);
	} else if (msg->kind == ICMP_PACKET_TOO_BIG) {
		msg->mtu = msg->version == 4 ? get16(p + 6) : get32(p + 4);
	} else if (msg->kind == ICMP_PARAMETER_PROBLEM) {
		msg->pointer = msg->version == 4 ? p[4] : get32(p + 4);
	} else if (msg->kind == ICMP_OTHER) {
		msg->pointer = get32(p + 4);
	}
	return CN_DROP_NONE;
}

static uint32_t second_word(const struct icmp_msg *msg, bool v4)
{
	switch (v4 ? kind4(msg->type, msg->code) : kind6(msg->type)) {
	case ICMP_ECHO_REQUEST:
	case ICMP_ECHO_REPLY:
		return (uint32_t)msg->echo_id << 16 | msg->echo_seq;
	case ICMP_PACKET_TOO_BIG:
		return v4 && msg->mtu > UINT16_MAX ? UINT16_MAX : msg->mtu;
	case ICMP_PARAMETER_PROBLEM:
		return v4 ? msg->pointer << 24 : msg->pointer;
	case ICMP_OTHER:
		return msg->pointer;
	case ICMP_UNREACHABLE:
	case ICMP_TIME_EXCEEDED:
	case ICMP_SOURCE_QUENCH:
	case ICMP_REDIRECT:
		break;
	}
	return 0;
}

size_t icmp_emit(uint8_t *p, const struct ip_hdr *ip,
		 const struct icmp_msg *msg)
{
	struct checksum sum = {0};
	size_t len = ICMP_HEADER_LEN + (size_t)msg->body_len;

	if (msg->body_len > 0)
		memmove(p + ICMP_HEADER_LEN, msg->body, msg->body_len);
	p[0] = msg->type;
	p[1] = msg->code;
	put16(p + 2, 0);
	put32(p + 4, second_word(msg, cn_addr_is_v4(&ip->src)));
	add_pseudo(&sum, ip, len);
	checksum_add(&sum, p, len);
	put16(p + 2, checksum_finish(&sum));
	return len;
}

static bool is_echo_request(const struct ip_hdr *ip, const uint8_t *p)
{
	if (ip->version == 4)
		return ip->protocol == IP_ICMP && p[0] == ICMP4_ECHO_REQUEST;
	return ip->protocol == IP_ICMP6 && p[0] == ICMP6_ECHO_REQUEST;
}

bool icmp_parse_quote(const struct icmp_msg *msg, struct icmp_quote *quote)
{
	const uint8_t *p;

	quote->src_port = 0;
	quote->dst_port = 0;
	quote->seq = 0;
	quote->data = NULL;
	quote->data_len = 0;
	if (!is_error(msg->kind) ||
	    !ip_parse_quoted(msg->body, msg->body_len, &quote->ip) ||
	    quote->ip.version != msg->version || quote->ip.frag_off > 0 ||
	    msg->body_len - quote->ip.header_len < QUOTE_MIN)
		return false;
	p = msg->body + quote->ip.header_len;
	if (quote->ip.protocol == IP_TCP || quote->ip.protocol == IP_UDP) {
		quote->src_port = get16(p);
		quote->dst_port = get16(p + 2);
	}
	if (quote->ip.protocol == IP_TCP)
		quote->seq = get32(p + 4);
	if (is_echo_request(&quote->ip, p))
		quote->src_port = get16(p + 4);
	quote->data = p + QUOTE_MIN;
	quote->data_len = msg->body_len - quote->ip.header_len -
			  (uint32_t)QUOTE_MIN;
	return true;
}
