/* SPDX-License-Identifier: MIT */
/*
 * Two ends of a byte stream joined: a socket of the engine, and a descriptor
 * that is the program's (struct end) or the kernel's.  Octets are read into
 * the send slabs and written from the slices they arrived in.
 *
 * Back-pressure, half-close and reset pass both ways.  A relay never waits:
 * it runs when its descriptor has an edge (epoll, edge-triggered) or its
 * socket an event.
 */
#ifndef RUN_WORLD_RELAY_H
#define RUN_WORLD_RELAY_H

#include <catenet/socket.h>

#include "base/list.h"
#include "loop/loop.h"

struct end;

struct relay {
	struct loop *loop;
	struct list *due; /* relays that may have work; node is in it */
	struct list node;
	struct cn_sock *sock;
	struct end *end; /* the program's; NULL: watch.fd is the kernel's */
	struct loop_watch watch;
	struct loop_timer timer; /* for give_up_at */
	bool readable, writable; /* the descriptor, as far as is known */
	bool is_ending; /* it has said that its end or an error is to be read */
	bool has_urgent; /* the kernel's: an urgent octet has come, unread yet */
	bool in_over; /* the descriptor has given its last octet */
	bool out_over; /* the peer's FIN has been passed on */
	bool no_fin; /* the descriptor's end is not passed on */
	bool deaf; /* the program has shut both down: what comes resets */
	bool shared; /* others have copies of the descriptor */
	int err; /* positive errno that the connection died of ... */
	bool by_descriptor; /* ... as the descriptor said, not the socket */
	/* A reset waits for octets that came before it, until then; 0: none
	 * waits. */
	uint64_t give_up_at;
	uint64_t more_until; /* of octets_in: MSG_MORE was said of what is
				before */
	uint64_t octets_in, octets_out; /* from and to the descriptor */
};

enum relay_state {
	RELAY_ON,
	RELAY_BOTH, /* both directions have come to their end */
	RELAY_GONE, /* the program has closed its last descriptor, and all
		       that it wrote is in the socket */
	RELAY_DEAD, /* the connection died, err says of what */
};

/* 0 or a positive errno.  end or fd; it stays the caller's. */
int relay_start(struct relay *relay, struct loop *loop, struct list *due,
		struct cn_sock *sock, struct end *end, int fd);
/* Something happened to the socket or the descriptor. */
void relay_touch(struct relay *relay);
/* Moves what can be moved; *moved is set when anything was. */
enum relay_state relay_run(struct relay *relay, bool *moved, uint64_t now);
/* Forgets the descriptor, which is closed next (or has been) if closing.
 * Harmless on one that was never started. */
void relay_stop(struct relay *relay, bool closing);

#endif
