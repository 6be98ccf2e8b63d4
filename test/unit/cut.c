/* SPDX-License-Identifier: MIT */
/* Super-segments become packets that a receiver accepts. */
#include "packets.h"

#include "wire/cut.h"

#define BEGIN 0xfffff000u /* so that sequence numbers wrap inside */

static const struct packet shapes[] = {
	{.data_len = 10000, .seg_size = 1448},
	{.data_len = 10000, .seg_size = 1448, .options_len = 12},
	{.data_len = 65000, .seg_size = 1448, .slice_n = 20},
	{.data_len = 65000, .seg_size = 1000, .slice_n = 7, .version = 6},
	{.data_len = 2896, .seg_size = 1448, .slice_n = 3},
	{.data_len = 2897, .seg_size = 1448, .options_len = 40},
	{.data_len = 100, .seg_size = 1, .version = 6, .options_len = 40},
	{.data_len = 10, .seg_size = 1448},
	{.data_len = 5000, .seg_size = 1448, .in_slice = true},
	{.data_len = 5000,
	 .seg_size = 1428,
	 .in_slice = true,
	 .slice_n = 9,
	 .version = 6},
	/* The headers themselves in several slices. */
	{.data_len = 200, .seg_size = 50, .in_slice = true, .slice_n = 20},
};

static void expect_packet(const struct packet *shape, struct cn_frame *one,
			  uint32_t off, unsigned nth)
{
	uint32_t left = shape->data_len - off, i;
	uint32_t want = left < shape->seg_size ? left : shape->seg_size;
	const uint8_t *data;
	struct tcp_seg seg;
	struct ip_hdr ip;

	assert_true(is_correct(one, &ip, &seg, &data));
	assert_int_equal(one->seg_size, 0);
	assert_int_equal(seg.data_len, want);
	assert_int_equal(seg.seq, shape->seq + off);
	assert_int_equal(seg.ack, 77);
	if (ip.version == 4)
		assert_int_equal(ip.id, (65534 + nth) & 0xffff);
	for (i = 0; i < want; i++)
		assert_int_equal(data[i], pattern(seg.seq + i));
}

static void every_shape_is_cut_into_correct_packets(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		struct cn_pool *pool = test_pool();
		struct packet shape = shapes[i];
		struct cn_frame whole, one;
		uint32_t off = 0, nth = 0;
		struct cut cut;

		shape.seq = BEGIN;
		whole = make_packet(pool, &shape);
		cut_begin(&cut, &whole);
		while (cut_next(&cut, &one)) {
			expect_packet(&shape, &one, off, nth++);
			off += shape.seg_size;
			cn_frame_release(&one);
		}
		assert_true(off >= shape.data_len);
		assert_int_equal(nth, cut_count(&whole));
		cn_frame_release(&whole);
		pool_is_empty(pool);
	}
}

static void flags_of_packets(uint8_t flags, uint16_t urgent, uint8_t got[3],
			     uint16_t up[3])
{
	const struct packet shape = {.data_len = 2500,
				     .seg_size = 1000,
				     .flags = flags,
				     .urgent = urgent};
	struct cn_pool *pool = test_pool();
	struct cn_frame whole = make_packet(pool, &shape), one;
	const uint8_t *data;
	struct tcp_seg seg;
	struct ip_hdr ip;
	struct cut cut;
	unsigned i;

	cut_begin(&cut, &whole);
	for (i = 0; i < 3; i++) {
		assert_true(cut_next(&cut, &one));
		assert_true(is_correct(&one, &ip, &seg, &data));
		got[i] = seg.flags;
		up[i] = seg.up;
		cn_frame_release(&one);
	}
	assert_false(cut_next(&cut, &one));
	cn_frame_release(&whole);
	pool_is_empty(pool);
}

static void flags_stand_where_they_belong(void **state)
{
	static const struct {
		uint8_t flags, want[3];
	} row[] = {
		{TCP_ACK, {TCP_ACK, TCP_ACK, TCP_ACK}},
		{TCP_ACK | TCP_PSH, {TCP_ACK, TCP_ACK, TCP_ACK | TCP_PSH}},
		{TCP_ACK | TCP_FIN, {TCP_ACK, TCP_ACK, TCP_ACK | TCP_FIN}},
		{TCP_ACK | TCP_CWR,
		 {TCP_ACK | TCP_CWR, TCP_ACK | TCP_CWR, TCP_ACK | TCP_CWR}},
		{TCP_ACK | TCP_ECE,
		 {TCP_ACK | TCP_ECE, TCP_ACK | TCP_ECE, TCP_ACK | TCP_ECE}},
	};
	uint16_t up[3];
	uint8_t got[3];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(row) / sizeof(*row); i++) {
		flags_of_packets(row[i].flags, 0, got, up);
		assert_memory_equal(got, row[i].want, 3);
	}
}

static void urgent_pointer_counts_from_each_packet(void **state)
{
	uint16_t up[3];
	uint8_t got[3];

	(void)state;
	flags_of_packets(TCP_ACK | TCP_URG, 1500, got, up);
	assert_int_equal(got[0] & TCP_URG, TCP_URG);
	assert_int_equal(got[1] & TCP_URG, TCP_URG);
	assert_int_equal(got[2] & TCP_URG, 0);
	assert_int_equal(up[0], 1500);
	assert_int_equal(up[1], 500);
	assert_int_equal(up[2], 0);
}

static void single_packet_passes_unchanged(void **state)
{
	const struct packet shape = {.data_len = 700};
	struct cn_pool *pool = test_pool();
	struct cn_frame whole = make_packet(pool, &shape), one;
	struct cut cut;

	(void)state;
	cut_begin(&cut, &whole);
	assert_true(cut_next(&cut, &one));
	assert_memory_equal(&one, &whole, sizeof(one));
	assert_int_equal(one.slice[0].buf->refs, 2);
	cn_frame_release(&one);
	assert_false(cut_next(&cut, &one));
	cn_frame_release(&whole);
	pool_is_empty(pool);
}

/* What claims to be a super-segment and is no TCP goes through as it is, and
 * every length of it can be looked at without harm. */
static void no_tcp_is_left_alone(void **state)
{
	const struct packet shape = {.data_len = 60, .in_slice = true};
	struct cn_pool *pool = test_pool();
	uint32_t len;

	(void)state;
	for (len = 0; len < 60; len++) {
		struct cn_frame whole = make_packet(pool, &shape), one;
		struct cut cut;

		if (len % 2)
			whole.slice[0].buf->data[9] = IP_UDP;
		whole.slice[0].len = len;
		whole.payload_len = len;
		whole.seg_size = 10;
		if (len >= 40 && len % 2 == 0)
			whole.slice[0].buf->data[0] = 0x10;
		cut_begin(&cut, &whole);
		assert_true(cut_next(&cut, &one));
		assert_int_equal(cn_frame_len(&one), len);
		cn_frame_release(&one);
		assert_false(cut_next(&cut, &one));
		assert_int_equal(cut_count(&whole), 1);
		cn_frame_release(&whole);
	}
	pool_is_empty(pool);
}

static void checksum_completes_over_pieces_of_any_length(void **state)
{
	struct cn_pool *pool = test_pool();
	unsigned slice_n;

	(void)state;
	for (slice_n = 1; slice_n <= 20; slice_n++) {
		const struct packet shape = {.data_len = 997 + slice_n,
					     .slice_n = slice_n,
					     .version = slice_n % 2 ? 4 : 6};
		struct cn_frame frame = make_packet(pool, &shape);
		const uint8_t *data;
		struct tcp_seg seg;
		struct ip_hdr ip;

		assert_true(offload_complete(&frame));
		assert_int_equal(frame.csum, CN_CSUM_NONE);
		assert_true(is_correct(&frame, &ip, &seg, &data));
		cn_frame_release(&frame);
	}
	pool_is_empty(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_is_cut_into_correct_packets),
		cmocka_unit_test(flags_stand_where_they_belong),
		cmocka_unit_test(urgent_pointer_counts_from_each_packet),
		cmocka_unit_test(single_packet_passes_unchanged),
		cmocka_unit_test(no_tcp_is_left_alone),
		cmocka_unit_test(checksum_completes_over_pieces_of_any_length),
	};

	return cmocka_run_group_tests_name("cut", tests, NULL, NULL);
}
