/* SPDX-License-Identifier: MIT */
/* What is told to supervisors, and the numbers of their sockets. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "run/world/session_parts.h"

/* What a supervisor may leave unread, in messages, before it is given up. */
#define UNREAD_MAX 65536

/* A message that waits for room. */
struct waiting {
	struct list node;
	struct talk *talk; /* as much of it as there is */
};

/* ---------------------------------------------------------------- telling */

void session_give_up(struct session *session)
{
	session->dead = true;
	session->all->any_dead = true;
}

/* It has said what nobody says. */
void session_refuse(struct session *session)
{
	session->all->refused++;
	session_give_up(session);
}

static void wait_for_room(struct session *session, const struct talk *talk)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting));

	if (waiting)
		waiting->talk = malloc(TALK_HEAD + talk->len);
	if (!waiting || !waiting->talk || session->out_n == UNREAD_MAX) {
		if (waiting)
			free(waiting->talk);
		free(waiting);
		session_give_up(session);
		return;
	}
	memcpy(waiting->talk, talk, TALK_HEAD + talk->len);
	list_add_tail(&session->out, &waiting->node);
	if (!session->out_n++ &&
	    loop_watch(session->all->config.loop, &session->watch,
		       EPOLLIN | EPOLLOUT))
		session_give_up(session);
}

/* A descriptor does not wait for room: who asks for one has read all that was
 * told before. */
static void session_put(struct session *session, const struct talk *talk,
			int fd)
{
	int rc;

	if (session->dead)
		return;
	rc = session->out_n ?
		     -EAGAIN :
		     talk_send(session->watch.fd, talk, fd, MSG_DONTWAIT);
	if (rc == -EAGAIN && fd < 0)
		wait_for_room(session, talk);
	else if (rc)
		session_give_up(session);
}

void session_put_waiting(struct session *session)
{
	struct list *node;

	while (!session->dead && (node = list_first(&session->out))) {
		struct waiting *waiting =
			CN_CONTAINER(node, struct waiting, node);
		int rc = talk_send(session->watch.fd, waiting->talk, -1,
				   MSG_DONTWAIT);

		if (rc == -EAGAIN)
			return;
		if (rc)
			session_give_up(session);
		list_del(node);
		free(waiting->talk);
		free(waiting);
		session->out_n--;
	}
	if (!session->dead &&
	    loop_watch(session->all->config.loop, &session->watch, EPOLLIN))
		session_give_up(session);
}

void session_answer_fd(struct session *session, struct talk *talk, int result,
		       int fd)
{
	if (!talk->serial) {
		session_refuse(session); /* who does not wait has not asked */
		return;
	}
	talk->kind = TALK_ANSWER;
	talk->result = result;
	session_put(session, talk, fd);
}

void session_answer(struct session *session, struct talk *talk, int result)
{
	session_answer_fd(session, talk, result, -1);
}

void session_answer_long(struct session *session, struct talk *talk, int result,
			 const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t at = 0;

	do {
		size_t n = len - at < TALK_DATA ? len - at : TALK_DATA;

		memcpy(talk->data, p + at, n);
		talk->len = (uint32_t)n;
		at += n;
		talk->extra = at < len;
		session_answer(session, talk, result);
	} while (at < len);
}

void session_answer_bare(struct session *session, struct talk *talk, int result)
{
	talk->len = 0;
	session_answer(session, talk, result);
}

void guest_tell(const struct guest *guest, enum talk_kind kind, int extra,
		int result)
{
	struct talk talk;

	memset(&talk, 0, TALK_HEAD);
	talk.kind = kind;
	talk.sock = guest->number;
	talk.extra = extra;
	talk.result = result;
	session_put(guest->session, &talk, -1);
}

void session_forget(struct session *session)
{
	struct list *node;

	while ((node = list_first(&session->out))) {
		struct waiting *waiting =
			CN_CONTAINER(node, struct waiting, node);

		list_del(node);
		free(waiting->talk);
		free(waiting);
	}
}

/* ----------------------------------------------------------------- guests */

static uint32_t hash_of(uint64_t number)
{
	return (uint32_t)((number * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static bool is_number(const void *object, const void *key)
{
	const struct guest *guest = object;

	return guest->number == *(const uint64_t *)key;
}

struct guest *guest_find(const struct session *session, uint64_t number)
{
	return map_find(&session->guests, hash_of(number), is_number, &number);
}

struct guest *guest_new(struct session *session, uint64_t number)
{
	struct guest *guest;

	if (guest_find(session, number))
		return NULL;
	guest = calloc(1, sizeof(*guest));
	if (!guest)
		return NULL;
	guest->session = session;
	guest->number = number;
	if (map_insert(&session->guests, hash_of(number), guest) != CN_OK) {
		free(guest);
		return NULL;
	}
	return guest;
}

void guest_free(struct guest *guest)
{
	(void)map_remove(&guest->session->guests, hash_of(guest->number),
			 guest);
	free(guest);
}

bool guest_is_attached(const struct guest *guest)
{
	return guest->sock && guest->sock->phase == WSOCK_RELAY &&
	       guest->sock->end;
}
