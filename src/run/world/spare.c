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

bool spare_has(unsigned n)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return true;
	return limit.rlim_cur > SPARE_KEPT + n &&
	       opened() <= limit.rlim_cur - SPARE_KEPT - n;
}
