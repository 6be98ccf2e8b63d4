/* SPDX-License-Identifier: MIT */
/* Our side of an interface of a namespace: what comes out of it, and what goes
 * in. */
#ifndef RUN_NETNS_SIDE_H
#define RUN_NETNS_SIDE_H

#include "link/packet.h"
#include "link/tun.h"
#include "loop/loop.h"
#include "run/netns/netns.h"

struct netns_side {
	struct loop_watch watch;
	bool is_tun, readable;
	struct tun tun;
	struct packet_link packet;
	void (*wake)(void *ctx); /* there may be something to read */
	void *ctx;
};

/* Takes the link, wake and ctx being set.  0 or -errno. */
int netns_side_open(struct netns_side *side, struct loop *loop,
		    struct netns_link *link) CN_MUST_CHECK;
void netns_side_close(struct netns_side *side, struct loop *loop);
/* The next packet; false: none now. */
bool netns_side_read(struct netns_side *side, struct cn_pool *pool,
		     struct cn_frame *frame);
/* The frame stays the caller's; false: it was lost. */
bool netns_side_write(struct netns_side *side, const struct cn_frame *frame);

#endif
