/* SPDX-License-Identifier: MIT */
/* The supervisors that have joined a world.  See session.h. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/world/door.h"
#include "run/world/end.h"
#include "run/world/session_parts.h"

#define SESSIONS_MAX 4096

/* As the death of its programs would. */
static void cut_one(void *object, void *ctx)
{
	struct guest *guest = object;
	bool reset = guest_is_attached(guest) && end_cut(guest->sock->end);

	(void)ctx;
	guest_close(guest, reset);
}

/* The world ends: the supervisor, who finds its line cut, raises the reset. */
static void drop_one(void *object, void *ctx)
{
	(void)ctx;
	guest_close(object, true);
}

static void session_end(struct session *session, bool world_ends)
{
	loop_unwatch(session->all->config.loop, &session->watch);
	close(session->watch.fd);
	map_each(&session->guests, world_ends ? drop_one : cut_one, NULL);
	map_deinit(&session->guests);
	session_forget(session);
	session_own_end(session);
	session_twin_forget(session);
	list_del(&session->node);
	session->all->n--;
	free(session);
}

static void pass_on(const struct world_event *event)
{
	const struct guest *guest = event->tag;

	switch (event->kind) {
	case WORLD_CONNECTED:
		guest_tell(guest, TALK_CONNECTED, 0, 0);
		break;
	case WORLD_FAILED:
		guest_tell(guest, TALK_FAILED, event->err, 0);
		break;
	case WORLD_ACCEPTABLE:
		guest_tell(guest, TALK_ACCEPTABLE, (int)event->n, 0);
		break;
	case WORLD_ENDED:
		guest_tell(guest, TALK_ENDED, event->err,
			   (event->gone ? TALK_ENDED_GONE : 0) |
				   (event->reset ? TALK_ENDED_RESET : 0));
		break;
	}
}

/* What has happened comes before what is asked now. */
static void pass_all(struct sessions *sessions)
{
	struct world_event event;

	while (world_event(sessions->config.world, &event))
		pass_on(&event);
}

static void serve(struct session *session, struct talk *talk, int fd)
{
	pass_all(session->all);
	if (!session_world(session, talk, fd))
		session_call(session, talk, fd);
}

/* One at a time: what programs wrote and closed before a call comes before it,
 * and only the loop knows of that. */
static void line_ready(void *ctx, uint32_t events)
{
	struct session *session = ctx;
	struct talk talk;
	int fd, rc;

	if (events & EPOLLOUT)
		session_put_waiting(session);
	if (session->dead)
		return;
	rc = talk_recv(session->watch.fd, &talk, &fd, MSG_DONTWAIT);
	if (rc == -EPROTO)
		session_refuse(session);
	else if (rc > 0)
		serve(session, &talk, fd);
	else if (rc != -EAGAIN)
		session_give_up(session);
}

static struct session *session_new(struct sessions *all, int fd, int pid)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->all = all;
	session->pid = pid;
	session_own_begin(session);
	map_init(&session->guests, all->config.world->pool);
	list_init(&session->out);
	session->watch = (struct loop_watch){
		.ready = line_ready, .ctx = session, .fd = fd};
	/* What the programs wrote and closed before a call comes before it. */
	session->watch.last = true;
	if (loop_watch(all->config.loop, &session->watch, EPOLLIN)) {
		map_deinit(&session->guests);
		free(session);
		return NULL;
	}
	list_add_tail(&all->list, &session->node);
	all->n++;
	return session;
}

static void knocked(void *ctx, uint32_t events)
{
	struct sessions *all = ctx;
	int fd = rest_accept(&all->rest);
	int pid = 0;

	(void)events;
	if (fd < 0)
		return;
	if (!door_admits(fd, &pid) || all->n >= SESSIONS_MAX) {
		all->refused++;
		close(fd);
	} else if (!session_new(all, fd, pid)) {
		close(fd);
	}
}

struct sessions *sessions_new(const struct sessions_config *config)
{
	struct sessions *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->config = *config;
	list_init(&all->list);
	all->watch = (struct loop_watch){
		.ready = knocked, .ctx = all, .fd = config->fd};
	rest_init(&all->rest, config->loop, &all->watch);
	if (loop_watch(config->loop, &all->watch, EPOLLIN)) {
		free(all);
		return NULL;
	}
	return all;
}

void sessions_free(struct sessions *sessions)
{
	struct list *node;

	if (!sessions)
		return;
	while ((node = list_first(&sessions->list)))
		session_end(CN_CONTAINER(node, struct session, node), true);
	rest_end(&sessions->rest);
	loop_unwatch(sessions->config.loop, &sessions->watch);
	free(sessions);
}

static void end_dead(struct sessions *sessions)
{
	struct list *node = sessions->list.next, *next;

	sessions->any_dead = false;
	for (; node != &sessions->list; node = next) {
		struct session *session =
			CN_CONTAINER(node, struct session, node);

		next = node->next;
		if (session->dead)
			session_end(session, false);
	}
}

void sessions_serve(struct sessions *sessions)
{
	for (;;) {
		pass_all(sessions);
		if (!sessions->any_dead)
			break;
		end_dead(sessions);
	}
}

bool sessions_are_over(const struct sessions *sessions)
{
	return sessions->over;
}

uint64_t sessions_refused(const struct sessions *sessions)
{
	return sessions->refused;
}

bool session_of(const struct wsock *sock, struct session_who *who)
{
	const struct guest *guest = sock->tag;

	if (!guest || sock->closed)
		return false;
	who->pid = guest->session->pid;
	who->parent = guest->session->parent;
	who->program = guest->session->program;
	return true;
}
