/* SPDX-License-Identifier: MIT */
/*
 * The program's sockets: their options, by whom they are kept: the engine, the
 * kernel's socket beside it, or the end.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/linux_err.h"
#include "run/world/end.h"
#include "run/world/parts.h"

/* The kernel's own socket for this one, for options that only it can keep and
 * check. */
static int kernel_socket(struct wsock *sock)
{
	if (sock->kernel_fd < 0)
		sock->kernel_fd =
			socket(sock->ls.domain,
			       SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return sock->kernel_fd < 0 ? -errno : sock->kernel_fd;
}

static int set_here(struct wsock *sock, int name, const void *value,
		    socklen_t len)
{
	int number;

	if (len < sizeof(number))
		return -EINVAL;
	memcpy(&number, value, sizeof(number));
	if (name == SO_OOBINLINE)
		sock->oob_inline = number != 0;
	else
		sock->rcvlowat = number < 0 ? INT32_MAX : number ? number : 1;
	return 0;
}

static bool is_here_option(int level, int name)
{
	return level == SOL_SOCKET &&
	       (name == SO_OOBINLINE || name == SO_RCVLOWAT);
}

int near_setsockopt(struct wsock *sock, int level, int name, const void *value,
		    socklen_t len)
{
	uint64_t now = world_now(sock->world);
	int64_t room;
	int rc;

	if (!sock->ls.sock)
		return -EINVAL;
	if (is_here_option(level, name))
		return set_here(sock, name, value, len);
	switch (linux_opt_owner(level, name)) {
	case LINUX_OWNER_KERNEL:
		rc = kernel_socket(sock);
		if (rc < 0)
			return rc;
		return setsockopt(rc, level, name, value, len) ? -errno : 0;
	case LINUX_OWNER_NONE: /* refused there, by what is wrong first */
	case LINUX_OWNER_ENGINE:
		break;
	}
	if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY && sock->bound &&
	    sock->ls.domain == AF_INET6)
		return -EINVAL;
	rc = linux_opt_set(&sock->ls, level, name, value, len, now);
	world_touch(sock->world);
	if (rc)
		return -rc;
	if (sock->flow)
		flow_set(sock->flow, level, name, value, len);
	if (sock->end && level == SOL_SOCKET && name == SO_RCVBUF &&
	    cn_sock_get(sock->ls.sock, CN_OPT_RCVBUF, &room) == CN_OK)
		end_set_room(sock->end, (size_t)room);
	relay_touch(&sock->relay);
	return 0;
}

int near_getsockopt(struct wsock *sock, int level, int name, void *value,
		    socklen_t *len)
{
	int number;
	int rc;

	if (!sock->ls.sock)
		return -EINVAL;
	if (is_here_option(level, name)) {
		number = name == SO_OOBINLINE ? sock->oob_inline :
						sock->rcvlowat;
		if (*len > sizeof(number))
			*len = sizeof(number);
		memcpy(value, &number, *len);
		return 0;
	}
	switch (linux_opt_owner(level, name)) {
	case LINUX_OWNER_KERNEL:
		rc = kernel_socket(sock);
		if (rc < 0)
			return rc;
		return getsockopt(rc, level, name, value, len) ? -errno : 0;
	case LINUX_OWNER_NONE: /* refused there, by what is wrong first */
	case LINUX_OWNER_ENGINE:
		break;
	}
	return -linux_opt_get(&sock->ls, level, name, value, len,
			      world_now(sock->world));
}

uint64_t near_outq(const struct wsock *sock)
{
	return (sock->ls.sock ? cn_sock_unacked(sock->ls.sock) : 0) +
	       (sock->end ? end_unsent(sock->end) : 0);
}

uint64_t near_unsent(const struct wsock *sock)
{
	struct cn_tcp_info info;

	if (!sock->ls.sock || cn_sock_info(sock->ls.sock, &info) != CN_OK)
		info.unsent = 0;
	return info.unsent + (sock->end ? end_unsent(sock->end) : 0);
}
