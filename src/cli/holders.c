/* SPDX-License-Identifier: MIT */
/* /proc/PID/fd/N is a link to "socket:[INODE]". */
#include "cli/holders.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "see/text.h"

static void add(struct holders *holders, const struct holder *holder)
{
	/* Room doubles whenever the number is a power of two. */
	if (!(holders->n & (holders->n - 1))) {
		size_t room = holders->n ? 2 * holders->n : 1;
		struct holder *more =
			realloc(holders->one, room * sizeof(*more));

		if (!more)
			return;
		holders->one = more;
	}
	holders->one[holders->n++] = *holder;
}

static void read_process(struct holders *holders, const char *name)
{
	struct holder holder = {.pid = (pid_t)atoi(name)};
	const struct dirent *entry;
	char path[64], link[64];
	unsigned long long inode;
	DIR *dir;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)holder.pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		n = readlinkat(dirfd(dir), entry->d_name, link,
			       sizeof(link) - 1);
		if (n <= 0)
			continue;
		link[n] = '\0';
		if (sscanf(link, "socket:[%llu]", &inode) != 1)
			continue;
		holder.inode = inode;
		holder.fd = atoi(entry->d_name);
		add(holders, &holder);
	}
	if (dir)
		closedir(dir);
}

static int in_order(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return (x->fd > y->fd) - (x->fd < y->fd);
}

void holders_read(struct holders *holders)
{
	const struct dirent *entry;
	DIR *dir = opendir("/proc");

	holders->one = NULL;
	holders->n = 0;
	while (dir && (entry = readdir(dir)))
		if (*entry->d_name >= '1' && *entry->d_name <= '9')
			read_process(holders, entry->d_name);
	if (dir)
		closedir(dir);
	if (holders->n)
		qsort(holders->one, holders->n, sizeof(*holders->one),
		      in_order);
}

void holders_free(struct holders *holders)
{
	free(holders->one);
	holders->one = NULL;
	holders->n = 0;
}

const struct holder *holders_find(const struct holders *holders, uint64_t inode,
				  size_t *n)
{
	size_t low = 0, high = holders->n;

	*n = 0;
	if (!inode)
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (holders->one[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + *n < holders->n && holders->one[low + *n].inode == inode)
		++*n;
	return *n ? &holders->one[low] : NULL;
}

void holder_name(pid_t pid, char *name, size_t size)
{
	char path[64], text[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (!file || !fgets(text, sizeof(text), file))
		strcpy(text, "?");
	if (file)
		fclose(file);
	/* The name may hold anything, a new line too; the last is not its. */
	if (strlen(text) && text[strlen(text) - 1] == '\n')
		text[strlen(text) - 1] = '\0';
	text_escape(text, name, size);
}
