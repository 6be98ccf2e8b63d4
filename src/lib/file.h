/* SPDX-License-Identifier: MIT */
/*
 * Descriptors and what they name.  A file is what Linux calls an open file
 * description: descriptors (by dup) and calls in progress hold references to
 * it, and it goes when the last of them does.
 */
#ifndef LIB_FILE_H
#define LIB_FILE_H

#include <stdatomic.h>

#include "lib/hub.h"

struct file;

struct file_ops {
	/* Bits of poll, under the hub's lock. */
	unsigned (*ready)(struct file *file);
	/* The last reference is gone; called without the lock. */
	void (*release)(struct file *file);
};

struct file {
	const struct file_ops *ops;
	struct hub *hub;
	atomic_uint refs;
	/* Under the hub's lock. */
	int flags; /* O_NONBLOCK */
	struct list waits; /* struct wait_link */
	struct list items; /* struct epoll_item that watch it */
};

/* With one reference, the caller's; holds the hub. */
void file_init(struct file *file, const struct file_ops *ops, struct hub *hub);
/* The opposite, by release. */
void file_deinit(struct file *file);

/* A descriptor at or above from; it takes the caller's reference.  -errno, and
 * the reference is still the caller's. */
int file_install(struct file *file, int from, bool cloexec);
/* A reference, or NULL: no such descriptor. */
struct file *file_get(int fd);
void file_put(struct file *file);
/* 0 or EBADF. */
int file_close(int fd);
/* FD_CLOEXEC: kept and told, no more.  -1: no such descriptor. */
int file_fd_flags(int fd, int set);

/* Under the hub's lock: key tells which bits may be new, 0 being all. */
void file_wake(struct file *file, unsigned key);
/* Waits for the next file_wake: 0, EINTR, EDEADLK or ETIMEDOUT. */
int file_wait(struct file *file, uint64_t until);

#endif
