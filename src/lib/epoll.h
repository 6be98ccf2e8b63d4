/* SPDX-License-Identifier: MIT */
/* What a file must know of the epoll instances that watch it. */
#ifndef LIB_EPOLL_H
#define LIB_EPOLL_H

#include <sys/epoll.h>

#include "lib/file.h"

struct epoll;

/* One registration: a file under the number that it was registered by. */
struct epoll_item {
	struct list of_file, of_epoll;
	struct list ready; /* in the instance's list of what may be ready */
	struct epoll *epoll;
	struct file *file;
	int fd;
	struct epoll_event event;
};

/* Under the hub's lock. */
void epoll_item_wake(struct epoll_item *item, unsigned key);
/* The file goes: no instance knows it any more. */
void epoll_forget(struct file *file);

#endif
