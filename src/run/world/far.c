/* SPDX-License-Identifier: MIT */
/*
 * A world that another process keeps, as a supervisor sees it: each call of
 * world.h is a message (talk.h), and what the world tells meanwhile waits here
 * until world_event asks for it.
 *
 * Of each end that was handed over a copy stays here, though nothing is read
 * from it or written to it: when the world is no more, the program shall see
 * that its connection was cut, and not the end of a stream that somebody
 * finished.  Only who can look into the program can raise that (end_reset), so
 * the resets that the world finds necessary are raised here too.
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

#include <catenet/base.h>

#include "link/heap.h"
#include "run/run.h"
#include "run/world/end.h"
#include "run/world/far_parts.h"
#include "run/world/options.h"

/* A world that hangs: how often in a second it is looked whether we are told to
 * end, and how often before it is no more waited for. */
#define HANG_EACH 4
#define HANG_TIMES (3 * HANG_EACH)

/* The kernel's. */
#define ERRNO_MAX 4095

enum far_state { FAR_IDLE, FAR_CONNECTING, FAR_LISTENING, FAR_OTHER };

struct far_sock {
	struct world_face face;
	struct far *far;
	uint64_t number;
	void *tag;
	enum far_state state;
	bool is_up; /* connected, and nobody has been told yet */
	struct end *end; /* a copy */
	/* Accepted, and not attached: its peer.  0: it must be asked for. */
	struct sockaddr_storage peer;
	socklen_t peer_len;
};

/* An event that waits. */
struct told {
	struct list node;
	struct talk talk; /* without data */
};

static struct far_sock *sock_of(const struct wsock *sock)
{
	return (struct far_sock *)(uintptr_t)sock;
}

static uint32_t hash_of(uint64_t number)
{
	return (uint32_t)((number * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static bool is_number(const void *object, const void *key)
{
	const struct far_sock *sock = object;

	return sock->number == *(const uint64_t *)key;
}

static struct far_sock *find(struct far *far, uint64_t number)
{
	return map_find(&far->socks, hash_of(number), is_number, &number);
}

/* ------------------------------------------------------------ the line -- */

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

static void tell(struct far *far, const struct far_sock *sock,
		 enum talk_kind kind, int extra, int result)
{
	const struct talk talk = {
		.kind = kind,
		.sock = sock->number,
		.extra = extra,
		.result = result,
	};

	keep(far, &talk);
}

/* What the program sees when its network is no more. */
static void cut_one(void *object, void *ctx)
{
	struct far_sock *sock = object;
	struct far *far = ctx;

	if (sock->end)
		tell(far, sock, TALK_ENDED, ENETDOWN, TALK_ENDED_RESET);
	else if (sock->state == FAR_CONNECTING)
		tell(far, sock, TALK_FAILED, ENETDOWN, 0);
	else if (sock->state == FAR_LISTENING)
		tell(far, sock, TALK_ACCEPTABLE, 1, 0);
}

static void cut(struct far *far)
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
	map_each(&far->socks, cut_one, far);
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
		cut(far);
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
		cut(far);
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
	cut(far);
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

static int ask(struct far *far, struct talk *talk, int pass)
{
	int got, rc = far_ask(far, talk, pass, &got);

	if (got >= 0)
		close(got);
	if (rc <= 0)
		return rc;
	cut(far);
	return -ENETDOWN;
}

static void say_only(struct far *far, const struct talk *talk, int pass)
{
	if (!far->over)
		(void)put(far, talk, pass);
}

/* --------------------------------------------------------------- joining -- */

/* What a program asks to be seen of it is seen of its host. */
static int look(struct far *far, const struct look_ask *what, const char *name)
{
	struct onlooker *onlooker = &far->onlooker[what->kind];
	struct talk talk = {.kind = TALK_LOOK, .len = sizeof(*what)};
	int pass = onlooker_open(onlooker, far->loop, name), rc;

	if (pass < 0) {
		fprintf(stderr, "catenet: %s: %s\n", name ? name : "looking",
			strerror(-pass));
		return pass;
	}
	far->looks[what->kind] = true;
	memcpy(talk.data, what, sizeof(*what));
	rc = ask(far, &talk, pass);
	close(pass);
	if (rc)
		fprintf(stderr, "catenet: %s\n",
			!far->over && talk_is_text(&talk) ?
				(const char *)talk.data :
				"the world does not answer");
	return rc;
}

/* A capture on standard output is alone there, as in world.c. */
static int look_all(struct far *far, const struct world_options *opt,
		    const char *host)
{
	struct look_ask what = {
		.width = opt ? (uint16_t)opt->screen.width : 0,
		.lang = opt ? opt->screen.lang : 0,
		.colour = opt && opt->screen.colour,
		.ascii = opt && opt->screen.ascii,
	};
	int rc = 0;

	if (!opt)
		return 0;
	(void)snprintf(what.place, sizeof(what.place), "%.63s", host);
	what.kind = LOOK_LADDER;
	if (opt->explain)
		rc = look(far, &what, NULL);
	what.kind = LOOK_EVENTS;
	if (!rc && opt->events)
		rc = look(far, &what, opt->events);
	what.kind = LOOK_PCAPNG;
	if (!rc && opt->pcapng)
		rc = look(far, &what, opt->pcapng);
	if (!rc &&
	    ((opt->pcapng && !strcmp(opt->pcapng, "-")) ||
	     (opt->events && !strcmp(opt->events, "-"))) &&
	    dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		rc = -errno;
	return rc;
}

static int join(struct far *far, const struct run_options *options)
{
	struct talk talk = {.kind = TALK_JOIN, .extra = TALK_VERSION};
	const char *host = options->host ? options->host : "";
	const char *program = options->argv[0];
	int n = snprintf((char *)talk.data, sizeof(talk.data), "%s%c%s", host,
			 0, program);

	talk.number = (uint64_t)getppid();
	talk.result = far->summary || far->for_people;
	if (n < 0 || (size_t)n >= sizeof(talk.data))
		n = (int)sizeof(talk.data) - 1;
	talk.len = (uint32_t)n + 1;
	n = ask(far, &talk, -1);
	if (!n && talk_is_text(&talk))
		return look_all(far, options->path, (const char *)talk.data);
	if (far->over || !talk_is_text(&talk))
		fprintf(stderr, "catenet: %s does not answer as a world does\n",
			far->name);
	else
		fprintf(stderr, "catenet: %s\n", (const char *)talk.data);
	return n;
}

static const struct world_ops far_ops;

struct world *far_new(struct loop *loop, const struct run_options *options)
{
	const struct timeval hang = {.tv_usec = 1000000 / HANG_EACH};
	int fd = door_knock(options->world);
	struct far *far;

	if (fd < 0) {
		door_complain(options->world, -fd);
		return NULL;
	}
	far = calloc(1, sizeof(*far));
	if (!far) {
		close(fd);
		return NULL;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &hang, sizeof(hang));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &hang, sizeof(hang));
	far->face.ops = &far_ops;
	far->loop = loop;
	(void)snprintf(far->name, sizeof(far->name), "%s", options->world);
	list_init(&far->told);
	far->watch =
		(struct loop_watch){.ready = line_ready, .ctx = far, .fd = fd};
	far->pool = cn_pool_new(&heap_memory);
	if (far->pool)
		map_init(&far->socks, far->pool);
	if (!far->pool || !far_own_begin(far, options) || join(far, options) ||
	    !far_own_publish(far, options) ||
	    loop_watch(loop, &far->watch, EPOLLIN)) {
		world_free((struct world *)(void *)far);
		return NULL;
	}
	return (struct world *)(void *)far;
}

/* ---------------------------------------------------------------- events -- */

/* The world has found the connection dead: the program shall see it. */
static void drop_end(struct far_sock *sock, bool reset)
{
	if (!sock->end)
		return;
	if (reset)
		end_reset(sock->end);
	end_free(sock->end);
	sock->end = NULL;
}

static void answer_held(struct far_sock *sock)
{
	struct talk talk = {.kind = TALK_GONE, .sock = sock->number};
	const struct end *end = sock->end;

	if (end && end->is_held && !end->is_held(end->ctx))
		say_only(sock->far, &talk, -1);
}

/* False: there is nothing to tell the supervisor of it. */
static bool tell_of(struct far_sock *sock, const struct talk *talk,
		    struct world_event *event)
{
	memset(event, 0, sizeof(*event));
	event->sock = (struct wsock *)(void *)sock;
	event->tag = sock->tag;
	switch (talk->kind) {
	case TALK_CONNECTED:
		if (sock->state != FAR_CONNECTING)
			return false;
		sock->is_up = false;
		sock->state = FAR_OTHER;
		event->kind = WORLD_CONNECTED;
		return true;
	case TALK_FAILED:
		if (sock->state != FAR_CONNECTING)
			return false;
		sock->state = FAR_IDLE;
		event->kind = WORLD_FAILED;
		event->err = talk->extra;
		return true;
	case TALK_ACCEPTABLE:
		event->kind = WORLD_ACCEPTABLE;
		event->n = (unsigned)talk->extra;
		return true;
	case TALK_ENDED:
		if (!sock->end)
			return false;
		drop_end(sock, talk->result & TALK_ENDED_RESET);
		event->kind = WORLD_ENDED;
		event->err = talk->extra;
		event->gone = talk->result & TALK_ENDED_GONE;
		return true;
	case TALK_HELD:
		answer_held(sock);
		return false;
	default:
		return false;
	}
}

static bool far_event(struct world *world, struct world_event *event)
{
	struct far *far = far_of(world);
	struct list *node;
	bool is_news = false;

	while (!is_news && (node = list_first(&far->told))) {
		struct told *told = CN_CONTAINER(node, struct told, node);
		struct far_sock *sock = find(far, told->talk.sock);

		list_del(node);
		is_news = sock && tell_of(sock, &told->talk, event);
		free(told);
	}
	return is_news;
}

/* --------------------------------------------------------------- sockets -- */

static struct far_sock *sock_new(struct far *far, void *tag)
{
	struct far_sock *sock = calloc(1, sizeof(*sock));

	if (!sock)
		return NULL;
	sock->face.ops = &far_ops;
	sock->far = far;
	sock->tag = tag;
	sock->number = ++far->numbers;
	if (map_insert(&far->socks, hash_of(sock->number), sock) != CN_OK) {
		free(sock);
		return NULL;
	}
	return sock;
}

static void sock_free(struct far_sock *sock)
{
	(void)map_remove(&sock->far->socks, hash_of(sock->number), sock);
	drop_end(sock, false);
	free(sock);
}

static struct talk about(const struct far_sock *sock, enum talk_kind kind)
{
	/* What data would be is not worth clearing. */
	struct talk talk;

	memset(&talk, 0, offsetof(struct talk, data));
	talk.kind = kind;
	talk.sock = sock->number;
	return talk;
}

static int ask_about(struct far_sock *sock, enum talk_kind kind, int extra)
{
	struct talk talk = about(sock, kind);

	talk.extra = extra;
	return ask(sock->far, &talk, -1);
}

static int far_socket(struct world *world, int family, void *tag,
		      struct wsock **made)
{
	struct far_sock *sock = sock_new(far_of(world), tag);
	struct talk talk;

	if (!sock)
		return -ENOMEM;
	talk = about(sock, TALK_SOCKET);
	talk.extra = family;
	say_only(sock->far, &talk, -1);
	if (sock->far->over) {
		sock_free(sock);
		return -ENETDOWN;
	}
	*made = (struct wsock *)(void *)sock;
	return 0;
}

static void put_data(struct talk *talk, const void *data, size_t len)
{
	if (len > sizeof(talk->data))
		len = sizeof(talk->data);
	memcpy(talk->data, data, len);
	talk->len = (uint32_t)len;
}

static int far_bind(struct wsock *wsock, const struct sockaddr *addr,
		    socklen_t len, bool privileged)
{
	struct far_sock *sock = sock_of(wsock);
	struct talk talk = about(sock, TALK_BIND);

	talk.extra = privileged;
	put_data(&talk, addr, len);
	return ask(sock->far, &talk, -1);
}

static int far_listen(struct wsock *wsock, int backlog)
{
	struct far_sock *sock = sock_of(wsock);
	int rc = ask_about(sock, TALK_LISTEN, backlog);

	if (!rc)
		sock->state = FAR_LISTENING;
	return rc;
}

static int far_connect(struct wsock *wsock, const struct sockaddr *addr,
		       socklen_t len)
{
	struct far_sock *sock = sock_of(wsock);
	struct talk talk = about(sock, TALK_CONNECT);
	int rc;

	put_data(&talk, addr, len);
	rc = ask(sock->far, &talk, -1);
	if (rc != -EINPROGRESS)
		return rc;
	sock->state = FAR_CONNECTING;
	sock->is_up = talk.extra == 1;
	/* An event like any other, unless it is asked for before. */
	if (sock->is_up)
		tell(sock->far, sock, TALK_CONNECTED, 0, 0);
	return rc;
}

static bool far_is_connected(struct wsock *wsock)
{
	struct far_sock *sock = sock_of(wsock);

	if (!sock->is_up)
		return false;
	sock->is_up = false;
	sock->state = FAR_OTHER;
	return true;
}

static int far_accept(struct wsock *listener, void *tag, struct wsock **made)
{
	struct far_sock *from = sock_of(listener);
	struct far_sock *sock;
	struct talk talk;
	int rc;

	if (from->far->over)
		return -EINVAL; /* it listens no more */
	sock = sock_new(from->far, tag);
	if (!sock)
		return -ENOMEM;
	talk = about(from, TALK_ACCEPT);
	talk.number = sock->number;
	rc = ask(from->far, &talk, -1);
	if (rc) {
		sock_free(sock);
		return rc == -ENETDOWN ? -EINVAL : rc;
	}
	sock->state = FAR_OTHER;
	sock->peer_len = talk.len < sizeof(sock->peer) ?
				 (socklen_t)talk.len :
				 (socklen_t)sizeof(sock->peer);
	memcpy(&sock->peer, talk.data, sock->peer_len);
	*made = (struct wsock *)(void *)sock;
	return 0;
}

static void far_set_tag(struct wsock *sock, void *tag)
{
	sock_of(sock)->tag = tag;
}

static void far_set_inode(struct wsock *wsock, uint64_t inode)
{
	struct far_sock *sock = sock_of(wsock);
	struct talk talk = about(sock, TALK_INODE);

	talk.number = inode;
	say_only(sock->far, &talk, -1);
}

static void far_attach(struct wsock *wsock, struct end *end)
{
	struct far_sock *sock = sock_of(wsock);
	struct talk talk = about(sock, TALK_ATTACH);

	sock->end = end;
	sock->peer_len = 0;
	sock->state = FAR_OTHER;
	if (sock->far->over)
		tell(sock->far, sock, TALK_ENDED, ENETDOWN, TALK_ENDED_RESET);
	else
		say_only(sock->far, &talk, end->fd);
}

/* What was told of it before is no news any more. */
static void forget_told(struct far_sock *sock)
{
	struct list *node = sock->far->told.next, *next;

	for (; node != &sock->far->told; node = next) {
		struct told *told = CN_CONTAINER(node, struct told, node);

		next = node->next;
		if (told->talk.sock != sock->number)
			continue;
		list_del(node);
		free(told);
	}
	sock->is_up = false;
}

static int far_shutdown(struct wsock *wsock, int how, int a)
{
	struct far_sock *sock = sock_of(wsock);
	struct talk talk = about(sock, TALK_SHUTDOWN);
	int rc;

	talk.extra = how;
	rc = ask(sock->far, &talk, sock->end ? a : -1);
	if (rc || sock->end || (sock->state == FAR_LISTENING && how == SHUT_WR))
		return rc;
	sock->state = FAR_IDLE;
	forget_told(sock);
	return 0;
}

/* What comes must be known before it is there to be read. */
static void far_more(struct wsock *wsock, size_t coming)
{
	struct far_sock *sock = sock_of(wsock);
	struct talk talk = about(sock, TALK_MORE);

	talk.number = coming;
	if (coming)
		(void)ask(sock->far, &talk, -1);
	else
		say_only(sock->far, &talk, -1);
}

static void far_close(struct wsock *wsock, bool reset)
{
	struct far_sock *sock = sock_of(wsock);
	struct talk talk = about(sock, TALK_CLOSE);

	talk.extra = reset;
	/* Before the program's descriptor goes: the world would take that for
	 * an orderly close, if it saw both at once. */
	if (reset)
		(void)ask(sock->far, &talk, -1);
	else
		say_only(sock->far, &talk, -1);
	sock_free(sock);
}

static int name_of(const struct wsock *wsock, enum talk_kind kind,
		   struct sockaddr *addr, socklen_t *len)
{
	struct far_sock *sock = sock_of(wsock);
	struct talk talk = about(sock, kind);
	int rc = ask(sock->far, &talk, -1);

	if (rc)
		return rc;
	/* No name is so long. */
	if (talk.len > *len) {
		cut(sock->far);
		return -ENETDOWN;
	}
	memcpy(addr, talk.data, talk.len);
	*len = talk.len;
	return 0;
}

static int far_name(const struct wsock *sock, struct sockaddr *addr,
		    socklen_t *len)
{
	return name_of(sock, TALK_NAME, addr, len);
}

static int far_peer(const struct wsock *wsock, struct sockaddr *addr,
		    socklen_t *len)
{
	const struct far_sock *sock = sock_of(wsock);

	if (sock->peer_len) {
		memcpy(addr, &sock->peer,
		       sock->peer_len < *len ? sock->peer_len : *len);
		*len = sock->peer_len;
		return 0;
	}
	return name_of(wsock, TALK_PEER, addr, len);
}

static int far_setsockopt(struct wsock *wsock, int level, int name,
			  const void *value, socklen_t len)
{
	struct far_sock *sock = sock_of(wsock);
	struct talk talk = about(sock, TALK_SET);

	talk.extra = level;
	talk.number = (uint32_t)name;
	put_data(&talk, value, len);
	return ask(sock->far, &talk, -1);
}

static int far_getsockopt(struct wsock *wsock, int level, int name, void *value,
			  socklen_t *len)
{
	struct far_sock *sock = sock_of(wsock);
	struct talk talk = about(sock, TALK_GET);
	int rc;

	talk.extra = level;
	talk.number = (uint32_t)name;
	talk.result = (int32_t)(*len < TALK_DATA ? *len : TALK_DATA);
	rc = ask(sock->far, &talk, -1);
	if (rc)
		return rc;
	if (talk.len < *len)
		*len = talk.len;
	memcpy(value, talk.data, *len);
	return 0;
}

static uint64_t number_of(const struct wsock *wsock, enum talk_kind kind)
{
	struct far_sock *sock = sock_of(wsock);
	struct talk talk = about(sock, kind);

	return ask(sock->far, &talk, -1) ? 0 : talk.number;
}

static uint64_t far_outq(const struct wsock *sock)
{
	return number_of(sock, TALK_OUTQ);
}

static uint64_t far_unsent(const struct wsock *sock)
{
	return number_of(sock, TALK_UNSENT);
}

/* ------------------------------------------------------------------- end -- */

/* The world goes on with what the programs have left to it. */
static bool far_is_idle(struct world *world, uint64_t *octets)
{
	(void)world;
	*octets = 0;
	return true;
}

static void far_finish(struct world *world)
{
	struct far *far = far_of(world);
	struct talk bye = {.kind = TALK_BYE};

	far->ends = true;
	/* Then the world has seen that the programs have ended, and whoever
	 * looks waits for the end of their connections. */
	if (far->watch.on) {
		(void)ask(far, &bye, -1);
		far_own_end(far);
	}
	for (unsigned i = 0; i < 3; i++)
		if (far->looks[i])
			onlooker_close(&far->onlooker[i]);
}

static void free_one(void *object, void *ctx)
{
	(void)ctx;
	sock_free(object);
}

/* When a program has ended, its ports are free: whoever starts it again at
 * once shall find it so. */
static void far_free(struct world *world)
{
	struct far *far = far_of(world);
	struct list *node;

	far_finish(world);
	loop_unwatch(far->loop, &far->watch);
	close(far->watch.fd);
	while ((node = list_first(&far->told))) {
		list_del(node);
		free(CN_CONTAINER(node, struct told, node));
	}
	if (far->pool) {
		map_each(&far->socks, free_one, NULL);
		map_deinit(&far->socks);
		cn_pool_free(far->pool);
	}
	free(far->hosts_file);
	if (far->summary)
		(void)fclose(far->summary);
	free(far);
}

static const struct world_ops far_ops = {
	.free = far_free,
	.event = far_event,
	.netns = far_netns,
	.shared = far_shared,
	.hold = far_hold,
	.hosts_file = far_hosts_file,
	.socket = far_socket,
	.is_idle = far_is_idle,
	.finish = far_finish,
	.bind = far_bind,
	.listen = far_listen,
	.connect = far_connect,
	.is_connected = far_is_connected,
	.accept = far_accept,
	.set_tag = far_set_tag,
	.set_inode = far_set_inode,
	.attach = far_attach,
	.shutdown = far_shutdown,
	.more = far_more,
	.close = far_close,
	.name = far_name,
	.peer = far_peer,
	.setsockopt = far_setsockopt,
	.getsockopt = far_getsockopt,
	.outq = far_outq,
	.unsent = far_unsent,
};
