/* SPDX-License-Identifier: MIT */
/*
 * What is lost of what is in flight, by three counts that share the marks:
 * RFC 6675 (three segments SACKed above), RFC 8985 (RACK: sent well before
 * one that was delivered), and a timeout.  And what goes out again.
 *
 * Nothing here walks over what was judged before: first transmissions are
 * judged by cursors that only move up, retransmissions from a list in the
 * order in which they left, and those that are lost again wait in a list of
 * their own, so that the cursor of what is to be sent need not come back for
 * them.  A timeout, an undo and a new path MTU may walk the ring.
 */
#include "base/assert.h"
#include "tcp/congestion.h"
#include "tcp/sent_bits.h"

/* --------------------------------------------------------------- lists -- */

static struct sent *numbered(const struct sent_ring *ring, uint32_t number)
{
	return sent_at(ring, number - ring->first);
}

void sent_unlist(struct sent_ring *ring, uint32_t i)
{
	struct sent *rec = sent_at(ring, i);
	uint32_t which = rec->list, number = sent_number(ring, i);

	if (which == SENT_UNLISTED)
		return;
	if (ring->list[which].first == number)
		ring->list[which].first = rec->next;
	else
		numbered(ring, rec->prev)->next = rec->next;
	if (ring->list[which].last == number)
		ring->list[which].last = rec->prev;
	else
		numbered(ring, rec->next)->prev = rec->prev;
	ring->list[which].n--;
	rec->list = SENT_UNLISTED;
}

static void append(struct sent_ring *ring, uint32_t i, enum sent_list which)
{
	struct sent *rec = sent_at(ring, i);
	uint32_t number = sent_number(ring, i);

	sent_unlist(ring, i);
	rec->list = which & 3;
	rec->prev = ring->list[which].last;
	if (ring->list[which].n++)
		numbered(ring, rec->prev)->next = number;
	else
		ring->list[which].first = number;
	ring->list[which].last = number;
}

static bool first_of(const struct sent_ring *ring, enum sent_list which,
		     uint32_t *i)
{
	if (!ring->list[which].n)
		return false;
	*i = ring->list[which].first - ring->first;
	return true;
}

static void empty_lists(struct sent_ring *ring)
{
	uint32_t i;

	while (first_of(ring, SENT_AGAIN, &i) ||
	       first_of(ring, SENT_RELOST, &i))
		sent_unlist(ring, i);
}

/* --------------------------------------------------------------- marks -- */

static uint64_t mark_lost(struct tcb *tcb, struct sent *rec, uint64_t bits)
{
	bits &= mask_upto(rec->n) & ~rec->sacked & ~rec->lost;
	if (!bits)
		return 0;
	rec->lost |= bits;
	tcb->lost += octets_of(rec, bits);
	congestion_lost(tcb, rec, octets_of(rec, bits));
	tcb->sent->next_rxt = seq_min(tcb->sent->next_rxt, rec->seq);
	return bits;
}

static void forget_rexmit(struct tcb *tcb, struct sent *rec, uint64_t bits)
{
	tcb->retrans -= octets_of(rec, rec->rexmit & bits);
	rec->rexmit &= ~bits;
}

/*
 * RFC 6675 section 4: a segment is lost once DupThresh segments above it are
 * SACKed.  (The RFC asks for DupThresh discontiguous blocks or more than
 * DupThresh - 1 full segments; both imply this, and segments below the MSS
 * profit.)  The edge below which everything is judged only moves up, so a
 * segment is visited once.
 */
void sent_update_lost(struct tcb *tcb)
{
	struct sent_ring *ring = tcb->sent;
	uint32_t i, k;

	if (!ring || ring->above_n < DUP_THRESH)
		return;
	for (i = sent_find(ring, ring->edge); i < ring->n; i++) {
		struct sent *rec = sent_at(ring, i);

		for (k = segs_upto(rec, ring->edge); k < rec->n; k++) {
			if (rec->sacked >> k & 1)
				ring->above_n--;
			else if (ring->above_n < DUP_THRESH)
				return;
			else
				mark_lost(tcb, rec, UINT64_C(1) << k);
			ring->edge = seg_end(rec, k);
		}
	}
}

void sent_lose_first(struct tcb *tcb)
{
	mark_lost(tcb, sent_at(tcb->sent, 0), 1);
}

/* The receiver took back what it had SACKed (RFC 2018 section 8). */
static void renege(struct tcb *tcb)
{
	struct sent_ring *ring = tcb->sent;
	uint32_t i;

	for (i = 0; i < ring->n; i++) {
		struct sent *rec = sent_at(ring, i);

		/* When it comes once more tells nothing of the path. */
		rec->again |= rec->sacked;
		rec->sacked = 0;
		rec->skip = 0;
	}
	tcb->sacked = 0;
	ring->sacked_n = 0;
	ring->above_n = 0;
	ring->fack = tcb->snd_una;
}

/* Whether the record's last transmission was after us. */
static bool is_younger(const struct sent *rec, uint32_t us)
{
	return seq_gt(rec->rexmit ? rec->upto_us : us_of(rec->first_at), us);
}

static void lose_record(struct tcb *tcb, struct sent *rec, uint64_t bits)
{
	forget_rexmit(tcb, rec, bits);
	mark_lost(tcb, rec, bits);
}

static void timed_out(struct tcb *tcb, const uint32_t *before_us)
{
	struct sent_ring *ring = tcb->sent;
	uint32_t i;

	/* The first segment is SACKed and yet timed out. */
	if (sent_at(ring, 0)->sacked & 1) {
		renege(tcb);
		before_us = NULL;
	}
	ring->judged = tcb->snd_nxt;
	for (i = 0; i < ring->n; i++) {
		struct sent *rec = sent_at(ring, i);
		uint64_t bits = ~UINT64_C(0);

		if (before_us && is_younger(rec, *before_us)) {
			bits = i == 0;
			if (mask_upto(rec->n) & ~rec->rexmit)
				ring->judged = seq_min(ring->judged, rec->seq);
		}
		lose_record(tcb, rec, bits);
		if (rec->list && !(rec->rexmit & ~rec->sacked))
			sent_unlist(ring, i);
	}
	if (!before_us)
		empty_lists(ring);
	ring->edge = tcb->snd_nxt;
	ring->above_n = 0;
	ring->next_rxt = tcb->snd_una;
	ring->part = tcb->snd_una;
}

/* After a timeout all that is not SACKed is lost, and what was sent again is
 * forgotten. */
void sent_lose_all(struct tcb *tcb)
{
	timed_out(tcb, NULL);
}

/* RFC 8985 section 6.3: what left less than a round trip ago may yet come. */
void sent_lose_before(struct tcb *tcb, uint32_t us)
{
	timed_out(tcb, &us);
}

void sent_recut_first(struct tcb *tcb, uint32_t mss)
{
	struct sent *rec = sent_at(tcb->sent, 0);
	uint32_t len;

	rec->seq = seq_max(rec->seq, tcb->snd_una);
	len = rec->end - rec->seq;
	if (rec->n != 1 || len <= mss || len > SENT_SEGS_MAX * mss)
		return;
	rec->cut = (uint16_t)mss;
	rec->n = (uint8_t)((len + mss - 1) / mss);
}

void sent_lose_longer(struct tcb *tcb, uint32_t mss)
{
	struct sent_ring *ring = tcb->sent;
	uint32_t i;

	if (ring)
		ring->part = tcb->snd_una;
	for (i = 0; ring && i < ring->n; i++) {
		struct sent *rec = sent_at(ring, i);
		uint64_t bits = rec->n > 1 ? mask_upto(rec->n - 1u) : 0;

		if (rec->cut <= mss)
			continue;
		if (seg_len(rec, rec->n - 1u) > mss)
			bits |= UINT64_C(1) << (rec->n - 1);
		lose_record(tcb, rec, bits);
		ring->next_rxt = seq_min(ring->next_rxt, rec->seq);
	}
}

void sent_unlose(struct tcb *tcb)
{
	struct sent_ring *ring = tcb->sent;
	uint32_t i;

	if (!ring || !tcb->lost)
		return;
	for (i = 0; i < ring->n; i++)
		sent_at(ring, i)->lost = 0;
	tcb->lost = 0;
	ring->edge = tcb->snd_una;
	ring->above_n = ring->sacked_n;
	ring->judged = tcb->snd_una;
	ring->next_rxt = tcb->snd_nxt;
	ring->part = tcb->snd_una;
	while (first_of(ring, SENT_RELOST, &i))
		sent_unlist(ring, i);
}

/* ---------------------------------------------------------------- RACK -- */

/* Segments of a first transmission that the delivered one overtook. */
static uint64_t overtaken(const struct sent *rec, const struct sent_rack *rack)
{
	uint32_t us = us_of(rec->first_at);
	uint32_t k;

	if (us != rack->us)
		return seq_gt(rack->us, us) ? mask_upto(rec->n) : 0;
	k = segs_upto(rec, rack->end);
	if (k && seg_end(rec, k - 1) == rack->end)
		k--;
	return mask_upto(k);
}

/* In the order of the ring, which is the order of time. */
static void judge_first(struct tcb *tcb, struct sent_rack *rack)
{
	struct sent_ring *ring = tcb->sent;
	uint32_t i;

	for (i = sent_find(ring, ring->judged); i < ring->n; i++) {
		struct sent *rec;
		uint64_t bits;

		i = sent_skip_sacked(ring, i);
		if (i >= ring->n)
			break;
		rec = sent_at(ring, i);
		bits = overtaken(rec, rack);
		if (!bits)
			break;
		if (seq_gt(us_of(rec->first_at), rack->before_us)) {
			rack->waits = true;
			break;
		}
		if (mark_lost(tcb, rec, bits & ~rec->rexmit))
			rack->lost = true;
		ring->judged =
			seq_max(ring->judged, seg_end(rec, top_of(bits)));
		if (bits != mask_upto(rec->n))
			break;
	}
}

static void judge_again(struct tcb *tcb, struct sent_rack *rack)
{
	struct sent_ring *ring = tcb->sent;
	uint32_t i;

	while (first_of(ring, SENT_AGAIN, &i)) {
		struct sent *rec = sent_at(ring, i);
		uint64_t bits = rec->rexmit & ~rec->sacked;

		if (!bits) {
			sent_unlist(ring, i);
			continue;
		}
		if (!sent_after(rack->us, rack->end, rec->upto_us,
				seg_end(rec, top_of(bits))))
			break;
		if (seq_gt(rec->upto_us, rack->before_us)) {
			rack->waits = true;
			break;
		}
		forget_rexmit(tcb, rec, bits);
		/* A probe was not lost before. */
		mark_lost(tcb, rec, bits);
		append(ring, i, SENT_RELOST);
		rack->lost = true;
		rack->lost_again = true;
	}
}

void sent_rack(struct tcb *tcb, struct sent_rack *rack)
{
	rack->lost = false;
	rack->lost_again = false;
	rack->waits = false;
	if (!tcb->sent)
		return;
	judge_first(tcb, rack);
	judge_again(tcb, rack);
}

/* ------------------------------------------------------ retransmission -- */

/* The first stretch of these segments, at most max of them. */
static void stretch_of(struct tcb *tcb, uint32_t i, uint64_t bits, uint32_t max,
		       struct sent_stretch *stretch)
{
	struct sent_ring *ring = tcb->sent;
	struct sent *rec = sent_at(ring, i);
	uint32_t first = (uint32_t)__builtin_ctzll(bits), n, end;

	bits >>= first;
	n = ~bits ? (uint32_t)__builtin_ctzll(~bits) : 64;
	if (n > max)
		n = max;
	end = seg_end(rec, first + n - 1);
	stretch->seq = seq_max(seg_start(rec, first), tcb->snd_una);
	if (seq_gt(ring->part, stretch->seq) &&
	    seq_lt(ring->part, seg_end(rec, first)))
		stretch->seq = ring->part;
	stretch->flags = 0;
	if (first + n == rec->n)
		stretch->flags = rec->flags;
	stretch->len = end - stretch->seq -
		       !!(stretch->flags & (TCP_SYN | TCP_FIN));
	stretch->cut = rec->cut;
	stretch->index = i;
	stretch->first_seg = first;
	stretch->seg_n = n;
}

bool sent_next_lost(struct tcb *tcb, uint32_t max_segs,
		    struct sent_stretch *stretch)
{
	struct sent_ring *ring = tcb->sent;
	uint64_t bits;
	uint32_t i;

	if (!ring || !tcb->lost)
		return false;
	while (first_of(ring, SENT_RELOST, &i)) {
		struct sent *rec = sent_at(ring, i);

		bits = rec->lost & ~rec->rexmit;
		if (bits) {
			stretch_of(tcb, i, bits, max_segs, stretch);
			return true;
		}
		append(ring, i, SENT_AGAIN);
	}
	for (i = sent_find(ring, ring->next_rxt); i < ring->n; i++) {
		struct sent *rec = sent_at(ring, i);

		bits = rec->lost & ~rec->rexmit;
		if (bits) {
			stretch_of(tcb, i, bits, max_segs, stretch);
			return true;
		}
		ring->next_rxt = rec->end;
	}
	return false;
}

void sent_last(struct tcb *tcb, struct sent_stretch *stretch)
{
	struct sent_ring *ring = tcb->sent;
	uint32_t i = ring->n - 1;

	stretch_of(tcb, i, UINT64_C(1) << (sent_at(ring, i)->n - 1), 1,
		   stretch);
}

void sent_rexmitted(struct tcb *tcb, const struct sent_stretch *stretch,
		    uint32_t end, uint64_t now)
{
	struct sent_ring *ring = tcb->sent;
	struct sent *rec = sent_at(ring, stretch->index);
	uint32_t last = stretch->first_seg;
	uint64_t bits;

	while (last < stretch->first_seg + stretch->seg_n &&
	       seq_le(seg_end(rec, last), end))
		last++;
	ring->part = end;
	bits = mask_upto(last) & ~mask_upto(stretch->first_seg);
	rec->again |= mask_upto(stretch->first_seg + 1) &
		      ~mask_upto(stretch->first_seg);
	rec->again |= bits;
	bits &= ~rec->rexmit;
	if (!bits)
		return;
	if (!rec->rexmit)
		rec->from_us = us_of(now);
	rec->upto_us = us_of(now);
	rec->last_again = (uint8_t)top_of(bits);
	rec->rexmit |= bits;
	tcb->retrans += octets_of(rec, bits);
	/* While some of it waits to go, the rest is not judged. */
	if (rec->list != SENT_RELOST || !(rec->lost & ~rec->rexmit))
		append(ring, stretch->index, SENT_AGAIN);
}
