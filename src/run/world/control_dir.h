/* SPDX-License-Identifier: MIT */
/*
 * Where the worlds of a user answer catenet ss: a folder that nobody but that
 * user can enter.
 *
 *	$XDG_RUNTIME_DIR/catenet	where that is the user's own
 *	/run/user/UID/catenet		where login made it
 *	/tmp/catenet-UID		elsewhere
 *
 * A name in the file system, and not an abstract one, because it has an owner
 * and a mode, and because it means the same in every network namespace.
 */
#ifndef RUN_WORLD_CONTROL_DIR_H
#define RUN_WORLD_CONTROL_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CONTROL_DIR_MAX 4096

/* The folder of this process' user, made if it is missing.  False: there is
 * none that is safely the user's own. */
bool control_dir_own(char path[CONTROL_DIR_MAX]);
/* A folder, not a link to one, that uid owns and nobody else may write to. */
bool control_dir_is_of(const char *path, uid_t uid);
/*
 * Each folder in which there may be worlds that this process may ask: its own
 * user's, and everybody's for root.  uid: whose it is.  What another user has
 * put in somebody's place is passed over.
 */
void control_dir_each(void (*see)(void *ctx, const char *path, uid_t uid),
		      void *ctx);
/*
 * A connection, not blocking, to the socket called name in the folder dir_fd:
 * never to what a link points to, and never to another user's than uid.  Or
 * -errno: -ECONNREFUSED when nobody is there, -EAGAIN when nobody takes it,
 * -EPERM when it is somebody else's.
 */
int control_dir_connect(int dir_fd, const char *name, uid_t uid);
/* The same, to a socket of another type than SOCK_STREAM. */
int control_dir_meet(int dir_fd, const char *name, uid_t uid, int type);
/* Takes away the name of a world that is no more, where this user may. */
void control_dir_sweep(int dir_fd, const char *name);

#endif
