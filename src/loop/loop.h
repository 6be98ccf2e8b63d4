/* SPDX-License-Identifier: MIT */
/*
 * The real clock and epoll: descriptors to watch, instants to wait for, one
 * thread.  Watches and timers live inside their owners' objects; both may be
 * taken away from inside any callback, also of one another.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

struct loop_watch {
	/* events as of epoll_wait, EPOLLERR and EPOLLHUP included */
	void (*ready)(void *ctx, uint32_t events);
	void *ctx;
	int fd;
	bool last; /* called after the others of its round */
	bool on; /* the loop's */
};

struct loop_timer {
	void (*fire)(void *ctx, uint64_t now);
	void *ctx;
	uint64_t at; /* the loop's: CN_NEVER when not set */
	uint64_t round; /* the loop's: when it was set */
	size_t place; /* the loop's: 1 + index in its heap, 0 when not set */
};

/* NULL: errno says why. */
struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* CLOCK_MONOTONIC, ns, read at the start of the round and after each wait. */
uint64_t loop_now(const struct loop *loop);
/* Reads the clock again. */
uint64_t loop_refresh(struct loop *loop);

/* 0 or -errno.  loop_watch on a watch that is on changes its events. */
int loop_watch(struct loop *loop, struct loop_watch *watch, uint32_t events);
/* Harmless when off.  Call it before the descriptor is closed. */
void loop_unwatch(struct loop *loop, struct loop_watch *watch);
/* The same without a system call, where the descriptor is closed before the
 * loop turns again, or has been, and there is no copy of it anywhere. */
void loop_forget(struct loop *loop, struct loop_watch *watch);

/* 0 or -ENOMEM (never when the timer was set).  CN_NEVER clears it. */
int loop_at(struct loop *loop, struct loop_timer *timer, uint64_t at);
void loop_cancel(struct loop *loop, struct loop_timer *timer);

/*
 * One round: waits for a descriptor or an instant, but not beyond until
 * (CN_NEVER: as long as it takes; 0: not at all), and calls what is due.
 * 0, or -errno when epoll itself fails.
 */
int loop_round(struct loop *loop, uint64_t until);

#endif
