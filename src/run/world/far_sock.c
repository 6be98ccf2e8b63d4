/* SPDX-License-Identifier: MIT */
/*
 * The sockets of a world that another process keeps: each call of world.h is a
 * message, and what the world has told meanwhile is an event.
 *
 * Of each end that was handed over a copy stays here, though nothing is read
 * from it or written to it: when the world is no more, the program shall see
 * that its connection was cut, and not the end of a stream that somebody
 * finished.  Only who can look into the program can raise that (end_reset), so
 * the resets that the world finds necessary are raised here too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <catenet/base.h>

#include "run/world/end.h"
#include "run/world/far_parts.h"

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

/* What the program sees when its network is no more. */
void far_cut_sock(void *object, void *ctx)
{
	struct far_sock *sock = object;
	struct far *far = ctx;

	if (sock->end)
		far_tell(far, sock->number, TALK_ENDED, ENETDOWN,
			 TALK_ENDED_RESET);
	else if (sock->state == FAR_CONNECTING)
		far_tell(far, sock->number, TALK_FAILED, ENETDOWN, 0);
	else if (sock->state == FAR_LISTENING)
		far_tell(far, sock->number, TALK_ACCEPTABLE, 1, 0);
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
		far_say(sock->far, &talk, -1);
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
	struct talk talk;
	bool is_news = false;

	while (!is_news && far_next_told(far, &talk)) {
		struct far_sock *sock = find(far, talk.sock);

		is_news = sock && tell_of(sock, &talk, event);
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
	return far_ask_alone(sock->far, &talk, -1);
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
	far_say(sock->far, &talk, -1);
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
	return far_ask_alone(sock->far, &talk, -1);
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
	rc = far_ask_alone(sock->far, &talk, -1);
	if (rc != -EINPROGRESS)
		return rc;
	sock->state = FAR_CONNECTING;
	sock->is_up = talk.extra == 1;
	/* An event like any other, unless it is asked for before. */
	if (sock->is_up)
		far_tell(sock->far, sock->number, TALK_CONNECTED, 0, 0);
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
	rc = far_ask_alone(from->far, &talk, -1);
	if (rc) {
		sock_free(sock);
		return rc == -ENETDOWN ? -EINVAL : rc;
	}
	far_one_fewer(from->far, from->number);
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
	far_say(sock->far, &talk, -1);
}

static void far_attach(struct wsock *wsock, struct end *end)
{
	struct far_sock *sock = sock_of(wsock);
	struct talk talk = about(sock, TALK_ATTACH);

	sock->end = end;
	sock->peer_len = 0;
	sock->state = FAR_OTHER;
	if (sock->far->over)
		far_tell(sock->far, sock->number, TALK_ENDED, ENETDOWN,
			 TALK_ENDED_RESET);
	else
		far_say(sock->far, &talk, end->fd);
}

static int far_shutdown(struct wsock *wsock, int how, int a)
{
	struct far_sock *sock = sock_of(wsock);
	struct talk talk = about(sock, TALK_SHUTDOWN);
	int rc;

	talk.extra = how;
	rc = far_ask_alone(sock->far, &talk, sock->end ? a : -1);
	if (rc || sock->end || (sock->state == FAR_LISTENING && how == SHUT_WR))
		return rc;
	sock->state = FAR_IDLE;
	/* What was told of it before is no news any more. */
	far_forget_told(sock->far, sock->number);
	sock->is_up = false;
	return 0;
}

/* What comes must be known before it is there to be read. */
static void far_more(struct wsock *wsock, size_t coming)
{
	struct far_sock *sock = sock_of(wsock);
	struct talk talk = about(sock, TALK_MORE);

	talk.number = coming;
	if (coming)
		(void)far_ask_alone(sock->far, &talk, -1);
	else
		far_say(sock->far, &talk, -1);
}

static void far_close(struct wsock *wsock, bool reset)
{
	struct far_sock *sock = sock_of(wsock);
	struct talk talk = about(sock, TALK_CLOSE);

	talk.extra = reset;
	/* Before the program's descriptor goes: the world would take that for
	 * an orderly close, if it saw both at once. */
	if (reset)
		(void)far_ask_alone(sock->far, &talk, -1);
	else
		far_say(sock->far, &talk, -1);
	sock_free(sock);
}

static int name_of(const struct wsock *wsock, enum talk_kind kind,
		   struct sockaddr *addr, socklen_t *len)
{
	struct far_sock *sock = sock_of(wsock);
	struct talk talk = about(sock, kind);
	int rc = far_ask_alone(sock->far, &talk, -1);

	if (rc)
		return rc;
	/* No name is so long. */
	if (talk.len > *len) {
		far_cut(sock->far);
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
	return far_ask_alone(sock->far, &talk, -1);
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
	rc = far_ask_alone(sock->far, &talk, -1);
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

	return far_ask_alone(sock->far, &talk, -1) ? 0 : talk.number;
}

static uint64_t far_outq(const struct wsock *sock)
{
	return number_of(sock, TALK_OUTQ);
}

static uint64_t far_unsent(const struct wsock *sock)
{
	return number_of(sock, TALK_UNSENT);
}

static void free_one(void *object, void *ctx)
{
	(void)ctx;
	sock_free(object);
}

void far_free_socks(struct far *far)
{
	map_each(&far->socks, free_one, NULL);
}

const struct world_ops far_ops = {
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
