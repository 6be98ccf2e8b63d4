/* SPDX-License-Identifier: MIT */
/*
 * One host on one TUN interface under the real clock: frames both ways in
 * turns, the host's deadline as a timer of the loop, events to the owner.
 *
 * A turn is short: what has been read is given to the program, and what the
 * program wrote leaves, before more is read.  So few buffers are in use at a
 * time and they stay in the cache, and acknowledgements are taken before a
 * window is burst into the interface.
 */
#ifndef LOOP_PUMP_H
#define LOOP_PUMP_H

#include <catenet/host.h>

#include "link/tun.h"
#include "loop/loop.h"

/* A round trip to a program on another core of this machine, and some. */
#define PUMP_BUSY_POLL_NS (50 * CN_NS_PER_US)

struct pump {
	/* The owner's, to be set before pump_begin; they outlive it. */
	struct loop *loop;
	struct cn_host *host;
	struct cn_pool *pool;
	struct tun *tun;
	int link; /* of the host */
	/*
	 * How long to look for the next frame after the last one before
	 * sleeping, ns; 0: sleeps at once.  It takes a whole core while frames
	 * come so close together, and spares each of them the wake-up; where
	 * they come further apart, or there is one core only, nobody looks.
	 */
	uint64_t busy_poll_ns;
	/* Takes the events of the host until there is none; true: there were
	 * some.  May call anything of the host's sockets. */
	bool (*events)(void *ctx, uint64_t now);
	void *ctx;

	/* The pump's. */
	struct loop_watch watch;
	struct loop_timer timer;
	struct cn_frame held; /* refused by the interface for the moment */
	bool holds, readable, writable, pumping;
	bool gone; /* the interface was removed; the owner may ask */
	uint8_t batch; /* frames to read before the program sees them */
	uint8_t missed; /* times in a row that looking found nothing */
	uint64_t moved_at; /* last time that a frame or an event was there */
};

/* 0 or -errno. */
int pump_begin(struct pump *pump) CN_MUST_CHECK;
/* Lets go of the loop and of frames; harmless before pump_begin on one
 * that is all zero. */
void pump_end(struct pump *pump);
/* To be called after sockets of the host were used outside of events(). */
void pump_work(struct pump *pump);

#endif
