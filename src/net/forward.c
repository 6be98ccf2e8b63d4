/* SPDX-License-Identifier: MIT */
/*
 * RFC 1812 section 5, RFC 8200 section 3: a router passes on what is for
 * somebody else.  TTLs end loops; what does not fit is cut (IPv4 that allows
 * it) or its sender is told the MTU; nothing from or to a link alone leaves
 * it.  Redirects are not sent, groups are not routed, and a packet with its
 * headers is judged before it gets here (input.c).
 */
#include <string.h>

#include "net/net.h"
#include "wire/checksum.h"
#include "wire/cut.h"
#include "wire/octets.h"
#include "wire/offload.h"

/* Room for an Ethernet header stays. */
#define HEAD_MAX (CN_HEADER_MAX - ETHER_HEADER_LEN)
#define IP4_COPIED 0x80 /* an option that every fragment has */
#define IP4_HEADER_MAX 60

void forward_deinit(struct net *net)
{
	for (int i = 0; i < NET_LINKS; i++) {
		held_drop_all(net, &net->transit[i]);
		held_drop_all(net, &net->ready[i]);
		held_drop_all(net, &net->twin[i]);
	}
}

bool net_transit_output(struct net *net, int link, struct cn_frame *frame)
{
	return held_pop(net, &net->transit[link], frame);
}

/* ------------------------------------------------------------- a frame -- */

static void add_slice(struct cn_frame *frame, struct cn_buf *buf,
		      const uint8_t *data, uint32_t len)
{
	struct cn_slice *slice = &frame->slice[frame->slice_n++];

	slice->buf = buf;
	slice->data = data;
	slice->len = len;
	frame->payload_len += len;
}

/* Octets that nobody holds a reference to must be copied. */
static bool is_borrowed(const struct cn_frame *frame)
{
	if (frame->header_len > HEAD_MAX)
		return true;
	for (unsigned i = 0; i < frame->slice_n; i++)
		if (!frame->slice[i].buf)
			return true;
	return false;
}

static bool copy_rest(struct net *net, const struct cn_frame *from,
		      struct cn_frame *to)
{
	uint32_t len = cn_frame_len(from) - to->header_len;
	struct cn_buf *buf = cn_buf_new(net->pool, len);

	if (!buf)
		return false;
	cn_frame_copy(from, to->header_len, buf->data, len);
	add_slice(to, buf, buf->data, len);
	return true;
}

static void refer_rest(const struct cn_frame *from, struct cn_frame *to)
{
	uint32_t skip = (uint32_t)to->header_len - from->header_len;

	for (unsigned i = 0; i < from->slice_n; i++) {
		struct cn_slice slice = from->slice[i];
		uint32_t step = skip < slice.len ? skip : slice.len;

		skip -= step;
		if (slice.len > step)
			add_slice(to, cn_buf_ref(slice.buf), slice.data + step,
				  slice.len - step);
	}
}

/* A super-segment is cut behind its headers: they alone are in the block. */
static uint32_t head_of(const struct cn_frame *from, uint32_t len)
{
	struct glance glance;

	if (from->seg_size) {
		glance_at(&glance, from);
		if (glance_is_tcp(&glance) && glance.data < len)
			len = (uint32_t)glance.data;
	}
	return len < HEAD_MAX ? len : HEAD_MAX;
}

/* A frame of its own with the headers in the header block. */
static bool take(struct net *net, const struct cn_frame *from, uint32_t len,
		 struct cn_frame *to)
{
	memset(to, 0, offsetof(struct cn_frame, slice));
	to->seg_size = from->seg_size;
	if (offload_is_partial(from)) {
		to->csum = CN_CSUM_PARTIAL;
		to->csum_start = from->csum_start;
		to->csum_offset = from->csum_offset;
	}
	to->header_len = (uint16_t)cn_frame_copy(from, 0, to->header,
						 head_of(from, len));
	if (len == to->header_len)
		return true;
	if (is_borrowed(from))
		return copy_rest(net, from, to);
	refer_rest(from, to);
	return true;
}

/* What lies behind the IP packet (an Ethernet frame is padded) is not its. */
static void trim(struct cn_frame *frame, uint32_t len)
{
	while (frame->slice_n && cn_frame_len(frame) > len) {
		struct cn_slice *last = &frame->slice[frame->slice_n - 1];
		uint32_t extra = cn_frame_len(frame) - len;
		uint32_t n = extra < last->len ? extra : last->len;

		last->len -= n;
		frame->payload_len -= n;
		if (last->len)
			continue;
		cn_buf_unref(last->buf);
		frame->slice_n--;
	}
	if (cn_frame_len(frame) > len)
		frame->header_len = (uint16_t)len;
}

/* RFC 1141: the header's checksum follows the TTL. */
static void decrement(struct cn_frame *frame)
{
	uint8_t *p = frame->header;
	uint32_t sum;

	if (p[0] >> 4 == 6) {
		p[7]--;
		return;
	}
	p[8]--;
	sum = get16(p + 10) + 0x100u;
	put16(p + 10, (uint16_t)(sum + (sum >> 16)));
}

/* ------------------------------------------------------------- leaving -- */

/* transit: it is somebody else's. */
static void enqueue(struct net *net, int link, struct cn_frame *frame,
		    bool transit)
{
	struct net_queue *queue = &net->transit[link];

	if (queue->n >= net->set->forward_queue) {
		net_drop(net, CN_DROP_LINK_QUEUE);
		cn_frame_release(frame);
		return;
	}
	if (frame->csum == CN_CSUM_PARTIAL && !net->routes.link[link].tx_csum &&
	    !offload_complete(frame)) {
		net_drop(net, CN_DROP_IP_FORWARD);
		cn_frame_release(frame);
		return;
	}
	if (held_push(net, queue, frame) && transit)
		net->count->ip_forwarded++;
}

/* A super-segment leaves whole where the link cuts it, else as packets. */
static void leave(struct net *net, int link, struct cn_frame *frame,
		  bool transit)
{
	const struct net_link *out = &net->routes.link[link];
	struct cn_frame packet;
	struct cut cut;

	if (!frame->seg_size ||
	    (out->tx_csum && frame->payload_len <= out->tx_super)) {
		enqueue(net, link, frame, transit);
		return;
	}
	cut_begin(&cut, frame);
	while (cut_next(&cut, &packet))
		enqueue(net, link, &packet, transit);
	cn_frame_release(frame);
}

/* ------------------------------------------------------------ fragments -- */

/* RFC 791 section 3.1: only options with the copied flag go into every
 * fragment; the header's length stays a multiple of four. */
static uint32_t later_options(const uint8_t *header, uint32_t len, uint8_t *out)
{
	uint32_t n = 0, i = IP4_HEADER_LEN;

	while (i < len && header[i] != 0) {
		uint32_t step = header[i] == 1 ? 1 : header[i + 1];

		if (header[i] & IP4_COPIED) {
			memcpy(out + n, header + i, step);
			n += step;
		}
		i += step;
	}
	while (n % 4)
		out[n++] = 0;
	return n;
}

struct cutting {
	const struct net_packet *packet;
	struct cn_buf *buf; /* the upper layer, in one piece */
	int link;
	uint32_t mtu;
};

static uint32_t emit_fragment(struct net *net, const struct cutting *cutting,
			      const uint8_t *options, uint32_t options_len,
			      uint32_t off)
{
	const struct ip_hdr *whole = &cutting->packet->ip;
	uint32_t header_len = IP4_HEADER_LEN + options_len;
	uint32_t left = whole->payload_len - off;
	uint32_t n = (cutting->mtu - header_len) & ~7u;
	struct checksum sum = {0};
	struct cn_frame frame;
	uint8_t *p = frame.header;
	uint16_t flags;

	if (n > left)
		n = left;
	memset(&frame, 0, offsetof(struct cn_frame, slice));
	memcpy(p, cutting->packet->header, IP4_HEADER_LEN);
	memcpy(p + IP4_HEADER_LEN, options, options_len);
	flags = (uint16_t)((whole->frag_off + off) / 8);
	if (n < left || whole->more)
		flags |= 0x2000;
	p[0] = (uint8_t)(0x40 | header_len / 4);
	put16(p + 2, (uint16_t)(header_len + n));
	put16(p + 6, flags);
	if (cutting->packet->in_transit)
		p[8]--;
	put16(p + 10, 0);
	checksum_add(&sum, p, header_len);
	put16(p + 10, checksum_finish(&sum));
	frame.header_len = (uint16_t)header_len;
	add_slice(&frame, cn_buf_ref(cutting->buf), cutting->buf->data + off,
		  n);
	net->count->frag_made++;
	enqueue(net, cutting->link, &frame, cutting->packet->in_transit);
	return n;
}

/* What the sender's link was to complete, while it is still in one piece. */
static void complete(const struct net_packet *packet,
		     const struct cn_frame *frame, uint8_t *upper)
{
	struct checksum sum = {0};
	uint16_t value;

	if (!offload_is_partial(frame) ||
	    frame->csum_start != packet->ip.header_len ||
	    frame->csum_offset + 2u > packet->ip.payload_len)
		return;
	checksum_add(&sum, upper, packet->ip.payload_len);
	value = checksum_finish(&sum);
	put16(upper + frame->csum_offset, value ? value : 0xffff);
}

static void fragment(struct net *net, const struct net_packet *packet,
		     const struct cn_frame *frame, int link, uint32_t mtu)
{
	struct cutting cutting = {packet, NULL, link, mtu};
	const uint8_t *options = packet->header + IP4_HEADER_LEN;
	uint32_t options_len = packet->ip.header_len - IP4_HEADER_LEN, off = 0;
	uint8_t later[IP4_HEADER_MAX];

	cutting.buf = cn_buf_new(net->pool, packet->ip.payload_len);
	if (!cutting.buf) {
		net_drop(net, CN_DROP_MEMORY);
		return;
	}
	for (unsigned i = 0; i < packet->slice_n; i++) {
		memcpy(cutting.buf->data + off, packet->slice[i].data,
		       packet->slice[i].len);
		off += packet->slice[i].len;
	}
	complete(packet, frame, cutting.buf->data);
	for (off = 0; off < packet->ip.payload_len;) {
		off += emit_fragment(net, &cutting, options, options_len, off);
		if (options == later)
			continue;
		options_len = later_options(packet->header,
					    packet->ip.header_len, later);
		options = later;
	}
	cn_buf_unref(cutting.buf);
}

/* ------------------------------------------------------------- judging -- */

static bool is_reserved(const struct cn_addr *addr)
{
	return cn_addr_is_v4(addr) &&
	       (addr->octet[12] == 0 || addr->octet[12] >= 240);
}

/* RFC 1812 sections 4.2.3.1 and 5.3.7, RFC 4291 section 2.5.6. */
static bool may_pass(const struct net_packet *packet)
{
	const struct ip_hdr *ip = &packet->ip;

	return !net_is_link_local(&ip->src) && !net_is_link_local(&ip->dst) &&
	       !is_reserved(&ip->src) && !is_reserved(&ip->dst) &&
	       !cn_addr_is_loopback(&ip->dst) && !cn_addr_is_any(&ip->src);
}

/* Octets of the packet, or of each that a super-segment stands for. */
static uint32_t len_of(const struct net_packet *packet,
		       const struct cn_frame *frame)
{
	uint32_t len = packet->ip.header_len + packet->ip.payload_len;
	struct glance glance;

	if (!packet->seg_size)
		return len;
	glance_at(&glance, frame);
	if (!glance_is_tcp(&glance) ||
	    glance.data + (uint32_t)packet->seg_size > len)
		return len;
	return glance.data + (uint32_t)packet->seg_size;
}

bool forward_copy(struct net *net, const struct cn_frame *from, uint32_t len,
		  struct cn_frame *to)
{
	if (!take(net, from, cn_frame_len(from), to)) {
		net_drop(net, CN_DROP_MEMORY);
		return false;
	}
	trim(to, len);
	return true;
}

static void pass(struct net *net, const struct net_packet *packet,
		 const struct cn_frame *frame, int link)
{
	uint32_t len = packet->ip.header_len + packet->ip.payload_len;
	struct cn_frame own;

	if (!forward_copy(net, frame, len, &own))
		return;
	if (packet->in_transit)
		decrement(&own);
	leave(net, link, &own, packet->in_transit);
}

void forward_by(struct net *net, const struct net_packet *packet,
		const struct cn_frame *frame, int link, uint64_t now)
{
	uint32_t mtu = net->routes.link[link].mtu;

	if (len_of(packet, frame) <= mtu) {
		pass(net, packet, frame, link);
	} else if (packet->ip.df || packet->ip.version == 6 ||
		   packet->seg_size) {
		net_drop(net, CN_DROP_IP_FORWARD);
		icmp_send_too_big(net, mtu, packet, now);
	} else {
		fragment(net, packet, frame, link, mtu);
	}
}

void forward(struct net *net, struct net_packet *packet,
	     const struct cn_frame *frame, uint64_t now)
{
	int link = net_route(net, &packet->ip.dst);

	if (!may_pass(packet)) {
		net_drop(net, CN_DROP_IP_FORWARD);
		return;
	}
	if (packet->ip.ttl <= 1) {
		net_drop(net, CN_DROP_IP_TTL);
		net_icmp_send(net, ICMP_TIME_EXCEEDED, 0, packet, now);
		return;
	}
	if (link < 0) {
		net_drop(net, CN_DROP_IP_NOT_OURS);
		net_icmp_send(net, ICMP_UNREACHABLE, 0, packet, now);
		return;
	}
	forward_by(net, packet, frame, link, now);
}
