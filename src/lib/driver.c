/* SPDX-License-Identifier: MIT */
/* Stacks in motion: frames, events, and the two clocks. */
#include "lib/driver.h"

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

static bool run_wires(struct driver *driver)
{
	bool moved = false;

	for (struct list *i = driver->wires.next; i != &driver->wires;
	     i = i->next) {
		struct wire *wire = CN_CONTAINER(i, struct wire, node);

		for (int from = 0; from < 2; from++) {
			moved |= wire_send(wire, from, driver->now);
			moved |= wire_arrive(wire, from, driver->now);
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

static void tun_send(struct driver *driver, struct tun_end *end)
{
	bool room;

	if (!end->stack)
		return;
	room = !end->holds || tun_take(end);
	while (room && cn_host_output(end->stack->host, end->link, &end->held,
				      driver->now)) {
		end->holds = true;
		room = tun_take(end);
	}
	if (end->wants_out != end->holds) {
		end->wants_out = end->holds;
		driver_rewatch(driver);
	}
}

static void run_tuns(struct driver *driver)
{
	for (struct list *i = driver->tuns.next; i != &driver->tuns;
	     i = i->next)
		tun_send(driver, CN_CONTAINER(i, struct tun_end, node));
}

static bool run_hosts(struct driver *driver)
{
	struct cn_event event;
	bool moved = false;

	for (struct list *i = driver->stacks.next; i != &driver->stacks;
	     i = i->next) {
		struct cn_stack *stack = CN_CONTAINER(i, struct cn_stack, node);

		if (cn_host_deadline(stack->host) <= driver->now) {
			cn_host_advance(stack->host, driver->now);
			moved = true;
		}
		while (cn_host_event(stack->host, &event))
			driver_event(stack, &event);
	}
	return moved;
}

void driver_run(struct driver *driver)
{
	bool moved;

	do {
		moved = run_hosts(driver);
		moved |= run_wires(driver);
	} while (moved);
	run_tuns(driver);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t driver_deadline(const struct driver *driver)
{
	uint64_t at = CN_NEVER;

	for (struct list *i = driver->stacks.next; i != &driver->stacks;
	     i = i->next) {
		struct cn_stack *stack = CN_CONTAINER(i, struct cn_stack, node);

		at = sooner(at, cn_host_deadline(stack->host));
	}
	for (struct list *i = driver->wires.next; i != &driver->wires;
	     i = i->next) {
		struct wire *wire = CN_CONTAINER(i, struct wire, node);

		at = sooner(at, cn_path_deadline(wire->path[0]));
		at = sooner(at, cn_path_deadline(wire->path[1]));
	}
	return at;
}

/* --------------------------------------------------------------- lock -- */

static void read_clock(struct driver *driver)
{
	struct timespec ts;

	if (driver->is_virtual)
		return;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	driver->now = (uint64_t)ts.tv_sec * CN_NS_PER_SEC +
		      (uint64_t)ts.tv_nsec;
}

void driver_enter(struct driver *driver)
{
	pthread_mutex_lock(&driver->lock);
	read_clock(driver);
}

static void kick(struct driver *driver)
{
	uint64_t one = 1;

	/* A counter that is full has been kicked enough. */
	(void)!write(driver->kick.fd, &one, sizeof(one));
}

void driver_leave(struct driver *driver)
{
	driver_run(driver);
	if (!driver->is_virtual) {
		uint64_t at = driver_deadline(driver);

		if (at < driver->sleeps_until) {
			driver->sleeps_until = at;
			kick(driver);
		}
	}
	pthread_mutex_unlock(&driver->lock);
}

void driver_rewatch(struct driver *driver)
{
	driver->rewatch = true;
	kick(driver);
}

/* ------------------------------------------------------------- waiting -- */

static void end_wait(struct driver *driver, struct waiter *waiter,
		     enum wait_end end)
{
	if (!wait_end(waiter, end) || !list_is_linked(&waiter->node))
		return;
	list_del(&waiter->node);
	driver->waiting--;
}

void driver_wake(struct driver *driver, struct waiter *waiter)
{
	end_wait(driver, waiter, WAIT_WOKEN);
}

/* Those whose time has come; when, of the others, the first will. */
static uint64_t expire(struct driver *driver)
{
	uint64_t at = CN_NEVER;
	struct list *next;

	for (struct list *i = driver->waiters.next; i != &driver->waiters;
	     i = next) {
		struct waiter *waiter = CN_CONTAINER(i, struct waiter, node);

		next = i->next;
		if (waiter->until <= driver->now)
			end_wait(driver, waiter, WAIT_EXPIRED);
		else
			at = sooner(at, waiter->until);
	}
	return at;
}

/* Virtual time passes while every thread waits. */
static void pass_time(struct driver *driver)
{
	uint64_t at;

	while (driver->waiting && driver->waiting >= driver->threads) {
		driver_run(driver);
		at = expire(driver);
		if (driver->waiting < driver->threads || !driver->waiting)
			return;
		at = sooner(at, driver_deadline(driver));
		if (at == CN_NEVER) {
			while (!list_is_empty(&driver->waiters))
				end_wait(driver,
					 CN_CONTAINER(driver->waiters.next,
						      struct waiter, node),
					 WAIT_STUCK);
			return;
		}
		if (at > driver->now)
			driver->now = at;
	}
}

static int wait_virtual(struct driver *driver, struct waiter *waiter)
{
	int rc;

	if (atomic_load(&waiter->end) == WAIT_ON) {
		list_add_tail(&driver->waiters, &waiter->node);
		driver->waiting++;
		pass_time(driver);
	}
	pthread_mutex_unlock(&driver->lock);
	rc = wait_sleep(waiter, CN_NEVER);
	driver_enter(driver);
	/* Interrupted: unless it was woken at the same moment. */
	if (rc)
		end_wait(driver, waiter, WAIT_WOKEN);
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

int driver_wait(struct driver *driver, struct waiter *waiter)
{
	int rc;

	driver_run(driver);
	if (driver->is_virtual)
		return wait_virtual(driver, waiter);
	if (atomic_load(&waiter->end) != WAIT_ON)
		return 0;
	driver_leave(driver);
	rc = wait_sleep(waiter, waiter->until);
	driver_enter(driver);
	return rc;
}

void driver_threads(struct driver *driver, int more)
{
	driver->threads += more;
	if (driver->is_virtual)
		pass_time(driver);
}

uint64_t driver_until(const struct driver *driver, uint64_t ns)
{
	/* What no clock of ours will ever show is for ever. */
	return ns < CN_NEVER / 2 ? driver->now + ns : CN_NEVER;
}

bool driver_ns_of(const struct timespec *span, uint64_t *ns)
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
	struct driver *driver = ctx;
	uint64_t n;

	(void)events;
	(void)!read(driver->kick.fd, &n, sizeof(n));
}

static void tun_ready(void *ctx, uint32_t events)
{
	struct tun_end *end = ctx;
	struct driver *driver = end->driver;
	struct cn_frame frame;
	int err = CN_OK;

	(void)events;
	driver_enter(driver);
	for (int i = 0; i < TUN_BURST && end->stack; i++) {
		err = tun_read(&end->tun, driver->pool, &frame);
		if (err)
			break;
		cn_host_input(end->stack->host, end->link, &frame, driver->now);
		cn_frame_release(&frame);
	}
	if (err == CN_E_NETDOWN) {
		end->gone = true;
		loop_unwatch(driver->loop, &end->watch);
	}
	driver_leave(driver);
}

static void bury_tun(struct driver *driver, struct tun_end *end)
{
	loop_unwatch(driver->loop, &end->watch);
	if (end->holds)
		cn_frame_release(&end->held);
	tun_close(&end->tun);
	list_del(&end->node);
	free(end);
}

static void watch_tuns(struct driver *driver)
{
	struct list *next;

	for (struct list *i = driver->tuns.next; i != &driver->tuns; i = next) {
		struct tun_end *end = CN_CONTAINER(i, struct tun_end, node);
		uint32_t out = end->wants_out ? (uint32_t)EPOLLOUT : 0;

		next = i->next;
		end->watch.ready = tun_ready;
		end->watch.ctx = end;
		end->watch.fd = end->tun.fd;
		if (!end->stack)
			bury_tun(driver, end);
		else if (!end->gone)
			(void)loop_watch(driver->loop, &end->watch,
					 EPOLLIN | out);
	}
}

static void *thread_main(void *ctx)
{
	struct driver *driver = ctx;
	uint64_t until;

	for (;;) {
		driver_enter(driver);
		driver_run(driver);
		if (driver->rewatch)
			watch_tuns(driver);
		driver->rewatch = false;
		if (driver->stop)
			break;
		until = driver_deadline(driver);
		driver->sleeps_until = until;
		pthread_mutex_unlock(&driver->lock);
		if (loop_round(driver->loop, until) < 0)
			abort(); /* epoll itself is broken */
	}
	pthread_mutex_unlock(&driver->lock);
	return NULL;
}

static int start_thread(struct driver *driver)
{
	int rc;

	driver->kick.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (driver->kick.fd < 0)
		return errno;
	driver->kick.ready = kicked;
	driver->kick.ctx = driver;
	driver->loop = loop_new();
	if (!driver->loop)
		return errno;
	rc = -loop_watch(driver->loop, &driver->kick, EPOLLIN);
	if (rc)
		return rc;
	return pthread_create(&driver->thread, NULL, thread_main, driver);
}

static void stop_thread(struct driver *driver)
{
	pthread_mutex_lock(&driver->lock);
	driver->stop = true;
	kick(driver);
	pthread_mutex_unlock(&driver->lock);
	pthread_join(driver->thread, NULL);
}

/* ------------------------------------------------------ birth and death -- */

static void *heap_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return malloc(size);
}

static void heap_free(void *ctx, void *p, size_t size)
{
	(void)ctx;
	(void)size;
	free(p);
}

static void release(struct driver *driver)
{
	loop_free(driver->loop);
	if (driver->kick.fd >= 0)
		close(driver->kick.fd);
	if (driver->pool)
		cn_pool_free(driver->pool);
	pthread_mutex_destroy(&driver->lock);
	free(driver);
}

int driver_new(bool is_virtual, struct driver **out)
{
	static const struct cn_alloc heap = {heap_alloc, heap_free, NULL};
	struct driver *driver = calloc(1, sizeof(*driver));
	int rc = 0;

	if (!driver)
		return ENOMEM;
	pthread_mutex_init(&driver->lock, NULL);
	list_init(&driver->stacks);
	list_init(&driver->wires);
	list_init(&driver->tuns);
	list_init(&driver->waiters);
	atomic_init(&driver->refs, 1);
	driver->threads = 1;
	driver->kick.fd = -1;
	driver->is_virtual = is_virtual;
	driver->now = VIRTUAL_START;
	driver->pool = cn_pool_new(&heap);
	if (!driver->pool)
		rc = ENOMEM;
	else if (!is_virtual)
		rc = start_thread(driver);
	if (rc)
		release(driver);
	else
		*out = driver;
	return rc;
}

struct driver *driver_ref(struct driver *driver)
{
	atomic_fetch_add(&driver->refs, 1);
	return driver;
}

void driver_unref(struct driver *driver)
{
	if (atomic_fetch_sub(&driver->refs, 1) != 1)
		return;
	CN_ASSERT(list_is_empty(&driver->stacks));
	if (!driver->is_virtual)
		stop_thread(driver);
	release(driver);
}
