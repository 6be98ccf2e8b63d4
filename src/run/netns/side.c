/* SPDX-License-Identifier: MIT */
/* A TUN, or a packet socket at the other end of a pair.  See side.h. */
#include "run/netns/side.h"

#include <errno.h>
#include <sys/epoll.h>

/* Packets of other kinds in one turn. */
#define SKIP_MAX 64

static void ready(void *ctx, uint32_t events)
{
	struct netns_side *side = ctx;

	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		side->readable = true;
	side->wake(side->ctx);
}

int netns_side_open(struct netns_side *side, struct loop *loop,
		    struct netns_link *link)
{
	int rc = 0;

	side->is_tun = link->index == 0;
	side->readable = false;
	side->watch = (struct loop_watch){
		.fd = link->fd, .ready = ready, .ctx = side};
	if (side->is_tun)
		tun_adopt(&side->tun, link->fd, 0);
	else if (packet_init(&side->packet, link->fd, link->index, netns_mac))
		rc = -ENOMEM;
	link->fd = -1;
	if (!rc)
		rc = loop_watch(loop, &side->watch, EPOLLIN | EPOLLET);
	if (rc)
		netns_side_close(side, loop);
	return rc;
}

void netns_side_close(struct netns_side *side, struct loop *loop)
{
	loop_unwatch(loop, &side->watch);
	if (side->is_tun)
		tun_close(&side->tun);
	else
		packet_close(&side->packet);
}

/* What is no IP packet is passed over, but only so much of it in one turn: who
 * sends nothing else does not hold up the others. */
static int read_packet(struct netns_side *side, struct cn_pool *pool,
		       struct cn_frame *frame)
{
	int rc = CN_E_INVAL;

	for (int i = 0; i < SKIP_MAX && rc == CN_E_INVAL; i++)
		rc = packet_read(&side->packet, pool, frame);
	return rc;
}

bool netns_side_read(struct netns_side *side, struct cn_pool *pool,
		     struct cn_frame *frame)
{
	int rc;

	if (!side->readable)
		return false;
	rc = side->is_tun ? tun_read(&side->tun, pool, frame) :
			    read_packet(side, pool, frame);
	side->readable = !rc || rc == CN_E_INVAL;
	if (rc == CN_E_INVAL)
		side->wake(side->ctx);
	return !rc;
}

bool netns_side_write(struct netns_side *side, const struct cn_frame *frame)
{
	return !(side->is_tun ? tun_write(&side->tun, frame) :
				packet_write(&side->packet, frame));
}
