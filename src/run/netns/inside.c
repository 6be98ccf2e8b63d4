/* SPDX-License-Identifier: MIT */
/*
 * mount_namespaces(7): /etc/resolv.conf names the gateway's resolver for these
 * processes alone, /etc/hosts the hosts of a world, and daemons that would resolve names past it are not found.
 * The files lie in a memory of their own that has no name once they are in
 * their places.
 */
#include "run/netns/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESOLV "/etc/resolv.conf"
#define HOSTS "/etc/hosts"

/* Folders that may hold the files for a moment. */
static const char *const folders[] = {"/tmp", "/mnt", "/run", "/var"};
/* Sockets of daemons that answer for the machine, not for the world. */
static const char *const daemons[] = {
	"/run/systemd/resolve/io.systemd.Resolve",
	"/run/nscd/socket",
};

static const char *hold_folder(void)
{
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (!mount("catenet", folders[i], "tmpfs",
			   MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755"))
			return folders[i];
	return NULL;
}

static int put_file(const char *folder, const char *name, const char *text,
		    char *path, size_t room)
{
	ssize_t n;
	int fd;

	snprintf(path, room, "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	(void)fchmod(fd, 0644);
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -EIO;
}

/* In the place of a file that is there. */
static int replace(const char *folder, const char *name, const char *text,
		   const char *place)
{
	char path[64];
	int err;

	if (!text || !*text || access(place, F_OK) < 0)
		return 0;
	err = put_file(folder, name, text, path, sizeof(path));
	if (!err && mount(path, place, NULL, MS_BIND, NULL) < 0)
		err = -errno;
	return err;
}

static int put_in_place(const char *folder, const char *resolv,
			const char *hosts)
{
	int err = replace(folder, "hosts", hosts, HOSTS);
	char path[64];

	if (!err)
		err = replace(folder, "resolv.conf", resolv, RESOLV);
	if (err || !*resolv ||
	    put_file(folder, "nobody", "", path, sizeof(path)))
		return err;
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++)
		(void)mount(path, daemons[i], NULL, MS_BIND, NULL);
	return 0;
}

int netns_private_files(const char *resolv, const char *hosts)
{
	const char *folder;
	int err;

	if (access(RESOLV, F_OK) < 0 && !(hosts && *hosts))
		return -errno;
	if (unshare(CLONE_NEWNS) < 0)
		return -errno;
	/* What the machine mounts later is seen here, never the reverse. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return -errno;
	folder = hold_folder();
	if (!folder)
		return -errno;
	err = put_in_place(folder, resolv, hosts);
	(void)umount2(folder, MNT_DETACH);
	return err;
}

int netns_private_name(const char *hostname)
{
	if (unshare(CLONE_NEWUTS) < 0)
		return -errno;
	return sethostname(hostname, strlen(hostname)) < 0 ? -errno : 0;
}
