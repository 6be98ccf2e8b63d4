/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "base/sum.h"
#include "wire/checksum.h"
#include "wire/octets.h"

/* RFC 1071 section 1 word for word: 16 bits at a time, no tricks. */
static uint16_t naive(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += get16(p + i);
	if (len & 1)
		sum += (uint32_t)p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint16_t fold_of(const void *p, size_t len)
{
	struct checksum sum = {0};

	checksum_add(&sum, p, len);
	return checksum_fold(&sum);
}

static void known_sums(void **state)
{
	static const struct {
		uint8_t input[8];
		size_t len;
		uint16_t want;
	} row[] = {
		{{0}, 0, 0},
		{{0x12}, 1, 0x1200},
		{{0x12, 0x34}, 2, 0x1234},
		{{0xff, 0xff}, 2, 0xffff},
		{{0xff, 0xff, 0x00, 0x01}, 4, 0x0001},
		{{0xff, 0xff, 0xff, 0xff}, 4, 0xffff},
		/* The example of RFC 1071 section 3. */
		{{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}, 8, 0xddf2},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_int_equal(fold_of(row[i].input, row[i].len),
				 row[i].want);
}

static void finish_complements(void **state)
{
	struct checksum sum = {0};

	(void)state;
	assert_int_equal(checksum_finish(&sum), 0xffff);
	checksum_add(&sum, "\x12\x34", 2);
	assert_int_equal(checksum_finish(&sum), 0xedcb);
}

static const uint8_t seed[16] = {9};

/* By the wide registers, where there are any, as by the narrow ones. */
static void wide_sums_are_narrow_sums(void **state)
{
	static uint8_t octet[4096 + 64];
	bool wide = sum_is_wide();

	(void)state;
	for (unsigned turn = 0; turn < 3; turn++) {
		for (size_t i = 0; i < sizeof(octet); i++)
			octet[i] = turn ? (uint8_t)(i * i * 31 + turn) : 0xff;
		for (size_t off = 0; off < 64; off += 13)
			for (size_t n = 0; n <= 64; n++) {
				uint64_t a = sum_blocks(octet + off, n, false);
				uint64_t b = sum_blocks(octet + off, n, wide);

				assert_int_equal(a % 65535, b % 65535);
			}
		for (size_t len = 0; len < 1600; len += 7) {
			struct checksum sum = {.wide = wide};

			checksum_add(&sum, octet + 3, len);
			checksum_add(&sum, octet + 3 + len, 1448);
			assert_int_equal(checksum_fold(&sum),
					 naive(octet + 3, len + 1448));
		}
	}
}

static void fill(struct random *random, uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)random_u64(random);
}

static void any_length_and_alignment(void **state)
{
	uint8_t octet[300];
	struct random random;

	(void)state;
	random_init(&random, seed, 0);
	fill(&random, octet, sizeof(octet));
	for (size_t off = 0; off < 16; off++)
		for (size_t len = 0; len < 280; len++)
			assert_int_equal(fold_of(octet + off, len),
					 naive(octet + off, len));
}

static void any_split(void **state)
{
	static uint8_t octet[4096];
	struct random random;

	(void)state;
	random_init(&random, seed, 1);
	for (int round = 0; round < 2000; round++) {
		size_t len = random_below(&random, sizeof(octet));
		size_t max = 1 + random_below(&random, 200);
		struct checksum sum = {0};
		size_t done = 0;

		if (round % 50 == 0)
			fill(&random, octet, sizeof(octet));
		while (done < len) {
			size_t n = random_below(&random, (uint32_t)max + 1);

			if (n > len - done)
				n = len - done;
			checksum_add(&sum, octet + done, n);
			done += n;
		}
		assert_int_equal(checksum_fold(&sum), naive(octet, len));
	}
}

/* Every carry there is: all ones, more than 64 KiB of them, at odd places. */
static void all_ones(void **state)
{
	static uint8_t octet[70001];
	struct checksum sum = {0};

	(void)state;
	memset(octet, 0xff, sizeof(octet));
	assert_int_equal(fold_of(octet, 70000), 0xffff);
	assert_int_equal(fold_of(octet, 70001), 0xff00);
	for (int i = 0; i < 1000; i++)
		checksum_add(&sum, octet, 69999);
	assert_int_equal(checksum_fold(&sum), 0xffff);
}

/* Notes: row 62. */
static void pseudo_header_v4(void **state)
{
	/* 10.0.0.1, 10.0.0.2, protocol 6, length 20 */
	static const uint8_t want[] = {10, 0, 0, 1, 10, 0, 0, 2, 0, 6, 0, 20};
	struct cn_addr src = cn_addr_v4(10, 0, 0, 1);
	struct cn_addr dst = cn_addr_v4(10, 0, 0, 2);
	struct checksum sum = {0};

	(void)state;
	checksum_add_pseudo(&sum, &src, &dst, 6, 20);
	assert_int_equal(checksum_fold(&sum), naive(want, sizeof(want)));
}

static void pseudo_header_v6(void **state)
{
	uint8_t want[40] = {0};
	struct cn_addr src, dst;
	struct checksum sum = {0};

	(void)state;
	for (uint8_t i = 0; i < 16; i++) {
		src.octet[i] = (uint8_t)(0x20 + i);
		dst.octet[i] = (uint8_t)(0xf0 - i);
	}
	memcpy(want, src.octet, 16);
	memcpy(want + 16, dst.octet, 16);
	put32(want + 32, 0x00012345);
	want[39] = 58;
	checksum_add_pseudo(&sum, &src, &dst, 58, 0x12345);
	assert_int_equal(checksum_fold(&sum), naive(want, sizeof(want)));
}

/* attacks.md row 43: what was changed on the way is seen. Notes: row 61. */
static void every_single_bit_error_is_seen(void **state)
{
	uint8_t octet[40];
	struct random random;
	uint16_t good;

	(void)state;
	random_init(&random, seed, 2);
	fill(&random, octet, sizeof(octet));
	good = fold_of(octet, sizeof(octet));
	for (unsigned bit = 0; bit < 8 * sizeof(octet); bit++) {
		octet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(fold_of(octet, sizeof(octet)), good);
		octet[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wide_sums_are_narrow_sums),
		cmocka_unit_test(known_sums),
		cmocka_unit_test(finish_complements),
		cmocka_unit_test(any_length_and_alignment),
		cmocka_unit_test(any_split),
		cmocka_unit_test(all_ones),
		cmocka_unit_test(pseudo_header_v4),
		cmocka_unit_test(pseudo_header_v6),
		cmocka_unit_test(every_single_bit_error_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
