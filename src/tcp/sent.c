/* SPDX-License-Identifier: MIT */
/* RFC 6675: the scoreboard of what is in flight.  See sent.h. */
#include "tcp/sent.h"

#include <string.h>

#include "base/assert.h"

static uint64_t mask_upto(uint32_t n)
{
	return n >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1;
}

static uint32_t seg_start(const struct sent *rec, uint32_t i)
{
	return rec->seq + i * rec->cut;
}

static uint32_t seg_end(const struct sent *rec, uint32_t i)
{
	return i + 1 >= rec->n ? rec->end : rec->seq + (i + 1) * rec->cut;
}

static uint32_t seg_len(const struct sent *rec, uint32_t i)
{
	return seg_end(rec, i) - seg_start(rec, i);
}

/* Octets of the segments whose bits are set. */
static uint32_t octets_of(const struct sent *rec, uint64_t bits)
{
	uint64_t last = UINT64_C(1) << (rec->n - 1);
	uint32_t octets = 0;

	if (bits & last) {
		octets = seg_len(rec, rec->n - 1u);
		bits &= ~last;
	}
	return octets + (uint32_t)__builtin_popcountll(bits) * rec->cut;
}

static void unmark(struct tcb *tcb, struct sent *rec, uint64_t bits)
{
	tcb->sacked -= octets_of(rec, rec->sacked & bits);
	tcb->lost -= octets_of(rec, rec->lost & bits);
	tcb->retrans -= octets_of(rec, rec->rexmit & bits);
	rec->lost &= ~bits;
	rec->rexmit &= ~bits;
}

static void records_free(struct tcb *tcb, struct sent_ring *ring)
{
	if (ring->rec != ring->few)
		pool_release(tcb->env->pool, ring->rec,
			     ring->size * sizeof(*ring->rec));
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
	for (i = 0; i < ring->n; i++)
		rec[i] = *sent_at(ring, i);
	records_free(tcb, ring);
	ring->rec = rec;
	ring->size = size;
	ring->head = 0;
	return true;
}

static struct sent_ring *ring_new(struct tcb *tcb, uint32_t seq)
{
	struct sent_ring *ring = pool_alloc(tcb->env->pool, sizeof(*ring));

	if (!ring)
		return NULL;
	ring->edge = seq;
	ring->next_rxt = seq;
	ring->part = seq;
	ring->rec = ring->few;
	ring->size = SENT_RECORDS_MIN;
	tcb->sent = ring;
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
		      uint16_t cut, uint8_t fin, uint64_t now)
{
	uint32_t segs = segs_of(data_len, cut);
	struct sent *rec;

	if (!ring->n || !data_len)
		return false;
	rec = sent_at(ring, ring->n - 1);
	if (rec->first_at != now || rec->cut != cut || rec->end != seq ||
	    rec->flags || rec->n + segs > SENT_SEGS_MAX ||
	    seq - rec->seq != (uint32_t)rec->n * cut || rec->ever_rexmit ||
	    (rec->sacked | rec->lost | rec->rexmit))
		return false;
	rec->end = seq + data_len + !!fin;
	rec->n = (uint8_t)(rec->n + segs);
	rec->flags = fin;
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
		ring = ring_new(tcb, seq);
	if (!ring)
		return false;
	if (join_last(ring, seq, data_len, cut, flags & TCP_FIN, now))
		return true;
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
	rec->flags = flags & (TCP_SYN | TCP_FIN);
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
	rec->n = (uint8_t)(rec->n - k);
}

/* SACKed segments below the edge are not counted in above_n. */
static void forget_above(struct sent_ring *ring, const struct sent *rec,
			 uint32_t k)
{
	uint32_t i;

	if (seq_le(rec->end, ring->edge))
		return;
	for (i = 0; i < k; i++)
		if (rec->sacked >> i & 1 &&
		    seq_ge(seg_start(rec, i), ring->edge))
			ring->above_n--;
}

void sent_acked(struct tcb *tcb, uint32_t ack, struct sent_acked *acked)
{
	struct sent_ring *ring = tcb->sent;
	bool again = false;

	memset(acked, 0, sizeof(*acked));
	while (ring && ring->n) {
		struct sent *rec = sent_at(ring, 0);
		bool whole = seq_le(rec->end, ack);
		uint32_t k = whole ? rec->n : (ack - rec->seq) / rec->cut;

		if (!whole && seq_le(ack, rec->seq))
			break;
		if (k >= rec->n && !whole)
			k = rec->n - 1u;
		again |= k && rec->ever_rexmit;
		if ((rec->sacked & mask_upto(k)) != mask_upto(k))
			acked->rtt_from = rec->first_at;
		acked->segs += k;
		forget_above(ring, rec, k);
		if (!whole) {
			if (k)
				drop_front(tcb, rec, k);
			break;
		}
		acked->syn |= !!(rec->flags & TCP_SYN);
		acked->fin |= !!(rec->flags & TCP_FIN);
		unmark(tcb, rec, ~UINT64_C(0));
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
static uint32_t skip_sacked(const struct sent_ring *ring, uint32_t i)
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
			    uint32_t right)
{
	struct sent_ring *ring = tcb->sent;
	uint32_t first = 0, last = rec->n, i;
	uint64_t bits;

	if (seq_gt(left, rec->seq))
		first = (left - rec->seq + rec->cut - 1) / rec->cut;
	if (seq_lt(right, rec->end)) {
		last = (right - rec->seq) / rec->cut;
		if (last >= rec->n) /* all but the FIN */
			last = rec->n - 1u;
	}
	if (first >= last)
		return 0;
	bits = mask_upto(last) & ~mask_upto(first) & ~rec->sacked;
	if (!bits)
		return 0;
	for (i = first; i < last; i++)
		if (bits >> i & 1 && seq_ge(seg_start(rec, i), ring->edge))
			ring->above_n++;
	unmark(tcb, rec, bits);
	rec->sacked |= bits;
	tcb->sacked += octets_of(rec, bits);
	if (rec->sacked == mask_upto(rec->n))
		rec->skip = 1;
	return octets_of(rec, bits);
}

uint32_t sent_sack(struct tcb *tcb, uint32_t left, uint32_t right)
{
	struct sent_ring *ring = tcb->sent;
	uint32_t octets = 0;
	uint32_t i;

	for (i = sent_find(ring, left); i < ring->n; i++) {
		i = skip_sacked(ring, i);
		if (i >= ring->n || seq_ge(sent_at(ring, i)->seq, right))
			break;
		octets += sack_record(tcb, sent_at(ring, i), left, right);
	}
	return octets;
}

static void mark_lost(struct tcb *tcb, struct sent *rec, uint64_t bits)
{
	bits &= mask_upto(rec->n) & ~rec->sacked & ~rec->lost;
	if (!bits)
		return;
	rec->lost |= bits;
	tcb->lost += octets_of(rec, bits);
	tcb->sent->next_rxt = seq_min(tcb->sent->next_rxt, rec->seq);
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

		k = seq_gt(ring->edge, rec->seq) ?
			    (ring->edge - rec->seq) / rec->cut :
			    0;
		for (; k < rec->n; k++) {
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

/*
 * After a timeout all that is not SACKed is lost, and what was sent again is
 * forgotten.  If the first segment is SACKed and yet timed out, the receiver
 * reneged: then no SACK counts (RFC 2018 section 8).
 */
void sent_lose_all(struct tcb *tcb)
{
	struct sent_ring *ring = tcb->sent;
	bool reneged;
	uint32_t i;

	reneged = sent_at(ring, 0)->sacked & 1;
	for (i = 0; i < ring->n; i++) {
		struct sent *rec = sent_at(ring, i);

		if (reneged) {
			tcb->sacked -= octets_of(rec, rec->sacked);
			rec->sacked = 0;
			rec->skip = 0;
		}
		tcb->retrans -= octets_of(rec, rec->rexmit);
		rec->rexmit = 0;
		mark_lost(tcb, rec, ~UINT64_C(0));
	}
	ring->edge = tcb->snd_nxt;
	ring->above_n = 0;
	ring->next_rxt = tcb->snd_una;
	ring->part = tcb->snd_una;
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
		tcb->retrans -= octets_of(rec, rec->rexmit & bits);
		rec->rexmit &= ~bits;
		mark_lost(tcb, rec, bits);
		ring->next_rxt = seq_min(ring->next_rxt, rec->seq);
	}
}

bool sent_next_lost(struct tcb *tcb, uint32_t max_segs,
		    struct sent_stretch *stretch)
{
	struct sent_ring *ring = tcb->sent;
	uint32_t i;

	if (!ring || !tcb->lost)
		return false;
	for (i = sent_find(ring, ring->next_rxt); i < ring->n; i++) {
		struct sent *rec = sent_at(ring, i);
		uint64_t bits = rec->lost & ~rec->rexmit;
		uint32_t first, n, end;

		if (!bits) {
			ring->next_rxt = rec->end;
			continue;
		}
		first = (uint32_t)__builtin_ctzll(bits);
		bits >>= first;
		n = ~bits ? (uint32_t)__builtin_ctzll(~bits) : 64;
		if (n > max_segs)
			n = max_segs;
		end = seg_end(rec, first + n - 1);
		stretch->seq = seq_max(seg_start(rec, first), tcb->snd_una);
		if (seq_gt(ring->part, stretch->seq) &&
		    seq_lt(ring->part, seg_end(rec, first)))
			stretch->seq = ring->part;
		stretch->flags = 0;
		if (first + n == rec->n)
			stretch->flags = rec->flags;
		stretch->len = end - stretch->seq - !!stretch->flags;
		stretch->cut = rec->cut;
		stretch->index = i;
		stretch->first_seg = first;
		stretch->seg_n = n;
		return true;
	}
	return false;
}

void sent_rexmitted(struct tcb *tcb, const struct sent_stretch *stretch,
		    uint32_t end)
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
	bits &= ~rec->rexmit;
	rec->rexmit |= bits;
	tcb->retrans += octets_of(rec, bits);
	rec->ever_rexmit = true;
}
