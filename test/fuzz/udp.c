/* SPDX-License-Identifier: MIT */
/*
 * UDP on a whole host that is a router as well: the input is packets, each
 * after an octet for its length and one that says what the application does
 * meanwhile.  Checksums are made right half of the time.  Holds: a datagram is
 * never longer than what came; queues and the budget stay bounded; what leaves
 * is sound; everything is given back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <catenet/catenet.h>

#include "net_host.h"
#include "wire/checksum.h"
#include "wire/octets.h"
#include "wire/udp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define SOCKETS 4

struct play {
	struct cn_pool *pool;
	struct cn_host *host;
	struct cn_dgram *dgram[SOCKETS];
	uint64_t now;
};

static void open_sockets(struct play *play)
{
	for (int i = 0; i < SOCKETS; i++) {
		struct cn_endpoint at = {.port = (uint16_t)(7 + i / 2)};
		struct cn_addr group = address("239.1.2.3");

		MUST(cn_dgram_new(play->host, i & 1 ? 6 : 4,
				  i == 3 ? CN_DGRAM_PING : CN_DGRAM_UDP,
				  &play->dgram[i]) == CN_OK);
		if (!(i & 1))
			at.addr = cn_addr_v4(0, 0, 0, 0);
		MUST(cn_dgram_set(play->dgram[i], CN_DGRAM_OPT_REUSEADDR, 1) ==
		     CN_OK);
		MUST(cn_dgram_set(play->dgram[i], CN_DGRAM_OPT_RECVERR,
				  i & 1) == CN_OK);
		MUST(cn_dgram_bind(play->dgram[i], &at) == CN_OK);
		if (i == 0)
			MUST(cn_dgram_join(play->dgram[i], &group, 0) == CN_OK);
	}
}

static void play_open(struct play *play)
{
	static const struct cn_alloc alloc = {fuzz_alloc, fuzz_free, NULL};
	struct cn_link_config config = {.name = "a", .mtu = 1500};
	struct cn_settings set;
	int link;

	memset(play, 0, sizeof(*play));
	play->pool = cn_pool_new(&alloc);
	cn_settings_default(&set);
	set.seeded = true;
	set.pool = play->pool;
	set.forward = true;
	set.memory_limit = 8 << 20;
	MUST(cn_host_new(&set, 0, &play->host) == CN_OK);
	for (int i = 0; i < 2; i++) {
		struct cn_addr a4 = cn_addr_v4(10, 0, (uint8_t)i, 1);
		struct cn_addr a6 = address("fd00::1");

		a6.octet[3] = (uint8_t)i;
		config.mtu = i ? 600 : 1500;
		MUST(cn_host_link_add(play->host, &config, &link) == CN_OK);
		MUST(cn_host_addr_add(play->host, link, &a4, 24) == CN_OK);
		MUST(cn_host_addr_add(play->host, link, &a6, 64) == CN_OK);
	}
	open_sockets(play);
}

static void play_close(struct play *play)
{
	cn_host_free(play->host);
	MUST(cn_pool_in_use(play->pool) == 0);
	cn_pool_free(play->pool);
}

/* Headers that lead somewhere, around what the input says. */
static uint32_t wrap(uint8_t *p, const uint8_t *data, uint32_t len, uint8_t how)
{
	struct ip_hdr ip = {.ttl = how & 0x40 ? 64 : 2};
	struct checksum sum = {0};
	size_t n;

	ip.src = address(how & 1 ? "fd00::9" : "10.0.0.9");
	ip.dst = address(how & 1 ? "fd00::1" : "10.0.0.1");
	if (how & 2)
		ip.dst = address(how & 1 ? "fd00:1::5" : "10.0.1.5");
	if (how & 4)
		ip.dst = address(how & 1 ? "ff02::1" : "239.1.2.3");
	ip.protocol = how & 8 ? IP_UDP : how & 1 ? IP_ICMP6 : IP_ICMP;
	ip.df = how & 16;
	ip.payload_len = len;
	n = ip_emit(p, &ip);
	memcpy(p + n, data, len);
	if (how & 32 || len < 8)
		return (uint32_t)n + len;
	if (ip.protocol == IP_UDP) {
		put16(p + n + 2, (uint16_t)(7 + data[2] % 3));
		put16(p + n + 4, (uint16_t)len);
	}
	put16(p + n + (how & 8 ? 6 : 2), 0);
	if (ip.protocol != IP_ICMP)
		checksum_add_pseudo(&sum, &ip.src, &ip.dst, ip.protocol, len);
	checksum_add(&sum, p + n, len);
	put16(p + n + (how & 8 ? 6 : 2), checksum_finish(&sum));
	return (uint32_t)n + len;
}

static void take_in(struct play *play, const uint8_t *data, uint32_t len,
		    uint8_t how)
{
	uint8_t *p = malloc(len + IP6_HEADER_LEN);
	struct cn_frame frame;

	MUST(p);
	memset(&frame, 0, sizeof(frame));
	if (how & 128) {
		memcpy(p, data, len);
		frame.slice[0].len = len;
	} else {
		frame.slice[0].len = wrap(p, data, len, how);
	}
	frame.slice_n = 1;
	frame.slice[0].data = p;
	frame.payload_len = frame.slice[0].len;
	cn_host_input(play->host, 0, &frame, play->now);
	free(p);
}

static void answer(struct play *play, struct cn_dgram *dgram, uint32_t extra)
{
	static uint8_t octet[4096];
	struct cn_dgram_error error;
	struct cn_dgram_msg msg;
	int64_t n = cn_dgram_recv(dgram, octet, 300, 0, &msg);

	if (n >= 0) {
		MUST(n <= 300 && (uint32_t)n <= msg.len);
		(void)cn_dgram_send(dgram, octet, (uint32_t)n + extra * 8,
				    &msg.peer, play->now);
		if (extra & 1)
			(void)cn_dgram_refuse(dgram, &msg, 3, play->now);
		if (extra & 2)
			(void)cn_dgram_connect(dgram, &msg.peer);
		else if (extra & 4)
			cn_dgram_disconnect(dgram);
	}
	(void)cn_dgram_recv_error(dgram, octet, 300, &error);
	(void)cn_dgram_error(dgram);
}

static void drain(struct play *play)
{
	static uint8_t p[70000];
	struct cn_frame frame;
	struct ip_hdr ip;

	for (int link = 0; link < 2; link++)
		while (cn_host_output(play->host, link, &frame, play->now)) {
			uint32_t len = cn_frame_copy(&frame, 0, p, sizeof(p));

			MUST(len == cn_frame_len(&frame));
			MUST(len <= (link ? 600u : 1500u));
			MUST(ip_parse(p, len, &ip) == CN_DROP_NONE);
			MUST(ip.header_len + ip.payload_len == len);
			cn_frame_release(&frame);
		}
	MUST(cn_host_memory(play->host, NULL) < 8 << 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct play play;

	play_open(&play);
	while (len >= 2) {
		uint32_t n = data[0];
		uint8_t how = data[1];

		data += 2;
		len -= 2;
		n = n < len ? n : (uint32_t)len;
		take_in(&play, data, n, how);
		if (how & 1)
			answer(&play, play.dgram[n % SOCKETS], n);
		play.now += n * CN_NS_PER_MS;
		cn_host_advance(play.host, play.now);
		drain(&play);
		data += n;
		len -= n;
	}
	play_close(&play);
	return 0;
}
