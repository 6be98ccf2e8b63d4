/* SPDX-License-Identifier: MIT */
/* UDP (RFC 768), and its checksum over IPv6 (RFC 8200 section 8.1). */
#include "wire/udp.h"

#include "wire/checksum.h"
#include "wire/octets.h"

enum cn_drop udp_parse(const struct ip_hdr *ip, const uint8_t *p, size_t len,
		       struct udp_hdr *udp)
{
	struct checksum sum = {0};
	uint32_t udp_len;

	if (len < UDP_HEADER_LEN)
		return CN_DROP_UDP_BAD;
	udp_len = get16(p + 4);
	if (udp_len < UDP_HEADER_LEN || udp_len > len)
		return CN_DROP_UDP_BAD;
	/* Zero: the sender made no checksum.  IPv6 has no other. */
	if (get16(p + 6) == 0 && ip->version == 6)
		return CN_DROP_UDP_BAD;
	if (get16(p + 6) != 0) {
		checksum_add_pseudo(&sum, &ip->src, &ip->dst, IP_UDP, udp_len);
		checksum_add(&sum, p, udp_len);
		if (checksum_finish(&sum) != 0)
			return CN_DROP_UDP_BAD;
	}
	udp->src_port = get16(p);
	udp->dst_port = get16(p + 2);
	udp->data_len = udp_len - UDP_HEADER_LEN;
	return CN_DROP_NONE;
}

size_t udp_emit(uint8_t *p, const struct udp_hdr *udp)
{
	put16(p, udp->src_port);
	put16(p + 2, udp->dst_port);
	put16(p + 4, (uint16_t)(UDP_HEADER_LEN + udp->data_len));
	put16(p + 6, 0);
	return UDP_HEADER_LEN;
}
