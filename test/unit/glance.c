/* SPDX-License-Identifier: MIT */
/* Where the headers of a packet end, for every kind a link may carry. */
#include "packets.h"

#include "wire/cut.h"
#include "wire/glance.h"

#define V4(protocol, off)                                                      \
	0x45, 0, 0, 0, 0, 1, (off) >> 8, (off)&255, 64, protocol, 0, 0, 10, 0, \
		0, 1, 10, 0, 0, 2
#define V6(next)                                                               \
	0x60, 0, 0, 0, 0, 0, next, 64, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  \
		0, 0, 0, 1, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2
#define TCP 3, 232, 0, 80, 0, 0, 0, 9, 0, 0, 0, 0, 0x50, 0x18, 0, 0, 0, 0, 0, 0
#define UDP 0, 53, 3, 232, 0, 8, 0, 0

static const struct {
	const char *what;
	uint8_t octet[110];
	uint32_t len;
	uint8_t version, protocol;
	bool has_upper, is_tcp;
	uint16_t upper, data, src_port;
} row[] = {
	{"TCP", {V4(6, 0x4000), TCP, 1, 2}, 42, 4, 6, 1, 1, 20, 40, 1000},
	{"UDP", {V4(17, 0), UDP}, 28, 4, 17, 1, 0, 20, 28, 53},
	{"ICMP", {V4(1, 0), 8, 0, 0, 0}, 24, 4, 1, 1, 0, 20, 20, 0},
	{"first fragment", {V4(17, 0x2000), UDP}, 28, 4, 17, 1, 0, 20, 28, 53},
	{"later fragment", {V4(6, 1), TCP}, 40, 4, 6, 0, 0, 20, 0, 0},
	{"TCP cut short", {V4(6, 0), TCP}, 39, 4, 6, 0, 0, 20, 20, 0},
	{"UDP cut short", {V4(17, 0), UDP}, 27, 4, 17, 0, 0, 20, 20, 0},
	{"IPv4 cut short", {V4(6, 0)}, 19, 0, 0, 0, 0, 0, 0, 0},
	{"TCP over IPv6", {V6(6), TCP}, 60, 6, 6, 1, 1, 40, 60, 1000},
	{"hop-by-hop options",
	 {V6(0), 6, 0, 1, 4, 0, 0, 0, 0, TCP},
	 68,
	 6,
	 6,
	 1,
	 1,
	 48,
	 68,
	 1000},
	{"two extension headers",
	 {V6(60), 43, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0, UDP},
	 64,
	 6,
	 17,
	 1,
	 0,
	 56,
	 64,
	 53},
	{"first IPv6 fragment",
	 {V6(44), 6, 0, 0, 1, 0, 0, 0, 1, TCP},
	 68,
	 6,
	 6,
	 1,
	 1,
	 48,
	 68,
	 1000},
	{"later IPv6 fragment",
	 {V6(44), 6, 0, 0, 9, 0, 0, 0, 1, TCP},
	 68,
	 6,
	 6,
	 0,
	 0,
	 48,
	 0,
	 0},
	{"extension header cut short",
	 {V6(0), 6, 9, 1, 4, 0, 0, 0, 0},
	 48,
	 6,
	 6,
	 0,
	 0,
	 128,
	 128,
	 0},
	{"IPv6 cut short", {V6(6)}, 39, 0, 0, 0, 0, 0, 0, 0},
	{"no IP", {0x10, 1, 2, 3}, 4, 0, 0, 0, 0, 0, 0, 0},
	{"nothing", {0}, 0, 0, 0, 0, 0, 0, 0, 0},
};

/* The packet in one piece, or its octets in two slices behind a block. */
static void frame_of(struct cn_frame *frame, const uint8_t *octet, uint32_t len,
		     uint32_t block, uint32_t first)
{
	memset(frame, 0, sizeof(*frame));
	block = block < len ? block : len;
	first = first < len - block ? first : len - block;
	memcpy(frame->header, octet, block);
	frame->header_len = (uint16_t)block;
	frame->slice[0].data = octet + block;
	frame->slice[0].len = first;
	frame->slice[1].data = octet + block + first;
	frame->slice[1].len = len - block - first;
	frame->slice_n = 2;
	frame->payload_len = len - block;
}

static void headers_are_found_however_the_packet_lies(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(row) / sizeof(*row); i++) {
		uint32_t block, first;

		for (block = 0; block <= row[i].len; block += 7)
			for (first = 0; first <= row[i].len; first += 5) {
				struct cn_frame frame;
				struct glance g;

				frame_of(&frame, row[i].octet, row[i].len,
					 block, first);
				glance_at(&g, &frame);
				assert_int_equal(g.version, row[i].version);
				if (!g.version)
					continue;
				assert_int_equal(g.protocol, row[i].protocol);
				assert_int_equal(g.has_upper, row[i].has_upper);
				assert_int_equal(glance_is_tcp(&g),
						 row[i].is_tcp);
				if (!g.has_upper)
					continue;
				assert_int_equal(g.upper, row[i].upper);
				assert_int_equal(g.data, row[i].data);
				assert_int_equal(g.src_port, row[i].src_port);
				assert_int_equal(g.data_len,
						 row[i].len - row[i].data);
			}
	}
}

static void addresses_are_those_of_the_header(void **state)
{
	struct cn_addr v4 = cn_addr_v4(10, 0, 0, 1), v6, src, dst;
	struct cn_frame frame;
	struct glance g;

	(void)state;
	frame_of(&frame, row[0].octet, row[0].len, 0, row[0].len);
	glance_at(&g, &frame);
	src = glance_src(&g);
	assert_true(cn_addr_equal(&src, &v4));
	frame_of(&frame, row[8].octet, row[8].len, 3, 3);
	glance_at(&g, &frame);
	assert_true(cn_addr_parse("fd00::2", &v6));
	dst = glance_dst(&g);
	assert_true(cn_addr_equal(&dst, &v6));
}

/* A super-segment behind an IPv6 extension header keeps it in each packet. */
static void extension_header_survives_the_cut(void **state)
{
	static uint8_t octet[68 + 250];
	struct cn_frame frame, one;
	unsigned i, n = 0;
	struct cut cut;

	(void)state;
	memcpy(octet, row[9].octet, 68);
	for (i = 68; i < sizeof(octet); i++)
		octet[i] = (uint8_t)i;
	frame_of(&frame, octet, sizeof(octet), 0, 100);
	frame.seg_size = 100;
	cut_begin(&cut, &frame);
	while (cut_next(&cut, &one)) {
		const uint8_t *data;
		struct tcp_seg seg;
		struct ip_hdr ip;

		assert_true(is_correct(&one, &ip, &seg, &data));
		assert_int_equal(ip.header_len, 48);
		assert_int_equal(seg.seq, 9 + 100 * n);
		assert_int_equal(seg.data_len, n < 2 ? 100 : 50);
		assert_int_equal(data[0], (uint8_t)(68 + 100 * n));
		cn_frame_release(&one);
		n++;
	}
	assert_int_equal(n, 3);
}

/* RFC 768: a checksum of zero would mean that there is none. */
static void udp_checksum_of_zero_is_sent_as_ones(void **state)
{
	uint8_t octet[30] = {V4(17, 0), UDP, 0, 0};
	struct cn_frame frame;
	uint16_t value;

	(void)state;
	frame_of(&frame, octet, sizeof(octet), 28, 2);
	frame.csum = CN_CSUM_PARTIAL;
	frame.csum_start = 20;
	frame.csum_offset = 6;
	assert_true(offload_checksum(&frame, &value));
	put16(octet + 28, value); /* now the sum is all ones */
	assert_true(offload_checksum(&frame, &value));
	assert_int_equal(value, 0xffff);
	offload_complete_octets(&frame, octet, sizeof(octet));
	assert_int_equal(get16(octet + 26), 0xffff);
	assert_true(offload_complete(&frame));
	assert_int_equal(get16(frame.header + 26), 0xffff);
}

static void checksum_field_outside_the_packet_is_refused(void **state)
{
	uint8_t octet[42];
	struct cn_frame frame;
	uint16_t value;

	(void)state;
	memcpy(octet, row[0].octet, sizeof(octet));
	frame_of(&frame, octet, sizeof(octet), 20, 10);
	frame.csum = CN_CSUM_PARTIAL;
	frame.csum_start = 41;
	assert_false(offload_checksum(&frame, &value));
	offload_complete_octets(&frame, octet, sizeof(octet));
	assert_memory_equal(octet, row[0].octet, sizeof(octet));
	frame.csum_start = 20; /* in a slice */
	assert_false(offload_complete(&frame));
	assert_int_equal(frame.csum, CN_CSUM_PARTIAL);
}

/* Extension headers of 2048 octets: 32 of them end where 16 bits begin
 * anew.  A capture may say such a thing. */
static void chain_of_headers_ends_with_the_packet(void **state)
{
	enum { LEN = 65000, STEP = 2048 };
	uint8_t *octet = calloc(1, LEN);
	struct cn_frame frame = {.payload_len = LEN, .slice_n = 1};
	struct glance glance;

	(void)state;
	assert_non_null(octet);
	octet[0] = 0x60;
	octet[6] = 60;
	for (unsigned off = 40; off + 8 < LEN; off += STEP) {
		octet[off] = 60;
		octet[off + 1] = STEP / 8 - 1;
	}
	frame.slice[0].data = octet;
	frame.slice[0].len = LEN;
	glance_at(&glance, &frame);
	assert_int_equal(glance.version, 6);
	assert_false(glance.has_upper);
	free(octet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_found_however_the_packet_lies),
		cmocka_unit_test(addresses_are_those_of_the_header),
		cmocka_unit_test(extension_header_survives_the_cut),
		cmocka_unit_test(chain_of_headers_ends_with_the_packet),
		cmocka_unit_test(udp_checksum_of_zero_is_sent_as_ones),
		cmocka_unit_test(checksum_field_outside_the_packet_is_refused),
	};

	return cmocka_run_group_tests_name("glance", tests, NULL, NULL);
}
