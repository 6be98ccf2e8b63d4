/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "base/random.h"
#include <catenet/frame.h>

static void text_round_trip(void **state)
{
	static const struct {
		const char *input, *want;
	} row[] = {
		{"0.0.0.0", "0.0.0.0"},
		{"10.0.0.1", "10.0.0.1"},
		{"255.255.255.255", "255.255.255.255"},
		{"100.20.3.99", "100.20.3.99"},
		{"::ffff:1.2.3.4", "1.2.3.4"},
		{"::ffff:102:304", "1.2.3.4"},
		{"0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4"},
		{"::", "::"},
		{"::1", "::1"},
		{"1::", "1::"},
		{"fd00::1", "fd00::1"},
		{"0:0:0:0:0:0:0:0", "::"},
		{"2001:DB8::A", "2001:db8::a"},
		{"2001:0db8:0000::0001", "2001:db8::1"},
		/* RFC 5952 section 4.2.2: one zero group is not shortened. */
		{"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		/* Section 4.2.3: the longest run, of two equal ones the first. */
		{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"0:0:1:2:3:4:0:0", "::1:2:3:4:0:0"},
		{"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
		{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
		{"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
		{"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
		{"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char text[CN_ADDR_TEXT];
		struct cn_addr addr;

		assert_true(cn_addr_parse(row[i].input, &addr));
		assert_int_equal(cn_addr_format(&addr, text),
				 strlen(row[i].want));
		assert_string_equal(text, row[i].want);
	}
}

static void what_is_no_address(void **state)
{
	static const char *const input[] = {
		"",
		" ",
		"1",
		"1.2.3",
		"1.2.3.",
		".1.2.3",
		"1.2.3.4.",
		"1.2.3.4.5",
		"1..3.4",
		"1.2.3.256",
		"1.2.3.1000",
		"01.2.3.4",
		"1.2.3.00",
		"1.2.3.4 ",
		" 1.2.3.4",
		"1.2.3.-4",
		"0x1.2.3.4",
		"99999999999.2.3.4",
		":",
		":::",
		"1",
		"1:",
		":1",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:",
		":2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7:8:",
		"1:2:3:4:5:6:7:8::",
		"::1:2:3:4:5:6:7:8",
		"1::2:3:4:5:6:7:8",
		"1::2::3",
		"1:::2",
		"12345::",
		"g::",
		"::1%eth0",
		"::1/64",
		"[::1]",
		"::1.2.3",
		"::1.2.3.4.5",
		"::01.2.3.4",
		"::1.2.3.4:5",
		"1:2:3:4:5:6:7:1.2.3.4",
		"::2:3:4:5:6:7:1.2.3.4",
		"1.2.3.4::",
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(input) / sizeof(input[0]); i++) {
		struct cn_addr addr, before;

		memset(&addr, 0xab, sizeof(addr));
		before = addr;
		assert_false(cn_addr_parse(input[i], &addr));
		assert_memory_equal(&addr, &before, sizeof(addr));
	}
}

static void kinds(void **state)
{
	enum { V4 = 1, ANY = 2, LOOP = 4, MULTI = 8 };
	static const struct {
		const char *input;
		int want;
	} row[] = {
		{"0.0.0.0", V4 | ANY},
		{"::", ANY},
		{"0.0.0.1", V4},
		{"::1", LOOP},
		{"127.0.0.1", V4 | LOOP},
		{"127.255.255.255", V4 | LOOP},
		{"126.255.255.255", V4},
		{"128.0.0.0", V4},
		{"224.0.0.1", V4 | MULTI},
		{"239.255.255.255", V4 | MULTI},
		{"223.255.255.255", V4},
		{"240.0.0.0", V4},
		{"ff02::1", MULTI},
		{"fe80::1", 0},
		{"::2", 0},
		{"1::1", 0},
		{"::fffe:7f00:1", 0},
		{"::1:0", 0},
		{"255.255.255.255", V4},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct cn_addr addr;
		int got;

		assert_true(cn_addr_parse(row[i].input, &addr));
		got = (cn_addr_is_v4(&addr) ? V4 : 0) |
		      (cn_addr_is_any(&addr) ? ANY : 0) |
		      (cn_addr_is_loopback(&addr) ? LOOP : 0) |
		      (cn_addr_is_multicast(&addr) ? MULTI : 0);
		assert_int_equal(got, row[i].want);
	}
}

static void v4_is_mapped(void **state)
{
	struct cn_addr a = cn_addr_v4(1, 2, 3, 4), b;

	(void)state;
	assert_true(cn_addr_parse("::ffff:102:304", &b));
	assert_true(cn_addr_equal(&a, &b));
	b.octet[15] = 5;
	assert_false(cn_addr_equal(&a, &b));
}

/* What the C library calls an address, and which it is, from random text. */
static void parse_agrees_with_inet_pton(void **state)
{
	static const uint8_t seed[16] = {46};
	static const char letter[] = "0011125:::::..affF9";
	struct random random;
	unsigned good = 0;

	(void)state;
	random_init(&random, seed, 0);
	for (int round = 0; round < 300000; round++) {
		uint32_t len = random_below(&random, 20);
		char text[24];
		uint8_t theirs[16] = {[10] = 0xff, [11] = 0xff};
		struct cn_addr ours;
		bool want;

		for (uint32_t i = 0; i < len; i++)
			text[i] = letter[random_below(&random,
						      sizeof(letter) - 1)];
		text[len] = '\0';
		want = inet_pton(AF_INET, text, theirs + 12) == 1 ||
		       inet_pton(AF_INET6, text, theirs) == 1;
		assert_int_equal(cn_addr_parse(text, &ours), want);
		if (want)
			assert_memory_equal(ours.octet, theirs, 16);
		good += want;
	}
	assert_true(good > 500);
}

/* RFC 5952 as the C library writes it, but for the "compatible" dotted form. */
static void format_agrees_with_inet_ntop(void **state)
{
	static const uint8_t seed[16] = {47};
	struct random random;

	(void)state;
	random_init(&random, seed, 0);
	for (int round = 0; round < 100000; round++) {
		char ours[CN_ADDR_TEXT], theirs[INET6_ADDRSTRLEN];
		struct cn_addr addr, back;

		for (int i = 0; i < 16; i += 2) {
			bool zero = random_below(&random, 2);

			addr.octet[i] = zero ? 0 : (uint8_t)random_u64(&random);
			addr.octet[i + 1] = zero ? 0 :
						   (uint8_t)random_u64(&random);
		}
		addr.octet[0] |= 1;
		inet_ntop(AF_INET6, addr.octet, theirs, sizeof(theirs));
		cn_addr_format(&addr, ours);
		assert_string_equal(ours, theirs);
		assert_true(cn_addr_parse(ours, &back));
		assert_true(cn_addr_equal(&addr, &back));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_round_trip),
		cmocka_unit_test(what_is_no_address),
		cmocka_unit_test(kinds),
		cmocka_unit_test(v4_is_mapped),
		cmocka_unit_test(parse_agrees_with_inet_pton),
		cmocka_unit_test(format_agrees_with_inet_ntop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
