/* SPDX-License-Identifier: MIT */
/*
 * epoll(7).  An instance keeps a list of registrations that may be ready.
 * Whatever happens to a file puts its registrations on the list, if they ask
 * for it; cn_epoll_wait asks each on the list anew.  Level-triggered ones go
 * back on the list, edge-triggered ones wait for the next happening.
 */
#include "lib/epoll.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <catenet/posix.h>

/* Linux's EP_PRIVATE_BITS: what an event mask holds besides events. */
#define MODES                                                                  \
	((uint32_t)EPOLLET | (uint32_t)EPOLLONESHOT | (uint32_t)EPOLLWAKEUP |  \
	 (uint32_t)EPOLLEXCLUSIVE)
#define ALWAYS ((uint32_t)EPOLLERR | (uint32_t)EPOLLHUP)
#define EXCLUSIVE_OK                                                           \
	((uint32_t)EPOLLIN | (uint32_t)EPOLLOUT | ALWAYS |                     \
	 (uint32_t)EPOLLWAKEUP | (uint32_t)EPOLLET | (uint32_t)EPOLLEXCLUSIVE)
#define NEST_MAX 5 /* EP_MAX_NESTS, and one */

struct epoll {
	struct file file;
	struct list items;
	struct list ready;
	int event_fd; /* of the kernel, -1: nobody asked for it */
	bool is_told; /* the event_fd is readable */
};

static unsigned epoll_ready(struct file *file);
static void epoll_release(struct file *file);

static const struct file_ops epoll_ops = {epoll_ready, epoll_release};

static int fail(int number)
{
	errno = number;
	return -1;
}

static struct epoll *epoll_of(struct file *file)
{
	if (!file || file->ops != &epoll_ops)
		return NULL;
	return CN_CONTAINER(file, struct epoll, file);
}

/* --------------------------------------------------------------- items -- */

static unsigned item_ready(const struct epoll_item *item)
{
	return item->file->ops->ready(item->file) & item->event.events & ~MODES;
}

static void tell_kernel(struct epoll *epoll)
{
	bool has = !list_is_empty(&epoll->ready);
	uint64_t n = 1;

	if (epoll->event_fd < 0 || epoll->is_told == has)
		return;
	epoll->is_told = has;
	if (has)
		(void)!write(epoll->event_fd, &n, sizeof(n));
	else
		(void)!read(epoll->event_fd, &n, sizeof(n));
}

void epoll_item_wake(struct epoll_item *item, unsigned key)
{
	struct epoll *epoll = item->epoll;
	uint32_t events = item->event.events;

	/* One that has had its one shot waits to be armed again. */
	if (!(events & ~MODES) || (key && !(key & events)))
		return;
	if (!list_is_linked(&item->ready))
		list_add_tail(&epoll->ready, &item->ready);
	tell_kernel(epoll);
	file_wake(&epoll->file, EPOLLIN | EPOLLRDNORM);
}

static void item_free(struct epoll_item *item)
{
	list_del(&item->of_file);
	list_del(&item->of_epoll);
	list_del(&item->ready);
	tell_kernel(item->epoll);
	free(item);
}

void epoll_forget(struct file *file)
{
	while (!list_is_empty(&file->items))
		item_free(CN_CONTAINER(file->items.next, struct epoll_item,
				       of_file));
}

static struct epoll_item *item_find(const struct epoll *epoll,
				    const struct file *file, int fd)
{
	for (struct list *i = file->items.next; i != &file->items;
	     i = i->next) {
		struct epoll_item *item =
			CN_CONTAINER(i, struct epoll_item, of_file);

		if (item->epoll == epoll && item->fd == fd)
			return item;
	}
	return NULL;
}

/* ------------------------------------------------------------- control -- */

/* How deep instances lie within one another below this one, and whether the
 * sought one is among them (then too deep). */
static int depth_below(struct file *file, const struct epoll *sought)
{
	struct epoll *epoll = epoll_of(file);
	int deepest = 0;

	if (!epoll)
		return 0;
	if (epoll == sought)
		return NEST_MAX + 1;
	for (struct list *i = epoll->items.next; i != &epoll->items;
	     i = i->next) {
		int depth = depth_below(
			CN_CONTAINER(i, struct epoll_item, of_epoll)->file,
			sought);

		deepest = depth > deepest ? depth : deepest;
	}
	return deepest + 1;
}

/* In how many others this one lies, one within another; most: or in more. */
static int height_above(const struct epoll *epoll, int most)
{
	int highest = 0;

	for (const struct list *i = epoll->file.items.next;
	     most && i != &epoll->file.items; i = i->next) {
		const struct epoll_item *item =
			CN_CONTAINER(i, struct epoll_item, of_file);
		int height = 1 + height_above(item->epoll, most - 1);

		highest = height > highest ? height : highest;
	}
	return highest;
}

static int item_set(struct epoll_item *item, const struct epoll_event *event)
{
	item->event = *event;
	item->event.events |= ALWAYS;
	if (item_ready(item))
		epoll_item_wake(item, 0);
	return 0;
}

static int item_add(struct epoll *epoll, struct file *file, int fd,
		    const struct epoll_event *event)
{
	struct epoll_item *item;

	if (event->events & (uint32_t)EPOLLEXCLUSIVE &&
	    (event->events & ~EXCLUSIVE_OK || epoll_of(file)))
		return EINVAL;
	if (epoll_of(file) &&
	    depth_below(file, epoll) + height_above(epoll, NEST_MAX) >=
		    NEST_MAX)
		return ELOOP;
	item = calloc(1, sizeof(*item));
	if (!item)
		return ENOMEM;
	item->epoll = epoll;
	item->file = file;
	item->fd = fd;
	list_init(&item->ready);
	/* The youngest hears first, as in Linux. */
	list_add_tail(file->items.next, &item->of_file);
	list_add_tail(&epoll->items, &item->of_epoll);
	return item_set(item, event);
}

static int control(struct epoll *epoll, int op, struct file *file, int fd,
		   const struct epoll_event *event)
{
	struct epoll_item *item = item_find(epoll, file, fd);

	switch (op) {
	case EPOLL_CTL_ADD:
		return item ? EEXIST : item_add(epoll, file, fd, event);
	case EPOLL_CTL_MOD:
		if (!item)
			return ENOENT;
		if ((event->events | item->event.events) &
		    (uint32_t)EPOLLEXCLUSIVE)
			return EINVAL;
		return item_set(item, event);
	case EPOLL_CTL_DEL:
		if (!item)
			return ENOENT;
		item_free(item);
		return 0;
	default:
		return EINVAL;
	}
}

static int control_checked(struct file *at, int op, struct file *file, int fd,
			   const struct epoll_event *event)
{
	struct epoll *epoll = epoll_of(at);
	int rc;

	if (!at || !file)
		return EBADF;
	if (!epoll || at == file)
		return EINVAL;
	if (at->hub != file->hub)
		return EPERM;
	if (op != EPOLL_CTL_DEL && !event)
		return EFAULT;
	hub_enter(at->hub);
	rc = control(epoll, op, file, fd, event);
	hub_leave(at->hub);
	return rc;
}

int cn_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	struct file *at = file_get(epfd), *file = file_get(fd);
	int rc = control_checked(at, op, file, fd, event);

	if (file)
		file_put(file);
	if (at)
		file_put(at);
	return rc ? fail(rc) : 0;
}

/* ------------------------------------------------------------- waiting -- */

/* The next that is ready of those on the list before end; NULL: none. */
static struct epoll_item *next_ready(struct epoll *epoll,
				     const struct list *end, unsigned *bits)
{
	while (epoll->ready.next != end) {
		struct epoll_item *item = CN_CONTAINER(
			epoll->ready.next, struct epoll_item, ready);

		list_del(&item->ready);
		*bits = item_ready(item);
		if (*bits)
			return item;
	}
	return NULL;
}

static int harvest(struct epoll *epoll, struct epoll_event *events, int n)
{
	struct epoll_item *item;
	struct list end;
	unsigned bits;
	int got = 0;

	/* Those that go back on the list are behind the mark. */
	list_add_tail(&epoll->ready, &end);
	while (got < n && (item = next_ready(epoll, &end, &bits))) {
		events[got].events = bits;
		events[got].data = item->event.data;
		got++;
		if (item->event.events & (uint32_t)EPOLLONESHOT)
			item->event.events &= MODES;
		else if (!(item->event.events & (uint32_t)EPOLLET))
			list_add_tail(&epoll->ready, &item->ready);
	}
	list_del(&end);
	tell_kernel(epoll);
	return got;
}

/* Of an instance within another, or polled: is there any? */
static unsigned epoll_ready(struct file *file)
{
	struct epoll *epoll = CN_CONTAINER(file, struct epoll, file);
	struct list *next;
	unsigned bits = 0;

	for (struct list *i = epoll->ready.next; i != &epoll->ready && !bits;
	     i = next) {
		struct epoll_item *item =
			CN_CONTAINER(i, struct epoll_item, ready);

		next = i->next;
		bits = item_ready(item);
		if (!bits)
			list_del(&item->ready);
	}
	return bits ? EPOLLIN | EPOLLRDNORM : 0;
}

static int wait_locked(struct epoll *epoll, struct epoll_event *events, int n,
		       uint64_t until)
{
	int rc = 0;
	int got;

	for (;;) {
		hub_run(epoll->file.hub);
		got = harvest(epoll, events, n);
		if (got || rc == ETIMEDOUT || until <= epoll->file.hub->now)
			return got;
		if (rc)
			return -rc;
		rc = file_wait(&epoll->file, until);
	}
}

static int wait_ns(int epfd, struct epoll_event *events, int n,
		   uint64_t timeout_ns)
{
	struct file *file = file_get(epfd);
	struct epoll *epoll = epoll_of(file);
	int rc = file ? -EINVAL : -EBADF;

	if (epoll && n > 0) {
		hub_enter(file->hub);
		rc = wait_locked(epoll, events, n,
				 hub_until(file->hub, timeout_ns));
		hub_leave(file->hub);
	}
	if (file)
		file_put(file);
	return rc < 0 ? fail(-rc) : rc;
}

int cn_epoll_wait(int epfd, struct epoll_event *events, int n, int timeout_ms)
{
	return wait_ns(epfd, events, n,
		       timeout_ms < 0 ? CN_NEVER :
					(uint64_t)timeout_ms * CN_NS_PER_MS);
}

int cn_epoll_pwait2(int epfd, struct epoll_event *events, int n,
		    const struct timespec *timeout)
{
	uint64_t ns = CN_NEVER;

	if (timeout && !hub_ns_of(timeout, &ns))
		return fail(EINVAL);
	return wait_ns(epfd, events, n, ns);
}

/* ------------------------------------------------------ birth and death -- */

int cn_epoll_create1(struct cn_stack *stack, int flags)
{
	struct epoll *epoll;
	int fd;

	if (flags & ~EPOLL_CLOEXEC)
		return fail(EINVAL);
	epoll = calloc(1, sizeof(*epoll));
	if (!epoll)
		return fail(ENOMEM);
	file_init(&epoll->file, &epoll_ops, stack->hub);
	list_init(&epoll->items);
	list_init(&epoll->ready);
	epoll->event_fd = -1;
	fd = file_install(&epoll->file, CN_FD_FIRST, flags & EPOLL_CLOEXEC);
	if (fd < 0) {
		file_put(&epoll->file);
		return fail(-fd);
	}
	return fd;
}

static void epoll_release(struct file *file)
{
	struct epoll *epoll = CN_CONTAINER(file, struct epoll, file);

	hub_enter(file->hub);
	epoll_forget(file);
	while (!list_is_empty(&epoll->items))
		item_free(CN_CONTAINER(epoll->items.next, struct epoll_item,
				       of_epoll));
	hub_leave(file->hub);
	if (epoll->event_fd >= 0)
		close(epoll->event_fd);
	file_deinit(file);
	free(epoll);
}

int cn_epoll_fileno(int epfd)
{
	struct file *file = file_get(epfd);
	struct epoll *epoll = epoll_of(file);
	int rc = file ? -EINVAL : -EBADF;

	if (epoll) {
		hub_enter(file->hub);
		if (epoll->event_fd < 0)
			epoll->event_fd =
				eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		rc = epoll->event_fd < 0 ? -errno : epoll->event_fd;
		tell_kernel(epoll);
		hub_leave(file->hub);
	}
	if (file)
		file_put(file);
	return rc < 0 ? fail(-rc) : rc;
}
