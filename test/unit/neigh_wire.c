/* SPDX-License-Identifier: MIT */
/* Ethernet (RFC 894), ARP (RFC 826) and neighbour discovery (RFC 4861 section
 * 4) as octets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/arp.h"
#include "wire/ether.h"
#include "wire/nd.h"
#include "wire/octets.h"

static struct cn_addr addr(const char *text)
{
	struct cn_addr a;

	assert_true(cn_addr_parse(text, &a));
	return a;
}

static const uint8_t request[ARP_LEN] = {
	0, 1, 8, 0, 6, 4, 0,  1, /* Ethernet, IPv4, request */
	2, 0, 0, 0, 0, 1, 10, 0, 0, 1, /* from */
	0, 0, 0, 0, 0, 0, 10, 0, 0, 2, /* whom */
};

static void arp_request_octets(void **state)
{
	struct arp_msg arp;
	uint8_t octet[ARP_LEN];
	struct cn_addr want = addr("10.0.0.2");

	(void)state;
	assert_int_equal(arp_parse(request, sizeof(request), &arp),
			 CN_DROP_NONE);
	assert_int_equal(arp.op, ARP_REQUEST);
	assert_true(cn_addr_equal(&arp.target, &want));
	arp_emit(octet, &arp);
	assert_memory_equal(octet, request, ARP_LEN);
}

static void arp_that_is_refused(void **state)
{
	static const struct {
		unsigned at;
		uint8_t octet;
	} row[] = {
		{1, 6}, {3, 1}, {4, 8}, {5, 16}, {7, 0}, {7, 3}, {6, 1}, {8, 1},
	};
	struct arp_msg arp;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint8_t octet[ARP_LEN];

		memcpy(octet, request, ARP_LEN);
		octet[row[i].at] = row[i].octet;
		assert_int_equal(arp_parse(octet, ARP_LEN, &arp),
				 CN_DROP_ARP_BAD);
	}
	assert_int_equal(arp_parse(request, ARP_LEN - 1, &arp),
			 CN_DROP_ARP_BAD);
}

static void group_addresses(void **state)
{
	static const struct {
		const char *group;
		uint8_t mac[CN_MAC_LEN];
	} row[] = {
		{"224.0.0.1", {0x01, 0, 0x5e, 0, 0, 1}},
		{"239.255.255.255", {0x01, 0, 0x5e, 0x7f, 0xff, 0xff}},
		{"ff02::1", {0x33, 0x33, 0, 0, 0, 1}},
		{"ff02::1:ff12:3456", {0x33, 0x33, 0xff, 0x12, 0x34, 0x56}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct cn_addr group = addr(row[i].group);
		uint8_t mac[CN_MAC_LEN];

		ether_of_group(&group, mac);
		assert_memory_equal(mac, row[i].mac, CN_MAC_LEN);
	}
}

/* RFC 4861 sections 6.1 and 7.1: what any of its tests refuses is refused. */
static void nd_validation(void **state)
{
	static const struct {
		uint8_t type;
		const char *src, *dst, *target;
		uint8_t ttl, code;
		uint32_t flags;
		uint8_t option[8];
		uint32_t option_len;
		bool good;
	} row[] = {
		{135,
		 "fe80::1",
		 "ff02::1",
		 "fe80::2",
		 255,
		 0,
		 0,
		 {1, 1, 2},
		 8,
		 true},
		{135, "fe80::1", "fe80::2", "fe80::2", 255, 0, 0, {0}, 0, true},
		{135,
		 "fe80::1",
		 "fe80::2",
		 "fe80::2",
		 254,
		 0,
		 0,
		 {0},
		 0,
		 false},
		{135,
		 "fe80::1",
		 "fe80::2",
		 "fe80::2",
		 255,
		 1,
		 0,
		 {0},
		 0,
		 false},
		{135,
		 "fe80::1",
		 "ff02::1",
		 "ff02::1",
		 255,
		 0,
		 0,
		 {0},
		 0,
		 false},
		/* Option of no length, and one that ends too late. */
		{135,
		 "fe80::1",
		 "ff02::1",
		 "fe80::2",
		 255,
		 0,
		 0,
		 {1, 0},
		 8,
		 false},
		{135,
		 "fe80::1",
		 "ff02::1",
		 "fe80::2",
		 255,
		 0,
		 0,
		 {1, 2},
		 8,
		 false},
		{135,
		 "fe80::1",
		 "ff02::1",
		 "fe80::2",
		 255,
		 0,
		 0,
		 {1, 1},
		 7,
		 false},
		/* Unknown options are passed over. */
		{135,
		 "fe80::1",
		 "ff02::1",
		 "fe80::2",
		 255,
		 0,
		 0,
		 {99, 1},
		 8,
		 true},
		/* Detection of duplicates: without a name, to a group. */
		{135,
		 "::",
		 "ff02::1:ff00:2",
		 "fe80::2",
		 255,
		 0,
		 0,
		 {0},
		 0,
		 true},
		{135, "::", "fe80::2", "fe80::2", 255, 0, 0, {0}, 0, false},
		{135,
		 "::",
		 "ff02::1:ff00:2",
		 "fe80::2",
		 255,
		 0,
		 0,
		 {1, 1, 2},
		 8,
		 false},
		{136,
		 "fe80::1",
		 "fe80::2",
		 "fe80::1",
		 255,
		 0,
		 0x60000000,
		 {2, 1, 2},
		 8,
		 true},
		{136,
		 "fe80::1",
		 "ff02::1",
		 "fe80::1",
		 255,
		 0,
		 0x20000000,
		 {0},
		 0,
		 true},
		/* Solicited, and to many. */
		{136,
		 "fe80::1",
		 "ff02::1",
		 "fe80::1",
		 255,
		 0,
		 0x40000000,
		 {0},
		 0,
		 false},
		{136, "::", "fe80::2", "fe80::1", 255, 0, 0, {0}, 0, false},
		{133, "::", "ff02::2", NULL, 255, 0, 0, {0}, 0, true},
		{133, "::", "ff02::2", NULL, 255, 0, 0, {1, 1, 2}, 8, false},
		/* A router speaks from its link-local address. */
		{134,
		 "fe80::1",
		 "ff02::1",
		 "::",
		 255,
		 0,
		 0,
		 {5, 1, 0, 0, 0, 0, 5, 0xdc},
		 8,
		 true},
		{134, "fd00::1", "ff02::1", "::", 255, 0, 0, {0}, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct ip_hdr ip = {
			.src = addr(row[i].src),
			.dst = addr(row[i].dst),
			.version = 6,
			.ttl = row[i].ttl,
		};
		uint8_t body[64] = {0};
		struct icmp_msg icmp = {
			.type = row[i].type,
			.code = row[i].code,
			.version = 6,
			.pointer = row[i].flags,
			.body = body,
		};
		uint32_t len = 0;
		struct nd_msg nd;

		if (row[i].type == 134) {
			len = 8;
		} else if (row[i].target) {
			struct cn_addr target = addr(row[i].target);

			memcpy(body, target.octet, 16);
			len = 16;
		}
		memcpy(body + len, row[i].option, 8);
		icmp.body_len = len + row[i].option_len;
		assert_int_equal(nd_parse(&ip, &icmp, &nd),
				 row[i].good ? CN_DROP_NONE : CN_DROP_ND_BAD);
		if (row[i].type == 134 && row[i].good)
			assert_int_equal(nd.mtu, 1500);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_request_octets),
		cmocka_unit_test(arp_that_is_refused),
		cmocka_unit_test(group_addresses),
		cmocka_unit_test(nd_validation),
	};

	return cmocka_run_group_tests_name("neigh_wire", tests, NULL, NULL);
}
