/* SPDX-License-Identifier: MIT */
/*
 * pidfd_getfd, process_vm_readv and a few files of /proc.
 */
#include "run/task.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

void tasks_init(struct tasks *tasks, bool no_thread)
{
	for (int i = 0; i < TASK_CACHE; i++) {
		tasks->cache[i].tid = 0;
		tasks->cache[i].pidfd = -1;
	}
	tasks->no_thread = no_thread;
}

void tasks_deinit(struct tasks *tasks)
{
	for (int i = 0; i < TASK_CACHE; i++) {
		if (tasks->cache[i].pidfd >= 0)
			close(tasks->cache[i].pidfd);
	}
}

int task_file(pid_t tid, const char *name, char *text, size_t room)
{
	char path[48];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, room - 1);
	close(fd);
	if (n < 0)
		return -EIO;
	text[n] = 0;
	return 0;
}

static const char *status_field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? at + strlen(name) : NULL;
}

pid_t task_process(pid_t tid)
{
	char text[4096];
	const char *at;

	if (task_file(tid, "status", text, sizeof(text)) < 0)
		return 0;
	at = status_field(text, "\nTgid:");
	return at ? (pid_t)strtol(at, NULL, 10) : 0;
}

/* Whoever makes a user namespace has every capability in it, and none here. */
static bool is_in_our_namespace(pid_t tid)
{
	struct stat ours, theirs;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)tid);
	if (stat("/proc/self/ns/user", &ours) < 0)
		return errno == ENOENT; /* a kernel without them */
	return stat(path, &theirs) == 0 && ours.st_dev == theirs.st_dev &&
	       ours.st_ino == theirs.st_ino;
}

bool task_is_capable(pid_t tid, unsigned cap)
{
	char text[4096];
	const char *at;

	if (task_file(tid, "status", text, sizeof(text)) < 0)
		return false;
	at = status_field(text, "\nCapEff:");
	return at && (strtoull(at, NULL, 16) >> cap & 1) != 0 &&
	       is_in_our_namespace(tid);
}

uint64_t task_caught(pid_t tid)
{
	char text[4096];
	const char *at;

	if (task_file(tid, "status", text, sizeof(text)) < 0)
		return 0;
	at = status_field(text, "\nSigCgt:");
	return at ? strtoull(at, NULL, 16) & ~(UINT64_C(3) << 31) : 0;
}

void task_name(pid_t tid, char *name, size_t room)
{
	char text[4096];
	const char *at = NULL;
	size_t n = 0;

	if (task_file(tid, "status", text, sizeof(text)) == 0)
		at = status_field(text, "Name:\t");
	/* It is the program's choice, and goes to a terminal. */
	while (at && at[n] && at[n] != '\n' && n + 1 < room) {
		const unsigned char c = (unsigned char)at[n];

		name[n++] = (char)(c < ' ' || c >= 127 ? '?' : c);
	}
	name[n] = 0;
}

/* -------------------------------------------------------- descriptors -- */

/* Threads may have descriptor tables of their own; a kernel before 6.9 only
 * knows the process, whose table nearly all threads share. */
static int open_pidfd(struct tasks *tasks, pid_t tid)
{
	long fd;

	if (!tasks->no_thread) {
		fd = syscall(SYS_pidfd_open, tid, PIDFD_THREAD);
		if (fd >= 0)
			return (int)fd;
		if (errno != EINVAL)
			return -errno;
		tasks->no_thread = true;
	}
	tid = task_process(tid);
	if (tid == 0)
		return -ESRCH;
	fd = syscall(SYS_pidfd_open, tid, 0);
	return fd < 0 ? -errno : (int)fd;
}

int task_getfd(struct tasks *tasks, pid_t tid, int fd)
{
	const unsigned slot = (unsigned)tid % TASK_CACHE;
	bool fresh = false;
	long got;

	if (tasks->cache[slot].tid != tid) {
		if (tasks->cache[slot].pidfd >= 0)
			close(tasks->cache[slot].pidfd);
		tasks->cache[slot].pidfd = -1;
	}
	for (;;) {
		if (tasks->cache[slot].pidfd < 0) {
			int pidfd = open_pidfd(tasks, tid);

			if (pidfd < 0)
				return pidfd;
			tasks->cache[slot].tid = tid;
			tasks->cache[slot].pidfd = pidfd;
			fresh = true;
		}
		got = syscall(SYS_pidfd_getfd, tasks->cache[slot].pidfd, fd, 0);
		if (got >= 0)
			return (int)got;
		/* The number may be another task's by now. */
		if (fresh || errno != ESRCH)
			return -errno;
		close(tasks->cache[slot].pidfd);
		tasks->cache[slot].pidfd = -1;
	}
}

bool task_is_cloexec(pid_t tid, int fd)
{
	char path[64], text[256];
	const char *at;
	ssize_t n;
	int file;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)tid, fd);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return false;
	n = read(file, text, sizeof(text) - 1);
	close(file);
	if (n <= 0)
		return false;
	text[n] = 0;
	at = status_field(text, "flags:");
	return at && (strtoul(at, NULL, 8) & O_CLOEXEC) != 0;
}

uint64_t fd_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0)
		return 0;
	return cookie;
}

static int find_in_process(struct tasks *tasks, pid_t pid, const char *wanted)
{
	char path[48], link[64];
	const struct dirent *entry;
	int found = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return -1;
	while (found < 0 && (entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, link,
				       sizeof(link) - 1);

		if (n <= 0)
			continue;
		link[n] = 0;
		if (strcmp(link, wanted) == 0)
			found = task_getfd(tasks, pid, atoi(entry->d_name));
	}
	closedir(dir);
	return found;
}

int task_find_socket(struct tasks *tasks, uint64_t inode)
{
	const pid_t self = getpid();
	const struct dirent *entry;
	int found = -1;
	char wanted[40];
	DIR *dir = opendir("/proc");

	if (!dir)
		return -1;
	snprintf(wanted, sizeof(wanted), "socket:[%llu]",
		 (unsigned long long)inode);
	while (found < 0 && (entry = readdir(dir))) {
		pid_t pid = (pid_t)atoi(entry->d_name);

		if (pid > 0 && pid != self)
			found = find_in_process(tasks, pid, wanted);
	}
	closedir(dir);
	return found;
}

/* ------------------------------------------------------------- memory -- */

static int copied(ssize_t n, size_t len)
{
	if (n < 0)
		return errno == EPERM || errno == ESRCH ? -errno : -EFAULT;
	return (size_t)n == len ? 0 : -EFAULT;
}

int task_read(pid_t tid, uint64_t addr, void *out, size_t len)
{
	const struct iovec here = {.iov_base = out, .iov_len = len};
	const struct iovec there = {.iov_base = (void *)(uintptr_t)addr,
				    .iov_len = len};

	if (len == 0)
		return 0;
	return copied(process_vm_readv(tid, &here, 1, &there, 1, 0), len);
}

int task_write(pid_t tid, uint64_t addr, const void *in, size_t len)
{
	const struct iovec here = {.iov_base = (void *)in, .iov_len = len};
	const struct iovec there = {.iov_base = (void *)(uintptr_t)addr,
				    .iov_len = len};

	if (len == 0)
		return 0;
	return copied(process_vm_writev(tid, &here, 1, &there, 1, 0), len);
}

long task_gather(pid_t tid, struct iovec *there, size_t n, void *out,
		 size_t len)
{
	struct iovec here = {.iov_base = out, .iov_len = 0};
	ssize_t got;

	for (size_t i = 0; i < n; i++) {
		if (there[i].iov_len > len - here.iov_len)
			there[i].iov_len = len - here.iov_len;
		here.iov_len += there[i].iov_len;
	}
	if (here.iov_len == 0)
		return 0;
	got = process_vm_readv(tid, &here, 1, there, n, 0);
	return got > 0 ? got : copied(got, here.iov_len);
}
