/* SPDX-License-Identifier: MIT */
/* Room in the send buffer.  See room.h. */
#include "tcp/room.h"

#include "tcp/output.h"
#include "tcp/sent.h"
#include "tcp/tune.h"

/* What a packet costs Linux beside its octets: the structures and the room for
 * headers of 64-bit machines. */
#define PACKET_COST 832u
/* Linux's GSO_LEGACY_MAX_SIZE, less room for headers. */
#define PACKET_MAX 65215u

static uint32_t unsent(const struct tcb *tcb)
{
	return seq_gt(tcb->snd_end, tcb->snd_nxt) ?
		       tcb->snd_end - tcb->snd_nxt :
		       0;
}

/* Linux's tcp_xmit_size_goal: the octets of a full packet. */
static uint32_t packet_len(const struct tcb *tcb, uint32_t mss)
{
	uint32_t half = tcb->max_snd_wnd / 2;
	uint32_t len = half < PACKET_MAX ? half : PACKET_MAX;

	return len > mss ? len - len % mss : mss;
}

static uint32_t div_up(uint32_t n, uint32_t by)
{
	return n ? (n - 1) / by + 1 : 0;
}

uint32_t room_lowat(const struct tcb *tcb)
{
	uint32_t own = tcb->tune ? tcb->tune->notsent_lowat : 0;

	if (!own)
		own = tcb->env->set->notsent_lowat;
	return own ? own : UINT32_MAX;
}

/* SO_SNDBUF is half of what Linux allows. */
static uint64_t limit_of(const struct tcb *tcb)
{
	uint32_t octets = tune_sndbuf(tcb);

	return tcb->sndbuf_fixed ? 2 * (uint64_t)octets : octets;
}

/* What is queued, as Linux would count it; len: octets of a full packet. */
static uint64_t charged(const struct tcb *tcb, uint32_t len)
{
	uint64_t packets = tcb->sent ? tcb->sent->n : 0;

	packets += div_up(unsent(tcb), len);
	return packets * PACKET_COST + (tcb->snd_end - tcb->snd_una);
}

/* How many whole packets are begun before the buffer is full. */
static uint32_t packets_until(uint64_t used, uint64_t limit, uint32_t len)
{
	uint64_t step = (uint64_t)len + PACKET_COST;

	return used < limit ? (uint32_t)((limit - used + step - 1) / step) : 0;
}

/*
 * What is queued and unsent, as Linux's tcp_sendmsg fills packets: what the
 * windows let go leaves, and behind it are packets of len octets, of which the
 * last has room for rest.
 */
struct queue {
	uint32_t mss, len, go, rest;
	uint32_t behind; /* packets */
};

static struct queue queue_of(const struct tcb *tcb)
{
	struct queue q = {.mss = output_mss(tcb), .go = output_may_go(tcb)};
	uint32_t queued = unsent(tcb), octets;

	q.len = packet_len(tcb, q.mss);
	q.go -= q.go % q.mss;
	octets = queued > q.go ? queued - q.go : 0;
	q.go = queued < q.go ? q.go - queued : 0;
	q.behind = div_up(octets, q.len);
	q.rest = q.behind * q.len - octets;
	return q;
}

/* How many more packets begin before too many octets wait to be sent. */
static uint32_t most_waiting(const struct tcb *tcb, const struct queue *q)
{
	uint32_t most;

	if (room_lowat(tcb) == UINT32_MAX)
		return UINT32_MAX;
	most = div_up(room_lowat(tcb), q->len);
	return most > q->behind ? most - q->behind : 0;
}

static uint32_t room_in_octets(const struct tcb *tcb)
{
	uint32_t queued = tcb->snd_end - tcb->snd_una;
	uint32_t limit = tune_sndbuf(tcb), room;
	struct queue q;
	uint64_t waits;

	room = queued < limit ? limit - queued : 0;
	if (room_lowat(tcb) == UINT32_MAX || !room)
		return room;
	q = queue_of(tcb);
	waits = (uint64_t)q.go + q.rest +
		(uint64_t)most_waiting(tcb, &q) * q.len;
	return waits < room ? (uint32_t)waits : room;
}

/* Before each new packet Linux looks whether there is room.  One that is longer
 * than what leaves of it at once is filled again to its end without a look. */
static uint32_t room_in_packets(const struct tcb *tcb)
{
	struct queue q = queue_of(tcb);
	uint32_t most = most_waiting(tcb, &q), n;
	uint64_t used = charged(tcb, q.len) + q.rest;

	if (q.go && output_piece(tcb, q.mss) >= q.len) {
		n = packets_until(used, limit_of(tcb), q.len);
		if (most < UINT32_MAX)
			most += q.go / q.len;
		return q.rest + (n < most ? n : most) * q.len;
	}
	used += q.go + (uint64_t)div_up(q.go, q.len) * PACKET_COST;
	n = packets_until(used, limit_of(tcb), q.len);
	if (q.go && !n)
		n = 1;
	return q.go + q.rest + (n < most ? n : most) * q.len;
}

size_t tcp_send_room(const struct tcb *tcb)
{
	if (tcb->state != CN_ESTABLISHED && tcb->state != CN_CLOSE_WAIT &&
	    !(tcb->state == CN_SYN_RECEIVED && tcb->fast_child))
		return 0;
	return tcb->env->set->tso_min_segs ? room_in_packets(tcb) :
					     room_in_octets(tcb);
}

/* Linux's sk_stream_is_writeable. */
bool room_is_writable(const struct tcb *tcb)
{
	uint32_t queued = tcb->snd_end - tcb->snd_una;
	uint32_t limit = tune_sndbuf(tcb);
	uint64_t used;

	if (!tcp_send_room(tcb) || unsent(tcb) >= room_lowat(tcb))
		return false;
	if (!tcb->env->set->tso_min_segs)
		return queued < limit && limit - queued >= limit / 3;
	used = charged(tcb, packet_len(tcb, output_mss(tcb)));
	return used + used / 2 <= limit_of(tcb);
}
