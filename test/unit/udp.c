/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"
#include "wire/checksum.h"
#include "wire/octets.h"
#include "wire/udp.h"

static struct ip_hdr outer(int version)
{
	struct ip_hdr ip = {.version = (uint8_t)version, .protocol = IP_UDP};

	ip.src = cn_addr_v4(10, 0, 0, 9);
	ip.dst = cn_addr_v4(10, 0, 0, 1);
	if (version == 6) {
		cn_addr_parse("fd00::9", &ip.src);
		cn_addr_parse("fd00::1", &ip.dst);
	}
	return ip;
}

static void put_checksum(uint8_t *p, const struct ip_hdr *ip, size_t len)
{
	struct checksum sum = {0};
	uint16_t field;

	put16(p + 6, 0);
	checksum_add_pseudo(&sum, &ip->src, &ip->dst, IP_UDP, (uint32_t)len);
	checksum_add(&sum, p, len);
	field = checksum_finish(&sum);
	put16(p + 6, field ? field : 0xffff);
}

static enum cn_drop parse(const struct ip_hdr *ip, const uint8_t *p, size_t len,
			  struct udp_hdr *udp)
{
	uint8_t *copy = exact_copy(p, len);
	enum cn_drop drop = udp_parse(ip, copy, len, udp);

	free(copy);
	return drop;
}

static void emit_parse_round_trip(void **state)
{
	(void)state;
	for (int version = 4; version <= 6; version += 2) {
		struct udp_hdr in = {0x1234, 53, 5, false}, out;
		struct ip_hdr ip = outer(version);
		uint8_t octet[13] = {0};

		assert_int_equal(udp_emit(octet, &in), 8);
		assert_int_equal(get16(octet + 6), 0);
		memcpy(octet + 8, "hello", 5);
		put_checksum(octet, &ip, 13);
		assert_int_equal(parse(&ip, octet, 13, &out), CN_DROP_NONE);
		assert_int_equal(out.src_port, 0x1234);
		assert_int_equal(out.dst_port, 53);
		assert_int_equal(out.data_len, 5);
	}
}

static void lengths(void **state)
{
	static const struct {
		uint16_t field;
		size_t len;
		enum cn_drop want;
		uint32_t data_len;
	} row[] = {
		{12, 12, CN_DROP_NONE, 4},	 {8, 12, CN_DROP_NONE, 0},
		{9, 12, CN_DROP_NONE, 1},	 {13, 12, CN_DROP_UDP_BAD, 0},
		{7, 12, CN_DROP_UDP_BAD, 0},	 {0, 12, CN_DROP_UDP_BAD, 0},
		{65535, 12, CN_DROP_UDP_BAD, 0}, {8, 8, CN_DROP_NONE, 0},
		{8, 7, CN_DROP_UDP_BAD, 0},	 {8, 0, CN_DROP_UDP_BAD, 0},
	};
	struct ip_hdr ip = outer(4);

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint8_t octet[12] = {0, 1, 0, 2, 0, 0, 0, 0, 1, 2, 3, 4};
		struct udp_hdr udp;

		put16(octet + 4, row[i].field);
		if (row[i].field <= 12)
			put_checksum(octet, &ip, row[i].field);
		assert_int_equal(parse(&ip, octet, row[i].len, &udp),
				 row[i].want);
		if (!row[i].want)
			assert_int_equal(udp.data_len, row[i].data_len);
	}
}

static void no_checksum_on_ipv4_only(void **state)
{
	uint8_t octet[8] = {0, 1, 0, 2, 0, 8, 0, 0};
	struct ip_hdr v4 = outer(4), v6 = outer(6);
	struct udp_hdr udp;

	(void)state;
	assert_int_equal(parse(&v4, octet, 8, &udp), CN_DROP_NONE);
	assert_int_equal(parse(&v6, octet, 8, &udp), CN_DROP_UDP_BAD);
}

/* attacks.md row 43 */
static void checksum_guards_every_bit(void **state)
{
	(void)state;
	for (int version = 4; version <= 6; version += 2) {
		uint8_t octet[12] = {0, 1, 0, 2, 0, 12, 0, 0, 1, 2, 3, 4};
		struct ip_hdr ip = outer(version);
		struct udp_hdr udp;

		put_checksum(octet, &ip, 12);
		for (unsigned bit = 0; bit < 96; bit++) {
			octet[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(parse(&ip, octet, 12, &udp),
					 CN_DROP_UDP_BAD);
			octet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		ip.src.octet[15]++;
		assert_int_equal(parse(&ip, octet, 12, &udp), CN_DROP_UDP_BAD);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(emit_parse_round_trip),
		cmocka_unit_test(lengths),
		cmocka_unit_test(no_checksum_on_ipv4_only),
		cmocka_unit_test(checksum_guards_every_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
