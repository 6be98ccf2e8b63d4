/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.9.1.2: the send buffer.  See sendq.h. */
#include "tcp/sendq.h"

#include <string.h>

#include "base/assert.h"

#define UNIT_SHIFT 11
#define UNIT (1u << UNIT_SHIFT)
#define UNITS_MIN 4u
#define MARKS_MIN 8u
#define MARKS_MAX 65536u

struct sendq {
	uint32_t base; /* the sequence number of offset 0 */
	uint32_t head; /* offset where the first slab begins */
	uint32_t tail; /* offset where the last slab ends */
	uint32_t unit_n; /* a power of two */
	struct cn_buf **unit; /* ring: the slab of each 2 KiB */
	struct cn_buf *few[UNITS_MIN]; /* what it begins with */
	/* Ring: sequence numbers where unsent records end. */
	uint32_t *mark;
	uint32_t mark_head, mark_n, mark_size;
};

static struct cn_buf **unit_of(const struct sendq *q, uint32_t off)
{
	return &q->unit[(off >> UNIT_SHIFT) & (q->unit_n - 1)];
}

static void slab_put(struct tcb *tcb, struct cn_buf *slab)
{
	budget_refund(tcb->env->budget, buf_true_size(slab));
	cn_buf_unref(slab);
}

static void unit_free(struct tcb *tcb, struct sendq *q)
{
	if (q->unit != q->few)
		pool_release(tcb->env->pool, q->unit,
			     q->unit_n * sizeof(*q->unit));
}

void sendq_free(struct tcb *tcb)
{
	struct sendq *q = tcb->sendq;

	if (!q)
		return;
	while (q->head != q->tail) {
		struct cn_buf *slab = *unit_of(q, q->head);

		q->head = (q->head & ~(slab->size - 1)) + slab->size;
		slab_put(tcb, slab);
	}
	unit_free(tcb, q);
	pool_release(tcb->env->pool, q->mark, q->mark_size * sizeof(*q->mark));
	pool_release(tcb->env->pool, q, sizeof(*q));
	tcb->sendq = NULL;
	tcb->eor = false;
}

static struct sendq *sendq_new(struct tcb *tcb)
{
	struct sendq *q = pool_alloc(tcb->env->pool, sizeof(*q));

	if (!q)
		return NULL;
	q->unit_n = UNITS_MIN;
	q->unit = q->few;
	q->base = tcb->snd_end;
	return q;
}

static struct sendq *sendq_of(struct tcb *tcb)
{
	if (!tcb->sendq)
		tcb->sendq = sendq_new(tcb);
	return tcb->sendq;
}

/* The ring doubles until it can index all up to offset end. */
static bool grow(struct tcb *tcb, struct sendq *q, uint32_t end)
{
	uint32_t first = q->head >> UNIT_SHIFT;
	/* Offsets come round after 4 GiB: only their distance counts. */
	uint32_t need = ((end - 1 - (first << UNIT_SHIFT)) >> UNIT_SHIFT) + 1;
	uint32_t n = q->unit_n;
	struct cn_buf **unit;
	uint32_t i;

	while (n < need)
		n *= 2;
	if (n == q->unit_n)
		return true;
	unit = pool_alloc(tcb->env->pool, n * sizeof(*unit));
	if (!unit)
		return false;
	for (i = first; i << UNIT_SHIFT != q->tail && i - first < q->unit_n;
	     i++)
		unit[i & (n - 1)] = q->unit[i & (q->unit_n - 1)];
	unit_free(tcb, q);
	q->unit = unit;
	q->unit_n = n;
	return true;
}

/* The class follows from how much is queued, so that a connection that sends
 * little holds little. */
static uint32_t slab_size(uint32_t queued)
{
	if (queued > CN_BUF_LARGE / 2)
		return CN_BUF_LARGE;
	if (queued > 2 * CN_BUF_SMALL)
		return CN_BUF_MEDIUM;
	return CN_BUF_SMALL;
}

/* One more slab after the last; it covers the aligned window around tail. */
static bool slab_add(struct tcb *tcb, struct sendq *q, uint32_t size)
{
	uint32_t end = (q->tail & ~(size - 1)) + size;
	struct cn_buf *slab;

	if (budget_is_over(tcb->env->budget, size) || !grow(tcb, q, end))
		return false;
	slab = cn_buf_new(tcb->env->pool, size);
	if (!slab)
		return false;
	CN_ASSERT(slab->size == size);
	budget_charge(tcb->env->budget, buf_true_size(slab));
	for (; q->tail != end; q->tail += UNIT)
		*unit_of(q, q->tail) = slab;
	return true;
}

int sendq_reserve(struct tcb *tcb, size_t want, struct cn_span *span, int n)
{
	struct sendq *q = sendq_of(tcb);
	uint32_t off, size;
	int i = 0;

	if (!q)
		return CN_E_NOMEM;
	off = tcb->snd_end - q->base;
	size = slab_size(tcb->snd_end - tcb->snd_una + (uint32_t)want);
	while (want && i < n) {
		struct cn_buf *slab;
		uint32_t at, len;

		if (off == q->tail && !slab_add(tcb, q, size))
			break;
		slab = *unit_of(q, off);
		at = off & (slab->size - 1);
		len = slab->size - at;
		if (len > want)
			len = (uint32_t)want;
		span[i].data = slab->data + at;
		span[i].len = len;
		i++;
		off += len;
		want -= len;
	}
	if (i == 0)
		sendq_acked(tcb);
	return i ? i : CN_E_NOMEM;
}

/* Slabs that lie wholly beyond the end go back: a reservation not used. */
static void trim_tail(struct tcb *tcb, struct sendq *q)
{
	uint32_t end = tcb->snd_end - q->base;

	while (q->tail != q->head) {
		struct cn_buf *slab = *unit_of(q, q->tail - UNIT);
		uint32_t start = q->tail - UNIT;

		while (start != q->head && *unit_of(q, start - UNIT) == slab)
			start -= UNIT;
		if (seq_lt(start, end))
			break;
		q->tail = start;
		slab_put(tcb, slab);
	}
}

void sendq_commit(struct tcb *tcb, uint32_t len)
{
	tcb->snd_end += len;
	if (!tcb->sendq)
		return;
	CN_ASSERT(seq_le(tcb->snd_end - tcb->sendq->base, tcb->sendq->tail));
	trim_tail(tcb, tcb->sendq);
	sendq_acked(tcb);
}

uint32_t sendq_slices(const struct tcb *tcb, uint32_t seq, uint32_t len,
		      struct cn_slice *slice, unsigned n, uint8_t *slice_n)
{
	const struct sendq *q = tcb->sendq;
	uint32_t off, done = 0;
	unsigned i = 0;

	CN_ASSERT(q);
	off = seq - q->base;
	while (done < len && i < n) {
		struct cn_buf *slab = *unit_of(q, off);
		uint32_t at = off & (slab->size - 1);
		uint32_t part = slab->size - at;

		if (part > len - done)
			part = len - done;
		slice[i].buf = cn_buf_ref(slab);
		slice[i].data = slab->data + at;
		slice[i].len = part;
		i++;
		off += part;
		done += part;
	}
	*slice_n = (uint8_t)i;
	return done;
}

void sendq_acked(struct tcb *tcb)
{
	struct sendq *q = tcb->sendq;
	uint32_t una;

	if (!q)
		return;
	if (seq_ge(tcb->snd_una, tcb->snd_end)) {
		sendq_free(tcb);
		return;
	}
	una = tcb->snd_una - q->base;
	while (q->head != q->tail) {
		struct cn_buf *slab = *unit_of(q, q->head);
		uint32_t end = (q->head & ~(slab->size - 1)) + slab->size;

		if (seq_gt(end, una))
			break;
		q->head = end;
		slab_put(tcb, slab);
	}
}

/* -------------------------------------------------------------- records -- */

static uint32_t *mark_at(const struct sendq *q, uint32_t i)
{
	return &q->mark[(q->mark_head + i) & (q->mark_size - 1)];
}

static bool marks_grow(struct tcb *tcb, struct sendq *q)
{
	uint32_t size = q->mark_size ? q->mark_size * 2 : MARKS_MIN, i;
	uint32_t *mark;

	if (size > MARKS_MAX)
		return false;
	mark = pool_alloc(tcb->env->pool, size * sizeof(*mark));
	if (!mark)
		return false;
	for (i = 0; i < q->mark_n; i++)
		mark[i] = *mark_at(q, i);
	pool_release(tcb->env->pool, q->mark, q->mark_size * sizeof(*q->mark));
	q->mark = mark;
	q->mark_head = 0;
	q->mark_size = size;
	return true;
}

bool sendq_can_mark(struct tcb *tcb)
{
	struct sendq *q = sendq_of(tcb);

	if (q && (q->mark_n < q->mark_size || marks_grow(tcb, q)))
		return true;
	sendq_acked(tcb);
	return false;
}

void sendq_mark(struct tcb *tcb)
{
	struct sendq *q = tcb->sendq;

	CN_ASSERT(q && q->mark_n < q->mark_size);
	*mark_at(q, q->mark_n) = tcb->snd_end;
	q->mark_n++;
	tcb->eor = true;
}

uint32_t sendq_record(const struct tcb *tcb)
{
	return *mark_at(tcb->sendq, 0) - tcb->snd_nxt;
}

void sendq_marks_sent(struct tcb *tcb)
{
	struct sendq *q = tcb->sendq;

	while (q->mark_n && seq_le(*mark_at(q, 0), tcb->snd_nxt)) {
		q->mark_head = (q->mark_head + 1) & (q->mark_size - 1);
		q->mark_n--;
	}
	tcb->eor = q->mark_n != 0;
}
