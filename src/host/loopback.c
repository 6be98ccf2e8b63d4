/* SPDX-License-Identifier: MIT */
/*
 * RFC 1122 section 3.2.1.3 (g): traffic of a host with itself.  Frames go from
 * the output side to the input side of one built-in link without any driver,
 * past the tap that lets a capture see them.
 */
#include "host/host.h"

/* Frames carried by one verb; the rest waits for the next. */
#define LOOPBACK_BURST 256

void loopback_wants(struct cn_host *host, int link, uint64_t now)
{
	if (link == CN_LINK_LOOPBACK && host->work_at == CN_NEVER)
		host->work_at = now;
}

static void carry(struct cn_host *host, struct cn_frame *frame, uint64_t now)
{
	const struct cn_frame_sink *tap = host->set.loopback_tap;

	if (tap)
		tap->frame(tap->ctx, CN_LINK_LOOPBACK, frame, now);
	cn_host_input(host, CN_LINK_LOOPBACK, frame, now);
	cn_frame_release(frame);
}

void loopback_run(struct cn_host *host, uint64_t now)
{
	struct cn_frame frame;

	for (unsigned i = 0; i < LOOPBACK_BURST; i++) {
		if (!host_outputs(host, CN_LINK_LOOPBACK, &frame, 1, now)) {
			host->work_at = CN_NEVER;
			return;
		}
		carry(host, &frame, now);
	}
	host->work_at = now;
}
