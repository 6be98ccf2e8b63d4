/* SPDX-License-Identifier: MIT */
/*
 * The supervisors that have joined a world: for each of them, this side calls
 * world.h as it asks (talk.h), and passes on what the world tells.
 *
 * A supervisor is not trusted further than its user is: what is no question,
 * or out of turn, ends its session and is counted.  When a session ends, its
 * sockets are closed as the programs' death would close them.
 */
#ifndef RUN_WORLD_SESSION_H
#define RUN_WORLD_SESSION_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct sessions;
struct world;
struct wsock;

struct sessions_config {
	struct loop *loop;
	struct world *world;
	int fd; /* listens (door.h); it stays the caller's */
	const char *name;
};

/* Who has a socket. */
struct session_who {
	long pid, parent; /* of the supervisor, and what started it */
	const char *program; /* harmless for a terminal */
};

/* NULL: out of memory or descriptors. */
struct sessions *sessions_new(const struct sessions_config *config);
void sessions_free(struct sessions *sessions);
/* Passes on what the world has to tell; after each round of the loop. */
void sessions_serve(struct sessions *sessions);
/* Somebody has asked the world to end. */
bool sessions_are_over(const struct sessions *sessions);
/* Messages and descriptors that were refused. */
uint64_t sessions_refused(const struct sessions *sessions);
/* False: nobody's any more. */
bool session_of(const struct wsock *sock, struct session_who *who);

#endif
