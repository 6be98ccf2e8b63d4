/* SPDX-License-Identifier: MIT */
/*
 * The real clock and what happens on descriptors.
 *
 * A loop calls back for descriptors that are ready, for signals, and once when
 * the deadline has passed; it knows nothing of hosts.  A driver looks like
 *
 *	loop_watch(loop, &watch, fd, LOOP_READ, got_packets, driver);
 *	loop_on_idle(loop, work, driver);	-- drains, re-arms the deadline
 *	loop_run(loop);
 *
 * One loop belongs to one thread.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

enum loop_ready {
	LOOP_READ = 1 << 0,
	LOOP_WRITE = 1 << 1,
	/* Told whether asked for or not: */
	LOOP_HUP = 1 << 2, /* both directions are over */
	LOOP_ERROR = 1 << 3,
	/* Asked for by name: the peer will send no more. */
	LOOP_READ_HUP = 1 << 4,
};

struct loop;

/* Embedded in whoever watches; all zero: watches nothing. */
struct loop_watch {
	int fd;
	unsigned wanted; /* enum loop_ready */
	bool is_on;
	void (*ready)(void *ctx, unsigned ready);
	void *ctx;
	struct list node;
};

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t loop_clock(void);

/* 0, or -errno. */
int loop_new(struct loop **loop) __attribute__((warn_unused_result));
void loop_free(struct loop *loop);

/* The instant at which the loop woke last: one for all callbacks of a turn. */
uint64_t loop_now(const struct loop *loop);
/* Looks at the clock again, within a long turn. */
uint64_t loop_now_again(struct loop *loop);

/*
 * wanted 0 keeps the watch for LOOP_HUP and LOOP_ERROR.  0, or -errno (EPERM:
 * a regular file is always ready and cannot be watched).  A watch may be
 * changed and removed, and freed after that, in any callback, its own too.
 */
int loop_watch(struct loop *loop, struct loop_watch *watch, int fd,
	       unsigned wanted, void (*ready)(void *ctx, unsigned ready),
	       void *ctx) __attribute__((warn_unused_result));
int loop_want(struct loop *loop, struct loop_watch *watch, unsigned wanted);
/* Before the descriptor is closed; harmless when it watches nothing. */
void loop_unwatch(struct loop *loop, struct loop_watch *watch);

/*
 * idle is called after the callbacks of every turn, and before the first:
 * the place to drain output and to set the deadline.
 */
void loop_on_idle(struct loop *loop, void (*idle)(void *ctx), void *ctx);
/* When the loop must wake at the latest; UINT64_MAX: never.  Kept until it is
 * set again. */
void loop_set_deadline(struct loop *loop, uint64_t at);

/* The signal is blocked for this thread (and threads made later) and handed
 * to the callback, in a turn of the loop.  Up to 8 signals.  0, or -errno. */
int loop_signal(struct loop *loop, int signo,
		void (*caught)(void *ctx, int signo), void *ctx)
	__attribute__((warn_unused_result));

/* In a child between fork and exec: the signals are as before, since a mask
 * is inherited and programs do not expect it. */
void loop_unblock_signals(const struct loop *loop);

/* Until loop_stop; 0, or -errno of what failed. */
int loop_run(struct loop *loop);
/* One turn, waiting at most until the deadline.  0, or -errno. */
int loop_turn(struct loop *loop);
/* The turn that is under way is the last. */
void loop_stop(struct loop *loop);
/* From any thread or signal handler: the loop takes a turn. */
void loop_wake(struct loop *loop);

#endif
