/* SPDX-License-Identifier: MIT */
/* Ethernet frames in and out again: their header and tags, and what a device
 * says of offload, be it true or not.  A pair of sockets plays the TAP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <linux/virtio_net.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catenet/link.h>

#include "link/heap.h"
#include "link/station.h"

#define VNET sizeof(struct virtio_net_hdr)

struct rig {
	struct cn_pool *pool;
	struct station station;
	int outside;
};

static void set_up(struct rig *rig)
{
	int fd[2];

	memset(rig, 0, sizeof(*rig));
	rig->pool = cn_pool_new(&heap_memory);
	assert_non_null(rig->pool);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fd), 0);
	rig->station.fd = fd[0];
	rig->station.is_tap = true;
	rig->outside = fd[1];
}

static void tear_down(struct rig *rig)
{
	close(rig->station.fd);
	close(rig->outside);
	assert_int_equal(cn_pool_in_use(rig->pool), 0);
	cn_pool_free(rig->pool);
}

static void come(struct rig *rig, const struct virtio_net_hdr *vnet,
		 const uint8_t *frame, size_t len)
{
	static uint8_t octet[VNET + (1 << 17)];

	memcpy(octet, vnet, VNET);
	memcpy(octet + VNET, frame, len);
	assert_int_equal(write(rig->outside, octet, VNET + len), VNET + len);
}

/* What went out, without the virtio header. */
static size_t went(struct rig *rig, struct virtio_net_hdr *vnet, uint8_t *frame,
		   size_t size)
{
	uint8_t octet[4096];
	ssize_t n = read(rig->outside, octet, sizeof(octet));

	assert_true(n > (ssize_t)VNET && (size_t)n - VNET <= size);
	memcpy(vnet, octet, VNET);
	memcpy(frame, octet + VNET, (size_t)n - VNET);
	return (size_t)n - VNET;
}

static const struct virtio_net_hdr plain;

/* Addresses that end in mark, tags, type, then a packet of IPv4: UDP. */
static size_t make(uint8_t *frame, uint8_t mark, const char *tags,
		   size_t tags_len, uint16_t type)
{
	size_t n = 12 + tags_len;

	memset(frame, 0, 256);
	memset(frame, 2, 12);
	frame[5] = frame[11] = mark;
	memcpy(frame + 12, tags, tags_len);
	frame[n++] = (uint8_t)(type >> 8);
	frame[n++] = (uint8_t)type;
	frame[n] = 0x45;
	frame[n + 1] = 2; /* ECT(0) */
	frame[n + 3] = 60;
	frame[n + 8] = 64;
	frame[n + 9] = 17;
	memset(frame + n + 12, 10, 8);
	memset(frame + n + 20, 'x', 40);
	return n + 60;
}

static void tags_go_out_as_they_came(void **state)
{
	static const struct {
		const char *tags;
		size_t len, ether;
		uint16_t type;
	} cases[] = {
		{"", 0, 14, 0x0800},
		{"\x81\x00\x20\x05", 4, 18, 0x0800},
		{"\x88\xa8\x00\x07\x81\x00\x20\x05", 8, 22, 0x86dd},
		/* The third is what the two are of. */
		{"\x81\x00\x00\x01\x81\x00\x00\x02\x81\x00\x00\x03", 12, 22,
		 0x0800},
	};
	struct rig rig;

	(void)state;
	set_up(&rig);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t in[256], out[256];
		struct virtio_net_hdr vnet;
		struct cn_frame frame;
		size_t len =
			make(in, 1, cases[i].tags, cases[i].len, cases[i].type);

		come(&rig, &plain, in, len);
		assert_int_equal(station_read(&rig.station, rig.pool, &frame),
				 CN_OK);
		assert_int_equal(cn_frame_len(&frame), len - cases[i].ether);
		assert_int_equal(station_write(&rig.station, &frame), CN_OK);
		cn_frame_release(&frame);
		assert_int_equal(went(&rig, &vnet, out, sizeof(out)), len);
		assert_memory_equal(in, out, len);
	}
	tear_down(&rig);
}

/* The sum to be completed is counted from the frame's first octet by a device,
 * and from the packet's by a path. */
static void a_sum_behind_a_tag(void **state)
{
	struct virtio_net_hdr vnet = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				      .csum_start = 18 + 20,
				      .csum_offset = 6};
	uint8_t in[256], out[256];
	struct cn_frame frame;
	struct rig rig;
	size_t len;

	(void)state;
	set_up(&rig);
	len = make(in, 1, "\x81\x00\x20\x05", 4, 0x0800);
	come(&rig, &vnet, in, len);
	assert_int_equal(station_read(&rig.station, rig.pool, &frame), CN_OK);
	assert_int_equal(frame.csum, CN_CSUM_PARTIAL);
	assert_int_equal(frame.csum_start, 20);
	assert_int_equal(station_write(&rig.station, &frame), CN_OK);
	cn_frame_release(&frame);
	memset(&vnet, 0, sizeof(vnet));
	(void)went(&rig, &vnet, out, sizeof(out));
	assert_int_equal(vnet.csum_start, 18 + 20);
	assert_int_equal(vnet.csum_offset, 6);
	tear_down(&rig);
}

static struct cn_path *path_of(struct rig *rig, const struct cn_impair *impair,
			       const char *drop)
{
	struct cn_path_config config = {.pool = rig->pool,
					.impair = *impair,
					.seed = {1},
					.drop = drop,
					.head = STATION_HEAD};
	struct cn_path *path;

	assert_int_equal(cn_path_new(&config, NULL, &path, NULL), CN_OK);
	return path;
}

static void send_on(struct rig *rig, struct cn_path *path)
{
	struct cn_frame frame;

	assert_int_equal(station_read(&rig->station, rig->pool, &frame), CN_OK);
	assert_int_equal(cn_path_send(path, &frame, 1), CN_OK);
}

static void leave(struct rig *rig, struct cn_path *path)
{
	struct cn_frame frame;

	assert_true(cn_path_recv(path, &frame, CN_NEVER));
	assert_int_equal(station_write(&rig->station, &frame), CN_OK);
	cn_frame_release(&frame);
}

/* Whose octets the path has changed goes where it was going. */
static void the_corrupted_keeps_its_addresses(void **state)
{
	static const struct cn_impair impair = {.corrupt = 1};
	uint8_t in[2][256], out[256];
	struct virtio_net_hdr vnet;
	struct cn_path *path;
	struct rig rig;
	size_t len = 0;

	(void)state;
	set_up(&rig);
	path = path_of(&rig, &impair, NULL);
	for (int i = 0; i < 2; i++) {
		len = make(in[i], (uint8_t)(5 + i), "\x81\x00\x20\x05", 4,
			   0x0800);
		come(&rig, &plain, in[i], len);
		send_on(&rig, path);
	}
	for (int i = 0; i < 2; i++) {
		leave(&rig, path);
		assert_int_equal(went(&rig, &vnet, out, sizeof(out)), len);
		assert_memory_equal(out, in[i], 18);
		assert_memory_not_equal(out, in[i], len);
	}
	cn_path_free(path);
	tear_down(&rig);
}

/* A bridge's spanning tree (IEEE 802.2) looks like IP to who looks no further. */
static void what_is_no_ip_is_not_marked(void **state)
{
	static const struct cn_impair impair = {.rate = 10000, .mark = 1};
	uint8_t in[256], out[256];
	struct virtio_net_hdr vnet;
	struct cn_path_stats stats;
	struct cn_path *path;
	struct rig rig;
	size_t len;

	(void)state;
	set_up(&rig);
	path = path_of(&rig, &impair, NULL);
	len = make(in, 1, "", 0, 38);
	memcpy(in + 14, "\x42\x42\x03", 3);
	for (int i = 0; i < 4; i++) {
		come(&rig, &plain, in, len);
		send_on(&rig, path);
	}
	for (int i = 0; i < 4; i++) {
		leave(&rig, path);
		assert_int_equal(went(&rig, &vnet, out, sizeof(out)), len);
		assert_memory_equal(in, out, len);
	}
	cn_path_stats(path, &stats);
	assert_int_equal(stats.marked, 0);
	cn_path_free(path);
	tear_down(&rig);
}

static void no_rule_is_of_what_is_no_ip(void **state)
{
	static const struct cn_impair impair;
	uint8_t in[256], out[256];
	struct virtio_net_hdr vnet;
	struct cn_path_stats stats;
	struct cn_path *path;
	struct rig rig;
	size_t len;

	(void)state;
	set_up(&rig);
	path = path_of(&rig, &impair, "#1-9");
	len = make(in, 1, "", 0, 38);
	memcpy(in + 14, "\x42\x42\x03", 3);
	come(&rig, &plain, in, len);
	send_on(&rig, path);
	leave(&rig, path);
	assert_int_equal(went(&rig, &vnet, out, sizeof(out)), len);
	len = make(in, 1, "", 0, 0x0800);
	come(&rig, &plain, in, len);
	send_on(&rig, path);
	cn_path_stats(path, &stats);
	assert_int_equal(stats.rule_drops, 1);
	cn_path_free(path);
	tear_down(&rig);
}

static void what_a_device_cannot_mean(void **state)
{
	static const struct virtio_net_hdr lies[] = {
		/* Cut as TCP, though it is none. */
		{.gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1448},
		{.gso_type = VIRTIO_NET_HDR_GSO_UDP, .gso_size = 1448},
		{.gso_type = 77, .gso_size = 1},
		/* A sum in the Ethernet header, behind the end, across it. */
		{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 4},
		{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 65535},
		{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		 .csum_start = 34,
		 .csum_offset = 65535},
		{.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		 .csum_start = 34,
		 .csum_offset = 39},
	};
	const size_t n = sizeof(lies) / sizeof(lies[0]);
	struct cn_frame frame;
	uint8_t in[256];
	struct rig rig;
	size_t len;

	(void)state;
	set_up(&rig);
	len = make(in, 1, "", 0, 0x0800);
	for (size_t i = 0; i < n; i++)
		come(&rig, &lies[i], in, len);
	assert_int_equal(station_read(&rig.station, rig.pool, &frame),
			 CN_E_AGAIN);
	assert_int_equal(rig.station.odd_n, n);
	tear_down(&rig);
}

static void what_is_no_frame(void **state)
{
	static uint8_t in[70000];
	struct cn_frame frame;
	struct rig rig;

	(void)state;
	set_up(&rig);
	/* A header alone, a tag without its type, one that was cut short. */
	(void)make(in, 1, "\x81\x00\x20\x05", 4, 0x0800);
	come(&rig, &plain, in, 14);
	come(&rig, &plain, in, 18);
	come(&rig, &plain, in, sizeof(in));
	assert_int_equal(station_read(&rig.station, rig.pool, &frame),
			 CN_E_AGAIN);
	assert_int_equal(rig.station.odd_n, 3);
	come(&rig, &plain, in, 16);
	assert_int_equal(station_read(&rig.station, rig.pool, &frame), CN_OK);
	assert_int_equal(cn_frame_len(&frame), 2);
	cn_frame_release(&frame);
	tear_down(&rig);
}

/* Whoever sends such frames without end stops neither the other side nor
 * Ctrl-C. */
static void odd_ones_do_not_take_all_the_time(void **state)
{
	struct cn_frame frame;
	struct rig rig;
	uint8_t in[14];
	int rounds = 0;

	(void)state;
	set_up(&rig);
	memset(in, 2, sizeof(in));
	for (int i = 0; i < 100; i++)
		come(&rig, &plain, in, sizeof(in));
	while (rig.station.odd_n < 100 && rounds++ < 100)
		assert_int_equal(station_read(&rig.station, rig.pool, &frame),
				 CN_E_AGAIN);
	assert_true(rounds > 1);
	tear_down(&rig);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_go_out_as_they_came),
		cmocka_unit_test(a_sum_behind_a_tag),
		cmocka_unit_test(the_corrupted_keeps_its_addresses),
		cmocka_unit_test(what_is_no_ip_is_not_marked),
		cmocka_unit_test(no_rule_is_of_what_is_no_ip),
		cmocka_unit_test(what_a_device_cannot_mean),
		cmocka_unit_test(what_is_no_frame),
		cmocka_unit_test(odd_ones_do_not_take_all_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
