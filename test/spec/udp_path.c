/* SPDX-License-Identifier: MIT */
/*
 * Datagrams on the wire: checksums (RFC 768, RFC 8200 section 8.1), fragments
 * (RFC 791 section 3.2), what ICMP says of them (RFC 1122 section 4.1.3.3), and
 * those that go to many (RFC 1112, RFC 919).
 */
#include "udp.h"

/* ------------------------------------------------------------------ sizes -- */

static void whole_way(struct pair *pair, int family, uint32_t len)
{
	static uint8_t out[70000], got[70000];
	struct cn_dgram *a = dgram_on(pair, 0, family);
	struct cn_dgram *b = dgram_on(pair, 1, family);
	struct cn_endpoint at =
		family == 6 ? (struct cn_endpoint){.port = 2000} : any_at(2000);
	struct cn_endpoint to = pair_at(1, 2000);
	struct cn_dgram_msg msg;

	if (family == 6)
		to.addr = pair_addr6(1);
	for (uint32_t i = 0; i < len; i++)
		out[i] = (uint8_t)(i * 7 + len);
	assert_int_equal(cn_dgram_bind(b, &at), 0);
	assert_int_equal(cn_dgram_send(a, out, len, &to, pair->now), len);
	pair_run(pair);
	assert_int_equal(cn_dgram_recv(b, got, sizeof(got), 0, &msg), len);
	assert_memory_equal(got, out, len);
	cn_dgram_close(a);
	cn_dgram_close(b);
}

/* Notes: row 76. */
static void every_size_arrives_whole(void **state)
{
	static const uint32_t len[] = {0,    1,	   2,	 3,    1471,  1472,
				       1473, 1474, 2953, 8000, 32768, 65507};

	(void)state;
	for (uint32_t super = 0; super < 2; super++) {
		struct pair pair;

		pair_init_super(&pair, super * 65000, NULL);
		for (size_t i = 0; i < sizeof(len) / sizeof(len[0]); i++) {
			whole_way(&pair, 4, len[i]);
			whole_way(&pair, 6, len[i]);
		}
		whole_way(&pair, 6, 65527);
		assert_true(cn_host_counters(pair.host[0])->frag_made > 0);
		assert_true(cn_host_counters(pair.host[1])->frag_reassembled >
			    0);
		pair_deinit(&pair);
	}
}

static void longer_than_ip_can_say_is_refused(void **state)
{
	struct cn_endpoint to = pair_at(1, 2000), to6 = {pair_addr6(1), 2000};
	static uint8_t data[65536];
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	assert_int_equal(cn_dgram_send(dgram_on(&pair, 0, 4), data, 65508, &to,
				       pair.now),
			 CN_E_MSGSIZE);
	assert_int_equal(cn_dgram_send(dgram_on(&pair, 0, 6), data, 65528, &to6,
				       pair.now),
			 CN_E_MSGSIZE);
	pair_deinit(&pair);
}

/* -------------------------------------------------------------- checksums -- */

/* A UDP packet for host 1, port 2000, the checksum field as it is given. */
static void send_raw(struct pair *pair, bool v6, int32_t checksum,
		     uint16_t udp_len, const char *text)
{
	struct ip_hdr ip = {.protocol = IP_UDP, .ttl = 64, .df = true};
	uint32_t len = UDP_HEADER_LEN + (uint32_t)strlen(text);
	struct checksum sum = {0};
	struct cn_frame frame;
	uint8_t *p;

	memset(&frame, 0, sizeof(frame));
	ip.src = v6 ? pair_addr6(0) : pair_addr4(0);
	ip.dst = v6 ? pair_addr6(1) : pair_addr4(1);
	ip.payload_len = len;
	frame.header_len = (uint16_t)ip_emit(frame.header, &ip);
	p = frame.header + frame.header_len;
	put16(p, 1000);
	put16(p + 2, 2000);
	put16(p + 4, udp_len ? udp_len : (uint16_t)len);
	put16(p + 6, 0);
	memcpy(p + 8, text, len - 8);
	checksum_add_pseudo(&sum, &ip.src, &ip.dst, IP_UDP,
			    udp_len ? udp_len : len);
	checksum_add(&sum, p, udp_len && udp_len < len ? udp_len : len);
	put16(p + 6, checksum < 0 ? checksum_finish(&sum) : (uint16_t)checksum);
	frame.header_len = (uint16_t)(frame.header_len + len);
	cn_host_input(pair->host[1], 0, &frame, pair->now);
}

static void checksum_is_verified_and_may_be_missing_on_ipv4(void **state)
{
	struct cn_endpoint at = {.port = 2000};
	struct cn_dgram *b;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	b = dgram_on(&pair, 1, 6);
	assert_int_equal(cn_dgram_bind(b, &at), 0);
	for (int v6 = 0; v6 < 2; v6++) {
		send_raw(&pair, v6, -1, 0, "right");
		hears(b, "right");
		send_raw(&pair, v6, 0x1234, 0, "wrong");
		hears_nothing(b);
	}
	assert_int_equal(drops(&pair, 1, CN_DROP_UDP_CHECKSUM), 2);
	/* RFC 768: none was made.  RFC 8200 section 8.1: it must be. */
	send_raw(&pair, false, 0, 0, "none");
	hears(b, "none");
	send_raw(&pair, true, 0, 0, "none");
	hears_nothing(b);
	assert_int_equal(drops(&pair, 1, CN_DROP_UDP_BAD), 1);
	/* The length is UDP's own; what follows is not data. */
	send_raw(&pair, false, -1, 10, "abcdef");
	hears(b, "ab");
	send_raw(&pair, false, -1, 7, "abcdef");
	send_raw(&pair, false, -1, 15, "abcdef");
	hears_nothing(b);
	assert_int_equal(drops(&pair, 1, CN_DROP_UDP_BAD), 3);
	pair_deinit(&pair);
}

/* RFC 768: a sum that comes out as zero is sent as all ones. */
static void checksum_of_zero_is_sent_as_ones(void **state)
{
	struct cn_endpoint to = pair_at(1, 2000);
	struct cn_dgram *a;
	struct pair pair;
	uint16_t field;
	uint8_t data[2];

	(void)state;
	pair_init(&pair, NULL);
	a = bound_on(&pair, 0, 1000);
	(void)bound_on(&pair, 1, 2000);
	/* What makes the sum of the rest zero is found by asking. */
	memset(data, 0, 2);
	assert_int_equal(cn_dgram_send(a, data, 2, &to, pair.now), 2);
	pair_run(&pair);
	field = get16(pair.last[0] + 26);
	assert_int_not_equal(field, 0);
	put16(data, field);
	assert_int_equal(cn_dgram_send(a, data, 2, &to, pair.now), 2);
	pair_run(&pair);
	assert_int_equal(get16(pair.last[0] + 26), 0xffff);
	assert_int_equal(cn_host_counters(pair.host[1])->udp_in, 2);
	pair_deinit(&pair);
}

/* ------------------------------------------------------------------ ICMP -- */

/* RFC 1122 section 4.1.3.1, and Linux: the connected socket is told.
 * Notes: row 150. */
static void port_unreachable_refuses_a_connected_socket(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct cn_endpoint to = pair_at(1, 7);
		struct cn_dgram *a;
		struct pair pair;

		pair_init(&pair, NULL);
		if (v6)
			to.addr = pair_addr6(1);
		a = dgram_on(&pair, 0, v6 ? 6 : 4);
		assert_int_equal(cn_dgram_connect(a, &to), 0);
		assert_int_equal(cn_dgram_send(a, "x", 1, NULL, pair.now), 1);
		pair_run(&pair);
		assert_int_equal(cn_dgram_send(a, "x", 1, NULL, pair.now),
				 CN_E_CONNREFUSED);
		assert_int_equal(cn_dgram_send(a, "x", 1, NULL, pair.now), 1);
		pair_run(&pair);
		assert_int_equal(cn_dgram_error(a), CN_E_CONNREFUSED);
		assert_int_equal(cn_dgram_error(a), 0);
		assert_int_equal(drops(&pair, 1, CN_DROP_UDP_NO_PORT), 2);
		pair_deinit(&pair);
	}
}

/* Notes: row 150. */
static void unconnected_socket_is_told_only_if_it_asks(void **state)
{
	struct cn_endpoint to = pair_at(1, 7);
	struct cn_dgram_error error;
	struct cn_addr peer = pair_addr4(1);
	struct cn_dgram *a;
	struct pair pair;
	char got[16];

	(void)state;
	pair_init(&pair, NULL);
	a = dgram_on(&pair, 0, 4);
	say(&pair, a, to, "quiet");
	assert_int_equal(cn_dgram_error(a), 0);
	dgram_opt(a, CN_DGRAM_OPT_RECVERR, 1);
	say(&pair, a, to, "loud");
	assert_int_equal(cn_dgram_ready(a) & CN_READY_ERR, CN_READY_ERR);
	assert_int_equal(cn_dgram_recv_error(a, got, sizeof(got), &error), 4);
	assert_memory_equal(got, "loud", 4);
	assert_int_equal(error.err, CN_E_CONNREFUSED);
	assert_int_equal(error.origin, CN_DGRAM_ICMP);
	assert_int_equal(error.type, 3);
	assert_int_equal(error.code, 3);
	assert_int_equal(error.to.port, 7);
	assert_true(cn_addr_equal(&error.to.addr, &peer));
	assert_true(cn_addr_equal(&error.offender, &peer));
	assert_int_equal(cn_dgram_recv_error(a, got, sizeof(got), &error),
			 CN_E_AGAIN);
	/* As on Linux 6.18: it has been told, and is not pending. */
	assert_int_equal(cn_dgram_error(a), 0);
	pair_deinit(&pair);
}

/* RFC 1122 section 4.1.3.1's answers are bounded (row 25). */
static void port_unreachable_is_rate_limited(void **state)
{
	struct cn_dgram *a;
	struct pair pair;
	uint64_t sent;

	(void)state;
	pair_init(&pair, NULL);
	a = dgram_on(&pair, 0, 4);
	for (int i = 0; i < 2000; i++)
		say(&pair, a, pair_at(1, 7), "x");
	sent = cn_host_counters(pair.host[1])->icmp_out;
	assert_in_range(sent, 100, 600);
	assert_int_equal(drops(&pair, 1, CN_DROP_ICMP_RATE), 2000 - sent);
	pair_deinit(&pair);
}

/* An ICMP error about a datagram that was never sent changes nothing. */
static void icmp_about_what_was_not_sent_is_ignored(void **state)
{
	struct cn_dgram *a;
	struct cn_frame frame;
	struct ip_hdr quoted = {.protocol = IP_UDP, .ttl = 64};
	struct ip_hdr ip = {.protocol = IP_ICMP, .ttl = 64};
	struct icmp_msg msg = {.type = 3, .code = 4, .mtu = 600};
	uint8_t body[28];
	struct pair pair;
	int64_t mtu;

	(void)state;
	pair_init(&pair, NULL);
	a = bound_on(&pair, 0, 1000);
	quoted.src = pair_addr4(0);
	quoted.dst = pair_addr4(1);
	quoted.payload_len = 1480;
	ip_emit(body, &quoted);
	memset(body + 20, 0, 8);
	put16(body + 20, 1000);
	put16(body + 22, 2000);
	ip.src = cn_addr_v4(10, 0, 0, 77);
	ip.dst = pair_addr4(0);
	ip.payload_len = 36;
	msg.body = body;
	msg.body_len = 28;
	for (int sent = 0; sent < 2; sent++) {
		struct cn_endpoint to = pair_at(1, 2000);

		memset(&frame, 0, sizeof(frame));
		ip_emit(frame.header, &ip);
		icmp_emit(frame.header + 20, &ip, &msg);
		frame.header_len = 56;
		cn_host_input(pair.host[0], 0, &frame, pair.now);
		assert_int_equal(drops(&pair, 0, CN_DROP_ICMP_UNMATCHED), 1);
		assert_int_equal(cn_host_counters(pair.host[0])->pmtu_lowered,
				 sent);
		say(&pair, a, to, "x");
	}
	/* Now it is believed, and the next long one is cut for that path. */
	assert_int_equal(cn_dgram_get(a, CN_DGRAM_OPT_MTU, &mtu, pair.now),
			 CN_E_NOTCONN);
	{
		struct cn_endpoint to = pair_at(1, 2000);

		assert_int_equal(cn_dgram_connect(a, &to), 0);
	}
	assert_int_equal(cn_dgram_get(a, CN_DGRAM_OPT_MTU, &mtu, pair.now), 0);
	assert_int_equal(mtu, 600);
	pair_deinit(&pair);
}

/* IP_MTU_DISCOVER, each of Linux's ways. */
static void mtu_discover_decides_between_cutting_and_refusing(void **state)
{
	static const struct {
		int64_t way;
		int64_t want; /* of 2000 octets at an MTU of 1500 */
		bool df; /* on one that fits */
	} row[] = {
		{0, 2000, false},	  {1, 2000, true},
		{2, CN_E_MSGSIZE, true},  {3, CN_E_MSGSIZE, true},
		{4, CN_E_MSGSIZE, false}, {5, 2000, false},
	};
	static uint8_t data[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct cn_endpoint to = pair_at(1, 2000);
		struct cn_dgram_error error;
		struct cn_dgram *a;
		struct pair pair;

		pair_init(&pair, NULL);
		a = bound_on(&pair, 0, 1000);
		(void)bound_on(&pair, 1, 2000);
		dgram_opt(a, CN_DGRAM_OPT_MTU_DISCOVER, row[i].way);
		dgram_opt(a, CN_DGRAM_OPT_RECVERR, 1);
		assert_int_equal(cn_dgram_send(a, data, 2000, &to, pair.now),
				 row[i].want);
		if (row[i].want < 0) {
			assert_int_equal(
				cn_dgram_recv_error(a, NULL, 0, &error), 0);
			assert_int_equal(error.err, CN_E_MSGSIZE);
			assert_int_equal(error.origin, CN_DGRAM_LOCAL);
			assert_int_equal(error.info, 1500);
		}
		say(&pair, a, to, "x");
		assert_int_equal(pair.last[0][6] & 0x40, row[i].df ? 0x40 : 0);
		/* RFC 6864: an identification only where it has a use. */
		assert_int_equal(get16(pair.last[0] + 4) == 0, row[i].df);
		pair_deinit(&pair);
	}
}

/* ---------------------------------------------------------------- to many -- */

/* Notes: row 11. */
static void broadcast_needs_permission(void **state)
{
	struct cn_endpoint all = {cn_addr_v4(255, 255, 255, 255), 2000};
	struct cn_endpoint net = {cn_addr_v4(10, 0, 0, 255), 2000};
	struct cn_dgram *a, *b, *own;
	struct cn_addr any = cn_addr_v4(0, 0, 0, 0);
	struct cn_dgram_msg msg;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	a = bound_on(&pair, 0, 1000);
	own = bound_on(&pair, 0, 2000);
	b = bound_on(&pair, 1, 2000);
	assert_int_equal(cn_dgram_send(a, "x", 1, &all, pair.now), CN_E_ACCES);
	assert_int_equal(cn_dgram_connect(a, &net), CN_E_ACCES);
	dgram_opt(a, CN_DGRAM_OPT_BROADCAST, 1);
	say(&pair, a, net, "net");
	assert_int_equal(cn_dgram_recv(b, NULL, 0, CN_MSG_TRUNC, &msg), 3);
	assert_true(msg.to_many);
	/* This host hears it as well. */
	hears(own, "net");
	assert_int_equal(cn_dgram_send(a, "all", 3, &all, pair.now),
			 CN_E_NETUNREACH);
	assert_int_equal(cn_host_route_add(pair.host[0], 0, &any, 0), 0);
	say(&pair, a, all, "all");
	hears(b, "all");
	hears(own, "all");
	/* Nobody is told that a port is closed (row 25). */
	net.port = 7;
	say(&pair, a, net, "x");
	assert_int_equal(cn_host_counters(pair.host[1])->icmp_out, 0);
	pair_deinit(&pair);
}

static void group_is_heard_by_its_members(void **state)
{
	struct cn_endpoint to = {cn_addr_v4(239, 1, 2, 3), 2000};
	struct cn_endpoint at = any_at(2000);
	struct cn_dgram *a, *b[3];
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	a = bound_on(&pair, 0, 1000);
	for (int i = 0; i < 3; i++) {
		b[i] = dgram_on(&pair, 1, 4);
		dgram_opt(b[i], CN_DGRAM_OPT_REUSEADDR, 1);
		assert_int_equal(cn_dgram_bind(b[i], &at), 0);
	}
	say(&pair, a, to, "early");
	hears_nothing(b[0]);
	assert_int_equal(drops(&pair, 1, CN_DROP_IP_NOT_OURS), 1);
	/* RFC 1112 section 6.1: the default reaches the next network alone. */
	assert_int_equal(pair.last[0][8], 1);
	assert_int_equal(cn_dgram_join(b[0], &to.addr, -1), 0);
	assert_int_equal(cn_dgram_join(b[0], &to.addr, 0), CN_E_ADDRINUSE);
	dgram_opt(b[2], CN_DGRAM_OPT_MULTICAST_ALL, 0);
	say(&pair, a, to, "x");
	/* Every socket of the port, members or not, as on Linux. */
	hears(b[0], "x");
	hears(b[1], "x");
	hears_nothing(b[2]);
	assert_int_equal(cn_dgram_leave(b[0], &to.addr, -1), 0);
	assert_int_equal(cn_dgram_leave(b[0], &to.addr, -1), CN_E_ADDRNOTAVAIL);
	say(&pair, a, to, "late");
	hears_nothing(b[0]);
	/* A socket that is closed leaves its groups. */
	assert_int_equal(cn_dgram_join(b[1], &to.addr, -1), 0);
	cn_dgram_close(b[1]);
	say(&pair, a, to, "later");
	hears_nothing(b[0]);
	pair_deinit(&pair);
}

static void multicast_loops_back_unless_told_not_to(void **state)
{
	struct cn_endpoint to = {.port = 2000}, at = {.port = 2000};
	struct cn_dgram *a, *own;
	struct pair pair;
	unsigned moved;

	(void)state;
	pair_init(&pair, NULL);
	assert_true(cn_addr_parse("ff02::4711", &to.addr));
	a = dgram_on(&pair, 0, 6);
	own = dgram_on(&pair, 0, 6);
	assert_int_equal(cn_dgram_bind(own, &at), 0);
	assert_int_equal(cn_dgram_join(own, &to.addr, 0), 0);
	say(&pair, a, to, "loop");
	hears(own, "loop");
	dgram_opt(a, CN_DGRAM_OPT_MULTICAST_LOOP, 0);
	say(&pair, a, to, "no");
	hears_nothing(own);
	/* A TTL of 0 does not leave the host. */
	moved = pair.moved[0];
	assert_int_equal(moved, 2);
	dgram_opt(a, CN_DGRAM_OPT_MULTICAST_LOOP, 1);
	dgram_opt(a, CN_DGRAM_OPT_MULTICAST_TTL, 0);
	say(&pair, a, to, "here");
	hears(own, "here");
	assert_int_equal(pair.moved[0], moved);
	pair_deinit(&pair);
}

/* ... and takes nothing with it that waits to leave. */
static void ttl_of_0_leaves_the_queue_alone(void **state)
{
	struct cn_endpoint group = {cn_addr_v4(239, 1, 2, 3), 2000};
	struct cn_endpoint to = pair_at(1, 2000);
	struct cn_dgram *a, *b, *far;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	a = dgram_on(&pair, 0, 4);
	b = dgram_on(&pair, 0, 4);
	far = bound_on(&pair, 1, 2000);
	dgram_opt(b, CN_DGRAM_OPT_MULTICAST_IF, 0);
	dgram_opt(b, CN_DGRAM_OPT_MULTICAST_TTL, 0);
	assert_int_equal(cn_dgram_send(a, "first", 5, &to, pair.now), 5);
	assert_int_equal(cn_dgram_send(b, "x", 1, &group, pair.now), 1);
	assert_int_equal(cn_dgram_unsent(b), 0);
	pair_run(&pair);
	hears(far, "first");
	assert_int_equal(pair.moved[0], 1);
	pair_deinit(&pair);
}

/* ------------------------------------------------------------------ ping -- */

static void ping_socket_asks_and_hears_the_answer(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		uint8_t request[16] = {8}, reply[64];
		struct cn_endpoint to = pair_at(1, 0);
		struct cn_dgram *a, *other;
		struct pair pair;

		pair_init(&pair, NULL);
		if (v6) {
			to.addr = pair_addr6(1);
			request[0] = 128;
		}
		assert_int_equal(cn_dgram_new(pair.host[0], v6 ? 6 : 4,
					      CN_DGRAM_PING, &a),
				 0);
		assert_int_equal(cn_dgram_new(pair.host[0], v6 ? 6 : 4,
					      CN_DGRAM_PING, &other),
				 0);
		request[7] = 3;
		memcpy(request + 8, "catenet!", 8);
		assert_int_equal(cn_dgram_send(a, request, 16, &to, pair.now),
				 16);
		pair_run(&pair);
		assert_int_equal(cn_dgram_recv(a, reply, 64, 0, NULL), 16);
		assert_int_equal(reply[0], v6 ? 129 : 0);
		assert_int_equal(get16(reply + 4), port_of(a));
		assert_int_equal(reply[7], 3);
		assert_memory_equal(reply + 8, "catenet!", 8);
		hears_nothing(other);
		/* Only requests, and whole ones. */
		assert_int_equal(cn_dgram_send(a, request, 7, &to, pair.now),
				 CN_E_INVAL);
		request[0] = 13;
		assert_int_equal(cn_dgram_send(a, request, 16, &to, pair.now),
				 CN_E_INVAL);
		pair_deinit(&pair);
	}
}

/* --------------------------------------------------------------- gateway -- */

static void is_gateway(struct cn_settings *settings, int host)
{
	settings->any_addr = host == 1;
}

/* What passes a gateway comes to its one socket, with where it was going. */
static void any_port_socket_takes_what_nobody_else_does(void **state)
{
	struct cn_endpoint to = {cn_addr_v4(192, 0, 2, 9), 53};
	struct cn_addr any = cn_addr_v4(0, 0, 0, 0);
	struct cn_dgram_msg msg, back = CN_DGRAM_MSG;
	struct cn_dgram *a, *gate;
	struct cn_slice answer = {.data = (const uint8_t *)"answer", .len = 6};
	struct pair pair;

	(void)state;
	pair_init(&pair, is_gateway);
	assert_int_equal(cn_host_route_add(pair.host[0], 0, &any, 0), 0);
	a = dgram_on(&pair, 0, 4);
	gate = dgram_on(&pair, 1, 4);
	dgram_opt(gate, CN_DGRAM_OPT_ANY_PORT, 1);
	assert_int_equal(cn_dgram_connect(a, &to), 0);
	assert_int_equal(cn_dgram_send(a, "ask", 3, NULL, pair.now), 3);
	pair_run(&pair);
	assert_int_equal(cn_dgram_recv(gate, NULL, 0, CN_MSG_TRUNC, &msg), 3);
	assert_true(cn_addr_equal(&msg.local.addr, &to.addr));
	assert_int_equal(msg.local.port, 53);
	back.peer = msg.peer;
	back.local = msg.local;
	assert_int_equal(cn_dgram_send_msg(gate, &back, &answer, 1, pair.now),
			 6);
	pair_run(&pair);
	hears(a, "answer");
	/* And it may say that nobody is there. */
	assert_int_equal(cn_dgram_refuse(gate, &msg, 3, pair.now), 0);
	pair_run(&pair);
	assert_int_equal(cn_dgram_error(a), CN_E_CONNREFUSED);
	pair_deinit(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_arrives_whole),
		cmocka_unit_test(longer_than_ip_can_say_is_refused),
		cmocka_unit_test(
			checksum_is_verified_and_may_be_missing_on_ipv4),
		cmocka_unit_test(checksum_of_zero_is_sent_as_ones),
		cmocka_unit_test(port_unreachable_refuses_a_connected_socket),
		cmocka_unit_test(unconnected_socket_is_told_only_if_it_asks),
		cmocka_unit_test(port_unreachable_is_rate_limited),
		cmocka_unit_test(icmp_about_what_was_not_sent_is_ignored),
		cmocka_unit_test(
			mtu_discover_decides_between_cutting_and_refusing),
		cmocka_unit_test(broadcast_needs_permission),
		cmocka_unit_test(group_is_heard_by_its_members),
		cmocka_unit_test(multicast_loops_back_unless_told_not_to),
		cmocka_unit_test(ttl_of_0_leaves_the_queue_alone),
		cmocka_unit_test(ping_socket_asks_and_hears_the_answer),
		cmocka_unit_test(any_port_socket_takes_what_nobody_else_does),
	};

	return cmocka_run_group_tests_name("udp_path", tests, NULL, NULL);
}
