/* SPDX-License-Identifier: MIT */
/*
 * The tree of processes, out of /proc.
 */
#include "run/family.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/task.h"

struct kin {
	pid_t pid, parent;
	bool ours;
};

/* "pid (name) state ppid": the name may hold anything but ends with the last
 * parenthesis. */
static bool read_stat(pid_t pid, char *state, pid_t *parent)
{
	char text[512];
	const char *at;
	int number;

	if (task_file(pid, "stat", text, sizeof(text)))
		return false;
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1, " %c %d", state, &number) != 2)
		return false;
	*parent = number;
	return true;
}

bool process_is_stopped(pid_t pid)
{
	char state;
	pid_t parent;

	return read_stat(pid, &state, &parent) && state == 'T';
}

bool process_is_in_front(pid_t pid)
{
	char text[512];
	const char *at;
	int group, front;

	if (task_file(pid, "stat", text, sizeof(text)))
		return false;
	at = strrchr(text, ')');
	/* state, parent, group, session, terminal, its group in front */
	return at &&
	       sscanf(at + 1, " %*c %*d %d %*d %*d %d", &group, &front) == 2 &&
	       at[2] != 'T' && group == front;
}

static struct kin *read_all(size_t *n)
{
	const struct dirent *entry;
	struct kin *all = NULL;
	size_t room = 0;
	DIR *dir = opendir("/proc");

	*n = 0;
	while (dir && (entry = readdir(dir))) {
		struct kin one = {.pid = (pid_t)atoi(entry->d_name)};
		char state;

		if (one.pid <= 0 || !read_stat(one.pid, &state, &one.parent) ||
		    state == 'Z')
			continue;
		if (*n == room) {
			size_t more = room ? 2 * room : 256;
			struct kin *grown = realloc(all, more * sizeof(*all));

			if (!grown)
				break;
			all = grown;
			room = more;
		}
		all[(*n)++] = one;
	}
	if (dir)
		closedir(dir);
	return all;
}

static bool is_ours(const struct kin *all, size_t n, pid_t pid)
{
	if (pid == getpid())
		return true;
	for (size_t i = 0; i < n; i++) {
		if (all[i].pid == pid)
			return all[i].ours;
	}
	return false;
}

unsigned family_signal(int sig)
{
	unsigned hit = 0;
	bool grown = true;
	size_t n;
	struct kin *all = read_all(&n);

	while (grown) {
		grown = false;
		for (size_t i = 0; i < n; i++) {
			if (all[i].ours || !is_ours(all, n, all[i].parent))
				continue;
			all[i].ours = true;
			grown = true;
			if (kill(all[i].pid, sig) == 0)
				hit++;
		}
	}
	free(all);
	return hit;
}

unsigned family_signal_children(int sig)
{
	unsigned hit = 0;
	size_t n;
	struct kin *all = read_all(&n);

	for (size_t i = 0; i < n; i++) {
		if (all[i].parent == getpid() && kill(all[i].pid, sig) == 0)
			hit++;
	}
	free(all);
	return hit;
}
