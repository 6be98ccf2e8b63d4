/* SPDX-License-Identifier: MIT */
/* A supervisor's calls on its sockets. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/world/end.h"
#include "run/world/session_parts.h"

/* Nobody can say whether the program holds it yet: it is asked. */
static bool ask_held(void *ctx)
{
	guest_tell(ctx, TALK_HELD, 0, 0);
	return true;
}

static void do_socket(struct session *session, struct talk *talk)
{
	struct guest *guest;

	if ((talk->extra != AF_INET && talk->extra != AF_INET6) ||
	    guest_find(session, talk->sock)) {
		session_refuse(session);
		return;
	}
	guest = guest_new(session, talk->sock);
	/* Without memory it is lost, which the next call tells. */
	if (!guest)
		session_give_up(session);
	else if (wsock_open(session->all->config.world, session->on,
			    talk->extra, guest, &guest->sock))
		guest->sock = NULL;
	else
		guest->sock->owner = &session->owner;
	if (talk->serial)
		session_answer_bare(session, talk,
				    guest && guest->sock ? 0 : -ENOBUFS);
}

static void do_bind(struct guest *guest, struct talk *talk)
{
	struct sockaddr_storage addr = {0};

	if (talk->len > sizeof(addr)) {
		session_refuse(guest->session);
		return;
	}
	memcpy(&addr, talk->data, talk->len);
	session_answer_bare(guest->session, talk,
			    world_bind(guest->sock, (struct sockaddr *)&addr,
				       talk->len, talk->extra == 1));
}

static void do_connect(struct guest *guest, struct talk *talk)
{
	struct sockaddr_storage addr = {0};
	int rc;

	if (talk->len > sizeof(addr) || talk->len < sizeof(addr.ss_family)) {
		session_refuse(guest->session);
		return;
	}
	memcpy(&addr, talk->data, talk->len);
	rc = addr.ss_family == AF_UNSPEC ?
		     -EINVAL :
		     world_connect(guest->sock, (struct sockaddr *)&addr,
				   talk->len);
	talk->extra = rc == -EINPROGRESS && world_is_connected(guest->sock);
	session_answer_bare(guest->session, talk, rc);
}

static int put_peer(const struct guest *guest, struct talk *talk)
{
	struct sockaddr_storage addr = {0};
	socklen_t len = sizeof(struct sockaddr_in6);
	int rc = world_peer(guest->sock, (struct sockaddr *)&addr, &len);

	talk->len = rc ? 0 : len;
	memcpy(talk->data, &addr, talk->len);
	return rc;
}

static void do_accept(struct guest *listener, struct talk *talk)
{
	struct session *session = listener->session;
	struct guest *guest;
	int rc;

	if (guest_find(session, talk->number)) {
		session_refuse(session);
		return;
	}
	guest = guest_new(session, talk->number);
	rc = guest ? world_accept(listener->sock, guest, &guest->sock) :
		     -ENOMEM;
	if (guest && rc)
		guest_free(guest);
	talk->len = 0;
	if (!rc)
		(void)put_peer(guest, talk);
	session_answer(session, talk, rc);
}

static void do_name(const struct guest *guest, struct talk *talk)
{
	struct sockaddr_storage addr = {0};
	socklen_t len = sizeof(struct sockaddr_in6);
	int rc;

	if (talk->kind == TALK_PEER) {
		rc = put_peer(guest, talk);
		session_answer(guest->session, talk, rc);
		return;
	}
	rc = world_name(guest->sock, (struct sockaddr *)&addr, &len);
	talk->len = rc ? 0 : len;
	memcpy(talk->data, &addr, talk->len);
	session_answer(guest->session, talk, rc);
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
	session_answer(guest->session, talk, rc);
}

static void do_shutdown(struct guest *guest, struct talk *talk, int fd)
{
	if (talk->extra < SHUT_RD || talk->extra > SHUT_RDWR) {
		session_refuse(guest->session);
		return;
	}
	session_answer_bare(guest->session, talk,
			    guest_is_attached(guest) && fd < 0 ?
				    -EBADF :
				    world_shutdown(guest->sock, talk->extra,
						   fd));
}

/* Without a descriptor of its own the world cannot carry it. */
static void lose(struct guest *guest)
{
	world_close(guest->sock, true);
	guest->sock = NULL;
	guest_tell(guest, TALK_ENDED, ENFILE, TALK_ENDED_RESET);
}

static void do_attach(struct guest *guest, int fd)
{
	struct end *end;

	if (guest->sock->phase != WSOCK_CONNECTED) {
		if (fd >= 0)
			close(fd);
		session_refuse(guest->session);
		return;
	}
	if (fd < 0) {
		lose(guest);
		return;
	}
	end = end_adopt(fd);
	if (!end) {
		session_refuse(guest->session);
		return;
	}
	end->is_held = ask_held;
	end->ctx = guest;
	world_attach(guest->sock, end);
}

static void do_gone(const struct guest *guest)
{
	if (!guest_is_attached(guest))
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
		session_answer_bare(session, talk,
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
		session_answer_bare(session, talk,
				    world_setsockopt(guest->sock, talk->extra,
						     (int)talk->number,
						     talk->data, talk->len));
		break;
	case TALK_GET:
		do_get(guest, talk);
		break;
	case TALK_OUTQ:
		talk->number = world_outq(guest->sock);
		session_answer_bare(session, talk, 0);
		break;
	case TALK_UNSENT:
		talk->number = world_unsent(guest->sock);
		session_answer_bare(session, talk, 0);
		break;
	case TALK_INODE:
		world_set_inode(guest->sock, talk->number);
		break;
	case TALK_MORE:
		world_more(guest->sock, (size_t)talk->number);
		if (talk->serial)
			session_answer_bare(session, talk, 0);
		break;
	case TALK_GONE:
		do_gone(guest);
		break;
	default:
		session_refuse(session);
		break;
	}
}

void guest_close(struct guest *guest, bool reset)
{
	if (guest->sock)
		world_close(guest->sock, reset);
	guest_free(guest);
}

static void call(struct session *session, struct talk *talk, int *fd)
{
	struct guest *guest;

	if (talk->kind == TALK_SOCKET) {
		do_socket(session, talk);
		return;
	}
	guest = guest_find(session, talk->sock);
	if (!guest) {
		session_refuse(session);
	} else if (talk->kind == TALK_CLOSE) {
		guest_close(guest, talk->extra != 0);
		if (talk->serial)
			session_answer_bare(session, talk, 0);
	} else if (!guest->sock) {
		if (talk->serial)
			session_answer_bare(session, talk, -ENOTCONN);
	} else if (talk->kind == TALK_ATTACH) {
		do_attach(guest, *fd);
		*fd = -1;
	} else {
		about(guest, talk, *fd);
	}
}

void session_call(struct session *session, struct talk *talk, int fd)
{
	if (fd >= 0 && talk->kind != TALK_ATTACH && talk->kind != TALK_SHUTDOWN)
		session_refuse(session);
	else
		call(session, talk, &fd);
	if (fd >= 0)
		close(fd);
}
