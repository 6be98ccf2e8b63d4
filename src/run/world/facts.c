/* SPDX-License-Identifier: MIT */
/* Instants become durations, a row and its connection one set of facts. */
#include "run/world/facts.h"

#include <string.h>

static uint64_t in_ns(uint64_t at, uint64_t now)
{
	if (at == CN_NEVER)
		return CN_NEVER;
	return at > now ? at - now : 0;
}

/* The engine's instants of the past are of 32 bits of milliseconds. */
static uint64_t since_ns(uint64_t at, uint64_t now)
{
	return (uint64_t)((uint32_t)(now / CN_NS_PER_MS) -
			  (uint32_t)(at / CN_NS_PER_MS)) *
	       CN_NS_PER_MS;
}

static uint64_t quiet_ns(const struct cn_tcp_info *info, uint64_t now)
{
	uint64_t ack = since_ns(info->last_ack_received_at, now);
	uint64_t data = since_ns(info->last_data_received_at, now);

	return ack < data ? ack : data;
}

static void facts_of_row(const struct cn_sock_row *row, struct see_facts *f,
			 uint64_t now)
{
	f->state = row->state;
	f->recv_q = row->recv_q;
	f->send_q = row->send_q;
	f->timer_in_ns = in_ns(row->timer_at, now);
	f->queued = row->note == CN_ROW_QUEUED;
	f->orphan = row->note == CN_ROW_ORPHAN;
	f->no_room = row->note == CN_ROW_FULL;
	f->deferred = row->note == CN_ROW_DEFERRED;
	f->held = row->note == CN_ROW_HELD;
}

static void facts_of_info(const struct cn_tcp_info *info, struct see_facts *f,
			  uint64_t now)
{
	f->hold = info->hold;
	f->retransmits = info->retransmits;
	f->probes = info->probes;
	f->last_try = info->last_try;
	f->held |= info->held;
	f->gap = info->gap;
	f->fin_sent = info->fin_sent;
	f->full = info->full;
	f->snd_wnd = info->snd_wnd;
	f->rcv_wnd = info->rcv_wnd;
	f->mss = info->snd_mss;
	f->cwnd = info->snd_cwnd;
	f->flight = info->flight;
	f->unsent = info->unsent;
	f->rexmit_in_ns = in_ns(info->rexmit_at, now);
	f->rto_ns = info->rto;
	f->quiet_ns = quiet_ns(info, now);
	f->closed_ns = since_ns(info->closed_since, now);
	f->waits_ns = since_ns(info->waits_since, now);
}

void facts_of(const struct cn_sock_row *row, struct cn_tcp_info *info,
	      struct see_facts *facts, uint64_t now)
{
	memset(facts, 0, sizeof(*facts));
	memset(info, 0, sizeof(*info));
	facts->rexmit_in_ns = CN_NEVER;
	facts_of_row(row, facts, now);
	if (cn_row_info(row, info))
		facts_of_info(info, facts, now);
}
