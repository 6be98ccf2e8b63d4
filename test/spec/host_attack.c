/* SPDX-License-Identifier: MIT */
/*
 * Attacks that the host must withstand, by the rows of the table in
 * SECURITY.md.  Rows 6 and 10 are in unit/ports.c and spec/host_time_wait.c.
 */
#include <math.h>

#include "../pair.h"

#include "host/host.h"
#include "wire/icmp.h"

/* --------------------------------------------------------- row 5: ISNs -- */

static struct tuple tuple_of(unsigned n)
{
	struct tuple tuple = {
		.local = cn_addr_v4(10, 0, 0, 1),
		.peer = cn_addr_v4(10, 1, (uint8_t)(n >> 8), (uint8_t)n),
		.local_port = 80,
		.peer_port = (uint16_t)(1024 + (n >> 16)),
	};

	return tuple;
}

/* MUST-9, SHLD-1.  A million numbers, one connection each, 4 us apart: bits are even, and
 * neither neighbours nor the position tell anything. Notes: row 16. */
static void row_5_isns_of_strangers_are_unrelated(void **state)
{
	enum { N = 1000000 };
	double ones = 0, flips = 0, sum = 0, sum_i = 0, sum_ii = 0, sum_y = 0;
	double n = N, slope;
	uint32_t before = 0;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	for (unsigned i = 0; i < N; i++) {
		struct tuple tuple = tuple_of(i);
		uint32_t isn =
			host_isn(pair.host[0], &tuple, pair.now + i * 4000);

		ones += __builtin_popcount(isn);
		if (i)
			flips += __builtin_popcount(isn ^ before);
		before = isn;
		sum += (double)i * isn / 4294967296.0;
		sum_i += i;
		sum_ii += (double)i * i;
		sum_y += isn / 4294967296.0;
	}
	/* Five standard deviations of a fair coin thrown 32 N times. */
	assert_true(fabs(ones - 16 * n) < 5 * sqrt(8 * n));
	assert_true(fabs(flips - 16 * (n - 1)) < 5 * sqrt(8 * n));
	slope = (n * sum - sum_i * sum_y) / (n * sum_ii - sum_i * sum_i);
	assert_true(fabs(slope * n) < 5 * sqrt(1.0 / n));
	pair_deinit(&pair);
}

/* MUST-8: the same pair's numbers rise with the clock, so that TIME-WAIT is safe.
 * Notes: row 16. */
static void row_5_isns_of_one_pair_rise(void **state)
{
	struct tuple tuple = tuple_of(7);
	struct pair pair;
	uint32_t before;

	(void)state;
	pair_init(&pair, NULL);
	before = host_isn(pair.host[0], &tuple, pair.now);
	for (unsigned i = 0; i < 10000; i++) {
		uint32_t isn;

		pair.now += 1 + (uint64_t)i * 100000;
		isn = host_isn(pair.host[0], &tuple, pair.now);
		assert_true((int32_t)(isn - before) >= 0);
		before = isn;
	}
	/* 250 000 a second (RFC 9293 section 3.4.1). */
	before = host_isn(pair.host[0], &tuple, pair.now);
	assert_int_equal(host_isn(pair.host[0], &tuple, pair.now + S) - before,
			 250000);
	pair_deinit(&pair);
}

static void row_5_another_seed_gives_other_numbers(void **state)
{
	struct tuple tuple = tuple_of(7);
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	assert_int_not_equal(host_isn(pair.host[0], &tuple, pair.now),
			     host_isn(pair.host[1], &tuple, pair.now));
	pair_deinit(&pair);
}

/* ------------------------------------------------- row 8: timestamps -- */

static void row_8_two_peers_see_unrelated_clocks(void **state)
{
	unsigned high = 0;
	uint32_t first = 0;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	for (unsigned i = 0; i < 4000; i++) {
		struct tuple tuple = tuple_of(i);
		uint32_t off = host_ts_off(pair.host[0], &tuple);

		if (!i)
			first = off;
		high += (off - first) >> 31;
		/* Ports do not matter: PAWS needs one clock per pair. */
		tuple.peer_port++;
		assert_int_equal(host_ts_off(pair.host[0], &tuple), off);
	}
	assert_in_range(high, 1850, 2150);
	pair_deinit(&pair);
}

static void row_8_the_wire_shows_the_offset(void **state)
{
	struct cn_endpoint peer = pair_at(1, 80), other = pair_at(7, 80);
	struct tcp_seg a, b;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	connect_from(&pair, 0, peer);
	connect_from(&pair, 0, other);
	assert_true(take_segment(&pair, 0, &a, NULL));
	assert_true(take_segment(&pair, 0, &b, NULL));
	assert_true(a.options & b.options & TCP_OPT_TS);
	assert_true(a.tsval - b.tsval > 100000);
	assert_true(b.tsval - a.tsval > 100000);
	pair_deinit(&pair);
}

/* ------------------------------------------------------- row 11: ICMP -- */

struct quoted {
	struct cn_endpoint from, to; /* of the packet that is quoted */
	uint32_t seq;
};

/* An ICMP message of a router at 10.0.0.254 arrives at host 0. */
static void icmp_arrives(struct pair *pair, const struct icmp_msg *like,
			 const struct quoted *quoted)
{
	struct tcp_seg seg = {.seq = quoted->seq, .flags = TCP_ACK};
	static const uint8_t types[] = {[ICMP_UNREACHABLE] = 3,
					[ICMP_PACKET_TOO_BIG] = 3,
					[ICMP_SOURCE_QUENCH] = 4};
	struct icmp_msg msg = *like;
	struct cn_frame inner, frame;
	struct ip_hdr ip = {.version = 4, .protocol = IP_ICMP, .ttl = 64};
	size_t ip_len, len;

	segment_frame(&inner, quoted->from, quoted->to, &seg);
	msg.version = 4;
	msg.type = types[msg.kind];
	if (msg.kind == ICMP_PACKET_TOO_BIG)
		msg.code = 4;
	msg.body = inner.header;
	msg.body_len = 28;
	ip.src = cn_addr_v4(10, 0, 0, 254);
	ip.dst = quoted->from.addr;
	ip.payload_len = 8 + msg.body_len;
	memset(&frame, 0, sizeof(frame));
	ip_len = ip_emit(frame.header, &ip);
	len = icmp_emit(frame.header + ip_len, &ip, &msg);
	frame.header_len = (uint16_t)(ip_len + len);
	cn_host_input(pair->host[0], 0, &frame, pair->now);
}

static const struct icmp_msg port_unreachable = {.kind = ICMP_UNREACHABLE,
						 .code = 3};

static struct quoted quote_of(struct cn_sock *sock, uint32_t seq)
{
	struct quoted quoted = {.seq = seq};

	cn_sock_name(sock, &quoted.from);
	assert_int_equal(cn_sock_peer(sock, &quoted.to), 0);
	return quoted;
}

/* MUST-47.  Data in flight; every number but those in flight is ignored. */
static void row_11_only_what_is_in_flight_is_believed(void **state)
{
	struct pair pair;
	struct duo duo;
	struct quoted quoted;
	uint32_t una, nxt;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	assert_int_equal(
		cn_sock_send(duo.client, "0123456789", 10, 0, pair.now), 10);
	pair.lose = NULL;
	{
		struct tcp_seg seg;

		assert_true(take_segment(&pair, 0, &seg, NULL));
	}
	una = duo.client->tcb.snd_una;
	nxt = duo.client->tcb.snd_nxt;
	assert_int_equal(nxt - una, 10);
	for (int i = 0; i < 4; i++) {
		static const int32_t off[] = {-1, 10, 1000, -100000};

		quoted = quote_of(duo.client, una + (uint32_t)off[i]);
		icmp_arrives(&pair, &port_unreachable, &quoted);
	}
	assert_int_equal(drops(&pair, 0, CN_DROP_ICMP_UNMATCHED), 4);
	assert_int_equal(duo.client->tcb.soft_err, 0);
	quoted = quote_of(duo.client, una + 3);
	icmp_arrives(&pair, &port_unreachable, &quoted);
	assert_int_equal(drops(&pair, 0, CN_DROP_ICMP_UNMATCHED), 4);
	/* A hard error, and yet the connection lives. */
	assert_int_equal(duo.client->tcb.soft_err, CN_E_CONNREFUSED);
	assert_int_equal(cn_sock_state(duo.client), CN_ESTABLISHED);
	assert_int_equal(cn_sock_error(duo.client), 0);
	/* The segment that was lost is repaired as ever. */
	pair_after(&pair, 2 * S);
	expect_text(&pair, duo.server, "0123456789");
	pair_deinit(&pair);
}

static void row_11_idle_connection_believes_nothing(void **state)
{
	struct pair pair;
	struct duo duo;
	struct quoted quoted;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	for (int i = -2; i <= 2; i++) {
		quoted = quote_of(duo.client,
				  duo.client->tcb.snd_nxt + (uint32_t)i);
		icmp_arrives(&pair, &port_unreachable, &quoted);
	}
	assert_int_equal(drops(&pair, 0, CN_DROP_ICMP_UNMATCHED), 5);
	pair_deinit(&pair);
}

/* MUST-54, SHLD-26 */
static void row_11_syn_sent_ends_only_on_its_own_number(void **state)
{
	struct cn_endpoint to = pair_at(1, 80);
	struct quoted quoted = {.to = to};
	struct cn_sock *sock;
	struct tcp_seg syn;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	sock = connect_from(&pair, 0, to);
	assert_true(take_segment(&pair, 0, &syn, NULL));
	cn_sock_name(sock, &quoted.from);
	quoted.seq = syn.seq + 1;
	icmp_arrives(&pair, &port_unreachable, &quoted);
	assert_int_equal(cn_sock_state(sock), CN_SYN_SENT);
	quoted.seq = syn.seq;
	icmp_arrives(&pair, &port_unreachable, &quoted);
	assert_int_equal(cn_sock_state(sock), CN_CLOSED);
	assert_int_equal(cn_sock_error(sock), CN_E_CONNREFUSED);
	pair_deinit(&pair);
}

static void row_11_path_mtu_has_a_floor(void **state)
{
	static const struct {
		uint32_t mtu;
		uint32_t mss;
	} rows[] = {{1400, 1360}, {1600, 1360}, {68, 512}, {0, 512}};
	static uint8_t block[100000];
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct icmp_msg msg = {.kind = ICMP_PACKET_TOO_BIG,
				       .mtu = rows[i].mtu};
		struct quoted quoted;
		struct tcp_seg seg;

		assert_true(cn_sock_send(duo.client, block, 20000, 0,
					 pair.now) > 0);
		assert_true(take_segment(&pair, 0, &seg, NULL));
		/* Not in flight: nothing. */
		quoted = quote_of(duo.client, seg.seq - 50000);
		icmp_arrives(&pair, &msg, &quoted);
		quoted.seq = seg.seq;
		icmp_arrives(&pair, &msg, &quoted);
		if (duo.client->tcb.snd_mss != rows[i].mss)
			fail_msg("mtu %u: mss %u", rows[i].mtu,
				 duo.client->tcb.snd_mss);
		pair_after(&pair, S);
		while (cn_sock_recv(duo.server, block, sizeof(block), 0,
				    pair.now) > 0)
			pair_run(&pair);
	}
	pair_deinit(&pair);
}

static void row_11_source_quench_is_ignored(void **state)
{
	struct icmp_msg msg = {.kind = ICMP_SOURCE_QUENCH};
	struct pair pair;
	struct duo duo;
	struct quoted quoted;
	uint32_t cwnd;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	cwnd = duo.client->tcb.cc.cwnd;
	quoted = quote_of(duo.client, duo.client->tcb.snd_una);
	icmp_arrives(&pair, &msg, &quoted);
	assert_int_equal(duo.client->tcb.cc.cwnd, cwnd);
	assert_int_equal(cn_sock_state(duo.client), CN_ESTABLISHED);
	pair_deinit(&pair);
}

static void row_11_syn_entry_needs_its_own_number(void **state)
{
	struct icmp_msg host_unknown = {.kind = ICMP_UNREACHABLE, .code = 7};
	struct tcp_seg syn = {.seq = 5, .len = 1, .flags = TCP_SYN, .wnd = 9};
	struct cn_endpoint peer = pair_at(8, 999);
	struct quoted quoted = {.from = pair_at(0, 80), .to = peer};
	struct tcp_seg reply;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener_on(&pair, 0, 80, 5);
	inject(&pair, 0, peer, quoted.from, &syn);
	assert_true(take_segment(&pair, 0, &reply, NULL));
	quoted.seq = reply.seq + 1;
	icmp_arrives(&pair, &host_unknown, &quoted);
	assert_int_equal(pair.host[0]->syns.open_n, 1);
	quoted.seq = reply.seq;
	icmp_arrives(&pair, &host_unknown, &quoted);
	assert_int_equal(pair.host[0]->syns.open_n, 0);
	pair_deinit(&pair);
}

/* ------------------------------------------------------ row 12: IP ID -- */

static bool look_at_id(struct pair *pair, int from,
		       const struct cn_frame *frame)
{
	(void)pair;
	(void)from;
	/* DF, and no identification that could be counted. */
	assert_int_equal(get16(frame->header + 4), 0);
	assert_int_equal(frame->header[6], 0x40);
	return false;
}

static void row_12_atomic_datagrams_have_no_id(void **state)
{
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	pair.lose = look_at_id;
	duo = pair_connect(&pair, 80);
	send_text(&pair, duo.client, "data");
	connect_from(&pair, 0, pair_at(1, 81));
	pair_run(&pair);
	pair_deinit(&pair);
}

/* ---------------------------------------------- rows 13, 14, 25 and 39 -- */

/* The store of SYNs is bounded, and honest peers on other ports get in.
 * Notes: row 134. */
static void row_13_syn_flood_costs_a_bounded_store(void **state)
{
	struct tcp_seg syn = {.len = 1, .flags = TCP_SYN, .wnd = 1000};
	struct cn_event event;
	struct pair pair;
	struct cn_sock *honest;
	size_t before, peak;

	(void)state;
	pair_init(&pair, NULL);
	listener_on(&pair, 1, 80, 4096);
	listener_on(&pair, 1, 81, 16);
	before = cn_host_memory(pair.host[1], NULL);
	for (unsigned i = 0; i < 200000; i++) {
		struct cn_endpoint from = {cn_addr_v4(10, 0, 0,
						      (uint8_t)(3 + i % 200)),
					   (uint16_t)(1024 + i / 200)};

		syn.seq = i * 977;
		inject(&pair, 1, from, pair_at(1, 80), &syn);
		if (i % 64 == 0)
			while (pair_move(&pair, 1))
				;
	}
	while (cn_host_event(pair.host[1], &event))
		;
	cn_host_memory(pair.host[1], &peak);
	assert_true(peak - before < 4096 * 64 * 2);
	honest = connect_from(&pair, 0, pair_at(1, 81));
	pair_run(&pair);
	assert_int_equal(cn_sock_state(honest), CN_ESTABLISHED);
	/* When it is over nothing of it stays. */
	pair_after(&pair, 70 * S);
	assert_int_equal(pair.host[1]->syns.shelf.n, 0);
	pair_deinit(&pair);
}

static void small_memory(struct cn_settings *settings, int host)
{
	if (host == 1)
		settings->memory_limit = 2 << 20;
}

/* Peers that never read, so many that even the least for each is more than
 * there is: the worst holders go, the honest one is served. */
static void row_14_the_worst_holder_pays(void **state)
{
	enum { N = 500 };
	static uint8_t block[256 * 1024];
	struct cn_sock *listener, *server[N], *client;
	struct pair pair;
	unsigned gone = 0, told = 0;
	size_t used;

	(void)state;
	pair_init(&pair, small_memory);
	listener = listener_on(&pair, 1, 80, N);
	for (int i = 0; i < N; i++) {
		client = connect_from(&pair, 0, pair_at(1, 80));
		assert_int_equal(cn_sock_set(client, CN_OPT_RCVBUF, 2304, 0),
				 0);
		pair_run(&pair);
		server[i] = accept_from(&pair, listener);
		cn_sock_send(server[i], block, sizeof(block), 0, pair.now);
		pair_after(&pair, 20 * MS);
	}
	for (int round = 0; round < 10; round++) {
		pair_after(&pair, S);
		for (int i = 0; i < N; i++)
			told += cn_sock_send(server[i], block, 30000, 0,
					     pair.now) == CN_E_CONNABORTED;
	}
	used = cn_host_memory(pair.host[1], NULL);
	assert_true(used < (2 << 20) + sizeof(block));
	for (int i = 0; i < N; i++) {
		gone += cn_sock_state(server[i]) == CN_CLOSED;
		told += cn_sock_error(server[i]) == CN_E_CONNABORTED;
	}
	assert_in_range(gone, 1, N - 1);
	/* Not what says that the call may be made again. */
	assert_int_equal(told, gone);
	client = connect_from(&pair, 0, pair_at(1, 80));
	pair_run(&pair);
	send_text(&pair, client, "hello");
	expect_text(&pair, accept_from(&pair, listener), "hello");
	pair_deinit(&pair);
}

/* A segment with octets of its own from a peer that follows no rules. */
static void inject_data(struct pair *pair, struct cn_endpoint from,
			struct cn_endpoint to, const struct tcp_seg *seg,
			const uint8_t *data, uint32_t len)
{
	struct cn_frame frame;
	struct checksum sum = {0};
	uint8_t *ip;

	segment_frame(&frame, from, to, seg);
	ip = frame.header;
	put16(ip + 2, (uint16_t)(frame.header_len + len));
	put16(ip + 10, 0);
	checksum_add(&sum, ip, IP4_HEADER_LEN);
	put16(ip + 10, checksum_finish(&sum));
	/* The link vouches for the other. */
	frame.csum = CN_CSUM_VALID;
	frame.slice[0].data = data;
	frame.slice[0].len = len;
	frame.slice_n = 1;
	frame.payload_len = len;
	cn_host_input(pair->host[1], 0, &frame, pair->now);
}

/* Row 18: peers that leave a gap and fill what lies behind it, so many that it
 * is all the memory there is.  What is not acknowledged may go. */
static void row_18_what_lies_behind_gaps_makes_room(void **state)
{
	static const uint8_t block[1400];
	const struct cn_endpoint to = pair_at(1, 80);
	struct tcp_seg seg = {.wnd = 1000}, reply;
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, small_memory);
	listener_on(&pair, 1, 80, 100);
	duo = pair_connect(&pair, 81);
	for (unsigned i = 0; i < 60; i++) {
		struct cn_endpoint from = pair_at(0, (uint16_t)(1000 + i));

		seg.seq = 0;
		seg.ack = 0;
		seg.flags = TCP_SYN;
		inject(&pair, 1, from, to, &seg);
		assert_true(take_segment(&pair, 1, &reply, NULL));
		seg.seq = 1;
		seg.ack = reply.seq + 1;
		seg.flags = TCP_ACK;
		inject(&pair, 1, from, to, &seg);
		for (seg.seq = 2; seg.seq < 60000; seg.seq += 1400) {
			inject_data(&pair, from, to, &seg, block, 1400);
			while (take_segment(&pair, 1, &reply, NULL))
				;
		}
	}
	assert_true(cn_host_memory(pair.host[1], NULL) < 2 << 20);
	for (int i = 0; i < 20; i++) {
		pair_after(&pair, 100 * MS);
		send_text(&pair, duo.client, "hello");
		expect_text(&pair, duo.server, "hello");
	}
	pair_deinit(&pair);
}

/* Row 22: without the key nobody can choose connections that collide. */
static void row_22_the_table_is_keyed(void **state)
{
	enum { N = 100000, BINS = 4096 };
	static unsigned bin[BINS];
	struct pair pair;
	unsigned same = 0, most = 0;

	(void)state;
	pair_init(&pair, NULL);
	for (unsigned i = 0; i < N; i++) {
		struct tuple tuple = tuple_of(i * 4096);
		uint32_t a = flow_hash(pair.host[0], &tuple);

		same += a == flow_hash(pair.host[1], &tuple);
		bin[a % BINS]++;
	}
	for (unsigned i = 0; i < BINS; i++)
		most = bin[i] > most ? bin[i] : most;
	assert_true(same <= 1);
	/* 24 on average. */
	assert_true(most < 60);
	pair_deinit(&pair);
}

static void row_25_resets_are_limited(void **state)
{
	struct tcp_seg ack = {.seq = 1, .ack = 2, .flags = TCP_ACK}, reply;
	struct pair pair;
	unsigned n = 0;

	(void)state;
	pair_init(&pair, NULL);
	for (unsigned i = 0; i < 20000; i++) {
		inject(&pair, 1, pair_at(3, (uint16_t)(1000 + i)),
		       pair_at(1, 9), &ack);
		while (take_segment(&pair, 1, &reply, NULL)) {
			assert_int_equal(reply.flags, TCP_RST);
			n++;
		}
	}
	assert_in_range(n, 1, 1000);
	assert_int_equal(drops(&pair, 1, CN_DROP_RST_RATE), 20000 - n);
	/* A reset is never answered. */
	pair.now += 10 * S;
	ack.flags = TCP_RST;
	inject(&pair, 1, pair_at(3, 1000), pair_at(1, 9), &ack);
	expect_silence(&pair, 1);
	pair_deinit(&pair);
}

static void row_25_many_are_never_answered(void **state)
{
	struct tcp_seg syn = {.seq = 1, .len = 1, .flags = TCP_SYN};
	struct cn_endpoint multicast = {cn_addr_v4(224, 0, 0, 1), 80};
	struct cn_endpoint broadcast = {cn_addr_v4(10, 0, 0, 255), 80};
	struct cn_endpoint limited = {cn_addr_v4(255, 255, 255, 255), 80};
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener_on(&pair, 1, 80, 5);
	inject(&pair, 1, pair_at(0, 1000), multicast, &syn);
	inject(&pair, 1, pair_at(0, 1000), broadcast, &syn);
	inject(&pair, 1, pair_at(0, 1000), limited, &syn);
	multicast.port = 1000;
	inject(&pair, 1, multicast, pair_at(1, 80), &syn);
	inject(&pair, 1, broadcast, pair_at(1, 80), &syn);
	expect_silence(&pair, 1);
	assert_int_equal(pair.host[1]->syns.open_n, 0);
	pair_deinit(&pair);
}

/* Notes: row 134. */
static void row_39_land_is_dropped(void **state)
{
	struct tcp_seg syn = {.seq = 1, .len = 1, .flags = TCP_SYN};
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener_on(&pair, 1, 80, 5);
	inject(&pair, 1, pair_at(1, 80), pair_at(1, 80), &syn);
	inject(&pair, 1, loop_at(80), pair_at(1, 80), &syn);
	inject(&pair, 1, pair_at(0, 80), loop_at(80), &syn);
	expect_silence(&pair, 1);
	cn_host_advance(pair.host[1], pair.now);
	assert_int_equal(pair.host[1]->syns.open_n, 0);
	pair_deinit(&pair);
}

static void all_addresses(struct cn_settings *settings, int host)
{
	(void)host;
	settings->any_addr = true;
}

/* What was found good of the packet before holds no longer when our addresses
 * change: the peer's own becomes ours, or not all are ours any more. */
static void row_39_addresses_that_change_are_judged_anew(void **state)
{
	struct cn_endpoint from = pair_at(0, 4000);
	struct cn_endpoint to = {cn_addr_v4(192, 0, 2, 7), 81};
	struct tcp_seg syn = {.seq = 1, .len = 1, .flags = TCP_SYN};
	struct cn_addr theirs = pair_addr4(1);
	struct cn_settings set;
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	send_text(&pair, duo.server, "before");
	expect_text(&pair, duo.client, "before");
	assert_int_equal(drops(&pair, 0, CN_DROP_IP_SOURCE), 0);
	assert_int_equal(cn_host_addr_add(pair.host[0], 0, &theirs, 24), 0);
	send_text(&pair, duo.server, "after");
	assert_true(drops(&pair, 0, CN_DROP_IP_SOURCE) > 0);
	assert_int_equal(cn_sock_readable(duo.client), 0);
	pair_deinit(&pair);

	pair_init(&pair, all_addresses);
	inject(&pair, 1, from, to, &syn);
	inject(&pair, 1, from, to, &syn);
	assert_int_equal(drops(&pair, 1, CN_DROP_IP_NOT_OURS), 0);
	pair_settings(&pair, &set, 1);
	assert_int_equal(cn_host_retune(pair.host[1], &set), 0);
	inject(&pair, 1, from, to, &syn);
	assert_int_equal(drops(&pair, 1, CN_DROP_IP_NOT_OURS), 1);
	pair_deinit(&pair);
}

static bool count_same(const void *object, const void *key)
{
	(void)object;
	++*(unsigned *)(uintptr_t)key;
	return false;
}

/* A peer that resets what nobody has accepted yet, and comes again from the
 * same port: what is left of its connections is not looked through for each
 * segment that it sends. */
static void row_22_connections_that_ended_are_out_of_the_way(void **state)
{
	const struct cn_endpoint from = pair_at(0, 1000), to = pair_at(1, 80);
	struct tcp_seg seg = {.wnd = 1000}, reply;
	struct cn_sock *listener, *sock;
	struct tuple tuple = {
		.local = pair_addr4(1),
		.peer = pair_addr4(0),
		.local_port = 80,
		.peer_port = 1000,
	};
	unsigned looked = 0, n = 0;
	struct cn_endpoint peer;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener = listener_on(&pair, 1, 80, 100);
	for (unsigned i = 0; i < 100; i++) {
		seg.seq = 1000 * i;
		seg.ack = 0;
		seg.flags = TCP_SYN;
		inject(&pair, 1, from, to, &seg);
		assert_true(take_segment(&pair, 1, &reply, NULL));
		seg.seq++;
		seg.ack = reply.seq + 1;
		seg.flags = TCP_ACK;
		inject(&pair, 1, from, to, &seg);
		seg.flags = TCP_RST;
		inject(&pair, 1, from, to, &seg);
		pair.now += MS;
	}
	assert_int_equal(cn_sock_pending(listener, &n), 100);
	assert_null(map_find(&pair.host[1]->flows,
			     flow_hash(pair.host[1], &tuple), count_same,
			     &looked));
	assert_int_equal(looked, 0);
	/* They are accepted all the same, and know whose they were. */
	while (!cn_sock_accept(listener, &sock, pair.now)) {
		assert_int_equal(cn_sock_accepted_peer(sock, &peer), 0);
		assert_int_equal(peer.port, 1000);
		assert_int_equal(cn_sock_error(sock), CN_E_CONNRESET);
		cn_sock_close(sock, pair.now);
	}
	pair_deinit(&pair);
}

static void clients_of_one(struct cn_settings *settings, int host)
{
	(void)host;
	settings->max_per_client = 3;
}

/* What is counted by prefixes is counted by those that it was begun with; and
 * what a new host would refuse, an old one does. */
static void settings_that_change_break_nothing(void **state)
{
	struct cn_settings set;
	struct pair pair;
	struct duo duo;

	(void)state;
	pair_init(&pair, clients_of_one);
	duo = pair_connect(&pair, 80);
	pair_settings(&pair, &set, 1);
	set.client_prefix_v4 = 8;
	assert_int_equal(cn_host_retune(pair.host[1], &set), CN_OK);
	cn_sock_abort(duo.client, pair.now);
	pair_run(&pair);
	set.port_low = 2000;
	set.port_high = 1000;
	assert_int_equal(cn_host_retune(pair.host[1], &set), CN_E_RANGE);
	connect_from(&pair, 1, pair_at(0, 80));
	pair_run(&pair);
	pair_deinit(&pair);
}

/* MUST-3. Notes: row 61. */
static void row_43_bad_checksum_changes_nothing(void **state)
{
	struct tcp_seg syn = {.seq = 1, .len = 1, .flags = TCP_SYN};
	struct cn_frame frame;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener_on(&pair, 1, 80, 5);
	segment_frame(&frame, pair_at(0, 1000), pair_at(1, 80), &syn);
	for (unsigned i = 20; i < frame.header_len; i++) {
		frame.header[i] ^= 1;
		cn_host_input(pair.host[1], 0, &frame, pair.now);
		frame.header[i] ^= 1;
	}
	expect_silence(&pair, 1);
	assert_int_equal(pair.host[1]->syns.open_n, 0);
	cn_host_input(pair.host[1], 0, &frame, pair.now);
	assert_int_equal(pair.host[1]->syns.open_n, 1);
	pair_deinit(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(row_5_isns_of_strangers_are_unrelated),
		cmocka_unit_test(row_5_isns_of_one_pair_rise),
		cmocka_unit_test(row_5_another_seed_gives_other_numbers),
		cmocka_unit_test(row_8_two_peers_see_unrelated_clocks),
		cmocka_unit_test(row_8_the_wire_shows_the_offset),
		cmocka_unit_test(row_11_only_what_is_in_flight_is_believed),
		cmocka_unit_test(row_11_idle_connection_believes_nothing),
		cmocka_unit_test(row_11_syn_sent_ends_only_on_its_own_number),
		cmocka_unit_test(row_11_path_mtu_has_a_floor),
		cmocka_unit_test(row_11_source_quench_is_ignored),
		cmocka_unit_test(row_11_syn_entry_needs_its_own_number),
		cmocka_unit_test(row_12_atomic_datagrams_have_no_id),
		cmocka_unit_test(row_13_syn_flood_costs_a_bounded_store),
		cmocka_unit_test(row_14_the_worst_holder_pays),
		cmocka_unit_test(row_18_what_lies_behind_gaps_makes_room),
		cmocka_unit_test(row_22_the_table_is_keyed),
		cmocka_unit_test(row_25_resets_are_limited),
		cmocka_unit_test(row_25_many_are_never_answered),
		cmocka_unit_test(row_39_land_is_dropped),
		cmocka_unit_test(row_39_addresses_that_change_are_judged_anew),
		cmocka_unit_test(
			row_22_connections_that_ended_are_out_of_the_way),
		cmocka_unit_test(settings_that_change_break_nothing),
		cmocka_unit_test(row_43_bad_checksum_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
