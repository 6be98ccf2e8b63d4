/* SPDX-License-Identifier: MIT */
/*
 * One epoll and a binary heap of timers.  A batch of events is held while its
 * callbacks run, so that a watch taken away by one of them can be struck from
 * the rest of the batch.
 */
#include "loop/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <catenet/base.h>

#include "base/assert.h"

#define LOOP_BATCH 128

struct loop {
	int epfd;
	uint64_t now, round;
	struct loop_timer **heap;
	size_t heap_n, heap_room;
	struct epoll_event batch[LOOP_BATCH];
	int batch_n;
	bool coarse; /* no epoll_pwait2: milliseconds */
};

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epfd < 0) {
		free(loop);
		return NULL;
	}
	loop_refresh(loop);
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	close(loop->epfd);
	free(loop->heap);
	free(loop);
}

uint64_t loop_now(const struct loop *loop)
{
	return loop->now;
}

uint64_t loop_refresh(struct loop *loop)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	loop->now = (uint64_t)ts.tv_sec * CN_NS_PER_SEC + (uint64_t)ts.tv_nsec;
	return loop->now;
}

int loop_watch(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data = {.ptr = watch}};
	int op = watch->on ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (epoll_ctl(loop->epfd, op, watch->fd, &ev) < 0)
		return -errno;
	watch->on = true;
	return 0;
}

void loop_unwatch(struct loop *loop, struct loop_watch *watch)
{
	if (!watch->on)
		return;
	epoll_ctl(loop->epfd, EPOLL_CTL_DEL, watch->fd, NULL);
	loop_forget(loop, watch);
}

void loop_forget(struct loop *loop, struct loop_watch *watch)
{
	if (!watch->on)
		return;
	watch->on = false;
	for (int i = 0; i < loop->batch_n; i++) {
		if (loop->batch[i].data.ptr == watch)
			loop->batch[i].data.ptr = NULL;
	}
}

/* ------------------------------------------------------------- timers -- */

static void heap_put(struct loop *loop, size_t i, struct loop_timer *timer)
{
	loop->heap[i] = timer;
	timer->place = i + 1;
}

static void heap_up(struct loop *loop, size_t i)
{
	struct loop_timer *timer = loop->heap[i];

	while (i > 0 && loop->heap[(i - 1) / 2]->at > timer->at) {
		heap_put(loop, i, loop->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_put(loop, i, timer);
}

static void heap_down(struct loop *loop, size_t i)
{
	struct loop_timer *timer = loop->heap[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= loop->heap_n)
			break;
		if (child + 1 < loop->heap_n &&
		    loop->heap[child + 1]->at < loop->heap[child]->at)
			child++;
		if (loop->heap[child]->at >= timer->at)
			break;
		heap_put(loop, i, loop->heap[child]);
		i = child;
	}
	heap_put(loop, i, timer);
}

void loop_cancel(struct loop *loop, struct loop_timer *timer)
{
	size_t i;

	if (!timer->place)
		return;
	i = timer->place - 1;
	CN_ASSERT(i < loop->heap_n && loop->heap[i] == timer);
	timer->place = 0;
	timer->at = CN_NEVER;
	loop->heap_n--;
	if (i < loop->heap_n) {
		heap_put(loop, i, loop->heap[loop->heap_n]);
		heap_up(loop, i);
		heap_down(loop, i);
	}
}

static int heap_grow(struct loop *loop)
{
	size_t room = loop->heap_room ? 2 * loop->heap_room : 64;
	struct loop_timer **heap = realloc(loop->heap, room * sizeof(*heap));

	if (!heap)
		return -ENOMEM;
	loop->heap = heap;
	loop->heap_room = room;
	return 0;
}

int loop_at(struct loop *loop, struct loop_timer *timer, uint64_t at)
{
	if (timer->place && timer->at == at)
		return 0;
	if (at == CN_NEVER) {
		loop_cancel(loop, timer);
		return 0;
	}
	if (!timer->place) {
		if (loop->heap_n == loop->heap_room && heap_grow(loop) < 0)
			return -ENOMEM;
		heap_put(loop, loop->heap_n++, timer);
	}
	timer->at = at;
	timer->round = loop->round;
	heap_up(loop, timer->place - 1);
	heap_down(loop, timer->place - 1);
	return 0;
}

/* -------------------------------------------------------------- round -- */

/*
 * The kernel may be late by a thousandth of the time asked for, or by the
 * task's timer slack where that is more (select(2)): it is asked for so much
 * less, and the rest in a second wait.
 */
static uint64_t less_slack(uint64_t ns)
{
	return ns == CN_NEVER ? ns : ns - ns / 1000;
}

static int wait_for(struct loop *loop, uint64_t ns)
{
	struct timespec ts = {.tv_sec = (time_t)(ns / CN_NS_PER_SEC),
			      .tv_nsec = (long)(ns % CN_NS_PER_SEC)};
	uint64_t ms;
	int n;

	if (!loop->coarse) {
		n = epoll_pwait2(loop->epfd, loop->batch, LOOP_BATCH,
				 ns == CN_NEVER ? NULL : &ts, NULL);
		if (n >= 0 || errno != ENOSYS)
			return n < 0 ? -errno : n;
		loop->coarse = true;
	}
	ms = ns / CN_NS_PER_MS + (ns % CN_NS_PER_MS != 0);
	n = epoll_wait(loop->epfd, loop->batch, LOOP_BATCH,
		       ns == CN_NEVER ? -1 : (int)(ms > 60000 ? 60000 : ms));
	return n < 0 ? -errno : n;
}

/* At wake (CN_NEVER: never) it ends without a descriptor. */
static int wait_until(struct loop *loop, uint64_t wake)
{
	int n;

	do {
		uint64_t ns = wake > loop->now ? wake - loop->now : 0;

		if (wake == CN_NEVER)
			ns = CN_NEVER;
		n = wait_for(loop, less_slack(ns));
	} while (n == 0 && loop_refresh(loop) < wake);
	return n;
}

/* Those that are to be last, or the others; whether any was left out. */
static bool call_batch(struct loop *loop, bool last)
{
	bool left = false;

	for (int i = 0; i < loop->batch_n; i++) {
		struct loop_watch *watch = loop->batch[i].data.ptr;

		if (watch && watch->last == last)
			watch->ready(watch->ctx, loop->batch[i].events);
		else
			left |= watch != NULL;
	}
	return left;
}

int loop_round(struct loop *loop, uint64_t until)
{
	uint64_t wake = until, horizon;
	int n;

	if (loop->heap_n > 0 && loop->heap[0]->at < wake)
		wake = loop->heap[0]->at;
	loop_refresh(loop);
	n = wait_until(loop, wake);
	if (n < 0 && n != -EINTR)
		return n;
	horizon = loop_refresh(loop);
	loop->round++;
	loop->batch_n = n > 0 ? n : 0;
	if (call_batch(loop, false))
		(void)call_batch(loop, true);
	loop->batch_n = 0;
	/* One that was set in this round waits for the next. */
	while (loop->heap_n > 0 && loop->heap[0]->at <= horizon &&
	       loop->heap[0]->round != loop->round) {
		struct loop_timer *timer = loop->heap[0];

		loop_cancel(loop, timer);
		timer->fire(timer->ctx, loop->now); /* may free it */
	}
	return 0;
}
