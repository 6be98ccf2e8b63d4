/* SPDX-License-Identifier: MIT */
/*
 * What packetdrill calls in the C library and not through the table:
 * getsockopt for the blocks of Python, sendfile, close of the sockets that a
 * script left open, and mlockall.  With this object in LD_PRELOAD they come here.
 */
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "packetdrill/drill.h"

#define EXPORT __attribute__((visibility("default")))

static struct drill *ours(int fd)
{
	return fd >= 0 && fd < DRILL_FDS && drill_the.fd[fd] ? &drill_the :
							       NULL;
}

EXPORT int close(int fd)
{
	struct drill *drill = ours(fd);

	return drill ? drill_fd_close(drill, fd) : (int)syscall(SYS_close, fd);
}

EXPORT int getsockopt(int fd, int level, int opt, void *val, socklen_t *len)
{
	struct drill *drill = ours(fd);

	if (drill)
		return cn_getsockopt(drill->fd[fd], level, opt, val, len);
	return (int)syscall(SYS_getsockopt, fd, level, opt, val, len);
}

/* Under both names that C libraries give it. */
EXPORT ssize_t sendfile(int out, int in, off_t *at, size_t len)
{
	struct drill *drill = ours(out);

	if (drill)
		return drill_sendfile(drill, out, in, at, len);
	return syscall(SYS_sendfile, out, in, at, len);
}

EXPORT ssize_t plain_sendfile(int out, int in, off_t *at,
			      size_t len) __asm__("sendfile");
EXPORT ssize_t plain_sendfile(int out, int in, off_t *at, size_t len)
{
	return sendfile(out, in, at, len);
}

/* Virtual time does not suffer from paging, and an ordinary user may not lock
 * as much. */
EXPORT int mlockall(int flags)
{
	(void)flags;
	return 0;
}
