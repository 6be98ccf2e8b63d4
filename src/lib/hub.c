/* SPDX-License-Identifier: MIT */
/* Stacks in motion: frames, events, and the two clocks. */
#include "lib/hub.h"
#include "link/heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"

#define VIRTUAL_START (1000 * CN_NS_PER_SEC)
/* Frames that are read from a TUN before others have their turn. */
#define TUN_BURST 64

/* ------------------------------------------------------------- frames -- */

static bool wire_send(struct wire *wire, int from, uint64_t now)
{
	struct cn_host *host = wire->end[from]->host;
	struct cn_frame frame;
	bool moved = false;

	while (cn_host_output(host, wire->link[from], &frame, now)) {
		/* Too long for the path: it counts there. */
		(void)cn_path_send(wire->path[from], &frame, now);
		moved = true;
	}
	return moved;
}

static bool wire_arrive(struct wire *wire, int from, uint64_t now)
{
	struct cn_host *host = wire->end[!from]->host;
	struct cn_frame frame;
	bool moved = false;

	while (cn_path_recv(wire->path[from], &frame, now)) {
		cn_host_input(host, wire->link[!from], &frame, now);
		cn_frame_release(&frame);
		moved = true;
	}
	return moved;
}

static bool run_wires(struct hub *hub)
{
	bool moved = false;

	for (struct list *i = hub->wires.next; i != &hub->wires; i = i->next) {
		struct wire *wire = CN_CONTAINER(i, struct wire, node);

		for (int from = 0; from < 2; from++) {
			moved |= wire_send(wire, from, hub->now);
			moved |= wire_arrive(wire, from, hub->now);
		}
	}
	return moved;
}

/* False: the device has no room now, and the frame is held. */
static bool tun_take(struct tun_end *end)
{
	int err = tun_write(&end->tun, &end->held);

	if (err == CN_E_AGAIN)
		return false;
	cn_frame_release(&end->held);
	end->holds = false;
	return true;
}

static void tun_send(struct hub *hub, struct tun_end *end)
{
	bool room;

	if (!end->stack)
		return;
	room = !end->holds || tun_take(end);
	while (room && cn_host_output(end->stack->host, end->link, &end->held,
				      hub->now)) {
		end->holds = true;
		room = tun_take(end);
	}
	if (end->wants_out != end->holds) {
		end->wants_out = end->holds;
		hub_rewatch(hub);
	}
}

static void run_tuns(struct hub *hub)
{
	for (struct list *i = hub->tuns.next; i != &hub->tuns; i = i->next)
		tun_send(hub, CN_CONTAINER(i, struct tun_end, node));
}

static bool run_hosts(struct hub *hub)
{
	struct cn_event event;
	bool moved = false;

	for (struct list *i = hub->stacks.next; i != &hub->stacks;
	     i = i->next) {
		struct cn_stack *stack = CN_CONTAINER(i, struct cn_stack, node);

		if (cn_host_deadline(stack->host) <= hub->now) {
			cn_host_advance(stack->host, hub->now);
			moved = true;
		}
		while (cn_host_event(stack->host, &event))
			hub_event(stack, &event);
	}
	return moved;
}

void hub_run(struct hub *hub)
{
	bool moved;

	do {
		moved = run_hosts(hub);
		moved |= run_wires(hub);
		if (hub->drain)
			hub->drain(hub->drain_ctx);
		if (!list_is_empty(&hub->marked))
			errq_progress(hub);
	} while (moved);
	run_tuns(hub);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t hub_deadline(const struct hub *hub)
{
	uint64_t at = CN_NEVER;

	for (struct list *i = hub->stacks.next; i != &hub->stacks;
	     i = i->next) {
		struct cn_stack *stack = CN_CONTAINER(i, struct cn_stack, node);

		at = sooner(at, cn_host_deadline(stack->host));
	}
	for (struct list *i = hub->wires.next; i != &hub->wires; i = i->next) {
		struct wire *wire = CN_CONTAINER(i, struct wire, node);

		at = sooner(at, cn_path_deadline(wire->path[0]));
		at = sooner(at, cn_path_deadline(wire->path[1]));
	}
	return at;
}

/* --------------------------------------------------------------- lock -- */

static void read_clock(struct hub *hub)
{
	struct timespec ts;

	if (hub->is_virtual)
		return;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	hub->now = (uint64_t)ts.tv_sec * CN_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

void hub_enter(struct hub *hub)
{
	pthread_mutex_lock(&hub->lock);
	read_clock(hub);
}

static void kick(struct hub *hub)
{
	uint64_t one = 1;

	/* A counter that is full has been kicked enough. */
	(void)!write(hub->kick.fd, &one, sizeof(one));
}

void hub_leave(struct hub *hub)
{
	hub_run(hub);
	if (!hub->is_virtual) {
		uint64_t at = hub_deadline(hub);

		if (at < hub->sleeps_until) {
			hub->sleeps_until = at;
			kick(hub);
		}
	}
	pthread_mutex_unlock(&hub->lock);
}

void hub_rewatch(struct hub *hub)
{
	hub->rewatch = true;
	kick(hub);
}

/* ------------------------------------------------------------- waiting -- */

static void end_wait(struct hub *hub, struct waiter *waiter, enum wait_end end)
{
	if (!wait_end(waiter, end) || !list_is_linked(&waiter->node))
		return;
	list_del(&waiter->node);
	hub->waiting--;
	hub->woken++;
}

void hub_wake(struct hub *hub, struct waiter *waiter)
{
	end_wait(hub, waiter, WAIT_WOKEN);
}

/* Those whose time has come; when, of the others, the first will. */
static uint64_t expire(struct hub *hub)
{
	uint64_t at = CN_NEVER;
	struct list *next;

	for (struct list *i = hub->waiters.next; i != &hub->waiters; i = next) {
		struct waiter *waiter = CN_CONTAINER(i, struct waiter, node);

		next = i->next;
		if (waiter->until <= hub->now)
			end_wait(hub, waiter, WAIT_EXPIRED);
		else
			at = sooner(at, waiter->until);
	}
	return at;
}

/* Virtual time passes while every thread waits. */
static void pass_time(struct hub *hub)
{
	uint64_t at;

	while (hub->waiting && hub->waiting >= hub->threads) {
		hub_run(hub);
		at = expire(hub);
		if (hub->waiting < hub->threads || !hub->waiting)
			return;
		at = sooner(at, hub_deadline(hub));
		if (at == CN_NEVER) {
			while (!list_is_empty(&hub->waiters))
				end_wait(hub,
					 CN_CONTAINER(hub->waiters.next,
						      struct waiter, node),
					 WAIT_STUCK);
			return;
		}
		if (at > hub->now)
			hub->now = at;
	}
}

bool hub_step(struct hub *hub, uint64_t until)
{
	uint64_t at;

	hub_run(hub);
	at = sooner(expire(hub), hub_deadline(hub));
	if (hub->woken)
		return true;
	if (at > until) {
		hub->now = hub->now < until ? until : hub->now;
		return false;
	}
	if (at > hub->now)
		hub->now = at;
	hub_run(hub);
	(void)expire(hub);
	return true;
}

void hub_settled(struct hub *hub)
{
	hub->woken = 0;
	pthread_cond_broadcast(&hub->settled);
}

void hub_settle(struct hub *hub)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	while (hub->woken)
		if (pthread_cond_timedwait(&hub->settled, &hub->lock, &until))
			hub->woken = 0;
}

static int wait_virtual(struct hub *hub, struct waiter *waiter)
{
	int rc;

	if (atomic_load(&waiter->end) == WAIT_ON) {
		hub_settled(hub);
		list_add_tail(&hub->waiters, &waiter->node);
		hub->waiting++;
		pass_time(hub);
	}
	pthread_mutex_unlock(&hub->lock);
	rc = wait_sleep(waiter, CN_NEVER);
	hub_enter(hub);
	/* Interrupted: unless it was woken at the same moment. */
	if (rc)
		end_wait(hub, waiter, WAIT_WOKEN);
	switch ((enum wait_end)atomic_load(&waiter->end)) {
	case WAIT_EXPIRED:
		return ETIMEDOUT;
	case WAIT_STUCK:
		return EDEADLK;
	case WAIT_ON:
	case WAIT_WOKEN:
		break;
	}
	return rc;
}

int hub_wait(struct hub *hub, struct waiter *waiter)
{
	int rc;

	hub_run(hub);
	if (hub->is_virtual)
		return wait_virtual(hub, waiter);
	if (atomic_load(&waiter->end) != WAIT_ON)
		return 0;
	hub_leave(hub);
	rc = wait_sleep(waiter, waiter->until);
	hub_enter(hub);
	return rc;
}

void hub_threads(struct hub *hub, int more)
{
	hub->threads += more;
	if (hub->is_virtual)
		pass_time(hub);
}

uint64_t hub_until(const struct hub *hub, uint64_t ns)
{
	/* What no clock of ours will ever show is for ever. */
	return ns < CN_NEVER / 2 ? hub->now + ns : CN_NEVER;
}

bool hub_ns_of(const struct timespec *span, uint64_t *ns)
{
	uint64_t s = (uint64_t)span->tv_sec;

	if (span->tv_sec < 0 || span->tv_nsec < 0 ||
	    span->tv_nsec >= (long)CN_NS_PER_SEC)
		return false;
	*ns = s < CN_NEVER / 4 / CN_NS_PER_SEC ?
		      s * CN_NS_PER_SEC + (uint64_t)span->tv_nsec :
		      CN_NEVER;
	return true;
}

/* ----------------------------------------------------------- the thread -- */

static void kicked(void *ctx, uint32_t events)
{
	struct hub *hub = ctx;
	uint64_t n;

	(void)events;
	(void)!read(hub->kick.fd, &n, sizeof(n));
}

static void tun_ready(void *ctx, uint32_t events)
{
	struct tun_end *end = ctx;
	struct hub *hub = end->hub;
	struct cn_frame frame;
	int err = CN_OK;

	(void)events;
	hub_enter(hub);
	for (int i = 0; i < TUN_BURST && end->stack; i++) {
		err = tun_read(&end->tun, hub->pool, &frame);
		if (err)
			break;
		cn_host_input(end->stack->host, end->link, &frame, hub->now);
		cn_frame_release(&frame);
	}
	if (err == CN_E_NETDOWN) {
		end->gone = true;
		loop_unwatch(hub->loop, &end->watch);
	}
	hub_leave(hub);
}

static void bury_tun(struct hub *hub, struct tun_end *end)
{
	loop_unwatch(hub->loop, &end->watch);
	if (end->holds)
		cn_frame_release(&end->held);
	tun_close(&end->tun);
	list_del(&end->node);
	free(end);
}

static void watch_tuns(struct hub *hub)
{
	struct list *next;

	for (struct list *i = hub->tuns.next; i != &hub->tuns; i = next) {
		struct tun_end *end = CN_CONTAINER(i, struct tun_end, node);
		uint32_t out = end->wants_out ? (uint32_t)EPOLLOUT : 0;

		next = i->next;
		end->watch.ready = tun_ready;
		end->watch.ctx = end;
		end->watch.fd = end->tun.fd;
		if (!end->stack)
			bury_tun(hub, end);
		else if (!end->gone)
			(void)loop_watch(hub->loop, &end->watch, EPOLLIN | out);
	}
}

static void *thread_main(void *ctx)
{
	struct hub *hub = ctx;
	uint64_t until;

	for (;;) {
		hub_enter(hub);
		hub_run(hub);
		if (hub->rewatch)
			watch_tuns(hub);
		hub->rewatch = false;
		if (hub->stop)
			break;
		until = hub_deadline(hub);
		hub->sleeps_until = until;
		pthread_mutex_unlock(&hub->lock);
		if (loop_round(hub->loop, until) < 0)
			abort(); /* epoll itself is broken */
	}
	pthread_mutex_unlock(&hub->lock);
	return NULL;
}

static int start_thread(struct hub *hub)
{
	int rc;

	hub->kick.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (hub->kick.fd < 0)
		return errno;
	hub->kick.ready = kicked;
	hub->kick.ctx = hub;
	hub->loop = loop_new();
	if (!hub->loop)
		return errno;
	rc = -loop_watch(hub->loop, &hub->kick, EPOLLIN);
	if (rc)
		return rc;
	return pthread_create(&hub->thread, NULL, thread_main, hub);
}

static void stop_thread(struct hub *hub)
{
	pthread_mutex_lock(&hub->lock);
	hub->stop = true;
	kick(hub);
	pthread_mutex_unlock(&hub->lock);
	pthread_join(hub->thread, NULL);
}

/* ------------------------------------------------------ birth and death -- */

static void release(struct hub *hub)
{
	loop_free(hub->loop);
	if (hub->kick.fd >= 0)
		close(hub->kick.fd);
	if (hub->pool)
		cn_pool_free(hub->pool);
	pthread_cond_destroy(&hub->settled);
	pthread_mutex_destroy(&hub->lock);
	free(hub);
}

int hub_new(bool is_virtual, struct hub **out)
{
	struct hub *hub = calloc(1, sizeof(*hub));
	int rc = 0;

	if (!hub)
		return ENOMEM;
	pthread_mutex_init(&hub->lock, NULL);
	pthread_cond_init(&hub->settled, NULL);
	list_init(&hub->stacks);
	list_init(&hub->wires);
	list_init(&hub->tuns);
	list_init(&hub->waiters);
	list_init(&hub->marked);
	atomic_init(&hub->refs, 1);
	hub->threads = 1;
	hub->kick.fd = -1;
	hub->is_virtual = is_virtual;
	hub->now = VIRTUAL_START;
	hub->pool = cn_pool_new(&heap_memory);
	if (!hub->pool)
		rc = ENOMEM;
	else if (!is_virtual)
		rc = start_thread(hub);
	if (rc)
		release(hub);
	else
		*out = hub;
	return rc;
}

struct hub *hub_ref(struct hub *hub)
{
	atomic_fetch_add(&hub->refs, 1);
	return hub;
}

void hub_unref(struct hub *hub)
{
	if (atomic_fetch_sub(&hub->refs, 1) != 1)
		return;
	CN_ASSERT(list_is_empty(&hub->stacks));
	if (!hub->is_virtual)
		stop_thread(hub);
	release(hub);
}
