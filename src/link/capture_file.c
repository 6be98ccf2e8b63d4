/* SPDX-License-Identifier: MIT */
/*
 * A file descriptor as the sink of a capture.  A reader that goes away ends
 * the capture with EPIPE; the caller ignores SIGPIPE.
 */
#include "link/capture_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int capture_file_open(struct capture_file *file, const char *path)
{
	file->saved_errno = 0;
	if (strcmp(path, "-") == 0)
		file->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		file->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
				0600);
	return file->fd < 0 ? -errno : 0;
}

int capture_file_try(int fd)
{
	struct stat status;
	bool regular;

	if (fstat(fd, &status))
		return errno;
	regular = S_ISREG(status.st_mode);
	if (!regular && (!S_ISCHR(status.st_mode) || isatty(fd)))
		return 0;
	if (write(fd, "\n", 1) < 0)
		return errno;
	return regular && (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET) < 0) ?
		       errno :
		       0;
}

FILE *capture_file_text(const char *path, int *err)
{
	const bool own = strcmp(path, "-") != 0;
	int fd = own ? -1 : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	FILE *file = own ? fopen(path, "we") : fd >= 0 ? fdopen(fd, "w") : NULL;

	*err = !file ? errno : own ? capture_file_try(fileno(file)) : 0;
	if (!file && fd >= 0) {
		(void)close(fd);
		*err = EBADF; /* it cannot be written to */
	}
	if (file && *err) {
		(void)fclose(file);
		file = NULL;
	}
	return file;
}

int capture_file_close(struct capture_file *file)
{
	int fd = file->fd;

	file->fd = -1;
	return fd >= 0 && close(fd) < 0 ? -errno : 0;
}

static bool may_try_again(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

	if (errno == EINTR)
		return true;
	if (errno != EAGAIN)
		return false;
	return poll(&poll_fd, 1, -1) >= 0 || errno == EINTR;
}

int capture_file_write(void *ctx, const void *data, size_t len)
{
	struct capture_file *file = ctx;
	const uint8_t *p = data;

	while (len) {
		ssize_t n = write(file->fd, p, len);

		if (n < 0 && !may_try_again(file->fd)) {
			file->saved_errno = errno;
			return CN_E_PIPE;
		}
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return CN_OK;
}
