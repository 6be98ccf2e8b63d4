/* SPDX-License-Identifier: MIT */
/* Reading a packet on its way.  See packet.h. */
#include "see/packet.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "wire/icmp.h"
#include "wire/ip.h"
#include "wire/octets.h"
#include "wire/udp.h"

/* As much of a packet as is looked at: headers, and what an error quotes of
 * headers. */
#define HEAD_MAX 256
#define ICMP_HEADER_LEN 8

/* -------------------------------------------------------------- reading -- */

struct meaning {
	uint8_t version, type;
	int code; /* -1: any */
	enum icmp_kind kind;
	enum see_key key;
	const char *name;
};

static const struct meaning meanings[] = {
	{4, 8, -1, ICMP_ECHO_REQUEST, SEE_PACKET_ECHO, "echo-request"},
	{4, 0, -1, ICMP_ECHO_REPLY, SEE_PACKET_ECHOED, "echo-reply"},
	{4, 3, 0, ICMP_UNREACHABLE, SEE_PACKET_NO_NET, "net-unreachable"},
	{4, 3, 2, ICMP_UNREACHABLE, SEE_PACKET_NO_PROTOCOL,
	 "protocol-unreachable"},
	{4, 3, 3, ICMP_UNREACHABLE, SEE_PACKET_NO_PORT, "port-unreachable"},
	{4, 3, 4, ICMP_PACKET_TOO_BIG, SEE_PACKET_TOO_BIG, "too-big"},
	{4, 3, 9, ICMP_UNREACHABLE, SEE_PACKET_PROHIBITED, "prohibited"},
	{4, 3, 10, ICMP_UNREACHABLE, SEE_PACKET_PROHIBITED, "prohibited"},
	{4, 3, 13, ICMP_UNREACHABLE, SEE_PACKET_PROHIBITED, "prohibited"},
	{4, 3, -1, ICMP_UNREACHABLE, SEE_PACKET_NO_HOST, "host-unreachable"},
	{4, 11, 0, ICMP_TIME_EXCEEDED, SEE_PACKET_EXPIRED, "time-exceeded"},
	{4, 11, -1, ICMP_TIME_EXCEEDED, SEE_PACKET_UNWHOLE,
	 "reassembly-time-exceeded"},
	{4, 12, -1, ICMP_PARAMETER_PROBLEM, SEE_PACKET_PROBLEM,
	 "parameter-problem"},
	{6, 128, -1, ICMP_ECHO_REQUEST, SEE_PACKET_ECHO, "echo-request"},
	{6, 129, -1, ICMP_ECHO_REPLY, SEE_PACKET_ECHOED, "echo-reply"},
	{6, 1, 0, ICMP_UNREACHABLE, SEE_PACKET_NO_NET, "net-unreachable"},
	{6, 1, 1, ICMP_UNREACHABLE, SEE_PACKET_PROHIBITED, "prohibited"},
	{6, 1, 4, ICMP_UNREACHABLE, SEE_PACKET_NO_PORT, "port-unreachable"},
	{6, 1, -1, ICMP_UNREACHABLE, SEE_PACKET_NO_HOST, "host-unreachable"},
	{6, 2, -1, ICMP_PACKET_TOO_BIG, SEE_PACKET_TOO_BIG, "too-big"},
	{6, 3, 0, ICMP_TIME_EXCEEDED, SEE_PACKET_EXPIRED, "time-exceeded"},
	{6, 3, -1, ICMP_TIME_EXCEEDED, SEE_PACKET_UNWHOLE,
	 "reassembly-time-exceeded"},
	{6, 4, -1, ICMP_PARAMETER_PROBLEM, SEE_PACKET_PROBLEM,
	 "parameter-problem"},
};

static const struct meaning other = {0,	     0, 0, ICMP_OTHER, SEE_PACKET_ICMP,
				     "other"};

static const struct meaning *meaning_of(uint8_t version, uint8_t type,
					uint8_t code)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].version == version &&
		    meanings[i].type == type &&
		    (meanings[i].code < 0 || meanings[i].code == code))
			return &meanings[i];
	return &other;
}

static void read_quote(const uint8_t *p, uint32_t len,
		       const struct meaning *meaning, struct see_packet *packet)
{
	const struct icmp_msg msg = {
		.kind = (uint8_t)meaning->kind,
		.type = packet->type,
		.code = packet->code,
		.version = packet->version,
		.body = p + ICMP_HEADER_LEN,
		.body_len = len - ICMP_HEADER_LEN,
	};
	struct icmp_quote quote;

	if (!icmp_parse_quote(&msg, &quote))
		return;
	packet->has_about = true;
	packet->about_protocol = quote.ip.protocol;
	packet->about_src.addr = quote.ip.src;
	packet->about_dst.addr = quote.ip.dst;
	if (quote.ip.protocol != IP_UDP && quote.ip.protocol != IP_TCP)
		return;
	packet->about_src.port = quote.src_port;
	packet->about_dst.port = quote.dst_port;
}

static void read_icmp(const uint8_t *p, uint32_t len, struct see_packet *packet)
{
	const struct meaning *meaning;

	if (len < ICMP_HEADER_LEN)
		return;
	packet->type = p[0];
	packet->code = p[1];
	packet->len -= ICMP_HEADER_LEN;
	meaning = meaning_of(packet->version, p[0], p[1]);
	packet->is_request = meaning->kind == ICMP_ECHO_REQUEST;
	packet->is_reply = meaning->kind == ICMP_ECHO_REPLY;
	packet->is_error = !packet->is_request && !packet->is_reply;
	if (!packet->is_error)
		packet->echo_seq = get16(p + 6);
	if (meaning->kind == ICMP_PACKET_TOO_BIG)
		packet->mtu = packet->version == 4 ? get16(p + 6) :
						     get32(p + 4);
	if (packet->is_error)
		read_quote(p, len, meaning, packet);
}

/* Neighbour discovery and groups (RFC 4861, 3810) are the link's affair. */
static bool is_of_link(const struct see_packet *packet)
{
	return packet->version == 6 && packet->is_error &&
	       packet->type >= 130 && packet->type <= 143;
}

bool see_packet_read(const struct cn_frame *frame, uint32_t skip,
		     struct see_packet *packet)
{
	uint8_t head[HEAD_MAX];
	uint32_t n = cn_frame_copy(frame, skip, head, sizeof(head)), left;
	struct ip_hdr ip;

	memset(packet, 0, sizeof(*packet));
	if (!ip_parse_quoted(head, n, &ip) || ip.header_len > n ||
	    ip.protocol == IP_TCP)
		return false;
	packet->version = ip.version;
	packet->protocol = ip.protocol;
	packet->ttl = ip.ttl;
	packet->src.addr = ip.src;
	packet->dst.addr = ip.dst;
	packet->is_fragment = ip.is_fragment;
	packet->more = ip.more;
	packet->frag_off = ip.frag_off;
	packet->id = ip.id;
	packet->len = ip.payload_len;
	left = n - ip.header_len;
	if (left > ip.payload_len)
		left = ip.payload_len;
	if (ip.frag_off)
		return true;
	if (ip.protocol == IP_UDP && left >= UDP_HEADER_LEN) {
		packet->src.port = get16(head + ip.header_len);
		packet->dst.port = get16(head + ip.header_len + 2);
		if (!ip.is_fragment)
			packet->len -= UDP_HEADER_LEN;
	} else if (!ip.is_fragment &&
		   ip.protocol == (ip.version == 4 ? IP_ICMP : IP_ICMP6)) {
		read_icmp(head + ip.header_len, left, packet);
	}
	return !is_of_link(packet);
}

/* -------------------------------------------------------------- telling -- */

/* The name of its host goes before it where there is one and room. */
static void place(char out[SEE_ARG_MAX], const struct cn_endpoint *ep,
		  const char *name)
{
	char addr[CN_ADDR_TEXT], text[CN_ADDR_TEXT + 9];
	const char *open = cn_addr_is_v4(&ep->addr) ? "" : "[";
	const char *shut = cn_addr_is_v4(&ep->addr) ? "" : "]";
	int len;

	cn_addr_format(&ep->addr, addr);
	if (ep->port)
		snprintf(text, sizeof(text), "%s%s%s:%u", open, addr, shut,
			 ep->port);
	else
		snprintf(text, sizeof(text), "%s", addr);
	len = name ? snprintf(out, SEE_ARG_MAX, "%s %s", name, text) : -1;
	if (len < 0 || len >= SEE_ARG_MAX)
		snprintf(out, SEE_ARG_MAX, "%.*s", SEE_ARG_MAX - 1, text);
}

static void tell_error(const struct see_packet *packet, const char *src_name,
		       const struct meaning *meaning, struct see_tale *tale)
{
	place(tale->arg[0], &packet->src, src_name);
	tale->rule = packet->version == 4 ? "RFC 792" : "RFC 4443";
	if (packet->has_about && meaning != &other) {
		tale->key = meaning->key;
		place(tale->arg[1], &packet->about_dst, NULL);
		place(tale->arg[2], &packet->about_src, NULL);
		return;
	}
	tale->key = SEE_PACKET_ICMP;
	place(tale->arg[1], &packet->dst, NULL);
	snprintf(tale->arg[2], SEE_ARG_MAX, "%u", packet->type);
}

void see_packet_tell(const struct see_packet *packet, const char *src_name,
		     const char *dst_name, struct see_tale *tale)
{
	const struct meaning *meaning =
		meaning_of(packet->version, packet->type, packet->code);

	memset(tale, 0, sizeof(*tale));
	if (packet->is_error) {
		tell_error(packet, src_name, meaning, tale);
		return;
	}
	place(tale->arg[0], &packet->src, src_name);
	place(tale->arg[1], &packet->dst, dst_name);
	snprintf(tale->arg[2], SEE_ARG_MAX, "%" PRIu32, packet->len);
	if (packet->is_fragment) {
		tale->key = SEE_PACKET_PIECE;
		tale->rule = packet->version == 4 ? "RFC 791 section 3.2" :
						    "RFC 8200 section 4.5";
		snprintf(tale->arg[2], SEE_ARG_MAX, "%u–%" PRIu32 "%s",
			 packet->frag_off,
			 packet->frag_off + (packet->len ? packet->len - 1 : 0),
			 packet->more ? " …" : "");
	} else if (packet->protocol == IP_UDP) {
		tale->key = SEE_PACKET_UDP;
	} else if (packet->is_request || packet->is_reply) {
		tale->key = meaning->key;
	} else {
		tale->key = SEE_PACKET_OTHER;
		snprintf(tale->arg[2], SEE_ARG_MAX, "%u", packet->protocol);
	}
}

const char *see_packet_protocol(uint8_t protocol)
{
	switch (protocol) {
	case IP_UDP:
		return "udp";
	case IP_TCP:
		return "tcp";
	case IP_ICMP:
	case IP_ICMP6:
		return "icmp";
	default:
		return "other";
	}
}

const char *see_packet_icmp(const struct see_packet *packet)
{
	return meaning_of(packet->version, packet->type, packet->code)->name;
}
