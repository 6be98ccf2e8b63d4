/* SPDX-License-Identifier: MIT */
/*
 * RFC 791, 8200, 9293, 768: where the headers of a packet begin and end.
 * Refuses nothing and vouches for nothing.
 */
#include "wire/glance.h"

#include <string.h>

#include "wire/ip.h"
#include "wire/octets.h"
#include "wire/tcp_seg.h"
#include "wire/udp.h"

/* IPv6 extension headers that may stand before the upper layer. */
enum {
	EXT_HOP_BY_HOP = 0,
	EXT_ROUTING = 43,
	EXT_FRAGMENT = 44,
	EXT_OPTIONS = 60,
};

/* The longest header there is fits behind it. */
#define UPPER_MAX (UINT16_MAX - TCP_HEADER_LEN - TCP_OPTIONS_MAX)

static bool see_ip4(struct glance *g)
{
	const uint8_t *p = g->octet;

	if (g->octet_n < IP4_HEADER_LEN)
		return false;
	g->upper = (uint16_t)((p[0] & 15) * 4);
	g->protocol = p[9];
	/* What follows the first fragment has no upper header. */
	return g->upper >= IP4_HEADER_LEN && !(get16(p + 6) & 0x1fff);
}

static bool see_ip6(struct glance *g)
{
	const uint8_t *p = g->octet;
	bool first = true;

	if (g->octet_n < IP6_HEADER_LEN)
		return false;
	g->upper = IP6_HEADER_LEN;
	g->protocol = p[6];
	while (first) {
		const uint8_t *ext = p + g->upper;
		uint8_t kind = g->protocol;
		uint32_t len = 8;

		if (kind != EXT_HOP_BY_HOP && kind != EXT_ROUTING &&
		    kind != EXT_FRAGMENT && kind != EXT_OPTIONS)
			return true;
		if (g->upper + 8u > g->octet_n)
			return false;
		g->protocol = ext[0];
		if (kind == EXT_FRAGMENT)
			first = !(get16(ext + 2) & 0xfff8);
		else
			len += ext[1] * 8u;
		/* Beyond what 16 bits say the chain would begin anew, or the
		 * data would lie before their header. */
		if (g->upper + len > UPPER_MAX)
			return false;
		g->upper = (uint16_t)(g->upper + len);
	}
	return false;
}

static bool see_tcp(struct glance *g)
{
	const uint8_t *p = g->octet + g->upper;
	unsigned len;

	if (g->upper + (unsigned)TCP_HEADER_LEN > g->octet_n)
		return false;
	len = (p[12] >> 4) * 4u;
	if (len < TCP_HEADER_LEN || g->upper + len > g->octet_n)
		return false;
	g->src_port = get16(p);
	g->dst_port = get16(p + 2);
	g->seq = get32(p + 4);
	g->ack = get32(p + 8);
	g->flags = p[13];
	g->urgent = get16(p + 18);
	g->data = (uint16_t)(g->upper + len);
	return true;
}

static bool see_udp(struct glance *g)
{
	const uint8_t *p = g->octet + g->upper;

	if (g->upper + (unsigned)UDP_HEADER_LEN > g->octet_n)
		return false;
	g->src_port = get16(p);
	g->dst_port = get16(p + 2);
	g->data = (uint16_t)(g->upper + UDP_HEADER_LEN);
	return true;
}

static bool see_upper(struct glance *g)
{
	g->data = g->upper;
	if (g->protocol == IP_TCP)
		return see_tcp(g);
	if (g->protocol == IP_UDP)
		return see_udp(g);
	return g->upper <= g->octet_n;
}

/* Reads what lies at octet; false when more octets might have told more. */
static bool see(struct glance *g)
{
	g->version = g->octet_n ? g->octet[0] >> 4 : 0;
	g->upper = 0;
	g->data = 0;
	if (g->version == 4)
		g->has_upper = see_ip4(g) && see_upper(g);
	else if (g->version == 6)
		g->has_upper = see_ip6(g) && see_upper(g);
	else
		g->version = 0;
	return g->has_upper;
}

/*
 * The octets are looked at where they lie; only when they are spread over
 * several pieces are the first of them gathered.
 */
void glance_at(struct glance *g, const struct cn_frame *frame)
{
	uint32_t len = cn_frame_len(frame);

	memset(g, 0, offsetof(struct glance, scratch));
	g->octet = frame->header;
	g->octet_n = frame->header_len;
	if (!g->octet_n && frame->slice_n) {
		g->octet = frame->slice[0].data;
		g->octet_n = frame->slice[0].len;
	}
	if (!see(g) && g->octet_n < len && g->octet_n < sizeof(g->scratch)) {
		g->octet_n =
			cn_frame_copy(frame, 0, g->scratch, sizeof(g->scratch));
		g->octet = g->scratch;
		see(g);
	}
	/* Too short for a header of its kind: do not read addresses there. */
	if ((g->version == 4 && g->octet_n < IP4_HEADER_LEN) ||
	    (g->version == 6 && g->octet_n < IP6_HEADER_LEN))
		g->version = 0;
	g->data_len = len > g->data ? len - g->data : 0;
}

bool glance_is_tcp(const struct glance *g)
{
	return g->version && g->has_upper && g->protocol == IP_TCP;
}

static struct cn_addr address(const struct glance *g, unsigned v4, unsigned v6)
{
	const uint8_t *p = g->octet + v4;
	struct cn_addr addr;

	if (g->version == 4)
		return cn_addr_v4(p[0], p[1], p[2], p[3]);
	memcpy(addr.octet, g->octet + v6, sizeof(addr.octet));
	return addr;
}

struct cn_addr glance_src(const struct glance *g)
{
	return address(g, 12, 8);
}

struct cn_addr glance_dst(const struct glance *g)
{
	return address(g, 16, 24);
}
