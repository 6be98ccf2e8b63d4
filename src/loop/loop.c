/* SPDX-License-Identifier: MIT */
/*
 * epoll(7), timerfd_create(2), signalfd(2), eventfd(2).  Level-triggered: a
 * callback that leaves something behind is called again.  There are no
 * timers beyond the one deadline: whoever needs many has a wheel.
 */
#include "loop/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"

#define NS_PER_SEC UINT64_C(1000000000)
#define NEVER UINT64_MAX
/* Events taken in one turn; more wait for the next. */
#define TURN_EVENTS 64
#define SIGNALS_MAX 8

struct loop_signal {
	int signo;
	void (*caught)(void *ctx, int signo);
	void *ctx;
};

struct loop {
	int epoll_fd, timer_fd, signal_fd, wake_fd;
	bool stopped;
	uint64_t now;
	uint64_t deadline;
	uint64_t armed_at; /* what the timer is set to; NEVER: it is off */
	void (*idle)(void *ctx);
	void *idle_ctx;

	/* Of the turn under way: a watch that is removed by a callback must
	 * not be called any more. */
	struct epoll_event event[TURN_EVENTS];
	int event_n, event_i;

	struct loop_watch timer_watch, signal_watch, wake_watch;
	struct loop_signal signal[SIGNALS_MAX];
	unsigned signal_n;
	sigset_t signals;
	struct list watches;
};

uint64_t loop_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

uint64_t loop_now(const struct loop *loop)
{
	return loop->now;
}

uint64_t loop_now_again(struct loop *loop)
{
	loop->now = loop_clock();
	return loop->now;
}

/* ----------------------------------------------------------- watches -- */

static uint32_t to_epoll(unsigned wanted)
{
	uint32_t events = 0;

	if (wanted & LOOP_READ)
		events |= EPOLLIN;
	if (wanted & LOOP_WRITE)
		events |= EPOLLOUT;
	if (wanted & LOOP_READ_HUP)
		events |= EPOLLRDHUP;
	return events;
}

static unsigned from_epoll(uint32_t events)
{
	unsigned ready = 0;

	if (events & EPOLLIN)
		ready |= LOOP_READ;
	if (events & EPOLLOUT)
		ready |= LOOP_WRITE;
	if (events & EPOLLRDHUP)
		ready |= LOOP_READ_HUP;
	if (events & EPOLLHUP)
		ready |= LOOP_HUP;
	if (events & EPOLLERR)
		ready |= LOOP_ERROR;
	return ready;
}

static int control(struct loop *loop, int op, struct loop_watch *watch)
{
	struct epoll_event event = {.events = to_epoll(watch->wanted),
				    .data.ptr = watch};

	return epoll_ctl(loop->epoll_fd, op, watch->fd, &event) < 0 ? -errno :
								      0;
}

int loop_watch(struct loop *loop, struct loop_watch *watch, int fd,
	       unsigned wanted, void (*ready)(void *ctx, unsigned ready),
	       void *ctx)
{
	int err;

	CN_ASSERT(!watch->is_on);
	watch->fd = fd;
	watch->wanted = wanted;
	watch->ready = ready;
	watch->ctx = ctx;
	err = control(loop, EPOLL_CTL_ADD, watch);
	if (!err) {
		watch->is_on = true;
		list_add_tail(&loop->watches, &watch->node);
	}
	return err;
}

int loop_want(struct loop *loop, struct loop_watch *watch, unsigned wanted)
{
	CN_ASSERT(watch->is_on);
	if (wanted == watch->wanted)
		return 0;
	watch->wanted = wanted;
	return control(loop, EPOLL_CTL_MOD, watch);
}

void loop_unwatch(struct loop *loop, struct loop_watch *watch)
{
	int i;

	if (!watch->is_on)
		return;
	watch->is_on = false;
	list_del(&watch->node);
	control(loop, EPOLL_CTL_DEL, watch);
	for (i = loop->event_i; i < loop->event_n; i++)
		if (loop->event[i].data.ptr == watch)
			loop->event[i].data.ptr = NULL;
}

/* ---------------------------------------------------------- deadline -- */

/*
 * The timer is set only when it would ring too late: a deadline that moves
 * away, which is what retransmission timers do all the time, costs one early
 * turn at most instead of a system call each time.
 */
static void arm(struct loop *loop)
{
	struct itimerspec when = {0};
	uint64_t at = loop->deadline ? loop->deadline : 1;

	if (loop->deadline >= loop->armed_at)
		return;
	loop->armed_at = loop->deadline;
	when.it_value.tv_sec = (time_t)(at / NS_PER_SEC);
	when.it_value.tv_nsec = (long)(at % NS_PER_SEC);
	timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void timer_rang(void *ctx, unsigned ready)
{
	struct loop *loop = ctx;
	uint64_t times;

	(void)ready;
	if (read(loop->timer_fd, &times, sizeof(times)) > 0)
		loop->armed_at = NEVER;
}

void loop_set_deadline(struct loop *loop, uint64_t at)
{
	loop->deadline = at;
}

/* ----------------------------------------------------------- signals -- */

static void signals_came(void *ctx, unsigned ready)
{
	struct loop *loop = ctx;
	struct signalfd_siginfo info;
	unsigned i;

	(void)ready;
	while (read(loop->signal_fd, &info, sizeof(info)) ==
	       (ssize_t)sizeof(info))
		for (i = 0; i < loop->signal_n; i++)
			if (loop->signal[i].signo == (int)info.ssi_signo)
				loop->signal[i].caught(loop->signal[i].ctx,
						       loop->signal[i].signo);
}

int loop_signal(struct loop *loop, int signo,
		void (*caught)(void *ctx, int signo), void *ctx)
{
	sigset_t one;
	int fd;

	if (loop->signal_n == SIGNALS_MAX)
		return -ENOSPC;
	sigemptyset(&one);
	if (sigaddset(&one, signo) < 0)
		return -errno;
	sigaddset(&loop->signals, signo);
	fd = signalfd(loop->signal_fd, &loop->signals,
		      SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (loop->signal_fd < 0) {
		int err;

		loop->signal_fd = fd;
		err = loop_watch(loop, &loop->signal_watch, fd, LOOP_READ,
				 signals_came, loop);
		if (err)
			return err;
	}
	loop->signal[loop->signal_n].signo = signo;
	loop->signal[loop->signal_n].caught = caught;
	loop->signal[loop->signal_n].ctx = ctx;
	loop->signal_n++;
	return sigprocmask(SIG_BLOCK, &one, NULL) < 0 ? -errno : 0;
}

void loop_unblock_signals(const struct loop *loop)
{
	sigprocmask(SIG_UNBLOCK, &loop->signals, NULL);
}

/* -------------------------------------------------------------- turns -- */

static void was_woken(void *ctx, unsigned ready)
{
	struct loop *loop = ctx;
	uint64_t times;

	(void)ready;
	if (read(loop->wake_fd, &times, sizeof(times)) < 0)
		return; /* EAGAIN: nothing to take back */
}

void loop_wake(struct loop *loop)
{
	const uint64_t once = 1;

	if (write(loop->wake_fd, &once, sizeof(once)) < 0)
		return; /* EAGAIN: it is awake already */
}

static int open_all(struct loop *loop)
{
	int err;

	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return -errno;
	loop->timer_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (loop->timer_fd < 0)
		return -errno;
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->wake_fd < 0)
		return -errno;
	err = loop_watch(loop, &loop->timer_watch, loop->timer_fd, LOOP_READ,
			 timer_rang, loop);
	if (!err)
		err = loop_watch(loop, &loop->wake_watch, loop->wake_fd,
				 LOOP_READ, was_woken, loop);
	return err;
}

int loop_new(struct loop **out)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int err;

	*out = NULL;
	if (!loop)
		return -ENOMEM;
	loop->epoll_fd = loop->timer_fd = -1;
	loop->signal_fd = loop->wake_fd = -1;
	loop->deadline = loop->armed_at = NEVER;
	loop->now = loop_clock();
	sigemptyset(&loop->signals);
	list_init(&loop->watches);
	err = open_all(loop);
	if (err) {
		loop_free(loop);
		return err;
	}
	*out = loop;
	return 0;
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

void loop_free(struct loop *loop)
{
	struct list *node;

	if (!loop)
		return;
	while ((node = list_first(&loop->watches)))
		loop_unwatch(loop, CN_CONTAINER(node, struct loop_watch, node));
	close_if_open(loop->signal_fd);
	close_if_open(loop->timer_fd);
	close_if_open(loop->wake_fd);
	close_if_open(loop->epoll_fd);
	free(loop);
}

void loop_on_idle(struct loop *loop, void (*idle)(void *ctx), void *ctx)
{
	loop->idle = idle;
	loop->idle_ctx = ctx;
}

static void call_ready(struct loop *loop)
{
	for (loop->event_i = 0; loop->event_i < loop->event_n;) {
		const struct epoll_event *event = &loop->event[loop->event_i++];
		struct loop_watch *watch = event->data.ptr;

		if (watch)
			watch->ready(watch->ctx, from_epoll(event->events));
	}
	loop->event_n = loop->event_i = 0;
}

int loop_turn(struct loop *loop)
{
	int timeout = -1, n;

	if (loop->deadline <= loop_clock())
		timeout = 0;
	else
		arm(loop);
	n = epoll_wait(loop->epoll_fd, loop->event, TURN_EVENTS, timeout);
	loop->now = loop_clock();
	if (n < 0 && errno != EINTR)
		return -errno;
	loop->event_n = n > 0 ? n : 0;
	call_ready(loop);
	if (loop->idle)
		loop->idle(loop->idle_ctx);
	return 0;
}

int loop_run(struct loop *loop)
{
	int err = 0;

	loop->stopped = false;
	loop->now = loop_clock();
	if (loop->idle)
		loop->idle(loop->idle_ctx);
	while (!loop->stopped && !err)
		err = loop_turn(loop);
	return err;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}
