/* SPDX-License-Identifier: MIT */
/*
 * A thread that waits for something to happen, and the queues of those who
 * wait for one thing.  All of it is under the hub's lock, but for the word
 * on which the thread sleeps.
 */
#ifndef LIB_WAIT_H
#define LIB_WAIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

/* What ended the wait; the futex of a waiting thread. */
enum wait_end {
	WAIT_ON, /* not yet */
	WAIT_WOKEN,
	WAIT_EXPIRED, /* virtual clock: its time has come */
	WAIT_STUCK, /* virtual clock: nothing will ever happen again */
};

struct waiter {
	struct list node; /* of the hub, while it waits */
	uint64_t until; /* CN_NEVER: for ever */
	_Atomic uint32_t end; /* enum wait_end */
};

/* A waiter's place in one queue; it may be in many. */
struct wait_link {
	struct list node;
	struct waiter *waiter;
};

static inline void waiter_init(struct waiter *waiter, uint64_t until)
{
	list_init(&waiter->node);
	waiter->until = until;
	atomic_init(&waiter->end, WAIT_ON);
}

static inline void wait_join(struct list *queue, struct wait_link *link,
			     struct waiter *waiter)
{
	link->waiter = waiter;
	list_add_tail(queue, &link->node);
}

static inline void wait_part(struct wait_link *link)
{
	list_del(&link->node);
}

/* Sleeps while the word is WAIT_ON, no later than until of the machine's
 * clock.  0, ETIMEDOUT or EINTR. */
int wait_sleep(struct waiter *waiter, uint64_t until);
/* Ends the sleep, once: false if it had ended before. */
bool wait_end(struct waiter *waiter, enum wait_end end);

#endif
