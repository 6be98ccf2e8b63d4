/* SPDX-License-Identifier: MIT */
/* Words for what is in flight, beside those of spec.h. */
#ifndef SPEC_FLIGHT_H
#define SPEC_FLIGHT_H

#include "spec.h"
#include "tcp/busy.h"

static inline void at_established_with_sack(void)
{
	t.set.sack = true;
	t.peer.sack_ok = true;
	at(CN_ESTABLISHED);
}

/* n full segments go out; nothing of them is acknowledged. */
static inline void n_leave(uint32_t n)
{
	uint32_t from = t.tcb.snd_nxt - t.iss;

	sends(n * 1000);
	for (uint32_t i = 0; i < n; i++)
		out(i + 1 < n ? "A" : "PA", from + i * 1000, 1, 1000);
	silent();
}

/* The first octet of segment i of the flight, counted from 1. */
#define SEG(i) (1 + ((i)-1) * 1000)
#define BLOCK(from, upto)                                                      \
	{                                                                      \
		SEG(from), SEG((upto) + 1)                                     \
	}

/* There is no memory for what only a busy connection needs, until it is given
 * back. */
static inline void *loses_busy(void)
{
	void *block;

	busy_free(&t.tcb);
	block = pool_alloc(t.pool, sizeof(struct tcp_busy));
	t.fail_after = 0;
	return block;
}

static inline void finds_busy(void *block)
{
	t.fail_after = -1;
	pool_release(t.pool, block, sizeof(struct tcp_busy));
}

#endif
