/* SPDX-License-Identifier: MIT */
/*
 * Any octets as a frame, through a path that does everything to it, and into a
 * capture: nothing is read outside the packet, every packet has one fate, no
 * octet that is shared changes, and no buffer is left behind.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <catenet/link.h>

#include "base/assert.h"
#include "link/heap.h"
#include "link/pcapng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int nowhere(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	(void)data;
	return len ? CN_OK : CN_E_INVAL;
}

static void capture(void *ctx, const struct cn_frame *frame, enum cn_fate fate,
		    uint64_t now)
{
	const struct pcapng_about about = {.time_ns = now,
					   .comment = cn_fate_text(fate)};

	pcapng_packet(ctx, frame, &about);
}

/* What the first octets choose. */
struct choice {
	uint16_t seg_size, csum_start, csum_offset;
	uint8_t csum, header_len, slice_n, chance;
};

static struct cn_path *open_path(struct cn_pool *pool,
				 const struct choice *choice,
				 struct pcapng *pcapng)
{
	const struct cn_path_sink sink = {.packet = capture, .ctx = pcapng};
	struct cn_path_config config = {
		.pool = pool,
		.mtu = 1500,
		.drop = "syn #1; up data octet 1-100 #2; fin|rst+ack; udp "
			"len 3; icmp #2+; down; port 53 total #3",
	};
	struct cn_path *path = NULL;

	if (choice->chance & 1)
		config.impair.corrupt = 0.5;
	if (choice->chance & 2)
		config.impair.duplicate = 0.5;
	if (choice->chance & 4)
		config.impair.loss = 0.2;
	if (choice->chance & 8)
		config.impair.rate = 1000000;
	if (choice->chance & 16)
		config.impair.jitter_ns = 1000000;
	if (choice->chance & 32)
		config.impair.reorder = 0.5;
	if (choice->chance & 64)
		config.drop = NULL;
	config.seed[0] = choice->chance;
	if (cn_path_new(&config, choice->chance & 128 ? NULL : &sink, &path,
			NULL) != CN_OK)
		abort();
	return path;
}

/* The octets as header block and slices. */
static void make_frame(struct cn_frame *frame, const struct choice *choice,
		       struct cn_buf *buf, uint32_t len)
{
	uint32_t at = choice->header_len % (CN_HEADER_MAX + 1u), i, n;

	memset(frame, 0, sizeof(*frame));
	if (at > len)
		at = len;
	memcpy(frame->header, buf->data, at);
	frame->header_len = (uint16_t)at;
	frame->payload_len = len - at;
	n = choice->slice_n % CN_SLICES_MAX + 1u;
	for (i = 0; i < n; i++) {
		uint32_t piece = (len - at) / (n - i);

		frame->slice[i].buf = cn_buf_ref(buf);
		frame->slice[i].data = buf->data + at;
		frame->slice[i].len = piece;
		at += piece;
	}
	frame->slice_n = (uint8_t)n;
	frame->seg_size = choice->seg_size;
	frame->csum = choice->csum % 3;
	frame->csum_start = choice->csum_start;
	frame->csum_offset = choice->csum_offset;
}

/* By a number, by a trace, not at all. */
static void change_rate(struct cn_path *path, int i)
{
	static const uint32_t at_ms[] = {0, 3};
	static const struct cn_rate_trace trace = {at_ms, 2};
	const struct cn_impair impair[] = {{.rate = 1},
					   {.rate_trace = &trace},
					   {.delay_ns = 1, .keep_order = true}};

	if (cn_path_set(path, &impair[i % 3]) != CN_OK)
		abort();
}

static void receive_all(struct cn_path *path)
{
	struct cn_path_stats stats;
	struct cn_frame frame;
	uint64_t at;

	while ((at = cn_path_deadline(path)) != CN_NEVER) {
		CN_ASSERT(cn_path_recv(path, &frame, at));
		cn_frame_release(&frame);
	}
	cn_path_stats(path, &stats);
	CN_ASSERT(stats.packets + stats.duplicated ==
		  stats.delivered + stats.lost + stats.queue_drops +
			  stats.rule_drops + stats.too_big);
	CN_ASSERT(!stats.queued);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pcapng_sink sink = {nowhere, NULL};
	struct cn_pool *pool;
	struct pcapng *pcapng;
	struct choice choice;
	struct cn_path *path;
	struct cn_frame frame;
	struct cn_buf *buf;
	uint32_t interface, len;
	int i;

	if (size < sizeof(choice))
		return 0;
	memcpy(&choice, data, sizeof(choice));
	data += sizeof(choice);
	len = (uint32_t)(size - sizeof(choice));
	if (len > CN_BUF_LARGE)
		return 0;
	pool = cn_pool_new(&heap_memory);
	buf = pool ? cn_buf_new(pool, len + 1) : NULL;
	if (!buf || pcapng_new(pool, &sink, "fuzz", &pcapng) != CN_OK ||
	    pcapng_interface(pcapng, "i", NULL, &interface) != CN_OK)
		abort();
	memcpy(buf->data, data, len);
	path = open_path(pool, &choice, pcapng);
	for (i = 0; i < 3; i++) {
		make_frame(&frame, &choice, buf, len);
		cn_path_send(path, &frame, (uint64_t)i);
		if (choice.csum & 4)
			change_rate(path, i);
	}
	receive_all(path);
	CN_ASSERT(!memcmp(buf->data, data, len));
	cn_path_free(path);
	pcapng_free(pcapng);
	cn_buf_unref(buf);
	CN_ASSERT(cn_pool_in_use(pool) == 0);
	cn_pool_free(pool);
	return 0;
}
