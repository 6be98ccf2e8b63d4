/* SPDX-License-Identifier: MIT */
/* How many descriptors this process may still open. */
#include "run/world/spare.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Linux 6.2 tells how many are open as the folder's size; before that, the
 * lowest free number is taken for it, which is too low where there are gaps. */
static rlim_t opened(void)
{
	struct stat st;
	int fd;

	if (!stat("/proc/self/fd", &st) && st.st_size > 0)
		return (rlim_t)st.st_size;
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return RLIM_INFINITY;
	close(fd);
	return (rlim_t)fd;
}

/* Free when it was asked last, and how often the answer came from that: each
 * time no more than a few can have been opened, and the pidfds of tasks. */
static rlim_t then_free;
static unsigned times;
#define EACH_TIME 4u
#define TASKS 256u

bool spare_has(unsigned n)
{
	rlim_t wanted = SPARE_KEPT + (rlim_t)n, now;
	struct rlimit limit;

	if (wanted + TASKS + EACH_TIME * (rlim_t)++times <= then_free)
		return true;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return true;
	now = opened();
	then_free = limit.rlim_cur > now ? limit.rlim_cur - now : 0;
	times = 0;
	return wanted <= then_free;
}
