/* SPDX-License-Identifier: MIT */
/* The other side of look.h. */
#include "run/world/onlooker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE 65536
/* How long a world may take for its last words. */
#define PATIENCE_MS 5000

static void ready(void *ctx, uint32_t events)
{
	struct onlooker *onlooker = ctx;

	(void)events;
	if (!onlooker_copy(onlooker))
		loop_unwatch(onlooker->loop, &onlooker->watch);
}

static int open_file(struct onlooker *onlooker, const char *name)
{
	int rc;

	onlooker->name = name ? name : "standard error";
	if (name) {
		rc = capture_file_open(&onlooker->file, name);
		if (!rc && strcmp(name, "-") != 0)
			rc = -capture_file_try(onlooker->file.fd);
		if (rc)
			(void)capture_file_close(&onlooker->file);
		return rc;
	}
	onlooker->file.fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	return onlooker->file.fd < 0 ? -errno : 0;
}

int onlooker_open(struct onlooker *onlooker, struct loop *loop,
		  const char *name)
{
	int pair[2], rc;

	memset(onlooker, 0, sizeof(*onlooker));
	onlooker->file.fd = -1;
	onlooker->watch.fd = -1;
	onlooker->loop = loop;
	rc = open_file(onlooker, name);
	if (rc)
		return rc;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		       pair) < 0) {
		rc = -errno;
		(void)capture_file_close(&onlooker->file);
		return rc;
	}
	onlooker->watch = (struct loop_watch){
		.ready = ready, .ctx = onlooker, .fd = pair[0]};
	if (loop)
		rc = loop_watch(loop, &onlooker->watch, EPOLLIN);
	if (!rc)
		return pair[1];
	close(pair[1]);
	onlooker_close(onlooker);
	return rc;
}

static void complain(struct onlooker *onlooker, int err)
{
	if (!onlooker->failed)
		fprintf(stderr, "catenet: %s is not whole: %s\n",
			onlooker->name, strerror(err));
	onlooker->failed = true;
}

bool onlooker_copy(struct onlooker *onlooker)
{
	uint8_t piece[PIECE];
	ssize_t n;

	for (;;) {
		n = recv(onlooker->watch.fd, piece, sizeof(piece),
			 MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		if (!onlooker->failed &&
		    capture_file_write(&onlooker->file, piece, (size_t)n))
			complain(onlooker, onlooker->file.saved_errno);
	}
}

void onlooker_close(struct onlooker *onlooker)
{
	struct pollfd poll_fd = {.fd = onlooker->watch.fd, .events = POLLIN};
	int rc;

	if (onlooker->watch.fd < 0)
		return;
	(void)shutdown(onlooker->watch.fd, SHUT_WR);
	while (onlooker_copy(onlooker) && poll(&poll_fd, 1, PATIENCE_MS) > 0)
		;
	if (onlooker->watch.on)
		loop_unwatch(onlooker->loop, &onlooker->watch);
	close(onlooker->watch.fd);
	onlooker->watch.fd = -1;
	rc = capture_file_close(&onlooker->file);
	if (rc)
		complain(onlooker, -rc);
}
