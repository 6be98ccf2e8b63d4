/* SPDX-License-Identifier: MIT */
/*
 * What keeps stacks going: one lock, one clock, and, unless the clock is
 * virtual, one thread.  A hub moves the frames of its stacks between hosts
 * and links, tells hosts the time, and hands on their events.
 *
 * Whoever changes anything does so between hub_enter and hub_leave; the
 * latter lets happen at once all that can.  The thread is for the rest: for
 * what comes in from the kernel, and for time.
 */
#ifndef LIB_HUB_H
#define LIB_HUB_H

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
struct hub_link {
	char name[16];
	uint32_t mtu;
	uint32_t v4; /* its first IPv4 address, 0: none */
	unsigned v4_len; /* and its prefix */
	struct wire *wire;
	unsigned end; /* of the wire: 0 or 1 */
	struct tun_end *tun;
};

struct cn_stack {
	struct list node; /* of the hub */
	struct hub *hub;
	struct cn_host *host;
	struct hub_link link[STACK_LINKS];
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
	struct hub *hub;
	struct cn_stack *stack; /* NULL: the thread is to bury it */
	int link;
	struct tun tun;
	struct loop_watch watch; /* the thread's own */
	struct cn_frame held; /* that the device did not take yet */
	bool holds;
	bool wants_out; /* the watch is to wait for room as well */
	bool gone; /* no more frames from there */
};

struct hub {
	pthread_mutex_t lock;
	atomic_uint refs;
	struct cn_pool *pool;
	uint64_t now;
	struct list stacks, wires, tuns;
	struct list marked; /* struct errq that wait for octets to leave */
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
	/* A driver that moves the clock itself: threads whose wait has ended
	 * and that have not waited again since, nor said that they are awake
	 * (hub_settled); and what takes the frames as soon as there may be
	 * any. */
	int woken;
	pthread_cond_t settled;
	void (*drain)(void *ctx);
	void *drain_ctx;
};

/* 0 and *hub with one reference, or errno. */
int hub_new(bool is_virtual, struct hub **hub);
struct hub *hub_ref(struct hub *hub);
void hub_unref(struct hub *hub);

/* Locks, and reads the clock. */
void hub_enter(struct hub *hub);
void hub_leave(struct hub *hub);
/* Everything that can happen now happens. */
void hub_run(struct hub *hub);
/* When time alone will make something happen. */
uint64_t hub_deadline(const struct hub *hub);
/* The thread looks at its TUNs again. */
void hub_rewatch(struct hub *hub);

/* The calling thread sleeps, unlocked, until it is woken or its time has come:
 * 0, ETIMEDOUT, EINTR, or EDEADLK where a virtual clock has nothing left to
 * wait for. */
int hub_wait(struct hub *hub, struct waiter *waiter);
void hub_wake(struct hub *hub, struct waiter *waiter);
void hub_threads(struct hub *hub, int more);
/* A virtual clock goes on to the next instant at which something happens, or
 * to until if that is sooner, and then false: nothing was to happen before. */
bool hub_step(struct hub *hub, uint64_t until);
/* The calling thread, whose wait has ended, goes on. */
void hub_settled(struct hub *hub);
/* Waits until nobody is left who has been woken and has not gone on; no longer
 * than a second of the machine's clock. */
void hub_settle(struct hub *hub);

/* Instants and spans: CN_NEVER stays what it is.  ns_of: false when it is no
 * time span. */
uint64_t hub_until(const struct hub *hub, uint64_t ns);
bool hub_ns_of(const struct timespec *span, uint64_t *ns);

/* What has left by now, and what has arrived; whoever knows sockets provides
 * it. */
void errq_progress(struct hub *hub);
/* An event of a host; whoever knows sockets provides it. */
void hub_event(struct cn_stack *stack, const struct cn_event *event);

#endif
