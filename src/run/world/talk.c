/* SPDX-License-Identifier: MIT */
/* Messages between supervisors and worlds.  See talk.h. */
#include "run/world/talk.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEAD offsetof(struct talk, data)
/* Room for more than may come, so that what is too many is seen. */
#define FDS_MAX 4

union control {
	char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
	struct cmsghdr align;
};

static void put_fd(struct msghdr *msg, union control *control, int fd)
{
	struct cmsghdr *cmsg = &control->align;

	memset(control, 0, sizeof(*control));
	msg->msg_control = control->space;
	msg->msg_controllen = CMSG_SPACE(sizeof(int));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
}

int talk_send(int to, const struct talk *talk, int fd, int flags)
{
	struct iovec iov = {(void *)(uintptr_t)talk, HEAD + talk->len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control;
	ssize_t n;

	if (fd >= 0)
		put_fd(&msg, &control, fd);
	do {
		n = sendmsg(to, &msg, flags | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* The only descriptor that came, or -1; *many: there were more, which are
 * closed with it. */
static int take_fd(struct msghdr *msg, bool *many)
{
	int found = -1;

	*many = false;
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg;
	     cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd),
			       sizeof(fd));
			if (found >= 0) {
				close(fd);
				*many = true;
			} else {
				found = fd;
			}
		}
	}
	/* None at all: there was no room in our own table. */
	*many |= found >= 0 && (msg->msg_flags & MSG_CTRUNC);
	return found;
}

int talk_recv(int from, struct talk *talk, int *fd, int flags)
{
	struct iovec iov = {talk, sizeof(*talk)};
	union control control;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	bool many;
	ssize_t n;

	*fd = -1;
	do {
		n = recvmsg(from, &msg, flags | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	*fd = take_fd(&msg, &many);
	if (n == 0 && *fd < 0 && !many)
		return 0;
	if (!many && !(msg.msg_flags & MSG_TRUNC) && n >= (ssize_t)HEAD &&
	    talk->len == (size_t)n - HEAD)
		return 1;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return -EPROTO;
}

void talk_text(struct talk *talk, const char *text)
{
	size_t len = strlen(text);

	if (len > sizeof(talk->data) - 1)
		len = sizeof(talk->data) - 1;
	memcpy(talk->data, text, len);
	talk->data[len] = 0;
	talk->len = (uint32_t)len + 1;
}

bool talk_is_text(struct talk *talk)
{
	if (!talk->len)
		return false;
	talk->data[talk->len - 1] = 0;
	return true;
}
