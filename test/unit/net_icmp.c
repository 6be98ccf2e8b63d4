/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "net_world.h"

#define A4 "192.0.2.9"
#define US4 "192.0.2.1"
#define A6 "2001:db8::9"
#define US6 "2001:db8::1"

static struct world w;
static uint8_t octets[70000], other[70000];

/* An ICMP message from src to dst. */
static enum net_verdict send_icmp(const char *src, const char *dst,
				  struct icmp_msg msg, const void *body,
				  uint32_t body_len)
{
	static uint8_t p[70000], icmp[70000];
	struct ip_hdr ip = {.src = addr(src), .dst = addr(dst)};
	uint32_t len;

	ip.protocol = cn_addr_is_v4(&ip.src) ? IP_ICMP : IP_ICMP6;
	msg.body = body;
	msg.body_len = body_len;
	len = (uint32_t)icmp_emit(icmp, &ip, &msg);
	len = make_ip(p, ip, src, dst, icmp, len);
	return feed(&w, WIRE, p, len);
}

static struct icmp_msg echo_request(bool v6)
{
	return (struct icmp_msg){
		.type = v6 ? 128 : 8,
		.kind = ICMP_ECHO_REQUEST,
		.echo_id = 77,
		.echo_seq = 3,
	};
}

static void echo_is_answered_with_its_octets(void **state)
{
	static const struct {
		const char *src, *dst;
		uint32_t len;
		unsigned pieces;
	} row[] = {
		{A4, US4, 0, 1},    {A4, US4, 56, 1},  {A4, US4, 1472, 1},
		{A4, US4, 1000, 9}, {A6, US6, 0, 1},   {A6, US6, 56, 1},
		{A6, US6, 1452, 1}, {A6, US6, 999, 9},
	};

	(void)state;
	world_open(&w);
	fill(octets, sizeof(octets));
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct cn_addr src = addr(row[i].src), dst = addr(row[i].dst);
		struct icmp_msg msg;
		struct ip_hdr ip;

		w.pieces = row[i].pieces;
		assert_int_equal(send_icmp(row[i].src, row[i].dst,
					   echo_request(i >= 4), octets,
					   row[i].len),
				 NET_DONE);
		assert_true(take_icmp(&w, WIRE, &ip, &msg));
		assert_true(cn_addr_equal(&ip.src, &dst));
		assert_true(cn_addr_equal(&ip.dst, &src));
		assert_int_equal(ip.ttl, 64);
		assert_int_equal(msg.kind, ICMP_ECHO_REPLY);
		assert_int_equal(msg.echo_id, 77);
		assert_int_equal(msg.echo_seq, 3);
		assert_int_equal(msg.body_len, row[i].len);
		assert_memory_equal(msg.body, octets, row[i].len);
		assert_true(is_silent(&w));
	}
	assert_int_equal(dropped(&w), CN_DROP_NONE);
	assert_int_equal(w.count.icmp_echo_replies, N_OF(row));
	assert_int_equal(w.count.icmp_in, N_OF(row));
	assert_int_equal(w.count.icmp_out, N_OF(row));
	assert_int_equal(w.budget.used, 0);
	world_close(&w);
}

/* What is too long for the path goes in fragments, and a peer's own stack puts
 * them together. */
static void long_echo_is_answered_in_fragments(void **state)
{
	static struct world peer;
	static const struct {
		const char *src, *dst;
		uint32_t len, frames;
	} row[] = {
		{A4, US4, 1473, 2},	   {A4, US4, 4000, 3},
		{A4, US4, 65535 - 28, 45}, {A6, US6, 1453, 2},
		{A6, US6, 4000, 3},	   {A6, US6, 65535 - 8, 46},
	};

	(void)state;
	for (unsigned i = 0; i < N_OF(row); i++) {
		enum net_verdict verdict = NET_DONE;
		uint32_t len, n = 0;

		world_open(&w);
		world_open(&peer);
		add_address(&peer, WIRE, A4, 24);
		add_address(&peer, WIRE, A6, 64);
		/* Their own address is not ours. */
		peer.net.routes.address[0].addr = addr("192.0.2.200");
		peer.net.routes.address[1].addr = addr("2001:db8::200");
		fill(octets, sizeof(octets));
		send_icmp(row[i].src, row[i].dst, echo_request(i >= 3), octets,
			  row[i].len);
		while ((len = take_out(&w, WIRE, other, sizeof(other)))) {
			assert_true(len <= 1500);
			assert_int_equal(verdict, NET_DONE);
			verdict = feed(&peer, WIRE, other, len);
			n++;
		}
		assert_int_equal(n, row[i].frames);
		assert_int_equal(peer.count.frag_reassembled, 1);
		assert_int_equal(peer.count.icmp_in, 1);
		/* It was a reply with a right checksum. */
		assert_int_equal(dropped(&peer), CN_DROP_ICMP_IGNORED);
		assert_int_equal(w.budget.used, 0);
		world_close(&peer);
		world_close(&w);
	}
}

/* attacks.md row 25 */
static void echo_is_limited(void **state)
{
	unsigned n = 0;
	uint32_t len;

	(void)state;
	world_open(&w);
	for (unsigned i = 0; i < 20000; i++) {
		char src[32];

		snprintf(src, sizeof(src), "10.%u.%u.1", i / 200, i % 200);
		send_icmp(src, US4, echo_request(false), octets, 56);
		assert_true(w.net.reply_n <= NET_REPLIES);
		if (i % 16 == 0) {
			while ((len = take_out(&w, WIRE, other, sizeof(other))))
				n++;
		}
	}
	assert_in_range(n, 950, 1050);
	assert_in_range(w.count.drop[CN_DROP_ICMP_RATE], 18950, 19050);
	world_close(&w);
}

/* attacks.md row 25: nobody fetches the answers. */
static void reply_queue_is_bounded(void **state)
{
	(void)state;
	world_open(&w);
	for (unsigned i = 0; i < 200; i++)
		send_icmp(A4, US4, echo_request(false), octets, 9000);
	assert_true(w.net.reply_n <= NET_REPLIES);
	assert_true(w.budget.used <= NET_REPLY_OCTETS);
	assert_true(w.count.drop[CN_DROP_ICMP_RATE] > 180);
	world_close(&w);
}

static void output_keeps_links_apart(void **state)
{
	struct ip_hdr ip;
	struct icmp_msg msg;

	(void)state;
	world_open(&w);
	add_address(&w, FAR_WIRE, "198.51.100.1", 24);
	send_icmp(A4, US4, echo_request(false), octets, 1);
	send_icmp("198.51.100.9", US4, echo_request(false), octets, 2);
	send_icmp(A4, US4, echo_request(false), octets, 3);
	send_icmp("198.51.100.9", US4, echo_request(false), octets, 4);
	assert_true(take_icmp(&w, FAR_WIRE, &ip, &msg));
	assert_int_equal(msg.body_len, 2);
	assert_true(take_icmp(&w, FAR_WIRE, &ip, &msg));
	assert_int_equal(msg.body_len, 4);
	assert_false(take_icmp(&w, FAR_WIRE, &ip, &msg));
	assert_true(take_icmp(&w, WIRE, &ip, &msg));
	assert_int_equal(msg.body_len, 1);
	assert_true(take_icmp(&w, WIRE, &ip, &msg));
	assert_int_equal(msg.body_len, 3);
	assert_true(is_silent(&w));
	world_close(&w);
}

/* attacks.md row 25 and MUST-55: heard, and of no use. */
static void what_is_not_asked_for_is_ignored(void **state)
{
	static const struct {
		bool v6;
		uint8_t type;
	} row[] = {
		{false, 0},  {false, 4},  {false, 5},  {false, 9},
		{false, 13}, {false, 15}, {false, 17}, {false, 40},
		{true, 129}, {true, 130}, {true, 133}, {true, 134},
		{true, 135}, {true, 136}, {true, 137}, {true, 200},
	};

	(void)state;
	world_open(&w);
	memset(octets, 0x45, 100);
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct icmp_msg msg = {.type = row[i].type};

		assert_int_equal(send_icmp(row[i].v6 ? A6 : A4,
					   row[i].v6 ? US6 : US4, msg, octets,
					   40),
				 NET_DONE);
		assert_int_equal(dropped(&w), CN_DROP_ICMP_IGNORED);
		assert_true(is_silent(&w));
	}
	world_close(&w);
}

static void bad_checksum_is_dropped(void **state)
{
	static const uint8_t echo[8] = {8, 0, 0xf7, 0xfe};
	uint8_t p[200];
	uint32_t len;

	(void)state;
	world_open(&w);
	len = make_ip(p, (struct ip_hdr){.protocol = IP_ICMP}, A4, US4, echo,
		      8);
	assert_int_equal(feed(&w, WIRE, p, len), NET_DONE);
	assert_int_equal(dropped(&w), CN_DROP_ICMP_BAD);
	assert_true(is_silent(&w));
	world_close(&w);
}

/* ------------------------------------------------------- errors, heard -- */

/* The start of a TCP segment of ours to peer, as a router quotes it. */
static uint32_t make_quote(uint8_t *p, const char *src, const char *dst,
			   uint32_t total)
{
	static const uint8_t tcp[8] = {0x30, 0x39, 0, 80, 1, 2, 3, 4};
	struct ip_hdr ip = {.src = addr(src), .dst = addr(dst)};
	size_t len;

	ip.version = cn_addr_is_v4(&ip.src) ? 4 : 6;
	ip.protocol = IP_TCP;
	ip.ttl = 3;
	ip.df = true;
	ip.payload_len = total;
	len = ip_emit(p, &ip);
	memcpy(p + len, tcp, 8);
	return (uint32_t)len + 8;
}

static void error_is_handed_up(void **state)
{
	static const struct {
		const char *router, *us, *peer;
		uint8_t type, code;
		enum icmp_kind kind;
	} row[] = {
		{"9.9.9.9", US4, "8.8.8.8", 3, 1, ICMP_UNREACHABLE},
		{"8.8.8.8", US4, "8.8.8.8", 3, 3, ICMP_UNREACHABLE},
		{"9.9.9.9", US4, "8.8.8.8", 3, 4, ICMP_PACKET_TOO_BIG},
		{"9.9.9.9", US4, "8.8.8.8", 11, 0, ICMP_TIME_EXCEEDED},
		{"9.9.9.9", US4, "8.8.8.8", 12, 0, ICMP_PARAMETER_PROBLEM},
		{"fd00::9", US6, "fd00::8", 1, 3, ICMP_UNREACHABLE},
		{"fd00::9", US6, "fd00::8", 2, 0, ICMP_PACKET_TOO_BIG},
		{"fd00::9", US6, "fd00::8", 3, 0, ICMP_TIME_EXCEEDED},
		{"fd00::9", US6, "fd00::8", 4, 1, ICMP_PARAMETER_PROBLEM},
	};

	(void)state;
	world_open(&w);
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct icmp_msg msg = {
			.type = row[i].type,
			.code = row[i].code,
			.mtu = 1300,
		};
		struct cn_addr peer = addr(row[i].peer);
		struct cn_addr us = addr(row[i].us);
		struct cn_addr router = addr(row[i].router);
		const struct net_error *error = &w.packet.error;
		uint8_t quote[100];
		uint32_t len = make_quote(quote, row[i].us, row[i].peer, 1400);

		w.pieces = 1 + i % 3;
		assert_int_equal(send_icmp(row[i].router, row[i].us, msg, quote,
					   len),
				 NET_ERROR);
		assert_int_equal(error->kind, row[i].kind);
		assert_int_equal(error->code, row[i].code);
		assert_int_equal(error->mtu,
				 row[i].kind == ICMP_PACKET_TOO_BIG ? 1300 : 0);
		assert_true(cn_addr_equal(&error->from, &router));
		assert_true(cn_addr_equal(&error->quote.ip.src, &us));
		assert_true(cn_addr_equal(&error->quote.ip.dst, &peer));
		assert_int_equal(error->quote.src_port, 12345);
		assert_int_equal(error->quote.dst_port, 80);
		assert_int_equal(error->quote.seq, 0x01020304);
		assert_true(is_silent(&w));
	}
	assert_int_equal(dropped(&w), CN_DROP_NONE);
	world_close(&w);
}

/* RFC 1191 section 5: a router of before 1990. */
static void silent_router_gets_the_next_plateau(void **state)
{
	struct icmp_msg msg = {.type = 3, .code = 4};
	uint8_t quote[100];
	uint32_t len = make_quote(quote, US4, "8.8.8.8", 1480);

	(void)state;
	world_open(&w);
	assert_int_equal(send_icmp("9.9.9.9", US4, msg, quote, len), NET_ERROR);
	assert_int_equal(w.packet.error.mtu, 1492);
	world_close(&w);
}

/* attacks.md row 11: what no packet of ours can have caused. */
static void false_errors_are_dropped(void **state)
{
	static const struct {
		const char *src, *dst;
		uint32_t cut;
		enum cn_drop drop;
	} row[] = {
		{"192.0.2.3", "8.8.8.8", 0, CN_DROP_ICMP_UNMATCHED},
		{US4, "224.0.0.5", 0, CN_DROP_ICMP_UNMATCHED},
		{US4, "255.255.255.255", 0, CN_DROP_ICMP_UNMATCHED},
		{US4, "0.0.0.0", 0, CN_DROP_ICMP_UNMATCHED},
		{US4, "8.8.8.8", 1, CN_DROP_ICMP_BAD},
		{US4, "8.8.8.8", 28, CN_DROP_ICMP_BAD},
		{US6, "fd00::8", 0, CN_DROP_ICMP_BAD},
	};

	(void)state;
	world_open(&w);
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct icmp_msg msg = {.type = 3, .code = 4, .mtu = 600};
		uint8_t quote[100];
		uint32_t len = make_quote(quote, row[i].src, row[i].dst, 1400);

		assert_int_equal(send_icmp("9.9.9.9", US4, msg, quote,
					   len - row[i].cut),
				 NET_DONE);
		assert_int_equal(dropped(&w), row[i].drop);
		assert_true(is_silent(&w));
	}
	world_close(&w);
}

/* MUST-56, SHLD-26 */
static void meaning_of_errors(void **state)
{
	static const struct {
		uint8_t version, kind, code;
		int err;
		bool hard;
	} row[] = {
		{4, ICMP_UNREACHABLE, 0, CN_E_NETDOWN, false},
		{4, ICMP_UNREACHABLE, 1, CN_E_HOSTUNREACH, false},
		{4, ICMP_UNREACHABLE, 2, CN_E_PROTO, true},
		{4, ICMP_UNREACHABLE, 3, CN_E_CONNREFUSED, true},
		{4, ICMP_UNREACHABLE, 5, CN_E_HOSTUNREACH, false},
		{4, ICMP_UNREACHABLE, 6, CN_E_NETDOWN, true},
		{4, ICMP_UNREACHABLE, 9, CN_E_NETDOWN, true},
		{4, ICMP_UNREACHABLE, 11, CN_E_NETDOWN, false},
		{4, ICMP_UNREACHABLE, 12, CN_E_HOSTUNREACH, false},
		{4, ICMP_UNREACHABLE, 13, CN_E_HOSTUNREACH, true},
		{4, ICMP_UNREACHABLE, 15, CN_E_HOSTUNREACH, true},
		{4, ICMP_UNREACHABLE, 16, CN_E_HOSTUNREACH, false},
		{4, ICMP_TIME_EXCEEDED, 0, CN_E_HOSTUNREACH, false},
		{4, ICMP_PARAMETER_PROBLEM, 0, CN_E_PROTO, true},
		{4, ICMP_PACKET_TOO_BIG, 4, CN_OK, false},
		{6, ICMP_UNREACHABLE, 0, CN_E_NETDOWN, false},
		{6, ICMP_UNREACHABLE, 1, CN_E_ACCES, true},
		{6, ICMP_UNREACHABLE, 3, CN_E_HOSTUNREACH, false},
		{6, ICMP_UNREACHABLE, 4, CN_E_CONNREFUSED, true},
		{6, ICMP_UNREACHABLE, 6, CN_E_ACCES, true},
		{6, ICMP_UNREACHABLE, 7, CN_E_HOSTUNREACH, false},
		{6, ICMP_TIME_EXCEEDED, 0, CN_E_HOSTUNREACH, false},
		{6, ICMP_PARAMETER_PROBLEM, 1, CN_E_PROTO, true},
		{6, ICMP_PACKET_TOO_BIG, 0, CN_OK, false},
	};

	(void)state;
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct net_error error = {.kind = row[i].kind,
					  .code = row[i].code};
		bool hard;

		error.quote.ip.version = row[i].version;
		assert_int_equal(net_error_meaning(&error, &hard), row[i].err);
		assert_int_equal(hard, row[i].hard);
	}
}

/* --------------------------------------------------------- errors, said -- */

/* Hands in a UDP datagram and answers it with an error. */
static void refuse(const char *src, const char *dst, enum icmp_kind kind,
		   uint8_t code, uint32_t len)
{
	struct cn_frame frame;
	uint32_t n;

	fill(octets, len);
	n = make_ip(other, (struct ip_hdr){.protocol = IP_UDP}, src, dst,
		    octets, len);
	make_frame(&w, &frame, other, n);
	assert_int_equal(feed_frame(&w, WIRE, &frame), NET_PACKET);
	net_icmp_send(&w.net, kind, code, &w.packet, w.now);
	cn_frame_release(&frame);
}

static void error_says_what_it_is_about(void **state)
{
	static const struct {
		const char *src, *dst;
		uint8_t kind, code, type, code_out;
		uint32_t len, quoted;
	} row[] = {
		{A4, US4, ICMP_UNREACHABLE, 3, 3, 3, 100, 120},
		{A4, US4, ICMP_UNREACHABLE, 3, 3, 3, 1480, 548},
		{A4, US4, ICMP_UNREACHABLE, 13, 3, 13, 8, 28},
		{A4, US4, ICMP_TIME_EXCEEDED, 1, 11, 1, 8, 28},
		{A4, US4, ICMP_PARAMETER_PROBLEM, 0, 12, 0, 8, 28},
		{A6, US6, ICMP_UNREACHABLE, 3, 1, 4, 100, 140},
		{A6, US6, ICMP_UNREACHABLE, 3, 1, 4, 1460, 1232},
		{A6, US6, ICMP_UNREACHABLE, 0, 1, 0, 8, 48},
		{A6, US6, ICMP_UNREACHABLE, 1, 1, 3, 8, 48},
		{A6, US6, ICMP_UNREACHABLE, 2, 4, 1, 8, 48},
		{A6, US6, ICMP_UNREACHABLE, 6, 1, 0, 8, 48},
		{A6, US6, ICMP_UNREACHABLE, 7, 1, 3, 8, 48},
		{A6, US6, ICMP_UNREACHABLE, 9, 1, 1, 8, 48},
		{A6, US6, ICMP_UNREACHABLE, 10, 1, 1, 8, 48},
		{A6, US6, ICMP_UNREACHABLE, 11, 1, 0, 8, 48},
		{A6, US6, ICMP_UNREACHABLE, 13, 1, 1, 8, 48},
		{A6, US6, ICMP_TIME_EXCEEDED, 1, 3, 1, 8, 48},
		{A6, US6, ICMP_PARAMETER_PROBLEM, 0, 4, 0, 8, 48},
	};

	(void)state;
	world_open(&w);
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct cn_addr src = addr(row[i].src), dst = addr(row[i].dst);
		struct icmp_quote quote;
		struct icmp_msg msg;
		struct ip_hdr ip;

		w.pieces = 1 + i % 4;
		refuse(row[i].src, row[i].dst, row[i].kind, row[i].code,
		       row[i].len);
		assert_true(take_icmp(&w, WIRE, &ip, &msg));
		assert_true(cn_addr_equal(&ip.src, &dst));
		assert_true(cn_addr_equal(&ip.dst, &src));
		assert_int_equal(msg.type, row[i].type);
		assert_int_equal(msg.code, row[i].code_out);
		assert_int_equal(msg.body_len, row[i].quoted);
		assert_memory_equal(msg.body, other, row[i].quoted);
		assert_true(icmp_parse_quote(&msg, &quote));
		assert_true(is_silent(&w));
	}
	assert_int_equal(w.count.icmp_out, N_OF(row));
	world_close(&w);
}

/* RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e) */
static void no_error_about(void **state)
{
	static const struct {
		const char *src, *dst;
		uint8_t protocol, first;
		uint16_t frag_off;
		bool told;
	} row[] = {
		{A4, US4, IP_UDP, 0, 0, true},
		{A4, US4, IP_UDP, 0, 8, false},
		{A4, "192.0.2.255", IP_UDP, 0, 0, false},
		{A4, "224.0.0.9", IP_UDP, 0, 0, false},
		{"224.0.0.9", US4, IP_UDP, 0, 0, false},
		{"0.0.0.0", US4, IP_UDP, 0, 0, false},
		{A4, "0.0.0.0", IP_UDP, 0, 0, false},
		{A4, US4, IP_ICMP, 8, 0, true},
		{A4, US4, IP_ICMP, 3, 0, false},
		{A4, US4, IP_ICMP, 4, 0, false},
		{A4, US4, IP_ICMP, 5, 0, false},
		{A4, US4, IP_ICMP, 11, 0, false},
		{A4, US4, IP_ICMP, 12, 0, false},
		{A6, US6, IP_ICMP6, 128, 0, true},
		{A6, US6, IP_ICMP6, 1, 0, false},
		{A6, US6, IP_ICMP6, 127, 0, false},
		{A6, US6, IP_ICMP6, 137, 0, false},
		{A6, US6, IP_ICMP, 3, 0, true},
		{A6, "ff02::1", IP_UDP, 0, 0, false},
		{"::", US6, IP_UDP, 0, 0, false},
	};

	(void)state;
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct ip_hdr ip = {
			.src = addr(row[i].src),
			.dst = addr(row[i].dst),
			.protocol = row[i].protocol,
			.frag_off = row[i].frag_off,
			.payload_len = 8,
		};
		uint8_t head[8] = {row[i].first};

		world_open(&w);
		ip.version = cn_addr_is_v4(&ip.src) ? 4 : 6;
		net_icmp_send_about(&w.net, ICMP_UNREACHABLE, 1, WIRE, &ip,
				    head, sizeof(head), w.now);
		assert_int_equal(!is_silent(&w), row[i].told);
		assert_int_equal(dropped(&w), CN_DROP_NONE);
		world_close(&w);
	}
}

/* attacks.md row 25 */
static void errors_are_limited(void **state)
{
	unsigned n = 0;
	uint32_t len;

	(void)state;
	world_open(&w);
	for (unsigned i = 0; i < 20000; i++) {
		char src[32];

		snprintf(src, sizeof(src), "10.%u.%u.1", i / 200, i % 200);
		refuse(src, US4, ICMP_UNREACHABLE, 3, 8);
		while ((len = take_out(&w, WIRE, octets, sizeof(octets))))
			n++;
	}
	assert_in_range(n, 950, 1050);
	world_close(&w);
}

/* A gateway speaks of what lies behind it in its own name, if it has one. */
static void gateway_names_itself(void **state)
{
	static const struct {
		const char *src, *dst;
		uint8_t code;
		bool has_address;
		const char *from;
	} row[] = {
		{A4, "8.8.8.8", 1, true, US4},
		{A4, "8.8.8.8", 0, true, US4},
		{A4, "8.8.8.8", 3, true, "8.8.8.8"},
		{A4, "8.8.8.8", 1, false, "8.8.8.8"},
		{A6, "fd00::8", 1, true, US6},
		{A6, "fd00::8", 3, true, "fd00::8"},
		{A6, "fd00::8", 1, false, "fd00::8"},
	};

	(void)state;
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct cn_addr from = addr(row[i].from);
		struct icmp_msg msg;
		struct ip_hdr ip;

		if (row[i].has_address)
			world_open(&w);
		else
			world_open_bare(&w);
		w.set.any_addr = true;
		refuse(row[i].src, row[i].dst, ICMP_UNREACHABLE, row[i].code,
		       8);
		assert_true(take_icmp(&w, WIRE, &ip, &msg));
		assert_true(cn_addr_equal(&ip.src, &from));
		world_close(&w);
	}
}

static void without_memory_nothing_is_said(void **state)
{
	struct cn_frame frame;
	uint8_t p[64], icmp[8] = {8, 0, 0xf7, 0xff};
	uint32_t len;

	(void)state;
	world_open(&w);
	len = make_ip(p, (struct ip_hdr){.protocol = IP_ICMP}, A4, US4, icmp,
		      8);
	memset(&frame, 0, sizeof(frame));
	memcpy(frame.header, p, len);
	frame.header_len = (uint16_t)len;
	w.heap.fail_after = 0;
	assert_int_equal(feed_frame(&w, WIRE, &frame), NET_DONE);
	assert_int_equal(dropped(&w), CN_DROP_MEMORY);
	p[9] = 99;
	len = make_ip(p, (struct ip_hdr){.protocol = 99}, A4, US4, icmp, 8);
	memcpy(frame.header, p, len);
	assert_int_equal(feed_frame(&w, WIRE, &frame), NET_DONE);
	assert_int_equal(w.count.drop[CN_DROP_MEMORY], 1);
	w.heap.fail_after = -1;
	w.budget.limit = 10;
	assert_int_equal(feed_frame(&w, WIRE, &frame), NET_DONE);
	assert_true(is_silent(&w));
	world_close(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(echo_is_answered_with_its_octets),
		cmocka_unit_test(long_echo_is_answered_in_fragments),
		cmocka_unit_test(echo_is_limited),
		cmocka_unit_test(reply_queue_is_bounded),
		cmocka_unit_test(output_keeps_links_apart),
		cmocka_unit_test(what_is_not_asked_for_is_ignored),
		cmocka_unit_test(bad_checksum_is_dropped),
		cmocka_unit_test(error_is_handed_up),
		cmocka_unit_test(silent_router_gets_the_next_plateau),
		cmocka_unit_test(false_errors_are_dropped),
		cmocka_unit_test(meaning_of_errors),
		cmocka_unit_test(error_says_what_it_is_about),
		cmocka_unit_test(no_error_about),
		cmocka_unit_test(errors_are_limited),
		cmocka_unit_test(gateway_names_itself),
		cmocka_unit_test(without_memory_nothing_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
