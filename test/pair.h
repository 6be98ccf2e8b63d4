/* SPDX-License-Identifier: MIT */
/*
 * Two hosts wired back to back on a virtual clock: 10.0.0.1 and 10.0.0.2,
 * fd00::1 and fd00::2.  Frames move at once; a filter may drop them.
 */
#ifndef TEST_PAIR_H
#define TEST_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <catenet/catenet.h>

#include "link/heap.h"
#include "wire/checksum.h"
#include "wire/ip.h"
#include "wire/octets.h"
#include "wire/tcp_seg.h"

#define S CN_NS_PER_SEC
#define MS CN_NS_PER_MS

struct pair {
	struct cn_pool *pool;
	struct cn_host *host[2];
	uint64_t now;
	/* True: the frame from host `from` is lost. */
	bool (*lose)(struct pair *pair, int from, const struct cn_frame *frame);
	uint32_t
		tx_super; /* of both links; 0: single packets, whole checksums */
	unsigned moved[2]; /* frames delivered from that host */
	/* The last frame from each host that was not lost, whole. */
	uint8_t last[2][2048];
	uint32_t last_len[2];
};

static inline struct cn_addr pair_addr4(int host)
{
	return cn_addr_v4(10, 0, 0, (uint8_t)(1 + host));
}

static inline struct cn_addr pair_addr6(int host)
{
	struct cn_addr addr = {.octet = {0xfd}};

	addr.octet[15] = (uint8_t)(1 + host);
	return addr;
}

static inline struct cn_endpoint pair_at(int host, uint16_t port)
{
	return (struct cn_endpoint){pair_addr4(host), port};
}

static inline struct cn_endpoint loop_at(uint16_t port)
{
	return (struct cn_endpoint){cn_addr_v4(127, 0, 0, 1), port};
}

static inline struct cn_endpoint any_at(uint16_t port)
{
	return (struct cn_endpoint){cn_addr_v4(0, 0, 0, 0), port};
}

static inline void pair_settings(struct pair *pair,
				 struct cn_settings *settings, int host)
{
	cn_settings_default(settings);
	memset(settings->seed, 0x40 + host, sizeof(settings->seed));
	settings->seeded = true;
	settings->pool = pair->pool;
}

static inline void pair_host(struct pair *pair, int host,
			     const struct cn_settings *settings)
{
	const struct cn_link_config config = {
		.name = "eth",
		.mtu = 1500,
		.tx_csum = pair->tx_super > 0,
		.tx_super = pair->tx_super,
	};
	struct cn_addr a4 = pair_addr4(host), a6 = pair_addr6(host);
	int link;

	assert_int_equal(cn_host_new(settings, pair->now, &pair->host[host]),
			 0);
	assert_int_equal(cn_host_link_add(pair->host[host], &config, &link), 0);
	assert_int_equal(link, 0);
	assert_int_equal(cn_host_addr_add(pair->host[host], 0, &a4, 24), 0);
	assert_int_equal(cn_host_addr_add(pair->host[host], 0, &a6, 64), 0);
}

/* A change: buffers that take megabytes from the first octet on. */
static inline void pair_roomy(struct cn_settings *settings, int host)
{
	(void)host;
	settings->sndbuf = 4 << 20;
	settings->rcvbuf = 4 << 20;
}

/* change: NULL, or what to alter in each host's settings. */
static inline void pair_init_super(struct pair *pair, uint32_t tx_super,
				   void (*change)(struct cn_settings *,
						  int host))
{
	struct cn_settings settings;

	memset(pair, 0, sizeof(*pair));
	pair->tx_super = tx_super;
	pair->now = 1000 * S;
	pair->pool = cn_pool_new(&heap_memory);
	for (int i = 0; i < 2; i++) {
		pair_settings(pair, &settings, i);
		if (change)
			change(&settings, i);
		pair_host(pair, i, &settings);
	}
}

static inline void pair_init(struct pair *pair,
			     void (*change)(struct cn_settings *, int host))
{
	pair_init_super(pair, 0, change);
}

/* Everything must have been given back. */
static inline void pair_deinit(struct pair *pair)
{
	cn_host_free(pair->host[0]);
	cn_host_free(pair->host[1]);
	assert_int_equal(cn_pool_in_use(pair->pool), 0);
	cn_pool_free(pair->pool);
}

/* One frame from that host to the other; false: it has none. */
static inline bool pair_move(struct pair *pair, int from)
{
	struct cn_frame frame;

	if (!cn_host_output(pair->host[from], 0, &frame, pair->now))
		return false;
	if (!pair->lose || !pair->lose(pair, from, &frame)) {
		pair->last_len[from] = cn_frame_copy(
			&frame, 0, pair->last[from], sizeof(pair->last[from]));
		pair->moved[from]++;
		cn_host_input(pair->host[!from], 0, &frame, pair->now);
	}
	cn_frame_release(&frame);
	return true;
}

/* Frames move until both are silent; no time passes. */
static inline void pair_run(struct pair *pair)
{
	bool moved = true;

	for (unsigned i = 0; moved && i < 1000000; i++) {
		moved = pair_move(pair, 0);
		moved |= pair_move(pair, 1);
	}
	assert_false(moved);
}

static inline uint64_t pair_deadline(const struct pair *pair)
{
	uint64_t a = cn_host_deadline(pair->host[0]);
	uint64_t b = cn_host_deadline(pair->host[1]);

	return a < b ? a : b;
}

/* Time passes, every deadline on the way is met. */
static inline void pair_until(struct pair *pair, uint64_t until)
{
	pair_run(pair);
	while (pair_deadline(pair) <= until) {
		if (pair_deadline(pair) > pair->now)
			pair->now = pair_deadline(pair);
		cn_host_advance(pair->host[0], pair->now);
		cn_host_advance(pair->host[1], pair->now);
		pair_run(pair);
	}
	pair->now = until;
	cn_host_advance(pair->host[0], pair->now);
	cn_host_advance(pair->host[1], pair->now);
	pair_run(pair);
}

static inline void pair_after(struct pair *pair, uint64_t ns)
{
	pair_until(pair, pair->now + ns);
}

/* ------------------------------------------------------ raw segments -- */

/* A segment without slices from one endpoint to the other, as IPv4. */
static inline void segment_frame(struct cn_frame *frame,
				 struct cn_endpoint from, struct cn_endpoint to,
				 const struct tcp_seg *seg)
{
	struct tcp_ports ports = {from.port, to.port};
	struct checksum sum = {0};
	struct ip_hdr ip = {.src = from.addr, .dst = to.addr};
	size_t ip_len, tcp_len;

	memset(frame, 0, sizeof(*frame));
	ip.version = 4;
	ip.protocol = IP_TCP;
	ip.ttl = 64;
	ip.df = true;
	ip.payload_len = (uint32_t)tcp_header_len(seg);
	ip_len = ip_emit(frame->header, &ip);
	tcp_len = tcp_emit_header(frame->header + ip_len, &ports, seg);
	checksum_add_pseudo(&sum, &ip.src, &ip.dst, IP_TCP, ip.payload_len);
	checksum_add(&sum, frame->header + ip_len, tcp_len);
	put16(frame->header + ip_len + 16, checksum_finish(&sum));
	frame->header_len = (uint16_t)(ip_len + tcp_len);
}

/* That segment arrives at a host. */
static inline void inject(struct pair *pair, int host, struct cn_endpoint from,
			  struct cn_endpoint to, const struct tcp_seg *seg)
{
	struct cn_frame frame;

	segment_frame(&frame, from, to, seg);
	cn_host_input(pair->host[host], 0, &frame, pair->now);
}

/* The next segment that a host sends, taken off the wire; false: none. */
static inline bool take_segment(struct pair *pair, int host,
				struct tcp_seg *seg, struct cn_endpoint *to)
{
	struct cn_frame frame;
	struct tcp_ports ports;
	struct ip_hdr ip;
	uint8_t octet[2048];
	uint32_t len, off;

	if (!cn_host_output(pair->host[host], 0, &frame, pair->now))
		return false;
	len = cn_frame_copy(&frame, 0, octet, sizeof(octet));
	cn_frame_release(&frame);
	assert_int_equal(ip_parse(octet, len, &ip), 0);
	assert_int_equal(ip.protocol, IP_TCP);
	assert_int_equal(tcp_parse(octet + ip.header_len, ip.payload_len,
				   &ports, seg, &off),
			 0);
	if (to) {
		to->addr = ip.dst;
		to->port = ports.dst;
	}
	return true;
}

static inline void expect_silence(struct pair *pair, int host)
{
	struct tcp_seg seg;

	assert_false(take_segment(pair, host, &seg, NULL));
}

static inline uint64_t drops(const struct pair *pair, int host,
			     enum cn_drop drop)
{
	return cn_host_counters(pair->host[host])->drop[drop];
}

/* ------------------------------------------------------------- sockets -- */

static inline struct cn_sock *sock_on(struct pair *pair, int host)
{
	struct cn_sock *sock;

	assert_int_equal(cn_sock_new(pair->host[host], 4, &sock), 0);
	return sock;
}

static inline struct cn_sock *listener_on(struct pair *pair, int host,
					  uint16_t port, int backlog)
{
	struct cn_sock *sock = sock_on(pair, host);
	struct cn_endpoint at = any_at(port);

	assert_int_equal(cn_sock_bind(sock, &at), 0);
	assert_int_equal(cn_sock_listen(sock, backlog, pair->now), 0);
	return sock;
}

/* Begins to connect; no frame has moved yet. */
static inline struct cn_sock *connect_from(struct pair *pair, int host,
					   struct cn_endpoint to)
{
	struct cn_sock *sock = sock_on(pair, host);

	assert_int_equal(cn_sock_connect(sock, &to, pair->now),
			 CN_E_INPROGRESS);
	return sock;
}

static inline struct cn_sock *accept_from(struct pair *pair,
					  struct cn_sock *listener)
{
	struct cn_sock *sock = NULL;

	assert_int_equal(cn_sock_accept(listener, &sock, pair->now), 0);
	return sock;
}

/* A connection from host 0 to host 1. */
struct duo {
	struct cn_sock *listener, *client, *server;
};

static inline struct duo pair_connect(struct pair *pair, uint16_t port)
{
	struct duo duo;

	duo.listener = listener_on(pair, 1, port, 16);
	duo.client = connect_from(pair, 0, pair_at(1, port));
	pair_run(pair);
	assert_int_equal(cn_sock_state(duo.client), CN_ESTABLISHED);
	duo.server = accept_from(pair, duo.listener);
	return duo;
}

/* The next event of a kind, the others thrown away; false: none. */
static inline bool event_of(struct cn_host *host, enum cn_event_kind kind,
			    struct cn_event *event)
{
	while (cn_host_event(host, event))
		if (event->kind == kind)
			return true;
	return false;
}

static inline unsigned send_text(struct pair *pair, struct cn_sock *sock,
				 const char *text)
{
	int64_t n = cn_sock_send(sock, text, strlen(text), 0, pair->now);

	assert_int_equal(n, strlen(text));
	pair_run(pair);
	return (unsigned)n;
}

static inline void expect_text(struct pair *pair, struct cn_sock *sock,
			       const char *text)
{
	char got[256] = {0};
	int64_t n = cn_sock_recv(sock, got, sizeof(got) - 1, 0, pair->now);

	assert_int_equal(n, strlen(text));
	assert_string_equal(got, text);
	pair_run(pair);
}

#endif
