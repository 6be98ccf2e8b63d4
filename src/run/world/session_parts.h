/* SPDX-License-Identifier: MIT */
/*
 * The parts of the world's side of its supervisors, for the files that make it
 * up:
 *
 *	session.c	who comes and goes
 *	session_line.c	what is told, and the numbers of sockets
 *	session_call.c	calls on sockets
 *	session_world.c	what is asked of the whole world
 *	session_twin.c	the namespace of a host's programs
 *	session_own.c	what it publishes, and its summary
 */
#ifndef RUN_WORLD_SESSION_PARTS_H
#define RUN_WORLD_SESSION_PARTS_H

#include "base/map.h"
#include "run/world/parts.h"
#include "run/world/rest.h"
#include "run/world/session.h"
#include "run/world/talk.h"
#include "run/world/udp_publish.h"

#define TALK_HEAD offsetof(struct talk, data)
#define PROGRAM_MAX 64
#define SESSION_PORTS 32

struct session {
	struct sessions *all;
	struct list node;
	struct loop_watch watch;
	const struct whost *on; /* NULL: has not joined */
	struct map guests;
	struct list out; /* what did not fit into its queue */
	unsigned out_n;
	bool dead; /* to be ended when nothing runs in it */
	int pid;
	long parent;
	char program[PROGRAM_MAX];
	struct wowner owner; /* of its sockets */
	struct tally tally;
	struct world_publish publish[SESSION_PORTS];
	struct udp_flow *udp[SESSION_PORTS][UDP_PUBLISH_FLOWS]; /* of those */
	struct netns *giving; /* as much of a namespace as has come, or NULL */
};

struct sessions {
	struct sessions_config config;
	struct loop_watch watch;
	struct rest rest;
	struct list list;
	unsigned n;
	uint64_t refused;
	bool over, any_dead;
};

/* A socket of a session: the world's tag. */
struct guest {
	struct session *session;
	uint64_t number;
	struct wsock *sock; /* NULL: it was lost */
};

/* ------------------------------------------------------ session_line.c -- */

/* It ends as soon as nothing runs in it. */
void session_give_up(struct session *session);
/* The same: it has said what nobody says. */
void session_refuse(struct session *session);
void session_answer(struct session *session, struct talk *talk, int result);
/* With a descriptor, which stays the caller's. */
void session_answer_fd(struct session *session, struct talk *talk, int result,
		       int fd);
/* All of len octets, in as many answers as it takes. */
void session_answer_long(struct session *session, struct talk *talk, int result,
			 const void *data, size_t len);
/* Without data. */
void session_answer_bare(struct session *session, struct talk *talk,
			 int result);
/* Its queue has room again. */
void session_put_waiting(struct session *session);
/* What waits for room is thrown away. */
void session_forget(struct session *session);
void guest_tell(const struct guest *guest, enum talk_kind kind, int extra,
		int result);

/* NULL: it has no such socket. */
struct guest *guest_find(const struct session *session, uint64_t number);
/* NULL: no memory, or it has that number already. */
struct guest *guest_new(struct session *session, uint64_t number);
void guest_free(struct guest *guest);
bool guest_is_attached(const struct guest *guest);

/* ------------------------------------------- session_call.c, session_world.c */

/* One message about a socket.  Takes fd. */
void session_call(struct session *session, struct talk *talk, int fd);
/* One about the whole world, or before joining.  False: it is none; else fd is
 * taken. */
bool session_world(struct session *session, struct talk *talk, int fd);
/* One about what is its own; takes fd. */
void session_own(struct session *session, struct talk *talk, int fd);
void session_own_begin(struct session *session);
/* Its sockets that live on are nobody's. */
void session_own_end(struct session *session);
/* One about the namespace of its host; takes fd. */
void session_twin(struct session *session, struct talk *talk, int fd);
void session_twin_forget(struct session *session);
void guest_close(struct guest *guest, bool reset);

#endif
