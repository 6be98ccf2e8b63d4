/* SPDX-License-Identifier: MIT */
/*
 * The kernel's socket diagnosis answers for one AF_UNIX socket by inode and
 * cookie.  Where its module is missing the table in /proc is read.
 */
#include "run/gone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>

void gone_init(struct gone *gone, bool no_diag)
{
	memset(gone, 0, sizeof(*gone));
	gone->netlink = -1;
	if (!no_diag)
		gone->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
				       NETLINK_SOCK_DIAG);
}

void gone_deinit(struct gone *gone)
{
	if (gone->netlink >= 0)
		close(gone->netlink);
	free(gone->inode);
}

static void remember(struct gone *gone, uint64_t inode)
{
	if (gone->n == gone->room) {
		size_t room = gone->room ? 2 * gone->room : 1024;
		uint64_t *more = realloc(gone->inode, room * sizeof(*more));

		if (!more) {
			gone->known = false;
			return;
		}
		gone->inode = more;
		gone->room = room;
	}
	gone->inode[gone->n++] = inode;
}

/* "Num RefCount Protocol Flags Type St Inode Path" */
void gone_begin(struct gone *gone)
{
	char line[512];
	unsigned long long inode;
	FILE *file;

	gone->n = 0;
	gone->known = false;
	if (gone->netlink >= 0)
		return;
	file = fopen("/proc/net/unix", "re");
	if (!file)
		return;
	gone->known = fgets(line, sizeof(line), file) != NULL;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %llu", &inode) == 1)
			remember(gone, inode);
	}
	fclose(file);
}

void gone_end(struct gone *gone)
{
	gone->known = false;
}

static bool is_listed(const struct gone *gone, uint64_t inode)
{
	for (size_t i = 0; i < gone->n; i++) {
		if (gone->inode[i] == inode)
			return true;
	}
	return false;
}

/* 0: it exists; -ENOENT or -ESTALE: it does not; other: cannot tell. */
static int ask(const struct gone *gone, uint64_t inode, uint64_t cookie)
{
	struct {
		struct nlmsghdr head;
		struct unix_diag_req req;
	} ask = {
		.head = {.nlmsg_len = sizeof(ask),
			 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			 .nlmsg_flags = NLM_F_REQUEST},
		.req = {.sdiag_family = AF_UNIX,
			.udiag_states = UINT32_MAX,
			.udiag_ino = (uint32_t)inode,
			.udiag_cookie = {(uint32_t)cookie,
					 (uint32_t)(cookie >> 32)}},
	};
	union {
		struct nlmsghdr head;
		char space[1024];
	} told;
	const struct nlmsgerr *err;
	ssize_t n;

	if (send(gone->netlink, &ask, sizeof(ask), 0) < 0)
		return -errno;
	/* The kernel answers within send. */
	n = recv(gone->netlink, &told, sizeof(told), MSG_DONTWAIT);
	if (n < (ssize_t)sizeof(told.head))
		return -EIO;
	if (told.head.nlmsg_type != NLMSG_ERROR)
		return 0;
	err = NLMSG_DATA(&told.head);
	return err->error;
}

bool gone_check(struct gone *gone, uint64_t inode, uint64_t cookie)
{
	int err;

	if (gone->netlink < 0)
		return gone->known && !is_listed(gone, inode);
	err = ask(gone, inode, cookie);
	if (err == 0)
		return false;
	if (inode <= UINT32_MAX && (err == -ENOENT || err == -ESTALE))
		return !gone->known || !is_listed(gone, inode);
	/* No such module here: from now on by the table. */
	close(gone->netlink);
	gone->netlink = -1;
	gone_begin(gone);
	return gone->known && !is_listed(gone, inode);
}

bool gone_is_held(struct gone *gone, uint64_t inode, uint64_t cookie)
{
	bool held;

	gone_begin(gone);
	held = !gone_check(gone, inode, cookie) &&
	       (gone->netlink >= 0 || gone->known);
	gone_end(gone);
	return held;
}
