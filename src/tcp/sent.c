/* SPDX-License-Identifier: MIT */
/* RFC 6675: the scoreboard of what is in flight.  See sent.h. */
#include "tcp/sent.h"

#include <string.h>

#include "base/assert.h"
#include "tcp/rack.h"
#include "tcp/sent_bits.h"

static void unmark(struct tcb *tcb, struct sent *rec, uint64_t bits)
{
	if (!((rec->sacked | rec->lost | rec->rexmit) & bits))
		return;
	tcb->sent->sacked_n -= count_of(rec->sacked & bits);
	tcb->sacked -= octets_of(rec, rec->sacked & bits);
	tcb->lost -= octets_of(rec, rec->lost & bits);
	tcb->retrans -= octets_of(rec, rec->rexmit & bits);
	rec->lost &= ~bits;
	rec->rexmit &= ~bits;
}

/* With segments of the least length they are more than the octets that they
 * are about, so that they are charged as well (row 20 of the attacks). */
static void records_free(struct tcb *tcb, struct sent_ring *ring)
{
	size_t octets = ring->size * sizeof(*ring->rec);

	if (ring->rec == ring->few)
		return;
	budget_refund(tcb->env->budget, octets);
	pool_release(tcb->env->pool, ring->rec, octets);
}

void sent_free(struct tcb *tcb)
{
	struct sent_ring *ring = tcb->sent;

	if (!ring)
		return;
	records_free(tcb, ring);
	pool_release(tcb->env->pool, ring, sizeof(*ring));
	tcb->sent = NULL;
	tcb->sacked = 0;
	tcb->lost = 0;
	tcb->retrans = 0;
}

static bool ring_grow(struct tcb *tcb, struct sent_ring *ring)
{
	uint32_t size = ring->size * 2;
	struct sent *rec;
	uint32_t i;

	if (size > SENT_RECORDS_MAX)
		return false;
	rec = pool_alloc(tcb->env->pool, size * sizeof(*rec));
	if (!rec)
		return false;
	budget_charge(tcb->env->budget, size * sizeof(*rec));
	for (i = 0; i < ring->n; i++)
		rec[i] = *sent_at(ring, i);
	records_free(tcb, ring);
	ring->rec = rec;
	ring->size = size;
	ring->head = 0;
	return true;
}

static struct sent_ring *ring_new(struct tcb *tcb, uint32_t seq, uint64_t now)
{
	struct sent_ring *ring = pool_alloc(tcb->env->pool, sizeof(*ring));

	if (!ring)
		return NULL;
	ring->first = 1;
	ring->edge = seq;
	ring->fack = seq;
	ring->judged = seq;
	ring->next_rxt = seq;
	ring->part = seq;
	ring->rec = ring->few;
	ring->size = SENT_RECORDS_MIN;
	tcb->sent = ring;
	rack_flight_begins(tcb, now);
	return ring;
}

static uint32_t segs_of(uint32_t data_len, uint16_t cut)
{
	if (data_len == cut)
		return 1;
	return data_len ? (data_len + cut - 1) / cut : 1;
}

/* What was sent at one instant in segments of one size is one record, however
 * many frames it took: nothing has happened to it in between. */
static bool join_last(struct sent_ring *ring, uint32_t seq, uint32_t data_len,
		      uint16_t cut, uint8_t flags, uint64_t now)
{
	uint32_t segs = segs_of(data_len, cut);
	struct sent *rec;

	if (!ring->n || !data_len)
		return false;
	rec = sent_at(ring, ring->n - 1);
	if (rec->first_at != now || rec->cut != cut || rec->end != seq ||
	    rec->flags || rec->n + segs > SENT_SEGS_MAX ||
	    seq - rec->seq != (uint32_t)rec->n * cut ||
	    (rec->sacked | rec->lost | rec->rexmit | rec->again))
		return false;
	rec->end = seq + data_len + !!(flags & TCP_FIN);
	rec->n = (uint8_t)(rec->n + segs);
	rec->flags = flags & 63;
	rec->tx.in_flight += data_len;
	return true;
}

bool sent_push(struct tcb *tcb, uint32_t seq, uint32_t data_len, uint16_t cut,
	       uint8_t flags, uint64_t now)
{
	struct sent_ring *ring = tcb->sent;
	uint32_t segs = segs_of(data_len, cut);
	struct sent *rec;

	CN_ASSERT(segs <= SENT_SEGS_MAX);
	if (!ring)
		ring = ring_new(tcb, seq, now);
	if (!ring)
		return false;
	flags &= TCP_SYN | TCP_FIN | TCP_PSH | SENT_APART;
	if (join_last(ring, seq, data_len, cut, flags & ~TCP_SYN & 63, now)) {
		rate_sent_more(tcb);
		return true;
	}
	if (ring->n == ring->size && !ring_grow(tcb, ring)) {
		if (ring->n == 0)
			sent_free(tcb);
		return false;
	}
	rec = sent_at(ring, ring->n);
	ring->n++;
	memset(rec, 0, sizeof(*rec));
	rec->seq = seq;
	rec->end = seq + data_len + !!(flags & (TCP_SYN | TCP_FIN));
	rec->first_at = now;
	rec->cut = cut;
	rec->n = (uint8_t)segs;
	rec->flags = flags & 63;
	if (data_len)
		rate_sent(tcb, rec, data_len, now);
	return true;
}

uint32_t sent_find(const struct sent_ring *ring, uint32_t seq)
{
	uint32_t low = 0, high = ring->n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (seq_le(sent_at(ring, mid)->end, seq))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The first k segments are acknowledged: the record begins after them. */
static void drop_front(struct tcb *tcb, struct sent *rec, uint32_t k)
{
	unmark(tcb, rec, mask_upto(k));
	rec->seq = seg_start(rec, k);
	rec->sacked >>= k;
	rec->lost >>= k;
	rec->rexmit >>= k;
	rec->again >>= k;
	rec->n = (uint8_t)(rec->n - k);
	/* One that is gone is nobody's number. */
	rec->last_again = rec->last_again >= k ?
				  (uint8_t)(rec->last_again - k) :
				  UINT8_MAX;
}

/* SACKed segments below the edge are not counted in above_n. */
static uint64_t above_edge(const struct sent_ring *ring, const struct sent *rec)
{
	return ~mask_upto(segs_upto(rec, ring->edge));
}

static void note_late(struct sent_acked *acked, uint32_t seq)
{
	if (!acked->reordered || seq_lt(seq, acked->lowest))
		acked->lowest = seq;
	acked->reordered = true;
}

/* When the highest of these segments, all sent again, was. */
static uint32_t again_at(const struct sent *rec, uint64_t again)
{
	return top_of(again) == rec->last_again ? rec->upto_us : rec->from_us;
}

/* As Linux takes them: SACK blocks in order, then what is acknowledged. */
static void note_last(const struct sent *rec, uint64_t bits, bool again,
		      bool sacked, struct sent_acked *acked)
{
	uint32_t end = seg_end(rec, top_of(bits));

	if (acked->has_last && sacked &&
	    (!acked->last_sacked || seq_le(end, acked->last_end)))
		return;
	acked->has_last = true;
	acked->last_us = again ? again_at(rec, bits) : us_of(rec->first_at);
	acked->last_end = end;
	acked->last_again = again;
	acked->last_sacked = sacked;
}

/*
 * These segments of the record are delivered, and were not before: which of
 * them was sent last, and does their order say anything?
 */
static void note_delivered(const struct tcb *tcb, const struct sent *rec,
			   uint64_t bits, bool sacked, struct sent_acked *acked)
{
	uint64_t once = bits & ~rec->again, again = bits & rec->rexmit;
	uint32_t us, end, first;

	if (once | again)
		note_last(rec, once | again, again > once, sacked, acked);

	if (once) {
		us = us_of(rec->first_at);
		end = seg_end(rec, top_of(once));
		first = (uint32_t)__builtin_ctzll(once);
		if (!acked->has_once ||
		    sent_after(us, end, acked->once_us, acked->once_end)) {
			acked->has_once = true;
			acked->once_us = us;
			acked->once_end = end;
		}
		acked->orig |= seq_le(seg_end(rec, first), tcb->recover);
		if (seq_lt(seg_start(rec, first), tcb->sent->fack))
			note_late(acked, seg_start(rec, first));
	}
	if (!again)
		return;
	us = again_at(rec, again);
	end = seg_end(rec, top_of(again));
	if (acked->has_again &&
	    !sent_after(us, end, acked->again_us, acked->again_end))
		return;
	acked->has_again = true;
	acked->again_us = us;
	acked->again_end = end;
}

void sent_acked(struct tcb *tcb, uint32_t ack, struct sent_acked *acked)
{
	struct sent_ring *ring = tcb->sent;
	bool again = false;

	while (ring && ring->n) {
		struct sent *rec = sent_at(ring, 0);
		bool whole = seq_le(rec->end, ack);
		uint32_t k = whole ? rec->n : segs_upto(rec, ack);
		uint64_t bits = mask_upto(k) & ~rec->sacked;

		if (!whole && seq_le(ack, rec->seq))
			break;
		again |= (rec->again & mask_upto(k)) != 0;
		if (bits) {
			acked->rtt_from = rec->first_at;
			if (bits & ~rec->again)
				rate_pick(tcb, rec);
			if (acked->watch)
				note_delivered(tcb, rec, bits, false, acked);
		}
		acked->segs += k;
		if (rec->sacked)
			ring->above_n -= count_of(rec->sacked & mask_upto(k) &
						  above_edge(ring, rec));
		if (!whole) {
			if (k)
				drop_front(tcb, rec, k);
			break;
		}
		acked->syn |= !!(rec->flags & TCP_SYN);
		acked->fin |= !!(rec->flags & TCP_FIN);
		unmark(tcb, rec, ~UINT64_C(0));
		if (rec->list)
			sent_unlist(ring, 0);
		ring->first++;
		ring->head = (ring->head + 1) & (ring->size - 1);
		ring->n--;
	}
	/* MUST-18: what lay beyond a hole waited for the hole to be filled,
	 * so that its age says nothing either. */
	if (again)
		acked->rtt_from = 0;
	if (!ring)
		return;
	ring->edge = seq_max(ring->edge, ack);
	ring->fack = seq_max(ring->fack, ack);
	ring->judged = seq_max(ring->judged, ack);
	ring->next_rxt = seq_max(ring->next_rxt, ack);
	ring->part = seq_max(ring->part, ack);
	if (ring->n == 0)
		sent_free(tcb);
}

/*
 * Jumps over records known to be fully SACKed, and shortens the jumps it
 * finds, so that a block that covers the same records again costs nothing
 * (the paths of a union-find).
 */
uint32_t sent_skip_sacked(const struct sent_ring *ring, uint32_t i)
{
	uint32_t end = i, next;

	while (end < ring->n && sent_at(ring, end)->skip)
		end += sent_at(ring, end)->skip;
	while (i < end) {
		struct sent *rec = sent_at(ring, i);

		next = i + rec->skip;
		rec->skip = end - i;
		i = next;
	}
	return end;
}

static uint32_t sack_record(struct tcb *tcb, struct sent *rec, uint32_t left,
			    uint32_t right, struct sent_acked *acked)
{
	struct sent_ring *ring = tcb->sent;
	uint32_t first = 0, last = segs_upto(rec, right);
	uint64_t bits;

	if (seq_gt(left, rec->seq))
		first = (left - rec->seq + rec->cut - 1) / rec->cut;
	if (first >= last)
		return 0;
	bits = mask_upto(last) & ~mask_upto(first) & ~rec->sacked;
	if (!bits)
		return 0;
	ring->above_n += count_of(bits & above_edge(ring, rec));
	ring->sacked_n += count_of(bits);
	note_delivered(tcb, rec, bits, true, acked);
	if (bits & ~rec->again)
		rate_pick(tcb, rec);
	if (bits & ~rec->again && rec->first_at > acked->sack_from)
		acked->sack_from = rec->first_at;
	unmark(tcb, rec, bits);
	rec->sacked |= bits;
	tcb->sacked += octets_of(rec, bits);
	if (rec->sacked == mask_upto(rec->n))
		rec->skip = 1;
	return octets_of(rec, bits);
}

uint32_t sent_sack(struct tcb *tcb, uint32_t left, uint32_t right,
		   struct sent_acked *acked)
{
	struct sent_ring *ring = tcb->sent;
	uint32_t octets = 0;
	uint32_t i;

	if (!ring)
		return 0;
	for (i = sent_find(ring, left); i < ring->n; i++) {
		i = sent_skip_sacked(ring, i);
		if (i >= ring->n || seq_ge(sent_at(ring, i)->seq, right))
			break;
		octets +=
			sack_record(tcb, sent_at(ring, i), left, right, acked);
	}
	return octets;
}
