/* SPDX-License-Identifier: MIT */
/*
 * attacks.md row 41: IP headers, and what they carry.  The first octet says
 * whether the IPv4 checksum is made right first, since the fuzzer cannot guess
 * one.  Holds: all that a parser says lies within the octets; what it read
 * comes back from emit; a quoted reading agrees with a whole one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/checksum.h"
#include "wire/icmp.h"
#include "wire/ip.h"
#include "wire/octets.h"
#include "wire/tcp_seg.h"
#include "wire/udp.h"

#define HOLDS(x) ((x) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void mend_checksum(uint8_t *p, size_t len)
{
	size_t header_len = (size_t)(p[0] & 15) * 4;
	struct checksum sum = {0};

	if (p[0] >> 4 != 4 || header_len < 20 || header_len > len)
		return;
	put16(p + 10, 0);
	checksum_add(&sum, p, header_len);
	put16(p + 10, checksum_finish(&sum));
}

static void same_fields(const struct ip_hdr *a, const struct ip_hdr *b)
{
	HOLDS(cn_addr_equal(&a->src, &b->src));
	HOLDS(cn_addr_equal(&a->dst, &b->dst));
	HOLDS(a->version == b->version && a->protocol == b->protocol);
	HOLDS(a->ttl == b->ttl && a->tos == b->tos && a->df == b->df);
	HOLDS(a->more == b->more && a->is_fragment == b->is_fragment);
	HOLDS(a->frag_off == b->frag_off);
	HOLDS(a->payload_len == b->payload_len);
	if (a->version == 4 || a->is_fragment)
		HOLDS(a->id == b->id);
}

/* An upper layer that is an extension header would be read as one. */
static bool is_extension(const struct ip_hdr *ip)
{
	return ip->version == 6 && !ip->is_fragment &&
	       (ip->protocol == 0 || ip->protocol == 43 || ip->protocol == 44 ||
		ip->protocol == 60);
}

static void round_trip(const struct ip_hdr *ip, const uint8_t *payload)
{
	size_t len = IP6_HEADER_LEN + 8 + (size_t)ip->payload_len;
	uint8_t *p = malloc(len);
	struct ip_hdr back;
	size_t header_len;

	HOLDS(p);
	header_len = ip_emit(p, ip);
	memcpy(p + header_len, payload, ip->payload_len);
	HOLDS(ip_parse(p, header_len + ip->payload_len, &back) == CN_DROP_NONE);
	HOLDS(back.header_len == header_len);
	same_fields(ip, &back);
	free(p);
}

static void upper_layer(const struct ip_hdr *ip, const uint8_t *p)
{
	struct tcp_ports ports;
	struct tcp_seg seg;
	struct udp_hdr udp;
	struct icmp_msg msg;
	struct icmp_quote quote;
	uint32_t data_off;

	if (!tcp_parse(p, ip->payload_len, &ports, &seg, &data_off))
		HOLDS(data_off + seg.data_len == ip->payload_len);
	if (!udp_parse(ip, p, ip->payload_len, &udp))
		HOLDS(8 + udp.data_len <= ip->payload_len);
	if (!icmp_parse(ip, p, ip->payload_len, &msg) &&
	    icmp_parse_quote(&msg, &quote))
		HOLDS(quote.ip.header_len + 8u <= msg.body_len);
}

static void check_whole(const uint8_t *p, size_t len, const struct ip_hdr *ip)
{
	struct ip_hdr quoted;

	HOLDS(ip->header_len >= (ip->version == 4 ? 20 : 40));
	HOLDS(ip->header_len + (size_t)ip->payload_len <= len);
	HOLDS(cn_addr_is_v4(&ip->src) == (ip->version == 4));
	HOLDS(cn_addr_is_v4(&ip->dst) == (ip->version == 4));
	HOLDS(ip->is_fragment == (ip->more || ip->frag_off > 0));
	HOLDS(ip->next_header_off < ip->header_len);
	HOLDS(p[ip->next_header_off] ==
	      (ip->version == 6 && ip->is_fragment ? 44 : ip->protocol));
	HOLDS(!is_extension(ip));
	HOLDS(ip_parse_quoted(p, len, &quoted));
	same_fields(ip, &quoted);
	round_trip(ip, p + ip->header_len);
	upper_layer(ip, p + ip->header_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ip_hdr ip, quoted;
	uint8_t *p;

	if (len < 2)
		return 0;
	len--;
	p = malloc(len);
	HOLDS(p);
	memcpy(p, data + 1, len);
	if (data[0] & 1)
		mend_checksum(p, len);
	if (ip_parse(p, len, &ip) == CN_DROP_NONE)
		check_whole(p, len, &ip);
	else if (ip.problem_report)
		HOLDS(ip.problem_off < len);
	if (ip_parse_quoted(p, len, &quoted))
		HOLDS(quoted.header_len <= len);
	free(p);
	return 0;
}
