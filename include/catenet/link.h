/* SPDX-License-Identifier: MIT */
/*
 * catenet/link.h - a path in memory, with impairment in netem's words.
 *
 * A path carries frames one way.  It is pure: time is passed in, randomness
 * comes from a seed, and one seed gives the same fate to the same frames.
 * Two of them make a link.  Impairment acts on packets of at most the MTU: a
 * super-segment is cut first, and passes whole only where nothing is impaired.
 */
#ifndef CATENET_LINK_H
#define CATENET_LINK_H

#include <catenet/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cn_jitter {
	CN_JITTER_UNIFORM,
	CN_JITTER_NORMAL,
	CN_JITTER_PARETO,
	CN_JITTER_PARETO_NORMAL,
};

/* Probabilities are 0 .. 1.  All zero: a clean path without delay. */
struct cn_impair {
	uint64_t delay_ns;
	uint64_t jitter_ns;
	uint8_t jitter; /* enum cn_jitter */
	double loss; /* independent */
	/* Bursty loss, Gilbert-Elliott: enter and leave the bad state per
	 * packet, loss in the bad and in the good state. 0: off. */
	double burst_p, burst_r, burst_bad, burst_good;
	double reorder; /* share sent reorder_ns early or late: a packet chosen
			   is delayed by reorder_ns more than its fellows */
	uint64_t reorder_ns;
	double duplicate;
	double corrupt; /* one bit of the packet flipped */
	uint64_t rate; /* bit/s; 0: unlimited */
	uint32_t queue; /* packets that wait for the rate; 0: 1000 */
	uint64_t queue_octets; /* 0: no limit in octets */
	bool keep_order; /* jitter never reorders */
};

struct cn_path;

struct cn_path_config {
	struct cn_pool *pool;
	struct cn_impair impair;
	uint32_t mtu; /* to cut super-segments to, and to drop what is longer
			 (then the sender is told: cn_path_send returns
			 CN_E_MSGSIZE) */
	uint8_t seed[16];
	const char *drop; /* rules, see docs/drop.md; NULL: none */
};

/* What happened to a packet; the sink sees every one. */
enum cn_fate {
	CN_FATE_SENT, /* on its way */
	CN_FATE_LOSS,
	CN_FATE_QUEUE,
	CN_FATE_RULE,
	CN_FATE_DUPLICATE, /* the second copy, on its way */
	CN_FATE_CORRUPT, /* on its way, one bit wrong */
	CN_FATE_REORDER, /* on its way, out of order */
	CN_FATE_TOO_BIG,
};
struct cn_path_sink {
	/* frame: as it was before the impairment, not to be kept. */
	void (*packet)(void *ctx, const struct cn_frame *frame,
		       enum cn_fate fate, uint64_t now);
	void *ctx;
};

/* CN_E_INVAL with *error_at set to the offending rule's offset in drop. */
CN_API int cn_path_new(const struct cn_path_config *config,
		       const struct cn_path_sink *sink, struct cn_path **path,
		       size_t *error_at) CN_MUST_CHECK;
CN_API void cn_path_free(struct cn_path *path);
/* Change while it runs. */
CN_API void cn_path_set(struct cn_path *path, const struct cn_impair *impair);

/* Takes the frame (and its references).  CN_OK also when it is lost. */
CN_API int cn_path_send(struct cn_path *path, struct cn_frame *frame,
			uint64_t now);
/* Room for another frame without certain loss: back-pressure for the sender,
 * so that a rate-limited queue is not overrun by its own host.  Only a link
 * that models a device's ring uses it. */
CN_API bool cn_path_has_room(const struct cn_path *path);
/* The next frame due at now, or false. */
CN_API bool cn_path_recv(struct cn_path *path, struct cn_frame *frame,
			 uint64_t now);
/* When the next frame is due, or CN_NEVER. */
CN_API uint64_t cn_path_deadline(const struct cn_path *path);

struct cn_path_stats {
	uint64_t packets, octets; /* given */
	uint64_t delivered, lost, queue_drops, rule_drops, duplicated;
	uint64_t corrupted, reordered, too_big;
	uint32_t queued; /* on their way now */
};
CN_API void cn_path_stats(const struct cn_path *path,
			  struct cn_path_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
