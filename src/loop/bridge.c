/* SPDX-License-Identifier: MIT */
/* Frames through two paths, each when it is due. */
#include "loop/bridge.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

/* Frames in a row before the other direction has its turn. */
#define TURN 64

static void gone(struct bridge *bridge)
{
	bridge->err = -ENETDOWN;
}

/* All that is due; then the timer waits for what is due next. */
static void deliver(struct bridge_side *side)
{
	struct bridge *bridge = side->bridge;
	struct cn_path *path = bridge->path[side->from];
	struct station *to = bridge->station[!side->from];
	uint64_t now = loop_refresh(bridge->loop);

	while (side->holds || cn_path_recv(path, &side->held, now)) {
		int err = station_write(to, &side->held);

		side->holds = err == CN_E_AGAIN;
		if (side->holds) {
			/* Its own side's watch: it is writable again. */
			(void)loop_watch(bridge->loop,
					 &bridge->side[!side->from].watch,
					 EPOLLIN | EPOLLOUT);
			return;
		}
		cn_frame_release(&side->held);
		if (err)
			gone(bridge);
	}
	(void)loop_at(bridge->loop, &side->timer, cn_path_deadline(path));
}

static void on_time(void *ctx, uint64_t now)
{
	(void)now;
	deliver(ctx);
}

static void take_in(struct bridge_side *side)
{
	struct bridge *bridge = side->bridge;
	struct station *from = bridge->station[side->from];
	struct cn_frame frame;

	for (int i = 0; i < TURN; i++) {
		int err = station_read(from, bridge->pool, &frame);

		if (err == CN_E_NETDOWN)
			gone(bridge);
		if (err)
			break;
		if (cn_pool_octets(bridge->pool) > bridge->memory_limit) {
			cn_frame_release(&frame);
			side->full_n++;
			continue;
		}
		(void)cn_path_send(bridge->path[side->from], &frame,
				   loop_refresh(bridge->loop));
	}
}

static void on_ready(void *ctx, uint32_t events)
{
	struct bridge_side *side = ctx;
	struct bridge_side *other = &side->bridge->side[!side->from];

	if (events & EPOLLOUT) {
		(void)loop_watch(side->bridge->loop, &side->watch, EPOLLIN);
		deliver(other);
	}
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) {
		take_in(side);
		deliver(side);
	}
}

int bridge_begin(struct bridge *bridge)
{
	int err = 0;

	bridge->err = 0;
	for (int i = 0; i < 2 && !err; i++) {
		struct bridge_side *side = &bridge->side[i];

		memset(side, 0, sizeof(*side));
		side->bridge = bridge;
		side->from = i;
		side->watch.ready = on_ready;
		side->watch.ctx = side;
		side->watch.fd = bridge->station[i]->fd;
		side->timer.fire = on_time;
		side->timer.ctx = side;
		err = loop_watch(bridge->loop, &side->watch, EPOLLIN);
		if (!err)
			err = loop_at(bridge->loop, &side->timer, CN_NEVER);
	}
	return err;
}

void bridge_end(struct bridge *bridge)
{
	for (int i = 0; i < 2; i++) {
		struct bridge_side *side = &bridge->side[i];

		loop_unwatch(bridge->loop, &side->watch);
		loop_cancel(bridge->loop, &side->timer);
		if (side->holds)
			cn_frame_release(&side->held);
		side->holds = false;
	}
}
