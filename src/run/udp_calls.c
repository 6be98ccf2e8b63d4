/* SPDX-License-Identifier: MIT */
/*
 * Datagram sockets are the kernel's own, in the programs' network: their calls
 * are only looked at, so that ports of the two networks can be joined
 * (world/udp_ports.c), and go on by themselves.  What is read here may be
 * changed by the program before the kernel reads it; then a port is joined that
 * it did not name, no more.
 *
 * One call is done here: bind to a port of the kernel's choice, which is known
 * only afterwards.  No copy of the socket is kept for that: it would hide the
 * program's close.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "run/supervisor.h"
#include "run/world/world.h"

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) < 0 ? -1 : value;
}

static bool is_udp(int fd)
{
	int domain = option(fd, SOL_SOCKET, SO_DOMAIN);

	return (domain == AF_INET || domain == AF_INET6) &&
	       option(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_UDP;
}

static uint16_t port_of(const struct sockaddr_storage *ss)
{
	struct sockaddr_in in;

	/* At the same place in both families. */
	memcpy(&in, ss, sizeof(in));
	return ntohs(in.sin_port);
}

static long binds(struct call *call, struct sockaddr_storage *ss, socklen_t len)
{
	bool v6only = option(call->a, IPPROTO_IPV6, IPV6_V6ONLY) == 1;
	long result = CALL_CONTINUE;

	if (!port_of(ss)) {
		if (!sup_is_valid(call->sup, call->id))
			return CALL_DONE;
		call->once = true;
		if (bind(call->a, (const struct sockaddr *)ss, len) < 0)
			return -errno;
		result = 0;
		len = sizeof(*ss);
		if (getsockname(call->a, (struct sockaddr *)ss, &len) < 0)
			return result;
	}
	world_udp_bound(call->sup->world, (const struct sockaddr *)ss, len,
			v6only, may_bind(call, ss));
	return result;
}

/* Where the call has its address; 0: nowhere. */
static uint64_t addr_of(const struct call *call, uint64_t *len)
{
	struct msghdr msg;

	switch (call->nr) {
	case SYS_bind:
	case SYS_connect:
		*len = call->args[2];
		return call->args[1];
	case SYS_sendto:
		*len = call->args[5];
		return call->args[4];
	case SYS_sendmsg:
		if (task_read(call->tid, call->args[1], &msg, sizeof(msg)) < 0)
			return 0;
		*len = msg.msg_namelen;
		return (uint64_t)(uintptr_t)msg.msg_name;
	default:
		return 0;
	}
}

long udp_call(struct call *call)
{
	struct sockaddr_storage ss;
	uint64_t at, len;

	if (call->sup->ask < 0)
		return CALL_CONTINUE;
	at = addr_of(call, &len);
	memset(&ss, 0, sizeof(ss));
	if (!at || copy_addr_in(call, at, len, &ss) < 0 ||
	    (ss.ss_family != AF_INET && ss.ss_family != AF_INET6) ||
	    !is_udp(call->a))
		return CALL_CONTINUE;
	if (call->nr == SYS_bind)
		return binds(call, &ss, (socklen_t)len);
	world_udp_wanted(call->sup->world, (const struct sockaddr *)&ss,
			 (socklen_t)len);
	return CALL_CONTINUE;
}
