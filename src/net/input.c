/* SPDX-License-Identifier: MIT */
/*
 * RFC 1122 section 3.2.1: a frame becomes a packet for the transport, or does
 * not.  In order: the header is sound, the addresses may be where they are, the
 * packet is whole, the protocol exists.
 */
#include "net/net.h"

#include <string.h>

#include "base/assert.h"
#include "base/sum.h"
#include "wire/checksum.h"

#define TCP_HEADER_MIN 20
#define IP_LEN_MAX 65535u

void net_init(struct net *net, const struct net_config *config, uint64_t now)
{
	(void)now;
	memset(net, 0, sizeof(*net));
	net->set = config->set;
	net->pool = config->pool;
	net->budget = config->budget;
	net->random = config->random;
	net->count = config->count;
	net->key = random_key(net->random);
	net->wide = sum_is_wide();
	route_init(&net->routes);
	frag_init(&net->frag, net->pool);
}

void net_deinit(struct net *net)
{
	frag_deinit(net);
	pmtu_deinit(net);
	icmp_deinit(net);
	forward_deinit(net);
	neigh_deinit(net);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t net_deadline(const struct net *net)
{
	uint64_t at = earlier(frag_deadline(net), neigh_deadline(net));

	return earlier(at, dad_deadline(net));
}

void net_advance(struct net *net, uint64_t now)
{
	frag_advance(net, now);
	neigh_advance(net, now);
	dad_advance(net, now);
}

/* ------------------------------------------------- headers in one piece -- */

/* The octets at the front of a packet, n of its len in one piece. */
struct front {
	const uint8_t *p;
	uint32_t n, len;
};

/* TCP without IP options or extensions, its own header in one piece: nearly
 * every packet. */
static bool is_plain_tcp(const struct front *front)
{
	uint32_t ip_len;

	if (front->n >= 40 && front->p[0] == 0x45 && front->p[9] == IP_TCP)
		ip_len = IP4_HEADER_LEN;
	else if (front->n >= 60 && front->p[0] >> 4 == 6 &&
		 front->p[6] == IP_TCP)
		ip_len = IP6_HEADER_LEN;
	else
		return false;
	return front->n >= ip_len + (uint32_t)(front->p[ip_len + 12] >> 4) * 4;
}

static struct front front_of(struct net *net, const struct cn_frame *frame)
{
	struct front front = {.len = cn_frame_len(frame)};

	if (frame->header_len > 0) {
		front.p = frame->header;
		front.n = frame->header_len;
	} else if (frame->slice_n > 0) {
		front.p = frame->slice[0].data;
		front.n = frame->slice[0].len;
	}
	if (front.n >= front.len || front.n >= NET_LINEAR ||
	    is_plain_tcp(&front))
		return front;
	front.p = net->linear;
	front.n = cn_frame_copy(frame, 0, net->linear, NET_LINEAR);
	return front;
}

static void add_slice(struct net_packet *packet, struct cn_buf *buf,
		      const uint8_t *data, uint32_t len)
{
	struct cn_slice *slice = &packet->slice[packet->slice_n];

	if (len == 0)
		return;
	CN_ASSERT(packet->slice_n <= CN_SLICES_MAX);
	slice->buf = buf;
	slice->data = data;
	slice->len = len;
	packet->slice_n++;
}

/* Skips *skip octets of a piece and takes at most *left of the rest. */
static void take_piece(struct net_packet *packet, struct cn_buf *buf,
		       const uint8_t *data, uint32_t len, uint32_t *skip,
		       uint32_t *left)
{
	uint32_t off = *skip < len ? *skip : len;
	uint32_t n = len - off < *left ? len - off : *left;

	*skip -= off;
	*left -= n;
	if (n > 0)
		add_slice(packet, buf, data + off, n);
}

void net_packet_slice(struct net_packet *packet, const struct cn_frame *frame)
{
	uint32_t skip = packet->ip.header_len;
	uint32_t left = packet->ip.payload_len;

	take_piece(packet, NULL, frame->header, frame->header_len, &skip,
		   &left);
	for (unsigned i = 0; i < frame->slice_n; i++) {
		const struct cn_slice *slice = &frame->slice[i];

		take_piece(packet, slice->buf, slice->data, slice->len, &skip,
			   &left);
	}
}

static void point(struct net_packet *packet, const struct front *front)
{
	uint32_t n = front->n - packet->ip.header_len;

	packet->header = front->p;
	packet->upper = front->p + packet->ip.header_len;
	packet->upper_len = n < packet->ip.payload_len ? n :
							 packet->ip.payload_len;
}

/* ------------------------------------------------------------ addresses -- */

static bool is_zero_net(const struct cn_addr *addr)
{
	return cn_addr_is_v4(addr) && addr->octet[12] == 0;
}

/* RFC 1122 sections 3.2.1.3 and 3.3.6; rows 25 and 39 of the attacks. */
static enum cn_drop judge_source(const struct net *net, int link,
				 const struct ip_hdr *ip)
{
	/* RFC 4862 section 5.4.2: who has no address yet asks as nobody. */
	if (cn_addr_is_any(&ip->src) && ip->version == 6 &&
	    ip->protocol == IP_ICMP6 && net->routes.link[link].ether)
		return CN_DROP_NONE;
	/* MUST-63 */
	if (cn_addr_is_any(&ip->src) || is_zero_net(&ip->src) ||
	    net_is_to_many(net, &ip->src))
		return CN_DROP_IP_SOURCE;
	if (route_link_is_loopback(net, link))
		return CN_DROP_NONE;
	if (cn_addr_is_loopback(&ip->src) || cn_addr_is_loopback(&ip->dst))
		return CN_DROP_IP_MARTIAN;
	/* LAND: from us, or to itself. */
	if (cn_addr_equal(&ip->src, &ip->dst) || net_is_local(net, &ip->src))
		return CN_DROP_IP_SOURCE;
	return CN_DROP_NONE;
}

/* What is sent to many is for UDP and for the neighbours' talk; nothing of it
 * is of use to TCP (MUST-57), and nobody is answered for it (row 25). */
static enum cn_drop judge_to_many(const struct net *net, int link,
				  const struct ip_hdr *ip)
{
	bool here = cn_addr_is_multicast(&ip->dst) ?
			    net_is_member(net, link, &ip->dst) :
			    net_is_broadcast(net, link, &ip->dst);

	if (twin_hears(net, ip))
		return CN_DROP_NONE;
	if (here && (ip->protocol == IP_UDP || ip->protocol == IP_ICMP6))
		return CN_DROP_NONE;
	return CN_DROP_IP_NOT_OURS;
}

/* As the packet before it: from and for the same, by the same way. */
static bool is_judged(const struct net *net, const struct net_packet *packet)
{
	const struct net_judged *judged = &net->judged;

	return judged->known && judged->link == packet->link &&
	       cn_addr_equal(&judged->src, &packet->ip.src) &&
	       cn_addr_equal(&judged->dst, &packet->ip.dst);
}

static void note_judged(struct net *net, const struct net_packet *packet)
{
	net->judged.src = packet->ip.src;
	net->judged.dst = packet->ip.dst;
	net->judged.link = packet->link;
	net->judged.known = true;
}

static enum cn_drop judge(struct net *net, struct net_packet *packet)
{
	const struct ip_hdr *ip = &packet->ip;
	enum cn_drop drop;

	if (is_judged(net, packet) && !packet->to_station_group)
		return CN_DROP_NONE;
	drop = judge_source(net, packet->link, ip);
	if (drop)
		return drop;
	if (cn_addr_is_any(&ip->dst))
		return CN_DROP_IP_NOT_OURS;
	packet->to_many = net_is_to_many(net, &ip->dst);
	if (packet->to_many)
		return judge_to_many(net, packet->link, ip);
	/* RFC 1122 section 3.3.6: the packet is for one, the frame was for
	 * all. */
	if (packet->to_station_group)
		return CN_DROP_IP_NOT_OURS;
	if (net->set->any_addr || net_is_local(net, &ip->dst)) {
		if (!cn_addr_is_any(&ip->src))
			note_judged(net, packet);
		return CN_DROP_NONE;
	}
	packet->in_transit = net->set->forward;
	return packet->in_transit ? CN_DROP_NONE : CN_DROP_IP_NOT_OURS;
}

/* ------------------------------------------------------------------- in -- */

static enum cn_drop parse(struct net *net, struct net_packet *packet,
			  const struct front *front)
{
	enum cn_drop drop = ip_parse(front->p, front->len, &packet->ip);
	enum cn_drop judgement;

	/* A report of a problem goes to the source, so it is judged first. */
	if (drop && !packet->ip.problem_report)
		return drop;
	judgement = judge(net, packet);
	if (!judgement)
		return drop;
	packet->ip.problem_report = false;
	return judgement;
}

static enum net_verdict dispatch(struct net *net, struct net_packet *packet,
				 uint64_t now)
{
	bool v4 = packet->ip.version == 4;

	if (packet->ip.protocol == IP_TCP || packet->ip.protocol == IP_UDP)
		return NET_PACKET;
	if (packet->ip.protocol == (v4 ? IP_ICMP : IP_ICMP6))
		return icmp_input(net, packet, now);
	net_drop(net, CN_DROP_IP_PROTOCOL);
	if (packet->ip.protocol != IP_NONE)
		net_icmp_send(net, ICMP_UNREACHABLE, 2, packet, now);
	return NET_DONE;
}

/* A datagram made whole is parsed as if it had come so; only the fragments of
 * fragments are no more of this world. */
static enum net_verdict reassembled(struct net *net, struct net_packet *packet,
				    uint32_t len, uint64_t now)
{
	struct front front = {packet->own->data, len, len};
	enum cn_drop drop = parse(net, packet, &front);

	if (drop == CN_DROP_NONE && packet->ip.is_fragment)
		drop = CN_DROP_IP6_EXT;
	if (drop) {
		net_drop(net, drop);
		return NET_DONE;
	}
	packet->ip.has_fragment = true;
	packet->slice_n = 0;
	packet->csum = CN_CSUM_NONE;
	packet->seg_size = 0;
	point(packet, &front);
	add_slice(packet, packet->own, packet->upper, packet->ip.payload_len);
	return dispatch(net, packet, now);
}

static enum net_verdict enter(struct net *net, const struct cn_frame *frame,
			      struct net_packet *packet, uint64_t now)
{
	struct front front = front_of(net, frame);
	enum cn_drop drop = parse(net, packet, &front);
	uint32_t len;

	if (drop) {
		net_drop(net, drop);
		if (packet->ip.problem_report)
			icmp_send_problem(net, packet->link, &packet->ip, frame,
					  now);
		return NET_DONE;
	}
	/* The length field of a super-segment saturates; the link's own count
	 * is as good. */
	if (packet->seg_size && !packet->ip.is_fragment &&
	    front.len > IP_LEN_MAX)
		packet->ip.payload_len = front.len - packet->ip.header_len;
	net_packet_slice(packet, frame);
	point(packet, &front);
	if (packet->in_transit) {
		forward(net, packet, frame, now);
		return NET_DONE;
	}
	if (net->twin_takes && twin_take(net, packet, frame))
		return NET_DONE;
	if (!packet->ip.is_fragment)
		return dispatch(net, packet, now);
	if (!frag_input(net, packet, &len, now))
		return NET_DONE;
	return reassembled(net, packet, len, now);
}

enum net_verdict net_input(struct net *net, int link,
			   const struct cn_frame *frame,
			   struct net_packet *packet, uint64_t now)
{
	enum net_verdict verdict;

	memset(packet, 0, offsetof(struct net_packet, slice));
	packet->own = NULL;
	if (net->routes.link[link].ether) {
		if (!ether_input(net, link, frame, &net->inner,
				 &packet->to_station_group, now))
			return NET_DONE;
		frame = &net->inner;
	}
	packet->link = (uint8_t)link;
	packet->wide = net->wide;
	packet->csum = frame->csum;
	packet->seg_size = frame->seg_size;
	verdict = enter(net, frame, packet, now);
	if (verdict == NET_DONE)
		net_packet_done(packet);
	return verdict;
}

void net_packet_done(struct net_packet *packet)
{
	cn_buf_unref(packet->own);
	packet->own = NULL;
}

/* --------------------------------------------------------- for the host -- */

bool net_packet_checksum_ok(const struct net_packet *packet)
{
	struct checksum sum = {.wide = packet->wide};

	if (packet->csum != CN_CSUM_NONE)
		return true;
	checksum_add_pseudo(&sum, &packet->ip.src, &packet->ip.dst,
			    packet->ip.protocol, packet->ip.payload_len);
	for (unsigned i = 0; i < packet->slice_n; i++)
		checksum_add(&sum, packet->slice[i].data, packet->slice[i].len);
	return checksum_finish(&sum) == 0; /* MUST-3 */
}

unsigned net_packet_slices(const struct net_packet *packet, uint32_t off,
			   struct cn_slice slice[CN_SLICES_MAX])
{
	unsigned n = 0;

	/* A driver that puts data behind the headers and fills every slice
	 * as well has one piece too many: the last counts as lost. */
	for (unsigned i = 0; i < packet->slice_n && n < CN_SLICES_MAX; i++) {
		const struct cn_slice *from = &packet->slice[i];
		uint32_t skip = off < from->len ? off : from->len;

		off -= skip;
		if (skip == from->len)
			continue;
		slice[n] = *from;
		slice[n].data += skip;
		slice[n].len -= skip;
		n++;
	}
	return n;
}
