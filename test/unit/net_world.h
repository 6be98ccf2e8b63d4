/* SPDX-License-Identifier: MIT */
/* One struct net with two wires and a loopback link, and packets for it. */
#ifndef UNIT_NET_WORLD_H
#define UNIT_NET_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "heap.h"
#include "net/net.h"
#include "wire/checksum.h"
#include "wire/octets.h"

#define SEC CN_NS_PER_SEC
#define START (1000 * SEC)

enum { WIRE, FAR_WIRE, LOOPBACK, OTHER_LINK };

struct world {
	struct heap heap;
	struct cn_pool *pool;
	struct cn_settings set;
	struct budget budget;
	struct random random;
	struct cn_counters count;
	struct net net;
	struct net_packet packet;
	uint64_t now;
	unsigned pieces; /* frames come in so many slices; 0: one */
	bool in_header; /* or in the frame's header, as far as that goes */
	struct cn_buf *buf[CN_SLICES_MAX];
};

static inline struct cn_addr addr(const char *text)
{
	struct cn_addr a;

	assert_true(cn_addr_parse(text, &a));
	return a;
}

static inline void add_address(struct world *w, int link, const char *text,
			       unsigned prefix_len)
{
	struct cn_addr a = addr(text);

	assert_int_equal(net_addr_add(&w->net, link, &a, prefix_len), CN_OK);
}

static inline void add_route(struct world *w, int link, const char *text,
			     unsigned prefix_len)
{
	struct cn_addr a = addr(text);

	assert_int_equal(net_route_add(&w->net, link, &a, prefix_len), CN_OK);
}

/* Nothing but links. */
static inline void world_open_bare(struct world *w)
{
	static const uint8_t seed[16] = {1, 2, 3};
	struct net_config config = {&w->set, NULL, &w->budget, &w->random,
				    &w->count};
	struct cn_alloc alloc;

	memset(w, 0, sizeof(*w));
	alloc = heap_words(&w->heap);
	w->pool = cn_pool_new(&alloc);
	assert_non_null(w->pool);
	w->set.ttl = 64;
	w->set.frag_memory = 1 << 20;
	w->set.frag_timeout_ns = 30 * SEC;
	w->set.icmp_rate = 1000;
	w->set.min_pmtu_v4 = 552;
	w->set.pmtu_expire_ns = 600 * SEC;
	w->budget.limit = 16 << 20;
	random_init(&w->random, seed, 1);
	w->now = START;
	config.pool = w->pool;
	net_init(&w->net, &config, w->now);
	assert_int_equal(net_link_add(&w->net, WIRE, 1500, false), CN_OK);
	assert_int_equal(net_link_add(&w->net, FAR_WIRE, 9000, false), CN_OK);
	assert_int_equal(net_link_add(&w->net, LOOPBACK, 65535, true), CN_OK);
}

/* 192.0.2.1/24 and 2001:db8::1/64 on the wire, with default routes. */
static inline void world_open(struct world *w)
{
	world_open_bare(w);
	add_address(w, WIRE, "192.0.2.1", 24);
	add_address(w, WIRE, "2001:db8::1", 64);
	add_address(w, LOOPBACK, "127.0.0.1", 8);
	add_address(w, LOOPBACK, "::1", 128);
	add_route(w, WIRE, "0.0.0.0", 0);
	add_route(w, WIRE, "::", 0);
}

/* Everything is given back. */
static inline void world_close(struct world *w)
{
	net_packet_done(&w->packet);
	net_deinit(&w->net);
	assert_int_equal(w->budget.used, 0);
	assert_int_equal(cn_pool_in_use(w->pool), 0);
	cn_pool_free(w->pool);
	assert_int_equal(w->heap.blocks, 0);
}

/* An IP packet; fields of ip that are 0 get the usual. */
static inline uint32_t make_ip(uint8_t *p, struct ip_hdr ip, const char *src,
			       const char *dst, const void *data, uint32_t len)
{
	size_t header_len;

	ip.src = addr(src);
	ip.dst = addr(dst);
	ip.version = cn_addr_is_v4(&ip.src) ? 4 : 6;
	ip.ttl = ip.ttl ? ip.ttl : 64;
	ip.protocol = ip.protocol ? ip.protocol : IP_TCP;
	ip.payload_len = len;
	header_len = ip_emit(p, &ip);
	memcpy(p + header_len, data, len);
	return (uint32_t)header_len + len;
}

static inline void put_slices(struct world *w, struct cn_frame *frame,
			      const uint8_t *p, uint32_t len)
{
	unsigned n = w->pieces ? w->pieces : 1;

	for (unsigned i = 0; i < n && len > 0; i++) {
		uint32_t part = i + 1 == n ? len : (len + n - i - 1) / (n - i);
		struct cn_buf *buf = cn_buf_new(w->pool, part);

		assert_non_null(buf);
		memcpy(buf->data, p, part);
		frame->slice[frame->slice_n].buf = buf;
		frame->slice[frame->slice_n].data = buf->data;
		frame->slice[frame->slice_n].len = part;
		frame->slice_n++;
		frame->payload_len += part;
		p += part;
		len -= part;
	}
}

/* What of a packet is in header and slices does not outlive this call, so
 * only its fields may be looked at; feed_keep leaves it whole. */
static inline enum net_verdict feed_frame(struct world *w, int link,
					  struct cn_frame *frame)
{
	net_packet_done(&w->packet);
	return net_input(&w->net, link, frame, &w->packet, w->now);
}

static inline void make_frame(struct world *w, struct cn_frame *frame,
			      const uint8_t *p, uint32_t len)
{
	uint32_t head = 0;

	memset(frame, 0, sizeof(*frame));
	if (w->in_header)
		head = len < CN_HEADER_MAX ? len : CN_HEADER_MAX;
	memcpy(frame->header, p, head);
	frame->header_len = (uint16_t)head;
	put_slices(w, frame, p + head, len - head);
}

static inline enum net_verdict feed(struct world *w, int link, const uint8_t *p,
				    uint32_t len)
{
	struct cn_frame frame;
	enum net_verdict verdict;

	make_frame(w, &frame, p, len);
	verdict = feed_frame(w, link, &frame);
	cn_frame_release(&frame);
	return verdict;
}

/* The next packet out on the link into p; its length, 0 when there is none. */
static inline uint32_t take_out(struct world *w, int link, uint8_t *p,
				uint32_t room)
{
	struct cn_frame frame;
	uint32_t len;

	if (!net_output(&w->net, link, &frame))
		return 0;
	len = cn_frame_copy(&frame, 0, p, room);
	assert_int_equal(len, cn_frame_len(&frame));
	cn_frame_release(&frame);
	return len;
}

/* The next packet out, parsed: an ICMP message. */
static inline bool take_icmp(struct world *w, int link, struct ip_hdr *ip,
			     struct icmp_msg *msg)
{
	static uint8_t octet[70000];
	uint32_t len = take_out(w, link, octet, sizeof(octet));

	if (len == 0)
		return false;
	assert_int_equal(ip_parse(octet, len, ip), CN_DROP_NONE);
	assert_false(ip->is_fragment);
	assert_int_equal(ip->header_len + ip->payload_len, len);
	assert_int_equal(icmp_parse(ip, octet + ip->header_len, ip->payload_len,
				    msg),
			 CN_DROP_NONE);
	return true;
}

static inline bool is_silent(struct world *w)
{
	return w->net.reply_n == 0;
}

/* The one reason that has been counted since the last call; NONE: none. */
static inline enum cn_drop dropped(struct world *w)
{
	enum cn_drop drop = CN_DROP_NONE;

	for (int i = 0; i < CN_DROP_N; i++) {
		if (w->count.drop[i] == 0)
			continue;
		assert_int_equal(drop, CN_DROP_NONE);
		assert_int_equal(w->count.drop[i], 1);
		drop = (enum cn_drop)i;
		w->count.drop[i] = 0;
	}
	return drop;
}

static inline void fill(uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		p[i] = (uint8_t)(i * 2654435761u >> 23);
}

/* The octets of the packet's upper layer. */
static inline uint32_t gather(const struct net_packet *packet, uint8_t *p)
{
	uint32_t len = 0;

	for (unsigned i = 0; i < packet->slice_n; i++) {
		memcpy(p + len, packet->slice[i].data, packet->slice[i].len);
		len += packet->slice[i].len;
	}
	return len;
}

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))

#endif
