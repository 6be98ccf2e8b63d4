/* SPDX-License-Identifier: MIT */
/*
 * Another stack beside this one, with the same addresses (cn_host_twin).  What arrives and is its own goes to it as it came, fragments too;
 * what it sends takes this host's routes as if this host had made it, so that
 * neighbours, MTUs and the limits of queues are those of everybody.
 *
 * Refused of it: TCP, which is ours; what speaks for another host; the reports
 * and discoveries of its own, since neighbours, routers and groups are found by
 * this stack, and since they come when they please.
 */
#include <string.h>

#include "net/net.h"

enum {
	ERROR4_UNREACHABLE = 3,
	ERROR4_SOURCE_QUENCH = 4,
	ERROR4_TIME_EXCEEDED = 11,
	ERROR4_PARAMETER = 12,
	ECHO4_REQUEST = 8,
	ERROR6_LAST = 127,
	ECHO6_REQUEST = 128,
	ECHO6_REPLY = 129,
	/* Listener reports and the talk of neighbours: RFC 2710, RFC 4861, RFC
	 * 3810. */
	TALK6_FIRST = 130,
	TALK6_LAST = 137,
	REPORT6 = 143,
};

#define ICMP_HEADER_LEN 8u
/* Octets of a quoted packet that say what it was. */
#define QUOTE_LEN (ICMP_HEADER_LEN + IP6_HEADER_LEN + 8u)

static bool is_icmp(const struct ip_hdr *ip)
{
	return ip->protocol == (ip->version == 4 ? IP_ICMP : IP_ICMP6);
}

/* The first octets of the upper layer; a fragment but the first has none. */
static uint32_t front(const struct net_packet *packet, uint8_t *p, uint32_t max)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < packet->slice_n && n < max; i++) {
		uint32_t len = packet->slice[i].len;

		if (len > max - n)
			len = max - n;
		memcpy(p + n, packet->slice[i].data, len);
		n += len;
	}
	return packet->ip.frag_off ? 0 : n;
}

static bool is_error(const struct ip_hdr *ip, uint8_t type)
{
	if (ip->version == 6)
		return type <= ERROR6_LAST;
	return type == ERROR4_UNREACHABLE || type == ERROR4_SOURCE_QUENCH ||
	       type == ERROR4_TIME_EXCEEDED || type == ERROR4_PARAMETER;
}

static bool is_talk(const struct ip_hdr *ip, uint8_t type)
{
	return ip->version == 6 &&
	       ((type >= TALK6_FIRST && type <= TALK6_LAST) || type == REPORT6);
}

static bool is_about_tcp(const uint8_t *p, uint32_t n)
{
	struct ip_hdr quoted;

	return n > ICMP_HEADER_LEN &&
	       ip_parse_quoted(p + ICMP_HEADER_LEN, n - ICMP_HEADER_LEN,
			       &quoted) &&
	       quoted.protocol == IP_TCP;
}

/* ------------------------------------------------------------------- in -- */

bool twin_hears(const struct net *net, const struct ip_hdr *ip)
{
	return net->twin_takes == CN_TWIN_KERNEL && ip->protocol == IP_UDP;
}

static bool is_kernels(const struct net_packet *packet)
{
	uint8_t p[QUOTE_LEN];
	uint32_t n;

	if (packet->ip.protocol == IP_TCP)
		return false;
	if (!is_icmp(&packet->ip))
		return true;
	n = front(packet, p, sizeof(p));
	if (!n)
		return packet->ip.frag_off > 0;
	if (is_talk(&packet->ip, p[0]))
		return false;
	return !is_error(&packet->ip, p[0]) || !is_about_tcp(p, n);
}

static bool is_beyonds(const struct net *net, const struct net_packet *packet)
{
	uint8_t type;

	return is_icmp(&packet->ip) && !packet->ip.is_fragment &&
	       !packet->to_many && !net_is_local(net, &packet->ip.dst) &&
	       front(packet, &type, 1) &&
	       type == (packet->ip.version == 4 ? ECHO4_REQUEST :
						  ECHO6_REQUEST);
}

bool twin_take(struct net *net, const struct net_packet *packet,
	       const struct cn_frame *frame)
{
	uint32_t len = packet->ip.header_len + packet->ip.payload_len;
	struct net_queue *queue = &net->twin[packet->link];
	struct cn_frame own;

	if (net->twin_takes == CN_TWIN_KERNEL ? !is_kernels(packet) :
						!is_beyonds(net, packet))
		return false;
	if (queue->n >= net->set->forward_queue)
		net_drop(net, CN_DROP_LINK_QUEUE);
	else if (forward_copy(net, frame, len, &own))
		(void)held_push(net, queue, &own);
	return true;
}

bool net_twin_output(struct net *net, int *link, struct cn_frame *frame)
{
	for (int i = 0; i < NET_LINKS; i++) {
		if (!held_pop(net, &net->twin[i], frame))
			continue;
		*link = i;
		return true;
	}
	return false;
}

/* ------------------------------------------------------------------ out -- */

static bool may_leave(const struct net *net, const struct net_packet *packet)
{
	const struct ip_hdr *ip = &packet->ip;
	uint8_t type = 0;

	if (ip->protocol == IP_TCP || cn_addr_is_any(&ip->src) ||
	    cn_addr_is_any(&ip->dst) || cn_addr_is_loopback(&ip->src) ||
	    cn_addr_is_loopback(&ip->dst) || net_is_to_many(net, &ip->src) ||
	    net_is_local(net, &ip->dst))
		return false;
	if (net->twin_takes == CN_TWIN_KERNEL && !net_is_local(net, &ip->src))
		return false;
	if (packet->to_many)
		return ip->protocol == IP_UDP;
	return !is_icmp(ip) || ip->frag_off > 0 || !front(packet, &type, 1) ||
	       !is_talk(ip, type);
}

/* A packet as net_input would have made it, of one whose sender is trusted to
 * have seen to its checksums. */
static bool parse(struct net *net, int link, const struct cn_frame *frame,
		  struct net_packet *packet)
{
	uint32_t len = cn_frame_len(frame), n;

	memset(packet, 0, offsetof(struct net_packet, slice));
	packet->own = NULL;
	n = cn_frame_copy(frame, 0, net->linear, NET_LINEAR);
	if (ip_parse(net->linear, len, &packet->ip) ||
	    packet->ip.header_len > n)
		return false;
	packet->header = net->linear;
	packet->upper = net->linear + packet->ip.header_len;
	packet->upper_len = n - packet->ip.header_len;
	if (packet->upper_len > packet->ip.payload_len)
		packet->upper_len = packet->ip.payload_len;
	/* Who is told of an error is this host itself. */
	packet->link = NET_LINKS - 1;
	packet->seg_size = frame->seg_size;
	packet->to_many = cn_addr_is_multicast(&packet->ip.dst) ||
			  net_is_broadcast(net, link, &packet->ip.dst);
	net_packet_slice(packet, frame);
	return true;
}

void net_twin_input(struct net *net, int link, const struct cn_frame *frame,
		    uint64_t now)
{
	struct net_packet packet;

	if (!parse(net, link, frame, &packet) || !may_leave(net, &packet)) {
		net_drop(net, CN_DROP_IP_FORWARD);
		return;
	}
	if (!packet.to_many && !net_is_link_local(&packet.ip.dst))
		link = net_route(net, &packet.ip.dst);
	if (link >= 0) {
		forward_by(net, &packet, frame, link, now);
		return;
	}
	net_drop(net, CN_DROP_IP_NOT_OURS);
	net_icmp_send(net, ICMP_UNREACHABLE, 0, &packet, now);
}
