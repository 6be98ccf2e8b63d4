/* SPDX-License-Identifier: MIT */
/*
 * What is in flight: a ring of records, one per (super-)segment, with a bit
 * for each of its at most 64 segments.  RFC 6675, retransmission and RTT
 * samples read this one structure; nothing is ever inserted mid-ring.
 */
#ifndef TCP_SENT_H
#define TCP_SENT_H

#include "tcp/tcb.h"

#define SENT_SEGS_MAX 64u
#define SENT_RECORDS_MIN 4u
#define SENT_RECORDS_MAX 65536u
#define DUP_THRESH 3u

struct sent {
	uint32_t seq, end; /* SYN and FIN counted */
	uint64_t first_at; /* first transmission */
	uint64_t sacked, lost, rexmit; /* bit per segment; rexmit: sent again
					  since it was marked lost */
	uint32_t skip; /* fully SACKed: records to the next that may not be */
	uint16_t cut; /* octets per segment */
	uint8_t n; /* segments */
	uint8_t flags; /* TCP_SYN, TCP_FIN */
	bool ever_rexmit; /* some part was sent twice: no RTT sample */
};

struct sent_ring {
	uint32_t head, n, size; /* record i is at (head + i) & (size - 1) */
	/* All segments below edge are lost or SACKed; above_n segments are
	 * SACKed at or above it (RFC 6675's IsLost, kept incrementally). */
	uint32_t edge, above_n;
	uint32_t next_rxt; /* nothing to retransmit begins before it */
	uint32_t part; /* a segment around it is sent again up to here */
	struct sent *rec;
	struct sent few[SENT_RECORDS_MIN]; /* what it begins with */
};

/* Records one transmission; false when there is no memory or the ring is
 * full. data_len octets from snd_nxt, then SYN or FIN.  Whole segments that
 * left at the instant of the last record and as it was cut join it. */
bool sent_push(struct tcb *tcb, uint32_t seq, uint32_t data_len, uint16_t cut,
	       uint8_t flags, uint64_t now);
static inline struct sent *sent_at(const struct sent_ring *ring, uint32_t i)
{
	return &ring->rec[(ring->head + i) & (ring->size - 1)];
}

/* Index of the record that holds seq, or ring->n. */
uint32_t sent_find(const struct sent_ring *ring, uint32_t seq);

/* What snd_una passing over records tells. */
struct sent_acked {
	uint64_t rtt_from; /* send time of the newest octet acknowledged that
			      was sent once; 0: none */
	uint32_t rtt_us; /* what came of it, for who measures */
	uint32_t segs; /* segments removed */
	bool syn, fin;
};
/* snd_una is at ack now. */
void sent_acked(struct tcb *tcb, uint32_t ack, struct sent_acked *acked);

/* Marks [left, right) as SACKed; returns octets newly marked. */
uint32_t sent_sack(struct tcb *tcb, uint32_t left, uint32_t right);
/* RFC 6675 section 4, Update() and IsLost(): advances the edge. */
void sent_update_lost(struct tcb *tcb);
/* Marks the first segment (NewReno), or everything not SACKed (RTO). */
void sent_lose_first(struct tcb *tcb);
void sent_lose_all(struct tcb *tcb);
/* Segments longer than mss are lost to the path. */
void sent_lose_longer(struct tcb *tcb, uint32_t mss);

/* The next stretch to retransmit, RFC 6675's NextSeg() rule 1. */
struct sent_stretch {
	uint32_t seq, len; /* data octets */
	uint16_t cut;
	uint8_t flags; /* TCP_SYN, TCP_FIN at its end */
	uint32_t index;
	uint32_t first_seg, seg_n;
};
bool sent_next_lost(struct tcb *tcb, uint32_t max_segs,
		    struct sent_stretch *stretch);
/* The stretch has been sent again up to end, be it within a segment. */
void sent_rexmitted(struct tcb *tcb, const struct sent_stretch *stretch,
		    uint32_t end);
void sent_free(struct tcb *tcb);

#endif
