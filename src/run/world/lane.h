/* SPDX-License-Identifier: MIT */
/*
 * One way through the described network: an impaired path, and beside it a
 * clean one for what --only leaves alone.  Both are tapped.
 */
#ifndef RUN_WORLD_LANE_H
#define RUN_WORLD_LANE_H

#include <catenet/link.h>

#include "run/world/options.h"

struct alias_table;

struct lane {
	struct cn_path *impaired, *clean; /* clean NULL: everything is impaired
					   */
	const struct world_options *options;
	const struct alias_table *alias;
	char direction; /* 'u', 'd' */
	/* Whoever may take a frame at the end before the host does: true, and
	 * the frame is gone. */
	bool (*catch)(void *ctx, struct cn_frame *frame, uint64_t now);
	void *catch_ctx;
};

struct lane_config {
	struct cn_pool *pool;
	const struct world_options *options;
	const struct cn_impair *impair;
	const struct alias_table *alias; /* what --only means on the path */
	char direction; /* 'u', 'd'; 'l': loopback, no rules */
	uint32_t mtu;
	uint8_t seed[16];
	struct cn_path_sink sink;
};

/* 0 or a negative error of the engine. */
int lane_init(struct lane *lane, const struct lane_config *config);
void lane_deinit(struct lane *lane);
void lane_send(struct lane *lane, struct cn_frame *frame, uint64_t now);
bool lane_recv(struct lane *lane, struct cn_frame *frame, uint64_t now);
uint64_t lane_deadline(const struct lane *lane);
/* Both paths together. */
void lane_stats(const struct lane *lane, struct cn_path_stats *stats);

#endif
