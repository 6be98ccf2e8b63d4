/* SPDX-License-Identifier: MIT */
/* Names of worlds.  See door.h. */
#include "run/world/door.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "run/world/control_dir.h"

/* catenet ss passes over what begins with a dot. */
#define PREFIX ".world-"
#define QUEUE 64

bool door_is_name(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_.";
	size_t len = strlen(name);

	return len > 0 && len < DOOR_NAME_MAX && *name != '.' && *name != '-' &&
	       strspn(name, good) == len;
}

static int open_folder(char dir[CONTROL_DIR_MAX])
{
	if (!control_dir_own(dir))
		return -1;
	return open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int door_knock(const char *name)
{
	char dir[CONTROL_DIR_MAX], entry[sizeof(PREFIX) + DOOR_NAME_MAX];
	int folder, fd, flags;

	if (!door_is_name(name))
		return -EINVAL;
	folder = open_folder(dir);
	if (folder < 0)
		return -ENOENT;
	(void)snprintf(entry, sizeof(entry), PREFIX "%s", name);
	fd = control_dir_meet(folder, entry, geteuid(), SOCK_SEQPACKET);
	close(folder);
	if (fd < 0)
		return fd == -ECONNREFUSED ? -ENOENT : fd;
	flags = fcntl(fd, F_GETFL);
	(void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	return fd;
}

void door_complain(const char *name, int err)
{
	if (err == EINVAL)
		fprintf(stderr,
			"catenet: '%s' is no name of a world; write letters, "
			"digits, - and _\n",
			name);
	else if (err == ENOENT)
		fprintf(stderr,
			"catenet: no world of yours is called %s; catenet "
			"world %s begins one, catenet world ls lists them\n",
			name, name);
	else
		fprintf(stderr, "catenet: the world %s: %s\n", name,
			err == EAGAIN ? "it does not answer" : strerror(err));
}

/* ---------------------------------------------------------------- the door */

static int listen_as(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd, err;

	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)unlink(path);
	if (!bind(fd, (struct sockaddr *)&addr, sizeof(addr)) &&
	    !chmod(path, 0600) && !listen(fd, QUEUE))
		return fd;
	err = errno;
	(void)unlink(path);
	close(fd);
	return -err;
}

/* Under its name there is never a socket that does not listen yet.  The folder
 * is locked: nobody else looks whether the name is taken. */
static int take_name(struct door *door, int folder, const char *entry,
		     const char *before)
{
	int there = control_dir_meet(folder, entry, geteuid(), SOCK_SEQPACKET);

	if (there >= 0)
		close(there);
	if (there != -ENOENT && there != -ECONNREFUSED)
		return EEXIST;
	door->fd = listen_as(before);
	if (door->fd < 0)
		return -door->fd;
	if (!rename(before, door->path))
		return 0;
	there = errno;
	(void)unlink(before);
	close(door->fd);
	door->fd = -1;
	return there;
}

int door_open(struct door *door, const char *name)
{
	char dir[CONTROL_DIR_MAX], entry[sizeof(PREFIX) + DOOR_NAME_MAX];
	char before[sizeof(door->path)];
	int folder = open_folder(dir);
	int n, m, err;

	door->fd = -1;
	if (folder < 0)
		return ENOENT;
	(void)snprintf(entry, sizeof(entry), PREFIX "%s", name);
	n = snprintf(door->path, sizeof(door->path), "%s/%s", dir, entry);
	m = snprintf(before, sizeof(before), "%s/.%ld", dir, (long)getpid());
	if (n < 0 || m < 0 || (size_t)n >= sizeof(door->path) ||
	    (size_t)m >= sizeof(before)) {
		close(folder);
		return ENAMETOOLONG;
	}
	while (flock(folder, LOCK_EX) < 0 && errno == EINTR)
		;
	err = take_name(door, folder, entry, before);
	close(folder);
	return err;
}

void door_close(struct door *door)
{
	if (door->fd < 0)
		return;
	(void)unlink(door->path);
	close(door->fd);
	door->fd = -1;
}

bool door_admits(int fd, int *pid)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
		return false;
	*pid = who.pid;
	return who.uid == geteuid() || who.uid == 0;
}

void door_each(void (*see)(void *ctx, const char *name), void *ctx)
{
	char path[CONTROL_DIR_MAX];
	const struct dirent *entry;
	DIR *dir;

	if (!control_dir_own(path) || !(dir = opendir(path)))
		return;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, PREFIX, strlen(PREFIX)) &&
		    door_is_name(entry->d_name + strlen(PREFIX)))
			see(ctx, entry->d_name + strlen(PREFIX));
	closedir(dir);
}
