/* SPDX-License-Identifier: MIT */
/*
 * What is in flight: a ring of records, one per (super-)segment, with a bit
 * for each of its at most 64 segments.  RFC 6675, retransmission and RTT
 * samples read this one structure; nothing is ever inserted mid-ring.
 */
#ifndef TCP_SENT_H
#define TCP_SENT_H

#include "tcp/rate.h"
#include "tcp/tcb.h"

#define SENT_SEGS_MAX 64u
#define SENT_RECORDS_MIN 4u
#define SENT_RECORDS_MAX 65536u
#define DUP_THRESH 3u

static inline uint32_t us_of(uint64_t now)
{
	return (uint32_t)(now / CN_NS_PER_US);
}

/* RFC 8985 section 6.2: later, or at the same time and beyond. */
static inline bool sent_after(uint32_t us1, uint32_t end1, uint32_t us2,
			      uint32_t end2)
{
	return seq_gt(us1, us2) || (us1 == us2 && seq_gt(end1, end2));
}

struct sent {
	uint32_t seq, end; /* SYN and FIN counted */
	uint64_t first_at; /* first transmission */
	/* A bit per segment.  rexmit: sent again since it was marked lost, or
	 * as a probe; again: ever sent again (no RTT sample). */
	uint64_t sacked, lost, rexmit, again;
	uint32_t skip; /* fully SACKed: records to the next that may not be */
	/* Of the segments in rexmit, microseconds: when the first and when the
	 * last of them was sent.  One pair for the record: what is delivered
	 * counts as sent at the first, but for segment last_again, and what is
	 * missing as sent at the last, so that an error makes nothing lost too
	 * soon. */
	uint32_t from_us, upto_us;
	uint8_t last_again; /* the one that was sent at upto_us, last of them */
	uint32_t prev, next; /* in one of the ring's lists, while listed */
	uint16_t cut; /* octets per segment */
	uint8_t n; /* segments */
	uint8_t flags : 6; /* TCP_SYN, TCP_FIN; and see sent_push */
	uint8_t list : 2; /* enum sent_list */
	struct rate_tx tx; /* the connection when it was sent first */
};

enum sent_list {
	SENT_UNLISTED,
	SENT_AGAIN, /* retransmissions on their way, oldest first */
	SENT_RELOST, /* retransmissions lost: they go first */
	SENT_LISTS,
};

struct sent_ring {
	uint32_t head, n, size; /* record i is at (head + i) & (size - 1) */
	uint32_t first; /* the number that the record at head bears in lists */
	/* All segments below edge are lost or SACKed; above_n segments are
	 * SACKed at or above it (RFC 6675's IsLost, kept incrementally). */
	uint32_t edge, above_n;
	uint32_t sacked_n; /* segments SACKed */
	uint32_t fack; /* past the highest octet delivered */
	uint32_t judged; /* RACK: first transmissions below are SACKed or lost,
			    or were sent again */
	uint32_t next_rxt; /* nothing to retransmit begins before it, but what
			      is in the list */
	uint32_t part; /* a segment around it is sent again up to here */
	struct {
		uint32_t first, last, n;
	} list[SENT_LISTS];
	struct sent *rec;
	struct sent few[SENT_RECORDS_MIN]; /* what it begins with */
};

/* Records one transmission; false when there is no memory or the ring is
 * full. data_len octets from snd_nxt, then SYN or FIN.  Whole segments that
 * left at the instant of the last record and as it was cut join it, unless it
 * was pushed with TCP_PSH (a record of MSG_EOR ends there) or SENT_APART. */
#define SENT_APART TCP_URG
bool sent_push(struct tcb *tcb, uint32_t seq, uint32_t data_len, uint16_t cut,
	       uint8_t flags, uint64_t now);
static inline struct sent *sent_at(const struct sent_ring *ring, uint32_t i)
{
	return &ring->rec[(ring->head + i) & (ring->size - 1)];
}

/* Index of the record that holds seq, or ring->n. */
uint32_t sent_find(const struct sent_ring *ring, uint32_t seq);

/* What one acknowledgement, SACK blocks included, delivers for the first
 * time. */
struct sent_acked {
	uint64_t rtt_from; /* send time of the newest octet acknowledged that
			      was sent once; 0: none */
	uint64_t sack_from; /* the same, of what is SACKed */
	uint32_t rtt_us; /* the sample it gave; 0: none */
	uint32_t segs; /* segments removed */
	bool syn, fin;
	bool watch; /* what follows is wanted: something is missing */
	/* The segment sent last, and the one sent again last, in
	 * microseconds, and where they end (RFC 8985 section 6.2 step 2). */
	bool has_once, has_again;
	uint32_t once_us, once_end;
	uint32_t again_us, again_end;
	/* The one of the highest sequence number, of what is acknowledged
	 * rather than of what is SACKed: when it was sent; again; SACKed. */
	uint32_t last_us, last_end;
	bool has_last, last_again, last_sacked;
	bool orig; /* some sent once, below tcb->recover (RFC 5682) */
	bool reordered; /* some sent once, below what came before; */
	uint32_t lowest; /* the lowest of these */
};
/* snd_una is at ack now. */
void sent_acked(struct tcb *tcb, uint32_t ack, struct sent_acked *acked);
/* Marks [left, right) as SACKed; returns octets newly marked. */
uint32_t sent_sack(struct tcb *tcb, uint32_t left, uint32_t right,
		   struct sent_acked *acked);

/* ------------------------------------------------- losses, sent_lost.c -- */

/* RFC 6675 section 4, Update() and IsLost(): advances the edge. */
void sent_update_lost(struct tcb *tcb);
/* Marks the first segment (NewReno), or everything not SACKed (RTO). */
void sent_lose_first(struct tcb *tcb);
void sent_lose_all(struct tcb *tcb);
/* After a timeout: the first segment, and what was sent before us. */
void sent_lose_before(struct tcb *tcb, uint32_t us);
/* The first record, one segment that nothing has happened to, is what is left
 * of it, in segments of mss. */
void sent_recut_first(struct tcb *tcb, uint32_t mss);
/* Segments longer than mss are lost to the path. */
void sent_lose_longer(struct tcb *tcb, uint32_t mss);
/* Nothing is lost after all. */
void sent_unlose(struct tcb *tcb);

/* RFC 8985 section 6.2 step 5: what was sent before the segment that was
 * delivered, and whose time is over. */
struct sent_rack {
	uint32_t us, end; /* RACK.xmit_ts, RACK.end_seq */
	uint32_t before_us; /* lost is what was sent then or earlier */
	bool lost; /* out: something was */
	bool lost_again; /* out: a retransmission was */
	bool waits; /* out: something may be lost soon */
};
void sent_rack(struct tcb *tcb, struct sent_rack *rack);

/* The next stretch to retransmit, RFC 6675's NextSeg() rule 1. */
struct sent_stretch {
	uint32_t seq, len; /* data octets */
	uint16_t cut;
	uint8_t flags; /* TCP_SYN, TCP_FIN, TCP_PSH at its end */
	uint32_t index;
	uint32_t first_seg, seg_n;
};
bool sent_next_lost(struct tcb *tcb, uint32_t max_segs,
		    struct sent_stretch *stretch);
/* The stretch has been sent again up to end, be it within a segment. */
void sent_rexmitted(struct tcb *tcb, const struct sent_stretch *stretch,
		    uint32_t end, uint64_t now);
/* The last segment in flight, for a probe. */
void sent_last(struct tcb *tcb, struct sent_stretch *stretch);
void sent_free(struct tcb *tcb);

#endif
