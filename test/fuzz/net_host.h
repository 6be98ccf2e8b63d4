/* SPDX-License-Identifier: MIT */
/* One struct net for fuzz targets: 192.0.2.1 and 2001:db8::1 on link 0. */
#ifndef FUZZ_NET_HOST_H
#define FUZZ_NET_HOST_H

#include <stdlib.h>
#include <string.h>

#include "net/net.h"

#define MUST(x) ((x) ? (void)0 : abort())

struct net_host {
	struct cn_pool *pool;
	struct cn_settings set;
	struct budget budget;
	struct random random;
	struct cn_counters count;
	struct net net;
	uint64_t now;
};

static inline void *fuzz_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return malloc(size);
}

static inline void fuzz_free(void *ctx, void *p, size_t size)
{
	(void)ctx;
	(void)size;
	free(p);
}

static inline struct cn_addr address(const char *text)
{
	struct cn_addr addr;

	MUST(cn_addr_parse(text, &addr));
	return addr;
}

static inline void host_open(struct net_host *h)
{
	static const struct cn_alloc alloc = {fuzz_alloc, fuzz_free, NULL};
	static const uint8_t seed[16] = {1};
	static const char *const own[] = {"192.0.2.1", "2001:db8::1"};
	struct net_config config = {&h->set, NULL, &h->budget, &h->random,
				    &h->count};

	memset(h, 0, sizeof(*h));
	h->pool = config.pool = cn_pool_new(&alloc);
	MUST(h->pool);
	h->set.ttl = 64;
	h->set.frag_memory = 1 << 18;
	h->set.frag_timeout_ns = 30 * CN_NS_PER_SEC;
	h->set.icmp_rate = 1000;
	h->set.min_pmtu_v4 = 552;
	h->set.pmtu_expire_ns = 600 * CN_NS_PER_SEC;
	h->budget.limit = 1 << 20;
	random_init(&h->random, seed, 0);
	net_init(&h->net, &config, 0);
	MUST(net_link_add(&h->net, 0, 1500, false) == CN_OK);
	for (int i = 0; i < 2; i++) {
		struct cn_addr addr = address(own[i]);
		struct cn_addr any = address(i ? "::" : "0.0.0.0");

		MUST(net_addr_add(&h->net, 0, &addr, i ? 64 : 24) == CN_OK);
		MUST(net_route_add(&h->net, 0, &any, 0) == CN_OK);
	}
}

/* What goes out is sound. */
static inline void host_drain(struct net_host *h)
{
	static uint8_t p[70000];
	struct cn_frame frame;
	struct ip_hdr ip;

	while (net_output(&h->net, 0, &frame)) {
		uint32_t len = cn_frame_copy(&frame, 0, p, sizeof(p));

		MUST(len == cn_frame_len(&frame) && len <= 1500);
		MUST(ip_parse(p, len, &ip) == CN_DROP_NONE);
		MUST(ip.header_len + ip.payload_len == len);
		MUST(ip.id == 0 || ip.is_fragment);
		cn_frame_release(&frame);
	}
}

/* Nothing is leaked, and the books are right. */
static inline void host_close(struct net_host *h)
{
	net_deinit(&h->net);
	MUST(h->budget.used == 0);
	MUST(h->net.frag.octets == 0);
	MUST(cn_pool_in_use(h->pool) == 0);
	cn_pool_free(h->pool);
}

/* Input, octet by octet; zero at its end. */
struct tape {
	const uint8_t *p;
	size_t len;
};

static inline uint8_t tape_octet(struct tape *tape)
{
	if (tape->len == 0)
		return 0;
	tape->len--;
	return *tape->p++;
}

static inline uint16_t tape_word(struct tape *tape)
{
	uint16_t high = tape_octet(tape);

	return (uint16_t)(high << 8 | tape_octet(tape));
}

/* A frame of one slice with octets that end where they end. */
static inline enum net_verdict host_input(struct net_host *h, const uint8_t *p,
					  uint32_t len,
					  struct net_packet *packet)
{
	struct cn_frame frame;
	uint8_t *copy = malloc(len ? len : 1);
	enum net_verdict verdict;

	MUST(copy);
	memcpy(copy, p, len);
	memset(&frame, 0, sizeof(frame));
	frame.payload_len = len;
	frame.slice_n = 1;
	frame.slice[0].data = copy;
	frame.slice[0].len = len;
	verdict = net_input(&h->net, 0, &frame, packet, h->now);
	if (verdict == NET_PACKET) {
		struct cn_slice slice[CN_SLICES_MAX];
		uint32_t n = 0;

		for (unsigned i = net_packet_slices(packet, 0, slice); i > 0;
		     i--)
			n += slice[i - 1].len;
		MUST(n == packet->ip.payload_len);
		(void)net_packet_checksum_ok(packet);
		net_icmp_send(&h->net, ICMP_UNREACHABLE, 3, packet, h->now);
	}
	/* The packet may still be looked at, its slices no more. */
	free(copy);
	return verdict;
}

#endif
