/* SPDX-License-Identifier: MIT */
/* UDP (RFC 768), and its checksum over IPv6 (RFC 8200 section 8.1). */
#include "wire/udp.h"

#include "wire/checksum.h"
#include "wire/octets.h"

enum cn_drop udp_parse_header(const struct ip_hdr *ip, const uint8_t *p,
			      size_t len, struct udp_hdr *udp)
{
	uint32_t udp_len;

	if (len < UDP_HEADER_LEN)
		return CN_DROP_UDP_BAD;
	udp_len = get16(p + 4);
	if (udp_len < UDP_HEADER_LEN || udp_len > ip->payload_len)
		return CN_DROP_UDP_BAD;
	/* Zero: the sender made no checksum.  IPv6 has no other. */
	udp->has_checksum = get16(p + 6) != 0;
	if (!udp->has_checksum && ip->version == 6)
		return CN_DROP_UDP_BAD;
	udp->src_port = get16(p);
	udp->dst_port = get16(p + 2);
	udp->data_len = udp_len - UDP_HEADER_LEN;
	return CN_DROP_NONE;
}

enum cn_drop udp_parse(const struct ip_hdr *ip, const uint8_t *p, size_t len,
		       struct udp_hdr *udp)
{
	struct checksum sum = {0};
	struct ip_hdr whole = *ip;
	enum cn_drop drop;
	uint32_t udp_len;

	whole.payload_len = (uint32_t)len;
	drop = udp_parse_header(&whole, p, len, udp);
	if (drop || !udp->has_checksum)
		return drop;
	udp_len = UDP_HEADER_LEN + udp->data_len;
	checksum_add_pseudo(&sum, &ip->src, &ip->dst, IP_UDP, udp_len);
	checksum_add(&sum, p, udp_len);
	return checksum_finish(&sum) ? CN_DROP_UDP_BAD : CN_DROP_NONE;
}

size_t udp_emit(uint8_t *p, const struct udp_hdr *udp)
{
	put16(p, udp->src_port);
	put16(p + 2, udp->dst_port);
	put16(p + 4, (uint16_t)(UDP_HEADER_LEN + udp->data_len));
	put16(p + 6, 0);
	return UDP_HEADER_LEN;
}
