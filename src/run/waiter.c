/* SPDX-License-Identifier: MIT */
/*
 * Calls that block.  The task sleeps in the kernel, interruptibly: a signal
 * takes the call away from us natively (EINTR, or the call comes again), and
 * we learn of it when the answer finds nobody.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <catenet/base.h>

#include "run/restart.h"
#include "run/supervisor.h"

/* Beyond that it is for ever: a century, which still is a number of ns. */
#define LONGEST_S 3153600000

uint64_t socket_timeout(int a, int name)
{
	struct timeval tv = {0, 0};
	socklen_t len = sizeof(tv);

	if (getsockopt(a, SOL_SOCKET, name, &tv, &len) < 0 ||
	    (tv.tv_sec == 0 && tv.tv_usec == 0) || tv.tv_sec > LONGEST_S)
		return CN_NEVER;
	return (uint64_t)tv.tv_sec * CN_NS_PER_SEC +
	       (uint64_t)tv.tv_usec * CN_NS_PER_US;
}

void waiter_free(struct waiter *waiter)
{
	struct loop *loop = waiter->psock->sup->loop;

	loop_cancel(loop, &waiter->timer);
	if (waiter->watch.fd >= 0) {
		loop_unwatch(loop, &waiter->watch);
		close(waiter->watch.fd);
	}
	list_del(&waiter->node);
	list_del(&waiter->by_task);
	free(waiter);
}

int waiter_reply(struct waiter *waiter, long result)
{
	struct supervisor *sup = waiter->psock->sup;
	int err = sup_reply(sup, waiter->id, result);

	if (err == 0 && waiter->kind == WAIT_CONNECT && result == 0)
		sup_remember(sup, waiter->tid, waiter->nr, waiter->args, result,
			     true);
	if (err < 0 && waiter->limited)
		sup_remember(sup, waiter->tid, waiter->nr, waiter->args, -EINTR,
			     false);
	waiter_free(waiter);
	return err;
}

/* SO_SNDTIMEO ran out: connect says EINPROGRESS and goes on, the others say
 * EAGAIN.  Where a signal was there before, the call that comes again shall
 * find what it was. */
static void on_timeout(void *ctx, uint64_t now)
{
	struct waiter *waiter = ctx;

	(void)now;
	if (!sup_is_valid(waiter->psock->sup, waiter->id))
		return;
	waiter_reply(waiter,
		     waiter->kind == WAIT_CONNECT ? -EINPROGRESS : -EAGAIN);
}

static void on_ready(void *ctx, uint32_t events)
{
	struct waiter *waiter = ctx;
	struct supervisor *sup = waiter->psock->sup;
	long result;

	(void)events;
	if (!sup_is_valid(sup, waiter->id)) {
		waiter_free(waiter);
		return;
	}
	result = waiter->kind == WAIT_SEND ? send_again(waiter) :
					     receive_again(waiter);
	if (result == CALL_LATER)
		return;
	if (sup_reply(sup, waiter->id, result) < 0)
		sup_remember(sup, waiter->tid, waiter->nr, waiter->args, result,
			     false);
	waiter_free(waiter);
}

/* Of a task that has ended, or that a signal has taken from its call and that
 * will not be told of its limit when it calls again. */
static bool is_left(const struct waiter *waiter)
{
	return !sup_is_valid(waiter->psock->sup, waiter->id) &&
	       (!waiter->limited ||
		(kill(waiter->tid, 0) < 0 && errno == ESRCH));
}

/* Nobody tells of a task's end: at each that begins to wait two others are
 * looked at, so that they do not gather. */
static void drop_left(struct list *all)
{
	for (int i = 0; i < 2 && !list_is_empty(all); i++) {
		struct waiter *waiter =
			CN_CONTAINER(list_first(all), struct waiter, by_task);

		list_del(&waiter->by_task);
		list_add_tail(all, &waiter->by_task);
		if (is_left(waiter))
			waiter_free(waiter);
	}
}

static struct waiter *waiter_new(struct call *call, enum waiter_kind kind,
				 uint64_t timeout)
{
	struct supervisor *sup = call->sup;
	struct list *all = &sup->waiters[(unsigned)call->tid % SUP_TASK_HASH];
	struct waiter *waiter = calloc(1, sizeof(*waiter));

	if (!waiter)
		return NULL;
	drop_left(all);
	waiter->psock = call->psock;
	waiter->kind = kind;
	waiter->id = call->id;
	waiter->tid = call->tid;
	waiter->nr = call->nr;
	memcpy(waiter->args, call->args, sizeof(waiter->args));
	waiter->timer.fire = on_timeout;
	waiter->timer.ctx = waiter;
	waiter->watch.ready = on_ready;
	waiter->watch.ctx = waiter;
	waiter->watch.fd = -1;
	waiter->limited = timeout != CN_NEVER;
	list_add_tail(&call->psock->waiters, &waiter->node);
	list_add_tail(all, &waiter->by_task);
	if (timeout != CN_NEVER &&
	    loop_at(sup->loop, &waiter->timer,
		    loop_refresh(sup->loop) + timeout) < 0) {
		waiter_free(waiter);
		return NULL;
	}
	return waiter;
}

/*
 * Natively a call that waits with a time limit is not made again after a
 * signal, SA_RESTART or not (signal(7)): the rest of its time would be lost.
 * The kernel makes ours again all the same.
 */
static bool is_interrupted(const struct call *call, uint64_t timeout)
{
	return timeout != CN_NEVER && call->cut_short &&
	       restart_look(call->tid, call->nr, call->args) != RESTART_TOLD;
}

long wait_for(struct call *call, enum waiter_kind kind, uint64_t timeout)
{
	if (is_interrupted(call, timeout))
		return -EINTR;
	return waiter_new(call, kind, timeout) ? CALL_LATER : -ENOMEM;
}

long wait_for_a(struct call *call, enum waiter_kind kind, uint64_t timeout,
		uint32_t events)
{
	struct waiter *waiter;

	if (is_interrupted(call, timeout))
		return -EINTR;
	waiter = waiter_new(call, kind, timeout);
	if (!waiter)
		return -ENOMEM;
	waiter->watch.fd = call->a;
	call->a = -1;
	if (loop_watch(call->sup->loop, &waiter->watch, events) < 0) {
		waiter_free(waiter);
		return -ENOMEM;
	}
	return CALL_LATER;
}

struct waiter *waiter_first(const struct psock *psock, enum waiter_kind kind)
{
	for (struct list *node = psock->waiters.next; node != &psock->waiters;
	     node = node->next) {
		struct waiter *waiter = CN_CONTAINER(node, struct waiter, node);

		if (waiter->kind == kind)
			return waiter;
	}
	return NULL;
}

void waiters_reply(struct psock *psock, enum waiter_kind kind, long result)
{
	struct waiter *waiter;

	while ((waiter = waiter_first(psock, kind)))
		waiter_reply(waiter, result);
}

static bool is_same(const struct waiter *waiter, const struct call *call)
{
	return waiter->nr == call->nr &&
	       memcmp(waiter->args, call->args, sizeof(waiter->args)) == 0;
}

bool waiters_drop(const struct call *call)
{
	struct list *all =
		&call->sup->waiters[(unsigned)call->tid % SUP_TASK_HASH];
	struct list *next;
	bool same = false;

	for (struct list *node = all->next; node != all; node = next) {
		struct waiter *waiter =
			CN_CONTAINER(node, struct waiter, by_task);

		next = node->next;
		if (waiter->tid != call->tid)
			continue;
		same |= waiter->limited && is_same(waiter, call);
		waiter_free(waiter);
	}
	return same;
}
