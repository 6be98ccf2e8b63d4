/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "net_world.h"

#define A4 "192.0.2.9"
#define US4 "192.0.2.1"
#define A6 "2001:db8::9"
#define US6 "2001:db8::1"

static struct world w;
static uint8_t whole[65536], got[65536];

static const char *us_for(const char *src)
{
	return strchr(src, ':') ? US6 : US4;
}

/* Octets off .. off + len of a datagram whose octets are data. */
static enum net_verdict send_of(const char *src, uint32_t id,
				const uint8_t *data, uint32_t off, uint32_t len,
				bool more)
{
	static uint8_t p[66000];
	struct ip_hdr ip = {
		.id = id,
		.is_fragment = true,
		.more = more,
		.frag_off = (uint16_t)off,
	};
	uint32_t n = make_ip(p, ip, src, us_for(src), data + off, len);

	return feed(&w, WIRE, p, n);
}

static enum net_verdict send_part(const char *src, uint32_t off, uint32_t len,
				  bool more)
{
	return send_of(src, 7, whole, off, len, more);
}

static void open_filled(void)
{
	world_open(&w);
	fill(whole, sizeof(whole));
	whole[12] = 5 << 4; /* TCP's data offset */
}

static void is_whole(uint32_t len)
{
	assert_int_equal(w.packet.ip.payload_len, len);
	assert_false(w.packet.ip.is_fragment);
	assert_int_equal(w.packet.ip.protocol, IP_TCP);
	assert_int_equal(gather(&w.packet, got), len);
	assert_memory_equal(got, whole, len);
	assert_true(w.packet.upper_len >= 20);
	assert_memory_equal(w.packet.upper, whole, w.packet.upper_len);
	assert_int_equal(net_deadline(&w.net), CN_NEVER);
}

/* Every order of four fragments, in frames of one and of many slices. */
static void any_order_makes_it_whole(void **state)
{
	static const char *const from[] = {A4, A6};
	unsigned n = 0;

	(void)state;
	open_filled();
	for (unsigned code = 0; code < 256 * 4; code++) {
		unsigned order[4] = {code & 3, code >> 2 & 3, code >> 4 & 3,
				     code >> 6 & 3};
		const char *src = from[code >> 8 & 1];
		enum net_verdict verdict = NET_DONE;

		if ((1 << order[0] | 1 << order[1] | 1 << order[2] |
		     1 << order[3]) != 15)
			continue;
		w.pieces = code >> 9 ? 5 : 1;
		for (int i = 0; i < 4; i++) {
			assert_int_equal(verdict, NET_DONE);
			verdict = send_part(src, order[i] * 48,
					    order[i] == 3 ? 41 : 48,
					    order[i] < 3);
		}
		assert_int_equal(verdict, NET_PACKET);
		is_whole(3 * 48 + 41);
		n++;
	}
	assert_int_equal(n, 96);
	assert_int_equal(w.count.frag_reassembled, 96);
	assert_int_equal(dropped(&w), CN_DROP_NONE);
	world_close(&w);
}

/* attacks.md row 40: as long as a datagram may be. */
static void longest_datagram(void **state)
{
	static const struct {
		const char *src;
		uint32_t len;
	} row[] = {{A4, 65535 - 20}, {A6, 65535}};

	(void)state;
	open_filled();
	w.pieces = 3;
	for (unsigned i = 0; i < N_OF(row); i++) {
		uint32_t off;

		for (off = 0; off + 1480 < row[i].len; off += 1480)
			assert_int_equal(send_part(row[i].src, off, 1480, true),
					 NET_DONE);
		assert_int_equal(send_part(row[i].src, off, row[i].len - off,
					   false),
				 NET_PACKET);
		is_whole(row[i].len);
	}
	world_close(&w);
}

/* attacks.md row 40: ping of death. */
static void beyond_65535_is_dropped(void **state)
{
	(void)state;
	open_filled();
	assert_int_equal(send_of(A4, 7, whole, 65528, 8, false), NET_DONE);
	assert_int_equal(dropped(&w), CN_DROP_FRAG_BAD);
	assert_int_equal(w.budget.used, 0);
	world_close(&w);
}

static void datagrams_are_told_apart(void **state)
{
	(void)state;
	open_filled();
	assert_int_equal(send_of(A4, 7, whole, 0, 48, true), NET_DONE);
	assert_int_equal(send_of(A4, 8, whole, 48, 8, false), NET_DONE);
	assert_int_equal(send_of("192.0.2.8", 7, whole, 48, 8, false),
			 NET_DONE);
	assert_int_equal(send_of(A6, 7, whole, 48, 8, false), NET_DONE);
	assert_int_equal(send_of(A4, 7, whole, 48, 8, false), NET_PACKET);
	assert_int_equal(dropped(&w), CN_DROP_NONE);
	world_close(&w);
}

static void twice_the_same_is_tolerated(void **state)
{
	static const char *const from[] = {A4, A6};

	(void)state;
	open_filled();
	for (unsigned i = 0; i < N_OF(from); i++) {
		assert_int_equal(send_part(from[i], 48, 48, true), NET_DONE);
		assert_int_equal(send_part(from[i], 48, 48, true), NET_DONE);
		assert_int_equal(send_part(from[i], 96, 9, false), NET_DONE);
		assert_int_equal(send_part(from[i], 96, 9, false), NET_DONE);
		assert_int_equal(send_part(from[i], 48, 48, true), NET_DONE);
		assert_int_equal(send_part(from[i], 0, 48, true), NET_PACKET);
		is_whole(105);
	}
	assert_int_equal(dropped(&w), CN_DROP_NONE);
	world_close(&w);
}

/* attacks.md row 40: Teardrop, RFC 5722. */
static void overlap_discards_the_datagram(void **state)
{
	static const struct {
		uint32_t off, len;
		bool more;
	} row[] = {
		{40, 16, true}, /* into the left edge of 48 .. 96 */
		{88, 16, true}, /* out of its right edge */
		{56, 8, true}, /* inside */
		{48, 40, true}, /* its first part */
		{56, 40, true}, /* its last part */
		{40, 64, true}, /* all around */
		{48, 56, true}, /* longer */
		{48, 48, false}, /* the same as the last */
		{72, 8, false}, /* an end before it */
	};
	static const char *const from[] = {A4, A6};

	(void)state;
	for (unsigned i = 0; i < 2 * N_OF(row); i++) {
		const char *src = from[i % 2];

		open_filled();
		send_part(src, 48, 48, true);
		assert_int_equal(dropped(&w), CN_DROP_NONE);
		send_part(src, row[i / 2].off, row[i / 2].len, row[i / 2].more);
		assert_int_equal(dropped(&w), CN_DROP_FRAG_OVERLAP);
		/* And what still comes of it. */
		assert_int_equal(send_part(src, 0, 48, true), NET_DONE);
		assert_int_equal(dropped(&w), CN_DROP_FRAG_OVERLAP);
		assert_int_equal(send_part(src, 48, 48, true), NET_DONE);
		assert_int_equal(dropped(&w), CN_DROP_FRAG_OVERLAP);
		assert_int_equal(send_part(src, 96, 8, false), NET_DONE);
		assert_int_equal(dropped(&w), CN_DROP_FRAG_OVERLAP);
		/* Its time ends without a word. */
		w.now = net_deadline(&w.net);
		net_advance(&w.net, w.now);
		assert_int_equal(dropped(&w), CN_DROP_FRAG_TIMEOUT);
		assert_true(is_silent(&w));
		assert_int_equal(w.budget.used, 0);
		world_close(&w);
	}
}

static void two_ends_discard_the_datagram(void **state)
{
	(void)state;
	open_filled();
	send_part(A4, 96, 8, false);
	send_part(A4, 104, 8, true);
	assert_int_equal(dropped(&w), CN_DROP_FRAG_OVERLAP);
	send_of(A4, 8, whole, 96, 8, false);
	send_of(A4, 8, whole, 48, 8, false);
	assert_int_equal(dropped(&w), CN_DROP_FRAG_OVERLAP);
	send_of(A4, 9, whole, 96, 8, false);
	send_of(A4, 9, whole, 104, 16, false);
	assert_int_equal(dropped(&w), CN_DROP_FRAG_OVERLAP);
	world_close(&w);
}

static void same_place_other_octets_is_an_overlap(void **state)
{
	static uint8_t other[65536];

	(void)state;
	open_filled();
	fill(other, sizeof(other));
	other[95] ^= 1;
	send_part(A4, 48, 48, true);
	send_of(A4, 7, other, 48, 48, true);
	assert_int_equal(dropped(&w), CN_DROP_FRAG_OVERLAP);
	world_close(&w);
}

/* attacks.md row 40: tiny fragments, RFC 1858, 3128 and 7112. */
static void tiny_first_fragment_is_dropped(void **state)
{
	static const struct {
		const char *src;
		uint32_t off, len;
		uint8_t data_offset, protocol;
		bool kept;
	} row[] = {
		{A4, 0, 8, 5, IP_TCP, false},	{A4, 0, 16, 5, IP_TCP, false},
		{A4, 0, 24, 5, IP_TCP, true},	{A4, 0, 24, 8, IP_TCP, false},
		{A4, 0, 32, 8, IP_TCP, true},	{A4, 8, 24, 5, IP_TCP, false},
		{A4, 16, 24, 5, IP_TCP, false}, {A4, 24, 24, 5, IP_TCP, true},
		{A4, 0, 8, 5, IP_UDP, true},	{A4, 8, 8, 5, IP_UDP, true},
		{A6, 0, 16, 5, IP_TCP, false},	{A6, 0, 24, 5, IP_TCP, true},
		{A6, 16, 24, 5, IP_TCP, false}, {A6, 0, 8, 5, IP_UDP, true},
	};

	(void)state;
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct ip_hdr ip = {
			.id = 1,
			.protocol = row[i].protocol,
			.is_fragment = true,
			.more = true,
			.frag_off = (uint16_t)row[i].off,
		};
		uint8_t p[200];
		uint32_t len;

		open_filled();
		whole[12] = (uint8_t)(row[i].data_offset << 4);
		len = make_ip(p, ip, row[i].src, us_for(row[i].src),
			      whole + row[i].off, row[i].len);
		feed(&w, WIRE, p, len);
		assert_int_equal(dropped(&w),
				 row[i].kept ? CN_DROP_NONE : CN_DROP_FRAG_BAD);
		assert_int_equal(w.budget.used > 0, row[i].kept);
		world_close(&w);
	}
}

/* attacks.md row 40: RFC 7112, the header chain in the first fragment. */
static void v6_chain_must_be_in_the_first_fragment(void **state)
{
	/* Destination options of 8 octets, then TCP. */
	static const uint8_t options[8] = {IP_TCP, 0, 1, 4, 0, 0, 0, 0};
	static const struct {
		uint8_t kind, ext_len;
		uint32_t len;
		bool kept;
	} row[] = {
		{60, 0, 24, false}, {60, 0, 32, true},	{60, 2, 40, false},
		{60, 2, 48, true},  {60, 9, 48, false}, {43, 0, 24, false},
		{43, 0, 32, true},  {0, 0, 24, false},
	};

	(void)state;
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct ip_hdr ip = {
			.id = 1,
			.protocol = row[i].kind,
			.is_fragment = true,
			.more = true,
		};
		uint8_t p[200], data[100] = {0};
		uint32_t len;

		open_filled();
		memcpy(data, options, sizeof(options));
		data[1] = row[i].ext_len;
		/* make_ip takes protocol 0 for TCP. */
		len = make_ip(p, ip, A6, US6, data, row[i].len);
		p[40] = row[i].kind;
		feed(&w, WIRE, p, len);
		assert_int_equal(dropped(&w),
				 row[i].kept ? CN_DROP_NONE : CN_DROP_FRAG_BAD);
		world_close(&w);
	}
}

static void v6_options_behind_the_fragment_header_are_read(void **state)
{
	static uint8_t data[100] = {IP_TCP, 0, 1, 4, 0, 0, 0, 0};
	struct ip_hdr ip = {
		.id = 1,
		.protocol = 60,
		.is_fragment = true,
		.more = true,
	};
	uint8_t p[200];
	uint32_t len;

	(void)state;
	open_filled();
	memcpy(data + 8, whole, 80);
	len = make_ip(p, ip, A6, US6, data, 48);
	assert_int_equal(feed(&w, WIRE, p, len), NET_DONE);
	ip.more = false;
	ip.frag_off = 48;
	len = make_ip(p, ip, A6, US6, data + 48, 40);
	assert_int_equal(feed(&w, WIRE, p, len), NET_PACKET);
	assert_int_equal(w.packet.ip.header_len, 48);
	is_whole(80);
	world_close(&w);
}

static void fragments_of_fragments_are_dropped(void **state)
{
	/* A fragment header in the fragmentable part. */
	static uint8_t data[100] = {IP_TCP, 0, 0, 1, 0, 0, 0, 9};
	struct ip_hdr ip = {
		.id = 1,
		.protocol = 44,
		.is_fragment = true,
		.more = true,
	};
	uint8_t p[200];
	uint32_t len;

	(void)state;
	open_filled();
	len = make_ip(p, ip, A6, US6, data, 48);
	feed(&w, WIRE, p, len);
	ip.more = false;
	ip.frag_off = 48;
	len = make_ip(p, ip, A6, US6, data + 48, 16);
	assert_int_equal(feed(&w, WIRE, p, len), NET_DONE);
	assert_int_equal(dropped(&w), CN_DROP_IP6_EXT);
	assert_int_equal(w.budget.used, 0);
	world_close(&w);
}

/* attacks.md row 40: RFC 6946, kept apart from fragments of the same id. */
static void atomic_fragment_is_a_datagram_of_its_own(void **state)
{
	uint8_t p[200];
	struct ip_hdr ip = {.id = 7, .is_fragment = true};
	uint32_t len;

	(void)state;
	open_filled();
	send_part(A6, 48, 48, true);
	len = make_ip(p, ip, A6, US6, whole, 40);
	assert_int_equal(feed(&w, WIRE, p, len), NET_PACKET);
	assert_false(w.packet.ip.is_fragment);
	assert_int_equal(w.packet.ip.payload_len, 40);
	assert_int_equal(send_part(A6, 96, 8, false), NET_DONE);
	assert_int_equal(send_part(A6, 0, 48, true), NET_PACKET);
	is_whole(104);
	world_close(&w);
}

static void times_out_and_tells_if_it_can(void **state)
{
	static const struct {
		const char *src;
		uint64_t wait;
		uint32_t off;
		uint8_t type;
		bool told;
	} row[] = {
		{A4, 30 * SEC, 0, 11, true},
		{A4, 30 * SEC, 48, 11, false},
		{A6, 60 * SEC, 0, 3, true},
		{A6, 60 * SEC, 48, 3, false},
	};

	(void)state;
	for (unsigned i = 0; i < N_OF(row); i++) {
		struct icmp_quote quote;
		struct icmp_msg msg;
		struct ip_hdr ip;
		struct cn_addr src = addr(row[i].src);

		open_filled();
		send_part(row[i].src, row[i].off, 48, true);
		w.now += SEC;
		/* What comes later does not prolong it. */
		send_part(row[i].src, 96, 48, true);
		assert_int_equal(net_deadline(&w.net), START + row[i].wait);
		net_advance(&w.net, START + row[i].wait - 1);
		assert_int_equal(dropped(&w), CN_DROP_NONE);
		net_advance(&w.net, START + row[i].wait);
		assert_int_equal(dropped(&w), CN_DROP_FRAG_TIMEOUT);
		assert_int_equal(net_deadline(&w.net), CN_NEVER);
		assert_int_equal(w.budget.used == 0, !row[i].told);
		assert_int_equal(take_icmp(&w, WIRE, &ip, &msg), row[i].told);
		if (row[i].told) {
			assert_true(cn_addr_equal(&ip.dst, &src));
			assert_int_equal(msg.type, row[i].type);
			assert_int_equal(msg.code, 1);
			assert_true(icmp_parse_quote(&msg, &quote));
			assert_true(cn_addr_equal(&quote.ip.src, &src));
			assert_true(quote.ip.more);
			assert_int_equal(quote.seq, get32(whole + 4));
		}
		world_close(&w);
	}
}

/* attacks.md row 21: memory is bounded, and the newest still gets through. */
static void flood_is_bounded(void **state)
{
	(void)state;
	open_filled();
	for (unsigned i = 0; i < 20000; i++) {
		char src[32];

		snprintf(src, sizeof(src), "10.%u.%u.1", i / 200, i % 200);
		send_of(src, i, whole, 0, 1400, true);
		w.now += SEC / 10000;
		assert_true(w.net.frag.octets <= w.set.frag_memory);
		assert_true(w.heap.octets < 2 * w.set.frag_memory);
	}
	assert_true(w.net.frag.octets > w.set.frag_memory * 9 / 10);
	assert_true(w.count.drop[CN_DROP_FRAG_LIMIT] > 15000);
	send_part(A4, 0, 48, true);
	assert_int_equal(send_part(A4, 48, 8, false), NET_PACKET);
	world_close(&w);
}

/* attacks.md row 21: one source cannot push out the others. */
static void source_has_a_share(void **state)
{
	(void)state;
	open_filled();
	send_part(A4, 0, 48, true);
	for (unsigned i = 0; i < 20000; i++) {
		send_of("192.0.2.66", i, whole, 0, 1400, true);
		assert_true(w.net.frag.octets <= w.set.frag_memory / 4 + 1000);
	}
	assert_int_equal(send_part(A4, 48, 8, false), NET_PACKET);
	assert_int_equal(w.packet.ip.payload_len, 56);
	world_close(&w);
}

/* attacks.md row 21: many small pieces are charged at what they cost. */
static void small_pieces_are_charged_whole(void **state)
{
	(void)state;
	open_filled();
	for (unsigned i = 0; i < 8000; i++) {
		send_part(A4, 24 + (i * 1103 % 8000) * 8, 8, true);
		assert_true(w.net.frag.octets <= w.set.frag_memory / 4 + 1000);
		assert_true(w.heap.octets < w.set.frag_memory / 2);
	}
	assert_true(w.count.drop[CN_DROP_FRAG_LIMIT] > 0);
	world_close(&w);
}

static void without_memory_nothing_is_kept(void **state)
{
	(void)state;
	for (long i = 0; i < 3; i++) {
		open_filled();
		for (unsigned j = 0; j < 3; j++) {
			uint8_t p[200];
			struct ip_hdr ip = {
				.id = 7,
				.is_fragment = true,
				.more = j < 2,
				.frag_off = (uint16_t)(j * 48),
			};
			struct cn_frame frame;
			uint32_t len =
				make_ip(p, ip, A4, US4, whole + j * 48, 48);

			memset(&frame, 0, sizeof(frame));
			memcpy(frame.header, p, len);
			frame.header_len = (uint16_t)len;
			w.heap.fail_after = i;
			assert_int_equal(feed_frame(&w, WIRE, &frame),
					 NET_DONE);
			w.heap.fail_after = -1;
			if (i < 1)
				assert_int_equal(w.net.frag.octets, 0);
		}
		world_close(&w);
	}
	open_filled();
	w.budget.limit = 200;
	send_part(A4, 0, 48, true);
	assert_int_equal(dropped(&w), CN_DROP_FRAG_LIMIT);
	world_close(&w);
}

/* RFC 3168 section 5.3 */
static void ecn_marks_survive(void **state)
{
	static const struct {
		uint8_t tos[2], want;
		bool dropped;
	} row[] = {
		{{0, 0}, 0, false},	     {{2, 2}, 2, false},
		{{2, 3}, 3, false},	     {{3, 2}, 3, false},
		{{3, 3}, 3, false},	     {{0, 3}, 0, true},
		{{0xb8, 0xb8}, 0xb8, false},
	};

	(void)state;
	for (unsigned i = 0; i < N_OF(row); i++) {
		enum net_verdict verdict = NET_DONE;

		open_filled();
		for (unsigned j = 0; j < 2; j++) {
			uint8_t p[200];
			struct ip_hdr ip = {
				.id = 7,
				.tos = row[i].tos[j],
				.is_fragment = true,
				.more = j == 0,
				.frag_off = (uint16_t)(j * 48),
			};
			uint32_t len =
				make_ip(p, ip, A4, US4, whole + j * 48, 48);

			verdict = feed(&w, WIRE, p, len);
		}
		assert_int_equal(verdict,
				 row[i].dropped ? NET_DONE : NET_PACKET);
		if (!row[i].dropped)
			assert_int_equal(w.packet.ip.tos, row[i].want);
		assert_int_equal(dropped(&w), row[i].dropped ?
						      CN_DROP_FRAG_BAD :
						      CN_DROP_NONE);
		world_close(&w);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_makes_it_whole),
		cmocka_unit_test(longest_datagram),
		cmocka_unit_test(beyond_65535_is_dropped),
		cmocka_unit_test(datagrams_are_told_apart),
		cmocka_unit_test(twice_the_same_is_tolerated),
		cmocka_unit_test(overlap_discards_the_datagram),
		cmocka_unit_test(two_ends_discard_the_datagram),
		cmocka_unit_test(same_place_other_octets_is_an_overlap),
		cmocka_unit_test(tiny_first_fragment_is_dropped),
		cmocka_unit_test(v6_chain_must_be_in_the_first_fragment),
		cmocka_unit_test(
			v6_options_behind_the_fragment_header_are_read),
		cmocka_unit_test(fragments_of_fragments_are_dropped),
		cmocka_unit_test(atomic_fragment_is_a_datagram_of_its_own),
		cmocka_unit_test(times_out_and_tells_if_it_can),
		cmocka_unit_test(flood_is_bounded),
		cmocka_unit_test(source_has_a_share),
		cmocka_unit_test(small_pieces_are_charged_whole),
		cmocka_unit_test(without_memory_nothing_is_kept),
		cmocka_unit_test(ecn_marks_survive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
