/* SPDX-License-Identifier: MIT */
/* The program's sockets, from world_attach to their end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/linux_err.h"
#include "run/world/end.h"
#include "run/world/parts.h"

void wsock_ready(struct ear *ear)
{
	struct wsock *sock = CN_CONTAINER(ear, struct wsock, ear);

	switch (sock->phase) {
	case WSOCK_CONNECTING:
		wsock_connect_ready(sock);
		break;
	case WSOCK_LISTENING:
		sock->news_acceptable = true;
		wsock_news(sock);
		break;
	case WSOCK_RELAY:
		relay_touch(&sock->relay);
		break;
	case WSOCK_IDLE:
	case WSOCK_CONNECTED:
	case WSOCK_OVER:
		break;
	}
}

void wsock_edge_ready(struct ear *ear)
{
	struct wsock *sock = CN_CONTAINER(ear, struct wsock, edge_ear);

	sock->news_acceptable = true;
	wsock_news(sock);
}

static void count_last(struct wsock *sock)
{
	struct cn_tcp_info info;

	if (cn_sock_info(sock->ls.sock, &info) == CN_OK)
		tally_program(sock->owner->tally, sock->row, &info,
			      sock->relay.octets_in, sock->relay.octets_out,
			      world_now(sock->world));
	sock->seen_local = wsock_local(sock);
	(void)wsock_peer(sock, &sock->seen_peer);
}

void wsocks_disown(struct world *world, const struct wowner *owner)
{
	for (struct list *node = world->socks.next; node != &world->socks;
	     node = node->next) {
		struct wsock *sock = CN_CONTAINER(node, struct wsock, node);

		if (sock->owner == owner)
			sock->owner = &world->owner;
	}
}

void wsocks_count(struct world *world, const struct wowner *owner)
{
	for (struct list *node = world->socks.next; node != &world->socks;
	     node = node->next) {
		struct wsock *sock = CN_CONTAINER(node, struct wsock, node);

		if (sock->owner != owner || sock->phase != WSOCK_RELAY)
			continue;
		count_last(sock);
		if (sock->row)
			sock->row->ended_at = 0;
	}
}

/* The end was given back; `gone` as in the event. */
static void ended(struct wsock *sock, bool gone, int err)
{
	relay_stop(&sock->relay, true);
	sock->ended_reset = sock->end && sock->end->raise;
	end_free(sock->end);
	sock->end = NULL;
	sock->phase = WSOCK_OVER;
	if (sock->row)
		sock->row->err = err;
	if (sock->closed) {
		if (sock->ls.sock)
			wsock_release(sock->ls.sock, false,
				      world_now(sock->world));
		wsock_free(sock);
		return;
	}
	sock->news_ended = true;
	sock->ended_gone = gone;
	sock->news_err = err;
	wsock_news(sock);
}

static void deaf(struct ear *ear)
{
	(void)ear;
}

/* Closes, and hears of the end for the summary. */
static void leave(struct wsock *sock, struct cn_sock *engine)
{
	struct orphan *orphan = calloc(1, sizeof(*orphan));
	uint64_t now = world_now(sock->world);
	struct cn_tcp_info info;

	if (orphan) {
		orphan->ear.ready = deaf;
		orphan->row = tally_ref(sock->row);
		if (cn_sock_info(engine, &info) == CN_OK)
			orphan->again = info.segs_retransmitted;
		list_add_tail(&sock->world->orphans, &orphan->node);
	}
	cn_sock_set_tag(engine, orphan);
	cn_sock_close(engine, now);
}

/* Much of what a program writes may leave after it has closed. */
void orphan_count(struct world *world, struct orphan *orphan, uint64_t segs_out,
		  uint64_t segs_retransmitted)
{
	world->tally.retrans_out += segs_retransmitted - orphan->again;
	orphan->again = segs_retransmitted;
	if (!orphan->row)
		return;
	orphan->row->retrans_out = segs_retransmitted;
	orphan->row->segments_out = segs_out;
}

void orphan_done(struct orphan *orphan, uint64_t now)
{
	if (orphan->row)
		orphan->row->ended_at = now;
	tally_unref(orphan->row);
	list_del(&orphan->node);
	free(orphan);
}

/* The program has closed: the engine finishes alone. */
static void left_alone(struct wsock *sock, bool reset)
{
	struct cn_sock *engine = sock->ls.sock;

	count_last(sock);
	sock->ls.sock = NULL;
	if (reset)
		wsock_release(engine, true, world_now(sock->world));
	else
		leave(sock, engine);
	world_touch(sock->world);
	ended(sock, true, 0);
}

static bool linger_is_zero(const struct wsock *sock)
{
	int64_t linger = -1;

	return cn_sock_get(sock->ls.sock, CN_OPT_LINGER, &linger) == CN_OK &&
	       linger == 0;
}

/*
 * Closed, to end by a reset: what the program wrote before has left by then as
 * far as the window lets it, which is a round of the pump from here; the rest
 * is thrown away.
 */
static void leave_by_reset(struct wsock *sock, bool *moved, uint64_t now)
{
	bool progress = false;

	if (sock->wrote_all) {
		left_alone(sock, true);
		return;
	}
	sock->relay.no_fin = true;
	sock->wrote_all = relay_run(&sock->relay, &progress, now) != RELAY_ON ||
			  !progress;
	*moved = true;
	relay_touch(&sock->relay);
}

void wsock_relay(struct wsock *sock, bool *moved, uint64_t now)
{
	enum relay_state state;
	int err;

	if (sock->end->gone && linger_is_zero(sock)) {
		leave_by_reset(sock, moved, now);
		return;
	}
	state = relay_run(&sock->relay, moved, now);
	switch (state) {
	case RELAY_ON:
		break;
	case RELAY_GONE:
		*moved = true;
		left_alone(sock, false);
		break;
	case RELAY_BOTH:
		*moved = true;
		count_last(sock);
		ended(sock, false, 0);
		break;
	case RELAY_DEAD:
		*moved = true;
		if (sock->relay.by_descriptor) {
			left_alone(sock, true);
			break;
		}
		count_last(sock);
		err = sock->kernel_errno ? sock->kernel_errno : sock->relay.err;
		if (err == ECONNRESET && sock->relay.out_over)
			err = EPIPE; /* as Linux in CLOSE-WAIT */
		end_reset(sock->end);
		ended(sock, false, err);
		break;
	}
}

void near_attach(struct wsock *sock, struct end *end)
{
	struct world *world = sock->world;
	int64_t room = 0;

	sock->end = end;
	sock->phase = WSOCK_RELAY;
	world_touch(world);
	if (sock->ls.rcvbuf &&
	    cn_sock_get(sock->ls.sock, CN_OPT_RCVBUF, &room) == CN_OK)
		end_set_room(end, (size_t)room);
	if (relay_start(&sock->relay, world->loop, &world->due, sock->ls.sock,
			end, -1)) {
		end_reset(end);
		ended(sock, false, ENOMEM);
	}
}

void near_more(struct wsock *sock, size_t coming)
{
	struct relay *relay = &sock->relay;
	uint64_t written;

	if (sock->phase != WSOCK_RELAY || !sock->end)
		return;
	written = relay->octets_in + end_unsent(sock->end);
	if (coming)
		relay->more_until = written + coming;
	else if (relay->more_until > written)
		relay->more_until = written;
}

static int shut_end(struct wsock *sock, int how, int a)
{
	int err = 0;

	if (!sock->end)
		return -ENOTCONN;
	if (how != SHUT_RD)
		err = end_shut_wr(sock->end, a);
	if (err == 0 && how != SHUT_WR)
		err = end_shut_rd(sock->end, a);
	return err;
}

int near_shutdown(struct wsock *sock, int how, int a)
{
	switch (sock->phase) {
	case WSOCK_LISTENING:
		if (how == SHUT_WR)
			return 0; /* a listener sends nothing */
		wsock_unlisten(sock);
		wsock_to_idle(sock);
		return 0;
	case WSOCK_CONNECTING:
		wsock_to_idle(sock);
		return 0;
	case WSOCK_RELAY:
		return shut_end(sock, how, a);
	case WSOCK_IDLE:
	case WSOCK_CONNECTED:
	case WSOCK_OVER:
		break;
	}
	return -ENOTCONN;
}

void near_close(struct wsock *sock, bool reset)
{
	uint64_t now = world_now(sock->world);

	sock->closed = true;
	list_del(&sock->news);
	world_touch(sock->world);
	if (sock->phase == WSOCK_RELAY && !reset) {
		if (sock->end)
			end_let_go(sock->end);
		relay_touch(&sock->relay);
		return;
	}
	if (sock->phase == WSOCK_LISTENING)
		wsock_unlisten(sock);
	if (sock->phase == WSOCK_RELAY)
		count_last(sock);
	if (sock->ls.sock &&
	    (sock->phase == WSOCK_RELAY || sock->phase == WSOCK_CONNECTED))
		wsock_release(sock->ls.sock, true, now);
	else if (sock->ls.sock)
		wsock_release(sock->ls.sock, false, now);
	wsock_free(sock);
}
