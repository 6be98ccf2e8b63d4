/* SPDX-License-Identifier: MIT */
/*
 * The parts of a world that another process keeps, for the files that make it
 * up:
 *
 *	far.c		joining it, looking at it, leaving it
 *	far_line.c	the line to it: questions, answers, and what it tells
 *	far_sock.c	its sockets, and what happens to them
 *	far_twin.c	the namespace of its host's programs
 *	far_own.c	what it publishes, and its summary
 */
#ifndef RUN_WORLD_FAR_PARTS_H
#define RUN_WORLD_FAR_PARTS_H

#include <stdio.h>

#include "base/list.h"
#include "base/map.h"
#include "loop/loop.h"
#include "run/world/door.h"
#include "run/world/onlooker.h"
#include "run/world/ops.h"
#include "run/world/talk.h"

struct far {
	struct world_face face;
	struct loop *loop;
	struct loop_watch watch;
	struct cn_pool *pool;
	struct map socks;
	struct list told; /* events that nobody has asked for yet */
	uint64_t numbers;
	uint32_t serial;
	bool over;
	bool hangs; /* and that is why */
	bool ends; /* there is no program any more */
	char name[DOOR_NAME_MAX];
	struct onlooker onlooker[3]; /* enum look_kind */
	bool looks[3];
	bool has_twin; /* the host's programs have a namespace already */
	char *hosts_file; /* of /etc/hosts, or NULL */
	FILE *summary; /* --summary, or NULL */
	bool for_people; /* who want one on the screen */
};

static inline struct far *far_of(struct world *world)
{
	return (struct far *)(void *)world;
}

extern const struct world_ops far_ops;

/* The line, with what its watch and its list of what was told need.  The watch
 * begins when the world has been joined. */
void far_line_open(struct far *far, int fd);
int far_line_watch(struct far *far);
void far_line_close(struct far *far);
/* It is no more: says so, once, and tells each socket. */
void far_cut(struct far *far);

/* Says it, with pass if it is not -1, and waits for the answer, which takes its
 * place; its result, or -ENETDOWN.  *got: the descriptor with the answer, or
 * -1. */
int far_ask(struct far *far, struct talk *talk, int pass, int *got);
/* The next answer to the same question. */
int far_hear(struct far *far, struct talk *talk, int *got);

/* The same question when no descriptor and no number comes with its answer:
 * 0, or -errno. */
int far_ask_alone(struct far *far, struct talk *talk, int pass);
/* What nobody answers. */
void far_say(struct far *far, const struct talk *talk, int pass);

/* An event of that socket, behind those that wait. */
void far_tell(struct far *far, uint64_t number, enum talk_kind kind, int extra,
	      int result);
/* The first that waits, without data.  False: none does. */
bool far_next_told(struct far *far, struct talk *talk);
/* One was taken from that listener: what waits was told before. */
void far_one_fewer(struct far *far, uint64_t number);
/* None of that socket waits any more. */
void far_forget_told(struct far *far, uint64_t number);

/* What the program sees when its network is no more: for map_each, with the
 * far. */
void far_cut_sock(void *object, void *ctx);
void far_free_socks(struct far *far);

/* All pieces of an answer, ended by an octet 0 more: how long it is, or
 * -errno. */
long far_ask_long(struct far *far, struct talk *talk, char **text);

/* Before joining: false: it was said why not. */
bool far_own_begin(struct far *far, const struct run_options *options);
/* After it. */
bool far_own_publish(struct far *far, const struct run_options *options);
/* The programs have ended. */
void far_own_end(struct far *far);

bool far_is_idle(struct world *world, uint64_t *octets);
void far_finish(struct world *world);
void far_free(struct world *world);
bool far_netns(struct world *world, struct netns_config *config);
bool far_shared(struct world *world, struct netns *ns);
int far_hold(struct world *world, struct netns *ns);
const char *far_hosts_file(struct world *world);

#endif
