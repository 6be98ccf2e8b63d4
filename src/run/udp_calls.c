/* SPDX-License-Identifier: MIT */
/*
 * Datagram sockets are the kernel's own, in the programs' network: their calls
 * are only looked at, so that ports of the two networks can be joined
 * (world/udp_ports.c), and go on by themselves.  What is read here may be
 * changed by the program before the kernel reads it; then a port is joined that
 * it did not name, no more.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catenet/base.h>

#include "run/supervisor.h"
#include "run/world/world.h"

/* When a port that the kernel has chosen is asked for; the call is done in some
 * microseconds. */
#define ASK_NS (2 * CN_NS_PER_MS)
#define ASKS 8

/* A socket whose port is not known yet. */
struct asked {
	struct supervisor *sup;
	struct loop_timer timer;
	int fd; /* a copy */
	int tries;
	bool v6only;
};

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

static void asked_free(struct asked *asked)
{
	loop_cancel(asked->sup->loop, &asked->timer);
	close(asked->fd);
	asked->sup->asked_n--;
	free(asked);
}

static void ask_again(void *ctx, uint64_t now)
{
	struct asked *asked = ctx;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	memset(&ss, 0, sizeof(ss));
	if (!getsockname(asked->fd, (struct sockaddr *)&ss, &len) &&
	    port_of(&ss)) {
		world_udp_bound(asked->sup->world, (struct sockaddr *)&ss, len,
				asked->v6only);
	} else if (asked->tries++ < ASKS) {
		(void)loop_at(asked->sup->loop, &asked->timer,
			      now + ASK_NS * (uint64_t)asked->tries);
		return;
	}
	asked_free(asked);
}

static void ask_later(struct call *call, bool v6only)
{
	struct supervisor *sup = call->sup;
	struct asked *asked;

	if (sup->asked_n == SUP_ASKED)
		return;
	asked = calloc(1, sizeof(*asked));
	if (!asked)
		return;
	asked->sup = sup;
	asked->fd = call->a;
	asked->v6only = v6only;
	asked->timer.fire = ask_again;
	asked->timer.ctx = asked;
	if (loop_at(sup->loop, &asked->timer, loop_now(sup->loop) + ASK_NS)) {
		free(asked);
		return;
	}
	call->a = -1;
	sup->asked_n++;
}

static void bound(struct call *call, const struct sockaddr_storage *ss,
		  socklen_t len)
{
	bool v6only = option(call->a, IPPROTO_IPV6, IPV6_V6ONLY) == 1;

	if (port_of(ss))
		world_udp_bound(call->sup->world, (const struct sockaddr *)ss,
				len, v6only);
	else
		ask_later(call, v6only);
}

void udp_call(struct call *call)
{
	const bool sends = call->nr == SYS_sendto;
	struct sockaddr_storage ss;
	const uint64_t at = call->args[sends ? 4 : 1];
	const uint64_t len = call->args[sends ? 5 : 2];

	if (call->sup->ask < 0 ||
	    (call->nr != SYS_bind && call->nr != SYS_connect && !sends))
		return;
	memset(&ss, 0, sizeof(ss));
	if (!at || copy_addr_in(call, at, len, &ss) < 0 ||
	    (ss.ss_family != AF_INET && ss.ss_family != AF_INET6) ||
	    !is_udp(call->a))
		return;
	if (call->nr == SYS_bind)
		bound(call, &ss, (socklen_t)len);
	else
		world_udp_wanted(call->sup->world, (struct sockaddr *)&ss,
				 (socklen_t)len);
}
