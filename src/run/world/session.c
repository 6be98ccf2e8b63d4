/* SPDX-License-Identifier: MIT */
/* The supervisors that have joined a world.  See session.h. */
#include "run/world/session.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/map.h"
#include "run/world/door.h"
#include "run/world/end.h"
#include "run/world/hosts.h"
#include "run/world/look.h"
#include "run/world/parts.h"
#include "run/world/talk.h"
#include "see/text.h"

#define HEAD offsetof(struct talk, data)
#define SESSIONS_MAX 4096
/* Messages of one supervisor before others have their turn. */
#define TURN 64
/* What a supervisor may leave unread, in messages, before it is given up. */
#define UNREAD_MAX 65536
#define PROGRAM_MAX 64

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
};

struct sessions {
	struct sessions_config config;
	struct loop_watch watch;
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

/* A message that waits for room. */
struct waiting {
	struct list node;
	struct talk *talk; /* as much of it as there is */
};

static uint32_t hash_of(uint64_t number)
{
	return (uint32_t)((number * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static bool is_number(const void *object, const void *key)
{
	const struct guest *guest = object;

	return guest->number == *(const uint64_t *)key;
}

static struct guest *find(const struct session *session, uint64_t number)
{
	return map_find(&session->guests, hash_of(number), is_number, &number);
}

/* ---------------------------------------------------------------- telling */

static void give_up(struct session *session)
{
	session->dead = true;
	session->all->any_dead = true;
}

/* It has said what nobody says. */
static void refuse(struct session *session)
{
	session->all->refused++;
	give_up(session);
}

static void wait_for_room(struct session *session, const struct talk *talk)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting));

	if (waiting)
		waiting->talk = malloc(HEAD + talk->len);
	if (!waiting || !waiting->talk || session->out_n == UNREAD_MAX) {
		if (waiting)
			free(waiting->talk);
		free(waiting);
		give_up(session);
		return;
	}
	memcpy(waiting->talk, talk, HEAD + talk->len);
	list_add_tail(&session->out, &waiting->node);
	if (!session->out_n++ &&
	    loop_watch(session->all->config.loop, &session->watch,
		       EPOLLIN | EPOLLOUT))
		give_up(session);
}

static void put(struct session *session, const struct talk *talk)
{
	int rc;

	if (session->dead)
		return;
	rc = session->out_n ?
		     -EAGAIN :
		     talk_send(session->watch.fd, talk, -1, MSG_DONTWAIT);
	if (rc == -EAGAIN)
		wait_for_room(session, talk);
	else if (rc)
		give_up(session);
}

static void put_waiting(struct session *session)
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
			give_up(session);
		list_del(node);
		free(waiting->talk);
		free(waiting);
		session->out_n--;
	}
	if (!session->dead &&
	    loop_watch(session->all->config.loop, &session->watch, EPOLLIN))
		give_up(session);
}

static void answer(struct session *session, struct talk *talk, int result)
{
	if (!talk->serial) {
		refuse(session); /* who does not wait has not asked */
		return;
	}
	talk->kind = TALK_ANSWER;
	talk->result = result;
	put(session, talk);
}

static void answer_bare(struct session *session, struct talk *talk, int result)
{
	talk->len = 0;
	answer(session, talk, result);
}

static void tell(const struct guest *guest, enum talk_kind kind, int extra,
		 int result)
{
	struct talk talk;

	memset(&talk, 0, HEAD);
	talk.kind = kind;
	talk.sock = guest->number;
	talk.extra = extra;
	talk.result = result;
	put(guest->session, &talk);
}

/* ----------------------------------------------------------------- guests */

static struct guest *guest_new(struct session *session, uint64_t number)
{
	struct guest *guest;

	if (find(session, number))
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

static void guest_free(struct guest *guest)
{
	(void)map_remove(&guest->session->guests, hash_of(guest->number),
			 guest);
	free(guest);
}

static bool is_attached(const struct guest *guest)
{
	return guest->sock && guest->sock->phase == WSOCK_RELAY &&
	       guest->sock->end;
}

/* Nobody can say whether the program holds it yet: it is asked. */
static bool ask_held(void *ctx)
{
	tell(ctx, TALK_HELD, 0, 0);
	return true;
}

/* ------------------------------------------------------------- the calls -- */

static void do_socket(struct session *session, struct talk *talk)
{
	struct guest *guest;
	int rc;

	if ((talk->extra != AF_INET && talk->extra != AF_INET6) ||
	    find(session, talk->sock)) {
		refuse(session);
		return;
	}
	guest = guest_new(session, talk->sock);
	rc = guest ? wsock_open(session->all->config.world, session->on,
				talk->extra, guest, &guest->sock) :
		     -ENOMEM;
	if (guest && rc)
		guest_free(guest);
	answer_bare(session, talk, rc);
}

static void do_bind(struct guest *guest, struct talk *talk)
{
	struct sockaddr_storage addr = {0};

	if (talk->len > sizeof(addr)) {
		refuse(guest->session);
		return;
	}
	memcpy(&addr, talk->data, talk->len);
	answer_bare(guest->session, talk,
		    world_bind(guest->sock, (struct sockaddr *)&addr, talk->len,
			       talk->extra == 1));
}

static void do_connect(struct guest *guest, struct talk *talk)
{
	struct sockaddr_storage addr = {0};
	int rc;

	if (talk->len > sizeof(addr) || talk->len < sizeof(addr.ss_family)) {
		refuse(guest->session);
		return;
	}
	memcpy(&addr, talk->data, talk->len);
	rc = addr.ss_family == AF_UNSPEC ?
		     -EINVAL :
		     world_connect(guest->sock, (struct sockaddr *)&addr,
				   talk->len);
	talk->extra = rc == -EINPROGRESS && world_is_connected(guest->sock);
	answer_bare(guest->session, talk, rc);
}

static void do_accept(struct guest *listener, struct talk *talk)
{
	struct session *session = listener->session;
	struct guest *guest;
	int rc;

	if (find(session, talk->number)) {
		refuse(session);
		return;
	}
	guest = guest_new(session, talk->number);
	rc = guest ? world_accept(listener->sock, guest, &guest->sock) :
		     -ENOMEM;
	if (guest && rc)
		guest_free(guest);
	answer_bare(session, talk, rc);
}

static void do_name(const struct guest *guest, struct talk *talk)
{
	struct sockaddr_storage addr = {0};
	socklen_t len = sizeof(struct sockaddr_in6);
	int rc =
		talk->kind == TALK_NAME ?
			world_name(guest->sock, (struct sockaddr *)&addr,
				   &len) :
			world_peer(guest->sock, (struct sockaddr *)&addr, &len);

	talk->len = rc ? 0 : len;
	memcpy(talk->data, &addr, talk->len);
	answer(guest->session, talk, rc);
}

static void do_get(const struct guest *guest, struct talk *talk)
{
	socklen_t len = TALK_DATA;
	int rc;

	if (talk->result >= 0 && talk->result < TALK_DATA)
		len = (socklen_t)talk->result;
	memset(talk->data, 0, len);
	rc = world_getsockopt(guest->sock, talk->extra, (int)talk->number,
			      talk->data, &len);
	talk->len = rc || len > TALK_DATA ? 0 : len;
	answer(guest->session, talk, rc);
}

static void do_shutdown(struct guest *guest, struct talk *talk, int fd)
{
	if (talk->extra < SHUT_RD || talk->extra > SHUT_RDWR) {
		refuse(guest->session);
		return;
	}
	answer_bare(guest->session, talk,
		    is_attached(guest) && fd < 0 ?
			    -EBADF :
			    world_shutdown(guest->sock, talk->extra, fd));
}

/* Without a descriptor of its own the world cannot carry it. */
static void lose(struct guest *guest)
{
	world_close(guest->sock, true);
	guest->sock = NULL;
	tell(guest, TALK_ENDED, ENFILE, TALK_ENDED_RESET);
}

static void do_attach(struct guest *guest, int fd)
{
	struct end *end;

	if (guest->sock->phase != WSOCK_CONNECTED) {
		if (fd >= 0)
			close(fd);
		refuse(guest->session);
		return;
	}
	if (fd < 0) {
		lose(guest);
		return;
	}
	end = end_adopt(fd);
	if (!end) {
		refuse(guest->session);
		return;
	}
	end->is_held = ask_held;
	end->ctx = guest;
	world_attach(guest->sock, end);
}

static void do_gone(const struct guest *guest)
{
	if (!is_attached(guest))
		return;
	end_let_go(guest->sock->end);
	relay_touch(&guest->sock->relay);
}

/* What may be asked of a socket, or said of it. */
static void about(struct guest *guest, struct talk *talk, int fd)
{
	struct session *session = guest->session;

	switch (talk->kind) {
	case TALK_BIND:
		do_bind(guest, talk);
		break;
	case TALK_LISTEN:
		answer_bare(session, talk,
			    world_listen(guest->sock, talk->extra));
		break;
	case TALK_CONNECT:
		do_connect(guest, talk);
		break;
	case TALK_ACCEPT:
		do_accept(guest, talk);
		break;
	case TALK_SHUTDOWN:
		do_shutdown(guest, talk, fd);
		break;
	case TALK_NAME:
	case TALK_PEER:
		do_name(guest, talk);
		break;
	case TALK_SET:
		answer_bare(session, talk,
			    world_setsockopt(guest->sock, talk->extra,
					     (int)talk->number, talk->data,
					     talk->len));
		break;
	case TALK_GET:
		do_get(guest, talk);
		break;
	case TALK_OUTQ:
		talk->number = world_outq(guest->sock);
		answer_bare(session, talk, 0);
		break;
	case TALK_UNSENT:
		talk->number = world_unsent(guest->sock);
		answer_bare(session, talk, 0);
		break;
	case TALK_INODE:
		world_set_inode(guest->sock, talk->number);
		break;
	case TALK_MORE:
		world_more(guest->sock);
		break;
	case TALK_GONE:
		do_gone(guest);
		break;
	default:
		refuse(session);
		break;
	}
}

static void do_close(struct guest *guest, bool reset)
{
	if (guest->sock)
		world_close(guest->sock, reset);
	guest_free(guest);
}

/* ---------------------------------------------------- the world as a whole */

static void do_join(struct session *session, struct talk *talk)
{
	const struct world *world = session->all->config.world;
	char text[TALK_DATA];
	const char *host, *program;

	if (session->on || !talk_is_text(talk)) {
		refuse(session);
		return;
	}
	if (talk->extra != TALK_VERSION) {
		talk_text(talk, "that world is kept by another version of "
				"catenet");
		answer(session, talk, -EPROTO);
		return;
	}
	host = (const char *)talk->data;
	program = memchr(talk->data, 0, talk->len - 1);
	program = program ? program + 1 : "?";
	if (strrchr(program, '/'))
		program = strrchr(program, '/') + 1;
	text_escape(program, session->program, sizeof(session->program));
	session->parent = (long)talk->number;
	session->on = hosts_find(world, host, text, sizeof(text));
	talk_text(talk, session->on ? session->on->name : text);
	answer(session, talk, session->on ? 0 : -ENOENT);
}

static void list_one(const struct session *session, FILE *out)
{
	if (session->on)
		fprintf(out, "program\t%s\t%d\t%s\n", session->on->name,
			session->pid, session->program);
}

static void list_lines(const struct sessions *all, FILE *out)
{
	fprintf(out, "world\t%s\t%ld\t%llu\n", all->config.name, (long)getpid(),
		all->refused + 0ull);
	hosts_list(all->config.world, out);
	for (const struct list *node = all->list.next; node != &all->list;
	     node = node->next)
		list_one(CN_CONTAINER(node, struct session, node), out);
}

/* In as many answers as it takes. */
static void do_list(struct session *session, struct talk *talk)
{
	const struct sessions *all = session->all;
	char *text = NULL;
	size_t len = 0, at = 0;
	FILE *out = open_memstream(&text, &len);

	if (out) {
		if (talk->extra == TALK_LIST_LINES)
			list_lines(all, out);
		else
			hosts_show(all->config.world, talk->extra, out);
	}
	if (!out || fclose(out)) {
		free(text);
		answer_bare(session, talk, -ENOMEM);
		return;
	}
	do {
		size_t n = len - at < TALK_DATA ? len - at : TALK_DATA;

		memcpy(talk->data, text + at, n);
		talk->len = (uint32_t)n;
		at += n;
		talk->extra = at < len;
		answer(session, talk, 0);
	} while (at < len);
	free(text);
}

static void do_change(struct session *session, struct talk *talk)
{
	char sentence[TALK_DATA];
	int rc;

	if (!talk_is_text(talk)) {
		refuse(session);
		return;
	}
	rc = hosts_change(session->all->config.world, (const char *)talk->data,
			  sentence, sizeof(sentence));
	talk_text(talk, sentence);
	answer(session, talk, -rc);
}

static void do_look(struct session *session, struct talk *talk, int fd)
{
	char sentence[TALK_DATA];
	struct look_ask ask;
	const char *wrong;

	if (fd < 0 || talk->len != sizeof(ask)) {
		if (fd >= 0)
			close(fd);
		refuse(session);
		return;
	}
	memcpy(&ask, talk->data, sizeof(ask));
	ask.place[sizeof(ask.place) - 1] = '\0';
	wrong = hosts_look(session->all->config.world, &ask, fd, sentence,
			   sizeof(sentence));
	talk_text(talk, wrong ? wrong : "");
	answer(session, talk, wrong ? -ENOENT : 0);
}

/* Of the whole world, or of a socket that is not there yet. */
static bool serve_world(struct session *session, struct talk *talk)
{
	switch (talk->kind) {
	case TALK_JOIN:
		do_join(session, talk);
		return true;
	case TALK_LIST:
		do_list(session, talk);
		return true;
	case TALK_BYE:
		answer_bare(session, talk, 0);
		return true;
	case TALK_STOP:
		session->all->over = true;
		answer_bare(session, talk, 0);
		return true;
	case TALK_CHANGE:
		do_change(session, talk);
		return true;
	default:
		break;
	}
	if (!session->on) {
		refuse(session);
		return true;
	}
	if (talk->kind != TALK_SOCKET)
		return false;
	do_socket(session, talk);
	return true;
}

static void serve(struct session *session, struct talk *talk, int fd)
{
	struct guest *guest;

	if (talk->kind == TALK_LOOK) {
		do_look(session, talk, fd);
		return;
	}
	if (fd >= 0 && talk->kind != TALK_ATTACH &&
	    talk->kind != TALK_SHUTDOWN) {
		refuse(session);
	} else if (!serve_world(session, talk)) {
		guest = find(session, talk->sock);
		if (!guest) {
			refuse(session);
		} else if (talk->kind == TALK_CLOSE) {
			do_close(guest, talk->extra != 0);
		} else if (!guest->sock) {
			if (talk->serial)
				answer_bare(session, talk, -ENOTCONN);
		} else if (talk->kind == TALK_ATTACH) {
			do_attach(guest, fd);
			fd = -1;
		} else {
			about(guest, talk, fd);
		}
	}
	if (fd >= 0)
		close(fd);
}

/* --------------------------------------------------------------- sessions */

/* As the death of its programs would. */
static void cut_one(void *object, void *ctx)
{
	struct guest *guest = object;
	bool reset = is_attached(guest) && end_cut(guest->sock->end);

	(void)ctx;
	do_close(guest, reset);
}

/* The world ends: the supervisor, who finds its line cut, raises the reset. */
static void drop_one(void *object, void *ctx)
{
	(void)ctx;
	do_close(object, true);
}

static void session_end(struct session *session, bool world_ends)
{
	struct list *node;

	loop_unwatch(session->all->config.loop, &session->watch);
	close(session->watch.fd);
	map_each(&session->guests, world_ends ? drop_one : cut_one, NULL);
	map_deinit(&session->guests);
	while ((node = list_first(&session->out))) {
		struct waiting *waiting =
			CN_CONTAINER(node, struct waiting, node);

		list_del(node);
		free(waiting->talk);
		free(waiting);
	}
	list_del(&session->node);
	session->all->n--;
	free(session);
}

static void line_ready(void *ctx, uint32_t events)
{
	struct session *session = ctx;
	struct talk talk;
	int fd, rc;

	if (events & EPOLLOUT)
		put_waiting(session);
	for (int i = 0; i < TURN && !session->dead; i++) {
		rc = talk_recv(session->watch.fd, &talk, &fd, MSG_DONTWAIT);
		if (rc == -EAGAIN)
			return;
		if (rc == -EPROTO)
			refuse(session);
		else if (rc <= 0)
			give_up(session);
		else
			serve(session, &talk, fd);
	}
}

static struct session *session_new(struct sessions *all, int fd, int pid)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->all = all;
	session->pid = pid;
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
	int fd = accept4(all->watch.fd, NULL, NULL,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);
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
	loop_unwatch(sessions->config.loop, &sessions->watch);
	free(sessions);
}

static void pass_on(const struct world_event *event)
{
	const struct guest *guest = event->tag;

	switch (event->kind) {
	case WORLD_CONNECTED:
		tell(guest, TALK_CONNECTED, 0, 0);
		break;
	case WORLD_FAILED:
		tell(guest, TALK_FAILED, event->err, 0);
		break;
	case WORLD_ACCEPTABLE:
		tell(guest, TALK_ACCEPTABLE, (int)event->n, 0);
		break;
	case WORLD_ENDED:
		tell(guest, TALK_ENDED, event->err,
		     (event->gone ? TALK_ENDED_GONE : 0) |
			     (event->reset ? TALK_ENDED_RESET : 0));
		break;
	}
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
	struct world_event event;

	for (;;) {
		while (world_event(sessions->config.world, &event))
			pass_on(&event);
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
