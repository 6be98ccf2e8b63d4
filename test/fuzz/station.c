/* SPDX-License-Identifier: MIT */
/*
 * Any octets as what a device hands over, virtio header and frame, through a
 * path and out of another device: what goes out has the Ethernet header that
 * came in, nothing is read outside the frame, and no buffer is left behind.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <linux/virtio_net.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catenet/link.h>

#include "base/assert.h"
#include "link/heap.h"
#include "link/station.h"

#define VNET sizeof(struct virtio_net_hdr)
#define FRAMES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cn_path *open_path(struct cn_pool *pool, uint8_t chance)
{
	struct cn_path_config config = {
		.pool = pool,
		.mtu = 1500,
		.drop = chance & 64 ? "up syn #1; icmp #2+; udp" : NULL,
		.direction = 'u',
		.seed = {chance},
		.head = STATION_HEAD,
	};
	struct cn_path *path;

	config.impair.corrupt = chance & 1 ? 0.5 : 0;
	config.impair.duplicate = chance & 2 ? 0.5 : 0;
	config.impair.loss = chance & 4 ? 0.2 : 0;
	config.impair.rate = chance & 8 ? 1000000 : 0;
	config.impair.mark = chance & 16 && chance & 8 ? 1 : 0;
	config.impair.reorder = chance & 32 ? 0.5 : 0;
	if (cn_path_new(&config, NULL, &path, NULL) != CN_OK)
		abort();
	return path;
}

/* How much of the frame is its header, tags and all. */
static size_t ether_len(const uint8_t *frame, size_t len)
{
	size_t n = 14;

	while (n < 22 && n + 4 <= len &&
	       ((frame[n - 2] == 0x81 && frame[n - 1] == 0) ||
		(frame[n - 2] == 0x88 && frame[n - 1] == 0xa8)))
		n += 4;
	return n;
}

static void come_out(struct cn_path *path, struct station *to, int outside,
		     const uint8_t *in, size_t in_len)
{
	static uint8_t out[VNET + 70000];
	struct cn_frame frame;
	int n = 0;

	while (cn_path_recv(path, &frame, CN_NEVER)) {
		if (n++ < FRAMES_MAX && station_write(to, &frame) == CN_OK &&
		    !to->refused_n) {
			ssize_t got = read(outside, out, sizeof(out));
			size_t head = ether_len(in, in_len);

			CN_ASSERT(got > (ssize_t)(VNET + head));
			CN_ASSERT(!memcmp(out + VNET, in, head));
		}
		cn_frame_release(&frame);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct station from = {.is_tap = true}, to = {.is_tap = true};
	struct cn_pool *pool = cn_pool_new(&heap_memory);
	struct cn_path *path;
	struct cn_frame frame;
	int in[2], out[2];

	if (size < 1 + VNET || size > 60000 || !pool) {
		cn_pool_free(pool);
		return 0;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, in) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, out))
		abort();
	from.fd = in[0];
	to.fd = out[0];
	path = open_path(pool, data[0]);
	for (int i = 0; i < 3; i++) {
		if (write(in[1], data + 1, size - 1) != (ssize_t)size - 1)
			abort();
		if (station_read(&from, pool, &frame) == CN_OK)
			(void)cn_path_send(path, &frame, (uint64_t)i);
		come_out(path, &to, out[1], data + 1 + VNET, size - 1 - VNET);
	}
	cn_path_free(path);
	for (int i = 0; i < 2; i++) {
		close(in[i]);
		close(out[i]);
	}
	CN_ASSERT(cn_pool_in_use(pool) == 0);
	cn_pool_free(pool);
	return 0;
}
