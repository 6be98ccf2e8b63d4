/* SPDX-License-Identifier: MIT */
/* Descriptors that a program may close, and that are small: an eventfd of the
 * kernel's stands for each socket. */
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "packetdrill/drill.h"

int drill_fd_new(struct drill *drill, int ours)
{
	int fd;

	if (ours < 0)
		return -1;
	fd = eventfd(0, EFD_CLOEXEC);
	if (fd >= 0 && fd < DRILL_FDS) {
		drill->fd[fd] = ours;
		return fd;
	}
	if (fd >= 0)
		syscall(SYS_close, fd);
	cn_close(ours);
	errno = EMFILE;
	return -1;
}

int drill_fd(struct drill *drill, int fd)
{
	if (fd >= 0 && fd < DRILL_FDS && drill->fd[fd])
		return drill->fd[fd];
	errno = EBADF;
	return -1;
}

int drill_fd_close(struct drill *drill, int fd)
{
	int ours = drill_fd(drill, fd);
	int rc;

	if (ours < 0)
		return -1;
	drill->fd[fd] = 0;
	rc = cn_close(ours);
	syscall(SYS_close, fd);
	return rc;
}
