/* SPDX-License-Identifier: MIT */
/*
 * The line to a world that another process keeps: questions with their answers,
 * and what the world tells meanwhile, which waits here until it is asked for.
 * When the line is cut every socket is told so.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "run/world/far_parts.h"

/* A world that hangs: how often in a second it is looked whether we are told to
 * end, and how often before it is no more waited for. */
#define HANG_EACH 4
#define HANG_TIMES (3 * HANG_EACH)

/* The kernel's. */
#define ERRNO_MAX 4095

/* An event that waits. */
struct told {
	struct list node;
	struct talk talk; /* without data */
};

static void keep(struct far *far, const struct talk *talk)
{
	struct told *told = calloc(1, sizeof(*told));

	/* Without memory it is as if the world were gone: nothing may be
	 * missed. */
	if (!told) {
		far->over = true;
		return;
	}
	memcpy(&told->talk, talk, offsetof(struct talk, data));
	list_add_tail(&far->told, &told->node);
}

void far_tell(struct far *far, uint64_t number, enum talk_kind kind, int extra,
	      int result)
{
	const struct talk talk = {
		.kind = kind,
		.sock = number,
		.extra = extra,
		.result = result,
	};

	keep(far, &talk);
}

bool far_next_told(struct far *far, struct talk *talk)
{
	struct list *node = list_first(&far->told);
	struct told *told;

	if (!node)
		return false;
	told = CN_CONTAINER(node, struct told, node);
	memcpy(talk, &told->talk, offsetof(struct talk, data));
	list_del(node);
	free(told);
	return true;
}

void far_one_fewer(struct far *far, uint64_t number)
{
	struct list *node;

	for (node = far->told.next; node != &far->told; node = node->next) {
		struct talk *talk =
			&CN_CONTAINER(node, struct told, node)->talk;

		if (talk->sock == number && talk->kind == TALK_ACCEPTABLE &&
		    talk->extra > 0)
			talk->extra--;
	}
}

void far_forget_told(struct far *far, uint64_t number)
{
	struct list *node = far->told.next, *next;

	for (; node != &far->told; node = next) {
		struct told *told = CN_CONTAINER(node, struct told, node);

		next = node->next;
		if (told->talk.sock != number)
			continue;
		list_del(node);
		free(told);
	}
}

void far_cut(struct far *far)
{
	if (far->over)
		return;
	far->over = true;
	loop_unwatch(far->loop, &far->watch);
	if (!far->ends)
		fprintf(stderr,
			"catenet: the world %s %s; connections in it are "
			"reset\n",
			far->name,
			far->hangs ? "does not answer" : "has ended");
	map_each(&far->socks, far_cut_sock, far);
}

/* All signals are blocked (run.c), and are taken between two rounds of the
 * loop. */
static bool is_told_to_end(const struct far *far)
{
	const bool no_program = !far->watch.on || far->ends;
	sigset_t set;

	if (sigpending(&set))
		return false;
	if (sigismember(&set, SIGTERM) == 1)
		return true;
	return (no_program || sigismember(&set, SIGCHLD) == 1) &&
	       (sigismember(&set, SIGINT) == 1 ||
		sigismember(&set, SIGQUIT) == 1 ||
		sigismember(&set, SIGHUP) == 1);
}

/* A world answers at once.  One that hangs is waited for, as a kernel would be,
 * but not by who is told to end. */
static bool goes_on_waiting(struct far *far, unsigned *times)
{
	far->hangs = is_told_to_end(far) && ++*times == HANG_TIMES;
	return !far->hangs;
}

/* Sends it, and waits for room.  False: it did not go. */
static bool put(struct far *far, const struct talk *talk, int pass)
{
	unsigned times = 0;
	int rc;

	do {
		rc = talk_send(far->watch.fd, talk, pass, 0);
	} while (rc == -EAGAIN && goes_on_waiting(far, &times));
	if (rc)
		far_cut(far);
	return !rc;
}

static int take(struct far *far, struct talk *talk, int *got)
{
	unsigned times = 0;
	int rc;

	do {
		rc = talk_recv(far->watch.fd, talk, got, 0);
	} while (rc == -EAGAIN && goes_on_waiting(far, &times));
	return rc;
}

/* One message that is no answer; none of them bears a descriptor. */
static void hear(struct far *far, const struct talk *talk, int fd)
{
	if (fd >= 0)
		close(fd);
	switch (talk->kind) {
	case TALK_CONNECTED:
	case TALK_FAILED:
	case TALK_ACCEPTABLE:
	case TALK_ENDED:
	case TALK_HELD:
		keep(far, talk);
		break;
	default:
		break;
	}
}

static void line_ready(void *ctx, uint32_t events)
{
	struct far *far = ctx;
	struct talk talk;
	int rc = -EPROTO, fd;

	(void)events;
	while (!far->over &&
	       (rc = talk_recv(far->watch.fd, &talk, &fd, MSG_DONTWAIT)) > 0)
		hear(far, &talk, fd);
	if (!far->over && rc != -EAGAIN)
		far_cut(far);
}

/* An answer to the question with that number; events meanwhile are kept.  What
 * is neither an error nor one of the few successes that there are is no answer:
 * it would be the program's. */
static int await(struct far *far, uint32_t serial, struct talk *talk, int *got)
{
	int rc;

	do {
		rc = take(far, talk, got);
		if (rc <= 0)
			break;
		if (talk->kind == TALK_ANSWER && talk->serial == serial) {
			if (talk->result <= 1 && talk->result >= -ERRNO_MAX)
				return talk->result;
			break;
		}
		hear(far, talk, *got);
		*got = -1;
	} while (!far->over);
	if (*got >= 0)
		close(*got);
	*got = -1;
	far_cut(far);
	return -ENETDOWN;
}

int far_ask(struct far *far, struct talk *talk, int pass, int *got)
{
	const uint32_t serial = ++far->serial ? far->serial : ++far->serial;

	*got = -1;
	if (far->over)
		return -ENETDOWN;
	talk->serial = serial;
	return put(far, talk, pass) ? await(far, serial, talk, got) : -ENETDOWN;
}

int far_hear(struct far *far, struct talk *talk, int *got)
{
	*got = -1;
	return far->over ? -ENETDOWN : await(far, far->serial, talk, got);
}

int far_ask_alone(struct far *far, struct talk *talk, int pass)
{
	int got, rc = far_ask(far, talk, pass, &got);

	if (got >= 0)
		close(got);
	if (rc <= 0)
		return rc;
	far_cut(far);
	return -ENETDOWN;
}

void far_say(struct far *far, const struct talk *talk, int pass)
{
	if (!far->over)
		(void)put(far, talk, pass);
}

void far_line_open(struct far *far, int fd)
{
	const struct timeval hang = {.tv_usec = 1000000 / HANG_EACH};

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &hang, sizeof(hang));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &hang, sizeof(hang));
	list_init(&far->told);
	far->watch =
		(struct loop_watch){.ready = line_ready, .ctx = far, .fd = fd};
}

int far_line_watch(struct far *far)
{
	return loop_watch(far->loop, &far->watch, EPOLLIN);
}

void far_line_close(struct far *far)
{
	struct talk talk;

	loop_unwatch(far->loop, &far->watch);
	close(far->watch.fd);
	while (far_next_told(far, &talk))
		;
}
