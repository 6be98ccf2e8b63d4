/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "hex.h"
#include "wire/octets.h"
#include "wire/tcp_seg.h"

/* Ports 0x1234 and 0x0050, then seq and ack; data offset and flags follow. */
#define START "1234 0050 01020304 a1a2a3a4 "
#define REST " 8000 0000 0007 "

struct parsed {
	enum cn_drop drop;
	struct tcp_ports ports;
	struct tcp_seg seg;
	uint32_t data_off;
};

static struct parsed parse_octets(const uint8_t *p, size_t len)
{
	uint8_t *copy = exact_copy(p, len);
	struct parsed got;

	memset(&got, 0xee, sizeof(got));
	got.drop = tcp_parse(copy, len, &got.ports, &got.seg, &got.data_off);
	free(copy);
	return got;
}

static struct parsed parse_hex(const char *text)
{
	uint8_t octet[256];

	return parse_octets(octet, hex_read(text, octet));
}

/* A header with that option area (hexadecimal), padded to 4 with zeros. */
static struct parsed parse_options_hex(uint8_t flags, const char *options)
{
	uint8_t octet[64] = {0};
	size_t len = 20 + hex_read(options, octet + 20);

	len = (len + 3) / 4 * 4;
	octet[12] = (uint8_t)(len / 4 << 4);
	octet[13] = flags;
	return parse_octets(octet, len);
}

/* Notes: rows 68, 70. */
static void header_fields(void **state)
{
	struct parsed got = parse_hex(START "5018" REST "616263");

	(void)state;
	assert_int_equal(got.drop, CN_DROP_NONE);
	assert_int_equal(got.ports.src, 0x1234);
	assert_int_equal(got.ports.dst, 80);
	assert_int_equal(got.seg.seq, 0x01020304);
	assert_int_equal(got.seg.ack, 0xa1a2a3a4);
	assert_int_equal(got.seg.flags, TCP_PSH | TCP_ACK);
	assert_int_equal(got.seg.wnd, 0x8000);
	assert_int_equal(got.seg.up, 7);
	assert_int_equal(got.seg.data_len, 3);
	assert_int_equal(got.seg.len, 3);
	assert_int_equal(got.seg.options, 0);
	assert_int_equal(got.data_off, 20);
}

static void syn_and_fin_count_in_seg_len(void **state)
{
	static const struct {
		uint8_t flags;
		uint32_t want;
	} row[] = {
		{0, 3},
		{TCP_SYN, 4},
		{TCP_FIN, 4},
		{TCP_SYN | TCP_FIN, 5},
		{TCP_RST | TCP_ACK | TCP_URG | TCP_PSH | TCP_ECE | TCP_CWR, 3},
		{0xff, 5},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint8_t octet[23] = {[12] = 0x50, [13] = row[i].flags};
		struct parsed got = parse_octets(octet, sizeof(octet));

		assert_int_equal(got.seg.flags, row[i].flags);
		assert_int_equal(got.seg.len, row[i].want);
		assert_int_equal(got.seg.data_len, 3);
	}
}

/* What the header does not say is left to the caller. */
static void slices_are_left_alone(void **state)
{
	struct parsed got = parse_hex(START "5018" REST);

	(void)state;
	assert_int_equal(got.seg.slice_n, 0xee);
	assert_int_equal(got.seg.seg_size, 0xeeee);
	assert_int_equal(got.seg.tos, 0xee);
}

static void bad_lengths(void **state)
{
	(void)state;
	for (unsigned off = 0; off < 16; off++) {
		for (size_t len = 0; len < 70; len++) {
			uint8_t octet[70] = {[12] = (uint8_t)(off << 4)};
			struct parsed got = parse_octets(octet, len);
			enum cn_drop want = CN_DROP_NONE;

			if (len < 20)
				want = CN_DROP_TCP_TRUNCATED;
			else if (off < 5)
				want = CN_DROP_TCP_HEADER;
			else if (off * 4 > len)
				want = CN_DROP_TCP_TRUNCATED;
			assert_int_equal(got.drop, want);
			if (want)
				continue;
			assert_int_equal(got.data_off, off * 4);
			assert_int_equal(got.seg.data_len, len - off * 4);
		}
	}
}

static void reserved_bits_are_ignored(void **state)
{
	struct parsed got = parse_hex(START "5f10" REST);

	(void)state;
	assert_int_equal(got.drop, CN_DROP_NONE);
	assert_int_equal(got.seg.flags, TCP_ACK);
}

#define SYN TCP_SYN
#define ACK TCP_ACK
#define MSS_1460 "020405b4"
#define WS_7 "030307"
#define SACK_OK "0402"
#define TS "080a0000006400000032"

static void known_options(void **state)
{
	static const struct {
		const char *input;
		uint8_t flags, want;
	} row[] = {
		{"", SYN, 0},
		{MSS_1460, SYN, TCP_OPT_MSS},
		{WS_7, SYN, TCP_OPT_WSCALE},
		{SACK_OK, SYN, TCP_OPT_SACK_OK},
		{TS, SYN, TCP_OPT_TS},
		{TS, ACK, TCP_OPT_TS},
		{MSS_1460 SACK_OK TS "01" WS_7, SYN,
		 TCP_OPT_MSS | TCP_OPT_SACK_OK | TCP_OPT_TS | TCP_OPT_WSCALE},
		/* From SYN segments only. */
		{MSS_1460 SACK_OK TS "01" WS_7, ACK, TCP_OPT_TS},
		{MSS_1460 SACK_OK TS "01" WS_7, SYN | ACK,
		 TCP_OPT_MSS | TCP_OPT_SACK_OK | TCP_OPT_TS | TCP_OPT_WSCALE},
		/* No alignment is asked for (MUST-4, MUST-64), nor a SYN
		 * (MUST-5). */
		{"01" MSS_1460, SYN, TCP_OPT_MSS},
		{WS_7 MSS_1460 SACK_OK, SYN,
		 TCP_OPT_MSS | TCP_OPT_SACK_OK | TCP_OPT_WSCALE},
		/* End of options: what follows is padding. */
		{"00" MSS_1460, SYN, 0},
		{WS_7 "00" MSS_1460, SYN, TCP_OPT_WSCALE},
		/* Unknown kinds, skipped by their length (MUST-6). */
		{"fd0601020303" MSS_1460, SYN, TCP_OPT_MSS},
		{"fe02" MSS_1460, SYN, TCP_OPT_MSS},
		{"2306010203 04" MSS_1460, SYN, TCP_OPT_MSS},
		/* RFC 7413: asked for, and given; the lengths that it has. */
		{"2202" MSS_1460, SYN, TCP_OPT_FASTOPEN | TCP_OPT_MSS},
		{"220601020304" MSS_1460, SYN, TCP_OPT_FASTOPEN | TCP_OPT_MSS},
		{"2205010203" MSS_1460, SYN, TCP_OPT_MSS},
		{"22040102" MSS_1460, SYN, TCP_OPT_MSS},
		{"220a0102030405060708", ACK, 0},
		{"220a0102030405060708", SYN | ACK, TCP_OPT_FASTOPEN},
		{"2212000102030405060708090a0b0c0d0e0f", SYN, TCP_OPT_FASTOPEN},
		{"2214000102030405060708090a0b0c0d0e0f1011", SYN, 0},
		/* The first counts. */
		{"2202220601020304", SYN, TCP_OPT_FASTOPEN},
		/* A known kind of the wrong length is unknown. */
		{"0203ff" WS_7, SYN, TCP_OPT_WSCALE},
		{"020505b400" WS_7, SYN, TCP_OPT_WSCALE},
		{"0302" MSS_1460, SYN, TCP_OPT_MSS},
		{"040300" MSS_1460, SYN, TCP_OPT_MSS},
		{"0809000000640000003201", ACK, 0},
		{"080b000000640000003200", ACK, 0},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct parsed got =
			parse_options_hex(row[i].flags, row[i].input);

		assert_int_equal(got.drop, CN_DROP_NONE);
		assert_int_equal(got.seg.options, row[i].want);
		assert_int_equal(got.seg.mss,
				 row[i].want & TCP_OPT_MSS ? 1460 : 0);
		assert_int_equal(got.seg.wscale,
				 row[i].want & TCP_OPT_WSCALE ? 7 : 0);
		assert_int_equal(got.seg.tsval,
				 row[i].want & TCP_OPT_TS ? 100 : 0);
		assert_int_equal(got.seg.tsecr,
				 row[i].want & TCP_OPT_TS ? 50 : 0);
	}
}

/* attacks.md row 34; MUST-7, MUST-68. */
static void bad_option_length_ends_the_reading(void **state)
{
	static const struct {
		const char *input;
		uint8_t want;
	} row[] = {
		{"0200" MSS_1460, 0},
		{"0201" MSS_1460, 0},
		{"fd00" MSS_1460, 0},
		{"fd01" MSS_1460, 0},
		{"fdff" MSS_1460, 0},
		{"fd07" MSS_1460, 0},
		{WS_7 "fd00" MSS_1460, TCP_OPT_WSCALE},
		{MSS_1460 "01010108", TCP_OPT_MSS},
		{MSS_1460 "01010802", TCP_OPT_MSS},
		{MSS_1460 "080a0000", TCP_OPT_MSS},
		{"01010102", 0},
		{"01010204", 0},
		{"01020405", 0},
		{"080a000000010000", 0},
		{"0101010101010101010101010101010101010101"
		 "0101010101010101010101010101010101010102",
		 0},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct parsed got = parse_options_hex(SYN, row[i].input);

		assert_int_equal(got.drop, CN_DROP_NONE);
		assert_int_equal(got.seg.options, row[i].want);
	}
}

/* attacks.md row 35 */
static void mss_zero_is_absent(void **state)
{
	struct parsed got = parse_options_hex(SYN, "02040000" WS_7);

	(void)state;
	assert_int_equal(got.seg.options, TCP_OPT_WSCALE);
	assert_int_equal(got.seg.mss, 0);
	/* Small but not zero is said as it is: the room above judges it. */
	got = parse_options_hex(SYN, "02040001");
	assert_int_equal(got.seg.options, TCP_OPT_MSS);
	assert_int_equal(got.seg.mss, 1);
}

/* attacks.md row 35; RFC 7323 section 2.3. Notes: row 67. */
static void window_scale_above_14_is_14(void **state)
{
	(void)state;
	for (unsigned shift = 0; shift < 256; shift++) {
		uint8_t octet[24] = {[12] = 0x60,
				     [13] = SYN,
				     [20] = 3,
				     [21] = 3,
				     [22] = (uint8_t)shift};
		struct parsed got = parse_octets(octet, sizeof(octet));

		assert_int_equal(got.seg.options, TCP_OPT_WSCALE);
		assert_int_equal(got.seg.wscale, shift > 14 ? 14 : shift);
	}
}

static void first_of_duplicates_counts(void **state)
{
	struct parsed got = parse_options_hex(SYN, MSS_1460
					      "02040064" WS_7 "030301" TS
					      "080a0000ffff0000ffff");

	(void)state;
	assert_int_equal(got.seg.mss, 1460);
	assert_int_equal(got.seg.wscale, 7);
	assert_int_equal(got.seg.tsval, 100);
	assert_int_equal(got.seg.tsecr, 50);
	got = parse_options_hex(ACK, "050a0000000100000002"
				     "050a0000000300000004");
	assert_int_equal(got.seg.sack_n, 1);
	assert_int_equal(got.seg.sack[0].left, 1);
}

static void sack_lengths(void **state)
{
	(void)state;
	for (unsigned len = 2; len <= 40; len++) {
		uint8_t octet[60] = {
			[12] = 0xf0, [13] = ACK, [20] = 5, [21] = (uint8_t)len};
		bool good = len >= 10 && (len - 2) % 8 == 0;
		struct parsed got;

		for (uint8_t i = 22; i < 60; i++)
			octet[i] = i;
		/* What follows the option is no option. */
		if (20 + len < 60)
			octet[20 + len] = 0;
		got = parse_octets(octet, sizeof(octet));
		assert_int_equal(got.seg.options, good ? TCP_OPT_SACK : 0);
		assert_int_equal(got.seg.sack_n, good ? (len - 2) / 8 : 0);
		for (unsigned i = 0; i < got.seg.sack_n; i++) {
			assert_int_equal(got.seg.sack[i].left,
					 get32(octet + 22 + 8 * i));
			assert_int_equal(got.seg.sack[i].right,
					 get32(octet + 26 + 8 * i));
		}
	}
}

/* RFC 9768 section 3.2.3, table 5: of other lengths the whole fields count,
 * and the rest is padding; the first of two counts. */
static void accecn_lengths(void **state)
{
	(void)state;
	for (unsigned len = 2; len <= 40; len++) {
		uint8_t octet[64] = {0};
		unsigned n = (len - 2) / 3 < 3 ? (len - 2) / 3 : 3;
		struct parsed got;

		octet[12] = 0xf1; /* AE */
		octet[13] = ACK;
		octet[20] = len & 1 ? 172 : 174;
		octet[21] = (uint8_t)len;
		for (unsigned i = 22; i < 20 + len; i++)
			octet[i] = (uint8_t)i;
		got = parse_octets(octet, 60);
		assert_int_equal(got.drop, CN_DROP_NONE);
		assert_true(got.seg.ae);
		assert_int_equal(got.seg.options, TCP_OPT_ACCECN);
		assert_int_equal(got.seg.accecn_order, !(len & 1));
		assert_int_equal(got.seg.accecn_n, n);
		for (unsigned i = 0; i < n; i++)
			assert_int_equal(got.seg.accecn[i],
					 (22 + 3 * i) << 16 |
						 (23 + 3 * i) << 8 |
						 (24 + 3 * i));
		/* Section 3.2.3.2.1: none on a SYN. */
		octet[13] = SYN;
		got = parse_octets(octet, 60);
		assert_int_equal(got.seg.options, 0);
		octet[13] = SYN | ACK;
		got = parse_octets(octet, 60);
		assert_int_equal(got.seg.options, TCP_OPT_ACCECN);
	}
}

static void accecn_goes_out_as_it_comes_in(void **state)
{
	const struct tcp_ports ports = {1, 2};

	(void)state;
	for (unsigned i = 0; i < 4 * 2 * 8; i++) {
		struct tcp_seg seg = {.flags = ACK,
				      .options = TCP_OPT_TS | TCP_OPT_ACCECN,
				      .accecn_n = i & 3,
				      .accecn_order = i >> 2 & 1,
				      .accecn = {0x123456, 0xffffff, 1}};
		uint8_t octet[64];
		struct parsed got;

		tcp_set_ace(&seg, i >> 3);
		assert_int_equal(tcp_emit_header(octet, &ports, &seg),
				 32 + tcp_accecn_len(i & 3));
		got = parse_octets(octet, tcp_header_len(&seg));
		assert_int_equal(tcp_ace(&got.seg), i >> 3);
		assert_int_equal(got.seg.options, seg.options);
		assert_int_equal(got.seg.accecn_n, i & 3);
		assert_int_equal(got.seg.accecn_order, seg.accecn_order);
		assert_memory_equal(got.seg.accecn, seg.accecn, 4 * (i & 3));
	}
}

/*
 * attacks.md row 34.  Every option area of 4 octets whose first two are
 * anything (every kind, every length) and whose others are of the numbers
 * that mean something; judged by the rule said another way, by recursion.
 */
static unsigned meaning(const uint8_t *p, unsigned len, bool syn)
{
	unsigned seen = 0;

	if (len == 0 || p[0] == 0)
		return 0;
	if (p[0] == 1)
		return meaning(p + 1, len - 1, syn);
	if (len == 1 || p[1] < 2 || p[1] > len)
		return 0;
	if (syn && p[0] == 2 && p[1] == 4 && (p[2] | p[3]))
		seen = TCP_OPT_MSS;
	if (syn && p[0] == 3 && p[1] == 3)
		seen = TCP_OPT_WSCALE;
	if (syn && p[0] == 4 && p[1] == 2)
		seen = TCP_OPT_SACK_OK;
	if (syn && p[0] == 34 && p[1] == 2)
		seen = TCP_OPT_FASTOPEN;
	if (!syn && (p[0] == 172 || p[0] == 174))
		seen = TCP_OPT_ACCECN;
	return seen | meaning(p + p[1], len - p[1], syn);
}

static void every_short_option_area(void **state)
{
	static const uint8_t some[] = {0, 1, 2, 3, 4, 5, 8, 0xff};
	uint8_t *octet = calloc(1, 24);

	(void)state;
	assert_non_null(octet);
	octet[12] = 0x60;
	for (uint32_t i = 0; i < 2 * 256 * 256 * 64; i++) {
		struct tcp_ports ports;
		struct tcp_seg seg;
		uint32_t data_off;
		bool syn = i & 1;

		octet[13] = syn ? SYN : ACK;
		octet[20] = (uint8_t)(i >> 1);
		octet[21] = (uint8_t)(i >> 9);
		octet[22] = some[i >> 17 & 7];
		octet[23] = some[i >> 20 & 7];
		if (tcp_parse(octet, 24, &ports, &seg, &data_off) ||
		    seg.options != meaning(octet + 20, 4, syn) || seg.sack_n ||
		    data_off != 24)
			fail_msg("options %02x %02x %02x %02x", octet[20],
				 octet[21], octet[22], octet[23]);
	}
	free(octet);
}

/* Every kind with every length alone in an area of 40 octets. */
static void every_kind_and_length(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 256; kind++) {
		for (unsigned len = 0; len < 256; len++) {
			uint8_t octet[60] = {[12] = 0xf0,
					     [13] = SYN,
					     [20] = (uint8_t)kind,
					     [21] = (uint8_t)len};
			unsigned want = 0;
			struct parsed got;

			memset(octet + 22, 0, 38);
			octet[23] = 1;
			got = parse_octets(octet, sizeof(octet));
			if (kind == 2 && len == 4)
				want = TCP_OPT_MSS;
			if (kind == 3 && len == 3)
				want = TCP_OPT_WSCALE;
			if (kind == 4 && len == 2)
				want = TCP_OPT_SACK_OK;
			if (kind == 5 && len >= 10 && len <= 34 && len % 8 == 2)
				want = TCP_OPT_SACK;
			if (kind == 8 && len == 10)
				want = TCP_OPT_TS;
			if (kind == 34 && (len == 2 || (len >= 6 && len <= 18 &&
							len % 2 == 0)))
				want = TCP_OPT_FASTOPEN;
			assert_int_equal(got.drop, CN_DROP_NONE);
			/* After NOP the length is itself read as a kind. */
			if (kind != 1)
				assert_int_equal(got.seg.options, want);
		}
	}
}

/* MUST-69 */
static void emit_order_and_padding(void **state)
{
	static const struct tcp_block two[] = {{1, 2}, {3, 4}};
	static const struct {
		uint8_t options, sack_n;
		const char *want;
	} row[] = {
		{0, 0, ""},
		{TCP_OPT_MSS, 0, MSS_1460},
		{TCP_OPT_SACK_OK, 0, "0101" SACK_OK},
		{TCP_OPT_TS, 0, "0101" TS},
		{TCP_OPT_WSCALE, 0, "01" WS_7},
		{TCP_OPT_MSS | TCP_OPT_SACK_OK | TCP_OPT_TS | TCP_OPT_WSCALE, 0,
		 MSS_1460 SACK_OK TS "01" WS_7},
		{TCP_OPT_MSS | TCP_OPT_SACK_OK | TCP_OPT_WSCALE, 0,
		 MSS_1460 "0101" SACK_OK "01" WS_7},
		{TCP_OPT_SACK, 2, "01010512 0000000100000002 0000000300000004"},
		{TCP_OPT_TS | TCP_OPT_SACK, 1,
		 "0101" TS "0101050a 0000000100000002"},
		/* No block: no option. */
		{TCP_OPT_TS | TCP_OPT_SACK, 0, "0101" TS},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct tcp_seg seg = {
			.mss = 1460, .wscale = 7, .tsval = 100, .tsecr = 50};
		struct tcp_ports ports = {1, 2};
		uint8_t want[40], got[61];
		size_t len = hex_read(row[i].want, want);

		seg.options = row[i].options;
		seg.sack_n = row[i].sack_n;
		memcpy(seg.sack, two, sizeof(two));
		memset(got, 0xee, sizeof(got));
		assert_int_equal(tcp_options_len(&seg), len);
		assert_int_equal(tcp_header_len(&seg), 20 + len);
		assert_int_equal(tcp_emit_header(got, &ports, &seg), 20 + len);
		assert_memory_equal(got + 20, want, len);
		assert_int_equal(got[20 + len], 0xee);
	}
}

/* RFC 7413 section 4.1.1, behind the others and padded as Linux does. */
static void fast_open_cookie(void **state)
{
	static const struct {
		uint8_t options, len;
		const char *want;
	} row[] = {
		{TCP_OPT_FASTOPEN, 0, "2202 0101"},
		{TCP_OPT_FASTOPEN, 4, "2206 10111213 0101"},
		{TCP_OPT_FASTOPEN, 6, "2208 101112131415"},
		{TCP_OPT_FASTOPEN | TCP_OPT_MSS, 8,
		 MSS_1460 "220a 1011121314151617 0101"},
		{TCP_OPT_FASTOPEN | TCP_OPT_MSS | TCP_OPT_SACK_OK | TCP_OPT_TS |
			 TCP_OPT_WSCALE,
		 16,
		 MSS_1460 SACK_OK TS "01" WS_7
				     "2212 101112131415161718191a1b1c1d1e1f"
				     "0101"},
	};
	uint8_t cookie[16];

	(void)state;
	for (unsigned i = 0; i < 16; i++)
		cookie[i] = (uint8_t)(16 + i);
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct tcp_seg seg = {.mss = 1460,
				      .wscale = 7,
				      .tsval = 100,
				      .tsecr = 50,
				      .flags = SYN,
				      .options = row[i].options,
				      .fastopen = cookie,
				      .fastopen_len = row[i].len};
		struct tcp_ports ports = {1, 2};
		uint8_t want[40], got[61];
		size_t len = hex_read(row[i].want, want);
		struct tcp_seg back;
		uint32_t off;

		memset(got, 0xee, sizeof(got));
		assert_int_equal(tcp_emit_header(got, &ports, &seg), 20 + len);
		assert_memory_equal(got + 20, want, len);
		assert_int_equal(got[20 + len], 0xee);
		assert_int_equal(tcp_parse(got, 20 + len, &ports, &back, &off),
				 0);
		assert_int_equal(back.options, row[i].options);
		assert_int_equal(back.fastopen_len, row[i].len);
		if (row[i].len)
			assert_memory_equal(back.fastopen, cookie, row[i].len);
	}
}

/* Timestamps leave room for three blocks, a whole SYN for one or two. */
static void sack_blocks_that_do_not_fit_are_left_out(void **state)
{
	static const struct {
		uint8_t options;
		unsigned want;
	} row[] = {
		{TCP_OPT_SACK, 4},
		{TCP_OPT_SACK | TCP_OPT_TS, 3},
		{TCP_OPT_SACK | TCP_OPT_MSS, 4},
		{TCP_OPT_SACK | TCP_OPT_MSS | TCP_OPT_WSCALE, 3},
		{TCP_OPT_SACK | TCP_OPT_TS | TCP_OPT_MSS | TCP_OPT_WSCALE |
			 TCP_OPT_SACK_OK,
		 2},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct tcp_seg seg = {.options = row[i].options,
				      .sack_n = 4,
				      .flags = SYN,
				      .mss = 9};
		struct tcp_ports ports = {1, 2};
		struct parsed got;
		uint8_t octet[60];
		size_t len = tcp_emit_header(octet, &ports, &seg);

		assert_true(len <= 60);
		got = parse_octets(octet, len);
		assert_int_equal(got.seg.options, row[i].options);
		assert_int_equal(got.seg.sack_n, row[i].want);
	}
}

static void emit_parse_round_trip(void **state)
{
	static const uint8_t seed[16] = {49};
	struct random random;

	(void)state;
	random_init(&random, seed, 0);
	for (int round = 0; round < 20000; round++) {
		struct tcp_ports ports;
		struct tcp_seg seg = {0};
		struct parsed got;
		uint8_t octet[60];
		size_t len;

		ports.src = (uint16_t)random_u64(&random);
		ports.dst = (uint16_t)random_u64(&random);
		seg.seq = (uint32_t)random_u64(&random);
		seg.ack = (uint32_t)random_u64(&random);
		seg.flags = (uint8_t)random_u64(&random);
		seg.wnd = (uint16_t)random_u64(&random);
		seg.up = (uint16_t)random_u64(&random);
		seg.options = random_below(&random, 32);
		if (!(seg.flags & SYN))
			seg.options &= TCP_OPT_TS | TCP_OPT_SACK;
		if (seg.options & TCP_OPT_MSS)
			seg.mss = (uint16_t)(1 + random_below(&random, 65535));
		if (seg.options & TCP_OPT_WSCALE)
			seg.wscale = (uint8_t)random_below(&random, 15);
		if (seg.options & TCP_OPT_TS) {
			seg.tsval = (uint32_t)random_u64(&random);
			seg.tsecr = (uint32_t)random_u64(&random);
		}
		if (seg.options & TCP_OPT_SACK)
			seg.sack_n = (uint8_t)(1 + random_below(&random, 2));
		for (unsigned i = 0; i < seg.sack_n; i++) {
			seg.sack[i].left = (uint32_t)random_u64(&random);
			seg.sack[i].right = (uint32_t)random_u64(&random);
		}
		len = tcp_emit_header(octet, &ports, &seg);
		assert_int_equal(get16(octet + 16), 0);
		got = parse_octets(octet, len);
		assert_int_equal(got.drop, CN_DROP_NONE);
		assert_memory_equal(&got.ports, &ports, sizeof(ports));
		assert_int_equal(got.data_off, len);
		assert_int_equal(got.seg.seq, seg.seq);
		assert_int_equal(got.seg.ack, seg.ack);
		assert_int_equal(got.seg.flags, seg.flags);
		assert_int_equal(got.seg.wnd, seg.wnd);
		assert_int_equal(got.seg.up, seg.up);
		assert_int_equal(got.seg.options, seg.options);
		assert_int_equal(got.seg.mss, seg.mss);
		assert_int_equal(got.seg.wscale, seg.wscale);
		assert_int_equal(got.seg.tsval, seg.tsval);
		assert_int_equal(got.seg.tsecr, seg.tsecr);
		assert_int_equal(got.seg.sack_n, seg.sack_n);
		assert_memory_equal(got.seg.sack, seg.sack,
				    seg.sack_n * sizeof(seg.sack[0]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_fields),
		cmocka_unit_test(syn_and_fin_count_in_seg_len),
		cmocka_unit_test(slices_are_left_alone),
		cmocka_unit_test(bad_lengths),
		cmocka_unit_test(reserved_bits_are_ignored),
		cmocka_unit_test(known_options),
		cmocka_unit_test(bad_option_length_ends_the_reading),
		cmocka_unit_test(mss_zero_is_absent),
		cmocka_unit_test(window_scale_above_14_is_14),
		cmocka_unit_test(first_of_duplicates_counts),
		cmocka_unit_test(sack_lengths),
		cmocka_unit_test(accecn_lengths),
		cmocka_unit_test(accecn_goes_out_as_it_comes_in),
		cmocka_unit_test(every_short_option_area),
		cmocka_unit_test(every_kind_and_length),
		cmocka_unit_test(emit_order_and_padding),
		cmocka_unit_test(fast_open_cookie),
		cmocka_unit_test(sack_blocks_that_do_not_fit_are_left_out),
		cmocka_unit_test(emit_parse_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
