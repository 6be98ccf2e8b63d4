/* SPDX-License-Identifier: MIT */
/*
 * A whole host under any sequence of (verb, octets, dt): frames that are
 * noise, segments that fit what the host sent last but for a field or two,
 * ICMP errors that quote it, every socket call, time, and an allocator that
 * fails when told to.  Whatever happens, the host ends with its memory back,
 * and its deadline moves.
 */
#include <stdlib.h>
#include <string.h>

#include <catenet/socket.h>

#include "../sim/forge.h"
#include "host/host.h"
#include "wire/icmp.h"

#define SOCKS 6
#define OPS_MAX 400
#define LIMIT (2u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct input {
	const uint8_t *p;
	size_t left;
};

struct heap {
	size_t octets;
	long fail_after; /* negative: never */
};

struct target {
	struct input in;
	struct heap heap;
	struct cn_pool *pool;
	struct cn_host *host;
	struct cn_sock *sock[SOCKS];
	uint64_t now;
	/* The last segments that it sent. */
	struct seen {
		struct cn_endpoint from, to;
		struct tcp_seg seg;
		uint8_t head[60];
	} seen[8];
	unsigned seen_n;
	/* Of ECN, by the last octet of the input, so that older inputs are
	 * what they were: settings.ecn, and that the peers have it too. */
	uint8_t ecn;
	bool peer_ecn, peer_accurate;
	bool bbr; /* likewise */
};

static void *heap_alloc(void *ctx, size_t size)
{
	struct heap *heap = ctx;

	if (heap->fail_after == 0)
		return NULL;
	if (heap->fail_after > 0)
		heap->fail_after--;
	heap->octets += size;
	return malloc(size);
}

static void heap_free(void *ctx, void *p, size_t size)
{
	struct heap *heap = ctx;

	heap->octets -= size;
	free(p);
}

static uint8_t octet(struct target *t)
{
	if (!t->in.left)
		return 0;
	t->in.left--;
	return *t->in.p++;
}

static uint32_t word(struct target *t)
{
	uint32_t x = octet(t);

	return x << 8 | octet(t);
}

/* Mostly small, sometimes anything. */
static uint32_t number(struct target *t)
{
	uint8_t kind = octet(t);

	switch (kind >> 6) {
	case 0:
		return kind;
	case 1:
		return 0u - (kind & 0x3f);
	case 2:
		return word(t);
	default:
		return word(t) << 16 | word(t);
	}
}

static void drain(struct target *t)
{
	struct cn_frame frame;
	struct cn_event event;

	while (cn_host_output(t->host, 0, &frame, t->now)) {
		struct seen *seen = &t->seen[t->seen_n % 8];

		if (forge_read(&frame, &seen->from, &seen->to, &seen->seg)) {
			cn_frame_copy(&frame, 0, seen->head,
				      sizeof(seen->head));
			t->seen_n++;
		}
		cn_frame_release(&frame);
	}
	while (cn_host_event(t->host, &event))
		if (event.kind == CN_EVENT_SYN)
			(void)cn_syn_answer(t->host, event.syn, octet(t) % 4,
					    octet(t), t->now);
}

static void give(struct target *t, struct cn_frame *frame)
{
	cn_host_input(t->host, 0, frame, t->now);
	cn_frame_release(frame);
}

static struct cn_endpoint peer_of(struct target *t, bool six)
{
	struct cn_endpoint peer = {
		.addr = cn_addr_v4(10, 0, 0, (uint8_t)(2 + octet(t) % 3)),
		.port = (uint16_t)(1000 + octet(t) % 4),
	};

	if (six) {
		memset(&peer.addr, 0, sizeof(peer.addr));
		peer.addr.octet[0] = 0xfd;
		peer.addr.octet[15] = (uint8_t)(2 + octet(t) % 3);
	}
	return peer;
}

static struct cn_endpoint own(bool six)
{
	struct cn_endpoint self = {.addr = cn_addr_v4(10, 0, 0, 1), .port = 7};

	if (six) {
		memset(&self.addr, 0, sizeof(self.addr));
		self.addr.octet[0] = 0xfd;
		self.addr.octet[15] = 1;
	}
	return self;
}

static void do_noise(struct target *t)
{
	size_t len = octet(t) * 2u;
	struct cn_frame frame;

	if (len > t->in.left)
		len = t->in.left;
	if (forge_raw(t->pool, t->in.p, len, &frame))
		give(t, &frame);
	t->in.p += len;
	t->in.left -= len;
}

static void twist(struct target *t, struct tcp_seg *seg)
{
	uint8_t what = octet(t);

	if (what & 1)
		seg->seq += number(t);
	if (what & 2)
		seg->ack += number(t);
	if (what & 4)
		seg->flags = octet(t);
	if (what & 8)
		seg->wnd = (uint16_t)word(t);
	if (what & 16)
		seg->data_len = number(t) % 1500;
	if (what & 32) {
		seg->options |= TCP_OPT_SACK;
		seg->sack_n = 1 + octet(t) % 3;
		for (unsigned i = 0; i < seg->sack_n; i++) {
			seg->sack[i].left = seg->ack + number(t);
			seg->sack[i].right = seg->sack[i].left + number(t);
		}
	}
	if (what & 64)
		seg->up = (uint16_t)word(t);
	if (what & 128) {
		seg->options ^= octet(t) &
				(TCP_OPT_TS | TCP_OPT_MSS | TCP_OPT_WSCALE |
				 TCP_OPT_SACK_OK | TCP_OPT_FASTOPEN);
		seg->tsval += number(t);
		seg->mss = (uint16_t)word(t);
		seg->wscale = octet(t);
	}
	if (seg->options & TCP_OPT_TS && seg->sack_n > 3)
		seg->sack_n = 3;
	if (seg->flags & TCP_SYN)
		seg->options &= (uint8_t)~TCP_OPT_SACK;
	else
		seg->options &= TCP_OPT_TS | TCP_OPT_SACK;
}

/* What the peer says of ECN: right as a rule, and now and then anything. */
static void add_ecn(const struct target *t, struct tcp_seg *seg)
{
	bool syn = seg->flags & TCP_SYN, ack = seg->flags & TCP_ACK;
	unsigned n = t->seen_n * 7 + seg->seq % 5;

	if (!t->peer_ecn || seg->flags & TCP_RST)
		return;
	seg->tos = n % 3 ? 0 : n & 3;
	if (!t->peer_accurate) {
		seg->flags |= syn && !ack ? TCP_ECE | TCP_CWR :
			      n % 4 == 1  ? TCP_ECE :
					    0;
		return;
	}
	tcp_set_ace(seg, !syn ? n & 7 : ack ? 2 + n % 3 : 7);
	if (syn)
		return;
	if (n % 3 == 2 && !(seg->options & TCP_OPT_SACK)) {
		seg->options |= TCP_OPT_ACCECN;
		seg->accecn_n = 1 + n % 3;
		seg->accecn_order = n & 8;
		for (unsigned i = 0; i < seg->accecn_n; i++)
			seg->accecn[i] = n * (i + 1) * 977 & 0xffffff;
	}
}

/* Of a server that the host meets. */
static const uint8_t any_cookie[8] = "cookie!";

/* What a peer would answer to one of the last segments, but for a twist. */
static void do_answer(struct target *t)
{
	struct tcp_seg seg = {.fastopen = any_cookie, .fastopen_len = 8};
	const struct seen *seen;
	struct cn_frame frame;

	if (!t->seen_n)
		return;
	seen = &t->seen[(t->seen_n - 1 - octet(t) % 8) % 8];
	if (!seen->from.port)
		return;
	seg.seq = seen->seg.ack;
	seg.ack = seen->seg.seq + seen->seg.len;
	seg.flags = TCP_ACK;
	seg.wnd = 8192;
	seg.tsecr = seen->seg.tsval;
	seg.tsval = (uint32_t)(t->now / CN_NS_PER_MS);
	seg.options = seen->seg.options & TCP_OPT_TS;
	if (seen->seg.flags & TCP_SYN && !(seen->seg.flags & TCP_ACK)) {
		seg.flags |= TCP_SYN;
		seg.seq = number(t);
		seg.mss = 1460;
		seg.wscale = 7;
		seg.options = seen->seg.options;
	}
	twist(t, &seg);
	add_ecn(t, &seg);
	if (forge(t->pool, &seen->to, &seen->from, &seg, NULL, &frame))
		give(t, &frame);
}

static void do_syn(struct target *t)
{
	bool six = octet(t) & 1;
	struct cn_endpoint from = peer_of(t, six), to = own(six);
	struct tcp_seg seg = {
		.seq = number(t),
		.flags = TCP_SYN,
		.wnd = 8192,
		.mss = 1460,
		.options = TCP_OPT_MSS | TCP_OPT_SACK_OK | TCP_OPT_TS |
			   TCP_OPT_WSCALE,
		.wscale = 2,
	};
	struct tuple tuple = {to.addr, from.addr, to.port, from.port};
	uint8_t cookie[FAST_COOKIE_LEN], how = octet(t);
	struct cn_frame frame;

	/* One of Fast Open, mostly a good one. */
	if (how & 2) {
		fast_cookie(t->host, &tuple, cookie, t->now);
		cookie[0] ^= how >> 7;
		seg.options |= TCP_OPT_FASTOPEN;
		seg.fastopen = cookie;
		seg.fastopen_len = how & 4 ? 0 : sizeof(cookie);
		seg.data_len = how & 8 ? octet(t) : 0;
	}
	if (how & 1)
		twist(t, &seg);
	add_ecn(t, &seg);
	if (forge(t->pool, &from, &to, &seg, NULL, &frame))
		give(t, &frame);
}

/* An ICMP error about one of the last segments. */
static void do_icmp(struct target *t)
{
	const struct seen *seen = &t->seen[octet(t) % 8];
	uint8_t packet[200];
	struct icmp_msg msg = {
		.type = octet(t) % 13,
		.code = octet(t) % 16,
		.mtu = word(t),
		.body = seen->head,
		.body_len = sizeof(seen->head),
	};
	struct ip_hdr ip = {
		.src = seen->to.addr,
		.dst = seen->from.addr,
		.protocol = IP_ICMP,
		.ttl = 64,
	};
	struct cn_frame frame;
	size_t head;

	if (!seen->from.port)
		return;
	if (!cn_addr_is_v4(&ip.src)) {
		ip.protocol = IP_ICMP6;
		msg.type = 1 + msg.type % 4;
	}
	ip.payload_len = 8 + msg.body_len;
	head = ip_emit(packet, &ip);
	icmp_emit(packet + head, &ip, &msg);
	if (forge_raw(t->pool, packet, head + ip.payload_len, &frame))
		give(t, &frame);
}

static struct cn_sock **slot(struct target *t)
{
	return &t->sock[octet(t) % SOCKS];
}

static void do_open(struct target *t)
{
	struct cn_sock **sock = slot(t);
	uint8_t how = octet(t);
	bool six = how & 1;
	struct cn_endpoint local = own(six), peer = peer_of(t, six);

	if (*sock) {
		cn_sock_close(*sock, t->now);
		*sock = NULL;
	}
	if (cn_sock_new(t->host, six ? 6 : 4, sock) != CN_OK) {
		*sock = NULL;
		return;
	}
	if (how & 2)
		(void)cn_sock_set(*sock, CN_OPT_REUSEADDR, 1, t->now);
	if (how & 4) {
		(void)cn_sock_bind(*sock, &local);
		if (how & 8)
			(void)cn_sock_set(*sock, CN_OPT_HOLD, 1, t->now);
		(void)cn_sock_set(*sock, CN_OPT_FASTOPEN, how >> 6, t->now);
		(void)cn_sock_set(*sock, CN_OPT_MAX_PER_CLIENT, how >> 5,
				  t->now);
		(void)cn_sock_listen(*sock, how >> 5, t->now);
	} else {
		if (how & 16)
			(void)cn_sock_bind(*sock, &local);
		if (how & 32)
			(void)cn_sock_set(*sock, CN_OPT_FASTOPEN_CONNECT, 1,
					  t->now);
		if (how & 64)
			(void)cn_sock_connect_send(*sock, &peer, "early octets",
						   12, t->now);
		else
			(void)cn_sock_connect(*sock, &peer, t->now);
	}
}

static void do_accept(struct target *t)
{
	struct cn_sock *listener = *slot(t), **sock = slot(t), *child;

	if (!listener || cn_sock_accept(listener, &child, t->now) != CN_OK)
		return;
	if (*sock)
		cn_sock_abort(*sock, t->now);
	*sock = child;
}

static void do_send(struct target *t)
{
	static const uint8_t zeros[20000];
	struct cn_sock *sock = *slot(t);
	struct cn_span span[3];
	uint32_t n = number(t) % sizeof(zeros);
	size_t room = 0;
	int spans;

	if (!sock)
		return;
	if (octet(t) & 1) {
		(void)cn_sock_send(sock, zeros, n, octet(t) & 7, t->now);
		return;
	}
	spans = cn_sock_send_reserve(sock, n, span, 3, t->now);
	for (int i = 0; i < spans; i++) {
		memset(span[i].data, 1, span[i].len);
		room += span[i].len;
	}
	if (room)
		(void)cn_sock_send_commit(sock, octet(t) & 1 ? room : room / 2,
					  0, t->now);
}

static void do_recv(struct target *t)
{
	static uint8_t room[20000];
	struct cn_sock *sock = *slot(t);
	struct cn_slice slice[3];
	uint32_t n = number(t) % sizeof(room);

	if (!sock)
		return;
	if (octet(t) & 1) {
		(void)cn_sock_recv(sock, room, n, octet(t) & 15, t->now);
		return;
	}
	if (cn_sock_recv_view(sock, slice, 3) > 0)
		(void)cn_sock_recv_take(sock, slice[0].len / (1 + octet(t) % 2),
					t->now);
}

static void do_end(struct target *t)
{
	struct cn_sock **sock = slot(t);
	uint8_t how = octet(t) % 8;

	if (!*sock)
		return;
	if (how < 3) {
		(void)cn_sock_shutdown(*sock, (enum cn_shut)(how + 1), t->now);
		return;
	}
	if (how == 3)
		cn_sock_abort(*sock, t->now);
	else
		cn_sock_close(*sock, t->now);
	*sock = NULL;
}

static void do_ask(struct target *t)
{
	struct cn_sock *sock = *slot(t);
	enum cn_opt opt = (enum cn_opt)(octet(t) % CN_OPT_N);
	struct cn_tcp_info info;
	int64_t value;

	if (!sock)
		return;
	(void)cn_sock_ready(sock);
	(void)cn_sock_error(sock);
	(void)cn_sock_info(sock, &info);
	(void)cn_sock_get(sock, opt, &value);
	(void)cn_sock_set(sock, opt, (int32_t)number(t), t->now);
}

/* Time goes on; a deadline in the past must not stay there. */
static void do_time(struct target *t)
{
	uint64_t dt = number(t);

	t->now += dt * dt * (1 + octet(t)) * 1000;
	for (int i = 0; cn_host_deadline(t->host) <= t->now; i++) {
		if (i > 1000)
			abort();
		cn_host_advance(t->host, t->now);
		drain(t);
	}
}

static void do_memory(struct target *t)
{
	uint8_t n = octet(t);

	t->heap.fail_after = n & 0x80 ? -1 : n & 0x1f;
}

static bool begin(struct target *t)
{
	const struct cn_alloc alloc = {heap_alloc, heap_free, &t->heap};
	struct cn_link_config link = {.name = "fuzz", .mtu = 1500};
	struct cn_endpoint v4 = own(false), v6 = own(true);
	uint8_t how = octet(t);
	struct cn_settings set;
	int n;

	t->heap.fail_after = -1;
	t->pool = cn_pool_new(&alloc);
	cn_settings_default(&set);
	memset(set.seed, 7, sizeof(set.seed));
	set.seeded = true;
	set.pool = t->pool;
	set.memory_limit = LIMIT;
	set.sack = how & 1;
	set.timestamps = how & 2;
	set.window_scaling = how & 4;
	set.cc = t->bbr ? CN_CC_BBR : how >> 3 & 1;
	set.rcvbuf = how & 16 ? 8192 : 1 << 20;
	set.sndbuf = how & 32 ? 8192 : 1 << 20;
	set.ooo_max = how & 64 ? 4 : 4096;
	set.syncookies = how % 3;
	set.idle_timeout_ns = how & 1 ? 20 * CN_NS_PER_SEC : 0;
	set.fastopen_cache = 2;
	set.fastopen_blackhole_ns = CN_NS_PER_SEC;
	set.ecn = t->ecn;
	link.tx_csum = how & 128;
	link.tx_super = how & 128 ? 65535 : 0;
	t->now = CN_NS_PER_SEC;
	return cn_host_new(&set, t->now, &t->host) == CN_OK &&
	       cn_host_link_add(t->host, &link, &n) == CN_OK &&
	       cn_host_addr_add(t->host, n, &v4.addr, 24) == CN_OK &&
	       cn_host_addr_add(t->host, n, &v6.addr, 64) == CN_OK;
}

static void end(struct target *t)
{
	cn_host_free(t->host);
	if (cn_pool_in_use(t->pool))
		abort();
	cn_pool_free(t->pool);
	if (t->heap.octets)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const verb[])(struct target *) = {
		do_answer, do_answer, do_answer, do_answer, do_time, do_time,
		do_open,   do_send,   do_recv,	 do_end,    do_ask,  do_accept,
		do_syn,	   do_noise,  do_icmp,	 do_memory,
	};
	static struct target zero;
	struct target t = zero;

	t.in = (struct input){data, len};
	t.ecn = len ? data[len - 1] % 6 : 2;
	t.peer_ecn = len && data[len - 1] / 6 & 1;
	t.peer_accurate = len && data[len - 1] / 12 & 1;
	t.bbr = len && data[len - 1] / 24 % 3 == 2;
	if (!begin(&t))
		abort();
	for (int ops = 0; t.in.left && ops < OPS_MAX; ops++) {
		verb[octet(&t) % 16](&t);
		drain(&t);
		/* One charge may pass the limit, never more. */
		if (cn_host_memory(t.host, NULL) > LIMIT + (256u << 10))
			abort();
	}
	end(&t);
	return 0;
}
