/* SPDX-License-Identifier: MIT */
/* What is read of packets on their way, and said of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "see/packet.h"

static const uint8_t udp4[] = {
	0x45, 0, 0,   38,  0,	7,   0,	  0,	64,  17,  0,   0,   10,
	1,    0, 1,   10,  2,	0,   2,	  0x10, 0,   0,	  53,  0,   18,
	0,    0, 'd', 'a', 't', 'a', ' ', 'o',	'f', ' ', 'i', 't',
};

static struct cn_frame frame_of(const uint8_t *octets, size_t len)
{
	struct cn_frame frame;

	memset(&frame, 0, sizeof(frame));
	frame.slice[0] = (struct cn_slice){NULL, (uint8_t *)(uintptr_t)octets,
					   (uint32_t)len};
	frame.slice_n = 1;
	frame.payload_len = (uint32_t)len;
	return frame;
}

static bool read_it(const uint8_t *octets, size_t len, uint32_t skip,
		    struct see_packet *packet)
{
	struct cn_frame frame = frame_of(octets, len);

	return see_packet_read(&frame, skip, packet);
}

static void put_ip4(uint8_t *p, uint8_t protocol, uint8_t len, uint16_t frag)
{
	memcpy(p, udp4, 20);
	p[3] = len;
	p[6] = (uint8_t)(frag >> 8);
	p[7] = (uint8_t)frag;
	p[9] = protocol;
}

static void datagrams(void **state)
{
	uint8_t p[64] = {0}, long_one[14 + sizeof(udp4)] = {0};
	struct see_packet packet;
	struct see_tale tale;

	(void)state;
	assert_true(read_it(udp4, sizeof(udp4), 0, &packet));
	assert_int_equal(packet.src.port, 0x1000);
	assert_int_equal(packet.dst.port, 53);
	assert_int_equal(packet.len, 10);
	assert_int_equal(packet.ttl, 64);
	assert_string_equal(see_packet_protocol(packet.protocol), "udp");
	see_packet_tell(&packet, "alice", NULL, &tale);
	assert_int_equal(tale.key, SEE_PACKET_UDP);
	assert_string_equal(tale.arg[0], "alice 10.1.0.1:4096");
	assert_string_equal(tale.arg[1], "10.2.0.2:53");
	/* A name for which there is no room is left out, the port is not. */
	see_packet_tell(&packet, "a-name-that-is-longer-than-most-of-them",
			NULL, &tale);
	assert_string_equal(tale.arg[0], "10.1.0.1:4096");
	memcpy(long_one + 14, udp4, sizeof(udp4));
	assert_true(read_it(long_one, sizeof(long_one), 14, &packet));
	assert_int_equal(packet.dst.port, 53);
	/* The second piece: it has no ports. */
	put_ip4(p, 17, 44, 0x2000 | 185);
	assert_true(read_it(p, 44, 0, &packet));
	assert_true(packet.is_fragment && packet.more);
	assert_int_equal(packet.frag_off, 1480);
	assert_int_equal(packet.dst.port, 0);
	see_packet_tell(&packet, NULL, NULL, &tale);
	assert_int_equal(tale.key, SEE_PACKET_PIECE);
	assert_string_equal(tale.arg[2], "1480–1503 …");
	/* TCP, and nothing. */
	put_ip4(p, 6, 44, 0);
	assert_false(read_it(p, 44, 0, &packet));
	assert_false(read_it(p, 0, 0, &packet));
	put_ip4(p, 47, 44, 0);
	assert_true(read_it(p, 44, 0, &packet));
	assert_string_equal(see_packet_protocol(packet.protocol), "other");
}

static void icmp(void **state)
{
	static const struct {
		uint8_t type, code;
		enum see_key key;
		const char *name;
	} table[] = {
		{3, 0, SEE_PACKET_NO_NET, "net-unreachable"},
		{3, 1, SEE_PACKET_NO_HOST, "host-unreachable"},
		{3, 3, SEE_PACKET_NO_PORT, "port-unreachable"},
		{3, 4, SEE_PACKET_TOO_BIG, "too-big"},
		{3, 13, SEE_PACKET_PROHIBITED, "prohibited"},
		{11, 0, SEE_PACKET_EXPIRED, "time-exceeded"},
		{11, 1, SEE_PACKET_UNWHOLE, "reassembly-time-exceeded"},
		{77, 0, SEE_PACKET_ICMP, "other"},
	};
	uint8_t p[28 + sizeof(udp4)] = {0};
	struct see_packet packet;
	struct see_tale tale;

	(void)state;
	put_ip4(p, 1, sizeof(p), 0);
	memcpy(p + 28, udp4, sizeof(udp4));
	p[27] = 200; /* of "too big": the MTU */
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		p[20] = table[i].type;
		p[21] = table[i].code;
		assert_true(read_it(p, sizeof(p), 0, &packet));
		assert_true(packet.is_error);
		assert_string_equal(see_packet_icmp(&packet), table[i].name);
		see_packet_tell(&packet, "r1", NULL, &tale);
		assert_int_equal(tale.key, table[i].key);
		assert_string_equal(tale.arg[0], "r1 10.1.0.1");
		if (table[i].key == SEE_PACKET_ICMP)
			continue;
		assert_true(packet.has_about);
		assert_int_equal(packet.about_protocol, 17);
		assert_string_equal(tale.arg[1], "10.2.0.2:53");
		assert_string_equal(tale.arg[2], "10.1.0.1:4096");
		assert_int_equal(packet.mtu, table[i].code == 4 ? 200 : 0);
	}
	p[20] = 8;
	p[21] = 0;
	assert_true(read_it(p, sizeof(p), 0, &packet));
	assert_true(packet.is_request);
	assert_int_equal(packet.echo_seq, 200);
	/* Whatever is cut off, nothing beyond it is read. */
	for (int type = 0; type < 256; type++)
		for (size_t len = 0; len < sizeof(p); len++) {
			p[20] = (uint8_t)type;
			if (read_it(p, len, 0, &packet))
				see_packet_tell(&packet, NULL, NULL, &tale);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams),
		cmocka_unit_test(icmp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
