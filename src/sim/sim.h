/* SPDX-License-Identifier: MIT */
/*
 * A simulated world: hosts, wires between them and applications, under one
 * virtual clock.  Everything random comes from the run's seed, so that one
 * seed is one run, octet by octet.
 *
 * The world moves from instant to instant.  At each it delivers the frames
 * that are due, tells hosts the time, runs the applications that were woken,
 * and repeats until nothing more happens at that instant.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <catenet/host.h>
#include <catenet/link.h>

#include "base/list.h"
#include "base/random.h"
#include "base/wheel.h"

#define SIM_HOSTS 16
#define SIM_WIRES 32

struct sim;

/* An application: run is called when it was woken, by its timer, by an event
 * of a socket whose tag it is, or by another. */
struct sim_app {
	void (*run)(struct sim_app *app, uint64_t now);
	struct sim *sim;
	int host; /* the only one that it calls; -1: any */
	struct wheel_node timer;
	struct list woken;
};

/* What may watch a run; each may be NULL. */
struct sim_watch {
	/* Everything of this instant has happened. */
	void (*settled)(void *ctx, uint64_t now);
	bool looks_only; /* settled calls no host */
	/* A packet's fate on a wire; toward: the host (0: a, 1: b) that it is
	 * sent to.  With it, wires always carry single packets. */
	void (*packet)(void *ctx, int wire, int toward,
		       const struct cn_frame *frame, enum cn_fate fate,
		       uint64_t now);
	/* An event that is not READY. */
	void (*event)(void *ctx, int host, const struct cn_event *event);
	void *ctx;
};

/* A wire joins host a to host b by two paths. */
struct sim_wire {
	uint32_t mtu;
	bool tx_csum;
	bool rx_shared; /* small parts of large buffers are not copied */
	uint32_t tx_super;
	/* 0: mtu.  Less: somewhere on the way it is narrower, and a router
	 * there says so by ICMP, which travels as any packet. */
	uint32_t path_mtu[2]; /* toward a, toward b */
	bool ring; /* hosts wait while the queue is full, as with a device */
	struct cn_impair impair[2]; /* toward a, toward b */
	const char *drop[2];
};

struct sim *sim_new(struct cn_pool *pool, uint64_t seed, uint64_t start,
		    const struct sim_watch *watch);
/* Frees hosts (with their sockets) and wires. */
void sim_free(struct sim *sim);

/* Number of the host, or a negative error.  Seed and pool come from the run.
 */
int sim_host_add(struct sim *sim, const struct cn_settings *settings);
struct cn_host *sim_host(const struct sim *sim, int host);
/*
 * Number of the wire, or a negative error.  Host a gets 10.n.0.1/24 and
 * fd00:n::1/64, host b .2 and ::2, n being the wire's number.
 */
int sim_wire_add(struct sim *sim, int a, int b, const struct sim_wire *wire);
/* The address of that end (0: a, 1: b); family 4 or 6. */
struct cn_addr sim_addr(int wire, int end, int family);
void sim_wire_stats(const struct sim *sim, int wire, int toward,
		    struct cn_path_stats *stats);
/* Packets given to that wire by a router and not by the host. */
uint64_t sim_wire_routed(const struct sim *sim, int wire, int toward);
int sim_wire_set(struct sim *sim, int wire, int toward,
		 const struct cn_impair *impair) CN_MUST_CHECK;
/* The number of the wire's link on that host's side (0: a, 1: b). */
int sim_wire_link(const struct sim *sim, int wire, int end);

/* From now on packets longer than that vanish on their way, and nobody says so;
 * 0: none do.  Super-segments are not looked at. */
void sim_wire_swallow(struct sim *sim, int wire, int toward, uint32_t longer);

/* Gives a frame to a host, as if it came from that wire: an attacker's. */
void sim_inject(struct sim *sim, int wire, int toward,
		const struct cn_frame *frame);

void sim_app_init(struct sim *sim, struct sim_app *app,
		  void (*run)(struct sim_app *app, uint64_t now));
/* It calls this host alone, so that the others need not be asked. */
void sim_app_stays(struct sim_app *app, int host);
void sim_wake(struct sim_app *app);
void sim_wake_at(struct sim_app *app, uint64_t at);
void sim_app_deinit(struct sim_app *app);

uint64_t sim_now(const struct sim *sim);
/* A stream of the run; streams with different labels are unrelated. */
void sim_random(const struct sim *sim, struct random *random, uint64_t label);

enum sim_end {
	SIM_IDLE, /* nothing will ever happen again */
	SIM_UNTIL, /* the clock stands at until */
	SIM_STOPPED, /* by sim_stop */
	SIM_STUCK, /* a host's deadline does not move, or an instant does
		      not end */
};
enum sim_end sim_run(struct sim *sim, uint64_t until);
/* So long, though nothing may happen in it; false: stuck. */
bool sim_pass(struct sim *sim, uint64_t ns);
void sim_stop(struct sim *sim);

#endif
