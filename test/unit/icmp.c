/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "hex.h"
#include "wire/icmp.h"
#include "wire/octets.h"

static struct ip_hdr outer(int version)
{
	struct ip_hdr ip = {.version = (uint8_t)version};

	ip.src = cn_addr_v4(10, 0, 0, 9);
	ip.dst = cn_addr_v4(10, 0, 0, 1);
	ip.protocol = IP_ICMP;
	if (version == 6) {
		cn_addr_parse("fd00::9", &ip.src);
		cn_addr_parse("fd00::1", &ip.dst);
		ip.protocol = IP_ICMP6;
	}
	return ip;
}

/* Emits the message, copies it to its exact length and reads that. */
static enum cn_drop through(const struct icmp_msg *msg, int version,
			    struct icmp_msg *got, uint8_t *octet)
{
	struct ip_hdr ip = outer(version);
	size_t len = icmp_emit(octet, &ip, msg);

	assert_int_equal(len, 8 + msg->body_len);
	return icmp_parse(&ip, octet, len, got);
}

static void kinds_and_second_words(void **state)
{
	static const struct {
		int version;
		uint8_t type, code, kind;
		uint32_t word; /* as on the wire */
		uint32_t mtu, pointer;
	} row[] = {
		{4, 8, 0, ICMP_ECHO_REQUEST, 0x12345678, 0, 0},
		{4, 0, 0, ICMP_ECHO_REPLY, 0x12345678, 0, 0},
		{4, 3, 0, ICMP_UNREACHABLE, 0, 0, 0},
		{4, 3, 1, ICMP_UNREACHABLE, 0, 0, 0},
		{4, 3, 2, ICMP_UNREACHABLE, 0, 0, 0},
		{4, 3, 3, ICMP_UNREACHABLE, 0, 0, 0},
		{4, 3, 4, ICMP_PACKET_TOO_BIG, 1400, 1400, 0},
		{4, 3, 4, ICMP_PACKET_TOO_BIG, 0, 0, 0},
		{4, 3, 13, ICMP_UNREACHABLE, 0, 0, 0},
		{4, 4, 0, ICMP_SOURCE_QUENCH, 0, 0, 0},
		{4, 5, 1, ICMP_REDIRECT, 0, 0, 0},
		{4, 11, 0, ICMP_TIME_EXCEEDED, 0, 0, 0},
		{4, 11, 1, ICMP_TIME_EXCEEDED, 0, 0, 0},
		{4, 12, 0, ICMP_PARAMETER_PROBLEM, 0x14000000, 0, 20},
		{4, 13, 0, ICMP_OTHER, 0xaabbccdd, 0, 0xaabbccdd},
		{4, 128, 0, ICMP_OTHER, 5, 0, 5},
		{6, 128, 0, ICMP_ECHO_REQUEST, 0x12345678, 0, 0},
		{6, 129, 0, ICMP_ECHO_REPLY, 0x12345678, 0, 0},
		{6, 1, 4, ICMP_UNREACHABLE, 0, 0, 0},
		{6, 2, 0, ICMP_PACKET_TOO_BIG, 70000, 70000, 0},
		{6, 3, 0, ICMP_TIME_EXCEEDED, 0, 0, 0},
		{6, 4, 1, ICMP_PARAMETER_PROBLEM, 40, 0, 40},
		{6, 137, 0, ICMP_REDIRECT, 0, 0, 0},
		{6, 135, 0, ICMP_OTHER, 0, 0, 0},
		{6, 136, 0, ICMP_OTHER, 0x60000000, 0, 0x60000000},
		{6, 8, 0, ICMP_OTHER, 7, 0, 7},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct icmp_msg msg = {.type = row[i].type,
				       .code = row[i].code,
				       .mtu = row[i].mtu,
				       .pointer = row[i].pointer,
				       .echo_id = 0x1234,
				       .echo_seq = 0x5678,
				       .body = (const uint8_t *)"body!",
				       .body_len = 5};
		struct icmp_msg got;
		uint8_t octet[13];

		assert_int_equal(through(&msg, row[i].version, &got, octet),
				 CN_DROP_NONE);
		assert_int_equal(get32(octet + 4), row[i].word);
		assert_int_equal(got.kind, row[i].kind);
		assert_int_equal(got.type, row[i].type);
		assert_int_equal(got.code, row[i].code);
		assert_int_equal(got.version, row[i].version);
		assert_int_equal(got.mtu, row[i].mtu);
		assert_int_equal(got.pointer, row[i].pointer);
		assert_int_equal(got.body_len, 5);
		assert_memory_equal(got.body, "body!", 5);
		if (row[i].kind <= ICMP_ECHO_REPLY) {
			assert_int_equal(got.echo_id, 0x1234);
			assert_int_equal(got.echo_seq, 0x5678);
		}
	}
}

/* A reply is made where the request lies. */
static void echo_in_place(void **state)
{
	struct ip_hdr ip = outer(4);
	struct icmp_msg msg = {.type = 8, .echo_id = 1, .echo_seq = 2};
	uint8_t octet[16] = {0};

	(void)state;
	memcpy(octet + 8, "abcdefgh", 8);
	msg.body = octet + 8;
	msg.body_len = 8;
	assert_int_equal(icmp_emit(octet, &ip, &msg), 16);
	assert_memory_equal(octet + 8, "abcdefgh", 8);
	assert_int_equal(icmp_parse(&ip, octet, 16, &msg), CN_DROP_NONE);
	msg.type = 0;
	assert_int_equal(icmp_emit(octet, &ip, &msg), 16);
	assert_int_equal(icmp_parse(&ip, octet, 16, &msg), CN_DROP_NONE);
	assert_int_equal(msg.kind, ICMP_ECHO_REPLY);
	assert_int_equal(msg.echo_seq, 2);
}

/* attacks.md row 43 */
static void bad_checksum_and_truncation(void **state)
{
	static const int version[] = {4, 6};

	(void)state;
	for (unsigned v = 0; v < 2; v++) {
		struct ip_hdr ip = outer(version[v]), other;
		struct icmp_msg msg = {.type = 3, .body_len = 4}, got;
		uint8_t octet[12];

		msg.body = (const uint8_t *)"\1\2\3\4";
		icmp_emit(octet, &ip, &msg);
		for (size_t len = 0; len < 12; len++) {
			uint8_t *copy = exact_copy(octet, len);

			assert_int_equal(icmp_parse(&ip, copy, len, &got),
					 CN_DROP_ICMP_BAD);
			free(copy);
		}
		for (unsigned bit = 0; bit < 96; bit++) {
			octet[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(icmp_parse(&ip, octet, 12, &got),
					 CN_DROP_ICMP_BAD);
			octet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_int_equal(icmp_parse(&ip, octet, 12, &got),
				 CN_DROP_NONE);
		/* Only ICMPv6 covers the addresses. */
		other = ip;
		other.dst.octet[15]++;
		assert_int_equal(icmp_parse(&other, octet, 12, &got),
				 version[v] == 6 ? CN_DROP_ICMP_BAD :
						   CN_DROP_NONE);
	}
}

#define INNER4(vihl, total, frag, proto)                                       \
	vihl "00" total "0001" frag "40" proto "0000 c0000201 c0000202 "
#define INNER6(len, next)                                                      \
	"60000000" len next "40 20010db8000000000000000000000001"              \
	"   20010db8000000000000000000000002 "
#define TCP8 "1234 0050 89abcdef"

static void quotes(void **state)
{
	static const struct {
		int version;
		const char *body;
		bool want;
		uint16_t src_port, dst_port;
		uint32_t seq, payload;
	} row[] = {
		{4, INNER4("45", "05dc", "4000", "06") TCP8, true, 0x1234, 80,
		 0x89abcdef, 1480},
		{4, INNER4("45", "001c", "0000", "06") TCP8, true, 0x1234, 80,
		 0x89abcdef, 8},
		/* more than the 8 octets (RFC 1812 section 4.3.2.3) */
		{4, INNER4("45", "0100", "0000", "11") TCP8 "ffffffff", true,
		 0x1234, 80, 0, 236},
		{4, INNER4("45", "0100", "0000", "01") TCP8, true, 0, 0, 0,
		 236},
		{4, INNER4("46", "0100", "0000", "06") "01010101" TCP8, true,
		 0x1234, 80, 0x89abcdef, 232},
		/* the first fragment */
		{4, INNER4("45", "0100", "2000", "06") TCP8, true, 0x1234, 80,
		 0x89abcdef, 236},
		/* a later one: no ports in it */
		{4, INNER4("45", "0100", "2001", "06") TCP8, false, 0, 0, 0, 0},
		/* one octet short; options past the end; nothing */
		{4, INNER4("45", "05dc", "4000", "06") "1234 0050 89abcd",
		 false, 0, 0, 0, 0},
		{4, INNER4("47", "05dc", "4000", "06") "0101 0101 010101",
		 false, 0, 0, 0, 0},
		{4, INNER4("4f", "05dc", "4000", "06") TCP8, false, 0, 0, 0, 0},
		{4, INNER4("44", "05dc", "4000", "06") TCP8, false, 0, 0, 0, 0},
		{4, INNER4("45", "0013", "4000", "06") TCP8, false, 0, 0, 0, 0},
		{4, "45", false, 0, 0, 0, 0},
		{4, "", false, 0, 0, 0, 0},
		/* the other version */
		{6, INNER4("45", "05dc", "4000", "06") TCP8, false, 0, 0, 0, 0},
		{4, INNER6("05b4", "06") TCP8, false, 0, 0, 0, 0},
		{6, INNER6("05b4", "06") TCP8, true, 0x1234, 80, 0x89abcdef,
		 1460},
		{6, INNER6("0008", "11") TCP8, true, 0x1234, 80, 0, 8},
		/* behind a destination header and an atomic fragment */
		{6,
		 INNER6("0018", "3c") "2c00 010400000000"
				      "0600 0000 00000000" TCP8,
		 true, 0x1234, 80, 0x89abcdef, 8},
		/* first and later fragment */
		{6, INNER6("0100", "2c") "0600 0001 00000000" TCP8, true,
		 0x1234, 80, 0x89abcdef, 248},
		{6, INNER6("0100", "2c") "0600 0009 00000000" TCP8, false, 0, 0,
		 0, 0},
		/* the chain leaves what is quoted */
		{6, INNER6("0100", "3c") "06ff 0104 00000000" TCP8, false, 0, 0,
		 0, 0},
		{6, INNER6("05b4", "06") "1234 0050 89abcd", false, 0, 0, 0, 0},
		/* less than the header says is there is not read */
		{6, INNER6("0007", "3c") "0600 0104 00000000" TCP8, false, 0, 0,
		 0, 0},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint8_t octet[256];
		size_t len = hex_read(row[i].body, octet);
		uint8_t *copy = exact_copy(octet, len);
		struct icmp_msg msg = {.kind = ICMP_UNREACHABLE,
				       .version = (uint8_t)row[i].version,
				       .body = copy,
				       .body_len = (uint32_t)len};
		struct icmp_quote quote;

		assert_int_equal(icmp_parse_quote(&msg, &quote), row[i].want);
		free(copy);
		if (!row[i].want)
			continue;
		assert_int_equal(quote.src_port, row[i].src_port);
		assert_int_equal(quote.dst_port, row[i].dst_port);
		assert_int_equal(quote.seq, row[i].seq);
		assert_int_equal(quote.ip.payload_len, row[i].payload);
	}
}

static void only_errors_quote(void **state)
{
	static const bool want[] = {
		[ICMP_ECHO_REQUEST] = false, [ICMP_ECHO_REPLY] = false,
		[ICMP_UNREACHABLE] = true,   [ICMP_PACKET_TOO_BIG] = true,
		[ICMP_TIME_EXCEEDED] = true, [ICMP_PARAMETER_PROBLEM] = true,
		[ICMP_SOURCE_QUENCH] = true, [ICMP_REDIRECT] = false,
		[ICMP_OTHER] = false,
	};
	uint8_t octet[64];
	size_t len = hex_read(INNER4("45", "05dc", "4000", "06") TCP8, octet);

	(void)state;
	for (uint8_t kind = 0; kind <= ICMP_OTHER; kind++) {
		struct icmp_msg msg = {.kind = kind,
				       .version = 4,
				       .body = octet,
				       .body_len = (uint32_t)len};
		struct icmp_quote quote;

		assert_int_equal(icmp_parse_quote(&msg, &quote), want[kind]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_and_second_words),
		cmocka_unit_test(echo_in_place),
		cmocka_unit_test(bad_checksum_and_truncation),
		cmocka_unit_test(quotes),
		cmocka_unit_test(only_errors_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
