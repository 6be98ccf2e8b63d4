/* SPDX-License-Identifier: MIT */
/*
 * What the ladder keeps of a connection: the arrow that waits for its arrival,
 * what was held back for the next segment, and what was folded into a count.
 */
#ifndef SEE_STRAND_H
#define SEE_STRAND_H

#include "see/rungs.h"

#define HELD_MAX 6
#define AWAITED_MAX 16

/* A segment that was drawn leaving and may be drawn arriving. */
struct awaited {
	bool used;
	uint8_t end;
	struct cn_trace sent;
};

/* What belongs to the segment that comes next, or to nobody. */
struct held {
	struct cn_trace trace;
	struct see_tale tale;
	bool told; /* there is a tale */
	unsigned end;
};

struct fold {
	unsigned data, acks, dups, lost;
	uint64_t octets;
	uint64_t at;
};

struct strand {
	struct see_conn *conn; /* whose it is */
	struct list restless; /* of the ladder: something is held back */
	bool has_pending;
	unsigned pending_end;
	struct rung pending;
	struct cn_trace pending_trace;
	unsigned lost, packets; /* of pending */
	struct held held[HELD_MAX];
	unsigned held_n;
	struct fold fold;
	bool has_folded;
	unsigned folded_end;
	struct cn_trace folded; /* the last of them that was sent */
	unsigned quiet_n[SEE_QUIET_DUP + 1];
	struct awaited awaited[AWAITED_MAX];
	unsigned awaited_next;
};

/* Something is held back that is to be told some time. */
bool strand_is_restless(const struct strand *strand);
/* The segment was drawn leaving; its arrival is to be drawn too. */
void strand_await(struct strand *strand, unsigned end,
		  const struct cn_trace *trace);
/* It was, whole or in packets, and this is all of it, the first or the last;
 * with the last that is over. */
bool strand_expects(struct strand *strand, unsigned end,
		    const struct cn_trace *trace);
/* It is the arrow that waits: both are one. */
bool strand_is_arrival(const struct strand *strand, unsigned end,
		       const struct cn_trace *trace);
/* Whether all that was held back belongs to this segment. */
bool strand_held_are_for(const struct strand *strand, unsigned end,
			 const struct cn_trace *trace);
void strand_fold(struct strand *strand, enum see_quiet quiet,
		 const struct cn_trace *trace);
/* Something happened: what is alike is drawn again. */
void strand_loud(struct strand *strand);
/* The segment covers this sequence number. */
bool strand_holds(const struct cn_trace *trace, uint32_t seq);

#endif
