/* SPDX-License-Identifier: MIT */
/*
 * A capture of the world's packets, as they were before the impairment: what
 * became of each is in its comment.
 */
#ifndef RUN_WORLD_TAP_H
#define RUN_WORLD_TAP_H

#include <catenet/link.h>

#include "link/capture_file.h"

struct tap {
	struct pcapng *pcapng;
	struct capture_file file;
	uint64_t epoch_ns; /* of the real clock, at the monotonic clock's 0 */
	uint32_t interface[2]; /* the path's, the loopback's */
	bool known[2]; /* to the file */
	uint64_t flushed_at;
	bool live; /* a pipe: somebody looks while it runs */
	bool failed; /* a write failed, and it was said */
};

/* One direction's sink. */
struct tap_sink {
	struct tap *tap; /* NULL: nobody looks */
	bool loopback;
	enum pcapng_way way;
};

/* 0 or -errno. */
int tap_open(struct tap *tap, struct cn_pool *pool, const char *path);
void tap_close(struct tap *tap);
/* Hands to the file what was gathered, if that is long ago. */
void tap_flush(struct tap *tap, uint64_t now);

/* comment: UTF-8, or "". */
void tap_packet(const struct tap_sink *sink, const struct cn_frame *frame,
		enum cn_fate fate, const char *comment, uint64_t now);

#endif
