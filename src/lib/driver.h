/* SPDX-License-Identifier: MIT */
/*
 * What keeps stacks going: one lock, one clock, and, unless the clock is
 * virtual, one thread.  A driver moves the frames of its stacks between hosts
 * and links, tells hosts the time, and hands on their events.
 *
 * Whoever changes anything does so between driver_enter and driver_leave; the
 * latter lets happen at once all that can.  The thread is for the rest: for
 * what comes in from the kernel, and for time.
 */
#ifndef LIB_DRIVER_H
#define LIB_DRIVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include <catenet/stack.h>

#include "lib/linux_opt.h"
#include "lib/wait.h"
#include "link/tun.h"
#include "loop/loop.h"

#define STACK_LINKS 15

/* One end of a link of a stack: a wire to another stack, or a TUN. */
struct driver_link {
	char name[16];
	uint32_t mtu;
	struct wire *wire;
	unsigned end; /* of the wire: 0 or 1 */
	struct tun_end *tun;
};

struct cn_stack {
	struct list node; /* of the driver */
	struct driver *driver;
	struct cn_host *host;
	struct driver_link link[STACK_LINKS];
	struct linux_limits limits;
	struct list socks; /* of this stack */
	bool sigpipe;
};

/* Two paths; path[i] leads away from stack end[i]. */
struct wire {
	struct list node;
	struct cn_path *path[2];
	struct cn_stack *end[2];
	int link[2];
};

struct tun_end {
	struct list node;
	struct driver *driver;
	struct cn_stack *stack; /* NULL: the thread is to bury it */
	int link;
	struct tun tun;
	struct loop_watch watch; /* the thread's own */
	struct cn_frame held; /* that the device did not take yet */
	bool holds;
	bool wants_out; /* the watch is to wait for room as well */
	bool gone; /* no more frames from there */
};

struct driver {
	pthread_mutex_t lock;
	atomic_uint refs;
	struct cn_pool *pool;
	uint64_t now;
	struct list stacks, wires, tuns;
	uint64_t cookie; /* of the last socket */

	/* The real clock's thread. */
	pthread_t thread;
	struct loop *loop;
	struct loop_watch kick; /* an eventfd */
	uint64_t sleeps_until;
	bool stop, rewatch;

	/* The virtual clock. */
	bool is_virtual;
	struct list waiters;
	int threads, waiting;
};

/* 0 and *driver with one reference, or errno. */
int driver_new(bool is_virtual, struct driver **driver);
struct driver *driver_ref(struct driver *driver);
void driver_unref(struct driver *driver);

/* Locks, and reads the clock. */
void driver_enter(struct driver *driver);
void driver_leave(struct driver *driver);
/* Everything that can happen now happens. */
void driver_run(struct driver *driver);
/* When time alone will make something happen. */
uint64_t driver_deadline(const struct driver *driver);
/* The thread looks at its TUNs again. */
void driver_rewatch(struct driver *driver);

/* The calling thread sleeps, unlocked, until it is woken or its time has come:
 * 0, ETIMEDOUT, EINTR, or EDEADLK where a virtual clock has nothing left to
 * wait for. */
int driver_wait(struct driver *driver, struct waiter *waiter);
void driver_wake(struct driver *driver, struct waiter *waiter);
void driver_threads(struct driver *driver, int more);

/* Instants and spans: CN_NEVER stays what it is.  ns_of: false when it is no
 * time span. */
uint64_t driver_until(const struct driver *driver, uint64_t ns);
bool driver_ns_of(const struct timespec *span, uint64_t *ns);

/* An event of a host; whoever knows sockets provides it. */
void driver_event(struct cn_stack *stack, const struct cn_event *event);

#endif
