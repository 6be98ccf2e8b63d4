/* SPDX-License-Identifier: MIT */
/* Messages over whatever reads and writes like a descriptor. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <catenet/posix.h>

#include "lib/framing.h"
#include "lib/linux_err.h"

static int fd_of(const void *ctx)
{
	return (int)(intptr_t)ctx;
}

static ssize_t kernel_read(void *ctx, void *data, size_t len)
{
	return read(fd_of(ctx), data, len);
}

static ssize_t kernel_write(void *ctx, const void *data, size_t len)
{
	return write(fd_of(ctx), data, len);
}

static ssize_t own_read(void *ctx, void *data, size_t len)
{
	return cn_read(fd_of(ctx), data, len);
}

static ssize_t own_write(void *ctx, const void *data, size_t len)
{
	return cn_write(fd_of(ctx), data, len);
}

struct cn_framing_io cn_framing_fd(int fd)
{
	struct cn_framing_io kernel = {kernel_read, kernel_write,
				       (void *)(intptr_t)fd};
	struct cn_framing_io own = {own_read, own_write, (void *)(intptr_t)fd};

	return fd >= CN_FD_FIRST ? own : kernel;
}

static int fail(int err)
{
	errno = linux_errno(err);
	return -1;
}

int cn_message_read(struct cn_deframer *deframer,
		    const struct cn_framing_io *io, struct cn_message *message)
{
	for (;;) {
		int rc = cn_deframer_next(deframer, message);
		size_t room;
		void *at;
		ssize_t n;

		if (rc)
			return rc < 0 ? fail(rc) : rc;
		at = cn_deframer_room(deframer, &room);
		n = io->read(io->ctx, at, room);
		if (n < 0)
			return -1;
		if (!n) {
			rc = cn_deframer_end(deframer);
			return rc ? fail(rc) : 0;
		}
		cn_deframer_put(deframer, (size_t)n);
	}
}

static int write_all(const struct cn_framing_io *io, const void *data,
		     size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = io->write(io->ctx, at, len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n < 0)
			continue;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* What is short goes out in one piece with what is before and after it. */
#define TOGETHER 1024

int cn_message_write(const struct cn_framing *framing,
		     const struct cn_framing_io *io, const void *data,
		     size_t len)
{
	struct cn_wrapping wrapping;
	uint8_t whole[TOGETHER + sizeof(wrapping.head) + CN_DELIMITER_MAX];
	int err = cn_framing_wrap(framing, data, len, &wrapping);
	size_t n = wrapping.head_len;

	if (err)
		return fail(err);
	memcpy(whole, wrapping.head, n);
	if (len <= TOGETHER) {
		if (len)
			memcpy(whole + n, data, len);
		n += len;
		if (wrapping.tail_len)
			memcpy(whole + n, wrapping.tail, wrapping.tail_len);
		return write_all(io, whole, n + wrapping.tail_len);
	}
	if (write_all(io, whole, n) || write_all(io, data, len))
		return -1;
	return write_all(io, wrapping.tail, wrapping.tail_len);
}
