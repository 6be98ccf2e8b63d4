/* SPDX-License-Identifier: MIT */
/* Two interfaces joined.  A pair of sockets plays each of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/virtio_net.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/heap.h"
#include "loop/bridge.h"

#define LEN (sizeof(struct virtio_net_hdr) + 1000)

struct rig {
	struct bridge bridge;
	struct station station[2];
	int outside[2];
};

static void set_up(struct rig *rig, uint64_t delay_ns)
{
	struct cn_path_config config = {.impair.delay_ns = delay_ns,
					.head = STATION_HEAD};

	memset(rig, 0, sizeof(*rig));
	rig->bridge.loop = loop_new();
	rig->bridge.pool = cn_pool_new(&heap_memory);
	rig->bridge.memory_limit = 1 << 20;
	assert_non_null(rig->bridge.loop);
	assert_non_null(rig->bridge.pool);
	config.pool = rig->bridge.pool;
	for (int i = 0; i < 2; i++) {
		int fd[2];

		assert_int_equal(socketpair(AF_UNIX,
					    SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
					    fd),
				 0);
		rig->station[i] = (struct station){.fd = fd[0], .is_tap = true};
		rig->outside[i] = fd[1];
		rig->bridge.station[i] = &rig->station[i];
		assert_int_equal(cn_path_new(&config, NULL,
					     &rig->bridge.path[i], NULL),
				 CN_OK);
	}
	assert_int_equal(bridge_begin(&rig->bridge), 0);
}

static void tear_down(struct rig *rig)
{
	bridge_end(&rig->bridge);
	for (int i = 0; i < 2; i++) {
		cn_path_free(rig->bridge.path[i]);
		close(rig->station[i].fd);
		close(rig->outside[i]);
	}
	assert_int_equal(cn_pool_in_use(rig->bridge.pool), 0);
	cn_pool_free(rig->bridge.pool);
	loop_free(rig->bridge.loop);
}

/* A frame of no IP comes in at that side. */
static void one_comes(struct rig *rig, int side, unsigned number)
{
	uint8_t octet[LEN];

	memset(octet, 0, sizeof(octet));
	octet[LEN - 2] = (uint8_t)(number >> 8);
	octet[LEN - 1] = (uint8_t)number;
	assert_int_equal(write(rig->outside[side], octet, LEN), LEN);
	assert_int_equal(loop_round(rig->bridge.loop, 0), 0);
}

static void frames_pass_both_ways(void **state)
{
	uint8_t octet[LEN + 1];
	struct rig rig;

	(void)state;
	set_up(&rig, 0);
	for (int i = 0; i < 2; i++) {
		one_comes(&rig, i, 0);
		while (read(rig.outside[!i], octet, sizeof(octet)) != LEN)
			assert_int_equal(loop_round(rig.bridge.loop, CN_NEVER),
					 0);
	}
	tear_down(&rig);
}

/* An interface that is full is waited for: nothing is lost, and all comes in its
 * order. */
static void what_finds_no_room_waits(void **state)
{
	uint8_t octet[LEN + 1];
	struct rig rig;
	unsigned sent = 0, got = 0;

	(void)state;
	set_up(&rig, 0);
	while (!rig.bridge.side[0].holds) {
		assert_true(sent < 10000);
		one_comes(&rig, 0, sent++);
	}
	for (int i = 0; i < 20; i++)
		one_comes(&rig, 0, sent++);
	while (got < sent) {
		if (read(rig.outside[1], octet, sizeof(octet)) ==
		    (ssize_t)LEN) {
			assert_int_equal(octet[LEN - 2] << 8 | octet[LEN - 1],
					 got);
			got++;
		} else {
			assert_int_equal(loop_round(rig.bridge.loop, CN_NEVER),
					 0);
		}
	}
	assert_int_equal(rig.station[1].refused_n, 0);
	tear_down(&rig);
}

/* An hour of frames would be all memory there is. */
static void what_is_under_way_is_bounded(void **state)
{
	struct rig rig;

	(void)state;
	set_up(&rig, 3600 * CN_NS_PER_SEC);
	for (int i = 0; i < 2000; i++)
		one_comes(&rig, 0, 0);
	assert_int_equal(rig.station[0].read_n, 2000);
	assert_true(rig.bridge.side[0].full_n > 500);
	assert_true(rig.bridge.side[0].full_n < 2000);
	assert_true(cn_pool_octets(rig.bridge.pool) < 2 << 20);
	tear_down(&rig);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_pass_both_ways),
		cmocka_unit_test(what_finds_no_room_waits),
		cmocka_unit_test(what_is_under_way_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
