/* SPDX-License-Identifier: MIT */
/*
 * A real interface in place of the gateway: frames of the program's host go
 * up the path and out of a TUN, and the other way round.  The impairments
 * stay.
 */
#include "run/world/tun.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "link/netlink.h"
#include "link/tun.h"
#include "run/world/parts.h"

#define TURN 64

struct wtun {
	struct world *world;
	struct tun tun;
	struct loop_watch watch;
	bool readable, writable;
	/* Refused by the interface for the moment. */
	struct cn_frame held;
	bool holds;
};

static void tun_ready(void *ctx, uint32_t events)
{
	struct wtun *wtun = ctx;

	if (events & EPOLLIN)
		wtun->readable = true;
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		wtun->writable = true;
	world_touch(wtun->world);
}

/* Brings it up, with the way to the host's address through it. */
static int configure(struct world *world, struct wtun *wtun)
{
	const struct world_options *opt = world->options;
	bool v4 = cn_addr_is_v4(&opt->tun_addr);
	struct netlink netlink;
	int rc = netlink_open(&netlink);

	if (!rc)
		rc = netlink_up(&netlink, wtun->tun.name, opt->mtu);
	if (!rc && !cn_addr_is_any(&opt->tun_via))
		rc = netlink_addr_add(&netlink, wtun->tun.name, &opt->tun_via,
				      opt->tun_prefix);
	if (!rc && cn_addr_is_any(&opt->tun_via))
		rc = netlink_route_add(&netlink, wtun->tun.name, &opt->tun_addr,
				       v4 ? 32 : 128, NULL);
	if (rc)
		fprintf(stderr, "catenet: --tun: %s\n", netlink.error);
	netlink_close(&netlink);
	return rc;
}

int wtun_open(struct world *world)
{
	char error[TUN_ERROR] = "";
	struct wtun *wtun = calloc(1, sizeof(*wtun));
	int rc;

	if (!wtun)
		return -1;
	wtun->world = world;
	rc = tun_open(&wtun->tun, world->options->tun, 0, error);
	if (rc) {
		fprintf(stderr, "catenet: --tun: %s\n", error);
		free(wtun);
		return rc;
	}
	world->tun = wtun;
	wtun->watch.fd = wtun->tun.fd;
	wtun->watch.ready = tun_ready;
	wtun->watch.ctx = wtun;
	wtun->writable = true;
	rc = loop_watch(world->loop, &wtun->watch,
			EPOLLIN | EPOLLOUT | EPOLLET);
	return rc ? rc : configure(world, wtun);
}

int wtun_address(struct world *world)
{
	const struct world_options *opt = world->options;

	return cn_host_addr_add(world->program, world->program_path,
				&opt->tun_addr, opt->tun_prefix);
}

static bool read_some(struct wtun *wtun, uint64_t now)
{
	struct world *world = wtun->world;
	struct cn_frame frame;
	int n = 0;

	while (n < TURN && wtun->readable) {
		if (tun_read(&wtun->tun, world->pool, &frame)) {
			wtun->readable = false;
			break;
		}
		lane_send(&world->down, &frame, now);
		n++;
	}
	return n > 0;
}

static bool write_some(struct wtun *wtun, uint64_t now)
{
	int n = 0;

	while (n < TURN && wtun->writable) {
		if (!wtun->holds &&
		    !lane_recv(&wtun->world->up, &wtun->held, now))
			break;
		wtun->holds = true;
		if (tun_write(&wtun->tun, &wtun->held) == CN_E_AGAIN) {
			wtun->writable = false;
			break;
		}
		cn_frame_release(&wtun->held);
		wtun->holds = false;
		n++;
	}
	return n > 0;
}

bool wtun_move(struct world *world, uint64_t now)
{
	bool read = read_some(world->tun, now);
	bool written = write_some(world->tun, now);

	return read || written;
}

bool wtun_is_blocked(const struct world *world)
{
	return world->tun && !world->tun->writable;
}

void wtun_close(struct world *world)
{
	struct wtun *wtun = world->tun;

	if (!wtun)
		return;
	if (wtun->holds)
		cn_frame_release(&wtun->held);
	loop_unwatch(world->loop, &wtun->watch);
	tun_close(&wtun->tun);
	free(wtun);
	world->tun = NULL;
}
