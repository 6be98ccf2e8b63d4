/* SPDX-License-Identifier: MIT */
/* Where worlds answer.  See control_dir.h. */
#include "run/world/control_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RUN_USER "/run/user"
#define TMP "/tmp"
#define TMP_PREFIX "catenet-"
#define NAME "catenet"

enum place { PLACE_XDG, PLACE_RUN_USER, PLACE_TMP, PLACE_N };

bool control_dir_is_of(const char *path, uid_t uid)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_uid == uid && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static bool fits(int len)
{
	return len > 0 && len < CONTROL_DIR_MAX;
}

/* False: there is no such place for this user. */
static bool find_place(enum place place, uid_t uid, char path[CONTROL_DIR_MAX])
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	char base[CONTROL_DIR_MAX] = "";

	switch (place) {
	case PLACE_XDG:
		if (!xdg || *xdg != '/' ||
		    !fits(snprintf(base, sizeof(base), "%s", xdg)))
			return false;
		break;
	case PLACE_RUN_USER:
		(void)snprintf(base, sizeof(base), RUN_USER "/%lu",
			       (unsigned long)uid);
		break;
	case PLACE_TMP:
		return fits(snprintf(path, CONTROL_DIR_MAX,
				     TMP "/" TMP_PREFIX "%lu",
				     (unsigned long)uid));
	case PLACE_N:
		return false;
	}
	return control_dir_is_of(base, uid) &&
	       strlen(base) + sizeof(NAME) < CONTROL_DIR_MAX &&
	       fits(snprintf(path, CONTROL_DIR_MAX, "%.*s/" NAME,
			     (int)(CONTROL_DIR_MAX - sizeof(NAME) - 1), base));
}

bool control_dir_own(char path[CONTROL_DIR_MAX])
{
	const uid_t uid = geteuid();

	for (int place = 0; place < PLACE_N; place++) {
		if (!find_place((enum place)place, uid, path))
			continue;
		if (mkdir(path, 0700) && errno != EEXIST)
			continue;
		/* In /tmp anybody may have been first. */
		if (control_dir_is_of(path, uid) && chmod(path, 0700) == 0)
			return true;
	}
	return false;
}

/* ------------------------------------------------------------ one socket -- */

/* By a descriptor of the socket itself: what is checked is what is met. */
static int meet(int socket_fd, uid_t uid, int type)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct ucred who;
	socklen_t len = sizeof(who);
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d",
		       socket_fd);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
		err = -errno;
	else if (who.uid != uid)
		err = -EPERM;
	if (!err)
		return fd;
	close(fd);
	return err;
}

int control_dir_connect(int dir_fd, const char *name, uid_t uid)
{
	return control_dir_meet(dir_fd, name, uid, SOCK_STREAM);
}

int control_dir_meet(int dir_fd, const char *name, uid_t uid, int type)
{
	struct stat st;
	int fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int met;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		met = -errno;
	else if (!S_ISSOCK(st.st_mode) || st.st_uid != uid)
		met = -EPERM;
	else
		met = meet(fd, uid, type);
	close(fd);
	return met;
}

void control_dir_sweep(int dir_fd, const char *name)
{
	int fd = control_dir_connect(dir_fd, name, geteuid());

	if (fd >= 0)
		close(fd);
	else if (fd == -ECONNREFUSED)
		(void)unlinkat(dir_fd, name, 0);
}

/* -------------------------------------------------------- looking around -- */

struct search {
	void (*see)(void *ctx, const char *path, uid_t uid);
	void *ctx;
	struct {
		dev_t dev;
		ino_t ino;
	} * seen; /* a folder has several names */
	size_t seen_n;
};

static bool is_new(struct search *search, const struct stat *st)
{
	void *more;

	for (size_t i = 0; i < search->seen_n; i++)
		if (search->seen[i].dev == st->st_dev &&
		    search->seen[i].ino == st->st_ino)
			return false;
	more = realloc(search->seen,
		       (search->seen_n + 1) * sizeof(*search->seen));
	if (!more)
		return false;
	search->seen = more;
	search->seen[search->seen_n].dev = st->st_dev;
	search->seen[search->seen_n++].ino = st->st_ino;
	return true;
}

static void look(struct search *search, const char *path, uid_t uid)
{
	struct stat st;

	if (control_dir_is_of(path, uid) && stat(path, &st) == 0 &&
	    is_new(search, &st))
		search->see(search->ctx, path, uid);
}

static void look_of(struct search *search, uid_t uid)
{
	char path[CONTROL_DIR_MAX];

	for (int place = 0; place < PLACE_N; place++)
		if (find_place((enum place)place, uid, path))
			look(search, path, uid);
}

/* Every entry of dir whose name is prefix and a user's number. */
static void look_in(struct search *search, const char *dir, const char *prefix,
		    const char *suffix)
{
	const struct dirent *entry;
	char path[CONTROL_DIR_MAX];
	DIR *list = opendir(dir);

	while (list && (entry = readdir(list))) {
		const char *digits = entry->d_name + strlen(prefix);
		unsigned long uid;
		char *end;

		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 ||
		    strspn(digits, "0123456789") != strlen(digits) || !*digits)
			continue;
		uid = strtoul(digits, &end, 10);
		if ((unsigned long)(uid_t)uid == uid &&
		    fits(snprintf(path, sizeof(path), "%s/%s%s", dir,
				  entry->d_name, suffix)))
			look(search, path, (uid_t)uid);
	}
	if (list)
		closedir(list);
}

void control_dir_each(void (*see)(void *ctx, const char *path, uid_t uid),
		      void *ctx)
{
	struct search search = {.see = see, .ctx = ctx};

	look_of(&search, geteuid());
	if (geteuid() == 0) {
		look_in(&search, RUN_USER, "", "/" NAME);
		look_in(&search, TMP, TMP_PREFIX, "");
	}
	free(search.seen);
}
