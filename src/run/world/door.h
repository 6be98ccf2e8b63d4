/* SPDX-License-Identifier: MIT */
/*
 * How a world that has a name is found and entered: a socket in the folder of
 * its user (control_dir.h), mode 0600, named after it.  Nobody but the same
 * user, and root, is let in; and who enters looks, by the kernel's word, whose
 * process it is.
 */
#ifndef RUN_WORLD_DOOR_H
#define RUN_WORLD_DOOR_H

#include <stdbool.h>

#define DOOR_NAME_MAX 33

/* Letters, digits, '-', '_' and '.', not in front; 32 at most. */
bool door_is_name(const char *name);

/* A connection (talk.h) to the world of this user that is called so, or
 * -errno: -ENOENT when there is none. */
int door_knock(const char *name);
/* Says on standard error why it could not be entered. */
void door_complain(const char *name, int err);

struct door {
	int fd; /* listens; not blocking */
	char path[108];
};

/* 0 or a positive errno: EEXIST when a world of that name runs. */
int door_open(struct door *door, const char *name);
void door_close(struct door *door);
/* Whether who has connected may come in; *pid: its process. */
bool door_admits(int fd, int *pid);

/* Every name of this user at which somebody may answer. */
void door_each(void (*see)(void *ctx, const char *name), void *ctx);

#endif
