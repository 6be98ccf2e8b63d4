/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "hex.h"
#include "wire/checksum.h"
#include "wire/ip.h"
#include "wire/octets.h"

/* 20 octets of header, 8 of payload, 192.0.2.1 to 192.0.2.2, TCP, DF. */
static const char plain4[] = "4510 001c 1234 4000 4006 0000 c0000201 c0000202"
			     "0102030405060708";
/* 40 octets of header, 8 of payload, 2001:db8::1 to 2001:db8::2. */
#define PLAIN6(len, next)                                                      \
	"6b2f ffff " len " " next " 3f 20010db8000000000000000000000001"       \
	"    20010db8000000000000000000000002 "

static void put_checksum4(uint8_t *p)
{
	struct checksum sum = {0};

	put16(p + 10, 0);
	checksum_add(&sum, p, (size_t)(p[0] & 15) * 4);
	put16(p + 10, checksum_finish(&sum));
}

/* Parses the exact octets; for IPv4 with the checksum made right. */
static enum cn_drop parse_octets(const uint8_t *p, size_t len,
				 struct ip_hdr *ip)
{
	uint8_t *copy = exact_copy(p, len);
	enum cn_drop drop;

	if (len >= 20 && len >= (size_t)(p[0] & 15) * 4 && p[0] >> 4 == 4)
		put_checksum4(copy);
	memset(ip, 0xee, sizeof(*ip));
	drop = ip_parse(copy, len, ip);
	free(copy);
	return drop;
}

static enum cn_drop parse_hex(const char *text, struct ip_hdr *ip)
{
	uint8_t octet[1024];

	return parse_octets(octet, hex_read(text, octet), ip);
}

static void v4_fields(void **state)
{
	struct cn_addr src = cn_addr_v4(192, 0, 2, 1);
	struct cn_addr dst = cn_addr_v4(192, 0, 2, 2);
	struct ip_hdr ip;

	(void)state;
	assert_int_equal(parse_hex(plain4, &ip), CN_DROP_NONE);
	assert_true(cn_addr_equal(&ip.src, &src));
	assert_true(cn_addr_equal(&ip.dst, &dst));
	assert_int_equal(ip.version, 4);
	assert_int_equal(ip.protocol, IP_TCP);
	assert_int_equal(ip.ttl, 64);
	assert_int_equal(ip.tos, 0x10);
	assert_true(ip.df);
	assert_false(ip.more);
	assert_false(ip.is_fragment);
	assert_int_equal(ip.frag_off, 0);
	assert_int_equal(ip.id, 0x1234);
	assert_int_equal(ip.header_len, 20);
	assert_int_equal(ip.payload_len, 8);
	assert_false(ip.problem_report);
}

static void v6_fields(void **state)
{
	struct cn_addr src, dst;
	struct ip_hdr ip;

	(void)state;
	cn_addr_parse("2001:db8::1", &src);
	cn_addr_parse("2001:db8::2", &dst);
	assert_int_equal(parse_hex(PLAIN6("0008", "06") "0102030405060708",
				   &ip),
			 CN_DROP_NONE);
	assert_true(cn_addr_equal(&ip.src, &src));
	assert_true(cn_addr_equal(&ip.dst, &dst));
	assert_int_equal(ip.version, 6);
	assert_int_equal(ip.protocol, IP_TCP);
	assert_int_equal(ip.ttl, 63);
	assert_int_equal(ip.tos, 0xb2);
	assert_true(ip.df);
	assert_false(ip.is_fragment);
	assert_int_equal(ip.header_len, 40);
	assert_int_equal(ip.payload_len, 8);
	assert_int_equal(ip.next_header_off, 6);
}

static void neither_version(void **state)
{
	struct ip_hdr ip;

	(void)state;
	for (unsigned version = 0; version < 16; version++) {
		uint8_t octet[60] = {(uint8_t)(version << 4 | 5)};

		if (version != 4 && version != 6)
			assert_int_equal(parse_octets(octet, sizeof(octet),
						      &ip),
					 CN_DROP_IP_VERSION);
	}
	assert_int_equal(parse_octets(NULL, 0, &ip), CN_DROP_IP_TRUNCATED);
}

/* attacks.md row 41 */
static void v4_bad_lengths(void **state)
{
	static const struct {
		uint8_t ihl;
		uint16_t total;
		size_t len;
		enum cn_drop want;
		uint32_t payload;
	} row[] = {
		{5, 28, 28, CN_DROP_NONE, 8},
		{5, 20, 28, CN_DROP_NONE, 0}, /* trimmed */
		{5, 27, 28, CN_DROP_NONE, 7},
		{5, 29, 28, CN_DROP_IP_TRUNCATED, 0},
		{5, 65535, 28, CN_DROP_IP_TRUNCATED, 0},
		{5, 19, 28, CN_DROP_IP_HEADER, 0},
		{5, 0, 28, CN_DROP_IP_HEADER, 0},
		{0, 28, 28, CN_DROP_IP_HEADER, 0},
		{1, 28, 28, CN_DROP_IP_HEADER, 0},
		{4, 28, 28, CN_DROP_IP_HEADER, 0},
		{6, 28, 28, CN_DROP_NONE, 4}, /* zeros: end of options */
		{7, 28, 28, CN_DROP_NONE, 0},
		{8, 28, 28, CN_DROP_IP_HEADER, 0},
		{15, 28, 28, CN_DROP_IP_HEADER, 0},
		{15, 60, 28, CN_DROP_IP_TRUNCATED, 0},
		{6, 22, 28, CN_DROP_IP_HEADER, 0},
		{5, 28, 19, CN_DROP_IP_TRUNCATED, 0},
		{5, 28, 1, CN_DROP_IP_TRUNCATED, 0},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint8_t octet[28] = {0};
		struct ip_hdr ip;

		hex_read(plain4, octet);
		memset(octet + 20, 0, 8);
		octet[0] = 0x40 | row[i].ihl;
		put16(octet + 2, row[i].total);
		assert_int_equal(parse_octets(octet, row[i].len, &ip),
				 row[i].want);
		if (!row[i].want) {
			assert_int_equal(ip.payload_len, row[i].payload);
			assert_int_equal(ip.header_len, row[i].ihl * 4);
		}
	}
}

/* attacks.md row 43: any one bit changed in the header, and it is dropped. */
static void v4_checksum_guards_every_bit(void **state)
{
	uint8_t octet[28];
	struct ip_hdr ip;

	(void)state;
	hex_read(plain4, octet);
	put_checksum4(octet);
	assert_int_equal(ip_parse(octet, 28, &ip), CN_DROP_NONE);
	for (unsigned bit = 0; bit < 160; bit++) {
		octet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(ip_parse(octet, 28, &ip), CN_DROP_NONE);
		octet[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	octet[8]--;
	assert_int_equal(ip_parse(octet, 28, &ip), CN_DROP_IP_CHECKSUM);
}

/* MUST-50 */
static void v4_options(void **state)
{
	static const struct {
		const char *options; /* 8 octets */
		enum cn_drop want;
		int problem; /* offset that is reported, or -1 */
	} row[] = {
		{"00000000 00000000", CN_DROP_NONE, -1},
		{"01010101 01010101", CN_DROP_NONE, -1},
		{"07070400 00000001", CN_DROP_NONE, -1}, /* record route */
		{"94040000 00ffffff", CN_DROP_NONE, -1}, /* router alert, end */
		{"88080000 00000000", CN_DROP_NONE, -1}, /* unknown, whole */
		{"01010101 01018802", CN_DROP_NONE, -1},
		{"88090000 00000000", CN_DROP_IP_OPTION, 20},
		{"01880801 01010101", CN_DROP_IP_OPTION, 21},
		{"01010101 01010188", CN_DROP_IP_OPTION, 27},
		{"88000000 00000000", CN_DROP_IP_OPTION, 20},
		{"88010000 00000000", CN_DROP_IP_OPTION, 20},
		{"880288ff 00000000", CN_DROP_IP_OPTION, 22},
		{"83070401 02030400", CN_DROP_IP_OPTION, -1}, /* LSRR */
		{"89070401 02030400", CN_DROP_IP_OPTION, -1}, /* SSRR */
		{"01010101 01010183", CN_DROP_IP_OPTION, -1},
		{"00830704 01020304", CN_DROP_NONE, -1}, /* after the end */
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint8_t octet[28];
		struct ip_hdr ip;

		hex_read(plain4, octet);
		octet[0] = 0x47;
		hex_read(row[i].options, octet + 20);
		assert_int_equal(parse_octets(octet, 28, &ip), row[i].want);
		assert_int_equal(ip.problem_report, row[i].problem >= 0);
		if (row[i].problem >= 0)
			assert_int_equal(ip.problem_off, row[i].problem);
	}
}

static void v4_fragments(void **state)
{
	static const struct {
		uint16_t field; /* flags and offset */
		uint16_t payload;
		enum cn_drop want;
		bool more;
		uint16_t off;
	} row[] = {
		{0x4000, 8, CN_DROP_NONE, false, 0},
		{0x8000, 8, CN_DROP_NONE, false, 0},
		{0x2000, 8, CN_DROP_NONE, true, 0},
		{0x2001, 8, CN_DROP_NONE, true, 8},
		{0x0001, 8, CN_DROP_NONE, false, 8},
		{0x0001, 5, CN_DROP_NONE, false, 8},
		{0x2001, 5, CN_DROP_FRAG_BAD, true, 8},
		{0x2000, 0, CN_DROP_FRAG_BAD, true, 0},
		{0x0001, 0, CN_DROP_FRAG_BAD, true, 0},
		/* 20 + 65504 + 8 = 65532, + 11 = 65535, + 12 beyond. */
		{0x1ffc, 8, CN_DROP_NONE, false, 65504},
		{0x1ffc, 11, CN_DROP_NONE, false, 65504},
		{0x1ffc, 12, CN_DROP_FRAG_BAD, false, 65504},
		{0x1fff, 1, CN_DROP_FRAG_BAD, false, 65528},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint8_t octet[40] = {0};
		struct ip_hdr ip;

		hex_read(plain4, octet);
		put16(octet + 6, row[i].field);
		put16(octet + 2, (uint16_t)(20 + row[i].payload));
		assert_int_equal(parse_octets(octet, sizeof(octet), &ip),
				 row[i].want);
		assert_false(ip.problem_report);
		if (row[i].want)
			continue;
		assert_int_equal(ip.more, row[i].more);
		assert_int_equal(ip.frag_off, row[i].off);
		assert_int_equal(ip.is_fragment, row[i].more || row[i].off);
		assert_int_equal(ip.payload_len, row[i].payload);
	}
}

static void v6_bad_lengths(void **state)
{
	static const struct {
		uint16_t payload;
		size_t len;
		enum cn_drop want;
	} row[] = {
		{8, 48, CN_DROP_NONE},
		{7, 48, CN_DROP_NONE},
		{0, 48, CN_DROP_NONE},
		{0, 40, CN_DROP_NONE},
		{9, 48, CN_DROP_IP_TRUNCATED},
		{65535, 48, CN_DROP_IP_TRUNCATED},
		{1, 40, CN_DROP_IP_TRUNCATED},
		{0, 39, CN_DROP_IP_TRUNCATED},
		{0, 1, CN_DROP_IP_TRUNCATED},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint8_t octet[48] = {0};
		struct ip_hdr ip;

		hex_read(PLAIN6("0000", "11"), octet);
		put16(octet + 4, row[i].payload);
		assert_int_equal(parse_octets(octet, row[i].len, &ip),
				 row[i].want);
		if (!row[i].want)
			assert_int_equal(ip.payload_len, row[i].payload);
	}
}

/* A mapped address means IPv4 above wire/: on the wire it is a disguise. */
static void v6_mapped_addresses_are_refused(void **state)
{
	uint8_t octet[40];
	struct ip_hdr ip;

	(void)state;
	hex_read(PLAIN6("0000", "3b"), octet);
	hex_read("00000000000000000000ffff 7f000001", octet + 8);
	assert_int_equal(parse_octets(octet, 40, &ip), CN_DROP_IP_SOURCE);
	hex_read(PLAIN6("0000", "3b"), octet);
	hex_read("00000000000000000000ffff 7f000001", octet + 24);
	assert_int_equal(parse_octets(octet, 40, &ip), CN_DROP_IP_NOT_OURS);
}

static void quoted_mapped_addresses_are_refused(void **state)
{
	uint8_t octet[40];
	struct ip_hdr ip;

	(void)state;
	hex_read(PLAIN6("0000", "3b"), octet);
	assert_true(ip_parse_quoted(octet, 40, &ip));
	hex_read("00000000000000000000ffff 7f000001", octet + 8);
	assert_false(ip_parse_quoted(octet, 40, &ip));
	hex_read(PLAIN6("0000", "3b"), octet);
	hex_read("00000000000000000000ffff 7f000001", octet + 24);
	assert_false(ip_parse_quoted(octet, 40, &ip));
}

#define PAD6 "0104 00000000"

static void v6_extension_chains(void **state)
{
	static const struct {
		const char *packet;
		uint8_t protocol;
		uint16_t header_len, next_off;
		uint32_t payload;
	} row[] = {
		/* no next header */
		{PLAIN6("0008", "3b") "0102030405060708", 59, 40, 6, 8},
		/* unknown, and IPsec: left for the host to answer */
		{PLAIN6("0008", "fd") "0102030405060708", 253, 40, 6, 8},
		{PLAIN6("0008", "33") "0602000000000000", 51, 40, 6, 8},
		/* hop-by-hop, then TCP */
		{PLAIN6("000c", "00") "0600" PAD6 "aabbccdd", 6, 48, 40, 4},
		/* hop-by-hop of 16 octets */
		{PLAIN6("0010", "00") "0601 010c 000000000000000000000000", 6,
		 56, 40, 0},
		/* router alert, Pad1 */
		{PLAIN6("0008", "00") "0600 05020000 00 00", 6, 48, 40, 0},
		/* hop-by-hop, destination, routing at its end, destination */
		{PLAIN6("0020", "00") "3c00" PAD6 "2b00" PAD6
				      "3c00 0000 00000000"
				      "1100" PAD6,
		 17, 72, 64, 0},
		/* atomic fragment: none (RFC 6946), and a chain after it */
		{PLAIN6("0010", "2c") "3c00 0000 12345678"
				      "0600" PAD6,
		 6, 56, 48, 0},
		/* unknown option that says: skip me */
		{PLAIN6("0008", "3c") "0600 3e04 00000000", 6, 48, 40, 0},
		/* eight headers */
		{PLAIN6("0040", "00") "3c00" PAD6 "3c00" PAD6 "3c00" PAD6
				      "3c00" PAD6 "3c00" PAD6 "3c00" PAD6
				      "3c00" PAD6 "0600" PAD6,
		 6, 104, 96, 0},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct ip_hdr ip;

		assert_int_equal(parse_hex(row[i].packet, &ip), CN_DROP_NONE);
		assert_false(ip.is_fragment);
		assert_int_equal(ip.protocol, row[i].protocol);
		assert_int_equal(ip.header_len, row[i].header_len);
		assert_int_equal(ip.next_header_off, row[i].next_off);
		assert_int_equal(ip.payload_len, row[i].payload);
	}
}

static void v6_bad_extension_chains(void **state)
{
	static const struct {
		const char *packet;
		int problem, code; /* -1: dropped in silence */
	} row[] = {
		/* cut off before its 8 octets, or before its length */
		{PLAIN6("0000", "00"), -1, 0},
		{PLAIN6("0007", "00") "0600 0104 000000", -1, 0},
		{PLAIN6("0008", "00") "0601" PAD6, -1, 0},
		{PLAIN6("0008", "2b") "06ff 0000 00000000", -1, 0},
		{PLAIN6("0004", "2c") "0600 0000", -1, 0},
		/* hop-by-hop anywhere but first */
		{PLAIN6("0010", "3c") "0000" PAD6 "0600" PAD6, 40, 1},
		{PLAIN6("0010", "00") "0000" PAD6 "0600" PAD6, 40, 1},
		/* nine headers */
		{PLAIN6("0048", "00") "3c00" PAD6 "3c00" PAD6 "3c00" PAD6
				      "3c00" PAD6 "3c00" PAD6 "3c00" PAD6
				      "3c00" PAD6 "3c00" PAD6 "0600" PAD6,
		 -1, 0},
		/* two fragment headers */
		{PLAIN6("0010", "2c") "2c00 0000 12345678"
				      "0600 0000 12345678",
		 -1, 0},
		/* routing types with hops to go: 0 and another */
		{PLAIN6("0018", "2b") "0602 0001 00000000"
				      "20010db8000000000000000000000003",
		 42, 0},
		{PLAIN6("0008", "2b") "0600 0401 00000000", 42, 0},
		/* options past their header */
		{PLAIN6("0008", "00") "0600 0105 00000000", -1, 0},
		{PLAIN6("0008", "00") "0600 0000 00000001", -1, 0},
		{PLAIN6("0008", "3c") "0600 0103 00000001", -1, 0},
		/* unknown options: drop; drop and say so */
		{PLAIN6("0008", "3c") "0600 7e04 00000000", -1, 0},
		{PLAIN6("0008", "3c") "0600 be04 00000000", 42, 2},
		{PLAIN6("0008", "3c") "0600 00 fe03 000000", 43, 2},
		/* jumbo payload (RFC 2675): unknown to us */
		{PLAIN6("0008", "00") "0600 c204 00100000", 42, 2},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct ip_hdr ip;

		assert_int_equal(parse_hex(row[i].packet, &ip),
				 CN_DROP_IP6_EXT);
		assert_int_equal(ip.problem_report, row[i].problem >= 0);
		if (row[i].problem < 0)
			continue;
		assert_int_equal(ip.problem_off, row[i].problem);
		assert_int_equal(ip.problem_code, row[i].code);
	}
}

/* RFC 8200 section 4.2: kind 11 is reported to unicast only, 10 always. */
static void v6_option_on_multicast(void **state)
{
	uint8_t octet[48];
	struct ip_hdr ip;

	(void)state;
	hex_read(PLAIN6("0008", "3c") "0600 fe04 00000000", octet);
	octet[24] = 0xff;
	assert_int_equal(parse_octets(octet, 48, &ip), CN_DROP_IP6_EXT);
	assert_false(ip.problem_report);
	octet[42] = 0xbe;
	assert_int_equal(parse_octets(octet, 48, &ip), CN_DROP_IP6_EXT);
	assert_true(ip.problem_report);
}

static void v6_chain_is_bounded_in_octets(void **state)
{
	static uint8_t octet[40 + 1024];
	struct ip_hdr ip;

	(void)state;
	/* One header of 512 octets, filled with Pad1. */
	hex_read(PLAIN6("0400", "3c") "063f", octet);
	assert_int_equal(parse_octets(octet, sizeof(octet), &ip), CN_DROP_NONE);
	assert_int_equal(ip.header_len, 40 + 512);
	octet[41] = 0x40;
	assert_int_equal(parse_octets(octet, sizeof(octet), &ip),
			 CN_DROP_IP6_EXT);
	/* Two of 256, then of 264. */
	hex_read("3c1f", octet + 40);
	hex_read("061f", octet + 40 + 256);
	assert_int_equal(parse_octets(octet, sizeof(octet), &ip), CN_DROP_NONE);
	octet[40 + 257] = 0x20;
	assert_int_equal(parse_octets(octet, sizeof(octet), &ip),
			 CN_DROP_IP6_EXT);
}

static void v6_fragments(void **state)
{
	static const struct {
		const char *packet;
		enum cn_drop want;
		bool more;
		uint16_t off, header_len, next_off;
		int problem;
	} row[] = {
		{PLAIN6("0010", "2c") "0600 0001 12345678 0102030405060708",
		 CN_DROP_NONE, true, 0, 48, 6, -1},
		{PLAIN6("0010", "2c") "0600 0008 12345678 0102030405060708",
		 CN_DROP_NONE, false, 8, 48, 6, -1},
		/* the reserved bits are not looked at */
		{PLAIN6("0010", "2c") "06ff 000e 12345678 0102030405060708",
		 CN_DROP_NONE, false, 8, 48, 6, -1},
		/* an unfragmentable part; what follows is not read */
		{PLAIN6("0018", "00") "2c00" PAD6
				      "0000 0009 12345678 ffffffffffffffff",
		 CN_DROP_NONE, true, 8, 56, 40, -1},
		/* not the last and not a multiple of 8 */
		{PLAIN6("000f", "2c") "0600 0001 12345678 01020304050607",
		 CN_DROP_FRAG_BAD, true, 0, 48, 6, 4},
		/* empty */
		{PLAIN6("0008", "2c") "0600 0008 12345678", CN_DROP_FRAG_BAD,
		 false, 8, 48, 6, -1},
		/* 65528 + 7 and + 8 */
		{PLAIN6("000f", "2c") "0600 fff8 12345678 01020304050607",
		 CN_DROP_NONE, false, 65528, 48, 6, -1},
		{PLAIN6("0010", "2c") "0600 fff8 12345678 0102030405060708",
		 CN_DROP_FRAG_BAD, false, 65528, 48, 6, 42},
		/* the extension before it counts: 8 + 65520 + 8 */
		{PLAIN6("0018", "00") "2c00" PAD6
				      "0600 fff0 12345678 0102030405060708",
		 CN_DROP_FRAG_BAD, false, 65520, 56, 40, 50},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct ip_hdr ip;

		assert_int_equal(parse_hex(row[i].packet, &ip), row[i].want);
		assert_int_equal(ip.problem_report, row[i].problem >= 0);
		if (row[i].problem >= 0)
			assert_int_equal(ip.problem_off, row[i].problem);
		if (row[i].want)
			continue;
		assert_true(ip.is_fragment);
		assert_int_equal(ip.more, row[i].more);
		assert_int_equal(ip.frag_off, row[i].off);
		assert_int_equal(ip.header_len, row[i].header_len);
		assert_int_equal(ip.next_header_off, row[i].next_off);
		assert_int_equal(ip.id, 0x12345678);
	}
}

/* Parsed back, what was emitted is what was meant. */
static void emit_parse_round_trip(void **state)
{
	static const uint8_t seed[16] = {48};
	static uint8_t octet[64 + 2048];
	struct random random;

	(void)state;
	random_init(&random, seed, 0);
	for (int round = 0; round < 20000; round++) {
		bool v6 = random_below(&random, 2);
		struct ip_hdr in = {0}, out;
		size_t len;

		in.src = cn_addr_v4((uint8_t)random_u64(&random), 1, 2, 3);
		in.dst = cn_addr_v4(4, 5, 6, (uint8_t)random_u64(&random));
		if (v6) {
			in.src.octet[round % 10] = 0x77;
			in.dst.octet[round % 7] = 0x88;
		}
		in.protocol = IP_UDP;
		in.ttl = (uint8_t)random_u64(&random);
		in.tos = (uint8_t)random_u64(&random);
		in.df = v6 || random_below(&random, 2);
		in.payload_len = random_below(&random, 256) * 8;
		if (random_below(&random, 2)) {
			in.more = random_below(&random, 2);
			in.frag_off =
				(uint16_t)(8 * random_below(&random, 7000));
			in.is_fragment = in.more || in.frag_off;
			in.payload_len += in.is_fragment ? 8 : 0;
		}
		in.id = !v6	       ? (uint16_t)random_u64(&random) :
			in.is_fragment ? (uint32_t)random_u64(&random) :
					 0;
		memset(octet, 0xff, 64);
		len = ip_emit(octet, &in);
		assert_int_equal(len, v6 ? in.is_fragment ? 48 : 40 : 20);
		assert_int_equal(octet[len], 0xff);
		assert_int_equal(ip_parse(octet, len + in.payload_len, &out),
				 CN_DROP_NONE);
		assert_true(cn_addr_equal(&in.src, &out.src));
		assert_true(cn_addr_equal(&in.dst, &out.dst));
		assert_int_equal(out.version, v6 ? 6 : 4);
		assert_int_equal(in.protocol, out.protocol);
		assert_int_equal(in.ttl, out.ttl);
		assert_int_equal(in.tos, out.tos);
		assert_int_equal(in.df, out.df);
		assert_int_equal(in.more, out.more);
		assert_int_equal(in.is_fragment, out.is_fragment);
		assert_int_equal(in.frag_off, out.frag_off);
		assert_int_equal(in.id, out.id);
		assert_int_equal(in.payload_len, out.payload_len);
		assert_int_equal(out.header_len, len);
	}
}

static void super_segment_saturates_the_length(void **state)
{
	struct ip_hdr ip = {0};
	uint8_t octet[48];

	(void)state;
	ip.src = cn_addr_v4(1, 2, 3, 4);
	ip.dst = ip.src;
	ip.payload_len = 65515;
	ip_emit(octet, &ip);
	assert_int_equal(get16(octet + 2), 65535);
	ip.payload_len = 66000;
	ip_emit(octet, &ip);
	assert_int_equal(get16(octet + 2), 65535);
	ip.src.octet[0] = 1;
	ip.dst.octet[0] = 1;
	ip_emit(octet, &ip);
	assert_int_equal(get16(octet + 4), 65535);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v4_fields),
		cmocka_unit_test(v6_fields),
		cmocka_unit_test(neither_version),
		cmocka_unit_test(v4_bad_lengths),
		cmocka_unit_test(v4_checksum_guards_every_bit),
		cmocka_unit_test(v4_options),
		cmocka_unit_test(v4_fragments),
		cmocka_unit_test(v6_bad_lengths),
		cmocka_unit_test(v6_mapped_addresses_are_refused),
		cmocka_unit_test(quoted_mapped_addresses_are_refused),
		cmocka_unit_test(v6_extension_chains),
		cmocka_unit_test(v6_bad_extension_chains),
		cmocka_unit_test(v6_option_on_multicast),
		cmocka_unit_test(v6_chain_is_bounded_in_octets),
		cmocka_unit_test(v6_fragments),
		cmocka_unit_test(emit_parse_round_trip),
		cmocka_unit_test(super_segment_saturates_the_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
