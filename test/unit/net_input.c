/* SPDX-License-Identifier: MIT */
#include "net_world.h"

#define A4 "192.0.2.9"
#define US4 "192.0.2.1"
#define A6 "2001:db8::9"
#define US6 "2001:db8::1"

static struct world w;
static uint8_t data[70000], got[70000];

/* A TCP segment of len octets of data behind a header of 20. */
static uint32_t make_tcp(uint8_t *p, const char *src, const char *dst,
			 uint32_t len)
{
	struct cn_addr from = addr(src), to = addr(dst);
	struct checksum sum = {0};

	fill(data, 20 + len);
	data[12] = 5 << 4;
	put16(data + 16, 0);
	checksum_add_pseudo(&sum, &from, &to, IP_TCP, 20 + len);
	checksum_add(&sum, data, 20 + len);
	put16(data + 16, checksum_finish(&sum));
	len = make_ip(p, (struct ip_hdr){.df = true}, src, dst, data, 20 + len);
	return len;
}

static void packet_reaches_the_transport(void **state)
{
	static const struct {
		const char *src, *dst;
		uint32_t len;
		unsigned pieces;
		bool in_header;
	} row[] = {
		{A4, US4, 0, 1, false},	   {A4, US4, 1000, 1, false},
		{A4, US4, 1000, 7, false}, {A4, US4, 1000, 20, false},
		{A4, US4, 1000, 1, true},  {A4, US4, 1000, 19, true},
		{A6, US6, 0, 1, false},	   {A6, US6, 1000, 1, false},
		{A6, US6, 1000, 7, false}, {A6, US6, 1000, 20, false},
		{A6, US6, 1000, 1, true},  {A6, US6, 10, 20, false},
	};

	(void)state;
	world_open(&w);
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct cn_slice slice[CN_SLICES_MAX];
		struct cn_frame frame;
		uint8_t p[2000];
		uint32_t len = make_tcp(p, row[i].src, row[i].dst, row[i].len);
		uint32_t n = 0;

		w.pieces = row[i].pieces;
		w.in_header = row[i].in_header;
		make_frame(&w, &frame, p, len);
		assert_int_equal(feed_frame(&w, WIRE, &frame), NET_PACKET);
		assert_int_equal(w.packet.ip.payload_len, 20 + row[i].len);
		assert_in_range(w.packet.upper_len, 20, 20 + row[i].len);
		assert_memory_equal(w.packet.upper, data, w.packet.upper_len);
		assert_memory_equal(w.packet.header, p, w.packet.ip.header_len);
		assert_int_equal(gather(&w.packet, got), 20 + row[i].len);
		assert_memory_equal(got, data, 20 + row[i].len);
		assert_true(net_packet_checksum_ok(&w.packet));
		for (unsigned j = net_packet_slices(&w.packet, 20, slice);
		     j > 0; j--) {
			n += slice[j - 1].len;
			assert_memory_equal(slice[j - 1].data,
					    data + 20 + row[i].len - n,
					    slice[j - 1].len);
		}
		assert_int_equal(n, row[i].len);
		assert_int_equal(net_packet_slices(&w.packet, 20 + row[i].len,
						   slice),
				 0);
		cn_frame_release(&frame);
	}
	assert_int_equal(dropped(&w), CN_DROP_NONE);
	world_close(&w);
}

/* MUST-3 */
static void checksum_covers_every_octet(void **state)
{
	static const char *const pair[][2] = {{A4, US4}, {A6, US6}};

	(void)state;
	world_open(&w);
	w.pieces = 4;
	for (unsigned i = 0; i < 2; i++) {
		uint8_t p[200];
		uint32_t len = make_tcp(p, pair[i][0], pair[i][1], 33);
		uint32_t head = i ? 40 : 20;

		for (uint32_t at = head; at < len; at++) {
			struct cn_frame frame;

			if (at == head + 12)
				continue; /* the data offset */
			p[at] ^= 0x40;
			make_frame(&w, &frame, p, len);
			assert_int_equal(feed_frame(&w, WIRE, &frame),
					 NET_PACKET);
			assert_false(net_packet_checksum_ok(&w.packet));
			w.packet.csum = CN_CSUM_VALID;
			assert_true(net_packet_checksum_ok(&w.packet));
			cn_frame_release(&frame);
			p[at] ^= 0x40;
		}
	}
	world_close(&w);
}

static void padding_behind_the_packet_is_cut(void **state)
{
	uint8_t p[200] = {0};
	uint32_t len;

	(void)state;
	world_open(&w);
	len = make_tcp(p, A4, US4, 3);
	w.pieces = 1;
	assert_int_equal(feed(&w, WIRE, p, len + 17), NET_PACKET);
	assert_int_equal(w.packet.ip.payload_len, 23);
	assert_int_equal(w.packet.slice_n, 1);
	assert_int_equal(w.packet.slice[0].len, 23);
	w.pieces = 10;
	assert_int_equal(feed(&w, WIRE, p, len + 17), NET_PACKET);
	assert_int_equal(w.packet.ip.payload_len, 23);
	world_close(&w);
}

/* A length field of 16 bits cannot tell it. */
static void super_segment_is_as_long_as_its_frame(void **state)
{
	static const struct {
		const char *src, *dst;
		uint32_t head;
	} row[] = {{A4, US4, 20}, {A6, US6, 40}};
	static uint8_t p[70000];

	(void)state;
	world_open(&w);
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct cn_frame frame;
		uint32_t len = make_tcp(p, row[i].src, row[i].dst, 65500);

		w.pieces = 2;
		make_frame(&w, &frame, p, row[i].head + 20);
		frame.seg_size = 1460;
		frame.csum = CN_CSUM_PARTIAL;
		len -= row[i].head + 20;
		put_slices(&w, &frame, p + row[i].head + 20, len);
		assert_int_equal(feed_frame(&w, WIRE, &frame), NET_PACKET);
		assert_int_equal(w.packet.ip.payload_len, 65520);
		assert_int_equal(w.packet.seg_size, 1460);
		assert_true(net_packet_checksum_ok(&w.packet));
		cn_frame_release(&frame);
	}
	world_close(&w);
}

struct martian {
	const char *src, *dst;
	int link;
	enum cn_drop drop;
};

/* attacks.md row 39; MUST-57, MUST-63. Notes: rows 6, 99. */
static void martians_are_dropped_in_silence(void **state)
{
	static const struct martian row[] = {
		{A4, US4, WIRE, CN_DROP_NONE},
		{A4, US4, FAR_WIRE, CN_DROP_NONE},
		{US4, US4, WIRE, CN_DROP_IP_SOURCE}, /* LAND */
		{US4, US4, LOOPBACK, CN_DROP_NONE},
		{US6, US6, WIRE, CN_DROP_IP_SOURCE},
		{US6, US6, LOOPBACK, CN_DROP_NONE},
		{"127.0.0.1", "127.0.0.1", LOOPBACK, CN_DROP_NONE},
		{"127.0.0.1", "127.0.0.1", WIRE, CN_DROP_IP_MARTIAN},
		{"127.0.0.1", US4, WIRE, CN_DROP_IP_MARTIAN},
		{A4, "127.0.0.1", WIRE, CN_DROP_IP_MARTIAN},
		{"127.9.9.9", US4, WIRE, CN_DROP_IP_MARTIAN},
		{"::1", US6, WIRE, CN_DROP_IP_MARTIAN},
		{A6, "::1", WIRE, CN_DROP_IP_MARTIAN},
		{"::1", "::1", LOOPBACK, CN_DROP_NONE},
		{"224.0.0.1", US4, WIRE, CN_DROP_IP_SOURCE},
		{"255.255.255.255", US4, WIRE, CN_DROP_IP_SOURCE},
		{"192.0.2.255", US4, WIRE, CN_DROP_IP_SOURCE},
		{"0.0.0.0", US4, WIRE, CN_DROP_IP_SOURCE},
		{"0.1.2.3", US4, WIRE, CN_DROP_IP_SOURCE},
		{"0.0.0.0", US4, LOOPBACK, CN_DROP_IP_SOURCE},
		{"ff02::1", US6, WIRE, CN_DROP_IP_SOURCE},
		{"::", US6, WIRE, CN_DROP_IP_SOURCE},
		{A4, "192.0.2.2", WIRE, CN_DROP_IP_NOT_OURS},
		{A4, "192.0.2.255", WIRE, CN_DROP_IP_NOT_OURS},
		{A4, "255.255.255.255", WIRE, CN_DROP_IP_NOT_OURS},
		{A4, "224.0.0.1", WIRE, CN_DROP_IP_NOT_OURS},
		{A4, "0.0.0.0", WIRE, CN_DROP_IP_NOT_OURS},
		{A6, "2001:db8::2", WIRE, CN_DROP_IP_NOT_OURS},
		{A6, "ff02::1", WIRE, CN_DROP_IP_NOT_OURS},
		{A6, "::", WIRE, CN_DROP_IP_NOT_OURS},
	};

	(void)state;
	world_open(&w);
	for (unsigned i = 0; i < N_OF(row); i++) {
		bool good = row[i].drop == CN_DROP_NONE;
		uint8_t p[200];
		uint32_t len = make_tcp(p, row[i].src, row[i].dst, 4);

		assert_int_equal(feed(&w, row[i].link, p, len),
				 good ? NET_PACKET : NET_DONE);
		assert_int_equal(dropped(&w), row[i].drop);
		assert_true(is_silent(&w));
	}
	world_close(&w);
}

/* attacks.md row 39: a gateway answers to any address, but not to all. */
static void gateway_takes_any_address_of_one(void **state)
{
	static const struct martian row[] = {
		{A4, "8.8.8.8", WIRE, CN_DROP_NONE},
		{A6, "fd00::77", WIRE, CN_DROP_NONE},
		{A4, US4, WIRE, CN_DROP_NONE},
		{"8.8.8.8", "8.8.8.8", WIRE, CN_DROP_IP_SOURCE},
		{US4, "8.8.8.8", WIRE, CN_DROP_IP_SOURCE},
		{A4, "127.0.0.1", WIRE, CN_DROP_IP_MARTIAN},
		{A4, "224.0.0.1", WIRE, CN_DROP_IP_NOT_OURS},
		{A4, "255.255.255.255", WIRE, CN_DROP_IP_NOT_OURS},
		{A4, "0.0.0.0", WIRE, CN_DROP_IP_NOT_OURS},
		{A6, "ff02::1", WIRE, CN_DROP_IP_NOT_OURS},
	};

	(void)state;
	world_open(&w);
	w.set.any_addr = true;
	for (unsigned i = 0; i < N_OF(row); i++) {
		bool good = row[i].drop == CN_DROP_NONE;
		uint8_t p[200];
		uint32_t len = make_tcp(p, row[i].src, row[i].dst, 4);

		assert_int_equal(feed(&w, row[i].link, p, len),
				 good ? NET_PACKET : NET_DONE);
		assert_int_equal(dropped(&w), row[i].drop);
		assert_true(is_silent(&w));
	}
	world_close(&w);
}

static void fix_checksum(uint8_t *p)
{
	struct checksum sum = {0};

	put16(p + 10, 0);
	checksum_add(&sum, p, (size_t)(p[0] & 15) * 4);
	put16(p + 10, checksum_finish(&sum));
}

/* attacks.md row 41: one octet of a good packet changed. */
static void lengths_that_lie_are_dropped(void **state)
{
	static const struct {
		const char *src, *dst;
		unsigned at;
		uint8_t to;
		enum cn_drop drop;
	} row[] = {
		{A4, US4, 0, 0x44, CN_DROP_IP_HEADER}, /* IHL 16 */
		{A4, US4, 0, 0x40, CN_DROP_IP_HEADER},
		{A4, US4, 0, 0x4f, CN_DROP_IP_HEADER}, /* IHL past the end */
		{A4, US4, 0, 0x55, CN_DROP_IP_VERSION},
		{A4, US4, 0, 0x05, CN_DROP_IP_VERSION},
		{A4, US4, 3, 45, CN_DROP_IP_TRUNCATED},
		{A4, US4, 2, 0xff, CN_DROP_IP_TRUNCATED},
		{A4, US4, 3, 19, CN_DROP_IP_HEADER},
		{A4, US4, 3, 0, CN_DROP_IP_HEADER},
		{A6, US6, 5, 25, CN_DROP_IP_TRUNCATED},
		{A6, US6, 4, 0xff, CN_DROP_IP_TRUNCATED},
		{A6, US6, 0, 0x70, CN_DROP_IP_VERSION},
	};

	(void)state;
	world_open(&w);
	for (unsigned i = 0; i < N_OF(row); i++) {
		uint8_t p[200] = {0};
		uint32_t len = make_tcp(p, row[i].src, row[i].dst, 4);

		p[row[i].at] = row[i].to;
		if (p[0] >> 4 == 4)
			fix_checksum(p);
		for (w.pieces = 1; w.pieces < 20; w.pieces += 6) {
			assert_int_equal(feed(&w, WIRE, p, len), NET_DONE);
			assert_int_equal(dropped(&w), row[i].drop);
			assert_true(is_silent(&w));
		}
	}
	world_close(&w);
}

/* attacks.md row 41: every prefix of a packet. */
static void cut_packets_are_dropped(void **state)
{
	static const char *const pair[][2] = {{A4, US4}, {A6, US6}};

	(void)state;
	world_open(&w);
	for (unsigned i = 0; i < 2; i++) {
		uint8_t p[200];
		uint32_t len = make_tcp(p, pair[i][0], pair[i][1], 30);

		for (uint32_t n = 0; n < len; n++) {
			assert_int_equal(feed(&w, WIRE, p, n), NET_DONE);
			assert_int_equal(dropped(&w), CN_DROP_IP_TRUNCATED);
		}
	}
	world_close(&w);
}

/* attacks.md row 41: IP in IP and other strangers. */
static void unknown_protocols_are_answered(void **state)
{
	static const uint8_t protocol[] = {4, 41, 47, 50, 51, 132, 255};
	static const char *const pair[][2] = {{A4, US4}, {A6, US6}};

	(void)state;
	world_open(&w);
	for (unsigned i = 0; i < 2 * N_OF(protocol); i++) {
		struct icmp_quote quote;
		struct icmp_msg msg;
		struct ip_hdr ip;
		uint8_t p[200], inner[100];
		bool v6 = i % 2;
		uint32_t len = make_tcp(inner, A4, US4, 4);

		len = make_ip(p, (struct ip_hdr){.protocol = protocol[i / 2]},
			      pair[v6][0], pair[v6][1], inner, len);
		assert_int_equal(feed(&w, WIRE, p, len), NET_DONE);
		assert_int_equal(dropped(&w), CN_DROP_IP_PROTOCOL);
		assert_true(take_icmp(&w, WIRE, &ip, &msg));
		assert_int_equal(msg.kind, v6 ? ICMP_PARAMETER_PROBLEM :
						ICMP_UNREACHABLE);
		assert_int_equal(msg.code, v6 ? 1 : 2);
		if (v6)
			assert_int_equal(msg.pointer, 6);
		assert_true(icmp_parse_quote(&msg, &quote));
		assert_int_equal(quote.ip.protocol, protocol[i / 2]);
		assert_true(is_silent(&w));
	}
	world_close(&w);
}

static void icmp_of_the_other_family_is_a_stranger(void **state)
{
	static const uint8_t echo[8] = {8, 0, 0xf7, 0xff};
	uint8_t p[200];
	uint32_t len;

	(void)state;
	world_open(&w);
	len = make_ip(p, (struct ip_hdr){.protocol = IP_ICMP6}, A4, US4, echo,
		      8);
	assert_int_equal(feed(&w, WIRE, p, len), NET_DONE);
	assert_int_equal(dropped(&w), CN_DROP_IP_PROTOCOL);
	len = make_ip(p, (struct ip_hdr){.protocol = IP_ICMP}, A6, US6, echo,
		      8);
	assert_int_equal(feed(&w, WIRE, p, len), NET_DONE);
	assert_int_equal(dropped(&w), CN_DROP_IP_PROTOCOL);
	assert_int_equal(w.count.icmp_in, 0);
	world_close(&w);
}

static void no_next_header_ends_in_silence(void **state)
{
	static const uint8_t octets[8];
	uint8_t p[200];
	uint32_t len;

	(void)state;
	world_open(&w);
	len = make_ip(p, (struct ip_hdr){.protocol = IP_NONE}, A6, US6, octets,
		      8);
	assert_int_equal(feed(&w, WIRE, p, len), NET_DONE);
	assert_int_equal(dropped(&w), CN_DROP_IP_PROTOCOL);
	assert_true(is_silent(&w));
	world_close(&w);
}

/* RFC 8200 section 4.2: an option that asks for a report gets one, but not
 * from a source that may not send. */
static void header_problems_are_reported(void **state)
{
	static const struct {
		const char *src;
		bool told;
	} row[] = {{A6, true}, {"ff02::9", false}, {US6, false}};

	(void)state;
	for (unsigned i = 0; i < N_OF(row); i++) {
		/* Destination options with an unknown one of kind 0x9e. */
		uint8_t options[28] = {IP_TCP, 0, 0x9e, 4};
		struct icmp_msg msg;
		struct ip_hdr ip;
		uint8_t p[200];
		uint32_t len;

		world_open(&w);
		len = make_ip(p, (struct ip_hdr){.protocol = 60}, row[i].src,
			      US6, options, sizeof(options));
		assert_int_equal(feed(&w, WIRE, p, len), NET_DONE);
		assert_int_equal(take_icmp(&w, WIRE, &ip, &msg), row[i].told);
		if (row[i].told) {
			assert_int_equal(dropped(&w), CN_DROP_IP6_EXT);
			assert_int_equal(msg.kind, ICMP_PARAMETER_PROBLEM);
			assert_int_equal(msg.code, 2);
			assert_int_equal(msg.pointer, 42);
			assert_int_equal(msg.body_len, len);
			assert_memory_equal(msg.body, p, len);
		}
		world_close(&w);
	}
}

/* The longest chain of headers, scattered over slices. */
static void scattered_headers_are_gathered(void **state)
{
	static uint8_t chain[600];
	uint8_t p[700];
	uint32_t len, off = 0;

	(void)state;
	world_open(&w);
	memset(chain, 0, sizeof(chain));
	/* Two headers of 256 octets each, filled with Pad1. */
	chain[0] = 60;
	chain[1] = 31;
	chain[256] = IP_TCP;
	chain[257] = 31;
	off = 512;
	chain[off + 12] = 15 << 4;
	chain[off + 59] = 0x5a;
	len = make_ip(p, (struct ip_hdr){.protocol = 60}, A6, US6, chain, 580);
	for (w.pieces = 1; w.pieces <= CN_SLICES_MAX; w.pieces++) {
		struct cn_frame frame;

		make_frame(&w, &frame, p, len);
		assert_int_equal(feed_frame(&w, WIRE, &frame), NET_PACKET);
		assert_int_equal(w.packet.ip.header_len, 552);
		assert_true(w.packet.upper_len >= 60);
		assert_int_equal(w.packet.upper[59], 0x5a);
		cn_frame_release(&frame);
	}
	w.pieces = 0;
	world_close(&w);
}

/* More pieces than a segment may have: no harm. */
static void data_in_header_and_every_slice(void **state)
{
	struct cn_slice slice[CN_SLICES_MAX];
	struct cn_frame frame;
	uint8_t p[2000];
	uint32_t len;

	(void)state;
	world_open(&w);
	len = make_tcp(p, A4, US4, 1000);
	w.in_header = true;
	w.pieces = CN_SLICES_MAX;
	make_frame(&w, &frame, p, len);
	assert_int_equal(feed_frame(&w, WIRE, &frame), NET_PACKET);
	assert_true(net_packet_checksum_ok(&w.packet));
	assert_int_equal(net_packet_slices(&w.packet, 20, slice),
			 CN_SLICES_MAX);
	cn_frame_release(&frame);
	world_close(&w);
}

static void empty_frame_is_dropped(void **state)
{
	struct cn_frame frame;

	(void)state;
	world_open(&w);
	memset(&frame, 0, sizeof(frame));
	assert_int_equal(feed_frame(&w, WIRE, &frame), NET_DONE);
	assert_int_equal(dropped(&w), CN_DROP_IP_TRUNCATED);
	world_close(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(packet_reaches_the_transport),
		cmocka_unit_test(checksum_covers_every_octet),
		cmocka_unit_test(padding_behind_the_packet_is_cut),
		cmocka_unit_test(super_segment_is_as_long_as_its_frame),
		cmocka_unit_test(martians_are_dropped_in_silence),
		cmocka_unit_test(gateway_takes_any_address_of_one),
		cmocka_unit_test(lengths_that_lie_are_dropped),
		cmocka_unit_test(cut_packets_are_dropped),
		cmocka_unit_test(unknown_protocols_are_answered),
		cmocka_unit_test(icmp_of_the_other_family_is_a_stranger),
		cmocka_unit_test(no_next_header_ends_in_silence),
		cmocka_unit_test(header_problems_are_reported),
		cmocka_unit_test(scattered_headers_are_gathered),
		cmocka_unit_test(data_in_header_and_every_slice),
		cmocka_unit_test(empty_frame_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
