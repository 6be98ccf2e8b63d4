/* SPDX-License-Identifier: MIT */
/* See rest.h. */
#include "run/world/rest.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <catenet/base.h>

#define REST_NS (100 * CN_NS_PER_MS)

static void take(struct rest *rest)
{
	/* Without a timer it would not be looked at again. */
	if (!loop_at(rest->loop, &rest->timer, loop_now(rest->loop) + REST_NS))
		loop_unwatch(rest->loop, rest->watch);
}

static void over(void *ctx, uint64_t now)
{
	struct rest *rest = ctx;

	(void)now;
	if (loop_watch(rest->loop, rest->watch, EPOLLIN))
		take(rest);
}

void rest_init(struct rest *rest, struct loop *loop, struct loop_watch *watch)
{
	*rest = (struct rest){
		.loop = loop,
		.watch = watch,
		.timer = {.fire = over, .ctx = rest},
	};
}

/* Whoever knocked may have gone again: that is no reason to rest. */
static bool is_passing(int err)
{
	return err == EAGAIN || err == EINTR || err == ECONNABORTED;
}

int rest_accept(struct rest *rest)
{
	int fd = accept4(rest->watch->fd, NULL, NULL,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0 && !is_passing(errno))
		take(rest);
	return fd;
}

void rest_end(struct rest *rest)
{
	loop_cancel(rest->loop, &rest->timer);
}
