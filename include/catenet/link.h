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

/* Limits of the numbers below: one hour, one Tbit/s. */
#define CN_IMPAIR_DELAY_MAX (UINT64_C(3600) * CN_NS_PER_SEC)
#define CN_IMPAIR_RATE_MAX UINT64_C(1000000000000)

/*
 * A rate that varies: at each of these milliseconds, from the first packet on,
 * CN_RATE_TRACE_OCTETS may be carried, and after the last of them all begins
 * again (the link traces of Mahimahi).  What nobody uses is gone.
 */
struct cn_rate_trace {
	const uint32_t *at_ms; /* not going back; the last is not 0 */
	uint32_t n; /* 1 at least */
};

#define CN_RATE_TRACE_OCTETS 1500u

/*
 * Probabilities are 0 .. 1.  All zero: a clean path without delay.  They act
 * in netem's order: loss, duplication, corruption, then rate, delay, jitter
 * and reordering; what is lost takes no time of the rate.  A second copy is
 * corrupted and delayed on its own.
 */
struct cn_impair {
	uint64_t delay_ns;
	/* Uniform: at most so much more or less than delay_ns.  The others: the
	 * standard deviation.  The delay never becomes negative. */
	uint64_t jitter_ns;
	uint8_t jitter; /* enum cn_jitter */
	double loss; /* independent */
	/* Bursty loss, Gilbert-Elliott: enter and leave the bad state per
	 * packet, loss in the bad and in the good state. 0: off. */
	double burst_p, burst_r, burst_bad, burst_good;
	/* Share of packets that is sent out of order.  One that is chosen is
	 * delayed by reorder_ns more than its fellows; with reorder_ns 0 it
	 * skips the delay, as in netem, or comes 1 ms late where there is no
	 * delay to skip. */
	double reorder;
	uint64_t reorder_ns;
	double duplicate;
	double corrupt; /* one bit of the packet flipped */
	uint64_t rate; /* bit/s of IP packets; 0: unlimited */
	/* In place of the rate, or NULL; borrowed as long as the path lives. */
	const struct cn_rate_trace *rate_trace;
	uint32_t queue; /* packets that wait for the rate; 0: 1000 */
	uint64_t queue_octets; /* 0: no limit in octets */
	bool keep_order; /* jitter never reorders */
	/* What loss would take is marked instead, if it says that it can be
	 * (RFC 3168), as by netem's word of that name; a full queue still
	 * drops, and so does loss where the header lies in octets that others
	 * share. */
	bool ecn;
	/* Packets that wait for the rate from which on one more is marked, if
	 * it says that it can be; 0: none is.  A threshold, as of DCTCP's
	 * switches: nothing is lost by it. */
	uint32_t mark;
};

/* NULL, or one sentence that names what is out of range. */
CN_API const char *cn_impair_error(const struct cn_impair *impair);

struct cn_path;

struct cn_path_config {
	struct cn_pool *pool;
	struct cn_impair impair;
	uint32_t mtu; /* drops what is longer (then the sender is told:
			 cn_path_send returns CN_E_MSGSIZE); 0: 65535 */
	uint8_t seed[16];
	const char *drop; /* rules, see docs/drop.md; NULL: none */
	/* 'u' or 'd': which rules are this path's; 0: all, whatever direction
	 * they name. */
	char direction;
	/* So many of the first octets of a packet's first buffer are its link's,
	 * and go along where the packet is copied (to corrupt it): the new
	 * buffer begins with them.  What is no IP has header_len 0 then, and
	 * no rule drops it.  0: none. */
	uint8_t head;
};

/*
 * What happened to a packet; the sink sees every one, second copies too.  Of
 * several things the sink is told the first that applies of: dropped, second
 * copy, marked, corrupt, out of order.
 */
#define CN_FATES(X)                                                            \
	X(SENT, "on its way")                                                  \
	X(LOSS, "lost by the path")                                            \
	X(QUEUE, "dropped: no room to wait for the rate, or no memory")        \
	X(RULE, "dropped by a rule")                                           \
	X(DUPLICATE, "second copy made by the path")                           \
	X(CORRUPT, "one bit flipped by the path")                              \
	X(REORDER, "sent out of order by the path")                            \
	X(MARK, "marked by the path, which is congested")                      \
	X(TOO_BIG, "dropped: longer than the path's MTU")

enum cn_fate {
#define CN_X(name, text) CN_FATE_##name,
	CN_FATES(CN_X)
#undef CN_X
		CN_FATE_N
};

/* Static; the text is for a comment in a capture. */
CN_API const char *cn_fate_text(enum cn_fate fate);
/* The packet does not arrive. */
CN_API bool cn_fate_is_drop(enum cn_fate fate);

struct cn_path_sink {
	/* frame: as it was before the impairment, not to be kept. */
	void (*packet)(void *ctx, const struct cn_frame *frame,
		       enum cn_fate fate, uint64_t now);
	void *ctx;
	/* Super-segments stay whole where nothing is impaired, so that looking
	 * changes nothing; false: they are cut, and each packet is seen. */
	bool whole;
};

/*
 * CN_E_INVAL with *error_at set to the offending word's offset in drop (then
 * cn_drop_error says what is wrong), or to SIZE_MAX (then cn_impair_error
 * does).  Either of sink and error_at may be NULL.
 */
CN_API int cn_path_new(const struct cn_path_config *config,
		       const struct cn_path_sink *sink, struct cn_path **path,
		       size_t *error_at) CN_MUST_CHECK;
CN_API void cn_path_free(struct cn_path *path);
/* Change while it runs; what waits for the rate waits for the new one, in its
 * order, and what else is on its way keeps its time: cn_path_deadline may be
 * another.  CN_E_INVAL, and nothing changed, when cn_impair_error has something
 * to say. */
CN_API int cn_path_set(struct cn_path *path, const struct cn_impair *impair)
	CN_MUST_CHECK;

/* Takes the frame (and its references).  CN_OK also when it is lost. */
CN_API int cn_path_send(struct cn_path *path, struct cn_frame *frame,
			uint64_t now);
/*
 * How many packets more find room to wait for the rate (UINT32_MAX: any
 * number): back-pressure for the sender, so that a rate-limited queue is not
 * overrun by its own host.  Only a link that models a device's ring uses it.
 * Where there is no room, cn_path_room_at says when to ask again.
 */
CN_API uint32_t cn_path_room(struct cn_path *path, uint64_t now);
CN_API uint64_t cn_path_room_at(const struct cn_path *path);
/* The next frame due at now, or false. */
CN_API bool cn_path_recv(struct cn_path *path, struct cn_frame *frame,
			 uint64_t now);
/* When the next frame is due, or CN_NEVER. */
CN_API uint64_t cn_path_deadline(const struct cn_path *path);

/*
 * In packets; a super-segment counts as those that it stands for.  At any
 * time packets + duplicated = delivered + queued + lost + queue_drops +
 * rule_drops + too_big.
 */
struct cn_path_stats {
	uint64_t packets, octets; /* given */
	uint64_t delivered, lost, queue_drops, rule_drops;
	uint64_t duplicated; /* second copies made */
	uint64_t corrupted, reordered, too_big;
	uint64_t marked; /* instead of being lost */
	uint64_t queued; /* on their way now */
	uint64_t waiting; /* of them, for the rate, when the last one came */
};
CN_API void cn_path_stats(const struct cn_path *path,
			  struct cn_path_stats *stats);

/*
 * True when there is an error in the rules of docs/drop.md: *error_at is the
 * offset of the offending word, and text (CN_DROP_ERROR octets suffice) gets
 * a sentence that says what to write instead.  error_at and text may be NULL.
 */
#define CN_DROP_ERROR 240
CN_API bool cn_drop_error(const char *rules, size_t *error_at, char *text,
			  size_t text_size);

#ifdef __cplusplus
}
#endif

#endif
