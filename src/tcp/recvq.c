/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.9.1.3: the receive buffer.  See recvq.h. */
#include "tcp/recvq.h"

#include <string.h>

#include "base/assert.h"
#include "base/list.h"

#define RECENT_N 4u
/* Up to this many octets a piece is held without a buffer of its own. */
#define INLINE_MAX 1024u

/*
 * A stretch of octets: in a buffer, or behind the struct itself (buf NULL),
 * where room octets more can be added at the end.
 */
struct piece {
	struct piece *next;
	struct cn_buf *buf;
	const uint8_t *data;
	uint32_t len;
	uint32_t room; /* inline only */
	uint32_t size : 31; /* inline only: as allocated */
	uint32_t is_apart : 1; /* what follows in its buffer is not added */
	uint32_t charge;
	uint8_t octets[];
};

struct pieces {
	struct piece *first, *last;
};

struct run {
	struct tree_node node; /* key: the first octet */
	uint32_t end;
	struct pieces pieces;
};

struct recvq {
	struct pieces ready;
	struct tree gaps; /* runs */
	uint32_t true_size;
	uint32_t piece_n; /* in runs */
	uint32_t recent[RECENT_N]; /* an octet of the runs changed last */
	uint8_t recent_n;
};

static struct recvq *recvq_get(struct tcb *tcb)
{
	if (!tcb->recvq)
		tcb->recvq = pool_alloc(tcb->env->pool, sizeof(*tcb->recvq));
	return tcb->recvq;
}

static void recvq_put(struct tcb *tcb)
{
	struct recvq *q = tcb->recvq;

	if (!q || q->ready.first || q->gaps.root)
		return;
	CN_ASSERT(q->true_size == 0);
	pool_release(tcb->env->pool, q, sizeof(*q));
	tcb->recvq = NULL;
}

static void charge(struct tcb *tcb, struct piece *piece, uint32_t octets)
{
	piece->charge = octets;
	tcb->recvq->true_size += octets;
	budget_charge(tcb->env->budget, octets);
}

static void piece_free(struct tcb *tcb, struct piece *piece)
{
	uint32_t size = (uint32_t)sizeof(*piece) + piece->size;

	tcb->recvq->true_size -= piece->charge;
	budget_refund(tcb->env->budget, piece->charge);
	cn_buf_unref(piece->buf);
	pool_release(tcb->env->pool, piece, size);
}

static void pieces_free(struct tcb *tcb, struct pieces *pieces)
{
	struct piece *piece, *next;

	for (piece = pieces->first; piece; piece = next) {
		next = piece->next;
		piece_free(tcb, piece);
	}
	pieces->first = NULL;
	pieces->last = NULL;
}

static void pieces_join(struct pieces *pieces, const struct pieces *more)
{
	if (!more->first)
		return;
	if (pieces->last)
		pieces->last->next = more->first;
	else
		pieces->first = more->first;
	pieces->last = more->last;
}

static struct piece *piece_inline(struct tcb *tcb, const uint8_t *data,
				  uint32_t len, uint32_t capacity)
{
	struct piece *piece =
		pool_alloc(tcb->env->pool, sizeof(*piece) + capacity);

	if (!piece)
		return NULL;
	piece->size = capacity;
	piece->room = capacity - len;
	piece->data = piece->octets;
	piece->len = len;
	memcpy(piece->octets, data, len);
	charge(tcb, piece, (uint32_t)sizeof(*piece) + capacity);
	return piece;
}

static struct cn_buf *copy_of(struct tcb *tcb, const struct cn_slice *slice)
{
	struct cn_buf *buf = cn_buf_new(tcb->env->pool, slice->len);

	if (buf)
		memcpy(buf->data, slice->data, slice->len);
	return buf;
}

/*
 * A piece for a slice: by reference where the buffer is well used, by copy
 * into a fitting one where it is not.  In a buffer that its sender keeps as
 * well a reference wastes nothing; it is charged as the copy would be.
 */
static struct piece *piece_new(struct tcb *tcb, const struct cn_slice *slice,
			       bool is_shared)
{
	struct cn_buf *buf = slice->buf;
	struct piece *piece;
	uint32_t cost;

	if (slice->len <= INLINE_MAX && (!buf || slice->len < buf->size / 2))
		return piece_inline(tcb, slice->data, slice->len,
				    (slice->len + 15u) & ~15u);
	piece = pool_alloc(tcb->env->pool, sizeof(*piece));
	if (!piece)
		return NULL;
	if (buf && (is_shared || slice->len >= buf->size / 4)) {
		piece->is_apart = slice->len < buf->size / 4;
		cost = piece->is_apart ? buf_true_size_of(slice->len) :
					 buf_true_size(buf);
		piece->buf = cn_buf_ref(buf);
		piece->data = slice->data;
	} else {
		piece->buf = copy_of(tcb, slice);
		if (!piece->buf) {
			pool_release(tcb->env->pool, piece, sizeof(*piece));
			return NULL;
		}
		cost = buf_true_size(piece->buf);
		piece->data = piece->buf->data;
	}
	piece->len = slice->len;
	charge(tcb, piece, (uint32_t)sizeof(*piece) + cost);
	return piece;
}

/* Adds to the last piece what it has room for, or what follows it in its
 * buffer; returns how much. */
static uint32_t fill_last(struct pieces *pieces, const struct cn_slice *slice)
{
	struct piece *last = pieces->last;
	uint32_t len = slice->len;

	if (last && last->buf && last->buf == slice->buf && !last->is_apart &&
	    last->data + last->len == slice->data) {
		last->len += len;
		return len;
	}
	if (!last || last->buf || !last->room)
		return 0;
	if (len > last->room)
		len = last->room;
	memcpy(last->octets + (last->data - last->octets) + last->len,
	       slice->data, len);
	last->len += len;
	last->room -= len;
	return len;
}

/*
 * Appends octets to a list.  Small ones gather in inline pieces that double,
 * so that a stream of single octets costs about two octets each.
 */
static bool pieces_add(struct tcb *tcb, struct pieces *pieces,
		       const struct cn_slice *slice, bool is_shared)
{
	struct cn_slice rest = *slice;
	uint32_t done = fill_last(pieces, &rest);
	struct pieces one;
	uint32_t capacity;

	rest.data += done;
	rest.len -= done;
	if (!rest.len)
		return true;
	if (pieces->last && !pieces->last->buf && rest.len < INLINE_MAX / 2 &&
	    rest.len <= pieces->last->size) {
		capacity = pieces->last->size * 2;
		if (capacity > INLINE_MAX)
			capacity = INLINE_MAX;
		one.first = piece_inline(tcb, rest.data, rest.len, capacity);
	} else {
		one.first = piece_new(tcb, &rest, is_shared);
	}
	if (!one.first) {
		if (done) {
			pieces->last->len -= done;
			pieces->last->room += done;
		}
		return false;
	}
	one.last = one.first;
	pieces_join(pieces, &one);
	return true;
}

/* The octets [off, off + len) of the segment, appended. */
static bool pieces_add_seg(struct tcb *tcb, struct pieces *pieces,
			   const struct tcp_seg *seg, uint32_t off,
			   uint32_t len, uint32_t *added)
{
	unsigned i;

	*added = 0;
	for (i = 0; i < seg->slice_n && len; i++) {
		struct cn_slice part = seg->slice[i];

		if (off >= part.len) {
			off -= part.len;
			continue;
		}
		part.data += off;
		part.len -= off;
		off = 0;
		if (part.len > len)
			part.len = len;
		if (!pieces_add(tcb, pieces, &part, seg->is_shared))
			return false;
		len -= part.len;
		*added += part.len;
	}
	return len == 0;
}

static struct run *run_of(struct tree_node *node)
{
	return node ? CN_CONTAINER(node, struct run, node) : NULL;
}

static uint32_t pieces_count(const struct pieces *pieces)
{
	const struct piece *piece;
	uint32_t n = 0;

	for (piece = pieces->first; piece; piece = piece->next)
		n++;
	return n;
}

static void run_remove(struct tcb *tcb, struct run *run)
{
	tcb->recvq->true_size -= (uint32_t)sizeof(*run);
	budget_refund(tcb->env->budget, sizeof(*run));
	tree_remove(&tcb->recvq->gaps, &run->node);
	pool_release(tcb->env->pool, run, sizeof(*run));
}

static void note_recent(struct recvq *q, uint32_t seq)
{
	memmove(q->recent + 1, q->recent,
		(RECENT_N - 1) * sizeof(q->recent[0]));
	q->recent[0] = seq;
	if (q->recent_n < RECENT_N)
		q->recent_n++;
}

/* Runs that rcv_nxt has reached become readable, whole. */
static void take_ready_runs(struct tcb *tcb)
{
	struct recvq *q = tcb->recvq;
	struct run *run;

	while ((run = run_of(tree_first(&q->gaps))) &&
	       seq_le(run->node.key, tcb->rcv_nxt)) {
		CN_ASSERT(run->node.key == tcb->rcv_nxt);
		tcb->rcv_queued += run->end - tcb->rcv_nxt;
		tcb->rcv_nxt = run->end;
		q->piece_n -= pieces_count(&run->pieces);
		pieces_join(&q->ready, &run->pieces);
		run_remove(tcb, run);
	}
	if (!q->gaps.root)
		q->recent_n = 0;
}

static enum cn_drop insert_ready(struct tcb *tcb, const struct tcp_seg *seg,
				 uint32_t off, uint32_t len)
{
	struct run *next = run_of(tree_first(&tcb->recvq->gaps));
	uint32_t added;
	bool all;

	if (next && seq_lt(next->node.key, tcb->rcv_nxt + len))
		len = next->node.key - tcb->rcv_nxt;
	all = pieces_add_seg(tcb, &tcb->recvq->ready, seg, off, len, &added);
	tcb->rcv_nxt += added;
	tcb->rcv_queued += added;
	take_ready_runs(tcb);
	return all ? CN_DROP_NONE : CN_DROP_MEMORY;
}

/* A window that is larger has more segments in flight behind a gap. */
static uint64_t pieces_max(const struct tcb *tcb)
{
	return (uint64_t)tcb->env->set->ooo_max *
	       (1 + tcb->rcvbuf / CN_OOO_BUFFER);
}

/*
 * Fills the gap that begins at seq with at most len octets, between the run
 * before (ending at or before seq) and the run after.
 */
static enum cn_drop fill_gap(struct tcb *tcb, const struct tcp_seg *seg,
			     uint32_t seq, uint32_t off, uint32_t len,
			     struct run *before, struct run *after)
{
	struct recvq *q = tcb->recvq;
	struct run *run = before && before->end == seq ? before : NULL;
	struct piece *piece;
	uint32_t added;
	bool all;

	if (q->piece_n >= pieces_max(tcb))
		return CN_DROP_TCP_OOO_LIMIT;
	if (!run) {
		run = pool_alloc(tcb->env->pool, sizeof(*run));
		if (!run)
			return CN_DROP_MEMORY;
		run->end = seq;
		q->true_size += (uint32_t)sizeof(*run);
		budget_charge(tcb->env->budget, sizeof(*run));
		tree_insert(&q->gaps, &run->node, seq,
			    (uint32_t)random_u64(tcb->env->random));
	}
	piece = run->pieces.last;
	all = pieces_add_seg(tcb, &run->pieces, seg, off, len, &added);
	for (piece = piece ? piece->next : run->pieces.first; piece;
	     piece = piece->next)
		q->piece_n++;
	run->end += added;
	if (!added && run->end == run->node.key) {
		run_remove(tcb, run);
		return CN_DROP_MEMORY;
	}
	if (after && after->node.key == run->end) {
		pieces_join(&run->pieces, &after->pieces);
		run->end = after->end;
		run_remove(tcb, after);
	}
	return all ? CN_DROP_NONE : CN_DROP_MEMORY;
}

/* Beyond a gap: only what no run holds yet is taken. */
static enum cn_drop insert_beyond(struct tcb *tcb, const struct tcp_seg *seg,
				  uint32_t seq, uint32_t off, uint32_t len)
{
	struct recvq *q = tcb->recvq;
	enum cn_drop drop = CN_DROP_TCP_DUPLICATE;
	uint32_t end = seq + len, first = seq;

	while (seq_lt(seq, end)) {
		struct run *before = run_of(tree_floor(&q->gaps, seq));
		struct run *after;
		uint32_t part, to;

		if (before && seq_lt(seq, before->end)) {
			part = seq_min(before->end, end) - seq;
			seq += part;
			off += part;
			continue;
		}
		after = before ? run_of(tree_next(&before->node)) :
				 run_of(tree_first(&q->gaps));
		to = after ? seq_min(after->node.key, end) : end;
		part = to - seq;
		drop = fill_gap(tcb, seg, seq, off, part, before, after);
		if (drop != CN_DROP_NONE)
			return drop;
		seq += part;
		off += part;
	}
	note_recent(q, first);
	return drop;
}

static uint64_t cost_of(uint32_t window)
{
	return 2 * (uint64_t)window + 65536;
}

/*
 * The window bounds what comes in order, but not by itself: each
 * acknowledgement rounds it up to what its scale can tell, so that a peer which
 * sends single octets never sees it close.  A window that was promised before
 * the buffer became smaller is kept.
 */
static uint32_t in_order_max(const struct tcb *tcb)
{
	uint32_t most = tcb->env->set->rmem.most;

	return tcb->rcvbuf > most ? tcb->rcvbuf : most;
}

enum cn_drop recvq_insert(struct tcb *tcb, const struct tcp_seg *seg,
			  uint32_t seq, uint32_t off, uint32_t len)
{
	struct recvq *q = recvq_get(tcb);
	enum cn_drop drop = CN_DROP_NONE;
	uint32_t end = seq + len;

	if (!q)
		return CN_DROP_MEMORY;
	if (budget_is_over(tcb->env->budget, len) ||
	    q->true_size > cost_of(in_order_max(tcb))) {
		drop = CN_DROP_MEMORY;
	} else if (seq == tcb->rcv_nxt) {
		/* Again where runs that became readable lay in between. */
		while (drop == CN_DROP_NONE && seq_lt(tcb->rcv_nxt, end)) {
			uint32_t done = tcb->rcv_nxt - seq;

			drop = insert_ready(tcb, seg, off + done, len - done);
		}
	} else if (q->true_size > cost_of(tcb->rcvbuf)) {
		drop = CN_DROP_TCP_OOO_LIMIT;
	} else {
		drop = insert_beyond(tcb, seg, seq, off, len); /* SHLD-31 */
	}
	recvq_put(tcb);
	return drop;
}

int recvq_view(const struct tcb *tcb, struct cn_slice *slice, int n)
{
	const struct piece *piece;
	int i = 0;

	if (!tcb->recvq)
		return 0;
	for (piece = tcb->recvq->ready.first; piece && i < n;
	     piece = piece->next) {
		slice[i].buf = piece->buf;
		slice[i].data = piece->data;
		slice[i].len = piece->len;
		i++;
	}
	return i;
}

void recvq_take(struct tcb *tcb, uint32_t len)
{
	struct recvq *q = tcb->recvq;

	CN_ASSERT(len <= tcb->rcv_queued);
	tcb->rcv_queued -= len;
	while (len) {
		struct piece *piece = q->ready.first;

		if (len < piece->len) {
			piece->data += len;
			piece->len -= len;
			return;
		}
		len -= piece->len;
		q->ready.first = piece->next;
		if (!q->ready.first)
			q->ready.last = NULL;
		piece_free(tcb, piece);
	}
	if (q)
		recvq_put(tcb);
}

void recvq_cut(struct tcb *tcb, uint32_t off, uint8_t *octet)
{
	struct recvq *q = tcb->recvq;
	struct piece *piece = q->ready.first, *rest;
	struct cn_slice after;

	CN_ASSERT(off < tcb->rcv_queued);
	while (off >= piece->len) {
		off -= piece->len;
		piece = piece->next;
	}
	*octet = piece->data[off];
	if (off == 0 && piece == q->ready.first) {
		recvq_take(tcb, 1);
		return;
	}
	after.buf = piece->buf;
	after.data = piece->data + off + 1;
	after.len = piece->len - off - 1;
	if (after.len) {
		rest = piece_new(tcb, &after, piece->is_apart);
		if (!rest)
			return; /* no memory: it stays in the stream */
		rest->next = piece->next;
		piece->next = rest;
		if (q->ready.last == piece)
			q->ready.last = rest;
	}
	piece->len = off;
	piece->room = 0;
	tcb->rcv_queued--;
	if (!piece->len) {
		struct piece *prev = q->ready.first;

		while (prev->next != piece)
			prev = prev->next;
		prev->next = piece->next;
		if (q->ready.last == piece)
			q->ready.last = prev;
		piece_free(tcb, piece);
	}
}

bool recvq_block_of(const struct tcb *tcb, uint32_t seq,
		    struct tcp_block *block)
{
	struct run *run;

	if (!tcb->recvq)
		return false;
	run = run_of(tree_floor(&tcb->recvq->gaps, seq));
	if (!run || seq_ge(seq, run->end))
		return false;
	block->left = run->node.key;
	block->right = run->end;
	return true;
}

unsigned recvq_blocks(const struct tcb *tcb, struct tcp_block *block,
		      unsigned max)
{
	const struct recvq *q = tcb->recvq;
	unsigned n = 0, i, k;

	if (!q)
		return 0;
	for (i = 0; i < q->recent_n && n < max; i++) {
		if (!recvq_block_of(tcb, q->recent[i], &block[n]))
			continue;
		for (k = 0; k < n && block[k].left != block[n].left; k++)
			;
		if (k == n)
			n++;
	}
	return n;
}

bool recvq_has_gap(const struct tcb *tcb)
{
	return tcb->recvq && tcb->recvq->gaps.root;
}

uint32_t recvq_true_size(const struct tcb *tcb)
{
	return tcb->recvq ? tcb->recvq->true_size : 0;
}

void recvq_free_gaps(struct tcb *tcb)
{
	struct recvq *q = tcb->recvq;
	struct run *run;

	if (!q)
		return;
	while ((run = run_of(tree_first(&q->gaps)))) {
		pieces_free(tcb, &run->pieces);
		run_remove(tcb, run);
	}
	q->piece_n = 0;
	q->recent_n = 0;
	recvq_put(tcb);
}

void recvq_free(struct tcb *tcb)
{
	recvq_free_gaps(tcb);
	if (!tcb->recvq)
		return;
	pieces_free(tcb, &tcb->recvq->ready);
	tcb->rcv_queued = 0;
	recvq_put(tcb);
}
