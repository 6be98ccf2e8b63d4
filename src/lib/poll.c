/* SPDX-License-Identifier: MIT */
/* poll(2) and select(2): one waiter in the queues of many files. */
#include <errno.h>
#include <stdlib.h>

#include <catenet/posix.h>

#include "lib/file.h"
#include "lib/lsock.h"

#define FEW 16

/* Linux's sets: what select calls readable, writable and exceptional. */
#define SELECT_IN (POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR)
#define SELECT_OUT (POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR)
#define SELECT_EX POLLPRI

struct polled {
	struct file *file; /* NULL: passed over, or no such descriptor */
	struct wait_link link;
};

struct poll {
	struct pollfd *fds;
	struct polled *at;
	nfds_t n;
	struct hub *hub; /* NULL: there is nothing to look at */
};

/* 0, or EINVAL: they cannot be waited for together. */
static int take_files(struct poll *poll)
{
	int rc = 0;

	for (nfds_t i = 0; i < poll->n; i++) {
		struct file *file = NULL;

		if (poll->fds[i].fd >= 0)
			file = file_get(poll->fds[i].fd);
		poll->at[i].file = file;
		if (!file)
			continue;
		if (!poll->hub)
			poll->hub = file->hub;
		if (poll->hub != file->hub)
			rc = EINVAL;
	}
	return rc;
}

static void drop_files(struct poll *poll)
{
	for (nfds_t i = 0; i < poll->n; i++)
		if (poll->at[i].file)
			file_put(poll->at[i].file);
}

static int look_at(struct pollfd *fd, struct file *file)
{
	fd->revents = 0;
	if (fd->fd < 0)
		return 0;
	if (!file)
		fd->revents = POLLNVAL;
	else
		fd->revents = (short)(file->ops->ready(file) &
				      ((unsigned short)fd->events | POLLERR |
				       POLLHUP));
	return fd->revents != 0;
}

static int look(struct poll *poll)
{
	int got = 0;

	for (nfds_t i = 0; i < poll->n; i++)
		got += look_at(&poll->fds[i], poll->at[i].file);
	return got;
}

static int sleep_once(struct poll *poll, uint64_t until)
{
	struct waiter waiter;
	int rc;

	waiter_init(&waiter, until);
	for (nfds_t i = 0; i < poll->n; i++)
		if (poll->at[i].file)
			wait_join(&poll->at[i].file->waits, &poll->at[i].link,
				  &waiter);
	rc = hub_wait(poll->hub, &waiter);
	for (nfds_t i = 0; i < poll->n; i++)
		if (poll->at[i].file)
			wait_part(&poll->at[i].link);
	return rc;
}

static int wait_locked(struct poll *poll, uint64_t until)
{
	int rc = 0;
	int got;

	for (;;) {
		hub_run(poll->hub);
		got = look(poll);
		if (got || rc == ETIMEDOUT || until <= poll->hub->now)
			return got;
		if (rc)
			return -rc;
		rc = sleep_once(poll, until);
	}
}

static int poll_files(struct poll *poll, uint64_t timeout_ns)
{
	int rc;

	if (!poll->hub) {
		rc = look(poll);
		/* Nothing of ours could ever wake it. */
		return rc || !timeout_ns ? rc : -EINVAL;
	}
	hub_enter(poll->hub);
	rc = wait_locked(poll, hub_until(poll->hub, timeout_ns));
	hub_leave(poll->hub);
	return rc;
}

/* A number, or -errno. */
static int poll_ns(struct pollfd *fds, nfds_t n, uint64_t timeout_ns)
{
	struct polled few[FEW];
	struct poll poll = {.fds = fds, .at = few, .n = n};
	int rc;

	if (n > FEW)
		poll.at = calloc(n, sizeof(*poll.at));
	if (!poll.at)
		return -ENOMEM;
	rc = -take_files(&poll);
	if (!rc)
		rc = poll_files(&poll, timeout_ns);
	drop_files(&poll);
	if (poll.at != few)
		free(poll.at);
	return rc;
}

int cn_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	int rc = poll_ns(fds, n,
			 timeout_ms < 0 ? CN_NEVER :
					  (uint64_t)timeout_ms * CN_NS_PER_MS);

	return rc < 0 ? lsock_fail(-rc) : rc;
}

int cn_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout)
{
	uint64_t ns = CN_NEVER;
	int rc;

	if (timeout && !hub_ns_of(timeout, &ns))
		return lsock_fail(EINVAL);
	rc = poll_ns(fds, n, ns);
	return rc < 0 ? lsock_fail(-rc) : rc;
}

/* -------------------------------------------------------------- select -- */

static bool has(const cn_fd_set *set, int fd)
{
	return set && cn_fd_isset(fd, set);
}

/* The descriptors that any set names; how many. */
static nfds_t gather(int n, struct pollfd *fds, const cn_fd_set *in,
		     const cn_fd_set *out, const cn_fd_set *except)
{
	nfds_t found = 0;

	for (int fd = CN_FD_FIRST; fd < n; fd++) {
		int events = (has(in, fd) ? SELECT_IN : 0) |
			     (has(out, fd) ? SELECT_OUT : 0) |
			     (has(except, fd) ? SELECT_EX : 0);

		if (!events)
			continue;
		fds[found].fd = fd;
		fds[found].events = (short)events;
		fds[found].revents = 0;
		found++;
	}
	return found;
}

/* Leaves in the set what is ready; how many. */
static int scatter(const struct pollfd *fds, nfds_t n, cn_fd_set *set, int bits)
{
	cn_fd_set ready;
	int got = 0;

	if (!set)
		return 0;
	cn_fd_zero(&ready);
	for (nfds_t i = 0; i < n; i++) {
		if (!(fds[i].revents & bits) || !cn_fd_isset(fds[i].fd, set))
			continue;
		cn_fd_put(fds[i].fd, &ready, true);
		got++;
	}
	*set = ready;
	return got;
}

static bool any_is_bad(const struct pollfd *fds, nfds_t n)
{
	for (nfds_t i = 0; i < n; i++)
		if (fds[i].revents & POLLNVAL)
			return true;
	return false;
}

static bool ns_of_timeval(const struct timeval *tv, uint64_t *ns)
{
	struct timespec span = {.tv_sec = tv->tv_sec,
				.tv_nsec = tv->tv_usec * 1000};

	return tv->tv_usec < 1000000 && hub_ns_of(&span, ns);
}

int cn_select(int n, cn_fd_set *in, cn_fd_set *out, cn_fd_set *except,
	      const struct timeval *timeout)
{
	struct pollfd fds[CN_FD_SETSIZE];
	uint64_t ns = CN_NEVER;
	nfds_t found;
	int rc;

	if (n < 0 || (timeout && !ns_of_timeval(timeout, &ns)))
		return lsock_fail(EINVAL);
	if (n > CN_FD_FIRST + CN_FD_SETSIZE)
		n = CN_FD_FIRST + CN_FD_SETSIZE;
	found = gather(n, fds, in, out, except);
	rc = poll_ns(fds, found, ns);
	if (rc >= 0 && any_is_bad(fds, found))
		rc = -EBADF;
	if (rc < 0)
		return lsock_fail(-rc);
	return scatter(fds, found, in, SELECT_IN) +
	       scatter(fds, found, out, SELECT_OUT) +
	       scatter(fds, found, except, SELECT_EX);
}
