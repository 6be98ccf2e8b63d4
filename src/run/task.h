/* SPDX-License-Identifier: MIT */
/*
 * Looking into a supervised task: its memory, its descriptors.  A task is
 * named by the thread id that its notification bears; whether it is still the
 * same task is the caller's to ask afterwards (SECCOMP_IOCTL_NOTIF_ID_VALID).
 */
#ifndef RUN_TASK_H
#define RUN_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TASK_CACHE 256

struct tasks {
	struct {
		pid_t tid;
		int pidfd;
	} cache[TASK_CACHE];
	bool no_thread; /* the kernel's pidfds are of whole processes */
};

void tasks_init(struct tasks *tasks, bool no_thread);
void tasks_deinit(struct tasks *tasks);

/* A copy of descriptor fd of the task (close-on-exec), or -errno: EBADF, EPERM
 * (the task does not let itself be looked into), ESRCH. */
int task_getfd(struct tasks *tasks, pid_t tid, int fd);

/* Exactly len octets, or -EFAULT, or -EPERM, -ESRCH. */
int task_read(pid_t tid, uint64_t addr, void *out, size_t len);
int task_write(pid_t tid, uint64_t addr, const void *in, size_t len);
/* What n pieces of the task's memory hold, one behind the other, of at most len
 * octets: their number, which is less where a piece cannot be read; -EFAULT or
 * as above if none can.  The pieces are cut to len. */
struct iovec;
long task_gather(pid_t tid, struct iovec *there, size_t n, void *out,
		 size_t len);

/* What one of its files in /proc says, or as much as there is room for; -errno. */
int task_file(pid_t tid, const char *name, char *text, size_t room);
/* The process of a thread, 0 when there is none. */
pid_t task_process(pid_t tid);
bool task_is_cloexec(pid_t tid, int fd);
/* Whether the effective capabilities hold number cap, in our own user
 * namespace. */
bool task_is_capable(pid_t tid, unsigned cap);
/* The signals that it has handlers of, as a mask; the C library's own (32 and
 * 33) do not count. */
uint64_t task_caught(pid_t tid);
/* The name of the program, for messages. */
void task_name(pid_t tid, char *name, size_t room);

/* A copy of any descriptor of any process that is the socket of this inode,
 * or -1.  Slow: it reads all of /proc. */
int task_find_socket(struct tasks *tasks, uint64_t inode);

/* A descriptor's socket cookie, or 0. */
uint64_t fd_cookie(int fd);

#endif
