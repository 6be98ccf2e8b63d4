/* SPDX-License-Identifier: MIT */
/*
 * Linux lets a TCP socket join multicast groups (MCAST_JOIN_GROUP) and keep
 * what a datagram socket would do with them, although a stream carries nothing
 * of it: the host is a member then.  So a socket of the kernel's, in the
 * programs' network, is a member for the program's, with the kernel's own
 * checks and errors; an accepted socket begins without.
 */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/netns/netns.h"
#include "run/supervisor.h"
#include "run/world/spare.h"

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

static bool is_of_ip4(int name)
{
	return (name >= IP_MULTICAST_IF && name <= MCAST_MSFILTER) ||
	       name == IP_MULTICAST_ALL;
}

static bool is_of_ip6(int name)
{
	return (name >= IPV6_MULTICAST_IF && name <= IPV6_LEAVE_GROUP) ||
	       name == IPV6_JOIN_ANYCAST || name == IPV6_LEAVE_ANYCAST ||
	       name == IPV6_MULTICAST_ALL ||
	       (name >= MCAST_JOIN_GROUP && name <= MCAST_MSFILTER);
}

bool groups_option(const struct psock *psock, int level, int name)
{
	if (level == IPPROTO_IPV6)
		return psock->family == AF_INET6 && is_of_ip6(name);
	return level == IPPROTO_IP && is_of_ip4(name);
}

/* The member, or -errno. */
static int member(struct psock *psock)
{
	const struct supervisor *sup = psock->sup;

	if (psock->groups >= 0)
		return psock->groups;
	if (!spare_has(1))
		return -ENOBUFS;
	psock->groups =
		sup->twin[0] >= 0 ?
			netns_tcp(sup->twin) :
			socket(psock->family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (psock->groups >= 0)
		return psock->groups;
	psock->groups = -1;
	return -ENOBUFS;
}

long groups_set(struct psock *psock, int level, int name, const void *value,
		socklen_t len)
{
	const int fd = member(psock);

	if (fd < 0)
		return fd;
	return setsockopt(fd, level, name, value, len) < 0 ? -errno : 0;
}

long groups_get(struct psock *psock, int level, int name, void *value,
		socklen_t *len)
{
	const int fd = member(psock);

	if (fd < 0)
		return fd;
	return getsockopt(fd, level, name, value, len) < 0 ? -errno : 0;
}
