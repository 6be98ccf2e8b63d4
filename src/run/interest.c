/* SPDX-License-Identifier: MIT */
/*
 * epoll knows a registration by the file and by the number under which it was
 * made; the number need only be right while epoll_ctl looks.  So the file is
 * put under the program's number here for that moment, whatever we have there
 * ourselves being kept aside.  There is one thread, and it does not wait
 * meanwhile.
 */
#include "run/interest.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "run/task.h"

/* Numbers that a registration has beside its own place. */
enum { EPOLL, OLD, FRESH, KEPT, HANDS };

static void move_one(int epoll, int at, int old, int fresh,
		     struct epoll_event *event)
{
	const int from[HANDS] = {epoll, old, fresh, at};
	const int flags = fcntl(at, F_GETFD);
	int hand[HANDS];

	/* None of them may be the number itself. */
	for (int i = 0; i < HANDS; i++)
		hand[i] = fcntl(from[i], F_DUPFD_CLOEXEC, at + 1);
	if (hand[EPOLL] >= 0 && hand[OLD] >= 0 && hand[FRESH] >= 0 &&
	    (flags < 0) == (hand[KEPT] < 0)) {
		if (dup3(hand[OLD], at, O_CLOEXEC) == at &&
		    epoll_ctl(hand[EPOLL], EPOLL_CTL_DEL, at, NULL) == 0 &&
		    dup3(hand[FRESH], at, O_CLOEXEC) == at)
			(void)epoll_ctl(hand[EPOLL], EPOLL_CTL_ADD, at, event);
		if (flags >= 0)
			(void)dup3(hand[KEPT], at,
				   flags & FD_CLOEXEC ? O_CLOEXEC : 0);
		else
			close(at);
	}
	for (int i = 0; i < HANDS; i++) {
		if (hand[i] >= 0)
			close(hand[i]);
	}
}

/* One instance; its fdinfo has a line for each registration (proc(5)). */
static void move_in(int epoll, FILE *info, uint64_t inode, int old, int fresh)
{
	char line[256];

	while (fgets(line, sizeof(line), info)) {
		struct epoll_event event = {.events = 0};
		uint64_t data, number;
		unsigned events;
		int at;

		if (sscanf(line,
			   "tfd: %d events: %x data: %" SCNx64
			   " pos:%*d ino:%" SCNx64,
			   &at, &events, &data, &number) != 4 ||
		    number != inode || at < 0)
			continue;
		event.events = events;
		event.data.u64 = data;
		move_one(epoll, at, old, fresh, &event);
	}
}

static bool is_epoll(int folder, const char *name)
{
	static const char wanted[] = "anon_inode:[eventpoll]";
	char link[sizeof(wanted) + 1];
	ssize_t n = readlinkat(folder, name, link, sizeof(link));

	return n == (ssize_t)sizeof(wanted) - 1 &&
	       memcmp(link, wanted, sizeof(wanted) - 1) == 0;
}

static void move_of(struct tasks *tasks, pid_t tid, int number, uint64_t inode,
		    int old, int fresh)
{
	char path[64];
	FILE *info;
	int epoll;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)tid, number);
	info = fopen(path, "re");
	if (!info)
		return;
	epoll = task_getfd(tasks, tid, number);
	if (epoll >= 0) {
		move_in(epoll, info, inode, old, fresh);
		close(epoll);
	}
	fclose(info);
}

void interest_move(struct tasks *tasks, pid_t tid, uint64_t inode, int old,
		   int fresh)
{
	const struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)tid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (is_epoll(dirfd(dir), entry->d_name))
			move_of(tasks, tid, atoi(entry->d_name), inode, old,
				fresh);
	}
	closedir(dir);
}
