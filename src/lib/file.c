/* SPDX-License-Identifier: MIT */
/* The table of descriptors, one for the process. */
#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include <catenet/posix.h>

#include "lib/epoll.h"

/* As many as a process may have of the kernel's where nobody set a limit. */
#define FILES_MAX 0x100000

struct slot {
	struct file *file;
	int flags;
};

static struct table {
	pthread_mutex_t lock;
	struct slot *slot;
	unsigned n;
	unsigned free; /* none below is free */
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

void file_init(struct file *file, const struct file_ops *ops, struct hub *hub)
{
	file->ops = ops;
	file->hub = hub_ref(hub);
	atomic_init(&file->refs, 1);
	file->flags = 0;
	list_init(&file->waits);
	list_init(&file->items);
}

void file_deinit(struct file *file)
{
	hub_unref(file->hub);
}

void file_put(struct file *file)
{
	if (atomic_fetch_sub(&file->refs, 1) == 1)
		file->ops->release(file);
}

/* --------------------------------------------------------- descriptors -- */

static int grow(void)
{
	unsigned n = table.n ? 2 * table.n : 64;
	struct slot *slot;

	if (table.n == FILES_MAX)
		return EMFILE;
	slot = realloc(table.slot, n * sizeof(*slot));
	if (!slot)
		return ENOMEM;
	for (unsigned i = table.n; i < n; i++)
		slot[i] = (struct slot){NULL, 0};
	table.slot = slot;
	table.n = n;
	return 0;
}

static int find_free(unsigned from, unsigned *at)
{
	unsigned i = from > table.free ? from : table.free;
	int rc = 0;

	while (i < table.n && table.slot[i].file)
		i++;
	while (i >= table.n && !rc)
		rc = grow();
	if (from <= table.free)
		table.free = i;
	*at = i;
	return rc;
}

int file_install(struct file *file, int from, bool cloexec)
{
	unsigned i = 0;
	int rc;

	if (from < CN_FD_FIRST || from >= CN_FD_FIRST + FILES_MAX)
		return -EINVAL;
	pthread_mutex_lock(&table.lock);
	rc = find_free((unsigned)from - CN_FD_FIRST, &i);
	if (!rc)
		table.slot[i] = (struct slot){file, cloexec ? FD_CLOEXEC : 0};
	pthread_mutex_unlock(&table.lock);
	return rc ? -rc : CN_FD_FIRST + (int)i;
}

/* Locked.  NULL: there is no such descriptor. */
static struct slot *slot_of(int fd)
{
	unsigned i = (unsigned)fd - CN_FD_FIRST;

	return i < table.n && table.slot[i].file ? &table.slot[i] : NULL;
}

struct file *file_get(int fd)
{
	struct file *file = NULL;
	struct slot *slot;

	pthread_mutex_lock(&table.lock);
	slot = slot_of(fd);
	if (slot) {
		file = slot->file;
		atomic_fetch_add(&file->refs, 1);
	}
	pthread_mutex_unlock(&table.lock);
	return file;
}

int file_close(int fd)
{
	struct file *file = NULL;
	struct slot *slot;

	pthread_mutex_lock(&table.lock);
	slot = slot_of(fd);
	if (slot) {
		file = slot->file;
		slot->file = NULL;
		if ((unsigned)(slot - table.slot) < table.free)
			table.free = (unsigned)(slot - table.slot);
	}
	pthread_mutex_unlock(&table.lock);
	if (!file)
		return EBADF;
	file_put(file);
	return 0;
}

int file_fd_flags(int fd, int set)
{
	struct slot *slot;
	int flags = -1;

	pthread_mutex_lock(&table.lock);
	slot = slot_of(fd);
	if (slot && set >= 0)
		slot->flags = set & FD_CLOEXEC;
	if (slot)
		flags = slot->flags;
	pthread_mutex_unlock(&table.lock);
	return flags;
}

/* ------------------------------------------------------------- waiting -- */

void file_wake(struct file *file, unsigned key)
{
	for (struct list *i = file->waits.next; i != &file->waits; i = i->next)
		hub_wake(file->hub,
			 CN_CONTAINER(i, struct wait_link, node)->waiter);
	for (struct list *i = file->items.next; i != &file->items; i = i->next)
		epoll_item_wake(CN_CONTAINER(i, struct epoll_item, of_file),
				key);
}

int file_wait(struct file *file, uint64_t until)
{
	struct wait_link link;
	struct waiter waiter;
	int rc;

	waiter_init(&waiter, until);
	wait_join(&file->waits, &link, &waiter);
	rc = hub_wait(file->hub, &waiter);
	wait_part(&link);
	return rc;
}
