/* SPDX-License-Identifier: MIT */
#include "run/world/ebb.h"

#include <catenet/base.h>

#include "link/heap.h"

/* It is calm when little was done in one period; nothing is watched while
 * nothing is done. */
#define PERIOD (500u * 1000000u)
#define LITTLE 64u
#define KEPT_LITTLE (256u << 10)

static void look(void *ctx, uint64_t now)
{
	struct ebb *ebb = ctx;
	bool calm = ebb->moves < LITTLE;

	ebb->moves = 0;
	if (!calm) {
		ebb->flood = true;
		(void)loop_at(ebb->loop, &ebb->timer, now + PERIOD);
	} else if (ebb->flood || cn_pool_kept(ebb->pool) > KEPT_LITTLE) {
		ebb->flood = false;
		cn_pool_trim(ebb->pool);
		heap_trim();
	}
}

void ebb_init(struct ebb *ebb, struct loop *loop, struct cn_pool *pool)
{
	*ebb = (struct ebb){
		.loop = loop,
		.pool = pool,
		.timer = {.fire = look, .ctx = ebb},
	};
}

void ebb_deinit(struct ebb *ebb)
{
	if (ebb->loop)
		loop_cancel(ebb->loop, &ebb->timer);
}

void ebb_moved(struct ebb *ebb)
{
	if (ebb->moves++ == 0)
		(void)loop_at(ebb->loop, &ebb->timer,
			      loop_now(ebb->loop) + PERIOD);
}
